"""Laws: the cumulants of the first engine against every outcome counted, and both engines on the same expectations."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy
from sympy import KroneckerDelta, Rational

from backproof.derivations.kernel import (
    Eq,
    Expectation,
    NotShown,
    Proof,
    bernoulli,
    choices,
    correlated,
    finite,
    gaussian,
    independent,
    orders,
    total,
)
from backproof.derivations.kernel.numbers import Undefined

HALF, THIRD, TWO = Rational(1, 2), Rational(1, 3), sympy.Integer(2)


def joint_cumulant(outcomes, places):
    """The joint cumulant by its definition: over partitions, (-1)^(b-1) (b-1)! times the product of block moments."""
    result = Fraction(0)
    for partition in sympy.utilities.iterables.multiset_partitions(list(range(len(places)))):
        term = Fraction((-1) ** (len(partition) - 1) * int(sympy.factorial(len(partition) - 1)))
        for block in partition:
            moment = Fraction(0)
            for probability, values in outcomes:
                product = probability
                for i in block:
                    product *= values[places[i]]
                moment += product
            term *= moment
        result += term
    return result


def numbers(law, keys, at):
    from backproof.derivations.kernel.evaluation import Point

    return law.atoms(Point(at), keys)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_cumulants_of_independent_entries_are_those_of_all_outcomes(order):
    law = finite((-1, 0, 3), (HALF, THIRD, Rational(1, 6)), (2,))
    outcomes = numbers(law, [(1,), (2,)], {})
    for places in itertools.product([(1,), (2,)], repeat=order):
        symbolic = law.cumulant(tuple(tuple(map(sympy.Integer, p)) for p in places))
        assert Fraction(int(symbolic.p), int(symbolic.q)) == joint_cumulant(outcomes, places)


@pytest.mark.parametrize("make", [lambda: choices(lambda i: (1 + i) / sympy.Integer(9), 2, 3), lambda: orders(2, 3)])
@pytest.mark.parametrize("order", [1, 2])
def test_cumulants_of_draws_are_those_of_all_samples(make, order):
    law = make()
    keys = list(itertools.product((1, 2), (1, 2, 3)))
    outcomes = numbers(law, keys, {})
    assert sum(p for p, _ in outcomes) == 1
    for places in itertools.product(keys, repeat=order):
        symbolic = sympy.sympify(law.cumulant(tuple(tuple(map(sympy.Integer, p)) for p in places)))
        assert Fraction(int(symbolic.p), int(symbolic.q)) == joint_cumulant(outcomes, places)


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_moments_of_a_sum_of_coins_are_counted_for_every_size(power):
    t = Proof()
    n, p = t.size("n"), t.real("p", 0, 1)
    x = t.random("X", bernoulli(p, (n,)))
    z = sympy.Symbol("z")
    # the moment generating function of a binomial variable
    moment = sympy.expand(sympy.diff((1 - p + p * sympy.exp(z)) ** n, z, power).subs(z, 0).doit().subs(z, 0))
    fact = t.expectation(Eq(Expectation(total(n, lambda i: x[i]) ** power), moment), because="")
    assert fact.engines == ("symbolic", "exact")


def test_gaussian_moments_are_those_of_isserlis():
    t = Proof()
    s = t.positive("s")
    x = t.random("X", gaussian(0, lambda: s**2, ()))
    for power, factor in ((2, 1), (4, 3), (6, 15)):  # 1, 1*3, 1*3*5
        t.expectation(Eq(Expectation(x**power), factor * s**power), because="")
    t.expectation(Eq(Expectation(x**3), 0), because="")


def test_the_product_of_different_families_is_the_product_of_their_moments():
    t = Proof()
    v, w = t.positive("v w")
    x, y = t.random("X", independent((0, v))), t.random("Y", independent((1, 1 + w)))
    t.expectation(Eq(Expectation(x**2 * y**2), v * (1 + w)), because="")
    t.expectation(Eq(Expectation(x * y), 0), because="")


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_wrong_covariance_is_refused(wrong):
    t = Proof()
    n, c = t.size("n"), t.real("c", 0, 1)
    i, j = t.index("i", n), t.index("j", n)
    x = t.random("X", correlated(0, lambda i, j: c + (1 - c) * KroneckerDelta(i, j), (n,)))
    right = c + (1 - c) * KroneckerDelta(i, j)
    t.expectation(Eq(Expectation(x[i] * x[j]), right), because="")
    with pytest.raises(NotShown):
        t.expectation(Eq(Expectation(x[i] * x[j]), right + wrong * c), because="")


def test_a_moment_that_was_not_declared_is_not_guessed():
    t = Proof()
    x = t.random("X", independent((0, 1)))
    with pytest.raises(ValueError, match="declares 2 moments"):
        t.expectation(Eq(Expectation(x**4), 3), because="")


def test_what_was_not_declared_is_refuted_of_the_normal_law_and_never_shown():
    """E[(X + Y)^3] of uncorrelated X, Y with mean 1 and variance 4 is 2^3 + 3 * 2 * 8 = 56 for the normal law."""
    t = Proof()
    x = t.random("X", correlated(1, lambda i, j: 4 * KroneckerDelta(i, j), (TWO,)))
    y = t.random("Y", independent((1, 5), (TWO,)))
    for entries in (x, y):
        cube = Expectation(total(TWO, lambda i, entries=entries: entries[i]) ** 3)
        assert t.at({}).decide(Eq(cube, 55)) is False
        assert t.at({}).decide(Eq(cube, 56)) is True
        with pytest.raises(ValueError, match=r"needs more|not a product of 3"):
            t.expectation(Eq(cube, 56), because="")


def test_a_third_declared_moment_leaves_the_fourth_open():
    t = Proof()
    x = t.random("X", independent((0, 1, 2)))  # no normal law
    with pytest.raises(Undefined, match="engine 2 knows 3 moments"):
        t.at({}).value(Expectation(x**4))


@pytest.mark.parametrize(
    ("table", "exist"),
    [
        (((1, 1), (1, 1)), True),
        (((0, 0), (0, 1)), True),
        (((1, 2), (2, 1)), False),
        (((0, 1), (1, 1)), False),
        (((1, 1), (0, 1)), False),
    ],
)
def test_a_normal_law_is_taken_only_where_its_covariances_exist(table, exist):
    t = Proof()
    v, c = t.vector("v", 2, low=0), t.vector("c", 2, 2)
    delta = KroneckerDelta
    x = t.random("X", correlated(0, lambda i, j: delta(i, j) * v[i] + (1 - delta(i, j)) * c[i, j], (TWO,)))
    point = t.at({v: [table[0][0], table[1][1]], c: table})
    fourth = Expectation(x[1] ** 2 * x[2] ** 2)
    if exist:
        a, b, d = table[0][0], table[0][1], table[1][1]
        assert point.value(fourth) == a * d + 2 * b**2  # Isserlis
    else:
        with pytest.raises(Undefined, match="engine 2 finds no"):
            point.value(fourth)


@pytest.mark.parametrize(
    "law",
    [
        bernoulli(Rational(3, 2)),
        independent((1, HALF)),
        independent((0, -1)),
        finite((0, 1), (HALF, THIRD)),
        orders(3, 2),
    ],
)
def test_a_law_that_does_not_exist_is_refused(law):
    with pytest.raises((NotShown, ValueError)):
        Proof().random("X", law)
