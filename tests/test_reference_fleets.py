"""A fleet trained at once is its members trained one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
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
