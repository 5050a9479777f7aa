"""`python -m benchmarks`: every row beside its bar, the numbers as JSON, exit 1 when a bar is missed."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .measure import Row

RESULTS = Path(__file__).parent / "results"
NAMES = ("digits", "adam", "convolution", "fleet", "quadratics", "laws", "cuda", "growth")
PACKAGES = ("numpy", "torch", "scikit-learn", "hypothesis")
METHOD = "CPU time, one thread, contestants in turns, medians of the rounds; CUDA rows by the clock on the wall"


def benchmark(name: str) -> Callable[[], Iterator[Row]]:
    """Return what yields the rows of that name; imported only now, since torch is heavy."""
    rows: Callable[[], Iterator[Row]] = import_module(f"benchmarks.{name}").rows
    return rows


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Run only this, repeatable: {', '.join(NAMES)}.")] = None,
    results: Annotated[Path, typer.Option(help="The folder of the JSON.")] = RESULTS,
) -> None:
    """Measure everything, print it, write it, and exit 1 when a bar is missed."""
    for name in only or ():
        if name not in NAMES:
            raise typer.BadParameter(f"only must be one of {', '.join(NAMES)}, got only={name}")
    # A recording is wide enough for the table; a terminal knows its own width.
    console = Console(width=None if Console().is_terminal else 150)
    chosen = [name for name in NAMES if not only or name in only]
    one_thread()
    rows: dict[str, list[Row]] = {}
    for name in chosen:
        console.print(f"[dim]{name} ...[/dim]")
        rows[name] = list(benchmark(name)())
    console.print(as_table([row for group in rows.values() for row in group]))
    notes(console, rows)
    path = write(rows, results, complete=not only)
    every = [row for group in rows.values() for row in group]
    missed, skipped = [row for row in every if row.met is False], [row for row in every if row.met is None]
    console.print(f"{len(every)} bars: {len(missed)} missed, {len(skipped)} skipped; {path}", soft_wrap=True)
    raise typer.Exit(1 if missed else 0)


def one_thread() -> None:
    """Give NumPy and torch one thread each: what more would do depends on who else is working."""
    import numpy  # noqa: F401  its BLAS must be there to be limited
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    torch.set_num_threads(1)


def as_table(rows: list[Row]) -> Table:
    """Return the table: the work, the contestants' medians, the value, and the bar beside it."""
    table = Table(caption=METHOD)
    table.add_column("work")
    table.add_column("medians, slowest first", no_wrap=True, overflow="ellipsis", max_width=36)
    for name in ("value", "bar"):
        table.add_column(name, justify="right")
    table.add_column()
    verdicts = {True: "[green]met[/green]", False: "[bold red]missed[/bold red]", None: "[yellow]skipped[/yellow]"}
    for row in rows:
        few = sorted(row.medians.items(), key=lambda pair: -pair[1])[:5]
        shown = "\n".join(f"{duration(seconds):>7}  {name}" for name, seconds in few)
        value = "-" if row.value is None else f"{row.value:.2f} {row.unit}"
        table.add_row(row.work, shown, value, f"{row.relation} {row.bar:g} {row.unit}", verdicts[row.met])
    return table


def notes(console: Console, rows: dict[str, list[Row]]) -> None:
    """Print each note once, under the name of its benchmark."""
    for name, group in rows.items():
        for note in dict.fromkeys(row.note for row in group if row.note):
            console.print(f"{name}: {note}", highlight=False)


def duration(seconds: float) -> str:
    """Return the seconds in a unit that suits them.

    >>> duration(2.5), duration(0.0123), duration(4.2e-5)
    ('2.5 s', '12.3 ms', '42 µs')
    """
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def write(rows: dict[str, list[Row]], folder: Path, complete: bool) -> Path:
    """Write the rows and where they were measured; return the file, named by the device and by what was left out."""
    where = machine()
    name = re.sub(r"[^a-z0-9]+", "-", f"{where['device']} {where['cores']} cores".lower()).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"{name}.json" if complete else f"{name}-{'-'.join(rows)}.json")
    document = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": METHOD,
        "machine": where,
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
        "rows": {name: [row.as_json() for row in group] for name, group in rows.items()},
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Return the device's name (the GPU's where there is one), the processor, the system and the load at the end."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else processor()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "device": device,
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": load,
    }


def processor() -> str:
    """Return the processor's name; Linux says it only in a file."""
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", path.read_text(encoding="utf-8")) if path.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


if __name__ == "__main__":
    typer.run(main)
