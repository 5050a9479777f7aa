"""Output layers with the losses that suit them, and how steep softmax can be."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, Rational, exp, log

from ..kernel import Eq, Le, Proof, Source, theorem, total
from .softmax import distribution, softmax

HALF = Rational(1, 2)


@theorem(
    "Softmax is 1/2-Lipschitz: v'(diag f - f f')v is at most |v|^2 / 2, which two equal logits attain",
    covers=["000:softmax-definition", "003:softmax-invariances-and-binary-reduction"],
    sources=[Source("000", "l.172", "softmax(z)_i = exp(z_i) / sum_j exp(z_j)")],
)
def softmax_lipschitz_constant(t: Proof) -> None:
    """The quadratic form of the Jacobian is the variance of v under f, which a sum of squares bounds."""
    classes = t.size("K")
    a, v = t.vector("a", classes), t.vector("v", classes, nonzero=True)
    f = distribution(lambda k: exp(a[k]), classes)
    mean = total(classes, lambda k: f(k) * v[k])
    variance = total(classes, lambda k: f(k) * (v[k] - mean) ** 2)
    distinct = lambda k, m: (1 - KroneckerDelta(k, m)) ** 2  # noqa: E731
    pairs = total(classes, lambda k: total(classes, lambda m: distinct(k, m) * f(k) * f(m) * (v[k] + v[m]) ** 2))
    squares = total(classes, lambda k: 2 * (HALF - f(k)) ** 2 * v[k] ** 2)
    length = total(classes, lambda k: v[k] ** 2)
    t.compare(
        t.state("bound", Le(variance / length, HALF)),
        [pairs / (2 * length), squares / length],
        because="(v_k - v_m)^2 <= 2 v_k^2 + 2 v_m^2 for each pair, and 2 f (1 - f) <= 1/2 for each class",
    )
    level, size = t.real("l"), t.real("c")
    g = distribution(lambda k: exp(level), 2)
    opposite = lambda k: size * (2 * KroneckerDelta(k, 1) - 1)  # noqa: E731
    attained = total(2, lambda k: g(k) * opposite(k) ** 2) - total(2, lambda k: g(k) * opposite(k)) ** 2
    t.equal(
        t.state("attained", Eq(attained, total(2, lambda k: opposite(k) ** 2) / 2)),
        because="two equal logits, f = (1/2, 1/2), and v = (c, -c): the variance c^2 is half of |v|^2",
    )


@theorem(
    "Identity with half the squared error, sigmoid with binary and softmax with categorical cross-entropy share "
    "one gradient: prediction minus target",
    covers=["003:output-activation-per-task"],
    sources=[Source("003", "l.147-150", "psi: identity, sigmoid or softmax")],
)
def canonical_output_layers(t: Proof) -> None:
    """Each loss is a log-partition function of the logits minus their product with the target."""
    classes = t.size("K")
    a, target, i = t.vector("a", classes), t.vector("y", classes), t.index("i", classes)
    weights = t.vector("w", classes, low=0, open=True)
    squared = total(classes, lambda k: (a[k] - target[k]) ** 2) / 2
    t.equal(t.state("regression", Eq(Derivative(squared, a[i]), a[i] - target[i])), because="only one square has a_i")
    sigma = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    binary = total(classes, lambda k: log(1 + exp(a[k])) - target[k] * a[k])
    t.equal(
        t.state("labels", Eq(Derivative(binary, a[i]), sigma(a[i]) - target[i])),
        because="K independent yes-or-no labels: the derivative of log(1 + e^a) is the sigmoid",
    )
    share = distribution(lambda k: weights[k], classes)
    categorical = -total(classes, lambda k: share(k) * log(softmax(a, classes, k)))
    t.equal(
        t.state("classes", Eq(Derivative(categorical, a[i]), softmax(a, classes, i) - share(i))),
        because="one of K classes, with any target distribution: the derivative of log-sum-exp is softmax",
    )
