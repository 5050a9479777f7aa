"""Wrong losses, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.numpy import losses

from .catching import instead_of

# The originals, bound before any is replaced.
softmax_gradient = losses.softmax_cross_entropy_gradient
log_softmax = losses.log_softmax


def softmax(a: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(a))


def one_hot(a: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.eye(a.shape[-1])[labels]


@instead_of("losses", "softmax_cross_entropy_gradient")
def one_hot_forgotten(a: Any, y: Any) -> Any:
    return softmax(a) / len(a)


@instead_of("losses", "softmax_cross_entropy_gradient")
def batch_not_averaged(a: Any, y: Any) -> Any:
    return softmax(a) - one_hot(a, y)


@instead_of("losses", "softmax_cross_entropy_gradient")
def divided_by_classes(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y) * len(a) / a.shape[1]


@instead_of("losses", "softmax_cross_entropy_gradient")
def gradient_negated(a: Any, y: Any) -> Any:
    return -softmax_gradient(a, y)


@instead_of("losses", "softmax_cross_entropy_gradient")
def softmax_of_softmax(a: Any, y: Any) -> Any:
    return softmax_gradient(softmax(a), y)


@instead_of("losses", "softmax_cross_entropy_gradient")
def single_precision(a: Any, y: Any) -> Any:
    return softmax_gradient(a.astype(np.float32), y).astype(np.float64)


@instead_of("losses", "softmax_cross_entropy_gradient")
def logits_clipped(a: Any, y: Any) -> Any:
    return softmax_gradient(np.clip(a, -50, 50), y)


@instead_of("losses", "softmax_cross_entropy_gradient")
def maximum_not_subtracted(a: Any, y: Any) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        return (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) - one_hot(a, y)) / len(a)


@instead_of("losses", "softmax_cross_entropy_gradient")
def one_hot_twice(a: Any, y: Any) -> Any:
    return (softmax(a) - 2 * one_hot(a, y)) / len(a)


@instead_of("losses", "softmax_cross_entropy_gradient")
def off_the_mean_logit(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y) * (1 + 1e-9 * a.mean(axis=1, keepdims=True))


@instead_of("losses", "softmax_cross_entropy_gradient")
def softmin(a: Any, y: Any) -> Any:
    return softmax_gradient(-a, y)


@instead_of("losses", "softmax_cross_entropy_gradient")
def classes_reversed(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y)[:, ::-1]


@instead_of("losses", "softmax_cross_entropy")
def loss_summed(a: Any, y: Any) -> Any:
    return -(log_softmax(a) * one_hot(a, y)).sum()


@instead_of("losses", "softmax_cross_entropy")
def probability_clipped(a: Any, y: Any) -> Any:
    return -np.log(np.clip(softmax(a), 1e-12, 1)[np.arange(len(a)), y]).mean()


@instead_of("losses", "softmax_cross_entropy")
def loss_of_softmax(a: Any, y: Any) -> Any:
    return -log_softmax(softmax(a))[np.arange(len(a)), y].mean()


@instead_of("losses", "softmax_cross_entropy")
def loss_in_bits(a: Any, y: Any) -> Any:
    return -log_softmax(a)[np.arange(len(a)), y].mean() / np.log(2)


CAUGHT = {
    "test_the_loss_is_log_sum_exp_minus_the_logit_of_the_class": [
        loss_summed,
        probability_clipped,
        loss_of_softmax,
        loss_in_bits,
    ],
    "test_the_gradient_is_softmax_minus_one_hot_over_the_batch": [
        one_hot_forgotten,
        batch_not_averaged,
        divided_by_classes,
        gradient_negated,
        softmax_of_softmax,
        single_precision,
        logits_clipped,
        maximum_not_subtracted,
    ],
    "test_each_row_of_the_gradient_sums_to_0": [
        one_hot_forgotten,
        one_hot_twice,
        single_precision,
        maximum_not_subtracted,
    ],
    "test_shifting_all_logits_changes_no_gradient": [logits_clipped, maximum_not_subtracted, off_the_mean_logit],
    "test_the_gradient_is_monotone_because_the_hessian_is_positive_semidefinite": [
        gradient_negated,
        softmin,
        classes_reversed,
    ],
}
