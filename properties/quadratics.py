"""Laws of gradient descent on quadratics: the closed form, the stable steps, the best step and its rate."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Quadratic, magnitudes, quadratics, seeds

THEOREM = "gradient-descent-optimal-step"


def path(backend: Backend, q: Quadratic, lr: float, steps: int) -> np.ndarray:
    """The iterates in the eigenbasis, `(steps + 1, d)`."""
    hessian, start = backend.asarray(q.hessian), backend.asarray(q.point)
    run = backend.quadratics.gradient_descent(hessian, start, lr=lr, steps=steps)
    return backend.to_numpy(run.path) @ q.rotation


def stable_rate(q: Quadratic, share: float) -> float:
    """A step inside (0, 2/lambda_max)."""
    return share * 2 / (q.smallest + q.gap)


def rounding(q: Quadratic, steps: int) -> float:
    """A stable step multiplies no error; each adds the rounding of a d-term product, in units of the start."""
    d = len(q.start)
    return 8 * (steps + 1) * (d + 4) * d * EPS * float(np.abs(q.start).max())


@law(THEOREM)
@given(quadratics(), st.floats(0.01, 0.99), st.integers(1, 40))
def test_the_iterates_are_the_closed_form(backend: Backend, q: Quadratic, share: float, steps: int) -> None:
    eta = stable_rate(q, share)
    expected = oracle(THEOREM, "iterate").float64(
        lambda_min=q.smallest, gap=q.gap, u=q.shares, eta=eta, k=steps, x0=q.start
    )
    assert np.abs(path(backend, q, eta, steps)[-1] - expected).max() <= rounding(q, steps)


@law(THEOREM)
@given(quadratics(), st.floats(0.01, 0.99), st.integers(1, 40))
def test_the_gap_is_half_the_sum_of_squared_factors(backend: Backend, q: Quadratic, share: float, steps: int) -> None:
    eta = stable_rate(q, share)
    hessian = backend.asarray(q.hessian)
    run = backend.quadratics.gradient_descent(hessian, backend.asarray(q.point), lr=eta, steps=steps)
    measured = float(backend.to_numpy(backend.quadratics.value(hessian, run.point)))
    expected = oracle(THEOREM, "f-gap").float64(
        lambda_min=q.smallest, gap=q.gap, u=q.shares, eta=eta, k=steps, x0=q.start
    )
    # An error e in x changes 1/2 x'Ax by at most lambda_max (|x| + |e|) |e|.
    error = rounding(q, steps)
    scale = (q.smallest + q.gap) * len(q.start) * (np.abs(q.start).max() + error)
    assert abs(measured - expected) <= 2 * scale * error


@law(THEOREM)
@given(quadratics(largest_condition=1e3), st.booleans())
def test_steps_below_two_over_the_largest_eigenvalue_contract_and_steps_above_expand(
    backend: Backend, q: Quadratic, below: bool
) -> None:
    bound = float(backend.to_numpy(backend.quadratics.stability_bound(backend.asarray(q.hessian))))
    top = int(np.argmax(q.eigenvalues))
    worst = Quadratic(q.smallest, q.gap, q.shares, q.rotation, np.eye(len(q.start))[top])
    steps, margin = 150, 3e-2
    last = path(backend, worst, bound * (1 - margin if below else 1 + margin), steps)[-1][top]
    # |1 - 2 (1 -+ margin)| = 1 -+ 2 margin, to the power 150: 9e-5 or 6e3.
    assert abs(last) < 1e-3 if below else abs(last) > 1e3


@law(THEOREM)
@given(magnitudes(1e-3, 1e3), magnitudes(1e-6, 1e6))
def test_the_optimal_step_balances_both_ends_of_the_spectrum(backend: Backend, smallest: float, kappa: float) -> None:
    gap = smallest * kappa
    step = float(backend.quadratics.optimal_step(smallest, smallest + gap))
    expected = oracle(THEOREM, "the best step attains it").float64(lambda_min=smallest, gap=gap)
    for eigenvalue in (smallest, smallest + gap):
        # 1 - eta lambda cancels: its error is absolute, a few roundings of 1
        assert abs(abs(1 - step * eigenvalue) - expected) <= 8 * EPS


@law(THEOREM)
@given(quadratics(largest_condition=1e3), st.floats(-0.5, 0.5).filter(lambda s: abs(s) > 1e-6))
def test_no_other_step_contracts_the_worst_start_faster(backend: Backend, q: Quadratic, change: float) -> None:
    best = backend.quadratics.optimal_step(q.smallest, q.smallest + q.gap)
    rate = float(oracle(THEOREM, "no step does better").float64(lambda_min=q.smallest, gap=q.gap))
    ends = [int(np.argmin(q.eigenvalues)), int(np.argmax(q.eigenvalues))]
    factors = []
    for end in ends:
        alone = Quadratic(q.smallest, q.gap, q.shares, q.rotation, np.eye(len(q.start))[end])
        factors.append(np.linalg.norm(path(backend, alone, best * (1 + change), 1)[-1]))
    assert max(factors) >= rate - rounding(q, 1) / float(np.abs(q.start).max())


@law(THEOREM)
@given(magnitudes(1e-3, 1e3), st.integers(1, 6))
def test_one_step_solves_a_quadratic_of_condition_one(backend: Backend, eigenvalue: float, d: int) -> None:
    q = Quadratic(eigenvalue, 0.0, np.zeros(d), np.eye(d), np.linspace(-1, 1, d) if d > 1 else np.ones(1))
    last = path(backend, q, backend.quadratics.optimal_step(eigenvalue, eigenvalue), 1)[-1]
    assert np.abs(last).max() <= 4 * EPS


@law("second-order-expansion")
@given(st.integers(1, 8), magnitudes(1e-3, 1e3), seeds())
def test_the_gradient_is_the_hessian_applied_and_the_linear_part(
    backend: Backend, n: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    half, linear, x = rng.uniform(-scale, scale, (n, n)), rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    measured = backend.quadratics.gradient(*map(backend.asarray, (half + half.T, x, linear)))
    expected = oracle("second-order-expansion", "gradient").float64(R=half, b=-linear, w=x)
    assert np.abs(backend.to_numpy(measured) - expected).max() <= 4 * (n + 2) * EPS * (2 * n * scale + 1)


@law("eigenvectors-of-a-symmetric-matrix")
@given(quadratics())
def test_the_value_is_a_sum_of_squares_in_the_eigenbasis(backend: Backend, q: Quadratic) -> None:
    measured = float(backend.to_numpy(backend.quadratics.value(*map(backend.asarray, (q.hessian, q.point)))))
    expected = oracle("eigenvectors-of-a-symmetric-matrix", "sum of squares")
    value = float(expected.float64(U=q.rotation, Lambda=q.eigenvalues, d=q.point))
    d = len(q.start)
    assert abs(measured - value) <= 16 * d * d * EPS * float(q.eigenvalues.max()) * float((q.start**2).sum())


@law("condition-number")
@given(quadratics(dimensions=(2, 8)))
def test_the_gradient_stretches_by_no_more_than_the_ends_of_the_spectrum(backend: Backend, q: Quadratic) -> None:
    stretched = backend.to_numpy(backend.quadratics.gradient(*map(backend.asarray, (q.hessian, q.point))))
    squared, d = float((stretched**2).sum()), len(q.start)
    ends = {"m": q.smallest, "gap": q.gap, "u": q.shares}
    low = float(oracle("condition-number", "nothing shrinks by more than min|lambda|").float64(e=q.start, **ends))
    high = float(oracle("condition-number", "nothing grows by more than max|lambda|").float64(x=q.start, **ends))
    rounding = 32 * d * d * EPS * high
    assert low - rounding <= squared <= high + rounding


@law("curvature-along-the-gradient")
@given(magnitudes(1e-2, 1e2), magnitudes(0.5, 20.0), st.floats(0.05, 0.45), st.booleans())
def test_the_curvature_along_the_gradient_ends_at_the_dominating_eigenvalue(
    backend: Backend, mu: float, ratio: float, share: float, low: bool
) -> None:
    gap = ratio * mu
    eta = 2 / (2 * mu + gap) * (1 - share if low else 1 + share * min(1.0, 2 * mu / (2 * mu + gap)))
    q = Quadratic(mu, gap, np.array([0.0, 1.0]), np.eye(2), np.ones(2))
    g = path(backend, q, eta, 150)[-1] * q.eigenvalues
    sign = float(oracle("curvature-along-the-gradient", "which end dominates").float64(mu=mu, gap=gap, eta=eta))
    weights = g**2 / (g**2).sum() if np.abs(g).max() > 1e-150 else np.array([float(sign < 0), float(sign > 0)])
    assert weights[1 if sign > 0 else 0] > 0.5


@law("quadratic-minimum")
@given(quadratics(), seeds())
def test_the_gap_is_half_the_hessian_norm_of_the_distance(backend: Backend, q: Quadratic, seed: int) -> None:
    minimum = np.random.default_rng(seed).uniform(-1, 1, len(q.start)) * np.abs(q.start).max()
    linear = q.hessian @ minimum
    at, best = (backend.quadratics.value(*map(backend.asarray, (q.hessian, x, linear))) for x in (q.point, minimum))
    measured = float(backend.to_numpy(at)) - float(backend.to_numpy(best))
    expected = float(oracle("quadratic-minimum", "gap").float64(R=q.hessian / 2, x=q.point, xstar=minimum))
    d = len(q.start)
    scale = float(q.eigenvalues.max()) * float((q.start**2).sum() + (minimum**2).sum())
    assert abs(measured - expected) <= 32 * d * d * EPS * scale


@law("learning-rate-regimes")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-3, 2.0), st.integers(1, 60))
def test_the_error_shrinks_cycles_or_grows_by_one_factor(
    backend: Backend, curvature: float, share: float, steps: int
) -> None:
    q = Quadratic(curvature, 0.0, np.zeros(1), np.eye(1), np.ones(1))
    rate = share / curvature
    expected = oracle("learning-rate-regimes", "error").float64(x0=1, epsilon=rate, lambda_=curvature, k=steps)
    # 1 - epsilon lambda is at most 1 in size here and rounded absolutely: k roundings after k steps.
    assert abs(path(backend, q, rate, steps)[-1][0] - float(expected)) <= 8 * steps * EPS


@law("axis-aligned-examples")
@given(st.sampled_from([1.0, 10.0, 50.0]), magnitudes(1e-3, 1.0), st.integers(1, 95))
def test_the_decks_examples_follow_their_closed_form(backend: Backend, c: float, share: float, steps: int) -> None:
    eta = share / c
    run = backend.quadratics.gradient_descent(
        backend.asarray(np.diag([2.0, 2 * c])), backend.asarray([4.0, 0.5]), lr=eta, steps=steps
    )
    last = backend.to_numpy(run.point)
    expected = [
        float(oracle("axis-aligned-examples", claim).float64(c=c, eta=eta, k=steps, a=4, b=0.5))
        for claim in ("x1", "x2")
    ]
    assert np.abs(last - expected).max() <= 8 * steps * EPS * 4


@law("gap-at-the-optimal-step")
@given(quadratics(), st.integers(0, 30))
def test_at_the_optimal_step_the_gap_shrinks_by_the_squared_rate(backend: Backend, q: Quadratic, steps: int) -> None:
    eta = backend.quadratics.optimal_step(q.smallest, q.smallest + q.gap)
    last = path(backend, q, eta, max(steps, 1))[steps]
    bound = oracle("gap-at-the-optimal-step", "the gap").float64(
        mu=q.smallest, gap=q.gap, u=q.shares, x0=q.start, k=steps
    )
    error = rounding(q, steps)
    slack = float(q.eigenvalues.max()) * len(last) * error * (np.abs(q.start).max() + error)
    assert float((q.eigenvalues * last**2).sum()) / 2 <= float(bound) + 2 * slack


@law("newton-step-on-a-quadratic")
@given(quadratics(largest_condition=1e4), seeds())
def test_one_newton_step_lands_on_the_minimum(backend: Backend, q: Quadratic, seed: int) -> None:
    minimum = np.random.default_rng(seed).uniform(-1, 1, len(q.start)) * np.abs(q.start).max()
    gradient = oracle("newton-step-on-a-quadratic", "one step").float64(R=q.hessian / 2, x=q.point, xstar=minimum)
    landed = backend.second_order.newton_step(*map(backend.asarray, (q.point, gradient, q.hessian)))
    kappa, d = 1 + q.gap / q.smallest, len(q.start)
    # Solving by Cholesky loses kappa digits, relative to the length of the step.
    tolerance = 32 * d * d * EPS * kappa * (np.abs(q.start).sum() + np.abs(minimum).sum())
    assert np.abs(backend.to_numpy(landed) - minimum).max() <= tolerance
