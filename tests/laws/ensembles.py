"""Wrong ensembles, and the laws that fail on each."""

from __future__ import annotations

import numpy as np

from backproof.reference.numpy import activations, backprop

from .catching import Mutant

median = Mutant("ensembles", "ensemble_mean", lambda p: np.median(p, axis=0))
first_member = Mutant("ensembles", "ensemble_mean", lambda p: p[0])
summed = Mutant("ensembles", "ensemble_mean", lambda p: p.sum(axis=0))
bessel = Mutant("ensembles", "ensemble_mean", lambda p: p.sum(axis=0) / max(len(p) - 1, 1))
last_forgotten = Mutant("ensembles", "ensemble_mean", lambda p: p[: max(len(p) - 1, 1)].sum(axis=0) / len(p))
best_member = Mutant("ensembles", "ensemble_mean", lambda p: np.where(np.abs(p).max(axis=0) > 0, p.max(axis=0), p[0]))
doubled = Mutant("ensembles", "ensemble_mean", lambda p: 2 * p.mean(axis=0))

softmax, forward = activations.softmax, backprop.forward
# Sharpened: averaged logits alone only move the mean within the bounds that the laws know.
logits_averaged = Mutant(
    "ensembles", "ensemble_probabilities", lambda network, theta, x: np.exp(forward(network, theta, x)).mean(axis=0)
)
first_network = Mutant(
    "ensembles", "ensemble_probabilities", lambda network, theta, x: softmax(-forward(network, theta, x)).mean(axis=0)
)
without_replacement = Mutant(
    "ensembles", "bootstrap_indices", lambda n, members, rng: np.stack([rng.permutation(n) for _ in range(members)])
)
one_draw_too_many = Mutant(
    "ensembles", "bootstrap_indices", lambda n, members, rng: rng.integers(0, n, (members, n + 3))
)
last_checkpoint = Mutant("ensembles", "weight_average", lambda thetas: thetas[-1])
half_weights = Mutant("ensembles", "weight_average", lambda thetas: thetas.sum(axis=0) / (len(thetas) + 1))


CAUGHT = {
    "test_the_mean_squared_error_of_the_mean_is_v_over_k_plus_the_shared_part": [
        median,
        first_member,
        summed,
        bessel,
        last_forgotten,
    ],
    "test_equal_members_gain_nothing": [summed, doubled, last_forgotten],
    "test_averaging_never_hurts": [summed, doubled, best_member],
    "test_the_error_of_the_mean_is_the_mean_error_less_the_spread": [median, bessel, last_forgotten],
    "test_the_mean_of_probabilities_is_a_distribution_with_less_log_loss": [logits_averaged, first_network],
    "test_a_member_misses_an_example_as_often_as_n_draws_do": [without_replacement, one_draw_too_many],
    "test_averaged_weights_of_affine_models_give_the_averaged_outputs": [last_checkpoint, half_weights],
}
