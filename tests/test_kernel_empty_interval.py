"""A claim that a variable helped to show holds also where the variable's interval is empty, or it is not shown."""

from __future__ import annotations

import pytest

from backproof.derivations.kernel import Le, Lt, NotShown, Proof


def test_monotone_needs_the_low_end_visibly_below_the_high_end() -> None:
    t = Proof()
    x = t.real("x")
    s = t.real("s", 0, x)  # no s exists for x < 0, where the claim is false
    with pytest.raises(NotShown, match="0 <= x is not visible"):
        t.monotone(Le(0, x), s, s, because="the identity increases")


def test_a_strict_claim_needs_two_different_ends() -> None:
    t = Proof()
    x = t.nonnegative("x")
    s = t.real("s", 0, x)
    t.monotone(Le(0, x), s, s, because="the identity increases")
    with pytest.raises(NotShown, match="0 < x is not visible"):
        t.monotone(Lt(0, x), s, s, because="the identity increases")
