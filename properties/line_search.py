"""Laws of exact line search: the zig-zag in closed form, orthogonal gradients, and the worst-case rate."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Quadratic, magnitudes, quadratics

THEOREM = "exact-line-search-zigzag"


def path(backend: Backend, hessian: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    run = backend.line_search.exact_line_search(backend.asarray(hessian), backend.asarray(start), steps=steps)
    return backend.to_numpy(run.path)


def value(hessian: np.ndarray, x: np.ndarray) -> float:
    return float(x @ hessian @ x) / 2


@law(THEOREM)
@given(magnitudes(1e-6, 0.99), st.integers(1, 20))
def test_the_zigzag_from_b_1_is_the_closed_form(backend: Backend, b: float, steps: int) -> None:
    x, y = path(backend, np.diag([1.0, b]), np.array([b, 1.0]), steps)[-1]
    q = (1 - b) / (1 + b)
    # Each step cancels 1 - alpha to q, so it adds a few roundings relative to q; they add up over the steps.
    tolerance = 32 * (steps + 1) * EPS / q
    for measured, claim in ((x, "x_k"), (y, "y_k")):
        expected = float(oracle(THEOREM, claim).float64(b=b, k=steps))
        assert abs(measured - expected) <= tolerance * max(abs(expected), b * q**steps)


@law(THEOREM)
@given(magnitudes(1e-6, 0.99))
def test_every_step_of_the_zigzag_is_two_over_one_plus_b(backend: Backend, b: float) -> None:
    run = backend.line_search.exact_line_search(
        backend.asarray(np.diag([1.0, b])), backend.asarray(np.array([b, 1.0])), steps=3
    )
    expected = float(oracle(THEOREM, "every step is 2/(1+b)").float64(b=b))
    q = (1 - b) / (1 + b)
    assert np.abs(backend.to_numpy(run.step_sizes) / expected - 1).max() <= 128 * EPS / q


@law(THEOREM)
@given(quadratics(dimensions=(2, 6)))
def test_consecutive_gradients_are_orthogonal(backend: Backend, q: Quadratic) -> None:
    iterates = path(backend, q.hessian, q.point, 4)
    gradients = iterates @ q.hessian
    d, norm = len(q.start), float(np.abs(q.hessian).sum(axis=1).max())
    for x, g, following in zip(iterates[:-1], gradients[:-1], gradients[1:], strict=True):
        # The next gradient is A (x - alpha g): rounded in units of |A| |x| and of |A| |alpha g| <= |A| kappa |x|.
        step = np.abs(x).max() + np.abs(iterates - x).max()
        assert abs(g @ following) <= 16 * d * d * EPS * norm * step * np.abs(g).sum()


@law(THEOREM)
@given(quadratics(dimensions=(2, 6)))
def test_the_gap_falls_at_least_by_the_worst_case_rate(backend: Backend, q: Quadratic) -> None:
    iterates = path(backend, q.hessian, q.point, 4) @ q.rotation
    d = len(q.start)
    for x, following in zip(iterates[:-1], iterates[1:], strict=True):
        g = q.eigenvalues * x
        bound = float(oracle(THEOREM, "worst-case factor").float64(mu=q.smallest, gap=q.gap, u=q.shares, g=g))
        curvature = float((q.eigenvalues * g**2).sum())
        # The gap is rounded in units of |A| |x|^2, which may exceed it by the condition number.
        rounding = 16 * d * d * EPS * float(q.eigenvalues.max()) * float(np.abs(x).max()) ** 2
        assert curvature * (float((q.eigenvalues * following**2).sum()) - rounding) <= bound


@law(THEOREM)
@given(magnitudes(1e-3, 0.9))
def test_the_start_b_1_attains_the_worst_case_rate(backend: Backend, b: float) -> None:
    hessian = np.diag([1.0, b])
    following = path(backend, hessian, np.array([b, 1.0]), 1)[-1]
    expected = float(oracle(THEOREM, "this start attains the worst case").float64(b=b, k=0))
    assert abs(value(hessian, following) / expected - 1) <= 256 * EPS / (1 - b) ** 2
