"""Derives many theorems at once, in processes of their own, and says of each what a table or a JSON needs."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from backproof.terminal import progress

Row = dict[str, Any]
Answer = TypeVar("Answer")

# The verdicts that each kind of entry must come out with.
EXPECTED = {"theorem": ("proved", "enumerated", "enclosed"), "misprint": ("refuted",), "remark": ("remark",)}


def holds(row: Row) -> bool:
    """Return whether the entry came out as its kind must: a theorem proved, a misprint refuted."""
    return row["verdict"] in EXPECTED[row["kind"]]


@contextmanager
def workers(count: int = 2) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes that leaves none behind when it is interrupted."""
    # Spawned, not forked: the progress bar runs a thread, and a fork copies its locks.
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    pool.shutdown()


def derive_all(ids: Sequence[str], pool: ProcessPoolExecutor) -> list[Row]:
    """Return a row for each id, in the order given; shows progress while it derives."""
    pending: dict[Future[Row], str] = {pool.submit(derived_row, name): name for name in ids}
    rows: dict[str, Row] = {}
    with progress("derive", len(ids)) as advance:
        for future in as_completed(pending):
            row = future.result()
            rows[row["id"]] = row
            advance(f"{row['id']} {row['verdict']} {row['seconds']:.1f} s")
    return [rows[name] for name in ids]
