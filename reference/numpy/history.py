"""What a training run recorded, and its picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class History:
    """Losses of every step (before its update), and at every epoch's end what was measured; of a fleet, arrays of one
    a member.
    """

    losses: list[Any] = field(default_factory=list)
    validation_losses: list[Any] = field(default_factory=list)
    validation_accuracies: list[Any] = field(default_factory=list)
    update_ratios: list[Any] = field(default_factory=list)
    steps_per_epoch: int = 1

    def epoch_losses(self) -> Array:
        """Return the mean training loss of each whole epoch, `(epochs,)` or `(epochs, fleet)`.

        >>> History(losses=[3.0, 1.0, 1.0, 0.0], steps_per_epoch=2).epoch_losses()
        array([2. , 0.5])
        """
        losses = np.asarray(self.losses, dtype=float)
        whole = len(losses) // self.steps_per_epoch
        kept = losses[: whole * self.steps_per_epoch]
        mean: Array = kept.reshape(whole, self.steps_per_epoch, *losses.shape[1:]).mean(axis=1)
        return mean

    def plot(self, path: str | Path) -> Path:
        """Draw training and validation loss, and accuracy where there is one, over the epochs; return the file written.

        Raises:
            ValueError: nothing was recorded yet.
            ModuleNotFoundError: matplotlib is not installed.
        """
        if not self.losses:
            raise ValueError("history must hold at least one step before it is drawn, got losses=[]")
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 3.2), layout="constrained")
        panels = figure.subplots(1, 2 if self.validation_accuracies else 1, squeeze=False)[0]
        steps = (1 + np.arange(len(self.losses))) / self.steps_per_epoch
        panels[0].plot(
            steps, np.asarray(self.losses), linewidth=0.6, alpha=0.5, color="tab:blue", label="training, a step"
        )
        epochs = 1 + np.arange(len(self.epoch_losses()))
        panels[0].plot(epochs, self.epoch_losses(), color="tab:blue", label="training, an epoch")
        if self.validation_losses:
            ends = 1 + np.arange(len(self.validation_losses))
            panels[0].plot(ends, np.asarray(self.validation_losses), color="tab:orange", label="validation")
        panels[0].set(xlabel="epoch", ylabel="loss")
        if np.ndim(self.losses[0]) == 0:
            panels[0].legend()
        if self.validation_accuracies:
            ends = 1 + np.arange(len(self.validation_accuracies))
            panels[1].plot(ends, np.asarray(self.validation_accuracies), color="tab:orange")
            panels[1].set(xlabel="epoch", ylabel="validation accuracy")
        figure.savefig(path)
        return Path(path)
