"""Laws of regularization: penalties, weight decay, soft thresholds, early stopping, shared trunks."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backproof.derivations import oracle
from backproof.reference.architecture import Dense, Network, perceptron

from ._backend import Backend
from ._law import law
from .strategies import EPS, magnitudes, seeds

STRENGTHS = magnitudes(1e-6, 10.0)
VALUES = st.floats(-1e3, 1e3, allow_subnormal=False)
WEIGHTS = arrays(np.float64, st.integers(1, 12), elements=VALUES)


def ridge_data(seed: int, examples: int, features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Inputs, targets, weights and a bias for a linear model."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(examples, features)), rng.normal(size=examples), rng.normal(size=features), rng.normal()


def linear_gradient(
    backend: Backend, x: np.ndarray, y: np.ndarray, w: np.ndarray, b: float
) -> tuple[np.ndarray, np.ndarray, Network]:
    """theta, and the gradient of the mean squared error of x w + b, by the reference."""
    network = Network((Dense(len(w), 1),), (len(w),))
    theta = np.append(w, b)
    given_arrays = (backend.asarray(a) for a in (theta, x, y[:, None]))
    _, gradient = backend.backprop.loss_and_gradient(network, *given_arrays, loss="squared_error")
    return theta, backend.to_numpy(gradient), network


@law("penalized-gradient")
@given(arrays(np.float64, (2, 3, 2), elements=VALUES), STRENGTHS)
def test_the_gradient_of_the_l2_penalty_is_twice_the_strength_times_the_weight(
    backend: Backend, w: np.ndarray, strength: float
) -> None:
    measured = backend.to_numpy(backend.regularization.l2_penalty_gradient(backend.asarray(w), strength))
    one = oracle("penalized-gradient", "gradient of the squared norm").float64(W=w)
    assert np.abs(measured - strength * one).max() <= 4 * EPS * strength * np.abs(one).max()


@law("penalized-gradient")
@given(st.floats(-1e3, 1e3), STRENGTHS)
def test_the_penalties_are_the_negative_logarithms_of_their_priors(backend: Backend, w: float, strength: float) -> None:
    for name, prior, constant in (
        ("l2_penalty", "L2 is a Gaussian prior of variance 1/(2 alpha)", np.log(np.pi / strength) / 2),
        ("l1_penalty", "L1 is a Laplace prior of scale 1/alpha", np.log(2 / strength)),
    ):
        measured = float(backend.to_numpy(getattr(backend.regularization, name)(backend.asarray([w]), strength)))
        expected = float(oracle("penalized-gradient", prior).float64(w=w, alpha=strength))
        assert abs(measured + constant - expected) <= 16 * EPS * (measured + abs(constant) + 1)


@law("unpenalized-bias")
@given(seeds(), st.integers(1, 8), st.integers(1, 4), STRENGTHS)
def test_the_penalty_leaves_the_gradient_in_the_bias_alone(
    backend: Backend, seed: int, examples: int, features: int, strength: float
) -> None:
    x, y, w, b = ridge_data(seed, examples, features)
    theta, gradient, network = linear_gradient(backend, x, y, w, b)
    mask = backend.to_numpy(backend.regularization.weight_mask(network))
    decay = backend.to_numpy(backend.regularization.l2_penalty_gradient(backend.asarray(theta * mask), strength))
    # The reference takes the mean over the examples, the theorem their sum: alpha = n strength.
    arguments = {"x": x, "y": y, "w": w, "b": b, "alpha": examples * strength}
    weights = oracle("unpenalized-bias", "gradient in a weight").float64(**arguments) / examples
    bias = oracle("unpenalized-bias", "gradient in the bias").float64(**arguments) / examples
    measured, tolerance = gradient + decay, 64 * (examples + features) * EPS * (1 + strength) * 50
    assert np.abs(measured[:-1] - weights).max() <= tolerance
    assert abs(measured[-1] - float(bias)) <= tolerance


@law("l2-shrinkage")
@given(seeds(), st.integers(1, 8), st.integers(1, 4), magnitudes(1e-3, 1.0), STRENGTHS)
def test_a_step_with_weight_decay_shrinks_the_weights_and_steps_on_the_loss(
    backend: Backend, seed: int, examples: int, features: int, lr: float, decay: float
) -> None:
    x, y, w, b = ridge_data(seed, examples, features)
    theta, gradient, network = linear_gradient(backend, x, y, w, b)
    mask = backend.to_numpy(backend.regularization.weight_mask(network))
    # The theorem's loss is half the mean squared error, and its penalty lambda/2 |v|^2.
    penalty = backend.regularization.l2_penalty_gradient(backend.asarray(theta * mask), decay / 2)
    step, _ = backend.stochastic.sgd_step(backend.asarray(theta), backend.asarray(gradient / 2) + penalty, None, lr=lr)
    arguments = {"x": x, "y": y, "v": w, "b": b, "lambda": decay, "eta_v": lr}
    expected = [
        *oracle("l2-shrinkage", "weight decay step").float64(**arguments),
        float(oracle("l2-shrinkage", "the bias takes a plain step").float64(**arguments)),
    ]
    assert np.abs(backend.to_numpy(step) - expected).max() <= 64 * (examples + features) * EPS * (1 + lr * decay) * 50


@law("soft-threshold")
@given(VALUES, magnitudes(1e-3, 1e3), magnitudes(1e-3, 1e3))
def test_the_soft_threshold_minimizes_the_penalized_parabola(
    backend: Backend, z: float, alpha: float, h: float
) -> None:
    w = float(backend.to_numpy(backend.regularization.soft_threshold(backend.asarray([z]), alpha / h))[0])
    # The bound at w is the least value and h/2 (w - minimizer)^2, so two exact bounds give the minimizer.
    bound = oracle("soft-threshold", "minimizer")
    left, right = (bound.exact(h=h, z=z, alpha=alpha, w=side) for side in (-1, 1))
    minimizer = (left - right) / (2 * Fraction(h))
    assert abs(w - float(minimizer)) <= 8 * EPS * (abs(z) + alpha / h)


@law("weight-decay-coupled-and-decoupled")
@given(VALUES, VALUES, magnitudes(1e-3, 1.0), STRENGTHS)
def test_for_gradient_descent_coupled_and_decoupled_decay_are_one_step(
    backend: Backend, theta: float, g: float, lr: float, decay: float
) -> None:
    penalty = backend.regularization.l2_penalty_gradient(backend.asarray([theta]), decay / 2)
    step, _ = backend.stochastic.sgd_step(backend.asarray([theta]), backend.asarray([g]) + penalty, None, lr=lr)
    claim = oracle("weight-decay-coupled-and-decoupled", "SGD")
    expected = float(claim.float64(theta=theta, g=g, lr=lr, **{"lambda": decay}))
    assert abs(float(step[0]) - expected) <= 16 * EPS * (abs(theta) * (1 + lr * decay) + lr * abs(g))


@law("weight-decay-coupled-and-decoupled")
@given(st.sampled_from([-3.0, -0.5, 0.5, 2.0]), magnitudes(1e-2, 1e2), magnitudes(1e-3, 0.1), magnitudes(1e-2, 1.0))
def test_the_first_step_of_adamw_decays_beside_the_sign_of_the_gradient(
    backend: Backend, theta: float, g: float, lr: float, decay: float
) -> None:
    arrays_ = (backend.asarray([theta]), backend.asarray([g]))
    step, _ = backend.adaptive.adamw_step(*arrays_, None, lr=lr, eps=1e-30, weight_decay=decay)
    claim = oracle("weight-decay-coupled-and-decoupled", "first step of AdamW")
    expected = float(claim.float64(theta=theta, g=g, lr=lr, **{"lambda": decay}))
    assert abs(float(step[0]) - expected) <= 32 * EPS * (abs(theta) + lr)


@law("early-stopping-rule")
@given(st.lists(st.integers(0, 6), min_size=1, max_size=25), st.integers(1, 6))
def test_early_stopping_stops_patience_steps_after_the_first_best(
    backend: Backend, losses: list[int], patience: int
) -> None:
    stopping, stopped = backend.regularization.EarlyStopping(patience), None
    for step, loss in enumerate(losses):
        if stopping.update(float(loss)):
            stopped = step
            break
    seen = losses[: len(losses) if stopped is None else stopped + 1]
    assert stopping.best_step == seen.index(min(seen))
    waited = int(oracle("early-stopping-rule", "stops patience steps after the best").exact(i=patience))
    assert stopped is None or stopped == stopping.best_step + waited
    assert stopped is not None or len(losses) - 1 - stopping.best_step < waited


@law("early-stopping-is-ridge")
@given(seeds(), st.integers(1, 6), st.integers(0, 40), magnitudes(1e-3, 1.9))
def test_stopped_descent_is_a_spectral_filter_of_the_minimum(
    backend: Backend, seed: int, d: int, steps: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    h, minimum = rng.uniform(0.01, 1, d), rng.normal(size=d)
    eta = share / h.max()
    run = backend.quadratics.gradient_descent(
        backend.asarray(np.diag(h)), backend.asarray(np.zeros(d)), lr=eta, steps=max(steps, 1),
        linear=backend.asarray(h * minimum),
    )  # fmt: skip
    expected = oracle("early-stopping-is-ridge", "stopped descent is a spectral filter")
    filtered = expected.float64(eta=eta, h=h, k=steps, w_star=minimum)
    assert (
        np.abs(backend.to_numpy(run.path)[steps] - filtered).max() <= 32 * (steps + 1) * EPS * 4 * np.abs(minimum).max()
    )


@law("noise-is-ridge")
@given(seeds(), st.integers(1, 6), magnitudes(1e-3, 10.0))
def test_averaged_over_input_noise_the_squared_error_is_ridge(backend: Backend, seed: int, d: int, s: float) -> None:
    rng = np.random.default_rng(seed)
    x, w, y = rng.normal(size=d), rng.normal(size=d), rng.normal()
    signs = np.array(np.meshgrid(*[[-s, s]] * d)).reshape(d, -1).T  # 2^d equally likely noises of variance s^2
    outputs = backend.asarray(((x + signs) @ w)[:, None])
    measured = backend.losses.squared_error(outputs, backend.asarray(np.full((len(signs), 1), y)))
    expected = float(oracle("noise-is-ridge", "noise on the inputs").float64(s=s, x=x, w=w, y=y))
    size = (np.abs(x).sum() + d * s) * np.abs(w).sum() + abs(y)
    assert abs(float(backend.to_numpy(measured)) - expected) <= 16 * (2**d + d) * EPS * size**2


@law("multitask-gradient")
@given(seeds(), st.integers(1, 3), st.integers(1, 4))
def test_the_heads_gradients_add_up_in_the_trunk(backend: Backend, seed: int, heads: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    network = backend.multitask.Multitask(perceptron((2, units)), tuple(perceptron((units, 1)) for _ in range(heads)))
    trunk, tops = rng.normal(size=(2, units)), rng.normal(size=(heads, units))
    theta = np.concatenate([trunk.ravel(), np.zeros(units), *(np.append(v, 0.0) for v in tops)])
    x, y, weights = rng.normal(size=2), rng.normal(size=heads), rng.uniform(0.1, 2, heads)
    _, gradient = backend.multitask.multitask_loss_and_gradient(
        network,
        backend.asarray(theta),
        backend.asarray(x[None]),
        [backend.asarray([[target]]) for target in y],
        losses=["squared_error"] * heads,
        weights=list(weights),
    )
    # The theorem weighs half the squared error; phi is the identity, whose derivative is 1.
    claim = oracle("multitask-gradient", "the shared layer")
    arguments: dict[str, Any] = {"omega": 2 * weights, "y": y, "V": tops, "theta": trunk.T, "x": x}
    expected = claim.float64(**arguments, phi=(lambda z: z, lambda z: np.ones_like(z)))
    measured = backend.to_numpy(gradient)[: 2 * units].reshape(2, units).T
    assert np.abs(measured - expected).max() <= 64 * (units + heads) * EPS * (1 + np.abs(expected).max()) * 50


@law("unseen-directions")
@given(st.integers(1, 60), magnitudes(1e-3, 0.5), magnitudes(1e-3, 1.0), magnitudes(1e-3, 1e3))
def test_a_direction_without_data_only_decays(
    backend: Backend, steps: int, lr: float, decay: float, start: float
) -> None:
    x = np.array([[1.0, 0.0], [2.0, 0.0]])  # nothing is seen along the second axis
    theta = np.array([0.3, start, 0.0])
    for _ in range(steps):
        _, gradient, network = linear_gradient(backend, x, np.array([1.0, -1.0]), theta[:2], theta[2])
        mask = backend.to_numpy(backend.regularization.weight_mask(network))
        penalty = backend.regularization.l2_penalty_gradient(backend.asarray(theta * mask), decay / 2)
        step, _ = backend.stochastic.sgd_step(
            backend.asarray(theta), backend.asarray(gradient) + penalty, None, lr=lr / 10
        )
        theta = backend.to_numpy(step)
    claim = oracle("unseen-directions", "after k steps")
    expected = float(claim.float64(s_0=start, eta=lr / 10, k=steps, **{"lambda": decay}))
    assert abs(theta[1] - expected) <= 16 * (steps + 1) * EPS * start


@law("penalty-path-is-monotone")
@given(seeds(), st.integers(2, 12), st.integers(1, 4), STRENGTHS, STRENGTHS)
def test_more_penalty_fits_worse_and_weighs_less(
    backend: Backend, seed: int, examples: int, features: int, less: float, added: float
) -> None:
    x, y, _, _ = ridge_data(seed, examples, features)
    found = []
    for strength in (less, less + added):
        # One Newton step from 0 solves ridge; H = X'X/n + strength I and g = -X'y/n are those of half the mean square.
        hessian, gradient = x.T @ x / examples + strength * np.eye(features), -x.T @ y / examples
        w = backend.second_order.newton_step(*map(backend.asarray, (np.zeros(features), gradient, hessian)))
        loss = backend.losses.squared_error(backend.asarray(x) @ w, backend.asarray(y)) / 2
        penalty = backend.regularization.l2_penalty(w, 0.5)
        found.append([float(backend.to_numpy(part)) for part in (loss, penalty)])
    (loss, penalty), (worse, smaller) = found
    # The theorem's premise, minimality at both strengths, up to the rounding of the solution.
    rounding = 1e-12 * (1 + 1 / less) * (1 + y @ y)
    assert smaller <= penalty + rounding
    assert worse >= loss - rounding


@law("geometric-augmentation")
@given(st.integers(1, 16), magnitudes(1e-3, 1e3), seeds())
def test_the_prediction_averaged_over_transforms_is_no_worse_than_they_are_on_average(
    backend: Backend, transforms: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    f, y = rng.uniform(-scale, scale, transforms), rng.uniform(-scale, scale)
    mean = backend.ensembles.ensemble_mean(backend.asarray(f[:, None]))
    error = float(backend.to_numpy(backend.losses.squared_error(mean, backend.asarray([y]))))
    bound = float(oracle("geometric-augmentation", "the averaged prediction is no worse").float64(f=f, y=y))
    assert error <= bound + 16 * transforms * EPS * 4 * scale**2
