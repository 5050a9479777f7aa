"""The rules by name, and descent with any of them on any gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from . import adaptive, momentum, stochastic
from ._step import per_member, run, scratch, state_names
from .quadratics import Descent, Divergence

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rule:
    """A pure step, the same as a kernel in place, its state, and its hyperparameters' names.

    `look_ahead(theta, state_arrays, **hyper)`, where there is one, is the point at which the rule wants its gradient.
    """

    step: Callable[..., Any]
    kernel: Callable[..., None]
    state: type
    hyper: tuple[str, ...]
    look_ahead: Callable[..., Array] | None = None

    @property
    def array_names(self) -> tuple[str, ...]:
        """The names of the state's arrays."""
        return state_names(self.state)


def _look_ahead(theta: Array, state: list[Array], *, momentum: Any = 0.9, **others: Any) -> Array:
    """Return theta + mu v; the velocity is the last of the state's arrays."""
    ahead: Array = theta + momentum * state[-1]
    return ahead


#: Every optimizer that `train` knows.
OPTIMIZERS: dict[str, Rule] = {
    "sgd": Rule(stochastic.sgd_step, stochastic.sgd_kernel, stochastic.SGDState, ()),
    "heavy_ball": Rule(momentum.heavy_ball_step, momentum.heavy_ball_kernel, momentum.MomentumState, ("momentum",)),
    "heavy_ball_buffer": Rule(
        momentum.heavy_ball_buffer_step,
        momentum.heavy_ball_buffer_kernel,
        momentum.MomentumState,
        ("momentum", "dampening"),
    ),
    "heavy_ball_two_term": Rule(
        momentum.heavy_ball_two_term_step, momentum.heavy_ball_two_term_kernel, momentum.TwoTermState, ("momentum",)
    ),
    "nesterov": Rule(
        momentum.nesterov_step, momentum.heavy_ball_kernel, momentum.MomentumState, ("momentum",), _look_ahead
    ),
    "nesterov_shifted": Rule(
        momentum.nesterov_shifted_step, momentum.nesterov_shifted_kernel, momentum.MomentumState, ("momentum",)
    ),
    "delta_bar_delta": Rule(
        adaptive.delta_bar_delta_step,
        adaptive.delta_bar_delta_kernel,
        adaptive.DeltaBarDeltaState,
        ("kappa", "phi", "decay"),
    ),
    "adagrad": Rule(
        adaptive.adagrad_step,
        adaptive.adagrad_kernel,
        adaptive.AdaGradState,
        ("eps", "initial_accumulator_value", "eps_inside"),
    ),
    "adadelta": Rule(adaptive.adadelta_step, adaptive.adadelta_kernel, adaptive.AdaDeltaState, ("rho", "eps")),
    "rmsprop": Rule(
        adaptive.rmsprop_step, adaptive.rmsprop_kernel, adaptive.RMSPropState, ("alpha", "eps", "eps_inside")
    ),
    "rmsprop_centered": Rule(
        adaptive.rmsprop_centered_step,
        adaptive.rmsprop_centered_kernel,
        adaptive.CenteredState,
        ("alpha", "eps", "eps_inside"),
    ),
    "rmsprop_nesterov": Rule(
        adaptive.rmsprop_nesterov_step,
        adaptive.rmsprop_nesterov_kernel,
        adaptive.RMSPropNesterovState,
        ("momentum", "alpha", "eps", "eps_inside"),
        _look_ahead,
    ),
    "adam": Rule(adaptive.adam_step, adaptive.adam_kernel, adaptive.AdamState, ("betas", "eps", "eps_inside")),
    "adamw": Rule(
        adaptive.adamw_step, adaptive.adamw_kernel, adaptive.AdamState, ("betas", "eps", "weight_decay", "eps_inside")
    ),
    "amsgrad": Rule(
        adaptive.amsgrad_step, adaptive.amsgrad_kernel, adaptive.AMSGradState, ("betas", "eps", "eps_inside")
    ),
    "nadam": Rule(adaptive.nadam_step, adaptive.nadam_kernel, adaptive.AdamState, ("betas", "eps", "eps_inside")),
}


def find(name: str, **hyper: Any) -> Rule:
    """Return the rule of that name once its hyperparameters were checked by one step on zeros.

    >>> find("adam", betas=(0.9, 1.5))
    Traceback (most recent call last):
    ValueError: betas must be in [0, 1), got betas=1.5
    """
    check.choice(name, OPTIMIZERS, "optimizer")
    rule = OPTIMIZERS[name]
    for key in hyper:
        check.choice(key, ("lr", *rule.hyper), f"hyperparameter of {name}")
    members = np.broadcast_shapes((1,), *(np.shape(value) for value in hyper.values() if isinstance(value, np.ndarray)))
    rule.step(np.zeros(members), np.zeros(members), **{"lr": 1.0, **hyper})
    return rule


def minimize(
    gradient: Callable[[Array], Array],
    start: Array,
    optimizer: str = "sgd",
    *,
    lr: float | Array | Callable[[int], Any],
    steps: int,
    record: bool = True,
    **hyper: Any,
) -> Descent:
    """Return the descent of any rule on any gradient.

    Args:
        gradient: a function of arrays of the start's shape.
        start: x_0, `(..., dimension)`; leading axes are a fleet of problems.
        optimizer: a name in `OPTIMIZERS`, its hyperparameters as further keywords.
        lr: above 0; an array gives the leading axes' problems their own; a function of the step (from 0) is a schedule.
        steps: at least 1.
        record: keep every iterate, `(steps + 1, ..., dimension)`; else the path is the start and the last one.

    Raises:
        ValueError: an argument out of its range, an unknown optimizer, a start that is not finite.

    A run that leaves the finite numbers stops there, with the step and the last finite iterate in `.diverged`.

    >>> minimize(lambda x: x, np.array([1.0]), "heavy_ball", lr=0.5, momentum=0.5, steps=2).path.ravel()
    array([1. , 0.5, 0. ])
    """
    rule = find(optimizer, **hyper)
    check.at_least(steps, 1, "steps")
    check.finite(start, "start")
    if not callable(lr):
        check.positive(lr, "lr")
    theta = np.array(start, dtype=np.result_type(start, np.float32))
    state = [np.zeros_like(theta) for _ in rule.array_names]
    work, hyper = scratch(theta), {key: per_member(value, theta.ndim) for key, value in hyper.items()}
    path, before, diverged, taken = [theta.copy()], np.empty_like(theta), None, 0
    # Overflow is a result here, not a warning.
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(1, steps + 1):
            before[...] = theta
            point = rule.look_ahead(theta, state, **hyper) if rule.look_ahead else theta
            rate = lr
            if callable(lr):
                rate = lr(step - 1)
                check.nonnegative(rate, f"lr at step {step - 1}")
            rate = per_member(np.asarray(rate, theta.dtype), theta.ndim)
            run(rule.kernel, theta, gradient(point), state, step, work, lr=rate, **hyper)
            if not np.isfinite(theta).all():
                diverged = Divergence(step, before)
                break
            taken = step
            if record:
                path.append(theta.copy())
    if not record:
        path.append(before if diverged else theta)
    return Descent(np.stack(path), np.array([lr(k) if callable(lr) else lr for k in range(taken)]), diverged)
