"""Laws of dropout: expectations over all masks, and the geometric ensemble that weight scaling computes."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backproof.derivations import oracle

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import EPS, seeds

THEOREM = "dropout-weight-scaling"
DROPPING = st.floats(0.01, 0.99)


def all_masks(n: int, p: float) -> tuple[np.ndarray, np.ndarray]:
    """The 2^n masks `(2^n, n)` and their probabilities."""
    masks = np.array(list(itertools.product((0, 1), repeat=n)))
    return masks, np.prod(np.where(masks == 1, 1 - p, p), axis=1)


def layer(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-3, 3, (classes, n)), rng.uniform(-3, 3, classes), rng.uniform(-3, 3, n)


def probabilities(backend: Backend, weights: np.ndarray, bias: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """softmax(W h + b) for each row h of `inputs`, `(rows, classes)`."""
    logits = backend.asarray(inputs @ weights.T + bias)
    return np.exp(backend.to_numpy(backend.losses.log_softmax(logits)))


@law(THEOREM)
@given(st.integers(1, 6), st.integers(2, 5), DROPPING, seeds())
def test_the_pass_at_test_time_is_softmax_of_the_scaled_weights(
    backend: Backend, n: int, classes: int, p: float, seed: int
) -> None:
    weights, bias, x = layer(n, classes, seed)
    hidden = backend.to_numpy(backend.dropout.dropout(backend.asarray(x), None, p, inverted=False))
    measured = probabilities(backend, weights, bias, hidden[None])[0]
    expected = oracle(THEOREM, "weight scaling").float64(W=weights, b=bias, x=x, p=p)
    # Logits are at most 9 n + 3 in size; their rounding is the relative error of a probability.
    assert np.abs(measured - expected).max() <= 8 * (n + classes) * (9 * n + 3) * EPS


@law(THEOREM)
@given(st.integers(1, 6), st.integers(2, 5), DROPPING, seeds())
def test_the_geometric_mean_over_all_masks_is_softmax_of_the_scaled_weights(
    backend: Backend, n: int, classes: int, p: float, seed: int
) -> None:
    weights, bias, x = layer(n, classes, seed)
    masks, chances = all_masks(n, p)
    rows = np.array(
        [
            backend.to_numpy(backend.dropout.dropout(backend.asarray(x), backend.asarray(m, "int8"), p, inverted=False))
            for m in masks
        ]
    )
    members = backend.asarray(probabilities(backend, weights, bias, rows))
    measured = backend.to_numpy(backend.ensembles.geometric_mean(members, backend.asarray(chances)))
    expected = oracle(THEOREM, "weight scaling").float64(W=weights, b=bias, x=x, p=p)
    # 2^n logarithms of probabilities down to exp(-18 n - 6), each rounded once, averaged by weights that sum to 1.
    assert np.abs(measured - expected).max() <= 16 * (2**n + classes) * (18 * n + 6) * EPS


@law(THEOREM)
@given(st.integers(1, 6), DROPPING, st.booleans(), seeds())
def test_the_mean_over_all_masks_is_the_pass_at_test_time(
    backend: Backend, n: int, p: float, inverted: bool, seed: int
) -> None:
    _, _, x = layer(n, 2, seed)
    masks, chances = all_masks(n, p)
    rows = [
        backend.to_numpy(backend.dropout.dropout(backend.asarray(x), backend.asarray(m, "int8"), p, inverted=inverted))
        for m in masks
    ]
    expected = np.array([float(oracle(THEOREM, "expected activation").float64(x=x, p=p, i=i + 1)) for i in range(n)])
    scale = 1 / (1 - p) if inverted else 1.0  # inverted dropout divides by 1 - p, so that the test pass is the identity
    tolerance = 2 ** (n + 3) * EPS * 3 * scale
    assert np.abs(chances @ np.array(rows) - scale * expected).max() <= tolerance
    at_test = backend.to_numpy(backend.dropout.dropout(backend.asarray(x), None, p, inverted=inverted))
    assert np.abs(at_test - scale * expected).max() <= tolerance


@law(THEOREM)
@given(st.floats(0, 0.99), seeds())
def test_a_unit_is_dropped_with_probability_p(backend: Backend, p: float, seed: int) -> None:
    """False alarm 1e-9 over all examples.

    With 10^5 units p off by 0.01 is 6.3 sigma or more; it is found in one of 50 examples with power above 0.99.
    """
    drawn = backend.to_numpy(backend.dropout.mask((100_000,), p, np.random.default_rng(seed)))
    assert stats.binomtest(int((drawn == 0).sum()), drawn.size, p).pvalue >= FALSE_ALARM / 50
