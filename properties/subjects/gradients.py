"""The kind `gradient`: loss and gradients of a ReLU network with softmax cross-entropy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
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
    simpler_numbers,
    with_input,
)
from .report import Law, NotCheckable

FORMULA = (
    "h_l = max(W_l h_(l-1) + b_l, 0), mean softmax cross-entropy of the last W h + b; gradients by backpropagation"
)


class MlpGradient(FunctionSubject):
    """`f(layers, x, labels) -> (loss, grads)` over NumPy arrays."""

    def recognize(self) -> None:
        self.plain = network(np.random.default_rng(0), (2, 3, 2), 3)
        answer, _ = self._answer(self.plain)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise NotCheckable(f"the target must return (loss, grads), got {type(answer).__name__}")

    def _answer(self, case: Case) -> tuple[Any, list[Any]]:
        plainly = replace(case, transposed=False)  # only the batch lies in another order
        layers = [(self.array(w, plainly), self.array(b, plainly)) for w, b in case.inputs["layers"]]
        x, labels = self.array(case.inputs["x"], case), self.array(case.inputs["labels"], plainly)
        return self.target.value(layers, x, labels), [*(a for pair in layers for a in pair), x, labels]

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        (loss, grads), given = self._answer(case)
        held = [*(a for pair in case.inputs["layers"] for a in pair), case.inputs["x"], case.inputs["labels"]]
        names = [f"{kind}{i}" for i in range(len(case.inputs["layers"])) for kind in "Wb"] + ["x", "labels"]
        found: dict[str, Any] = {"loss": np.asarray(loss), "number of pairs": len(grads)}
        for i, pair in enumerate(grads):
            found[f"dW{i}"], found[f"db{i}"] = (np.asarray(each) for each in pair)
        return found, changes(zip(names, held, given, strict=True), case.dtype)

    def right(self, case: Case) -> dict[str, Right]:
        layers = [
            (w.astype(case.dtype).astype(WIDE), b.astype(case.dtype).astype(WIDE)) for w, b in case.inputs["layers"]
        ]
        x, labels = case.inputs["x"].astype(case.dtype).astype(WIDE), case.inputs["labels"]
        loss, grads, size = backpropagation(layers, x, labels, WIDE(0))
        _, other, _ = backpropagation(layers, x, labels, WIDE(1))  # the other end of relu's subgradient at 0
        unit, n = UNITS[case.dtype], len(x) + sum(w.shape[1] for w, _ in layers)
        factor = (32 + 4 * n) * unit * (1 + size)
        found = {
            "loss": Right(np.asarray(loss, WIDE), factor),
            "number of pairs": Right(np.asarray(len(layers), WIDE), 0.0),
        }
        for i, ((w, b, bound_w, bound_b), (w1, b1, _, _)) in enumerate(zip(grads, other, strict=True)):
            tiny = float(np.finfo(case.dtype).tiny)
            found[f"dW{i}"] = Right(w, factor * float(np.max(bound_w)) + tiny, w1)
            found[f"db{i}"] = Right(b, factor * float(np.max(bound_b)) + tiny, b1)
        return found

    def smaller(self, case: Case) -> Iterator[Case]:
        layers, x, labels = (case.inputs[name] for name in ("layers", "x", "labels"))
        if len(x) > 1:
            for keep in [*([i] for i in range(len(x))), [0, 1]]:
                yield with_input(case, x=x[keep], labels=labels[keep])
        for cut in range(1, len(layers)):  # narrow a hidden layer to one unit
            if layers[cut][0].shape[1] > 1:
                (w, b), (w2, b2) = layers[cut - 1], layers[cut]
                yield with_input(case, layers=[*layers[: cut - 1], (w[:1], b[:1]), (w2[:, :1], b2), *layers[cut + 1 :]])
        if x.shape[1] > 1:
            (w, b) = layers[0]
            yield with_input(case, x=x[:, :1], layers=[(w[:, :1], b), *layers[1:]])
        if len(layers[-1][1]) > 2 and labels.max() < 2:
            w, b = layers[-1]
            yield with_input(case, layers=[*layers[:-1], (w[:2], b[:2])])
        for i, (w, b) in enumerate(layers):
            for tried in simpler_numbers(w):
                yield with_input(case, layers=[*layers[:i], (tried, b), *layers[i + 1 :]])
            for tried in simpler_numbers(b):
                yield with_input(case, layers=[*layers[:i], (w, tried), *layers[i + 1 :]])
        for tried in simpler_numbers(x):
            yield with_input(case, x=tried)

    def lines(self, case: Case, found: Found) -> list[str]:
        plainly = replace(case, transposed=False)
        layers = [", ".join(self.array_source(a, plainly) for a in pair) for pair in case.inputs["layers"]]
        told = {"loss": "loss", "number of pairs": "len(grads)", "x": "x", "labels": "labels"}
        for i in range(len(layers)):
            told |= {f"dW{i}": f"grads[{i}][0]", f"db{i}": f"grads[{i}][1]"}
            told |= {f"W{i}": f"layers[{i}][0]", f"b{i}": f"layers[{i}][1]"}
        return [
            "import numpy as np",
            f"layers = [{', '.join(f'({pair})' for pair in layers)}]",
            f"x = {self.array_source(case.inputs['x'], case)}",
            f"labels = {self.array_source(case.inputs['labels'], plainly)}",
            "loss, grads = target(layers, x, labels)",
            listed(f"np.asarray({told[found.name]})", found),
        ]


def backpropagation(
    layers: list[tuple[Array, Array]], x: Array, labels: Array, at_kink: Any
) -> tuple[Any, list[Any], float]:
    """Return loss, gradients with their magnitudes, and the size of the logits, in extended precision."""
    held, signs, sizes = [x], [], [np.abs(x)]
    for i, (w, b) in enumerate(layers):
        z = held[-1] @ w.T + b
        sizes.append(sizes[-1] @ np.abs(w).T + np.abs(b))
        last = i == len(layers) - 1
        signs.append(np.ones_like(z) if last else np.where(z > 0, 1, np.where(z == 0, at_kink, 0)).astype(WIDE))
        held.append(z if last else np.maximum(z, 0))
    z = held[-1]
    n = len(x)
    shifted = z - z.max(axis=1, keepdims=True)
    whole = np.exp(shifted).sum(axis=1, keepdims=True)
    loss = np.mean(np.log(whole[:, 0]) - shifted[np.arange(n), labels])
    delta = np.exp(shifted) / whole
    delta[np.arange(n), labels] -= 1
    delta, grads = delta / n, []
    bound = (np.exp(shifted) / whole + (np.arange(z.shape[1]) == labels[:, None])) / n
    for i in reversed(range(len(layers))):
        grads.append((delta.T @ held[i], delta.sum(axis=0), bound.T @ sizes[i], bound.sum(axis=0)))
        if i:
            delta = (delta @ layers[i][0]) * signs[i - 1]
            bound = (bound @ np.abs(layers[i][0])) * (signs[i - 1] > 0)
    return loss, grads[::-1], float(np.max(sizes[-1]))


def network(rng: np.random.Generator, widths: tuple[int, ...], n: int, scale: float = 1.0) -> Case:
    """Return a random network with a batch."""
    layers = [
        (scale * rng.normal(size=(out, inside)), scale * rng.normal(size=out)) for inside, out in pairwise(widths)
    ]
    x = rng.normal(size=(n, widths[0]))
    return Case({"layers": layers, "x": x, "labels": rng.integers(0, widths[-1], size=n)})


def networks(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("networks")
    for widths, n in (
        ((3, 2), 4),
        ((2, 4, 3), 1),
        ((3, 5, 2), 7),
        ((4, 3, 6, 3), 5),
        ((2, 3, 4, 5, 2), 3),
        ((1, 1, 2), 2),
    ):
        yield network(rng, widths, n)


def equal_widths(s: MlpGradient) -> Iterator[Case]:
    """Square layers and a batch as wide as they are: what a wrong transpose needs to stay unseen, it does not."""
    rng = s.rng("equal-widths")
    for widths, n in (((3, 3), 3), ((3, 3, 3), 3), ((2, 2, 2, 2), 2)):
        yield network(rng, widths, n)


def saturated(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("saturated")
    for scale in (5.0, 20.0, 80.0):
        yield network(rng, (3, 4, 3), 4, scale)


def dead_units(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("dead-units")
    case = network(rng, (2, 3, 3, 2), 4)
    layers = list(case.inputs["layers"])
    layers[0] = (layers[0][0], np.array([-50.0, 50.0, 0.0]))
    yield with_input(case, layers=layers)
    yield with_input(case, layers=[(layers[0][0], np.full(3, -50.0)), *layers[1:]])
    kink = network(rng, (2, 2, 2), 1)
    (w, b), last = kink.inputs["layers"]
    yield with_input(kink, layers=[(np.array([[1.0, -1.0], w[1]]), np.array([0.0, b[1]])), last], x=np.ones((1, 2)))


def partitions(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("partitions")
    case = network(rng, (3, 4, 3), 9)
    x, labels = case.inputs["x"], case.inputs["labels"]
    for keep in (slice(0, 2), slice(2, 9), slice(3, 4)):
        yield with_input(case, x=x[keep], labels=labels[keep])
    for order in ([*range(9), *range(9)], [0, 0, 0, 1, 2, 2]):
        yield with_input(case, x=x[order], labels=labels[order])
    yield with_input(case, labels=np.zeros_like(labels))


def single_precision(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("float32")
    case = network(rng, (3, 4, 3), 5)
    yield Case(case.inputs, dtype="float32")


def half_precision(s: MlpGradient) -> Iterator[Case]:
    rng = s.rng("float16")
    for _ in range(2):
        yield Case(network(rng, (2, 2, 2), 2, 0.5).inputs, dtype="float16")


def memory(s: MlpGradient) -> Iterator[Case]:
    yield Case(network(s.rng("memory"), (4, 3, 2), 3).inputs, transposed=True)


def repeated(s: MlpGradient) -> Iterator[Case]:
    yield Case(network(s.rng("repeated"), (3, 4, 2), 3).inputs, watch=True)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of a network's gradient."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, cases: Callable[[MlpGradient], Iterator[Case]]) -> Law:
        return Law(id, claim, theorem, lambda s: s.violation(cases(s)))

    return (
        law("networks", "loss and gradients are the formula's for one to four layers of any widths", networks),
        law("equal-widths", "square layers are not transposed", equal_widths),
        law("saturated", "large logits give finite, right losses and gradients", saturated),
        law("dead-units", "units that are off pass nothing back; at 0 any subgradient is right", dead_units),
        law("partitions", "the mean is over examples: parts and repeated examples of a batch agree", partitions),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("layout", "a transposed batch is read as what it is", memory),
        law("pure", "arguments are left alone and the same call gives the same answer", repeated),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Any, device: str, seed: int) -> MlpGradient:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"a gradient takes no hyperparameters, got {', '.join(hyper)}")
    return MlpGradient(target, rule, hyper, device, seed)
