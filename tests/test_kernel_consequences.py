"""What z3 shows from known relations between numbers of any value; each with a neighbour that does not follow."""

from __future__ import annotations

import pytest
from sympy import Implies, Max, Piecewise, exp, log, tanh

from backproof.derivations.kernel import Expectation, Ge, Gt, Le, Lt, Proof, bernoulli, independent, total
from backproof.derivations.kernel.consequences import follows, reached
from backproof.derivations.kernel.mutation import Mutant
from backproof.derivations.kernel.recognition import implied
from backproof.derivations.kernel.rigor import installed

pytestmark = pytest.mark.skipif(not installed(), reason="z3 comes with the extra rigor")


@pytest.fixture
def t() -> Proof:
    return Proof()


def test_powers_of_a_function_value_are_bounded_where_its_square_is(t):
    z = t.real("z")
    known = [Lt(tanh(z) ** 2, 1)]
    assert follows(known, Lt(tanh(z) ** 3, 1), t)
    assert follows(known, Lt(tanh(z) ** 4, 1), t)
    assert not follows(known, Lt(2 * tanh(z) ** 3, 1), t)
    assert not follows(known, Lt(tanh(2 * z) ** 3, 1), t)  # another number


def test_the_sign_of_a_sum_counts_where_it_is_visible(t):
    n = t.size("n")
    v = t.vector("v", n)
    squares, plain = total(n, lambda i: v[i] ** 2), total(n, lambda i: v[i])
    assert follows([Le(squares, 1)], Le(-squares, 1), t)
    assert not follows([Le(plain, 1)], Le(-plain, 1), t)
    assert not follows([Le(squares, 1)], Lt(squares, 1), t)


def test_what_does_not_depend_on_the_index_comes_out_of_the_sum(t):
    """From sum(v)/c >= 0 and c > 0 follows sum(c v) >= 0; of a c without a sign nothing does."""
    n, c, d = t.size("n"), t.positive("c"), t.real("d")
    v = t.vector("v", n)
    known = [Ge(total(n, lambda i: v[i]) / c, 0)]
    assert follows(known, Ge(total(n, lambda i: c * v[i]), 0), t)
    assert not follows(known, Ge(total(n, lambda i: d * v[i]), 0), t)


def test_a_number_must_have_a_value(t):
    """A square is not negative, but log(x) has no value at x = -1, nor v[n + 1] anywhere."""
    n, x, y = t.size("n"), t.real("x"), t.positive("y")
    v = t.vector("v", n)
    assert follows([], Ge(log(y) ** 2, 0), t)
    assert not follows([], Ge(log(x) ** 2, 0), t)
    assert follows([Gt(log(x), 5)], Ge(log(x) ** 2, 0), t)  # said of an x at which it has one
    assert follows([Gt(v[n], 5)], Ge(v[n] ** 2, 0), t)
    assert not follows([Gt(v[n], 5)], Ge(v[n + 1] ** 2, 0), t)
    m = t.time("m")
    assert not follows([Le(total(m, lambda i: i * log(x)), 5)], Ge(log(x) ** 2, 0), t)  # a sum may be empty
    assert not follows([Le(Piecewise((log(x), x > 0), (0, True)), 5)], Ge(log(x) ** 2, 0), t)
    squares = lambda last: total(last, lambda i: v[i] ** 2)  # noqa: E731
    assert follows([Gt(squares(n), 5)], Ge(squares(n), 0), t)
    assert not follows([Gt(squares(n), 5)], Ge(squares(n + 1), 0), t)


def test_nothing_is_divided_by_0(t):
    x, y = t.real("x"), t.positive("y")
    assert follows([], Ge(1 / y**2, 0), t)
    assert not follows([], Ge(1 / x**2, 0), t)
    assert follows([Le(1 / x, 5)], Ge(1 / x**2, 0), t)
    assert not follows([Implies(Gt(x, 0), Le(1 / x, 5))], Ge(1 / x**2, 0), t)


def test_a_conclusion_is_known_only_where_its_premise_is(t):
    x, y = t.real("x y")
    known = [Implies(Gt(x, 1), Gt(y, 3))]
    assert follows(known, Implies(Gt(x, 2), Gt(y, 2)), t)
    assert not follows(known, Implies(Gt(x, 0), Gt(y, 2)), t)
    assert not follows(known, Gt(y, 2), t)


def test_a_claim_is_known_at_the_next_index_too(t):
    n = t.size("n")
    k, g = t.integer("k", 0, n), t.vector("g", n + 1)
    (f,) = t.recursion(k, f=(1, lambda f: f(k) / 2 + g[k + 1] ** 2))
    bound, sign = Le(k * f(k), 3), Ge(f(k), 0)
    shown = lambda wanted, claims: implied(Mutant("", "index: by hand", bound, wanted), claims, t)  # noqa: E731
    assert shown(Le(k * f(k + 1), 3), [bound, sign])  # (k + 1) f(k + 1) <= 3 less f(k + 1) >= 0
    assert shown(Le(k * f(k + 1), 3), [bound])  # which at a negative f(k + 1) is anyhow so
    assert not shown(Le((k + 2) * f(k + 1), 3), [bound, sign])
    assert not shown(Le(n * f(k + 1), 3), [bound, sign])


def test_a_claim_at_the_next_index_counts_where_all_that_it_speaks_of_is_there(t):
    """f(k + 1) reads g[k + 1], of which there are n + 1, and k is at most n; of h there are only n."""
    n = t.size("n")
    k, g, h = t.integer("k", 0, n), t.vector("g", n + 1), t.vector("h", n)
    f, e = t.recursion(k, f=(1, lambda f, e: f(k) / 2 + g[k + 1] ** 2), e=(1, lambda f, e: e(k) + h[k + 1]))
    assert reached(f(k + 1), t)
    assert not reached(f(k + 2), t)
    assert not reached(e(k + 1), t)
    j, m = t.integer("j", 1), t.time("m")
    (z,) = t.recursion(m, z=((j,), 1, lambda z: z(j, m) + z(j + 1, m)))
    assert reached(z(3, m + 1), t)
    assert not reached(z(0, m), t)
    assert reached(total(n, lambda i: h[i] + g[i + 1]), t)
    assert not reached(total(n, lambda i: h[i + 1]), t)


def test_a_sequence_stays_nonnegative_by_induction(t):
    n = t.size("n")
    k, j, c, a = t.integer("k", 0, n), t.integer("j", 2), t.positive("c"), t.vector("a", n + 1, low=0, high=1)
    shrunk, summed, lowered, late, counted = t.recursion(
        k,
        shrunk=(1, lambda *f: f[0](k) * (1 - a[k + 1])),
        summed=(0, lambda *f: f[1](k) + f[0](k)),
        lowered=(1, lambda *f: f[2](k) - a[k + 1]),
        late=(1, lambda *f: f[3](k) * (1 - k)),
        counted=(1, lambda *f: f[4](k) + (n - k) * c),
    )
    for sequence, stays in ((shrunk, True), (summed, True), (lowered, False), (late, False), (counted, True)):
        assert follows([], Ge(sequence(k + 1), 0), t) is stays
    assert not follows([Le(counted(k + 2), 5)], Ge(counted(k + 2), 0), t)  # n - k is negative at k = n + 1
    (early,) = t.recursion(j, early=(1, lambda e: e(j) * (j - 2)))
    assert not follows([Le(early(j), 5)], Ge(early(j), 0), t)  # j - 2 is negative at j = 0


def test_an_exponential_is_above_1_where_its_exponent_is_above_0(t):
    x, u, v = t.real("x"), t.nonnegative("u"), t.real("v")
    assert follows([Le(x, exp(-u))], Le(x, 1), t)
    assert follows([Le(x, exp(-u))], Le(x, exp(u)), t)
    assert not follows([Le(x, exp(-v))], Le(x, 1), t)


def test_entries_lie_between_their_bounds(t):
    n, x = t.size("n"), t.positive("x")
    i, v, w = t.index("i", n), t.vector("v", n, low=0, high=1), t.vector("w", n, low=0)
    assert follows([Le(x, 1)], Le(v[i] * x, 1), t)
    assert not follows([Le(x, 1)], Le(w[i] * x, 1), t)


def test_sums_and_expectations_are_compared_term_by_term(t):
    n, p = t.size("n"), t.real("p", 0, 1)
    u, w = t.vector("u", n, low=0, high=1), t.vector("w", n, low=0)
    v, mask = t.vector("v", n), t.random("D", bernoulli(p, [n]))
    cubes, squares = (lambda x, d=d: total(n, lambda i: x[i] ** d * v[i] ** 2) for d in (3, 2))
    assert follows([Le(squares(u), p)], Le(cubes(u), p), t)
    assert not follows([Le(squares(w), p)], Le(cubes(w), p), t)
    mean = lambda low, x: Expectation(Max(low, total(n, lambda i: x[i] * v[i])))  # noqa: E731
    assert follows([Ge(mean(0, mask), p)], Ge(mean(1, mask), p), t)
    assert not follows([Ge(mean(1, mask), p)], Ge(mean(0, mask), p), t)
    noise = t.random("Z", independent([0, 1], [n]))  # two moments do not say that an expectation exists
    assert not follows([Ge(mean(0, noise), p)], Ge(mean(1, noise), p), t)


def test_the_steps_of_the_proof_are_known_but_not_what_was_supposed(t):
    n, x = t.size("n"), t.real("x")
    v, w = t.vector("v", n), t.vector("w", n)
    sums = [total(n, f) for f in (lambda i: v[i] * w[i], lambda i: v[i] ** 2 + w[i] ** 2)]
    claim, wanted = Le(x, sums[0]), Le(2 * x, sums[1])
    shown = lambda: implied(Mutant("", "constant: by hand", claim, wanted), [claim], t)  # noqa: E731
    compared = lambda proof: proof.compare(  # noqa: E731
        Le(2 * sums[0], sums[1]), total(n, lambda i: (v[i] - w[i]) ** 2), because="squares"
    )
    assert not shown()
    compared(t.suppose(Ge(x, 0)))
    assert not shown()
    compared(t)
    assert shown()
