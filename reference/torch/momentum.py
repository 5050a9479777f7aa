"""Momentum: the heavy ball in the forms that the decks and the libraries print, and Nesterov's two.

For a constant rate all heavy-ball forms take the same path; the first and the third agree for every sequence of
rates, the buffer form does not: its velocity holds gradients, so that a changed rate rescales the past as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .. import _checks as check
from ..numpy.momentum import optimal_heavy_ball
from ._step import advance

__all__ = [
    "MomentumState",
    "TwoTermState",
    "heavy_ball_buffer_kernel",
    "heavy_ball_buffer_step",
    "heavy_ball_kernel",
    "heavy_ball_step",
    "heavy_ball_two_term_kernel",
    "heavy_ball_two_term_step",
    "nesterov_look_ahead",
    "nesterov_shifted_kernel",
    "nesterov_shifted_step",
    "nesterov_step",
    "optimal_heavy_ball",
]


@dataclass(frozen=True)
class MomentumState:
    """Steps taken, and the velocity (0 at the start)."""

    step: int
    velocity: Tensor


@dataclass(frozen=True)
class TwoTermState:
    """Steps taken, and the parameters before the last step (at the start: the parameters)."""

    step: int
    previous: Tensor


def _check(lr: Any, momentum: Any) -> None:
    check.positive(lr, "lr")
    check.fraction(momentum, "momentum")


def heavy_ball_step(
    parameters: Tensor,
    gradient: Tensor,
    state: MomentumState | None = None,
    *,
    lr: float | Tensor,
    momentum: float | Tensor = 0.9,
) -> tuple[Tensor, MomentumState]:
    """Return theta + v with v <- mu v - lr g, and the state after the step; shapes of theta.

    Args:
        parameters, gradient: theta and g at theta, one shape; leading axes are a fleet's.
        state: None at the first step (v = 0).
        lr: above 0; a tensor gives the leading axes' members their own.
        momentum: mu in [0, 1), 0 is gradient descent.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Polyak 1964; the decks' "momentum". With a constant gradient v tends to -lr g / (1 - mu): a decaying sum,
        not an
    average. torch.optim.SGD is `heavy_ball_buffer_step`.

    >>> import torch
    >>> theta, state = heavy_ball_step(torch.tensor([0.0]), torch.tensor([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_step(theta, torch.tensor([1.0]), state, lr=1.0, momentum=0.5)[0]  # -1 - (1 + 1/2)
    tensor([-2.5000])
    """
    _check(lr, momentum)
    return advance(heavy_ball_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def heavy_ball_kernel(
    theta: Tensor, g: Tensor, state: Sequence[Tensor], step: int, *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `heavy_ball_step` in place."""
    (velocity,) = state
    velocity.mul_(momentum).sub_(lr * g)
    theta.add_(velocity)


def heavy_ball_buffer_step(
    parameters: Tensor,
    gradient: Tensor,
    state: MomentumState | None = None,
    *,
    lr: float | Tensor,
    momentum: float | Tensor = 0.9,
    dampening: float = 0.0,
) -> tuple[Tensor, MomentumState]:
    """Return theta - lr v with v <- mu v + (1 - dampening) g, and the state after the step; shapes of theta.

    Args:
        dampening: in [0, 1); equal to the momentum it makes v an average of the gradients.
        others: as in `heavy_ball_step`.

    Raises:
        ValueError: as `heavy_ball_step` does.

    torch.optim.SGD is this, but leaves the first gradient undamped.

    >>> import torch
    >>> theta, state = heavy_ball_buffer_step(torch.tensor([0.0]), torch.tensor([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_buffer_step(theta, torch.tensor([1.0]), state, lr=0.1, momentum=0.5)[0]  # -1 - 0.1 (1 + 1/2)
    tensor([-1.1500])
    """
    _check(lr, momentum)
    check.fraction(dampening, "dampening")
    hyper = {"lr": lr, "momentum": momentum, "dampening": dampening}
    return advance(heavy_ball_buffer_kernel, MomentumState, parameters, gradient, state, **hyper)


def heavy_ball_buffer_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any,
    momentum: Any = 0.9,
    dampening: float = 0.0,
) -> None:
    """Take `heavy_ball_buffer_step` in place."""
    (velocity,) = state
    velocity.mul_(momentum).add_(g, alpha=1 - dampening)
    theta.sub_(lr * velocity)


def heavy_ball_two_term_step(
    parameters: Tensor,
    gradient: Tensor,
    state: TwoTermState | None = None,
    *,
    lr: float | Tensor,
    momentum: float | Tensor = 0.9,
) -> tuple[Tensor, TwoTermState]:
    """Return theta_t - lr g + mu (theta_t - theta_(t-1)), theta_(-1) = theta_0, and the state after the step; shapes
    of theta.

    Arguments and errors are those of `heavy_ball_step`, whose path this is for every sequence of rates.

    >>> import torch
    >>> theta, state = heavy_ball_two_term_step(torch.tensor([0.0]), torch.tensor([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_two_term_step(theta, torch.tensor([1.0]), state, lr=1.0, momentum=0.5)[0]
    tensor([-2.5000])
    """
    _check(lr, momentum)
    return advance(heavy_ball_two_term_kernel, TwoTermState, parameters, gradient, state, lr=lr, momentum=momentum)


def heavy_ball_two_term_kernel(
    theta: Tensor, g: Tensor, state: Sequence[Tensor], step: int, *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `heavy_ball_two_term_step` in place."""
    (previous,) = state
    if step == 1:
        previous.copy_(theta)
    moved = momentum * (theta - previous)
    previous.copy_(theta)
    theta.sub_(lr * g).add_(moved)


def nesterov_step(
    parameters: Tensor,
    gradient: Tensor,
    state: MomentumState | None = None,
    *,
    lr: float | Tensor,
    momentum: float | Tensor = 0.9,
) -> tuple[Tensor, MomentumState]:
    """Return theta + v with v <- mu v - lr g, g taken at `nesterov_look_ahead`, and the state after the step.

    Args:
        gradient: g at theta + mu v, not at theta.
        others: as in `heavy_ball_step`.

    Source: the decks' "Nesterov momentum". `nesterov_shifted_step` keeps the look-ahead point itself and takes the
        same path.

    >>> import torch
    >>> theta, state = nesterov_step(torch.tensor([1.0]), torch.tensor([1.0]), lr=0.5, momentum=0.5)
    >>> ahead = nesterov_look_ahead(theta, state, momentum=0.5)
    >>> ahead, nesterov_step(theta, ahead, state, lr=0.5, momentum=0.5)[0]
    (tensor([0.2500]), tensor([0.1250]))
    """
    _check(lr, momentum)
    return advance(heavy_ball_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def nesterov_look_ahead(parameters: Tensor, state: Any, *, momentum: float | Tensor = 0.9) -> Tensor:
    """Return theta + mu v, where `nesterov_step` and `rmsprop_nesterov_step` want the gradient; theta when state is
    None.

    >>> import torch
    >>> nesterov_look_ahead(torch.tensor([1.0]), MomentumState(1, torch.tensor([-2.0])), momentum=0.5)
    tensor([0.])
    """
    check.fraction(momentum, "momentum")
    return parameters.clone() if state is None else parameters + momentum * state.velocity


def nesterov_shifted_step(
    parameters: Tensor,
    gradient: Tensor,
    state: MomentumState | None = None,
    *,
    lr: float | Tensor,
    momentum: float | Tensor = 0.9,
) -> tuple[Tensor, MomentumState]:
    """Return theta - lr (g + mu v) with v <- mu v + g, g at theta, and the state after the step; shapes of theta.

    Arguments and errors are those of `heavy_ball_step`. For a constant rate its parameters are the look-ahead points of
    `nesterov_step`. This is torch.optim.SGD with nesterov=True.

    >>> import torch
    >>> theta, state = nesterov_shifted_step(torch.tensor([1.0]), torch.tensor([1.0]), lr=0.5, momentum=0.5)
    >>> theta
    tensor([0.2500])
    """
    _check(lr, momentum)
    return advance(nesterov_shifted_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def nesterov_shifted_kernel(
    theta: Tensor, g: Tensor, state: Sequence[Tensor], step: int, *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `nesterov_shifted_step` in place."""
    (velocity,) = state
    velocity.mul_(momentum).add_(g)
    theta.sub_(lr * (momentum * velocity + g))
