"""One word a thing: a topic has one name in every folder, imports run one way, laws and theorems find each other."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from backproof.derivations import TOPICS, catalogue
from backproof.properties import laws

ROOT = Path(__file__).parent.parent
FOLDERS = ("derivations", "reference/numpy", "reference/torch", "properties")

# The topics without code in a folder, each with the reason.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "derivations": {},
    "reference/numpy": {},
    "reference/torch": {},
    "properties": {},
}

# The modules that are no topic, each with what it is for.
OTHERS = {
    "derivations": {
        "kernel": "what a proof is made of, and the engines that check it",
        "further_update_rules": "rules that only have a name, for telling which one a black box implements",
        "update_rules": "the optimizers' rules as data, read by theorems and by conformance",
        "writing": "derivations as text, Markdown, LaTeX and JSON",
    },
    "reference/numpy": {
        "adam": "Adam and the rules it is confused with, which adaptive exports too",
        "checkpoints": "runs written and resumed",
        "clipping": "the gradient's norm, bounded in any rule",
        "compiled": "Adam's step in one pass, torch only",
        "critical_points": "what the index of saddles is measured on",
        "delta_bar_delta": "Jacobs' rule, which adaptive exports too",
        "experiments": "networks compared on equal seeds",
        "history": "what a run recorded",
        "layers": "the passes of the layers that architecture describes",
        "maxout": "an activation with parameters",
        "multitask": "heads that share layers",
        "objectives": "what optimizers are tried on",
        "optimizers": "the rules by name",
        "trainer": "what changes from step to step",
        "training": "the loop over minibatches",
    },
    "properties": {
        "strategies": "the inputs that laws are tried on",
        "subjects": "other people's code, identified and held to the laws",
    },
}
OTHERS["reference/torch"] = OTHERS["reference/numpy"]


def modules(folder: str | Path) -> set[str]:
    """Return what can be imported from a folder: a topic is a file, or a folder of files once it has grown."""
    files, packages = (ROOT / folder).glob("[a-z]*.py"), (ROOT / folder).glob("[a-z]*/__init__.py")
    return {path.stem for path in files} | {path.parent.name for path in packages}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_topic_has_code_or_a_reason(folder: str) -> None:
    missing = set(TOPICS) - modules(folder)
    assert sorted(missing - set(EXCEPTIONS[folder])) == []
    assert sorted(set(EXCEPTIONS[folder]) - missing) == [], "these have code now: strike them from EXCEPTIONS"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_is_a_topic_or_has_a_purpose(folder: str) -> None:
    assert sorted(modules(folder) - set(TOPICS) - set(OTHERS[folder])) == []


# ---- imports ---------------------------------------------------------------------------------------------------------

FACE = ("backproof.cli", "backproof.commands", "backproof.conformance", "backproof.terminal", "backproof.verification")
FORBIDDEN = {
    "derivations": ("backproof.reference", "backproof.properties", "torch", "hypothesis", *FACE),
    "reference/numpy": ("backproof.derivations", "backproof.properties", "torch", "hypothesis", "sympy", *FACE),
    "reference/torch": ("backproof.derivations", "backproof.properties", "hypothesis", "sympy", *FACE),
    "properties": FACE,
}


def imported(path: Path) -> set[str]:
    """Return the absolute names that a file imports, wherever in it."""
    names: set[str] = set()
    package = ("backproof", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*home, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return names


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_run_one_way(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    wrong = {
        str(path.relative_to(ROOT)): names
        for path in files
        if (names := sorted(name for name in imported(path) if within(name, FORBIDDEN[folder])))
    }
    assert wrong == {}


@pytest.mark.parametrize("folder", [*FOLDERS, "backproof", "tests", "benchmarks"])
def test_nothing_imports_a_bare_folder(folder: str) -> None:
    bare = ("derivations", "reference", "properties")
    wrong = {str(path): name for path in (ROOT / folder).rglob("*.py") for name in imported(path) if within(name, bare)}
    assert wrong == {}


# ---- theorems and laws -----------------------------------------------------------------------------------------------


def test_every_law_names_a_theorem_or_holds_the_harness_of_a_remark() -> None:
    """A remark states no mathematics: a law of one says itself that it holds the experiment, not its outcome."""
    kinds = {entry.id: entry.kind for entry in catalogue()}
    assert (
        sorted(f"{law.id}: {law.theorem}" for law in laws() if kinds.get(law.theorem) not in ("theorem", "remark"))
        == []
    )
    of_remarks = [law for law in laws() if kinds[law.theorem] == "remark"]
    assert of_remarks
    for law in of_remarks:
        test = getattr(import_module(f"backproof.properties.{law.topic}"), law.id.partition("::")[2])
        assert (test.__doc__ or "").startswith("Holds the harness"), law.id


def test_every_misprint_names_the_theorem_that_holds() -> None:
    entries = catalogue()
    theorems = {entry.id for entry in entries if entry.kind == "theorem"}
    wrong = [f"{e.id}: {e.corrected}" for e in entries if e.kind == "misprint" and e.corrected not in theorems]
    assert wrong == []


def test_a_derivations_module_prints_its_topic() -> None:
    command = [sys.executable, "-W", "error", "-m", "backproof.derivations.ensembles"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "Verdict: proved" in ran.stdout


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_of_derivations_can_be_run(topic: str) -> None:
    """The file that is run ends with one call, guarded in a module; in a package it holds nothing else."""
    package = ROOT / "derivations" / topic
    call, home = f'print_topic("{topic}")', "writing import print_topic"
    if package.is_dir():
        run, ending = package / "__main__.py", [f"from ..{home}", "", call]
        assert run.read_text(encoding="utf-8").splitlines() == ending
    else:
        run = package.with_suffix(".py")
        ending = ['if __name__ == "__main__":', f"    from .{home}", "", f"    {call}"]
        assert run.read_text(encoding="utf-8").rstrip().splitlines()[-4:] == ending


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if (ROOT / "derivations" / topic).is_dir()])
def test_a_package_of_derivations_reads_all_its_parts_in_its_order(topic: str) -> None:
    source = (ROOT / "derivations" / topic / "__init__.py").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom) and node.level == 1]
    reading = [alias.name for node in imports for alias in node.names]
    assert sorted(reading) == sorted(modules(f"derivations/{topic}"))
    met = [entry.write.__module__.rpartition(".")[2] for entry in catalogue(topic) if entry.write]
    assert met
    assert met == sorted(met, key=reading.index), "a part that imports a later one is listed after it"
