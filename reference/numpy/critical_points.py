"""Critical points sought by Newton's method, also on the sphere, and a random energy to seek them in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]
#: A value, its gradient and its Hessian at points `(count, n)`.
Energy = Callable[[Array], tuple[Array, Array, Array]]


def find_critical_points(
    gradient: Callable[[Array], Array],
    hessian: Callable[[Array], Array],
    starts: Array,
    *,
    steps: int = 100,
    tolerance: float = 1e-9,
) -> Array:
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

    >>> x = np.array([[0.1], [0.9], [-2.0]])  # of x^4 / 4 - x^2 / 2
    >>> found = find_critical_points(lambda x: x**3 - x, lambda x: 3 * x[..., None] ** 2 - 1, x)
    >>> found.round(12).ravel().tolist()  # a maximum at 0, minima at 1 and -1
    [0.0, 1.0, -1.0]
    """
    check.at_least(steps, 0, "steps")
    check.positive(tolerance, "tolerance")
    if starts.ndim != 2:
        raise ValueError(f"starts must have shape (count, dimension), got starts.shape={starts.shape}")
    check.finite(starts, "starts")
    points, moving = starts.copy(), np.arange(len(starts))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            if not len(moving):
                break
            slopes, curvatures = gradient(points[moving]), hessian(points[moving])
            kept = np.isfinite(slopes).all(axis=-1) & np.isfinite(curvatures).all(axis=(-2, -1))
            points[moving[~kept]] = np.nan
            moving, slopes, curvatures = moving[kept], slopes[kept], curvatures[kept]
            points[moving] -= (np.linalg.pinv(curvatures, hermitian=True) @ slopes[..., None])[..., 0]
            # This step doubled the digits of a point that was within the tolerance already: it needs no other.
            moving = moving[np.linalg.norm(slopes, axis=-1) >= tolerance]
        points = points[np.linalg.norm(gradient(points), axis=-1) < tolerance]
    found: Array = points[:0]
    for point in points:
        if (np.linalg.norm(found - point, axis=-1) > tolerance**0.5).all():
            found = np.concatenate([found, point[None]])
    return found


def on_the_sphere(energy: Energy) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return the gradient and the Hessian of L = E(x) - lambda (|x|^2 - 1) / 2 at points (x, lambda), `(count, n + 1)`.

    Its critical points are those of E on the unit sphere, and lambda is x'g there, the slope across the sphere.

    >>> def rising(x):  # E = x_1
    ...     return x[:, 0], np.ones_like(x) * [1, 0], np.zeros((len(x), 2, 2))
    >>> gradient, hessian = on_the_sphere(rising)
    >>> gradient(np.array([[1.0, 0.0, 1.0]])).tolist()
    [[0.0, 0.0, 0.0]]
    >>> hessian(np.array([[0.0, 2.0, 3.0]])).tolist() == [[[-3, 0, 0], [0, -3, -2], [0, -2, 0]]]
    True
    """

    def gradient(points: Array) -> Array:
        x, multiplier = points[:, :-1], points[:, -1:]
        return np.concatenate([energy(x)[1] - multiplier * x, (1 - (x * x).sum(axis=-1, keepdims=True)) / 2], axis=-1)

    def hessian(points: Array) -> Array:
        x = points[:, :-1]
        bordered: Array = np.zeros((len(points), *points.shape[1:] * 2))
        bordered[:, :-1, :-1] = energy(x)[2] - points[:, -1:, None] * np.eye(x.shape[-1])
        bordered[:, :-1, -1] = bordered[:, -1, :-1] = -x
        return bordered

    return gradient, hessian


def tangent_hessian(x: Array, gradient: Array, hessian: Array) -> Array:
    """Return Q'(H - x'g I) Q with an orthonormal basis Q of the directions along the sphere, `(..., n - 1, n - 1)`.

    Along a great circle from x in the direction v the second derivative of E is v'H v - x'g.

    Args:
        x: of length 1, `(..., n)`.
        gradient, hessian: of E at x in space, `(..., n)` and `(..., n, n)`.

    >>> x, g = np.array([1.0, 0.0]), np.array([1.0, 0.0])  # E = x_1 falls from (1, 0) as the cosine
    >>> tangent_hessian(x, g, np.zeros((2, 2)))
    array([[-1.]])
    """
    check.same_shape(x, gradient, "x", "gradient")
    along = np.linalg.qr(x[..., None], mode="complete")[0][..., 1:]
    across = (x * gradient).sum(axis=-1)[..., None, None]
    curvature: Array = np.swapaxes(along, -1, -2) @ hessian @ along - across * np.eye(along.shape[-1])
    return curvature


def spin_couplings(n: int, rng: np.random.Generator) -> Array:
    """Return Gaussian couplings of three spins each, `(n, n, n)`, the same under every exchange of indices.

    >>> couplings = spin_couplings(3, np.random.default_rng(0))
    >>> bool((couplings == couplings.transpose(2, 0, 1)).all())
    True
    """
    check.at_least(n, 2, "n")
    gaussian = rng.standard_normal((n, n, n))
    mean = np.mean([gaussian.transpose(order) for order in itertools.permutations(range(3))], axis=0)
    # Rounding depends on the order of the terms: every exchange takes the entry of the sorted indices.
    couplings: Array = mean[tuple(np.sort(np.indices(mean.shape), axis=0))]
    return couplings


def spin_energy(couplings: Array, x: Array) -> tuple[Array, Array, Array]:
    """Return E = sum_ijk J_ijk x_i x_j x_k / 3 with its gradient and Hessian, `(...)`, `(..., n)` and `(..., n, n)`.

    Args:
        couplings: J, `(n, n, n)`, the same under every exchange of indices.
        x: `(..., n)`.

    Raises:
        ValueError: couplings of another size.

    Source: the spherical 3-spin glass, the model of a loss surface of Choromanska et al. 2015. E has degree 3, so
    that x'g = 3 E and H x = 2 g.

    >>> value, gradient, hessian = spin_energy(np.ones((1, 1, 1)), np.array([3.0]))  # x^3 / 3
    >>> float(value), gradient.tolist(), hessian.tolist()
    (9.0, [9.0], [[6.0]])
    """
    if couplings.shape != 3 * x.shape[-1:]:
        raise ValueError(f"couplings must have shape {3 * x.shape[-1:]}, got couplings.shape={couplings.shape}")
    hessian = 2 * np.tensordot(x, couplings, axes=1)
    gradient = (hessian @ x[..., None])[..., 0] / 2
    value: Array = (gradient * x).sum(axis=-1) / 3
    return value, gradient, hessian
