"""Clipping a gradient's global norm: shorter steps at cliffs, the direction kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check


def clip_global_norm(gradients: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    """Return min(1, c / |g|) g for the norm over all the tensors together, the same shapes; zero stays zero.

    Args:
        gradients: tensors of any shapes.
        max_norm: c, above 0.

    Raises:
        ValueError: max_norm is not above 0, a gradient is not finite.

    Source: Pascanu, Mikolov and Bengio 2013. torch.nn.utils.clip_grad_norm_ divides by |g| + 1e-6.

    >>> clip_global_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)
    [tensor([0.6000]), tensor([0.8000])]
    """
    check.positive(max_norm, "max_norm")
    for gradient in gradients:
        check.finite(gradient, "gradients")
    if not gradients:
        return []
    factor = _factor(_norm(torch.cat([gradient.reshape(-1) for gradient in gradients])), max_norm)
    return [gradient * factor[0].to(gradient.dtype) for gradient in gradients]


def _norm(flat: Tensor) -> Tensor:
    """Return the norm along the last axis, kept as an axis, without overflow of the squares."""
    if not flat.shape[-1]:
        return flat.new_zeros(*flat.shape[:-1], 1)
    scale = flat.abs().amax(dim=-1, keepdim=True)
    unit = flat / torch.where(scale > 0, scale, 1)
    return scale * (unit * unit).sum(dim=-1, keepdim=True).sqrt()


def _factor(norm: Tensor, max_norm: Any) -> Tensor:
    factor: Tensor = max_norm / torch.where(norm > 0, norm, max_norm)
    return factor.clamp(max=1)
