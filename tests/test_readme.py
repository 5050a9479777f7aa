"""The README says what happens: its commands run and print what it shows, its examples compute what it shows."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from backproof.derivations import TOPICS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.S | re.M)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {name for name, _ in BLOCKS} == {"console", "python", "sh"}


def matches(shown: str, printed: str) -> bool:
    """Whether the output is what the README shows; `...` stands for anything, and runs of spaces do not matter."""
    parts = [re.escape(" ".join(part.split())) for part in shown.split("...")]
    return re.fullmatch(r"\s*" + ".*".join(parts) + r"\s*", " ".join(printed.split())) is not None


def test_a_wrong_line_is_noticed() -> None:
    assert matches("a  1\n...\nb", "a 1\nanything\nb")
    assert not matches("a 1\n...\nb", "a 2\nanything\nb")
    assert not matches("a 1", "a 1\nb")


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0])
def test_a_command_prints_what_is_shown(block: str) -> None:
    for call in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, shown = call.partition("\n")
        name, *arguments = shlex.split(command)
        assert name == "backproof"
        ran = subprocess.run([sys.executable, "-m", name, *arguments], capture_output=True, text=True, cwd=ROOT)
        assert ran.returncode == 0, ran.stderr
        assert matches(shown, ran.stdout), ran.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_an_example_computes_what_is_shown(block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("block", blocks("sh"))
def test_the_make_targets_exist(block: str) -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    commands = [line.split("#")[0].split() for line in block.splitlines() if line.strip()]
    assert [command for command in commands if command[0] != "make" or command[1] not in targets] == []


def test_ci_runs_what_make_test_leaves_out() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    left_out = re.findall(r"--ignore (\S+)", makefile)
    targets = re.findall(r"^(\w+):.*\n.*pytest -n 2 (\S+)$", makefile, re.M)
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert left_out == [folder for target, folder in targets if f"make {target}" in run]
    assert "make test" in run


def test_the_table_lists_the_topics() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", README, re.M)) == TOPICS
