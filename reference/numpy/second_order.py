"""Newton's method: the damped step, and the descent with a line search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _checks as check
from .line_search import _armijo
from .quadratics import Descent, Divergence, _check_hessian

Array = np.ndarray[Any, Any]


def newton_step(
    parameters: Array, gradient: Array, hessian: Array, *, lr: float | Array = 1.0, damping: float = 0.0
) -> Array:
    """Return theta - lr (H + damping I)^-1 g, shape of theta, by a Cholesky factor.

    Args:
        parameters, gradient: theta and g, `(..., dimension)`.
        hessian: H, symmetric, `(..., dimension, dimension)`; of the whole objective: minibatches make the step biased.
        lr: above 0; 1 lands on the minimum of a quadratic.
        damping: at least 0.

    Raises:
        ValueError: H + damping I is not positive definite (Newton would climb to a saddle or a maximum); the message
            has the smallest eigenvalue, and so the damping that is needed.

    >>> newton_step(np.array([1.0, 1.0]), np.array([1.0, 4.0]), np.diag([1.0, 4.0]))
    array([0., 0.])
    """
    check.positive(lr, "lr")
    check.nonnegative(damping, "damping")
    check.same_shape(parameters, gradient, "parameters", "gradient")
    check.finite(gradient, "gradient")
    _check_hessian(hessian)
    rates = np.asarray(lr)[..., None]
    stepped: Array = parameters - rates * _solve(hessian, gradient, damping)
    return stepped


def _solve(hessian: Array, gradient: Array, damping: float) -> Array:
    damped = hessian + damping * np.eye(hessian.shape[-1], dtype=hessian.dtype)
    try:
        factor = np.linalg.cholesky(damped)
    except np.linalg.LinAlgError:
        smallest = float(np.linalg.eigvalsh(hessian).min())
        raise ValueError(
            f"hessian + damping must be positive definite, got damping={damping} with smallest eigenvalue {smallest}"
            f": a damping above {max(-smallest, 0.0)} makes it so"
        ) from None
    half = np.linalg.solve(factor, gradient[..., None])
    solution: Array = np.linalg.solve(np.swapaxes(factor, -1, -2), half)[..., 0]
    return solution


def damped_newton(
    value: Callable[[Array], Array],
    gradient: Callable[[Array], Array],
    hessian: Callable[[Array], Array],
    start: Array,
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

    On f = sqrt(1 + x^2) the undamped step is x -> -x^3, which diverges from |x| > 1; this converges from everywhere.

    >>> f = lambda x: np.sqrt(1 + x[..., 0] ** 2)
    >>> g, h = lambda x: x / np.sqrt(1 + x**2), lambda x: ((1 + x**2) ** -1.5)[..., None]
    >>> bool(abs(damped_newton(f, g, h, np.array([2.0]), steps=20).point[0]) < 1e-12)
    True
    """
    check.at_least(steps, 1, "steps")
    check.nonnegative(damping, "damping")
    check.finite(start, "start")
    path, sizes, diverged = [np.array(start)], [], None
    for step in range(1, steps + 1):
        g = gradient(path[-1])
        direction = -_solve(hessian(path[-1]), g, damping)
        size = _armijo(value, path[-1], g, direction, np.ones(start.shape[:-1]), shrink, slope)
        x = path[-1] + size[..., None] * direction
        if not np.isfinite(x).all():
            diverged = Divergence(step, path[-1])
            break
        path.append(x)
        sizes.append(size)
    return Descent(np.stack(path), np.array(sizes), diverged)
