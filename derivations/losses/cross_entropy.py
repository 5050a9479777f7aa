"""Cross-entropy of two classes and of many, of one-hot and of soft labels."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, Rational, exp, log

from ..kernel import Eq, Ge, Gt, Le, Proof, Source, misprint, theorem, total
from .softmax import distribution
from .tangent_line import tangent_line


@theorem(
    "The Bernoulli negative log-likelihood of a logit is log(1 + e^a) - Y a, with slope sigma - Y and a curvature"
    " in (0, 1/4]",
    covers=["003:bernoulli-likelihood-gives-bce"],
    sources=[Source("003", "l.249-251", "L(theta) = - E [Y log f(X, theta) + (1 - Y) log(1 - f(X, theta))]")],
)
def binary_cross_entropy(t: Proof) -> None:
    """The label Y may be anything in [0, 1]; sigma(a) = e^a / (1 + e^a) is the probability of class 1."""
    a, label = t.real("a"), t.real("Y", 0, 1)
    sigma, complement = exp(a) / (1 + exp(a)), 1 / (1 + exp(a))
    loss = log(1 + exp(a)) - label * a
    t.equal(t.state("complement", Eq(1 - sigma, complement)), because="both classes share the denominator")
    t.equal(
        t.state("loss", Eq(-(label * log(sigma) + (1 - label) * log(complement)), loss)),
        because="log sigma = a - log(1 + e^a) and log(1 - sigma) = -log(1 + e^a)",
    )
    t.equal(t.state("slope", Eq(Derivative(loss, a), sigma - label)), because="prediction minus target")
    t.equal(
        t.state("curvature", Eq(Derivative(loss, a, a), sigma * complement)), because="the derivative of the sigmoid"
    )
    t.compare(t.state("convex", Gt(sigma * complement, 0)), sigma * complement, because="a product of probabilities")
    t.compare(
        t.state("1/4-smooth", Le(sigma * complement, Rational(1, 4))),
        (1 - exp(a)) ** 2 / (4 * (1 + exp(a)) ** 2),
        because="1/4 - sigma (1 - sigma) = (1/2 - sigma)^2",
    )
    t.equal(
        t.state("margin form of class 1", Eq(loss.subs(label, 1), log(1 + exp(-a)))),
        because="log(1 + e^a) - a = log(e^-a + 1): with labels m = +-1 the loss is log(1 + e^(-m a))",
        via=[log(exp(a) * (exp(-a) + 1)) - a],
    )


@theorem(
    "Categorical cross-entropy selects the log-probability of the class, is log K at equal logits, is binary for "
    "K = 2, and bounds the mixed loss of soft labels",
    covers=["000:categorical-nll", "000:one-hot-selection", "000:keras-cce-snippet", "003:categorical-cross-entropy"],
    sources=[
        Source("000", "l.160-182", "J(theta) = - 1/|T| sum_((x,i) in T) log p_model(y = i | x)"),
        Source("000", "l.190-192", "softmax(z)_i = v(i)^T softmax(z)"),
        Source("003", "l.255-257", "L(theta) = - E [sum_j 1_(Y=j) log p_theta(Y = j | X)]"),
    ],
)
def categorical_cross_entropy(t: Proof) -> None:
    """A one-hot vector is a Kronecker delta; a soft label is any vector of positive weights."""
    classes = t.size("K")
    a, y, i = t.vector("a", classes), t.index("y", classes), t.index("i", classes)
    f = distribution(lambda k: exp(a[k]), classes)
    one_hot = lambda k: KroneckerDelta(k, y)  # noqa: E731
    t.equal(
        t.state("selection", Eq(total(classes, lambda k: one_hot(k) * f(k)), f(y))),
        because="the one-hot vector keeps one term",
    )
    t.equal(
        t.state(
            "loss",
            Eq(-total(classes, lambda k: one_hot(k) * log(f(k))), log(total(classes, lambda k: exp(a[k]))) - a[y]),
        ),
        because="the same selection of -log f_k = LSE(a) - a_k",
    )
    level = t.real("l")
    equal_logits = -log(exp(level) / total(classes, lambda k: exp(level)))
    t.equal(t.state("before training", Eq(equal_logits, log(classes))), because="K equal probabilities")
    pair = t.vector("z", 2)
    two = -log(exp(pair[1]) / total(2, lambda k: exp(pair[k])))
    t.equal(
        t.state("two classes", Eq(two, log(1 + exp(pair[2] - pair[1])))),
        because="divide by e^(z_1): binary cross-entropy of the logit z_1 - z_2",
        via=[log(exp(pair[1]) * (1 + exp(pair[2] - pair[1]))) - pair[1]],
    )
    soft_labels(t, classes, f, a, i)


def soft_labels(t: Proof, classes: Any, f: Any, a: Any, i: Any) -> None:
    """For soft labels v the logarithm must stay inside the sum: Jensen's inequality is strict in general."""
    weights = t.vector("w", classes, low=0, open=True)
    k = t.index("k", classes)
    v = distribution(lambda k: weights[k], classes)
    mixed = total(classes, lambda k: v(k) * f(k))
    loss = -total(classes, lambda k: v(k) * log(f(k)))
    u, tangent = tangent_line(t)
    ratio = lambda k: log(f(k)) - log(mixed)  # noqa: E731
    t.compare(
        t.state("jensen", Ge(loss, -log(mixed))),
        total(classes, lambda k: v(k) * (exp(ratio(k)) - 1 - ratio(k))),
        using=[t.instance(tangent, {u: ratio(k)}, because="at the logarithm of f_k over its mean")],
        because="log x <= x - 1 at f_k over the mean of f, weighted by v: the right side sums to 0",
    )
    t.equal(
        t.state("gradient for soft labels", Eq(Derivative(loss, a[i]), f(i) - v(i))),
        because="sum_k v_k (f_i - delta_ik) = f_i - v_i: prediction minus target again",
    )
    y, rate = t.index("c", classes), t.real("epsilon", 0, 1)
    smoothed = lambda k: (1 - rate) * KroneckerDelta(k, y) + rate / classes  # noqa: E731
    smoothed_loss = -total(classes, lambda k: smoothed(k) * log(f(k)))
    mean_loss = -total(classes, lambda k: log(f(k))) / classes
    t.equal(
        t.state("label smoothing", Eq(smoothed_loss, (1 - rate) * -log(f(y)) + rate * mean_loss)),
        because="the loss is linear in the label: a mixture with the mean loss over all classes",
    )


@misprint(
    "Labels counted from 0 select no logit counted from 1",
    corrected="categorical-cross-entropy",
    covers=["000:categorical-nll"],
    sources=[Source("000", "l.160-172", "i in [0; n[; softmax(z)_i = exp(z_i) / sum_(j=1..n) exp(z_j)")],
)
def label_zero_without_a_logit(t: Proof) -> None:
    """One class, one logit z_1, and the label 0."""
    classes, label = t.size("n"), t.integer("i")
    z = t.vector("z", classes)
    t.undefined(
        exp(z[label]) / total(classes, lambda j: exp(z[j])), {classes: 1, label: 0, z: [0]}, because="there is no z_0"
    )
