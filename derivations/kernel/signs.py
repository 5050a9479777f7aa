"""Signs that can be read off an expression: the certificate check behind every inequality.

`nonnegative` looks only at the form (squares, absolute values, sums and products of non-negative parts, the slacks of
the hypotheses); it never searches. A proof exhibits the form, this module reads it.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Mul, Product, Sum

from .expressions import Expectation


def nonnegative(expr: Any, scope: Any, *, strict: bool = False) -> bool:
    """Whether the expression is visibly >= 0 (> 0 when strict) under the scope's hypotheses."""
    expr = sympy.sympify(expr)
    # Of terms SymPy knows the signs; about the sum of many it thinks long.
    if expr.is_Add and all(term.is_nonnegative for term in expr.args):
        if not strict or any(term.is_positive for term in expr.args):
            return True
    if (expr.is_positive if strict else expr.is_nonnegative) is True:
        return True
    if scope.is_slack(expr, strict=strict):
        return True
    if expr.is_Add:
        if not strict and (_dominated(expr, scope) or _dominated(expr.primitive()[1], scope)):
            return True
        if not all(nonnegative(term, scope) for term in expr.args):
            return False
        return not strict or any(nonnegative(term, scope, strict=True) for term in expr.args)
    if expr.is_Mul:
        return _product_sign(expr, scope, strict)
    if expr.is_Pow:
        base, exponent = expr.args
        if nonnegative(base, scope, strict=True) and exponent.is_real:
            return True
        if not strict and nonnegative(base, scope) and exponent.is_nonnegative:
            return True
        if exponent.is_even and real(base, scope):  # at a zero of the base a negative power has no value
            return (not strict and exponent.is_nonnegative is True) or _nonzero(base, scope)
        return False
    if isinstance(expr, sympy.exp):
        return bool(expr.args[0].is_real)
    if isinstance(expr, sympy.Abs):
        return not strict or _nonzero(expr.args[0], scope)
    if isinstance(expr, sympy.Max):
        return any(nonnegative(a, scope, strict=strict) for a in expr.args)
    if isinstance(expr, sympy.Min):
        return all(nonnegative(a, scope, strict=strict) for a in expr.args)
    if isinstance(expr, sympy.Piecewise):
        return all(nonnegative(value, scope, strict=strict) for value, _ in expr.args)
    if isinstance(expr, Sum | Product):
        return _fold_sign(expr, scope, strict)
    if isinstance(expr, sympy.KroneckerDelta):
        return not strict
    if isinstance(expr, Expectation):
        return not strict and scope.laws_exist(expr) and nonnegative(expr.args[0], scope)
    if isinstance(expr, sympy.log):
        return nonnegative(expr.args[0] - 1, scope, strict=strict)
    return False


def real(expr: Any, scope: Any) -> bool:
    """Whether the expression is visibly a real number: no logarithm or root of a negative, no division by 0."""
    if expr.is_real is True:
        return True
    if isinstance(expr, sympy.log):
        return nonnegative(expr.args[0], scope, strict=True)
    if expr.is_Add or expr.is_Mul or isinstance(expr, sympy.exp):
        return all(real(a, scope) for a in expr.args)
    if expr.is_Pow:
        base, exponent = expr.args
        if exponent.is_integer and exponent.is_nonnegative:
            return real(base, scope)
        powers = nonnegative(base, scope, strict=not exponent.is_nonnegative)
        return real(exponent, scope) and powers
    if isinstance(expr, Sum | Product):
        inner = scope
        for index, low, high in reversed(expr.limits):
            inner = inner.with_range(index, low, high)
        return real(expr.function, inner)
    return False


def _dominated(expr: Any, scope: Any) -> bool:
    """|u| - u, |u| + u, and max(a, b) - a: a quantity less something it can never fall below."""
    for term in expr.args:
        rest = expr - term
        if isinstance(term, sympy.Abs) and (
            sympy.expand(rest - term.args[0]) == 0 or sympy.expand(rest + term.args[0]) == 0
        ):
            return True
        if isinstance(term, sympy.Max) and any(nonnegative(sympy.expand(arm + rest), scope) for arm in term.args):
            return True
        if (
            (-term).is_Function
            and isinstance(-term, sympy.Min)
            and any(nonnegative(sympy.expand(rest - arm), scope) for arm in (-term).args)
        ):
            return True
    return False


def _fold_sign(expr: Any, scope: Any, strict: bool) -> bool:
    """Every term under an index of its own, of which its range is known, and nothing assumed of a namesake."""
    own: dict[Any, Any] = {}
    nonempty = True
    for index, low, high in reversed(expr.limits):
        low, high = low.xreplace(own), high.xreplace(own)
        nonempty = nonempty and nonnegative(high - low, scope)
        sign = {"positive": True} if low.is_positive else {"nonnegative": True} if low.is_nonnegative else {}
        own[index] = sympy.Dummy(index.name, integer=True, **sign)
        scope = scope.with_range(own[index], low, high)
    if not nonnegative(expr.function.xreplace(own), scope, strict=strict):
        return False
    return not strict or isinstance(expr, Product) or nonempty


def _nonzero(expr: Any, scope: Any) -> bool:
    return bool(expr.is_nonzero) or nonnegative(expr, scope, strict=True) or nonnegative(-expr, scope, strict=True)


def _product_sign(expr: Any, scope: Any, strict: bool) -> bool:
    """An even number of non-positive factors, all others non-negative; equal factors of no known sign are squares."""
    negative = False
    for factor in Mul.make_args(expr):
        if nonnegative(factor, scope, strict=strict):
            continue
        if not _nonpositive(factor, scope, strict):
            return False
        negative = not negative
    return not negative


def _nonpositive(factor: Any, scope: Any, strict: bool) -> bool:
    if (factor.is_negative if strict else factor.is_nonpositive) is True or scope.is_slack(-factor, strict=strict):
        return True
    return bool(factor.is_Add) and nonnegative(-factor, scope, strict=strict)
