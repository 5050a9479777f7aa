"""The pytest plugin: which laws run on which backend, and what it writes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LAWS = """
from hypothesis import given, strategies as st
from backproof.properties import law

seen = []

@law("first-theorem")
@given(x=st.integers(0, 10**6))
def test_holds(backend, x):
    assert backend.to_numpy(backend.asarray([x])).tolist() == [x]

@law("second-theorem")
@given(x=st.integers(0, 10**6))
def test_fails_from_1000_on(backend, x):
    assert x < 1000

@given(x=st.integers(0, 10**6))
def test_prints_its_examples(x):
    print("example", x)
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    (tmp_path / "toy.py").write_text(LAWS)

    def run(*options: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
        results = tmp_path / "results.jsonl"
        results.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={tmp_path}", "-p", "backproof.plugin"]
        command += ["-p", "no:cacheprovider", f"--backproof-results={results}", *options, str(tmp_path / "toy.py")]
        ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        return ran, [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []

    return run


def test_a_result_is_written_for_each_law_and_backend(run: Any) -> None:
    ran, results = run("--backproof-profile=ci")
    outcomes = {(r["id"], r["theorem"], r["backend"]): r["outcome"] for r in results}
    assert outcomes["toy::test_holds", "first-theorem", "numpy"] == "passed"
    assert outcomes["toy::test_holds", "first-theorem", "torch"] == "passed"
    assert outcomes["toy::test_fails_from_1000_on", "second-theorem", "torch"] == "failed"
    assert len(results) == 6
    assert ran.returncode == 1


def test_the_detail_of_a_failure_names_the_smallest_case(run: Any) -> None:
    _, results = run("--backproof-backend=numpy", "--backproof-theorem=second-theorem")
    (result,) = results
    assert "x=1000," in result["detail"]


def test_cuda_is_skipped_with_its_reason_where_there_is_no_device(run: Any) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    ran, results = run("--backproof-backend=cuda", "--backproof-theorem=first-theorem", "-rs")
    assert [r["outcome"] for r in results] == ["skipped"]
    assert "no CUDA device" in ran.stdout


def test_an_unknown_backend_is_refused(run: Any) -> None:
    ran, _ = run("--backproof-backend=tpu")
    assert ran.returncode == 4
    assert "tpu" in ran.stderr


def test_ci_repeats_its_examples_and_a_seed_changes_them(run: Any) -> None:
    def examples(*options: str) -> list[str]:
        ran, _ = run("--backproof-profile=ci", "-s", "-k", "test_prints", *options)
        return [line for line in ran.stdout.splitlines() if line.lstrip(".").startswith("example")]

    first = examples()
    assert len(first) > 10
    assert examples() == first
    seeded = examples("--hypothesis-seed=3")
    assert seeded != first
    assert examples("--hypothesis-seed=3") == seeded


def test_two_laws_of_one_id_are_refused() -> None:
    from backproof.properties import law

    def test_same() -> None: ...

    law("one")(test_same)
    law("one")(test_same)
    with pytest.raises(ValueError, match=r"unique, got 'test_plugin::test_same' for 'one' and 'other'"):
        law("other")(test_same)
