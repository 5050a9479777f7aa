"""Critical points: their kind by the Hessian, random symmetric matrices, and slices through a loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from ..numpy import saddle_points as drawn
from .backprop import loss_and_gradient
from .quadratics import _check_hessian


def classify_critical_point(gradient: Tensor, hessian: Tensor, *, tolerance: float = 1e-9) -> str:
    """Return "minimum", "maximum", "saddle", or "degenerate" where the second order does not decide.

    Args:
        gradient: `(dimension,)`, 0 within the tolerance.
        hessian: symmetric, `(dimension, dimension)`.
        tolerance: relative to the largest eigenvalue for the eigenvalues, absolute for the gradient.

    Raises:
        ValueError: the gradient is not 0: the point is not critical.

    >>> classify_critical_point(torch.zeros(2), torch.diag(torch.tensor([1.0, -1.0])))
    'saddle'
    """
    return drawn.classify_critical_point(
        gradient.detach().cpu().numpy(), hessian.detach().cpu().numpy(), tolerance=tolerance
    )


def index_fraction(hessian: Tensor) -> Tensor:
    """Return the fraction of negative eigenvalues, shape of the leading axes: 0 at a minimum, 1 at a maximum.

    >>> float(index_fraction(torch.diag(torch.tensor([1.0, -1.0, -2.0, 3.0]))))
    0.5
    """
    _check_hessian(hessian)
    negative: Tensor = torch.linalg.eigvalsh(hessian) < 0
    return negative.to(hessian.dtype).mean(dim=-1)


def goe(n: int, rng: np.random.Generator, *, count: int | None = None) -> Tensor:
    """Return a matrix of the Gaussian orthogonal ensemble, `(n, n)`, or `(count, n, n)`: diagonal variance 1, others
    1/2.

    >>> goe(3, np.random.default_rng(0)).shape
    torch.Size([3, 3])
    """
    return torch.from_numpy(drawn.goe(n, rng, count=count))


def loss_slice(
    network: Network,
    theta: Tensor,
    first: Tensor,
    second: Tensor,
    inputs: Tensor,
    targets: Tensor,
    *,
    steps: Tensor,
    loss: str = "softmax_cross_entropy",
) -> Tensor:
    """Return the loss at theta + s first + t second for all s and t in `steps`, `(steps, steps)`, one fleet for each s.

    >>> from backproof.reference.architecture import perceptron
    >>> one = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    >>> loss_slice(perceptron((1, 1)), torch.zeros(2), *one, torch.ones(1, 1), torch.ones(1, 1),
    ...            steps=torch.tensor([0.0, 1.0]), loss="squared_error").tolist()  # (s + t - 1)^2
    [[1.0, 0.0], [0.0, 1.0]]
    """
    check.same_shape(theta, first, "theta", "first")
    check.same_shape(theta, second, "theta", "second")
    rows = [theta + s * first + steps[:, None] * second for s in steps]
    return torch.stack([loss_and_gradient(network, row, inputs, targets, loss=loss)[0] for row in rows])
