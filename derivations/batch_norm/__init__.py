"""Batch normalization: what it does to a batch, its gradient, and what it makes the loss blind to.

Notation: x_1..x_m is one feature over a batch, mu its mean, sigma^2 = 1/m sum (x_i - mu)^2 its (biased) variance,
eps > 0, s = sqrt(sigma^2 + eps), xhat_i = (x_i - mu)/s and y_i = gamma xhat_i + beta.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import forward, gradients, invariance, inference  # isort: skip

__all__ = ["forward", "gradients", "inference", "invariance"]
