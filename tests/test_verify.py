"""`verify` says what did not hold: derivations, laws, runs and the accuracy are each made to fail."""

from __future__ import annotations

import json
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backproof import verification
from backproof.cli import main
from backproof.derivations import find
from backproof.properties import Law, laws
from backproof.running import LawsRun, run_laws

THEOREM = "xavier-variance"


def derived(**changes: Any) -> dict[str, Any]:
    row = {"id": THEOREM, "kind": "theorem", "topic": "initialization", "title": "", "verdict": "proved", "why": ""}
    return {**row, "engines": ["symbolic", "exact"], "covers": [], "sources": [], "seconds": 0.5, **changes}


def result(**changes: Any) -> dict[str, Any]:
    row = {"id": "initialization::test_one", "theorem": THEOREM, "backend": "numpy", "outcome": "passed"}
    return {**row, "seconds": 0.25, "detail": "", **changes}


def real(**changes: Any) -> dict[str, Any]:
    check = {"theorem": THEOREM, "what": "a variance", "measured": 1.0, "expected": 1.0, "allowed": 0.1}
    run = {
        "backend": "numpy",
        "accuracy": 0.98,
        "seconds": 1.0,
        "checks": [{**check, "backend": "numpy", "holds": True}],
    }
    return {**run, **changes}


class Pool:
    """Runs what is submitted at once."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None: ...

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Any:
    def verify(row: Any = None, ran: LawsRun | None = None, run: Any = None) -> dict[str, Any]:
        def real_run(backend: str, seed: int) -> Any:
            if isinstance(run, Exception):
                raise run
            return run or real()

        ran = ran or LawsRun([result()], {})
        monkeypatch.setattr(verification, "workers", Pool)
        monkeypatch.setattr(verification, "derive_all", lambda ids, pool: [row or derived()])
        monkeypatch.setattr(verification, "laws", lambda: (Law("initialization::test_one", THEOREM, "initialization"),))
        monkeypatch.setattr(verification, "run_laws", lambda *arguments: ran)
        monkeypatch.setattr(verification, "real_run", real_run)
        return verification.verification([SimpleNamespace(id=THEOREM)], ["numpy"], None)

    return verify


def test_all_that_holds_is_no_problem(verify: Any) -> None:
    report = verify()
    assert (report["verdict"], report["problems"]) == ("holds", [])
    (row,) = report["theorems"]
    assert row["numpy"] == {"held": 1, "failed": [], "seconds": 0.25}
    assert row["seconds"] == 0.75


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"row": derived(verdict="undecided", why="no step")}, "xavier-variance is undecided: no step"),
        ({"row": derived(verdict="refuted")}, "xavier-variance is refuted"),
        ({"row": derived(kind="misprint", verdict="undecided")}, "xavier-variance is undecided"),
        (
            {"ran": LawsRun([result(outcome="failed", detail="E  1 != 2")], {})},
            "test_one does not hold on numpy: 1 != 2",
        ),
        ({"ran": LawsRun([result(outcome="skipped", detail="no device")], {})}, "does not hold on numpy: no device"),
        ({"ran": LawsRun([result(), result(outcome="failed", detail="E  teardown")], {})}, "on numpy: teardown"),
        ({"ran": LawsRun([], {})}, "test_one does not hold on numpy: it did not run"),
        ({"ran": LawsRun([result(backend="torch")], {})}, "test_one does not hold on numpy: it did not run"),
        ({"ran": LawsRun([result()], {"numpy": "INTERNALERROR"})}, "the laws on numpy broke off:\nINTERNALERROR"),
        ({"run": real(accuracy=0.9699)}, "held-out accuracy on numpy is 97.0%, below 97%"),
        ({"run": RuntimeError("out of memory")}, "the real run on numpy stopped: RuntimeError: out of memory"),
        (
            {"run": real(checks=[{**real()["checks"][0], "measured": 2.0, "holds": False}])},
            "a variance on numpy: 2 instead of 1",
        ),
    ],
)
def test_each_thing_that_does_not_hold_is_a_problem(verify: Any, wrong: dict[str, Any], problem: str) -> None:
    report = verify(**wrong)
    assert report["verdict"] == "fails"
    assert any(problem in found for found in report["problems"])


def test_a_nan_on_the_real_run_does_not_hold() -> None:
    from backproof.real_run import Check

    assert Check("theorem", "what", 1.0, 1.0, 0.0).holds
    assert not Check("theorem", "what", float("nan"), 1.0, 1.0).holds


def test_a_problem_is_printed_and_is_exit_1(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    row = {**derived(), "laws": [], "numpy": {"held": 0, "failed": [], "seconds": 0.0}}
    report = {
        "verdict": "fails",
        "theorems": [row],
        "real_run": {"checks": [], "accuracy": {}},
        "problems": ["something [0, 1) is wrong"],
        "backends": ["numpy"],
        "seed": None,
        "seconds": 1.0,
        "versions": {},
    }
    monkeypatch.setattr(verification, "verification", lambda *arguments: report)
    with pytest.raises(SystemExit) as exit:
        main(["verify", THEOREM, "--on", "numpy", "--json", str(tmp_path / "report.json")])
    assert exit.value.code == 1
    assert "FAILS  something [0, 1) is wrong" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text()) == report


def test_the_reader_gets_the_assertion_and_the_smallest_case() -> None:
    lines = ["    def test():", ">       assert a == b", "E       assert 1 == 2", "E        +  where 1 = a"]
    detail = "\n".join([*lines, "E       Explanation:", "E         x"])
    assert verification.smallest(detail) == "assert 1 == 2"
    assert verification.smallest("a collection error") == "a collection error"


@pytest.mark.slow
def test_the_laws_of_one_theorem_run_on_a_backend() -> None:
    chosen = [law for law in laws("initialization") if law.theorem == find(THEOREM).id]
    ran = run_laws(chosen, ["numpy"], seed=5)
    assert ran.broken == {}
    assert {row["id"] for row in ran.results} == {law.id for law in chosen} != set()
    assert {row["outcome"] for row in ran.results} == {"passed"}


def test_a_run_of_the_laws_that_breaks_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run_laws([Law("nowhere::test_nothing", THEOREM, "nowhere")], ["numpy"], seed=None)
    assert ran.results == []
    assert "nowhere.py" in ran.broken["numpy"]
