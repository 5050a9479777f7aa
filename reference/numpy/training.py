"""Training a network, or a fleet of them, on minibatches without replacement.

All random numbers come from `rng` in one order: at each epoch the permutation of the examples, at each step the
dropout masks.
The torch trainer draws the same numbers in the same order, so that equal seeds train equal networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Dropout, Network
from . import dropout
from ._step import per_member, run, scratch
from .backprop import _check_targets, _loss_and_gradient
from .history import History
from .layers import Cache
from .losses import LOSSES
from .optimizers import find
from .quadratics import Divergence

Array = np.ndarray[Any, Any]
Rng = np.random.Generator | Sequence[np.random.Generator]
Rate = float | Array | Callable[[int], Any]


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

    theta: Array
    history: History
    steps: int
    diverged: Any = None


def train(
    network: Network,
    theta: Array,
    inputs: Array,
    targets: Array,
    *,
    epochs: int,
    batch_size: int,
    rng: Rng,
    optimizer: str = "adam",
    lr: Rate = 1e-3,
    loss: str = "softmax_cross_entropy",
    samples: Array | None = None,
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
        lr: above 0; an array gives the members their own; a function of the step (from 0) is a schedule.
        loss: a name in `losses.LOSSES`.
        samples: the examples that each member sees, as indices `(fleet, count)`, repetitions allowed; None is all.

    Raises:
        ValueError: an argument out of its range, shapes that do not fit, data that is not finite, labels out of range.

    A run whose loss or parameters leave the finite numbers stops; its `diverged` says where. In a fleet that member
    stays at its last finite parameters and the others go on.

    >>> from backproof.reference.architecture import perceptron
    >>> run = train(perceptron((1, 1)), np.zeros(2), np.ones((4, 1)), np.ones((4, 1)), epochs=1, batch_size=4,
    ...             rng=np.random.default_rng(0), optimizer="sgd", lr=0.25, loss="squared_error")
    >>> run.theta, run.history.losses  # the error is -1, the gradient -2 for weight and bias
    (array([0.5, 0.5]), [1.0])
    """
    trainer = Trainer(network, theta, inputs, targets, batch_size, rng, optimizer, lr, loss, samples, hyper)
    check.at_least(epochs, 0, "epochs")
    for _ in range(epochs):
        if not trainer.epoch():
            break
    return trainer.result()


@dataclass
class Trainer:
    """A run in progress: `epoch()` until it says no, then `result()`. Everything that changes is an attribute."""

    network: Network
    theta: Array
    inputs: Array
    targets: Array
    batch_size: int
    rng: Rng
    optimizer: str
    lr: Rate
    loss: str
    samples: Array | None
    hyper: dict[str, Any]
    step: int = 0
    epochs_done: int = 0
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self._check()
        self.theta = np.array(self.theta)
        self.fleet = self.theta.ndim > 1
        self.rule = find(self.optimizer, **self.hyper)
        self.state = [np.zeros_like(self.theta) for _ in self.rule.array_names]
        self.work = scratch(self.theta)
        self.previous = self.theta.copy()
        self.gradient = np.zeros_like(self.theta)
        self.gradient_views = self.network.views(self.gradient)
        # Rules that look ahead want the gradient elsewhere than at theta.
        self.point = np.empty_like(self.theta) if self.rule.look_ahead else self.theta
        self.views = self.network.views(self.point)
        self.caches: dict[int, list[Cache]] = {}
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
        wanted = self.theta.shape[:-1] or (1,)
        if (members,) != wanted or isinstance(self.rng, np.random.Generator) != (self.theta.ndim == 1):
            raise ValueError(
                f"rng must be one generator for each of the {wanted[0]} members, got rng={members} of them"
            )
        if self.samples is not None:
            check.labels(self.samples, len(self.inputs), "samples")

    def epoch(self) -> bool:
        """Run one epoch; return whether the run can go on."""
        orders = self._orders()
        # Overflow is a result here, not a warning: `_note_divergence` sees it.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for start in range(0, self.examples, self.batch_size):
                self._step(orders[..., start : start + self.batch_size])
                if not self.alive.any():
                    return False
        self.epochs_done += 1
        return True

    def _orders(self) -> Array:
        """Draw this epoch's examples, `(examples,)` or `(fleet, examples)`."""
        if isinstance(self.rng, np.random.Generator):
            order = self.rng.permutation(self.examples)
            return order if self.samples is None else self.samples[..., order].reshape(-1)
        orders = np.stack([rng.permutation(self.examples) for rng in self.rng])
        return orders if self.samples is None else np.take_along_axis(self.samples, orders, axis=-1)

    def _step(self, batch: Array) -> None:
        size = batch.shape[-1]
        caches = self.caches.setdefault(size, [{} for _ in self.network.layers])
        masks = dropout.masks(self.network, size, self.rng) if self.drops else None
        inputs, targets = self.inputs.take(batch, axis=0), self.targets.take(batch, axis=0)
        rate = self.lr(self.step) if callable(self.lr) else self.lr
        if self.rule.look_ahead:
            self.point[...] = self.rule.look_ahead(self.theta, self.state, **self.hyper)
        loss = _loss_and_gradient(
            self.network, self.views, inputs, targets, self.loss, masks, self.gradient_views, caches
        )
        self.history.losses.append(loss if self.fleet else float(loss))
        self.previous[...] = self.theta
        self.step += 1
        if self.fleet:
            rate = per_member(np.asarray(rate, self.theta.dtype), self.theta.ndim)
            self.gradient[~self.alive] = 0
        run(self.rule.kernel, self.theta, self.gradient, self.state, self.step, self.work, lr=rate, **self.hyper)
        self._note_divergence(loss)

    def _note_divergence(self, loss: Any) -> None:
        if self.fleet:
            fine = np.isfinite(loss) & np.isfinite(self.theta).all(axis=-1)
            if fine.all() and self.alive.all():
                return
        else:
            # One product is enough to see that all is well; only an overflow needs the entries looked at.
            if np.isfinite(loss) and np.isfinite(np.dot(self.theta, self.theta)):
                return
            fine = np.array([np.isfinite(loss) and np.isfinite(self.theta).all()])
        thetas, before = np.atleast_2d(self.theta), np.atleast_2d(self.previous)
        for member in np.flatnonzero(self.alive & ~fine):
            self.diverged[member] = Divergence(self.step, before[member].copy())
        self.alive &= fine
        # A member that diverged stays where it was last finite, with no velocity left to move it.
        thetas[~self.alive] = before[~self.alive]
        for array in self.state:
            np.atleast_2d(array)[~self.alive] = 0

    def result(self) -> Run:
        """Return what the run has so far."""
        diverged = tuple(self.diverged) if self.fleet else self.diverged[0]
        return Run(self.theta.copy(), self.history, self.step, diverged)
