"""Every entry of the catalogue comes out as its kind must, says something, and stands where it says."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest
import sympy

from backproof.derivations import TOPICS, catalogue, find, writing
from backproof.derivations.kernel import Entry
from backproof.derivations.kernel.oracle import derived
from backproof.derivations.kernel.substitution import same

ENTRIES = catalogue()
NAMED = pytest.mark.parametrize("entry", ENTRIES, ids=[e.id for e in ENTRIES])
EXPECTED = {"theorem": {"proved", "enumerated", "enclosed"}, "misprint": {"refuted"}, "remark": {"remark"}}
SECONDS = 5.0

# Theorems whose steps the second engine cannot all evaluate, each with the reason.
ONE_ENGINE: dict[str, str] = {}


# Theorems that hold up to a size or on a domain only, each with the reason why no proof for all sizes is in reach.
SHORT: dict[str, str] = {
    "certified-network-for-the-exponential": "one function, certified by interval arithmetic on its interval",
}


@NAMED
def test_the_verdict_is_that_of_its_kind(entry: Entry) -> None:
    derivation = derived(entry)
    assert derivation.verdict in EXPECTED[entry.kind], derivation.why
    if entry.kind == "theorem":
        assert (derivation.verdict == "proved") != (entry.id in SHORT)


@NAMED
def test_both_engines_spoke_on_every_step(entry: Entry) -> None:
    if entry.kind == "theorem":
        spoken = len(derived(entry).engines) == 2
        assert spoken != (entry.id in ONE_ENGINE)


@NAMED
def test_every_step_has_a_reason_and_every_claim_content(entry: Entry) -> None:
    derivation = derived(entry)
    assert all(step.reason.strip() for step in derivation.steps)
    for name, claim in derivation.claims.items():
        assert claim not in (True, sympy.true), name
        if isinstance(claim, sympy.core.relational.Relational):
            assert not same(claim.lhs, claim.rhs), f"{name}: both sides are one expression"


@NAMED
def test_it_derives_within_the_time_of_one_theorem(entry: Entry) -> None:
    # Three times the bar, because the machine runs other tests beside this one.
    assert derived(entry).seconds < 3 * SECONDS


@NAMED
def test_titles_covers_and_sources_are_well_formed(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.id)
    assert entry.topic in TOPICS
    assert not entry.title.endswith(".")
    assert all(re.fullmatch(r"00[0-4]:[a-z0-9-]+", key) for key in entry.covers)
    assert all(source.deck in {"000", "001", "002", "003", "004"} for source in entry.sources)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "misprint"], ids=lambda e: e.id)
def test_a_misprint_names_the_theorem_that_is_true(entry: Entry) -> None:
    corrected = find(entry.corrected)
    assert corrected.kind == "theorem"
    assert any(source.printed for source in entry.sources), "the formula as printed is missing"


def test_remarks_are_few_and_say_why() -> None:
    remarks = [e for e in ENTRIES if e.kind == "remark"]
    assert len(remarks) <= 20
    assert all(e.why for e in remarks)


def test_at_most_a_seventh_of_the_theorems_is_short_of_all_sizes() -> None:
    theorems = {entry.id for entry in ENTRIES if entry.kind == "theorem"}
    assert set(SHORT) <= theorems
    assert len(SHORT) <= 0.15 * len(theorems)


@pytest.mark.parametrize("topic", TOPICS)
def test_an_unknown_id_or_topic_names_the_nearest(topic: str) -> None:
    with pytest.raises(ValueError, match=topic):
        catalogue(topic + "x")


def test_an_unknown_theorem_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="softmax-cross-entropy-gradient"):
        find("softmax-crossentropy-gradient")


# ---- as a reader gets them -------------------------------------------------------------------------------------------


def written(id: str, form: str = "text") -> str:
    entry = find(id)
    return getattr(writing, form)(entry, derived(entry), [])


def test_a_step_says_what_it_supposes() -> None:
    steps = written("penalty-path-is-monotone").split("Steps")[1]
    assert " 1. supposing J_1 + Omega_1*alpha <= J_2 + Omega_2*alpha and " in steps
    assert ": Omega_2 <= Omega_1\n" in steps
    assert " 7. E[" in steps  # nothing is supposed there


@pytest.mark.parametrize("form", ["text", "markdown", "latex"])
def test_the_idea_of_the_proof_is_written(form: str) -> None:
    assert "Two minimizers, each at least as good as the other for its own weight" in written(
        "penalty-path-is-monotone", form
    )


@pytest.mark.parametrize("id", ["penalized-gradient", "three-layer-chain-rule"])
def test_however_many_sums_a_claim_has_no_two_indices_have_one_name(id: str) -> None:
    for claim in derived(find(id)).claims.values():
        indices = [name for name in re.findall(r"\(([a-z]'*), 1, ", writing.infix(claim))]
        assert len(indices) == len({*indices}), writing.infix(claim)


def test_a_topic_opens_with_its_notation(capsys: pytest.CaptureFixture[str]) -> None:
    writing.print_topic("hyperparameter_search")
    printed = capsys.readouterr().out
    module = inspect.getdoc(import_module("backproof.derivations.hyperparameter_search"))
    assert module is not None
    assert printed.startswith(module)


def test_the_laws_of_random_entries_are_written() -> None:
    assert r"= \text{draws with replacement}$" in written("minibatch-variance", "latex")
    defined = written("dropout-rate").split("Defined")[1].split("Steps")[0]
    assert "law(mu[i]) = Bernoulli\n  E[mu[i]] = 1 - p\n" in defined
    assert "Cov(mu[i], mu[i']) = (-p**2 + p)*KroneckerDelta(i, i')" in defined
