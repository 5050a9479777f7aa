"""Engine 2: the value of an expression at a concrete point, exactly or enclosed, by plain recursion over its tree.

A `Point` gives every declared symbol a number, every vector a table of entries, every recursion its rule. Sums are
added term by term, derivatives taken by jets, expectations by running through the atoms of the law: nothing is
rewritten.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import mpmath
import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from .functions import SmoothFunction, derivative_at
from .laws import Law
from .numbers import Field, Jet, Polynomial, Undefined
from .trees import evaluator, whole

_FUNCTIONS = ("exp", "log", "sin", "cos", "tanh", "sinh", "cosh", "atan", "erf", "gamma")
MAX_ATOMS = 100_000  # masks, samples or orders that one expectation may run through


class Point:
    """Numbers for symbols, tables for vectors, rules for recursions; evaluates expressions and decides claims."""

    def __init__(
        self,
        values: dict[Any, Any] | None = None,
        *,
        recursions: dict[str, Any] | None = None,
        laws: dict[Any, Law] | None = None,
        field: Field | None = None,
    ) -> None:
        self.values: dict[Any, Any] = dict(values or {})
        self.recursions = recursions or {}
        self.laws = laws or {}
        self.field = field or Field()
        self._local: dict[Any, Any] = {}  # bound indices of enclosing sums
        self._memo: dict[Any, Any] = {}
        self._level = 0

    # ---- claims ------------------------------------------------------------------------------------------------

    def decide(self, claim: Any) -> bool | None:
        """Whether the claim holds here; None when an enclosure cannot tell."""
        if claim in (True, sympy.true):
            return True
        if claim in (False, sympy.false):
            return False
        if isinstance(claim, Relational):
            return self._relation(claim)
        if isinstance(claim, BooleanFunction):
            parts = [self.decide(part) for part in claim.args]
            return _CONNECTIVES[claim.func.__name__](parts)
        raise Undefined(f"no truth value for {claim}")

    def _relation(self, claim: Relational) -> bool | None:
        left, right = self.value(claim.lhs), self.value(claim.rhs)
        difference = self.field.add(left, self.field.mul(Fraction(-1), right))
        if isinstance(difference, Jet):
            difference = difference.value
        op = claim.rel_op
        sign = self.field.sign(difference)
        if sign is None:
            low, high = difference.a, difference.b
            if op == ">=" and low >= 0:
                return True
            if op == "<=" and high <= 0:
                return True
            return None
        return {"==": sign == 0, "!=": sign != 0, "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[op]

    # ---- values ------------------------------------------------------------------------------------------------

    def value(self, e: Any) -> Any:
        """The number that the expression is at this point."""
        return evaluator(e)(self)

    def other(self, e: Any) -> Any:
        """The value of an expression of a kind that is rare enough to be looked at again at every point."""
        method = _method(type(e))
        if method is not None:
            return method(self, e)
        if isinstance(e, AppliedUndef):
            return self._recursion(e)
        if isinstance(e, SmoothFunction):
            at = [self.value(a) for a in e.args]
            if e.family not in self.values:
                raise Undefined(f"{e.family} has no values")
            if isinstance(self.values[e.family], tuple):
                return self.values[e.family][sum(e.order)](*map(self.field.lift, at))
            return derivative_at(self.values[e.family], e.order, at, self.field)
        name = type(e).__name__
        if name in _FUNCTIONS:
            return self.field.function(name, self.value(e.args[0]))
        raise Undefined(f"engine 2 has no rule for {name}")

    def integer(self, e: Any) -> int:
        """The integer that an index, a size or a bound is at this point."""
        return whole(self.value(e), e)

    def _Exp1(self, e: Any) -> Any:
        return self.field.function("exp", Fraction(1))

    def _Pi(self, e: Any) -> Any:
        return self.field.context.pi + 0

    def _Abs(self, e: Any) -> Any:
        return self._magnitude(self.value(e.args[0]))

    def _magnitude(self, x: Any) -> Any:
        if isinstance(x, Fraction):
            return abs(x)
        if isinstance(x, Jet):
            sign = self.field.sign(x.value)
            if sign in (0, None):
                raise Undefined("derivative of |x| at 0")
            return x if sign > 0 else self.field.mul(Fraction(-1), x)
        return abs(x)

    def _Max(self, e: Any) -> Any:
        return self._largest([self.value(a) for a in e.args])

    def _Min(self, e: Any) -> Any:
        negative = Fraction(-1)
        return self.field.mul(negative, self._largest([self.field.mul(negative, self.value(a)) for a in e.args]))

    def _largest(self, numbers: list[Any]) -> Any:
        best = numbers[0]
        for x in numbers[1:]:
            sign = self.field.sign(self.field.add(x, self.field.mul(Fraction(-1), best)))
            if sign is None or (sign == 0 and (isinstance(x, Jet) or isinstance(best, Jet))):
                if isinstance(x, Jet) or isinstance(best, Jet):
                    raise Undefined("derivative of a maximum at a tie")
                x, best = self.field.lift(x), self.field.lift(best)
                best = self.field.context.mpf([max(x.a, best.a), max(x.b, best.b)])
            elif sign > 0:
                best = x
        return best

    def _sign(self, e: Any) -> Any:
        sign = self.field.sign(self.value(e.args[0]))
        if sign is None:
            raise Undefined("sign of an enclosure that contains 0")
        return Fraction(sign)

    def _Heaviside(self, e: Any) -> Any:
        sign = self.field.sign(self.value(e.args[0]))
        if sign is None:
            raise Undefined("step of an enclosure that contains 0")
        return Fraction(1) if sign > 0 else Fraction(0) if sign < 0 else self.value(e.args[1])

    def _floor(self, e: Any) -> Any:
        x = self.value(e.args[0])
        if isinstance(x, Fraction):
            return Fraction(x.numerator // x.denominator)
        low, high = (int(sympy.floor(str(bound))) for bound in (x.a.mid, x.b.mid))
        if low != high:
            raise Undefined("floor of an enclosure that contains an integer")
        return Fraction(low)

    def _ceiling(self, e: Any) -> Any:
        return self.field.mul(Fraction(-1), self._floor(sympy.floor(-e.args[0], evaluate=False)))

    def _Mod(self, e: Any) -> Any:
        return Fraction(self.integer(e.args[0]) % self.integer(e.args[1]))

    def _factorial(self, e: Any) -> Any:
        n = self.integer(e.args[0])
        if n < 0:
            raise Undefined("factorial of a negative integer")
        return Fraction(int(sympy.factorial(n)))

    def _binomial(self, e: Any) -> Any:
        return Fraction(int(sympy.binomial(self.integer(e.args[0]), self.integer(e.args[1]))))

    def _harmonic(self, e: Any) -> Any:
        return sum((Fraction(1, i) for i in range(1, self.integer(e.args[0]) + 1)), Fraction(0))

    def _KroneckerDelta(self, e: Any) -> Any:
        return Fraction(int(self.integer(e.args[0]) == self.integer(e.args[1])))

    def _Piecewise(self, e: Any) -> Any:
        for value, condition in e.args:
            holds = self.decide(condition)
            if holds is None:
                raise Undefined("a case distinction that the enclosure cannot decide")
            if holds:
                return self.value(value)
        raise Undefined("no case of the distinction holds")

    def _Sum(self, e: Any) -> Any:
        return self._fold(e, self.field.add, Fraction(0))

    def _Product(self, e: Any) -> Any:
        return self._fold(e, self.field.mul, Fraction(1))

    def _fold(self, e: Any, combine: Any, start: Any) -> Any:
        key = (e, tuple((s, self._local[s]) for s in _free_symbols(e) if s in self._local))
        if key in self._memo:
            return self._memo[key]
        total, saved = start, dict(self._local)
        term = evaluator(e.function)
        try:
            for _ in self._ranges(list(e.limits)[::-1]):  # SymPy lists the innermost limit first
                total = combine(total, term(self))
        finally:  # a term without a value leaves no index behind
            self._local = saved
        self._memo[key] = total
        return total

    def _ranges(self, limits: list[Any]) -> Any:
        if not limits:
            yield
            return
        (index, low, high), rest = limits[0], limits[1:]
        first, last = self.integer(low), self.integer(high)
        saved = self._local.get(index)
        for i in range(first, last + 1):
            self._local[index] = Fraction(i)
            yield from self._ranges(rest)
        if saved is None:
            self._local.pop(index, None)
        else:
            self._local[index] = saved

    # ---- recursions, derivatives, expectations, limits ---------------------------------------------------------

    def _recursion(self, e: Any) -> Any:
        recursion = self.recursions.get(e.func.__name__)
        if recursion is None:
            raise Undefined(f"{e.func.__name__} is not defined by a recursion")
        arguments = tuple(self.integer(a) for a in e.args)
        key = (e.func.__name__, arguments)
        if key not in self._memo:
            *indices, time = arguments
            start, following = recursion.start, recursion.following
            if time < 0:
                raise Undefined(f"{e.func.__name__} before its start")
            saved = self._local
            try:
                for k in range(time + 1):  # bottom-up, so that a long run does not recurse
                    step = (e.func.__name__, (*indices, k))
                    if step not in self._memo:
                        local = dict(zip(recursion.indices, map(Fraction, indices), strict=True))
                        self._local = {**local, recursion.time: Fraction(k - 1)}
                        self._memo[step] = self.value(start if k == 0 else following)
            finally:
                self._local = saved
        return self._memo[key]

    def _Derivative(self, e: Any) -> Any:
        point, inner = self, e.expr
        seeds = [variable for variable, count in e.variable_count for _ in range(int(count))]
        return point._differentiated(inner, seeds)

    def _differentiated(self, inner: Any, seeds: list[Any]) -> Any:
        if not seeds:
            return self.value(inner)
        seed, rest = seeds[0], seeds[1:]
        level = self._level + 1
        copy = Point(self.values, recursions=self.recursions, laws=self.laws, field=self.field)
        copy._local, copy._level = dict(self._local), level
        if seed.is_Symbol:
            place = copy._local if seed in copy._local else copy.values
            place[seed] = Jet(self.value(seed), Fraction(1), level)
        else:
            key = tuple(self.integer(i) for i in seed.indices)
            copy.values[seed.base] = {**self.values[seed.base], key: Jet(self.value(seed), Fraction(1), level)}
        result = copy._differentiated(inner, rest)
        return result.slope if isinstance(result, Jet) and result.level == level else Fraction(0)

    def _Expectation(self, e: Any) -> Any:
        entries = self._random_entries(e)
        point = Point(self.values, recursions=self.recursions, laws=self.laws, field=self.field)
        point._local, point._level = dict(self._local), self._level
        finite = {base: law for base, law in self.laws.items() if law.atoms is not None and base in entries}
        for base in entries.keys() - finite.keys():
            table = {key: Polynomial({(((str(base), key), 1),): Fraction(1)}) for key in entries[base]}
            point.values[base] = table[()] if not isinstance(base, sympy.IndexedBase) else table
        total: Any = Fraction(0)
        for probability, assignment in self._outcomes(finite, entries):
            point._memo = {}
            for base, table in assignment.items():
                point.values[base] = table[()] if not isinstance(base, sympy.IndexedBase) else table
            value = point.value(e.args[0])
            if isinstance(value, Polynomial):
                value = self._moments(
                    value, {str(base): (base, self.laws[base]) for base in entries.keys() - finite.keys()}
                )
            total = self.field.add(total, self.field.mul(probability, value))
        return total

    def _random_entries(self, e: Any) -> dict[Any, list[tuple[int, ...]]]:
        """The entries of every random family that the expectation mentions (scalars have the one key ())."""
        found: dict[Any, list[tuple[int, ...]]] = {}
        for base, law in self.laws.items():
            label = base.label if isinstance(base, sympy.IndexedBase) else base
            if e.args[0].has(label) or e.args[0].has(base):
                sizes = [self.integer(n) for n in law.sizes]
                found[base] = list(itertools.product(*(range(1, n + 1) for n in sizes)))
        return found

    def _outcomes(self, finite: dict[Any, Law], entries: dict[Any, list[tuple[int, ...]]]) -> Any:
        """(probability, values) of every joint outcome of the finite families."""
        joint = [law.atoms(self, entries[base]) for base, law in finite.items()]
        count = 1
        for atoms in joint:
            count *= len(atoms)
        if count > MAX_ATOMS:
            raise Undefined(f"{count} outcomes are more than engine 2 runs through")
        for outcome in itertools.product(*joint):
            probability: Any = Fraction(1)
            for p, _ in outcome:
                probability = self.field.mul(probability, p)
            yield probability, {base: table for base, (_, table) in zip(finite, outcome, strict=True)}

    def _moments(self, polynomial: Polynomial, families: dict[str, tuple[Any, Law]]) -> Any:
        total: Any = Fraction(0)
        for monomial, coefficient in polynomial.terms.items():
            for name, (_, law) in families.items():
                powers = {key: power for (family, key), power in monomial if family == name}
                if powers:
                    coefficient = self.field.mul(coefficient, law.moment(self, powers))
            total = self.field.add(total, coefficient)
        return total

    def _Integral(self, e: Any) -> Any:
        """Gauss-Legendre quadrature at 30 digits, widened by 1e-15: evidence, no enclosure (engine "quadrature")."""
        (variable, low, high), *outer = e.limits
        if outer:
            raise Undefined("engine 2 integrates over one variable")
        with mpmath.workdps(30):
            point = Point(self.values, recursions=self.recursions, laws=self.laws, field=Field(mpmath.mp, 30))
            point.values = {s: _float(v) for s, v in self.values.items()}

            def integrand(x: Any) -> Any:
                point._local = {**{s: _float(v) for s, v in self._local.items()}, variable: x}
                point._memo = {}
                return point.field.lift(point.value(e.function))

            ends = [
                mpmath.inf * int(sympy.sign(b)) if b.is_infinite else point.field.lift(_float(self.value(b)))
                for b in (low, high)
            ]
            middle = [mpmath.mpf(0)] if ends[0] < 0 < ends[1] else []  # kinks of the activations sit at 0
            area = mpmath.quad(integrand, [ends[0], *middle, ends[1]])
            radius = (1 + abs(area)) * mpmath.mpf(10) ** -15
            return mpmath.iv.mpf([area - radius, area + radius])

    def _Limit(self, e: Any) -> Any:
        """Extrapolation from two points near the target, widened by four times their difference: it can refute."""
        inner, variable, target, direction = e.args
        saved, values = dict(self._local), []
        try:
            for k in (7, 11):
                if target in (sympy.oo, -sympy.oo):
                    near: Any = Fraction(2**k if target is sympy.oo else -(2**k))
                else:
                    side = -1 if str(direction) == "-" else 1
                    near = self.field.add(self.value(target), Fraction(side, 2 ** (3 * k)))
                self._local[variable], self._memo = near, {}
                values.append(self.field.lift(self.value(inner)))
        finally:
            self._local, self._memo = saved, {}
        radius = 4 * abs(values[1] - values[0]) + mpmath.mpf(10) ** -30
        return values[1] + mpmath.iv.mpf([-1, 1]) * radius


@lru_cache(maxsize=20_000)
def _free_symbols(e: Any) -> tuple[Any, ...]:
    """SymPy rebuilds a sum to find its free symbols, and the same sums are met at every point."""
    return tuple(e.free_symbols)


@cache
def _method(kind: type) -> Any:
    """What evaluates expressions of this type, if they have a method of their own."""
    return getattr(Point, f"_{kind.__name__}", None)


def _float(x: Any) -> Any:
    """An interval as the number in its middle; rationals and tables of rationals as they are."""
    if isinstance(x, dict):
        return {key: _float(v) for key, v in x.items()}
    return mpmath.mpf(x.mid) if hasattr(x, "mid") else x


def _all(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _any(parts: list[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False


def _not(part: bool | None) -> bool | None:
    return None if part is None else not part


_CONNECTIVES: dict[str, Any] = {
    "And": _all,
    "Or": _any,
    "Not": lambda parts: _not(parts[0]),
    "Implies": lambda parts: _any([_not(parts[0]), parts[1]]),
    "Equivalent": lambda parts: None if None in parts else len(set(parts)) == 1,
}
