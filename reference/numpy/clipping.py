"""Clipping a gradient's global norm: shorter steps at cliffs, the direction kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]


def clip_global_norm(gradients: Sequence[Array], max_norm: float) -> list[Array]:
    """Return min(1, c / |g|) g for the norm over all the arrays together, the same shapes; zero stays zero.

    Args:
        gradients: arrays of any shapes.
        max_norm: c, above 0.

    Raises:
        ValueError: max_norm is not above 0, a gradient is not finite.

    Source: Pascanu, Mikolov and Bengio 2013. torch.nn.utils.clip_grad_norm_ divides by |g| + 1e-6.

    >>> clip_global_norm([np.array([3.0]), np.array([4.0])], 1.0)
    [array([0.6]), array([0.8])]
    """
    check.positive(max_norm, "max_norm")
    for gradient in gradients:
        check.finite(gradient, "gradients")
    norm = _norm(np.concatenate([np.ravel(gradient) for gradient in gradients])) if gradients else np.zeros(1)
    factor = _factor(norm, max_norm)
    return [gradient * factor.astype(gradient.dtype)[0] for gradient in gradients]


def _norm(flat: Array) -> Array:
    """Return the norm along the last axis, kept as an axis, without overflow of the squares."""
    scale = np.abs(flat).max(axis=-1, keepdims=True, initial=0)
    unit = flat / np.where(scale > 0, scale, 1)
    norm: Array = scale * np.sqrt((unit * unit).sum(axis=-1, keepdims=True))
    return norm


def _factor(norm: Array, max_norm: Any) -> Array:
    factor: Array = np.minimum(1, max_norm / np.where(norm > 0, norm, max_norm))
    return factor
