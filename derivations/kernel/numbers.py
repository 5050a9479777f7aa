"""The numbers of the second engine: exact rationals first, intervals where a value is irrational.

Engine 1 rewrites expressions; this engine only ever computes with numbers, so the two share no rule that could be wrong
in both. Besides rationals and intervals there are two composite numbers: a `Jet` (a value with its derivative, forward
mode) evaluates derivatives, and a `Polynomial` in random entries evaluates expectations of laws that are known by their
moments only.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath

DIGITS = 60  # decimal digits of an enclosure; a claim that needs more to be decided is undecided, not true


class Undefined(ArithmeticError):
    """The expression has no value at this point: a division by 0, a logarithm of a negative, an index out of range."""


class Jet:
    """value + slope * epsilon with epsilon^2 = 0; `level` keeps nested derivatives apart."""

    __slots__ = ("level", "slope", "value")

    def __init__(self, value: Any, slope: Any, level: int) -> None:
        self.value, self.slope, self.level = value, slope, level

    def _pair(self, other: Any) -> tuple[Any, Any, Any, Any, int]:
        level = max(self.level, other.level if isinstance(other, Jet) else 0)
        a, da = (self.value, self.slope) if self.level == level else (self, Fraction(0))
        same = isinstance(other, Jet) and other.level == level
        b, db = (other.value, other.slope) if same else (other, Fraction(0))
        return a, da, b, db, level


class Polynomial:
    """A polynomial in random entries: monomial (sorted tuple of (entry, power)) -> coefficient."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[tuple, Any]) -> None:
        self.terms = terms


class Field:
    """Arithmetic over mixed numbers; `context` is mpmath.iv (enclosures) or mpmath.mp (digits)."""

    def __init__(self, context: Any = None, digits: int = DIGITS) -> None:
        self.context = mpmath.iv if context is None else context
        self.context.dps = digits

    def lift(self, x: Any) -> Any:
        """An exact rational as a number of the context."""
        if isinstance(x, Fraction):
            return self.context.mpf(x.numerator) / x.denominator
        if isinstance(x, int):
            return self.context.mpf(x)
        return x

    def add(self, a: Any, b: Any) -> Any:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a + b
        if isinstance(a, Polynomial) or isinstance(b, Polynomial):
            a, b = _polynomial(a), _polynomial(b)
            terms = dict(a.terms)
            for monomial, coefficient in b.terms.items():
                terms[monomial] = self.add(terms[monomial], coefficient) if monomial in terms else coefficient
            return Polynomial(terms)
        if isinstance(a, Jet) or isinstance(b, Jet):
            x, dx, y, dy, level = a._pair(b) if isinstance(a, Jet) else b._pair(a)
            return Jet(self.add(x, y), self.add(dx, dy), level)
        return self.lift(a) + self.lift(b)

    def mul(self, a: Any, b: Any) -> Any:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return a * b
        if (isinstance(a, Fraction) and a == 0) or (isinstance(b, Fraction) and b == 0):
            return Fraction(0)
        if isinstance(a, Polynomial) or isinstance(b, Polynomial):
            a, b = _polynomial(a), _polynomial(b)
            terms: dict[tuple, Any] = {}
            for m1, c1 in a.terms.items():
                for m2, c2 in b.terms.items():
                    powers: dict[Any, int] = dict(m1)
                    for entry, power in m2:
                        powers[entry] = powers.get(entry, 0) + power
                    monomial = tuple(sorted(powers.items()))
                    product = self.mul(c1, c2)
                    terms[monomial] = self.add(terms[monomial], product) if monomial in terms else product
            return Polynomial(terms)
        if isinstance(a, Jet) or isinstance(b, Jet):
            x, dx, y, dy, level = a._pair(b) if isinstance(a, Jet) else b._pair(a)
            return Jet(self.mul(x, y), self.add(self.mul(dx, y), self.mul(x, dy)), level)
        return self.lift(a) * self.lift(b)

    def inverse(self, a: Any) -> Any:
        if isinstance(a, Jet):
            y = self.inverse(a.value)
            return Jet(y, self.mul(Fraction(-1), self.mul(a.slope, self.mul(y, y))), a.level)
        if isinstance(a, Polynomial):
            raise Undefined("reciprocal of a random quantity known by its moments only")
        if isinstance(a, Fraction):
            if a == 0:
                raise Undefined("division by zero")
            return 1 / a
        if self._contains_zero(a):
            raise Undefined("division by zero")
        return 1 / a

    def power(self, a: Any, b: Any) -> Any:
        if isinstance(b, Fraction) and b.denominator == 1:
            return self._integer_power(a, b.numerator)
        if isinstance(a, Jet) and not isinstance(b, Jet):
            slope = self.mul(self.mul(b, self.power(a.value, self.add(b, Fraction(-1)))), a.slope)
            return Jet(self.power(a.value, b), slope, a.level)
        if isinstance(a, Jet) or isinstance(b, Jet):
            return self.function("exp", self.mul(b, self.function("log", a)))
        if isinstance(a, Polynomial):
            raise Undefined("fractional power of a random quantity")
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            if a < 0:
                raise Undefined(f"fractional power of the negative number {a}")
            if a == 0:
                if b < 0:
                    raise Undefined("division by zero")
                return Fraction(0)
            root = _exact_root(a, b.denominator)
            if root is not None:
                return root**b.numerator
        if self.sign(a) == 0 and self.sign(b) == 1:
            return Fraction(0)
        return self.function("exp", self.mul(b, self.function("log", a)))

    def _integer_power(self, a: Any, n: int) -> Any:
        if n < 0:
            return self.inverse(self._integer_power(a, -n))
        if isinstance(a, Fraction):
            return a**n
        if not isinstance(a, Jet | Polynomial):
            return self.lift(a) ** n
        result: Any = Fraction(1)
        while n:
            if n & 1:
                result = self.mul(result, a)
            a, n = self.mul(a, a) if n > 1 else a, n >> 1
        return result

    def function(self, name: str, a: Any) -> Any:
        """exp, log, sin, cos, tanh, sinh, cosh, atan, sqrt of a number."""
        if isinstance(a, Jet):
            return Jet(self.function(name, a.value), self.mul(self._slope(name, a.value), a.slope), a.level)
        if isinstance(a, Polynomial):
            raise Undefined(f"{name} of a random quantity known by its moments only")
        if isinstance(a, Fraction):
            if a == 0 and name in ("exp", "cos", "cosh"):
                return Fraction(1)
            if a == 0 and name in ("sin", "tanh", "sinh", "atan"):
                return Fraction(0)
            if name == "log":
                if a <= 0:
                    raise Undefined(f"logarithm of {a}")
                if a == 1:
                    return Fraction(0)
        x = self.lift(a)
        if name == "log" and not x > 0:
            raise Undefined("logarithm of a number not known to be positive")
        if name == "tanh":  # the interval context has no hyperbolic functions
            e = self.context.exp(-2 * abs(x))
            y = (1 - e) / (1 + e)
            return y if x > 0 else -y if x < 0 else self._odd(x)
        if name in ("sinh", "cosh"):
            e, f = self.context.exp(x), self.context.exp(-x)
            return (e - f) / 2 if name == "sinh" else (e + f) / 2
        if name in ("atan", "erf"):
            return self._increasing(getattr(mpmath, name), x)
        if name == "gamma":
            return self._gamma(x)
        return getattr(self.context, name)(x)

    def _odd(self, x: Any) -> Any:
        e = self.context.exp(2 * x)
        return (e - 1) / (e + 1)

    def _increasing(self, f: Any, x: Any) -> Any:
        """An increasing point function of mpmath as an enclosure: both ends with 15 spare digits, widened by 10."""
        if self.context is not mpmath.iv:
            return f(x)
        with mpmath.workdps(self.context.dps + 15):
            low, high = f(mpmath.mpf(x.a.mid)), f(mpmath.mpf(x.b.mid))
            radius = (1 + max(abs(low), abs(high))) * mpmath.mpf(10) ** (-self.context.dps + 10)
            return mpmath.iv.mpf([low - radius, high + radius])

    def _gamma(self, x: Any) -> Any:
        """Gamma is convex on the positive numbers and increases from 1.4616... on; left of that it decreases."""
        if self.context is not mpmath.iv:
            return self.context.gamma(x)
        if x.a >= 1.47:
            return self._increasing(mpmath.gamma, x)
        if x.a > 0 and x.b <= 1.46:
            return -self._increasing(lambda y: -mpmath.gamma(y), x)
        raise Undefined("engine 2 encloses gamma away from its minimum and its poles only")

    def _slope(self, name: str, x: Any) -> Any:
        if name == "exp":
            return self.function("exp", x)
        if name == "log":
            return self.inverse(x)
        if name == "sin":
            return self.function("cos", x)
        if name == "cos":
            return self.mul(Fraction(-1), self.function("sin", x))
        if name == "tanh":
            y = self.function("tanh", x)
            return self.add(Fraction(1), self.mul(Fraction(-1), self.mul(y, y)))
        if name == "sinh":
            return self.function("cosh", x)
        if name == "cosh":
            return self.function("sinh", x)
        if name == "atan":
            return self.inverse(self.add(Fraction(1), self.mul(x, x)))
        if name == "erf":
            two_over_root_pi = 2 / self.context.sqrt(self.context.pi)
            return self.mul(two_over_root_pi, self.function("exp", self.mul(Fraction(-1), self.mul(x, x))))
        raise Undefined(f"derivative of {name}")

    def sign(self, a: Any) -> int | None:
        """-1, 0 or 1; None when an enclosure straddles zero."""
        if isinstance(a, Jet):
            return self.sign(a.value)
        if isinstance(a, Polynomial):
            raise Undefined("sign of a random quantity known by its moments only")
        if isinstance(a, Fraction):
            return (a > 0) - (a < 0)
        if a > 0:
            return 1
        if a < 0:
            return -1
        return None if self._contains_zero(a) and self.context is mpmath.iv and a.delta != 0 else 0

    def _contains_zero(self, a: Any) -> bool:
        return bool(a == 0) if self.context is not mpmath.iv else bool(0 in a)


def _polynomial(a: Any) -> Polynomial:
    return a if isinstance(a, Polynomial) else Polynomial({(): a})


def _exact_root(a: Fraction, n: int) -> Fraction | None:
    top, bottom = _integer_root(a.numerator, n), _integer_root(a.denominator, n)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _integer_root(a: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(a)
    else:
        root = round(a ** (1 / n)) if a < 2**52 else int(mpmath.nint(mpmath.root(a, n)))
    return root if root**n == a else None
