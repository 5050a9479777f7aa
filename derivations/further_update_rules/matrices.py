"""Muon: momentum whose singular values are brought near 1 by five Newton-Schulz steps."""

from __future__ import annotations

from itertools import product

from sympy import Expr, Max, Rational, Symbol, sqrt

from ..update_rules import beta1, beta2, eps, g, lr, momentum, t, theta
from .adaptive import AHEAD_HAT, FIRST_HAT, HAT, MOMENTS, ROOT
from .candidate import Candidate, Columns, OfMatrix, Orthogonalized, OrthogonalizedInHalf, Rows, rule, variant

velocity = Symbol("velocity", real=True)
AVERAGE = momentum * velocity + (1 - momentum) * g
AHEAD = momentum * AVERAGE + (1 - momentum) * g
SUM = momentum * velocity + g
AHEAD_SUM = g + momentum * SUM
# Optax corrects the bias of both parts of Nesterov's step, and that changes its direction
CORRECTED = momentum * AVERAGE / (1 - momentum ** (t + 1)) + (1 - momentum) * g / (1 - momentum**t)

#: what is added to the length by which a matrix is divided first, where it is not Adam's epsilon
TINY = Rational(1, 10**7)
#: by what the rate is multiplied for a matrix of so many rows and columns
TALL, WIDE = sqrt(Max(1, Rows(theta) / Columns(theta))), sqrt(Max(1, Columns(theta) / Rows(theta)))
AS_ADAM = sqrt(Max(Rows(theta), Columns(theta))) / 5


def _alone(scale: str, nesterov: bool, half: bool) -> Candidate:
    """Muon as published, for matrices only; its code, and torch's, orthogonalizes in bfloat16."""
    direction = AHEAD if nesterov else AVERAGE
    along = OrthogonalizedInHalf(direction) if half else Orthogonalized(direction, TINY)
    words = ["Muon", *(["scaled to Adam's size"] if scale else []), *([] if nesterov else ["without Nesterov's step"])]
    return rule(
        variant("muon", scale=scale, nesterov="" if nesterov else "no", precision="bfloat16" if half else ""),
        ", ".join([*words, *(["orthogonalized in bfloat16"] if half else [])]),
        (lr, momentum), {velocity: AVERAGE}, theta - lr * (AS_ADAM if scale else TALL) * along,
    )  # fmt: skip


def _with_adam(
    name: str, words: str, scale: Expr, along: Expr, rest: Expr, added: Expr = eps, state: Expr = AVERAGE
) -> Candidate:
    return rule(
        name, f"Muon with {words} for what is no matrix", (lr, momentum, beta1, beta2, eps),
        {velocity: state, **MOMENTS}, theta - lr * OfMatrix(scale * Orthogonalized(along, added), rest),
    )  # fmt: skip


def rules() -> list[Candidate]:
    """Return Muon for matrices alone, and together with Adam as Optax and Keras have it."""
    adam, hat, nadam = FIRST_HAT / ROOT, HAT, AHEAD_HAT / ROOT
    return [
        *(_alone(*how) for how in product(("", "rms"), (True, False), (False, True))),
        _with_adam("muon-nadam", "Nadam", WIDE, CORRECTED, nadam),
        _with_adam("muon-adam[nesterov=no]", "Adam, without Nesterov's step,", WIDE, AVERAGE, adam),
        _with_adam("muon-nadam[scale=rms]", "Nadam, scaled to Adam's size,", AS_ADAM, CORRECTED, nadam),
        _with_adam("muon-adam[eps=hat,scale=rms]", "Adam, scaled to its size,", AS_ADAM, AHEAD_SUM, hat, TINY, SUM),
        _with_adam(
            "muon-adam[eps=hat,scale=rms,nesterov=no]", "Adam, scaled to its size, without Nesterov's step,", AS_ADAM,
            SUM, hat, TINY, SUM,
        ),
    ]  # fmt: skip


__all__ = ["rules"]
