"""Dropout: masks, the layer on plain arrays, and averages over masks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Dropout, Network
from .activations import softmax
from .backprop import forward

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
    `inverted`. Either way the expectation over masks at training equals the value at test. p is the probability of
    dropping, as in torch and Keras; the decks' first network keeps with probability p.

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


def monte_carlo_probabilities(
    network: Network, theta: Array, inputs: Array, *, samples: int, rng: np.random.Generator
) -> Array:
    """Return the softmax probabilities under so many independent masks, `(samples, batch, classes)`.

    Their mean is the Monte Carlo prediction, their spread the model's uncertainty.

    Source: Gal and Ghahramani 2016.

    >>> from backproof.reference.architecture import perceptron
    >>> network = perceptron((1, 2, 2), dropout=0.5)
    >>> monte_carlo_probabilities(network, np.zeros(10), np.ones((3, 1)), samples=4, rng=np.random.default_rng(0)).shape
    (4, 3, 2)
    """
    check.at_least(samples, 1, "samples")
    return np.stack(
        [softmax(forward(network, theta, inputs, masks=masks(network, len(inputs), rng))) for _ in range(samples)]
    )


def exact_average_probabilities(network: Network, theta: Array, inputs: Array) -> Array:
    """Return the softmax probabilities averaged over all 2^n masks by their probabilities, `(batch, classes)`.

    Args:
        network: with n <= 16 units under dropout in all.

    Raises:
        ValueError: more than 16 units under dropout.

    >>> from backproof.reference.architecture import perceptron
    >>> exact_average_probabilities(perceptron((1, 2, 2), dropout=0.5), np.zeros(10), np.ones((1, 1)))
    array([[0.5, 0.5]])
    """
    total: Any = 0.0
    for drawn, probability in _all_masks(network, len(inputs)):
        total = total + probability * softmax(forward(network, theta, inputs, masks=drawn))
    average: Array = total
    return average


def _all_masks(network: Network, batch: int) -> Iterator[tuple[list[Array], float]]:
    """Yield every combination of masks, the same for each example, with its probability."""
    layers = [(layer.p, network.shapes[i]) for i, layer in enumerate(network.layers) if isinstance(layer, Dropout)]
    sizes = [math.prod(shape) for _, shape in layers]
    if sum(sizes) > 16:
        raise ValueError(f"network must have at most 16 units under dropout to average exactly, got {sum(sizes)}")
    for bits in itertools.product((0, 1), repeat=sum(sizes)):
        drawn, probability, start = [], 1.0, 0
        for (p, shape), size in zip(layers, sizes, strict=True):
            kept = np.array(bits[start : start + size], dtype=np.int8)
            probability *= (1 - p) ** int(kept.sum()) * p ** int(size - kept.sum())
            drawn.append(np.broadcast_to(kept.reshape(shape), (batch, *shape)))
            start += size
        yield drawn, probability
