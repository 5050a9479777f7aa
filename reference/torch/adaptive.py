"""Rules with a rate for each parameter, from running averages of the gradient's square."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .. import _checks as check
from ._step import advance


@dataclass(frozen=True)
class AdamState:
    """Steps taken, and the running averages of g and g^2."""

    step: int
    first_moment: Tensor
    second_moment: Tensor


def adam_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdamState | None = None,
    *,
    lr: float | Tensor = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, AdamState]:
    """Return theta - lr m_hat / (sqrt(v_hat) + eps) and the state after the step; shapes of theta.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,  m_hat = m / (1 - beta1^t),  v_hat = v / (1 -
    beta2^t), t from 1.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's.
        state: None at the first step (m = v = 0).
        lr: above 0; a tensor gives the leading axes' members their own.
        betas: decays of the averages, each in [0, 1).
        eps: at least 0; under the root with `eps_inside` (after the correction), as the decks print it.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Kingma and Ba 2015, algorithm 1; the NumPy side says where libraries differ.

    >>> import torch
    >>> adam_step(torch.tensor([1.0]), torch.tensor([-4.0]), lr=0.5, eps=0.0)[0]  # the first step is lr sign(g)
    tensor([1.5000])
    """
    check.positive(lr, "lr")
    check.fraction(betas, "betas")
    check.nonnegative(eps, "eps")
    return advance(
        adam_kernel, AdamState, parameters, gradient, state, lr=lr, betas=betas, eps=eps, eps_inside=eps_inside
    )


def adam_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `adam_step` in place."""
    m, v = state
    m.mul_(betas[0]).add_(g, alpha=1 - betas[0])
    v.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
    correction1, correction2 = 1 - betas[0] ** step, 1 - betas[1] ** step
    # The corrections are scalars: m_hat / (sqrt(v_hat) + eps) = (root / correction1) m / (sqrt(v) + root eps).
    root = math.sqrt(correction2)
    denominator = _root(v, eps * (correction2 if eps_inside else root), eps_inside)
    _subtract_quotient(theta, m, denominator, lr * (root / correction1))


def _root(square: Tensor, eps: float, inside: bool) -> Tensor:
    """Return sqrt(square) + eps, or sqrt(square + eps); without eps, 1 where it is 0, so that 0 / 0 counts as 0."""
    denominator = (square + eps).sqrt_() if inside else square.sqrt().add_(eps)
    return denominator if eps else denominator.masked_fill_(denominator == 0, 1)


def _subtract_quotient(theta: Tensor, numerator: Tensor, denominator: Tensor, factor: Any) -> None:
    """theta <- theta - factor numerator / denominator; a factor for each member cannot be a scalar of the kernel."""
    if isinstance(factor, Tensor):
        theta.sub_(numerator / denominator * factor)
    else:
        theta.addcdiv_(numerator, denominator, value=-factor)
