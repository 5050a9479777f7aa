"""Networks compared on equal seeds: with dropout and without, and shallow against deep at equal size.

What comes out depends on the task; what holds is how it is measured: on one seed all networks see the same examples,
their masks and first parameters come from that seed alone, and no unit is dropped when they are measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network, perceptron, perceptron_of_size
from ..data import Reported, Split
from .backprop import forward
from .initialization import initial_parameters
from .losses import softmax_cross_entropy
from .training import train

Array = np.ndarray[Any, Any]
Task = Callable[[np.random.Generator], Split]


@dataclass(frozen=True)
class Comparison:
    """The networks, what each was trained to on each seed, and its mean loss on both sets, `(networks, seeds)`."""

    networks: tuple[Network, ...]
    theta: tuple[tuple[Array, ...], ...]
    train_losses: Array
    test_losses: Array


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
    >>> untrained.test_losses.shape, bool((untrained.test_losses[0] == untrained.test_losses[1]).all())
    ((2, 3), True)
    """
    check.not_empty(seeds, "seeds")
    theta: list[tuple[Array, ...]] = []
    train_losses, test_losses = np.zeros((2, len(networks), len(seeds)))
    for i, network in enumerate(networks):
        trained = []
        for j, seed in enumerate(seeds):
            # A stream of its own for each: how much one network draws changes nothing that another one is given.
            examples, start, order = np.random.default_rng(seed).spawn(3)
            split = task(examples)
            run = train(
                network,
                initial_parameters(network, start),
                split.train_inputs,
                split.train_labels,
                epochs=epochs,
                batch_size=batch_size,
                rng=order,
                **training,
            )
            trained.append(run.theta)
            train_losses[i, j] = mean_loss(network, run.theta, split.train_inputs, split.train_labels)
            test_losses[i, j] = mean_loss(network, run.theta, split.test_inputs, split.test_labels)
        theta.append(tuple(trained))
    return Comparison(tuple(networks), tuple(theta), train_losses, test_losses)


def mean_loss(network: Network, theta: Array, inputs: Array, labels: Array) -> Array:
    """Return the mean cross-entropy of the whole network, as at test: nothing is dropped.

    >>> from backproof.reference.architecture import perceptron
    >>> loss = mean_loss(perceptron((1, 2)), np.zeros(4), np.ones((3, 1)), np.array([0, 1, 1]))
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


def speed_ups(table: Sequence[Reported], *, target: float) -> dict[str, float]:
    """Return how many times fewer steps than the first network each needed to the target, without those that failed.

    Args:
        table: a row a network; the first one reached the target.
        target: the accuracy that the steps were counted to, in the unit of the rows' accuracies.

    Raises:
        ValueError: a row with steps whose best accuracy is below the target, one without whose best is not, or a first
            row without.

    >>> from backproof.reference.data import BATCH_NORM_ON_IMAGENET
    >>> {name: round(ratio, 2) for name, ratio in speed_ups(BATCH_NORM_ON_IMAGENET, target=72.2).items()}
    {'Inception': 1.0, 'BN-Baseline': 2.33, 'BN-x5': 14.76, 'BN-x30': 11.48}
    """
    check.not_empty(table, "table")
    for row in table:
        if (row.steps is not None) != (row.accuracy >= target):
            raise ValueError(
                f"steps must be given where the accuracy reached target={target} and only there, got {row}"
            )
    first = table[0].steps
    if first is None:
        raise ValueError(f"table must begin with a network that reached target={target}, got {table[0]}")
    return {row.network: first / row.steps for row in table if row.steps is not None}
