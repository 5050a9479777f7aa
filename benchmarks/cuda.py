"""On a CUDA device: Adam's step against the memory's bandwidth, and a fleet of digits networks against the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from backproof.reference import data
from backproof.reference.architecture import perceptron
from backproof.reference.torch import initialization, training

from .adam import compiled_kernel, torch_optimizer
from .measure import Row, Timing, medians

#: Adam reads theta, g, m and v and writes theta, m and v; a copy reads once and writes once.
STEP_PASSES, COPY_PASSES = 7, 2


def rows(size: int = 10**8, members: int = 4_096, cpu_members: int = 32, rounds: int = 7) -> Iterator[Row]:
    """Yield the bars that need a device; without one, the same rows with the reason in place of a number."""
    step = f"CUDA, Adam step, 10^{len(str(size)) - 1} float32 parameters"
    bandwidth, fused = f"{step}: compiled, of the copy bandwidth", f"{step}: compiled over torch fused"
    fleet = f"CUDA, fleet of {members} digits networks: times the CPU's throughput"
    if not torch.cuda.is_available():
        for work, relation, bar, unit in (
            (bandwidth, "at least", 85.0, "%"),
            (fused, "at most", 1.0, "x"),
            (fleet, "at least", 100.0, "x"),
        ):
            yield Row(work, {}, None, relation, bar, unit, note="skipped: no CUDA device")  # type: ignore[arg-type]
        return
    times = adam_times(size, rounds)
    share = 100 * (STEP_PASSES / times["torch"]) / (COPY_PASSES / times["copy"])
    yield Row(bandwidth, times, share, "at least", 85.0, "%", note="wall clock, device synchronized")
    yield Row(fused, times, times["torch"] / times["fused"], "at most", 1.0, note="wall clock, device synchronized")
    times = {"cuda": fleet_time(members, "cuda") / members, "cpu": fleet_time(cpu_members, "cpu") / cpu_members}
    threads = torch.get_num_threads()
    note = f"wall clock of one epoch for a member; the CPU trains {cpu_members} at once in torch, threads: {threads}"
    yield Row(fleet, times, times["cpu"] / times["cuda"], "at least", 100.0, note=note)


def adam_times(size: int, rounds: int, steps: int = 10) -> dict[str, float]:
    """Return the seconds of our compiled step, of torch's fused one and of one copy, taken in turns."""
    gradient = torch.randn(size, device="cuda")
    source, target = torch.empty_like(gradient), torch.empty_like(gradient)

    def copy(_: int) -> None:
        for _step in range(steps):
            target.copy_(source)

    contestants = {
        "torch": compiled_kernel(gradient, steps),
        "fused": torch_optimizer(gradient, steps, fused=True),
        "copy": copy,
    }
    timings = {name: Timing() for name in contestants}
    for number in range(-1, rounds):
        for name, work in contestants.items():
            seconds = wall(work, number)
            if number >= 0:  # the round before the first pays for the kernels' loading
                timings[name].seconds.append(seconds)
    return medians(timings, steps)


def wall(work: Callable[[int], Any], number: int) -> float:
    """Return the seconds on the wall until the device has done the work: CPU time would not see it."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    work(number)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def fleet_time(members: int, device: str) -> float:
    """Return the seconds that one epoch of so many digits networks takes, after one that is not counted."""
    split = data.digits(np.random.default_rng(0), dtype=np.float32)
    inputs, labels = torch.from_numpy(split.train_inputs), torch.from_numpy(split.train_labels)
    network = perceptron((64, 128, 10))

    def epoch(_: int) -> None:
        rngs = np.random.default_rng(0).spawn(members)
        theta = initialization.initial_parameters(network, rngs, dtype=torch.float32)
        training.train(network, theta, inputs, labels, epochs=1, batch_size=32, rng=rngs, device=device)

    epoch(0)
    return wall(epoch, 1)
