"""Rewriting by equations that were shown: at the same place, or at every index for which they were shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sympy
from sympy import Product, Sum
from sympy.core.function import AppliedUndef

from .substitution import bound_symbols, substituted

HOLDING = (sympy.Derivative, sympy.Limit, sympy.Subs)  # equal values at one point are not enough under these


def rewritten(
    expr: Any, equation: Any, scope: Any, hypotheses: Collection[Any] = (), fixed: Collection[Any] = ()
) -> Any:
    """The expression with left -> right; x(i, k) = F(i, k) at all i and k of their ranges, but for the `fixed` symbols.

    `hypotheses` are the suppositions under which the equation holds; what it says inside a derivative or a limit would
    also need them at neighbouring points, so nothing is rewritten there.
    """
    left, right = equation.lhs, equation.rhs
    if left.is_number or left == right or bound_symbols(expr) & equation.free_symbols:
        return expr
    kept: dict[Any, Any] = {}
    if hypotheses:
        for node in sorted(expr.atoms(*HOLDING), key=sympy.count_ops, reverse=True):
            kept[sympy.Dummy(real=True)] = node
        expr = expr.xreplace({node: stand_in for stand_in, node in kept.items()})
    if isinstance(left, AppliedUndef):
        expr = _at_each_index(expr, left, right, scope, fixed)
    else:
        expr = substituted(expr, {left: right})
    for stand_in in reversed(list(kept)):
        expr = expr.xreplace({stand_in: kept[stand_in]})
    return expr


def _at_each_index(expr: Any, left: Any, right: Any, scope: Any, fixed: Collection[Any]) -> Any:
    if not expr.has(left.func):
        return expr
    if isinstance(expr, AppliedUndef) and expr.func == left.func:
        values = _matched(expr, left, scope, fixed)
        if values is not None:
            return substituted(right, values) if values else right
    if isinstance(expr, Sum | Product):
        inner = scope
        for index, low, high in reversed(expr.limits):
            inner = inner.with_range(index, low, high)
        return expr.func(_at_each_index(expr.function, left, right, inner, fixed), *expr.limits)
    if isinstance(expr, sympy.Derivative | sympy.Limit):
        return expr.func(_at_each_index(expr.args[0], left, right, scope, fixed), *expr.args[1:])
    return expr.func(*(_at_each_index(a, left, right, scope, fixed) for a in expr.args))


def _matched(entry: Any, left: Any, scope: Any, fixed: Collection[Any]) -> dict[Any, Any] | None:
    """What the equation's symbols stand for at this entry; None where it was not shown."""
    values: dict[Any, Any] = {}
    for pattern, actual in zip(left.args, entry.args, strict=True):
        if pattern == actual:
            continue
        if not pattern.is_Symbol or pattern in fixed or list(left.args).count(pattern) > 1:
            return None
        if not (scope.ranges_freely(pattern) and scope.in_range(pattern, actual)):
            return None
        values[pattern] = actual
    return values
