"""Limits at infinity: vanishing powers and leading coefficients where the form allows it, else SymPy's algorithm."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from .normal_form import normal
from .scope import NotShown
from .signs import nonnegative

GRUNTZ = (sympy.exp, sympy.log, sympy.sin, sympy.cos, sympy.tanh, sympy.sinh, sympy.cosh, sympy.atan, sympy.erf)


def limit_of(inner: Any, variable: Any, target: Any, direction: str, scope: Any) -> Any:
    """The limit, where it can be shown for all parameters; raises NotShown otherwise."""
    if variable in scope.hidden(inner):
        raise NotShown(f"limit: {inner} depends on {variable} through a recursion or a law")
    if target == sympy.oo:
        inner = _without_vanishing_powers(inner, variable, scope)
        rational = _rational_at_infinity(inner, variable, scope)
        if rational is not None:
            return rational
    for part in sympy.preorder_traversal(inner):
        known = part.is_Add or part.is_Mul or part.is_Pow or part == variable or isinstance(part, GRUNTZ)
        if part.has(variable) and not known:
            raise NotShown(f"limit: nothing is known of {part.func.__name__} as {variable} -> {target}")
    return _gruntz(inner, variable, target, direction)


def _gruntz(inner: Any, variable: Any, target: Any, direction: str) -> Any:
    """SymPy's limit, taken again for each sign of every parameter: its general answer forgets that one may be 0."""
    entries = {entry: sympy.Dummy(str(entry), real=True) for entry in inner.atoms(sympy.Indexed)}
    inner = inner.xreplace(entries)
    result = sympy.limit(inner, variable, target, direction)
    if result.has(sympy.oo, sympy.zoo, sympy.nan, sympy.sign, sympy.AccumBounds):
        raise NotShown(f"limit: SymPy gives {result}")
    others = inner.free_symbols - {variable}
    parameters = sorted((s for s in others if not s.is_positive and not s.is_negative), key=str)
    for signs in itertools.product((1, -1, 0), repeat=len(parameters)):
        case = {s: sign * sympy.Dummy(str(s), positive=True) for s, sign in zip(parameters, signs, strict=True)}
        if any((s.is_nonnegative and c.is_negative) or (s.is_nonzero and c == 0) for s, c in case.items()):
            continue
        again = sympy.limit(inner.subs(case), variable, target, direction)
        if sympy.simplify(again - result.subs(case)) != 0:
            raise NotShown(f"limit: {result}, but {again} for {case}")
    return result.xreplace({stand_in: entry for entry, stand_in in entries.items()})


def _without_vanishing_powers(inner: Any, variable: Any, scope: Any) -> Any:
    """q^(c k + d) -> 0 for |q| < 1 and c > 0, all at once, where the rest is rational and its denominator stays."""
    stand_ins: dict[Any, Any] = {}
    signs = [p for p in inner.atoms(sympy.Pow) if p.base == -1 and p.exp.has(variable)]
    bounded = {p: sympy.Dummy("sign", real=True) for p in signs}
    for power in inner.atoms(sympy.Pow):
        slope = sympy.expand(power.exp).coeff(variable)
        linear = power.exp.has(variable) and not sympy.expand(power.exp - slope * variable).has(variable)
        if not linear or power.base.has(variable) or not slope.is_number or not slope.is_positive:
            continue
        size = 1 - sympy.Abs(power.base)
        if nonnegative(size, scope, strict=True) or nonnegative(normal(size, scope), scope, strict=True):
            stand_ins[power] = sympy.Dummy("vanishing", real=True)
    if not stand_ins:
        return inner
    flat = sympy.together(inner.xreplace({**bounded, **stand_ins}))
    top, bottom = sympy.fraction(flat)
    vanishing = dict.fromkeys(stand_ins.values(), sympy.Integer(0))
    for part in (top, bottom):
        if not part.is_polynomial(variable, *vanishing, *bounded.values()):
            raise NotShown(f"limit: {inner} is not rational in {variable} and its vanishing powers")
    top, bottom = sympy.expand(top).subs(vanishing), sympy.expand(bottom).subs(vanishing)
    if bottom == 0 or any(part.has(*bounded.values()) for part in (top, bottom) if bounded):
        raise NotShown(f"limit: the denominator of {inner} vanishes")
    _leading(bottom, variable, scope)
    return top / bottom


def _rational_at_infinity(inner: Any, variable: Any, scope: Any) -> Any:
    """The quotient of the leading coefficients; None where the expression is not rational or has no finite limit."""
    top, bottom = (sympy.expand(part) for part in sympy.fraction(sympy.together(inner)))
    if not (top.is_polynomial(variable) and bottom.is_polynomial(variable)):
        return None
    degree = sympy.degree(bottom, variable) if bottom.has(variable) else 0
    leading = _leading(bottom, variable, scope)
    if top.has(variable) and sympy.degree(top, variable) > degree:
        return None
    return top.coeff(variable, degree) / leading


def _leading(polynomial: Any, variable: Any, scope: Any) -> Any:
    """The leading coefficient, which must visibly not be 0."""
    degree = sympy.degree(polynomial, variable) if polynomial.has(variable) else 0
    leading = polynomial.coeff(variable, degree)
    signs = [sign * form for sign in (1, -1) for form in (leading, sympy.factor(leading))]
    if not (leading.is_nonzero or any(nonnegative(form, scope, strict=True) for form in signs)):
        raise NotShown(f"limit: {leading} might be 0")
    return leading
