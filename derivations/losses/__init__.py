"""Losses: what a network's output is compared with, and the gradient that starts backpropagation.

Notation: a_1..a_K are the logits of one example, y its class, f = softmax(a), e(y) the one-hot vector of y; H is the
entropy and KL the Kullback-Leibler divergence. Probabilities are positive weights divided by their sum, so that no
hypothesis about sums is needed. One inequality, e^u >= 1 + u, carries every bound between logarithms.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import (  # isort: skip
    tangent_line,
    softmax,
    entropy,
    likelihood,
    cross_entropy,
    classification,
    output_layers,
    pinsker,
)

__all__ = [
    "classification",
    "cross_entropy",
    "entropy",
    "likelihood",
    "output_layers",
    "pinsker",
    "softmax",
    "tangent_line",
]
