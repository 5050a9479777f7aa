"""Networks written down, piecewise affine structure, critical points and slices of a loss."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import perceptron

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param][0]


@pytest.fixture
def array(side):
    return SIDES["torch" if side is by_autograd else "numpy"][1]


@pytest.mark.parametrize("bits", [1, 2, 3, 5])
def test_parity_is_exact_on_every_input(side, array, bits):
    network, theta = side.expressivity.parity_network(bits)
    inputs = np.array(list(itertools.product([0.0, 1.0], repeat=bits)))
    outputs = np.asarray(side.backprop.forward(network, theta, array(inputs)))
    assert outputs.shape == (2**bits, 1)
    assert outputs[:, 0].tolist() == (inputs.sum(axis=1) % 2).tolist()


@pytest.mark.parametrize("depth", range(1, 8))
def test_tents_have_two_to_the_depth_pieces(side, array, depth):
    network, theta = side.expressivity.tent_network(depth)
    cuts = np.asarray(side.expressivity.breakpoints(network, theta, 0.0, 1.0))
    assert cuts.tolist() == [k / 2**depth for k in range(1, 2**depth)]  # dyadic: exact
    grid = np.arange(2**depth + 1) / 2**depth
    assert np.asarray(side.backprop.forward(network, theta, array(grid[:, None]))).ravel().tolist() == (
        [k % 2 for k in range(2**depth + 1)]
    )


def test_a_shallow_network_has_at_most_one_piece_more_than_units(side, array):
    rng = np.random.default_rng(0)
    network = perceptron((1, 6, 1))
    for _ in range(20):
        theta = array(rng.normal(size=network.parameter_count))
        assert len(np.asarray(side.expressivity.breakpoints(network, theta, -50.0, 50.0))) <= 6


def test_interpolation_hits_its_knots_and_its_error_bound(side, array):
    knots = np.linspace(0, 1, 9)
    network, theta = side.expressivity.interpolating_network(array(knots), array(knots**2))
    grid = np.linspace(0, 1, 1601)
    found = np.asarray(side.backprop.forward(network, theta, array(grid[:, None]))).ravel()
    # |f''| h^2 / 8 = 2 / 64 / 8, attained in the middle between knots.
    assert np.abs(found - grid**2).max() == pytest.approx(2 / 64 / 8, rel=1e-9)
    assert np.abs(found[::200] - knots**2).max() <= 1e-15
    with pytest.raises(
        ValueError, match=re.escape("knots must be two or more increasing numbers, got knots=[0.0, 0.0]")
    ):
        side.expressivity.interpolating_network(array(np.zeros(2)), array(np.zeros(2)))


@pytest.mark.parametrize("units", [20, 80])
def test_the_staircase_keeps_its_certificate(side, array, units):
    steepness = 2 * units * math.log(units)
    sine = (lambda x: np.sin(6 * x)) if side is by_hand else (lambda x: torch.sin(6 * x))
    network, theta = side.expressivity.staircase_network(sine, units, steepness)
    grid = np.linspace(0, 1, 2001)
    found = np.asarray(side.backprop.forward(network, theta, array(grid[:, None]))).ravel()
    assert np.abs(found - np.sin(6 * grid)).max() <= 6 / units + 6 * math.exp(-steepness / (2 * units))


def test_a_relu_network_is_its_local_affine_map_within_its_lipschitz_bound(side, array):
    rng = np.random.default_rng(1)
    network = perceptron((3, 8, 5, 2))
    theta = array(rng.normal(size=network.parameter_count))
    inputs, near = rng.normal(size=(10, 3)), rng.normal(size=(10, 3))
    outputs, others = (np.asarray(side.backprop.forward(network, theta, array(x))) for x in (inputs, near))
    slopes, offsets = (np.asarray(part) for part in side.expressivity.local_affine(network, theta, array(inputs)))
    assert np.abs(np.einsum("bi,bio->bo", inputs, slopes) + offsets - outputs).max() <= 1e-12
    patterns = np.asarray(side.expressivity.activation_pattern(network, theta, array(inputs)))
    assert patterns.shape == (10, 13)
    assert 0 < patterns.mean() < 1
    bound = side.expressivity.lipschitz_bound(network, theta)
    distances = np.linalg.norm(inputs - near, axis=1)
    assert (np.linalg.norm(outputs - others, axis=1) <= bound * distances).all()
    with pytest.raises(ValueError, match="network must consist of dense layers and ReLU"):
        side.expressivity.activation_pattern(
            perceptron((3, 2, 1), "tanh"), array(np.zeros(11)), array(np.zeros((1, 3)))
        )


@pytest.mark.parametrize(
    ("diagonal", "kind"),
    [
        ([1, 2], "minimum"),
        ([-1, -2], "maximum"),
        ([1, -2], "saddle"),
        ([0, 2], "degenerate"),
        ([0, 0], "degenerate"),
        ([0, 1, -1], "saddle"),
    ],
)
def test_critical_points_are_classified(side, array, diagonal, kind):
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(len(diagonal), len(diagonal))))
    hessian = rotation @ np.diag(np.array(diagonal, dtype=float)) @ rotation.T
    hessian = (hessian + hessian.T) / 2
    zero = array(np.zeros(len(diagonal)))
    assert side.saddle_points.classify_critical_point(zero, array(hessian), tolerance=1e-12) == kind
    with pytest.raises(
        ValueError, match=re.escape("gradient must be 0 at a critical point, got a norm of gradient=2.0")
    ):
        side.saddle_points.classify_critical_point(array(np.array([2.0, 0.0])), array(np.eye(2)))


def test_goe_matrices_have_their_variances_and_their_share_of_definite_ones(side):
    drawn = np.asarray(side.saddle_points.goe(2, np.random.default_rng(3), count=40_000))
    assert np.array_equal(drawn, drawn.swapaxes(1, 2))
    # 40,000 draws: seven standard errors of a variance are 7 sqrt(2 / 40,000) = 5 %.
    assert drawn[:, 0, 0].var() == pytest.approx(1.0, rel=0.05)
    assert drawn[:, 0, 1].var() == pytest.approx(0.5, rel=0.05)
    negative = (
        np.asarray(side.saddle_points.index_fraction(SIDES["torch"][1](drawn) if side is by_autograd else drawn)) == 1
    )
    # 1/2 - sqrt(2)/4 = 0.1464; seven standard errors are 7 sqrt(0.1464 0.8536 / 40,000) = 0.0124.
    assert negative.mean() == pytest.approx(0.5 - math.sqrt(2) / 4, abs=0.0124)


def test_a_slice_is_the_loss_at_each_of_its_points(side, array):
    rng = np.random.default_rng(4)
    network = perceptron((2, 3, 2))
    theta, first, second = (rng.normal(size=network.parameter_count) for _ in range(3))
    inputs, labels, steps = rng.normal(size=(5, 2)), np.array([0, 1, 1, 0, 1]), np.array([-1.0, 0.0, 0.5])
    found = np.asarray(
        side.saddle_points.loss_slice(
            network, array(theta), array(first), array(second), array(inputs), array(labels), steps=array(steps)
        )
    )
    for (i, s), (j, t) in itertools.product(enumerate(steps), enumerate(steps)):
        outputs = side.backprop.forward(network, array(theta + s * first + t * second), array(inputs))
        assert found[i, j] == pytest.approx(float(side.losses.softmax_cross_entropy(outputs, array(labels))), rel=1e-13)
