"""Dropout as a penalty: a linear model under masks is ridge."""

from __future__ import annotations

from ..kernel import Eq, Expectation, Proof, Source, bernoulli, theorem, total


@theorem(
    "The expected squared error of a linear model under dropout is ridge, with weights of their own: p(1-p) sum "
    "w_j^2 x_j^2",
    covers=["002:dropout-is-adaptive-ridge", "003:dropout-slows-training", "000:dropout-training-mask"],
    sources=[Source("002", "l.213-217", "E a_i^DO = (1 - p) a_i")],
)
def dropout_is_ridge(t: Proof) -> None:
    """Squared error is the squared error of the mean and the variance; the variance of the masked sum is a penalty."""
    n, d, p = t.size("n"), t.size("d"), t.real("p", 0, 1, open=True)
    x, y, w = t.vector("x", n, d), t.vector("y", n), t.vector("w", d)
    i = t.index("i", n)
    mask = t.random("mu", bernoulli(1 - p, [d]))
    error = lambda i: y[i] - total(d, lambda k: w[k] * mask[k] * x[i, k])  # noqa: E731
    fit = lambda i, scale: (y[i] - scale * total(d, lambda k: w[k] * x[i, k])) ** 2  # noqa: E731
    t.expectation(
        t.state(
            "one example",
            Eq(Expectation(error(i) ** 2), fit(i, 1 - p) + p * (1 - p) * total(d, lambda k: w[k] ** 2 * x[i, k] ** 2)),
        ),
        because="mean (1-p) w'x and variance p(1-p) sum w_k^2 x_k^2",
    )
    t.expectation(
        t.state(
            "a training set",
            Eq(
                total(n, lambda i: Expectation(error(i) ** 2)),
                total(n, lambda i: fit(i, 1 - p))
                + p * (1 - p) * total(d, lambda k: w[k] ** 2 * total(n, lambda i: x[i, k] ** 2)),
            ),
        ),
        because="ridge in which weight k is penalized by the squared length of its column: scale-free in each input",
    )
    inverted = lambda i: y[i] - total(d, lambda k: w[k] * mask[k] / (1 - p) * x[i, k])  # noqa: E731
    t.expectation(
        t.state(
            "inverted",
            Eq(Expectation(inverted(i) ** 2), fit(i, 1) + p / (1 - p) * total(d, lambda k: w[k] ** 2 * x[i, k] ** 2)),
        ),
        because="the same for w/(1-p)",
    )
    before, after, steps = t.random("mu_a", bernoulli(1 - p)), t.random("mu_b", bernoulli(1 - p)), t.size("T")
    t.expectation(
        t.state(
            "updates of a weight between two dropped layers",
            Eq(steps * Expectation(before * after), steps * (1 - p) ** 2),
        ),
        because="its gradient is 0 unless both its ends are kept: it learns in a share (1-p)^2 of the steps",
    )
