"""Expressivity: what a network with ReLU units is as a function, how many pieces it has, and what it can approximate.

A unit is relu(a) = max(a, 0) of its pre-activation a = w'x + b. Where no unit changes its sign the network is affine;
that set is a cell, and the signs of all units on it are its pattern.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import one_layer, pieces, examples, approximator, approximation, limits  # isort: skip

__all__ = ["approximation", "approximator", "examples", "limits", "one_layer", "pieces"]
