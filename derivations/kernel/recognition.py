"""Mutants that say no more than the theorem, recognised by proof: another form of a claim, or what a claim implies.

Engine 1 compares the two, as they stand, at the next index, or at an instance of the claim (a number with the other
sign, at the middle of its interval); or z3 shows the mutant from all that the theorem has shown. Nothing is concluded
from values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import sympy
from sympy.core.relational import Relational

from .consequences import follows, reached
from .expressions import Expectation
from .limits import limit_of
from .mutation import Mutant
from .normal_form import is_zero, normal
from .numbers import Undefined
from .scope import NotShown
from .signs import nonnegative
from .substitution import substituted

LONG, SHORT = 30, 12  # terms of a slack whose sign is still looked for, and of one that is tried in other forms
ORDERS = (sympy.Le, sympy.Lt, sympy.Ge, sympy.Gt)
ALWAYS = ("proved", "enclosed")  # of a step, where sizes up to a bound are not all
# What engine 1 says where it has no answer.
CANNOT = (NotImplementedError, NotShown, RecursionError, ValueError, TypeError)


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


def implied(mutant: Mutant, claims: Collection[Any], proof: Any) -> bool:
    """The changed claim makes the mutant visible, or another one says as much, or it follows from all that is shown."""
    wanted = _completed(mutant, proof)
    if _shown(_follows, mutant.original, wanted, proof):
        return True
    if any(_shown(_no_less, given, wanted, proof) for given in claims):
        return True
    steps = (fact.claim for fact in proof.steps if fact.strength in ALWAYS and proof.holds(fact))
    known = list(dict.fromkeys((mutant.original, *claims, *steps)))
    known += [further for given in known for further in _at_the_next(given, proof) if reached(further, proof)]
    return _shown(follows, known, wanted, proof)


def instance_of_claim(mutant: Mutant, proof: Any, points: Sequence[Any]) -> bool:
    """An instance of the changed claim says as much as the mutant; the points tell at once which ones do not."""
    wanted = _completed(mutant, proof)
    given = (each for each in _instances(mutant, proof) if all(_tried(each, wanted, point) for point in points))
    return any(_shown(_no_less, each, wanted, proof) for each in given)


def _shown(relation: Callable[[Any, Any, Any], bool], given: Any, wanted: Any, proof: Any) -> bool:
    try:
        return relation(given, wanted, proof)
    except CANNOT:
        return False


def _tried(given: Any, wanted: Any, point: Any) -> bool:
    """Whether this point leaves it open that `given` says as much as `wanted`."""
    if isinstance(given, sympy.Implies) and isinstance(wanted, sympy.Implies):
        premise, conclusion = zip(given.args, wanted.args, strict=True)
        return _tried(*premise[::-1], point) and _tried(*conclusion, point)
    if not isinstance(given, ORDERS) or given.func != wanted.func:
        return bool(given == wanted)
    try:
        return point.decide(sympy.Ge(_difference(wanted), _difference(given), evaluate=False)) is not False
    except Undefined:
        return True


def _completed(mutant: Mutant, proof: Any) -> Any:
    """A sum that lost its first or last term as the whole sum less that term, so that the two can be compared."""
    parts = {part: whole - lost for part, whole, lost, _ in _shortened(mutant, proof)}
    claim = mutant.claim.xreplace(parts)
    return mutant.claim if claim in (sympy.true, sympy.false) else claim


def _shortened(mutant: Mutant, proof: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    """(sum that lost a term, whole sum, lost term, its index) of what the change did to a sum that is not empty."""
    whole = {fold.function: fold for fold in mutant.original.atoms(sympy.Sum) if len(fold.limits) == 1}
    for fold in mutant.claim.atoms(sympy.Sum) - mutant.original.atoms(sympy.Sum):
        full = whole.get(fold.function)
        if full is None or not proof.at_least_zero(full.limits[0][2] - full.limits[0][1]):
            continue
        index, low, high = full.limits[0]
        for lost, limits in ((high, (index, low, high - 1)), (low, (index, low + 1, high))):
            if fold.limits[0] == sympy.Tuple(*limits):
                yield fold, full, full.function.subs(index, lost), lost


# ---- what follows ----------------------------------------------------------------------------------------------------


def _follows(given: Any, wanted: Any, scope: Any) -> bool:
    """Whether `wanted` is visible where `given` holds, or is the same said of the next index."""
    if given == wanted or wanted in _at_the_next(given, scope):
        return True
    if isinstance(wanted, sympy.And):
        return all(_follows(given, part, scope) for part in wanted.args)
    if isinstance(given, sympy.And) and any(_follows(part, wanted, scope) for part in given.args):
        return True
    if isinstance(wanted, sympy.Implies):
        under = scope.extended()
        under.assume(wanted.args[0])
        if not isinstance(given, sympy.Implies):
            return _follows(given, wanted.args[1], under)
        premise, conclusion = given.args
        met = _visible(premise, under) or _follows(wanted.args[0], premise, under) or _true_otherwise(given, under)
        return met and _follows(conclusion, wanted.args[1], under)
    known = scope.extended()
    known.assume(given)
    return _no_less(given, wanted, scope) or _visible(wanted, known)


def _strict(relation: Any) -> bool:
    return isinstance(relation, sympy.Lt | sympy.Gt)


def _true_otherwise(implication: Any, scope: Any) -> bool:
    """Whether the conclusion is visible where the premise fails, so that it always holds."""
    premise, conclusion = implication.args
    if not isinstance(premise, ORDERS):
        return False
    failed = scope.extended()
    failed.assume(premise.negated)
    return _visible(conclusion, failed)


def _no_less(given: Any, wanted: Any, scope: Any) -> bool:
    """Whether two inequalities differ by a slack of a visible sign, and their premises the other way round."""
    if isinstance(given, sympy.Implies) and isinstance(wanted, sympy.Implies):
        under = scope.extended()
        under.assume(wanted.args[0])
        premise, conclusion = zip(given.args, wanted.args, strict=True)
        return _no_less(*premise[::-1], under) and _no_less(*conclusion, under)
    if not isinstance(given, ORDERS) or not isinstance(wanted, ORDERS) or (_strict(wanted) and not _strict(given)):
        return given == wanted
    return _signed(normal(_difference(wanted) - _difference(given), scope), scope)


def _at_the_next(given: Any, scope: Any) -> Iterator[Any]:
    """What `given` says at the next index, if need be with one more entry in every vector that ends there."""
    for index in (s for s in given.free_symbols if s.is_integer and scope.bounds(s) is not None):
        if not scope.ranges_freely(index):
            continue
        if scope.in_range(index, index + 1) or _in_longer_vectors(given, index, scope):
            yield substituted(given, {index: index + 1})


def _in_longer_vectors(given: Any, index: Any, scope: Any) -> bool:
    declared = scope.bounds(index)
    sizes = {s for s in sympy.sympify(declared.high).free_symbols if s.is_integer and scope.bounds(s) is not None}
    further = substituted(declared.high, {size: size + 1 for size in sizes}) - (index + 1)
    return (
        bool(sizes)
        and not sizes & given.free_symbols
        and all(_may_grow(size, scope) for size in sizes)
        and scope.at_least_zero(further)
        and (declared.low is None or scope.at_least_zero(index + 1 - declared.low))
    )


def _may_grow(size: Any, scope: Any) -> bool:
    """Whether the size only says how far indices and vectors reach, so that each vector may have one more entry."""
    if scope.bounds(size).high is not None or scope.laws:
        return False
    for declared in scope.declared:
        low, high, more = declared.low, declared.high, {size: size + 1}
        if (low is not None and low.has(size)) or (
            high is not None and not sympy.expand(substituted(high, more) - high).is_nonnegative
        ):
            return False
    rules = [part for r in scope.recursions.values() for part in (r.start, r.following)]
    return not any(part.has(size) for part in [*scope.hypotheses, *rules])


def _visible(claim: Any, scope: Any) -> bool:
    if isinstance(claim, sympy.And):
        return all(_visible(part, scope) for part in claim.args)
    if claim in scope.hypotheses:
        return True
    if not isinstance(claim, ORDERS):
        return False
    strict = _strict(claim)
    slack = sympy.expand(_difference(claim))
    for term in sympy.Add.make_args(slack):
        if isinstance(term, sympy.log) and nonnegative(term.args[0] - sympy.exp(term - slack), scope, strict=strict):
            return True  # log A >= B where A >= e^B
    return _signed(slack, scope, strict)


def _signed(slack: Any, scope: Any, strict: bool = False) -> bool:
    if len(sympy.Add.make_args(slack)) > LONG:
        return False
    if nonnegative(slack, scope, strict=strict):
        return True
    if len(sympy.Add.make_args(slack)) > SHORT:
        return False
    if any(nonnegative(form(slack), scope, strict=strict) for form in (sympy.factor, gathered)):
        return True
    known = [(s, positive) for s, positive in scope.slacks if s.free_symbols & slack.free_symbols]
    return any(nonnegative(slack - s, scope, strict=strict and not positive) for s, positive in known)


def gathered(expr: Any) -> Any:
    """The expression as a product, each sum of sums over one range in it as one sum with its term factored."""
    names = {fold: sympy.Dummy(real=True) for fold in expr.atoms(sympy.Sum)}
    folds = {name: fold for fold, name in names.items()}
    factored = sympy.factor(expr.xreplace(names))
    product = [_merged(f, folds) if f.is_Add else f.xreplace(folds) for f in sympy.Mul.make_args(factored)]
    return sympy.Mul(*product)


def _merged(added: Any, folds: dict[Any, Any]) -> Any:
    by_range: dict[Any, list[tuple[Any, Any]]] = {}
    others = []
    for term in added.args:
        sums = term.free_symbols & folds.keys()
        name = next(iter(sums), None)
        coefficient = term.coeff(name, 1) if name is not None else None
        if len(sums) == 1 and len(folds[name].limits) == 1 and not coefficient.has(name) and term.diff(name, 2) == 0:
            by_range.setdefault(folds[name].limits[0][1:], []).append((coefficient, folds[name]))
        else:
            others.append(term.xreplace(folds))
    for (low, high), parts in by_range.items():
        index = parts[0][1].limits[0][0]
        term = sympy.Add(*(c * fold.function.xreplace({fold.limits[0][0]: index}) for c, fold in parts))
        others.append(sympy.Sum(sympy.factor(term), (index, low, high)))
    return sympy.Add(*others)


def _difference(relation: Any) -> Any:
    """larger - smaller."""
    less = isinstance(relation, sympy.Le | sympy.Lt)
    return relation.rhs - relation.lhs if less else relation.lhs - relation.rhs


# ---- instances of a claim --------------------------------------------------------------------------------------------


def _instances(mutant: Mutant, scope: Any) -> Iterator[Any]:
    """The claim with one number, one vector or one of its entries at another place of its interval."""
    claim = mutant.original
    if claim.has(sympy.Derivative, sympy.Limit, Expectation):
        return
    lost = {index for *_, index in _shortened(mutant, scope)}
    for declared in scope.declared:
        symbol = declared.symbol
        if not claim.has(symbol) or not _chosen_freely(declared, scope) or symbol in scope.hidden(claim):
            continue
        for move in _moves(declared):
            if isinstance(symbol, sympy.IndexedBase):
                yield _entrywise(claim, symbol, lambda x, _, move=move: move(x))
                for end in lost:
                    yield _entrywise(
                        claim,
                        symbol,
                        lambda x, i, move=move, end=end: x + (move(x) - x) * sympy.KroneckerDelta(i, end),
                    )
            else:
                yield substituted(claim, {symbol: move(symbol)})


def _chosen_freely(declared: Any, scope: Any) -> bool:
    symbol = declared.symbol
    if isinstance(symbol, sympy.IndexedBase):
        rules = [part for r in scope.recursions.values() for part in (r.start, r.following)]
        bounds = [b for d in scope.declared for b in (d.low, d.high) if b is not None]
        return len(declared.sizes) == 1 and not any(p.has(symbol) for p in [*scope.hypotheses, *rules, *bounds])
    return bool(symbol.is_real) and not symbol.is_integer and scope.ranges_freely(symbol)


def _moves(declared: Any) -> list[Callable[[Any], Any]]:
    """Maps of the interval into itself: turned around, and onto its middle."""
    low, high = declared.low, declared.high
    if (low is None) != (high is None):
        return []
    middle = 0 if low is None else (low + high) / 2
    turned: list[Callable[[Any], Any]] = [lambda x: 2 * middle - x]
    return turned if declared.nonzero else [*turned, lambda x: sympy.sympify(middle)]


def _entrywise(claim: Any, base: Any, change: Callable[[Any, Any], Any]) -> Any:
    return claim.replace(
        lambda e: isinstance(e, sympy.Indexed) and e.base == base, lambda e: change(e, e.indices[0]), simultaneous=True
    )
