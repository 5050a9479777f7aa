"""Whether a mutant is wrong: instances that refute it, random ones and aimed ones; or a proof that it says no more."""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .admission import admissible
from .evaluation import Point
from .expressions import Expectation
from .limits import limit_of
from .mutation import WANTED, Mutant, mutants
from .normal_form import is_zero, normal
from .numbers import Undefined
from .rigor import decide
from .scope import NotShown
from .signs import nonnegative
from .substitution import substituted

POINTS, STEPS = 40, 240  # random instances that all mutants of a claim share; instances of the search downhill
SLOW = (Expectation, sympy.Integral, sympy.Limit)
SLOW_POINTS, SLOW_STEPS = 10, 12  # where each value is itself a long computation
PATIENCE = 0.5  # seconds of search for one mutant; only bounds are searched for, equations fail at random instances
FACTORS = [
    Fraction(n, d) for n, d in ((0, 1), (1, 1000), (1, 2), (9, 10), (99, 100), (101, 100), (11, 10), (2, 1), (1000, 1))
]
STRIDES = [Fraction(1, 7), Fraction(-1, 7), Fraction(1), Fraction(-1)]
FAR = float("inf")
LARGEST = sys.float_info.max
FACTORED = 30  # terms of a slack that is still factored: larger ones take SymPy minutes


class Judge:
    """Judges the mutants of one derivation; instances and what they say of the claims are kept for all of them."""

    def __init__(self, derivation: Any, seed: int = 0) -> None:
        self.derivation, self.proof, self.seed = derivation, derivation.proof, seed
        self._instances: dict[Any, list[tuple[Any, float | None]]] = {}
        self._attained: dict[Any, bool] = {}

    def mutants(self, wanted: int = WANTED) -> list[Mutant]:
        """The first mutants that say something, and something that the claim does not say already."""
        return list(itertools.islice(filter(self._counts, mutants(self.derivation)), wanted))

    def judge(self, mutant: Mutant) -> str:
        """ "refuted", "equivalent", "implied", "open" (a changed bound that may be true, unproved) or "survived"."""
        if self.refuted(mutant):
            return "refuted"
        if equivalent(mutant, self.proof):
            return "equivalent"
        if implied(mutant, self.proof):
            return "implied"
        decision = decide(mutant.claim, self.proof)
        if decision.word == "true":
            return "implied"
        point = decision.point
        if point and _false_at(point, mutant.claim, _margin(point, mutant.original)):
            return "refuted"
        return "open" if _bounds(mutant) and not mutant.description.startswith("attained") else "survived"

    def refuted(self, mutant: Mutant) -> bool:
        """Whether an instance was found at which the mutant is false, or without a value though the claim has one."""
        if any(_false_at(point, mutant.claim, margin) for point, margin in self._of(mutant.original)):
            return True
        if not _bounds(mutant):
            return False
        return any(
            _false_at(p, mutant.claim, None) for p in self._aimed(mutant.claim, lambda p: _goal(p, mutant.claim))
        )

    def attained(self, claim: Any) -> bool:
        """Whether some instance satisfies an inequality with equality, other than 0 = 0: it is not strict then."""
        if claim not in self._attained:
            known = (p for p, margin in self._of(claim) if margin == 0)
            tried = itertools.chain(known, self._aimed(claim, lambda p: _goal(p, claim)))
            self._attained[claim] = any(_sharp(p, claim) for p in tried)
        return self._attained[claim]

    def _counts(self, mutant: Mutant) -> bool:
        """Whether the second engine can say anything of it, and somewhere it asks for more than the claim."""
        instances = [(p, m) for p, m in self._of(mutant.original) if m is not None]
        if not any(_heard(p, mutant.claim) for p, _ in instances):
            return False
        if mutant.description.startswith("attained") and not self.attained(mutant.original):
            return False
        if not _bounds(mutant):
            return True
        if all(
            margin == FAR for _, margin in instances
        ):  # no instance of the premise, so nothing to tell them apart by
            return False
        margins = ((_margin(p, mutant.claim), old) for p, old in instances)
        if any(new is None or new < old for new, old in margins):
            return True
        more = lambda p: _less(_margin(p, mutant.claim), _margin(p, mutant.original))  # noqa: E731
        return any((more(point) or 0) < 0 for point in self._aimed(mutant.original, more))

    def _of(self, claim: Any) -> list[tuple[Any, float | None]]:
        """(instance, by how much the claim holds there); None where it has no value."""
        if claim not in self._instances:
            scope, rng = needed(self.proof, claim), random.Random(f"{self.seed} {claim}")
            self._instances[claim] = found = []
            points: list[Any] = []
            for _ in range(POINTS):
                try:
                    points += _variants(scope.point(rng), scope, len(points))
                except NotShown:
                    break
            if claim.has(*SLOW):
                smaller = sorted(points, key=_entries)[: 2 * len(points) // 3]
                points = smaller[:: max(1, len(smaller) // SLOW_POINTS)]
            found += [(point, _margin(point, claim)) for point in points]
            if isinstance(claim, sympy.Implies) and all(margin == FAR for _, margin in found if margin is not None):
                found += [
                    (p, _margin(p, claim)) for p in self._aimed(claim, lambda p: _goal(p, claim)) if _met(p, claim)
                ]
        return self._instances[claim]

    def _aimed(self, claim: Any, objective: Callable[[Any], float | None]) -> Iterator[Point]:
        """Instances at which the objective is smaller and smaller, one number or one vector moved at a time."""
        scope = needed(self.proof, claim)
        steps = SLOW_STEPS if claim.has(*SLOW) else STEPS
        start = [(value, i) for i, (p, _) in enumerate(self._of(claim)) if (value := objective(p)) is not None]
        until = time.monotonic() + PATIENCE
        for value, i in sorted(start)[:3]:
            for point in _downhill(self._of(claim)[i][0], value, objective, scope, steps // 3):
                if time.monotonic() > until:
                    return
                yield point


def needed(proof: Any, claim: Any) -> Any:
    """The theorem's declarations as far as the claim, or a hypothesis, speaks of them."""
    spoken = _names(claim) | proof.hidden(claim)
    for rule in proof._rules_behind(claim):
        spoken |= _names(rule)
    for hypothesis in proof.hypotheses:
        spoken |= _names(hypothesis) | proof.hidden(hypothesis)
    for base, law in proof.laws.items():
        if base in spoken or getattr(base, "label", base) in spoken:
            spoken |= law.parameters() | {s for n in law.sizes for s in sympy.sympify(n).free_symbols}
    scope, kept = proof.extended(), []
    for declared in reversed(proof.declared):  # what a bound mentions was declared before
        if declared.symbol in spoken or getattr(declared.symbol, "label", None) in spoken:
            kept.append(declared)
            for part in (declared.low, declared.high, *declared.sizes):
                spoken |= _names(sympy.sympify(part)) if part is not None else set()
    scope.declared = kept[::-1]
    return scope


def _names(expr: Any) -> set[Any]:
    families = {f.family for f in expr.atoms(sympy.Function) if hasattr(f, "family")}
    return {s for s in expr.free_symbols if s.is_Symbol} | expr.atoms(sympy.IndexedBase) | families


# ---- what an instance says -------------------------------------------------------------------------------------------


def _heard(point: Any, claim: Any) -> bool:
    """Whether the second engine has a value, or knows that there is none."""
    try:
        point.decide(claim)
    except Undefined as reason:
        return "engine 2" not in str(reason)
    return True


def _false_at(point: Any, claim: Any, original: float | None) -> bool:
    try:
        return point.decide(_limits_taken(point, claim)) is False
    except Undefined as reason:
        return original is not None and "engine 2" not in str(reason)


def _limits_taken(point: Any, claim: Any) -> Any:
    """The claim with every limit taken at this instance, by SymPy: an extrapolation cannot tell that there is none."""
    taken = {}
    for node in claim.atoms(sympy.Limit):
        inner, variable, target, direction = node.args
        names = {s for s in inner.free_symbols - {variable} if s.is_Symbol and s in point.values} | inner.atoms(
            sympy.Indexed
        )
        values = {name: point.value(name) for name in names if not name.has(variable)}
        if not all(isinstance(v, Fraction) for v in values.values()):
            continue
        inner = inner.xreplace({s: sympy.Rational(v.numerator, v.denominator) for s, v in values.items()})
        if inner.free_symbols - {variable} or inner.atoms(sympy.Sum, AppliedUndef):
            continue
        try:
            limit = sympy.limit(inner, variable, target, str(direction))
        except (NotImplementedError, ValueError, TypeError):
            continue
        if limit.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.AccumBounds):
            raise Undefined(f"the limit is {limit}")
        taken[node] = limit
    return claim.xreplace(taken)


def _margin(point: Any, claim: Any) -> float | None:
    """By how much the claim holds (negative: fails), infinite where its premise fails; None where it has no value."""
    try:
        return _measured(point, claim)
    except Undefined:
        return None


def _measured(point: Any, claim: Any) -> float:
    if isinstance(claim, sympy.And):
        return min(_measured(point, part) for part in claim.args)
    if isinstance(claim, sympy.Or):
        return max(_measured(point, part) for part in claim.args)
    if isinstance(claim, sympy.Implies):
        return _measured(point, claim.args[1]) if point.decide(claim.args[0]) else FAR
    if not isinstance(claim, Relational):
        return 0.0 if point.decide(claim) is not False else -1.0
    less = claim.rel_op in ("<", "<=")
    larger, smaller = map(point.value, (claim.rhs, claim.lhs) if less else (claim.lhs, claim.rhs))
    slack = point.field.add(larger, point.field.mul(Fraction(-1), smaller))
    value = _float(slack if isinstance(slack, Fraction) else slack.mid)
    if isinstance(claim, sympy.Ne):
        return abs(value)
    return 0.0 - abs(value) * (point.decide(claim) is False) if isinstance(claim, sympy.Eq) else value


def _float(x: Any) -> float:
    """The nearest float; of a number beyond all floats the largest with its sign, as infinity means something else."""
    try:
        return max(-LARGEST, min(LARGEST, float(x)))
    except OverflowError:
        return LARGEST if x > 0 else -LARGEST


def _goal(point: Any, claim: Any) -> float | None:
    """What the search makes small: the margin, or first of all by how much a premise is missed."""
    try:
        if isinstance(claim, sympy.Implies) and point.decide(claim.args[0]) is False:
            return 1e9 - _measured(point, claim.args[0])
        return _measured(point, claim)
    except Undefined:
        return None


def _met(point: Any, claim: Any) -> bool:
    try:
        return point.decide(claim.args[0]) is True
    except Undefined:
        return False


def _sharp(point: Any, claim: Any) -> bool:
    if isinstance(claim, sympy.Implies):
        return point.decide(claim.args[0]) is True and _sharp(point, claim.args[1])
    try:
        sides = [point.value(side) for side in claim.args] if isinstance(claim, Relational) else []
    except Undefined:
        return False
    return len(sides) == 2 and all(isinstance(v, Fraction) for v in sides) and sides[0] == sides[1] != 0


def _variants(point: Any, scope: Any, count: int) -> list[Any]:
    """The instance itself, and some of the first with all entries of each vector alike, or alike up to the sign."""
    found = [point]
    for sign in (1, -1) if count < 30 else ():
        values = dict(point.values)
        for symbol, value in point.values.items():
            if isinstance(symbol, sympy.IndexedBase) and isinstance(value, dict) and value:
                first = value[min(value)]
                if isinstance(first, Fraction):
                    values[symbol] = {key: first * sign ** sum(key) for key in value}
        variant = Point(values, recursions=scope.recursions, laws=scope.laws, field=point.field)
        if _admitted(variant, scope):
            found.append(variant)
    return found


def _entries(point: Any) -> int:
    """How many numbers the instance consists of."""
    sizes = [len(v) if isinstance(v, dict) else 1 for v in point.values.values()]
    return sum(sizes)


def _admitted(point: Any, scope: Any) -> bool:
    try:
        given = {
            d.symbol: None
            for d in scope.declared
            if not (isinstance(d.symbol, sympy.Symbol) and isinstance(point.values[d.symbol], dict))
        }
        admissible(point, given, scope)
    except (NotShown, Undefined):
        return False
    return True


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or b == FAR else a - b


def _bounds(mutant: Mutant) -> bool:
    """Whether what was changed is an inequality, which may be changed to a weaker one."""
    changed = set(_relations(mutant.claim)) - set(_relations(mutant.original))
    return bool(changed) and not any(isinstance(r, sympy.Eq) for r in changed)


def _relations(claim: Any) -> list[Any]:
    return [r for r in sympy.preorder_traversal(claim) if isinstance(r, Relational)]


# ---- the search ------------------------------------------------------------------------------------------------------


def _downhill(point: Any, value: float, objective: Any, scope: Any, steps: int) -> Iterator[Point]:
    improved = True
    while improved and steps > 0:
        improved = False
        for symbol, keys in _movable(point, scope):
            for change in [*((lambda x, f=f: x * f) for f in FACTORS), *((lambda x, s=s: x + s) for s in STRIDES)]:
                steps -= 1
                if steps <= 0:
                    return
                candidate = _moved(point, symbol, keys, change, scope)
                if candidate is None:
                    continue
                yield candidate
                reached = objective(candidate)
                if reached is not None and reached < value:
                    point, value, improved = candidate, reached, True


def _movable(point: Any, scope: Any) -> list[tuple[Any, Any]]:
    """Every real number, every vector as a whole, and the first entries of each."""
    places: list[tuple[Any, Any]] = []
    for symbol in (d.symbol for d in scope.declared if d.symbol in point.values and not hasattr(d.symbol, "family")):
        value = point.values[symbol]
        if isinstance(value, Fraction) and not symbol.is_integer:
            places.append((symbol, None))
        elif isinstance(value, dict) and isinstance(symbol, sympy.IndexedBase):
            keys = sorted(value)
            places += [(symbol, keys), *((symbol, [key]) for key in keys[:4])]
    return places


def _moved(point: Any, symbol: Any, keys: Any, change: Any, scope: Any) -> Point | None:
    """The point with some of its numbers changed, if that satisfies the hypotheses."""
    old = point.values[symbol]
    if keys is None:
        value: Any = change(old).limit_denominator(10**6)
    elif all(isinstance(old[key], Fraction) for key in keys):
        value = {**old, **{key: change(old[key]).limit_denominator(10**6) for key in keys}}
    else:
        return None
    moved = Point({**point.values, symbol: value}, recursions=scope.recursions, laws=scope.laws, field=point.field)
    return moved if _admitted(moved, scope) else None


# ---- recognition -----------------------------------------------------------------------------------------------------


CANNOT = (
    NotImplementedError,
    NotShown,
    RecursionError,
    ValueError,
    TypeError,
)  # what engine 1 says where it has no answer


def equivalent(mutant: Mutant, proof: Any) -> bool:
    """Both equations say that one quantity is 0, or the changed one is an identity by itself."""
    old, new = mutant.original, _completed(mutant, proof)
    if isinstance(old, sympy.Implies) and isinstance(new, sympy.Implies):
        under = proof.extended()
        under.assume(new.args[0])
        return isinstance(new.args[1], sympy.Eq) and _identity(new.args[1], under)
    if not (isinstance(old, Relational) and isinstance(new, Relational) and old.func == new.func):
        return False
    if isinstance(new, sympy.Eq) and _identity(new, proof):
        return True
    before, after = old.lhs - old.rhs, new.lhs - new.rhs
    try:
        return is_zero(after - before, proof) or (isinstance(old, sympy.Eq) and is_zero(after + before, proof))
    except CANNOT:
        return False


def _identity(equation: Any, scope: Any) -> bool:
    left, right = equation.lhs, equation.rhs
    try:
        if isinstance(left, sympy.Limit):
            inner, variable, target, direction = left.args
            left = limit_of(normal(inner, scope), variable, target, str(direction), scope)
        return is_zero(left - right, scope)
    except CANNOT:
        return False


def _completed(mutant: Mutant, proof: Any) -> Any:
    """A sum that lost its first or last term as the whole sum less that term, so that the two can be compared."""
    whole = {fold.function: fold for fold in mutant.original.atoms(sympy.Sum) if len(fold.limits) == 1}
    parts: dict[Any, Any] = {}
    for fold in mutant.claim.atoms(sympy.Sum) - mutant.original.atoms(sympy.Sum):
        full = whole.get(fold.function)
        if full is None or not proof.at_least_zero(full.limits[0][2] - full.limits[0][1]):
            continue
        index, low, high = full.limits[0]
        for lost, limits in ((high, (index, low, high - 1)), (low, (index, low + 1, high))):
            if fold.limits[0] == sympy.Tuple(*limits):
                parts[fold] = full - full.function.subs(index, lost)
    claim = mutant.claim.xreplace(parts)
    return mutant.claim if claim in (sympy.true, sympy.false) else claim


def implied(mutant: Mutant, proof: Any) -> bool:
    """The claim makes the mutant visible."""
    try:
        return _follows(mutant.original, _completed(mutant, proof), proof)
    except CANNOT:
        return False


def _follows(given: Any, wanted: Any, scope: Any) -> bool:
    """Whether `wanted` is visible where `given` holds, or is the same said of the next index."""
    if given == wanted:
        return True
    for symbol in (s for s in given.free_symbols if s.is_integer and scope.bounds(s) is not None):
        if (
            substituted(given, {symbol: symbol + 1}) == wanted
            and scope.ranges_freely(symbol)
            and scope.in_range(symbol, symbol + 1)
        ):
            return True
    if isinstance(wanted, sympy.And):
        return all(_follows(given, part, scope) for part in wanted.args)
    if isinstance(given, sympy.Implies) and isinstance(wanted, sympy.Implies):
        under = scope.extended()
        under.assume(wanted.args[0])
        return _visible(given.args[0], under) and _follows(given.args[1], wanted.args[1], under)
    known = scope.extended()
    known.assume(given)
    if isinstance(given, sympy.Le | sympy.Lt | sympy.Ge | sympy.Gt) and given.func == getattr(wanted, "func", None):
        gained = normal(_difference(wanted) - _difference(given), scope)
        if _signed(gained, scope):
            return True
    return _visible(wanted, known)


def _visible(claim: Any, scope: Any) -> bool:
    if isinstance(claim, sympy.And):
        return all(_visible(part, scope) for part in claim.args)
    if claim in scope.hypotheses:
        return True
    if not isinstance(claim, sympy.Le | sympy.Lt | sympy.Ge | sympy.Gt):
        return False
    strict = isinstance(claim, sympy.Lt | sympy.Gt)
    slack = sympy.expand(_difference(claim))
    for term in sympy.Add.make_args(slack):
        if isinstance(term, sympy.log) and nonnegative(term.args[0] - sympy.exp(term - slack), scope, strict=strict):
            return True  # log A >= B where A >= e^B
    return _signed(slack, scope, strict)


def _signed(slack: Any, scope: Any, strict: bool = False) -> bool:
    if nonnegative(slack, scope, strict=strict):
        return True
    short = len(sympy.Add.make_args(slack)) <= FACTORED
    return short and nonnegative(sympy.factor(slack), scope, strict=strict)


def _difference(relation: Any) -> Any:
    """larger - smaller."""
    less = isinstance(relation, sympy.Le | sympy.Lt)
    return relation.rhs - relation.lhs if less else relation.lhs - relation.rhs
