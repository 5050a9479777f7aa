"""Wrong ensembles, and the laws that fail on each."""

from __future__ import annotations

import numpy as np

from .catching import Mutant

median = Mutant("ensembles", "ensemble_mean", lambda p: np.median(p, axis=0))
first_member = Mutant("ensembles", "ensemble_mean", lambda p: p[0])
summed = Mutant("ensembles", "ensemble_mean", lambda p: p.sum(axis=0))
bessel = Mutant("ensembles", "ensemble_mean", lambda p: p.sum(axis=0) / max(len(p) - 1, 1))
last_forgotten = Mutant("ensembles", "ensemble_mean", lambda p: p[: max(len(p) - 1, 1)].sum(axis=0) / len(p))
best_member = Mutant("ensembles", "ensemble_mean", lambda p: np.where(np.abs(p).max(axis=0) > 0, p.max(axis=0), p[0]))
doubled = Mutant("ensembles", "ensemble_mean", lambda p: 2 * p.mean(axis=0))


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
}
