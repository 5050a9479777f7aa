"""How far to step: directions, the change along one, exact search and its zig-zag, the rates of fixed and exact steps.

f(x) = 1/2 sum_i lambda_i x_i^2 in the eigenbasis; the gradient is g_i = lambda_i x_i, and the exact step is g'g / g'Ag.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Abs, Derivative, Implies, Rational, cos, sin, sqrt, sympify

from .kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, theorem, total
from .quadratics.eigenbasis import form, quadratic

HALF = Rational(1, 2)


@theorem(
    "Exact line search zig-zags, and contracts the gap by ((kappa-1)/(kappa+1))^2 in the worst case",
    covers=[
        "001:exact-line-search-step", "001:exercise-closed-form", "001:exercise-consecutive-gradients-orthogonal",
        "001:exact-line-search-worst-case-rate",
    ],
    sources=[Source("001", "l.465", "f(x, y) = (x^2 + b y^2)/2 from (b, 1)")],
)  # fmt: skip
def exact_line_search_zigzag(t: Proof) -> None:
    """The exercise by induction; any quadratic by differentiating along the line; the rate by Kantorovich's
    inequality.
    """
    zigzag(t)
    orthogonal_gradients(t)
    worst_case(t)


def zigzag(t: Proof) -> None:
    """f = (x^2 + b y^2)/2 from (b, 1): the ratio x : y only changes its sign, so every step is the same."""
    b, k = t.real("b", 0, 1, open=True), t.time("k")

    def exact_step(x: Any, y: Any) -> Any:
        return (x**2 + b**2 * y**2) / (x**2 + b**3 * y**2)

    x, y = t.recursion(
        k,
        x=(b, lambda x, y: x(k) - exact_step(x(k), y(k)) * x(k)),
        y=(1, lambda x, y: y(k) - exact_step(x(k), y(k)) * b * y(k)),
    )
    q = (1 - b) / (1 + b)
    closed = t.induct(
        t.state("x_k", Eq(x(k), b * (-q) ** k)),
        t.state("y_k", Eq(y(k), q**k)),
        over=k,
        because="at (b (-q)^k, q^k) the exact step is 2/(1+b), which multiplies x by -q and y by q",
    )
    t.equal(
        t.state("every step is 2/(1+b)", Eq(exact_step(x(k), y(k)), 2 / (1 + b))),
        using=closed,
        because="both coordinates carry the factor q^k, which cancels",
    )
    t.equal(
        t.state(
            "this start attains the worst case",
            Eq(HALF * (x(k + 1) ** 2 + b * y(k + 1) ** 2), q**2 * HALF * (x(k) ** 2 + b * y(k) ** 2)),
        ),
        using=closed,
        because="f is quadratic and both coordinates shrink by q; with kappa = 1/b, q = (kappa-1)/(kappa+1)",
    )


def orthogonal_gradients(t: Proof) -> None:
    """For any symmetric A and b: the next gradient is orthogonal to this one, because the line was searched to its end.

    b is written as the gradient h less A x, so that the gradient at x is h, any vector.
    """
    d = t.size("d")
    root, gradient, x = t.vector("R", d, d), t.vector("h", d), t.vector("x", d)
    alpha = t.real("alpha")
    # A = R + R' is any symmetric matrix
    a = lambda i, j: root[i, j] + root[j, i]  # noqa: E731
    shift = lambda i: gradient[i] - total(d, lambda j: a(i, j) * x[j])  # noqa: E731
    curvature = total(d, lambda i: total(d, lambda j: gradient[i] * a(i, j) * gradient[j]))
    squared = total(d, lambda i: gradient[i] ** 2)
    point = lambda i: x[i] - alpha * gradient[i]  # noqa: E731
    objective = HALF * total(d, lambda i: total(d, lambda j: a(i, j) * point(i) * point(j))) + total(
        d, lambda i: shift(i) * point(i)
    )
    t.equal(
        t.state("slope along the line", Eq(Derivative(objective, alpha), alpha * curvature - squared)),
        because="the objective is quadratic in the step: slope -g'g at 0, second derivative g'Ag",
    )
    following = lambda i: total(d, lambda j: a(i, j) * point(j)) + shift(i)  # noqa: E731
    t.equal(
        t.state(
            "next gradient along this one",
            Eq(total(d, lambda i: gradient[i] * following(i)), squared - alpha * curvature),
        ),
        because="the next gradient is g - alpha A g; at the exact step alpha = g'g / g'Ag the product is 0",
    )


def worst_case(t: Proof) -> None:
    """Kantorovich: (g'g)^2 / (g'Ag g'A^-1 g) >= 4 mu L / (mu + L)^2, by the sign of (lambda - mu)(L - lambda) and
    a square.
    """
    n = t.size("n")
    mu, gap = t.positive("mu"), t.nonnegative("gap")
    largest = mu + gap
    # spectrum in [mu, L]: lambda_i = mu + gap u_i with 0 <= u_i <= 1
    u, g = t.vector("u", n, low=0, high=1), t.vector("g", n)
    eigenvalue = lambda i: mu + gap * u[i]  # noqa: E731
    squared = total(n, lambda i: g[i] ** 2)
    forward = total(n, lambda i: eigenvalue(i) * g[i] ** 2)
    backward = total(n, lambda i: g[i] ** 2 / eigenvalue(i))
    alpha = next(d.symbol for d in t.declared if str(d.symbol) == "alpha")
    t.equal(
        t.state(
            "gap after a step",
            Eq(
                HALF * total(n, lambda i: eigenvalue(i) * (g[i] / eigenvalue(i) - alpha * g[i]) ** 2),
                HALF * (backward - 2 * alpha * squared + alpha**2 * forward),
            ),
        ),
        because="x = A^-1 g, and the gap is x'Ax/2; at the exact step g'g / g'Ag it is (g'A^-1 g - (g'g)^2 / g'Ag)/2",
    )
    chord = t.compare(
        Le(forward + mu * largest * backward, (mu + largest) * squared),
        total(n, lambda i: gap**2 * u[i] * (1 - u[i]) * g[i] ** 2 / eigenvalue(i)),
        because="(lambda - mu)(L - lambda) >= 0 divided by lambda, weighted by g_i^2 and summed",
    )
    slack = (mu + largest) * squared - forward - mu * largest * backward
    kantorovich = t.compare(
        t.state("Kantorovich", Le(4 * mu * largest * forward * backward, (mu + largest) ** 2 * squared**2)),
        [
            (forward - mu * largest * backward) ** 2,
            slack * ((mu + largest) * squared + forward + mu * largest * backward),
        ],
        using=[chord],
        because="4 a b <= (a + b)^2 with a = g'Ag, b = mu L g'A^-1 g, and a + b is bounded by the chord",
    )
    rate = ((largest - mu) / (largest + mu)) ** 2
    t.compare(
        t.state("worst-case factor", Le(forward * backward - squared**2, rate * forward * backward)),
        ((mu + largest) ** 2 * squared**2 - 4 * mu * largest * forward * backward) / (mu + largest) ** 2,
        using=[kantorovich],
        because="1 - 4 mu L / (mu + L)^2 = ((L - mu)/(L + mu))^2, and both gaps are multiplied by 2 g'Ag",
    )


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


@theorem(
    (
        "Fixed-step gradient descent contracts by max(|1 - eta mu|, |1 - eta L|) on every L-smooth mu-strongly "
        "convex function"
    ),
    covers=["004:gd-convergence-interval", "001:gd-geometric-convergence"],
    sources=[
        Source("004", "l.257-269", "converges when 0 < eta < 2 / lambda_max"),
        Source("001", "l.284", "best constant eta = 2 / (mu + L)"),
    ],
)
def smooth_strongly_convex_fixed_step(t: Proof) -> None:
    """Not only quadratics: two points with their values and gradients, tied by the interpolation inequalities.

    x is the distance to the minimizer and g the gradient there. For the gradients of successive iterates read (g,
    change of g over -eta) for (x, g): they satisfy the same inequality, so the gradient norm contracts alike.
    """
    n = t.size("n")
    mu, gap = t.positive("mu gap")
    largest = mu + gap
    best = 2 / (mu + largest)
    x, g = t.vector("x", n), t.vector("g", n)
    cocoercive = total(n, lambda i: (g[i] - mu * x[i]) * (largest * x[i] - g[i]))
    interpolation(t, n, mu, gap, x, g, cocoercive)
    distance = total(n, lambda i: x[i] ** 2)
    eta = t.real("eta", 0, best)
    given = t.suppose(Ge(cocoercive, 0))
    by_mu = given.compare(
        Le(total(n, lambda i: (x[i] - eta * g[i]) ** 2), (1 - eta * mu) ** 2 * distance),
        [
            eta * ((mu + largest) * (best - eta) + eta * gap) / gap * cocoercive,
            eta * (mu + largest) * (best - eta) / gap * total(n, lambda i: (g[i] - mu * x[i]) ** 2),
        ],
        because="the multiplier 2 eta (1 - eta mu)/(L - mu) on the inequality leaves a multiple of |g - mu x|^2",
    )
    t.implies(
        t.state("steps up to 2/(mu + L)", Implies(Ge(cocoercive, 0), by_mu.claim)),
        by_mu,
        because="the class's inequality",
    )
    eta = t.real("eta_", best, 2 / largest)
    given = t.suppose(Ge(cocoercive, 0))
    by_largest = given.compare(
        Le(total(n, lambda i: (x[i] - eta * g[i]) ** 2), (1 - eta * largest) ** 2 * distance),
        [
            eta * ((mu + largest) * (eta - best) + eta * gap) / gap * cocoercive,
            eta * (mu + largest) * (eta - best) / gap * total(n, lambda i: (largest * x[i] - g[i]) ** 2),
        ],
        because="the multiplier 2 eta (eta L - 1)/(L - mu) leaves a multiple of |L x - g|^2",
    )
    t.implies(
        t.state("steps from there to 2/L", Implies(Ge(cocoercive, 0), by_largest.claim)),
        by_largest,
        because="the class's inequality",
    )
    attained(t, n, mu, gap, x)


def interpolation(t: Proof, n: Any, mu: Any, gap: Any, x: Any, g: Any, cocoercive: Any) -> None:
    """The two interpolation inequalities between a point and the minimizer add up to (g - mu x)'(L x - g) >= 0.

    The first, f >= f* + q, defines f by its slack; q holds the squares.
    """
    least, slack = t.real("fstar"), t.nonnegative("s")
    largest = mu + gap
    squares = total(n, lambda i: g[i] ** 2 - 2 * mu * g[i] * x[i] + mu * largest * x[i] ** 2) / (2 * gap)
    value = least + squares + slack
    from_point = Ge(least, value - total(n, lambda i: g[i] * x[i]) + squares)
    summed = t.suppose(from_point).compare(
        Ge(cocoercive, 0),
        [gap * (from_point.lhs - from_point.rhs), gap * slack],
        because="L - mu times their sum: the function values cancel",
    )
    t.implies(
        t.state("interpolation", Implies(from_point, summed.claim)),
        summed,
        because="the inequalities of a function that is L-smooth and mu-strongly convex, between x and the minimizer",
    )


def attained(t: Proof, n: Any, mu: Any, gap: Any, x: Any) -> None:
    """The parabolas mu/2 |x|^2 and L/2 |x|^2 are such functions, and they attain the two rates."""
    largest = mu + gap
    eta = t.real("eta__", 0, 2 / largest, open=True)
    for name, curvature in (("mu", mu), ("L", largest)):
        following = total(n, lambda i, c=curvature: (x[i] - eta * c * x[i]) ** 2)
        t.equal(
            t.state(
                f"{name}/2 |x|^2 attains it",
                Eq(following, (1 - eta * curvature) ** 2 * total(n, lambda i: x[i] ** 2)),
            ),
            because="its gradient is the curvature times x, so each coordinate has this factor",
        )
    c = t.real("c")
    t.equal(
        t.state(
            "which parabolas are in the class",
            Eq(
                total(n, lambda i: (c * x[i] - mu * x[i]) * (largest * x[i] - c * x[i])),
                (c - mu) * (largest - c) * total(n, lambda i: x[i] ** 2),
            ),
        ),
        because="c/2 |x|^2 satisfies the inequality for mu <= c <= L, with equality at both ends",
    )
    u = t.real("u", 0, 1)
    t.compare(
        t.state("inside (0, 2/L) every mode contracts", Lt((1 - eta * (mu + u * gap)) ** 2, 1)),
        [
            eta * (mu + u * gap) * (mu + gap) * (2 / (mu + gap) - eta),
            eta * (mu + u * gap) * eta * gap * (1 - u),
        ],
        because="1 - (1 - h)^2 = h (2 - h), and h = eta lambda is below 2",
    )


def lower_bound(n: Any, mu: Any, gap: Any) -> Callable[..., Any]:
    """By how much f_a exceeds f_b at least, in the class: g_b'(x_a - x_b) + q(a, b), with q a sum of squares.

    Between any two points of an L-smooth mu-strongly convex function this is all that their values and gradients obey.
    """

    def lower(xa: Any, ga: Any, xb: Any, gb: Any) -> Any:
        dx, dg = (lambda i: xa(i) - xb(i)), (lambda i: ga(i) - gb(i))
        squares = total(n, lambda i: dg(i) ** 2 - 2 * mu * dg(i) * dx(i) + mu * (mu + gap) * dx(i) ** 2) / (2 * gap)
        return total(n, lambda i: gb(i) * dx(i)) + squares

    return lower


@theorem(
    (
        "Fixed-step gradient descent contracts f - f* by max(|1 - eta mu|, |1 - eta L|)^2 on every L-smooth "
        "mu-strongly convex f"
    ),
    covers=["004:gd-convergence-interval", "004:rate-at-optimal-step"],
    sources=[
        Source("004", "l.257-269", "converges when 0 < eta < 2 / lambda_max"),
        Source("004", "l.349-358", "rate of convergence of the f-gap"),
    ],
)
def smooth_strongly_convex_function_values(t: Proof) -> None:
    """With rho the factor of the distance: multipliers rho for (0, 1), rho (1 - rho) for (*, 0), 1 - rho for (*, 1).

    The points are the start 0, the next iterate 1 and the minimizer *, at 0 with gradient 0; `lower_bound` ties pairs.
    The parabolas mu/2 |x|^2 and L/2 |x|^2 attain the rate, as for the distance.
    """
    n = t.size("n")
    mu, gap = t.positive("mu gap")
    largest, best = mu + gap, 2 / (2 * mu + gap)
    x0, g0, g1 = t.vector("x0", n), t.vector("g0", n), t.vector("g1", n)
    f0, f1, least = t.real("f0 f1 fstar")
    lower, zero = lower_bound(n, mu, gap), lambda i: 0
    start, start_gradient, gradient = (lambda i: x0[i]), (lambda i: g0[i]), (lambda i: g1[i])

    def rate(name: str, eta: Any, rho: Any, first: Any, weight: Any, second: Any) -> None:
        iterate = lambda i: x0[i] - eta * g0[i]  # noqa: E731
        weighted = (
            rho * (f0 - f1 - lower(start, start_gradient, iterate, gradient))
            + rho * (1 - rho) * (least - f0 - lower(zero, zero, start, start_gradient))
            + (1 - rho) * (least - f1 - lower(zero, zero, iterate, gradient))
        )
        fact = t.suppose(Ge(weighted, 0)).compare(
            Le(f1 - least, rho**2 * (f0 - least)),
            [
                weighted,
                total(n, lambda i: first(i) ** 2) / (2 * gap),
                weight / (2 * gap) * total(n, lambda i: second(i) ** 2),
            ],
            because="the values cancel but for the claim, and what the inner products leave is two squares",
        )
        t.implies(
            t.state(name, Implies(Ge(weighted, 0), fact.claim)),
            fact,
            because="each of the three differences is >= 0 in the class, and 0 <= rho <= 1",
        )

    eta = t.real("eta", 0, best)
    rate(
        "steps up to 2/(mu + L)",
        eta,
        1 - eta * mu,
        lambda i: g1[i] + (eta * (2 * mu + gap) - 1) * g0[i] - eta * mu * largest * x0[i],
        eta * largest * (2 * mu + gap) * (best - eta),
        lambda i: g0[i] - mu * x0[i],
    )
    long = t.real("eta_", best, 2 / largest)
    rate(
        "steps from there to 2/L",
        long,
        long * largest - 1,
        lambda i: g1[i] + g0[i] + largest * (long * largest - 2) * x0[i],
        largest * (2 / largest - long) * (2 * mu + gap) * (long - best),
        lambda i: g0[i] - largest * x0[i],
    )


@theorem(
    "Exact line search contracts f - f* by ((L - mu)/(L + mu))^2 on every L-smooth mu-strongly convex function",
    covers=["001:exact-line-search-worst-case-rate"],
    sources=[Source("001", "l.465", "steepest descent with exact line search")],
)
def smooth_strongly_convex_exact_line_search(t: Proof) -> None:
    """Three interpolation inequalities, with multipliers, leave two squares (de Klerk, Glineur and Taylor, 2017).

    The points are the start 0, the next iterate 1 and the minimizer, at 0 with gradient 0.
    """
    n = t.size("n")
    mu, gap = t.positive("mu gap")
    largest, both = mu + gap, 2 * mu + gap
    x0, g0, g1 = t.vector("x0", n), t.vector("g0", n), t.vector("g1", n)
    f0, f1, least, alpha = t.real("f0 f1 fstar alpha")
    zero = lambda i: 0  # noqa: E731
    start, start_gradient = (lambda i: x0[i]), (lambda i: g0[i])
    iterate, gradient = (lambda i: x0[i] - alpha * g0[i]), (lambda i: g1[i])

    lower = lower_bound(n, mu, gap)
    weighted = (
        gap / both * (f0 - f1 - lower(start, start_gradient, iterate, gradient))
        + 2 * mu * gap / both**2 * (least - f0 - lower(zero, zero, start, start_gradient))
        + 2 * mu / both * (least - f1 - lower(zero, zero, iterate, gradient))
    )
    slope = total(n, lambda i: g0[i] * g1[i])
    a = lambda i: (  # noqa: E731
        x0[i]
        - both / (largest + 3 * mu) * iterate(i)
        - (3 * largest + mu) / (largest * (largest + 3 * mu)) * g0[i]
        - both / (largest * (largest + 3 * mu)) * g1[i]
    )
    b = lambda i: (  # noqa: E731
        iterate(i) - gap**2 / (2 * largest * mu * both) * g0[i] - both / (2 * largest * mu) * g1[i]
    )
    fact = t.suppose(Ge(weighted, 0)).compare(
        Le(f1 - least, (gap / both) ** 2 * (f0 - least) - (alpha - 2 / both) * slope),
        [
            weighted,
            mu * largest * (largest + 3 * mu) / (2 * both**2) * total(n, lambda i: a(i) ** 2),
            2 * largest * mu**2 / (gap * (largest + 3 * mu)) * total(n, lambda i: b(i) ** 2),
        ],
        because="with these multipliers on the three inequalities all values cancel but those of the claim",
    )
    t.implies(
        t.state("rate", Implies(Ge(weighted, 0), fact.claim)),
        fact,
        because=(
            "each of the three differences is >= 0 in the class, and the search ends where the slope g0'g1 is 0; the "
            "zig-zag from (b, 1), with mu = b and L = 1, attains the rate"
        ),
    )


@theorem(
    "The descent lemma, its best step 1/L, and the 1/k rate of gradient descent on convex functions",
    covers=["000:gradient-descent-update"],
    sources=[Source("000", "l.695-701", "theta <- theta - lambda grad J(theta)")],
)
def gradient_descent_on_convex_functions(t: Proof) -> None:
    """k (f_k - f*) + L/2 |x_k - x*|^2 never grows; x is the distance to the minimizer, whose value is 0."""
    n = t.size("n")
    curvature = t.positive("L")
    lr, value, following = t.nonnegative("lambda_"), t.real("f"), t.real("fnext")
    x, g = t.vector("x", n), t.vector("g", n)
    squared = total(n, lambda i: g[i] ** 2)
    smooth = Le(following, value - lr * squared + curvature / 2 * total(n, lambda i: (lr * g[i]) ** 2))
    descent = t.suppose(smooth).compare(
        Le(following, value - lr * (1 - curvature * lr / 2) * squared),
        smooth.rhs - smooth.lhs,
        because="put the step into the quadratic upper bound of an L-smooth function",
    )
    t.implies(
        t.state("descent lemma", Implies(smooth, descent.claim)), descent, because="so f falls for every step below 2/L"
    )
    t.compare(
        t.state("the best step is 1/L", Le(lr * (1 - curvature * lr / 2), 1 / (2 * curvature))),
        curvature / 2 * (lr - 1 / curvature) ** 2,
        because="a parabola in the step",
    )
    cocoercive = Ge(total(n, lambda i: g[i] * x[i]), squared / curvature)
    nearer = t.suppose(cocoercive).compare(
        Le(
            total(n, lambda i: (x[i] - lr * g[i]) ** 2),
            total(n, lambda i: x[i] ** 2) - lr * (2 / curvature - lr) * squared,
        ),
        2 * lr * (cocoercive.lhs - cocoercive.rhs),
        because="expand the square; g'x >= |g|^2/L is the interpolation inequality with mu = 0",
    )
    t.implies(
        t.state("every step below 2/L comes nearer", Implies(cocoercive, nearer.claim)),
        nearer,
        because="on every L-smooth convex function, not on quadratics only",
    )
    k = t.time("k")
    falls = Le(following, value - squared / (2 * curvature))
    convex = Le(value, total(n, lambda i: g[i] * x[i]))
    distance = total(n, lambda i: x[i] ** 2)
    next_distance = total(n, lambda i: (x[i] - g[i] / curvature) ** 2)
    lyapunov = (
        t.suppose(falls)
        .suppose(convex)
        .compare(
            Le((k + 1) * following + curvature / 2 * next_distance, k * value + curvature / 2 * distance),
            [(k + 1) * (falls.rhs - falls.lhs), convex.rhs - convex.lhs, k * squared / (2 * curvature)],
            because=(
                "k + 1 times the descent, once convexity between x_k and x*: the squared gradient cancels but "
                "for k parts"
            ),
        )
    )
    inner = t.suppose(falls).implies(Implies(convex, lyapunov.claim), lyapunov, because="as supposed")
    t.implies(t.state("it never grows", Implies(falls, inner.claim)), inner, because="one step at 1/L")
    steps = t.size("N")
    loss, start = t.vector("d", steps, low=0), t.nonnegative("V0")
    m = t.integer("m", 0, steps)
    (energy,) = t.recursion(k, V=(start, lambda v: v(k) - loss[k + 1]))
    spent = t.induct(
        t.state("what it loses adds up", Eq(total(m, lambda j: loss[j]), start - energy(m))),
        over=m,
        because="step by step",
    )[0]
    above, far = t.real("fk"), t.nonnegative("rk")
    form = Le(m * above + curvature / 2 * far, energy(m))
    rate = t.suppose(form).compare(
        Le(m * above, start),
        [form.rhs - form.lhs, curvature / 2 * far, total(m, lambda j: loss[j])],
        using=[spent],
        because="neither the losses nor the distance are negative",
    )
    t.implies(
        t.state("f_k - f* is at most V_0/k", Implies(form, rate.claim)),
        rate,
        because="with V_0 = L/2 |x_0 - x*|^2, k = m and f_k - f* = fk, r_k = |x_k - x*|^2",
    )
    small_gradients(t, loss, steps, m)


def small_gradients(t: Proof, spare: Any, steps: Any, m: Any) -> None:
    """Without convexity: each of m steps at eta <= 1/L gains at least eta/2 |g_k|^2, and all of them no more than
    f_0 - f*.
    """
    eta, least = t.positive("eta"), t.nonnegative("s")  # s: the smallest of the squared gradients
    more, left = t.vector("e", steps, low=0), t.nonnegative("rest")
    gains = total(m, lambda k: eta / 2 * (least + more[k]) + spare[k])
    t.compare(
        t.state("some gradient is small", Le(least * m, 2 / eta * (gains + left))),
        [2 / eta * total(m, lambda k: eta / 2 * more[k] + spare[k]), 2 / eta * left],
        because=(
            "f_0 - f* is the sum of the gains and what is left: the smallest |g_k|^2 is at most 2 (f_0 - f*)/(eta m)"
        ),
    )


@theorem(
    "Along a level set of a smooth function the gradient is orthogonal, up to a cosine that vanishes with the distance",
    covers=["004:gradient-orthogonal-to-level-set"],
    sources=[Source("004", "l.94-97", "the gradient is always orthogonal to the contour")],
)
def gradient_orthogonal_to_the_level_set(t: Proof) -> None:
    """Smoothness says |f(y) - f(x) - g'(y - x)| <= L/2 |y - x|^2; on a level set the difference of the values is 0."""
    n = t.size("n")
    half, difference = t.nonnegative("c"), t.real("D")
    g, chord = t.vector("g", n), t.vector("v", n)
    slope = total(n, lambda i: g[i] * chord[i])
    smooth = Le(Abs(difference - slope), half * total(n, lambda i: chord[i] ** 2))
    given = t.suppose(smooth)
    remainder = smooth.rhs - smooth.lhs
    for name, sign in (("from above", 1), ("from below", -1)):
        fact = given.compare(
            Le(sign * slope, Abs(difference) + smooth.rhs),
            [
                Abs(difference) - sign * difference,
                Abs(difference - slope) + sign * (difference - slope),
                remainder,
            ],
            because="the slope is the difference of the values less the remainder",
        )
        t.implies(
            t.state(name, Implies(smooth, fact.claim)),
            fact,
            because=(
                "with D = 0 the cosine between g and the chord is at most L/2 |chord| / |g|, which vanishes with it"
            ),
        )
    a, p, q, s = t.positive("a"), t.positive("lambda_1"), t.positive("lambda_2"), t.real("s")
    x, y = a * cos(s) / sqrt(p), a * sin(s) / sqrt(q)
    t.equal(t.state("an ellipse is a level set", Eq((p * x**2 + q * y**2) / 2, a**2 / 2)), because="cos^2 + sin^2 = 1")
    t.equal(
        t.state("its tangent", Eq(p * x * Derivative(x, s) + q * y * Derivative(y, s), 0)),
        because="gradient (p x, q y) times the derivative of the curve",
    )
    p_, q_, w = t.real("y1 y2 w")
    t.equal(
        t.state(
            "no direction at a saddle", Eq(Derivative(p_ * q_, p_) * w + Derivative(p_ * q_, q_) * w, w * (p_ + q_))
        ),
        because=(
            "y1 y2 has the gradient (y2, y1), which is 0 at the crossing of its two contours: there is nothing "
            "to be orthogonal"
        ),
    )


@theorem(
    (
        "The Rosenbrock function: one critical point, its minimum, with condition number 2508; stable steps "
        "below 0.002; not convex"
    ),
    covers=["004:rosenbrock-function"],
    sources=[Source("004", "l.838-850", "f(x) = (x1 - 1)^2 + 100 (x2 - x1^2)^2")],
)
def rosenbrock_function(t: Proof) -> None:
    """A sum of two squares; the gradient determines both, and the Hessian at (1, 1) has the eigenvalues 501 +-
    sqrt(250601).
    """
    x, y = t.real("x1 x2")
    f = (x - 1) ** 2 + 100 * (y - x**2) ** 2
    first, second = 2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)
    t.equal(t.state("first partial", Eq(Derivative(f, x), first)), because="the chain rule")
    t.equal(t.state("second partial", Eq(Derivative(f, y), second)), because="the chain rule")
    t.equal(
        t.state(
            "one critical point",
            Eq((first + 2 * x * second) ** 2 + second**2, 4 * (x - 1) ** 2 + 40000 * (y - x**2) ** 2),
        ),
        because="both partials vanish only where x1 = 1 and x2 = x1^2, at (1, 1), where f = 0 as well",
    )
    at = {x: 1, y: 1}
    hessian = [[sympify(f).diff(p, q) for q in (x, y)] for p in (x, y)]
    z = t.real("z")
    characteristic = (hessian[0][0] - z) * (hessian[1][1] - z) - hessian[0][1] ** 2
    low, high = 501 - sqrt(250601), 501 + sqrt(250601)
    t.equal(
        t.state("eigenvalues", Eq(characteristic.subs(at), (z - low) * (z - high))),
        because="trace 1002 and determinant 400 of the Hessian [[802, -400], [-400, 200]]",
    )
    for name, p, q in (("f11", x, x), ("f12", x, y), ("f22", y, y)):
        t.equal(
            t.state(
                name, Eq(Derivative(f, p, q), {"f11": 1200 * x**2 - 400 * y + 2, "f12": -400 * x, "f22": 200}[name])
            ),
            because="differentiate the partials; at (0, 1) f11 = -398, so f is not convex",
        )
    t.equal(
        t.state("condition number", Eq(high / low, (501 + sqrt(250601)) ** 2 / 400)),
        because="the product of the eigenvalues is 400; this is 2508.01",
    )
    t.equal(
        t.state("largest stable step", Eq(2 / high, low / 200)), because="2/lambda_max = 2 lambda_min / 400 = 0.0019968"
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("line_search")
