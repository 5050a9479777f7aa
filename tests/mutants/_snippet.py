"""Whether the snippet of a failure does what it is for: to show the deviation again, without backproof."""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from typing import Any

import numpy as np


def reproduces(failure: Any, target: Any) -> str:
    """Return "" if the snippet's last printed line is what the law observed, else what it did instead."""
    observed = str(failure.observed)
    try:
        last = printed(failure.snippet, target)
    except Exception as error:
        said = f"raised {type(error).__name__}: {error}"
        return "" if observed in (said, str(error)) else said
    # the second answer of a call less the first one carries the roundings of both
    rounding = 2.0**-9 if failure.counterexample.get("dtype") == "float16" else 1e-6
    return "" if alike(last, failure.observed, rounding) else f"printed {last[:200]!r} for {observed[:200]!r}"


def printed(snippet: str, target: Any) -> str:
    """Return the last line that the snippet prints of this target: a mutant need not have a name to be imported by."""
    lines, out = snippet.splitlines(), io.StringIO()
    named = next(i for i, line in enumerate(lines) if line.startswith("target = "))
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec("\n".join(["target = TARGET", *lines[named + 1 :]]), {"TARGET": target})
    return out.getvalue().strip().rpartition("\n")[2]


def alike(told: str, observed: Any, rounding: float = 1e-6) -> bool:
    """Whether the text says these numbers, within a relative rounding, or this word."""
    if told == str(observed):
        return True
    try:
        numbers, wanted = np.asarray(eval(told, {"nan": math.nan, "inf": math.inf}), float), np.asarray(observed, float)
        return numbers.shape == wanted.shape and np.allclose(numbers, wanted, rtol=rounding, atol=0, equal_nan=True)
    except Exception:
        return False
