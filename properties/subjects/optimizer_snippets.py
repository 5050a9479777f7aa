"""A counterexample of an optimizer in words, and as a few lines that need nothing but the target and its library.

The lines repeat the run that showed the departure, events included, and print what was observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .scenarios import Departure, Scenario


def _numbers(array: Any) -> Any:
    return None if array is None else np.asarray(array, float).tolist()


def counterexample(scenario: Scenario, found: Departure) -> dict[str, Any]:
    """Return the run as plain numbers."""
    told: dict[str, Any] = {
        "hyperparameters": [dict(group) for group in scenario.groups],
        "parameters": [_numbers(x.start) for x in scenario.tensors],
        "gradients": _told(scenario),
        "step": found.step + 1,
        "tensor": found.tensor,
    }  # fmt: skip
    if scenario.dtype != "float64":
        told["dtype"] = scenario.dtype
    if any(x.layout != "contiguous" for x in scenario.tensors):
        told["layout"] = [x.layout for x in scenario.tensors]
    if len(scenario.groups) > 1:
        told["group of tensor"] = [x.group for x in scenario.tensors]
    if scenario.changes:
        told["changed before step"] = {str(k + 1): [dict(c) for c in v] for k, v in scenario.changes.items()}
    if scenario.restore:
        told["restored before step"] = [k + 1 for k in scenario.restore]
    return told


def _told(scenario: Scenario) -> Any:
    if scenario.own_point is not None:
        return "taken at the target's own parameters"
    rows = [[_numbers(g) for g in row] for row in scenario.gradients]
    same = len(rows) > 3 and all(row == rows[0] for row in rows)
    return {"each step": rows[0], "steps": len(rows)} if same else rows


def snippet(form: Any, scenario: Scenario, found: Departure, interleaved: bool = False) -> str:
    """Return lines that repeat the run and print what was observed beside what the rule gives."""
    writer = WRITERS[form.title](form, scenario, interleaved)
    told = isinstance(found.observed, str) and found.observed.startswith("the gradients")
    shown = "said" if told else f"{writer.shown(found.tensor)}.tolist()"
    tail = f"# expected after {found.step + 1} step(s), tensor {found.tensor}: {found.expected}"
    return "\n".join([form.target.source, *writer.lines(told), f"print({shown})", tail])


def run_of(form: Any, scenario: Scenario) -> list[str]:
    """Return lines that do no more than repeat a run."""
    return WRITERS[form.title](form, scenario, False).lines()


class Writer:
    """Writes a run: each instance of the target has a name, and is begun, changed, restored and moved by its lines."""

    library = "np"

    def __init__(self, form: Any, scenario: Scenario, interleaved: bool) -> None:
        self.form, self.scenario, self.interleaved = form, scenario, interleaved
        self.transposed = [x.layout == "transposed" for x in scenario.tensors]
        groups = range(len(scenario.groups))
        #: group -> its tensors; one instance each where the form knows no groups
        self.members = {j: [i for i, x in enumerate(scenario.tensors) if x.group == j] for j in groups}

    def lines(self, told: bool = False) -> list[str]:
        """The run; `told` is whether it says that the gradients were changed."""
        scenario = self.scenario
        others = ["_other"] if self.interleaved else []
        lines = [*self.head(), *(line for end in ["", *others] for line in self.begin(end))]
        if scenario.own_point is not None:
            lines += [scenario.own_point.source(self.library), f"for k in range({scenario.steps}):"]
        else:
            lines.append(f"for k, row in enumerate({self._rows()}):")
        events: list[str] = []
        for k in sorted({*scenario.changes, *scenario.restore}):
            events.append(f"if k == {k}:")
            happening = self.change(scenario.changes[k]) if k in scenario.changes else []
            happening += self.restore() if k in scenario.restore else []
            events += [f"    {line}" for line in happening]
        steps = self.move("", "", told)
        if self.interleaved:
            steps = [*self.move("_other", "-3 * {} - 1"), *steps, *self.move("_other", "2 * {}")]
        lines += [f"    {line}" for line in [*events, *steps]]
        return ["import copy", *lines] if any("copy." in line for line in lines) else lines

    def _rows(self) -> str:
        rows = [[_numbers(g) for g in row] for row in self.scenario.gradients]
        return f"[{rows[0]!r}] * {len(rows)}" if len(rows) > 3 and all(row == rows[0] for row in rows) else repr(rows)

    def head(self) -> list[str]:
        """The imports and `params`."""
        raise NotImplementedError

    def begin(self, end: str) -> list[str]:
        """The instances, whose names have this ending."""
        raise NotImplementedError

    def change(self, changes: Any) -> list[str]:
        """What sets the groups' values."""
        raise NotImplementedError

    def restore(self) -> list[str]:
        """What saves the state and goes on from the copy."""
        raise NotImplementedError

    def move(self, end: str, scaled: str, told: bool = False) -> list[str]:
        """One step on the row's gradients, scaled; `told` says whether they were changed."""
        raise NotImplementedError

    def shown(self, tensor: int) -> str:
        """The values of a tensor."""
        raise NotImplementedError


SAID = "said = 'the gradients were changed in place'"


class TorchWriter(Writer):
    """(a) One instance for all groups."""

    library = "torch"

    def _made(self, value: str, transposed: str = "transposed") -> str:
        made = f"torch.tensor({value}, dtype=torch.{self.scenario.dtype})"
        return f"lie({made}, {transposed})" if any(self.transposed) else made

    def head(self) -> list[str]:
        lines = ["import torch"]
        if any(self.transposed):
            lines.append("def lie(x, transposed): return x.t().contiguous().t() if transposed else x")
        lines.append("def make(params):")
        arguments = [_written(self.form.arguments(group)) for group in self.scenario.groups]
        parts = [f"dict(params=[params[i] for i in {members}], {arguments[j]})" for j, members in self.members.items()]
        given = "params" if len(parts) == 1 else f"[{', '.join(parts)}]"
        return [*lines, f"    return target({given}, {arguments[0]})"]

    def begin(self, end: str) -> list[str]:
        starts, leaf = [_numbers(x.start) for x in self.scenario.tensors], self._leaf(self._made("v"))
        params = f"params{end} = [{leaf} for v in {starts}]"
        if any(self.transposed):
            params = f"params{end} = [{leaf} for v, transposed in zip({starts}, {self.transposed})]"
        return [params, f"opt{end} = make(params{end})"]

    def _leaf(self, made: str) -> str:
        # A differentiable step writes to its parameters under autograd, which leaves do not allow.
        return f"{made}.requires_grad_()" + (".clone()" if self.form.hyper.get("differentiable") else "")

    def change(self, changes: Any) -> list[str]:
        return [f"opt.param_groups[{j}].update({dict(each)!r})" for j, each in enumerate(changes)]

    def restore(self) -> list[str]:
        return [
            "saved, old = copy.deepcopy(opt.state_dict()), params",
            f"params = [{self._leaf('p.detach().clone()')} for p in old]",
            "for p in old: p.data.fill_(float('nan'))  # nothing but what was saved survives",
            "opt = make(params); opt.load_state_dict(saved)",
        ]

    def move(self, end: str, scaled: str, told: bool = False) -> list[str]:
        if self.scenario.own_point is not None:
            return self._closure()
        loop = f"zip(params{end}, row, {self.transposed})" if any(self.transposed) else f"zip(params{end}, row)"
        names = "p, v, transposed" if any(self.transposed) else "p, v"
        given = self._made("v")
        lines = [f"for {names} in {loop}:"]
        if self.scenario.refilled:
            lines += [f"    if p.grad is None: p.grad = {given}", f"    else: p.grad.copy_({given})"]
        else:
            given = scaled.format(given) if scaled else given
            lines.append(f"    p.grad = None if v is None else {given}")
        if not told:
            return [*lines, f"opt{end}.step()"]
        given = "[p.grad for p in params if p.grad is not None]"
        return [
            *lines,
            f"grads = {given}; before = [g.clone() for g in grads]",
            "opt.step()",
            f"if not all(map(torch.equal, grads, before)): {SAID}",
        ]

    def _closure(self) -> list[str]:
        filled = ["opt.zero_grad()", f"params[0].grad = gradient(params[0].detach()).to(torch.{self.scenario.dtype})"]
        if not self.form.start(self.scenario).heeds_closures():
            return [*filled, "opt.step()"]
        return [
            "calls, held = [], params[0].detach().clone()",
            "def closure():",
            "    assert torch.equal(params[0], held), "
            "'the closure was called at other parameters than those that the optimizer holds'",
            *(f"    {line}" for line in filled),
            "    assert torch.is_grad_enabled(), 'the closure was called with gradients switched off'",
            "    calls.append(k)",
            f"    return torch.tensor(2.5, dtype=torch.{self.scenario.dtype})",
            "loss = opt.step(closure)",
            "assert loss is not None and float(loss) == 2.5, "
            'f"step(closure) must return the closure\'s loss 2.5, it returned {loss!r}"',
            "assert len(calls) == 1, f'one step must evaluate its closure once, it did so {len(calls)} times'",
        ]

    def shown(self, tensor: int) -> str:
        return f"params[{tensor}]"


class ArrayWriter(Writer):
    """The forms that know no groups: an instance for each, all of them moved at each step."""

    def _array(self, value: str, i: str) -> str:
        order = f", order='CF'[{self.transposed}[{i}]]" if any(self.transposed) else ""
        return f"np.array({value}, np.{self.scenario.dtype}{order})"

    def head(self) -> list[str]:
        return ["import numpy as np", f"starts = {[_numbers(x.start) for x in self.scenario.tensors]}"]

    def names(self, end: str) -> list[tuple[int, str]]:
        """(group, ending of its instance's names)"""
        return [(j, f"{j}{end}" if len(self.members) > 1 else end) for j in self.members]

    def begin(self, end: str) -> list[str]:
        lines = []
        for j, name in self.names(end):
            lines += [f"own{name} = [{self.start('starts[i]', 'i')} for i in {self.members[j]}]"]
            lines += self.instance(name, self.form.arguments(self.scenario.groups[j]))
        return lines

    def start(self, value: str, i: str) -> str:
        """A parameter."""
        return self._array(value, i)

    def instance(self, name: str, arguments: Any) -> list[str]:
        """The target and its state."""
        raise NotImplementedError

    def move(self, end: str, scaled: str, told: bool = False) -> list[str]:
        lines = []
        for j, name in self.names(end):
            made = self._array("row[i]", "i")
            if self.scenario.own_point is not None:
                lines.append(f"grads = [gradient({self.plain(f'own{name}[0]')})]")
            elif self.scenario.refilled:
                lines.append(f"if k == 0: grads{name} = [{made} for i in {self.members[j]}]")
                lines.append(f"for g, i in zip(grads{name}, {self.members[j]}): g[...] = row[i]")
            else:
                lines.append(f"grads = [{scaled.format(made) if scaled else made} for i in {self.members[j]}]")
            if told:
                lines.append("before = copy.deepcopy(grads)")
            lines += self.step(name, f"grads{name}" if self.scenario.refilled else "grads")
            if told:
                lines.append(f"if any(g.tobytes() != b.tobytes() for g, b in zip(grads, before)): {SAID}")
        return lines

    def step(self, name: str, grads: str) -> list[str]:
        """The call."""
        raise NotImplementedError

    def plain(self, value: str) -> str:
        """A parameter as an array."""
        return value

    def shown(self, tensor: int) -> str:
        group = self.scenario.tensors[tensor].group
        name = dict(self.names(""))[group]
        return f"np.asarray({self.plain(f'own{name}[{self.members[group].index(tensor)}]')})"


SPOIL = [
    "def spoil(state):  # nothing but what was saved survives",
    "    for x in state.values() if isinstance(state, dict) else state if isinstance(state, (list, tuple)) else ():",
    "        spoil(x)",
    "    if isinstance(state, np.ndarray) and state.dtype.kind == 'f' and state.flags.writeable: state.fill(np.nan)",
]


class TransformWriter(ArrayWriter):
    """(b)"""

    def head(self) -> list[str]:
        first = ["import jax", "jax.config.update('jax_enable_x64', True)"] if self.form.jax else []
        return [*first, *super().head()]

    def instance(self, name: str, arguments: Any) -> list[str]:
        return [f"opt{name} = target({_written(arguments)})", f"state{name} = opt{name}.init(own{name})"]

    def restore(self) -> list[str]:
        lines = []
        for j, name in self.names(""):
            made = self.instance(name, self.form.arguments(self.scenario.groups[j]))
            begun = f"opt{name}.init([0 * p for p in own{name}])"
            lines += [f"saved = copy.deepcopy(state{name})", made[0], f"{begun}; state{name} = saved"]
        return lines

    def step(self, name: str, grads: str) -> list[str]:
        return [
            f"old = copy.deepcopy(own{name})",
            f"updates, state{name} = opt{name}.update({grads}, state{name}, own{name})",
            f"own{name} = [p + u for p, u in zip(old, updates)]",
        ]


class StepWriter(ArrayWriter):
    """(d)"""

    def head(self) -> list[str]:
        return [*super().head(), *(SPOIL if self.scenario.restore else [])]

    def instance(self, name: str, arguments: Any) -> list[str]:
        return [f"state{name}, hyper{name} = None, {arguments!r}"]

    def change(self, changes: Any) -> list[str]:
        names = dict(self.names(""))
        groups = [{**group, **each} for group, each in zip(self.scenario.groups, changes, strict=True)]
        return [f"hyper{names[j]} = {self.form.arguments(group)!r}" for j, group in enumerate(groups)]

    def restore(self) -> list[str]:
        lines = []
        for _, name in self.names(""):
            lines.append(f"saved = copy.deepcopy(state{name}); spoil(state{name})")
            lines.append(f"own{name}, state{name} = [p.copy() for p in own{name}], saved")
        return lines

    def step(self, name: str, grads: str) -> list[str]:
        return [f"own{name}, state{name} = target(own{name}, {grads}, state{name}, **hyper{name})"]


VARIABLE = [
    "class Variable(np.ndarray):",
    "    __hash__ = lambda self: id(self)",
    "    value = property(lambda self: self)",
    "    def assign(self, other): self[...] = other; return self",
    "    def assign_sub(self, other): return self.assign(self - other)",
    "    def assign_add(self, other): return self.assign(self + other)",
    "    def numpy(self): return np.asarray(self)",
]


class ApplyWriter(ArrayWriter):
    """(c) On Keras' variables, or on arrays that can be assigned to as they can."""

    def head(self) -> list[str]:
        return [*super().head(), *(["import keras"] if self.form.keras else VARIABLE)]

    def start(self, value: str, i: str) -> str:
        made = self._array(value, i)
        return f"keras.Variable({made}, dtype='{self.scenario.dtype}')" if self.form.keras else f"{made}.view(Variable)"

    def instance(self, name: str, arguments: Any) -> list[str]:
        return [f"opt{name} = target({_written(arguments)})"]

    def change(self, changes: Any) -> list[str]:
        names = dict(self.names(""))
        rate = "learning_rate" if hasattr(self._probe(), "learning_rate") else "lr"
        return [f"opt{names[j]}.{rate} = {each['lr']!r}" for j, each in enumerate(changes)]

    def _probe(self) -> Any:
        return self.form.target.value(**self.form.arguments(self.scenario.groups[0]))

    def restore(self) -> list[str]:
        made = self._probe()
        if not (hasattr(made, "variables") and hasattr(made, "build")):
            return [f"opt{name} = copy.deepcopy(opt{name})" for _, name in self.names("")]
        lines = []
        for j, name in self.names(""):
            again = self.start(self.plain("p"), "i")
            lines += [
                f"saved = [np.array({self.plain('v')}) for v in opt{name}.variables]",
                f"own{name} = [{again} for i, p in zip({self.members[j]}, own{name})]",
                *self.instance(name, self.form.arguments(self.scenario.groups[j])),
                f"opt{name}.build(own{name})",
                f"for v, held in zip(opt{name}.variables, saved): v.assign(held)",
            ]
        return lines

    def step(self, name: str, grads: str) -> list[str]:
        given = f"[keras.ops.convert_to_tensor(g, dtype='{self.scenario.dtype}') for g in {grads}]"
        return [f"opt{name}.apply({given if self.form.keras else grads}, own{name})"]

    def plain(self, value: str) -> str:
        return f"keras.ops.convert_to_numpy({value}.value)" if self.form.keras else value


WRITERS = {"torch": TorchWriter, "init/update": TransformWriter, "step function": StepWriter, "apply": ApplyWriter}


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
