"""Rules with a rate for each parameter, from sums or running averages of the gradient's square.

Every rule but AdaDelta, whose formula has eps under both roots, takes `eps_inside`: eps under the root, as the decks
print it for RMSProp and Adam, instead of beside it, as the papers of AdaGrad and Adam and torch have it. 1e-8 inside
acts like 1e-4 beside. Where eps is 0, 0 / 0 counts as 0: a parameter that never had a gradient stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check
from ._step import advance


@dataclass(frozen=True)
class AdaGradState:
    """Steps taken, and the sum of g^2."""

    step: int
    square_sum: Tensor


@dataclass(frozen=True)
class AdaDeltaState:
    """Steps taken, and the running averages of g^2 and of the updates' squares."""

    step: int
    square: Tensor
    square_update: Tensor


@dataclass(frozen=True)
class RMSPropState:
    """Steps taken, and the running average of g^2."""

    step: int
    square: Tensor


@dataclass(frozen=True)
class CenteredState:
    """Steps taken, and the running averages of g^2 and of g."""

    step: int
    square: Tensor
    mean: Tensor


@dataclass(frozen=True)
class RMSPropNesterovState:
    """Steps taken, the running average of g^2, and the velocity."""

    step: int
    square: Tensor
    velocity: Tensor


@dataclass(frozen=True)
class AdamState:
    """Steps taken, and the running averages of g and g^2."""

    step: int
    first_moment: Tensor
    second_moment: Tensor


@dataclass(frozen=True)
class AMSGradState:
    """Steps taken, the running averages of g and g^2, and the largest second moment so far."""

    step: int
    first_moment: Tensor
    second_moment: Tensor
    largest: Tensor


def _check(lr: Any, eps: float, **decays: Any) -> None:
    check.positive(lr, "lr")
    check.nonnegative(eps, "eps")
    for name, decay in decays.items():
        check.fraction(decay, name)


def _average(average: Tensor, values: Tensor, decay: float) -> None:
    """average <- decay average + (1 - decay) values."""
    average.lerp_(values, 1 - decay)


def _average_of_squares(average: Tensor, values: Tensor, decay: float) -> None:
    """average <- decay average + (1 - decay) values^2."""
    average.mul_(decay).addcmul_(values, values, value=1 - decay)


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


def adagrad_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdaGradState | None = None,
    *,
    lr: float | Tensor = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> tuple[Tensor, AdaGradState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- s + g^2, and the state after the step; shapes of theta.

    Args:
        parameters, gradient: theta and g, one shape; leading axes are a fleet's.
        state: None at the first step (s = `initial_accumulator_value`, at least 0).
        lr: above 0; a tensor gives the leading axes' members their own.
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Duchi, Hazan and Singer 2011. One deck prints the sum of k copies of the newest g^2 instead of the sum
        over time.

    >>> theta, state = adagrad_step(torch.tensor([0.0]), torch.tensor([3.0]), lr=1.0, eps=0.0)
    >>> adagrad_step(theta, torch.tensor([4.0]), state, lr=1.0, eps=0.0)[0]  # -1 - 4 / sqrt(9 + 16)
    tensor([-1.8000])
    """
    _check(lr, eps)
    check.nonnegative(initial_accumulator_value, "initial_accumulator_value")
    hyper = {"lr": lr, "eps": eps, "initial_accumulator_value": initial_accumulator_value, "eps_inside": eps_inside}
    return advance(adagrad_kernel, AdaGradState, parameters, gradient, state, **hyper)


def adagrad_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    eps: float = 1e-10,
    initial_accumulator_value: float = 0.0,
    eps_inside: bool = False,
) -> None:
    """Take `adagrad_step` in place."""
    (square_sum,) = state
    if step == 1:
        square_sum.fill_(initial_accumulator_value)
    square_sum.addcmul_(g, g)
    _subtract_quotient(theta, g, _root(square_sum, eps, eps_inside), lr)


def adadelta_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdaDeltaState | None = None,
    *,
    lr: float | Tensor = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> tuple[Tensor, AdaDeltaState]:
    """Return theta - lr u and the state after the step; shapes of theta.

    s <- rho s + (1 - rho) g^2,  u = sqrt(a + eps) / sqrt(s + eps) g,  a <- rho a + (1 - rho) u^2: u has the units of
    theta.

    Args:
        parameters, gradient, state: as in `adagrad_step`; a = s = 0 at the start.
        lr: above 0, 1 as published.
        rho: in [0, 1).
        eps: above 0: with eps = 0 nothing would ever move.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Zeiler 2012, which the decks follow.

    >>> theta, _ = adadelta_step(torch.tensor([0.0]), torch.tensor([1.0]), rho=0.75, eps=2.0)  # sqrt(2) / sqrt(1/4 + 2)
    >>> round(float(theta[0] ** 2), 6)  # 2 / 2.25
    0.888889
    """
    _check(lr, eps, rho=rho)
    check.positive(eps, "eps")
    return advance(adadelta_kernel, AdaDeltaState, parameters, gradient, state, lr=lr, rho=rho, eps=eps)


def adadelta_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> None:
    """Take `adadelta_step` in place."""
    square, square_update = state
    _average_of_squares(square, g, rho)
    update = (square_update + eps).sqrt_().div_((square + eps).sqrt_()).mul_(g)
    _average_of_squares(square_update, update, rho)
    theta.sub_(lr * update)


def rmsprop_step(
    parameters: Tensor,
    gradient: Tensor,
    state: RMSPropState | None = None,
    *,
    lr: float | Tensor = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, RMSPropState]:
    """Return theta - lr g / (sqrt(s) + eps) with s <- alpha s + (1 - alpha) g^2, and the state after the step.

    Args:
        parameters, gradient, state: as in `adagrad_step`; s = 0 at the start, and is not corrected for it.
        lr: above 0. The first step is lr / sqrt(1 - alpha), ten times lr at alpha = 0.99.
        alpha: decay of the average, in [0, 1).
        eps: at least 0.

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Tieleman and Hinton 2012. torch.optim.RMSprop is the same; the decks have eps inside.

    >>> rmsprop_step(torch.tensor([0.0]), torch.tensor([-5.0]), lr=1.0, alpha=0.75, eps=0.0)[0]  # 1 / sqrt(1/4)
    tensor([2.])
    """
    _check(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_kernel, RMSPropState, parameters, gradient, state, **hyper)


def rmsprop_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_step` in place."""
    (square,) = state
    _average_of_squares(square, g, alpha)
    _subtract_quotient(theta, g, _root(square, eps, eps_inside), lr)


def rmsprop_centered_step(
    parameters: Tensor,
    gradient: Tensor,
    state: CenteredState | None = None,
    *,
    lr: float | Tensor = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, CenteredState]:
    """Return theta - lr g / (sqrt(s - m^2) + eps) with m <- alpha m + (1 - alpha) g: RMSProp by the gradient's
    variance.

    Arguments and errors are those of `rmsprop_step`. Rounding that would make s - m^2 negative counts as 0.

    >>> theta, _ = rmsprop_centered_step(torch.tensor([0.0]), torch.tensor([2.0]), lr=1.0, alpha=0.5, eps=0.0)
    >>> theta  # s - m^2 = 2 - 1, and 2 / 1
    tensor([-2.])
    """
    _check(lr, eps, alpha=alpha)
    hyper = {"lr": lr, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_centered_kernel, CenteredState, parameters, gradient, state, **hyper)


def rmsprop_centered_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_centered_step` in place."""
    square, mean = state
    _average_of_squares(square, g, alpha)
    _average(mean, g, alpha)
    variance = (square - mean * mean).clamp_(min=0)
    _subtract_quotient(theta, g, _root(variance, eps, eps_inside), lr)


def rmsprop_nesterov_step(
    parameters: Tensor,
    gradient: Tensor,
    state: RMSPropNesterovState | None = None,
    *,
    lr: float | Tensor = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, RMSPropNesterovState]:
    """Return theta + v with v <- mu v - lr g / (sqrt(s) + eps), s as in RMSProp, and the state after the step.

    Args:
        gradient: g at `momentum.nesterov_look_ahead`, theta + mu v, not at theta.
        momentum: mu in [0, 1); 0 is RMSProp.
        others: as in `rmsprop_step`.

    Raises:
        ValueError: as `rmsprop_step` does.

    The deck prints lr / sqrt(s) without eps, which is 0 / 0 for a parameter without a gradient.

    >>> rmsprop_nesterov_step(torch.tensor([0.0, 7.0]), torch.tensor([-5.0, 0.0]), lr=1.0, alpha=0.75, eps=0.0)[0]
    tensor([2., 7.])
    """
    _check(lr, eps, alpha=alpha, momentum=momentum)
    hyper = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "eps_inside": eps_inside}
    return advance(rmsprop_nesterov_kernel, RMSPropNesterovState, parameters, gradient, state, **hyper)


def rmsprop_nesterov_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 0.01,
    momentum: float = 0.9,
    alpha: float = 0.99,
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `rmsprop_nesterov_step` in place."""
    square, velocity = state
    _average_of_squares(square, g, alpha)
    velocity.mul_(momentum)
    _subtract_quotient(velocity, g, _root(square, eps, eps_inside), lr)
    theta.add_(velocity)


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
        eps: at least 0; under the root with `eps_inside` (after the correction).

    Raises:
        ValueError: an argument out of its range, shapes that differ, a gradient that is not finite.

    Source: Kingma and Ba 2015, algorithm 1. torch.optim.Adam is the same; Keras uses the paper's second form, whose
        eps is
    eps sqrt(1 - beta2^t) here. One deck leaves out the correction and swaps the betas: its first step would be lr /
    316.

    >>> adam_step(torch.tensor([1.0]), torch.tensor([-4.0]), lr=0.5, eps=0.0)[0]  # the first step is lr sign(g)
    tensor([1.5000])
    """
    _check(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(adam_kernel, AdamState, parameters, gradient, state, **hyper)


def adam_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `adam_step` in place."""
    first, second = state
    _average(first, g, betas[0])
    _average_of_squares(second, g, betas[1])
    _corrected_update(theta, first, second, step, lr, betas, eps, eps_inside)


def _corrected_update(
    theta: Tensor,
    first: Tensor,
    second: Tensor,
    step: int,
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
    denominator = _root(second, eps * (correction2 if eps_inside else root), eps_inside)
    _subtract_quotient(theta, first, denominator, lr * (root / correction1))


def adamw_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdamState | None = None,
    *,
    lr: float | Tensor = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float | Tensor = 0.01,
    eps_inside: bool = False,
) -> tuple[Tensor, AdamState]:
    """Return theta - lr weight_decay theta - lr m_hat / (sqrt(v_hat) + eps), theta before the step, and the state
    after it.

    Args:
        weight_decay: at least 0; decoupled, where adding it to the gradient would divide it by the root as well.
        others: as in `adam_step`.

    Raises:
        ValueError: as `adam_step` does.

    Source: Loshchilov and Hutter 2019, with their schedule multiplier in lr, as torch.optim.AdamW and Optax have it.

    >>> adamw_step(torch.tensor([2.0]), torch.tensor([-4.0]), lr=0.5, eps=0.0, weight_decay=0.5)[0]  # 2 - 0.5 + 0.5
    tensor([2.])
    """
    _check(lr, eps, betas=betas)
    check.nonnegative(weight_decay, "weight_decay")
    hyper = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "eps_inside": eps_inside}
    return advance(adamw_kernel, AdamState, parameters, gradient, state, **hyper)


def adamw_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: Any = 0.01,
    eps_inside: bool = False,
) -> None:
    """Take `adamw_step` in place."""
    theta.sub_(lr * weight_decay * theta)
    adam_kernel(theta, g, state, step, lr=lr, betas=betas, eps=eps, eps_inside=eps_inside)


def amsgrad_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AMSGradState | None = None,
    *,
    lr: float | Tensor = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, AMSGradState]:
    """Return Adam's step with the largest v so far, divided by 1 - beta2^t, for v_hat, and the state after it.

    Arguments and errors are those of `adam_step`.

    Source: Reddi, Kale and Kumar 2018, with Adam's corrections as torch.optim.Adam(amsgrad=True) has them; Optax
        takes the
    largest v_hat, the paper has no corrections.

    >>> theta, state = amsgrad_step(torch.tensor([0.0]), torch.tensor([2.0]), lr=1.0, betas=(0.0, 0.5), eps=0.0)
    >>> amsgrad_step(theta, torch.tensor([0.0]), state, lr=1.0, betas=(0.0, 0.5), eps=0.0)[1].largest
    tensor([2.])
    """
    _check(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(amsgrad_kernel, AMSGradState, parameters, gradient, state, **hyper)


def amsgrad_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `amsgrad_step` in place."""
    first, second, largest = state
    _average(first, g, betas[0])
    _average_of_squares(second, g, betas[1])
    torch.maximum(largest, second, out=largest)
    _corrected_update(theta, first, largest, step, lr, betas, eps, eps_inside)


def nadam_step(
    parameters: Tensor,
    gradient: Tensor,
    state: AdamState | None = None,
    *,
    lr: float | Tensor = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> tuple[Tensor, AdamState]:
    """Return theta - lr (beta1 m / (1 - beta1^(t+1)) + (1 - beta1) g / (1 - beta1^t)) / (sqrt(v_hat) + eps), and the
    state.

    Arguments and errors are those of `adam_step`: its m_hat replaced by the one that the next step would use for this
    gradient.

    Source: Dozat 2016 with a constant beta1, as optax.nadam; torch.optim.NAdam and Keras let beta1 grow over the steps.

    >>> theta, _ = nadam_step(torch.tensor([0.0]), torch.tensor([2.0]), lr=1.0, betas=(0.5, 0.5), eps=0.0)
    >>> round(float(theta[0]), 6)  # m = 1, v_hat = 4: (1/2 1 / (3/4) + 1/2 2 / (1/2)) / 2 = 4/3
    -1.333333
    """
    _check(lr, eps, betas=betas)
    hyper = {"lr": lr, "betas": betas, "eps": eps, "eps_inside": eps_inside}
    return advance(nadam_kernel, AdamState, parameters, gradient, state, **hyper)


def nadam_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `nadam_step` in place."""
    first, second = state
    _average(first, g, betas[0])
    _average_of_squares(second, g, betas[1])
    ahead = first * (betas[0] / (1 - betas[0] ** (step + 1))) + g * ((1 - betas[0]) / (1 - betas[0] ** step))
    # The first moment is corrected already: only the second one's correction is left, of which the root is a scalar.
    correction = 1 - betas[1] ** step
    root = math.sqrt(correction)
    denominator = _root(second, eps * (correction if eps_inside else root), eps_inside)
    _subtract_quotient(theta, ahead, denominator, lr * root)
