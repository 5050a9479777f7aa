"""What is installed, what an import costs, and that a checkout without symbolic links works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKS = ("derivations", "properties", "reference")


def python(code: str, *, path: Path = ROOT, cwd: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="session")
def installed(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.mark.slow
def test_the_only_name_in_the_wheel_is_backproof(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"backproof"}
    assert len(names) == 2


@pytest.mark.slow
def test_the_wheel_holds_every_module_of_the_checkout(installed: Path) -> None:
    for folder in LINKS:
        modules = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py")}
        assert modules
        assert [path for path in sorted(modules) if not (installed / "backproof" / path).is_file()] == []


@pytest.mark.slow
def test_the_installed_command_runs_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "from backproof.cli import main; main(['claims', '--topic', 'ensembles'])"
    assert "ensemble-mean-squared-error" in python(code, path=installed, cwd=tmp_path)


@pytest.mark.slow
def test_the_source_distribution_holds_files_for_links(distributions: Path) -> None:
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        members = {Path(member.name).relative_to(Path(member.name).parts[0]): member for member in archive}
    assert members[Path("backproof/derivations/__init__.py")].isfile()
    assert Path("tests/test_packaging.py") in members


def test_a_checkout_without_symbolic_links_works(tmp_path: Path) -> None:
    for folder in LINKS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copytree(ROOT / "backproof", tmp_path / "backproof", ignore=shutil.ignore_patterns(*LINKS))
    for folder in LINKS:  # what git writes there instead of a link
        (tmp_path / "backproof" / folder).write_text(f"../{folder}")
    code = "import backproof.reference.numpy; from backproof.derivations import TOPICS; print(len(TOPICS))"
    assert python(code, path=tmp_path, cwd=tmp_path) == "20\n"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("backproof", ["numpy", "sympy", "torch", "hypothesis", "rich"]),
        ("backproof.cli", ["sympy", "torch", "hypothesis", "pytest"]),
        ("backproof.plugin", ["numpy", "sympy", "torch", "hypothesis"]),
        ("backproof.properties", ["sympy", "torch", "hypothesis"]),
        ("backproof.derivations", ["torch", "hypothesis", "backproof.reference", "backproof.properties"]),
        ("backproof.reference.numpy", ["torch", "sympy", "backproof.derivations", "backproof.properties"]),
        ("backproof.reference.torch", ["sympy", "backproof.derivations", "backproof.properties"]),
    ],
)
def test_an_import_loads_nothing_it_does_not_need(module: str, forbidden: list[str]) -> None:
    loaded = python(f"import sys, {module}; print(*sys.modules)").split()
    assert [name for name in forbidden if name in loaded] == []


def test_listing_the_claims_imports_no_torch_and_takes_less_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    # Processor time, which a busy machine does not stretch.
    code = (
        "import sys, time\n"
        "from backproof.cli import main\n"
        "try: main(['claims'])\n"
        "except SystemExit: print('torch' in sys.modules, time.process_time() < 1)"
    )
    # As in an installed package: where Python may keep no bytecode, compiling the sources takes a third of a second.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    python(code)
    assert python(code).splitlines()[-1] == "False True"
