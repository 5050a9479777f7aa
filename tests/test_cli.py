"""The command line: what each command prints, every exit code, and one line for every wrong input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backproof.cli import main

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(exit.value.code or 0), out, err

    return run


# ---- wrong input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nonsense", "No such command 'nonsense'."),
        ("claims --topic loses", "topic must be one of activations"),
        ("claims --topic loses", "nearest: losses"),
        ("derive", "Missing argument 'ID'."),
        ("derive xavier-varianse", "no theorem has the id 'xavier-varianse'; nearest: xavier-variance"),
        ("derive xavier-variance --format pdf", "Invalid value for '--format': 'pdf' is not one of"),
        ("errata --format latex", "Invalid value for '--format': 'latex' is not one of"),
        ("verify xavier-varianse", "no theorem has the id 'xavier-varianse'; nearest: xavier-variance"),
        ("verify --on tpu", "Invalid value for '--on': 'tpu' is not one of"),
        ("verify --seed -1", "seed must be non-negative, got seed=-1"),
        ("verify --json no/such/folder/report.json", "--json must name a file in a folder that exists, got"),
        ("train --lr -0.1", "lr must be positive, got lr=-0.1"),
        ("train --lr nan", "lr must be positive, got lr=nan"),
        ("train --dropout 1", "p must be in [0, 1), got p=1.0"),
        ("train --dropout -0.5", "p must be in [0, 1), got p=-0.5"),
        ("train --batch-size 0", "batch_size must be an integer of at least 1, got batch_size=0"),
        ("train --batch-size 9999", "batch_size must be at most the 1438 examples, got batch_size=9999"),
        ("train --epochs -1", "epochs must be non-negative, got epochs=-1"),
        ("train --seed -1", "seed must be non-negative, got seed=-1"),
        ("train --hidden 128,0", "hidden must be positive sizes such as 128 or 64,32, got '128,0'"),
        ("train --hidden wide", "hidden must be positive sizes such as 128 or 64,32, got 'wide'"),
        ("train --optimizer adamm", "optimizer must be one of"),
        ("train --data nothing.csv", "data must be digits or a CSV file, got no file at 'nothing.csv'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(run: Any, arguments: str, message: str) -> None:
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("backproof: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2,zero\n", "data must be numbers separated by commas, got"),
        ("1,2,0\n", "data must have two lines and two columns or more, got"),
        ("0\n1\n", "data must have two lines and two columns or more, got"),
        ("1,2,0\n1,2,-1\n", "data must have classes 0, 1, 2, ... in its last column, got"),
        ("1,2,0\n1,2,0.5\n", "data must have classes 0, 1, 2, ... in its last column, got"),
        ("1,2,0\n1,2,nan\n", "data must have classes 0, 1, 2, ... in its last column, got"),
        # The row in the file, whatever the order in which the examples are drawn.
        ("1,2,0\n1,2,1\n3,nan,1\n2,2,0\n", "data must be finite, got nan at row 2, column 1 of"),
        ("nan,2,0\nnan,2,1\nnan,3,1\n", "data must be finite, got nan at row 0, column 0 of"),
    ],
)
def test_a_wrong_table_is_one_line_and_exit_2(run: Any, tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(rows)
    code, out, err = run("train", "--data", str(tmp_path / "table.csv"), "--batch-size", "1")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_cuda_without_a_device_is_refused(run: Any) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert run("verify", "--on", "cuda")[::2] == (2, "backproof: cuda cannot run here: no CUDA device\n")
    assert run("train", "--backend", "cuda")[::2] == (2, "backproof: no CUDA device\n")


def test_a_missing_package_names_the_extra(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    code, _, err = run("train")
    assert (code, err.count("\n")) == (2, 1)
    assert "scikit-learn" in err


def test_a_fault_of_ours_is_no_input_error(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("backproof.derivations.catalogue", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["errata"])


# ---- claims, derive, errata ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["claims", "derive", "errata", "verify", "train"])
def test_help_has_an_example(run: Any, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"backproof {command}" in out.split("Example")[1]


def test_no_command_prints_the_help(run: Any) -> None:
    code, out, _ = run()
    assert code == 0
    assert all(name in out for name in ("claims", "derive", "errata", "verify", "train"))


def test_claims_lists_one_topic_or_all(run: Any) -> None:
    _, one, _ = run("claims", "--topic", "ensembles")
    _, every, _ = run("claims")
    assert "ensemble-mean-squared-error" in one
    assert "xavier-variance" not in one
    assert "xavier-variance" in every


def test_claims_as_json_derives_and_names_the_laws(run: Any) -> None:
    code, out, err = run("claims", "--topic", "dropout", "--json")
    rows = {row["id"]: row for row in json.loads(out)}
    theorem = rows["dropout-weight-scaling"]
    assert (code, theorem["verdict"], theorem["topic"]) == (0, "proved", "dropout")
    assert theorem["title"]
    assert all(key.partition(":")[0] in ("000", "001", "002", "003", "004") for key in theorem["covers"])
    assert theorem["laws"]
    assert all(law.startswith("dropout::test_") for law in theorem["laws"])
    misprint = rows["dropout-weight-scaling-of-a-relu-network"]
    assert misprint["verdict"] == "refuted"
    assert misprint["corrected"]["id"] == "dropout-weight-scaling"
    assert misprint["counterexample"][0]["p"] == "1/2"
    assert f"derive {len(rows)}/{len(rows)} " in err


def test_derive_prints_steps_reasons_and_what_was_printed(run: Any) -> None:
    code, out, _ = run("derive", "xavier-variance")
    assert code == 0
    given, steps, shown, printed = (out.index(part) for part in ("Given", "Steps", "Shown", "As printed"))
    assert given < steps < shown < printed
    assert "independent w and x" in out[steps:shown]
    assert "refuted at n_in = 1, n_out = 3" in out[printed:]
    assert "Verdict: proved" in out


def test_derive_writes_json_markdown_and_latex(run: Any) -> None:
    data = json.loads(run("derive", "ensemble-mean-squared-error", "--format", "json")[1])
    assert data["claims"]["mean squared error"]["text"].endswith("= c*(k - 1)/k + v/k")
    assert {"rule", "supposes", "claim", "reason", "engines"} == set(data["steps"][0])
    markdown = run("derive", "ensemble-mean-squared-error", "--format", "markdown")[1]
    assert markdown.startswith("# The expected squared error")
    assert r"= \frac{c \left(k - 1\right)}{k} + \frac{v}{k}$" in markdown
    latex = run("derive", "ensemble-mean-squared-error", "--format", "latex")[1]
    assert latex.count(r"\begin{") == latex.count(r"\end{") > 0
    assert latex.count("$") % 2 == 0


def test_summation_indices_have_letters_of_their_own() -> None:
    from sympy import Dummy, IndexedBase, Sum, Symbol

    from backproof.derivations.writing import infix

    first, second = Dummy("k", integer=True), Dummy("k", integer=True)
    u, size = IndexedBase("u"), Symbol("k")
    double = Sum(u[first] * u[second], (first, 1, size), (second, 1, size))
    assert infix(double) in ("Sum(u[j]*u[l], (j, 1, k), (l, 1, k))", "Sum(u[j]*u[l], (l, 1, k), (j, 1, k))")


def test_an_undecided_theorem_is_exit_1(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from backproof.derivations import find

    def nothing_shown(proof: Any) -> None:
        """States a claim and takes no step."""
        from sympy import Eq, Symbol

        proof.state("a claim", Eq(Symbol("a"), Symbol("b")))

    entry = replace(find("xavier-variance"), write=nothing_shown)
    monkeypatch.setattr("backproof.derivations.find", lambda name: entry)
    code, out, _ = run("derive", "xavier-variance")
    assert code == 1
    assert "Verdict: undecided: not established: a claim" in out


def test_errata_prints_the_point_at_which_each_fails(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from backproof.derivations import catalogue

    few = catalogue("initialization")
    monkeypatch.setattr("backproof.derivations.catalogue", lambda: few)
    code, out, _ = run("errata", "--format", "json")
    assert code == 0
    assert all(row["verdict"] == "refuted" and row["counterexample"] for row in json.loads(out))
    _, markdown, _ = run("errata", "--format", "markdown")
    lines = markdown.splitlines()
    assert lines[:2] == ["| deck | place | printed | corrected | counterexample |", "| --- | --- | --- | --- | --- |"]
    assert any("n_in = 1, n_out = 3" in line for line in lines)
    assert "n_in = 1, n_out = 3" in run("errata")[1]


# ---- train -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_train_learns_the_digits(run: Any, backend: str) -> None:
    code, out, err = run("train", "--epochs", "4", "--backend", backend, "--hidden", "32", "--dropout", "0.1")
    assert code == 0
    # 64 * 32 + 32 + 32 * 10 + 10 parameters, 45 batches of 32 in 1,438 images, four times.
    assert f"(2410 parameters, 180 steps of adam on {backend})" in out
    assert float(out.split()[2].rstrip("%")) > 80
    assert err.splitlines()[-1].startswith("epoch 4/4 loss ")


def test_train_is_the_same_for_a_seed(run: Any) -> None:
    first, again, other = (run("train", "--epochs", "1", "--seed", seed)[1:] for seed in ("1", "1", "2"))
    assert first == again != other


def test_train_reads_a_table(run: Any, tmp_path: Path) -> None:
    # The class is whether the first number is above the second.
    rows = [f"{a},{b},{int(a > b)}" for a in range(-5, 6) for b in range(-5, 6)]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    code, out, _ = run("train", "--data", str(tmp_path / "table.csv"), "--hidden", "", "--lr", "0.1")
    assert code == 0
    assert "of 24 examples (6 parameters" in out
    assert float(out.split()[2].rstrip("%")) > 85


def test_train_that_diverges_says_where_and_is_exit_1(run: Any) -> None:
    code, out, _ = run("train", "--optimizer", "sgd", "--lr", "1e300", "--epochs", "2")
    assert code == 1
    assert "diverged at step " in out


# ---- interruption ----------------------------------------------------------------------------------------------------


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Children start with the usual handler of SIGINT; a suite run in the background ignores it, and they would too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_exits_130_and_leaves_no_process() -> None:
    command = [sys.executable, "-m", "backproof", "verify"]
    started = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert started.stderr is not None
    line = started.stderr.readline()
    while not line.startswith("verify"):
        line = started.stderr.readline()
    os.killpg(started.pid, signal.SIGINT)  # a terminal sends it to all of them
    _, err = started.communicate(timeout=30)
    assert started.returncode == 130
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    # What multiprocessing keeps beside its workers ends a moment after the parent.
    assert ends_within(started.pid, 5)


def ends_within(group: int, seconds: float) -> bool:
    """Whether the process group has no member left after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
