"""How single atoms are written in normal form: deltas, logarithms, steps, quotients, powers, absolute values.

The arguments are in normal form already; nothing here looks below them.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import KroneckerDelta, Mul

from .signs import nonnegative


def monomial(expr: Any) -> bool:
    """Whether it is visibly a product of powers of atoms and of sums of such: nothing is there to expand or factor."""
    return all(
        _atomic(f) or (f.is_Pow and _atomic(f.base) and f.exp.is_Integer) or isinstance(f, KroneckerDelta)
        for f in Mul.make_args(expr)
    )


def _atomic(expr: Any) -> bool:
    return expr.is_Atom or (
        isinstance(expr, sympy.Sum)
        and monomial(expr.function)
        and all(expanded(bound) for _, *bounds in expr.limits for bound in bounds)
    )


def expanded(expr: Any) -> bool:
    """Whether it is visibly a sum of monomials, which `expand` walks through once for each of its hints for nothing."""
    return all(map(monomial, sympy.Add.make_args(expr)))


def kronecker(a: Any, b: Any) -> Any:
    """The delta solved for the declared index that reads first: one equation between indices is one expression."""
    difference = sympy.expand(a - b)
    declared = [s for s in difference.free_symbols if not isinstance(s, sympy.Dummy) and not s.name.startswith("_")]
    for index in sorted(declared, key=str):
        slope = difference.coeff(index, 1)
        solution = sympy.expand(index - slope * difference)
        if slope in (1, -1) and not solution.has(index):
            return KroneckerDelta(index, solution)
    return KroneckerDelta(a, b)


def logarithm(argument: Any, scope: Any) -> Any:
    """The logarithm with positive factors split off, and common factors e^c taken out of sums."""
    result, rest = sympy.Integer(0), sympy.Integer(1)
    for factor in Mul.make_args(argument):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and nonnegative(base, scope, strict=True):
            result += exponent * _log_of_sum(base)
        else:
            rest *= factor
    return result + sympy.expand_log(sympy.log(rest))


def _log_of_sum(positive: Any) -> Any:
    """log(e^a + e^b) as a + log(1 + e^(b-a)) or b + log(e^(a-b) + 1), whichever reads first."""
    terms = [Mul.make_args(t) for t in sympy.Add.make_args(positive)]
    exponents = [sympy.Add(*(f.args[0] for f in factors if isinstance(f, sympy.exp))) for factors in terms]
    rests = [Mul(*(f for f in factors if not isinstance(f, sympy.exp))) for factors in terms]
    forms = []
    for pivot in sorted(set(exponents), key=str):
        scaled = [r * sympy.exp(sympy.expand(e - pivot)) for r, e in zip(rests, exponents, strict=True)]
        forms.append((pivot, sympy.Add(*(sympy.expand(term) for term in scaled))))
    pivot, form = min(forms, key=lambda f: str(f[1]))
    return pivot + sympy.log(form)


def step(expr: Any, scope: Any) -> Any:
    """A step or a sign whose argument is visibly on one side of 0."""
    below, above = (0, 1) if isinstance(expr, sympy.Heaviside) else (-1, 1)
    if not isinstance(expr, sympy.Heaviside | sympy.sign):
        return expr
    if nonnegative(expr.args[0], scope, strict=True):
        return sympy.Integer(above)
    if nonnegative(sympy.expand(-expr.args[0]), scope, strict=True):
        return sympy.Integer(below)
    return expr


def division(expr: Any, scope: Any) -> Any:
    """floor(n + x) = n and Mod(n, m) = n, where 0 <= x < 1 and 0 <= n < m are visible."""
    whole, part = sympy.Integer(0), expr
    if isinstance(expr, sympy.Add):  # SymPy has taken integer terms out of the floor
        inside = [a for a in expr.args if isinstance(a, sympy.floor)]
        if len(inside) != 1:
            return expr
        whole, part = expr - inside[0], inside[0]
    if isinstance(part, sympy.floor):
        x = sympy.together(part.args[0])
        below_one = sympy.together(1 - x)
        if nonnegative(x, scope) and nonnegative(below_one, scope, strict=True):
            return whole
    if isinstance(part, sympy.Mod):
        n, m = part.args
        if scope.at_least_zero(n) and scope.beyond(n, m):
            return n
    return expr


def symbolic_power(base: Any, exponent: Any, scope: Any) -> Any:
    """base^(2k + 3) as (factors of the base)^k squared times their cubes, so that powers of one base meet."""
    result: Any = sympy.Integer(1)
    for factor in Mul.make_args(sympy.factor(sympy.together(base)) if base.is_Add or base.is_Mul else base):
        root, power = factor.as_base_exp()
        if not power.is_integer:
            root, power = factor, sympy.Integer(1)
        if root.is_Add and root.could_extract_minus_sign():
            result *= sympy.Integer(-1) ** sympy.expand(exponent * power)
            root = -root
        constant, rest = sympy.expand(exponent * power).as_coeff_Add()
        if constant.is_Integer and constant > 0 and scope.at_least_zero(rest):
            result *= root**constant  # 0^(k + 1) = 0 * 0^k too, as long as k >= 0
        else:
            rest += constant
        result *= root**rest
    return sympy.expand(result, func=False, log=False, complex=False, trig=False, multinomial=False, mul=False)


def by_absolute_values(expr: Any) -> Any:
    """max(a, b) = (a + b + |a - b|) / 2, and min with the other sign."""
    sign = 1 if isinstance(expr, sympy.Max) else -1
    first, *rest = expr.args
    for other in rest:
        first = (first + other + sign * sympy.Abs(first - other)) / 2
    return first


def absolute(argument: Any, scope: Any) -> Any:
    factored = sympy.factor_terms(argument)
    if nonnegative(factored, scope, strict=scope.strictly):
        return argument
    if nonnegative(-factored, scope, strict=scope.strictly):
        return sympy.expand(-argument)
    return sympy.Abs(argument)
