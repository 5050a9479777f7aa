"""Convolution layers: 2-D convolution, pooling and flattening, with their gradients by autograd.

Images are `(..., batch, channels, height, width)`, filters `(..., out, channels, height, width)`. As in every library a
"convolution" is the cross-correlation: the filter is not flipped. A fleet's filters are run as groups of one
convolution.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .. import _checks as check
from ..architecture import digit_network, lenet5

__all__ = [
    "conv2d",
    "conv2d_filter_gradient",
    "conv2d_input_gradient",
    "digit_network",
    "flatten",
    "flatten_gradient",
    "lenet5",
    "max_pool2d",
    "max_pool2d_gradient",
    "mean_pool2d",
    "mean_pool2d_gradient",
]


def _check_images(inputs: Tensor, name: str = "inputs") -> None:
    if inputs.ndim < 4:
        axes = "(batch, channels, height, width)"
        raise ValueError(f"{name} must have the axes {axes}, got {name}.shape={tuple(inputs.shape)}")
    check.not_empty(inputs, name)


def _check_convolution(inputs: Tensor, filters: Tensor, stride: int, padding: int) -> None:
    _check_images(inputs)
    _check_images(filters, "filters")
    check.at_least(stride, 1, "stride")
    check.at_least(padding, 0, "padding")
    if filters.shape[-3] != inputs.shape[-3]:
        raise ValueError(
            f"filters must have the {inputs.shape[-3]} channels of inputs, got filters.shape={tuple(filters.shape)} "
            f"for inputs.shape={tuple(inputs.shape)}"
        )
    if any(inputs.shape[axis] + 2 * padding < filters.shape[axis] for axis in (-2, -1)):
        raise ValueError(
            f"filters must fit into the padded images, got filters.shape={tuple(filters.shape)} "
            f"for inputs.shape={tuple(inputs.shape)} and padding={padding}"
        )


def conv2d(inputs: Tensor, filters: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0) -> Tensor:
    """Return y[n, o, u, v] = b[o] + sum over c, i, j of w[o, c, i, j] x[n, c, stride u + i - padding, stride v + j -
    padding].

    Args:
        inputs: x, `(..., batch, channels, height, width)`, zero beyond its border.
        filters: w, `(..., out, channels, filter height, filter width)`; every filter sees every channel.
        bias: b, `(..., out)`, or None.
        stride: at least 1.
        padding: at least 0, on each side.

    Returns:
        y, `(..., batch, out, (height + 2 padding - filter height) // stride + 1, ...)`.

    Raises:
        ValueError: channels that differ, filters larger than the padded images; the message has both shapes.

    >>> conv2d(torch.arange(9.0).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2)).tolist()  # 0 + 1 + 3 + 4, ...
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    _check_convolution(inputs, filters, stride, padding)
    return _conv2d(inputs, filters, bias, stride, padding)


def _conv2d(inputs: Tensor, filters: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    if filters.ndim == 4:
        flat = inputs.reshape(-1, *inputs.shape[-3:])
        outputs = functional.conv2d(flat, filters, bias, stride=stride, padding=padding)
        return outputs.reshape(*inputs.shape[:-3], *outputs.shape[-3:])
    members, out = filters.shape[0], filters.shape[1]
    inputs = inputs.expand(members, *inputs.shape[-4:])
    side_by_side = inputs.transpose(0, 1).reshape(inputs.shape[1], -1, *inputs.shape[-2:])
    flat_bias = None if bias is None else bias.reshape(-1)
    filters = filters.reshape(-1, *filters.shape[-3:])
    outputs = functional.conv2d(side_by_side, filters, flat_bias, stride=stride, padding=padding, groups=members)
    return outputs.reshape(outputs.shape[0], members, out, *outputs.shape[-2:]).transpose(0, 1)


def conv2d_input_gradient(
    output_gradient: Tensor, filters: Tensor, shape: tuple[int, ...], *, stride: int = 1, padding: int = 0
) -> Tensor:
    """Return the adjoint of x -> conv2d(x, w) at dy, of the inputs' `shape`: each dy[n, o, u, v] spreads w[o] over
    its window.

    >>> conv2d_input_gradient(torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 2.0]]]]), (1, 1, 1, 3)).ravel()
    tensor([1., 3., 2.])
    """
    _check_images(output_gradient, "output_gradient")
    with torch.enable_grad():
        leaf = output_gradient.new_zeros(shape).requires_grad_()
        return torch.autograd.grad(_conv2d(leaf, filters, None, stride, padding), leaf, output_gradient)[0]


def conv2d_filter_gradient(
    output_gradient: Tensor, inputs: Tensor, shape: tuple[int, ...], *, stride: int = 1, padding: int = 0
) -> Tensor:
    """Return the adjoint of w -> conv2d(x, w) at dy, of the filters' `shape`: the sum of dy[n, o, u, v] times its
    window of x.

    The bias' gradient is the sum of dy over batch, height and width.

    >>> conv2d_filter_gradient(torch.ones(1, 1, 1, 2), torch.tensor([[[[1.0, 2.0, 4.0]]]]), (1, 1, 1, 2)).ravel()
    tensor([3., 6.])
    """
    _check_images(inputs)
    with torch.enable_grad():
        leaf = output_gradient.new_zeros(shape).requires_grad_()
        return torch.autograd.grad(_conv2d(inputs, leaf, None, stride, padding), leaf, output_gradient)[0]


def _check_pool(inputs: Tensor, window: int, stride: int | None) -> int:
    _check_images(inputs)
    check.at_least(window, 1, "window")
    stride = window if stride is None else stride
    check.at_least(stride, 1, "stride")
    if min(inputs.shape[-2:]) < window:
        raise ValueError(f"window must fit into the images, got window={window} for inputs.shape={tuple(inputs.shape)}")
    return stride


def max_pool2d(inputs: Tensor, window: int, stride: int | None = None) -> Tensor:
    """Return the largest entry of each window, each channel by itself, `(..., (height - window) // stride + 1, ...)`.

    Args:
        inputs: `(..., batch, channels, height, width)`; rows and columns that fill no window are left out.
        window: its height and width.
        stride: at least 1; None is the window.

    Raises:
        ValueError: a window that does not fit.

    >>> max_pool2d(torch.tensor([[[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 1.0, 1.0]]]]), 2).ravel()
    tensor([4., 1.])
    """
    stride = _check_pool(inputs, window, stride)
    return _pooled(functional.max_pool2d(inputs.reshape(-1, *inputs.shape[-3:]), window, stride), inputs)


def _pooled(flat: Tensor, inputs: Tensor) -> Tensor:
    return flat.reshape(*inputs.shape[:-2], *flat.shape[-2:])


def max_pool2d_gradient(output_gradient: Tensor, inputs: Tensor, window: int, stride: int | None = None) -> Tensor:
    """Return the gradient with respect to the inputs: each window's goes to its first largest entry, row by row.

    >>> max_pool2d_gradient(torch.tensor([[[[5.0]]]]), torch.tensor([[[[1.0, 2.0], [2.0, 0.0]]]]), 2).ravel()
    tensor([0., 5., 0., 0.])
    """
    with torch.enable_grad():
        leaf = inputs.detach().requires_grad_()
        return torch.autograd.grad(max_pool2d(leaf, window, stride), leaf, output_gradient)[0]


def mean_pool2d(inputs: Tensor, window: int, stride: int | None = None) -> Tensor:
    """Return the mean of each window; arguments, shape and errors as in `max_pool2d`.

    >>> mean_pool2d(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 2).ravel()
    tensor([2.5000])
    """
    stride = _check_pool(inputs, window, stride)
    return _pooled(functional.avg_pool2d(inputs.reshape(-1, *inputs.shape[-3:]), window, stride), inputs)


def mean_pool2d_gradient(
    output_gradient: Tensor, shape: tuple[int, ...], window: int, stride: int | None = None
) -> Tensor:
    """Return the gradient with respect to inputs of that shape: each window's is shared equally.

    >>> mean_pool2d_gradient(torch.tensor([[[[4.0]]]]), (1, 1, 2, 2), 2).ravel()
    tensor([1., 1., 1., 1.])
    """
    with torch.enable_grad():
        leaf = output_gradient.new_zeros(shape).requires_grad_()
        return torch.autograd.grad(mean_pool2d(leaf, window, stride), leaf, output_gradient)[0]


def flatten(inputs: Tensor) -> Tensor:
    """Return each image as one vector, `(..., batch, channels * height * width)`, in the order channel, row, column.

    >>> flatten(torch.arange(4.0).reshape(1, 1, 2, 2))
    tensor([[0., 1., 2., 3.]])
    """
    _check_images(inputs)
    return inputs.flatten(-3)


def flatten_gradient(output_gradient: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the gradient in the images' shape: the inverse of `flatten`.

    >>> flatten_gradient(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), (1, 1, 2, 2)).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    return output_gradient.reshape(shape)
