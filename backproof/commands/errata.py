"""`backproof errata`: each formula that the sources print wrong, the point at which it fails, and what holds."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from backproof.terminal import output

COLUMNS = ("deck", "place", "printed", "corrected", "counterexample")


class Format(StrEnum):
    """How the table is written."""

    text = "text"
    markdown = "markdown"
    json = "json"


def errata(
    form: Annotated[Format, typer.Option("--format", help="How to write the table.")] = Format.text,
) -> None:
    """Print the misprints of the sources, each refuted at an exact point, with the theorem that holds instead.

    [bold]Example[/bold]: backproof errata --format markdown > errata.md
    """
    from backproof.derivations import catalogue
    from backproof.deriving import derive_all, holds, workers

    with workers() as pool:
        rows = derive_all([entry.id for entry in catalogue() if entry.kind == "misprint"], pool)
    lines = [line for row in rows for line in _lines(row)]
    if form is Format.json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif form is Format.markdown:
        typer.echo(
            "\n".join(
                ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *map(_piped, lines))]
            )
        )
    else:
        table = Table(*COLUMNS, box=None, pad_edge=False)
        for line in lines:
            table.add_row(*map(Text, line))
        output().print(table)
    if not all(map(holds, rows)):
        raise typer.Exit(1)


def _lines(row: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a line for each place that prints the formula."""
    points = " or ".join(", ".join(f"{name} = {value}" for name, value in p.items()) for p in row["counterexample"])
    corrected = f"{row['corrected']['id']}: {row['corrected']['title']}"
    found = points if row["verdict"] == "refuted" else f"{row['verdict']}: {row['why']}"
    return [(s["deck"], s["place"], s["printed"] or row["title"], corrected, found) for s in row["sources"]]


def _piped(line: tuple[str, ...]) -> list[str]:
    """Return the cells with the bars, which would end a Markdown cell, escaped."""
    return [cell.replace("|", r"\|") for cell in line]
