"""Fixed statistics: running means and the variance that they estimate."""

from __future__ import annotations

from sympy import sqrt

from ..kernel import Eq, Expectation, Proof, Source, independent, orders, remark, theorem, total
from .forward import Batch


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


remark(
    "batch-norm-imagenet-table",
    "Steps to an accuracy, and the accuracy reached, of five networks on ImageNet",
    why="five measurements of one paper: a benchmark, not a statement; its laws hold the table's consistency",
    topic="batch_norm",
    covers=["000:batchnorm-imagenet-table"],
    sources=[Source("000", "l.950-955", "table of steps to 72.2 % and maximum accuracy")],
)
