"""Wrong kinds, wrong ensembles, wrong symmetries, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import activations, backprop, critical_points, quadratics, saddle_points

from .catching import Mutant, instead_of
from .quadratics import one_step_short
from .stochastic import ascent, doubled, sign_only, slightly_more

# The originals, bound before any is replaced.
gradient_of, outputs_of, descent = backprop.loss_and_gradient, backprop.forward, quadratics.gradient_descent
searched, along_the_sphere = critical_points.find_critical_points, critical_points.tangent_hessian
sliced, value = saddle_points.loss_slice, quadratics.value
relu, leaky, logistic, tanh = (
    activations.relu,
    activations.leaky_relu,
    activations.sigmoid_derivative,
    activations.tanh_derivative,
)


def kinds(rule: Callable[[Any], str]) -> Mutant:
    """A classification by rule(hessian)."""
    return Mutant("saddle_points", "classify_critical_point", lambda gradient, hessian, tolerance=1e-9: rule(hessian))


def by_determinant(hessian: Any) -> str:
    det, trace = np.linalg.det(hessian), np.trace(hessian)
    return "degenerate" if det == 0 else "saddle" if det < 0 else "minimum" if trace > 0 else "maximum"


def zero_counts_as_rising(hessian: Any) -> str:
    ev = np.linalg.eigvalsh(hessian)
    return "minimum" if (ev >= -1e-9).all() else "maximum" if (ev <= 0).all() else "saddle"


def maxima_are_saddles(hessian: Any) -> str:
    ev = np.linalg.eigvalsh(hessian)
    limit = 1e-9 * np.abs(ev).max()
    return "saddle" if (ev < -limit).any() else "degenerate" if (np.abs(ev) <= limit).any() else "minimum"


def by_the_diagonal(hessian: Any) -> str:
    ev = np.diag(hessian)
    return "saddle" if ev.min() < 0 < ev.max() else "degenerate" if (ev == 0).any() else "minimum"


determinant_decides = kinds(by_determinant)
zero_rises = kinds(zero_counts_as_rising)
maximum_lost = kinds(maxima_are_saddles)
diagonal_decides = kinds(by_the_diagonal)
everything_is_a_saddle = kinds(lambda hessian: "saddle")
positive_counted = Mutant(
    "saddle_points", "index_fraction", lambda hessian: (np.linalg.eigvalsh(hessian) > 0).mean(axis=-1)
)
diagonal_counted = Mutant(
    "saddle_points",
    "index_fraction",
    lambda hessian: (np.diagonal(hessian, axis1=-2, axis2=-1) < 0).mean(axis=-1),
)
determinant_counted = Mutant(
    "saddle_points", "index_fraction", lambda hessian: (np.linalg.det(hessian) < 0).astype(float)
)


def ensemble(rule: Callable[[Any], Any]) -> Mutant:
    """Matrices made of Gaussian ones by rule."""
    return Mutant("saddle_points", "goe", lambda n, rng, count: rule(rng.standard_normal((count, n, n))))


upper_copied = ensemble(lambda a: np.triu(a) + np.swapaxes(np.triu(a, 1), 1, 2))  # one variance for all entries
not_symmetric = ensemble(np.triu)
definite_ones = ensemble(lambda a: -a @ np.swapaxes(a, 1, 2))
shifted_down = ensemble(lambda a: (a + np.swapaxes(a, 1, 2)) / 2 - 0.3 * np.eye(a.shape[-1]))


def slices(change: Callable[..., Any]) -> Mutant:
    """The slice of change(network, theta, first, second)."""

    def wrong(network: Any, theta: Any, first: Any, second: Any, *data: Any, **keywords: Any) -> Any:
        return sliced(network, *change(theta, first, second), *data, **keywords)

    return Mutant("saddle_points", "loss_slice", wrong)


normalized_directions = slices(lambda theta, u, v: (theta, u / np.linalg.norm(u), v / np.linalg.norm(v)))
one_direction_for_both = slices(lambda theta, u, v: (theta, u, u))
slice_through_zero = slices(lambda theta, u, v: (0 * theta, u, v))
slice_transposed = slices(lambda theta, u, v: (theta, v, u))


def forwards(change: Callable[[Any, Any], tuple[Any, Any]]) -> Mutant:
    """The outputs at changed parameters and inputs."""

    def wrong(network: Any, theta: Any, inputs: Any) -> Any:
        return outputs_of(network, *change(theta, inputs))

    return Mutant("backprop", "forward", wrong)


def fits(change: Callable[[Any], Any], after: Callable[[Any], Any] = lambda gradient: gradient) -> Mutant:
    """The loss at changed parameters, and its gradient, changed too."""

    def wrong(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
        loss, gradient = gradient_of(network, change(theta), inputs, targets, **keywords)
        return loss, after(gradient)

    return Mutant("backprop", "loss_and_gradient", wrong)


def bent(weights: Any) -> Any:
    """Weights that count by their position."""
    return weights * (1 + 1e-6 * np.arange(weights.shape[-1]))


def leaking(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
    from backproof.reference.architecture import perceptron

    sizes = (network.input_shape[0], network.layers[0].fan_out, network.layers[-1].fan_out)
    return gradient_of(perceptron(sizes, "leaky_relu"), theta, inputs, targets, **keywords)


def smooth(network: Any, theta: Any, inputs: Any, targets: Any, **keywords: Any) -> Any:
    from backproof.reference.architecture import perceptron

    sizes = (network.input_shape[0], network.layers[0].fan_out, network.layers[-1].fan_out)
    return gradient_of(perceptron(sizes, "tanh"), theta, inputs, targets, **keywords)


outputs_by_position = forwards(lambda theta, x: (bent(theta), x))
output_halved = forwards(lambda theta, x: (theta, x / 2))
biases_raised = forwards(lambda theta, x: (theta + 1e-3, x))
loss_by_position = fits(bent)
gradient_by_position = fits(lambda theta: theta, bent)
gradient_negated = fits(lambda theta: theta, np.negative)
leaky_instead = Mutant("backprop", "loss_and_gradient", leaking)
tanh_instead = Mutant("backprop", "loss_and_gradient", smooth)
gradient_grows_downwards = fits(lambda theta: theta, lambda g: g * 10.0 ** np.arange(g.size)[::-1])

relu_with_a_kink_at_one = Mutant("activations", "relu", lambda z: np.maximum(z - 1, 0))
leak_squared = Mutant("activations", "leaky_relu", lambda z, slope: leaky(z, slope**2))
smallest_piece = Mutant(
    "maxout", "maxout", lambda h, w, b, pieces: (h @ w + b).reshape(len(h), -1, pieces).min(axis=-1)
)
flatter = Mutant("activations", "sigmoid_derivative", lambda z: logistic(z) / 2)
steeper_far_out = Mutant("activations", "sigmoid_derivative", lambda z: logistic(z) * (1 + 1e-6))
cliff_of_the_value = Mutant("activations", "tanh_derivative", lambda z: 1 - np.tanh(z))


def descending(change: Callable[[dict[str, Any]], Any]) -> Mutant:
    """Gradient descent with changed keywords."""

    def wrong(hessian: Any, start: Any, **keywords: Any) -> Any:
        return descent(hessian, start, **keywords | change(keywords))

    return Mutant("quadratics", "gradient_descent", wrong)


half_the_rate = descending(lambda k: {"lr": k["lr"] / 2})
stops_early = descending(lambda k: {"steps": 2})
linear_negated = descending(lambda k: {"linear": -k["linear"]})
value_without_half = Mutant("quadratics", "value", lambda a, x, linear=None: 2 * value(a, x, linear))
value_negated = Mutant("quadratics", "value", lambda a, x, linear=None: -value(a, x, linear))


@instead_of("critical_points", "find_critical_points")
def smallest_slopes(gradient: Any, hessian: Any, starts: Any, *, steps: int = 100, tolerance: float = 1e-9) -> Any:
    """Where a damped descent of |g|^2 ends, as Levenberg and Marquardt do, whatever the gradient there."""
    ends = []
    for start in starts:
        x, damping = start[None], 1.0
        for _ in range(steps):
            g, h = gradient(x)[0], hessian(x)[0]
            trial = x - np.linalg.solve(h @ h + damping * np.eye(len(g)), h @ g)
            lower = np.linalg.norm(gradient(trial)) < np.linalg.norm(g)
            x, damping = (trial, damping / 3) if lower else (x, damping * 3)
        if all(np.linalg.norm(x[0] - end) > 1e-4 for end in ends):
            ends.append(x[0])
    return np.array(ends)


@instead_of("critical_points", "find_critical_points")
def unfiltered(gradient: Any, hessian: Any, starts: Any, *, steps: int = 100, tolerance: float = 1e-9) -> Any:
    return np.concatenate([searched(gradient, hessian, starts, steps=steps), starts - gradient(starts)])


too_tolerant = Mutant(
    "critical_points",
    "find_critical_points",
    lambda gradient, hessian, starts, steps=100: searched(gradient, hessian, starts, steps=4, tolerance=1e-2),
)
not_projected = Mutant("critical_points", "tangent_hessian", lambda x, gradient, hessian: hessian)
without_the_slope_across = Mutant(
    "critical_points", "tangent_hessian", lambda x, gradient, hessian: along_the_sphere(x, 0 * gradient, hessian)
)
slope_across_added = Mutant(
    "critical_points", "tangent_hessian", lambda x, gradient, hessian: along_the_sphere(x, -gradient, hessian)
)
across_the_sphere_too = Mutant(
    "critical_points",
    "tangent_hessian",
    lambda x, gradient, hessian: hessian - (x * gradient).sum(axis=-1)[:, None, None] * np.eye(x.shape[-1]),
)

CAUGHT = {
    "test_the_signs_of_the_eigenvalues_make_the_kind": [
        determinant_decides,
        zero_rises,
        maximum_lost,
        diagonal_decides,
        positive_counted,
        value_negated,
    ],
    "test_where_the_curvature_vanishes_nothing_is_decided": [zero_rises, maximum_lost, everything_is_a_saddle],
    "test_all_minima_of_a_convex_function_are_equally_low_and_connected": [stops_early, linear_negated],
    "test_a_slice_has_the_curvature_of_the_loss_in_its_directions": [
        normalized_directions,
        one_direction_for_both,
        slice_through_zero,
        slice_transposed,
    ],
    "test_among_all_signs_nearly_all_are_saddles": [determinant_decides, maximum_lost, determinant_counted],
    "test_a_random_symmetric_matrix_is_definite_no_more_often_than_its_diagonal": [
        definite_ones,
        shifted_down,
        determinant_counted,
    ],
    "test_a_matrix_of_the_ensemble_is_negative_definite_with_the_proved_probability": [
        upper_copied,
        not_symmetric,
        shifted_down,
        diagonal_counted,
    ],
    "test_double_wells_have_as_many_critical_points_of_each_kind_as_proved": [determinant_decides, maximum_lost],
    "test_exchanging_units_and_turning_signs_leaves_the_outputs": [outputs_by_position, biases_raised, output_halved],
    "test_every_arrangement_of_a_layer_has_one_loss_and_the_rearranged_gradient": [
        loss_by_position,
        gradient_by_position,
    ],
    "test_homogeneous_activations_commute_with_positive_factors": [
        relu_with_a_kink_at_one,
        leak_squared,
        smallest_piece,
    ],
    "test_rescaling_the_units_leaves_the_loss_and_divides_the_gradient": [
        tanh_instead,
        loss_by_position,
        gradient_by_position,
    ],
    "test_along_the_orbit_of_a_fitting_network_loss_and_gradient_stay_zero": [tanh_instead, loss_by_position],
    "test_two_weights_in_a_row_have_the_slopes_of_their_product": [gradient_negated, slightly_more, doubled],
    "test_descent_from_the_antidiagonal_ends_at_the_saddle": [gradient_by_position, ascent, sign_only],
    "test_from_beside_the_saddle_descent_escapes_to_a_minimum": [ascent, gradient_negated],
    "test_a_dead_unit_never_moves_and_a_live_one_can_fit": [leaky_instead, tanh_instead],
    "test_equal_linear_layers_multiply_an_eigenvector_by_powers": [output_halved, biases_raised, outputs_by_position],
    "test_a_jordan_block_grows_by_an_extra_factor_of_the_depth": [output_halved, biases_raised],
    "test_through_logistic_units_a_gradient_shrinks_by_a_quarter_of_the_weight_a_layer": [gradient_grows_downwards],
    "test_descent_shrinks_along_positive_and_grows_along_negative_curvature": [
        half_the_rate,
        one_step_short,
        value_without_half,
    ],
    "test_after_k_steps_only_the_proved_share_of_starts_is_still_inside": [half_the_rate, one_step_short],
    "test_plateaus_are_flat_and_cliffs_are_steep": [flatter, steeper_far_out, cliff_of_the_value],
    "test_what_is_reported_is_critical_and_its_curvature_is_taken_along_the_sphere": [
        smallest_slopes,
        unfiltered,
        too_tolerant,
        not_projected,
        without_the_slope_across,
        slope_across_added,
        across_the_sphere_too,
    ],
    "test_a_minimum_of_the_squared_gradient_is_not_reported": [smallest_slopes, unfiltered, too_tolerant],
    "test_over_the_critical_points_of_three_spins_the_index_rises_with_the_energy": [
        slope_across_added,
        positive_counted,
    ],
}
