"""Theorems, misprints and remarks as values: declared by a decorator, listed without deriving, derived on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .ledger import STRENGTHS, Fact, Refuted, weakest
from .proof import Proof
from .scope import NotShown
from .substitution import same

REGISTRY: dict[str, Entry] = {}


@dataclass(frozen=True)
class Source:
    """Where a statement stands: deck, place, and the formula as printed there (our transcription), if it prints one."""

    deck: str
    place: str
    printed: str = ""


@dataclass(frozen=True)
class Derivation:
    """What a run of an entry showed. `claims` holds only what facts established; `why` says what was missing."""

    id: str
    verdict: str
    title: str
    steps: tuple[Fact, ...] = ()
    claims: dict[str, Any] = field(default_factory=dict)
    hypotheses: tuple[Any, ...] = ()
    why: str = ""
    seconds: float = 0.0
    proof: Proof | None = None

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that spoke on every step."""
        second = ("exact", "enclosure", "quadrature", "extrapolation")  # from strongest to weakest
        spoken = [next((e for e in second if e in step.engines), None) for step in self.steps]
        names = ["symbolic"] if spoken else []
        if spoken and None not in spoken:
            names.append(max((e for e in spoken if e), key=second.index))
        return tuple(names)

    @property
    def rigor(self) -> dict[str, str]:
        """By engine, z3 for polynomial claims and flint for irrational ones: "decided", "unknown" of some, "absent"."""
        asked = self.proof.asked if self.proof else {}
        said = [asked[claim] for claim in self.claims.values() if claim in asked]
        found = {}
        for engine in ("z3", "flint"):
            words = {word for asked_engine, word in said if asked_engine == engine}
            if words:
                found[engine] = "decided" if words == {"true"} else "absent" if "absent" in words else "unknown"
        return found


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue."""

    id: str
    kind: str  # "theorem", "misprint" or "remark"
    topic: str
    title: str
    covers: tuple[str, ...]
    sources: tuple[Source, ...]
    write: Callable[[Proof], Any] | None
    corrected: str = ""  # of a misprint: the theorem that is true
    why: str = ""  # of a remark: why it states no mathematics

    def derive(self) -> Derivation:
        """Run the proof; every exception it meets makes the verdict undecided, none is swallowed silently."""
        start = time.perf_counter()
        if self.write is None:
            return Derivation(self.id, "remark", self.title, why=self.why)
        proof = Proof(seed=sum(map(ord, self.id)))
        why = ""
        try:
            self.write(proof)
        except (NotShown, Refuted) as reason:
            why = str(reason)
        except Exception as error:  # a proof that crashes has shown nothing
            why = f"{type(error).__name__}: {error}"
        verdict, claims = (_refutation if self.kind == "misprint" else _verdict)(proof)
        if why:
            verdict = "undecided"
        elif verdict == "undecided":
            why = (
                "not established: " + ", ".join(n for n in proof.stated if n not in claims)
                if proof.stated
                else "no claim is stated"
            )
        return Derivation(
            self.id,
            verdict,
            self.title,
            tuple(proof.steps),
            claims,
            tuple(proof.domain()),
            why,
            time.perf_counter() - start,
            proof,
        )


def _verdict(proof: Proof) -> tuple[str, dict[str, Any]]:
    """Proved where a fact without extra hypotheses establishes each stated claim."""
    claims, strengths = {}, []
    for name, claim in proof.stated.items():
        facts = [f for f in proof.issued.values() if same(f.claim, claim) and proof.holds(f)]
        shown = [f.strength for f in facts if f.strength in STRENGTHS]
        if shown:
            claims[name] = claim
            strengths.append(min(shown, key=STRENGTHS.index))
    if not proof.stated or len(claims) < len(proof.stated):
        return "undecided", claims
    return weakest(strengths), claims


def _refutation(proof: Proof) -> tuple[str, dict[str, Any]]:
    return ("refuted" if proof.refutations else "undecided"), {}


def theorem(
    title: str, *, covers: Sequence[str] = (), sources: Sequence[Source] = ()
) -> Callable[[Callable[[Proof], Any]], Entry]:
    """Declare a theorem; the function's name is its id, its docstring the explanation, its body the proof."""

    def declare(write: Callable[[Proof], Any]) -> Entry:
        return _register(write, "theorem", title, covers, sources)

    return declare


def misprint(
    title: str, *, corrected: str, covers: Sequence[str] = (), sources: Sequence[Source] = ()
) -> Callable[[Callable[[Proof], Any]], Entry]:
    """Declare a printed formula that is false: the body refutes it at a point; `corrected` names what is true."""

    def declare(write: Callable[[Proof], Any]) -> Entry:
        return _register(write, "misprint", title, covers, sources, corrected)

    return declare


def remark(
    id: str, title: str, *, why: str, topic: str, covers: Sequence[str] = (), sources: Sequence[Source] = ()
) -> Entry:
    """Declare a register entry that states no mathematics, with one line why."""
    entry = Entry(id, "remark", topic, title, tuple(covers), tuple(sources), None, why=why)
    return _added(entry)


def _register(
    write: Any, kind: str, title: str, covers: Sequence[str], sources: Sequence[Source], corrected: str = ""
) -> Entry:
    id, topic = write.__name__.replace("_", "-"), _topic(write.__module__)
    return _added(Entry(id, kind, topic, title, tuple(covers), tuple(sources), write, corrected))


def _topic(module: str) -> str:
    """Return the component right after `derivations`: the topic's module, or the package that a part belongs to.

    >>> _topic("backproof.derivations.ensembles"), _topic("backproof.derivations.adaptive.adam"), _topic("__main__")
    ('ensembles', 'adaptive', 'main')
    """
    topic = module.rpartition("derivations.")[2].partition(".")[0]
    return "main" if topic == "__main__" else topic


def _added(entry: Entry) -> Entry:
    known = REGISTRY.get(entry.id)
    if known not in (None, entry) and "main" not in (entry.topic, known.topic):  # a module that is run declares twice
        raise ValueError(f"the id {entry.id!r} is declared twice")
    REGISTRY[entry.id] = entry
    return entry
