"""Whether a mutant is wrong: an instance refutes it, a random one or an aimed one; or a proof shows that it is none."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sympy
from sympy.core.relational import Relational

from .attainment import attained, coincident, lowest, stationary
from .margins import FAR, goal, less, margin, met, wrong_at
from .mutation import WANTED, Mutant, mutants
from .recognition import equivalent, implied, instance_of_claim
from .rigor import decide
from .scope import NotShown
from .search import SLOW, admitted, downhill, entries, needed, variants
from .sizes import proposed

POINTS, STEPS = 40, 240  # random instances that all mutants of a claim share; instances of the search downhill
SLOW_POINTS, SLOW_STEPS = 10, 12  # where each value is itself a long computation
LONG = 100  # operations in a claim that takes as long
PREMISES = 200  # random instances among which some are sought that meet a changed premise, or at which it asks less
SIZES = 3  # choices of the integers, the smallest of the instances', at which z3 is asked
COINCIDENT = 12  # instances, the smallest, in which two numbers are made alike
STARTS = 6  # instances from which the search goes downhill, each with other integers


class Judge:
    """Judges the mutants of one derivation; instances and what they say of the claims are kept for all of them."""

    def __init__(self, derivation: Any, seed: int = 0) -> None:
        self.derivation, self.proof, self.seed = derivation, derivation.proof, seed
        self._instances: dict[Any, list[tuple[Any, float | None]]] = {}

    def judged(self, wanted: int = WANTED) -> Iterator[tuple[Mutant, str]]:
        """The mutants, so many of them, with their verdicts."""
        yield from ((mutant, self.judge(mutant)) for mutant in mutants(self.derivation, wanted))

    def judge(self, mutant: Mutant) -> str:
        """ "refuted" or "undefined" by an instance; "equivalent" or "implied" by proof; or "survived"."""
        return (
            self._wrong(mutant, self._known(mutant))
            or ("equivalent" if equivalent(mutant, self.proof) else "")
            or self._decided(mutant)
            or self._wrong(mutant, self._proposed(mutant))
            or ("implied" if self._implied(mutant) else "")
            or self._wrong(mutant, self._nearer(mutant))
            or ("refuted" if self._touched(mutant) else "")
            or "survived"
        )

    def _wrong(self, mutant: Mutant, points: Iterable[Any]) -> str:
        """What the first of the instances says at which the mutant is false, or else one at which it has no value."""
        found = ""
        for point in points:
            found = wrong_at(point, mutant.claim, mutant.original) or found
            if found == "refuted":
                break
        return found

    def _known(self, mutant: Mutant) -> list[Any]:
        return [point for point, _ in self._of(mutant.original)]

    def _decided(self, mutant: Mutant) -> str:
        decision = decide(mutant.claim, self.proof)
        return "implied" if decision.word == "true" else self._wrong(mutant, [decision.point] if decision.point else [])

    def _implied(self, mutant: Mutant) -> bool:
        return implied(mutant, self.derivation.claims.values(), self.proof) or (
            not _attained(mutant) and instance_of_claim(mutant, self.proof, self._known(mutant))
        )

    def _proposed(self, mutant: Mutant) -> Iterator[Any]:
        """What z3 proposes against a changed bound at the smallest sizes; an equation is false at a random instance."""
        if not _bounds(mutant):
            return
        by_sizes: dict[Any, Any] = {}
        for point in sorted(self._known(mutant), key=entries):
            by_sizes.setdefault(_integers(point), point)
        yield from self._asked(mutant.claim, by_sizes.values())

    def _asked(self, claim: Any, points: Iterable[Any]) -> Iterator[Any]:
        """What z3 proposes at the sizes of the first of the points."""
        scope = needed(self.proof, claim)
        yield from (p for p in proposed(claim, scope, list(points)[:SIZES]) if admitted(p, scope))

    def _nearer(self, mutant: Mutant) -> Iterator[Any]:
        """Instances that meet a changed premise, and those at which a changed bound is tighter and tighter."""
        if _bounds(mutant):
            yield from self._meeting(mutant.claim)
            yield from self._loosened(mutant)
            yield from self._aimed(mutant.claim, lambda p: goal(p, mutant.claim))

    def _meeting(self, claim: Any) -> list[Any]:
        """Some of the random instances that meet the premise of an implication."""
        return self._drawn(claim, lambda p: met(p, claim)) if isinstance(claim, sympy.Implies) else []

    def _loosened(self, mutant: Mutant) -> Iterator[Any]:
        """What z3 proposes at instances at which a changed premise asks for less: elsewhere it refutes nothing."""
        if not isinstance(mutant.claim, sympy.Implies) or not isinstance(mutant.original, sympy.Implies):
            return
        now, before = mutant.claim.args[0], mutant.original.args[0]
        found = self._drawn(mutant.claim, lambda p: (less(margin(p, now), margin(p, before)) or 0) > 0)
        yield from self._asked(mutant.claim, sorted(found, key=entries))

    def _drawn(self, claim: Any, wanted: Callable[[Any], bool]) -> list[Any]:
        scope, rng, found = needed(self.proof, claim), random.Random(f"{self.seed} {claim}"), []
        for _ in range(PREMISES):
            with contextlib.suppress(NotShown):
                point = scope.point(rng)
                found += [point] if wanted(point) else []
            if len(found) == SLOW_POINTS:
                break
        return found

    def _touched(self, mutant: Mutant) -> bool:
        """Whether an exact instance attains the bound that was made strict or tighter."""
        if not _attained(mutant):
            return False
        claim, scope = mutant.claim, needed(self.proof, mutant.claim)
        known = sorted(self._known(mutant), key=entries)
        low = (lowest(point, scope) for point in known[:COINCIDENT])
        alike = (p for point in itertools.chain(known[:COINCIDENT], low) for p in (point, *coincident(point, scope)))
        aimed = self._aimed(claim, lambda p: goal(p, claim))
        return any(attained(claim, scope, p) for p in itertools.chain(known, alike, aimed)) or any(
            attained(claim, scope, p, root) for point in known[:SIZES] for p, root in stationary(claim, scope, point)
        )

    def _of(self, claim: Any) -> list[tuple[Any, float | None]]:
        """(instance, by how much the claim holds there); None where it has no value."""
        if claim not in self._instances:
            scope, rng = needed(self.proof, claim), random.Random(f"{self.seed} {claim}")
            self._instances[claim] = found = []
            points: list[Any] = []
            for _ in range(POINTS):
                try:
                    points += variants(scope.point(rng), scope, len(points))
                except NotShown:
                    break
            if claim.has(*SLOW):
                smaller = sorted(points, key=entries)[: 2 * len(points) // 3]
                points = smaller[:: max(1, len(smaller) // SLOW_POINTS)]
            found += [(point, margin(point, claim)) for point in points]
            if isinstance(claim, sympy.Implies) and all(held == FAR for _, held in found if held is not None):
                found += [(p, margin(p, claim)) for p in self._aimed(claim, lambda p: goal(p, claim)) if met(p, claim)]
        return self._instances[claim]

    def _aimed(self, claim: Any, objective: Callable[[Any], float | None]) -> Iterator[Any]:
        """Instances at which the objective is smaller and smaller, from the best one of each choice of integers."""
        scope = needed(self.proof, claim)
        steps = SLOW_STEPS if claim.has(*SLOW) or claim.count_ops() > LONG else STEPS
        best: dict[Any, tuple[float, int]] = {}
        for i, (point, _) in enumerate(self._of(claim)):
            value, sizes = objective(point), _integers(point)
            if value is not None and (sizes not in best or value < best[sizes][0]):
                best[sizes] = value, i
        for value, i in sorted(best.values())[:STARTS]:
            yield from downhill(self._of(claim)[i][0], value, objective, scope, steps // 3)


def _integers(point: Any) -> tuple[Any, ...]:
    return tuple(value for symbol, value in point.values.items() if symbol.is_integer)


def _attained(mutant: Mutant) -> bool:
    return mutant.description.startswith("attained")


def _bounds(mutant: Mutant) -> bool:
    """Whether what was changed is an inequality, which may be changed to a weaker one."""
    changed = set(_relations(mutant.claim)) - set(_relations(mutant.original))
    return bool(changed) and not any(isinstance(r, sympy.Eq) for r in changed)


def _relations(claim: Any) -> list[Any]:
    return [r for r in sympy.preorder_traversal(claim) if isinstance(r, Relational)]
