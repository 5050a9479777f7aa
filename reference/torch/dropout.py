"""Dropout: masks and the layer on plain tensors. Masks are NumPy's draws, so both trainers drop the same units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from ..numpy import dropout as drawn
from .activations import softmax
from .backprop import forward


def mask(shape: tuple[int, ...], p: float, rng: np.random.Generator, *, device: str = "cpu") -> Tensor:
    """Return independent entries that are 0 with probability p (the probability of dropping) and 1 otherwise, bytes.

    Raises:
        ValueError: p is not in [0, 1).

    >>> mask((4,), 0.0, np.random.default_rng(0)).tolist()
    [1, 1, 1, 1]
    """
    return torch.from_numpy(drawn.mask(shape, p, rng)).to(device)


def masks(
    network: Network, batch: int, rng: np.random.Generator | Sequence[np.random.Generator], *, device: str = "cpu"
) -> list[Tensor]:
    """Return one mask, `(batch, *units)`, for each dropout layer in order; `(fleet, batch, *units)` from a sequence
    of rngs.

    >>> from backproof.reference.architecture import perceptron
    >>> [tuple(m.shape) for m in masks(perceptron((4, 3, 2), dropout=0.5), 5, np.random.default_rng(0))]
    [(5, 3)]
    """
    return [torch.from_numpy(array).to(device) for array in drawn.masks(network, batch, rng)]


def dropout(activations: Tensor, mask: Tensor | None, p: float, *, inverted: bool = True) -> Tensor:
    """Return the activations after dropout, same shape.

    Training (a mask): mask a / (1 - p), or mask a where not `inverted`; test (mask None): a, or (1 - p) a where not
    `inverted`. Either way the expectation over masks at training equals the value at test. p is the probability of
    dropping.

    >>> dropout(torch.tensor([1.0, 1.0]), torch.tensor([1, 0]), 0.5)
    tensor([2., 0.])
    """
    check.fraction(p, "p")
    if mask is None:
        return activations if inverted else activations * (1.0 - p)
    check.same_shape(activations, mask, "activations", "mask")
    kept = activations * mask
    return kept / (1.0 - p) if inverted else kept


def dropout_gradient(output_gradient: Tensor, mask: Tensor, p: float, *, inverted: bool = True) -> Tensor:
    """Return the gradient with respect to the activations: the same mask and scale as forward.

    >>> dropout_gradient(torch.tensor([1.0, 1.0]), torch.tensor([1, 0]), 0.5)
    tensor([2., 0.])
    """
    return dropout(output_gradient, mask, p, inverted=inverted)


@torch.no_grad()
def monte_carlo_probabilities(
    network: Network, theta: Tensor, inputs: Tensor, *, samples: int, rng: np.random.Generator
) -> Tensor:
    """Return the softmax probabilities under so many independent masks, `(samples, batch, classes)`.

    Their mean is the Monte Carlo prediction, their spread the model's uncertainty.

    Source: Gal and Ghahramani 2016.

    >>> from backproof.reference.architecture import perceptron
    >>> network = perceptron((1, 2, 2), dropout=0.5)
    >>> rng = np.random.default_rng(0)
    >>> monte_carlo_probabilities(network, torch.zeros(10), torch.ones(3, 1), samples=4, rng=rng).shape
    torch.Size([4, 3, 2])
    """
    check.at_least(samples, 1, "samples")
    device = str(inputs.device)
    drawn_masks = [masks(network, len(inputs), rng, device=device) for _ in range(samples)]
    return torch.stack([softmax(forward(network, theta, inputs, masks=each)) for each in drawn_masks])


@torch.no_grad()
def exact_average_probabilities(network: Network, theta: Tensor, inputs: Tensor) -> Tensor:
    """Return the softmax probabilities averaged over all 2^n masks by their probabilities, `(batch, classes)`.

    Args:
        network: with n <= 16 units under dropout in all.

    Raises:
        ValueError: more than 16 units under dropout.

    >>> from backproof.reference.architecture import perceptron
    >>> exact_average_probabilities(perceptron((1, 2, 2), dropout=0.5), torch.zeros(10), torch.ones(1, 1))
    tensor([[0.5000, 0.5000]])
    """
    total = torch.zeros((), dtype=theta.dtype, device=theta.device)
    for arrays, probability in drawn._all_masks(network, len(inputs)):
        each = [torch.from_numpy(array.copy()).to(theta.device) for array in arrays]
        total = total + probability * softmax(forward(network, theta, inputs, masks=each))
    return total
