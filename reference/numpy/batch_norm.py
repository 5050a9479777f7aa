"""Batch normalization: training by the batch's statistics, inference by the population's.

Features lie on the last axis, `(..., batch, features)`, or, with `images=True`, on the third from the end of
`(..., batch, features, height, width)`. The biased variance normalizes; eps is under the root.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]


def _axes(images: bool) -> tuple[int, ...]:
    return (-4, -2, -1) if images else (-2,)


def _spread(features: Array, images: bool) -> Array:
    """Return `(..., features)` with the axes that were averaged over put back."""
    spread: Array = features[..., None, :, None, None] if images else features[..., None, :]
    return spread


def _check(inputs: Array, eps: float, images: bool) -> None:
    check.nonnegative(eps, "eps")
    if inputs.ndim < (4 if images else 2):
        wanted = "(batch, features, height, width)" if images else "(batch, features)"
        raise ValueError(f"inputs must have the axes {wanted}, got inputs.shape={inputs.shape}")
    check.not_empty(inputs, "inputs")


def batch_statistics(inputs: Array, *, images: bool = False) -> tuple[Array, Array]:
    """Return the mean and the biased variance of each feature over the batch, `(features,)` each.

    >>> batch_statistics(np.array([[1.0], [3.0]]))
    (array([2.]), array([1.]))
    """
    _check(inputs, 0.0, images)
    mean = inputs.mean(axis=_axes(images))
    return mean, np.square(inputs - _spread(mean, images)).mean(axis=_axes(images))


def batch_norm(inputs: Array, gamma: Array, beta: Array, *, eps: float = 1e-5, images: bool = False) -> Array:
    """Return gamma (x - mean) / sqrt(variance + eps) + beta by the batch's own statistics, shape of the inputs.

    Args:
        inputs: x; a batch of one gives beta.
        gamma, beta: `(features,)`.
        eps: at least 0; a constant feature gives beta, whatever eps.

    Raises:
        ValueError: eps negative, too few axes, no example.

    Source: Ioffe and Szegedy 2015; one deck leaves out gamma and beta.

    >>> batch_norm(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([5.0]), eps=0.0).ravel()
    array([3., 7.])
    """
    _check(inputs, eps, images)
    normalized, _ = _normalized(inputs, eps, images)
    return normalized * _spread(gamma, images) + _spread(beta, images)


def _normalized(inputs: Array, eps: float, images: bool) -> tuple[Array, Array]:
    """Return x_hat and 1 / sqrt(variance + eps), 0 where that is 1 / 0, for the features' axes."""
    mean, variance = batch_statistics(inputs, images=images)
    root = np.sqrt(variance + eps)
    inverse = _spread(np.where(root > 0, 1 / np.where(root > 0, root, 1), 0).astype(inputs.dtype), images)
    return (inputs - _spread(mean, images)) * inverse, inverse


def batch_norm_gradient(
    output_gradient: Array, inputs: Array, gamma: Array, *, eps: float = 1e-5, images: bool = False
) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to inputs, gamma and beta; the batch's statistics depend on every input.

    dx = gamma / sqrt(variance + eps) (dy - mean(dy) - x_hat mean(dy x_hat)), dgamma = sum dy x_hat, dbeta = sum dy.

    >>> dy, x = np.array([[1.0], [0.0]]), np.array([[1.0], [3.0]])
    >>> dx, dgamma, dbeta = batch_norm_gradient(dy, x, np.array([2.0]), eps=0.0)
    >>> dx.ravel(), dgamma, dbeta  # two points are always normalized to -1 and 1: no gradient is left
    (array([0., 0.]), array([-1.]), array([1.]))
    """
    _check(inputs, eps, images)
    check.same_shape(inputs, output_gradient, "inputs", "output_gradient")
    normalized, inverse = _normalized(inputs, eps, images)
    return _gradient(output_gradient, normalized, inverse, gamma, images)


def _gradient(
    output_gradient: Array, normalized: Array, inverse: Array, gamma: Array, images: bool
) -> tuple[Array, Array, Array]:
    axes = _axes(images)
    dgamma, dbeta = (output_gradient * normalized).sum(axis=axes), output_gradient.sum(axis=axes)
    examples = math.prod(normalized.shape[axis] for axis in axes)
    centered = output_gradient - _spread(dbeta, images) / examples - normalized * _spread(dgamma, images) / examples
    return _spread(gamma, images) * inverse * centered, dgamma, dbeta


def batch_norm_inference(
    inputs: Array,
    gamma: Array,
    beta: Array,
    mean: Array,
    variance: Array,
    *,
    eps: float = 1e-5,
    images: bool = False,
) -> Array:
    """Return gamma (x - mean) / sqrt(variance + eps) + beta by given statistics: one affine map, whatever the batch.

    >>> one, two = np.array([1.0]), np.array([2.0])
    >>> batch_norm_inference(np.array([[4.0]]), two, one, two, np.array([4.0]), eps=0.0)  # 2 (4 - 2) / 2 + 1
    array([[3.]])
    """
    _check(inputs, eps, images)
    check.nonnegative(variance, "variance")
    scale = gamma / np.sqrt(variance + eps)
    return inputs * _spread(scale, images) + _spread(beta - mean * scale, images)


def population_statistics(means: Sequence[Array], variances: Sequence[Array], examples: int) -> tuple[Array, Array]:
    """Return the mean of the batches' means, and m / (m - 1) times the mean of their biased variances.

    Args:
        means, variances: `batch_statistics` of batches of one size.
        examples: m, how many values each statistic was taken over (batch, or batch times area), at least 2.

    The factor makes the variance unbiased. torch and Keras keep moving averages over training instead.

    >>> one, three = np.array([1.0]), np.array([3.0])
    >>> population_statistics([one, three], [one, one], 2)
    (array([2.]), array([2.]))
    """
    check.at_least(examples, 2, "examples")
    if not len(means) or len(means) != len(variances):
        raise ValueError(f"means must hold one array for each of {len(variances)} variances, got means={len(means)}")
    return np.mean(means, axis=0), np.mean(variances, axis=0) * (examples / (examples - 1))
