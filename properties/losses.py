"""Laws of losses: softmax cross-entropy against the proved loss, gradient and curvature."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Scores, scores

THEOREM = "softmax-cross-entropy-gradient"


def gradient(backend: Backend, drawn: Scores) -> np.ndarray:
    logits, labels = backend.asarray(drawn.logits), backend.asarray(drawn.labels, "int64")
    return backend.to_numpy(backend.losses.softmax_cross_entropy_gradient(logits, labels))


def loss(backend: Backend, drawn: Scores) -> float:
    logits, labels = backend.asarray(drawn.logits), backend.asarray(drawn.labels, "int64")
    return float(backend.to_numpy(backend.losses.softmax_cross_entropy(logits, labels)))


@law(THEOREM)
@given(scores())
def test_the_loss_is_log_sum_exp_minus_the_logit_of_the_class(backend: Backend, drawn: Scores) -> None:
    expected = oracle(THEOREM, "loss")
    rows = [expected.float64(a=row, y=y + 1) for row, y in zip(drawn.logits, drawn.labels, strict=True)]
    # The sum has K terms, and the shifted logits carry a rounding of their own size each.
    tolerance = (drawn.logits.shape[1] + 8) * EPS * (1 + 2 * np.abs(drawn.logits).max())
    assert abs(loss(backend, drawn) - np.mean(rows)) <= tolerance


@law(THEOREM)
@given(scores())
def test_the_gradient_is_softmax_minus_one_hot_over_the_batch(backend: Backend, drawn: Scores) -> None:
    expected = oracle(THEOREM, "gradient")
    batch, classes = drawn.logits.shape
    rows = [expected.float64(a=row, y=y + 1) for row, y in zip(drawn.logits, drawn.labels, strict=True)]
    # A logit d below the largest is rounded by eps d in the exponent, and d e^-d < 1: absolutely, K + 16 roundings.
    assert np.abs(gradient(backend, drawn) - np.array(rows) / batch).max() <= (classes + 16) * EPS / batch


@law(THEOREM)
@given(scores())
def test_each_row_of_the_gradient_sums_to_0(backend: Backend, drawn: Scores) -> None:
    classes = drawn.logits.shape[1]
    assert np.abs(gradient(backend, drawn).sum(axis=1)).max() <= 2 * (classes + 16) * EPS


@law(THEOREM)
@given(scores(scale=30.0), st.floats(-1e6, 1e6))
def test_shifting_all_logits_changes_no_gradient(backend: Backend, drawn: Scores, shift: float) -> None:
    shifted = Scores(drawn.logits + shift, drawn.labels)
    # Adding the shift rounds each logit to eps (|shift| + |a|); the softmax Jacobian's rows sum to at most 1/2.
    tolerance = (drawn.logits.shape[1] + 16 + abs(shift) + 30) * EPS
    assert np.abs(gradient(backend, shifted) - gradient(backend, drawn)).max() <= tolerance


@law(THEOREM)
@given(scores(scale=30.0), scores(scale=30.0))
def test_the_gradient_is_monotone_because_the_hessian_is_positive_semidefinite(
    backend: Backend, drawn: Scores, other: Scores
) -> None:
    rows, columns = (min(a, b) for a, b in zip(drawn.logits.shape, other.logits.shape, strict=True))
    labels = drawn.labels[:rows] % columns
    a, b = (Scores(s.logits[:rows, :columns], labels) for s in (drawn, other))
    change = (gradient(backend, a) - gradient(backend, b)) * (a.logits - b.logits)
    assert change.sum() >= -4 * (columns + 16) * EPS * np.abs(a.logits - b.logits).sum()
