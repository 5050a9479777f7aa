"""Arbitrary smooth functions, such as "any activation": engine 1 knows the chain rule, engine 2 draws a polynomial.

What the two engines agree on for a function of which nothing is known holds for every smooth function.
"""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

DEGREE = 4  # of the polynomials that engine 2 draws in one variable; two derivatives of them still vary
COEFFICIENTS = [Fraction(n, d) for n in (-3, -2, -1, 1, 2, 3) for d in (1, 2)]


class SmoothFunction(sympy.Function):
    """A partial derivative of an arbitrary real function; `family` names the function, `order` counts derivatives."""

    is_real = True
    is_number = False  # of a number SymPy would compute the value by the name: mpmath has a chi, too
    family: sympy.Symbol
    order: tuple[int, ...] = ()

    def fdiff(self, argindex: int = 1) -> Any:
        order = tuple(n + (place == argindex) for place, n in enumerate(self.order, 1))
        return smooth(str(self.family), order)(*self.args)


@cache
def smooth(name: str, order: tuple[int, ...] = (0,)) -> Any:
    """The derivative of this order of the arbitrary function `name` of len(order) variables."""
    marks = "'" * order[0] if len(order) == 1 else "".join(f"_{place}" * n for place, n in enumerate(order, 1))
    members = {"nargs": len(order), "family": sympy.Symbol(name), "order": order}
    return type(SmoothFunction)(name + marks, (SmoothFunction,), members)


def drawn(arity: int, rng: random.Random) -> dict[tuple[int, ...], Fraction]:
    """A random polynomial in so many variables: exponents -> coefficient."""
    powers = itertools.product(range(DEGREE + 1), repeat=arity)
    return {power: rng.choice(COEFFICIENTS) for power in powers if sum(power) <= DEGREE}


def derivative_at(polynomial: dict[tuple[int, ...], Fraction], order: tuple[int, ...], x: list[Any], field: Any) -> Any:
    """The partial derivative of the polynomial at the point x."""
    total: Any = Fraction(0)
    for powers, coefficient in polynomial.items():
        if any(power < n for power, n in zip(powers, order, strict=True)):
            continue
        term: Any = coefficient
        for base, power, n in zip(x, powers, order, strict=True):
            term = field.mul(Fraction(int(sympy.ff(power, n))), term)
            term = field.mul(term, field.power(base, Fraction(power - n)))
        total = field.add(total, term)
    return total
