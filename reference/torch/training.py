"""Training a network, or a fleet of them, on minibatches without replacement, on a CPU or a GPU.

All random numbers are NumPy's and come from `rng` in one order: at each epoch the permutation of the examples, at
each step the dropout masks; equal seeds train the NumPy trainer's networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import Dropout, Network
from ..numpy.history import History
from . import dropout
from ._step import per_member, run
from .backprop import _check_targets, _leaves, _loss_and_gradient
from .losses import LOSSES
from .optimizers import find
from .quadratics import Divergence

Rng = np.random.Generator | Sequence[np.random.Generator]
Rate = float | Tensor | Callable[[int], Any]


@dataclass
class Run:
    """What a training run left.

    Attributes:
        theta: the last finite parameters, `(parameters,)`, or `(fleet, parameters)`.
        history: losses of each step, and what was measured at the epochs' ends.
        steps: updates made.
        diverged: the step, the last finite parameters; None for a run that stayed finite. Of a fleet, one entry a
            member.
    """

    theta: Tensor
    history: History
    steps: int
    diverged: Any = None


def train(
    network: Network,
    theta: Tensor,
    inputs: Tensor,
    targets: Tensor,
    *,
    epochs: int,
    batch_size: int,
    rng: Rng,
    optimizer: str = "adam",
    lr: Rate = 1e-3,
    loss: str = "softmax_cross_entropy",
    samples: Tensor | None = None,
    device: str = "cpu",
    **hyper: Any,
) -> Run:
    """Return the run that trains `theta` (left as it is) for so many epochs.

    Args:
        network: the layers; `perceptron((64, 128, 10))` for example.
        theta: the start, `(parameters,)`, or `(fleet, parameters)` to train many at once.
        inputs: `(examples, features)`.
        targets: classes `(examples,)`, or reals `(examples, outputs)`.
        epochs: passes over the data, at least 0.
        batch_size: examples a step, 1 to all; the last batch of an epoch is short.
        rng: draws the order and the masks; of a fleet, one for each member.
        optimizer: a name in `optimizers.OPTIMIZERS`, with its hyperparameters as further keywords.
        lr: above 0; a tensor gives the members their own; a function of the step (from 0) is a schedule.
        loss: a name in `losses.LOSSES`.
        samples: the examples that each member sees, as indices `(fleet, count)`, repetitions allowed; None is all.
        device: where it runs; everything is moved there.

    Raises:
        ValueError: an argument out of its range, shapes that do not fit, data that is not finite, labels out of range.

    A run whose loss or parameters leave the finite numbers stops; its `diverged` says where. In a fleet that member
    stays at its last finite parameters and the others go on.

    >>> from backproof.reference.architecture import perceptron
    >>> run = train(perceptron((1, 1)), torch.zeros(2), torch.ones(4, 1), torch.ones(4, 1), epochs=1, batch_size=4,
    ...             rng=np.random.default_rng(0), optimizer="sgd", lr=0.25, loss="squared_error")
    >>> run.theta, run.history.losses  # the error is -1, the gradient -2 for weight and bias
    (tensor([0.5000, 0.5000]), [1.0])
    """
    trainer = Trainer(network, theta, inputs, targets, batch_size, rng, optimizer, lr, loss, samples, hyper, device)
    check.at_least(epochs, 0, "epochs")
    for _ in range(epochs):
        if not trainer.epoch():
            break
    return trainer.result()


@dataclass
class Trainer:
    """A run in progress: `epoch()` until it says no, then `result()`. Everything that changes is an attribute."""

    network: Network
    theta: Tensor
    inputs: Tensor
    targets: Tensor
    batch_size: int
    rng: Rng
    optimizer: str
    lr: Rate
    loss: str
    samples: Tensor | None
    hyper: dict[str, Any]
    device: str = "cpu"
    step: int = 0
    epochs_done: int = 0
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self._check()
        self.theta = self.theta.detach().to(self.device, copy=True)
        self.inputs, self.targets = self.inputs.to(self.device), self.targets.to(self.device)
        self.orders_from = None if self.samples is None else np.asarray(self.samples.cpu())
        self.fleet = self.theta.ndim > 1
        self.rule = find(self.optimizer, **self.hyper)
        self.state = [torch.zeros_like(self.theta) for _ in self.rule.array_names]
        self.previous = self.theta.clone()
        self.gradient = torch.zeros_like(self.theta)
        # Rules that look ahead want the gradient elsewhere than at theta.
        self.point = torch.empty_like(self.theta) if self.rule.look_ahead else self.theta
        self.views = _leaves(self.network, self.point)
        self.diverged: list[Divergence | None] = [None] * (len(self.theta) if self.fleet else 1)
        self.alive = np.ones(len(self.diverged), dtype=bool)
        self.drops = any(isinstance(layer, Dropout) for layer in self.network.layers)
        self.examples = self.samples.shape[-1] if self.samples is not None else len(self.inputs)
        check.batch_fits(self.batch_size, self.examples)
        self.history.steps_per_epoch = -(-self.examples // self.batch_size)

    def _check(self) -> None:
        self.network.check_inputs(self.inputs)
        check.choice(self.loss, LOSSES, "loss")
        _check_targets(self.network, self.inputs, self.targets, self.loss)
        check.finite(self.theta, "theta")
        if not callable(self.lr):
            check.positive(self.lr, "lr")
        members = 1 if isinstance(self.rng, np.random.Generator) else len(self.rng)
        wanted = tuple(self.theta.shape[:-1]) or (1,)
        if (members,) != wanted or isinstance(self.rng, np.random.Generator) != (self.theta.ndim == 1):
            raise ValueError(
                f"rng must be one generator for each of the {wanted[0]} members, got rng={members} of them"
            )
        if self.samples is not None:
            check.labels(self.samples, len(self.inputs), "samples")

    def epoch(self) -> bool:
        """Run one epoch; return whether the run can go on."""
        orders = torch.from_numpy(self._orders()).to(self.device)
        for start in range(0, self.examples, self.batch_size):
            self._step(orders[..., start : start + self.batch_size])
            if not self.alive.any():
                return False
        self.epochs_done += 1
        return True

    def _orders(self) -> np.ndarray[Any, Any]:
        """Draw this epoch's examples, `(examples,)` or `(fleet, examples)`."""
        if isinstance(self.rng, np.random.Generator):
            order = self.rng.permutation(self.examples)
            return order if self.orders_from is None else self.orders_from[..., order].reshape(-1)
        orders = np.stack([rng.permutation(self.examples) for rng in self.rng])
        return orders if self.orders_from is None else np.take_along_axis(self.orders_from, orders, axis=-1)

    def _step(self, batch: Tensor) -> None:
        masks = dropout.masks(self.network, batch.shape[-1], self.rng, device=self.device) if self.drops else None
        rate = self.lr(self.step) if callable(self.lr) else self.lr
        if self.rule.look_ahead:
            self.point.copy_(self.rule.look_ahead(self.theta, self.state, **self.hyper))
        loss = _loss_and_gradient(
            self.network, self.views, self.inputs[batch], self.targets[batch], self.loss, masks, self.gradient
        )
        self.previous.copy_(self.theta)
        self.step += 1
        if self.fleet:
            rate = per_member(torch.as_tensor(rate, dtype=self.theta.dtype, device=self.device), self.theta.ndim)
            if not self.alive.all():
                self.gradient[torch.from_numpy(~self.alive)] = 0
        run(self.rule.kernel, self.theta, self.gradient, self.state, self.step, lr=rate, **self.hyper)
        self._note_divergence(loss)

    def _note_divergence(self, loss: Tensor) -> None:
        if self.fleet:
            values = loss.cpu().numpy()
            self.history.losses.append(values)
            fine = np.isfinite(values) & torch.isfinite(self.theta.sum(dim=-1)).cpu().numpy()
            if fine.all() and self.alive.all():
                return
            fine = np.isfinite(values) & torch.isfinite(self.theta).all(dim=-1).cpu().numpy()
        else:
            # One sum is enough to see that all is well; only an overflow needs the entries looked at.
            value, total = torch.stack([loss, self.theta.sum()]).tolist()
            self.history.losses.append(value)
            if np.isfinite(value) and np.isfinite(total):
                return
            fine = np.array([np.isfinite(value) and bool(torch.isfinite(self.theta).all())])
        thetas, before = _rows(self.theta), _rows(self.previous)
        for member in np.flatnonzero(self.alive & ~fine):
            self.diverged[member] = Divergence(self.step, before[member].clone())
        self.alive &= fine
        # A member that diverged stays where it was last finite, with no velocity left to move it.
        stopped = torch.from_numpy(~self.alive).to(self.device)
        thetas[stopped] = before[stopped]
        for array in self.state:
            _rows(array)[stopped] = 0

    def result(self) -> Run:
        """Return what the run has so far."""
        diverged = tuple(self.diverged) if self.fleet else self.diverged[0]
        return Run(self.theta.clone(), self.history, self.step, diverged)


def _rows(theta: Tensor) -> Tensor:
    """Return a view with one row a member."""
    return theta.view(-1, theta.shape[-1])
