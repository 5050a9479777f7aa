"""Ensembles: bootstrap samples, bagged training, the members' mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network
from .activations import softmax
from .backprop import forward
from .initialization import initial_parameters
from .training import Run, train

Array = np.ndarray[Any, Any]


def bootstrap_indices(n: int, members: int, rng: np.random.Generator) -> Array:
    """Return n indices with replacement for each member, `(members, n)`.

    A member misses a given example with probability (1 - 1/n)^n, about 1/e.

    >>> bootstrap_indices(5, 3, np.random.default_rng(0)).shape
    (3, 5)
    """
    check.at_least(n, 1, "n")
    check.at_least(members, 1, "members")
    return rng.integers(0, n, (members, n))


def bagging(
    network: Network, inputs: Array, targets: Array, *, members: int, rng: np.random.Generator, **training: Any
) -> Run:
    """Return the run of `members` networks as a fleet, `run.theta` of shape `(members, parameters)`.

    Each member has a bootstrap sample, a start, a data order and dropout masks of its own. `training` are `train`'s
    arguments (epochs, batch_size, lr, ...) and `initializer`.

    Raises:
        ValueError: as `train` does.

    >>> from backproof.reference.architecture import perceptron
    >>> run = bagging(perceptron((2, 2)), np.eye(2), np.array([0, 1]), members=3, rng=np.random.default_rng(0),
    ...               epochs=1, batch_size=2)
    >>> run.theta.shape
    (3, 6)
    """
    samples = bootstrap_indices(len(inputs), members, rng)
    rngs = rng.spawn(members)
    initializer = training.pop("initializer", "xavier_normal")
    theta = initial_parameters(network, rngs, initializer=initializer, dtype=inputs.dtype)
    return train(network, theta, inputs, targets, rng=rngs, samples=samples, **training)


def ensemble_mean(predictions: Array | Sequence[Array]) -> Array:
    """Return the arithmetic mean over the members, the first axis.

    For probabilities the mean stays a distribution, which averaged logits (a normalized geometric mean) share only
    after softmax.

    >>> ensemble_mean(np.array([[0.2, 0.8], [0.6, 0.4]]))
    array([0.4, 0.6])
    """
    predictions = np.asarray(predictions)
    check.not_empty(predictions, "predictions")
    mean: Array = predictions.mean(axis=0)
    return mean


def ensemble_probabilities(network: Network, theta: Array, inputs: Array) -> Array:
    """Return the mean of the members' softmax probabilities, `(batch, classes)`; theta is `(members, parameters)`.

    >>> from backproof.reference.architecture import perceptron
    >>> ensemble_probabilities(perceptron((1, 2)), np.zeros((3, 4)), np.ones((1, 1)))
    array([[0.5, 0.5]])
    """
    return ensemble_mean(softmax(forward(network, theta, inputs)))


def geometric_mean(probabilities: Array, weights: Array | None = None) -> Array:
    """Return prod_m p_m^w_m, normalized, `(..., classes)` from `(members, ..., classes)`; weights sum to 1, equal
    when None.

    Over all 2^n dropout masks of a softmax classifier's inputs it is softmax((1 - p) W x + b).

    >>> geometric_mean(np.array([[0.5, 0.5], [0.8, 0.2]]))  # sqrt(.5 .8) : sqrt(.5 .2) = 2 : 1
    array([0.66666667, 0.33333333])
    """
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities)
    weighted = logs.mean(axis=0) if weights is None else np.tensordot(weights, logs, axes=1)
    return softmax(weighted)


def weight_average(thetas: Array | Sequence[Array]) -> Array:
    """Return the arithmetic mean of the parameters, `(parameters,)`: one network for a whole ensemble of checkpoints.

    >>> weight_average([np.array([1.0, 2.0]), np.array([3.0, 6.0])])
    array([2., 4.])
    """
    return ensemble_mean(thetas)
