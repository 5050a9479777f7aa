"""Ask whether a target follows a rule: find the kind, run its laws in a child process, collect the report."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from types import ModuleType
from typing import Any

from backproof.derivations.update_rules import PUBLISHED, nearest, split_name

from .isolation import isolated
from .report import Law, NotCheckable, Outcome, Report, Violation
from .targets import Target, describe, load

#: kind -> (module of this folder, rules)
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "optimizer": ("optimizers", tuple(PUBLISHED)),
    "loss": ("losses", ("softmax-cross-entropy", "binary-cross-entropy", "squared-error")),
    "penalty": ("penalties", ("l1-penalty", "l2-penalty")),
    "activation": (
        "activations",
        ("sigmoid", "tanh", "relu", "absolute-value", "leaky-relu", "elu", "softplus", "softmax"),
    ),
    "dropout": ("dropouts", ("dropout",)),
    "initializer": ("initializers", ("xavier-normal", "xavier-uniform", "he-normal", "he-uniform", "orthogonal")),
    "batch-norm": ("batch_norms", ("batch-norm",)),
    "schedule": (
        "schedules",
        ("constant", "linear", "step", "exponential", "inverse-time", "triangular", "cosine"),
    ),
    "clipping": ("clippings", ("clip-global-norm",)),
    "gradient": ("gradients", ("mlp-gradient",)),
    "convolution": ("convolutions", ("conv2d",)),
    "minibatches": ("minibatches", ("minibatches",)),
    "stopping": ("stoppings", ("early-stopping",)),
    "averaging": ("averages", ("weight-average", "ensemble-mean")),
}

QUIET = ("quiet", "the target prints nothing")
STEADY = ("generators-unchanged", "the target leaves the global random generators as they were")
#: kinds whose targets draw from the global generators by contract
RANDOM = ("dropout", "initializer")


def kind_of(rule: str, kind: str | None = None) -> str:
    """Return the kind that a rule belongs to.

    Raises:
        NotCheckable: no such rule or kind, or the rule is of another kind; the message names the nearest ones.
    """
    try:
        name, _ = split_name(rule)
    except ValueError as error:
        raise NotCheckable(str(error)) from error
    if kind is not None and kind not in KINDS:
        raise NotCheckable(f"kind must be a known one, got {kind!r}; {nearest(kind, KINDS)}")
    for each, (_, rules) in KINDS.items():
        if name in rules:
            if kind not in (None, each):
                raise NotCheckable(f"rule must be of kind {kind}, {name!r} is of kind {each}")
            return each
    known = KINDS[kind][1] if kind else tuple(r for _, rules in KINDS.values() for r in rules)
    raise NotCheckable(f"rule must be a known one, got {name!r}; {nearest(name, known)}")


def module_of(kind: str) -> ModuleType:
    """Return the module that holds a kind's laws."""
    return import_module(f"{__package__}.{KINDS[kind][0]}")


def laws_of(rule: str, kind: str | None = None) -> tuple[Law, ...]:
    """Return every law that a target of this rule is held to, in order."""
    kind = kind_of(rule, kind)
    try:
        laws: tuple[Law, ...] = module_of(kind).laws_of(rule)
    except NotCheckable:
        raise
    except ValueError as error:
        raise NotCheckable(str(error)) from error
    own = f"the contract of the kind {kind}"
    extra = [Law(*QUIET, own, lambda _: None)]
    if kind not in RANDOM:
        extra.append(Law(*STEADY, own, lambda _: None))
    return (*laws, *extra)


def check(
    target: Any,
    rule: str,
    *,
    kind: str | None = None,
    device: str = "cpu",
    seed: int | None = None,
    timeout: float = 60,
    **hyperparameters: Any,
) -> Report:
    """Return the report on whether a target follows a published rule.

    Args:
        target: the implementation, or its name as `package.module:attribute` or `path/to/file.py:attribute`.
        rule: a rule with its conventions, as `adam[eps=inside]`.
        kind: the kind of target, where the rule does not say.
        device: `cpu` or `cuda`.
        seed: chooses the inputs; the same seed gives the same report.
        timeout: seconds after which a target that has not answered is given up.
        hyperparameters: values under torch's names; the others are chosen by the check.

    Raises:
        NotCheckable: no such rule or convention, or the target does not fit, raises or hangs.
    """
    rule = rule.strip()
    laws = laws_of(rule, kind)
    kind = kind_of(rule, kind)
    seed = 0 if seed is None else seed
    if not timeout > 0:
        raise NotCheckable(f"timeout must be positive, got timeout={timeout!r}")

    def work() -> dict[str, Any]:
        found = target if isinstance(target, Target) else load(target) if isinstance(target, str) else describe(target)
        warm()  # the target's library is there by now; what it imports at its first use is not the laws' time
        begun = time.monotonic()
        before = _generators()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            subject = module_of(kind).subject(found, rule, hyperparameters, device, seed)
            outcomes = _outcomes(subject, laws, before)
        plain = "\n".join([found.source, *subject.plain_run()])
        seconds = round(time.monotonic() - begun, 3)
        return {"laws": outcomes, "plain": plain, "versions": _versions(), "seconds": seconds}

    spec = target if isinstance(target, str) else None
    warm = getattr(module_of(kind), "warm", lambda: None)
    if spec is None:
        warm()  # once here, before children are forked from us, and not in each of them
    answer, printed = isolated(work, timeout, fork=_can_fork(device))
    outcomes = [Outcome(**each) for each in answer["laws"]]
    outcomes = [_silence(each, printed, answer["plain"]) if each.id == QUIET[0] else each for each in outcomes]
    failed = any(each.verdict == "fails" for each in outcomes)
    skipped = any(each.verdict == "skipped" for each in outcomes)
    return Report(
        target=spec or (target.name if isinstance(target, Target) else describe(target).name),
        rule=rule,
        verdict="violates" if failed else "error" if skipped else "conforms",
        laws=tuple(outcomes),
        seconds=answer["seconds"],
        seed=seed,
        versions=answer["versions"],
        formula=formula_of(rule, kind),
    )


def formula_of(rule: str, kind: str) -> str:
    """Return the rule as a person writes it."""
    return str(module_of(kind).formula_of(rule))


def _can_fork(device: str) -> bool:
    # neither CUDA nor JAX's threads survive a fork
    if device != "cpu":
        return False
    return "jax" not in sys.modules and not ("torch" in sys.modules and sys.modules["torch"].cuda.is_initialized())


def _outcomes(subject: Any, laws: tuple[Law, ...], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = []
    for law in laws:
        begun = time.monotonic()
        found = _steady(before, subject) if law.id == STEADY[0] else _tried(law, subject)
        outcome = Outcome(
            law.id, law.claim, law.theorem, "holds" if found is None else "fails",
            round(time.monotonic() - begun, 4),
            **({} if found is None else asdict(found)),
        )  # fmt: skip
        told.append(asdict(outcome))
    return told


def _tried(law: Law, subject: Any) -> Violation | None:
    """Try one law; a target that raised on a plain call never came this far, one that raises now breaks the law."""
    try:
        return law.holds(subject)
    except NotCheckable:
        raise
    except Exception as error:
        said = f"raised {type(error).__name__}: {error}"
        return Violation({"law": law.id}, law.claim, said, subject.target.source, f"the target {said}")


def _generators() -> dict[str, Any]:
    import random

    import numpy

    states: dict[str, Any] = {"random": random.getstate(), "numpy": repr(numpy.random.get_state())}  # noqa: NPY002
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state().tolist()
    return states


#: generator -> what it needs to be imported, and its state
STATES = {
    "random": ("import random", "random.getstate()"),
    "numpy": ("import numpy as np", "repr(np.random.get_state())"),
    "torch": ("import torch", "torch.get_rng_state().tolist()"),
}


def _steady(before: Mapping[str, Any], subject: Any) -> Violation | None:
    after = _generators()
    moved = [name for name, state in before.items() if after[name] != state]
    if not moved:
        return None
    importing, state = STATES[moved[0]]
    lines = [
        subject.target.source, importing, f"before = {state}", *subject.plain_run(),
        f"print('the state before the calls' if {state} == before else 'another state')",
    ]  # fmt: skip
    return Violation(
        {"generator": moved}, "the state before the calls", "another state", "\n".join(lines),
        f"the target drew from or seeded the global generator of {', '.join(moved)}",
    )  # fmt: skip


def _silence(outcome: Outcome, printed: str, plain_run: str) -> Outcome:
    if not printed:
        return outcome
    return Outcome(
        outcome.id, outcome.claim, outcome.theorem, "fails", 0.0,
        {"calls": "any"}, "", printed.partition("\n")[0][:200], plain_run, f"the target printed {printed[:80]!r}",
    )  # fmt: skip


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("backproof", "numpy", "torch", "jax", "optax", "keras", "sympy"):
        if name in sys.modules or name == "backproof":
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "uninstalled"
    return found
