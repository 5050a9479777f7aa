"""`backproof claims`: the theorems, with their verdicts on request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from backproof.terminal import bad_input, output


def claims(
    topic: Annotated[str | None, typer.Option(help="Only this topic's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Derive each, and print everything as JSON.")] = False,
) -> None:
    """List the theorems.

    [bold]Examples[/bold]: backproof claims --topic losses; backproof claims --json > claims.json
    """
    from backproof.derivations import catalogue

    with bad_input():
        entries = catalogue(topic)
    if as_json:
        typer.echo(json.dumps(derived(entries), indent=2, ensure_ascii=False))
        return
    table = Table("id", "topic", "kind", "title", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(*map(Text, (entry.id, entry.topic, entry.kind, entry.title)))
    output().print(table)


def derived(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the JSON rows: each entry with its verdict, what it covers, and the ids of its laws."""
    from backproof.deriving import derive_all, workers
    from backproof.properties import laws

    held: dict[str, list[str]] = {}
    for law in laws():
        held.setdefault(law.theorem, []).append(law.id)
    with workers() as pool:
        rows = derive_all([entry.id for entry in entries], pool)
    return [{**row, "laws": held.get(row["id"], [])} for row in rows]
