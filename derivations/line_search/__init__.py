"""How far to step: directions, the change along one, exact search and its zig-zag, the rates of fixed and exact steps.

f(x) = 1/2 sum_i lambda_i x_i^2 in the eigenbasis; the gradient is g_i = lambda_i x_i, and the exact step is g'g / g'Ag.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import exact_search, directions, strongly_convex, convex, landscapes  # isort: skip

__all__ = ["convex", "directions", "exact_search", "landscapes", "strongly_convex"]
