"""The NumPy trainers: gradients by the backpropagation equations, no autograd."""

from __future__ import annotations

from . import (
    activations,
    adaptive,
    backprop,
    dropout,
    ensembles,
    history,
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
    "history",
    "initialization",
    "line_search",
    "losses",
    "optimizers",
    "quadratics",
    "stochastic",
    "training",
]
