"""Wrong initializers, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.architecture import Activation
from backproof.reference.numpy import activations, backprop, initialization, layers

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
true_normal, true_uniform = initialization.xavier_normal, initialization.xavier_uniform
he_normal, he_uniform = initialization.he_normal, initialization.he_uniform
initial_parameters, loss_and_gradient = initialization.initial_parameters, backprop.loss_and_gradient
ACTIVATIONS, PASSES, ActivationPass = activations.ACTIVATIONS, layers.PASSES, layers.ActivationPass


def rescaled(make: Callable[..., Any], factor: Callable[[int, int], float]) -> Callable[..., Any]:
    return lambda shape, rng: make(shape, rng) * factor(*shape)


def fan_in_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * a)))


def fan_out_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * b)))


normal_fan_in = Mutant("initialization", "xavier_normal", rescaled(true_normal, fan_in_only))
normal_two_percent = Mutant("initialization", "xavier_normal", rescaled(true_normal, lambda a, b: 1.02))
normal_variance_as_deviation = Mutant(
    "initialization",
    "xavier_normal",
    rescaled(true_normal, lambda a, b: np.sqrt(2 / (a + b))),
)
uniform_without_root_three = Mutant(
    "initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 1 / np.sqrt(3))
)
uniform_three_percent = Mutant("initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 0.97))
uniform_normal = Mutant("initialization", "xavier_uniform", true_normal)
uniform_fan_out = Mutant("initialization", "xavier_uniform", rescaled(true_uniform, fan_out_only))

he_without_gain = Mutant("initialization", "he_normal", rescaled(he_normal, lambda a, b: np.sqrt(0.5)))
he_fan_out = Mutant("initialization", "he_normal", rescaled(he_normal, lambda a, b: np.sqrt(a / b)))
he_three_percent = Mutant("initialization", "he_normal", rescaled(he_normal, lambda a, b: 1.03))
he_uniform_bound_as_deviation = Mutant("initialization", "he_uniform", rescaled(he_uniform, lambda a, b: 3**-0.5))
he_uniform_normal = Mutant("initialization", "he_uniform", he_normal)


@instead_of("initialization", "initial_parameters")
def biases_drawn_too(network: Any, rng: Any, **options: Any) -> Any:
    return initial_parameters(network, rng, **options) + 0.1 * rng.standard_normal(network.parameter_count)


@instead_of("initialization", "initial_parameters")
def weights_positive(network: Any, rng: Any, **options: Any) -> Any:
    return np.abs(initial_parameters(network, rng, **options))


@instead_of("initialization", "initial_parameters")
def one_seed_for_every_unit(network: Any, rng: Any, **options: Any) -> Any:
    theta = initial_parameters(network, rng, **options)
    weights = network.views(theta)[0][0]
    weights[:] = weights[:, :1]
    return theta


@instead_of("backprop", "loss_and_gradient")
def neighbors_mixed(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    """An index bug: something of elsewhere in the first unit's gradient."""
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    network.views(gradient)[0][0][:, 0] += 1e-3
    return value, gradient


@instead_of("backprop", "loss_and_gradient")
def outgoing_doubled(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    network.views(gradient)[-1][0][:] *= 2
    return value, gradient


@instead_of("backprop", "loss_and_gradient")
def bias_summed(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    network.views(gradient)[-1][1][:] *= 1 + len(data[0])
    return value, gradient


@instead_of("backprop", "loss_and_gradient")
def every_parameter_pushed(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    return value, gradient + 0.01


@instead_of("backprop", "loss_and_gradient")
def loss_in_bits(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    return value / np.log(2), gradient


@instead_of("backprop", "loss_and_gradient")
def gradient_without_the_factor_2(network: Any, theta: Any, *data: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *data, **options)
    return value, gradient / 2


class SlopeIsValue(ActivationPass):
    """Multiplies by phi(a) instead of phi'(a)."""

    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return dy * ACTIVATIONS[layer.name][0](cache["inputs"])


class SlopeForgotten(ActivationPass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return dy


class SlopeHalved(ActivationPass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return dy * ACTIVATIONS[layer.name][1](cache["inputs"]) / 2


slope_is_value, slope_forgotten, slope_halved = (
    Mutant("backprop", "PASSES", {**PASSES, Activation: wrong}) for wrong in (SlopeIsValue, SlopeForgotten, SlopeHalved)
)
normal_fan_in_and_more = Mutant(
    "initialization", "xavier_normal", rescaled(true_normal, lambda a, b: np.sqrt((a + b) / (2 * a) * 1.2))
)
constant_drawn = Mutant(
    "initialization", "constant", lambda shape, rng, value=0.1: value + 1e-6 * rng.standard_normal(shape)
)


CAUGHT = {
    "test_normal_weights_have_variance_two_over_the_sum_of_the_fans": [
        normal_fan_in,
        normal_two_percent,
        normal_variance_as_deviation,
    ],
    "test_uniform_weights_fill_their_interval_and_no_more": [
        uniform_without_root_three,
        uniform_three_percent,
        uniform_normal,
        uniform_fan_out,
    ],
    "test_each_pass_deviates_by_its_factor": [normal_fan_in, normal_variance_as_deviation, uniform_without_root_three],
    "test_he_weights_keep_the_variance_through_a_relu": [
        he_without_gain,
        he_fan_out,
        he_three_percent,
        he_uniform_bound_as_deviation,
        he_uniform_normal,
    ],
    "test_with_biases_at_0_half_of_the_units_are_active_and_an_input_of_0_reaches_nothing": [
        biases_drawn_too,
        weights_positive,
        one_seed_for_every_unit,
    ],
    "test_a_stack_gains_its_product_of_factors_and_never_more_than_its_end_widths_allow": [
        normal_fan_in,
        normal_fan_in_and_more,
    ],
    "test_hidden_units_that_start_alike_stay_alike_and_random_ones_do_not": [
        neighbors_mixed,
        constant_drawn,
        one_seed_for_every_unit,
    ],
    "test_a_units_gradient_reads_its_own_weights_and_the_common_error": [
        neighbors_mixed,
        outgoing_doubled,
        bias_summed,
    ],
    "test_units_with_zero_incoming_weights_train_the_output_bias_only": [neighbors_mixed, every_parameter_pushed],
    "test_through_sigmoid_layers_the_gradient_shrinks_by_the_norms_over_4": [slope_is_value, slope_forgotten],
    "test_around_0_the_slope_of_the_sigmoid_attains_a_quarter": [slope_is_value, slope_forgotten, slope_halved],
    "test_without_output_weights_a_classifier_costs_log_k": [loss_in_bits],
    "test_a_small_balanced_start_follows_the_logistic_plateau": [gradient_without_the_factor_2, outgoing_doubled],
}
