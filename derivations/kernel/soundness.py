"""Soundness at scale: every theorem's claims mutated, every mutant judged, and none of the refuted ones provable.

    python -m backproof.derivations.kernel.soundness [--sample N] [--seed S] [ID ...]

prints the score of each topic, then what failed, and exits with 1 if anything did. The same theorems, mutants and
instances every time; `--sample` takes N theorems that the seed chooses.

A mutant is `refuted` by an instance at which it is false, or `undefined` at one; or recognised by proof, as
`equivalent` to a claim or `implied` by one; or it `survived`, which fails, as does one that the theorem's own proof
shows (`proved`). A hypothesis is `needed` if the proof fails without it, `unneeded` if it still shows all claims,
wherever they have a value.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import random
import sys
import time
from dataclasses import dataclass, field

import sympy
from rich.console import Console
from rich.progress import track

from .judgment import Judge
from .mutation import Mutant
from .theorem import Entry
from .weakening import hypotheses, provable, without

VERDICTS = ("refuted", "undefined", "equivalent", "implied", "survived", "proved", "needed", "unneeded")
TOLD = ("refuted", "undefined", "equivalent", "implied")
LEAST = 10  # mutants of a theorem that must be refuted or recognised
ATTEMPTS = 6  # of the wrong mutants of a theorem, spread over all, that its own proof is asked to show


@dataclass
class Score:
    """How the mutants of one theorem were judged."""

    id: str
    topic: str
    judged: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)
    unneeded: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def told(self) -> int:
        """How many mutants were refuted or recognised."""
        return sum(self.judged[verdict] for verdict in TOLD)


def score(entry: Entry, attempts: int = ATTEMPTS) -> Score:
    """Judge the entry's mutants, and its proof without each hypothesis; a theorem that is not proved fails."""
    start = time.process_time()
    result = Score(entry.id, entry.topic)
    derivation = entry.derive()
    if derivation.verdict not in ("proved", "enumerated", "enclosed"):
        result.failures.append(f"{entry.id} is {derivation.verdict}: {derivation.why}")
        return result
    wrong = []
    for mutant, verdict in Judge(derivation).judged():
        if verdict == "survived":
            result.failures.append(f"{_named(entry, mutant)} survived: {mutant.claim}")
        if verdict in ("refuted", "undefined"):
            wrong.append((mutant, verdict))
        result.judged[verdict] += 1
    if result.told < LEAST:
        result.failures.append(f"{entry.id} has only {result.told} mutants that are refuted or recognised")
    for mutant, verdict in _spread(wrong, attempts):
        # The first engine does not ask whether a claim has a value, so that is asked of both.
        if provable(entry, mutant, both=verdict == "undefined"):
            result.judged["proved"] += 1
            result.failures.append(f"{_named(entry, mutant)} is {verdict} and PROVED: {mutant.claim}")
    for freed in hypotheses(derivation.proof):
        verdict, false = without(entry, freed, derivation.claims)
        result.judged[verdict] += 1
        result.unneeded += [str(freed)] * (verdict == "unneeded")
        result.failures += [f"{entry.id}, {title}: PROVED without {freed}, and false there" for title in false]
    result.seconds = time.process_time() - start
    return result


def _named(entry: Entry, mutant: Mutant) -> str:
    return f"{entry.id}, {mutant.name} ({mutant.description})"


def _spread(found: list[tuple[Mutant, str]], count: int) -> list[tuple[Mutant, str]]:
    return found[:: max(1, -(-len(found) // count))]


def sample(entries: list[Entry], count: int, seed: int) -> list[Entry]:
    """So many of the entries, chosen by the seed."""
    return random.Random(seed).sample(entries, min(count, len(entries)))


def run(entries: list[Entry], processes: int = 2) -> list[Score]:
    """The scores of the entries, in a pool of processes, in the order in which they are done."""
    if processes == 1:
        return [_scored(entry.id) for entry in entries]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        scored = pool.imap_unordered(_scored, [entry.id for entry in entries])
        console = Console(stderr=True)
        return list(track(scored, "theorems", total=len(entries), console=console, transient=True))


def _scored(id: str) -> Score:
    from backproof.derivations import find

    return score(find(id))


def table(scores: list[Score]) -> str:
    """The scores of the topics as lines of text, and the theorem with the fewest mutants."""
    topics: dict[str, collections.Counter[str]] = {}
    for each in scores:
        topics.setdefault(each.topic, collections.Counter()).update({**each.judged, "theorems": 1})
    total: collections.Counter[str] = sum(topics.values(), collections.Counter())
    columns = ("theorems", *VERDICTS)
    rows = [("topic", *columns)]
    rows += [(topic, *(str(c[name]) for name in columns)) for topic, c in [*sorted(topics.items()), ("all", total)]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    fewest = min(scores, key=lambda each: each.told)
    return "\n".join([*lines, f"fewest mutants refuted or recognised: {fewest.told}, of {fewest.id}"])


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
    for each in sorted(scores, key=lambda each: each.id):
        if each.unneeded:
            print(f"  {each.id} is proved without: {'; '.join(each.unneeded)}")
    failures = [line for each in scores for line in each.failures]
    for line in failures:
        print(f"  {line}")
    slowest = max(scores, key=lambda each: each.seconds)
    print(f"{len(failures)} failures; slowest {slowest.id}, {slowest.seconds:.1f} s of processor time")
    return 1 if failures else 0


if __name__ == "__main__":
    sympy.init_printing(pretty_print=False)
    sys.exit(main())
