"""Rules with a rate for each parameter, from sums or running averages of the gradient's square.

Every rule but AdaDelta, whose formula has eps under both roots, takes `eps_inside`: eps under the root, as the decks
print it for RMSProp and Adam, instead of beside it, as the papers of AdaGrad and Adam and torch have it. 1e-8 inside
acts like 1e-4 beside. Where eps is 0, 0 / 0 counts as 0: a parameter that never had a gradient stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance, average, average_of_squares, check_rule, divide_by_root
from .adam import (
    AdamState,
    AMSGradState,
    adam_kernel,
    adam_step,
    adamw_kernel,
    adamw_step,
    amsgrad_kernel,
    amsgrad_step,
    nadam_kernel,
    nadam_step,
)
from .delta_bar_delta import DeltaBarDeltaState, delta_bar_delta_kernel, delta_bar_delta_step

Array = np.ndarray[Any, Any]


__all__ = [
    "AMSGradState",
    "AdaDeltaState",
    "AdaGradState",
    "AdamState",
    "CenteredState",
    "DeltaBarDeltaState",
    "RMSPropNesterovState",
    "RMSPropState",
    "adadelta_kernel",
    "adadelta_step",
    "adagrad_kernel",
    "adagrad_step",
    "adam_kernel",
    "adam_step",
    "adamw_kernel",
    "adamw_step",
    "amsgrad_kernel",
    "amsgrad_step",
    "delta_bar_delta_kernel",
    "delta_bar_delta_step",
    "nadam_kernel",
    "nadam_step",
    "rmsprop_centered_kernel",
    "rmsprop_centered_step",
    "rmsprop_kernel",
    "rmsprop_nesterov_kernel",
    "rmsprop_nesterov_step",
    "rmsprop_step",
]


@dataclass(frozen=True)
class AdaGradState:
    """Steps taken, and the sum of g^2."""

    step: int
    square_sum: Array


@dataclass(frozen=True)
class AdaDeltaState:
    """Steps taken, and the running averages of g^2 and of the updates' squares."""

    step: int
    square: Array
    square_update: Array


@dataclass(frozen=True)
class RMSPropState:
    """Steps taken, and the running average of g^2."""

    step: int
    square: Array


@dataclass(frozen=True)
class CenteredState:
    """Steps taken, and the running averages of g^2 and of g."""

    step: int
    square: Array
    mean: Array


@dataclass(frozen=True)
class RMSPropNesterovState:
    """Steps taken, the running average of g^2, and the velocity."""

    step: int
    square: Array
    velocity: Array


def adagrad_step(
    parameters: Array,
    gradient: Array,
    state: AdaGradState | None = None,
    *,
    lr: float | Array = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> tuple[Array, AdaGradState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- s + g^2, and the state after the step; shapes of theta.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's.
        state: None at the first step (s = `initial_accumulator_value`, at least 0).
        lr: above 0; an array gives the leading axes' members their own.
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Duchi, Hazan and Singer 2011. One deck prints the sum of k copies of the newest g^2 instead of the sum
        over time.

    >>> theta, state = adagrad_step(np.array([0.0]), np.array([3.0]), lr=1.0, eps=0.0)
    >>> adagrad_step(theta, np.array([4.0]), state, lr=1.0, eps=0.0)[0]  # -1 - 4 / sqrt(9 + 16)
    array([-1.8])
    """
    check_rule(lr, eps)
    check.nonnegative(initial_accumulator_value, "initial_accumulator_value")
    hyper = {"lr": lr, "eps": eps, "initial_accumulator_value": initial_accumulator_value, "eps_inside": eps_inside}
    return advance(adagrad_kernel, AdaGradState, parameters, gradient, state, **hyper)


def adagrad_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> None:
    """Take `adagrad_step` in place."""
    (square_sum,) = state
    update = work[0]
    if step == 1:
        square_sum[...] = initial_accumulator_value
    np.multiply(g, g, out=update)
    square_sum += update
    divide_by_root(g, square_sum, eps, eps_inside, update)
    update *= lr
    theta -= update


def adadelta_step(
    parameters: Array,
    gradient: Array,
    state: AdaDeltaState | None = None,
    *,
    lr: float | Array = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> tuple[Array, AdaDeltaState]:
    """Return theta - lr u and the state after the step; shapes of theta.

    s <- rho s + (1 - rho) g^2,  u = sqrt(a + eps) / sqrt(s + eps) g,  a <- rho a + (1 - rho) u^2: u has the units of
    theta.

    Args:
        parameters, gradient, state: as in `adagrad_step`; a = s = 0 at the start.
        lr: above 0, 1 as published.
        rho: in [0, 1).
        eps: above 0: with eps = 0 nothing would ever move.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Zeiler 2012, which the decks follow.

    >>> theta, _ = adadelta_step(np.array([0.0]), np.array([1.0]), rho=0.75, eps=2.0)  # sqrt(2) / sqrt(1/4 + 2)
    >>> round(float(theta[0] ** 2), 12)  # 2 / 2.25
    0.888888888889
    """
    check_rule(lr, eps, rho=rho)
    check.positive(eps, "eps")
    return advance(adadelta_kernel, AdaDeltaState, parameters, gradient, state, lr=lr, rho=rho, eps=eps)


def adadelta_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> None:
    """Take `adadelta_step` in place."""
    square, square_update = state
    update, root = work
    average_of_squares(square, g, rho, update)
    np.add(square_update, eps, out=update)
    np.add(square, eps, out=root)
    np.sqrt(update, out=update)
    np.sqrt(root, out=root)
    update /= root
    update *= g
    average_of_squares(square_update, update, rho, root)
    update *= lr
    theta -= update


def rmsprop_step(
    parameters: Array,
    gradient: Array,
    state: RMSPropState | None = None,
    *,
    lr: float | Array = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, RMSPropState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- alpha s + (1 - alpha) g^2, and the state after the step.

    Args:
        parameters, gradient, state: as in `adagrad_step`; s = 0 at the start, and is not corrected for it.
        lr: above 0. The first step is lr / sqrt(1 - alpha), ten times lr at alpha = 0.99.
        alpha: decay of the average, in [0, 1).
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Tieleman and Hinton 2012. torch.optim.RMSprop is the same; the decks have eps inside.

    >>> rmsprop_step(np.array([0.0]), np.array([-5.0]), lr=1.0, alpha=0.75, eps=0.0)[0]  # 1 / sqrt(1/4)
    array([2.])
    """
    check_rule(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_kernel, RMSPropState, parameters, gradient, state, **hyper)


def rmsprop_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_step` in place."""
    (square,) = state
    update = work[0]
    average_of_squares(square, g, alpha, update)
    divide_by_root(g, square, eps, eps_inside, update)
    update *= lr
    theta -= update


def rmsprop_centered_step(
    parameters: Array,
    gradient: Array,
    state: CenteredState | None = None,
    *,
    lr: float | Array = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, CenteredState]:
    """Return theta - lr g / (sqrt(s - m^2) + eps) with m <- alpha m + (1 - alpha) g: RMSProp by the gradient's
    variance.

    Arguments and errors are those of `rmsprop_step`. Rounding that would make s - m^2 negative counts as 0.

    >>> theta, _ = rmsprop_centered_step(np.array([0.0]), np.array([2.0]), lr=1.0, alpha=0.5, eps=0.0)
    >>> theta  # s - m^2 = 2 - 1, and 2 / 1
    array([-2.])
    """
    check_rule(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_centered_kernel, CenteredState, parameters, gradient, state, **hyper)


def rmsprop_centered_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_centered_step` in place."""
    square, mean = state
    update, variance = work
    average_of_squares(square, g, alpha, update)
    average(mean, g, alpha, update)
    np.multiply(mean, mean, out=variance)
    np.subtract(square, variance, out=variance)
    np.maximum(variance, 0, out=variance)
    divide_by_root(g, variance, eps, eps_inside, update)
    update *= lr
    theta -= update


def rmsprop_nesterov_step(
    parameters: Array,
    gradient: Array,
    state: RMSPropNesterovState | None = None,
    *,
    lr: float | Array = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, RMSPropNesterovState]:
    """Return theta + v with v <- mu v - lr g / (sqrt(s) + eps), s as in RMSProp, and the state after the step.

    Args:
        gradient: g at `momentum.nesterov_look_ahead`, theta + mu v, not at theta.
        momentum: mu in [0, 1); 0 is RMSProp.
        others: as in `rmsprop_step`.

    Raises:
        ValueError: as `rmsprop_step` does.

    The deck prints lr / sqrt(s) without eps, which is 0 / 0 for a parameter without a gradient.

    >>> rmsprop_nesterov_step(np.array([0.0, 7.0]), np.array([-5.0, 0.0]), lr=1.0, alpha=0.75, eps=0.0)[0]
    array([2., 7.])
    """
    check_rule(lr, eps, alpha=alpha, momentum=momentum)
    hyper = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_nesterov_kernel, RMSPropNesterovState, parameters, gradient, state, **hyper)


def rmsprop_nesterov_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_nesterov_step` in place."""
    square, velocity = state
    update = work[0]
    average_of_squares(square, g, alpha, update)
    divide_by_root(g, square, eps, eps_inside, update)
    update *= lr
    velocity *= momentum
    velocity -= update
    theta += velocity
