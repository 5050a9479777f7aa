"""Approximation: interpolation by pieces, staircases of sigmoids, and ridges for many inputs."""

from __future__ import annotations

from sympy import Abs, Implies, Limit, Rational, exp

from ..kernel import Eq, Le, Lt, Proof, Source, theorem, total
from .approximator import approximate

HALF = Rational(1, 2)


@theorem(
    (
        "On an interval one hidden ReLU layer interpolates any values at N + 1 knots, with error M h^2/8 for "
        "curvature at most M"
    ),
    covers=["000:universal-approximation", "003:uat-1d-certificate", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated by a two-layer network"),
        Source("003", "l.205-215", "universal approximation theorem"),
    ],
)
def piecewise_linear_interpolation(t: Proof) -> None:
    """Unit i switches on at knot i and adds the change of slope; a chord is off by at most M/2 theta (1-theta) h^2.

    `approximator` builds this network for a given function and certifies its error.
    """
    n, m = t.size("N"), t.time("m")
    slopes, h, x, start = t.vector("s", n), t.positive("h"), t.real("x"), t.real("y0")
    cell = t.integer("j", 0, n - 1)
    (value,) = t.recursion(m, y=(start, lambda y: y(m) + h * slopes[m + 1]))
    t.induct(
        t.state(
            "the network on cell j",
            Eq(
                total(cell, lambda i: (slopes[i + 1] - slopes[i]) * (x - i * h)),
                value(cell) + slopes[cell + 1] * (x - cell * h) - start - slopes[1] * x,
            ),
        ),
        over=cell,
        because="with y_0 + s_1 x added it is the chord from knot j: the units up to j are on, the others off",
    )
    theta, low, high, curvature = t.real("theta", 0, 1), *t.real("f0 f1"), t.nonnegative("M")
    inside = t.real("f")
    chord = (1 - theta) * low + theta * high
    room = curvature * theta * (1 - theta) * h**2 / 2
    for name, side in (("above", 1), ("below", -1)):
        premise = Le(side * (inside - chord), room)
        fact = t.suppose(premise).compare(
            Le(side * (inside - chord), curvature * h**2 / 8),
            [room - side * (inside - chord), curvature * h**2 / 2 * (theta - HALF) ** 2],
            because="theta (1 - theta) is at most 1/4",
        )
        t.implies(
            t.state(f"error of the chord, {name}", Implies(premise, fact.claim)),
            fact,
            because="|f''| <= M says that M x^2/2 - f and M x^2/2 + f lie below their chords, which is the premise",
        )
    z = t.real("z")
    square = lambda u: curvature * u**2 / 2  # noqa: E731
    t.equal(
        t.state(
            "a parabola attains it",
            Eq((1 - theta) * square(z) + theta * square(z + h) - square(z + theta * h), room),
        ),
        because="its second derivative is M everywhere; at theta = 1/2 the chord is off by M h^2/8",
    )
    for name, sign_, spare in (("above", 1, (theta - HALF) ** 2), ("below", -1, theta * (1 - theta))):
        t.compare(
            t.state(f"shifted, from {name}", Le(sign_ * (room - curvature * h**2 / 16), curvature * h**2 / 16)),
            curvature * h**2 / 2 * spare,
            because="the error of a parabola's chord has one sign: lowering the chord halves the largest error",
        )
    p, q = t.real("p q")
    t.equal(
        t.state("products are squares", Eq(p * q, ((p + q) ** 2 - (p - q) ** 2) / 4)),
        because="so squares of one input at a time build every polynomial, and these are dense on a compact set",
    )


@theorem(
    "The constructed network for exp on [0, 1] with four units is within 1/50 of it on the whole interval",
    covers=["003:uat-1d-certificate"],
    sources=[Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i), |f - F| <= epsilon")],
)
def certified_network_for_the_exponential(t: Proof) -> None:
    """Enclosed, not proved by hand: the constructor's network is given to the kernel, which bisects by itself.

    The constructor certifies such a bound for any differentiable expression and any error; this is one of them, checked
    twice by different code.
    """
    x = t.real("x", 0, 1)
    network = approximate(exp(x), x, 0, 1, "1/50").network.expression(x)
    t.enclose(
        t.state("within 1/50", Lt(Abs(exp(x) - network), Rational(1, 50))),
        {x: (0, 1)},
        because="interval arithmetic on a subdivision of [0, 1]",
    )


@theorem(
    (
        "N sigmoid steps follow an L-Lipschitz function on [0, 1] up to L/N + L delta, delta = exp(-s/2N) being "
        "the tail of a step"
    ),
    covers=["003:uat-1d-certificate", "003:universal-approximation-statement"],
    sources=[Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i)")],
)
def staircase_of_sigmoids(t: Proof) -> None:
    """In cell j the steps before it are nearly 1, those after it nearly 0, and its own moves between two values.

    All numbers in [-1, 1] are written 2u - 1: the rises D_i = L/N (2u_i - 1), and where f(x) lies against both ends.
    """
    before, after = t.size("m", minimum=0), t.size("n", minimum=0)
    lipschitz, delta, own = t.positive("L"), t.real("delta", 0, 1), t.real("a", 0, 1)
    count = before + after + 1
    step = lipschitz / count
    u, v = t.vector("u", before, low=0, high=1), t.vector("v", after, low=0, high=1)
    missing, excess = t.vector("p", before, low=0, high=1), t.vector("q", after, low=0, high=1)
    # distances of f(x) from the values at the two ends of its cell, each at most L/N
    left, right = (step * (2 * c - 1) for c in t.real("c d", 0, 1))
    error = (
        own * (left + right)
        - total(before, lambda i: step * (2 * u[i] - 1) * delta * missing[i])
        + total(after, lambda i: step * (2 * v[i] - 1) * delta * excess[i])
        - left
    )
    most = step * (1 + delta * (before + after))
    for name, side, lower, upper in (("above", 1, 0, 1), ("below", -1, 1, 0)):
        c, d = (s.symbol for s in t.declared if str(s.symbol) in ("c", "d"))
        own_part = (
            [2 * step * own * (1 - d), 2 * step * (1 - own) * c]
            if side == 1
            else [2 * step * own * d, 2 * step * (1 - own) * (1 - c)]
        )
        t.compare(
            t.state(f"error {name}", Le(side * error, most)),
            [
                *own_part,
                total(before, lambda i: step * delta * (1 - missing[i])),
                total(before, lambda i, g=upper: 2 * step * delta * missing[i] * (u[i] if g else 1 - u[i])),
                total(after, lambda i: step * delta * (1 - excess[i])),
                total(after, lambda i, g=lower: 2 * step * delta * excess[i] * (v[i] if g else 1 - v[i])),
            ],
            because="the own step mixes two values within L/N of f(x); each other step is off by L/N delta at most",
        )
    t.compare(
        t.state("together", Le(most, lipschitz / count + lipschitz * delta)),
        lipschitz * delta / count,
        because="there are N - 1 other steps",
    )
    z = t.nonnegative("z")
    sigmoid = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    t.compare(
        t.state("tail before the step", Le(sigmoid(-z), exp(-z))),
        exp(-z) / (1 + exp(z)),
        because="1/(1 + e^z) < e^-z",
    )
    t.equal(
        t.state("tail after the step", Eq(1 - sigmoid(z), sigmoid(-z))),
        because="symmetry; at a distance of half a cell, 1/(2N), from the middle of a step z = s/(2N)",
    )
    k = t.time("k")
    values, y0 = t.vector("Delta", before), t.real("y0")
    (y,) = t.recursion(k, y=(y0, lambda y: y(k) + values[k + 1]))
    j = t.integer("j", 0, before)
    t.induct(
        t.state("the full steps add up to the value", Eq(total(j, lambda i: values[i]), y(j) - y0)),
        over=j,
        because="the rises telescope",
    )


@theorem(
    (
        "From one dimension to any: exponential ridges are an algebra, monomials are their limits, and errors of the "
        "ridges add up to the error of the network"
    ),
    covers=["000:universal-approximation", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated by a two-layer network"),
        Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i)"),
    ],
)
def ridge_reduction(t: Proof) -> None:
    """Sums of exp(<w, x>) contain the constants, separate points and are closed under products.

    So they are dense on every compact set, by the theorem of Stone and Weierstrass. Each ridge exp(<w, x>) depends on
    the one number <w, x> only, which runs through an interval: there `piecewise-linear-interpolation` applies.
    """
    m, n, d, k = t.size("m"), t.size("n"), t.size("d"), t.time("k")
    v, u, x = t.vector("v", m), t.vector("u", n), t.vector("x", d)
    w, y = t.vector("W", m, d), t.vector("Y", n, d)
    ridge = lambda weights, i: exp(total(d, lambda r: weights[i, r] * x[r]))  # noqa: E731
    both = lambda i, j: exp(total(d, lambda r: (w[i, r] + y[j, r]) * x[r]))  # noqa: E731
    t.equal(
        t.state(
            "products of networks are networks",
            Eq(
                total(m, lambda i: v[i] * ridge(w, i)) * total(n, lambda j: u[j] * ridge(y, j)),
                total(m, lambda i: total(n, lambda j: v[i] * u[j] * both(i, j))),
            ),
        ),
        because="exponentials multiply by adding their exponents: m n units with the sums of the weights",
    )
    h, z, place = t.positive("h"), t.real("z"), t.time("j")
    (difference,) = t.recursion(k, D=((place,), exp(place * h * z), lambda f: f(place + 1, k) - f(place, k)))
    t.induct(
        t.state("k-th difference of exp", Eq(difference(place, k), exp(place * h * z) * (exp(h * z) - 1) ** k)),
        over=k,
        because="one more difference is one more factor exp(h z) - 1: k + 1 units with binomial weights",
    )
    t.limit(
        t.state("and its limit", Eq(Limit((exp(h * z) - 1) / h, h, 0, "+"), z)),
        because="the slope of exp(h z) at h = 0; so the k-th difference over h^k goes to z^k",
    )
    error, share = t.positive("epsilon"), t.vector("s", m, low=0, high=1)
    off = lambda i: error * (2 * share[i] - 1)  # noqa: E731 - what unit i's approximation is off by
    for name, sign_, part in (("above", 1, 0), ("below", -1, 1)):
        t.compare(
            t.state(
                f"errors add up, {name}",
                Le(sign_ * total(m, lambda i: v[i] * off(i)), error * total(m, lambda i: Abs(v[i]))),
            ),
            total(
                m,
                lambda i, g=part: (
                    error
                    * ((1 - share[i]) * (Abs(v[i]) + (1 - 2 * g) * v[i]) + share[i] * (Abs(v[i]) - (1 - 2 * g) * v[i]))
                ),
            ),
            because="each ridge within epsilon on its interval: the network within epsilon times the sum of |v_i|",
        )
