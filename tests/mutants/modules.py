# ruff: noqa: E501 -- one row a mutant reads better than a wrapped one
"""Wrong dropouts, batch normalizations, initializers, schedules, minibatches and early stoppings, and right ones."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ._mutant import Mutant


class Dropout(nn.Module):
    """A right inverted dropout whose parts are replaced by the mutants."""

    def __init__(self, p: float, kind: str = "right") -> None:
        super().__init__()
        self.p, self.kind = p, kind
        self.mask: Any = None

    def draw(self, x: Any) -> Any:
        p, kind, shape = self.p, self.kind, x.shape
        if kind == "rate-off-by-0.01":
            p = min(1.0, p + 0.01) if 0 < p < 1 else p
        if kind == "keeps-p":
            p = 1 - p
        if kind == "constant-seed":
            return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype) >= p
        if kind == "same-mask":
            if self.mask is None or self.mask.shape != shape:
                self.mask = torch.rand(shape, dtype=x.dtype) >= p
            return self.mask
        if kind == "refuses-sequences" and x.ndim == 3:
            raise ValueError("expected an input of rank 2 or 4")
        if kind == "shared-by-rows" and x.ndim > 1:
            return (torch.rand(shape[1:], dtype=x.dtype) >= p).expand(shape)
        if kind == "shared-by-channel" and x.ndim == 4:
            return (torch.rand((*shape[:2], 1, 1), dtype=x.dtype) >= p).expand(shape)
        if kind == "shared-by-units" and x.ndim > 1:
            return (torch.rand((*shape[:-1], 1), dtype=x.dtype) >= p).expand(shape)
        if kind.startswith("tied-") and x.ndim:
            k = int(kind[5:])
            n = -(-shape[-1] // k)
            return (torch.rand((*shape[:-1], n), dtype=x.dtype) >= p).repeat_interleave(k, -1)[..., : shape[-1]]
        if kind == "halves-of-rows-tied":
            k = -(-shape[0] // 2) if x.ndim else 1
            return (
                (torch.rand((k, *shape[1:]), dtype=x.dtype) >= p).repeat(2, *[1] * (x.ndim - 1))[: shape[0]]
                if x.ndim > 1
                else torch.rand(shape, dtype=x.dtype) >= p
            )
        if kind == "fixed-count" and x.ndim > 1:
            order = torch.rand(shape, dtype=x.dtype).argsort(-1).argsort(-1)
            return order >= round(p * shape[-1])
        if kind == "by-magnitude":
            return torch.rand(shape, dtype=x.dtype) >= p * (x.abs() > 1e-4)
        if kind == "gaussian":
            return 1 + math.sqrt(p) * torch.randn(shape, dtype=x.dtype)
        return torch.rand(shape, dtype=x.dtype) >= p

    def forward(self, x: Any) -> Any:
        kind, p = self.kind, self.p
        training = self.training or kind == "ignores-eval"
        if not training:
            return x * (1 - p) if kind == "scales-at-eval" else x
        if kind == "never-drops":
            return x
        if p == 1 and kind != "p-one-nan":
            return x * 0
        mask = self.draw(x)
        scale = {"unscaled": 1.0, "divides-by-p": 1 / p if p else 1.0, "scale-off-1-percent": 1.01 / (1 - p) if p != 1 else 0.0,
                 "scales-at-eval": 1.0}.get(kind)  # fmt: skip
        if scale is None:
            scale = 1 / (1 - p) if p != 1 else float("inf")
        if kind == "backward-unscaled":
            y = x * mask
            return y + (y.detach() * (scale - 1))
        if kind == "backward-unmasked":
            return x + (x * mask * scale - x).detach()
        if kind == "in-place":
            return x.mul_(mask * scale)
        if kind == "single-precision":
            return (x.float() * mask * scale).to(x.dtype)
        if kind == "flattens":
            return (x * mask * scale).flatten(1) if x.ndim > 2 else x * mask * scale
        if kind == "returns-double":
            return (x * mask * scale).double()
        if kind == "fills":
            return torch.where(mask.bool(), x * scale, torch.full_like(x, 1e-8))
        return x * mask * scale


def dropout(kind: str) -> Callable[[float], nn.Module]:
    return lambda p: Dropout(p, kind)


SOURCES = {
    "keeps-p": ("dropout-keep-vs-drop", "google-research/electra#61"),
    "p-one-nan": ("dropout-p-one-nan", "pytorch/pytorch#1833"),
    "constant-seed": ("dropout-constant-seed", "PaddlePaddle/Paddle#7796"),
    "shared-by-rows": ("dropout-mask-shared-across-batch", "joaopauloschuler/neural-api#6"),
    "backward-unscaled": ("dropout-backward-unscaled", "kakaobrain/trident#89"),
    "ignores-eval": ("stochastic-depth-eval-branch-dead", "mosaicml/composer#372"),
}
DROPOUTS = [
    Mutant(*SOURCES.get(kind, (f"dropout-{kind}", "own")), "dropout", dropout(kind))
    for kind in (
        "keeps-p", "p-one-nan", "constant-seed", "shared-by-rows", "backward-unscaled", "ignores-eval", "rate-off-by-0.01",
        "same-mask", "shared-by-channel", "shared-by-units", "tied-2", "tied-4", "halves-of-rows-tied", "fixed-count", "by-magnitude",
        "gaussian", "scales-at-eval", "never-drops", "unscaled", "divides-by-p", "scale-off-1-percent", "backward-unmasked", "in-place",
        "single-precision", "fills", "refuses-sequences", "flattens", "returns-double",
    )
]  # fmt: skip
DROPOUT_CONTROLS = [
    Mutant("c-inverted-dropout-eval", "keras-team/keras#8068", "dropout", dropout("right")),
    Mutant("c-droppath-divides", "huggingface/pytorch-image-models#887", "dropout", nn.Dropout),
]


class BatchNorm(nn.Module):
    """A right batch normalization whose parts are replaced by the mutants."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, kind: str = "right") -> None:
        super().__init__()
        self.eps, self.momentum, self.kind = eps, momentum, kind
        self.weight, self.bias = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Any) -> Any:
        kind, m = self.kind, self.momentum
        if self.training:
            if len(x) < 2 and kind != "lone-row":
                raise ValueError("a batch must have at least two rows")
            mean, var = x.mean(0), x.var(0, unbiased=kind == "unbiased-normalizes")
            if kind == "one-pass":
                var = (x * x).mean(0) - mean * mean
            if kind == "global-mean":
                mean, var = x.mean().expand_as(mean), x.var(unbiased=False).expand_as(var)
            with torch.no_grad():
                tracked = x.var(0, unbiased=kind != "biased-tracked")
                if kind == "momentum-reversed":
                    m = 1 - m
                if kind == "momentum-zero":
                    m = 0.0
                if kind == "tracks-std":
                    tracked = tracked.sqrt()
                self.running_mean.mul_(1 - m).add_(m * x.mean(0))
                self.running_var.mul_(1 - m).add_(m * tracked)
            if kind == "detached-mean":
                mean = mean.detach()
            if kind == "detached-var":
                var = var.detach()
            if kind == "detached-both":
                mean, var = mean.detach(), var.detach()
            if kind == "running-in-training":
                mean, var = self.running_mean.clone(), self.running_var.clone()
        else:
            mean, var = self.running_mean, self.running_var
            if kind == "batch-in-eval" and len(x) > 1:
                mean, var = x.mean(0), x.var(0, unbiased=False)
            if kind == "tracks-in-eval":
                with torch.no_grad():
                    self.running_mean.mul_(1 - m).add_(m * x.mean(0))
                    mean = self.running_mean.clone()
        root = var.clamp(min=0).sqrt() + self.eps if kind == "eps-outside" else (var + self.eps).sqrt()
        if kind == "no-eps":
            root = (var + 1e-30).sqrt()
        if kind == "eps-fixed":
            root = (var + 1e-5).sqrt()
        hat = (x - mean) / root
        if kind == "eval-backward-as-train" and not self.training and len(x) > 1:
            centered = hat - hat.mean(0) + hat.mean(0).detach()
            hat = centered
        if kind == "no-affine":
            return hat
        if kind == "bias-scaled":
            return self.weight * (hat + self.bias)
        return self.weight * hat + self.bias


def batch_norm(kind: str) -> Callable[..., nn.Module]:
    return lambda num_features, eps=1e-5, momentum=0.1: BatchNorm(num_features, eps, momentum, kind)


SOURCES |= {
    "momentum-reversed": ("bn-momentum-reversed", "PaddlePaddle/Paddle#51120"),
    "detached-mean": ("bn-backward-missing-mean-terms", "mlpack/mlpack#1923"),
    "eval-backward-as-train": ("bn-eval-backward-uses-train-formula", "vlfeat/matconvnet#1174"),
    "momentum-zero": ("bn-recompute-momentum-zero", "Lightning-AI/pytorch-lightning#14866"),
    "eps-outside": ("bn-eps-outside-sqrt", "own"),
}
BATCH_NORMS = [
    Mutant(*SOURCES.get(kind, (f"bn-{kind}", "own")), "batch-norm", batch_norm(kind))
    for kind in (
        "momentum-reversed", "detached-mean", "detached-var", "detached-both", "eval-backward-as-train", "momentum-zero", "eps-outside",
        "unbiased-normalizes", "biased-tracked", "one-pass", "global-mean", "tracks-std", "running-in-training", "batch-in-eval",
        "tracks-in-eval", "no-eps", "eps-fixed", "no-affine", "bias-scaled", "lone-row",
    )
]  # fmt: skip


class DroppedTerm(BatchNorm):
    """The term of the variance's derivative through the mean is left out: it is identically 0."""

    def forward(self, x: Any) -> Any:
        if not self.training:
            return super().forward(x)
        if len(x) < 2:
            raise ValueError("a batch must have at least two rows")
        mean = x.mean(0)
        var = ((x - mean.detach()) ** 2).mean(0)
        with torch.no_grad():
            self.running_mean.mul_(1 - self.momentum).add_(self.momentum * mean)
            self.running_var.mul_(1 - self.momentum).add_(self.momentum * x.var(0))
        return self.weight * (x - mean) / (var + self.eps).sqrt() + self.bias


BATCH_NORM_CONTROLS = [
    Mutant("c-bn", "own", "batch-norm", batch_norm("right")),
    Mutant("c-bn-backward-dropped-term", "BVLC/caffe#3878", "batch-norm", DroppedTerm),
    Mutant("c-bn-torch", "own", "batch-norm", nn.BatchNorm1d),
]


def initializer(rule: str, kind: str) -> Callable[[Any], None]:
    def fill(w: Any) -> None:
        field = math.prod(w.shape[2:])
        inside, out = w.shape[1] * field, w.shape[0] * field
        if kind == "swapped-fans":
            inside, out = out, inside
        if kind == "no-receptive-field":
            inside, out = w.shape[1], w.shape[0]
        if kind == "fan-out-by-both":
            inside = out = inside + out
        mean = inside if rule.startswith("he") else (inside + out) / 2
        if kind == "sum-of-fans":
            mean = inside + out
        if kind == "fan-plus-one":
            mean += 1
        gain2 = 2.0 if rule.startswith("he") else 1.0
        if kind == "no-gain":
            gain2 = 1.0
        if kind == "gain-squared":
            gain2 = 4.0
        std = math.sqrt(gain2 / mean) * (1.02 if kind == "std-off-2-percent" else 1.0)
        if kind == "variance-for-std":
            std = std**2
        with torch.no_grad():
            if kind == "truncated-unscaled":
                nn.init.trunc_normal_(w, std=std, a=-2 * std, b=2 * std)
            elif kind == "truncated-rescaled":
                nn.init.trunc_normal_(w, std=std / 0.87962566, a=-2 * std / 0.87962566, b=2 * std / 0.87962566)
            elif kind == "two-points-within":  # their variance is that of what they replace
                z = torch.randn(w.shape, dtype=w.dtype)
                w.copy_(std * torch.where(z.abs() < 1, 0.5395 * z.sign(), z))
            elif kind == "squared":
                u = 2 * torch.rand(w.shape, dtype=w.dtype) - 1
                w.copy_(math.sqrt(3) * std * u * u.abs())
            elif kind == "normal-for-uniform" or (rule.endswith("normal") and kind != "uniform-for-normal"):
                w.normal_(0, std)
            else:
                bound = std * (1 if kind == "no-sqrt3" else math.sqrt(3))
                w.uniform_(-bound, bound)
            if kind == "shifted":
                w.add_(0.05 * std)
            if kind == "positive":
                w.abs_()
            if kind == "tied-rows":
                w[1::2] = w[0::2][: len(w[1::2])]
            if kind == "antithetic":
                half = w.shape[1] // 2
                w[:, half : 2 * half] = -w[:, :half]
            if kind == "normalized-rows" and w.shape[1] > 3:
                w.div_(w.flatten(1).norm(dim=1).reshape(-1, *[1] * (w.ndim - 1))).mul_(std * math.sqrt(w[0].numel()))
            if kind == "last-row-zero":
                w[-1] = 0
            if kind == "unset-row":
                w[0] = torch.nan
            if kind == "matrices-only":
                _, _ = w.shape
            if kind == "flattens-kernels":
                w.data = w.data.flatten(1)
            if kind == "widens":
                w.data = w.data.double()
            if kind == "constant-seed":
                w.copy_(std * torch.randn(w.shape, generator=torch.Generator().manual_seed(0), dtype=w.dtype))

    return fill


def seeds_globally(w: Any) -> None:
    torch.manual_seed(0)
    nn.init.xavier_normal_(w)


def numpy_xavier(shape: Any, rng: Any) -> Any:
    return np.random.normal(size=shape) * math.sqrt(2 / sum(shape))  # noqa: NPY002


def numpy_swapped(shape: Any, rng: Any) -> Any:
    return rng.normal(size=shape) * math.sqrt(2 / shape[1])


def numpy_unseeded(shape: Any, rng: Any) -> Any:
    return np.random.default_rng().normal(size=shape) * math.sqrt(2 / shape[0])


def numpy_squeezed(shape: Any, rng: Any) -> Any:
    return np.squeeze(rng.normal(size=shape) * math.sqrt(2 / shape[0]))


def orthogonal(kind: str) -> Callable[[Any], None]:
    def fill(w: Any) -> None:
        rows, columns = w.shape[0], w[0].numel()
        a = torch.randn(max(rows, columns), min(rows, columns), dtype=w.dtype)
        if kind == "uniform-qr":
            a = torch.rand(a.shape, dtype=w.dtype)
        q, r = torch.linalg.qr(a)
        signs = r.diagonal().sign()
        if kind == "not-haar" or kind == f"not-haar-{rows}":
            signs = torch.ones_like(signs)
        q = q * signs
        if kind == "rotations-only" and q.shape[0] == q.shape[1]:
            q[:, 0] *= torch.linalg.det(q).sign()
        if kind == "random-signs-of-rows":
            q = torch.linalg.qr(a)[0] * (torch.rand(q.shape[0], 1) < 0.9).to(w.dtype).mul(2).sub(1)
        if kind == "gain":
            q = q * math.sqrt(2)
        if kind == "not-quite":
            q = q + 1e-6 * torch.randn(q.shape, dtype=w.dtype)
        if kind == "single-precision":
            q = q.float().to(w.dtype)
        flat = q if rows >= columns else q.t()
        with torch.no_grad():
            if kind == "nonsquare-square":
                k = min(rows, columns)
                square = torch.linalg.qr(torch.randn(k, k, dtype=w.dtype))[0]
                w.zero_()
                w.reshape(rows, -1)[:k, :k] = square
                return
            if kind == "by-kernel" and w.ndim > 2:
                for place in np.ndindex(*w.shape[2:]):
                    nn.init.orthogonal_(w[(slice(None), slice(None), *place)])
                return
            w.copy_(flat.reshape(w.shape))

    return fill


SOURCES |= {
    "truncated-unscaled": ("trunc-normal-std", "keras-team/keras#8048"),
    "no-sqrt3": ("kaiming-uniform-no-sqrt3", "LaurentMazare/tch-rs#573"),
    "gain-squared": ("gain-via-leaky-slope", "pytorch/pytorch#15314"),
    "nonsquare-square": ("orthogonal-nonsquare-silently-square", "mila-iqia/blocks#346"),
    "not-haar": ("orthogonal-not-haar", "tensorflow/tensorflow#9429"),
}
KINDS = {
    "xavier-normal": ("swapped", "sum-of-fans", "fan-out-by-both", "no-receptive-field", "fan-plus-one", "std-off-2-percent", "truncated-unscaled",
                      "truncated-rescaled", "uniform-for-normal", "shifted", "positive", "tied-rows", "antithetic", "normalized-rows", "last-row-zero",
                      "constant-seed", "variance-for-std", "two-points-within", "unset-row", "matrices-only", "flattens-kernels", "widens"),
    "xavier-uniform": ("no-sqrt3", "sum-of-fans", "no-receptive-field", "fan-plus-one", "std-off-2-percent", "normal-for-uniform", "shifted", "tied-rows", "squared"),
    "he-normal": ("swapped-fans", "no-gain", "gain-squared", "no-receptive-field", "fan-plus-one", "std-off-2-percent", "truncated-unscaled", "sum-of-fans"),
    "he-uniform": ("no-sqrt3", "swapped-fans", "no-gain", "no-receptive-field", "std-off-2-percent", "normal-for-uniform"),
}  # fmt: skip
INITIALIZERS = [
    *(
        Mutant(*SOURCES.get(kind, (f"init-{kind}", "own")), rule, initializer(rule, kind))
        for rule, kinds in KINDS.items()
        for kind in kinds
        if kind != "swapped"
    ),
    Mutant("init-seeds-globally", "own", "xavier-normal", seeds_globally),
    Mutant("init-global-generator", "own", "xavier-normal", numpy_xavier),
    Mutant("init-numpy-fan-out", "own", "he-normal", numpy_swapped),
    Mutant("init-unseeded", "own", "he-normal", numpy_unseeded),
    Mutant("init-squeezed", "own", "he-normal", numpy_squeezed),
    *(
        Mutant(*SOURCES.get(kind, (f"orthogonal-{kind}", "own")), "orthogonal", orthogonal(kind))
        for kind in ("not-haar", "not-haar-3", "not-haar-4", "nonsquare-square", "uniform-qr", "rotations-only", "random-signs-of-rows", "gain", "not-quite", "single-precision", "by-kernel")
    ),
]  # fmt: skip


def kaiming_a_0(w: Any) -> None:
    nn.init.kaiming_uniform_(w, a=0, nonlinearity="leaky_relu")


INITIALIZER_CONTROLS = [
    *(Mutant(f"c-{rule}", "own", rule, initializer(rule, "right")) for rule in KINDS),
    Mutant("c-kaiming-uniform-gain", "pytorch/pytorch#30946", "he-uniform", kaiming_a_0),
    Mutant("c-orthogonal", "own", "orthogonal", orthogonal("right")),
    Mutant("c-orthogonal-torch", "own", "orthogonal", nn.init.orthogonal_),
]


def schedule(rule: str, kind: str) -> Callable[..., Any]:
    def constant(lr: float) -> Any:
        return lambda t: lr * (1 if t < 50 else 0.5)

    def linear(lr: float, start_factor: float, end_factor: float, total_iters: int) -> Any:
        def rate(t: int) -> float:
            k = min(t, total_iters) / total_iters
            if kind == "first-zero":
                return lr * end_factor * k
            if kind == "starts-at-one":
                k = min(t + 1, total_iters) / total_iters
            if kind == "never-reaches":
                k = min(t, total_iters) / (total_iters + 1)
            if kind == "goes-on":
                k = t / total_iters
            if kind == "falls-back":
                k = k if t <= total_iters else 0
            if kind == "forgets-end":
                return lr * (start_factor + (1 - start_factor) * k)
            if kind == "geometric":
                return lr * start_factor * (end_factor / start_factor) ** k
            if kind == "first-epoch-only":
                k = k if t < 4 else 1.0
            if kind == "integer-division":
                return lr * (start_factor + (end_factor - start_factor) * (min(t, total_iters) // total_iters))
            return lr * (start_factor + (end_factor - start_factor) * k)

        return rate

    def step(lr: float, step_size: int, gamma: float) -> Any:
        held = [lr, 0]

        def rate(t: int) -> float:
            if kind == "value-as-factor":
                return lr if t < step_size else (gamma * lr) ** (t // step_size)
            if kind == "late":
                return lr * gamma ** (max(0, t - 1) // step_size)
            if kind == "early":
                return lr * gamma ** ((t + 1) // step_size)
            if kind == "continuous":
                return lr * gamma ** (t / step_size)
            if kind == "once":
                return lr * gamma ** min(1, t // step_size)
            if kind == "recompounded":
                if t and t % step_size == 0:
                    held[0] *= gamma
                return held[0]
            if kind == "subtracts":
                return max(lr - (1 - gamma) * lr * (t // step_size), 0.0)
            return lr * gamma ** (t // step_size)

        return rate

    def exponential(lr: float, gamma: float) -> Any:
        if kind == "rate-is-lr":
            return lambda t: lr * lr**t
        if kind == "multiplies-by-decay":
            return lambda t: lr * gamma ** (t + 1)
        if kind == "base-e":
            return lambda t: lr * math.exp(-(1 - gamma) * t)
        if kind == "floor":
            return lambda t: max(lr * gamma**t, 1e-3)
        return lambda t: lr * gamma**t

    def inverse_time(lr: float, gamma: float) -> Any:
        if kind == "per-batch":
            return lambda t: lr / (1 + gamma * (t // 10))
        if kind == "power":
            return lambda t: lr / (1 + gamma) ** t
        if kind == "compounds":
            held = [lr]

            def rate(t: int) -> float:
                held[0] = lr if t == 0 else held[0] / (1 + gamma * t)
                return held[0]

            return rate
        if kind == "square-root":
            return lambda t: lr / math.sqrt(1 + gamma * t)
        return lambda t: lr / (1 + gamma * t)

    def triangular(base_lr: float, max_lr: float, step_size_up: int) -> Any:
        def rate(t: int) -> float:
            up, period = step_size_up, 2 * step_size_up
            if kind == "period-up":
                period = step_size_up
            if kind == "period-plus-one":
                period = 2 * up + 1
            k = t % period
            x = k / up if k <= up else 2 - k / up
            if kind == "saw":
                x = (t % period) / period
            if kind == "starts-high":
                x = 1 - x
            if kind == "once" and t > period:
                x = 0
            if kind == "triangular2":
                x = x / 2 ** (t // period)
            return base_lr + (max_lr - (0 if kind == "max-as-width" else base_lr)) * x

        return rate

    def cosine(lr: float, T_max: int, eta_min: float) -> Any:
        def rate(t: int) -> float:
            k = t / T_max
            if kind == "t-plus-one":
                k = (t + 1) / T_max
            if kind == "t-max-minus-one":
                k = t / max(1, T_max - 1)
            if kind == "stops":
                k = min(k, 1.0)
            if kind == "restarts":
                k = (t % T_max) / T_max
            if kind == "half-period":
                k = k / 2
            if kind == "no-minimum":
                return lr * (1 + math.cos(math.pi * k)) / 2
            if kind == "minimum-added":
                return eta_min + lr * (1 + math.cos(math.pi * k)) / 2
            if kind == "maximum":
                return max(eta_min, lr * (1 + math.cos(math.pi * k)) / 2)
            if kind == "no-half":
                return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * k))
            return eta_min + (lr - eta_min) * (1 + math.cos(math.pi * k)) / 2

        return rate

    made: dict[str, Callable[..., Any]] = {
        "constant": constant, "linear": linear, "step": step, "exponential": exponential, "inverse-time": inverse_time,
        "triangular": triangular, "cosine": cosine,
    }  # fmt: skip
    return made[rule]


class ForgetfulStep(torch.optim.lr_scheduler.LRScheduler):
    """Counts in a place that is not saved."""

    def __init__(self, optimizer: Any, step_size: int, gamma: float) -> None:
        self.settings = (step_size, gamma)
        self.count = type("Count", (), {"t": -1})()
        super().__init__(optimizer)

    def state_dict(self) -> Any:
        return {}

    def load_state_dict(self, saved: Any) -> None:
        pass

    def get_lr(self) -> Any:
        self.count.t += 1
        size, gamma = self.settings
        return [lr * gamma ** (self.count.t // size) for lr in self.base_lrs]


def first_group_only(optimizer: Any, gamma: float) -> Any:
    return torch.optim.lr_scheduler.LambdaLR(optimizer, [lambda t: gamma**t, lambda t: 1.0])


SOURCES |= {
    "first-zero": ("warmup-first-lr-zero", "facebookresearch/barlowtwins#45"),
    "never-reaches": ("warmup-never-reaches-base", "Oneflow-Inc/libai#37"),
    "first-epoch-only": ("warmup-per-epoch-only", "salesforce/LAVIS#72"),
    "starts-at-one": ("warmup-log-zero-steps", "deepspeedai/DeepSpeed#5287"),
    "value-as-factor": ("step-decay-value-as-factor", "open-edge-platform/physical-ai-studio#407"),
    "recompounded": ("step-decay-recompounded", "amoudgl/pygoturn#16"),
    "multiplies-by-decay": ("expdecay-multiplies-by-decay", "FluxML/Flux.jl#684"),
    "rate-is-lr": ("expdecay-rate-is-lr", "thulab/DeepHash#11"),
    "per-batch": ("time-decay-per-batch", "keras-team/keras#2808"),
}
SCHEDULE_KINDS = {
    "constant": ("drops",),
    "linear": ("first-zero", "starts-at-one", "never-reaches", "goes-on", "falls-back", "forgets-end", "geometric", "first-epoch-only", "integer-division"),
    "step": ("value-as-factor", "late", "early", "continuous", "once", "recompounded", "subtracts"),
    "exponential": ("rate-is-lr", "multiplies-by-decay", "base-e", "floor"),
    "inverse-time": ("per-batch", "power", "compounds", "square-root"),
    "triangular": ("period-up", "period-plus-one", "saw", "starts-high", "once", "triangular2", "max-as-width"),
    "cosine": ("t-plus-one", "t-max-minus-one", "stops", "restarts", "half-period", "no-minimum", "minimum-added", "maximum", "no-half"),
}  # fmt: skip
SCHEDULES = [
    *(
        Mutant(*SOURCES.get(kind, (f"schedule-{kind}", "own")), rule, schedule(rule, kind))
        for rule, kinds in SCHEDULE_KINDS.items()
        for kind in kinds
    ),
    Mutant("scheduler-recreated-mid-run", "nianticlabs/manydepth#46", "step", ForgetfulStep),
    Mutant("schedule-first-group-only", "own", "exponential", first_group_only),
]
SCHEDULE_CONTROLS = [
    *(Mutant(f"c-{rule}", "own", rule, schedule(rule, "right")) for rule in SCHEDULE_KINDS if rule != "constant"),
    Mutant("c-step-torch", "own", "step", torch.optim.lr_scheduler.StepLR),
    Mutant("c-cosine-torch", "own", "cosine", torch.optim.lr_scheduler.CosineAnnealingLR),
]


def minibatches(kind: str) -> Callable[..., Any]:
    def epoch(n: int, batch_size: int, rng: Any) -> Any:
        order = np.arange(n)
        if kind == "refuses-lone" and n == 1:
            raise ValueError("there must be at least two examples")
        if kind == "naive-shuffle":
            for i in range(n):
                j = rng.integers(n)
                order[i], order[j] = order[j], order[i]
        elif kind == "off-by-one-shuffle":  # Sattolo: only cyclic permutations
            for i in range(n - 1, 0, -1):
                j = rng.integers(i)
                order[i], order[j] = order[j], order[i]
        elif kind == "constant-seed":
            order = np.random.default_rng(0).permutation(n)
        elif kind == "unseeded":
            order = np.random.default_rng().permutation(n)
        elif kind == "global":
            order = np.random.permutation(n)  # noqa: NPY002
        elif kind == "not-advanced":
            order = copy.deepcopy(rng).permutation(n)
        elif kind == "from-one":
            order = 1 + rng.permutation(n)
        elif kind == "with-replacement":
            order = rng.integers(0, n, n)
        elif kind == "rotates":
            order = np.roll(order, rng.integers(n))
        elif kind == "in-order":
            rng.random()
        elif kind == "sorted-batches":
            order = rng.permutation(n)
            return [np.sort(order[i : i + batch_size]) for i in range(0, n, batch_size)]
        elif kind == "shuffled-blocks":
            blocks = [order[i : i + batch_size] for i in range(0, n, batch_size)]
            return [blocks[i] for i in rng.permutation(len(blocks))]
        elif kind == "reverses":
            order = order[::-1] if rng.random() < 0.5 else order
        elif kind == "first-stays":
            order[1:] = 1 + rng.permutation(n - 1)
        else:
            order = rng.permutation(n)
        batches = [order[i : i + batch_size] for i in range(0, n, batch_size)]
        if kind == "drops-last":
            return [b for b in batches if len(b) == batch_size] or batches
        if kind == "pads-last" and len(batches[-1]) < batch_size:
            batches[-1] = np.concatenate([batches[-1], order[: batch_size - len(batches[-1])]])
        if kind == "even-sizes":
            return np.array_split(order, max(1, -(-n // batch_size)))
        if kind == "empty-last" and n % batch_size == 0:
            batches.append(order[:0])
        if kind == "short-first":
            k = n % batch_size or batch_size
            return [order[:k], *[order[i : i + batch_size] for i in range(k, n, batch_size)]]
        return batches

    return epoch


SOURCES |= {
    "naive-shuffle": ("naive-shuffle", "odin-lang/Odin#3437"),
    "constant-seed-mb": ("sampler-epoch-not-set", "pytorch/pytorch#31771"),
    "with-replacement": ("minibatch-with-replacement", "rail-berkeley/rlkit#111"),
}
MINIBATCHES = [
    Mutant(*(SOURCES["constant-seed-mb"] if kind == "constant-seed" else SOURCES.get(kind, (f"minibatches-{kind}", "own"))), "minibatches", minibatches(kind))
    for kind in (
        "naive-shuffle", "off-by-one-shuffle", "constant-seed", "unseeded", "global", "with-replacement", "rotates", "in-order", "sorted-batches",
        "shuffled-blocks", "reverses", "first-stays", "drops-last", "pads-last", "even-sizes", "empty-last", "short-first",
        "refuses-lone", "from-one", "not-advanced",
    )
]  # fmt: skip
MINIBATCH_CONTROLS = [
    Mutant("c-minibatches", "own", "minibatches", minibatches("right")),
    Mutant("c-minibatches-generator", "own", "minibatches", lambda n, batch_size, rng: (b for b in minibatches("right")(n, batch_size, rng))),
]  # fmt: skip

BEST: list[float] = []


class Stopping:
    """A right early stopping whose parts are replaced by the mutants."""

    def __init__(self, patience: int, kind: str = "right") -> None:
        self.patience, self.kind = patience, kind
        self.best, self.best_step, self.bad, self.step = math.inf, 0, 0, -1
        self.last = math.inf

    def update(self, value: float) -> bool:
        kind = self.kind
        self.step += 1
        better = value < self.best
        if kind == "ties-improve":
            better = value <= self.best
        if kind == "higher-is-better":
            better = value > self.best or self.step == 0
        if kind == "min-delta":
            better = value < self.best - 1e-4
        if kind == "relative-min-delta":
            better = value < self.best * (1 - 1e-4)
        if kind == "against-last":
            better = value < self.last
        if kind == "shared-best":
            better = not BEST or value < BEST[0]
            BEST[:] = [min(value, *BEST)] if BEST else [value]
        self.last = value
        if better:
            self.best = value
            self.best_step = self.step + (kind == "steps-from-one")
            if kind == "best-is-last-improvement-minus-one":
                self.best_step = max(0, self.step - 1)
            if kind != "never-resets":
                self.bad = 0
            return kind == "first-stops" and self.patience == 1 and self.step == 0
        if kind == "compare-before-increment":
            stop = self.bad >= self.patience
            self.bad += 1
            return stop
        self.bad += 1
        if kind == "patience-never-read":
            return True
        if kind == "never-stops":
            return False
        if kind == "greater":
            return self.bad > self.patience
        if kind == "exactly-at":
            return self.bad == self.patience + 1
        if kind == "best-moves-at-stop" and self.bad >= self.patience:
            self.best_step = self.step
        return self.bad >= self.patience


SOURCES |= {
    "compare-before-increment": ("early-stop-compare-before-increment", "keras-team/keras#8100"),
    "first-stops": ("early-stop-patience-one-first-epoch", "mlverse/luz#63"),
    "min-delta": ("early-stop-min-delta-ignored", "SciSharp/TensorFlow.NET#1178"),
    "patience-never-read": ("patience-never-read", "nitrain/nitrain#23"),
    "greater": ("plateau-ge-vs-gt", "pytorch/pytorch#2545"),
}


def stopping(kind: str) -> Callable[[int], Stopping]:
    return lambda patience: Stopping(patience, kind)


STOPPINGS = [
    Mutant(*SOURCES.get(kind, (f"stopping-{kind}", "own")), "early-stopping", stopping(kind))
    for kind in (
        "compare-before-increment", "first-stops", "min-delta", "relative-min-delta", "patience-never-read", "greater", "exactly-at", "ties-improve",
        "higher-is-better", "against-last", "shared-best", "steps-from-one", "never-resets", "never-stops", "best-is-last-improvement-minus-one",
        "best-moves-at-stop",
    )
]  # fmt: skip
STOPPING_CONTROLS = [Mutant("c-stopping", "own", "early-stopping", Stopping)]

MUTANTS = [*DROPOUTS, *BATCH_NORMS, *INITIALIZERS, *SCHEDULES, *MINIBATCHES, *STOPPINGS]
CONTROLS = [
    *DROPOUT_CONTROLS, *BATCH_NORM_CONTROLS, *INITIALIZER_CONTROLS, *SCHEDULE_CONTROLS, *MINIBATCH_CONTROLS, *STOPPING_CONTROLS,
]  # fmt: skip
