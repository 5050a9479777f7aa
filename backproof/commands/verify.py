"""`backproof verify`: the main job, and its table."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from backproof.deriving import holds, start_importing
from backproof.terminal import bad_input, errors, output

NAMES = {"numpy": "NumPy", "torch": "torch", "cuda": "CUDA"}
# What the engines of the extra `rigor` said: z3 of the theorem's polynomial claims, flint of its irrational ones.
RIGOR = {"decided": "+{}", "unknown": ", {} undecided", "absent": ", {} absent"}


class On(StrEnum):
    """Which reference trainers are held to the theorems."""

    numpy = "numpy"
    torch = "torch"
    cuda = "cuda"
    all = "all"


def verify(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these theorems.")] = None,
    on: Annotated[On, typer.Option(help="Which trainers; all takes CUDA where there is a device.")] = On.all,
    path: Annotated[Path | None, typer.Option("--json", metavar="PATH", help="Write the report there as well.")] = None,
    seed: Annotated[int, typer.Option(help="Of the laws' examples and the training run.")] = 0,
) -> None:
    """Derive every theorem, run its laws on both trainers, train on the digits, and hold that run to the theorems.

    Exits 1 when anything is not proved or does not hold.

    [bold]Examples[/bold]: backproof verify; backproof verify xavier-variance --on torch --json report.json
    """
    from backproof.derivations import catalogue, find
    from backproof.running import IMPORTS

    with bad_input():
        entries = [find(name) for name in dict.fromkeys(ids)] if ids else list(catalogue())
        if seed < 0:
            raise ValueError(f"seed must be non-negative, got seed={seed}")
        if path and not path.parent.is_dir():
            raise ValueError(f"--json must name a file in a folder that exists, got {str(path)!r}")
        # Before this process imports the same.
        start_importing(IMPORTS if on is On.numpy else (*IMPORTS, "backproof.reference.torch"))
        backends = _backends(on)

    from backproof.verification import verification

    for name, reason in backends.items():
        if reason:
            errors().print(f"{NAMES[name]} is left out: {reason}", markup=False)
    report = verification(entries, [name for name, reason in backends.items() if not reason], seed)
    if path:
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(report)
    if report["problems"]:
        raise typer.Exit(1)


def _backends(on: On) -> dict[str, str | None]:
    """Return the backends that are wanted, each with why it cannot run; raises where that is no choice."""
    from backproof.properties._backend import missing

    wanted = ["numpy", "torch", "cuda"] if on is On.all else [str(on)]
    reasons = {name: missing(name) for name in wanted}
    for name, reason in reasons.items():
        # CUDA is the one that `all` may do without.
        if reason and (on is not On.all or name == "torch"):
            raise ValueError(f"{name} cannot run here: {reason}")
    return reasons


def _print(report: dict[str, Any]) -> None:
    console, backends = output(), report["backends"]
    table = Table(box=None, pad_edge=False)
    for name in ("theorem", "verdict", "engines"):
        table.add_column(name)
    for name in ("laws", *(NAMES[backend] for backend in backends), "seconds"):
        table.add_column(name, justify="right")
    theorems = [row for row in report["theorems"] if row["kind"] == "theorem" or not holds(row)]
    for row in theorems or report["theorems"]:
        met = (f"{row[backend]['held']}/{len(row['laws'])}" if row["laws"] else "-" for backend in backends)
        cells = (
            row["id"],
            row["verdict"],
            "+".join(row["engines"]) + "".join(RIGOR[word].format(engine) for engine, word in row["rigor"].items()),
            str(len(row["laws"])),
            *met,
            f"{row['seconds']:.1f}",
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    if report["real_run"]["checks"]:
        checks = Table(
            "on a real run: the digits", "trainer", "measured", "theorem", "allowed", "", box=None, pad_edge=False
        )
        for check in report["real_run"]["checks"]:
            numbers = (f"{check['measured']:.6g}", f"{check['expected']:.6g}", f"{check['allowed']:.1e}")
            cells = (check["what"], NAMES[check["backend"]], *numbers, "holds" if check["holds"] else "FAILS")
            checks.add_row(*map(Text, cells))
        console.print()
        console.print(checks)
    console.print()
    for problem in report["problems"]:
        console.print(f"FAILS  {problem}", markup=False, style="red")
    console.print(_summary(report), markup=False)


def _summary(report: dict[str, Any]) -> str:
    rows = report["theorems"]
    counts = Counter(row["verdict"] for row in rows)
    said = [f"{count} {verdict}" for verdict, count in counts.items()]
    laws = sum(len(row["laws"]) for row in rows)
    said.append(f"{laws} laws on {' and '.join(NAMES[backend] for backend in report['backends'])}")
    said += [f"held-out accuracy {value:.1%} ({NAMES[name]})" for name, value in report["real_run"]["accuracy"].items()]
    ending = f"{len(report['problems'])} problems" if report["problems"] else "all hold"
    return f"{', '.join(said)}: {ending}, {report['seconds']:.0f} s"
