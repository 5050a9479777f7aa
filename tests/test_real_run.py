"""The checks on a real training run hold for the reference, and each fails for a reference that is wrong on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import real_run
from backproof.properties import Backend
from backproof.reference.data import Split, digits
from backproof.reference.numpy import backprop, dropout, ensembles, initialization


@pytest.fixture(scope="module")
def split() -> Split:
    return digits(np.random.default_rng(0))


@pytest.fixture(scope="module")
def theta(split: Split) -> Any:
    """Parameters that have seen some of the digits, so that hidden units differ."""
    from backproof.reference.numpy.training import train

    rng = np.random.default_rng(0)
    start = initialization.initial_parameters(real_run.NETWORK, rng)
    data = (split.train_inputs, split.train_labels)
    return train(real_run.NETWORK, start, *data, epochs=2, batch_size=32, rng=rng).theta


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_run, "EPOCHS", 2)
    monkeypatch.setattr(real_run, "MEMBER_EPOCHS", 1)


def gradient_holds(split: Split) -> bool:
    return real_run.trained(Backend("numpy"), split, np.random.default_rng(0))[1].holds


def ensemble_holds(split: Split) -> bool:
    return real_run.ensemble_check(Backend("numpy"), split, np.random.default_rng(0)).holds


def variances_hold(split: Split) -> bool:
    return all(check.holds for check in real_run.variance_checks(Backend("numpy"), split, np.random.default_rng(0)))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_every_check_holds_on_the_reference(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    run = real_run.real_run(backend, 1)
    assert [check for check in run["checks"] if not check["holds"]] == []
    assert {check["theorem"] for check in run["checks"]} == set(real_run.THEOREMS)
    assert run["accuracy"] >= real_run.ACCURACY


@pytest.mark.parametrize(
    "wrong",
    [
        lambda gradient: gradient * (1 + 1e-9),
        lambda gradient: np.concatenate([gradient[:-1], [gradient[-1] + 1e-10]]),
        lambda gradient: np.roll(gradient, 1),
    ],
    ids=["scaled by 1 + 1e-9", "one bias off by 1e-10", "shifted by one place"],
)
def test_a_wrong_gradient_is_noticed(split: Split, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = backprop.loss_and_gradient

    def mutant(*arguments: Any, **named: Any) -> Any:
        value, gradient = right(*arguments, **named)
        return value, wrong(gradient)

    assert gradient_holds(split)
    monkeypatch.setattr(backprop, "loss_and_gradient", mutant)
    assert not gradient_holds(split)


def test_masks_that_the_gradient_ignores_are_noticed(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    right = backprop.loss_and_gradient
    monkeypatch.setattr(backprop, "loss_and_gradient", lambda *a, masks, **named: right(*a, **named))
    assert not gradient_holds(split)


@pytest.mark.parametrize("wrong", ["geometric mean", "one member left out", "median"])
def test_a_wrong_ensemble_is_noticed(split: Split, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from backproof.reference.numpy.activations import softmax

    combine = {
        "geometric mean": ensembles.geometric_mean,
        "one member left out": lambda members: members[1:].mean(axis=0),
        "median": lambda members: np.median(members, axis=0),
    }[wrong]
    assert ensemble_holds(split)
    monkeypatch.setattr(
        ensembles,
        "ensemble_probabilities",
        lambda network, theta, inputs: combine(softmax(backprop.forward(network, theta, inputs))),
    )
    assert not ensemble_holds(split)


@pytest.mark.parametrize("wrong", ["1.05 times", "He", "fan-out", "one member's weights for all"])
def test_wrong_first_weights_are_noticed(split: Split, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = initialization.initial_parameters
    variance = {"He": lambda i, o: 2 / i, "fan-out": lambda i, o: 1 / o}

    def mutant(network: Any, rngs: Any, **named: Any) -> Any:
        theta = right(network, rngs, **named)
        if wrong == "1.05 times":
            return theta * 1.05
        if wrong == "one member's weights for all":
            return np.repeat(theta[:1], len(theta), axis=0)
        for layer, views in zip(network.layers, network.views(theta), strict=True):
            if views:
                i, o = layer.fan_in, layer.fan_out
                views[0][...] *= np.sqrt(variance[wrong](i, o) * (i + o) / 2)
        return theta

    assert variances_hold(split)
    monkeypatch.setattr(initialization, "initial_parameters", mutant)
    assert not variances_hold(split)


@pytest.mark.parametrize("wrong", ["arithmetic mean", "masks weighted alike", "p for 1 - p", "no scaling at test"])
def test_wrong_dropout_is_noticed(split: Split, theta: Any, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def holds() -> bool:
        return real_run.dropout_check(Backend("numpy"), split, theta).holds

    right_mean, right_forward = ensembles.geometric_mean, backprop.forward
    assert holds()
    if wrong == "arithmetic mean":
        monkeypatch.setattr(ensembles, "geometric_mean", lambda p, weights: np.tensordot(weights, p, axes=1))
    elif wrong == "masks weighted alike":
        monkeypatch.setattr(ensembles, "geometric_mean", lambda p, weights: right_mean(p))
    elif wrong == "p for 1 - p":
        monkeypatch.setattr(ensembles, "geometric_mean", lambda p, weights: right_mean(p, weights[::-1]))
    else:

        def forward(network: Any, theta: Any, inputs: Any, masks: Any = None) -> Any:
            ones = dropout.masks(network, inputs.shape[-2], np.random.default_rng(0))
            kept = [np.ones_like(mask) for mask in ones]
            return right_forward(network, theta, inputs, masks=kept if masks is None else masks)

        monkeypatch.setattr(backprop, "forward", forward)
    assert not holds()
