"""Other people's implementations as subjects: their forms, the laws of each kind, and the pytest items made of them."""

from __future__ import annotations

from .report import NotCheckable, Outcome, Report
from .suite import conformance

__all__ = ["NotCheckable", "Outcome", "Report", "conformance"]
