"""Each layer's forward pass; autograd does the rest. Leading axes as in the NumPy passes: a batch, or a fleet of
batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .. import architecture
from . import batch_norm, convnets, maxout
from .activations import ACTIVATIONS, leaky_relu

Parameters: TypeAlias = tuple[Tensor, ...]


def dense_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """a = h W + b."""
    weights, bias = parameters
    if weights.ndim == 2 and inputs.ndim == 2:
        return torch.addmm(bias, inputs, weights)
    return torch.matmul(inputs, weights) + bias.unsqueeze(-2)


def activation_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """h = phi(a)."""
    return ACTIVATIONS[layer.name][0](inputs)


def dropout_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """h = mask a / (1 - p) in training, a at test; not inverted: mask a in training, (1 - p) a at test."""
    if extra is None:
        return inputs if layer.inverted else inputs * (1.0 - layer.p)
    kept: Tensor = inputs * extra.to(inputs.dtype)
    return kept / (1.0 - layer.p) if layer.inverted else kept


def parametric_relu_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """h = a where a > 0, else slope a."""
    slope = parameters[0]
    return leaky_relu(inputs, slope.reshape(slope.shape[:-1] + (1,) * (inputs.ndim - slope.ndim + 1)))


def maxout_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """h_i = max over j of (h W + b)_ij."""
    weights, bias = parameters
    return maxout.maxout(inputs, weights, bias, layer.pieces)


def batch_norm_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """h = gamma a_hat + beta; in training a_hat by the batch's statistics, at inference by the given ones."""
    # Vectors have two axes, or three in a fleet; images four or five.
    images = inputs.ndim >= 4
    if extra is not None:
        return batch_norm.batch_norm_inference(inputs, *parameters, *extra, eps=layer.eps, images=images)
    return batch_norm.batch_norm(inputs, *parameters, eps=layer.eps, images=images)


def conv2d_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """Cross-correlation with all filters, and their biases."""
    filters, bias = parameters
    return convnets._conv2d(inputs, filters, bias, layer.stride, layer.padding)


def max_pool2d_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """The largest of each window."""
    return convnets.max_pool2d(inputs, layer.window, layer.stride)


def mean_pool2d_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """The mean of each window."""
    return convnets.mean_pool2d(inputs, layer.window, layer.stride)


def flatten_pass(layer: Any, parameters: Parameters, inputs: Tensor, extra: Any) -> Tensor:
    """Images as vectors."""
    return convnets.flatten(inputs)


#: How torch runs each layer that `architecture` describes.
PASSES: dict[type, Callable[[Any, Parameters, Tensor, Any], Tensor]] = {
    architecture.Dense: dense_pass,
    architecture.Activation: activation_pass,
    architecture.Dropout: dropout_pass,
    architecture.ParametricReLU: parametric_relu_pass,
    architecture.Maxout: maxout_pass,
    architecture.BatchNorm: batch_norm_pass,
    architecture.Conv2d: conv2d_pass,
    architecture.MaxPool2d: max_pool2d_pass,
    architecture.MeanPool2d: mean_pool2d_pass,
    architecture.Flatten: flatten_pass,
}
