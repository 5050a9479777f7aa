"""Search on every candidate, and name those that reproduce what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backproof.derivations.further_update_rules import (
    Candidate,
    candidates,
    for_matrices,
    looks,
    places_of_decay,
    with_decay,
)
from backproof.derivations.update_rules import PUBLISHED

from .fitting import EXACT, Fit, Fitting, Seen
from .probe import HALVED, MATRICES, ORPHANS, START

Array = np.ndarray
#: what a box may be off by that keeps some of its scalars in single precision, as torch's NAdam does
SINGLE = 1e-6
#: iterations, starts, and on how many of the closest candidates; until one reproduces what was seen, which mostly is
#: among the closest from the first guesses on
ROUNDS = ((40, 8, 16), (10, 4, 1000), (40, 8, 60), (150, 16, 12))


@dataclass(frozen=True)
class Identification:
    """A rule that reproduces the target: its name, what it is in words, and the hyperparameters found."""

    rule: str
    description: str
    hyperparameters: Mapping[str, Any]
    deviation: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "rule": self.rule,
            "description": self.description,
            "hyperparameters": dict(self.hyperparameters),
            "deviation": self.deviation,
        }

    def __str__(self) -> str:
        given = ", ".join(f"{name}={_shown(value)}" for name, value in self.hyperparameters.items())
        return f"{self.rule} ({self.description}): {given}"


def _shown(value: Any) -> str:
    """A number to the digits that are sure."""
    return f"[{', '.join(map(_shown, value))}]" if isinstance(value, list) else f"{value:.9g}"


class Identifications(list[Identification]):
    """The rules that reproduce a target, the simplest first; `nearest` names the near miss when there is none."""

    nearest: str = ""


def ranked(seen: Seen, known: Mapping[str, float]) -> tuple[list[dict[str, Any]], str]:
    """Return the candidates that reproduce what was seen, the simplest first, and the near miss."""
    pool = searched(seen, known)
    for fitting in pool:
        if fitting.best.deviation < SINGLE:  # to the last digit
            fitting.search({name: np.array([[value]]) for name, value in fitting.best.hyper.items()}, 20)
    fits = [named for fitting in pool for named in _named(fitting.best, seen)]
    found = [fit for fit in fits if fit.deviation < EXACT] or [fit for fit in fits if fit.deviation < SINGLE]
    # a rule goes before one that contains it, and no decay before one that is not needed
    names = {fit.candidate.name for fit in found if not fit.how} or {fit.candidate.name for fit in found}
    found = [fit for fit in found if not names & set(fit.candidate.special_cases)]
    bare = {fit.candidate.name for fit in found if not fit.how}
    found = sorted((fit for fit in found if not fit.how or fit.candidate.name not in bare), key=_rank)
    told = [Identification(*with_decay(fit.candidate, fit.how), _as_given(fit.hyper), fit.deviation) for fit in found]
    if told:
        return [each.as_dict() for each in told], ""
    near = min((fitting.best for fitting in pool), key=_distance)
    name, description = with_decay(near.candidate, near.how)
    how = "but for how its decay follows the rate"
    if near.deviation > EXACT:
        how = f"off by {near.deviation:.2g} of an entry's path"
    return [], f"{name} ({description}), {how}"


def _distance(fit: Fit) -> float:
    """How far a near miss is: what has more to choose from must come closer to be worth its name."""
    return fit.cost + 0.15 * len(fit.candidate.hyperparameters) + 0.02 * len(fit.candidate.state)


def searched(seen: Seen, known: Mapping[str, float]) -> list[Fitting]:
    """Return every candidate with the best that it can do, or with the best found when one was right."""
    pool = [Fitting(candidate, how, seen) for candidate in candidates() for how in hows(candidate, seen)]
    told = [fitting for fitting in pool if set(fitting.names) <= set(known)]
    for fitting in told:
        fitting.at(known)
    # most signatures say the truth: then no other values need be guessed
    right = [fitting for fitting in told if fitting.best.deviation < EXACT]
    if right:
        _others(pool, right[0], known)
        return pool
    for fitting in pool:
        fitting.closest(known, 1)
    for iterations, starts, most in ROUNDS:
        pool.sort(key=lambda fitting: fitting.best.cost)
        for fitting in pool[:most]:
            _search(fitting, known, iterations, starts)
            if fitting.best.deviation < EXACT:
                _others(pool, fitting, known)
                return pool
    return pool


def _search(fitting: Fitting, known: Mapping[str, float], iterations: int, starts: int) -> None:
    if fitting.best.deviation < EXACT or iterations <= fitting.iterations:
        return
    fitting.iterations = iterations
    reached = fitting.search(fitting.closest(known, starts), iterations)
    if fitting.best.deviation > EXACT and iterations > ROUNDS[1][0]:
        fitting.search(fitting.elsewhere(reached, starts), iterations)


def _others(pool: list[Fitting], right: Fitting, known: Mapping[str, float]) -> None:
    """Look for other names of what was found: the same rule in another convention, or one that it contains."""
    one = right.candidate
    for fitting in pool:
        other = fitting.candidate
        if set(fitting.names) <= set(right.best.hyper):
            fitting.at(right.best.hyper)
        if _bare(other) == _bare(one) or other.name in one.special_cases:
            _search(fitting, known, *ROUNDS[0][:2])


def _bare(candidate: Candidate) -> str:
    return candidate.name.partition("[")[0]


def hows(candidate: Candidate, seen: Seen) -> list[str]:
    """Return the ways in which decay may enter a candidate here: what gets no gradient moves by decay alone."""
    if for_matrices(candidate) and seen.probe is not MATRICES:
        return []
    own = not places_of_decay(candidate)
    if np.allclose(seen.path[:, ORPHANS], START[ORPHANS], rtol=1e-13, atol=0):
        return [] if own else [""]
    if own:
        return [""]
    linear = ["decoupled", "after", *(["before"] if looks(candidate) else [])] if seen.shares is not None else []
    started = any(each.free_symbols for each in candidate.initial) or looks(candidate)
    return ["coupled", *linear, *([""] if started else [])]


def _named(fit: Fit, seen: Seen) -> list[Fit]:
    """Return a fit under the names that the share taken at each step gives its decay, none if it is no known one."""
    if fit.how in ("", "coupled") or not fit.hyper:
        return [fit]
    shares = seen.shares[:, 0]
    rates = np.where(np.arange(len(shares)) >= HALVED, 0.5 if seen.changed else 1.0, 1.0) * fit.hyper["lr"]
    scales = {fit.how: rates}
    if fit.how == "decoupled":
        scales["without-lr"] = np.ones_like(rates)
    if fit.how == "decoupled" and "moved" in places_of_decay(fit.candidate):
        k = np.arange(1, len(shares) + 1)
        scales["moved"] = rates * np.sqrt(1 - fit.hyper["beta2"] ** k) / (1 - fit.hyper["beta1"] ** k)
    found = []
    for how, scale in scales.items():
        strength = shares / scale
        if np.ptp(strength) < 1e-8 * abs(strength.mean()) + 1e-14 / scale.min():
            found.append(replace(fit, how=how, hyper={**fit.hyper, "weight_decay": float(strength.mean())}))
    return found


def _rank(fit: Fit) -> tuple[int, bool, float]:
    return len(fit.candidate.hyperparameters), _bare(fit.candidate) not in PUBLISHED, fit.deviation


def _as_given(hyper: Mapping[str, float]) -> dict[str, Any]:
    """Hyperparameters as a person gives them."""
    values = dict(hyper)
    if "beta1" in values:
        values = {"lr": values.pop("lr"), "betas": [values.pop("beta1"), values.pop("beta2")], **values}
    return values
