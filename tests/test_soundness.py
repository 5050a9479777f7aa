"""Mutants: all of the six foundation theorems, and of a sample of the others that changes from day to day."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time

import pytest
from sympy import Implies, Limit, Rational, exp, oo

from backproof.derivations import catalogue, find
from backproof.derivations.kernel import Eq, Ge, Le, Proof, soundness, total
from backproof.derivations.kernel.judgment import Judge
from backproof.derivations.kernel.margins import wrong_at
from backproof.derivations.kernel.mutation import Mutant, mutants
from backproof.derivations.kernel.numbers import Undefined
from backproof.derivations.kernel.recognition import gathered, implied, instance_of_claim
from backproof.derivations.kernel.search import admitted
from backproof.derivations.kernel.signs import nonnegative
from backproof.derivations.kernel.sizes import proposed
from backproof.derivations.kernel.theorem import Entry
from backproof.derivations.kernel.weakening import hypotheses, without

FOUNDATION = (
    "softmax-cross-entropy-gradient",
    "gradient-descent-optimal-step",
    "ensemble-mean-squared-error",
    "dropout-weight-scaling",
    "xavier-variance",
    "exact-line-search-zigzag",
)
SAMPLE, SAMPLE_SECONDS = 6, 10.0  # of processor time, after which no other theorem is begun
SEED = int(os.environ.get("BACKPROOF_SOUNDNESS_SEED", datetime.date.today().toordinal()))


def square(t: Proof) -> None:
    """(x + y)^2 = x^2 + 2 x y + y^2, and at least 4 x y, which x = y = 1 attains."""
    x, y = t.real("x y")
    t.equal(t.state("binomial", Eq((x + y) ** 2, x**2 + 2 * x * y + y**2)), because="multiplied out")
    t.compare(t.state("means", Ge((x + y) ** 2, 4 * x * y)), (x - y) ** 2, because="(x - y)^2 >= 0")


@pytest.fixture
def derivation():
    return Entry("square", "theorem", "main", "A square", (), (), square).derive()


def test_each_kind_of_change_is_among_the_mutants(derivation):
    kinds = {m.description.partition(":")[0] for m in mutants(derivation)}
    assert kinds >= {"sign", "constant", "exponent", "term", "bound", "attained"}


def test_the_mutants_are_the_same_every_time(derivation):
    again = Entry("square", "theorem", "main", "A square", (), (), square).derive()
    assert [m.description for m in mutants(derivation)] == [m.description for m in mutants(again)]


def test_every_mutant_of_a_sharp_theorem_is_refuted_or_recognised(derivation):
    verdicts = [verdict for _, verdict in Judge(derivation).judged()]
    assert len(verdicts) >= 20
    assert set(verdicts) <= set(soundness.TOLD)
    assert verdicts.count("refuted") >= 15


def test_the_judge_tells_wrong_from_equivalent_from_implied_from_surviving(derivation):
    judge = Judge(derivation)
    x, y = (d.symbol for d in derivation.proof.declared)
    binomial, means = derivation.claims.values()
    cases = {
        # (1 + 1)^2 is not 1 + 3 + 1
        "refuted": (binomial, Eq((x + y) ** 2, x**2 + 3 * x * y + y**2)),
        "equivalent": (binomial, Eq((x + y) ** 2 - x**2, 2 * x * y + y**2)),
        "implied": (means, Ge((x + y) ** 2 + 1, 4 * x * y)),
        # true for all x and y, as 1 - e^(-u) <= u, but nothing shows it to the first engine, and to z3 it says nothing
        "survived": (means, Ge((x + y) ** 2, 4 * x * y + 1 - exp(-((x - y) ** 2)))),
    }
    for verdict, (original, claim) in cases.items():
        assert judge.judge(Mutant("", "constant: by hand", original, claim)) == verdict


def of(prove) -> tuple[Judge, dict]:
    derived = Entry("made up", "theorem", "main", "", (), (), prove).derive()
    assert derived.verdict == "proved", derived.why
    return Judge(derived), {str(d.symbol): d.symbol for d in derived.proof.declared}


def cauchy(t: Proof) -> None:
    """(sum v)^2 <= n sum v^2, which all v alike attain."""
    n = t.size("n")
    v = t.vector("v", n)
    mean = total(n, lambda i: v[i]) / n
    t.compare(
        t.state("mean square", Le(total(n, lambda i: v[i]) ** 2, n * total(n, lambda i: v[i] ** 2))),
        n * total(n, lambda i: (v[i] - mean) ** 2),
        because="a variance",
    )


def test_a_sum_of_the_smaller_side_without_its_last_term_is_an_instance_of_the_claim():
    judge, at = of(cauchy)
    n, v, claim = at["n"], at["v"], judge.derivation.claims["mean square"]
    entries, squares = claim.lhs.base, claim.rhs.args[1]
    part, fewer = (s.func(s.function, (s.limits[0][0], 1, n - 1)) for s in (entries, squares))
    said = lambda left, right: judge.judge(Mutant("mean square", "index: by hand", claim, Le(left, right)))  # noqa: E731
    assert said(part**2, claim.rhs) == "implied"  # v with a last entry 0
    assert said((part - 2 * v[n]) ** 2, claim.rhs) == "refuted"
    # Three entries 1 have the sum 3 and the squares 3: without one of the squares 9 <= 6 is left.
    assert said(claim.lhs, n * fewer) == "refuted"


def test_what_is_said_of_the_next_index_is_implied_although_the_vector_ends_there():
    def decaying(t: Proof) -> None:
        n = t.size("n")
        k, g = t.integer("k", 0, n), t.vector("g", n + 1)
        (r,) = t.recursion(k, r=(0, lambda r: r(k) / 2 + g[k + 1] ** 2))
        claim = t.state("sign", Ge(r(k), 0))
        t.induct_from(
            claim,
            over=k,
            base=t.compare(claim.subs(k, 0), [0], because="it starts at 0"),
            step=t.suppose(claim).compare(claim.subs(k, k + 1), [r(k) / 2, g[k + 1] ** 2], because="an average"),
            because="step by step",
        )

    judge, at = of(decaying)
    claim = judge.derivation.claims["sign"]
    assert judge.judge(Mutant("sign", "index: by hand", claim, claim.subs(at["k"], at["k"] + 1))) == "implied"
    assert judge.judge(Mutant("sign", "index: by hand", claim, claim.subs(at["k"], at["k"] + 2))) == "undefined"


def test_the_next_index_says_more_where_the_claim_names_the_size():
    """c(k) = k <= n for all k <= n, and c(k + 1) <= n is false for k = n. d(k) >= 1 says nothing of n."""
    t = Proof()
    n = t.size("n")
    k, g = t.integer("k", 0, n), t.vector("g", n)
    c, d = t.recursion(k, c=(0, lambda c, d: c(k) + 1), d=(1, lambda c, d: 2 - 1 / d(k) + g[k + 1] ** 2))
    shifted = lambda claim: Mutant("", "index: by hand", claim, claim.subs(k, k + 1))  # noqa: E731
    assert implied(shifted(Ge(d(k), 1)), [], t)
    assert not implied(shifted(Le(c(k), n)), [], t)
    t.assume(Le(n, 5))
    assert not implied(shifted(Ge(d(k), 1)), [], t)


def test_an_instance_is_taken_only_where_nothing_else_is_known_of_the_number():
    free, tied, between = Proof(), Proof(), Proof()
    s, r = free.real("s"), between.real("r", 0, 1)
    tied.assume(Ge(tied.real("s"), 1))
    turned = Mutant("", "sign: by hand", Ge(s, 0), Ge(-s, 0))
    assert instance_of_claim(turned, free, [])  # what holds for each s holds for each -s
    assert not instance_of_claim(turned, tied, [])
    assert instance_of_claim(Mutant("", "sign: by hand", Le(r**2, r), Le((1 - r) ** 2, 1 - r)), between, [])
    assert not instance_of_claim(Mutant("", "sign: by hand", Ge(r, 0), Ge(-r, 0)), between, [])


def test_sums_over_one_range_are_read_as_one_sum():
    """w (1 + 2 u) >= 0 entry by entry, though the sum of 2 u w alone has no sign."""
    t = Proof()
    n = t.size("n")
    w, u = t.vector("w", n, low=0), t.vector("u", n, low=Rational(-1, 2))
    apart = total(n, lambda i: w[i]) + total(n, lambda j: 2 * u[j] * w[j])
    assert not nonnegative(apart, t)
    assert nonnegative(gathered(apart), t)


def test_a_power_of_a_number_below_minus_one_has_no_limit():
    t = Proof()
    r, k = t.real("r"), t.time("k")
    claim = Eq(Limit((-r) ** k, k, oo), 0)
    assert wrong_at(t.at({r: 2}), claim, Ge(r, 0)) == "undefined"
    assert wrong_at(t.at({r: Rational(1, 2)}), claim, Ge(r, 0)) == ""


def test_z3_proposes_counterexamples_at_the_sizes_of_an_instance():
    """On the unit circle a + b is at most sqrt(2) = 1.4142, and it is above 1.41 on an arc of less than 9 degrees."""
    t = Proof()
    n = t.size("n")
    k, v = t.integer("k", 0, n), t.vector("v", n)
    t.assume(Le(total(n, lambda i: v[i] ** 2), 1))
    (x,) = t.recursion(k, x=(0, lambda x: x(k) + v[k + 1]))
    for summed in (total(n, lambda i: v[i]), x(k)):
        claim = Le(summed, Rational(141, 100))
        found = list(proposed(claim, t, [t.at({n: 2, k: 2, v: [1, 0]})]))
        assert found
        assert all(point.decide(claim) is False and admitted(point, t) for point in found)
        assert not list(proposed(claim, t, [t.at({n: 1, k: 1, v: [1]})]))


def test_a_looser_premise_is_refuted_where_it_asks_for_less():
    """From x^2 / g <= y follows x^2 <= g y, and from x^2 <= y where g >= 1: below x^2 = y = 1 refutes it."""

    def supposing(t: Proof) -> None:
        gap, x, y = t.positive("gap"), t.real("x"), t.real("y")
        premise = Ge(y - x**2 / gap, 0)
        fact = t.suppose(premise).compare(Le(x**2, gap * y), gap * (y - x**2 / gap), because="times the gap")
        t.implies(t.state("bound", Implies(premise, fact.claim)), fact, because="as shown")

    judge, at = of(supposing)
    gap, x, y, claim = at["gap"], at["x"], at["y"], judge.derivation.claims["bound"]
    mutant = Mutant("bound", "exponent: by hand", claim, Implies(Ge(y - x**2, 0), claim.args[1]))
    loosened = list(judge._loosened(mutant))
    assert loosened
    assert all(point.value(gap) < 1 and point.decide(mutant.claim) is False for point in loosened)


def test_a_claim_without_a_value_leaves_no_trace_in_the_instance():
    """x(k + 2) reads g[3] of two entries; k is 1 before and after."""
    t = Proof()
    n = t.size("n")
    k, g = t.integer("k", 0, n), t.vector("g", n)
    (x,) = t.recursion(k, x=(0, lambda x: x(k) + g[k + 1]))
    point = t.at({n: 2, k: 1, g: [1, 2]})
    for beyond in (x(k + 2), total(3, lambda i: g[i])):
        with pytest.raises(Undefined):
            point.value(beyond)
        assert point.value(k) == 1


def test_a_false_mutant_that_the_proof_would_show_is_a_failure(monkeypatch):
    entry = Entry("square", "theorem", "main", "A square", (), (), square)
    assert soundness.score(entry).failures == []
    monkeypatch.setattr(Proof, "_zero", lambda *_: True)
    broken = soundness.score(entry)
    assert broken.judged["proved"] > 0
    assert any("PROVED" in line for line in broken.failures)


def test_a_theorem_with_few_mutants_fails(monkeypatch):
    entry = Entry("square", "theorem", "main", "A square", (), (), square)
    monkeypatch.setattr(soundness, "LEAST", 50)
    assert any("mutants that are refuted or recognised" in line for line in soundness.score(entry).failures)


def bounded(t: Proof) -> None:
    x, y = t.positive("x"), t.real("y", 0, 1)
    t.compare(t.state("bound", Ge(x + 1 / x, 2)), (x - 1) ** 2 / x, because="at x = -1 it is -2")
    t.equal(t.state("square", Eq((x + y) ** 2, x**2 + 2 * x * y + y**2)), because="multiplied out")


def assuming(t: Proof) -> None:
    x = t.real("x")
    t.assume(Ge(x, 3))
    t.compare(t.state("square", Ge(x**2, 9)), [(x - 3) * (x + 3)], because="at x = 0 it is 0")


def counted(t: Proof) -> None:
    n = t.size("n", minimum=2)
    t.compare(t.state("pairs", Ge(n * (n - 1), n)), n * (n - 2), because="1 * 0 < 1")
    t.equal(t.state("square", Eq((n - 1) * (n + 1), n**2 - 1)), because="multiplied out")


@pytest.mark.parametrize("prove", [bounded, assuming, counted])
def test_a_hypothesis_that_is_needed_is_missed_when_it_is_dropped(monkeypatch, prove):
    entry = Entry("made up", "theorem", "main", "", (), (), prove)
    derived = entry.derive()
    assert derived.verdict == "proved"
    freed = hypotheses(derived.proof)[0]
    assert without(entry, freed, derived.claims) == ("needed", [])
    # A first engine that shows every inequality shows this one without the hypothesis too, where it is false.
    monkeypatch.setattr("backproof.derivations.kernel.inequalities.nonnegative", lambda *_, **__: True)
    assert without(entry, freed, derived.claims) == ("needed", [next(iter(derived.claims))])


def test_a_hypothesis_that_no_claim_needs_is_said_to_be_unneeded():
    entry = Entry("made up", "theorem", "main", "", (), (), bounded)
    assert without(entry, "y", entry.derive().claims) == ("unneeded", [])
    assert soundness.score(entry).unneeded == ["y"]


def test_the_command_prints_the_score_and_fails_on_a_survivor(capsys, monkeypatch):
    assert soundness.main(["ensemble-mean-squared-error"]) == 0
    printed = capsys.readouterr().out
    assert "ensembles" in printed
    assert "fewest mutants refuted or recognised" in printed
    failed = soundness.Score("made-up", "main", failures=["made-up survived"])
    monkeypatch.setattr(soundness, "run", lambda entries: [failed])
    assert soundness.main(["ensemble-mean-squared-error"]) == 1
    assert "made-up survived" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("id", FOUNDATION)
def test_no_mutant_of_a_foundation_theorem_survives_or_is_proved(id):
    result = soundness.score(find(id))
    assert result.failures == []
    assert result.judged["refuted"] >= soundness.LEAST


@pytest.mark.slow
def test_no_mutant_of_a_rotating_sample_survives_or_is_proved():
    theorems = [e for e in catalogue() if e.kind == "theorem" and e.id not in FOUNDATION]
    chosen = soundness.sample(theorems, SAMPLE, SEED)
    failures, judged, start = [], [], time.process_time()
    for entry in chosen:
        failures += soundness.score(entry).failures
        judged.append(entry.id)
        # A few theorems take half a minute; `make soundness` takes them all.
        if time.process_time() - start > SAMPLE_SECONDS:
            break
    print(f"seed {SEED}: {', '.join(judged)}")
    assert failures == []


def test_the_module_runs_from_the_command_line():
    command = [sys.executable, "-m", "backproof.derivations.kernel.soundness", "--help"]
    assert "--sample" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
