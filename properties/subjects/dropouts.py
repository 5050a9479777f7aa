"""The kind `dropout`: exact laws on every output, and tests of the mask's rate and independence.

Sizes: 250,000 units see a rate that is off by 0.01 with power 0.99 at every p (the standard error is at most 0.001, and
0.01 > (6.1 + 2.4) * 0.001); a tie between any two units, rows, calls or channels makes 4,000 agreements of 4,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .chances import binomial, mirrored_agree, most_unusual, shifts_agree
from .random_subject import Misfit, RandomSubject, caught, mirrored, shifted
from .report import Law, NotCheckable, Violation

FORMULA = (
    "train: y = x / (1 - p) with probability 1 - p, else 0, independently for each unit, row and call; eval: y = x"
)
Array = np.ndarray
RATES = (0.1, 0.3, 0.5, 0.8)


class Dropout(RandomSubject):
    """`f(p)` returning an `nn.Module`."""

    def recognize(self) -> None:
        import torch

        made = self.target.value(0.25)
        if not isinstance(made, torch.nn.Module):
            raise NotCheckable(f"dropout must be an nn.Module, got {type(made).__name__}")
        made.train()(torch.ones(4, dtype=torch.float64))

    def reseed(self) -> int:
        """Set torch's generator for the next draw, so that the same seed gives the same report."""
        seed = self.take_seed()
        self.seed_torch(seed)
        return seed

    def head(self, seed: int) -> list[str]:
        return ["import numpy as np", "import torch", f"torch.manual_seed({seed})"]

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that drops a few units."""
        return ["import torch", "target(0.25).train()(torch.ones(4, dtype=torch.float64))"]

    def ones(self, shape: tuple[int, ...]) -> str:
        """Return how a snippet writes ones on the target's device."""
        device = "" if self.device == "cpu" else f", device={self.device!r}"
        return f"torch.ones({shape}, dtype=torch.float64{device})"

    def run(
        self, p: float, shape: tuple[int, ...], mode: str = "train", dtype: str = "float64"
    ) -> tuple[Array, Array, Array]:
        """Return inputs away from 0, their outputs, and the gradient of the outputs' sum."""
        import torch

        seed = self.reseed()
        rng = np.random.default_rng(seed)
        x = np.asarray(rng.normal(size=shape) + 3.0 * rng.choice([-1, 1], size=shape)).astype(dtype)
        self.again = lambda: [
            *self.head(seed),
            *self.inputs(x, seed, dtype),
            f"drop = target({p!r})",
            f"drop.{mode}()",
            "y = drop(x.clone())",
            "(y.sum() + 0 * x.sum()).backward()",
        ]
        made = self.target.value(p)
        getattr(made, mode)()
        leaf = torch.tensor(x, dtype=getattr(torch, dtype), device=self.device, requires_grad=True)
        y = made(leaf.clone())
        if y.requires_grad:
            y.backward(torch.ones_like(y))
        slope = np.zeros_like(x) if leaf.grad is None else leaf.grad.cpu().numpy()
        return x.astype(float), y.detach().cpu().numpy(), slope

    def inputs(self, x: Array, seed: int, dtype: str) -> list[str]:
        """Return how a snippet writes the inputs: in full where they are few, else as they were drawn."""
        device = "" if self.device == "cpu" else f", device={self.device!r}"
        made = f"dtype=torch.{dtype}{device}, requires_grad=True)"
        if 0 < x.size <= 8:
            return [f"x = torch.tensor({x.tolist()}, {made}"]
        drawn = f"rng.normal(size={x.shape}) + 3.0 * rng.choice([-1, 1], size={x.shape})"
        return [f"rng = np.random.default_rng({seed})", f"x = torch.tensor(({drawn}).astype({dtype!r}), {made}"]


def evaluation(s: Dropout) -> Violation | None:
    s.begin("evaluation")
    for p in (0.0, *RATES, 1.0):
        for shape in ((2,), (3, 5)):
            x, y, g = s.run(p, shape, mode="eval")
            if y.shape != x.shape or not np.array_equal(y, x) or not np.array_equal(g, np.ones_like(x)):
                right, seen = [x.tolist(), np.ones_like(x).tolist()], [y.tolist(), g.tolist()]
                show = "print([y.tolist(), x.grad.tolist()])"
                return s.wrong({"p": p, "mode": "eval"}, right, seen, show, "not the identity, or its gradient not 1")
    return None


def limits(s: Dropout) -> Violation | None:
    """p = 0 keeps everything and p = 1 nothing, without a division by zero, forward and backward."""
    s.begin("limits")
    for p in (0.0, 1.0, 0, 1):
        for shape in ((2,), (4, 6)):
            x, y, g = s.run(p, shape)
            right, slope = (np.zeros_like(x), np.zeros_like(x)) if p else (x, np.ones_like(x))
            if not (np.array_equal(y, right) and np.array_equal(g, slope)):
                show = "print([y.tolist(), x.grad.tolist()])"
                told = [right.tolist(), slope.tolist()]
                return s.wrong({"p": p}, told, [y.tolist(), g.tolist()], show, f"wrong at p = {p}: output, gradient")
    return None


def kept_or_zero(s: Dropout) -> Violation | None:
    """Each output is 0 or x / (1 - p), and each gradient 0 or 1 / (1 - p), by the same mask."""
    s.begin("kept-or-zero")
    shapes: tuple[tuple[int, ...], ...] = ((1, 1), (40, 25), (1000,), (5, 4, 10, 10), (7, 11, 13), (), (0, 5))
    for dtype, unit in (("float64", 2.0**-53), ("float32", 2.0**-24), ("float16", 2.0**-11)):
        for p in (0.1, 0.3, 0.45, 0.75, 0.9):
            for shape in shapes:
                try:
                    x, y, g = s.run(p, shape, dtype=dtype)
                except Exception:
                    if dtype == "float16":  # to refuse half precision is no wrong answer
                        return None
                    raise
                told = {"p": p, "shape": list(shape), "dtype": dtype}
                if y.shape != x.shape:
                    return s.wrong(told, list(x.shape), list(y.shape), "print(list(y.shape))", "another shape")
                if y.dtype != dtype:
                    show = "print(str(y.dtype).removeprefix('torch.'))"
                    return s.wrong(told, dtype, str(y.dtype), show, "another precision")
                kept = np.where(x == 0, g != 0, y != 0)
                off = np.abs(y - kept * x / (1 - p))
                slope = np.abs(g - kept / (1 - p))
                # 1 - p itself may be rounded in low precision, which p near 1 magnifies
                fine = (4 if dtype == "float16" else 16) * unit / (1 - p) ** 2
                # below the normal numbers of a precision the rounding does not shrink with x any more
                wrong = (off > fine * np.abs(x) + np.finfo(dtype).smallest_subnormal) | (slope > fine)
                if wrong.any():
                    i = tuple(int(k) for k in np.unravel_index(np.argmax(wrong), x.shape))
                    at = list(i) or "[()]"
                    right = [f"0 or {float(x[i]) / (1 - p)}", f"0 or {1 / (1 - p)}, by the same mask"]
                    return s.wrong(
                        {**told, "place": list(i), "x": float(x[i])},
                        right,
                        [float(y[i]), float(g[i])],
                        f"print([y{at}.item(), x.grad{at}.item()])",
                        "wrong output or gradient",
                    )
    return None


def masks(s: Dropout, p: float, shape: tuple[int, ...], calls: int = 1) -> Array:
    """Return which units were dropped, one call after the other."""
    import torch

    seed = s.reseed()
    s.again = lambda: [
        *s.head(seed),
        f"drop = target({p}).train()",
        f"dropped = np.array([(drop({s.ones(shape)}) == 0).cpu().numpy() for _ in range({calls})])",
    ]
    made, x = s.target.value(p).train(), torch.ones(shape, dtype=torch.float64, device=s.device)
    dropped = np.array([(made(x.clone()) == 0).cpu().numpy() for _ in range(calls)])
    if dropped.shape[1:] != shape:
        raise Misfit(list(shape), list(dropped.shape[1:]), "print(list(dropped.shape[1:]))")
    return dropped


def rate(s: Dropout) -> Violation | None:
    s.begin("rate")
    for p in (0.05, *RATES, 0.95):
        dropped, units = int(masks(s, p, (500, 500)).sum()), 250_000
        told = {"p": p, "units": units}
        found = s.unlikely(
            binomial(dropped, units, p), told, p, dropped / units, "print(dropped.mean())", "wrong share dropped"
        )
        if found:
            return found
    return None


def independence(
    s: Dropout, name: str, p: float, marks: Array, written: str, shape: tuple[int, ...]
) -> Violation | None:
    """Test that no two rows of marks go together and that rows have as many marks as chance gives them."""
    told = {"p": p, "shape": list(shape)}
    return s.pairs(told, name, marks, written, p) or s.counts(told, name, marks, written, p)


def units(s: Dropout) -> Violation | None:
    s.begin("units")
    shape = (4000, 96)
    for p in (0.3, 0.6):
        found = independence(s, "units", p, masks(s, p, shape)[0].T, "dropped[0].T", shape)
        if found:
            return found
    return None


def rows(s: Dropout) -> Violation | None:
    s.begin("rows")
    shape = (96, 4000)
    for p in (0.3, 0.6):
        found = independence(s, "rows", p, masks(s, p, shape)[0], "dropped[0]", shape)
        if found:
            return found
    return None


def successive_calls(s: Dropout) -> Violation | None:
    s.begin("calls")
    for p, shape in ((0.3, (40, 100)), (0.6, (4000,))):
        marks = masks(s, p, shape, calls=48).reshape(48, -1)
        found = independence(s, "calls", p, marks, "dropped.reshape(48, -1)", shape)
        if found:
            return found
    return None


def places(s: Dropout) -> Violation | None:
    """The first, the last and every other place of a small tensor is dropped as often, counted over many calls."""
    s.begin("places")
    for p, shape in ((0.3, (5, 8)), (0.6, (2, 3, 4)), (0.5, (1,))):
        calls = 300
        marks = masks(s, p, shape, calls=calls).reshape(calls, -1)
        (worst,), value = most_unusual(marks.sum(axis=0), calls, p)
        found = s.unlikely(
            value,
            {"p": p, "shape": list(shape), "place": worst, "calls": calls},
            p,
            float(marks[:, worst].mean()),
            f"print(dropped.reshape({calls}, -1)[:, {worst}].mean())",
            f"place {worst} is not dropped with probability p",
        )
        if found:
            return found
    return None


def shifts(s: Dropout) -> Violation | None:
    """No mask is another one, or a part of itself, shifted or mirrored; exact at p = 1/2."""
    s.begin("shifts")
    shape, n = (100, 80), 8000
    one, two, three = masks(s, 0.5, shape, calls=3).reshape(3, -1)
    for name, other, (place, count, pairs, value) in (
        ("a mask and itself, shifted", "one", shifts_agree(one, one)),
        ("a mask and itself, mirrored", "", mirrored_agree(one)),
        ("a mask and the next, shifted", "two", shifts_agree(one, two)),
        ("a mask and the next, mirrored", "two[::-1]", shifts_agree(one, two[::-1])),
        ("a mask and the next but one, shifted", "three", shifts_agree(one, three)),
    ):
        show = shifted("one", other, place, n) if other else mirrored("one", place, n)
        found = s.unlikely(
            value,
            {"p": 0.5, "shape": list(shape), "compared": name, "place": place, "pairs": pairs},
            0.5,
            count / pairs,
            f"one, two, three = dropped.reshape(3, -1)\n{show}",
            f"{name}, go together: how often they agree",
        )
        if found:
            return found
    return None


def channels(s: Dropout) -> Violation | None:
    """On images, and on sequences, no axis shares its mask."""
    s.begin("channels")
    p = 0.4
    for shape, names in (
        ((40, 24, 10, 10), ("images", "channels", "rows of pixels", "columns of pixels")),
        ((50, 60, 40), ("sequences", "positions", "features")),
    ):
        marks = masks(s, p, shape)[0]
        for axis, name in enumerate(names):
            view = np.moveaxis(marks, axis, 0).reshape(shape[axis], -1)
            written = f"np.moveaxis(dropped[0], {axis}, 0).reshape({shape[axis]}, -1)"
            found = independence(s, name, p, view, written, shape)
            if found:
                return found
    return None


def modules(s: Dropout) -> Violation | None:
    """Two modules draw their own masks, and another state of the generator gives another mask."""
    import torch

    s.begin("modules")
    p, shape, seeds, drawn = 0.4, (40, 100), (s.take_seed(), s.take_seed()), []
    s.again = lambda: [
        "import numpy as np",
        "import torch",
        "dropped = []",
        f"for seed in {seeds}:",
        "    torch.manual_seed(seed)",
        f"    dropped += [(target({p}).train()({s.ones(shape)}) == 0).cpu().numpy() for _ in range(4)]",
    ]
    for seed in seeds:
        s.seed_torch(seed)
        for _ in range(4):
            y = s.target.value(p).train()(torch.ones(shape, dtype=torch.float64, device=s.device))
            drawn.append((y == 0).cpu().numpy())
    return independence(s, "modules", p, np.array(drawn).reshape(8, -1), "np.array(dropped).reshape(8, -1)", shape)


def inputs_do_not_matter(s: Dropout) -> Violation | None:
    """Large, small, negative and zero inputs are dropped alike."""
    import torch

    s.begin("inputs")
    p, scales, seed = 0.35, [1e-6, -1.0, 1.0, 1e3, -1e-3], s.reseed()
    s.again = lambda: [
        *s.head(seed),
        f"x = np.repeat({scales}, 40_000)",
        f"y = target({p}).train()(torch.tensor(x)).detach().numpy()",
    ]
    x = np.repeat(scales, 40_000)
    y = s.target.value(p).train()(torch.tensor(x)).detach().numpy()
    for scale in scales:
        dropped = int(np.sum(y[x == scale] == 0))
        found = s.unlikely(
            binomial(dropped, 40_000, p),
            {"p": p, "x": scale},
            p,
            dropped / 40_000,
            f"print((y[x == {scale}] == 0).mean())",
            f"inputs of {scale} are dropped otherwise",
        )
        if found:
            return found
    return None


def switching(s: Dropout) -> Violation | None:
    """train() and eval() switch, as often as one likes, and leave the input alone."""
    import torch

    s.begin("switching")
    seed, modes = s.reseed(), []
    s.again = lambda: [
        *s.head(seed),
        "drop, x = target(0.5), torch.ones(2000, dtype=torch.float64)",
        f"for mode in {modes}:",
        "    getattr(drop, mode)()",
        "    y = drop(x)",
    ]
    made, x = s.target.value(0.5), torch.ones(2000, dtype=torch.float64)
    for mode in ("train", "eval", "train", "eval", "eval", "train"):
        modes.append(mode)
        getattr(made, mode)()
        y = made(x)
        share = float((y == 0).double().mean())
        if (share > 0) != (mode == "train"):
            right, show = 0.5 if mode == "train" else 0.0, "print((y == 0).double().mean().item())"
            return s.wrong({"modes": modes}, right, share, show, f"wrong share dropped in {mode} mode")
        changed = int((x != 1).sum())
        if changed:
            show = "print((x != 1).sum().item())"
            return s.wrong({"modes": modes}, 0, changed, show, "entries of the input were changed")
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of dropout."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, holds: Callable[[Dropout], Violation | None]) -> Law:
        return Law(id, claim, theorem, caught(id, claim, holds))

    return (
        law("evaluation", "in evaluation dropout is the identity", evaluation),
        law("limits", "p = 0 keeps and p = 1 drops everything, with finite gradients", limits),
        law("kept-or-zero", "each output is 0 or x / (1 - p), and the gradient uses the same mask", kept_or_zero),
        law("rate", "units are dropped with probability p", rate),
        law("units-independent", "units of a row are dropped independently", units),
        law("rows-independent", "rows of a batch have masks of their own", rows),
        law("calls-independent", "successive calls have masks of their own", successive_calls),
        law("places-alike", "every place of a tensor is dropped with probability p", places),
        law("shifts-independent", "no mask is a shifted or mirrored part of itself or of the next ones", shifts),
        law("channels-independent", "on images and sequences no axis shares its mask", channels),
        law("modules-independent", "modules and states of the generator give masks of their own", modules),
        law("inputs-do-not-matter", "what is dropped does not depend on the input", inputs_do_not_matter),
        law("switching", "train() and eval() switch dropping on and off; the input is left alone", switching),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Mapping[str, Any], device: str, seed: int) -> Dropout:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"dropout takes no hyperparameters here, got {', '.join(hyper)}")
    return Dropout(target, rule, hyper, device, seed)
