"""Contestants taken in turns, and a ratio beside its bar."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass
class Timing:
    """CPU seconds of each round, and what each round returned."""

    seconds: list[float] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the rounds' seconds."""
        return median(self.seconds)


@dataclass(frozen=True)
class Row:
    """One number and the bar that it is held to.

    Attributes:
        work: what was done, and whose number this is.
        medians: CPU seconds of each contestant.
        value: what is compared with the bar; None where it could not be measured here.
        relation, bar: the value must be at least, or at most, the bar.
        unit: of value and bar, `x` for a ratio.
        note: what a reader must know to believe the number; of a row that was skipped, why.
    """

    work: str
    medians: Mapping[str, float]
    value: float | None
    relation: Literal["at least", "at most"]
    bar: float
    unit: str = "x"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where nothing was measured.

        >>> Row("", {}, 2.4, "at least", 2.5).met, Row("", {}, 2.4, "at most", 2.5).met
        (False, True)
        """
        if self.value is None:
            return None
        # Written so that a value that is no number misses either bar.
        return self.value >= self.bar if self.relation == "at least" else self.value <= self.bar

    def as_json(self) -> dict[str, Any]:
        """Return the fields and the verdict."""
        return {**asdict(self), "met": self.met}


def alternate(
    contestants: Mapping[str, Callable[[int], Any]], rounds: int, *, warm_up: bool = True
) -> dict[str, Timing]:
    """Return the timing of each contestant, called once a round with the round's number, all of them in turns.

    CPU time, not the clock on the wall: on a shared machine the latter says who else was working. A first call that
    is not counted pays for imports, caches and the allocator; long runs can do without. Every other round goes
    backwards, so that no contestant always runs after the same one.
    """
    timings = {name: Timing() for name in contestants}
    if warm_up:
        for work in contestants.values():
            work(0)
    for number in range(rounds):
        names = list(contestants)
        for name in names if number % 2 == 0 else reversed(names):
            start = time.process_time()
            result = contestants[name](number)
            timings[name].seconds.append(time.process_time() - start)
            timings[name].results.append(result)
    return timings


def medians(timings: Mapping[str, Timing], repetitions: int = 1) -> dict[str, float]:
    """Return each contestant's median seconds for one of the repetitions that a round makes."""
    return {name: timing.median / repetitions for name, timing in timings.items()}
