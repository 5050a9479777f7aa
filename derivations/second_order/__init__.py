"""Second-order methods: what Newton's step knows that the gradient does not, and what it needs.

Notation: f(x) = 1/2 sum lambda_i (x_i - c_i)^2 in the eigenbasis of its Hessian, which stands for every quadratic
with an invertible Hessian: a rotation changes neither Newton's step nor f. g is the gradient, H the Hessian.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import newton, noise, practice  # isort: skip

__all__ = ["newton", "noise", "practice"]
