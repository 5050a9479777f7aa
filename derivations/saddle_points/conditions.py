"""What the Hessian decides at a critical point, what it leaves open, and what a slice through a loss shows."""

from __future__ import annotations

from sympy import Derivative, Implies, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


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
        because="the point between two least values is one itself",
    )
    strict = Lt(between, (1 - share) * here + share * here)
    lower = t.suppose(strict).compare(
        Lt(between, here), strict.rhs - strict.lhs, because="the chord between two minimizers is level"
    )
    t.implies(
        t.state("strictly between two minimizers there would be a lower point", Implies(strict, lower.claim)),
        lower,
        because="a contradiction: a strictly convex function has one minimizer at most",
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
