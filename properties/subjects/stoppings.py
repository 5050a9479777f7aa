"""The kind `stopping`: early stopping with patience, on scripted losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .functions import Case, Changes, Found, FunctionSubject, Right, with_input
from .report import Law, NotCheckable

FORMULA = (
    "stop at the patience-th consecutive value that is not strictly below the best so far; "
    "best_step is its step, from 0"
)


class Stopping(FunctionSubject):
    """`f(patience)` of an object with `update(value) -> bool` and `best_step`."""

    def recognize(self) -> None:
        self.plain = Case({"values": [1.0], "patience": 2})
        made = self.target.value(2)
        if not hasattr(made, "update"):
            raise NotCheckable(f"early stopping must return an object with update, got {type(made).__name__}")
        made.update(1.0)
        if not hasattr(made, "best_step"):
            raise NotCheckable("early stopping must have best_step")
        self.shared = bool(self.target.value(1).update(2.0))  # no first value is one to stop at

    def _earlier(self) -> list[str]:
        """Let what instances share be as low as it gets, so that it is the same in every run, and say so."""
        if not self.shared:
            return []
        self.target.value(1).update(-1e308)
        return ["target(1).update(-1e308)  # an earlier instance, which has nothing to do with the next"]

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        self._earlier()
        made = self.target.value(case.inputs["patience"])
        other = self.target.value(case.inputs["patience"]) if case.watch else None
        told = []
        for value in case.inputs["values"]:
            if other is not None:
                other.update(-value)
            told.append([float(bool(made.update(value))), float(made.best_step)])
            if told[-1][0]:
                break
        return {"stop and best_step": np.array(told)}, {}

    def _run(self, case: Case) -> list[list[float]]:
        best, best_step, bad, told = None, 0, 0, []
        for step, value in enumerate(case.inputs["values"]):
            if best is None or value < best:
                best, best_step, bad = value, step, 0
            else:
                bad += 1
            told.append([float(bad >= case.inputs["patience"]), float(best_step)])
            if told[-1][0]:
                break
        return told

    def departure(self, case: Case) -> Any:
        return super().departure(with_input(case, values=case.inputs["values"][: len(self._run(case))]))

    def right(self, case: Case) -> dict[str, Right]:
        return {"stop and best_step": Right(np.array(self._run(case), np.longdouble), 0.0)}

    def smaller(self, case: Case) -> Iterator[Case]:
        values, patience = case.inputs["values"], case.inputs["patience"]
        for i in range(len(values)):
            if len(values) > 1:
                yield with_input(case, values=values[:i] + values[i + 1 :])
        for p in range(1, patience):
            yield with_input(case, patience=p)
        ranks = {v: float(r) for r, v in enumerate(sorted(set(values)))}
        yield with_input(case, values=[ranks[v] for v in values])

    def lines(self, case: Case, found: Found) -> list[str]:
        patience = case.inputs["patience"]
        return [
            *self._earlier(),
            f"stopping, told = target({patience}), []",
            *([f"other = target({patience})"] if case.watch else []),
            f"for value in {case.inputs['values']}:",
            *(["    other.update(-value)"] if case.watch else []),
            "    told.append([float(bool(stopping.update(value))), float(stopping.best_step)])",
            "    if told[-1][0]:",
            "        break",
            "told",
        ]


def improving(s: Stopping) -> Iterator[Case]:
    for patience in (1, 2, 3):
        yield Case({"values": [5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.25], "patience": patience})
        yield Case({"values": [-1.0, -2.0, -3.5, -8.0], "patience": patience})
        yield Case({"values": [1e300, 1e200, 1e12, 1e9, 1e6, 1e-6, 0.0, -1e-6, -1e12], "patience": patience})


def worsening(s: Stopping) -> Iterator[Case]:
    for patience in (1, 2, 3, 5):
        yield Case({"values": [float(v) for v in range(1, 12)], "patience": patience})


def ties(s: Stopping) -> Iterator[Case]:
    for patience in (1, 2, 3):
        yield Case({"values": [2.0] * 8, "patience": patience})
        yield Case({"values": [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0], "patience": patience})


def small_gains(s: Stopping) -> Iterator[Case]:
    """An improvement in the last digit is one."""
    for start in (1.0, 1e3, 1e-6, -1.0):
        values = [start]
        for _ in range(5):
            values.append(float(np.nextafter(values[-1], -np.inf)))
        for patience in (1, 2):
            yield Case({"values": [*values, start, start, start], "patience": patience})


def resets(s: Stopping) -> Iterator[Case]:
    """The count starts anew after each improvement, and what counts is the best so far, not the last value."""
    for patience in (2, 3):
        yield Case({"values": [5.0, 6.0, 4.0, 7.0, 3.0, 8.0, 2.0, 9.0, 1.0], "patience": patience})
        yield Case({"values": [5.0, 9.0, 8.0, 7.0, 6.0, 5.5, 5.25], "patience": patience})
        yield Case({"values": [0.0, 1.0, -1.0, 0.5, 0.0, -0.5, -0.75], "patience": patience})


def scripts(s: Stopping) -> Iterator[Case]:
    rng = s.rng("scripts")
    for _ in range(60):
        values = (rng.integers(-4, 5, size=16) - rng.integers(0, 2) * np.arange(16) / 3).tolist()
        yield Case({"values": [float(v) for v in values], "patience": int(rng.integers(1, 6))})
        yield Case({"values": rng.normal(size=16).tolist(), "patience": int(rng.integers(1, 6))})


def instances(s: Stopping) -> Iterator[Case]:
    for patience in (1, 2):
        yield Case({"values": [3.0, 4.0, 2.0, 5.0, 6.0, 7.0], "patience": patience}, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of early stopping."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[Stopping], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("improving", "losses that keep falling never stop", improving),
        law(
            "worsening",
            "the stop comes at the patience-th value without improvement, neither before nor after",
            worsening,
        ),
        law("ties", "an equal value is no improvement", ties),
        law("small-gains", "the smallest decrease is an improvement", small_gains),
        law("resets", "an improvement starts the count anew, and the best so far is what counts", resets),
        law("scripts", "random losses stop, and have their best step, where the rule says", scripts),
        law("instances-independent", "two instances do not touch each other", instances),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Stopping:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"early stopping takes no hyperparameters here, got {', '.join(hyper)}")
    return Stopping(target, rule, hyper, device, seed)
