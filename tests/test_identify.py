"""Which rule is it: every known rule is recognized from its path alone, with its hyperparameters, and nothing else
is."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

import backproof
from backproof.derivations.further_update_rules import Candidate, candidates, for_matrices, places_of_decay
from backproof.properties.subjects.identification.fitting import GUESSES, Fitting, Seen, stepwise
from backproof.properties.subjects.identification.prediction import path
from backproof.properties.subjects.identification.probe import GRADIENTS, MATRICES, PLAIN, START, STARTS, STEPS, Probe
from backproof.properties.subjects.identification.ranking import hows, ranked, searched

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
    "beta3": 0.995,
    "mixing": 3.0,
    "optimism": 0.7,
    "l1": 0.02,
    "l2": 0.03,
}
#: one map under two names, the hyperparameters of one made from the other's
SAME = [
    {"momentum", "momentum-ema"},
    {"nesterov", "nesterov-ema"},
    {"adam-uncorrected", "adam-uncorrected[correction=once]"},
    {"adam-uncorrected[eps=inside]", "adam-uncorrected[eps=inside,correction=once]"},
]


def values(candidate: Candidate) -> dict[str, float]:
    found = {symbol.name: VALUES[symbol.name] for symbol in candidate.hyperparameters}
    # what jumps with its hyperparameters is found by trying out usual values
    usual = {"momentum": 0.9, "beta1": 0.9, "beta2": 0.99, "etaminus": 0.5, "etaplus": 1.2}
    return {name: usual.get(name, value) for name, value in found.items()} if stepwise(candidate) else found


def probe_of(candidate: Candidate) -> Probe:
    """Muon by itself takes nothing but matrices."""
    return MATRICES if for_matrices(candidate) else PLAIN


def followed(candidate: Candidate, how: str = "", probe: Probe = PLAIN, changed: bool = True) -> Seen:
    given = {**values(candidate), **({"weight_decay": VALUES["weight_decay"]} if how else {})}
    return Seen(path(candidate, given, how, changed, probe), changed, probe)


def named(name: str) -> Candidate:
    (found,) = [candidate for candidate in candidates() if candidate.name == name]
    return found


def flat(hyperparameters: Any) -> dict[str, float]:
    found = dict(hyperparameters)
    if "betas" in found:
        found["beta1"], found["beta2"] = found.pop("betas")
    return found


def test_the_probe_is_made_of_exact_rationals() -> None:
    assert all(
        isinstance(x, Fraction) for row in (*STARTS, *(tensor for step in GRADIENTS for tensor in step)) for x in row
    )
    assert len(GRADIENTS) == STEPS == 10
    assert len(START) == sum(len(start) for start in STARTS)
    assert PLAIN.sizes == MATRICES.sizes


def test_there_are_45_rules_and_more() -> None:
    assert len({candidate.name for candidate in candidates()}) == len(candidates()) >= 90
    assert sum(1 + len(places_of_decay(candidate)) for candidate in candidates()) >= 450


@pytest.mark.parametrize("candidate", candidates(), ids=lambda c: c.name)
def test_each_rule_is_recognized_from_its_path_alone(candidate: Candidate) -> None:
    wanted = values(candidate)
    told, _ = ranked(followed(candidate, probe=probe_of(candidate)), {})
    alike = next((same for same in SAME if candidate.name in same), {candidate.name})
    assert {each["rule"] for each in told} == alike
    (own,) = [each for each in told if each["rule"] == candidate.name]
    found = flat(own["hyperparameters"])
    if candidate.name in ("signum", "lion"):  # signs leave their factors a little room
        assert set(found) == set(wanted)
    else:
        assert found == pytest.approx(wanted, rel=1e-8)


def deviation(other: Candidate, seen: Seen) -> float:
    """How far another rule stays from a path, at its own odd values and the best rate."""
    return Fitting(other, "", seen).at(values(other))


def test_the_probe_separates_every_pair() -> None:
    general = [candidate for candidate in candidates() if not for_matrices(candidate)]
    seen = {candidate: followed(candidate) for candidate in general}
    for one, other in combinations(general, 2):
        assert deviation(other, seen[one]) > 1e-7 or {one.name, other.name} in SAME, (one.name, other.name)


def test_the_probe_of_matrices_separates_muon() -> None:
    for one in filter(for_matrices, candidates()):
        seen = followed(one, probe=MATRICES)
        for other in candidates():
            # what has Adam for the vectors is told by them
            if other != one and not other.name.startswith("muon-"):
                assert deviation(other, seen) > 1e-4, (one.name, other.name)


@pytest.mark.parametrize("name", ["adam", "momentum", "rmsprop-centered", "lamb-undecayed", "adafactor", "diffgrad"])
def test_the_place_of_a_decay_is_named(name: str) -> None:
    candidate = named(name)
    known = {**values(candidate), "weight_decay": VALUES["weight_decay"]}
    for how in places_of_decay(candidate):
        seen = followed(candidate, how)
        told, _ = ranked(seen, known)
        expected = f"{name.replace('adam', 'adamw') if how != 'coupled' else name}[decay={how}]"
        assert told[0]["rule"] == ("adamw" if expected == "adamw[decay=decoupled]" else expected)
        assert flat(told[0]["hyperparameters"]) == pytest.approx(known, rel=1e-8)


def test_without_a_decay_none_is_looked_for() -> None:
    seen = followed(named("adam"))
    assert hows(named("adam"), seen) == [""]
    assert hows(named("lamb"), seen) == []  # LAMB has one of its own


@pytest.mark.parametrize("how", ["", "decoupled"])
def test_a_candidate_costs_less_than_a_tenth_of_a_second(how: str) -> None:
    # nothing fits, so every candidate is searched on for as long as any is; the processor's time, not the clock's
    right = followed(named("adam"), how)
    bend = 1 + 1e-3 * np.sin(np.arange(right.path.size)).reshape(right.path.shape)
    begun = time.process_time()
    pool = searched(Seen(START + (right.path - START) * bend, True, PLAIN), {})
    taken = time.process_time() - begun
    assert min(fitting.best.deviation for fitting in pool) > 1e-6
    assert taken / len({fitting.candidate for fitting in pool}) < 0.1


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
        (torch.optim.Muon, "muon[precision=bfloat16,decay=decoupled]"),
        (torch.optim.SparseAdam, "adam-lazy[eps=hat]"),
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


def test_an_identification_reads_as_it_was_given() -> None:
    (found,) = backproof.identify(Late, timeout=120)
    assert str(found) == (
        "adamw[decay=after] (AdamW with the decay after the update): "
        "lr=0.02, betas=[0.85, 0.96], eps=1e-08, weight_decay=0.07"
    )


def test_an_unknown_rule_is_none_of_these() -> None:
    def unknown(params: list, grads: list, state: object, lr: float = 0.01) -> tuple[list, None]:
        return [p - lr * np.arctan(g) for p, g in zip(params, grads, strict=True)], None

    found = backproof.identify(unknown, timeout=120)
    assert found == []
    assert found.nearest


def test_what_asks_for_a_function_to_evaluate_is_none_of_these() -> None:
    assert backproof.identify(torch.optim.LBFGS, timeout=120) == []


def test_another_kind_is_identified_by_its_laws() -> None:
    assert [each.rule for each in backproof.identify(torch.tanh, kind="activation")] == ["tanh"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(backproof.NotCheckable, match="callable"):
        backproof.identify(3)
    with pytest.raises(backproof.NotCheckable, match="nearest"):
        backproof.identify(torch.tanh, kind="activatoin")


def test_first_guesses_cover_every_hyperparameter() -> None:
    assert {symbol.name for candidate in candidates() for symbol in candidate.hyperparameters} <= set(GUESSES)
