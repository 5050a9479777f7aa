"""Convolution and pooling: linear maps with shared weights, their adjoints, and what shifts do to them.

Notation: M outputs, K taps f_1..f_K, stride s, dilation d; output t reads the input at the places
place(t, k) = s (t - 1) + d (k - 1) + 1. As in every library, "convolution" is the cross-correlation
sum_k f_k x(place(t, k)); true convolution reverses the filter. Padding is part of the input: a padded input is a
linear function of the image.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import convolution, layers, pooling, images  # isort: skip

__all__ = ["convolution", "images", "layers", "pooling"]
