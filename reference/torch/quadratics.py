"""Quadratics f(x) = 1/2 x'Ax - b'x, and gradient descent with a fixed step on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .. import _checks as check
from ..numpy.quadratics import optimal_step

__all__ = ["Descent", "Divergence", "gradient", "gradient_descent", "optimal_step", "stability_bound", "value"]


@dataclass(frozen=True)
class Divergence:
    """Where a run left the finite numbers: the step that did, the last finite iterate, and 2/lambda_max on a
    quadratic.
    """

    step: int
    last_finite: Tensor
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

    path: Tensor
    step_sizes: Tensor
    diverged: Divergence | None

    @property
    def point(self) -> Tensor:
        """The last finite iterate."""
        return self.path[-1]


def value(hessian: Tensor, x: Tensor, linear: Tensor | None = None) -> Tensor:
    """Return 1/2 x'Ax - b'x, shape of x without its last axis; can be differentiated.

    >>> float(value(torch.diag(torch.tensor([1.0, 3.0])), torch.tensor([1.0, 1.0])))
    2.0
    """
    _check_quadratic(hessian, x, linear)
    return _value(hessian, x, linear)


def _value(hessian: Tensor, x: Tensor, linear: Tensor | None) -> Tensor:
    # As an einsum of three it takes four times as long: the order of the products is sought anew at each call.
    half = 0.5 * ((hessian @ x[..., None])[..., 0] * x).sum(dim=-1)
    return half if linear is None else half - (linear * x).sum(dim=-1)


def gradient(hessian: Tensor, x: Tensor, linear: Tensor | None = None) -> Tensor:
    """Return Ax - b, shape of x, by autograd.

    >>> gradient(torch.diag(torch.tensor([1.0, 3.0])), torch.tensor([1.0, 1.0]))
    tensor([1., 3.])
    """
    _check_quadratic(hessian, x, linear)
    return _gradient(hessian, x, linear)


def _gradient(hessian: Tensor, x: Tensor, linear: Tensor | None) -> Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(_value(hessian, leaf, linear).sum(), leaf)[0]


def stability_bound(hessian: Tensor) -> Tensor:
    """Return 2 / lambda_max: gradient descent converges from everywhere if and only if 0 < lr < this.

    >>> float(stability_bound(torch.diag(torch.tensor([1.0, 4.0]))))
    0.5
    """
    _check_hessian(hessian)
    largest = torch.linalg.eigvalsh(hessian)[..., -1]
    return torch.where(largest > 0, 2 / largest, torch.inf)


def gradient_descent(
    hessian: Tensor, start: Tensor, *, lr: float | Tensor, steps: int, linear: Tensor | None = None
) -> Descent:
    """Return the iterates of x <- x - lr (Ax - b), `(steps + 1, ..., dimension)`.

    Args:
        hessian: A, symmetric, `(..., dimension, dimension)`.
        start: x_0, `(..., dimension)`; leading axes are a fleet of problems.
        lr: the fixed step, above 0; a tensor gives each problem its own.
        steps: how many, at least 1.
        linear: b, `(..., dimension)`; None is 0.

    A run that leaves the finite numbers stops there: `.diverged` has the step, the last finite iterate and the bound.

    Raises:
        ValueError: shapes that do not fit, a Hessian that is not symmetric, values that are not finite, lr not above 0.

    >>> gradient_descent(torch.diag(torch.tensor([1.0, 3.0])), torch.tensor([1.0, 1.0]), lr=0.5, steps=1).point
    tensor([ 0.5000, -0.5000])
    """
    _check_quadratic(hessian, start, linear)
    check.positive(lr, "lr")
    check.at_least(steps, 1, "steps")
    rates = torch.as_tensor(lr, dtype=start.dtype, device=start.device)
    path = [start.clone()]
    diverged = None
    for step in range(1, steps + 1):
        x = path[-1] - rates[..., None] * _gradient(hessian, path[-1], linear)
        if not torch.isfinite(x).all():
            diverged = _divergence(hessian, path[-1], x, step, rates)
            break
        path.append(x)
    return Descent(torch.stack(path), rates.expand(len(path) - 1, *rates.shape), diverged)


def _divergence(hessian: Tensor, last_finite: Tensor, x: Tensor, step: int, rates: Tensor) -> Divergence:
    """Return the record of a step to `x`, which is not finite, with the bound and the rate of the first problem
    concerned.
    """
    problems = x.shape[:-1]
    first = tuple((~torch.isfinite(x).all(dim=-1)).nonzero()[0].tolist())
    bound = stability_bound(hessian).expand(problems)[first]
    return Divergence(step, last_finite, float(bound), float(rates.expand(problems)[first]))


def _check_hessian(hessian: Tensor) -> None:
    if hessian.ndim < 2 or hessian.shape[-1] != hessian.shape[-2] or not hessian.shape[-1]:
        raise ValueError(f"hessian must be square, got hessian.shape={tuple(hessian.shape)}")
    check.finite(hessian, "hessian")
    asymmetry = float((hessian - hessian.mT).abs().max())
    if asymmetry > 1e-12 * float(hessian.abs().max()):
        raise ValueError(f"hessian must be symmetric, got hessian with an asymmetry of {asymmetry}")


def _check_quadratic(hessian: Tensor, x: Tensor, linear: Tensor | None) -> None:
    _check_hessian(hessian)
    if not x.ndim or x.shape[-1] != hessian.shape[-1]:
        raise ValueError(f"x must have dimension {hessian.shape[-1]} as hessian has, got x.shape={tuple(x.shape)}")
    check.finite(x, "x")
    if linear is not None:
        if linear.shape[-1:] != x.shape[-1:]:
            raise ValueError(f"linear must have dimension {x.shape[-1]}, got linear.shape={tuple(linear.shape)}")
        check.finite(linear, "linear")
