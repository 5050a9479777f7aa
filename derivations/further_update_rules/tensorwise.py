"""Rules whose step looks at whole tensors: their norms, their rows and columns."""

from __future__ import annotations

from sympy import Expr, Max, Min, Piecewise, Rational, S, Symbol, sqrt

from ..update_rules import beta1, beta2, eps, g, lr, m, momentum, t, theta, v, weight_decay
from .adaptive import ADAM, FIRST_HAT, MOMENTS, ROOT
from .candidate import (
    Candidate,
    ColumnLargest,
    Factored,
    Norm,
    RootMeanSquare,
    RowLargest,
    begun,
    rule,
)

trust_coefficient = Symbol("trust_coefficient", positive=True)
clipping_threshold = Symbol("clipping_threshold", positive=True)
decay_rate = Symbol("decay_rate", positive=True)
least_scale = Symbol("least_scale", positive=True)
row, column = Symbol("row", real=True), Symbol("column", real=True)  # the largest sums of squares


def _ratio(update: Expr, factor: Expr = S.One) -> Expr:
    return Piecewise((factor * Norm(theta) / Norm(update), (Norm(theta) > 0) & (Norm(update) > 0)), (S.One, True))


def _lars(nesterov: bool) -> Candidate:
    scaled = lr * _ratio(g, trust_coefficient) * g
    velocity = momentum * v + scaled
    return rule(
        "lars-nesterov" if nesterov else "lars", "LARS with Nesterov's momentum" if nesterov else "LARS",
        (lr, momentum, trust_coefficient), {v: velocity},
        theta - (scaled + momentum * velocity if nesterov else velocity),
    )  # fmt: skip


def _adafactor(factored: bool) -> Candidate:
    # 1 - beta2 is t^-decay_rate; the smallest numbers only keep 0/0 away
    tiny = S.Zero if factored else Rational(1, 10**30)
    mean_square = v + (g**2 + tiny - v) / t**decay_rate
    within = Max(Factored(mean_square), Rational(1, 2**104)) if factored else mean_square
    raw = g / sqrt(within)
    clipped = raw / Max(1, RootMeanSquare(raw) / clipping_threshold)
    return rule(
        "adafactor" if factored else "adafactor[unfactored]",
        "Adafactor" if factored else "Adafactor that keeps every second moment",
        (lr, decay_rate, clipping_threshold, least_scale), {v: mean_square},
        theta - lr * Max(RootMeanSquare(theta), least_scale) * clipped,
    )  # fmt: skip


def _fromage() -> Candidate:
    within = 1 / sqrt(1 + lr**2)
    ratio = Max(Norm(theta), Rational(1, 10**6)) / Max(Norm(g), Rational(1, 10**6))
    return rule("fromage", "Fromage", (lr,), {}, within * (theta - lr * ratio * g), proportional=False)


def _sm3() -> Candidate:
    covered = Min(row, column) + g**2
    scaled = Piecewise((g / sqrt(covered + eps), covered > 0), (S.Zero, True))
    average = momentum * m + (1 - momentum) * scaled
    states = {row: RowLargest(covered), column: ColumnLargest(covered), m: average}
    return rule("sm3", "SM3", (lr, momentum, eps), states, theta - lr * average)


def rules() -> list[Candidate]:
    """Return the rules that scale whole tensors."""
    bare = FIRST_HAT / ROOT
    decayed = bare + weight_decay * theta
    # the first second moment is not averaged
    squares = begun * (beta2 * v + (1 - beta2) * Norm(g) ** 2) + (1 - begun) * Norm(g) ** 2
    scaled = beta1 * m + g / (sqrt(squares) + eps)
    decaying = scaled + weight_decay * theta
    return [
        _lars(nesterov=False),
        _lars(nesterov=True),
        rule("lamb", "LAMB", (*ADAM, weight_decay), MOMENTS, theta - lr * _ratio(decayed) * decayed),
        rule("lamb-undecayed", "LAMB without decay", ADAM, MOMENTS, theta - lr * _ratio(bare) * bare),
        rule("novograd", "NovoGrad without decay", ADAM, {m: scaled, v: squares}, theta - lr * scaled),
        rule(
            "novograd-decayed", "NovoGrad", (*ADAM, weight_decay), {m: decaying, v: squares}, theta - lr * decaying
        ),
        _adafactor(factored=True),
        _adafactor(factored=False),
        _fromage(),
        _sm3(),
    ]  # fmt: skip


__all__ = ["rules"]
