"""Quadratics f(x) = 1/2 x'Ax - b'x, and gradient descent with a fixed step on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Divergence:
    """Where a run left the finite numbers: the step that did, the last finite iterate, and 2/lambda_max on a
    quadratic.
    """

    step: int
    last_finite: Array
    bound: float | None = None
    lr: float | None = None

    def __str__(self) -> str:
        why = "" if self.bound is None else f": lr={self.lr} is not below 2/lambda_max={self.bound}"
        return f"diverged at step {self.step}{why}"


@dataclass(frozen=True)
class Descent:
    """The iterates `path`, `(steps + 1, ..., dimension)` (finite ones only), the step sizes taken, and how it
    diverged, if it did.
    """

    path: Array
    step_sizes: Array
    diverged: Divergence | None

    @property
    def point(self) -> Array:
        """The last finite iterate."""
        last: Array = self.path[-1]
        return last


def value(hessian: Array, x: Array, linear: Array | None = None) -> Array:
    """Return 1/2 x'Ax - b'x, shape of x without its last axis.

    >>> float(value(np.diag([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    """
    _check_quadratic(hessian, x, linear)
    half: Array = 0.5 * np.einsum("...i,...ij,...j->...", x, hessian, x)
    return half if linear is None else half - (linear * x).sum(axis=-1)


def gradient(hessian: Array, x: Array, linear: Array | None = None) -> Array:
    """Return Ax - b, shape of x.

    >>> gradient(np.diag([1.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 3.])
    """
    _check_quadratic(hessian, x, linear)
    return _gradient(hessian, x, linear)


def _gradient(hessian: Array, x: Array, linear: Array | None) -> Array:
    product: Array = np.matmul(hessian, x[..., None])[..., 0]
    return product if linear is None else product - linear


def stability_bound(hessian: Array) -> Array:
    """Return 2 / lambda_max: gradient descent converges from everywhere if and only if 0 < lr < this.

    >>> float(stability_bound(np.diag([1.0, 4.0])))
    0.5
    """
    _check_hessian(hessian)
    largest = np.linalg.eigvalsh(hessian)[..., -1]
    with np.errstate(divide="ignore"):
        return np.where(largest > 0, 2 / largest, np.inf)


def optimal_step(smallest: float, largest: float) -> float:
    """Return 2 / (lambda_min + lambda_max), the fixed step with the best worst-case factor (kappa - 1) / (kappa + 1).

    >>> optimal_step(1.0, 3.0)
    0.5
    """
    check.positive(smallest, "smallest")
    if not largest >= smallest:
        raise ValueError(f"largest must be at least smallest={smallest}, got largest={largest}")
    return 2 / (smallest + largest)


def gradient_descent(
    hessian: Array, start: Array, *, lr: float | Array, steps: int, linear: Array | None = None
) -> Descent:
    """Return the iterates of x <- x - lr (Ax - b), `(steps + 1, ..., dimension)`.

    Args:
        hessian: A, symmetric, `(..., dimension, dimension)`.
        start: x_0, `(..., dimension)`; leading axes are a fleet of problems.
        lr: the fixed step, above 0; an array gives each problem its own.
        steps: how many, at least 1.
        linear: b, `(..., dimension)`; None is 0.

    A run that leaves the finite numbers stops there: `.diverged` has the step, the last finite iterate and the bound.

    Raises:
        ValueError: shapes that do not fit, a Hessian that is not symmetric, values that are not finite, lr not above 0.

    >>> gradient_descent(np.diag([1.0, 3.0]), np.array([1.0, 1.0]), lr=0.5, steps=1).point
    array([ 0.5, -0.5])
    >>> print(gradient_descent(np.array([[4.0]]), np.array([1.0]), lr=1e200, steps=9).diverged)
    diverged at step 2: lr=1e+200 is not below 2/lambda_max=0.5
    """
    _check_quadratic(hessian, start, linear)
    check.positive(lr, "lr")
    check.at_least(steps, 1, "steps")
    rates = np.asarray(lr, dtype=start.dtype)
    path = [np.array(start)]
    diverged = None
    for step in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            x = path[-1] - rates[..., None] * _gradient(hessian, path[-1], linear)
        if not np.isfinite(x).all():
            diverged = _divergence(hessian, path[-1], x, step, rates)
            break
        path.append(x)
    return Descent(np.stack(path), np.broadcast_to(rates, (len(path) - 1, *rates.shape)), diverged)


def _divergence(hessian: Array, last_finite: Array, x: Array, step: int, rates: Array) -> Divergence:
    """Return the record of a step to `x`, which is not finite, with the bound and the rate of the first problem
    concerned.
    """
    problems = x.shape[:-1]
    first = tuple(np.argwhere(~np.isfinite(x).all(axis=-1))[0])
    bound = np.broadcast_to(stability_bound(hessian), problems)[first]
    return Divergence(step, last_finite, float(bound), float(np.broadcast_to(rates, problems)[first]))


def _check_hessian(hessian: Array) -> None:
    if hessian.ndim < 2 or hessian.shape[-1] != hessian.shape[-2] or not hessian.shape[-1]:
        raise ValueError(f"hessian must be square, got hessian.shape={hessian.shape}")
    check.finite(hessian, "hessian")
    if not (hessian == np.swapaxes(hessian, -1, -2)).all():
        asymmetry = np.abs(hessian - np.swapaxes(hessian, -1, -2)).max()
        if asymmetry > 1e-12 * np.abs(hessian).max():
            raise ValueError(f"hessian must be symmetric, got hessian with an asymmetry of {asymmetry}")


def _check_quadratic(hessian: Array, x: Array, linear: Array | None) -> None:
    _check_hessian(hessian)
    if not x.ndim or x.shape[-1] != hessian.shape[-1]:
        raise ValueError(f"x must have dimension {hessian.shape[-1]} as hessian has, got x.shape={x.shape}")
    check.finite(x, "x")
    if linear is not None:
        if linear.shape[-1:] != x.shape[-1:]:
            raise ValueError(f"linear must have dimension {x.shape[-1]}, got linear.shape={linear.shape}")
        check.finite(linear, "linear")
