"""Inputs for laws, named for what they produce; magnitudes are bounded by construction, never by rejection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

EPS = float(np.finfo(np.float64).eps)
#: Class counts: the smallest, rectangular, and one at which a naive softmax loses digits.
CLASSES = (2, 3, 10, 1000)


@dataclass(frozen=True)
class Scores:
    """Logits `(batch, classes)` and a class for each row."""

    logits: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Quadratic:
    """1/2 x'Ax with A = Q diag(eigenvalues) Q'; eigenvalues in [smallest, smallest + gap], both ends attained."""

    smallest: float
    gap: float
    shares: np.ndarray  # u in [0, 1]: eigenvalue = smallest + gap u
    rotation: np.ndarray
    start: np.ndarray  # coordinates in the eigenbasis

    @property
    def eigenvalues(self) -> np.ndarray:
        return self.smallest + self.gap * self.shares

    @property
    def hessian(self) -> np.ndarray:
        product = (self.rotation * self.eigenvalues) @ self.rotation.T
        return (product + product.T) / 2

    @property
    def point(self) -> np.ndarray:
        return self.rotation @ self.start


def magnitudes(low: float, high: float) -> st.SearchStrategy[float]:
    """Positive floats, spread evenly over their logarithm (Hypothesis' own floats crowd at 0 and 1)."""
    grid = np.geomspace(low, high, 257)
    return st.integers(0, 256).map(lambda i: float(grid[i]))


def seeds() -> st.SearchStrategy[int]:
    """Seeds of a NumPy generator: what a strategy cannot shrink is drawn from one."""
    return st.integers(0, 2**32 - 1)


@st.composite
def scores(draw: Any, scale: float = 1e4) -> Scores:
    """Batches of one row and more, 2 to 1000 classes, logits up to +-scale, ties and equal rows included."""
    classes, batch = draw(st.sampled_from(CLASSES)), draw(st.integers(1, 4))
    size = draw(st.sampled_from((0.0, 1e-3, 1.0, 30.0, scale)))
    if classes <= 3:
        logits = draw(arrays(np.float64, (batch, classes), elements=st.floats(-size, size, allow_subnormal=False)))
    else:
        logits = np.random.default_rng(draw(seeds())).uniform(-size, size, (batch, classes))
    labels = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=batch, max_size=batch)))
    return Scores(logits, labels)


@st.composite
def quadratics(draw: Any, largest_condition: float = 1e6, dimensions: tuple[int, int] = (1, 8)) -> Quadratic:
    """Positive definite quadratics in any orientation, condition numbers from 1 (to 1e-6) to the given one."""
    d = draw(st.integers(*dimensions))
    smallest = draw(magnitudes(1e-3, 1e3))
    gap = smallest * draw(magnitudes(1e-6, largest_condition)) * (d > 1)
    rng = np.random.default_rng(draw(seeds()))
    shares = rng.uniform(0, 1, d)
    shares[0], shares[-1] = 0.0, 1.0 if d > 1 else 0.0
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
    start = rng.uniform(-1, 1, d) * draw(magnitudes(1e-3, 1e3))
    return Quadratic(smallest, gap, shares, rotation, start)
