"""The rules for inequalities: an exhibited slack, a dual certificate, convexity, the sign of a derivative, a chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from .continuity import convex, require_continuous, require_continuous_at_ends
from .ledger import Fact, Ledger
from .normal_form import normal
from .relations import ordered, sides
from .scope import NotShown
from .signs import nonnegative
from .substitution import substituted


class Inequalities(Ledger):
    """Rules whose claim compares two sides."""

    def compare(self, claim: Any, slack: Sequence[Any] | Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """An inequality whose slack is a sum of parts that are visibly non-negative (one positive, if strict)."""
        smaller, larger, strict = ordered(claim)
        parts = list(slack) if isinstance(slack, list | tuple) else [slack]
        scope = self._with(using)
        if not self._zero(larger - smaller - sympy.Add(*parts), using):
            raise NotShown(f"compare: the parts do not add up to {larger} - ({smaller})")
        for part in parts:
            if not nonnegative(part, scope):
                raise NotShown(f"compare: {part} is not visibly non-negative")
        if strict and not any(nonnegative(part, scope, strict=True) for part in parts):
            raise NotShown("compare: no part is visibly positive, so the inequality is not shown to be strict")
        return self._establish("compare", claim, because, using)

    def weights(self, claim: Any, weights: Mapping[Any, Any], *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """max(..) >= bound, by a convex combination of its arms (|u| has the arms u and -u) that equals the bound."""
        bound, maximum, strict = ordered(claim)
        if strict or not isinstance(maximum, sympy.Max | sympy.Abs):
            raise NotShown("weights: the claim is not max(..) >= bound")
        arms = maximum.args if isinstance(maximum, sympy.Max) else (maximum,)
        allowed = [
            a for arm in arms for a in ((arm, arm.args[0], -arm.args[0]) if isinstance(arm, sympy.Abs) else (arm,))
        ]
        scope = self._with(using)
        for arm, weight in weights.items():
            if not any(sympy.expand(arm - a) == 0 for a in allowed):
                raise NotShown(f"weights: {arm} is no arm of {maximum}")
            if not nonnegative(weight, scope):
                raise NotShown(f"weights: {weight} is not visibly non-negative")
        if not self._zero(sympy.Add(*weights.values()) - 1, using):
            raise NotShown("weights: they do not sum to 1")
        if not self._zero(sympy.Add(*(w * a for a, w in weights.items())) - bound, using):
            raise NotShown("weights: the combination is not the bound")
        return self._establish("weights", claim, because, using)

    def endpoints(
        self, claim: Any, variable: Any, low: Any, high: Any, *, because: str, using: Sequence[Fact] = ()
    ) -> Fact:
        """f(x) <= bound on [low, high] for a convex f, because it holds at both ends."""
        function, bound, strict = ordered(claim)
        scope = self._with(using)
        if strict or bound.has(variable):
            raise NotShown("endpoints: the bound must be weak and free of the variable")
        self._interval(variable, function, low, high)
        if not convex(function, variable, scope):
            raise NotShown(f"endpoints: {function} is not visibly convex in {variable}")
        for end in (low, high):
            rest = bound - substituted(function, {variable: end})
            if not (
                self._zero(rest, using)
                or nonnegative(rest, scope)
                or nonnegative(sympy.factor(sympy.together(rest)), scope)
            ):
                raise NotShown(f"endpoints: the bound at {end} is not visible")
        return self._establish("endpoints", claim, because, using)

    def monotone(
        self, claim: Any, function: Any, variable: Any, *, because: str, using: Sequence[Fact] = (), slope: Any = None
    ) -> Fact:
        """f(a) <= f(b) (or < when strict): f is continuous between a and b and its derivative has a visible sign there.

        `variable` must be declared as a real between the two points, so that the sign is read off exactly there.
        `slope` is the derivative in the form in which its sign is visible, where engine 1 would not find that form.
        """
        if slope is not None and not self._zero(sympy.diff(function, variable) - slope, ()):
            raise NotShown(f"monotone: {slope} is not the derivative of {function}")
        exhibited = [] if slope is None else [slope]
        smaller, larger, strict = ordered(claim)
        scope = self._with(using)
        low, high = self._interval(variable, function)
        # The claim does not mention the variable: it must hold where the variable's interval is empty, too.
        if not nonnegative(high - low, scope, strict=strict):
            raise NotShown(f"monotone: {low} {'<' if strict else '<='} {high} is not visible")
        require_continuous(function, variable, scope)
        slope = sympy.factor(normal(sympy.diff(function, variable), self))
        for sign, (a, b) in ((1, (low, high)), (-1, (high, low))):
            if self._zero(smaller - substituted(function, {variable: a}), using) and self._zero(
                larger - substituted(function, {variable: b}), using
            ):
                candidates = [
                    *(sign * e for e in exhibited),
                    sign * slope,
                    sympy.factor(sign * slope),
                    sympy.together(sign * slope),
                    sign * sympy.diff(function, variable),
                ]
                if any(nonnegative(c, scope, strict=strict) for c in candidates):
                    return self._establish("monotone", claim, because, using)
                raise NotShown(f"monotone: the sign of {sign * slope} is not visible")
        raise NotShown("monotone: the claim does not compare the function at the ends of the variable's interval")

    def _interval(self, variable: Any, function: Any, low: Any = None, high: Any = None) -> tuple[Any, Any]:
        """The ends between which the variable was declared: all that is known of it, and the function reaches both."""
        declared = self.bounds(variable)
        if declared is None or declared.low is None or declared.high is None or not variable.is_real:
            raise NotShown(f"{variable} is not declared as a real between two points")
        if variable.is_integer or not self.only_bounded_by_itself(variable):
            raise NotShown(f"{variable} does not run through the whole interval")
        if any(
            given is not None and not self._zero(given - end, ())
            for given, end in ((low, declared.low), (high, declared.high))
        ):
            raise NotShown(f"{variable} is declared between {declared.low} and {declared.high}, not {low} and {high}")
        if declared.open:
            require_continuous_at_ends(function, variable, declared.low, declared.high, self)
        return declared.low, declared.high

    def chain(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """Transitivity: a <= b, b = c, c < d gives a < d."""
        self._check(facts)
        smaller, larger, strict = (
            ordered(claim) if not isinstance(claim, sympy.Eq) else (*sides(claim, sympy.Eq), False)
        )
        position, gained = smaller, False
        for fact in facts:
            a, b, s = (
                ordered(fact.claim) if not isinstance(fact.claim, sympy.Eq) else (*sides(fact.claim, sympy.Eq), False)
            )
            if not self._zero(position - a, ()):
                if isinstance(fact.claim, sympy.Eq) and self._zero(position - b, ()):
                    a, b = b, a
                else:
                    raise NotShown(f"chain: {position} does not meet {a}")
            if isinstance(claim, sympy.Eq) and not isinstance(fact.claim, sympy.Eq):
                raise NotShown("chain: an inequality cannot show an equality")
            position, gained = b, gained or s
        if not self._zero(position - larger, ()) or (strict and not gained):
            raise NotShown(f"chain: it ends at {position}, {'strictly' if gained else 'weakly'}")
        return self._establish("chain", claim, because, facts)
