"""Each layer's forward pass; autograd does the rest. Leading axes as in the NumPy passes: a batch, or a fleet of
batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .. import architecture
from .activations import ACTIVATIONS


def dense(layer: Any, parameters: tuple[Tensor, ...], inputs: Tensor, extra: Any) -> Tensor:
    """a = h W + b."""
    weights, bias = parameters
    if weights.ndim == 2 and inputs.ndim == 2:
        return torch.addmm(bias, inputs, weights)
    return torch.matmul(inputs, weights) + bias.unsqueeze(-2)


def activation(layer: Any, parameters: tuple[Tensor, ...], inputs: Tensor, extra: Any) -> Tensor:
    """h = phi(a)."""
    return ACTIVATIONS[layer.name][0](inputs)


def dropout(layer: Any, parameters: tuple[Tensor, ...], inputs: Tensor, extra: Any) -> Tensor:
    """h = mask a / (1 - p) in training, a at test; not inverted: mask a in training, (1 - p) a at test."""
    if extra is None:
        return inputs if layer.inverted else inputs * (1.0 - layer.p)
    kept: Tensor = inputs * extra.to(inputs.dtype)
    return kept / (1.0 - layer.p) if layer.inverted else kept


#: How torch runs each layer that `architecture` describes.
PASSES: dict[type, Callable[[Any, tuple[Tensor, ...], Tensor, Any], Tensor]] = {
    architecture.Dense: dense,
    architecture.Activation: activation,
    architecture.Dropout: dropout,
}
