"""Objectives to try optimizers on; their gradients by autograd."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks as check


def rosenbrock(x: Tensor) -> Tensor:
    """Return (1 - x_1)^2 + 100 (x_2 - x_1^2)^2, shape of x without its last axis; the minimum is 0, at (1, 1).

    Args:
        x: points of the plane, `(..., 2)`.

    Raises:
        ValueError: the last axis is not 2 long, or an entry is not finite.

    >>> float(rosenbrock(torch.tensor([0.0, 1.0])))
    101.0
    """
    _check_plane(x)
    return _rosenbrock(x)


def _rosenbrock(x: Tensor) -> Tensor:
    first, second = x.unbind(-1)
    return (1 - first) ** 2 + 100 * (second - first**2) ** 2


def rosenbrock_gradient(x: Tensor) -> Tensor:
    """Return the gradient of `rosenbrock`, shape of x.

    >>> rosenbrock_gradient(torch.tensor([0.0, 1.0])).tolist()
    [-2.0, 200.0]
    """
    _check_plane(x)
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(_rosenbrock(leaf).sum(), leaf)[0]


def _check_plane(x: Tensor) -> None:
    if not x.ndim or x.shape[-1] != 2:
        raise ValueError(f"x must have dimension 2, got x.shape={tuple(x.shape)}")
    check.finite(x, "x")
