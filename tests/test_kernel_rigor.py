"""z3 in the kernel: it decides polynomial claims for all instances at once, and never says more than it knows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from sympy import Abs, And, Implies, Max, Min, Not, Or, Rational, exp, sqrt

from backproof.derivations.kernel import Eq, Ge, Gt, Le, Lt, Ne, NotShown, Proof, Refuted, total
from backproof.derivations.kernel.judgment import Judge
from backproof.derivations.kernel.margins import measured
from backproof.derivations.kernel.mutation import Mutant
from backproof.derivations.kernel.rigor import decide
from backproof.derivations.kernel.solver import Solver, installed
from backproof.derivations.kernel.theorem import Entry

needs_z3 = pytest.mark.skipif(not installed(), reason="z3 is in the extra `rigor`")


@pytest.fixture
def t():
    return Proof()


@pytest.fixture
def without_z3(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)


def derived(write):
    return Entry("a-theorem", "theorem", "main", "A theorem", (), (), write).derive()


def square(t):
    x, y = t.real("x y")
    t.compare(t.state("means", Ge((x + y) ** 2, 4 * x * y)), (x - y) ** 2, because="a square")


# ---- true claims -----------------------------------------------------------------------------------------------------


@needs_z3
def test_true_polynomial_claims_are_decided(t):
    x, y = t.real("x y")
    a, b = t.positive("a b")
    p = t.real("p", 0, 1)
    n = t.integer("n", 1)
    claims = [
        Ge(x**2 + y**2, 2 * x * y),
        Eq((x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3),
        Ge(a / b + b / a, 2),
        Eq(1 / (a * (a + b)) + 1 / (b * (a + b)), 1 / (a * b)),
        Le(p * (1 - p), Rational(1, 4)),
        Ge(n**2 * a, a),
        Le(Abs(x + y), Abs(x) + Abs(y)),
        Eq(Abs(x / a), Max(x, -x) / a),
        Eq(Max(x, y) + Min(x, y), x + y),
        Le(sqrt(a * b), (a + b) / 2),
        Eq(sqrt(x**2), Abs(x)),
        Lt(1 / sqrt(1 + a), 1),
        Implies(And(x > 0, y > x), y**2 > x**2),
        Implies(Ne(x, 0), Eq(x / x**2, 1 / x)),
        Or(x <= y, y <= x),
        Not(And(x < y, y < x)),
    ]
    for claim in claims:
        if claim not in (True, False):
            assert decide(claim, t).word == "true", claim


@needs_z3
def test_what_holds_for_integers_only_is_decided_for_integers(t):
    n, x = t.integer("n"), t.real("x")
    assert decide(Ge(n**2, n), t).word == "true"
    assert decide(Ge(x**2, x), t).word == "false"  # 1/4 < 1/2


@needs_z3
def test_bounds_hypotheses_and_existence_are_all_used(t):
    low = t.real("low")
    high = t.real("high")
    assert decide(Le(low, high), t).word == "false"
    t.real("between", low, high)
    assert decide(Le(low, high), t).word == "true"  # otherwise nothing lies between them
    t.assume(Gt(low, 1))
    assert decide(Gt(high**2, 1), t).word == "true"


@needs_z3
def test_a_hypothesis_that_is_not_understood_is_left_out_and_may_leave_the_claim_unknown(t):
    x = t.real("x")
    t.assume(Gt(exp(x), 1))
    assert decide(Gt(x**2 + 1, 0), t).word == "true"
    assert decide(Gt(x, 0), t).word == "unknown"  # the solution x = 0 is no instance: exp(0) = 1


@needs_z3
def test_half_of_a_hypothesis_is_no_hypothesis(t):
    x = t.real("x")
    t.assume(Implies(x < 5, Gt(1 / (1 - x), exp(x))))
    assert decide(Ne(x, 1), t).word == "unknown"  # that 1 - x is not 0 is no more than a part of what was left out


# ---- false claims ----------------------------------------------------------------------------------------------------


@needs_z3
def test_a_false_claim_comes_with_an_exact_instance(t):
    x = t.real("x")
    decision = decide(Ne(x, Rational(355, 113)), t)
    assert decision.word == "false"
    assert decision.point.values[x] == Rational(355, 113)


@needs_z3
def test_a_false_step_that_no_random_instance_meets_is_refuted(t):
    x = t.real("x")
    claim = Ge((x - Rational(355, 113)) ** 2, Rational(1, 10**6))
    assert all(verdict for _, verdict in t.verdicts(claim, 200))
    with pytest.raises(Refuted) as refuted:
        t._tried(claim)
    assert abs(refuted.value.point["x"] - Rational(355, 113)) < Rational(1, 1000)


@needs_z3
def test_a_solution_that_is_irrational_refutes_nothing_by_itself(t):
    x = t.real("x")
    assert decide(Ne(x**2, 2), t).word == "unknown"
    assert decide(Gt(Abs(x**2 - 2), Rational(1, 100)), t).word == "false"  # a rational close to it does


@needs_z3
def test_a_solution_outside_the_hypotheses_counts_for_nothing(t, monkeypatch):
    x = t.positive("x")
    monkeypatch.setattr(Solver, "ask", lambda *_: ("sat", {"x0": "-1"}))
    assert decide(Gt(x, 0), t).word == "unknown"


# ---- without a value -------------------------------------------------------------------------------------------------


@needs_z3
def test_a_denominator_that_can_be_0_is_reported_and_not_assumed_away(t):
    x = t.real("x")
    claim = Eq((x**2 - 9) / (113 * x - 355), (x - 3) * (x + 3) / (113 * x - 355))
    decision = decide(claim, t)
    assert (decision.word, decision.point.values[x]) == ("undefined", Rational(355, 113))
    with pytest.raises(NotShown, match="undefined within the hypotheses"):
        t.equal(claim, because="no random instance is 355/113")
    t.assume(Ne(x, Rational(355, 113)))
    assert "z3" in t.equal(claim, because="now it is none").engines


@needs_z3
def test_so_is_the_root_of_a_negative_number(t):
    x = t.real("x")
    assert decide(Ge(sqrt(x), 0), t).word == "undefined"
    assert decide(Implies(x > 1, sqrt(x) < x), t).word == "true"


@needs_z3
def test_the_definition_of_a_root_hides_no_denominator_in_it(t):
    x = t.real("x")
    claim = Gt(sqrt(1 + 1 / x**2), 1)
    decision = decide(claim, t)  # r^2 x^2 = x^2 + 1 alone would rule x = 0 out
    assert (decision.word, decision.point.values[x]) == ("undefined", 0)
    t.assume(Ne(x, 0))
    assert decide(claim, t).word == "true"


# ---- what it leaves alone --------------------------------------------------------------------------------------------


def test_claims_outside_its_language_are_left_alone(t):
    x, n = t.real("x"), t.size("n")
    v = t.vector("v", n)
    for claim in (
        Gt(exp(x), x),
        Ge(total(n, lambda i: v[i] ** 2), 0),
        Ge(v[1] ** 2, 0),
        Ge((1 + x**2) ** n, 1),
        Ge((x**2) ** Rational(1, 7), 0),
        Ge(x**100, 0),
    ):
        assert decide(claim, t).word == "", claim


@needs_z3
def test_a_claim_that_is_shown_up_to_a_size_is_not_held_to_all_sizes(t):
    n = t.size("n")
    claim = t.state("small", Lt(n**2, 10))
    t.enumerate(claim, {n: [1, 2, 3]}, because="1, 4, 9")
    assert t.asked == {}


# ---- the word of a derivation ----------------------------------------------------------------------------------------


@needs_z3
def test_a_derivation_says_where_z3_decided():
    derivation = derived(square)
    assert derivation.rigor == {"z3": "decided"}
    assert derivation.engines == ("symbolic", "exact")
    assert "z3" in derivation.steps[0].engines


def test_without_z3_the_theorem_is_proved_and_its_absence_said(without_z3):
    derivation = derived(square)
    assert derivation.verdict == "proved"
    assert derivation.rigor == {"z3": "absent"}
    assert "z3" not in derivation.steps[0].engines


def test_where_no_claim_is_polynomial_it_is_not_asked():
    def growth(t):
        x = t.positive("x")
        t.compare(t.state("positive", Gt(exp(x), 0)), exp(x), because="an exponential")

    assert "z3" not in derived(growth).rigor


# ---- the process -----------------------------------------------------------------------------------------------------


HARD = """(declare-const a Real)(declare-const b Real)(declare-const c Real)(declare-const d Real)
(assert (= (+ (* a a a a a) (* b b b c c) (* c d d d d) 1) (* a b c d)))
(assert (= (+ (* a b b b b) (* b c c c c) (* d d d a a) 3) (* a a b c d d)))
(assert (< (+ (* a a) (* b b b b) (* c c)) (* d d d)))
(assert (> (* a b c d) (+ (* d d d d d d d) 5)))"""


@needs_z3
def test_a_query_that_takes_too_long_is_ended_and_the_next_one_answered():
    solver = Solver(seconds=1)
    solver.ask("", [])  # the import of z3 is not what is timed
    start = time.perf_counter()
    assert solver.ask(HARD, ["a"], steps=0)[0] == "unknown"  # 0: without a limit
    assert time.perf_counter() - start < 5
    assert solver.ask("(declare-const x Real)(assert (< (* x x) 0))", ["x"])[0] == "unsat"
    solver.stop()


@needs_z3
def test_the_steps_end_a_query_long_before_the_clock():
    solver = Solver()
    assert solver.ask(HARD, ["a"])[0] == "unknown"
    assert solver._process is not None  # it answered; nothing ended it
    solver.stop()


@needs_z3
def test_an_answer_does_not_depend_on_the_questions_before_it(t):
    x, y = t.real("x y")
    claims = [Ge(x**4 + y**4 + 1, 4 * x * y - 1), Ge(x**2, x), Lt(x * y, 7)]
    alone = []
    for claim in claims:
        solver = Solver()
        alone.append(decide(claim, t, solver))
        solver.stop()
    together = [decide(claim, t) for claim in claims * 2]
    describe = lambda d: (d.word, d.point and d.point.values)  # noqa: E731
    assert [*map(describe, alone)] * 2 == [*map(describe, together)]


@needs_z3
def test_an_interrupted_question_ends_its_process_and_answers_no_later_one():
    solver = Solver()
    solver.ask("", [])
    process = solver._process

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            solver.ask(HARD, ["a"], steps=0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert process.returncode is not None
    assert solver.ask("(declare-const x Real)(assert (< (* x x) 0))", ["x"])[0] == "unsat"
    solver.stop()


@needs_z3
def test_the_process_ends_with_its_owner():
    solver = Solver()
    solver.ask("", [])
    pid = solver._process.pid
    solver.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_parent_never_imports_z3():
    code = (
        "import sys; from backproof.derivations import find; d = find('xavier-variance').derive(); "
        "assert 'z3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- the judge of mutants --------------------------------------------------------------------------------------------


def left_open(derivation):
    """By the verdict that z3 brings about: a true mutant without certificate, a false one that no search meets."""
    x, y = (d.symbol for d in derivation.proof.declared)
    near = (x - Rational(355, 113)) ** 2 + (y - Rational(355, 113)) ** 2
    claims = {
        # true, since u <= 1 for u = 1 / (1 + (x - y)^2)^2
        "implied": Ge((x + y) ** 2, 4 * x * y + (x - y) ** 4 / (1 + (x - y) ** 2) ** 2),
        # false near (355/113, 355/113) only
        "refuted": Ge((x + y) ** 2 + 10**9 * near, 4 * x * y + Rational(1, 10**6)),
    }
    means = derivation.claims["means"]
    return {verdict: Mutant("", "constant: by hand", means, claim) for verdict, claim in claims.items()}


@needs_z3
def test_the_judge_asks_z3_about_what_is_left_open():
    derivation = derived(square)
    for verdict, mutant in left_open(derivation).items():
        assert Judge(derivation).judge(mutant) == verdict


def test_without_z3_it_stays_open(without_z3):
    derivation = derived(square)
    for mutant in left_open(derivation).values():
        assert Judge(derivation).judge(mutant) == "survived"


def test_a_margin_beyond_all_floats_is_measured_and_is_not_infinite(t):
    x = t.real("x")
    point = t.at({x: Rational(10) ** 200})
    assert 1e300 < measured(point, Ge(x**2, 0)) < float("inf")
    assert -float("inf") < measured(point, Le(x**2, 0)) < -1e300
