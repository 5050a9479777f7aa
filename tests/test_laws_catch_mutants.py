"""Each law fails on mutants of the reference: small wrong rules put in place of a function that the law calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

from backproof.properties import Backend
from backproof.reference.numpy import dropout as true_dropout
from backproof.reference.numpy import ensembles as true_ensembles
from backproof.reference.numpy import initialization as true_initialization
from backproof.reference.numpy import line_search as true_line_search
from backproof.reference.numpy import losses as true_losses
from backproof.reference.numpy import quadratics as true_quadratics

# The originals, bound before any is replaced.
softmax_gradient = true_losses.softmax_cross_entropy_gradient
log_softmax = true_losses.log_softmax
value = true_quadratics.value
descend = true_quadratics.gradient_descent
search = true_line_search.exact_line_search
Descent = true_quadratics.Descent

Mutant = tuple[str, str, Callable[..., Any]]


def mutant(topic: str, function: str) -> Callable[[Callable[..., Any]], Mutant]:
    return lambda wrong: (topic, function, wrong)


def softmax(a: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(a))


def one_hot(a: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.eye(a.shape[-1])[labels]


# ---- losses ----------------------------------------------------------------------------------------------------------


@mutant("losses", "softmax_cross_entropy_gradient")
def one_hot_forgotten(a: Any, y: Any) -> Any:
    return softmax(a) / len(a)


@mutant("losses", "softmax_cross_entropy_gradient")
def batch_not_averaged(a: Any, y: Any) -> Any:
    return softmax(a) - one_hot(a, y)


@mutant("losses", "softmax_cross_entropy_gradient")
def divided_by_classes(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y) * len(a) / a.shape[1]


@mutant("losses", "softmax_cross_entropy_gradient")
def gradient_negated(a: Any, y: Any) -> Any:
    return -softmax_gradient(a, y)


@mutant("losses", "softmax_cross_entropy_gradient")
def softmax_of_softmax(a: Any, y: Any) -> Any:
    return softmax_gradient(softmax(a), y)


@mutant("losses", "softmax_cross_entropy_gradient")
def single_precision(a: Any, y: Any) -> Any:
    return softmax_gradient(a.astype(np.float32), y).astype(np.float64)


@mutant("losses", "softmax_cross_entropy_gradient")
def logits_clipped(a: Any, y: Any) -> Any:
    return softmax_gradient(np.clip(a, -50, 50), y)


@mutant("losses", "softmax_cross_entropy_gradient")
def maximum_not_subtracted(a: Any, y: Any) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        return (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) - one_hot(a, y)) / len(a)


@mutant("losses", "softmax_cross_entropy_gradient")
def one_hot_twice(a: Any, y: Any) -> Any:
    return (softmax(a) - 2 * one_hot(a, y)) / len(a)


@mutant("losses", "softmax_cross_entropy_gradient")
def off_the_mean_logit(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y) * (1 + 1e-9 * a.mean(axis=1, keepdims=True))


@mutant("losses", "softmax_cross_entropy_gradient")
def softmin(a: Any, y: Any) -> Any:
    return softmax_gradient(-a, y)


@mutant("losses", "softmax_cross_entropy_gradient")
def classes_reversed(a: Any, y: Any) -> Any:
    return softmax_gradient(a, y)[:, ::-1]


@mutant("losses", "softmax_cross_entropy")
def loss_summed(a: Any, y: Any) -> Any:
    return -(log_softmax(a) * one_hot(a, y)).sum()


@mutant("losses", "softmax_cross_entropy")
def probability_clipped(a: Any, y: Any) -> Any:
    return -np.log(np.clip(softmax(a), 1e-12, 1)[np.arange(len(a)), y]).mean()


@mutant("losses", "softmax_cross_entropy")
def loss_of_softmax(a: Any, y: Any) -> Any:
    return -log_softmax(softmax(a))[np.arange(len(a)), y].mean()


@mutant("losses", "softmax_cross_entropy")
def loss_in_bits(a: Any, y: Any) -> Any:
    return -log_softmax(a)[np.arange(len(a)), y].mean() / np.log(2)


# ---- quadratics ------------------------------------------------------------------------------------------------------


def descent(step: Callable[..., Any]) -> Callable[..., Any]:
    """A run of x <- step(A, x, lr)."""

    def run(hessian: Any, start: Any, *, lr: Any, steps: int, linear: Any = None) -> Any:
        path = [start]
        for _ in range(steps):
            path.append(step(hessian, path[-1], lr))
        return Descent(np.stack(path), np.full(steps, lr), None)

    return run


ascent = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x + lr * A @ x))
half_gradient = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr * A @ x / 2))
rate_squared = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr**2 * A @ x))
rate_slightly_off = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x - lr * (1 + 1e-9) * A @ x))
decayed = ("quadratics", "gradient_descent", descent(lambda A, x, lr: (1 - 1e-9) * x - lr * A @ x))
double_gradient = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x - 2 * lr * A @ x))
standing_still = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x))
newton = ("quadratics", "gradient_descent", descent(lambda A, x, lr: x * 0.0))


@mutant("quadratics", "gradient_descent")
def one_step_short(hessian: Any, start: Any, *, lr: Any, steps: int, linear: Any = None) -> Any:
    run = descend(hessian, start, lr=lr, steps=steps)
    return Descent(np.concatenate([run.path[:1], run.path[:-1]]), run.step_sizes, None)


value_without_half = ("quadratics", "value", lambda A, x, linear=None: x @ A @ x)
value_of_the_gradient = ("quadratics", "value", lambda A, x, linear=None: (A @ x) @ (A @ x) / 2)
value_not_squared = ("quadratics", "value", lambda A, x, linear=None: (A @ x).sum() / 2)
bound_halved = ("quadratics", "stability_bound", lambda A: 1 / np.linalg.eigvalsh(A)[-1])
bound_of_the_trace = ("quadratics", "stability_bound", lambda A: 2 / np.trace(A))
bound_of_the_smallest = ("quadratics", "stability_bound", lambda A: 2 / np.linalg.eigvalsh(A)[0])
bound_of_the_row_sums = ("quadratics", "stability_bound", lambda A: 2.2 / np.linalg.eigvalsh(A)[-1])
one_over_largest = ("quadratics", "optimal_step", lambda low, high: 1 / high)
one_over_the_mean_rounded = ("quadratics", "optimal_step", lambda low, high: (1 + 1e-12) * 2 / (low + high))
two_over_the_difference = ("quadratics", "optimal_step", lambda low, high: 2 / (high - low + 1e-300))
two_over_largest = ("quadratics", "optimal_step", lambda low, high: 2 / high)
geometric_mean_step = ("quadratics", "optimal_step", lambda low, high: 1 / np.sqrt(low * high))
two_steps_at_once = (
    "quadratics",
    "gradient_descent",
    descent(lambda A, x, lr: (x - lr * A @ x) - lr * A @ (x - lr * A @ x)),
)
shrinks_too_fast = ("quadratics", "gradient_descent", descent(lambda A, x, lr: (x - lr * A @ x) * 0.9))


# ---- line search -----------------------------------------------------------------------------------------------------


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


minimal_residual = ("line_search", "exact_line_search", steepest(lambda A, g: (g @ A @ g) / (g @ A @ A @ g)))
half_step = ("line_search", "exact_line_search", steepest(lambda A, g: exact(A, g) / 2))
long_step = ("line_search", "exact_line_search", steepest(lambda A, g: 1.5 * exact(A, g)))
step_nearly_exact = ("line_search", "exact_line_search", steepest(lambda A, g: (1 + 1e-9) * exact(A, g)))
fixed_step = ("line_search", "exact_line_search", steepest(lambda A, g: 1 / np.abs(A).sum(axis=1).max()))
wrong_sign = ("line_search", "exact_line_search", steepest(lambda A, g: -exact(A, g)))
forgetting = ("line_search", "exact_line_search", steepest(exact, keep=1 - 1e-9))


@mutant("line_search", "exact_line_search")
def sizes_of_the_next_step(hessian: Any, start: Any, *, steps: int, linear: Any = None) -> Any:
    run = search(hessian, start, steps=steps)
    return Descent(run.path, 2 * run.step_sizes, None)


# ---- ensembles, dropout, initialization ------------------------------------------------------------------------------

median = ("ensembles", "ensemble_mean", lambda p: np.median(p, axis=0))
first_member = ("ensembles", "ensemble_mean", lambda p: p[0])
summed = ("ensembles", "ensemble_mean", lambda p: p.sum(axis=0))
bessel = ("ensembles", "ensemble_mean", lambda p: p.sum(axis=0) / max(len(p) - 1, 1))
last_forgotten = ("ensembles", "ensemble_mean", lambda p: p[: max(len(p) - 1, 1)].sum(axis=0) / len(p))
best_member = ("ensembles", "ensemble_mean", lambda p: np.where(np.abs(p).max(axis=0) > 0, p.max(axis=0), p[0]))
doubled = ("ensembles", "ensemble_mean", lambda p: 2 * p.mean(axis=0))

scale_forgotten = ("dropout", "dropout", lambda a, m, p, inverted=True: a if m is None else a * m)
scaled_by_p = ("dropout", "dropout", lambda a, m, p, inverted=True: a * p if m is None else a * m)
scaled_twice = ("dropout", "dropout", lambda a, m, p, inverted=True: a * (1 - p) ** 2 if m is None else a * m)
always_inverted = ("dropout", "dropout", lambda a, m, p, inverted=True: a if m is None else a * m / (1 - p))
mask_complemented = ("dropout", "dropout", lambda a, m, p, inverted=True: a * (1 - p) if m is None else a * (1 - m))
first_unit_kept = (
    "dropout",
    "dropout",
    lambda a, m, p, inverted=True: a * (1 - p) if m is None else a * np.maximum(m, np.arange(len(m)) == 0),
)
arithmetic_mean = ("ensembles", "geometric_mean", lambda q, w=None: np.tensordot(w, q, axes=1))
unweighted = ("ensembles", "geometric_mean", lambda q, w=None: true_ensembles_geometric(q))
not_normalized = ("ensembles", "geometric_mean", lambda q, w=None: np.exp(np.tensordot(w, np.log(q), axes=1)))
true_ensembles_geometric = true_ensembles.geometric_mean
true_mask = true_dropout.mask
mask_p_kept = ("dropout", "mask", lambda shape, p, rng: (rng.random(shape) < p).astype(np.int8))
mask_p_off = ("dropout", "mask", lambda shape, p, rng: true_mask(shape, min(p + 0.01, 0.999), rng))
mask_half = ("dropout", "mask", lambda shape, p, rng: true_mask(shape, 0.5, rng))
mask_all = ("dropout", "mask", lambda shape, p, rng: np.ones(shape, np.int8))

true_normal, true_uniform = true_initialization.xavier_normal, true_initialization.xavier_uniform


def rescaled(make: Callable[..., Any], factor: Callable[[int, int], float]) -> Callable[..., Any]:
    return lambda shape, rng: make(shape, rng) * factor(*shape)


def fan_in_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * a)))


def fan_out_only(a: int, b: int) -> float:
    return float(np.sqrt((a + b) / (2 * b)))


normal_fan_in = ("initialization", "xavier_normal", rescaled(true_normal, fan_in_only))
normal_two_percent = ("initialization", "xavier_normal", rescaled(true_normal, lambda a, b: 1.02))
normal_variance_as_deviation = (
    "initialization",
    "xavier_normal",
    rescaled(true_normal, lambda a, b: np.sqrt(2 / (a + b))),
)
uniform_without_root_three = ("initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 1 / np.sqrt(3)))
uniform_three_percent = ("initialization", "xavier_uniform", rescaled(true_uniform, lambda a, b: 0.97))
uniform_normal = ("initialization", "xavier_uniform", true_normal)
uniform_fan_out = ("initialization", "xavier_uniform", rescaled(true_uniform, fan_out_only))


CAUGHT: dict[str, list[Mutant]] = {
    "losses::test_the_loss_is_log_sum_exp_minus_the_logit_of_the_class": [loss_summed, probability_clipped, loss_of_softmax, loss_in_bits],
    "losses::test_the_gradient_is_softmax_minus_one_hot_over_the_batch": [
        one_hot_forgotten, batch_not_averaged, divided_by_classes, gradient_negated, softmax_of_softmax, single_precision,
        logits_clipped, maximum_not_subtracted,
    ],
    "losses::test_each_row_of_the_gradient_sums_to_0": [one_hot_forgotten, one_hot_twice, single_precision, maximum_not_subtracted],
    "losses::test_shifting_all_logits_changes_no_gradient": [logits_clipped, maximum_not_subtracted, off_the_mean_logit],
    "losses::test_the_gradient_is_monotone_because_the_hessian_is_positive_semidefinite": [gradient_negated, softmin, classes_reversed],
    "quadratics::test_the_iterates_are_the_closed_form": [ascent, half_gradient, rate_squared, rate_slightly_off, decayed, one_step_short],
    "quadratics::test_the_gap_is_half_the_sum_of_squared_factors": [value_without_half, value_of_the_gradient, value_not_squared, half_gradient],
    "quadratics::test_steps_below_two_over_the_largest_eigenvalue_contract_and_steps_above_expand": [
        bound_halved, bound_of_the_trace, bound_of_the_smallest, bound_of_the_row_sums, half_gradient,
    ],
    "quadratics::test_the_optimal_step_balances_both_ends_of_the_spectrum": [
        one_over_largest, one_over_the_mean_rounded, two_over_the_difference, geometric_mean_step,
    ],
    "quadratics::test_no_other_step_contracts_the_worst_start_faster": [newton, shrinks_too_fast, two_steps_at_once],
    "quadratics::test_one_step_solves_a_quadratic_of_condition_one": [two_over_largest, half_gradient, standing_still],
    "line_search::test_the_zigzag_from_b_1_is_the_closed_form": [minimal_residual, half_step, step_nearly_exact, wrong_sign, forgetting],
    "line_search::test_every_step_of_the_zigzag_is_two_over_one_plus_b": [minimal_residual, half_step, sizes_of_the_next_step],
    "line_search::test_consecutive_gradients_are_orthogonal": [minimal_residual, half_step, long_step, fixed_step, step_nearly_exact],
    "line_search::test_the_gap_falls_at_least_by_the_worst_case_rate": [long_step, half_step, fixed_step, wrong_sign],
    "line_search::test_the_start_b_1_attains_the_worst_case_rate": [minimal_residual, half_step, long_step],
    "ensembles::test_the_mean_squared_error_of_the_mean_is_v_over_k_plus_the_shared_part": [median, first_member, summed, bessel, last_forgotten],
    "ensembles::test_equal_members_gain_nothing": [summed, doubled, last_forgotten],
    "ensembles::test_averaging_never_hurts": [summed, doubled, best_member],
    "dropout::test_the_pass_at_test_time_is_softmax_of_the_scaled_weights": [scale_forgotten, scaled_by_p, scaled_twice],
    "dropout::test_the_geometric_mean_over_all_masks_is_softmax_of_the_scaled_weights": [
        arithmetic_mean, unweighted, not_normalized, mask_complemented, first_unit_kept, always_inverted,
    ],
    "dropout::test_the_mean_over_all_masks_is_the_pass_at_test_time": [scale_forgotten, scaled_by_p, always_inverted, mask_complemented],
    "dropout::test_a_unit_is_dropped_with_probability_p": [mask_p_kept, mask_p_off, mask_half, mask_all],
    "initialization::test_normal_weights_have_variance_two_over_the_sum_of_the_fans": [normal_fan_in, normal_two_percent, normal_variance_as_deviation],
    "initialization::test_uniform_weights_fill_their_interval_and_no_more": [
        uniform_without_root_three, uniform_three_percent, uniform_normal, uniform_fan_out,
    ],
    "initialization::test_each_pass_deviates_by_its_factor": [normal_fan_in, normal_variance_as_deviation, uniform_without_root_three],
}  # fmt: skip

CASES = [(law, mutant) for law, mutants in CAUGHT.items() for mutant in mutants]


def name_of(mutant: Mutant) -> str:
    return next(name for name, value in globals().items() if value is mutant)


@pytest.mark.parametrize(("law", "mutant"), CASES, ids=[f"{law.split('::')[1]}-{name_of(m)}" for law, m in CASES])
def test_the_law_fails_on_the_mutant(law: str, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, name = law.split("::")
    test = getattr(import_module(f"backproof.properties.{topic}"), name)
    module, function, wrong = mutant
    monkeypatch.setattr(import_module(f"backproof.reference.numpy.{module}"), function, wrong)
    # That the law fails is asked, not on which smallest input: shrinking would take most of the time. Hypothesis has no
    # public way to change the settings of a test that is already decorated.
    quick = settings(test._hypothesis_internal_use_settings, phases=[Phase.explicit, Phase.generate])
    monkeypatch.setattr(test, "_hypothesis_internal_use_settings", quick)
    with np.errstate(all="ignore"), pytest.raises(BaseException) as failure:  # noqa: B017, PT011 - Hypothesis raises groups too
        test(backend=Backend("numpy"))
    assert isinstance(failure.value, AssertionError | ExceptionGroup), failure.value


def test_every_law_of_the_foundation_has_at_least_three_mutants() -> None:
    assert {law: len(mutants) for law, mutants in CAUGHT.items() if len(mutants) < 3} == {}
