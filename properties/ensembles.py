"""Laws of ensembles: the squared error of the mean, from the members' own second moments."""

from __future__ import annotations

import numpy as np
import scipy
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.reference.architecture import Dense, Network

from ._backend import Backend
from ._law import FALSE_ALARM, law
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


@law("ensemble-ambiguity")
@given(st.integers(1, 64), magnitudes(1e-3, 1e3), st.floats(0, 1), seeds())
def test_the_error_of_the_mean_is_the_mean_error_less_the_spread(
    backend: Backend, members: int, scale: float, shared: float, seed: int
) -> None:
    f = errors(members, 1, scale, shared, seed)
    mean = backend.ensembles.ensemble_mean(backend.asarray(f))
    measured = float(backend.to_numpy(backend.losses.squared_error(mean, backend.asarray([scale]))))
    expected = float(oracle("ensemble-ambiguity", "ambiguity").float64(f=f[:, 0], y=scale))
    assert abs(measured - expected) <= 32 * members * EPS * (np.abs(f).max() + scale) ** 2


@law("averaged-probabilities")
@given(st.integers(1, 16), st.integers(2, 10), magnitudes(0.1, 30.0), seeds())
def test_the_mean_of_probabilities_is_a_distribution_with_less_log_loss(
    backend: Backend, members: int, classes: int, scale: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).uniform(-scale, scale, (members, 1, classes))
    theta = np.concatenate([np.zeros((members, classes)), logits[:, 0]], axis=1)  # no weights, the logits as biases
    network = Network((Dense(1, classes),), (1,))
    mean = backend.ensembles.ensemble_probabilities(network, *map(backend.asarray, (theta, np.ones((1, 1)))))
    mean, p = backend.to_numpy(mean)[0], backend.to_numpy(backend.activations.softmax(backend.asarray(logits)))[:, 0]
    off = float(oracle("averaged-probabilities", "a distribution").float64(p=p))
    assert abs(mean.sum() - 1 - off) <= 16 * (members + classes) * EPS
    bound = float(oracle("averaged-probabilities", "log-loss of the mean").float64(p_y=p[:, 0]))
    assert -np.log(mean[0]) <= bound + 16 * (members + classes) * EPS * (1 + 2 * scale)


@law("bootstrap-sample")
@given(st.integers(1, 30), seeds())
def test_a_member_misses_an_example_as_often_as_n_draws_do(backend: Backend, n: int, seed: int) -> None:
    """Binomial test on 4000 members, false alarm 1e-9; drawing without replacement misses none and is found."""
    drawn = np.asarray(backend.ensembles.bootstrap_indices(n, 4000, np.random.default_rng(seed)))
    missed = int((drawn != 0).all(axis=1).sum())
    chance = float(oracle("bootstrap-sample", "missed by k draws").float64(n=n, k=n))
    assert scipy.stats.binomtest(missed, 4000, chance).pvalue >= FALSE_ALARM / 50
    assert drawn.min() >= 0
    assert drawn.max() < n


@law("checkpoint-averaging")
@given(st.integers(1, 12), st.integers(1, 5), magnitudes(1e-3, 1e3), seeds())
def test_averaged_weights_of_affine_models_give_the_averaged_outputs(
    backend: Backend, checkpoints: int, d: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    theta, b, a = rng.uniform(-scale, scale, (checkpoints, d)), rng.normal(size=d), rng.normal()
    average = backend.to_numpy(backend.ensembles.weight_average(backend.asarray(theta)))
    outputs = backend.to_numpy(backend.ensembles.ensemble_mean(backend.asarray(a + theta @ b)))
    expected = float(oracle("checkpoint-averaging", "affine models").float64(theta=theta, b=b, a=a))
    tolerance = 32 * (checkpoints + d) * EPS * (abs(a) + scale * np.abs(b).sum())
    assert abs(a + average @ b - expected) <= tolerance
    assert abs(float(outputs) - expected) <= tolerance
