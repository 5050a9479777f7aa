"""Find a target by its name, say how to name it in a snippet, and learn which hyperparameters it takes."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backproof.derivations.update_rules import nearest

from .report import NotCheckable

#: torch's name -> what Optax, Keras and textbooks call it
ALIASES: Mapping[str, tuple[str, ...]] = {
    "lr": ("lr", "learning_rate", "step_size", "eta"),
    "momentum": ("momentum", "mu", "decay"),
    "dampening": ("dampening",),
    "betas": ("betas",),
    "alpha": ("alpha", "decay", "rho", "decay_rate"),
    "rho": ("rho", "decay", "alpha"),
    "eps": ("eps", "epsilon"),
    "weight_decay": ("weight_decay", "wd"),
    "initial_accumulator_value": ("initial_accumulator_value",),
}
PAIRS = (("b1", "b2"), ("beta_1", "beta_2"), ("beta1", "beta2"))


@dataclass(frozen=True)
class Target:
    """What is checked, its name for a person, and the lines that define `target` in a snippet."""

    value: Any
    name: str
    source: str


def describe(value: Any) -> Target:
    """Return the target with its name, for an object given in Python."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module and name and "<" not in name and module != "__main__":
        return Target(value, f"{module}:{name}", f"from {module} import {name.split('.')[0]}\ntarget = {name}")
    shown = name or type(value).__name__
    plain = shown.rpartition(".")[2]
    # `...` where it has no name that Python could read, as a lambda's
    return Target(value, shown, f"target = {plain if plain.isidentifier() else '...'}  # the object that was checked")


def load(spec: str) -> Target:
    """Return the target that `package.module:attribute` or `path/to/file.py:attribute` names."""
    place, colon, attribute = spec.rpartition(":")
    if not (colon and place and attribute):
        raise NotCheckable(f"target must read package.module:attribute or path/to/file.py:attribute, got {spec!r}")
    if place.endswith(".py"):
        module, name = _load_file(Path(place)), Path(place).stem
        folder = str(Path(place).parent.resolve())
        source = f"import sys; sys.path.insert(0, {folder!r})\n"
    else:
        sys.path.insert(0, "")
        try:
            module = importlib.import_module(place)
        except BaseException as error:
            raise NotCheckable(f"target must be importable, {place} raised {type(error).__name__}: {error}") from error
        finally:
            sys.path.remove("")
        name, source = place, ""
    value: Any = module
    for part in attribute.split("."):
        if not hasattr(value, part):
            names = [name for name in dir(value) if not name.startswith("_")]
            raise NotCheckable(f"target must exist, {place} has no {attribute!r}; {nearest(part, names)}")
        value = getattr(value, part)
    return Target(value, spec, f"{source}from {name} import {attribute.split('.')[0]}\ntarget = {attribute}")


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise NotCheckable(f"target must be an existing file, got {str(path)!r}")
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(name, module)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise NotCheckable(f"target must be importable, {path} raised {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


@dataclass(frozen=True)
class Signature:
    """The names that a callable takes, and those that it demands."""

    names: tuple[str, ...]
    demanded: tuple[str, ...]
    open: bool  # takes **anything

    def alias(self, name: str) -> tuple[str, ...] | None:
        """Return what the target calls torch's `name`, or None when it takes no such thing."""
        if name == "betas":
            choices: list[tuple[str, ...]] = [("betas",), *PAIRS]
        else:
            choices = [(each,) for each in ALIASES.get(name, (name,))]
        for choice in choices:
            if all(each in self.names for each in choice):
                return choice
        return choices[0] if self.open else None


def signature(call: Callable[..., Any]) -> Signature:
    """Return which arguments a target takes."""
    if not callable(call):
        raise NotCheckable(f"target must be callable, got {type(call).__name__}")
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        return Signature((), (), True)
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return Signature(
        tuple(p.name for p in named),
        tuple(p.name for p in named if p.default is p.empty),
        any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def keywords(takes: Signature, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters under the target's own names; what it does not take is left out."""
    given: dict[str, Any] = {}
    for name, value in hyperparameters.items():
        alias = takes.alias(name)
        if alias is None:
            continue
        given.update(zip(alias, value, strict=True) if len(alias) == 2 else [(alias[0], value)])
    return given
