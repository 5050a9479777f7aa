"""Learning-rate schedules: their sums, what the Robbins-Monro conditions ask of them, and what decay buys.

The conditions on the rates are (S1) their sum diverges and (S2) the sum of their squares converges. Each verdict is an
explicit bound for every number K of terms, by induction: a divergent sum exceeds a function of K that grows without
end, a convergent one stays below a constant.
"""

from __future__ import annotations

# In the order of reading, which is the order of the catalogue.
from . import robbins_monro, decay, linear_decay, noise, travel, cyclical  # isort: skip

__all__ = ["cyclical", "decay", "linear_decay", "noise", "robbins_monro", "travel"]
