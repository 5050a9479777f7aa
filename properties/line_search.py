"""Laws of exact line search: the zig-zag in closed form, orthogonal gradients, and the worst-case rate."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.derivations.kernel.oracle import Oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, Quadratic, magnitudes, quadratics, seeds

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
    for x, following in pairwise(iterates):
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


@law("steepest-descent-direction")
@given(quadratics(dimensions=(1, 6)))
def test_a_gradient_step_goes_down_as_steeply_as_any_direction(backend: Backend, q: Quadratic) -> None:
    run = backend.quadratics.gradient_descent(
        backend.asarray(q.hessian), backend.asarray(q.point), lr=1 / (q.smallest + q.gap), steps=1
    )
    before, after = backend.to_numpy(run.path)
    moved, g = after - before, q.hessian @ q.point
    expected = float(oracle("steepest-descent-direction", "its slope").float64(g=g))
    # The step is a difference of iterates: rounded in units of the iterate over the step's length.
    tolerance = 32 * len(g) * EPS * (1 + np.abs(before).max() / np.linalg.norm(moved)) * np.linalg.norm(g)
    assert abs(g @ moved / np.linalg.norm(moved) - expected) <= tolerance


@law("gradient-step-exact-change")
@given(st.integers(1, 6), magnitudes(1e-3, 1.0), seeds())
def test_a_step_changes_the_value_by_the_linear_and_the_quadratic_term(
    backend: Backend, n: int, lr: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    half, linear, x = rng.uniform(-1, 1, (n, n)), rng.uniform(-1, 1, n), rng.uniform(-1, 1, n)
    hessian, offset = backend.asarray(half + half.T), backend.asarray(linear)
    run = backend.quadratics.gradient_descent(hessian, backend.asarray(x), lr=lr, steps=1, linear=offset)
    values = backend.to_numpy(backend.quadratics.value(hessian, run.path, offset))
    expected = float(oracle("gradient-step-exact-change", "change").float64(R=half, x=x, b=-linear, epsilon=lr))
    assert abs(values[1] - values[0] - expected) <= 64 * (n + 1) ** 3 * EPS * (1 + 2 * n * lr) ** 2


@law("gradient-descent-on-convex-functions")
@given(quadratics(dimensions=(1, 6)))
def test_the_energy_of_gradient_descent_never_grows(backend: Backend, q: Quadratic) -> None:
    """k f(x_k) + L/2 |x_k|^2 does not grow at the step 1/L, the claim "it never grows": so f(x_k) <= L |x_0|^2 / 2k."""
    largest = q.smallest + q.gap
    iterates = path_of_descent(backend, q, oracle("gradient-descent-on-convex-functions", "the best step is 1/L"))
    values = (q.eigenvalues * iterates**2).sum(axis=1) / 2
    energy = np.arange(len(values)) * values + largest / 2 * (iterates**2).sum(axis=1)
    assert (np.diff(energy) <= 64 * len(q.start) ** 2 * len(energy) * EPS * energy[0]).all()


def path_of_descent(backend: Backend, q: Quadratic, best: Oracle) -> np.ndarray:
    """Twenty steps of twice the bound lambda (1 - lambda L / 2) <= 1/(2 L), which is 1/L, in the eigenbasis."""
    lr = 2 * float(best.float64(L=q.smallest + q.gap))
    run = backend.quadratics.gradient_descent(backend.asarray(q.hessian), backend.asarray(q.point), lr=lr, steps=20)
    return backend.to_numpy(run.path) @ q.rotation


@law("gradient-orthogonal-to-the-level-set")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-3, 1e3), magnitudes(1e-3, 1e3), st.integers(0, 628).map(lambda i: i / 100))
def test_the_gradient_is_orthogonal_to_the_level_set(
    backend: Backend, a: float, one: float, two: float, s: float
) -> None:
    point = a * np.array([np.cos(s) / np.sqrt(one), np.sin(s) / np.sqrt(two)])
    tangent = a * np.array([-np.sin(s) / np.sqrt(one), np.cos(s) / np.sqrt(two)])
    g = backend.to_numpy(backend.quadratics.gradient(*map(backend.asarray, (np.diag([one, two]), point))))
    value = float(backend.to_numpy(backend.quadratics.value(*map(backend.asarray, (np.diag([one, two]), point)))))
    level = float(oracle("gradient-orthogonal-to-the-level-set", "an ellipse is a level set").float64(a=a, s=s))
    assert abs(value - level) <= 16 * EPS * level
    assert abs(g @ tangent) <= 16 * EPS * np.abs(g * tangent).sum()


@law("rosenbrock-function")
@given(magnitudes(1e-3, 1e3), st.integers(1, 5), seeds())
def test_the_gradient_of_rosenbrocks_function_is_its_partials(
    backend: Backend, scale: float, points: int, seed: int
) -> None:
    x = np.random.default_rng(seed).uniform(-scale, scale, (points, 2))
    measured = backend.to_numpy(backend.objectives.rosenbrock_gradient(backend.asarray(x)))
    expected = np.array(
        [
            [
                float(oracle("rosenbrock-function", f"{which} partial").float64(x1=a, x2=b))
                for which in ("first", "second")
            ]
            for a, b in x
        ]
    )
    assert np.abs(measured - expected).max() <= 32 * EPS * (1 + scale) * 800 * (scale + scale**2)


@law("rosenbrock-function")
@given(st.booleans())
def test_gradient_descent_stays_at_rosenbrocks_minimum_only_below_the_largest_stable_step(
    backend: Backend, below: bool
) -> None:
    bound = float(oracle("rosenbrock-function", "largest stable step").float64())
    lr, x = bound * (0.99 if below else 1.01), np.array([1 + 1e-9, 1 - 1e-9])
    for _ in range(1000):
        x = x - lr * backend.to_numpy(backend.objectives.rosenbrock_gradient(backend.asarray(x)))
    assert (np.abs(x - 1).max() < 1e-8) == below
