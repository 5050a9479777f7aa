"""Which rule is it: every known rule is recognized from its path alone, with its hyperparameters, and nothing else
is."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

import backproof
from backproof.derivations.further_update_rules import Candidate, candidates, places_of_decay
from backproof.properties.subjects.identification import (
    GUESSES,
    MATRIX,
    SCALES,
    START,
    STARTS,
    STEPWISE,
    Fitting,
    places,
    predicted,
    ranked,
)

#: odd values, none of them a first guess
VALUES = {
    "lr": 0.013,
    "momentum": 0.83,
    "beta1": 0.87,
    "beta2": 0.983,
    "alpha": 0.93,
    "rho": 0.91,
    "eps": 3e-6,
    "dampening": 0.37,
    "nu": 0.63,
    "nu1": 0.66,
    "nu2": 0.8,
    "momentum_decay": 0.004,
    "lr_decay": 0.07,
    "lambd": 0.02,
    "power": 0.3,
    "eps_root": 1e-9,
    "initial_accumulator_value": 0.23,
    "weight_decay": 0.06,
    "etaminus": 0.45,
    "etaplus": 1.3,
    "trust_coefficient": 0.02,
    "clipping_threshold": 0.8,
    "decay_rate": 0.7,
    "least_scale": 0.004,
}


def values(candidate: Candidate) -> dict[str, float]:
    found = {symbol.name: VALUES[symbol.name] for symbol in candidate.hyperparameters}
    # what takes signs is found by trying out usual factors
    return found | ({"momentum": 0.9, "beta1": 0.9, "beta2": 0.99} if candidate.name in STEPWISE else {})


def test_the_probe_is_made_of_exact_rationals() -> None:
    assert all(isinstance(x, Fraction) for row in (*MATRIX, SCALES, *STARTS) for x in row)


def test_there_are_45_rules_and_more() -> None:
    assert len({candidate.name for candidate in candidates()}) == len(candidates()) >= 45
    assert sum(1 + len(places_of_decay(candidate)) for candidate in candidates()) >= 250


@pytest.mark.parametrize("candidate", candidates(), ids=lambda c: c.full_name)
def test_each_rule_is_recognized_from_its_path_alone(candidate: Candidate) -> None:
    wanted = values(candidate)
    # LAMB's five hyperparameters are found from a signature's defaults, not from nothing: its norms couple all entries
    known = wanted if candidate.name == "lamb" else {}
    told, _ = ranked(predicted(candidate, wanted, "", True), True, known)
    (own,) = [each for each in told if each["rule"] == candidate.full_name]
    found = dict(own["hyperparameters"])
    if "betas" in found:
        found["beta1"], found["beta2"] = found.pop("betas")
    if candidate.name not in STEPWISE:
        assert found == pytest.approx(wanted, rel=1e-8)


def test_the_probe_separates_every_pair() -> None:
    # at the same hyperparameters, and up to the rate, no two rules take the same path
    paths = {}
    for candidate in candidates():
        hyper = {symbol.name: VALUES[symbol.name] for symbol in candidate.hyperparameters}
        paths[candidate.name] = predicted(candidate, hyper, "", True)
    for one, other in combinations(candidates(), 2):
        fitting = Fitting(other, "", paths[one.name], True)
        deviation = fitting.at({symbol.name: VALUES[symbol.name] for symbol in other.hyperparameters})
        same = {one.name, other.name} in ({"momentum", "momentum-ema"}, {"nesterov", "nesterov-ema"})
        assert deviation > 1e-7 or same, (one.name, other.name, deviation)


def test_the_place_of_a_decay_is_seen() -> None:
    adam = next(candidate for candidate in candidates() if candidate.name == "adam")
    for how in places_of_decay(adam):
        path = predicted(adam, {**values(adam), "weight_decay": 0.06}, how, True)
        assert how in places(path, True)
    assert places(predicted(adam, values(adam), "", True), True) == ()


class Late(torch.optim.AdamW):
    """AdamW whose decay comes after the update."""

    def __init__(self, params: Any, lr: float = 0.02, weight_decay: float = 0.07) -> None:
        super().__init__(params, lr=lr, betas=(0.85, 0.96), weight_decay=0.0)
        self.late = weight_decay

    def step(self, closure: Any = None) -> None:
        super().step(closure)
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(1 - group["lr"] * self.late)


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (torch.optim.SGD, "sgd"),
        (torch.optim.Adagrad, "adagrad"),
        (torch.optim.Adadelta, "adadelta"),
        (torch.optim.RMSprop, "rmsprop"),
        (torch.optim.Adam, "adam"),
        (torch.optim.AdamW, "adamw"),
        (torch.optim.NAdam, "nadam-scheduled"),
        (torch.optim.RAdam, "radam[eps=hat]"),
        (torch.optim.Adamax, "adamax"),
        (torch.optim.ASGD, "asgd"),
        (torch.optim.Rprop, "rprop"),
        (torch.optim.Adafactor, "adafactor"),
        (Late, "adamw[decay=after]"),
    ],
)
def test_torch_optimizers_are_named(target: type, rule: str) -> None:
    found = backproof.identify(target, timeout=120)
    assert found[0].rule == rule


def test_hyperparameters_hidden_inside_are_recovered() -> None:
    def hidden(params: Any) -> Any:
        return torch.optim.SGD(params, lr=0.1, momentum=0.87, dampening=0.3)

    (found,) = backproof.identify(hidden, timeout=120)
    assert found.rule == "momentum[first-step=undamped]"
    assert found.hyperparameters == pytest.approx({"lr": 0.1, "momentum": 0.87, "dampening": 0.3}, rel=1e-8)


def test_an_unknown_rule_is_none_of_these() -> None:
    def unknown(params: list, grads: list, state: object, lr: float = 0.01) -> tuple[list, None]:
        return [p - lr * np.arctan(g) for p, g in zip(params, grads, strict=True)], None

    found = backproof.identify(unknown, timeout=120)
    assert found == []


def test_another_kind_is_identified_by_its_laws() -> None:
    assert [each.rule for each in backproof.identify(torch.tanh, kind="activation")] == ["tanh"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(backproof.NotCheckable, match="callable"):
        backproof.identify(3)
    with pytest.raises(backproof.NotCheckable, match="nearest"):
        backproof.identify(torch.tanh, kind="activatoin")


def test_first_guesses_cover_every_hyperparameter() -> None:
    assert {symbol.name for candidate in candidates() for symbol in candidate.hyperparameters} <= set(GUESSES)
    assert len(START) == sum(len(start) for start in STARTS)
