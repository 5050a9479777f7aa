"""Losses over a batch; their gradients with respect to the network's outputs by autograd.

Every loss is a mean: cross entropies over the examples, squared error over all entries (no factor 1/2). A fleet's
    members have a
loss each, shape `(fleet,)`: the softmax reads that from its third axis, the losses of reals from `fleet=True`. Values
can be differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .. import _checks as check


def log_softmax(logits: Tensor) -> Tensor:
    """Return a_k - log sum_j e^a_j along the last axis, finite for every finite logit.

    >>> log_softmax(torch.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """
    return torch.log_softmax(logits, dim=-1)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over the batch of -log softmax(a)_y, a scalar (or `(fleet,)`).

    Args:
        logits: scores a, `(batch, classes)`, or `(fleet, batch, classes)`; stable up to +-1e4 and beyond.
        labels: class indices y in [0, classes), `(batch,)`, or `(fleet, batch)`.

    Raises:
        ValueError: no example, logits not finite, a label out of range, shapes that do not fit.

    >>> float(softmax_cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1])))
    0.6931471824645996
    """
    _check_scores(logits, labels)
    return _softmax_cross_entropy(logits, labels)


def softmax_cross_entropy_gradient(logits: Tensor, labels: Tensor) -> Tensor:
    """Return (softmax(a) - e(y)) / batch, shape of the logits; each row sums to 0.

    >>> softmax_cross_entropy_gradient(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))
    tensor([[ 0.5000, -0.5000]])
    """
    _check_scores(logits, labels)
    return _gradient(_softmax_cross_entropy, logits, labels)


def _check_scores(logits: Tensor, labels: Tensor) -> None:
    check.not_empty(logits, "logits")
    check.finite(logits, "logits")
    if logits.ndim < 2 or labels.shape not in (logits.shape[:-1], logits.shape[-2:-1]):
        raise ValueError(
            f"labels must have one class an example of logits.shape={tuple(logits.shape)}, "
            f"got labels.shape={tuple(labels.shape)}"
        )
    check.labels(labels, logits.shape[-1])


def _gradient(loss: Callable[..., Tensor], outputs: Tensor, *arguments: Any) -> Tensor:
    with torch.enable_grad():
        leaf = outputs.detach().requires_grad_()
        return torch.autograd.grad(loss(leaf, *arguments).sum(), leaf)[0]


def _softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.ndim == 2:
        return functional.cross_entropy(logits, labels.long())
    labels = labels.long().expand(logits.shape[:-1]).reshape(-1)
    each = functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels, reduction="none")
    return each.reshape(logits.shape[:-1]).mean(dim=-1)


def squared_error(outputs: Tensor, targets: Tensor, *, fleet: bool = False) -> Tensor:
    """Return the mean over all entries of (s - t)^2, a scalar (or `(fleet,)`).

    Args:
        outputs: s, any shape.
        targets: t, of one member's shape, or of the outputs'.

    >>> float(squared_error(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0])))
    5.0
    """
    _check_reals(outputs, targets, fleet)
    return _squared_error(outputs, targets, fleet)


def squared_error_gradient(outputs: Tensor, targets: Tensor, *, fleet: bool = False) -> Tensor:
    """Return 2 (s - t) / entries, shape of the outputs.

    >>> squared_error_gradient(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor([1., 3.])
    """
    _check_reals(outputs, targets, fleet)
    return _gradient(_squared_error, outputs, targets, fleet)


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, fleet: bool = False) -> Tensor:
    """Return the mean of log(1 + e^a) - t a = -t log s - (1 - t) log(1 - s) with s = sigmoid(a), stable for every
    finite a.

    Args:
        logits: a, any shape, usually `(batch,)`.
        targets: probabilities t in [0, 1], of one member's shape or of the logits'.

    >>> float(binary_cross_entropy(torch.tensor([0.0]), torch.tensor([1.0])))
    0.6931471824645996
    """
    _check_probabilities(logits, targets, fleet)
    return _binary_cross_entropy(logits, targets, fleet)


def binary_cross_entropy_gradient(logits: Tensor, targets: Tensor, *, fleet: bool = False) -> Tensor:
    """Return (sigmoid(a) - t) / entries, shape of the logits.

    >>> binary_cross_entropy_gradient(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]))
    tensor([-0.2500,  0.2500])
    """
    _check_probabilities(logits, targets, fleet)
    return _gradient(_binary_cross_entropy, logits, targets, fleet)


def zero_one_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the fraction of examples whose largest logit (the first, on ties) is not the label's; 1 - accuracy.

    Its gradient is 0 wherever it exists, so that nothing trains on it; the value has no autograd history.

    >>> float(zero_one_loss(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0])))
    0.5
    """
    _check_scores(logits, labels)
    return (logits.detach().argmax(dim=-1) != labels).to(logits.dtype).mean(dim=-1)


def _check_reals(outputs: Tensor, targets: Tensor, fleet: bool) -> None:
    check.not_empty(outputs, "outputs")
    check.finite(outputs, "outputs")
    check.finite(targets, "targets")
    if targets.shape not in (outputs.shape, outputs.shape[1:] if fleet else outputs.shape):
        raise ValueError(
            f"targets must have the shape of outputs, {tuple(outputs.shape)}, got targets.shape={tuple(targets.shape)}"
        )


def _check_probabilities(logits: Tensor, targets: Tensor, fleet: bool) -> None:
    _check_reals(logits, targets, fleet)
    bad = (targets < 0) | (targets > 1)
    if bad.any():
        raise ValueError(f"targets must be in [0, 1], got targets={targets[bad].reshape(-1)[0].item()}")


def _mean(terms: Tensor, fleet: bool) -> Tensor:
    return terms.flatten(1).mean(dim=1) if fleet else terms.mean()


def _squared_error(outputs: Tensor, targets: Tensor, fleet: bool) -> Tensor:
    return _mean((outputs - targets) ** 2, fleet)


def _binary_cross_entropy(logits: Tensor, targets: Tensor, fleet: bool) -> Tensor:
    # binary_cross_entropy_with_logits subtracts two numbers of the size of the logit, which leaves 0 of log(1 + e^a)
    # for target 0 and a below -37; both terms here are of one sign.
    terms = -targets * functional.logsigmoid(logits) - (1 - targets) * functional.logsigmoid(-logits)
    return _mean(terms, fleet)


def _softmax_in_fleet(logits: Tensor, labels: Tensor, fleet: bool) -> Tensor:
    return _softmax_cross_entropy(logits, labels)


#: The unchecked loss, `(outputs, targets, fleet)`, by the name that the trainer takes.
LOSSES: dict[str, Callable[[Tensor, Tensor, bool], Tensor]] = {
    "softmax_cross_entropy": _softmax_in_fleet,
    "squared_error": _squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
}
