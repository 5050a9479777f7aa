"""The gradient through a normalization, and what depth makes of it."""

from __future__ import annotations

from sympy import Derivative, Integral, KroneckerDelta, Rational, exp, oo, pi, sqrt

from ..kernel import Eq, Le, Proof, Source, misprint, theorem, total
from .forward import Batch

HALF = Rational(1, 2)


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
