"""The rules for equations: identities, moments, sums over another index, induction."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sympy

from .ledger import Fact, Ledger
from .normal_form import is_zero, normal
from .relations import sides
from .rewriting import rewritten
from .scope import NotShown, Scope
from .substitution import same, substituted


class Equations(Ledger):
    """Rules whose claim is an equation, and induction."""

    def equal(self, claim: Any, *, because: str, using: Sequence[Fact] = (), via: Sequence[Any] = ()) -> Fact:
        """An identity: both sides have one normal form, after rewriting by the equations in `using`, through `via`."""
        left, right = sides(claim, sympy.Eq)
        stations = [left, *via, right]
        for a, b in itertools.pairwise(stations):
            if not self._zero(a - b, using):
                raise NotShown(f"equal: {a} and {b} have different normal forms")
        return self._establish("equal", claim, because, using)

    def expectation(self, claim: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """An identity between expectations, by linearity and the joint cumulants of the declared laws."""
        left, right = sides(claim, sympy.Eq)
        if not self._zero(left - right, using):
            raise NotShown(f"expectation: {normal(left, self)} is not {right}")
        return self._establish("expectation", claim, because, using)

    def reindex(self, claim: Any, index: Any, *, because: str) -> Fact:
        """Two sums are equal: `index` gives the left index by the right one, a shift or a reversal of the range."""
        left, right = sides(claim, sympy.Eq)
        if not all(isinstance(side, sympy.Sum) and len(side.limits) == 1 for side in (left, right)):
            raise NotShown("reindex: both sides must be single sums")
        (old, low, high), (new, first, last) = left.limits[0], right.limits[0]
        k = sympy.Dummy("k", integer=True)
        image = sympy.expand(index(k))
        ends = [image.subs(k, first), image.subs(k, last)]
        slope = image.diff(k)
        if slope not in (1, -1) or not all(
            self._zero(a - b, ()) for a, b in zip(ends[:: int(slope)], (low, high), strict=True)
        ):
            raise NotShown(f"reindex: {image} does not carry {first}..{last} onto {low}..{high}")
        scope = self.with_range(k, first, last)
        if not is_zero(left.function.subs(old, image) - right.function.subs(new, k), scope):
            raise NotShown("reindex: the terms differ at corresponding indices")
        return self._establish("reindex", claim, because, [])

    def induct(self, *claims: Any, over: Any, because: str, start: int = 0, using: Sequence[Fact] = ()) -> list[Fact]:
        """Closed forms x(k) = F(k), shown together: true at the start, and the recursion carries F(k) to F(k + 1)."""
        rules = [sides(claim, sympy.Eq) for claim in claims]
        self._inductive(over, start, claims)
        for left, right in rules:
            if not self._zero(substituted(left - right, {over: start}), using):
                raise NotShown(f"induct: {left} = {right} fails at {over} = {start}")
            increment = _last_term(left, over, self)
            if increment is not None:
                combine, last = increment
                following = right + last if combine == "sum" else right * last
            else:
                following = normal(substituted(left, {over: over + 1}), self)
                for claim in claims:
                    following = rewritten(following, claim, self, fixed={over})
                    if isinstance(claim.lhs, sympy.Sum | sympy.Product):  # the step meets it in its normal form
                        met = sympy.Eq(normal(claim.lhs, self), claim.rhs, evaluate=False)
                        following = rewritten(following, met, self, fixed={over})
            if not self._zero(following - substituted(right, {over: over + 1}), using):
                raise NotShown(f"induct: the step does not carry {left} = {right} from {over} to {over + 1}")
        return [self._establish("induct", claim, because, using) for claim in claims]

    def _inductive(self, over: Any, start: Any, claims: Sequence[Any]) -> None:
        """The claims may be shown by induction: `over` runs from `start`, and nothing else in them is tied to it."""
        declared = self.bounds(over)
        if declared is None or not over.is_integer or declared.low is None or sympy.sympify(declared.low) != start:
            raise NotShown(f"induct: {over} must be declared as an integer from {start} up")
        if any(over in hypothesis.free_symbols for hypothesis in self.hypotheses):
            raise NotShown(f"induct: a hypothesis restricts {over}")
        spoken_of = set().union(*(c.free_symbols | c.atoms(sympy.IndexedBase) | self.hidden(c) for c in claims))
        tied = {over}
        for d in self.declared:  # in the order of declaration, so that ties are passed on
            ends = [sympy.sympify(b).free_symbols for b in (d.low, d.high) if b is not None]
            if d.symbol != over and any(tied & end for end in ends):
                tied.add(d.symbol)
        if any(over in self.hidden(c) for c in claims) or (tied - {over}) & spoken_of:
            raise NotShown(f"induct: something in the claim depends on {over} through its bounds, a recursion or a law")

    def induct_from(self, claim: Any, *, over: Any, base: Fact, step: Fact, because: str, start: int = 0) -> Fact:
        """Any claim: the base is its instance at the start, the step shows it at k + 1, supposing it at k."""
        self._check([base])
        self._inductive(over, start, [claim])
        if not same(base.claim, substituted(claim, {over: start})):
            raise NotShown(f"induct_from: the base shows {base.claim}, not the claim at {over} = {start}")
        extra = self.supposed(step)
        if not same(step.claim, substituted(claim, {over: over + 1})) or extra not in ([], [claim]):
            raise NotShown(f"induct_from: the step shows {step.claim} under {extra}")
        return self._establish("induct_from", claim, because, [base], strength=step.strength)


def _last_term(left: Any, over: Any, scope: Scope) -> tuple[str, Any] | None:
    """What a sum or product with upper limit over + c gains from one more step."""
    if not isinstance(left, sympy.Sum | sympy.Product) or len(left.limits) != 1:
        return None
    index, low, high = left.limits[0]
    if left.function.has(over) or low.has(over) or sympy.expand(high - over).has(over):
        return None
    if not scope.at_least_zero(high + 1 - low):  # a sum that is still empty after one more step gains nothing
        return None
    return ("sum" if isinstance(left, sympy.Sum) else "product"), substituted(left.function, {index: high + 1})
