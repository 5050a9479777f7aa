"""Fixtures that several test files share."""

from __future__ import annotations

import pytest

from backproof.properties.subjects.shrinking import Shrinking


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counterexamples are made smaller for a tenth of the usual time: enough for tests that do not read them."""
    monkeypatch.setattr(Shrinking, "seconds", Shrinking.seconds / 10)
