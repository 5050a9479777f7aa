"""Regularization: what penalties, early stopping, noise, augmentation and shared layers do to the solution.

Notation: J the unpenalized objective, Omega the penalty, alpha (or lambda) its weight; w the weights, b the bias,
w* the minimum of J; in the eigenbasis of the Hessian J = 1/2 sum h_i (w_i - w*_i)^2. The step of descent is eta.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import penalties, l2, l1, weight_decay, early_stopping, augmentation, shared_weights  # isort: skip

__all__ = ["augmentation", "early_stopping", "l1", "l2", "penalties", "shared_weights", "weight_decay"]
