"""A product of independent factors has the product of their expectations; factors that share a draw have not."""

from __future__ import annotations

import pytest
from sympy import KroneckerDelta, Rational

from backproof.derivations.kernel import (
    Eq,
    Expectation,
    NotShown,
    Proof,
    Refuted,
    bernoulli,
    correlated,
    independent,
    product,
)  # fmt: skip


def test_all_of_n_independent_events() -> None:
    t = Proof()
    n, p = t.size("n"), t.real("p", 0, 1)
    event = t.random("A", bernoulli(p, [n]))
    fact = t.expectation(Eq(Expectation(product(n, lambda i: event[i])), p**n), because="independent")
    assert fact.strength == "proved"
    t.expectation(Eq(Expectation(product(n, lambda i: 1 - 2 * event[i])), (1 - 2 * p) ** n), because="independent")


def test_factors_with_weights_of_their_own() -> None:
    t = Proof()
    n = t.size("n")
    mean, w = t.real("m"), t.vector("w", n)
    x = t.random("x", independent([mean], [n]))
    left = Expectation(product(n, lambda i: 1 + w[i] * x[i]))
    t.expectation(Eq(left, product(n, lambda i: 1 + w[i] * mean)), because="independent")


def test_a_draw_of_another_family_beside_the_product() -> None:
    t = Proof()
    n = t.size("n")
    other = t.random("B", bernoulli(Rational(1, 3)))
    event = t.random("A", bernoulli(Rational(1, 2), [n]))
    left = Expectation(other * product(n, lambda i: event[i]))
    t.expectation(Eq(left, Rational(1, 2) ** n / 3), because="independent")
    inside = Expectation(event[1] * product(n, lambda i: event[i]))
    with pytest.raises((NotShown, Refuted)):
        t.expectation(Eq(inside, Rational(1, 2) ** (n + 1)), because="wrong: the first event is in the product")


def test_the_square_of_a_product_of_signs_is_one() -> None:
    t = Proof()
    n = t.size("n")
    event = t.random("A", bernoulli(Rational(1, 2), [n]))
    signs = product(n, lambda i: 1 - 2 * event[i])
    t.expectation(Eq(Expectation(signs**2), 1), because="each square is 1")
    with pytest.raises((NotShown, Refuted)):
        t.expectation(Eq(Expectation(signs**2), 0), because="wrong: not the square of the mean")


def test_a_draw_that_all_factors_share_is_not_pulled_apart() -> None:
    t = Proof()
    n = t.size("n", minimum=2)
    event = t.random("A", bernoulli(Rational(1, 2)))
    with pytest.raises((NotShown, Refuted)):
        t.expectation(Eq(Expectation(product(n, lambda i: event)), Rational(1, 2) ** n), because="wrong: it is 1/2")


def test_a_fixed_entry_in_every_factor_is_not_pulled_apart() -> None:
    t = Proof()
    n = t.size("n", minimum=2)
    event = t.random("A", bernoulli(Rational(1, 2), [n]))
    claim = Eq(Expectation(product(n, lambda i: event[i] + event[1])), product(n, lambda i: 1))
    with pytest.raises((NotShown, Refuted)):
        t.expectation(claim, because="wrong: the first entry is in every factor")


def test_rows_and_columns_of_one_family_meet() -> None:
    t = Proof()
    n = t.size("n", minimum=2)
    event = t.random("A", bernoulli(Rational(1, 2), [n, n]))
    claim = Eq(Expectation(product(n, lambda i: event[i, 1] * event[2, i])), Rational(1, 4) ** n)
    with pytest.raises((NotShown, Refuted)):
        t.expectation(claim, because="wrong: entry (2, 1) is in the first factor and in the second")


def test_correlated_entries_are_not_pulled_apart() -> None:
    t = Proof()
    n = t.size("n", minimum=2)
    x = t.random("x", correlated(1, lambda i, j: KroneckerDelta(i, j) + 1, [n]))
    with pytest.raises((NotShown, Refuted)):
        t.expectation(Eq(Expectation(product(n, lambda i: x[i])), 1), because="wrong: they are correlated")
