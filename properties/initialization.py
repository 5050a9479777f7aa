"""Laws of initialization: variances through the layers, symmetry that is kept, gradients that vanish, first losses."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.derivations.kernel.oracle import oracle_of

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import EPS, magnitudes, seeds

THEOREM = "xavier-variance"
EXAMPLES = 20
#: Rectangular on purpose: swapped or single fans are invisible on square layers.
FANS = st.sampled_from([(30, 300), (300, 30), (100, 101), (1, 400), (400, 1), (64, 128)])


def weights(backend: Backend, name: str, fans: tuple[int, int], seed: int) -> np.ndarray:
    """At least 10^5 independent weights of one layer shape, `(layers, fan_in, fan_out)`."""
    rng = np.random.default_rng(seed)
    make = getattr(backend.initialization, name)
    layers = 1 + 100_000 // (fans[0] * fans[1])
    return np.stack([backend.to_numpy(make(fans, rng)) for _ in range(layers)])


def variance(fans: tuple[int, int]) -> float:
    return float(oracle(THEOREM, "uniform form").float64(n_in=fans[0], n_out=fans[1]))


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(FANS, seeds())
def test_normal_weights_have_variance_two_over_the_sum_of_the_fans(
    backend: Backend, fans: tuple[int, int], seed: int
) -> None:
    """chi^2 on 10^5 weights: false alarm 1e-9.

    A standard deviation off by 2 % is 9 sigma, found with power above 0.99.
    """
    w = weights(backend, "xavier_normal", fans, seed).ravel()
    statistic = float((w**2).sum()) / variance(fans)
    chi2 = scipy.stats.chi2(w.size)
    assert 2 * min(chi2.cdf(statistic), chi2.sf(statistic)) >= FALSE_ALARM / EXAMPLES


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(FANS, seeds())
def test_uniform_weights_fill_their_interval_and_no_more(backend: Backend, fans: tuple[int, int], seed: int) -> None:
    """Kolmogorov-Smirnov on 10^5 weights: false alarm 1e-9; a bound off by 3 % moves the law by 4.7 / sqrt n."""
    w = weights(backend, "xavier_uniform", fans, seed).ravel()
    bound = np.sqrt(3 * variance(fans))
    assert np.abs(w).max() <= bound * (1 + 1e-12)
    assert scipy.stats.kstest(w, scipy.stats.uniform(-bound, 2 * bound).cdf).pvalue >= FALSE_ALARM / EXAMPLES


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(st.sampled_from(["xavier_normal", "xavier_uniform"]), FANS, seeds())
def test_each_pass_deviates_by_its_factor(backend: Backend, name: str, fans: tuple[int, int], seed: int) -> None:
    """Both gains at once: given the weights, y'y / x'x averages n_in Var(w) over Gaussian x, g'g / h'h n_out Var(w).

    Bernstein-free bound: with 10^5 weights the empirical variance is within 4 % of the law's (6 sigma and more).
    """
    w = weights(backend, name, fans, seed)
    forward = float((w**2).mean()) * fans[0]
    backward = float((w**2).mean()) * fans[1]
    arguments = {"n_in": fans[0], "n_out": fans[1]}
    assert abs(forward / float(oracle(THEOREM, "forward deviation").float64(**arguments)) - 1) <= 0.04
    assert abs(backward / float(oracle(THEOREM, "backward deviation").float64(**arguments)) - 1) <= 0.04


@law("he-variance")
@settings(max_examples=EXAMPLES)
@given(FANS, st.sampled_from(["he_normal", "he_uniform"]), seeds())
def test_he_weights_keep_the_variance_through_a_relu(
    backend: Backend, fans: tuple[int, int], name: str, seed: int
) -> None:
    """Their sum of squares over its law's mean, to 10^5 weights: within 6 deviations, which is below 1e-9 each way.

    The square of a Gaussian has the deviation sqrt 2 of its mean, of a uniform less: 6 sqrt(2 / 10^5) = 2.7 %, so that
    a standard deviation off by 3 % is found with power above 0.99.
    """
    w = weights(backend, name, fans, seed)
    kept = oracle("he-variance", "variance after k layers")
    measured = float((w**2).mean())
    through = float(kept.float64(n_in=fans[0], v=measured, s2_0=1, k=1))
    assert abs(through - 1) <= 6 * np.sqrt(2 / w.size)
    if name == "he_uniform":
        assert np.abs(w).max() <= np.sqrt(3 * 2 / fans[0])


@law("he-variance")
@settings(max_examples=EXAMPLES)
@given(st.sampled_from(["xavier_normal", "xavier_uniform", "he_normal", "he_uniform"]), st.integers(2, 50), seeds())
def test_with_biases_at_0_half_of_the_units_are_active_and_an_input_of_0_reaches_nothing(
    backend: Backend, name: str, inputs: int, seed: int
) -> None:
    """Binomial test on 5,000 units: false alarm 1e-9; a share off by 0.05 is found with power above 0.9."""
    units = 5000
    network = backend.backprop.perceptron((inputs, units), "relu")
    rng = np.random.default_rng(seed)
    theta = backend.initialization.initial_parameters(network, rng, initializer=name)
    x = rng.standard_normal((1, inputs))
    run = lambda x: backend.to_numpy(backend.backprop.forward(network, backend.asarray(theta), backend.asarray(x)))  # noqa: E731
    half = float(oracle("he-variance", "active half of the time").float64())
    active = int((run(x) > 0).sum())
    assert scipy.stats.binomtest(active, units, half).pvalue >= FALSE_ALARM / EXAMPLES
    # Weights and biases of one law would be active as often: only the biases make the input 0 an output.
    assert (run(np.zeros((1, inputs))) == 0).all()
    assert (backend.to_numpy(network.views(theta)[0][1]) == 0).all()


@law("xavier-stack")
@settings(max_examples=EXAMPLES)
@given(st.lists(st.sampled_from([20, 50, 100, 300, 600]), min_size=3, max_size=5), seeds())
def test_a_stack_gains_its_product_of_factors_and_never_more_than_its_end_widths_allow(
    backend: Backend, widths: list[int], seed: int
) -> None:
    """A layer's gain n_in mean(w^2) is a mean of n_in n_out squares of Gaussians: within 7 deviations, below 1e-9."""
    rng = np.random.default_rng(seed)
    gain, slack = 1.0, 1.0
    for fans in itertools.pairwise(widths):
        w = backend.to_numpy(backend.initialization.xavier_normal(fans, rng))
        gain *= fans[0] * float((w**2).mean())
        slack *= 1 + 7 * np.sqrt(2 / w.size)
    layers = len(widths) - 1
    stack = {side: oracle_of(find("xavier-stack"), "stack", side=side) for side in ("left", "right")}
    # F(L)^2 n_L of the theorem, and its bound n_0.
    sizes = {"n": widths, "L": layers, "k": layers}
    expected = np.sqrt(float(stack["left"].exact(**sizes)) / widths[-1])
    assert expected / slack <= gain <= expected * slack
    assert gain**2 * widths[-1] <= float(stack["right"].exact(**sizes)) * slack**2


def trained(backend: Backend, network: Any, theta: np.ndarray, x: Any, y: Any, *, lr: float, steps: int) -> np.ndarray:
    """Parameters after gradient descent on the squared error."""
    parameters, *data = (backend.asarray(v) for v in (theta, x, y))
    for _ in range(steps):
        _, gradient = backend.backprop.loss_and_gradient(network, parameters, *data, loss="squared_error")
        parameters = parameters - lr * gradient
    result: np.ndarray = backend.to_numpy(parameters)
    return result


@law("symmetry-is-kept")
@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 3), st.sampled_from(["tanh", "sigmoid"]), st.floats(-1, 1), seeds())
def test_hidden_units_that_start_alike_stay_alike_and_random_ones_do_not(
    backend: Backend, batch: int, inputs: int, activation: str, start: float, seed: int
) -> None:
    hidden = 3
    network = backend.backprop.perceptron((inputs, hidden, 1), activation)
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (batch, inputs)), rng.uniform(-1, 1, (batch, 1))
    constant = lambda shape, rng: backend.initialization.constant(shape, rng, value=start)  # noqa: E731
    theta = np.zeros(network.parameter_count)
    for arrays in network.views(theta)[::2]:
        arrays[0][:] = backend.to_numpy(constant(arrays[0].shape, rng))
    after = network.views(trained(backend, network, theta, x, y, lr=0.1, steps=40))
    # The theorem's units receive equal gradients; sums over the batch may be ordered differently from unit to unit.
    spread = max(np.ptp(after[0][0], axis=1).max(), np.ptp(after[2][0], axis=0).max())
    assert spread <= 40 * 16 * (batch + inputs) * EPS
    random = backend.to_numpy(backend.initialization.initial_parameters(network, rng))
    assert np.ptp(network.views(random)[0][0], axis=1).min() > 0
    apart = network.views(trained(backend, network, random, x, y, lr=0.1, steps=40))
    assert np.ptp(apart[0][0], axis=1).min() > 0


@law("symmetry-is-kept")
@given(st.sampled_from(["tanh", "identity"]), *[st.integers(1, 3)] * 3, seeds())
def test_a_units_gradient_reads_its_own_weights_and_the_common_error(
    backend: Backend, activation: str, batch: int, inputs: int, hidden: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((inputs, hidden, 1), activation)
    theta, x, y = (rng.uniform(-1, 1, shape) for shape in ((network.parameter_count,), (batch, inputs), (batch, 1)))
    (w, b), _, (v, c) = network.views(theta)
    data = [backend.asarray(a) for a in (theta, x, y)]
    _, gradient = backend.backprop.loss_and_gradient(network, *data, loss="squared_error")
    (in_w, _), _, (in_v, in_c) = network.views(backend.to_numpy(gradient))
    values = {"x": x, "y": y[:, 0], "W": w.T, "b": b, "v": v[:, 0], "c": float(c[0])}
    u, e = seed // 7 % hidden, seed // 11 % inputs
    cases = [("an outgoing weight", in_v[u, 0], {"u": u + 1}), ("the output bias", in_c[0], {})]
    if activation == "identity":  # the oracle differentiates this claim's activation, for which it wants a polynomial
        values["phi"] = {(1,): Fraction(1)}
        cases.append(("an incoming weight", in_w[e, u], {"u": u + 1, "e": e + 1}))
    else:
        values["phi"] = (mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2)
    for of, measured, at in cases:
        expected = float(oracle("symmetry-is-kept", f"gradient of {of}").mpf(digits=25, **values, **at))
        # The theorem's loss has the factor 1/2. Errors of up to 3 (3 + 2), sums of at most 9 terms.
        assert abs(measured - 2 * expected) <= 256 * (batch + inputs + hidden) * EPS * 15


@law("symmetry-is-kept")
@given(st.integers(1, 4), st.integers(1, 4), seeds())
def test_units_with_zero_incoming_weights_train_the_output_bias_only(
    backend: Backend, batch: int, hidden: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((2, hidden, 1), "tanh")
    theta = np.zeros(network.parameter_count)
    outgoing = network.views(theta)[2][0]
    outgoing[:] = 0.0
    x, y = rng.uniform(-1, 1, (batch, 2)), rng.uniform(1, 2, (batch, 1))
    moved = trained(backend, network, theta, x, y, lr=0.1, steps=5)
    nothing = oracle("symmetry-is-kept", "zero incoming weights").mpf(
        digits=25, y_0=y[:, 0], v_0=outgoing[:, 0], c_0=0, m=batch, chi=(mpmath.tanh, mpmath.tanh), u_0=1
    )
    assert np.abs(moved[:-1]).max() == float(nothing)
    assert moved[-1] > 0


@law("vanishing-gradient")
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 6), magnitudes(0.1, 10), seeds())
def test_through_sigmoid_layers_the_gradient_shrinks_by_the_norms_over_4(
    backend: Backend, depth: int, batch: int, width: int, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((2, *[width] * (depth + 1), 1), "sigmoid")
    theta = size * rng.uniform(-1, 1, network.parameter_count)
    x, y = rng.uniform(-1, 1, (1, 2)), rng.uniform(-1, 1, (1, 1))
    data = [backend.asarray(a) for a in (theta, x, y)]
    _, gradient = backend.backprop.loss_and_gradient(network, *data, loss="squared_error")
    # A bias gradient of one example is the gradient in that layer's pre-activations.
    squared = [float((arrays[1] ** 2).sum()) for arrays in network.views(backend.to_numpy(gradient)) if arrays]
    norms = [float((arrays[0] ** 2).sum()) for arrays in network.views(theta) if arrays]
    layers = len(norms) - 1
    passed = {"F": norms[:0:-1], "share": [1] * layers, "g0": squared[-1], "L": layers}
    for k in range(1, layers + 1):
        bound = float(oracle("vanishing-gradient", "k layers").mpf(digits=25, k=k, **passed))
        assert squared[layers - k] <= bound * (1 + 1e-12)


@law("vanishing-gradient")
@given(st.integers(1, 5), st.floats(-0.01, 0.01), magnitudes(0.1, 10))
def test_around_0_the_slope_of_the_sigmoid_attains_a_quarter(
    backend: Backend, depth: int, x: float, weight: float
) -> None:
    """A chain of single units with bias -w/2 sits at pre-activations near 0, where the bound is attained."""
    network = backend.backprop.perceptron((1,) * (depth + 2), "sigmoid")
    theta = np.zeros(network.parameter_count)
    for place, arrays in enumerate(network.views(theta)[::2]):
        arrays[0][:] = weight
        arrays[1][:] = -weight / 2 if place else 0.0
    data = [backend.asarray(a) for a in (theta, [[x]], [[-1.0]])]
    _, gradient = backend.backprop.loss_and_gradient(network, *data, loss="squared_error")
    biases = [float(arrays[1][0]) for arrays in network.views(backend.to_numpy(gradient)) if arrays]
    limit = oracle("vanishing-gradient", "norms of 4 rho").float64(rho=weight / 4, g0=biases[-1] ** 2, j=depth)
    # Slopes e^-|a| / (1 + e^-|a|)^2 >= (1 - a^2) / 4 with |a| at most |x| w (1 + w/4)^L.
    away = abs(x) * weight * max(1, weight / 4) ** depth
    assert float(limit) * (1 - min(away**2, 1)) ** (2 * depth) <= biases[0] ** 2 * (1 + 1e-12)
    assert biases[0] ** 2 <= float(limit) * (1 + 1e-12)


@law("initial-loss-and-plateau")
@given(st.integers(2, 12), st.integers(1, 6), magnitudes(1e-3, 1e3), seeds())
def test_without_output_weights_a_classifier_costs_log_k(
    backend: Backend, classes: int, batch: int, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((3, 4, classes), "relu")
    theta = backend.to_numpy(backend.initialization.initial_parameters(network, rng)).copy()
    weights_out, bias_out = network.views(theta)[2]
    weights_out[:] = 0
    x, labels = size * rng.uniform(-1, 1, (batch, 3)), rng.integers(0, classes, batch)
    data = [backend.asarray(theta), backend.asarray(x), backend.asarray(labels, "int64")]
    expected = float(oracle("initial-loss-and-plateau", "initial cross-entropy").float64(K=classes))
    assert abs(float(backend.backprop.loss_and_gradient(network, *data)[0]) - expected) <= 16 * (batch + classes) * EPS
    # With the logarithms of the class frequencies as biases it is their entropy.
    counts = rng.integers(1, 9, classes)
    bias_out[:] = np.log(counts)
    every = np.repeat(np.arange(classes), counts)
    data = [backend.asarray(v) for v in (theta, np.ones((len(every), 3)))]
    measured = backend.backprop.loss_and_gradient(network, *data, backend.asarray(every, "int64"))[0]
    claim = "with output biases log of the class frequencies"
    entropy = float(oracle("initial-loss-and-plateau", claim).float64(c=counts))
    assert abs(float(measured) - entropy) <= 16 * (len(every) + classes) * EPS * 4


@law("initial-loss-and-plateau")
def test_a_small_balanced_start_follows_the_logistic_plateau(backend: Backend) -> None:
    """Four starts as a fleet, and every time from 1/2 to 2."""
    dt, first, last = 2e-3, 250, 1000
    starts = np.array([0.05, 0.1, 0.3, 0.6])
    network = backend.backprop.perceptron((1, 1, 1), "identity")
    # x = y = 1 and no biases trained: (1 - w_1 w_2)^2, twice the theorem's loss.
    mask = np.array([1.0, 0.0, 1.0, 0.0])
    parameters, *data, rates = (backend.asarray(v) for v in (starts[:, None] * mask, [[1.0]], [[1.0]], dt / 2 * mask))
    path = []
    for _ in range(last):
        _, gradient = backend.backprop.loss_and_gradient(network, parameters, *data, loss="squared_error")
        parameters = parameters - rates * gradient
        path.append(backend.to_numpy(parameters))
    w1, _, w2, _ = np.moveaxis(path[first - 1 :], 2, 0)
    tau = dt * np.arange(first, last + 1)[:, None]
    expected = oracle("initial-loss-and-plateau", "solution").float64(s=starts, tau=tau)
    # Euler's error of u = w_1 w_2: at most dt/2 max |u''| in each unit of time, carried on by slopes of 2 at most and
    # then seen through 2u(1 - u), whose slope is 2 at most; |u''| = 4 u (1 - u) |1 - 2u| <= 0.39, and the square of
    # a step adds dt times as much again.
    assert expected.shape == w1.shape == (last - first + 1, len(starts))
    assert (np.abs(2 * w1 * w2 * (1 - w1 * w2) - expected) <= 2 * dt * 0.39 * (np.exp(2 * tau) - 1) / 2).all()
    assert (w1 == w2).all()
