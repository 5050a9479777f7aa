"""The small functions of both trainers agree on random arrays, fleets among them, and mean what their formulas say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd

RNG = np.random.default_rng(0)
REALS, FLEET = RNG.normal(size=(5, 4)), RNG.normal(size=(3, 5, 4))
LABELS, FLEET_LABELS = RNG.integers(0, 4, 5), RNG.integers(0, 4, (3, 5))
CHANCES = RNG.uniform(0, 1, (5, 4))
STRENGTHS = np.array([0.1, 0.0, 2.0])
DISTRIBUTIONS = np.exp(FLEET) / np.exp(FLEET).sum(axis=-1, keepdims=True)
MASK = (RNG.uniform(size=(5, 4)) < 0.5).astype(np.int8)
WEIGHTS, BIAS = RNG.normal(size=(4, 6)), RNG.normal(size=6)

CALLS = [
    ("activations", "softmax", (FLEET,), {}),
    ("activations", "softmax_jacobian", (REALS,), {}),
    ("losses", "log_softmax", (FLEET,), {}),
    ("losses", "softmax_cross_entropy", (FLEET, FLEET_LABELS), {}),
    ("losses", "softmax_cross_entropy", (FLEET, LABELS), {}),
    ("losses", "softmax_cross_entropy_gradient", (FLEET, FLEET_LABELS), {}),
    ("losses", "softmax_cross_entropy_gradient", (FLEET, LABELS), {}),
    ("losses", "squared_error", (FLEET, REALS), {"fleet": True}),
    ("losses", "squared_error_gradient", (FLEET, REALS), {"fleet": True}),
    ("losses", "squared_error_gradient", (FLEET, FLEET[::-1].copy()), {}),
    ("losses", "binary_cross_entropy", (FLEET, CHANCES), {"fleet": True}),
    ("losses", "binary_cross_entropy_gradient", (FLEET, CHANCES), {"fleet": True}),
    ("losses", "zero_one_loss", (FLEET, LABELS), {}),
    ("generalization", "accuracy", (FLEET, LABELS), {}),
    ("generalization", "update_ratio", (FLEET, FLEET[::-1].copy()), {}),
    ("regularization", "l1_penalty", (FLEET, STRENGTHS), {}),
    ("regularization", "l1_penalty_gradient", (FLEET, STRENGTHS), {}),
    ("regularization", "l2_penalty", (FLEET, STRENGTHS), {}),
    ("regularization", "l2_penalty_gradient", (FLEET, STRENGTHS), {}),
    ("regularization", "activity_penalty", (REALS, 0.3), {}),
    ("regularization", "activity_penalty_gradient", (REALS, 0.3), {}),
    ("regularization", "soft_threshold", (REALS, 0.3), {}),
    ("ensembles", "ensemble_mean", (FLEET,), {}),
    ("ensembles", "weight_average", (FLEET,), {}),
    ("ensembles", "geometric_mean", (DISTRIBUTIONS,), {}),
    ("ensembles", "geometric_mean", (DISTRIBUTIONS, np.array([0.2, 0.3, 0.5])), {}),
    ("dropout", "dropout", (REALS, MASK, 0.3), {}),
    ("dropout", "dropout", (REALS, MASK, 0.3), {"inverted": False}),
    ("dropout", "dropout", (REALS, None, 0.3), {"inverted": False}),
    ("dropout", "dropout_gradient", (REALS, MASK, 0.3), {}),
    ("maxout", "maxout", (REALS, WEIGHTS, BIAS, 3), {}),
    ("maxout", "maxout_gradient", (RNG.normal(size=(5, 2)), REALS, WEIGHTS, BIAS, 3), {}),
    ("batch_norm", "batch_statistics", (FLEET,), {}),
    ("batch_norm", "batch_norm_inference", (REALS, BIAS[:4], BIAS[:4], BIAS[:4], CHANCES[0]), {}),
    ("convnets", "flatten", (RNG.normal(size=(2, 3, 4, 5)),), {}),
    ("clipping", "clip_global_norm", ([REALS, FLEET], 0.7), {}),
]


def on_torch(value):
    if isinstance(value, list):
        return [on_torch(part) for part in value]
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(("module", "function", "arguments", "options"), CALLS)
def test_both_sides_agree(module, function, arguments, options):
    ours = getattr(getattr(by_hand, module), function)(*arguments, **options)
    theirs = getattr(getattr(by_autograd, module), function)(*map(on_torch, arguments), **options)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, (tuple, list)) else [(ours, theirs)]
    for first, second in pairs:
        assert np.shape(first) == tuple(second.shape)
        # Sums of at most 60 terms of size one.
        assert np.abs(np.asarray(first) - second.numpy()).max() <= 60 * 2.0**-53 * max(1, np.abs(first).max())


SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, on_torch)}


@pytest.mark.parametrize("side", SIDES)
def test_a_fleets_losses_and_penalties_are_its_members(side):
    backend, array = SIDES[side]
    members = range(3)
    found = {
        "cross": backend.losses.softmax_cross_entropy(array(FLEET), array(FLEET_LABELS)),
        "squared": backend.losses.squared_error(array(FLEET), array(REALS), fleet=True),
        "binary": backend.losses.binary_cross_entropy(array(FLEET), array(CHANCES), fleet=True),
        "l1": backend.regularization.l1_penalty(array(FLEET), array(STRENGTHS)),
    }
    alone = {
        "cross": [backend.losses.softmax_cross_entropy(array(FLEET[m]), array(FLEET_LABELS[m])) for m in members],
        "squared": [backend.losses.squared_error(array(FLEET[m]), array(REALS)) for m in members],
        "binary": [backend.losses.binary_cross_entropy(array(FLEET[m]), array(CHANCES)) for m in members],
        "l1": [backend.regularization.l1_penalty(array(FLEET[m]), float(STRENGTHS[m])) for m in members],
    }
    for name, values in found.items():
        assert np.asarray(values) == pytest.approx([float(value) for value in alone[name]], rel=1e-14), name


@pytest.mark.parametrize("side", SIDES)
def test_penalties_and_thresholds_are_their_formulas(side):
    backend, array = SIDES[side]
    weights = np.array([[1.5, -2.0], [0.0, 0.25]])
    regularization = backend.regularization
    assert float(regularization.l1_penalty(array(weights), 2.0)) == 2 * 3.75
    assert float(regularization.l2_penalty(array(weights), 2.0)) == 2 * (2.25 + 4 + 0.0625)
    assert np.asarray(regularization.l1_penalty_gradient(array(weights), 2.0)).tolist() == [[2, -2], [0, 2]]
    assert np.asarray(regularization.l2_penalty_gradient(array(weights), 2.0)).tolist() == [[6, -8], [0, 1]]
    assert np.asarray(regularization.soft_threshold(array(weights), 0.5)).tolist() == [[1, -1.5], [0, 0]]
    assert float(regularization.activity_penalty(array(weights), 2.0)) == 3.75  # 2 times 3.75 over a batch of two
    with pytest.raises(ValueError, match=r"strength must be non-negative, got strength=-1.0"):
        regularization.l1_penalty(array(weights), -1.0)


@pytest.mark.parametrize("side", SIDES)
def test_maxout_gradient_is_a_difference_of_its_value(side):
    backend, array = SIDES[side]
    upstream = RNG.normal(size=(5, 2))
    arguments = [REALS, WEIGHTS, BIAS]
    found = backend.maxout.maxout_gradient(array(upstream), *map(array, arguments), 3)
    for index, part in enumerate(found):
        direction = RNG.normal(size=arguments[index].shape)
        values = []
        for h in (-1e-6, 1e-6):
            moved = [array(x + h * direction) if k == index else array(x) for k, x in enumerate(arguments)]
            values.append(float((np.asarray(backend.maxout.maxout(*moved, 3)) * upstream).sum()))
        # Piecewise bilinear, and no tie within 1e-6 for this seed: only rounding, eps / h, is left.
        assert (np.asarray(part) * direction).sum() == pytest.approx((values[1] - values[0]) / 2e-6, rel=1e-8, abs=1e-8)
