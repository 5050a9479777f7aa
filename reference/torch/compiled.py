"""Adam's step as one pass over memory: its lines in `adam`, of which `torch.compile` makes one loop.

For parameters that no cache holds, where `adam_kernel`'s six calls read and write memory again and again. Making the
loop takes about ten seconds once, and on a CPU a C++ compiler; so nobody gets it without asking: `train(...,
compiled=True)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from .adam import _adam_update, _corrected


def adam_kernel(
    theta: Tensor,
    g: Tensor,
    state: Sequence[Tensor],
    step: int,
    *,
    lr: Any = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    eps_inside: bool = False,
) -> None:
    """Take `adam_step` in place, on all of theta at once.

    Raises:
        RuntimeError: on a CPU, where torch finds no C++ compiler.
    """

    def placed(number: Any) -> Tensor:
        # A Python number would be compiled in, and each step another program.
        return number if isinstance(number, Tensor) else theta.new_full((), number)

    factor, shift = _corrected(step, lr, betas, eps, eps_inside)
    _one_pass()(theta, g, *state, betas, placed(factor), placed(shift) if eps else 0.0, eps_inside)


@cache
def _one_pass() -> Callable[..., None]:
    # Not at import, which this would make a second longer.
    return torch.compile(_adam_update)


#: The optimizers that `train` compiles.
KERNELS: dict[str, Callable[..., None]] = {"adam": adam_kernel}
