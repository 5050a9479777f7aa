"""Every wrong loss, layer, initializer, schedule ... is caught, and every right one passes, whatever the seed."""

from __future__ import annotations

import pytest
import torch

import backproof
from backproof.properties.subjects.engine import KINDS, laws_of
from tests.mutants import functions, modules
from tests.mutants._mutant import Mutant
from tests.mutants._snippet import reproduces

MUTANTS = [*functions.MUTANTS, *modules.MUTANTS]
CONTROLS = [*functions.CONTROLS, *modules.CONTROLS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
@pytest.mark.usefixtures("hasty")
def test_a_wrong_implementation_violates_its_rule(mutant: Mutant) -> None:
    report = backproof.check(mutant.target, mutant.rule, **mutant.hyper)
    assert report.verdict == "violates"
    assert report.laws_run == len(laws_of(mutant.rule))
    assert {each.id: why for each in report.failures if (why := reproduces(each, mutant.target))} == {}


@pytest.mark.parametrize("control", CONTROLS, ids=str)
@pytest.mark.parametrize("seed", [0, 7])
def test_a_right_implementation_conforms(control: Mutant, seed: int) -> None:
    report = backproof.check(control.target, control.rule, seed=seed, **control.hyper)
    assert report.conforms, report


def test_half_precision_rounds_a_number_near_zero_by_more_than_its_share() -> None:
    # The one false alarm of 10,000 seeds: an input below the normal numbers of float16.
    assert backproof.check(torch.nn.Dropout, "dropout", seed=1848).conforms


def test_every_rule_has_a_mutant_and_a_control() -> None:
    rules = {rule for kind, (_, rules) in KINDS.items() if kind != "optimizer" for rule in rules}
    assert {mutant.rule.partition("[")[0] for mutant in MUTANTS} == rules
    assert {control.rule.partition("[")[0] for control in CONTROLS} | {"constant"} == rules


def test_a_counterexample_of_a_loss_is_one_example_of_small_numbers() -> None:
    mutant = next(each for each in MUTANTS if each.id == "double-softmax")
    found = backproof.check(mutant.target, mutant.rule).failures[0].counterexample
    assert len(found["scores"]) == 1
    assert all(abs(value) <= 4 and value == round(2 * value) / 2 for value in found["scores"][0])
