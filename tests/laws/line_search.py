"""Wrong line searches, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import line_search, objectives

from .catching import Mutant, instead_of

# The original, bound before it is replaced.
search = line_search.exact_line_search
Descent = line_search.Descent


def steepest(size: Callable[..., Any], keep: float = 1.0) -> Callable[..., Any]:
    """A run of x <- keep x - size(A, g) g."""

    def run(hessian: Any, start: Any, *, steps: int, linear: Any = None) -> Any:
        path, sizes = [start], []
        for _ in range(steps):
            g = hessian @ path[-1]
            sizes.append(size(hessian, g))
            path.append(keep * path[-1] - sizes[-1] * g)
        return Descent(np.stack(path), np.array(sizes), None)

    return run


def exact(A: Any, g: Any) -> Any:
    return g @ g / (g @ A @ g)


minimal_residual = Mutant("line_search", "exact_line_search", steepest(lambda A, g: (g @ A @ g) / (g @ A @ A @ g)))
half_step = Mutant("line_search", "exact_line_search", steepest(lambda A, g: exact(A, g) / 2))
long_step = Mutant("line_search", "exact_line_search", steepest(lambda A, g: 1.5 * exact(A, g)))
step_nearly_exact = Mutant("line_search", "exact_line_search", steepest(lambda A, g: (1 + 1e-9) * exact(A, g)))
fixed_step = Mutant("line_search", "exact_line_search", steepest(lambda A, g: 1 / np.abs(A).sum(axis=1).max()))
wrong_sign = Mutant("line_search", "exact_line_search", steepest(lambda A, g: -exact(A, g)))
forgetting = Mutant("line_search", "exact_line_search", steepest(exact, keep=1 - 1e-9))


@instead_of("line_search", "exact_line_search")
def sizes_of_the_next_step(hessian: Any, start: Any, *, steps: int, linear: Any = None) -> Any:
    run = search(hessian, start, steps=steps)
    return Descent(run.path, 2 * run.step_sizes, None)


def one_gradient_step(update: Callable[..., Any]) -> Callable[..., Any]:
    def run(hessian: Any, start: Any, *, lr: Any, steps: int, linear: Any = None) -> Any:
        path = [start]
        for _ in range(steps):
            path.append(path[-1] - lr * update(hessian @ path[-1] - (0 if linear is None else linear)))
        return Descent(np.stack(path), np.full(steps, lr), None)

    return run


true_rosenbrock = objectives.rosenbrock_gradient
uphill = Mutant("quadratics", "gradient_descent", one_gradient_step(lambda g: -g))
by_signs = Mutant("quadratics", "gradient_descent", one_gradient_step(lambda g: np.sign(g) * np.arange(1, len(g) + 1)))
half_a_step = Mutant("quadratics", "gradient_descent", one_gradient_step(lambda g: g / 2))
three_steps = Mutant("quadratics", "gradient_descent", one_gradient_step(lambda g: 3 * g))
value_doubled = Mutant("quadratics", "value", lambda A, x, b: np.einsum("ki,ij,kj->k", x, A, x) - x @ b)
components_swapped = Mutant("quadratics", "gradient", lambda A, x: (A @ x)[::-1])
signs_of_the_gradient = Mutant("quadratics", "gradient", lambda A, x: np.sign(A @ x))
rosenbrock_sign = Mutant("objectives", "rosenbrock_gradient", lambda x: true_rosenbrock(x) * np.array([-1.0, 1.0]))
rosenbrock_swapped = Mutant("objectives", "rosenbrock_gradient", lambda x: true_rosenbrock(x)[..., ::-1])
rosenbrock_half = Mutant("objectives", "rosenbrock_gradient", lambda x: true_rosenbrock(x) / 2)


CAUGHT = {
    "test_the_zigzag_from_b_1_is_the_closed_form": [
        minimal_residual,
        half_step,
        step_nearly_exact,
        wrong_sign,
        forgetting,
    ],
    "test_every_step_of_the_zigzag_is_two_over_one_plus_b": [minimal_residual, half_step, sizes_of_the_next_step],
    "test_consecutive_gradients_are_orthogonal": [
        minimal_residual,
        half_step,
        long_step,
        fixed_step,
        step_nearly_exact,
    ],
    "test_the_gap_falls_at_least_by_the_worst_case_rate": [long_step, half_step, fixed_step, wrong_sign],
    "test_the_start_b_1_attains_the_worst_case_rate": [minimal_residual, half_step, long_step],
    "test_a_gradient_step_goes_down_as_steeply_as_any_direction": [uphill, by_signs],
    "test_a_step_changes_the_value_by_the_linear_and_the_quadratic_term": [uphill, half_a_step, value_doubled],
    "test_the_energy_of_gradient_descent_never_grows": [uphill, three_steps],
    "test_the_gradient_is_orthogonal_to_the_level_set": [components_swapped, signs_of_the_gradient],
    "test_the_gradient_of_rosenbrocks_function_is_its_partials": [rosenbrock_sign, rosenbrock_swapped],
    "test_gradient_descent_stays_at_rosenbrocks_minimum_only_below_the_largest_stable_step": [rosenbrock_half],
}
