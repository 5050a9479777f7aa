"""A normalized batch: its moments, and what they are not."""

from __future__ import annotations

from typing import Any

from sympy import Max, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total


class Batch:
    """The statistics of x_1..x_m: mean, biased variance, and the normalized entries."""

    def __init__(self, x: Any, m: Any, eps: Any = 0) -> None:
        self.x, self.m, self.eps = x, m, eps
        self.mean = total(m, x) / m
        self.variance = total(m, lambda i: (x(i) - self.mean) ** 2) / m
        self.scale = sqrt(self.variance + eps)

    def normalized(self, i: Any) -> Any:
        return (self.x(i) - self.mean) / self.scale


@theorem(
    "A normalized batch has mean 0 and variance sigma^2/(sigma^2 + eps) < 1; scale and shift give mean beta",
    covers=[
        "000:batchnorm-forward",
        "001:batch-norm-transform",
        "001:batch-norm-moments-not-exactly-unit",
        "000:batchnorm-not-gaussian",
    ],
    sources=[
        Source("000", "l.936-940", "xhat_i <- (x_i - mu) / sqrt(sigma^2 + eps)"),
        Source("001", "l.435-445", "zero mean and unit variance to every layer; y_i = gamma xhat_i + beta"),
    ],
)
def batch_norm_moments(t: Proof) -> None:
    """Subtracting the mean and dividing by s is affine, so mean and variance follow from those of the batch."""
    m = t.size("m")
    x, eps, gamma, beta = t.vector("x", m), t.positive("eps"), t.real("gamma"), t.real("beta")
    batch = Batch(lambda i: x[i], m, eps)
    hat = batch.normalized
    t.equal(t.state("sum of the normalized", Eq(total(m, hat), 0)), because="the deviations from the mean sum to 0")
    t.equal(
        t.state(
            "variance of the normalized",
            Eq(total(m, lambda i: hat(i) ** 2) / m, batch.variance / (batch.variance + eps)),
        ),
        because="the squared deviations average to sigma^2, and s^2 = sigma^2 + eps",
    )
    variance = t.nonnegative("sigma2")
    t.compare(t.state("below 1", Lt(variance / (variance + eps), 1)), eps / (variance + eps), because="eps > 0")
    t.equal(
        t.state("mean after scale and shift", Eq(total(m, lambda i: gamma * hat(i) + beta) / m, beta)),
        because="the normalized entries sum to 0",
    )
    t.equal(
        t.state(
            "variance after scale and shift",
            Eq(
                total(m, lambda i: (gamma * hat(i) + beta - beta) ** 2) / m,
                gamma**2 * batch.variance / (batch.variance + eps),
            ),
        ),
        because="the scale enters squared",
    )
    fourth = total(m, lambda i: (x[i] - batch.mean) ** 4) / m
    t.equal(
        t.state("the shape is kept", Eq(total(m, lambda i: hat(i) ** 4) / m * (batch.variance + eps) ** 2, fourth)),
        because="an affine map scales every central moment by a power of s: what was not Gaussian stays so",
    )
    positive = t.vector("relu", m, low=0)
    cut, e = Batch(lambda i: positive[i], m, eps), t.index("e", m)
    t.compare(
        t.state("after a ReLU nothing is below -mu/s", Ge(cut.normalized(e), -cut.mean / cut.scale)),
        positive[e] / cut.scale,
        because="the inputs are not negative, so the outputs are not symmetric",
    )
    k, own = t.index("k", m), Batch(lambda i: x[i], m, eps)
    t.equal(
        t.state(
            "with gamma = s and beta = mu the layer is the identity",
            Eq(gamma * hat(k) + beta - x[k], (gamma - own.scale) * hat(k) + beta - own.mean),
        ),
        because="x = s xhat + mu: so nothing that the network could represent is lost",
    )
    extreme_entry(t)


def extreme_entry(t: Proof) -> None:
    """Samuelson: if one entry deviates by a, the other m - 1 deviate by -a in sum, so m sigma^2 >= a^2 + a^2/(m-1)."""
    others = t.size("r")  # r = m - 1
    b = t.vector("b", others)
    a = -total(others, lambda i: b[i])
    total_squares = a**2 + total(others, lambda i: b[i] ** 2)
    t.compare(
        t.state("no entry is further out than sqrt(m - 1)", Le(a**2 * (others + 1), others * total_squares)),
        total(others, lambda i: total(others, lambda j: (b[i] - b[j]) ** 2)) / 2,
        because="a^2 <= (m-1) sigma^2, by Cauchy-Schwarz: |xhat_i| <= sqrt(m-1)",
    )


@misprint(
    "Batch normalization does not make a batch Gaussian",
    corrected="batch-norm-moments",
    covers=["000:batchnorm-not-gaussian"],
    sources=[Source("000", "l.933", "normalize the distribution of each input feature to N(0, 1)")],
)
def batch_norm_to_a_gaussian(t: Proof) -> None:
    """An affine map keeps the shape: two values stay two values. N(0, 1) has the fourth moment 3."""
    m, eps = t.size("m"), t.nonnegative("eps")
    x = t.vector("x", m)
    batch = Batch(lambda i: x[i], m, eps)
    t.refute(
        Eq(total(m, lambda i: batch.normalized(i) ** 4) / m, 3),
        {m: 2, x: [1, 3], eps: 0},
        because="{1, 3} becomes {-1, 1}, with the fourth moment 1",
    )


@misprint(
    "The variance of a normalized batch is below 1",
    corrected="batch-norm-moments",
    covers=["001:batch-norm-moments-not-exactly-unit"],
    sources=[Source("001", "l.435", "inputs that have zero mean and unit variance to every layer")],
)
def batch_norm_unit_variance(t: Proof) -> None:
    """A batch as small as eps: half of the variance is eps."""
    m, eps = t.size("m"), t.positive("eps")
    x = t.vector("x", m)
    batch = Batch(lambda i: x[i], m, eps)
    t.refute(
        Eq(total(m, lambda i: batch.normalized(i) ** 2) / m, 1),
        {m: 2, x: [1, -1], eps: 3},
        because="sigma^2 = 1 and eps = 3 give the variance 1/4",
    )


@misprint(
    "Normalizing after the activation is not normalizing before it",
    corrected="batch-norm-invariance",
    covers=["000:batchnorm-placement"],
    sources=[Source("000", "l.965", "applied to the output of the previous layer")],
)
def batch_norm_after_the_activation(t: Proof) -> None:
    """The batch (-1, 1) through a ReLU: the deck's layer normalizes what the activation has already cut off."""
    m = t.size("m")
    z, eps = t.vector("z", m), t.nonnegative("eps")
    i = t.index("i", m)
    after = Batch(lambda i: Max(0, z[i]), m, eps).normalized(i)
    before = Max(0, Batch(lambda i: z[i], m, eps).normalized(i))
    t.refute(
        Eq(after, before),
        {m: 2, z: [-1, 1], eps: 0, i: 1},
        because="the first entry becomes -1 after the ReLU and 0 before it",
    )


@misprint(
    "A ReLU saturates, on one side",
    corrected="he-variance",
    covers=["001:batch-norm-motivation"],
    sources=[Source("001", "l.433", "use ReLU or MaxOut which does not saturate")],
)
def relu_without_saturation(t: Proof) -> None:
    """Below 0 the output does not move with the input: half of the units, for symmetric pre-activations."""
    z, step = t.real("z"), t.positive("h")
    t.refute(
        Gt(Max(0, z + step), Max(0, z)),
        {z: -1, step: 1},
        because="max(0, 0) = max(0, -1) = 0",
    )
