"""Tell which published rule a black box implements, and recover its hyperparameters.

The box is run once, for ten steps, on a stored probe of exact rationals. Every candidate is then fitted to what it did,
relative to how far each entry moved. Only a candidate that reproduces every entry to rounding is named; the closest of
the others is the near miss.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from backproof.derivations.further_update_rules import candidates

from ..optimizer_forms import recognized
from ..report import NotCheckable
from ..scenarios import symbols_of
from ..targets import Target
from .observation import defaults, observed
from .prediction import functions
from .probe import PLAIN
from .ranking import Identification, Identifications, ranked


def identified(target: Target, device: str) -> tuple[list[dict[str, Any]], str]:
    """Return the rules that reproduce an optimizer, as JSON values, and the near miss."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a target's own are no news here
        form = recognized(target, {}, device)
        seen, given = observed(form)
    return ranked(seen, {**defaults(form), **symbols_of(given)})


def identify(target: Any, *, kind: str | None = None, device: str = "cpu", timeout: float = 60) -> Identifications:
    """Return the published rules that reproduce a target, the simplest first; an empty list when none does.

    An optimizer's hyperparameters are recovered, also those that it has fixed inside. Of another kind
    (`kind="activation"`) the
    rules are those whose laws all hold.

    Raises:
        NotCheckable: the target does not fit, raises or hangs.
    """
    from ..engine import KINDS, _can_fork, check, kind_of
    from ..isolation import isolated
    from ..targets import describe, load

    if kind is not None and kind not in KINDS:
        kind_of("adam", kind)  # raises with the nearest names
    if kind in (None, "optimizer"):
        if not isinstance(target, str) and "torch" in sys.modules:
            from ..optimizers import warm

            warm()
        # compiled once here, before children are forked from us, and not in each of them
        for candidate in candidates():
            functions(candidate, PLAIN)

        def work() -> Any:
            found = load(target) if isinstance(target, str) else describe(target)
            return identified(found, device)

        (rules, nearest), _ = isolated(work, timeout, fork=_can_fork(device))
        answer = Identifications(Identification(**each) for each in rules)
        answer.nearest = nearest
        return answer
    answer = Identifications()
    for rule in KINDS[kind][1]:
        try:
            report = check(target, rule, kind=kind, device=device, timeout=timeout)
        except NotCheckable:
            continue
        if report.conforms:
            answer.append(Identification(rule, report.formula, {}, 0.0))
    return answer


__all__ = ["Identification", "Identifications", "identify"]
