"""Laws of gradient descent on quadratics: the closed form, the stable steps, the best step and its rate."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Quadratic, magnitudes, quadratics

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
    steps, margin = 400, 1e-2
    last = path(backend, worst, bound * (1 - margin if below else 1 + margin), steps)[-1][top]
    # |1 - 2 (1 -+ margin)| = 1 -+ 2 margin, to the power 400: 3e-4 or 3e3.
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
