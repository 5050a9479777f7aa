"""The digits by the decks' complete convolution network, Adam, batches of 32, float32: NumPy and a plain torch loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from backproof.reference import data
from backproof.reference.architecture import digit_network
from backproof.reference.numpy import backprop, initialization, training

from . import plain_torch
from .measure import Row, alternate, medians

BATCH, LR = 32, 3e-3


def rows(epochs: int = 5, rounds: int = 5) -> Iterator[Row]:
    """Yield NumPy's time over the plain loop's."""
    split = data.digits(np.random.default_rng(0), dtype=np.float32)
    inputs, labels = split.train_inputs.reshape(-1, 1, 8, 8), split.train_labels
    held_out, truth = split.test_inputs.reshape(-1, 1, 8, 8), split.test_labels
    network = digit_network()

    def numpy_trainer(seed: int) -> Any:
        rng = np.random.default_rng(seed)
        theta = initialization.initial_parameters(network, rng, initializer="he_normal", dtype=np.float32)
        return training.train(network, theta, inputs, labels, epochs=epochs, batch_size=BATCH, rng=rng, lr=LR).theta

    def plain(seed: int) -> torch.nn.Module:
        torch.manual_seed(seed)
        module = plain_torch.digit_convolutions()
        images, targets = torch.from_numpy(inputs), torch.from_numpy(labels)
        plain_torch.train(module, images, targets, epochs=epochs, batch_size=BATCH, lr=LR)
        return module

    timings = alternate({"numpy": numpy_trainer, "plain torch": plain}, rounds)
    times = medians(timings)
    ours = np.mean([backprop.forward(network, t, held_out).argmax(-1) == truth for t in timings["numpy"].results])
    images, targets = torch.from_numpy(held_out), torch.from_numpy(truth)
    theirs = np.mean([plain_torch.accuracy(module, images, targets) for module in timings["plain torch"].results])
    note = f"held-out accuracies, mean of the rounds: numpy {ours:.2%}, plain torch {theirs:.2%}"
    work = f"digit convolution network, {epochs} epochs: NumPy over plain torch"
    yield Row(work, times, times["numpy"] / times["plain torch"], "at most", 3.0, note=note)
