"""Verdicts: a theorem is proved when facts of its own establish what it states, and never otherwise."""

from __future__ import annotations

import pytest
from sympy import Abs, And, Derivative, Equivalent, Implies, Integral, Limit, Max, Rational, Symbol, exp, oo

from backproof.derivations.kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Ne,
    NotShown,
    Proof,
    Refuted,
    correlated,
    independent,
    total,
)
from backproof.derivations.kernel.theorem import Entry


def derived(write, kind="theorem"):
    return Entry("a-theorem", kind, "main", "A theorem", (), (), write).derive()


def square(t):
    x = t.real("x")
    t.compare(t.state("squares", Ge(x**2, 0)), x**2, because="a square")


def test_a_theorem_whose_claim_was_shown_is_proved():
    derivation = derived(square)
    assert derivation.verdict == "proved"
    assert list(derivation.claims) == ["squares"]
    assert derivation.engines == ("symbolic", "exact")


def test_a_last_step_that_shows_something_else_leaves_the_statement_undecided():
    def other(t):
        x = t.real("x")
        t.state("squares", Ge(x**2, 1))
        t.compare(Ge(x**2, 0), x**2, because="a square")

    derivation = derived(other)
    assert derivation.verdict == "undecided"
    assert derivation.claims == {}
    assert "squares" in derivation.why


def test_a_false_step_is_refuted_by_an_instance_and_the_theorem_undecided():
    def false(t):
        x = t.real("x")
        t.equal(t.state("false", Eq((x + 1) ** 2, x**2 + 1)), because="")

    assert derived(false).verdict == "undecided"


def test_the_second_engine_refutes_what_a_broken_first_engine_shows(monkeypatch):
    monkeypatch.setattr(Proof, "_zero", lambda *_: True)
    t = Proof()
    x = t.real("x")
    with pytest.raises(Refuted):
        t.equal(Eq((x + 1) ** 2, x**2 + 1), because="")


def test_a_theorem_that_crashes_is_undecided_and_says_why():
    def crashing(t):
        square(t)
        raise KeyError("gone")

    derivation = derived(crashing)
    assert derivation.verdict == "undecided"
    assert "KeyError" in derivation.why


def test_a_theorem_that_states_nothing_is_undecided():
    assert derived(lambda t: None).verdict == "undecided"


def test_a_refusal_that_the_proof_swallows_does_not_help_it():
    def swallowing(t):
        x = t.real("x")
        try:
            t.compare(t.state("false", Ge(x, 0)), x, because="")
        except NotShown:
            pass

    assert derived(swallowing).verdict == "undecided"


def test_a_fact_under_a_supposition_does_not_prove_the_statement():
    def supposing(t):
        x = t.real("x")
        claim = t.state("positive", Ge(x, 0))
        t.suppose(Ge(x, 1)).compare(claim, [x - 1, 1], because="")

    assert derived(supposing).verdict == "undecided"


@pytest.mark.parametrize("hypothesis", ["positive", "real"])
def test_a_hypothesis_that_is_needed_cannot_be_dropped(hypothesis):
    def bounded(t):
        x = getattr(t, hypothesis)("x")
        t.compare(t.state("bound", Ge(x + 1 / x, 2)), (x - 1) ** 2 / x, because="(x - 1)^2 >= 0")

    # at x = -1 the sum is -2
    assert derived(bounded).verdict == ("proved" if hypothesis == "positive" else "undecided")


def test_hypotheses_that_nothing_satisfies_prove_nothing():
    def vacuous(t):
        x = t.real("x")
        t.assume(Gt(x, 1))
        t.assume(Lt(x, 0))
        t.compare(t.state("absurd", Ge(x - 1, 0)), x - 1, because="")

    derivation = derived(vacuous)
    assert derivation.verdict == "undecided"
    assert "no instance" in derivation.why


def test_a_claim_without_a_value_somewhere_is_not_established():
    def dividing(t):
        x = t.integer("x", -2, 2)
        t.equal(t.state("cancelled", Eq((x**2 - x) / x, x - 1)), because="x = 0 has no value")

    assert derived(dividing).verdict == "undecided"


def test_a_misprint_is_refuted_by_an_exact_instance_only():
    def wrong(t):
        x = t.real("x")
        t.refute(Eq((x + 1) ** 2, x**2 + 1), {x: 1}, because="4 is not 2")

    def right(t):
        x = t.real("x")
        t.refute(Eq((x + 1) ** 2, x**2 + 2 * x + 1), {x: 1}, because="")

    assert derived(wrong, "misprint").verdict == "refuted"
    assert derived(right, "misprint").verdict == "undecided"


def test_an_enumerated_step_makes_the_theorem_enumerated():
    def enumerated(t):
        n = t.size("n")
        fact = t.enumerate(Le(n, 2**n), {n: [1, 2, 3]}, because="")
        t.chain(t.state("below", Le(n, 2**n)), [fact], because="")

    assert derived(enumerated).verdict == "enumerated"


@pytest.mark.parametrize("rule", ["implies", "equivalent", "cases", "induct_from"])
def test_logic_passes_on_that_a_fact_was_only_enumerated(rule):
    t = Proof()
    n, x = t.size("n"), t.real("x")
    small, claim = Le(n, 2**n), Le(n, 2**n)
    under = t.suppose(Ge(x, 0))
    fact = under.enumerate(claim, {n: [1, 2, 3]}, because="")
    if rule == "implies":
        result = t.implies(Implies(Ge(x, 0), claim), fact, because="")
    elif rule == "equivalent":
        back = t.suppose(small).compare(Ge(x**2, 0), x**2, because="")
        with pytest.raises(NotShown):
            t.equivalent(Equivalent(Ge(x, 0), claim), [fact, back], because="the other direction shows something else")
        return
    elif rule == "cases":
        result = t.cases(claim, [fact, t.suppose(Lt(x, 0)).enumerate(claim, {n: [1, 2]}, because="")], because="")
    else:
        base = t.compare(Le(1, 2), 1, because="")
        step = t.suppose(claim).enumerate(Le(n + 1, 2 ** (n + 1)), {n: [1, 2, 3]}, because="")
        result = t.induct_from(claim, over=n, start=1, base=base, step=step, because="")
    assert result.strength == "enumerated"


# ---- every rule accepts what it is for -------------------------------------------------------------------------------


def accepted(write):
    t = Proof()
    fact = write(t)
    assert t.steps
    return fact


def test_equal_accepts_an_identity_for_all_sizes():
    def binomial(t):
        n = t.size("n")
        a, b = t.vector("a", n), t.vector("b", n)
        square = total(n, lambda i: (a[i] + b[i]) ** 2)
        parts = total(n, lambda i: a[i] ** 2) + total(n, lambda i: b[i] ** 2)
        t.equal(Eq(square, parts + 2 * total(n, lambda i: a[i] * b[i])), because="")

    accepted(binomial)


def test_expectation_accepts_the_variance_of_a_mean():
    def mean(t):
        n, v = t.size("n"), t.positive("v")
        x = t.random("X", independent((0, v), (n,)))
        t.expectation(Eq(Expectation((total(n, lambda i: x[i]) / n) ** 2), v / n), because="")

    accepted(mean)


def test_induct_accepts_a_geometric_sequence_and_an_arithmetic_sum():
    def sequences(t):
        k, r, n = t.time("k"), t.real("r"), t.time("n")
        (x,) = t.recursion(k, x=(1, lambda x: r * x(k)))
        t.induct(Eq(x(k), r**k), over=k, because="")
        t.induct(Eq(total(n, lambda i: i), n * (n + 1) / 2), over=n, because="")

    accepted(sequences)


def test_induct_from_accepts_bernoulli():
    def bernoulli_inequality(t):
        k, x = t.time("k"), t.nonnegative("x")
        base = t.compare(Ge(1, 1), 0, because="both sides are 1")
        claim = Ge((1 + x) ** k, 1 + k * x)
        step = t.suppose(claim).compare(
            Ge((1 + x) ** (k + 1), 1 + (k + 1) * x),
            [(1 + x) * ((1 + x) ** k - 1 - k * x), k * x**2],
            because="multiply by 1 + x",
        )
        return t.induct_from(claim, over=k, base=base, step=step, because="")

    accepted(bernoulli_inequality)


def test_weights_endpoints_and_monotone_accept_their_certificates():
    def intervals(t):
        x, y = t.real("x y")
        z, e = t.real("z", 0, 1), t.real("e", 0, 2)
        t.weights(Ge(Max(x, y), (x + y) / 2), {x: Rational(1, 2), y: Rational(1, 2)}, because="")
        t.endpoints(Le(z**2, 1), z, 0, 1, because="")
        t.monotone(Le(1, exp(2)), exp(e), e, because="")

    accepted(intervals)


def test_chain_both_implies_and_cases_accept_what_was_shown():
    def logic(t):
        x = t.real("x")
        low = t.compare(Le(0, x**2), x**2, because="")
        up = t.compare(Lt(x**2, x**2 + 1), 1, because="")
        t.chain(Lt(0, x**2 + 1), [low, up], because="")
        t.both(And(Le(0, x**2), Lt(x**2, x**2 + 1)), [low, up], because="")
        claim = Ge(Abs(x), 0)
        facts = [t.suppose(side).compare(claim, Abs(x), because="") for side in (Ge(x, 0), Lt(x, 0))]
        t.cases(claim, facts, because="")
        t.implies(Implies(Ge(x, 0), claim), facts[0], because="")

    accepted(logic)


def test_equivalent_accepts_both_directions():
    def both_ways(t):
        x = t.real("x")
        left, right = Ge(x, 1), Ge(x - 1, 0)
        facts = [t.suppose(left).compare(right, x - 1, because=""), t.suppose(right).compare(left, x - 1, because="")]
        t.equivalent(Equivalent(left, right), facts, because="")

    accepted(both_ways)


def test_instance_limit_and_enclose_accept_theirs():
    def rest(t):
        x, q, k = t.real("x", 0, 1), t.real("q", 0, 1, open=True), t.time("k")
        a, b = t.real("a b")
        fact = t.compare(Ge((a - 1) ** 2, 0), (a - 1) ** 2, because="")
        assert t.instance(fact, {a: b**2}, because="").claim == Ge((b**2 - 1) ** 2, 0)
        t.limit(Eq(Limit(q**k, k, oo), 0), because="")
        t.limit(Eq(Limit((3 * k + 1) / (k + 2), k, oo), 3), because="")
        t.enclose(Lt(exp(x), 3), {x: (0, 1)}, because="")

    accepted(rest)


def test_an_integral_over_a_continuous_function_is_computed():
    def area(t):
        a, z = t.positive("a"), Symbol("z", real=True)
        t.equal(Eq(Integral(z**2, (z, -a, a)), 2 * a**3 / 3), because="")

    accepted(area)


def test_a_derivative_by_an_entry_of_a_sum():
    def gradient(t):
        n = t.size("n")
        x, i = t.vector("x", n), t.index("i", n)
        t.equal(Eq(Derivative(total(n, lambda k: x[k] ** 2), x[i]), 2 * x[i]), because="")

    accepted(gradient)


def test_correlated_entries_have_their_covariance():
    from sympy import KroneckerDelta

    def ensemble(t):
        n, c = t.size("n"), t.real("c", 0, 1)
        x = t.random("X", correlated(0, lambda i, j: c + (1 - c) * KroneckerDelta(i, j), (n,)))
        t.expectation(Eq(Expectation((total(n, lambda i: x[i]) / n) ** 2), 1 / n + (n - 1) * c / n), because="")

    accepted(ensemble)


def test_a_claim_whose_sides_differ_in_the_names_of_their_indices_only_says_nothing():
    t = Proof()
    n = t.size("n")
    x = t.vector("x", n)
    with pytest.raises(NotShown, match="says nothing"):
        t.state("empty", Eq(total(n, lambda i: x[i] ** 2), total(n, lambda j: x[j] ** 2)))


def test_a_limit_of_a_constant_says_nothing():
    t = Proof()
    h = t.positive("h")
    with pytest.raises(NotShown, match="limit of a constant"):
        t.state("empty", Eq(Limit(Max(0, h) / h, h, 0, "+"), 1))  # SymPy has made it 1 already


def test_a_number_that_is_not_0_is_said_to_be_and_an_instance_must_keep_to_it():
    t = Proof()
    z, p = t.real("z", nonzero=True), t.positive("p")
    fact = t.equal(Eq(z / z**2, 1 / z), because="cancelled")
    assert Ne(z, 0) in t.domain()
    t.instance(fact, {z: p + 1}, because="positive")
    with pytest.raises(NotShown, match="not visible"):
        t.instance(fact, {z: p - 1}, because="0 at p = 1")
