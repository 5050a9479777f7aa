"""Critical points sought by Newton's method, also on the sphere, and a random energy to seek them in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..numpy import critical_points as drawn

#: A value, its gradient and its Hessian at points `(count, n)`.
Energy = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]


def find_critical_points(
    gradient: Callable[[Tensor], Tensor],
    hessian: Callable[[Tensor], Tensor],
    starts: Tensor,
    *,
    steps: int = 100,
    tolerance: float = 1e-9,
) -> Tensor:
    """Return the critical points that Newton's method reaches from the starts, each once, `(found, dimension)`.

    x <- x - H(x)^+ g(x) solves g = 0 itself, and so ends at saddles and maxima as well. A descent of |g|^2 does too,
    but also where H g = 0 and g is not: a minimum of |g|^2 that is no critical point. The gradient decides.

    Args:
        gradient, hessian: of points `(count, dimension)`, `(count, dimension)` and `(count, dimension, dimension)`.
        starts: `(count, dimension)`; one that leaves the finite numbers is given up.
        steps: at least 0.
        tolerance: a point is reported where the norm of its gradient is below, and is the same as another one within
            the square root of it.

    Raises:
        ValueError: starts that are no `(count, dimension)` or not finite, steps or tolerance out of range.

    Source: Dauphin et al. 2014, which seeks them on networks.

    >>> x = torch.tensor([[0.1], [0.9], [-2.0]], dtype=torch.float64)  # of x^4 / 4 - x^2 / 2
    >>> found = find_critical_points(lambda x: x**3 - x, lambda x: 3 * x[..., None] ** 2 - 1, x)
    >>> found.round(decimals=12).ravel().tolist()  # a maximum at 0, minima at 1 and -1
    [0.0, 1.0, -1.0]
    """
    check.at_least(steps, 0, "steps")
    check.positive(tolerance, "tolerance")
    if starts.ndim != 2:
        raise ValueError(f"starts must have shape (count, dimension), got starts.shape={tuple(starts.shape)}")
    check.finite(starts, "starts")
    points, moving = starts.clone(), torch.arange(len(starts), device=starts.device)
    for _ in range(steps):
        if not len(moving):
            break
        slopes, curvatures = gradient(points[moving]), hessian(points[moving])
        kept = torch.isfinite(slopes).all(dim=-1) & torch.isfinite(curvatures).flatten(1).all(dim=-1)
        points[moving[~kept]] = torch.nan
        moving, slopes, curvatures = moving[kept], slopes[kept], curvatures[kept]
        points[moving] -= (torch.linalg.pinv(curvatures, hermitian=True) @ slopes[..., None])[..., 0]
        # This step doubled the digits of a point that was within the tolerance already: it needs no other.
        moving = moving[torch.linalg.vector_norm(slopes, dim=-1) >= tolerance]
    points = points[torch.linalg.vector_norm(gradient(points), dim=-1) < tolerance]
    found = points[:0]
    for point in points:
        if (torch.linalg.vector_norm(found - point, dim=-1) > tolerance**0.5).all():
            found = torch.cat([found, point[None]])
    return found


def on_the_sphere(energy: Energy) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """Return the gradient and the Hessian of L = E(x) - lambda (|x|^2 - 1) / 2 at points (x, lambda), `(count, n + 1)`.

    Its critical points are those of E on the unit sphere, and lambda is x'g there, the slope across the sphere.

    >>> def rising(x):  # E = x_1
    ...     return x[:, 0], torch.ones_like(x) * torch.tensor([1, 0]), torch.zeros(len(x), 2, 2)
    >>> gradient, hessian = on_the_sphere(rising)
    >>> gradient(torch.tensor([[1.0, 0.0, 1.0]])).tolist()
    [[0.0, 0.0, 0.0]]
    >>> hessian(torch.tensor([[0.0, 2.0, 3.0]])).tolist() == [[[-3, 0, 0], [0, -3, -2], [0, -2, 0]]]
    True
    """

    def gradient(points: Tensor) -> Tensor:
        x, multiplier = points[:, :-1], points[:, -1:]
        return torch.cat([energy(x)[1] - multiplier * x, (1 - (x * x).sum(dim=-1, keepdim=True)) / 2], dim=-1)

    def hessian(points: Tensor) -> Tensor:
        x = points[:, :-1]
        bordered = points.new_zeros((len(points), *points.shape[1:] * 2))
        identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        bordered[:, :-1, :-1] = energy(x)[2] - points[:, -1:, None] * identity
        bordered[:, :-1, -1] = bordered[:, -1, :-1] = -x
        return bordered

    return gradient, hessian


def tangent_hessian(x: Tensor, gradient: Tensor, hessian: Tensor) -> Tensor:
    """Return Q'(H - x'g I) Q with an orthonormal basis Q of the directions along the sphere, `(..., n - 1, n - 1)`.

    Along a great circle from x in the direction v the second derivative of E is v'H v - x'g.

    Args:
        x: of length 1, `(..., n)`.
        gradient, hessian: of E at x in space, `(..., n)` and `(..., n, n)`.

    >>> x, g = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0])  # E = x_1 falls from (1, 0) as the cosine
    >>> tangent_hessian(x, g, torch.zeros(2, 2))
    tensor([[-1.]])
    """
    check.same_shape(x, gradient, "x", "gradient")
    along = torch.linalg.qr(x[..., None], mode="complete")[0][..., 1:]
    across = (x * gradient).sum(dim=-1)[..., None, None]
    curvature: Tensor = along.mT @ hessian @ along - across * torch.eye(along.shape[-1], dtype=x.dtype, device=x.device)
    return curvature


def spin_couplings(n: int, rng: np.random.Generator) -> Tensor:
    """Return Gaussian couplings of three spins each, `(n, n, n)`, the same under every exchange of indices.

    >>> couplings = spin_couplings(3, np.random.default_rng(0))
    >>> torch.equal(couplings, couplings.transpose(0, 2))
    True
    """
    return torch.from_numpy(drawn.spin_couplings(n, rng))


def spin_energy(couplings: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return E = sum_ijk J_ijk x_i x_j x_k / 3 with its gradient and Hessian, `(...)`, `(..., n)` and `(..., n, n)`.

    Args:
        couplings: J, `(n, n, n)`, the same under every exchange of indices.
        x: `(..., n)`.

    Raises:
        ValueError: couplings of another size.

    Source: the spherical 3-spin glass, the model of a loss surface of Choromanska et al. 2015. E has degree 3, so
    that x'g = 3 E and H x = 2 g.

    >>> value, gradient, hessian = spin_energy(torch.ones(1, 1, 1), torch.tensor([3.0]))  # x^3 / 3
    >>> float(value), gradient.tolist(), hessian.tolist()
    (9.0, [9.0], [[6.0]])
    """
    if couplings.shape != 3 * x.shape[-1:]:
        raise ValueError(
            f"couplings must have shape {3 * tuple(x.shape)[-1:]}, got couplings.shape={tuple(couplings.shape)}"
        )
    hessian = 2 * torch.tensordot(x, couplings, dims=1)
    gradient = (hessian @ x[..., None])[..., 0] / 2
    value: Tensor = (gradient * x).sum(dim=-1) / 3
    return value, gradient, hessian
