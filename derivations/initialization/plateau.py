"""The loss at the start, and the plateau before it drops."""

from __future__ import annotations

from sympy import Derivative, Rational, exp, log

from ..kernel import Eq, Proof, Source, theorem, total

HALF = Rational(1, 2)


@theorem(
    "An untrained classifier has the loss log K; the product of two weights that start at s is half-way after "
    "log((1-s^2)/s^2)/2, a plateau for small s",
    covers=["004:loss-curve-and-bad-initialisation", "000:biases-start-at-zero"],
    sources=[Source("004", "l.29-42", "telltale sign of a bad initialization: a plateau, then a drop (figure)")],
)
def initial_loss_and_plateau(t: Proof) -> None:
    """Equal logits give equal probabilities.

    J = (1 - w_1 w_2)^2/2 under gradient flow is a logistic equation for u = w_1 w_2.
    """
    classes = t.size("K")
    y, a = t.index("y", classes), t.real("a")
    cross_entropy = lambda logit: -logit(y) + log(total(classes, lambda k: exp(logit(k))))  # noqa: E731
    t.equal(t.state("initial cross-entropy", Eq(cross_entropy(lambda k: a), log(classes))), because="-log(1/K)")
    weight = t.vector("c", classes, low=0, open=True)
    prior = lambda k: weight[k] / total(classes, lambda m: weight[m])  # noqa: E731
    t.equal(
        t.state(
            "with output biases log of the class frequencies",
            Eq(
                total(
                    classes, lambda k: prior(k) * (-log(weight[k]) + log(total(classes, lambda m: exp(log(weight[m])))))
                ),
                -total(classes, lambda k: prior(k) * log(prior(k))),
            ),
        ),
        because="the initial loss is the entropy of the class frequencies",
    )
    plateau(t)


def plateau(t: Proof) -> None:
    """Flow: w_i' = -dJ/dw_i. The difference of the squares is conserved, so a balanced start stays balanced."""
    w1, w2, s = t.real("w_1"), t.real("w_2"), t.real("s", 0, 1, open=True)
    time = t.real("tau", 0)
    loss = HALF * (1 - w1 * w2) ** 2
    flow1, flow2 = -Derivative(loss, w1), -Derivative(loss, w2)
    t.equal(
        t.state("conserved", Eq(2 * w1 * flow1 - 2 * w2 * flow2, 0)),
        because="w_1 w_1' = w_1 w_2 (1 - w_1 w_2) = w_2 w_2'",
    )
    t.equal(
        t.state("flow of the product", Eq(w2 * flow1 + w1 * flow2, (w1**2 + w2**2) * (1 - w1 * w2))),
        because="u' = w_2 w_1' + w_1 w_2'; balanced, w_1 = w_2, this is 2u(1 - u)",
    )
    u = 1 / (1 + (1 - s**2) / s**2 * exp(-2 * time))
    t.equal(t.state("solution", Eq(Derivative(u, time), 2 * u * (1 - u))), because="differentiate")
    t.equal(
        t.state("odds of the product", Eq(u / (1 - u), exp(2 * time) * s**2 / (1 - s**2))),
        because="from u = s^2 at the start; even, so half-way, after log((1 - s^2)/s^2)/2: the smaller the start, the "
        "longer the plateau, like log(1/s)",
    )
