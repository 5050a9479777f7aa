"""Wrong adaptive rules, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import adam, adaptive, momentum, stochastic

from .catching import Mutant

# The originals, bound before any is replaced.
right_adagrad, right_adam = adaptive.adagrad_step, adaptive.adam_step
right_amsgrad, right_sgd = adaptive.amsgrad_step, stochastic.sgd_step
Ball = momentum.MomentumState
Rule = Callable[..., Any]


def beside(square: Any, eps: float, inside: bool) -> Any:
    root = np.sqrt(square + eps) if inside else np.sqrt(square) + eps
    return np.where(root == 0, 1, root)


def without_root(square: Any, eps: float, inside: bool) -> Any:
    return np.where(square + eps == 0, 1, square + eps)


def always_inside(square: Any, eps: float, inside: bool) -> Any:
    return beside(square, eps, True)


def always_outside(square: Any, eps: float, inside: bool) -> Any:
    return beside(square, eps, False)


def adagrad(accumulate: Rule = lambda s, g, t: s + g * g, root: Rule = beside, late: bool = False) -> Mutant:
    """AdaGrad with another sum or root; `late` divides by the sum before the step's own gradient."""

    def step(
        theta: Any, g: Any, state: Any = None, *, lr: Any = 0.01, eps: float = 1e-10,
        initial_accumulator_value: float = 0.0, eps_inside: bool = False,
    ) -> Any:  # fmt: skip
        s = np.full_like(theta, initial_accumulator_value) if state is None else state.square_sum
        t = 1 if state is None else state.step + 1
        after = accumulate(s, g, t)
        theta = theta - lr * g / root(s if late else after, eps, eps_inside)
        return theta, adaptive.AdaGradState(t, after)

    return Mutant("adaptive", "adagrad_step", step)


def rmsprop(average: Rule = lambda s, g, a: a * s + (1 - a) * g * g, root: Rule = beside, late: bool = False) -> Mutant:
    def step(
        theta: Any, g: Any, state: Any = None, *, lr: Any = 0.01, alpha: float = 0.99, eps: float = 1e-8,
        eps_inside: bool = False,
    ) -> Any:  # fmt: skip
        s, t = (np.zeros_like(theta), 1) if state is None else (state.square, state.step + 1)
        after = average(s, g, alpha)
        theta = theta - lr * g / root(s if late else after, eps, eps_inside)
        return theta, adaptive.RMSPropState(t, after)

    return Mutant("adaptive", "rmsprop_step", step)


def rmsprop_nesterov(velocity: Rule, root: Rule = beside) -> Mutant:
    """RMSProp's square, and v <- velocity(v, push, mu)."""

    def step(
        theta: Any, g: Any, state: Any = None, *, lr: Any = 0.01, momentum: float = 0.9, alpha: float = 0.99,
        eps: float = 1e-8, eps_inside: bool = False,
    ) -> Any:  # fmt: skip
        zero = np.zeros_like(theta)
        s, v, t = (zero, zero, 1) if state is None else (state.square, state.velocity, state.step + 1)
        s = alpha * s + (1 - alpha) * g * g
        v = velocity(v, lr * g / root(s, eps, eps_inside), momentum)
        return theta + v, adaptive.RMSPropNesterovState(t, s, v)

    return Mutant("adaptive", "rmsprop_nesterov_step", step)


def adadelta(update: Rule) -> Mutant:
    """AdaDelta with u = update(g, s, a, eps, rho), s the new average of squares, a the old one of the updates."""

    def step(theta: Any, g: Any, state: Any = None, *, lr: Any = 1.0, rho: float = 0.95, eps: float = 1e-6) -> Any:
        zero = np.zeros_like(theta)
        s, a, t = (zero, zero, 1) if state is None else (state.square, state.square_update, state.step + 1)
        s = rho * s + (1 - rho) * g * g
        u = update(g, s, a, eps, rho)
        return theta - lr * u, adaptive.AdaDeltaState(t, s, rho * a + (1 - rho) * u * u)

    return Mutant("adaptive", "adadelta_step", step)


def adam_rule(
    first: Rule = lambda m, g, b: b * m + (1 - b) * g,
    second: Rule = lambda v, g, b, m: b * v + (1 - b) * g * g,
    correct: Rule = lambda x, b, t: x / (1 - b**t),
    root: Rule = beside,
) -> Mutant:
    def step(
        theta: Any, g: Any, state: Any = None, *, lr: Any = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8,
        eps_inside: bool = False,
    ) -> Any:  # fmt: skip
        zero = np.zeros_like(theta)
        m, v, t = (zero, zero, 1) if state is None else (state.first_moment, state.second_moment, state.step + 1)
        m = first(m, g, betas[0])
        v = second(v, g, betas[1], m)
        theta = theta - lr * correct(m, betas[0], t) / root(correct(v, betas[1], t), eps, eps_inside)
        return theta, adam.AdamState(t, m, v)

    return Mutant("adaptive", "adam_step", step)


def swapped(theta: Any, g: Any, state: Any = None, *, betas: Any = (0.9, 0.999), **hyper: Any) -> Any:
    return right_adam(theta, g, state, betas=betas[::-1], **hyper)


def compounding(theta: Any, g: Any, state: Any = None, *, betas: Any = (0.9, 0.999), **hyper: Any) -> Any:
    """The corrections written back into the state."""
    theta, state = right_adam(theta, g, state, betas=betas, **hyper)
    m, v = (x / (1 - b**state.step) for x, b in zip((state.first_moment, state.second_moment), betas, strict=True))
    return theta, adam.AdamState(state.step, m, v)


def amsgrad_without_maximum(theta: Any, g: Any, state: Any, **hyper: Any) -> Any:
    theta, after = right_adam(theta, g, adam.AdamState(state.step, state.first_moment, state.second_moment), **hyper)
    v = after.second_moment
    return theta, adam.AMSGradState(after.step, after.first_moment, v, v)


def adam_with_maximum(theta: Any, g: Any, state: Any, **hyper: Any) -> Any:
    v = state.second_moment
    theta, after = right_amsgrad(theta, g, adam.AMSGradState(state.step, state.first_moment, v, v), **hyper)
    return theta, adam.AdamState(after.step, after.first_moment, after.largest)


def ball(update: Rule) -> Mutant:
    def step(theta: Any, g: Any, state: Any = None, *, lr: Any, momentum: Any = 0.9) -> Any:
        v, t = (np.zeros_like(theta), 1) if state is None else (state.velocity, state.step + 1)
        v = update(v, g, lr, momentum)
        return theta + v, Ball(t, v)

    return Mutant("momentum", "heavy_ball_step", step)


def jacobs(larger: Callable[[Any], Any]) -> Mutant:
    """Delta-bar-delta without an average, whose rate grows where larger(old gradient times new gradient)."""

    def step(theta: Any, g: Any, state: Any = None, *, lr: Any, kappa: Any, phi: Any, decay: Any) -> Any:
        if state is None:
            return theta - lr * g, adaptive.DeltaBarDeltaState(1, np.full_like(theta, lr), g)
        rates = np.where(larger(state.mean * g), state.rates + kappa, state.rates * (1 - phi))
        return theta - rates * g, adaptive.DeltaBarDeltaState(state.step + 1, rates, g)

    return Mutant("adaptive", "delta_bar_delta_step", step)


smaller_on_agreement = jacobs(lambda product: product < 0)
never_larger = jacobs(lambda product: product > np.inf)


def descent(factor: float) -> Mutant:
    return Mutant(
        "stochastic", "sgd_step", lambda theta, g, state=None, *, lr: right_sgd(theta, factor * g, state, lr=lr)
    )


adagrad_forgets = adagrad(lambda s, g, t: 0.9 * s + 0.1 * g * g)
adagrad_overwrites = adagrad(lambda s, g, t: g * g)
adagrad_printed = adagrad(lambda s, g, t: t * g * g)  # the deck's sum of k copies of the newest square
adagrad_squares_the_sum = adagrad(lambda s, g, t: (np.sqrt(s) + np.abs(g)) ** 2)
adagrad_does_not_square = adagrad(lambda s, g, t: s + np.abs(g))
adagrad_counts_twice = adagrad(lambda s, g, t: s + 2 * g * g)
adagrad_without_root = adagrad(root=without_root)
adagrad_late = adagrad(late=True)
adagrad_inside = adagrad(root=always_inside)
adagrad_outside = adagrad(root=always_outside)
adagrad_climbs = Mutant(
    "adaptive", "adagrad_step", lambda th, g, s=None, **h: (2 * th - (r := right_adagrad(th, g, s, **h))[0], r[1])
)
rmsprop_swapped = rmsprop(lambda s, g, a: (1 - a) * s + a * g * g)
rmsprop_sums = rmsprop(lambda s, g, a: s + (1 - a) * g * g)
rmsprop_undamped = rmsprop(lambda s, g, a: a * s + g * g)
rmsprop_without_root = rmsprop(root=without_root)
rmsprop_late = rmsprop(late=True)
rmsprop_inside = rmsprop(root=always_inside)
rmsprop_outside = rmsprop(root=always_outside)
rmsprop_never_forgets_silence = rmsprop(lambda s, g, a: np.where(g == 0, s, a * s + (1 - a) * g * g))
nesterov_forgets = rmsprop_nesterov(lambda v, push, mu: -push)
nesterov_undamped = rmsprop_nesterov(lambda v, push, mu: v - push)
nesterov_averages = rmsprop_nesterov(lambda v, push, mu: mu * v - (1 - mu) * push)
nesterov_climbs = rmsprop_nesterov(lambda v, push, mu: mu * v + push)
nesterov_without_root = rmsprop_nesterov(lambda v, push, mu: mu * v - push, without_root)
nesterov_outside = rmsprop_nesterov(lambda v, push, mu: mu * v - push, always_outside)
nesterov_without_delta = rmsprop_nesterov(lambda v, push, mu: mu * v - push, lambda s, eps, inside: np.sqrt(s))
adadelta_current = adadelta(  # u on both sides: its own average in its numerator
    lambda g, s, a, eps, rho: np.sqrt((rho * a + eps) / np.maximum(s + eps - (1 - rho) * g * g, 1e-300)) * g
)
adadelta_without_eps_above = adadelta(lambda g, s, a, eps, rho: np.sqrt(a) / np.sqrt(s + eps) * g)
adadelta_eps_outside = adadelta(lambda g, s, a, eps, rho: (np.sqrt(a) + eps) / (np.sqrt(s) + eps) * g)
adadelta_without_roots = adadelta(lambda g, s, a, eps, rho: (a + eps) / (s + eps) * g)
adam_drops_the_share = adam_rule(first=lambda m, g, b: b * m + g)
adam_never_forgets = adam_rule(second=lambda v, g, b, m: v + (1 - b) * g * g)
adam_centered = adam_rule(second=lambda v, g, b, m: b * v + (1 - b) * (g - m) ** 2)
adam_starts_with_g = adam_rule(first=lambda m, g, b: np.where(m == 0, g, b * m + (1 - b) * g))
adam_uncorrected = adam_rule(correct=lambda x, b, t: x)
adam_one_late = adam_rule(correct=lambda x, b, t: x / (1 - b ** max(t - 1, 1)))
adam_one_early = adam_rule(correct=lambda x, b, t: x / (1 - b ** (t + 1)))
adam_inside = adam_rule(root=always_inside)
adam_outside = adam_rule(root=always_outside)
adam_without_root = adam_rule(root=without_root)
adam_swapped = Mutant("adaptive", "adam_step", swapped)
adam_compounds = Mutant("adaptive", "adam_step", compounding)
adam_keeps_the_largest = Mutant("adaptive", "adam_step", adam_with_maximum)
amsgrad_forgets = Mutant("adaptive", "amsgrad_step", amsgrad_without_maximum)
buffer_averages = Mutant(
    "momentum",
    "heavy_ball_buffer_step",
    lambda th, g, s=None, *, lr, momentum: (
        th,
        Ball(1, momentum * (0 if s is None else s.velocity) + (1 - momentum) * g),
    ),
)
ball_averages = ball(lambda v, g, lr, mu: mu * v - (1 - mu) * lr * g)
ball_looks_back = ball(lambda v, g, lr, mu: -mu * v - lr * g)
ascent, half_descent, slow_descent = descent(-1), descent(0.5), descent(0.2)

CAUGHT: dict[str, list[Mutant]] = {
    "test_adagrad_holds_the_sum_of_all_squares": [
        adagrad_forgets,
        adagrad_overwrites,
        adagrad_printed,
        adagrad_squares_the_sum,
        adagrad_does_not_square,
    ],
    "test_under_a_constant_gradient_adagrads_steps_shrink_like_the_root_of_time": [
        adagrad_late,
        adagrad_without_root,
        adagrad_forgets,
        adagrad_overwrites,
    ],
    "test_adagrads_first_step_lacks_its_share_of_eps": [adagrad_inside, adagrad_without_root, adagrad_climbs],
    "test_adagrad_is_blind_to_the_scale_of_the_gradients": [adagrad_without_root, adagrad_printed, adagrad_late],
    "test_adagrads_steps_keep_to_the_lemma_behind_its_regret": [
        adagrad_without_root,
        adagrad_forgets,
        adagrad_overwrites,
    ],
    "test_adagrads_regret_stays_below_its_bound": [adagrad_without_root, adagrad_late],
    "test_on_a_parabola_adagrads_rate_stays_above_its_limit": [
        adagrad_counts_twice,
        adagrad_without_root,
        adagrad_squares_the_sum,
    ],
    "test_rmsprop_holds_the_average_of_the_squares": [rmsprop_swapped, rmsprop_sums, rmsprop_undamped],
    "test_without_gradients_rmsprop_forgets": [rmsprop_swapped, rmsprop_sums, rmsprop_never_forgets_silence],
    "test_rmsprops_longest_step_is_its_first": [rmsprop_late, rmsprop_without_root, rmsprop_swapped, rmsprop_undamped],
    "test_rmsprop_is_blind_to_the_scale_of_the_gradients": [rmsprop_without_root, rmsprop_late, rmsprop_sums],
    "test_rmsprop_circles_half_a_rate_from_the_minimum": [rmsprop_without_root, rmsprop_sums, rmsprop_undamped],
    "test_eps_inside_the_root_shortens_the_step_at_most_by_root_two": [
        adagrad_inside,
        adagrad_outside,
        rmsprop_inside,
        rmsprop_outside,
        adam_inside,
        adam_outside,
    ],
    "test_without_momentum_rmsprop_nesterov_is_rmsprop": [nesterov_undamped, nesterov_outside, nesterov_climbs],
    "test_rmsprop_nesterov_leaves_a_coordinate_without_gradient_alone": [
        nesterov_without_delta,
        nesterov_forgets,
        nesterov_undamped,
    ],
    "test_rmsprop_nesterovs_velocity_is_bounded": [nesterov_without_root, nesterov_averages, nesterov_undamped],
    "test_adadelta_is_rmsprop_with_the_root_of_its_past_updates_for_a_rate": [
        adadelta_current,
        adadelta_without_eps_above,
        adadelta_eps_outside,
    ],
    "test_adadeltas_first_step_does_not_know_the_gradient": [
        adadelta_current,
        adadelta_without_eps_above,
        adadelta_eps_outside,
        adadelta_without_roots,
    ],
    "test_adam_holds_averages_of_the_gradients_and_of_their_squares": [
        adam_drops_the_share,
        adam_swapped,
        adam_centered,
        adam_compounds,
    ],
    "test_under_a_constant_gradient_adams_moments_lack_the_weights_of_the_past": [
        adam_compounds,
        adam_starts_with_g,
        adam_centered,
        adam_swapped,
    ],
    "test_adams_first_moment_is_a_share_of_the_momentum_buffer": [adam_drops_the_share, adam_swapped, buffer_averages],
    "test_with_its_defaults_adam_takes_equal_steps_under_a_constant_gradient": [
        adam_uncorrected,
        adam_one_late,
        adam_one_early,
        adam_inside,
        adam_compounds,
    ],
    "test_adam_is_blind_to_the_scale_of_the_gradients": [adam_without_root, adam_swapped, adam_one_early],
    "test_growing_gradients_attain_adams_longest_step": [adam_swapped, adam_drops_the_share, adam_compounds],
    "test_adams_first_moment_stays_below_its_share_of_the_second": [
        adam_swapped,
        adam_drops_the_share,
        adam_starts_with_g,
    ],
    "test_adam_without_momentum_is_rmsprop_but_for_the_correction": [
        adam_uncorrected,
        adam_one_late,
        adam_one_early,
        rmsprop_swapped,
    ],
    "test_on_a_parabola_adaptive_rules_are_blind_to_its_curvature": [
        adagrad_without_root,
        adagrad_forgets,
        rmsprop_without_root,
        rmsprop_late,
        adam_without_root,
        adam_uncorrected,
    ],
    "test_for_gradient_descent_curvature_is_a_factor_of_the_rate": [ascent, half_descent],
    "test_on_a_smooth_convex_function_the_gap_falls_like_one_over_time": [ascent, slow_descent],
    "test_gradient_descent_leaves_a_saddle_by_a_factor_a_step": [ascent, half_descent],
    "test_the_heavy_ball_leaves_a_saddle_at_least_as_fast": [ball_averages, ball_looks_back],
    "test_rmsprops_first_step_away_from_a_saddle_does_not_know_the_distance": [
        rmsprop_without_root,
        rmsprop_swapped,
        rmsprop_undamped,
    ],
    "test_on_three_losses_in_turn_adam_climbs_where_descent_descends": [
        adam_keeps_the_largest,
        adam_never_forgets,
        half_descent,
    ],
    "test_on_three_losses_in_turn_amsgrad_descends": [amsgrad_forgets],
    "test_successive_gradients_agree_exactly_below_the_best_rate": [ascent, half_descent],
    "test_jacobs_rate_grows_exactly_while_it_is_below_the_best_one": [smaller_on_agreement, never_larger],
}
