"""The normal form: identities for symbolic sizes that it must decide, and near misses that it must not."""

from __future__ import annotations

import pytest
from sympy import Abs, Derivative, KroneckerDelta, Max, Min, Rational, Sum, Symbol, exp, log, sqrt, tanh

from backproof.derivations.kernel import Proof, product, total
from backproof.derivations.kernel.normal_form import is_zero, normal
from backproof.derivations.kernel.substitution import same, substituted


def scope():
    t = Proof()
    n, m = t.size("n"), t.size("m")
    names = {
        "t": t, "n": n, "m": m, "a": t.vector("a", n), "b": t.vector("b", n), "c": t.vector("c", m),
        "M": t.vector("M", n, n), "i": t.index("i", n), "j": t.index("j", n), "x": t.real("x"), "y": t.positive("y"),
        "k": t.time("k"),
    }  # fmt: skip
    return names


def variance(n, a):
    """Both forms of n times the variance of the entries."""
    mean, squares = total(n, lambda j: a[j]) / n, total(n, lambda i: a[i] ** 2)
    return total(n, lambda i: (a[i] - mean) ** 2) - (squares - n * mean**2)


def pairs(n, a):
    """All squared differences, counted and multiplied out."""
    squares, square = total(n, lambda i: a[i] ** 2), total(n, lambda i: a[i]) ** 2
    return total(n, lambda i: total(n, lambda j: (a[i] - a[j]) ** 2)) - 2 * n * squares + 2 * square


def gradient_of_a_form(n, a, M, i):
    form = total(n, lambda p: total(n, lambda q: M[p, q] * a[p] * a[q]))
    return Derivative(form, a[i]) - total(n, lambda q: (M[i, q] + M[q, i]) * a[q])


def gradient_of_log_sum_exp(n, a, i):
    normalizer = total(n, lambda k: exp(a[k]))
    return Derivative(log(normalizer), a[i]) - exp(a[i]) / normalizer


def exchanged(n, M):
    return total(n, lambda i: total(n, lambda j: M[i, j] ** 2)) - total(n, lambda i: total(n, lambda j: M[j, i] ** 2))


def separated(n, m, a, c):
    together = total(n, lambda i: total(m, lambda j: a[i] * c[j]))
    return together - total(n, lambda i: a[i]) * total(m, lambda j: c[j])


def squared(n, a):
    return total(n, lambda i: a[i]) ** 2 - total(n, lambda i: total(n, lambda j: a[i] * a[j]))


def linear(n, a, b, x):
    return total(n, lambda k: x * a[k] + b[k]) - x * total(n, lambda k: a[k]) - total(n, lambda k: b[k])


def delta(n, i, j):
    return total(n, lambda k: KroneckerDelta(k, i) * KroneckerDelta(k, j)) - KroneckerDelta(i, j)


IDENTITIES = {
    "linearity": lambda n, a, b, x, **_: linear(n, a, b, x),
    "constants": lambda n, x, **_: total(n, lambda k: x) - n * x,
    "separation": lambda n, m, a, c, **_: separated(n, m, a, c),
    "exchange": lambda n, M, **_: exchanged(n, M),
    "square of a sum": lambda n, a, **_: squared(n, a),
    "delta": lambda n, a, i, **_: total(n, lambda k: KroneckerDelta(k, i) * a[k]) - a[i],
    "two deltas": lambda n, i, j, **_: delta(n, i, j),
    "delta squared": lambda i, j, **_: KroneckerDelta(i, j) ** 2 - KroneckerDelta(i, j),
    "trace": lambda n, **_: total(n, lambda i: total(n, lambda j: KroneckerDelta(i, j))) - n,
    "variance": lambda n, a, **_: variance(n, a),
    "pairs": lambda n, a, **_: pairs(n, a),
    "product of powers": lambda n, y, **_: product(n, lambda i: y) - y**n,
    "product of exponentials": lambda n, a, **_: product(n, lambda i: exp(a[i])) - exp(total(n, lambda i: a[i])),
    "gradient of a square": lambda n, a, i, **_: Derivative(total(n, lambda k: a[k] ** 2), a[i]) - 2 * a[i],
    "gradient of a form": lambda n, a, M, i, **_: gradient_of_a_form(n, a, M, i),
    "gradient of log-sum-exp": lambda n, a, i, **_: gradient_of_log_sum_exp(n, a, i),
    "tanh": lambda x, **_: tanh(x) - (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    "maximum and minimum": lambda x, y, **_: Max(x, y) + Min(x, y) - x - y,
    "absolute value of a positive": lambda y, **_: Abs(-2 * y) - 2 * y,
    "root": lambda x, y, **_: sqrt(x**2 * y**2) - y * Abs(x),
    "powers": lambda x, k, **_: (2 * x) ** (k + 1) - 2 * x * 2**k * x**k,
    "quotient": lambda x, y, **_: (x**2 - y**2) / (x**2 + y**2) - 1 + 2 * y**2 / (x**2 + y**2),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_for_all_sizes_is_decided_and_its_near_miss_is_not(name):
    names = scope()
    difference = IDENTITIES[name](**names)
    assert is_zero(difference, names["t"])
    assert not is_zero(difference + Rational(1, 7), names["t"])
    assert not is_zero(difference + names["y"], names["t"])


def test_equal_sums_have_one_normal_form_whatever_their_indices_are_called():
    names = scope()
    t, n, a, b = (names[s] for s in "tnab")
    p, q = Symbol("p", integer=True), Symbol("q", integer=True)
    first = Sum(a[p] * b[q] * (a[p] + b[q]), (p, 1, n), (q, 1, n))
    second = Sum(a[q] * b[p] * (a[q] + b[p]), (p, 1, n), (q, 1, n))
    assert normal(first, t) == normal(second, t)


def test_a_triangle_is_read_again_as_it_was_written():
    names = scope()
    t, n, a = names["t"], names["n"], names["a"]
    triangle = total(n, lambda i: total(i, lambda j: a[j]))
    once = normal(triangle, t)
    assert normal(once, t) == once
    assert {s for s in once.free_symbols if s.is_Symbol} == {n, a.label}
    assert not is_zero(triangle - total(n, lambda i: total(i, lambda j: a[i])), t)


def test_a_sequence_unrolls_only_where_its_time_is_visibly_past_the_start():
    t = Proof()
    k, m, r = t.time("k"), t.integer("m"), t.real("r")
    (x,) = t.recursion(k, x=(1, lambda x: r * x(k)))
    assert is_zero(x(k + 2) - r**2 * x(k), t)
    assert is_zero(x(3) - r**3, t)
    assert not is_zero(x(m + 1) - r * x(m), t)  # m may be -1


def test_substitution_renames_what_would_be_captured():
    n, k, x = Symbol("n", integer=True), Symbol("k", integer=True), Symbol("x")
    result = substituted(Sum(x * k, (k, 1, n)), {x: k})
    assert k in result.free_symbols
    assert result.subs({n: 3}).doit() == 6 * k


def test_claims_are_the_same_up_to_the_names_of_bound_indices_only():
    n, k, j, x = (Symbol(s, integer=True) for s in "nkjx")
    assert same(Sum(k, (k, 1, n)) <= x, Sum(j, (j, 1, n)) <= x)
    assert not same(Sum(k, (k, 1, n)) <= k, Sum(j, (j, 1, n)) <= j)
    assert same(Sum(k * j, (j, 1, k), (k, 1, n)), Sum(k * j, (k, 1, j), (j, 1, n)))
    assert not same(Sum(k, (j, 1, k), (k, 1, n)), Sum(k, (k, 1, j), (j, 1, n)))
