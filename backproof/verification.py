"""The main job: derive everything, hold both trainers to it and a real training run; the answer is plain data."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from backproof.deriving import derive_all, holds, workers
from backproof.properties import Law, laws
from backproof.real_run import ACCURACY, THEOREMS, real_run
from backproof.running import LawsRun, run_laws
from backproof.terminal import progress

Row = dict[str, Any]
PACKAGES = ("backproof", "numpy", "sympy", "mpmath", "torch", "hypothesis", "scipy", "scikit-learn")


def verification(entries: Sequence[Any], backends: Sequence[str], seed: int | None) -> Row:
    """Return the report on `entries`: a row each, the checks on the real runs, and in `problems` what went wrong."""
    start = time.perf_counter()
    ids = {entry.id for entry in entries}
    chosen = [law for law in laws() if law.theorem in ids]
    with workers() as pool:
        rows = derive_all([entry.id for entry in entries], pool)
        ran = run_laws(chosen, backends, seed) if chosen else LawsRun([], {})
        runs, problems = real_runs(backends if ids & set(THEOREMS) else [], seed or 0, pool)
    rows = [{**row, **_held(row, chosen, ran, backends)} for row in rows]
    checks = [check for run in runs for check in run["checks"] if check["theorem"] in ids]
    problems += [f"{row['id']} is {row['verdict']}: {row['why']}" for row in rows if not holds(row)]
    problems += [f"the laws on {backend} broke off:\n{log}" for backend, log in ran.broken.items()]
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


def real_runs(backends: Sequence[str], seed: int, pool: ProcessPoolExecutor) -> tuple[list[Row], list[str]]:
    """Return what came of training on each backend, and what stopped a run."""
    pending = {pool.submit(real_run, backend, seed): backend for backend in backends}
    runs, problems = {}, []
    with progress("train", len(pending)) as advance:
        for future in as_completed(pending):
            backend, error = pending[future], future.exception()
            if error is None:
                runs[backend] = future.result()
                advance(f"{backend} accuracy {runs[backend]['accuracy']:.1%} in {runs[backend]['seconds']:.1f} s")
            else:
                problems.append(f"the real run on {backend} stopped: {type(error).__name__}: {error}")
                advance(f"{backend} stopped")
    return [runs[backend] for backend in backends if backend in runs], problems


def _held(row: Row, chosen: Sequence[Law], ran: LawsRun, backends: Sequence[str]) -> Row:
    """Return how each backend met the laws of one theorem; a law without a result did not hold."""
    ids = [law.id for law in chosen if law.theorem == row["id"]]
    found: Row = {"laws": ids}
    for backend in backends:
        outcomes: dict[str, list[Row]] = {name: [] for name in ids}
        for result in ran.results:
            if result["backend"] in (backend, None) and result["id"] in outcomes:
                outcomes[result["id"]].append(result)
        failed = []
        for name, results in outcomes.items():
            worst = next((result for result in results if result["outcome"] != "passed"), None)
            if not results or worst:
                failed.append((name, worst["detail"] if worst else "it did not run"))
        seconds = sum(result["seconds"] for results in outcomes.values() for result in results)
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
