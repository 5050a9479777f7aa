"""Squares are non-negative where their base is visibly real: a root of what the hypotheses make non-negative is."""

from __future__ import annotations

from sympy import Min, sqrt

from backproof.derivations.kernel import Ge, Proof
from backproof.derivations.kernel.signs import nonnegative


def test_the_square_of_a_real_root_is_non_negative():
    t = Proof()
    x, y = t.real("x y")
    square = (sqrt(x) - y) ** 2
    assert nonnegative(square, t.suppose(Ge(x, 0)))


def test_the_square_of_a_root_of_unknown_sign_is_not():
    t = Proof()
    x, y = t.real("x y")
    assert not nonnegative((sqrt(x) - y) ** 2, t)  # at x = -1, y = 0 it is -1
    assert not nonnegative((1 / sqrt(x) - y) ** 2, t.suppose(Ge(x, 0)))  # no value at x = 0


def test_a_minimum_is_below_its_arms_beside_fractions():
    t = Proof()
    x, y, a = t.real("x y a")
    assert nonnegative(x + y / 2 - Min(x + y / 2, a), t)
    assert nonnegative((x + y - Min(x + y, a)) / 3, t)
    assert not nonnegative(x + y / 2 - Min(x + y, a), t)  # at x = 0, y = a = 2 it is -1
