"""Splits, metrics, polynomial regression, and the learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Network
from .schedules import Schedule, exponential
from .training import Trainer

Array = np.ndarray[Any, Any]


def split_indices(n: int, fractions: Sequence[float], rng: np.random.Generator) -> list[Array]:
    """Return disjoint index arrays in random order, one for each fraction: train, validation and test from (0.6, 0.2,
    0.2).

    Args:
        n: examples, at least one for each part.
        fractions: above 0, summing to 1; sizes are rounded down, what is left goes to the first part.

    Raises:
        ValueError: fractions that do not sum to 1, a part without examples.

    >>> [len(part) for part in split_indices(10, (0.6, 0.2, 0.2), np.random.default_rng(0))]
    [6, 2, 2]
    """
    check.at_least(n, 1, "n")
    check.positive(list(fractions), "fractions")
    if abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must sum to 1, got fractions={tuple(fractions)}")
    sizes = [int(n * fraction + 1e-9) for fraction in fractions[1:]]
    sizes = [n - sum(sizes), *sizes]
    if min(sizes) < 1:
        raise ValueError(f"n must leave an example for each of the parts, got n={n} for fractions={tuple(fractions)}")
    return np.split(rng.permutation(n), np.cumsum(sizes)[:-1])


def kfold_indices(n: int, folds: int, rng: np.random.Generator) -> list[tuple[Array, Array]]:
    """Return (training, validation) index arrays for each fold; the validation parts are a partition, sizes differ by
    1 at most.

    >>> [len(held) for _, held in kfold_indices(7, 3, np.random.default_rng(0))]
    [3, 2, 2]
    """
    check.at_least(folds, 2, "folds")
    check.at_least(n, folds, "n")
    parts = np.array_split(rng.permutation(n), folds)
    return [
        (np.concatenate([part for other, part in enumerate(parts) if other != index]), held)
        for index, held in enumerate(parts)
    ]


def accuracy(logits: Array, labels: Array) -> Array:
    """Return the fraction of examples whose largest logit (the first, on ties) is the label's, a scalar or `(fleet,)`.

    >>> float(accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0])))
    0.5
    """
    check.not_empty(logits, "logits")
    check.labels(labels, logits.shape[-1])
    right: Array = (logits.argmax(axis=-1) == labels).mean(axis=-1)
    return right


def update_ratio(before: Array, after: Array) -> Array:
    """Return |after - before| / |before| over the last axis: about 1e-3 a step is a healthy rate.

    >>> float(update_ratio(np.array([3.0, 4.0]), np.array([3.0, 4.5])))
    0.1
    """
    check.same_shape(before, after, "before", "after")
    norms = np.linalg.norm(before, axis=-1)
    if not (norms > 0).all():
        raise ValueError("before must have a norm above 0, got norm=0.0")
    ratio: Array = np.linalg.norm(after - before, axis=-1) / norms
    return ratio


@dataclass(frozen=True)
class RangeTest:
    """The rates tried, one a step, and the loss before each step; `diverged` where the losses left the finite
    numbers.
    """

    rates: Array
    losses: Array
    diverged: Any

    @property
    def steepest(self) -> float:
        """The rate at which the loss, averaged over 5 steps, fell fastest."""
        smooth = np.convolve(self.losses, np.full(5, 0.2), mode="valid")
        return float(self.rates[2 + int(np.argmin(np.diff(smooth)))])


def learning_rate_range_test(
    network: Network,
    theta: Array,
    inputs: Array,
    targets: Array,
    *,
    lowest: float,
    highest: float,
    steps: int,
    batch_size: int,
    rng: np.random.Generator,
    **training: Any,
) -> RangeTest:
    """Return the losses of one run whose rate grows geometrically from `lowest` to `highest` over so many steps.

    Args:
        network, theta, inputs, targets, batch_size, rng: as in `training.train`.
        lowest, highest: the rates, 0 < lowest < highest.
        steps: at least 10.
        training: `train`'s other arguments (optimizer, loss, ...).

    Raises:
        ValueError: rates out of order, and what `train` raises.

    Source: Smith 2017. It stops where the run diverges.

    >>> from backproof.reference.architecture import perceptron
    >>> test = learning_rate_range_test(perceptron((1, 1)), np.zeros(2), np.ones((4, 1)), np.ones((4, 1)), lowest=1e-3,
    ...     highest=1.0, steps=10, batch_size=2, rng=np.random.default_rng(0), optimizer="sgd", loss="squared_error")
    >>> len(test.losses), round(float(test.rates[-1]), 12)
    (10, 1.0)
    """
    rate = _growing_rate(lowest, highest, steps)
    trainer = Trainer(network, theta, inputs, targets, batch_size, rng, lr=rate, **_settings(Trainer, training))
    return _range_test(trainer, rate, steps)


def _growing_rate(lowest: float, highest: float, steps: int) -> Schedule:
    check.positive(lowest, "lowest")
    check.at_least(steps, 10, "steps")
    if not highest > lowest:
        raise ValueError(f"highest must be above lowest={lowest}, got highest={highest}")
    return exponential(lowest, gamma=(highest / lowest) ** (1 / (steps - 1)))


def _range_test(trainer: Any, rate: Schedule, steps: int) -> RangeTest:
    while trainer.step < steps and trainer.going.any():
        trainer.epoch()
    losses = np.asarray(trainer.history.losses[:steps])
    return RangeTest(np.array([rate(t) for t in range(len(losses))]), losses, trainer.result().diverged)


def _settings(trainer: type, training: dict[str, Any]) -> dict[str, Any]:
    """Return the trainer's own arguments, and what is left as the optimizer's."""
    own = {item.name: training[item.name] for item in fields(trainer) if item.name in training}
    return own | {"hyper": {name: training[name] for name in training if name not in own}}


def polynomial_fit(x: Array, y: Array, degree: int) -> Array:
    """Return the least-squares coefficients c_0..c_degree of sum_k c_k x^k, `(degree + 1,)`, by a QR factor, not
    normal equations.

    Args:
        x, y: `(points,)`; at least degree + 1 different x.
        degree: at least 0.

    Raises:
        ValueError: too few points, values that are not finite.

    >>> polynomial_fit(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), 1).round(12)
    array([1., 2.])
    """
    check.at_least(degree, 0, "degree")
    check.same_shape(x, y, "x", "y")
    check.finite(x, "x")
    check.finite(y, "y")
    different = len(np.unique(x))
    if different <= degree:
        raise ValueError(f"x must have at least {degree + 1} different points for degree={degree}, got {different}")
    q, r = np.linalg.qr(np.vander(x, degree + 1, increasing=True))
    coefficients: Array = np.linalg.solve(r, q.T @ y)
    return coefficients


def polynomial_predict(coefficients: Array, x: Array) -> Array:
    """Return sum_k c_k x^k by Horner's scheme, shape of x.

    >>> polynomial_predict(np.array([1.0, 0.0, 2.0]), np.array([3.0]))
    array([19.])
    """
    value = np.zeros_like(x)
    for coefficient in coefficients[::-1]:
        value = value * x + coefficient
    return value


def polynomial_errors(
    train: tuple[Array, Array], test: tuple[Array, Array], degrees: Sequence[int]
) -> tuple[Array, Array]:
    """Return the mean squared errors on both sets for each degree, `(degrees,)` each: the first falls, the second
    turns.

    >>> points = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
    >>> errors, _ = polynomial_errors(points, points, [0, 2])
    >>> errors.round(12)  # the variance of 0, 1, 4 is 26/9
    array([2.88888889, 0.        ])
    """
    fits = [polynomial_fit(*train, degree) for degree in degrees]
    on_train, on_test = (
        np.array([np.mean((polynomial_predict(fit, x) - y) ** 2) for fit in fits]) for x, y in (train, test)
    )
    return on_train, on_test
