"""A fleet trained at once is its members trained one by one."""

from __future__ import annotations

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
)
from tests.test_reference_agreement import HYPER, problem

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "squared_error"])
@pytest.mark.parametrize("optimizer", sorted(by_hand.optimizers.OPTIMIZERS))
@pytest.mark.parametrize("name", SIDES)
def test_a_fleet_equals_its_members_one_by_one(name, optimizer, loss):
    side, array = SIDES[name]
    network, inputs, targets = problem(loss, dropout=0.25)
    rates = np.array([0.5, 1.0, 1.7]) * HYPER[optimizer]["lr"]
    samples = np.random.default_rng(9).integers(0, 23, (3, 19))
    options = {**HYPER[optimizer], "optimizer": optimizer, "loss": loss, "epochs": 20, "batch_size": 8}
    data = array(inputs), array(targets)

    rngs = np.random.default_rng(5).spawn(3)
    theta = side.initialization.initial_parameters(network, rngs)
    options["lr"] = array(rates)
    together = side.training.train(network, theta, *data, rng=rngs, samples=array(samples), **options)
    for member, rng in enumerate(np.random.default_rng(5).spawn(3)):
        theta = side.initialization.initial_parameters(network, rng)
        options["lr"] = float(rates[member])
        alone = side.training.train(
            network, theta, data[0][samples[member]], data[1][samples[member]], rng=rng, **options
        )
        found, expected = np.asarray(together.theta[member]), np.asarray(alone.theta)
        assert np.abs(found - expected).max() <= 1e-12 * max(1, np.abs(expected).max())
        assert np.allclose(np.array(together.history.losses)[:, member], alone.history.losses, rtol=1e-11)


RELU, TANH, IDENTITY = Activation("relu"), Activation("tanh"), Activation("identity")
NORMALIZED = {
    "dense": Network(
        (Dense(3, 7), BatchNorm(7), TANH, Dropout(0.25), Dense(7, 6), Dense(6, 5), BatchNorm(5), RELU, Dense(5, 4)),
        (3,),
    ),
    "convolutional": Network(
        (
            # No ReLU up here: a channel that is positive everywhere hands beta on, for this one batch, to the next
            # normalization, and of a gradient that is 0 delta-bar-delta would ask the sign.
            *(Conv2d(1, 3, 3, padding=1), BatchNorm(3), TANH, MaxPool2d(2)),
            *(Conv2d(3, 4, 2), MeanPool2d(2, 1), BatchNorm(4), TANH, Flatten(), Dropout(0.25)),
            *(Dense(16, 6), BatchNorm(6), RELU, Dense(6, 4)),
        ),
        (1, 8, 8),
    ),
}


@pytest.mark.parametrize("optimizer", sorted(by_hand.optimizers.OPTIMIZERS))
@pytest.mark.parametrize("network", NORMALIZED.values(), ids=NORMALIZED)
@pytest.mark.parametrize("name", SIDES)
def test_a_fleet_with_batch_normalization_equals_its_members_under_every_rule(name, network, optimizer):
    side, array = SIDES[name]
    rng = np.random.default_rng(11)
    inputs, labels = array(rng.normal(size=(23, *network.input_shape))), array(rng.integers(0, 4, 23))
    samples = rng.integers(0, 23, (3, 19))
    # The rules' own eps, and no start of AdaGrad's sum: a gradient of rounding errors becomes a step of full length.
    hyper = {key: value for key, value in HYPER[optimizer].items() if key not in ("eps", "initial_accumulator_value")}
    options = {**hyper, "optimizer": optimizer, "epochs": 10, "batch_size": 8, "max_norm": 1.0}
    own = {"lr": np.array([0.5, 1.0, 1.7]) * hyper["lr"], "l1": np.array([0, 1e-3, 2e-3]), "l2": np.array([1e-3, 0, 0])}

    rngs = np.random.default_rng(5).spawn(3)
    theta = side.initialization.initial_parameters(network, rngs)
    options |= {key: array(values) for key, values in own.items()}
    together = side.training.train(network, theta, inputs, labels, rng=rngs, samples=array(samples), **options)
    for member, rng in enumerate(np.random.default_rng(5).spawn(3)):
        theta = side.initialization.initial_parameters(network, rng)
        options |= {key: float(values[member]) for key, values in own.items()}
        alone = side.training.train(
            network, theta, inputs[samples[member]], labels[samples[member]], rng=rng, **options
        )
        found, expected = np.asarray(together.theta[member]), np.asarray(alone.theta)
        # NumPy adds up a member's sums in one order, alone and in a fleet; torch's kernels do not.
        assert np.abs(found - expected).max() <= (0 if name == "numpy" else 1e-12) * np.abs(expected).max()
        assert np.abs(expected - np.asarray(theta)).max() > 1e-3


#: First layers, which a fleet on all examples at once gives one array for all its members.
FIRST = {
    "dense": (Dense(8, 3),),
    "maxout": (Maxout(8, 3),),
    "slope": (ParametricReLU(), Dense(8, 3)),
    "normalization": (BatchNorm(8), Dense(8, 3)),
    "dropout": (Dropout(0.3), TANH, Dense(8, 3)),
    "flatten": (Flatten(), Dense(8, 3)),
    "max pooling": (MaxPool2d(1), Flatten(), Dense(8, 3)),
    "mean pooling": (MeanPool2d(1), Flatten(), Dense(8, 3)),
    "convolution": (Conv2d(2, 3, 2), Flatten(), Dense(3, 3)),
    "normalized channels": (BatchNorm(2), Flatten(), Dense(8, 3)),
    "slope of images": (ParametricReLU(), Conv2d(2, 3, 2), Flatten(), Dense(3, 3)),
}


@pytest.mark.parametrize("examples", [3, 7])  # as many as members, too
@pytest.mark.parametrize("layers", FIRST.values(), ids=FIRST)
@pytest.mark.parametrize("name", SIDES)
def test_members_that_share_all_examples_are_trained_and_validated_as_one_by_one(name, layers, examples):
    side, array = SIDES[name]
    images = any(isinstance(layer, Conv2d | MaxPool2d | Flatten) for layer in layers)
    network = Network(layers, (2, 2, 2) if images else (8,))
    rng = np.random.default_rng(4)
    data = array(rng.normal(size=(examples, *network.input_shape))), array(rng.integers(0, 3, examples))
    options = {"epochs": 5, "batch_size": examples, "optimizer": "sgd", "lr": 0.1, "validation": data}
    rngs = np.random.default_rng(5).spawn(3)
    together = side.training.train(
        network, side.initialization.initial_parameters(network, rngs), *data, rng=rngs, **options
    )
    for member, rng in enumerate(np.random.default_rng(5).spawn(3)):
        theta = side.initialization.initial_parameters(network, rng)
        alone = side.training.train(network, theta, *data, rng=rng, **options)
        assert np.abs(np.asarray(together.theta[member]) - np.asarray(alone.theta)).max() <= 1e-12
        for kind in ("losses", "validation_losses"):
            found = [float(losses[member]) for losses in getattr(together.history, kind)]
            assert found == pytest.approx(getattr(alone.history, kind), rel=1e-11)


#: Networks, and the layers whose bias or beta the next batch normalization takes away.
SHIFTS = {
    "a bias": ((Dense(3, 4), BatchNorm(4), TANH, Dense(4, 2)), (3,), [0]),
    "biases, one through the other, and the identity": (
        (Dense(3, 4), IDENTITY, Dense(4, 2), BatchNorm(2)),
        (3,),
        [0, 2],
    ),
    "beta": ((BatchNorm(3), Dense(3, 4), BatchNorm(4), BatchNorm(4)), (3,), [0, 1, 2]),
    "an activation": ((Dense(3, 4), RELU, BatchNorm(4)), (3,), []),
    "a learned slope": ((Dense(3, 4), ParametricReLU(), BatchNorm(4)), (3,), []),
    "masks": ((Dense(3, 4), Dropout(0.5), BatchNorm(4)), (3,), []),
    "pooling": (
        (
            Conv2d(2, 3, 2),
            MaxPool2d(2, 1),
            Conv2d(3, 2, 2, stride=2),
            MeanPool2d(2),
            Flatten(),
            Dense(2, 4),
            BatchNorm(4),
        ),
        (2, 7, 7),
        [0, 2, 5],
    ),
    "padding": ((Conv2d(2, 3, 2), Conv2d(3, 2, 2, padding=1), BatchNorm(2), Flatten(), Dense(50, 2)), (2, 5, 5), [1]),
}


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize(("layers", "shape", "unseen"), SHIFTS.values(), ids=SHIFTS)
def test_biases_have_the_gradient_0_where_a_shift_of_them_changes_no_output_and_only_there(name, layers, shape, unseen):
    side, array = SIDES[name]
    network, rng = Network(layers, shape), np.random.default_rng(3)
    theta = by_hand.initialization.initial_parameters(network, rng)
    theta += rng.normal(size=theta.shape) / 4  # gammas and betas that differ
    inputs, labels = rng.normal(size=(9, *shape)), rng.integers(0, 2, 9)
    masks = [array(mask) for mask in by_hand.dropout.masks(network, 9, rng)]
    arrays = [array(x) for x in (theta, inputs, labels)]
    outputs = np.asarray(side.backprop.forward(network, *arrays[:2], masks=masks))
    _, gradient = side.backprop.loss_and_gradient(network, arrays[0], inputs=arrays[1], targets=arrays[2], masks=masks)
    for index, parameters in enumerate(network.views(np.arange(len(theta)))):
        if len(parameters) < 2:
            continue
        shifted = theta.copy()
        shifted[parameters[1]] += rng.normal(size=parameters[1].shape)
        moved = np.asarray(side.backprop.forward(network, array(shifted), arrays[1], masks=masks)) - outputs
        found = np.asarray(gradient)[parameters[1].ravel()]
        if index in unseen:
            # Roundings are multiplied by at most 1 / sqrt(eps) = 316 a normalization.
            assert np.abs(moved).max() < 1e-9
            assert not found.any()
        else:
            assert np.abs(moved).max() > 1e-3
            assert np.abs(found).max() > 1e-6


@pytest.mark.parametrize("name", SIDES)
def test_a_member_that_diverges_stops_alone(name):
    side, array = SIDES[name]
    network, inputs, targets = problem("squared_error", activation="identity")
    rngs = np.random.default_rng(5).spawn(2)
    theta = side.initialization.initial_parameters(network, rngs)
    run = side.training.train(
        network,
        theta,
        array(inputs),
        array(targets),
        rng=rngs,
        optimizer="sgd",
        lr=array(np.array([0.05, 1e3])),
        loss="squared_error",
        epochs=60,
        batch_size=8,
    )
    assert run.diverged[0] is None
    assert 1 < run.diverged[1].step < 60
    assert np.isfinite(np.asarray(run.theta)).all()
    assert np.array_equal(np.asarray(run.theta[1]), np.asarray(run.diverged[1].last_finite))
    losses = np.array(run.history.losses)
    assert losses[-1, 0] < losses[0, 0]


@pytest.mark.parametrize("name", SIDES)
def test_divergence_is_a_result_with_the_last_finite_parameters(name):
    side, array = SIDES[name]
    network, inputs, targets = problem("squared_error", activation="identity")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))
    run = side.training.train(
        network,
        theta,
        array(inputs),
        array(targets),
        rng=np.random.default_rng(0),
        optimizer="sgd",
        lr=1e3,
        loss="squared_error",
        epochs=60,
        batch_size=8,
    )
    assert run.diverged.step == run.steps < 180
    assert np.isfinite(np.asarray(run.diverged.last_finite)).all()
    assert np.array_equal(np.asarray(run.theta), np.asarray(run.diverged.last_finite))


@pytest.mark.parametrize("name", SIDES)
def test_divergence_on_a_quadratic_names_the_bound(name):
    side, array = SIDES[name]
    descent = side.quadratics.gradient_descent(
        array(np.diag([1.0, 8.0])), array(np.array([1.0, 1.0])), lr=1.0, steps=2000
    )
    # |1 - 8|^t = 7^t passes 2^1024 at t = 365 (7^364 < 1.8e308 < 7^365).
    assert descent.diverged.step == 365
    assert descent.diverged.bound == 0.25
    assert str(descent.diverged) == "diverged at step 365: lr=1.0 is not below 2/lambda_max=0.25"
    assert np.isfinite(np.asarray(descent.point)).all()
    assert len(descent.path) == 365
