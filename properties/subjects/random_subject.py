"""What the kinds that draw random numbers share: draws that can be repeated, and a violation told by its p-value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .chances import ALPHA, dispersion, pairs_agree
from .report import NotCheckable, Violation, brief
from .targets import Target

Array = np.ndarray


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
    #: the seed of the next draw
    next_seed: int = 0
    #: the lines of a snippet that repeat the last draw
    again: Callable[[], list[str]] = list

    def __post_init__(self) -> None:
        if not callable(self.target.value):
            raise NotCheckable(f"target must be callable, got {type(self.target.value).__name__}")
        try:
            self.recognize()
        except NotCheckable:
            raise
        except Misfit as error:
            raise NotCheckable(str(error)) from error
        except Exception as error:
            raise NotCheckable(f"the target raised {type(error).__name__} on a plain call: {error}") from error

    def recognize(self) -> None:
        """Find out which form the target has, by a plain call."""
        raise NotImplementedError

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that calls the target."""
        raise NotImplementedError

    def begin(self, law: str) -> None:
        """Give a law seeds of its own; each of its draws takes the next one, so that a snippet can repeat it alone."""
        self.next_seed = int(np.random.default_rng([self.seed, *law.encode()]).integers(2**31))

    def take_seed(self) -> int:
        """Return the seed of the next draw."""
        self.next_seed += 1
        return self.next_seed

    def seed_torch(self, seed: int) -> None:
        """Set torch's generator."""
        import torch

        # torch.manual_seed does the same to this generator, and takes 100 times as long to find other devices
        torch.default_generator.manual_seed(seed) if self.device == "cpu" else torch.manual_seed(seed)

    def wrong(
        self, counterexample: Mapping[str, Any], expected: Any, observed: Any, show: str, detail: str
    ) -> Violation:
        """Return a violation that no chance is involved in; `show` prints what was observed in the last draw."""
        lines = [self.target.source, *self.again(), *show.splitlines(), f"# expected {brief(expected)}"]
        return Violation(counterexample, expected, observed, "\n".join(lines), detail)

    def unlikely(
        self, value: float, counterexample: Mapping[str, Any], expected: Any, observed: Any, show: str, detail: str
    ) -> Violation | None:
        """Return a violation if the p-value is below the false-alarm probability."""
        self.tests += 1
        if value >= ALPHA:
            return None
        told = {**counterexample, "p-value": value, "false alarms": ALPHA}
        return self.wrong(told, expected, observed, show, f"{detail} (p = {value:.1e})")

    def pairs(
        self, counterexample: Mapping[str, Any], name: str, marks: Array, written: str, p: float
    ) -> Violation | None:
        """Test that no two rows of marks, which a snippet writes so, go together."""
        (one, other), count, value = pairs_agree(marks, p)
        return self.unlikely(
            value,
            {**counterexample, name: [one, other], "compared": marks.shape[1]},
            p * p + (1 - p) * (1 - p),
            count / marks.shape[1],
            f"marks = {written}\nprint((marks[{one}] == marks[{other}]).mean())",
            f"{name} {one} and {other} go together",
        )

    def counts(
        self, counterexample: Mapping[str, Any], name: str, marks: Array, written: str, p: float
    ) -> Violation | None:
        """Test that rows have as many marks as chance gives them."""
        counts, n = marks.sum(axis=1), marks.shape[1]
        return self.unlikely(
            dispersion(counts, n, p),
            {**counterexample, "counted by": name, "among": n},
            float(np.sqrt(n * p * (1 - p))),
            float(np.sqrt(np.mean((counts - n * p) ** 2))),
            f"counts = ({written}).sum(1)\nprint(np.sqrt(np.mean((counts - {n} * {p}) ** 2)))",
            f"counts by {name} are not binomial: how far they lie from their mean",
        )


class Misfit(ValueError):
    """What was drawn has another shape or precision than what was asked for."""

    def __init__(self, asked: Any, seen: Any, show: str) -> None:
        super().__init__(f"the answer must be {asked}, it is {seen}")
        self.asked, self.seen, self.show = asked, seen, show


def caught(id: str, claim: str, holds: Callable[[Any], Violation | None]) -> Callable[[Any], Violation | None]:
    """Return the law so that a misfit, and what the target raises, come with the lines that show them."""

    def held(s: RandomSubject) -> Violation | None:
        try:
            return holds(s)
        except Misfit as error:
            return s.wrong({"law": id}, error.asked, error.seen, error.show, str(error))
        except Exception as error:
            said = f"raised {type(error).__name__}: {error}"
            return s.wrong({"law": id}, claim, said, "", f"the target {said}")

    return held


def shifted(one: str, other: str, shift: int, n: int) -> str:
    """Return the line that prints how often entry i + shift of one row and entry i of the other, n each, agree.

    >>> shifted("a", "b", -2, 10)
    'print((b[2:] == a[:8]).mean())'
    """
    if shift < 0:
        return shifted(other, one, -shift, n)
    return f"print(({one}[{shift}:] == {other}[:{n - shift}]).mean())"


def mirrored(one: str, place: int, n: int) -> str:
    """Return the lines that print how often entries i and place - i of a row of n agree.

    >>> print(mirrored("a", 7, 10))
    part = a[0:8]
    print((part[:4] == part[::-1][:4]).mean())
    """
    first, last = max(0, place - n + 1), min(n - 1, place)
    half = (last - first + 1) // 2
    return f"part = {one}[{first}:{last + 1}]\nprint((part[:{half}] == part[::-1][:{half}]).mean())"
