"""The sigmoid: its range, its saturation, and the hard threshold that it approaches."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Heaviside, Limit, Rational, exp, log, oo, sqrt, tanh

from ..kernel import Eq, Fact, Ge, Gt, Le, Lt, Proof, Source, product, theorem
from ..losses.tangent_line import tangent_line

HALF = Rational(1, 2)
QUARTER = Rational(1, 4)


def sigmoid(z: Any) -> Any:
    """sigma(z) = 1 / (1 + e^-z)."""
    return 1 / (1 + exp(-z))


@theorem(
    "The sigmoid increases from 0 to 1 without attaining either, sigma(-z) = 1 - sigma(z), and it inverts the log odds",
    covers=["000:logistic-sigmoid", "003:sigmoid-definition-and-range"],
    sources=[
        Source("000", "l.35", "sigma(z) = 1 / (1 + e^(-z))"),
        Source("003", "l.75, l.96", "sigma(x) = 1 / (1 + e^(-x)), with values in [0, 1]"),
    ],
)
def sigmoid_function(t: Proof) -> None:
    """e^-z is positive and finite: that is all there is to the open interval (the deck prints a closed one)."""
    z, p = t.real("z"), t.real("p", 0, 1, open=True)
    s = sigmoid(z)
    t.equal(t.state("symmetry", Eq(sigmoid(-z), 1 - s)), because="multiply numerator and denominator by e^-z")
    t.compare(t.state("above 0", Gt(s, 0)), s, because="a quotient of positive numbers")
    t.compare(t.state("below 1", Lt(s, 1)), exp(-z) / (1 + exp(-z)), because="1 - sigma is such a quotient, too")
    t.equal(t.state("slope", Eq(Derivative(s, z), s * (1 - s))), because="e^-z / (1 + e^-z)^2, one factor at a time")
    t.compare(t.state("increasing", Gt(s * (1 - s), 0)), s * sigmoid(-z), because="both factors lie inside (0, 1)")
    t.limit(t.state("to the right", Eq(Limit(s, z, oo), 1)), because="e^-z vanishes")
    t.limit(t.state("to the left", Eq(Limit(s, z, -oo), 0)), because="e^-z grows without bound")
    t.equal(t.state("log odds", Eq(log(s) - log(sigmoid(-z)), z)), because="sigma(z) / sigma(-z) = e^z")
    t.equal(
        t.state("inverse", Eq(sigmoid(log(p) - log(1 - p)), p)),
        because="every value in (0, 1) is taken, at its log odds",
    )


@theorem(
    "The slope of the sigmoid is at most 1/4, between e^-|z|/4 and e^-|z|, and through L layers at most 4^-L; its"
    " curvature is at most sqrt(3)/18",
    covers=["003:sigmoid-derivative-saturates", "000:sigmoid-tanh-saturate"],
    sources=[
        Source("003", "l.97-101", "sigma'(x) = sigma(x) (1 - sigma(x)), close to 0 when |x| is not close to 0"),
        Source("000", "l.44-45", "sigmoid and tanh can saturate easily"),
    ],
)
def sigmoid_saturation(t: Proof) -> None:
    """With q = e^-|z| the slope is q / (1 + q)^2, and 1 <= (1 + q)^2 <= 4."""
    z, y = t.real("z"), t.nonnegative("y")
    slope = lambda z: sigmoid(z) * sigmoid(-z)  # noqa: E731
    t.equal(
        t.state("slope", Eq(Derivative(sigmoid(z), z), slope(z))),
        because="sigma (1 - sigma), and 1 - sigma(z) = sigma(-z): the slope is even",
    )
    t.equal(
        t.state("distance to 1/4", Eq(QUARTER - slope(z), tanh(z / 2) ** 2 / 4)),
        because="1/4 - sigma (1 - sigma) = (sigma - 1/2)^2, and sigma - 1/2 = tanh(z/2)/2 is 0 at z = 0 only",
    )
    quarter = t.compare(
        t.state("at most 1/4", Le(slope(z), QUARTER)),
        (1 - exp(-z)) ** 2 / (4 * (1 + exp(-z)) ** 2),
        because="the same square",
    )
    q = exp(-y)
    t.compare(
        t.state("at most exponential", Le(slope(y), q)), q * (2 * q + q**2) / (1 + q) ** 2, because="(1 + q)^2 >= 1"
    )
    u, tangent = tangent_line(t)
    t.compare(
        t.state("at least a quarter of it", Ge(slope(y), q / 4)),
        [q * (3 + q) / (4 * (1 + q) ** 2) * q * part for part in (exp(y) - 1 - y, y)],
        using=[t.instance(tangent, {u: y}, because="at y")],
        because="4 - (1 + q)^2 = (1 - q)(3 + q), and q <= 1",
    )
    chain_of_sigmoids(t, slope, z, quarter)
    sigmoid_curvature(t)


def chain_of_sigmoids(t: Proof, slope: Any, z: Any, quarter: Fact) -> None:
    """Multiplying the slopes of L layers, whatever the pre-activations."""
    depth = t.size("L")
    pre = t.vector("a", depth + 1)
    gain = product(depth, lambda k: slope(pre[k]))
    claim = t.state("through L layers", Le(gain, 4 ** (-depth)))
    at = lambda k: t.instance(quarter, {z: pre[k]}, because="at one layer")  # noqa: E731
    base = t.compare(claim.subs(depth, 1), QUARTER - slope(pre[1]), using=[at(1)], because="one factor")
    step = t.suppose(claim).compare(
        claim.subs(depth, depth + 1),
        [(4 ** (-depth) - gain) * slope(pre[depth + 1]), 4 ** (-depth) * (QUARTER - slope(pre[depth + 1]))],
        using=[at(depth + 1)],
        because="one more factor of at most 1/4",
    )
    t.induct_from(
        claim,
        over=depth,
        base=base,
        step=step,
        start=1,
        because="layer by layer: early layers learn from next to nothing",
    )


def sigmoid_curvature(t: Proof) -> None:
    """sigma'' = s (1 - s)(1 - 2 s) as a cubic of s = sigma, with a double root of its distance to the maximum."""
    x, s = t.real("x"), t.real("s", 0, 1, open=True)
    curvature = lambda s: s * (1 - s) * (1 - 2 * s)  # noqa: E731
    t.equal(
        t.state("curvature", Eq(Derivative(sigmoid(x), x, x), curvature(sigmoid(x)))),
        because="differentiate sigma (1 - sigma) once more",
    )
    best = (3 - sqrt(3)) / 6
    t.compare(
        t.state("at most sqrt(3)/18", Le(curvature(s), sqrt(3) / 18)),
        [2 * (s - best) ** 2 * (1 - s), (s - best) ** 2 * (2 / sqrt(3) - 1)],
        because="the cubic touches its maximum at s = (3 - sqrt(3))/6; 1 - s in place of s changes the sign",
    )
    t.equal(t.state("attained", Eq(curvature(best), sqrt(3) / 18)), because="at the double root")


@theorem(
    "A steep sigmoid approaches the hard threshold with an error of at most e^(-s|x - beta|), and 1/2 at the "
    "threshold itself",
    covers=["003:hard-threshold"],
    sources=[Source("003", "l.80", "phi_beta(x) = 1_(x > beta)")],
)
def hard_threshold_function(t: Proof) -> None:
    """u = |x - beta| > 0 on either side; the threshold has no gradient anywhere, the sigmoid has one everywhere."""
    x, u, s = t.real("z", nonzero=True), t.positive("u"), t.nonnegative("s")
    t.equal(t.state("no gradient", Eq(Derivative(Heaviside(x, 0), x), 0)), because="constant on either side")
    t.compare(
        t.state("error on the right", Le(1 - sigmoid(s * u), exp(-s * u))),
        exp(-s * u) / (1 + exp(s * u)),
        because="1 - sigma(su) = 1/(1 + e^(su)), and e^(-su) exceeds it by the factor 1 + e^(-su)",
    )
    t.compare(
        t.state("error on the left", Le(sigmoid(-s * u), exp(-s * u))),
        exp(-s * u) / (1 + exp(s * u)),
        because="the same number by symmetry",
    )
    t.limit(t.state("it vanishes", Eq(Limit(exp(-s * u), s, oo), 0)), because="u is positive")
    t.equal(
        t.state("across the threshold", Eq(sigmoid(s * u) + sigmoid(-s * u), 2 * HALF)),
        because="the curve is symmetric about the point (beta, 1/2), through which it passes whatever s is",
    )
