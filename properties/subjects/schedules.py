"""The kind `schedule`: the rate at each step, as a function of t or as a torch scheduler."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np

from . import optimizers
from .functions import UNITS, WIDE, Case, Changes, Found, FunctionSubject, Right, wide, with_input
from .report import Law, NotCheckable
from .targets import signature

RULES = ("constant", "linear", "step", "exponential", "inverse-time", "triangular", "cosine")
FORMULAS = {
    "constant": "lr",
    "linear": "lr (start_factor + (end_factor - start_factor) min(t, total_iters) / total_iters)",
    "step": "lr gamma^floor(t / step_size)",
    "exponential": "lr gamma^t",
    "inverse-time": "lr / (1 + gamma t)",
    "triangular": "base_lr + (max_lr - base_lr) (1 - |1 - (t mod 2 step_size_up) / step_size_up|)",
    "cosine": "eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / 2",
}
#: rule -> settings away from neutral, each used in turn
SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "constant": ({"lr": 0.3}, {"lr": 2.0}, {"lr": 1e-4}),
    "linear": (
        {"lr": 0.3, "start_factor": 0.25, "end_factor": 1.0, "total_iters": 6},
        {"lr": 2.0, "start_factor": 1.0, "end_factor": 0.125, "total_iters": 9},
        {"lr": 0.05, "start_factor": 0.5, "end_factor": 0.75, "total_iters": 1},
        {"lr": 1.5, "start_factor": 0.9, "end_factor": 0.2, "total_iters": 17},
    ),
    "step": (
        {"lr": 0.3, "step_size": 4, "gamma": 0.5},
        {"lr": 2.0, "step_size": 3, "gamma": 0.3},
        {"lr": 0.7, "step_size": 1, "gamma": 0.9},
        {"lr": 0.01, "step_size": 11, "gamma": 1.25},
    ),
    "exponential": ({"lr": 0.3, "gamma": 0.9}, {"lr": 2.0, "gamma": 0.5}, {"lr": 0.05, "gamma": 1.0625}),
    "inverse-time": ({"lr": 0.3, "gamma": 0.5}, {"lr": 2.0, "gamma": 0.03}, {"lr": 0.05, "gamma": 3.0}),
    "triangular": (
        {"base_lr": 0.1, "max_lr": 0.7, "step_size_up": 5},
        {"base_lr": 0.02, "max_lr": 2.0, "step_size_up": 3},
        {"base_lr": 0.5, "max_lr": 0.625, "step_size_up": 8},
    ),
    "cosine": (
        {"lr": 0.3, "T_max": 7, "eta_min": 0.05},
        {"lr": 2.0, "T_max": 10, "eta_min": 0.0},
        {"lr": 0.5, "T_max": 3, "eta_min": 0.125},
    ),
}
ALIASES = {"lr": ("lr", "learning_rate", "initial_lr", "base_lr")}


def rate(rule: str, h: Mapping[str, Any], t: int) -> Any:
    """Return the rate at step t, at 50 digits."""
    h = {name: mpmath.mpf(value) for name, value in h.items()}
    if rule == "constant":
        return h["lr"]
    if rule == "linear":
        return h["lr"] * (
            h["start_factor"] + (h["end_factor"] - h["start_factor"]) * min(t, h["total_iters"]) / h["total_iters"]
        )
    if rule == "step":
        return h["lr"] * h["gamma"] ** int(t // int(h["step_size"]))
    if rule == "exponential":
        return h["lr"] * h["gamma"] ** t
    if rule == "inverse-time":
        return h["lr"] / (1 + h["gamma"] * t)
    if rule == "triangular":
        up = h["step_size_up"]
        return h["base_lr"] + (h["max_lr"] - h["base_lr"]) * (1 - abs(1 - mpmath.fmod(t, 2 * up) / up))
    return h["eta_min"] + (h["lr"] - h["eta_min"]) * (1 + mpmath.cospi(mpmath.mpf(t) / h["T_max"])) / 2


class Schedule(FunctionSubject):
    """A factory of `t -> rate`, or of a torch scheduler on an optimizer."""

    def recognize(self) -> None:
        self.takes = signature(self.target.value)
        names = SETTINGS[self.rule][0]
        self.form = "torch" if self._wants_optimizer(names) else "function"
        for name in names:
            if name not in self.hyper and self._name(name) is None and not (self.form == "torch" and name == "lr"):
                raise NotCheckable(
                    f"{self.rule} requires {name}, and the target takes no such parameter; "
                    f"give the value that it has fixed inside with --set {name}=..."
                )
        for name in self.hyper:
            if name not in names and name not in self.takes.names and not self.takes.open:
                raise NotCheckable(f"the target must take what is set, it takes no parameter {name!r}")
        self.plain = Case({"hyper": self.settings()[0], "steps": [0, 1, 2]})
        self.call(self.plain)

    def _wants_optimizer(self, names: Mapping[str, Any]) -> bool:
        if inspect.isclass(self.target.value) and any(c.__name__ == "LRScheduler" for c in self.target.value.__mro__):
            return True
        known = {*names, *ALIASES["lr"], *self.hyper}
        return any(name not in known for name in self.takes.demanded)

    def _name(self, name: str) -> str | None:
        if name in self.takes.names or self.takes.open:
            return name
        return next((other for other in ALIASES.get(name, ()) if other in self.takes.names), None)

    def settings(self) -> list[dict[str, Any]]:
        """The hyperparameters tried, with what is set in place of what would be chosen."""
        own = {name: value for name, value in self.hyper.items() if name in SETTINGS[self.rule][0]}
        return [{**each, **own} for each in SETTINGS[self.rule]]

    def _arguments(self, hyper: Mapping[str, Any]) -> dict[str, Any]:
        given = {**hyper, **{n: v for n, v in self.hyper.items() if n not in hyper}}
        if self.form == "torch" and "lr" not in self.takes.names:
            given.pop("lr", None)
        return {self._name(name) or name: value for name, value in given.items() if self._name(name)}

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        hyper, steps = case.inputs["hyper"], case.inputs["steps"]
        if self.form == "torch":
            told = self._run(hyper, max(steps), case.inputs.get("restore", -1))[np.array(steps)]
            return {"rates": told[:, 0], "rates of a second group": told[:, 1]}, {}
        made = self.target.value(**self._arguments(hyper))
        if not callable(made):
            raise NotCheckable(
                f"a schedule must return a callable of t or a torch scheduler, got {type(made).__name__}"
            )
        return {"rates": np.array([float(made(t)) for t in steps])}, {}

    def _made(self, hyper: Mapping[str, Any]) -> tuple[Any, Any]:
        import torch

        first = hyper.get("lr", hyper.get("base_lr"))
        parameters = [torch.zeros(1, requires_grad=True) for _ in range(2)]
        groups = [{"params": [parameters[0]]}, {"params": [parameters[1]], "lr": first * self.second}]
        optimizer = torch.optim.SGD(groups, lr=first, momentum=0.9)
        scheduler = self.target.value(optimizer, **self._arguments(hyper))
        if not hasattr(scheduler, "step"):
            raise NotCheckable(
                f"a schedule must return a callable of t or a torch scheduler, got {type(scheduler).__name__}"
            )
        return optimizer, scheduler

    @property
    def second(self) -> float:
        """The second group's rate relative to the first; a triangular wave is the same for every group."""
        return 1.0 if self.rule == "triangular" else 0.25

    def _run(self, hyper: Mapping[str, Any], last: int, restore: int) -> Any:
        optimizer, scheduler = self._made(hyper)
        told = [self._told(optimizer)]
        for t in range(1, last + 1):
            optimizer.step()
            scheduler.step()
            if t == restore:
                saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
                optimizer, scheduler = self._made(hyper)
                optimizer.load_state_dict(saved[0])
                scheduler.load_state_dict(saved[1])
            told.append(self._told(optimizer))
        return np.array(told)

    def _told(self, optimizer: Any) -> list[float]:
        return [float(group["lr"]) for group in optimizer.param_groups]

    def right(self, case: Case) -> dict[str, Right]:
        hyper, steps = case.inputs["hyper"], case.inputs["steps"]
        found = {"rates": self._rates(hyper, steps)}
        if self.form == "torch":
            own = {"lr": hyper["lr"] * self.second} if "lr" in hyper else {}
            found["rates of a second group"] = self._rates({**hyper, **own}, steps)
        return found

    def _rates(self, hyper: Mapping[str, Any], steps: list[int]) -> Right:
        with mpmath.workdps(50):
            rates = np.array([wide(rate(self.rule, hyper, t)) for t in steps], WIDE)
        # torch multiplies the last rate on, one rounding a step
        top = max(float(np.max(np.abs(rates))), float(hyper.get("lr", 0)))
        return Right(rates, (64 + 8 * max(steps)) * UNITS["float64"] * top)

    def smaller(self, case: Case) -> Iterator[Case]:
        steps = case.inputs["steps"]
        if len(steps) > 1:
            for t in sorted(set(steps)):
                yield with_input(case, steps=[t])
        for i in range(len(steps)):
            if len(steps) > 1:
                yield with_input(case, steps=steps[:i] + steps[i + 1 :])
        if "restore" in case.inputs:
            yield replace(case, inputs={k: v for k, v in case.inputs.items() if k != "restore"})

    def lines(self, case: Case, found: Found) -> list[str]:
        hyper, steps = case.inputs["hyper"], case.inputs["steps"]
        given = "".join(f", {name}={value!r}" for name, value in self._arguments(hyper).items())
        if self.form == "function":
            return [f"rate = target({given[2:]})", f"[float(rate(t)) for t in {steps}]"]
        first, group = hyper.get("lr", hyper.get("base_lr")), int(found.name != "rates")
        restore = [
            f"    if t == {case.inputs.get('restore')}:",
            "        saved = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))",
            "        optimizer, schedule = made()",
            "        optimizer.load_state_dict(saved[0]); schedule.load_state_dict(saved[1])",
        ]
        return [
            "import copy, torch",
            "def made():",
            f"    groups = [{{'params': [torch.zeros(1, requires_grad=True)], 'lr': lr}} for lr in "
            f"[{first}, {first * self.second}]]",
            f"    optimizer = torch.optim.SGD(groups, lr={first}, momentum=0.9)",
            f"    return optimizer, target(optimizer{given})",
            "optimizer, schedule = made()",
            f"rates = [optimizer.param_groups[{group}]['lr']]",
            f"for t in range(1, {max(steps) + 1}):",
            "    optimizer.step(); schedule.step()",
            *(restore if "restore" in case.inputs else []),
            f"    rates.append(optimizer.param_groups[{group}]['lr'])",
            f"[float(rates[t]) for t in {steps}]",
        ]


def values(s: Schedule) -> Iterator[Case]:
    for hyper in s.settings():
        yield Case({"hyper": hyper, "steps": list(range(40))})


def first(s: Schedule) -> Iterator[Case]:
    for hyper in s.settings():
        yield Case({"hyper": hyper, "steps": [0]})
        yield Case({"hyper": hyper, "steps": [0, 1]})


def far(s: Schedule) -> Iterator[Case]:
    for hyper in s.settings():
        yield Case({"hyper": hyper, "steps": [*range(95, 131), 257, 300]})
        # past the thousandth step, where the hyperparameters are tame: a growing rate leaves the range of its bound
        if hyper.get("gamma", 0) <= 1:
            yield Case({"hyper": hyper, "steps": [999, 1000, 1234]})


def turning_points(s: Schedule) -> Iterator[Case]:
    for hyper in s.settings():
        period = int(next((hyper[n] for n in ("total_iters", "step_size", "step_size_up", "T_max") if n in hyper), 5))
        yield Case(
            {"hyper": hyper, "steps": sorted({max(0, k * period + d) for k in (1, 2, 3, 4) for d in (-1, 0, 1)})}
        )


def any_order(s: Schedule) -> Iterator[Case]:
    """A function may be asked in any order and twice; a scheduler is saved and restored on its way."""
    rng = s.rng("any-order")
    for hyper in s.settings():
        if s.form == "function":
            yield Case({"hyper": hyper, "steps": [*rng.permutation(20).tolist(), 3, 3, 0, 19]})
        else:
            for restore in (1, 5, 12):
                yield Case({"hyper": hyper, "steps": list(range(20)), "restore": restore})


def random_settings(s: Schedule) -> Iterator[Case]:
    rng = s.rng("random-settings")
    for _ in range(6):
        hyper = dict(s.settings()[int(rng.integers(len(s.settings())))])
        for name in hyper:
            if name in s.hyper:
                continue
            if name in ("total_iters", "step_size", "step_size_up", "T_max"):
                hyper[name] = int(rng.integers(2, 14))
            else:
                hyper[name] = float(hyper[name] * rng.uniform(0.6, 1.0))
        if "base_lr" in hyper and "max_lr" not in s.hyper:
            hyper["max_lr"] = hyper["base_lr"] * float(rng.uniform(1.5, 9))
        yield Case({"hyper": hyper, "steps": list(range(30))})


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of a schedule."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, cases: Callable[[Schedule], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("first-rates", "the rates at steps 0 and 1 are the formula's", first),
        law("values", "the rates of the first 40 steps are the formula's", values),
        law("turning-points", "the rates at and beside the end of each period are the formula's", turning_points),
        law("far", "the rates around step 100 and beyond are the formula's", far),
        law("any-order", "a rate depends on its step alone: asked in any order, or saved and restored", any_order),
        law("random-settings", "the formula holds for other settings", random_settings),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULAS[rule]


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Schedule:
    """Return the target as a subject of this kind."""
    return Schedule(target, rule, hyper, device, seed)


def warm() -> None:
    """Import what the optimizer imports that a torch schedule sits on."""
    optimizers.warm()
