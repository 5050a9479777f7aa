"""Training a network, or a fleet of them, on minibatches without replacement, on a CPU or a GPU.

All random numbers are NumPy's and come from `rng` in one order: at each epoch the permutation of the examples, unless
one batch holds them all, at each step the dropout masks; equal seeds train the NumPy trainer's networks.
A fleet's member is the network that is trained alone from its seed but for the rounding of sums in another order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from .. import _checks as check
from ..architecture import Network
from .trainer import Rate, Rng, Run, Trainer

__all__ = ["Rate", "Rng", "Run", "Trainer", "train"]


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
    l1: float | Tensor = 0.0,
    l2: float | Tensor = 0.0,
    max_norm: float | None = None,
    samples: Tensor | None = None,
    validation: tuple[Tensor, Tensor] | None = None,
    patience: int | None = None,
    snapshot_every: int | None = None,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    compiled: bool = False,
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
        lr: above 0; a tensor gives the members their own; a function of the step (from 0) is a schedule; a `Plateau`
            is told the validation loss after each epoch.
        loss: a name in `losses.LOSSES`.
        l1, l2: strengths of the penalties on weights (not on biases and scales), at least 0; a tensor has one a member.
        max_norm: the gradient of each step, penalties included, is clipped to this norm; None does not clip.
        samples: the examples that each member sees, as indices `(fleet, count)`, repetitions allowed; None is all.
        validation: inputs and targets measured after each epoch.
        patience: stop after so many epochs without a better validation loss and return the best parameters.
        snapshot_every: keep the parameters after every so many epochs, as a checkpoint ensemble does.
        checkpoint: a file written after each epoch, atomically; where it exists already the run goes on from it, bit
            for bit.
        compiled: take Adam's step in one pass over memory, for parameters that no cache holds; making it takes about
            ten seconds, and on a CPU a C++ compiler.

    Raises:
        ValueError: an argument out of its range, shapes that do not fit, data that is not finite, labels out of
            range, a checkpoint of another run.

    A run whose loss or parameters leave the finite numbers stops; its `diverged` says where. In a fleet that member
    stays at its last finite parameters and the others go on.

    >>> import numpy as np, torch
    >>> from backproof.reference.architecture import perceptron
    >>> run = train(perceptron((1, 1)), torch.zeros(2), torch.ones(4, 1), torch.ones(4, 1), epochs=1, batch_size=4,
    ...             rng=np.random.default_rng(0), optimizer="sgd", lr=0.25, loss="squared_error")
    >>> run.theta, run.history.losses  # the error is -1, the gradient -2 for weight and bias
    (tensor([0.5000, 0.5000]), [1.0])
    """
    check.at_least(epochs, 0, "epochs")
    trainer = Trainer(
        network,
        theta,
        inputs,
        targets,
        batch_size,
        rng,
        optimizer=optimizer,
        lr=lr,
        loss=loss,
        l1=l1,
        l2=l2,
        max_norm=max_norm,
        samples=samples,
        validation=validation,
        patience=patience,
        snapshot_every=snapshot_every,
        hyper=hyper,
        device=device,
        compiled=compiled,
    )
    if checkpoint is not None and Path(checkpoint).exists():
        trainer.load(checkpoint)
    while trainer.epochs_done < epochs and trainer.going.any():
        trainer.epoch()
        if checkpoint is not None:
            trainer.save(checkpoint)
    return trainer.result()
