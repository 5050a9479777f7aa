"""Wrong Newton steps and layers, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.numpy import activations, backprop, initialization, regularization, second_order

from .adaptive import half_descent
from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
right_newton, right_evaluate, right_forward = second_order.newton_step, backprop.loss_and_gradient, backprop.forward
right_damped = second_order.damped_newton


@instead_of("second_order", "newton_step")
def uphill(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return 2 * theta - right_newton(theta, g, hessian, lr=lr, damping=damping)


@instead_of("second_order", "newton_step")
def by_the_diagonal(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return theta - lr * g / (np.diagonal(hessian, axis1=-2, axis2=-1) + damping)


@instead_of("second_order", "newton_step")
def entry_by_entry(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return theta - lr * ((1 / (hessian + 1e-300)) @ g[..., None])[..., 0]


@instead_of("second_order", "newton_step")
def gradient_descent(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return theta - lr * g / np.linalg.eigvalsh(hessian)[..., -1:]


@instead_of("second_order", "newton_step")
def always_damped(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return right_newton(theta, g, hessian, lr=lr, damping=damping + 1e-3 * np.abs(hessian).max())


@instead_of("second_order", "newton_step")
def rate_forgotten(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return right_newton(theta, g, hessian, lr=1.0, damping=damping)


@instead_of("second_order", "newton_step")
def half_a_step(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return right_newton(theta, g, hessian, lr=lr / 2, damping=damping)


@instead_of("second_order", "newton_step")
def by_the_pseudo_inverse(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    inverse = np.linalg.pinv(hessian + damping * np.eye(len(g)))
    return theta - lr * (inverse @ g[..., None])[..., 0]


@instead_of("second_order", "newton_step")
def with_curvatures_made_positive(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    values, vectors = np.linalg.eigh(hessian)
    return theta - lr * vectors @ ((vectors.T @ g) / np.abs(values))


@instead_of("second_order", "newton_step")
def by_the_average_curvature(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    """The batch's mean Hessian for every example of a fleet."""
    mean = hessian.mean(axis=0, keepdims=True) if hessian.ndim == 3 else hessian
    return right_newton(theta, g, np.broadcast_to(mean, hessian.shape), lr=lr, damping=damping)


@instead_of("second_order", "newton_step")
def by_the_hessian_itself(theta: Any, g: Any, hessian: Any, *, lr: Any = 1.0, damping: float = 0.0) -> Any:
    return theta - lr * (hessian @ g[..., None])[..., 0]


@instead_of("second_order", "damped_newton")
def undamped(value: Any, gradient: Any, hessian: Any, start: Any, *, steps: int) -> Any:
    path = [start]
    for _ in range(steps):
        if np.abs(path[-1]).max() > 1e90:
            break
        path.append(right_newton(path[-1], gradient(path[-1]), hessian(path[-1])))
    return second_order.Descent(np.stack(path), np.ones(len(path) - 1), None)


@instead_of("second_order", "damped_newton")
def armijo_upside_down(value: Any, gradient: Any, hessian: Any, start: Any, *, steps: int) -> Any:
    return right_damped(lambda x: -value(x), gradient, hessian, start, steps=steps)


@instead_of("generalization", "update_ratio")
def ratio_of_squares(before: Any, after: Any) -> Any:
    return ((after - before) ** 2).sum(axis=-1) / (before**2).sum(axis=-1)


@instead_of("generalization", "update_ratio")
def largest_ratio(before: Any, after: Any) -> Any:
    return np.abs((after - before) / before).max(axis=-1) * 1.5


@instead_of("backprop", "loss_and_gradient")
def halved_loss(*args: Any, **options: Any) -> Any:
    value, g = right_evaluate(*args, **options)
    return value / 2, g


@instead_of("backprop", "loss_and_gradient")
def halved_gradient(*args: Any, **options: Any) -> Any:
    value, g = right_evaluate(*args, **options)
    return value, g / 2


@instead_of("backprop", "loss_and_gradient")
def gradient_of_the_sum(network: Any, theta: Any, inputs: Any, targets: Any, **options: Any) -> Any:
    value, g = right_evaluate(network, theta, inputs, targets, **options)
    return value, len(inputs) * g


@instead_of("backprop", "loss_and_gradient")
def rectified_output(network: Any, theta: Any, inputs: Any, targets: Any, **options: Any) -> Any:
    layers = backprop.Network((*network.layers, backprop.Activation("relu")), network.input_shape)
    return right_evaluate(layers, theta, inputs, targets, **options)


@instead_of("backprop", "loss_and_gradient")
def activation_without_slope(network: Any, theta: Any, inputs: Any, targets: Any, **options: Any) -> Any:
    """The gradient of a network that ends before its activation, as if phi' were 1."""
    out = right_forward(network, theta, inputs)
    linear = backprop.Network(network.layers[:1], network.input_shape)
    shifted = right_forward(linear, theta, inputs) - (out - targets)
    return right_evaluate(linear, theta, inputs, shifted, **options)


@instead_of("backprop", "loss_and_gradient")
def slope_at_the_output(network: Any, theta: Any, inputs: Any, targets: Any, **options: Any) -> Any:
    """1 - tanh(tanh z)^2: the derivative taken at the output as if it were the input."""
    out = right_forward(network, theta, inputs)
    value, g = right_evaluate(network, theta, inputs, targets, **options)
    return value, g * ((1 - np.tanh(out) ** 2) / (1 - out**2)).item()


@instead_of("backprop", "loss_and_gradient")
def always_active(network: Any, theta: Any, inputs: Any, targets: Any, **options: Any) -> Any:
    linear = backprop.Network(network.layers[:1], network.input_shape)
    shifted = right_forward(linear, theta, inputs) - 0.5
    return right_evaluate(linear, theta, inputs, shifted, **options)


@instead_of("regularization", "activity_penalty")
def activity_summed(h: Any, strength: float) -> Any:
    return strength * np.abs(h).sum()


@instead_of("regularization", "activity_penalty")
def activity_averaged_over_units(h: Any, strength: float) -> Any:
    return strength * np.abs(h).mean() / 2


@instead_of("regularization", "l2_penalty_gradient")
def halved_penalty(w: Any, strength: float) -> Any:
    return strength * w


@instead_of("regularization", "l2_penalty_gradient")
def lasso(w: Any, strength: float) -> Any:
    return regularization.l1_penalty_gradient(w, strength)


@instead_of("initialization", "xavier_uniform")
def by_half_the_sum(shape: Any, rng: Any) -> Any:
    bound = np.sqrt(3 / sum(shape))
    return rng.uniform(-bound, bound, shape)


@instead_of("initialization", "xavier_uniform")
def by_one_fan(shape: Any, rng: Any) -> Any:
    bound = np.sqrt(3 / shape[0])
    return rng.uniform(-bound, bound, shape)


@instead_of("initialization", "xavier_uniform")
def normal_instead(shape: Any, rng: Any) -> Any:
    return initialization.xavier_normal(shape, rng)


off_center = Mutant("backprop", "forward", lambda *a, **o: right_forward(*a, **o) + 1e-6)
unbiased_scale = Mutant(
    "backprop", "forward", lambda n, th, x, **o: right_forward(n, th, x, **o) * np.sqrt(1 - 1 / (len(x) + 1))
)
gamma_from_zero = Mutant(
    "initialization", "initial_parameters", lambda network, rng, **o: np.zeros(network.parameter_count)
)
keep_for_drop = Mutant("dropout", "mask", lambda shape, p, rng: (rng.random(shape) < p).astype(np.int8))
half_for_any_rate = Mutant("dropout", "mask", lambda shape, p, rng: (rng.random(shape) >= 0.5).astype(np.int8))
not_inverted = Mutant("dropout", "dropout", lambda h, mask, p, inverted=True: mask * h)
doubled = Mutant("dropout", "dropout", lambda h, mask, p, inverted=True: 2 * mask * h)
divided_by_the_rate = Mutant("dropout", "dropout", lambda h, mask, p, inverted=True: mask * h / p)
leaking = Mutant("activations", "relu", lambda z: activations.leaky_relu(z))
capped = Mutant("activations", "relu", lambda z: np.clip(z, 0, 6))
odd = Mutant("activations", "absolute", lambda z: np.asarray(z))

CAUGHT: dict[str, list[Mutant]] = {
    "test_newton_shrinks_every_error_alike": [uphill, by_the_diagonal, entry_by_entry, always_damped, rate_forgotten],
    "test_newton_solves_a_quadratic_in_one_step": [uphill, by_the_diagonal, gradient_descent, always_damped],
    "test_newton_is_blind_to_the_units_of_the_parameters": [gradient_descent, always_damped, by_the_hessian_itself],
    "test_newton_refuses_a_saddle_unless_damped_beyond_it": [
        by_the_pseudo_inverse,
        with_curvatures_made_positive,
        by_the_diagonal,
    ],
    "test_newton_maps_x_to_minus_its_cube": [uphill, always_damped],
    "test_undamped_newton_diverges_from_beyond_one": [half_a_step, by_the_hessian_itself],
    "test_newton_with_a_line_search_comes_nearer_from_everywhere": [undamped, armijo_upside_down],
    "test_near_the_minimum_newton_squares_the_error": [uphill, always_damped, by_the_hessian_itself],
    "test_newton_on_single_examples_is_biased": [uphill, always_damped, by_the_average_curvature],
    "test_newton_refuses_the_hessian_of_one_linear_example": [by_the_pseudo_inverse, by_the_diagonal],
    "test_newton_amplifies_noise_at_most_by_the_condition_number": [
        by_the_hessian_itself,
        by_the_diagonal,
        always_damped,
    ],
    "test_the_update_ratio_lies_between_the_curvatures": [ratio_of_squares, largest_ratio, half_descent],
    "test_a_step_across_the_weights_makes_them_longer": [half_descent],
    "test_on_a_linear_output_squared_error_is_its_tangent_and_a_square": [
        halved_loss,
        gradient_of_the_sum,
        rectified_output,
    ],
    "test_an_activity_penalty_does_not_see_a_batch_twice": [activity_summed, activity_averaged_over_units],
    "test_the_weight_penalty_pulls_by_twice_its_strength": [halved_penalty, lasso],
    "test_glorots_uniform_law_has_the_published_second_and_fourth_moments": [
        by_half_the_sum,
        by_one_fan,
        normal_instead,
    ],
    "test_a_fresh_batch_norm_standardizes_up_to_eps": [off_center, unbiased_scale, gamma_from_zero],
    "test_a_tanh_after_a_dense_layer_has_the_chain_rules_gradient": [
        activation_without_slope,
        slope_at_the_output,
        halved_gradient,
    ],
    "test_a_relu_passes_the_input_or_nothing_to_its_weight": [always_active, halved_gradient],
    "test_dropout_keeps_the_share_of_units_that_its_rate_leaves": [keep_for_drop, half_for_any_rate],
    "test_over_all_masks_inverted_dropout_keeps_the_mean": [not_inverted, doubled, divided_by_the_rate],
    "test_two_rectifiers_make_an_absolute_value": [leaking, capped, odd],
}
