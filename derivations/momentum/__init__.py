"""Momentum: what the velocity is, which printed forms are the same method, and what it does to a quadratic.

Notation: alpha is the momentum (gamma in deck 004, beta in deck 002), lr the learning rate, v the velocity, g_1, g_2,
... the gradients that a run meets, h = lr * lambda the step in units of the curvature. Every rule is read from
`update_rules`, so that these theorems speak of the very expressions that implementations are held to.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import (  # isort: skip
    velocity,
    forms,
    nesterov,
    roots,
    heavy_ball,
    nesterov_on_quadratics,
    convex,
    limits,
    runs,
    keras_sgd,
)

__all__ = [
    "convex",
    "forms",
    "heavy_ball",
    "keras_sgd",
    "limits",
    "nesterov",
    "nesterov_on_quadratics",
    "roots",
    "runs",
    "velocity",
]
