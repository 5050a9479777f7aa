"""Wrong gradient descent on quadratics, and the laws that fail on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.reference.numpy import quadratics

from .catching import Mutant, instead_of

# The original, bound before it is replaced.
descend = quadratics.gradient_descent
Descent = quadratics.Descent


def descent(step: Callable[..., Any]) -> Callable[..., Any]:
    """A run of x <- step(A, x, lr)."""

    def run(hessian: Any, start: Any, *, lr: Any, steps: int, linear: Any = None) -> Any:
        path = [start]
        for _ in range(steps):
            path.append(step(hessian, path[-1], lr))
        return Descent(np.stack(path), np.full(steps, lr), None)

    return run


ascent = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x + lr * A @ x))
half_gradient = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr * A @ x / 2))
rate_squared = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr**2 * A @ x))
rate_slightly_off = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr * (1 + 1e-9) * A @ x))
decayed = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: (1 - 1e-9) * x - lr * A @ x))
double_gradient = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x - 2 * lr * A @ x))
standing_still = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x))
newton = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: x * 0.0))


@instead_of("quadratics", "gradient_descent")
def one_step_short(hessian: Any, start: Any, *, lr: Any, steps: int, linear: Any = None) -> Any:
    run = descend(hessian, start, lr=lr, steps=steps, linear=linear)
    return Descent(np.concatenate([run.path[:1], run.path[:-1]]), run.step_sizes, None)


value_without_half = Mutant("quadratics", "value", lambda A, x, linear=None: x @ A @ x)
value_of_the_gradient = Mutant("quadratics", "value", lambda A, x, linear=None: (A @ x) @ (A @ x) / 2)
value_not_squared = Mutant("quadratics", "value", lambda A, x, linear=None: (A @ x).sum() / 2)
bound_halved = Mutant("quadratics", "stability_bound", lambda A: 1 / np.linalg.eigvalsh(A)[-1])
bound_of_the_trace = Mutant("quadratics", "stability_bound", lambda A: 2 / np.trace(A))
bound_of_the_smallest = Mutant("quadratics", "stability_bound", lambda A: 2 / np.linalg.eigvalsh(A)[0])
bound_of_the_row_sums = Mutant("quadratics", "stability_bound", lambda A: 2.2 / np.linalg.eigvalsh(A)[-1])
one_over_largest = Mutant("quadratics", "optimal_step", lambda low, high: 1 / high)
one_over_the_mean_rounded = Mutant("quadratics", "optimal_step", lambda low, high: (1 + 1e-12) * 2 / (low + high))
two_over_the_difference = Mutant("quadratics", "optimal_step", lambda low, high: 2 / (high - low + 1e-300))
two_over_largest = Mutant("quadratics", "optimal_step", lambda low, high: 2 / high)
geometric_mean_step = Mutant("quadratics", "optimal_step", lambda low, high: 1 / np.sqrt(low * high))
two_steps_at_once = Mutant(
    "quadratics",
    "gradient_descent",
    descent(lambda A, x, lr: (x - lr * A @ x) - lr * A @ (x - lr * A @ x)),
)
shrinks_too_fast = Mutant("quadratics", "gradient_descent", descent(lambda A, x, lr: (x - lr * A @ x) * 0.9))

gradient_halved = Mutant("quadratics", "gradient", lambda A, x, b=None: (A @ x - (0 if b is None else b)) / 2)
gradient_doubled = Mutant("quadratics", "gradient", lambda A, x, b=None: 2 * (A @ x - (0 if b is None else b)))
linear_part_added = Mutant("quadratics", "gradient", lambda A, x, b=None: A @ x + b)
linear_part_forgotten = Mutant("quadratics", "gradient", lambda A, x, b=None: A @ x)
linear_part_ignored = Mutant("quadratics", "value", lambda A, x, b=None: x @ A @ x / 2)
newton_diagonal = Mutant("second_order", "newton_step", lambda x, g, H: x - g / np.diag(H))
newton_uphill = Mutant("second_order", "newton_step", lambda x, g, H: x + np.linalg.solve(H, g))
newton_gradient = Mutant("second_order", "newton_step", lambda x, g, H: x - g / np.abs(H).max())


CAUGHT = {
    "test_the_iterates_are_the_closed_form": [
        ascent,
        half_gradient,
        rate_squared,
        rate_slightly_off,
        decayed,
        one_step_short,
    ],
    "test_the_gap_is_half_the_sum_of_squared_factors": [
        value_without_half,
        value_of_the_gradient,
        value_not_squared,
        half_gradient,
    ],
    "test_steps_below_two_over_the_largest_eigenvalue_contract_and_steps_above_expand": [
        bound_halved,
        bound_of_the_trace,
        bound_of_the_smallest,
        bound_of_the_row_sums,
        half_gradient,
    ],
    "test_the_optimal_step_balances_both_ends_of_the_spectrum": [
        one_over_largest,
        one_over_the_mean_rounded,
        two_over_the_difference,
        geometric_mean_step,
    ],
    "test_no_other_step_contracts_the_worst_start_faster": [newton, shrinks_too_fast, two_steps_at_once],
    "test_one_step_solves_a_quadratic_of_condition_one": [two_over_largest, half_gradient, standing_still],
    "test_the_gradient_is_the_hessian_applied_and_the_linear_part": [
        gradient_halved,
        linear_part_added,
        linear_part_forgotten,
    ],
    "test_the_value_is_a_sum_of_squares_in_the_eigenbasis": [value_without_half, value_of_the_gradient],
    "test_the_gradient_stretches_by_no_more_than_the_ends_of_the_spectrum": [gradient_doubled, gradient_halved],
    "test_the_curvature_along_the_gradient_ends_at_the_dominating_eigenvalue": [half_gradient, double_gradient],
    "test_the_gap_is_half_the_hessian_norm_of_the_distance": [value_without_half, linear_part_ignored],
    "test_the_error_shrinks_cycles_or_grows_by_one_factor": [ascent, half_gradient, rate_slightly_off],
    "test_the_decks_examples_follow_their_closed_form": [half_gradient, rate_slightly_off, one_step_short],
    "test_at_the_optimal_step_the_gap_shrinks_by_the_squared_rate": [one_over_largest, half_gradient],
    "test_one_newton_step_lands_on_the_minimum": [newton_diagonal, newton_uphill, newton_gradient],
}
