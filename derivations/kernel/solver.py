"""z3 in a process of its own: a question in SMT-LIB goes in, "sat", "unsat" or "unknown" comes out, never a hang.

How far z3 goes is counted in its own steps (`STEPS`), so that an answer does not depend on how busy the machine is. The
clock is the last resort: the process sets itself an alarm that ends it, whoever waits for it and whatever z3 is doing.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from typing import Any

STEPS = 200_000  # z3's resource limit, about a tenth of a second
SECONDS = 10  # then the process ends itself


def installed() -> bool:
    """Whether z3 can be imported; it comes with the extra `rigor`."""
    return importlib.util.find_spec("z3") is not None


class Solver:
    """One process, started at the first question and again after it has ended itself; it ends with its owner."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self.seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, question: str, names: list[str], steps: int = STEPS) -> tuple[str, dict[str, str]]:
        """The answer and, for "sat", a rational for each name (a close one where the model's number is irrational)."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        order = {"question": question, "names": names, "steps": steps, "seconds": self.seconds}
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:  # interrupted: the answer that is still to come belongs to no later question
            self.stop()
            raise
        if not line:
            self.stop()
            return "unknown", {}
        answer = json.loads(line)
        return answer["answer"], answer["model"]

    def stop(self) -> None:
        """End the process, if this is the process that started it."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            with contextlib.suppress(BrokenPipeError), process:  # closes its pipes and waits for its end
                pass

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._owner != os.getpid():  # a forked copy shares no pipe
            self._owner = os.getpid()
            # -P: this folder has a module `numbers`. A session of its own: Ctrl-C reaches the owner alone.
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
            atexit.register(self.stop)
        return self._process


def serve() -> None:
    """Answer the questions on the standard input, one a line, until it is closed."""
    signal.alarm(SECONDS)
    import z3

    signal.alarm(0)
    for line in sys.stdin:
        order = json.loads(line)
        signal.alarm(order["seconds"])  # nobody handles it, so it ends the process
        print(json.dumps(_answered(z3, order)), flush=True)
        signal.alarm(0)


def _answered(z3: Any, order: dict[str, Any]) -> dict[str, Any]:
    context = z3.Context()  # a fresh one, so that no answer depends on the questions before it
    solver = z3.Solver(ctx=context) if " Int)" in order["question"] else z3.SolverFor("QF_NRA", ctx=context)
    solver.set("rlimit", order["steps"])
    solver.from_string(order["question"])
    answer = str(solver.check())
    model: dict[str, str] = {}
    if answer == "sat":
        found = solver.model()
        values = {d.name(): found[d] for d in found.decls() if d.arity() == 0}
        near = {name: v.approx(20) if isinstance(v, z3.AlgebraicNumRef) else v for name, v in values.items()}
        model = {name: near[name].as_string() if name in near else "0" for name in order["names"]}
    return {"answer": answer, "model": model}


if __name__ == "__main__":
    serve()
