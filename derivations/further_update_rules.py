"""More published optimizer rules and silent variants, for telling which one a black box implements.

Written as in `update_rules`: one SymPy map from a state to the next state an entry. Three functions look at the tensor
that an entry belongs to: `Norm(x)` is its Euclidean norm, `RootMeanSquare(x)` that over the root of its size, and
`Factored(x)` is x for a vector and, for a matrix, the mean of the entry's row times the mean of its column over the
mean of all. A rule here has no entry in the contract of conformance; it only has a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sympy import Abs, Expr, Function, Integer, Max, Min, Piecewise, Rational, S, Symbol, exp, sign, sqrt

from .update_rules import (
    PUBLISHED,
    alpha,
    beta1,
    beta2,
    dampening,
    eps,
    g,
    initial_accumulator_value,
    largest,
    lr,
    m,
    momentum,
    s,
    t,
    theta,
    update_rule,
    v,
    weight_decay,
)

Norm, RootMeanSquare, Factored = Function("Norm"), Function("RootMeanSquare"), Function("Factored")
nu = Symbol("nu", positive=True)
nu1, nu2 = Symbol("nu1", positive=True), Symbol("nu2", positive=True)
momentum_decay = Symbol("momentum_decay", positive=True)
lr_decay = Symbol("lr_decay", positive=True)
lambd = Symbol("lambd", positive=True)
power = Symbol("power", positive=True)
eps_root = Symbol("eps_root", positive=True)
etaminus, etaplus = Symbol("etaminus", positive=True), Symbol("etaplus", positive=True)
trust_coefficient = Symbol("trust_coefficient", positive=True)
clipping_threshold = Symbol("clipping_threshold", positive=True)
decay_rate = Symbol("decay_rate", positive=True)
least_scale = Symbol("least_scale", positive=True)
rate = Symbol("rate", real=True)  # of this step
past = Symbol("past", real=True)  # the last gradient
product = Symbol("product", real=True)  # of the momenta so far


@dataclass(frozen=True)
class Candidate:
    """One rule that a black box may be, in the words in which it is named.

    `decay` says how weight decay enters: not at all, `coupled`, `decoupled` (before the update), `after` it,
    `without-lr`.
    """

    name: str
    description: str
    hyperparameters: tuple[Symbol, ...]
    state: tuple[Symbol, ...]
    next_state: tuple[Expr, ...]
    next_parameter: Expr
    initial: tuple[Expr, ...]
    decay: str = ""
    special_cases: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name with its decay."""
        if not self.decay:
            return self.name
        bare, _, inside = self.name.partition("[")
        return f"{bare}[{inside.rstrip(']') + ',' if inside else ''}decay={self.decay}]"


def _moments() -> tuple[Expr, Expr]:
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


_m, _v = _moments()
_mh, _vh = _m / (1 - beta1**t), _v / (1 - beta2**t)
_ema = momentum * v + (1 - momentum) * g
_s = alpha * s + (1 - alpha) * g**2
_mean = alpha * m + (1 - alpha) * g


def _rmsprop_momentum(root: Expr, inside: bool) -> tuple[tuple[Expr, ...], Expr]:
    velocity = momentum * v + (lr if inside else 1) * g / root
    return velocity, theta - (1 if inside else lr) * velocity


def _scheduled(k: Expr) -> Expr:
    return beta1 * (1 - Rational(1, 2) * Rational(96, 100) ** (k * momentum_decay))


def _rectified() -> tuple[Expr, Expr]:
    top = 2 / (1 - beta2) - 1
    now = top - 2 * t * beta2**t / (1 - beta2**t)
    return now, sqrt(Abs((now - 4) * (now - 2) * top / ((top - 4) * (top - 2) * now)))


def _radam(root: Expr) -> Expr:
    now, factor = _rectified()
    return theta - lr * _mh * Piecewise((factor / root, now > 5), (S.One, True))


def _further() -> list[Candidate]:
    found: list[Candidate] = []

    def add(
        name: str,
        description: str,
        hyper: tuple[Symbol, ...],
        state: Mapping[Symbol, Expr],
        step: Expr,
        initial: Mapping[Symbol, Expr] | None = None,
        special: tuple[str, ...] = (),
    ) -> None:
        starts = tuple((initial or {}).get(symbol, Integer(0)) for symbol in state)
        found.append(
            Candidate(
                name, description, hyper, tuple(state), tuple(state.values()), step, starts, special_cases=special
            )
        )

    adam = (lr, beta1, beta2, eps)
    rms = (lr, alpha, eps)
    add("sign-sgd", "descent along the sign of the gradient", (lr,), {}, theta - lr * sign(g))
    add("signum", "descent along the sign of averaged gradients", (lr, momentum), {v: _ema}, theta - lr * sign(_ema))
    add("momentum-ema", "momentum with averaged gradients", (lr, momentum), {v: _ema}, theta - lr * _ema)
    nesterov_ema = theta - lr * (momentum * _ema + (1 - momentum) * g)
    add("nesterov-ema", "Nesterov's momentum with averaged gradients", (lr, momentum), {v: _ema}, nesterov_ema)
    add(
        "qhm",
        "quasi-hyperbolic momentum",
        (lr, momentum, nu),
        {v: _ema},
        theta - lr * ((1 - nu) * g + nu * _ema),
        special=("sgd", "momentum-ema", "nesterov-ema", "momentum", "nesterov"),
    )
    decayed = theta - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s + g**2) + eps)
    add(
        "adagrad-decayed",
        "AdaGrad with an inverse-time rate",
        (lr, eps, lr_decay),
        {s: s + g**2},
        decayed,
        special=("adagrad",),
    )
    for how, word in (("", "outside"), ("[eps=inside]", "under")):
        root = sqrt(_s + eps) if how else sqrt(_s) + eps
        centered = sqrt(_s - _mean**2 + eps) if how else sqrt(_s - _mean**2) + eps
        corrected = sqrt(_s / (1 - alpha**t) + eps) if how else sqrt(_s / (1 - alpha**t)) + eps
        add(
            f"rmsprop-corrected{how}",
            f"RMSProp with bias correction, epsilon {word} the root",
            rms,
            {s: _s},
            theta - lr * g / corrected,
        )
        for inside, where in ((False, "rate outside"), (True, "rate inside")):
            conventions = ",".join(
                c for c in (("eps=inside" if how else ""), ("lr=inside-velocity" if inside else "")) if c
            )
            name = f"[{conventions}]" if conventions else ""
            velocity, step = _rmsprop_momentum(root, inside)
            add(
                f"rmsprop-momentum{name}",
                f"RMSProp with momentum, epsilon {word} the root, {where} the velocity",
                (*rms, momentum),
                {s: _s, v: velocity},
                step,
            )
            velocity, step = _rmsprop_momentum(centered, inside)
            add(
                f"rmsprop-centered-momentum{name}",
                f"centered RMSProp with momentum, epsilon {word} the root, {where} the velocity",
                (*rms, momentum),
                {s: _s, m: _mean, v: velocity},
                step,
            )
        raw = sqrt(_v + eps) if how else sqrt(_v) + eps
        add(
            f"adam-uncorrected{how}",
            f"Adam without bias correction, epsilon {word} the root",
            adam,
            {m: _m, v: _v},
            theta - lr * _m / raw,
        )
        fixed = sqrt(_v / (1 - beta2) + eps) if how else sqrt(_v / (1 - beta2)) + eps
        add(
            f"adam-corrected-once{how}",
            f"Adam whose bias correction never changes, epsilon {word} the root",
            adam,
            {m: _m, v: _v},
            theta - lr * _m / (1 - beta1) / fixed,
        )
    ahead = beta1 * _m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
    root = sqrt(_vh) + eps
    add("nadam", "Nadam with a constant momentum", adam, {m: _m, v: _v}, theta - lr * ahead / root)
    add(
        "nadam[eps=inside]", "Nadam, epsilon under the root", adam, {m: _m, v: _v}, theta - lr * ahead / sqrt(_vh + eps)
    )
    now, after = _scheduled(t), _scheduled(t + 1)
    done = product * now
    nadam = (1 - now) * g / (1 - done) + after * _m / (1 - done * after)
    add(
        "nadam-scheduled",
        "Nadam with the scheduled momentum",
        (*adam, momentum_decay),
        {m: _m, v: _v, product: done},
        theta - lr * nadam / root,
        {product: Integer(1)},
    )
    add("radam", "RAdam", adam, {m: _m, v: _v}, _radam(sqrt(_vh) + eps))
    add(
        "radam[eps=hat]",
        "RAdam, epsilon added before bias correction",
        adam,
        {m: _m, v: _v},
        _radam((sqrt(_v) + eps) / sqrt(1 - beta2**t)),
    )
    top = Max(beta2 * v, Abs(g) + eps)
    add("adamax", "Adamax, epsilon within the maximum", adam, {m: _m, v: top}, theta - lr * _mh / top)
    top = Max(beta2 * v, Abs(g))
    add(
        "adamax[eps=outside]",
        "Adamax, epsilon added to the maximum",
        adam,
        {m: _m, v: top},
        theta - lr * _mh / (top + eps),
    )
    belief = beta2 * s + (1 - beta2) * (g - _m) ** 2 + eps_root
    add(
        "adabelief",
        "AdaBelief",
        (*adam, eps_root),
        {m: _m, s: belief},
        theta - lr * _mh / (sqrt(belief / (1 - beta2**t)) + eps),
    )
    # around the last mean instead it is the same map: g - m_t is beta1 times g - m_(t-1)
    added = v - (1 - beta2) * sign(v - g**2) * g**2
    add(
        "yogi",
        "Yogi",
        (*adam, initial_accumulator_value),
        {m: _m, v: added},
        theta - lr * _mh / (sqrt(added / (1 - beta2**t)) + eps),
        {m: initial_accumulator_value, v: initial_accumulator_value},
    )
    lion = sign(beta1 * m + (1 - beta1) * g)
    add("lion", "Lion", (lr, beta1, beta2), {m: beta2 * m + (1 - beta2) * g}, theta - lr * lion, special=("signum",))
    update = _mh / (sqrt(_vh) + eps) + weight_decay * theta
    ratio = Piecewise((Norm(theta) / Norm(update), (Norm(theta) > 0) & (Norm(update) > 0)), (S.One, True))
    add("lamb", "LAMB", (*adam, weight_decay), {m: _m, v: _v}, theta - lr * ratio * update)
    bare = _mh / (sqrt(_vh) + eps)
    ratio = Piecewise((Norm(theta) / Norm(bare), (Norm(theta) > 0) & (Norm(bare) > 0)), (S.One, True))
    add("lamb-undecayed", "LAMB without decay", adam, {m: _m, v: _v}, theta - lr * ratio * bare)
    add(
        "padam",
        "partially adaptive Adam",
        (*adam, power),
        {m: _m, v: _v},
        theta - lr * _mh / (_vh**power + eps),
        special=("adam",),
    )
    friction = 1 / (1 + exp(-Abs(past - g)))
    add("diffgrad", "diffGrad", adam, {m: _m, v: _v, past: g}, theta - lr * friction * _mh / root)
    quasi = ((1 - nu1) * g + nu1 * _mh) / (sqrt((1 - nu2) * g**2 + nu2 * _vh) + eps)
    add(
        "qhadam",
        "quasi-hyperbolic Adam",
        (*adam, nu1, nu2),
        {m: _m, v: _v},
        theta - lr * quasi,
        special=("adam", "nadam"),
    )
    # a step after a change of sign is not made, and the step after that one takes no side
    agreed = past * g
    factor = Piecewise((etaplus, agreed > 0), (etaminus, agreed < 0), (S.One, True))
    length = Piecewise((Min(Max(rate * factor, Rational(1, 10**6)), 50), Abs(agreed) > 0), (rate, True))
    kept = Piecewise((S.Zero, agreed < 0), (g, True))
    add(
        "rprop",
        "Rprop with steps between 1e-6 and 50",
        (lr, etaminus, etaplus),
        {past: kept, rate: length},
        theta - length * sign(kept),
        {rate: lr},
    )
    for nesterov in (False, True):
        trust = trust_coefficient * Norm(theta) / Norm(g)
        trust = Piecewise((trust, (Norm(theta) > 0) & (Norm(g) > 0)), (S.One, True))
        velocity = momentum * v + lr * trust * g
        add(
            "lars-nesterov" if nesterov else "lars",
            "LARS with Nesterov's momentum" if nesterov else "LARS",
            (lr, momentum, trust_coefficient),
            {v: velocity},
            theta - (lr * trust * g + momentum * velocity if nesterov else velocity),
        )
    begun = Min(t - 1, 1)  # the first second moment is not averaged
    squares = begun * (beta2 * v + (1 - beta2) * Norm(g) ** 2) + (1 - begun) * Norm(g) ** 2
    scaled = beta1 * m + g / (sqrt(squares) + eps)
    add("novograd", "NovoGrad without decay", adam, {m: scaled, v: squares}, theta - lr * scaled)
    decaying = scaled + weight_decay * theta
    add("novograd-decayed", "NovoGrad", (*adam, weight_decay), {m: decaying, v: squares}, theta - lr * decaying)
    # 1 - beta2 is t^-decay_rate; the smallest numbers only keep 0/0 away
    for factored in (True, False):
        tiny = S.Zero if factored else Rational(1, 10**30)
        mean_square = v + (g**2 + tiny - v) / t**decay_rate
        within = Max(Factored(mean_square), Rational(1, 2**104)) if factored else mean_square
        raw = g / sqrt(within)
        clipped = raw / Max(1, RootMeanSquare(raw) / clipping_threshold)
        add(
            "adafactor" if factored else "adafactor[unfactored]",
            "Adafactor" if factored else "Adafactor that keeps every second moment",
            (lr, decay_rate, clipping_threshold, least_scale),
            {v: mean_square},
            theta - lr * Max(RootMeanSquare(theta), least_scale) * clipped,
        )
    begun = Min(t - 1, 1)  # ADOPT's first step only starts the second moment
    mean = begun * (beta1 * m + (1 - beta1) * g / Max(sqrt(v), eps))
    add("adopt", "ADOPT", adam, {m: mean, v: begun * _v + (1 - begun) * g**2}, theta - lr * mean)
    # the rate of a step was settled after the step before it
    add(
        "asgd",
        "averaged SGD's iterate",
        (lr, lambd, alpha),
        {rate: lr / (1 + lambd * lr * t) ** alpha},
        theta * (1 - lambd * rate) - rate * g,
        {rate: lr},
        special=("sgd",),
    )
    return found


def _published() -> list[Candidate]:
    titles = {
        "sgd": "gradient descent",
        "momentum": "momentum",
        "nesterov": "Nesterov's momentum",
        "adagrad": "AdaGrad",
        "adadelta": "AdaDelta",
        "rmsprop": "RMSProp",
        "rmsprop-centered": "centered RMSProp",
        "adam": "Adam",
        "adamw": "AdamW",
        "amsgrad": "AMSGrad",
    }
    words = {
        "eps=inside": "epsilon under the root",
        "eps=hat": "epsilon added before bias correction",
        "lr=inside-velocity": "the rate inside the velocity",
        "first-step=undamped": "the first gradient undamped",
        "max=corrected": "the maximum over corrected moments",
    }
    choices = {
        "momentum": ("", "lr=inside-velocity"),
        "nesterov": ("", "lr=inside-velocity"),
        "adagrad": ("", "eps=inside"),
        "rmsprop": ("", "eps=inside"),
        "rmsprop-centered": ("", "eps=inside"),
        "adam": ("", "eps=inside", "eps=hat"),
        "amsgrad": ("", "eps=inside", "eps=hat", "max=corrected", "eps=inside,max=corrected"),
    }
    found = []
    for name in PUBLISHED:
        if name == "adamw":  # Adam with decoupled decay, below
            continue
        for inside in choices.get(name, ("",)):
            full = f"{name}[{inside}]" if inside else name
            rule = update_rule(full)
            neutral = {weight_decay: 0, dampening: 0, initial_accumulator_value: 0}
            described = ", ".join([titles[name], *(words[c] for c in inside.split(",") if c)])
            found.append(
                Candidate(
                    full,
                    described,
                    tuple(h for h in rule.hyperparameters if h not in neutral),
                    rule.state,
                    tuple(e.subs(neutral) for e in rule.next_state),
                    rule.next_parameter.subs(neutral),
                    tuple(e.subs(neutral) for e in rule.initial),
                )
            )
    # dampened from the start, momentum is momentum at another rate; from the second step on it is not
    rule = update_rule("momentum[first-step=undamped]")
    found.append(
        Candidate(
            "momentum[first-step=undamped]",
            "dampened momentum, the first gradient undamped",
            (lr, momentum, dampening),
            rule.state,
            tuple(e.subs({weight_decay: 0}) for e in rule.next_state),
            rule.next_parameter.subs({weight_decay: 0}),
            rule.initial,
            special_cases=("sgd", "momentum", "momentum-ema"),
        )
    )
    rule = update_rule("adagrad")  # with epsilon under the root, a start would only be a larger epsilon
    found.append(
        Candidate(
            "adagrad[start]",
            "AdaGrad with a started accumulator",
            (lr, eps, initial_accumulator_value),
            rule.state,
            tuple(e.subs({weight_decay: 0}) for e in rule.next_state),
            rule.next_parameter.subs({weight_decay: 0}),
            rule.initial,
            special_cases=("adagrad", "adagrad[eps=inside]"),
        )
    )
    return found


DECAYS = {
    "coupled": "with L2 in the gradient",
    "decoupled": "with decoupled weight decay",
    "after": "with the decay after the update",
    "without-lr": "with a decay that ignores the rate",
    "moved": "with the decay scaled by the bias correction",
}


def with_decay(candidate: Candidate, how: str) -> Candidate:
    """Return the candidate under the name that it has with weight decay in this place."""
    bare = candidate.name.partition("[")[0]
    if bare == "adam" and how == "decoupled":
        name, title, how = (
            candidate.name.replace("adam", "adamw", 1),
            candidate.description.replace("Adam", "AdamW", 1),
            "",
        )
    elif bare == "adam" and how != "coupled":
        name, title = candidate.name.replace("adam", "adamw", 1), candidate.description.replace("Adam", "AdamW", 1)
        title = f"{title} {DECAYS[how]}"
    else:
        name, title = candidate.name, f"{candidate.description} {DECAYS[how]}"
    return replace(candidate, name=name, description=title, decay=how)


@lru_cache(maxsize=1)
def candidates() -> tuple[Candidate, ...]:
    """Return every undecayed rule, the simplest first."""
    return tuple(sorted([*_published(), *_further()], key=lambda c: len(c.hyperparameters)))


def places_of_decay(candidate: Candidate) -> tuple[str, ...]:
    """Return where weight decay may enter a rule that has none of its own."""
    if weight_decay in candidate.hyperparameters or candidate.name == "asgd":
        return ()
    return tuple(how for how in DECAYS if how != "moved" or candidate.name.startswith("adam"))


__all__ = ["DECAYS", "Candidate", "Norm", "candidates", "largest", "places_of_decay", "with_decay"]
