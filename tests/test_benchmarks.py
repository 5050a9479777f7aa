"""The benchmarks run, compare what they say they compare, and end with 1 when a bar is missed."""

from __future__ import annotations

import doctest
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.measure import Row, Timing, alternate, medians

ROOT = Path(__file__).parent.parent


# ---- a row and its bar -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "relation", "met"),
    [
        (2.0, "at least", True),
        (1.9, "at least", False),
        (2.0, "at most", True),
        (2.1, "at most", False),
        (None, "at most", None),
        # What could not be computed has not met its bar, whichever way the bar points.
        (math.nan, "at least", False),
        (math.nan, "at most", False),
    ],
)
def test_a_bar_is_met_on_its_own_side(value: float | None, relation: Any, met: bool | None) -> None:
    assert Row("work", {}, value, relation, 2.0).met is met


def test_contestants_take_turns_and_the_first_calls_are_not_counted() -> None:
    calls: list[tuple[str, int]] = []
    contestants = {name: lambda number, name=name: calls.append((name, number)) for name in "ab"}
    timings = alternate(contestants, rounds=3)
    # A warm-up each, then three rounds, the second of them backwards.
    assert calls == [("a", 0), ("b", 0), ("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert [len(timings[name].seconds) for name in "ab"] == [3, 3]


def test_medians_are_of_one_repetition() -> None:
    assert medians({"a": Timing([9.0, 2.0, 4.0])}, repetitions=2) == {"a": 2.0}


@pytest.mark.parametrize("name", ["__main__", "growth", "measure"])
def test_examples_in_docstrings_hold(name: str) -> None:
    found = doctest.testmod(import_module(f"benchmarks.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


# ---- the rows --------------------------------------------------------------------------------------------------------

TINY: dict[str, tuple[dict[str, Any], int]] = {
    "digits": ({"epochs": 1, "rounds": 1}, 5),
    "adam": ({"sizes": (1_000,), "entries": 2_000, "rounds": 1}, 2),
    "convolution": ({"epochs": 1, "rounds": 1}, 1),
    "fleet": ({"members": 4, "steps": 3, "alone": 2, "rounds": 1}, 1),
    "quadratics": ({"problems": 3, "steps": 2, "dimension": 2}, 2),
    "laws": ({"examples": 2, "topics": ("initialization",)}, 2),
}


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_yields_its_rows(name: str) -> None:
    sizes, count = TINY[name]
    rows = list(command.benchmark(name)(**sizes))  # type: ignore[call-arg]
    assert len(rows) == count
    for row in rows:
        assert row.value is not None
        assert math.isfinite(row.value)
        assert all(seconds > 0 for seconds in row.medians.values())


def test_rows_that_need_a_device_are_there_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    rows = list(command.benchmark("cuda")())
    assert [row.met for row in rows] == [None] * 3
    assert {row.note for row in rows} == {"skipped: no CUDA device"}


def test_growth_is_drawn_the_same_from_the_same_numbers(tmp_path: Path) -> None:
    from benchmarks import growth

    picture = tmp_path / "growth.svg"
    rows = list(growth.rows(examples=(32, 64), steps=(10, 20), fleet=(1, 2), rounds=1, picture=picture))
    assert len(rows) == 6
    assert "<svg" in picture.read_text(encoding="utf-8")
    drawn = []
    for _ in range(2):
        growth.draw({"steps": ((1, 2), [1.0, 2.0], [3.0, 6.0]), "fleet": ((1, 2), [1.0, 2.0], [3.0, 6.0])}, picture)
        drawn.append(picture.read_bytes())
    assert drawn[0] == drawn[1]


def test_the_exponent_is_that_of_a_power() -> None:
    from benchmarks.growth import slope

    # 5 sizes^3 at 1, 10, 100.
    assert slope((1, 10, 100), [5.0, 5e3, 5e6]) == pytest.approx(3.0, abs=1e-12)


def test_the_contestants_train_on_the_same_layers() -> None:
    from backproof.reference.architecture import digit_network, perceptron
    from benchmarks import plain_torch

    for module, network in (
        (plain_torch.digit_perceptron(), perceptron((64, 128, 10))),
        (plain_torch.digit_convolutions(), digit_network()),
    ):
        assert sum(parameter.numel() for parameter in module.parameters()) == network.parameter_count


# ---- the command -----------------------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, rows: list[Row], *arguments: str) -> Any:
    def benchmark(name: str) -> Callable[[], Iterator[Row]]:
        return lambda: iter(rows if name == "adam" else [])

    monkeypatch.setattr(command, "benchmark", benchmark)
    monkeypatch.setattr(command, "one_thread", lambda: None)
    app = Typer()
    app.command()(command.main)
    return CliRunner().invoke(app, ["--results", str(folder), *arguments])


MET, MISSED = Row("fine", {"numpy": 0.25}, 1.0, "at most", 2.0), Row("slow", {}, 3.0, "at most", 2.0, note="why")
SKIPPED = Row("elsewhere", {}, None, "at most", 2.0, note="skipped: no CUDA device")


def test_a_missed_bar_ends_with_1_and_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = run(monkeypatch, tmp_path, [MET, MISSED, SKIPPED])
    assert ran.exit_code == 1, ran.output
    assert "3 bars: 1 missed, 1 skipped" in ran.output
    assert "250 ms" in ran.output
    (path,) = tmp_path.glob("*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [row["met"] for row in document["rows"]["adam"]] == [True, False, None]
    assert document["machine"]["device"]
    assert {"python", "numpy", "torch"} <= document["versions"].keys()


def test_met_and_skipped_bars_end_with_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = run(monkeypatch, tmp_path, [MET, SKIPPED])
    assert ran.exit_code == 0, ran.output
    assert "skipped: no CUDA device" in ran.output


def test_a_part_is_not_written_over_the_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run(monkeypatch, tmp_path, [MET])
    run(monkeypatch, tmp_path, [MET], "--only", "adam")
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_an_unknown_name_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = run(monkeypatch, tmp_path, [MET], "--only", "adma")
    assert ran.exit_code == 2
    assert "got only=adma" in ran.output


def test_the_module_runs(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "benchmarks", "--only", "cuda", "--results", str(tmp_path)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    ran = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "3 bars: 0 missed, 3 skipped" in ran.stdout
