"""More published optimizer rules and silent variants, for telling which one a black box implements.

Written as in `update_rules`: one SymPy map from a state to the next state an entry. A few functions look at the tensor
that an entry belongs to: `Norm(x)` is its Euclidean norm, `RootMeanSquare(x)` that over the root of its size,
`RowLargest(x)` and `ColumnLargest(x)` the largest of the entry's row and column (of a vector, the entry itself), and
`Factored(x)` is x for a vector and, for a matrix, the mean of the entry's row times the mean of its column over the
mean of all. `Rows(x)` and `Columns(x)` count, `OfMatrix(x, y)` is x where there is a matrix and y elsewhere, and
`Orthogonalized(x, added)` is what five Newton-Schulz steps make of a matrix divided by its norm plus `added`;
`OrthogonalizedInHalf(x)` is that in bfloat16. A rule here has no entry in the contract of conformance; it only has a
name.
"""

from __future__ import annotations

from functools import lru_cache

from . import adaptive, gradient, matrices, published, tensorwise
from .candidate import DECAYS, Candidate, for_matrices, looks, places_of_decay, with_decay


@lru_cache(maxsize=1)
def candidates() -> tuple[Candidate, ...]:
    """Return every undecayed rule, the simplest first."""
    parts = (published, gradient, adaptive, tensorwise, matrices)
    return tuple(sorted((each for part in parts for each in part.rules()), key=lambda c: len(c.hyperparameters)))


__all__ = ["DECAYS", "Candidate", "candidates", "for_matrices", "looks", "places_of_decay", "with_decay"]
