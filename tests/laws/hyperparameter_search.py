"""Wrong folds, wrong ranges and wrong trials, and the laws that fail on each."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from backproof.reference.numpy import generalization, hyperparameter_search

from .catching import Mutant

# The originals, bound before any is replaced.
Range, folded = hyperparameter_search.Range, generalization.kfold_indices
drawn, gridded, narrowed = (
    hyperparameter_search.random_search,
    hyperparameter_search.grid_search,
    hyperparameter_search.coarse_to_fine,
)


def overlapping(n: int, folds: int, rng: Any) -> Any:
    return [(np.concatenate([kept, held[:1]]), held) for kept, held in folded(n, folds, rng)]


def independent(n: int, folds: int, rng: Any) -> Any:
    return [(kept, rng.choice(n, len(held))) for kept, held in folded(n, folds, rng)]


def unshuffled(n: int, folds: int, rng: Any) -> Any:
    parts = np.array_split(np.arange(n), folds)
    return [(np.setdiff1d(np.arange(n), held), held) for held in parts]


def tail_in_the_last(n: int, folds: int, rng: Any) -> Any:
    order, size = rng.permutation(n), n // folds
    cuts = [*(i * size for i in range(folds)), n]
    parts = [order[low:high] for low, high in pairwise(cuts)]
    return [(np.setdiff1d(order, held), held) for held in parts]


training_holds_an_example_held_out = Mutant("generalization", "kfold_indices", overlapping)
folds_drawn_independently = Mutant("generalization", "kfold_indices", independent)
folds_in_order = Mutant("generalization", "kfold_indices", unshuffled)
one_long_fold = Mutant("generalization", "kfold_indices", tail_in_the_last)


class NeverNarrower(Range):
    """Keeps its width."""

    def around(self, value: float, shrink: float) -> Any:
        return self


class TwiceAsWide(Range):
    """Takes the fraction to either side."""

    def around(self, value: float, shrink: float) -> Any:
        narrow = Range(self.low, self.high, self.log).around(value, min(1.0, 2 * shrink))
        return TwiceAsWide(narrow.low, narrow.high, narrow.log)


class Plain(Range):
    """Draws uniformly, logarithmic or not."""

    def draws(self, count: int, rng: Any) -> Any:
        return rng.uniform(self.low, self.high, count)


class Exponential(Range):
    """Takes e for 10: exp of a uniform exponent."""

    def draws(self, count: int, rng: Any) -> Any:
        return np.exp(rng.uniform(np.log10(self.low), np.log10(self.high), count))


def about_the_last(objective: Any, space: Any, *, stages: int, trials: int, rng: Any, shrink: float) -> Any:
    found: list[Any] = []
    for _ in range(stages):
        if found:
            space = {name: scale.around(found[-1].trials[name][-1], shrink) for name, scale in space.items()}
        found.append(drawn(objective, space, trials=trials, rng=rng))
    return found


def never_narrowed(objective: Any, space: Any, *, stages: int, trials: int, rng: Any, shrink: float) -> Any:
    return [drawn(objective, space, trials=trials, rng=rng) for _ in range(stages)]


def a_stage_short(objective: Any, space: Any, *, stages: int, **keywords: Any) -> Any:
    return narrowed(objective, space, stages=max(stages - 1, 1), **keywords)


def diagonal(objective: Any, space: Any, *, trials: int, rng: Any) -> Any:
    seed = int(rng.integers(2**32))
    values = {name: scale.draws(trials, np.random.default_rng(seed)) for name, scale in space.items()}
    return hyperparameter_search._search(objective, values)


def same_trials(objective: Any, space: Any, *, trials: int, rng: Any) -> Any:
    values = {name: np.repeat(scale.draws(1, rng), trials) for name, scale in space.items()}
    return hyperparameter_search._search(objective, values)


keeps_its_width = Mutant("hyperparameter_search", "Range", NeverNarrower)
twice_as_wide = Mutant("hyperparameter_search", "Range", TwiceAsWide)
uniform_draws = Mutant("hyperparameter_search", "Range", Plain)
natural_exponent = Mutant("hyperparameter_search", "Range", Exponential)
last_trial_in_the_middle = Mutant("hyperparameter_search", "coarse_to_fine", about_the_last)
same_range_each_stage = Mutant("hyperparameter_search", "coarse_to_fine", never_narrowed)
one_stage_short = Mutant("hyperparameter_search", "coarse_to_fine", a_stage_short)
one_draw_for_all_axes = Mutant("hyperparameter_search", "random_search", diagonal)
one_trial_repeated = Mutant("hyperparameter_search", "random_search", same_trials)
a_point_more = Mutant(
    "hyperparameter_search", "grid_search", lambda f, space, points: gridded(f, space, points=points + 1)
)
one_trial_more = Mutant(
    "hyperparameter_search", "random_search", lambda f, space, trials, rng: drawn(f, space, trials=trials + 1, rng=rng)
)

CAUGHT = {
    "test_the_folds_are_a_partition_into_two_sizes": [
        training_holds_an_example_held_out,
        folds_drawn_independently,
        one_long_fold,
    ],
    "test_the_score_of_the_folds_is_unbiased": [folds_in_order],
    "test_each_stage_searches_a_narrower_range_about_the_best_so_far": [
        last_trial_in_the_middle,
        same_range_each_stage,
        one_stage_short,
        twice_as_wide,
    ],
    "test_a_range_about_its_middle_halves_with_each_stage": [keeps_its_width, twice_as_wide],
    "test_a_logarithmic_range_draws_each_interval_with_its_share_of_the_decades": [uniform_draws, natural_exponent],
    "test_random_trials_differ_in_every_coordinate_and_those_of_a_grid_repeat": [
        one_draw_for_all_axes,
        one_trial_repeated,
        a_point_more,
    ],
    "test_random_trials_miss_with_the_proved_probability_in_any_dimension": [one_trial_repeated, one_trial_more],
}
