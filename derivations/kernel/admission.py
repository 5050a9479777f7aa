"""What may stand in a claim, and which instances of the hypotheses a counterexample may use."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from .numbers import Undefined
from .scope import NotShown
from .substitution import BINDERS


def admit(claim: Any, scope: Any) -> None:
    """Raise NotShown unless the claim is a relation about declared symbols whose bound indices are its own."""
    if not isinstance(claim, Relational | BooleanFunction):
        raise NotShown(f"a claim must be a relation that SymPy has not decided, got {claim}")
    if claim.has(sympy.nan, sympy.zoo):
        raise NotShown(f"the claim {claim} has no meaning")
    own_indices(claim, scope)
    known = {d.symbol for d in scope.declared} | set(scope.laws)
    labels = {base.label for base in claim.atoms(sympy.IndexedBase)}
    missing = {base for base in claim.atoms(sympy.IndexedBase) if base not in known}
    missing |= {s for s in claim.free_symbols if s.is_Symbol and s not in labels and s not in known}
    missing |= {f.func for f in claim.atoms(AppliedUndef) if f.func.__name__ not in scope.recursions}
    if missing:
        raise NotShown(f"{', '.join(sorted(map(str, missing)))} is not declared, in {claim}")


def own_indices(expr: Any, scope: Any) -> None:
    """Raise NotShown where a sum binds a declared symbol, or an index assumed positive over a range that is not."""
    declared = {d.symbol for d in scope.declared} | set(scope.laws)
    for fold in expr.atoms(*BINDERS):
        for limit in fold.limits:
            symbol, low = limit[0], limit[1] if len(limit) == 3 else sympy.nan
            if symbol in declared and not (isinstance(fold, sympy.Integral) and unbounded(symbol, scope)):
                raise NotShown(f"{symbol} is declared, so no sum may bind it: use `total`, in {fold}")
            if not isinstance(fold, sympy.Integral) and not symbol.is_integer:
                raise NotShown(f"the index {symbol} of {fold} must be an integer")
            for sign in ("positive", "nonnegative", "negative", "nonpositive", "nonzero"):
                if getattr(symbol, f"is_{sign}") and not getattr(low, f"is_{sign}"):
                    if sign == "positive" and isinstance(fold, sympy.Integral) and low.is_nonnegative:
                        continue  # one point does not change an integral
                    if sign == "nonzero" and (low.is_positive or (symbol.is_positive and low.is_nonnegative)):
                        continue
                    raise NotShown(f"the index {symbol} is assumed {sign}, its range in {fold} is not")


def unbounded(symbol: Any, scope: Any) -> bool:
    """Whether nothing is known of a declared real, so that an integral may run over it."""
    declared = scope.bounds(symbol)
    bounded = declared is None or declared.low is not None or declared.high is not None
    return not bounded and scope.only_bounded_by_itself(symbol)


def admissible(point: Any, given: Mapping[Any, Any], scope: Any) -> None:
    """Raise NotShown unless the instance satisfies the declared domains and the hypotheses."""
    for declared in scope.declared:
        if declared.symbol in given:
            _in_domain(declared, point)
    for hypothesis in scope.hypotheses:
        if point.decide(hypothesis) is not True:
            raise NotShown(f"the instance violates the hypothesis {hypothesis}")
    unknown = [s for s in given if scope.bounds(s) is None and s not in scope.laws]
    if unknown:
        raise NotShown(f"{', '.join(map(str, unknown))} is not declared")


def _in_domain(declared: Any, point: Any) -> None:
    symbol, value = declared.symbol, point.values[declared.symbol]
    if isinstance(symbol, sympy.IndexedBase):
        shape = tuple(point.integer(n) for n in declared.sizes)
        if set(value) != _indices(shape):
            raise NotShown(f"{symbol} must have the shape {shape}")
        entries = list(value.values())
    else:
        if symbol.is_integer and not (isinstance(value, Fraction) and value.denominator == 1):
            raise NotShown(f"{symbol} must be an integer, got {value}")
        entries = [value]
    for entry in entries:
        for bound, side in ((declared.low, 1), (declared.high, -1)):
            if bound is None:
                continue
            field = point.field
            gap = field.mul(Fraction(side), field.add(entry, field.mul(Fraction(-1), point.value(bound))))
            sign = field.sign(gap)
            if sign is None or sign < 0 or (sign == 0 and declared.open):
                raise NotShown(f"{symbol} = {value} is not within the hypotheses: {declared.hypothesis}")
        if declared.nonzero and point.field.sign(entry) == 0:
            raise NotShown(f"{symbol} must not be 0")


def _indices(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    keys: set[tuple[int, ...]] = {()}
    for size in shape:
        keys = {(*key, i) for key in keys for i in range(1, size + 1)}
    return keys


def without_value(expr: Any, given: Mapping[Any, Any], scope: Any) -> list[Any]:
    """Declared symbols of the expression to which the instance gives no value."""
    found = {s for s in expr.free_symbols if s.is_Symbol} | expr.atoms(sympy.IndexedBase) | scope.hidden(expr)
    return [s for s in found if scope.bounds(s) is not None and s not in given]


__all__ = ["Undefined", "admissible", "admit", "own_indices", "without_value"]
