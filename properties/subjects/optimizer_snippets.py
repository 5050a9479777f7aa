"""A counterexample of an optimizer in words, and as a few lines that need nothing but the target and its library."""

from __future__ import annotations

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


def snippet(form: Any, scenario: Scenario, found: Departure, show: str = "value") -> str:
    """Return lines that repeat the run and print what was observed beside what the rule gives."""
    if scenario.own_point is not None:
        return ""
    write = {"torch": _torch, "init/update": _transform, "step function": _step, "apply": _apply}[form.title]
    tail = f"# expected after {found.step + 1} step(s), tensor {found.tensor}: {found.expected}"
    lines = write(form, scenario, found)
    if show == "grad":
        name = "p.grad for p in params" if form.title == "torch" else "*grads"
        lines[-1] = f"print([{name}])"
    return "\n".join([form.target.source, *lines, tail])


def _arguments(form: Any, group: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in form.arguments(group).items())


def _rows(scenario: Scenario) -> str:
    rows = [[_numbers(g) for g in row] for row in scenario.gradients]
    return f"[{rows[0]!r}] * {len(rows)}" if len(rows) > 3 and all(row == rows[0] for row in rows) else repr(rows)


def _torch(form: Any, scenario: Scenario, found: Departure) -> list[str]:
    made = f"torch.tensor(v, dtype=torch.{scenario.dtype})"
    lay = [x.layout == "transposed" for x in scenario.tensors]
    lines = ["import torch"]
    if any(lay):
        lines.append("def lie(x, transposed): return x.t().contiguous().t() if transposed else x")
        made = f"lie({made}, transposed)"
        pairs = f"zip({[_numbers(x.start) for x in scenario.tensors]}, {lay})"
        lines.append(f"params = [{made}.requires_grad_() for v, transposed in {pairs}]")
    else:
        lines.append(f"params = [{made}.requires_grad_() for v in {[_numbers(x.start) for x in scenario.tensors]}]")
    if len(scenario.groups) == 1:
        lines += ["def make(params):", f"    return target(params, {_arguments(form, scenario.groups[0])})"]
    else:
        parts = [
            f"dict(params=[params[i] for i in {[i for i, x in enumerate(scenario.tensors) if x.group == j]}], "
            f"{_arguments(form, group)})"
            for j, group in enumerate(scenario.groups)
        ]
        first = _arguments(form, scenario.groups[0])
        lines += ["def make(params):", f"    return target([{', '.join(parts)}], {first})"]
    lines += ["opt = make(params)", f"for k, row in enumerate({_rows(scenario)}):"]
    for k, change in scenario.changes.items():
        for j, each in enumerate(change):
            lines.append(f"    if k == {k}: opt.param_groups[{j}].update({dict(each)!r})")
    for k in scenario.restore:
        lines += [
            f"    if k == {k}:",
            "        saved = opt.state_dict(); params = [p.detach().clone().requires_grad_() for p in params]",
            "        opt = make(params); opt.load_state_dict(saved)",
        ]
    given = made.replace("lie(", "lie(", 1)
    loop = "zip(params, row, " + (f"{lay})" if any(lay) else "strict=True)")
    names = "p, v, transposed" if any(lay) else "p, v"
    lines += [
        f"    for {names} in {loop}:",
        f"        p.grad = None if v is None else {given}",
        "    opt.step()",
        f"print(params[{found.tensor}].tolist())",
    ]
    return lines


def _numpy_head(scenario: Scenario) -> list[str]:
    return [
        "import numpy as np",
        f"params = [np.array(v, np.{scenario.dtype}) for v in {[_numbers(x.start) for x in scenario.tensors]}]",
    ]


def _group_loops(scenario: Scenario) -> list[tuple[int, list[int]]]:
    return [(j, [i for i, x in enumerate(scenario.tensors) if x.group == j]) for j in range(len(scenario.groups))]


def _transform(form: Any, scenario: Scenario, found: Departure) -> list[str]:
    lines = _numpy_head(scenario)
    if form.jax:
        lines[:0] = ["import jax", "jax.config.update('jax_enable_x64', True)"]
    for j, members in _group_loops(scenario):
        lines += [
            f"opt = target({_arguments(form, scenario.groups[j])})",
            f"own = [params[i] for i in {members}]",
            "state = opt.init(own)",
            f"for row in {_rows(scenario)}:",
            f"    grads = [np.array(row[i], np.{scenario.dtype}) for i in {members}]",
            "    updates, state = opt.update(grads, state, own)",
            "    own = [p + u for p, u in zip(own, updates)]",
            f"for i, p in zip({members}, own): params[i] = p",
        ]
    return [*lines, f"print(np.asarray(params[{found.tensor}]).tolist())"]


def _step(form: Any, scenario: Scenario, found: Departure) -> list[str]:
    lines = _numpy_head(scenario)
    for j, members in _group_loops(scenario):
        hyper = [form.arguments({**scenario.groups[j]})]
        for k in range(1, scenario.steps):
            change = scenario.changes.get(k)
            hyper.append({**hyper[-1], **(form.arguments(change[j]) if change else {})})
        lines += [
            f"own, state = [params[i] for i in {members}], None",
            f"hyper = {hyper!r}",
            f"for row, h in zip({_rows(scenario)}, hyper):",
            f"    grads = [np.array(row[i], np.{scenario.dtype}) for i in {members}]",
            "    own, state = target(own, grads, state, **h)",
            f"for i, p in zip({members}, own): params[i] = p",
        ]
    return [*lines, f"print(np.asarray(params[{found.tensor}]).tolist())"]


def _apply(form: Any, scenario: Scenario, found: Departure) -> list[str]:
    if not form.keras:
        return ["# the run above, with apply(grads, variables) on arrays that have assign, assign_sub, assign_add"]
    lines = ["import numpy as np", "import keras", "params = ["]
    lines[-1] += f"keras.Variable(np.array(v, '{scenario.dtype}'), dtype='{scenario.dtype}') for v in "
    lines[-1] += f"{[_numbers(x.start) for x in scenario.tensors]}]"
    for j, members in _group_loops(scenario):
        lines += [
            f"opt = target({_arguments(form, scenario.groups[j])})",
            f"for k, row in enumerate({_rows(scenario)}):",
        ]
        for k, change in scenario.changes.items():
            lines.append(f"    if k == {k}: opt.learning_rate = {change[j]['lr']!r}")
        lines += [
            f"    opt.apply([keras.ops.convert_to_tensor(np.array(row[i], '{scenario.dtype}')) for i in {members}],",
            f"              [params[i] for i in {members}])",
        ]
    return [*lines, f"print(keras.ops.convert_to_numpy(params[{found.tensor}].value).tolist())"]
