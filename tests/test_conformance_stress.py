"""Each sort of stressful input is generated, for each kind that it makes sense for, and by the law that is named."""

from __future__ import annotations

import pytest

import backproof
from tests.mutants import stressed, styles
from tests.mutants._mutant import Mutant
from tests.mutants._snippet import reproduces


@pytest.mark.parametrize(("mutant", "law"), stressed.MUTANTS, ids=str)
@pytest.mark.usefixtures("hasty")
def test_the_input_that_gives_a_mutant_away_is_tried(mutant: Mutant, law: str) -> None:
    failures = {
        each.id: reproduces(each, mutant.target) for each in backproof.check(mutant.target, mutant.rule).failures
    }
    assert law in failures
    if law == "float16":  # such a mutant is right in every other precision, so no other law may have a word
        assert set(failures) == {law}
    assert set(failures.values()) == {""}, failures


@pytest.mark.parametrize("control", [*stressed.CONTROLS, *styles.CONTROLS], ids=str)
@pytest.mark.parametrize("seed", [0, 5])
def test_a_right_implementation_stands_the_stress(control: Mutant, seed: int) -> None:
    report = backproof.check(control.target, control.rule, seed=seed)
    assert report.conforms, report
