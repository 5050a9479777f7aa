"""Activations: the functions that make a network nonlinear, with their slopes, their bounds and how they saturate.

Notation: sigma(z) = 1/(1 + e^-z), relu(a) = max(0, a), leaky_alpha(z) = max(0, z) + alpha min(0, z). Bounds in |z| are
shown for y >= 0 and hold for -y by the symmetry stated beside them.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import sigmoid, hyperbolic_tangent, relu, piecewise_linear  # isort: skip

__all__ = ["hyperbolic_tangent", "piecewise_linear", "relu", "sigmoid"]
