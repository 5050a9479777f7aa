"""Laws of convolution layers: adjoints, sizes, translations, channels, pooling, flattening, and LeNet-5's count."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.derivations.kernel.oracle import oracle_of
from backproof.reference.architecture import Conv2d, Flatten, Network

from ._backend import Backend
from ._law import law
from .strategies import EPS, seeds

SMALL = st.integers(1, 3)
STRIDES = st.integers(1, 3)


def call(backend: Backend, name: str, *arrays: Any, **options: int) -> np.ndarray:
    """A function of `convnets` on NumPy arrays (shapes and sizes stay as they are)."""
    given_ = [backend.asarray(a) if isinstance(a, np.ndarray) else a for a in arrays]
    result: np.ndarray = backend.to_numpy(getattr(backend.convnets, name)(*given_, **options))
    return result


def line(x: Any) -> np.ndarray:
    """A signal as an image of one row, or a filter of one row: `(1, 1, 1, n)`."""
    return np.asarray(x, dtype=float).reshape(1, 1, 1, -1)


def integers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Small integers: all sums of products are exact, so that laws of convolutions are equalities."""
    return rng.integers(-4, 5, shape).astype(float)


@law("convolution-adjoint")
@given(st.integers(1, 5), st.integers(1, 4), STRIDES, st.integers(0, 2), seeds())
def test_both_gradients_of_a_convolution_are_its_adjoints(
    backend: Backend, outputs: int, taps: int, stride: int, spare: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    spare = min(spare, stride - 1)  # with more there would be another window
    x, f, g = integers(rng, stride * (outputs - 1) + taps + spare), integers(rng, taps), integers(rng, outputs)
    into_x = call(backend, "conv2d_input_gradient", line(g), line(f), line(x).shape, stride=stride)
    into_f = call(backend, "conv2d_filter_gradient", line(g), line(x), line(f).shape, stride=stride)
    sizes = {"M": outputs, "K": taps, "s": stride, "d": 1, "r": spare}
    scattered, gathered, paired = (
        oracle("convolution-adjoint", c) for c in ("in the input", "in the filter", "adjoint")
    )
    assert into_x.ravel().tolist() == scattered.float64(f=f, g=g, **sizes).tolist()
    assert into_f.ravel().tolist() == gathered.float64(x=x, g=g, **sizes).tolist()
    y = call(backend, "conv2d", line(x), line(f), stride=stride)
    assert float((y.ravel() * g).sum()) == float(paired.float64(f=f, g=g, x=x, **sizes)) == float(x @ into_x.ravel())


@law("convolution-adjoint")
@given(SMALL, SMALL, SMALL, SMALL, SMALL, STRIDES, st.integers(0, 2), seeds())
def test_in_two_dimensions_with_channels_the_inner_products_agree(
    backend: Backend,
    batch: int,
    channels: int,
    maps: int,
    height: int,
    width: int,
    stride: int,
    padding: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, batch, channels, height + 3, width + 2)
    f = integers(rng, maps, channels, height, width)
    y = call(backend, "conv2d", x, f, stride=stride, padding=padding)
    g = integers(rng, *y.shape)
    into_x = call(backend, "conv2d_input_gradient", g, f, x.shape, stride=stride, padding=padding)
    into_f = call(backend, "conv2d_filter_gradient", g, x, f.shape, stride=stride, padding=padding)
    assert (y * g).sum() == (into_x * x).sum() == (into_f * f).sum()
    # The padding is dropped: what arrives at image entry q is what would arrive at q + l of the padded image.
    wide = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    arrived = call(backend, "conv2d_input_gradient", g, f, wide.shape, stride=stride)[0, 0, padding]
    kept = oracle("convolution-adjoint", "padding").float64(h=arrived, l=padding, n=x.shape[3], m=padding)
    assert into_x[0, 0, 0].tolist() == kept.tolist()


@law("convolution-flips-the-filter")
@given(st.integers(1, 4), st.integers(0, 3), st.integers(0, 3), seeds())
def test_true_convolution_is_correlation_with_the_reversed_filter(
    backend: Backend, taps: int, before: int, after: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    outputs = before + taps + after
    f, g, x = integers(rng, taps), integers(rng, outputs), integers(rng, outputs + taps - 1)
    sizes = {"K": taps, "b": before, "c": after}
    true = oracle_of(find("convolution-flips-the-filter"), "true convolution", side="left")
    assert call(backend, "conv2d", line(x), line(f[::-1])).ravel().tolist() == true.float64(f=f, x=x, **sizes).tolist()
    at = before + taps - 1  # a place, counted from 0, that all taps reach
    gradient = call(backend, "conv2d_input_gradient", line(g), line(f), line(x).shape).ravel()
    assert gradient[at] == oracle("convolution-flips-the-filter", "reversed filter").float64(f=f, g=g, **sizes)


@law("convolution-output-size")
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(0, 2))
def test_a_window_fits_as_often_as_the_formula_says_and_no_more(
    backend: Backend, outputs: int, taps: int, stride: int, rest: int, padding: int
) -> None:
    rest %= stride
    n = taps + stride * (outputs - 1) + rest - 2 * padding
    if n < 1:
        padding, n = 0, n + 2 * padding
    y = call(backend, "conv2d", np.ones((1, 1, n, n)), np.ones((1, 1, taps, taps)), stride=stride, padding=padding)
    formula = oracle_of(find("convolution-output-size"), "formula", side="left")
    expected = int(formula.exact(M=outputs, K=taps, s=stride, d=1, r=rest))
    assert y.shape == (1, 1, expected, expected)
    if n >= taps:
        pooled = call(backend, "max_pool2d", np.ones((1, 1, n + 2 * padding, taps)), taps, stride=stride)
        assert pooled.shape == (1, 1, expected, 1)


@law("convolution-translation-equivariance")
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 5), seeds())
def test_a_moved_signal_moves_its_outputs(backend: Backend, outputs: int, taps: int, shift: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    f, x = integers(rng, taps), integers(rng, outputs + taps - 1)
    moved = np.concatenate([np.zeros(shift), x])
    expected = oracle("convolution-translation-equivariance", "equivariance").float64(f=f, x=x, M=outputs)
    for signal in (line(moved), line(moved).swapaxes(2, 3)):
        window = line(f) if signal.shape[2] == 1 else line(f).swapaxes(2, 3)
        y = call(backend, "conv2d", signal, window).ravel()
        assert y[shift:].tolist() == expected.tolist()


@law("convolution-translation-equivariance")
@given(st.integers(1, 5), st.integers(1, 4), seeds())
def test_a_convolution_is_a_dense_layer_with_a_toeplitz_matrix(
    backend: Backend, outputs: int, taps: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = outputs + taps - 1
    f, x = integers(rng, taps), integers(rng, n)
    # The columns of the layer's matrix are the images of the unit vectors.
    matrix = call(backend, "conv2d", np.eye(n).reshape(n, 1, 1, n), line(f)).reshape(n, outputs).T
    toeplitz = oracle("convolution-translation-equivariance", "toeplitz").float64(f=f, M=outputs)
    assert matrix.tolist() == toeplitz.tolist()
    assert (matrix @ x).tolist() == call(backend, "conv2d", line(x), line(f)).ravel().tolist()


@law("convolution-layer-gradients")
@given(SMALL, SMALL, SMALL, STRIDES, SMALL, SMALL, seeds())
def test_every_output_map_sees_every_input_map_and_sends_back_to_all(
    backend: Backend, maps: int, channels: int, taps: int, stride: int, height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, channels, stride * (height - 1) + taps, stride * (width - 1) + taps)
    f, g = integers(rng, maps, channels, taps, taps), integers(rng, maps, height, width)
    into_x = call(backend, "conv2d_input_gradient", g[None], f, (1, *x.shape), stride=stride)[0]
    into_f = call(backend, "conv2d_filter_gradient", g[None], x[None], f.shape, stride=stride)
    sizes = {"O": maps, "C": channels, "K": taps, "s": stride, "M": height, "N": width}
    scattered, gathered = (oracle("convolution-layer-gradients", f"in the {of}") for of in ("input", "filters"))
    # The theorem's loss is that of one output map; the maps add up.
    assert into_x.tolist() == sum(scattered.float64(f=f, g=g, o=o + 1, **sizes) for o in range(maps)).tolist()
    assert into_f.tolist() == gathered.float64(x=x, g=g, **sizes).tolist()


@law("convolution-layer-gradients")
@given(SMALL, SMALL, SMALL, SMALL, seeds())
def test_a_maps_bias_gathers_the_gradient_of_all_its_places(
    backend: Backend, batch: int, maps: int, height: int, width: int, seed: int
) -> None:
    network = Network((Conv2d(1, maps, 1), Flatten()), (1, height, width))
    rng = np.random.default_rng(seed)
    theta, x = rng.uniform(-1, 1, network.parameter_count), rng.uniform(-1, 1, (batch, 1, height, width))
    targets = rng.uniform(-1, 1, (batch, maps * height * width))
    arrays = [backend.asarray(v) for v in (theta, x, targets)]
    _, gradient = backend.backprop.loss_and_gradient(network, *arrays, loss="squared_error")
    outputs = backend.to_numpy(backend.backprop.forward(network, *arrays[:2]))
    g = (2 * (outputs - targets) / targets.size).reshape(batch, maps, height, width)
    sizes = {"O": maps, "M": height, "N": width}
    expected = sum(oracle("convolution-layer-gradients", "in the bias").float64(g=one, **sizes) for one in g)
    # Every entry of g is below 2 (2 + 1) / size; there are size of them.
    assert np.abs(backend.to_numpy(network.views(gradient)[0][1]) - expected).max() <= 16 * (targets.size + 4) * EPS


@law("convolution-parameters")
@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.integers(0, 9))
def test_the_number_of_parameters_ignores_the_image(
    backend: Backend, maps: int, channels: int, taps: int, more: int
) -> None:
    network = Network((Conv2d(channels, maps, taps),), (channels, taps + more, taps))
    expected = int(oracle("convolution-parameters", "parameters").exact(O=maps, I=channels, K=taps))
    rng = np.random.default_rng(0)
    theta = backend.initialization.initial_parameters(network, rng, initializer="he_normal")
    assert theta.shape == (expected,)
    x = backend.asarray(np.ones((2, *network.input_shape)))
    assert backend.backprop.forward(network, backend.asarray(theta), x).shape == (2, maps, more + 1, 1)


@law("convolution-parameters")
@given(SMALL, SMALL, st.integers(1, 4), seeds())
def test_filters_that_vanish_between_different_maps_leave_each_map_alone(
    backend: Backend, channels: int, taps: int, places: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    w, x = integers(rng, channels, taps), integers(rng, channels, places + taps)
    filters = np.einsum("oc,ok->ock", np.eye(channels), w)[:, :, None, :]
    # The theorem's window starts one place further on.
    measured = call(backend, "conv2d", x[None, :, None, 1:], filters)[0, :, 0]
    expected = oracle("convolution-parameters", "depthwise").float64(w=w, x=x, N=places)
    assert measured.tolist() == expected.tolist()


def windows(x: np.ndarray, size: int) -> np.ndarray:
    """The windows `(windows, size^2)` of images `(batch, channels, height, width)` that they tile."""
    n, c, height, width = x.shape
    cut = x.reshape(n, c, height // size, size, width // size, size)
    return cut.transpose(0, 1, 2, 4, 3, 5).reshape(-1, size * size)


@law("pooling")
@given(SMALL, SMALL, SMALL, SMALL, SMALL, seeds())
def test_mean_pooling_shares_the_gradient_and_max_pooling_gives_it_to_one_winner(
    backend: Backend, batch: int, channels: int, rows: int, columns: int, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 2, (batch, channels, rows * size, columns * size)).astype(float)  # many ties
    g = integers(rng, batch, channels, rows, columns)
    shared = windows(call(backend, "mean_pool2d_gradient", g, x.shape, size), size)
    expected = oracle("pooling", "mean pooling").float64(g=g.ravel(), w=size**2)[:, None]
    assert np.abs(shared - expected).max() <= EPS * np.abs(g).max()
    routed, entries = windows(call(backend, "max_pool2d_gradient", g, x, size), size), windows(x, size)
    first = (entries == entries.max(axis=1, keepdims=True)).cumsum(axis=1).cumsum(axis=1) == 1
    chosen = oracle("pooling", "any pooling at fixed winners").float64(g=g.ravel(), c=first.astype(float))
    assert routed.tolist() == chosen.tolist()
    mass = float(oracle("pooling", "gradient mass").float64(g=g.ravel(), w=size**2))
    assert routed.sum() == mass
    assert abs(shared.sum() - mass) <= 4 * shared.size * EPS * np.abs(g).max()


@law("pooling")
@given(st.integers(2, 3), st.integers(1, 2), st.integers(3, 6), seeds())
def test_windows_that_overlap_add_their_gradients(
    backend: Backend, size: int, stride: int, side: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.permutation(side * side).reshape(1, 1, side, side).astype(float)
    y = call(backend, "max_pool2d", x, size, stride=stride)
    g = integers(rng, *y.shape)
    mass = float(oracle("pooling", "gradient mass").float64(g=g.ravel(), w=size**2))
    assert call(backend, "max_pool2d_gradient", g, x, size, stride=stride).sum() == mass
    assert abs(call(backend, "mean_pool2d_gradient", g, x.shape, size, stride=stride).sum() - mass) <= 1e3 * EPS


@law("pooling")
@given(SMALL, SMALL, SMALL, st.integers(1, 8), seeds())
def test_max_pooling_commutes_with_relu_and_moves_no_further_than_its_inputs(
    backend: Backend, rows: int, columns: int, size: int, change: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, 1, 2, rows * size, columns * size)
    relu = lambda z: backend.to_numpy(backend.activations.relu(backend.asarray(z)))  # noqa: E731
    pooled = call(backend, "max_pool2d", x, size)
    keeps = oracle("pooling", "relu keeps the largest")
    assert call(backend, "max_pool2d", relu(x), size).tolist() == relu(pooled).tolist()
    assert relu(pooled).ravel().tolist() == [float(keeps.float64(a_max=top)) for top in pooled.ravel()]
    # n(k) <= m(k) + e where no input exceeds the other's by more than e.
    larger = call(backend, "max_pool2d", x + rng.uniform(-change, change, x.shape), size).ravel()
    bound = oracle("pooling", "1-Lipschitz")
    for window, value, most in zip(windows(x, size), larger, pooled.ravel(), strict=True):
        entries = [*window.astype(int).tolist(), 0]
        assert value <= float(bound.exact(y=entries, e=change, k=len(window) - 1))
        assert most == bound.exact(y=entries, e=0, k=len(window) - 1)  # the running maximum itself


@law("pooling-equivariance")
@given(SMALL, SMALL, st.integers(0, 3), st.sampled_from(["max_pool2d", "mean_pool2d"]), seeds())
def test_pooling_commutes_with_shifts_by_whole_strides(
    backend: Backend, count: int, stride: int, moves: int, name: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, stride * count)
    image = np.broadcast_to(x, (1, 1, stride, stride * count)).copy()
    moved = np.concatenate([np.zeros((1, 1, stride, stride * moves)), image], axis=3)
    before, after = (call(backend, name, v, stride).ravel() for v in (image, moved))
    assert after[moves:].tolist() == before.tolist()
    entries = oracle("pooling-equivariance", "entry by entry").float64(x=x, M=count, s=stride)
    assert call(backend, "max_pool2d", moved, stride).ravel()[moves:].tolist() == entries.max(axis=1).tolist()
    means = oracle("pooling-equivariance", "mean pooling").float64(x=x, M=count, s=stride)
    assert np.abs(call(backend, "mean_pool2d", moved, stride).ravel()[moves:] - means).max() <= 64 * EPS


@law("flattening")
@given(SMALL, SMALL, SMALL, SMALL)
def test_entry_c_u_v_goes_to_position_c_h_plus_u_times_w_plus_v_and_back(
    backend: Backend, batch: int, channels: int, height: int, width: int
) -> None:
    shape = (batch, channels, height, width)
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    flat = call(backend, "flatten", x)
    position = oracle_of(find("flattening"), "last position", side="left")
    for c, u, v in np.ndindex(*shape[1:]):
        at = int(position.exact(C=channels, H=height, W=width, c=c, u=u, v=v))
        assert flat[:, at].tolist() == x[:, c, u, v].tolist()
    back = oracle("flattening", "gradient")
    unflattened = call(backend, "flatten_gradient", flat, shape)
    assert unflattened.tolist() == [back.float64(g=one).tolist() for one in x]


@law("permutation-blindness")
@given(st.integers(2, 6), st.integers(1, 4), st.integers(1, 4), seeds())
def test_exchanged_pixels_and_weights_give_the_same_loss_and_the_exchanged_gradient(
    backend: Backend, pixels: int, units: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = backend.backprop.perceptron((pixels, units, 2), "tanh")
    theta, x = rng.uniform(-1, 1, network.parameter_count), rng.uniform(-1, 1, (batch, pixels))
    labels = backend.asarray(rng.integers(0, 2, batch), "int64")
    a, b = rng.choice(pixels, 2, replace=False)
    order = np.arange(pixels)
    order[[a, b]] = b, a
    exchanged = theta.copy()
    network.views(exchanged)[0][0][:] = network.views(theta)[0][0][order]
    one, two = (
        backend.backprop.loss_and_gradient(network, backend.asarray(t), backend.asarray(images), labels)
        for t, images in ((theta, x), (exchanged, x[:, order]))
    )
    # The sums over the pixels run in another order: pixels products of up to 1, once forward and once back.
    tolerance = 32 * (pixels + units + batch) * EPS
    assert abs(float(one[0]) - float(two[0])) <= tolerance
    first, second = (network.views(backend.to_numpy(g))[0][0] for _, g in (one, two))
    assert np.abs(second - first[order]).max() <= tolerance
    # Of each unit: the theorem's d x'P' with the unit's own d, that is its bias gradient for a batch of one.
    if batch == 1:
        d = network.views(backend.to_numpy(one[1]))[0][1]
        expected = oracle("permutation-blindness", "gradients correspond").float64(d=d, x=x[0], a=a + 1, b=b + 1)
        assert np.abs(second - expected.T).max() <= tolerance


@law("lenet-parameters")
@given(st.integers(1, 2), seeds())
def test_lenet_5_has_its_61706_parameters_layer_by_layer_and_reads_no_other_size(
    backend: Backend, batch: int, seed: int
) -> None:
    network = backend.convnets.lenet5()
    rng = np.random.default_rng(seed)
    theta = backend.asarray(backend.initialization.initial_parameters(network, rng))
    of_a_layer = oracle("lenet-parameters", "one layer")
    for weights, bias in (arrays for arrays in network.views(theta) if arrays):
        units, reads = len(bias), int(np.prod(weights.shape)) // len(bias)
        assert int(np.prod(weights.shape)) + units == of_a_layer.exact(p=units, q=reads)
    excess = oracle("lenet-parameters", "parameters")  # over 61 706, on images of side S
    assert len(theta) - 61706 == excess.exact(S=network.input_shape[1]) == 0
    x = backend.asarray(rng.uniform(0, 1, (batch, *network.input_shape)))
    assert tuple(backend.backprop.forward(network, theta, x).shape) == (batch, 10)
