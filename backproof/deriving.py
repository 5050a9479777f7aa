"""Derives many theorems at once, in processes of their own, and says of each what a table or a JSON needs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed, wait
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import Any

from backproof.terminal import progress

Row = dict[str, Any]

# In a worker: where it says what it has found.
_channel: Any = None

# Not forked from here: the progress bar runs a thread, and a fork would copy its locks. On Linux a process without
# threads forks them, with what it has imported.
METHOD = "forkserver" if sys.platform == "linux" else "spawn"

# The verdicts that each kind of entry must come out with.
EXPECTED = {"theorem": ("proved", "enumerated", "enclosed"), "misprint": ("refuted",), "remark": ("remark",)}


def holds(row: Row) -> bool:
    """Return whether the entry came out as its kind must: a theorem proved, a misprint refuted."""
    return row["verdict"] in EXPECTED[row["kind"]]


class Workers:
    """A pool of processes; what its functions `say` while they run is heard here."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context(METHOD)
        self._channel = context.SimpleQueue()
        self.pool = ProcessPoolExecutor(count, context, _prepare, (self._channel,))
        self.submit = self.pool.submit

    def heard(self, pending: Iterable[Future[Any]]) -> Iterator[tuple[str, Row]]:
        """Yield what is said until all of `pending` is done and everything was heard."""
        left = set(pending)
        while left:
            left = wait(left, timeout=0.1).not_done
            # A function has said everything when it is done: what is put into the channel is in it.
            while not self._channel.empty():
                yield self._channel.get()


def say(kind: str, row: Row) -> None:
    """Send a row from a worker to whoever started it."""
    _channel.put((kind, row))


def start_importing(modules: Sequence[str]) -> None:
    """Import the modules once for all workers to come, in the process that forks them; return at once."""
    share_cores()
    if METHOD == "forkserver":
        forkserver.set_forkserver_preload(list(modules))
        forkserver.ensure_running()


def share_cores() -> None:
    """Give each process to come one core: NumPy and torch read it when they are imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@contextmanager
def workers(count: int = 2) -> Iterator[Workers]:
    """Yield a pool of processes that leaves none behind when it is interrupted."""
    share_cores()
    others = multiprocessing.active_children()
    started = Workers(count)
    try:
        yield started
    finally:
        # Done or interrupted, there is nothing to wait for: to tear down what SymPy has cached takes a worker seconds.
        started.pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child not in others:
                child.terminate()


def _prepare(channel: Any) -> None:
    """Leave Ctrl-C to the parent, and remember where to say things."""
    global _channel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _channel = channel


def derive_all(ids: Sequence[str], pool: Workers) -> list[Row]:
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
    from backproof.derivations.kernel.oracle import derived

    entry = find(name)
    derivation = derived(entry)
    row = {
        "id": entry.id,
        "kind": entry.kind,
        "topic": entry.topic,
        "title": entry.title,
        "verdict": derivation.verdict,
        "why": derivation.why,
        "engines": list(derivation.engines),
        "rigor": derivation.rigor,
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
