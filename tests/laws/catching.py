"""How a law is shown to be able to fail: a function of the reference is replaced by a wrong one while the law runs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, settings

from backproof.properties import Backend


class Mutant(NamedTuple):
    """`wrong` in place of `function` of `backproof.reference.numpy.<module>`."""

    module: str
    function: str
    wrong: Callable[..., Any]


def instead_of(module: str, function: str) -> Callable[[Callable[..., Any]], Mutant]:
    """Make the decorated function a mutant of a function of the reference."""
    return lambda wrong: Mutant(module, function, wrong)


def assert_caught(topic: str, law: str, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail unless the law fails on the mutant."""
    test = getattr(import_module(f"backproof.properties.{topic}"), law)
    monkeypatch.setattr(import_module(f"backproof.reference.numpy.{mutant.module}"), mutant.function, mutant.wrong)
    # That the law fails is asked, not on which smallest input: shrinking would take most of the time. Hypothesis has no
    # public way to change the settings of a test that is already decorated.
    if hasattr(test, "hypothesis"):
        own = test._hypothesis_internal_use_settings
        # Ten times the law's examples: which ones Hypothesis draws depends on the modules that happen to be loaded, and
        # a mutant that the law's own number finds most of the time must not fail the rest of the time.
        quick = settings(own, phases=[Phase.explicit, Phase.generate], max_examples=10 * own.max_examples)
        monkeypatch.setattr(test, "_hypothesis_internal_use_settings", quick)
    with np.errstate(all="ignore"), pytest.raises((AssertionError, ExceptionGroup)):
        test(backend=Backend("numpy"))
