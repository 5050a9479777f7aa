"""The command line: `backproof claims`, `derive`, `errata`, `verify`, `train`, `check`, `identify`.

Exit codes: 0 all holds, 1 something was not proved or not held, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from backproof.commands.check import check
from backproof.commands.claims import claims
from backproof.commands.derive import derive
from backproof.commands.errata import errata
from backproof.commands.identify import identify
from backproof.commands.train import train
from backproof.commands.verify import verify
from backproof.terminal import BadInput, errors

# What a missing import belongs to.
EXTRAS = {**dict.fromkeys(("hypothesis", "pytest", "scipy", "sklearn"), "properties"), "torch": "torch"}

# SymPy reads it at its import. Its integers are ours to choose: FLINT's, which it would take where python-flint is
# installed, are slower to load and, at the few digits that a proof needs, a tenth slower to compute with.
os.environ.setdefault("SYMPY_GROUND_TYPES", "python")
# What SymPy has computed it may remember for the length of a command, not the last 1000 results of each kind alone:
# one part in 25 of all derivations, for 140 MB.
os.environ.setdefault("SYMPY_CACHE_SIZE", "None")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")

for command in (claims, derive, errata, verify, train, check, identify):
    app.command()(command)


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Prove the mathematics of training feed-forward networks, and hold implementations to it.

    Start with [bold]backproof claims[/bold], then [bold]backproof derive[/bold] with an id from its list.
    """
    if version:
        from backproof import __version__

        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: bad input is one line on standard error and exit 2, never a traceback."""
    try:
        code = app(arguments, prog_name="backproof", standalone_mode=False)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        code = explained(error)
    if code == 130:
        errors().print("interrupted")
    sys.exit(code or 0)


def explained(error: Exception) -> int:
    """Return 2 after saying in one line what was wrong with the input; raise what is no fault of the input."""
    if isinstance(error, BadInput):
        message = str(error)
    elif isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("backproof"):
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        message = f"{error}" + (f": pip install 'backproof[{extra}]'" if extra else "")
    elif hasattr(error, "format_message"):  # a usage error, whose class moved from click into typer
        message = error.format_message()
    else:
        raise error
    # pydantic, which typer converts values with, says what kind of error it is first.
    errors().print("backproof: " + " ".join(message.replace("Value error, ", "").split()), markup=False)
    return 2
