"""Directions: the steepest one, and the change of a quadratic along the gradient."""

from __future__ import annotations

from sympy import Abs, Implies, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, theorem, total
from ..quadratics.eigenbasis import form, quadratic

HALF = Rational(1, 2)


@theorem(
    "The steepest descent direction is -g/|g| in the Euclidean norm, and -sign(g) in the maximum norm",
    covers=["000:steepest-descent-direction", "004:gradient-descent-step"],
    sources=[
        Source("000", "l.623", "steepest gradient descent"),
        Source("004", "l.82-92", "x_(t+1) = x_t - eta grad f(x_t)"),
    ],
)
def steepest_descent_direction(t: Proof) -> None:
    """g'u + |g| is |g|/2 times the squared distance of u from -g/|g|, for every unit vector u."""
    n = t.size("n")
    g, u = t.vector("g", n, nonzero=True), t.vector("u", n)
    length = sqrt(total(n, lambda i: g[i] ** 2))
    t.equal(
        t.state(
            "Euclidean norm",
            Eq(
                total(n, lambda i: g[i] * u[i]) + length * (1 + total(n, lambda i: u[i] ** 2)) / 2,
                length / 2 * total(n, lambda i: (u[i] + g[i] / length) ** 2),
            ),
        ),
        because=(
            "expand the square; with |u| = 1 the left side is g'u + |g|, so -|g| is the least value, at -g/|g| only"
        ),
    )
    t.equal(t.state("its slope", Eq(total(n, lambda i: -g[i] * g[i] / length), -length)), because="g'g = |g|^2")
    w = t.vector("w", n, low=0, high=1)
    t.compare(
        t.state("maximum norm", Ge(total(n, lambda i: g[i] * (1 - 2 * w[i])), -total(n, lambda i: Abs(g[i])))),
        total(n, lambda i: (1 - w[i]) * (Abs(g[i]) + g[i]) + w[i] * (Abs(g[i]) - g[i])),
        because="with u_i = 1 - 2 w_i in [-1, 1]: no term falls below -|g_i|",
    )
    t.equal(
        t.state(
            "attained by the signs", Eq(total(n, lambda i: g[i] * (-g[i] / Abs(g[i]))), -total(n, lambda i: Abs(g[i])))
        ),
        because="g_i^2 = |g_i|^2",
    )
    p, q = t.vector("p", n), t.vector("q", n)
    lagrange = total(n, lambda i: total(n, lambda j: (p[i] * q[j] - p[j] * q[i]) ** 2)) / 2
    t.compare(
        t.state(
            "Cauchy and Schwarz",
            Le(
                total(n, lambda i: p[i] * q[i]) ** 2,
                total(n, lambda i: p[i] ** 2) * total(n, lambda i: q[i] ** 2),
            ),
        ),
        lagrange,
        because=(
            "Lagrange's identity: the slack is half the sum of the squared 2 by 2 minors, 0 for parallel vectors only"
        ),
    )


@theorem(
    (
        "The exact change of a quadratic along the gradient, the step from which it rises, and the safe steps "
        "below 2/lambda_max"
    ),
    covers=["001:gradient-step-exact-change", "001:curvature-figure"],
    sources=[
        Source("001", "l.184-187", "f(x0 - eps g) = f(x0) - eps g'g + 1/2 eps^2 g'Hg"),
        Source("001", "l.177-187", "negative, zero and positive curvature along the gradient"),
    ],
)
def gradient_step_exact_change(t: Proof) -> None:
    """Along a line a quadratic is a parabola: slope -g'g, curvature g'Hg; everything else is the algebra of
    parabolas.
    """
    n, h, times = quadratic(t)
    x, linear, eps = t.vector("x", n), t.vector("b", n), t.real("epsilon")
    here = lambda i: x[i]  # noqa: E731
    value = lambda z: HALF * form(n, h, z, z) + total(n, lambda i: linear[i] * z(i))  # noqa: E731
    g = lambda i: times(here)(i) + linear[i]  # noqa: E731
    squared, curvature = total(n, lambda i: g(i) ** 2), form(n, h, g, g)
    change = value(lambda i: x[i] - eps * g(i)) - value(here)
    t.equal(
        t.state("change", Eq(change, -eps * squared + HALF * eps**2 * curvature)),
        because="expand about x: the linear part is the gradient times the step, the rest is the curvature",
    )
    t.equal(
        t.state("actual minus predicted", Eq(change - (-eps * squared), HALF * eps**2 * curvature)),
        because="the sign of g'Hg says whether the function falls faster or slower than its tangent",
    )
    parabola(t)
    rayleigh(t)


def parabola(t: Proof) -> None:
    """s = g'g > 0, c = g'Hg and a step e > 0: when -e s + e^2 c / 2 is positive, and where it is least."""
    s, c, step = t.positive("s c epsilon_")
    change = lambda e, c: -e * s + HALF * e**2 * c  # noqa: E731
    larger = t.suppose(Gt(step, 2 * s / c))
    rise = larger.compare(
        Gt(change(step, c), 0), step * c / 2 * (step - 2 * s / c), because="e c / 2 times the excess over 2 s / c"
    )
    t.implies(
        t.state("it rises beyond 2 g'g / g'Hg", Implies(Gt(step, 2 * s / c), rise.claim)), rise, because="as supposed"
    )
    smaller = t.suppose(Le(step, 2 * s / c))
    fall = smaller.compare(
        Le(change(step, c), 0), step * c / 2 * (2 * s / c - step), because="e c / 2 times what is missing"
    )
    t.implies(t.state("and not before", Implies(Le(step, 2 * s / c), fall.claim)), fall, because="as supposed")
    t.equal(
        t.state("best step", Eq(change(step, c) + s**2 / (2 * c), c / 2 * (step - s / c) ** 2)),
        because="complete the square: the least value -(g'g)^2 / (2 g'Hg) is taken at g'g / g'Hg only",
    )
    bent = t.nonnegative("nu")
    t.compare(
        t.state("without positive curvature every step falls", Lt(change(step, -bent), 0)),
        [step * s, HALF * step**2 * bent],
        because="both terms pull down",
    )


def rayleigh(t: Proof) -> None:
    """g'Hg between lambda_min g'g and lambda_max g'g, so that a step below 2/lambda_max falls whatever the gradient."""
    d = t.size("d")
    low, gap = t.real("lambda_min"), t.nonnegative("gap")
    u, g = t.vector("u", d, low=0, high=1), t.vector("g", d)
    curvature = total(d, lambda i: (low + gap * u[i]) * g[i] ** 2)
    squared = total(d, lambda i: g[i] ** 2)
    t.compare(
        t.state("curvature is at most lambda_max", Le(curvature, (low + gap) * squared)),
        total(d, lambda i: gap * (1 - u[i]) * g[i] ** 2),
        because="a weighted mean of eigenvalues",
    )
    t.compare(
        t.state("curvature is at least lambda_min", Ge(curvature, low * squared)),
        total(d, lambda i: gap * u[i] * g[i] ** 2),
        because="a weighted mean of eigenvalues",
    )
