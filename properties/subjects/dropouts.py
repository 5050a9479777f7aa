"""The kind `dropout`: exact laws on every output, and tests of the mask's rate and independence.

Sizes: 250,000 units see a rate that is off by 0.01 with power 0.99 at every p (the standard error is at most 0.001, and
0.01 > (6.1 + 2.4) * 0.001); a tie between any two units, rows, calls or channels makes 4,000 agreements of 4,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .chances import binomial, dispersion, mirrored_agree, most_unusual, pairs_agree, shifts_agree
from .random_subject import RandomSubject
from .report import Law, NotCheckable, Violation

FORMULA = (
    "train: y = x / (1 - p) with probability 1 - p, else 0, independently for each unit, row and call; eval: y = x"
)
Array = np.ndarray


class Dropout(RandomSubject):
    """`f(p)` returning an `nn.Module`."""

    def recognize(self) -> None:
        import torch

        made = self.target.value(0.25)
        if not isinstance(made, torch.nn.Module):
            raise NotCheckable(f"dropout must be an nn.Module, got {type(made).__name__}")
        made.train()(torch.ones(4, dtype=torch.float64))

    def run(
        self, p: float, x: Array, mode: str = "train", dtype: str = "float64", calls: int = 1
    ) -> list[tuple[Array, Array]]:
        """Return outputs and gradients (of the sum weighted 1) of some calls on fresh copies of x."""
        import torch

        made = self.target.value(p)
        made.train(mode == "train")
        found = []
        for _ in range(calls):
            leaf = torch.tensor(x, dtype=getattr(torch, dtype), device=self.device, requires_grad=True)
            y = made(leaf.clone())
            if not y.requires_grad:
                found.append((y.detach().cpu().numpy(), np.zeros_like(x)))
                continue
            y.backward(torch.ones_like(y))
            found.append((y.detach().cpu().numpy(), np.zeros_like(x) if leaf.grad is None else leaf.grad.cpu().numpy()))
        return found

    def lines(self, p: float, shape: Any, show: str, mode: str = "train") -> list[str]:
        return [
            "import torch",
            "torch.manual_seed(0)",
            f"drop = target({p}).{'train' if mode == 'train' else 'eval'}()",
            f"x = torch.ones({shape}, dtype=torch.float64, requires_grad=True)",
            "y = drop(x)",
            show,
        ]

    def seed_generator(self, law: str) -> None:
        """Set torch's generator, so that the same seed gives the same report."""
        import torch

        torch.manual_seed(self.seeded(law))


RATES = (0.1, 0.3, 0.5, 0.8)


def evaluation(s: Dropout) -> Violation | None:
    s.seed_generator("evaluation")
    x = s.rng("evaluation").normal(size=(3, 5)) * 10
    for p in (0.0, *RATES, 1.0):
        ((y, g),) = s.run(p, x, mode="eval")
        if y.shape != x.shape or not np.array_equal(y, x) or not np.array_equal(g, np.ones_like(x)):
            lines = s.lines(p, (3,), "y.sum().backward(); print(y, x.grad)", "eval")
            return s.wrong(
                {"p": p, "mode": "eval"}, "y = x, gradient 1", [y.tolist(), g.tolist()], lines, "not the identity"
            )
    return None


def limits(s: Dropout) -> Violation | None:
    """p = 0 keeps everything and p = 1 nothing, without a division by zero, forward and backward."""
    s.seed_generator("limits")
    x = s.rng("limits").normal(size=(4, 6))
    for p, right, slope in ((0.0, x, np.ones_like(x)), (1.0, 0 * x, 0 * x), (0, x, np.ones_like(x)), (1, 0 * x, 0 * x)):
        ((y, g),) = s.run(p, x)
        if not (np.array_equal(y, right) and np.array_equal(g, slope)):
            lines = s.lines(p, (3,), "y.sum().backward(); print(y, x.grad)")
            return s.wrong(
                {"p": p}, [right.tolist(), slope.tolist()], [y.tolist(), g.tolist()], lines, f"wrong at p = {p}"
            )
    return None


def kept_or_zero(s: Dropout) -> Violation | None:
    """Each output is 0 or x / (1 - p), and each gradient 0 or 1 / (1 - p), by the same mask."""
    s.seed_generator("kept-or-zero")
    rng = s.rng("kept-or-zero")
    shapes: tuple[tuple[int, ...], ...] = ((40, 25), (1000,), (5, 4, 10, 10), (7, 11, 13), (), (1, 1), (0, 5))
    for dtype, unit in (("float64", 2.0**-53), ("float32", 2.0**-24), ("float16", 2.0**-11)):
        for p in (0.1, 0.3, 0.45, 0.75, 0.9):
            for shape in shapes:
                x = (
                    np.asarray(rng.normal(size=shape) + 3.0 * rng.choice([-1, 1], size=shape))
                    .astype(dtype)
                    .astype(float)
                )
                try:
                    ((y, g),) = s.run(p, x, dtype=dtype)
                except Exception:
                    if dtype == "float16":  # to refuse half precision is no wrong answer
                        return None
                    raise
                kept = y != 0
                off = np.abs(y - kept * x / (1 - p))
                slope = np.abs(g - kept / (1 - p))
                # 1 - p itself may be rounded in low precision, which p near 1 magnifies
                fine = (4 if dtype == "float16" else 16) * unit / (1 - p) ** 2
                if (
                    y.shape != x.shape
                    or y.dtype != dtype
                    or not np.all(off <= fine * np.abs(x))
                    or not np.all(slope <= fine)
                ):
                    lines = s.lines(p, (8,), "y.sum().backward(); print(y, x.grad)")
                    i = (
                        tuple(int(k) for k in np.unravel_index(np.argmax(off + slope), x.shape))
                        if y.shape == x.shape
                        else ()
                    )
                    seen = [float(y[i]), float(g[i])] if y.shape == x.shape else str(y.shape)
                    right = [f"0 or {float(x[i]) / (1 - p)}", f"0 or {1 / (1 - p)}, by the same mask"]
                    return s.wrong(
                        {"p": p, "x": float(x[i]), "dtype": dtype}, right, seen, lines, "wrong output or gradient"
                    )
    return None


def rate(s: Dropout) -> Violation | None:
    s.seed_generator("rate")
    for p in (0.05, *RATES, 0.95):
        dropped, units = int(masks(s, p, (500, 500)).sum()), 250_000
        found = s.unlikely(
            binomial(dropped, units, p),
            {"p": p, "units": units},
            f"{p} of the units dropped",
            dropped / units,
            s.lines(p, (500, 500), "print((y == 0).double().mean())"),
            "wrong rate",
        )
        if found:
            return found
    return None


def masks(s: Dropout, p: float, shape: tuple[int, ...], calls: int = 1) -> Array:
    """Return which units were dropped, one call after the other."""
    import torch

    made, x = s.target.value(p).train(), torch.ones(shape, dtype=torch.float64, device=s.device)
    return np.array([(made(x.clone()) == 0).cpu().numpy() for _ in range(calls)])


def independence(s: Dropout, name: str, p: float, marks: Array, shape: tuple[int, ...], calls: int) -> Violation | None:
    """Test that no two rows of marks go together and that rows have as many marks as chance gives them."""
    show = "print(y)" if calls == 1 else "print(y, drop(x))"
    lines = s.lines(p, shape, show)
    (one, other), count, value = pairs_agree(marks, p)
    found = s.unlikely(
        value,
        {"p": p, "shape": list(shape), name: [one, other], "compared": marks.shape[1]},
        f"agreement of {p * p + (1 - p) ** 2:.4f}",
        count / marks.shape[1],
        lines,
        f"{name} {one} and {other} go together",
    )
    if found:
        return found
    return s.unlikely(
        dispersion(marks.sum(axis=1), marks.shape[1], p),
        {"p": p, "shape": list(shape), "counted by": name},
        "counts as spread as binomial ones",
        float(np.std(marks.sum(axis=1))),
        lines,
        f"counts by {name} are not binomial",
    )


def units(s: Dropout) -> Violation | None:
    s.seed_generator("units")
    for p in (0.3, 0.6):
        found = independence(s, "units", p, masks(s, p, (4000, 96))[0].T, (4000, 96), 1)
        if found:
            return found
    return None


def rows(s: Dropout) -> Violation | None:
    s.seed_generator("rows")
    for p in (0.3, 0.6):
        found = independence(s, "rows", p, masks(s, p, (96, 4000))[0], (96, 4000), 1)
        if found:
            return found
    return None


def successive_calls(s: Dropout) -> Violation | None:
    s.seed_generator("calls")
    for p, shape in ((0.3, (40, 100)), (0.6, (4000,))):
        marks = masks(s, p, shape, calls=48)
        found = independence(s, "calls", p, marks.reshape(48, -1), shape, 2)
        if found:
            return found
    return None


def places(s: Dropout) -> Violation | None:
    """The first, the last and every other place of a small tensor is dropped as often, counted over many calls."""
    s.seed_generator("places")
    for p, shape in ((0.3, (5, 8)), (0.6, (2, 3, 4)), (0.5, (1,))):
        calls = 300
        marks = masks(s, p, shape, calls=calls).reshape(calls, -1)
        (worst,), value = most_unusual(marks.sum(axis=0), calls, p)
        found = s.unlikely(
            value,
            {"p": p, "shape": list(shape), "place": worst, "calls": calls},
            p,
            float(marks[:, worst].mean()),
            s.lines(p, shape, "print(y)"),
            f"place {worst} is not dropped with probability p",
        )
        if found:
            return found
    return None


def shifts(s: Dropout) -> Violation | None:
    """No mask is another one, or a part of itself, shifted or mirrored; exact at p = 1/2."""
    s.seed_generator("shifts")
    shape = (100, 80)
    one, two, three = masks(s, 0.5, shape, calls=3).reshape(3, -1)
    for name, (place, count, pairs, value) in (
        ("a mask and itself, shifted", shifts_agree(one, one)),
        ("a mask and itself, mirrored", mirrored_agree(one)),
        ("a mask and the next, shifted", shifts_agree(one, two)),
        ("a mask and the next, mirrored", shifts_agree(one, two[::-1])),
        ("a mask and the next but one, shifted", shifts_agree(one, three)),
    ):
        found = s.unlikely(
            value,
            {"p": 0.5, "shape": list(shape), "compared": name, "place": place, "pairs": pairs},
            "agreement of 0.5",
            count / pairs,
            s.lines(0.5, shape, "print(y, drop(x))"),
            f"{name}, go together",
        )
        if found:
            return found
    return None


def channels(s: Dropout) -> Violation | None:
    """On images, and on sequences, no axis shares its mask."""
    s.seed_generator("channels")
    p = 0.4
    for shape, names in (
        ((40, 24, 10, 10), ("images", "channels", "rows of pixels", "columns of pixels")),
        ((50, 60, 40), ("sequences", "positions", "features")),
    ):
        marks = masks(s, p, shape)[0]
        for axis, name in enumerate(names):
            view = np.moveaxis(marks, axis, 0).reshape(shape[axis], -1)
            found = independence(s, name, p, view, shape, 1)
            if found:
                return found
    return None


def modules(s: Dropout) -> Violation | None:
    """Two modules draw their own masks, and another state of the generator gives another mask."""
    import torch

    p, x = 0.4, np.ones((40, 100))
    drawn = []
    for seed in (s.seeded("modules"), s.seeded("modules") + 1):
        torch.manual_seed(seed)
        drawn += [s.run(p, x)[0][0].ravel() == 0 for _ in range(4)]
    return independence(s, "modules", p, np.array(drawn), (40, 100), 1)


def inputs_do_not_matter(s: Dropout) -> Violation | None:
    """Large, small, negative and zero inputs are dropped alike."""
    s.seed_generator("inputs")
    p = 0.35
    scales = np.repeat([1e-6, -1.0, 1.0, 1e3, -1e-3], 40_000)
    import torch

    made = s.target.value(p).train()
    y = made(torch.tensor(scales, dtype=torch.float64)).detach().numpy()
    for scale in np.unique(scales):
        dropped = int(np.sum(y[scales == scale] == 0))
        found = s.unlikely(
            binomial(dropped, 40_000, p),
            {"p": p, "x": float(scale)},
            p,
            dropped / 40_000,
            s.lines(p, (40_000,), f"print((drop({scale} * x) == 0).double().mean())"),
            f"inputs of {scale} are dropped otherwise",
        )
        if found:
            return found
    return None


def switching(s: Dropout) -> Violation | None:
    """train() and eval() switch, as often as one likes, and leave the input alone."""
    import torch

    s.seed_generator("switching")
    made, x = s.target.value(0.5), torch.ones(2000, dtype=torch.float64)
    for mode in ("train", "eval", "train", "eval", "eval", "train"):
        made.train() if mode == "train" else made.eval()
        y = made(x)
        dropped = bool((y == 0).any())
        if dropped != (mode == "train") or not bool((x == 1).all()):
            lines = s.lines(0.5, (2000,), "print((y == 0).any(), (x == 1).all())", mode)
            seen = "units dropped" if dropped else "none dropped" if bool((x == 1).all()) else "the input was changed"
            return s.wrong(
                {"mode": mode}, "dropped in training only, input unchanged", seen, lines, f"wrong in {mode} mode"
            )
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of dropout."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, holds: Callable[[Dropout], Violation | None]) -> Law:
        return Law(id, claim, theorem, holds)

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
