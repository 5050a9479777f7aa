"""Rules with a rate for each parameter, from sums or running averages of the gradient's square.

Every rule but AdaDelta, whose formula has eps under both roots, takes `eps_inside`: eps under the root, as the decks
print it for RMSProp and Adam, instead of beside it, as the papers of AdaGrad and Adam and torch have it. 1e-8 inside
acts like 1e-4 beside. Where eps is 0, 0 / 0 counts as 0: a parameter that never had a gradient stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .. import _checks as check
from ._step import advance, average, average_of_squares, check_rule, rooted, subtract_quotient
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
    square_sum: Tensor


@dataclass(frozen=True)
class AdaDeltaState:
    """Steps taken, and the running averages of g^2 and of the updates' squares."""

    step: int
    square: Tensor
    square_update: Tensor


@dataclass(frozen=True)
class RMSPropState:
    """Steps taken, and the running average of g^2."""

    step: int
    square: Tensor


@dataclass(frozen=True)
class CenteredState:
    """Steps taken, and the running averages of g^2 and of g."""

    step: int
    square: Tensor
    mean: Tensor


@dataclass(frozen=True)
class RMSPropNesterovState:
    """Steps taken, the running average of g^2, and the velocity."""

    step: int
    square: Tensor
    velocity: Tensor


def adagrad_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdaGradState | None = None,
    *,
    lr: float | Tensor = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> tuple[Tensor, AdaGradState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- s + g^2, and the state after the step; shapes of theta.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's.
        state: None at the first step (s = `initial_accumulator_value`, at least 0).
        lr: above 0; a tensor gives the leading axes' members their own.
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Duchi, Hazan and Singer 2011. One deck prints the sum of k copies of the newest g^2 instead of the sum
        over time.

    >>> import torch
    >>> theta, state = adagrad_step(torch.tensor([0.0]), torch.tensor([3.0]), lr=1.0, eps=0.0)
    >>> adagrad_step(theta, torch.tensor([4.0]), state, lr=1.0, eps=0.0)[0]  # -1 - 4 / sqrt(9 + 16)
    tensor([-1.8000])
    """
    check_rule(lr, eps)
    check.nonnegative(initial_accumulator_value, "initial_accumulator_value")
    hyper = {"lr": lr, "eps": eps, "initial_accumulator_value": initial_accumulator_value, "eps_inside": eps_inside}
    return advance(adagrad_kernel, AdaGradState, parameters, gradient, state, **hyper)


def adagrad_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> None:
    """Take `adagrad_step` in place."""
    (square_sum,) = state
    if step == 1:
        square_sum.fill_(initial_accumulator_value)
    square_sum.addcmul_(g, g)
    subtract_quotient(theta, g, rooted(square_sum, eps, eps_inside), lr)


def adadelta_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdaDeltaState | None = None,
    *,
    lr: float | Tensor = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> tuple[Tensor, AdaDeltaState]:
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

    >>> import torch
    >>> theta, _ = adadelta_step(torch.tensor([0.0]), torch.tensor([1.0]), rho=0.75, eps=2.0)  # sqrt(2) / sqrt(1/4 + 2)
    >>> round(float(theta[0] ** 2), 6)  # 2 / 2.25
    0.888889
    """
    check_rule(lr, eps, rho=rho)
    check.positive(eps, "eps")
    return advance(adadelta_kernel, AdaDeltaState, parameters, gradient, state, lr=lr, rho=rho, eps=eps)


def adadelta_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> None:
    """Take `adadelta_step` in place."""
    square, square_update = state
    average_of_squares(square, g, rho)
    update = (square_update + eps).sqrt_().div_((square + eps).sqrt_()).mul_(g)
    average_of_squares(square_update, update, rho)
    theta.sub_(lr * update)


def rmsprop_step(
    parameters: Tensor,
    gradient: Tensor,
    state: RMSPropState | None = None,
    *,
    lr: float | Tensor = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, RMSPropState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- alpha s + (1 - alpha) g^2, and the state after the step.

    Args:
        parameters, gradient, state: as in `adagrad_step`; s = 0 at the start, and is not corrected for it.
        lr: above 0. The first step is lr / sqrt(1 - alpha), ten times lr at alpha = 0.99.
        alpha: decay of the average, in [0, 1).
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Tieleman and Hinton 2012. torch.optim.RMSprop is the same; the decks have eps inside.

    >>> import torch
    >>> rmsprop_step(torch.tensor([0.0]), torch.tensor([-5.0]), lr=1.0, alpha=0.75, eps=0.0)[0]  # 1 / sqrt(1/4)
    tensor([2.])
    """
    check_rule(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_kernel, RMSPropState, parameters, gradient, state, **hyper)


def rmsprop_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_step` in place."""
    (square,) = state
    average_of_squares(square, g, alpha)
    subtract_quotient(theta, g, rooted(square, eps, eps_inside), lr)


def rmsprop_centered_step(
    parameters: Tensor,
    gradient: Tensor,
    state: CenteredState | None = None,
    *,
    lr: float | Tensor = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, CenteredState]:
    """Return theta - lr g / (sqrt(s - m^2) + eps) with m <- alpha m + (1 - alpha) g: RMSProp by the gradient's
    variance.

    Arguments and errors are those of `rmsprop_step`. Rounding that would make s - m^2 negative counts as 0.

    >>> import torch
    >>> theta, _ = rmsprop_centered_step(torch.tensor([0.0]), torch.tensor([2.0]), lr=1.0, alpha=0.5, eps=0.0)
    >>> theta  # s - m^2 = 2 - 1, and 2 / 1
    tensor([-2.])
    """
    check_rule(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_centered_kernel, CenteredState, parameters, gradient, state, **hyper)


def rmsprop_centered_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_centered_step` in place."""
    square, mean = state
    average_of_squares(square, g, alpha)
    average(mean, g, alpha)
    variance = square.addcmul(mean, mean, value=-1).clamp_(min=0)
    subtract_quotient(theta, g, rooted(variance, eps, eps_inside), lr)


def rmsprop_nesterov_step(
    parameters: Tensor,
    gradient: Tensor,
    state: RMSPropNesterovState | None = None,
    *,
    lr: float | Tensor = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, RMSPropNesterovState]:
    """Return theta + v with v <- mu v - lr g / (sqrt(s) + eps), s as in RMSProp, and the state after the step.

    Args:
        gradient: g at `momentum.nesterov_look_ahead`, theta + mu v, not at theta.
        momentum: mu in [0, 1); 0 is RMSProp.
        others: as in `rmsprop_step`.

    Raises:
        ValueError: as `rmsprop_step` does.

    The deck prints lr / sqrt(s) without eps, which is 0 / 0 for a parameter without a gradient.

    >>> import torch
    >>> rmsprop_nesterov_step(torch.tensor([0.0, 7.0]), torch.tensor([-5.0, 0.0]), lr=1.0, alpha=0.75, eps=0.0)[0]
    tensor([2., 7.])
    """
    check_rule(lr, eps, alpha=alpha, momentum=momentum)
    hyper = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_nesterov_kernel, RMSPropNesterovState, parameters, gradient, state, **hyper)


def rmsprop_nesterov_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_nesterov_step` in place."""
    square, velocity = state
    average_of_squares(square, g, alpha)
    velocity.mul_(momentum)
    subtract_quotient(velocity, g, rooted(square, eps, eps_inside), lr)
    theta.add_(velocity)
