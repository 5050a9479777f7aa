"""Dropout: what the average over all masks is, and when one pass with scaled weights gives it.

Notation: mu_1..mu_n is the mask, mu_i = 0 with probability p; x the masked inputs, W and b the softmax layer after them.
"""

from __future__ import annotations

from sympy import Max, Rational, exp, log

from .kernel import Eq, Expectation, Proof, Source, bernoulli, misprint, theorem, total

DECK = "000"


@theorem(
    "The normalized geometric mean over all dropout masks of a softmax classifier is softmax((1-p) W x + b)",
    covers=["000:dropout-linear-exact", "000:dropout-geometric-mean", "000:dropout-training-mask"],
    sources=[
        Source(DECK, "l.570-572", "p_ensemble(y|x) = (prod_mu p(y|x, mu))^(1/2^d), normalized"),
        Source(DECK, "l.587-596", "softmax(W x / 2 + b)"),
    ],
)
def dropout_weight_scaling(t: Proof) -> None:
    """The logarithm of a masked probability is linear in the mask, up to a normalizer that is the same for every class."""
    classes, n = t.size("K"), t.size("n")
    y, i = t.index("y", classes), t.index("i", n)
    p = t.real("p", 0, 1, open=True)
    weight, bias, x = t.vector("W", classes, n), t.vector("b", classes), t.vector("x", n)
    mask = t.random("mu", bernoulli(1 - p, [n]))
    logit = lambda c, scale: total(n, lambda k: weight[c, k] * scale(k) * x[k]) + bias[c]  # noqa: E731

    def softmax(c, scale):
        return exp(logit(c, scale)) / total(classes, lambda m: exp(logit(m, scale)))

    masked = lambda c: softmax(c, lambda k: mask[k])  # noqa: E731
    geometric = lambda c: exp(Expectation(log(masked(c))))  # noqa: E731 - prod over masks of P^p(mask)
    scaled = softmax(y, lambda k: 1 - p)
    t.expectation(
        t.state("expected activation", Eq(Expectation(mask[i] * x[i]), (1 - p) * x[i])),
        because="a unit is kept with probability 1 - p",
    )
    t.expectation(
        t.state("weight scaling", Eq(geometric(y) / total(classes, geometric), scaled)),
        because="E log P_y = sum_k W_yk (1-p) x_k + b_y - E log Z, and E log Z is the same for every class",
    )
    fair = t.random("nu", bernoulli(Rational(1, 2), [n]))
    root = lambda c: exp(Expectation(log(softmax(c, lambda k: fair[k]))))  # noqa: E731 - the 2^n-th root of the product
    t.expectation(
        t.state("half", Eq(root(y) / total(classes, root), softmax(y, lambda k: Rational(1, 2)))),
        because="at p = 1/2 all 2^n masks are equally likely, so the weighted geometric mean is the plain one",
    )


@misprint(
    "Weight scaling is not exact for a network with a hidden ReLU",
    corrected="dropout-weight-scaling",
    covers=["000:dropout-deep-only-approximate"],
    sources=[Source(DECK, "l.582-583", "not proven for deep networks, but works well in practice")],
)
def dropout_weight_scaling_of_a_relu_network(t: Proof) -> None:
    """h = max(0, mu_1 + mu_2 - 1), logits (4h, 0): the mean of h is 1/4, but h at the mean mask is 0."""
    p = t.real("p", 0, 1, open=True)
    n = t.size("n", minimum=2)
    mask = t.random("mu", bernoulli(1 - p, [n]))
    hidden = lambda scale: Max(0, total(n, lambda k: scale(k)) - 1)  # noqa: E731
    logit = lambda scale: 4 * hidden(scale)  # noqa: E731
    t.refute(
        Eq(Expectation(logit(lambda k: mask[k])), logit(lambda k: 1 - p)),
        {n: 2, p: Rational(1, 2)},
        because="the geometric ensemble has the logit E[4h] = 1, weight scaling gives 0: probabilities 0.7311 and 0.5",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("dropout")
