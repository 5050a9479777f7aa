"""Splits, metrics, polynomial regression, and the learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from ..numpy import generalization as drawn
from ..numpy.generalization import RangeTest, _settings
from .training import Trainer

__all__ = [
    "RangeTest",
    "accuracy",
    "kfold_indices",
    "learning_rate_range_test",
    "polynomial_errors",
    "polynomial_fit",
    "polynomial_predict",
    "split_indices",
    "update_ratio",
]


def split_indices(n: int, fractions: Sequence[float], rng: np.random.Generator) -> list[Tensor]:
    """Return disjoint index tensors in random order, one for each fraction: train, validation and test from (0.6,
    0.2, 0.2).

    Args:
        n: examples, at least one for each part.
        fractions: above 0, summing to 1; sizes are rounded down, what is left goes to the first part.

    Raises:
        ValueError: fractions that do not sum to 1, a part without examples.

    >>> [len(part) for part in split_indices(10, (0.6, 0.2, 0.2), np.random.default_rng(0))]
    [6, 2, 2]
    """
    return [torch.from_numpy(part) for part in drawn.split_indices(n, fractions, rng)]


def kfold_indices(n: int, folds: int, rng: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Return (training, validation) index tensors for each fold; the validation parts are a partition.

    >>> [len(held) for _, held in kfold_indices(7, 3, np.random.default_rng(0))]
    [3, 2, 2]
    """
    folded = drawn.kfold_indices(n, folds, rng)
    return [(torch.from_numpy(kept), torch.from_numpy(held)) for kept, held in folded]


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the fraction of examples whose largest logit (the first, on ties) is the label's, a scalar or `(fleet,)`.

    >>> float(accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0])))
    0.5
    """
    check.not_empty(logits, "logits")
    check.labels(labels, logits.shape[-1])
    return (logits.argmax(dim=-1) == labels).to(logits.dtype).mean(dim=-1)


def update_ratio(before: Tensor, after: Tensor) -> Tensor:
    """Return |after - before| / |before| over the last axis: about 1e-3 a step is a healthy rate.

    >>> round(float(update_ratio(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.5]))), 6)
    0.1
    """
    check.same_shape(before, after, "before", "after")
    norms = torch.linalg.vector_norm(before, dim=-1)
    if not (norms > 0).all():
        raise ValueError("before must have a norm above 0, got norm=0.0")
    ratio: Tensor = torch.linalg.vector_norm(after - before, dim=-1) / norms
    return ratio


def learning_rate_range_test(
    network: Network,
    theta: Tensor,
    inputs: Tensor,
    targets: Tensor,
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
        training: `train`'s other arguments (optimizer, loss, device, ...).

    Raises:
        ValueError: rates out of order, and what `train` raises.

    Source: Smith 2017. It stops where the run diverges.

    >>> from backproof.reference.architecture import perceptron
    >>> test = learning_rate_range_test(perceptron((1, 1)), torch.zeros(2), torch.ones(4, 1), torch.ones(4, 1),
    ...     lowest=1e-3, highest=1.0, steps=10, batch_size=2, rng=np.random.default_rng(0), optimizer="sgd",
    ...     loss="squared_error")
    >>> len(test.losses), round(float(test.rates[-1]), 12)
    (10, 1.0)
    """
    rate = drawn._growing_rate(lowest, highest, steps)
    trainer = Trainer(network, theta, inputs, targets, batch_size, rng, lr=rate, **_settings(Trainer, training))
    return drawn._range_test(trainer, rate, steps)


def polynomial_fit(x: Tensor, y: Tensor, degree: int) -> Tensor:
    """Return the least-squares coefficients c_0..c_degree of sum_k c_k x^k, `(degree + 1,)`, by a QR factor.

    Args:
        x, y: `(points,)`; at least degree + 1 different x.
        degree: at least 0.

    Raises:
        ValueError: too few points, values that are not finite.

    >>> polynomial_fit(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0, 5.0]), 1).round(decimals=5)
    tensor([1., 2.])
    """
    check.at_least(degree, 0, "degree")
    check.same_shape(x, y, "x", "y")
    check.finite(x, "x")
    check.finite(y, "y")
    different = len(torch.unique(x))
    if different <= degree:
        raise ValueError(f"x must have at least {degree + 1} different points for degree={degree}, got {different}")
    q, r = torch.linalg.qr(torch.vander(x, degree + 1, increasing=True))
    solution: Tensor = torch.linalg.solve_triangular(r, (q.T @ y)[:, None], upper=True)
    return solution[:, 0]


def polynomial_predict(coefficients: Tensor, x: Tensor) -> Tensor:
    """Return sum_k c_k x^k by Horner's scheme, shape of x.

    >>> polynomial_predict(torch.tensor([1.0, 0.0, 2.0]), torch.tensor([3.0]))
    tensor([19.])
    """
    value = torch.zeros_like(x)
    for coefficient in coefficients.flip(0):
        value = value * x + coefficient
    return value


def polynomial_errors(
    train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor], degrees: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the mean squared errors on both sets for each degree, `(degrees,)` each: the first falls, the second
    turns.

    >>> points = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([0.0, 1.0, 4.0])
    >>> errors, _ = polynomial_errors(points, points, [0])
    >>> errors  # the variance of 0, 1, 4 is 26/9
    tensor([2.8889])
    """
    fits = [polynomial_fit(*train, degree) for degree in degrees]
    on_train, on_test = (
        torch.stack([(polynomial_predict(fit, x) - y).square().mean() for fit in fits]) for x, y in (train, test)
    )
    return on_train, on_test
