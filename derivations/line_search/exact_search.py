"""Exact line search: its zig-zag, its orthogonal gradients and its worst case."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Rational

from ..kernel import Eq, Le, Proof, Source, theorem, total

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
