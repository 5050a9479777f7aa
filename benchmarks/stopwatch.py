"""A pytest plugin: Hypothesis draws so many examples, and the CPU seconds of each law are written as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stopwatch")
    group.addoption("--stopwatch-examples", type=int, required=True)
    group.addoption("--stopwatch-seconds", type=Path, required=True, metavar="PATH")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # The profile in force is backproof's own; only the number of examples is another.
    ours, examples = settings.get_current_profile_name(), config.getoption("--stopwatch-examples")
    settings.register_profile("stopwatch", settings.get_profile(ours), max_examples=examples)
    settings.load_profile("stopwatch")
    config.pluginmanager.register(Stopwatch(config.getoption("--stopwatch-seconds")))


class Stopwatch:
    """Keeps the CPU seconds of each test's call, and the tests that failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        start = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid.rpartition("/")[2]] = time.process_time() - start

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid.rpartition("/")[2])

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps({"seconds": self.seconds, "failed": self.failed}), encoding="utf-8")
