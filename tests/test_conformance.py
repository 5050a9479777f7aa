"""The face of conformance: reports, refusals, exit statuses and the items of a test-suite."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import backproof
from backproof.commands.check import literal, settings
from backproof.properties import conformance
from backproof.properties.subjects.engine import laws_of

WRONG = """
import time


def hangs(params, grads, state, lr):
    while True:
        time.sleep(1)


def raises(params, grads, state, lr):
    raise KeyError("boo")


def returns_three(params, grads, state, lr):
    return 3


def dies(params, grads, state, lr):
    import os

    os._exit(3)


def not_a_number(params, grads, state, lr):
    return [p * float("nan") for p in params], None


def prints(params, grads, state, lr):
    print("hello")
    return [p - lr * g for p, g in zip(params, grads)], None


def right(params, grads, state, lr):
    return [p - lr * g for p, g in zip(params, grads)], None


three = 3
"""


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    return path


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("hangs", "within the time limit"),
        ("raises", "raised KeyError"),
        ("returns_three", "must return"),
        ("dies", "ended its process"),
        ("three", "callable"),
        ("righ", "nearest: right"),
    ],
)
def test_a_target_that_cannot_be_checked_is_refused_in_one_sentence(wrong: Path, attribute: str, message: str) -> None:
    with pytest.raises(backproof.NotCheckable, match=message) as caught:
        backproof.check(f"{wrong}:{attribute}", "sgd", timeout=2 if attribute == "hangs" else 60)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("adma", "nearest: adam"),
        ("adam[eps=insde]", "nearest: eps=inside"),
        ("adam[eps", "must read name"),
        ("adam[eps]", "must read name=value"),
    ],
)
def test_an_unknown_rule_is_refused_with_the_nearest_names(rule: str, message: str) -> None:
    with pytest.raises(backproof.NotCheckable, match=message):
        backproof.check("torch.optim:Adam", rule)


def test_a_rule_of_another_kind_is_refused() -> None:
    with pytest.raises(backproof.NotCheckable, match="of kind optimizer"):
        backproof.check("torch.optim:Adam", "adam", kind="loss")


def test_a_required_hyperparameter_that_the_target_does_not_take_must_be_set() -> None:
    def fixed(params: list, grads: list, state: object) -> tuple[list, None]:
        return [p - 0.125 * g for p, g in zip(params, grads, strict=True)], None

    with pytest.raises(backproof.NotCheckable, match="requires lr"):
        backproof.check(fixed, "sgd")
    assert backproof.check(fixed, "sgd", lr=0.125).conforms
    assert not backproof.check(fixed, "sgd", lr=0.25).conforms


def test_not_a_number_and_printing_are_violations(wrong: Path) -> None:
    assert backproof.check(f"{wrong}:not_a_number", "sgd").failures[0].id == "first-step"
    assert [law.id for law in backproof.check(f"{wrong}:prints", "sgd").failures] == ["quiet"]


def test_the_same_seed_gives_the_same_report(wrong: Path) -> None:
    one, two = (backproof.check(f"{wrong}:not_a_number", "sgd", seed=5).as_dict() for _ in range(2))
    for report in (one, two):
        report.pop("seconds")
        for law in report["laws"]:
            law.pop("seconds")
    assert json.dumps(one) == json.dumps(two)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "backproof", *arguments], capture_output=True, text=True, check=False)


def test_the_command_line_answers_by_its_exit_status(wrong: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert command("check", f"{wrong}:right", "--as", "sgd", "--json", str(path)).returncode == 0
    assert json.loads(path.read_text())["verdict"] == "conforms"
    found = command("check", f"{wrong}:prints", "--as", "sgd", "--json", str(path))
    assert (found.returncode, json.loads(path.read_text())["verdict"]) == (1, "violates")
    refused = command("check", f"{wrong}:raises", "--as", "sgd", "--json", str(path))
    assert (refused.returncode, json.loads(path.read_text())["verdict"]) == (2, "error")
    assert "Traceback" not in refused.stderr + refused.stdout
    assert command("check", f"{wrong}:right", "--as", "sgd", "--set", "lr=__import__('os')").returncode == 2


def test_the_report_has_what_a_script_needs(wrong: Path) -> None:
    report = json.loads(backproof.check(f"{wrong}:not_a_number", "sgd").to_json())
    assert set(report) >= {"target", "rule", "verdict", "laws", "laws_run", "seconds", "seed", "versions"}
    failed = next(law for law in report["laws"] if law["verdict"] == "fails")
    assert set(failed) >= {"id", "claim", "verdict", "counterexample", "expected", "observed"}


@pytest.mark.parametrize("text", ["__import__('os')", "[1, 'a']", "{}", "lambda: 1", "'word'", "", "()"])
def test_a_value_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        literal(text)


def test_settings_are_read_and_not_evaluated() -> None:
    assert settings(["lr=1e-3", "betas=0.9,0.99", "foreach=True"]) == {
        "lr": 1e-3,
        "betas": (0.9, 0.99),
        "foreach": True,
    }
    with pytest.raises(ValueError, match="NAME=VALUE"):
        settings(["lr"])


SUITE = """
from backproof.properties import conformance


def descent(params, grads, state, lr):
    return [p - lr * g for p, g in zip(params, grads)], None


def printing(params, grads, state, lr):
    print("hello")
    return [p - lr * g for p, g in zip(params, grads)], None


test_right = conformance(descent, "sgd")
test_wrong = conformance(printing, "sgd")
test_declared = conformance(printing, "sgd", expected_failures={"quiet": "it greets"})
test_overdeclared = conformance(descent, "sgd", expected_failures={"quiet": "it does not greet"})
"""


def outcomes(folder: Path, *arguments: str) -> dict[str, int]:
    """Run the suite in a process of its own and count what its JUnit report says."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "backproof.plugin",
            "-q",
            "--junitxml=junit.xml",
            *arguments,
            str(folder),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(backproof.__file__).parents[1])},
        capture_output=True,
        check=False,
    )
    (suite,) = ElementTree.parse(folder / "junit.xml").getroot()
    return {name: int(suite.attrib[name]) for name in ("tests", "failures", "skipped", "errors")}


def test_one_line_of_a_suite_is_one_item_a_law(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    # wrong: one law fails; declared: one is an expected failure (JUnit calls it skipped); overdeclared: a pass fails
    expected = {"tests": 4 * len(laws_of("sgd")), "failures": 2, "skipped": 1, "errors": 0}
    assert outcomes(tmp_path) == expected
    assert outcomes(tmp_path, "-n", "2") == expected
    assert outcomes(tmp_path, "-k", "test_wrong and quiet") == {"tests": 1, "failures": 1, "skipped": 0, "errors": 0}


def test_the_oracle_fixture_serves_a_test_file_of_others_as_documented(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "conformance.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.S | re.M)
    (tmp_path / "test_own.py").write_text(example)
    assert outcomes(tmp_path) == {"tests": 8, "failures": 0, "skipped": 0, "errors": 0}
    # a slope that forgets the label is wrong for all four scores of label 1
    wrong = example.replace("math.exp(-score)) - label", "math.exp(-score))")
    (tmp_path / "test_own.py").write_text(wrong)
    assert wrong != example
    assert outcomes(tmp_path) == {"tests": 8, "failures": 4, "skipped": 0, "errors": 0}


def test_an_unknown_law_cannot_be_expected_to_fail() -> None:
    with pytest.raises(ValueError, match="nearest: quiet"):
        conformance("torch.optim:SGD", "sgd", expected_failures={"quite": "?"})
