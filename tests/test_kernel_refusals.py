"""Each rule of the kernel refuses what its evidence does not show, with the second engine switched off.

Every function below tries to have something false established, in a way that once worked or that a rule must watch for.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable

import pytest
import sympy
from sympy import (
    Abs,
    And,
    Derivative,
    Dummy,
    Equivalent,
    Implies,
    Integer,
    Integral,
    KroneckerDelta,
    Limit,
    Max,
    Mod,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    atan,
    exp,
    factorial,
    floor,
    gamma,
    log,
    oo,
    sqrt,
)  # fmt: skip

from backproof.derivations.kernel import (
    Eq,
    Expectation,
    Fact,
    Ge,
    Gt,
    Le,
    Lt,
    NotShown,
    Proof,
    bernoulli,
    correlated,
    finite,
    independent,
    orders,
    product,
    total,
)  # fmt: skip

ATTEMPTS: list[Callable[[Proof], object]] = []
HALF = Rational(1, 2)


def attempt(write: Callable[[Proof], object]) -> Callable[[Proof], object]:
    ATTEMPTS.append(write)
    return write


@pytest.mark.parametrize("write", ATTEMPTS, ids=lambda write: write.__name__)
def test_refused_by_the_first_engine_alone(write, monkeypatch):
    monkeypatch.setattr(Proof, "_tried", lambda *_: ("symbolic",))
    with pytest.raises((NotShown, ValueError, NotImplementedError, TypeError, AttributeError)) as refusal:
        write(Proof())
    # what the attempt prepares must succeed: only its last statement may be refused, by the kernel and not by Python
    last = ast.parse(textwrap.dedent(inspect.getsource(write))).body[0].body[-1]
    reached = [entry for entry in refusal.traceback if entry.frame.code.name == write.__name__][-1]
    assert reached.lineno + 1 >= write.__code__.co_firstlineno + last.lineno - 1, refusal.value
    if refusal.type in (TypeError, AttributeError):
        assert "Fact" in str(refusal.value)


# ---- sums ------------------------------------------------------------------------------------------------------------


@attempt
def triangular_sums_of_different_terms(t):
    n = t.size("n")
    a = t.vector("a", n)
    pairs = total(n, lambda i: total(i, lambda j: Integer(1)))
    t.equal(Eq(total(n, lambda k: a[k]) * pairs, n * total(n, lambda i: total(i, lambda j: a[i]))), because="")


@attempt
def an_empty_sum_counted_as_negative(t):
    n = t.size("n")
    t.equal(Eq(total(n, lambda k: Integer(1), start=5), n - 4), because="")


@attempt
def an_empty_product_counted_as_a_reciprocal(t):
    n, x = t.size("n"), t.positive("x")
    t.equal(Eq(product(n, lambda k: x, start=5), x ** (n - 4)), because="")


@attempt
def a_sum_that_binds_a_declared_size(t):
    n = t.size("n")
    t.compare(Ge(Sum(n, (n, -5, -1)), 0), Sum(n, (n, -5, -1)), because="n is assumed positive")


@attempt
def a_sum_over_an_index_that_is_assumed_positive(t):
    k = Symbol("k", integer=True, positive=True)
    t.compare(Ge(Sum(k, (k, -5, -1)), 0), Sum(k, (k, -5, -1)), because="k is assumed positive")


@attempt
def a_bound_index_that_inherits_a_hypothesis(t):
    k = t.integer("k")
    t.assume(Ge(k, 3))
    t.compare(Ge(Sum(k - 1, (k, -5, -1)), 0), Sum(k - 1, (k, -5, -1)), because="")


@attempt
def a_delta_collapsed_outside_the_range_of_the_sum(t):
    n, m = t.size("n"), t.size("m")
    i, a = t.index("i", m), t.vector("a", m)
    t.equal(Eq(total(n, lambda k: a[k] * KroneckerDelta(k, i)), a[i]), because="")


@attempt
def a_delta_whose_index_has_a_factor(t):
    n = t.size("n")
    i = t.index("i", n)
    t.equal(Eq(total(n, lambda k: KroneckerDelta(2 * k, i)), 1), because="")


@attempt
def a_delta_at_the_next_index(t):
    n = t.size("n")
    i = t.index("i", n)
    t.equal(Eq(total(n, lambda k: KroneckerDelta(k, i + 1)), 1), because="")


@attempt
def a_delta_to_a_power_that_may_be_zero(t):
    n, k = t.size("n"), t.time("k")
    i, j = t.index("i", n), t.index("j", n)
    t.equal(Eq(KroneckerDelta(i, j) ** k, KroneckerDelta(i, j)), because="")


@attempt
def a_free_index_named_like_a_canonical_one(t):
    n, u = t.size("n"), t.integer("_1")
    a = t.vector("a", n)
    t.equal(Eq(total(n, lambda k: a[k] * a[u]), total(n, lambda k: a[k] ** 2)), because="")


@attempt
def a_root_of_a_product_of_negative_numbers(t):
    n = t.size("n")
    x = t.vector("x", n)
    t.equal(Eq(product(n, lambda k: sqrt(x[k])), sqrt(product(n, lambda k: x[k]))), because="")


@attempt
def a_reversed_range_that_does_not_meet(t):
    n = t.size("n")
    a = t.vector("a", n + 1)
    t.reindex(Eq(total(n, lambda k: a[k]), total(n + 1, lambda k: a[k], start=2)), lambda k: k - 1, because="")


@attempt
def a_size_that_may_be_zero_taken_as_zero(t):
    n, x = t.size("n", minimum=0), t.real("x")
    t.equal(Eq(x**n, 1), because="")


# ---- branches and values that do not exist ---------------------------------------------------------------------------


@attempt
def the_root_of_a_square(t):
    x = t.real("x")
    t.equal(Eq(sqrt(x**2), x), because="")


@attempt
def the_logarithm_of_a_product(t):
    x, y = t.real("x y")
    t.equal(Eq(log(x * y), log(x) + log(y)), because="")


@attempt
def a_power_of_zero(t):
    k, x = t.time("k"), t.real("x")
    t.equal(Eq(Integer(0) ** k * x, 0), because="0^0 = 1")


@attempt
def a_floor(t):
    x = t.real("x")
    t.equal(Eq(floor(x), x), because="")


@attempt
def a_maximum_that_is_its_first_argument(t):
    x, y = t.real("x y")
    t.equal(Eq(Max(x, y), x), because="")


@attempt
def positivity_by_a_form_that_has_no_value_at_zero(t):
    x = t.real("x")
    t.compare(Gt(x**2 / (x**2 + 1), 0), 1 / (1 + x**-2), because="")


@attempt
def an_integral_across_a_pole(t):
    a, z = t.real("a", 0, 1, open=True), Symbol("z", real=True)
    t.equal(Eq(Integral(1 / (z - a) ** 2, (z, 0, 1)), -1 / (1 - a) - 1 / a), because="")


@attempt
def cases_by_a_premise_without_a_value(t):
    x = t.real("x")
    claim = Ge(x**2, 0)
    facts = [t.suppose(premise).compare(claim, x**2, because="") for premise in (Gt(1 / x, 0), Le(1 / x, 0))]
    t.cases(claim, facts, because="neither holds at 0")


# ---- derivatives and limits ------------------------------------------------------------------------------------------


@attempt
def the_derivative_of_a_sequence_by_its_parameter(t):
    k, eta = t.time("k"), t.real("eta")
    (x,) = t.recursion(k, x=(1, lambda x: eta * x(k)))
    t.equal(Eq(Derivative(x(k), eta), 0), because="")


@attempt
def the_derivative_of_an_expectation_by_a_moment(t):
    v = t.positive("v")
    x = t.random("X", independent((0, v)))
    t.equal(Eq(Derivative(Expectation(exp(x)), v), 0), because="")


@attempt
def the_derivative_of_an_absolute_value_at_its_kink(t):
    c = t.real("c")
    x = t.real("x", c)
    t.equal(Eq(Derivative(Abs(x - c), x), 1), because="")


@attempt
def the_derivative_by_an_index_out_of_range(t):
    n = t.size("n")
    x = t.vector("x", n + 1)
    t.equal(Eq(Derivative(total(n, lambda m: x[m] ** 2), x[n + 1]), 2 * x[n + 1]), because="")


@attempt
def a_limit_evaluated_by_a_simplifier(t):
    a, k = t.real("a"), t.time("k")
    t.equal(Eq(Limit(a * k / (1 + a * k), k, oo), 1), because="a = 0")


@attempt
def a_limit_for_a_parameter_that_may_be_zero(t):
    a, k = t.real("a"), t.real("k")
    t.limit(Eq(Limit(k / (a * k + 1), k, oo), 1 / a), because="")


@attempt
def a_logarithmic_limit_for_a_parameter_that_may_be_zero(t):
    a, k = t.real("a"), t.positive("k")
    t.limit(Eq(Limit(log(1 + a**2 * k) / log(k), k, oo), 1), because="")


@attempt
def a_limit_of_unknown_sign(t):
    a, k = t.real("a"), t.time("k")
    t.limit(Eq(Limit(1 / (1 + exp(a * k)), k, oo), 0), because="")


@attempt
def a_vanishing_power_times_a_growing_one(t):
    q, k = t.real("q", 0, 1, open=True), t.time("k")
    t.limit(Eq(Limit(5**k * q**k, k, oo), 0), because="")


@attempt
def a_vanishing_power_times_a_factorial(t):
    q, k = t.real("q", 0, 1, open=True), t.time("k")
    t.limit(Eq(Limit(factorial(k) * q**k, k, oo), 0), because="")


@attempt
def a_quotient_of_vanishing_powers(t):
    p, q = t.real("p q", 0, 1, open=True)
    k = t.time("k")
    t.limit(Eq(Limit(p**k / (q**k + p**k), k, oo), 0), because="")


@attempt
def a_power_that_need_not_vanish(t):
    q, k = t.real("q", 0, 1), t.time("k")
    t.limit(Eq(Limit(q**k, k, oo), 0), because="q = 1")


@attempt
def a_sign_that_does_not_settle(t):
    k = t.time("k")
    t.limit(Eq(Limit((-1) ** k, k, oo), 0), because="")


# ---- expectations ----------------------------------------------------------------------------------------------------


@attempt
def a_fourth_moment_as_the_square_of_the_second(t):
    x = t.random("X", independent((0, 1, 0, 3)))
    t.expectation(Eq(Expectation(x**4), 1), because="")


@attempt
def an_expectation_taken_inside(t):
    x = t.random("X", independent((0, 1)))
    t.expectation(Eq(Expectation(exp(x)), 1), because="")


@attempt
def two_entries_that_may_be_one(t):
    n = t.size("n")
    i, j = t.index("i", n), t.index("j", n)
    x = t.random("X", independent((0, 1), (n,)))
    t.expectation(Eq(Expectation(x[i] * x[j]), 0), because="i = j")


@attempt
def correlated_entries_taken_as_independent(t):
    n, c = t.size("n"), t.real("c", 0, 1)
    i, j = t.index("i", n), t.index("j", n)
    x = t.random("X", correlated(0, lambda i, j: c + (1 - c) * KroneckerDelta(i, j), (n,)))
    t.expectation(Eq(Expectation(x[i] * x[j]), KroneckerDelta(i, j)), because="")


@attempt
def randomness_hidden_in_a_sequence(t):
    k = t.time("k")
    noise = t.random("X", independent((0, 1)))
    (x,) = t.recursion(k, x=(noise, lambda x: x(k)))
    t.equal(Eq(Expectation(x(k) * noise), 0), because="x(k) is the noise")


@attempt
def a_random_number_of_terms(t):
    n = t.random("N", finite((1, 2), (HALF, HALF)))
    t.equal(Eq(Expectation(Sum(n, (Dummy("k", integer=True), 1, n))), n**2), because="")


@attempt
def a_probability_that_may_be_negative(t):
    p = t.real("p")
    t.random("X", bernoulli(p))


@attempt
def probabilities_that_do_not_sum_to_one(t):
    t.random("X", finite((0, 1), (HALF, HALF / 2)))


@attempt
def a_covariance_that_belongs_to_nothing(t):
    n, c = t.size("n"), t.real("c", high=1)
    x = t.random("X", correlated(0, lambda i, j: c + (1 - c) * KroneckerDelta(i, j), (n,)))
    square = Expectation(total(n, lambda i: x[i]) ** 2)
    t.compare(Ge(square, 0), square, because="it is n + n(n-1)c, and c may be -1")


@attempt
def a_sample_larger_than_its_population(t):
    n, m = t.size("n"), t.size("m", minimum=2)
    t.random("D", orders(n, m))


@attempt
def factors_of_a_product_that_share_a_draw(t):
    n = t.size("n")
    x = t.random("X", independent((0, 1), (n,)))
    t.expectation(Eq(Expectation(product(n, lambda i: 1 + x[i] * x[1])), 1), because="at i = 1 it is 1 + x_1^2")


@attempt
def a_product_beside_a_draw_of_its_own(t):
    n = t.size("n")
    x = t.random("X", independent((0, 1), (n,)))
    t.expectation(Eq(Expectation(x[1] * product(n, lambda i: 1 + x[i])), 0), because="E[x_1 (1 + x_1)] = 1")


@attempt
def a_product_of_correlated_factors(t):
    n, c = t.size("n"), t.real("c", 0, 1)
    x = t.random("X", correlated(0, lambda i, j: c + (1 - c) * KroneckerDelta(i, j), (n,)))
    t.expectation(Eq(Expectation(product(n, lambda i: 1 + x[i])), 1), because="")


@attempt
def a_remainder_beyond_its_modulus(t):
    n, m = t.size("n"), t.size("m")
    t.equal(Eq(Mod(n, m), n), because="")


@attempt
def a_position_that_is_in_range_at_one_end_only(t):
    n, s = t.size("n"), t.size("s")
    i, x = t.index("i", n), t.vector("x", n * s)
    t.equal(Eq(total(n * s, lambda k: KroneckerDelta(k, i * s - n) * x[k]), x[i * s - n]), because="at i = 1, n > s")


# ---- inequalities ----------------------------------------------------------------------------------------------------


@attempt
def a_strict_inequality_with_a_weak_slack(t):
    x = t.real("x")
    t.compare(Gt(x**2, 0), x**2, because="")


@attempt
def a_positive_sum_that_may_be_empty(t):
    n = t.size("n", minimum=0)
    a = t.vector("a", n, low=0, open=True)
    slack = total(n, lambda k: a[k])
    t.compare(Gt(slack, 0), slack, because="")


@attempt
def a_positive_triangle_that_may_be_empty(t):
    n = t.size("n")
    a = t.vector("a", n, low=0, open=True)
    slack = total(n, lambda i: total(i - 1, lambda k: a[k]))
    t.compare(Gt(slack, 0), slack, because="")


@attempt
def a_bound_of_one_entry_used_for_all(t):
    n = t.size("n")
    a, i = t.vector("a", n), t.index("i", n)
    under = t.suppose(Ge(a[i], 0))
    fact = under.compare(Ge(a[i], 0), a[i], because="")
    slack = total(n, lambda k: a[k])
    under.compare(Ge(slack, 0), slack, using=[fact], because="")


@attempt
def a_lemma_used_outside_its_range(t):
    n, m = t.size("n"), t.size("m")
    i = t.index("i", n, start=2)
    fact = t.compare(Ge(i, 2), i - 2, because="")
    slack = total(m, lambda k: k - 2)
    t.compare(Ge(slack, 0), slack, using=[fact], because="")


@attempt
def a_convex_combination_with_a_negative_weight(t):
    x, y = t.real("x y")
    t.weights(Ge(Max(x, y), 2 * x - y), {x: 2, y: -1}, because="")


@attempt
def a_convex_combination_with_a_weight_of_unknown_sign(t):
    x, y, p = t.real("x y p")
    t.weights(Ge(Max(x, y), p * x + (1 - p) * y), {x: p, y: 1 - p}, because="")


@attempt
def a_combination_of_what_is_no_arm(t):
    x, y, z = t.real("x y z")
    t.weights(Ge(Max(x, y), z), {z: 1}, because="")


@attempt
def weights_that_sum_to_less(t):
    x, y = t.real("x y")
    t.weights(Ge(Max(x, y), x / 2), {x: HALF}, because="x = y = -1")


@attempt
def convexity_on_a_part_of_the_interval(t):
    x = t.real("x", 0, 1)
    t.endpoints(Le(x**3 - 3 * x, -2), x, -1000, 1, because="")


@attempt
def convexity_of_unknown_sign(t):
    x, c = t.real("x", 0, 1), t.real("c")
    t.endpoints(Le(c * x * (x - 1), 0), x, 0, 1, because="")


@attempt
def convexity_of_a_function_with_cases(t):
    x = t.real("x", 0, 1)
    bump = Abs(Piecewise((5, And(x > Rational(1, 3), x < Rational(2, 3))), (0, True)))
    t.endpoints(Le(bump, 0), x, 0, 1, because="")


@attempt
def convexity_of_a_sequence_in_its_parameter(t):
    x, k = t.real("x", -1, 1), t.time("k")
    (s,) = t.recursion(k, s=(-(x**2), lambda s: s(k)))
    t.endpoints(Le(s(k), -1), x, -1, 1, because="")


@attempt
def an_end_where_the_function_has_no_value(t):
    x = t.real("x", 0, 1, open=True)
    t.endpoints(Le(1 / x, 1), x, 0, 1, because="")


@attempt
def monotonicity_through_a_pole(t):
    x = t.real("x", -1, 1)
    t.monotone(Le(1, -1), -1 / x, x, because="the derivative 1/x^2 is positive on both sides")


@attempt
def monotonicity_across_the_poles_of_gamma(t):
    x = t.real("x", -HALF, 3)
    t.monotone(Le(gamma(-HALF), 2), gamma(x), x, because="")


@attempt
def monotonicity_beyond_what_the_hypotheses_cover(t):
    x = t.real("x", 0)
    t.assume(Ge(x, 5))
    t.monotone(Le(9, (2 * x - 8) ** 2), (x - 3) ** 2, x, because="the derivative is positive for x >= 5 only")


@attempt
def monotonicity_the_wrong_way_round(t):
    x = t.real("x", 0, 1)
    t.monotone(Le(exp(1), 1), exp(x), x, because="")


@attempt
def strict_monotonicity_between_equal_points(t):
    b = t.nonnegative("b")
    x = t.real("x", 0, b)
    t.monotone(Lt(1, exp(b)), exp(x), x, because="b = 0")


@attempt
def a_chain_with_a_gap(t):
    x = t.real("x")
    facts = [t.compare(Ge(x**2, 0), x**2, because=""), t.compare(Ge(x**2 + 1, 0), [x**2, 1], because="")]
    t.chain(Ge(x**2, x**2 + 1), facts, because="")


@attempt
def a_chain_that_runs_backwards(t):
    x = t.real("x")
    t.chain(Le(x**2, 0), [t.compare(Le(0, x**2), x**2, because="")], because="")


@attempt
def a_strict_chain_of_weak_links(t):
    x = t.real("x")
    t.chain(Lt(0, x**2), [t.compare(Le(0, x**2), x**2, because="")], because="")


@attempt
def an_equality_from_inequalities(t):
    x = t.real("x")
    t.chain(Eq(0, x**2), [t.compare(Le(0, x**2), x**2, because="")], because="")


# ---- induction and instances -----------------------------------------------------------------------------------------


@attempt
def induction_on_a_sum_that_is_still_empty(t):
    n = t.time("n")
    t.induct(Eq(total(n, lambda k: 2 * k - 1, start=5), n**2), over=n, because="")


@attempt
def induction_that_starts_too_late(t):
    n = t.time("n")
    (x,) = t.recursion(n, x=(5, lambda x: 0 * x(n) + 7))
    t.induct(Eq(x(n), 7), over=n, start=1, because="x(0) = 5")


@attempt
def induction_that_starts_too_early(t):
    n = t.size("n")
    (x,) = t.recursion(n, x=(Integer(0), lambda x: x(n) + Abs(1 - n)))
    t.induct(Eq(x(n), n * (n - 1) / 2 - n), over=n, because="the step uses n >= 1, the start is 0")


@attempt
def induction_with_a_hypothesis_on_its_variable(t):
    k = t.time("k")
    t.assume(Ge(k, 5))
    (x,) = t.recursion(k, x=(Integer(0), lambda x: x(k) + Abs(k - 5)))
    t.induct(Eq(x(k), k * (k - 1) / 2 - 5 * k), over=k, because="the step is not shown below 5")


@attempt
def induction_over_the_size_of_an_index(t):
    k = t.size("k")
    i = t.integer("i", 1, k)
    t.induct(Eq(KroneckerDelta(i, 1), 1), over=k, start=1, because="i may be the new one")


@attempt
def induction_with_a_sequence_that_depends_on_its_variable(t):
    n, k = t.size("n"), t.time("k")
    (x,) = t.recursion(k, x=(n, lambda x: x(k)))
    t.induct(Eq(x(k), x(k) * n), over=n, start=1, because="")


@attempt
def a_closed_form_used_outside_its_range(t):
    j, k = t.integer("j", 2), t.time("k")
    (x,) = t.recursion(k, x=((j,), Abs(j - 2), lambda x: x(j - 1, k)))
    t.induct(Eq(x(j, k), j - 2 - k), over=k, because="x(1, 0) = 1")


@attempt
def an_equation_captured_by_a_sum(t):
    n, k, j = t.size("n"), t.time("k"), Dummy("j", integer=True)
    a, i = t.vector("A", n, n), t.index("i", n)
    row = Sum(a[i, j], (j, 1, n))
    (y,) = t.recursion(k, y=((i,), row, lambda y: y(i, k)))
    closed = t.induct(Eq(y(i, k), row), over=k, because="")
    t.equal(Eq(Sum(y(j, k), (j, 1, n)), n * Sum(a[j, j], (j, 1, n))), using=closed, because="")


@attempt
def induction_without_a_step(t):
    k = t.time("k")
    base = t.compare(Le(Integer(0), 0), 0, because="")
    t.induct_from(Le(k, 0), over=k, base=base, step=base, because="")


@attempt
def induction_whose_step_supposes_something_else(t):
    k = t.time("k")
    base = t.compare(Le(Integer(0) * k, 5), 5, because="")
    step = t.suppose(Le(k, 4)).compare(Le(k + 1, 5), 4 - k, because="")
    t.induct_from(Le(k, 5), over=k, base=base, step=step, because="")


@attempt
def an_instance_that_misses_a_sequence(t):
    k, eta = t.time("k"), t.real("eta")
    (x,) = t.recursion(k, x=(1, lambda x: eta * x(k)))
    (closed,) = t.induct(Eq(x(k), eta**k), over=k, because="")
    t.instance(closed, {eta: 2}, because="x(k) still runs with eta")


@attempt
def an_instance_under_a_derivative(t):
    a, x = t.real("a x")
    slope = t.equal(Eq(Derivative(a * x, x), a), because="")
    t.instance(slope, {a: x}, because="the derivative of x^2")


@attempt
def an_instance_that_moves_the_bound_of_another_symbol(t):
    a = t.positive("a")
    x = t.real("x", 0, a)
    fact = t.compare(Le(x, a), a - x, because="")
    t.instance(fact, {a: 1}, because="x may be 5 when a is")


@attempt
def an_instance_outside_the_domain(t):
    a = t.positive("a")
    fact = t.compare(Gt(a, 0), a, because="")
    t.instance(fact, {a: -1}, because="")


@attempt
def an_instance_of_a_size_that_is_no_integer(t):
    n = t.size("n")
    fact = t.compare(Ge(n - 1, 0), n - 1, because="")
    t.instance(fact, {n: HALF}, because="")


@attempt
def an_instance_at_a_random_symbol(t):
    v = t.positive("v")
    x = t.random("X", independent((0, v)))
    fact = t.expectation(Eq(Expectation(x**2), v), because="")
    t.instance(fact, {x: 5}, because="25 = v")


@attempt
def an_instance_at_a_random_value(t):
    a, x = t.real("a"), t.random("X", independent((0, 1)))
    fact = t.expectation(Eq(Expectation(a * x), 0), because="")
    t.instance(fact, {a: x}, because="E[X^2] = 1")


@attempt
def an_instance_at_one_entry_of_a_vector(t):
    n = t.size("n")
    x, i = t.vector("x", n), t.index("i", n)
    fact = t.equal(Eq(Derivative(total(n, lambda k: x[k] ** 2), x[i]), 2 * x[i]), because="")
    t.instance(fact, {x[i]: 5}, because="")


# ---- suppositions ----------------------------------------------------------------------------------------------------


@attempt
def a_supposition_that_leaks_into_the_evidence(t):
    x = t.real("x")
    fact = t.suppose(Ge(x, 1)).compare(Ge(x, 1), x - 1, because="")
    t.compare(Ge(x, 0), [x - 1, 1], using=[fact], because="")


@attempt
def a_supposition_that_leaks_through_a_chain(t):
    x = t.real("x")
    fact = t.suppose(Ge(x, 1)).compare(Ge(x, 1), x - 1, because="")
    t.chain(Ge(x, 1), [fact], because="")


@attempt
def an_implication_from_another_premise(t):
    x = t.real("x")
    fact = t.suppose(Ge(x, 1)).compare(Ge(x, 1), x - 1, because="")
    t.implies(Implies(Ge(x, 0), Ge(x, 1)), fact, because="")


@attempt
def an_equivalence_shown_one_way(t):
    x = t.real("x")
    fact = t.suppose(Ge(x, 1)).compare(Ge(x, 0), [x - 1, 1], because="")
    t.equivalent(Equivalent(Ge(x, 1), Ge(x, 0)), [fact], because="")


@attempt
def cases_that_leave_one_out(t):
    x = t.real("x")
    facts = [t.suppose(premise).compare(Gt(x**2, 0), x * x, because="") for premise in (Gt(x, 0), Lt(x, 0))]
    t.cases(Gt(x**2, 0), facts, because="x = 0")


@attempt
def both_from_one(t):
    x = t.real("x")
    fact = t.compare(Ge(x**2, 0), x**2, because="")
    t.both(And(Ge(x**2, 0), Ge(x, 0)), [fact], because="")


@attempt
def a_symbol_declared_in_a_supposition_only(t):
    x = t.positive("x")
    under = t.suppose(Ge(x, 0))
    y = under.real("y", x, 1)
    fact = under.compare(Le(x, 1), [y - x, 1 - y], because="y lies between x and 1")
    t.suppose(Ge(x, 0)).compare(Le(x, 1), 1 - x, using=[fact], because="there need be no such y")


# ---- finite and compact domains --------------------------------------------------------------------------------------


@attempt
def an_enumeration_of_nothing(t):
    n = t.size("n")
    t.enumerate(Eq(n, 5), {n: []}, because="")


@attempt
def an_enumeration_that_starts_at_the_second_size(t):
    n = t.size("n")
    t.enumerate(Ge(n, 2), {n: [2, 3]}, because="n = 1")


@attempt
def an_enclosure_on_a_part_of_the_domain(t):
    x = t.real("x")
    t.enclose(Lt(x, 3), {x: (0, 1)}, because="")


@attempt
def an_enclosure_of_the_arctangent_by_its_middle(t):
    x = t.real("x", 0, 100)
    t.enclose(Lt(atan(x), Rational(156, 100)), {x: (0, 100)}, because="atan 50 < 1.56 < atan 100")


# ---- refutations -----------------------------------------------------------------------------------------------------


@attempt
def a_counterexample_outside_the_hypotheses(t):
    x = t.positive("x")
    t.refute(Gt(x, 0), {x: -1}, because="")


@attempt
def a_counterexample_with_a_forbidden_entry(t):
    n = t.size("n")
    x = t.vector("x", n, low=0)
    t.refute(Ge(total(n, lambda k: x[k]), 0), {n: 1, x: [-1]}, because="")


@attempt
def a_counterexample_with_half_a_size(t):
    n = t.size("n")
    t.refute(Ge(n * (n - 1) * (n - 2), 0), {n: Rational(3, 2)}, because="")


@attempt
def a_counterexample_with_a_vector_of_another_size(t):
    n = t.size("n")
    x = t.vector("x", n)
    t.refute(Eq(total(n, lambda k: x[k]), x[1]), {n: 2, x: [1, 1, 1]}, because="")


@attempt
def a_counterexample_to_what_holds(t):
    x = t.real("x")
    t.refute(Ge(x**2, 0), {x: -1}, because="")


@attempt
def an_expression_without_a_value_because_none_was_given(t):
    x = t.positive("x")
    t.undefined(1 / x, {}, because="")


@attempt
def an_expression_without_a_value_outside_the_hypotheses(t):
    x = t.positive("x")
    t.undefined(1 / x, {x: 0}, because="")


@attempt
def an_expression_that_engine_two_cannot_evaluate(t):
    x = t.positive("x")
    t.undefined(sympy.zeta(x), {x: 2}, because="")


# ---- facts and names -------------------------------------------------------------------------------------------------


@attempt
def a_fact_made_by_hand(t):
    x = t.real("x")
    t.chain(Gt(x, 1), [Fact(object(), Gt(x, 1), (), "compare", "", ("symbolic",), "proved", t)], because="")


@attempt
def a_fact_made_without_its_constructor(t):
    x = t.real("x")
    forged = Fact.__new__(Fact)
    for name, value in {"claim": Gt(x, 1), "hypotheses": (), "declared": frozenset(), "root": t}.items():
        object.__setattr__(forged, name, value)
    t.chain(Gt(x, 1), [forged], because="")


@attempt
def a_thing_that_looks_like_a_fact(t):
    x = t.real("x")
    likeness = types.SimpleNamespace(claim=Gt(x, 1), hypotheses=(), declared=frozenset(), root=t, strength="proved")
    t.implies(Implies(Gt(x, 0), Gt(x, 1)), likeness, because="")


@attempt
def a_fact_changed_afterwards(t):
    x = t.real("x")
    fact = t.compare(Ge(x**2, 0), x**2, because="")
    fact.claim = Ge(x, 0)


@attempt
def a_fact_of_another_theorem(t):
    other = Proof()
    x = other.positive("x")
    fact = other.compare(Ge(x, 0), x, because="")
    t.positive("x")
    t.chain(Ge(x, 0), [fact], because="")


@attempt
def a_claim_about_an_undeclared_symbol(t):
    y = Symbol("y", positive=True)
    t.compare(Ge(y, 0), y, because="nobody declared y as positive")


@attempt
def a_claim_that_sympy_has_decided(t):
    n = t.size("n")
    t.enumerate(sympy.true, {n: [1]}, because="")


@attempt
def a_statement_that_sympy_has_decided(t):
    x = t.real("x")
    t.state("nothing", sympy.Eq(x, x))


@attempt
def one_name_for_two_symbols(t):
    t.real("x")
    t.positive("x")


@attempt
def one_name_for_two_sequences(t):
    k = t.time("k")
    (x,) = t.recursion(k, x=(1, lambda x: 2 * x(k)))
    t.induct(Eq(x(k), 2**k), over=k, because="")
    t.recursion(k, x=(1, lambda x: 3 * x(k)))


@attempt
def one_name_for_two_laws(t):
    x = t.random("X", independent((0, 1)))
    t.equal(Eq(Expectation(x**2), 1), because="")
    t.random("X", independent((0, 2)))


@attempt
def an_empty_sum_of_shares_that_adds_up_to_one(t):
    n = t.integer("n", 0)
    t.equal(Eq(total(n, lambda i: 1 / n), 1), because="0 at n = 0")


@attempt
def an_empty_softmax_that_adds_up_to_one(t):
    n = t.integer("n", 0)
    z = t.vector("z", n)
    whole = total(n, lambda i: exp(z[i]))
    t.equal(Eq(total(n, lambda i: exp(z[i]) / whole), 1), because="0 at n = 0")


@attempt
def a_double_sum_of_shares_with_an_empty_range(t):
    n, m = t.size("n"), t.integer("m", 0)
    t.equal(Eq(total(n, lambda i: total(m, lambda j: 1 / m)), n), because="0 at m = 0")


@attempt
def an_arbitrary_function_with_the_name_of_a_known_one(t):
    chi = t.function("chi")
    t.equal(Eq(chi(Integer(0)), 0), because="only of mpmath's chi does SymPy think so")
