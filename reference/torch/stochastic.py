"""Stochastic gradient descent: minibatches without replacement and the plain step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..numpy import stochastic as drawn
from ._step import advance


def minibatches(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Yield one epoch's index tensors: a random permutation of 0..n-1 in pieces of `batch_size`, the last one short.

    Every order is equally likely and no index repeats; NumPy draws it.

    Raises:
        ValueError: no example, batch_size not in 1..n.

    >>> sorted(len(batch) for batch in minibatches(5, 2, np.random.default_rng(0)))
    [1, 2, 2]
    """
    return (torch.from_numpy(batch) for batch in drawn.minibatches(n, batch_size, rng))


@dataclass(frozen=True)
class SGDState:
    """How many steps were taken."""

    step: int


def sgd_step(
    parameters: Tensor, gradient: Tensor, state: SGDState | None = None, *, lr: float | Tensor
) -> tuple[Tensor, SGDState]:
    """Return theta - lr g and the state after the step; shapes of theta.

    Args:
        parameters: theta, any shape.
        gradient: g at theta, the same shape.
        state: None at the first step.
        lr: the step size, above 0; a tensor gives the leading axes' members their own.

    Raises:
        ValueError: shapes differ, lr is not positive, the gradient is not finite.

    >>> sgd_step(torch.tensor([1.0]), torch.tensor([2.0]), lr=0.25)[0]
    tensor([0.5000])
    """
    check.positive(lr, "lr")
    return advance(sgd_kernel, SGDState, parameters, gradient, state, lr=lr)


def sgd_kernel(theta: Tensor, g: Tensor, state: Sequence[Tensor], step: int, *, lr: Any) -> None:
    """Take `sgd_step` in place."""
    theta.sub_(lr * g)
