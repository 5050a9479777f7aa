"""Wrong penalties, decays and stopping rules, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.numpy import adaptive, multitask, regularization

from .catching import Mutant
from .ensembles import summed
from .line_search import half_a_step
from .quadratics import one_step_short

# The originals, bound before any is replaced.
l2, l1, gradient_of_l2 = regularization.l2_penalty, regularization.l1_penalty, regularization.l2_penalty_gradient
adamw, adam = adaptive.adamw_step, adaptive.adam_step
Stopping, both = regularization.EarlyStopping, multitask.multitask_loss_and_gradient

gradient_without_two = Mutant("regularization", "l2_penalty_gradient", lambda w, s: s * w)
gradient_of_l1 = Mutant("regularization", "l2_penalty_gradient", lambda w, s: s * np.sign(w))
gradient_averaged = Mutant("regularization", "l2_penalty_gradient", lambda w, s: 2 * s * w / w.size)
gradient_negated = Mutant("regularization", "l2_penalty_gradient", lambda w, s: -2 * s * w)
penalty_halved = Mutant("regularization", "l2_penalty", lambda w, s: l2(w, s) / 2)
penalty_not_squared = Mutant("regularization", "l2_penalty", lambda w, s: s * np.sqrt((w**2).sum()))
l1_squared = Mutant("regularization", "l1_penalty", lambda w, s: s * (w**2).sum())
everything_is_a_weight = Mutant("regularization", "weight_mask", lambda network: np.ones(network.parameter_count, bool))
nothing_is_a_weight = Mutant("regularization", "weight_mask", lambda network: np.zeros(network.parameter_count, bool))
threshold_squared = Mutant(
    "regularization", "soft_threshold", lambda w, t: np.sign(w) * np.maximum(np.abs(w) - t * t, 0)
)
hard_threshold = Mutant("regularization", "soft_threshold", lambda w, t: np.where(np.abs(w) > t, w, 0))
no_zeros = Mutant("regularization", "soft_threshold", lambda w, t: w - t * np.sign(w))
plus_gradient = Mutant("stochastic", "sgd_step", lambda p, g, state=None, *, lr: (p + lr * g, None))
rate_on_the_weights = Mutant("stochastic", "sgd_step", lambda p, g, state=None, *, lr: ((1 - lr) * p - lr * g, None))
decay_with_l2 = Mutant(
    "adaptive",
    "adamw_step",
    lambda p, g, state=None, *, lr, eps, weight_decay: adam(p, g + weight_decay * p, state, lr=lr, eps=eps),
)
decay_without_rate = Mutant(
    "adaptive",
    "adamw_step",
    lambda p, g, state=None, *, lr, eps, weight_decay: adamw(
        p, g, state, lr=lr, eps=eps, weight_decay=weight_decay / lr
    ),
)
decay_after_the_step = Mutant(
    "adaptive",
    "adamw_step",
    lambda p, g, state=None, *, lr, eps, weight_decay: (
        adam(p, g, state, lr=lr, eps=eps)[0] * (1 - lr * weight_decay),
        None,
    ),
)


class TiesCount(Stopping):
    """A tie counts as an improvement."""

    def update(self, value: float) -> bool:
        return super().update(np.nextafter(value, -np.inf) if value == self.best else value)


class OneLater(Stopping):
    """Stops one step too late."""

    def update(self, value: float) -> bool:
        super().update(value)
        return self.step - self.best_step > self.patience


class NeverReset(Stopping):
    """Counts all steps without improvement, not the consecutive ones."""

    bad = 0

    def update(self, value: float) -> bool:
        before = self.best
        super().update(value)
        self.bad += value >= before
        return self.bad >= self.patience


ties_count = Mutant("regularization", "EarlyStopping", TiesCount)
one_later = Mutant("regularization", "EarlyStopping", OneLater)
never_reset = Mutant("regularization", "EarlyStopping", NeverReset)


def last_head_only(network: Any, theta: Any, inputs: Any, targets: Any, *, losses: Any, weights: Any) -> Any:
    silenced = [0.0] * (len(weights) - 1) + [weights[-1]]
    return both(network, theta, inputs, targets, losses=losses, weights=silenced)


def weights_forgotten(network: Any, theta: Any, inputs: Any, targets: Any, *, losses: Any, weights: Any) -> Any:
    return both(network, theta, inputs, targets, losses=losses, weights=[1.0] * len(weights))


overwriting = Mutant("multitask", "multitask_loss_and_gradient", last_head_only)
unweighted_heads = Mutant("multitask", "multitask_loss_and_gradient", weights_forgotten)
error_summed = Mutant("losses", "squared_error", lambda s, t: ((s - t) ** 2).sum())
error_of_the_mean = Mutant("losses", "squared_error", lambda s, t: (s.mean() - t.mean()) ** 2)
newton_ignores_the_penalty = Mutant(
    "second_order", "newton_step", lambda w, g, H: w - np.linalg.solve(H, g) * np.trace(H)
)
error_doubled = Mutant("losses", "squared_error", lambda s, t: 2 * ((s - t) ** 2).mean())


CAUGHT = {
    "test_the_gradient_of_the_l2_penalty_is_twice_the_strength_times_the_weight": [
        gradient_without_two,
        gradient_of_l1,
        gradient_averaged,
    ],
    "test_the_penalties_are_the_negative_logarithms_of_their_priors": [penalty_halved, penalty_not_squared, l1_squared],
    "test_the_penalty_leaves_the_gradient_in_the_bias_alone": [everything_is_a_weight, gradient_without_two],
    "test_a_step_with_weight_decay_shrinks_the_weights_and_steps_on_the_loss": [
        everything_is_a_weight,
        gradient_negated,
        plus_gradient,
    ],
    "test_the_soft_threshold_minimizes_the_penalized_parabola": [threshold_squared, hard_threshold, no_zeros],
    "test_for_gradient_descent_coupled_and_decoupled_decay_are_one_step": [gradient_without_two, rate_on_the_weights],
    "test_the_first_step_of_adamw_decays_beside_the_sign_of_the_gradient": [
        decay_with_l2,
        decay_without_rate,
        decay_after_the_step,
    ],
    "test_early_stopping_stops_patience_steps_after_the_first_best": [ties_count, one_later, never_reset],
    "test_stopped_descent_is_a_spectral_filter_of_the_minimum": [half_a_step, one_step_short],
    "test_averaged_over_input_noise_the_squared_error_is_ridge": [error_summed, error_of_the_mean],
    "test_the_heads_gradients_add_up_in_the_trunk": [overwriting, unweighted_heads],
    "test_a_direction_without_data_only_decays": [gradient_without_two, nothing_is_a_weight, plus_gradient],
    "test_more_penalty_fits_worse_and_weighs_less": [newton_ignores_the_penalty],
    "test_the_prediction_averaged_over_transforms_is_no_worse_than_they_are_on_average": [error_doubled, summed],
}
