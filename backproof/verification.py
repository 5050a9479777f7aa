"""The main job: derive everything, hold both trainers to it and a real training run; the answer is plain data."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from backproof.deriving import holds, say, workers
from backproof.properties import Law, laws
from backproof.real_run import ACCURACY, THEOREMS
from backproof.running import Share, run_real, run_share
from backproof.terminal import progress

Row = dict[str, Any]
PACKAGES = ("backproof", "numpy", "sympy", "mpmath", "torch", "hypothesis", "scipy", "scikit-learn")


def verification(entries: Sequence[Any], backends: Sequence[str], seed: int) -> Row:
    """Return the report on `entries`: a row each, the checks on the real runs, and in `problems` what went wrong."""
    start = time.perf_counter()
    ids = {entry.id for entry in entries}
    chosen = [law for law in laws() if law.theorem in ids]
    found = verified(entries, chosen, backends, seed)
    rows = [{**row, **_held(row, chosen, found.laws, backends)} for row in found.rows]
    runs, problems = found.runs, found.stopped
    checks = [check for run in runs for check in run["checks"] if check["theorem"] in ids]
    problems += [f"{name} was not derived" for name in sorted(ids - {row["id"] for row in rows})]
    problems += [f"{row['id']} is {row['verdict']}: {row['why']}" for row in rows if not holds(row)]
    problems += [
        f"{law} does not hold on {backend}: {smallest(why)}"
        for row in rows
        for backend in backends
        for law, why in row[backend]["failed"]
    ]
    problems += [
        f"{check['what']} on {check['backend']}: {check['measured']:.6g} instead of {check['expected']:.6g}"
        for check in checks
        if not check["holds"]
    ]
    problems += [
        f"held-out accuracy on {run['backend']} is {run['accuracy']:.1%}, below {ACCURACY:.0%}"
        for run in runs
        if run["accuracy"] < ACCURACY
    ]
    return {
        "verdict": "fails" if problems else "holds",
        "theorems": rows,
        "real_run": {"checks": checks, "accuracy": {run["backend"]: run["accuracy"] for run in runs}},
        "problems": problems,
        "backends": list(backends),
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 2),
        "versions": versions(),
    }


@dataclass
class Found:
    """What the processes said: a row an entry, a law on a backend and a training run, and what stopped any of them."""

    rows: list[Row] = field(default_factory=list)
    laws: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)


def verified(entries: Sequence[Any], chosen: Sequence[Law], backends: Sequence[str], seed: int) -> Found:
    """Return what comes of the entries, their laws and the real runs, in two processes; shows progress on the way."""
    training = backends if {entry.id for entry in entries} & set(THEOREMS) else []
    found = Found()
    with workers() as pool, progress("verify", len(entries) + len(chosen) * len(backends) + len(training)) as advance:
        jobs = {pool.submit(run_share, share, backends, seed, say): share.topic for share in shares(entries, chosen)}
        # Short, so that they come last: no process waits for the other for long.
        jobs |= {pool.submit(run_real, backend, seed, say): f"the run on {backend}" for backend in training}
        for kind, row in pool.heard(jobs):
            if kind == "entry":
                found.rows.append(row)
                advance(f"{row['id']} {row['verdict']} {row['seconds']:.1f} s")
            elif kind == "law":
                found.laws.append(row)
                advance(f"{row['id']} {row['backend']} {row['outcome']}")
            elif kind == "run":
                found.runs.append(row)
                advance(f"{row['backend']} accuracy {row['accuracy']:.1%} in {row['seconds']:.1f} s")
            else:
                found.stopped.append(f"the laws on {row['topic']} broke off:\n{row['log']}")
        errors = {what: error for job, what in jobs.items() if (error := job.exception())}
    found.stopped += [f"{what} stopped: {type(error).__name__}: {error}" for what, error in errors.items()]
    order = {entry.id: place for place, entry in enumerate(entries)}
    found.rows.sort(key=lambda row: order[row["id"]])
    found.runs.sort(key=lambda row: backends.index(row["backend"]))
    return found


def shares(entries: Sequence[Any], chosen: Sequence[Law]) -> list[Share]:
    """Return a share for each topic, the longest first."""
    of: dict[str, Share] = {}
    for topic in sorted({entry.topic for entry in entries} | {law.topic for law in chosen}):
        here = tuple(entry.id for entry in entries if entry.topic == topic)
        of[topic] = Share(topic, here, tuple(sorted({law.theorem for law in chosen if law.topic == topic})))
    # A law takes about as long as five derivations, on both trainers.
    return sorted(of.values(), key=lambda share: -len(share.entries) - 5 * len(share.theorems))


def _held(row: Row, chosen: Sequence[Law], results: Sequence[Row], backends: Sequence[str]) -> Row:
    """Return how each backend met the laws of one theorem; a law without a result did not hold."""
    ids = [law.id for law in chosen if law.theorem == row["id"]]
    found: Row = {"laws": ids}
    for backend in backends:
        outcomes: dict[str, list[Row]] = {name: [] for name in ids}
        for result in results:
            if result["backend"] in (backend, None) and result["id"] in outcomes:
                outcomes[result["id"]].append(result)
        failed = []
        for name, ran in outcomes.items():
            worst = next((result for result in ran if result["outcome"] != "passed"), None)
            if not ran or worst:
                failed.append((name, worst["detail"] if worst else "it did not run"))
        seconds = sum(result["seconds"] for ran in outcomes.values() for result in ran)
        found[backend] = {"held": len(ids) - len(failed), "failed": failed, "seconds": round(seconds, 2)}
    found["seconds"] = round(row["seconds"] + sum(found[backend]["seconds"] for backend in backends), 2)
    return found


def smallest(detail: str) -> str:
    """Return what a reader needs of pytest's report on a law: the assertion, and Hypothesis' smallest failing case."""
    said = [line[1:].strip() for line in detail.splitlines() if line.startswith("E ")]
    wanted = [line for line in said if line and not line.startswith("+")]
    if "Explanation:" in wanted:
        wanted = wanted[: wanted.index("Explanation:")]
    return "\n    ".join(wanted) or detail


def versions() -> dict[str, str]:
    """Return the versions that an answer depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
