"""A sum over many denominators is brought to a common one by their factors: quick where it vanishes, no where it does not."""

from __future__ import annotations

import pytest
import sympy

from backproof.derivations.kernel import Eq, NotShown, Proof


def _claim(wrong: int) -> tuple[Proof, sympy.Basic]:
    t = Proof()
    a, b = t.positive("a b")
    p = sympy.expand((a + b) ** 3 * (a + 2 * b))  # denominators as they come out of `expand`, not factored
    left = 1 / (a + b) ** 3 - (1 + wrong) / (a + 2 * b)
    return t, Eq(left, (a + 2 * b - (a + b) ** 3) / p)


def test_expanded_denominators_meet_their_factors() -> None:
    t, claim = _claim(0)
    assert t.equal(claim, because="a common denominator").strength == "proved"


def test_a_wrong_numerator_is_not_shown() -> None:
    t, claim = _claim(1)
    with pytest.raises(NotShown):
        t.equal(claim, because="a common denominator")
