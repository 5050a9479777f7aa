"""How a rule's kernel, which works in place, becomes a pure step on arrays of any leading shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]
State = TypeVar("State")

#: Entries handled at once: parameters, gradient, two moments and scratch of this many floats stay in the cache.
BLOCK = 16_384


@cache
def state_names(state_class: type) -> tuple[str, ...]:
    """Return the names of the state's arrays: its fields but the step count."""
    return tuple(field.name for field in fields(state_class) if field.name != "step")


def advance(
    kernel: Callable[..., None],
    state_class: Callable[..., State],
    parameters: Array,
    gradient: Array,
    state: State | None,
    **hyper: Any,
) -> tuple[Array, State]:
    """Return new parameters and a new state from one call of the kernel on copies; the arguments stay as they are."""
    parameters, gradient = np.asarray(parameters), np.asarray(gradient)
    check.same_shape(parameters, gradient, "parameters", "gradient")
    check.finite(gradient, "gradient")
    names = state_names(state_class)
    step = 1 if state is None else state.step + 1  # type: ignore[attr-defined]
    theta = parameters.copy()
    arrays = [np.zeros_like(theta) if state is None else getattr(state, name).copy() for name in names]
    hyper = {name: per_member(value, theta.ndim) for name, value in hyper.items()}
    run(kernel, theta, gradient, arrays, step, scratch(theta), **hyper)
    return theta, state_class(step, *arrays)


def per_member(value: Any, ndim: int) -> Any:
    """Return an array of hyperparameters with axes of length 1 appended: it broadcasts from the leading axes."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value.reshape(value.shape + (1,) * (ndim - value.ndim))
    return value


def scratch(theta: Array) -> tuple[Array, Array]:
    """Return two working arrays for `run`: of theta's shape, or of one block where theta is long."""
    shape = (BLOCK,) if theta.ndim == 1 and theta.size > BLOCK else theta.shape
    return np.empty(shape, theta.dtype), np.empty(shape, theta.dtype)


def run(
    kernel: Callable[..., None],
    theta: Array,
    gradient: Array,
    arrays: list[Array],
    step: int,
    work: tuple[Array, Array],
    **hyper: Any,
) -> None:
    """Run the kernel in place, block after block where theta is one long vector."""
    if theta.ndim != 1 or theta.size <= BLOCK:
        kernel(theta, gradient, arrays, step, work, **hyper)
        return
    for start in range(0, theta.size, BLOCK):
        part = slice(start, start + BLOCK)
        piece = theta[part]
        short = (work[0][: piece.size], work[1][: piece.size])
        kernel(piece, gradient[part], [array[part] for array in arrays], step, short, **hyper)


def check_rule(lr: Any, eps: float, **decays: Any) -> None:
    """Raise unless lr is positive, eps is not negative, and the decays are in [0, 1)."""
    check.positive(lr, "lr")
    check.nonnegative(eps, "eps")
    for name, decay in decays.items():
        check.fraction(decay, name)


def average(average: Array, values: Array, decay: Any, work: Array) -> None:
    """average <- decay average + (1 - decay) values."""
    np.multiply(values, 1 - decay, out=work)
    average *= decay
    average += work


def average_of_squares(average: Array, values: Array, decay: Any, work: Array) -> None:
    """average <- decay average + (1 - decay) values^2."""
    np.multiply(values, values, out=work)
    work *= 1 - decay
    average *= decay
    average += work


def divide_by_root(numerator: Array, square: Array, eps: float, inside: bool, out: Array) -> None:
    """out <- numerator / (sqrt(square) + eps), or numerator / sqrt(square + eps); 0 / 0 counts as 0."""
    if inside:
        np.add(square, eps, out=out)
        np.sqrt(out, out=out)
    else:
        np.sqrt(square, out=out)
        out += eps
    if not eps:
        out[out == 0] = 1
    np.divide(numerator, out, out=out)
