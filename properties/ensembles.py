"""Laws of ensembles: the squared error of the mean, from the members' own second moments."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, magnitudes, seeds

THEOREM = "ensemble-mean-squared-error"


def errors(members: int, points: int, scale: float, shared: float, seed: int) -> np.ndarray:
    """Errors `(members, points)` whose members share a part, with any correlation from none to full."""
    rng = np.random.default_rng(seed)
    return scale * ((1 - shared) * rng.standard_normal((members, points)) + shared * rng.standard_normal(points))


def moments(e: np.ndarray) -> tuple[float, float]:
    """v, the mean square over members and points, and c, the mean product of two different members."""
    k = len(e)
    square = float((e**2).mean())
    cross = (float((e.sum(axis=0) ** 2).mean()) - k * square) / (k * (k - 1)) if k > 1 else 0.0
    return square, cross


@law(THEOREM)
@given(st.integers(1, 64), st.integers(1, 20), magnitudes(1e-6, 1e6), st.floats(0, 1), seeds())
def test_the_mean_squared_error_of_the_mean_is_v_over_k_plus_the_shared_part(
    backend: Backend, members: int, points: int, scale: float, shared: float, seed: int
) -> None:
    e = errors(members, points, scale, shared, seed)
    mean = backend.to_numpy(backend.ensembles.ensemble_mean(backend.asarray(e)))
    v, c = moments(e)
    expected = float(oracle(THEOREM, "mean squared error").float64(k=members, v=v, c=c))
    assert abs(float((mean**2).mean()) - expected) <= 16 * members * EPS * float((e**2).max())


@law(THEOREM)
@given(st.integers(1, 64), magnitudes(1e-6, 1e6), seeds())
def test_equal_members_gain_nothing(backend: Backend, members: int, scale: float, seed: int) -> None:
    e = np.tile(errors(1, 5, scale, 0.0, seed), (members, 1))
    mean = backend.to_numpy(backend.ensembles.ensemble_mean(backend.asarray(e)))
    expected = float(oracle(THEOREM, "equal errors gain nothing").float64(v=float((e**2).mean()), k=members))
    assert abs(float((mean**2).mean()) - expected) <= 16 * members * EPS * float((e**2).max())


@law(THEOREM)
@given(st.integers(2, 64), magnitudes(1e-6, 1e6), st.floats(0, 1), seeds())
def test_averaging_never_hurts(backend: Backend, members: int, scale: float, shared: float, seed: int) -> None:
    e = errors(members, 7, scale, shared, seed)
    mean = backend.to_numpy(backend.ensembles.ensemble_mean(backend.asarray(e)))
    assert float((mean**2).mean()) <= float((e**2).mean()) * (1 + 8 * members * EPS)
