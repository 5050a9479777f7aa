"""Squares are non-negative where their base is visibly real: a root of what the hypotheses make non-negative is."""

from __future__ import annotations

from sympy import sqrt

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
