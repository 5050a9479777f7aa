"""What one instance says of a claim: whether it is false there, and by how much it holds."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .numbers import Undefined

FAR = float("inf")
LARGEST = sys.float_info.max


def wrong_at(point: Any, claim: Any, original: Any) -> str:
    """ "refuted" where the claim is false, "undefined" where it has no value although the original claim has one."""
    try:
        if isinstance(claim, sympy.Implies) and point.decide(claim.args[0]) is False:
            return ""
        return "refuted" if point.decide(_limits_taken(point, claim)) is False else ""
    except Undefined as reason:
        return "undefined" if "engine 2" not in str(reason) and margin(point, original) is not None else ""


def _limits_taken(point: Any, claim: Any) -> Any:
    """The claim with every limit taken at this instance, by SymPy: an extrapolation cannot tell that there is none."""
    taken = {}
    for node in claim.atoms(sympy.Limit):
        inner, variable, target, direction = node.args
        names = {s for s in inner.free_symbols - {variable} if s.is_Symbol and s in point.values} | inner.atoms(
            sympy.Indexed
        )
        values = {name: point.value(name) for name in names if not name.has(variable)}
        if not all(isinstance(v, Fraction) for v in values.values()):
            continue
        inner = inner.xreplace({s: sympy.Rational(v.numerator, v.denominator) for s, v in values.items()})
        if inner.free_symbols - {variable} or inner.atoms(sympy.Sum, AppliedUndef):
            continue
        limit = _limit(inner, variable, target, str(direction))
        if limit is None and target is sympy.oo and variable.is_integer:  # of (-2)^k SymPy knows it along the even k
            half = sympy.Dummy(integer=True, positive=True)
            limit = _limit(inner.subs(variable, 2 * half), half, target, str(direction))
            if limit is not None and limit.is_finite:
                continue
        if limit is None:
            continue
        if limit.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.AccumBounds):
            raise Undefined(f"the limit is {limit}")
        taken[node] = limit
    return claim.xreplace(taken)


def _limit(inner: Any, variable: Any, target: Any, direction: str) -> Any:
    """SymPy's limit, or None."""
    try:
        return sympy.limit(inner, variable, target, direction)
    except (NotImplementedError, ValueError, TypeError):
        return None


def margin(point: Any, claim: Any) -> float | None:
    """By how much the claim holds (negative: fails), infinite where its premise fails; None where it has no value."""
    try:
        return measured(point, claim)
    except Undefined:
        return None


def measured(point: Any, claim: Any) -> float:
    if isinstance(claim, sympy.And):
        return min(measured(point, part) for part in claim.args)
    if isinstance(claim, sympy.Or):
        return max(measured(point, part) for part in claim.args)
    if isinstance(claim, sympy.Implies):
        return measured(point, claim.args[1]) if point.decide(claim.args[0]) else FAR
    if not isinstance(claim, Relational):
        return 0.0 if point.decide(claim) is not False else -1.0
    less = claim.rel_op in ("<", "<=")
    larger, smaller = map(point.value, (claim.rhs, claim.lhs) if less else (claim.lhs, claim.rhs))
    slack = point.field.add(larger, point.field.mul(Fraction(-1), smaller))
    value = _float(slack if isinstance(slack, Fraction) else slack.mid)
    if isinstance(claim, sympy.Ne):
        return abs(value)
    return 0.0 - abs(value) * (point.decide(claim) is False) if isinstance(claim, sympy.Eq) else value


def _float(x: Any) -> float:
    """The nearest float; of a number beyond all floats the largest with its sign, as infinity means something else."""
    try:
        return max(-LARGEST, min(LARGEST, float(x)))
    except OverflowError:
        return LARGEST if x > 0 else -LARGEST


def goal(point: Any, claim: Any) -> float | None:
    """What the search makes small: the margin, or first of all by how much a premise is missed."""
    try:
        if isinstance(claim, sympy.Implies) and point.decide(claim.args[0]) is False:
            return 1e9 - measured(point, claim.args[0])
        return measured(point, claim)
    except Undefined:
        return None


def met(point: Any, claim: Any) -> bool:
    """Whether the premise of an implication holds there."""
    try:
        return point.decide(claim.args[0]) is True
    except Undefined:
        return False


def less(a: float | None, b: float | None) -> float | None:
    """a - b, where both say something."""
    return None if a is None or b is None or b == FAR else a - b
