"""Measure the power of the statistical laws: `python -m tests.mutants.power --seeds 300`.

Each effect that `docs/conformance.md` names is a target; what is counted is over how many seeds its laws see it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from scipy import stats

from backproof.properties.subjects.alarms import outcome

from .modules import dropout, initializer, minibatches

XAVIER_NORMAL, HE_UNIFORM = "xavier-normal", "he-uniform"


def scaled(rule: str, factor: float) -> Callable[[Any], None]:
    """The right initializer, its entries times a factor."""

    def target(tensor: Any) -> None:
        initializer(rule, "right")(tensor)
        with torch.no_grad():
            tensor.mul_(factor)

    return target


def swapped(tensor: Any) -> None:
    """He's normal initializer with fan_out in place of fan_in."""
    with torch.no_grad():
        tensor.normal_(0, math.sqrt(2 / tensor[:, 0].numel()))


def without_root_of_three(tensor: Any) -> None:
    """Xavier's uniform initializer with the standard deviation as its bound."""
    deviation = math.sqrt(2 / (tensor[0].numel() + tensor[:, 0].numel()))
    with torch.no_grad():
        tensor.uniform_(-deviation, deviation)


#: effect -> rule and target
EFFECTS: dict[str, tuple[str, Any]] = {
    "dropping rate off by 0.01": ("dropout", dropout("rate-off-by-0.01")),
    "scale off by 1 %": ("dropout", dropout("scale-off-1-percent")),
    "mask shared by rows": ("dropout", dropout("shared-by-rows")),
    "mask shared by pixels": ("dropout", dropout("shared-by-channel")),
    "units tied in groups of 2": ("dropout", dropout("tied-2")),
    "units tied in groups of 4": ("dropout", dropout("tied-4")),
    "deviation 2 % too large": (XAVIER_NORMAL, scaled(XAVIER_NORMAL, 1.02)),
    "deviation 2 % too small": (XAVIER_NORMAL, scaled(XAVIER_NORMAL, 0.98)),
    "bound 2 % too large": (HE_UNIFORM, scaled(HE_UNIFORM, 1.02)),
    "bound 2 % too small": (HE_UNIFORM, scaled(HE_UNIFORM, 0.98)),
    "fans swapped": ("he-normal", swapped),
    "sqrt 3 missing": ("xavier-uniform", without_root_of_three),
    "naive shuffle": ("minibatches", minibatches("naive-shuffle")),
}


def seen(effect: str, seeds: range) -> int:
    """Return over how many of the seeds some law fails."""
    rule, target = EFFECTS[effect]
    return sum(bool(outcome(target, rule, seed, first=True)[1]) for seed in seeds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how often each effect was seen and what that says of the power; return 1 if it may be below 0.99."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=300)
    n = parser.parse_args(arguments).seeds
    low = False
    print(f"{'effect':<28}{'seen':>12}  power, lower limit at 95 %")
    for effect in EFFECTS:
        count = seen(effect, range(n))
        limit = float(stats.beta.ppf(0.05, count, n - count + 1)) if count else 0.0
        low |= limit < 0.99
        print(f"{effect:<28}{count:>6} / {n:<5} {limit:.4f}", flush=True)
    return int(low)


if __name__ == "__main__":
    raise SystemExit(main())
