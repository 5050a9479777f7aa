"""Maxout units: the largest of several affine functions, a learned convex activation."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks as check


def maxout(inputs: Tensor, weights: Tensor, bias: Tensor, pieces: int) -> Tensor:
    """Return max over j of (h W + b)[i, j], `(..., batch, units)`.

    Args:
        inputs: h, `(..., batch, fan_in)`.
        weights: W, `(..., fan_in, units * pieces)`, a unit's pieces side by side.
        bias: b, `(..., units * pieces)`.
        pieces: affine functions a unit, at least 1.

    Raises:
        ValueError: sizes that do not fit.

    Source: Goodfellow et al. 2013.

    >>> maxout(torch.tensor([[-3.0]]), torch.tensor([[1.0, -1.0]]), torch.zeros(2), 2)  # max(x, -x)
    tensor([[3.]])
    """
    check.at_least(pieces, 1, "pieces")
    if weights.shape[-2] != inputs.shape[-1] or weights.shape[-1] % pieces or bias.shape[-1] != weights.shape[-1]:
        raise ValueError(
            f"weights must be (fan_in, units * pieces) with pieces={pieces} and as many biases, got "
            f"weights.shape={tuple(weights.shape)} for inputs.shape={tuple(inputs.shape)} and "
            f"bias.shape={tuple(bias.shape)}"
        )
    affine = torch.matmul(inputs, weights) + bias.unsqueeze(-2)
    # `max` along an axis, unlike `amax`, gives a tie's gradient to one piece.
    return affine.reshape(*affine.shape[:-1], -1, pieces).max(dim=-1).values


def maxout_gradient(
    output_gradient: Tensor, inputs: Tensor, weights: Tensor, bias: Tensor, pieces: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients with respect to inputs, weights and bias, by autograd; a unit's goes to its first largest
    piece.

    >>> one, minus_three = torch.tensor([[1.0]]), torch.tensor([[-3.0]])
    >>> dx, dw, db = maxout_gradient(one, minus_three, torch.tensor([[1.0, -1.0]]), torch.zeros(2), 2)
    >>> dx.ravel(), dw.ravel(), db
    (tensor([-1.]), tensor([ 0., -3.]), tensor([0., 1.]))
    """
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in (inputs, weights, bias)]
        first, second, third = torch.autograd.grad(
            maxout(leaves[0], leaves[1], leaves[2], pieces), leaves, output_gradient
        )
    return first, second, third
