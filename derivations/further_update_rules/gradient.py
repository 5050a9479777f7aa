"""Rules that are linear in the gradients, or take only their signs."""

from __future__ import annotations

from sympy import Abs, Expr, Max, Min, Piecewise, Rational, S, Symbol, sign, sqrt

from ..update_rules import alpha, beta1, beta2, g, initial_accumulator_value, lr, m, momentum, s, t, theta, v
from .candidate import Candidate, begun, past, rate, rule

nu = Symbol("nu", positive=True)
lambd = Symbol("lambd", positive=True)
optimism = Symbol("optimism", positive=True)
etaminus, etaplus = Symbol("etaminus", positive=True), Symbol("etaplus", positive=True)
l1, l2 = Symbol("l1", positive=True), Symbol("l2", positive=True)
z = Symbol("z", real=True)  # the sum of what the gradients ask for; the point that gradient descent is at


def rules() -> list[Candidate]:
    """Return the kin of gradient descent."""
    ema = momentum * v + (1 - momentum) * g
    last = begun * past + (1 - begun) * g
    lion = sign(beta1 * m + (1 - beta1) * g)
    # a step after a change of sign is not made, and the step after that one takes no side
    agreed = past * g
    factor = Piecewise((etaplus, agreed > 0), (etaminus, agreed < 0), (S.One, True))
    length = Piecewise((Min(Max(rate * factor, Rational(1, 10**6)), 50), Abs(agreed) > 0), (rate, True))
    kept = Piecewise((S.Zero, agreed < 0), (g, True))
    total = s + g**2
    asked = z + g - (sqrt(total) - sqrt(s)) / lr * theta
    beyond = Max(Min(asked, l1), -l1) - asked
    begin = {s: initial_accumulator_value}
    moved = z - lr * g
    return [
        rule("sign-sgd", "descent along the sign of the gradient", (lr,), {}, theta - lr * sign(g)),
        rule(
            "signum", "descent along the sign of averaged gradients", (lr, momentum), {v: ema}, theta - lr * sign(ema)
        ),
        rule(
            "lion", "Lion", (lr, beta1, beta2), {m: beta2 * m + (1 - beta2) * g}, theta - lr * lion, special=("signum",)
        ),
        rule("momentum-ema", "momentum with averaged gradients", (lr, momentum), {v: ema}, theta - lr * ema),
        rule(
            "nesterov-ema", "Nesterov's momentum with averaged gradients", (lr, momentum), {v: ema},
            theta - lr * (momentum * ema + (1 - momentum) * g),
        ),
        rule(
            "qhm", "quasi-hyperbolic momentum", (lr, momentum, nu), {v: ema}, theta - lr * ((1 - nu) * g + nu * ema),
            special=("sgd", "momentum-ema", "nesterov-ema", "momentum", "nesterov"),
        ),
        rule(
            "optimistic-sgd", "optimistic gradient descent", (lr, optimism), {past: g},
            theta - lr * (g + optimism * (g - last)), special=("sgd",),
        ),
        rule(
            "rprop", "Rprop with steps between 1e-6 and 50", (lr, etaminus, etaplus), {past: kept, rate: length},
            theta - length * sign(kept), initial={rate: lr}, proportional=False,
        ),
        # the rate of a step was settled after the step before it
        rule(
            "asgd", "averaged SGD's iterate", (lr, lambd, alpha), {rate: lr / (1 + lambd * lr * t) ** alpha},
            theta * (1 - lambd * rate) - rate * g, initial={rate: lr}, special=("sgd",), proportional=False,
        ),
        rule(
            "ftrl", "follow the regularized leader", (lr, initial_accumulator_value), {s: total, z: asked},
            -lr * asked / sqrt(total), initial=begin, proportional=False,
        ),
        rule(
            "ftrl-proximal", "follow the regularized leader with L1 and L2", (lr, initial_accumulator_value, l1, l2),
            {s: total, z: asked}, beyond / (sqrt(total) / lr + l2), initial=begin, special=("ftrl",),
            proportional=False,
        ),
        # what a step holds lies between the average of z and z itself, and the average can be had back from it
        rule(
            "schedule-free-sgd", "schedule-free gradient descent", (lr, momentum), {z: moved},
            interpolated(momentum, z, moved), initial={z: theta}, special=("sgd",), proportional=False,
        ),
    ]  # fmt: skip


def interpolated(share: Expr, before: Expr, after: Expr) -> Expr:
    """Return (1 - share) z + share x, where x is the running mean of z and theta is that of before the step."""
    mean = (theta - (1 - share) * before) / share
    return (1 - share) * after + share * ((1 - 1 / t) * mean + after / t)


__all__ = ["interpolated", "optimism", "rules", "z"]
