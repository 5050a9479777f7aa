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

from .chances import ALPHA, binomial, chi_squared, distribution, mirrored_agree, shifts_agree
from .random_subject import Misfit, RandomSubject, caught, mirrored, shifted
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


def repeated(runs: list[tuple[int, int]], run: list[str]) -> list[str]:
    """Return the lines that do a run for each seed and its number of calls."""
    if len(runs) == 1:
        return [f"seed, calls = {runs[0][0]}, {runs[0][1]}", *run]
    return [f"for seed, calls in {runs}:", *(f"    {line}" for line in run)]


class Initializer(RandomSubject):
    """In-place `f(tensor)` in torch's layout, or `f(shape, rng) -> array` in NumPy's `(fan_in, fan_out)`."""

    def recognize(self) -> None:
        takes = signature(self.target.value)
        self.form = "numpy" if len(takes.demanded) >= 2 or "rng" in takes.names else "torch"
        self.begin("recognize")
        self.draw((5, 3), 1)

    def draw(self, shape: tuple[int, ...], calls: int, dtype: str = "float64", transposed: bool = False) -> list[Array]:
        """Return fresh weights as `(fan_out, fan_in, *kernel)`, whatever the form, of some calls in a row."""
        return self.runs(shape, [(self.take_seed(), calls)], dtype, transposed)

    def runs(
        self, shape: tuple[int, ...], runs: list[tuple[int, int]], dtype: str = "float64", transposed: bool = False
    ) -> list[Array]:
        """Return the weights of some calls from each of some seeds, one after the other."""
        lines = self.numpy_lines if self.form == "numpy" else self.torch_lines
        self.again = lambda: lines(shape, runs, dtype, transposed)
        found = []
        try:
            for seed, calls in runs:
                if self.form == "numpy":
                    rng = np.random.default_rng(seed)
                    found += [self.returned(shape, rng) for _ in range(calls)]
                else:
                    self.seed_torch(seed)
                    found += [self.filled(shape, dtype, transposed) for _ in range(calls)]
        except Misfit:
            # the last line stacks what need not be of one shape
            self.again = lambda: lines(shape, runs, dtype, transposed)[:-1]
            raise
        return found

    def returned(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        w = np.asarray(self.target.value(shape[::-1], rng)).T
        if w.shape != shape:
            raise Misfit(list(shape), list(w.shape), "print(list(w[-1].shape))")
        return w

    def filled(self, shape: tuple[int, ...], dtype: str, transposed: bool) -> Array:
        import torch

        w = torch.full(shape[::-1] if transposed else shape, torch.nan, dtype=getattr(torch, dtype), device=self.device)
        w = w.t() if transposed else w
        self.target.value(w)
        if tuple(w.shape) != shape:
            raise Misfit(list(shape), list(w.shape), "print(list(w[-1].shape))")
        if w.dtype != getattr(torch, dtype):
            raise Misfit(f"torch.{dtype}", str(w.dtype), "print(w[-1].dtype)")
        return w.detach().cpu().numpy().copy()

    def numpy_lines(self, shape: tuple[int, ...], runs: list[tuple[int, int]], *_: Any) -> list[str]:
        run = [
            "rng = np.random.default_rng(seed)",
            f"w += [np.asarray(target({shape[::-1]}, rng)).T for _ in range(calls)]",
        ]
        return ["import numpy as np", "w = []", *repeated(runs, run), "w = np.array(w)"]

    def torch_lines(
        self, shape: tuple[int, ...], runs: list[tuple[int, int]], dtype: str, transposed: bool
    ) -> list[str]:
        made = f"torch.full({shape[::-1] if transposed else shape}, torch.nan, dtype=torch.{dtype}"
        made += (")" if self.device == "cpu" else f", device={self.device!r})") + (".t()" if transposed else "")
        run = ["torch.manual_seed(seed)", "for _ in range(calls):", f"    w.append({made})", "    target(w[-1])"]
        stacked = "w = np.array([each.detach().cpu().numpy() for each in w], float)"
        return ["import numpy as np", "import torch", "w = []", *repeated(runs, run), stacked]

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that fills a few weights."""
        if self.form == "numpy":
            return ["import numpy as np", "target((3, 5), np.random.default_rng(0))"]
        return ["import torch", "target(torch.empty((5, 3), dtype=torch.float64))"]

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


def _unset(s: Initializer, w: Array, shape: tuple[int, ...], written: str) -> Violation | None:
    if np.isfinite(w).all():
        return None
    missing = int(np.sum(~np.isfinite(w)))
    detail = "entries that are not finite or were never set"
    return s.wrong({"shape": list(shape)}, 0, missing, f"print((~np.isfinite({written})).sum())", detail)


def _spread(
    s: Initializer, w: Array, shape: tuple[int, ...], written: str = "w", rounding: float = 1e-6
) -> Violation | None:
    """Test variance, bound, largest entry, mean and the whole distribution of independent entries."""
    missing = _unset(s, w, shape, written)
    if missing:
        return missing
    x, scale = np.sort(w.ravel()), s.scale(shape)
    n, told = len(x), {"shape": list(shape), "entries": len(w.ravel())}
    top, mean = float(max(-x[0], x[-1])), float(np.mean(x))
    largest, middle = f"print(abs({written}).max())", f"print({written}.mean())"
    if s.rule.endswith("normal"):
        squares = float(np.sum((x / scale) ** 2))
        show = f"print(np.sqrt(np.mean({written} ** 2)))"
        seen = scale * math.sqrt(squares / n)
        found = s.unlikely(chi_squared(squares, n), told, scale, seen, show, "wrong standard deviation")
        z = abs(mean) / scale * math.sqrt(n)
        found = found or s.unlikely(2 * float(special.ndtr(-z)), told, 0.0, mean, middle, "the mean is not 0")
        inside = n * float(special.log1p(-2 * special.ndtr(-top / scale)))  # log of P(no entry beyond the largest one)
        median = -scale * float(special.ndtri(-math.expm1(-math.log(2) / n) / 2))
        for value, side in ((math.exp(inside), "truncated"), (-math.expm1(inside), "heavy")):
            detail = f"the tails are {side}: the largest entry, and its median"
            found = found or s.unlikely(value, told, median, top, largest, detail)
    else:
        if top > scale * (1 + rounding):
            return s.wrong(told, scale, top, largest, "an entry lies beyond the bound")
        found = s.unlikely((top / scale) ** n, told, scale, top, largest, "the bound is not reached")
        z = abs(mean) / (scale / math.sqrt(3)) * math.sqrt(n)
        found = found or s.unlikely(2 * math.exp(-(z**2) / 6), told, 0.0, mean, middle, "the mean is not 0")
    if s.rule.endswith("normal"):
        cdf, same = special.ndtr(x / scale), f"[math.erfc(-each / {scale * math.sqrt(2)}) / 2 for each in x]"
    else:
        cdf, same = np.clip((x / scale + 1) / 2, 0, 1), f"np.clip((x / {scale} + 1) / 2, 0, 1)"
    return found or _distance(s, told, x, f"{written}.ravel()", cdf, same, FORMULAS[s.rule])


def _distance(
    s: Initializer, told: Mapping[str, Any], x: Array, written: str, cdf: Array, same: str, right: str
) -> Violation | None:
    """Test that sorted entries have a distribution function; a snippet writes the entries and the function so."""
    distance, value = distribution(x, cdf)
    limit = math.sqrt(math.log(2 / ALPHA) / (2 * len(x)))
    show = [
        "import math",
        f"x = np.sort({written})",
        f"cdf, steps = np.array({same}), np.arange({len(x) + 1}) / {len(x)}",
        "print(max((steps[1:] - cdf).max(), (cdf - steps[:-1]).max()))",
    ]
    said = "not the distribution: largest distance of the distribution functions"
    return s.unlikely(value, told, f"at most {limit:.3g} from: {right}", distance, "\n".join(show), said)


def spread(s: Initializer) -> Violation | None:
    s.begin("spread")
    shape = s.shapes[0]
    return _spread(s, s.draw(shape, 2)[1], shape, "w[1]") or _spread(s, np.array(s.draw(shape, 2)), shape)


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
            f"print((abs(w) > {far * scale}).mean())",
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
        marks = several.reshape(1200, -1).T > 0
        found = _spread(s, several, shape) or _ties(s, "places", marks, "w.reshape(1200, -1).T > 0", shape, "signs")
        if found:
            return found
    return None


def single_precision(s: Initializer) -> Violation | None:
    s.begin("float32")
    shape = (300, 200)
    w = s.draw(shape, 1, "float32")[0].astype(float)
    return _orthonormal(s, w, 2.0**-24, "w[0]") if s.rule == "orthogonal" else _spread(s, w, shape, "w[0]")


def half_precision(s: Initializer) -> Violation | None:
    """Half precision is filled alike, or refused; the rounding, 1 / 2048, is far below what the tests see."""
    s.begin("float16")
    shape = (300, 200)
    try:
        (w,) = s.draw(shape, 1, "float16")
    except Exception:
        return None
    return _spread(s, w.astype(float), shape, "w[0]", 2.0**-10)


def _ties(s: Initializer, name: str, marks: Array, written: str, shape: tuple[int, ...], what: str) -> Violation | None:
    return s.pairs({"shape": list(shape), "compared by": what}, name, marks, written, 0.5)


def places(s: Initializer) -> Violation | None:
    """A square matrix is no mirror image, and no part of a matrix is another one or its negative."""
    s.begin("places")
    for shape in ((100, 100), (40, 220)):
        one, two = (w > 0 for w in s.draw(shape, 2))
        flat, n = one.ravel(), one.size
        tried = [
            ("a matrix and itself, shifted", "one", *shifts_agree(flat, flat)),
            ("a matrix and itself, mirrored", "", *mirrored_agree(flat)),
            ("a matrix and the next, shifted", "two", *shifts_agree(flat, two.ravel())),
        ]
        for name, other, place, count, pairs, value in tried:
            show = shifted("one", other, place, n) if other else mirrored("one", place, n)
            found = s.unlikely(
                value,
                {"shape": list(shape), "compared": name, "place": place, "pairs": pairs},
                0.5,
                count / pairs,
                f"one, two = w.reshape(2, -1) > 0\n{show}",
                f"signs of {name}, go together: how often they agree",
            )
            if found:
                return found
        if shape[0] == shape[1]:
            above = np.triu_indices(shape[0], 1)
            count, pairs = int(np.sum(one[above] == one.T[above])), len(above[0])
            found = s.unlikely(
                binomial(count, pairs, 0.5),
                {"shape": list(shape), "compared": "a matrix and its transpose", "pairs": pairs},
                0.5,
                count / pairs,
                f"above = np.triu_indices({shape[0]}, 1)\nprint(((w[0] > 0)[above] == (w[0].T > 0)[above]).mean())",
                "signs of a matrix and its transpose go together: how often they agree",
            )
            if found:
                return found
    return None


def entries(s: Initializer) -> Violation | None:
    """No two rows, no two columns go together, in sign or in size, and no row is longer than chance has it."""
    s.begin("entries")
    for shape in ((64, 3000), (3000, 64)):
        w = s.draw(shape, 1)[0]
        scale = s.scale(shape) * (float(special.ndtri(0.75)) if s.rule.endswith("normal") else 0.5)
        sides = [("rows", w, "w[0]"), ("columns", w.T, "w[0].T")]
        if shape[0] > shape[1]:
            sides.reverse()
        signs = [(name, each > 0, f"{written} > 0") for name, each, written in sides]
        sizes = [(name, abs(each) > scale, f"abs({written}) > {scale}") for name, each, written in sides]
        for what, view in (("signs", signs[0]), ("sizes", sizes[0])):
            found = _ties(s, *view, shape, what)
            if found:
                return found
        for what, view in (("sizes", sizes[0]), ("sizes", sizes[1]), ("signs", signs[1]), ("signs", signs[0])):
            found = s.counts({"shape": list(shape), "compared by": what}, *view, 0.5)
            if found:
                return found
    return None


def calls(s: Initializer) -> Violation | None:
    """Calls in a row, and other states of the generator, give fresh weights; the same state gives the same ones."""
    s.begin("calls")
    shape = (50, 60)
    runs = [(s.take_seed(), count) for count in (24, 2, 2, 2)]
    marks = np.array(s.runs(shape, runs)).reshape(30, -1) > 0
    found = _ties(s, "calls", marks, "w.reshape(30, -1) > 0", shape, "signs")
    if found:
        return found
    one, two, three, four = s.runs(shape, [runs[-1]] * 2)
    if not (np.array_equal(one, three) and np.array_equal(two, four)):
        detail = "the generator that was given is not the one that is used: from the same state the same weights?"
        return s.wrong({"shape": list(shape)}, True, False, "print(np.array_equal(w[:2], w[2:]))", detail)
    return None


def strided(s: Initializer) -> Violation | None:
    """A tensor that is a transposed view is filled like any other (NumPy: a second call with a fresh generator)."""
    s.begin("strided")
    shape = (300, 200)
    (w,) = s.draw(shape, 1, transposed=True)
    return _orthonormal(s, w, 2.0**-53, "w[0]") if s.rule == "orthogonal" else _spread(s, w, shape, "w[0]")


# ------------------------------------------------------------------------------------------------ orthogonal


def _orthonormal(s: Initializer, w: Array, unit: float, written: str) -> Violation | None:
    flat = w.reshape(len(w), -1)
    short, side = (flat, "") if flat.shape[0] <= flat.shape[1] else (flat.T, ".T")
    missing = _unset(s, w, w.shape, written)
    if missing:
        return missing
    off = float(np.max(np.abs(short @ short.T - np.eye(len(short)))))
    if off <= 64 * max(flat.shape) * unit:
        return None
    show = f"f = {written}.reshape({len(w)}, -1){side}\nprint(abs(f @ f.T - np.eye({len(short)})).max())"
    return s.wrong({"shape": list(w.shape)}, 0.0, off, show, "the shorter side times itself is not the identity")


def orthonormal(s: Initializer) -> Violation | None:
    s.begin("orthonormal")
    shapes: tuple[tuple[int, ...], ...] = ((1, 1), (3, 3), (5, 2), (2, 5), (1, 6), (6, 1), (30, 40), (40, 30))
    for shape in shapes if s.form == "numpy" else (*shapes, (4, 2, 3, 3), (20, 3, 2), (6, 2, 1, 2)):
        for k, w in enumerate(s.draw(shape, 3)):
            found = _orthonormal(s, w, 2.0**-53, f"w[{k}]")
            if found:
                return found
    return None


#: side -> the distribution function of an entry, whose square is beta(1/2, (side - 1) / 2)
HAAR = {
    2: "0.5 + np.arcsin(x) / np.pi",
    3: "0.5 + x / 2",
    4: "0.5 + (np.arcsin(x) + x * np.sqrt(1 - x * x)) / np.pi",
}


def haar(s: Initializer) -> Violation | None:
    """Each entry, before and after a fixed rotation from either side, has the entry's exact distribution."""
    s.begin("haar")
    rng = np.random.default_rng(s.take_seed())
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
            for i, j in np.ndindex(shape):
                written = f"w[:, {i}, {j}]"
                if name == "rotated from the left":
                    written = f"w[:, :, {j}] @ {left[i].tolist()}"
                if name == "rotated from the right":
                    written = f"w[:, {i}] @ {right[:, j].tolist()}"
                x = np.sort(np.clip(view[:, i, j], -1, 1))
                cdf = 0.5 + 0.5 * np.sign(x) * special.betainc(0.5, (n - 1) / 2, x**2)
                entry = {"shape": list(shape), "entry": [i, j], "calls": 1500, "view": name}
                entry |= {"mean": float(np.mean(x)), "variance": float(np.var(x))}
                law = f"mean 0, variance 1/{n}, square beta(1/2, {(n - 1) / 2})"
                found = _distance(s, entry, x, f"np.clip({written}, -1, 1)", cdf, HAAR[n], law)
                if found:
                    return found
    return None


def determinants(s: Initializer) -> Violation | None:
    """Both signs of the determinant, and of the product of two entries, are equally likely."""
    s.begin("determinants")
    for n in (2, 3, 5):
        w = np.array(s.draw((n, n), 1000))
        for name, each, written in (
            ("determinants", np.linalg.det(w), "np.linalg.det(w)"),
            ("products of entries in a row", w[:, 0, 0] * w[:, 0, 1], "w[:, 0, 0] * w[:, 0, 1]"),
            ("products of entries in a column", w[:, 0, 0] * w[:, 1, 0], "w[:, 0, 0] * w[:, 1, 0]"),
        ):
            count = int(np.sum(each > 0))
            found = s.unlikely(
                binomial(count, 1000, 0.5),
                {"shape": [n, n], "calls": 1000},
                0.5,
                count / 1000,
                f"print(({written} > 0).mean())",
                f"{name} are not of both signs alike: how many are positive",
            )
            if found:
                return found
    return None


def conv_layout(s: Initializer) -> Violation | None:
    """Rows are fan_out, everything else is flattened beside fan_in."""
    s.begin("conv-layout")
    shapes = ((8, 3), (3, 8)) if s.form == "numpy" else ((8, 2, 2, 2), (3, 4, 2, 2), (4, 3, 5))
    for shape in shapes:
        found = _orthonormal(s, s.draw(shape, 1)[0], 2.0**-53, "w[0]")
        if found:
            return found
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of an initializer."""
    theorem = f"{rule}: {FORMULAS[rule]}"

    def law(id: str, claim: str, holds: Callable[[Initializer], Violation | None]) -> Law:
        return Law(id, claim, theorem, caught(id, claim, holds))

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
