"""The rules that refute: a printed claim is false, or without a value, at one exact instance of its hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from .admission import admissible, admit, without_value
from .evaluation import Point
from .ledger import Fact, Ledger
from .numbers import Undefined
from .scope import NotShown


class Refutations(Ledger):
    """Rules that end in a counterexample."""

    def refute(self, claim: Any, at: Mapping[Any, Any], *, because: str) -> Fact:
        """The claim is false: both engines find it false at one exact instance of the hypotheses."""
        admit(claim, self)
        point = self.at(at)
        admissible(point, at, self)
        if point.decide(claim) is not False:
            raise NotShown(f"refute: the claim is not false at {at}")
        first = _substituted(claim, at)
        engines = ("exact", "symbolic") if first in (False, sympy.false) else ("exact",)
        if first in (True, sympy.true):
            raise NotShown("refute: the two engines disagree")
        return self._refuted(sympy.Not(claim, evaluate=False), at, because, engines)

    def undefined(self, expr: Any, at: Mapping[Any, Any], *, because: str) -> Fact:
        """The expression as printed has no value at this instance: an index out of range, a name without meaning."""
        missing = without_value(expr, at, self)
        if missing:
            raise NotShown(f"undefined: the instance gives no value to {', '.join(map(str, missing))}")
        point = self.at(at)
        admissible(point, at, self)
        try:
            value = point.value(expr)
        except Undefined as reason:
            if "engine 2" in str(reason):
                raise NotShown(f"undefined: {reason}") from None
            return self._refuted(sympy.Function("undefined")(sympy.Symbol(str(reason))), at, because, ("exact",))
        raise NotShown(f"undefined: the expression has the value {value}")

    def at(self, values: Mapping[Any, Any]) -> Point:
        """The point with these values; vectors as (nested) sequences."""
        point = Point(recursions=self.recursions, laws=self.laws)
        for symbol, value in values.items():
            point.values[symbol] = _table(value) if isinstance(symbol, sympy.IndexedBase) else _exact(value, point)
        return point


def _exact(value: Any, point: Point) -> Any:
    value = (
        sympy.sympify(value) if not isinstance(value, Fraction) else sympy.Rational(value.numerator, value.denominator)
    )
    if value.atoms(sympy.Float):
        raise ValueError(f"an exact point has rational numbers, got {value}")
    return point.value(value)


def _table(value: Any) -> dict[tuple[int, ...], Any]:
    table: dict[tuple[int, ...], Any] = {}

    def fill(part: Any, key: tuple[int, ...]) -> None:
        if isinstance(part, list | tuple):
            for i, entry in enumerate(part, 1):
                fill(entry, (*key, i))
        else:
            table[key] = _exact(part, Point())

    fill(value, ())
    return table


def _substituted(claim: Any, at: Mapping[Any, Any]) -> Any:
    """The claim at the point by SymPy's own substitution: the second opinion on a counterexample."""
    scalars = {s: sympy.sympify(v) for s, v in at.items() if not isinstance(s, sympy.IndexedBase)}
    try:
        claim = claim.subs(scalars).doit()
        entries = {}
        for base, value in at.items():
            if isinstance(base, sympy.IndexedBase):
                for key in _table(value):
                    part = value
                    for i in key:
                        part = part[i - 1]
                    entries[base[key]] = sympy.sympify(part)
        claim = claim.subs(entries).doit()
        return sympy.simplify(claim)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None
