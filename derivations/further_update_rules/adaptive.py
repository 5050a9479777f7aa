"""RMSProp, Adam and their kin: every entry by its own scale."""

from __future__ import annotations

from sympy import Abs, Expr, Integer, Max, Min, Ne, Piecewise, Rational, S, Symbol, exp, sign, sqrt

from ..update_rules import (
    alpha,
    beta1,
    beta2,
    eps,
    g,
    initial_accumulator_value,
    lr,
    m,
    momentum,
    s,
    t,
    theta,
    v,
)
from .candidate import Candidate, begun, past, rule, variant
from .gradient import interpolated, optimism, z

nu1, nu2 = Symbol("nu1", positive=True), Symbol("nu2", positive=True)
beta3 = Symbol("beta3", nonnegative=True)
mixing = Symbol("mixing", positive=True)
momentum_decay = Symbol("momentum_decay", positive=True)
lr_decay = Symbol("lr_decay", positive=True)
power = Symbol("power", positive=True)
eps_root = Symbol("eps_root", positive=True)
product = Symbol("product", real=True)  # of the momenta so far
slow = Symbol("slow", real=True)  # a first moment with a long memory
change = Symbol("change", real=True)  # averaged differences of gradients

ADAM = (lr, beta1, beta2, eps)
RMS = (lr, alpha, eps)
SQUARE, MEAN = alpha * s + (1 - alpha) * g**2, alpha * m + (1 - alpha) * g
FIRST, SECOND = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
FIRST_HAT, SECOND_HAT = FIRST / (1 - beta1**t), SECOND / (1 - beta2**t)
MOMENTS = {m: FIRST, v: SECOND}
ROOT = sqrt(SECOND_HAT) + eps
HAT = FIRST_HAT * sqrt(1 - beta2**t) / (sqrt(SECOND) + eps)
AHEAD_HAT = beta1 * FIRST / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
WHERE = {"": "outside", "inside": "under"}


def _root(square: Expr, how: str) -> Expr:
    return sqrt(square + eps) if how == "inside" else sqrt(square) + eps


def _rmsprop(how: str) -> list[Candidate]:
    words = f"epsilon {WHERE[how]} the root"
    found = [
        rule(
            variant("rmsprop-corrected", eps=how), f"RMSProp with bias correction, {words}", RMS, {s: SQUARE},
            theta - lr * g / _root(SQUARE / (1 - alpha**t), how),
        )
    ]  # fmt: skip
    for centered in (False, True):
        scaled = g / _root(SQUARE - MEAN**2 if centered else SQUARE, how)
        states = {s: SQUARE, m: MEAN} if centered else {s: SQUARE}
        for inside in (False, True):
            velocity = momentum * v + (lr if inside else 1) * scaled
            found.append(
                rule(
                    variant(
                        f"rmsprop{'-centered' * centered}-momentum", eps=how, lr="inside-velocity" if inside else ""
                    ),
                    f"{'centered ' * centered}RMSProp with momentum, {words}, rate {'in' if inside else 'out'}side the "
                    "velocity",
                    (*RMS, momentum), {**states, v: velocity}, theta - (1 if inside else lr) * velocity,
                )
            )  # fmt: skip
    return found


def _uncorrected(how: str) -> list[Candidate]:
    words = f"epsilon {WHERE[how]} the root"
    return [
        rule(
            variant("adam-uncorrected", eps=how), f"Adam without bias correction, {words}", ADAM, MOMENTS,
            theta - lr * FIRST / _root(SECOND, how),
        ),
        rule(
            variant("adam-uncorrected", eps=how, correction="once"),
            f"Adam whose bias correction never changes, {words}", ADAM,
            MOMENTS, theta - lr * FIRST / (1 - beta1) / _root(SECOND / (1 - beta2), how),
        ),
    ]  # fmt: skip


def _rectified(root: Expr) -> Expr:
    top = 2 / (1 - beta2) - 1
    now = top - 2 * t * beta2**t / (1 - beta2**t)
    factor = sqrt(Abs((now - 4) * (now - 2) * top / ((top - 4) * (top - 2) * now)))
    return theta - lr * FIRST_HAT * Piecewise((factor / root, now > 5), (S.One, True))


def _scheduled_nadam() -> Candidate:
    def at(k: Expr) -> Expr:
        return beta1 * (1 - Rational(1, 2) * Rational(96, 100) ** (k * momentum_decay))

    now, after = at(t), at(t + 1)
    done = product * now
    ahead = (1 - now) * g / (1 - done) + after * FIRST / (1 - done * after)
    return rule(
        "nadam-scheduled", "Nadam with the scheduled momentum", (*ADAM, momentum_decay), {**MOMENTS, product: done},
        theta - lr * ahead / ROOT, initial={product: Integer(1)}, special=("nadam",),
    )  # fmt: skip


def _optimistic(base: str, title: str, update: Expr) -> Candidate:
    last = begun * past + (1 - begun) * update
    return rule(
        f"optimistic-{base}", title, (*ADAM, optimism), {**MOMENTS, past: update},
        theta - lr * (update + optimism * (update - last)), special=(base,),
    )  # fmt: skip


def rules() -> list[Candidate]:
    """Return the kin of AdaGrad, RMSProp and Adam."""
    inner, outer = Max(beta2 * v, Abs(g) + eps), Max(beta2 * v, Abs(g))
    belief = beta2 * s + (1 - beta2) * (g - FIRST) ** 2 + eps_root
    # around the last mean instead it is the same map: g - m_t is beta1 times g - m_(t-1)
    added = v - (1 - beta2) * sign(v - g**2) * g**2
    start = {m: initial_accumulator_value, v: initial_accumulator_value}
    friction = 1 / (1 + exp(-Abs(past - g)))
    quasi = ((1 - nu1) * g + nu1 * FIRST_HAT) / (sqrt((1 - nu2) * g**2 + nu2 * SECOND_HAT) + eps)
    # ADOPT's first step only starts the second moment
    settled = begun * SECOND + (1 - begun) * g**2
    scaled = g / Max(sqrt(v), eps)
    bound = (t - 1) ** Rational(1, 4)
    late = begun * (beta1 * m + (1 - beta1) * scaled)
    clipped = begun * (beta1 * m + (1 - beta1) * Max(Min(scaled, bound), -bound))
    met = Ne(g, 0)
    lazy = {symbol: Piecewise((after, met), (symbol, True)) for symbol, after in MOMENTS.items()}
    difference = begun * (g - past)
    changes = beta2 * change + (1 - beta2) * difference
    ahead_squares = beta3 * v + (1 - beta3) * (g + (1 - beta2) * difference) ** 2
    looked = FIRST_HAT + (1 - beta2) * changes / (1 - beta2**t)
    lasting = beta3 * slow + (1 - beta3) * g
    moved = z - lr * g / ROOT
    return [
        rule(
            "adagrad-decayed", "AdaGrad with an inverse-time rate", (lr, eps, lr_decay), {s: s + g**2},
            theta - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s + g**2) + eps), special=("adagrad",),
        ),
        *(each for how in WHERE for each in _rmsprop(how)),
        *(each for how in WHERE for each in _uncorrected(how)),
        rule("nadam", "Nadam with a constant momentum", ADAM, MOMENTS, theta - lr * AHEAD_HAT / ROOT),
        rule(
            "nadam[eps=inside]", "Nadam, epsilon under the root", ADAM, MOMENTS,
            theta - lr * AHEAD_HAT / sqrt(SECOND_HAT + eps),
        ),
        _scheduled_nadam(),
        rule("radam", "RAdam", ADAM, MOMENTS, _rectified(ROOT)),
        rule(
            "radam[eps=hat]", "RAdam, epsilon added before bias correction", ADAM, MOMENTS,
            _rectified((sqrt(SECOND) + eps) / sqrt(1 - beta2**t)),
        ),
        rule(
            "adamax", "Adamax, epsilon within the maximum", ADAM, {m: FIRST, v: inner}, theta - lr * FIRST_HAT / inner
        ),
        rule(
            "adamax[eps=outside]", "Adamax, epsilon added to the maximum", ADAM, {m: FIRST, v: outer},
            theta - lr * FIRST_HAT / (outer + eps),
        ),
        rule(
            "adabelief", "AdaBelief", (*ADAM, eps_root), {m: FIRST, s: belief},
            theta - lr * FIRST_HAT / (sqrt(belief / (1 - beta2**t)) + eps),
        ),
        rule(
            "yogi", "Yogi", (*ADAM, initial_accumulator_value), {m: FIRST, v: added},
            theta - lr * FIRST_HAT / (sqrt(added / (1 - beta2**t)) + eps), initial=start,
        ),
        rule(
            "padam", "partially adaptive Adam", (*ADAM, power), MOMENTS,
            theta - lr * FIRST_HAT / (SECOND_HAT**power + eps), special=("adam",),
        ),
        rule("diffgrad", "diffGrad", ADAM, {**MOMENTS, past: g}, theta - lr * friction * FIRST_HAT / ROOT),
        rule(
            "qhadam", "quasi-hyperbolic Adam", (*ADAM, nu1, nu2), MOMENTS, theta - lr * quasi, special=("adam", "nadam")
        ),
        rule("adopt-unclipped", "ADOPT without clipping", ADAM, {m: late, v: settled}, theta - lr * late),
        rule("adopt", "ADOPT", ADAM, {m: clipped, v: settled}, theta - lr * clipped),
        rule(
            "adam-lazy[eps=hat]", "Adam that leaves alone what has no gradient, epsilon added before bias correction",
            ADAM, lazy, Piecewise((theta - lr * HAT, met), (theta, True)),
        ),
        rule(
            "adan", "Adan", (*ADAM, beta3, eps_root), {m: FIRST, change: changes, v: ahead_squares, past: g},
            theta - lr * looked / (sqrt(ahead_squares / (1 - beta3**t) + eps_root) + eps),
        ),
        rule(
            "ademamix", "AdEMAMix", (*ADAM, beta3, mixing), {**MOMENTS, slow: lasting},
            theta - lr * (FIRST_HAT + mixing * lasting) / ROOT, special=("adam",),
        ),
        _optimistic("adam", "optimistic Adam", FIRST_HAT / ROOT),
        _optimistic("nadam", "optimistic Nadam with a constant momentum", AHEAD_HAT / ROOT),
        rule(
            "schedule-free-adam", "schedule-free Adam", ADAM, {z: moved, v: SECOND}, interpolated(beta1, z, moved),
            initial={z: theta}, proportional=False,
        ),
    ]  # fmt: skip


__all__ = ["ADAM", "AHEAD_HAT", "FIRST_HAT", "HAT", "MOMENTS", "ROOT", "rules"]
