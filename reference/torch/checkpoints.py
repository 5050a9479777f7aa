"""Checkpoints of a training run; NumPy's, since safetensors writes both backends' tensors alike."""

from __future__ import annotations

from ..numpy.checkpoints import load, save

__all__ = ["load", "save"]
