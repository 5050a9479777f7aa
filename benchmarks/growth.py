"""Cost against examples, steps and fleet size: time and memory, as a picture and as an exponent."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from backproof.reference.architecture import perceptron
from backproof.reference.numpy import initialization, training

from .measure import Row

RESULTS = Path(__file__).parent / "results"
NETWORK = perceptron((16, 32, 4))
EXAMPLES, STEPS, FLEET = (2_000, 4_000, 8_000, 16_000, 32_000), (250, 500, 1_000, 2_000, 4_000), (16, 32, 64, 128, 256)

#: Linear is an exponent of 1; the margin is for caches that a larger fleet falls out of, and for a loaded machine.
EXPONENT = 1.15


def rows(
    examples: tuple[int, ...] = EXAMPLES,
    steps: tuple[int, ...] = STEPS,
    fleet: tuple[int, ...] = FLEET,
    rounds: int = 3,
    picture: Path = RESULTS / "growth.svg",
) -> Iterator[Row]:
    """Yield the exponents of time and memory for each of the three, and draw them."""
    series = {
        "examples": (examples, lambda count: run(examples=count, steps=count // 32)),
        "steps": (steps, lambda count: run(examples=320, steps=count)),
        "fleet size": (fleet, lambda count: run(examples=320, steps=40, members=count)),
    }
    measured = {}
    for name, (sizes, work) in series.items():
        seconds, peaks = costs(sizes, work, rounds)
        measured[name] = (sizes, seconds, peaks)
        for what, values in (("time", seconds), ("memory", peaks)):
            note = f"log-log slope over {name} {sizes[0]} to {sizes[-1]}; below 1 where a fixed part still shows"
            if what == "memory":
                note += "; peak MB: " + ", ".join(f"{peak:.3g}" for peak in peaks)
            table = {str(size): value for size, value in zip(sizes, values, strict=True)} if what == "time" else {}
            yield Row(
                f"growth of {what} with {name}: exponent", table, slope(sizes, values), "at most", EXPONENT, "", note
            )
    draw(measured, picture)


def run(examples: int, steps: int, members: int | None = None) -> Any:
    """Return a run of so many steps on batches of 32 of random data, of one network or of a fleet."""
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(examples, 16)), rng.integers(0, 4, examples)
    rngs = rng if members is None else rng.spawn(members)
    theta = initialization.initial_parameters(NETWORK, rngs)
    epochs = max(round(steps * 32 / examples), 1)
    return training.train(NETWORK, theta, inputs, labels, epochs=epochs, batch_size=32, rng=rngs)


def costs(sizes: tuple[int, ...], work: Callable[[int], Any], rounds: int) -> tuple[list[float], list[float]]:
    """Return for each size the median CPU seconds, and the peak of the memory in MB, which is traced in a run apart."""
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            start = time.process_time()
            work(size)
            seconds[size].append(time.process_time() - start)
    peaks = []
    for size in sizes:
        tracemalloc.start()
        work(size)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    return [median(seconds[size]) for size in sizes], peaks


def slope(sizes: tuple[int, ...], values: list[float]) -> float:
    """Return the exponent p of the best fit values = c sizes^p.

    >>> round(slope((1, 2, 4), [3.0, 12.0, 48.0]), 6)
    2.0
    """
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def draw(measured: dict[str, tuple[tuple[int, ...], list[float], list[float]]], picture: Path) -> None:
    """Write the picture: one column for each of the three, time above memory, each beside a line of slope 1."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # The salt fixes the ids in the file, so that the same numbers give the same bytes.
    with rc_context({"svg.hashsalt": "growth", "font.size": 9}):
        figure = Figure(figsize=(10, 5), layout="constrained")
        panels = figure.subplots(2, len(measured), sharex="col")
        for column, (name, (sizes, *both)) in enumerate(measured.items()):
            for panel, values, label in zip(panels[:, column], both, ("CPU seconds", "peak MB"), strict=True):
                line = [values[-1] * size / sizes[-1] for size in sizes]
                panel.loglog(sizes, line, color="0.7", linestyle="--", label="linear")
                panel.loglog(sizes, values, color="tab:blue", marker="o", label="measured")
                panel.set_ylabel(label)
            panels[1, column].set_xlabel(name)
        panels[0, 0].legend()
        picture.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(picture, metadata={"Date": None})
