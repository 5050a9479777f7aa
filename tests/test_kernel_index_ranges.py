"""A position inside a window is visibly inside the input: affine index arithmetic, with strides and dilations."""

from __future__ import annotations

import pytest
from sympy import KroneckerDelta, Mod, floor

from backproof.derivations.kernel import Eq, NotShown, Proof, total
from backproof.derivations.kernel.normal_form import is_zero


def window(t: Proof, spare: int):
    """Outputs t, taps k, stride s, dilation d, and an input that is `spare` longer than the last window reaches."""
    outputs, taps, stride, dilation = t.size("M"), t.size("K"), t.size("s"), t.size("d")
    positions = stride * (outputs - 1) + dilation * (taps - 1) + 1 + spare
    x, f = t.vector("x", stride * (outputs - 1) + dilation * (taps - 1) + 1), t.vector("f", taps)
    place = lambda u, k: stride * (u - 1) + dilation * (k - 1) + 1  # noqa: E731
    return outputs, taps, positions, place, x, f


def test_a_delta_collapses_at_a_position_that_every_window_reaches():
    t = Proof()
    outputs, taps, positions, place, x, f = window(t, 0)
    u = t.index("u", outputs)
    by_position = total(positions, lambda p: total(taps, lambda k: f[k] * KroneckerDelta(p, place(u, k))) * x[p])
    t.equal(Eq(by_position, total(taps, lambda k: f[k] * x[place(u, k)])), because="each tap reads one position")


def test_a_delta_stays_where_the_range_is_one_too_short():
    t = Proof()
    outputs, taps, positions, place, x, f = window(t, -1)
    u = t.index("u", outputs)
    by_position = total(positions, lambda p: total(taps, lambda k: f[k] * KroneckerDelta(p, place(u, k))) * x[p])
    with pytest.raises(NotShown):
        t.equal(Eq(by_position, total(taps, lambda k: f[k] * x[place(u, k)])), because="the last one is outside")


def test_a_slope_of_unknown_sign_shows_nothing():
    t = Proof()
    n, c = t.size("n"), t.integer("c")
    i, x = t.index("i", n), t.vector("x", n)
    assert not is_zero(total(n, lambda p: KroneckerDelta(p, c * i) * x[p]) - x[c * i], t)


def test_one_equation_between_indices_is_one_delta():
    t = Proof()
    i, j, k = (t.integer(name) for name in "ijk")
    assert is_zero(KroneckerDelta(i + k, j + 1) - KroneckerDelta(j - k, i - 1), t)
    assert not is_zero(KroneckerDelta(i + k, j + 1) - KroneckerDelta(j - k, i), t)


def test_quotient_and_remainder_are_read_off_where_the_remainder_is_small():
    t = Proof()
    m, q = t.size("m"), t.integer("q", 0)
    r = t.integer("r", 0, m - 1)
    too_large = t.integer("w", 0, m)
    assert is_zero(floor((q * m + r) / m) - q, t)
    assert is_zero(Mod(q * m + r, m) - r, t)
    assert not is_zero(floor((q * m + too_large) / m) - q, t)
    assert not is_zero(Mod(q * m + too_large, m) - too_large, t)
    assert not is_zero(floor((q * m - r) / m) - q, t)
