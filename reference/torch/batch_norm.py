"""Batch normalization: training by the batch's statistics, inference by the population's.

Features lie on the last axis, `(..., batch, features)`, or, with `images=True`, on the third from the end of
`(..., batch, features, height, width)`. The biased variance normalizes; eps is under the root.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .. import _checks as check


def _axes(images: bool) -> tuple[int, ...]:
    return (-4, -2, -1) if images else (-2,)


def _spread(features: Tensor, images: bool) -> Tensor:
    """Return `(..., features)` with the axes that were averaged over put back."""
    return features[..., None, :, None, None] if images else features[..., None, :]


def _check(inputs: Tensor, eps: float, images: bool) -> None:
    check.nonnegative(eps, "eps")
    if inputs.ndim < (4 if images else 2):
        wanted = "(batch, features, height, width)" if images else "(batch, features)"
        raise ValueError(f"inputs must have the axes {wanted}, got inputs.shape={tuple(inputs.shape)}")
    check.not_empty(inputs, "inputs")


def batch_statistics(inputs: Tensor, *, images: bool = False) -> tuple[Tensor, Tensor]:
    """Return the mean and the biased variance of each feature over the batch, `(features,)` each.

    >>> batch_statistics(torch.tensor([[1.0], [3.0]]))
    (tensor([2.]), tensor([1.]))
    """
    _check(inputs, 0.0, images)
    mean = inputs.mean(dim=_axes(images))
    return mean, (inputs - _spread(mean, images)).square().mean(dim=_axes(images))


def batch_norm(inputs: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-5, images: bool = False) -> Tensor:
    """Return gamma (x - mean) / sqrt(variance + eps) + beta by the batch's own statistics, shape of the inputs.

    Args:
        inputs: x; a batch of one gives beta.
        gamma, beta: `(features,)`.
        eps: at least 0; a constant feature gives beta, whatever eps.

    Raises:
        ValueError: eps negative, too few axes, no example.

    Source: Ioffe and Szegedy 2015.

    >>> batch_norm(torch.tensor([[1.0], [3.0]]), torch.tensor([2.0]), torch.tensor([5.0]), eps=0.0).ravel()
    tensor([3., 7.])
    """
    _check(inputs, eps, images)
    return _batch_norm(inputs, gamma, beta, eps, images)


def _batch_norm(inputs: Tensor, gamma: Tensor, beta: Tensor, eps: float, images: bool) -> Tensor:
    mean, variance = batch_statistics(inputs, images=images)
    # The inner `where` keeps autograd's 0 * inf away from a constant feature without eps.
    constant = variance + eps <= 0
    inverse = torch.where(constant, 0, torch.where(constant, 1, variance + eps).rsqrt())
    normalized = (inputs - _spread(mean, images)) * _spread(inverse, images)
    return normalized * _spread(gamma, images) + _spread(beta, images)


def batch_norm_gradient(
    output_gradient: Tensor, inputs: Tensor, gamma: Tensor, *, eps: float = 1e-5, images: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients with respect to inputs, gamma and beta, by autograd; the statistics depend on every input.

    >>> dy, x = torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [3.0]])
    >>> dx, dgamma, dbeta = batch_norm_gradient(dy, x, torch.tensor([2.0]), eps=0.0)
    >>> dx.ravel(), dgamma, dbeta  # two points are always normalized to -1 and 1: no gradient is left
    (tensor([0., 0.]), tensor([-1.]), tensor([1.]))
    """
    _check(inputs, eps, images)
    check.same_shape(inputs, output_gradient, "inputs", "output_gradient")
    with torch.enable_grad():
        leaves = [tensor.detach().requires_grad_() for tensor in (inputs, gamma, torch.zeros_like(gamma))]
        outputs = _batch_norm(leaves[0], leaves[1], leaves[2], eps, images)
        first, second, third = torch.autograd.grad(outputs, leaves, output_gradient)
    return first, second, third


def batch_norm_inference(
    inputs: Tensor,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    eps: float = 1e-5,
    images: bool = False,
) -> Tensor:
    """Return gamma (x - mean) / sqrt(variance + eps) + beta by given statistics: one affine map, whatever the batch.

    >>> one, two = torch.tensor([1.0]), torch.tensor([2.0])
    >>> batch_norm_inference(torch.tensor([[4.0]]), two, one, two, torch.tensor([4.0]), eps=0.0)  # 2 (4 - 2) / 2 + 1
    tensor([[3.]])
    """
    _check(inputs, eps, images)
    check.nonnegative(variance, "variance")
    scale = gamma / (variance + eps).sqrt()
    return inputs * _spread(scale, images) + _spread(beta - mean * scale, images)


def population_statistics(means: Sequence[Tensor], variances: Sequence[Tensor], examples: int) -> tuple[Tensor, Tensor]:
    """Return the mean of the batches' means, and m / (m - 1) times the mean of their biased variances.

    Args:
        means, variances: `batch_statistics` of batches of one size.
        examples: m, how many values each statistic was taken over (batch, or batch times area), at least 2.

    >>> one, three = torch.tensor([1.0]), torch.tensor([3.0])
    >>> population_statistics([one, three], [one, one], 2)
    (tensor([2.]), tensor([2.]))
    """
    check.at_least(examples, 2, "examples")
    if not len(means) or len(means) != len(variances):
        raise ValueError(f"means must hold one array for each of {len(variances)} variances, got means={len(means)}")
    mean, variance = torch.stack(list(means)).mean(dim=0), torch.stack(list(variances)).mean(dim=0)
    return mean, variance * (examples / (examples - 1))
