"""Softmax: a distribution, a soft argmax, and with cross-entropy the gradient f - e(y)."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, IndexedBase, KroneckerDelta, Limit, Rational, exp, log, oo

from ..kernel import Eq, Fact, Ge, Gt, Le, Proof, Source, misprint, theorem, total
from .tangent_line import tangent_line

HALF = Rational(1, 2)


def softmax(logits: IndexedBase, classes: Any, i: Any) -> Any:
    """f_i = exp(a_i) / sum_k exp(a_k)."""
    return exp(logits[i]) / total(classes, lambda k: exp(logits[k]))


def distribution(weights: Any, classes: Any) -> Any:
    """k -> p_k = w(k) / sum_m w(m): any probability vector without zeros, as a function of the class."""
    normalizer = total(classes, weights)
    return lambda k: weights(k) / normalizer


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
        HALF * spread,
        because="v'Hv is the variance of v under f, which is half the mean squared difference of two draws",
    )


@theorem(
    "Softmax gives positive probabilities that sum to 1, keeps the order of the logits and ignores a common "
    "shift; for two classes it is the sigmoid",
    covers=[
        "000:digit-probability-head", "000:probability-simplex", "003:softmax-invariances-and-binary-reduction",
        "003:output-activation-per-task", "003:softmax-normaliser-index",
    ],
    sources=[
        Source("000", "l.26", "p(x contains digit #i) = exp(y_i) / sum_j exp(y_j)"),
        Source("000", "l.166-168", "p_i in [0; 1], sum_i p_i = 1"),
        Source("003", "l.147-152", "softmax(z)_i = e^(z_i) / sum_k e^(z_k)"),
    ],
)  # fmt: skip
def softmax_is_a_distribution(t: Proof) -> None:
    """Exponentials are positive, and dividing by their sum is all that happens to them."""
    classes = t.size("K")
    a, shift = t.vector("a", classes), t.real("c")
    i, j = t.index("i", classes), t.index("j", classes)
    f = lambda k: softmax(a, classes, k)  # noqa: E731
    t.equal(
        t.state("sum", Eq(total(classes, f), 1)),
        because="every term has the same denominator, the sum of the numerators",
    )
    t.compare(t.state("positive", Gt(f(i), 0)), f(i), because="a quotient of exponentials")
    others = total(classes, lambda k: (1 - KroneckerDelta(k, i)) ** 2 * (1 - KroneckerDelta(k, j)) ** 2 * f(k))
    t.compare(
        t.state("two classes share at most 1", Le(f(i) + (1 - KroneckerDelta(i, j)) * f(j), 1)),
        others,
        because="what is left for the other classes; as f_j > 0, each f_i stays below 1 where there is a second class",
    )
    shifted = exp(a[i] + shift) / total(classes, lambda k: exp(a[k] + shift))
    t.equal(t.state("shift", Eq(shifted, f(i))), because="e^c is a factor of the numerator and of every term below")
    t.equal(
        t.state("log odds", Eq(log(f(i)) - log(f(j)), a[i] - a[j])),
        because="the normalizer cancels: the larger logit has the larger probability",
    )
    pair = t.vector("z", 2)
    t.equal(
        t.state("two classes", Eq(softmax(pair, 2, 1), 1 / (1 + exp(-(pair[1] - pair[2]))))),
        because="divide by e^(z_1): the sigmoid of z_1 - z_2",
    )


@misprint(
    "The normalizer of softmax must sum over its own index",
    corrected="softmax-is-a-distribution",
    covers=["003:softmax-normaliser-index"],
    sources=[Source("003", "l.340", "softmax(x)_i = e^(x_i) / sum_(k=1..K) e^(x_i)")],
)
def softmax_normalizer_without_its_index(t: Proof) -> None:
    """K = 2, x = (0, log 3): every printed component is 1/2."""
    classes = t.size("K")
    i, x = t.index("i", classes), t.vector("x", classes)
    printed = exp(x[i]) / total(classes, lambda k: exp(x[i]))
    t.refute(
        Eq(printed, softmax(x, classes, i)),
        {classes: 2, i: 1, x: [0, log(3)]},
        because="the printed sum is K e^(x_i), so the quotient is 1/K whatever x is; softmax gives 1/4",
    )


@theorem(
    "softmax(beta z) tends to the indicator of the largest logit, ties share it equally, and log-sum-exp is the "
    "maximum up to log n",
    covers=["000:softmax-is-soft-argmax"],
    sources=[Source("000", "l.174", "softmax: a soft version of argmax")],
)
def softmax_is_a_soft_argmax(t: Proof) -> None:
    """One logit M on top, n others g + g_k below it, g > 0: dividing by e^(beta M) leaves terms that vanish."""
    n, beta, gap, top = t.size("n", minimum=0), t.nonnegative("beta"), t.positive("g"), t.real("M")
    below = t.vector("d", n, low=0)
    ties = t.size("r")
    winner = 1 / (1 + total(n, lambda k: exp(-beta * (gap + below[k]))))
    u, tangent = tangent_line(t)
    k = t.index("k", n)
    smaller = t.compare(
        Le(exp(-beta * (gap + below[k])), exp(-beta * gap)),
        exp(-beta * (gap + below[k])) * (exp(beta * below[k]) - 1 - beta * below[k])
        + exp(-beta * (gap + below[k])) * beta * below[k],
        using=[t.instance(tangent, {u: beta * below[k]}, because="at beta d_k >= 0")],
        because="a logit that lies lower has the smaller exponential",
    )
    rest = total(n, lambda k: exp(-beta * (gap + below[k])))
    t.compare(
        t.state("the loser's share", Le(1 - winner, n * exp(-beta * gap))),
        [rest**2 / (1 + rest), total(n, lambda k: exp(-beta * gap) - exp(-beta * (gap + below[k])))],
        using=[smaller],
        because="1 - 1/(1+s) = s/(1+s) <= s, and each of the n terms of s is at most e^(-beta g)",
    )
    t.limit(
        t.state("it vanishes", Eq(Limit(n * exp(-beta * gap), beta, oo), 0)),
        because="the gap is positive",
    )
    tied = exp(beta * top) / total(ties, lambda k: exp(beta * top))
    t.equal(t.state("ties share equally", Eq(tied, 1 / ties)), because="r equal logits, whatever beta is")
    above_maximum(t, n, top, below, u, tangent)


def above_maximum(t: Proof, n: Any, top: Any, below: Any, u: Any, tangent: Fact) -> None:
    """max <= log-sum-exp <= max + log(number of logits): the smooth maximum that softmax is the gradient of."""
    drops = total(n, lambda k: exp(-below[k]))
    lse = log(exp(top) + total(n, lambda k: exp(top - below[k])))
    t.compare(
        t.state("log-sum-exp is at least the maximum", Ge(lse, top)),
        log(1 + drops),
        because="take e^M out of the sum: what remains is 1 for the winner and something positive for each other",
    )
    k = next(s.symbol for s in t.declared if str(s.symbol) == "k")
    term = t.compare(
        Le(exp(-below[k]), 1),
        [exp(-below[k]) * (exp(below[k]) - 1 - below[k]), exp(-below[k]) * below[k]],
        using=[t.instance(tangent, {u: below[k]}, because="at d_k >= 0")],
        because="no logit exceeds M",
    )
    ratio = log(1 + drops) - log(n + 1)
    t.compare(
        t.state("and at most log(n + 1) above it", Le(lse, top + log(n + 1))),
        [exp(ratio) - 1 - ratio, total(n, lambda k: 1 - exp(-below[k])) / (n + 1)],
        using=[t.instance(tangent, {u: ratio}, because="at the logarithm of the ratio"), term],
        because="log x <= x - 1 for the ratio of the sum to n + 1, and no term of the sum exceeds 1",
    )
