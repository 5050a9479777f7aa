"""Networks on one flat parameter vector: outputs, and the loss gradient by autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Activation, Dense, Dropout, Network, perceptron
from .layers import PASSES
from .losses import LOSSES

__all__ = ["Activation", "Dense", "Dropout", "Network", "forward", "loss_and_gradient", "perceptron"]


def forward(network: Network, theta: Tensor, inputs: Tensor, *, masks: Sequence[Tensor] | None = None) -> Tensor:
    """Return the network's outputs (logits), `(batch, outputs)`, or `(fleet, batch, outputs)`; can be differentiated.

    Args:
        network: the layers, see `architecture`.
        theta: parameters, `(parameters,)`, or `(fleet, parameters)`.
        inputs: `(batch, features)`, shared by a fleet, or `(fleet, batch, features)`.
        masks: one 0/1 tensor for each `Dropout` layer, as `dropout.masks` draws them; None runs the layers as at test.

    Raises:
        ValueError: shapes that do not fit (the message names the layer), inputs not finite, no example.

    >>> network = perceptron((2, 1), "identity")
    >>> forward(network, torch.tensor([3.0, 4.0, 0.5]), torch.tensor([[1.0, 1.0]]))
    tensor([[7.5000]])
    """
    network.check_inputs(inputs)
    _check_masks(network, masks)
    return _forward(network, network.views(theta), inputs, masks)


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
    network.check_inputs(inputs)
    _check_masks(network, masks)
    _check_targets(network, inputs, targets, loss)
    gradient = torch.empty_like(theta)
    views = _leaves(network, theta)
    return _loss_and_gradient(network, views, inputs, targets, loss, masks, gradient), gradient


def _check_targets(network: Network, inputs: Tensor, targets: Tensor, loss: str) -> None:
    """Raise unless there is one target an input: an integer class for the softmax, else reals of the output's shape."""
    examples = tuple(inputs.shape[: inputs.ndim - len(network.input_shape)])
    wanted = examples if loss == "softmax_cross_entropy" else examples + network.output_shape
    if tuple(targets.shape) not in (wanted, wanted[1:] if len(examples) > 1 else wanted):
        raise ValueError(f"targets must have shape {wanted}, got targets.shape={tuple(targets.shape)}")
    if loss == "softmax_cross_entropy":
        check.labels(targets, network.output_shape[-1], "targets")
    else:
        check.finite(targets, "targets")


def _check_masks(network: Network, masks: Sequence[Tensor] | None) -> None:
    dropouts = sum(isinstance(layer, Dropout) for layer in network.layers)
    if masks is not None and len(masks) != dropouts:
        raise ValueError(f"masks must be one for each of the {dropouts} dropout layers, got masks={len(masks)}")


def _leaves(network: Network, theta: Tensor) -> tuple[tuple[Tensor, ...], ...]:
    """Return each layer's tensors as leaves of autograd that share theta's memory, so that updates of theta are
    theirs.
    """
    return tuple(tuple(view.requires_grad_() for view in views) for views in network.views(theta.detach()))


def _forward(network: Network, views: Sequence[Any], inputs: Tensor, masks: Sequence[Tensor] | None) -> Tensor:
    remaining = iter(masks or ())
    for layer, parameters in zip(network.layers, views, strict=True):
        extra = next(remaining) if masks is not None and type(layer) is Dropout else None
        inputs = PASSES[type(layer)](layer, parameters, inputs, extra)
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
        parts = torch.autograd.grad(value.sum(), [tensor for views_ in views for tensor in views_])
    lead = gradient.shape[:-1]
    torch.cat([part.reshape(*lead, -1) for part in parts], dim=-1, out=gradient)
    return value.detach()
