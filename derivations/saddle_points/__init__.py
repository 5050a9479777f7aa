"""Critical points: what a Hessian decides, how rare minima are, symmetries of networks, and leaving a saddle.

J is the loss, H its Hessian at a critical point; an eigenvalue of each sign makes a saddle. Random models say how
often.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import conditions, random_hessians, symmetries, nonconvex_networks, linear_dynamics  # isort: skip

__all__ = ["conditions", "linear_dynamics", "nonconvex_networks", "random_hessians", "symmetries"]
