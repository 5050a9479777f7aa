"""float32 stays within a bound of the float64 run that is computed before the float32 run is looked at.

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
from backproof.reference.architecture import perceptron
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


# ---- rules -----------------------------------------------------------------------------------------------------------

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


# ---- networks --------------------------------------------------------------------------------------------------------

NETWORK = perceptron((3, 7, 5, 4), "tanh")
STEPS, LR = 12, 0.1
INPUTS, LABELS = np.random.default_rng(3).normal(size=(11, 3)).astype(np.float32), np.arange(11) % 4
THETA = by_hand.initialization.initial_parameters(NETWORK, np.random.default_rng(4)).astype(np.float32)
#: Unit roundoffs that tanh or exp may be off by: 4 units in the last place, as vectorized libraries state.
ELEMENTARY = 8


def exact(x, unit):
    return Bounded(x, np.zeros_like(x), unit)


def product(a, b):
    """The matrix product; a sum of n products of any order is exact to n units of the sum of their sizes."""
    size = np.abs(a.value) @ np.abs(b.value)
    inherited = np.abs(a.value) @ b.error + a.error @ np.abs(b.value) + a.error @ b.error
    return Bounded(a.value @ b.value, inherited + a.value.shape[-1] * a.unit * size, a.unit)


def total(a):
    """The sum over the examples."""
    error = a.error.sum(0) + len(a.value) * a.unit * np.abs(a.value).sum(0)
    return Bounded(a.value.sum(0), error, a.unit)


def elementary(function, a, slope):
    """function(a), for a slope that bounds the derivative within a's error."""
    value = function(a.value)
    return Bounded(value, slope * a.error + ELEMENTARY * a.unit * np.abs(value), a.unit)


def transposed(a):
    return Bounded(a.value.T, a.error.T, a.unit)


def softmax(z):
    """exp(z_i) / sum of exp(z_j): logits off by d each change it by a factor of exp(2 d) at most."""
    shifted = z.value - z.value.max(-1, keepdims=True)
    powers = np.exp(shifted)
    value = powers / powers.sum(-1, keepdims=True)
    # Roundings: the shift (of its size), the power, as many as there are terms in the sum, the quotient.
    units = np.abs(shifted).max(-1, keepdims=True) + ELEMENTARY + z.value.shape[-1] + 1
    return Bounded(value, value * (np.expm1(2 * z.error.max(-1, keepdims=True)) + 2 * units * z.unit), z.unit)


def update(theta, unit):
    """One step of gradient descent by the equations of backpropagation, from a theta without error."""
    weights = [[exact(part, unit) for part in parts] for parts in NETWORK.views(theta) if parts]
    activations = [exact(INPUTS, unit)]
    for index, (w, b) in enumerate(weights):
        z = product(activations[-1], w) + b
        activations.append(elementary(np.tanh, z, 1.0) if index < len(weights) - 1 else softmax(z))
    delta, new = (activations.pop() - np.eye(4)[LABELS]) / len(INPUTS), []
    for w, b in reversed(weights):
        a = activations.pop()
        new = [w - LR * product(transposed(a), delta), b - LR * total(delta), *new]
        delta = product(delta, transposed(w)) * (1 - a * a)
    return (np.concatenate([getattr(part, field).ravel() for part in new]) for field in ("value", "error"))


@pytest.fixture(scope="module")
def network_bound():
    """The bound on theta after all steps in float32: what each step adds, times what the later steps make of it.

    A later step multiplies an error by its Jacobian I - lr H, here by central differences in extended precision.
    """
    theta, added, jacobians, h = THETA.astype(np.longdouble), [], [], 1e-6 * np.eye(len(THETA))
    for _ in range(STEPS):
        jacobians.append([(next(update(theta + e, SINGLE)) - next(update(theta - e, SINGLE))) / 2e-6 for e in h])
        theta, error = update(theta, SINGLE)
        added.append(error)
    bound, later = 0.0, np.eye(len(THETA))
    for error, columns in zip(reversed(added), reversed(jacobians), strict=True):
        bound = bound + np.abs(later) @ error
        later = later @ np.array(columns).T
    # The float64 run has an error too, smaller by the ratio of the units.
    return COEFFICIENTS * bound.astype(float) * (1 + DOUBLE / SINGLE)


def trained(side, theta, dtype, steps=STEPS):
    backend, array = side
    run = backend.training.train(
        NETWORK,
        array(theta.astype(dtype)),
        array(INPUTS.astype(dtype)),
        array(LABELS),
        epochs=steps,
        batch_size=len(INPUTS),
        rng=np.random.default_rng(0),
        optimizer="sgd",
        lr=LR,
    )
    return np.asarray(run.theta)


def test_a_network_in_float32_stays_within_its_bound(side, network_bound):
    double = trained(side, THETA, np.float64)
    assert (np.abs(trained(side, THETA, np.float32) - double) <= network_bound).all()
    # Training went somewhere, and parameters kept in half precision leave the bound.
    assert np.abs(double - THETA).max() > 0.1
    coarse = THETA
    for _ in range(STEPS):
        coarse = half(trained(side, coarse, np.float32, steps=1))
    assert (np.abs(coarse - double) > network_bound).any()
