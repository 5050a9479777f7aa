"""Networks on one flat parameter vector: outputs, and the loss gradient by autograd."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Activation, BatchNorm, Dense, Dropout, Network, perceptron
from . import batch_norm
from .layers import PASSES
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


def forward(
    network: Network,
    theta: Tensor,
    inputs: Tensor,
    *,
    masks: Sequence[Tensor] | None = None,
    statistics: Sequence[tuple[Tensor, Tensor]] | None = None,
) -> Tensor:
    """Return the network's outputs (logits), `(batch, outputs)`, or `(fleet, batch, outputs)`; can be differentiated.

    Args:
        network: the layers, see `architecture`.
        theta: parameters, `(parameters,)`, or `(fleet, parameters)`.
        inputs: `(batch, features)`, shared by a fleet, or `(fleet, batch, features)`.
        masks: one 0/1 tensor for each `Dropout` layer, as `dropout.masks` draws them; None runs the layers as at test.
        statistics: a mean and a variance for each `BatchNorm` layer, as `population_statistics` returns them; None
            normalizes by the batch's own, as in training.

    Raises:
        ValueError: shapes that do not fit (the message names the layer), inputs not finite, no example.

    >>> network = perceptron((2, 1), "identity")
    >>> forward(network, torch.tensor([3.0, 4.0, 0.5]), torch.tensor([[1.0, 1.0]]))
    tensor([[7.5000]])
    """
    network.check_inputs(inputs, theta)
    network.check_masks(masks, inputs, theta)
    network.check_statistics(statistics)
    return _forward(network, network.views(theta), _for_members(network, theta, inputs), masks, statistics)


def loss_and_gradient(
    network: Network,
    theta: Tensor,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: str = "softmax_cross_entropy",
    masks: Sequence[Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
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
    ...     network, torch.tensor([2.0, 0.0]), torch.tensor([[3.0]]), torch.tensor([[5.0]]), loss="squared_error")
    >>> float(value), gradient.tolist()  # (6 - 5)^2, and 2 (6 - 5) times the input 3 and the bias' 1
    (1.0, [6.0, 2.0])
    """
    check.choice(loss, LOSSES, "loss")
    network.check_inputs(inputs, theta)
    network.check_masks(masks, inputs, theta)
    network.check_targets(inputs, targets, loss)
    gradient = torch.empty_like(theta)
    views, inputs = _leaves(network, theta), _for_members(network, theta, inputs)
    return _loss_and_gradient(network, views, inputs, targets, loss, masks, gradient), gradient


@torch.no_grad()
def population_statistics(
    network: Network, theta: Tensor, inputs: Tensor, *, batch_size: int
) -> list[tuple[Tensor, Tensor]]:
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
    >>> x = torch.tensor([[0.0], [2.0], [1.0], [5.0]])
    >>> population_statistics(network, torch.tensor([1.0, 0.0]), x, batch_size=2)
    [(tensor([2.]), tensor([5.]))]
    """
    network.check_inputs(inputs, theta)
    inputs = _for_members(network, theta, inputs)
    axis = inputs.ndim - len(network.input_shape) - 1
    total = inputs.shape[axis]
    check.batch_fits(batch_size, total)
    indices = [index for index, layer in enumerate(network.layers) if isinstance(layer, BatchNorm)]
    seen: list[list[tuple[Tensor, Tensor]]] = [[] for _ in indices]
    examples = [batch_size * math.prod(network.shapes[index][1:]) for index in indices]
    views = network.views(theta)
    for start in range(0, total - batch_size + 1, batch_size):
        batch = inputs[(slice(None),) * axis + (slice(start, start + batch_size),)]
        given: dict[int, Tensor] = {}
        _forward(network, views, batch, None, None, given)
        for index, batches in zip(indices, seen, strict=True):
            batches.append(batch_norm.batch_statistics(given[index], images=given[index].ndim >= 4))
    return [
        batch_norm.population_statistics([m for m, _ in batches], [v for _, v in batches], count)
        for batches, count in zip(seen, examples, strict=True)
    ]


def _for_members(network: Network, theta: Tensor, inputs: Tensor) -> Tensor:
    """Return the inputs once for each of theta's members where they share them, as a view: a layer cannot tell the
    examples' axis from the fleet's.
    """
    shared = theta.ndim > 1 and inputs.ndim == len(network.input_shape) + 1
    return inputs.expand(*theta.shape[:-1], *inputs.shape) if shared else inputs


def _leaves(network: Network, theta: Tensor) -> tuple[tuple[Tensor, ...], ...]:
    """Return each layer's tensors as leaves of autograd that share theta's memory, so that updates of theta are
    theirs.
    """
    return tuple(tuple(view.requires_grad_() for view in views) for views in network.views(theta.detach()))


def _forward(
    network: Network,
    views: Sequence[Any],
    inputs: Tensor,
    masks: Sequence[Tensor] | None,
    statistics: Sequence[tuple[Tensor, Tensor]] | None = None,
    given: dict[int, Tensor] | None = None,
) -> Tensor:
    """Return the outputs; where `given` is a dict, note each layer's inputs in it."""
    extras = {Dropout: iter(masks or ()), BatchNorm: iter(statistics or ())}
    for index, (layer, parameters) in enumerate(zip(network.layers, views, strict=True)):
        kind = type(layer)
        if given is not None:
            given[index] = inputs
        inputs = PASSES[kind](layer, parameters, inputs, next(extras[kind], None) if kind in extras else None)
    return inputs


def _loss_and_gradient(
    network: Network,
    views: Sequence[Any],
    inputs: Tensor,
    targets: Tensor,
    loss: str,
    masks: Sequence[Tensor] | None,
    gradient: Tensor,
) -> Tensor:
    """Write the flat gradient and return the loss, unchecked: the trainer's inner loop."""
    with torch.enable_grad():
        outputs = _forward(network, views, inputs, masks)
        value = LOSSES[loss](outputs, targets, outputs.ndim > 1 + len(network.output_shape))
        # The members of a fleet share no parameters: the gradient of the sum holds each member's own.
        parts = torch.autograd.grad(
            value.sum() if value.ndim else value, [tensor for views_ in views for tensor in views_]
        )
    lead = gradient.shape[:-1]
    torch.cat([part.reshape(*lead, -1) for part in parts], dim=-1, out=gradient)
    if network.unseen_shifts:
        gradient_views = network.views(gradient)
        for index in network.unseen_shifts:
            gradient_views[index][1].zero_()
    return value.detach()
