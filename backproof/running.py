"""Runs the laws: pytest in a process of its own for each backend, read as it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import backproof.properties
from backproof.properties import Law
from backproof.terminal import progress

Row = dict[str, Any]


@dataclass(frozen=True)
class LawsRun:
    """What became of each law, as the plugin wrote it, and the end of the log of each backend whose run broke off."""

    results: list[Row]
    broken: dict[str, str]


def run_laws(laws: Sequence[Law], backends: Sequence[str], seed: int | None) -> LawsRun:
    """Return the results of `laws` on each of `backends`, which run at once; shows progress on the way."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {name: _start(laws, name, seed, Path(folder)) for name in backends}
        results: list[Row] = []
        try:
            with progress("laws", len(laws) * len(backends)) as advance:
                for result in _followed([Path(folder) / f"{name}.jsonl" for name in backends], list(runs.values())):
                    results.append(result)
                    advance(f"{result['id']} {result['backend']} {result['outcome']}")
        finally:
            for run in runs.values():
                run.kill()
                run.wait()
        # 0: all passed; 1: a law failed, which its own result says; anything else stopped pytest itself.
        logs = {name: Path(folder) / f"{name}.log" for name, run in runs.items() if run.returncode not in (0, 1)}
        return LawsRun(results, {name: log.read_text(encoding="utf-8")[-4000:] for name, log in logs.items()})


def _start(laws: Sequence[Law], backend: str, seed: int | None, folder: Path) -> subprocess.Popen[bytes]:
    properties = Path(backproof.properties.__file__ or "").parent
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        os.devnull,
        f"--rootdir={properties.parent}",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-p", "backproof.plugin", "--backproof-profile=ci", f"--backproof-backend={backend}"]
    command += [f"--backproof-results={folder / backend}.jsonl"]
    command += [f"--backproof-theorem={theorem}" for theorem in sorted({law.theorem for law in laws})]
    command += [] if seed is None else [f"--hypothesis-seed={seed}"]
    command += [str(properties / f"{topic}.py") for topic in sorted({law.topic for law in laws})]
    with (folder / f"{backend}.log").open("wb") as log:
        # A session of its own: Ctrl-C reaches the parent only, which then ends it.
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=environment)


def _followed(paths: Sequence[Path], runs: Sequence[subprocess.Popen[bytes]]) -> Iterator[Row]:
    """Yield each result soon after it is written, until every run has ended and all is read."""
    read = dict.fromkeys(paths, 0)
    ended = False
    while not ended:
        ended = all(run.poll() is not None for run in runs)
        for path in paths:
            lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
            yield from map(json.loads, lines[read[path] :])
            read[path] = len(lines)
        time.sleep(0 if ended else 0.1)
