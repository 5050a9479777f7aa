"""`backproof identify`: which published rule a black box implements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from backproof.commands.check import refused, write


def identify(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="package.module:attribute or path/to/file.py:attribute.")
    ],
    kind: Annotated[str | None, typer.Option("--kind", help="The kind of target, where it cannot be seen.")] = None,
    device: Annotated[str, typer.Option("--on", help="cpu or cuda.")] = "cpu",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds until a silent target is given up.")] = 60.0,
    path: Annotated[Path | None, typer.Option("--json", help="Write the ranked list to this file too.")] = None,
) -> None:
    """Tell which rule an implementation is: exit 0 if a known one reproduces it, 1 if none does, 2 if that cannot be
    told.

    [bold]Example[/bold]: backproof identify my_package.optim:Mystery
    """
    from backproof import conformance

    try:
        found = conformance.identify(target, kind=kind, device=device, timeout=timeout)
    except ValueError as error:
        refused(path, error, {"target": target, "rules": []})
    write(
        path,
        json.dumps({"target": target, "rules": [each.as_dict() for each in found], "nearest": found.nearest}, indent=2),
    )
    for each in found:
        typer.echo(str(each))
    if not found:
        typer.echo("none of the known rules reproduces it" + (f"; nearest: {found.nearest}" if found.nearest else ""))
        raise typer.Exit(1)
