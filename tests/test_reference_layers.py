"""Convolution, pooling, batch normalization, maxout and parametric ReLU: against loops, adjoints and the complex
step.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Maxout,
    MaxPool2d,
    MeanPool2d,
    Network,
    ParametricReLU,
    digit_network,
    lenet5,
)
from tests.test_reference_agreement import assert_agree, both

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}
UNIT = 2.0**-53


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param][0]


@pytest.fixture
def array(side):
    return SIDES["torch" if side is by_autograd else "numpy"][1]


def looped_convolution(x, w, b, stride, padding):
    """The formula with a loop for every index."""
    n, channels, height, width = x.shape
    out, _, kh, kw = w.shape
    padded = np.zeros((n, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    rows, columns = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
    y = np.zeros((n, out, rows, columns))
    for i, o, u, v in itertools.product(range(n), range(out), range(rows), range(columns)):
        y[i, o, u, v] = b[o] + sum(
            w[o, c, p, q] * padded[i, c, stride * u + p, stride * v + q]
            for c, p, q in itertools.product(range(channels), range(kh), range(kw))
        )
    return y


CONVOLUTIONS = list(itertools.product([1, 2, 3], [0, 1, 2], [(3, 2), (1, 1), (5, 4)]))


@pytest.mark.parametrize(("stride", "padding", "kernel"), CONVOLUTIONS)
def test_convolution_is_its_formula_for_rectangular_images(side, array, stride, padding, kernel):
    rng = np.random.default_rng(0)
    # Integers: every sum is exact, in whatever order it is taken.
    x, w = rng.integers(-9, 9, (2, 3, 7, 6)).astype(float), rng.integers(-9, 9, (4, 3, *kernel)).astype(float)
    b = rng.integers(-9, 9, 4).astype(float)
    found = side.convnets.conv2d(array(x), array(w), array(b), stride=stride, padding=padding)
    assert np.array_equal(np.asarray(found), looped_convolution(x, w, b, stride, padding))


@pytest.mark.parametrize(("stride", "padding", "kernel"), CONVOLUTIONS)
def test_convolution_gradients_are_the_adjoints(side, array, stride, padding, kernel):
    rng = np.random.default_rng(1)
    x, w = rng.integers(-9, 9, (2, 3, 7, 6)).astype(float), rng.integers(-9, 9, (4, 3, *kernel)).astype(float)
    y = looped_convolution(x, w, np.zeros(4), stride, padding)
    dy = rng.integers(-9, 9, y.shape).astype(float)
    dx = side.convnets.conv2d_input_gradient(array(dy), array(w), x.shape, stride=stride, padding=padding)
    dw = side.convnets.conv2d_filter_gradient(array(dy), array(x), w.shape, stride=stride, padding=padding)
    # <y(x, w), dy> = <x, dx> = <w, dw>, exactly, because everything is an integer below 2^53.
    assert (np.asarray(dx) * x).sum() == (np.asarray(dw) * w).sum() == (y * dy).sum()
    # Adjoint as a map, not only at this x: another x has the same dx.
    other = rng.integers(-9, 9, x.shape).astype(float)
    assert (np.asarray(dx) * other).sum() == (looped_convolution(other, w, np.zeros(4), stride, padding) * dy).sum()


@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, 1), (2, 3), (3, 2)])
def test_pooling_is_its_definition_and_conserves_the_gradient(side, array, window, stride):
    rng = np.random.default_rng(2)
    x = rng.integers(-3, 3, (2, 2, 7, 6)).astype(float)  # many ties
    hop = stride or window
    rows, columns = (7 - window) // hop + 1, (6 - window) // hop + 1
    largest = np.asarray(side.convnets.max_pool2d(array(x), window, stride))
    mean = np.asarray(side.convnets.mean_pool2d(array(x), window, stride))
    dy = rng.integers(1, 9, largest.shape).astype(float)
    expected = np.zeros_like(x)
    for n, c, u, v in itertools.product(range(2), range(2), range(rows), range(columns)):
        cut = x[n, c, u * hop : u * hop + window, v * hop : v * hop + window]
        assert largest[n, c, u, v] == cut.max()
        assert mean[n, c, u, v] == pytest.approx(cut.mean(), abs=1e-15)
        p, q = np.unravel_index(cut.argmax(), cut.shape)  # the first largest, row by row
        expected[n, c, u * hop + p, v * hop + q] += dy[n, c, u, v]
    assert np.array_equal(np.asarray(side.convnets.max_pool2d_gradient(array(dy), array(x), window, stride)), expected)
    shared = np.asarray(side.convnets.mean_pool2d_gradient(array(dy), x.shape, window, stride))
    assert shared.sum() == pytest.approx(dy.sum(), rel=1e-14)
    assert (shared * x).sum() == pytest.approx((mean * dy).sum(), rel=1e-13)


def test_fleets_of_convolutions_are_their_members(side, array):
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(3, 2, 2, 6, 5)), rng.normal(size=(3, 4, 2, 3, 3)), rng.normal(size=(3, 4))
    together = np.asarray(side.convnets.conv2d(array(x), array(w), array(b), stride=2, padding=1))
    for member in range(3):
        alone = side.convnets.conv2d(array(x[member]), array(w[member]), array(b[member]), stride=2, padding=1)
        assert np.abs(together[member] - np.asarray(alone)).max() <= 1e-13


@pytest.mark.parametrize("images", [False, True])
def test_batch_norm_gradient_is_the_complex_step(side, array, images):
    rng = np.random.default_rng(4)
    shape = (5, 3, 2, 4) if images else (5, 3)
    x, dy, gamma, beta = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=3), rng.normal(size=3)
    axes, spread = ((0, 2, 3), (1, 3, 1, 1)) if images else ((0,), (1, 3))

    def weighted(x, gamma, beta):
        mean = x.mean(axis=axes, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
        return (dy * (gamma.reshape(spread) * (x - mean) / np.sqrt(variance + 1e-3) + beta.reshape(spread))).sum()

    found = side.batch_norm.batch_norm_gradient(array(dy), array(x), array(gamma), eps=1e-3, images=images)
    for index, value in enumerate((x, gamma, beta)):
        expected = np.zeros(value.size)
        for k in range(value.size):
            step = np.zeros(value.size, complex)
            step[k] = 1e-200j
            arguments = [v.astype(complex) for v in (x, gamma, beta)]
            arguments[index] = arguments[index] + step.reshape(value.shape)
            expected[k] = weighted(*arguments).imag / 1e-200
        assert np.abs(np.asarray(found[index]).ravel() - expected).max() <= 1e-13
    single = side.batch_norm.batch_norm_gradient(*(array(v.astype(np.float32)) for v in (dy, x, gamma)), images=images)
    assert {np.asarray(part).dtype for part in single} == {np.dtype(np.float32)}
    y = side.batch_norm.batch_norm(array(x), array(gamma), array(beta), eps=1e-3, images=images)
    assert float((np.asarray(y) * dy).sum()) == pytest.approx(weighted(x, gamma, beta), rel=1e-12)


def test_batch_norm_of_a_constant_feature_is_beta_and_never_nan(side, array):
    x, gamma, beta = np.full((4, 1), 3.0), np.array([2.0]), np.array([7.0])
    assert np.asarray(side.batch_norm.batch_norm(array(x), array(gamma), array(beta), eps=0.0)).tolist() == [[7.0]] * 4
    for part in side.batch_norm.batch_norm_gradient(array(np.ones((4, 1))), array(x), array(gamma), eps=0.0):
        assert np.isfinite(np.asarray(part)).all()


def test_population_variance_is_unbiased_over_a_partition(side, array):
    # Over batches of m that partition the N points, averaged over all orders, m/(m-1) E[var_B] = N/(N-1) var_N exactly;
    # here every order of four points 0, 1, 3, 8 in batches of two. var_N = (9+4+0+25)/4 = 9.5, times 4/3.
    points = np.array([0.0, 1.0, 3.0, 8.0])
    variances = []
    for order in itertools.permutations(range(4)):
        network = Network((BatchNorm(1),), (1,))
        ((mean, variance),) = side.backprop.population_statistics(
            network, array(np.array([1.0, 0.0])), array(points[list(order)][:, None]), batch_size=2
        )
        assert float(mean[0]) == 3.0
        variances.append(float(variance[0]))
    assert np.mean(variances) == pytest.approx(9.5 * 4 / 3, rel=1e-14)


def test_inference_uses_the_given_statistics_and_ignores_the_batch(side, array):
    network = Network((Dense(3, 4), BatchNorm(4), Activation("relu"), Dense(4, 2)), (3,))
    rng = np.random.default_rng(5)
    theta = side.initialization.initial_parameters(network, rng)
    inputs = array(rng.normal(size=(12, 3)))
    statistics = side.backprop.population_statistics(network, theta, inputs, batch_size=4)
    whole = np.asarray(side.backprop.forward(network, theta, inputs, statistics=statistics))
    single = np.asarray(side.backprop.forward(network, theta, inputs[:1], statistics=statistics))
    assert np.allclose(whole[:1], single, rtol=1e-14, atol=1e-15)
    assert not np.allclose(whole, np.asarray(side.backprop.forward(network, theta, inputs)))


@pytest.mark.parametrize("sampled", [False, True])
def test_a_fleet_with_batch_normalization_validates_like_its_members(side, array, sampled):
    network = Network((Dense(3, 4), BatchNorm(4), Activation("relu"), Dense(4, 2)), (3,))
    rng = np.random.default_rng(7)
    inputs, labels = array(rng.normal(size=(12, 3))), array(rng.integers(0, 2, 12))
    samples = array(rng.integers(0, 12, (2, 9)))
    options = {"epochs": 3, "batch_size": 4, "lr": 0.01, "eps": 1e-3, "validation": (inputs, labels)}
    rngs = np.random.default_rng(8).spawn(2)
    theta = side.initialization.initial_parameters(network, rngs)
    given = {"samples": samples} if sampled else {}
    together = side.training.train(network, theta, inputs, labels, rng=rngs, **given, **options)
    for member, rng in enumerate(np.random.default_rng(8).spawn(2)):
        theta = side.initialization.initial_parameters(network, rng)
        # The statistics are those of the examples that the member has seen.
        seen = samples[member] if sampled else slice(None)
        alone = side.training.train(network, theta, inputs[seen], labels[seen], rng=rng, **options)
        found = [losses[member] for losses in together.history.validation_losses]
        assert found == pytest.approx(alone.history.validation_losses, rel=1e-11)


def small_images(classes=3):
    rng = np.random.default_rng(6)
    return rng.normal(size=(17, 2, 6, 7)), rng.integers(0, classes, 17)


CONVOLUTIONAL = {
    "max": Network((Conv2d(2, 3, 3, padding=1), Activation("relu"), MaxPool2d(2), Flatten(), Dense(27, 3)), (2, 6, 7)),
    "strided_mean": Network(
        (Conv2d(2, 4, 2, stride=2), Activation("tanh"), MeanPool2d(2, 1), Flatten(), Dense(16, 3)), (2, 6, 7)
    ),
    "normalized": Network(
        (Conv2d(2, 3, 3), BatchNorm(3), Activation("leaky_relu"), MaxPool2d(3, 2), Flatten(), Dense(6, 3)), (2, 6, 7)
    ),
}
FLAT = {
    "maxout": Network((Maxout(4, 5, 3), Dense(5, 3)), (4,)),
    "parametric": Network((Dense(4, 6), ParametricReLU(), Dense(6, 3)), (4,)),
    "normalized": Network((Dense(4, 6), BatchNorm(6), Activation("tanh"), Dense(6, 3)), (4,)),
    "scaled_dropout": Network((Dense(4, 6), Activation("relu"), Dropout(0.3, inverted=False), Dense(6, 3)), (4,)),
}


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_convolutional_networks_agree_over_200_steps(name):
    inputs, labels = small_images()
    assert_agree(*both(CONVOLUTIONAL[name], inputs, labels, lr=0.01, epochs=68, batch_size=6))


@pytest.mark.parametrize("name", FLAT)
def test_other_layers_agree_over_200_steps(name):
    rng = np.random.default_rng(8)
    inputs, labels = rng.normal(size=(17, 4)), rng.integers(0, 3, 17)
    assert_agree(*both(FLAT[name], inputs, labels, lr=0.01, epochs=68, batch_size=6))


@pytest.mark.parametrize("kind", ["convolutional", "flat"])
def test_gradients_of_every_layer_match_a_difference_of_the_loss(side, array, kind):
    networks = CONVOLUTIONAL if kind == "convolutional" else FLAT
    rng = np.random.default_rng(9)
    for name, network in networks.items():
        inputs, labels = rng.normal(size=(5, *network.input_shape)), rng.integers(0, 3, 5)
        masks = [array(m) for m in by_hand.dropout.masks(network, 5, rng)]
        theta = np.asarray(by_hand.initialization.initial_parameters(network, rng, initializer="he_normal"))
        direction = rng.normal(size=theta.shape)
        loss = {}
        h = 1e-5
        for shift in (-h, 0, h):
            value, gradient = side.backprop.loss_and_gradient(
                network, array(theta + shift * direction), array(inputs), array(labels), masks=masks
            )
            loss[shift] = float(value), np.asarray(gradient)
        # A central difference along one direction: error about h^2 times the third derivative, and eps / h. A kink of a
        # maximum within h of these points would show; there is none for this seed.
        measured = (loss[h][0] - loss[-h][0]) / (2 * h)
        assert loss[0][1] @ direction == pytest.approx(measured, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("network", [*CONVOLUTIONAL.values(), *FLAT.values()])
def test_every_layer_passes_float32_on_as_float32(side, array, network):
    rng = np.random.default_rng(12)
    theta = by_hand.initialization.initial_parameters(network, rng).astype(np.float32)
    inputs, labels = rng.normal(size=(5, *network.input_shape)).astype(np.float32), rng.integers(0, 3, 5)
    masks = [array(m) for m in by_hand.dropout.masks(network, 5, rng)]
    outputs = side.backprop.forward(network, array(theta), array(inputs), masks=masks)
    loss, gradient = side.backprop.loss_and_gradient(network, array(theta), array(inputs), array(labels), masks=masks)
    assert {np.asarray(x).dtype for x in (outputs, loss, gradient)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("network", [*CONVOLUTIONAL.values(), *FLAT.values()])
def test_fleets_of_every_layer_equal_their_members(side, array, network):
    rng = np.random.default_rng(10)
    inputs, labels = array(rng.normal(size=(13, *network.input_shape))), array(rng.integers(0, 3, 13))
    options = {"epochs": 6, "batch_size": 5, "optimizer": "heavy_ball", "momentum": 0.5}
    rates = np.array([0.03, 0.05])
    rngs = np.random.default_rng(11).spawn(2)
    theta = side.initialization.initial_parameters(network, rngs)
    together = side.training.train(network, theta, inputs, labels, rng=rngs, lr=array(rates), **options)
    for member, rng in enumerate(np.random.default_rng(11).spawn(2)):
        theta = side.initialization.initial_parameters(network, rng)
        alone = side.training.train(network, theta, inputs, labels, rng=rng, lr=float(rates[member]), **options)
        assert np.abs(np.asarray(together.theta[member]) - np.asarray(alone.theta)).max() <= 1e-12


def test_lenet5_has_the_published_sizes_and_runs(side, array):
    network = lenet5()
    assert network.parameter_count == 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85 == 61_706
    sides = [shape[-1] for shape in network.shapes if len(shape) == 3]
    assert sorted(set(sides), reverse=True) == [32, 28, 14, 10, 5]
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))
    assert tuple(side.backprop.forward(network, theta, array(np.zeros((2, 1, 32, 32)))).shape) == (2, 10)


def test_the_digit_network_learns_digits():
    from backproof.reference import data

    split = data.digits(np.random.default_rng(0), dtype=np.float32)
    images = split.train_inputs.reshape(-1, 1, 8, 8)
    network, rng = digit_network(), np.random.default_rng(0)
    theta = by_hand.initialization.initial_parameters(network, rng, initializer="he_normal", dtype=np.float32)
    run = by_hand.training.train(
        network,
        theta,
        images,
        split.train_labels,
        epochs=12,
        batch_size=32,
        rng=rng,
        lr=3e-3,
        validation=(split.test_inputs.reshape(-1, 1, 8, 8), split.test_labels),
    )
    assert run.history.validation_accuracies[-1] >= 0.95


def test_layers_that_do_not_fit_name_the_layer_and_both_shapes():
    with pytest.raises(ValueError, match=r"layer 1 \(Dense.*must be given shape \(9,\), got shape=\(2, 4, 4\)"):
        Network((Conv2d(1, 2, 3), Dense(9, 1)), (1, 6, 6))
    with pytest.raises(ValueError, match=r"layer 0 \(Conv2d.*\(3, '>= 5', '>= 5'\), got shape=\(1, 6, 6\)"):
        Network((Conv2d(3, 2, 5),), (1, 6, 6))
    with pytest.raises(ValueError, match=r"layer 0 \(MaxPool2d.*got shape=\(1, 2, 2\)"):
        Network((MaxPool2d(3),), (1, 2, 2))


def test_convolutions_refuse_what_does_not_fit(side, array):
    images, filters = array(np.zeros((1, 2, 4, 4))), array(np.zeros((3, 1, 2, 2)))
    with pytest.raises(ValueError, match=r"filters must have the 2 channels of inputs, got .*\(3, 1, 2, 2\)"):
        side.convnets.conv2d(images, filters)
    with pytest.raises(ValueError, match="filters must fit into the padded images"):
        side.convnets.conv2d(images, array(np.zeros((1, 2, 6, 6))))
    with pytest.raises(ValueError, match="window must fit into the images, got window=5"):
        side.convnets.max_pool2d(images, 5)
    with pytest.raises(ValueError, match="stride must be an integer of at least 1, got stride=0"):
        side.convnets.conv2d(images, array(np.zeros((1, 2, 2, 2))), stride=0)


def test_multitask_gradient_is_the_complex_step_and_agrees():
    trunk, heads = (
        Network((Dense(3, 4), Activation("tanh")), (3,)),
        (Network((Dense(4, 2),), (4,)), Network((Dense(4, 1),), (4,))),
    )
    network = by_hand.multitask.Multitask(trunk, heads)
    rng = np.random.default_rng(12)
    theta, x = rng.normal(size=network.parameter_count), rng.normal(size=(5, 3))
    y0, y1 = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    weights, losses = [0.7, 1.9], ["squared_error", "squared_error"]

    def total(theta):
        w, b, w0, b0, w1, b1 = np.split(theta, np.cumsum([12, 4, 8, 2, 4]))
        h = np.tanh(x @ w.reshape(3, 4) + b)
        first = ((h @ w0.reshape(4, 2) + b0 - y0) ** 2).mean()
        return 0.7 * first + 1.9 * ((h @ w1.reshape(4, 1) + b1 - y1) ** 2).mean()

    expected = np.array([total(row).imag for row in theta + 1e-200j * np.eye(len(theta))]) / 1e-200
    value, found = by_hand.multitask.multitask_loss_and_gradient(
        network, theta, x, [y0, y1], losses=losses, weights=weights
    )
    tensors = [torch.from_numpy(v) for v in (theta, x, y0, y1)]
    value_torch, found_torch = by_autograd.multitask.multitask_loss_and_gradient(
        network, tensors[0], tensors[1], tensors[2:], losses=losses, weights=weights
    )
    assert float(value) == pytest.approx(total(theta), rel=1e-14)
    assert float(value_torch) == pytest.approx(total(theta), rel=1e-14)
    assert np.abs(found - expected).max() <= 100 * UNIT * np.abs(expected).max()
    assert np.abs(found_torch.numpy() - expected).max() <= 100 * UNIT * np.abs(expected).max()
    with pytest.raises(ValueError, match="must be one for each of the 2 heads, got 1, 2 and 2"):
        by_hand.multitask.multitask_loss_and_gradient(network, theta, x, [y0], losses=losses, weights=weights)
    with pytest.raises(ValueError, match="head 0 must take the trunk's output of shape"):
        by_hand.multitask.Multitask(trunk, (Network((Dense(3, 2),), (3,)),))


def test_dropout_averages(side, array):
    network = Network((Dense(2, 4), Activation("relu"), Dropout(0.3), Dense(4, 3)), (2,))
    rng = np.random.default_rng(13)
    theta = side.initialization.initial_parameters(network, rng)
    x = array(rng.normal(size=(3, 2)))
    exact = np.asarray(side.dropout.exact_average_probabilities(network, theta, x))
    drawn = np.asarray(side.dropout.monte_carlo_probabilities(network, theta, x, samples=4000, rng=rng))
    # Probabilities lie in [0, 1]: by Hoeffding one of the 9 means misses by 0.05 with probability below 18 exp(-2
    # 4000 / 400) = 4e-8.
    assert np.abs(drawn.mean(axis=0) - exact).max() < 0.05
    assert drawn.std(axis=0).max() > 0.01
    assert math.isclose(exact.sum(), 3.0, rel_tol=1e-12)
    # One input kept with probability 0.7, and then divided by 0.7: softmax(2 / 0.7, 0), else softmax(0, 0).
    single = Network((Dropout(0.3), Dense(1, 2)), (1,))
    theta = array(np.array([2.0, 0.0, 0.0, 0.0]))
    found = np.asarray(side.dropout.exact_average_probabilities(single, theta, array(np.ones((1, 1)))))
    assert found[0, 0] == pytest.approx(0.7 / (1 + math.exp(-2 / 0.7)) + 0.3 / 2, rel=1e-14)
    wide = Network((Dense(2, 17), Dropout(0.5), Dense(17, 3)), (2,))
    with pytest.raises(ValueError, match="at most 16 units under dropout to average exactly, got 17"):
        side.dropout.exact_average_probabilities(
            wide, side.initialization.initial_parameters(wide, np.random.default_rng(0)), x
        )
