"""Wrong cells, wrong pieces and wrong constructions, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.architecture import perceptron
from backproof.reference.numpy import backprop, expressivity

from .catching import Mutant
from .saddle_points import (
    biases_raised,
    gradient_by_position,
    gradient_negated,
    output_halved,
    outputs_by_position,
    smallest_piece,
)
from .stochastic import bias_forgotten, doubled, slightly_more

# The originals, bound before any is replaced.
pattern, affine, kinks = expressivity.activation_pattern, expressivity.local_affine, expressivity.breakpoints
interpolated, staircase, outputs_of = (
    expressivity.interpolating_network,
    expressivity.staircase_network,
    backprop.forward,
)
parity, tent = expressivity.parity_network, expressivity.tent_network


def patterns(rule: Callable[..., Any]) -> Mutant:
    """The pattern rule(network, theta, inputs)."""
    return Mutant("expressivity", "activation_pattern", rule)


def without_biases(network: Any, theta: Any) -> Any:
    """Theta with all biases 0."""
    kept = theta.copy()
    for arrays in network.views(kept):
        if arrays:
            arrays[1][...] = 0
    return kept


pattern_without_bias = patterns(lambda network, theta, x: pattern(network, without_biases(network, theta), x))
pattern_negated = patterns(lambda network, theta, x: ~pattern(network, theta, x))
pattern_bias_flipped = patterns(
    lambda network, theta, x: pattern(network, 2 * without_biases(network, theta) - theta, x)
)
last_unit_stuck = patterns(
    lambda network, theta, x: np.concatenate([pattern(network, theta, x)[:, :-1], np.ones((len(x), 1), bool)], axis=1)
)


def pieces(change: Callable[[Any, Any], Any]) -> Mutant:
    """The piece change(slope, offset)."""
    return Mutant("expressivity", "local_affine", lambda network, theta, x: change(*affine(network, theta, x)))


offset_forgotten = pieces(lambda slope, offset: (slope, 0 * offset))
slope_doubled = pieces(lambda slope, offset: (2 * slope, offset))
slope_negated = pieces(lambda slope, offset: (-slope, offset))


def all_units_on(network: Any, theta: Any, x: Any) -> Any:
    linear = perceptron((network.input_shape[0], *(layer.fan_out for layer in network.layers[::2])), "identity")
    rows = np.eye(x.shape[1])
    offset = outputs_of(linear, theta, np.zeros_like(x))
    slope = outputs_of(linear, theta, rows) - offset[:1]
    return np.broadcast_to(slope, (len(x), *slope.shape)), offset


masks_forgotten = Mutant("expressivity", "local_affine", all_units_on)
kinks_lost = Mutant("expressivity", "breakpoints", lambda *arguments: kinks(*arguments)[::2])


def made(name: str, change: Callable[[Any, Any], Any], original: Callable[..., Any]) -> Mutant:
    """The construction with a changed theta."""

    def wrong(*arguments: Any) -> Any:
        network, theta = original(*arguments)
        return network, change(theta, (len(theta) - 1) // 3)

    return Mutant("expressivity", name, wrong)


def replaced(start: int, values: Callable[[Any], Any]) -> Callable[[Any, int], Any]:
    """One of the three blocks of a one-input, one-layer theta changed."""

    def change(theta: Any, units: int) -> Any:
        theta = theta.copy()
        block = slice(start * units, (start + 1) * units)
        theta[block] = values(theta[block])
        return theta

    return change


def summed(values: Any) -> Any:
    return np.cumsum(values)


def without_last(values: Any) -> Any:
    return np.append(values[:-1], 0.0)


slopes_not_differences = made("interpolating_network", replaced(2, summed), interpolated)
last_slope_lost = made("interpolating_network", replaced(2, without_last), interpolated)
knots_negated = made("interpolating_network", replaced(1, np.negative), interpolated)
start_forgotten = made("interpolating_network", lambda theta, units: np.append(theta[:-1], 0.0), interpolated)
stairs_summed = made("staircase_network", replaced(2, summed), staircase)
stairs_negated = made("staircase_network", replaced(2, np.negative), staircase)
stairs_too_low = made("staircase_network", lambda theta, units: np.append(theta[:-1], -1.0), staircase)
ramp = made("tent_network", lambda theta, units: np.where(theta == -4, -2.0, theta), tent)
tent_moved = made("tent_network", lambda theta, units: np.where(theta == -0.5, -0.25, theta), tent)
parity_with_a_bias = made("parity_network", lambda theta, units: theta + 1.0 * (theta == theta[-1]), parity)
parity_capped = made("parity_network", lambda theta, units: np.where(np.abs(theta) == 2, theta / 2, theta), parity)


def conjunction(bits: int) -> Any:
    """The network that is 1 where all bits are."""
    return perceptron((bits, 1, 1)), np.array([1.0] * bits + [1.0 - bits, 1.0, 0.0])


def twice_the_knots(knots: Any, values: Any) -> Any:
    """Knows the parabola between the knots as well."""
    middles = (knots[1:] + knots[:-1]) / 2
    points = np.sort(np.concatenate([knots, middles]))
    return interpolated(points, points**2 - np.diff(points).min() ** 2 / 8)


conjunction_instead = Mutant("expressivity", "parity_network", conjunction)
more_units_than_allowed = Mutant("expressivity", "interpolating_network", twice_the_knots)


def with_activation(name: str) -> Mutant:
    """The outputs with another activation than asked for."""

    def wrong(network: Any, theta: Any, inputs: Any) -> Any:
        sizes = (network.input_shape[0], *(layer.fan_out for layer in network.layers[::2]))
        return outputs_of(perceptron(sizes, name), theta, inputs)

    return Mutant("backprop", "forward", wrong)


tanh_left_in = with_activation("tanh")
linear_instead = with_activation("identity")
relu_instead = with_activation("relu")

lipschitz = expressivity.lipschitz_bound
bound_squared = Mutant("expressivity", "lipschitz_bound", lambda network, theta: lipschitz(network, theta) ** 2)
bound_halved = Mutant("expressivity", "lipschitz_bound", lambda network, theta: lipschitz(network, theta) / 2)
bound_of_all_parameters = Mutant("expressivity", "lipschitz_bound", lambda network, theta: float(np.linalg.norm(theta)))

CAUGHT = {
    "test_outputs_differ_by_at_most_the_bound_times_the_distance": [
        bound_squared,
        bound_halved,
        bound_of_all_parameters,
    ],
    "test_a_unit_switches_at_the_distance_of_its_bias_over_its_weights": [
        pattern_without_bias,
        pattern_negated,
        pattern_bias_flipped,
    ],
    "test_a_maxout_unit_lies_below_its_chords": [smallest_piece],
    "test_in_a_cell_a_network_is_the_affine_function_of_its_active_units": [
        offset_forgotten,
        masks_forgotten,
        tanh_left_in,
        slope_doubled,
    ],
    "test_across_the_kink_of_one_unit_the_slope_jumps_by_that_units_share": [
        masks_forgotten,
        slope_doubled,
        slope_negated,
    ],
    "test_rescaled_and_reordered_units_compute_the_same": [outputs_by_position, biases_raised, tanh_left_in],
    "test_lines_in_general_position_have_as_many_patterns_as_proved": [pattern_without_bias, last_unit_stuck],
    "test_on_a_line_every_unit_adds_one_cell": [kinks_lost, last_unit_stuck, pattern_without_bias],
    "test_two_units_take_all_four_patterns": [pattern_without_bias, pattern_negated, last_unit_stuck],
    "test_three_units_take_seven_of_the_eight_patterns": [pattern_without_bias, pattern_negated],
    "test_two_layers_of_two_units_have_at_most_eleven_cells": [pattern_without_bias, last_unit_stuck],
    "test_at_any_depth_a_network_is_affine_in_its_cell": [tanh_left_in, masks_forgotten, offset_forgotten],
    "test_a_tent_network_doubles_pieces_and_slopes_with_each_layer": [ramp, tent_moved, kinks_lost, slope_doubled],
    "test_an_affine_function_has_the_proved_loss_on_exclusive_or": [conjunction_instead, doubled, bias_forgotten],
    "test_the_parity_network_tells_odd_from_even_exactly": [conjunction_instead, parity_with_a_bias, parity_capped],
    "test_an_affine_function_of_a_bit_gains_nothing_on_parity": [conjunction_instead, doubled, bias_forgotten],
    "test_two_linear_layers_are_of_degree_two_in_their_weights_and_one_is_linear": [
        relu_instead,
        tanh_left_in,
        output_halved,
    ],
    "test_the_gradients_of_a_two_layer_fit_are_the_proved_sums": [
        slightly_more,
        gradient_negated,
        gradient_by_position,
    ],
    "test_the_interpolating_network_runs_through_the_values": [
        slopes_not_differences,
        last_slope_lost,
        knots_negated,
        start_forgotten,
    ],
    "test_a_parabola_is_off_its_chord_by_the_proved_error": [last_slope_lost, start_forgotten, output_halved],
    "test_four_units_are_near_the_exponential": [slopes_not_differences, last_slope_lost, knots_negated],
    "test_a_staircase_stays_within_its_bound_of_a_lipschitz_function": [
        stairs_summed,
        stairs_negated,
        stairs_too_low,
    ],
    "test_no_network_of_m_kinks_comes_nearer_to_a_parabola": [more_units_than_allowed, slopes_not_differences],
}
