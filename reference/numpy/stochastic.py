"""Stochastic gradient descent: minibatches without replacement and the plain step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance

Array = np.ndarray[Any, Any]


def minibatches(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield one epoch's index arrays: a random permutation of 0..n-1 in pieces of `batch_size`, the last one short.

    Every order is equally likely and no index repeats; the next epoch from the same rng is independent.

    Raises:
        ValueError: no example, batch_size not in 1..n.

    >>> sorted(len(batch) for batch in minibatches(5, 2, np.random.default_rng(0)))
    [1, 2, 2]
    """
    check.at_least(n, 1, "n")
    check.batch_fits(batch_size, n)
    order = rng.permutation(n)
    return (order[start : start + batch_size] for start in range(0, n, batch_size))


@dataclass(frozen=True)
class SGDState:
    """How many steps were taken."""

    step: int


def sgd_step(
    parameters: Array, gradient: Array, state: SGDState | None = None, *, lr: float | Array
) -> tuple[Array, SGDState]:
    """Return theta - lr g and the state after the step; shapes of theta.

    Args:
        parameters: theta, any shape.
        gradient: g at theta, the same shape.
        state: None at the first step.
        lr: the step size, above 0; an array gives the leading axes' members their own.

    Raises:
        ValueError: shapes differ, lr is not positive, the gradient is not finite.

    >>> sgd_step(np.array([1.0]), np.array([2.0]), lr=0.25)[0]
    array([0.5])
    """
    check.positive(lr, "lr")
    return advance(sgd_kernel, SGDState, parameters, gradient, state, lr=lr)


def sgd_kernel(
    theta: Array, g: Array, state: tuple[Array, ...], step: int, work: tuple[Array, ...], *, lr: Any
) -> None:
    """Take `sgd_step` in place."""
    update = work[0]
    np.multiply(g, lr, out=update)
    theta -= update
