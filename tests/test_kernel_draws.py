"""The laws of draws with and without replacement, and the rule that an index out of range selects nothing."""

from __future__ import annotations

import pytest
from sympy import KroneckerDelta

from backproof.derivations.kernel import Eq, Expectation, NotShown, Proof, Refuted, choices, orders, total


def _variance(t, law, n, draws):
    g = t.vector("g", n)
    drawn = t.random("D", law)
    mean = total(draws, lambda s: total(n, lambda i: drawn[s, i] * g[i])) / draws
    center = total(n, lambda i: g[i]) / n
    return Expectation((mean - center) ** 2), total(n, lambda i: (g[i] - center) ** 2) / n


def test_draws_with_replacement_divide_the_variance_by_their_number():
    t = Proof()
    n, b = t.size("n"), t.size("b")
    left, variance = _variance(t, choices(lambda i: 1 / n, b, n), n, b)
    assert "exact" in t.expectation(Eq(left, variance / b), because="independent").engines
    with pytest.raises((NotShown, Refuted)):
        t.expectation(Eq(left, variance), because="false for b > 1")


def test_draws_without_replacement_have_the_finite_population_factor():
    t = Proof()
    n = t.size("n", minimum=2)
    b = t.index("b", n)
    left, variance = _variance(t, orders(b, n), n, b)
    assert "exact" in t.expectation(Eq(left, variance / b * (n - b) / (n - 1)), because="true").engines
    for wrong in (variance / b, variance / b * (n - b) / n):
        with pytest.raises((NotShown, Refuted)):
            t.expectation(Eq(left, wrong), because="false")


def test_an_index_out_of_range_selects_nothing():
    t = Proof()
    n = t.size("n")
    k, a = t.index("k", n), t.vector("a", n)
    t.equal(Eq(total(k - 1, lambda s: KroneckerDelta(s, k) * a[s]), 0), because="s <= k - 1 < k")
    with pytest.raises((NotShown, Refuted)):
        t.equal(Eq(total(k, lambda s: KroneckerDelta(s, k) * a[s]), 0), because="false: s = k is in range")


def test_the_rows_of_a_triangle_are_counted():
    t = Proof()
    n = t.size("n")
    rows = t.induct(Eq(total(n, lambda s: s), n * (n + 1) / 2), over=n, start=1, because="Gauss")
    pairs = total(n, lambda s: total(s - 1, lambda _: 1))
    t.equal(Eq(pairs, n * (n - 1) / 2), using=rows, because="row s has s - 1 places")
    with pytest.raises((NotShown, Refuted)):
        t.equal(Eq(pairs, n * (n + 1) / 2), using=rows, because="false: the diagonal does not count")


def test_draws_need_probabilities():
    t = Proof()
    n = t.size("n", minimum=2)
    u, q = t.vector("u", n, low=0, open=True), t.vector("q", n)
    t.random("D", choices(lambda i: u[i] / total(n, lambda k: u[k]), 1, n))
    with pytest.raises(ValueError, match="must sum to 1"):
        t.random("E", choices(lambda i: 2 / n, 1, n))
    with pytest.raises(NotShown, match="does not exist"):
        t.random("F", choices(lambda i: q[i] + 1 / n - total(n, lambda k: q[k]) / n, 1, n))
    with pytest.raises(NotShown, match="does not exist"):
        t.random("G", orders(n + 1, n))
