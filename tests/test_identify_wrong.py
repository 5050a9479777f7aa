"""What is no published rule is none of those known, and the nearest is told: fifteen bugs, invented here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backproof

Array = np.ndarray
Of = Callable[[str], Any]  # a state by its name, 0 at first
Made = tuple[Array, dict[str, Array]]  # the update, and the next state
Bug = Callable[[Array, Array, float, int, Of], Made]
LR, B1, B2, EPS = 0.02, 0.85, 0.97, 1e-5


def stepped(bug: Bug) -> Callable[..., Any]:
    """A step function over lists, from what a bug makes of one tensor."""

    def step(params: list[Array], grads: list[Array], state: Any, lr: float = LR) -> tuple[list[Array], Any]:
        t, held = state or (0, [{} for _ in params])
        made = [
            bug(g, p, lr, t + 1, lambda name, own=own: own.get(name, 0.0))
            for p, g, own in zip(params, grads, held, strict=True)
        ]
        return [p + move for p, (move, _) in zip(params, made, strict=True)], (t + 1, [after for _, after in made])

    return step


def moments(g: Array, of: Of) -> tuple[Array, Array]:
    return B1 * of("m") + (1 - B1) * g, B2 * of("v") + (1 - B2) * g**2


def adam(m: Array, v: Array, t: int) -> Array:
    return m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + EPS)


def decay_by_the_rate_squared(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    return -lr * adam(m, v, t) - 5 * lr**2 * p, {"m": m, "v": v}


def steps_counted_one_too_far(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    return -lr * adam(m, v, t + 1), {"m": m, "v": v}


def both_moments_corrected_by_the_second_factor(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    return -lr * m / (1 - B2**t) / (np.sqrt(v / (1 - B2**t)) + EPS), {"m": m, "v": v}


def epsilon_twice(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    return -lr * m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t) + EPS) + EPS), {"m": m, "v": v}


def decay_in_the_first_moment_alone(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    m = m + (1 - B1) * 0.1 * p
    return -lr * adam(m, v, t), {"m": m, "v": v}


def gradients_clipped_entry_by_entry(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(np.clip(g, -2, 2), of)
    return -lr * adam(m, v, t), {"m": m, "v": v}


def smallest_second_moment(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    least = np.minimum(of("least"), v) if t > 1 else v
    return -lr * adam(m, least, t), {"m": m, "v": v, "least": least}


def gradient_corrected_a_step_late(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    ahead = (B1 * m + (1 - B1) * g) / (1 - B1 ** (t + 1))
    return -lr * ahead / (np.sqrt(v / (1 - B2**t)) + EPS), {"m": m, "v": v}


def maximum_of_the_averages(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, _ = moments(g, of)
    top = np.maximum(B2 * of("top"), np.abs(m))
    return -lr * m / (1 - B1**t) / (top + EPS), {"m": m, "top": top}


def rectified_too_early(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    top = 2 / (1 - B2) - 1
    now = top - 2 * t * B2**t / (1 - B2**t)
    if now <= 4:
        return -lr * m / (1 - B1**t), {"m": m, "v": v}
    factor = np.sqrt((now - 4) * (now - 2) * top / ((top - 4) * (top - 2) * now))
    return -lr * factor * adam(m, v, t), {"m": m, "v": v}


def mean_added_where_it_is_taken_off(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    s, m = 0.9 * of("s") + 0.1 * g**2, 0.9 * of("m") + 0.1 * g
    return -lr * g / (np.sqrt(s + m**2) + EPS), {"s": s, "m": m}


def velocity_pushed_upwards(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    v = 0.8 * of("v") + g
    return -lr * (v + np.abs(v) / 10), {"v": v}


def velocity_forgotten_every_eighth_step(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    v = (0.8 * of("v") if t % 8 else 0) + g
    return -lr * v, {"v": v}


def gradients_averaged_for_the_updates(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    s = 0.9 * of("s") + 0.1 * g**2
    update = np.sqrt(of("a") + EPS) / np.sqrt(s + EPS) * g
    return -lr * update, {"s": s, "a": 0.9 * of("a") + 0.1 * g**2}


def trust_clipped(g: Array, p: Array, lr: float, t: int, of: Of) -> Made:
    m, v = moments(g, of)
    update = adam(m, v, t)
    p_norm, norm = np.linalg.norm(p), np.linalg.norm(update)
    return -lr * (min(p_norm / norm, 0.75) if p_norm and norm else 1) * update, {"m": m, "v": v}


BUGS: list[tuple[Bug, tuple[str, ...]]] = [
    (decay_by_the_rate_squared, ("adamw",)),
    (steps_counted_one_too_far, ("adam",)),
    (both_moments_corrected_by_the_second_factor, ("adam", "amsgrad")),
    (epsilon_twice, ("adam",)),
    # a parameter without gradients has no second moment here either: no rule comes near, an Adam with L2 nearest
    (decay_in_the_first_moment_alone, ("adam", "amsgrad", "padam")),
    (gradients_clipped_entry_by_entry, ("adam",)),
    (smallest_second_moment, ("adam",)),
    (gradient_corrected_a_step_late, ("nadam", "qhadam")),
    (maximum_of_the_averages, ("adamax",)),
    (rectified_too_early, ("radam",)),
    (mean_added_where_it_is_taken_off, ("rmsprop",)),
    (velocity_pushed_upwards, ("momentum",)),
    (velocity_forgotten_every_eighth_step, ("momentum",)),
    (gradients_averaged_for_the_updates, ("adadelta", "rmsprop")),
    (trust_clipped, ("lamb",)),
]


@pytest.mark.parametrize(("bug", "near"), BUGS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_bug_is_none_of_the_rules_and_its_neighbor_is_told(bug: Bug, near: tuple[str, ...]) -> None:
    found = backproof.identify(stepped(bug), timeout=300)
    assert found == []
    assert found.nearest.startswith(near), found.nearest


def test_a_decay_that_follows_the_rate_in_no_known_way_is_told() -> None:
    found = backproof.identify(stepped(decay_by_the_rate_squared), timeout=300)
    assert found.nearest == "adamw (AdamW), but for how its decay follows the rate"
