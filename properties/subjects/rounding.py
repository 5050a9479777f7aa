"""Numbers that carry a bound on the rounding error of whoever computes them in a given precision.

A first-order running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3): the value
is kept in
extended precision, beside it a bound on how far a computation in the target's precision may stray, so that the
tolerance
follows from the operations and from the conditioning at this very input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray
WIDE = np.longdouble


class Bounded:
    """An extended-precision array `value` with `error`, what a computation in unit roundoff `unit` may be off by."""

    __slots__ = ("error", "unit", "value")
    __array_ufunc__ = None  # so that an array on the left of an operator defers to this class

    def __init__(self, value: Any, error: Any, unit: float) -> None:
        self.value, self.error, self.unit = np.asarray(value, WIDE), np.asarray(error, WIDE), unit

    def _rounded(self, value: Array, inherited: Array) -> Bounded:
        return Bounded(value, inherited + self.unit * np.abs(value), self.unit)

    def _other(self, other: Any) -> tuple[Array, Array]:
        return (
            (other.value, other.error) if isinstance(other, Bounded) else (np.asarray(other, WIDE), np.asarray(0, WIDE))
        )

    def __add__(self, other: Any) -> Bounded:
        value, error = self._other(other)
        return self._rounded(self.value + value, self.error + error)

    def __sub__(self, other: Any) -> Bounded:
        value, error = self._other(other)
        return self._rounded(self.value - value, self.error + error)

    def __rsub__(self, other: Any) -> Bounded:
        return (-self) + other

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error, self.unit)

    def __mul__(self, other: Any) -> Bounded:
        value, error = self._other(other)
        spread = np.abs(self.value) * error + np.abs(value) * self.error + self.error * error
        return self._rounded(self.value * value, spread)

    def __truediv__(self, other: Any) -> Bounded:
        value, error = self._other(other)
        with np.errstate(divide="ignore", invalid="ignore"):
            quotient = self.value / value
            room = np.abs(value) - error
            spread = np.where(room > 0, (self.error + np.abs(quotient) * error) / room, np.inf)
        return self._rounded(quotient, spread)

    def __rtruediv__(self, other: Any) -> Bounded:
        return Bounded(other, 0, self.unit) / self

    def __pow__(self, exponent: Any) -> Bounded:
        power, _ = self._other(exponent)
        value = self.value**power
        if power.ndim == 0 and power == 2:
            return self * self
        # a running product of t factors is as good a computation as one call of pow, so t roundings are allowed
        slope = power * np.abs(self.value) ** np.maximum(power - 1, 0)
        return Bounded(value, slope * self.error + np.maximum(power, 1) * self.unit * np.abs(value), self.unit)

    __radd__, __rmul__ = __add__, __mul__


def sqrt(number: Any) -> Any:
    """Return the square root; below zero (by rounding alone) it counts as zero."""
    if not isinstance(number, Bounded):
        return np.sqrt(np.asarray(number, WIDE))
    value = np.maximum(number.value, 0)
    root = np.sqrt(value)
    low = np.sqrt(np.maximum(value - number.error, 0))
    spread = np.maximum(np.sqrt(value + number.error) - root, root - low)
    return Bounded(root, spread + number.unit * root, number.unit)


def maximum(one: Any, other: Any) -> Bounded:
    """Return the larger of two bounded numbers, with the larger bound."""
    return Bounded(np.maximum(one.value, other.value), np.maximum(one.error, other.error), one.unit)


def minimum(one: Any, other: Any) -> Any:
    """Return the smaller of two exact numbers (the count of updates)."""
    return np.minimum(one, other)


FUNCTIONS = {"sqrt": sqrt, "Max": maximum, "Min": minimum}
UNITS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}
