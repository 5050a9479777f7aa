"""Reading a claim: its sides, which of them is smaller, and the instance at which it is looked at."""

from __future__ import annotations

from typing import Any

import sympy

from .evaluation import Point
from .scope import NotShown


def sides(claim: Any, kind: Any) -> tuple[Any, Any]:
    """(left, right) of a relation of this kind."""
    if not isinstance(claim, kind):
        raise NotShown(f"the claim {claim} is no {kind.__name__}")
    return claim.lhs, claim.rhs


def ordered(claim: Any) -> tuple[Any, Any, bool]:
    """(smaller, larger, strict) of an inequality."""
    if isinstance(claim, sympy.Le | sympy.Lt):
        return claim.lhs, claim.rhs, isinstance(claim, sympy.Lt)
    if isinstance(claim, sympy.Ge | sympy.Gt):
        return claim.rhs, claim.lhs, isinstance(claim, sympy.Gt)
    raise NotShown(f"the claim {claim} is no inequality")


def shown(point: Point, claim: Any) -> dict[str, Any]:
    """The part of the instance that the claim speaks of, by name."""
    names = {str(s) for s in claim.free_symbols}
    return {str(s): v for s, v in point.values.items() if str(s) in names}
