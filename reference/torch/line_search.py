"""Exact line search on quadratics f(x) = 1/2 x'Ax - b'x."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks as check
from .quadratics import Descent, _check_quadratic, _divergence, _gradient


def exact_step_size(hessian: Tensor, direction: Tensor) -> Tensor:
    """Return g'g / g'Ag, the step along -g that minimizes the quadratic, shape of g without its last axis; 0 where g
    is 0.

    Raises:
        ValueError: g'Ag is not above 0 for a g that is not 0: along such a direction the quadratic has no minimum.

    >>> float(exact_step_size(torch.diag(torch.tensor([1.0, 3.0])), torch.tensor([1.0, 1.0])))
    0.5
    """
    _check_quadratic(hessian, direction, None)
    return _exact_step_size(hessian, direction)


def _exact_step_size(hessian: Tensor, g: Tensor) -> Tensor:
    # Scaled by the largest entry: g'g of a gradient of 1e-170 would underflow to 0 / 0.
    scale = g.abs().amax(dim=-1, keepdim=True)
    unit = g / torch.where(scale > 0, scale, 1)
    square = (unit * unit).sum(dim=-1)
    curvature = (unit * _gradient(hessian, unit, None)).sum(dim=-1)
    bad = (square > 0) & ~(curvature > 0)
    if bad.any():
        found = curvature[bad].reshape(-1)[0].item()
        raise ValueError(f"hessian must be positive along the gradient, got curvature={found}")
    return torch.where(square > 0, square / torch.where(square > 0, curvature, 1), 0)


def exact_line_search(hessian: Tensor, start: Tensor, *, steps: int, linear: Tensor | None = None) -> Descent:
    """Return the iterates of steepest descent with the exact step, `(steps + 1, ..., dimension)`, and the step sizes.

    x <- x - (g'g / g'Ag) g with g = Ax - b. Consecutive gradients are orthogonal; f falls by ((kappa - 1) / (kappa +
    1))^2 or more at each step. At the minimum the steps are 0.

    Args:
        hessian: A, symmetric and positive definite, `(..., dimension, dimension)`.
        start: x_0, `(..., dimension)`; leading axes are a fleet of problems.
        steps: how many, at least 1.
        linear: b, `(..., dimension)`; None is 0.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, a direction without a minimum.

    >>> A = torch.diag(torch.tensor([1.0, 3.0]))
    >>> exact_line_search(A, torch.tensor([3.0, 1.0]), steps=1).path.tolist()  # (b, 1) -> b(b-1)/(b+1), (1-b)/(1+b)
    [[3.0, 1.0], [1.5, -0.5]]
    """
    _check_quadratic(hessian, start, linear)
    check.at_least(steps, 1, "steps")
    path, sizes, diverged = [start.clone()], [], None
    for step in range(1, steps + 1):
        g = _gradient(hessian, path[-1], linear)
        size = _exact_step_size(hessian, g)
        x = path[-1] - size[..., None] * g
        if not torch.isfinite(x).all():
            diverged = _divergence(hessian, path[-1], x, step, size)
            break
        path.append(x)
        sizes.append(size)
    return Descent(torch.stack(path), torch.stack(sizes) if sizes else start.new_empty(0), diverged)
