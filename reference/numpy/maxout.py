"""Maxout units: the largest of several affine functions, a learned convex activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]


def maxout(inputs: Array, weights: Array, bias: Array, pieces: int) -> Array:
    """Return max over j of (h W + b)[i, j], `(..., batch, units)`.

    Args:
        inputs: h, `(..., batch, fan_in)`.
        weights: W, `(..., fan_in, units * pieces)`, a unit's pieces side by side.
        bias: b, `(..., units * pieces)`.
        pieces: affine functions a unit, at least 1.

    Raises:
        ValueError: sizes that do not fit.

    Source: Goodfellow et al. 2013.

    >>> maxout(np.array([[-3.0]]), np.array([[1.0, -1.0]]), np.zeros(2), 2)  # max(x, -x)
    array([[3.]])
    """
    largest: Array = _pieces(inputs, weights, bias, pieces).max(axis=-1)
    return largest


def _pieces(inputs: Array, weights: Array, bias: Array, pieces: int) -> Array:
    check.at_least(pieces, 1, "pieces")
    if weights.shape[-2] != inputs.shape[-1] or weights.shape[-1] % pieces or bias.shape[-1] != weights.shape[-1]:
        raise ValueError(
            f"weights must be (fan_in, units * pieces) with pieces={pieces} and as many biases, got "
            f"weights.shape={weights.shape} for inputs.shape={inputs.shape} and bias.shape={bias.shape}"
        )
    affine: Array = np.matmul(inputs, weights) + bias[..., None, :]
    return affine.reshape(*affine.shape[:-1], -1, pieces)


def maxout_gradient(
    output_gradient: Array, inputs: Array, weights: Array, bias: Array, pieces: int
) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to inputs, weights and bias; a unit's goes to its first largest piece.

    >>> dx, dw, db = maxout_gradient(np.array([[1.0]]), np.array([[-3.0]]), np.array([[1.0, -1.0]]), np.zeros(2), 2)
    >>> dx.ravel(), dw.ravel(), db
    (array([-1.]), array([ 0., -3.]), array([0., 1.]))
    """
    affine = _pieces(inputs, weights, bias, pieces)
    delta = _routed(output_gradient, affine)
    return (
        np.matmul(delta, np.swapaxes(weights, -1, -2)),
        np.matmul(np.swapaxes(inputs, -1, -2), delta),
        delta.sum(axis=-2),
    )


def _routed(output_gradient: Array, affine: Array) -> Array:
    """Return the gradient with respect to the affine functions, `(..., batch, units * pieces)`."""
    delta = np.zeros_like(affine)
    np.put_along_axis(delta, affine.argmax(axis=-1)[..., None], output_gradient[..., None], axis=-1)
    return delta.reshape(*delta.shape[:-2], -1)
