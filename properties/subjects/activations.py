"""The kind `activation`: a function on tensors and its derivative under any upstream gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import mpmath
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
    exactly,
    listed,
    refusal,
    rounded,
    simpler_numbers,
    wide,
    with_input,
)
from .report import Law, NotCheckable
from .targets import signature

RULES = ("sigmoid", "tanh", "relu", "absolute-value", "leaky-relu", "elu", "softplus", "softmax")
FORMULAS = {
    "sigmoid": "1 / (1 + exp(-x))",
    "tanh": "tanh x",
    "relu": "max(x, 0)",
    "absolute-value": "|x|",
    "leaky-relu": "x where x > 0, 0.01 x elsewhere",
    "elu": "x where x > 0, exp(x) - 1 elsewhere",
    "softplus": "log(1 + exp(x))",
    "softmax": "exp(x_i) / sum_j exp(x_j) over the last axis",
}
CONSTANTS: Mapping[str, tuple[str, float]] = {"leaky-relu": ("negative_slope", 0.01), "elu": ("alpha", 1.0)}
#: torch's softplus turns linear at 20, as documented
LINEAR_FROM = 20.0


def _logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _sech2(x: Any) -> Any:
    return 1 / mpmath.cosh(x) ** 2 if abs(x) < 5000 else mpmath.mpf(0)


#: rule -> value and derivative (with the constant), at 50 digits; at a kink the derivative from the left
EXACT: Mapping[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sigmoid": (lambda x, c: _logistic(x), lambda x, c: _logistic(x) * _logistic(-x)),
    "tanh": (lambda x, c: mpmath.tanh(x), lambda x, c: _sech2(x)),
    "relu": (lambda x, c: max(x, 0), lambda x, c: mpmath.mpf(x > 0)),
    "absolute-value": (lambda x, c: abs(x), lambda x, c: mpmath.mpf(1 if x > 0 else -1)),
    "leaky-relu": (lambda x, c: x if x > 0 else c * x, lambda x, c: mpmath.mpf(1) if x > 0 else c),
    "elu": (
        lambda x, c: x if x > 0 else c * mpmath.expm1(x),
        lambda x, c: mpmath.mpf(1) if x > 0 else c * mpmath.exp(x),
    ),
    "softplus": (lambda x, c: max(x, 0) + mpmath.log1p(mpmath.exp(-abs(x))), lambda x, c: _logistic(x)),
}
KINKED = ("relu", "absolute-value", "leaky-relu")


class Activation(FunctionSubject):
    """A function of a torch tensor, or an `nn.Module` class of one."""

    def recognize(self) -> None:
        import torch

        value = self.target.value
        name, default = CONSTANTS.get(self.rule, ("", 1.0))
        self.constant = float(self.hyper.get(name, default)) if name else 1.0
        unknown = [each for each in self.hyper if each != name]
        if unknown:
            raise NotCheckable(f"{self.rule} takes {name or 'no hyperparameters'}, got {', '.join(unknown)}")
        takes = signature(value)
        given: dict[str, Any] = {name: self.constant} if name and name in takes.names else {}
        self.plain = Case({"x": np.array([[0.5, -1.0]])})
        probe = self.tensor(self.plain.inputs["x"], self.plain)
        if self.rule == "softmax" and ("dim" in takes.names or (not takes.names and _takes_dim(value, probe))):
            given["dim"] = -1
        if inspect.isclass(value):
            self.made = value(**given)
        else:
            self.made = (lambda x: value(x, **given)) if given else value
        self.given = given
        answer = self.made(probe)
        if not isinstance(answer, torch.Tensor):
            raise NotCheckable(f"an activation must return a tensor for a tensor, got {type(answer).__name__}")

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        import torch

        leaf = self.tensor(case.inputs["x"], case, differentiable=True)
        given = leaf.clone()  # in-place functions would otherwise refuse a leaf and never be seen to change it
        answer = self.made(given)
        value: Any = answer.detach().cpu().numpy().copy()
        found: dict[str, Any] = {"value": value}
        if value.shape == case.inputs["x"].shape:
            up = torch.tensor(
                np.broadcast_to(case.upstream, value.shape).copy(), dtype=answer.dtype, device=self.device
            )
            if answer.requires_grad:
                answer.backward(up)
                found["gradient"] = None if leaf.grad is None else leaf.grad.detach().cpu().numpy()
            else:
                found["gradient"] = refusal(lambda: answer.backward(up))
        if str(answer.dtype) != f"torch.{case.dtype}":
            found["value"] = str(answer.dtype)
        return found, changes([("x", case.inputs["x"], given.detach().cpu().numpy())], case.dtype)

    def right(self, case: Case) -> dict[str, Right]:
        x = rounded(case.inputs["x"], case.dtype)
        upstream = np.broadcast_to(np.asarray(case.upstream, WIDE), x.shape)
        unit, tiny = UNITS[case.dtype], float(np.finfo(case.dtype).tiny)
        if x.size == 0:
            return {"value": Right(x.astype(WIDE), 0.0), "gradient": Right(x.astype(WIDE), 0.0)}
        if self.rule == "softmax":
            value, slope = _softmax(x, upstream)
            size = 1 + float(np.max(np.abs(x)))
            top = float(np.max(np.abs(upstream)))
            return {"value": Right(value, 32 * unit * size), "gradient": Right(slope, 64 * unit * size * top + tiny)}
        f, df = EXACT[self.rule]
        c = mpmath.mpf(self.constant)
        value, slope = exactly(lambda v: f(v, c), x), exactly(lambda v: df(v, c), x)
        other_value, other_slope = value, slope
        if self.rule in KINKED:
            other_slope = np.where(x == 0, WIDE(1), slope)
        if self.rule == "softplus":
            other_value = np.where(x > LINEAR_FROM, x.astype(WIDE), value)
            other_slope = np.where(x > LINEAR_FROM, WIDE(1), slope)
        # those that saturate are differences of numbers of order one, however small the result
        top = max(float(np.max(np.abs(value))), 0.0 if self.rule in KINKED else 1.0)
        # a derivative is a difference of numbers of order one (1 - tanh^2), so its error is measured against one
        steep = max(float(np.max(np.abs(slope))), 1.0) * max(float(np.max(np.abs(upstream))), tiny)
        return {
            "value": Right(value, 32 * unit * top + tiny, other_value),
            "gradient": Right(slope * upstream, 64 * unit * steep + tiny, other_slope * upstream),
        }

    def smaller(self, case: Case) -> Iterator[Case]:
        x = case.inputs["x"]
        up = np.broadcast_to(np.asarray(case.upstream, float), x.shape)
        yield replace(case, upstream=1.0)
        if case.transposed:
            yield replace(case, transposed=False)
        if self.rule != "softmax":
            flat, flat_up = x.ravel(), up.ravel()
            if x.ndim > 1:
                yield replace(with_input(case, x=flat), upstream=flat_up)
            elif x.size > 1:
                for i in range(min(x.size, 60)):
                    yield replace(with_input(case, x=flat[i : i + 1]), upstream=flat_up[i : i + 1])
        elif x.ndim > 1:
            for i in range(min(len(x), 6)):
                yield replace(with_input(case, x=x[i]), upstream=up[i])
                yield replace(with_input(case, x=x[i : i + 1]), upstream=up[i : i + 1])
        elif x.size > 2:
            yield replace(with_input(case, x=x[:2]), upstream=up[:2])
        for tried in simpler_numbers(x):
            yield with_input(case, x=tried)
        for tried in simpler_numbers(np.array(up)):
            yield replace(case, upstream=tried)

    def lines(self, case: Case, found: Found) -> list[str]:
        x, given = case.inputs["x"], ", ".join(f"{k}={v!r}" for k, v in self.given.items())
        made = (
            f"target({given})(copy)"
            if inspect.isclass(self.target.value)
            else f"target(copy{', ' * bool(given)}{given})"
        )
        lines = [
            "import torch",
            f"x = {self.tensor_source(x, case, differentiable=True)}",
            "copy = x.clone()",
            f"y = {made}",
        ]
        if found.name != "gradient":
            return [*lines, listed("y" if found.name == "value" else "copy", found)]
        up = np.broadcast_to(np.asarray(case.upstream, float), x.shape)
        told = "torch.ones_like(y)" if (up == 1).all() else f"y.new_tensor({up.tolist()})"
        return [*lines, f"y.backward({told})", listed("x.grad", found)]


def _takes_dim(value: Callable[..., Any], probe: Any) -> bool:
    """Whether a function that hides its signature, as torch's own do, takes `dim`."""
    try:
        value(probe, dim=-1)
    except TypeError:
        return False
    return True


def _softmax(x: Array, upstream: Array) -> tuple[Array, Array]:
    values, slopes = np.empty(x.shape, WIDE), np.empty(x.shape, WIDE)
    rows, ups = x.reshape(-1, x.shape[-1]), upstream.reshape(-1, x.shape[-1])
    with mpmath.workdps(50):
        for i, (row, up) in enumerate(zip(rows, ups, strict=True)):
            z = [mpmath.mpf(float(v)) for v in row]
            weights = [mpmath.exp(v - max(z)) for v in z]
            p = [w / mpmath.fsum(weights) for w in weights]
            g = [mpmath.mpf(float(v)) for v in up]
            mean = mpmath.fdot(zip(p, g, strict=True))
            values.reshape(-1, x.shape[-1])[i] = [wide(v) for v in p]
            slopes.reshape(-1, x.shape[-1])[i] = [wide(v * (h - mean)) for v, h in zip(p, g, strict=True)]
    return values, slopes


def grid(s: Activation) -> Iterator[Case]:
    rng = s.rng("grid")
    for scale in (0.5, 3.0, 8.0):
        x = np.sort(rng.uniform(-scale, scale, size=16))
        yield Case({"x": x}, upstream=rng.normal(size=16))
        yield Case({"x": np.round(x * 4) / 4}, upstream=rng.normal(size=16))


def shapes(s: Activation) -> Iterator[Case]:
    rng = s.rng("shapes")
    for shape in (
        (3,),
        (1,),
        (2, 3),
        (3, 2),
        (2, 1),
        (2, 3, 4),
        (0, 3),
        *([(), (0,)] if s.rule != "softmax" else []),
    ):
        yield Case({"x": np.asarray(2 * rng.normal(size=shape))}, upstream=np.asarray(rng.normal(size=shape)))
    yield Case({"x": 2 * rng.normal(size=(3, 4))}, upstream=rng.normal(size=(3, 4)), transposed=True)


def kinks(s: Activation) -> Iterator[Case]:
    rng = s.rng("kinks")
    x = np.array([0.0, 1e-300, -1e-300, 1e-8, -1e-8, 1e-4, -1e-4, 1.0, -1.0])
    yield Case({"x": x}, upstream=rng.normal(size=9))
    yield Case({"x": np.zeros(3)}, upstream=np.array([1.0, -2.0, 0.5]))


def large(s: Activation) -> Iterator[Case]:
    rng = s.rng("large")
    for scale in (18.0, 22.0, 40.0, 100.0, 400.0, 800.0, 1e3, 1e4):
        for sign in (1, -1):
            x = sign * scale * rng.uniform(0.9, 1.0, size=4)
            yield Case({"x": x}, upstream=rng.normal(size=4))
        yield Case({"x": scale * np.array([1.0, -1.0, 0.5, 0.0])}, upstream=rng.normal(size=4))


def upstream(s: Activation) -> Iterator[Case]:
    rng = s.rng("upstream")
    x = 2 * rng.normal(size=(2, 4))
    for up in (np.zeros((2, 4)), np.ones((2, 4)), -3 * np.ones((2, 4)), 1024 * rng.normal(size=(2, 4)), np.eye(2, 4)):
        yield Case({"x": x}, upstream=up)


def single_precision(s: Activation) -> Iterator[Case]:
    rng = s.rng("float32")
    for scale in (2.0, 10.0, 60.0, 150.0):
        x = rounded(scale * rng.normal(size=(2, 5)), "float32")
        yield Case({"x": x}, upstream=rounded(rng.normal(size=(2, 5)), "float32"), dtype="float32")


def half_precision(s: Activation) -> Iterator[Case]:
    """Ordinary arguments, and larger ones whose exponential is beyond the largest half, 65504.

    A softplus is spared these: from which argument on it turns linear is its own affair, and suits double precision.
    """
    rng = s.rng("float16")
    for scale, shift in ((2.0, 0.0), (1.0, -20.0), *([(1.0, 20.0)] if s.rule != "softplus" else [])):
        x = rounded(scale * rng.normal(size=(2, 5)) + shift, "float16")
        yield Case({"x": x}, upstream=rounded(rng.normal(size=(2, 5)), "float16"), dtype="float16")


def entries(s: Activation) -> Iterator[Case]:
    """Permuted and repeated entries: each output depends on its own input (softmax: on its own row)."""
    rng = s.rng("entries")
    x = 2 * rng.normal(size=(3, 4))
    yield Case({"x": x[[2, 0, 1]]}, upstream=rng.normal(size=(3, 4)))
    yield Case({"x": np.repeat(x[:1], 3, axis=0)}, upstream=rng.normal(size=(3, 4)))
    yield Case({"x": x + 100.0}, upstream=rng.normal(size=(3, 4)))


def repeated(s: Activation) -> Iterator[Case]:
    yield Case({"x": 2 * s.rng("repeated").normal(size=(2, 3))}, watch=True)


class Tail(Activation):
    """The same target, judged relative to each value."""

    def right(self, case: Case) -> dict[str, Right]:
        value = super().right(case)["value"]
        return {"value": Right(value.value, 1e-3 * np.abs(value.value))}


def tails(s: Activation) -> Any:
    """log(1 + exp(x)) must not be rounded to 0 where exp(x) is small."""
    judge = Tail(s.target, s.rule, s.hyper, s.device, s.seed)
    return judge.violation(Case({"x": np.array([x])}) for x in (-5.0, -30.0, -37.0, -40.0, -100.0, -600.0))


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of an activation."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, cases: Callable[[Activation], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("value-and-derivative", "value and derivative are the formula's on a grid of ordinary arguments", grid),
        law("shapes", "tensors of every rank, empty and transposed ones follow the formula", shapes),
        law("kinks", "at and beside 0 the value is exact and the derivative a subgradient", kinks),
        law("large-arguments", "arguments up to 1e4 give finite, right values and derivatives", large),
        law("upstream-gradient", "the gradient is the derivative times what is propagated into it", upstream),
        law("entries", "each output depends on its own input alone (softmax: its own row)", entries),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("pure", "the argument is left alone and the same call gives the same answer", repeated),
        *((Law("tails", "a small value keeps its relative accuracy", theorem, tails),) if rule == "softplus" else ()),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULAS[rule]


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Activation:
    """Return the target as a subject of this kind."""
    return Activation(target, rule, hyper, device, seed)
