"""Whether the snippet of a failure does what it is for: to show the deviation again, without backproof."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np


def reproduces(failure: Any, target: Any) -> str:
    """Return "" if the snippet's last printed line is what the law observed, else what it did instead."""
    lines = failure.snippet.splitlines()
    # A mutant need not have a name that can be imported.
    named = next((i for i, line in enumerate(lines) if line.startswith("target = ")), None)
    if named is None:
        return "no target is defined"
    code, printed = "\n".join(["target = TARGET", *lines[named + 1 :]]), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {"TARGET": target})
    except Exception as error:
        said = f"raised {type(error).__name__}"
        return "" if said in str(failure.observed) else f"{said}: {error}"
    last = printed.getvalue().strip().rpartition("\n")[2]
    return "" if alike(last, failure.observed) else f"printed {last[:200]!r} for {str(failure.observed)[:200]!r}"


def alike(printed: str, observed: Any) -> bool:
    """Whether the text says these numbers, or this word."""
    if printed == str(observed):
        return True
    try:
        told = eval(printed, {"nan": math.nan, "inf": math.inf})
        return bool(
            np.allclose(np.asarray(told, float), np.asarray(observed, float), rtol=1e-6, atol=0, equal_nan=True)
        )
    except Exception:
        return False
