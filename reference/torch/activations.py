"""Activations and their derivatives, entry by entry on tensors of any shape.

Boundary choices: relu'(0) = 0, leaky_relu'(0) = slope, absolute'(0) = 0, and autograd agrees. The networks
    differentiate by
autograd; the derivatives here are formulas, because autograd's 1 - y^2 and y (1 - y) round to 0 in the tails.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def identity(z: Tensor) -> Tensor:
    """Return z: the activation of a linear output.

    >>> identity(torch.tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """
    return z


def identity_derivative(z: Tensor) -> Tensor:
    """Return 1 for each entry.

    >>> identity_derivative(torch.tensor([-1.0, 2.0]))
    tensor([1., 1.])
    """
    return torch.ones_like(z)


def relu(z: Tensor) -> Tensor:
    """Return max(z, 0).

    >>> relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return torch.relu(z)


def relu_derivative(z: Tensor) -> Tensor:
    """Return 1 where z > 0, else 0; at z = 0, where every value in [0, 1] is a subgradient, 0.

    >>> relu_derivative(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 1.])
    """
    return (z > 0).to(z.dtype)


def absolute(z: Tensor) -> Tensor:
    """Return |z|, absolute-value rectification.

    >>> absolute(torch.tensor([-1.5, 2.0]))
    tensor([1.5000, 2.0000])
    """
    return torch.abs(z)


def absolute_derivative(z: Tensor) -> Tensor:
    """Return sign(z), 0 at z = 0.

    >>> absolute_derivative(torch.tensor([-1.5, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return torch.sign(z)


def leaky_relu(z: Tensor, slope: float | Tensor = 0.01) -> Tensor:
    """Return z where z > 0, else slope z; with a learned slope it is the parametric ReLU.

    >>> leaky_relu(torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    return torch.where(z > 0, z, slope * z)


def leaky_relu_derivative(z: Tensor, slope: float | Tensor = 0.01) -> Tensor:
    """Return 1 where z > 0, else slope.

    >>> leaky_relu_derivative(torch.tensor([-1.0, 2.0]))
    tensor([0.0100, 1.0000])
    """
    return torch.where(z > 0, torch.ones_like(z), torch.as_tensor(slope, dtype=z.dtype, device=z.device))


def elu(z: Tensor, alpha: float = 1.0) -> Tensor:
    """Return z where z > 0, else alpha (e^z - 1).

    >>> elu(torch.tensor([0.0, 2.0]))
    tensor([0., 2.])
    """
    return torch.where(z > 0, z, alpha * torch.expm1(torch.clamp(z, max=0)))


def elu_derivative(z: Tensor, alpha: float = 1.0) -> Tensor:
    """Return 1 where z > 0, else alpha e^z.

    >>> elu_derivative(torch.tensor([0.0, 2.0]), alpha=0.5)
    tensor([0.5000, 1.0000])
    """
    return torch.where(z > 0, torch.ones_like(z), alpha * torch.exp(torch.clamp(z, max=0)))


def softplus(z: Tensor) -> Tensor:
    """Return log(1 + e^z), without overflow and, unlike torch's softplus, without a threshold beyond which it is z.

    >>> float(softplus(torch.tensor(1e4)))
    10000.0
    """
    return torch.logaddexp(z, torch.zeros_like(z))


def softplus_derivative(z: Tensor) -> Tensor:
    """Return sigmoid(z).

    >>> float(softplus_derivative(torch.tensor(0.0)))
    0.5
    """
    return sigmoid(z)


def sigmoid(z: Tensor) -> Tensor:
    """Return 1 / (1 + e^-z), without overflow and with full relative accuracy in both tails.

    Below 2.2e-308, the smallest normal float64, torch returns 0.

    >>> float(sigmoid(torch.tensor(0.0))), float(sigmoid(torch.tensor(-750.0, dtype=torch.float64)))
    (0.5, 0.0)
    """
    return torch.sigmoid(z)


def sigmoid_derivative(z: Tensor) -> Tensor:
    """Return sigmoid(z) sigmoid(-z) = e^-|z| / (1 + e^-|z|)^2.

    >>> float(sigmoid_derivative(torch.tensor(0.0)))
    0.25
    """
    tail = torch.exp(-torch.abs(z))
    return tail / (1 + tail) ** 2


def tanh(z: Tensor) -> Tensor:
    """Return the hyperbolic tangent.

    >>> float(tanh(torch.tensor(0.0)))
    0.0
    """
    return torch.tanh(z)


def tanh_derivative(z: Tensor) -> Tensor:
    """Return 1 - tanh(z)^2 = 4 e^-2|z| / (1 + e^-2|z|)^2.

    >>> float(tanh_derivative(torch.tensor(0.0)))
    1.0
    """
    tail = torch.exp(-2 * torch.abs(z))
    return 4 * tail / (1 + tail) ** 2


def hard_threshold(z: Tensor, threshold: float = 0.0) -> Tensor:
    """Return 1 where z > threshold, else 0; its slope is 0 wherever it exists, so that nothing trains through it.

    >>> hard_threshold(torch.tensor([1.0, 2.0, 3.0]), 2.0)
    tensor([0., 0., 1.])
    """
    return (z > threshold).to(z.dtype)


def softmax(logits: Tensor) -> Tensor:
    """Return e^a_k / sum_j e^a_j along the last axis; nothing overflows.

    >>> softmax(torch.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """
    return torch.softmax(logits, dim=-1)


def softmax_jacobian(logits: Tensor) -> Tensor:
    """Return diag(p) - p p', shape `(..., classes, classes)`, p the softmax of the logits; its rows sum to 0.

    >>> softmax_jacobian(torch.tensor([0.0, 0.0]))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    p = softmax(logits)
    return p[..., :, None] * (torch.eye(p.shape[-1], dtype=p.dtype, device=p.device) - p[..., None, :])


#: Each activation beside its derivative, by the name that `architecture.Activation` uses.
ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (relu, relu_derivative),
    "tanh": (tanh, tanh_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "identity": (identity, identity_derivative),
    "absolute": (absolute, absolute_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative),
    "elu": (elu, elu_derivative),
    "softplus": (softplus, softplus_derivative),
}
