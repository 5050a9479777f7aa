"""The published optimizer rules with their conventions, each as one SymPy map from a state to the next state.

Every symbol stands for one entry of an array: `theta` the parameter, `g` the gradient at the point that the optimizer
holds, `t` the number of the update (from 1) and one symbol a state. The theorems on momentum and on adaptive methods
and the
oracles of conformance read the same expressions, so neither can drift from the other.

    >>> rule = update_rule("adam[eps=inside]")
    >>> rule.required
    ('lr', 'betas', 'eps')
    >>> [str(symbol) for symbol in rule.state]
    ['m', 'v']
    >>> following("sgd", theta=theta, g=g, lr=lr)
    (-g*lr + theta,)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sympy import Expr, Integer, Max, Min, S, Symbol, lambdify, sqrt, sympify

theta = Symbol("theta", real=True)
g = Symbol("g", real=True)
t = Symbol("t", positive=True, integer=True)
m = Symbol("m", real=True)  # first moment
v = Symbol("v", real=True)  # velocity; second moment where squared gradients are averaged
s = Symbol("s", real=True)  # accumulated squared gradients
a = Symbol("a", real=True)  # accumulated squared updates
largest = Symbol("largest", real=True)  # running maximum of the second moment

lr = Symbol("lr", positive=True)
momentum = Symbol("momentum", nonnegative=True)
dampening = Symbol("dampening", real=True)
beta1 = Symbol("beta1", nonnegative=True)
beta2 = Symbol("beta2", nonnegative=True)
alpha = Symbol("alpha", nonnegative=True)
rho = Symbol("rho", nonnegative=True)
eps = Symbol("eps", nonnegative=True)
weight_decay = Symbol("weight_decay", real=True)
initial_accumulator_value = Symbol("initial_accumulator_value", nonnegative=True)

#: torch's name of a hyperparameter -> its symbols and their neutral values
HYPERPARAMETERS: Mapping[str, tuple[tuple[Symbol, int], ...]] = {
    "lr": ((lr, 0),),
    "momentum": ((momentum, 0),),
    "dampening": ((dampening, 0),),
    "betas": ((beta1, 0), (beta2, 0)),
    "alpha": ((alpha, 0),),
    "rho": ((rho, 0),),
    "eps": ((eps, 0),),
    "weight_decay": ((weight_decay, 0),),
    "initial_accumulator_value": ((initial_accumulator_value, 0),),
}


@dataclass(frozen=True)
class UpdateRule:
    """One published rule under one choice of conventions.

    `next_state[i]` and `next_parameter` are expressions in the old `theta`, `g`, `t`, the old `state` and the
    hyperparameters' symbols. States start at `initial`.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    state: tuple[Symbol, ...]
    next_state: tuple[Expr, ...]
    next_parameter: Expr
    formula: str
    initial: tuple[Expr, ...] = ()
    conventions: tuple[tuple[str, str], ...] = ()
    hyperparameters: tuple[Symbol, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = (*self.required, *self.optional)
        object.__setattr__(self, "hyperparameters", tuple(s for n in names for s, _ in HYPERPARAMETERS[n]))
        if not self.initial:
            object.__setattr__(self, "initial", tuple(Integer(0) for _ in self.state))

    @property
    def full_name(self) -> str:
        """The rule's name with its conventions, as `update_rule` reads it."""
        inside = ",".join(f"{key}={value}" for key, value in self.conventions)
        return f"{self.name}[{inside}]" if inside else self.name


Convention = Mapping[str, str]


def _root(square: Expr, how: str, correction: Expr = S.One) -> Expr:
    """The denominator sqrt(square / correction) with epsilon where the convention puts it."""
    if how == "inside":
        return sqrt(square / correction + eps)
    if how == "hat":  # Adam's second form: epsilon is added before the correction is divided out
        return (sqrt(square) + eps) / sqrt(correction)
    return sqrt(square / correction) + eps


def _sgd(_: Convention) -> UpdateRule:
    return UpdateRule("sgd", ("lr",), ("weight_decay",), (), (), theta - lr * g, "theta <- theta - lr g")


def _damping(how: Convention) -> Expr:
    # torch stores the first gradient itself: Min(t - 1, 1) is 0 at the first update and 1 afterwards
    return 1 - dampening * Min(t - 1, 1) if how.get("first-step") == "undamped" else 1 - dampening


def _momentum(how: Convention) -> UpdateRule:
    inside = how.get("lr") == "inside-velocity"
    velocity = momentum * v + (lr if inside else 1) * _damping(how) * g
    return UpdateRule(
        "momentum", ("lr", "momentum"), ("dampening", "weight_decay"), (v,), (velocity,),
        theta - (1 if inside else lr) * velocity,
        "v <- mu v + lr g; theta <- theta - v" if inside else "v <- mu v + (1 - dampening) g; theta <- theta - lr v",
    )  # fmt: skip


def _nesterov(how: Convention) -> UpdateRule:
    inside = how.get("lr") == "inside-velocity"
    velocity = momentum * v + (lr if inside else 1) * _damping(how) * g
    step = lr * g + momentum * velocity if inside else lr * (g + momentum * velocity)
    return UpdateRule(
        "nesterov", ("lr", "momentum"), ("dampening", "weight_decay"), (v,), (velocity,), theta - step,
        "v <- mu v + lr g; theta <- theta - lr g - mu v" if inside else "v <- mu v + g; theta <- theta - lr (g + mu v)",
    )  # fmt: skip


def _adagrad(how: Convention) -> UpdateRule:
    total = s + g**2
    return UpdateRule(
        "adagrad", ("lr", "eps"), ("weight_decay", "initial_accumulator_value"), (s,), (total,),
        theta - lr * g / _root(total, how.get("eps", "")),
        "s <- s + g^2; theta <- theta - lr g / (sqrt(s) + eps)", initial=(initial_accumulator_value,),
    )  # fmt: skip


def _adadelta(_: Convention) -> UpdateRule:
    # epsilon stands under both roots as published, so every convention of epsilon is this one
    square = rho * s + (1 - rho) * g**2
    update = sqrt(a + eps) / sqrt(square + eps) * g
    return UpdateRule(
        "adadelta", ("lr", "rho", "eps"), ("weight_decay",), (s, a), (square, rho * a + (1 - rho) * update**2),
        theta - lr * update,
        "s <- rho s + (1 - rho) g^2; u = sqrt(a + eps) / sqrt(s + eps) g; a <- rho a + (1 - rho) u^2; "
        "theta <- theta - lr u",
    )  # fmt: skip


def _rmsprop(how: Convention) -> UpdateRule:
    square = alpha * s + (1 - alpha) * g**2
    return UpdateRule(
        "rmsprop", ("lr", "alpha", "eps"), ("weight_decay",), (s,), (square,),
        theta - lr * g / _root(square, how.get("eps", "")),
        "s <- alpha s + (1 - alpha) g^2; theta <- theta - lr g / (sqrt(s) + eps)",
    )  # fmt: skip


def _rmsprop_centered(how: Convention) -> UpdateRule:
    square, mean = alpha * s + (1 - alpha) * g**2, alpha * m + (1 - alpha) * g
    return UpdateRule(
        "rmsprop-centered", ("lr", "alpha", "eps"), ("weight_decay",), (s, m), (square, mean),
        theta - lr * g / _root(square - mean**2, how.get("eps", "")),
        "s <- alpha s + (1 - alpha) g^2; m <- alpha m + (1 - alpha) g; theta <- theta - lr g / (sqrt(s - m^2) + eps)",
    )  # fmt: skip


def _moments() -> tuple[Expr, Expr]:
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


def _adam_step(how: Convention) -> Expr:
    first, second = _moments()
    return lr * first / (1 - beta1**t) / _root(second, how.get("eps", ""), 1 - beta2**t)


def _adam(how: Convention) -> UpdateRule:
    return UpdateRule(
        "adam", ("lr", "betas", "eps"), ("weight_decay",), (m, v), _moments(), theta - _adam_step(how),
        "m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; "
        "theta <- theta - lr m/(1 - b1^t) / (sqrt(v/(1 - b2^t)) + eps)",
    )  # fmt: skip


def _adamw(how: Convention) -> UpdateRule:
    return UpdateRule(
        "adamw", ("lr", "betas", "eps", "weight_decay"), (), (m, v), _moments(),
        theta - lr * weight_decay * theta - _adam_step(how),
        "as adam, and theta <- theta - lr wd theta with the theta before the step",
    )  # fmt: skip


def _amsgrad(how: Convention) -> UpdateRule:
    first, second = _moments()
    correction = 1 - beta2**t
    if how.get("max") == "corrected":  # Optax: the maximum is taken over the corrected second moments
        top, denominator = (
            Max(largest, second / correction),
            _root(Max(largest, second / correction), how.get("eps", "")),
        )
    else:
        top, denominator = Max(largest, second), _root(Max(largest, second), how.get("eps", ""), correction)
    return UpdateRule(
        "amsgrad", ("lr", "betas", "eps"), ("weight_decay",), (m, v, largest), (first, second, top),
        theta - lr * first / (1 - beta1**t) / denominator,
        "as adam, with the running maximum of v, divided by 1 - b2^t, under the root",
    )  # fmt: skip


_EPS = ("inside", "hat")
_VELOCITY = {"lr": ("inside-velocity",), "first-step": ("undamped",)}
#: name -> (builder, convention -> its values)
PUBLISHED: Mapping[str, tuple[Callable[[Convention], UpdateRule], Mapping[str, tuple[str, ...]]]] = {
    "sgd": (_sgd, {}),
    "momentum": (_momentum, _VELOCITY),
    "nesterov": (_nesterov, _VELOCITY),
    "adagrad": (_adagrad, {"eps": _EPS}),
    "adadelta": (_adadelta, {"eps": _EPS}),
    "rmsprop": (_rmsprop, {"eps": _EPS}),
    "rmsprop-centered": (_rmsprop_centered, {"eps": _EPS}),
    "adam": (_adam, {"eps": _EPS}),
    "adamw": (_adamw, {"eps": _EPS}),
    "amsgrad": (_amsgrad, {"eps": _EPS, "max": ("corrected",)}),
}


def nearest(name: str, names: object) -> str:
    """Return the known names closest to `name`, as the end of a message."""
    known = [str(each) for each in names]  # type: ignore[attr-defined]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    return f"nearest: {', '.join(close)}" if close else f"known: {', '.join(known)}"


def split_name(text: str) -> tuple[str, dict[str, str]]:
    """Return a rule's bare name and its conventions: `adam[eps=inside]` -> `('adam', {'eps': 'inside'})`."""
    match = re.fullmatch(r"\s*([A-Za-z0-9_-]+)\s*(?:\[([^\[\]]*)\])?\s*", text)
    if match is None:
        raise ValueError(f"rule must read name or name[convention=value,...], got {text!r}")
    conventions: dict[str, str] = {}
    for part in filter(None, (match[2] or "").split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise ValueError(f"a convention must read name=value, got {part.strip()!r} in {text!r}")
        conventions[key] = value
    return match[1], conventions


@cache
def update_rule(text: str) -> UpdateRule:
    """Return the published rule that `text` names, with its conventions.

    A coupled `weight_decay` (g <- g + wd theta) is part of every rule but `adamw`, whose decay is decoupled.

    Raises:
        ValueError: an unknown rule, convention or value; the message names the nearest ones.
    """
    name, chosen = split_name(text)
    if name not in PUBLISHED:
        raise ValueError(f"rule must be a known one, got {name!r}; {nearest(name, PUBLISHED)}")
    build, allowed = PUBLISHED[name]
    for key, value in chosen.items():
        if value not in allowed.get(key, ()):
            known = [f"{k}={choice}" for k, choices in allowed.items() for choice in choices] or ["none"]
            raise ValueError(
                f"convention must be one of {name}'s, got {key}={value}; {nearest(f'{key}={value}', known)}"
            )
    rule = build(chosen)
    decayed = {g: g + weight_decay * theta} if "weight_decay" in rule.optional else {}
    return UpdateRule(
        rule.name, rule.required, rule.optional, rule.state,
        tuple(each.subs(decayed) for each in rule.next_state), rule.next_parameter.subs(decayed),
        rule.formula, rule.initial, tuple(sorted(chosen.items())),
    )  # fmt: skip


def following(rule: str, **values: Any) -> tuple[Expr, ...]:
    """Return (next parameter, *next state) of the rule that `rule` names with these expressions for its symbols.

    An optional hyperparameter that is not given stands at its neutral value.

        >>> following("momentum[lr=inside-velocity]", theta=1, v=0, g=2, lr=lr, momentum=momentum)
        (1 - 2*lr, 2*lr)

    Raises:
        ValueError: a symbol that the rule does not have.
    """
    published = update_rule(rule)
    symbols = {str(symbol): symbol for symbol in (theta, g, t, *published.state, *published.hyperparameters)}
    for name in values:
        if name not in symbols:
            raise ValueError(f"symbol must be one of {rule}'s, got {name}; {nearest(name, symbols)}")
    neutral = {symbol: value for name in published.optional for symbol, value in HYPERPARAMETERS[name]}
    given = {symbols[name]: value for name, value in values.items()}
    at = {symbol: sympify(value) for symbol, value in {**neutral, **given}.items()}
    return tuple(each.xreplace(at) for each in (published.next_parameter, *published.next_state))


def compiled(rule: UpdateRule, functions: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return `step(theta, g, t, *state, *hyperparameters) -> (next theta, *next states)` over any kind of number.

    `functions` gives `sqrt`, `Max` and `Min` for that kind (NumPy, mpmath, an arithmetic with error bounds).
    """
    arguments = (theta, g, t, *rule.state, *rule.hyperparameters)
    return lambdify(arguments, (rule.next_parameter, *rule.next_state), modules=[dict(functions)], cse=True)
