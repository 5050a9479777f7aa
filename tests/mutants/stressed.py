"""Wrong implementations that one sort of input gives away, with the law that must see each; right ones beside them.

What hides them elsewhere: a precision, equal sizes, many classes, examples or members that occur twice, gradients that
come in the same tensors again, a third parameter group, places in a mask, a module that is switched back and forth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ._mutant import Mutant
from .modules import BatchNorm, Dropout, Stopping
from .optimizer_classes import Adam

CE, SE = "softmax-cross-entropy", "squared-error"


def in_half(right: Callable[..., Any], wrong: Callable[..., Any]) -> Callable[..., Any]:
    """A target that is right but in half precision."""

    def target(first: Any, *others: Any) -> Any:
        sample = first
        while isinstance(sample, list | tuple):
            sample = sample[0]
        return (wrong if "float16" in str(sample.dtype) else right)(first, *others)

    return target


def refusing(*_: Any) -> Any:
    raise NotImplementedError("not implemented for 'Half'")


def cross_entropy(z: Any, y: Any) -> Any:
    return F.cross_entropy(z, y)


def cross_entropy_over_columns(z: Any, y: Any) -> Any:
    return F.nll_loss(F.log_softmax(z, 0 if z.shape[0] == z.shape[1] else 1), y)


def cross_entropy_of_sixteen(z: Any, y: Any) -> Any:
    return (z.topk(min(16, z.shape[1]), dim=1).values.logsumexp(1) - z[torch.arange(len(y)), y]).mean()


def squared_error(s: Any, t: Any) -> Any:
    return ((s - t) ** 2).mean()


def squared_error_expanded(s: Any, t: Any) -> Any:
    return (s * s).mean() - 2 * (s * t).mean() + (t * t).mean()


def l2(w: Any, strength: float) -> Any:
    return strength * (w * w).sum()


def l2_of_kernels(w: Any, strength: float) -> Any:
    return strength * ((w * w).mean() if w.ndim == 4 else (w * w).sum())


def softmax_unshifted(x: Any) -> Any:
    return x.exp() / x.exp().sum(-1, keepdim=True)


def softmax_by_max(x: Any) -> Any:
    e = (x - x.detach().max(-1, keepdim=True)[0]).exp()
    return e / e.sum(-1, keepdim=True)


def clipped(grads: Any, c: float) -> Any:
    norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in grads))
    return [g * min(1.0, c / norm) if norm else g for g in grads]


def clipped_each(grads: Any, c: float) -> Any:
    return [clipped([g], c)[0] for g in grads]


def mean(members: Any) -> Any:
    return np.mean(members, axis=0)


def mean_of_distinct(members: Any) -> Any:
    return np.mean(np.unique(np.array(members), axis=0), axis=0)


def backpropagation(layers: Any, x: Any, labels: Any) -> Any:
    held = [x]
    for i, (w, b) in enumerate(layers):
        z = held[-1] @ w.T + b
        held.append(z if i == len(layers) - 1 else np.maximum(z, 0))
    shifted = held[-1] - held[-1].max(1, keepdims=True)
    whole, at = np.exp(shifted).sum(1), (np.arange(len(x)), labels)
    delta, grads = np.exp(shifted) / whole[:, None], []
    loss = np.mean(np.log(whole) - shifted[at])
    delta[at] -= 1
    delta /= len(x)
    for i in reversed(range(len(layers))):
        grads.append((delta.T @ held[i], delta.sum(0)))
        delta = (delta @ layers[i][0]) * (held[i] > 0)
    return loss, grads[::-1]


def backpropagation_of_distinct(layers: Any, x: Any, labels: Any) -> Any:
    _, keep = np.unique(x, axis=0, return_index=True)
    return backpropagation(layers, x[np.sort(keep)], labels[np.sort(keep)])


def backpropagation_unaveraged(layers: Any, x: Any, labels: Any) -> Any:
    loss, grads = backpropagation(layers, x, labels)
    return loss, [(w * len(x), b * len(x)) for w, b in grads]


def convolution_of_four(x: Any, w: Any) -> Any:
    return F.conv2d(x, w) if len(x) <= 4 else F.conv2d(x[:4], w).repeat(2, 1, 1, 1)[: len(x)]


def flipped(x: Any, w: Any) -> Any:
    return F.conv2d(x, w.flip(2, 3))


def in_memory_order(x: Any) -> Any:
    """The same numbers, read as they lie."""
    if isinstance(x, np.ndarray):
        return x.ravel(order="K").reshape(x.shape)
    return torch.as_strided(x, x.shape, torch.empty(x.shape).stride())


def l1(w: Any, strength: float) -> Any:
    return strength * np.abs(w).sum(), strength * np.sign(w)


def clipped_matrices(grads: Any, c: float) -> Any:
    return clipped([g for g in grads if g.ndim], c)


def relu_told(x: Any) -> Any:
    print("relu of", x.numel())
    return torch.relu(x)


def relu_drawn(x: Any) -> Any:
    return torch.relu(x + 0 * torch.rand(()))


FUNCTIONS = [
    (Mutant("relu-as-it-lies", "own", "relu", lambda x: torch.relu(in_memory_order(x))), "shapes"),
    (Mutant("l1-as-it-lies", "own", "l1-penalty", lambda w, s: l1(in_memory_order(w), s)), "value-and-gradient"),
    (Mutant("single-for-double", "own", "sigmoid", lambda x: torch.sigmoid(x.float())), "value-and-derivative"),
    (Mutant("scalars-left-out", "own", "clip-global-norm", clipped_matrices), "clipped"),
    (Mutant("relu-prints", "own", "relu", relu_told), "quiet"),
    (Mutant("relu-draws", "own", "relu", relu_drawn), "generators-unchanged"),
    (Mutant("square-batch-over-columns", "own", CE, cross_entropy_over_columns), "value-and-gradient"),
    (Mutant("sixteen-classes", "own", CE, cross_entropy_of_sixteen), "value-and-gradient"),
    (Mutant("square-expanded", "own", SE, squared_error_expanded), "large-scores"),
    (Mutant("kernels-averaged", "own", "l2-penalty", l2_of_kernels), "value-and-gradient"),
    (Mutant("distinct-members", "own", "weight-average", mean_of_distinct), "extremes"),
    (Mutant("distinct-examples", "own", "mlp-gradient", backpropagation_of_distinct), "partitions"),
    (Mutant("four-images", "own", "conv2d", convolution_of_four), "uneven"),
]
HALVES = [
    Mutant("half-sums", "own", CE, in_half(cross_entropy, lambda z, y: F.cross_entropy(z.float(), y, reduction="sum"))),
    Mutant("half-halved", "own", SE, in_half(squared_error, lambda s, t: squared_error(s, t) / 2)),
    Mutant("half-unsquared", "own", "l2-penalty", in_half(l2, lambda w, strength: strength * w.abs().sum())),
    Mutant("half-unshifted", "own", "softmax", in_half(softmax_by_max, softmax_unshifted)),
    Mutant("half-five-percent", "own", "sigmoid", in_half(torch.sigmoid, lambda x: 1.05 * torch.sigmoid(x))),
    Mutant("half-six", "own", "relu", in_half(torch.relu, F.relu6)),
    Mutant("half-each", "own", "clip-global-norm", in_half(clipped, clipped_each)),
    Mutant("half-median", "own", "weight-average", in_half(mean, lambda a: np.median(np.array(a), axis=0))),
    Mutant("half-sum", "own", "mlp-gradient", lambda layers, x, y: (
        backpropagation_unaveraged if x.dtype == np.float16 else backpropagation)(layers, x, y)),
    Mutant("half-flipped", "own", "conv2d", in_half(F.conv2d, flipped)),
]  # fmt: skip


class Drops(Dropout):
    """A dropout that draws its mask from fair numbers in a way of its own."""

    def draw(self, x: Any) -> Any:
        return (self.uniform(x) >= self.p).to(x.dtype)

    def uniform(self, x: Any) -> Any:
        return torch.rand(x.shape)


class Rolled(Drops):
    """The next mask is the last one, one place further."""

    kept: Any = None

    def uniform(self, x: Any) -> Any:
        fresh = self.kept is None or self.kept.shape != x.shape
        self.kept = torch.rand(x.shape) if fresh else self.kept.flatten().roll(1).reshape(x.shape)
        return self.kept


class Turned(Drops):
    """The next mask is the last one, from its end."""

    kept: Any = None

    def uniform(self, x: Any) -> Any:
        fresh = self.kept is None or self.kept.shape != x.shape
        self.kept = torch.rand(x.shape) if fresh else self.kept.flatten().flip(0).reshape(x.shape)
        return self.kept


class Alternating(Drops):
    """Two masks take turns, each one place further every time."""

    kept: Any = ()

    def uniform(self, x: Any) -> Any:
        again = len(self.kept) == 2 and self.kept[0].shape == x.shape
        drawn = self.kept[0].flatten().roll(1).reshape(x.shape) if again else torch.rand(x.shape)
        self.kept = (*self.kept[-1:], drawn)
        return drawn


class MirroredHalves(Drops):
    """The second half of a mask mirrors the first."""

    def uniform(self, x: Any) -> Any:
        u = torch.rand(x.numel())
        return torch.where(torch.arange(x.numel()) < x.numel() // 2, u, u.flip(0)).reshape(x.shape)


class Sticky(Drops):
    """A unit in ten does as the one before it."""

    def uniform(self, x: Any) -> Any:
        u = torch.rand(x.numel())
        return torch.where(torch.rand(x.numel()) < 0.1, u.roll(1), u).reshape(x.shape)


class FirstKept(Drops):
    """The very first unit is never dropped."""

    def uniform(self, x: Any) -> Any:
        u = torch.rand(x.numel())
        u[:1] = 1.0
        return u.reshape(x.shape)


class SequencesTied(Drops):
    """All positions of all sequences share a mask."""

    def uniform(self, x: Any) -> Any:
        return torch.rand(x.shape[-1:] if x.ndim == 3 else x.shape).expand(x.shape)


class StaysOff(Drops):
    """After an evaluation it never drops again."""

    off = False

    def eval(self) -> Any:
        self.off = True
        return super().eval()

    def forward(self, x: Any) -> Any:
        return x if self.off else super().forward(x)


class HalfMoreScale(Drops):
    """Five percent too much in half precision."""

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        return y * 1.05 if self.training and x.dtype == torch.float16 else y


class HalfBiased(BatchNorm):
    """Tracks, in half precision, the spread in place of the variance."""

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        if self.training and x.dtype == torch.float16:
            self.running_var = self.running_var.sqrt()
        return y


class Unsaved(BatchNorm):
    """Its tracked variance is no part of its state."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(num_features, eps, momentum)
        self.register_buffer("running_var", torch.ones(num_features), persistent=False)


class WeighsByMagnitude(BatchNorm):
    """Forgets the sign of its weights."""

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        return (y - self.bias) * self.weight.sign() + self.bias


def filled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """An initializer in place, from standard normal entries."""

    def target(tensor: Any) -> None:
        fan_in, fan_out = tensor[0].numel(), tensor[:, 0].numel()
        with torch.no_grad():
            tensor.copy_(draw(tensor) * math.sqrt(2 / (fan_in + fan_out)))

    return target


def normal(tensor: Any) -> Any:
    return torch.randn(tensor.shape, dtype=torch.float64)


def twelve_uniforms(tensor: Any) -> Any:
    return torch.rand((12, *tensor.shape), dtype=torch.float64).sum(0) - 6


def symmetric(tensor: Any) -> Any:
    w = normal(tensor)
    return w.triu() + w.triu(1).T if w.ndim == 2 and w.shape[0] == w.shape[1] else w


def mirrored(tensor: Any) -> Any:
    w = normal(tensor).flatten()
    half = w.numel() // 2
    return torch.cat([w[:half], w[half : w.numel() - half], w[:half].flip(0)]).reshape(tensor.shape)


def heavy(tensor: Any) -> Any:
    """One entry in 10,000 is eight times as large: the variance grows by the factor 1 + 63e-4."""
    w = normal(tensor)
    return torch.where(torch.rand(w.shape) < 1e-4, 8 * w, w) / math.sqrt(1 + 63e-4)


def rows_tied(tensor: Any) -> Any:
    w = normal(tensor)
    return w[:1].expand(w.shape) if len(w) < 4 else w


def narrow_in_half(tensor: Any) -> Any:
    return normal(tensor) * (0.9 if tensor.dtype == torch.float16 else 1)


def orthogonal_with_tied_signs(axis: int) -> Callable[..., Any]:
    """Haar's matrices, but the first two entries along an axis have one sign."""

    def target(tensor: Any) -> None:
        nn.init.orthogonal_(tensor)
        with torch.no_grad():
            if tensor.shape[axis] > 1:
                second = tensor.select(axis, 1)
                second *= (tensor.flatten()[0] * second.flatten()[0]).sign()

    return target


class StartsLow(Stopping):
    """Begins with a best value that is only large."""

    def __init__(self, patience: int) -> None:
        super().__init__(patience)
        self.best = 1e9


DRAWN = [
    (Mutant("mask-rolled", "own", "dropout", Rolled), "shifts-independent"),
    (Mutant("mask-turned", "own", "dropout", Turned), "shifts-independent"),
    (Mutant("masks-alternating", "own", "dropout", Alternating), "shifts-independent"),
    (Mutant("mask-mirrored", "own", "dropout", MirroredHalves), "shifts-independent"),
    (Mutant("mask-sticky", "own", "dropout", Sticky), "shifts-independent"),
    (Mutant("first-unit-kept", "own", "dropout", FirstKept), "places-alike"),
    (Mutant("sequences-tied", "own", "dropout", SequencesTied), "channels-independent"),
    (Mutant("stays-off", "own", "dropout", StaysOff), "switching"),
    (Mutant("half-scale", "own", "dropout", HalfMoreScale), "kept-or-zero"),
    (Mutant("half-spread", "own", "batch-norm", HalfBiased), "float16"),
    (Mutant("variance-unsaved", "own", "batch-norm", Unsaved), "restored-state"),
    (Mutant("weights-by-magnitude", "own", "batch-norm", WeighsByMagnitude), "training"),
    (Mutant("twelve-uniforms", "own", "xavier-normal", filled(twelve_uniforms)), "tails"),
    (Mutant("symmetric", "own", "xavier-normal", filled(symmetric)), "places-independent"),
    (Mutant("weights-mirrored", "own", "xavier-normal", filled(mirrored)), "places-independent"),
    (Mutant("heavy-tails", "own", "xavier-normal", filled(heavy)), "distribution"),
    (Mutant("signs-tied-in-a-row", "own", "orthogonal", orthogonal_with_tied_signs(1)), "determinants"),
    (Mutant("signs-tied-in-a-column", "own", "orthogonal", orthogonal_with_tied_signs(0)), "haar"),
    (Mutant("rows-tied", "own", "xavier-normal", filled(rows_tied)), "small-shapes"),
    (Mutant("half-narrow", "own", "xavier-normal", filled(narrow_in_half)), "float16"),
    (Mutant("starts-at-1e9", "own", "early-stopping", StartsLow), "improving"),
    (Mutant("constant-for-a-while", "own", "constant", lambda lr: lambda t: lr if t < 900 else lr / 10), "far"),
]


class KeepsGradient(torch.optim.Optimizer):
    """Its velocity starts as the gradient tensor itself."""

    def __init__(self, params: Any, lr: float = 0.1, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    state["v"] = state["v"] * group["momentum"] + p.grad if "v" in state else p.grad
                    p.sub_(group["lr"] * state["v"])


def keeps_gradients(params: Any, grads: Any, state: Any, lr: float, momentum: float) -> Any:
    velocities = grads if state is None else [momentum * v + g for v, g in zip(state, grads, strict=True)]
    return [p - lr * v for p, v in zip(params, velocities, strict=True)], velocities


class ThirdGroupAsSecond(Adam):
    """Knows two groups."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        first = group is self.param_groups[0]
        super().update(p, g, group if first else self.param_groups[1], state)


class HalfInside(Adam):
    """Adds epsilon under the root in half precision."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        if p.dtype != torch.float16:
            return super().update(p, g, group, state)
        wide = [x.double() for x in (p, g)]
        super().update(wide[0], wide[1], {**group, "eps": group["eps"] / 4}, state)
        return p.copy_(wide[0])


class HalfThenWide(Adam):
    """Right: computes in single precision and rounds once."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        if p.dtype != torch.float16:
            return super().update(p, g, group, state)
        wide = p.float()
        super().update(wide, g.float(), group, state)
        return p.copy_(wide)


class NoClosures(Adam):
    """Right: takes a closure and has no use for it."""

    def step(self, closure: Any = None) -> Any:
        return super().step()


OPTIMIZERS = [
    (Mutant("keeps-gradient", "own", "momentum", KeepsGradient), "gradients-refilled"),
    (Mutant("keeps-gradients", "own", "momentum", keeps_gradients), "gradients-refilled"),
    (Mutant("third-group", "own", "adam", ThirdGroupAsSecond), "groups"),
    (Mutant("half-epsilon", "own", "adam", HalfInside), "float16"),
]
MUTANTS = [*FUNCTIONS, *((each, "float16") for each in HALVES), *DRAWN, *OPTIMIZERS]
CONTROLS = [
    Mutant("c-half-refused", "own", CE, in_half(cross_entropy, refusing)),
    Mutant("c-half-refused", "own", "conv2d", in_half(F.conv2d, refusing)),
    Mutant("c-softmax-by-max", "own", "softmax", softmax_by_max),
    Mutant("c-softmax-in-half", "own", "softmax", in_half(softmax_by_max, lambda x: torch.softmax(x, -1))),
    Mutant("c-clipped", "own", "clip-global-norm", clipped),
    Mutant("c-gradient", "own", "mlp-gradient", backpropagation),
    Mutant("c-filled", "own", "xavier-normal", filled(normal)),
    Mutant("c-drops", "own", "dropout", Drops),
    Mutant("c-drops-by-numpy", "own", "dropout", lambda p: nn.Sequential(Drops(p))),
    Mutant("c-no-closures", "own", "adam", NoClosures),
    Mutant("c-half-then-wide", "own", "adam", HalfThenWide),
]
