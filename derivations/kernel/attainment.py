"""Where a bound is attained: an exact instance at which a strict inequality is false, as its two sides are equal there.

Engine 2 finds that the hypotheses admit the instance and cannot tell the two sides apart; that they are equal, engine 1
has to show. Rational sides need none of this.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from .evaluation import Point
from .normal_form import is_zero
from .numbers import Undefined
from .polynomials import Outside
from .recognition import CANNOT
from .search import admitted
from .sizes import WrittenOut

DEGREE = 4  # of an equation for the places where a slack is stationary
STRICT = (sympy.Lt, sympy.Gt)


def attained(claim: Any, scope: Any, point: Any, exact: Mapping[Any, Any] | None = None) -> bool:
    """Whether the claim is false at the instance, where strict inequalities in it are equalities.

    `exact` gives the numbers of which the instance has an enclosure only.
    """
    try:
        told = point.decide(claim)
        if told is None:
            equal = {r: sympy.false for r in claim.atoms(*STRICT) if _equal(r, scope, point, exact or {})}
            told = point.decide(claim.xreplace(equal))
        return told is False
    except Undefined:
        return False


def _equal(relation: Any, scope: Any, point: Any, exact: Mapping[Any, Any]) -> bool:
    """Whether engine 1 shows that both sides are one number at the instance, and engine 2 does not deny it."""
    if point.decide(relation) is not None:
        return False
    try:
        written = WrittenOut(scope, point, {d.symbol for d in scope.declared}, exact)
        return is_zero(written.of(relation.lhs) - written.of(relation.rhs), written.flat)
    except (Outside, *CANNOT):
        return False


def lowest(point: Any, scope: Any) -> Point:
    """The instance with its numbers, and all entries of its vectors, at their lower bounds, as far as they may be."""
    for declared in scope.declared:
        symbol = declared.symbol
        if declared.low is None or declared.open or symbol.is_integer:
            continue
        old, bound = point.values[symbol], point.value(declared.low)
        moved = _with(point, {symbol: dict.fromkeys(old, bound) if isinstance(old, dict) else bound})
        point = moved if admitted(moved, scope) else point
    return point


def coincident(point: Any, scope: Any) -> Iterator[Point]:
    """The instance with one of its numbers, vectors or functions in place of another one."""
    for one, other in itertools.permutations((d for d in scope.declared if not d.symbol.is_integer), 2):
        a, b = one.symbol, other.symbol
        if one.sizes != other.sizes or type(point.values[a]) is not type(point.values[b]):
            continue
        merged = _with(point, {a: point.values[b]})
        if admitted(merged, scope):
            yield merged


def stationary(claim: Any, scope: Any, point: Any) -> Iterator[tuple[Point, dict[Any, Any]]]:
    """Instances at which a slack is stationary in one number, which is a root and may be irrational; with that root."""
    for relation in claim.atoms(*STRICT):
        for x in (d.symbol for d in scope.declared if d.symbol in relation.free_symbols and not d.symbol.is_integer):
            for root in _roots(relation, x, scope, point):
                moved = _with(point, {x: point.value(root)})
                if admitted(moved, scope):
                    yield moved, {x: root}


def _roots(relation: Any, x: Any, scope: Any, point: Any) -> list[Any]:
    try:
        written = WrittenOut(scope, point, {d.symbol for d in scope.declared} - {x})
        name = written.known[x]
        slope = sympy.diff(written.of(relation.lhs) - written.of(relation.rhs), name)
        equation = sympy.Poly(sympy.numer(sympy.together(slope)), name)
        roots = sympy.real_roots(equation) if 0 < equation.degree() <= DEGREE else []
        return [root for root in roots if not root.has(sympy.CRootOf)]
    except (Outside, KeyError, sympy.PolynomialError, *CANNOT):
        return []


def _with(point: Any, values: Mapping[Any, Any]) -> Point:
    return Point({**point.values, **values}, recursions=point.recursions, laws=point.laws, field=point.field)
