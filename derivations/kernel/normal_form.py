"""Engine 1: a normal form for expressions with sums over symbolic sizes, and the test for zero built on it.

Sums are split over terms, constants pulled out, Kronecker deltas collapsed where the index is provably in range,
independent sums separated into products, bound indices renamed canonically. What remains is a rational expression in
atoms, which SymPy's `expand`, `cancel` and `simplify` decide. A non-zero normal form proves nothing: only zero is an
answer.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import KroneckerDelta, Mul, Product, Sum
from sympy.core.function import AppliedUndef

from .atoms import absolute, by_absolute_values, division, expanded, kronecker, logarithm, step, symbolic_power
from .continuity import require_continuous
from .expressions import Expectation
from .scalars import opaque_atoms, scalar_zero, signs_of, vanishes_alone
from .scope import NotShown
from .signs import nonnegative
from .substitution import substituted
from .sums import canonical, components, deepest, opened, size, solved


def is_zero(expr: Any, scope: Any) -> bool:
    """Whether the expression is proved to be 0 for all sizes and all values within the scope's hypotheses."""
    return normal_is_zero(normal(expr, scope), scope)


def normal_is_zero(expr: Any, scope: Any) -> bool:
    """Whether an expression in normal form is 0; the form is taken once more where the first does not tell."""
    if all(_vanishes(case, scope) for case in _delta_cases(expr, scope)):
        return True
    again = normal(expr, scope)
    return again != expr and all(_vanishes(case, scope) for case in _delta_cases(again, scope))


def normal(expr: Any, scope: Any) -> Any:
    """The expression with derivatives taken, recursions unrolled, expectations computed and sums in normal form."""
    expr = sympy.sympify(expr)
    if isinstance(expr, sympy.Indexed):  # an atom for SymPy, whatever its indices
        return expr if all(i.is_Symbol for i in expr.indices) else expr.base[tuple(map(sympy.expand, expr.indices))]
    if expr.is_Atom:
        return expr
    if isinstance(expr, Sum | Product):
        return _fold(expr, scope)
    if isinstance(expr, sympy.Derivative):
        return normal(_derivative(expr, scope), scope)
    if isinstance(expr, sympy.Integral):
        return _integral(expr, scope)
    if isinstance(expr, Expectation):
        return _expectation(normal(expr.args[0], scope), scope)
    if isinstance(expr, AppliedUndef):
        return _unrolled(expr, scope)
    if isinstance(expr, sympy.Max | sympy.Min):
        return normal(by_absolute_values(expr), scope)
    arguments = [normal(a, scope) for a in expr.args]
    if isinstance(expr, KroneckerDelta):
        return kronecker(*arguments)
    if isinstance(expr, sympy.Abs):
        return absolute(arguments[0], scope)
    if isinstance(expr, sympy.log):
        return logarithm(sympy.factor_terms(arguments[0]), scope)
    if isinstance(expr, sympy.Heaviside | sympy.sign):
        return step(expr.func(*arguments), scope)
    if isinstance(expr, sympy.floor | sympy.Mod):
        return division(expr.func(*map(sympy.expand, arguments)), scope)
    if expr.is_Pow and not arguments[1].is_number and arguments[1].is_integer:
        return symbolic_power(*arguments, scope)
    rebuilt = expr.func(*arguments)
    if (rebuilt.is_Add or rebuilt.is_Mul or rebuilt.is_Pow or isinstance(rebuilt, sympy.exp)) and not expanded(rebuilt):
        rebuilt = sympy.expand(rebuilt, func=False, log=False, complex=False, trig=False)
        rebuilt = rebuilt.replace(
            lambda e: e.is_Pow and isinstance(e.base, KroneckerDelta) and e.exp.is_positive, lambda e: e.base
        )
    return rebuilt


# ---- sums ----------------------------------------------------------------------------------------------------------


def _fold(expr: Any, scope: Any) -> Any:
    """A sum or product with its own bound indices, in normal form."""
    function, limits = expr.function, list(expr.limits)
    if len(limits) > 1:  # SymPy lists the innermost limit first
        function, limits = expr.func(function, *limits[:-1]), limits[-1:]
    old, low, high = limits[0]
    index = sympy.Dummy(old.name.strip("_"), integer=True)
    low, high = normal(low, scope), normal(high, scope)
    inner = scope.with_range(index, low, high)
    body = normal(function.xreplace({old: index}), inner)
    combine = sympy.Add if isinstance(expr, Sum) else Mul
    if (high - low).is_Integer and high - low < 12:
        parts = [normal(body.subs(index, low + i), scope) for i in range(int(high - low) + 1)]
        return normal(combine(*parts), scope) if parts else combine.identity
    constant, rest = high.as_coeff_Add()
    if constant.is_Integer and 0 < constant < 12 and not rest.is_number and scope.within(rest, low - 1, rest):
        # the last terms of a sum to t + 1 on their own, so that it meets the sum to t
        shorter = normal(expr.func(body, (index, low, rest)), scope)
        last = [normal(body.subs(index, rest + i), scope) for i in range(1, int(constant) + 1)]
        return normal(combine(shorter, *last), scope)
    if isinstance(expr, Product):
        return _product(body, index, low, high, inner)
    return sympy.Add(*(_sum_of_term(term, [(index, low, high)], inner) for term in sympy.Add.make_args(body)))


def _sum_of_term(term: Any, limits: list[tuple[Any, Any, Any]], scope: Any) -> Any:
    """The sum of a product over the limits: constants out, deltas collapsed, nested sums merged, factors separated."""
    factors, limits = opened(list(Mul.make_args(term)), list(limits), scope)
    for position, (index, low, high) in enumerate(limits):
        if any(later[1].has(index) or later[2].has(index) for later in limits):
            continue  # a range that depends on this index: leave the triangle alone
        for delta in (f for f in factors if isinstance(f, KroneckerDelta) and f.has(index)):
            solution = solved(delta, index)
            if solution is not None and (scope.beyond(high, solution) or scope.beyond(solution, low)):
                return sympy.Integer(0)
            if solution is not None and scope.within(solution, low, high):
                rest = Mul(*(f for f in factors if f is not delta)).subs(index, solution)
                others = limits[:position] + limits[position + 1 :]
                pieces = sympy.Add.make_args(normal(rest, scope))
                return sympy.Add(*(_sum_of_term(p, others, scope) if others else p for p in pieces))
    for position, (index, low, high) in enumerate(limits):
        others = limits[:position] + limits[position + 1 :]
        idle = not any(f.has(index) for f in factors) and not any(a.has(index) or b.has(index) for _, a, b in others)
        inside = (low.free_symbols | high.free_symbols) & {i for i, _, _ in others}
        if idle and inside and scope.at_least_zero(high - low + 1):  # a row of a triangle: as many equal terms
            pieces = sympy.Add.make_args(sympy.expand(Mul(*factors) * (high - low + 1)))
            return sympy.Add(*(_sum_of_term(p, others, scope) for p in pieces))
    idle = [f for f in factors if not any(f.has(i) for i, _, _ in limits)]
    # Of an empty sum nothing may be pulled out that has no value.
    empty = [limit for limit in limits if not scope.at_least_zero(limit[2] - limit[1])]
    kept = [f for f in idle if empty and not _has_value(f, scope)]
    result: Any = Mul(*(f for f in idle if f not in kept))
    for group_factors, group_limits in components([f for f in factors if f not in idle], limits):
        if kept and empty[0] in group_limits:
            group_factors = group_factors + kept
        if group_factors or len(group_limits) > 1:
            result *= canonical(Mul(*group_factors), group_limits)
        else:
            result *= size(group_limits[0], scope)
    return result if expanded(result) else sympy.expand(result)


def _has_value(factor: Any, scope: Any) -> bool:
    """Whether nothing in the factor divides by 0: the empty sum of 1/n over k <= n is 0, n times 1/n has no value."""
    below = [p.base for p in factor.atoms(sympy.Pow) if not p.exp.is_nonnegative]
    return all(b.is_nonzero or any(nonnegative(side, scope, strict=True) for side in (b, -b)) for b in below)


def _product(body: Any, index: Any, low: Any, high: Any, scope: Any) -> Any:
    """Products split over factors; exponentials of an index become exponentials of a sum."""
    result: Any = sympy.Integer(1)
    body = sympy.powsimp(body) if not body.is_Add else body
    for factor in Mul.make_args(body):
        if not factor.has(index):
            result *= (
                factor ** (high - low + 1)
                if scope.at_least_zero(high - low + 1)
                else Product(factor, (index, low, high))
            )
        elif isinstance(factor, sympy.exp):
            terms = sympy.Add.make_args(normal(factor.args[0], scope))
            result *= sympy.exp(sympy.Add(*(_sum_of_term(t, [(index, low, high)], scope) for t in terms)))
        else:
            name = sympy.Symbol(f"_{deepest(factor, low, high) + 1}", integer=True)
            base, exponent = factor.as_base_exp()
            if exponent.has(index) or not (exponent.is_integer or nonnegative(base, scope, strict=True)):
                base, exponent = factor, sympy.Integer(1)
            result *= Product(base.xreplace({index: name}), (name, low, high)) ** exponent
    return result


# ---- integrals, derivatives, recursions, expectations ----------------------------------------------------------------


def _integral(expr: Any, scope: Any) -> Any:
    """Computed by SymPy where the integrand is visibly continuous from end to end, else left as it stands."""
    if len(expr.limits) != 1 or len(expr.limits[0]) != 3:
        return expr
    variable, low, high = expr.limits[0]
    if not (low == -sympy.oo or high == sympy.oo or nonnegative(high - low, scope)):
        return expr
    sign = "positive" if low.is_positive else "nonnegative" if low.is_nonnegative else "real"
    z = sympy.Dummy(variable.name, **{sign: True})
    inner = scope.extended()
    inner.slacks += [(z - low, False)] * bool(low.is_finite) + [(high - z, False)] * bool(high.is_finite)
    try:
        require_continuous(expr.function.subs(variable, z), z, inner)
    except NotShown:
        return expr
    value = expr.doit()
    return expr if value.has(sympy.Integral) else normal(value, scope)


def _derivative(expr: Any, scope: Any) -> Any:
    neighborhood = scope.extended()
    neighborhood.strictly = True  # what holds at a boundary point only tells nothing about the slope there
    inner = normal(expr.expr, neighborhood)  # canonical bound names: they cannot be the variable's index
    inner = inner.replace(_is_product_of_exponentials, lambda e: sympy.exp(Sum(e.function.args[0], *e.limits)))
    hidden = scope.hidden(inner)
    if any(
        hidden & {variable, getattr(getattr(variable, "base", None), "label", variable)} for variable in expr.variables
    ):
        raise NotImplementedError(f"{expr.expr} depends on {expr.variables} through a recursion or a law")
    for variable, count in expr.variable_count:
        for _ in range(int(count)):
            inner = inner.diff(variable)
            inner = inner.replace(lambda e: isinstance(e, sympy.Derivative), lambda e: e)
    return inner


def _is_product_of_exponentials(expr: Any) -> bool:
    """What `expand` makes of the exponential of a sum; its derivative as a product would fall apart at one index."""
    return isinstance(expr, Product) and isinstance(expr.function, sympy.exp)


def _unrolled(expr: Any, scope: Any) -> Any:
    """x(.., 0) is its start; x(.., k + m) with m > 0 is the recursion applied to x(.., k + m - 1)."""
    recursion = scope.recursions.get(expr.func.__name__)
    if recursion is None:
        return expr
    *indices, time = expr.args
    bindings = dict(zip(recursion.indices, indices, strict=True))
    if time == 0:
        return normal(substituted(recursion.start, bindings), scope)
    constant, rest = time.as_coeff_Add()
    if (time.is_Integer and time > 0) or (constant.is_Integer and constant > 0 and scope.at_least_zero(rest)):
        return normal(substituted(recursion.following, {**bindings, recursion.time: time - 1}), scope)
    return expr


def _expectation(argument: Any, scope: Any) -> Any:
    """Linearity, then the moment-cumulant formula for each product of random entries; other random factors stay."""
    total: Any = sympy.Integer(0)
    for term in sympy.Add.make_args(sympy.expand(argument)):
        total += _expected_term(term, scope)
    return sympy.expand(total)


def _expected_term(term: Any, scope: Any) -> Any:
    fixed, limits, entries, opaque = [], [], [], []
    for factor in Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if not scope.is_random(factor):
            fixed.append(factor)
        elif isinstance(base, Sum) and any(scope.is_random(b) for _, *bounds in base.limits for b in bounds):
            return Expectation(term)  # a random number of terms
        elif isinstance(base, Sum) and exponent.is_Integer and exponent > 0:
            for _ in range(int(exponent)):  # each copy with indices of its own
                renamed = {i: sympy.Dummy("k", integer=True) for i, _, _ in base.limits}
                copies = [(renamed[i], a.xreplace(renamed), b.xreplace(renamed)) for i, a, b in base.limits]
                for index, low, high in copies:
                    scope.ranges[index] = (low, high)
                limits += copies
                for inner in Mul.make_args(base.function.xreplace(renamed)):
                    _sort_factor(inner, fixed, entries, opaque, scope)
        else:
            _sort_factor(factor, fixed, entries, opaque, scope)
    apart = _independent_factors(opaque, entries, scope) if opaque and not limits else None
    if apart is not None:
        return sympy.expand(Mul(*fixed) * apart * _joint_moment(entries, scope))
    if opaque:
        kept = Expectation(Mul(*opaque, *entries))
        bound = [limit for limit in limits if kept.has(limit[0])]
        if bound:
            return Expectation(term)
        value: Any = kept
    else:
        value = _joint_moment(entries, scope)
    pieces = sympy.Add.make_args(sympy.expand(Mul(*fixed) * value))
    return sympy.Add(*(_sum_of_term(p, limits, scope) if limits else p for p in pieces))


def _independent_factors(products: list[Any], others: list[Any], scope: Any) -> Any:
    """E of a product over an index is the product of the expectations, where no two factors share a random entry.

    They share none where every entry of a family has the product's index in one and the same place, and the law's
    entries are independent; the entries beside the product must be of other families. Anything else is left alone
    (None).
    """
    powers = [p.as_base_exp() for p in products]
    if not all(isinstance(p, Product) and len(p.limits) == 1 and e.is_Integer and e > 0 for p, e in powers):
        return None
    _, low, high = powers[0][0].limits[0]
    index = sympy.Dummy("k", integer=True)  # of no product: inside one, another's index may be bound by a sum
    if any(p.limits[0][1:] != (low, high) for p, _ in powers) or scope.is_random(low) or scope.is_random(high):
        return None
    body = Mul(*(p.function.xreplace({p.limits[0][0]: index}) ** e for p, e in powers))
    depends = any(s in body.atoms(sympy.Symbol) for s in scope.laws)
    if depends or any(scope.is_random(f) for f in body.atoms(AppliedUndef)):
        return None
    places: dict[Any, set[int]] = {}
    for entry in body.atoms(sympy.Indexed):
        family = scope.family(entry)
        if family is None:
            if scope.is_random(entry):
                return None
            continue
        base, law, indices = family
        if not law.separate or any(scope.is_random(s) for s in law.parameters()):
            return None
        places[base] = places.get(base, set(range(len(indices)))) & {k for k, i in enumerate(indices) if i == index}
    if not places or not all(places.values()) or any(scope.family(e)[0] in places for e in others):
        return None
    expected = _expectation(normal(body, scope.with_range(index, low, high)), scope.with_range(index, low, high))
    return None if expected.has(Expectation) else normal(normal(Product(expected, (index, low, high)), scope), scope)


def _sort_factor(factor: Any, fixed: list[Any], entries: list[Any], opaque: list[Any], scope: Any) -> None:
    base, exponent = factor.as_base_exp()
    if not scope.is_random(factor):
        fixed.append(factor)
    elif scope.family(base) is not None and exponent.is_Integer and exponent > 0:
        entries += [base] * int(exponent)
    else:
        opaque.append(factor)


def _joint_moment(entries: list[Any], scope: Any) -> Any:
    if not entries:
        return sympy.Integer(1)
    families = [scope.family(e) for e in entries]
    total: Any = sympy.Integer(0)
    for partition in sympy.utilities.iterables.multiset_partitions(list(range(len(entries)))):
        weight: Any = sympy.Integer(1)
        for block in partition:
            kinds = {families[place][0] for place in block}
            if len(kinds) > 1:  # different families are independent of each other
                weight = sympy.Integer(0)
                break
            law = families[block[0]][1]
            weight *= law.cumulant(tuple(families[place][2] for place in block))
        total += weight
    return total


# ---- the final test --------------------------------------------------------------------------------------------------


def _delta_cases(expr: Any, scope: Any) -> list[Any]:
    """The expression in every case of its remaining index equalities."""
    deltas = sorted((d for d in expr.atoms(KroneckerDelta) if not _bound_inside(d, expr)), key=str)
    if not deltas:
        return [expr]
    first = deltas[0]
    a, b = first.args
    unequal = expr.xreplace({first: sympy.Integer(0)})
    if scope.beyond(a, b) or scope.beyond(b, a):
        return _delta_cases(normal(unequal, scope), scope)
    symbol, value = (a, b) if a.is_Symbol else (b, a)
    if not symbol.is_Symbol:
        return [expr]
    equal = normal(expr.xreplace({first: sympy.Integer(1)}).subs(symbol, value), scope)
    return _delta_cases(equal, scope) + _delta_cases(normal(unequal, scope), scope)


def _bound_inside(delta: Any, expr: Any) -> bool:
    bound = {s for f in expr.atoms(Sum, Product) for s in f.bound_symbols}
    return bool(delta.free_symbols & bound)


def _vanishes(expr: Any, scope: Any) -> bool:
    if expr == 0:
        return True
    merged = _merged(expr, scope)
    if merged == 0:
        return True
    atoms = sorted(opaque_atoms(merged), key=lambda a: -sympy.count_ops(a))
    stand_ins = {a: sympy.Dummy(f"atom{i}", **signs_of(a, scope)) for i, a in enumerate(atoms)}
    flat = merged
    for atom, stand_in in stand_ins.items():
        flat = flat.xreplace({atom: stand_in})
    return scalar_zero(flat)


def _merged(expr: Any, scope: Any) -> Any:
    """Sums over one common range, with coefficients free of it, joined under one sum where that makes them vanish."""
    by_range: dict[Any, list[Any]] = {}
    others: list[Any] = []
    for term in sympy.Add.make_args(expr):
        sums = [f for f in Mul.make_args(term) if isinstance(f, Sum)]
        if len(sums) == 1 and len(sums[0].limits) == 1:
            _, low, high = sums[0].limits[0]
            by_range.setdefault((low, high), []).append(
                (Mul(*(f for f in Mul.make_args(term) if f is not sums[0])), sums[0])
            )
        else:
            others.append(term)
    for (low, high), members in by_range.items():
        index = sympy.Dummy("k", integer=True)
        function = sympy.Add(*(c * s.function.subs(s.limits[0][0], index) for c, s in members))
        inner = scope.with_range(index, low, high)
        if len(members) > 1 and all(vanishes_alone(case) for case in _delta_cases(function, inner)):
            continue
        others += [c * s for c, s in members]
    return sympy.Add(*others)
