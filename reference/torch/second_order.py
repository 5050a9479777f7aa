"""Newton's method: the damped step, and the descent with a line search."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import _checks as check
from .line_search import _armijo
from .quadratics import Descent, Divergence, _check_hessian


def newton_step(
    parameters: Tensor, gradient: Tensor, hessian: Tensor, *, lr: float | Tensor = 1.0, damping: float = 0.0
) -> Tensor:
    """Return theta - lr (H + damping I)^-1 g, shape of theta, by a Cholesky factor.

    Args:
        parameters, gradient: theta and g, `(..., dimension)`.
        hessian: H, symmetric, `(..., dimension, dimension)`; of the whole objective: minibatches make the step biased.
        lr: above 0; 1 lands on the minimum of a quadratic.
        damping: at least 0.

    Raises:
        ValueError: H + damping I is not positive definite (Newton would climb to a saddle or a maximum); the message
            has the smallest eigenvalue, and so the damping that is needed.

    >>> newton_step(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 4.0]), torch.diag(torch.tensor([1.0, 4.0])))
    tensor([0., 0.])
    """
    check.positive(lr, "lr")
    check.nonnegative(damping, "damping")
    check.same_shape(parameters, gradient, "parameters", "gradient")
    check.finite(gradient, "gradient")
    _check_hessian(hessian)
    rates = torch.as_tensor(lr, dtype=parameters.dtype, device=parameters.device)[..., None]
    return parameters - rates * _solve(hessian, gradient, damping)


def _solve(hessian: Tensor, gradient: Tensor, damping: float) -> Tensor:
    identity = torch.eye(hessian.shape[-1], dtype=hessian.dtype, device=hessian.device)
    factor, failed = torch.linalg.cholesky_ex(hessian + damping * identity)
    if failed.any():
        smallest = float(torch.linalg.eigvalsh(hessian).min())
        raise ValueError(
            f"hessian + damping must be positive definite, got damping={damping} with smallest eigenvalue {smallest}"
            f": a damping above {max(-smallest, 0.0)} makes it so"
        )
    return torch.cholesky_solve(gradient[..., None], factor)[..., 0]


def damped_newton(
    value: Callable[[Tensor], Tensor],
    gradient: Callable[[Tensor], Tensor],
    hessian: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int,
    damping: float = 0.0,
    shrink: float = 0.5,
    slope: float = 1e-4,
) -> Descent:
    """Return the iterates of Newton's method with backtracking from step 1, `(steps + 1, ..., dimension)`.

    Args:
        value, gradient, hessian: functions of `(..., dimension)`.
        start: x_0; leading axes are a fleet of problems.
        damping: added to the Hessian's diagonal.
        shrink, slope: of the backtracking, see `line_search.backtracking`.

    Raises:
        ValueError: an indefinite Hessian on the way, as in `newton_step`; arguments out of range.

    >>> f = lambda x: torch.sqrt(1 + x[..., 0] ** 2)
    >>> g, h = lambda x: x / torch.sqrt(1 + x**2), lambda x: ((1 + x**2) ** -1.5)[..., None]
    >>> bool(abs(damped_newton(f, g, h, torch.tensor([2.0]), steps=20).point[0]) < 1e-6)
    True
    """
    check.at_least(steps, 1, "steps")
    check.nonnegative(damping, "damping")
    check.finite(start, "start")
    path, sizes, diverged = [start.clone()], [], None
    for step in range(1, steps + 1):
        g = gradient(path[-1])
        direction = -_solve(hessian(path[-1]), g, damping)
        size = _armijo(value, path[-1], g, direction, start.new_ones(start.shape[:-1]), shrink, slope)
        x = path[-1] + size[..., None] * direction
        if not torch.isfinite(x).all():
            diverged = Divergence(step, path[-1])
            break
        path.append(x)
        sizes.append(size)
    return Descent(torch.stack(path), torch.stack(sizes) if sizes else start.new_empty(0), diverged)
