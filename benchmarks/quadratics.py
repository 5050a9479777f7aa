"""Every first-order rule on ten thousand diagonal quadratics of dimension 32 at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd

from .measure import Row, alternate, medians

#: Small enough for every rule at the largest curvature: all runs last to the end.
LR = 0.01


def rows(problems: int = 10_000, steps: int = 1_000, dimension: int = 32) -> Iterator[Row]:
    """Yield the slowest rule's CPU seconds, for each backend; every rule is run once."""
    rng = np.random.default_rng(0)
    curvature, start = rng.uniform(0.1, 10, (problems, dimension)), rng.normal(size=(problems, dimension))
    diagonal, origin = torch.from_numpy(curvature), torch.from_numpy(start)

    def numpy_rule(name: str) -> None:
        _whole(by_hand.optimizers.minimize(lambda x: curvature * x, start, name, lr=LR, steps=steps, record=False))

    def torch_rule(name: str) -> None:
        _whole(by_autograd.optimizers.minimize(lambda x: diagonal * x, origin, name, lr=LR, steps=steps, record=False))

    for backend, rule in (("NumPy", numpy_rule), ("torch", torch_rule)):
        times = {}
        for name in by_hand.optimizers.OPTIMIZERS:
            times |= medians(alternate({name: lambda _, rule=rule, name=name: rule(name)}, rounds=1, warm_up=False))
        slowest = max(times, key=lambda name: times[name])
        work = f"{problems} quadratics of dimension {dimension}, {steps} steps: {backend}, the slowest rule"
        yield Row(work, times, times[slowest], "at most", 10.0, "s", note=f"slowest: {slowest}; float64, one run each")


def _whole(descent: object) -> None:
    if descent.diverged is not None:  # type: ignore[attr-defined]
        raise AssertionError(f"the run must last to the end, got {descent.diverged}")  # type: ignore[attr-defined]
