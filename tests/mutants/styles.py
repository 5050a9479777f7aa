"""Right implementations as others would write them: none of these may be flagged, whatever the seed.

Other data structures, other orders of the arithmetic, states kept in other variables, arguments under other names,
objects in place of functions, generators in place of lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from ._mutant import Mutant


def adam_in_one_vector(params: Any, grads: Any, state: Any, lr: float, betas: Any, eps: float) -> Any:
    """All tensors as one vector, products of betas in place of powers, epsilon multiplied through."""
    theta, g = (np.concatenate([x.ravel() for x in each]) for each in (params, grads))
    held = state or {"m": 0 * g, "v": 0 * g, "b1": 1.0, "b2": 1.0}
    m, v = (held[k] + (1 - b) * (x - held[k]) for k, b, x in (("m", betas[0], g), ("v", betas[1], g * g)))
    b1, b2 = held["b1"] * betas[0], held["b2"] * betas[1]
    root = math.sqrt(1 - b2)
    theta = theta - lr * root / (1 - b1) * m / (np.sqrt(v) + eps * root)
    parts = np.split(theta, np.cumsum([p.size for p in params])[:-1])
    return [x.reshape(p.shape) for x, p in zip(parts, params, strict=True)], {"m": m, "v": v, "b1": b1, "b2": b2}


def adam_of_means(
    params: Any, grads: Any, state: Any, learning_rate: float, beta1: float, beta2: float, epsilon: float
):
    """Keeps the corrected moments themselves, as weighted means."""
    t, means, squares = state or (0, [0 * p for p in params], [0 * p for p in params])
    t += 1
    w1, w2 = (1 - beta1) / (1 - beta1**t), (1 - beta2) / (1 - beta2**t)
    means = [(1 - w1) * m + w1 * g for m, g in zip(means, grads, strict=True)]
    squares = [(1 - w2) * v + w2 * g**2 for v, g in zip(squares, grads, strict=True)]
    moved = [p - learning_rate * m / (v**0.5 + epsilon) for p, m, v in zip(params, means, squares, strict=True)]
    return moved, (t, means, squares)


def adagrad_of_roots(params: Any, grads: Any, state: Any, **hyper: float) -> Any:
    """Keeps the root of the sum."""
    roots = [np.hypot(r, g) for r, g in zip(state or [0 * p for p in params], grads, strict=True)]
    steps = [hyper["lr"] * (g / (r + hyper["eps"])) for g, r in zip(grads, roots, strict=True)]
    return [p - step for p, step in zip(params, steps, strict=True)], roots


def rmsprop_of_variances(params: Any, grads: Any, state: Any, lr: float, alpha: float, eps: float) -> Any:
    """Keeps the variance by Welford's recursion, which no rounding turns negative."""
    spreads, means = state or ([0 * p for p in params], [0 * p for p in params])
    spreads = [alpha * (d + (1 - alpha) * (g - m) ** 2) for d, g, m in zip(spreads, grads, means, strict=True)]
    means = [m + (1 - alpha) * (g - m) for m, g in zip(means, grads, strict=True)]
    moved = [p - lr * g / (np.sqrt(d) + eps) for p, g, d in zip(params, grads, spreads, strict=True)]
    return moved, (spreads, means)


def momentum_in_place(params: Any, grads: Any, state: Any, lr: float, momentum: float) -> Any:
    """Writes to its parameters and its state."""
    state = state or [np.zeros_like(p) for p in params]
    for p, g, v in zip(params, grads, state, strict=True):
        v *= momentum
        v += g
        p -= lr * v
    return params, state


class Transform(NamedTuple):
    init: Callable[..., Any]
    update: Callable[..., Any]


def nesterov_transform(learning_rate: float, momentum: float) -> Transform:
    """Two closures in a tuple, the step written out in the old velocity."""

    def update(grads: Any, state: Any, params: Any = None) -> Any:
        steps = [(1 + momentum) * g + momentum**2 * v for g, v in zip(grads, state, strict=True)]
        velocities = tuple(momentum * v + g for g, v in zip(grads, state, strict=True))
        return [-learning_rate * step for step in steps], velocities

    return Transform(lambda params: tuple(np.zeros_like(p) for p in params), update)


class ReplacesData(torch.optim.Optimizer):
    """Gives each parameter new data."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data = p.data - group["lr"] * p.grad.data


def cross_entropy_by_gathering(z: Any, y: Any) -> Any:
    return torch.logsumexp(z - z.gather(1, y[:, None]), 1).mean()


def cross_entropy_by_rows(scores: Any, targets: Any) -> Any:
    total, gradient = 0.0, np.empty_like(scores)
    for i, (row, y) in enumerate(zip(scores, targets, strict=True)):
        weights = [math.exp(v - max(row)) for v in row]
        total += math.log(math.fsum(weights)) - (row[y] - max(row))
        gradient[i] = np.array(weights) / math.fsum(weights)
        gradient[i, y] -= 1
    return total / len(scores), gradient / len(scores)


def binary_cross_entropy_by_sign(s: Any, t: Any) -> Any:
    return F.softplus(torch.where(t > 0.5, -s, s)).mean()


class SoftmaxByHand(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        e = (x - x.max(-1, keepdim=True).values).exp()
        y = e / e.sum(-1, keepdim=True)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, up: Any) -> Any:
        (y,) = ctx.saved_tensors
        return y * (up - (up * y).sum(-1, keepdim=True))


def convolution_by_windows(x: Any, w: Any) -> Any:
    return torch.einsum("nchwij,ocij->nohw", x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1), w)


def clipped_by_reciprocal(grads: Any, max_norm: float) -> Any:
    norm = math.sqrt(math.fsum(v * v for g in grads for v in g.flatten().tolist()))
    return tuple(g / max(1.0, norm / max_norm) for g in grads)


class Epoch:
    """Draws when it is made, and yields when it is asked."""

    def __init__(self, n: int, batch_size: int, rng: Any) -> None:
        self.order, self.size = np.argsort(rng.random(n)), batch_size

    def __iter__(self) -> Iterator[Any]:
        for first in range(0, len(self.order), self.size):
            yield self.order[first : first + self.size]


def inside_out(n: int, batch_size: int, rng: Any) -> list[list[int]]:
    order: list[int] = []
    for i in range(n):
        j = int(rng.integers(0, i + 1))
        order.append(i)
        order[i], order[j] = order[j], order[i]
    return [order[i : i + batch_size] for i in range(0, n, batch_size)]


class Remembers:
    """Keeps every value and looks for the first smallest one."""

    def __init__(self, patience: int) -> None:
        self.patience, self.values = patience, []

    @property
    def best_step(self) -> int:
        return int(np.argmin(self.values))

    def update(self, value: float) -> Any:
        self.values.append(value)
        return np.bool_(len(self.values) - 1 - self.best_step >= self.patience)


def orthogonal_by_polar_form(shape: Any, rng: Any) -> Any:
    u, _, v = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    return u @ v


def he_normal_by_quantiles(tensor: Any) -> None:
    uniform = torch.rand(tensor.shape, dtype=torch.float64).clamp(min=1e-300)
    with torch.no_grad():
        tensor.copy_(torch.special.ndtri(uniform) * math.sqrt(2 / tensor[0].numel()))


def triangular_by_interpolation(base_lr: float, max_lr: float, step_size_up: int) -> Callable[[int], Any]:
    turns = [0, step_size_up, 2 * step_size_up]
    return lambda step: np.interp(step % turns[-1], turns, [base_lr, max_lr, base_lr])


CONTROLS = [
    Mutant("c-one-vector", "own", "adam", adam_in_one_vector),
    Mutant("c-weighted-means", "own", "adam", adam_of_means),
    Mutant("c-roots", "own", "adagrad", adagrad_of_roots),
    Mutant("c-welford", "own", "rmsprop-centered", rmsprop_of_variances),
    Mutant("c-in-place", "own", "momentum", momentum_in_place),
    Mutant("c-named-tuple", "own", "nesterov", nesterov_transform),
    Mutant("c-new-data", "own", "sgd", ReplacesData),
    Mutant("c-gathered", "own", "softmax-cross-entropy", cross_entropy_by_gathering),
    Mutant("c-rows", "own", "softmax-cross-entropy", cross_entropy_by_rows),
    Mutant("c-signs", "own", "binary-cross-entropy", binary_cross_entropy_by_sign),
    Mutant("c-hidden-signature", "own", "softmax", SoftmaxByHand.apply),
    Mutant("c-averaged-with-magnitude", "own", "relu", lambda x: (x + x.abs()) / 2),
    Mutant("c-log-add-exp", "own", "softplus", lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    Mutant("c-half-angle", "own", "sigmoid", lambda x: 0.5 * (1 + torch.tanh(x / 2))),
    Mutant("c-windows", "own", "conv2d", convolution_by_windows),
    Mutant("c-reciprocal", "own", "clip-global-norm", clipped_by_reciprocal),
    Mutant("c-iterable", "own", "minibatches", Epoch),
    Mutant("c-inside-out", "own", "minibatches", inside_out),
    Mutant("c-remembers", "own", "early-stopping", Remembers),
    Mutant("c-polar", "own", "orthogonal", orthogonal_by_polar_form),
    Mutant("c-quantiles", "own", "he-normal", he_normal_by_quantiles),
    Mutant("c-interpolated", "own", "triangular", triangular_by_interpolation),
    Mutant("c-squared-cosine", "own", "cosine", lambda lr, T_max, eta_min: (
        lambda t: eta_min + (lr - eta_min) * math.cos(math.pi * t / (2 * T_max)) ** 2)),
]  # fmt: skip
