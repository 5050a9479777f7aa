"""Losses: what a network's output is compared with, and the gradient that starts backpropagation.

Notation: a_1..a_K are the logits of one example, y its class, f = softmax(a), e(y) the one-hot vector of y.
"""

from __future__ import annotations

from typing import Any

from sympy import Derivative, IndexedBase, KroneckerDelta, Rational, exp, log

from .kernel import Eq, Ge, Proof, Source, theorem, total


def softmax(logits: IndexedBase, classes: Any, i: Any) -> Any:
    """f_i = exp(a_i) / sum_k exp(a_k)."""
    return exp(logits[i]) / total(classes, lambda k: exp(logits[k]))


@theorem(
    "The gradient of softmax cross-entropy is f - e(y), and its Hessian diag(f) - f f' is positive semidefinite",
    covers=[
        "003:softmax-jacobian", "003:softmax-ce-logit-gradient", "000:softmax-cross-entropy", "000:softmax-definition",
    ],
    sources=[
        Source("003", "l.344-345", "dS_i/dx_j = S_i (delta_ij - S_j)"),
        Source("003", "l.383-389", "grad_a(x) loss = f(x) - e(y)"),
        Source("000", "l.184-188", "L = -log softmax(z)_i"),
    ],
)  # fmt: skip
def softmax_cross_entropy_gradient(t: Proof) -> None:
    """The loss is a linear function subtracted from log-sum-exp, so everything follows from differentiating that."""
    classes = t.size("K")
    a, v = t.vector("a", classes), t.vector("v", classes)
    i, j, y = t.index("i", classes), t.index("j", classes), t.index("y", classes)
    f = lambda k: softmax(a, classes, k)  # noqa: E731 - the notation of the theorem
    normalizer = log(total(classes, lambda k: exp(a[k])))
    loss = -log(f(y))

    t.equal(
        t.state("loss", Eq(loss, normalizer - a[y])),
        because="the logarithm of the quotient: log-sum-exp of the logits minus the logit of the class",
    )
    t.equal(
        t.state("jacobian", Eq(Derivative(f(i), a[j]), f(i) * (KroneckerDelta(i, j) - f(j)))),
        because="the quotient rule: the numerator depends on a_j only when i = j, the sum always does",
    )
    t.equal(
        t.state("gradient", Eq(Derivative(loss, a[i]), f(i) - KroneckerDelta(i, y))),
        because="the derivative of log-sum-exp is softmax; that of a_y is 1 at the class and 0 elsewhere",
    )
    t.equal(
        t.state("the gradient sums to 0", Eq(total(classes, lambda k: f(k) - KroneckerDelta(k, y)), 0)),
        because="the probabilities sum to 1, and so does the one-hot vector",
    )
    t.equal(
        t.state("rows of the Jacobian sum to 0", Eq(total(classes, lambda k: f(i) * (KroneckerDelta(i, k) - f(k))), 0)),
        because="shifting all logits alike changes no probability",
    )
    t.equal(
        t.state("hessian", Eq(Derivative(loss, a[i], a[j]), f(i) * KroneckerDelta(i, j) - f(i) * f(j))),
        because="differentiate f_i - delta_iy once more: the Jacobian, and the one-hot vector is constant",
    )
    variance = total(classes, lambda k: f(k) * v[k] ** 2) - total(classes, lambda k: f(k) * v[k]) ** 2
    spread = total(classes, lambda k: total(classes, lambda m: f(k) * f(m) * (v[k] - v[m]) ** 2))
    t.compare(
        t.state("the Hessian is positive semidefinite", Ge(variance, 0)),
        Rational(1, 2) * spread,
        because="v'Hv is the variance of v under f, which is half the mean squared difference of two draws",
    )
