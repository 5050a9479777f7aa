"""Several tasks on a shared trunk: their losses add up, and so do their gradients where the heads meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network
from .backprop import _for_members, _forward
from .layers import PASSES, Cache
from .losses import LOSSES

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Multitask:
    """A trunk, and heads that each take the trunk's output; theta holds the trunk's parameters, then the heads' in
    order.

    >>> from backproof.reference.architecture import perceptron
    >>> Multitask(perceptron((4, 3)), (perceptron((3, 2)), perceptron((3, 1)))).parameter_count  # 15 + 8 + 4
    27
    """

    trunk: Network
    heads: tuple[Network, ...]

    def __post_init__(self) -> None:
        for index, head in enumerate(self.heads):
            if head.input_shape != self.trunk.output_shape:
                raise ValueError(
                    f"head {index} must take the trunk's output of shape {self.trunk.output_shape}, "
                    f"got input_shape={head.input_shape}"
                )

    @property
    def parameter_count(self) -> int:
        """The number of parameters in all."""
        return self.trunk.parameter_count + sum(head.parameter_count for head in self.heads)

    def parts(self, theta: Any) -> list[Any]:
        """Return views of theta: the trunk's, then each head's."""
        if theta.shape[-1] != self.parameter_count:
            raise ValueError(f"theta must have {self.parameter_count} parameters, got theta.shape={tuple(theta.shape)}")
        ends = np.cumsum([self.trunk.parameter_count] + [head.parameter_count for head in self.heads]).tolist()
        return [theta[..., start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def multitask_forward(network: Multitask, theta: Array, inputs: Array) -> list[Array]:
    """Return each head's outputs, `(batch, outputs)` each.

    >>> from backproof.reference.architecture import perceptron
    >>> network = Multitask(perceptron((1, 1)), (perceptron((1, 1)), perceptron((1, 1))))
    >>> multitask_forward(network, np.array([2.0, 0.0, 1.0, 0.0, -1.0, 5.0]), np.array([[3.0]]))
    [array([[6.]]), array([[-1.]])]
    """
    network.trunk.check_inputs(inputs)
    first, *rest = network.parts(theta)
    inputs = _for_members(network.trunk, theta, inputs)
    shared = _forward(network.trunk, network.trunk.views(first), inputs, [{} for _ in network.trunk.layers], None)
    return [
        _forward(head, head.views(part), shared, [{} for _ in head.layers], None)
        for head, part in zip(network.heads, rest, strict=True)
    ]


def multitask_loss_and_gradient(
    network: Multitask,
    theta: Array,
    inputs: Array,
    targets: Sequence[Array],
    *,
    losses: Sequence[str],
    weights: Sequence[float],
) -> tuple[Array, Array]:
    """Return sum_t w_t J_t and its gradient, shape of theta.

    A head's gradient is w_t dJ_t; the trunk's is sum_t w_t dJ_t/dh dh/dtheta: the heads' gradients meet in h and are
    added.

    Args:
        targets, losses, weights: one for each head; weights at least 0.

    Raises:
        ValueError: as `backprop.loss_and_gradient`; counts that differ.

    >>> from backproof.reference.architecture import perceptron
    >>> network = Multitask(perceptron((1, 1)), (perceptron((1, 1)), perceptron((1, 1))))
    >>> theta, x, zero = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]), np.array([[1.0]]), np.array([[0.0]])
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
    gradient = np.zeros_like(theta)
    (trunk, *heads), (trunk_gradient, *head_gradients) = network.parts(theta), network.parts(gradient)
    caches: list[Cache] = [{} for _ in network.trunk.layers]
    shared = _forward(network.trunk, network.trunk.views(trunk), inputs, caches, None)
    total, meeting = np.zeros(()), np.zeros_like(shared)
    for index, head in enumerate(network.heads):
        check.choice(losses[index], LOSSES, "loss")
        head.check_targets(shared, targets[index], losses[index])
        head_caches: list[Cache] = [{} for _ in head.layers]
        views = head.views(heads[index])
        outputs = _forward(head, views, shared, head_caches, None)
        value, delta = LOSSES[losses[index]](outputs, targets[index], False)
        total = total + weights[index] * value
        delta *= weights[index]
        meeting += _backward(head, views, delta, head_caches, head.views(head_gradients[index]))
    _backward(network.trunk, network.trunk.views(trunk), meeting, caches, network.trunk.views(trunk_gradient))
    return total, gradient


def _backward(network: Network, views: Any, delta: Array, caches: list[Cache], gradient_views: Any) -> Array:
    """Write the network's gradient through the views; return the one with respect to its inputs."""
    for index in range(len(network.layers) - 1, -1, -1):
        layer = network.layers[index]
        delta = PASSES[type(layer)].backward(layer, views[index], delta, caches[index], gradient_views[index], True)
    return delta
