"""Oracles: three precisions, one value; sizes and free indices; clear errors."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from backproof.derivations import oracle

ENSEMBLE, SOFTMAX, DESCENT = (
    "ensemble-mean-squared-error",
    "softmax-cross-entropy-gradient",
    "gradient-descent-optimal-step",
)


def test_a_rational_value_is_exact() -> None:
    # 3/4 + 3/4 * 1 = 3/2
    assert oracle(ENSEMBLE, "mean squared error").exact(k=4, v=3, c=1) == Fraction(3, 2)


def test_a_float_is_the_rational_that_it_is() -> None:
    assert oracle(ENSEMBLE, "mean squared error").exact(k=1, v=0.1, c=0) == Fraction(0.1)


def test_an_irrational_value_is_not_exact() -> None:
    with pytest.raises(ValueError, match="irrational"):
        oracle(SOFTMAX, "gradient").exact(a=[0, 1], y=1)


def test_a_free_index_gives_the_whole_vector_at_every_precision() -> None:
    # softmax(0, log 3) = (1/4, 3/4), less the one-hot vector of class 1
    logits = [0.0, float(np.log(3))]
    expected = np.array([-0.75, 0.75])
    assert np.abs(oracle(SOFTMAX, "gradient").float64(a=logits, y=1) - expected).max() < 1e-15
    assert np.abs(np.asarray(oracle(SOFTMAX, "gradient").mpf(a=logits, y=1), dtype=float) - expected).max() < 1e-15


def test_two_free_indices_give_a_matrix() -> None:
    hessian = oracle(SOFTMAX, "hessian").float64(a=[0.0, 0.0], y=2)
    assert hessian.tolist() == [[0.25, -0.25], [-0.25, 0.25]]


def test_logits_of_ten_thousand_do_not_overflow() -> None:
    gradient = oracle(SOFTMAX, "gradient").float64(a=[1e4, -1e4, 0.0], y=1)
    assert np.abs(gradient).max() < 1e-300


def test_double_sums_and_products_are_evaluated_as_wholes() -> None:
    # A = [[2, 3], [3, 4]], x = (1, 1), x* = 0: 1/2 x'Ax = 6
    gap = oracle("quadratic-minimum", "gap")
    half = np.array([[1.0, 2.0], [1.0, 2.0]])
    assert float(gap.float64(R=half, x=[1.0, 1.0], xstar=[0.0, 0.0])) == 6.0
    assert gap.exact(R=half, x=[1, 1], xstar=[0, 0]) == 6


def test_recursions_are_followed() -> None:
    value = oracle("momentum-forms", "velocity and buffer form have the same iterates")
    # lr 1, alpha 1/2, gradients 1: velocities 1, 3/2, so 0 - 1 - 3/2
    assert value.exact(alpha=Fraction(1, 2), lr=1, theta0=0, g=[1, 1, 0, 0], n=2, k=2) == Fraction(-5, 2)


def test_an_upper_limit_is_read_off_an_equivalence() -> None:
    stable = oracle("heavy-ball-stability", "stable exactly for alpha < 1 and 0 < h < 2 (1 + alpha)")
    assert stable.upper_limit("h", alpha=0.5) == 3.0
    with pytest.raises(ValueError, match="bounds x0 by nothing"):
        stable.upper_limit("x0", alpha=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 2, "v": 1, "z0": 1}, "no symbol 'z0'"),
        ({"k": 2, "v": float("nan"), "c": 0}, "finite"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        oracle(ENSEMBLE, "mean squared error").float64(**arguments)


def test_vectors_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="x0 must have d = 2 entries"):
        oracle(DESCENT, "iterate").float64(lambda_min=1, gap=1, u=[0, 1], eta=0.1, k=1, x0=[1, 2, 3])


def test_an_unknown_claim_names_the_claims() -> None:
    with pytest.raises(ValueError, match="mean squared error"):
        oracle(ENSEMBLE, "variance")
