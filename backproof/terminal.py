"""What the commands write: results on standard output, the rest on standard error, color on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

# Piped output has no width of its own; tables keep one line a row there.
PIPED_WIDTH = 200


def output() -> Console:
    """Return the console on standard output, made anew so that a redirected stream is seen."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)


def errors() -> Console:
    """Return the console on standard error."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else PIPED_WIDTH, highlight=False, soft_wrap=True)


class BadInput(Exception):
    """What the user gave cannot be used; the command line prints the message and exits 2."""


@contextmanager
def bad_input() -> Iterator[None]:
    """Turn the ValueErrors raised inside, which say what was wrong with an argument, into BadInput."""
    try:
        yield
    except ValueError as error:
        raise BadInput(str(error)) from error


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Yield `advance(what)`: a live bar on a terminal, a plain line for each step anywhere else."""
    console = errors()
    if not console.is_terminal:
        done = 0

        def line(what: str) -> None:
            nonlocal done
            done += 1
            console.print(f"{title} {done}/{total} {what}", markup=False)

        yield line
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    last = TextColumn("{task.fields[what]}", markup=False)
    with Progress(*columns, last, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total, what="")
        yield lambda what: bar.update(task, advance=1, what=what)
