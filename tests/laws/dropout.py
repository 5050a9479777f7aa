"""Wrong dropout, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.architecture import perceptron
from backproof.reference.numpy import backprop, dropout, ensembles, initialization

from .catching import Mutant, instead_of
from .generalization import a_split_for_each_network, tested_on_the_training_split

# The originals, bound before any is replaced.
true_ensembles_geometric = ensembles.geometric_mean
true_mask = dropout.mask


scale_forgotten = Mutant("dropout", "dropout", lambda a, m, p, inverted=True: a if m is None else a * m)
scaled_by_p = Mutant("dropout", "dropout", lambda a, m, p, inverted=True: a * p if m is None else a * m)
scaled_twice = Mutant("dropout", "dropout", lambda a, m, p, inverted=True: a * (1 - p) ** 2 if m is None else a * m)
always_inverted = Mutant("dropout", "dropout", lambda a, m, p, inverted=True: a if m is None else a * m / (1 - p))
mask_complemented = Mutant(
    "dropout", "dropout", lambda a, m, p, inverted=True: a * (1 - p) if m is None else a * (1 - m)
)
first_unit_kept = Mutant(
    "dropout",
    "dropout",
    lambda a, m, p, inverted=True: a * (1 - p) if m is None else a * np.maximum(m, np.arange(len(m)) == 0),
)
arithmetic_mean = Mutant("ensembles", "geometric_mean", lambda q, w=None: np.tensordot(w, q, axes=1))
unweighted = Mutant("ensembles", "geometric_mean", lambda q, w=None: true_ensembles_geometric(q))
not_normalized = Mutant("ensembles", "geometric_mean", lambda q, w=None: np.exp(np.tensordot(w, np.log(q), axes=1)))
mask_p_kept = Mutant("dropout", "mask", lambda shape, p, rng: (rng.random(shape) < p).astype(np.int8))
mask_p_off = Mutant("dropout", "mask", lambda shape, p, rng: true_mask(shape, min(p + 0.01, 0.999), rng))
mask_half = Mutant("dropout", "mask", lambda shape, p, rng: true_mask(shape, 0.5, rng))
mask_all = Mutant("dropout", "mask", lambda shape, p, rng: np.ones(shape, np.int8))

inverted_by_p = Mutant("dropout", "dropout", lambda a, m, p, inverted=True: a if m is None else a * m / p)
scaled_at_test_too = Mutant(
    "dropout", "dropout", lambda a, m, p, inverted=True: a * (1 - p) if m is None else a * m / (1 - p)
)
monte_carlo, forward = dropout.monte_carlo_probabilities, backprop.forward


def repeated(network: Any, theta: Any, inputs: Any, *, samples: int, rng: Any) -> Any:
    return np.repeat(monte_carlo(network, theta, inputs, samples=1, rng=rng), samples, axis=0)


def at_test(network: Any, theta: Any, inputs: Any, *, samples: int, rng: Any) -> Any:
    logits = forward(network, 5 * theta, inputs)
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.repeat((p / p.sum(axis=-1, keepdims=True))[None], samples, axis=0)


one_mask_for_all = Mutant("dropout", "monte_carlo_probabilities", repeated)
no_mask_at_all = Mutant("dropout", "monte_carlo_probabilities", at_test)


@instead_of("experiments", "forward")
def dropped_in_evaluation(network: Any, theta: Any, inputs: Any) -> Any:
    return forward(network, theta, inputs, masks=dropout.masks(network, len(inputs), np.random.default_rng(0)))


initial_parameters, shared = initialization.initial_parameters, np.random.default_rng(0)
started_from_a_shared_state = Mutant(
    "experiments", "initial_parameters", lambda network, rng: initial_parameters(network, shared)
)
never_dropped = Mutant(
    "experiments", "perceptron", lambda sizes, activation, dropout=0.0: perceptron(sizes, activation)
)


CAUGHT = {
    "test_the_pass_at_test_time_is_softmax_of_the_scaled_weights": [scale_forgotten, scaled_by_p, scaled_twice],
    "test_the_geometric_mean_over_all_masks_is_softmax_of_the_scaled_weights": [
        arithmetic_mean,
        unweighted,
        not_normalized,
        mask_complemented,
        first_unit_kept,
        always_inverted,
    ],
    "test_the_mean_over_all_masks_is_the_pass_at_test_time": [
        scale_forgotten,
        scaled_by_p,
        always_inverted,
        mask_complemented,
    ],
    "test_a_unit_is_dropped_with_probability_p": [mask_p_kept, mask_p_off, mask_half, mask_all],
    "test_a_masked_sum_has_the_proved_mean_and_variance": [mask_complemented, first_unit_kept, always_inverted],
    "test_inverted_dropout_keeps_the_mean_and_has_the_proved_variance": [inverted_by_p, scaled_at_test_too],
    "test_weight_scaling_never_overestimates_a_relu": [scale_forgotten, scaled_by_p],
    "test_averaged_over_the_masks_the_squared_error_is_ridge": [mask_complemented, always_inverted, first_unit_kept],
    "test_monte_carlo_dropout_approaches_the_exact_average": [one_mask_for_all, no_mask_at_all],
    "test_a_geometric_mean_is_at_most_the_arithmetic_one": [arithmetic_mean, unweighted],
    "test_networks_trained_with_dropout_are_measured_whole": [
        dropped_in_evaluation,
        a_split_for_each_network,
        tested_on_the_training_split,
    ],
    "test_equal_seeds_give_equal_runs_with_dropout_and_without": [started_from_a_shared_state, never_dropped],
}
