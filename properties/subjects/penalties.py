"""The kind `penalty`: strength times the sum of magnitudes or squares of the weights, and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .functions import (
    UNITS,
    WIDE,
    Case,
    Changes,
    Found,
    FunctionSubject,
    Right,
    changes,
    listed,
    refusal,
    rounded,
    simpler_numbers,
    with_input,
)
from .report import Law, NotCheckable

RULES = ("l1-penalty", "l2-penalty")
FORMULAS = {
    "l1-penalty": "strength * sum |w|; gradient strength * sign(w), 0 at 0",
    "l2-penalty": "strength * sum w^2; gradient 2 strength w",
}


class Penalty(FunctionSubject):
    """A penalty: a scalar tensor for a torch tensor, or `(value, gradient)` for a NumPy array."""

    def recognize(self) -> None:
        self.plain = Case({"weights": np.array([1.0, -2.0]), "strength": 0.5})
        said = []
        for form in ("torch", "numpy"):
            self.form = form
            try:
                answer = self._answer(self.plain)[0]
            except Exception as error:
                said.append(f"{form}: {type(error).__name__}: {error}")
                continue
            if (form == "torch" and hasattr(answer, "backward")) or (
                form == "numpy" and isinstance(answer, tuple) and len(answer) == 2
            ):
                return
            said.append(f"{form}: got {type(answer).__name__}")
        raise NotCheckable("a penalty must return a scalar tensor or (value, gradient); " + "; ".join(said))

    def _answer(self, case: Case) -> tuple[Any, Any]:
        weights = case.inputs["weights"]
        if self.form == "torch":
            given: Any = self.tensor(weights, case, differentiable=True)
        else:
            given = self.array(weights, case)
        return self.target.value(given, case.inputs["strength"]), given

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        answer, given = self._answer(case)
        if self.form == "torch":
            value: Any = answer.detach().cpu().numpy()
            gradient: Any = None if answer.requires_grad else refusal(answer.backward)
            if answer.requires_grad and not answer.ndim:
                (answer * case.upstream).backward()
                gradient = None if given.grad is None else given.grad.detach().cpu().numpy()
            given = given.detach().cpu().numpy()
        else:
            value, gradient = answer
            gradient = None if gradient is None else np.asarray(gradient) * case.upstream
        changed = changes([("weights", case.inputs["weights"], given)], case.dtype)
        return {"value": value, "gradient": gradient}, changed

    def right(self, case: Case) -> dict[str, Right]:
        w, strength = rounded(case.inputs["weights"], case.dtype).astype(WIDE), WIDE(case.inputs["strength"])
        terms, slope = (np.abs(w), np.sign(w)) if self.rule == "l1-penalty" else (w * w, 2 * w)
        value, gradient = strength * np.sum(terms), strength * slope * WIDE(case.upstream)
        unit, tiny = UNITS[case.dtype], float(np.finfo(case.dtype).tiny)
        return {
            "value": Right(np.asarray(value, WIDE), (16 + w.size) * unit * float(abs(value)) + tiny),
            "gradient": Right(gradient, 16 * unit * float(np.max(np.abs(gradient), initial=0)) + tiny),
        }

    def smaller(self, case: Case) -> Iterator[Case]:
        weights = case.inputs["weights"]
        if case.upstream != 1.0:
            yield replace(case, upstream=1.0)
        if weights.ndim > 1:
            yield with_input(case, weights=weights.ravel())
        if weights.ndim == 1 and weights.size > 1:
            for keep in [*([i] for i in range(min(weights.size, 8))), [0, 1]]:
                yield with_input(case, weights=weights[keep])
        for tried in simpler_numbers(weights):
            yield with_input(case, weights=tried)
        for strength in (1.0, 0.5, 2.0):
            yield with_input(case, strength=strength)

    def lines(self, case: Case, found: Found) -> list[str]:
        weights, call = case.inputs["weights"], f"target(weights, {case.inputs['strength']})"
        up = "" if case.upstream == 1.0 or found.observed is None else f" * {case.upstream}"
        if self.form == "numpy":
            shown = f"({found.name}{up})" if up and found.name == "gradient" else found.name
            return [
                "import numpy as np",
                f"weights = {self.array_source(weights, case)}",
                f"value, gradient = {call}",
                listed(f"np.asarray({shown})", found),
            ]
        lines = [
            "import torch",
            f"weights = {self.tensor_source(weights, case, differentiable=True)}",
            f"value = {call}",
        ]
        if found.name == "gradient":
            return [*lines, f"(value{up}).backward()" if up else "value.backward()", listed("weights.grad", found)]
        return [*lines, listed(found.name, found)]


def ordinary(s: Penalty) -> Iterator[Case]:
    rng = s.rng("ordinary")
    for shape, strength in (
        ((1,), 1.0),
        ((5,), 0.3),
        ((2, 3), 0.01),
        ((3, 3), 2.5),
        ((2, 2, 3), 0.7),
        ((3, 2, 2, 2), 0.7),
        ((), 1.5),
        ((0, 3), 0.7),
    ):
        yield Case({"weights": np.asarray(rng.normal(size=shape)), "strength": strength})
    yield Case({"weights": rng.normal(size=(3, 2)), "strength": 0.7}, transposed=True)


def magnitudes(s: Penalty) -> Iterator[Case]:
    rng = s.rng("magnitudes")
    for scale in (1e-8, 1e-3, 30.0, 1e3, 1e4):
        yield Case({"weights": scale * rng.normal(size=4), "strength": 0.3})
    for strength in (0.0, 1e-6, 50.0):
        yield Case({"weights": rng.normal(size=4), "strength": strength})


def zeros(s: Penalty) -> Iterator[Case]:
    for w in ([0.0], [0.0, 0.0, 0.0], [0.0, 1.0, -2.0], [-1.0, 0.0, 0.0]):
        for strength in (1.0, 0.25):
            yield Case({"weights": np.array(w), "strength": strength})


def signs(s: Penalty) -> Iterator[Case]:
    for w in ([1.0], [-1.0], [-0.5, 0.5], [-3.0, -0.25], [2.0, 3.0]):
        yield Case({"weights": np.array(w), "strength": 0.75})


def upstream(s: Penalty) -> Iterator[Case]:
    rng = s.rng("upstream")
    for factor in (0.0, -2.0, 0.125, 1024.0):
        yield Case({"weights": rng.normal(size=3), "strength": 0.5}, upstream=factor)


def single_precision(s: Penalty) -> Iterator[Case]:
    rng = s.rng("float32")
    yield Case({"weights": rounded(rng.normal(size=(3, 4)), "float32"), "strength": 0.5}, dtype="float32")


def half_precision(s: Penalty) -> Iterator[Case]:
    rng = s.rng("float16")
    yield Case({"weights": rounded(rng.normal(size=(2, 3)), "float16"), "strength": 0.5}, dtype="float16")


def repeated(s: Penalty) -> Iterator[Case]:
    yield Case({"weights": s.rng("repeated").normal(size=4), "strength": 0.5}, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of a penalty."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, cases: Callable[[Penalty], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("value-and-gradient", "value and gradient are the formula's on tensors of any shape", ordinary),
        law("magnitudes", "weights from 1e-8 to 1e4 and any strength follow the formula", magnitudes),
        law("zeros", "exact zeros are finite and add nothing: the gradient is an odd function", zeros),
        law("signs", "positive and negative weights are treated alike", signs),
        law("upstream-gradient", "the gradient is proportional to what is propagated into it", upstream),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULAS[rule]


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Penalty:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"a penalty takes no hyperparameters, got {', '.join(hyper)}")
    return Penalty(target, rule, hyper, device, seed)
