"""The commands `check` and `identify`: what is typed becomes a call, what comes back becomes text, JSON and an exit status."""

from __future__ import annotations

import ast
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

CONFORMS, VIOLATES, UNCHECKABLE = 0, 1, 2


def literal(text: str) -> Any:
    """Return the number, boolean, word or comma-separated numbers that `text` spells; nothing is evaluated.

    >>> literal("1e-3"), literal("0.9,0.99"), literal("true")
    (0.001, (0.9, 0.99), True)
    """
    words = {"true": True, "false": False, "none": None}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"a value must be a number, a boolean or comma-separated numbers, got {text!r}") from None
    numbers = value if isinstance(value, tuple | list) else [value]
    if not all(isinstance(each, int | float) for each in numbers):
        raise ValueError(f"a value must be a number, a boolean or comma-separated numbers, got {text!r}")
    return tuple(value) if isinstance(value, list) else value


def settings(given: list[str]) -> dict[str, Any]:
    """Return the hyperparameters of `--set name=value ...`."""
    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (equals and name.strip().isidentifier()):
            raise ValueError(f"--set must read NAME=VALUE, got {each!r}")
        found[name.strip()] = literal(value)
    return found


def check_command(
    target: Annotated[str, typer.Argument(help="package.module:attribute or path/to/file.py:attribute")],
    rule: Annotated[str, typer.Option("--as", help="the rule, as adam or adam[eps=inside]")],
    kind: Annotated[str | None, typer.Option("--kind", help="the kind of target, where the rule does not say")] = None,
    given: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, a hyperparameter or flag")] = None,
    device: Annotated[str, typer.Option("--on", help="cpu or cuda")] = "cpu",
    seed: Annotated[int | None, typer.Option("--seed", help="chooses the inputs")] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="seconds until a silent target is given up")] = 60.0,
    path: Annotated[Path | None, typer.Option("--json", help="write the report to this file")] = None,
) -> None:
    """Hold an implementation to a published rule: exit 0 if it conforms, 1 if it does not, 2 if that cannot be told."""
    from backproof.conformance import NotCheckable, check

    begun = time.monotonic()
    try:
        report = check(
            target, rule, kind=kind, device=device, seed=seed, timeout=timeout, **_own_words(settings(given or []))
        )
    except (NotCheckable, ValueError, TypeError) as error:
        _refuse(error, {"target": target, "rule": rule, "seed": seed or 0}, begun, path)
    if path is not None:
        path.write_text(report.to_json() + "\n", encoding="utf-8")
    typer.echo(str(report))
    raise typer.Exit({"conforms": CONFORMS, "violates": VIOLATES}.get(report.verdict, UNCHECKABLE))


def identify_command(
    target: Annotated[str, typer.Argument(help="package.module:attribute or path/to/file.py:attribute")],
    kind: Annotated[str | None, typer.Option("--kind", help="the kind of target")] = None,
    device: Annotated[str, typer.Option("--on", help="cpu or cuda")] = "cpu",
    timeout: Annotated[float, typer.Option("--timeout", help="seconds until a silent target is given up")] = 60.0,
    path: Annotated[Path | None, typer.Option("--json", help="write the ranked list to this file")] = None,
) -> None:
    """Tell which published rule an implementation is: exit 0 if one reproduces it, 1 if none does, 2 if that cannot be told."""
    from backproof.conformance import NotCheckable, identify

    begun = time.monotonic()
    try:
        found = identify(target, kind=kind, device=device, timeout=timeout)
    except (NotCheckable, ValueError, TypeError) as error:
        _refuse(error, {"target": target}, begun, path)
    if path is not None:
        told = {"target": target, "rules": [each.as_dict() for each in found], "nearest": found.nearest}
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    for each in found:
        typer.echo(str(each))
    if not found:
        typer.echo("none of the known rules reproduces it" + (f"; nearest: {found.nearest}" if found.nearest else ""))
    raise typer.Exit(CONFORMS if found else VIOLATES)


def _own_words(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse the names that `check` itself takes."""
    for name in ("kind", "device", "seed", "timeout", "target", "rule"):
        if name in given:
            raise ValueError(f"--set must name a hyperparameter, {name!r} is an option of the command")
    return given


def _refuse(error: Exception, known: dict[str, Any], begun: float, path: Path | None) -> None:
    message = " ".join(str(error).split())
    if path is not None:
        told = {**known, "verdict": "error", "message": message, "laws": [], "laws_run": 0}
        told |= {"seconds": round(time.monotonic() - begun, 3), "versions": {"python": sys.version.split()[0]}}
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    typer.echo(f"cannot be checked: {message}", err=True)
    raise typer.Exit(UNCHECKABLE)
