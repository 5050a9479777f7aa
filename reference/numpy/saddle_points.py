"""Critical points: their kind by the Hessian, random symmetric matrices, and slices through a loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network
from .backprop import loss_and_gradient
from .quadratics import _check_hessian

Array = np.ndarray[Any, Any]


def classify_critical_point(gradient: Array, hessian: Array, *, tolerance: float = 1e-9) -> str:
    """Return "minimum", "maximum", "saddle", or "degenerate" where the second order does not decide.

    A saddle has eigenvalues of both signs; degenerate means none of both signs and one that is 0, relative to the
    largest.

    Args:
        gradient: `(dimension,)`, 0 within the tolerance.
        hessian: symmetric, `(dimension, dimension)`.
        tolerance: relative to the largest eigenvalue for the eigenvalues, absolute for the gradient.

    Raises:
        ValueError: the gradient is not 0: the point is not critical.

    >>> classify_critical_point(np.zeros(2), np.diag([1.0, -1.0]))
    'saddle'
    """
    _check_hessian(hessian)
    size = float(np.linalg.norm(gradient))
    if not size <= tolerance:
        raise ValueError(f"gradient must be 0 at a critical point, got a norm of gradient={size}")
    eigenvalues = np.linalg.eigvalsh(hessian)
    limit = tolerance * np.abs(eigenvalues).max()
    rising, falling = bool((eigenvalues > limit).any()), bool((eigenvalues < -limit).any())
    if rising and falling:
        return "saddle"
    if (np.abs(eigenvalues) <= limit).any():
        return "degenerate"
    return "minimum" if rising else "maximum"


def index_fraction(hessian: Array) -> Array:
    """Return the fraction of negative eigenvalues, shape of the leading axes: 0 at a minimum, 1 at a maximum.

    >>> float(index_fraction(np.diag([1.0, -1.0, -2.0, 3.0])))
    0.5
    """
    _check_hessian(hessian)
    fraction: Array = (np.linalg.eigvalsh(hessian) < 0).mean(axis=-1)
    return fraction


def goe(n: int, rng: np.random.Generator, *, count: int | None = None) -> Array:
    """Return a matrix of the Gaussian orthogonal ensemble, `(n, n)`, or `(count, n, n)`: diagonal variance 1, others
    1/2.

    The probability that it is negative definite falls like e^(-n^2 log(3) / 4); for n = 2 it is 1/2 - sqrt(2)/4.

    >>> goe(3, np.random.default_rng(0)).shape
    (3, 3)
    """
    check.at_least(n, 1, "n")
    gaussian = rng.standard_normal((n, n) if count is None else (count, n, n))
    symmetric: Array = (gaussian + np.swapaxes(gaussian, -1, -2)) / 2
    return symmetric


def loss_slice(
    network: Network,
    theta: Array,
    first: Array,
    second: Array,
    inputs: Array,
    targets: Array,
    *,
    steps: Array,
    loss: str = "softmax_cross_entropy",
) -> Array:
    """Return the loss at theta + s first + t second for all s and t in `steps`, `(steps, steps)`, one fleet for each s.

    Source: the decks' pictures of loss surfaces; a slice shows minima that need not be any of the whole function.

    >>> from backproof.reference.architecture import perceptron
    >>> one = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> loss_slice(perceptron((1, 1)), np.zeros(2), *one, np.ones((1, 1)), np.ones((1, 1)), steps=np.array([0.0, 1.0]),
    ...            loss="squared_error").tolist()  # (s + t - 1)^2
    [[1.0, 0.0], [0.0, 1.0]]
    """
    check.same_shape(theta, first, "theta", "first")
    check.same_shape(theta, second, "theta", "second")
    rows = [theta + s * first + steps[:, None] * second for s in steps]
    return np.stack([loss_and_gradient(network, row, inputs, targets, loss=loss)[0] for row in rows])
