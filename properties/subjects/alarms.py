"""Run the laws on right targets over many seeds: `python -m backproof.properties.subjects.alarms`.

Each seed takes one rule, in turn. A right target fails a statistical test with probability `ALPHA` at most, so the
number of tests times `ALPHA` bounds the false alarms that are expected; the other laws must not fail at all.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from backproof.reference.numpy import initialization, stochastic

from .chances import ALPHA
from .engine import kind_of, module_of
from .targets import describe

#: rule -> right targets, taken in turn
REFERENCES: Mapping[str, Sequence[Any]] = {
    "dropout": (nn.Dropout,),
    "xavier-normal": (nn.init.xavier_normal_, initialization.xavier_normal),
    "xavier-uniform": (nn.init.xavier_uniform_, initialization.xavier_uniform),
    "he-normal": (lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), initialization.he_normal),
    "he-uniform": (lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"), initialization.he_uniform),
    "orthogonal": (nn.init.orthogonal_, initialization.orthogonal),
    "minibatches": (stochastic.minibatches,),
}


def outcome(target: Any, rule: str, seed: int, *, first: bool = False) -> tuple[int, list[str]]:
    """Return how many statistical tests ran and which laws failed (the `first` one alone, if that is enough)."""
    kind = module_of(kind_of(rule))
    subject = kind.subject(describe(target), rule, {}, "cpu", seed)
    failed: list[str] = []
    for law in kind.laws_of(rule):
        if law.holds(subject) is not None:
            failed.append(law.id)
            if first:
                break
    return subject.tests, failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the alarms, and return 1 if there were any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=70, help="how many, each with one rule")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    rules, begun = list(REFERENCES), time.process_time()
    seeds, tests, alarms = Counter[str](), Counter[str](), Counter[str]()
    for seed in range(given.start, given.start + given.seeds):
        rule = rules[seed % len(rules)]
        targets = REFERENCES[rule]
        ran, failed = outcome(targets[seed // len(rules) % len(targets)], rule, seed)
        seeds[rule] += 1
        tests[rule] += ran
        alarms[rule] += len(failed)
        for law in failed:
            print(f"seed {seed}: {rule} {law}", flush=True)
    print(f"{'rule':<16}{'seeds':>8}{'tests':>10}{'alarms':>8}")
    for rule in rules:
        print(f"{rule:<16}{seeds[rule]:>8}{tests[rule]:>10}{alarms[rule]:>8}")
    total = sum(tests.values())
    print(
        f"{total} tests at {ALPHA:g} each: at most {total * ALPHA:.1e} false alarms expected, {sum(alarms.values())} "
        f"seen, {given.seeds} seeds in {time.process_time() - begun:.0f} s of processor time"
    )
    return 1 if alarms.total() else 0


if __name__ == "__main__":
    raise SystemExit(main())
