"""Wrong twins of a theorem: its stated claims with one thing changed, and the judgment that each of them is wrong.

A mutant is refuted by an instance of the hypotheses at which it is false, or recognised: as equivalent to the claim (by
engine 1), or as implied by it. One that is neither has survived, and the theorem might as well have stated it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .expressions import Expectation

WANTED = 24  # mutants of one theorem, spread over its claims and over the kinds of change
TIGHTER = sympy.Rational(6, 7)


@dataclass(frozen=True)
class Mutant:
    """A changed claim: which one, what was changed, the claim as stated and as changed."""

    name: str
    description: str
    original: Any
    claim: Any


def mutants(derivation: Any, wanted: int | None = None) -> list[Mutant]:
    """Changed twins of the derivation's claims, always the same ones: every kind of change in turn, over all claims."""
    queues = []
    for name, claim in derivation.claims.items():
        by_kind: dict[str, list[Mutant]] = {}
        seen = {claim}
        for kind, description, changed in _changes(claim):
            if changed not in seen and changed not in (sympy.true, sympy.false):
                seen.add(changed)
                by_kind.setdefault(kind, []).append(Mutant(name, f"{kind}: {description}", claim, changed))
        queues.append([m for row in itertools.zip_longest(*by_kind.values()) for m in row if m is not None])
    rows = itertools.zip_longest(*queues)
    return [m for row in rows for m in row if m is not None][:wanted]


# ---- what may be changed ---------------------------------------------------------------------------------------------


def _changes(claim: Any) -> Iterator[tuple[str, str, Any]]:
    """(kind, description, changed claim) of every single change."""
    for node, rebuild in _places(claim):
        for kind, description, replacement in _at(node):
            try:
                changed = rebuild(replacement)
            except (TypeError, ValueError, AttributeError):  # SymPy refuses to build it
                continue
            if not changed.has(sympy.nan, sympy.zoo, sympy.I):
                yield kind, description, changed
    for side, rebuild in _sides(claim):
        yield from ((kind, description, rebuild(changed)) for kind, description, changed in _swaps(side))


def _places(node: Any) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Every node that has a meaning of its own, with the function that puts something else in its place."""
    yield node, lambda new: new
    for place in _open(node):
        for inner, rebuild in _places(node.args[place]):
            yield inner, lambda new, place=place, rebuild=rebuild: _with(node, place, rebuild(new))


def _open(node: Any) -> Sequence[int]:
    """The arguments that are expressions: not the names that sums bind, nor what a derivative is taken by."""
    if isinstance(node, sympy.Derivative | sympy.Limit | sympy.Subs):
        return (0,)
    if isinstance(node, sympy.Indexed):
        return range(1, len(node.args))
    if isinstance(node, sympy.Tuple):
        return range(1, len(node.args))
    if isinstance(node, sympy.Piecewise):
        return ()
    return range(len(node.args))


def _with(node: Any, place: int, new: Any) -> Any:
    args = [new if i == place else a for i, a in enumerate(node.args)]
    return node.func(*args, evaluate=False) if isinstance(node, Relational) else node.func(*args)


def _at(node: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(node, Relational):
        yield from _relations(node)
    elif node.is_Add:
        for term in node.args:
            yield "sign", f"{_short(term)} with the other sign", node - 2 * term
            yield "term", f"without {_short(term)}", node - term
            yield "constant", f"{_short(term)} doubled", node + term
    elif node.is_Rational:
        yield "constant", f"{node} + 1", node + 1
        if node not in (0, 1, -1):
            yield "constant", f"{node} doubled", 2 * node
        if node.q != 1:
            yield "constant", f"1/{node.q} dropped", sympy.Integer(node.p)
    elif node.is_Pow:
        yield "exponent", f"{_short(node)} with one more", node.base ** (node.exp + 1)
        if node.exp not in (2, -1):
            yield "exponent", f"{_short(node)} with one less", node.base ** (node.exp - 1)
    elif isinstance(node, sympy.Indexed | AppliedUndef):
        first = 1 if isinstance(node, sympy.Indexed) else 0
        for place in range(first, len(node.args)):
            yield "index", f"{_short(node)} one further", _with(node, place, node.args[place] + 1)
    elif isinstance(node, sympy.Sum | sympy.Product):
        index, low, high = node.limits[-1]
        rest = node.limits[:-1]
        yield "index", f"{_short(node)} without its last term", node.func(node.function, *rest, (index, low, high - 1))
        yield "index", f"{_short(node)} without its first term", node.func(node.function, *rest, (index, low + 1, high))
    elif isinstance(node, sympy.KroneckerDelta):
        yield "term", f"{_short(node)} always 1", sympy.Integer(1)
        yield "term", f"{_short(node)} always 0", sympy.Integer(0)
    elif isinstance(node, Expectation | sympy.Derivative):
        yield "term", f"{_short(node)} without taking it", node.args[0]
    elif isinstance(node, sympy.Max | sympy.Min):
        other = sympy.Min if isinstance(node, sympy.Max) else sympy.Max
        yield "bound", f"{_short(node)} as the other extreme", other(*node.args)
    elif node.is_Symbol or node.is_Mul:
        yield "sign", f"{_short(node)} with the other sign", -node


def _relations(node: Any) -> Iterator[tuple[str, str, Any]]:
    left, right = node.args
    if isinstance(node, sympy.Eq):
        yield "sign", "one side with the other sign", sympy.Eq(left, -right, evaluate=False)
        yield "constant", "one side doubled", sympy.Eq(left, 2 * right, evaluate=False)
        yield "constant", "one side and 1", sympy.Eq(left, right + 1, evaluate=False)
        return
    opposite = {sympy.Le: sympy.Ge, sympy.Lt: sympy.Gt, sympy.Ge: sympy.Le, sympy.Gt: sympy.Lt}
    strict = {sympy.Le: sympy.Lt, sympy.Ge: sympy.Gt}
    if node.func in opposite:
        yield "bound", "the other way round", opposite[node.func](left, right, evaluate=False)
        yield "bound", "one side with the other sign", node.func(-left, right, evaluate=False)
    if node.func in strict:
        yield "attained", "strict", strict[node.func](left, right, evaluate=False)
        toward = -1 if node.func is sympy.Le else 1
        yield "attained", "tighter by a seventh", _tighter(node, left, right, toward)


def _tighter(node: Any, left: Any, right: Any, toward: int) -> Any:
    """left <= right with a right side that is smaller by a seventh of itself (of 1, where it is 0)."""
    by = (1 - TIGHTER) * (sympy.Abs(right) if right != 0 else 1)
    return node.func(left, right + toward * by, evaluate=False)


def _sides(claim: Any) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    for node, rebuild in _places(claim):
        if isinstance(node, Relational):
            yield node.rhs, lambda new, node=node, rebuild=rebuild: rebuild(_with(node, 1, new))
            return


def _swaps(side: Any) -> Iterator[tuple[str, str, Any]]:
    """Two symbols of one kind exchanged on one side."""
    letters = sorted((s for s in side.free_symbols if s.is_Symbol), key=str)
    bases = sorted(side.atoms(sympy.IndexedBase), key=str)
    labels = {b.label for b in bases}
    scalars = [s for s in letters if s not in labels]
    for kind in (scalars, bases):
        for a, b in itertools.combinations(kind, 2):
            alike = a.is_integer == b.is_integer if kind is scalars else _shape(side, a) == _shape(side, b)
            if alike:
                yield "symbol", f"{a} and {b} exchanged", side.xreplace({a: b, b: a})


def _shape(side: Any, base: Any) -> set[int]:
    return {len(e.indices) for e in side.atoms(sympy.Indexed) if e.base == base}


def _short(node: Any) -> str:
    text = str(node)
    return text if len(text) <= 40 else text[:37] + "..."
