"""The exponential lies above its tangent at 0."""

from __future__ import annotations

from typing import Any

from sympy import exp

from ..kernel import Fact, Ge, Le, Proof


def tangent_line(t: Proof) -> tuple[Any, Fact]:
    """The symbol u and the fact e^u >= 1 + u: the exponential is convex, and this is its tangent at 0."""
    u, end = t.real("u"), t.nonnegative("tau")
    r = t.real("rho", 0, end)
    above = t.monotone(Ge(exp(end), 1), exp(r), r, because="the exponential increases from e^0 = 1")
    right = t.monotone(
        Ge(exp(end) - end, 1),
        exp(r) - r,
        r,
        using=[t.instance(above, {end: r}, because="at rho")],
        because="e^rho - rho has the derivative e^rho - 1 >= 0 to the right of 0",
    )
    below = t.monotone(Le(exp(-end), 1), exp(-r), r, because="to the left of 0 the exponential is below 1")
    left = t.monotone(
        Ge(exp(-end) + end, 1),
        exp(-r) + r,
        r,
        using=[t.instance(below, {end: r}, because="at -rho")],
        because="e^-rho + rho has the derivative 1 - e^-rho >= 0 as -rho moves away from 0",
    )
    claim = Ge(exp(u), 1 + u)
    positive, negative = t.suppose(Ge(u, 0)), t.suppose(Le(u, 0))
    facts = [
        side.compare(
            claim,
            exp(u) - u - 1,
            using=[side.instance(fact, {end: size}, because="at the distance of u from 0")],
            because="on this side of 0, as shown",
        )
        for side, fact, size in ((positive, right, u), (negative, left, -u))
    ]
    return u, t.cases(claim, facts, because="u is on one side of 0 or the other")
