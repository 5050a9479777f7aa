"""What the kinds that draw random numbers share: a violation told by its p-value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .chances import ALPHA
from .report import NotCheckable, Violation
from .targets import Target


@dataclass
class RandomSubject:
    """A target that draws random numbers, with its rule. A kind subclasses this."""

    target: Target
    rule: str
    hyper: Mapping[str, Any]
    device: str
    seed: int
    #: how many tests compared their p-value with `ALPHA`
    tests: int = 0

    def __post_init__(self) -> None:
        if not callable(self.target.value):
            raise NotCheckable(f"target must be callable, got {type(self.target.value).__name__}")
        try:
            self.recognize()
        except NotCheckable:
            raise
        except Exception as error:
            raise NotCheckable(f"the target raised {type(error).__name__} on a plain call: {error}") from error

    def recognize(self) -> None:
        """Find out which form the target has, by a plain call."""
        raise NotImplementedError

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that calls the target."""
        return []

    def rng(self, law: str) -> np.random.Generator:
        """The law's own stream of random numbers."""
        return np.random.default_rng([self.seed, *law.encode()])

    def seeded(self, law: str) -> int:
        """A seed for the target's generator, the law's own."""
        return int(self.rng(law).integers(2**31))

    def wrong(
        self, counterexample: Mapping[str, Any], expected: Any, observed: Any, lines: list[str], detail: str
    ) -> Violation:
        """Return a violation that no chance is involved in."""
        return Violation(counterexample, expected, observed, "\n".join([self.target.source, *lines]), detail)

    def unlikely(
        self,
        value: float,
        counterexample: Mapping[str, Any],
        expected: Any,
        observed: Any,
        lines: list[str],
        detail: str,
    ) -> Violation | None:
        """Return a violation if the p-value is below the false-alarm probability."""
        self.tests += 1
        if value >= ALPHA:
            return None
        told = {**counterexample, "p-value": value, "false alarms": ALPHA}
        return self.wrong(told, expected, observed, lines, f"{detail} (p = {value:.1e})")
