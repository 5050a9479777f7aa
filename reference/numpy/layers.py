"""Each layer's forward and backward pass by hand, on views of the flat parameter vector.

A pass keeps its arrays in `cache`, a dict of its own, and reuses them as long as the shapes stay: a training run
allocates nothing after its first step. Any number of leading axes works, so that one call runs a batch, or a fleet of
batches.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from .. import architecture
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
        if weights.ndim > 2 and inputs.ndim < weights.ndim:
            inputs = np.broadcast_to(inputs, weights.shape[:-2] + inputs.shape)
        cache["inputs"] = inputs
        outputs = buffer(cache, "outputs", (*inputs.shape[:-1], weights.shape[-1]), weights.dtype)
        np.matmul(inputs, weights, out=outputs)
        outputs += bias[..., None, :]
        return outputs

    @staticmethod
    def backward(
        layer: Any, parameters: Parameters, output_gradient: Array, cache: Cache, gradients: Parameters, wanted: bool
    ) -> Array | None:
        inputs = cache["inputs"]
        np.matmul(inputs.swapaxes(-1, -2), output_gradient, out=gradients[0])
        np.add.reduce(output_gradient, axis=-2, out=gradients[1])
        if not wanted:
            return None
        input_gradient = buffer(cache, "input_gradient", inputs.shape, output_gradient.dtype)
        np.matmul(output_gradient, parameters[0].swapaxes(-1, -2), out=input_gradient)
        return input_gradient


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


#: How NumPy runs each layer that `architecture` describes.
PASSES: dict[type, Any] = {
    architecture.Dense: DensePass,
    architecture.Activation: ActivationPass,
    architecture.Dropout: DropoutPass,
}
