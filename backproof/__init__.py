"""Proofs of the mathematics of training feed-forward networks, and laws that hold implementations to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.conformance import NotCheckable, check, identify

__all__ = ["NotCheckable", "__version__", "check", "identify"]

# A checkout without symbolic links (Windows, some archives) has the three folders beside this one.
_here = Path(__file__).resolve().parent
if not (_here / "derivations" / "__init__.py").is_file():
    __path__.append(str(_here.parent))


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before: `import backproof` costs no SymPy and no torch."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("backproof")
        except PackageNotFoundError:
            return "0+uninstalled"
    if name in __all__:
        from backproof import conformance

        return getattr(conformance, name)
    raise AttributeError(f"module 'backproof' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
