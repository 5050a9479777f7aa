"""Gradient descent on quadratics: when it converges, how fast, and which fixed step is best.

f(x) = 1/2 x'Ax in the eigenbasis of A is 1/2 sum lambda_i x_i^2; a rotation changes neither gradient descent nor f, so
all that follows holds for every symmetric positive definite A and every dimension d.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import fixed_step, eigenbasis, condition_number, minimum, regimes, optimal_steps  # isort: skip

__all__ = ["condition_number", "eigenbasis", "fixed_step", "minimum", "optimal_steps", "regimes"]
