"""Penalties on weights and activities, whose gradients come by autograd, and early stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from ..numpy import regularization as drawn
from ..numpy.regularization import EarlyStopping

__all__ = [
    "EarlyStopping",
    "activity_penalty",
    "activity_penalty_gradient",
    "l1_penalty",
    "l1_penalty_gradient",
    "l2_penalty",
    "l2_penalty_gradient",
    "soft_threshold",
    "weight_mask",
]


def weight_mask(network: Network) -> Tensor:
    """Return which entries of theta are weights, `(parameters,)`: biases and scales are not penalized.

    >>> from backproof.reference.architecture import perceptron
    >>> weight_mask(perceptron((2, 1))).tolist()
    [True, True, False]
    """
    return torch.from_numpy(drawn.weight_mask(network))


def _gradient(penalty: Callable[[Tensor, Any], Tensor], values: Tensor, strength: Any) -> Tensor:
    with torch.enable_grad():
        leaf = values.detach().requires_grad_()
        return torch.autograd.grad(penalty(leaf, strength).sum(), leaf)[0]


def _sum(terms: Tensor, strength: Any) -> Tensor:
    lead = strength.ndim if isinstance(strength, Tensor) else 0
    return terms.flatten(lead).sum(dim=-1) if terms.ndim > lead else terms


def l1_penalty(weights: Tensor, strength: float | Tensor) -> Tensor:
    """Return strength * sum |w|, a scalar; with a tensor of strengths, one a member of the leading axis.

    >>> float(l1_penalty(torch.tensor([1.0, -2.0]), 0.5))
    1.5
    """
    check.nonnegative(strength, "strength")
    return strength * _sum(weights.abs(), strength)


def l1_penalty_gradient(weights: Tensor, strength: float | Tensor) -> Tensor:
    """Return strength * sign(w), 0 at w = 0, shape of the weights.

    >>> l1_penalty_gradient(torch.tensor([1.0, -2.0, 0.0]), 0.5)
    tensor([ 0.5000, -0.5000,  0.0000])
    """
    return _gradient(l1_penalty, weights, strength)


def l2_penalty(weights: Tensor, strength: float | Tensor) -> Tensor:
    """Return strength * sum w^2, without 1/2; with a tensor of strengths, one a member of the leading axis.

    torch's weight_decay is twice the strength, and shrinks biases too unless they have a group of their own.

    >>> float(l2_penalty(torch.tensor([1.0, -2.0]), 0.5))
    2.5
    """
    check.nonnegative(strength, "strength")
    return strength * _sum(weights * weights, strength)


def l2_penalty_gradient(weights: Tensor, strength: float | Tensor) -> Tensor:
    """Return 2 strength w, shape of the weights.

    >>> l2_penalty_gradient(torch.tensor([1.0, -2.0]), 0.5)
    tensor([ 1., -2.])
    """
    return _gradient(l2_penalty, weights, strength)


def activity_penalty(activations: Tensor, strength: float) -> Tensor:
    """Return strength * sum |h| / batch, a scalar: an L1 penalty on a layer's outputs, which makes them sparse.

    Args:
        activations: h, `(batch, ...)`.

    >>> float(activity_penalty(torch.tensor([[1.0, -1.0], [2.0, 0.0]]), 0.5))  # (1 + 1 + 2) / 2 halves
    1.0
    """
    check.nonnegative(strength, "strength")
    check.not_empty(activations, "activations")
    return strength * activations.abs().sum() / len(activations)


def activity_penalty_gradient(activations: Tensor, strength: float) -> Tensor:
    """Return strength * sign(h) / batch, shape of the activations.

    >>> activity_penalty_gradient(torch.tensor([[1.0, -1.0], [2.0, 0.0]]), 0.5)
    tensor([[ 0.2500, -0.2500],
            [ 0.2500,  0.0000]])
    """
    return _gradient(activity_penalty, activations, strength)


def soft_threshold(weights: Tensor, threshold: float | Tensor) -> Tensor:
    """Return sign(w) max(|w| - threshold, 0): the minimizer over x of (x - w)^2 / 2 + threshold |x|.

    >>> soft_threshold(torch.tensor([3.0, -0.5]), 1.0)
    tensor([2., -0.])
    """
    check.nonnegative(threshold, "threshold")
    return weights.sign() * (weights.abs() - threshold).clamp(min=0)
