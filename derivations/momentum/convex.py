"""Nesterov's rates beyond quadratics, on smooth convex and on strongly convex functions."""

from __future__ import annotations

from typing import Any

from sympy import Implies, sqrt

from ..kernel import Eq, Fact, Ge, Gt, Le, Proof, Source, theorem, total


@theorem(
    "Nesterov's method with lr = 1/L and alpha_k = (t_k - 1)/t_(k+1) on a smooth convex function: f(x_k) - f* <= 2 L "
    "|x_0 - x*|^2 / (k + 1)^2",
    covers=["000:nesterov-convex-rate"],
    sources=[Source("000", "l.823", "better than gradient descent for convex functions (batch)")],
)
def nesterov_convex_rate(t: Proof) -> None:
    """E_k = t_k^2 (f(x_k) - f*) + L/2 |u_k|^2 never grows, where u_k = t_k x_k - (t_k - 1) x_(k-1) - x*, and t_k >=
    (k+1)/2.

    All that is used of f: it lies above its tangent planes, and a gradient step of 1/L lowers it by at least |g|^2 /
    2L. So f(x_(k+1)) is below both upper bounds that the tangent plane at the look-ahead point y gives, at x_k and at
    x*, and hence below every average of the two, by |g|^2 / 2L and any amount more. The minimizer is put at 0, and f*
    too; x(0) here is x_1, after the first gradient step.
    """
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    smooth, start, first = t.positive("L"), t.vector("x0", d), t.vector("g0", d)
    gradient, drop, drop0 = t.vector("g", d, n + 1), t.vector("s", n + 1, low=0), t.nonnegative("s0")
    inner = lambda a, b: total(d, lambda i: a(i) * b(i))  # noqa: E731
    g = lambda i: gradient[i, k + 1]  # noqa: E731
    grown = lambda c: (1 + sqrt(1 + 4 * c**2)) / 2  # noqa: E731 - the positive root of T^2 - T = c^2
    ahead = lambda x, u, c: lambda i: x(i, k) + (u(i, k) - x(i, k)) / grown(c(k))  # noqa: E731
    at_iterate = lambda x, u, c, f: f(k) + inner(g, lambda i: ahead(x, u, c)(i) - x(i, k))  # noqa: E731

    def average(x: Any, u: Any, c: Any, f: Any) -> Any:
        """Of the bounds at x_k and at x*, with the weights t_k^2 and t_(k+1), which add up to t_(k+1)^2."""
        after = grown(c(k))
        return (c(k) ** 2 * at_iterate(x, u, c, f) + after * inner(g, ahead(x, u, c))) / after**2

    descent0 = inner(lambda i: first[i], lambda i: start[i]) - inner(lambda i: first[i], lambda i: first[i]) / (
        2 * smooth
    )
    x, u, c, f = t.recursion(
        k,
        x=((j,), start[j] - first[j] / smooth, lambda x, u, c, f: ahead(x, u, c)(j) - g(j) / smooth),
        u=((j,), start[j] - first[j] / smooth, lambda x, u, c, f: u(j, k) - grown(c(k)) * g(j) / smooth),
        T=(1, lambda x, u, c, f: grown(c(k))),
        f=(descent0 - drop0, lambda x, u, c, f: average(x, u, c, f) - inner(g, g) / (2 * smooth) - drop[k + 1]),
    )
    t.equal(
        t.state(
            "u_k in the iterates: the look-ahead point is x_k + (t_k - 1)/t_(k+1) (x_k - x_(k-1))",
            Eq(u(j, k + 1), c(k + 1) * x(j, k + 1) - (c(k + 1) - 1) * x(j, k)),
        ),
        because="t x_(k+1) = (t - 1) x_k + u_k - t g / L",
    )
    energy = c(k) ** 2 * f(k) + smooth / 2 * total(d, lambda i: u(i, k) ** 2)
    reach = smooth / 2 * total(d, lambda i: start[i] ** 2)
    claim = t.state("E_k <= L/2 |x_0 - x*|^2", Le(energy, reach))
    base = t.compare(
        claim.subs(k, 0), drop0, because="t_1 = 1 and u_1 = x_0 - g_0/L - x*, whose square the tangent plane bounds"
    )
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [reach - energy, grown(c(k)) ** 2 * drop[k + 1]],
        because="t_(k+1)^2 times the average is t_k^2 times the bound at x_k and t_(k+1) times that at x*; the rest "
        "is the square of u_(k+1) = u_k - t_(k+1) g / L",
    )
    bounded = t.induct_from(claim, over=k, base=base, step=step, because="step by step")
    long_enough = step_counts(t, k, c, grown)
    found = t.suppose(Ge(f(k), 0)).compare(
        Le(f(k), 4 * reach / (k + 2) ** 2),
        [
            4 * (reach - energy) / (k + 2) ** 2,
            4 * (energy - c(k) ** 2 * f(k)) / (k + 2) ** 2,
            4 * f(k) * (c(k) - (k + 2) / 2) * (c(k) + (k + 2) / 2) / (k + 2) ** 2,
        ],
        using=[bounded, long_enough],
        because="t^2 (f - f*) <= E <= L/2 |x_0 - x*|^2, and t >= (k + 2)/2 at the iterate k + 1",
    )
    t.implies(
        t.state("f(x_(k+1)) - f* <= 2 L |x_0 - x*|^2 / (k + 2)^2", Implies(Ge(f(k), 0), found.claim)),
        found,
        because="f* is the minimum, so f(x_k) - f* >= 0",
    )


def step_counts(t: Proof, k: Any, c: Any, grown: Any) -> Fact:
    """t_1 = 1, t_(k+1) = (1 + sqrt(1 + 4 t_k^2))/2: each count is at least half a step longer than the last."""
    t.equal(
        t.state("t_(k+1)^2 - t_(k+1) = t_k^2", Eq(c(k + 1) ** 2 - c(k + 1), c(k) ** 2)),
        because="it is the positive root of t^2 - t = t_k^2",
    )
    claim = t.state("t_(k+1) >= (k + 2)/2", Ge(c(k), (k + 2) / 2))
    base = t.compare(claim.subs(k, 0), [0], because="t_1 = 1")
    root = sqrt(1 + 4 * c(k) ** 2)
    before = t.suppose(claim)
    positive = before.compare(Gt(c(k), 0), [c(k) - (k + 2) / 2, (k + 2) / 2], because="at least 1")
    step = before.compare(
        claim.subs(k, k + 1),
        [1 / (2 * (root + 2 * c(k))), c(k) - (k + 2) / 2],
        using=[positive],
        because="sqrt(1 + 4 t^2) >= 2t, so each step adds at least 1/2",
    )
    return t.induct_from(claim, over=k, base=base, step=step, because="step by step")


@theorem(
    "Nesterov's method with lr = 1/L and alpha = (1 - s)/(1 + s), s = sqrt(mu/L), on every smooth strongly convex "
    "function: f(x_k) - f* + mu/2 |z_k - x*|^2 shrinks by 1 - s a step",
    covers=["001:nesterov-momentum", "000:nesterov-convex-rate", "004:nesterov-update"],
    sources=[Source("001", "l.342-348", "(no rate)"), Source("004", "l.580-594", "(no rate)")],
)
def nesterov_strongly_convex_rate(t: Proof) -> None:
    """The rate that `nesterov_on_quadratics` finds mode by mode holds for all functions with curvature in [mu, L].

    All that is used of f: it lies above its tangent planes, by mu/2 |.|^2 at x*, and a gradient step of 1/L lowers it
    by at least |g|^2 / 2L. So f(x_(k+1)) is below both upper bounds that the tangent plane at y gives, and hence below
    their average with the weights 1 - s and s, by |g|^2 / 2L and any amount more. The minimizer is put at 0, and f*
    too. z_(k+1) = x_k + (x_(k+1) - x_k)/s is where the momentum points.
    """
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    s, smooth, gap0 = t.real("s", 0, 1, open=True), t.positive("L"), t.real("gap0")
    mu, start = s**2 * smooth, t.vector("x0", d)
    gradient, drop = t.vector("g", d, n + 1), t.vector("e", n + 1, low=0)
    g = lambda i: gradient[i, k + 1]  # noqa: E731
    inner = lambda a, b: total(d, lambda i: a(i) * b(i))  # noqa: E731
    ahead = lambda x, z: lambda i: (x(i, k) + s * z(i, k)) / (1 + s)  # noqa: E731
    at_minimum = lambda x, z: inner(g, ahead(x, z)) - mu / 2 * inner(ahead(x, z), ahead(x, z))  # noqa: E731
    at_iterate = lambda x, z, f: f(k) + inner(g, lambda i: ahead(x, z)(i) - x(i, k))  # noqa: E731
    average = lambda x, z, f: (1 - s) * at_iterate(x, z, f) + s * at_minimum(x, z)  # noqa: E731
    x, z, f = t.recursion(
        k,
        x=((j,), start[j], lambda x, z, f: ahead(x, z)(j) - g(j) / smooth),
        z=((j,), start[j], lambda x, z, f: (1 - s) * z(j, k) + s * ahead(x, z)(j) - s / mu * g(j)),
        f=(gap0, lambda x, z, f: average(x, z, f) - inner(g, g) / (2 * smooth) - drop[k + 1]),
    )
    t.equal(
        t.state("z_k in the iterates", Eq(s * z(j, k + 1), x(j, k + 1) - (1 - s) * x(j, k))),
        because="s z = (1 + s) y - x, so s z' = y - (1 - s) x - g/L; and y_(k+1) = x' + (1 - s)/(1 + s) (x' - x) "
        "follows",
    )
    energy = f(k) + mu / 2 * total(d, lambda i: z(i, k) ** 2)
    reach = gap0 + mu / 2 * total(d, lambda i: start[i] ** 2)
    claim = t.state("geometric rate", Le(energy, (1 - s) ** k * reach))
    spread = total(d, lambda i: (z(i, k) - ahead(x, z)(i)) ** 2)
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="equal at the start"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                (1 - s) * (claim.rhs - energy),
                drop[k + 1],
                mu / 2 * s * (1 - s) * spread,
            ],
            because="in the average the products with g cancel, for y = (x + s z)/(1 + s), and |g|^2 is that of z'",
        ),
        because="step by step",
    )
