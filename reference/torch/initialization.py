"""First parameters, from NumPy's draws. One layer's weights have shape `(fan_in, fan_out)`; a filter bank's `(out,
in, height, width)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..architecture import Network
from ..numpy import initialization as drawn
from ..numpy.initialization import fans

__all__ = ["fans", "initial_parameters", "xavier_normal", "xavier_uniform"]


def xavier_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Return independent N(0, 2 / (fan_in + fan_out)) weights of that shape.

    >>> xavier_normal((3, 2), np.random.default_rng(0)).shape
    torch.Size([3, 2])
    """
    return torch.from_numpy(drawn.xavier_normal(shape, rng))


def xavier_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Return independent weights uniform on [-r, r], r = sqrt(6 / (fan_in + fan_out)): the variance of `xavier_normal`.

    >>> bool(xavier_uniform((3, 3), np.random.default_rng(0)).abs().max() <= 1)  # sqrt(6 / 6)
    True
    """
    return torch.from_numpy(drawn.xavier_uniform(shape, rng))


def initial_parameters(
    network: Network,
    rng: np.random.Generator | Sequence[np.random.Generator],
    *,
    initializer: str = "xavier_normal",
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Tensor:
    """Return theta, `(parameters,)`: weights by the initializer, layer after layer, vectors by their layer's rule
    (biases 0).

    From a sequence of rngs, one a member, it returns a fleet's, `(fleet, parameters)`. Equal seeds give NumPy's theta.

    >>> from backproof.reference.architecture import perceptron
    >>> initial_parameters(perceptron((2, 3)), np.random.default_rng(0))[6:].tolist()  # after six weights, three biases
    [0.0, 0.0, 0.0]
    """
    theta = drawn.initial_parameters(network, rng, initializer=initializer)
    return torch.from_numpy(theta).to(device=device, dtype=dtype)
