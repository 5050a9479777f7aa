"""The minimum of a quadratic: where it is, and when there is one."""

from __future__ import annotations

from sympy import Derivative, Implies, Rational

from ..kernel import Eq, Ge, Proof, Source, misprint, theorem, total
from .eigenbasis import form, quadratic

HALF = Rational(1, 2)


@theorem(
    (
        "A quadratic has a minimum exactly where its curvature allows: completing the square, and how it is "
        "unbounded otherwise"
    ),
    covers=["002:quadratic-objective-well-posed"],
    sources=[Source("002", "l.135", "min 1/2 x'Ax - b'x, A symmetric")],
)
def quadratic_minimum(t: Proof) -> None:
    """b = A x* says that b is in the range; then f - f* is the form of A, and its sign along every line decides."""
    n, a, times = quadratic(t)
    x, best, v, s = t.vector("x", n), t.vector("xstar", n), t.vector("v", n), t.real("s")
    data = t.vector("b", n)
    point, star, way = (lambda i: x[i]), (lambda i: best[i]), (lambda i: v[i])
    value = lambda z, b: HALF * form(n, a, z, z) - total(n, lambda i: b(i) * z(i))  # noqa: E731
    b = times(star)
    slope = lambda z: total(n, lambda i: (times(z)(i) - data[i]) * v[i])  # noqa: E731
    along = lambda i: x[i] + s * v[i]  # noqa: E731
    t.equal(
        t.state("gradient", Eq(Derivative(value(along, lambda i: data[i]), s), slope(along))),
        because=(
            "the slope along every direction v is (Ax - b)'v, as A is symmetric; otherwise (A + A')/2 would stand here"
        ),
    )
    difference = lambda i: x[i] - best[i]  # noqa: E731
    t.equal(
        t.state("gap", Eq(value(point, b) - value(star, b), HALF * form(n, a, difference, difference))),
        because="complete the square around a point with A x* = b; so A >= 0 makes x* a minimum, A > 0 the only one",
    )
    t.equal(
        t.state(
            "negative curvature is unbounded below",
            Eq(value(lambda i: best[i] + s * v[i], b) - value(star, b), HALF * s**2 * form(n, a, way, way)),
        ),
        because="where v'Av < 0 the right side falls below everything as s grows",
    )
    t.equal(
        t.state(
            "b outside the range is unbounded below",
            Eq(
                value(lambda i: s * v[i], lambda i: data[i]),
                HALF * s**2 * total(n, lambda i: v[i] * times(way)(i)) - s * total(n, lambda i: data[i] * v[i]),
            ),
        ),
        because="where Av = 0 and b'v is not 0 a linear function is left, which falls without end",
    )
    c, curve, depth = t.nonnegative("c"), t.positive("a"), t.nonnegative("m")
    reach = 2 * (c + depth) / curve
    t.equal(
        t.state("how far down", Eq(-curve * reach**2 / 2 + c * reach, -2 * depth * (c + depth) / curve)),
        because="at s = 2(c + m)/a a parabola of curvature -a is 2m(c + m)/a below its start, however steep it rose",
    )


@misprint(
    "A symmetric matrix alone gives no minimum",
    corrected="quadratic-minimum",
    covers=["002:quadratic-objective-well-posed"],
    sources=[Source("002", "l.135", "min 1/2 x'Ax - b'x, A symmetric")],
)
def quadratic_minimum_of_any_symmetric_matrix(t: Proof) -> None:
    """A = -1, b = 0: the critical point 0 is no minimum."""
    a, b, x, best = t.real("A b x xstar")
    f = lambda z: HALF * a * z**2 - b * z  # noqa: E731
    t.refute(
        Implies(Eq(a * best, b), Ge(f(x), f(best))),
        {a: -1, b: 0, best: 0, x: 1},
        because="f(1) = -1/2 is below f(0) = 0, and f(x) = -x^2/2 has no minimum at all",
    )
