"""Stochastic gradients: what a sample of the examples gives, how noisy it is, and where descent with it ends up.

Notation: g_1..g_n are the gradients of the n examples at one point (one coordinate; coordinates add up), mean their
average, sigma^2 = 1/n sum (g_i - mean)^2 their variance; D[s, i] = 1 if the s-th draw is example i; b is the batch
size, eta the step.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import minibatch, sampling, epochs, noise_floor, convex, one_weight, shuffling  # isort: skip

__all__ = ["convex", "epochs", "minibatch", "noise_floor", "one_weight", "sampling", "shuffling"]
