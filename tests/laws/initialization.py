"""Wrong initializers, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import initialization

from .catching import Mutant

# The originals, bound before any is replaced.
true_normal, true_uniform = initialization.xavier_normal, initialization.xavier_uniform


def rescaled(make: Callable[..., Any], factor: Callable[[int, int], float]) -> Callable[..., Any]:
    return lambda shape, rng: make(shape, rng) * factor(*shape)


def fan_in_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * a)))


def fan_out_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * b)))


normal_fan_in = Mutant("initialization", "xavier_normal", rescaled(true_normal, fan_in_only))
normal_two_percent = Mutant("initialization", "xavier_normal", rescaled(true_normal, lambda a, b: 1.02))
normal_variance_as_deviation = Mutant(
    "initialization",
    "xavier_normal",
    rescaled(true_normal, lambda a, b: np.sqrt(2 / (a + b))),
)
uniform_without_root_three = Mutant(
    "initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 1 / np.sqrt(3))
)
uniform_three_percent = Mutant("initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 0.97))
uniform_normal = Mutant("initialization", "xavier_uniform", true_normal)
uniform_fan_out = Mutant("initialization", "xavier_uniform", rescaled(true_uniform, fan_out_only))


CAUGHT = {
    "test_normal_weights_have_variance_two_over_the_sum_of_the_fans": [
        normal_fan_in,
        normal_two_percent,
        normal_variance_as_deviation,
    ],
    "test_uniform_weights_fill_their_interval_and_no_more": [
        uniform_without_root_three,
        uniform_three_percent,
        uniform_normal,
        uniform_fan_out,
    ],
    "test_each_pass_deviates_by_its_factor": [normal_fan_in, normal_variance_as_deviation, uniform_without_root_three],
}
