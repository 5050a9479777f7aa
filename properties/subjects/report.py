"""What a check answers: laws, what broke them, and the report that a person, a script or a test-suite reads."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class NotCheckable(ValueError):
    """The question cannot be answered: no such rule, or a target that does not fit, raises or hangs."""


@dataclass(frozen=True)
class Violation:
    """One input on which the target departs from its rule."""

    counterexample: Mapping[str, Any]
    expected: Any
    observed: Any
    snippet: str
    detail: str = ""


@dataclass(frozen=True)
class Law:
    """One sentence that every target of a rule must satisfy, and how it is tried."""

    id: str
    claim: str
    theorem: str
    holds: Callable[[Any], Violation | None]


@dataclass(frozen=True)
class Outcome:
    """What one law said about the target: `holds`, `fails` or `skipped`."""

    id: str
    claim: str
    theorem: str
    verdict: str
    seconds: float = 0.0
    counterexample: Any = None
    expected: Any = None
    observed: Any = None
    snippet: str = ""
    detail: str = ""

    @property
    def law(self) -> str:
        """The law's id."""
        return self.id

    def __str__(self) -> str:
        if self.verdict != "fails":
            return f"{self.id}: {self.verdict}" + (f" ({self.detail})" if self.detail else "")
        lines = [f"{self.id}: {self.claim}", f"  theorem        {self.theorem}"]
        if self.detail:
            lines.append(f"  found          {self.detail}")
        for name, value in dict(self.counterexample or {}).items():
            lines.append(f"  {name:<14} {brief(value)}")
        lines += [f"  expected       {brief(self.expected)}", f"  observed       {brief(self.observed)}"]
        if self.snippet:
            lines += ["  reproduce with", *(f"    {line}" for line in self.snippet.rstrip().splitlines())]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """The verdict on one target under one rule, with every law that ran."""

    target: str
    rule: str
    verdict: str
    laws: tuple[Outcome, ...]
    seconds: float
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    formula: str = ""

    @property
    def conforms(self) -> bool:
        """Whether every law of the rule ran and held."""
        return self.verdict == "conforms"

    @property
    def failures(self) -> list[Outcome]:
        """The laws that failed."""
        return [law for law in self.laws if law.verdict == "fails"]

    @property
    def laws_run(self) -> int:
        """How many laws were tried (a skipped one is not)."""
        return sum(law.verdict != "skipped" for law in self.laws)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        shown = ("id", "claim", "theorem", "verdict", "seconds", "detail")
        failed = ("counterexample", "expected", "observed", "snippet")
        return {
            "target": self.target,
            "rule": self.rule,
            "formula": self.formula,
            "verdict": self.verdict,
            "laws": [
                {name: getattr(law, name) for name in (*shown, *(failed if law.verdict == "fails" else ()))}
                for law in self.laws
            ],
            "laws_run": self.laws_run,
            "seconds": self.seconds,
            "seed": self.seed,
            "versions": dict(self.versions),
        }

    def to_json(self) -> str:
        """Return the report as strict JSON: an infinity or a NaN becomes the string that prints it."""
        return json.dumps(strict(self.as_dict()), indent=2)

    def __str__(self) -> str:
        head = f"{self.target} as {self.rule}: {self.verdict} ({self.laws_run} laws run in {self.seconds:.1f} s)"
        formula = [f"the rule: {self.formula}"] if self.formula and self.failures else []
        told = [str(law) for law in self.laws if law.verdict != "holds"]
        return "\n\n".join([head, *formula, *told])


def brief(value: Any) -> str:
    """Return a value on one line, numbers at full precision, long lists cut."""
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 400 else f"{text[:400]}..."


def strict(value: Any) -> Any:
    """Return a value that every JSON reader accepts."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [strict(each) for each in value]
    return value
