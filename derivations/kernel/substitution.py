"""Substitution that no bound index can capture, and equality of claims up to the names of their bound indices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy
from sympy import Integral, Product, Sum

BINDERS = (Sum, Product, Integral)


def bound_symbols(expr: Any) -> set[Any]:
    """The indices of the sums, products and integrals in the expression."""
    return {s for fold in expr.atoms(*BINDERS) for s in fold.bound_symbols}


def substituted(expr: Any, values: Mapping[Any, Any]) -> Any:
    """The expression with all values put in at once; bound indices that a value mentions are renamed first.

    >>> n, k, x = sympy.symbols("n k x")
    >>> sorted(map(str, substituted(sympy.Sum(x, (k, 1, n)), {x: k}).free_symbols))
    ['k', 'n']
    """
    mentioned = set(values).union(*(sympy.sympify(v).free_symbols for v in values.values()))
    if bound_symbols(expr) & mentioned:
        expr = _renamed(expr, lambda symbol, _: _fresh(symbol) if symbol in mentioned else symbol)
    if isinstance(expr, sympy.core.relational.Relational):  # as it stands: SymPy would decide 1 <= 2
        return expr.func(*(side.subs(values, simultaneous=True) for side in expr.args), evaluate=False)
    return expr.subs(values, simultaneous=True)


def same(a: Any, b: Any) -> bool:
    """Whether two claims are equal up to the names of the indices that their sums bind."""
    if a == b:
        return True
    # Names of bound indices are all that may differ, so most pairs are told apart without renaming anything.
    if type(a) is not type(b) or _names(a) != _names(b):
        return False
    return bool(_by_depth(a) == _by_depth(b))


@lru_cache(maxsize=2000)
def _names(claim: Any) -> frozenset[Any]:
    """The free symbols, without entries like x[k]: SymPy counts those as free even where k is bound."""
    return frozenset(symbol for symbol in claim.free_symbols if symbol.is_Symbol)


@lru_cache(maxsize=2000)
def _by_depth(claim: Any) -> Any:
    """Every bound index named by how many binders stand above it, so that the author's names do not matter."""
    return _renamed(claim, lambda symbol, depth: sympy.Symbol(f"bound index {depth}", integer=symbol.is_integer))


def _renamed(expr: Any, name: Any, depth: int = 0) -> Any:
    if isinstance(expr, BINDERS):
        function, limits = expr.function, list(expr.limits)
        for place in range(len(limits) - 1, -1, -1):  # SymPy lists the innermost limit first; each binds all before it
            symbol = limits[place][0]
            new = name(symbol, depth)
            depth += 1
            limits[place] = (new, *limits[place][1:])
            if new != symbol:
                function = function.xreplace({symbol: new})
                limits[:place] = [tuple(part.xreplace({symbol: new}) for part in inner) for inner in limits[:place]]
        limits = [(limit[0], *(_renamed(bound, name, depth) for bound in limit[1:])) for limit in limits]
        return expr.func(_renamed(function, name, depth), *limits)
    if not expr.args or not expr.atoms(*BINDERS):
        return expr
    return expr.func(*(_renamed(a, name, depth) for a in expr.args), **_unevaluated(expr))


def _unevaluated(expr: Any) -> dict[str, bool]:
    """Relations and connectives are rebuilt as they stand, so that SymPy decides none of them."""
    return {"evaluate": False} if isinstance(expr, sympy.core.relational.Relational) else {}


def _fresh(symbol: Any) -> Any:
    return sympy.Dummy(symbol.name.strip("_"), **symbol.assumptions0)
