"""Laws of activations: their values and slopes over the whole range of doubles, and the identities between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.derivations.kernel.oracle import oracle_of
from backproof.reference.architecture import Network, ParametricReLU

from ._backend import Backend
from ._law import law
from .strategies import EPS, magnitudes, seeds

#: The smallest positive double, and the smallest with all its digits: below, a relative error means nothing.
TINY, NORMAL = 5e-324, float(np.finfo(np.float64).tiny)
SLOPES = st.integers(0, 16).map(lambda i: i / 16)


def reals(largest: float) -> st.SearchStrategy[np.ndarray]:
    """Numbers of both signs: 0, tiny ones, ordinary ones, and ones at the very end of the range."""

    def drawn(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        tiny = 10.0 ** rng.uniform(-300, 0, 2)
        sizes = [0.0, largest, *tiny, *rng.uniform(0.95, 1, 2) * largest, *rng.uniform(0, min(40, largest), 4)]
        return np.concatenate([sizes, np.negative(sizes)])

    return seeds().map(drawn)


def run(backend: Backend, name: str, z: Any, *arguments: Any) -> np.ndarray:
    result: np.ndarray = backend.to_numpy(getattr(backend.activations, name)(backend.asarray(z), *arguments))
    return result


def each(theorem: str, claim: str, symbol: str, values: Any, **others: float) -> np.ndarray:
    expected = oracle(theorem, claim)
    return np.array([float(expected.float64(**{symbol: float(v)}, **others)) for v in values])


@law("sigmoid-function")
@given(reals(744.0))
def test_the_sigmoid_keeps_its_relative_accuracy_in_both_tails(backend: Backend, z: np.ndarray) -> None:
    # The claim's left side, 1/(1 + e^z) = sigma(-z), has no cancellation; its right side has.
    at = oracle_of(find("sigmoid-function"), "symmetry", side="left")
    expected = np.array([float(at.float64(z=-v)) for v in z])
    # One exponential, one sum, one quotient, each rounded; torch flushes what is below the normal doubles to 0.
    floor = 2 * TINY if backend.name == "numpy" else NORMAL
    assert (np.abs(run(backend, "sigmoid", z) - expected) <= 4 * EPS * expected + floor).all()


@law("sigmoid-function")
@given(reals(36.0))
def test_the_sigmoid_is_symmetric_and_inverts_the_log_odds(backend: Backend, z: np.ndarray) -> None:
    s, mirrored = run(backend, "sigmoid", z), run(backend, "sigmoid", -z)
    assert np.abs(s + mirrored - 1).max() <= 4 * EPS
    expected = each("sigmoid-function", "log odds", "z", z)
    assert np.abs(np.log(s) - np.log(mirrored) - expected).max() <= 16 * EPS * (1 + np.abs(z).max())


@law("sigmoid-saturation")
@given(reals(700.0))
def test_the_slope_of_the_sigmoid_keeps_its_relative_accuracy(backend: Backend, z: np.ndarray) -> None:
    expected = each("sigmoid-saturation", "slope", "z", z)
    assert (np.abs(run(backend, "sigmoid_derivative", z) - expected) <= 8 * EPS * expected).all()


@law("sigmoid-saturation")
@given(reals(700.0))
def test_the_slope_of_the_sigmoid_lies_between_its_exponential_bounds(backend: Backend, z: np.ndarray) -> None:
    slope = run(backend, "sigmoid_derivative", z)
    above = each("sigmoid-saturation", "at most exponential", "y", np.abs(z))
    below = each("sigmoid-saturation", "at least a quarter of it", "y", np.abs(z))
    quarter = float(oracle("sigmoid-saturation", "at most 1/4").float64())
    assert (slope <= np.minimum(above, quarter) * (1 + 8 * EPS)).all()
    assert (slope >= below * (1 - 8 * EPS)).all()


@law("tanh-function")
@given(reals(350.0))
def test_tanh_is_the_stretched_sigmoid(backend: Backend, z: np.ndarray) -> None:
    expected = each("tanh-function", "stretched sigmoid", "z", z)
    assert (np.abs(run(backend, "tanh", z) - expected) <= 4 * EPS * np.abs(expected)).all()
    # 2 sigma(2z) - 1 cancels near 0, so only its absolute error is small.
    assert np.abs(2 * run(backend, "sigmoid", 2 * z) - 1 - expected).max() <= 8 * EPS


@law("tanh-function")
@given(reals(350.0))
def test_the_slope_of_tanh_keeps_its_relative_accuracy_where_its_square_rounds_to_one(
    backend: Backend, z: np.ndarray
) -> None:
    at = oracle("tanh-function", "slope")
    # 1 - tanh^2 is e^-700 at the ends: the oracle needs as many digits as cancel.
    expected = np.array([float(at.mpf(digits=340, z=float(v))) for v in z[:: len(z) // 10]])
    slope = run(backend, "tanh_derivative", z[:: len(z) // 10])
    assert (np.abs(slope - expected) <= 8 * EPS * expected).all()
    bound = each("tanh-function", "saturation", "y", np.abs(z))
    assert (run(backend, "tanh_derivative", z) <= bound * (1 + 8 * EPS)).all()


@law("tanh-network-as-sigmoid-network")
@given(st.integers(1, 6), st.integers(1, 7), st.integers(1, 5), st.integers(1, 4), seeds())
def test_a_tanh_network_is_a_sigmoid_network_with_doubled_weights(
    backend: Backend, inputs: int, hidden: int, outputs: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    w, b = rng.uniform(-2, 2, (hidden, inputs)), rng.uniform(-2, 2, hidden)
    v, c = rng.uniform(-2, 2, (outputs, hidden)), rng.uniform(-2, 2, outputs)
    x = rng.uniform(-1, 1, (batch, inputs))
    forward, perceptron = backend.backprop.forward, backend.backprop.perceptron
    sizes = (inputs, hidden, outputs)
    first = np.concatenate([w.T.ravel(), b, v.T.ravel(), c])
    second = np.concatenate([2 * w.T.ravel(), 2 * b, 2 * v.T.ravel(), c - v.sum(axis=1)])
    results = [
        backend.to_numpy(forward(perceptron(sizes, name), backend.asarray(theta), backend.asarray(x)))
        for name, theta in (("tanh", first), ("sigmoid", second))
    ]
    after = oracle("tanh-network-as-sigmoid-network", "the next layer")
    expected = np.array([after.float64(V=v, c=c, z=w @ row + b) for row in x])
    # Pre-activations of up to 2 d + 2 and sums of n terms of up to 2, with slopes of at most 1.
    tolerance = 16 * (inputs + hidden + 2) * EPS * (2 * hidden + 2) * (2 * inputs + 2)
    assert all(np.abs(result - expected).max() <= tolerance for result in results)


@law("saturation-absorbs-gains")
@given(magnitudes(1e-2, 1e2), magnitudes(1.0, 1e3), magnitudes(1e-2, 10.0), st.sampled_from([-1.0, 1.0]))
def test_a_saturated_unit_hardly_sees_the_gain_and_a_relu_scales_with_it(
    backend: Backend, smallest: float, ratio: float, size: float, sign: float
) -> None:
    a = sign * size
    low, high = run(backend, "tanh", [smallest * a, smallest * ratio * a])
    bound = float(oracle("saturation-absorbs-gains", "exponentially small").float64(p=smallest * size))
    # At most what tanh(c|a|) lacks to 1, and on the side of the larger gain.
    assert -4 * EPS <= sign * (high - low) <= bound + 4 * EPS
    expected = float(oracle("saturation-absorbs-gains", "relu").float64(g=smallest * ratio, a=a))
    assert abs(run(backend, "relu", [smallest * ratio * a])[0] - expected) <= 4 * EPS * expected


@law("saturation-absorbs-gains")
@given(st.integers(1, 20), st.integers(-1000, 1000), seeds())
def test_weights_that_sum_to_0_do_not_see_the_brightness(backend: Backend, n: int, offset: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    v, image = rng.integers(-8, 9, n).astype(float), rng.uniform(0, 1, n)
    network = backend.backprop.perceptron((n, 1), "identity")
    theta = backend.asarray([*(v - v.mean()), 0.0])
    measured = backend.to_numpy(backend.backprop.forward(network, theta, backend.asarray([image + offset])))
    expected = oracle("saturation-absorbs-gains", "brightness").float64(v=v, q=image)
    # n products of up to 16 (|b| + 1); the centered weights sum to 0 only up to their rounding.
    assert abs(measured.item() - expected) <= 4 * n * (n + 2) * EPS * 16 * (abs(offset) + 1)


@law("relu-function")
@given(reals(1e300), st.integers(-20, 20))
def test_relu_splits_a_number_into_its_parts_exactly(backend: Backend, a: np.ndarray, power: int) -> None:
    right, left = run(backend, "relu", a), run(backend, "relu", -a)
    assert (right + left == each("relu-function", "even part", "a", a)).all()
    assert (right - left == each("relu-function", "odd part", "a", a)).all()
    assert (run(backend, "relu", right) == right).all()
    gain = 2.0**power  # exact in binary, so that homogeneity is
    assert (run(backend, "relu", gain * a) == each("relu-function", "homogeneous", "a", a, c=gain)).all()
    assert np.isnan(run(backend, "relu", [np.nan])).all()


@law("relu-function")
@given(reals(1e300))
def test_the_slope_of_relu_is_a_step_that_is_0_at_0(backend: Backend, z: np.ndarray) -> None:
    slope = run(backend, "relu_derivative", z)
    assert (slope[z != 0] == each("relu-function", "slope", "z", z[z != 0])).all()
    # The documented choice among all slopes in [0, 1], the same in both backends and in torch.
    assert (slope[z == 0] == 0).all()


@law("relu-function")
@given(reals(1e3), seeds())
def test_relu_is_convex_and_moves_no_two_numbers_apart(backend: Backend, a: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    b, p = rng.permutation(a), rng.integers(0, 9, len(a)) / 8
    relu_a, relu_b, mixed = (run(backend, "relu", v) for v in (a, b, p * a + (1 - p) * b))
    apart, chord = oracle("relu-function", "1-Lipschitz"), oracle("relu-function", "convex")
    for k in range(len(a)):
        assert relu_a[k] - relu_b[k] <= apart.float64(a=a[k], b=b[k]) * (1 + EPS)
        # Three roundings of numbers of up to 1e3.
        assert mixed[k] <= chord.float64(a=a[k], b=b[k], p=p[k], q=1 - p[k]) + 4 * EPS * 1e3


@law("leaky-relu-function")
@given(reals(1e100), SLOPES)
def test_leaky_relu_is_the_maximum_of_its_arms_for_slopes_up_to_1(
    backend: Backend, z: np.ndarray, slope: float
) -> None:
    measured = run(backend, "leaky_relu", z, slope)
    expected = each("leaky-relu-function", "maximum for alpha <= 1", "z", z, b=1 - slope)
    assert (np.abs(measured - expected) <= EPS * np.abs(expected)).all()
    assert (measured == np.maximum(z, slope * z)).all()


@law("leaky-relu-function")
@given(reals(1e100), magnitudes(1e-3, 1e3))
def test_leaky_relu_falls_below_the_maximum_for_slopes_above_1(backend: Backend, z: np.ndarray, more: float) -> None:
    short = np.maximum(z, (1 + more) * z) - run(backend, "leaky_relu", z, 1 + more)
    expected = each("leaky-relu-function", "no maximum for alpha > 1", "z", z, c=more)
    assert (np.abs(short - expected) <= 4 * EPS * (1 + more) * np.abs(z)).all()


@law("leaky-relu-function")
@given(reals(1e100), magnitudes(1e-3, 1e3))
def test_the_reciprocal_slope_inverts_leaky_relu(backend: Backend, z: np.ndarray, slope: float) -> None:
    expected = each("leaky-relu-function", "inverse", "z", z, c=slope)
    undone = run(backend, "leaky_relu", run(backend, "leaky_relu", z, slope), 1 / slope)
    assert (np.abs(undone - expected) <= 4 * EPS * np.abs(z) + 1e3 * TINY).all()


@law("leaky-relu-function")
@given(reals(1e100))
def test_the_absolute_value_is_the_leaky_relu_of_slope_minus_1(backend: Backend, z: np.ndarray) -> None:
    expected = each("leaky-relu-function", "absolute value", "z", z)
    assert (run(backend, "absolute", z) == expected).all()
    assert (run(backend, "leaky_relu", z, -1.0) == expected).all()
    # The same value for a pattern and its negative.
    assert (run(backend, "absolute", -z) == expected).all()


@law("leaky-relu-function")
@given(reals(1e100), st.integers(-32, 32).map(lambda i: i / 16))
def test_the_slopes_of_leaky_relu_are_1_and_alpha(backend: Backend, z: np.ndarray, slope: float) -> None:
    nonzero = z[z != 0]
    expected = each("leaky-relu-function", "slope", "z", nonzero, alpha=slope)
    assert (run(backend, "leaky_relu_derivative", nonzero, slope) == expected).all()


@law("leaky-relu-function")
@given(st.integers(1, 4), st.integers(1, 5), st.integers(-16, 16).map(lambda i: i / 16), seeds())
def test_a_learned_slope_gathers_the_negative_parts_of_all_units(
    backend: Backend, batch: int, units: int, slope: float, seed: int
) -> None:
    network = Network((ParametricReLU(),), (units,))
    rng = np.random.default_rng(seed)
    x, targets = rng.uniform(-3, 3, (batch, units)), rng.uniform(-1, 1, (batch, units))
    arguments = backend.asarray([slope]), backend.asarray(x), backend.asarray(targets)
    _, gradient = backend.backprop.loss_and_gradient(network, *arguments, loss="squared_error")
    received = 2 * (run(backend, "leaky_relu", x, slope) - targets) / x.size
    expected = oracle("leaky-relu-function", "learned slope").float64(a=x.ravel(), d=received.ravel())
    # batch * units terms of up to 3 * 2 * 4 / size each.
    assert abs(float(backend.to_numpy(gradient)[0]) - expected) <= 24 * (x.size + 4) * EPS


@law("hard-threshold-function")
@given(st.integers(-3, 3), st.lists(st.integers(-4, 4), min_size=1, max_size=9), magnitudes(0.1, 1e3))
def test_a_steep_sigmoid_approaches_the_hard_threshold_away_from_its_jump(
    backend: Backend, threshold: int, inputs: list[int], steepness: float
) -> None:
    x = np.array(inputs, dtype=float)
    hard, at = run(backend, "hard_threshold", x, float(threshold)), x == threshold
    soft = run(backend, "sigmoid", steepness * (x - threshold))
    # At the threshold itself the value is 0, and the sigmoid 1/2 for every steepness.
    assert (hard[at] == 0).all()
    assert (soft[at] == 0.5).all()
    apart = np.abs(x - threshold)[~at]
    bound = each("hard-threshold-function", "error on the right", "u", apart, s=steepness)
    assert (np.abs(hard - soft)[~at] <= bound + 2 * EPS).all()


@law("maxout-function")
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(-9, 9), seeds())
def test_maxout_takes_the_largest_of_each_units_own_pieces_and_moves_with_a_shift(
    backend: Backend, inputs: int, units: int, pieces: int, batch: int, shift: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    # Integers: exact arithmetic, and ties with positive probability.
    h, w = rng.integers(-4, 5, (batch, inputs)), rng.integers(-4, 5, (inputs, units * pieces))
    b = rng.integers(-4, 5, units * pieces)
    arrays = [backend.asarray(v) for v in (h, w, b + shift)]
    measured = backend.to_numpy(backend.maxout.maxout(*arrays, pieces))
    largest = oracle("maxout-function", "shift")
    affine = (h @ w + b).reshape(batch, units, pieces)
    assert measured.tolist() == [
        [float(largest.exact(z=[int(v) for v in unit] + [0], c=shift, k=pieces - 1)) for unit in row] for row in affine
    ]


@law("maxout-function")
@given(st.integers(1, 3), st.integers(1, 3), st.integers(2, 4), seeds())
def test_the_gradient_of_maxout_goes_to_the_winner(
    backend: Backend, inputs: int, units: int, pieces: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    h, w, b = rng.normal(size=(1, inputs)), rng.normal(size=(inputs, units * pieces)), rng.normal(size=units * pieces)
    g = rng.normal(size=(1, units))
    arrays = [backend.asarray(v) for v in (g, h, w, b)]
    _, weight_gradient, bias_gradient = map(backend.to_numpy, backend.maxout.maxout_gradient(*arrays, pieces))
    winner, loser = (
        float(oracle("maxout-function", f"gradient of the {who}").float64()) for who in ("winner", "loser")
    )
    affine = (h @ w + b).reshape(units, pieces)
    share = np.where(affine == affine.max(axis=1, keepdims=True), winner, loser)
    assert (bias_gradient.reshape(units, pieces) == share * g.T).all()
    assert np.abs(weight_gradient - h.T * bias_gradient).max() <= 2 * EPS * np.abs(h).max() * np.abs(g).max()
