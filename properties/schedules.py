"""Laws of schedules: their closed forms, what the rates add up to, and what that does to a descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, magnitudes, seeds

RATES = magnitudes(1e-3, 1e3)
SHARES = st.integers(1, 19).map(lambda i: i / 20)


def rates(backend: Backend, name: str, count: int, *arguments: Any, **hyper: Any) -> np.ndarray:
    """The first `count` rates of a schedule."""
    schedule = getattr(backend.schedules, name)(*arguments, **hyper)
    return np.array([schedule(t) for t in range(count)])


def descend(backend: Backend, schedule: Any, start: Any, slope: Callable[[np.ndarray, int], Any], steps: int) -> Any:
    """The iterates of SGD at the schedule's rates, `(steps + 1, dimension)`; slope(x, t) is the gradient."""
    theta, state = backend.asarray(np.atleast_1d(start)), None
    path = [backend.to_numpy(theta)]
    for t in range(steps):
        g = backend.asarray(slope(path[-1], t))
        theta, state = backend.stochastic.sgd_step(theta, g, state, lr=float(schedule(t)))
        path.append(backend.to_numpy(theta))
    return np.array(path)


def summing(count: int, size: float) -> float:
    """A sum of as many terms, each a power or a quotient good to some EPS."""
    return 4 * (count + 4) * EPS * size


# ---- sums of rates ---------------------------------------------------------------------------------------------------


@law("robbins-monro-power-schedules")
@given(st.integers(0, 20).map(lambda i: i / 20), st.integers(1, 40))
def test_up_to_the_exponent_one_the_rates_add_up_without_end(backend: Backend, exponent: float, count: int) -> None:
    total = float(rates(backend, "power", count, 1.0, exponent=exponent).sum())
    name = "robbins-monro-power-schedules"
    expected = float(oracle(name, "K terms k^-p").float64(p=exponent, K=count))
    least = float(oracle(name, "for p <= 1 the sum grows without end").float64(K=count))
    assert abs(total - expected) <= summing(count, expected)
    assert total >= least - summing(count, expected)


@law("robbins-monro-power-schedules")
@given(st.integers(1, 20).map(lambda i: i / 10), st.integers(1, 40))
def test_above_the_exponent_one_the_rates_have_a_bounded_sum(backend: Backend, beyond: float, count: int) -> None:
    total = float(rates(backend, "power", count + 1, 1.0, exponent=1 + beyond).sum())
    name = "robbins-monro-power-schedules"
    expected = float(oracle(name, "K + 1 terms k^-(1+r)").float64(r=beyond, K=count))
    most = oracle(name, "for an exponent 1 + r the sum stays below 1 + 1/r")
    assert abs(total - expected) <= summing(count, expected)
    assert total <= float(most.float64(r=beyond, K=count)) + summing(count, expected)


@law("square-root-schedule")
@given(st.integers(1, 400), RATES)
def test_square_root_rates_outgrow_the_logarithm_of_their_squares(backend: Backend, count: int, lr: float) -> None:
    shares = rates(backend, "power", count + 1, lr, exponent=0.5) / lr
    least = float(oracle("square-root-schedule", "the sum is at least sqrt(K)").float64(K=count))
    most = float(oracle("square-root-schedule", "the squares grow only like a logarithm").float64(K=count))
    assert shares[:-1].sum() >= least - summing(count, least)
    assert (shares**2).sum() <= most + summing(count, most)


@law("robbins-monro-needs-smoothness")
@given(st.integers(0, 6), st.sampled_from([-1, 1]), st.booleans())
def test_on_a_quartic_the_harmonic_rates_leave_every_bound(
    backend: Backend, steps: int, side: int, inverse: bool
) -> None:
    make = backend.schedules
    schedule = make.inverse_time(1.0, gamma=1.0) if inverse else make.power(1.0, exponent=1.0)
    path = descend(backend, schedule, float(side), lambda x, t: 4 * x**3, max(steps, 2))[:, 0]
    least = oracle("robbins-monro-needs-smoothness", "the iterates leave every bound").float64(k=steps)
    second = float(oracle("robbins-monro-needs-smoothness", "second iterate").float64())
    assert path[steps] ** 2 >= float(least)
    assert abs(path[1] + path[2] - side * second) <= 64 * EPS * second


@law("inverse-time-decay")
@given(RATES, magnitudes(1e-3, 10.0), st.integers(1, 40))
def test_inverse_time_rates_add_up_without_end_and_their_squares_do_not(
    backend: Backend, lr: float, gamma: float, count: int
) -> None:
    first = rates(backend, "inverse_time", count + 1, lr, gamma=gamma)
    values = {"eta0": lr, "k": gamma, "K": count}
    expected = float(oracle("inverse-time-decay", "K rates").float64(**values))
    least = float(oracle("inverse-time-decay", "their sum grows without end").float64(**values))
    claim = oracle("inverse-time-decay", "their squares add up to at most eta_0^2 (1 + 1/k)")
    assert abs(first[:-1].sum() - expected) <= summing(count, expected)
    assert first[:-1].sum() >= least - summing(count, expected)
    assert (first**2).sum() <= float(claim.float64(**values)) + summing(count, lr * expected + lr * lr)


@law("inverse-time-decay")
@given(RATES, st.integers(1, 50), st.integers(0, 200))
def test_the_inverse_of_an_inverse_time_rate_grows_by_its_first_each_half_life(
    backend: Backend, lr: float, half_life: int, t: int
) -> None:
    schedule = backend.schedules.inverse_time(lr, gamma=1 / half_life)
    grown = 1 / schedule(t + half_life) - 1 / schedule(t)
    expected = float(oracle("inverse-time-decay", "half-life").float64(eta0=lr))
    assert abs(grown - expected) <= 16 * (2 + t / half_life) * EPS * expected


@law("inverse-time-decay")
@given(magnitudes(1e-2, 1e2), SHARES, magnitudes(1e-2, 10.0), st.integers(1, 60))
def test_inverse_time_rates_solve_a_parabola_by_a_power_of_time(
    backend: Backend, curvature: float, a: float, gamma: float, steps: int
) -> None:
    schedule = backend.schedules.inverse_time(a / curvature, gamma=gamma)
    path = descend(backend, schedule, 1.0, lambda x, t: curvature * x, steps)
    bound = oracle("inverse-time-decay", "residual on a parabola").float64(a=a, k=gamma, K=steps)
    assert 0 <= path[-1, 0] <= float(bound) + summing(steps, 1.0)


@law("geometric-decay")
@given(RATES, SHARES, st.integers(1, 60), st.integers(1, 5))
def test_geometric_rates_and_their_stairs_have_the_sums_of_a_series(
    backend: Backend, lr: float, q: float, count: int, stage: int
) -> None:
    smooth = rates(backend, "exponential", count, lr, gamma=q)
    stairs = rates(backend, "step", stage * count, lr, gamma=q, step_size=stage)
    for total, claim, more in (
        (smooth.sum(), "sum of K rates", {}),
        ((smooth**2).sum(), "sum of K squares", {}),
        (stairs.sum(), "sum of K stages of a step decay", {"n": stage}),
    ):
        expected = float(oracle("geometric-decay", claim).float64(eta0=lr, q=q, K=count, **more))
        # q^k by the library is good to an EPS, k of them in the product that the oracle has.
        assert abs(total - expected) <= summing(stage * count, expected)


@law("geometric-decay")
@given(magnitudes(1e-2, 1e2), SHARES, SHARES, st.integers(1, 40))
def test_geometric_rates_stop_before_the_minimum(
    backend: Backend, curvature: float, a: float, q: float, steps: int
) -> None:
    schedule = backend.schedules.exponential(a / curvature, gamma=q)
    path = descend(backend, schedule, 1.0, lambda x, t: curvature * x, steps)
    values = {"a": a, "q": q, "K": steps}
    residual = float(oracle("geometric-decay", "residual of gradient descent").float64(**values))
    assert abs(path[-1, 0] - residual) <= summing(steps, 1.0)
    assert path[-1, 0] >= float(oracle("geometric-decay", "but not to 0").float64(**values)) - summing(steps, 1.0)


@law("geometric-decay")
@given(RATES, SHARES, magnitudes(1e-3, 1e3), st.integers(1, 40))
def test_under_a_constant_slope_geometric_rates_travel_a_bounded_way(
    backend: Backend, lr: float, q: float, slope: float, steps: int
) -> None:
    path = descend(backend, backend.schedules.exponential(lr, gamma=q), 1.0, lambda x, t: np.full(1, slope), steps)
    expected = oracle("geometric-decay", "total travel").float64(eta0=lr, q=q, G=slope, x0=1, K=steps)
    assert abs(path[-1, 0] - float(expected)) <= summing(steps, 1 + np.abs(path).max())


@law("linear-decay")
@given(magnitudes(1e-3, 1e3), st.integers(0, 20).map(lambda i: i / 20), st.integers(1, 50), st.data())
def test_linear_rates_fall_by_equal_steps_to_their_tail(
    backend: Backend, lr: float, share: float, tau: int, data: Any
) -> None:
    tail, k = lr * max(share, 0.01), data.draw(st.integers(0, tau))
    first = rates(backend, "linear", 2 * tau + 2, lr, end_factor=tail / lr, total_iters=tau)
    values = {"lambda_tau": tail, "drop": lr - tail, "tau": tau}
    line = float(oracle("linear-decay", "up to tau it is the line").float64(k=k, **values))
    after = float(oracle("linear-decay", "from tau on it is the tail").float64(lambda_tau=tail))
    fall = float(oracle("linear-decay", "equal steps").float64(drop=lr - tail, tau=tau))
    whole = float(oracle("linear-decay", "sum of m rates").float64(m=tau, **values))
    assert abs(first[k] - line) <= 8 * EPS * lr
    assert np.abs(first[tau:] - after).max() <= 8 * EPS * lr
    assert np.abs(first[:tau] - first[1 : tau + 1] - fall).max() <= 16 * EPS * lr
    assert abs(first[1 : tau + 1].sum() - whole) <= summing(tau, tau * lr)


@law("constant-and-vanishing-schedules")
@given(RATES, st.integers(1, 60), st.data())
def test_constant_cosine_and_linear_rates_to_nothing_have_their_closed_forms(
    backend: Backend, lr: float, tau: int, data: Any
) -> None:
    topic, j = "constant-and-vanishing-schedules", data.draw(st.integers(0, tau))
    flat = rates(backend, "constant", tau, lr)
    cosine = rates(backend, "cosine", tau + 1, lr, T_max=tau)
    falling = rates(backend, "linear", tau + 1, lr, end_factor=0.0, total_iters=tau)
    wave = float(oracle(topic, "cosine").float64(eta0=lr, j=j, tau=tau))
    assert abs(flat.sum() - float(oracle(topic, "constant").float64(c=lr, K=tau))) <= summing(tau, tau * lr)
    assert abs(cosine[j] - wave) <= 8 * EPS * lr
    expected = float(oracle(topic, "sum of a linear decay to 0").float64(eta0=lr, tau=tau, m=j))
    assert abs(falling[1 : j + 1].sum() - expected) <= summing(tau, tau * lr)


# ---- what the rates do to a descent ----------------------------------------------------------------------------------


@law("running-mean-and-noise-floor")
@given(seeds(), st.integers(1, 40), magnitudes(1e-3, 1e3))
def test_harmonic_rates_keep_the_mean_of_the_examples(backend: Backend, seed: int, n: int, size: float) -> None:
    c = size * np.random.default_rng(seed).uniform(-1, 1, n)
    path = descend(backend, backend.schedules.power(1.0, exponent=1.0), 5.0, lambda w, t: w - c[t], n)
    total = oracle("running-mean-and-noise-floor", "running mean").float64(c=c, w0=5, m=n)
    assert abs(n * path[-1, 0] - float(total)) <= summing(n, n * (5 + size))


@law("running-mean-and-noise-floor")
@given(magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2), st.integers(1, 40))
def test_harmonic_rates_remove_the_noise_as_the_mean_would(
    backend: Backend, curvature: float, sigma: float, steps: int
) -> None:
    """Exact: coordinate i is hit by the noise of step i alone, so its square is that noise's share of the variance."""
    noise = sigma * np.eye(steps)
    schedule = backend.schedules.inverse_time(1 / curvature, gamma=1.0)
    path = descend(backend, schedule, np.zeros(steps), lambda x, t: curvature * x + noise[t], steps)
    claim = oracle("running-mean-and-noise-floor", "variance with rates 1/(lambda (k+1))")
    expected = float(claim.float64(sigma=sigma, lambda_=curvature, k=steps - 1))
    assert abs((path[-1] ** 2).sum() - expected) <= summing(4 * steps, expected)


@law("travel-bound")
@given(
    seeds(), st.integers(1, 40), magnitudes(1e-3, 1e3), st.sampled_from(["exponential", "inverse_time"]), st.booleans()
)
def test_no_descent_travels_further_than_its_slopes_and_rates_allow(
    backend: Backend, seed: int, steps: int, slope: float, name: str, straight: bool
) -> None:
    """Slopes of one sign attain the bound."""
    u = np.ones(steps) if straight else np.random.default_rng(seed).uniform(-1, 1, steps)
    schedule = getattr(backend.schedules, name)(1.0, gamma=0.9)
    path = descend(backend, schedule, 100.0, lambda x, t: np.full(1, slope * u[t]), steps)
    eta = rates(backend, name, steps, 1.0, gamma=0.9)
    reach = float(oracle("travel-bound", "downward").float64(eta=eta, G=slope, m=steps))
    traveled, slack = abs(path[-1, 0] - 100), summing(steps, 100 + reach)
    assert traveled <= reach + slack
    assert not straight or traveled >= reach - slack


@law("constant-step-bound")
@given(magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2), st.integers(1, 120))
def test_averaged_descent_at_a_constant_rate_keeps_to_its_bound(
    backend: Backend, radius: float, slope: float, share: float, k: int
) -> None:
    """On G |x| from R: as long as it has not arrived, the mean of the gaps attains the bound's first half."""
    h = share * radius / (slope * (k + 1) ** 0.5)
    path = descend(backend, backend.schedules.constant(h), radius, lambda x, t: slope * np.sign(x), k)[:, 0]
    gap = slope * np.abs(path).mean()
    bound = float(oracle("constant-step-bound", "constant rate").float64(R=radius, G=slope, h=h, k=k))
    assert gap <= bound + summing(k, bound)


@law("constant-step-bound")
@given(magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2), st.integers(1, 120))
def test_at_the_best_constant_rate_the_gap_falls_like_the_root_of_time(
    backend: Backend, radius: float, slope: float, k: int
) -> None:
    h = radius / (slope * (k + 1) ** 0.5)
    path = descend(backend, backend.schedules.constant(h), radius, lambda x, t: slope * np.sign(x), k)[:, 0]
    best = float(oracle("constant-step-bound", "no rate does better").float64(R=radius, G=slope, k=k))
    assert slope * np.abs(path).mean() <= best + summing(k, best)


@law("cyclical-learning-rate")
@given(RATES, magnitudes(1e-3, 1e3), st.integers(1, 30), st.integers(0, 5), st.data())
def test_triangular_rates_rise_and_fall_in_cycles_of_two_steps(
    backend: Backend, low: float, gap: float, s: int, cycle: int, data: Any
) -> None:
    r = data.draw(st.integers(0, s))
    schedule = backend.schedules.triangular(low, low + gap, step_size_up=s)
    rising = low + gap * float(oracle("cyclical-learning-rate", "period 2s").float64(s=s, r=r))
    falling = low + gap * float(oracle("cyclical-learning-rate", "falling").float64(s=s, r=r))
    assert abs(schedule(2 * s * cycle + r) - rising) <= 8 * EPS * (low + gap)
    assert abs(schedule(2 * s * cycle + s + r) - falling) <= 8 * EPS * (low + gap)


@law("cyclical-learning-rate")
@given(RATES, magnitudes(1e-3, 1e3), st.integers(1, 30))
def test_a_cycle_has_the_mean_of_its_ends(backend: Backend, low: float, gap: float, s: int) -> None:
    cycle = rates(backend, "triangular", 2 * s, low, low + gap, step_size_up=s)
    expected = oracle("cyclical-learning-rate", "mean over a period").float64(s=s, eta_min=low, gap=gap)
    assert abs(cycle.sum() - float(expected)) <= summing(2 * s, 2 * s * (low + gap))
