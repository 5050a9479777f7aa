"""`backproof derive`: one theorem, step by step."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from backproof.terminal import bad_input


class Format(StrEnum):
    """How a derivation is written."""

    text = "text"
    latex = "latex"
    markdown = "markdown"
    json = "json"


def derive(
    theorem: Annotated[str, typer.Argument(metavar="ID", help="A theorem's id, as `backproof claims` lists them.")],
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.text,
) -> None:
    """Derive one theorem: hypotheses, numbered steps with their reasons, the statement, and what was printed instead.

    [bold]Examples[/bold]: backproof derive xavier-variance; backproof derive xavier-variance --format latex
    """
    from backproof.derivations import find, writing
    from backproof.deriving import holds

    with bad_input():
        entry = find(theorem)
    derivation = entry.derive()
    misprints = writing.misprints_of(entry, derivation)
    if form is Format.json:
        typer.echo(json.dumps(writing.plain(entry, derivation, misprints), indent=2, ensure_ascii=False))
    else:
        write = {"text": writing.text, "latex": writing.latex, "markdown": writing.markdown}[form]
        typer.echo(write(entry, derivation, misprints), nl=False)
    if not holds({"kind": entry.kind, "verdict": derivation.verdict}):
        raise typer.Exit(1)
