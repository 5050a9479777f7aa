"""Continuity and convexity that can be read off: what the rules on intervals need besides the sign of a derivative."""

from __future__ import annotations

from typing import Any

import sympy

from .functions import SmoothFunction
from .scope import NotShown
from .signs import nonnegative

EVERYWHERE = (
    sympy.exp, sympy.sin, sympy.cos, sympy.tanh, sympy.sinh, sympy.cosh, sympy.atan, sympy.erf,
    sympy.Abs, sympy.Max, sympy.Min, SmoothFunction,
)  # fmt: skip
ON_POSITIVE = (sympy.log, sympy.gamma, sympy.loggamma, sympy.digamma)


def require_continuous(expr: Any, x: Any, scope: Any) -> None:
    """Raise NotShown unless the expression is built from functions that are continuous wherever the scope allows x."""
    if not expr.has(x) or expr == x:
        if x in scope.hidden(expr):
            raise NotShown(f"continuity: {expr} depends on {x} through a recursion or a law")
        return
    if expr.is_Pow:
        _power(expr, x, scope)
    elif isinstance(expr, ON_POSITIVE):
        if not nonnegative(expr.args[0], scope, strict=True):
            raise NotShown(f"continuity: {expr.args[0]} is not visibly positive")
    elif isinstance(expr, sympy.Sum | sympy.Product):
        if any(bound.has(x) for _, *bounds in expr.limits for bound in bounds):
            raise NotShown(f"continuity: the number of terms of {expr} depends on {x}")
        for index, low, high in reversed(expr.limits):
            scope = scope.with_range(index, low, high)
        require_continuous(expr.function, x, scope)
        return
    elif not (expr.is_Add or expr.is_Mul or isinstance(expr, EVERYWHERE)):
        raise NotShown(f"continuity: {expr.func.__name__} is not known to be continuous")
    for argument in expr.args:
        require_continuous(argument, x, scope)


def _power(power: Any, x: Any, scope: Any) -> None:
    base, exponent = power.args
    if exponent.has(x):
        fine = nonnegative(base, scope, strict=True)
    elif not base.has(x) or (exponent.is_integer and exponent.is_nonnegative):
        fine = True
    elif exponent.is_positive and nonnegative(base, scope):
        fine = True
    elif exponent.is_integer:
        fine = nonnegative(base, scope, strict=True) or nonnegative(-base, scope, strict=True)
    else:
        fine = nonnegative(base, scope, strict=True)
    if not fine:
        raise NotShown(f"continuity: the sign of {base} is not visible")


def require_continuous_at_ends(expr: Any, x: Any, low: Any, high: Any, scope: Any) -> None:
    """The same on the closed interval, for an x that was declared inside the open one."""
    y = sympy.Dummy(str(x), real=True, **({"nonnegative": True} if low.is_nonnegative else {}))
    closed = scope.extended()
    closed.slacks = [(s, strict) for s, strict in closed.slacks if not s.has(x)] + [(y - low, False), (high - y, False)]
    require_continuous(expr.subs(x, y), y, closed)


def convex(expr: Any, x: Any, scope: Any) -> bool:
    """Whether the expression is visibly convex in x wherever the scope allows x."""
    if not expr.has(x):
        return x not in scope.hidden(expr)
    if isinstance(expr, sympy.Abs):
        return _affine(expr.args[0], x, scope)
    if isinstance(expr, sympy.Max):
        return all(convex(a, x, scope) for a in expr.args)
    if expr.is_Add:
        return all(convex(a, x, scope) for a in expr.args)
    if expr.is_Mul:
        constant, dependent = expr.as_independent(x, as_Add=False)
        if constant != 1 and nonnegative(constant, scope) and x not in scope.hidden(constant):
            return convex(dependent, x, scope)
    if expr.is_Pow and isinstance(expr.base, sympy.Abs) and expr.exp.is_integer and expr.exp.is_positive:
        return convex(expr.base, x, scope)
    if expr.atoms(sympy.Abs, sympy.Max, sympy.Min):
        return False
    try:
        require_continuous(expr, x, scope)
    except NotShown:
        return False
    second = sympy.diff(expr, x, 2)
    return nonnegative(second, scope) or nonnegative(sympy.factor(second), scope)


def _affine(expr: Any, x: Any, scope: Any) -> bool:
    if expr.atoms(sympy.Abs, sympy.Max, sympy.Min):
        return False
    try:
        require_continuous(expr, x, scope)
    except NotShown:
        return False
    return bool(sympy.expand(sympy.diff(expr, x, 2)) == 0)
