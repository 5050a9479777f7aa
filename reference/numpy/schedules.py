"""Schedules: functions from the step t, counted from 0, to the rate, for the trainers' `lr`. The unit of t is the
caller's.

Where lr is an array each member of a fleet has its own. Both backends use these functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .. import _checks as check

Schedule: TypeAlias = Callable[[int], Any]


def constant(lr: Any) -> Schedule:
    """Return t -> lr.

    >>> constant(0.1)(7)
    0.1
    """
    check.positive(lr, "lr")
    return lambda t: lr


def linear(lr: Any, *, start_factor: float = 1.0, end_factor: float = 0.01, total_iters: int) -> Schedule:
    """Return t -> lr ((1 - a) start_factor + a end_factor), a = min(t / total_iters, 1): linear to a floor, then
    constant.

    The decks print it without the minimum; past the end it would become negative.

    >>> [linear(1.0, end_factor=0.5, total_iters=2)(t) for t in range(4)]
    [1.0, 0.75, 0.5, 0.5]
    """
    check.positive(lr, "lr")
    check.nonnegative(start_factor, "start_factor")
    check.nonnegative(end_factor, "end_factor")
    check.at_least(total_iters, 1, "total_iters")

    def rate(t: int) -> Any:
        a = min(t / total_iters, 1.0)
        return lr * ((1 - a) * start_factor + a * end_factor)

    return rate


def step(lr: Any, *, gamma: float = 0.1, step_size: int) -> Schedule:
    """Return t -> lr gamma^floor(t / step_size).

    >>> [step(1.0, gamma=0.5, step_size=2)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    check.positive(lr, "lr")
    check.positive(gamma, "gamma")
    check.at_least(step_size, 1, "step_size")
    return lambda t: lr * gamma ** (t // step_size)


def exponential(lr: Any, *, gamma: float) -> Schedule:
    """Return t -> lr gamma^t; the decks' e^(-k t) is gamma = e^-k.

    >>> exponential(1.0, gamma=0.5)(3)
    0.125
    """
    check.positive(lr, "lr")
    check.positive(gamma, "gamma")
    return lambda t: lr * gamma**t


def inverse_time(lr: Any, *, gamma: float) -> Schedule:
    """Return t -> lr / (1 + gamma t): the sum of the rates diverges, that of their squares does not.

    >>> inverse_time(1.0, gamma=1.0)(3)
    0.25
    """
    check.positive(lr, "lr")
    check.nonnegative(gamma, "gamma")
    return lambda t: lr / (1 + gamma * t)


def power(lr: Any, *, exponent: float) -> Schedule:
    """Return t -> lr / (t + 1)^exponent, the k-th rate, k from 1, being lr / k^exponent.

    The sum of the rates diverges for an exponent of at most 1, that of their squares converges for one above 1/2.

    Source: Robbins and Monro 1951, who have the exponent 1.

    >>> [power(1.0, exponent=1.0)(t) for t in range(3)]
    [1.0, 0.5, 0.3333333333333333]
    """
    check.positive(lr, "lr")
    check.nonnegative(exponent, "exponent")
    return lambda t: lr * (t + 1.0) ** -exponent


def triangular(base_lr: Any, max_lr: Any, *, step_size_up: int) -> Schedule:
    """Return the cyclical rate: from base_lr up to max_lr in step_size_up steps, down in as many, again and again.

    Source: Smith 2017; torch.optim.lr_scheduler.CyclicLR.

    >>> [triangular(1.0, 3.0, step_size_up=2)(t) for t in range(5)]
    [1.0, 2.0, 3.0, 2.0, 1.0]
    """
    check.positive(base_lr, "base_lr")
    check.positive(max_lr, "max_lr")
    check.at_least(step_size_up, 1, "step_size_up")

    def rate(t: int) -> Any:
        within = t % (2 * step_size_up)
        return base_lr + (max_lr - base_lr) * (min(within, 2 * step_size_up - within) / step_size_up)

    return rate


def cosine(lr: Any, *, eta_min: float = 0.0, T_max: int) -> Schedule:
    """Return t -> eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / 2, the closed form past T_max too (it rises
    again).

    Source: Loshchilov and Hutter 2017; torch.optim.lr_scheduler.CosineAnnealingLR.

    >>> [round(cosine(1.0, T_max=2)(t), 12) for t in range(4)]
    [1.0, 0.5, 0.0, 0.5]
    """
    check.positive(lr, "lr")
    check.nonnegative(eta_min, "eta_min")
    check.at_least(T_max, 1, "T_max")
    return lambda t: eta_min + (lr - eta_min) * (1 + math.cos(math.pi * t / T_max)) / 2


@dataclass
class Plateau:
    """The rate that is multiplied by `factor` when a validation loss was no better for more than `patience` epochs.

    `update(value)` after each epoch; called with the step it gives the current rate. Lower is better, strictly.

    >>> plateau = Plateau(1.0, factor=0.5, patience=1)
    >>> for value in [3.0, 3.0, 3.0]:
    ...     plateau.update(value)
    >>> plateau(0)  # two epochs without improvement are more than one
    0.5
    """

    lr: float
    factor: float = 0.1
    patience: int = 10
    best: float = np.inf
    waited: int = 0

    def __post_init__(self) -> None:
        check.positive(self.lr, "lr")
        check.positive(self.factor, "factor")
        check.fraction(self.factor, "factor")
        check.at_least(self.patience, 0, "patience")

    def __call__(self, t: int) -> float:
        """Return the current rate, whatever the step."""
        return self.lr

    def update(self, value: float) -> None:
        """Note an epoch's value."""
        if value < self.best:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.lr, self.waited = self.lr * self.factor, 0
