"""The kind `optimizer`: laws that hold a target to the trajectory of its published rule.

Every law compares with the rule's own expressions (`backproof.derivations.update_rules`) on a run that makes one sort
of mistake visible: what hides behind neutral hyperparameters, a single tensor, a constant rate, a gradient far from
epsilon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.derivations.update_rules import HYPERPARAMETERS, PUBLISHED, UpdateRule, update_rule

from .optimizer_forms import Broken, Form, recognized
from .optimizer_snippets import counterexample, run_of, snippet
from .report import Law, NotCheckable, Violation
from .scenarios import Coupled, Departure, Scenario, Tensor, departure, oracle, smaller
from .shrinking import Shrinking
from .targets import Target

Array = np.ndarray
KIND = "optimizer"
RULES = tuple(PUBLISHED)

#: values away from neutral; rates and decays are dyadic because Keras multiplies them in single precision
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "lr": (1 / 16, 3 / 32, 1 / 4, 5 / 16),
    "momentum": (0.9, 0.7, 0.95, 0.55),
    "betas": ((0.8, 0.95), (0.9, 0.999), (0.6, 0.87), (0.95, 0.7)),
    "alpha": (0.9, 0.99, 0.75, 0.6),
    "rho": (0.9, 0.99, 0.75, 0.6),
    "eps": (1e-3, 1e-8, 0.05, 1e-5),
    "weight_decay": (1 / 2, 5 / 16, 3 / 2, 1 / 8),
}


class Subject:
    """An optimizer target together with the rule that it is held to."""

    def __init__(self, target: Target, rule: str, hyper: Mapping[str, Any], device: str, seed: int) -> None:
        self.target, self.rule, self.hyper, self.seed = target, update_rule(rule), dict(hyper), seed
        self.shrinking = Shrinking()
        try:
            self.form: Form = recognized(target, hyper, device, self.rule.required)
        except NotCheckable:
            raise
        except Exception as error:
            raise NotCheckable(
                f"target must be an optimizer, calling it raised {type(error).__name__}: {error}"
            ) from error
        self._settle_names()
        self._try_once()

    @property
    def formula(self) -> str:
        """The rule as a person writes it."""
        return self.rule.formula

    def _settle_names(self) -> None:
        takes = self.form.takes
        for name in self.rule.required:
            if takes.alias(name) is None and name not in self.hyper:
                raise NotCheckable(
                    f"{self.rule.name} requires {name}, and the target takes no such parameter; "
                    f"give the value that it has fixed inside with --set {name}=..."
                )
        for name in self.hyper:
            if name not in HYPERPARAMETERS and takes.alias(name) is None:
                raise NotCheckable(f"the target must take what is set, it takes no parameter {name!r}")

    def _try_once(self) -> None:
        """Three plain steps: a target that does not manage these is not checkable."""
        try:
            values = run(self.form, self._plain())[0]
        except NotCheckable:
            raise
        except Exception as error:
            raise NotCheckable(f"the target raised {type(error).__name__} on a plain step: {error}") from error
        if values[-1][0].dtype.kind not in "fc":
            raise NotCheckable(f"parameters must stay floating point, they became {values[-1][0].dtype}")

    def _plain(self) -> Scenario:
        return Scenario((Tensor(np.array([0.5, -1.0])),), (self.group(0),), ((np.array([1.0, -0.5]),),) * 3)

    def plain_run(self) -> list[str]:
        """The lines of a snippet that takes three plain steps."""
        return run_of(self.form, self._plain())

    def rng(self, law: str) -> np.random.Generator:
        """The law's own stream of random numbers."""
        return np.random.default_rng([self.seed, *law.encode()])

    def group(self, i: int, **chosen: Any) -> dict[str, Any]:
        """Hyperparameters of the rule: as set, else as the law chooses, else the i-th choice away from neutral."""
        shift = self.seed % 4
        group = {}
        for place, name in enumerate(self.rule.required):
            choices = CHOICES[name]
            group[name] = chosen.get(name, choices[(i + shift * (place + 1)) % len(choices)])
        optional = (*self.rule.required, *self.rule.optional, "maximize")
        return {**group, **{name: value for name, value in self.hyper.items() if name in optional}}

    def rate(self, group: Mapping[str, Any], factor: float) -> dict[str, Any]:
        """The group's rate times a dyadic factor; a rate that the target has fixed inside stays as it is."""
        free = self.form.takes.alias("lr") is not None
        return {"lr": group["lr"] * (factor if free else 1.0)}

    @property
    def epsilon(self) -> float | None:
        """A fixed epsilon, where there is one."""
        return float(self.hyper["eps"]) if "eps" in self.hyper else None

    def violation(self, scenarios: Iterator[Scenario], runner: Callable[..., Any] | None = None) -> Violation | None:
        """Return the smallest departure found on the first scenario that shows one."""
        runner = runner or run
        for scenario in scenarios:
            found = self.departure(scenario, runner)
            if found is not None:
                scenario, found = self.shrunk(scenario, found, runner)
                lines = snippet(self.form, scenario, found, runner is interleaved)
                return Violation(counterexample(scenario, found), found.expected, found.observed, lines, found.detail)
        return None

    def departure(self, scenario: Scenario, runner: Callable[..., Any]) -> Departure | None:
        """Return where the target leaves the rule on this scenario."""
        try:
            values, gradients, changed = runner(self.form, scenario)
        except NotCheckable:
            raise
        except Broken as broken:
            return Departure(scenario.steps - 1, 0, "one evaluation and its loss", str(broken), str(broken))
        except Exception as error:
            if scenario.dtype == "float16":  # to refuse half precision is no wrong answer
                return None
            said = f"raised {type(error).__name__}: {error}"
            return Departure(scenario.steps - 1, 0, "the formula's update", said, f"the target {said}")
        if runner is watched and changed:
            return Departure(0, 0, "gradients as they were given", changed[0], changed[0])
        return departure(scenario, values, oracle(self.rule, scenario, gradients), self.form.widens)

    def shrunk(self, scenario: Scenario, found: Departure, runner: Callable[..., Any]) -> tuple[Scenario, Departure]:
        """Return the smallest scenario that still departs, found greedily within a time limit."""
        scenario = replace(scenario, gradients=scenario.gradients[: found.step + 1])
        still = lambda tried: self.departure(tried, runner)  # noqa: E731
        return self.shrinking.smallest(scenario, found, smaller, _weight, still)


def _weight(scenario: Scenario) -> tuple[int, int, int, float]:
    """How much there is to read in a scenario."""
    numbers = [x.start for x in scenario.tensors] + [g for row in scenario.gradients for g in row if g is not None]
    odd = sum(float(np.sum([_digits(v) for v in array.ravel()])) for array in numbers)
    events = len(scenario.changes) + len(scenario.restore) + len(scenario.groups)
    return scenario.steps, sum(x.start.size for x in scenario.tensors), events, odd


def _digits(value: float) -> int:
    return {0.0: 0, 1.0: 1}.get(value, 2 if np.log2(abs(value) or 1) % 1 == 0 else 6)


def run(form: Form, scenario: Scenario) -> tuple[list[list[Array]], list[list[Array | None]], list[str]]:
    """Return the parameters after each step, the gradients that were used and what the target changed."""
    session = form.start(scenario)
    values: list[list[Array]] = []
    used: list[list[Array | None]] = []
    for k in range(scenario.steps):
        if k in scenario.changes:
            session.set(scenario.changes[k])
        if k in scenario.restore:
            session.restore()
        if scenario.own_point is not None:
            used.append(list(session.own_step(scenario.own_point)))
        else:
            used.append(list(scenario.gradients[k]))
            session.step(used[-1])
        values.append(session.values())
    return values, used, session.changed


def watched(form: Form, scenario: Scenario) -> tuple[list[list[Array]], list[list[Array | None]], list[str]]:
    """As `run`, for the law that holds the target to leaving its arguments alone."""
    return run(form, scenario)


def interleaved(form: Form, scenario: Scenario) -> tuple[list[list[Array]], list[list[Array | None]], list[str]]:
    """As `run`, while a second instance works on another problem of the same shapes."""
    session = form.start(scenario)
    other = form.start(scenario)
    values: list[list[Array]] = []
    for row in scenario.gradients:
        other.step([None if g is None else -3 * g - 1 for g in row])
        session.step(list(row))
        values.append(session.values())
        other.step([None if g is None else 2 * g for g in row])
    return values, [list(row) for row in scenario.gradients], []


# ------------------------------------------------------------------------------------------------ scenarios

SHAPES = ((2, 3), (2, 3), (4,), (1, 2))


def script(rng: np.random.Generator, shapes: tuple[tuple[int, ...], ...], steps: int, scales: tuple[float, ...]) -> Any:
    """Gradients that change sign, grow, shrink and vanish: normal ones under an envelope, a sixth of them zero."""
    envelope = 2.0 ** rng.integers(-3, 4, size=steps)
    rows = []
    for k in range(steps):
        row = []
        for shape, scale in zip(shapes, scales, strict=True):
            g = rng.normal(size=shape) * scale * envelope[k]
            row.append(np.asarray(np.where(rng.random(shape) < 1 / 6, 0.0, g)))
        rows.append(tuple(row))
    return tuple(rows)


def starts(rng: np.random.Generator, shapes: tuple[tuple[int, ...], ...], scale: float = 1.0) -> tuple[Tensor, ...]:
    """Parameters of these shapes at random points."""
    return tuple(Tensor(np.asarray(scale * rng.normal(size=shape))) for shape in shapes)


def first_step(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("first-step")
    for i in range(4):
        g = np.array([1.0, -2.0, 0.25, 3.0]) * 2.0 ** (i - 2)
        yield Scenario((Tensor(rng.normal(size=4)),), (s.group(i),), ((g,),))


def trajectory(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("trajectory")
    for i in range(4):
        yield Scenario(starts(rng, SHAPES), (s.group(i),), script(rng, SHAPES, 20, (1.0, 30.0, 0.02, 1.0)))


def long_run(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("long-run")
    shapes = ((3,), (2, 2))
    yield Scenario(starts(rng, shapes, 0.1), (s.group(1),), script(rng, shapes, s.form.longest, (1.0, 0.1)))


def magnitudes(s: Subject) -> Iterator[Scenario]:
    """Entries from far below epsilon (and below its square root) to 1e3, each judged by itself from zero."""
    rng = s.rng("magnitudes")
    for eps in (2.0**-10, 1e-8, 2.0**-4):
        held = s.epsilon or eps
        scales = [held**2, held / 8, held, 3 * held, np.sqrt(held), 1.0, 1e3]
        size = np.array(scales)
        tensors = (Tensor(np.zeros(len(size))),)
        rows = tuple((size * rng.choice([-2.0, -1.0, 0.5, 1.0, 1.5], size=len(size)),) for _ in range(10))
        yield Scenario(tensors, (s.group(2, eps=eps),), rows, entrywise=True)


def zero_gradient(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("zero-gradient")
    zero, one = np.zeros(3), np.array([0.0, 1.0, -2.0])
    for i in range(3):
        tensors = (Tensor(rng.normal(size=3)), Tensor(rng.normal(size=3)))
        rows = [(zero, zero), (zero, one), (zero, zero), (one, zero), (zero, zero), (zero, zero)]
        yield Scenario(tensors, (s.group(i, **({"eps": 1e-8} if i == 1 else {})),), tuple(rows))


def constant_gradient(s: Subject) -> Iterator[Scenario]:
    g = np.array([1.0, -3.0, 0.125, 0.7])
    for i in (0, 2):
        yield Scenario((Tensor(np.zeros(4)),), (s.group(i, eps=2.0**-4),), ((g,),) * 60)


def stays_finite(s: Subject) -> Iterator[Scenario]:
    """A gradient that stays the same for long: a variance that is 0 in the limit must not turn negative."""
    g = np.array([1.0, -3.3, 0.1, 707.07, -1000.0, 123.456])
    for dtype, steps in (("float32", min(200, s.form.longest)), ("float64", min(200, s.form.longest))):
        yield Scenario((Tensor(np.zeros(6)),), (s.group(2, eps=1e-8),), ((g,),) * steps, dtype=dtype)


def partition(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("partition")
    start, rows = rng.normal(size=6), rng.normal(size=(8, 6))
    for cuts in ((), (1, 3), (1, 2, 3, 4, 5)):
        tensors = tuple(Tensor(part) for part in np.split(start, cuts))
        yield Scenario(tensors, (s.group(1),), tuple(tuple(np.split(row, cuts)) for row in rows))


def layout(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("layout")
    for shapes, kinds in (
        (((),), ("contiguous",)),
        (((3, 2), (3, 2), (), (4,), (2, 1, 3)), ("transposed",) + ("contiguous",) * 4),
    ):
        tensors = tuple(Tensor(x.start, kind) for x, kind in zip(starts(rng, shapes), kinds, strict=True))
        yield Scenario(tensors, (s.group(0),), script(rng, shapes, 8, (1.0,) * len(shapes)))


def groups(s: Subject) -> Iterator[Scenario]:
    """Each group its own rate first, then all of its own hyperparameters where the target keeps them by group."""
    rng = s.rng("groups")
    shapes = ((2, 2), (3,), (2, 2), (1,), (3,))
    one = s.group(0)
    for others in (
        ({**one, **s.rate(one, 0.125)}, {**one, **s.rate(one, 2.0)}),
        ({**s.group(1), **s.rate(s.group(1), 4.0)}, s.group(2)),
    ):
        tensors = tuple(replace(x, group=i // 2) for i, x in enumerate(starts(rng, shapes)))
        yield Scenario(tensors, (one, *others), script(rng, shapes, 8, (1.0,) * 5))


def changed_rate(s: Subject) -> Iterator[Scenario]:
    """The rate changes in mid-run where the form allows; elsewhere each rate has a run of its own."""
    rng = s.rng("changed-rate")
    shapes = ((3,), (2, 2))
    for i, factors in enumerate(((0.125, 2.0), (4.0, 0.5))):
        group, rows = s.group(i), script(rng, shapes, 12, (1.0, 1.0))
        if s.form.changes_rate:
            changes = {4: (s.rate(group, factors[0]),), 8: (s.rate(group, factors[1]),)}
            yield Scenario(starts(rng, shapes), (group,), rows, changes=changes)
        else:
            for factor in factors:
                yield Scenario(starts(rng, shapes), ({**group, **s.rate(group, factor)},), rows)


def late_gradient(s: Subject) -> Iterator[Scenario]:
    """A parameter without a gradient stands still and counts from its first one; where a form has no "none", zeros."""
    rng = s.rng("late-gradient")
    shapes = ((2, 2), (3,), (2, 2))
    for i in range(2):
        rows = [list(row) for row in script(rng, shapes, 12, (1.0, 1.0, 1.0))]
        for k in range(5):
            rows[k][1] = None
        for k in (3, 4, 5, 8):
            rows[k][2] = None
        rows[9] = [None] * 3
        if not s.form.none_gradients:
            rows = [[np.zeros(shape) if g is None else g for g, shape in zip(row, shapes, strict=True)] for row in rows]
        yield Scenario(starts(rng, shapes), (s.group(i),), tuple(tuple(row) for row in rows))


def restored_state(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("restored-state")
    shapes = ((2, 2), (3,), (2, 2))
    group = s.group(0)
    rows = script(rng, shapes, 9, (1.0, 5.0, 0.2))
    yield Scenario(starts(rng, shapes), (group,), rows, restore=(3, 6))
    if s.form.changes_rate and s.form.own_groups:  # the changed rate is part of the saved state
        tensors = tuple(replace(x, group=int(i > 0)) for i, x in enumerate(starts(rng, shapes)))
        change = {2: (s.rate(group, 0.25), s.rate(group, 2.0))}
        yield Scenario(tensors, (group, {**group, **s.rate(group, 0.5)}), rows, restore=(4,), changes=change)


def single_precision(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("float32")
    shapes = ((2, 3), (4,))
    for i in (0, 2):
        group = s.group(i, eps=1e-3)
        yield Scenario(starts(rng, shapes), (group,), script(rng, shapes, 16, (1.0, 10.0)), dtype="float32")


#: exact in half precision, and large enough for it to see each of them
COARSE: Mapping[str, Any] = {
    "lr": 1 / 8, "momentum": 0.75, "betas": (0.75, 0.875), "alpha": 0.75, "rho": 0.75, "eps": 1 / 4,
    "weight_decay": 0.5,
}  # fmt: skip


def half_precision(s: Subject) -> Iterator[Scenario]:
    """A few steps under gradients that neither underflow nor overflow when squared, or a refusal."""
    rng = s.rng("float16")
    shapes = ((2, 3), (4,))
    rows = tuple(tuple(rng.choice([-2.0, -1.0, -0.25, 0.25, 1.0], size=shape) for shape in shapes) for _ in range(4))
    yield Scenario(starts(rng, shapes, 0.25), (s.group(0, **COARSE),), rows, dtype="float16")


def own_point(s: Subject) -> Iterator[Scenario]:
    """A quadratic and a coupled pair of modes, the gradient taken where the target holds its parameters."""
    rng = s.rng("own-point")
    gradient = Coupled((1.0, 0.25, 2.0), tuple(rng.normal(size=3)))
    start = (Tensor(rng.normal(size=3)),)
    yield Scenario(start, (s.group(1, lr=1 / 16),), ((np.zeros(3),),) * 12, own_point=gradient)


def refilled(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("refilled")
    shapes = ((2, 2), (3,))
    yield Scenario(starts(rng, shapes), (s.group(0),), script(rng, shapes, 6, (1.0, 1.0)), refilled=True)


def plain(s: Subject) -> Iterator[Scenario]:
    rng = s.rng("plain")
    shapes = ((2,), (2,))
    yield Scenario(starts(rng, shapes), (s.group(0),), script(rng, shapes, 6, (1.0, 1.0)))


def laws(rule: UpdateRule) -> tuple[Law, ...]:
    """Return the laws of an optimizer rule, the same number for every form."""
    name = rule.full_name

    def law(id: str, claim: str, scenarios: Callable[[Subject], Iterator[Scenario]], runner: Any = None) -> Law:
        return Law(id, claim, f"update rule {name}: {rule.formula}", lambda s: s.violation(scenarios(s), runner))

    return (
        law("first-step", "the first update, from states at zero, is the formula's", first_step),
        law("trajectory", "several tensors under gradients of every size and sign follow the formula", trajectory),
        law("long-run", "hundreds of updates follow the formula", long_run),
        law("magnitudes", "each entry follows the formula for gradients from eps^2 to 1e3", magnitudes),
        law(
            "zero-gradient",
            "a zero gradient, first or later, moves as the formula says and stays finite",
            zero_gradient,
        ),
        law(
            "constant-gradient",
            "under a constant gradient the t-th update is the formula's for every t",
            constant_gradient,
        ),
        law("stays-finite", "a long constant gradient keeps the parameters finite, in both precisions", stays_finite),
        law("partition", "one vector split into tensors moves as the whole", partition),
        law("layout", "tensors of rank 0 to 3 and transposed ones follow the formula", layout),
        law("groups", "each parameter group follows its own rate and hyperparameters", groups),
        law("changed-rate", "the update at each step uses the rate of that step", changed_rate),
        law("late-gradient", "a parameter counts its own updates, and stands still without a gradient", late_gradient),
        law("restored-state", "a run saved and restored goes on as if it had not stopped", restored_state),
        law("float32", "single precision follows the formula within its rounding", single_precision),
        law("float16", "half precision follows the formula within its rounding, or is refused", half_precision),
        law("own-point", "gradients are taken where the target holds its parameters, once a step", own_point),
        law("arguments-unchanged", "the gradients are left as they were given", plain, watched),
        law("gradients-refilled", "the state is no part of the gradients, whose tensors are filled anew", refilled),
        law(
            "instances-independent",
            "two instances at work on different problems do not touch each other",
            plain,
            interleaved,
        ),
    )


def subject(target: Target, rule: str, hyper: Mapping[str, Any], device: str, seed: int) -> Subject:
    """Return the target as a subject of this kind."""
    return Subject(target, rule, hyper, device, seed)


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of the named rule."""
    return laws(update_rule(rule))


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return update_rule(rule).formula


def warm() -> None:
    """Import what the first torch optimizer of a process imports."""
    import sys

    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.optim.SGD([torch.zeros(1)], lr=1.0)
