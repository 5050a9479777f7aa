"""First parameters. One layer's weights have shape `(fan_in, fan_out)`; a filter bank's `(out, in, height, width)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network

Array = np.ndarray[Any, Any]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (fan_in, fan_out): of a matrix its two sizes, of a filter bank its channels times the filter's area.

    >>> fans((64, 128)), fans((6, 1, 5, 5))
    ((64, 128), (25, 150))
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"shape must have two positive sizes or more, got shape={shape}")
    if len(shape) == 2:
        return shape[0], shape[1]
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def xavier_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return independent N(0, 2 / (fan_in + fan_out)) weights of that shape.

    The variance is the compromise between 1/fan_in, which keeps the forward variance, and 1/fan_out, which keeps the
    backward one.

    >>> xavier_normal((3, 2), np.random.default_rng(0)).shape
    (3, 2)
    """
    return rng.standard_normal(shape) * math.sqrt(2 / sum(fans(shape)))


def xavier_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return independent weights uniform on [-r, r], r = sqrt(6 / (fan_in + fan_out)): the variance of `xavier_normal`.

    >>> bool(np.abs(xavier_uniform((3, 3), np.random.default_rng(0))).max() <= 1)  # sqrt(6 / 6)
    True
    """
    bound = math.sqrt(6 / sum(fans(shape)))
    return rng.uniform(-bound, bound, shape)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return independent N(0, 2 / fan_in) weights of that shape: the gain sqrt 2 makes up for ReLU's halving of the
    square.

    >>> he_normal((3, 2), np.random.default_rng(0)).shape
    (3, 2)
    """
    return rng.standard_normal(shape) * math.sqrt(2 / fans(shape)[0])


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return independent weights uniform on [-r, r], r = sqrt(6 / fan_in): the variance of `he_normal`.

    >>> bool(np.abs(he_uniform((6, 3), np.random.default_rng(0))).max() <= 1)  # sqrt(6 / 6)
    True
    """
    bound = math.sqrt(6 / fans(shape)[0])
    return rng.uniform(-bound, bound, shape)


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return a Haar-distributed matrix with orthonormal columns, or rows where those are fewer, of that shape.

    A filter bank is the matrix of its first axis against the rest. Q of a Gaussian matrix's QR alone is not Haar: the
    signs of R's diagonal have to be taken over.

    >>> w = orthogonal((5, 3), np.random.default_rng(0))
    >>> bool(np.abs(w.T @ w - np.eye(3)).max() < 1e-14)
    True
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    gaussian = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(gaussian)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


def sparse(shape: tuple[int, ...], rng: np.random.Generator, *, nonzero: int = 15, deviation: float = 1.0) -> Array:
    """Return weights of which each unit has `nonzero` incoming ones from N(0, deviation^2) at random places, the rest
    0.

    Columns of a matrix, filters of a bank; all are nonzero where the fan-in is smaller.

    Source: Martens 2010, whose default 15 this is.

    >>> (sparse((6, 4), np.random.default_rng(0), nonzero=2) != 0).sum(axis=0).tolist()
    [2, 2, 2, 2]
    """
    check.at_least(nonzero, 1, "nonzero")
    check.positive(deviation, "deviation")
    fan_in, _ = fans(shape)
    units = shape[1] if len(shape) == 2 else shape[0]
    weights = np.zeros((units, fan_in))
    for unit in weights:
        chosen = rng.permutation(fan_in)[:nonzero]
        unit[chosen] = deviation * rng.standard_normal(len(chosen))
    return np.ascontiguousarray(weights.T) if len(shape) == 2 else weights.reshape(shape)


def constant(shape: tuple[int, ...], rng: np.random.Generator, *, value: float = 0.1) -> Array:
    """Return weights all equal to `value`, without a draw: units that start alike stay alike, whatever the optimizer.

    >>> constant((1, 2), np.random.default_rng(0), value=0.5)
    array([[0.5, 0.5]])
    """
    fans(shape)
    return np.full(shape, value)


#: Initializers of one weight array by name.
INITIALIZERS: dict[str, Any] = {
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "orthogonal": orthogonal,
    "sparse": sparse,
    "constant": constant,
}


def initial_parameters(
    network: Network,
    rng: np.random.Generator | Sequence[np.random.Generator],
    *,
    initializer: str = "xavier_normal",
    dtype: Any = np.float64,
) -> Array:
    """Return theta, `(parameters,)`: weights by the initializer, layer after layer, vectors by their layer's rule
    (biases 0).

    From a sequence of rngs, one a member, it returns a fleet's, `(fleet, parameters)`.

    Raises:
        ValueError: an unknown initializer; the message names the nearest.

    >>> from backproof.reference.architecture import perceptron
    >>> theta = initial_parameters(perceptron((2, 3)), np.random.default_rng(0))
    >>> theta.shape, theta[6:].tolist()  # six weights, then three biases
    ((9,), [0.0, 0.0, 0.0])
    """
    check.choice(initializer, INITIALIZERS, "initializer")
    if not isinstance(rng, np.random.Generator):
        return np.stack([initial_parameters(network, member, initializer=initializer, dtype=dtype) for member in rng])
    theta = np.zeros(network.parameter_count)
    for layer, arrays in zip(network.layers, network.views(theta), strict=True):
        for index, array in enumerate(arrays):
            if array.ndim > 1:
                array[...] = INITIALIZERS[initializer](array.shape, rng)
            else:
                array[...] = getattr(layer, "starts", {}).get(index, 0.0)
    return theta.astype(dtype, copy=False)
