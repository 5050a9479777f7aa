"""Every law fails on at least one mutant of the reference; those of the foundation on three and more."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

from backproof.properties import Law, laws

from . import __path__ as folder
from .catching import Mutant, assert_caught

TABLES = {
    module.name: import_module(f"{__package__}.{module.name}")
    for module in pkgutil.iter_modules(folder)
    if module.name not in ("catching", "test_catching")
}
CASES = [
    (topic, law, mutant) for topic, table in TABLES.items() for law, all_ in table.CAUGHT.items() for mutant in all_
]
FOUNDATION = {
    "softmax-cross-entropy-gradient", "gradient-descent-optimal-step", "ensemble-mean-squared-error",
    "dropout-weight-scaling", "xavier-variance", "exact-line-search-zigzag",
}  # fmt: skip


def name_of(topic: str, mutant: Mutant) -> str:
    return next(name for name, value in vars(TABLES[topic]).items() if value is mutant)


@pytest.mark.parametrize(
    ("topic", "law", "mutant"), CASES, ids=[f"{law}-{name_of(topic, mutant)}" for topic, law, mutant in CASES]
)
def test_the_law_fails_on_the_mutant(topic: str, law: str, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_caught(topic, law, mutant, monkeypatch)


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.id)
def test_every_law_has_its_mutants(law: Law) -> None:
    mutants = TABLES[law.topic].CAUGHT.get(law.id.partition("::")[2], []) if law.topic in TABLES else []
    assert len(mutants) >= (3 if law.theorem in FOUNDATION else 1)
