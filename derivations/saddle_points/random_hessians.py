"""How often a critical point is a minimum: fair signs, Gaussian matrices, separable functions."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Implies, Integral, KroneckerDelta, Limit, Rational, Symbol, cos, exp, oo, pi, sin, sqrt

from ..kernel import Eq, Expectation, Proof, Source, bernoulli, independent, misprint, product, remark, theorem, total

HALF = Rational(1, 2)


@theorem(
    (
        "n independent fair signs are all negative with probability 2^-n: almost all critical points of such a "
        "model are saddles"
    ),
    covers=["000:prob-all-eigenvalues-negative", "000:saddle-points-dominate", "001:saddle-to-minimum-ratio"],
    sources=[
        Source("000", "l.659", "the probability that all eigenvalues are negative is 1/n"),
        Source("000", "l.646", "saddle points dominate in high dimensions"),
    ],
)
def sign_probability(t: Proof) -> None:
    """The events are independent, so their probabilities multiply; a definite Hessian needs all diagonal entries
    alike.
    """
    n = t.size("n")
    negative = t.random("B", bernoulli(HALF, [n]))  # B_i = 1 if eigenvalue i is negative
    all_negative, all_positive = product(n, lambda i: negative[i]), product(n, lambda i: 1 - negative[i])
    t.expectation(
        t.state("all negative", Eq(Expectation(all_negative), HALF**n)),
        because="n independent events of probability 1/2",
    )
    t.expectation(
        t.state("saddles", Eq(Expectation(1 - all_negative - all_positive), 1 - 2 * HALF**n)),
        because="neither all negative nor all positive: two disjoint events of equal probability",
    )
    t.limit(t.state("nearly all are saddles", Eq(Limit(1 - 2 * HALF**n, n, oo), 1)), because="2^-n vanishes")
    m = t.size("m")
    root, i = t.vector("R", m, m), t.index("i", m)
    unit = lambda j: KroneckerDelta(i, j)  # noqa: E731
    t.equal(
        t.state(
            "a definite matrix has a definite diagonal",
            Eq(total(m, lambda j: total(m, lambda k: (root[j, k] + root[k, j]) * unit(j) * unit(k))), 2 * root[i, i]),
        ),
        because="e_i'He_i = H_ii; so for independent symmetric diagonal entries 2^-n is an upper bound",
    )


@misprint(
    "The probability that all eigenvalues are negative is not 1/n",
    corrected="sign-probability",
    covers=["000:prob-all-eigenvalues-negative"],
    sources=[Source("000", "l.659", "the probability that all eigenvalues are negative is 1/n")],
)
def probability_one_over_n(t: Proof) -> None:
    """n = 1: a symmetric random number is negative with probability 1/2, not 1."""
    n = t.size("n")
    sign = t.random("B", bernoulli(HALF))
    t.refute(
        Implies(Eq(n, 1), Eq(Expectation(sign), 1 / n)), {n: 1}, because="1/2 against 1; for n = 2, 1/4 against 1/2"
    )


@theorem(
    "A GOE matrix is negative definite with probability 1/2, (2 - sqrt 2)/4, (pi - 2 sqrt 2)/(4 pi) for n = 1, 2, 3",
    covers=["000:prob-all-eigenvalues-negative", "001:saddle-to-minimum-ratio"],
    sources=[Source("000", "l.659", "the probability that all eigenvalues are negative is 1/n")],
)
def goe_definite_probability(t: Proof) -> None:
    """n = 2 is a cone in three Gaussian coordinates. For n = 3 the eigenvalues have a density in proportion to
    |(y-x)(z-x)(z-y)| exp(-(x^2 + y^2 + z^2)/2); a sum over three orders removes the absolute value, and one and two
    dimensional integrals are left.
    """
    x = Symbol("x", real=True)
    weight = lambda z: exp(-(z**2) / 2)  # noqa: E731
    t.equal(
        t.state("n = 1", Eq(Integral(weight(x), (x, -oo, 0)) / Integral(weight(x), (x, -oo, oo)), HALF)),
        because="the density is even",
    )
    goe_two(t)
    goe_three(t, x, weight)


def goe_two(t: Proof) -> None:
    """[[a, b], [b, c]] with variances 1, 1/2, 1: p = (a+c)/sqrt2, q = (a-c)/sqrt2, r = sqrt2 b are a standard
    Gaussian.
    """
    a, c = t.random("a", independent([0, 1], name="diagonal")), t.random("c", independent([0, 1], name="diagonal_"))
    b = t.random("b", independent([0, HALF], name="off-diagonal"))
    p, q, r = (a + c) / sqrt(2), (a - c) / sqrt(2), sqrt(2) * b
    for name, square, value in (
        ("p p", p * p, 1),
        ("q q", q * q, 1),
        ("r r", r * r, 1),
        ("p q", p * q, 0),
        ("p r", p * r, 0),
    ):
        t.expectation(
            t.state(f"mean of {name}", Eq(Expectation(square), value)), because="uncorrelated with variance 1"
        )
    u, v, w = t.real("a_ b_ c_")
    t.equal(
        t.state(
            "determinant",
            Eq(u * w - v**2, (((u + w) / sqrt(2)) ** 2 - ((u - w) / sqrt(2)) ** 2 - (sqrt(2) * v) ** 2) / 2),
        ),
        because=(
            "negative definite: trace < 0 and determinant > 0, so p < -sqrt(q^2 + r^2), a cone of half-angle 45 degrees"
        ),
    )
    angle = Symbol("t", real=True)
    t.equal(
        t.state("n = 2", Eq(Integral(sin(angle) / 2, (angle, 0, pi / 4)), (2 - sqrt(2)) / 4)),
        because="the share of a sphere inside that cone",
    )
    t.equal(
        t.state("saddles for n = 2", Eq(Integral(sin(angle) / 2, (angle, pi / 4, 3 * pi / 4)), sqrt(2) / 2)),
        because="what is left between the cone and its mirror image: 0.707, against 1/2 for independent signs",
    )


def goe_three(t: Proof, x: Any, weight: Any) -> None:
    a, b, z = t.real("x y z")
    order = lambda a, b, c: (b - a) * (c - a) * (c - b)  # noqa: E731
    t.equal(
        t.state("three orders", Eq(order(a, b, z) + order(a, z, b) + order(b, z, a), order(a, b, z))),
        because="over x < y with z anywhere the signed product integrates to what it does over x < y < z",
    )
    t.equal(
        t.state("in powers of z", Eq(order(a, b, z), (b - a) * z**2 - (b**2 - a**2) * z + a * b * (b - a))),
        because="three products of a function of z and one of x < y",
    )
    radius, angle = t.positive("r"), t.real("phi")
    low, high = radius * sin(angle), radius * cos(angle)
    t.equal(
        t.state(
            "in polar coordinates",
            Eq(low * high * (high - low), radius**3 * sin(angle) * cos(angle) * (cos(angle) - sin(angle))),
        ),
        because="0 < x < y is 0 < phi < 45 degrees",
    )
    root = sqrt(pi / 2)
    moments = {0: root, 1: 1, 2: root, 3: 2, 4: 3 * root}  # of z^k exp(-z^2/2) over z > 0
    for k, value in moments.items():
        t.equal(
            t.state(f"moment {k}", Eq(Integral(x**k * weight(x), (x, 0, oo)), value)), because="by parts, from 0 and 1"
        )
    s, c = sin(x), cos(x)
    arcs = {1: (c - s, sqrt(2) - 1), 2: (c**2 - s**2, HALF), 3: (s * c * (c - s), Rational(1, 3) - sqrt(2) / 6)}
    for degree, (function, value) in arcs.items():
        t.equal(
            t.state(f"arc of degree {degree}", Eq(Integral(function, (x, 0, pi / 4)), value)), because="over 45 degrees"
        )
    arc = {degree: value for degree, (_, value) in arcs.items()}
    positive = moments[2] * arc[1] * moments[2] - moments[3] * arc[2] * moments[1] + moments[4] * arc[3] * moments[0]
    t.equal(
        t.state("all positive", Eq(positive, sqrt(2) * pi / 4 - 1)),
        because="each of the three products: radius (one more power from the area element), arc and moment of z",
    )
    t.equal(
        t.state("rotated by 45 degrees", Eq(a * b, (((a + b) / sqrt(2)) ** 2 - ((b - a) / sqrt(2)) ** 2) / 2)),
        because="with d = (y-x)/sqrt2 and e = (x+y)/sqrt2: y - x = sqrt2 d, xy = (e^2 - d^2)/2, and x < y is d > 0",
    )
    line = 2 * root  # moments 0 and 2 over the whole line; the odd ones are 0
    everywhere = sqrt(2) * moments[1] * line * line + sqrt(2) / 2 * (moments[1] * line - moments[3] * line) * line
    t.equal(
        t.state("n = 3", Eq(positive / everywhere, (pi - 2 * sqrt(2)) / (4 * pi))),
        because=(
            "all negative is as likely as all positive, and the three products over x < y give sqrt(2) pi: "
            "0.0249, not 1/8"
        ),
    )


@theorem(
    (
        "A separable function with p minima and q maxima a coordinate has (p+q)^n critical points, p^n minima "
        "and q^n maxima"
    ),
    covers=["001:saddle-to-minimum-ratio"],
    sources=[Source("001", "l.219-221", "the ratio of saddle points to local minima grows exponentially with n")],
)
def separable_critical_points(t: Proof) -> None:
    """The gradient of sum h(x_i) vanishes where every h'(x_i) does, and the Hessian is diagonal: choose point by
    point.
    """
    n, p, q = t.time("n"), t.size("p"), t.size("q")
    points, minima, signed = t.recursion(
        n,
        N=(1, lambda a, b, c: (p + q) * a(n)),
        M=(1, lambda a, b, c: p * b(n)),
        E=(1, lambda a, b, c: p * c(n) - q * c(n)),
    )
    closed = t.induct(
        t.state("critical points", Eq(points(n), (p + q) ** n)),
        t.state("minima", Eq(minima(n), p**n)),
        t.state("Euler characteristic", Eq(signed(n), (p - q) ** n)),
        over=n,
        because="each further coordinate multiplies the choices; the sign (-1)^index changes with a maximum",
    )
    saddles = points(n) - minima(n) - q**n
    t.equal(
        t.state("saddles to minima", Eq(saddles / minima(n), (1 + q / p) ** n - 1 - (q / p) ** n)),
        using=closed[:2],
        because="all but the p^n minima and the q^n maxima: 2^n - 2 for cosines, (3/2)^n - 1 - 2^-n for double wells",
    )
    d = t.size("d")
    x, i, j = t.vector("x", d), t.index("i", d), t.index("j", d)
    wells = total(d, lambda k: (x[k] ** 2 - 1) ** 2)
    t.equal(
        t.state("gradient of double wells", Eq(Derivative(wells, x[i]), 4 * x[i] * (x[i] - 1) * (x[i] + 1))),
        because="p = 2 minima at -1 and 1, q = 1 maximum at 0",
    )
    t.equal(
        t.state("their Hessian", Eq(Derivative(wells, x[i], x[j]), KroneckerDelta(i, j) * (12 * x[i] ** 2 - 4))),
        because="8 at the minima, -4 at the maximum",
    )


INDEX_AND_LOSS = remark(
    "critical-point-index-and-loss",
    "Critical points with a higher loss have more negative eigenvalues: measured on MNIST",
    why="an observation on one data set; no model is stated from which it could follow; its laws hold how "
    "critical points are found and their index is counted",
    topic="saddle_points",
    covers=["000:critical-point-index-vs-loss"],
    sources=[Source("000", "l.662-670", "empirical evaluation on MNIST")],
)
