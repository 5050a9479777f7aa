"""Hold somebody's implementation to a published rule, or tell which rule it is."""

from __future__ import annotations

from backproof.properties.subjects.engine import check
from backproof.properties.subjects.identification import Identification, Identifications, identify
from backproof.properties.subjects.report import NotCheckable, Outcome, Report

__all__ = ["Identification", "Identifications", "NotCheckable", "Outcome", "Report", "check", "identify"]
