"""A rule in float32 stays within a bound of the float64 run that is computed before the float32 run is looked at.

The bound is a first-order analysis (Higham 2002, section 3): each operation of the published formula adds a unit
roundoff of its result, 2^-24, to what its operands bring along, and a sum of n terms n of them, in whatever order.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backproof.properties.subjects.rounding import Bounded, maximum, sqrt
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from tests import test_reference_rules as published
from tests.test_reference_agreement import HYPER

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}
SINGLE, DOUBLE = 2.0**-24, 2.0**-53
#: Where a formula multiplies by a coefficient once, an implementation may round the coefficient as well.
COEFFICIENTS = 2


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param]


def half(x):
    """Return the array as it comes back from half precision."""
    return x.half().to(x.dtype) if isinstance(x, torch.Tensor) else x.astype(np.float16).astype(x.dtype)


# Near 0, where the parameters' own rounding does not hide that of the steps.
START = np.array([1.0, -0.5, 2.0, 3.0], np.float32) / 64
# Sizes from below eps to 10, zeros among them.
GRADIENTS = (np.random.default_rng(1).normal(size=(100, 4)) * [1e-4, 1e-2, 1.0, 10.0]).astype(np.float32)
GRADIENTS[40:50] = 0


def descend(side, name, dtype, kept=lambda x: x, **changes):
    """The path of a rule in one precision; `kept` is what becomes of its state (of theta where it has none) between
    the steps.
    """
    backend, array = side
    rule, theta, state, path = backend.optimizers.OPTIMIZERS[name], array(START.astype(dtype)), None, []
    for gradient in GRADIENTS:
        theta, state = rule.step(theta, array(gradient.astype(dtype)), state, **{**HYPER[name], **changes})
        state = type(state)(state.step, *(kept(getattr(state, key)) for key in rule.array_names))
        theta = theta if rule.array_names else kept(theta)
        path.append(np.asarray(theta, dtype=float))
    return np.array(path)


def rule_bound(name, unit, monkeypatch):
    """The bound on each step's error, in the arithmetic of numbers that carry theirs."""
    monkeypatch.setattr(published, "sqrt", sqrt)
    monkeypatch.setattr(published, "max", maximum, raising=False)
    monkeypatch.setattr(published, "sign", lambda x: np.sign(getattr(x, "value", x)))
    theta, state, bounds = Bounded(START, 0, unit), {"top": Bounded(0, 0, unit)}, []
    for t, gradient in enumerate(GRADIENTS, start=1):
        theta = published.FORMULAS[name](Bounded(gradient, 0, unit), theta, state, t, **HYPER[name])
        bounds.append(COEFFICIENTS * theta.error.astype(float))
    return np.array(bounds)


@pytest.mark.parametrize("name", sorted(HYPER))
def test_a_rule_in_float32_stays_within_its_bound(side, name, monkeypatch):
    bound = rule_bound(name, SINGLE, monkeypatch) + rule_bound(name, DOUBLE, monkeypatch)
    double = descend(side, name, np.float64)
    assert (np.abs(descend(side, name, np.float32) - double) <= bound).all()
    # The bound is one of float32, not of anything: what is kept in half precision leaves it.
    assert (np.abs(descend(side, name, np.float32, kept=half) - double) > bound).any()


@pytest.mark.parametrize(
    "name", [name for name, hyper in sorted(HYPER.items()) if "eps" in hyper and name != "adadelta"]
)
def test_eps_on_the_other_side_of_the_root_leaves_the_bound(side, name, monkeypatch):
    bound = rule_bound(name, SINGLE, monkeypatch) + rule_bound(name, DOUBLE, monkeypatch)
    swapped = descend(side, name, np.float32, eps_inside=not HYPER[name].get("eps_inside", False))
    assert (np.abs(swapped - descend(side, name, np.float64)) > bound).any()
