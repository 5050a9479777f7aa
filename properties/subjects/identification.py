"""Tell which published rule a black box implements, and recover its hyperparameters.

The box is run once, for ten steps, on a stored probe of exact rationals. Every candidate is then fitted to what it
did: nonlinear
least squares in the hyperparameters, relative to how far each entry moved. Only a candidate that reproduces every
entry to rounding is
named; the closest of the others is the near miss.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from sympy import lambdify

from backproof.derivations.further_update_rules import Candidate, candidates, places_of_decay, with_decay
from backproof.derivations.update_rules import HYPERPARAMETERS, PUBLISHED, g, t, theta, update_rule

from .optimizer_forms import ApplyForm, Form, StepFunctionForm, TorchForm, recognized
from .report import NotCheckable
from .scenarios import Scenario, Tensor
from .targets import Target

Array = np.ndarray
#: steps before which the rate is halved, in forms whose rate can change
HALVED = (6,)
STEPS = 10
#: a reproduction is one to rounding
EXACT = 1e-9
#: what a box may be off by that keeps some of its scalars in single precision, as torch's NAdam does
SINGLE = 1e-6

F = Fraction
#: where the parameters start, tensor by tensor: a matrix, a vector at 0 for tiny gradients, one that gets none
STARTS: tuple[tuple[Fraction, ...], ...] = (
    tuple(F(n, 8) for n in (7, -5, 3, 12, -9, 2)),
    tuple(F(0) for _ in range(8)),
    (F(3, 4), F(-5, 2)),
)
SHAPES = ((2, 3), (8,), (2,))
#: gradients of the matrix: sign changes, zeros, large then small
MATRIX: tuple[tuple[Fraction, ...], ...] = tuple(
    tuple(F(n, 16) for n in row)
    for row in (
        (16, -24, 8, 40, -3, 5),
        (-8, -20, 0, 96, 5, -1),
        (24, 6, -30, -12, 7, 2),
        (4, -2, 11, 3, -64, 8),
        (0, 9, -7, 1, 2, -4),
        (-36, 1, 3, -2, 6, 1),
        (2, -5, 13, 7, -1, -9),
        (10, 4, -6, 1, 3, 30),
        (-1, 2, 8, -5, 9, -3),
        (7, -14, 2, 6, -4, 1),
    )
)
#: gradients of the vector at 0, from far below the usual epsilons to far above them
SCALES = (*(F(1, 10**k) for k in (10, 9, 8, 7, 5, 3)), F(1), F(60))
PATTERN = (3, 2, -1, 4, 1, -2, 3, -4, 1, 2)


def probe() -> list[list[Array]]:
    """Return the stored gradients, step by step: exact rationals, rounded once to float64."""
    steps = []
    for k in range(STEPS):
        vector = [F(PATTERN[(k + 3 * i) % 10], 2) * scale for i, scale in enumerate(SCALES)]
        rows = (MATRIX[k], tuple(vector), (F(0), F(0)))
        steps.append([np.array([float(x) for x in r]).reshape(shape) for r, shape in zip(rows, SHAPES, strict=True)])
    return steps


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
        given = ", ".join(f"{name}={value}" for name, value in self.hyperparameters.items())
        return f"{self.rule} ({self.description}): {given}"


class Identifications(list[Identification]):
    """The rules that reproduce a target, the simplest first; `nearest` names the near miss when there is none."""

    nearest: str = ""


# ------------------------------------------------------------------------------------------- running the box


def observed(form: Form, given: Mapping[str, Any]) -> tuple[Array, bool]:
    """Return the target's parameters after each step, shape `(steps, entries)`, and whether the rate changed."""
    tensors = tuple(
        Tensor(np.array([float(x) for x in start]).reshape(shape)) for start, shape in zip(STARTS, SHAPES, strict=True)
    )
    gradients = probe()
    scenario = Scenario(tensors, (dict(given),), tuple(tuple(row) for row in gradients))
    session = form.start(scenario)
    changed = form.changes_rate
    values = []
    for k, row in enumerate(gradients):
        if k in HALVED and changed:
            changed = _halve_rate(form, session)
        session.step(list(row))
        values.append(np.concatenate([np.asarray(v, float).ravel() for v in session.values()]))
    return np.array(values), changed


def _demanded(form: Form) -> list[dict[str, Any]]:
    """What to give a target: what it demands without a default; to one that takes anything, what some rule needs."""
    chosen: dict[str, Any] = {"lr": 1 / 16, "betas": (0.9, 0.99), "eps": 1e-6}
    found: dict[str, Any] = {}
    used: set[str] = set()
    for name in HYPERPARAMETERS:
        alias = set(form.takes.alias(name) or ())
        # one parameter may answer to several names: `decay` is alpha, rho and momentum
        if alias & set(form.takes.demanded) and not alias & used:
            found[name] = chosen.get(name, 0.75)
            used |= alias
    if not form.takes.open:
        return [found]
    needs = {tuple(rule.required): None for rule in map(update_rule, PUBLISHED)}
    return [found, *({name: chosen.get(name, 0.75) for name in names} for names in needs)]


def _halve_rate(form: Form, session: Any) -> bool:
    if isinstance(form, TorchForm):
        for group in session.optimizer.param_groups:
            group["lr"] *= 0.5
        return True
    (part,) = session.parts
    if isinstance(form, ApplyForm):
        name = "learning_rate" if hasattr(part.made, "learning_rate") else "lr"
        setattr(part.made, name, float(np.asarray(getattr(part.made, name))) / 2)
        return True
    if isinstance(form, StepFunctionForm):
        held = part.group.get("lr", defaults(form).get("lr"))
        if held is None:
            return False
        part.group = {**part.group, "lr": held / 2}
        return form.takes.alias("lr") is not None
    return False


def defaults(form: Form) -> dict[str, float]:
    """Return the target's own defaults under torch's names, as first guesses."""
    import inspect

    found: dict[str, float] = {}
    try:
        parameters = inspect.signature(form.target.value).parameters
    except (TypeError, ValueError):
        return found
    for name, symbols in HYPERPARAMETERS.items():
        alias = form.takes.alias(name) or ()
        values = [parameters[each].default for each in alias if each in parameters]
        values = list(values[0]) if len(values) == 1 and isinstance(values[0], tuple | list) else values
        for (symbol, _), value in zip(symbols, values, strict=False):
            if isinstance(value, int | float) and not isinstance(value, bool):
                found[symbol.name] = float(value)
            elif value is None and name == "lr":  # Optax's word for an update that no rate scales
                found["lr"] = 1.0
    for name, parameter in parameters.items():
        if isinstance(parameter.default, float) and name not in found:
            found[name] = parameter.default
    return found


# ------------------------------------------------------------------------------------------------- fitting


#: first guesses, where the target's signature gives none
GUESSES: Mapping[str, tuple[float, ...]] = {
    "lr": (1e-3, 0.1),
    "momentum": (0.9, 0.5),
    "beta1": (0.9, 0.6),
    "beta2": (0.999, 0.9),
    "alpha": (0.99, 0.9, 0.75),
    "rho": (0.9, 0.95),
    "eps": (1e-8, 1e-6, 1e-3),
    "weight_decay": (0.01, 0.1),
    "dampening": (0.3, -0.3),
    "nu": (0.7,),
    "nu1": (0.7,),
    "nu2": (1.0, 0.9),
    "momentum_decay": (0.004, 1.0),
    "lr_decay": (0.01, 0.3),
    "lambd": (1e-4, 0.1),
    "power": (0.25, 0.125),
    "eps_root": (1e-16, 1e-8),
    "initial_accumulator_value": (0.1, 1e-6),
    "etaminus": (0.5,),
    "etaplus": (1.2,),
    "trust_coefficient": (1e-3, 0.1),
    "clipping_threshold": (1.0, 0.5, 0.9),
    "decay_rate": (0.8, 0.5, 0.6),
    "least_scale": (1e-3,),
}
DECAYING = ("momentum", "beta1", "beta2", "alpha", "rho", "etaminus")
STEPWISE = ("signum", "lion")
#: rules whose path is not proportional to the rate
DISPROPORTIONATE = ("asgd", "lamb", "yogi", "lars", "rprop", "adafactor", "novograd-decayed")
LINEAR = ("dampening", "nu", "nu1", "nu2", "power", "decay_rate")


def _inward(name: str, value: float) -> float:
    """The coordinate in which a hyperparameter is fitted: its logarithm, or log-odds between 0 and 1."""
    if name in LINEAR:
        return value
    if name in DECAYING:
        value = min(max(value, 1e-12), 1 - 1e-12)
        return float(np.log1p(-value) - np.log(value))
    return float(np.log(max(value, 1e-30)))


def _outward(name: str, coordinate: float) -> float:
    if name in LINEAR:
        return coordinate
    power = float(np.exp(np.clip(coordinate, -60, 25)))
    return 1 / (1 + power) if name in DECAYING else power


START = np.array([float(x) for start in STARTS for x in start])
SIZES = [int(np.prod(shape)) for shape in SHAPES]
EDGES = np.cumsum([0, *SIZES])[:-1]


def _norm(x: Any) -> Array:
    squares = np.add.reduceat(np.broadcast_to(x, (sum(SIZES),)) ** 2, EDGES)
    return np.repeat(np.sqrt(squares), SIZES)


def _factored(x: Any) -> Array:
    x = np.array(np.broadcast_to(x, (sum(SIZES),)), dtype=float)
    for shape, begin, size in zip(SHAPES, EDGES, SIZES, strict=True):
        if len(shape) == 2:
            own = x[begin : begin + size].reshape(shape)
            means = np.outer(own.mean(axis=1), own.mean(axis=0)) / own.mean()
            x[begin : begin + size] = means.ravel()
    return x


FUNCTIONS = [
    {
        "Norm": _norm,
        "RootMeanSquare": lambda x: _norm(x) / np.sqrt(np.repeat(SIZES, SIZES)),
        "Factored": _factored,
        "Max": np.maximum,
        "Min": np.minimum,
        "sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
        "sign": np.sign,
        "Abs": np.abs,
        "exp": np.exp,
    },
    "numpy",
]
_steps: dict[Candidate, Callable[..., Any]] = {}


def predicted(candidate: Candidate, hyper: Mapping[str, float], how: str, changed: bool) -> Array:
    """Return what a candidate, with decay entering as `how`, makes of the probe, shape `(steps, entries)`."""
    if candidate not in _steps:
        arguments = (theta, g, t, *candidate.state, *candidate.hyperparameters)
        _steps[candidate] = lambdify(
            arguments, (candidate.next_parameter, *candidate.next_state), modules=FUNCTIONS, cse=True
        )
    step = _steps[candidate]
    value = START.copy()
    states: list[Any] = [
        np.full_like(value, hyper.get(str(e), 0.0) if e.free_symbols else float(e)) for e in candidate.initial
    ]
    names = [symbol.name for symbol in candidate.hyperparameters]
    # NumPy's numbers overflow to infinity where Python's raise
    given = {name: np.float64(value) for name, value in hyper.items()}
    wd = given.get("weight_decay", np.float64(0))
    told = []
    with np.errstate(all="ignore"):
        for k, row in enumerate(_rows()):
            if changed and k in HALVED:
                given["lr"] /= 2
            lr, held = given["lr"], value
            gradient = row + wd * value if how == "coupled" else row
            value, *states = step(value, gradient, np.float64(k + 1), *states, *(given[name] for name in names))
            if how == "decoupled":
                value = value - lr * wd * held
            elif how == "after":
                value = value * (1 - lr * wd)
            elif how == "without-lr":
                value = value - wd * held
            elif how == "moved":
                value = (
                    value - lr * np.sqrt(1 - given["beta2"] ** (k + 1)) / (1 - given["beta1"] ** (k + 1)) * wd * held
                )
            told.append(np.broadcast_to(value, START.shape))
    return np.array(told)


_cached: list[list[Array]] = []


def _rows() -> list[Array]:
    if not _cached:
        _cached.append([np.concatenate([g.ravel() for g in row]) for row in probe()])
    return _cached[0]


@dataclass
class Fit:
    """The best that a candidate can do, and with which hyperparameters."""

    candidate: Candidate
    how: str
    deviation: float = float("inf")
    hyper: dict[str, float] = field(default_factory=dict)


class Fitting:
    """One candidate held against what was seen; each entry is measured by how far it moved."""

    def __init__(self, candidate: Candidate, how: str, seen: Array, changed: bool) -> None:
        self.candidate, self.how, self.seen, self.changed = candidate, how, seen, changed
        self.names = [symbol.name for symbol in candidate.hyperparameters] + (["weight_decay"] if how else [])
        reach = np.max(np.abs(seen - START), axis=0)
        # an entry that stands still must stand still, to rounding of where it stands
        self.scale = np.where(
            reach > 0, np.maximum(reach, 1e-6 * np.abs(START)), 1e-6 * np.maximum(np.abs(START), 1e-3)
        )
        # without decay the whole path is proportional to the rate, which need not be searched for
        self.proportional = not how and not candidate.name.startswith(DISPROPORTIONATE)
        self.factor, self.closest = 1.0, {}
        self.cost = float("inf")  # how far off all entries are together: what says which candidates to search on
        self.entries = np.ones(len(START), bool)
        self.best = Fit(candidate, how)

    def residual(self, hyper: dict[str, float]) -> Array:
        """How far the prediction is from what was seen, in paths of the entries, remembering the best."""
        with np.errstate(all="ignore"):
            return self._residual(hyper)

    def _residual(self, hyper: dict[str, float]) -> Array:
        made = predicted(self.candidate, hyper, self.how, self.changed)
        if self.proportional:
            ours, theirs = (
                ((x - START) / self.scale)[:, self.entries] for x in (np.nan_to_num(made, nan=1e9), self.seen)
            )
            factor = float(np.sum(ours * theirs) / max(float(np.sum(ours * ours)), 1e-300))
            if np.isfinite(factor) and factor > 0:
                self.factor = factor
                hyper = {**hyper, "lr": hyper["lr"] * factor}
                made = START + (made - START) * factor
        off = np.nan_to_num((made - self.seen) / self.scale, nan=1e6, posinf=1e6, neginf=-1e6)
        off = np.clip(off, -1e6, 1e6)
        worst = float(np.max(np.abs(off)))
        if interior(hyper):
            self.cost = min(self.cost, float(np.sum(np.log1p(100 * np.abs(off)))))
        if worst < self.best.deviation and interior(hyper):
            self.best.deviation, self.best.hyper = worst, dict(hyper)
        return off[:, self.entries].ravel()

    def at(self, hyper: dict[str, float]) -> float:
        """The deviation at given hyperparameters."""
        return float(np.max(np.abs(self.residual(hyper))))

    def scan(self) -> None:
        """Try a grid: a rule that takes signs does not move with its averages' factors but in jumps."""
        from itertools import product

        names = [name for name in self.names if name in DECAYING]
        for values in product((0.5, 0.6, 0.7, 0.8, 0.83, 0.87, 0.9, 0.95, 0.98, 0.99, 0.999), repeat=len(names)):
            self.residual({**guesses(self.names, {})[0], **dict(zip(names, values, strict=True))})

    def undecayed(self, guess: dict[str, float], evaluations: int) -> dict[str, float]:
        """A guess under decay: without it on entries that start at 0 and have large gradients, then by trying out."""
        if not self.how:
            return guess
        bare = Fitting(self.candidate, "", self.seen, self.changed)
        bare.entries = np.zeros(len(START), bool)
        bare.entries[sum(SIZES[:2]) - 2 : sum(SIZES[:2])] = True
        bare.search({name: value for name, value in guess.items() if name != "weight_decay"}, evaluations, fine=False)
        base = {**guess, **bare.closest}
        kept = float(self.seen[0, -1] / START[-1])
        rates = {"decoupled": base["lr"], "after": base["lr"], "without-lr": 1.0, "moved": base["lr"]}
        tries = [(1 - kept) / rates[self.how]] if self.how in rates else [1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0]
        tried = [
            {**base, "weight_decay": abs(wd) + 1e-12, **({"eps": eps} if "eps" in base else {})}
            for wd in tries
            for eps in ((base.get("eps", 0.0), 1e-10, 1e-8, 1e-6, 1e-4, 1e-2) if "eps" in base else (0.0,))
        ]
        return min(tried, key=lambda hyper: float(np.sum(np.log1p(np.abs(self.residual(hyper)) * 100))))

    def other_epsilon(self, guess: dict[str, float]) -> dict[str, float]:
        """The guess with the epsilon that suits it best: wrong by a decade it holds every entry of its size fast."""
        if "eps" not in guess:
            return guess
        tried = [guess, *({**guess, "eps": mantissa * 10.0**-k} for k in range(1, 12) for mantissa in (1.0, 3.0))]
        return min(tried, key=lambda hyper: float(np.sum(np.log1p(np.abs(self.residual(hyper)) * 100))))

    def search(self, guess: dict[str, float], evaluations: int, fine: bool = True) -> None:
        """Nonlinear least squares from a guess: roughly first, then to the last digit if that leads anywhere."""
        from scipy.optimize import least_squares

        free = [name for name in self.names if not (self.proportional and name == "lr")]
        if not free:
            self.residual(guess)
            return

        def hyper(x: Array) -> dict[str, float]:
            return {**guess, **{name: _outward(name, value) for name, value in zip(free, x, strict=True)}}

        def compressed(x: Array) -> Array:
            off = self.residual(hyper(x))  # far from a fit a few entries would drown the others
            return np.sign(off) * np.log1p(np.abs(off) * 100)

        x = np.array([_inward(name, guess[name]) for name in free])
        rough = least_squares(compressed, x, method="trf", max_nfev=evaluations)
        self.closest = hyper(rough.x)
        if self.proportional:
            self.closest["lr"] *= self.factor
        if fine and self.best.deviation < 0.2:
            begin = np.array([_inward(name, self.best.hyper[name]) for name in free])
            exact = least_squares(
                lambda z: self.residual(hyper(z)),
                begin,
                method="lm",
                xtol=1e-15,
                ftol=1e-15,
                gtol=1e-15,
                max_nfev=40 * len(free),
            )
            least_squares(
                lambda z: self.residual(hyper(z)),
                exact.x,
                jac="3-point",
                xtol=1e-15,
                ftol=1e-15,
                gtol=1e-15,
                max_nfev=8,
            )


def interior(hyper: Mapping[str, float]) -> bool:
    """Whether hyperparameters are away from where a rule becomes a simpler one."""
    for name, value in hyper.items():
        if not np.isfinite(value) or (name in DECAYING and not 1e-5 < value < 1 - 1e-7):
            return False
        if (
            name in ("lr", "eps", "weight_decay", "lambd", "lr_decay", "initial_accumulator_value")
            and not 1e-25 < value < 1e4
        ):
            return False
        if name in ("nu", "nu1") and not 1e-4 < abs(value) < 1 - 1e-4:
            return False
        if name == "dampening" and (
            abs(value) < 1e-6 or abs(value - hyper.get("momentum", 2)) < 1e-6 or value > 1 - 1e-6
        ):
            return False
        if name == "power" and (abs(value - 0.5) < 1e-5 or value < 1e-3):
            return False
    return True


def guesses(names: list[str], known: Mapping[str, float]) -> list[dict[str, float]]:
    """First guesses: the target's own defaults where it has them and they are not neutral, then others in turn."""
    most = max(len(GUESSES[name]) for name in names)
    plain = [{name: GUESSES[name][min(i, len(GUESSES[name]) - 1)] for name in names} for i in range(most)]
    own = {name: known[name] for name in names if name in known and (name in LINEAR or 0 < known[name])}
    own = {name: value for name, value in own.items() if name not in DECAYING or value < 1}
    return [{**plain[0], **own}, *plain[1:], plain[0]] if own else plain


# ------------------------------------------------------------------------------------------------- the answer


def identified(target: Target, device: str) -> tuple[list[dict[str, Any]], str]:
    """Return the rules that reproduce an optimizer, as JSON values, and the near miss."""
    from .scenarios import symbols_of

    form = recognized(target, {}, device)
    errors = []
    for given in _demanded(form):
        try:
            seen, changed = observed(form, given)
            break
        except NotCheckable:
            raise
        except Exception as error:
            errors.append(f"the target raised {type(error).__name__} on a plain step: {error}")
    else:
        raise NotCheckable(errors[0])
    if not np.isfinite(seen).all():
        raise NotCheckable("the target's parameters must stay finite on the probe, they did not")
    return ranked(seen, changed, {**defaults(form), **symbols_of(given)})


def ranked(seen: Array, changed: bool, known: Mapping[str, float]) -> tuple[list[dict[str, Any]], str]:
    """Return the candidates that reproduce what was seen, the simplest first, and the near miss."""
    entries = places(seen, changed)
    pool = [Fitting(candidate, how, seen, changed) for candidate in candidates() for how in _hows(candidate, entries)]
    for fitting in pool:  # as the target's signature says, first: most say the truth
        for guess in guesses(fitting.names, known)[:2]:
            if interior(guess):
                fitting.residual(guess)
        if fitting.best.deviation > EXACT and fitting.best.hyper:
            fitting.other_epsilon(fitting.best.hyper)
    for fitting in pool:
        if fitting.candidate.name in STEPWISE:
            fitting.scan()
    rounds = ((8, len(pool)), (30, 14), (150, 5))
    for evaluations, best in rounds:
        if any(fitting.best.deviation < EXACT for fitting in pool):
            break
        pool.sort(key=lambda fitting: fitting.cost)
        for fitting in pool[:best]:
            # few rules decay by themselves: where something decays, they are searched for in earnest at once
            own = entries and not places_of_decay(fitting.candidate)
            _searched(fitting, known, max(evaluations, 30) if own else evaluations)
    general = [fitting for fitting in pool if fitting.best.deviation < EXACT and fitting.candidate.special_cases]
    for fitting in pool:  # a general rule that fits may stand for a special one that was not searched for as long
        if any(fitting.candidate.name in each.candidate.special_cases and fitting.how == each.how for each in general):
            _searched(fitting, known, 150)
        decaying = any(each.best.deviation < EXACT and each.candidate == fitting.candidate for each in pool)
        if decaying and not fitting.how:
            _searched(fitting, known, 150)

    def rank(fit: Fit) -> tuple[int, bool, float]:
        published = fit.candidate.name.partition("[")[0] in PUBLISHED
        return len(fit.candidate.hyperparameters), not published, fit.deviation

    fits = sorted((fitting.best for fitting in pool), key=rank)
    found = [fit for fit in fits if fit.deviation < EXACT] or [fit for fit in fits if fit.deviation < SINGLE]
    if found:
        found += _twins(found, fits, seen, changed)
    names = {fit.candidate.name for fit in found if not fit.how} or {fit.candidate.name for fit in found}
    found = [fit for fit in found if not names & set(fit.candidate.special_cases)]
    found = [fit for fit in found if not fit.how or not any(o.candidate == fit.candidate and not o.how for o in found)]
    told = [
        Identification(made.full_name, made.description, _named(fit), float(fit.deviation)).as_dict()
        for fit in found
        for made in [with_decay(fit.candidate, fit.how) if fit.how else fit.candidate]
    ]
    near = min((fitting.best for fitting in pool), key=lambda fit: fit.deviation)
    if told or near.deviation > 0.5:
        return told, ""
    made = with_decay(near.candidate, near.how) if near.how else near.candidate
    return told, f"{made.full_name} ({made.description}), off by {near.deviation:.2g} of an entry's path"


def _hows(candidate: Candidate, entries: tuple[str, ...]) -> list[str]:
    """Return the places of decay to try for one candidate; one whose states start away from 0 may move without any."""
    own = [how for how in entries if how in places_of_decay(candidate)]
    started = any(each.free_symbols for each in candidate.initial)
    return [*own, ""] if own and started else own or [""]


def places(seen: Array, changed: bool) -> tuple[str, ...]:
    """Return where decay may enter, as the tensor tells that gets zero gradients and moves by decay alone."""
    n = SIZES[-1]
    path = np.vstack([START[-n:], seen[:, -n:]])
    if not np.max(np.abs(path - START[-n:])):
        return ()
    kept = path[1:] / path[:-1]
    if np.max(np.abs(kept - kept[:, :1])) > 1e-9 * np.max(np.abs(1 - kept)) + 1e-14:
        return ("coupled",)  # the decay went through something that is not linear
    lost = 1 - kept[:, 0]
    if np.ptp(lost[: HALVED[0]]) > 1e-6 * abs(lost[0]) + 1e-14:
        return ("coupled", "moved")
    if changed and abs(lost[-1] - lost[0]) < 0.1 * abs(lost[0]):
        return ("without-lr", "coupled")
    return ("decoupled", "after", "coupled", *(() if changed else ("without-lr",)))


def _searched(fitting: Fitting, known: Mapping[str, float], evaluations: int) -> None:
    if fitting.best.deviation < EXACT:
        return
    starts = guesses(fitting.names, known)
    for guess in [fitting.best.hyper or starts[0], *(starts if evaluations > 8 else [])]:
        with contextlib.suppress(ValueError):
            # from an epsilon that is off by decades even the right rule ends in a wrong place
            begin = fitting.undecayed(guess, evaluations) if fitting.how else fitting.other_epsilon(guess)
            fitting.search(begin, evaluations)
            if fitting.best.deviation > EXACT and fitting.closest and evaluations > 8:
                fitting.search(fitting.other_epsilon(fitting.closest), evaluations)
        if fitting.best.deviation < EXACT:
            return


def _twins(found: list[Fit], fits: list[Fit], seen: Array, changed: bool) -> list[Fit]:
    """Return the other names of what was found: conventions that only a changing rate would tell apart."""
    told = []
    for fit in found:
        bare = fit.candidate.name.partition("[")[0]
        for other in fits:
            same = other.candidate.name.partition("[")[0] == bare and other.candidate.name != fit.candidate.name
            if (
                same
                and other not in found
                and other.how == fit.how
                and other.candidate.hyperparameters == fit.candidate.hyperparameters
            ):
                tried = Fitting(other.candidate, other.how, seen, changed)
                if tried.at(fit.hyper) < EXACT:
                    told.append(tried.best)
    return told


def _named(fit: Fit) -> dict[str, Any]:
    values = dict(fit.hyper)
    if "beta1" in values:
        values = {"lr": values.pop("lr"), "betas": [values.pop("beta1"), values.pop("beta2")], **values}
    return values


def identify(target: Any, *, kind: str | None = None, device: str = "cpu", timeout: float = 60) -> Identifications:
    """Return the published rules that reproduce a target, the simplest first; an empty list when none does.

    An optimizer's hyperparameters are recovered, also those that it has fixed inside. Of another kind
    (`kind="activation"`) the
    rules are those whose laws all hold.

    Raises:
        NotCheckable: the target does not fit, raises or hangs.
    """
    from .engine import KINDS, _can_fork, check, kind_of
    from .isolation import isolated
    from .targets import describe, load

    if kind is not None and kind not in KINDS:
        kind_of("adam", kind)  # raises with the nearest names
    if kind in (None, "optimizer"):
        if not isinstance(target, str) and "torch" in sys.modules:
            from .optimizers import warm

            warm()

        def work() -> Any:
            found = load(target) if isinstance(target, str) else describe(target)
            return identified(found, device)

        (rules, nearest), _ = isolated(work, timeout, fork=_can_fork(device))
        answer = Identifications(Identification(**each) for each in rules)
        answer.nearest = nearest
        return answer
    answer = Identifications()
    for rule in KINDS[kind][1]:
        try:
            report = check(target, rule, kind=kind, device=device, timeout=timeout)
        except NotCheckable:
            continue
        if report.conforms:
            answer.append(Identification(rule, report.formula, {}, 0.0))
    return answer
