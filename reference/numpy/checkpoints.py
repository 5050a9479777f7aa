"""Checkpoints of a training run: one safetensors file with a JSON record in its header, written atomically, never
pickle.

What both trainers keep beside their parameters, counters, rngs, history, is plain Python and NumPy, so that one
writer serves both.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .history import History
from .quadratics import Divergence
from .schedules import Plateau

Array = np.ndarray[Any, Any]
FORMAT = "backproof training run 1"
CURVES = ("losses", "validation_losses", "validation_accuracies", "update_ratios")


def save(path: str | Path, tensors: dict[str, Array], trainer: Any, snapshots: list[Array]) -> None:
    """Write the run to `path`: at every moment there is the old file or the new one, whole.

    Args:
        path: the file, in a directory that exists.
        tensors: the trainer's own arrays, as NumPy's.
        trainer: a `training.Trainer` of either backend; its counters, rngs and history are written beside the arrays.
        snapshots: its snapshots, as NumPy arrays.

    Raises:
        ModuleNotFoundError: safetensors is not installed.

    >>> from backproof.reference.architecture import perceptron
    >>> from backproof.reference.numpy.training import Trainer
    >>> rng = np.random.default_rng(0)
    >>> trainer = Trainer(perceptron((1, 1)), np.zeros(2), np.ones((4, 1)), np.zeros(4, int), 2, rng)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/run", {"theta": trainer.theta}, trainer, [])
    ...     load(f"{folder}/run", trainer)[0]["theta"]
    array([0., 0.])
    """
    history = {f"history.{name}": np.asarray(getattr(trainer.history, name), dtype=float) for name in CURVES}
    arrays = {name: np.ascontiguousarray(array) for name, array in (tensors | history).items()}
    arrays |= {f"snapshot.{index}": np.ascontiguousarray(array) for index, array in enumerate(snapshots)}
    for member, divergence in enumerate(trainer.diverged):
        if divergence is not None:
            arrays[f"diverged.{member}"] = np.ascontiguousarray(divergence.last_finite)
    record = {
        "format": FORMAT,
        "settings": _settings(trainer),
        "step": trainer.step,
        "epochs_done": trainer.epochs_done,
        "snapshots": len(snapshots),
        "going": trainer.going.tolist(),
        "diverged": [None if divergence is None else divergence.step for divergence in trainer.diverged],
        "rng": [rng.bit_generator.state for rng in _rngs(trainer)],
        # Hexadecimal, because JSON has no infinity, which the best value starts from.
        "stopping": [[stopping.best.hex(), stopping.best_step, stopping.step] for stopping in trainer.stopping],
        "plateau": _plateau(trainer),
    }
    _write(Path(path), arrays, record)


def _write(path: Path, arrays: dict[str, Array], record: dict[str, Any]) -> None:
    content = _safetensors().save(arrays, metadata={"record": json.dumps(record)})
    handle, temporary = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: str | Path, trainer: Any) -> tuple[dict[str, Array], list[Array]]:
    """Put the record's counters, rngs and history into the trainer; return the arrays and the snapshots.

    Raises:
        ValueError: the file is damaged, is no checkpoint, or belongs to a run with other settings (the message names
            one).

    >>> load(__file__, None)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: checkpoint must be a file that a training run wrote, got checkpoint=...
    """
    arrays, record = _read(Path(path))
    ours = _settings(trainer)
    for name, value in ours.items():
        if record["settings"].get(name) != value:
            theirs = record["settings"].get(name)
            raise ValueError(f"{name} must be {theirs!r} as in the checkpoint {path}, got {name}={value!r}")
    trainer.step, trainer.epochs_done = record["step"], record["epochs_done"]
    trainer.going[:] = record["going"]
    for member, step in enumerate(record["diverged"]):
        trainer.diverged[member] = None if step is None else Divergence(step, arrays[f"diverged.{member}"])
    for rng, state in zip(_rngs(trainer), record["rng"], strict=True):
        rng.bit_generator.state = state
    for stopping, (best, best_step, step) in zip(trainer.stopping, record["stopping"], strict=True):
        stopping.best, stopping.best_step, stopping.step = float.fromhex(best), best_step, step
    if isinstance(trainer.lr, Plateau):
        lr, best, waited = record["plateau"]
        trainer.lr.lr, trainer.lr.best, trainer.lr.waited = float.fromhex(lr), float.fromhex(best), waited
    curves = {name: arrays[f"history.{name}"] for name in CURVES}
    trainer.history = History(
        **{name: curve.tolist() if curve.ndim == 1 else list(curve) for name, curve in curves.items()},
        steps_per_epoch=trainer.history.steps_per_epoch,
    )
    return arrays, [arrays[f"snapshot.{index}"] for index in range(record["snapshots"])]


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    content = path.read_bytes()
    try:
        arrays = _safetensors().load(content)
        # The format's header: eight bytes of length, then JSON.
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        record = json.loads(header["__metadata__"]["record"])
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise ValueError(
            f"checkpoint must be a file that a training run wrote, got checkpoint={path}: {error}"
        ) from None
    if record.get("format") != FORMAT:
        raise ValueError(f"checkpoint must have the format {FORMAT!r}, got format={record.get('format')!r}")
    return arrays, record


def _settings(trainer: Any) -> dict[str, Any]:
    """Return what has to be the same for a run to go on, as JSON would give it back."""
    rate = type(trainer.lr).__name__ if callable(trainer.lr) else np.asarray(trainer.lr).tolist()
    names = ("batch_size", "optimizer", "loss", "max_norm", "patience", "snapshot_every", "examples")
    plain = {name: getattr(trainer, name) for name in names}
    plain |= {name: np.asarray(getattr(trainer, name)).tolist() for name in ("l1", "l2")}
    hyper = {name: np.asarray(value).tolist() for name, value in trainer.hyper.items()}
    layers = [[type(layer).__name__, asdict(layer)] for layer in trainer.network.layers]
    shape = list(trainer.theta.shape)
    return json.loads(json.dumps({**plain, "lr": rate, "hyper": hyper, "layers": layers, "shape": shape}))  # type: ignore[no-any-return]


def _rngs(trainer: Any) -> list[np.random.Generator]:
    return [trainer.rng] if isinstance(trainer.rng, np.random.Generator) else list(trainer.rng)


def _plateau(trainer: Any) -> list[Any] | None:
    lr = trainer.lr
    return [float(lr.lr).hex(), float(lr.best).hex(), lr.waited] if isinstance(lr, Plateau) else None


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "checkpoints need safetensors, which is not installed: pip install safetensors"
        ) from error
    return safetensors.numpy
