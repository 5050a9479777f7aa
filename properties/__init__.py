"""Laws: Hypothesis tests that hold an implementation to the proved theorems."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._backend import Backend
    from ._law import FALSE_ALARM, Law, law, laws
    from .subjects import conformance

__all__ = ["FALSE_ALARM", "Backend", "Law", "conformance", "law", "laws"]

_homes = {
    "FALSE_ALARM": "_law",
    "Law": "_law",
    "law": "_law",
    "laws": "_law",
    "Backend": "_backend",
    "conformance": "subjects",
}


def __getattr__(name: str) -> Any:
    if name in _homes:
        return getattr(import_module(f"{__name__}.{_homes[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
