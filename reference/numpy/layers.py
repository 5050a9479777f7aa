"""Each layer's forward and backward pass by hand, on views of the flat parameter vector.

A pass keeps its arrays in `cache`, a dict of its own, and reuses them as long as the shapes stay: a training run
allocates nothing after its first step. Any number of leading axes works, so that one call runs a batch, or a fleet of
batches.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from .. import architecture
from . import activations, batch_norm, convnets, maxout
from .activations import ACTIVATIONS

Array = np.ndarray[Any, Any]
Cache: TypeAlias = dict[str, Any]
Parameters: TypeAlias = tuple[Array, ...]


def buffer(cache: Cache, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return the cache's array of that name, a new one where the shape or the dtype changed."""
    array = cache.get(name)
    if array is None or array.shape != shape or array.dtype != dtype:
        array = cache[name] = np.empty(shape, dtype)
    result: Array = array
    return result


class DensePass:
    """a = h W + b. Backward: dW = h' da, db = sum of da over the batch, dh = da W'."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        weights, bias = parameters
        cache["inputs"] = inputs
        outputs = buffer(cache, "outputs", (*inputs.shape[:-1], weights.shape[-1]), weights.dtype)
        _product(inputs, weights, outputs)
        outputs += bias[..., None, :]
        return outputs

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        inputs = cache["inputs"]
        _product(inputs.swapaxes(-1, -2), output_gradient, gradients[0])
        _batch_sum(output_gradient, cache, gradients[1])
        if not wanted:
            return None
        input_gradient = buffer(cache, "input_gradient", inputs.shape, output_gradient.dtype)
        _product(output_gradient, parameters[0].swapaxes(-1, -2), input_gradient)
        return input_gradient


def _product(first: Array, second: Array, out: Array) -> None:
    """out <- first second; for one matrix `dot` has half the overhead of `matmul`, which stacks need."""
    if second.ndim == 2:
        np.dot(first, second, out=out)
    else:
        np.matmul(first, second, out=out)


def _batch_sum(values: Array, cache: Cache, out: Array) -> None:
    """out <- the sum over the batch: a product with ones, which is faster than a reduction, and adds up a member of a
    fleet in the order in which it is added up alone.
    """
    ones = buffer(cache, "ones", values.shape[-2:-1], values.dtype)
    ones.fill(1)
    _product(ones, values, out)


class ActivationPass:
    """h = phi(a). Backward: da = dh * phi'(a)."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        cache["inputs"] = inputs
        return ACTIVATIONS[layer.name][0](inputs)

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        return np.multiply(output_gradient, ACTIVATIONS[layer.name][1](cache["inputs"]), out=output_gradient)


class DropoutPass:
    """h = mask a / (1 - p) in training, a at test; not inverted: mask a in training, (1 - p) a at test."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        factor: Any
        if extra is None:
            factor = 1.0 if layer.inverted else 1.0 - layer.p
        else:
            factor = extra / (1.0 - layer.p) if layer.inverted else extra
            factor = factor.astype(inputs.dtype, copy=False)
        cache["factor"] = factor
        outputs: Array = inputs * factor
        return outputs

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        return np.multiply(output_gradient, cache["factor"], out=output_gradient)


class ParametricReLUPass:
    """h = a where a > 0, else slope a. Backward: da = dh or slope dh, dslope = the sum of dh a over a <= 0."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        cache["inputs"] = inputs
        return activations.leaky_relu(inputs, _lead(parameters[0], inputs))

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        inputs, lead = cache["inputs"], parameters[0].ndim - 1
        summed = np.where(inputs > 0, 0, output_gradient * inputs).sum(axis=tuple(range(lead, inputs.ndim)))
        gradients[0][...] = summed[..., None]
        slopes = activations.leaky_relu_derivative(inputs, _lead(parameters[0], inputs))
        return np.multiply(output_gradient, slopes, out=output_gradient)


def _lead(parameter: Array, inputs: Array) -> Array:
    """Return one number a member, `(fleet, 1)` or `(1,)`, with the inputs' axes appended."""
    return parameter.reshape(parameter.shape[:-1] + (1,) * (inputs.ndim - parameter.ndim + 1))


class MaxoutPass:
    """h_i = max over j of (h W + b)_ij. Backward: as dense, each unit's gradient at its first largest piece."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        affine = DensePass.forward(layer, parameters, inputs, cache, extra)
        cache["affine"] = affine.reshape(*affine.shape[:-1], -1, layer.pieces)
        largest: Array = cache["affine"].max(axis=-1)
        return largest

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        delta = maxout._routed(output_gradient, cache["affine"])
        return DensePass.backward(layer, parameters, delta, cache, gradients, wanted)


class BatchNormPass:
    """h = gamma a_hat + beta; in training a_hat by the batch's statistics, which every gradient passes through."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        gamma, beta = parameters
        # Vectors have two axes, or three in a fleet; images four or five.
        cache["images"] = images = inputs.ndim >= 4
        cache["inputs"] = inputs
        if extra is not None:
            mean, variance = extra
            return batch_norm.batch_norm_inference(inputs, gamma, beta, mean, variance, eps=layer.eps, images=images)
        cache["normalized"], cache["inverse"] = batch_norm._normalized(inputs, layer.eps, images)
        outputs: Array = cache["normalized"] * batch_norm._spread(gamma, images) + batch_norm._spread(beta, images)
        return outputs

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        input_gradient, gradients[0][...], gradients[1][...] = batch_norm._gradient(
            output_gradient, cache["normalized"], cache["inverse"], parameters[0], cache["images"]
        )
        return input_gradient


class Conv2dPass:
    """Cross-correlation as one product of patches and filters. Backward: the two adjoints."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        filters, bias = parameters
        cache["shape"] = inputs.shape
        cache["patches"] = convnets._patches(inputs, filters.shape[-2:], layer.stride, layer.padding)
        return convnets._convolved(inputs, cache["patches"], filters, bias, layer.stride, layer.padding)

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        rows = convnets._rows(output_gradient)
        filters = parameters[0]
        gradients[0][...] = np.matmul(rows.swapaxes(-1, -2), cache["patches"]).reshape(filters.shape)
        np.add.reduce(rows, axis=-2, out=gradients[1])
        if not wanted:
            return None
        return convnets.conv2d_input_gradient(
            output_gradient, filters, cache["shape"], stride=layer.stride, padding=layer.padding
        )


class MaxPool2dPass:
    """The largest of each window. Backward: to the first largest."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        cache["inputs"] = inputs
        cache["largest"] = convnets.max_pool2d(inputs, layer.window, layer.stride)
        largest: Array = cache["largest"]
        return largest

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        return convnets._max_pool2d_gradient(
            output_gradient, cache["inputs"], cache["largest"], layer.window, layer.stride or layer.window
        )


class MeanPool2dPass:
    """The mean of each window. Backward: shared equally."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        cache["shape"] = inputs.shape
        return convnets.mean_pool2d(inputs, layer.window, layer.stride)

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        return convnets.mean_pool2d_gradient(output_gradient, cache["shape"], layer.window, layer.stride)


class FlattenPass:
    """Images as vectors. Backward: vectors as images."""

    @staticmethod
    def forward(layer: Any, parameters: Parameters, inputs: Array, cache: Cache, extra: Any) -> Array:
        cache["shape"] = inputs.shape
        return convnets.flatten(inputs)

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        return convnets.flatten_gradient(output_gradient, cache["shape"])


#: How NumPy runs each layer that `architecture` describes.
PASSES: dict[type, Any] = {
    architecture.Dense: DensePass,
    architecture.Activation: ActivationPass,
    architecture.Dropout: DropoutPass,
    architecture.ParametricReLU: ParametricReLUPass,
    architecture.Maxout: MaxoutPass,
    architecture.BatchNorm: BatchNormPass,
    architecture.Conv2d: Conv2dPass,
    architecture.MaxPool2d: MaxPool2dPass,
    architecture.MeanPool2d: MeanPool2dPass,
    architecture.Flatten: FlattenPass,
}
