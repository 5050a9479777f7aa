"""Run a target in a child process with a hard time limit, so that it can hang, print or die without taking us along."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from .report import NotCheckable


def isolated(work: Callable[[], Any], timeout: float, *, fork: bool = True) -> tuple[Any, str]:
    """Return what `work()` returned (JSON values) and what it printed.

    Raises:
        NotCheckable: `work` raised it, or it did not answer within `timeout` seconds, or its process died.
    """
    if not (fork and hasattr(os, "fork")):
        return _limited(work, timeout), ""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as printed:
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():  # Python 3.12 warns of threads; the child uses none of its parent's
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _answer(work, writing, printed.fileno())
        os.close(writing)
        try:
            answer = _read(reading, child, timeout)
        finally:
            os.close(reading)
        printed.seek(0)
        said = printed.read(20_000).decode(errors="replace")
    if not answer:
        raise NotCheckable("the target ended its process without an answer")
    result = json.loads(answer)
    if "refused" in result:
        raise NotCheckable(result["refused"])
    return result["result"], said


def _answer(work: Callable[[], Any], writing: int, printed: int) -> None:
    """The child: stdout goes to a file, the answer to the pipe; it never returns."""
    with contextlib.suppress(BaseException):
        os.dup2(printed, 1)
        sys.stdout = os.fdopen(os.dup(1), "w")
        if "torch" in sys.modules:  # a forked child has none of its parent's threads to share work with
            sys.modules["torch"].set_num_threads(1)
        try:
            result: dict[str, Any] = {"result": work()}
        except NotCheckable as refusal:
            result = {"refused": str(refusal)}
        except BaseException as error:  # the target's, or ours: either way one sentence, never a traceback
            where = traceback.extract_tb(error.__traceback__)[-1]
            result = {
                "refused": f"the check stopped: {type(error).__name__}: {error} ({where.filename}:{where.lineno})"
            }
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        data = json.dumps(result, default=str).encode()
        while data:
            data = data[os.write(writing, data) :]
    os._exit(0)


def _read(reading: int, child: int, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    answer = b""
    try:
        while True:
            ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise NotCheckable(f"the target must answer within the time limit, it did not in {timeout:g} s")
            piece = os.read(reading, 1 << 16)
            if not piece:
                return answer
            answer += piece
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _limited(work: Callable[[], Any], timeout: float) -> Any:
    """Without fork (CUDA, JAX already running): a thread that we stop waiting for."""
    import threading

    answer: list[Any] = []

    def run() -> None:
        try:
            answer.append((True, work()))
        except BaseException as error:
            answer.append((False, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout)
    if not answer:
        raise NotCheckable(f"the target must answer within the time limit, it did not in {timeout:g} s")
    done, value = answer[0]
    if done:
        return value
    if isinstance(value, NotCheckable):
        raise value
    raise NotCheckable(f"the check stopped: {type(value).__name__}: {value}") from value
