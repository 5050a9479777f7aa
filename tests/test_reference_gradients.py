"""Gradients by hand and by autograd against 50 digits or a complex step, never against each other."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from backproof.reference import architecture
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd

UNIT = 2.0**-53

EXACT = {
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "identity": lambda z: z,
    "absolute": abs,
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(0.01) * z,
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}


@pytest.mark.parametrize("name", architecture.ACTIVATION_NAMES)
@pytest.mark.parametrize("side", [by_hand, by_autograd], ids=["numpy", "torch"])
def test_activations_and_derivatives_have_full_relative_accuracy(side, name):
    # Both tails and the middle; the derivative is mpmath's own, of the 50-digit function.
    points = np.array([-40.0, -19.0, -3.7, -0.5, -1e-5, 1e-5, 0.3, 2.0, 19.0, 40.0])
    z = torch.from_numpy(points) if side is by_autograd else points
    function, derivative = side.activations.ACTIVATIONS[name]
    values, slopes = np.asarray(function(z)), np.asarray(derivative(z))
    with mpmath.workdps(50):
        for point, value, slope in zip(points, values, slopes, strict=True):
            exact = mpmath.mpf(point)
            # 16 units: exp and tanh are good to 2, and at most half a dozen operations follow.
            expected, expected_slope = EXACT[name](exact), mpmath.diff(EXACT[name], exact)
            assert abs(value - expected) <= 16 * UNIT * abs(expected)
            assert abs(slope - expected_slope) <= 16 * UNIT * abs(expected_slope)


def test_torch_networks_differentiate_every_activation_as_the_formulas_do():
    points = torch.linspace(-3, 3, 25, dtype=torch.float64)  # 0 is among them: the boundary choices agree
    for name, (function, derivative) in by_autograd.activations.ACTIVATIONS.items():
        leaf = points.clone().requires_grad_()
        (slope,) = torch.autograd.grad(function(leaf).sum(), leaf)
        assert torch.allclose(slope, derivative(points), rtol=1e-14, atol=1e-15), name


def exact_cross_entropy(logits, label):
    logits = [mpmath.mpf(float(a)) for a in logits]
    top = max(logits)
    return top + mpmath.log(sum(mpmath.exp(a - top) for a in logits)) - logits[label]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("side", [by_hand, by_autograd], ids=["numpy", "torch"])
def test_softmax_cross_entropy_matches_fifty_digits(side, scale):
    rng = np.random.default_rng(3)
    logits, labels = rng.uniform(-scale, scale, (4, 5)), np.array([0, 4, 2, 2])
    arrays = (torch.from_numpy(logits), torch.from_numpy(labels)) if side is by_autograd else (logits, labels)
    value = float(side.losses.softmax_cross_entropy(*arrays))
    gradient = np.asarray(side.losses.softmax_cross_entropy_gradient(*arrays))
    with mpmath.workdps(50):
        exact = [exact_cross_entropy(row, label) for row, label in zip(logits, labels, strict=True)]
        # A logit's own rounding, of size scale, is all the value can lose, besides a few units of its own.
        assert abs(value - mpmath.fsum(exact) / 4) <= 8 * UNIT * (scale + abs(float(sum(exact))))
        for i, (row, label) in enumerate(zip(logits, labels, strict=True)):
            total = mpmath.fsum(mpmath.exp(mpmath.mpf(float(a)) - mpmath.mpf(float(max(row)))) for a in row)
            for k, a in enumerate(row):
                p = mpmath.exp(mpmath.mpf(float(a)) - mpmath.mpf(float(max(row)))) / total
                # exp turns the rounding of its argument, up to 2 scale, into a relative error of p (1 where p
                # underflows).
                allowed = 8 * UNIT * min(1 + 2 * scale, 1 / UNIT) * float(p) + 8 * UNIT
                assert abs(gradient[i, k] - (p - (k == label)) / 4) <= allowed


@pytest.mark.parametrize("side", [by_hand, by_autograd], ids=["numpy", "torch"])
def test_binary_cross_entropy_matches_fifty_digits_at_huge_logits(side):
    logits, targets = np.array([-1e4, -30.0, 0.5, 40.0, 1e4]), np.array([1.0, 0.0, 0.25, 1.0, 0.0])
    arrays = (torch.from_numpy(logits), torch.from_numpy(targets)) if side is by_autograd else (logits, targets)
    with mpmath.workdps(50):
        a = [mpmath.mpf(x) for x in logits]
        terms = [mpmath.log1p(mpmath.exp(x)) - mpmath.mpf(t) * x for x, t in zip(a, targets, strict=True)]
        slopes = [(1 / (1 + mpmath.exp(-x)) - mpmath.mpf(t)) / 5 for x, t in zip(a, targets, strict=True)]
    assert float(side.losses.binary_cross_entropy(*arrays)) == pytest.approx(float(sum(terms) / 5), rel=8 * UNIT)
    found = np.asarray(side.losses.binary_cross_entropy_gradient(*arrays))
    assert found == pytest.approx([float(s) for s in slopes], rel=8 * UNIT, abs=8 * UNIT)


def complex_loss(network, theta, inputs, targets, loss, masks):
    """The loss of a complex theta, written apart from the code under test."""
    h, offset, remaining = inputs, 0, iter(masks or ())
    for layer in network.layers:
        if isinstance(layer, architecture.Dense):
            w = theta[offset : offset + layer.fan_in * layer.fan_out].reshape(layer.fan_in, layer.fan_out)
            offset += layer.fan_in * layer.fan_out
            h = h @ w + theta[offset : offset + layer.fan_out]
            offset += layer.fan_out
        elif isinstance(layer, architecture.Dropout):
            h = h * next(remaining) / (1 - layer.p)
        else:
            h = {
                "relu": lambda z: np.where(z.real > 0, z, 0),
                "leaky_relu": lambda z: np.where(z.real > 0, z, 0.01 * z),
                "absolute": lambda z: np.where(z.real > 0, z, -z),
                "elu": lambda z: np.where(z.real > 0, z, np.exp(z) - 1),
                "softplus": lambda z: np.log(1 + np.exp(z)),
                "tanh": np.tanh,
                "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
                "identity": lambda z: z,
            }[layer.name](h)
    if loss == "squared_error":
        return ((h - targets) ** 2).mean()
    if loss == "binary_cross_entropy":
        return (np.log(1 + np.exp(h)) - targets * h).mean()
    return (np.log(np.exp(h).sum(-1)) - h[np.arange(len(h)), targets]).mean()


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error", "binary_cross_entropy"])
@pytest.mark.parametrize("activation", architecture.ACTIVATION_NAMES)
def test_network_gradient_matches_the_complex_step(activation, loss):
    # Rectangular layers, a batch of 3, dropout: f(x + ih) = f(x) + ih f'(x) has no cancellation, so h = 1e-200 is
    # exact.
    network = architecture.perceptron((4, 6, 5, 3), activation, dropout=0.3)
    rng = np.random.default_rng(5)
    theta = rng.normal(0, 0.7, network.parameter_count)
    inputs = rng.normal(size=(3, 4))
    targets = rng.integers(0, 3, 3) if loss == "softmax_cross_entropy" else rng.uniform(0, 1, (3, 3))
    masks = by_hand.dropout.masks(network, 3, rng)
    steps = theta + 1e-200j * np.eye(network.parameter_count)
    expected = np.array([complex_loss(network, x, inputs, targets, loss, masks).imag / 1e-200 for x in steps])
    value, found = by_hand.backprop.loss_and_gradient(network, theta, inputs, targets, loss=loss, masks=masks)
    tensors = [torch.from_numpy(np.asarray(x)) for x in (theta, inputs, targets)]
    value_torch, found_torch = by_autograd.backprop.loss_and_gradient(
        network, *tensors, loss=loss, masks=[torch.from_numpy(m) for m in masks]
    )
    # Sums of fewer than 100 terms of size one.
    tolerance = 100 * UNIT * max(1, np.abs(expected).max())
    assert np.abs(expected).max() > 0.01
    assert np.abs(found - expected).max() <= tolerance
    assert np.abs(found_torch.numpy() - expected).max() <= tolerance
    exact_value = complex_loss(network, theta.astype(complex), inputs, targets, loss, masks).real
    assert float(value) == pytest.approx(exact_value, rel=1e-13)
    assert float(value_torch) == pytest.approx(exact_value, rel=1e-13)


def test_relu_passes_no_gradient_at_zero():
    # One weight, input 1, pre-activation exactly 0: relu'(0) = 0, so that the gradient of the first layer vanishes.
    network = architecture.perceptron((1, 1, 1), "relu")
    theta = np.array([0.0, 0.0, 2.0, 0.0])
    _, gradient = by_hand.backprop.loss_and_gradient(
        network, theta, np.ones((1, 1)), np.ones((1, 1)), loss="squared_error"
    )
    assert gradient.tolist() == [0.0, 0.0, 0.0, -2.0]  # 2 (0 - 1) reaches the last bias alone
