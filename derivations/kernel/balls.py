"""Ball arithmetic by FLINT, the opinion that is asked where z3 is silent: on exponentials, logarithms, integrals.

An irrational claim is evaluated again at the instances that engine 2 has drawn, in Arb's real balls, by a recursion of
its own: derivatives are SymPy's rather than jets, and integrals between finite ends are enclosed, where engine 2 has
quadrature without a bound. Without FLINT the theorems are proved as they are, and `Derivation.rigor` says "absent".
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any

import sympy
from sympy.core.relational import Relational

from .polynomials import Outside
from .rigor import Decision

BITS = 256  # of a ball's middle
SAME = 2.0**-128  # two sides that are no further apart, in units of the larger, cannot be told apart
_ENTIRE = (sympy.exp, sympy.sin, sympy.cos)  # of what Arb integrates, as it must be analytic
_FUNCTIONS = (*_ENTIRE, sympy.log, sympy.tanh)


def installed() -> bool:
    """Whether FLINT can be imported; it comes with the extra `rigor`."""
    return importlib.util.find_spec("flint") is not None


def decide(claim: Any, points: Sequence[Any]) -> Decision:
    """Whether the claim holds at all the points; "" where it is rational, or balls have no rule for what it says."""
    if not (points and _irrational(claim)):
        return Decision("")
    if not installed():
        return Decision("absent")
    import flint

    with flint.ctx.workprec(BITS):
        try:
            verdicts = [_Balls(point, flint, {}, {}).decide(claim) for point in points]
        except Outside:
            return Decision("")
    if False in verdicts:
        return Decision("false", points[verdicts.index(False)])
    return Decision("unknown" if None in verdicts else "true")


def _irrational(claim: Any) -> bool:
    """Whether rational instances may give the claim irrational values."""
    powers = claim.atoms(sympy.Pow)
    return claim.has(sympy.Integral, sympy.E, sympy.pi, *_FUNCTIONS) or any(not p.exp.is_integer for p in powers)


class _Balls:
    """The expression's value at a point as a ball; inside an integral as a complex one."""

    def __init__(self, point: Any, flint: Any, bound: dict[Any, Any], memo: dict[Any, Any]) -> None:
        self.point, self.flint, self.memo = point, flint, memo
        self.bound = bound  # the indices of enclosing sums, the variables of enclosing integrals

    def decide(self, claim: Any) -> bool | None:
        if not isinstance(claim, Relational):
            raise Outside(f"balls decide relations, not {claim}")
        left, right = self.value(claim.lhs), self.value(claim.rhs)
        rest = left - right
        if not rest.is_finite():
            return None
        if 0 in rest:
            alike = rest.abs_upper() <= SAME * max(1, left.abs_upper(), right.abs_upper())
            return True if alike and claim.rel_op in ("==", "<=", ">=") else None
        return {"<": rest < 0, "<=": rest < 0, ">": rest > 0, ">=": rest > 0}.get(claim.rel_op, claim.rel_op == "!=")

    def value(self, e: Any) -> Any:
        if e in self.bound:
            return self.bound[e]
        if e.is_Rational:
            return self._ball(e.p, e.q)
        if e.is_Symbol or isinstance(e, sympy.Indexed):
            return self._given(e)
        if isinstance(e, _FUNCTIONS):
            x = self.value(e.args[0]) if isinstance(e, _ENTIRE) else self._real(e.args[0])
            return getattr(x, type(e).__name__)()
        return getattr(self, "_" + type(e).__name__, self._recursion)(e)

    def _ball(self, top: Any, bottom: Any = 1) -> Any:
        return self.flint.arb(self.flint.fmpq(int(top), int(bottom)))

    def _real(self, e: Any) -> Any:
        x = self.value(e)
        if isinstance(x, self.flint.acb):
            raise Outside(f"a function of {e} under an integral")
        return x

    def _integer(self, e: Any) -> int:
        x = self._real(e)
        if not x.is_integer():
            raise Outside(f"{e} is no integer here")
        return int(x.unique_fmpz())

    def _given(self, e: Any) -> Any:
        known = self.point.values.get(e if e.is_Symbol else e.base)
        x = known.get(tuple(map(self._integer, e.indices))) if isinstance(known, dict) else known
        if not isinstance(x, Fraction):
            raise Outside(f"{e} has no rational value here")
        return self._ball(x.numerator, x.denominator)

    def _recursion(self, e: Any) -> Any:
        rule = self.point.recursions.get(type(e).__name__)
        if rule is None:
            raise Outside(f"balls have no rule for {type(e).__name__}")
        *indices, time = map(self._integer, e.args)
        key = e.func(*indices, time)
        if key not in self.memo:
            bound = dict(zip((*rule.indices, rule.time), map(self._ball, (*indices, time - 1)), strict=True))
            inner = _Balls(self.point, self.flint, bound, self.memo)
            self.memo[key] = inner.value(rule.following if time > 0 else rule.start)
        return self.memo[key]

    def _Exp1(self, e: Any) -> Any:
        return self._ball(1).exp()

    def _Pi(self, e: Any) -> Any:
        return self.flint.arb.pi()

    def _Add(self, e: Any) -> Any:
        return sum(map(self.value, e.args))

    def _Mul(self, e: Any) -> Any:
        return math.prod(map(self.value, e.args))

    def _Pow(self, e: Any) -> Any:
        exponent = self.value(e.exp)
        if isinstance(exponent, self.flint.arb) and exponent.is_integer():
            n = int(exponent.unique_fmpz())  # FLINT's own power is undefined for a ball that contains 0
            power = math.prod([self.value(e.base)] * abs(n), start=self._ball(1))
            return power if n >= 0 else 1 / power
        base = self._real(e.base)
        return base.sqrt() if e.exp == sympy.S.Half else (exponent * base.log()).exp()

    def _Abs(self, e: Any) -> Any:
        return abs(self._real(e.args[0]))

    def _Max(self, e: Any) -> Any:
        return reduce(lambda x, y: x.max(y), map(self._real, e.args))

    def _KroneckerDelta(self, e: Any) -> Any:
        return self._ball(self._integer(e.args[0]) == self._integer(e.args[1]))

    def _Sum(self, e: Any) -> Any:
        return sum(self._terms(e), self._ball(0))

    def _Product(self, e: Any) -> Any:
        return math.prod(self._terms(e), start=self._ball(1))

    def _terms(self, e: Any) -> Iterator[Any]:
        *inner, (index, low, high) = e.limits  # SymPy lists the innermost limit first
        term = e.func(e.function, *inner) if inner else e.function
        for i in range(self._integer(low), self._integer(high) + 1):
            self.bound[index] = self._ball(i)
            yield self.value(term)
        self.bound.pop(index, None)

    def _Derivative(self, e: Any) -> Any:
        return self.value(_differentiated(e))

    def _Integral(self, e: Any) -> Any:
        (variable, low, high), *outer = e.limits
        if outer or low.is_infinite or high.is_infinite:
            raise Outside("balls integrate over one variable, between finite ends")

        refused: list[Outside] = []

        def integrand(x: Any, _: bool) -> Any:
            inner = _Balls(self.point, self.flint, {**self.bound, variable: x}, self.memo)
            try:
                return self.flint.acb(inner.value(e.function))
            except Outside as reason:  # nothing may be raised through FLINT; it is done soonest with a constant
                refused.append(reason)
                return self.flint.acb(0)

        area = self.flint.acb.integral(integrand, self.value(low), self.value(high))
        if refused:
            raise refused[0]
        return area.real


@lru_cache(maxsize=1000)
def _differentiated(e: Any) -> Any:
    found = sympy.Derivative(e.expr, *e.variable_count, evaluate=True)
    if found.has(sympy.Derivative, sympy.Subs):
        raise Outside(f"{e} is not elementary")
    return found
