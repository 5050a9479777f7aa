"""Every optimizer against its published formula in 50 digits, one number at a time, typed in apart from the code
under test.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf, sign, sqrt

from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from tests.test_reference_agreement import HYPER

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}


def sgd(g, theta, s, t, lr):
    return theta - lr * g


def heavy_ball(g, theta, s, t, lr, momentum):
    s["v"] = momentum * s.get("v", 0) - lr * g
    return theta + s["v"]


def heavy_ball_buffer(g, theta, s, t, lr, momentum, dampening):
    s["v"] = momentum * s.get("v", 0) + (1 - dampening) * g
    return theta - lr * s["v"]


def heavy_ball_two_term(g, theta, s, t, lr, momentum):
    new = theta - lr * g + momentum * (theta - s.get("before", theta))
    s["before"] = theta
    return new


def nesterov_shifted(g, theta, s, t, lr, momentum):
    s["v"] = momentum * s.get("v", 0) + g
    return theta - lr * (g + momentum * s["v"])


def delta_bar_delta(g, theta, s, t, lr, kappa, phi, decay):
    agreement = sign(g) * sign(s.get("m", 0))
    s["r"] = (s.get("r", lr) + kappa * (agreement > 0)) * (1 - phi * (agreement < 0))
    s["m"] = decay * s.get("m", 0) + (1 - decay) * g
    return theta - s["r"] * g


def adagrad(g, theta, s, t, lr, eps, initial_accumulator_value):
    s["s"] = s.get("s", initial_accumulator_value) + g**2
    return theta - lr * g / (sqrt(s["s"]) + eps)


def adadelta(g, theta, s, t, lr, rho, eps):
    s["s"] = rho * s.get("s", 0) + (1 - rho) * g**2
    update = sqrt(s.get("a", 0) + eps) / sqrt(s["s"] + eps) * g
    s["a"] = rho * s.get("a", 0) + (1 - rho) * update**2
    return theta - lr * update


def rmsprop(g, theta, s, t, lr, alpha, eps, eps_inside):
    s["s"] = alpha * s.get("s", 0) + (1 - alpha) * g**2
    return theta - lr * g / (sqrt(s["s"] + eps) if eps_inside else sqrt(s["s"]) + eps)


def rmsprop_centered(g, theta, s, t, lr, alpha, eps):
    s["s"] = alpha * s.get("s", 0) + (1 - alpha) * g**2
    s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
    return theta - lr * g / (sqrt(s["s"] - s["m"] ** 2) + eps)


def rmsprop_nesterov(g, theta, s, t, lr, momentum, alpha, eps):
    s["s"] = alpha * s.get("s", 0) + (1 - alpha) * g**2
    s["v"] = momentum * s.get("v", 0) - lr * g / (sqrt(s["s"]) + eps)
    return theta + s["v"]


def moments(g, s, t, betas):
    s["m"] = betas[0] * s.get("m", 0) + (1 - betas[0]) * g
    s["v"] = betas[1] * s.get("v", 0) + (1 - betas[1]) * g**2
    return s["m"] / (1 - betas[0] ** t), s["v"] / (1 - betas[1] ** t)


def adam(g, theta, s, t, lr, betas, eps):
    m, v = moments(g, s, t, betas)
    return theta - lr * m / (sqrt(v) + eps)


def adamw(g, theta, s, t, lr, betas, eps, weight_decay):
    return adam(g, theta, s, t, lr, betas, eps) - lr * weight_decay * theta


def amsgrad(g, theta, s, t, lr, betas, eps):
    m, _ = moments(g, s, t, betas)
    s["top"] = max(s.get("top", mpf(0)), s["v"])
    return theta - lr * m / (sqrt(s["top"] / (1 - betas[1] ** t)) + eps)


def nadam(g, theta, s, t, lr, betas, eps, eps_inside):
    _, v = moments(g, s, t, betas)
    ahead = betas[0] * s["m"] / (1 - betas[0] ** (t + 1)) + (1 - betas[0]) * g / (1 - betas[0] ** t)
    return theta - lr * ahead / (sqrt(v + eps) if eps_inside else sqrt(v) + eps)


FORMULAS = {
    "sgd": sgd,
    "heavy_ball": heavy_ball,
    "heavy_ball_buffer": heavy_ball_buffer,
    "heavy_ball_two_term": heavy_ball_two_term,
    # On given gradients the look-ahead form is the heavy ball: the look-ahead decides where they are taken.
    "nesterov": heavy_ball,
    "nesterov_shifted": nesterov_shifted,
    "delta_bar_delta": delta_bar_delta,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
    "rmsprop_centered": rmsprop_centered,
    "rmsprop_nesterov": rmsprop_nesterov,
    "adam": adam,
    "adamw": adamw,
    "amsgrad": amsgrad,
    "nadam": nadam,
}


def exact(value):
    """Return the hyperparameter as mpmath has it, from the same float."""
    return value if isinstance(value, bool) else tuple(map(mpf, value)) if isinstance(value, tuple) else mpf(value)


@pytest.mark.parametrize("name", sorted(by_hand.optimizers.OPTIMIZERS))
@pytest.mark.parametrize("side", SIDES)
def test_steps_follow_the_published_formula_for_150_steps(side, name):
    backend, array = SIDES[side]
    rng = np.random.default_rng(1)
    # Sizes from 1e-4 (below eps) to 10, zero gradients among them, and a rate that changes on the way.
    gradients = rng.normal(size=(150, 4)) * np.array([1e-4, 1e-2, 1.0, 10.0])
    gradients[40:60] = 0
    hyper = HYPER[name]
    theta, state = array(np.array([1.0, -0.5, 2.0, 3.0])), None
    with mpmath.workdps(50):
        expected, states = [mpf(x) for x in np.asarray(theta)], [{} for _ in range(4)]
        for t, g in enumerate(gradients, start=1):
            lr = hyper["lr"] * (0.5 if t > 90 else 1.0)
            theta, state = backend.optimizers.OPTIMIZERS[name].step(theta, array(g), state, **{**hyper, "lr": lr})
            given = {key: exact(value) for key, value in {**hyper, "lr": lr}.items()}
            expected = [
                FORMULAS[name](mpf(float(gk)), x, s, t, **given) for gk, x, s in zip(g, expected, states, strict=True)
            ]
        # Each of the 150 steps rounds theta and a dozen intermediate results once; the centered variance cancels, by
        # a factor that its eps of 1e-2 bounds.
        scale = np.array([max(abs(float(x)), 1.0) for x in expected])
        error = np.abs(np.asarray(theta) - np.array([float(x) for x in expected]))
        assert (error <= 150 * 16 * 2.0**-53 * scale).all()
        assert (np.abs(np.asarray(theta) - np.array([1.0, -0.5, 2.0, 3.0])) > 1e-6).all()


@pytest.mark.parametrize("name", ["nesterov", "rmsprop_nesterov"])
@pytest.mark.parametrize("side", SIDES)
def test_look_ahead_rules_take_their_gradient_ahead(side, name):
    # f = x^2 / 2, whose gradient is the point itself, in 50 digits: at theta + mu v.
    backend, array = SIDES[side]
    hyper = HYPER[name]
    run = backend.optimizers.minimize(lambda x: x, array(np.array([1.5])), name, steps=60, **hyper)
    with mpmath.workdps(50):
        x, s = mpf(1.5), {}
        given = {key: exact(value) for key, value in hyper.items()}
        for t in range(1, 61):
            x = FORMULAS[name](x + given["momentum"] * s.get("v", 0), x, s, t, **given)
    assert float(np.asarray(run.point)[0]) == pytest.approx(float(x), rel=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_a_rule_without_eps_leaves_a_parameter_without_gradients_alone(side):
    backend, array = SIDES[side]
    for name in ("adagrad", "rmsprop", "rmsprop_centered", "rmsprop_nesterov", "adam", "adamw", "amsgrad", "nadam"):
        hyper = {"eps": 0.0} | ({"weight_decay": 0.0} if name == "adamw" else {})
        theta, _ = backend.optimizers.OPTIMIZERS[name].step(array(np.array([7.0])), array(np.zeros(1)), lr=0.1, **hyper)
        assert np.asarray(theta).tolist() == [7.0], name


@pytest.mark.parametrize("side", SIDES)
def test_zero_dimensional_and_strided_parameters_step_like_any_other(side):
    backend, array = SIDES[side]
    rng = np.random.default_rng(3)
    theta, gradient = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    for name, rule in backend.optimizers.OPTIMIZERS.items():
        plain = np.asarray(rule.step(array(theta), array(gradient), **HYPER[name])[0])
        strided = np.asarray(rule.step(array(theta.T.copy()).T, array(gradient.T.copy()).T, **HYPER[name])[0])
        single = rule.step(array(np.array(theta[0, 0])), array(np.array(gradient[0, 0])), **HYPER[name])[0]
        assert np.abs(plain - strided).max() <= 4 * 2.0**-53 * np.abs(plain).max(), name
        assert float(single) == pytest.approx(plain[0, 0], rel=1e-15), name
        assert tuple(single.shape) == ()
