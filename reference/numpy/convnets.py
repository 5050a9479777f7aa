"""Convolution layers: 2-D convolution, pooling and flattening, with their gradients as adjoints.

Images are `(..., batch, channels, height, width)`, filters `(..., out, channels, height, width)`. As in every library a
"convolution" is the cross-correlation: the filter is not flipped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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

Array = np.ndarray[Any, Any]


def _check_images(inputs: Array, name: str = "inputs") -> None:
    if inputs.ndim < 4:
        raise ValueError(f"{name} must have the axes (batch, channels, height, width), got {name}.shape={inputs.shape}")
    check.not_empty(inputs, name)


def _output_size(size: int, window: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - window) // stride + 1


def _check_convolution(inputs: Array, filters: Array, stride: int, padding: int) -> None:
    _check_images(inputs)
    _check_images(filters, "filters")
    check.at_least(stride, 1, "stride")
    check.at_least(padding, 0, "padding")
    if filters.shape[-3] != inputs.shape[-3]:
        raise ValueError(
            f"filters must have the {inputs.shape[-3]} channels of inputs, got filters.shape={filters.shape} "
            f"for inputs.shape={inputs.shape}"
        )
    if min(_output_size(inputs.shape[a], filters.shape[a], stride, padding) for a in (-2, -1)) < 1:
        raise ValueError(
            f"filters must fit into the padded images, got filters.shape={filters.shape} "
            f"for inputs.shape={inputs.shape} and padding={padding}"
        )


def _padded(inputs: Array, padding: int) -> Array:
    if not padding:
        return inputs
    return np.pad(inputs, [(0, 0)] * (inputs.ndim - 2) + [(padding, padding)] * 2)


def _windows(inputs: Array, window: tuple[int, int], stride: int) -> Array:
    """Return a view of every window: `(..., batch, channels, out height, out width, window height, window width)`."""
    view = np.lib.stride_tricks.sliding_window_view(inputs, window, axis=(-2, -1))
    return view[..., ::stride, ::stride, :, :]


def _patches(inputs: Array, window: tuple[int, int], stride: int, padding: int) -> Array:
    """Return every window as a row: `(..., batch * out height * out width, channels * window area)`."""
    view = np.moveaxis(_windows(_padded(inputs, padding), window, stride), -5, -3)  # batch, row, column, channel, a, b
    lead = view.shape[:-6]
    return view.reshape(*lead, -1, view.shape[-3] * window[0] * window[1])


def _rows(output: Array) -> Array:
    """Return `(..., batch, out, height, width)` as `(..., batch * height * width, out)`."""
    moved = np.moveaxis(output, -3, -1)
    return moved.reshape(*moved.shape[:-4], -1, moved.shape[-1])


def _flat_filters(filters: Array) -> Array:
    return filters.reshape(*filters.shape[:-3], -1)


def conv2d(inputs: Array, filters: Array, bias: Array | None = None, *, stride: int = 1, padding: int = 0) -> Array:
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

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))).tolist()  # 0 + 1 + 3 + 4, ...
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    _check_convolution(inputs, filters, stride, padding)
    patches = _patches(inputs, filters.shape[-2:], stride, padding)
    return _convolved(inputs, patches, filters, bias, stride, padding)


def _convolved(inputs: Array, patches: Array, filters: Array, bias: Array | None, stride: int, padding: int) -> Array:
    rows = np.matmul(patches, np.swapaxes(_flat_filters(filters), -1, -2))
    if bias is not None:
        rows += bias[..., None, :]
    height, width = (_output_size(inputs.shape[a], filters.shape[a], stride, padding) for a in (-2, -1))
    shaped = rows.reshape(*rows.shape[:-2], inputs.shape[-4], height, width, rows.shape[-1])
    return np.moveaxis(shaped, -1, -3)


def conv2d_input_gradient(
    output_gradient: Array, filters: Array, shape: tuple[int, ...], *, stride: int = 1, padding: int = 0
) -> Array:
    """Return the adjoint of x -> conv2d(x, w) at dy, of the inputs' `shape`: each dy[n, o, u, v] spreads w[o] over
    its window.

    <conv2d(x, w), dy> = <x, this>, for every x: the transposed convolution.

    >>> conv2d_input_gradient(np.ones((1, 1, 1, 2)), np.array([[[[1.0, 2.0]]]]), (1, 1, 1, 3)).ravel()
    array([1., 3., 2.])
    """
    _check_images(output_gradient, "output_gradient")
    height, width = filters.shape[-2:]
    rows = np.matmul(_rows(output_gradient), _flat_filters(filters))
    out_height, out_width = output_gradient.shape[-2:]
    patches = rows.reshape(*rows.shape[:-2], shape[-4], out_height, out_width, shape[-3], height, width)
    padded = np.zeros((*shape[:-2], shape[-2] + 2 * padding, shape[-1] + 2 * padding), rows.dtype)
    # Windows overlap: one sum for each place in the window, over all windows at once.
    for i in range(height):
        for j in range(width):
            rows_, columns = slice(i, i + stride * out_height, stride), slice(j, j + stride * out_width, stride)
            padded[..., rows_, columns] += np.moveaxis(patches[..., i, j], -1, -3)
    gradient: Array = padded[..., padding : padding + shape[-2], padding : padding + shape[-1]]
    return gradient


def conv2d_filter_gradient(
    output_gradient: Array, inputs: Array, shape: tuple[int, ...], *, stride: int = 1, padding: int = 0
) -> Array:
    """Return the adjoint of w -> conv2d(x, w) at dy, of the filters' `shape`: the sum of dy[n, o, u, v] times its
    window of x.

    The bias' gradient is the sum of dy over batch, height and width.

    >>> conv2d_filter_gradient(np.ones((1, 1, 1, 2)), np.array([[[[1.0, 2.0, 4.0]]]]), (1, 1, 1, 2)).ravel()
    array([3., 6.])
    """
    _check_images(inputs)
    patches = _patches(inputs, (shape[-2], shape[-1]), stride, padding)
    gradient: Array = np.matmul(np.swapaxes(_rows(output_gradient), -1, -2), patches)
    return gradient.reshape(shape)


def _check_pool(inputs: Array, window: int, stride: int | None) -> int:
    _check_images(inputs)
    check.at_least(window, 1, "window")
    stride = window if stride is None else stride
    check.at_least(stride, 1, "stride")
    if min(inputs.shape[-2:]) < window:
        raise ValueError(f"window must fit into the images, got window={window} for inputs.shape={inputs.shape}")
    return stride


def _places(inputs: Array, window: int, stride: int) -> list[Array]:
    """Return, for each place in the window, row by row, the view of its entry in every window: no copies, few large
    operations.
    """
    height, width = (_output_size(inputs.shape[a], window, stride, 0) for a in (-2, -1))
    return [
        inputs[..., i : i + stride * (height - 1) + 1 : stride, j : j + stride * (width - 1) + 1 : stride]
        for i in range(window)
        for j in range(window)
    ]


def max_pool2d(inputs: Array, window: int, stride: int | None = None) -> Array:
    """Return the largest entry of each window, each channel by itself, `(..., (height - window) // stride + 1, ...)`.

    Args:
        inputs: `(..., batch, channels, height, width)`; rows and columns that fill no window are left out.
        window: its height and width.
        stride: at least 1; None is the window.

    Raises:
        ValueError: a window that does not fit.

    >>> max_pool2d(np.array([[[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 1.0, 1.0]]]]), 2).ravel()
    array([4., 1.])
    """
    places = _places(inputs, window, _check_pool(inputs, window, stride))
    largest = places[0].copy()
    for place in places[1:]:
        np.maximum(largest, place, out=largest)
    return largest


def max_pool2d_gradient(output_gradient: Array, inputs: Array, window: int, stride: int | None = None) -> Array:
    """Return the gradient with respect to the inputs: each window's goes to its first largest entry, row by row.

    Overlapping windows add up; the sum over all entries is that of the output gradient.

    >>> max_pool2d_gradient(np.array([[[[5.0]]]]), np.array([[[[1.0, 2.0], [2.0, 0.0]]]]), 2).ravel()
    array([0., 5., 0., 0.])
    """
    stride = _check_pool(inputs, window, stride)
    return _max_pool2d_gradient(output_gradient, inputs, max_pool2d(inputs, window, stride), window, stride)


def _max_pool2d_gradient(output_gradient: Array, inputs: Array, largest: Array, window: int, stride: int) -> Array:
    gradient = np.zeros_like(inputs)
    waiting = np.ones(largest.shape, dtype=bool)
    for place, out in zip(_places(inputs, window, stride), _places(gradient, window, stride), strict=True):
        here = waiting & (place == largest)
        out += output_gradient * here
        waiting &= ~here
    return gradient


def mean_pool2d(inputs: Array, window: int, stride: int | None = None) -> Array:
    """Return the mean of each window; arguments, shape and errors as in `max_pool2d`.

    >>> mean_pool2d(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), 2).ravel()
    array([2.5])
    """
    places = _places(inputs, window, _check_pool(inputs, window, stride))
    total = places[0].copy()
    for place in places[1:]:
        total += place
    total /= window * window
    return total


def mean_pool2d_gradient(
    output_gradient: Array, shape: tuple[int, ...], window: int, stride: int | None = None
) -> Array:
    """Return the gradient with respect to inputs of that shape: each window's is shared equally.

    >>> mean_pool2d_gradient(np.array([[[[4.0]]]]), (1, 1, 2, 2), 2).ravel()
    array([1., 1., 1., 1.])
    """
    gradient = np.zeros(shape, output_gradient.dtype)
    share = output_gradient / (window * window)
    for out in _places(gradient, window, _check_pool(gradient, window, stride)):
        out += share
    return gradient


def flatten(inputs: Array) -> Array:
    """Return each image as one vector, `(..., batch, channels * height * width)`, in the order channel, row, column.

    >>> flatten(np.arange(4.0).reshape(1, 1, 2, 2))
    array([[0., 1., 2., 3.]])
    """
    _check_images(inputs)
    return inputs.reshape(*inputs.shape[:-3], -1)


def flatten_gradient(output_gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return the gradient in the images' shape: the inverse of `flatten`.

    >>> flatten_gradient(np.array([[0.0, 1.0, 2.0, 3.0]]), (1, 1, 2, 2)).tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    return output_gradient.reshape(shape)
