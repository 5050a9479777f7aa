"""The rules that have laws, each convention a candidate."""

from __future__ import annotations

from dataclasses import replace

from sympy import Symbol

from ..update_rules import PUBLISHED, dampening, initial_accumulator_value, update_rule, weight_decay
from .candidate import Candidate

TITLES = {
    "sgd": "gradient descent",
    "momentum": "momentum",
    "nesterov": "Nesterov's momentum",
    "adagrad": "AdaGrad",
    "adadelta": "AdaDelta",
    "rmsprop": "RMSProp",
    "rmsprop-centered": "centered RMSProp",
    "adam": "Adam",
    "amsgrad": "AMSGrad",
}
WORDS = {
    "eps=inside": "epsilon under the root",
    "eps=hat": "epsilon added before bias correction",
    "lr=inside-velocity": "the rate inside the velocity",
    "first-step=undamped": "the first gradient undamped",
    "max=corrected": "the maximum over corrected moments",
}
CHOICES = {
    "momentum": ("", "lr=inside-velocity"),
    "nesterov": ("", "lr=inside-velocity"),
    "adagrad": ("", "eps=inside"),
    "rmsprop": ("", "eps=inside"),
    "rmsprop-centered": ("", "eps=inside"),
    "adam": ("", "eps=inside", "eps=hat"),
    "amsgrad": ("", "eps=inside", "eps=hat", "max=corrected", "eps=inside,max=corrected"),
}
NEUTRAL = {weight_decay: 0, dampening: 0, initial_accumulator_value: 0}


def _as_candidate(name: str, description: str, *free: Symbol, special: tuple[str, ...] = ()) -> Candidate:
    """The published rule at neutral values of everything optional that is not in `free`."""
    published = update_rule(name)
    fixed = {symbol: value for symbol, value in NEUTRAL.items() if symbol not in free}
    return Candidate(
        name, description, tuple(h for h in published.hyperparameters if h not in fixed), published.state,
        tuple(each.subs(fixed) for each in published.next_state), published.next_parameter.subs(fixed),
        tuple(each.subs(fixed) for each in published.initial), special,
    )  # fmt: skip


def rules() -> list[Candidate]:
    """Return the rules of conformance; AdamW is Adam with decoupled decay."""
    found = [
        _as_candidate(
            f"{name}[{inside}]" if inside else name,
            ", ".join([TITLES[name], *(WORDS[word] for word in inside.split(",") if word)]),
        )
        for name in PUBLISHED
        if name != "adamw"
        for inside in CHOICES.get(name, ("",))
    ]
    return [
        *found,
        # dampened from the start, momentum is momentum at another rate; from the second step on it is not
        _as_candidate(
            "momentum[first-step=undamped]",
            "dampened momentum, the first gradient undamped",
            dampening,
            special=("sgd", "momentum", "momentum-ema"),
        ),
        _as_candidate(
            "nesterov[first-step=undamped]",
            "dampened Nesterov's momentum, the first gradient undamped",
            dampening,
            special=("sgd", "nesterov", "nesterov-ema"),
        ),
        # with epsilon under the root, a start would only be a larger epsilon
        replace(
            _as_candidate("adagrad", "AdaGrad with a started accumulator", initial_accumulator_value),
            name="adagrad[start]",
            special_cases=("adagrad", "adagrad[eps=inside]"),
        ),
    ]


__all__ = ["rules"]
