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


#: Initializers of one weight array by name.
INITIALIZERS: dict[str, Any] = {"xavier_normal": xavier_normal, "xavier_uniform": xavier_uniform}


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
