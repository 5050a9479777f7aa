"""Wrong momentum rules, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import momentum, schedules

from .catching import Mutant

# The originals, bound before any is replaced.
State, TwoTerm = momentum.MomentumState, momentum.TwoTermState
optimum = momentum.optimal_heavy_ball


def velocity_form(rule: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
    """A step of theta, v <- rule(theta, v, g, lr, mu, step)."""

    def step(theta: Any, g: Any, state: Any = None, *, lr: Any, momentum: Any = 0.9) -> Any:
        v, t = (np.zeros_like(theta), 1) if state is None else (state.velocity, state.step + 1)
        theta, v = rule(theta, v, g, lr, momentum, t)
        return theta, State(t, v)

    return step


def heavy(rule: Callable[..., Any]) -> Callable[..., Any]:
    return velocity_form(lambda th, v, g, lr, mu, t: (th + rule(v, g, lr, mu, t), rule(v, g, lr, mu, t)))


def buffer(rule: Callable[..., Any]) -> Callable[..., Any]:
    return velocity_form(lambda th, v, g, lr, mu, t: (th - lr * rule(v, g, mu, t), rule(v, g, mu, t)))


def shifted(update: Callable[..., Any]) -> Callable[..., Any]:
    return velocity_form(lambda th, v, g, lr, mu, t: (th - lr * update(mu * v + g, g, mu), mu * v + g))


dampened = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: mu * v - (1 - mu) * lr * g))
forgetting = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: -lr * g))
wrong_sign = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: mu * v + lr * g))
momentum_negated = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: -mu * v - lr * g))
rate_in_the_memory = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: mu * lr * v - lr * g))
frictionless = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: v - lr * g))
slightly_more = Mutant("momentum", "heavy_ball_step", heavy(lambda v, g, lr, mu, t: mu * (1 + 1e-9) * v - lr * g))
buffer_dampened = Mutant("momentum", "heavy_ball_buffer_step", buffer(lambda v, g, mu, t: mu * v + (1 - mu) * g))
buffer_first_undamped = Mutant(
    "momentum", "heavy_ball_buffer_step", buffer(lambda v, g, mu, t: mu * v + g * (2 - (t > 1)))
)
buffer_negated = Mutant("momentum", "heavy_ball_buffer_step", buffer(lambda v, g, mu, t: g - mu * v))
buffer_holds_the_rate = Mutant(
    "momentum",
    "heavy_ball_buffer_step",
    velocity_form(lambda th, v, g, lr, mu, t: (th - mu * v - lr * g, mu * v + lr * g)),
)
shifted_without_gradient = Mutant("momentum", "nesterov_shifted_step", shifted(lambda v, g, mu: v))
shifted_by_the_old_velocity = Mutant("momentum", "nesterov_shifted_step", shifted(lambda v, g, mu: g + (v - g)))
shifted_twice = Mutant("momentum", "nesterov_shifted_step", shifted(lambda v, g, mu: g + mu * (g + mu * v)))
look_ahead_at_theta = Mutant("momentum", "nesterov_look_ahead", lambda theta, state, momentum=0.9: theta)
look_ahead_without_mu = Mutant(
    "momentum",
    "nesterov_look_ahead",
    lambda theta, state, momentum=0.9: theta if state is None else theta + state.velocity,
)
looks_back = Mutant(
    "momentum",
    "nesterov_look_ahead",
    lambda theta, state, momentum=0.9: theta if state is None else theta - momentum * state.velocity,
)
root_of_momentum = Mutant(
    "momentum", "optimal_heavy_ball", lambda low, high: (optimum(low, high)[0], optimum(low, high)[1] ** 0.5)
)
squared_condition = Mutant("momentum", "optimal_heavy_ball", lambda low, high: optimum(low**2, high**2))
rate_of_gradient_descent = Mutant(
    "momentum", "optimal_heavy_ball", lambda low, high: (2 / (low + high), optimum(low, high)[1])
)


def two_term(theta: Any, g: Any, state: Any = None, *, lr: Any, momentum: Any = 0.9) -> Any:
    previous = np.zeros_like(theta) if state is None else state.previous
    return theta - lr * g + momentum * (theta - previous), TwoTerm(1 if state is None else state.step + 1, theta.copy())


two_term_from_zero = Mutant("momentum", "heavy_ball_two_term_step", two_term)
forgetting_nesterov = Mutant("momentum", "nesterov_step", heavy(lambda v, g, lr, mu, t: -lr * g / 100))
overshooting_nesterov = Mutant("momentum", "nesterov_step", heavy(lambda v, g, lr, mu, t: mu * v - 3 * lr * g))

inverse_time = schedules.inverse_time
once_an_epoch = Mutant(
    "schedules", "inverse_time", lambda lr, *, gamma: lambda k: inverse_time(lr, gamma=gamma)(k // 4)
)
linear_decay = Mutant("schedules", "inverse_time", lambda lr, *, gamma: lambda k: max(lr * (1 - gamma * k), 1e-9))


CAUGHT = {
    "test_the_velocity_is_the_decaying_sum_of_the_gradients": [dampened, forgetting, wrong_sign, slightly_more],
    "test_under_a_constant_gradient_the_path_approaches_the_terminal_velocity": [
        dampened,
        buffer_dampened,
        two_term_from_zero,
        frictionless,
    ],
    "test_alternating_gradients_are_damped": [buffer_negated, buffer_dampened],
    "test_at_a_constant_rate_all_forms_take_one_path": [buffer_dampened, buffer_first_undamped, momentum_negated],
    "test_velocity_and_two_term_form_agree_at_any_rates": [two_term_from_zero, rate_in_the_memory],
    "test_after_a_change_of_rate_the_buffer_form_differs_by_the_rescaled_past": [
        buffer_holds_the_rate,
        rate_in_the_memory,
    ],
    "test_the_shifted_form_keeps_the_look_ahead_point": [
        shifted_without_gradient,
        shifted_by_the_old_velocity,
        shifted_twice,
    ],
    "test_after_a_change_of_rate_nesterovs_buffer_form_differs_by_the_rescaled_past": [
        shifted_without_gradient,
        look_ahead_at_theta,
        look_ahead_without_mu,
    ],
    "test_on_a_parabola_the_heavy_ball_is_its_two_term_recursion": [dampened, buffer_dampened, two_term_from_zero],
    "test_the_heavy_ball_is_stable_up_to_twice_one_plus_the_momentum": [momentum_negated, forgetting, frictionless],
    "test_the_optimal_heavy_ball_shrinks_every_mode_by_its_rate": [
        root_of_momentum,
        squared_condition,
        rate_of_gradient_descent,
    ],
    "test_on_a_parabola_nesterov_is_a_damped_heavy_ball": [look_ahead_at_theta, look_ahead_without_mu, looks_back],
    "test_the_weight_of_a_gradient_grows_with_its_age": [dampened, forgetting, momentum_negated],
    "test_nesterovs_growing_momentum_keeps_the_gap_below_its_bound": [forgetting_nesterov, overshooting_nesterov],
    "test_momentum_overshoots_above_critical_damping_only": [forgetting, frictionless],
    "test_nesterov_solves_a_parabola_at_once_where_the_rate_is_one_over_its_curvature": [
        look_ahead_at_theta,
        look_ahead_without_mu,
    ],
    "test_momentum_at_rosenbrocks_minimum_is_stable_up_to_its_limit": [momentum_negated, forgetting, frictionless],
    "test_momentum_with_a_rate_that_decays_each_update_is_its_two_term_form": [dampened, once_an_epoch, linear_decay],
}
