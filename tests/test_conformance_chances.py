"""The statistical laws: no false alarm over seeds, power on the effects that the documentation names, exact tests."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.properties.subjects import alarms
from backproof.properties.subjects.chances import binomial, mirrored_agree, most_unusual, shifts_agree
from tests.mutants import power


def test_right_targets_raise_no_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    assert alarms.main(["--seeds", "14", "--start", "10000"]) == 0  # two of each rule, beyond the run in the docs
    said = capsys.readouterr().out
    assert "tests at 1e-09 each" in said
    assert "0 seen, 14 seeds" in said


def test_a_wrong_target_raises_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "REFERENCES", {"dropout": [power.EFFECTS["dropping rate off by 0.01"][1]]})
    assert alarms.main(["--seeds", "1"]) == 1


@pytest.mark.parametrize("effect", power.EFFECTS)
def test_an_effect_that_the_documentation_names_is_seen(effect: str) -> None:
    assert power.seen(effect, range(1000, 1002)) == 2


def test_the_power_is_low_where_there_is_nothing_to_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "EFFECTS", {"nothing": ("dropout", alarms.REFERENCES["dropout"][0])})
    assert power.main(["--seeds", "1"]) == 1


def test_the_most_unusual_count_has_the_smallest_p_value_times_their_number() -> None:
    counts = np.array([[48, 55], [71, 50]])
    # 71 of 100 is farthest from 50; twice P(at least 71 of 100) by the sum over the binomial coefficients
    right = 4 * 2 * sum(math.comb(100, k) for k in range(71, 101)) / 2**100
    assert most_unusual(counts, 100, 0.5) == ((1, 0), pytest.approx(right, rel=1e-12))
    assert binomial(71, 100, 0.5) == pytest.approx(right / 4, rel=1e-12)


def test_shifts_and_mirrors_count_what_a_loop_counts() -> None:
    rng = np.random.default_rng(0)
    one, two = (rng.random(31) < 0.5 for _ in range(2))
    planted = np.concatenate([two[4:], one[:4]])
    shift, count, pairs, _ = shifts_agree(two, planted)
    assert (shift, count, pairs) == (4, sum(two[i + 4] == planted[i] for i in range(27)), 27)
    mirrored = np.concatenate([one, one[::-1]])
    place, count, pairs, value = mirrored_agree(mirrored)
    assert (place, count, pairs) == (61, 31, 31)
    # one such mirror among those that have a quarter of the row on either side, and both of the coin's sides
    assert value == pytest.approx(min(1.0, 2 * 2.0**-31 * len(range(31, 124 - 31 - 1))), rel=1e-9)
