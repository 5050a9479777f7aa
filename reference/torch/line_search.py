"""Line searches: the exact step on quadratics f(x) = 1/2 x'Ax - b'x, and backtracking on any function."""

from __future__ import annotations

from collections.abc import Callable

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


def backtracking(
    value: Callable[[Tensor], Tensor],
    gradient: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int,
    lr: float = 1.0,
    shrink: float = 0.5,
    slope: float = 1e-4,
) -> Descent:
    """Return the iterates of steepest descent with Armijo's backtracking, `(steps + 1, ..., dimension)`, and the step
    sizes.

    Each step starts from lr and shrinks until f(x - eta g) <= f(x) - slope eta g'g; where sixty trials do not get there
    (x is a minimum to working precision) the step is 0.

    Args:
        value, gradient: functions of `(..., dimension)`, the value without the last axis.
        start: x_0; leading axes are a fleet of problems, each with a step of its own.
        steps: at least 1.
        lr: the first trial, above 0.
        shrink: in (0, 1).
        slope: in (0, 1/2), so that the exact step on a quadratic is accepted.

    Raises:
        ValueError: an argument out of its range, a start that is not finite.

    Source: Armijo 1966.

    >>> run = backtracking(lambda x: (x**2).sum(-1), lambda x: 2 * x, torch.tensor([3.0]), steps=1)
    >>> run.point, run.step_sizes.tolist()  # 3 - 6 only mirrors; half of it is the minimum
    (tensor([0.]), [0.5])
    """
    check.at_least(steps, 1, "steps")
    check.positive(lr, "lr")
    check.positive(shrink, "shrink")
    check.fraction(shrink, "shrink")
    if not 0 < slope < 0.5:
        raise ValueError(f"slope must be in (0, 0.5), got slope={slope}")
    check.finite(start, "start")
    path, sizes = [start.clone()], []
    for _ in range(steps):
        g = gradient(path[-1])
        size = _armijo(value, path[-1], g, -g, start.new_full(start.shape[:-1], lr), shrink, slope)
        path.append(path[-1] + size[..., None] * -g)
        sizes.append(size)
    return Descent(torch.stack(path), torch.stack(sizes), None)


def _armijo(
    value: Callable[[Tensor], Tensor],
    x: Tensor,
    g: Tensor,
    direction: Tensor,
    size: Tensor,
    shrink: float,
    slope: float,
) -> Tensor:
    """Shrink each problem's size until its value falls enough along the direction; 0 where 60 trials do not suffice."""
    before, fall = value(x), (g * direction).sum(dim=-1)
    for _ in range(60):
        enough = value(x + size[..., None] * direction) <= before + slope * size * fall
        if enough.all():
            return size
        size = torch.where(enough, size, size * shrink)
    return torch.where(enough, size, 0)
