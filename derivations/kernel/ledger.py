"""What a theorem has shown so far, and the trial that every claim stands before it is entered.

Engine 2 evaluates the claim at random instances of the hypotheses, and one instance at which it is false stops the
proof whatever engine 1 said. Where they are installed, z3 looks for such an instance of a polynomial claim, and FLINT
looks again at the instances of an irrational one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Self

import sympy

from . import balls
from .admission import admit, own_indices
from .evaluation import Point
from .functions import SmoothFunction
from .normal_form import normal, normal_is_zero
from .numbers import Undefined
from .relations import ordered, shown
from .rewriting import rewritten
from .rigor import Decision, decide
from .scope import NotShown, Scope
from .signs import nonnegative

INSTANCES = 8  # random instances at which engine 2 tries to break each step
STRENGTHS = ("proved", "enclosed", "enumerated")  # of a fact, the strongest first; a counterexample has none of them
_SEAL = object()


class Refuted(Exception):
    """A claimed step is false at an exact instance of its hypotheses."""

    def __init__(self, claim: Any, point: dict[str, Any]) -> None:
        self.claim, self.point = claim, point
        super().__init__(f"{claim} is false at {point}")


class Fact:
    """A claim that a rule has established under hypotheses; only this module can make one, and nobody can change it."""

    __slots__ = ("claim", "declared", "engines", "hypotheses", "point", "reason", "root", "rule", "strength")

    def __init__(
        self,
        seal: object,
        claim: Any,
        hypotheses: Sequence[Any],
        rule: str,
        reason: str,
        engines: tuple[str, ...],
        strength: str,
        proof: Any,
        point: Mapping[Any, Any] | None = None,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("a Fact is made by a rule of the kernel, not by hand")
        values = {
            "claim": claim, "hypotheses": tuple(hypotheses), "rule": rule, "reason": reason, "engines": engines,
            "strength": strength, "root": proof.root, "declared": frozenset(d.symbol for d in proof.declared),
            "point": dict(point or {}),  # of a counterexample: the exact instance
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)
        proof.root.issued[id(self)] = self

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Fact cannot be changed, not even its {name}")


def weakest(strengths: Iterable[str]) -> str:
    """The strength of what needs all of them."""
    return max(strengths, key=STRENGTHS.index)


class Ledger(Scope):
    """Declarations, and the facts that were shown under them; the rules of the kernel are written on top of it."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.root: Any = self
        self.seed = seed
        self.stated: dict[str, Any] = {}
        self.steps: list[Fact] = []
        self.refutations: list[Fact] = []
        self.issued: dict[int, Fact] = {}
        self.asked: dict[Any, tuple[str, str]] = {}  # without a supposition: who was asked, the word

    # ---- entering a fact -------------------------------------------------------------------------------------------

    def _establish(
        self,
        rule: str,
        claim: Any,
        because: str,
        used: Sequence[Fact],
        strength: str = "proved",
        restricted: Mapping[Any, Sequence[int]] | None = None,
    ) -> Fact:
        self._check(used)
        admit(claim, self)
        engines = self._tried(claim, restricted)
        strength = weakest([strength, *(fact.strength for fact in used)])
        fact = Fact(_SEAL, claim, self.hypotheses, rule, because, engines, strength, self)
        self.root.steps.append(fact)
        return fact

    def _refuted(self, claim: Any, at: Mapping[Any, Any], because: str, engines: tuple[str, ...]) -> Fact:
        fact = Fact(_SEAL, claim, self.hypotheses, "counterexample", because, engines, "refuted", self, at)
        self.root.refutations.append(fact)
        self.root.steps.append(fact)
        return fact

    def _tried(self, claim: Any, restricted: Mapping[Any, Sequence[int]] | None = None) -> tuple[str, ...]:
        """Engine 2 and FLINT at random instances, z3 for all at once: raises at a false one, returns who spoke."""
        spoken, points = self._at_instances(claim, restricted)
        engine = "z3"
        decision = decide(claim, self) if restricted is None else Decision("")  # a size up to a bound is no hypothesis
        if not decision.word:
            engine, decision = "flint", balls.decide(claim, points)
        if decision.word and restricted is None and self.hypotheses == self.root.hypotheses:
            self.root.asked[claim] = engine, decision.word
        if decision.word == "false":
            raise Refuted(claim, shown(decision.point, claim))
        if decision.word == "undefined":
            raise NotShown(f"{claim} is undefined within the hypotheses at {shown(decision.point, claim)}")
        return (*spoken, engine) if decision.word == "true" else spoken

    def _at_instances(
        self, claim: Any, restricted: Mapping[Any, Sequence[int]] | None
    ) -> tuple[tuple[str, ...], list[Point]]:
        points, exact = [], True
        arbitrary = claim.free_symbols or self.hidden(claim) or claim.atoms(SmoothFunction)
        constant = claim.has(sympy.Integral) and not arbitrary  # one number, one instance
        for point, verdict in self.verdicts(claim, 1 if constant else INSTANCES, restricted):
            if verdict is False:
                raise Refuted(claim, shown(point, claim))
            points.append(point)
            exact = exact and verdict is not None
        second = "exact" if exact else "quadrature" if claim.has(sympy.Integral) else ""
        second = second or ("extrapolation" if claim.has(sympy.Limit) else "enclosure")
        return ("symbolic", second) if points else ("symbolic",), points

    def verdicts(self, claim: Any, count: int, restricted: Mapping[Any, Sequence[int]] | None = None) -> Any:
        """(point, verdict) at random instances of the hypotheses; Undefined inside the hypotheses stops the proof."""
        rng = random.Random(f"{self.root.seed} {claim}")
        for _ in range(count):
            fixed = {symbol: Fraction(rng.choice(list(allowed))) for symbol, allowed in (restricted or {}).items()}
            point = self.point(rng, fixed)
            try:
                verdict = point.decide(claim)
            except Undefined as reason:
                if "engine 2" in str(reason):
                    return
                raise NotShown(
                    f"{claim} is undefined within the hypotheses ({reason}) at {shown(point, claim)}"
                ) from None
            yield point, verdict

    # ---- what the rules ask of engine 1 ----------------------------------------------------------------------------

    def _zero(self, difference: Any, using: Sequence[Fact]) -> bool:
        self._check(using)
        own_indices(difference, self)
        equations = [fact for fact in using if isinstance(fact.claim, sympy.Eq)]
        for fact in equations:
            difference = rewritten(difference, fact.claim, self, fact.hypotheses)
        difference = normal(difference, self)
        for fact in equations:
            met = sympy.Eq(normal(fact.claim.lhs, self), fact.claim.rhs, evaluate=False)
            changed = rewritten(difference, met, self, fact.hypotheses)
            difference = changed if changed == difference else normal(changed, self)
        return normal_is_zero(difference, self)

    def _with(self, using: Sequence[Fact]) -> Self:
        self._check(using)
        scope = self.extended()
        for fact in using:
            if not isinstance(fact.claim, sympy.Eq):
                scope.accept(fact.claim, self)
        return scope

    def _check(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if self.supposed(fact):
                raise NotShown(f"{fact.claim} was shown under a hypothesis that does not hold here")

    def holds(self, fact: Fact) -> bool:
        """Whether the fact was shown with this theorem's declarations and hypotheses alone."""
        try:
            return not self.supposed(fact)
        except NotShown:
            return False

    def supposed(self, fact: Fact) -> list[Any]:
        """The hypotheses of a fact that are not hypotheses here."""
        if self.root.issued.get(id(fact)) is not fact:
            raise NotShown("a premise is no fact of this theorem")
        own = {d.symbol for proof in (self, self.root) for d in proof.declared}
        if not fact.declared <= own:
            raise NotShown(f"{fact.claim} was shown with symbols that are not declared here: {fact.declared - own}")
        return [h for h in fact.hypotheses if h not in self.hypotheses]

    def _visible_relation(self, relation: Any) -> None:
        if isinstance(relation, sympy.And):
            for part in relation.args:
                self._visible_relation(part)
            return
        if relation in (True, sympy.true) or relation.func(*relation.args) == sympy.true:
            return
        if isinstance(relation, sympy.Ne):
            rest = relation.lhs - relation.rhs
            if not any(nonnegative(side, self, strict=True) for side in (rest, -rest)):
                raise NotShown(f"{relation} is not visible")
            return
        smaller, larger, strict = ordered(relation)
        rest = larger - smaller
        if not any(nonnegative(form(rest), self, strict=strict) for form in (lambda e: e, sympy.expand, sympy.factor)):
            raise NotShown(f"{relation} is not visible")
