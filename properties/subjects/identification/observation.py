"""Run the box on the probe, in whatever way its form demands."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from backproof.derivations.update_rules import HYPERPARAMETERS, PUBLISHED, update_rule

from ..optimizer_forms import ApplyForm, Form, StepFunctionForm, TorchForm
from ..report import NotCheckable
from ..scenarios import Scenario, Tensor
from .fitting import Seen
from .probe import HALVED, MATRICES, PLAIN, Probe

Array = np.ndarray


def observed(form: Form) -> tuple[Seen, Mapping[str, Any]]:
    """Return what the box did, and what it was given.

    What refuses vectors gets matrices, what refuses dense gradients sparse ones; whoever takes any name is given what
    some rule needs.

    Raises:
        NotCheckable: it raised on every plain step, or its parameters did not stay finite.
    """
    first = ""
    for probe, sparse in ((PLAIN, False), (MATRICES, False), (PLAIN, True)):
        for given in _demanded(form):
            try:
                seen = _run(form, given, probe, sparse)
            except NotCheckable:
                raise
            except Exception as error:
                first = first or f"the target raised {type(error).__name__} on a plain step: {error}"
                continue
            if not np.isfinite(seen.path).all():
                raise NotCheckable("the target's parameters must stay finite on the probe, they did not")
            return seen, given
        if not isinstance(form, TorchForm):
            break
    raise NotCheckable(first)


def _run(form: Form, given: Mapping[str, Any], probe: Probe, sparse: bool) -> Seen:
    """Take every step."""
    scenario = Scenario(
        tuple(Tensor(start) for start in probe.starts), (dict(given),), tuple(tuple(row) for row in probe.gradients)
    )
    session = form.start(scenario)
    if isinstance(form, TorchForm):
        _prepare(session, sparse)
    changed = form.changes_rate
    values = []
    for k, row in enumerate(probe.gradients):
        if k == HALVED and changed:
            changed = _halve_rate(form, session)
        session.step(list(row))
        values.append(np.concatenate([np.asarray(value, float).ravel() for value in session.values()]))
    return Seen(np.array(values), changed, probe)


def _prepare(session: Any, sparse: bool) -> None:
    """Give the gradients as sparse tensors, and a closure that leaves them to an optimizer that must have one."""
    import torch

    step = session.optimizer.step
    closure = inspect.signature(step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        step = partial(step, lambda: torch.zeros(()))

    def taken() -> None:
        for parameter in session.parameters if sparse else ():
            parameter.grad = parameter.grad.to_sparse()
        step()
        for parameter in session.parameters if sparse else ():
            parameter.grad = parameter.grad.to_dense()

    session.optimizer.step = taken


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
