"""Fit a candidate to what was seen, from many first guesses at once.

Each update is predicted from the point at which it was seen to begin, so that no error is carried on and the update of
most rules is proportional to the rate, which is then solved for. The rest is Levenberg and Marquardt's method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from backproof.derivations.further_update_rules import Candidate

from .prediction import updates
from .probe import ORPHANS, START, Probe

Array = np.ndarray
#: a reproduction is one to rounding
EXACT = 1e-9

#: first guesses, where the target's signature gives none
GUESSES: Mapping[str, tuple[float, ...]] = {
    "lr": (1e-3, 1e-4, 1e-2, 0.1, 1.0),  # where a step is not proportional to it
    "momentum": (0.9, 0.5, 0.7, 0.8, 0.95, 0.99),
    "beta1": (0.9, 0.8, 0.6),
    "beta2": (0.999, 0.97, 0.9),
    "beta3": (0.999, 0.9),
    "alpha": (0.99, 0.5, 0.7, 0.8, 0.9, 0.95),
    "rho": (0.95, 0.5, 0.7, 0.8, 0.9, 0.99),
    "eps": (1e-8, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-10, 1e-16),
    "weight_decay": (1e-4, 1e-2, 0.1, 1.0),
    "dampening": (0.3, -0.3),
    "nu": (0.7,),
    "nu1": (0.7,),
    "nu2": (1.0, 0.9),
    "mixing": (5.0, 1.0),
    "optimism": (1.0, 0.1),
    "momentum_decay": (0.004, 1.0),
    "lr_decay": (0.01, 0.3),
    "lambd": (1e-4, 0.1),
    "power": (0.25, 0.125),
    "eps_root": (1e-16, 1e-8),
    "initial_accumulator_value": (0.1, 1e-3, 1e-6),
    "etaminus": (0.5,),
    "etaplus": (1.2,),
    "trust_coefficient": (1e-3, 0.1),
    "clipping_threshold": (1.0, 0.7, 0.4),  # where it does not act nothing tells how far off it is
    "decay_rate": (0.8, 0.65, 0.5),
    "least_scale": (1e-3, 1e-2),
    "l1": (1e-3, 0.1),
    "l2": (1e-3, 0.1),
}
EPSILONS = [mantissa * 10.0**-k for k in range(1, 13) for mantissa in (1, 3)]
DECAYING = ("momentum", "beta1", "beta2", "beta3", "alpha", "rho", "etaminus")
LINEAR = ("dampening", "nu", "nu1", "nu2", "power", "decay_rate")
#: these do not move with their averages' factors but in jumps: usual factors are tried out
STEPWISE = ("signum", "lion", "rprop", "bfloat16")
USUAL = (0.5, 0.6, 0.7, 0.75, 0.8, 0.83, 0.85, 0.87, 0.875, 0.9, 0.92, 0.95, 0.96, 0.98, 0.99, 0.995, 0.999)


def stepwise(candidate: Candidate) -> bool:
    """Return whether the candidate's path jumps with its hyperparameters."""
    return any(word in candidate.name for word in STEPWISE)


def _inward(name: str, value: Array) -> Array:
    """The coordinate in which a hyperparameter is fitted: its logarithm, or log-odds between 0 and 1."""
    if name in LINEAR:
        return value
    if name in DECAYING:
        value = np.clip(value, 1e-12, 1 - 1e-12)
        return np.log1p(-value) - np.log(value)
    return np.log(np.maximum(value, 1e-30))


def _outward(name: str, coordinate: Array) -> Array:
    if name in LINEAR:
        return coordinate
    power = np.exp(np.clip(coordinate, -60, 25))
    return 1 / (1 + power) if name in DECAYING else power


def interior(hyper: Mapping[str, Array]) -> Array:
    """Return, choice by choice, whether hyperparameters are away from where a rule becomes a simpler one.

    They must be so by more than a box may be off that keeps scalars in single precision.
    """
    inside = np.asarray(True)
    for name, value in hyper.items():
        if name in DECAYING:
            inside = inside & (value > 1e-4) & (value < 1 - 1e-5)
        elif name in ("nu", "nu1"):
            inside = inside & (abs(value) > 1e-4) & (abs(value) < 1 - 1e-4)
        elif name == "dampening":
            own = hyper.get("momentum", 2)
            inside = inside & (abs(value) > 1e-4) & (abs(value - own) > 1e-4) & (value < 1 - 1e-4)
        elif name == "power":
            inside = inside & (abs(value - 0.5) > 1e-4) & (value > 1e-3)
        elif name in ("optimism", "mixing"):
            inside = inside & (value > 1e-4)
        elif name not in LINEAR:
            inside = inside & (value > 1e-25) & (value < 1e4)
        inside = inside & np.isfinite(value)
    return inside


def _finite(x: Array) -> Array:
    """The array with what is beyond a million, or no number, at a million."""
    return np.where(np.isnan(x), 1e6, np.clip(x, -1e6, 1e6))


@dataclass(frozen=True)
class Seen:
    """What the box did: where each step began and led, on which probe, and whether the rate was halved."""

    path: Array  # (steps, entries)
    changed: bool
    probe: Probe

    @cached_property
    def points(self) -> Array:
        """Where each step began."""
        return np.vstack([START, self.path[:-1]])

    @cached_property
    def shares(self) -> Array | None:
        """The share of the parameter that each step takes away, shape `(steps, 1)`, as the entries tell that get no
        gradient; None where nothing is taken from them, or not the same share of each."""
        begin, end = self.points[:, ORPHANS], self.path[:, ORPHANS]
        if np.array_equal(begin, end) or not np.all(begin):
            return None
        taken = 1 - end / begin
        if np.max(np.abs(taken - taken[:, :1])) > 1e-9 * np.max(np.abs(taken)) + 1e-14:
            return None
        return taken.mean(axis=1, keepdims=True)

    def bare(self, how: str) -> tuple[Array, Array]:
        """Return the updates without the decay, and the points at which the rule took them."""
        points, moved = self.points, self.path - self.points
        if how in ("", "coupled"):
            return moved, points
        shares = self.shares
        assert shares is not None
        bare = moved + shares * points
        return (bare / (1 - shares) if how == "after" else bare), (points * (1 - shares) if how == "before" else points)


@dataclass
class Fit:
    """The best that a candidate can do, and with which hyperparameters."""

    candidate: Candidate
    how: str
    deviation: float = float("inf")
    cost: float = float("inf")
    hyper: dict[str, float] = field(default_factory=dict)


class Fitting:
    """One candidate, with decay entering in one way, held against what was seen."""

    def __init__(self, candidate: Candidate, how: str, seen: Seen) -> None:
        self.candidate, self.how, self.seen = candidate, how, seen
        self.coupled = how == "coupled"
        self.names = [symbol.name for symbol in candidate.hyperparameters] + ["weight_decay"] * self.coupled
        self.free = [name for name in self.names if not (candidate.proportional and name == "lr")]
        self.target, self.points = seen.bare(how)
        # an entry counts by how far it moves; one that stands still must do so to rounding of where it stands
        reach = np.max(np.abs(seen.path - START), axis=0)
        self.scale = np.maximum(
            reach, np.where(reach > 0, 1e-6 * np.abs(START), 1e-6 * np.maximum(np.abs(START), 1e-3))
        )
        self.best = Fit(candidate, how)
        self.iterations = 0  # of the longest search so far
        self._sorted: dict[str, Array] = {}

    def residuals(self, hyper: Mapping[str, Array]) -> Array:
        """How far predicted updates are from those seen, in reaches of the entries, shape `(choices, numbers)`.

        Hyperparameters are arrays `(choices, 1)`. The best choice is remembered.
        """
        made = updates(self.candidate, hyper, self.coupled, self.seen.changed, self.seen.probe, self.points)
        with np.errstate(all="ignore"):
            made, target = _finite(made / self.scale), self.target / self.scale
            if self.candidate.proportional:
                factor = np.sum(made * target, axis=(-2, -1)) / np.maximum(np.sum(made**2, axis=(-2, -1)), 1e-300)
                factor = np.where(np.isfinite(factor) & (factor > 0), factor, 1.0)[:, None]
                hyper = {**hyper, "lr": hyper["lr"] * factor}
                made = made * factor[..., None]
            off = _finite(made - target)
        self._remember(hyper, np.abs(off))
        return off.reshape(len(off), -1)

    def _remember(self, hyper: Mapping[str, Array], off: Array) -> None:
        inside = interior(hyper)[:, 0]
        worst = np.where(inside, np.max(off, axis=(-2, -1)), np.inf)
        i = int(np.argmin(worst))
        if worst[i] < self.best.deviation:
            self.best.deviation = float(worst[i])
            self.best.hyper = {name: float(value[i, 0]) for name, value in hyper.items()}
        cost = np.where(inside, np.mean(np.log1p(100 * off), axis=(-2, -1)), np.inf)
        self.best.cost = min(self.best.cost, float(np.min(cost)))

    def at(self, hyper: Mapping[str, float]) -> float:
        """The deviation at given hyperparameters."""
        return float(np.max(np.abs(self.residuals({name: np.array([[hyper[name]]]) for name in self.names}))))

    def guesses(self, known: Mapping[str, float]) -> dict[str, Array]:
        """First guesses: what the target's signature says, then all combinations of usual values."""
        usual = dict.fromkeys(DECAYING, USUAL) if stepwise(self.candidate) else {}
        choices = [usual.get(name, GUESSES[name]) for name in self.names]
        if "lr" in self.names and self.candidate.proportional:
            choices[self.names.index("lr")] = (1.0,)
        rows = list(product(*choices))
        own = [known.get(name) for name in self.names]
        told = [each is not None and (name in LINEAR or 0 < each < (1 if name in DECAYING else np.inf))
                for name, each in zip(self.names, own, strict=True)]  # fmt: skip
        if any(told):  # most signatures say the truth, at least in part
            rows += [tuple(o if t else r for o, t, r in zip(own, told, row, strict=True)) for row in rows]
        table = np.array(list(dict.fromkeys(rows)), float).reshape(-1, len(self.names))
        return {name: table[:, i : i + 1] for i, name in enumerate(self.names)}

    def search(self, starts: Mapping[str, Array], iterations: int) -> dict[str, Array]:
        """Return where Levenberg and Marquardt's method leads from every start at once."""
        if not self.free:
            self.residuals(starts)
            return dict(starts)
        fixed = {name: value for name, value in starts.items() if name not in self.free}
        x = np.hstack([_inward(name, starts[name]) for name in self.free])
        reached, going = x.copy(), np.arange(len(x))
        damping = np.full(len(x), 1e-2)
        value, slope = self._with_slope(x, fixed)
        before = np.sum(value**2, axis=1)
        for k in range(1, iterations + 1):
            length = np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-30)
            left, stretch, right = np.linalg.svd(slope / length, full_matrices=False)
            along = np.einsum("snk,sn->sk", left, value) * stretch / (stretch**2 + damping[:, None])
            tried = x - np.clip(np.einsum("skp,sk->sp", right, along) / length[:, 0], -3, 3)
            there, slope_there = self._with_slope(tried, fixed)
            better = np.sum(there**2, axis=1) < np.sum(value**2, axis=1)
            x, value = np.where(better[:, None], tried, x), np.where(better[:, None], there, value)
            slope = np.where(better[:, None, None], slope_there, slope)
            damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-15, 1e6)
            reached[going] = x
            if self.best.deviation < 1e-13:
                break
            if k % 5 == 0:  # go on only where that still pays
                now = np.sum(value**2, axis=1)
                on = now < 0.98 * before
                if not np.any(on):
                    break
                going, x, value, slope, damping, before = (each[on] for each in (going, x, value, slope, damping, now))
                fixed = {name: each[on] for name, each in fixed.items()}
        fixed = {name: each for name, each in starts.items() if name not in self.free}
        return {**fixed, **self._outward(reached)}

    def _outward(self, x: Array) -> dict[str, Array]:
        return {name: _outward(name, x[:, i : i + 1]) for i, name in enumerate(self.free)}

    def _compressed(self, x: Array, fixed: Mapping[str, Array]) -> Array:
        """Residuals by their logarithms: far from a fit a few entries would drown the others."""
        off = self.residuals({**fixed, **self._outward(x)})
        return np.sign(off) * np.log1p(np.abs(off) * 100)

    def _with_slope(self, x: Array, fixed: Mapping[str, Array]) -> tuple[Array, Array]:
        """Residuals at every start, and their forward differences in every free hyperparameter, by one prediction."""
        n, p = x.shape
        step = 1.5e-8 * np.maximum(1, np.abs(x))
        moved = x[:, None, :] + np.concatenate([np.zeros((n, 1, p)), step[:, None, :] * np.eye(p)], axis=1)
        repeated = {name: np.repeat(each, p + 1, axis=0) for name, each in fixed.items()}
        found = self._compressed(moved.reshape(-1, p), repeated).reshape(n, p + 1, -1)
        return found[:, 0], np.swapaxes((found[:, 1:] - found[:, :1]) / step[:, :, None], 1, 2)

    def closest(self, known: Mapping[str, float], most: int) -> dict[str, Array]:
        """Return the first guesses that come closest all over."""
        self._sorted = self._sorted or self._by_closeness(self.guesses(known))
        return {name: value[:most] for name, value in self._sorted.items()}

    def elsewhere(self, hyper: Mapping[str, Array], most: int) -> dict[str, Array]:
        """Return the closest with any size of epsilon: wrong by a decade it holds the entries of its size fast."""
        found = dict(hyper)
        if "eps" in self.names:
            found = {name: np.repeat(value, len(EPSILONS), axis=0) for name, value in hyper.items()}
            found["eps"] = np.tile(EPSILONS, len(hyper["eps"]))[:, None]
        return {name: value[:most] for name, value in self._by_closeness(found).items()}

    def _by_closeness(self, choices: Mapping[str, Array]) -> dict[str, Array]:
        off = self.residuals(choices)
        order = np.argsort(np.mean(np.log1p(100 * np.abs(off)), axis=1), kind="stable")
        return {name: value[order] for name, value in choices.items()}
