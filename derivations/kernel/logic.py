"""The rules of logic: suppositions and what follows from them, cases, and the instance of a general claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import sympy

from .expressions import Expectation
from .ledger import Fact, Ledger, weakest
from .scope import NotShown
from .signs import nonnegative, real
from .substitution import same, substituted


class Logic(Ledger):
    """Rules that put facts together, or take one at a value."""

    def suppose(self, relation: Any) -> Self:
        """The same theorem under one more hypothesis; what is shown there carries it."""
        child = self.extended()
        child.assume(relation)
        return child

    def implies(self, claim: Any, fact: Fact, *, because: str) -> Fact:
        """A => B, from B shown under the supposition A."""
        if not isinstance(claim, sympy.Implies):
            raise NotShown("implies: the claim is no implication")
        premise, conclusion = claim.args
        extra = self.supposed(fact)
        if not same(fact.claim, conclusion) or not set(extra) <= {premise}:
            raise NotShown(f"implies: {fact.claim} was shown under {extra}")
        return self._establish("implies", claim, because, [], strength=fact.strength)

    def equivalent(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """A <=> B, from B under the supposition A and A under the supposition B."""
        if not isinstance(claim, sympy.Equivalent) or len(claim.args) != 2:
            raise NotShown("equivalent: the claim is no equivalence of two")
        shown = set()
        for fact in facts:
            extra = self.supposed(fact)
            if len(extra) == 1:
                shown.add((extra[0], fact.claim))
        a, b = claim.args
        if not ({(a, b), (b, a)} <= shown):
            raise NotShown("equivalent: the facts do not show both directions")
        return self._establish("equivalent", claim, because, [], strength=weakest(fact.strength for fact in facts))

    def both(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """A and B, from both."""
        self._check(facts)
        if not isinstance(claim, sympy.And) or not set(claim.args) <= {f.claim for f in facts}:
            raise NotShown("both: some part has no fact")
        return self._establish("both", claim, because, facts)

    def cases(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """The claim, shown under suppositions of which one always holds."""
        premises = []
        for fact in facts:
            extra = self.supposed(fact)
            if len(extra) != 1 or not same(fact.claim, claim):
                raise NotShown("cases: each fact must show the claim under one supposition")
            premises.append(extra[0])
        for power in (p for premise in premises for p in premise.atoms(sympy.Pow, sympy.log)):
            if not real(power, self):
                raise NotShown(f"cases: where {power} has no value, no case holds")
        if sympy.simplify(sympy.Or(*premises)) is not sympy.true:
            raise NotShown(f"cases: {premises} do not exhaust all cases")
        return self._establish("cases", claim, because, [], strength=weakest(fact.strength for fact in facts))

    def instance(self, fact: Fact, at: Mapping[Any, Any], *, because: str) -> Fact:
        """What was shown for all values, at one: each value must visibly lie in its symbol's domain."""
        self._check([fact])
        at = {symbol: sympy.sympify(value) for symbol, value in at.items()}
        self._substitutable(fact.claim, at)
        for declared in self.declared:
            mentions = declared.hypothesis.free_symbols | {declared.symbol}
            if not mentions & at.keys():
                continue
            relations = sympy.And.make_args(declared.hypothesis)
            if declared.symbol not in at and not fact.claim.has(declared.symbol):  # then it must only exist
                ends = [b for b in (declared.low, declared.high) if b is not None]
                compare = sympy.Lt if declared.open else sympy.Le
                relations = [compare(*ends, evaluate=False)] if len(ends) == 2 else []
            for relation in relations:
                self._visible_relation(substituted(relation, at))
        for symbol, value in at.items():
            self._visible_assumptions(symbol, value)
        for hypothesis in fact.hypotheses:
            if substituted(hypothesis, at) not in self.hypotheses:
                self._visible_relation(substituted(hypothesis, at))
        return self._establish("instance", substituted(fact.claim, at), because, [fact])

    def _substitutable(self, claim: Any, at: Mapping[Any, Any]) -> None:
        """Putting the values in is taking the claim at them: nothing is hidden, random or differentiated."""
        given, free = set(at), set().union(*(v.free_symbols for v in at.values()))
        for symbol in given:
            if self.bounds(symbol) is None or not symbol.is_Symbol:
                raise NotShown(f"instance: {symbol} is no declared number")
        if given & self.hidden(claim):
            raise NotShown(f"instance: the claim depends on {given & self.hidden(claim)} through a recursion or a law")
        if any(map(self.is_random, at.values())) and claim.has(Expectation):
            raise NotShown("instance: a random value may depend on what the expectation averages")
        for node in claim.atoms(sympy.Derivative, sympy.Limit):
            variables = set(node.variables) if isinstance(node, sympy.Derivative) else {node.args[1]}
            names = {s for v in variables for s in v.free_symbols}
            if names & (given | free):
                raise NotShown(f"instance: {node} is taken with respect to {variables}")

    def _visible_assumptions(self, symbol: Any, value: Any) -> None:
        for assumption in ("integer", "real", "positive", "nonnegative", "nonzero"):
            if not getattr(symbol, f"is_{assumption}") or getattr(value, f"is_{assumption}"):
                continue
            strict = assumption == "positive"
            if assumption in ("positive", "nonnegative") and nonnegative(value, self, strict=strict):
                continue
            if assumption == "nonzero" and any(nonnegative(v, self, strict=True) for v in (value, -value)):
                continue
            if assumption == "real" and real(value, self):
                continue
            raise NotShown(f"instance: {value} is not visibly {assumption}, as {symbol} is")
