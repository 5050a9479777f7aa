"""Wrong activations, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.numpy import activations, backprop, maxout

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
sigmoid, leaky_relu, largest_piece = activations.sigmoid, activations.leaky_relu, maxout.maxout
loss_and_gradient = backprop.loss_and_gradient
ACTIVATIONS = activations.ACTIVATIONS

sigmoid_overflowing = Mutant("activations", "sigmoid", lambda z: 1 / (1 + np.exp(-z)))
sigmoid_nan_on_the_right = Mutant("activations", "sigmoid", lambda z: np.exp(z) / (1 + np.exp(z)))
sigmoid_by_tanh = Mutant("activations", "sigmoid", lambda z: (1 + np.tanh(z / 2)) / 2)
sigmoid_of_half = Mutant("activations", "sigmoid", lambda z: sigmoid(z / 2))
sigmoid_piecewise_linear = Mutant("activations", "sigmoid", lambda z: np.clip(0.2 * z + 0.5, 1e-300, 1))
slope_cancelling = Mutant("activations", "sigmoid_derivative", lambda z: sigmoid(z) * (1 - sigmoid(z)))
slope_of_the_output = Mutant("activations", "sigmoid_derivative", lambda z: z * (1 - z))
slope_without_square = Mutant(
    "activations", "sigmoid_derivative", lambda z: np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))
)
slope_halved = Mutant("activations", "sigmoid_derivative", lambda z: 0.2 * np.exp(-np.abs(z)))

tanh_of_half = Mutant("activations", "tanh", lambda z: np.tanh(z / 2))
tanh_rational = Mutant("activations", "tanh", lambda z: z / (1 + np.abs(z)))
tanh_single = Mutant("activations", "tanh", lambda z: np.tanh(z.astype(np.float32)).astype(float))
tanh_slope_cancelling = Mutant("activations", "tanh_derivative", lambda z: 1 - np.tanh(z) ** 2)
tanh_slope_of_the_output = Mutant("activations", "tanh_derivative", lambda z: 1 - z**2)

sigmoid_layer_halved = Mutant(
    "layers", "ACTIVATIONS", {**ACTIVATIONS, "sigmoid": (lambda z: sigmoid(z / 2), ACTIVATIONS["sigmoid"][1])}
)
tanh_layer_rational = Mutant(
    "layers", "ACTIVATIONS", {**ACTIVATIONS, "tanh": (lambda z: z / (1 + np.abs(z)), ACTIVATIONS["tanh"][1])}
)
weights_rectified = Mutant("backprop", "forward", lambda network, theta, x: (x @ np.abs(theta[:-1]))[:, None])
inputs_single = Mutant("backprop", "forward", lambda network, theta, x: (x.astype(np.float32) @ theta[:-1])[:, None])

relu_negated = Mutant("activations", "relu", lambda z: np.minimum(z, 0))
relu_absolute = Mutant("activations", "relu", np.abs)
relu_saturating = Mutant("activations", "relu", lambda z: np.clip(z, 0, 6))
relu_swallowing_nan = Mutant("activations", "relu", lambda z: np.fmax(z, 0))
relu_stretched = Mutant("activations", "relu", lambda z: 1.5 * np.maximum(z, 0))
relu_concave = Mutant("activations", "relu", lambda z: np.sqrt(np.maximum(z, 0)))
relu_slope_1_at_0 = Mutant("activations", "relu_derivative", lambda z: (z >= 0).astype(z.dtype))
relu_slope_of_sign = Mutant("activations", "relu_derivative", np.sign)

leaky_clipped = Mutant("activations", "leaky_relu", lambda z, a=0.01: np.maximum(z, 0))
leaky_as_maximum = Mutant("activations", "leaky_relu", lambda z, a=0.01: np.maximum(z, a * z))
leaky_both_sides = Mutant("activations", "leaky_relu", lambda z, a=0.01: a * z)
leaky_divided = Mutant("activations", "leaky_relu", lambda z, a=0.01: np.where(z > 0, z, z / (a or 1)))
absolute_identity = Mutant("activations", "absolute", lambda z: leaky_relu(z, 1.0))
leaky_slope_swapped = Mutant("activations", "leaky_relu_derivative", lambda z, a=0.01: np.where(z > 0, a, 1.0))
leaky_slope_absolute = Mutant("activations", "leaky_relu_derivative", lambda z, a=0.01: np.where(z > 0, 1.0, abs(a)))

threshold_included = Mutant("activations", "hard_threshold", lambda z, t=0.0: (z >= t).astype(float))
threshold_ignored = Mutant("activations", "hard_threshold", lambda z, t=0.0: (z > 0).astype(float))
threshold_signed = Mutant("activations", "hard_threshold", lambda z, t=0.0: np.sign(z - t))


@instead_of("maxout", "maxout")
def groups_interleaved(h: Any, w: Any, b: Any, pieces: int) -> Any:
    affine = h @ w + b
    return affine.reshape(*affine.shape[:-1], pieces, -1).max(axis=-2)


@instead_of("maxout", "maxout")
def bias_after_the_maximum(h: Any, w: Any, b: Any, pieces: int) -> Any:
    return largest_piece(h, w, np.zeros_like(b), pieces) + b.reshape(-1, pieces).mean(axis=-1)


@instead_of("maxout", "maxout")
def smallest_piece(h: Any, w: Any, b: Any, pieces: int) -> Any:
    return -largest_piece(h, -w, -b, pieces)


@instead_of("maxout", "_routed")
def gradient_to_all_pieces(g: Any, affine: Any) -> Any:
    return np.repeat(g[..., None], affine.shape[-1], axis=-1).reshape(*affine.shape[:-2], -1)


@instead_of("maxout", "_routed")
def gradient_to_the_first_piece(g: Any, affine: Any) -> Any:
    delta = np.zeros_like(affine)
    delta[..., 0] = g
    return delta.reshape(*affine.shape[:-2], -1)


@instead_of("backprop", "loss_and_gradient")
def slope_gradient_averaged(*arguments: Any, loss: str) -> Any:
    value, gradient = loss_and_gradient(*arguments, loss=loss)
    return value, gradient / arguments[2].size


@instead_of("backprop", "loss_and_gradient")
def slope_gradient_of_all_parts(network: Any, theta: Any, x: Any, y: Any, *, loss: str) -> Any:
    return 0.0, np.array([(2 * (leaky_relu(x, theta[0]) - y) * x).sum() / x.size])


CAUGHT = {
    "test_the_sigmoid_keeps_its_relative_accuracy_in_both_tails": [
        sigmoid_overflowing,
        sigmoid_nan_on_the_right,
        sigmoid_by_tanh,
    ],
    "test_the_sigmoid_is_symmetric_and_inverts_the_log_odds": [sigmoid_of_half, sigmoid_piecewise_linear],
    "test_the_slope_of_the_sigmoid_keeps_its_relative_accuracy": [slope_cancelling, slope_of_the_output],
    "test_the_slope_of_the_sigmoid_lies_between_its_exponential_bounds": [slope_without_square, slope_halved],
    "test_tanh_is_the_stretched_sigmoid": [tanh_of_half, tanh_rational, tanh_single, sigmoid_of_half],
    "test_the_slope_of_tanh_keeps_its_relative_accuracy_where_its_square_rounds_to_one": [
        tanh_slope_cancelling,
        tanh_slope_of_the_output,
    ],
    "test_a_tanh_network_is_a_sigmoid_network_with_doubled_weights": [sigmoid_layer_halved, tanh_layer_rational],
    "test_a_saturated_unit_hardly_sees_the_gain_and_a_relu_scales_with_it": [
        tanh_rational,
        tanh_of_half,
        relu_saturating,
    ],
    "test_weights_that_sum_to_0_do_not_see_the_brightness": [weights_rectified, inputs_single],
    "test_relu_splits_a_number_into_its_parts_exactly": [
        relu_negated,
        relu_absolute,
        relu_saturating,
        relu_swallowing_nan,
    ],
    "test_the_slope_of_relu_is_a_step_that_is_0_at_0": [relu_slope_1_at_0, relu_slope_of_sign],
    "test_relu_is_convex_and_moves_no_two_numbers_apart": [relu_stretched, relu_concave],
    "test_leaky_relu_is_the_maximum_of_its_arms_for_slopes_up_to_1": [leaky_clipped, leaky_both_sides, leaky_divided],
    "test_leaky_relu_falls_below_the_maximum_for_slopes_above_1": [leaky_as_maximum, leaky_both_sides],
    "test_the_reciprocal_slope_inverts_leaky_relu": [leaky_clipped, leaky_as_maximum],
    "test_the_absolute_value_is_the_leaky_relu_of_slope_minus_1": [absolute_identity, leaky_both_sides, leaky_clipped],
    "test_the_slopes_of_leaky_relu_are_1_and_alpha": [leaky_slope_swapped, leaky_slope_absolute],
    "test_a_learned_slope_gathers_the_negative_parts_of_all_units": [
        slope_gradient_averaged,
        slope_gradient_of_all_parts,
    ],
    "test_a_steep_sigmoid_approaches_the_hard_threshold_away_from_its_jump": [
        threshold_included,
        threshold_ignored,
        threshold_signed,
        sigmoid_of_half,
    ],
    "test_maxout_takes_the_largest_of_each_units_own_pieces_and_moves_with_a_shift": [
        groups_interleaved,
        bias_after_the_maximum,
        smallest_piece,
    ],
    "test_the_gradient_of_maxout_goes_to_the_winner": [gradient_to_all_pieces, gradient_to_the_first_piece],
}
