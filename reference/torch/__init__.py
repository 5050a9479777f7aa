"""The torch trainers: gradients by autograd, our own update rules, on a CPU or a GPU."""

from __future__ import annotations

from . import (
    activations,
    adaptive,
    backprop,
    dropout,
    ensembles,
    initialization,
    line_search,
    losses,
    optimizers,
    quadratics,
    stochastic,
    training,
)

__all__ = [
    "activations",
    "adaptive",
    "backprop",
    "dropout",
    "ensembles",
    "initialization",
    "line_search",
    "losses",
    "optimizers",
    "quadratics",
    "stochastic",
    "training",
]
