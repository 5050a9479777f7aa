"""Counterexamples made smaller, greedily, within a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Case = TypeVar("Case")
Found = TypeVar("Found")


class Shrinking:
    """The time that a target's laws have together for making their counterexamples smaller."""

    seconds = 1.0

    def __init__(self) -> None:
        self.left = self.seconds

    def smallest(
        self,
        case: Case,
        found: Found,
        smaller: Callable[[Case, Found], Iterable[Case]],
        weight: Callable[[Case], Any],
        departure: Callable[[Case], Found | None],
    ) -> tuple[Case, Found]:
        """Return the smallest case met that still departs, with its departure; half of the time left is for this one.

        Args:
            case, found: a case that departs, and how.
            smaller: simpler cases to try, the boldest first.
            weight: how much there is to read in a case; one that is no lighter is not tried.
            departure: None where a case does not depart, or makes no sense.
        """
        begun = time.monotonic()
        limit = begun + max(self.left / 2, self.seconds / 50)
        improved = True
        while improved and time.monotonic() < limit:
            improved = False
            for tried in smaller(case, found):
                if time.monotonic() > limit:
                    break
                still = departure(tried) if weight(tried) < weight(case) else None
                if still is not None:
                    case, found, improved = tried, still, True
                    break
        self.left -= time.monotonic() - begun
        return case, found
