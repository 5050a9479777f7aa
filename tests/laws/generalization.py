"""Wrong means, wrong fits and wrong counts, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.reference.architecture import perceptron, perceptron_of_size
from backproof.reference.numpy import experiments, generalization, losses

from .catching import Mutant, instead_of
from .saddle_points import biases_raised, output_halved, outputs_by_position
from .stochastic import a_little_more, ascent, rate_squared

# The originals, bound before any is replaced.
cross_entropy, squared, binary = losses.softmax_cross_entropy, losses.squared_error, losses.binary_cross_entropy
errors, fit, predict, rate = (
    generalization.polynomial_errors,
    generalization.polynomial_fit,
    generalization.polynomial_predict,
    generalization.accuracy,
)

compare = experiments.compare

cross_entropy_summed = Mutant("losses", "softmax_cross_entropy", lambda s, y: cross_entropy(s, y) * len(y))
squared_summed = Mutant("losses", "squared_error", lambda s, y: squared(s, y) * len(y))
binary_over_fixed_batch = Mutant("losses", "binary_cross_entropy", lambda s, y: binary(s, y) * len(y) / 4)
last_forgotten = Mutant(
    "losses", "squared_error", lambda s, y: squared(s[:-1], y[:-1]) if len(y) > 1 else squared(s, y)
)
smallest_wins = Mutant("generalization", "accuracy", lambda logits, y: rate(-logits, y) / 2)
right_counted = Mutant("losses", "zero_one_loss", lambda logits, y: rate(logits, y) + 1e-9)


def measured(change: Callable[..., Any]) -> Mutant:
    """The errors of change(train, test, degrees)."""
    return Mutant("generalization", "polynomial_errors", change)


tested_on_training = measured(lambda train, test, degrees: errors(train, train, degrees))
trained_on_test = measured(lambda train, test, degrees: errors(test, test, degrees))
errors_summed = measured(lambda train, test, degrees: tuple(len(train[0]) * e for e in errors(train, test, degrees)))
errors_less_parameters = measured(
    lambda train, test, degrees: tuple(e * len(train[0]) / (len(train[0]) - 0.5) for e in errors(train, test, degrees))
)
degrees_reversed = measured(lambda train, test, degrees: errors(train, test, list(degrees)[::-1]))


def fitted(rule: Callable[..., Any]) -> Mutant:
    """The coefficients rule(x, y, degree)."""
    return Mutant("generalization", "polynomial_fit", rule)


constant_only = fitted(lambda x, y, degree: np.append(y.mean(), np.zeros(degree)))
degree_short = fitted(lambda x, y, degree: np.append(fit(x, y, max(degree - 1, 0)), [0.0] * (degree > 0)))
shrunk = fitted(lambda x, y, degree: fit(x, y, degree) * (1 - 1e-6))
first_point_twice = fitted(lambda x, y, degree: np.polynomial.polynomial.polyfit(x, y, degree, w=1.0 + (x == x[0])))
predicted_backwards = Mutant("generalization", "polynomial_predict", lambda c, x: predict(c[::-1], x))


def sized(rule: Callable[..., Any]) -> Mutant:
    """Networks of rule(parameters, depth, inputs, outputs)."""
    return Mutant("experiments", "perceptron_of_size", rule)


at_equal_width = sized(lambda parameters, depth, d, c: perceptron((d, *[parameters // 500] * depth, c)))
larger_when_deeper = sized(
    lambda parameters, depth, d, c: perceptron_of_size(int(parameters * 1.03**depth), depth, d, c)
)
one_depth_for_all = sized(lambda parameters, depth, d, c: perceptron_of_size(parameters, 2, d, c))


def compared(change: Callable[[Any], Any], task_of: Callable[[Any], Any] = lambda task: task) -> Mutant:
    """change(comparison) on a changed task."""
    return Mutant(
        "experiments",
        "compare",
        lambda networks, task, **keywords: change(compare(networks, task_of(task), **keywords)),
    )


tested_on_the_training_split = compared(lambda found: replace(found, test_losses=found.train_losses))
one_split_for_all_seeds = compared(lambda found: found, lambda task: lambda rng: task(np.random.default_rng(0)))


@instead_of("experiments", "compare")
def a_split_for_each_network(networks: Any, task: Any, **keywords: Any) -> Any:
    def spawned(i: int) -> Callable[[Any], Any]:
        return lambda rng: task(rng.spawn(i + 1)[i])

    rows = [compare([network], spawned(i), **keywords) for i, network in enumerate(networks)]
    return experiments.Comparison(
        tuple(networks),
        tuple(row.theta[0] for row in rows),
        np.concatenate([row.train_losses for row in rows]),
        np.concatenate([row.test_losses for row in rows]),
    )


CAUGHT = {
    "test_the_loss_of_a_set_is_the_mean_of_its_examples_losses": [
        cross_entropy_summed,
        squared_summed,
        binary_over_fixed_batch,
        last_forgotten,
    ],
    "test_over_all_signs_of_the_noise_training_and_test_error_are_as_proved": [
        tested_on_training,
        trained_on_test,
        errors_summed,
        first_point_twice,
    ],
    "test_over_all_samples_a_mean_fits_its_sample_better_than_the_law_it_came_from": [
        tested_on_training,
        trained_on_test,
        errors_less_parameters,
    ],
    "test_fewer_examples_are_fitted_better_on_average": [errors_summed, first_point_twice],
    "test_the_training_error_falls_with_the_degree_and_no_line_beats_the_fitted_one": [
        degrees_reversed,
        predicted_backwards,
        constant_only,
    ],
    "test_a_further_unit_without_an_outgoing_weight_changes_nothing": [
        output_halved,
        biases_raised,
        outputs_by_position,
    ],
    "test_a_polynomial_of_one_degree_less_than_points_meets_them_all": [degree_short, shrunk, predicted_backwards],
    "test_off_the_training_set_every_learner_is_right_as_often_as_a_guess": [smallest_wins, right_counted],
    "test_a_larger_batch_at_a_larger_rate_drifts_and_scatters_like_several_small_ones": [
        ascent,
        a_little_more,
        rate_squared,
    ],
    "test_depths_are_compared_at_an_equal_number_of_parameters": [
        at_equal_width,
        larger_when_deeper,
        one_depth_for_all,
    ],
    "test_on_one_seed_every_depth_sees_the_same_examples": [
        a_split_for_each_network,
        one_split_for_all_seeds,
        tested_on_the_training_split,
    ],
}
