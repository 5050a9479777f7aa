"""The search for a counterexample of given sizes: every sum written out, every entry a number of its own, for z3.

z3 only proposes. What it finds counts where the second engine finds the claim false at that instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .evaluation import Point
from .numbers import Undefined
from .polynomials import Outside
from .rigor import decide
from .scope import NotShown, Scope

LARGEST = 2000  # nodes that are written out


class WrittenOut:
    """A theorem at one choice of its integers, and of some of its numbers, as a question about the other numbers."""

    def __init__(self, scope: Any, point: Any, fixed: set[Any], exact: Mapping[Any, Any] | None = None) -> None:
        """Raises Outside where the theorem has more than numbers and vectors.

        `exact` gives those of the fixed numbers that are irrational.
        """
        self.scope, self.point, self.flat, self.terms = scope, point, Scope(), 0
        self.known: dict[Any, Any] = {}  # an integer or a fixed number -> its value, any other -> its symbol
        self.entries: dict[Any, dict[tuple[int, ...], Any]] = {}
        self.reached: dict[Any, Any] = {}  # a term of a recursion -> what it is
        for declared in scope.declared:
            symbol = declared.symbol
            if isinstance(symbol, sympy.IndexedBase):
                table = point.values[symbol]
                self.entries[symbol] = {
                    key: _rational(table[key])
                    if symbol in fixed
                    else self._number("_".join(map(str, (symbol, *key))), declared)
                    for key in sorted(table)
                }
            elif exact and symbol in exact:
                self.known[symbol] = exact[symbol]
            elif symbol in fixed or symbol.is_integer:
                self.known[symbol] = _rational(point.values[symbol])
            elif symbol.is_real:
                self.known[symbol] = self._number(str(symbol), declared)
            else:
                raise Outside(f"{symbol} is no number")
        if scope.laws:
            raise Outside("random numbers")
        for hypothesis in scope.hypotheses:
            self.flat.assume(self.of(hypothesis))

    def _number(self, name: str, declared: Any) -> Any:
        low, high = (None if b is None else self.of(b) for b in (declared.low, declared.high))
        return self.flat.real(name, low, high, open=declared.open, nonzero=declared.nonzero)

    def of(self, e: Any, at: Mapping[Any, Any] | None = None) -> Any:
        """The expression or relation without sums, indices and recursions; `at` gives the indices around it."""
        at = at or {}
        self.terms += 1
        if self.terms > LARGEST:
            raise Outside("too long to be written out")
        if e.is_Symbol:
            if e not in at and e not in self.known:
                raise Outside(f"{e} is no number")
            return at[e] if e in at else self.known[e]
        if not e.args:
            return e
        if isinstance(e, sympy.Sum | sympy.Product):
            parts = [self.of(e.function, inner) for inner in self._ranges(list(e.limits)[::-1], at)]
            return (sympy.Add if isinstance(e, sympy.Sum) else sympy.Mul)(*parts)
        if isinstance(e, sympy.Indexed):
            key = tuple(int(self.of(i, at)) for i in e.indices)
            if key not in self.entries.get(e.base, {}):
                raise Outside(f"{e} is out of range")
            return self.entries[e.base][key]
        if isinstance(e, AppliedUndef):
            return self._reached(e, at)
        if isinstance(e, sympy.Derivative | sympy.Limit | sympy.Integral | sympy.Piecewise):
            raise Outside(f"{type(e).__name__} is not written out")
        parts = [self.of(a, at) for a in e.args]
        return e.func(*parts, evaluate=False) if isinstance(e, Relational) else e.func(*parts)

    def _ranges(self, limits: list[Any], at: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
        if not limits:
            yield at
            return
        (index, low, high), rest = limits[0], limits[1:]
        for i in range(int(self.of(low, at)), int(self.of(high, at)) + 1):
            yield from self._ranges(rest, {**at, index: sympy.Integer(i)})

    def _reached(self, e: Any, at: Mapping[Any, Any]) -> Any:
        name, arguments = e.func.__name__, tuple(int(self.of(a, at)) for a in e.args)
        *indices, time = arguments
        rule = self.scope.recursions.get(name)
        if rule is None or time < 0:
            raise Outside(f"{e} has no rule")
        if (name, arguments) not in self.reached:
            own = dict(zip((*rule.indices, rule.time), map(sympy.Integer, (*indices, time - 1)), strict=True))
            self.reached[name, arguments] = self.of(rule.start if time == 0 else rule.following, own)
        return self.reached[name, arguments]

    def back(self, found: Any) -> Point:
        """The instance of the theorem for a solution of the question."""
        value = lambda x: found.values[x] if isinstance(x, sympy.Symbol) else Fraction(int(x.p), int(x.q))  # noqa: E731
        values = {symbol: value(x) for symbol, x in self.known.items()}
        values |= {base: {key: value(x) for key, x in table.items()} for base, table in self.entries.items()}
        return Point(values, recursions=self.scope.recursions, field=self.point.field)


def proposed(claim: Any, scope: Any, points: list[Any]) -> Iterator[Point]:
    """Instances that z3 proposes, at the sizes of these: of all numbers, then with the bounded ones held fast."""
    bounded = {d.symbol for d in scope.declared if d.symbol in claim.free_symbols and d.low is not None}
    for point in points:
        for fixed in (set(), {s for s in bounded if s.is_Symbol}):
            try:
                question = WrittenOut(scope, point, fixed)
                found = decide(question.of(claim), question.flat).point
            except (Outside, NotShown, Undefined, TypeError, ValueError, ArithmeticError):
                continue
            if found is not None:
                yield question.back(found)


def _rational(value: Any) -> Any:
    if not isinstance(value, Fraction):
        raise Outside(f"{value} is no rational number")
    return sympy.Rational(value.numerator, value.denominator)
