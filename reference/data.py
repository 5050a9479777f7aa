"""The data of the examples: real digits, the exclusive or, noisy labels, and a published table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import _checks as check

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Split:
    """Training and held-out examples: inputs `(examples, features)`, integer labels `(examples,)`."""

    train_inputs: Array
    train_labels: Array
    test_inputs: Array
    test_labels: Array


def digits(rng: np.random.Generator, *, held_out: float = 0.2, dtype: Any = np.float64) -> Split:
    """Return scikit-learn's 1,797 8x8 digits in random order, pixels scaled from 0..16 to 0..1, a fifth held out.

    Args:
        rng: draws the order, so that the same seed holds out the same images.
        held_out: the fraction held out, in (0, 1).
        dtype: of the pixels.

    Raises:
        ValueError: `held_out` is not in (0, 1).
        ModuleNotFoundError: scikit-learn, which ships the images, is not installed.

    >>> split = digits(np.random.default_rng(0))
    >>> split.train_inputs.shape, split.test_inputs.shape
    ((1438, 64), (359, 64))
    """
    check.positive(held_out, "held_out")
    check.fraction(held_out, "held_out")
    sklearn = find_spec("sklearn")
    if sklearn is None or sklearn.origin is None:
        raise ModuleNotFoundError("the digits come with scikit-learn, which is not installed: pip install scikit-learn")
    # The file that its load_digits reads, which takes a second to import.
    rows = np.loadtxt(Path(sklearn.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    order = rng.permutation(len(rows))
    images = (rows[:, :-1] / 16.0).astype(dtype)[order]
    labels = rows[:, -1].astype(np.int64)[order]
    kept = len(images) - int(len(images) * held_out)
    return Split(images[:kept], labels[:kept], images[kept:], labels[kept:])


def xor(dtype: Any = np.float64) -> tuple[Array, Array]:
    """Return the four points of the square, `(4, 2)`, and whether their coordinates differ, `(4,)`.

    >>> inputs, labels = xor()
    >>> labels.tolist()
    [0, 1, 1, 0]
    """
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=dtype)
    return inputs, np.array([0, 1, 1, 0], dtype=np.int64)


def noisy_halfspace(
    rng: np.random.Generator, *, train: int = 40, test: int = 200, features: int = 8, flipped: float = 0.2
) -> Split:
    """Return Gaussian inputs whose label is whether the first coordinate is positive, wrong at random: to overfit on.

    Args:
        rng: draws everything.
        train, test: examples, at least 1 each.
        features: at least 1; all but the first are noise.
        flipped: the probability of a wrong label, in [0, 1); the best error that a classifier can have.

    Raises:
        ValueError: a size or the probability out of its range.

    >>> split = noisy_halfspace(np.random.default_rng(0), train=3, test=2, flipped=0.0)
    >>> split.train_inputs.shape, bool(((split.train_inputs[:, 0] > 0) == split.train_labels).all())
    ((3, 8), True)
    """
    for name, value in (("train", train), ("test", test), ("features", features)):
        check.at_least(value, 1, name)
    check.fraction(flipped, "flipped")
    inputs = rng.standard_normal((train + test, features))
    labels = ((inputs[:, 0] > 0) != (rng.random(train + test) < flipped)).astype(np.int64)
    return Split(inputs[:train], labels[:train], inputs[train:], labels[train:])


class Reported(NamedTuple):
    """A network's steps to a target accuracy, None where it never came there, and the best accuracy that it had."""

    network: str
    steps: float | None
    accuracy: float


#: Ioffe and Szegedy 2015, figure 3: millions of steps to 72.2 %, and the best accuracy in percent.
BATCH_NORM_ON_IMAGENET = (
    Reported("Inception", 31.0, 72.2),
    Reported("BN-Baseline", 13.3, 72.7),
    Reported("BN-x5", 2.1, 73.0),
    Reported("BN-x30", 2.7, 74.8),
    Reported("BN-x5-Sigmoid", None, 69.8),
)
