"""`backproof check`: somebody's implementation, held to a published rule."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from backproof.terminal import BadInput


def check(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="package.module:attribute or path/to/file.py:attribute.")
    ],
    rule: Annotated[str, typer.Option("--as", metavar="RULE", help="The rule, as adam or adam[eps=inside].")],
    kind: Annotated[str | None, typer.Option("--kind", help="The kind of target, where the rule does not say.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter or flag; may be repeated.")
    ] = None,
    device: Annotated[str, typer.Option("--on", help="cpu or cuda.")] = "cpu",
    seed: Annotated[
        int | None, typer.Option("--seed", help="Chooses the inputs; the same seed, the same report.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds until a silent target is given up.")] = 60.0,
    path: Annotated[Path | None, typer.Option("--json", help="Write the report to this file too.")] = None,
) -> None:
    """Hold an implementation to a published rule: exit 0 if it conforms, 1 if it does not, 2 if that cannot be told.

    [bold]Examples[/bold]: backproof check torch.optim:Adam --as adam; backproof check my.py:loss --as
    binary-cross-entropy
    """
    from backproof import conformance

    try:
        report = conformance.check(
            target, rule, kind=kind, device=device, seed=seed, timeout=timeout, **settings(given or [])
        )
    except ValueError as error:
        refused(path, error, {"target": target, "rule": rule, "seed": seed or 0, "laws": [], "laws_run": 0})
    write(path, report.to_json())
    typer.echo(str(report))
    if not report.conforms:
        raise typer.Exit(1 if report.verdict == "violates" else 2)


def write(path: Path | None, text: str) -> None:
    """Write a report where `--json` asked for it."""
    if path is None:
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--json must name a file that can be written, {path}: {error.strerror}") from error


def refused(path: Path | None, error: ValueError, known: Mapping[str, Any]) -> None:
    """Leave the refusal in the JSON too, then end with exit 2."""
    told = {**known, "verdict": "error", "message": str(error), "seconds": 0.0, "versions": {}}
    write(path, json.dumps(told, indent=2))
    raise BadInput(str(error)) from error


def literal(text: str) -> Any:
    """Return the number, boolean or comma-separated numbers that `text` spells; nothing is evaluated.

    >>> literal("1e-3"), literal("0.9,0.99"), literal("true")
    (0.001, (0.9, 0.99), True)
    """
    words = {"true": True, "false": False, "none": None}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    requirement = f"a --set value must be a number, a boolean or comma-separated numbers, got {text!r}"
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(requirement) from None
    numbers = list(value) if isinstance(value, tuple | list) else [value]
    if not numbers or not all(isinstance(each, int | float) for each in numbers):
        raise ValueError(requirement)
    return tuple(numbers) if isinstance(value, tuple | list) else value


def settings(given: list[str]) -> dict[str, Any]:
    """Return the hyperparameters of `--set NAME=VALUE ...`."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not (equals and name.isidentifier()):
            raise ValueError(f"--set must read NAME=VALUE, got {each!r}")
        if name in ("target", "rule", "kind", "device", "seed", "timeout"):
            raise ValueError(f"--set must name a hyperparameter, {name!r} is not one")
        found[name] = literal(value)
    return found
