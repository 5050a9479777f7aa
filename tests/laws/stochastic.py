"""Wrong batches, wrong means and wrong steps, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import backprop, stochastic, training

from .catching import Mutant

# The originals, bound before any is replaced.
gradient_of, epoch, plain_train = backprop.loss_and_gradient, stochastic.minibatches, training.train


def scaled_by(factor: Callable[[int], float]) -> Mutant:
    """The loss and the gradient times factor(batch size)."""

    def wrong(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
        loss, gradient = gradient_of(network, theta, inputs, targets, **keywords)
        return loss * factor(inputs.shape[-2]), gradient * factor(inputs.shape[-2])

    return Mutant("backprop", "loss_and_gradient", wrong)


def on_part(part: Any) -> Mutant:
    """The gradient of a part of the batch."""

    def wrong(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
        return gradient_of(network, theta, inputs[..., part, :], targets[..., part, :], **keywords)

    return Mutant("backprop", "loss_and_gradient", wrong)


def at_zero_bias(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
    forgotten = theta.copy()
    forgotten[..., -1] = 0
    return gradient_of(network, forgotten, inputs, targets, **keywords)


summed = scaled_by(lambda m: m)
one_less = scaled_by(lambda m: m / max(m - 1, 1))
doubled = scaled_by(lambda m: 2.0)
slightly_more = scaled_by(lambda m: 1 + 1e-9)
first_only = on_part(slice(0, 1))
every_other_example = on_part(slice(None, None, 2))
bias_forgotten = Mutant("backprop", "loss_and_gradient", at_zero_bias)


def epochs(order: Callable[[int, Any], Any], drop_tail: bool = False) -> Mutant:
    """Batches of an order of one's own."""

    def wrong(n: int, batch_size: int, rng: Any) -> Any:
        indices = order(n, rng)
        end = n - n % batch_size if drop_tail else n
        return (indices[at : at + batch_size] for at in range(0, end, batch_size))

    return Mutant("stochastic", "minibatches", wrong)


unshuffled = epochs(lambda n, rng: np.arange(n))
reversed_always = epochs(lambda n, rng: np.arange(n)[::-1])
same_every_epoch = epochs(lambda n, rng: np.random.default_rng(0).permutation(n))
with_replacement = epochs(lambda n, rng: rng.integers(0, n, n))
last_index_out_of_reach = epochs(lambda n, rng: np.append(rng.permutation(n - 1), [n - 1])[:n])
tail_dropped = epochs(lambda n, rng: rng.permutation(n), drop_tail=True)


def steps(rule: Callable[..., Any]) -> Mutant:
    """A step to rule(theta, g, lr)."""
    return Mutant("stochastic", "sgd_step", lambda theta, g, state=None, *, lr: (rule(theta, g, lr), None))


ascent = steps(lambda theta, g, lr: theta + lr * g)
rate_forgotten = steps(lambda theta, g, lr: theta - g)
rate_squared = steps(lambda theta, g, lr: theta - lr**2 * g)
root_of_the_rate = steps(lambda theta, g, lr: theta - np.sqrt(lr) * g)
a_little_more = steps(lambda theta, g, lr: theta - lr * (1 + 1e-9) * g)
sign_only = steps(lambda theta, g, lr: theta - lr * np.sign(g))
decaying = steps(lambda theta, g, lr: (1 - lr / 100) * theta - lr * g)
standing = steps(lambda theta, g, lr: theta)
overshooting = steps(lambda theta, g, lr: theta - 3 * lr * g)


def trained(change: Callable[[dict[str, Any], int], Any]) -> Mutant:
    """Training with changed keywords, given the number of examples."""

    def wrong(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
        return plain_train(network, theta, inputs, targets, **keywords | change(keywords, len(inputs)))

    return Mutant("training", "train", wrong)


penalty_summed = trained(lambda k, n: {"l2": k["l2"] * k["batch_size"]})
penalty_averaged = trained(lambda k, n: {"l2": k["l2"] / k["batch_size"]})
penalty_forgotten = trained(lambda k, n: {"l2": 0.0})
gradient_summed = trained(lambda k, n: {"lr": k["lr"] * k["batch_size"]})
next_rate = trained(lambda k, n: {"lr": lambda step: k["lr"](step + 1)})
first_rate = trained(lambda k, n: {"lr": k["lr"](0)})
batches_of_one = trained(lambda k, n: {"batch_size": 1})
momentum_on = trained(lambda k, n: {"optimizer": "heavy_ball", "momentum": 0.5})

CAUGHT = {
    "test_over_all_draws_with_replacement_a_batch_has_the_mean_and_a_bth_of_the_variance": [
        summed,
        one_less,
        first_only,
    ],
    "test_over_all_subsets_a_batch_has_the_mean_and_the_corrected_variance": [summed, first_only, slightly_more],
    "test_an_example_is_in_the_first_batch_with_probability_m_over_n": [
        unshuffled,
        with_replacement,
        last_index_out_of_reach,
        same_every_epoch,
    ],
    "test_one_examples_gradient_is_unbiased_with_the_proved_second_moment": [summed, one_less, bias_forgotten],
    "test_copies_of_the_data_leave_the_gradient_as_it_is": [summed, one_less, first_only],
    "test_a_control_variate_leaves_the_mean_and_the_variance_of_the_differences": [summed, first_only, doubled],
    "test_the_gradient_of_data_with_repetitions_is_that_of_the_risk": [summed, every_other_example, bias_forgotten],
    "test_the_gradient_on_an_example_seen_before_is_biased": [ascent, rate_squared, root_of_the_rate],
    "test_weights_undo_what_sampling_hard_examples_more_often_changes": [summed, first_only, slightly_more],
    "test_a_training_step_averages_the_examples_and_counts_the_penalty_once": [
        penalty_summed,
        penalty_averaged,
        penalty_forgotten,
        gradient_summed,
    ],
    "test_each_step_of_training_uses_its_own_batch_and_its_own_rate": [
        next_rate,
        first_rate,
        batches_of_one,
        momentum_on,
    ],
    "test_an_epoch_visits_every_example_once_in_the_least_number_of_batches": [with_replacement, tail_dropped],
    "test_the_next_epoch_is_in_another_order": [same_every_epoch, unshuffled, with_replacement],
    "test_iterating_on_one_batch_ends_at_its_own_minimum": [ascent, a_little_more, decaying],
    "test_a_biased_gradient_ends_at_a_shifted_point": [ascent, a_little_more, decaying],
    "test_the_shift_is_at_most_the_bias_over_the_curvature": [ascent, decaying, sign_only],
    "test_over_all_signs_of_the_noise_the_iterates_have_the_proved_covariance": [rate_squared, a_little_more, decaying],
    "test_one_noisy_step_has_the_proved_mean_and_second_moment": [root_of_the_rate, rate_squared, a_little_more],
    "test_the_iterates_add_up_to_the_sum_of_the_noise": [ascent, a_little_more, decaying],
    "test_without_noise_a_constant_rate_makes_the_gradient_vanish": [sign_only, a_little_more, overshooting],
    "test_averaged_over_all_draws_the_mean_gap_stays_below_its_bound": [ascent, standing, rate_forgotten],
    "test_the_bound_is_attained_by_a_maximum_of_coordinates": [ascent, a_little_more, rate_squared],
    "test_one_weight_has_the_gradients_and_the_loss_of_a_parabola": [doubled, slightly_more, every_other_example],
    "test_the_interval_of_the_slopes_is_absorbing_for_small_steps": [ascent, overshooting, a_little_more],
    "test_an_epoch_in_a_given_order_is_its_expansion_in_the_rate": [rate_squared, a_little_more, standing],
    "test_averaged_over_shuffled_epochs_the_second_order_is_that_of_the_penalty": [
        unshuffled,
        reversed_always,
        same_every_epoch,
    ],
}
