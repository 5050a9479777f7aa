"""Wrong losses, penalties, activations, clippings, gradients, convolutions and averages, and right ones beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from ._mutant import Mutant

CE, BCE, SE = "softmax-cross-entropy", "binary-cross-entropy", "squared-error"


def nll(log_p: Any, y: Any) -> Any:
    return -log_p[torch.arange(len(y)), y].mean()


def smoothed(how: Callable[..., Any], eps: float = 0.1) -> Callable[..., Any]:
    def loss(z: Any, y: Any) -> Any:
        return how(F.log_softmax(z, -1), F.one_hot(y, z.shape[1]).to(z.dtype), eps, z.shape[1])

    return loss


def numpy_ce(kind: str) -> Callable[..., Any]:
    def loss(z: Any, y: Any) -> Any:
        n = len(y)
        shift = 0.0 if kind == "no-shift" else z.max() if kind == "global-max" else z.max(axis=1, keepdims=True)
        with np.errstate(all="ignore"):
            e = np.exp(z - shift)
            p = e / e.sum(axis=0 if kind == "wrong-axis" and z.shape[0] > 0 else 1, keepdims=True)
            hot = np.eye(z.shape[1])[y]
            value = -np.log(p[np.arange(n), y] + (1e-12 if kind == "log-eps" else 0)).mean()
        g = (p - hot) / n
        if kind == "no-mean-in-gradient":
            g = g * n
        if kind == "mean-over-classes":
            g = g / z.shape[1]
        if kind == "gradient-sign":
            g = -g
        if kind == "gradient-p":
            g = p / n
        if kind == "mutates":
            z -= z.max(axis=1, keepdims=True)
        return value, g

    return loss


def numpy_ce_right(z: Any, y: Any) -> Any:
    shifted = z - z.max(axis=1, keepdims=True)
    whole = np.exp(shifted).sum(axis=1)
    p = np.exp(shifted) / whole[:, None]
    p[np.arange(len(y)), y] -= 1
    return np.mean(np.log(whole) - shifted[np.arange(len(y)), y]), p / len(y)


def bce_abs(z: Any, y: Any) -> Any:
    """The derivative of |x| is taken as 0 at 0, as autograd does."""
    return (z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs()))).mean()


def bce_clipped(z: Any, y: Any, eps: float = 1e-7) -> Any:
    p = torch.sigmoid(z).clamp(eps, 1 - eps)
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


def bce_tail(z: Any, y: Any) -> Any:
    """log1p(exp(-x)) is rounded to 0 on one side, from a difference."""
    return ((1 - y) * z - F.logsigmoid(z)).mean()


def bce_right(z: Any, y: Any) -> Any:
    return -(y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()


def grouped(z: Any, y: Any) -> Any:
    """The mean of the means of two unequal halves."""
    k = (len(y) + 2) // 3
    parts = [F.cross_entropy(a, b) for a, b in ((z[:k], y[:k]), (z[k:], y[k:])) if len(b)]
    return sum(parts) / len(parts)


COUNT: dict[str, int] = {"calls": 0}


def drifting(z: Any, y: Any) -> Any:
    COUNT["calls"] += 1
    return F.mse_loss(z, y) * (1 + 2**-20 * COUNT["calls"])


LOSSES = [
    Mutant(
        "double-softmax",
        "Lightning-Universe/lightning-bolts#654",
        CE,
        lambda z, y: F.cross_entropy(F.softmax(z, -1), y),
    ),
    Mutant(
        "label-smoothing-rescaled-eps",
        "fastai/fastai#1814",
        CE,
        smoothed(lambda lp, h, e, c: -(((1 - e * c / (c - 1)) * h + e / c) * lp).sum(-1).mean()),
    ),
    Mutant(
        "label-smoothing-missing-eps",
        "TimDettmers/ConvE#55",
        CE,
        smoothed(lambda lp, h, e, c: -(((1 - e) * h + 1 / c) * lp).sum(-1).mean()),
    ),
    Mutant(
        "label-smoothing-partial",
        "ildoonet/pytorch-randaugment#30",
        CE,
        smoothed(lambda lp, h, e, c: -((h * (1 - e / c) + e / c) * lp).sum(-1).mean()),
    ),
    Mutant("ce-sum", "own", CE, lambda z, y: F.cross_entropy(z, y, reduction="sum")),
    Mutant("ce-smoothing", "own", CE, lambda z, y: F.cross_entropy(z, y, label_smoothing=0.01)),
    Mutant("ce-detached-shift", "own", CE, lambda z, y: nll(z - z.logsumexp(-1, keepdim=True).detach(), y)),
    Mutant("ce-no-shift", "own", CE, lambda z, y: nll((torch.exp(z) / torch.exp(z).sum(-1, keepdim=True)).log(), y)),
    Mutant("ce-log-eps", "own", CE, lambda z, y: nll((F.softmax(z, -1) + 1e-12).log(), y)),
    Mutant("ce-batch-axis", "own", CE, lambda z, y: nll(F.log_softmax(z, 0), y)),
    Mutant("ce-over-classes", "own", CE, lambda z, y: F.cross_entropy(z, y) / z.shape[1]),
    Mutant("ce-single-precision", "own", CE, lambda z, y: F.cross_entropy(z.float(), y).to(z.dtype)),
    Mutant("ce-first-example", "own", CE, lambda z, y: F.cross_entropy(z[:1], y[:1])),
    Mutant("ce-skips-last", "own", CE, lambda z, y: F.cross_entropy(z[: max(1, len(z) - 1)], y[: max(1, len(z) - 1)])),
    Mutant(
        "ce-ignores-class-0", "own", CE, lambda z, y: F.cross_entropy(z, y, ignore_index=0, reduction="sum") / len(y)
    ),
    Mutant("ce-base-2", "own", CE, lambda z, y: F.cross_entropy(z, y) / np.log(2)),
    Mutant("ce-temperature", "own", CE, lambda z, y: F.cross_entropy(z / 1.01, y)),
    Mutant("ce-detached", "own", CE, lambda z, y: F.cross_entropy(z.detach(), y)),
    Mutant("ce-by-elements", "own", CE, lambda z, y: F.cross_entropy(z, y, reduction="none")),
    Mutant("ce-clamps-logits", "own", CE, lambda z, y: F.cross_entropy(z.clamp(-50, 50), y)),
    Mutant(
        "ce-float32-max", "own", CE, lambda z, y: nll(z - z.max() - (z - z.max()).exp().sum(-1, keepdim=True).log(), y)
    ),
    Mutant("accumulation-mean-of-means", "huggingface/transformers#34191", CE, grouped),
    Mutant(
        "ce-focal",
        "own",
        CE,
        lambda z, y: (
            -(1 - F.softmax(z, -1).gather(1, y[:, None])[:, 0]) * F.log_softmax(z, -1).gather(1, y[:, None])[:, 0]
        ).mean(),
    ),
    *(
        Mutant(f"ce-numpy-{k}", "own", CE, numpy_ce(k))
        for k in (
            "no-shift",
            "global-max",
            "wrong-axis",
            "log-eps",
            "no-mean-in-gradient",
            "mean-over-classes",
            "gradient-sign",
            "gradient-p",
            "mutates",
        )
    ),
    Mutant(
        "kl-mean-over-elements",
        "pytorch/pytorch#2259",
        CE,
        lambda z, y: F.kl_div(F.log_softmax(z, -1), F.one_hot(y, z.shape[1]).to(z.dtype), reduction="mean"),
    ),
    Mutant("bce-logits-grad-at-zero", "pytorch/pytorch#1792", BCE, bce_abs),
    Mutant("bce-logits-asymmetric-tail", "pytorch/pytorch#195529", BCE, bce_tail),
    Mutant("bce-clipped-probability", "keras-team/keras#9664", BCE, bce_clipped),
    Mutant("bce-clipped-1e-12", "own", BCE, lambda z, y: bce_clipped(z, y, 1e-12)),
    Mutant("bce-log-clamped", "pytorch/pytorch#103316", BCE, lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y)),
    Mutant("bce-sum", "own", BCE, lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum")),
    Mutant("bce-labels-swapped", "own", BCE, lambda z, y: F.binary_cross_entropy_with_logits(z, 1 - y)),
    Mutant("bce-naive", "own", BCE, lambda z, y: (torch.log(1 + torch.exp(z)) - z * y).mean()),
    Mutant(
        "bce-pos-weight",
        "own",
        BCE,
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor(2.0)),
    ),
    Mutant("bce-one-sided", "own", BCE, lambda z, y: -(y * F.logsigmoid(z)).mean()),
    Mutant("bce-clamped-logits", "own", BCE, lambda z, y: F.binary_cross_entropy_with_logits(z.clamp(-30, 30), y)),
    Mutant("se-half", "own", SE, lambda s, t: 0.5 * F.mse_loss(s, t)),
    Mutant("se-sum", "own", SE, lambda s, t: F.mse_loss(s, t, reduction="sum")),
    Mutant("se-over-batch", "own", SE, lambda s, t: ((s - t) ** 2).sum() / (len(s) if s.ndim else 1)),
    Mutant("se-smooth-l1", "xuannianz/EfficientDet#93", SE, lambda s, t: 2 * F.smooth_l1_loss(s, t)),
    Mutant("se-root", "own", SE, lambda s, t: F.mse_loss(s, t).sqrt()),
    Mutant("se-detached-target", "own", SE, lambda s, t: F.l1_loss(s, t)),
    Mutant("se-broadcast", "own", SE, lambda s, t: ((s.reshape(-1, 1) - t.reshape(1, -1)) ** 2).mean()),
    Mutant("se-relative", "own", SE, lambda s, t: ((s - t) ** 2 / (1 + 1e-3 * t.abs())).mean()),
    Mutant("se-drifting", "own", SE, drifting),
    Mutant("se-numpy-gradient", "own", SE, lambda s, t: (np.mean((s - t) ** 2), (s - t) / s.size)),
    Mutant(
        "square-vjp-nan-at-zero", "ml-explore/mlx#504", SE, lambda s, t: torch.exp(2 * torch.log((s - t).abs())).mean()
    ),
]
LOSS_CONTROLS = [
    Mutant("c-ce", "own", CE, F.cross_entropy),
    Mutant("c-ce-module", "own", CE, torch.nn.CrossEntropyLoss),
    Mutant("c-ce-logsumexp", "own", CE, lambda z, y: (z.logsumexp(-1) - z.gather(1, y[:, None])[:, 0]).mean()),
    Mutant("c-ce-numpy", "own", CE, numpy_ce_right),
    Mutant("c-bce", "own", BCE, bce_right),
    Mutant(
        "c-bce-where", "own", BCE, lambda z, y: torch.logaddexp(torch.zeros_like(z), torch.where(y > 0.5, -z, z)).mean()
    ),
    Mutant("c-se", "own", SE, F.mse_loss),
    Mutant("c-se-module", "own", SE, torch.nn.MSELoss),
    Mutant("c-se-numpy", "own", SE, lambda s, t: (np.mean((s - t) ** 2), 2 * (s - t) / s.size)),
]


class Signed(torch.autograd.Function):
    """|x| whose derivative at 0 is -1."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.abs()

    @staticmethod
    def backward(ctx: Any, up: Any) -> Any:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return up * torch.where(x > 0, 1.0, -1.0).to(up.dtype)


def divided(w: Any, s: Any) -> Any:
    with np.errstate(all="ignore"):
        return s * np.abs(w).sum(), s * w / np.abs(w)


PENALTIES = [
    Mutant("l1-divide-by-abs", "mlpack/mlpack#3545", "l1-penalty", divided),
    Mutant("abs-gradient-nan-at-zero", "BVLC/caffe#1326", "l1-penalty", lambda w, s: s * (w * w).sqrt().sum()),
    Mutant("l1-sign-of-zero-is-minus", "karpathy/convnetjs", "l1-penalty", lambda w, s: s * Signed.apply(w).sum()),
    Mutant(
        "l1-sign-of-zero-is-minus-numpy",
        "karpathy/convnetjs",
        "l1-penalty",
        lambda w, s: (s * np.abs(w).sum(), s * np.where(w > 0, 1.0, -1.0)),
    ),
    Mutant("l1-guard", "deeplearning4j/deeplearning4j#327", "l1-penalty", lambda w, s: 0 * w.sum()),
    Mutant("l1-mean", "own", "l1-penalty", lambda w, s: s * w.abs().mean()),
    Mutant("l1-squared-strength", "own", "l1-penalty", lambda w, s: s * s * w.abs().sum()),
    Mutant("l1-smoothed", "own", "l1-penalty", lambda w, s: s * (w * w + 1e-12).sqrt().sum()),
    Mutant("l1-is-l2", "own", "l1-penalty", lambda w, s: s * (w * w).sum()),
    Mutant("l1-positive-only", "own", "l1-penalty", lambda w, s: s * w.clamp(min=0).sum()),
    Mutant(
        "l1-by-rows", "own", "l1-penalty", lambda w, s: s * (w.abs().sum(-1).max() if w.ndim > 1 else w.abs().sum())
    ),
    Mutant("l2-half", "own", "l2-penalty", lambda w, s: 0.5 * s * (w * w).sum()),
    Mutant("l2-root", "pytorch/pytorch#2421", "l2-penalty", lambda w, s: s * w.norm()),
    Mutant("l2-mean", "own", "l2-penalty", lambda w, s: s * (w * w).mean()),
    Mutant("l2-norm-squared", "HIPS/autograd#151", "l2-penalty", lambda w, s: s * (w * w).sum().sqrt() ** 2),
    Mutant("l2-gradient-half", "own", "l2-penalty", lambda w, s: (s * (w * w).sum(), s * w)),
    Mutant(
        "l2-divided-by-batch",
        "scikit-learn/scikit-learn#6780",
        "l2-penalty",
        lambda w, s: s * (w * w).sum() / (len(w) if w.ndim else 1),
    ),
    Mutant("l2-matrices-only", "own", "l2-penalty", lambda w, s: s * (w * w).sum() * (w.ndim > 1)),
    Mutant("l2-detached-strength", "own", "l2-penalty", lambda w, s: (s * (w * w).sum()).detach() + 0 * w.sum()),
]
PENALTY_CONTROLS = [
    Mutant("c-l1", "own", "l1-penalty", lambda w, s: s * w.abs().sum()),
    Mutant("c-l1-norm", "own", "l1-penalty", lambda w, s: s * torch.linalg.vector_norm(w, 1)),
    Mutant("c-l1-numpy", "own", "l1-penalty", lambda w, s: (s * np.abs(w).sum(), s * np.sign(w))),
    Mutant("c-l2", "own", "l2-penalty", lambda w, s: s * w.pow(2).sum()),
    Mutant("c-l2-numpy", "own", "l2-penalty", lambda w, s: (s * np.sum(w**2), 2 * s * w)),
]


def derived(forward: Callable[..., Any], slope: Callable[..., Any]) -> Callable[..., Any]:
    """Return an activation with a derivative of its own: `slope(x, y, up)`."""

    class Made(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = forward(x)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, up: Any) -> Any:  # type: ignore[override]
            return slope(*ctx.saved_tensors, up)

    return lambda x: Made.apply(x)


def in_place(x: Any) -> Any:
    return x.clamp_(min=0)


ACTIVATIONS = [
    Mutant("sigmoid-hard", "own", "sigmoid", F.hardsigmoid),
    Mutant("sigmoid-naive", "own", "sigmoid", lambda x: torch.exp(x) / (1 + torch.exp(x))),
    Mutant("sigmoid-derivative-of-input", "own", "sigmoid", derived(torch.sigmoid, lambda x, y, up: up * x * (1 - x))),
    Mutant("sigmoid-ignores-upstream", "own", "sigmoid", derived(torch.sigmoid, lambda x, y, up: y * (1 - y))),
    Mutant("sigmoid-clipped", "own", "sigmoid", lambda x: torch.sigmoid(x.clamp(-15, 15))),
    Mutant("sigmoid-scaled", "own", "sigmoid", lambda x: torch.sigmoid(1.702 * x)),
    Mutant("tanh-naive", "own", "tanh", lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))),
    Mutant("tanh-derivative", "own", "tanh", derived(torch.tanh, lambda x, y, up: up * (1 - y))),
    Mutant("tanh-of-half", "own", "tanh", lambda x: 2 * torch.sigmoid(x) - 1),
    Mutant("relu-six", "own", "relu", F.relu6),
    Mutant("relu-leaks", "own", "relu", lambda x: F.leaky_relu(x, 1e-6)),
    Mutant("relu-passes-everything", "own", "relu", derived(lambda x: x.clamp(min=0), lambda x, y, up: up)),
    Mutant("relu-masks-upstream", "own", "relu", derived(lambda x: x.clamp(min=0), lambda x, y, up: up.clamp(min=0))),
    Mutant(
        "relu-derivative-2-at-0",
        "own",
        "relu",
        derived(lambda x: x.clamp(min=0), lambda x, y, up: up * torch.where(x == 0, 2.0, (x > 0).to(up.dtype))),
    ),
    Mutant("relu-in-place", "own", "relu", in_place),
    Mutant("relu-gelu", "own", "relu", F.gelu),
    Mutant("abs-gradient-nan", "BVLC/caffe#1326", "absolute-value", lambda x: torch.sqrt(x * x)),
    Mutant("abs-positive", "own", "absolute-value", derived(torch.abs, lambda x, y, up: up)),
    Mutant("abs-smoothed", "own", "absolute-value", lambda x: torch.sqrt(x * x + 1e-12)),
    Mutant("leaky-slope-everywhere", "own", "leaky-relu", lambda x: torch.maximum(x, 0.1 * x)),
    Mutant("leaky-derivative-0", "own", "leaky-relu", derived(F.leaky_relu, lambda x, y, up: up * (x > 0))),
    Mutant(
        "leaky-slope-applied-twice",
        "own",
        "leaky-relu",
        derived(F.leaky_relu, lambda x, y, up: up * torch.where(x > 0, 1.0, 1e-4)),
    ),
    Mutant("elu-derivative-of-output", "own", "elu", derived(F.elu, lambda x, y, up: up * torch.where(x > 0, 1.0, y))),
    Mutant("elu-overflows", "own", "elu", lambda x: (x > 0) * x + (x <= 0) * (torch.exp(x) - 1)),
    Mutant("elu-selu", "own", "elu", F.selu),
    Mutant("elu-celu", "own", "elu", lambda x: F.celu(x, 0.5)),
    Mutant("softplus-naive", "own", "softplus", lambda x: torch.log(1 + torch.exp(x))),
    Mutant("softplus-threshold-10", "own", "softplus", lambda x: F.softplus(x, threshold=10)),
    Mutant("softplus-beta", "own", "softplus", lambda x: F.softplus(x, beta=2)),
    Mutant("softplus-of-abs", "own", "softplus", lambda x: torch.log1p(torch.exp(-x.abs()))),
    Mutant("softmax-naive", "own", "softmax", lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)),
    Mutant("softmax-first-axis", "own", "softmax", lambda x: F.softmax(x, 0)),
    Mutant(
        "softmax-global-max",
        "own",
        "softmax",
        lambda x: torch.exp(x - x.max()) / torch.exp(x - x.max()).sum(-1, keepdim=True) if x.numel() else x,
    ),
    Mutant(
        "softmax-eps",
        "own",
        "softmax",
        lambda x: (
            torch.exp(x - x.amax(-1, True)) / (torch.exp(x - x.amax(-1, True)).sum(-1, keepdim=True) + 1e-8)
            if x.numel()
            else x
        ),
    ),
    Mutant(
        "softmax-diagonal-derivative",
        "own",
        "softmax",
        derived(lambda x: F.softmax(x, -1), lambda x, y, up: up * y * (1 - y)),
    ),
    Mutant("softmax-log", "own", "softmax", lambda x: F.log_softmax(x, -1)),
    Mutant("softmax-all-axes", "own", "softmax", lambda x: F.softmax(x.reshape(-1), 0).reshape(x.shape)),
]
ACTIVATION_CONTROLS = [
    Mutant("c-sigmoid-of-tanh", "own", "sigmoid", lambda x: 0.5 * (1 + torch.tanh(x / 2))),
    Mutant("c-sigmoid", "own", "sigmoid", torch.nn.Sigmoid),
    Mutant("c-tanh", "own", "tanh", torch.tanh),
    Mutant("c-relu", "own", "relu", lambda x: x.clamp(min=0)),
    Mutant("c-relu-1-at-0", "own", "relu", derived(lambda x: x.clamp(min=0), lambda x, y, up: up * (x >= 0))),
    Mutant("c-abs", "own", "absolute-value", torch.abs),
    Mutant("c-leaky", "own", "leaky-relu", torch.nn.LeakyReLU),
    Mutant(
        "c-elu-derivative-of-output",
        "hughperkins/DeepCL#46",
        "elu",
        derived(F.elu, lambda x, y, up: up * torch.where(x > 0, 1.0, y + 1.0)),
    ),
    Mutant("c-elu", "own", "elu", torch.nn.ELU),
    Mutant("c-softplus", "own", "softplus", F.softplus),
    Mutant("c-softplus-exact", "own", "softplus", lambda x: torch.logaddexp(x, torch.zeros_like(x))),
    Mutant(
        "c-softmax-tf-claimed-overflow",
        "tensorflow/tensorflow#10142",
        "softmax",
        lambda x: (
            torch.exp(x - x.amax(-1, True)) / torch.exp(x - x.amax(-1, True)).sum(-1, keepdim=True) if x.numel() else x
        ),
    ),
    Mutant("c-softmax", "own", "softmax", torch.nn.Softmax),
]


def clip(kind: str) -> Callable[..., Any]:
    def clipped(grads: Any, c: float) -> Any:
        norms = [g.norm() for g in grads]
        norm = torch.sqrt(sum(n**2 for n in norms))
        if kind == "fourth-power":
            norm = torch.sqrt(sum(n**4 for n in norms))
        if kind == "sum-of-norms":
            norm = sum(norms)
        if kind == "max-of-norms":
            norm = max(norms)
        if kind == "squared":
            norm = norm**2
        if kind == "by-tensor":
            return [g * min(1.0, c / (float(n) or 1.0)) for g, n in zip(grads, norms, strict=True)]
        if kind == "by-value":
            return [g.clamp(-c, c) for g in grads]
        if kind == "disabled":
            return list(grads)
        if kind == "always":
            return [g * (c / norm) if norm > 0 else g for g in grads]
        if kind == "zero-nan":
            return [g / norm * torch.clamp(norm, max=c) for g in grads]
        if kind == "inside-root":
            norm = torch.sqrt(norm**2 + 1e-6)
        if kind == "in-place":
            for g in grads:
                g.mul_(min(1.0, c / (float(norm) or 1.0)))
            return grads
        if kind == "last-left-out":
            norm = torch.sqrt(sum(n**2 for n in norms[:-1])) if len(norms) > 1 else norm
        if kind == "single-precision":
            norm = norm.float()
        if kind == "torch":
            return [g * min(1.0, c / (float(norm) + 1e-6)) for g in grads]
        return [g * min(1.0, c / (float(norm) or 1.0)) for g in grads]

    return clipped


CLIPPINGS = [
    Mutant("clip-norm-fourth-power", "paiml/entrenar#311", "clip-global-norm", clip("fourth-power")),
    Mutant("clip-disabled", "NVIDIA/OpenSeq2Seq#192", "clip-global-norm", clip("disabled")),
    Mutant("norm-gradient-nan-at-zero", "pytorch/pytorch#2421", "clip-global-norm", clip("zero-nan")),
    *(
        Mutant(f"clip-{k}", "own", "clip-global-norm", clip(k))
        for k in (
            "sum-of-norms",
            "max-of-norms",
            "squared",
            "by-tensor",
            "by-value",
            "always",
            "inside-root",
            "in-place",
            "last-left-out",
            "single-precision",
            "torch",
        )
    ),
    Mutant("clip-without-eps", "own", "clip-global-norm[eps=1e-6]", clip("right")),
]
CLIPPING_CONTROLS = [
    Mutant("c-clip", "own", "clip-global-norm", clip("right")),
    Mutant("c-clip-torch", "own", "clip-global-norm[eps=1e-6]", clip("torch")),
]


def mlp(kind: str = "right") -> Callable[..., Any]:
    def gradient(layers: Any, x: Any, labels: Any) -> Any:
        held, n = [x], len(x)
        for i, (w, b) in enumerate(layers):
            z = held[-1] @ w.T + b
            held.append(np.maximum(z, 0) if i < len(layers) - 1 or kind == "relu-at-end" else z)
        z = held[-1] - held[-1].max(axis=1, keepdims=True) if kind != "overflows" else held[-1]
        with np.errstate(all="ignore"):
            whole = np.exp(z).sum(axis=1)
            loss = np.mean(np.log(whole) - z[np.arange(n), labels])
            delta = np.exp(z) / whole[:, None]
        delta[np.arange(n), labels] -= 1
        delta = delta / (1 if kind == "not-divided" else n)
        grads = []
        for i in reversed(range(len(layers))):
            db = delta.sum() * np.ones_like(layers[i][1]) if kind == "bias-all-classes" else delta.sum(axis=0)
            db = delta.mean(axis=0) if kind == "bias-mean" else db
            dw = delta.T @ held[i]
            grads.append((dw.T if kind == "transposed" and dw.shape[0] == dw.shape[1] else dw, db))
            if i:
                delta = delta @ layers[i][0]
                if kind == "mask-of-last" and i < len(layers) - 1 and held[i].shape == held[-2].shape:
                    delta = delta * (held[-2] > 0)
                elif kind != "no-mask":
                    delta = delta * (held[i] > 0 if kind != "mask-at-kink" else held[i] >= 0)
                if kind == "first-layer-half" and i == 1:
                    delta = delta * 0.5
        if kind == "first-bias":
            grads[-1] = (grads[-1][0], 0 * grads[-1][1])
        if kind == "clipped":
            grads = [(np.clip(a, -5, 5), b) for a, b in grads]
        return (loss * n if kind == "loss-sum" else loss), grads[::-1]

    return gradient


def accumulating() -> Callable[..., Any]:
    held: list[Any] = []

    def gradient(layers: Any, x: Any, labels: Any) -> Any:
        loss, grads = mlp()(layers, x, labels)
        if (
            held
            and all(a[0].shape == b[0].shape for a, b in zip(held[-1], grads, strict=False))
            and len(held[-1]) == len(grads)
        ):
            grads = [(a + c, b + d) for (a, b), (c, d) in zip(held[-1], grads, strict=True)]
        held.append(grads)
        return loss, grads

    return gradient


GRADIENTS = [
    Mutant("bias-grad-sums-all-classes", "rasbt/stat453-deep-learning-ss21#5", "mlp-gradient", mlp("bias-all-classes")),
    Mutant("accumulation-not-divided", "deepinsight/insightface#2258", "mlp-gradient", mlp("not-divided")),
    Mutant("nonleaf-grads-not-cleared", "karpathy/micrograd#102", "mlp-gradient", accumulating()),
    *(
        Mutant(f"mlp-{k}", "own", "mlp-gradient", mlp(k))
        for k in (
            "relu-at-end",
            "overflows",
            "bias-mean",
            "transposed",
            "mask-of-last",
            "no-mask",
            "mask-at-kink",
            "first-layer-half",
            "first-bias",
            "clipped",
            "loss-sum",
        )
    ),
]
GRADIENT_CONTROLS = [Mutant("c-mlp", "own", "mlp-gradient", mlp())]


class WrongConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, kind: str) -> Any:
        ctx.save_for_backward(x, w)
        ctx.kind = kind
        return F.conv2d(x, w)

    @staticmethod
    def backward(ctx: Any, up: Any) -> Any:  # type: ignore[override]
        x, w = ctx.saved_tensors
        dx = torch.nn.grad.conv2d_input(x.shape, w, up)
        dw = torch.nn.grad.conv2d_weight(x, w.shape, up)
        if ctx.kind == "dx-unflipped":
            dx = torch.nn.grad.conv2d_input(x.shape, w.flip(2, 3), up)
        if ctx.kind == "dw-flipped":
            dw = dw.flip(2, 3)
        if ctx.kind == "dw-mean":
            dw = dw / len(x)
        if ctx.kind == "dx-overwrites":  # where windows overlap the last one wins
            dx = torch.zeros_like(x)
            for i in range(up.shape[2]):
                for j in range(up.shape[3]):
                    dx[:, :, i : i + w.shape[2], j : j + w.shape[3]] = torch.einsum("no,ocab->ncab", up[:, :, i, j], w)
        if ctx.kind == "first-patch":
            cut = torch.zeros_like(up)
            cut[:, :, 0, 0] = up[:, :, 0, 0]
            dw = torch.nn.grad.conv2d_weight(x, w.shape, cut)
        return dx, dw, None


def wrong_convolution(kind: str) -> Callable[..., Any]:
    return lambda x, w: WrongConv.apply(x, w, kind)


CONVOLUTIONS = [
    Mutant("conv-flipped", "own", "conv2d", lambda x, w: F.conv2d(x, w.flip(2, 3))),
    Mutant(
        "conv-kernel-transposed",
        "own",
        "conv2d",
        lambda x, w: F.conv2d(x, w.transpose(2, 3)) if w.shape[2] == w.shape[3] else F.conv2d(x, w),
    ),
    Mutant(
        "conv-channels-swapped",
        "own",
        "conv2d",
        lambda x, w: F.conv2d(x, w.transpose(0, 1)) if w.shape[0] == w.shape[1] else F.conv2d(x, w),
    ),
    Mutant("conv-padded", "own", "conv2d", lambda x, w: F.conv2d(x, w, padding=1)),
    Mutant(
        "conv-padded-1x1",
        "own",
        "conv2d",
        lambda x, w: F.conv2d(x, w) if w.shape[2] > 1 or w.shape[3] > 1 else F.conv2d(x, w) * 0.5,
    ),
    Mutant("conv-first-channel", "own", "conv2d", lambda x, w: F.conv2d(x[:, :1], w[:, :1])),
    Mutant("conv-mean-channel", "own", "conv2d", lambda x, w: F.conv2d(x, w) / w.shape[1]),
    Mutant("conv-detached-filter", "own", "conv2d", lambda x, w: F.conv2d(x, w.detach())),
    Mutant("conv-single-precision", "own", "conv2d", lambda x, w: F.conv2d(x.float(), w.float()).to(x.dtype)),
    Mutant(
        "maxpool-overlap-overwrite",
        "FluxML/Flux.jl#1197",
        "conv2d",
        lambda x, w: WrongConv.apply(x, w, "dx-overwrites"),
    ),
    Mutant(
        "maxpool-returns-in-loop",
        "riccardoandreoni0/CNN-from-scratch#1",
        "conv2d",
        lambda x, w: WrongConv.apply(x, w, "first-patch"),
    ),
    *(Mutant(f"conv-{k}", "own", "conv2d", wrong_convolution(k)) for k in ("dx-unflipped", "dw-flipped", "dw-mean")),
]
CONVOLUTION_CONTROLS = [
    Mutant("c-conv", "own", "conv2d", F.conv2d),
    Mutant(
        "c-conv-unfold",
        "own",
        "conv2d",
        lambda x, w: torch.einsum("nchwab,ocab->nohw", x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1), w),
    ),
]


def running(arrays: Any) -> Any:
    """Each new member moves the mean half of the way."""
    mean = arrays[0]
    for a in arrays[1:]:
        mean = (mean + a) / 2
    return mean


def mutating_sum(arrays: Any) -> Any:
    total = arrays[0]
    for a in arrays[1:]:
        total += a
    return total / len(arrays)


W, E = "weight-average", "ensemble-mean"
AVERAGES = [
    Mutant("average-running-half", "own", W, running),
    Mutant("ema-beta-reversed", "marin-community/levanter#883", W, lambda a: 0.9 * a[-1] + 0.1 * np.mean(a, axis=0)),
    Mutant("average-sum", "own", W, lambda a: np.sum(a, axis=0)),
    Mutant("average-last-left-out", "own", W, lambda a: np.mean(a[:-1] or a, axis=0)),
    Mutant("average-first-left-out", "own", W, lambda a: np.mean(a[1:] or a, axis=0)),
    Mutant("average-median", "own", W, lambda a: np.median(a, axis=0)),
    Mutant("average-by-n-minus-1", "own", W, lambda a: np.sum(a, axis=0) / max(1, len(a) - 1)),
    Mutant("average-mutates", "own", W, mutating_sum),
    Mutant("average-scalar", "own", W, lambda a: np.full_like(a[0], np.mean(a))),
    Mutant("average-single-precision", "own", W, lambda a: np.mean(np.array(a, np.float32), axis=0).astype(a[0].dtype)),
    Mutant(
        "average-memory-order", "own", W, lambda a: np.mean([x.ravel(order="K") for x in a], axis=0).reshape(a[0].shape)
    ),
    Mutant(
        "vote-weights-dropped",
        "scikit-multiflow/scikit-multiflow#232",
        E,
        lambda a: np.average(a, axis=0, weights=np.arange(1, len(a) + 1)),
    ),
    Mutant("ensemble-votes", "own", E, lambda a: np.mean([np.eye(p.shape[-1])[p.argmax(-1)] for p in a], axis=0)),
    Mutant("vote-missing-else", "VowpalWabbit/vowpal_wabbit#360", E, lambda a: a[-1].copy()),
    Mutant(
        "ensemble-geometric",
        "own",
        E,
        lambda a: (
            np.exp(np.mean(np.log(np.maximum(a, 1e-300)), axis=0))
            / np.exp(np.mean(np.log(np.maximum(a, 1e-300)), axis=0)).sum(-1, keepdims=True)
        ),
    ),
    Mutant(
        "adaboost-negative-probability", "RubixML/ML#475", E, lambda a: np.mean(a, axis=0) * 1.1 - 0.1 / a[0].shape[-1]
    ),
    Mutant("ensemble-max", "own", E, lambda a: np.max(a, axis=0)),
    Mutant(
        "ensemble-renormalized",
        "own",
        E,
        lambda a: np.mean(a, axis=0) ** 2 / (np.mean(a, axis=0) ** 2).sum(-1, keepdims=True),
    ),
    Mutant("ensemble-clipped", "own", E, lambda a: np.clip(np.mean(a, axis=0), 1e-7, 1 - 1e-7)),
]
AVERAGE_CONTROLS = [
    Mutant("c-average", "own", W, lambda a: np.mean(a, axis=0)),
    Mutant("c-average-sum", "own", W, lambda a: sum(a) / len(a)),
    Mutant(
        "c-average-running",
        "own",
        W,
        lambda a: __import__("functools").reduce(lambda m, k: m + (a[k] - m) / (k + 1), range(1, len(a)), a[0]),
    ),
    Mutant("c-ensemble", "own", E, lambda a: np.stack(a).mean(0)),
]
MUTANTS = [*LOSSES, *PENALTIES, *ACTIVATIONS, *CLIPPINGS, *GRADIENTS, *CONVOLUTIONS, *AVERAGES]
CONTROLS = [
    *LOSS_CONTROLS,
    *PENALTY_CONTROLS,
    *ACTIVATION_CONTROLS,
    *CLIPPING_CONTROLS,
    *GRADIENT_CONTROLS,
    *CONVOLUTION_CONTROLS,
    *AVERAGE_CONTROLS,
]
