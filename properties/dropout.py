"""Laws of dropout: expectations over all masks, and the geometric ensemble that weight scaling computes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.reference.architecture import perceptron
from backproof.reference.data import Split, noisy_halfspace

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .generalization import TRAINING, assert_identical, assert_measured_on
from .strategies import EPS, seeds

THEOREM = "dropout-weight-scaling"
EXAMPLES = 10  # of the law that runs a network many times
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
# SciPy's test overflows at a probability near the smallest float.
@given(st.just(0.0) | st.floats(1e-9, 0.99), seeds())
def test_a_unit_is_dropped_with_probability_p(backend: Backend, p: float, seed: int) -> None:
    """False alarm 1e-9 over all examples.

    With 10^5 units p off by 0.01 is 6.3 sigma or more; it is found in one of 50 examples with power above 0.99.
    """
    drawn = backend.to_numpy(backend.dropout.mask((100_000,), p, np.random.default_rng(seed)))
    assert scipy.stats.binomtest(int((drawn == 0).sum()), drawn.size, p).pvalue >= FALSE_ALARM / 50


def training_outputs(backend: Backend, x: np.ndarray, p: float, inverted: bool) -> tuple[np.ndarray, np.ndarray]:
    """What the layer makes of x under each of the 2^n masks, `(2^n, n)`, and the masks' probabilities."""
    masks, chances = all_masks(len(x), p)
    layer_ = backend.dropout.dropout
    rows = [
        backend.to_numpy(layer_(backend.asarray(x), backend.asarray(m, "int8"), p, inverted=inverted)) for m in masks
    ]
    return np.array(rows), chances


@law("dropout-mean-and-variance")
@given(st.integers(1, 6), DROPPING, seeds())
def test_a_masked_sum_has_the_proved_mean_and_variance(backend: Backend, n: int, p: float, seed: int) -> None:
    w, _, x = layer(n, 1, seed)
    outputs, chances = training_outputs(backend, x, p, inverted=False)
    sums = outputs @ w[0]
    mean = chances @ sums
    tolerance = 2 ** (n + 3) * n * EPS * 81 * n
    for claim, measured in (("mean of a sum", mean), ("variance of a sum", chances @ (sums - mean) ** 2)):
        expected = float(oracle("dropout-mean-and-variance", claim).float64(p=p, w=w[0], x=x))
        assert abs(measured - expected) <= tolerance


@law("inverted-dropout")
@given(st.integers(1, 6), DROPPING, seeds())
def test_inverted_dropout_keeps_the_mean_and_has_the_proved_variance(
    backend: Backend, n: int, p: float, seed: int
) -> None:
    w, _, x = layer(n, 1, seed)
    q = 1 - p
    outputs, chances = training_outputs(backend, x, p, inverted=True)
    expected = float(oracle("inverted-dropout", "the test output is the training mean").float64(q=q, w=w[0], x=x))
    at_test = backend.to_numpy(backend.dropout.dropout(backend.asarray(x), None, p))
    tolerance = 2 ** (n + 3) * n * EPS * 81 / q**2
    assert abs(chances @ (outputs @ w[0]) - expected) <= tolerance
    assert abs(at_test @ w[0] - expected) <= tolerance
    variances = chances @ (outputs - x) ** 2
    claim = oracle("inverted-dropout", "variance")
    assert np.abs(variances - [float(claim.float64(q=q, h=h)) for h in x]).max() <= tolerance


@law("dropout-and-convex-units")
@given(st.integers(1, 6), DROPPING, seeds())
def test_weight_scaling_never_overestimates_a_relu(backend: Backend, n: int, p: float, seed: int) -> None:
    w, bias, x = layer(n, 1, seed)
    outputs, chances = training_outputs(backend, x, p, inverted=False)
    relu = backend.activations.relu
    mean = chances @ backend.to_numpy(relu(backend.asarray(outputs @ w[0] + bias[0])))
    scaled = backend.to_numpy(backend.dropout.dropout(backend.asarray(x), None, p, inverted=False)) @ w[0] + bias[0]
    single = float(backend.to_numpy(relu(backend.asarray([scaled])))[0])
    least = float(oracle("dropout-and-convex-units", "scaling underestimates").float64(a_mean=scaled))
    tolerance = 2 ** (n + 3) * n * EPS * 12 * n
    assert abs(single - least) <= tolerance
    assert mean >= least - tolerance


@law("dropout-is-ridge")
@given(st.integers(1, 6), st.integers(1, 4), DROPPING, seeds())
def test_averaged_over_the_masks_the_squared_error_is_ridge(
    backend: Backend, d: int, examples: int, p: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, y, w = rng.normal(size=(examples, d)), rng.normal(size=examples), rng.normal(size=d)
    for i in range(examples):
        outputs, chances = training_outputs(backend, x[i], p, inverted=False)
        errors = backend.losses.squared_error
        mean = sum(
            chance * float(backend.to_numpy(errors(backend.asarray([row @ w]), backend.asarray([y[i]]))))
            for row, chance in zip(outputs, chances, strict=True)
        )
        expected = float(oracle("dropout-is-ridge", "one example").float64(x=x, y=y, w=w, p=p, i=i + 1))
        size = (np.abs(x[i] * w).sum() + abs(y[i])) ** 2
        assert abs(mean - expected) <= 2 ** (d + 3) * EPS * size


@law("dropout-masks")
@settings(max_examples=EXAMPLES)
@given(st.integers(1, 3), st.floats(0.1, 0.9), seeds())
def test_monte_carlo_dropout_approaches_the_exact_average(backend: Backend, units: int, p: float, seed: int) -> None:
    """Hoeffding at 1e-9 over all examples; with 500 masks an average off by 0.35, or one mask for all, is found."""
    rng = np.random.default_rng(seed)
    network = perceptron((2, units, 2), dropout=p)
    theta, x = backend.asarray(rng.normal(size=network.parameter_count)), backend.asarray(rng.normal(size=(1, 2)))
    exact = backend.to_numpy(backend.dropout.exact_average_probabilities(network, theta, x))
    samples = 500
    drawn = backend.dropout.monte_carlo_probabilities(network, theta, x, samples=samples, rng=rng)
    radius = np.sqrt(np.log(2 * 2 * EXAMPLES / FALSE_ALARM) / (2 * samples))
    assert np.abs(backend.to_numpy(drawn).mean(axis=0) - exact).max() <= radius
    # The exact average runs through as many masks as the theorem counts, and its weights are a law.
    assert len(all_masks(units, p)[0]) == int(
        oracle("dropout-masks", "forward passes of the exact average").exact(k=units)
    )
    assert np.abs(exact.sum(axis=1) - 1).max() <= 2 ** (units + 3) * EPS


@law("geometric-and-arithmetic-mean")
@given(st.integers(1, 6), st.integers(2, 4), seeds())
def test_a_geometric_mean_is_at_most_the_arithmetic_one(
    backend: Backend, members: int, classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weights, p = rng.uniform(0.1, 1, members), rng.dirichlet(np.ones(classes), members)
    p = np.maximum(p, 1e-12)
    share = weights / weights.sum()
    geometric = backend.to_numpy(backend.ensembles.geometric_mean(*map(backend.asarray, (p, share))))
    # Normalized geometric means are the unnormalized ones over their sum, which the theorem bounds class by class.
    unnormalized = np.exp(share @ np.log(p))
    bound = oracle("geometric-and-arithmetic-mean", "geometric is at most arithmetic").float64(P=p, v=weights)
    assert (geometric * unnormalized.sum() <= bound * (1 + 64 * members * EPS)).all()
    assert np.abs(geometric * unnormalized.sum() - unnormalized).max() <= 64 * members * EPS * 30


@law("dropout-evaluation")
@settings(max_examples=EXAMPLES)
@given(DROPPING, st.integers(1, 6), seeds())
def test_networks_trained_with_dropout_are_measured_whole(backend: Backend, p: float, units: int, seed: int) -> None:
    """Holds the harness: no unit is dropped in evaluation, none but by a mask in training, on one split for both."""
    drawn: list[Split] = []

    def task(rng: np.random.Generator) -> Split:
        drawn.append(noisy_halfspace(rng))
        return drawn[-1]

    found = backend.experiments.with_and_without_dropout(task, (8, units, units, 2), p=p, seeds=[seed], **TRAINING)
    for split in drawn:
        assert_measured_on(backend, found, 0, split)


@law("dropout-evaluation")
@settings(max_examples=EXAMPLES)
@given(seeds())
def test_equal_seeds_give_equal_runs_with_dropout_and_without(backend: Backend, seed: int) -> None:
    """Holds the harness: the seed decides all, both start from one point, and masks make the difference."""

    def of(seeds: list[int], **training: int) -> Any:
        return backend.experiments.with_and_without_dropout(
            noisy_halfspace, (8, 6, 2), seeds=seeds, **TRAINING | training
        )

    found = of([seed, seed + 1])
    assert_identical(backend, found, of([seed, seed + 1]))
    for j, each in enumerate((seed, seed + 1)):
        alone = of([each])
        for i in range(2):
            assert (backend.to_numpy(alone.theta[i][0]) == backend.to_numpy(found.theta[i][j])).all()
    with_masks, without = (backend.to_numpy(theta[0]) for theta in found.theta)
    assert (with_masks != without).any()
    start_with, start_without = (backend.to_numpy(theta[0]) for theta in of([seed], epochs=0).theta)
    assert (start_with == start_without).all()
