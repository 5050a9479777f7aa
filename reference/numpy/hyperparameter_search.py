"""Random and grid search, on log scales where asked, and coarse to fine.

An objective takes a dict of arrays, one entry a trial, and returns their losses: all trials can be one fleet. Nothing
here depends on the backend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .. import _checks as check

Array = np.ndarray[Any, Any]
Objective: TypeAlias = Callable[[dict[str, Array]], Any]


@dataclass(frozen=True)
class Range:
    """The interval from low to high of one hyperparameter, on a logarithmic scale or not.

    >>> Range(1e-4, 1.0, log=True).points(3)
    array([1.e-04, 1.e-02, 1.e+00])
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        check.finite(self.low, "low")
        check.finite(self.high, "high")
        if not self.high >= self.low:
            raise ValueError(f"high must be at least low={self.low}, got high={self.high}")
        if self.log:
            check.positive(self.low, "low")

    def _scaled(self, unit: Array) -> Array:
        """Return the values at fractions of the way from low to high."""
        if not self.log:
            return self.low + (self.high - self.low) * unit
        scaled: Array = self.low * (self.high / self.low) ** unit
        return np.clip(scaled, self.low, self.high)

    def points(self, count: int) -> Array:
        """Return equally spaced values, both ends among them; the middle when there is one."""
        check.at_least(count, 1, "count")
        return self._scaled(np.linspace(0, 1, count) if count > 1 else np.array([0.5]))

    def draws(self, count: int, rng: np.random.Generator) -> Array:
        """Return independent values, uniform on the range's scale."""
        check.at_least(count, 1, "count")
        return self._scaled(rng.random(count))

    def around(self, value: float, shrink: float) -> Range:
        """Return the range narrowed to a fraction `shrink` of its width about the value, within this one."""
        if self.log:
            half = (self.high / self.low) ** (shrink / 2)
            return Range(max(self.low, value / half), min(self.high, value * half), log=True)
        half = (self.high - self.low) * shrink / 2
        return Range(max(self.low, value - half), min(self.high, value + half))


@dataclass(frozen=True)
class Search:
    """Every trial and its loss; a loss that is not finite counts as infinite."""

    trials: dict[str, Array]
    losses: Array

    @property
    def best(self) -> dict[str, float]:
        """The trial with the least loss, the first on ties."""
        index = int(np.argmin(self.losses))
        return {name: values[index].item() for name, values in self.trials.items()}

    @property
    def best_loss(self) -> float:
        """The least loss."""
        return float(self.losses.min())


def _search(objective: Objective, trials: dict[str, Array]) -> Search:
    count = len(next(iter(trials.values())))
    losses = np.asarray(objective(trials), dtype=float)
    if losses.shape != (count,):
        raise ValueError(f"objective must return one loss for each of the {count} trials, got shape={losses.shape}")
    return Search(trials, np.where(np.isfinite(losses), losses, np.inf))


def _check_space(space: Mapping[str, Range]) -> None:
    if not space:
        raise ValueError("space must have at least one range, got space={}")


def random_search(objective: Objective, space: Mapping[str, Range], *, trials: int, rng: np.random.Generator) -> Search:
    """Return the search over independent draws from the ranges; every trial has values of its own in every coordinate.

    With q of the space good enough, n trials find it with probability 1 - (1 - q)^n: 60 are enough for the best
    twentieth, 95 %.

    Source: Bergstra and Bengio 2012.

    >>> rng = np.random.default_rng(0)
    >>> found = random_search(lambda t: (t["x"] - 0.5) ** 2, {"x": Range(0, 1)}, trials=100, rng=rng)
    >>> bool(abs(found.best["x"] - 0.5) < 0.05)
    True
    """
    _check_space(space)
    return _search(objective, {name: scale.draws(trials, rng) for name, scale in space.items()})


def grid_search(objective: Objective, space: Mapping[str, Range], *, points: int) -> Search:
    """Return the search over all combinations of so many equally spaced values of each range.

    >>> grid_search(lambda t: t["x"] + t["y"], {"x": Range(0, 1), "y": Range(2, 4)}, points=3).losses.tolist()
    [2.0, 3.0, 4.0, 2.5, 3.5, 4.5, 3.0, 4.0, 5.0]
    """
    _check_space(space)
    grids = np.meshgrid(*(scale.points(points) for scale in space.values()), indexing="ij")
    return _search(objective, {name: grid.ravel() for name, grid in zip(space, grids, strict=True)})


def coarse_to_fine(
    objective: Objective,
    space: Mapping[str, Range],
    *,
    stages: int,
    trials: int,
    rng: np.random.Generator,
    shrink: float = 0.3,
) -> list[Search]:
    """Return one random search a stage, each about the best trial so far, the ranges narrowed by `shrink` each time.

    Args:
        stages, trials: at least 1 each.
        shrink: in (0, 1).

    >>> stages = coarse_to_fine(lambda t: np.log10(t["lr"] / 0.01) ** 2, {"lr": Range(1e-6, 1, log=True)}, stages=3,
    ...                         trials=20, rng=np.random.default_rng(0))
    >>> bool(min(stages, key=lambda s: s.best_loss).best_loss < 1e-3)
    True
    """
    _check_space(space)
    check.at_least(stages, 1, "stages")
    check.positive(shrink, "shrink")
    check.fraction(shrink, "shrink")
    searches: list[Search] = []
    for _ in range(stages):
        if searches:
            best = min(searches, key=lambda search: search.best_loss).best
            space = {name: scale.around(best[name], shrink) for name, scale in space.items()}
        searches.append(random_search(objective, space, trials=trials, rng=rng))
    return searches
