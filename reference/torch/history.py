"""What a training run recorded, and its picture; NumPy's, since it holds plain numbers."""

from __future__ import annotations

from ..numpy.history import History

__all__ = ["History"]
