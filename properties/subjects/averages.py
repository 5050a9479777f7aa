"""The kind `averaging`: the arithmetic mean of weights, or of the probabilities of an ensemble's members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

RULES = ("weight-average", "ensemble-mean")
FORMULA = "(a_1 + ... + a_m) / m, entry by entry"


class Averaging(FunctionSubject):
    """`f(list of arrays) -> array`."""

    def recognize(self) -> None:
        self.plain = Case({"members": [np.array([0.25, 0.75]), np.array([0.5, 0.5])]})
        answer = self.target.value(list(self.plain.inputs["members"]))
        if not hasattr(answer, "__array__"):
            raise NotCheckable(f"averaging must return an array, got {type(answer).__name__}")

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        given = [self.array(a, case) for a in case.inputs["members"]]
        answer = np.array(self.target.value(given))
        pairs = enumerate(zip(case.inputs["members"], given, strict=True))
        return {"mean": answer}, changes(((f"members[{i}]", a, now) for i, (a, now) in pairs), case.dtype)

    def right(self, case: Case) -> dict[str, Right]:
        members = [rounded(a, case.dtype).astype(WIDE) for a in case.inputs["members"]]
        size = sum(float(np.max(np.abs(a), initial=0)) for a in members)
        bound = (8 + len(members)) * UNITS[case.dtype] * size + float(np.finfo(case.dtype).tiny)
        return {"mean": Right(np.asarray(sum(members[1:], members[0]) / len(members), WIDE), bound)}

    def smaller(self, case: Case) -> Iterator[Case]:
        members = case.inputs["members"]
        for i in range(len(members)):
            if len(members) > 1:
                yield with_input(case, members=members[:i] + members[i + 1 :])
        if members[0].ndim > 1:
            yield with_input(case, members=[a.ravel() for a in members])
        elif members[0].size > 1 and self.rule == "weight-average":
            for i in range(members[0].size):
                yield with_input(case, members=[a[i : i + 1] for a in members])
        if self.rule == "weight-average":
            for i, a in enumerate(members):
                for tried in simpler_numbers(a):
                    yield with_input(case, members=[*members[:i], tried, *members[i + 1 :]])

    def lines(self, case: Case, found: Found) -> list[str]:
        members = ", ".join(self.array_source(a, case) for a in case.inputs["members"])
        return [
            "import numpy as np",
            f"members = [{members}]",
            "mean = target(members)",
            listed(f"np.asarray({found.name})", found),
        ]


def members(s: Averaging, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> list[Array]:
    """Return random weights, or rows of probabilities."""
    if s.rule == "weight-average":
        return [np.asarray(rng.normal(size=shape)) for _ in range(count)]
    return [rng.dirichlet(np.full(shape[-1], 0.6), size=shape[:-1]) for _ in range(count)]


def counts(s: Averaging) -> Iterator[Case]:
    rng = s.rng("counts")
    for count in (1, 2, 3, 4, 5, 7, 12, 40):
        yield Case({"members": members(s, rng, count, (3, 4))})


def shapes(s: Averaging) -> Iterator[Case]:
    rng = s.rng("shapes")
    for shape in ((3,), (2, 2), (1, 3), (3, 1) if s.rule == "weight-average" else (3, 2), (2, 3, 4)):
        yield Case({"members": members(s, rng, 3, shape)})
    yield Case({"members": members(s, rng, 3, (0, 4))}, refusable=True)
    yield Case({"members": members(s, rng, 3, (3, 4))}, transposed=True)


def extremes(s: Averaging) -> Iterator[Case]:
    rng = s.rng("extremes")
    if s.rule == "weight-average":
        yield Case({"members": [np.array([1e3, -1e3, 0.0]), np.array([-1e3, 1e3, 0.0]), np.array([1.0, 1.0, 0.0])]})
        yield Case({"members": [scale * rng.normal(size=4) for scale in (1e-6, 1.0, 1e3, 1e4)]})
        yield Case({"members": [np.zeros(3), np.zeros(3)]})
    else:
        yield Case({"members": [np.eye(3), np.eye(3), np.eye(3)[::-1].copy()]})
        yield Case({"members": [np.full((2, 4), 0.25), *members(s, rng, 2, (2, 4))]})
    one, other = members(s, rng, 2, (3, 3))
    yield Case({"members": [one.copy() for _ in range(5)]})
    yield Case({"members": [one, other, one.copy()]})


def orders(s: Averaging) -> Iterator[Case]:
    rng = s.rng("orders")
    several = members(s, rng, 4, (2, 3))
    yield Case({"members": several})
    yield Case({"members": several[::-1]})
    yield Case({"members": [several[i] for i in (2, 0, 3, 1)]})


def single_precision(s: Averaging) -> Iterator[Case]:
    rng = s.rng("float32")
    yield Case({"members": [rounded(a, "float32") for a in members(s, rng, 5, (3, 4))]}, dtype="float32")


def half_precision(s: Averaging) -> Iterator[Case]:
    rng = s.rng("float16")
    yield Case({"members": [rounded(a, "float16") for a in members(s, rng, 5, (3, 4))]}, dtype="float16")


def repeated(s: Averaging) -> Iterator[Case]:
    rng = s.rng("repeated")
    for count in (1, 3):
        yield Case({"members": members(s, rng, count, (2, 3))}, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of an average."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[Averaging], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("counts", "any number of members is averaged with equal weights", counts),
        law("shapes", "arrays of every rank are averaged entry by entry", shapes),
        law("extremes", "cancelling, unequal, certain and identical members have their mean", extremes),
        law("orders", "the order of the members does not matter", orders),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Averaging:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"averaging takes no hyperparameters, got {', '.join(hyper)}")
    return Averaging(target, rule, hyper, device, seed)
