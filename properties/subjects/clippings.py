"""The kind `clipping`: gradients scaled down together when their common norm is too large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backproof.derivations.update_rules import nearest, split_name

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

FORMULA = "g <- min(1, c / ||g||) g with ||g|| over all tensors together; zero stays zero"


def _epsilon(rule: str) -> float:
    _, conventions = split_name(rule)
    for key, value in conventions.items():
        if (key, value) != ("eps", "1e-6"):
            raise NotCheckable(
                f"convention must be one of clip-global-norm's, got {key}={value}; {nearest(key, ['eps=1e-6'])}"
            )
    return 1e-6 if conventions else 0.0


class Clipping(FunctionSubject):
    """`f(grads, max_norm) -> grads` over lists of torch tensors."""

    def recognize(self) -> None:
        self.eps = _epsilon(self.rule)
        self.plain = Case({"grads": [np.array([3.0, 4.0])], "max_norm": 1.0})
        answer, _ = self._answer(self.plain)
        if not isinstance(answer, list | tuple) or not all(hasattr(each, "detach") for each in answer):
            raise NotCheckable(f"clipping must return the list of clipped tensors, got {type(answer).__name__}")

    def _answer(self, case: Case) -> tuple[Any, list[Any]]:
        given = [self.tensor(g, case) for g in case.inputs["grads"]]
        return self.target.value(given, case.inputs["max_norm"]), given

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        answer, given = self._answer(case)
        found: dict[str, Any] = {f"clipped[{i}]": each.detach().cpu().numpy() for i, each in enumerate(answer)}
        pairs = enumerate(zip(case.inputs["grads"], given, strict=True))
        changed = changes(((f"grads[{i}]", g, now.cpu().numpy()) for i, (g, now) in pairs), case.dtype)
        return {"number of tensors": len(answer), **found}, changed

    def right(self, case: Case) -> dict[str, Right]:
        grads = [rounded(g, case.dtype).astype(WIDE) for g in case.inputs["grads"]]
        norm = np.sqrt(sum((np.sum(g * g) for g in grads), WIDE(0)))
        factor = min(WIDE(1), WIDE(case.inputs["max_norm"]) / (norm + WIDE(self.eps))) if norm > 0 else WIDE(1)
        unit, size = UNITS[case.dtype], sum(g.size for g in grads)
        tiny = float(np.finfo(case.dtype).tiny)
        return {
            "number of tensors": Right(np.asarray(len(grads), WIDE), 0.0),
            **{
                f"clipped[{i}]": Right(
                    g * factor, (16 + size) * unit * float(factor * np.max(np.abs(g), initial=0)) + tiny
                )
                for i, g in enumerate(grads)
            },
        }

    def smaller(self, case: Case) -> Iterator[Case]:
        grads = case.inputs["grads"]
        if len(grads) > 1:
            for i in range(len(grads)):
                yield with_input(case, grads=[grads[i]])
            for i in range(len(grads)):
                yield with_input(case, grads=grads[:i] + grads[i + 1 :])
        for i, g in enumerate(grads):
            options: list[Array] = [g.ravel()[:1], *simpler_numbers(g)] if g.ndim == 1 and g.size > 1 else [
                *([g.ravel()] if g.ndim > 1 else []), *simpler_numbers(g)]  # fmt: skip
            for tried in options:
                yield with_input(case, grads=[*grads[:i], tried, *grads[i + 1 :]])
        for c in (1.0, 2.0, 0.5):
            yield with_input(case, max_norm=c)

    def lines(self, case: Case, found: Found) -> list[str]:
        grads = ", ".join(self.tensor_source(g, case) for g in case.inputs["grads"])
        return [
            "import torch",
            f"grads = [{grads}]",
            f"clipped = target(grads, {case.inputs['max_norm']})",
            "len(clipped)" if found.name == "number of tensors" else listed(found.name, found),
        ]


def lists(rng: np.random.Generator, scale: float = 1.0) -> list[Array]:
    return [np.asarray(scale * rng.normal(size=shape)) for shape in ((2, 3), (2, 3), (4,), (), (1, 2, 2))]


def clipped(s: Clipping) -> Iterator[Case]:
    rng = s.rng("clipped")
    for scale in (1.0, 10.0, 300.0):
        for c in (1.0, 0.25, 2.5):
            yield Case({"grads": lists(rng, scale), "max_norm": c})
    yield Case({"grads": [np.array([3.0, 4.0])], "max_norm": 1.0})
    yield Case({"grads": [np.array([3.0]), np.array([4.0])], "max_norm": 2.0})
    yield Case({"grads": [rng.normal(size=(3, 2))], "max_norm": 0.25}, transposed=True)


def left_alone(s: Clipping) -> Iterator[Case]:
    rng = s.rng("left-alone")
    for scale, c in ((0.1, 1.0), (0.01, 0.5), (1.0, 100.0), (1e-6, 1.0), (2.0, 1e3)):
        yield Case({"grads": lists(rng, scale), "max_norm": c})


def boundary(s: Clipping) -> Iterator[Case]:
    for c in (5.0, 4.0, 6.0, 4.999, 5.001):
        yield Case({"grads": [np.array([3.0]), np.array([[4.0]])], "max_norm": c})


def zeros(s: Clipping) -> Iterator[Case]:
    yield Case({"grads": [np.zeros(3)], "max_norm": 1.0})
    yield Case({"grads": [np.zeros(2), np.zeros((2, 2)), np.zeros(())], "max_norm": 0.5})
    yield Case({"grads": [np.zeros(2), np.array([6.0, 8.0])], "max_norm": 1.0})


def uneven(s: Clipping) -> Iterator[Case]:
    rng = s.rng("uneven")
    for i in range(3):
        grads = lists(rng, 0.01)
        grads[i] = 1e3 * np.ones_like(grads[i])
        yield Case({"grads": grads, "max_norm": 1.5})
    yield Case({"grads": [np.full(9, 2.0)], "max_norm": 3.0})
    yield Case({"grads": [np.full(3, 2.0)] * 3, "max_norm": 3.0})
    yield Case({"grads": [np.array([3.0]), np.zeros((0, 2)), np.array([4.0])], "max_norm": 2.0})
    yield Case({"grads": [np.array([-7.0])], "max_norm": 2.0})


def tiny(s: Clipping) -> Iterator[Case]:
    rng = s.rng("tiny")
    for scale in (1e-5, 1e-8, 1e-12):
        yield Case({"grads": lists(rng, scale), "max_norm": scale / 4})


def single_precision(s: Clipping) -> Iterator[Case]:
    rng = s.rng("float32")
    for scale in (3.0, 0.05):
        yield Case({"grads": [rounded(g, "float32") for g in lists(rng, scale)], "max_norm": 1.0}, dtype="float32")


def half_precision(s: Clipping) -> Iterator[Case]:
    rng = s.rng("float16")
    for scale in (3.0, 0.05):
        yield Case({"grads": [rounded(g, "float16") for g in lists(rng, scale)], "max_norm": 1.0}, dtype="float16")


def repeated(s: Clipping) -> Iterator[Case]:
    rng = s.rng("repeated")
    yield Case({"grads": lists(rng, 3.0), "max_norm": 1.0}, watch=True)
    yield Case({"grads": lists(rng, 0.01), "max_norm": 1.0}, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of clipping."""
    _epsilon(rule)
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[Clipping], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("clipped", "gradients above the bound are scaled to it together, direction kept", clipped),
        law("left-alone", "gradients below the bound are unchanged", left_alone),
        law("boundary", "at, just below and just above the bound the factor is min(1, c / norm)", boundary),
        law("zeros", "zero gradients stay zero", zeros),
        law("uneven", "one norm over all tensors decides, whichever tensor is large", uneven),
        law("tiny", "norms and bounds far below one follow the formula", tiny),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Clipping:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"clipping takes no hyperparameters here, got {', '.join(hyper)}")
    return Clipping(target, rule, hyper, device, seed)
