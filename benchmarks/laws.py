"""The laws themselves, on the NumPy reference: what one of them costs a user who runs it on 100 examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from .measure import Row

ROOT = Path(__file__).parent.parent
LAWS = ROOT / "backproof" / "properties"


def rows(examples: int = 100, topics: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the median and the largest CPU seconds of a law; of all topics where none is named.

    A law that sets its own number of examples (the statistical ones do) keeps it.
    """
    files = [str(LAWS / f"{topic}.py") for topic in topics] or [str(LAWS)]
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "seconds.json"
        # A process of its own: profiles and plugins are pytest's globals.
        command = [sys.executable, "-m", "pytest", "-q", "--backproof-backend=numpy", "-p", "no:cacheprovider"]
        command += ["-p", "benchmarks.stopwatch", f"--stopwatch-examples={examples}", f"--stopwatch-seconds={written}"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        ran = subprocess.run([*command, *files], cwd=ROOT, env=environment, capture_output=True, text=True)
        if not written.exists():
            raise RuntimeError(f"pytest must time the laws, it ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        found = json.loads(written.read_text(encoding="utf-8"))
    seconds, failed = found["seconds"], found["failed"]
    if not seconds:
        raise RuntimeError(f"at least one law must run, got none:\n{ran.stdout}")
    longest = sorted(seconds, key=lambda name: -seconds[name])[:5]
    note = "longest: " + ", ".join(f"{name} {seconds[name]:.1f} s" for name in longest)
    if failed:
        note += f"; failed, so timed only until then: {', '.join(failed)}"
    work = f"a law's {examples} examples, {len(seconds)} laws on NumPy"
    yield Row(f"{work}: median", seconds, median(seconds.values()), "at most", 1.0, "s", note)
    yield Row(f"{work}: longest", {}, max(seconds.values()), "at most", 5.0, "s", note)
