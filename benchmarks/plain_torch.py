"""The loop that a torch user writes: what the trainers are measured against."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def digit_perceptron() -> nn.Module:
    """Return the network 64-128-10."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def digit_convolutions() -> nn.Module:
    """Return the layers of `architecture.digit_network()`."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)),
    )


def train(network: nn.Module, inputs: Tensor, labels: Tensor, *, epochs: int, batch_size: int, lr: float) -> None:
    """Train in place with fused Adam on minibatches without replacement."""
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, fused=True)
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), batch_size):
            batch = order[start : start + batch_size]
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimizer.step()


@torch.no_grad()
def accuracy(network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Return the fraction of the examples whose largest logit is their label's."""
    return float((network(inputs).argmax(dim=-1) == labels).double().mean())
