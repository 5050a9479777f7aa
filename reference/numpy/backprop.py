"""Networks on one flat parameter vector: outputs, and the loss gradient by the backpropagation equations.

With delta^L the loss gradient at the outputs, each dense layer a^l = h^(l-1) W^l + b^l, h^l = phi(a^l) passes back
    dW^l = h^(l-1)' delta^l,   db^l = sum over the batch of delta^l,   delta^(l-1) = (delta^l W^l') * phi'(a^(l-1)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Activation, BatchNorm, Dense, Dropout, Network, perceptron
from . import batch_norm
from .layers import PASSES, Cache
from .losses import LOSSES

__all__ = [
    "Activation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Network",
    "forward",
    "loss_and_gradient",
    "perceptron",
    "population_statistics",
]

Array = np.ndarray[Any, Any]


def forward(
    network: Network,
    theta: Array,
    inputs: Array,
    *,
    masks: Sequence[Array] | None = None,
    statistics: Sequence[tuple[Array, Array]] | None = None,
) -> Array:
    """Return the network's outputs (logits), `(batch, outputs)`, or `(fleet, batch, outputs)`.

    Args:
        network: the layers, see `architecture`.
        theta: parameters, `(parameters,)`, or `(fleet, parameters)`.
        inputs: `(batch, features)`, shared by a fleet, or `(fleet, batch, features)`.
        masks: one 0/1 array for each `Dropout` layer, as `dropout.masks` draws them; None runs the layers as at test.
        statistics: a mean and a variance for each `BatchNorm` layer, as `population_statistics` returns them; None
            normalizes by the batch's own, as in training.

    Raises:
        ValueError: shapes that do not fit (the message names the layer), inputs not finite, no example.

    >>> network = perceptron((2, 1), "identity")
    >>> forward(network, np.array([3.0, 4.0, 0.5]), np.array([[1.0, 1.0]]))
    array([[7.5]])
    """
    network.check_inputs(inputs, theta)
    network.check_masks(masks, inputs, theta)
    network.check_statistics(statistics)
    given = _for_members(network, theta, inputs)
    return _forward(network, network.views(theta), given, [{} for _ in network.layers], masks, statistics)


def loss_and_gradient(
    network: Network,
    theta: Array,
    inputs: Array,
    targets: Array,
    *,
    loss: str = "softmax_cross_entropy",
    masks: Sequence[Array] | None = None,
) -> tuple[Array, Array]:
    """Return the mean loss of the batch, a scalar or `(fleet,)`, and its gradient with respect to theta, shape of
    theta.

    Args:
        network, theta, inputs, masks: as in `forward`.
        targets: class indices `(batch,)` for `softmax_cross_entropy`, else reals of the outputs' shape; a fleet's
            members may have their own along a leading axis.
        loss: a name in `losses.LOSSES`.

    Raises:
        ValueError: as in `forward`; labels out of range; an unknown loss (the message names the nearest).

    >>> network = perceptron((1, 1), "identity")
    >>> value, gradient = loss_and_gradient(
    ...     network, np.array([2.0, 0.0]), np.array([[3.0]]), np.array([[5.0]]), loss="squared_error")
    >>> float(value), gradient.tolist()  # (6 - 5)^2, and 2 (6 - 5) times the input 3 and the bias' 1
    (1.0, [6.0, 2.0])
    """
    check.choice(loss, LOSSES, "loss")
    network.check_inputs(inputs, theta)
    network.check_masks(masks, inputs, theta)
    network.check_targets(inputs, targets, loss)
    gradient = np.zeros_like(theta)
    value = _loss_and_gradient(
        network,
        network.views(theta),
        _for_members(network, theta, inputs),
        targets,
        loss,
        masks,
        network.views(gradient),
        [{} for _ in network.layers],
    )
    return value, gradient


def population_statistics(
    network: Network, theta: Array, inputs: Array, *, batch_size: int
) -> list[tuple[Array, Array]]:
    """Return a mean and a variance for each `BatchNorm` layer: averages over the whole batches of the inputs, in order.

    Every layer sees what it sees in training, inputs normalized by their batch; the variance is made unbiased by m /
    (m - 1).

    Args:
        network, theta, inputs: as in `forward`.
        batch_size: examples a batch, 2 to all; a short last batch is left out.

    Raises:
        ValueError: as in `forward`; a batch size that does not fit.

    Source: Ioffe and Szegedy 2015, algorithm 2.

    >>> network = Network((BatchNorm(1),), (1,))
    >>> population_statistics(network, np.array([1.0, 0.0]), np.array([[0.0], [2.0], [1.0], [5.0]]), batch_size=2)
    [(array([2.]), array([5.]))]
    """
    network.check_inputs(inputs, theta)
    inputs = _for_members(network, theta, inputs)
    axis = inputs.ndim - len(network.input_shape) - 1
    total = inputs.shape[axis]
    check.batch_fits(batch_size, total)
    indices = [index for index, layer in enumerate(network.layers) if isinstance(layer, BatchNorm)]
    seen: list[list[tuple[Array, Array]]] = [[] for _ in indices]
    examples = [batch_size * math.prod(network.shapes[index][1:]) for index in indices]
    views = network.views(theta)
    for start in range(0, total - batch_size + 1, batch_size):
        batch = inputs[(slice(None),) * axis + (slice(start, start + batch_size),)]
        caches: list[Cache] = [{} for _ in network.layers]
        _forward(network, views, batch, caches, None)
        for index, batches in zip(indices, seen, strict=True):
            batches.append(batch_norm.batch_statistics(caches[index]["inputs"], images=caches[index]["images"]))
    return [
        batch_norm.population_statistics([m for m, _ in batches], [v for _, v in batches], count)
        for batches, count in zip(seen, examples, strict=True)
    ]


def _for_members(network: Network, theta: Array, inputs: Array) -> Array:
    """Return the inputs once for each of theta's members where they share them, as a view: a layer cannot tell the
    examples' axis from the fleet's.
    """
    shared = theta.ndim > 1 and inputs.ndim == len(network.input_shape) + 1
    return np.broadcast_to(inputs, theta.shape[:-1] + inputs.shape) if shared else inputs


def _forward(
    network: Network,
    views: Sequence[Any],
    inputs: Array,
    caches: list[Cache],
    masks: Sequence[Array] | None,
    statistics: Sequence[tuple[Array, Array]] | None = None,
) -> Array:
    extras = {Dropout: iter(masks or ()), BatchNorm: iter(statistics or ())}
    for layer, parameters, cache in zip(network.layers, views, caches, strict=True):
        kind = type(layer)
        extra = next(extras[kind], None) if kind in extras else None
        inputs = PASSES[kind].forward(layer, parameters, inputs, cache, extra)
    return inputs


def _loss_and_gradient(
    network: Network,
    views: Sequence[Any],
    inputs: Array,
    targets: Array,
    loss: str,
    masks: Sequence[Array] | None,
    gradient_views: Sequence[Any],
    caches: list[Cache],
) -> Any:
    """Write the gradient through its views and return the loss, unchecked: the trainer's inner loop."""
    outputs = _forward(network, views, inputs, caches, masks)
    value, delta = LOSSES[loss](outputs, targets, outputs.ndim > 1 + len(network.output_shape))
    for index in range(len(network.layers) - 1, -1, -1):
        layer = network.layers[index]
        delta = PASSES[type(layer)].backward(
            layer, views[index], delta, caches[index], gradient_views[index], index > 0
        )
    for index in network.unseen_shifts:
        gradient_views[index][1][...] = 0
    return value
