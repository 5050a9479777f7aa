"""Laws of hyperparameter search: folds, narrowing ranges, logarithmic scales, random trials against grids."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import EPS, magnitudes, seeds

EXAMPLES = 10  # of the laws that draw


@law("cross-validation")
@given(seeds(), st.integers(2, 9), st.integers(1, 6), st.integers(0, 8))
def test_the_folds_are_a_partition_into_two_sizes(backend: Backend, seed: int, folds: int, q: int, r: int) -> None:
    r = r % folds
    n = int(oracle("cross-validation", "folds of two sizes cover the examples").exact(V=folds, q=q, r=r)) + r
    parts = [
        (backend.to_numpy(kept), backend.to_numpy(held))
        for kept, held in backend.generalization.kfold_indices(n, folds, np.random.default_rng(seed))
    ]
    assert sorted(len(held) for _, held in parts) == [q] * (folds - r) + [q + 1] * r
    assert sorted(np.concatenate([held for _, held in parts]).tolist()) == list(range(n))
    for kept, held in parts:  # nothing leaks from one into the other
        assert sorted([*kept.tolist(), *held.tolist()]) == list(range(n))


@law("cross-validation")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(2, 4), st.integers(1, 2))
def test_the_score_of_the_folds_is_unbiased(backend: Backend, seed: int, folds: int, size: int) -> None:
    """Hoeffding at 1e-9 over all examples; with 1000 splits a first fold that is never shuffled is always found."""
    rng, n, splits = np.random.default_rng(seed), folds * size, 1000
    losses = np.eye(n)[0]  # one example has loss 1
    drawn = [backend.generalization.kfold_indices(n, folds, rng)[0][1] for _ in range(splits)]
    score = np.mean([losses[backend.to_numpy(held)].mean() for held in drawn])
    claim = oracle("cross-validation", "the score is unbiased")
    expected = float(claim.float64(u=np.ones(n), l=np.tile(losses, (folds, 1))))
    assert abs(score - expected) <= np.sqrt(np.log(2 * EXAMPLES / FALSE_ALARM) / (2 * splits)) / size


@law("coarse-to-fine")
@given(seeds(), st.integers(1, 6), magnitudes(1e-3, 1e3))
def test_each_stage_searches_a_narrower_range_about_the_best_so_far(
    backend: Backend, seed: int, stages: int, width: float
) -> None:
    search, rng = backend.hyperparameter_search, np.random.default_rng(seed)
    low, target = rng.uniform(-1, 1), rng.uniform(0, 1)
    runs = search.coarse_to_fine(
        lambda trials: np.abs(trials["x"] - low - width * target),
        {"x": search.Range(low, low + width)},
        stages=stages,
        trials=4,
        rng=rng,
        shrink=0.5,
    )
    assert len(runs) == stages
    best, loss = None, np.inf
    for stage, found in enumerate(runs):
        at = float(oracle("coarse-to-fine", "width after k halvings").float64(width=width, k=stage))
        trials = np.asarray(found.trials["x"])
        assert (trials >= low - 4 * EPS * (1 + width)).all()
        assert (trials <= low + width + 4 * EPS * (1 + width)).all()
        if best is not None:
            assert np.abs(trials - best).max() <= at / 2 + 8 * EPS * (1 + width)
        if found.best_loss < loss:
            best, loss = found.best["x"], found.best_loss


@law("coarse-to-fine")
@given(magnitudes(1e-3, 1e3), st.integers(0, 20), st.booleans())
def test_a_range_about_its_middle_halves_with_each_stage(backend: Backend, width: float, k: int, log: bool) -> None:
    ranges = backend.hyperparameter_search.Range
    at = ranges(1.0, float(np.exp(width / 200)), log=True) if log else ranges(1.0, 1.0 + width)
    total = np.log(at.high) if log else width
    for _ in range(k):
        at = at.around(float(at.points(1)[0]), 0.5)
    measured = np.log(at.high) - np.log(at.low) if log else at.high - at.low
    expected = float(oracle("coarse-to-fine", "width after k halvings").float64(width=total, k=k))
    # Both ends are rounded in units of themselves.
    assert abs(measured - expected) <= 8 * (k + 1) * EPS * (2 + total)


@law("log-uniform-sampling")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(-6, 0), st.integers(1, 7), magnitudes(1e-2, 0.9))
def test_a_logarithmic_range_draws_each_interval_with_its_share_of_the_decades(
    backend: Backend, seed: int, low: int, decades: int, share: float
) -> None:
    """Exact tests, 1e-9 over all; 20 000 draws tell a probability of 1/2 from .475 with power above 0.99."""
    rng, count = np.random.default_rng(seed), 20_000
    scale = backend.hyperparameter_search.Range(10.0**low, 10.0 ** (low + decades), log=True)
    drawn = np.asarray(scale.draws(count, rng))
    start = 10.0 ** (low + rng.uniform(0, decades * (1 - share)))
    length = start * (10.0 ** (share * decades) - 1)
    inside = int(((drawn >= start) & (drawn <= start + length)).sum())
    claim = oracle("log-uniform-sampling", "probability of a range")
    chance = float(claim.float64(A=start, length=length, w=decades))
    assert scipy.stats.binomtest(inside, count, chance).pvalue >= FALSE_ALARM / (2 * EXAMPLES)
    decade = float(oracle("log-uniform-sampling", "probability of a decade").float64(w=decades))
    first = int((drawn <= 10.0 ** (low + 1)).sum())
    assert scipy.stats.binomtest(first, count, min(decade, 1.0)).pvalue >= FALSE_ALARM / (2 * EXAMPLES)


@law("random-search")
@given(seeds(), st.integers(1, 4), st.integers(1, 3))
def test_random_trials_differ_in_every_coordinate_and_those_of_a_grid_repeat(
    backend: Backend, seed: int, points: int, d: int
) -> None:
    search, rng = backend.hyperparameter_search, np.random.default_rng(seed)
    space = {f"x{axis}": search.Range(0.0, 1.0) for axis in range(d)}
    count = int(oracle("random-search", "trials of a grid").exact(m_axis=points, d=d))
    grid = search.grid_search(lambda trials: trials["x0"], space, points=points)
    drawn = search.random_search(lambda trials: trials["x0"], space, trials=count, rng=rng)
    assert len(grid.losses) == len(drawn.losses) == count
    assert len({tuple(row) for row in zip(*grid.trials.values(), strict=True)}) == count
    for axis in space:
        assert len(np.unique(grid.trials[axis])) == points
        assert len(np.unique(drawn.trials[axis])) == count
    # No coordinate tells another: on the diagonal none would.
    columns = [tuple(values) for values in drawn.trials.values()]
    assert len(set(columns)) == d


@law("random-search")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(1, 8), st.integers(1, 9).map(lambda i: i / 10), st.integers(1, 3))
def test_random_trials_miss_with_the_proved_probability_in_any_dimension(
    backend: Backend, seed: int, k: int, q: float, d: int
) -> None:
    """Exact tests, 1e-9 over all; 1000 searches tell a probability of 1/2 from .35 with power above 0.99."""
    search, rng, count = backend.hyperparameter_search, np.random.default_rng(seed), 1000
    space = {f"x{axis}": search.Range(0.0, 1.0) for axis in range(d)}
    missed = sum(
        search.random_search(lambda trials: trials["x0"] >= q, space, trials=k, rng=rng).best_loss for _ in range(count)
    )
    chance = float(oracle("random-search", "all k trials miss").exact(q=Fraction(q), k=k))
    assert scipy.stats.binomtest(int(missed), count, chance).pvalue >= FALSE_ALARM / EXAMPLES
