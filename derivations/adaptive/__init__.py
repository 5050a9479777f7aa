"""Adaptive methods: AdaGrad, RMSProp, AdaDelta and Adam, coordinate by coordinate.

Notation: theta is one coordinate, g_1, g_2, ... the gradients that it meets, lr the learning rate (lambda, epsilon,
eta or alpha in the decks), eps the small constant of the denominator, s accumulated squared gradients, m and v the
two moments of Adam with their decays beta1 and beta2. Every rule is read from `update_rules`.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import (  # isort: skip
    adagrad,
    rmsprop,
    adadelta,
    moments,
    adam,
    invariance,
    convergence,
    weight_decay,
    per_coordinate_rates,
    clipping,
)

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "clipping",
    "convergence",
    "invariance",
    "moments",
    "per_coordinate_rates",
    "rmsprop",
    "weight_decay",
]
