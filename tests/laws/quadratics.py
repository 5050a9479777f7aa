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
    run = descend(hessian, start, lr=lr, steps=steps)
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
}
