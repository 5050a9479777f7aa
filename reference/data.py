"""The data of the examples: real digits and the exclusive or."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits come with scikit-learn, which is not installed: pip install scikit-learn"
        ) from error
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(images))
    images = (images / 16.0).astype(dtype)[order]
    labels = labels.astype(np.int64)[order]
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
