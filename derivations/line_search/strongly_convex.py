"""Rates on smooth strongly convex functions, of fixed steps and of exact line search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Implies

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, theorem, total


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
