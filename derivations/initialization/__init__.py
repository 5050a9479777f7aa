"""Initialization: the variance of the weights that keeps the variance of activations and gradients.

Notation: a layer of n_in inputs and n_out outputs; y_j = sum_i w_ij x_i forward, g_i = sum_j w_ij h_j backward.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import xavier, he, symmetry, depth, plateau  # isort: skip

__all__ = ["depth", "he", "plateau", "symmetry", "xavier"]
