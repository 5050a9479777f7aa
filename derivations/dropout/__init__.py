"""Dropout: what the average over all masks is, and when one pass with scaled weights gives it.

Notation: mu_1..mu_n is the mask, mu_i = 0 with probability p (dropped) and 1 with q = 1 - p (kept); x the inputs,
W and b the softmax layer after them. Decks 000, 002 and 003 call p the probability to drop, deck 004 that to keep.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import weight_scaling, masked_layer, ridge, ensemble  # isort: skip

__all__ = ["ensemble", "masked_layer", "ridge", "weight_scaling"]
