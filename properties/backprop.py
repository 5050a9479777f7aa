"""Laws of backpropagation: each layer's gradient, any depth, the chain rule, tied weights, and what it costs."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import Any
from unittest import mock

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.reference.architecture import Activation, Dense, Network

from ._backend import Backend
from ._law import law
from .strategies import EPS, seeds

SMALL = st.integers(1, 4)


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + mpmath.exp(-a))


#: Activations with their derivatives, as the oracles take them: written down a second time, in mpmath.
SMOOTH: dict[str, tuple[Any, Any]] = {
    "tanh": (mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2),
    "sigmoid": (_sigmoid, lambda a: _sigmoid(a) * _sigmoid(-a)),
    "softplus": (lambda a: mpmath.log(1 + mpmath.exp(a)), _sigmoid),
    "identity": (lambda a: a, lambda a: mpmath.mpf(1)),
}
NAMES = st.sampled_from(sorted(SMOOTH))


def uniform(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, shape) for shape in shapes]


def flat(*layers: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Parameters from weights `(fan_out, fan_in)`, as the theorems write them, and biases."""
    return np.concatenate([part for w, b in layers for part in (w.T.ravel(), b)])


def gradients(backend: Backend, network: Network, theta: np.ndarray, x: Any, y: Any, loss: str) -> list[np.ndarray]:
    """The gradient as weights `(fan_out, fan_in)` and biases, layer by layer."""
    targets = backend.asarray(y, "int64" if loss == "softmax_cross_entropy" else "float64")
    arguments = backend.asarray(theta), backend.asarray(x), targets
    _, gradient = backend.backprop.loss_and_gradient(network, *arguments, loss=loss)
    return [a.T for arrays in network.views(backend.to_numpy(gradient)) for a in arrays]


def outputs_of(backend: Backend, network: Network, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    result: np.ndarray = backend.to_numpy(backend.backprop.forward(network, backend.asarray(theta), backend.asarray(x)))
    return result


def value_of(theorem: str, claim: str, **values: Any) -> np.ndarray:
    return np.asarray(oracle(theorem, claim).mpf(digits=25, **values), dtype=float)


@law("dense-layer-gradients")
@given(st.integers(1, 5), SMALL, SMALL, SMALL, seeds())
def test_dense_layers_have_outer_products_sums_and_transposes_as_gradients(
    backend: Backend, batch: int, rows: int, columns: int, inputs: int, seed: int
) -> None:
    w, b, v, c, x, y = uniform(
        seed, (columns, inputs), (columns,), (rows, columns), (rows,), (batch, inputs), (batch, rows)
    )
    network = Network((Dense(inputs, columns), Dense(columns, rows)), (inputs,))
    theta = flat((w, b), (v, c))
    h = x @ w.T + b
    # Sums of up to 5 terms of up to 5 * 5 each; three of them in a row.
    tolerance = 64 * (batch + rows + columns + inputs) * EPS * 25
    out = outputs_of(backend, network, theta, x)
    assert np.abs(out - (np.einsum("ij,sj->si", v, h) + c)).max() <= tolerance
    d = 2 * (out - y) / y.size
    in_w, in_b, in_v, in_c = gradients(backend, network, theta, x, y, "squared_error")
    weights, bias, back = (
        oracle("dense-layer-gradients", f"gradient in the {of}") for of in ("weights", "bias", "input")
    )
    assert np.abs(in_v - weights.float64(d=d, h=h)).max() <= tolerance
    assert np.abs(in_c - bias.float64(d=d)).max() <= tolerance
    before = back.float64(d=d, W=v)
    assert np.abs(in_w - weights.float64(d=before, h=x)).max() <= tolerance
    assert np.abs(in_b - bias.float64(d=before)).max() <= tolerance


@law("dense-layer-gradients")
@given(SMALL, SMALL, SMALL, seeds())
def test_the_backward_pass_is_the_adjoint_of_the_forward_pass(
    backend: Backend, rows: int, columns: int, batch: int, seed: int
) -> None:
    w, c, u, y = uniform(seed, (rows, columns), (rows,), (batch, columns), (batch, rows))
    # The first layer's bias is 0 and its weights the identity, so that its bias gradient is the sum of W'd.
    network = Network((Dense(columns, columns), Dense(columns, rows)), (columns,))
    theta = flat((np.eye(columns), np.zeros(columns)), (w, c))
    d = 2 * (outputs_of(backend, network, theta, u) - y) / y.size
    _, sent_back, _, _ = gradients(backend, network, theta, u, y, "squared_error")
    pair = oracle("dense-layer-gradients", "adjoint")
    for direction in np.eye(columns):
        expected = sum(float(pair.float64(d=d, W=w, u=direction, s=s + 1)) for s in range(batch))
        assert abs(sent_back @ direction - expected) <= 64 * (batch + rows + columns) * EPS * 10


@law("hidden-layer-gradients")
@given(NAMES, st.integers(1, 3), st.integers(1, 3), st.integers(2, 3), seeds())
def test_one_hidden_layer_has_the_gradient_of_the_four_equations(
    backend: Backend, name: str, inputs: int, hidden: int, classes: int, seed: int
) -> None:
    w, b, v, c, x = uniform(seed, (hidden, inputs), (hidden,), (classes, hidden), (classes,), (1, inputs))
    label = seed % classes
    network = Network((Dense(inputs, hidden), Activation(name), Dense(hidden, classes)), (inputs,))
    measured = gradients(backend, network, flat((w, b), (v, c)), 3 * x, [label], "softmax_cross_entropy")
    values = {"W": w, "b": b, "V": v, "c": c, "x": 3 * x[0], "y": label + 1, "phi": SMOOTH[name]}
    # Pre-activations of up to 10, rounded by sums of a few terms; softmax and slopes are 1-Lipschitz.
    tolerance = 64 * (inputs + hidden + classes) * EPS * 10
    for gradient, claim in zip(measured[1::2], ("hidden bias", "output bias"), strict=True):
        assert np.abs(gradient - value_of("hidden-layer-gradients", claim, **values)).max() <= tolerance
    # Of each matrix one entry: the oracle evaluates the whole network for each.
    i, j, r = seed // 7 % classes, seed // 11 % hidden, seed // 13 % inputs
    hidden_entry = value_of("hidden-layer-gradients", "hidden weights", j=j + 1, r=r + 1, **values)
    output_entry = value_of("hidden-layer-gradients", "output weights", i=i + 1, j=j + 1, **values)
    assert abs(measured[0][j, r] - hidden_entry) <= tolerance
    assert abs(measured[2][i, j] - output_entry) <= tolerance


@law("three-layer-chain-rule")
@given(st.permutations(["tanh", "sigmoid", "softplus"]), *[st.integers(1, 3)] * 4, seeds())
def test_three_layers_multiply_their_jacobians_from_the_left(
    backend: Backend, names: list[str], d: int, r: int, q: int, p: int, seed: int
) -> None:
    a, b, c, x, y, gains = uniform(seed, (r, d), (q, r), (p, q), (d,), (p,), (3,))
    theta = 1.5 + gains / 2  # the gains of the layers
    sizes = (d, r, q, p)
    layers = [part for k in range(3) for part in (Dense(sizes[k], sizes[k + 1]), Activation(names[k]))]
    network = Network(tuple(layers), (d,))
    parameters = flat(*((gain * w, np.zeros(len(w))) for gain, w in zip(theta, (a, b, c), strict=True)))
    measured = gradients(backend, network, parameters, x[None], y[None], "squared_error")[::2]
    row = 2 * (outputs_of(backend, network, parameters, x[None])[0] - y) / p
    functions = {letter: SMOOTH[name] for letter, name in zip("fgh", names, strict=True)}
    for k, (gradient, w) in enumerate(zip(measured, (a, b, c), strict=True)):
        expected = value_of(
            "three-layer-chain-rule", f"layer {k + 1}", A=a, B=b, C=c, theta=theta, x=x, l=row, **functions
        )
        # A gain moves all weights of its layer: the inner product with the layer's matrix.
        assert abs((gradient * w).sum() - float(expected)) <= 256 * (d + r + q + p) * EPS * 64


@law("backpropagation-of-any-depth")
@given(NAMES, st.integers(1, 4), st.integers(1, 3), seeds())
def test_at_every_depth_the_gradient_is_the_product_of_the_jacobians_above(
    backend: Backend, name: str, depth: int, n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weights, biases = rng.uniform(-1, 1, (depth + 1, n, n)), rng.uniform(-1, 1, (depth + 1, n))
    x, y = rng.uniform(-1, 1, (1, n)), rng.uniform(-1, 1, (1, n))
    layers: list[Any] = [part for _ in range(depth) for part in (Dense(n, n), Activation(name))]
    network = Network((*layers, Dense(n, n)), (n,))
    theta = flat(*zip(weights, biases, strict=True))
    measured = gradients(backend, network, theta, x, y, "squared_error")
    h, slopes = x[0], []
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        a = [mpmath.mpf(float(v)) for v in w @ h + b]
        h, slope = (np.array([float(f(v)) for v in a]) for f in SMOOTH[name])
        slopes.append(slope)
    start = 2 * (weights[-1] @ h + biases[-1] - y[0]) / n
    # The theorem counts layers from the output, where there is no activation.
    counted = {"W": weights[::-1], "p": np.array([np.ones(n), *slopes[::-1]]), "g": start}
    padded = {key: np.concatenate([v, v[:1]]) if key != "g" else v for key, v in counted.items()}
    for k in range(depth + 1):
        delta = oracle("backpropagation-of-any-depth", "product of Jacobians").mpf(digits=25, k=k, **padded)
        # Each layer multiplies sizes and errors by up to n.
        tolerance = 64 * (depth + 1) * (n + 4) * EPS * 8 * n ** (depth + 1)
        assert np.abs(measured[2 * (depth - k) + 1] - np.asarray(delta, dtype=float)).max() <= tolerance


@law("backpropagation-of-any-depth")
@given(NAMES, st.integers(0, 4), SMALL, seeds())
def test_the_gradient_predicts_the_change_of_the_loss_at_any_depth(
    backend: Backend, name: str, depth: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, depth + 2).tolist()
    network = backend.backprop.perceptron(tuple(sizes), name)
    theta, direction = rng.uniform(-1, 1, (2, network.parameter_count))
    x, y = rng.uniform(-1, 1, (batch, sizes[0])), rng.uniform(-1, 1, (batch, sizes[-1]))
    check_slope(backend, network, theta, direction, x, y)


def check_slope(
    backend: Backend, network: Network, theta: np.ndarray, direction: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """Compare <gradient, direction>, times h, with the loss's change over h: the theorem's expansion with e = 0."""
    arrays = backend.asarray(x), backend.asarray(y)

    def loss(t: np.ndarray) -> Any:
        return backend.backprop.loss_and_gradient(network, backend.asarray(t), *arrays, loss="squared_error")

    gradient = backend.to_numpy(loss(theta)[1])
    h = 1e-3
    first_order = float(
        oracle("multivariate-chain-rule", "expansion").float64(
            g=gradient, s=direction, w=np.full(len(theta), 0.5), h=h, e=0, v=0
        )
    )
    at = {k: float(loss(theta + k * h * direction)[0]) for k in (-4, -3, -2, -1, 1, 2, 3, 4)}
    sixth = (45 * (at[1] - at[-1]) - 9 * (at[2] - at[-2]) + (at[3] - at[-3])) / 60
    eighth = (672 * (at[1] - at[-1]) - 168 * (at[2] - at[-2]) + 32 * (at[3] - at[-3]) - 3 * (at[4] - at[-4])) / 840
    # Central differences of orders 6 and 8 disagree by the sixth's own remainder; each loss is rounded.
    tolerance = abs(sixth - eighth) + 64 * (len(theta) + 8) * EPS * max(1.0, *at.values())
    assert abs(eighth - first_order) <= tolerance


@law("multivariate-chain-rule")
@given(NAMES, st.integers(1, 4), st.integers(1, 5), seeds())
def test_a_unit_that_many_read_gathers_what_all_send_back(
    backend: Backend, name: str, fan_out: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((1, 1, fan_out, 1), name)
    theta, direction = rng.uniform(-1, 1, (2, network.parameter_count))
    direction[2:] = 0  # the one unit's own weight and bias; fan_out units read it
    check_slope(backend, network, theta, direction, rng.uniform(-1, 1, (batch, 1)), rng.uniform(-1, 1, (batch, 1)))


def unrolled(name: str, units: int, steps: int) -> Network:
    """A recurrent layer as a deep network: one dense layer and one activation for each time step."""
    parts: list[Any] = [part for _ in range(steps) for part in (Dense(units, units), Activation(name))]
    return Network(tuple(parts), (units,))


@law("backpropagation-through-time")
@given(NAMES, st.integers(1, 3), st.integers(1, 4), seeds())
def test_tied_weights_gather_the_gradients_of_all_time_steps(
    backend: Backend, name: str, n: int, steps: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    u, start, target = rng.uniform(-1, 1, (n, n)), rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    driven = rng.uniform(-1, 1, (steps, n))  # W x_t + c: what each step adds
    theta = flat(*((u, row) for row in driven))
    measured = gradients(backend, unrolled(name, n, steps), theta, start[None], target[None], "squared_error")
    memory, slopes = [start], []
    for row in driven:
        a = [mpmath.mpf(float(v)) for v in u @ memory[-1] + row]
        value, slope = (np.array([float(f(v)) for v in a]) for f in SMOOTH[name])
        memory.append(value)
        slopes.append(slope)
    # Counted from the end: step 1 is the last, and only its output has a loss. Entry h_(r+1) is what step r read.
    error = np.zeros((steps + 2, n))
    error[0] = 2 * (memory[-1] - target) / n
    values = {
        "U": u,
        "p": np.array([*slopes[::-1], np.zeros(n), np.zeros(n)]),
        "e": error,
        "h": np.array([*memory[::-1], np.zeros(n)]),
        "k": steps,
    }
    tied = value_of("backpropagation-through-time", "tied gradient", **values)
    assert np.abs(sum(measured[::2]) - tied).max() <= 64 * steps * (n + 4) * EPS * 16 * n**steps


@law("backpropagation-through-time")
@given(NAMES, seeds())
def test_over_two_steps_the_earlier_one_keeps_its_share(backend: Backend, name: str, seed: int) -> None:
    u, w, c, before, x1, x2 = (float(v) for v in uniform(seed, (6,))[0])
    network = unrolled(name, 1, 2)
    theta = np.array([u, w * x1 + c, u, w * x2 + c])
    # A target 1/2 below the output makes the loss's gradient there 1.
    target = outputs_of(backend, network, theta, np.array([[before]])) - 0.5
    measured = gradients(backend, network, theta, [[before]], target, "squared_error")
    values = {"u": u, "w": w, "c": c, "h_0": before, "x_1": x1, "x_2": x2, "phi": SMOOTH[name]}
    expected = float(value_of("backpropagation-through-time", "two steps", **values))
    assert abs((measured[0] + measured[2]).item() - expected) <= 128 * EPS * 4


@law("cross-entropy-through-probabilities")
@given(st.integers(2, 6), st.sampled_from([0.1, 3.0, 30.0]), seeds())
def test_through_the_softmax_jacobian_the_gradient_in_the_probabilities_becomes_f_minus_e(
    backend: Backend, classes: int, size: float, seed: int
) -> None:
    a, label = size * uniform(seed, (classes,))[0], seed % classes
    f = backend.to_numpy(backend.activations.softmax(backend.asarray(a)))
    jacobian = backend.to_numpy(backend.activations.softmax_jacobian(backend.asarray(a)))
    free = oracle("cross-entropy-through-probabilities", "in the probabilities").float64(f=f, y=label + 1)
    gradient = backend.losses.softmax_cross_entropy_gradient(
        backend.asarray(a[None]), backend.asarray([label], "int64")
    )
    whole = oracle("cross-entropy-through-probabilities", "in the logits").float64(a=a, y=label + 1)
    # Each entry is f_y / f_y times a probability: a handful of roundings, and logits of up to `size` in the exponents.
    tolerance = 16 * (classes + 4) * EPS * (1 + size)
    assert np.abs(jacobian.T @ free - whole).max() <= tolerance
    assert np.abs(backend.to_numpy(gradient)[0] - whole).max() <= tolerance


@contextmanager
def counted(backend: Backend, counts: list[int]) -> Any:
    """Append the multiplications of every matrix product in the block."""
    if backend.name == "numpy":

        def counting(product: Any) -> Any:
            def multiply(a: Any, b: Any, **options: Any) -> Any:
                if a.ndim > 1:  # a row of ones times a matrix is how the biases are summed
                    counts.append(a.size * b.shape[-1])
                return product(a, b, **options)

            return multiply

        with mock.patch.object(np, "matmul", counting(np.matmul)), mock.patch.object(np, "dot", counting(np.dot)):
            yield
    else:
        from torch.utils._python_dispatch import TorchDispatchMode

        class Counting:
            def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                if function.overloadpacket.__name__ in ("mm", "addmm", "bmm", "baddbmm"):
                    a, b = args[-2:]
                    counts.append(a.numel() * b.shape[-1])
                return function(*args, **(kwargs or {}))

        # Inherited from beside: to wrap what a mode defines itself, as torch's own counter does, torch imports its
        # compiler, which takes longer than all these laws.
        class CountingMode(Counting, TorchDispatchMode):
            pass

        with CountingMode():
            yield


@law("backpropagation-cost")
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(1, 7), NAMES, seeds())
def test_a_gradient_takes_exactly_its_multiplications_and_less_than_three_forward_passes(
    backend: Backend, widths: list[int], batch: int, name: str, seed: int
) -> None:
    network = backend.backprop.perceptron(tuple(widths), name)
    theta, x, y = uniform(seed, (network.parameter_count,), (batch, widths[0]), (batch, widths[-1]))
    arguments = [backend.asarray(v) for v in (theta, x, y)]
    whole: list[int] = []
    with counted(backend, whole):
        backend.backprop.loss_and_gradient(network, *arguments, loss="squared_error")
    assert sum(whole) == int(oracle("backpropagation-cost", "a batch").exact(d=widths, N=batch, L=len(widths) - 1))
    passes: list[int] = []
    with counted(backend, passes):
        backend.backprop.forward(network, *arguments[:2])
    three = oracle("backpropagation-cost", "less than three forward passes")
    assert sum(whole) < 3 * sum(passes) == batch * int(three.exact(d=widths, L=len(widths) - 1))
    pairs = itertools.pairwise(widths)
    of_a_layer = oracle("backpropagation-cost", "parameters")
    assert network.parameter_count == sum(int(of_a_layer.exact(p=p, q=q)) for q, p in pairs)


@law("score-and-log-likelihood-gradient")
@given(st.integers(2, 6), st.integers(1, 6), seeds())
def test_the_gradient_of_a_batch_is_the_mean_of_its_examples_and_minus_the_score(
    backend: Backend, classes: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, labels = rng.uniform(-5, 5, (batch, classes)), rng.integers(0, classes, batch)
    gradient = lambda a, y: backend.to_numpy(  # noqa: E731
        backend.losses.softmax_cross_entropy_gradient(backend.asarray(a), backend.asarray(y, "int64"))
    )
    score = oracle("score-and-log-likelihood-gradient", "softmax score")
    expected = -np.array([score.float64(a=row, y=y + 1) for row, y in zip(a, labels, strict=True)])
    tolerance = 16 * (classes + 4) * EPS * 6
    assert np.abs(gradient(a, labels) - expected / batch).max() <= tolerance
    singles = [gradient(a[k : k + 1], labels[k : k + 1])[0] / batch for k in range(batch)]
    assert np.abs(gradient(a, labels) - singles).max() <= tolerance


@law("score-and-log-likelihood-gradient")
@given(st.integers(2, 6), st.floats(0.01, 1.0), seeds())
def test_under_the_model_the_mean_score_is_0_and_a_step_against_the_gradient_descends(
    backend: Backend, classes: int, lr: float, seed: int
) -> None:
    a = np.random.default_rng(seed).uniform(-5, 5, (1, classes))
    f = backend.to_numpy(backend.activations.softmax(backend.asarray(a)))[0]
    mean, scores = float(oracle("score-and-log-likelihood-gradient", "mean 0 under the model").float64()), []
    for y in range(classes):
        label = backend.asarray([y], "int64")
        gradient = backend.to_numpy(backend.losses.softmax_cross_entropy_gradient(backend.asarray(a), label))
        scores.append(gradient[0])
        value = lambda z, label=label: float(backend.losses.softmax_cross_entropy(backend.asarray(z), label))  # noqa: E731
        # The loss is 1/2-smooth, so every rate below 4 descends.
        assert value(a - lr * gradient) < value(a)
    assert np.abs(f @ np.array(scores) - mean).max() <= 16 * (classes + 4) * EPS * 6


@law("squared-error-backpropagation")
@given(NAMES, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), seeds())
def test_regression_starts_from_twice_the_error(
    backend: Backend, name: str, inputs: int, hidden: int, outputs: int, seed: int
) -> None:
    w, b, v, c, x, y = uniform(
        seed, (hidden, inputs), (hidden,), (outputs, hidden), (outputs,), (1, inputs), (1, outputs)
    )
    network = Network((Dense(inputs, hidden), Activation(name), Dense(hidden, outputs)), (inputs,))
    _, in_z, in_v, in_c = gradients(backend, network, flat((w, b), (v, c)), x, y, "squared_error")
    values = {"V": v, "c": c, "y": y[0], "z": w @ x[0] + b, "phi": SMOOTH[name]}
    for measured, claim in ((in_z, "hidden layer"), (in_v.T, "weights"), (in_c, "bias")):
        # The theorem sums over the outputs; the reference averages.
        expected = value_of("squared-error-backpropagation", claim, **values) / outputs
        assert np.abs(measured - expected).max() <= 64 * (inputs + hidden + outputs) * EPS * 40


@law("squared-error-backpropagation")
@given(NAMES, SMALL, seeds())
def test_an_activation_on_the_output_multiplies_by_its_slope(
    backend: Backend, name: str, units: int, seed: int
) -> None:
    c, y = uniform(seed, (units,), (1, units))
    network = Network((Dense(1, units), Activation(name)), (1,))
    measured = gradients(backend, network, flat((np.zeros((units, 1)), 3 * c)), [[1.0]], y, "squared_error")[1]
    expected = value_of("squared-error-backpropagation", "elementwise output", a=3 * c, y=y[0], psi=SMOOTH[name])
    assert np.abs(measured - expected / units).max() <= 64 * EPS * 8
