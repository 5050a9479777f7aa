"""Derives many theorems at once, in processes of their own, and says of each what a table or a JSON needs."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from backproof.terminal import progress

Row = dict[str, Any]

# The verdicts that each kind of entry must come out with.
EXPECTED = {"theorem": ("proved", "enumerated", "enclosed"), "misprint": ("refuted",), "remark": ("remark",)}


def holds(row: Row) -> bool:
    """Return whether the entry came out as its kind must: a theorem proved, a misprint refuted."""
    return row["verdict"] in EXPECTED[row["kind"]]


@contextmanager
def workers(count: int = 2) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes that leaves none behind when it is interrupted."""
    # Spawned, not forked: the progress bar runs a thread, and a fork would copy its locks.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, spawn, _prepare)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    pool.shutdown()


def _prepare() -> None:
    """Leave Ctrl-C to the parent, and one thread to each process: two of them share two cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def derive_all(ids: Sequence[str], pool: ProcessPoolExecutor) -> list[Row]:
    """Return a row for each id, in the order given; shows progress while it derives."""
    pending = [pool.submit(derived_row, name) for name in ids]
    rows: dict[str, Row] = {}
    with progress("derive", len(ids)) as advance:
        for future in as_completed(pending):
            row = future.result()
            rows[row["id"]] = row
            advance(f"{row['id']} {row['verdict']} {row['seconds']:.1f} s")
    return [rows[name] for name in ids]


def derived_row(name: str) -> Row:
    """Return what came of one entry, as plain data."""
    from backproof.derivations import find

    entry = find(name)
    derivation = entry.derive()
    row = {
        "id": entry.id,
        "kind": entry.kind,
        "topic": entry.topic,
        "title": entry.title,
        "verdict": derivation.verdict,
        "why": derivation.why,
        "engines": list(derivation.engines),
        "covers": list(entry.covers),
        "sources": [{"deck": s.deck, "place": s.place, "printed": s.printed} for s in entry.sources],
        "seconds": round(derivation.seconds, 3),
    }
    return row | refutation(entry, derivation) if entry.kind == "misprint" else row


def refutation(entry: Any, derivation: Any) -> Row:
    """Return what a misprint adds: the formula as printed, the theorem that is true, and where the former fails."""
    from backproof.derivations import catalogue

    titles = {other.id: other.title for other in catalogue()}
    refuted = derivation.proof.refutations if derivation.proof else []
    return {
        "printed": "; ".join(source.printed for source in entry.sources if source.printed),
        "corrected": {"id": entry.corrected, "title": titles.get(entry.corrected, "")},
        "counterexample": [{str(name): str(value) for name, value in fact.point.items()} for fact in refuted],
    }
