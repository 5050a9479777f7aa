"""The kinds whose targets are functions of arrays: one case in, arrays out, compared with the exact values.

A case is plain data, so that it can be run, shrunk and printed. A kind says how its target is called, what is right,
and how far
rounding may stray; the walk through the cases, the comparison and the shrinking are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import mpmath
import numpy as np

from .report import NotCheckable, Violation
from .shrinking import Shrinking
from .targets import Target

Array = np.ndarray
Changes = dict[str, tuple[Any, Any]]
WIDE = np.longdouble
UNITS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}


@dataclass(frozen=True)
class Case:
    """The inputs of one call, by name, in float64; `dtype` is what floating inputs are given as."""

    inputs: Mapping[str, Any]
    dtype: str = "float64"
    #: what the result's gradient is multiplied by before it is propagated
    upstream: Any = 1.0
    transposed: bool = False
    #: to refuse this input is no wrong answer; nor is it in half precision, which many an operation does not know
    refusable: bool = False
    #: compare twice: the same call again must give the same bits and leave its arguments alone
    watch: bool = False


@dataclass(frozen=True)
class Right:
    """One expected array and how far from it an honest computation may be, entry by entry or as one number."""

    value: Array
    allowed: Any
    #: where several answers are right (a kink, a documented shortcut): the other end of the interval
    other: Array | None = None


@dataclass(frozen=True)
class Found:
    """The output that is wrong, or the argument that was changed, and how."""

    name: str
    expected: Any
    observed: Any
    detail: str
    #: the same call twice: what is told is the second answer minus the first
    twice: bool = False


@dataclass
class FunctionSubject:
    """A target that is a function, together with its rule. A kind subclasses this."""

    target: Target
    rule: str
    hyper: Mapping[str, Any]
    device: str
    seed: int
    conventions: Mapping[str, str] = field(default_factory=dict)
    #: a call as plain as any
    plain: Case = field(init=False)

    def __post_init__(self) -> None:
        self.shrinking = Shrinking()
        if not callable(self.target.value):
            raise NotCheckable(f"target must be callable, got {type(self.target.value).__name__}")
        try:
            self.recognize()
        except NotCheckable:
            raise
        except Exception as error:
            raise NotCheckable(f"the target raised {type(error).__name__} on a plain call: {error}") from error

    def recognize(self) -> None:
        """Find out which form the target has, by the `plain` call."""
        raise NotImplementedError

    def call(self, case: Case) -> tuple[dict[str, Any], Changes]:
        """Return the target's outputs by name, and the arguments that it changed, before and after."""
        raise NotImplementedError

    def right(self, case: Case) -> dict[str, Right]:
        """Return what the outputs must be."""
        raise NotImplementedError

    def smaller(self, case: Case) -> Iterator[Case]:
        """Yield simpler cases to try."""
        return iter(())

    def lines(self, case: Case, found: Found) -> list[str]:
        """Return the lines of a snippet after the target's definition, and what they print: an expression, the last."""
        raise NotImplementedError

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that calls the target once, backward too."""
        return self.lines(self.plain, Found(list(self.right(self.plain))[-1], None, None, ""))[:-1]

    def rng(self, law: str) -> np.random.Generator:
        """The law's own stream of random numbers."""
        return np.random.default_rng([self.seed, *law.encode()])

    def tensor(self, array: Array, case: Case, differentiable: bool = False) -> Any:
        """Return a torch tensor of the case's precision and layout."""
        import torch

        if array.dtype.kind in "iu":
            return torch.tensor(array, device=self.device)
        data = np.array(array.T if case.transposed and array.ndim == 2 else array, order="C")
        made = torch.tensor(data, dtype=getattr(torch, case.dtype), device=self.device)
        if case.transposed and array.ndim == 2:
            made = made.t()
        return made.requires_grad_() if differentiable else made

    def tensor_source(self, array: Array, case: Case, differentiable: bool = False) -> str:
        """Return the Python that makes the same tensor."""
        more = "" if array.dtype.kind in "iu" else f", dtype=torch.{case.dtype}"
        more += "" if self.device == "cpu" else f", device={self.device!r}"
        made = f"torch.tensor({array.tolist()}{more})" if array.size else f"torch.zeros({array.shape}{more})"
        if case.transposed and array.ndim == 2:
            made += ".t().contiguous().t()"
        return made + ".requires_grad_()" * differentiable

    def array(self, array: Array, case: Case) -> Array:
        """Return a NumPy array of its own, of the case's precision and layout."""
        dtype = case.dtype if array.dtype.kind == "f" else array.dtype
        return np.array(array, dtype, order="F" if case.transposed else "C")

    def array_source(self, array: Array, case: Case) -> str:
        """Return the Python that makes the same array."""
        more = f", '{case.dtype}'" if array.dtype.kind == "f" and case.dtype != "float64" else ""
        more += ", order='F'" if case.transposed and array.ndim > 1 else ""
        return f"np.array({array.tolist()}{more})" if array.size else f"np.zeros({array.shape}{more})"

    def violation(self, cases: Iterator[Case]) -> Violation | None:
        """Return the smallest departure found on the first case that shows one."""
        for case in cases:
            found = self.departure(case)
            if found is not None:
                case, found = self.shrunk(case, found)
                found = self.remembered(case) or found
                lines = [self.target.source, *self.snippet(case, found), f"# expected {title(found)}: {found.expected}"]
                return Violation(
                    told(case), found.expected, found.observed, "\n".join(lines), f"{title(found)}: {found.detail}"
                )
        return None

    def snippet(self, case: Case, found: Found) -> list[str]:
        """Return the lines of a snippet that print what was observed."""
        *lines, shown = self.lines(case, found)
        if not found.twice:
            return [*lines, f"print({shown})"]
        return [
            "import numpy as np",
            "def answer():",
            *(f"    {line}" for line in lines),
            f"    return np.array({shown}, float)",
            "first, second = answer(), answer()",
            "print((second - first).tolist())",
        ]

    def departure(self, case: Case) -> Found | None:
        """Return where the target leaves the rule on this case."""
        right = self.right(case)
        try:
            outputs, changed = self.call(case)
            if case.watch:
                for name, (given, now) in changed.items():
                    return Found(name, given, now, f"the target changed {name}")
                found = differing(outputs, self.call(case)[0])
                if found is not None:
                    return found
        except NotCheckable:
            raise
        except Exception as error:
            if case.refusable or case.dtype == "float16":
                return None
            name, value = list(right.items())[-1]  # it takes the whole call, backward too, to come to the last output
            said = f"raised {type(error).__name__}: {error}"
            return Found(name, _plain(value.value), said, f"the target {said}")
        for name, value in right.items():
            found = judged(name, value, outputs.get(name), case)
            if found is not None:
                return found
        return None

    def remembered(self, case: Case) -> Found | None:
        """Return how the same call gives another answer: such a target has to be called twice to see it."""
        try:
            first, second = (self.call(case)[0] for _ in range(2))
            # a graphics card adds up in another order each time
            return differing(first, second, roundings=4 * UNITS[case.dtype])
        except Exception:
            return None

    def shrunk(self, case: Case, found: Found) -> tuple[Case, Found]:
        """Return the smallest case that still departs, found greedily within a time limit."""

        def still(tried: Case) -> Found | None:
            try:
                return self.departure(tried)
            except Exception:  # a case that makes no sense any more
                return None

        return self.shrinking.smallest(case, found, lambda case, _: self.smaller(case), weight, still)


def judged(name: str, right: Right, seen: Any, case: Case) -> Found | None:
    """Return how an output departs from what is right, or None."""
    if seen is None or isinstance(seen, str):
        return Found(name, _plain(right.value), seen, f"{name} must be there, got {seen}")
    seen = np.asarray(seen)
    if seen.shape != right.value.shape:
        return Found(name, _plain(right.value), _plain(seen), f"shape must be {right.value.shape}, got {seen.shape}")
    if seen.dtype.kind not in "fiub":
        return Found(name, _plain(right.value), str(seen.dtype), f"must be real numbers, got {seen.dtype}")
    if not np.isfinite(seen).all():
        return Found(name, _plain(right.value), _plain(seen), "a number that must be finite is not")
    wide = seen.astype(WIDE)
    low, high = (right.value, right.value) if right.other is None else (
        np.minimum(right.value, right.other), np.maximum(right.value, right.other))  # fmt: skip
    off = np.maximum(np.maximum(low - wide, wide - high), 0)
    if (off > right.allowed).any():
        worst = float(np.max(off))
        scale = float(np.max(np.abs(right.value))) or 1.0
        units = worst / (UNITS[case.dtype] * scale)
        return Found(name, _plain(right.value), _plain(seen), f"off by {worst:.3g} ({units:.3g} rounding units)")
    return None


def differing(first: Mapping[str, Any], second: Mapping[str, Any], roundings: float = 0.0) -> Found | None:
    """Return the first output that differs from the one of the same call before, by more than some roundings."""
    for name, one in first.items():
        other = second[name]
        if _same(one, other):
            continue
        off = np.asarray(other, float) - np.asarray(one, float)
        if not (np.abs(off) <= roundings * np.max(np.abs(np.asarray(one, float)), initial=0.0)).all():
            return Found(name, _plain(0 * off), _plain(off), "the same call again gives another answer", twice=True)
    return None


def title(found: Found) -> str:
    """Return what is told of, in words."""
    return f"{found.name} of the second call minus the first" if found.twice else found.name


def listed(text: str, found: Found) -> str:
    """Return the expression of an array's numbers, or of what was seen in their place: none, or another dtype."""
    if found.observed is None:
        return text
    other = isinstance(found.observed, str) and not found.observed.startswith("raised ")
    return f"{text}.dtype" if other else f"{text}.tolist()"


def refusal(call: Callable[[], Any]) -> str:
    """Return what a call raises that cannot succeed."""
    try:
        call()
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    raise AssertionError("this call had to fail")


def changes(arguments: Iterable[tuple[str, Array, Any]], dtype: str) -> Changes:
    """Return the arguments, each with its name, what it was and what it is, that are not what they were."""
    found = {}
    for name, was, now in arguments:
        given, now = rounded(was, dtype) if was.dtype.kind == "f" else was, np.asarray(now)
        if not np.array_equal(now.astype(float), given):
            found[name] = (_plain(given), _plain(now))
    return found


def _same(one: Any, other: Any) -> bool:
    if one is None or isinstance(one, str):
        return bool(one == other)
    return np.shape(one) == np.shape(other) and np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return np.asarray(value).astype(float).tolist()


def told(case: Case) -> dict[str, Any]:
    """Return a case as plain numbers."""
    found: dict[str, Any] = {name: plain(value) for name, value in case.inputs.items()}
    if case.dtype != "float64":
        found["dtype"] = case.dtype
    if not (np.isscalar(case.upstream) and case.upstream == 1.0):
        found["upstream gradient"] = plain(case.upstream)
    if case.transposed:
        found["layout"] = "transposed"
    return found


def plain(value: Any) -> Any:
    """Return arrays, and lists of them, as lists of numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def weight(case: Case) -> tuple[int, int]:
    """How much there is to read in a case."""
    arrays = [np.asarray(a) for value in case.inputs.values() for a in _arrays(value)]
    arrays += [np.asarray(case.upstream)]
    digits = sum(int(np.sum([_digits(float(v)) for v in a.ravel()])) for a in arrays)
    return sum(a.size for a in arrays), digits


def _arrays(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [a for each in value for a in _arrays(each)]
    return [value] if isinstance(value, np.ndarray | float | int) else []


def _digits(value: float) -> int:
    if value in (0.0, 1.0):
        return int(value)
    return 2 if value == round(value) and abs(value) < 100 else 3 if value == round(2 * value) / 2 else 8


def simpler_numbers(array: Array) -> Iterator[Array]:
    """Yield an array with rounder entries: all at once, then one by one."""
    if array.dtype.kind != "f":
        return
    yield np.round(array) + 0.0  # a negative zero becomes a plain one
    yield np.sign(array) + 0.0
    if array.size <= 12:
        for i in range(array.size):
            for value in (0.0, 1.0, float(np.sign(array.flat[i])), float(np.round(array.flat[i]))):
                tried = array.copy()
                tried.flat[i] = value
                yield tried


def with_input(case: Case, **changed: Any) -> Case:
    """Return the case with some inputs replaced."""
    return replace(case, inputs={**case.inputs, **changed})


def exactly(function: Callable[..., Any], *arrays: Array) -> Array:
    """Return `function`, evaluated at 50 digits on each entry, in extended precision."""
    with mpmath.workdps(50):
        broadcast = np.broadcast_arrays(*arrays)
        found = [
            wide(function(*(mpmath.mpf(float(v)) for v in row)))
            for row in zip(*(b.ravel() for b in broadcast), strict=True)
        ]
    return np.array(found, WIDE).reshape(broadcast[0].shape)


def wide(value: Any) -> Any:
    """Return a 50-digit number in extended precision."""
    return WIDE(mpmath.nstr(value, 30))


def rounded(array: Array, dtype: str) -> Array:
    """Return the array as it looks after being given in this precision."""
    return np.asarray(array).astype(dtype).astype(float)
