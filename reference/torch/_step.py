"""How a rule's kernel, which works in place, becomes a pure step on tensors of any leading shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from .. import _checks as check
from ..numpy._step import state_names

State = TypeVar("State")

#: Entries handled at once on a CPU: parameters, gradient, two moments and scratch of this many floats stay in the last
#: cache; of the sizes tried, smaller ones lost more to the calls than they won from a nearer cache.
BLOCK = 262_144


def advance(
    kernel: Callable[..., None],
    state_class: Callable[..., State],
    parameters: Tensor,
    gradient: Tensor,
    state: State | None,
    **hyper: Any,
) -> tuple[Tensor, State]:
    """Return new parameters and a new state from one call of the kernel on copies; the arguments stay as they are."""
    check.same_shape(parameters, gradient, "parameters", "gradient")
    check.finite(gradient, "gradient")
    names = state_names(state_class)
    step = 1 if state is None else state.step + 1  # type: ignore[attr-defined]
    theta = parameters.detach().clone()
    arrays = [torch.zeros_like(theta) if state is None else getattr(state, name).clone() for name in names]
    hyper = {name: per_member(value, theta.ndim) for name, value in hyper.items()}
    run(kernel, theta, gradient.detach(), arrays, step, **hyper)
    return theta, state_class(step, *arrays)


def per_member(value: Any, ndim: int) -> Any:
    """Return a tensor of hyperparameters with axes of length 1 appended: it broadcasts from the leading axes."""
    if isinstance(value, Tensor) and value.ndim:
        return value.reshape(tuple(value.shape) + (1,) * (ndim - value.ndim))
    return value


def run(
    kernel: Callable[..., None],
    theta: Tensor,
    gradient: Tensor,
    arrays: Sequence[Tensor],
    step: int,
    **hyper: Any,
) -> None:
    """Run the kernel in place, block after block where theta is one long vector on a CPU."""
    if theta.ndim != 1 or theta.numel() <= BLOCK or theta.is_cuda:
        kernel(theta, gradient, arrays, step, **hyper)
        return
    split = [torch.split(tensor, BLOCK) for tensor in (theta, gradient, *arrays)]
    for piece, g, *state in zip(*split, strict=True):
        kernel(piece, g, state, step, **hyper)


def check_rule(lr: Any, eps: float, **decays: Any) -> None:
    """Raise unless lr is positive, eps is not negative, and the decays are in [0, 1)."""
    check.positive(lr, "lr")
    check.nonnegative(eps, "eps")
    for name, decay in decays.items():
        check.fraction(decay, name)


def average(average: Tensor, values: Tensor, decay: float) -> None:
    """average <- decay average + (1 - decay) values."""
    average.lerp_(values, 1 - decay)


def average_of_squares(average: Tensor, values: Tensor, decay: float) -> None:
    """average <- decay average + (1 - decay) values^2."""
    average.mul_(decay).addcmul_(values, values, value=1 - decay)


def rooted(square: Tensor, eps: Any, inside: bool) -> Tensor:
    """Return sqrt(square) + eps, or sqrt(square + eps); without eps, 1 where it is 0, so that 0 / 0 counts as 0."""
    denominator = (square + eps).sqrt_() if inside else square.sqrt().add_(eps)
    # Where eps is a tensor, `compiled` has seen to it that it is not 0.
    return denominator if isinstance(eps, Tensor) or eps else denominator.masked_fill_(denominator == 0, 1)


def subtract_quotient(theta: Tensor, numerator: Tensor, denominator: Tensor, factor: Any) -> None:
    """theta <- theta - factor numerator / denominator; a factor for each member cannot be a scalar of the kernel."""
    if isinstance(factor, Tensor):
        theta.sub_(numerator / denominator * factor)
    else:
        theta.addcdiv_(numerator, denominator, value=-factor)
