"""A training run in progress: what changes from step to step, in the order in which it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks as check
from ..architecture import BatchNorm, Dropout, Network
from . import checkpoints, clipping, compiled, dropout
from ._step import per_member, run
from .backprop import _for_members, _forward, _leaves, _loss_and_gradient, population_statistics
from .history import History
from .losses import LOSSES
from .optimizers import find
from .quadratics import Divergence
from .regularization import EarlyStopping, weight_mask
from .schedules import Plateau

Rng = np.random.Generator | Sequence[np.random.Generator]
Rate = float | Tensor | Callable[[int], Any]


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

    theta: Tensor
    history: History
    steps: int
    diverged: Any = None
    snapshots: Tensor | None = None


@dataclass
class Trainer:
    """A run in progress: `epoch()` as often as wanted, then `result()`. Arguments are those of `train`."""

    network: Network
    theta: Tensor
    inputs: Tensor
    targets: Tensor
    batch_size: int
    rng: Rng
    optimizer: str = "adam"
    lr: Rate = 1e-3
    loss: str = "softmax_cross_entropy"
    l1: float | Tensor = 0.0
    l2: float | Tensor = 0.0
    max_norm: float | None = None
    samples: Tensor | None = None
    validation: tuple[Tensor, Tensor] | None = None
    patience: int | None = None
    snapshot_every: int | None = None
    hyper: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    compiled: bool = False

    def __post_init__(self) -> None:
        self._check()
        self.theta = self.theta.detach().to(self.device, copy=True)
        self.inputs, self.targets = self.inputs.to(self.device), self.targets.to(self.device)
        self.validation = self.validation and (self.validation[0].to(self.device), self.validation[1].to(self.device))
        self.fleet = self.theta.ndim > 1
        members = len(self.theta) if self.fleet else 1
        self.rule = find(self.optimizer, **self.hyper)
        self.update = compiled.KERNELS[self.optimizer] if self.compiled else partial(run, self.rule.kernel)
        self.hyper = {name: self._placed(value) for name, value in self.hyper.items()}
        self.state = [torch.zeros_like(self.theta) for _ in self.rule.array_names]
        self.previous = self.theta.clone()
        self.gradient = torch.zeros_like(self.theta)
        # Rules that look ahead want the gradient elsewhere than at theta.
        self.point = torch.empty_like(self.theta) if self.rule.look_ahead else self.theta
        self.views = _leaves(self.network, self.point)
        self.drops = any(isinstance(layer, Dropout) for layer in self.network.layers)
        self.normalizes = any(isinstance(layer, BatchNorm) for layer in self.network.layers)
        self.penalized = weight_mask(self.network).to(self.theta)
        self.penalizes = bool(torch.as_tensor(self.l1).any() or torch.as_tensor(self.l2).any())
        self.step = self.epochs_done = 0
        self.history = History(steps_per_epoch=-(-self.examples // self.batch_size))
        self.diverged: list[Divergence | None] = [None] * members
        self.going = np.ones(members, dtype=bool)
        self.stopping = [EarlyStopping(self.patience) for _ in range(members)] if self.patience is not None else []
        self.best = self.theta.clone()
        self.snapshots: list[Tensor] = []

    def _placed(self, value: Any) -> Any:
        """Return one number a member on the device, with theta's axes appended; anything else as it is."""
        if not isinstance(value, (Tensor, np.ndarray)) or not value.ndim:
            return value
        return per_member(torch.as_tensor(value, dtype=self.theta.dtype, device=self.device), self.theta.ndim)

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
        if self.compiled:
            check.choice(self.optimizer, compiled.KERNELS, "optimizer of a compiled run")

    def epoch(self) -> None:
        """Run one epoch and measure; members that diverged or stopped early stay where they are."""
        orders = None
        if self.batch_size < self.examples:
            orders = torch.from_numpy(self._orders()).to(self.device)
        for start in range(0, self.examples, self.batch_size):
            self._step(self.samples if orders is None else orders[..., start : start + self.batch_size])
            if not self.going.any():
                return
        self.epochs_done += 1
        self._measure()

    def _orders(self) -> np.ndarray[Any, Any]:
        """Draw this epoch's examples, `(examples,)` or `(fleet, examples)`."""
        samples = None if self.samples is None else np.asarray(self.samples.cpu())
        if isinstance(self.rng, np.random.Generator):
            order = self.rng.permutation(self.examples)
            return order if samples is None else samples[order]
        count = self.examples
        orders = np.stack([rng.permutation(count) for rng in self.rng])
        return orders if samples is None else np.take_along_axis(samples, orders, axis=-1)

    def _step(self, batch: Tensor | None) -> None:
        """Update on the batch's examples, on all of them where it is None."""
        size = len(self.inputs) if batch is None else batch.shape[-1]
        masks = dropout.masks(self.network, size, self.rng, device=self.device) if self.drops else None
        rate = self.lr
        if callable(rate):
            rate = rate(self.step)
            check.nonnegative(rate, f"lr at step {self.step}")
        if self.rule.look_ahead:
            self.point.copy_(self.rule.look_ahead(self.theta, self.state, **self.hyper))
        if batch is None:
            inputs, targets = _for_members(self.network, self.theta, self.inputs), self.targets
        else:
            inputs, targets = self.inputs[batch], self.targets[batch]
        loss = _loss_and_gradient(self.network, self.views, inputs, targets, self.loss, masks, self.gradient)
        if self.penalizes:
            loss = loss + self._penalize()
        if self.max_norm is not None:
            self.gradient.mul_(clipping._factor(clipping._norm(self.gradient), self.max_norm))
        self.previous.copy_(self.theta)
        self.step += 1
        self.update(self.theta, self.gradient, self.state, self.step, lr=self._placed(rate), **self.hyper)
        self._note_divergence(loss)

    @torch.no_grad()
    def _penalize(self) -> Tensor:
        """Add the penalties' gradients, two lines that need no autograd; return their values."""
        weights = self.point * self.penalized
        l1, l2 = self._placed(self.l1), self._placed(self.l2)
        self.gradient += (2 * l2) * weights + l1 * weights.sign()
        penalties: Tensor = l2 * (weights * weights) + l1 * weights.abs()
        return penalties.sum(dim=-1)

    def _note_divergence(self, loss: Tensor) -> None:
        # One sum is enough to see that all is well; only an overflow needs the entries looked at.
        seen = torch.stack([loss, self.theta.sum(dim=-1)]).cpu().numpy()
        self.history.losses.append(seen[0].copy() if self.fleet else float(seen[0]))
        if np.isfinite(seen).all() and self.going.all():
            return
        fine = np.atleast_1d(np.isfinite(seen[0]) & torch.isfinite(self.theta).all(dim=-1).cpu().numpy())
        before = _rows(self.previous)
        for member in np.flatnonzero(self.going & ~fine):
            self.diverged[member] = Divergence(self.step, before[member].clone())
        self.going &= fine
        # Who does not go on stays where the last step began, with no velocity left to overflow.
        still = torch.from_numpy(~self.going).to(self.device)
        for array in (self.theta, *self.state):
            _rows(array)[still] = before[still] if array is self.theta else 0

    @torch.no_grad()
    def _measure(self) -> None:
        """Record the update's size and the validation; stop members whose patience is over."""
        norm = torch.linalg.vector_norm
        moved, size = norm(self.theta - self.previous, dim=-1), norm(self.previous, dim=-1)
        self.history.update_ratios.append(_plain(moved / size.clamp(min=torch.finfo(size.dtype).tiny)))
        if self.snapshot_every and self.epochs_done % self.snapshot_every == 0:
            self.snapshots.append(self.theta.clone())
        if self.validation is None:
            return
        inputs, targets = _for_members(self.network, self.theta, self.validation[0]), self.validation[1]
        statistics = None
        if self.normalizes:
            seen = self.inputs if self.samples is None else self.inputs[self.samples]
            statistics = population_statistics(self.network, self.theta, seen, batch_size=self.batch_size)
        outputs = _forward(self.network, self.network.views(self.theta), inputs, None, statistics)
        value = LOSSES[self.loss](outputs, targets, self.fleet)
        self.history.validation_losses.append(_plain(value))
        if self.loss == "softmax_cross_entropy":
            right = (outputs.argmax(dim=-1) == targets).to(torch.float64).mean(dim=-1)
            self.history.validation_accuracies.append(_plain(right))
        if isinstance(self.lr, Plateau):
            self.lr.update(float(value.mean()))
        for member, stopping in enumerate(self.stopping):
            if self.going[member]:
                stop = stopping.update(float(value.reshape(-1)[member]))
                if stopping.best_step == stopping.step:
                    _rows(self.best)[member] = _rows(self.theta)[member]
                self.going[member] &= not stop

    def result(self) -> Run:
        """Return what the run has so far."""
        diverged = tuple(self.diverged) if self.fleet else self.diverged[0]
        snapshots = torch.stack(self.snapshots) if self.snapshots else None
        theta = self.theta.clone()
        for member, stopping in enumerate(self.stopping):
            # A member that diverged before its first epoch's end has no best one.
            if stopping.best_step >= 0:
                _rows(theta)[member] = _rows(self.best)[member]
        return Run(theta, self.history, self.step, diverged, snapshots)

    def save(self, path: str | Path) -> None:
        """Write everything that the rest of the run depends on, atomically."""
        tensors = {"theta": self.theta, "best": self.best}
        tensors |= {f"state.{name}": array for name, array in zip(self.rule.array_names, self.state, strict=True)}
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        checkpoints.save(path, arrays, self, [snapshot.cpu().numpy() for snapshot in self.snapshots])

    def load(self, path: str | Path) -> None:
        """Go on where the checkpoint was written.

        Raises:
            ValueError: the file is no checkpoint, or that of a run with other settings.
        """
        arrays, snapshots = checkpoints.load(path, self)
        tensors = {name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()}
        self.theta.copy_(tensors["theta"])
        self.best.copy_(tensors["best"])
        for name, array in zip(self.rule.array_names, self.state, strict=True):
            array.copy_(tensors[f"state.{name}"])
        self.previous.copy_(self.theta)
        self.snapshots = [torch.from_numpy(snapshot).to(self.device) for snapshot in snapshots]


def _rows(theta: Tensor) -> Tensor:
    """Return a view with one row a member."""
    return theta.view(-1, theta.shape[-1])


def _plain(value: Tensor) -> Any:
    """Return a float, or a fleet's values as a NumPy array."""
    return value.item() if value.ndim == 0 else value.cpu().numpy()
