"""`backproof train`: a perceptron on the digits or on a table of your own, by either reference trainer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backproof.terminal import bad_input, output, progress

if TYPE_CHECKING:
    import numpy as np

    from backproof.reference.data import Split

HELD_OUT = 0.2


class Trainer(StrEnum):
    """Which reference trainer runs."""

    numpy = "numpy"
    torch = "torch"
    cuda = "cuda"


def train(
    data: Annotated[
        str,
        typer.Option(help="digits, or a CSV file of numbers: an example a line, its class from 0 in the last column."),
    ] = "digits",
    optimizer: Annotated[str, typer.Option(help="The update rule: sgd, adam, ...")] = "adam",
    trainer: Annotated[Trainer, typer.Option("--backend", help="Which trainer runs it.")] = Trainer.numpy,
    lr: Annotated[float, typer.Option(help="The learning rate, above 0.")] = 2e-3,
    epochs: Annotated[int, typer.Option(help="Passes over the training examples.")] = 30,
    hidden: Annotated[
        str, typer.Option(help="Sizes of the hidden layers, such as 128 or 64,32; empty for none.")
    ] = "128",
    batch_size: Annotated[int, typer.Option(help="Examples a step.")] = 32,
    dropout: Annotated[float, typer.Option(help="Probability of dropping a hidden unit, in [0, 1).")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the split, the start, the order and the masks.")] = 0,
) -> None:
    """Train a ReLU perceptron with softmax cross-entropy and print its accuracy on a held-out fifth.

    [bold]Examples[/bold]: backproof train; backproof train --optimizer sgd --lr 0.1 --backend torch --hidden 64,32
    """
    import numpy as np

    from backproof.properties import Backend
    from backproof.properties._backend import missing
    from backproof.reference.architecture import perceptron

    with bad_input():
        reason = missing(trainer)
        if reason:
            raise ValueError(reason)
        if seed < 0:
            raise ValueError(f"seed must be non-negative, got seed={seed}")
        splitting, running = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(2))
        split = examples(data, splitting)
        classes = 1 + int(max(split.train_labels.max(), split.test_labels.max()))
        network = perceptron((split.train_inputs.shape[1], *layer_sizes(hidden), classes), "relu", dropout=dropout)
        backend = Backend(trainer)
        place = {"device": "cuda"} if trainer is Trainer.cuda else {}
        run = backend.training.Trainer(
            network,
            backend.asarray(backend.initialization.initial_parameters(network, running)),
            backend.asarray(split.train_inputs),
            backend.asarray(split.train_labels, "int64"),
            batch_size=batch_size,
            rng=running,
            optimizer=optimizer,
            lr=lr,
            loss="softmax_cross_entropy",
            samples=None,
            hyper={},
            **place,
        )
        if epochs < 0:
            raise ValueError(f"epochs must be non-negative, got epochs={epochs}")
    with progress("epoch", epochs) as advance:
        for _ in range(epochs):
            run.epoch()
            if run.result().diverged is not None:
                break
            advance(f"loss {float(np.mean(run.history.losses[-run.history.steps_per_epoch :])):.4f}")
    result = run.result()
    # A run that diverged may overflow once more here; that it diverged is said below.
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = backend.backprop.forward(network, result.theta, backend.asarray(split.test_inputs))
    logits = backend.to_numpy(outputs)
    accuracy = float((logits.argmax(axis=-1) == split.test_labels).mean())
    count = f"{network.parameter_count} parameters, {result.steps} steps of {optimizer} on {trainer}"
    output().print(f"held-out accuracy {accuracy:.1%} of {len(split.test_labels)} examples ({count})", markup=False)
    if result.diverged is not None:
        output().print(f"diverged at step {result.diverged.step}; the accuracy is that of the last finite parameters")
        raise typer.Exit(1)


def examples(data: str, rng: np.random.Generator) -> Split:
    """Return the digits, or the rows of a CSV file, in random order with a fifth held out."""
    from backproof.reference.data import digits

    return digits(rng, held_out=HELD_OUT) if data == "digits" else table(Path(data), rng)


def table(path: Path, rng: np.random.Generator) -> Split:
    """Return the examples of a CSV file; its last column is the class."""
    import numpy as np

    from backproof.reference.data import Split

    if not path.is_file():
        raise ValueError(f"data must be digits or a CSV file, got no file at {str(path)!r}")
    try:
        rows: np.ndarray[Any, Any] = np.loadtxt(path, delimiter=",", ndmin=2)
    except ValueError as error:
        raise ValueError(f"data must be numbers separated by commas, got {path}: {error}") from None
    if rows.shape[0] < 2 or rows.shape[1] < 2:
        raise ValueError(f"data must have two lines and two columns or more, got {path} of shape {rows.shape}")
    labels = rows[:, -1]
    if not (np.isfinite(labels) & (labels >= 0) & (labels == np.floor(labels))).all():
        raise ValueError(f"data must have classes 0, 1, 2, ... in its last column, got {path}")
    # Before they are shuffled, so that the row is the file's.
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise ValueError(f"data must be finite, got {rows[row, column]} at row {row}, column {column} of {path}")
    order = rng.permutation(len(rows))
    kept = len(rows) - max(1, int(len(rows) * HELD_OUT))
    inputs, classes = rows[order, :-1], labels[order].astype(np.int64)
    return Split(inputs[:kept], classes[:kept], inputs[kept:], classes[kept:])


def layer_sizes(hidden: str) -> Sequence[int]:
    """Return the sizes that the option names."""
    sizes = [part.strip() for part in hidden.split(",") if part.strip()]
    if not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise ValueError(f"hidden must be positive sizes such as 128 or 64,32, got {hidden!r}")
    return [int(size) for size in sizes]
