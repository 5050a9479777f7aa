"""Wrong losses, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.numpy import activations, losses

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
softmax_gradient = losses.softmax_cross_entropy_gradient
log_softmax = losses.log_softmax
cross_entropy, squared_error, zero_one_loss = losses.softmax_cross_entropy, losses.squared_error, losses.zero_one_loss
binary, binary_gradient = losses.binary_cross_entropy, losses.binary_cross_entropy_gradient
squared_gradient, true_softmax = losses.squared_error_gradient, activations.softmax
softmax_jacobian, sigmoid = activations.softmax_jacobian, activations.sigmoid


def softmax(a: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(a))


def one_hot(a: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.eye(a.shape[-1])[labels]


@instead_of("losses", "softmax_cross_entropy_gradient")
def one_hot_forgotten(a: Any, y: Any) -> Any:
    return softmax(a) / len(a)


def labels_as_numbers(outputs: Any, labels: Any, fleet: bool) -> tuple[Any, Any]:
    """What broadcasting makes of classes where one-hot rows are wanted."""
    return cross_entropy(outputs, labels), (softmax(outputs) - labels[:, None]) / len(labels)


classes_as_numbers = Mutant("backprop", "LOSSES", {**losses.LOSSES, "softmax_cross_entropy": labels_as_numbers})


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


@instead_of("activations", "softmax")
def over_the_batch(a: Any) -> Any:
    return true_softmax(a.T).T


@instead_of("activations", "softmax")
def divided_by_the_largest(a: Any) -> Any:
    p = true_softmax(a)
    return p / p.max(axis=-1, keepdims=True)


@instead_of("activations", "softmax")
def not_shifted(a: Any) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True)


@instead_of("activations", "softmax")
def shifted_by_the_batchs_largest(a: Any) -> Any:
    e = np.exp(a - a.max())
    return e / e.sum(axis=-1, keepdims=True)


@instead_of("activations", "softmax")
def logits_bounded(a: Any) -> Any:
    return true_softmax(np.clip(a, -50, 50))


@instead_of("activations", "softmax")
def without_its_index(a: Any) -> Any:
    return np.full_like(a, 1 / a.shape[-1])


hot, cold = (Mutant("activations", "softmax", lambda a, t=t: true_softmax(t * a)) for t in (0.5, 2.0))
first_of_ties = Mutant("activations", "softmax", lambda a: np.eye(a.shape[-1])[a.argmax(axis=-1)])
sigmoid_of_half = Mutant("activations", "sigmoid", lambda z: sigmoid(z / 2))
jacobian_doubled = Mutant("activations", "softmax_jacobian", lambda a: 2 * softmax_jacobian(a))
jacobian_of_the_first = Mutant("activations", "softmax_jacobian", lambda a: np.outer(true_softmax(a), [1, 0]))
jacobian_diagonal = Mutant("activations", "softmax_jacobian", lambda a: true_softmax(a)[:, None] * np.eye(len(a)))

log_of_the_mean = Mutant(
    "losses", "softmax_cross_entropy", lambda a, y: -np.log(softmax(a)[np.arange(len(a)), y].mean())
)
first_example_only = Mutant("losses", "softmax_cross_entropy", lambda a, y: cross_entropy(a[:1], y[:1]))
weighted_by_position = Mutant(
    "losses",
    "softmax_cross_entropy",
    lambda a, y: np.average(-log_softmax(a)[np.arange(len(a)), y], weights=1 + np.arange(len(a))),
)
next_class = Mutant("losses", "softmax_cross_entropy", lambda a, y: cross_entropy(a, (y - 1) % a.shape[1]))
mean_over_classes = Mutant("losses", "softmax_cross_entropy", lambda a, y: cross_entropy(a, y) / a.shape[1])
kl_swapped = Mutant(
    "losses",
    "softmax_cross_entropy",
    lambda a, y: -(softmax(a[:1]) * np.log(np.bincount(y, minlength=a.shape[1]) / len(y))).sum(),
)
brier = Mutant("losses", "softmax_cross_entropy", lambda a, y: np.square(softmax(a) - one_hot(a, y)).sum(axis=1).mean())
hinge = Mutant(
    "losses",
    "softmax_cross_entropy",
    lambda a, y: np.maximum(0, a.max(axis=1) - a[np.arange(len(a)), y]).mean(),
)
loss_halved = Mutant("losses", "softmax_cross_entropy", lambda a, y: cross_entropy(a, y) / 2)
off_by_a_constant = Mutant("losses", "softmax_cross_entropy", lambda a, y: cross_entropy(a, y) + 1e-9)
error_only = Mutant("losses", "softmax_cross_entropy", lambda a, y: zero_one_loss(a, y).astype(float))

error_halved = Mutant("losses", "squared_error", lambda s, t: squared_error(s, t) / 2)
error_summed = Mutant("losses", "squared_error", lambda s, t: squared_error(s, t) * (s.size + 1))
error_absolute = Mutant("losses", "squared_error", lambda s, t: np.abs(s - t).mean())
error_gradient_halved = Mutant("losses", "squared_error_gradient", lambda s, t: squared_gradient(s, t) / 2)
error_gradient_reversed = Mutant("losses", "squared_error_gradient", lambda s, t: -squared_gradient(s, t))

binary_overflowing = Mutant("losses", "binary_cross_entropy", lambda a, t: (np.log(1 + np.exp(a)) - t * a).mean())
binary_clipped = Mutant(
    "losses",
    "binary_cross_entropy",
    lambda a, t: -(t * np.log(sigmoid(a) + 1e-7) + (1 - t) * np.log(1 - sigmoid(a) + 1e-7)).mean(),
)
binary_cancelling = Mutant(
    "losses",
    "binary_cross_entropy",
    lambda a, t: ((1 - t) * a - (np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))))).mean(),
)
binary_swapped = Mutant("losses", "binary_cross_entropy", lambda a, t: binary(a, 1 - t))
binary_gradient_with_slope = Mutant(
    "losses",
    "binary_cross_entropy_gradient",
    lambda a, t: binary_gradient(a, t) * sigmoid(a) * (1 - sigmoid(a)),
)
binary_gradient_reversed = Mutant("losses", "binary_cross_entropy_gradient", lambda a, t: -binary_gradient(a, t))
binary_gradient_stopped = Mutant(
    "losses", "binary_cross_entropy_gradient", lambda a, t: binary_gradient(a, t) * ((a > 0) != (t > 0.5))
)
ties_are_right = Mutant("losses", "zero_one_loss", lambda a, y: (a.max(axis=1) > a[np.arange(len(a)), y]).mean())
small_margins_are_wrong = Mutant("losses", "zero_one_loss", lambda a, y: zero_one_loss(a - 1.5 * one_hot(a, y), y))
always_wrong = Mutant("losses", "zero_one_loss", lambda a, y: np.float64(1.0))
accuracy = Mutant("losses", "zero_one_loss", lambda a, y: 1 - zero_one_loss(a, y))


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
    "test_softmax_is_a_distribution_that_keeps_its_digits": [
        over_the_batch,
        divided_by_the_largest,
        not_shifted,
        shifted_by_the_batchs_largest,
        without_its_index,
    ],
    "test_for_two_classes_softmax_is_the_sigmoid_whatever_the_shift": [logits_bounded, not_shifted, sigmoid_of_half],
    "test_what_the_winner_lacks_to_1_vanishes_exponentially_in_the_gap": [hot, cold, loss_in_bits, not_shifted],
    "test_equal_logits_share_equally": [first_of_ties, not_shifted],
    "test_cross_entropy_is_entropy_plus_kl_and_kl_at_least_the_squared_hellinger_distance": [
        kl_swapped,
        log_of_the_mean,
        brier,
    ],
    "test_kl_is_at_least_half_the_squared_distance": [brier, loss_halved, kl_swapped],
    "test_log_sum_exp_exceeds_score_and_entropy_by_kl_whatever_the_shift": [loss_of_softmax, brier, kl_swapped],
    "test_the_loss_is_minus_the_mean_log_likelihood_and_ignores_order_and_repetition": [
        log_of_the_mean,
        loss_summed,
        weighted_by_position,
    ],
    "test_the_loss_of_two_data_sets_is_the_mean_weighted_by_their_sizes": [
        log_of_the_mean,
        first_example_only,
        weighted_by_position,
    ],
    "test_no_model_is_likelier_than_the_relative_frequencies": [brier, kl_swapped, hinge],
    "test_the_squared_error_is_the_gaussian_likelihood_up_to_its_scale_and_constant": [
        error_halved,
        error_summed,
        error_absolute,
        error_gradient_halved,
    ],
    "test_the_class_selects_its_own_log_probability": [next_class, mean_over_classes, probability_clipped],
    "test_training_on_separable_classes_only_lowers_the_loss_of_an_untrained_classifier": [classes_as_numbers],
    "test_equal_logits_cost_the_logarithm_of_the_number_of_classes": [mean_over_classes, hinge, loss_in_bits],
    "test_two_classes_are_binary_cross_entropy_of_the_difference": [next_class, binary_overflowing, binary_clipped],
    "test_soft_labels_cost_at_least_their_mixed_probability": [brier, hinge, error_only],
    "test_a_logits_loss_and_slope_are_those_of_bernoulli": [
        binary_overflowing,
        binary_clipped,
        binary_swapped,
        binary_gradient_with_slope,
    ],
    "test_a_right_answer_keeps_the_digits_of_its_tiny_loss_for_either_class": [binary_overflowing, binary_cancelling],
    "test_every_error_costs_at_least_log_2_ties_included": [
        brier,
        hinge,
        loss_halved,
        ties_are_right,
        small_margins_are_wrong,
    ],
    "test_an_error_costs_the_logarithm_of_its_odds_and_a_two_way_tie_log_2": [
        loss_in_bits,
        off_by_a_constant,
        ties_are_right,
    ],
    "test_enumerating_the_cuts_between_neighbours_finds_the_least_zero_one_loss": [accuracy, always_wrong],
    "test_on_separable_data_the_loss_falls_along_the_separator_and_is_never_0": [
        binary_gradient_reversed,
        binary_gradient_stopped,
        binary_swapped,
    ],
    "test_softmax_moves_at_most_half_as_far_as_its_logits": [cold, jacobian_doubled, jacobian_diagonal],
    "test_two_equal_logits_attain_the_constant": [jacobian_doubled, jacobian_of_the_first],
    "test_identity_and_sigmoid_outputs_start_from_prediction_minus_target": [
        error_gradient_halved,
        error_gradient_reversed,
        binary_gradient_with_slope,
        binary_gradient_stopped,
    ],
    "test_softmax_outputs_start_from_prediction_minus_the_share_of_each_class": [
        one_hot_forgotten,
        batch_not_averaged,
        softmax_of_softmax,
    ],
}
