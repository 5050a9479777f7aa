"""What surrounds the steps: penalties, clipping, early stopping, snapshots, checkpoints, schedules, search, splits."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import perceptron
from tests.test_reference_agreement import HYPER, assert_agree, both, problem

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param][0]


@pytest.fixture
def array(side):
    return SIDES["torch" if side is by_autograd else "numpy"][1]


# Penalties, clipping, schedules in the trainer


def test_penalties_clipping_and_schedules_agree_over_200_steps():
    network, inputs, targets = problem("softmax_cross_entropy")
    rate = by_hand.schedules.cosine(0.1, eta_min=0.01, T_max=200)
    assert_agree(*both(network, inputs, targets, optimizer="heavy_ball", lr=rate, l1=1e-3, l2=3e-3, max_norm=0.1))


def test_a_fleet_with_its_own_penalties_equals_its_members(side, array):
    network, inputs, targets = problem("softmax_cross_entropy")
    data = array(inputs), array(targets)
    options = {"epochs": 20, "batch_size": 8, "optimizer": "adamw", "lr": 0.01, "max_norm": 0.5}
    l1, l2, decay = np.array([0.0, 1e-2]), np.array([1e-2, 0.0]), np.array([0.1, 0.0])
    rngs = np.random.default_rng(5).spawn(2)
    theta = side.initialization.initial_parameters(network, rngs)
    together = side.training.train(
        network, theta, *data, rng=rngs, l1=array(l1), l2=array(l2), weight_decay=array(decay), **options
    )
    for member, rng in enumerate(np.random.default_rng(5).spawn(2)):
        theta = side.initialization.initial_parameters(network, rng)
        own = {"l1": float(l1[member]), "l2": float(l2[member]), "weight_decay": float(decay[member])}
        alone = side.training.train(network, theta, *data, rng=rng, **own, **options)
        assert np.abs(np.asarray(together.theta[member]) - np.asarray(alone.theta)).max() <= 1e-12


def test_penalties_spare_biases(side, array):
    # The data ask for nothing (targets are the outputs at theta): only the penalty moves theta, and only weights.
    network = perceptron((2, 2), "identity")
    theta, inputs = np.array([1.0, -2.0, 3.0, 0.0, 5.0, 6.0]), np.array([[1.0, 1.0]])
    outputs = by_hand.backprop.forward(network, theta, inputs)
    run = side.training.train(
        network,
        array(theta),
        array(inputs),
        array(outputs),
        epochs=1,
        batch_size=1,
        rng=np.random.default_rng(0),
        optimizer="sgd",
        lr=0.5,
        loss="squared_error",
        l1=0.2,
        l2=0.1,
    )
    # w - 0.5 (0.2 w + 0.2 sign w)
    assert np.asarray(run.theta) == pytest.approx([0.8, -1.7, 2.6, 0.0, 5.0, 6.0], abs=1e-15)
    assert run.history.losses[0] == pytest.approx(0.1 * 14 + 0.2 * 6, rel=1e-14)


@pytest.mark.parametrize("values", [[3.0, -4.0, 0.0], [0.3, -0.4, 0.0], [0.0, 0.0, 0.0], [1e200, 1e200, 0.0]])
def test_clipping_keeps_the_direction_and_bounds_the_norm(side, array, values):
    gradients = [array(np.array(values[:1])), array(np.array(values[1:]))]
    clipped = np.concatenate([np.asarray(g) for g in side.clipping.clip_global_norm(gradients, 2.0)])
    norm = math.hypot(*values)
    assert clipped == pytest.approx(np.array(values) * (min(1.0, 2.0 / norm) if norm else 1.0), rel=1e-14)


# Early stopping


@pytest.mark.parametrize(
    ("values", "patience", "stop_at", "best"),
    [
        ([3, 2, 2, 1], 2, None, 3),
        ([3, 2, 2, 2, 1], 2, 3, 1),  # equal is no improvement
        ([1, 2], 1, 1, 0),
        ([math.nan, math.nan], 2, 1, -1),
        ([5, 4, 6, 3, 7, 8, 9], 3, 6, 3),
    ],
)
def test_early_stopping_counts_from_the_best(side, values, patience, stop_at, best):
    stopping = side.regularization.EarlyStopping(patience)
    stopped = next((index for index, value in enumerate(values) if stopping.update(value)), None)
    assert stopped == stop_at
    assert stopping.best_step == best


def test_training_with_patience_returns_the_best_parameters(side, array):
    # A rate so large that the validation loss rises again.
    network, inputs, targets = problem("softmax_cross_entropy")
    held = np.random.default_rng(1).normal(size=(40, 3)), np.random.default_rng(2).integers(0, 4, 40)
    validation = array(held[0]), array(held[1])
    theta = side.initialization.initial_parameters(network, np.random.default_rng(3))
    options = {"batch_size": 8, "optimizer": "adam", "lr": 0.05, "validation": validation}
    data = array(inputs), array(targets)
    run = side.training.train(network, theta, *data, rng=np.random.default_rng(3), epochs=60, patience=4, **options)
    losses = run.history.validation_losses
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 60
    shorter = side.training.train(network, theta, *data, rng=np.random.default_rng(3), epochs=best + 1, **options)
    assert np.array_equal(np.asarray(run.theta), np.asarray(shorter.theta))
    value = side.losses.softmax_cross_entropy(side.backprop.forward(network, run.theta, validation[0]), validation[1])
    assert float(value) == pytest.approx(losses[best], rel=1e-14)


def test_members_of_a_fleet_stop_by_themselves(side, array):
    network, inputs, targets = problem("softmax_cross_entropy")
    held = np.random.default_rng(1).normal(size=(40, 3)), np.random.default_rng(2).integers(0, 4, 40)
    validation = array(held[0]), array(held[1])
    options = {"batch_size": 8, "optimizer": "adamw", "validation": validation, "epochs": 30, "patience": 3}
    rates = np.array([0.05, 0.002])
    rngs = np.random.default_rng(5).spawn(2)
    theta = side.initialization.initial_parameters(network, rngs)
    together = side.training.train(network, theta, array(inputs), array(targets), rng=rngs, lr=array(rates), **options)
    lengths = []
    for member, rng in enumerate(np.random.default_rng(5).spawn(2)):
        theta = side.initialization.initial_parameters(network, rng)
        alone = side.training.train(
            network, theta, array(inputs), array(targets), rng=rng, lr=float(rates[member]), **options
        )
        lengths.append(len(alone.history.validation_losses))
        assert np.abs(np.asarray(together.theta[member]) - np.asarray(alone.theta)).max() <= 1e-12
    assert lengths[0] < lengths[1]


def test_plateau_lowers_the_rate_after_patience(side):
    plateau = side.schedules.Plateau(1.0, factor=0.5, patience=1)
    rates = []
    for value in [5, 4, 4, 4, 3, 3, 3, 3, 3]:
        plateau.update(value)
        rates.append(plateau(0))
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


# Schedules: the decks' closed forms, typed in apart from the code

CLOSED = {
    "constant": ({"lr": 0.3}, lambda t: 0.3),
    "linear": (
        {"lr": 0.3, "start_factor": 0.5, "end_factor": 0.1, "total_iters": 7},
        lambda t: 0.3 * (0.5 + (0.1 - 0.5) * min(t, 7) / 7),
    ),
    "step": ({"lr": 0.3, "gamma": 0.7, "step_size": 4}, lambda t: 0.3 * 0.7 ** math.floor(t / 4)),
    "exponential": ({"lr": 0.3, "gamma": 0.9}, lambda t: 0.3 * math.exp(t * math.log(0.9))),
    "inverse_time": ({"lr": 0.3, "gamma": 0.25}, lambda t: 0.3 / (1 + 0.25 * t)),
    "power": ({"lr": 0.3, "exponent": 0.75}, lambda t: 0.3 / math.exp(0.75 * math.log(t + 1))),
    "triangular": (
        {"base_lr": 0.1, "max_lr": 0.4, "step_size_up": 3},
        lambda t: 0.1 + 0.3 * max(0, 1 - abs(t / 3 - 2 * math.floor(1 + t / 6) + 1)),
    ),
    "cosine": (
        {"lr": 0.3, "eta_min": 0.05, "T_max": 8},
        lambda t: 0.05 + 0.25 * (1 + math.cos(math.pi * t / 8)) / 2,
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_schedules_are_their_closed_forms(side, name):
    arguments, closed = CLOSED[name]
    schedule = getattr(side.schedules, name)(**arguments)
    assert [schedule(t) for t in range(30)] == pytest.approx([closed(t) for t in range(30)], rel=1e-14)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("constant", {"lr": -1.0}, "lr must be positive, got lr=-1.0"),
        ("linear", {"total_iters": 0}, "total_iters must be an integer of at least 1, got total_iters=0"),
        ("step", {"step_size": 2.5}, "step_size must be an integer of at least 1, got step_size=2.5"),
        ("exponential", {"gamma": 0.0}, "gamma must be positive, got gamma=0.0"),
        ("inverse_time", {"gamma": -0.1}, "gamma must be non-negative, got gamma=-0.1"),
        ("power", {"exponent": -1.0}, "exponent must be non-negative, got exponent=-1.0"),
        ("triangular", {"step_size_up": 0}, "step_size_up must be an integer of at least 1"),
        ("cosine", {"T_max": 0}, "T_max must be an integer of at least 1, got T_max=0"),
    ],
)
def test_schedules_refuse(side, name, changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(side.schedules, name)(**{**CLOSED[name][0], **changes})


# Checkpoints


@pytest.mark.parametrize("optimizer", ["adam", "nesterov", "heavy_ball_two_term"])
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(side, array, tmp_path, optimizer):
    network, inputs, targets = problem("softmax_cross_entropy", dropout=0.3)
    data = array(inputs), array(targets)
    theta = side.initialization.initial_parameters(network, np.random.default_rng(3))
    options = {
        "batch_size": 8,
        "optimizer": optimizer,
        **HYPER[optimizer],
        "validation": data,
        "snapshot_every": 2,
        "patience": 50,
    }
    whole = side.training.train(network, theta, *data, rng=np.random.default_rng(4), epochs=9, **options)
    path = tmp_path / "run.safetensors"
    side.training.train(network, theta, *data, rng=np.random.default_rng(4), epochs=4, checkpoint=path, **options)
    # Another seed: all randomness has to come from the checkpoint.
    resumed = side.training.train(
        network, theta, *data, rng=np.random.default_rng(99), epochs=9, checkpoint=path, **options
    )
    assert np.array_equal(np.asarray(whole.theta), np.asarray(resumed.theta))
    assert np.array_equal(np.asarray(whole.snapshots), np.asarray(resumed.snapshots))
    assert whole.history.losses == resumed.history.losses
    assert whole.history.validation_losses == resumed.history.validation_losses
    assert whole.steps == resumed.steps


def test_a_fleet_resumes_bit_for_bit(side, array, tmp_path):
    network, inputs, targets = problem("squared_error", activation="identity")
    data = array(inputs), array(targets)

    def run(epochs, seed, **more):
        rngs = np.random.default_rng(seed).spawn(2)
        theta = side.initialization.initial_parameters(network, np.random.default_rng(0).spawn(2))
        return side.training.train(
            network,
            theta,
            *data,
            rng=rngs,
            epochs=epochs,
            batch_size=8,
            lr=array(np.array([0.01, 1e3])),
            optimizer="heavy_ball",
            loss="squared_error",
            **more,
        )

    whole = run(60, 1)
    run(30, 1, checkpoint=tmp_path / "run")
    resumed = run(60, 2, checkpoint=tmp_path / "run")
    assert np.array_equal(np.asarray(whole.theta), np.asarray(resumed.theta))
    assert whole.diverged[1].step == resumed.diverged[1].step > 0
    assert resumed.diverged[0] is None


KILLED = """
import numpy as np, os, sys
from backproof.reference.architecture import perceptron
from backproof.reference.numpy import initialization, training
network, path = perceptron((3, 8, 2), dropout=0.2), sys.argv[1]
rng = np.random.default_rng(0)
inputs, labels = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
theta = initialization.initial_parameters(network, rng)
run = training.train(network, theta, inputs, labels, epochs=int(sys.argv[2]), batch_size=7, rng=rng, checkpoint=path)
print(run.theta.tobytes().hex())
"""


def test_a_killed_process_resumes_bit_for_bit(tmp_path):
    def process(path, epochs):
        return [sys.executable, "-c", KILLED, str(path), str(epochs)]

    whole = subprocess.run(process(tmp_path / "whole", 40), capture_output=True, text=True, check=True).stdout
    path = tmp_path / "killed"
    victim = subprocess.Popen(process(path, 1_000_000), stdout=subprocess.DEVNULL)
    while not path.exists():
        assert victim.poll() is None
    victim.kill()
    victim.wait()
    # Killed at an unknown epoch, perhaps while writing: below 40 it has something left to do.
    _, record = by_hand.checkpoints._read(path)
    if record["epochs_done"] < 40:
        resumed = subprocess.run(process(path, 40), capture_output=True, text=True, check=True).stdout
        assert resumed == whole
    assert record["epochs_done"] >= 1


def test_an_interrupted_write_leaves_the_old_checkpoint(side, array, tmp_path, monkeypatch):
    network, inputs, targets = problem("softmax_cross_entropy")
    trainer = side.training.Trainer(
        network,
        side.initialization.initial_parameters(network, np.random.default_rng(0)),
        array(inputs),
        array(targets),
        8,
        np.random.default_rng(0),
    )
    path = tmp_path / "run"
    trainer.save(path)
    old = path.read_bytes()
    trainer.epoch()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        trainer.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoints_of_other_runs_and_damaged_files_are_refused(side, array, tmp_path):
    network, inputs, targets = problem("softmax_cross_entropy")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))

    def run(**changes):
        options = {
            "epochs": 1,
            "batch_size": 8,
            "rng": np.random.default_rng(0),
            "checkpoint": tmp_path / "run",
            **changes,
        }
        return side.training.train(network, theta, array(inputs), array(targets), **options)

    run()
    with pytest.raises(ValueError, match=r"batch_size must be 8 as in the checkpoint .*, got batch_size=4"):
        run(batch_size=4)
    with pytest.raises(ValueError, match=r"optimizer must be 'adam' as in the checkpoint"):
        run(optimizer="sgd")
    (tmp_path / "run").write_bytes((tmp_path / "run").read_bytes()[:100])
    with pytest.raises(ValueError, match="checkpoint must be a file that a training run wrote"):
        run()


def test_a_plateau_resumes_with_its_lowered_rate(side, array, tmp_path):
    network, inputs, targets = problem("softmax_cross_entropy")
    data, held = (array(inputs), array(targets)), (array(inputs[:9]), array(targets[::-1][:9].copy()))
    theta = side.initialization.initial_parameters(network, np.random.default_rng(3))

    def run(epochs, seed, **more):
        plateau = side.schedules.Plateau(0.05, factor=0.5, patience=0)
        options = {"batch_size": 8, "lr": plateau, "validation": held, "rng": np.random.default_rng(seed), **more}
        return side.training.train(network, theta, *data, epochs=epochs, **options), plateau.lr

    whole, rate = run(12, 1)
    run(7, 1, checkpoint=tmp_path / "run")
    resumed, resumed_rate = run(12, 2, checkpoint=tmp_path / "run")
    assert rate == resumed_rate < 0.05
    assert np.array_equal(np.asarray(whole.theta), np.asarray(resumed.theta))


# History


def test_history_draws_itself(side, array, tmp_path):
    network, inputs, targets = problem("softmax_cross_entropy")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))
    run = side.training.train(
        network,
        theta,
        array(inputs),
        array(targets),
        epochs=3,
        batch_size=8,
        rng=np.random.default_rng(0),
        validation=(array(inputs), array(targets)),
    )
    assert run.history.plot(tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (
        len(run.history.epoch_losses()) == len(run.history.update_ratios) == len(run.history.validation_accuracies) == 3
    )
    with pytest.raises(ValueError, match="history must hold at least one step"):
        side.history.History().plot(tmp_path / "empty.png")


# Ensembles


def test_a_checkpoint_ensemble_averages_snapshots(side, array):
    network, inputs, targets = problem("softmax_cross_entropy")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))
    run = side.training.train(
        network,
        theta,
        array(inputs),
        array(targets),
        epochs=6,
        batch_size=8,
        rng=np.random.default_rng(0),
        snapshot_every=2,
    )
    assert tuple(run.snapshots.shape) == (3, network.parameter_count)
    assert np.array_equal(np.asarray(run.snapshots[-1]), np.asarray(run.theta))
    members = [side.activations.softmax(side.backprop.forward(network, s, array(inputs))) for s in run.snapshots]
    expected = sum(np.asarray(member) for member in members) / 3
    found = side.ensembles.ensemble_probabilities(network, run.snapshots, array(inputs))
    assert np.allclose(np.asarray(found), expected, rtol=1e-13)
    assert np.allclose(np.asarray(side.ensembles.weight_average(run.snapshots)), np.asarray(run.snapshots).mean(axis=0))


def test_bootstrap_members_miss_about_a_third_of_the_examples(side):
    drawn = np.asarray(side.ensembles.bootstrap_indices(1000, 50, np.random.default_rng(0)))
    missing = np.mean([1 - len(np.unique(row)) / 1000 for row in drawn])
    # E = (1 - 1/1000)^1000 = 0.3677; changing one of the 50,000 draws moves the mean by at most 1/50,000, so by
    # McDiarmid it misses by 0.01 with probability below 2 exp(-2 0.01^2 50,000) = 9e-5; the seed is fixed.
    assert missing == pytest.approx(0.999**1000, abs=0.01)


# Initializers


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("xavier_normal", 2 / 500),
        ("xavier_uniform", 2 / 500),
        ("he_normal", 2 / 200),
        ("he_uniform", 2 / 200),
    ],
)
def test_initializers_have_their_variance(side, name, variance):
    weights = np.asarray(side.initialization.INITIALIZERS[name]((200, 300), np.random.default_rng(0)))
    # 60,000 draws: the relative standard error of a variance is at most sqrt(2 / 60,000) = 0.6 %; seven are 4 %.
    assert weights.var() == pytest.approx(variance, rel=0.04)
    assert abs(weights.mean()) <= 7 * math.sqrt(variance / 60_000)
    if name.endswith("uniform"):
        assert np.abs(weights).max() <= math.sqrt(3 * variance)


def test_filter_banks_count_their_area_in_the_fans(side):
    weights = np.asarray(side.initialization.he_normal((40, 30, 5, 5), np.random.default_rng(0)))
    assert weights.var() == pytest.approx(2 / 750, rel=0.06)
    assert side.initialization.fans((40, 30, 5, 5)) == (750, 1000)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (6, 2, 3, 3)])
def test_orthogonal_weights_are_orthonormal(side, shape):
    w = np.asarray(side.initialization.orthogonal(shape, np.random.default_rng(0))).reshape(shape[0], -1)
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    assert np.abs(gram - np.eye(len(gram))).max() <= 20 * len(w) * 2.0**-53


def test_orthogonal_is_haar_not_merely_orthogonal(side):
    # Under Haar every entry is symmetric; without the sign fix the diagonal of Q has one sign.
    rng = np.random.default_rng(0)
    corner = np.array([np.asarray(side.initialization.orthogonal((3, 3), rng))[0, 0] for _ in range(2000)])
    # Mean 0 and variance 1/3: seven standard errors are 0.09. The unfixed mean is about -0.5.
    assert abs(corner.mean()) < 0.09
    assert corner.var() == pytest.approx(1 / 3, rel=0.15)


def test_sparse_units_have_exactly_their_connections(side):
    w = np.asarray(side.initialization.sparse((50, 20), np.random.default_rng(0), nonzero=7))
    assert ((w != 0).sum(axis=0) == 7).all()
    assert ((w != 0).sum(axis=1) != 7).any()
    small = np.asarray(side.initialization.sparse((3, 4), np.random.default_rng(0)))
    assert (small != 0).all()


def test_constant_weights_never_break_the_symmetry(side, array):
    network, inputs, targets = problem("softmax_cross_entropy")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0), initializer="constant")
    run = side.training.train(
        network,
        theta,
        array(inputs),
        array(targets),
        epochs=30,
        batch_size=8,
        rng=np.random.default_rng(0),
        optimizer="heavy_ball",
        lr=0.05,
    )
    weights = network.views(run.theta)[0][0]
    assert np.abs(np.asarray(weights) - np.asarray(weights)[:, :1]).max() <= 1e-14
    assert np.abs(np.asarray(weights)).max() != pytest.approx(0.1)


# Splits and metrics


def test_splits_are_partitions(side):
    parts = [
        np.asarray(part) for part in side.generalization.split_indices(103, (0.6, 0.2, 0.2), np.random.default_rng(0))
    ]
    assert [len(part) for part in parts] == [63, 20, 20]
    assert sorted(np.concatenate(parts)) == list(range(103))
    folds = side.generalization.kfold_indices(11, 4, np.random.default_rng(0))
    assert sorted(np.concatenate([np.asarray(held) for _, held in folds])) == list(range(11))
    for kept, held in folds:
        assert sorted(np.concatenate([np.asarray(kept), np.asarray(held)])) == list(range(11))
    with pytest.raises(ValueError, match=re.escape("fractions must sum to 1, got fractions=(0.5, 0.4)")):
        side.generalization.split_indices(10, (0.5, 0.4), np.random.default_rng(0))
    with pytest.raises(ValueError, match="n must leave an example for each of the parts, got n=2"):
        side.generalization.split_indices(2, (0.6, 0.2, 0.2), np.random.default_rng(0))


def test_polynomials_underfit_and_overfit(side, array):
    rng = np.random.default_rng(0)
    x, held = np.sort(rng.uniform(-1, 1, 15)), np.linspace(-1, 1, 200)
    y = np.sin(3 * x) + rng.normal(0, 0.2, 15)
    degrees = [1, 4, 14]
    on_train, on_test = side.generalization.polynomial_errors(
        (array(x), array(y)), (array(held), array(np.sin(3 * held))), degrees
    )
    on_train, on_test = np.asarray(on_train), np.asarray(on_test)
    assert on_train[0] > on_train[1] > on_train[2]
    assert on_train[2] < 1e-12  # 15 points, 15 coefficients
    assert on_test[1] < on_test[0]
    assert on_test[1] < on_test[2]
    with pytest.raises(ValueError, match="x must have at least 3 different points for degree=2, got 1"):
        side.generalization.polynomial_fit(array(np.ones(5)), array(np.ones(5)), 2)


def test_polynomial_fit_recovers_exact_coefficients(side, array):
    x = np.linspace(-1, 1, 12)
    y = 2 - x + 0.5 * x**3
    assert np.asarray(side.generalization.polynomial_fit(array(x), array(y), 3)) == pytest.approx(
        [2, -1, 0, 0.5], abs=1e-13
    )


def test_the_range_test_finds_where_training_breaks(side, array):
    network, inputs, targets = problem("squared_error", activation="identity")
    theta = side.initialization.initial_parameters(network, np.random.default_rng(0))
    test = side.generalization.learning_rate_range_test(
        network,
        theta,
        array(inputs),
        array(targets),
        lowest=1e-5,
        highest=1e3,
        steps=100,
        batch_size=8,
        rng=np.random.default_rng(0),
        optimizer="sgd",
        loss="squared_error",
    )
    assert test.diverged is not None
    assert len(test.losses) < 100
    assert 1e-5 < test.steepest < 10
    assert test.rates[1] / test.rates[0] == pytest.approx(1e8 ** (1 / 99), rel=1e-12)
    with pytest.raises(ValueError, match=re.escape("highest must be above lowest=0.1, got highest=0.1")):
        side.generalization.learning_rate_range_test(
            network,
            theta,
            array(inputs),
            array(targets),
            lowest=0.1,
            highest=0.1,
            steps=10,
            batch_size=8,
            rng=np.random.default_rng(0),
        )


# Search


def test_log_ranges_are_uniform_in_the_logarithm(side):
    Range = side.hyperparameter_search.Range
    draws = Range(1e-6, 1e2, log=True).draws(20_000, np.random.default_rng(0))
    # The eight decades are equally likely: 2,500 expected in each, standard deviation 47; seven of them are 330.
    counts = np.histogram(np.log10(draws), bins=np.arange(-6, 3))[0]
    assert np.abs(counts - 2500).max() < 330
    assert Range(2.0, 6.0).points(3).tolist() == [2.0, 4.0, 6.0]
    around = Range(1e-4, 1.0, log=True).around(0.5, 0.5)
    assert (around.low, around.high) == pytest.approx((0.05, 1.0))
    with pytest.raises(ValueError, match=re.escape("low must be positive, got low=0.0")):
        Range(0.0, 1.0, log=True)
    with pytest.raises(ValueError, match=re.escape("high must be at least low=2.0, got high=1.0")):
        Range(2.0, 1.0)


def test_a_search_trains_its_trials_as_one_fleet(side, array):
    network, inputs, targets = problem("softmax_cross_entropy")
    search = side.hyperparameter_search

    def objective(trials):
        count = len(trials["lr"])
        rngs = [np.random.default_rng(0) for _ in range(count)]
        theta = side.initialization.initial_parameters(network, rngs)
        run = side.training.train(
            network,
            theta,
            array(inputs),
            array(targets),
            rng=rngs,
            epochs=10,
            batch_size=8,
            optimizer="sgd",
            lr=array(trials["lr"]),
            l2=array(trials["l2"]),
        )
        return run.history.epoch_losses()[-1]

    space = {"lr": search.Range(1e-4, 1e4, log=True), "l2": search.Range(1e-6, 1e-3, log=True)}
    stages = search.coarse_to_fine(objective, space, stages=2, trials=12, rng=np.random.default_rng(1))
    assert np.isfinite(stages[0].best_loss)
    assert min(s.best_loss for s in stages) < np.log(4)
    widths = [np.ptp(np.log10(s.trials["lr"])) for s in stages]
    assert widths[1] < 0.5 * widths[0]
    with pytest.raises(ValueError, match="objective must return one loss for each of the 2 trials"):
        search.random_search(lambda trials: 0.0, space, trials=2, rng=np.random.default_rng(0))


# Newton and backtracking


def test_newton_lands_on_the_minimum_and_refuses_saddles(side, array):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 6, 6))
    hessian = np.einsum("fij,fkj->fik", root, root) + np.eye(6)
    x, b = rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    gradient = np.einsum("fij,fj->fi", hessian, x) - b
    landed = np.asarray(side.second_order.newton_step(array(x), array(gradient), array(hessian)))
    assert np.einsum("fij,fj->fi", hessian, landed) == pytest.approx(b, rel=1e-10, abs=1e-10)
    saddle = array(np.diag([1.0, -3.0]))
    message = "hessian + damping must be positive definite, got damping=0.0 with smallest eigenvalue -3"
    with pytest.raises(ValueError, match=re.escape(message)):
        side.second_order.newton_step(array(np.ones(2)), array(np.ones(2)), saddle)
    damped = side.second_order.newton_step(array(np.ones(2)), array(np.ones(2)), saddle, damping=4.0)
    assert np.asarray(damped) == pytest.approx([1 - 1 / 5, 0.0], abs=1e-15)


def test_damped_newton_converges_where_newton_diverges(side, array):
    # f = sqrt(1 + x^2): the plain step is x -> -x^3.
    xp = np if side is by_hand else torch

    def value(x):
        return xp.sqrt(1 + x[..., 0] ** 2)

    def gradient(x):
        return x / xp.sqrt(1 + x**2)

    def hessian(x):
        return ((1 + x**2) ** -1.5)[..., None]

    starts = array(np.array([[-10.0], [0.5], [2.0]]))
    plain = side.second_order.newton_step(starts, gradient(starts), hessian(starts))
    assert np.asarray(plain).ravel() == pytest.approx([1000.0, -0.125, -8.0], rel=1e-12)
    run = side.second_order.damped_newton(value, gradient, hessian, starts, steps=30)
    assert np.abs(np.asarray(run.point)).max() < 1e-12


def test_backtracking_falls_enough_at_every_step(side, array):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    hessian = array(root @ root.T + np.eye(4))

    def value(x):
        return side.quadratics.value(hessian, x)

    def gradient(x):
        return side.quadratics.gradient(hessian, x)

    run = side.line_search.backtracking(value, gradient, array(rng.normal(size=(5, 4))), steps=40)
    values = np.asarray(value(run.path))
    square = (np.asarray(gradient(run.path)) ** 2).sum(axis=-1)
    falls = values[:-1] - values[1:]
    # f itself is rounded: a few units of the value.
    assert (falls >= 1e-4 * np.asarray(run.step_sizes) * square[:-1] - 8 * 2.0**-53 * values[:-1]).all()
    assert (values[-1] < 1e-6 * values[0]).all()
    # On x^2 / 2 a step is enough when (1 - eta)^2 <= 1 - 2 slope eta, eta <= 2 (1 - slope) = 1.2: five shrinks of 1.9.
    run = side.line_search.backtracking(
        lambda x: (x**2).sum(-1) / 2, lambda x: x, array(np.ones(1)), steps=1, lr=1.9, shrink=0.9, slope=0.4
    )
    assert float(run.step_sizes[0]) == pytest.approx(1.9 * 0.9**5, rel=1e-14)
    with pytest.raises(ValueError, match=re.escape("slope must be in (0, 0.5), got slope=0.7")):
        side.line_search.backtracking(value, gradient, array(np.ones(4)), steps=1, slope=0.7)


# Rules beyond the trainer


def test_all_heavy_ball_forms_take_one_path_at_a_constant_rate(side, array):
    hessian = np.diag([1.0, 9.0])
    paths = []
    for name in ("heavy_ball", "heavy_ball_two_term", "heavy_ball_buffer"):
        run = side.optimizers.minimize(
            lambda x: array(np.asarray(x) @ hessian), array(np.array([1.0, 1.0])), name, lr=0.1, momentum=0.6, steps=60
        )
        paths.append(np.asarray(run.path))
    assert np.abs(paths[0] - paths[1]).max() <= 1e-14
    assert np.abs(paths[0] - paths[2]).max() <= 1e-14
    # And a changing rate separates the buffer form.
    rate = side.schedules.step(0.1, gamma=0.1, step_size=3)
    first, third = (
        side.optimizers.minimize(
            lambda x: array(np.asarray(x) @ hessian), array(np.array([1.0, 1.0])), name, lr=rate, momentum=0.6, steps=9
        )
        for name in ("heavy_ball", "heavy_ball_buffer")
    )
    assert np.abs(np.asarray(first.point) - np.asarray(third.point)).max() > 0.01


def test_shifted_nesterov_follows_the_look_ahead_points(side, array):
    hessian = np.diag([1.0, 9.0])

    def gradient(x):
        return array(np.asarray(x) @ hessian)

    start = array(np.array([1.0, -2.0]))
    theta, state, ahead = start, None, []
    for _ in range(30):
        point = side.momentum.nesterov_look_ahead(theta, state, momentum=0.6)
        ahead.append(np.asarray(point))
        theta, state = side.momentum.nesterov_step(theta, gradient(point), state, lr=0.05, momentum=0.6)
    shifted = side.optimizers.minimize(gradient, start, "nesterov_shifted", lr=0.05, momentum=0.6, steps=29)
    assert np.abs(np.asarray(shifted.path) - np.array(ahead)).max() <= 1e-13
    direct = side.optimizers.minimize(gradient, start, "nesterov", lr=0.05, momentum=0.6, steps=30)
    assert np.abs(np.asarray(direct.point) - np.asarray(theta)).max() <= 1e-14


def test_a_long_vector_is_stepped_in_blocks_like_a_short_one(side, array):
    rng = np.random.default_rng(0)
    # Longer than the block of either backend, in pieces that are shorter.
    theta, gradients = rng.normal(size=150_001), rng.normal(size=(3, 150_001))
    for name, rule in side.optimizers.OPTIMIZERS.items():
        whole, state = array(theta), None
        pieces, states = [array(part) for part in np.array_split(theta, 10)], [None] * 10
        for g in gradients:
            whole, state = rule.step(whole, array(g), state, **HYPER[name])
            stepped = [
                rule.step(piece, array(part), old, **HYPER[name])
                for piece, part, old in zip(pieces, np.array_split(g, 10), states, strict=True)
            ]
            pieces, states = [new for new, _ in stepped], [new for _, new in stepped]
        # SIMD tails may round differently in the last place.
        assert np.abs(np.asarray(whole) - np.concatenate([np.asarray(p) for p in pieces])).max() <= 1e-15 * 8, name
