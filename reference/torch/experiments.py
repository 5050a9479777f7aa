"""Networks compared on equal seeds: with dropout and without, and shallow against deep at equal size.

What comes out depends on the task; what holds is how it is measured: on one seed all networks see the same examples,
their masks and first parameters come from that seed alone, and no unit is dropped when they are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network, perceptron, perceptron_of_size
from ..data import Split
from ..numpy.experiments import speed_ups
from .backprop import forward
from .initialization import initial_parameters
from .losses import softmax_cross_entropy
from .training import train

__all__ = ["Comparison", "compare", "depths_at_equal_size", "mean_loss", "speed_ups", "with_and_without_dropout"]

Task = Callable[[np.random.Generator], Split]


@dataclass(frozen=True)
class Comparison:
    """The networks, what each was trained to on each seed, and its mean loss on both sets, `(networks, seeds)`."""

    networks: tuple[Network, ...]
    theta: tuple[tuple[Tensor, ...], ...]
    train_losses: Tensor
    test_losses: Tensor


def compare(
    networks: Sequence[Network], task: Task, *, seeds: Sequence[int], epochs: int, batch_size: int, **training: Any
) -> Comparison:
    """Return what training makes of each network on each seed.

    Args:
        networks: ending in one logit a class.
        task: draws the examples of a seed, `data.noisy_halfspace` for example; the same for all networks.
        seeds: one a repetition. A difference between networks is one of pairs, seed by seed.
        epochs, batch_size, training: as in `training.train`, whose loss is the softmax cross-entropy.

    Raises:
        ValueError: no seed, and what `train` raises.

    >>> from backproof.reference.architecture import perceptron
    >>> from backproof.reference.data import noisy_halfspace
    >>> untrained = compare([perceptron((8, 2))] * 2, noisy_halfspace, seeds=[1, 2, 3], epochs=0, batch_size=10)
    >>> tuple(untrained.test_losses.shape), bool((untrained.test_losses[0] == untrained.test_losses[1]).all())
    ((2, 3), True)
    """
    check.not_empty(seeds, "seeds")
    theta: list[tuple[Tensor, ...]] = []
    train_losses, test_losses = torch.zeros((2, len(networks), len(seeds)), dtype=torch.float64)
    for i, network in enumerate(networks):
        trained = []
        for j, seed in enumerate(seeds):
            # A stream of its own for each: how much one network draws changes nothing that another one is given.
            examples, start, order = np.random.default_rng(seed).spawn(3)
            split = task(examples)
            train_inputs, train_labels, test_inputs, test_labels = (
                torch.from_numpy(getattr(split, field.name)) for field in fields(split)
            )
            run = train(
                network,
                initial_parameters(network, start),
                train_inputs,
                train_labels,
                epochs=epochs,
                batch_size=batch_size,
                rng=order,
                **training,
            )
            trained.append(run.theta)
            train_losses[i, j] = mean_loss(network, run.theta, train_inputs, train_labels)
            test_losses[i, j] = mean_loss(network, run.theta, test_inputs, test_labels)
        theta.append(tuple(trained))
    return Comparison(tuple(networks), tuple(theta), train_losses, test_losses)


@torch.no_grad()
def mean_loss(network: Network, theta: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of the whole network, as at test: nothing is dropped.

    >>> from backproof.reference.architecture import perceptron
    >>> loss = mean_loss(perceptron((1, 2)), torch.zeros(4), torch.ones(3, 1), torch.tensor([0, 1, 1]))
    >>> round(float(loss), 6)  # log 2
    0.693147
    """
    return softmax_cross_entropy(forward(network, theta, inputs), labels)


def depths_at_equal_size(
    task: Task, *, parameters: int, depths: Sequence[int], inputs: int, outputs: int, **comparison: Any
) -> Comparison:
    """Return the comparison of perceptrons of these depths whose parameter counts are all within 1 % of `parameters`.

    Args:
        task: as in `compare`.
        parameters, depths, inputs, outputs: of the networks, as in `architecture.perceptron_of_size`.
        comparison: `compare`'s other arguments.

    Raises:
        ValueError: a depth at which no network is of that size, and what `compare` raises.

    Source: the decks' claim that large, shallow networks overfit more. It is of either sign, for some task.

    >>> from backproof.reference.data import noisy_halfspace
    >>> sizes = {"parameters": 1000, "depths": (1, 3), "inputs": 8, "outputs": 2}
    >>> found = depths_at_equal_size(noisy_halfspace, **sizes, seeds=[0], epochs=1, batch_size=20)
    >>> [network.parameter_count for network in found.networks]
    [1003, 999]
    """
    networks = [perceptron_of_size(parameters, depth, inputs, outputs) for depth in depths]
    return compare(networks, task, **comparison)


def with_and_without_dropout(
    task: Task, sizes: tuple[int, ...], *, p: float = 0.5, activation: str = "relu", **comparison: Any
) -> Comparison:
    """Return the comparison of a perceptron whose hidden units are dropped in training, and of the same without.

    Args:
        task: as in `compare`.
        sizes, activation: of both, as in `architecture.perceptron`.
        p: the probability of dropping, in (0, 1).
        comparison: `compare`'s other arguments.

    Raises:
        ValueError: p out of its range, and what `compare` raises.

    Source: the decks' figure of test errors, after Srivastava et al. 2014.

    >>> from backproof.reference.data import noisy_halfspace
    >>> found = with_and_without_dropout(noisy_halfspace, (8, 4, 2), seeds=[0], epochs=0, batch_size=20)
    >>> bool(found.test_losses[0, 0] == found.test_losses[1, 0])  # before training they are one network
    True
    """
    check.positive(p, "p")
    networks = [perceptron(sizes, activation, dropout=p), perceptron(sizes, activation)]
    return compare(networks, task, **comparison)
