"""Wrong dropout, and the laws that fail on each."""

from __future__ import annotations

import numpy as np

from backproof.reference.numpy import dropout, ensembles

from .catching import Mutant

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
}
