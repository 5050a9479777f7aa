"""Ensembles: bootstrap samples, bagged training, the members' mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from ..numpy import ensembles as drawn
from .activations import softmax
from .backprop import forward
from .initialization import initial_parameters
from .training import Run, train


def bootstrap_indices(n: int, members: int, rng: np.random.Generator) -> Tensor:
    """Return n indices with replacement for each member, `(members, n)`, NumPy's draws.

    >>> bootstrap_indices(5, 3, np.random.default_rng(0)).shape
    torch.Size([3, 5])
    """
    return torch.from_numpy(drawn.bootstrap_indices(n, members, rng))


def bagging(
    network: Network,
    inputs: Tensor,
    targets: Tensor,
    *,
    members: int,
    rng: np.random.Generator,
    device: str = "cpu",
    **training: Any,
) -> Run:
    """Return the run of `members` networks as a fleet, `run.theta` of shape `(members, parameters)`.

    Each member has a bootstrap sample, a start, a data order and dropout masks of its own. `training` are `train`'s
    arguments (epochs, batch_size, lr, ...) and `initializer`.

    Raises:
        ValueError: as `train` does.

    >>> from backproof.reference.architecture import perceptron
    >>> run = bagging(perceptron((2, 2)), torch.eye(2), torch.tensor([0, 1]), members=3, rng=np.random.default_rng(0),
    ...               epochs=1, batch_size=2)
    >>> run.theta.shape
    torch.Size([3, 6])
    """
    samples = bootstrap_indices(len(inputs), members, rng)
    rngs = rng.spawn(members)
    initializer = training.pop("initializer", "xavier_normal")
    theta = initial_parameters(network, rngs, initializer=initializer, dtype=inputs.dtype, device=device)
    return train(network, theta, inputs, targets, rng=rngs, samples=samples, device=device, **training)


def ensemble_mean(predictions: Tensor | Sequence[Tensor]) -> Tensor:
    """Return the arithmetic mean over the members, the first axis.

    >>> ensemble_mean(torch.tensor([[0.25, 0.75], [0.75, 0.25]]))
    tensor([0.5000, 0.5000])
    """
    if not isinstance(predictions, Tensor):
        predictions = torch.stack([torch.as_tensor(member) for member in predictions])
    check.not_empty(predictions, "predictions")
    return predictions.mean(dim=0)


def ensemble_probabilities(network: Network, theta: Tensor, inputs: Tensor) -> Tensor:
    """Return the mean of the members' softmax probabilities, `(batch, classes)`; theta is `(members, parameters)`.

    >>> from backproof.reference.architecture import perceptron
    >>> ensemble_probabilities(perceptron((1, 2)), torch.zeros(3, 4), torch.ones(1, 1))
    tensor([[0.5000, 0.5000]])
    """
    return ensemble_mean(softmax(forward(network, theta, inputs)))


def geometric_mean(probabilities: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return prod_m p_m^w_m, normalized, `(..., classes)` from `(members, ..., classes)`; weights sum to 1, equal
    when None.

    >>> geometric_mean(torch.tensor([[0.5, 0.5], [0.8, 0.2]]))  # sqrt(.5 .8) : sqrt(.5 .2) = 2 : 1
    tensor([0.6667, 0.3333])
    """
    logs = torch.log(probabilities)
    weighted = logs.mean(dim=0) if weights is None else torch.tensordot(weights, logs, dims=1)
    return softmax(weighted)


def weight_average(thetas: Tensor | Sequence[Tensor]) -> Tensor:
    """Return the arithmetic mean of the parameters, `(parameters,)`: one network for a whole ensemble of checkpoints.

    >>> weight_average([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 6.0])])
    tensor([2., 4.])
    """
    return ensemble_mean(thetas)
