"""Backpropagation: the gradient of a network of any depth and any width, from the chain rule down to its cost.

Notation: a^(k) = W^(k) h^(k-1) + b^(k) are the pre-activations of layer k, h^(k) = phi(a^(k)) its outputs, h^(0) = x,
and delta^(k) is the gradient of the loss in a^(k). phi is an arbitrary smooth function; phi' is its derivative. Layers
of different widths are layers of one width n with rows and columns of zeros.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import layers, chain_rule, softmax, misprints, cost, objectives  # isort: skip

__all__ = ["chain_rule", "cost", "layers", "misprints", "objectives", "softmax"]
