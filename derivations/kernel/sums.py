"""How a sum is taken apart and named: nested sums opened, deltas solved, independent parts, canonical indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sympy
from sympy import Mul, Sum

MAX_PERMUTED = 4  # bound indices of one coupled sum whose order is tried out for the canonical name


def size(limit: tuple[Any, Any, Any], scope: Any) -> Any:
    """The number of indices; an empty range has none, however far its ends are apart."""
    _, low, high = limit
    return high - low + 1 if scope.at_least_zero(high - low + 1) else canonical(sympy.Integer(1), [limit])


def opened(factors: list[Any], limits: list[Any], scope: Any) -> tuple[list[Any], list[Any]]:
    """Nested sums that depend on a bound index become further limits of one sum."""
    opened: list[Any] = []
    for factor in factors:
        base, exponent = factor.as_base_exp()
        bound = {i for i, _, _ in limits}
        if isinstance(base, Sum) and exponent.is_Integer and exponent > 0 and base.free_symbols & bound:
            for _ in range(int(exponent)):
                renamed = {i: sympy.Dummy("k", integer=True) for i, _, _ in base.limits}
                for index, low, high in base.limits:
                    limits.append((renamed[index], low.xreplace(renamed), high.xreplace(renamed)))
                    scope.ranges[renamed[index]] = (low.xreplace(renamed), high.xreplace(renamed))
                opened += Mul.make_args(base.function.xreplace(renamed))
        else:
            opened.append(factor)
    return opened, limits


def solved(delta: Any, index: Any) -> Any:
    """The value of the index at which the delta is 1, where it appears linearly with coefficient +-1."""
    difference = sympy.expand(delta.args[0] - delta.args[1])
    slope = difference.diff(index)
    if slope not in (1, -1):
        return None
    return sympy.expand(index - difference / slope)


def components(factors: list[Any], limits: list[Any]) -> list[tuple[list[Any], list[Any]]]:
    """Factors and limits grouped so that different groups share no bound index."""
    groups: list[tuple[set[Any], list[Any], list[Any]]] = []
    pieces = [({i for i, _, _ in limits if f.has(i)}, [f], []) for f in factors]
    names = {i for i, _, _ in limits}
    pieces += [
        ({i} | ((low.free_symbols | high.free_symbols) & names), [], [(i, low, high)]) for i, low, high in limits
    ]
    for indices, fs, ls in pieces:
        joined = [g for g in groups if g[0] & indices]
        groups = [g for g in groups if not g[0] & indices]
        groups.append(
            (
                set().union(indices, *(g[0] for g in joined)),
                [f for g in joined for f in g[1]] + fs,
                [limit for g in joined for limit in g[2]] + ls,
            )
        )
    return [(fs, ls) for _, fs, ls in groups]


def canonical(function: Any, limits: list[Any]) -> Any:
    """The sum with its indices named _1, _2, ... so that equal sums are equal expressions."""
    depth = deepest(function, *(bound for _, *bounds in limits for bound in bounds))
    candidates = []
    for order in _orders(function, limits) if len(limits) <= MAX_PERMUTED else [_innermost_first(limits)]:
        if any(low.has(i) or high.has(i) for place, (i, _, _) in enumerate(order) for _, low, high in order[place:]):
            continue  # SymPy reads the innermost limit first, so an index stands after all ranges that depend on it
        names = {i: sympy.Symbol(f"_{depth + place}", integer=True) for place, (i, _, _) in enumerate(order, 1)}
        renamed = [(names[i], low.xreplace(names), high.xreplace(names)) for i, low, high in order]
        candidates.append((function.xreplace(names), renamed))
    if len(candidates) != 1:  # to print a large one takes long
        candidates.sort(key=lambda c: (str(c[0]), str(c[1])))
    function, renamed = candidates[0]
    return Sum(function, *renamed)


def _orders(function: Any, limits: list[Any]) -> Iterator[list[Any]]:
    """The orders of the indices to try: by what stands around each, all orders of those that look alike."""
    if len(limits) == 1:
        yield limits
        return
    here, elsewhere = sympy.Symbol("_here", integer=True), sympy.Symbol("_elsewhere", integer=True)
    alike: dict[str, list[Any]] = {}
    for limit in limits:
        names = {i: here if i == limit[0] else elsewhere for i, _, _ in limits}
        around = sorted(str(f.xreplace(names)) for f in Mul.make_args(function) if f.has(limit[0]))
        alike.setdefault(str((around, [b.xreplace(names) for b in limit[1:]])), []).append(limit)
    groups = [alike[key] for key in sorted(alike)]
    if any(low.has(i) or high.has(i) for i, _, _ in limits for _, low, high in limits):
        groups = [limits]  # ranges that depend on an index restrict the orders: try them all
    for parts in itertools.product(*map(itertools.permutations, groups)):
        yield [limit for part in parts for limit in part]


def _innermost_first(limits: list[Any]) -> list[Any]:
    order: list[Any] = []
    while limits:
        inner = next(
            limit
            for limit in limits
            if not any(l.has(limit[0]) or h.has(limit[0]) for _, l, h in limits)  # noqa: E741
        )
        order, limits = [*order, inner], [limit for limit in limits if limit is not inner]
    return order


def deepest(*parts: Any) -> int:
    """The largest number of a canonical index _1, _2, ... in the expressions: a new one must be larger."""
    names = [s.name for part in parts for s in part.atoms(sympy.Symbol)]
    return max((int(name[1:]) for name in names if name[0] == "_" and name[1:].isdigit()), default=0)
