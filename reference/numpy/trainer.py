"""A training run in progress: what changes from step to step, in the order in which it changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import BatchNorm, Dropout, Network
from . import checkpoints, clipping, dropout
from ._step import per_member, run, scratch
from .backprop import _for_members, _forward, _loss_and_gradient, population_statistics
from .history import History
from .layers import Cache
from .losses import LOSSES
from .optimizers import find
from .quadratics import Divergence
from .regularization import EarlyStopping, weight_mask
from .schedules import Plateau

Array = np.ndarray[Any, Any]
Rng = np.random.Generator | Sequence[np.random.Generator]
Rate = float | Array | Callable[[int], Any]


@dataclass
class Run:
    """What a training run left.

    Attributes:
        theta: the last finite parameters, `(parameters,)`, or `(fleet, parameters)`; with `patience` the best ones
            instead.
        history: losses of each step, and what was measured at the epochs' ends.
        steps: updates made.
        diverged: the step, the last finite parameters; None for a run that stayed finite. Of a fleet, one entry a
            member.
        snapshots: the parameters at every `snapshot_every`-th epoch's end, `(count, ...)`.
    """

    theta: Array
    history: History
    steps: int
    diverged: Any = None
    snapshots: Array | None = None


@dataclass
class Trainer:
    """A run in progress: `epoch()` as often as wanted, then `result()`. Arguments are those of `train`."""

    network: Network
    theta: Array
    inputs: Array
    targets: Array
    batch_size: int
    rng: Rng
    optimizer: str = "adam"
    lr: Rate = 1e-3
    loss: str = "softmax_cross_entropy"
    l1: float | Array = 0.0
    l2: float | Array = 0.0
    max_norm: float | None = None
    samples: Array | None = None
    validation: tuple[Array, Array] | None = None
    patience: int | None = None
    snapshot_every: int | None = None
    hyper: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check()
        self.theta = np.array(self.theta)
        self.fleet = self.theta.ndim > 1
        members = len(self.theta) if self.fleet else 1
        self.rule = find(self.optimizer, **self.hyper)
        self.hyper = {name: per_member(value, self.theta.ndim) for name, value in self.hyper.items()}
        self.state = [np.zeros_like(self.theta) for _ in self.rule.array_names]
        self.work = scratch(self.theta)
        self.previous = self.theta.copy()
        self.gradient = np.zeros_like(self.theta)
        self.gradient_views = self.network.views(self.gradient)
        # Rules that look ahead want the gradient elsewhere than at theta.
        self.point = np.empty_like(self.theta) if self.rule.look_ahead else self.theta
        self.views = self.network.views(self.point)
        self.caches: dict[int, list[Cache]] = {}
        self.drops = any(isinstance(layer, Dropout) for layer in self.network.layers)
        self.normalizes = any(isinstance(layer, BatchNorm) for layer in self.network.layers)
        self.penalized = weight_mask(self.network).astype(self.theta.dtype)
        self.penalizes = bool(np.any(self.l1) or np.any(self.l2))
        self.step = self.epochs_done = 0
        self.history = History(steps_per_epoch=-(-self.examples // self.batch_size))
        self.diverged: list[Divergence | None] = [None] * members
        self.going = np.ones(members, dtype=bool)
        self.stopping = [EarlyStopping(self.patience) for _ in range(members)] if self.patience is not None else []
        self.best = self.theta.copy()
        self.snapshots: list[Array] = []

    @property
    def examples(self) -> int:
        """Examples an epoch."""
        return len(self.inputs) if self.samples is None else int(self.samples.shape[-1])

    def _check(self) -> None:
        check.floating(self.theta, "theta")
        self.network.check_inputs(self.inputs, self.theta)
        check.choice(self.loss, LOSSES, "loss")
        self.network.check_targets(self.inputs, self.targets, self.loss)
        check.finite(self.theta, "theta")
        if not callable(self.lr):
            check.positive(self.lr, "lr")
        check.nonnegative(self.l1, "l1")
        check.nonnegative(self.l2, "l2")
        if self.max_norm is not None:
            check.positive(self.max_norm, "max_norm")
        members = tuple(self.theta.shape[:-1])
        check.generators(self.rng, members)
        for name, value in {"lr": self.lr, "l1": self.l1, "l2": self.l2, **self.hyper}.items():
            check.per_member(value, members, name)
        if self.samples is not None:
            check.labels(self.samples, len(self.inputs), "samples")
            shape = tuple(self.samples.shape)
            if shape[:-1] != members:
                raise ValueError(
                    f"samples must be indices (count,) for each of the members {members}, got shape={shape}"
                )
        check.batch_fits(self.batch_size, self.examples)
        if self.validation is not None:
            self.network.check_inputs(self.validation[0], self.theta)
            self.network.check_targets(*self.validation, self.loss)
        elif self.patience is not None or isinstance(self.lr, Plateau):
            raise ValueError("validation must be given for patience or a Plateau, got validation=None")
        if self.snapshot_every is not None:
            check.at_least(self.snapshot_every, 1, "snapshot_every")

    def epoch(self) -> None:
        """Run one epoch and measure; members that diverged or stopped early stay where they are."""
        orders = None if self.batch_size == self.examples else self._orders()
        # Overflow is a result here, not a warning: `_note_divergence` sees it.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for start in range(0, self.examples, self.batch_size):
                self._step(self.samples if orders is None else orders[..., start : start + self.batch_size])
                if not self.going.any():
                    return
            self.epochs_done += 1
            self._measure()

    def _orders(self) -> Array:
        """Draw this epoch's examples, `(examples,)` or `(fleet, examples)`."""
        if isinstance(self.rng, np.random.Generator):
            order = self.rng.permutation(self.examples)
            return order if self.samples is None else self.samples[order]
        count = self.examples
        orders = np.stack([rng.permutation(count) for rng in self.rng])
        return orders if self.samples is None else np.take_along_axis(self.samples, orders, axis=-1)

    def _step(self, batch: Array | None) -> None:
        """Update on the batch's examples, on all of them where it is None."""
        size = len(self.inputs) if batch is None else batch.shape[-1]
        if size not in self.caches:
            self.caches[size] = [{} for _ in self.network.layers]
        masks = dropout.masks(self.network, size, self.rng) if self.drops else None
        if batch is None:
            inputs, targets = _for_members(self.network, self.theta, self.inputs), self.targets
        else:
            inputs, targets = self.inputs.take(batch, axis=0), self.targets.take(batch, axis=0)
        rate = self.lr
        if callable(rate):
            rate = rate(self.step)
            check.nonnegative(rate, f"lr at step {self.step}")
        if self.rule.look_ahead:
            self.point[...] = self.rule.look_ahead(self.theta, self.state, **self.hyper)
        loss = _loss_and_gradient(
            self.network, self.views, inputs, targets, self.loss, masks, self.gradient_views, self.caches[size]
        )
        if self.penalizes:
            loss = loss + self._penalize()
        if self.max_norm is not None:
            self.gradient *= clipping._factor(clipping._norm(self.gradient), self.max_norm)
        self.history.losses.append(loss if self.fleet else float(loss))
        self.previous[...] = self.theta
        self.step += 1
        if self.fleet:
            rate = per_member(np.asarray(rate, self.theta.dtype), self.theta.ndim)
        run(self.rule.kernel, self.theta, self.gradient, self.state, self.step, self.work, lr=rate, **self.hyper)
        self._note_divergence(loss)

    def _penalize(self) -> Any:
        """Add the penalties' gradients; return their values."""
        weights = self.point * self.penalized
        l1, l2 = per_member(self.l1, self.theta.ndim), per_member(self.l2, self.theta.ndim)
        self.gradient += (2 * l2) * weights + l1 * np.sign(weights)
        return (l2 * (weights * weights) + l1 * np.abs(weights)).sum(axis=-1)

    def _note_divergence(self, loss: Any) -> None:
        if self.fleet:
            fine = np.isfinite(loss) & np.isfinite(self.theta).all(axis=-1)
            if fine.all() and self.going.all():
                return
        else:
            # One product is enough to see that all is well; only an overflow needs the entries looked at.
            if math.isfinite(loss) and math.isfinite(np.dot(self.theta, self.theta)):
                return
            fine = np.array([np.isfinite(loss) and np.isfinite(self.theta).all()])
        before = np.atleast_2d(self.previous)
        for member in np.flatnonzero(self.going & ~fine):
            self.diverged[member] = Divergence(self.step, before[member].copy())
        self.going &= fine
        # Who does not go on stays where the last step began, with no velocity left to overflow.
        np.atleast_2d(self.theta)[~self.going] = before[~self.going]
        for array in self.state:
            np.atleast_2d(array)[~self.going] = 0

    def _measure(self) -> None:
        """Record the update's size and the validation; stop members whose patience is over."""
        moved, size = (np.linalg.norm(x, axis=-1) for x in (self.theta - self.previous, self.previous))
        self.history.update_ratios.append(moved / np.maximum(size, np.finfo(self.theta.dtype).tiny))
        if self.snapshot_every and self.epochs_done % self.snapshot_every == 0:
            self.snapshots.append(self.theta.copy())
        if self.validation is None:
            return
        inputs, targets = _for_members(self.network, self.theta, self.validation[0]), self.validation[1]
        statistics = None
        if self.normalizes:
            seen = self.inputs if self.samples is None else self.inputs[self.samples]
            statistics = population_statistics(self.network, self.theta, seen, batch_size=self.batch_size)
        caches: list[Cache] = [{} for _ in self.network.layers]
        outputs = _forward(self.network, self.network.views(self.theta), inputs, caches, None, statistics)
        value, _ = LOSSES[self.loss](outputs, targets, self.fleet)
        self.history.validation_losses.append(value if self.fleet else float(value))
        if self.loss == "softmax_cross_entropy":
            self.history.validation_accuracies.append((outputs.argmax(axis=-1) == targets).mean(axis=-1))
        if isinstance(self.lr, Plateau):
            self.lr.update(float(np.mean(value)))
        for member, stopping in enumerate(self.stopping):
            if self.going[member]:
                stop = stopping.update(float(np.ravel(value)[member]))
                if stopping.best_step == stopping.step:
                    np.atleast_2d(self.best)[member] = np.atleast_2d(self.theta)[member]
                self.going[member] &= not stop

    def result(self) -> Run:
        """Return what the run has so far."""
        diverged = tuple(self.diverged) if self.fleet else self.diverged[0]
        snapshots = np.stack(self.snapshots) if self.snapshots else None
        theta = self.theta.copy()
        for member, stopping in enumerate(self.stopping):
            # A member that diverged before its first epoch's end has no best one.
            if stopping.best_step >= 0:
                np.atleast_2d(theta)[member] = np.atleast_2d(self.best)[member]
        return Run(theta, self.history, self.step, diverged, snapshots)

    def save(self, path: str | Path) -> None:
        """Write everything that the rest of the run depends on, atomically."""
        tensors = {"theta": self.theta, "best": self.best}
        tensors |= {f"state.{name}": array for name, array in zip(self.rule.array_names, self.state, strict=True)}
        checkpoints.save(path, tensors, self, self.snapshots)

    def load(self, path: str | Path) -> None:
        """Go on where the checkpoint was written.

        Raises:
            ValueError: the file is no checkpoint, or that of a run with other settings.
        """
        tensors, self.snapshots = checkpoints.load(path, self)
        self.theta[...], self.best[...] = tensors["theta"], tensors["best"]
        for name, array in zip(self.rule.array_names, self.state, strict=True):
            array[...] = tensors[f"state.{name}"]
        self.previous[...] = self.theta
