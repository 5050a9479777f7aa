"""Nesterov's method on quadratics: where it is stable, over a whole spectrum, and as printed."""

from __future__ import annotations

from typing import Any

from sympy import And, Derivative, Equivalent

from ..kernel import Eq, Gt, Le, Lt, Proof, Source, theorem
from ..update_rules import following
from .nesterov import NAG
from .velocity import BUFFER


@theorem(
    "Nesterov on a quadratic is heavy ball with alpha (1 - h) in place of alpha; it is stable exactly for 0 < h < (2 "
    "+ 2 alpha)/(1 + 2 alpha), and reaches the rate 1 - 1/sqrt(kappa) on the whole spectrum",
    covers=["001:nesterov-momentum", "004:nesterov-update", "000:nesterov-lookahead", "004:ravine-nag-panels"],
    sources=[
        Source("001", "l.342-348", "theta~ = theta + alpha v; v <- alpha v - eps grad J(theta~); theta <- theta + v"),
        Source("004", "l.580-594", "e = x - gamma v; v <- gamma v + eta grad f(e); x <- x - v"),
        Source("004", "l.605-608", "the anticipatory update prevents too large updates and overshooting"),
    ],
)  # fmt: skip
def nesterov_on_quadratics(t: Proof) -> None:
    """The gradient at the look-ahead point is h (x - alpha v), so the look-ahead damps the velocity itself by 1 - h.

    The roots lie inside the unit circle if and only if D < 1, P(1) > 0 and P(-1) > 0 (`roots_inside_the_unit_circle`).
    """
    k, h, alpha = t.time("k"), t.real("h"), t.real("alpha", 0, 1)
    start = t.real("x0")
    new = lambda x, v: alpha * v + h * (x - alpha * v)  # noqa: E731 - the velocity after the step
    x, _v = t.recursion(k, x=(start, lambda x, v: x(k) - new(x(k), v(k))), v=(0, lambda x, v: new(x(k), v(k))))
    trace, determinant = (1 + alpha) * (1 - h), alpha * (1 - h)
    t.equal(
        t.state("two-term form of Nesterov on a quadratic", Eq(x(k + 2), trace * x(k + 1) - determinant * x(k))),
        because="x_(k+1) = (1 - h)(x_k - alpha v_k), and the velocity is the last move",
    )
    m, _w = t.recursion(
        k,
        m=(start, lambda m, w: following(NAG, theta=m(k), v=w(k), g=h * m(k), lr=1, momentum=alpha)[0]),
        w=(0, lambda m, w: following(NAG, theta=m(k), v=w(k), g=h * m(k), lr=1, momentum=alpha)[1]),
    )
    t.equal(
        t.state("and of the rewritten form", Eq(m(k + 2), trace * m(k + 1) - determinant * m(k))),
        because="the look-ahead points are a fixed combination of two iterates, so they obey the same recursion",
    )
    stable_nesterov(t, h, alpha, trace, determinant)
    whole_spectrum(t)
    printed_lookahead(t)


def stable_nesterov(t: Proof, h: Any, alpha: Any, trace: Any, determinant: Any) -> None:
    """P(1) = h, P(-1) = 2 + 2 alpha - h (1 + 2 alpha), and D = alpha (1 - h) < 1 follows, even for alpha = 1."""
    limit = (2 + 2 * alpha) / (1 + 2 * alpha)
    region = And(Gt(h, 0), Lt(h, limit))
    stable = And(Lt(determinant, 1), Lt(trace, 1 + determinant), Lt(-trace, 1 + determinant))
    inside, conditions = t.suppose(region), t.suppose(stable)
    forward = [
        inside.compare(
            Lt(determinant, 1),
            [(1 - alpha) * (limit - h) / 2, (1 - alpha) * alpha / (1 + 2 * alpha), h * (1 + alpha) / 2],
            because="1 - D = (1 - alpha)(1 - h/2) + h (1 + alpha)/2, and h < limit <= 2",
        ),
        inside.compare(Lt(trace, 1 + determinant), h, because="P(1) = h"),
        inside.compare(
            Lt(-trace, 1 + determinant), (1 + 2 * alpha) * (limit - h), because="P(-1) = 2 + 2 alpha - h (1 + 2 alpha)"
        ),
    ]
    backward = [
        conditions.compare(Gt(h, 0), 1 + determinant - trace, because="P(1) = h"),
        conditions.compare(
            Lt(h, limit), (1 + determinant + trace) / (1 + 2 * alpha), because="P(-1) = 2 + 2 alpha - h (1 + 2 alpha)"
        ),
    ]
    t.equivalent(
        t.state("stable exactly for 0 < h < (2 + 2 alpha)/(1 + 2 alpha)", Equivalent(region, stable)),
        [inside.both(stable, forward, because="all three"), conditions.both(region, backward, because="both")],
        because="P(1) and P(-1) in alpha and h",
    )
    t.compare(
        t.state("that is less room than gradient descent has", Le(limit, 2)),
        2 * alpha / (1 + 2 * alpha),
        because="2 - (2 + 2 alpha)/(1 + 2 alpha) = 2 alpha / (1 + 2 alpha): the look-ahead prevents no divergence",
    )


def whole_spectrum(t: Proof) -> None:
    """lr = 1/L and alpha = (1 - s)/(1 + s), s = sqrt(mu/L): the modes are h in [s^2, 1]."""
    s = t.real("s", 0, 1, open=True)
    h = t.real("h_", s**2, 1)
    alpha = (1 - s) / (1 + s)
    trace, determinant = (1 + alpha) * (1 - h), alpha * (1 - h)
    t.equal(
        t.state("the roots meet at 1 - s for the flattest mode", Eq(trace.subs(h, s**2), 2 * (1 - s))),
        because="(1 + alpha)(1 - s^2) = 2 (1 - s)",
    )
    t.equal(
        t.state("their product there", Eq(determinant.subs(h, s**2), (1 - s) ** 2)),
        because="alpha (1 - s^2) = (1 - s)^2",
    )
    t.compare(
        t.state("everywhere the roots are complex or double", Le(trace**2, 4 * determinant)),
        4 * (1 - h) * (h - s**2) / (1 + s) ** 2,
        because="4 D - T^2 = (1 - h)(4 alpha - (1 + alpha)^2 (1 - h)), and (1 + alpha)^2 (1 - s^2) = 4 alpha",
    )
    t.compare(
        t.state("and their modulus is at most 1 - s", Le(determinant, (1 - s) ** 2)),
        alpha * (h - s**2),
        because="D = alpha (1 - h) is largest for the flattest mode",
    )
    t.compare(
        t.state("the best heavy ball is faster on a quadratic", Le(alpha, 1 - s)),
        s * (1 - s) / (1 + s),
        because="(1 - s)/(1 + s) = (sqrt(kappa) - 1)/(sqrt(kappa) + 1)",
    )


def printed_lookahead(t: Proof) -> None:
    """With the gradient at theta + lr b, as printed in deck 000, the determinant grows with h instead of shrinking."""
    alpha, curvature, lr = t.nonnegative("alpha_"), t.positive("lambda"), t.positive("lr")
    theta, buffer = t.real("theta b")
    at = lambda point: following(  # noqa: E731
        BUFFER, theta=theta, v=buffer, g=curvature * point, lr=lr, momentum=alpha
    )
    determinant = lambda f, g: (  # noqa: E731 - of the Jacobian: what a step does to an area of the phase plane
        Derivative(f, theta) * Derivative(g, buffer) - Derivative(f, buffer) * Derivative(g, theta)
    )
    t.equal(
        t.state(
            "determinant of the printed look-ahead",
            Eq(determinant(*at(theta + lr * buffer)), alpha + lr * curvature),
        ),
        because="the product of the roots: the printed rule diverges as soon as lr lambda > 1 - alpha",
    )
    t.equal(
        t.state(
            "determinant of the look-ahead",
            Eq(determinant(*at(theta - lr * alpha * buffer)), alpha * (1 - lr * curvature)),
        ),
        because="the look-ahead damps the velocity",
    )
    trace = lambda f, g: Derivative(f, theta) + Derivative(g, buffer)  # noqa: E731
    without = at(theta - lr * buffer)
    t.equal(
        t.state(
            "the right sign without alpha: P(-1)",
            Eq(1 + trace(*without) + determinant(*without), 2 + 2 * alpha - 3 * lr * curvature),
        ),
        because="trace 1 + alpha - 2h and determinant alpha - h: stable below h = 2 (1 + alpha)/3 only, and not "
        "Nesterov's method",
    )
