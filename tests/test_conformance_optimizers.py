"""Every wrong optimizer is caught, every right one passes, and a counterexample can be run by anybody."""

from __future__ import annotations

import pytest
import torch

import backproof
from backproof.derivations.update_rules import PUBLISHED
from backproof.properties.subjects.engine import laws_of
from tests.mutants import optimizer_classes, optimizer_objects, optimizer_steps
from tests.mutants._mutant import Mutant
from tests.mutants._snippet import alike, printed, reproduces

MUTANTS = [*optimizer_steps.ADAM, *optimizer_steps.OTHERS, *optimizer_classes.MUTANTS, *optimizer_objects.MUTANTS]
#: what they answer depends on all the runs before, so that no snippet repeats the numbers
AGING = ("instances-share-clock",)
CONTROLS = [*optimizer_steps.CONTROLS, *optimizer_classes.CONTROLS, *optimizer_objects.CONTROLS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
@pytest.mark.usefixtures("hasty")
def test_a_wrong_optimizer_violates_its_rule(mutant: Mutant) -> None:
    report = backproof.check(mutant.target, mutant.rule, **mutant.hyper)
    assert report.verdict == "violates"
    assert report.laws_run == len(laws_of(mutant.rule))
    if mutant.id not in AGING:
        assert {each.id: why for each in report.failures if (why := reproduces(each, mutant.target))} == {}


@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each.id in AGING], ids=str)
@pytest.mark.usefixtures("hasty")
def test_the_snippet_of_a_clock_of_the_class_departs_in_any_process(mutant: Mutant) -> None:
    report = backproof.check(mutant.target, mutant.rule)
    (failure,) = [each for each in report.failures if each.id == "instances-independent"]
    assert not alike(printed(failure.snippet, mutant.target), failure.expected)


@pytest.mark.parametrize("control", CONTROLS, ids=str)
def test_a_right_optimizer_conforms(control: Mutant) -> None:
    report = backproof.check(control.target, control.rule, **control.hyper)
    assert report.conforms, report


@pytest.mark.parametrize(
    "name", ["adam-debias-no-t", "nesterov-sign", "rmsprop-eps-inside", "adamw-decay-after-update"]
)
def test_a_counterexample_is_at_most_three_steps_of_one_number(name: str) -> None:
    mutant = next(each for each in MUTANTS if each.id == name)
    found = backproof.check(mutant.target, mutant.rule, **mutant.hyper).failures[0].counterexample
    assert len(found["gradients"]) <= 3
    assert sum(len(each) for each in found["parameters"]) == 1


@pytest.mark.parametrize(
    ("target", "rule", "given"),
    [
        (torch.optim.SGD, "sgd", {}),
        (torch.optim.SGD, "momentum", {}),
        (torch.optim.SGD, "momentum[first-step=undamped]", {"dampening": 0.25, "weight_decay": 0.5}),
        (torch.optim.SGD, "nesterov", {"nesterov": True}),
        (torch.optim.Adagrad, "adagrad", {"initial_accumulator_value": 0.5}),
        (torch.optim.Adadelta, "adadelta", {}),
        (torch.optim.RMSprop, "rmsprop", {}),
        (torch.optim.Adam, "adam", {"maximize": True, "weight_decay": 0.25}),
        (torch.optim.AdamW, "adamw", {}),
        (torch.optim.Adam, "amsgrad", {"amsgrad": True}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@pytest.mark.parametrize("seed", [0, 1])
def test_torch_optimizers_follow_their_documentation(
    target: type, rule: str, given: dict[str, object], seed: int
) -> None:
    report = backproof.check(target, rule, seed=seed, **given)
    assert report.conforms, report


def test_torch_dampens_from_the_second_step_only() -> None:
    # torch stores the first gradient undamped; as the plain formula it must be caught at that very step
    report = backproof.check(torch.optim.SGD, "momentum", dampening=0.5)
    assert report.failures[0].id == "first-step"


def test_each_rule_is_caught_under_another_rule() -> None:
    # a law that held for everything would let these pass
    for rule in PUBLISHED:
        if rule not in ("sgd", "momentum", "nesterov"):
            assert not backproof.check("tests.mutants.optimizer_rules:forgetful", rule).conforms
