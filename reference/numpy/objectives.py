"""Objectives to try optimizers on, with their gradients by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]


def rosenbrock(x: Array) -> Array:
    """Return (1 - x_1)^2 + 100 (x_2 - x_1^2)^2, shape of x without its last axis; the minimum is 0, at (1, 1).

    Args:
        x: points of the plane, `(..., 2)`.

    Raises:
        ValueError: the last axis is not 2 long, or an entry is not finite.

    >>> float(rosenbrock(np.array([0.0, 1.0])))
    101.0
    """
    _check_plane(x)
    value: Array = (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2
    return value


def rosenbrock_gradient(x: Array) -> Array:
    """Return the gradient of `rosenbrock`, shape of x.

    >>> rosenbrock_gradient(np.array([0.0, 1.0]))
    array([ -2., 200.])
    """
    _check_plane(x)
    above = x[..., 1] - x[..., 0] ** 2
    return np.stack([2 * (x[..., 0] - 1) - 400 * x[..., 0] * above, 200 * above], axis=-1)


def _check_plane(x: Array) -> None:
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(f"x must have dimension 2, got x.shape={x.shape}")
    check.finite(x, "x")
