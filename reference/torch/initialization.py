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

__all__ = [
    "INITIALIZERS",
    "constant",
    "fans",
    "he_normal",
    "he_uniform",
    "initial_parameters",
    "orthogonal",
    "sparse",
    "xavier_normal",
    "xavier_uniform",
]


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


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Return independent N(0, 2 / fan_in) weights of that shape: the gain sqrt 2 makes up for ReLU's halving of the
    square.

    >>> he_normal((3, 2), np.random.default_rng(0)).shape
    torch.Size([3, 2])
    """
    return torch.from_numpy(drawn.he_normal(shape, rng))


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Return independent weights uniform on [-r, r], r = sqrt(6 / fan_in): the variance of `he_normal`.

    >>> bool(he_uniform((6, 3), np.random.default_rng(0)).abs().max() <= 1)  # sqrt(6 / 6)
    True
    """
    return torch.from_numpy(drawn.he_uniform(shape, rng))


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Return a Haar-distributed matrix with orthonormal columns, or rows where those are fewer, of that shape.

    >>> w = orthogonal((5, 3), np.random.default_rng(0))
    >>> bool((w.T @ w - torch.eye(3)).abs().max() < 1e-14)
    True
    """
    return torch.from_numpy(drawn.orthogonal(shape, rng))


def sparse(shape: tuple[int, ...], rng: np.random.Generator, *, nonzero: int = 15, deviation: float = 1.0) -> Tensor:
    """Return weights of which each unit has `nonzero` incoming ones from N(0, deviation^2) at random places, the rest
    0.

    >>> (sparse((6, 4), np.random.default_rng(0), nonzero=2) != 0).sum(dim=0).tolist()
    [2, 2, 2, 2]
    """
    return torch.from_numpy(drawn.sparse(shape, rng, nonzero=nonzero, deviation=deviation))


def constant(shape: tuple[int, ...], rng: np.random.Generator, *, value: float = 0.1) -> Tensor:
    """Return weights all equal to `value`, without a draw: units that start alike stay alike, whatever the optimizer.

    >>> constant((1, 2), np.random.default_rng(0), value=0.5).tolist()
    [[0.5, 0.5]]
    """
    return torch.from_numpy(drawn.constant(shape, rng, value=value))


#: Initializers of one weight tensor by name.
INITIALIZERS = {
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
