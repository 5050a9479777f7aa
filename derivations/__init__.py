"""What is true: every result derived from definitions for all sizes, with a second engine behind the first."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kernel import Entry

TOPICS = (
    "activations", "losses", "backprop", "convnets", "expressivity", "quadratics", "line_search", "momentum",
    "adaptive", "second_order", "stochastic", "saddle_points", "schedules", "regularization", "ensembles", "dropout",
    "initialization", "batch_norm", "generalization", "hyperparameter_search",
)  # fmt: skip


def catalogue(topic: str | None = None) -> tuple[Entry, ...]:
    """Return all entries (theorems, misprints, remarks), of one topic if given, without deriving any."""
    import importlib

    from .kernel.theorem import REGISTRY

    if topic is not None and topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, got {_nearest(topic, TOPICS)}")
    for name in TOPICS if topic is None else (topic,):
        importlib.import_module(f"{__name__}.{name}")
    order = {name: place for place, name in enumerate(TOPICS)}
    entries = [e for e in REGISTRY.values() if e.topic in order and topic in (None, e.topic)]
    return tuple(sorted(entries, key=lambda e: order[e.topic]))


def find(id: str) -> Entry:
    """Return the entry with this id; a ValueError names the nearest ids otherwise."""
    entries = {e.id: e for e in catalogue()}
    if id not in entries:
        raise ValueError(f"no theorem has the id {_nearest(id, entries)}")
    return entries[id]


@functools.cache
def oracle(id: str, claim: str) -> Any:
    """Return the oracle of a theorem's claim: its proved expression as a function (see `kernel.oracle`)."""
    from .kernel.oracle import oracle_of

    return oracle_of(find(id), claim)


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"{name!r}" + (f"; nearest: {', '.join(close)}" if close else "")


__all__ = ["TOPICS", "catalogue", "find", "oracle"]
