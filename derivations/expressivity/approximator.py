"""The universal approximation theorem in one dimension, as a constructor: a function in, a certified network out.

The network is the interpolant of `piecewise-linear-interpolation`: one ReLU unit a knot, each adding a change of slope.
Its weights are exact rationals. The certificate encloses the error on cells that cover the whole interval, by interval
arithmetic in the mean-value form error(middle) + error'(cell) * (cell - middle); no grid of points is trusted.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from ..kernel.evaluation import Point
from ..kernel.numbers import Undefined

MAX_UNITS = 4096
MAX_BISECTIONS = 16  # of one cell, before its enclosure counts as too wide to decide


@dataclass(frozen=True)
class Network:
    """x -> offset + slope * x + sum_i outputs[i] * relu(x - knots[i]), all rational: one hidden layer of ReLU units."""

    offset: Fraction
    slope: Fraction
    knots: tuple[Fraction, ...]
    outputs: tuple[Fraction, ...]

    def __call__(self, x: Fraction) -> Fraction:
        """Return the network's exact value at x."""
        units = zip(self.outputs, self.knots, strict=True)
        return self.offset + self.slope * x + sum((v * max(x - k, Fraction(0)) for v, k in units), Fraction(0))

    def piece(self, x: Fraction) -> tuple[Fraction, Fraction]:
        """Return (value at 0, slope) of the affine piece to the right of x."""
        on = [(v, k) for v, k in zip(self.outputs, self.knots, strict=True) if k <= x]
        slope = self.slope + sum((v for v, _ in on), Fraction(0))
        return self.offset - sum((v * k for v, k in on), Fraction(0)), slope

    def expression(self, x: Any) -> Any:
        """Return the network as a SymPy expression in x."""
        terms = [_rational(v) * sympy.Max(x - _rational(k), 0) for v, k in zip(self.outputs, self.knots, strict=True)]
        return _rational(self.offset) + _rational(self.slope) * x + sympy.Add(*terms)


@dataclass(frozen=True)
class Approximation:
    """A network with a certificate: cells (low, high, bound) that cover the interval, |f - network| <= bound on
    each.
    """

    network: Network
    cells: tuple[tuple[Fraction, Fraction, Fraction], ...]

    @property
    def bound(self) -> Fraction:
        """The certified error on the whole interval."""
        return max(bound for _, _, bound in self.cells)


def approximate(function: Any, x: Any, low: Any, high: Any, error: Any) -> Approximation:
    """Return a one-hidden-layer ReLU network within `error` of the function on [low, high], with its certificate.

    function is a SymPy expression in x, differentiable on the interval; low < high and error > 0 are rational (or
    strings such as "1/10"). The number of knots doubles until the certificate succeeds. Raises ValueError if it does
    not with 4096 units, or where the function or its derivative has no value on the interval.

    Source: deck 003, l.205-211; the error of an interpolant is at most max|f''| h^2 / 8.

    >>> z = sympy.Symbol("z", real=True)
    >>> found = approximate(z**2, z, 0, 1, "1/100")
    >>> len(found.network.knots), found.bound <= Fraction(1, 100)
    (7, True)
    >>> found.network(Fraction(1, 8)), found.network(Fraction(1, 16))
    (Fraction(1, 64), Fraction(1, 128))
    """
    low, high, error = Fraction(low), Fraction(high), Fraction(error)
    if not low < high:
        raise ValueError(f"low must be less than high, got low={low}, high={high}")
    if not error > 0:
        raise ValueError(f"error must be positive, got error={error}")
    if sympy.sympify(function).free_symbols - {x}:
        raise ValueError(f"function must depend on {x} only, got {function}")
    units = 1
    while units <= MAX_UNITS:
        network = interpolant(function, x, low, high, units, error)
        cells = certificate(function, x, network, low, high, units, error)
        if cells is not None:
            return Approximation(network, cells)
        units *= 2
    raise ValueError(f"error must be reachable with {MAX_UNITS} units, got error={error} for {function}")


def interpolant(function: Any, x: Any, low: Fraction, high: Fraction, pieces: int, error: Fraction) -> Network:
    """Return the piecewise linear interpolant at pieces + 1 equidistant knots, its values rounded to within
    error/64.
    """
    h = (high - low) / pieces
    values = [_near(_enclosure(function, x, low + i * h, low + i * h), error / 64) for i in range(pieces + 1)]
    slopes = [(b - a) / h for a, b in itertools.pairwise(values)]
    jumps = [b - a for a, b in itertools.pairwise(slopes)]
    return Network(values[0] - slopes[0] * low, slopes[0], tuple(low + i * h for i in range(1, pieces)), tuple(jumps))


def certificate(
    function: Any, x: Any, network: Network, low: Fraction, high: Fraction, pieces: int, error: Fraction
) -> tuple[tuple[Fraction, Fraction, Fraction], ...] | None:
    """Return cells with bounds of at most `error` that cover [low, high], or None if a cell cannot be bounded so."""
    derivative = sympy.diff(function, x)
    h = (high - low) / pieces
    pending = [(low + i * h, low + (i + 1) * h, 0) for i in reversed(range(pieces))]
    cells = []
    while pending:
        a, b, level = pending.pop()
        base, slope = network.piece(a)  # no knot lies inside (a, b), so this piece is the network there
        bound = _bound(function, derivative, x, a, b, base, slope)
        if bound <= error:
            cells.append((a, b, bound))
        elif level >= MAX_BISECTIONS or _exceeds(function, x, (a + b) / 2, base, slope, error):
            return None
        else:
            middle = (a + b) / 2
            pending += [(middle, b, level + 1), (a, middle, level + 1)]
    return tuple(cells)


def _bound(
    function: Any, derivative: Any, x: Any, a: Fraction, b: Fraction, base: Fraction, slope: Fraction
) -> Fraction:
    """An upper bound of |f(x) - base - slope x| on [a, b]: the error at the middle, and its slope times half the
    width.
    """
    middle = (a + b) / 2
    at_middle = _enclosure(function, x, middle, middle) - _interval(base + slope * middle, base + slope * middle)
    steepness = _enclosure(derivative, x, a, b) - _interval(slope, slope)
    width = _interval((b - a) / 2, (b - a) / 2)
    return _fraction((abs(at_middle) + abs(steepness) * width).b)


def _exceeds(function: Any, x: Any, at: Fraction, base: Fraction, slope: Fraction, error: Fraction) -> bool:
    """Whether the error at this point already is larger than allowed: bisecting would never end."""
    difference = _enclosure(function, x, at, at) - _interval(base + slope * at, base + slope * at)
    return bool(abs(difference).a > _interval(error, error).b)


def _enclosure(expression: Any, x: Any, a: Fraction, b: Fraction) -> Any:
    """The expression's range on [a, b], enclosed."""
    point = Point({x: _interval(a, b)})
    try:
        value = point.field.lift(point.value(sympy.sympify(expression)))
    except (Undefined, ValueError, ZeroDivisionError) as reason:
        raise ValueError(f"function must have a value and a slope on [{a}, {b}], got {expression}: {reason}") from None
    return mpmath.iv.mpf(value)


def _interval(a: Fraction, b: Fraction) -> Any:
    low, high = mpmath.iv.mpf(a.numerator) / a.denominator, mpmath.iv.mpf(b.numerator) / b.denominator
    return mpmath.iv.mpf([low.a, high.b])


def _near(value: Any, tolerance: Fraction) -> Fraction:
    """A rational with a small denominator within the tolerance of the interval's middle."""
    return _fraction(value.mid).limit_denominator(max(1, int(1 / tolerance)) + 1)


def _fraction(x: Any) -> Fraction:
    sign, mantissa, exponent, _ = mpmath.mpf(x)._mpf_
    return Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent


def _rational(x: Fraction) -> Any:
    return sympy.Rational(x.numerator, x.denominator)
