"""A scripted run of an optimizer: tensors, groups, gradients and events as plain data, and what the rule makes of them.

A scenario is data so that it can be run on any form of target, handed to the oracle, shrunk and printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from backproof.derivations.update_rules import HYPERPARAMETERS, UpdateRule, compiled

from .rounding import FUNCTIONS, UNITS, WIDE, Bounded

Array = np.ndarray
#: how many times the running bound an honest computation may be off: other orders of summation and fused operations
SAFETY = 8


@dataclass(frozen=True)
class Tensor:
    """One parameter: where it starts, how it lies in memory (`contiguous` or `transposed`) and its group."""

    start: Array
    layout: str = "contiguous"
    group: int = 0


@dataclass(frozen=True)
class Coupled:
    """The gradient of a quadratic of a vector whose entries are coupled."""

    curvature: tuple[float, ...]
    center: tuple[float, ...]

    def __call__(self, values: list[Array]) -> list[Array]:
        x = np.asarray(values[0], float)
        return [np.array(self.curvature) * (x - np.array(self.center)) + 0.125 * np.sum(x)]

    def source(self, library: str) -> str:
        """The same as a line of NumPy or torch."""
        make, more = ("np.array", "") if library == "np" else ("torch.tensor", ", dtype=torch.float64")
        curvature, center = (f"{make}({[float(v) for v in given]}{more})" for given in (self.curvature, self.center))
        return f"def gradient(x): return {curvature} * (x - {center}) + 0.125 * x.sum()"


@dataclass(frozen=True)
class Scenario:
    """A run: `gradients[step][tensor]` is an array or None; `changes[step]` sets a group's values before that step."""

    tensors: tuple[Tensor, ...]
    groups: tuple[Mapping[str, Any], ...]
    gradients: tuple[tuple[Array | None, ...], ...]
    changes: Mapping[int, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    restore: tuple[int, ...] = ()
    dtype: str = "float64"
    entrywise: bool = False
    #: the gradients of every step come in the same tensors, filled anew: who kept one as its state loses it
    refilled: bool = False
    #: gradient of the parameters that the target holds, in place of the scripted ones
    own_point: Coupled | None = None

    @property
    def steps(self) -> int:
        """The number of updates."""
        return len(self.gradients)


@dataclass(frozen=True)
class Expected:
    """The parameters after each step, flat, with the bound on the rounding error of each entry."""

    values: Array  # (steps, entries)
    bounds: Array
    slices: tuple[slice, ...]


def symbols_of(hyperparameters: Mapping[str, Any]) -> dict[str, float]:
    """Return the values by symbol name: `betas=(.9, .99)` gives `beta1` and `beta2`."""
    values: dict[str, float] = {}
    for name, value in hyperparameters.items():
        for i, (symbol, _) in enumerate(HYPERPARAMETERS.get(name, ())):
            values[symbol.name] = float(value[i]) if len(HYPERPARAMETERS[name]) > 1 else float(value)
    return values


_compiled: dict[UpdateRule, Callable[..., Any]] = {}


def oracle(rule: UpdateRule, scenario: Scenario, gradients: list[list[Array | None]] | None = None) -> Expected:
    """Return what the rule makes of a scenario, every entry of every tensor at once."""
    if rule not in _compiled:
        _compiled[rule] = compiled(rule, FUNCTIONS)
    step, unit = _compiled[rule], UNITS[scenario.dtype]
    script = scenario.gradients if gradients is None else gradients
    sizes = [tensor.start.size for tensor in scenario.tensors]
    ends = np.cumsum([0, *sizes])
    slices = tuple(slice(a, b) for a, b in pairwise(ends))
    owner = np.repeat([tensor.group for tensor in scenario.tensors], sizes)
    dtype = np.dtype(scenario.dtype)
    value = np.concatenate([tensor.start.astype(dtype).ravel() for tensor in scenario.tensors]).astype(WIDE)
    error = np.zeros_like(value)
    groups = [dict(group) for group in scenario.groups]

    def hyper() -> list[Bounded]:
        rows = [symbols_of(group) for group in groups]
        columns = [np.array([row.get(s.name, 0.0) for row in rows], WIDE)[owner] for s in rule.hyperparameters]
        # below double precision the hyperparameters themselves are rounded by whoever computes with them
        return [Bounded(c, unit * np.abs(c) if scenario.dtype != "float64" else 0 * c, unit) for c in columns]

    current = hyper()
    sign = -1 if groups[0].get("maximize") else 1
    initial = {s.name: h for s, h in zip(rule.hyperparameters, current, strict=True)}
    states = [
        [np.array(initial[str(each)].value) if str(each) in initial else np.zeros_like(value) + WIDE(float(each)),
         np.zeros_like(value)]
        for each in rule.initial
    ]  # fmt: skip
    count = np.zeros(len(value), WIDE)
    values, bounds = [], []
    with np.errstate(all="ignore"):
        for k in range(scenario.steps):
            if k in scenario.changes:
                groups = [{**group, **change} for group, change in zip(groups, scenario.changes[k], strict=True)]
                current = hyper()
            given = script[k]
            active = np.repeat([g is not None for g in given], sizes)
            gradient = sign * np.concatenate(
                [(np.zeros(n) if g is None else g.astype(dtype).ravel()) for g, n in zip(given, sizes, strict=True)]
            ).astype(WIDE)
            count = count + active
            new = step(
                Bounded(value, error, unit), Bounded(gradient, 0, unit), np.maximum(count, 1),
                *(Bounded(v, e, unit) for v, e in states), *current,
            )  # fmt: skip
            value, error = (np.where(active, n, o) for n, o in ((new[0].value, value), (new[0].error, error)))
            states = [
                [np.where(active, n.value, old[0]), np.where(active, n.error, old[1])]
                for n, old in zip(new[1:], states, strict=True)
            ]
            values.append(value)
            bounds.append(error)
    return Expected(np.array(values), np.array(bounds), slices)


@dataclass(frozen=True)
class Departure:
    """The first step and tensor at which a run leaves the rule."""

    step: int
    tensor: int
    expected: Any
    observed: Any
    detail: str


def departure(scenario: Scenario, run: list[list[Array]], expected: Expected, widens: bool = False) -> Departure | None:
    """Return where a run leaves what is expected, or None.

    A deviation counts against the largest error bound within its tensor, entry by entry where the scenario says so.
    """
    unit = UNITS[scenario.dtype]
    for k, snapshot in enumerate(run):
        for i, (tensor, seen) in enumerate(zip(scenario.tensors, snapshot, strict=True)):
            right = expected.values[k, expected.slices[i]].reshape(tensor.start.shape)
            bound = expected.bounds[k, expected.slices[i]].reshape(tensor.start.shape)

            def found(detail: str, k: int = k, i: int = i, right: Array = right, seen: Array = seen) -> Departure:
                return Departure(k, i, right.astype(float).tolist(), np.asarray(seen, float).tolist(), detail)

            if seen.shape != tensor.start.shape:
                return found(f"the shape became {seen.shape}, it must stay {tensor.start.shape}")
            if str(seen.dtype) != scenario.dtype and not (widens and seen.dtype in (np.float32, np.float64)):
                return found(f"the dtype became {seen.dtype}, it must stay {scenario.dtype}")
            if right.size == 0 or not np.isfinite(right.astype(scenario.dtype)).all():
                continue
            if not np.isfinite(seen).all():
                return found("a number that must be finite is not")
            off = np.abs(seen.astype(WIDE) - right)
            allowed = SAFETY * (bound if scenario.entrywise else np.max(bound))
            # where the parameter is all rounding (0 expected) the smallest normal number still counts as zero
            allowed = allowed + np.finfo(scenario.dtype).tiny
            if (off > allowed).any():
                where = np.unravel_index(np.argmax(off - allowed), off.shape)
                scale = float(abs(right[where]) if scenario.entrywise else np.max(np.abs(right))) or 1.0
                limit = float(np.broadcast_to(allowed, off.shape)[where]) / (unit * scale)
                return found(
                    f"off by {float(off[where]) / (unit * scale):.3g} rounding units where {limit:.3g} are allowed"
                )
    return None


def rational(value: float) -> float:
    """Return a number nearby that a person would write."""
    if value == 0 or not np.isfinite(value):
        return value
    power = 2.0 ** np.floor(np.log2(abs(value)))
    return float(np.sign(value) * power)


def smaller(scenario: Scenario, found: Departure) -> list[Scenario]:
    """Return simpler scenarios to try, the boldest first."""
    tries: list[Scenario] = []
    n = found.step + 1
    if scenario.steps > n:
        tries.append(replace(scenario, gradients=scenario.gradients[:n]))
    if len(scenario.tensors) > 1:
        for keep in [(found.tensor,), *((i, found.tensor) for i in range(len(scenario.tensors)) if i != found.tensor)]:
            tries.append(_only(scenario, sorted(keep)))
    for size in (1, 2, 3, 4, 8, 16, 32, 64, 128):
        if size < scenario.steps:
            tries.append(replace(scenario, gradients=scenario.gradients[-size:], changes={}, restore=()))
            tries.append(replace(scenario, gradients=scenario.gradients[:size]))
    if scenario.changes:
        tries.append(replace(scenario, changes={}))
        tries += [replace(scenario, changes={k: v}) for k, v in scenario.changes.items()]
    if scenario.restore:
        tries.append(replace(scenario, restore=()))
        tries += [replace(scenario, restore=(k,)) for k in scenario.restore if len(scenario.restore) > 1]
    if 1 < scenario.steps <= 24:
        tries += [_without(scenario, k) for k in range(scenario.steps)]
    tries += [_entry(scenario, i, j) for i, tensor in enumerate(scenario.tensors) if tensor.start.size > 1
              for j in range(min(tensor.start.size, 6))]  # fmt: skip
    if len({tensor.group for tensor in scenario.tensors}) == 1 and len(scenario.groups) > 1:
        own = scenario.tensors[0].group
        tries.append(replace(
            scenario, tensors=tuple(replace(tensor, group=0) for tensor in scenario.tensors),
            groups=(scenario.groups[own],), changes={k: (v[own],) for k, v in scenario.changes.items()},
        ))  # fmt: skip
    if scenario.own_point is None:
        for value in (0.0, 1.0, None):
            starts = tuple(replace(x, start=_plain(x.start, value)) for x in scenario.tensors)
            tries.append(replace(scenario, tensors=starts))
        if scenario.steps <= 12:
            for value in (1.0, None):
                plain = tuple(tuple(g if g is None else _plain(g, value) for g in row) for row in scenario.gradients)
                tries.append(replace(scenario, gradients=plain))
            for k in range(scenario.steps):
                for value in (1.0, 0.0, None):
                    row = tuple(g if g is None else _plain(g, value) for g in scenario.gradients[k])
                    script = (*scenario.gradients[:k], row, *scenario.gradients[k + 1 :])
                    tries.append(replace(scenario, gradients=script))
    return tries


def _plain(array: Array, value: float | None) -> Array:
    return np.vectorize(rational, otypes=[float])(array) if value is None else np.full_like(array, value)


def _without(scenario: Scenario, k: int) -> Scenario:
    def earlier(j: int) -> int:
        return j - (j > k)

    return replace(
        scenario,
        gradients=scenario.gradients[:k] + scenario.gradients[k + 1 :],
        changes={earlier(j): v for j, v in scenario.changes.items()},
        restore=tuple(earlier(j) for j in scenario.restore),
    )


def _only(scenario: Scenario, keep: list[int]) -> Scenario:
    point = scenario.own_point
    if point is not None:
        return scenario
    return replace(
        scenario,
        tensors=tuple(scenario.tensors[i] for i in keep),
        gradients=tuple(tuple(row[i] for i in keep) for row in scenario.gradients),
    )


def _entry(scenario: Scenario, i: int, j: int) -> Scenario:
    """The scenario with one entry of one tensor left, as a tensor of one entry (of its own rank)."""
    if scenario.own_point is not None:
        return scenario

    def cut(array: Array) -> Array:
        return array.ravel()[j : j + 1].reshape((1,) * array.ndim)

    tensors = list(scenario.tensors)
    tensors[i] = replace(tensors[i], start=cut(tensors[i].start))
    script = tuple(tuple(g if g is None or n != i else cut(g) for n, g in enumerate(row)) for row in scenario.gradients)
    return replace(scenario, tensors=tuple(tensors), gradients=script)
