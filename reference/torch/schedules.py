"""Schedules: functions from the step t, counted from 0, to the rate; NumPy's, which fit both trainers."""

from __future__ import annotations

from ..numpy.schedules import (
    Plateau,
    Schedule,
    constant,
    cosine,
    exponential,
    inverse_time,
    linear,
    power,
    step,
    triangular,
)

__all__ = [
    "Plateau",
    "Schedule",
    "constant",
    "cosine",
    "exponential",
    "inverse_time",
    "linear",
    "power",
    "step",
    "triangular",
]
