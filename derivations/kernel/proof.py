"""The kernel: the rules by which a step may be shown. Nothing else makes a `Fact`; a claim without one is undecided.

Every rule takes the claim first, then its evidence, then the reason a reader is given. Engine 1 (normal form and signs)
checks the evidence, and the claim then stands trial before the others (`ledger`).
"""

from __future__ import annotations

from typing import Any

import sympy

from .domains import Domains
from .equations import Equations
from .inequalities import Inequalities
from .logic import Logic
from .refutations import Refutations
from .scope import NotShown
from .substitution import same


class Proof(Equations, Inequalities, Logic, Domains, Refutations):
    """A theorem being written: its declarations (`Scope`), the claims it states, and the steps that show them."""

    def state(self, name: str, claim: Any) -> Any:
        """Name a claim that this theorem makes; the theorem is proved when a step establishes each."""
        if name in self.stated:
            raise ValueError(f"the claim {name!r} is stated twice")
        if claim in (True, False, sympy.true, sympy.false):
            raise ValueError(
                f"the claim {name!r} was decided by SymPy before the kernel saw it: use the kernel's relations"
            )
        if isinstance(claim, sympy.core.relational.Relational) and same(claim.lhs, claim.rhs):
            raise NotShown(f"the claim {name!r} says nothing: both sides are {claim.lhs}")
        for limit in claim.atoms(sympy.Limit):
            if not limit.args[0].has(limit.args[1]):
                raise NotShown(f"the claim {name!r} says nothing: {limit} is the limit of a constant")
        self.root.stated[name] = claim
        return claim
