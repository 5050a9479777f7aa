"""Laws of critical points: their kind, how rare minima are among random ones, symmetries of networks, escape."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.reference.architecture import perceptron

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import EPS, magnitudes, seeds

EXAMPLES = 10  # of the laws that draw
SAMPLES = 20_000
POINTS = st.integers(-300, 300).map(lambda i: i / 100)


def kind(backend: Backend, hessian: np.ndarray) -> str:
    found: str = backend.saddle_points.classify_critical_point(
        backend.asarray(np.zeros(len(hessian))), backend.asarray(hessian)
    )
    return found


def rotated(eigenvalues: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric matrix with these eigenvalues, and its eigenvectors as columns."""
    q = np.linalg.qr(rng.standard_normal((len(eigenvalues), len(eigenvalues))))[0]
    product = (q * eigenvalues) @ q.T
    return (product + product.T) / 2, q


def fitted(
    backend: Backend, network: Any, theta: np.ndarray, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean squared error and its gradient, of one theta or of a fleet."""
    arrays = (backend.asarray(a) for a in (theta, x, y))
    loss, gradient = backend.backprop.loss_and_gradient(network, *arrays, loss="squared_error")
    return backend.to_numpy(loss), backend.to_numpy(gradient)


def outputs(backend: Backend, network: Any, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = backend.to_numpy(backend.backprop.forward(network, backend.asarray(theta), backend.asarray(x)))
    return found


def hidden_layer(seed: int, d: int, n: int) -> dict[str, np.ndarray]:
    """Weights, biases and output weights of a network with n hidden units, and one input; entries within 1."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, Any] = {"W": (n, d), "b": n, "v": n, "x": d}
    return {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}


def flat(units: dict[str, np.ndarray], order: Any = slice(None), factor: Any = 1.0) -> np.ndarray:
    """Theta with the units in this order, incoming weights times the factor, outgoing ones by it."""
    w, b, v = units["W"][order], units["b"][order], units["v"][order]
    factor = np.broadcast_to(factor, b.shape)
    return np.concatenate([(w * factor[:, None]).T.ravel(), b * factor, v / factor, [0.0]])


@law("second-order-conditions")
@given(seeds(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2), magnitudes(1e-6, 1e6))
def test_the_signs_of_the_eigenvalues_make_the_kind(
    backend: Backend, seed: int, rising: int, falling: int, flat_directions: int, scale: float
) -> None:
    if rising + falling + flat_directions == 0:
        rising = 1
    rng = np.random.default_rng(seed)
    signs = np.array([1.0] * rising + [-1.0] * falling + [0.0] * flat_directions)
    hessian, q = rotated(scale * signs * rng.uniform(0.1, 1, len(signs)), rng)
    if rising and falling:
        expected = "saddle"
    elif flat_directions:
        expected = "degenerate"
    else:
        expected = "minimum" if rising else "maximum"
    assert kind(backend, hessian) == expected
    if not flat_directions:
        fraction = float(backend.saddle_points.index_fraction(backend.asarray(hessian)))
        assert fraction == falling / len(signs)
        # Along each eigenvector the quadratic rises or falls as the eigenvalue's sign says.
        steps = backend.quadratics.value(backend.asarray(hessian), backend.asarray(q[:, 0]))
        assert np.sign(float(steps)) == signs[0]


@law("second-order-conditions")
@given(POINTS)
def test_where_the_curvature_vanishes_nothing_is_decided(backend: Backend, x: float) -> None:
    quartic = float(oracle("second-order-conditions", "a quartic minimum has curvature 12 x^2").float64(x=x))
    cubic = float(oracle("second-order-conditions", "a cubic has curvature 6x").float64(x=x))
    # At (0, x) the Hessian of x^2 + y^3 is diag(2, det / 2).
    det = float(oracle("second-order-conditions", "determinant without sign").float64(y=x))
    # At (x, 0) the monkey saddle's Hessian is diag(6x, -6x).
    monkey = float(oracle("second-order-conditions", "Hessian of the monkey saddle").float64(x=x, y=0)) ** 0.5
    assert kind(backend, np.array([[quartic]])) == ("minimum" if x else "degenerate")
    assert kind(backend, np.array([[cubic]])) == ("degenerate" if not x else "minimum" if x > 0 else "maximum")
    assert kind(backend, np.diag([2.0, det / 2])) == ("degenerate" if not x else "minimum" if x > 0 else "saddle")
    assert kind(backend, np.diag([monkey, -monkey])) == ("saddle" if x else "degenerate")


@law("convex-local-minimum-is-global")
@given(seeds(), st.integers(1, 5), st.integers(0, 3), st.integers(0, 8).map(lambda i: i / 8))
def test_all_minima_of_a_convex_function_are_equally_low_and_connected(
    backend: Backend, seed: int, rank: int, flat_directions: int, t: float
) -> None:
    rng = np.random.default_rng(seed)
    d = rank + flat_directions
    curvatures = np.concatenate([rng.uniform(0.5, 1.5, rank), np.zeros(flat_directions)])
    hessian, q = rotated(curvatures, rng)
    hessian_, linear = backend.asarray(hessian), backend.asarray(q[:, :rank] @ rng.uniform(-1, 1, rank))
    ends = []
    for _ in range(2):  # a factor of at most 1/2 a step: 60 steps are below the rounding
        start = backend.asarray(rng.uniform(-3, 3, d))
        ends.append(backend.quadratics.gradient_descent(hessian_, start, lr=1.0, steps=60, linear=linear).point)
    first, second = (float(backend.quadratics.value(hessian_, end, linear)) for end in ends)
    between = float(backend.quadratics.value(hessian_, t * ends[0] + (1 - t) * ends[1], linear))
    claim = oracle("convex-local-minimum-is-global", "between two minimizers there are only minimizers")
    tolerance = 256 * d**2 * EPS * 10
    for end in ends:
        assert np.abs(backend.to_numpy(backend.quadratics.gradient(hessian_, end, linear))).max() <= tolerance
    assert abs(first - second) <= tolerance
    assert between <= claim.upper_limit("fm", fx=first, t=t) + tolerance


@law("slice-of-a-loss")
@given(seeds(), st.integers(1, 5), st.integers(1, 3))
def test_a_slice_has_the_curvature_of_the_loss_in_its_directions(
    backend: Backend, seed: int, examples: int, features: int
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1, 1, (examples, features)), rng.uniform(-1, 1, (examples, 1))
    theta, u, v = rng.uniform(-1, 1, (3, features + 1))
    steps = np.array([-1.0, 0.0, 1.0])
    network = perceptron((features, 1))
    arrays = (backend.asarray(a) for a in (theta, u, v, x, y))
    phi = backend.to_numpy(
        backend.saddle_points.loss_slice(network, *arrays, steps=backend.asarray(steps), loss="squared_error")
    )
    ones = np.column_stack([x, np.ones(examples)])
    root = ones.T @ ones / examples  # the Hessian is root + root'
    claim = oracle("slice-of-a-loss", "curvature of the slice")
    tolerance = 64 * (examples + features) * EPS * 4 * (3 * (features + 1) + 1) ** 2
    # Second differences are exact on a quadratic; phi[s, t].
    assert abs(phi[0, 1] - 2 * phi[1, 1] + phi[2, 1] - float(claim.float64(R=root, u=u))) <= tolerance
    assert abs(phi[1, 0] - 2 * phi[1, 1] + phi[1, 2] - float(claim.float64(R=root, u=v))) <= tolerance
    mixed = float(oracle("slice-of-a-loss", "mixed curvature").float64(R=root, u=u, v=v))
    assert abs((phi[2, 2] - phi[2, 0] - phi[0, 2] + phi[0, 0]) / 4 - mixed) <= tolerance
    assert abs(phi[1, 1] - fitted(backend, network, theta, x, y)[0]) <= tolerance


@law("sign-probability")
@given(seeds(), st.integers(1, 6))
def test_among_all_signs_nearly_all_are_saddles(backend: Backend, seed: int, n: int) -> None:
    sizes = np.random.default_rng(seed).uniform(0.1, 1, n)
    hessians = [np.diag(sizes * signs) for signs in itertools.product((-1, 1), repeat=n)]
    kinds = [kind(backend, hessian) for hessian in hessians]
    indices = backend.to_numpy(backend.saddle_points.index_fraction(backend.asarray(np.array(hessians))))
    saddles, negative = (oracle("sign-probability", claim).exact(n=n) for claim in ("saddles", "all negative"))
    assert kinds.count("saddle") == saddles * 2**n
    assert kinds.count("maximum") == kinds.count("minimum") == (indices == 1).sum() == negative * 2**n


@law("sign-probability")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(1, 5))
def test_a_random_symmetric_matrix_is_definite_no_more_often_than_its_diagonal(
    backend: Backend, seed: int, n: int
) -> None:
    """One-sided exact tests, 1e-9 over all; 20 000 matrices tell 2^-n from 1.3 * 2^-n with power above 0.99."""
    matrices = backend.saddle_points.goe(n, np.random.default_rng(seed), count=SAMPLES)
    index = backend.to_numpy(backend.saddle_points.index_fraction(matrices))
    bound = float(oracle("sign-probability", "all negative").float64(n=n))
    for count in ((index == 1).sum(), (index == 0).sum()):
        as_often = scipy.stats.binomtest(int(count), SAMPLES, bound, alternative="greater").pvalue
        assert as_often >= FALSE_ALARM / (2 * EXAMPLES)


@law("goe-definite-probability")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(1, 3))
def test_a_matrix_of_the_ensemble_is_negative_definite_with_the_proved_probability(
    backend: Backend, seed: int, n: int
) -> None:
    """Exact tests, 1e-9 over all; 20 000 matrices tell .146 from .125 and from .167, with power above 0.99."""
    matrices = backend.saddle_points.goe(n, np.random.default_rng(seed), count=SAMPLES)
    assert (backend.to_numpy(matrices) == np.swapaxes(backend.to_numpy(matrices), 1, 2)).all()
    index = backend.to_numpy(backend.saddle_points.index_fraction(matrices))
    chance = float(oracle("goe-definite-probability", f"n = {n}").float64())
    for count in ((index == 1).sum(), (index == 0).sum()):
        assert scipy.stats.binomtest(int(count), SAMPLES, chance).pvalue >= FALSE_ALARM / (2 * EXAMPLES)


@law("separable-critical-points")
@given(st.integers(1, 4), magnitudes(1e-3, 1e3))
def test_double_wells_have_as_many_critical_points_of_each_kind_as_proved(
    backend: Backend, n: int, scale: float
) -> None:
    theorem, grid = "separable-critical-points", list(itertools.product((-1, 0, 1), repeat=n))
    hessian, slope = oracle(theorem, "their Hessian"), oracle(theorem, "gradient of double wells")
    kinds = []
    for x in grid:
        curvature = backend.asarray(scale * hessian.float64(x=x))
        kinds.append(backend.saddle_points.classify_critical_point(backend.asarray(slope.float64(x=x)), curvature))
    minima = int(oracle(theorem, "minima").exact(n=n, p=2))
    assert len(kinds) == oracle(theorem, "critical points").exact(n=n, p=2, q=1)
    assert kinds.count("minimum") == minima
    assert kinds.count("saddle") == minima * oracle(theorem, "saddles to minima").exact(n=n, p=2, q=1)
    assert kinds.count("maximum") == 1


@law("permutation-symmetry-count")
@given(seeds(), st.integers(1, 3), st.integers(2, 6))
def test_exchanging_units_and_turning_signs_leaves_the_outputs(backend: Backend, seed: int, d: int, n: int) -> None:
    units, network = hidden_layer(seed, d, n), perceptron((d, n, 1), "tanh")
    rng = np.random.default_rng(seed)
    order, signs = rng.permutation(n), rng.choice([-1.0, 1.0], n)
    exchanged = float(oracle("permutation-symmetry-count", "an exchange of units").float64(**units))
    turned = float(oracle("permutation-symmetry-count", "turning the sign of a tanh unit").float64(**units))
    for theta, expected in ((flat(units, order), exchanged), (flat(units, order, signs), turned)):
        measured = outputs(backend, network, theta, units["x"][None])[0, 0]
        assert abs(measured - expected) <= 16 * (n + d) * EPS * n


@law("permutation-symmetry-count")
@given(seeds(), st.integers(2, 4))
def test_every_arrangement_of_a_layer_has_one_loss_and_the_rearranged_gradient(
    backend: Backend, seed: int, n: int
) -> None:
    units, network = hidden_layer(seed, 2, n), perceptron((2, n, 1), "tanh")
    orders = [list(order) for order in itertools.permutations(range(n))]
    turns = list(itertools.product((-1.0, 1.0), repeat=n))
    thetas = np.array([flat(units, order, np.array(signs)) for order in orders for signs in turns])
    x, y = units["x"][None], np.array([[0.3]])
    losses, gradients = fitted(
        backend, network, thetas, np.tile(x, (len(thetas), 1, 1)), np.tile(y, (len(thetas), 1, 1))
    )
    tolerance = 64 * (n + 2) * EPS * (n + 1) ** 2
    assert np.abs(losses - losses[0]).max() <= tolerance
    assert len(np.unique(thetas, axis=0)) == oracle("permutation-symmetry-count", "arrangements of tanh layers").exact(
        n=n, m=1
    )
    # The gradient moves with the units: arranged back, it is that of the first.
    first = dict(
        zip(("W", "b", "v"), np.split(fitted(backend, network, flat(units), x, y)[1], [2 * n, 3 * n]), strict=True)
    )
    arranged = first | {"W": first["W"].reshape(2, n).T, "v": first["v"][:n]}
    expected = np.array([flat(arranged, order, np.array(signs)) for order in orders for signs in turns])
    assert np.abs(gradients[:, :-1] - expected[:, :-1]).max() <= tolerance


@law("positive-rescaling-symmetry")
@given(POINTS, POINTS, magnitudes(1e-3, 1e3), st.integers(0, 8).map(lambda i: i / 8))
def test_homogeneous_activations_commute_with_positive_factors(
    backend: Backend, z: float, y: float, alpha: float, slope: float
) -> None:
    theorem, at = "positive-rescaling-symmetry", backend.asarray
    maxout = backend.maxout.maxout(at([[alpha]]), at([[y, z]]), at([0.0, 0.0]), 2)
    for claim, measured in (
        ("ReLU", backend.activations.relu(at([alpha * z]))),
        ("leaky ReLU", backend.activations.leaky_relu(at([alpha * z]), slope)),
        ("maxout", maxout),
    ):
        names = {"ReLU": {"z": z}, "leaky ReLU": {"z": z, "s": slope}, "maxout": {"y": y, "z": z}}[claim]
        expected = float(oracle(theorem, claim).float64(**names))
        assert abs(float(backend.to_numpy(measured).ravel()[0]) / alpha - expected) <= 8 * EPS * (abs(z) + abs(y))


@law("positive-rescaling-symmetry")
@given(seeds(), st.sampled_from(["relu", "leaky_relu"]), st.integers(1, 3), st.integers(1, 5), magnitudes(1e-3, 1e3))
def test_rescaling_the_units_leaves_the_loss_and_divides_the_gradient(
    backend: Backend, seed: int, activation: str, d: int, n: int, alpha: float
) -> None:
    units, network = hidden_layer(seed, d, n), perceptron((d, n, 1), activation)
    factor = alpha ** np.linspace(-1, 1, n)
    x, y = units["x"][None], np.array([[0.5]])
    before, slope = fitted(backend, network, flat(units), x, y)
    after, rescaled = fitted(backend, network, flat(units, factor=factor), x, y)
    w, b, v, _ = np.split(slope, [n * d, n * d + n, n * d + 2 * n])
    undone = {"W": w.reshape(d, n).T, "b": b, "v": v}
    size = (n * (d + 1) + 1) ** 2
    assert abs(after - before) <= 64 * (n + d) * EPS * size
    expected = flat(undone, factor=1 / factor)
    assert (np.abs(rescaled - expected)[:-1] <= 64 * (n + d) * EPS * size * (alpha + 1 / alpha)).all()
    # Of each unit: w dw + b db = v dv, so that gradient flow conserves |w|^2 + b^2 - v^2.
    conserved = (units["W"] * undone["W"]).sum(axis=1) + units["b"] * b - units["v"] * v
    still = float(oracle("positive-rescaling-symmetry", "gradient flow conserves |w|^2 + b^2 - v^2").float64())
    assert np.abs(conserved - still).max() <= 64 * (n + d) * EPS * size


@law("positive-rescaling-symmetry")
@given(seeds(), st.integers(1, 3), st.integers(1, 5), magnitudes(1e-2, 1e2))
def test_along_the_orbit_of_a_fitting_network_loss_and_gradient_stay_zero(
    backend: Backend, seed: int, d: int, n: int, alpha: float
) -> None:
    units, network = hidden_layer(seed, d, n), perceptron((d, n, 1))
    x = units["x"][None]
    y = outputs(backend, network, flat(units), x)
    loss, gradient = fitted(backend, network, flat(units, factor=alpha), x, y)
    level = float(oracle("positive-rescaling-symmetry", "the loss is level along the curve").float64())
    rounding = 32 * (n + d) * EPS * n * (d + 1)
    assert abs(loss - level) <= rounding**2
    assert np.abs(gradient).max() <= 2 * rounding * (d + 1) * (alpha + 1 / alpha)


@law("product-of-two-weights")
@given(POINTS, POINTS)
def test_two_weights_in_a_row_have_the_slopes_of_their_product(backend: Backend, w1: float, w2: float) -> None:
    one = np.ones((1, 1))
    _, gradient = fitted(backend, perceptron((1, 1, 1), "identity"), np.array([w1, 0.0, w2, 0.0]), one, one)
    for place, claim in ((0, "slope in w1"), (2, "slope in w2")):
        expected = float(oracle("product-of-two-weights", claim).float64(w1=w1, w2=w2))
        assert abs(gradient[place] - expected) <= 32 * EPS * 3 * 10


def two_weights(backend: Backend, theta: np.ndarray, lr: float, steps: int) -> tuple[np.ndarray, float]:
    """The two weights and the loss (1 - w1 w2)^2 after so many steps; the biases stay 0. It ends at 1e-9 or 1e3."""
    one, network, at = np.ones((1, 1)), perceptron((1, 1, 1), "identity"), backend.asarray(theta)
    for _ in range(steps):
        loss, gradient = fitted(backend, network, backend.to_numpy(at), one, one)
        if not 1e-9 <= loss <= 1e3:
            break
        gradient = gradient * np.array([1.0, 0.0, 1.0, 0.0])
        at, _ = backend.stochastic.sgd_step(at, backend.asarray(gradient), None, lr=lr)
    return backend.to_numpy(at)[::2], float(fitted(backend, network, backend.to_numpy(at), one, one)[0])


@law("product-of-two-weights")
@given(POINTS, st.integers(0, 8), st.integers(1, 30))
def test_descent_from_the_antidiagonal_ends_at_the_saddle(backend: Backend, a: float, m: int, k: int) -> None:
    (first, second), _ = two_weights(backend, np.array([a, 0.0, -a, 0.0]), 1 / (2 + a**2 + m), k)
    assert first == -second  # the two weights take mirrored steps, bit for bit
    bound = float(oracle("product-of-two-weights", "descent ends at the saddle").float64(a=a, m=m, k=k))
    assert first**2 <= bound * (1 + 64 * (k + 1) * EPS)


@law("product-of-two-weights")
@settings(max_examples=EXAMPLES)
@given(st.sampled_from([-1.0, 1.0]), magnitudes(1e-8, 1e-2), st.integers(1, 9).map(lambda i: i * math.pi / 20))
def test_from_beside_the_saddle_descent_escapes_to_a_minimum(
    backend: Backend, side: float, away: float, angle: float
) -> None:
    start = side * away * np.array([math.cos(angle), 0.0, math.sin(angle), 0.0])
    # Each step multiplies the part along the diagonal by 1.5: 50 steps from 1e-8 to 1.
    weights, loss = two_weights(backend, start, 0.25, 100)
    expected = float(oracle("product-of-two-weights", "critical points").float64(w1=weights[0], w2=weights[1]))
    assert loss <= 1e-9
    assert expected <= 1e-7  # the squared gradient is 0 at a minimum


@functools.cache
def proved_loss(claim: str) -> float:
    """The loss that the claim, an implication, ends with."""
    return float(find("dead-unit-local-minimum").derive().claims[claim].args[1].rhs)


@law("dead-unit-local-minimum")
@given(POINTS, magnitudes(1e-3, 10.0), POINTS, st.booleans())
def test_a_dead_unit_never_moves_and_a_live_one_can_fit(
    backend: Backend, w: float, away: float, v: float, dead: bool
) -> None:
    b = -w + (-away if dead else away)
    expected = proved_loss("dead" if dead else "alive")
    one, output = np.ones((1, 1)), v if dead else 1 / (w + b)
    loss, gradient = fitted(backend, perceptron((1, 1, 1)), np.array([w, b, output, 0.0]), one, one)
    assert abs(loss / 2 - expected) <= 32 * EPS
    assert not dead or (gradient[:3] == 0).all()


@law("matrix-powers")
@given(seeds(), st.integers(1, 4), st.integers(1, 12), st.integers(-12, 12).map(lambda i: i / 10))
def test_equal_linear_layers_multiply_an_eigenvector_by_powers(
    backend: Backend, seed: int, n: int, t: int, eigenvalue: float
) -> None:
    rng = np.random.default_rng(seed)
    v, root = rng.uniform(0.5, 1, n), rng.uniform(-0.3, 0.3, (n, n))
    w = root - np.outer(root @ v - eigenvalue * v, v) / (v @ v)  # not normal, and w v = eigenvalue v
    theta = np.tile(np.append(w.T.ravel(), np.zeros(n)), t)
    measured = outputs(backend, perceptron((n,) * (t + 1), "identity"), theta, v[None])[0]
    expected = oracle("matrix-powers", "powers").float64(**{"lambda_": eigenvalue, "v": v, "t": t})
    # Each layer's rounding is carried on by the others.
    assert np.abs(measured - expected).max() <= 8 * t * n * EPS * max(1.0, np.linalg.norm(w, 2)) ** t * n


@law("matrix-powers")
@given(POINTS, POINTS, st.integers(1, 14).map(lambda i: i / 10), st.integers(1, 20))
def test_a_jordan_block_grows_by_an_extra_factor_of_the_depth(
    backend: Backend, a0: float, b0: float, r: float, t: int
) -> None:
    block = np.array([[r, 1.0], [0.0, r]])
    theta = np.tile(np.append(block.T.ravel(), np.zeros(2)), t)
    end = outputs(backend, perceptron((2,) * (t + 1), "identity"), theta, np.array([[a0, b0]]))[0]
    size = (abs(a0) + t * abs(b0) / r) * r**t + abs(b0) * r**t
    for measured, claim in zip(end, ("Jordan block", "its second coordinate"), strict=True):
        expected = float(oracle("matrix-powers", claim).float64(a0=a0, b0=b0, r=r, t=t))
        assert abs(measured - expected) <= 16 * (t + 1) * EPS * size


@law("matrix-powers")
@given(seeds(), st.integers(1, 12), magnitudes(0.1, 8.0))
def test_through_logistic_units_a_gradient_shrinks_by_a_quarter_of_the_weight_a_layer(
    backend: Backend, seed: int, layers: int, weight: float
) -> None:
    rng = np.random.default_rng(seed)
    network = perceptron((1,) * (layers + 2), "sigmoid")
    theta = np.column_stack([rng.choice([-1, 1], layers + 1) * weight, rng.uniform(-1, 1, layers + 1)]).ravel()
    x, y = np.array([[rng.uniform(-1, 1)]]), np.array([[3.0]])
    gradient = fitted(backend, network, theta, x, y)[1][1::2]  # of the biases: what arrives at each layer
    quarter = float(oracle("matrix-powers", "slope of a logistic unit").float64())
    bound = float(
        oracle("matrix-powers", "gradient through t layers").float64(g0=gradient[-1], q=weight * quarter, m=layers)
    )
    assert gradient[0] ** 2 <= bound * (1 + 64 * layers * EPS)
    assert np.abs(gradient).min() > 0


@law("escape-from-a-saddle")
@given(magnitudes(1e-2, 1.0), magnitudes(1e-2, 1.0), magnitudes(1e-2, 1.0), st.integers(1, 30), POINTS, POINTS)
def test_descent_shrinks_along_positive_and_grows_along_negative_curvature(
    backend: Backend, rising: float, falling: float, lr: float, k: int, x0: float, y0: float
) -> None:
    hessian = backend.asarray(np.diag([rising, -falling]))
    run = backend.quadratics.gradient_descent(hessian, backend.asarray([x0, y0]), lr=lr, steps=k)
    x, y = backend.to_numpy(run.path)[k]
    arguments = {"eta": lr, "lambda_": rising, "nu": falling, "k": k}
    growth = (1 + lr * falling) ** k
    along = float(oracle("escape-from-a-saddle", "along positive curvature").float64(**arguments, x0=x0))
    away = float(oracle("escape-from-a-saddle", "along negative curvature").float64(**arguments, y0=y0))
    assert abs(x - along) <= 16 * k * EPS * abs(x0)
    assert abs(y - away) <= 16 * k * EPS * abs(y0) * growth
    loss = float(oracle("escape-from-a-saddle", "loss").float64(**arguments, x0=x0, y0=y0))
    measured = float(backend.quadratics.value(hessian, run.point))
    assert abs(measured - loss) <= 64 * k * EPS * (rising * x0**2 + falling * (y0 * growth) ** 2)


@law("escape-from-a-saddle")
@given(magnitudes(1e-2, 1.0), magnitudes(1e-2, 1.0), st.integers(1, 30), magnitudes(1e-3, 0.9), st.booleans())
def test_after_k_steps_only_the_proved_share_of_starts_is_still_inside(
    backend: Backend, falling: float, lr: float, k: int, radius: float, inside: bool
) -> None:
    claim = oracle("escape-from-a-saddle", "starts still inside after k steps")
    share = float(claim.float64(eta=lr, nu=falling, k=k, r=radius))
    start = share * (1 + (-1 if inside else 1) * 64 * (k + 1) * EPS)
    run = backend.quadratics.gradient_descent(
        backend.asarray(np.diag([1.0, -falling])), backend.asarray([0.0, start]), lr=lr, steps=k
    )
    assert (abs(float(run.point[1])) < radius) == inside


@law("landmarks-of-a-loss")
@given(st.integers(0, 700).map(float), POINTS, magnitudes(1e-2, 5.0))
def test_plateaus_are_flat_and_cliffs_are_steep(backend: Backend, far: float, z: float, k: float) -> None:
    theorem = "landmarks-of-a-loss"
    flat_slope = float(backend.activations.sigmoid_derivative(backend.asarray([far]))[0])
    assert abs(flat_slope - float(oracle(theorem, "slope on a plateau").float64(z=far))) <= 8 * EPS * math.exp(-far)
    assert flat_slope <= float(oracle(theorem, "a plateau").float64(x=far)) * (1 + 8 * EPS)
    cliff = k * float(backend.activations.tanh_derivative(backend.asarray([k * z]))[0])
    # 1 - tanh^2 is rounded in units of 1, far out as well as near.
    assert abs(cliff - float(oracle(theorem, "slope of a cliff").float64(k=k, z=z))) <= 16 * EPS * k * (1 + abs(k * z))


# ---- critical points of three-spin energies --------------------------------------------------------------------------

SPINS, STARTS, STEPS = 8, 150, 30


def spins(backend: Backend, seed: int) -> tuple[Any, Any, Any, Any]:
    """The gradient and the bordered Hessian of a three-spin energy, the energy, and the points that were found."""
    rng, module = np.random.default_rng(seed), backend.critical_points
    energy = functools.partial(module.spin_energy, backend.asarray(backend.to_numpy(module.spin_couplings(SPINS, rng))))
    gradient, bordered = module.on_the_sphere(energy)
    x = rng.standard_normal((STARTS, SPINS))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    across = 3 * backend.to_numpy(energy(backend.asarray(x))[0])
    starts = backend.asarray(np.column_stack([x, across]))
    return gradient, bordered, energy, module.find_critical_points(gradient, bordered, starts, steps=STEPS)


@law("critical-point-index-and-loss")
@settings(max_examples=EXAMPLES)
@given(seeds())
def test_what_is_reported_is_critical_and_its_curvature_is_taken_along_the_sphere(backend: Backend, seed: int) -> None:
    """Holds the harness of the measurement, by what holds at every critical point of any three-spin energy."""
    gradient, bordered, energy, points = spins(backend, seed)
    assert len(points) >= 2
    assert np.linalg.norm(backend.to_numpy(gradient(points)), axis=1).max() < 1e-9
    values, slopes, curvatures = energy(points[:, :-1])
    tangent = backend.to_numpy(backend.critical_points.tangent_hessian(points[:, :-1], slopes, curvatures))
    assert tangent.shape[1:] == (SPINS - 1, SPINS - 1)
    size = np.abs(tangent).max()
    assert np.abs(tangent - tangent.transpose(0, 2, 1)).max() <= 64 * SPINS * EPS * size
    # Euler: the energy has degree 3, so the multiplier, which is x'g, is three times the energy.
    across = backend.to_numpy(points[:, -1])
    assert np.abs(across - 3 * backend.to_numpy(values)).max() <= 1e-9 * (1 + size)
    # A bordered Hessian has one positive and one negative eigenvalue more than the tangent one.
    signs, inside = np.linalg.eigvalsh(backend.to_numpy(bordered(points))), np.linalg.eigvalsh(tangent)
    decided = np.abs(inside).min(axis=1) > 1e-6 * size
    assert decided.any()
    assert ((signs < 0).sum(axis=1) == (inside < 0).sum(axis=1) + 1)[decided].all()
    assert ((signs > 0).sum(axis=1) == (inside > 0).sum(axis=1) + 1)[decided].all()


@law("critical-point-index-and-loss")
@given(POINTS, st.integers(50, 300).map(lambda i: i / 100), magnitudes(1e-2, 1e-1), st.booleans())
def test_a_minimum_of_the_squared_gradient_is_not_reported(
    backend: Backend, root: float, away: float, above: float, left: bool
) -> None:
    """Holds the harness: (x - r)((x - s)^2 + a^2) is 0 at r only, and its square has a second minimum near s."""
    s = root + (-away if left else away)

    def gradient(x: Any) -> Any:
        return (x - root) * ((x - s) ** 2 + above**2)

    def hessian(x: Any) -> Any:
        return ((x - s) ** 2 + above**2 + 2 * (x - root) * (x - s))[..., None]

    starts = backend.asarray(np.append(np.linspace(s - 0.2, s + 0.2, 9), [root - 0.01, root + 0.01])[:, None])
    found = backend.to_numpy(backend.critical_points.find_critical_points(gradient, hessian, starts))
    # Below 1e-9 the gradient puts x within 1e-9 over the slope, which is (r - s)^2 + a^2 at r.
    assert found.shape == (1, 1)
    assert abs(found[0, 0] - root) <= 2e-9 / (away**2 + above**2)


@law("critical-point-index-and-loss")
@settings(max_examples=EXAMPLES)
@given(seeds())
def test_over_the_critical_points_of_three_spins_the_index_rises_with_the_energy(backend: Backend, seed: int) -> None:
    """Holds the harness: ranked by both, as the measurement is, they agree more than chance does in one of a thousand.

    The energy is odd: x and -x are one observation, and the one with x_1 > 0 is kept. Power: of 400 energies none has a
    p-value above 1e-6.
    """
    _, _, energy, points = spins(backend, seed)
    kept = points[points[:, 0] > 0]
    values, slopes, curvatures = energy(kept[:, :-1])
    tangent = backend.critical_points.tangent_hessian(kept[:, :-1], slopes, curvatures)
    index = backend.to_numpy(backend.saddle_points.index_fraction(tangent))
    ranks = scipy.stats.spearmanr(backend.to_numpy(values), index)
    assert ranks.statistic > 0
    assert ranks.pvalue < 1e-3
