"""Activations and their derivatives, entry by entry on arrays of any shape.

Boundary choices: relu'(0) = 0, leaky_relu'(0) = slope, absolute'(0) = 0. The derivatives of the saturating ones go
    through
e^-|z|, so that they keep their relative accuracy in the tails, where y (1 - y) and 1 - y^2 round to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def identity(z: Array) -> Array:
    """Return z: the activation of a linear output.

    >>> identity(np.array([-1.0, 2.0]))
    array([-1.,  2.])
    """
    return z


def identity_derivative(z: Array) -> Array:
    """Return 1 for each entry.

    >>> identity_derivative(np.array([-1.0, 2.0]))
    array([1., 1.])
    """
    return np.ones_like(z)


def relu(z: Array) -> Array:
    """Return max(z, 0).

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(z, 0)


def relu_derivative(z: Array) -> Array:
    """Return 1 where z > 0, else 0; at z = 0, where every value in [0, 1] is a subgradient, 0.

    >>> relu_derivative(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])
    """
    return (z > 0).astype(z.dtype)


def absolute(z: Array) -> Array:
    """Return |z|, absolute-value rectification.

    >>> absolute(np.array([-1.5, 2.0]))
    array([1.5, 2. ])
    """
    return np.abs(z)


def absolute_derivative(z: Array) -> Array:
    """Return sign(z), 0 at z = 0.

    >>> absolute_derivative(np.array([-1.5, 0.0, 2.0]))
    array([-1.,  0.,  1.])
    """
    return np.sign(z)


def leaky_relu(z: Array, slope: float | Array = 0.01) -> Array:
    """Return z where z > 0, else slope z; with a learned slope it is the parametric ReLU.

    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return np.where(z > 0, z, slope * z)


def leaky_relu_derivative(z: Array, slope: float | Array = 0.01) -> Array:
    """Return 1 where z > 0, else slope.

    >>> leaky_relu_derivative(np.array([-1.0, 2.0]))
    array([0.01, 1.  ])
    """
    return np.where(z > 0, np.ones_like(z), np.asarray(slope, dtype=z.dtype))


def elu(z: Array, alpha: float = 1.0) -> Array:
    """Return z where z > 0, else alpha (e^z - 1).

    >>> elu(np.array([-np.log(2.0), 2.0]))
    array([-0.5,  2. ])
    """
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def elu_derivative(z: Array, alpha: float = 1.0) -> Array:
    """Return 1 where z > 0, else alpha e^z.

    >>> elu_derivative(np.array([-np.log(2.0), 2.0]))
    array([0.5, 1. ])
    """
    return np.where(z > 0, np.ones_like(z), alpha * np.exp(np.minimum(z, 0)))


def softplus(z: Array) -> Array:
    """Return log(1 + e^z), without overflow.

    >>> float(softplus(np.array(1e4)))
    10000.0
    """
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def softplus_derivative(z: Array) -> Array:
    """Return sigmoid(z).

    >>> float(softplus_derivative(np.array(0.0)))
    0.5
    """
    return sigmoid(z)


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + e^-z), without overflow and with full relative accuracy in both tails.

    >>> float(sigmoid(np.array(0.0))), float(sigmoid(np.array(-750.0)))
    (0.5, 0.0)
    """
    tail = np.exp(-np.abs(z))
    result: Array = np.where(z >= 0, np.ones_like(tail), tail) / (1 + tail)
    return result


def sigmoid_derivative(z: Array) -> Array:
    """Return sigmoid(z) sigmoid(-z) = e^-|z| / (1 + e^-|z|)^2.

    >>> float(sigmoid_derivative(np.array(0.0)))
    0.25
    """
    tail = np.exp(-np.abs(z))
    result: Array = tail / (1 + tail) ** 2
    return result


def tanh(z: Array) -> Array:
    """Return the hyperbolic tangent.

    >>> float(tanh(np.array(0.0)))
    0.0
    """
    return np.tanh(z)


def tanh_derivative(z: Array) -> Array:
    """Return 1 - tanh(z)^2 = 4 e^-2|z| / (1 + e^-2|z|)^2.

    >>> float(tanh_derivative(np.array(0.0)))
    1.0
    """
    tail = np.exp(-2 * np.abs(z))
    result: Array = 4 * tail / (1 + tail) ** 2
    return result


def hard_threshold(z: Array, threshold: float = 0.0) -> Array:
    """Return 1 where z > threshold, else 0; its slope is 0 wherever it exists, so that nothing trains through it.

    >>> hard_threshold(np.array([1.0, 2.0, 3.0]), 2.0)
    array([0., 0., 1.])
    """
    return (z > threshold).astype(z.dtype)


def softmax(logits: Array) -> Array:
    """Return e^a_k / sum_j e^a_j along the last axis, shifted by the largest logit so that nothing overflows.

    >>> softmax(np.array([0.0, np.log(3.0)]))
    array([0.25, 0.75])
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def softmax_jacobian(logits: Array) -> Array:
    """Return diag(p) - p p', shape `(..., classes, classes)`, p the softmax of the logits; its rows sum to 0.

    >>> softmax_jacobian(np.array([0.0, 0.0]))
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    p = softmax(logits)
    return p[..., :, None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])


#: Each activation beside its derivative, by the name that `architecture.Activation` uses.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "relu": (relu, relu_derivative),
    "tanh": (tanh, tanh_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "identity": (identity, identity_derivative),
    "absolute": (absolute, absolute_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative),
    "elu": (elu, elu_derivative),
    "softplus": (softplus, softplus_derivative),
}
