"""When a linear recursion of two terms contracts: where the roots of z^2 - T z + D lie.

On quadratics every method with momentum is such a recursion: in the eigenbasis every coordinate is
f(x) = lambda x^2 / 2 on its own, and h = lr lambda.
"""

from __future__ import annotations

from sympy import Abs, And, Equivalent, Implies, Limit, oo

from ..kernel import Eq, Gt, Lt, Proof, Source, theorem


@theorem(
    "The roots of z^2 - T z + D lie inside the unit circle exactly if D < 1 and |T| < 1 + D",
    covers=["004:heavy-ball-stability-region"],
    sources=[Source("004", "l.491-551", "(the panels; no formula)")],
)
def roots_inside_the_unit_circle(t: Proof) -> None:
    """T and D are the sum and the product of the roots; the two inequalities say that P(1) and P(-1) are positive."""
    real_roots(t)
    complex_roots(t)
    two_modes(t)


def real_roots(t: Proof) -> None:
    r, s = t.real("r s")
    inside = And(Lt(Abs(r), 1), Lt(Abs(s), 1))
    jury = And(Lt(r * s, 1), Lt(r + s, 1 + r * s), Lt(-(r + s), 1 + r * s))
    small = t.suppose(inside)
    signs = [
        small.compare(Gt(1 + sign * root, 0), [1 - Abs(root), Abs(root) + sign * root], because="|r| < 1")
        for root in (r, s)
        for sign in (1, -1)
    ]
    facts = [
        small.compare(
            Lt(r * s, 1),
            [(1 - r) * (1 + s) / 2, (1 + r) * (1 - s) / 2],
            using=signs,
            because="2 (1 - rs) = (1 - r)(1 + s) + (1 + r)(1 - s)",
        ),
        small.compare(Lt(r + s, 1 + r * s), (1 - r) * (1 - s), using=signs, because="P(1) = (1 - r)(1 - s)"),
        small.compare(Lt(-(r + s), 1 + r * s), (1 + r) * (1 + s), using=signs, because="P(-1) = (1 + r)(1 + s)"),
    ]
    necessary = small.both(jury, facts, because="all three")
    given = t.suppose(jury)
    plus, minus = 1 + r * s - (r + s), 1 + r * s + (r + s)
    not_both = given.compare(
        Gt(2 - r**2 - s**2, 0),
        [plus * minus, (1 - r * s) * plus / 2, (1 - r * s) * minus / 2],
        because="a + b = ab + 1 - (rs)^2 for a = 1 - r^2, b = 1 - s^2, and 2 (1 + rs) = P(1) + P(-1) > 0: not both "
        "outside",
    )
    within = []
    for root in (r, s):
        squared = given.compare(
            Gt(1 - root**2, 0),
            [(1 - root**2) ** 2 / (2 - r**2 - s**2), plus * minus / (2 - r**2 - s**2)],
            using=[not_both],
            because="a = (a^2 + ab) / (a + b), and ab = P(1) P(-1)",
        )
        within.append(
            given.compare(
                Lt(Abs(root), 1),
                (1 - root**2) / (1 + Abs(root)),
                using=[squared],
                because="1 - r^2 = (1 - |r|)(1 + |r|)",
            )
        )
    sufficient = given.both(inside, within, because="both")
    t.equivalent(
        t.state("two real roots", Equivalent(inside, jury)), [necessary, sufficient], because="as supposed, both ways"
    )


def complex_roots(t: Proof) -> None:
    """Roots p +- iq with q != 0: T = 2p, D = p^2 + q^2, and the two inequalities hold by themselves."""
    p, q = t.real("p"), t.real("q", nonzero=True)
    t.compare(
        t.state("a pair of complex roots: T < 1 + D", Lt(2 * p, 1 + p**2 + q**2)),
        [(1 - p) ** 2, q**2],
        because="P(1) = (1 - p)^2 + q^2; so only D = p^2 + q^2, the squared modulus, has to be below 1",
    )
    t.compare(
        t.state("a pair of complex roots: -T < 1 + D", Lt(-2 * p, 1 + p**2 + q**2)),
        [(1 + p) ** 2, q**2],
        because="P(-1) = (1 + p)^2 + q^2",
    )


def two_modes(t: Proof) -> None:
    """x_(k+2) = T x_(k+1) - D x_k with T = r + s and D = r s: every solution is made of r^k and s^k."""
    k, r, gap, start, first = t.time("k"), t.real("rho"), t.positive("gap"), t.real("x0"), t.real("x1")
    s = r - gap
    x, following_x = t.recursion(
        k,
        x=(start, lambda x, y: y(k)),
        y=(first, lambda x, y: (r + s) * y(k) - r * s * x(k)),
    )
    closed = ((first - s * start) * r**k - (first - r * start) * s**k) / gap
    t.induct(
        t.state("two different real roots", Eq(x(k), closed)),
        Eq(following_x(k), closed.subs(k, k + 1)),
        over=k,
        because="both r^k and s^k solve the recursion, and this combination starts at x_0, x_1",
    )
    inside = And(Lt(Abs(r), 1), Lt(Abs(s), 1))
    gone = t.suppose(inside).limit(Eq(Limit(closed, k, oo), 0), because="both powers vanish")
    t.implies(
        t.state("inside the unit circle every solution vanishes", Implies(inside, gone.claim)),
        gone,
        because="as supposed",
    )
    slope = t.real("c")
    z, following_z = t.recursion(
        k,
        z=(start, lambda z, w: w(k)),
        w=(r * (start + slope), lambda z, w: 2 * r * w(k) - r**2 * z(k)),
    )
    t.induct(
        t.state("a double root, x_1 = rho (x_0 + c)", Eq(z(k), r**k * (start + k * slope))),
        Eq(following_z(k), r ** (k + 1) * (start + (k + 1) * slope)),
        over=k,
        because="where two roots meet, k r^k takes the place of the second power",
    )
