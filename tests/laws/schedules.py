"""Wrong schedules, and the laws that fail on each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from backproof.reference.numpy import schedules

from .adaptive import ascent, descent, half_descent
from .catching import Mutant

# The originals, bound before any is replaced.
right = {name: getattr(schedules, name) for name in ("power", "inverse_time", "exponential", "step", "triangular")}


def schedule(name: str, rate: Callable[..., Any]) -> Mutant:
    """`rate(t, lr, ...)` in place of a schedule."""
    return Mutant("schedules", name, lambda *arguments, **hyper: lambda t: rate(t, *arguments, **hyper))


def moved(name: str, by: int) -> Mutant:
    """The schedule with its steps counted from `by` instead of 0."""
    return schedule(name, lambda t, *arguments, **hyper: right[name](*arguments, **hyper)(t + by))


def line(t: int, lr: float, start: float, end: float, total: int) -> float:
    return lr * ((1 - t / total) * start + t / total * end)


power_from_two, inverse_from_one, exponential_from_one = (
    moved("power", 1),
    moved("inverse_time", 1),
    moved("exponential", 1),
)
step_early, triangular_early = moved("step", 1), moved("triangular", 1)
power_squared = schedule("power", lambda t, lr, exponent: lr * (t + 1.0) ** (-2 * exponent))
power_halved = schedule("power", lambda t, lr, exponent: lr * (t + 1.0) ** (-exponent / 2))
power_constant = schedule("power", lambda t, lr, exponent: lr)
power_of_the_rate = schedule("power", lambda t, lr, exponent: (lr / (t + 1.0)) ** exponent)
inverse_as_a_power = schedule("inverse_time", lambda t, lr, gamma: lr / (1 + gamma) ** t)
inverse_of_a_root = schedule("inverse_time", lambda t, lr, gamma: lr / (1 + gamma * t) ** 0.5)
inverse_compounded = schedule(
    "inverse_time", lambda t, lr, gamma: lr * math.prod(1 / (1 + gamma * j) for j in range(t + 1))
)
exponential_of_gamma = schedule("exponential", lambda t, lr, gamma: lr * math.exp(-gamma * t))
exponential_linear = schedule("exponential", lambda t, lr, gamma: lr * max(1e-9, 1 - (1 - gamma) * t))
step_every_time = schedule("step", lambda t, lr, gamma, step_size: lr * gamma**t)
step_in_fractions = schedule("step", lambda t, lr, gamma, step_size: lr * gamma ** (t / step_size))
linear_unclamped = schedule(
    "linear",
    lambda t, lr, total_iters, start_factor=1.0, end_factor=0.01: line(t, lr, start_factor, end_factor, total_iters),
)
linear_back_to_the_start = schedule(
    "linear",
    lambda t, lr, total_iters, start_factor=1.0, end_factor=0.01: (
        line(t, lr, start_factor, end_factor, total_iters) if t <= total_iters else lr
    ),
)
linear_by_whole_division = schedule(
    "linear",
    lambda t, lr, total_iters, start_factor=1.0, end_factor=0.01: (
        lr * (start_factor + (end_factor - start_factor) * min(t // total_iters, 1))
    ),
)
linear_to_the_last = schedule(
    "linear",
    lambda t, lr, total_iters, start_factor=1.0, end_factor=0.01: line(
        min(t, total_iters), lr, start_factor, end_factor, total_iters + 1
    ),
)
cosine_of_whole_turns = schedule("cosine", lambda t, lr, T_max: lr * (1 + math.cos(2 * math.pi * t / T_max)) / 2)
cosine_not_halved = schedule("cosine", lambda t, lr, T_max: lr * max(0.0, math.cos(math.pi * t / T_max)))
constant_decays = schedule("constant", lambda t, lr: lr * 0.99**t)
constant_warms_up = schedule("constant", lambda t, lr: lr * min(1, (t + 1) / 2))
triangular_in_one_step = schedule(
    "triangular", lambda t, low, high, step_size_up: low + (high - low) * (t % step_size_up) / step_size_up
)
triangular_late = schedule(
    "triangular",
    lambda t, low, high, step_size_up: right["triangular"](low, high, step_size_up=2 * step_size_up)(t),
)
triangular_by_whole_division = schedule(
    "triangular",
    lambda t, low, high, step_size_up: low + (high - low) * max(0, 1 - abs(t // step_size_up % 2 - 1)),
)
double_descent = descent(2)

CAUGHT: dict[str, list[Mutant]] = {
    "test_up_to_the_exponent_one_the_rates_add_up_without_end": [power_from_two, power_squared, power_halved],
    "test_above_the_exponent_one_the_rates_have_a_bounded_sum": [power_from_two, power_squared, power_halved],
    "test_square_root_rates_outgrow_the_logarithm_of_their_squares": [
        power_from_two,
        power_squared,
        power_halved,
        power_of_the_rate,
    ],
    "test_on_a_quartic_the_harmonic_rates_leave_every_bound": [power_squared, inverse_from_one, half_descent],
    "test_inverse_time_rates_add_up_without_end_and_their_squares_do_not": [
        inverse_as_a_power,
        inverse_of_a_root,
        inverse_compounded,
        inverse_from_one,
    ],
    "test_the_inverse_of_an_inverse_time_rate_grows_by_its_first_each_half_life": [
        inverse_as_a_power,
        inverse_of_a_root,
    ],
    "test_inverse_time_rates_solve_a_parabola_by_a_power_of_time": [inverse_as_a_power, inverse_compounded, ascent],
    "test_geometric_rates_and_their_stairs_have_the_sums_of_a_series": [
        exponential_from_one,
        exponential_of_gamma,
        step_early,
        step_every_time,
        step_in_fractions,
    ],
    "test_geometric_rates_stop_before_the_minimum": [exponential_linear, exponential_of_gamma, half_descent],
    "test_under_a_constant_slope_geometric_rates_travel_a_bounded_way": [
        exponential_linear,
        exponential_from_one,
        ascent,
    ],
    "test_linear_rates_fall_by_equal_steps_to_their_tail": [
        linear_unclamped,
        linear_back_to_the_start,
        linear_by_whole_division,
        linear_to_the_last,
    ],
    "test_constant_cosine_and_linear_rates_to_nothing_have_their_closed_forms": [
        cosine_of_whole_turns,
        cosine_not_halved,
        constant_decays,
        constant_warms_up,
        linear_to_the_last,
    ],
    "test_harmonic_rates_keep_the_mean_of_the_examples": [power_from_two, power_constant, half_descent],
    "test_harmonic_rates_remove_the_noise_as_the_mean_would": [inverse_from_one, inverse_of_a_root, half_descent],
    "test_no_descent_travels_further_than_its_slopes_and_rates_allow": [double_descent, half_descent],
    "test_averaged_descent_at_a_constant_rate_keeps_to_its_bound": [ascent, half_descent, double_descent],
    "test_at_the_best_constant_rate_the_gap_falls_like_the_root_of_time": [ascent, half_descent],
    "test_triangular_rates_rise_and_fall_in_cycles_of_two_steps": [
        triangular_early,
        triangular_in_one_step,
        triangular_late,
        triangular_by_whole_division,
    ],
    "test_a_cycle_has_the_mean_of_its_ends": [triangular_in_one_step, triangular_late],
}
