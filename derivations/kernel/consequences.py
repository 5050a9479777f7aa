"""What follows from known relations whatever the values of all that is no polynomial in them, by z3.

Every sum, function and power with a symbolic exponent is an unknown number, the same one wherever it stands, of which
only the visible sign is known. What holds for all such numbers holds for those that the theorem speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from .expressions import Expectation
from .normal_form import normal
from .rigor import decide
from .scope import Scope
from .signs import nonnegative, real
from .sums import canonical

LOOKED_UP = (sympy.Indexed, AppliedUndef)  # what has a value at some indices only
TAKEN = (sympy.Derivative, sympy.Limit, sympy.Integral, Expectation)  # what may not exist


def follows(known: Sequence[Any], wanted: Any, scope: Any) -> bool:
    """Whether z3 shows it from the known relations and the hypotheses, as they stand or in normal form."""
    wanted, *known = (_sides(each, _indices_alike) for each in (wanted, *known))
    spoken = {part for each in known if not each.has(sympy.Implies) for part in sympy.preorder_traversal(each)}
    if not _exists(wanted, spoken, scope):
        return False
    return any(_decided(known, wanted, scope, form) for form in (lambda e: e, lambda e: normal(e, scope)))


def _decided(known: Sequence[Any], wanted: Any, scope: Any, form: Callable[[Any], Any]) -> bool:
    numbers = _Numbers(scope)
    in_numbers = lambda e: numbers.of(form(e))  # noqa: E731
    numbers.flat.hypotheses += [_sides(each, in_numbers) for each in (*scope.hypotheses, *known)]
    return decide(_sides(wanted, in_numbers), numbers.flat).word == "true"


def _sides(claim: Any, change: Callable[[Any], Any]) -> Any:
    """The relation, or each one in a combination of some, with its sides changed."""
    if isinstance(claim, Relational):
        return claim.func(*map(change, claim.args), evaluate=False)
    if isinstance(claim, BooleanFunction):
        return claim.func(*(_sides(part, change) for part in claim.args), evaluate=False)
    return claim


def _indices_alike(e: Any) -> Any:
    return e.replace(lambda part: isinstance(part, sympy.Sum), lambda part: canonical(part.function, list(part.limits)))


def _exists(e: Any, spoken: set[Any], scope: Any) -> bool:
    """Whether it has a value wherever what is spoken of has one."""
    if e in spoken or e.is_Symbol or e.is_number:
        return True
    if isinstance(e, (*LOOKED_UP, *TAKEN)):
        return False
    if isinstance(e, sympy.Sum | sympy.Product):
        for index, low, high in reversed(e.limits):
            scope = scope.with_range(index, low, high)
        return all(limit in spoken for limit in e.limits) and _exists(e.function, spoken, scope)
    if e.is_Pow and e.exp.is_integer:
        divisors = {part.base for part in spoken if part.is_Pow and part.exp.is_negative}
        total = e.exp.is_nonnegative or e.base in divisors
    else:
        total = isinstance(e, Relational | BooleanFunction) or e.is_Add or e.is_Mul
    return (total or real(e, scope)) and all(_exists(a, spoken, scope) for a in e.args)


class _Numbers:
    """Numbers in place of what z3 does not understand, and what is known of them."""

    def __init__(self, scope: Any) -> None:
        self.scope, self.flat = scope, Scope()
        self.flat.declared = [d for d in scope.declared if isinstance(d.symbol, sympy.Symbol)]
        self.known: dict[Any, Any] = {}

    def of(self, e: Any) -> Any:
        """The expression in the declared numbers and these."""
        if e.is_Symbol or e.is_Rational:
            return e
        understood = e.is_Add or e.is_Mul or isinstance(e, sympy.Abs | sympy.Max | sympy.Min)
        if understood or (e.is_Pow and e.exp.is_Rational):
            return e.func(*map(self.of, e.args))
        if e not in self.known:
            x = self.known[e] = self.flat.real(f"#{len(self.known)}")
            signs = [(e, True, x > 0), (-e, True, x < 0), (e, False, x >= 0), (-e, False, x <= 0)]
            self.flat.hypotheses += [
                sign for side, strict, sign in signs if nonnegative(side, self.scope, strict=strict)
            ][:1]
        return self.known[e]
