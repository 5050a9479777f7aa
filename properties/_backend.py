"""One reference implementation as a subject of the laws: the `backend` that a law is given."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

BACKENDS = ("numpy", "torch", "cuda")


class Backend:
    """Return a namespace whose attributes are the reference modules of one backend, imported when first read.

    `backend.losses` is `backproof.reference.numpy.losses` under the name "numpy" and `backproof.reference.torch.losses`
    under "torch" and "cuda"; `.device` is where `asarray` puts what it makes.

    >>> Backend("numpy").asarray([1, 2]).dtype
    dtype('float64')
    """

    def __init__(self, name: str) -> None:
        if name not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")
        self.name = name
        self.device = "cuda" if name == "cuda" else "cpu"
        self._family = "numpy" if name == "numpy" else "torch"

    def __getattr__(self, topic: str) -> Any:
        if topic.startswith("_"):
            raise AttributeError(topic)
        try:
            module = import_module(f"backproof.reference.{self._family}.{topic}")
        except ModuleNotFoundError as error:
            if error.name == f"backproof.reference.{self._family}.{topic}":
                raise AttributeError(f"backproof.reference.{self._family} has no topic {topic!r}") from None
            raise
        # From now on it is found without a call: a law asks for it at every step.
        setattr(self, topic, module)
        return module

    def __repr__(self) -> str:
        return self.name

    def asarray(self, x: Any, dtype: str = "float64") -> Any:
        """Return `x` as this backend's array of the named dtype, on its device."""
        if self.name == "numpy":
            return np.asarray(x, dtype=dtype)
        import torch

        if isinstance(x, torch.Tensor):
            return x.to(self.device, getattr(torch, dtype))
        return torch.as_tensor(np.array(x, dtype=dtype), device=self.device)

    def to_numpy(self, x: Any) -> np.ndarray:
        """Return `x` as a NumPy array of its own dtype, cut from any graph and copied from any device."""
        return x.detach().cpu().numpy() if hasattr(x, "detach") else np.asarray(x)


def missing(name: str) -> str | None:
    """Return why the named backend cannot run on this machine, or None when it can."""
    if name == "numpy":
        return None
    try:
        import torch
    except ImportError:
        return "torch is not installed: pip install 'backproof[torch]'"
    if name == "cuda" and not torch.cuda.is_available():
        return "no CUDA device"
    return None
