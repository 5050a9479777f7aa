"""What the kernel sees at a glance: the sign of a Kronecker delta, continuity above 0, the value of an integral."""

from __future__ import annotations

import pytest
from sympy import Integral, KroneckerDelta, Symbol, exp, log, oo

from backproof.derivations.kernel import Eq, Ge, Gt, NotShown, Proof, Refuted, total


def test_a_sum_of_kronecker_deltas_is_not_negative():
    t = Proof()
    n = t.size("n")
    i, j = t.index("i", n), t.index("j", n)
    hits = total(j - 1, lambda r: KroneckerDelta(r, i))
    t.compare(Ge(hits, 0), hits, because="each of them is 0 or 1")
    with pytest.raises((NotShown, Refuted)):
        t.compare(Gt(hits, 0), hits, because="false: none may hit")


def test_an_integrand_with_a_pole_at_0_is_integrated_above_it():
    t = Proof()
    start, length = t.positive("A"), t.nonnegative("length")
    x = Symbol("x", positive=True)
    t.equal(Eq(Integral(1 / x, (x, start, start + length)), log((start + length) / start)), because="the logarithm")
    with pytest.raises((NotShown, Refuted)):
        t.equal(Eq(Integral(1 / x, (x, 0, length)), log(length)), because="false: it does not exist")


def test_a_closed_integral_is_still_held_to_the_second_engine():
    t = Proof()
    z = Symbol("z", real=True)
    t.equal(Eq(Integral(z * exp(-(z**2) / 2), (z, 0, oo)), 1), because="the antiderivative is -exp(-z^2/2)")
    with pytest.raises((NotShown, Refuted)):
        t.equal(Eq(Integral(z * exp(-(z**2) / 2), (z, 0, oo)), 2), because="false")
