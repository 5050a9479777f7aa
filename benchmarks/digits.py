"""The digits by 64-128-10, ReLU, Adam, batches of 32, float32: both trainers, scikit-learn, and a plain torch loop."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from statistics import mean
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from backproof.reference import data
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import perceptron

from . import plain_torch
from .measure import Row, alternate, medians

BATCH, LR = 32, 1e-3


def rows(epochs: int = 20, rounds: int = 7) -> Iterator[Row]:
    """Yield the ratios of the times, then the differences of the accuracies; each round has a seed of its own."""
    split = data.digits(np.random.default_rng(0), dtype=np.float32)
    inputs, labels = split.train_inputs, split.train_labels
    held_out, truth = split.test_inputs, split.test_labels
    tensors = [torch.from_numpy(array) for array in (inputs, labels, held_out, truth)]
    network = perceptron((64, 128, 10))

    def trained(backend: Any, images: Any, targets: Any, seed: int, dtype: Any) -> Any:
        rng = np.random.default_rng(seed)
        theta = backend.initialization.initial_parameters(network, rng, dtype=dtype)
        return backend.training.train(
            network, theta, images, targets, epochs=epochs, batch_size=BATCH, rng=rng, lr=LR
        ).theta

    def numpy_trainer(seed: int) -> Any:
        return trained(by_hand, inputs, labels, seed, np.float32)

    def torch_trainer(seed: int) -> Any:
        return trained(by_autograd, *tensors[:2], seed, torch.float32)

    def plain(seed: int) -> torch.nn.Module:
        torch.manual_seed(seed)
        module = plain_torch.digit_perceptron()
        plain_torch.train(module, *tensors[:2], epochs=epochs, batch_size=BATCH, lr=LR)
        return module

    def scikit(seed: int) -> MLPClassifier:
        # Same setting: no penalty, which is its default otherwise, and no stop before the last epoch.
        classifier = MLPClassifier(
            (128,),
            batch_size=BATCH,
            learning_rate_init=LR,
            alpha=0.0,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return classifier.fit(inputs, labels)

    timings = alternate(
        {"numpy": numpy_trainer, "torch": torch_trainer, "plain torch": plain, "scikit-learn": scikit}, rounds
    )
    times = medians(timings)
    work = f"digits 64-128-10, {epochs} epochs"
    yield Row(f"{work}: NumPy, times faster than scikit-learn", times, _over(times, "scikit-learn"), "at least", 2.5)
    yield Row(f"{work}: NumPy, times faster than plain torch", times, _over(times, "plain torch"), "at least", 4.0)
    yield Row(f"{work}: torch over plain torch", times, times["torch"] / times["plain torch"], "at most", 1.0)

    forward, on_tensors = by_hand.backprop.forward, by_autograd.backprop.forward
    accuracy = {
        "numpy": [float(np.mean(forward(network, t, held_out).argmax(-1) == truth)) for t in timings["numpy"].results],
        "torch": [
            float((on_tensors(network, t, tensors[2]).argmax(-1) == tensors[3]).double().mean())
            for t in timings["torch"].results
        ],
        "plain torch": [plain_torch.accuracy(m, *tensors[2:]) for m in timings["plain torch"].results],
        "scikit-learn": [c.score(held_out, truth) for c in timings["scikit-learn"].results],
    }
    averages = {name: mean(values) for name, values in accuracy.items()}
    note = "held-out accuracies, mean of the rounds: " + ", ".join(f"{n} {a:.2%}" for n, a in averages.items())
    for ours in ("numpy", "torch"):
        behind = max(averages["scikit-learn"], averages["plain torch"]) - averages[ours]
        yield Row(f"{work}: {ours}'s accuracy behind the better peer's", {}, 100 * behind, "at most", 1.0, "%", note)


def _over(times: dict[str, float], peer: str) -> float:
    return times[peer] / times["numpy"]
