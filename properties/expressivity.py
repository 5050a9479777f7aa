"""Laws of expressivity: cells and their affine pieces, networks written down, and what no network can do."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.reference.architecture import perceptron

from ._backend import Backend
from ._law import law
from .saddle_points import fitted, flat, hidden_layer, outputs
from .strategies import EPS, magnitudes, seeds

POINTS = st.integers(-300, 300).map(lambda i: i / 100)


def patterns(backend: Backend, network: Any, theta: Any, points: np.ndarray) -> np.ndarray:
    """Which units are on at each point, `(points, units)`."""
    found = backend.expressivity.activation_pattern(network, backend.asarray(theta), backend.asarray(points))
    return np.asarray(backend.to_numpy(found), dtype=int)


def affine_piece(backend: Backend, network: Any, theta: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slope `(inputs, outputs)` and the offset `(outputs,)` of the piece that x lies in."""
    slope, offset = backend.expressivity.local_affine(network, backend.asarray(theta), backend.asarray(x[None]))
    return backend.to_numpy(slope)[0], backend.to_numpy(offset)[0]


def run(backend: Backend, made: tuple[Any, Any], points: np.ndarray) -> np.ndarray:
    """The only output of a constructed network at points of its only input."""
    network, theta = made
    return outputs(backend, network, theta, np.asarray(points, dtype=float).reshape(-1, 1))[:, 0]


def tangents(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lines that touch the unit circle, at angles apart from each other: no two parallel, no three through a point."""
    rng = np.random.default_rng(seed)
    angles = np.pi * (np.arange(count) + rng.uniform(0.1, 0.4, count)) / count
    return np.column_stack([np.cos(angles), np.sin(angles)]), np.full(count, -1.0)


@law("single-hinge-unit")
@given(seeds(), st.integers(1, 6), magnitudes(1e-3, 1e3), st.booleans(), st.booleans())
def test_a_unit_switches_at_the_distance_of_its_bias_over_its_weights(
    backend: Backend, seed: int, n: int, size: float, positive: bool, beyond: bool
) -> None:
    w, b = np.random.default_rng(seed).uniform(0.1, 1, n) * size, (1.0 if positive else -1.0)
    distance = float(oracle("single-hinge-unit", "its distance").float64(w=w, b=b)) ** 0.5
    point = -b * w / np.linalg.norm(w) * distance * (1 + (1e-9 if beyond else -1e-9))
    theta = np.concatenate([w, [b, 1.0, 0.0]])
    on = bool(patterns(backend, perceptron((n, 1, 1)), theta, point[None])[0, 0])
    assert on == (beyond != positive)


@law("maxout-is-convex")
@given(seeds(), st.integers(1, 5), st.integers(1, 4), st.integers(0, 8).map(lambda i: i / 8))
def test_a_maxout_unit_lies_below_its_chords(backend: Backend, seed: int, k: int, n: int, t: float) -> None:
    rng = np.random.default_rng(seed)
    w, b, h, g = rng.uniform(-1, 1, (k, n)), rng.uniform(-1, 1, k), rng.uniform(-2, 2, n), rng.uniform(-2, 2, n)
    arrays = (backend.asarray(a) for a in (np.array([h, g, t * h + (1 - t) * g]), w.T, b))
    at_h, at_g, between = backend.to_numpy(backend.maxout.maxout(*arrays, k))[:, 0]
    claim = oracle("maxout-is-convex", "every piece lies below the chord of the maxima")
    for j in range(k):
        slack = {"s": at_h - (w[j] @ h + b[j]), "r": at_g - (w[j] @ g + b[j])}
        chord = float(claim.float64(t=t, W=w, b=b, h=h, g=g, j=j + 1, **slack))
        assert min(slack.values()) >= -8 * n * EPS * (2 * n + 1)
        assert between <= chord + 16 * n * EPS * (2 * n + 1)


@law("one-hidden-layer")
@given(seeds(), st.integers(1, 4), st.integers(1, 6))
def test_in_a_cell_a_network_is_the_affine_function_of_its_active_units(
    backend: Backend, seed: int, d: int, m: int
) -> None:
    units, network = hidden_layer(seed, d, m), perceptron((d, m, 1))
    theta, x = np.append(flat(units)[:-1], 0.25), units["x"]
    on = patterns(backend, network, theta, x[None])[0]
    slope, offset = affine_piece(backend, network, theta, x)
    arguments = {**units, "B": on, "b2": 0.25}
    gradient = oracle("one-hidden-layer", "gradient in a cell").float64(W=units["W"], v=units["v"], B=on)
    value = float(oracle("one-hidden-layer", "affine in a cell").float64(**arguments))
    tolerance = 16 * (m + d) * EPS * m * (d + 1)
    assert np.abs(slope[:, 0] - gradient).max() <= tolerance
    assert abs(x @ slope[:, 0] + offset[0] - value) <= tolerance
    assert abs(outputs(backend, network, theta, x[None])[0, 0] - value) <= tolerance


@law("one-hidden-layer")
@given(seeds(), st.integers(1, 4), st.integers(1, 6))
def test_across_the_kink_of_one_unit_the_slope_jumps_by_that_units_share(
    backend: Backend, seed: int, d: int, m: int
) -> None:
    units, network = hidden_layer(seed, d, m), perceptron((d, m, 1))
    w, p = units["W"], seed % m
    units["b"][p] = -(w[p] @ units["x"])  # x on the kink of unit p
    across = 1e-9 * w[p] / np.linalg.norm(w[p])
    theta = flat(units)
    before, after = (affine_piece(backend, network, theta, units["x"] + s * across)[0][:, 0] for s in (-1, 1))
    jump = oracle("one-hidden-layer", "crossing one kink").float64(W=w, v=units["v"], p=p + 1)
    assert np.abs(after - before - jump).max() <= 16 * (m + d) * EPS * m


@law("one-hidden-layer")
@given(seeds(), st.integers(1, 4), st.integers(1, 6), magnitudes(1e-3, 1e3))
def test_rescaled_and_reordered_units_compute_the_same(
    backend: Backend, seed: int, d: int, m: int, alpha: float
) -> None:
    units, rng = hidden_layer(seed, d, m), np.random.default_rng(seed)
    factors, order = alpha ** rng.uniform(-1, 1, m), rng.permutation(m)
    measured = outputs(backend, perceptron((d, m, 1)), flat(units, order, factors[order]), units["x"][None])[0, 0]
    for claim in ("rescaling a unit", "permuting units"):
        expected = float(oracle("one-hidden-layer", claim).float64(**units))
        assert abs(measured - expected) <= 16 * (m + d) * EPS * m * (d + 1)


@law("hyperplane-cells")
@given(seeds(), st.integers(2, 7))
def test_lines_in_general_position_have_as_many_patterns_as_proved(backend: Backend, seed: int, m: int) -> None:
    w, b = tangents(m, seed)
    theta = np.concatenate([w.T.ravel(), b, np.ones(m), [0.0]])
    # Every cell has a corner: look at all four sides of each crossing.
    points = []
    for p, q in itertools.combinations(range(m), 2):
        corner, sides = np.linalg.solve(w[[p, q]], [1.0, 1.0]), np.linalg.inv(w[[p, q]]) * 1e-6
        points += [corner + sides @ np.array(signs) for signs in itertools.product((-1, 1), repeat=2)]
    found = np.unique(patterns(backend, perceptron((2, m, 1)), theta, np.array(points)), axis=0)
    assert len(found) == oracle("hyperplane-cells", "in the plane").exact(m=m)


@law("hyperplane-cells")
@given(seeds(), st.integers(1, 12))
def test_on_a_line_every_unit_adds_one_cell(backend: Backend, seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    kinks, sides = np.sort(np.arange(m) + rng.uniform(0.1, 0.9, m)), rng.choice([-1.0, 1.0], m)
    theta = np.concatenate([sides, -sides * kinks, rng.uniform(0.5, 1, m), [0.0]])
    network = perceptron((1, m, 1))
    middles = (np.append(-1.0, kinks) + np.append(kinks, m + 1.0)) / 2
    cells = oracle("hyperplane-cells", "on a line").exact(m=m)
    assert len(np.unique(patterns(backend, network, theta, middles[:, None]), axis=0)) == cells
    found = backend.to_numpy(backend.expressivity.breakpoints(network, backend.asarray(theta), -1.0, m + 1.0))
    assert len(found) + 1 == cells
    assert np.abs(found - kinks).max() <= 64 * m * EPS * m


@law("cells-of-two-and-three-units")
@given(seeds())
def test_two_units_take_all_four_patterns(backend: Backend, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, b = tangents(2, seed)[0] * rng.uniform(0.5, 2, (2, 1)), rng.uniform(-3, 3, 2)
    theta = np.concatenate([w.T.ravel(), b, [1.0, 1.0, 0.0]])
    wanted = np.array(list(itertools.product((0, 1), repeat=2)))
    points = np.linalg.solve(w, (2 * wanted - 1 - b).T).T
    assert (patterns(backend, perceptron((2, 2, 1)), theta, points) == wanted).all()


@functools.cache
def proved_patterns() -> set[str]:
    """The patterns, one sign a unit, that the theorem finds points for."""
    claims = find("cells-of-two-and-three-units").derive().claims
    return {name.split()[1] for name in claims if name.endswith("occurs")}


@law("cells-of-two-and-three-units")
@given(magnitudes(1e-2, 10.0))
def test_three_units_take_seven_of_the_eight_patterns(backend: Backend, k: float) -> None:
    """The units x, y and x + y + 1: where the first two are on, the third is."""
    network, theta = perceptron((2, 3, 1)), np.array([1.0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0])
    points = np.array([[k, k], [k, -k / 2], [k, -k - 2], [-k / 2, k], [-k - 2, k], [-1, -1], [-1 / (k + 3)] * 2])
    found = {tuple(row) for row in patterns(backend, network, theta, points)}
    assert {"".join("-+"[on] for on in row) for row in found} == proved_patterns()


@law("two-hidden-layers-of-two-units")
@given(seeds())
def test_two_layers_of_two_units_have_at_most_eleven_cells(backend: Backend, seed: int) -> None:
    network, rng = perceptron((2, 2, 2, 1)), np.random.default_rng(seed)
    points = np.array(list(itertools.product(np.linspace(-4, 4, 41) + 0.01, repeat=2)))
    most = int(oracle("two-hidden-layers-of-two-units", "at most 11").exact())
    found = patterns(backend, network, rng.uniform(-1, 1, network.parameter_count), points)
    assert len(np.unique(found, axis=0)) <= most
    # First layer (x, y), second (1 - h_1 - h_2/2, 1 - h_1/2 - h_2), in a random scale: all of them occur.
    scale = rng.uniform(0.5, 2, 4)
    theta = np.concatenate([
        np.diag(scale[:2]).ravel(), [0.0, 0.0],
        (np.array([[-1.0, -0.5], [-0.5, -1.0]]) * scale[2:] / scale[:2, None]).ravel(), scale[2:], [1.0, 1.0, 0.0],
    ])  # fmt: skip
    attained = patterns(backend, network, theta, points)
    assert len(np.unique(attained, axis=0)) == most
    assert (attained[(points < 0).all(axis=1)] == [0, 0, 1, 1]).all()


@law("relu-network-of-any-depth")
@given(seeds(), st.integers(1, 4), st.integers(1, 4), st.sampled_from(["relu", "identity"]))
def test_at_any_depth_a_network_is_affine_in_its_cell(
    backend: Backend, seed: int, n: int, layers: int, activation: str
) -> None:
    rng = np.random.default_rng(seed)
    w, b, x = rng.uniform(-1, 1, (layers, n, n)), rng.uniform(-1, 1, (layers, n)), rng.uniform(-1, 1, n)
    network = perceptron((n,) * (layers + 1), activation)
    theta = np.concatenate([np.append(w[layer].T.ravel(), b[layer]) for layer in range(layers)])
    mask = np.ones((layers, n))
    if activation == "relu":
        mask[:-1] = patterns(backend, network, theta, x[None])[0].reshape(layers - 1, n)
    claim = oracle("relu-network-of-any-depth", "affine in a cell")
    expected = claim.float64(W=w, b=b, s=mask, x=x, m=layers)
    tolerance = 16 * layers * (n + 1) ** (layers + 1) * EPS
    assert np.abs(outputs(backend, network, theta, x[None])[0] - expected).max() <= tolerance
    if activation == "relu":
        slope, offset = affine_piece(backend, network, theta, x)
        assert np.abs(x @ slope + offset - expected).max() <= tolerance


@law("tent-map-pieces")
@given(st.integers(1, 8))
def test_a_tent_network_doubles_pieces_and_slopes_with_each_layer(backend: Backend, depth: int) -> None:
    network, theta = backend.expressivity.tent_network(depth)
    pieces = oracle("tent-map-pieces", "pieces of k layers").exact(k=depth)
    kinks = backend.to_numpy(backend.expressivity.breakpoints(network, theta, 0.0, 1.0))
    assert len(kinks) + 1 == pieces
    middles = (np.arange(int(pieces)) + 0.5) / int(pieces)
    slopes, _ = backend.expressivity.local_affine(network, theta, backend.asarray(middles[:, None]))
    steepness = float(oracle("tent-map-pieces", "slopes of k layers").exact(k=depth))
    assert (backend.to_numpy(slopes)[:, 0, 0] == steepness * (-1) ** np.arange(int(pieces))).all()


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@law("xor")
@given(POINTS, POINTS, POINTS)
def test_an_affine_function_has_the_proved_loss_on_exclusive_or(
    backend: Backend, w1: float, w2: float, b: float
) -> None:
    targets = run_bits(backend, CORNERS)[:, None]
    loss, _ = fitted(backend, perceptron((2, 1)), np.array([w1, w2, b]), CORNERS, targets)
    expected = float(oracle("xor", "linear optimum").float64(w1=w1, w2=w2, b=b))
    assert abs(loss - expected) <= 64 * EPS * 100
    assert loss >= float(oracle("xor", "no affine function fits better").float64()) - 64 * EPS * 100
    # Right on all four corners is no affine function, ties included.
    above = outputs(backend, perceptron((2, 1)), np.array([w1, w2, b]), CORNERS) > 0.5
    assert (above != (targets > 0.5)).any()


def run_bits(backend: Backend, bits: np.ndarray) -> np.ndarray:
    """The parity network's output for each row of bits."""
    network, theta = backend.expressivity.parity_network(bits.shape[1])
    found = outputs(backend, network, theta, bits)
    assert found.shape == (len(bits), 1)
    return found[:, 0]


@law("xor")
@given(st.integers(1, 8))
def test_the_parity_network_tells_odd_from_even_exactly(backend: Backend, bits: int) -> None:
    inputs = np.array(list(itertools.product((0.0, 1.0), repeat=bits)))
    parity = [float(oracle("xor", "parity of s bits").exact(n=s)) for s in range(bits + 1)]
    assert (run_bits(backend, inputs) == [parity[int(row.sum())] for row in inputs]).all()


@law("parity-of-many-bits")
@given(st.integers(1, 5), POINTS, POINTS)
def test_an_affine_function_of_a_bit_gains_nothing_on_parity(backend: Backend, e: int, w: float, b: float) -> None:
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=e + 1)))
    theta = np.concatenate([[w], np.zeros(e), [b]])
    loss, _ = fitted(backend, perceptron((e + 1, 1)), theta, bits, run_bits(backend, bits)[:, None])
    expected = float(oracle("parity-of-many-bits", "loss of an affine function of a bit").float64(w=w, b=b))
    assert abs(loss - expected) <= 16 * len(bits) * EPS * 50


@law("linear-in-the-parameters")
@given(seeds(), st.integers(1, 5), POINTS)
def test_two_linear_layers_are_of_degree_two_in_their_weights_and_one_is_linear(
    backend: Backend, seed: int, n: int, c: float
) -> None:
    rng = np.random.default_rng(seed)
    w, v, x = rng.uniform(-1, 1, n), rng.uniform(-1, 1), rng.uniform(-2, 2, n)
    two = np.concatenate([w, [0.0, v, 0.0]])
    measured = outputs(backend, perceptron((n, 1, 1), "identity"), c * two, x[None])[0, 0]
    expected = float(oracle("linear-in-the-parameters", "degree two").float64(c=c, v=v, w=w, x=x))
    assert abs(measured - expected) <= 16 * (n + 2) * EPS * 20 * n
    # With one layer the curvature in the weights is 0: f(theta + d) - 2 f(theta) + f(theta - d).
    theta, d = rng.uniform(-1, 1, (2, n + 1))
    values = outputs(backend, perceptron((n, 1)), np.array([theta + d, theta, theta - d]), np.tile(x, (3, 1, 1)))
    bend = float(oracle("linear-in-the-parameters", "one layer").float64(i=1, j=1))
    assert abs(values[0, 0, 0] - 2 * values[1, 0, 0] + values[2, 0, 0] - bend) <= 32 * (n + 2) * EPS * 4 * (n + 1)


@law("fit-of-a-two-layer-network")
@given(seeds(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_the_gradients_of_a_two_layer_fit_are_the_proved_sums(
    backend: Backend, seed: int, examples: int, m: int, d: int
) -> None:
    units, rng = hidden_layer(seed, d, m), np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (examples, d)), rng.uniform(-1, 1, examples)
    _, gradient = fitted(backend, perceptron((d, m, 1), "tanh"), flat(units), x, y[:, None])
    arguments = {"W": units["W"], "b": units["b"], "v": units["v"], "x": x, "y": y}
    expected = [oracle("fit-of-a-two-layer-network", claim).float64(**arguments) for claim in (
        "hidden weights", "hidden biases", "output weights"
    )]  # fmt: skip
    measured = examples * gradient[: (d + 2) * m]  # the theorem sums where the reference takes the mean
    flattened = np.concatenate([expected[0].T.ravel(), expected[1], expected[2]])
    assert np.abs(measured - flattened).max() <= 64 * (examples + m + d) * EPS * examples * (m + 1)


@law("piecewise-linear-interpolation")
@given(seeds(), st.integers(1, 8), magnitudes(1e-2, 10.0))
def test_the_interpolating_network_runs_through_the_values(backend: Backend, seed: int, cells: int, h: float) -> None:
    rng = np.random.default_rng(seed)
    slopes, start = rng.uniform(-1, 1, cells), rng.uniform(-1, 1)
    knots, values = h * np.arange(cells + 1), start + h * np.append(0.0, np.cumsum(slopes))
    made = backend.expressivity.interpolating_network(backend.asarray(knots), backend.asarray(values))
    for cell in range(cells):
        x = knots[cell] + h * rng.uniform(0, 1)
        claim = oracle("piecewise-linear-interpolation", "the network on cell j")
        rest = float(claim.float64(s=slopes, h=h, x=x, y0=start, j=cell))
        expected = start + slopes[0] * x + rest
        assert abs(run(backend, made, [x])[0] - expected) <= 32 * (cells + 1) ** 2 * EPS * (1 + h * cells)


@law("piecewise-linear-interpolation")
@given(POINTS, magnitudes(1e-2, 10.0), magnitudes(1e-2, 10.0), st.integers(0, 16).map(lambda i: i / 16))
def test_a_parabola_is_off_its_chord_by_the_proved_error(
    backend: Backend, z: float, h: float, curvature: float, theta: float
) -> None:
    knots = np.array([z, z + h])
    values = curvature * knots**2 / 2
    made = backend.expressivity.interpolating_network(backend.asarray(knots), backend.asarray(values))
    x = z + theta * h
    claim = oracle("piecewise-linear-interpolation", "a parabola attains it")
    expected = float(claim.float64(M=curvature, h=h, theta=theta))
    error = run(backend, made, [x])[0] - curvature * x**2 / 2
    # The slope is a difference of the values over h, and the step x - z is rounded in units of x.
    assert abs(error - expected) <= 64 * EPS * (curvature * (3 + h) ** 2) * (1 + 4 / h)


@law("certified-network-for-the-exponential")
@given(st.integers(0, 1000).map(lambda i: i / 1000))
def test_four_units_are_near_the_exponential(backend: Backend, x: float) -> None:
    knots = backend.asarray(np.linspace(0, 1, 5))
    made = backend.expressivity.interpolating_network(knots, backend.asarray(np.exp(np.linspace(0, 1, 5))))
    bound = float(oracle("certified-network-for-the-exponential", "within 1/50").float64())
    assert abs(run(backend, made, [x])[0] - np.exp(x)) < bound


@law("staircase-of-sigmoids")
@given(st.integers(0, 16).map(lambda i: i / 16), magnitudes(1e-2, 1e2), st.integers(1, 20), magnitudes(0.5, 20.0))
def test_a_staircase_stays_within_its_bound_of_a_lipschitz_function(
    backend: Backend, center: float, lipschitz: float, units: int, sharpness: float
) -> None:
    steepness = sharpness * 2 * units
    made = backend.expressivity.staircase_network(lambda x: lipschitz * abs(x - center), units, steepness)
    points = np.linspace(0, 1, 97)
    tail = float(oracle("staircase-of-sigmoids", "tail before the step").float64(z=sharpness))
    bound = float(oracle("staircase-of-sigmoids", "together").float64(L=lipschitz, delta=tail, m=units - 1, n=0))
    errors = np.abs(run(backend, made, points) - lipschitz * np.abs(points - center))
    assert errors.max() <= bound * (1 + 64 * units * EPS)


@law("limits-of-approximation")
@given(seeds(), st.integers(0, 6))
def test_no_network_of_m_kinks_comes_nearer_to_a_parabola(backend: Backend, seed: int, m: int) -> None:
    """On 2048 points and the middles of all cells, where the error of a chord is largest."""
    width = 1 / (m + 1)
    bound = float(oracle("limits-of-approximation", "m units leave 1/(8 (m+1)^2) on x^2").float64(m=m))
    even = np.linspace(0, 1, m + 2)
    drawn = np.sort(np.append(np.random.default_rng(seed).uniform(0.01, 0.99, m), [0.0, 1.0]))
    for knots in (even, drawn):
        values = knots**2 - width**2 / 8
        made = backend.expressivity.interpolating_network(backend.asarray(knots), backend.asarray(values))
        points = np.concatenate([knots, (knots[1:] + knots[:-1]) / 2, np.linspace(0, 1, 2048)])
        error = np.abs(run(backend, made, points) - points**2).max()
        assert error >= bound * (1 - 1e-9)
        if knots is even:  # lowered by half the error, the even chords attain the bound
            assert error <= bound * (1 + 1e-9)


@law("relu-network-is-lipschitz")
@given(seeds(), st.integers(1, 4), st.integers(1, 5), magnitudes(1e-3, 1e3))
def test_outputs_differ_by_at_most_the_bound_times_the_distance(
    backend: Backend, seed: int, d: int, m: int, size: float
) -> None:
    units, network = hidden_layer(seed, d, m), perceptron((d, m, 1))
    theta = flat(units)
    delta = size * np.random.default_rng(seed).uniform(-1, 1, d)
    bound = backend.expressivity.lipschitz_bound(network, backend.asarray(theta)) * np.linalg.norm(delta)
    here, there = outputs(backend, network, theta, np.array([units["x"], units["x"] + delta]))[:, 0]
    claim = oracle("relu-network-is-lipschitz", "Lipschitz")
    proved = float(claim.float64(W=units["W"], v=units["v"], delta=delta)) ** 0.5
    rounding = 32 * (d + m) * EPS
    assert abs(here - there) <= bound * (1 + rounding) + rounding * m * (d + 1) * (1 + size)
    assert bound <= proved * (1 + rounding)  # spectral norms are at most those of the theorem
    if m == 1 or d == 1:  # and the same for matrices of rank 1
        assert bound >= proved * (1 - rounding)
