"""Sums to t + 1: the last term splits off where the sum to t is visibly no shorter than empty, and nowhere else."""

from __future__ import annotations

import pytest
from sympy import Integer, KroneckerDelta

from backproof.derivations.kernel import Eq, NotShown, Proof, total
from backproof.derivations.kernel.normal_form import is_zero


def test_a_sum_to_t_plus_one_meets_the_sum_to_t():
    t = Proof()
    n = t.size("n", minimum=2)
    k = t.integer("k", 0, n - 1)
    g = t.vector("g", n)
    longer, shorter = total(k + 1, lambda s: g[s]), total(k, lambda s: g[s])
    assert is_zero(longer - shorter - g[k + 1], t)
    assert not is_zero(longer - shorter - g[k], t)
    assert not is_zero(longer - shorter, t)


def test_the_last_term_stays_where_the_shorter_sum_may_run_backwards():
    t = Proof()
    k = t.integer("k")
    f = lambda s: s**3  # noqa: E731
    # at k = -3 the sum from 1 to k + 1 is empty, but f(k + 1) = -8
    assert not is_zero(total(k + 1, f) - total(k, f) - f(k + 1), t)


def test_an_empty_sum_is_zero_and_an_empty_product_one():
    from sympy import Product, Symbol

    t = Proof()
    i = Symbol("i", integer=True)
    assert is_zero(total(Integer(0), lambda s: s), t)
    assert is_zero(Product(i, (i, 1, 0)) - 1, t)


def test_a_power_with_a_visibly_non_negative_exponent_gives_up_its_constant():
    t = Proof()
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha = t.real("alpha", 0, 1)  # may be 0, where 0^(k + 1) = 0 0^k needs k >= 0
    longer, shorter = total(k + 1, lambda s: alpha ** (k + 1 - s)), total(k, lambda s: alpha ** (k - s))
    claim = Eq(longer, 1 + alpha * shorter)
    assert t.equal(claim, because="the geometric sum").engines == ("symbolic", "exact")
    with pytest.raises(NotShown):
        t.equal(Eq(longer, 1 + shorter), because="a factor is missing")


def test_indices_that_are_visibly_apart_are_not_compared():
    t = Proof()
    n = t.size("n", minimum=3)
    j, i = t.integer("j", 2, n - 1), t.integer("i", 1, n)
    assert is_zero(KroneckerDelta(1, j), t)
    assert is_zero(KroneckerDelta(j, n), t)
    assert not is_zero(KroneckerDelta(1, i), t)
    assert not is_zero(KroneckerDelta(i, j), t)
