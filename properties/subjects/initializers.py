"""The kind `initializer`: the distribution of fresh weights, their fans, and the independence of entries and calls.

Sizes: 160,000 entries see a standard deviation that is off by 2 % with power 0.99 (the variance of a normal sample
is known to
sqrt(2 / 160,000) = 0.35 %, and 4 % > (6.1 + 2.4) * 0.35 %); a uniform bound that is off by as much is seen by the
largest entry alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from .chances import binomial, chi_squared, dispersion, distribution, mirrored_agree, pairs_agree, shifts_agree
from .random_subject import RandomSubject
from .report import Law, NotCheckable, Violation
from .targets import signature

RULES = ("xavier-normal", "xavier-uniform", "he-normal", "he-uniform", "orthogonal")
FORMULAS = {
    "xavier-normal": "normal with mean 0 and variance 2 / (fan_in + fan_out)",
    "xavier-uniform": "uniform on [-a, a] with a = sqrt(6 / (fan_in + fan_out))",
    "he-normal": "normal with mean 0 and variance 2 / fan_in",
    "he-uniform": "uniform on [-a, a] with a = sqrt(6 / fan_in)",
    "orthogonal": "a Haar-distributed orthogonal matrix, cut to shape: the shorter side is orthonormal",
}
Array = np.ndarray


class Initializer(RandomSubject):
    """In-place `f(tensor)` in torch's layout, or `f(shape, rng) -> array` in NumPy's `(fan_in, fan_out)`."""

    def recognize(self) -> None:
        takes = signature(self.target.value)
        self.form = "numpy" if len(takes.demanded) >= 2 or "rng" in takes.names else "torch"
        self.draw((5, 3), 1)

    def draw(self, shape: tuple[int, ...], calls: int, dtype: str = "float64") -> list[Array]:
        """Return fresh weights as `(fan_out, fan_in, *kernel)`, whatever the form, of some calls in a row."""
        if self.form == "numpy":
            found = []
            for _ in range(calls):
                w = np.asarray(self.target.value(shape[::-1], self.generator))
                if w.shape != shape[::-1]:
                    raise ValueError(f"shape must be {shape[::-1]}, got {w.shape}")
                found.append(w.T)
            return found
        import torch

        found = []
        for _ in range(calls):
            w = torch.full(shape, float("nan"), dtype=getattr(torch, dtype), device=self.device)
            self.target.value(w)
            if tuple(w.shape) != shape or w.dtype != getattr(torch, dtype):
                raise ValueError(f"the tensor must stay {shape} of {dtype}, it became {tuple(w.shape)} of {w.dtype}")
            found.append(w.detach().cpu().numpy().copy())
        return found

    def begin(self, law: str, more: int = 0) -> None:
        """Set the generator that the target draws from."""
        self.generator = np.random.default_rng([self.seed, more, *law.encode()])
        if self.form == "torch":
            import torch

            torch.manual_seed(self.seeded(law) + more)

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        super().__post_init__()

    def lines(self, shape: tuple[int, ...], show: str) -> list[str]:
        if self.form == "numpy":
            return ["import numpy as np", f"w = target({shape[::-1]}, np.random.default_rng(0)).T", show]
        return [
            "import torch",
            "torch.manual_seed(0)",
            f"w = torch.empty({shape}, dtype=torch.float64); target(w)",
            show,
        ]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes on which fans, their sum, their mean and their product all differ."""
        plain = ((400, 300), (100, 500), (500, 100), (7, 300))
        return plain if self.form == "numpy" else (*plain, (60, 20, 3, 5), (20, 60, 7), (1000, 4))

    def scale(self, shape: tuple[int, ...]) -> float:
        """The standard deviation (normal) or bound (uniform) that the rule gives a shape."""
        field = math.prod(shape[2:])
        fans = shape[1] * field, shape[0] * field
        mean = fans[0] if self.rule.startswith("he") else sum(fans) / 2
        return math.sqrt((1 if self.rule.endswith("normal") else 3) * (2 if self.rule.startswith("he") else 1) / mean)


def _cdf(s: Initializer, x: Array, scale: float) -> Array:
    return special.ndtr(x / scale) if s.rule.endswith("normal") else np.clip((x / scale + 1) / 2, 0, 1)


def _spread(s: Initializer, w: Array, shape: tuple[int, ...], rounding: float = 1e-6) -> Violation | None:
    """Test variance, bound, largest entry, mean and the whole distribution of independent entries."""
    x, scale = np.sort(w.ravel()), s.scale(shape)
    n, told = len(x), {"shape": list(shape), "entries": len(w.ravel())}
    lines = s.lines(shape, "print(w.std(), abs(w).max())")
    if not np.isfinite(x).all():
        return s.wrong(told, "finite entries", "entries that are not finite or were never set", lines, "not finite")
    if s.rule.endswith("normal"):
        found = s.unlikely(
            chi_squared(float(np.sum((x / scale) ** 2)), n),
            told,
            scale,
            float(np.std(x)),
            lines,
            "wrong standard deviation",
        )
        z = abs(float(np.mean(x))) / scale * math.sqrt(n)
        found = found or s.unlikely(
            2 * float(special.ndtr(-z)), told, 0.0, float(np.mean(x)), lines, "the mean is not 0"
        )
        top = float(max(-x[0], x[-1])) / scale
        inside = n * float(special.log1p(-2 * special.ndtr(-top)))  # log of P(no entry beyond the largest one)
        for value, side in ((math.exp(inside), "truncated"), (-math.expm1(inside), "heavy")):
            found = found or s.unlikely(
                value,
                told,
                f"largest entry about {math.sqrt(2 * math.log(n)) * scale:.4g}",
                top * scale,
                lines,
                f"the tails are {side}",
            )
    else:
        top = float(max(-x[0], x[-1]))
        if top > scale * (1 + rounding):
            return s.wrong(told, f"entries within {scale}", top, lines, "an entry lies beyond the bound")
        found = s.unlikely((top / scale) ** n, told, scale, top, lines, "the bound is not reached")
        z = abs(float(np.mean(x))) / (scale / math.sqrt(3)) * math.sqrt(n)
        found = found or s.unlikely(2 * math.exp(-(z**2) / 6), told, 0.0, float(np.mean(x)), lines, "the mean is not 0")
    distance, value = distribution(x, _cdf(s, x, scale))
    return found or s.unlikely(
        value, told, FORMULAS[s.rule], distance, lines, "not the distribution: largest distance of the cdfs"
    )


def spread(s: Initializer) -> Violation | None:
    s.begin("spread")
    shape = s.shapes[0]
    return _spread(s, s.draw(shape, 2)[1], shape) or _spread(s, np.array(s.draw(shape, 2)), shape)


def tails(s: Initializer) -> Violation | None:
    """As many entries as the rule says lie far out and far in, among a million: sums of a few uniforms have fewer."""
    s.begin("tails")
    shape = (1000, 1000)
    x, scale = np.abs(s.draw(shape, 1)[0]).ravel(), s.scale(shape)
    normal = s.rule.endswith("normal")
    for far in (0.01, 0.5, 2.0, 3.0, 4.0) if normal else (0.001, 0.25, 0.75, 0.99, 0.999):
        beyond = int(np.sum(x > far * scale))
        p = 2 * float(special.ndtr(-far)) if normal else 1 - far
        found = s.unlikely(
            binomial(beyond, x.size, p),
            {"shape": list(shape), "beyond": far * scale},
            p,
            beyond / x.size,
            s.lines(shape, f"print((abs(w) > {far * scale}).mean())"),
            f"wrong share of entries beyond {far} {'standard deviations' if normal else 'of the bound'}",
        )
        if found:
            return found
    return None


def fans(s: Initializer) -> Violation | None:
    s.begin("fans")
    for shape in s.shapes[1:]:
        calls = max(1, 60_000 // math.prod(shape))
        found = _spread(s, np.array(s.draw(shape, calls)), shape)
        if found:
            return found
    return None


def small_shapes(s: Initializer) -> Violation | None:
    """Matrices of a few entries, many times: what is wrong by one unit in a fan is large here."""
    s.begin("small-shapes")
    for shape in (
        ((1, 2), (1, 4), (4, 1), (3, 2)) if s.form == "numpy" else ((1, 2), (1, 4), (4, 1), (3, 2), (2, 1, 2, 3))
    ):
        several = np.array(s.draw(shape, 1200))
        found = _spread(s, several, shape) or _ties(s, "places", several.reshape(1200, -1).T > 0, shape, "signs")
        if found:
            return found
    return None


def single_precision(s: Initializer) -> Violation | None:
    s.begin("float32")
    shape = (300, 200)
    w = s.draw(shape, 1, "float32")[0].astype(float)
    return _orthonormal(s, w, 2.0**-24) if s.rule == "orthogonal" else _spread(s, w, shape)


def half_precision(s: Initializer) -> Violation | None:
    """Half precision is filled alike, or refused; the rounding, 1 / 2048, is far below what the tests see."""
    s.begin("float16")
    shape = (300, 200)
    try:
        (w,) = s.draw(shape, 1, "float16")
    except Exception:
        return None
    return _spread(s, w.astype(float), shape, 2.0**-10)


def _ties(s: Initializer, name: str, marks: Array, shape: tuple[int, ...], what: str) -> Violation | None:
    lines = s.lines(shape, "print(w)")
    (one, other), count, value = pairs_agree(marks, 0.5)
    return s.unlikely(
        value,
        {"shape": list(shape), name: [one, other], "compared": marks.shape[1]},
        f"{what} agree in half of the cases",
        count / marks.shape[1],
        lines,
        f"{name} {one} and {other} go together",
    )


def places(s: Initializer) -> Violation | None:
    """A square matrix is no mirror image, and no part of a matrix is another one or its negative."""
    s.begin("places")
    for shape in ((100, 100), (40, 220)):
        one, two = (w > 0 for w in s.draw(shape, 2))
        flat = one.ravel()
        tried = [
            ("a matrix and itself, shifted", *shifts_agree(flat, flat)),
            ("a matrix and itself, mirrored", *mirrored_agree(flat)),
            ("a matrix and the next, shifted", *shifts_agree(flat, two.ravel())),
        ]
        if shape[0] == shape[1]:
            above = np.triu_indices(shape[0], 1)
            count, pairs = int(np.sum(one[above] == one.T[above])), len(above[0])
            tried.append(("a matrix and its transpose", 0, count, pairs, binomial(count, pairs, 0.5)))
        for name, place, count, pairs, value in tried:
            found = s.unlikely(
                value,
                {"shape": list(shape), "compared": name, "place": place, "pairs": pairs},
                "signs that agree in half of the cases",
                count / pairs,
                s.lines(shape, "print(w)"),
                f"signs of {name}, go together",
            )
            if found:
                return found
    return None


def entries(s: Initializer) -> Violation | None:
    """No two rows, no two columns go together, in sign or in size, and no row is longer than chance has it."""
    s.begin("entries")
    for shape in ((64, 3000), (3000, 64)):
        w = s.draw(shape, 1)[0]
        scale = s.scale(shape) * (special.ndtri(0.75) if s.rule.endswith("normal") else 0.5)
        short, long = (w, w.T) if shape[0] < shape[1] else (w.T, w)
        for what, view in (("signs", short > 0), ("sizes", np.abs(short) > scale)):
            found = _ties(s, "rows" if shape[0] < shape[1] else "columns", view, shape, what)
            if found:
                return found
        for view in (np.abs(short) > scale, np.abs(long) > scale, long > 0, short > 0):
            value = dispersion(view.sum(axis=1), view.shape[1], 0.5)
            found = s.unlikely(
                value,
                {"shape": list(shape)},
                "lengths as spread as chance has them",
                float(np.std(view.sum(axis=1))),
                s.lines(shape, "print((w ** 2).sum(0))"),
                "lengths are not by chance",
            )
            if found:
                return found
    return None


def calls(s: Initializer) -> Violation | None:
    """Calls in a row, and other states of the generator, give fresh weights; the same state gives the same ones."""
    s.begin("calls")
    shape = (50, 60)
    drawn = [w.ravel() for w in s.draw(shape, 24)]
    for more in (1, 2, 3):
        s.begin("calls", more)
        drawn += [w.ravel() for w in s.draw(shape, 2)]
    marks = np.array([w > 0 for w in drawn]) if s.rule != "orthogonal" else np.array([w[:3000] > 0 for w in drawn])
    found = _ties(s, "calls", marks, shape, "signs")
    if found:
        return found
    s.begin("calls", 3)
    again = s.draw(shape, 2)
    if not np.array_equal(np.array([w.ravel() for w in again]), np.array(drawn[-2:])):
        return s.wrong(
            {"shape": list(shape)},
            "the same state, the same weights",
            "other weights",
            s.lines(shape, "print(w)"),
            "the generator that was given is not the one that is used",
        )
    return None


def strided(s: Initializer) -> Violation | None:
    """A tensor that is a transposed view is filled like any other (NumPy: a second call with a fresh generator)."""
    s.begin("strided")
    shape = (300, 200)
    if s.form == "numpy":
        w = s.draw(shape, 1)[0]
    else:
        import torch

        held = torch.full(shape[::-1], float("nan"), dtype=torch.float64, device=s.device).t()
        s.target.value(held)
        w = held.detach().cpu().numpy().copy()
    return _orthonormal(s, w, 2.0**-53) if s.rule == "orthogonal" else _spread(s, w, shape)


# ------------------------------------------------------------------------------------------------ orthogonal


def _orthonormal(s: Initializer, w: Array, unit: float) -> Violation | None:
    flat = w.reshape(len(w), -1)
    short = flat if flat.shape[0] <= flat.shape[1] else flat.T
    off = float(np.max(np.abs(short @ short.T - np.eye(len(short))))) if np.isfinite(short).all() else math.inf
    if off <= 64 * max(flat.shape) * unit:
        return None
    lines = s.lines(w.shape, "f = w.reshape(len(w), -1); f = f if f.shape[0] <= f.shape[1] else f.T; print(f @ f.T)")
    return s.wrong(
        {"shape": list(w.shape)}, "the identity", f"off by {off:.3g}", lines, "the shorter side is not orthonormal"
    )


def orthonormal(s: Initializer) -> Violation | None:
    s.begin("orthonormal")
    shapes: tuple[tuple[int, ...], ...] = ((1, 1), (3, 3), (5, 2), (2, 5), (1, 6), (6, 1), (30, 40), (40, 30))
    for shape in shapes if s.form == "numpy" else (*shapes, (4, 2, 3, 3), (20, 3, 2), (6, 2, 1, 2)):
        for w in s.draw(shape, 3):
            found = _orthonormal(s, w, 2.0**-53)
            if found:
                return found
    return None


def haar(s: Initializer) -> Violation | None:
    """Each entry, before and after a fixed rotation from either side, has the entry's exact distribution."""
    s.begin("haar")
    rng = s.rng("rotations")
    for shape in ((2, 2), (3, 3), (4, 2), (2, 4)):
        n = max(shape)
        several = np.array(s.draw(shape, 1500))
        left, _ = np.linalg.qr(rng.normal(size=(shape[0], shape[0])))
        right, _ = np.linalg.qr(rng.normal(size=(shape[1], shape[1])))
        for name, view in (
            ("as drawn", several),
            ("rotated from the left", left @ several),
            ("rotated from the right", several @ right),
        ):
            for i in range(shape[0]):
                for j in range(shape[1]):
                    x = np.sort(np.clip(view[:, i, j], -1, 1))
                    cdf = 0.5 + 0.5 * np.sign(x) * special.betainc(0.5, (n - 1) / 2, x**2)
                    distance, value = distribution(x, cdf)
                    found = s.unlikely(
                        value,
                        {"shape": list(shape), "entry": [i, j], "calls": 1500, "view": name},
                        f"mean 0, variance 1/{n}, square beta(1/2, {(n - 1) / 2})",
                        [float(np.mean(x)), float(np.var(x))],
                        s.lines(shape, f"print(w[{i}, {j}])  # over many calls"),
                        f"entry {name} has not Haar's distribution: distance {distance:.3g}",
                    )
                    if found:
                        return found
    return None


def determinants(s: Initializer) -> Violation | None:
    """Both signs of the determinant, and of the product of two entries, are equally likely."""
    s.begin("determinants")
    for n in (2, 3, 5):
        several = np.array(s.draw((n, n), 1000))
        for name, count in (
            ("determinants", int(np.sum(np.linalg.det(several) > 0))),
            ("products of entries in a row", int(np.sum(several[:, 0, 0] * several[:, 0, 1] > 0))),
            ("products of entries in a column", int(np.sum(several[:, 0, 0] * several[:, 1, 0] > 0))),
        ):
            found = s.unlikely(
                binomial(count, 1000, 0.5),
                {"shape": [n, n], "calls": 1000},
                f"half of the {name} positive",
                count / 1000,
                s.lines((n, n), "print(w)"),
                f"{name} are not of both signs alike",
            )
            if found:
                return found
    return None


def conv_layout(s: Initializer) -> Violation | None:
    """Rows are fan_out, everything else is flattened beside fan_in."""
    s.begin("conv-layout")
    shapes = ((8, 3), (3, 8)) if s.form == "numpy" else ((8, 2, 2, 2), (3, 4, 2, 2), (4, 3, 5))
    for shape in shapes:
        found = _orthonormal(s, s.draw(shape, 1)[0], 2.0**-53)
        if found:
            return found
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of an initializer."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, holds: Callable[[Initializer], Violation | None]) -> Law:
        def caught(s: Initializer) -> Violation | None:
            try:
                return holds(s)
            except ValueError as error:
                return s.wrong({}, "a filled array of the shape that was asked for", str(error), [], str(error))

        return Law(id, claim, theorem, caught)

    common = (
        law("calls", "calls give fresh weights, from the generator that they are given", calls),
        law("float32", "single precision is filled alike", single_precision),
        law("strided", "a transposed view is filled alike", strided),
    )
    if rule == "orthogonal":
        return (
            law("orthonormal", "the shorter side is orthonormal, for every shape", orthonormal),
            law("haar", "every entry has Haar's distribution, from whichever side the matrix is turned", haar),
            law("determinants", "determinants and products of entries have both signs alike", determinants),
            law("conv-layout", "kernels are flattened beside fan_in", conv_layout),
            *common,
        )
    return (
        law("distribution", "the entries have the rule's distribution: spread, bound, tails, shape", spread),
        law("tails", "among a million entries as many lie far out as the rule says", tails),
        law("fans", "fan_in and fan_out are counted as the rule says, receptive fields included", fans),
        law("small-shapes", "matrices of a few entries have the rule's distribution too", small_shapes),
        law("entries-independent", "no two rows or columns go together", entries),
        law("places-independent", "no part of a matrix is another one, shifted, mirrored or transposed", places),
        law("float16", "half precision is filled alike, or refused", half_precision),
        *common,
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULAS[rule]


def subject(target: Any, rule: str, hyper: Mapping[str, Any], device: str, seed: int) -> Initializer:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"an initializer takes no hyperparameters here, got {', '.join(hyper)}")
    return Initializer(target, rule, hyper, device, seed)
