"""Adam and the neighbours it is confused with: AdamW, AMSGrad, Nadam.

`eps_inside` puts eps under the root, as the decks print it, instead of beside it, as the papers and torch have it.
Where eps is 0, 0 / 0 counts as 0: a parameter that never had a gradient stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ._step import advance, average, average_of_squares, check_rule, divide_by_root

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class AdamState:
    """Steps taken, and the running averages of g and g^2."""

    step: int
    first_moment: Array
    second_moment: Array


@dataclass(frozen=True)
class AMSGradState:
    """Steps taken, the running averages of g and g^2, and the largest second moment so far."""

    step: int
    first_moment: Array
    second_moment: Array
    largest: Array


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
        eps: at least 0; under the root with `eps_inside` (after the correction).

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Kingma and Ba 2015, algorithm 1. torch.optim.Adam is the same; Keras uses the paper's second form, whose
        eps is
    eps sqrt(1 - beta2^t) here. One deck leaves out the correction and swaps the betas: its first step would be lr /
    316.

    >>> adam_step(np.array([1.0]), np.array([-4.0]), lr=0.5, eps=0.0)[0]  # the first step is lr sign(g)
    array([1.5])
    """
    check.pair(betas, "betas")
    check_rule(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(adam_kernel, AdamState, parameters, gradient, state, **hyper)


def adam_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `adam_step` in place."""
    first, second = state
    update = work[0]
    average(first, g, betas[0], update)
    average_of_squares(second, g, betas[1], update)
    _corrected_update(theta, first, second, step, update, lr, betas, eps, eps_inside)


def _corrected_update(
    theta: Array,
    first: Array,
    second: Array,
    step: int,
    update: Array,
    lr: Any,
    betas: tuple[float, float],
    eps: float,
    eps_inside: bool,
) -> None:
    """theta <- theta - lr m_hat / (sqrt(v_hat) + eps), with the corrections as scalars.

    m_hat / (sqrt(v_hat) + eps) = (root / correction1) m / (sqrt(v) + root eps), root = sqrt(correction2).
    """
    correction1, correction2 = 1 - betas[0] ** step, 1 - betas[1] ** step
    root = math.sqrt(correction2)
    divide_by_root(first, second, eps * (correction2 if eps_inside else root), eps_inside, update)
    update *= lr * (root / correction1)
    theta -= update


def adamw_step(
    parameters: Array,
    gradient: Array,
    state: AdamState | None = None,
    *,
    lr: float | Array = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float | Array = 0.01,
    eps_inside: bool = False,
) -> tuple[Array, AdamState]:
    """Return theta - lr weight_decay theta - lr m_hat / (sqrt(v_hat) + eps), theta before the step, and the state
    after it.

    Args:
        weight_decay: at least 0; decoupled, where adding it to the gradient would divide it by the root as well.
        others: as in `adam_step`.

    Raises:
        ValueError: as `adam_step` does.

    Source: Loshchilov and Hutter 2019, with their schedule multiplier in lr, as torch.optim.AdamW and Optax have it.

    >>> adamw_step(np.array([2.0]), np.array([-4.0]), lr=0.5, eps=0.0, weight_decay=0.5)[0]  # 2 - 0.5 + 0.5
    array([2.])
    """
    check.pair(betas, "betas")
    check_rule(lr, eps, betas=betas)
    check.nonnegative(weight_decay, "weight_decay")
    hyper = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "eps_inside": eps_inside}
    return advance(adamw_kernel, AdamState, parameters, gradient, state, **hyper)


def adamw_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: Any = 0.01,
    eps_inside: bool = False,
) -> None:
    """Take `adamw_step` in place."""
    np.multiply(theta, lr * weight_decay, out=work[1])
    theta -= work[1]
    adam_kernel(theta, g, state, step, work, lr=lr, betas=betas, eps=eps, eps_inside=eps_inside)


def amsgrad_step(
    parameters: Array,
    gradient: Array,
    state: AMSGradState | None = None,
    *,
    lr: float | Array = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, AMSGradState]:
    """Return Adam's step with the largest v so far, divided by 1 - beta2^t, for v_hat, and the state after it.

    Arguments and errors are those of `adam_step`.

    Source: Reddi, Kale and Kumar 2018, with Adam's corrections as torch.optim.Adam(amsgrad=True) has them; Optax
        takes the
    largest v_hat, the paper has no corrections.

    >>> theta, state = amsgrad_step(np.array([0.0]), np.array([2.0]), lr=1.0, betas=(0.0, 0.5), eps=0.0)
    >>> amsgrad_step(theta, np.array([0.0]), state, lr=1.0, betas=(0.0, 0.5), eps=0.0)[1].largest  # not 1, as v is now
    array([2.])
    """
    check.pair(betas, "betas")
    check_rule(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(amsgrad_kernel, AMSGradState, parameters, gradient, state, **hyper)


def amsgrad_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `amsgrad_step` in place."""
    first, second, largest = state
    update = work[0]
    average(first, g, betas[0], update)
    average_of_squares(second, g, betas[1], update)
    np.maximum(largest, second, out=largest)
    _corrected_update(theta, first, largest, step, update, lr, betas, eps, eps_inside)


def nadam_step(
    parameters: Array,
    gradient: Array,
    state: AdamState | None = None,
    *,
    lr: float | Array = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Array, AdamState]:
    """Return theta - lr (beta1 m / (1 - beta1^(t+1)) + (1 - beta1) g / (1 - beta1^t)) / (sqrt(v_hat) + eps), and the
    state.

    Arguments and errors are those of `adam_step`: its m_hat replaced by the one that the next step would use for this
    gradient.

    Source: Dozat 2016 with a constant beta1, as optax.nadam; torch.optim.NAdam and Keras let beta1 grow over the steps.

    >>> theta, _ = nadam_step(np.array([0.0]), np.array([2.0]), lr=1.0, betas=(0.5, 0.5), eps=0.0)
    >>> round(float(theta[0]), 12)  # m = 1, v_hat = 4: (1/2 1 / (3/4) + 1/2 2 / (1/2)) / 2 = 4/3
    -1.333333333333
    """
    check.pair(betas, "betas")
    check_rule(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(nadam_kernel, AdamState, parameters, gradient, state, **hyper)


def nadam_kernel(
    theta: Array,
    g: Array,
    state: list[Array],
    step: int,
    work: tuple[Array, Array],
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `nadam_step` in place."""
    first, second = state
    update, ahead = work
    average(first, g, betas[0], update)
    average_of_squares(second, g, betas[1], update)
    np.multiply(first, betas[0] / (1 - betas[0] ** (step + 1)), out=ahead)
    np.multiply(g, (1 - betas[0]) / (1 - betas[0] ** step), out=update)
    ahead += update
    # The first moment is corrected already: only the second one's correction is left, of which the root is a scalar.
    correction = 1 - betas[1] ** step
    root = math.sqrt(correction)
    divide_by_root(ahead, second, eps * (correction if eps_inside else root), eps_inside, update)
    update *= lr * root
    theta -= update
