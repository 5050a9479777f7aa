"""The rules by name, and descent with any of them on any gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check
from ..numpy._step import state_names
from . import adaptive, stochastic


@dataclass(frozen=True)
class Rule:
    """A pure step, the same as a kernel in place, its state, and its hyperparameters' names.

    `look_ahead(theta, state_arrays, **hyper)`, where there is one, is the point at which the rule wants its gradient.
    """

    step: Callable[..., Any]
    kernel: Callable[..., None]
    state: type
    hyper: tuple[str, ...]
    look_ahead: Callable[..., Tensor] | None = None

    @property
    def array_names(self) -> tuple[str, ...]:
        """The names of the state's arrays."""
        return state_names(self.state)


#: Every optimizer that `train` knows.
OPTIMIZERS: dict[str, Rule] = {
    "sgd": Rule(stochastic.sgd_step, stochastic.sgd_kernel, stochastic.SGDState, ()),
    "adam": Rule(adaptive.adam_step, adaptive.adam_kernel, adaptive.AdamState, ("betas", "eps", "eps_inside")),
}


def find(name: str, **hyper: Any) -> Rule:
    """Return the rule of that name once its hyperparameters were checked by one step on a single number.

    >>> find("adam", betas=(0.9, 1.5))
    Traceback (most recent call last):
    ValueError: betas must be in [0, 1), got betas=1.5
    """
    check.choice(name, OPTIMIZERS, "optimizer")
    rule = OPTIMIZERS[name]
    for key in hyper:
        check.choice(key, ("lr", *rule.hyper), f"hyperparameter of {name}")
    rule.step(torch.zeros(1), torch.zeros(1), **{"lr": 1.0, **hyper})
    return rule
