"""Instances of a theorem's hypotheses: random ones of what a claim speaks of, and from there to where it is tighter."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from .admission import admissible
from .evaluation import Point
from .expressions import Expectation
from .numbers import Undefined
from .scope import NotShown

SLOW = (Expectation, sympy.Integral, sympy.Limit)  # each value of what has one is itself a long computation
FACTORS = [
    Fraction(n, d) for n, d in ((0, 1), (1, 1000), (1, 2), (9, 10), (99, 100), (101, 100), (11, 10), (2, 1), (1000, 1))
]
STRIDES = [Fraction(1, 7), Fraction(-1, 7), Fraction(1), Fraction(-1)]


def needed(proof: Any, claim: Any) -> Any:
    """The theorem's declarations as far as the claim, or a hypothesis, speaks of them."""
    spoken = _names(claim) | proof.hidden(claim)
    for rule in proof._rules_behind(claim):
        spoken |= _names(rule)
    for hypothesis in proof.hypotheses:
        spoken |= _names(hypothesis) | proof.hidden(hypothesis)
    for base, law in proof.laws.items():
        if base in spoken or getattr(base, "label", base) in spoken:
            spoken |= law.parameters() | {s for n in law.sizes for s in sympy.sympify(n).free_symbols}
    scope, kept = proof.extended(), []
    for declared in reversed(proof.declared):  # what a bound mentions was declared before
        if declared.symbol in spoken or getattr(declared.symbol, "label", None) in spoken:
            kept.append(declared)
            for part in (declared.low, declared.high, *declared.sizes):
                spoken |= _names(sympy.sympify(part)) if part is not None else set()
    scope.declared = kept[::-1]
    return scope


def _names(expr: Any) -> set[Any]:
    families = {f.family for f in expr.atoms(sympy.Function) if hasattr(f, "family")}
    return expr.atoms(sympy.Symbol) | expr.atoms(sympy.IndexedBase) | families  # also what is differentiated by


def variants(point: Any, scope: Any, count: int) -> list[Any]:
    """The instance itself, and some of the first with all entries of each vector alike, or alike up to the sign."""
    found = [point]
    for sign in (1, -1) if count < 30 else ():
        values = dict(point.values)
        for symbol, value in point.values.items():
            if isinstance(symbol, sympy.IndexedBase) and isinstance(value, dict) and value:
                first = value[min(value)]
                if isinstance(first, Fraction):
                    values[symbol] = {key: first * sign ** sum(key) for key in value}
        variant = Point(values, recursions=scope.recursions, laws=scope.laws, field=point.field)
        if admitted(variant, scope):
            found.append(variant)
    return found


def entries(point: Any) -> int:
    """How many numbers the instance consists of."""
    sizes = [len(v) if isinstance(v, dict) else 1 for v in point.values.values()]
    return sum(sizes)


def admitted(point: Any, scope: Any) -> bool:
    """Whether the instance satisfies the hypotheses."""
    try:
        given = {
            d.symbol: None
            for d in scope.declared
            if not (isinstance(d.symbol, sympy.Symbol) and isinstance(point.values[d.symbol], dict))
        }
        admissible(point, given, scope)
    except (NotShown, Undefined):
        return False
    return True


def downhill(point: Any, value: float, objective: Any, scope: Any, steps: int) -> Iterator[Point]:
    """At most so many instances, one number or one vector moved at a time, each from the best one until then."""
    improved = True
    while improved and steps > 0:
        improved = False
        for symbol, keys in _movable(point, scope):
            for change in [*((lambda x, f=f: x * f) for f in FACTORS), *((lambda x, s=s: x + s) for s in STRIDES)]:
                steps -= 1
                if steps <= 0:
                    return
                candidate = _moved(point, symbol, keys, change, scope)
                if candidate is None:
                    continue
                yield candidate
                reached = objective(candidate)
                if reached is not None and reached < value:
                    point, value, improved = candidate, reached, True


def _movable(point: Any, scope: Any) -> list[tuple[Any, Any]]:
    """Every real number, every vector as a whole, and the first entries of each."""
    places: list[tuple[Any, Any]] = []
    for symbol in (d.symbol for d in scope.declared if d.symbol in point.values and not hasattr(d.symbol, "family")):
        value = point.values[symbol]
        if isinstance(value, Fraction) and not symbol.is_integer:
            places.append((symbol, None))
        elif isinstance(value, dict) and isinstance(symbol, sympy.IndexedBase):
            keys = sorted(value)
            places += [(symbol, keys), *((symbol, [key]) for key in keys[:4])]
    return places


def _moved(point: Any, symbol: Any, keys: Any, change: Any, scope: Any) -> Point | None:
    """The point with some of its numbers changed, if that satisfies the hypotheses."""
    old = point.values[symbol]
    if keys is None:
        value: Any = change(old).limit_denominator(10**6)
    elif all(isinstance(old[key], Fraction) for key in keys):
        value = {**old, **{key: change(old[key]).limit_denominator(10**6) for key in keys}}
    else:
        return None
    moved = Point({**point.values, symbol: value}, recursions=scope.recursions, laws=scope.laws, field=point.field)
    return moved if admitted(moved, scope) else None
