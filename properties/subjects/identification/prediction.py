"""What a candidate makes of the probe, for one choice of its hyperparameters or for many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from sympy import lambdify
from sympy.printing.numpy import NumPyPrinter

from backproof.derivations.further_update_rules import Candidate
from backproof.derivations.update_rules import g, t, theta

from .probe import HALVED, ROWS, START, Probe

Array = np.ndarray
#: the quintic that Muon iterates, Jordan's numbers
QUINTIC = (3.4445, -4.7750, 2.0315)


def _in_half(x: Array) -> Array:
    """Round to bfloat16: eight bits, ties to even, by way of single precision."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(np.uint32).view(np.float32).astype(float)


def _newton_schulz(x: Array, rounded: Callable[[Array], Array], a: float, b: float, c: float) -> Array:
    """Five steps from matrices no longer than 1 towards the nearest orthogonal ones; each sum is rounded once."""
    if x.shape[-2] > x.shape[-1]:
        return np.swapaxes(_newton_schulz(np.swapaxes(x, -1, -2), rounded, a, b, c), -1, -2)
    for _ in range(5):
        gram = rounded(x @ np.swapaxes(x, -1, -2))
        x = rounded(a * x + rounded(b * gram + c * gram @ gram) @ x)
    return x


def _length(x: Array) -> Array:
    return np.sqrt(np.sum(x * x, axis=(-2, -1), keepdims=True))


def _orthogonalized(x: Array, added: Array) -> Array:
    return _newton_schulz(x / (_length(x) + np.asarray(added)[..., None]), lambda y: y, *QUINTIC)


def _orthogonalized_in_half(x: Array) -> Array:
    x = _in_half(x)
    return _newton_schulz(_in_half(x / np.maximum(_in_half(_length(x)), 1e-7)), _in_half, *QUINTIC)


class Tensorwise:
    """The functions of whole tensors that rules are written with; entries of all tensors lie on the last axis."""

    def __init__(self, probe: Probe) -> None:
        self.sizes = probe.sizes
        self.edges = np.cumsum([0, *self.sizes])
        self.matrices = [
            (slice(a, b), shape) for (a, b), shape in zip(pairwise(self.edges), probe.shapes, strict=True)
            if len(shape) == 2
        ]  # fmt: skip

    def norm(self, x: Any) -> Array:
        """The Euclidean norm of the entry's tensor."""
        squares = np.add.reduceat(self._whole(x) ** 2, self.edges[:-1], axis=-1)
        return np.repeat(np.sqrt(squares), self.sizes, axis=-1)

    def root_mean_square(self, x: Any) -> Array:
        """The norm over the root of the size."""
        return self.norm(x) / np.sqrt(np.repeat(self.sizes, self.sizes))

    def on_matrices(self, make: Callable[[Array], Array], x: Any, elsewhere: Any = None) -> Array:
        """What `make` makes of each matrix; elsewhere x itself, or what is given."""
        x = self._whole(x)
        made = np.array(np.broadcast_to(x if elsewhere is None else elsewhere, x.shape), dtype=float)
        for own, shape in self.matrices:
            matrix = x[..., own].reshape(*x.shape[:-1], *shape)
            made[..., own] = np.broadcast_to(make(matrix), matrix.shape).reshape(*x.shape[:-1], -1)
        return made

    @staticmethod
    def _whole(x: Any) -> Array:
        return np.broadcast_to(x, np.broadcast_shapes(np.shape(x), START.shape))

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Every function by the name that rules call it by."""
        on = self.on_matrices
        nowhere = np.nan  # what only matrices have fits nothing else
        return {
            "Norm": self.norm,
            "RootMeanSquare": self.root_mean_square,
            "Factored": lambda x: on(
                lambda y: y.mean(-1, keepdims=True) * y.mean(-2, keepdims=True) / y.mean((-2, -1), keepdims=True), x
            ),
            "RowLargest": lambda x: on(lambda y: y.max(-1, keepdims=True), x),
            "ColumnLargest": lambda x: on(lambda y: y.max(-2, keepdims=True), x),
            "Rows": lambda x: on(lambda y: np.asarray(float(y.shape[-2])), x, nowhere),
            "Columns": lambda x: on(lambda y: np.asarray(float(y.shape[-1])), x, nowhere),
            "OfMatrix": lambda x, y: on(lambda z: z, x, y),
            "Orthogonalized": lambda x, added: on(lambda y: _orthogonalized(y, added), x, nowhere),
            "OrthogonalizedInHalf": lambda x: on(_orthogonalized_in_half, x, nowhere),
            "Max": lambda *x: reduce(np.maximum, x),
            "Min": lambda *x: reduce(np.minimum, x),
            "sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
            "sign": np.sign,
            "Abs": np.abs,
            "exp": np.exp,
        }


class _Printer(NumPyPrinter):
    """NumPy's printer, but for what it would do to arrays of one shape only."""

    def _print_Max(self, expression: Any) -> str:
        return f"Max({', '.join(map(self._print, expression.args))})"

    def _print_Min(self, expression: Any) -> str:
        return f"Min({', '.join(map(self._print, expression.args))})"

    def _print_And(self, expression: Any) -> str:
        return " & ".join(f"({self._print(each)})" for each in expression.args)


_compiled: dict[tuple[Candidate, Probe], tuple[Callable[..., Any], Callable[..., Any]]] = {}


def functions(candidate: Candidate, probe: Probe) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the candidate's step, `(displacement, *states)`, and its first states."""
    if (candidate, probe) not in _compiled:
        modules = [Tensorwise(probe).functions(), "numpy"]
        arguments = (theta, g, t, *candidate.state, *candidate.hyperparameters)
        step = (candidate.next_parameter - theta, *candidate.next_state)
        printer = _Printer({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
        _compiled[candidate, probe] = (
            lambdify(arguments, step, modules=modules, printer=printer, cse=True),
            lambdify((theta, *candidate.hyperparameters), candidate.initial, modules=modules),
        )
    return _compiled[candidate, probe]


class Run:
    """A candidate at work; hyperparameters are numbers, or arrays `(choices, 1)` for many choices at once."""

    def __init__(self, candidate: Candidate, hyperparameters: Mapping[str, Any], changed: bool, probe: Probe) -> None:
        self.step, begin = functions(candidate, probe)
        self.given = {name: np.asarray(value, float) for name, value in hyperparameters.items()}
        self.names = [symbol.name for symbol in candidate.hyperparameters]
        self.changed = changed
        self.shape = np.broadcast_shapes(self.given["lr"].shape, START.shape)
        self.states = [np.asarray(each, float) for each in begin(START, *(self.given[name] for name in self.names))]

    def arrive(self, k: int) -> None:
        """Step k, counted from 0, is next."""
        if self.changed and k == HALVED:
            self.given["lr"] = self.given["lr"] / 2

    def update(self, k: int, value: Array, coupled: bool) -> Array:
        """Return by how much step k moves what stands at `value`, without a decay that is not coupled."""
        gradient = ROWS[k] + self.given["weight_decay"] * value if coupled else ROWS[k]
        values = (self.given[name] for name in self.names)
        moved, *self.states = self.step(value, gradient, np.float64(k + 1), *self.states, *values)
        return moved if moved.shape == self.shape else np.broadcast_to(moved, self.shape)

    def share(self, how: str, k: int) -> Any:
        """The share of the parameter that decay takes at step k."""
        given = self.given
        rate = 1.0 if how == "without-lr" else given["lr"]
        moved = np.sqrt(1 - given["beta2"] ** (k + 1)) / (1 - given["beta1"] ** (k + 1)) if how == "moved" else 1.0
        return rate * moved * given["weight_decay"]


def updates(
    candidate: Candidate, hyperparameters: Mapping[str, Any], coupled: bool, changed: bool, probe: Probe, points: Array
) -> Array:
    """Return what each step adds, taken from these points, shape `(..., steps, entries)`."""
    run = Run(candidate, hyperparameters, changed, probe)
    made = []
    with np.errstate(all="ignore"):
        for k, point in enumerate(points):
            run.arrive(k)
            made.append(run.update(k, point, coupled))
    return np.stack(made, axis=-2)


def path(candidate: Candidate, hyperparameters: Mapping[str, float], how: str, changed: bool, probe: Probe) -> Array:
    """Return where a candidate leads with decay entering as `how` says, step by step, shape `(steps, entries)`."""
    run = Run(candidate, hyperparameters, changed, probe)
    value, told = START, []
    with np.errstate(all="ignore"):
        for k in range(len(ROWS)):
            run.arrive(k)
            kept = 1.0 if how in ("", "coupled") else 1 - run.share(how, k)
            moved = run.update(k, value * kept if how == "before" else value, how == "coupled")
            value = (value + moved) * kept if how == "after" else value * kept + moved
            told.append(value)
    return np.array(told)
