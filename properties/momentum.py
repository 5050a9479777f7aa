"""Laws of momentum: the unrolled velocity, the equivalence of the forms, and what it does on quadratics."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Quadratic, magnitudes, quadratics, seeds

MOMENTA = st.integers(0, 19).map(lambda i: i / 20)
RATES = magnitudes(1e-3, 10.0)
HEAVY_BALLS = ("heavy_ball_step", "heavy_ball_buffer_step", "heavy_ball_two_term_step")


def gradients(seed: int, steps: int, scale: float = 1.0) -> np.ndarray:
    """A sequence of scalar gradients that changes sign."""
    return scale * np.random.default_rng(seed).uniform(-1, 1, steps)


def follow(
    backend: Backend, step: str, start: float, given_gradients: Any, lr: Any, momentum: float
) -> tuple[np.ndarray, Any]:
    """The parameters after each step on prescribed gradients, `(steps + 1,)`, and the last state."""
    theta, state, path = backend.asarray([start]), None, [start]
    rates = np.broadcast_to(lr, len(given_gradients))
    for g, rate in zip(given_gradients, rates, strict=True):
        rule = getattr(backend.momentum, step)
        theta, state = rule(theta, backend.asarray([g]), state, lr=float(rate), momentum=momentum)
        path.append(float(backend.to_numpy(theta)[0]))
    return np.array(path), state


def on_a_parabola(backend: Backend, step: str, h: float, momentum: float, steps: int, start: float = 1.0) -> np.ndarray:
    """The iterates on h x^2 / 2 with lr 1, gradients taken where the rule wants them, `(steps + 1,)`."""
    theta, state, path = backend.asarray([start]), None, [start]
    for _ in range(steps):
        at = backend.momentum.nesterov_look_ahead(theta, state, momentum=momentum) if step == "nesterov_step" else theta
        theta, state = getattr(backend.momentum, step)(theta, h * at, state, lr=1.0, momentum=momentum)
        path.append(float(backend.to_numpy(theta)[0]))
    return np.array(path)


def rounding(steps: int, momentum: float, size: float) -> float:
    """Every step adds a few roundings of the largest quantity, and the velocity carries each on by 1/(1 - momentum)."""
    return 8 * (steps + 2) * EPS * size / (1 - momentum)


@law("momentum-as-decaying-sum")
@given(seeds(), st.integers(1, 30), RATES, MOMENTA)
def test_the_velocity_is_the_decaying_sum_of_the_gradients(
    backend: Backend, seed: int, steps: int, lr: float, momentum: float
) -> None:
    g = gradients(seed, steps)
    _, state = follow(backend, "heavy_ball_step", 0.0, g, lr, momentum)
    expected = float(oracle("momentum-as-decaying-sum", "velocity").float64(alpha=momentum, lr=lr, v0=0, g=g, k=steps))
    assert abs(-float(backend.to_numpy(state.velocity)[0]) - expected) <= rounding(steps, momentum, lr)


@law("momentum-as-decaying-sum")
@given(st.sampled_from(HEAVY_BALLS), magnitudes(1e-3, 1e3), st.integers(1, 40), RATES, MOMENTA)
def test_under_a_constant_gradient_the_path_approaches_the_terminal_velocity(
    backend: Backend, step: str, g: float, steps: int, lr: float, momentum: float
) -> None:
    path, _ = follow(backend, step, 2.0, [g] * steps, lr, momentum)
    expected = oracle("momentum-as-decaying-sum", "path under a constant gradient")
    last = float(expected.float64(alpha=momentum, lr=lr, theta0=2, g=[g], k=steps))
    # The two-term form takes the velocity as a difference of parameters: rounded in units of the parameters.
    assert abs(path[-1] - last) <= 4 * rounding(steps, momentum, (2 + lr * g * steps) / (1 - momentum))


@law("momentum-velocity-bound")
@given(magnitudes(1e-3, 1e3), st.integers(0, 40), RATES, MOMENTA)
def test_alternating_gradients_are_damped(backend: Backend, g: float, k: int, lr: float, momentum: float) -> None:
    signs = [g * (-1) ** i for i in range(k)]
    _, state = follow(backend, "heavy_ball_buffer_step", 0.0, [0.0, *signs], lr, momentum)
    velocity = lr * float(backend.to_numpy(state.velocity)[0])
    expected = oracle("momentum-velocity-bound", "velocity under alternating gradients")
    assert abs(velocity - float(expected.float64(beta=momentum, eta=lr, g=g, k_=k))) <= rounding(k, momentum, lr * g)


@law("momentum-forms")
@given(seeds(), st.integers(1, 20), RATES, MOMENTA, st.sampled_from(HEAVY_BALLS))
def test_at_a_constant_rate_all_forms_take_one_path(
    backend: Backend, seed: int, steps: int, lr: float, momentum: float, step: str
) -> None:
    g = gradients(seed, steps)
    path, _ = follow(backend, step, 1.0, g, lr, momentum)
    expected = oracle("momentum-forms", "velocity and buffer form have the same iterates")
    last = float(expected.float64(alpha=momentum, lr=lr, theta0=1, g=[*g, 0, 0], n=steps, k=steps))
    assert abs(path[-1] - last) <= 4 * rounding(steps, momentum, (1 + lr * steps) / (1 - momentum))


@law("momentum-forms")
@given(seeds(), st.integers(2, 20), MOMENTA, st.sampled_from(HEAVY_BALLS[::2]))
def test_velocity_and_two_term_form_agree_at_any_rates(
    backend: Backend, seed: int, steps: int, momentum: float, step: str
) -> None:
    g, rates = gradients(seed, steps), np.random.default_rng(seed).uniform(0.01, 2, steps)
    path, _ = follow(backend, step, 1.0, g, rates, momentum)
    expected = oracle("momentum-forms", "two-term form for any rates")
    last = float(expected.float64(alpha_=[momentum] * steps, lr_=rates, theta0=1, g=g, n=steps - 2, k=steps - 2))
    assert abs(path[-1] - last) <= 4 * rounding(steps, momentum, (1 + 2 * steps) / (1 - momentum))


@law("momentum-forms")
@given(seeds(), RATES, RATES, MOMENTA)
def test_after_a_change_of_rate_the_buffer_form_differs_by_the_rescaled_past(
    backend: Backend, seed: int, old: float, new: float, momentum: float
) -> None:
    g = gradients(seed, 3)
    velocity, _ = follow(backend, "heavy_ball_step", 0.0, g, [old, old, new], momentum)
    buffer, _ = follow(backend, "heavy_ball_buffer_step", 0.0, g, [old, old, new], momentum)
    b = momentum * g[0] + g[1]
    expected = oracle("momentum-forms", "after a change of rate the forms differ by")
    difference = float(expected.float64(alpha=momentum, b_k=b, lr_old=old, lr_new=new, g_next=g[2]))
    assert abs((velocity - buffer)[3] - difference) <= rounding(4, momentum, (old + new) / (1 - momentum))


@law("nesterov-forms")
@given(magnitudes(1e-3, 1.9), st.integers(1, 20), MOMENTA)
def test_the_shifted_form_keeps_the_look_ahead_point(backend: Backend, h: float, steps: int, momentum: float) -> None:
    shifted = on_a_parabola(backend, "nesterov_shifted_step", h, momentum, steps)
    path = on_a_parabola(backend, "nesterov_step", h, momentum, steps)
    # g is what the shifted form met at each step; the theorem holds for any sequence of gradients.
    g = [*(h * shifted[:-1]), 0.0]
    expected = oracle("nesterov-forms", "the rewritten iterate is the look-ahead point")
    last = float(expected.float64(alpha=momentum, lr_=[1.0] * len(g), theta0=1, g=g, n=steps, k=steps))
    size = np.abs(shifted).max() + np.abs(path).max()
    assert abs(shifted[-1] - last) <= 8 * rounding(steps, momentum, size / (1 - momentum)) * max(1, size)


@law("nesterov-forms")
@given(seeds(), RATES, RATES, MOMENTA)
def test_after_a_change_of_rate_nesterovs_buffer_form_differs_by_the_rescaled_past(
    backend: Backend, seed: int, old: float, new: float, momentum: float
) -> None:
    g = gradients(seed, 3)
    shifted, _ = follow(backend, "nesterov_shifted_step", 0.0, g, [old, old, new], momentum)
    path, state = follow(backend, "nesterov_step", 0.0, g, [old, old, new], momentum)
    ahead = backend.momentum.nesterov_look_ahead(backend.asarray([path[-1]]), state, momentum=momentum)
    b = momentum * g[0] + g[1]
    expected = oracle("nesterov-forms", "after a change of rate the forms differ by")
    difference = float(expected.float64(alpha=momentum, b_k=b, lr_old=old, lr_new=new, g_next=g[2]))
    # Up to the change both are at one look-ahead point; the shifted form keeps it, the other computes it.
    moved = float(backend.to_numpy(ahead)[0]) - shifted[3]
    assert abs(moved - difference) <= rounding(4, momentum, 4 * (old + new) / (1 - momentum))


@law("heavy-ball-stability")
@given(magnitudes(1e-3, 3.0), MOMENTA, st.integers(0, 20), st.sampled_from(HEAVY_BALLS))
def test_on_a_parabola_the_heavy_ball_is_its_two_term_recursion(
    backend: Backend, h: float, momentum: float, k: int, step: str
) -> None:
    path = on_a_parabola(backend, step, h, momentum, k + 2)
    expected = float(
        oracle("heavy-ball-stability", "two-term form on a quadratic").float64(alpha=momentum, h=h, x0=1, k=k)
    )
    assert abs(path[-1] - expected) <= 64 * (k + 2) ** 2 * EPS * np.abs(path).max() / (1 - momentum)


@law("heavy-ball-stability")
@given(st.integers(2, 18).map(lambda i: i / 20), st.booleans())
def test_the_heavy_ball_is_stable_up_to_twice_one_plus_the_momentum(
    backend: Backend, momentum: float, inside: bool
) -> None:
    stable = oracle("heavy-ball-stability", "stable exactly for alpha < 1 and 0 < h < 2 (1 + alpha)")
    h = float(stable.upper_limit("h", alpha=momentum)) * (0.95 if inside else 1.05)
    path = np.abs(on_a_parabola(backend, "heavy_ball_step", h, momentum, 600))
    # Inside, both roots are below max(sqrt(alpha), 0.995) in size; outside one root is below -1.02 for alpha <= 0.9.
    assert path[-20:].max() < 0.9 if inside else path[-1] > 1e3


@law("heavy-ball-optimum")
@given(magnitudes(1e-2, 1.0), magnitudes(1.0, 30.0))
def test_the_optimal_heavy_ball_shrinks_every_mode_by_its_rate(backend: Backend, m: float, gap: float) -> None:
    lr, momentum = backend.momentum.optimal_heavy_ball(m**2, (m + gap) ** 2)
    trace = oracle("heavy-ball-optimum", "at mu the roots meet at rho")
    rate = float(trace.float64(m=m, gap=gap)) / 2
    steps = 60
    for mode in (m**2, m * (m + gap), (m + gap) ** 2):
        path = np.abs(on_a_parabola(backend, "heavy_ball_step", float(lr) * mode, float(momentum), steps))
        # A double root rho with x_1 = x_0 (1 - h): |x_k| <= rho^k (1 + k |1 - h - rho| / rho), and |1 - h - rho| <= 4.
        assert path[-1] <= rate**steps * (1 + 4 * steps / rate) + 1e-9


@law("nesterov-on-quadratics")
@given(magnitudes(1e-3, 1.3), MOMENTA, st.integers(0, 20))
def test_on_a_parabola_nesterov_is_a_damped_heavy_ball(backend: Backend, h: float, momentum: float, k: int) -> None:
    path = on_a_parabola(backend, "nesterov_step", h, momentum, k + 2)
    expected = oracle("nesterov-on-quadratics", "two-term form of Nesterov on a quadratic")
    last = float(expected.float64(alpha=momentum, h=h, x0=1, k=k))
    assert abs(path[-1] - last) <= 64 * (k + 2) ** 2 * EPS * np.abs(path).max() / (1 - momentum)


@law("momentum-growing-weights")
@given(seeds(), st.integers(1, 20), RATES, MOMENTA)
def test_the_weight_of_a_gradient_grows_with_its_age(
    backend: Backend, seed: int, steps: int, lr: float, momentum: float
) -> None:
    g = gradients(seed, steps)
    path, _ = follow(backend, "heavy_ball_step", 1.0, g, lr, momentum)
    expected = oracle("momentum-growing-weights", "growing weights")
    last = float(expected.float64(gamma=momentum, lr=lr, theta0=1, v0=0, g=[*g, 0], n=steps, k=steps))
    assert abs(path[-1] - last) <= 4 * rounding(steps, momentum, (1 + lr * steps) / (1 - momentum))


@law("nesterov-convex-rate")
@given(quadratics(dimensions=(1, 6)), st.integers(0, 20))
def test_nesterovs_growing_momentum_keeps_the_gap_below_its_bound(backend: Backend, q: Quadratic, k: int) -> None:
    """Steps of 1/L with momentum (t_k - 1) / t_(k+1): t_(k+1)^2 times the gap stays below L/2 |x_0|^2."""
    largest = q.smallest + q.gap
    theta, state, t = backend.asarray(q.point), None, 1.0
    for step in range(k + 1):
        after = (1 + np.sqrt(1 + 4 * t * t)) / 2
        momentum = 0.0 if step == 0 else (t - 1) / after
        t = t if step == 0 else after
        at = backend.momentum.nesterov_look_ahead(theta, state, momentum=momentum)
        g = backend.quadratics.gradient(backend.asarray(q.hessian), at)
        theta, state = backend.momentum.nesterov_step(theta, g, state, lr=1 / largest, momentum=momentum)
    gap = float(backend.to_numpy(backend.quadratics.value(backend.asarray(q.hessian), theta)))
    least = float(oracle("nesterov-convex-rate", "t_(k+1) >= (k + 2)/2").float64(k=k))
    bound = float(oracle("nesterov-convex-rate", "E_k <= L/2 |x_0 - x*|^2").float64(L=largest, x0=q.start))
    assert least**2 * gap <= bound * (1 + 64 * (k + 2) * len(q.start) ** 2 * EPS)


@law("momentum-overshoot")
@given(st.integers(4, 18).map(lambda i: i / 20), st.booleans())
def test_momentum_overshoots_above_critical_damping_only(backend: Backend, w: float, above: bool) -> None:
    critical = float(oracle("momentum-overshoot", "critical damping: gamma = (1 - sqrt(h))^2").float64(w=w)) / 4
    momentum = critical + (1 - critical) / 4 if above else critical * 0.75
    path = on_a_parabola(backend, "heavy_ball_step", w**2, momentum, 60)
    assert (path.min() < -1e-12) == above


@law("ravine-panels")
@given(MOMENTA, st.integers(1, 60), magnitudes(1e-3, 1e3))
def test_nesterov_solves_a_parabola_at_once_where_the_rate_is_one_over_its_curvature(
    backend: Backend, momentum: float, steps: int, start: float
) -> None:
    path = on_a_parabola(backend, "nesterov_step", 1.0, momentum, steps, start)
    expected = float(
        oracle("ravine-panels", "at 0.01 Nesterov is at the bottom of the steep coordinate after one step").float64()
    )
    assert np.abs(path[1:] - expected).max() <= 4 * EPS * start


@law("rosenbrock-local-limits")
@given(st.sampled_from([0.5, 0.9]), st.booleans())
def test_momentum_at_rosenbrocks_minimum_is_stable_up_to_its_limit(
    backend: Backend, momentum: float, below: bool
) -> None:
    claim = f"locally stable: momentum {momentum} at 100 eta_0"
    # The claim compares L / 1000, the step 1/1000 times the largest curvature L, with the limit 2 (1 + momentum).
    limit = float(oracle("rosenbrock-local-limits", claim).float64())
    largest = 2 / float(oracle("rosenbrock-function", "largest stable step").float64())
    lr, theta, state = limit / largest * (0.97 if below else 1.03), backend.asarray([1 + 1e-9, 1 - 1e-9]), None
    for _ in range(1500):
        g = backend.objectives.rosenbrock_gradient(theta)
        theta, state = backend.momentum.heavy_ball_step(theta, g, state, lr=lr, momentum=momentum)
        if np.abs(backend.to_numpy(theta) - 1).max() > 1e-3:  # gone, before it overflows
            break
    assert (np.abs(backend.to_numpy(theta) - 1).max() < 1e-7) == below


@law("keras-sgd-options")
@given(seeds(), st.integers(2, 12), RATES, magnitudes(1e-3, 1.0), MOMENTA)
def test_momentum_with_a_rate_that_decays_each_update_is_its_two_term_form(
    backend: Backend, seed: int, steps: int, lr: float, decay: float, momentum: float
) -> None:
    g = gradients(seed, steps)
    schedule = backend.schedules.inverse_time(lr, gamma=decay)
    path, _ = follow(backend, "heavy_ball_step", 1.0, g, [schedule(k) for k in range(steps)], momentum)
    claim = oracle("keras-sgd-options", "two-term form with the decaying rate")
    expected = claim.float64(lr=lr, decay=decay, alpha=momentum, theta0=1, g=g, n=steps - 2, m=steps - 2)
    assert abs(path[-1] - float(expected)) <= 4 * rounding(steps, momentum, (1 + lr * steps) / (1 - momentum))
