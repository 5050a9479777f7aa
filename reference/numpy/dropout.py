"""Dropout: masks, the layer on plain arrays, and averages over masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Dropout, Network

Array = np.ndarray[Any, Any]


def mask(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
    """Return independent entries that are 0 with probability p (the probability of dropping) and 1 otherwise, bytes.

    Raises:
        ValueError: p is not in [0, 1).

    >>> mask((4,), 0.0, np.random.default_rng(0))
    array([1, 1, 1, 1], dtype=int8)
    """
    check.fraction(p, "p")
    return (rng.random(shape) >= p).astype(np.int8)


def masks(network: Network, batch: int, rng: np.random.Generator | Sequence[np.random.Generator]) -> list[Array]:
    """Return one mask, `(batch, *units)`, for each dropout layer in order; `(fleet, batch, *units)` from a sequence
    of rngs.

    >>> from backproof.reference.architecture import perceptron
    >>> [m.shape for m in masks(perceptron((4, 3, 2), dropout=0.5), 5, np.random.default_rng(0))]
    [(5, 3)]
    """
    shapes = [
        (layer.p, (batch, *network.shapes[index]))
        for index, layer in enumerate(network.layers)
        if isinstance(layer, Dropout)
    ]
    if isinstance(rng, np.random.Generator):
        return [mask(shape, p, rng) for p, shape in shapes]
    return [np.stack([mask(shape, p, member) for member in rng]) for p, shape in shapes]


def dropout(activations: Array, mask: Array | None, p: float, *, inverted: bool = True) -> Array:
    """Return the activations after dropout, same shape.

    Training (a mask): mask a / (1 - p), or mask a where not `inverted`; test (mask None): a, or (1 - p) a where not
    `inverted`.
    Either way the expectation over masks at training equals the value at test. p is the probability of dropping, as
    in torch and Keras; the decks' first network keeps with probability p.

    >>> dropout(np.array([1.0, 1.0]), np.array([1, 0]), 0.5)
    array([2., 0.])
    """
    check.fraction(p, "p")
    if mask is None:
        return activations if inverted else activations * (1.0 - p)
    check.same_shape(activations, mask, "activations", "mask")
    kept: Array = activations * mask
    return kept / (1.0 - p) if inverted else kept


def dropout_gradient(output_gradient: Array, mask: Array, p: float, *, inverted: bool = True) -> Array:
    """Return the gradient with respect to the activations: the same mask and scale as forward.

    >>> dropout_gradient(np.array([1.0, 1.0]), np.array([1, 0]), 0.5)
    array([2., 0.])
    """
    return dropout(output_gradient, mask, p, inverted=inverted)
