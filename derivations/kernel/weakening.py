"""A theorem's own proof, asked to show something else: a changed claim, or its claims without one of the hypotheses."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from .mutation import Mutant
from .numbers import Undefined
from .proof import Proof
from .scope import NotShown
from .search import SLOW, needed
from .substitution import same
from .theorem import Entry, _verdict

INSTANCES, SLOW_INSTANCES = 20, 8  # at which a claim that lost a hypothesis is tried


class Twin(Proof):
    """A proof in which something was changed, and the second engine may be kept silent."""

    both = False

    def _tried(self, *given: Any) -> tuple[str, ...]:
        return super()._tried(*given) if self.root.both else ("symbolic",)

    def shown(self, entry: Entry) -> dict[str, Any]:
        """The claims that the entry's steps establish here; whatever stops them, they have shown no more than that."""
        with contextlib.suppress(Exception):
            entry.write(self)  # type: ignore[misc] - a theorem has a proof
        return _verdict(self)[1]


class Changed(Twin):
    """A proof in which one stated claim is another."""

    def __init__(self, mutant: Mutant, both: bool) -> None:
        super().__init__()
        self.mutant, self.both = mutant, both

    def state(self, name: str, claim: Any) -> Any:
        return super().state(name, self.root.mutant.claim if name == self.root.mutant.name else claim)


class Weakened(Twin):
    """A proof without one hypothesis: the bounds of a real number or of a vector's entries, or what was assumed.

    An integer ranges one further in both directions, as without any bound it would be no size and no index.
    """

    def __init__(self, freed: Any) -> None:
        super().__init__()
        self.freed = freed

    def _real(self, name: str, low: Any, high: Any, open: bool, nonzero: bool) -> Any:
        bounds = (None, None, False, False) if name == self.root.freed else (low, high, open, nonzero)
        return super()._real(name, *bounds)

    def vector(self, name: str, *sizes: Any, **bounds: Any) -> Any:
        return super().vector(name, *sizes, **({} if name == self.root.freed else bounds))

    def integer(self, name: str, low: Any = None, high: Any = None) -> Any:
        if name == self.root.freed:
            low, high = (None if low is None else low - 1), (None if high is None else high + 1)
        return super().integer(name, low, high)

    def assume(self, relation: Any) -> Any:
        dropped = self.root is self and not isinstance(self.freed, str) and same(relation, self.freed)
        return relation if dropped else super().assume(relation)


def provable(entry: Entry, mutant: Mutant, both: bool) -> bool:
    """Whether the theorem's own proof shows the mutant in place of its claim, to the first engine alone or to both."""
    return mutant.name in Changed(mutant, both).shown(entry)


def hypotheses(proof: Any) -> list[Any]:
    """What can be dropped: the names of the symbols with bounds, and the relations that were assumed."""
    bounded = [str(d.symbol) for d in proof.declared if d.low is not None or d.high is not None or d.nonzero]
    return [*bounded, *proof.hypotheses]


def without(entry: Entry, freed: Any, claims: Any) -> tuple[str, list[str]]:
    """What becomes of a theorem without this hypothesis, and the claims that engine 1 shows although they are false.

    "needed": the proof does not show all claims any more, or one of them has no value somewhere. "unneeded": it does.
    """
    proof = Weakened(freed)
    shown = proof.shown(entry)
    verdict, false = ("needed" if len(shown) < len(claims) else "unneeded"), []
    for title, claim in shown.items():
        scope = needed(proof, claim)
        if isinstance(freed, str) and all(str(d.symbol) != freed for d in scope.declared):
            continue  # it does not say anything of what lost its bounds
        word = _wrong(claim, scope)
        verdict = "needed" if word else verdict
        if word == "false":
            false.append(title)
    return verdict, false


def _wrong(claim: Any, scope: Any) -> str:
    """ "false" or "undefined" at some instance of the hypotheses that are left, or ""."""
    rng, found = random.Random(str(claim)), ""
    for _ in range(SLOW_INSTANCES if claim.has(*SLOW) else INSTANCES):
        try:
            if scope.point(rng).decide(claim) is False:
                return "false"
        except NotShown:
            break
        except Undefined as reason:
            found = found if "engine 2" in str(reason) else "undefined"
    return found
