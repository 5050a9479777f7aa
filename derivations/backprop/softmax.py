"""The gradient that starts the backward pass of a classifier, through its probabilities."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, exp, log

from ..kernel import Eq, Proof, Source, misprint, theorem, total

DECK = "003"


@theorem(
    "The gradient in the probabilities is -delta_jy / f_y, and through the softmax Jacobian it becomes f - e(y)",
    covers=["003:ce-derivative-wrt-probability", "003:softmax-ce-chain-line"],
    sources=[Source(DECK, "l.349-387", "dl/df_j = -1_(y=j) / f_y; dl/da_i = (f_y - 1) 1_(y=i) + f_i 1_(y!=i)")],
)
def cross_entropy_through_probabilities(t: Proof) -> None:
    """The deck's own route: the loss in the probabilities as free variables, then these in the logits."""
    classes = t.size("K")
    f, a = t.vector("f", classes, low=0, open=True), t.vector("a", classes)
    i, j, y = t.index("i", classes), t.index("j", classes), t.index("y", classes)
    t.equal(
        t.state("in the probabilities", Eq(Derivative(-log(f[y]), f[j]), -KroneckerDelta(j, y) / f[y])),
        because="only the probability of the class is read",
    )
    normalizer = total(classes, lambda k: exp(a[k]))
    softmax = lambda k: exp(a[k]) / normalizer  # noqa: E731
    own, other = KroneckerDelta(i, y), 1 - KroneckerDelta(i, y)
    chained = -Derivative(softmax(y), a[i]) / softmax(y)
    t.equal(
        t.state("one term", Eq(chained, (softmax(y) - 1) * own + softmax(i) * other)),
        because="the sum over j has one term; f_y cancels in both cases of the softmax Jacobian",
    )
    t.equal(
        t.state("in the logits", Eq((softmax(y) - 1) * own + softmax(i) * other, softmax(i) - own)),
        because="both cases in one formula",
    )
    jacobian = lambda k: softmax(k) * (KroneckerDelta(k, i) - softmax(i))  # noqa: E731
    summed = total(classes, lambda k: -KroneckerDelta(k, y) / softmax(k) * jacobian(k))
    t.equal(
        t.state("whole sum", Eq(summed, softmax(i) - own)),
        because="the transposed Jacobian applied to the gradient in f",
    )


@misprint(
    "Only one of the two terms of the chain carries the indicator of i != y",
    corrected="cross-entropy-through-probabilities",
    covers=["003:softmax-ce-chain-line"],
    sources=[
        Source(DECK, "l.379", "-1/f_y f_y (1 - f_y) 1_(y!=i) + 1/f_y f_i f_y 1_(y!=i)"),
    ],
)
def softmax_chain_with_one_indicator(t: Proof) -> None:
    """K = 2, equal logits, i = y: the printed derivative is 0, the true one is f_y - 1 = -1/2."""
    classes = t.size("K")
    a, i, y = t.vector("a", classes), t.index("i", classes), t.index("y", classes)
    normalizer = total(classes, lambda k: exp(a[k]))
    f = lambda k: exp(a[k]) / normalizer  # noqa: E731
    different = 1 - KroneckerDelta(i, y)
    t.refute(
        Eq(-(1 - f(y)) * different + f(i) * different, f(i) - KroneckerDelta(i, y)),
        {classes: 2, a: [0, 0], i: 1, y: 1},
        because="the first term belongs to i = y; as printed, the class itself gets no gradient",
    )
