"""Laws of generalization: mean losses, what fitting takes off the training error, capacity, no free lunch."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.reference.architecture import Dense, perceptron
from backproof.reference.data import Split, noisy_halfspace

from ._backend import Backend
from ._law import law
from .saddle_points import flat, hidden_layer, outputs
from .stochastic import walk
from .strategies import EPS, magnitudes, seeds

EXAMPLES = 10  # of the laws that train
TRAINING = {"epochs": 2, "batch_size": 15, "lr": 0.05}


def mean_losses(
    backend: Backend, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], degrees: list[int]
) -> np.ndarray:
    """The mean squared errors on both sets of each degree's fit, `(2, degrees)`."""
    arrays = [tuple(backend.asarray(a) for a in pair) for pair in (train, test)]
    return np.array([backend.to_numpy(a) for a in backend.generalization.polynomial_errors(*arrays, degrees)])


@law("empirical-risk-is-mean-loss")
@given(seeds(), st.integers(1, 12), st.integers(2, 5), st.integers(1, 4))
def test_the_loss_of_a_set_is_the_mean_of_its_examples_losses(
    backend: Backend, seed: int, n: int, classes: int, copies: int
) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.uniform(-3, 3, (n, classes)), rng.integers(0, classes, n)
    targets = rng.uniform(0, 1, (n, classes))
    order = rng.permutation(np.tile(np.arange(n), copies))
    for name, given_targets, dtype in (
        ("softmax_cross_entropy", labels, "int64"),
        ("squared_error", targets, "float64"),
        ("binary_cross_entropy", targets, "float64"),
    ):
        loss = getattr(backend.losses, name)
        each = [
            float(loss(backend.asarray(logits[i : i + 1]), backend.asarray(given_targets[i : i + 1], dtype)))
            for i in range(n)
        ]
        whole = float(loss(backend.asarray(logits[order]), backend.asarray(given_targets[order], dtype)))
        expected = float(oracle("empirical-risk-is-mean-loss", "mean loss").float64(l=each))
        # Not more than the classes times the largest loss, and one rounding an example.
        assert abs(whole - expected) <= 8 * (n * copies + classes) * EPS * 16 * classes


@law("least-squares-optimism")
@given(seeds(), st.integers(1, 4), st.integers(0, 3), magnitudes(1e-2, 1e2))
def test_over_all_signs_of_the_noise_training_and_test_error_are_as_proved(
    backend: Backend, seed: int, p: int, r: int, s: float
) -> None:
    rng = np.random.default_rng(seed)
    n = p + r
    x = (np.arange(n) + rng.uniform(0.2, 0.8, n)) / n * 2 - 1
    truth = np.polynomial.polynomial.polyval(x, rng.uniform(-1, 1, p))
    errors = np.array([
        mean_losses(backend, (x, truth + noise), (np.tile(x, 2), np.append(truth + s, truth - s)), [p - 1])[:, 0]
        for noise in s * np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    ])  # fmt: skip
    training, test = errors.mean(axis=0)
    arguments = {"p": p, "r": r, "s": s}
    condition = np.linalg.cond(np.vander(x, p))
    tolerance = 64 * 2**n * n * EPS * condition * (s + p) ** 2
    assert abs(training - float(oracle("least-squares-optimism", "training error").float64(**arguments))) <= tolerance
    assert abs(test - float(oracle("least-squares-optimism", "error on new noise").float64(**arguments))) <= tolerance
    assert abs(test - training - float(oracle("least-squares-optimism", "gap").float64(**arguments))) <= 2 * tolerance


@law("erm-optimism")
@given(st.integers(1, 4), st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_over_all_samples_a_mean_fits_its_sample_better_than_the_law_it_came_from(
    backend: Backend, n: int, values: list[int]
) -> None:
    points = np.arange(3.0)
    errors = np.array([
        mean_losses(backend, (points[:1].repeat(n), np.array(sample)), (points, np.array(values, dtype=float)), [0])
        for sample in itertools.product(map(float, values), repeat=n)
    ])  # fmt: skip
    training, risk = errors[:, :, 0].mean(axis=0)
    sigma = float(np.std(values)) or None
    for measured, claim in ((training, "least training error of a mean"), (risk, "its risk")):
        expected = 0.0 if sigma is None else float(oracle("erm-optimism", claim).float64(N=n, sigma=sigma))
        assert abs(measured - expected) <= 64 * 3**n * EPS * 100


@law("erm-optimism")
@given(seeds(), st.integers(0, 2), st.integers(0, 4))
def test_fewer_examples_are_fitted_better_on_average(backend: Backend, seed: int, degree: int, extra: int) -> None:
    rng = np.random.default_rng(seed)
    n = degree + 2 + extra  # and one less is enough for the degree
    x, y = np.linspace(-1, 1, n), rng.uniform(-1, 1, n)
    fit = backend.generalization.polynomial_fit(backend.asarray(x), backend.asarray(y), degree)
    residuals = backend.to_numpy(backend.generalization.polynomial_predict(fit, backend.asarray(x))) - y
    left_out = []
    for i in range(n):
        kept = (np.delete(x, i), np.delete(y, i))
        left_out.append(mean_losses(backend, kept, kept, [degree])[0, 0])
    claim = oracle("erm-optimism", "minima of n examples")
    bound = float(claim.float64(l=residuals**2, n=n - 1))
    assert np.mean(left_out) <= bound + 64 * n * EPS * 10
    assert abs(bound - mean_losses(backend, (x, y), (x, y), [degree])[0, 0]) <= 64 * n * EPS * 10


@law("more-capacity-fits-better")
@given(seeds(), st.integers(2, 8), magnitudes(1e-2, 1e2))
def test_the_training_error_falls_with_the_degree_and_no_line_beats_the_fitted_one(
    backend: Backend, seed: int, n: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = np.linspace(-1, 1, n) + rng.uniform(0, 0.5 / n, n), scale * rng.uniform(-1, 1, n)
    errors = mean_losses(backend, (x, y), (x, y), list(range(n)))
    tolerance = 256 * n * EPS * scale**2 * np.linalg.cond(np.vander(x, n))
    assert (np.diff(errors[0]) <= tolerance).all()
    assert abs(errors - errors[0]).max() == 0  # one set, given as both
    a, b = rng.uniform(-1, 1, 2) * scale
    squares = float(oracle("more-capacity-fits-better", "a line against a constant").float64(x=x, y=y, a=a, b=b))
    line = backend.to_numpy(backend.generalization.polynomial_predict(backend.asarray([a, b]), backend.asarray(x)))
    assert abs(((line - y) ** 2).sum() - squares) <= tolerance
    assert errors[0, min(1, n - 1)] * n <= squares + tolerance


@law("more-capacity-fits-better")
@given(seeds(), st.integers(1, 5), st.integers(1, 3))
def test_a_further_unit_without_an_outgoing_weight_changes_nothing(
    backend: Backend, seed: int, hidden: int, d: int
) -> None:
    units = hidden_layer(seed, d, hidden + 1)
    units["b"][:], units["v"][-1] = 0.0, 0.0
    wide = outputs(backend, perceptron((d, hidden + 1, 1), "tanh"), flat(units), units["x"][None])[0, 0]
    claim = oracle("more-capacity-fits-better", "a wider network with the same outputs")
    expected = float(claim.float64(H=hidden, W=units["W"], v=units["v"], u=units["x"], phi=(mpmath.tanh,)))
    assert abs(wide - expected) <= 16 * (hidden + d) * EPS * hidden


@law("polynomial-interpolation")
@given(seeds(), st.integers(1, 7), magnitudes(1e-2, 1e2))
def test_a_polynomial_of_one_degree_less_than_points_meets_them_all(
    backend: Backend, seed: int, n: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    gaps, y = rng.uniform(0.2, 0.4, n), scale * rng.uniform(-1, 1, n)
    x = np.cumsum(gaps)
    fit = backend.generalization.polynomial_fit(backend.asarray(x), backend.asarray(y), n - 1)
    met = backend.to_numpy(backend.generalization.polynomial_predict(fit, backend.asarray(x)))
    claim = oracle("polynomial-interpolation", "the polynomial meets the new point")
    expected = [float(claim.float64(gap=gaps, y=y, k=k)) for k in range(n)]
    # A QR solution is exact for a system off by roundings: |V c - y| <= rounding |V| |c|, and |V| |c| <= cond |y|.
    assert np.abs(met - expected).max() <= 16 * n**2 * EPS * np.linalg.cond(np.vander(x, n)) * scale


@law("no-free-lunch")
@given(seeds(), st.integers(2, 3), st.integers(0, 2), st.integers(0, 2))
def test_off_the_training_set_every_learner_is_right_as_often_as_a_guess(
    backend: Backend, seed: int, c: int, seen: int, others: int
) -> None:
    """Over all labelings of the training points, of one new point and of the others, for any table of predictions."""
    rng = np.random.default_rng(seed)
    problems = np.array(list(itertools.product(range(c), repeat=seen + 1 + others)))
    table = rng.integers(0, c, c**seen)  # one prediction for each labeling of the training points
    data = problems[:, :seen] @ c ** np.arange(seen) if seen else np.zeros(len(problems), dtype=int)
    logits, labels = rng.uniform(0, 1, (len(problems), c)), problems[:, seen]
    logits[np.arange(len(problems)), table[data]] += 1
    right = float(backend.generalization.accuracy(backend.asarray(logits), backend.asarray(labels, "int64")))
    expected = float(oracle("no-free-lunch", "average error").float64(c=c))
    assert abs(1 - right - expected) <= 4 * EPS
    wrong = float(backend.losses.zero_one_loss(backend.asarray(logits), backend.asarray(labels, "int64")))
    assert abs(wrong - expected) <= 4 * EPS


@law("batch-size")
@given(st.integers(1, 4), st.integers(1, 3), magnitudes(1e-3, 1.0), magnitudes(1e-2, 1e2), st.integers(1, 8))
def test_a_larger_batch_at_a_larger_rate_drifts_and_scatters_like_several_small_ones(
    backend: Backend, q: int, r: int, eta: float, sigma: float, m: int
) -> None:
    arguments = {"q": q, "r": r, "eta": eta}
    drift = float(oracle("batch-size", "drift of an epoch").float64(**arguments))
    scatter = float(oracle("batch-size", "noise of an epoch").float64(**arguments, sigma=sigma, m=m))
    for steps, lr, batch in ((q * r, eta, m), (q, r * eta, r * m)):
        # A constant gradient 1 and noise of variance sigma^2 / batch, over all signs.
        noise = sigma / np.sqrt(batch) * np.array(list(itertools.product((-1.0, 1.0), repeat=steps)))
        end = walk(backend, np.zeros(len(noise)), lambda _, t, noise=noise: 1.0 + noise[:, t], steps, lr)[-1]
        size = steps * lr * (1 + sigma)
        assert abs(end.mean() + drift) <= 8 * len(noise) * EPS * size
        assert abs(((end - end.mean()) ** 2).mean() - scatter) <= 16 * len(noise) * EPS * size**2


# ---- networks compared on equal seeds --------------------------------------------------------------------------------


def widths(network: Any) -> list[int]:
    """The layer sizes of a perceptron."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    return [dense[0].fan_in, *(layer.fan_out for layer in dense)]


def logits_by_hand(sizes: list[int], theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What the whole network says: every unit is there, ReLUs between the layers."""
    start = 0
    for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        end = start + fan_in * fan_out
        x = (np.maximum(x, 0) if layer else x) @ theta[start:end].reshape(fan_in, fan_out) + theta[end : end + fan_out]
        start = end + fan_out
    assert start == len(theta)
    return x


def assert_measured_on(backend: Backend, found: Any, seed: int, split: Split) -> None:
    """Fail unless the losses on a seed are those of the networks, whole, on this one split."""
    for i, network in enumerate(found.networks):
        sizes, theta = widths(network), backend.to_numpy(found.theta[i][seed])
        for losses, x, y in (
            (found.train_losses, split.train_inputs, split.train_labels),
            (found.test_losses, split.test_inputs, split.test_labels),
        ):
            logits = logits_by_hand(sizes, theta, x)
            shifted = logits - logits.max(axis=1, keepdims=True)
            expected = (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]).mean()
            # With all signs positive the network's output bounds every sum on the way, each term rounded once.
            size = 1 + logits_by_hand(sizes, np.abs(theta), np.abs(x)).max()
            assert abs(float(losses[i, seed]) - expected) <= 8 * (sum(sizes) + len(y)) * EPS * size


def assert_identical(backend: Backend, first: Any, second: Any) -> None:
    """Fail unless two comparisons are the same, bit for bit."""
    for mine, other in zip(first.theta, second.theta, strict=True):
        for a, b in zip(mine, other, strict=True):
            assert (backend.to_numpy(a) == backend.to_numpy(b)).all()
    assert (backend.to_numpy(first.train_losses) == backend.to_numpy(second.train_losses)).all()
    assert (backend.to_numpy(first.test_losses) == backend.to_numpy(second.test_losses)).all()


@law("shallow-networks-overfit-more")
@settings(max_examples=EXAMPLES)
@given(st.integers(4000, 8000), seeds())
def test_depths_are_compared_at_an_equal_number_of_parameters(backend: Backend, parameters: int, seed: int) -> None:
    """Holds the harness: depths one to four, counted by what there is to train, within 2 % of each other."""
    depths = (1, 2, 3, 4)
    sizes = {"parameters": parameters, "depths": depths, "inputs": 8, "outputs": 2}
    found = backend.experiments.depths_at_equal_size(noisy_halfspace, **sizes, seeds=[seed], **TRAINING | {"epochs": 0})
    assert [len(widths(network)) - 2 for network in found.networks] == list(depths)
    counts = [len(theta[0]) for theta in found.theta]
    assert counts == [sum((a + 1) * b for a, b in itertools.pairwise(widths(n))) for n in found.networks]
    assert max(counts) - min(counts) <= 0.02 * parameters
    assert max(abs(count - parameters) for count in counts) <= 0.02 * parameters
    for network in found.networks:
        assert max(widths(network)[1:-1]) - min(widths(network)[1:-1]) <= 1


@law("shallow-networks-overfit-more")
@settings(max_examples=EXAMPLES)
@given(seeds())
def test_on_one_seed_every_depth_sees_the_same_examples(backend: Backend, seed: int) -> None:
    """Holds the harness: one split a seed, which all losses are measured on; a new seed draws a new one."""
    drawn: list[Split] = []

    def task(rng: np.random.Generator) -> Split:
        drawn.append(noisy_halfspace(rng))
        return drawn[-1]

    sizes = {"parameters": 4000, "depths": (1, 3), "inputs": 8, "outputs": 2}
    of = backend.experiments.depths_at_equal_size
    alone = [of(task, **sizes, seeds=[each], **TRAINING) for each in (seed, seed + 1)]
    first, *others = drawn[: len(drawn) // 2]
    for other in others:
        assert all((getattr(other, name) == getattr(first, name)).all() for name in vars(first))
    second = drawn[-1]
    assert (second.train_inputs != first.train_inputs).all()
    for found, split in zip(alone, (first, second), strict=True):
        assert_measured_on(backend, found, 0, split)
    # Neither the seed before nor the depth before changes anything.
    both = of(task, **sizes, seeds=[seed, seed + 1], **TRAINING)
    assert_measured_on(backend, both, 0, first)
    assert_measured_on(backend, both, 1, second)
    assert_identical(backend, of(task, **sizes | {"depths": (3,)}, seeds=[seed], **TRAINING), only(alone[0], 1))


def only(found: Any, network: int) -> Any:
    """The comparison without the other networks."""
    rows = slice(network, network + 1)
    return type(found)(found.networks[rows], found.theta[rows], found.train_losses[rows], found.test_losses[rows])
