"""Jacobs' rule: a rate for each parameter that grows while its gradient keeps its sign and shrinks when it turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance, average

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class DeltaBarDeltaState:
    """Steps taken, each parameter's rate, and the running average of g, delta bar."""

    step: int
    rates: Array
    mean: Array


def delta_bar_delta_step(
    parameters: Array,
    gradient: Array,
    state: DeltaBarDeltaState | None = None,
    *,
    lr: float | Array = 0.01,
    kappa: float = 1e-3,
    phi: float = 0.1,
    decay: float = 0.7,
) -> tuple[Array, DeltaBarDeltaState]:
    """Return theta - r g, entry by entry, and the state after the step; shapes of theta.

    First r <- r + kappa where g has the sign of its average m over the steps before, r <- (1 - phi) r where it has the
    other one, and r stays where either is 0; at last m <- decay m + (1 - decay) g.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's. The full gradient: a minibatch's turns
            by chance.
        state: None at the first step (r = lr, m = 0).
        lr: above 0, only the start of the rates, so that a schedule has no effect; an array gives the leading axes'
            members their own.
        kappa: at least 0, added.
        phi, decay: in [0, 1).

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Jacobs 1988; the decay is his theta. One deck has the rate decrease in both cases. Rprop (torch.optim.Rprop)
        compares with the last gradient instead of an average, multiplies in both cases, and steps by the sign of g.

    >>> theta, state = delta_bar_delta_step(np.array([1.0, 1.0]), np.array([1.0, 1.0]), lr=0.5, kappa=0.25, phi=0.5)
    >>> delta_bar_delta_step(theta, np.array([1.0, -1.0]), state, kappa=0.25, phi=0.5)[1].rates
    array([0.75, 0.25])
    """
    check.positive(lr, "lr")
    check.nonnegative(kappa, "kappa")
    check.fraction(phi, "phi")
    check.fraction(decay, "decay")
    hyper = {"lr": lr, "kappa": kappa, "phi": phi, "decay": decay}
    return advance(delta_bar_delta_kernel, DeltaBarDeltaState, parameters, gradient, state, **hyper)


def delta_bar_delta_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 0.01,
    kappa: float = 1e-3,
    phi: float = 0.1,
    decay: float = 0.7,
) -> None:
    """Take `delta_bar_delta_step` in place."""
    rates, mean = state
    agreement, update = work
    if step == 1:
        rates[...] = lr
    # Signs, since a product of two small gradients would underflow to "neither".
    np.sign(mean, out=agreement)
    agreement *= np.sign(g, out=update)
    rates += kappa * np.maximum(agreement, 0)
    rates *= 1 + phi * np.minimum(agreement, 0)
    np.multiply(rates, g, out=update)
    theta -= update
    average(mean, g, decay, update)
