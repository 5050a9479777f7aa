"""The four forms in which an optimizer comes, each behind the same few calls: start, step, values, set, restore."""

from __future__ import annotations

import copy
import inspect
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .report import NotCheckable
from .scenarios import Scenario, Tensor
from .targets import Signature, Target, keywords, signature

Array = np.ndarray


class Broken(Exception):
    """The target broke what its form promises, beside the numbers."""


def laid_out(array: Array, layout: str) -> Array:
    """Return the array in memory as its parameter lies: transposed ones are the transpose of a contiguous array."""
    return np.ascontiguousarray(array.T).T if layout == "transposed" else np.array(array, order="C")


class Form:
    """How one form of target is started; `hyper` is what was given with `--set`, passed to it as it is."""

    #: what the form can express
    none_gradients = own_groups = changes_rate = False
    #: whether single precision may be answered in double, as NumPy's scalars make it
    widens = False
    #: how many steps a long run takes
    longest = 320
    title = ""

    def __init__(self, target: Target, takes: Signature, hyper: Mapping[str, Any], device: str) -> None:
        self.target, self.takes, self.hyper, self.device = target, takes, hyper, device

    def arguments(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """The target's keyword arguments for one group's hyperparameters."""
        return {**keywords(self.takes, group), **keywords(self.takes, self.extra(group))}

    def extra(self, group: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in self.hyper.items() if name not in group}

    def start(self, scenario: Scenario) -> Any:
        """Return a session that holds the scenario's parameters."""
        raise NotImplementedError


# ------------------------------------------------------------------------------------------------ (a) torch


class TorchForm(Form):
    """(a) A `torch.optim.Optimizer` class, or a factory `f(params, **hyper)` returning one."""

    none_gradients = own_groups = changes_rate = True
    title = "torch"

    def start(self, scenario: Scenario) -> TorchSession:
        return TorchSession(self, scenario)


class TorchSession:
    def __init__(self, form: TorchForm, scenario: Scenario) -> None:
        import torch

        self.form, self.scenario, self.torch = form, scenario, torch
        self.changed: list[str] = []
        self.dtype = getattr(torch, scenario.dtype)
        self.parameters = [self._parameter(tensor.start, tensor.layout) for tensor in scenario.tensors]
        self.optimizer = self._optimizer()

    def _tensor(self, array: Array, layout: str) -> Any:
        rows = self.torch.tensor(np.array(array.T if layout == "transposed" else array, order="C"), dtype=self.dtype)
        rows = rows.to(self.form.device)
        return rows.t() if layout == "transposed" else rows

    def _parameter(self, array: Array, layout: str) -> Any:
        parameter = self._tensor(array, layout).requires_grad_()
        # a differentiable step writes to its parameters under autograd, which leaves do not allow
        return parameter.clone() if self.form.hyper.get("differentiable") else parameter

    def _optimizer(self) -> Any:
        form, scenario = self.form, self.scenario
        first = form.arguments(scenario.groups[0])
        if len(scenario.groups) == 1:
            made = form.target.value(self.parameters, **first)
        else:
            options = [keywords(form.takes, group) for group in scenario.groups]
            made = form.target.value(
                [
                    {"params": [p for p, x in zip(self.parameters, scenario.tensors, strict=True) if x.group == i],
                     **self._own(options[i])}
                    for i in range(len(scenario.groups))
                ],
                **first,
            )  # fmt: skip
        if not isinstance(made, self.torch.optim.Optimizer):
            raise NotCheckable(f"target must return a torch optimizer, got {type(made).__name__}")
        return made

    def _own(self, options: dict[str, Any]) -> dict[str, Any]:
        """What a group may set for itself: the rate, and whatever the optimizer keeps in its groups."""
        probe = self.torch.zeros(1, dtype=self.dtype, device=self.form.device, requires_grad=True)
        known = self.form.target.value([probe], **self.form.arguments(self.scenario.groups[0])).param_groups[0]
        return {name: value for name, value in options.items() if name in known or name == "lr"}

    def set(self, changes: tuple[Mapping[str, Any], ...]) -> None:
        for group, change in zip(self.optimizer.param_groups, changes, strict=True):
            group.update({**keywords(self.form.takes, change), **({"lr": change["lr"]} if "lr" in change else {})})

    def step(self, gradients: list[Array | None]) -> None:
        given = []
        for parameter, tensor, gradient in zip(self.parameters, self.scenario.tensors, gradients, strict=True):
            if self.scenario.refilled and parameter.grad is not None and gradient is not None:
                parameter.grad.copy_(self._tensor(gradient, tensor.layout))
            else:
                parameter.grad = None if gradient is None else self._tensor(gradient, tensor.layout)
            given.append(None if gradient is None else (parameter.grad, parameter.grad.clone()))
        self.optimizer.step()
        for held in given:
            if held is not None and not self.torch.equal(*held):
                self.changed.append("the gradients were changed in place")

    def own_step(self, gradient_at: Callable[[list[Array]], list[Array]]) -> list[Array]:
        """One step on gradients taken where the optimizer holds the parameters, by a closure where it takes one."""
        seen: list[list[Array]] = []
        held = self.values()

        def closure() -> Any:
            if any(not np.array_equal(now, then) for now, then in zip(self.values(), held, strict=True)):
                raise Broken("the closure was called at other parameters than those that the optimizer holds")
            self.optimizer.zero_grad()
            if not self.torch.is_grad_enabled():
                raise Broken("the closure was called with gradients switched off")
            seen.append(gradient_at(self.values()))
            for parameter, tensor, gradient in zip(self.parameters, self.scenario.tensors, seen[-1], strict=True):
                parameter.grad = self._tensor(gradient, tensor.layout)
            return self.torch.tensor(2.5, dtype=self.dtype)

        if self.heeds_closures():
            loss = self.optimizer.step(closure)
            if loss is None or float(loss) != 2.5:
                raise Broken(f"step(closure) must return the closure's loss 2.5, it returned {loss!r}")
        else:
            closure()
            self.optimizer.step()
        if len(seen) != 1:
            raise Broken(f"one step must evaluate its closure once, it did so {len(seen)} times")
        return seen[0]

    def heeds_closures(self) -> bool:
        """Whether a step calls the closure that it is given; to take none, or none to heart, is no other rule."""
        if "closure" not in inspect.signature(self.optimizer.step).parameters:
            return False
        called: list[bool] = []

        def closure() -> Any:
            called.append(True)
            return self.torch.zeros((), dtype=self.dtype)

        other = TorchSession(self.form, self.scenario)
        for parameter in other.parameters:
            parameter.grad = self.torch.zeros_like(parameter)
        other.optimizer.step(closure)
        return bool(called)

    def _copied(self, tree: Any) -> Any:
        """A copy as a file would hold it: plain containers of tensors cut from any graph."""
        if isinstance(tree, self.torch.Tensor):
            return tree.detach().clone()
        if isinstance(tree, dict):
            return {key: self._copied(each) for key, each in tree.items()}
        if isinstance(tree, list | tuple):
            return type(tree)(self._copied(each) for each in tree)
        return copy.deepcopy(tree)

    def values(self) -> list[Array]:
        return [parameter.detach().cpu().numpy().copy() for parameter in self.parameters]

    def restore(self) -> None:
        """Go on with a new optimizer on new tensors, from what the old one's `state_dict` holds."""
        saved = self._copied(self.optimizer.state_dict())
        held = self.values()
        for each in self.parameters:  # what is not in the saved state must not survive in the old objects
            with self.torch.no_grad():
                each.fill_(float("nan"))
        self.parameters = [self._parameter(v, x.layout) for v, x in zip(held, self.scenario.tensors, strict=True)]
        self.optimizer = self._optimizer()
        self.optimizer.load_state_dict(saved)


# ------------------------------------------------------------------------------------- forms without groups


class GroupedSession:
    """One instance of the target for each group, for the forms that know no groups."""

    def __init__(self, form: Any, scenario: Scenario) -> None:
        self.scenario = scenario
        self.changed: list[str] = []
        self.members = [
            [i for i, x in enumerate(scenario.tensors) if x.group == g] for g in range(len(scenario.groups))
        ]
        self.parts = [
            form.session(form, [scenario.tensors[i] for i in members], dict(group), scenario.dtype)
            for members, group in zip(self.members, scenario.groups, strict=True)
        ]

        self.filled: list[Array] | None = None

    def set(self, changes: tuple[Mapping[str, Any], ...]) -> None:
        for part, change in zip(self.parts, changes, strict=True):
            part.set(change)

    def step(self, gradients: list[Array | None]) -> None:
        given = self._laid_out(gradients)
        before = [g.copy() for g in given]
        for part, members in zip(self.parts, self.members, strict=True):
            part.step([given[i] for i in members])
        self.changed += _changed(given, before)

    def _laid_out(self, gradients: list[Array | None]) -> list[Array]:
        """The gradients as the parameters lie; where the scenario says so, always in the same arrays."""
        made = [
            laid_out((np.zeros_like(x.start) if g is None else g).astype(self.scenario.dtype), x.layout)
            for g, x in zip(gradients, self.scenario.tensors, strict=True)
        ]
        if not self.scenario.refilled:
            return made
        if self.filled is None:
            self.filled = made
        for held, g in zip(self.filled, made, strict=True):
            held[...] = g
        return self.filled

    def own_step(self, gradient_at: Callable[[list[Array]], list[Array]]) -> list[Array]:
        gradients = gradient_at(self.values())
        self.step(list(gradients))
        return gradients

    def values(self) -> list[Array]:
        found: list[Array] = [np.empty(0)] * len(self.scenario.tensors)
        for part, members in zip(self.parts, self.members, strict=True):
            for i, value in zip(members, part.values(), strict=True):
                found[i] = value
        return found

    def restore(self) -> None:
        for part in self.parts:
            part.restore()


def _changed(held: list[Array], before: list[Array]) -> list[str]:
    pairs = zip(held, before, strict=True)
    if any(now.shape != then.shape or now.tobytes() != then.tobytes() for now, then in pairs):
        return ["the gradients were changed in place"]
    return []


def _checked(values: Any, like: list[Array], what: str) -> list[Array]:
    if not isinstance(values, list | tuple) or len(values) != len(like):
        raise NotCheckable(f"target must return {what} as a list of {len(like)} arrays, got {type(values).__name__}")
    return [np.asarray(each) for each in values]


class GradientTransformForm(Form):
    """(b) A factory `f(**hyper)` of an object with `init(params)` and `update(grads, state, params)`."""

    title = "init/update"
    widens = True

    def __init__(self, *everything: Any) -> None:
        super().__init__(*everything)
        self.session = TransformSession
        module = (getattr(self.target.value, "__module__", "") or "").partition(".")[0]
        self.jax = module == "optax" or ("optax" in sys.modules and "jax" in sys.modules)
        if self.jax:
            import jax

            jax.config.update("jax_enable_x64", True)

    def start(self, scenario: Scenario) -> GroupedSession:
        self.many_steps = scenario.steps > 30  # compiling costs about as much as 30 steps
        return GroupedSession(self, scenario)


class TransformSession:
    def __init__(self, form: GradientTransformForm, tensors: list[Tensor], group: dict[str, Any], dtype: str) -> None:
        self.form, self.tensors, self.dtype = form, tensors, dtype
        self.group = group
        self._make()
        self.held = [self._array(x.start, x.layout) for x in tensors]
        self.state = self.made.init(self._pass(self.held))

    def _make(self) -> None:
        self.made = self.form.target.value(**self.form.arguments(self.group))
        self.update = self.made.update
        if self.form.jax and self.form.many_steps:
            import jax

            self.update = jax.jit(self.made.update)

    def _array(self, array: Array, layout: str) -> Array:
        return laid_out(array.astype(self.dtype), layout)

    def _pass(self, arrays: list[Array]) -> list[Any]:
        if not self.form.jax:
            return list(arrays)
        import jax.numpy as jnp

        return [jnp.array(each) for each in arrays]  # asarray may share memory that is filled anew

    def set(self, change: Mapping[str, Any]) -> None:
        raise NotCheckable("this form has no rate that can change")

    def step(self, given: list[Array]) -> None:
        before = [p.copy() for p in self.held]
        answer = self.update(self._pass(given), self.state, self._pass(self.held))
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise NotCheckable(f"update must return (updates, state), got {type(answer).__name__}")
        updates = _checked(answer[0], self.held, "the updates")
        self.state = answer[1]
        self.held = [np.asarray(p + u) for p, u in zip(before, updates, strict=True)]

    def values(self) -> list[Array]:
        return [value.copy() for value in self.held]

    def restore(self) -> None:
        saved = copy.deepcopy(self.state)
        self._make()
        self.made.init(self._pass([np.zeros_like(each) for each in self.held]))
        self.state = saved


class StepFunctionForm(Form):
    """(d) A function `step(params, grads, state, **hyper) -> (params, state)`."""

    changes_rate = True
    title = "step function"
    widens = True

    def __init__(self, *everything: Any) -> None:
        super().__init__(*everything)
        self.session = StepSession

    def start(self, scenario: Scenario) -> GroupedSession:
        return GroupedSession(self, scenario)


class StepSession:
    def __init__(self, form: StepFunctionForm, tensors: list[Tensor], group: dict[str, Any], dtype: str) -> None:
        self.form, self.tensors, self.group, self.dtype = form, tensors, group, dtype
        self.held = [laid_out(x.start.astype(dtype), x.layout) for x in tensors]
        self.state: Any = None

    def set(self, change: Mapping[str, Any]) -> None:
        self.group = {**self.group, **change}

    def step(self, given: list[Array]) -> None:
        answer = self.form.target.value(self.held, given, self.state, **self.form.arguments(self.group))
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise NotCheckable(f"step must return (params, state), got {type(answer).__name__}")
        self.held, self.state = _checked(answer[0], self.held, "the parameters"), answer[1]

    def values(self) -> list[Array]:
        return [np.array(value) for value in self.held]

    def restore(self) -> None:
        saved = copy.deepcopy(self.state)
        for leaf in _leaves(self.state):  # what is not in the saved state must not survive in the old one
            if isinstance(leaf, np.ndarray) and leaf.flags.writeable and leaf.dtype.kind == "f":
                leaf.fill(np.nan)
        self.held = [value.copy() for value in self.held]
        self.state = saved


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, Mapping):
        return [leaf for each in tree.values() for leaf in _leaves(each)]
    if isinstance(tree, list | tuple):
        return [leaf for each in tree for leaf in _leaves(each)]
    return [tree]


class Variable(np.ndarray):
    """What stands for a Keras variable where the target is not Keras' own: an array that can be assigned to."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    @property
    def value(self) -> Array:
        """The array itself."""
        return self

    def assign(self, other: Any) -> Variable:
        """Set every entry."""
        self[...] = other
        return self

    def assign_sub(self, other: Any) -> Variable:
        """Subtract in place."""
        return self.assign(self - other)

    def assign_add(self, other: Any) -> Variable:
        """Add in place."""
        return self.assign(self + other)

    def numpy(self) -> Array:
        """Return the plain array."""
        return np.asarray(self)


class ApplyForm(Form):
    """(c) A factory `f(**hyper)` of an object with `apply(grads, variables)`, as in Keras 3."""

    title = "apply"

    def __init__(self, made: Any, *everything: Any) -> None:
        super().__init__(*everything)
        self.session = ApplySession
        if "jax" in sys.modules:
            sys.modules["jax"].config.update("jax_enable_x64", True)
        self.keras = any(cls.__module__.partition(".")[0] == "keras" for cls in type(made).__mro__)
        self.changes_rate = hasattr(made, "learning_rate") or hasattr(made, "lr")
        self.longest = 110 if self.keras else self.longest  # one eager step costs milliseconds there

    def start(self, scenario: Scenario) -> GroupedSession:
        return GroupedSession(self, scenario)


class ApplySession:
    def __init__(self, form: ApplyForm, tensors: list[Tensor], group: dict[str, Any], dtype: str) -> None:
        self.form, self.tensors, self.group, self.dtype = form, tensors, group, dtype
        self.variables = [self._variable(x.start, x.layout) for x in tensors]
        self.made = form.target.value(**form.arguments(group))

    def _variable(self, array: Array, layout: str) -> Any:
        held = laid_out(array.astype(self.dtype), layout)
        if not self.form.keras:
            return held.view(Variable)
        import keras

        return keras.Variable(held, dtype=self.dtype)

    def set(self, change: Mapping[str, Any]) -> None:
        self.group = {**self.group, **change}
        setattr(self.made, "learning_rate" if hasattr(self.made, "learning_rate") else "lr", change["lr"])

    def step(self, given: list[Array]) -> None:
        passed: list[Any] = given
        if self.form.keras:
            import keras

            passed = [keras.ops.convert_to_tensor(g, dtype=self.dtype) for g in given]
        self.made.apply(passed, self.variables)

    def values(self) -> list[Array]:
        if not self.form.keras:
            return [np.array(v) for v in self.variables]
        import keras

        return [np.array(keras.ops.convert_to_numpy(v.value)) for v in self.variables]

    def restore(self) -> None:
        if not hasattr(self.made, "variables") or not hasattr(self.made, "build"):
            self.made = copy.deepcopy(self.made) if self._stateless_of_variables() else self.made
            return
        saved = [np.array(v) for v in self.made.variables] if not self.form.keras else self._saved()
        self.variables = [self._variable(v, x.layout) for v, x in zip(self.values(), self.tensors, strict=True)]
        self.made = self.form.target.value(**self.form.arguments(self.group))
        self.made.build(self.variables)
        for variable, value in zip(self.made.variables, saved, strict=True):
            variable.assign(value)

    def _saved(self) -> list[Array]:
        import keras

        return [np.array(keras.ops.convert_to_numpy(v.value)) for v in self.made.variables]

    def _stateless_of_variables(self) -> bool:
        """Whether a copy knows its variables again: state keyed by identity does not survive a copy."""
        return not any(isinstance(leaf, np.ndarray) for leaf in _leaves(vars(self.made)))


# -------------------------------------------------------------------------------------------- recognition


def recognized(target: Target, hyper: Mapping[str, Any], device: str, required: Sequence[str] = ()) -> Form:
    """Return the form of an optimizer target, by its class, its signature and what it returns.

    A factory that does not say what it takes, `f(**hyper)`, is given what the rule requires.
    """
    takes = signature(target.value)
    torch = sys.modules.get("torch")
    if inspect.isclass(target.value) and torch is not None and issubclass(target.value, torch.optim.Optimizer):
        return TorchForm(target, _inherited(target.value, takes), hyper, device)
    free = [name for name in takes.demanded if name not in hyper and not _is_hyperparameter(name)]
    if len(free) >= 3 or (len(free) == 2 and "state" in takes.names[2:3]):
        return StepFunctionForm(target, takes, hyper, device)
    if len(free) == 1:
        return TorchForm(target, takes, hyper, device)
    if free:
        raise NotCheckable(
            f"an optimizer must take params, or params, grads and state, or hyperparameters only; it takes {free}"
        )
    made = _probe(target, takes, hyper, required)
    if hasattr(made, "init") and hasattr(made, "update"):
        return GradientTransformForm(target, takes, hyper, device)
    if hasattr(made, "apply"):
        return ApplyForm(made, target, takes, hyper, device)
    raise NotCheckable(
        "an optimizer must be a torch one, return init and update or apply, or be step(params, grads, state); "
        f"it returned {type(made).__name__}"
    )


def _probe(target: Target, takes: Signature, hyper: Mapping[str, Any], required: Sequence[str]) -> Any:
    """What the factory returns, with something for each argument that it demands."""
    something = {name: (0.5, 0.75) if name == "betas" else 0.25 for name in (*takes.demanded, *required)}
    arguments = {name: something[name] for name in takes.demanded}
    if takes.open:
        arguments |= keywords(takes, {name: something[name] for name in required})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return target.value(**{**arguments, **keywords(takes, hyper)})


def _is_hyperparameter(name: str) -> bool:
    from .targets import ALIASES, PAIRS

    return any(name in names for names in (*ALIASES.values(), *PAIRS))


def _inherited(cls: type, takes: Signature) -> Signature:
    """The signature of a class together with its bases', where it passes anything on to them."""
    if not takes.open:
        return takes
    names = list(takes.names)
    for base in cls.__mro__[1:]:
        if base.__name__ == "Optimizer":
            break
        names += [name for name in signature(base).names if name not in names]
    return Signature(tuple(names), takes.demanded, takes.open)
