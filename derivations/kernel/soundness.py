"""Soundness at scale: every theorem's claims mutated, every mutant judged, and none of the refuted ones provable.

    python -m backproof.derivations.kernel.soundness [--sample N] [--seed S] [ID ...]

prints the score of each topic, then every mutant that survived, and exits with 1 if there is one. The same theorems,
mutants and instances every time; `--sample` takes N theorems that the seed chooses.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import multiprocessing
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import sympy

from .judgment import Judge, needed
from .mutation import Mutant
from .numbers import Undefined
from .proof import Proof
from .scope import NotShown
from .theorem import Entry, _verdict

VERDICTS = ("refuted", "equivalent", "implied", "open", "survived", "proved", "freed")
INSTANCES = 40  # at which a claim that lost a hypothesis is tried
ATTEMPTS = 3  # refuted mutants of a theorem that its own proof is asked to show, by the first engine alone


@dataclass
class Score:
    """How the mutants of one theorem were judged."""

    id: str
    topic: str
    judged: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def score(entry: Entry, attempts: int = ATTEMPTS) -> Score:
    """Judge the entry's mutants; a theorem that is not proved fails."""
    start = time.perf_counter()
    result = Score(entry.id, entry.topic)
    derivation = entry.derive()
    if derivation.verdict not in ("proved", "enumerated", "enclosed"):
        result.failures.append(f"{entry.id} is {derivation.verdict}: {derivation.why}")
        return result
    judge = Judge(derivation)
    refuted = []
    for mutant in judge.mutants():
        verdict = judge.judge(mutant)
        if verdict == "refuted":
            refuted.append(mutant)
        if verdict == "survived":
            result.failures.append(f"{entry.id}, {mutant.name} ({mutant.description}): {mutant.claim}")
        result.judged[verdict] += 1
    for mutant in refuted[:: max(1, len(refuted) // attempts)][:attempts] if attempts else []:
        if provable(entry, mutant):
            result.judged["proved"] += 1
            result.failures.append(
                f"{entry.id}, {mutant.name} ({mutant.description}) is false and PROVED: {mutant.claim}"
            )
    for name in _bounded(derivation.proof, attempts):
        result.judged["freed"] += 1
        for title in unneeded(entry, name):
            result.failures.append(f"{entry.id}, {title}: PROVED without the bounds of {name}, and false there")
    result.seconds = time.perf_counter() - start
    return result


def _bounded(proof: Any, count: int) -> list[str]:
    """So many real symbols with bounds, spread over the declarations."""
    names = [
        str(d.symbol) for d in proof.declared if not d.symbol.is_integer and (d.low is not None or d.high is not None)
    ]
    return names[:: max(1, len(names) // count)][:count] if count else []


class OneEngine(Proof):
    """A proof in which only the first engine speaks."""

    def _tried(self, *_: Any) -> tuple[str, ...]:
        return ("symbolic",)

    def shown(self, entry: Entry) -> dict[str, Any]:
        """The claims that the entry's steps establish here; whatever stops them, they have shown no more than that."""
        with contextlib.suppress(Exception):
            entry.write(self)  # type: ignore[misc] - a theorem has a proof
        return _verdict(self)[1]


class Changed(OneEngine):
    """A proof in which one stated claim is another."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__()
        self.mutant = mutant

    def state(self, name: str, claim: Any) -> Any:
        return super().state(name, self.root.mutant.claim if name == self.root.mutant.name else claim)


class Weakened(OneEngine):
    """A proof in which one real number, or the entries of one vector, lost their bounds."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.freed = name

    def _real(self, name: str, low: Any, high: Any, open: bool, nonzero: bool) -> Any:
        bounds = (None, None, False, False) if name == self.root.freed else (low, high, open, nonzero)
        return super()._real(name, *bounds)

    def vector(self, name: str, *sizes: Any, **bounds: Any) -> Any:
        return super().vector(name, *sizes, **({} if name == self.root.freed else bounds))


def provable(entry: Entry, mutant: Mutant) -> bool:
    """Whether the theorem's own proof shows the mutant in place of its claim, if the second engine keeps silent."""
    return mutant.name in Changed(mutant).shown(entry)


def unneeded(entry: Entry, name: str) -> list[str]:
    """Claims that the first engine shows without the bounds of this symbol, although an instance refutes them then."""
    proof = Weakened(name)
    false = []
    for title, claim in proof.shown(entry).items():
        scope, rng = needed(proof, claim), random.Random(f"{name} {claim}")
        for _ in range(INSTANCES):
            with contextlib.suppress(NotShown, Undefined):
                if scope.point(rng).decide(claim) is False:
                    false.append(title)
                    break
    return false


def sample(entries: list[Entry], count: int, seed: int) -> list[Entry]:
    """So many of the entries, chosen by the seed."""
    return random.Random(seed).sample(entries, min(count, len(entries)))


def run(entries: list[Entry], processes: int = 2) -> list[Score]:
    """The scores of the entries, in a pool of processes, in the order in which they are done."""
    if processes == 1:
        return [_scored(entry.id) for entry in entries]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return list(pool.imap_unordered(_scored, [entry.id for entry in entries]))


def _scored(id: str) -> Score:
    from backproof.derivations import find

    return score(find(id))


def table(scores: list[Score]) -> str:
    """The scores of the topics as lines of text."""
    topics: dict[str, collections.Counter[str]] = {}
    for each in scores:
        topics.setdefault(each.topic, collections.Counter()).update({**each.judged, "theorems": 1})
    total: collections.Counter[str] = sum(topics.values(), collections.Counter())
    columns = ("theorems", *VERDICTS)
    rows = [("topic", *columns)]
    rows += [(topic, *(str(c[name]) for name in columns)) for topic, c in [*sorted(topics.items()), ("all", total)]]
    return "\n".join("  ".join(cell.rjust(10) if i else cell.ljust(24) for i, cell in enumerate(row)) for row in rows)


def main(arguments: list[str] | None = None) -> int:
    from backproof.derivations import catalogue, find

    parser = argparse.ArgumentParser(prog="soundness", description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="theorems; all by default")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only so many theorems, chosen by the seed")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    chosen = parser.parse_args(arguments)
    entries = [find(id) for id in chosen.ids] or [e for e in catalogue() if e.kind == "theorem"]
    if chosen.sample:
        entries = sample(entries, chosen.sample, chosen.seed)
    scores = run(entries)
    print(table(scores))
    failures = [line for each in scores for line in each.failures]
    for line in failures:
        print(f"  {line}")
    slowest = max(scores, key=lambda each: each.seconds)
    print(f"{len(failures)} failures; slowest {slowest.id}, {slowest.seconds:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sympy.init_printing(pretty_print=False)
    sys.exit(main())
