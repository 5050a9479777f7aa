"""A fleet of networks 2-8-2 on the exclusive or, against the same networks one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof.reference import data
from backproof.reference.architecture import perceptron
from backproof.reference.numpy import initialization, training

from .measure import Row, alternate, medians


def rows(members: int = 256, steps: int = 2_000, alone: int = 16, rounds: int = 3) -> Iterator[Row]:
    """Yield how many times faster the fleet is; only the first `alone` members are trained one by one."""
    inputs, labels = data.xor()
    network = perceptron((2, 8, 2), "tanh")

    def together(_: int) -> np.ndarray:
        rngs = np.random.default_rng(0).spawn(members)
        theta = initialization.initial_parameters(network, rngs)
        return training.train(network, theta, inputs, labels, epochs=steps, batch_size=4, rng=rngs).theta

    def one_by_one(_: int) -> np.ndarray:
        thetas = []
        for rng in np.random.default_rng(0).spawn(members)[:alone]:
            theta = initialization.initial_parameters(network, rng)
            run = training.train(network, theta, inputs, labels, epochs=steps, batch_size=4, rng=rng)
            thetas.append(run.theta)
        return np.stack(thetas)

    timings = alternate({"fleet": together, "one by one": one_by_one}, rounds, warm_up=False)
    fleet, single = timings["fleet"].results[0][:alone], timings["one by one"].results[0]
    apart = float(np.abs(fleet - single).max())
    if apart > 1e-12:
        raise AssertionError(f"the contestants must train the same networks, got parameters {apart:.1e} apart")
    times = medians(timings)
    times["one by one"] *= members / alone
    note = f"one by one: {alone} of the {members} trained, times {members // alone}; parameters agree to {apart:.1e}"
    work = f"fleet of {members} networks 2-8-2 on XOR, {steps} steps: NumPy, times faster than one by one"
    yield Row(work, times, times["one by one"] / times["fleet"], "at least", 20.0, note=note)
