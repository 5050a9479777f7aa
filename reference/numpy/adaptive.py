"""Rules with a rate for each parameter, from running averages of the gradient's square."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class AdamState:
    """Steps taken, and the running averages of g and g^2."""

    step: int
    first_moment: Array
    second_moment: Array


def adam_step(
    parameters: Array,
    gradient: Array,
    state: AdamState | None = None,
    *,
    lr: float | Array = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, AdamState]:
    """Return theta - lr m_hat / (sqrt(v_hat) + eps) and the state after the step; shapes of theta.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  m_hat = m / (1 - beta1^t),  v_hat = v / (1 -
    beta2^t), t from 1.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's.
        state: None at the first step (m = v = 0).
        lr: above 0; an array gives the leading axes' members their own.
        betas: decays of the averages, each in [0, 1).
        eps: at least 0; under the root with `eps_inside` (after the correction), as the decks print it.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Kingma and Ba 2015, algorithm 1. torch.optim.Adam is the same; Keras uses the paper's second form, whose
        eps is
    eps sqrt(1 - beta2^t) here; one deck leaves out the correction and swaps the betas, which makes the first step
    3.16 lr.

    >>> adam_step(np.array([1.0]), np.array([-4.0]), lr=0.5, eps=0.0)[0]  # the first step is lr sign(g)
    array([1.5])
    """
    check.positive(lr, "lr")
    check.fraction(betas, "betas")
    check.nonnegative(eps, "eps")
    return advance(
        adam_kernel, AdamState, parameters, gradient, state, lr=lr, betas=betas, eps=eps, eps_inside=eps_inside
    )


def adam_kernel(
    theta: Array,
    g: Array,
    state: tuple[Array, Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `adam_step` in place."""
    m, v = state
    update = work[0]
    _average(m, g, betas[0], update)
    _average_of_squares(v, g, betas[1], update)
    correction1, correction2 = 1 - betas[0] ** step, 1 - betas[1] ** step
    # The corrections are scalars: m_hat / (sqrt(v_hat) + eps) = (root / correction1) m / (sqrt(v) + root eps).
    root = math.sqrt(correction2)
    _divide_by_root(m, v, eps * (correction2 if eps_inside else root), eps_inside, update)
    update *= lr * (root / correction1)
    theta -= update


def _average(average: Array, values: Array, decay: float, work: Array) -> None:
    """average <- decay average + (1 - decay) values."""
    np.multiply(values, 1 - decay, out=work)
    average *= decay
    average += work


def _average_of_squares(average: Array, values: Array, decay: float, work: Array) -> None:
    """average <- decay average + (1 - decay) values^2."""
    np.multiply(values, values, out=work)
    work *= 1 - decay
    average *= decay
    average += work


def _divide_by_root(numerator: Array, square: Array, eps: float, inside: bool, out: Array) -> None:
    """out <- numerator / (sqrt(square) + eps), or numerator / sqrt(square + eps); 0 / 0 counts as 0."""
    if inside:
        np.add(square, eps, out=out)
        np.sqrt(out, out=out)
    else:
        np.sqrt(square, out=out)
        out += eps
    if eps:
        np.divide(numerator, out, out=out)
    else:
        # Without eps a parameter that never had a gradient has 0 / 0, and stays.
        out[out == 0] = 1
        np.divide(numerator, out, out=out)
