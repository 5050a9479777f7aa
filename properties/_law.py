"""The mark that makes a Hypothesis test a law of a theorem, and the list of all laws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

# Every statistical test rejects a correct implementation with at most this probability: a thousand of them, 1e-6.
FALSE_ALARM = 1e-9

Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True)
class Law:
    """A test that holds an implementation to one theorem, or the harness of the experiment that a remark reports."""

    id: str
    theorem: str
    topic: str


_laws: dict[str, Law] = {}


def law(theorem: str) -> Callable[[Test], Test]:
    """Return the decorator that registers a test as a law of `theorem`; write it above `@given`.

    The law's id is `topic::test_name`, the topic being the module's name. A second law of one id is a ValueError.

    >>> @law("xavier-variance")
    ... def test_variance_is_kept(backend): ...
    >>> laws("_law")[0].id, laws("_law")[0].theorem
    ('_law::test_variance_is_kept', 'xavier-variance')
    """
    import pytest

    def register(test: Test) -> Test:
        topic = test.__module__.rpartition(".")[2]
        entry = Law(f"{topic}::{test.__name__}", theorem, topic)
        if _laws.setdefault(entry.id, entry) != entry:
            raise ValueError(
                f"a law id must be unique, got {entry.id!r} for {_laws[entry.id].theorem!r} and {theorem!r}"
            )
        marked: Test = pytest.mark.law(theorem)(test)
        return marked

    return register


def laws(topic: str | None = None) -> tuple[Law, ...]:
    """Return the laws of one topic, or of every topic, in the order of the files; imports them, runs none."""
    folder = Path(__file__).parent
    topics = [topic] if topic else sorted(path.stem for path in folder.glob("[a-z]*.py"))
    for name in topics:
        if (folder / f"{name}.py").is_file():
            import_module(f"backproof.properties.{name}")
    return tuple(entry for entry in _laws.values() if entry.topic in topics)
