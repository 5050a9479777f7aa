"""How engine 2 walks through an expression: what is met everywhere is read once, as functions of the instance.

A tree is then evaluated at every instance of the hypotheses and every index of its sums without a look at it again.
Kinds that are rarer have a method of `Point` each.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from .numbers import Undefined

Value = Callable[[Any], Any]  # of a point


@lru_cache(maxsize=20_000)
def evaluator(e: Any) -> Value:
    """What gives the number that the expression is at a point."""
    if e.is_Symbol:
        return _symbol(e)
    if e.is_Rational:
        number = Fraction(int(e.p), int(e.q))
        return lambda point: number
    if e.is_Add or e.is_Mul:
        first, *rest = map(evaluator, e.args)
        return _sum(first, rest) if e.is_Add else _product(first, rest)
    if e.is_Pow:
        base, exponent = evaluator(e.base), evaluator(e.exp)
        return lambda point: point.field.power(base(point), exponent(point))
    if isinstance(e, sympy.Indexed):
        return _entry(e)
    return lambda point: point.other(e)


def _symbol(e: Any) -> Value:
    def value(point: Any) -> Any:
        if e in point._local:
            return point._local[e]
        if e in point.values:
            return point.values[e]
        raise Undefined(f"{e} has no value")

    return value


def _sum(first: Value, rest: list[Value]) -> Value:
    def value(point: Any) -> Any:
        total = first(point)
        for term in rest:
            total = point.field.add(total, term(point))
        return total

    return value


def _product(first: Value, rest: list[Value]) -> Value:
    def value(point: Any) -> Any:
        total = first(point)
        for factor in rest:
            total = point.field.mul(total, factor(point))
        return total

    return value


def _entry(e: Any) -> Value:
    base, indices = e.base, [(i, evaluator(i)) for i in e.indices]

    def value(point: Any) -> Any:
        table = point.values.get(base)
        if table is None:
            raise Undefined(f"{base} has no values")
        key = tuple(whole(index(point), i) for i, index in indices)
        if callable(table):
            return table(*key)
        if key not in table:
            raise Undefined(f"{base}{list(key)} is out of range")
        return table[key]

    return value


def whole(x: Any, e: Any) -> int:
    """The integer that the value of an index, a size or a bound must be."""
    if not isinstance(x, Fraction) or x.denominator != 1:
        raise Undefined(f"{e} is not an integer here")
    return x.numerator
