"""The kind `loss`: the mean loss of a batch and its gradient with respect to the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    listed,
    refusal,
    rounded,
    simpler_numbers,
    wide,
    with_input,
)
from .report import Law, NotCheckable

RULES = ("softmax-cross-entropy", "binary-cross-entropy", "squared-error")
FORMULAS = {
    "softmax-cross-entropy": "mean over the batch of log(sum_j exp(s_j)) - s_y; gradient (softmax(s) - onehot(y)) / n",
    "binary-cross-entropy": "mean of log(1 + exp(s)) - y s; gradient (sigmoid(s) - y) / n",
    "squared-error": "mean of (s - t)^2 over all elements; gradient 2 (s - t) / size",
}
#: torch's softplus turns linear at 20, as documented; e^-20 is what that leaves out
LINEAR_FROM, LEFT_OUT = 20.0, 2.1e-9


class Loss(FunctionSubject):
    """A loss: torch tensors in, scalar out, or NumPy arrays in, `(value, gradient)` out."""

    def recognize(self) -> None:
        scores, targets = batch(self.rule, np.random.default_rng(0), 3, 4)
        self.plain = Case({"scores": scores, "targets": targets})
        said = []
        for form in ("torch", "numpy"):
            self.form = form
            try:
                answer = self._answer(self.plain)[0]
            except Exception as error:
                said.append(f"{form}: {type(error).__name__}: {error}")
                continue
            if form == "torch" and hasattr(answer, "backward"):
                return
            if form == "numpy" and isinstance(answer, tuple) and len(answer) == 2:
                return
            said.append(f"{form}: got {type(answer).__name__}")
        raise NotCheckable(
            "a loss must return a scalar tensor for torch tensors or (value, gradient) for NumPy arrays; "
            + "; ".join(said)
        )

    def _answer(self, case: Case) -> tuple[Any, Any, Any]:
        scores, targets = case.inputs["scores"], case.inputs["targets"]
        if self.form == "torch":
            given: Any = self.tensor(scores, case, differentiable=True), self.tensor(targets, _plainly(case))
        else:
            given = self.array(scores, case), self.array(targets, _plainly(case))
        value = self.target.value
        made = value() if isinstance(value, type) else value  # torch.nn.CrossEntropyLoss itself
        return made(*given), given[0], given[1]

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        answer, scores, targets = self._answer(case)
        if self.form == "torch":
            value: Any = answer.detach().cpu().numpy() if hasattr(answer, "detach") else answer
            gradient: Any = None if answer.requires_grad else refusal(answer.backward)
            if answer.requires_grad and not answer.ndim:
                (answer * case.upstream).backward()
                gradient = None if scores.grad is None else scores.grad.detach().cpu().numpy()
            scores, targets = scores.detach().cpu().numpy(), targets.cpu().numpy()
        else:
            value, gradient = answer
            gradient = None if gradient is None else np.asarray(gradient) * case.upstream
        given = (("scores", case.inputs["scores"], scores), ("targets", case.inputs["targets"], targets))
        return {"value": value, "gradient": gradient}, changes(given, case.dtype)

    def right(self, case: Case) -> dict[str, Right]:
        scores = rounded(case.inputs["scores"], case.dtype)
        targets = case.inputs["targets"]
        targets = rounded(targets, case.dtype) if targets.dtype.kind == "f" else targets
        value, gradient = exact_loss(self.rule, scores, targets)
        unit, n = UNITS[case.dtype], max(1, scores.shape[0] if scores.ndim else 1)
        size = float(np.max(np.abs(scores), initial=0.0))
        if self.rule == "squared-error":
            size = 2 * max(size, float(np.max(np.abs(targets), initial=0.0)))
            # an error of `unit * size` in a difference counts as much as the difference itself, and not when it is 0
            bound = (16 + n) * unit * (float(value) + size * float(np.mean(np.abs(scores - targets))))
            slope = 16 * unit * size / max(1, scores.size) * 2
        else:
            # an error of `unit * size` in a logit is inherited by the value and by every probability, which may be
            # near 1
            bound = (16 + n) * unit * (1 + size)
            slope = (16 + n) * unit * (1 + size) / n
        if self.rule == "binary-cross-entropy" and size > LINEAR_FROM:
            bound, slope = bound + LEFT_OUT, slope + LEFT_OUT / n
        tiny = float(np.finfo(case.dtype).tiny)
        up = abs(float(case.upstream))
        return {
            "value": Right(np.asarray(value, WIDE), bound + tiny),
            "gradient": Right(gradient * WIDE(case.upstream), (slope + tiny) * up),
        }

    def smaller(self, case: Case) -> Iterator[Case]:
        scores, targets = case.inputs["scores"], case.inputs["targets"]
        if case.upstream != 1.0:
            yield replace(case, upstream=1.0)
        if scores.ndim and len(scores) > 1:
            for keep in [
                *([i] for i in range(min(len(scores), 8))),
                *([i, i + 1] for i in range(min(len(scores) - 1, 4))),
            ]:
                yield with_input(case, scores=scores[keep], targets=targets[keep])
        if self.rule == "softmax-cross-entropy" and scores.shape[1] > 2:
            for keep in range(2, scores.shape[1]):
                if targets.max(initial=0) < keep:
                    yield with_input(case, scores=scores[:, :keep])
        for tried in simpler_numbers(scores):
            yield with_input(case, scores=tried)
        if self.rule == "squared-error":
            if scores.ndim > 1:
                yield with_input(case, scores=scores.ravel(), targets=targets.ravel())
            for tried in simpler_numbers(targets):
                yield with_input(case, targets=tried)

    def lines(self, case: Case, found: Found) -> list[str]:
        scores, targets = case.inputs["scores"], case.inputs["targets"]
        call = "target()(scores, targets)" if isinstance(self.target.value, type) else "target(scores, targets)"
        up = "" if case.upstream == 1.0 or found.observed is None else f" * {case.upstream}"
        if self.form == "numpy":
            shown = f"({found.name}{up})" if up and found.name == "gradient" else found.name
            return [
                "import numpy as np",
                f"scores = {self.array_source(scores, case)}",
                f"targets = {self.array_source(targets, _plainly(case))}",
                f"value, gradient = {call}",
                listed(f"np.asarray({shown})", found),
            ]
        lines = [
            "import torch",
            f"scores = {self.tensor_source(scores, case, differentiable=True)}",
            f"targets = {self.tensor_source(targets, _plainly(case))}",
            f"value = {call}",
        ]
        if found.name == "gradient":
            return [*lines, f"(value{up}).backward()" if up else "value.backward()", listed("scores.grad", found)]
        return [*lines, listed(found.name, found)]


def _plainly(case: Case) -> Case:
    """Only the scores lie in another order."""
    return replace(case, transposed=False)


def exact_loss(rule: str, scores: Array, targets: Array) -> tuple[Any, Array]:
    """Return the mean loss and its gradient, evaluated at 50 digits."""
    with mpmath.workdps(50):
        if rule == "squared-error":
            gap = [
                mpmath.mpf(float(a)) - mpmath.mpf(float(b))
                for a, b in zip(scores.ravel(), targets.ravel(), strict=True)
            ]
            n = max(1, len(gap))
            slope = np.array([wide(2 * d / n) for d in gap], WIDE).reshape(scores.shape)
            return wide(mpmath.fsum(d * d for d in gap) / n), slope
        rows = scores if scores.ndim == 2 else scores[:, None]
        n, total, slopes = len(rows), mpmath.mpf(0), []
        for row, y in zip(rows, targets, strict=True):
            z = [mpmath.mpf(float(v)) for v in row]
            if rule == "binary-cross-entropy":
                # on the side where it is small the loss is written so that nothing cancels
                total += mpmath.log1p(mpmath.exp(-abs(z[0]))) + (
                    max(z[0], 0) * (1 - mpmath.mpf(float(y))) + max(-z[0], 0) * mpmath.mpf(float(y))
                )
                slopes.append([1 / (1 + mpmath.exp(-z[0])) - mpmath.mpf(float(y))])
            else:
                top = max(z)
                weights = [mpmath.exp(v - top) for v in z]
                whole = mpmath.fsum(weights)
                total += mpmath.log(whole) + top - z[int(y)]
                slopes.append([w / whole - (i == int(y)) for i, w in enumerate(weights)])
        slope = np.array([[wide(v / n) for v in row] for row in slopes], WIDE).reshape(scores.shape)
        return wide(total / n), slope


def batch(rule: str, rng: np.random.Generator, n: int, classes: int, scale: float = 2.0) -> tuple[Array, Array]:
    """Return random scores and targets of a batch."""
    if rule == "softmax-cross-entropy":
        return scale * rng.normal(size=(n, classes)), rng.integers(0, classes, size=n)
    if rule == "binary-cross-entropy":
        return scale * rng.normal(size=n), rng.integers(0, 2, size=n).astype(float)
    return scale * rng.normal(size=(n, classes)), scale * rng.normal(size=(n, classes))


def ordinary(s: Loss) -> Iterator[Case]:
    rng = s.rng("ordinary")
    for n, classes in ((1, 2), (1, 5), (4, 3), (3, 7), (8, 2), (13, 4), (3, 3), (5, 5), (4, 60), (40, 3)):
        scores, targets = batch(s.rule, rng, n, classes)
        yield Case({"scores": scores, "targets": targets})


def shapes(s: Loss) -> Iterator[Case]:
    rng = s.rng("shapes")
    if s.rule == "squared-error":
        for shape in ((), (1,), (6,), (2, 3), (3, 3), (2, 1), (1, 3), (2, 3, 2), (2, 1, 3, 2)):
            yield Case({"scores": rng.normal(size=shape), "targets": rng.normal(size=shape)})
    else:
        for n in (1, 2, 5, 7):
            scores, targets = batch(s.rule, rng, n, 3)
            yield Case({"scores": scores, "targets": targets}, transposed=scores.ndim == 2)
            yield Case({"scores": scores, "targets": np.zeros_like(targets)})
            yield Case({"scores": scores, "targets": np.full_like(targets, 1)})


def ties(s: Loss) -> Iterator[Case]:
    rng = s.rng("ties")
    scores, targets = batch(s.rule, rng, 5, 4)
    yield Case({"scores": 0 * scores, "targets": targets})
    yield Case({"scores": np.round(scores), "targets": targets})
    if s.rule == "squared-error":
        yield Case({"scores": scores, "targets": scores.copy()})
        yield Case({"scores": scores, "targets": np.where(rng.random(scores.shape) < 0.5, scores, targets)})
    yield Case(
        {"scores": np.full_like(scores, 3.0), "targets": np.round(targets) if targets.dtype.kind == "f" else targets}
    )


def large(s: Loss) -> Iterator[Case]:
    rng = s.rng("large")
    for scale in (15.0, 45.0, 120.0, 800.0, 1e3, 1e4):
        for _ in range(2):
            scores, targets = batch(s.rule, rng, 4, 3)
            scores = np.sign(scores) * scale * rng.uniform(0.8, 1.0, size=scores.shape)
            yield Case({"scores": scores, "targets": targets})
        scores = np.full_like(scores, scale) + rng.normal(size=scores.shape)  # a common shift
        yield Case({"scores": scores, "targets": targets})
        yield Case({"scores": -scores, "targets": targets})
        if s.rule == "squared-error":  # far from 0 and near to each other: s^2 - 2 s t + t^2 loses the difference
            yield Case({"scores": scores, "targets": scale + targets})


def one_by_one(s: Loss) -> Iterator[Case]:
    """Single examples over the whole range, so that no term hides behind a larger one."""
    for x in (0.0, 0.5, -0.5, 3.0, -3.0, 12.0, -12.0, 18.5, -18.5, 30.0, -30.0, 90.0, -90.0):
        if s.rule == "binary-cross-entropy":
            for y in (0.0, 1.0):
                yield Case({"scores": np.array([x]), "targets": np.array([y])})
        elif s.rule == "softmax-cross-entropy":
            for y in (0, 1):
                yield Case({"scores": np.array([[x, 0.25]]), "targets": np.array([y])})
        else:
            yield Case({"scores": np.array([x]), "targets": np.array([0.25])})


def upstream(s: Loss) -> Iterator[Case]:
    rng = s.rng("upstream")
    for factor in (0.0, -2.0, 0.125, 1024.0):
        scores, targets = batch(s.rule, rng, 4, 3)
        yield Case({"scores": scores, "targets": targets}, upstream=factor)


def partitions(s: Loss) -> Iterator[Case]:
    """A batch, its unequal parts and its double: the mean must be over examples, whatever the split."""
    rng = s.rng("partitions")
    scores, targets = batch(s.rule, rng, 9, 3)
    for keep in (slice(0, 9), slice(0, 2), slice(2, 9), slice(4, 5)):
        yield Case({"scores": scores[keep], "targets": targets[keep]})
    for order in (rng.permutation(9), [*range(9), *range(9)], [0, 0, 0, 1, 2, 2]):
        yield Case({"scores": scores[order], "targets": targets[order]})


def single_precision(s: Loss) -> Iterator[Case]:
    rng = s.rng("float32")
    for n, scale in ((5, 2.0), (3, 30.0)):
        scores, targets = batch(s.rule, rng, n, 4)
        yield Case({"scores": rounded(scores * scale, "float32"), "targets": rounded(targets, "float32")
                    if targets.dtype.kind == "f" else targets}, dtype="float32")  # fmt: skip


def half_precision(s: Loss) -> Iterator[Case]:
    rng = s.rng("float16")
    for n, scale in ((3, 1.0), (4, 3.0)):
        scores, targets = batch(s.rule, rng, n, 3, scale)
        yield Case({"scores": rounded(scores, "float16"), "targets": rounded(targets, "float16")
                    if targets.dtype.kind == "f" else targets}, dtype="float16")  # fmt: skip


def repeated(s: Loss) -> Iterator[Case]:
    rng = s.rng("repeated")
    for _ in range(2):
        scores, targets = batch(s.rule, rng, 4, 3)
        yield Case({"scores": scores, "targets": targets}, watch=True)


class Tail(Loss):
    """The same target, judged relative to the loss itself."""

    def right(self, case: Case) -> dict[str, Right]:
        value = super().right(case)["value"]
        return {"value": Right(value.value, 1e-3 * abs(value.value) + float(np.finfo(float).tiny))}


def tails(s: Loss) -> Any:
    """Single examples that are classified right by far: log(1 + exp(-x)) must not be rounded to 0."""
    judge = Tail(s.target, s.rule, s.hyper, s.device, s.seed)
    if s.rule == "binary-cross-entropy":
        cases = (
            Case({"scores": np.array([sign * x]), "targets": np.array([float(sign > 0)])})
            for x in (5.0, 25.0, 37.0, 40.0, 100.0, 600.0)
            for sign in (1, -1)
        )
    elif s.rule == "softmax-cross-entropy":  # there every implementation takes a difference of logits
        cases = (Case({"scores": np.array([[x, 0.0]]), "targets": np.array([0])}) for x in (1.0, 5.0, 10.0))
    else:
        cases = (Case({"scores": np.array([x]), "targets": np.array([0.0])}) for x in (1e-150, 1e-30, 1e-8))
    return judge.violation(iter(cases))


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of a loss."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, cases: Callable[[Loss], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("value-and-gradient", "value and gradient are the formula's on ordinary batches", ordinary),
        law("shapes", "every shape and every target is treated alike", shapes),
        law("ties", "equal and zero scores have the formula's value and gradient", ties),
        law("large-scores", "scores up to 1e4 give finite, right values and gradients, under any common shift", large),
        law("each-example", "a single example has its loss and gradient, saturated or not", one_by_one),
        law("upstream-gradient", "the gradient is proportional to what is propagated into it", upstream),
        law(
            "partitions", "the mean is over examples: parts, orders and repeated examples of a batch agree", partitions
        ),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        Law("tails", "a small loss keeps its relative accuracy", theorem, tails),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULAS[rule]


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> Loss:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"a loss takes no hyperparameters, got {', '.join(hyper)}")
    return Loss(target, rule, hyper, device, seed)
