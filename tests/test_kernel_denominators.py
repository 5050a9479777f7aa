"""Sums over many denominators and powers of one base: quick where they vanish, no where they do not."""

from __future__ import annotations

import pytest
import sympy

from backproof.derivations.kernel import Eq, NotShown, Proof, Refuted


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


def test_powers_of_a_half_and_of_two_meet() -> None:
    t = Proof()
    n = t.size("n")
    half = sympy.Rational(1, 2)
    assert t.equal(Eq(1 - half**n, 1 - 2 * sympy.Integer(2) ** (-n - 1)), because="one base").strength == "proved"
    with pytest.raises((NotShown, Refuted)):
        t.equal(Eq(1 - half**n, 1 - sympy.Integer(2) ** (-n - 1)), because="wrong by a factor")
