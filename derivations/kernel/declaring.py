"""A declared number: the assumptions SymPy gets, its bounds as relations, and how it is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from .evaluation import Point
from .numbers import Undefined

_MAGNITUDES = [
    Fraction(1),
    Fraction(2),
    Fraction(1, 2),
    Fraction(3),
    Fraction(1, 3),
    Fraction(5, 4),
    Fraction(7, 3),
    Fraction(4),
]
_SHARES = [Fraction(1, 2), Fraction(1, 3), Fraction(3, 4), Fraction(1, 5), Fraction(5, 7), Fraction(9, 10)]


def signs_from(low: Any, high: Any, *, strict_low: bool) -> tuple[bool, bool]:
    """(positive, nonnegative) that follow from the lower bound."""
    if low is None:
        return False, False
    low = sympy.sympify(low)
    return bool(low.is_positive or (strict_low and low.is_nonnegative)), bool(low.is_nonnegative)


def assumptions(low: Any, high: Any, open: bool, nonzero: bool) -> dict[str, bool]:
    positive, nonnegative = signs_from(low, high, strict_low=open)
    if positive:
        return {"positive": True}
    if nonnegative:
        return {"positive": True} if nonzero else {"nonnegative": True}
    if high is not None and high.is_nonpositive:
        return {"negative": True} if open or high.is_negative or nonzero else {"nonpositive": True}
    return {"real": True, "nonzero": True} if nonzero else {"real": True}


def domain_of(x: Any, low: Any, high: Any, open: bool, nonzero: bool) -> Any:
    above, below = (sympy.Gt, sympy.Lt) if open else (sympy.Ge, sympy.Le)
    relations = [] if low is None else [above(x, low, evaluate=False)]
    relations += [] if high is None else [below(x, high, evaluate=False)]
    relations += [sympy.Ne(x, 0, evaluate=False)] if nonzero else []
    return sympy.And(*relations, evaluate=False) if relations else sympy.true


def draw_of(low: Any, high: Any, open: bool, nonzero: bool) -> Callable[[random.Random, Point], Any]:
    def draw(rng: random.Random, point: Point) -> Any:
        for _ in range(20):
            x = _draw_between(rng, point, low, high, open)
            if not (nonzero and x == 0):
                return x
        raise Undefined("no non-zero value")

    return draw


def _draw_between(rng: random.Random, point: Point, low: Any, high: Any, open: bool) -> Any:
    a = None if low is None else point.value(low)
    b = None if high is None else point.value(high)
    add, mul = point.field.add, point.field.mul
    if a is not None and b is not None:
        share = rng.choice(_SHARES) if open or rng.random() < 0.8 else rng.choice([Fraction(0), Fraction(1)])
        width = add(b, mul(Fraction(-1), a))
        if point.field.sign(width) == -1 or (open and point.field.sign(width) == 0):
            raise Undefined("empty interval")
        return add(a, mul(share, width))
    magnitude = rng.choice(_MAGNITUDES) if rng.random() < 0.7 else Fraction(rng.randint(1, 40), rng.randint(1, 9))
    if not open and rng.random() < 0.08:
        magnitude = Fraction(0)
    if a is not None:
        return add(a, magnitude)
    if b is not None:
        return add(b, -magnitude)
    return magnitude if rng.random() < 0.5 else -magnitude
