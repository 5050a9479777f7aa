"""The pytest plugin: two fixtures, Hypothesis profiles, and one line of JSON for each law that ran."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from backproof.properties import Backend

#: Examples of each law, by profile.
EXAMPLES = {"quick": 10, "ci": 50, "nightly": 1000}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("backproof")
    group.addoption(
        "--backproof-backend",
        action="append",
        choices=["numpy", "torch", "cuda", "all"],
        help="the reference implementation that the laws are run on; repeat it for several (default: all)",
    )
    group.addoption(
        "--backproof-profile",
        choices=list(EXAMPLES),
        help="Hypothesis settings: quick and ci repeat the same 10 or 50 examples, nightly looks for 1000 new ones",
    )
    group.addoption(
        "--backproof-theorem",
        action="append",
        metavar="ID",
        help="run only the laws of this theorem; repeat it for several",
    )
    group.addoption("--backproof-results", metavar="PATH", help="append a line of JSON to PATH for each law that ran")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "law(theorem): holds an implementation to the theorem of this id")
    if config.getoption("--backproof-profile"):
        load_profile(config.getoption("--backproof-profile"), config.getoption("--hypothesis-seed", None))
    path = config.getoption("--backproof-results")
    if path:
        config.pluginmanager.register(Results(partial(append, Path(path))), "backproof-results")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    # Only of laws: an installed plugin leaves alone what other people call a backend.
    if "backend" in metafunc.fixturenames and metafunc.definition.get_closest_marker("law"):
        from backproof.properties._backend import BACKENDS

        chosen = metafunc.config.getoption("--backproof-backend") or ["all"]
        names = BACKENDS if "all" in chosen else [name for name in BACKENDS if name in chosen]
        metafunc.parametrize("backend", names, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = config.getoption("--backproof-theorem")
    if not chosen:
        return
    kept = [item for item in items if any(mark.args[0] in chosen for mark in item.iter_markers("law"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """The reference implementation under test; skipped with the reason where this machine cannot run it."""
    from backproof.properties import Backend
    from backproof.properties._backend import missing

    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    return Backend(request.param)


@pytest.fixture(scope="session")
def oracle() -> Callable[[str, str], Any]:
    """`backproof.derivations.oracle`: `oracle(theorem, claim)` is what a hand-written test compares with."""
    from backproof.derivations import oracle

    return oracle


def load_profile(name: str, seed: str | None) -> None:
    """Make the named Hypothesis settings the default; a given seed replaces their own choice of examples."""
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        f"backproof-{name}",
        max_examples=EXAMPLES[name],
        derandomize=name != "nightly" and seed is None,
        database=None,
        # How long an example takes says something of the machine, nothing of the law.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile(f"backproof-{name}")


class Results:
    """Says what became of each law as soon as it is known, so that a caller can show progress."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self.say = say

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        mark = item.get_closest_marker("law")
        if mark and isinstance(item, pytest.Function) and (report.when == "call" or not report.passed):
            self.say(
                {
                    "id": f"{item.path.stem}::{item.originalname}",
                    "theorem": mark.args[0],
                    "backend": item.callspec.params.get("backend") if hasattr(item, "callspec") else None,
                    "outcome": report.outcome,
                    "seconds": round(report.duration, 3),
                    "detail": "" if report.passed else report.longreprtext,
                }
            )
        return report


def append(path: Path, row: dict[str, Any]) -> None:
    """Write the row as one more line of JSON."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
