"""Critical points: what a Hessian decides, how rare minima are, symmetries of networks, and leaving a saddle.

J is the loss, H its Hessian at a critical point; an eigenvalue of each sign makes a saddle. Random models say how
often.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Derivative,
    Implies,
    Integral,
    KroneckerDelta,
    Limit,
    Max,
    Rational,
    Symbol,
    cos,
    exp,
    factorial,
    log,
    oo,
    pi,
    sin,
    sqrt,
    tanh,
)  # fmt: skip

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    bernoulli,
    independent,
    misprint,
    product,
    remark,
    theorem,
    total,
)

HALF = Rational(1, 2)


def relu(a: Any) -> Any:
    """max(a, 0)."""
    return Max(a, 0)


# ---- what the Hessian decides --------------------------------------------------------------------------------------


@theorem(
    (
        "Second-order conditions: eigenvalues > 0 suffice for a strict minimum, >= 0 are necessary, one of each "
        "sign makes a saddle"
    ),
    covers=["000:local-minimum-conditions", "001:saddle-definition"],
    sources=[
        Source(
            "000", "l.653-657", "for theta* to be a local minimum: gradient 0, all eigenvalues of the Hessian positive"
        ),
        Source("001", "l.216-218", "saddle: the Hessian has both positive and negative eigenvalues"),
    ],
)
def second_order_conditions(t: Proof) -> None:
    """J changes by v'Hv/2 up to K |v|^3; on a ball of radius lambda/(2K) the quadratic part decides the sign."""
    curvature, third = t.positive("lambda_ K")
    share = t.real("s", 0, 1, open=True)
    radius = share * curvature / (2 * third)
    change, form = t.real("D Q")
    for name, sign in (("higher", 1), ("lower", -1)):
        near = Ge(sign * (change - form / 2), -third * radius**3)
        steep = Ge(sign * form, curvature * radius**2)
        fact = (
            t.suppose(near)
            .suppose(steep)
            .compare(
                Gt(sign * change, 0),
                [near.lhs - near.rhs, (steep.lhs - steep.rhs) / 2, radius**2 * curvature * (1 - share) / 2],
                because="lambda r^2/2 - K r^3 is positive for 0 < r < lambda/(2K)",
            )
        )
        inner = t.suppose(near).implies(Implies(steep, fact.claim), fact, because="as supposed")
        t.implies(
            t.state(f"{name} along curvature of that sign", Implies(near, inner.claim)),
            inner,
            because="positive along all v: a strict minimum; negative along one: no minimum; both: a saddle",
        )
    slope, bend = t.positive("g M")
    step = share * slope / bend
    linear = Le(change, -step * slope + bend * step**2)
    falls = t.suppose(linear).compare(
        Lt(change, 0),
        [linear.rhs - linear.lhs, share * (1 - share) * slope**2 / bend],
        because="-t g + M t^2 is negative for 0 < t < g/M",
    )
    t.implies(
        t.state("at a minimum the gradient is 0", Implies(linear, falls.claim)),
        falls,
        because="otherwise its opposite descends",
    )
    undecided_examples(t)


def undecided_examples(t: Proof) -> None:
    """Zero eigenvalues decide nothing: a strict minimum, no extremum, and two saddles without a pair of signs."""
    x, y = t.real("x y")
    monkey = x**3 - 3 * x * y**2
    t.equal(
        t.state("a quartic minimum has curvature 12 x^2", Eq(Derivative(x**4, x, 2), 12 * x**2)),
        because="0 at 0, where x^4 is strictly least: positive eigenvalues are not necessary",
    )
    t.equal(
        t.state("a cubic has curvature 6x", Eq(Derivative(x**3, x, 2), 6 * x)),
        because="0 at 0, where x^3 takes both signs: semidefinite is not sufficient",
    )
    t.equal(
        t.state(
            "Hessian of the monkey saddle",
            Eq(Derivative(monkey, x, 2) ** 2 + Derivative(monkey, x, y) ** 2, 36 * (x**2 + y**2)),
        ),
        because="second derivatives 6x, -6y, -6x: all 0 at 0",
    )
    t.equal(
        t.state("it takes both signs", Eq(monkey, x * (x - sqrt(3) * y) * (x + sqrt(3) * y))),
        because="three lines divide the plane into six sectors of alternating sign",
    )
    mixed = x**2 + y**3
    t.equal(
        t.state(
            "determinant without sign",
            Eq(Derivative(mixed, x, 2) * Derivative(mixed, y, 2) - Derivative(mixed, x, y) ** 2, 12 * y),
        ),
        because="eigenvalues 2 and 0 at 0, yet y^3 takes both signs: a saddle without a negative eigenvalue",
    )


@misprint(
    "Positive eigenvalues are sufficient for a minimum, not required",
    corrected="second-order-conditions",
    covers=["000:local-minimum-conditions"],
    sources=[
        Source("000", "l.653-657", "for theta* to be a local minimum, all eigenvalues of the Hessian must be positive")
    ],
)
def positive_eigenvalues_required(t: Proof) -> None:
    """theta^4 at 0."""
    x, y = t.real("theta y")
    t.refute(
        Implies(Le(x**4, y**4), Gt(Derivative(x**4, x, 2), 0)),
        {x: 0, y: 1},
        because="0 is the least value of theta^4, taken at 0 only, and the second derivative there is 0",
    )


@theorem(
    (
        "For a convex function every local minimum is global, the minimizers are a convex set, and strict "
        "convexity leaves one"
    ),
    covers=["001:convex-local-minimum-is-global"],
    sources=[Source("001", "l.193", "any local minimum of a convex function is often acceptable")],
)
def convex_local_minimum_is_global(t: Proof) -> None:
    """On the way to a better point every point is better, also the near ones."""
    here, there, between = t.real("fx fy fm")
    share = t.real("t", 0, 1, open=True)
    convex = Le(between, (1 - share) * here + share * there)
    better = Lt(there, here)
    fact = (
        t.suppose(convex)
        .suppose(better)
        .compare(
            Lt(between, here), [convex.rhs - convex.lhs, share * (here - there)], because="the chord falls from f(x)"
        )
    )
    inner = t.suppose(convex).implies(Implies(better, fact.claim), fact, because="as supposed")
    t.implies(
        t.state("no local minimum above a lower point", Implies(convex, inner.claim)),
        inner,
        because="for t as small as one likes: x is no local minimum",
    )
    least = Le(between, (1 - share) * here + share * here)
    flat = t.suppose(least).compare(
        Le(between, here), least.rhs - least.lhs, because="the chord between two minimizers is level"
    )
    t.implies(
        t.state("between two minimizers there are only minimizers", Implies(least, flat.claim)),
        flat,
        because="with < for convexity the point between would be lower than both: so there cannot be two",
    )


@theorem(
    "A slice through a loss shows the curvatures u'Hu, u'Hv, v'Hv of its own directions and hides all others",
    covers=["000:loss-landscape-slices"],
    sources=[Source("000", "l.631-642, l.673", "local minima? (pictures)")],
)
def slice_of_a_loss(t: Proof) -> None:
    """phi(s, t) = J(theta + s u + t v), exact for a quadratic; a minimum of the slice may be a saddle of J."""
    n, (s, r) = t.size("n"), t.real("s t")
    root, b, theta = t.vector("R", n, n), t.vector("b", n), t.vector("theta", n)
    u, v = t.vector("u", n), t.vector("v", n)
    h = lambda i, j: root[i, j] + root[j, i]  # noqa: E731
    point = lambda i: theta[i] + s * u[i] + r * v[i]  # noqa: E731
    value = HALF * total(n, lambda i: total(n, lambda j: h(i, j) * point(i) * point(j))) + total(
        n, lambda i: b[i] * point(i)
    )
    form = lambda p, q: total(n, lambda i: total(n, lambda j: h(i, j) * p[i] * q[j]))  # noqa: E731
    t.equal(t.state("curvature of the slice", Eq(Derivative(value, s, 2), form(u, u))), because="twice u'Hu/2")
    t.equal(
        t.state("mixed curvature", Eq(Derivative(value, s, r), form(u, v))),
        because="H is symmetric; so negative curvature of the slice is one of J as well",
    )
    x, y, z = t.real("x y z")
    bowl = x**2 + y**2 - z**2
    t.equal(
        t.state(
            "a bowl in the slice, a saddle outside",
            Eq(Derivative(bowl, x, 2) * Derivative(bowl, y, 2) * Derivative(bowl, z, 2), -8),
        ),
        because="2, 2 and -2: the slice z = 0 looks like a minimum",
    )


# ---- how often -----------------------------------------------------------------------------------------------------


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
    why="an observation on one data set; no model is stated from which it could follow",
    topic="saddle_points",
    covers=["000:critical-point-index-vs-loss"],
    sources=[Source("000", "l.662-670", "empirical evaluation on MNIST")],
)


# ---- symmetries of networks ----------------------------------------------------------------------------------------


@theorem(
    (
        "Permuting the n units of each of m hidden layers leaves the function: (n!)^m arrangements, fewer "
        "points where units agree"
    ),
    covers=["001:permutation-symmetry-count"],
    sources=[Source("001", "l.199-204", "m layers of n units: (n!)^m ways of arranging the units")],
)
def permutation_symmetry_count(t: Proof) -> None:
    """The next layer sees a sum over units; an exchange of two changes no sum, and exchanges make up all
    permutations.
    """
    n, d, k = t.size("n"), t.size("d"), t.time("m")
    p, q = t.index("p", n), t.index("q", n)
    weight, bias, out, x = t.vector("W", n, d), t.vector("b", n), t.vector("v", n), t.vector("x", d)
    unit = lambda i: out[i] * tanh(total(d, lambda j: weight[i, j] * x[j]) + bias[i])  # noqa: E731
    delta = KroneckerDelta
    swap = lambda i: (delta(i, p) - delta(i, q)) * (unit(q) - unit(p))  # noqa: E731
    t.equal(
        t.state("an exchange of units", Eq(total(n, lambda i: unit(i) + swap(i)), total(n, unit))),
        because="row p of W, b_p and v_p change places with those of q",
    )
    orders, group, flips = t.recursion(
        k,
        F=(1, lambda f, g, s: (k + 1) * f(k)),
        G=(1, lambda f, g, s: factorial(n) * g(k)),
        S=(1, lambda f, g, s: factorial(n) * 2**n * s(k)),
    )
    t.induct(t.state("orders of n units", Eq(orders(k), factorial(k))), over=k, because="the new unit has n + 1 places")
    t.induct(
        t.state("arrangements of m layers", Eq(group(k), factorial(n) ** k)),
        over=k,
        because="every layer is permuted by itself",
    )
    flipped = lambda i: (-out[i]) * tanh(total(d, lambda j: -weight[i, j] * x[j]) - bias[i])  # noqa: E731
    t.equal(
        t.state("turning the sign of a tanh unit", Eq(total(n, flipped), total(n, unit))),
        because="tanh is odd: weights, bias and outgoing weight of a unit may all change their sign",
    )
    t.induct(
        t.state("arrangements of tanh layers", Eq(flips(k), factorial(n) ** k * 2 ** (n * k))),
        over=k,
        because="n further choices of sign in every layer",
    )
    first, second = t.real("theta_1 theta_2")
    t.equal(
        t.state(
            "when an exchange moves nothing",
            Eq((first - second) ** 2 + (second - first) ** 2, 2 * (first - second) ** 2),
        ),
        because=(
            "the point moves by that distance: not at all for equal units, so (n!)^m counts points only if all differ"
        ),
    )


@theorem(
    (
        "A positively homogeneous unit may be scaled: weights and bias by alpha > 0, outgoing weights by "
        "1/alpha; minima come in curves"
    ),
    covers=["001:positive-rescaling-symmetry", "001:uncountable-equivalent-minima"],
    sources=[
        Source("001", "l.205-206", "scale all incoming weights and biases by alpha and all outputs by 1/alpha"),
        Source("001", "l.210-211", "an uncountable number of equivalent minima"),
    ],
)
def positive_rescaling_symmetry(t: Proof) -> None:
    """max(alpha z, 0) = alpha max(z, 0) for alpha > 0; differentiate along the curve of equivalent parameters."""
    alpha, z, y, leak = t.positive("alpha"), t.real("z"), t.real("y"), t.real("s", 0, 1)
    t.equal(t.state("ReLU", Eq(relu(alpha * z) / alpha, relu(z))), because="the larger of two numbers scales with them")
    t.equal(
        t.state("leaky ReLU", Eq(Max(alpha * z, leak * alpha * z) / alpha, Max(z, leak * z))), because="so it does here"
    )
    t.equal(t.state("maxout", Eq(Max(alpha * z, alpha * y) / alpha, Max(z, y))), because="and here, for any pieces")
    n = t.size("n")
    w, x, b, v = t.vector("w", n), t.vector("x", n), t.real("b"), t.real("v")
    i = t.index("i", n)
    active = v * (total(n, lambda k: w[k] * x[k]) + b)  # the unit's contribution where it is on
    partial = {"w": v * x[i], "b": v, "v": total(n, lambda k: w[k] * x[k]) + b}
    for name, variable in (("w", w[i]), ("b", b), ("v", v)):
        t.equal(
            t.state(f"slope in {name}", Eq(Derivative(active, variable), partial[name])),
            because="bilinear in (w, b) and v",
        )
    inner = total(n, lambda k: w[k] * v * x[k]) + b * partial["b"]
    t.equal(
        t.state("Euler", Eq(inner, v * partial["v"])),
        because="homogeneous of degree one in (w, b) and in v; times dJ/df it holds for every loss",
    )
    slope = t.real("g")  # dJ/df
    flow = total(n, lambda k: 2 * w[k] * (-slope * v * x[k])) + 2 * b * (-slope * v) - 2 * v * (-slope * partial["v"])
    t.equal(
        t.state("gradient flow conserves |w|^2 + b^2 - v^2", Eq(flow, 0)),
        because="twice Euler's identity, times -dJ/df",
    )
    target = t.real("y_")
    along = lambda a: (v / a * (total(n, lambda k: a * w[k] * x[k]) + a * b) - target) ** 2 / 2  # noqa: E731
    t.equal(
        t.state("the loss is level along the curve", Eq(Derivative(along(alpha), alpha), 0)),
        because="all alpha > 0 give minima if one does: uncountably many",
    )
    tangent_slope = inner - v * partial["v"]  # of f along (w, b, -v)
    t.equal(
        t.state("at zero residual the Hessian annuls the tangent", Eq(partial["w"] * tangent_slope, 0)),
        because="there the row of w_i in H is df/dw_i grad f', and grad f is orthogonal to the tangent (w, b, -v)",
    )
    decay(t, alpha)


def decay(t: Proof, alpha: Any) -> None:
    """Weight decay leaves one point of each curve: a = |(w, b)|, c = |v|."""
    a, c = t.positive("a c")
    t.compare(
        t.state("weight decay ends the symmetry", Ge((alpha * a) ** 2 + (c / alpha) ** 2, 2 * a * c)),
        (alpha * a - c / alpha) ** 2,
        because="a square, 0 at alpha^2 = c/a only",
    )


@misprint(
    "Scaling a unit needs alpha > 0 and the bias",
    corrected="positive-rescaling-symmetry",
    covers=["001:positive-rescaling-symmetry"],
    sources=[Source("001", "l.205-206", "scale all incoming weights by alpha and all outputs by 1/alpha")],
)
def rescaling_by_any_number(t: Proof) -> None:
    """alpha = -1 at w x = 1: relu(-1)/(-1) = 0 against 1; alpha = 3 without the bias: 0 against 1/2."""
    alpha, w, b, x = t.real("alpha", nonzero=True), t.real("w"), t.real("b"), t.real("x")
    t.refute(
        Eq(relu(alpha * (w * x + b)) / alpha, relu(w * x + b)),
        {alpha: -1, w: 1, b: 0, x: 1},
        because="a negative factor turns the kink over",
    )
    t.refute(
        Implies(Gt(alpha, 0), Eq(relu(alpha * w * x + b) / alpha, relu(w * x + b))),
        {alpha: 3, w: 1, b: 1, x: -HALF},
        because="the bias must be scaled as well: relu(-3/2 + 1)/3 = 0 against relu(1/2)",
    )


# ---- networks that are not convex ----------------------------------------------------------------------------------


@theorem(
    (
        "(1 - w1 w2)^2 is not convex and has no bad local minimum: its other critical point is a saddle, which "
        "gradient descent can meet"
    ),
    covers=["003:nonconvex-objective-local-minimizers", "003:gradient-method-reaches-local-minimizer"],
    sources=[
        Source("003", "l.52", "the objective is not convex, leading to local minimizers"),
        Source("003", "l.54", "backpropagation allows to obtain a local minimizer"),
    ],
)
def product_of_two_weights(t: Proof) -> None:
    """A linear network with one weight a layer. The antidiagonal w2 = -w1 is invariant, and on it descent leads to
    0.
    """
    u, v = t.real("w1 w2")
    loss = lambda a, b: (1 - a * b) ** 2  # noqa: E731
    grad_u, grad_v = -2 * v * (1 - u * v), -2 * u * (1 - u * v)
    t.equal(t.state("slope in w1", Eq(Derivative(loss(u, v), u), grad_u)), because="the chain rule")
    t.equal(t.state("slope in w2", Eq(Derivative(loss(u, v), v), grad_v)), because="the chain rule")
    t.equal(
        t.state("critical points", Eq(grad_u**2 + grad_v**2, 4 * (1 - u * v) ** 2 * (u**2 + v**2))),
        because="zero only where w1 w2 = 1, the global minima with loss 0, and at (0, 0)",
    )
    s = t.real("s", 0, 1, open=True)
    t.compare(
        t.state("lower along the diagonal", Lt(loss(s, s), 1)),
        [s**2, s**2 * (1 - s) * (1 + s)],
        because="and so at (-s, -s): between two lower points lies (0, 0), so the loss is not convex",
    )
    t.compare(
        t.state("higher along the antidiagonal", Gt(loss(s, -s), 1)), [2 * s**2, s**4], because="(1 + s^2)^2: a saddle"
    )
    descent_to_the_saddle(t)
    w = t.real("w")
    dead = t.suppose(Lt(w, 0))
    flat = dead.equal(Eq((1 - relu(w)) ** 2, 1), because="the unit is off")
    t.implies(
        t.state("a ReLU makes a bad local minimum", Implies(Lt(w, 0), flat.claim)),
        flat,
        because="(1 - relu(w))^2 is level at 1 for all w < 0, while it is 0 at w = 1",
    )


def descent_to_the_saddle(t: Proof) -> None:
    """From (a, -a) with a step 1/(2 + a^2 + m): |w1| shrinks by at least 1 - 2 eta in each step."""
    k, a, m = t.time("k"), t.real("a"), t.nonnegative("m")
    eta = 1 / (2 + a**2 + m)
    x, y = t.recursion(
        k,
        w=(a, lambda x, y: x(k) + 2 * eta * y(k) * (1 - x(k) * y(k))),
        z=(-a, lambda x, y: y(k) + 2 * eta * x(k) * (1 - x(k) * y(k))),
    )
    (w,) = t.recursion(k, u=(a, lambda w: w(k) * (1 - 2 * eta * (1 + w(k) ** 2))))
    t.induct(
        t.state("first weight", Eq(x(k), w(k))),
        t.state("second weight", Eq(y(k), -w(k))),
        over=k,
        because="with w2 = -w1 the step is w1 (1 - 2 eta (1 + w1^2)) for the one and its opposite for the other",
    )
    inside = Le(w(k) ** 2, a**2)
    base = t.compare(inside.subs(k, 0), 0, because="it starts there")
    room = a**2 - w(k) ** 2
    step = t.suppose(inside).compare(
        inside.subs(k, k + 1),
        [
            room,
            4 * eta**2 * w(k) ** 2 * (1 + w(k) ** 2) * (1 + m),
            4 * eta**2 * w(k) ** 2 * (1 + w(k) ** 2) * room,
        ],
        because="1 - eta (1 + w^2) = eta (1 + m) + eta (a^2 - w^2) is positive",
    )
    bounded = t.induct_from(inside, over=k, base=base, step=step, because="no step grows")
    rate = (1 - 2 * eta) ** 2
    claim = Le(w(k) ** 2, rate**k * a**2)
    base = t.compare(claim.subs(k, 0), 0, because="it starts there")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [
            rate * (rate**k * a**2 - w(k) ** 2),
            4 * eta**2 * w(k) ** 4 * m,
            4 * eta**2 * w(k) ** 4 * room,
        ],
        using=[bounded],
        because="(1 - 2 eta)^2 - (1 - 2 eta (1 + w^2))^2 = 4 eta w^2 (1 - eta (2 + w^2))",
    )
    t.induct_from(
        t.state("descent ends at the saddle", claim),
        over=k,
        base=base,
        step=step,
        because="a geometric sequence: w1 and w2 go to 0, where the loss is 1, not a local minimum",
    )


@misprint(
    "Gradient descent need not end at a local minimizer",
    corrected="product-of-two-weights",
    covers=["003:gradient-method-reaches-local-minimizer"],
    sources=[Source("003", "l.54", "backpropagation allows to obtain a local minimizer")],
)
def gradient_descent_finds_a_local_minimizer(t: Proof) -> None:
    """(1 - w1 w2)^2 from (1, -1) with step 1/4: one step to the saddle (0, 0), where descent stays."""
    a, b, eta, p, q = t.real("w1 w2 eta p q")
    loss = lambda u, v: (1 - u * v) ** 2  # noqa: E731
    step = lambda u, v: (u + 2 * eta * v * (1 - u * v), v + 2 * eta * u * (1 - u * v))  # noqa: E731
    end = step(a, b)
    t.refute(
        Implies(Eq((end[0] - step(*end)[0]) ** 2 + (end[1] - step(*end)[1]) ** 2, 0), Le(loss(*end), loss(p, q))),
        {a: 1, b: -1, eta: Rational(1, 4), p: Rational(1, 10), q: Rational(1, 10)},
        because="descent rests at (0, 0) with loss 1; as near as one likes, here at (1/10, 1/10), the loss is lower",
    )


@theorem(
    (
        "A dead ReLU unit is a bad local minimum: on an open set the loss 1/2 (1 - v relu(w + b))^2 is 1/2, "
        "elsewhere it is 0"
    ),
    covers=["001:bad-local-minima-exist"],
    sources=[Source("001", "l.194-195, l.212", "local minima are not a major problem; can be problematic")],
)
def dead_unit_local_minimum(t: Proof) -> None:
    """One example (1, 1), one unit: where w + b < 0 nothing depends on the parameters."""
    w, b, v = t.real("w b v")
    loss = (1 - v * relu(w + b)) ** 2 / 2
    dead = t.suppose(Lt(w + b, 0))
    level = dead.equal(Eq(loss, HALF), because="the unit is off on this open set")
    t.implies(t.state("dead", Implies(Lt(w + b, 0), level.claim)), level, because="level, so the gradient is 0")
    alive = t.suppose(Gt(w + b, 0))
    solved = alive.equal(Eq(((1 - relu(w + b) / (w + b)) ** 2 / 2), 0), because="v = 1/(w + b) fits the example")
    t.implies(
        t.state("alive", Implies(Gt(w + b, 0), solved.claim)), solved, because="a minimum of 0 for every w + b > 0"
    )


# ---- linear dynamics -----------------------------------------------------------------------------------------------


@theorem(
    (
        "W^t multiplies an eigenvector by lambda^t: it vanishes for |lambda| < 1 and explodes beyond; a Jordan "
        "block grows even at 1"
    ),
    covers=["001:matrix-power-diagonalisation", "001:vanishing-exploding-threshold"],
    sources=[
        Source("001", "l.223-224", "w^t = V diag(lambda)^t V^-1"),
        Source("001", "l.172-174, l.225", "gradients vanish or explode with lambda^t"),
    ],
)
def matrix_powers(t: Proof) -> None:
    """Every matrix with eigenvector v is R - (R v - lambda v) v'/v'v for some R; along a basis of such v, W = V
    Lambda V^-1.
    """
    n, k = t.size("n"), t.time("t")
    i = t.index("i", n)
    root, v, lam = t.vector("R", n, n), t.vector("v", n, nonzero=True), t.real("lambda_")
    norm = total(n, lambda j: v[j] ** 2)
    image = lambda i: total(n, lambda j: root[i, j] * v[j])  # noqa: E731
    w = lambda i, j: root[i, j] - (image(i) - lam * v[i]) * v[j] / norm  # noqa: E731
    t.equal(
        t.state("eigenvector", Eq(total(n, lambda j: w(i, j) * v[j]), lam * v[i])), because="R v - (R v - lambda v)"
    )
    (x,) = t.recursion(k, x=((i,), v[i], lambda x: total(n, lambda j: w(i, j) * x(j, k))))
    t.induct(t.state("powers", Eq(x(i, k), lam**k * v[i])), over=k, because="each application multiplies by lambda")
    small = t.suppose(Lt(abs(lam), 1))
    gone = small.limit(Eq(Limit(lam**k, k, oo), 0), because="a geometric sequence")
    t.implies(t.state("vanishing", Implies(Lt(abs(lam), 1), gone.claim)), gone, because="as supposed")
    h = t.nonnegative("h")
    bernoulli_inequality(t, k, h)
    (a0, b0), r = t.real("a0 b0"), t.positive("r")
    a, b = t.recursion(k, a=(a0, lambda a, b: r * a(k) + b(k)), b=(b0, lambda a, b: r * b(k)))
    t.induct(
        t.state("Jordan block", Eq(a(k), r**k * a0 + k * r ** (k - 1) * b0)),
        t.state("its second coordinate", Eq(b(k), r**k * b0)),
        over=k,
        because="[[r, 1], [0, r]] has one eigenvector only; at r = 1 it grows like t although |lambda| = 1",
    )
    backward(t, k)


def bernoulli_inequality(t: Proof, k: Any, h: Any) -> None:
    """(1 + h)^t >= 1 + t h, written with the power as a sequence."""
    (p,) = t.recursion(k, p=(1, lambda p: (1 + h) * p(k)))
    t.induct(t.state("the power as a sequence", Eq(p(k), (1 + h) ** k)), over=k, because="one factor more")
    linear = Ge(p(k), 1 + k * h)
    base = t.compare(linear.subs(k, 0), 0, because="1 >= 1")
    step = t.suppose(linear).compare(
        linear.subs(k, k + 1), [(1 + h) * (p(k) - 1 - k * h), k * h**2], because="times 1 + h"
    )
    t.induct_from(
        t.state("exploding", linear),
        over=k,
        base=base,
        step=step,
        because="at least linear for every lambda = 1 + h > 1",
    )


def backward(t: Proof, k: Any) -> None:
    """Through t layers with |w phi'| <= q a gradient shrinks like q^t; a logistic unit has phi' <= 1/4."""
    n = t.size("T")
    q, g0, u, m = t.positive("q"), t.real("g0"), t.vector("u", n + 1, low=0, high=1), t.integer("m", 0, n)
    (g,) = t.recursion(k, g=(g0, lambda g: q * (2 * u[k + 1] - 1) * g(k)))
    claim = Le(g(m) ** 2, q ** (2 * m) * g0**2)
    base = t.compare(claim.subs(m, 0), 0, because="no layer yet")
    step = t.suppose(claim).compare(
        claim.subs(m, m + 1),
        [q**2 * (q ** (2 * m) * g0**2 - g(m) ** 2), 4 * q**2 * u[m + 1] * (1 - u[m + 1]) * g(m) ** 2],
        because="one more factor of size at most q",
    )
    t.induct_from(t.state("gradient through t layers", claim), over=m, base=base, step=step, because="layer by layer")
    s = t.real("sigma")
    t.compare(
        t.state("slope of a logistic unit", Le(s * (1 - s), Rational(1, 4))),
        (s - HALF) ** 2,
        because="sigma' = sigma (1 - sigma): ten layers of unit weights shrink a gradient by 4^-10",
    )


@theorem(
    (
        "Escape from a saddle: the distance along curvature -nu grows by 1 + eta nu a step, and a random start "
        "escapes almost surely"
    ),
    covers=["000:saddle-points-dominate", "003:gradient-method-reaches-local-minimizer"],
    sources=[Source("000", "l.646", "saddle points"), Source("003", "l.54", "a local minimizer")],
)
def escape_from_a_saddle(t: Proof) -> None:
    """J = (lambda x^2 - nu y^2)/2: x shrinks, y grows geometrically; starts that are still inside after k steps
    are rare.
    """
    k = t.time("k")
    lam, nu, eta, radius = t.positive("lambda_ nu eta r")
    x0, y0 = t.real("x0 y0")
    x, y = t.recursion(k, x=(x0, lambda x, y: x(k) - eta * lam * x(k)), y=(y0, lambda x, y: y(k) + eta * nu * y(k)))
    closed = t.induct(
        t.state("along positive curvature", Eq(x(k), (1 - eta * lam) ** k * x0)),
        t.state("along negative curvature", Eq(y(k), (1 + eta * nu) ** k * y0)),
        over=k,
        because="the two coordinates do not see each other",
    )
    t.equal(
        t.state(
            "loss",
            Eq(
                (lam * x(k) ** 2 - nu * y(k) ** 2) / 2,
                (lam * (1 - eta * lam) ** (2 * k) * x0**2 - nu * (1 + eta * nu) ** (2 * k) * y0**2) / 2,
            ),
        ),
        using=closed,
        because="it falls without end unless y_0 = 0, the line from which the saddle is reached",
    )
    start = t.positive("y_")
    t.equal(
        t.state(
            "steps to leave radius r",
            Eq(log((1 + eta * nu) ** k * start / radius), k * log(1 + eta * nu) - log(radius / start)),
        ),
        because="outside once k >= log(r/|y_0|)/log(1 + eta nu): a tenth of the distance costs a constant more",
    )
    z, inside = Symbol("z", real=True), radius * (1 + eta * nu) ** (-k)
    t.equal(
        t.state("starts still inside after k steps", Eq(Integral(HALF, (z, -inside, inside)), inside)),
        because="for y_0 uniform on [-1, 1] and r <= 1 the probability of |y_0| <= r (1 + eta nu)^-k",
    )
    t.limit(t.state("almost all escape", Eq(Limit(inside, k, oo), 0)), because="1 + eta nu > 1")


@theorem(
    (
        "Landmarks of a loss: a plateau of a logistic unit, a cliff of tanh(k x), a point where all derivatives "
        "of exp(-1/x^2) vanish"
    ),
    covers=["001:landscape-issue-glossary"],
    sources=[Source("001", "l.163-175", "plateau, flat region, cliff, saddle (names)")],
)
def landmarks_of_a_loss(t: Proof) -> None:
    """One function a name, with its slope: small on a region, large on a short stretch, zero to every order."""
    x, k, d = t.nonnegative("x"), t.positive("k"), t.positive("d")
    z = t.real("z")
    logistic = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    t.equal(
        t.state("slope on a plateau", Eq(Derivative(logistic(z), z), exp(-z) / (1 + exp(-z)) ** 2)),
        because="quotient rule",
    )
    t.compare(
        t.state("a plateau", Le(exp(-x) / (1 + exp(-x)) ** 2, exp(-x))),
        exp(-x) * (2 * exp(-x) + exp(-2 * x)) / (1 + exp(-x)) ** 2,
        because="the slope dies out like e^-x: descent hardly moves there",
    )
    t.equal(
        t.state("slope of a cliff", Eq(Derivative(tanh(k * z), z), k * (1 - tanh(k * z) ** 2))),
        because="k at the edge, as steep as one likes; e^(-2k|x|) of it remains at a distance x",
    )
    flat = exp(-1 / d**2)
    t.equal(t.state("slope of a flat point", Eq(Derivative(flat, d), 2 * flat / d**3)), because="the chain rule")
    t.limit(
        t.state("it vanishes", Eq(Limit(2 * exp(-1 / d**2) / d**3, d, 0, "+"), 0)),
        because="faster than every power of x: the function is level to every order at 0 and not constant",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("saddle_points")
