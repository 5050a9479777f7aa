"""Bounds that are attained where an enclosure cannot tell: engine 1 shows the equality, and never from near values."""

from __future__ import annotations

import random
from fractions import Fraction

from sympy import And, Gt, Implies, Lt, Rational, exp, log, sqrt

from backproof.derivations.kernel import Le, Proof, total
from backproof.derivations.kernel.attainment import attained, coincident, lowest, stationary
from backproof.derivations.kernel.judgment import Judge
from backproof.derivations.kernel.mutation import Mutant
from backproof.derivations.kernel.theorem import Entry


def test_two_sides_that_are_equal_are_told_from_two_that_are_only_near():
    """a + b = sqrt(2) sqrt(a^2 + b^2) at a = b; for b = a + 10^-40 they differ by 10^-80/4, below every enclosure."""
    t = Proof()
    a, b = t.nonnegative("a"), t.nonnegative("b")
    claim = Lt(a + b, sqrt(2) * sqrt(a**2 + b**2))
    near = t.at({a: 1, b: 1 + Rational(1, 10**40)})
    assert near.decide(claim) is None
    assert not attained(claim, t, near)
    assert attained(claim, t, t.at({a: 3, b: 3}))
    assert not attained(claim, t, t.at({a: 3, b: 4}))


def test_an_equality_inside_a_claim_counts_for_what_the_whole_claim_says():
    t = Proof()
    v, x = t.positive("v"), t.real("x")
    point = t.at({v: 3, x: 1})
    equality = Lt(log(v) + log(4), log(4 * v), evaluate=False)
    assert attained(And(equality, Gt(x, 0)), t, point)
    assert attained(Implies(Gt(x, 0), equality), t, point)
    assert not attained(Implies(Lt(x, 0), equality), t, point)
    assert not attained(Implies(equality, Lt(x, 0)), t, point)


def test_what_engine_2_tells_is_not_asked_of_engine_1(monkeypatch):
    monkeypatch.setattr("backproof.derivations.kernel.attainment.is_zero", lambda *_: True)
    t = Proof()
    v, x = t.positive("v"), t.real("x")
    claim = Implies(Gt(x, 0), Lt(log(v) + log(4), log(4 * v), evaluate=False))
    assert attained(claim, t, t.at({v: 3, x: 1}))  # x > 0 stays true, whatever engine 1 says of x - 0


def test_the_lowest_instance_is_admitted():
    t = Proof()
    n = t.size("n")
    x, y = t.nonnegative("x"), t.positive("y")
    z = t.real("z", y, 9)
    v, w, u = t.vector("v", n, low=0), t.vector("w", n), t.real("u", 0, nonzero=True)
    t.assume(Le(2, x + y))
    at = {n: 2, x: 3, y: 1, z: 4, v: [1, 2], w: [3, 4], u: 5}
    table = {(1,): 0, (2,): 0}
    # x = 0 would break x + y >= 2, u = 0 is excluded, y has no least value
    assert lowest(t.at(at), t).values == {**t.at(at).values, z: 1, v: table}
    assert lowest(t.at({**at, y: 2}), t).values == {**t.at({**at, y: 2}).values, x: 0, z: 2, v: table}


def test_what_coincides_is_alike_in_kind_and_admitted():
    t = Proof()
    n = t.size("n")
    p, q, r = t.vector("p", n, low=0), t.vector("q", n), t.vector("r", n, n)
    x, y = t.real("x", 0, 1), t.real("y")
    t.function("phi")  # is no number
    values = {n: 2, p: [1, 2], q: [-1, 3], r: [[1, 2], [3, 4]], x: Rational(1, 2), y: 5}
    found = [(point.values[p][1,], point.values[q][1,], point.values[x], point.values[y]) for point in
             coincident(t.point(random.Random(0), t.at(values).values), t)]  # fmt: skip
    half = Fraction(1, 2)
    # p = q would have a negative entry, x = y be above 1
    assert sorted(found) == [(1, -1, half, half), (1, 1, half, 5)]


def test_the_roots_of_the_slope_are_instances_and_may_be_irrational():
    """x (2 - x^2) has its maximum 4 sqrt(6)/9 over the positive numbers at sqrt(2/3); -sqrt(2/3) is not admitted."""
    t = Proof()
    x, y = t.positive("x"), t.real("y")
    claim = Lt(x * (2 - x**2) - y**2, 4 * sqrt(6) / 9)
    at_rest = list(stationary(claim, t, t.at({x: 1, y: 0})))
    assert [roots for _, roots in at_rest] == [{x: sqrt(6) / 3}, {y: 0}]
    assert [attained(claim, t, point, roots) for point, roots in at_rest] == [True, False]
    assert list(stationary(Lt(exp(x) - x**3, 0), t, t.at({x: 1, y: 0}))) == []


def made_strict(prove) -> str:
    derived = Entry("made up", "theorem", "main", "", (), (), prove).derive()
    assert derived.verdict == "proved", derived.why
    (claim,) = derived.claims.values()
    return Judge(derived).judge(Mutant("", "attained: strict", claim, Lt(*claim.args, evaluate=False)))


def means(t: Proof) -> None:
    n = t.size("n")
    p, q = t.vector("p", n, low=0, open=True), t.vector("q", n, low=0, open=True)
    t.compare(
        t.state("means", Le(total(n, lambda i: 2 * sqrt(p[i]) * sqrt(q[i])), total(n, lambda i: p[i] + q[i]))),
        total(n, lambda i: (sqrt(p[i]) - sqrt(q[i])) ** 2),
        because="a sum of squares",
    )


def neighbours(t: Proof) -> None:
    p = t.positive("p")
    t.compare(
        t.state("means", Le(2 * sqrt(p) * sqrt(p + 1), 2 * p + 1)),
        (sqrt(p + 1) - sqrt(p)) ** 2,
        because="a square, which is never 0 and vanishes far out",
    )


def test_a_bound_is_not_strict_where_two_vectors_alike_attain_it():
    assert made_strict(means) == "refuted"


def test_a_bound_that_is_approached_is_not_attained():
    assert made_strict(neighbours) != "refuted"
