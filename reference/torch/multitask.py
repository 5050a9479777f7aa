"""Several tasks on a shared trunk: their losses add up, and autograd adds their gradients where the heads meet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .. import _checks as check
from ..numpy.multitask import Multitask
from .backprop import _for_members, _forward
from .losses import LOSSES

__all__ = ["Multitask", "multitask_forward", "multitask_loss_and_gradient"]


def multitask_forward(network: Multitask, theta: Tensor, inputs: Tensor) -> list[Tensor]:
    """Return each head's outputs, `(batch, outputs)` each; can be differentiated.

    >>> from backproof.reference.architecture import perceptron
    >>> network = Multitask(perceptron((1, 1)), (perceptron((1, 1)), perceptron((1, 1))))
    >>> multitask_forward(network, torch.tensor([2.0, 0.0, 1.0, 0.0, -1.0, 5.0]), torch.tensor([[3.0]]))
    [tensor([[6.]]), tensor([[-1.]])]
    """
    network.trunk.check_inputs(inputs)
    return _heads(network, theta, inputs)


def _heads(network: Multitask, theta: Tensor, inputs: Tensor) -> list[Tensor]:
    first, *rest = network.parts(theta)
    inputs = _for_members(network.trunk, theta, inputs)
    shared = _forward(network.trunk, network.trunk.views(first), inputs, None)
    return [_forward(head, head.views(part), shared, None) for head, part in zip(network.heads, rest, strict=True)]


def multitask_loss_and_gradient(
    network: Multitask,
    theta: Tensor,
    inputs: Tensor,
    targets: Sequence[Tensor],
    *,
    losses: Sequence[str],
    weights: Sequence[float],
) -> tuple[Tensor, Tensor]:
    """Return sum_t w_t J_t and its gradient, shape of theta.

    Args:
        targets, losses, weights: one for each head; weights at least 0.

    Raises:
        ValueError: as `backprop.loss_and_gradient`; counts that differ.

    >>> from backproof.reference.architecture import perceptron
    >>> network = Multitask(perceptron((1, 1)), (perceptron((1, 1)), perceptron((1, 1))))
    >>> theta, x, zero = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]), torch.tensor([[1.0]]), torch.tensor([[0.0]])
    >>> value, gradient = multitask_loss_and_gradient(
    ...     network, theta, x, [zero, zero], losses=["squared_error"] * 2, weights=[1.0, 0.5])
    >>> float(value), gradient.tolist()  # 1 + 1/2; each task adds 2 w_t to the trunk
    (1.5, [3.0, 3.0, 2.0, 2.0, 1.0, 1.0])
    """
    if not len(targets) == len(losses) == len(weights) == len(network.heads):
        raise ValueError(
            f"targets, losses and weights must be one for each of the {len(network.heads)} heads, "
            f"got {len(targets)}, {len(losses)} and {len(weights)}"
        )
    check.nonnegative(list(weights), "weights")
    network.trunk.check_inputs(inputs)
    with torch.enable_grad():
        leaf = theta.detach().requires_grad_()
        total = torch.zeros((), dtype=theta.dtype, device=theta.device)
        outputs = _heads(network, leaf, inputs)
        for index, head in enumerate(network.heads):
            check.choice(losses[index], LOSSES, "loss")
            head.check_targets(inputs.new_empty(len(inputs), *head.input_shape), targets[index], losses[index])
            total = total + weights[index] * LOSSES[losses[index]](outputs[index], targets[index], False)
        (gradient,) = torch.autograd.grad(total, leaf)
    return total.detach(), gradient
