"""Logarithms of sums meet when they differ by a common exponential; steps are decided by the hypotheses only."""

from __future__ import annotations

import pytest
from sympy import Derivative, Heaviside, exp, log, sign

from backproof.derivations.kernel import Eq, Gt, NotShown, Proof, total
from backproof.derivations.kernel.normal_form import is_zero


def test_a_common_exponential_leaves_the_logarithm_of_a_sum():
    t = Proof()
    n, a, b = t.size("n"), t.real("a"), t.real("b")
    z = t.vector("z", n)
    rest = total(n, lambda k: exp(z[k]))
    assert is_zero(log(exp(a) + exp(b) + rest) - a - log(1 + exp(b - a) + total(n, lambda k: exp(z[k] - a))), t)
    assert not is_zero(log(exp(a) + exp(b)) - b - log(1 + exp(b - a)), t)
    assert not is_zero(log(exp(a) + 2 * exp(b)) - a - log(1 + exp(b - a)), t)


def test_the_logarithm_of_a_product_of_unknown_signs_stays_whole():
    t = Proof()
    x, y = t.real("x y")
    assert not is_zero(log(x * y) - log(x) - log(y), t)
    assert not is_zero(log((x + exp(y)) ** 2) - 2 * log(x + exp(y)), t)


def test_a_step_is_decided_by_a_supposition_and_by_nothing_less():
    t = Proof()
    x = t.real("x")
    right = t.suppose(Gt(x, 0))
    right.equal(Eq(Heaviside(x, 0) + sign(2 * x), 2), because="x > 0")
    with pytest.raises(NotShown):
        t.equal(Eq(Heaviside(x, 0), 1), because="x may be negative")
    with pytest.raises(NotShown):
        right.equal(Eq(Heaviside(x - 1, 0), 1), because="x may be below 1")


def test_the_exponential_of_a_sum_is_differentiated_whole():
    t = Proof()
    n, h, v = t.size("n"), t.vector("h", t.declared[0].symbol), t.vector("v", t.declared[0].symbol)
    j = t.index("j", n)
    e = exp(total(n, lambda k: v[k] * h[k]))
    t.equal(Eq(Derivative(e, v[j]), e * h[j]), because="the chain rule")
    with pytest.raises(NotShown):
        t.equal(Eq(Derivative(e, v[j]), e * v[j]), because="the other factor")
