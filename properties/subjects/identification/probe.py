"""The stored probe: where the parameters start and which gradients they get, in exact rationals.

One tensor has sign changes, zeros, large gradients and then small ones; one starts at 0 and has gradients far below the
usual epsilons and far above them; one gets no gradient, and moves by decay alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F

import numpy as np

Array = np.ndarray
#: the step before which the rate is halved, in forms whose rate can change
HALVED = 6
STEPS = 10

STARTS: tuple[tuple[F, ...], ...] = (
    tuple(F(n, 8) for n in (7, -5, 3, 12, -9, 2)),
    tuple(F(0) for _ in range(8)),
    (F(3, 4), F(-5, 2)),
)
MIXED: tuple[tuple[F, ...], ...] = tuple(
    tuple(F(n, 16) for n in row)
    for row in (
        (16, -24, 8, 40, -3, 5),
        (-8, -20, 0, 96, 5, -1),
        (24, 6, -30, -12, 7, 2),
        (4, -2, 11, 3, -64, 8),
        (0, 9, -7, 1, 2, -4),
        (-36, 1, 3, -2, 6, 1),
        (2, -5, 13, 7, -1, -9),
        (10, 4, -6, 1, 3, 30),
        (-1, 2, 8, -5, 9, -3),
        (7, -14, 2, 6, -4, 1),
    )
)
SCALES = (*(F(1, 10**k) for k in (10, 9, 8, 7, 5, 3)), F(1), F(60))
PATTERN = (3, 2, -1, 4, 1, -2, 3, -4, 1, 2)
GRADIENTS: tuple[tuple[tuple[F, ...], ...], ...] = tuple(
    (MIXED[k], tuple(F(PATTERN[(k + 3 * i) % 10], 2) * scale for i, scale in enumerate(SCALES)), (F(0), F(0)))
    for k in range(STEPS)
)


@dataclass(frozen=True)
class Probe:
    """The same numbers in tensors of these shapes."""

    shapes: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """The number of entries of each tensor."""
        return [int(np.prod(shape)) for shape in self.shapes]

    @property
    def starts(self) -> list[Array]:
        """Where each tensor starts, rounded once to float64."""
        return [_rounded(numbers).reshape(shape) for numbers, shape in zip(STARTS, self.shapes, strict=True)]

    @property
    def gradients(self) -> list[list[Array]]:
        """The gradients of each step, tensor by tensor."""
        return [
            [_rounded(numbers).reshape(shape) for numbers, shape in zip(row, self.shapes, strict=True)]
            for row in GRADIENTS
        ]


def _rounded(numbers: tuple[F, ...]) -> Array:
    return np.array([float(x) for x in numbers])


#: every entry in one row, as candidates see it
START = np.concatenate([_rounded(numbers) for numbers in STARTS])
ROWS = [np.concatenate([_rounded(numbers) for numbers in row]) for row in GRADIENTS]
ORPHANS = slice(len(START) - len(STARTS[-1]), None)  # the entries that get no gradient

PLAIN = Probe(((2, 3), (8,), (2,)))
MATRICES = Probe(((2, 3), (4, 2), (1, 2)))  # for what takes nothing else
