"""Wrong batch normalization, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import backprop, batch_norm, experiments

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
spread, axes, batch_statistics = batch_norm._spread, batch_norm._axes, batch_norm.batch_statistics
true_gradient, true_inference, forward = batch_norm._gradient, batch_norm.batch_norm_inference, backprop.forward
Statistics = Callable[[Any, Any, float], Any]


def normalizing(inverse: Statistics) -> Callable[..., Any]:
    """Normalization by `inverse(mean, variance, eps)`."""

    def normalized(inputs: Any, eps: float, images: bool) -> Any:
        mean, variance = batch_statistics(inputs, images=images)
        factor = spread(inverse(mean, variance, eps), images)
        return (inputs - spread(mean, images)) * factor, factor

    return normalized


eps_outside_the_root = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: 1 / (np.sqrt(v) + eps)))
eps_forgotten = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: 1 / np.sqrt(v + 1e-300)))
root_forgotten = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: 1 / (v + eps)))
eps_fixed = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: 1 / np.sqrt(v + 1e-5)))
second_moment = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: 1 / np.sqrt(v + mean**2 + eps)))
not_normalized = Mutant("batch_norm", "_normalized", normalizing(lambda mean, v, eps: np.ones_like(v)))


@instead_of("batch_norm", "_normalized")
def variance_unbiased(inputs: Any, eps: float, images: bool) -> Any:
    mean, variance = batch_statistics(inputs, images=images)
    m = np.prod([inputs.shape[axis] for axis in axes(images)])
    factor = spread(1 / np.sqrt(variance * m / max(m - 1, 1) + eps), images)
    return (inputs - spread(mean, images)) * factor, factor


@instead_of("batch_norm", "_normalized")
def wrong_axis(inputs: Any, eps: float, images: bool) -> Any:
    factor = 1 / np.sqrt(inputs.var(axis=-1, keepdims=True) + eps)
    return (inputs - inputs.mean(axis=-1, keepdims=True)) * factor, factor


@instead_of("batch_norm", "_normalized")
def ranks(inputs: Any, eps: float, images: bool) -> Any:
    order = inputs.argsort(axis=-2).argsort(axis=-2) - (inputs.shape[-2] - 1) / 2
    return order / np.sqrt(max(order.var(), 1e-300)), np.ones_like(order[..., :1, :])


@instead_of("batch_norm", "_normalized")
def images_by_example(inputs: Any, eps: float, images: bool) -> Any:
    over = (-2, -1) if images else (-2,)
    factor = 1 / np.sqrt(inputs.var(axis=over, keepdims=True) + eps)
    return (inputs - inputs.mean(axis=over, keepdims=True)) * factor, factor


@instead_of("batch_norm", "_gradient")
def statistics_detached(dy: Any, x_hat: Any, inverse: Any, gamma: Any, images: bool) -> Any:
    _, dgamma, dbeta = true_gradient(dy, x_hat, inverse, gamma, images)
    return spread(gamma, images) * inverse * dy, dgamma, dbeta


@instead_of("batch_norm", "_gradient")
def variance_detached(dy: Any, x_hat: Any, inverse: Any, gamma: Any, images: bool) -> Any:
    _, dgamma, dbeta = true_gradient(dy, x_hat, inverse, gamma, images)
    return spread(gamma, images) * inverse * (dy - dy.mean(axis=axes(images), keepdims=True)), dgamma, dbeta


@instead_of("batch_norm", "_gradient")
def gamma_forgotten(dy: Any, x_hat: Any, inverse: Any, gamma: Any, images: bool) -> Any:
    return true_gradient(dy, x_hat, inverse, np.ones_like(gamma), images)


@instead_of("batch_norm", "_gradient")
def parameters_averaged(dy: Any, x_hat: Any, inverse: Any, gamma: Any, images: bool) -> Any:
    dx, dgamma, dbeta = true_gradient(dy, x_hat, inverse, gamma, images)
    return dx, dgamma / dy.shape[-2], dbeta / dy.shape[-2]


@instead_of("batch_norm", "_gradient")
def inverse_twice(dy: Any, x_hat: Any, inverse: Any, gamma: Any, images: bool) -> Any:
    dx, dgamma, dbeta = true_gradient(dy, x_hat, inverse, gamma, images)
    return dx * inverse, dgamma, dbeta


@instead_of("batch_norm", "batch_norm_inference")
def statistics_of_the_batch(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **options: Any) -> Any:
    return true_inference(x, gamma, beta, *batch_statistics(x), **options)


@instead_of("batch_norm", "batch_norm_inference")
def mean_not_scaled(
    x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *, eps: float, images: bool = False
) -> Any:
    return gamma / np.sqrt(variance + eps) * x + (beta - gamma * mean)


@instead_of("batch_norm", "batch_norm_inference")
def mean_added(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **options: Any) -> Any:
    return true_inference(x, gamma, beta, -mean, variance, **options)


@instead_of("backprop", "forward")
def statistics_ignored(network: Any, theta: Any, inputs: Any, *, statistics: Any = None) -> Any:
    return forward(network, theta, inputs)


variance_left_biased = Mutant(
    "batch_norm",
    "population_statistics",
    lambda means, variances, m: (np.mean(means, axis=0), np.mean(variances, axis=0)),
)
variance_corrected_by_m_plus_1 = Mutant(
    "batch_norm",
    "population_statistics",
    lambda means, variances, m: (np.mean(means, axis=0), np.mean(variances, axis=0) * (m + 1) / m),
)
mean_of_the_last_batch = Mutant(
    "batch_norm",
    "population_statistics",
    lambda means, variances, m: (means[-1], np.mean(variances, axis=0) * m / (m - 1)),
)

speed_ups = experiments.speed_ups


def reading(rule: Callable[[Any, float], Any]) -> Mutant:
    """Speed-ups by rule(table, target)."""
    return Mutant("experiments", "speed_ups", lambda table, *, target: rule(table, target))


columns_swapped = reading(lambda table, target: {row.network: row.accuracy / table[0].accuracy for row in table})
ratios_upside_down = reading(lambda table, target: {n: 1 / r for n, r in speed_ups(table, target=target).items()})
without_the_last_that_reached = reading(lambda table, target: dict(list(speed_ups(table, target=target).items())[:-1]))
contradictions_kept = reading(
    lambda table, target: {row.network: table[0].steps / row.steps for row in table if row.steps and table[0].steps}
)

CAUGHT = {
    "test_the_output_has_mean_beta_and_the_variance_that_eps_leaves": [
        eps_outside_the_root,
        variance_unbiased,
        wrong_axis,
        eps_fixed,
    ],
    "test_with_its_own_scale_and_mean_the_layer_is_the_identity": [variance_unbiased, root_forgotten, second_moment],
    "test_normalizing_keeps_the_shape_and_no_entry_passes_the_root_of_m_minus_1": [ranks, root_forgotten],
    "test_images_are_normalized_over_batch_height_and_width": [images_by_example, eps_outside_the_root],
    "test_the_gradients_are_those_through_mean_and_variance": [
        statistics_detached,
        variance_detached,
        gamma_forgotten,
        parameters_averaged,
    ],
    "test_a_common_shift_of_the_batch_has_no_gradient_and_a_common_factor_only_what_eps_leaves": [
        statistics_detached,
        variance_detached,
        inverse_twice,
    ],
    "test_without_eps_shift_and_scale_of_the_inputs_are_not_seen": [second_moment, not_normalized, eps_fixed],
    "test_without_eps_a_power_of_two_changes_no_bit": [eps_fixed, variance_unbiased],
    "test_the_gradient_is_orthogonal_to_the_weights_but_for_eps_and_a_step_lengthens_them": [
        statistics_detached,
        variance_detached,
        eps_forgotten,
    ],
    "test_weights_a_times_as_long_have_a_gradient_a_times_as_short": [eps_fixed, inverse_twice, root_forgotten],
    "test_through_relu_and_normalization_the_gradient_grows_by_its_factor": [
        not_normalized,
        root_forgotten,
        inverse_twice,
    ],
    "test_at_inference_each_example_passes_one_fixed_affine_map": [
        statistics_of_the_batch,
        mean_not_scaled,
        mean_added,
    ],
    "test_at_inference_the_layer_folds_into_the_dense_layer_before": [
        statistics_ignored,
        mean_not_scaled,
        mean_added,
    ],
    "test_over_all_batches_without_replacement_the_corrected_variance_is_the_populations": [
        variance_left_biased,
        variance_corrected_by_m_plus_1,
        mean_of_the_last_batch,
    ],
    "test_the_published_table_agrees_with_itself_and_with_its_papers_words": [
        columns_swapped,
        ratios_upside_down,
        without_the_last_that_reached,
    ],
    "test_a_speed_up_is_a_ratio_of_steps_and_a_table_at_odds_with_itself_is_refused": [
        ratios_upside_down,
        without_the_last_that_reached,
        contradictions_kept,
    ],
}
