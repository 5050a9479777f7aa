"""Mutants: all of the six foundation theorems, and of a sample of the others that changes from day to day."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time

import pytest
from sympy import exp

from backproof.derivations import catalogue, find
from backproof.derivations.kernel import Eq, Ge, Proof, soundness
from backproof.derivations.kernel.judgment import Judge
from backproof.derivations.kernel.mutation import Mutant, mutants
from backproof.derivations.kernel.theorem import Entry

FOUNDATION = (
    "softmax-cross-entropy-gradient",
    "gradient-descent-optimal-step",
    "ensemble-mean-squared-error",
    "dropout-weight-scaling",
    "xavier-variance",
    "exact-line-search-zigzag",
)
SAMPLE, SAMPLE_SECONDS = 6, 30.0
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
    judge = Judge(derivation)
    verdicts = [judge.judge(m) for m in judge.mutants()]
    assert len(verdicts) >= 20
    assert set(verdicts) <= {"refuted", "equivalent", "implied"}
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
        "open": (means, Ge((x + y) ** 2, 4 * x * y + 1 - exp(-((x - y) ** 2)))),
    }
    for verdict, (original, claim) in cases.items():
        assert judge.judge(Mutant("", "constant: by hand", original, claim)) == verdict


def test_a_mutant_without_a_value_where_the_claim_has_one_is_refuted(derivation):
    x, y = (d.symbol for d in derivation.proof.declared)
    claim = derivation.claims["binomial"]
    assert (
        Judge(derivation).judge(Mutant("", "exponent", claim, Eq((x + y) ** 2, x**2 + 2 * x * y + y**2 + 0 ** (x - 1))))
        == "refuted"
    )


def test_a_false_mutant_that_the_proof_would_show_is_a_failure(monkeypatch):
    entry = Entry("square", "theorem", "main", "A square", (), (), square)
    assert soundness.score(entry).failures == []
    monkeypatch.setattr(Proof, "_zero", lambda *_: True)
    broken = soundness.score(entry)
    assert broken.judged["proved"] > 0
    assert any("PROVED" in line for line in broken.failures)


def test_a_hypothesis_that_is_needed_is_missed_when_it_is_dropped(monkeypatch):
    def bounded(t: Proof) -> None:
        x = t.positive("x")
        t.compare(t.state("bound", Ge(x + 1 / x, 2)), (x - 1) ** 2 / x, because="at x = -1 it is -2")

    entry = Entry("bounded", "theorem", "main", "", (), (), bounded)
    assert entry.derive().verdict == "proved"
    assert soundness.unneeded(entry, "x") == []
    monkeypatch.setattr("backproof.derivations.kernel.inequalities.nonnegative", lambda *_, **__: True)
    assert soundness.unneeded(entry, "x") == ["bound"]


def test_the_command_prints_the_score_and_fails_on_a_survivor(capsys):
    assert soundness.main(["ensemble-mean-squared-error"]) == 0
    printed = capsys.readouterr().out
    assert "ensembles" in printed
    assert "refuted" in printed


@pytest.mark.slow
@pytest.mark.parametrize("id", FOUNDATION)
def test_no_mutant_of_a_foundation_theorem_survives_or_is_proved(id):
    result = soundness.score(find(id))
    assert result.failures == []
    assert result.judged["refuted"] >= 10
    assert result.judged["survived"] == result.judged["proved"] == 0


@pytest.mark.slow
def test_no_mutant_of_a_rotating_sample_survives_or_is_proved():
    theorems = [e for e in catalogue() if e.kind == "theorem" and e.id not in FOUNDATION]
    chosen = soundness.sample(theorems, SAMPLE, SEED)
    failures, judged, start = [], [], time.process_time()
    for entry in chosen:
        failures += soundness.score(entry).failures
        judged.append(entry.id)
        # A few theorems take a minute; `make soundness` takes them all.
        if time.process_time() - start > SAMPLE_SECONDS:
            break
    print(f"seed {SEED}: {', '.join(judged)}")
    assert failures == []


def test_the_module_runs_from_the_command_line():
    command = [sys.executable, "-m", "backproof.derivations.kernel.soundness", "--help"]
    assert "--sample" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
