"""Momentum: the heavy ball in the forms that the decks and the libraries print, and Nesterov's two.

For a constant rate all heavy-ball forms take the same path; the first and the third agree for every sequence of
rates, the buffer form does not: its velocity holds gradients, so that a changed rate rescales the past as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class MomentumState:
    """Steps taken, and the velocity (0 at the start)."""

    step: int
    velocity: Array


@dataclass(frozen=True)
class TwoTermState:
    """Steps taken, and the parameters before the last step (at the start: the parameters)."""

    step: int
    previous: Array


def _check(lr: Any, momentum: Any) -> None:
    check.positive(lr, "lr")
    check.fraction(momentum, "momentum")


def heavy_ball_step(
    parameters: Array,
    gradient: Array,
    state: MomentumState | None = None,
    *,
    lr: float | Array,
    momentum: float | Array = 0.9,
) -> tuple[Array, MomentumState]:
    """Return theta + v with v <- mu v - lr g, and the state after the step; shapes of theta.

    Args:
        parameters, gradient: theta and g at theta, one shape; leading axes are a fleet's.
        state: None at the first step (v = 0).
        lr: above 0; an array gives the leading axes' members their own.
        momentum: mu in [0, 1), 0 is gradient descent.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Polyak 1964; the decks' "momentum". With a constant gradient v tends to -lr g / (1 - mu): a decaying sum,
        not an
    average. torch.optim.SGD is `heavy_ball_buffer_step`.

    >>> theta, state = heavy_ball_step(np.array([0.0]), np.array([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_step(theta, np.array([1.0]), state, lr=1.0, momentum=0.5)[0]  # -1 - (1 + 1/2)
    array([-2.5])
    """
    _check(lr, momentum)
    return advance(heavy_ball_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def heavy_ball_kernel(
    theta: Array, g: Array, state: list[Array], step: int, work: tuple[Array, Array], *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `heavy_ball_step` in place."""
    (velocity,) = state
    update = work[0]
    velocity *= momentum
    np.multiply(g, lr, out=update)
    velocity -= update
    theta += velocity


def heavy_ball_buffer_step(
    parameters: Array,
    gradient: Array,
    state: MomentumState | None = None,
    *,
    lr: float | Array,
    momentum: float | Array = 0.9,
    dampening: float = 0.0,
) -> tuple[Array, MomentumState]:
    """Return theta - lr v with v <- mu v + (1 - dampening) g, and the state after the step; shapes of theta.

    Args:
        dampening: in [0, 1); equal to the momentum it makes v an average of the gradients.
        others: as in `heavy_ball_step`.

    Raises:
        ValueError: as `heavy_ball_step` does.

    torch.optim.SGD is this, but leaves the first gradient undamped.

    >>> theta, state = heavy_ball_buffer_step(np.array([0.0]), np.array([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_buffer_step(theta, np.array([1.0]), state, lr=0.1, momentum=0.5)[0]  # -1 - 0.1 (1 + 1/2)
    array([-1.15])
    """
    _check(lr, momentum)
    check.fraction(dampening, "dampening")
    hyper = {"lr": lr, "momentum": momentum, "dampening": dampening}
    return advance(heavy_ball_buffer_kernel, MomentumState, parameters, gradient, state, **hyper)


def heavy_ball_buffer_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any,
    momentum: Any = 0.9,
    dampening: float = 0.0,
) -> None:
    """Take `heavy_ball_buffer_step` in place."""
    (velocity,) = state
    update = work[0]
    velocity *= momentum
    np.multiply(g, 1 - dampening, out=update)
    velocity += update
    np.multiply(velocity, lr, out=update)
    theta -= update


def heavy_ball_two_term_step(
    parameters: Array,
    gradient: Array,
    state: TwoTermState | None = None,
    *,
    lr: float | Array,
    momentum: float | Array = 0.9,
) -> tuple[Array, TwoTermState]:
    """Return theta_t - lr g + mu (theta_t - theta_(t-1)), theta_(-1) = theta_0, and the state after the step; shapes
    of theta.

    Arguments and errors are those of `heavy_ball_step`, whose path this is for every sequence of rates.

    >>> theta, state = heavy_ball_two_term_step(np.array([0.0]), np.array([1.0]), lr=1.0, momentum=0.5)
    >>> heavy_ball_two_term_step(theta, np.array([1.0]), state, lr=1.0, momentum=0.5)[0]
    array([-2.5])
    """
    _check(lr, momentum)
    return advance(heavy_ball_two_term_kernel, TwoTermState, parameters, gradient, state, lr=lr, momentum=momentum)


def heavy_ball_two_term_kernel(
    theta: Array, g: Array, state: list[Array], step: int, work: tuple[Array, Array], *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `heavy_ball_two_term_step` in place."""
    (previous,) = state
    moved, update = work
    if step == 1:
        previous[...] = theta
    np.subtract(theta, previous, out=moved)
    moved *= momentum
    previous[...] = theta
    np.multiply(g, lr, out=update)
    theta -= update
    theta += moved


def nesterov_step(
    parameters: Array,
    gradient: Array,
    state: MomentumState | None = None,
    *,
    lr: float | Array,
    momentum: float | Array = 0.9,
) -> tuple[Array, MomentumState]:
    """Return theta + v with v <- mu v - lr g, g taken at `nesterov_look_ahead`, and the state after the step.

    Args:
        gradient: g at theta + mu v, not at theta.
        others: as in `heavy_ball_step`.

    Source: the decks' "Nesterov momentum". `nesterov_shifted_step` keeps the look-ahead point itself and takes the
        same path.

    >>> theta, state = nesterov_step(np.array([1.0]), np.array([1.0]), lr=0.5, momentum=0.5)  # f = x^2 / 2: g = x
    >>> ahead = nesterov_look_ahead(theta, state, momentum=0.5)
    >>> ahead, nesterov_step(theta, ahead, state, lr=0.5, momentum=0.5)[0]
    (array([0.25]), array([0.125]))
    """
    _check(lr, momentum)
    return advance(heavy_ball_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def nesterov_look_ahead(parameters: Array, state: Any, *, momentum: float | Array = 0.9) -> Array:
    """Return theta + mu v, where `nesterov_step` and `rmsprop_nesterov_step` want the gradient; theta when state is
    None.

    >>> nesterov_look_ahead(np.array([1.0]), MomentumState(1, np.array([-2.0])), momentum=0.5)
    array([0.])
    """
    check.fraction(momentum, "momentum")
    return parameters.copy() if state is None else parameters + momentum * state.velocity


def nesterov_shifted_step(
    parameters: Array,
    gradient: Array,
    state: MomentumState | None = None,
    *,
    lr: float | Array,
    momentum: float | Array = 0.9,
) -> tuple[Array, MomentumState]:
    """Return theta - lr (g + mu v) with v <- mu v + g, g at theta, and the state after the step; shapes of theta.

    Arguments and errors are those of `heavy_ball_step`. For a constant rate its parameters are the look-ahead points of
    `nesterov_step`. This is torch.optim.SGD with nesterov=True.

    >>> theta, state = nesterov_shifted_step(np.array([1.0]), np.array([1.0]), lr=0.5, momentum=0.5)
    >>> theta
    array([0.25])
    """
    _check(lr, momentum)
    return advance(nesterov_shifted_kernel, MomentumState, parameters, gradient, state, lr=lr, momentum=momentum)


def nesterov_shifted_kernel(
    theta: Array, g: Array, state: list[Array], step: int, work: tuple[Array, Array], *, lr: Any, momentum: Any = 0.9
) -> None:
    """Take `nesterov_shifted_step` in place."""
    (velocity,) = state
    update = work[0]
    velocity *= momentum
    velocity += g
    np.multiply(velocity, momentum, out=update)
    update += g
    update *= lr
    theta -= update


def optimal_heavy_ball(smallest: float, largest: float) -> tuple[float, float]:
    """Return (lr, momentum) with the best rate on quadratics with eigenvalues in [smallest, largest].

    momentum = ((sqrt(L) - sqrt(mu)) / (sqrt(L) + sqrt(mu)))^2 and lr = 4 / (sqrt(L) + sqrt(mu))^2; every mode then
    shrinks by sqrt(momentum) a step in the long run.

    Raises:
        ValueError: smallest is not above 0, or largest is below it.

    Source: Polyak 1964.

    >>> optimal_heavy_ball(1.0, 9.0)
    (0.25, 0.25)
    """
    check.positive(smallest, "smallest")
    if not largest >= smallest:
        raise ValueError(f"largest must be at least smallest={smallest}, got largest={largest}")
    low, high = math.sqrt(smallest), math.sqrt(largest)
    return 4 / (high + low) ** 2, ((high - low) / (high + low)) ** 2
