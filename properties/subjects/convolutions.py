"""The kind `convolution`: cross-correlation with stride 1 and no padding, and its two gradients."""

from __future__ import annotations

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
    refusal,
    rounded,
    simpler_numbers,
    with_input,
)
from .report import Law, NotCheckable

FORMULA = "y[n, o, i, j] = sum over c, a, b of x[n, c, i + a, j + b] w[o, c, a, b]"


class Convolution(FunctionSubject):
    """`f(x, w)` on torch tensors `(N, C, H, W)` and `(O, C, kh, kw)`."""

    def recognize(self) -> None:
        image = np.ones((1, 1, 2, 2))
        self.plain = Case({"x": image, "w": np.ones((1, 1, 1, 1))}, upstream=image)
        answer, _ = self._answer(self.plain)
        if not hasattr(answer, "detach"):
            raise NotCheckable(f"a convolution must return a tensor, got {type(answer).__name__}")

    def _answer(self, case: Case) -> tuple[Any, tuple[Any, Any]]:
        given = tuple(self._input(case.inputs[name], case) for name in ("x", "w"))
        return self.target.value(*given), given  # type: ignore[return-value]

    def _input(self, array: Array, case: Case) -> Any:
        made = self.tensor(array, replace(case, transposed=False))
        if case.transposed:  # the memory of a (H, W) transposed image
            made = made.transpose(2, 3).contiguous().transpose(2, 3)
        return made.requires_grad_()

    def _input_source(self, array: Array, case: Case) -> str:
        made = self.tensor_source(array, replace(case, transposed=False))
        if case.transposed:
            made += ".transpose(2, 3).contiguous().transpose(2, 3)"
        return made + ".requires_grad_()"

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        import torch

        answer, (x, w) = self._answer(case)
        found: dict[str, Any] = {"y": answer.detach().cpu().numpy()}
        shape = found["y"].shape
        if shape == np.shape(case.upstream):
            up = torch.tensor(np.asarray(case.upstream), dtype=answer.dtype, device=self.device)
            if answer.requires_grad:
                answer.backward(up)
                for name, leaf in (("dx", x), ("dw", w)):
                    found[name] = None if leaf.grad is None else leaf.grad.detach().cpu().numpy()
            else:
                found |= dict.fromkeys(("dx", "dw"), refusal(lambda: answer.backward(up)))
        given = ((name, case.inputs[name], now.detach().cpu().numpy()) for name, now in (("x", x), ("w", w)))
        return found, changes(given, case.dtype)

    def right(self, case: Case) -> dict[str, Right]:
        x, w = (rounded(case.inputs[name], case.dtype).astype(WIDE) for name in ("x", "w"))
        up = rounded(np.asarray(case.upstream), case.dtype).astype(WIDE)
        unit, terms = UNITS[case.dtype], w[0].size + up[:1, :1].size * len(x) + len(w)
        values = correlation(x, w, up)
        sizes = correlation(np.abs(x), np.abs(w), np.abs(up))
        return {
            name: Right(value, (16 + terms) * unit * float(np.max(size, initial=0)) + float(np.finfo(case.dtype).tiny))
            for name, value, size in zip(("y", "dx", "dw"), values, sizes, strict=True)
        }

    def smaller(self, case: Case) -> Iterator[Case]:
        x, w, up = case.inputs["x"], case.inputs["w"], np.asarray(case.upstream)
        if len(x) > 1:
            yield replace(with_input(case, x=x[:1]), upstream=up[:1])
        if len(w) > 1:
            yield replace(with_input(case, w=w[:1]), upstream=up[:, :1])
        if x.shape[1] > 1:
            yield with_input(case, x=x[:, :1], w=w[:, :1])
        if up.shape[2] > 1:
            yield replace(with_input(case, x=x[:, :, : w.shape[2]]), upstream=up[:, :, :1])
        if up.shape[3] > 1:
            yield replace(with_input(case, x=x[:, :, :, : w.shape[3]]), upstream=up[:, :, :, :1])
        for axis in (2, 3):
            if w.shape[axis] > 1:
                cut = [slice(None)] * 4
                cut[axis] = slice(0, -1)
                yield with_input(case, x=x[tuple(cut)], w=w[tuple(cut)])
        for tried in simpler_numbers(x):
            yield with_input(case, x=tried)
        for tried in simpler_numbers(w):
            yield with_input(case, w=tried)
        for tried in simpler_numbers(up):
            yield replace(case, upstream=tried)

    def lines(self, case: Case, found: Found) -> list[str]:
        lines = [
            "import torch",
            f"x = {self._input_source(case.inputs['x'], case)}",
            f"w = {self._input_source(case.inputs['w'], case)}",
            "y = target(x, w)",
        ]
        if found.name not in ("dx", "dw"):
            return [*lines, listed(found.name, found)]
        up = np.asarray(case.upstream)
        told = "torch.ones_like(y)" if (up == 1).all() else f"y.new_tensor({up.tolist()})"
        return [*lines, f"y.backward({told})", listed(f"{found.name[1]}.grad", found)]


def correlation(x: Array, w: Array, up: Array) -> tuple[Array, Array, Array]:
    """Return the cross-correlation and its gradients with respect to both arguments."""
    (_, _, kh, kw), (rows, columns) = w.shape, up.shape[2:]
    y, dx, dw = np.zeros(up.shape, WIDE), np.zeros(x.shape, WIDE), np.zeros(w.shape, WIDE)
    for a in range(kh):
        for b in range(kw):
            patch = x[:, :, a : a + rows, b : b + columns]
            y += np.einsum("nchw,oc->nohw", patch, w[:, :, a, b])
            dx[:, :, a : a + rows, b : b + columns] += np.einsum("nohw,oc->nchw", up, w[:, :, a, b])
            dw[:, :, a, b] = np.einsum("nohw,nchw->oc", up, patch)
    return y, dx, dw


def case(rng: np.random.Generator, n: int, c: int, o: int, h: int, w: int, kh: int, kw: int, **more: Any) -> Case:
    """Return a random image batch, filters and an upstream gradient."""
    up = rng.normal(size=(n, o, h - kh + 1, w - kw + 1))
    return Case({"x": rng.normal(size=(n, c, h, w)), "w": rng.normal(size=(o, c, kh, kw))}, upstream=up, **more)


def uneven(s: Convolution) -> Iterator[Case]:
    rng = s.rng("uneven")
    for sizes in (
        (2, 3, 4, 5, 6, 2, 3),
        (1, 1, 1, 4, 3, 2, 2),
        (3, 2, 1, 3, 5, 3, 1),
        (1, 4, 2, 6, 4, 1, 3),
        (2, 1, 3, 4, 4, 3, 2),
        (7, 5, 6, 4, 3, 2, 2),
    ):
        yield case(rng, *sizes)


def square(s: Convolution) -> Iterator[Case]:
    rng = s.rng("square")
    for sizes in ((2, 2, 2, 4, 4, 3, 3), (3, 3, 3, 3, 3, 2, 2), (2, 2, 2, 2, 2, 2, 2)):
        yield case(rng, *sizes)


def extremes(s: Convolution) -> Iterator[Case]:
    rng = s.rng("extremes")
    for sizes in (
        (2, 3, 2, 3, 4, 1, 1),
        (2, 2, 3, 3, 4, 3, 4),
        (1, 1, 1, 1, 1, 1, 1),
        (1, 1, 1, 1, 5, 1, 2),
        (1, 1, 1, 5, 1, 2, 1),
    ):
        yield case(rng, *sizes)
    yield case(rng, 0, 2, 3, 4, 4, 2, 2, refusable=True)


def impulses(s: Convolution) -> Iterator[Case]:
    rng = s.rng("impulses")
    full = case(rng, 1, 2, 2, 4, 4, 2, 2)
    for place in ((0, 0, 0, 0), (0, 1, 3, 3), (0, 0, 1, 2)):
        x = np.zeros_like(full.inputs["x"])
        x[place] = 1.0
        yield with_input(full, x=x)


def single_precision(s: Convolution) -> Iterator[Case]:
    yield case(s.rng("float32"), 2, 3, 2, 5, 4, 2, 3, dtype="float32")


def half_precision(s: Convolution) -> Iterator[Case]:
    yield case(s.rng("float16"), 1, 2, 2, 3, 4, 2, 2, dtype="float16")


def memory(s: Convolution) -> Iterator[Case]:
    yield case(s.rng("memory"), 2, 3, 2, 4, 4, 2, 2, transposed=True)


def repeated(s: Convolution) -> Iterator[Case]:
    yield case(s.rng("repeated"), 2, 2, 3, 4, 5, 2, 3, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of a convolution."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[Convolution], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("uneven", "value and both gradients are the formula's when every size differs", uneven),
        law("square", "value and both gradients are the formula's when sizes agree", square),
        law(
            "extremes",
            "filters of one pixel and of the whole image, and empty batches, follow the formula",
            extremes,
        ),
        law("impulses", "a single pixel copies the filter, unflipped, to its place", impulses),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("layout", "a transposed image is read as what it is", memory),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Convolution:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"a convolution takes no hyperparameters, got {', '.join(hyper)}")
    return Convolution(target, rule, hyper, device, seed)
