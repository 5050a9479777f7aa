"""One wrong implementation: what it is held to, where the bug was seen, and the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """`id` as in the collection of bugs; `source` is where the bug was reported, or `own` for one we thought of."""

    id: str
    source: str
    rule: str
    target: Any
    hyper: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id}-{self.rule}"
