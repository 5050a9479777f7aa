"""Loads the plugin where backproof is not installed; where it is, the entry point of the same name did."""

import gc
import os
from typing import Any

import pytest

# The processes of `-n` inherit it, and their NumPy and torch read it once: with a thread a core each they fight.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# What SymPy and Hypothesis keep is no garbage: to look through it every 700 objects takes a fourteenth of the suite.
gc.set_threshold(100_000, 20, 20)

pytest_plugins = ["backproof.plugin"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what needs a topic's derivations to one process of `-n --dist loadgroup`, so that they are made once."""
    for item in items:
        name = topic(item)
        if name:
            item.add_marker(pytest.mark.xdist_group(name))


def topic(item: pytest.Item) -> str | None:
    given: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if item.get_closest_marker("law"):
        return item.path.stem
    if item.path.name == "test_derivations.py" and "entry" in given:
        return given["entry"].topic
    if item.path.name == "test_catching.py":
        return given["topic"] if "topic" in given else None
    # One builds a wheel, one starts torch's compiler.
    return item.path.stem if item.path.name in ("test_packaging.py", "test_reference_compiled.py") else None
