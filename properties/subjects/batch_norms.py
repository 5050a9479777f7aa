"""The kind `batch-norm`: outputs, gradients and tracked statistics over a script of training and evaluation batches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .functions import (
    UNITS,
    WIDE,
    Array,
    Case,
    Changes,
    Found,
    FunctionSubject,
    Right,
    changes,
    listed,
    rounded,
    simpler_numbers,
    with_input,
)
from .report import Law, NotCheckable
from .targets import signature

FORMULA = (
    "train: y = w (x - mean) / sqrt(var + eps) + b with the biased var of the batch; "
    "running <- (1 - m) running + m batch, with the unbiased var; eval: the running statistics in their place"
)
Step = tuple[str, Array, Array]


class BatchNorm(FunctionSubject):
    """`f(num_features)` returning an `nn.Module` as torch's `BatchNorm1d`."""

    def recognize(self) -> None:
        import torch

        takes = signature(self.target.value)
        self.accepts = [name for name in ("eps", "momentum") if name in takes.names]
        made = self.target.value(3, **self.hyper)
        if not isinstance(made, torch.nn.Module):
            raise NotCheckable(f"batch normalization must be an nn.Module, got {type(made).__name__}")
        missing = [name for name in ("running_mean", "running_var", "eps", "momentum") if not hasattr(made, name)]
        if missing:
            raise NotCheckable(f"batch normalization must have {', '.join(missing)}")
        x = np.array([[1.0, 2.0, 3.0], [2.0, 0.0, 5.0]])
        own = {"weight": np.ones(3), "bias": np.zeros(3), "hyper": {}}
        self.plain = Case({"steps": [("train", x, np.ones((2, 3)))], **own})
        made.double()(self.tensor(x, self.plain))

    def _made(self, case: Case) -> Any:
        import torch

        hyper = {n: v for n, v in case.inputs["hyper"].items() if n in self.accepts} | dict(self.hyper)
        features = case.inputs["steps"][0][1].shape[1]
        made = self.target.value(features, **hyper).to(device=self.device, dtype=getattr(torch, case.dtype))
        with torch.no_grad():
            for name, values in (("weight", case.inputs["weight"]), ("bias", case.inputs["bias"])):
                held = getattr(made, name, None)
                if held is not None:
                    held.copy_(torch.tensor(values[:features], dtype=held.dtype))
        return made

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        import torch

        made, found, changed = self._made(case), {}, {}
        for i, (mode, data, up) in enumerate(case.inputs["steps"]):
            if mode == "restore":
                saved = {k: v.detach().clone() for k, v in made.state_dict().items()}
                made = self._made(case)
                made.load_state_dict(saved)
                continue
            made.train(mode == "train")
            made.zero_grad()
            x = self.tensor(data, case, differentiable=True)
            y = made(x)
            found[f"y{i}"] = y.detach().cpu().numpy()
            y.backward(torch.tensor(up, dtype=y.dtype, device=self.device))
            found[f"dx{i}"] = None if x.grad is None else x.grad.detach().cpu().numpy()
            for name in ("weight", "bias"):
                held = getattr(made, name, None)
                if isinstance(held, torch.nn.Parameter):
                    found[f"d{name}{i}"] = None if held.grad is None else held.grad.detach().cpu().numpy().copy()
            for name in ("running_mean", "running_var"):
                found[f"{name}{i}"] = getattr(made, name).detach().cpu().numpy().copy()
            changed |= changes([(f"x{i}", data, x.detach().cpu().numpy())], case.dtype)
        return found, changed

    def right(self, case: Case) -> dict[str, Right]:
        import torch

        made = self._made(case)
        features = case.inputs["steps"][0][1].shape[1]
        affine = isinstance(getattr(made, "weight", None), torch.nn.Parameter)
        weight = (
            rounded(case.inputs["weight"][:features], case.dtype).astype(WIDE) if affine else np.ones(features, WIDE)
        )
        bias = rounded(case.inputs["bias"][:features], case.dtype).astype(WIDE) if affine else np.zeros(features, WIDE)
        eps, m, unit = WIDE(float(made.eps)), WIDE(float(made.momentum)), UNITS[case.dtype]
        mean, var = np.zeros(features, WIDE), np.ones(features, WIDE)
        found: dict[str, Right] = {}
        drift = np.zeros(features, WIDE)  # how far the tracked variance may be off
        for i, (mode, data, up) in enumerate(case.inputs["steps"]):
            if mode == "restore":
                continue
            x, g = rounded(data, case.dtype).astype(WIDE), rounded(up, case.dtype).astype(WIDE)
            n = len(x)
            if mode == "train":
                at, spread = x.mean(axis=0), x.var(axis=0)
                mean = (1 - m) * mean + m * at
                var = (1 - m) * var + m * spread * n / (n - 1)
            else:
                at, spread = mean, var
            root = np.sqrt(spread + eps)
            hat = (x - at) / root
            slope = weight / root * g
            if mode == "train":
                slope = weight / root * (g - g.mean(axis=0) - hat * (g * hat).mean(axis=0))
            size = np.max(np.abs(x), axis=0) + np.abs(at)
            # a relative error of `unit` in x moves x - mean by `unit * size`, and the variance accordingly
            wobble = (16 + 4 * n) * unit * size / root + drift / (spread + eps)
            top, reach = np.abs(weight) * (1 + np.max(np.abs(hat), axis=0)), 1 + np.max(np.abs(hat), axis=0)
            bound = float(np.max(wobble * reach * top + 32 * unit * (top + np.abs(bias))))
            steep = float(
                np.max(
                    np.abs(weight) / root * (np.max(np.abs(g), axis=0)) * (1 + reach**2) * (wobble + (32 + n) * unit)
                )
            )
            total = float(np.max(np.sum(np.abs(g), axis=0) * reach * (wobble + (32 + n) * unit)))
            drift = (1 - m) * drift + (32 + 4 * n) * unit * (size**2 * unit + size * np.sqrt(spread) + spread) * (
                mode == "train"
            )
            found |= {
                f"y{i}": Right(hat * weight + bias, bound),
                f"dx{i}": Right(slope, steep),
                f"running_mean{i}": Right(mean, (32 + n) * unit * float(np.max(size) + np.max(np.abs(mean)))),
                f"running_var{i}": Right(var, float(np.max(drift)) + 64 * unit * float(np.max(var))),
            }
            if affine:
                found[f"dweight{i}"] = Right((g * hat).sum(axis=0), total)
                found[f"dbias{i}"] = Right(g.sum(axis=0), (16 + n) * unit * float(np.max(np.sum(np.abs(g), axis=0))))
        return found

    def smaller(self, case: Case) -> Iterator[Case]:
        steps: list[Step] = case.inputs["steps"]
        for i in range(len(steps)):
            if len(steps) > 1:
                yield with_input(case, steps=steps[:i] + steps[i + 1 :])
        if steps[0][1].shape[1] > 1:
            for j in range(steps[0][1].shape[1]):
                yield with_input(
                    case, steps=[(mode, x[:, j : j + 1], up[:, j : j + 1]) for mode, x, up in steps],
                    weight=case.inputs["weight"][j : j + 1], bias=case.inputs["bias"][j : j + 1],
                )  # fmt: skip
        for i, (mode, x, up) in enumerate(steps):
            options = [(x[:2], up[:2]), (x[:1], up[:1])] if len(x) > 2 else []
            options += [(tried, up) for tried in simpler_numbers(x)] + [(x, tried) for tried in simpler_numbers(up)]
            for a, b in options:
                if mode != "train" or len(a) > 1:
                    yield with_input(case, steps=[*steps[:i], (mode, a, b), *steps[i + 1 :]])
        for weight, bias in ((np.ones_like(case.inputs["weight"]), np.zeros_like(case.inputs["bias"])),):
            yield with_input(case, weight=weight, bias=bias)
        if case.transposed:
            yield replace(case, transposed=False)

    def lines(self, case: Case, found: Found) -> list[str]:
        hyper = {n: v for n, v in case.inputs["hyper"].items() if n in self.accepts} | dict(self.hyper)
        given = "".join(f", {name}={value!r}" for name, value in hyper.items())
        features, steps = case.inputs["steps"][0][1].shape[1], case.inputs["steps"]
        name, last = re.fullmatch(r"(\D+)(\d+)", found.name).groups()
        made, place = self._made(case), "" if self.device == "cpu" else f", device={self.device!r}"
        making = [
            f"bn = target({features}{given}).to(dtype=torch.{case.dtype}{place})",
            *(
                f"bn.{each}.data.copy_({self.tensor_source(case.inputs[each][:features], case)})"
                for each in ("weight", "bias")
                if getattr(made, each, None) is not None
            ),
        ]
        lines = ["import torch", *making]
        for mode, x, up in steps[: int(last) + 1]:
            if mode == "restore":
                lines += ["saved = bn.state_dict()", *making, "bn.load_state_dict(saved)"]
                continue
            lines += [
                f"x = {self.tensor_source(x, case, differentiable=True)}",
                f"bn.train({mode == 'train'}).zero_grad()",
                "y = bn(x)",
                f"y.backward(y.new_tensor({up.tolist()}))",
            ]
        if name == "y":
            lines = lines[:-1]
        shown = {"dx": "x.grad", "dweight": "bn.weight.grad", "dbias": "bn.bias.grad", "x": "x", "y": "y"}
        return [*lines, listed(shown.get(name, f"bn.{name}"), found)]


def script(
    s: BatchNorm, law: str, modes: str, n: int, features: int, scale: Any = 1.0, shift: Any = 0.0, **more: Any
) -> Case:
    """Return a script of batches: `t` trains, `e` evaluates, `r` saves and restores."""
    rng = s.rng(f"{law}{modes}{n}{features}{scale}")
    steps = []
    for mode in modes:
        rows = n if mode == "t" else max(1, n - 1)
        x = scale * rng.normal(size=(rows, features)) + shift
        steps.append(({"t": "train", "e": "eval", "r": "restore"}[mode], x, rng.normal(size=(rows, features))))
    hyper = {"momentum": 0.3, "eps": 1e-3} if n % 2 else {}
    inputs = {
        "steps": steps,
        "weight": rng.uniform(0.5, 2, size=features) * rng.choice([-1, 1], size=features),
        "bias": rng.normal(size=features),
        "hyper": hyper,
    }
    return Case(inputs, **more)


def training(s: BatchNorm) -> Iterator[Case]:
    for n, features in ((4, 3), (2, 1), (5, 2), (8, 5), (3, 3), (33, 2)):
        yield script(s, "training", "t", n, features)


def tracked(s: BatchNorm) -> Iterator[Case]:
    for n, features in ((4, 3), (3, 2), (2, 2), (64, 2)):
        yield script(s, "tracked", "tttt", n, features, shift=1.5)


def evaluation(s: BatchNorm) -> Iterator[Case]:
    for n, features in ((4, 3), (3, 2), (2, 1)):
        yield script(s, "evaluation", "e", n, features)
        yield script(s, "evaluation", "ttetee", n, features, scale=2.0, shift=1.0)


def small_variance(s: BatchNorm) -> Iterator[Case]:
    for scale in (1e-2, 3e-3, 1e-3, 1e-4, 0.0):
        yield script(s, "small-variance", "tte", 4, 3, scale=scale)
        yield script(s, "small-variance", "te", 5, 2, scale=scale, shift=0.5 if scale else 1.0)


def offset(s: BatchNorm) -> Iterator[Case]:
    for shift, scale in ((100.0, 1.0), (1e3, 1.0), (1e3, 0.01), (-1e3, 0.1)):
        yield script(s, "offset", "tte", 6, 3, scale=scale, shift=shift)


def features_apart(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "features-apart", "tte", 6, 3, scale=np.array([1e-2, 1.0, 300.0]), shift=np.array([5.0, 0.0, -1e2]))


def restored(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "restored", "ttrtre", 4, 3, shift=1.0)


def single_precision(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "float32", "tte", 5, 3, shift=0.5, dtype="float32")


def half_precision(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "float16", "tte", 5, 3, shift=0.5, dtype="float16")


def memory(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "layout", "te", 4, 3, transposed=True)


def repeated(s: BatchNorm) -> Iterator[Case]:
    yield script(s, "repeated", "tet", 4, 2, watch=True)


def lone_row(s: BatchNorm) -> Any:
    """A batch of one in training has no variance: it raises, or leaves every statistic finite."""
    import torch

    from .report import Violation

    made = s.target.value(2, **s.hyper).double()
    made.train()
    try:
        made(torch.tensor([[1.0, -2.0]], dtype=torch.float64))
    except Exception:
        return None
    given = "".join(f", {name}={value!r}" for name, value in s.hyper.items())
    for name in ("running_mean", "running_var"):
        held = getattr(made, name).tolist()
        if not np.isfinite(held).all():
            lines = [
                s.target.source,
                "import torch",
                f"bn = target(2{given}).double().train()",
                "bn(torch.tensor([[1.0, -2.0]], dtype=torch.float64))",
                f"print(bn.{name}.tolist())",
                f"# expected {name}: {(right := 'finite numbers, or an error')}",
            ]
            return Violation({"x": [[1.0, -2.0]]}, right, held, "\n".join(lines), f"{name} became infinite")
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of batch normalization."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[BatchNorm], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("training", "in training the output and all gradients are the formula's", training),
        law("tracked", "running statistics follow the formula, with the unbiased variance", tracked),
        law(
            "evaluation",
            "evaluation uses the running statistics, changes nothing, and has its own gradient",
            evaluation,
        ),
        law(
            "small-variance", "features with a variance near or below eps, or none, follow the formula", small_variance
        ),
        law("offset", "a mean far from 0 costs no more accuracy than it must", offset),
        law("features-apart", "each feature is normalized by itself", features_apart),
        Law("lone-row", "a batch of one in training raises or leaves the statistics finite", theorem, lone_row),
        law("restored-state", "a saved and restored module goes on as if nothing had happened", restored),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("layout", "a transposed batch is read as what it is", memory),
        law("pure", "the input is left alone and a new module gives the same answers", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> BatchNorm:
    """Return the target as a subject of this kind."""
    return BatchNorm(target, rule, hyper, device, seed)
