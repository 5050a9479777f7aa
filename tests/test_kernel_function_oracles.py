"""A theorem about any activation has oracles for each: the function and its derivatives are arguments."""

from __future__ import annotations

import mpmath
import numpy as np

from backproof.derivations import oracle


def test_hidden_weight_gradient_of_a_tanh_network_is_the_backward_pass():
    rng = np.random.default_rng(0)
    first, bias, second, shift, x = (rng.normal(size=shape) for shape in ((3, 2), 3, (4, 3), 4, 2))
    tanh = (mpmath.tanh, lambda z: 1 - mpmath.tanh(z) ** 2)
    gradient = oracle("hidden-layer-gradients", "hidden weights").float64(
        phi=tanh, W=first, b=bias, V=second, c=shift, x=x, y=2
    )
    hidden = np.tanh(first @ x + bias)
    logits = second @ hidden + shift
    error = np.exp(logits) / np.exp(logits).sum() - np.eye(4)[1]  # class 2, counted from 1
    expected = np.outer((second.T @ error) * (1 - hidden**2), x)
    # a product of at most 4 terms each of size below 10, in float64
    assert np.abs(gradient - expected).max() < 1e-13
