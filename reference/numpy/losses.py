"""Losses over a batch and their gradients with respect to the network's outputs.

Every loss is a mean: cross entropies over the examples, squared error over all entries (no factor 1/2). A fleet's
    members have a
loss each, shape `(fleet,)`: the softmax reads that from its third axis, the losses of reals from `fleet=True`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _checks as check
from .activations import sigmoid

Array = np.ndarray[Any, Any]


def log_softmax(logits: Array) -> Array:
    """Return a_k - log sum_j e^a_j along the last axis, finite for every finite logit.

    >>> log_softmax(np.array([0.0, 0.0])) / np.log(2.0)
    array([-1., -1.])
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def softmax_cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean over the batch of -log softmax(a)_y, a scalar (or `(fleet,)`).

    Args:
        logits: scores a, `(batch, classes)`, or `(fleet, batch, classes)`; stable up to +-1e4 and beyond.
        labels: class indices y in [0, classes), `(batch,)`, or `(fleet, batch)`.

    Raises:
        ValueError: no example, logits not finite, a label out of range, shapes that do not fit.

    torch.nn.functional.cross_entropy is the same; Keras' default takes probabilities, not logits.

    >>> round(float(softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))), 6)
    0.693147
    """
    _check_scores(logits, labels)
    value: Array = _softmax_cross_entropy(logits, labels)[0]
    return value


def softmax_cross_entropy_gradient(logits: Array, labels: Array) -> Array:
    """Return (softmax(a) - e(y)) / batch, shape of the logits; each row sums to 0.

    >>> softmax_cross_entropy_gradient(np.array([[0.0, 0.0]]), np.array([1]))
    array([[ 0.5, -0.5]])
    """
    _check_scores(logits, labels)
    return _softmax_cross_entropy(logits, labels)[1]


def _check_scores(logits: Array, labels: Array) -> None:
    check.not_empty(logits, "logits")
    check.finite(logits, "logits")
    if logits.ndim < 2 or labels.shape not in (logits.shape[:-1], logits.shape[-2:-1]):
        raise ValueError(
            f"labels must have one class an example of logits.shape={logits.shape}, got labels.shape={labels.shape}"
        )
    check.labels(labels, logits.shape[-1])


def _softmax_cross_entropy(logits: Array, labels: Array) -> tuple[Any, Array]:
    """Value and gradient from one softmax, unchecked: the trainer's inner loop."""
    examples, (batch, classes) = logits.shape[:-1], logits.shape[-2:]
    gradient = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)
    flat = gradient.reshape(-1)
    at_label = np.arange(0, flat.size, classes).reshape(examples) + labels
    chosen = flat[at_label]
    np.exp(gradient, out=gradient)
    total = np.add.reduce(gradient, axis=-1, keepdims=True)
    value = np.add.reduce(np.log(total[..., 0]) - chosen, axis=-1) / batch
    total *= batch
    gradient /= total
    flat[at_label] -= 1 / batch
    return value, gradient


def squared_error(outputs: Array, targets: Array, *, fleet: bool = False) -> Array:
    """Return the mean over all entries of (s - t)^2, a scalar (or `(fleet,)`).

    Args:
        outputs: s, any shape.
        targets: t, of one member's shape, or of the outputs'.

    The decks print sums or halves in places; the mean without 1/2 is torch's and scikit-learn's.

    >>> float(squared_error(np.array([1.0, 3.0]), np.array([0.0, 0.0])))
    5.0
    """
    _check_reals(outputs, targets, fleet)
    value: Array = _squared_error(outputs, targets, fleet)[0]
    return value


def squared_error_gradient(outputs: Array, targets: Array, *, fleet: bool = False) -> Array:
    """Return 2 (s - t) / entries, shape of the outputs.

    >>> squared_error_gradient(np.array([1.0, 3.0]), np.array([0.0, 0.0]))
    array([1., 3.])
    """
    _check_reals(outputs, targets, fleet)
    return _squared_error(outputs, targets, fleet)[1]


def binary_cross_entropy(logits: Array, targets: Array, *, fleet: bool = False) -> Array:
    """Return the mean of log(1 + e^a) - t a = -t log s - (1 - t) log(1 - s) with s = sigmoid(a), stable for every
    finite a.

    Args:
        logits: a, any shape, usually `(batch,)`.
        targets: probabilities t in [0, 1], of one member's shape or of the logits'.

    >>> round(float(binary_cross_entropy(np.array([0.0]), np.array([1.0]))), 6)
    0.693147
    """
    _check_probabilities(logits, targets, fleet)
    value: Array = _binary_cross_entropy(logits, targets, fleet)[0]
    return value


def binary_cross_entropy_gradient(logits: Array, targets: Array, *, fleet: bool = False) -> Array:
    """Return (sigmoid(a) - t) / entries, shape of the logits.

    >>> binary_cross_entropy_gradient(np.array([0.0, 0.0]), np.array([1.0, 0.0]))
    array([-0.25,  0.25])
    """
    _check_probabilities(logits, targets, fleet)
    return _binary_cross_entropy(logits, targets, fleet)[1]


def zero_one_loss(logits: Array, labels: Array) -> Array:
    """Return the fraction of examples whose largest logit (the first, on ties) is not the label's; 1 - accuracy.

    Its gradient is 0 wherever it exists, so that nothing trains on it.

    >>> float(zero_one_loss(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0])))
    0.5
    """
    _check_scores(logits, labels)
    wrong: Array = (logits.argmax(axis=-1) != labels).mean(axis=-1)
    return wrong


def _check_reals(outputs: Array, targets: Array, fleet: bool) -> None:
    check.not_empty(outputs, "outputs")
    check.finite(outputs, "outputs")
    check.finite(targets, "targets")
    if targets.shape not in (outputs.shape, outputs.shape[1:] if fleet else outputs.shape):
        raise ValueError(f"targets must have the shape of outputs, {outputs.shape}, got targets.shape={targets.shape}")


def _check_probabilities(logits: Array, targets: Array, fleet: bool) -> None:
    _check_reals(logits, targets, fleet)
    bad = (targets < 0) | (targets > 1)
    if bad.any():
        raise ValueError(f"targets must be in [0, 1], got targets={targets[bad].flat[0]}")


def _squared_error(outputs: Array, targets: Array, fleet: bool) -> tuple[Any, Array]:
    gradient = outputs - targets
    entries = gradient.size // (len(gradient) if fleet else 1)
    axes = tuple(range(int(fleet), gradient.ndim))
    value = np.square(gradient).sum(axis=axes) / entries
    gradient *= 2 / entries
    return value, gradient


def _binary_cross_entropy(logits: Array, targets: Array, fleet: bool) -> tuple[Any, Array]:
    entries = logits.size // (len(logits) if fleet else 1)
    axes = tuple(range(int(fleet), logits.ndim))
    # log(1 + e^a) - t a without overflow, and without the cancellation of a - t a when t is 1.
    terms = np.log1p(np.exp(-np.abs(logits))) + np.where(logits > 0, (1 - targets) * logits, -targets * logits)
    return terms.sum(axis=axes) / entries, (sigmoid(logits) - targets) / entries


def _softmax_in_fleet(logits: Array, labels: Array, fleet: bool) -> tuple[Any, Array]:
    return _softmax_cross_entropy(logits, labels)


#: Value and gradient at once, `(outputs, targets, fleet)`, by the name that the trainer takes.
LOSSES: dict[str, Callable[[Array, Array, bool], tuple[Any, Array]]] = {
    "softmax_cross_entropy": _softmax_in_fleet,
    "squared_error": _squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
}
