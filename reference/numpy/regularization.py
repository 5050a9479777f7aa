"""Penalties on weights and activities, and early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network

Array = np.ndarray[Any, Any]


def weight_mask(network: Network) -> Array:
    """Return which entries of theta are weights, `(parameters,)`: biases and scales are not penalized.

    >>> from backproof.reference.architecture import perceptron
    >>> weight_mask(perceptron((2, 1))).tolist()
    [True, True, False]
    """
    mask = np.zeros(network.parameter_count, dtype=bool)
    for arrays in network.views(mask):
        for array in arrays:
            array[...] = array.ndim > 1
    return mask


def l1_penalty(weights: Array, strength: float | Array) -> Array:
    """Return strength * sum |w|, a scalar; with an array of strengths, one a member of the leading axis.

    >>> float(l1_penalty(np.array([1.0, -2.0]), 0.5))
    1.5
    """
    check.nonnegative(strength, "strength")
    penalty: Array = strength * _sum(np.abs(weights), strength)
    return penalty


def l1_penalty_gradient(weights: Array, strength: float | Array) -> Array:
    """Return strength * sign(w), 0 at w = 0, shape of the weights.

    >>> l1_penalty_gradient(np.array([1.0, -2.0, 0.0]), 0.5)
    array([ 0.5, -0.5,  0. ])
    """
    check.nonnegative(strength, "strength")
    gradient: Array = _spread(strength, weights) * np.sign(weights)
    return gradient


def l2_penalty(weights: Array, strength: float | Array) -> Array:
    """Return strength * sum w^2, without 1/2; with an array of strengths, one a member of the leading axis.

    torch's weight_decay is twice the strength, and shrinks biases too unless they have a group of their own.

    >>> float(l2_penalty(np.array([1.0, -2.0]), 0.5))
    2.5
    """
    check.nonnegative(strength, "strength")
    penalty: Array = strength * _sum(weights * weights, strength)
    return penalty


def l2_penalty_gradient(weights: Array, strength: float | Array) -> Array:
    """Return 2 strength w, shape of the weights.

    >>> l2_penalty_gradient(np.array([1.0, -2.0]), 0.5)
    array([ 1., -2.])
    """
    check.nonnegative(strength, "strength")
    gradient: Array = 2 * _spread(strength, weights) * weights
    return gradient


def _sum(terms: Array, strength: Any) -> Any:
    return terms.sum(axis=tuple(range(np.ndim(strength), terms.ndim)))


def _spread(strength: Any, weights: Array) -> Any:
    return np.reshape(strength, np.shape(strength) + (1,) * (weights.ndim - np.ndim(strength)))


def activity_penalty(activations: Array, strength: float) -> Array:
    """Return strength * sum |h| / batch, a scalar: an L1 penalty on a layer's outputs, which makes them sparse.

    Args:
        activations: h, `(batch, ...)`.

    >>> float(activity_penalty(np.array([[1.0, -1.0], [2.0, 0.0]]), 0.5))  # (1 + 1 + 2) / 2 halves
    1.0
    """
    check.nonnegative(strength, "strength")
    check.not_empty(activations, "activations")
    penalty: Array = strength * np.abs(activations).sum() / len(activations)
    return penalty


def activity_penalty_gradient(activations: Array, strength: float) -> Array:
    """Return strength * sign(h) / batch, shape of the activations.

    >>> activity_penalty_gradient(np.array([[1.0, -1.0], [2.0, 0.0]]), 0.5)
    array([[ 0.25, -0.25],
           [ 0.25,  0.  ]])
    """
    check.nonnegative(strength, "strength")
    check.not_empty(activations, "activations")
    return strength * np.sign(activations) / len(activations)


def soft_threshold(weights: Array, threshold: float | Array) -> Array:
    """Return sign(w) max(|w| - threshold, 0): the minimizer over x of (x - w)^2 / 2 + threshold |x|.

    >>> soft_threshold(np.array([3.0, -0.5]), 1.0)
    array([ 2., -0.])
    """
    check.nonnegative(threshold, "threshold")
    shrunk: Array = np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)
    return shrunk


@dataclass
class EarlyStopping:
    """Stops at the `patience`-th consecutive value that is no improvement; lower is better, strictly; steps count
    from 0.

    >>> stopping = EarlyStopping(2)
    >>> [stopping.update(value) for value in [3.0, 1.0, 2.0, 1.0]], stopping.best_step
    ([False, False, False, True], 1)
    """

    patience: int
    best: float = np.inf
    best_step: int = -1
    step: int = -1

    def __post_init__(self) -> None:
        check.at_least(self.patience, 1, "patience")

    def update(self, value: float) -> bool:
        """Note the next value; return whether to stop. A NaN is no improvement."""
        self.step += 1
        if value < self.best:
            self.best, self.best_step = value, self.step
        return self.step - max(self.best_step, -1) >= self.patience
