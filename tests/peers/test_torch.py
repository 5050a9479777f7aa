"""torch: optimizers in every flavor, losses, layers, initializers, schedules; what fails is a finding with its
reason."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

import backproof

OPTIMIZERS: list[tuple[Any, str, dict[str, Any]]] = [
    (torch.optim.SGD, "sgd", {}),
    (torch.optim.SGD, "momentum", {}),
    (torch.optim.SGD, "momentum[first-step=undamped]", {"dampening": 0.25}),
    (torch.optim.SGD, "nesterov", {"nesterov": True}),
    (torch.optim.Adagrad, "adagrad", {}),
    (torch.optim.Adadelta, "adadelta", {}),
    (torch.optim.RMSprop, "rmsprop", {}),
    (torch.optim.RMSprop, "rmsprop-centered", {"centered": True}),
    (torch.optim.Adam, "adam", {}),
    (torch.optim.Adam, "adam", {"maximize": True, "weight_decay": 0.1}),
    (torch.optim.AdamW, "adamw", {}),
    (torch.optim.Adam, "amsgrad", {"amsgrad": True}),
]
FINDINGS = {
    ("SGD", "momentum", "fused"): {"late-gradient"},
    ("SGD", "momentum[first-step=undamped]", "fused"): {"late-gradient"},
    ("SGD", "nesterov", "fused"): {"late-gradient"},
    ("SGD", "nesterov", "foreach"): {"arguments-unchanged"},
    ("RMSprop", "rmsprop-centered", "default"): {"stays-finite"},
    ("RMSprop", "rmsprop-centered", "foreach"): {"stays-finite"},
}
FUSED = ("SGD", "Adagrad", "Adam", "AdamW")


@pytest.mark.parametrize("flavor", ["default", "foreach", "fused"])
@pytest.mark.parametrize(
    ("target", "rule", "given"), OPTIMIZERS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_optimizer(target: Any, rule: str, given: dict[str, Any], flavor: str) -> None:
    if flavor == "fused" and target.__name__ not in FUSED:
        pytest.skip(f"torch has no fused {target.__name__}")
    flags = {} if flavor == "default" else {flavor: True}
    report = backproof.check(target, rule, **given, **flags)
    assert {law.id for law in report.failures} == FINDINGS.get((target.__name__, rule, flavor), set()), report


def test_a_differentiable_adam_corrects_its_bias_in_single_precision() -> None:
    # a finding: the count of updates is a float32 tensor, so everything in float64 is off by about 1e-7
    failures = {law.id for law in backproof.check(torch.optim.Adam, "adam", differentiable=True).failures}
    assert {"first-step", "trajectory"} <= failures
    assert "float32" not in failures


def clip(grads: list[Any], max_norm: float) -> list[Any]:
    parameters = [torch.zeros_like(g).requires_grad_() for g in grads]
    for p, g in zip(parameters, grads, strict=True):
        p.grad = g.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [p.grad for p in parameters]


def inverse_time(optimizer: Any, gamma: float) -> Any:
    return lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + gamma * t))


REST: list[tuple[Any, str]] = [
    (F.cross_entropy, "softmax-cross-entropy"),
    (nn.CrossEntropyLoss, "softmax-cross-entropy"),
    (F.mse_loss, "squared-error"),
    (nn.Sigmoid, "sigmoid"),
    (nn.Tanh, "tanh"),
    (nn.ReLU, "relu"),
    (torch.abs, "absolute-value"),
    (nn.LeakyReLU, "leaky-relu"),
    (nn.ELU, "elu"),
    (nn.Softplus, "softplus"),
    (nn.Softmax, "softmax"),
    (torch.softmax, "softmax"),
    (nn.Dropout, "dropout"),
    (nn.BatchNorm1d, "batch-norm"),
    (nn.init.xavier_normal_, "xavier-normal"),
    (nn.init.xavier_uniform_, "xavier-uniform"),
    (nn.init.kaiming_normal_, "he-normal"),
    (nn.init.kaiming_uniform_, "he-uniform"),
    (nn.init.orthogonal_, "orthogonal"),
    (clip, "clip-global-norm[eps=1e-6]"),
    (F.conv2d, "conv2d"),
    (lr_scheduler.LinearLR, "linear"),
    (lr_scheduler.StepLR, "step"),
    (lr_scheduler.ExponentialLR, "exponential"),
    (inverse_time, "inverse-time"),
    (lr_scheduler.CyclicLR, "triangular"),
    (lr_scheduler.CosineAnnealingLR, "cosine"),
]


@pytest.mark.parametrize(("target", "rule"), REST, ids=lambda value: getattr(value, "__name__", str(value)))
def test_everything_else(target: Any, rule: str) -> None:
    report = backproof.check(target, rule)
    assert report.conforms, report


def test_the_loss_with_logits_loses_one_tail() -> None:
    # a finding: score -40, label 0 gives 0 where e^-40 is right
    report = backproof.check(F.binary_cross_entropy_with_logits, "binary-cross-entropy")
    assert [law.id for law in report.failures] == ["tails"]
