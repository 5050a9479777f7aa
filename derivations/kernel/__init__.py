"""The proof kernel: topic-free, and the only code that may say "proved"."""

from functools import partial as _partial

import sympy as _sympy

from .expressions import Expectation, index, product, total
from .laws import Law, bernoulli, choices, correlated, finite, gaussian, independent, orders
from .ledger import Fact, Refuted
from .proof import Proof
from .scope import NotShown, Scope
from .theorem import Derivation, Entry, Source, misprint, remark, theorem

# Relations as written: SymPy would otherwise decide or rearrange some of them before the kernel sees them.
Eq = _partial(_sympy.Eq, evaluate=False)
Ne = _partial(_sympy.Ne, evaluate=False)
Le = _partial(_sympy.Le, evaluate=False)
Lt = _partial(_sympy.Lt, evaluate=False)
Ge = _partial(_sympy.Ge, evaluate=False)
Gt = _partial(_sympy.Gt, evaluate=False)

__all__ = [
    "Derivation", "Entry", "Eq", "Expectation", "Fact", "Ge", "Gt", "Law", "Le", "Lt", "Ne", "NotShown", "Proof",
    "Refuted", "Scope", "Source", "bernoulli", "choices", "correlated", "finite", "gaussian", "independent", "index",
    "misprint", "orders", "product", "remark", "theorem", "total",
]  # fmt: skip
