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
from backproof.derivations import catalogue, find
from backproof.deriving import say, workers
from backproof.properties import Law, laws
from backproof.running import Share, run_share

THEOREM = "xavier-variance"


def derived(**changes: Any) -> dict[str, Any]:
    row = {"id": THEOREM, "kind": "theorem", "topic": "initialization", "title": "", "verdict": "proved", "why": ""}
    row = {**row, "engines": ["symbolic", "exact"], "rigor": {}, "covers": [], "sources": [], "seconds": 0.5}
    return {**row, **changes}


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
    """Runs what is submitted at once, and is heard after."""

    def __init__(self, said: list[Any]) -> None:
        self.said = said

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

    def heard(self, pending: Any) -> Any:
        yield from self.said


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Any:
    def verify(row: Any = None, ran: Any = None, log: str = "", run: Any = None) -> dict[str, Any]:
        def run_share(share: Share, backends: Any, seed: Any, say: Any) -> None:
            if isinstance(row, Exception):
                raise row
            say("entry", row or derived())
            for each in [result()] if ran is None else ran:
                say("law", each)
            if log:
                say("broken", {"topic": share.topic, "log": log})

        def run_real(backend: str, seed: int, say: Any) -> None:
            if isinstance(run, Exception):
                raise run
            say("run", run or real())

        said: list[Any] = []
        monkeypatch.setattr(verification, "workers", lambda: Pool(said))
        monkeypatch.setattr(verification, "say", lambda kind, found: said.append((kind, found)))
        monkeypatch.setattr(verification, "laws", lambda: (Law("initialization::test_one", THEOREM, "initialization"),))
        monkeypatch.setattr(verification, "run_share", run_share)
        monkeypatch.setattr(verification, "run_real", run_real)
        entry = SimpleNamespace(id=THEOREM, topic="initialization")
        return verification.verification([entry], ["numpy"], 0)

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
        ({"row": RuntimeError("out of memory")}, "xavier-variance was not derived"),
        ({"row": RuntimeError("out of memory")}, "initialization stopped: RuntimeError: out of memory"),
        ({"ran": [result(outcome="failed", detail="E  1 != 2")]}, "test_one does not hold on numpy: 1 != 2"),
        ({"ran": [result(outcome="skipped", detail="no device")]}, "does not hold on numpy: no device"),
        ({"ran": [result(), result(outcome="failed", detail="E  teardown")]}, "on numpy: teardown"),
        ({"ran": []}, "test_one does not hold on numpy: it did not run"),
        ({"ran": [result(backend="torch")]}, "test_one does not hold on numpy: it did not run"),
        ({"log": "INTERNALERROR"}, "the laws on initialization broke off:\nINTERNALERROR"),
        ({"run": real(accuracy=0.9699)}, "held-out accuracy on numpy is 97.0%, below 97%"),
        ({"run": RuntimeError("out of memory")}, "the run on numpy stopped: RuntimeError: out of memory"),
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


@pytest.mark.parametrize(
    ("rigor", "shown"),
    [
        ({"z3": "decided", "flint": "decided"}, "exact+z3+flint "),
        ({"z3": "absent"}, "exact, z3 absent "),
        ({"z3": "decided", "flint": "absent"}, "exact+z3, flint absent "),
        ({"flint": "unknown"}, "exact, flint undecided "),
        ({}, "exact "),
    ],
)
def test_the_table_says_what_z3_and_flint_said(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, rigor: dict[str, str], shown: str
) -> None:
    row = {**derived(rigor=rigor), "laws": [], "numpy": {"held": 0, "failed": [], "seconds": 0.0}}
    report = {"theorems": [row], "real_run": {"checks": [], "accuracy": {}}, "problems": [], "backends": ["numpy"]}
    monkeypatch.setattr(verification, "verification", lambda *arguments: {**report, "seconds": 1.0})
    monkeypatch.setattr("backproof.commands.verify.start_importing", lambda modules: None)
    with pytest.raises(SystemExit):
        main(["verify", THEOREM, "--on", "numpy"])
    assert f"symbolic+{shown}" in capsys.readouterr().out


def test_a_problem_is_printed_and_is_exit_1(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    row = {**derived(), "laws": [], "numpy": {"held": 0, "failed": [], "seconds": 0.0}}
    report = {
        "verdict": "fails",
        "theorems": [row],
        "real_run": {"checks": [], "accuracy": {}},
        "problems": ["something [0, 1) is wrong"],
        "backends": ["numpy"],
        "seed": 0,
        "seconds": 1.0,
        "versions": {},
    }
    monkeypatch.setattr(verification, "verification", lambda *arguments: report)
    monkeypatch.setattr("backproof.commands.verify.start_importing", lambda modules: None)
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
def test_the_entries_and_laws_of_a_share_are_heard_from_another_process() -> None:
    chosen = [law for law in laws("initialization") if law.theorem == find(THEOREM).id]
    (share,) = verification.shares([find(THEOREM)], chosen)
    with workers(1) as pool:
        job = pool.submit(run_share, share, ["numpy"], 5, say)
        heard = list(pool.heard([job]))
    assert job.result() is None
    assert heard[0][0] == "entry"
    assert {kind for kind, _ in heard[1:]} == {"law"}
    assert heard[0][1]["verdict"] == "proved"
    assert {row["id"] for _, row in heard[1:]} == {law.id for law in chosen} != set()
    assert {row["outcome"] for _, row in heard[1:]} == {"passed"}


def test_a_run_of_the_laws_that_breaks_off_is_said() -> None:
    said: list[Any] = []
    run_share(Share("nowhere", (), (THEOREM,)), ["numpy"], 0, lambda kind, row: said.append((kind, row)))
    ((kind, row),) = said
    assert (kind, row["topic"]) == ("broken", "nowhere")
    assert "nowhere.py" in row["log"]


def test_the_shares_hold_every_entry_and_law_once_and_the_longest_comes_first() -> None:
    entries, chosen = catalogue(), laws()
    shares = verification.shares(entries, chosen)
    assert sorted(name for share in shares for name in share.entries) == sorted(entry.id for entry in entries)
    covered = {(share.topic, theorem) for share in shares for theorem in share.theorems}
    assert covered == {(law.topic, law.theorem) for law in chosen}
    assert len({share.topic for share in shares}) == len(shares)
    assert len(shares[0].theorems) > len(shares[-1].theorems)


@pytest.mark.slow
def test_a_law_takes_its_oracle_from_the_derivation_of_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    from backproof.derivations.kernel import Entry
    from backproof.derivations.kernel.oracle import derived

    derived.cache_clear()
    times: list[str] = []
    derive = Entry.derive
    monkeypatch.setattr(Entry, "derive", lambda entry: times.append(entry.id) or derive(entry))
    run_share(Share("initialization", (THEOREM,), (THEOREM,)), ["numpy"], 0, lambda kind, row: None)
    assert times == [THEOREM]
