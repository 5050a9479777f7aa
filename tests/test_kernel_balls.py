"""FLINT in the kernel: it looks again at irrational claims, stops a false one, and proves nothing."""

from __future__ import annotations

import random
import sys
from fractions import Fraction

import pytest
from sympy import Derivative, Integral, KroneckerDelta, Max, Rational, Symbol, cos, exp, log, pi, sin, sqrt, tanh

from backproof.derivations.kernel import Eq, Ge, Gt, Le, Lt, Ne, Proof, product, total
from backproof.derivations.kernel import balls as flint_balls
from backproof.derivations.kernel.balls import decide, installed
from backproof.derivations.kernel.evaluation import Point
from backproof.derivations.kernel.theorem import Entry

needs_flint = pytest.mark.skipif(not installed(), reason="python-flint is in the extra `rigor`")
x, y = Symbol("x", real=True), Symbol("y", positive=True)
TINY = Rational(1, 10**25)  # below what quadrature (1e-15) sees, well above what 256 bits round


@pytest.fixture
def without_flint(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)


def derived(write):
    return Entry("a-theorem", "theorem", "main", "A theorem", (), (), write).derive()


def word(claim):
    at = {Symbol("x", real=True): Fraction(3, 4), Symbol("y", positive=True): Fraction(2)}
    return decide(claim, [Point(at)]).word


# ---- what it says of a claim -----------------------------------------------------------------------------------------


@needs_flint
@pytest.mark.parametrize(
    ("left", "right"),
    [
        (exp(x) * exp(-2 * x), exp(-x)),
        (log(y**3), 3 * log(y)),
        (sqrt(y) ** 3, y ** Rational(3, 2)),
        (sin(x) ** 2 + cos(x) ** 2, 1),
        (tanh(x), (exp(2 * x) - 1) / (exp(2 * x) + 1)),
        (Max(exp(x), 1), exp(x)),
        (abs(log(y) - y), y - log(y)),
        (Derivative(exp(x**2), x), 2 * x * exp(x**2)),
        (total(3, lambda k: exp(k * x)), exp(x) + exp(2 * x) + exp(3 * x)),
        (product(3, lambda k: exp(k)), exp(6)),
        (total(3, lambda k: KroneckerDelta(k, 2) * exp(k)), exp(2)),
        (Integral(x**2, (x, 0, pi)), pi**3 / 3),
        (Integral(exp(x * y), (x, 0, 1)), (exp(y) - 1) / y),
        (Integral(1 / x, (x, 1, y)), log(y)),
    ],
)
def test_true_equations_are_agreed_to_and_ones_that_miss_by_a_little_excluded(left, right):
    assert word(Eq(left, right)) == "true"
    assert word(Eq(left, right + TINY)) == "false"
    assert word(Le(left, right)) == word(Ge(left, right)) == "true"
    assert word(Lt(left, right + TINY)) == word(Gt(left, right - TINY)) == "true"
    assert word(Le(left, right - TINY)) == word(Ge(left, right + TINY)) == "false"
    assert word(Ne(left, right + TINY)) == "true"


@needs_flint
def test_a_strict_inequality_between_sides_that_it_cannot_tell_apart_is_unknown():
    assert word(Lt(exp(x) * exp(x), exp(2 * x))) == "unknown"
    assert word(Ne(exp(x) * exp(x), exp(2 * x))) == "unknown"


@needs_flint
def test_what_has_no_value_is_unknown():
    assert word(Eq(log(x - y), 0)) == "unknown"
    assert word(Ge(1 / (log(y) - log(y**2) / 2), 0)) == "unknown"


@needs_flint
def test_what_it_has_no_rule_for_it_leaves_alone():
    assert word(Eq(Integral(abs(sin(x)), (x, 0, 1)), 0)) == ""  # not analytic
    assert word(Eq(Integral(exp(-x), (x, 0, float("inf"))), 1)) == ""
    assert word(Gt(x**2, -1)) == ""  # rational: engine 2 is exact


@needs_flint
def test_sequences_are_run_and_their_names_do_not_meet_those_of_the_claim():
    t = Proof()
    k = t.time("k")
    a, b = t.recursion(k, a=(0, lambda a, b: a(k) + b(k) + k), b=(1, lambda a, b: a(k)))
    # a = 0, 1, 0 + 1 + 1 = 2, 2 + 1 + 2 = 5
    at = t.point(random.Random(0), {k: Fraction(2)})
    assert decide(Eq(exp(a(k + 1)), exp(3 + k)), [at]).word == "true"
    assert decide(Eq(exp(b(k + 1)), exp(3)), [at]).word == "false"


# ---- what it does to a proof -----------------------------------------------------------------------------------------


def quadrature_sees_no_difference(t):
    t.equal(t.state("area", Eq(Integral(exp(x), (x, 0, 1)), exp(1) - 1 + TINY)), because="nearly")


@needs_flint
def test_a_wrong_claim_that_the_other_engines_let_pass_is_stopped(monkeypatch):
    monkeypatch.setattr("backproof.derivations.kernel.ledger.normal_is_zero", lambda *_: True)
    assert derived(quadrature_sees_no_difference).verdict == "undecided"
    monkeypatch.setattr(flint_balls, "decide", lambda *_: flint_balls.Decision(""))
    assert derived(quadrature_sees_no_difference).verdict == "proved"  # so it was FLINT that stopped it


def area(t):
    t.equal(t.state("area", Eq(Integral(exp(x), (x, 0, 1)), exp(1) - 1)), because="the antiderivative")


@needs_flint
def test_a_derivation_says_that_it_agreed():
    derivation = derived(area)
    assert derivation.verdict == "proved"
    assert derivation.rigor == {"flint": "decided"}
    assert derivation.steps[0].engines == ("symbolic", "quadrature", "flint")


def test_without_it_the_theorem_is_proved_and_its_absence_said(without_flint):
    derivation = derived(area)
    assert derivation.verdict == "proved"
    assert derivation.rigor == {"flint": "absent"}
    assert derivation.steps[0].engines == ("symbolic", "quadrature")


def test_its_agreement_proves_nothing(monkeypatch):
    monkeypatch.setattr("backproof.derivations.kernel.ledger.normal_is_zero", lambda *_: False)
    assert derived(area).verdict == "undecided"
