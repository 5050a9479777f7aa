"""The zero test of an expression without sums, in which everything that SymPy must not open is a stand-in."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy import Product, Sum
from sympy.core.function import AppliedUndef

from .atoms import monomial
from .evaluation import Point
from .expressions import Expectation
from .numbers import Undefined
from .signs import nonnegative

OPAQUE = (
    Sum, Product, Expectation, sympy.Indexed, AppliedUndef, sympy.Limit, sympy.Integral, sympy.Derivative, sympy.Subs,
)  # fmt: skip


def opaque_atoms(expr: Any) -> set[Any]:
    """The outermost parts that no simplifier may open: it would evaluate them without knowing the hypotheses."""
    if isinstance(expr, OPAQUE):
        return {expr}
    return set().union(*(opaque_atoms(a) for a in expr.args)) if expr.args else set()


def signs_of(atom: Any, scope: Any) -> dict[str, bool]:
    if atom.is_positive or nonnegative(atom, scope, strict=True):
        return {"positive": True}
    return {"real": True}


def vanishes_alone(expr: Any) -> bool:
    atoms = sorted(opaque_atoms(expr), key=lambda a: -sympy.count_ops(a))
    for i, atom in enumerate(atoms):
        expr = expr.xreplace({atom: sympy.Dummy(f"atom{i}", positive=atom.is_positive, real=True)})
    return scalar_zero(expr)


def _power_atoms(expr: Any) -> Any:
    """r^(2k) as the square of one stand-in for r^k: what `cancel` needs to see powers of one base as powers."""
    stand_ins: dict[Any, Any] = {}

    def replaced(power: Any) -> Any:
        result: Any = sympy.Integer(1)
        base, exponent = power.base, power.exp
        if base.is_Rational and 0 < base < 1:
            base, exponent = 1 / base, -exponent  # (1/2)^k is 2^-k
        for term in sympy.Add.make_args(sympy.expand(exponent)):
            coefficient, unit = term.as_coeff_Mul()
            if unit == 1 or not coefficient.is_Integer:
                result *= base**term
                continue
            if base == -1:
                coefficient %= 2  # (-1)^(3k) is (-1)^k
            key = (base, unit)
            if key not in stand_ins:
                kind = {"positive": True} if base.is_positive else {"real": True, "nonzero": base.is_nonzero}
                stand_ins[key] = sympy.Dummy("power", **kind)
            result *= stand_ins[key] ** coefficient
        return result

    return expr.replace(lambda e: e.is_Pow and not e.exp.is_number and bool(e.exp.is_integer), replaced)


def _by_denominator(expr: Any) -> Any:
    """Terms over one denominator added up, the denominator in factors: `together` is far quicker on those."""
    numerators: dict[Any, list[Any]] = {}
    for term in sympy.Add.make_args(expr):
        top, bottom = sympy.fraction(term)
        numerators.setdefault(bottom, []).append(top)
    factors = {bottom: bottom if monomial(bottom) else sympy.factor(bottom) for bottom in numerators}
    return sympy.Add(*(sympy.Add(*tops) / factors[bottom] for bottom, tops in numerators.items()))


TRIED = [sympy.Rational(n, d) for n, d in ((7, 3), (5, 4), (3, 1), (11, 5), (2, 1), (9, 7), (5, 1), (-4, 3), (-3, 1))]


def _nonzero_somewhere(expr: Any) -> bool:
    """Whether it is not 0 at some numbers that its symbols may be: there is nothing to look for then."""
    point = Point()
    for place, symbol in enumerate(sorted(expr.free_symbols, key=str)):
        turned = TRIED[place % len(TRIED) :] + TRIED[: place % len(TRIED)]
        known = symbol.assumptions0.items()
        fits = [x for x in turned if all(getattr(x, f"is_{fact}") is value for fact, value in known)]
        if not fits:
            return False
        point.values[symbol] = Fraction(fits[0].p, fits[0].q)
    try:
        return point.field.sign(point.value(expr)) in (1, -1)
    except (Undefined, ArithmeticError, TypeError, ValueError):
        return False


def scalar_zero(expr: Any) -> bool:
    """Zero test of an expression without sums: expand, common denominator, then SymPy's simplifiers."""
    expr = _power_atoms(expr)
    if expr == 0 or sympy.expand(expr) == 0:
        return True
    if _nonzero_somewhere(expr):
        return False
    if expr.has(sympy.tanh, sympy.sinh, sympy.cosh):  # rational in exponentials, which decides at once
        expr = expr.rewrite(sympy.exp)
    numerator = sympy.numer(sympy.together(_by_denominator(expr)))
    if sympy.expand(sympy.powsimp(sympy.expand(numerator))) == 0 or sympy.expand(numerator, func=True) == 0:
        return True
    if not expr.atoms(sympy.Function, sympy.Pow) - expr.atoms(sympy.Integer):
        return False
    for route in (sympy.simplify, lambda e: sympy.simplify(e.rewrite(sympy.exp)), sympy.radsimp, sympy.gammasimp):
        try:
            if route(numerator if numerator.count_ops() < expr.count_ops() else expr) == 0:
                return True
        except (NotImplementedError, ValueError, TypeError):
            continue
    return False
