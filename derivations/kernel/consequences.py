"""What follows from known relations whatever the values of all that is no polynomial in them, by z3.

Every sum, function and power with a symbolic exponent is an unknown number, the same one wherever it stands, of which
only the visible sign is known. What holds for all such numbers holds for those that the theorem speaks of.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from .expressions import Expectation
from .normal_form import normal
from .rigor import entailed
from .scope import Scope
from .signs import nonnegative, real
from .sums import canonical

TAKEN = (sympy.Derivative, sympy.Limit, sympy.Integral, Expectation, sympy.Piecewise)  # what may not exist
FOLDS = (sympy.Sum, sympy.Product)
CONDITIONAL = (sympy.Implies, sympy.Or, sympy.Equivalent)


def follows(known: Sequence[Any], wanted: Any, scope: Any) -> bool:
    """Whether z3 shows it from the known relations and the hypotheses, as they stand or in normal form."""
    wanted, *known = (_sides(each, _indices_alike) for each in (wanted, *known))
    if not _exists(wanted, set(_spoken(known)), scope):
        return False
    known = [*known, *scope.hypotheses]
    signs = scope.extended()
    for each in known:
        signs.accept(each, scope)
    signs.hypotheses = scope.hypotheses
    forms = (lambda e: e, lambda e: normal(e, scope))
    # From the first alone before from all: z3 soon loses its way among many relations.
    return any(_decided(some, wanted, signs, form) for some in (known[:1], known) for form in forms)


def _decided(known: Sequence[Any], wanted: Any, scope: Any, form: Callable[[Any], Any]) -> bool:
    numbers = _Numbers(scope)
    in_numbers = lambda e: numbers.of(form(e))  # noqa: E731
    question, asked = _sides(wanted, in_numbers), list(numbers.known)
    numbers.flat.hypotheses += [_sides(each, in_numbers) for each in known[:1]]
    for one, other in itertools.product(asked, list(numbers.known)[len(asked) :]):
        numbers.flat.hypotheses += _compared(one, other, numbers)
    numbers.flat.hypotheses += [_sides(each, in_numbers) for each in known[1:]]
    return entailed(question, numbers.flat)


def _compared(one: Any, other: Any, numbers: _Numbers) -> list[Any]:
    """Which of two sums over one range, or of two expectations, is the larger, where it is so term by term."""
    scope = numbers.scope
    if not isinstance(one, sympy.Sum | Expectation) or one.func != other.func or one.args[1:] != other.args[1:]:
        return []
    if not (scope.laws_exist(one) and scope.laws_exist(other)):
        return []
    for index, low, high in reversed(one.limits if isinstance(one, sympy.Sum) else ()):
        scope = scope.with_range(index, low, high)
    at_least = lambda a, b: _decided((), sympy.Ge(a.args[0], b.args[0], evaluate=False), scope, lambda e: e)  # noqa: E731
    x, y = numbers.known[one], numbers.known[other]
    return [x >= y] if at_least(one, other) else [x <= y] if at_least(other, one) else []


def _sides(claim: Any, change: Callable[[Any], Any]) -> Any:
    """The relation, or each one in a combination of some, with its sides changed."""
    if isinstance(claim, Relational):
        return claim.func(*map(change, claim.args), evaluate=False)
    if isinstance(claim, BooleanFunction):
        return claim.func(*(_sides(part, change) for part in claim.args), evaluate=False)
    return claim


def _indices_alike(e: Any) -> Any:
    return e.replace(lambda part: isinstance(part, sympy.Sum), lambda part: canonical(part.function, list(part.limits)))


# ---- what has a value ------------------------------------------------------------------------------------------------


def _spoken(known: Sequence[Any]) -> Iterator[Any]:
    """What the known relations speak of at every instance: not what stands in a sum, which may be empty."""
    for each in known:
        if not each.has(*CONDITIONAL):
            parts = sympy.preorder_traversal(each)
            for part in parts:
                yield part
                if isinstance(part, (*FOLDS, *TAKEN)):
                    parts.skip()


def _exists(e: Any, spoken: set[Any], scope: Any) -> bool:
    """Whether it has a value wherever what is spoken of has one."""
    if e in spoken or e.is_Symbol or e.is_number:
        return True
    if isinstance(e, sympy.Indexed | AppliedUndef):
        return reached(e, scope)
    if isinstance(e, FOLDS):
        return _exists(e.function, set(), _inside(e, scope))
    if isinstance(e, Expectation) and all(law.atoms for law in scope.laws.values()):  # over finitely many outcomes
        return _exists(e.args[0], set(), scope)
    if isinstance(e, TAKEN):
        return False
    if e.is_Pow and e.exp.is_integer:
        divisors = {part.base for part in spoken if part.is_Pow and part.exp.is_negative}
        total = e.exp.is_nonnegative or e.base in divisors
    else:
        total = isinstance(e, Relational | BooleanFunction) or e.is_Add or e.is_Mul
    return (total or real(e, scope)) and all(_exists(a, spoken, scope) for a in e.args)


def _inside(fold: Any, scope: Any) -> Any:
    for index, low, high in reversed(fold.limits):
        scope = scope.with_range(index, low, high)
    return scope


def reached(e: Any, scope: Any, before: Any = None) -> bool:
    """Whether each entry that it looks up is visibly one of its vector, and each term one of its sequence.

    In the rule of a sequence all terms are those at the time before.
    """
    if isinstance(e, FOLDS):
        return reached(e.function, _inside(e, scope), before)
    if isinstance(e, sympy.Indexed):
        declared = scope.bounds(e.base) or scope.laws[e.base]
        return all(scope.within(i, 1, size) for i, size in zip(e.indices, declared.sizes, strict=True))
    if not isinstance(e, AppliedUndef):
        return all(reached(a, scope, before) for a in e.args)
    rule, (*indices, time) = scope.recursions[e.func.__name__], e.args
    if not all(scope.in_range(own, i) for own, i in zip(rule.indices, indices, strict=True)):
        return False
    if before is not None:
        return time == before
    if not scope.at_least_zero(time) or not _until(rule, time, scope):
        return False
    before = sympy.Dummy("before", integer=True, nonnegative=True)
    inner, names = scope.with_range(before, 0, time - 1), {r.time: before for r in scope.recursions.values()}
    return all(reached(part.xreplace(names), inner, before) for part in scope._rules_behind(e))


class _Numbers:
    """Numbers in place of what z3 does not understand, and what is known of them."""

    def __init__(self, scope: Any) -> None:
        self.scope, self.flat = scope, Scope()
        self.flat.declared = [d for d in scope.declared if isinstance(d.symbol, sympy.Symbol)]
        self.known: dict[Any, Any] = {}

    @functools.cached_property
    def nonnegative_sequences(self) -> set[str]:
        return _nonnegative_sequences(self.scope)

    def of(self, e: Any) -> Any:
        """The expression in the declared numbers and these."""
        if e.is_Symbol or e.is_Rational:
            return e
        understood = e.is_Add or e.is_Mul or isinstance(e, sympy.Abs | sympy.Max | sympy.Min)
        if understood or (e.is_Pow and e.exp.is_Rational):
            return e.func(*map(self.of, e.args))
        if e not in self.known:
            x = self.known[e] = self.flat.real(f"#{len(self.known)}")
            self.flat.hypotheses += self._facts(x, e)
        return self.known[e]

    def _facts(self, x: Any, e: Any) -> Iterator[Any]:
        """Of the number x that stands for e."""
        signs = [(e, True, x > 0), (-e, True, x < 0), (e, False, x >= 0), (-e, False, x <= 0)]
        yield from [sign for side, strict, sign in signs if nonnegative(side, self.scope, strict=strict)][:1]
        if isinstance(e, AppliedUndef) and e.func.__name__ in self.nonnegative_sequences:
            yield from [x >= 0] if _until(self.scope.recursions[e.func.__name__], e.args[-1], self.scope) else []
        if isinstance(e, sympy.Indexed):
            for base, low, high, open in self.scope.entry_bounds:
                smaller = sympy.Lt if open else sympy.Le
                ends = [(low, x), (x, high)] if base == e.base else []
                yield from (smaller(*map(self.of, pair)) for pair in ends if None not in pair)
        if isinstance(e, sympy.exp):
            exponent = self.of(e.args[0])
            yield from (sympy.Implies(exponent >= 0, x >= 1), sympy.Implies(exponent <= 0, x <= 1))


def _nonnegative_sequences(scope: Any) -> set[str]:
    """The names of sequences that visibly start so, and go on so where all of them have been so: by induction."""
    kept = {name for name, rule in scope.recursions.items() if not rule.indices and _from_zero(rule.time, scope)}
    while True:
        rules, below = {name: scope.recursions[name] for name in kept}, scope.extended()
        below.slacks += [(sympy.Function(name, real=True)(rule.time), False) for name, rule in rules.items()]
        kept = {
            name
            for name, rule in rules.items()
            if nonnegative(rule.start, scope) and nonnegative(rule.following, below)
        }
        if len(kept) == len(rules):
            return kept


def _until(rule: Any, time: Any, scope: Any) -> bool:
    """Whether the rule leads up to this time: its own runs up to a bound, from which it takes one more step."""
    high = scope.bounds(rule.time).high
    return high is None or scope.at_least_zero(high + 1 - time)


def _from_zero(time: Any, scope: Any) -> bool:
    """Whether what is shown for this time is shown for each from 0 up to its bound."""
    return scope.ranges_freely(time) and sympy.sympify(scope.bounds(time).low) == 0
