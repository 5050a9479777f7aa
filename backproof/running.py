"""Verifies a topic in one process: derives its entries, then runs its laws through pytest, which finds them derived."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import backproof.properties
from backproof.derivations import TOPICS
from backproof.deriving import derived_row

Row = dict[str, Any]
Say = Callable[[str, Row], None]

# What takes a share's process long to import; not the laws, whose assertions pytest rewrites when it imports them.
IMPORTS = (
    *(f"backproof.derivations.{topic}" for topic in TOPICS),
    "backproof.reference.numpy",
    "hypothesis.extra.numpy",
    "pytest",
    "scipy.stats",
)


@dataclass(frozen=True)
class Share:
    """What one process does in one go: the entries of a topic, and the laws in the topic's file of these theorems."""

    topic: str
    entries: tuple[str, ...] = ()
    theorems: tuple[str, ...] = ()


def run_share(share: Share, backends: Sequence[str], seed: int, say: Say) -> None:
    """Tell `say` of each entry when it is derived, of each law when it has run, and of a pytest that broke off."""
    for name in share.entries:
        say("entry", derived_row(name))
    if share.theorems:
        # What SymPy has cached stays: to look through it for garbage takes longer than some laws.
        gc.freeze()
        log = run_laws(share, backends, seed, say)
        if log is not None:
            say("broken", {"topic": share.topic, "log": log})


def run_real(backend: str, seed: int, say: Say) -> None:
    """Tell `say` of the training run on the digits."""
    from backproof.real_run import real_run

    say("run", real_run(backend, seed))


def run_laws(share: Share, backends: Sequence[str], seed: int, say: Say) -> str | None:
    """Run the laws in this process; return None, or the end of pytest's log where something stopped pytest itself."""
    import pytest

    from backproof.plugin import Results

    properties = Path(backproof.properties.__file__ or "").parent
    options = ["-c", os.devnull, f"--rootdir={properties.parent}", "-p", "no:cacheprovider", "-p", "backproof.plugin"]
    # What pytest captures and prints must not reach the terminal, which shows the progress. Its plugin for exceptions
    # that nothing can catch collects garbage five times at the end of each topic, which takes longer than some topics;
    # nothing here writes a log.
    options += ["--capture=sys", "-p", "no:unraisableexception", "-p", "no:logging", "--backproof-profile=quick"]
    options += [f"--backproof-backend={name}" for name in backends]
    options += [f"--backproof-theorem={name}" for name in share.theorems]
    # Without a seed Hypothesis makes one for each law from its source, and takes as long to read it as for an example.
    options += [f"--hypothesis-seed={seed}"]
    log = io.StringIO()
    with redirect_stdout(log), redirect_stderr(log):
        code = pytest.main([*options, str(properties / f"{share.topic}.py")], [Results(lambda row: say("law", row))])
    # 0: all passed; 1: a law failed, which its own result says.
    return None if code in (0, 1) else log.getvalue()[-4000:]
