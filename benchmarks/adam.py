"""One step of Adam on a flat float32 vector, in place as the trainers take it, against torch.optim's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from backproof.reference.numpy import adam as by_hand
from backproof.reference.numpy._step import run as run_arrays
from backproof.reference.numpy._step import scratch
from backproof.reference.torch import adam as on_tensors
from backproof.reference.torch import compiled
from backproof.reference.torch._step import BLOCK
from backproof.reference.torch._step import run as run_tensors

from .measure import Row, alternate, medians

LR = 1e-3


def rows(sizes: tuple[int, ...] = (10**4, 10**7), entries: int = 30_000_000, rounds: int = 7) -> Iterator[Row]:
    """Yield, for each size, NumPy over foreach and torch over fused; a round updates about so many entries.

    torch's side of a vector longer than a block is the compiled pass, which `train(..., compiled=True)` takes, where
    there is a compiler.
    """
    for size in sizes:
        steps = min(max(entries // size, 1), 2_000)
        times = medians(alternate(contestants(size, steps), rounds), steps)
        work = f"Adam step, 10^{len(str(size)) - 1} float32 parameters"
        yield Row(f"{work}: NumPy over torch foreach", times, times["numpy"] / times["foreach"], "at most", 1.0)
        ours = "torch compiled" if "torch compiled" in times else "torch"
        note = (
            f"10^{len(str(size)) - 1}: torch's calls, not compiled, take {times['torch'] / times['fused']:.2f} of fused"
        )
        yield Row(f"{work}: {ours} over torch fused", times, times[ours] / times["fused"], "at most", 1.2, note=note)


def contestants(size: int, steps: int) -> dict[str, Callable[[int], Any]]:
    """Return what takes so many steps, for each contestant, each on a vector of its own."""
    gradient = np.random.default_rng(0).normal(size=size).astype(np.float32)
    theta, first, second = np.zeros((3, size), np.float32)
    work = scratch(theta)
    # A tensor of torch's own: NumPy's memory starts elsewhere in a cache line, which costs a fifth.
    tensor = torch.from_numpy(gradient).clone()

    def numpy_kernel(_: int) -> None:
        for step in range(1, steps + 1):
            run_arrays(by_hand.adam_kernel, theta, gradient, [first, second], step, work, lr=LR)

    taking = {
        "numpy": numpy_kernel,
        "torch": torch_kernel(tensor, steps),
        "foreach": torch_optimizer(tensor, steps, foreach=True),
        "fused": torch_optimizer(tensor, steps, fused=True),
    }
    if size > BLOCK and shutil.which(os.environ.get("CXX", "g++")):
        taking["torch compiled"] = compiled_kernel(tensor, steps)
    return taking


def torch_kernel(gradient: torch.Tensor, steps: int) -> Callable[[int], None]:
    """Return what takes so many of our steps, on the gradient's device."""
    theta, first, second = (torch.zeros_like(gradient) for _ in range(3))

    def take(_: int) -> None:
        for step in range(1, steps + 1):
            run_tensors(on_tensors.adam_kernel, theta, gradient, [first, second], step, lr=LR)

    return take


def compiled_kernel(gradient: torch.Tensor, steps: int) -> Callable[[int], None]:
    """Return what takes so many of our steps in one compiled pass each, on the gradient's device."""
    theta, first, second = (torch.zeros_like(gradient) for _ in range(3))

    def take(_: int) -> None:
        for step in range(1, steps + 1):
            compiled.adam_kernel(theta, gradient, [first, second], step, lr=LR)

    return take


def torch_optimizer(gradient: torch.Tensor, steps: int, **implementation: bool) -> Callable[[int], None]:
    """Return what takes so many of torch.optim.Adam's steps, on the gradient's device."""
    parameter = torch.nn.Parameter(torch.zeros_like(gradient))
    parameter.grad = gradient.clone()
    optimizer = torch.optim.Adam([parameter], lr=LR, **implementation)

    def take(_: int) -> None:
        for _step in range(steps):
            optimizer.step()

    return take
