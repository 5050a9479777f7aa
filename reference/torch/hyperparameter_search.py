"""Random and grid search, and coarse to fine; NumPy's, since nothing in them depends on the backend."""

from __future__ import annotations

from ..numpy.hyperparameter_search import Range, Search, coarse_to_fine, grid_search, random_search

__all__ = ["Range", "Search", "coarse_to_fine", "grid_search", "random_search"]
