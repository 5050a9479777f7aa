"""Wrong backward passes, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.architecture import Activation, Dense
from backproof.reference.numpy import activations, backprop, layers, losses

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
loss_and_gradient, PASSES, ACTIVATIONS, LOSSES = (
    backprop.loss_and_gradient,
    layers.PASSES,
    activations.ACTIVATIONS,
    losses.LOSSES,
)
softmax_jacobian, softmax = activations.softmax_jacobian, activations.softmax
softmax_gradient = losses.softmax_cross_entropy_gradient
DensePass, ActivationPass = layers.DensePass, layers.ActivationPass


def with_pass(layer: type, wrong: type) -> Mutant:
    return Mutant("backprop", "PASSES", {**PASSES, layer: wrong})


class BiasAveraged(DensePass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        dx = DensePass.backward(layer, parameters, dy, cache, gradients, wanted)
        gradients[1][...] = dy.mean(axis=0)
        return dx


class NotTransposed(DensePass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        dx = DensePass.backward(layer, parameters, dy, cache, gradients, wanted)
        weights = parameters[0]
        return dy @ weights if wanted and weights.shape[0] == weights.shape[1] else dx


class WeightsDoubled(DensePass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        dx = DensePass.backward(layer, parameters, dy, cache, gradients, wanted)
        gradients[0][...] *= 2
        return dx


class OneReaderOnly(DensePass):
    """What is sent back overwrites instead of adding up: the last unit that reads an input decides."""

    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        DensePass.backward(layer, parameters, dy, cache, gradients, wanted)
        return dy[:, -1:] * parameters[0][:, -1]


class AfterTheStep(DensePass):
    """The weights are updated before they send the gradient back."""

    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        DensePass.backward(layer, parameters, dy, cache, gradients, wanted)
        return dy @ (parameters[0] - 0.1 * gradients[0]).T


class BiasForgotten(DensePass):
    @staticmethod
    def forward(layer: Any, parameters: Any, inputs: Any, cache: Any, extra: Any) -> Any:
        return DensePass.forward(layer, (parameters[0], 0 * parameters[1]), inputs, cache, extra)


class ForwardTwice(DensePass):
    """Recomputes the layer's outputs on the way back."""

    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        DensePass.forward(layer, parameters, cache["inputs"], cache, None)
        return DensePass.backward(layer, parameters, dy, cache, gradients, wanted)


class InputGradientAlways(DensePass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return DensePass.backward(layer, parameters, dy, cache, gradients, True)


class SlopeOfTheOutput(ActivationPass):
    """phi' at phi(a) instead of a."""

    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        value, slope = ACTIVATIONS[layer.name]
        return dy * slope(value(cache["inputs"]))


class SlopeIsValue(ActivationPass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return dy * ACTIVATIONS[layer.name][0](cache["inputs"])


class SlopeForgotten(ActivationPass):
    @staticmethod
    def backward(layer: Any, parameters: Any, dy: Any, cache: Any, gradients: Any, wanted: bool) -> Any:
        return dy


bias_averaged, not_transposed = with_pass(Dense, BiasAveraged), with_pass(Dense, NotTransposed)
weights_doubled, one_reader_only = with_pass(Dense, WeightsDoubled), with_pass(Dense, OneReaderOnly)
after_the_step, bias_forgotten = with_pass(Dense, AfterTheStep), with_pass(Dense, BiasForgotten)
forward_twice, input_gradient_always = with_pass(Dense, ForwardTwice), with_pass(Dense, InputGradientAlways)
slope_of_the_output, slope_is_value = with_pass(Activation, SlopeOfTheOutput), with_pass(Activation, SlopeIsValue)
slope_forgotten = with_pass(Activation, SlopeForgotten)


@instead_of("backprop", "loss_and_gradient")
def last_step_only(network: Any, theta: Any, *arguments: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *arguments, **options)
    for arrays in network.views(gradient)[:-2]:
        for array in arrays:
            array[...] = 0
    return value, gradient


def with_start(change: Any) -> Mutant:
    """The loss's gradient in the outputs changed before it is sent back."""

    def wrong(outputs: Any, targets: Any, fleet: bool) -> Any:
        value, gradient = LOSSES["squared_error"](outputs, targets, fleet)
        return value, change(gradient)

    return Mutant("backprop", "LOSSES", {**LOSSES, "squared_error": wrong})


factor_two_missing, sign_reversed = with_start(lambda g: g / 2), with_start(lambda g: -g)
not_averaged = with_start(lambda g: g * g.shape[-1] * (1 if g.shape[-1] > 1 else 2))

jacobian_without_the_product = Mutant(
    "activations", "softmax_jacobian", lambda a: softmax(a)[:, None] * np.eye(a.shape[-1])
)
jacobian_of_one_indicator = Mutant(
    "activations", "softmax_jacobian", lambda a: softmax_jacobian(a) * (1 - np.eye(a.shape[-1]))
)
gradient_of_the_likelihood = Mutant("losses", "softmax_cross_entropy_gradient", lambda a, y: -softmax_gradient(a, y))
gradient_summed = Mutant("losses", "softmax_cross_entropy_gradient", lambda a, y: softmax_gradient(a, y) * len(a))
gradient_of_zero_one = Mutant("losses", "softmax_cross_entropy_gradient", lambda a, y: 0 * a)
gradient_without_one_hot = Mutant("losses", "softmax_cross_entropy_gradient", lambda a, y: softmax(a) / len(a))

CAUGHT = {
    "test_dense_layers_have_outer_products_sums_and_transposes_as_gradients": [
        bias_averaged,
        not_transposed,
        weights_doubled,
        bias_forgotten,
    ],
    "test_the_backward_pass_is_the_adjoint_of_the_forward_pass": [not_transposed, one_reader_only, after_the_step],
    "test_one_hidden_layer_has_the_gradient_of_the_four_equations": [
        slope_of_the_output,
        slope_is_value,
        not_transposed,
        weights_doubled,
        after_the_step,
    ],
    "test_three_layers_multiply_their_jacobians_from_the_left": [not_transposed, after_the_step, slope_forgotten],
    "test_at_every_depth_the_gradient_is_the_product_of_the_jacobians_above": [
        not_transposed,
        slope_of_the_output,
        after_the_step,
    ],
    "test_the_gradient_predicts_the_change_of_the_loss_at_any_depth": [
        bias_averaged,
        slope_of_the_output,
        after_the_step,
        factor_two_missing,
    ],
    "test_a_unit_that_many_read_gathers_what_all_send_back": [one_reader_only, slope_forgotten],
    "test_tied_weights_gather_the_gradients_of_all_time_steps": [last_step_only, slope_of_the_output],
    "test_over_two_steps_the_earlier_one_keeps_its_share": [last_step_only, slope_of_the_output],
    "test_through_the_softmax_jacobian_the_gradient_in_the_probabilities_becomes_f_minus_e": [
        jacobian_without_the_product,
        jacobian_of_one_indicator,
        gradient_of_the_likelihood,
    ],
    "test_a_gradient_takes_exactly_its_multiplications_and_less_than_three_forward_passes": [
        forward_twice,
        input_gradient_always,
    ],
    "test_the_gradient_of_a_batch_is_the_mean_of_its_examples_and_minus_the_score": [
        gradient_summed,
        gradient_of_the_likelihood,
    ],
    "test_under_the_model_the_mean_score_is_0_and_a_step_against_the_gradient_descends": [
        gradient_of_the_likelihood,
        gradient_without_one_hot,
        gradient_of_zero_one,
    ],
    "test_regression_starts_from_twice_the_error": [factor_two_missing, sign_reversed, not_averaged],
    "test_an_activation_on_the_output_multiplies_by_its_slope": [slope_forgotten, slope_of_the_output],
}
