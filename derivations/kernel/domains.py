"""The rules that leave algebra: limits, all sizes up to a stated one, compact boxes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from .evaluation import Point
from .ledger import Fact, Ledger
from .limits import limit_of
from .normal_form import is_zero, normal
from .relations import ordered, sides
from .scope import NotShown
from .signs import nonnegative
from .substitution import substituted


class Domains(Ledger):
    """Rules that look at where a variable goes, or at every place where it may be."""

    def limit(self, claim: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """A limit: powers q^t with |q| < 1 visibly vanish as t grows; the rest is SymPy's Gruntz algorithm."""
        left, right = sides(claim, sympy.Eq)
        if not isinstance(left, sympy.Limit):
            raise NotShown("limit: the left side is no limit")
        inner, variable, target, direction = left.args
        result = limit_of(normal(inner, self), variable, target, str(direction), self._with(using))
        if not self._zero(result - right, using):
            raise NotShown(f"limit: the limit is {result}")
        return self._establish("limit", claim, because, using)

    def enumerate(self, claim: Any, sizes: Mapping[Any, Sequence[int]], *, because: str) -> Fact:
        """All sizes in the given ranges, one by one: an identity symbolically, anything else at every integer point."""
        for size, values in sizes.items():
            declared = self.bounds(size)
            if (
                declared is None
                or not values
                or list(values) != list(range(int(declared.low), int(declared.low) + len(values)))
            ):
                raise NotShown(f"enumerate: {size} must run from its smallest value on, without gaps")
        for assignment in itertools.product(*sizes.values()):
            at = dict(zip(sizes, map(sympy.Integer, assignment), strict=True))
            instance = substituted(claim, at)
            if isinstance(claim, sympy.Eq):
                shown = is_zero(substituted(claim.lhs - claim.rhs, at), self)
            else:
                remaining = claim.free_symbols - set(at)
                point = Point({s: Fraction(int(v)) for s, v in at.items()}, recursions=self.recursions, laws=self.laws)
                shown = not remaining and point.decide(claim) is True
            if not shown:
                raise NotShown(f"enumerate: {instance} is not shown at {at}")
        return self._establish("enumerate", claim, because, [], strength="enumerated", restricted=sizes)

    def enclose(self, claim: Any, box: Mapping[Any, tuple[Any, Any]], *, because: str, depth: int = 24) -> Fact:
        """A strict inequality on a compact box, by interval arithmetic on a subdivision."""
        smaller, larger, _ = ordered(claim)
        for symbol in claim.free_symbols:
            if symbol not in box:
                raise NotShown(f"enclose: the box says nothing of {symbol}")
            low, high = map(sympy.Rational, map(str, box[symbol]))
            if not (nonnegative(symbol - low, self) and nonnegative(high - symbol, self)):
                raise NotShown(f"enclose: {symbol} may lie outside [{low}, {high}]")
        boxes = [({s: (Fraction(str(a)), Fraction(str(b))) for s, (a, b) in box.items()}, 0)]
        while boxes:
            current, level = boxes.pop()
            intervals = {s: mpmath.iv.mpf([_outward(a), _outward(b)]) for s, (a, b) in current.items()}
            point = Point(intervals, recursions=self.recursions)
            if point.field.sign(point.field.lift(point.value(larger - smaller))) == 1:
                continue
            if level >= depth:
                raise NotShown(f"enclose: not decided on {current}")
            widest = max(current, key=lambda s: current[s][1] - current[s][0])
            a, b = current[widest]
            for part in ((a, (a + b) / 2), ((a + b) / 2, b)):
                boxes.append(({**current, widest: part}, level + 1))
        return self._establish("enclose", claim, because, [], strength="enclosed")


def _outward(x: Fraction) -> Any:
    return mpmath.iv.mpf(x.numerator) / x.denominator
