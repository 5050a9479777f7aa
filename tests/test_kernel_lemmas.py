"""An inequality shown for a free index holds under a sum over its range, and only there."""

from __future__ import annotations

import pytest
from sympy import Sum, exp, log, sqrt

from backproof.derivations.kernel import Eq, Ge, NotShown, Proof, total


def squares(t: Proof):
    """A fact for a free index i of 1..n: x_i^2 + 1 >= 2 x_i."""
    n = t.size("n")
    i, x = t.index("i", n), t.vector("x", n)
    fact = t.compare(Ge(x[i] ** 2 + 1, 2 * x[i]), (x[i] - 1) ** 2, because="a square")
    return n, i, x, fact


def test_a_lemma_for_a_free_index_holds_at_every_index_of_a_sum():
    t = Proof()
    n, _, x, fact = squares(t)
    claim = Ge(total(n, lambda k: x[k] ** 2) + n, 2 * total(n, lambda k: x[k]))
    part = total(n, lambda k: x[k] ** 2 + 1 - 2 * x[k])
    t.compare(claim, part, using=[fact], because="term by term")
    with pytest.raises(NotShown, match="visibly"):
        t.compare(claim, part, because="without the lemma nothing is visible")


def test_a_lemma_does_not_leave_its_range():
    t = Proof()
    n, _, x, fact = squares(t)
    m = t.integer("m", n, n + 3)
    y = lambda k: x[1] * k  # noqa: E731 - another sequence than the lemma's
    with pytest.raises(NotShown):
        t.compare(Ge(total(m, lambda k: y(k) ** 2 + 1 - 2 * y(k)), 0), total(m, lambda k: y(k) ** 2 + 1 - 2 * y(k)),
                  using=[fact], because="not the lemma's terms")  # fmt: skip


def test_a_lemma_about_a_constrained_index_is_not_generalized():
    t = Proof()
    n = t.size("n")
    i, x = t.index("i", n), t.vector("x", n)
    special = t.suppose(Ge(x[i], 0))
    fact = special.compare(Ge(2 * x[i], x[i]), x[i], because="as supposed for this one i")
    with pytest.raises(NotShown, match="visibly"):
        special.compare(
            Ge(total(n, lambda k: 2 * x[k]), total(n, lambda k: x[k])), total(n, lambda k: 2 * x[k] - x[k]),
            using=[fact], because="nothing is known of the other indices",
        )  # fmt: skip


def test_a_lemma_about_an_index_that_a_declaration_uses_is_not_generalized():
    t = Proof()
    n = t.size("n")
    i, x = t.index("i", n), t.vector("x", n)
    y = t.real("y", x[i])
    fact = t.compare(Ge(y, x[i]), y - x[i], because="declared")
    with pytest.raises(NotShown, match="visibly"):
        t.compare(Ge(n * y, total(n, lambda k: x[k])), total(n, lambda k: y - x[k]), using=[fact],
                  because="y is above one entry only")  # fmt: skip


def test_reindexing_reverses_and_shifts_a_sum():
    t = Proof()
    n = t.size("n")
    f, x = t.vector("f", n), t.vector("x", n)
    reversal = Eq(total(n, lambda k: f[n + 1 - k] * x[k]), total(n, lambda k: f[k] * x[n + 1 - k]))
    t.reindex(reversal, lambda k: n + 1 - k, because="read it backwards")
    t.reindex(Eq(total(n, lambda k: x[k]), total(n - 1, lambda k: x[k + 1], 0)), lambda k: k + 1, because="shift")
    with pytest.raises(NotShown, match="terms differ"):
        t.reindex(Eq(total(n, lambda k: f[k] * x[k]), total(n, lambda k: f[k] * x[n + 1 - k])), lambda k: n + 1 - k,
                  because="only one factor is reversed")  # fmt: skip
    with pytest.raises(NotShown, match="does not carry"):
        t.reindex(Eq(total(n, lambda k: x[k]), total(n, lambda k: x[k])), lambda k: k + 1, because="off by one")
    with pytest.raises(NotShown, match="does not carry"):
        t.reindex(Eq(total(n, lambda k: x[k]), total(n, lambda k: x[2 * k])), lambda k: 2 * k, because="skips terms")


def test_an_arbitrary_function_knows_the_chain_rule_and_nothing_else():
    from sympy import Derivative

    t = Proof()
    n = t.size("n")
    phi, w, x = t.function("phi"), t.vector("w", n), t.vector("x", n)
    i = t.index("i", n)
    inner = total(n, lambda k: w[k] * x[k])
    slope = phi(inner).fdiff()
    fact = t.equal(Eq(Derivative(phi(inner), w[i]), slope * x[i]), because="chain rule")
    assert fact.engines == ("symbolic", "exact")
    for wrong in (phi(inner) * x[i], slope * w[i], slope):
        with pytest.raises(NotShown):
            t.equal(Eq(Derivative(phi(inner), w[i]), wrong), because="wrong")
    a, b = t.real("a b")
    with pytest.raises(NotShown):
        t.equal(Eq(phi(a + b), phi(a) + phi(b)), because="nothing says that it is linear")
    two = t.function("g", 2)
    t.equal(Eq(Derivative(two(a, exp(b)), a, b), Derivative(two(a, exp(b)), b, a)), because="mixed derivatives agree")
    assert isinstance(total(n, lambda k: x[k]), Sum)


def test_an_instance_must_be_visibly_real():
    t = Proof()
    n, x = t.size("n"), t.real("x")
    d = t.vector("d", n)
    lemma = t.compare(Ge(x**2 + 1, 2 * x), (x - 1) ** 2, because="a square")
    t.instance(lemma, {x: log(1 + total(n, lambda k: exp(d[k]))) / n}, because="the logarithm of something positive")
    for unsafe in (log(d[1]), sqrt(1 + total(n, lambda k: d[k])), 1 / total(n, lambda k: d[k])):
        with pytest.raises(NotShown, match="real"):
            t.instance(lemma, {x: unsafe}, because="may be complex or infinite")


def test_an_exhibited_slope_must_be_the_derivative_and_have_the_sign():
    t = Proof()
    end = t.nonnegative("a")
    x = t.real("x", 0, end)
    claim, function = Ge(end**2 * exp(end), 0), x**2 * exp(x)
    t.monotone(claim, function, x, slope=x * (2 + x) * exp(x), because="the product rule")
    with pytest.raises(NotShown, match="not the derivative"):
        t.monotone(claim, function, x, slope=x**2 * exp(x), because="a factor is missing")
    with pytest.raises(NotShown, match="sign"):
        t.monotone(Ge((end - 1) ** 2, 1), (x - 1) ** 2, x, slope=2 * (x - 1), because="it falls first")
