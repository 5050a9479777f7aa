"""Batch normalization: what it does to a batch, its gradient, and what it makes the loss blind to.

Notation: x_1..x_m is one feature over a batch, mu its mean, sigma^2 = 1/m sum (x_i - mu)^2 its (biased) variance,
eps > 0, s = sqrt(sigma^2 + eps), xhat_i = (x_i - mu)/s and y_i = gamma xhat_i + beta.
"""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Integral, KroneckerDelta, Max, Rational, exp, oo, pi, sqrt

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    independent,
    misprint,
    orders,
    remark,
    theorem,
    total,
)  # fmt: skip

HALF = Rational(1, 2)


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


@theorem(
    "Backward: dx = gamma/s (dy - mean(dy) - xhat mean(dy xhat)), dgamma = sum dy xhat, dbeta = sum dy",
    covers=["001:batch-norm-backward", "000:batchnorm-forward", "000:batchnorm-placement"],
    sources=[Source("001", "l.457", "optimize theta and gamma, beta: the gradients are needed, not printed")],
)
def batch_norm_backward(t: Proof) -> None:
    """Mean and variance depend on every entry: both are differentiated, which is what detaching them forgets."""
    m = t.size("m")
    x, g, eps = t.vector("x", m), t.vector("dy", m), t.positive("eps")
    gamma, beta, a, b = t.real("gamma"), t.real("beta"), t.index("a", m), t.index("b", m)
    batch = Batch(lambda i: x[i], m, eps)
    hat, s = batch.normalized, batch.scale
    t.equal(
        t.state("derivative of the variance", Eq(Derivative(batch.variance, x[b]), 2 * (x[b] - batch.mean) / m)),
        because="the mean's own derivative drops out: the deviations sum to 0",
    )
    jacobian = (KroneckerDelta(a, b) - 1 / m - hat(a) * hat(b) / m) / s
    t.equal(
        t.state("jacobian", Eq(Derivative(hat(a), x[b]), jacobian)),
        because="through the entry itself, through the mean, through the scale",
    )
    loss = total(m, lambda i: g[i] * (gamma * hat(i) + beta))  # a loss with the gradient dy in y
    mean_g, mean_gx = total(m, lambda i: g[i]) / m, total(m, lambda i: g[i] * hat(i)) / m
    backward = lambda b: gamma / s * (g[b] - mean_g - hat(b) * mean_gx)  # noqa: E731
    t.equal(
        t.state("backward", Eq(Derivative(loss, x[b]), backward(b))),
        because="the transposed Jacobian, which is symmetric, applied to gamma dy",
    )
    t.equal(
        t.state("dgamma", Eq(Derivative(loss, gamma), total(m, lambda i: g[i] * hat(i)))), because="linear in gamma"
    )
    t.equal(t.state("dbeta", Eq(Derivative(loss, beta), total(m, lambda i: g[i]))), because="linear in beta")
    t.equal(
        t.state("the gradient sums to 0", Eq(total(m, backward), 0)),
        because="a common shift of the batch changes nothing, so a bias before the normalization has the gradient 0",
    )
    t.equal(
        t.state(
            "along xhat only eps is felt",
            Eq(
                total(m, lambda k: (KroneckerDelta(a, k) - 1 / m - hat(a) * hat(k) / m) / s * hat(k)),
                eps / s**3 * hat(a),
            ),
        ),
        because="the Jacobian maps xhat to eps/s^3 xhat, for eps = 0 to 0: a common factor changes nothing",
    )


@theorem(
    "Without eps a normalized batch ignores the shift and the scale of its input",
    covers=["000:batchnorm-scale-invariance", "000:batchnorm-placement"],
    sources=[
        Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling"),
        Source("000", "l.965", "applied to the output of the previous layer"),
    ],
)
def batch_norm_invariance(t: Proof) -> None:
    """Mean and scale of a x + c are a mu + c and |a| s: neither a bias before it nor longer weights are seen."""
    m = t.size("m", minimum=2)
    x, a, c, i = t.vector("x", m), t.positive("a"), t.real("c"), t.index("i", m)
    batch = Batch(lambda i: x[i], m)
    t.assume(Gt(batch.variance, 0))  # a batch that is not constant
    for name, factor, image, because in (
        ("shift and scale", a, batch.normalized(i), "numerator and denominator carry a, and c goes with the mean"),
        ("a negative scale flips the sign", -a, -batch.normalized(i), "the scale is |a| s"),
    ):
        moved = Batch(lambda i, factor=factor: factor * x[i] + c, m)
        t.equal(t.state(name, Eq(moved.normalized(i), image)), because=because)


@theorem(
    "The gradient of a normalized layer is orthogonal to its weights and falls like 1/|w|, so a step lengthens them",
    covers=["000:batchnorm-scale-invariance"],
    sources=[Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling")],
)
def batch_norm_orthogonal_gradient(t: Proof) -> None:
    """The batch x_i = w'u_i and a loss with the gradient dy in it: constant along the ray through w."""
    m, d = t.size("m"), t.size("d")
    u, w, g, eps, a = (
        t.vector("u", m, d),
        t.vector("w", d, nonzero=True),
        t.vector("dy", m),
        t.positive("eps"),
        t.positive("a_w"),
    )

    def batch(scale: Any, eps: Any) -> Batch:
        return Batch(lambda i: total(d, lambda e: scale * w[e] * u[i, e]), m, eps)

    loss = lambda scale, eps: total(m, lambda i: g[i] * batch(scale, eps).normalized(i))  # noqa: E731
    t.equal(
        t.state(
            "slope along the weights",
            Eq(
                total(d, lambda e: w[e] * Derivative(loss(1, eps), w[e])),
                eps / (batch(1, eps).variance + eps) * loss(1, eps),
            ),
        ),
        because=(
            "Euler: of degree 0 in the weights but for eps; as eps goes to 0 the gradient becomes orthogonal to them"
        ),
    )
    t.equal(
        t.state("longer weights, same loss", Eq(loss(a, a**2 * eps), loss(1, eps))),
        because="with eps in proportion, or 0; differentiate both sides: grad J(a w) = grad J(w)/a",
    )
    eta, direction = t.positive("eta"), t.vector("h", d)
    squared = total(d, lambda e: w[e] ** 2)
    slope = lambda e: direction[e] - w[e] * total(d, lambda k: w[k] * direction[k]) / squared  # noqa: E731
    t.equal(
        t.state(
            "a step lengthens the weights",
            Eq(total(d, lambda e: (w[e] - eta * slope(e)) ** 2), squared + eta**2 * total(d, lambda e: slope(e) ** 2)),
        ),
        because="Pythagoras, for any gradient orthogonal to w: the effective rate eta/|w|^2 falls by itself",
    )


@theorem(
    "Weight decay holds the length of normalized weights at an equilibrium |w|^4 = eta G/(lambda (2 - eta lambda))",
    covers=["000:batchnorm-scale-invariance"],
    sources=[Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling")],
)
def batch_norm_equilibrium(t: Proof) -> None:
    """N = |w|^2: decay multiplies it by (1 - eta lambda)^2, an orthogonal gradient of square G/N adds eta^2 G/N."""
    eta, share, size, n = t.positive("eta"), t.real("u", 0, 1, open=True), t.positive("G"), t.positive("N")
    decay = share / eta  # eta lambda = u
    level = sqrt(eta * size / (decay * (2 - eta * decay)))
    following = lambda n: (1 - eta * decay) ** 2 * n + eta**2 * size / n  # noqa: E731
    t.equal(
        t.state("equilibrium", Eq(following(level), level)),
        because="what the decay takes off, 1 - (1 - u)^2 = u (2 - u) of N, is what the step puts on",
    )
    t.equal(
        t.state("change elsewhere", Eq(following(n) - n, share * (2 - share) * (level**2 - n**2) / n)),
        because="below the equilibrium the weights grow, above it they shrink: the effective rate eta/N settles",
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


@theorem(
    "Where pre-activations are Gaussian and independent of the gradient, as in wide layers at initialization, ReLU and "
    "normalization make the squared gradient pi/(pi - 1) times larger",
    covers=["000:batchnorm-gradient-claim"],
    sources=[Source("000", "l.946", "prevents exploding or vanishing gradient")],
)
def batch_norm_gradient_growth(t: Proof) -> None:
    """Wide layers and batches: ReLU passes half of the squared gradient, normalization divides by less than half."""
    z = t.real("z")
    density = exp(-(z**2) / 2) / sqrt(2 * pi)
    half = lambda power: Integral(z**power * density, (z, 0, oo))  # noqa: E731
    t.equal(
        t.state("variance of a ReLU", Eq(half(2) - half(1) ** 2, HALF - 1 / (2 * pi))),
        because="second moment 1/2, mean 1/sqrt(2 pi)",
    )
    growth = half(0) / (half(2) - half(1) ** 2)
    t.equal(
        t.state("growth of the squared gradient", Eq(growth, 1 + 1 / (pi - 1))),
        because=(
            "half of the slopes are 1, over the variance: pi/(pi - 1) > 1 at every layer, 1.21 for the gradient itself"
        ),
    )


@misprint(
    "Batch normalization does not prevent exploding gradients",
    corrected="batch-norm-gradient-growth",
    covers=["000:batchnorm-gradient-claim"],
    sources=[Source("000", "l.946", "prevents exploding or vanishing gradient")],
)
def batch_norm_prevents_explosion(t: Proof) -> None:
    """One layer of Gaussian pre-activations, ReLU and normalization already enlarges the gradient.

    Depth makes it a power.
    """
    z = t.real("z")
    density = exp(-(z**2) / 2) / sqrt(2 * pi)
    half = lambda power: Integral(z**power * density, (z, 0, oo))  # noqa: E731
    t.refute(
        Le(half(0) / (half(2) - half(1) ** 2), 1),
        {},
        because="the squared gradient grows by pi/(pi - 1) = 1.467",
    )


@theorem(
    "At inference a normalization is a fixed affine map: it folds into the layer before; running means forget "
    "like rho^k",
    covers=["000:batchnorm-inference-mode", "001:batch-norm-inference"],
    sources=[
        Source("001", "l.449-461", "y = gamma/sqrt(V[x] + eps) x + (beta - gamma E[x]/sqrt(V[x] + eps))"),
        Source("000", "l.957-962", "BatchNormalization()"),
    ],
)
def batch_norm_inference(t: Proof) -> None:
    """With frozen statistics no example sees another, and the constants can be multiplied out."""
    d, k = t.size("d"), t.time("k")
    x, mean, variance, eps = t.real("x"), t.real("mean"), t.nonnegative("V"), t.positive("eps")
    gamma, beta, b = t.real("gamma"), t.real("beta"), t.real("b")
    s = sqrt(variance + eps)
    frozen = lambda x: gamma * (x - mean) / s + beta  # noqa: E731
    t.equal(
        t.state("affine", Eq(gamma / s * x + (beta - gamma * mean / s), frozen(x))),
        because="multiply out",
    )
    w, u = t.vector("w", d), t.vector("u", d)
    t.equal(
        t.state(
            "folded into the layer before",
            Eq(
                total(d, lambda i: gamma / s * w[i] * u[i]) + (gamma * (b - mean) / s + beta),
                frozen(total(d, lambda i: w[i] * u[i]) + b),
            ),
        ),
        because="weights gamma/s w and bias gamma (b - mean)/s + beta",
    )
    rho, start, level = t.real("rho", 0, 1), t.real("r0"), t.real("mu_B")
    (running,) = t.recursion(k, running=(start, lambda r: rho * r(k) + (1 - rho) * level))
    t.induct(
        t.state("running mean of a constant", Eq(running(k), level + rho**k * (start - level))),
        over=k,
        because="the distance shrinks by rho: started at 0 the bias is the factor 1 - rho^k",
    )


@theorem(
    "The biased variance of a batch falls short by the variance of its mean: E sigma_B^2 = (m-1)/m sigma^2",
    covers=["001:bessel-correction", "001:batch-norm-inference"],
    sources=[Source("001", "l.460", "V[x] = m/(m-1) E_B[sigma_B^2]")],
)
def bessel_correction(t: Proof) -> None:
    """Independent entries first; then batches drawn without replacement from a finite set of N."""
    m, mean, deviation = t.size("m", minimum=2), t.real("mu"), t.positive("sigma")
    x = t.random("x", independent([mean, mean**2 + deviation**2], [m], name="independent entries"))
    batch = Batch(lambda i: x[i], m)
    t.expectation(
        t.state("biased variance", Eq(Expectation(batch.variance), (m - 1) / m * deviation**2)),
        because="sum (x_i - mean)^2 = sum x_i^2 - m mean^2, with m (sigma^2 + mu^2) and sigma^2 + m mu^2 on average",
    )
    t.expectation(
        t.state("corrected variance", Eq(m / (m - 1) * Expectation(batch.variance), deviation**2)),
        because="Bessel: divide by m - 1 instead",
    )
    t.expectation(
        t.state(
            "total variance",
            Eq(Expectation(batch.variance) + Expectation(batch.mean**2) - Expectation(batch.mean) ** 2, deviation**2),
        ),
        because="what the batch does not show is in the mean: sigma^2 = E sigma_B^2 + Var mu_B",
    )
    n = t.size("N", minimum=2)
    size = t.integer("b", 2, n)
    value = t.vector("v", n)
    draw = t.random("D", orders(size, n))
    drawn = Batch(lambda s: total(n, lambda i: draw[s, i] * value[i]), size)
    population = Batch(lambda i: value[i], n)
    t.expectation(
        t.state(
            "without replacement",
            Eq(size / (size - 1) * Expectation(drawn.variance), n / (n - 1) * population.variance),
        ),
        because=(
            "every pair of draws is a uniform pair of different examples: the variance with N - 1, whatever "
            "the batch size"
        ),
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


remark(
    "batch-norm-imagenet-table",
    "Steps to an accuracy, and the accuracy reached, of five networks on ImageNet",
    why="five measurements of one paper: a benchmark, not a statement",
    topic="batch_norm",
    covers=["000:batchnorm-imagenet-table"],
    sources=[Source("000", "l.950-955", "table of steps to 72.2 % and maximum accuracy")],
)


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("batch_norm")
