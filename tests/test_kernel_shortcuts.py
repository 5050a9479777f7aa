"""What the kernel skips because there is visibly nothing to find must be just that."""

import sympy
from sympy import Rational, Sum, symbols

from backproof.derivations.kernel.atoms import expanded
from backproof.derivations.kernel.scalars import _nonzero_somewhere, scalar_zero

x, y = symbols("x y", real=True)
p = symbols("p", positive=True)
n = symbols("n", integer=True, positive=True)
k = symbols("k", integer=True)
a = sympy.IndexedBase("a", real=True)
entry = Sum(a[k] ** 2, (k, 1, n))


def test_what_counts_as_expanded_is_left_alone_by_expand():
    for expr in (
        x,
        2 * x * y**3 - 1 / x,
        3 * entry**2 * x,
        entry / x,
        Sum(2 * a[k] * x, (k, 1, n + 1)) - Rational(1, 2),
    ):
        assert expanded(expr)
        assert sympy.expand(expr) == expr


def test_what_expand_changes_does_not_count_as_expanded():
    products = (x * (y + 1), (x + y) ** 2, x ** (n + 1), (x * p) ** y, 1 / (x * (y + 1)), x * sympy.exp(x + y))
    sums = (Sum(x * (a[k] + y), (k, 1, n)), Sum(a[k], (k, 1, x * (y + 1))), x * Sum((a[k] + x) ** 2, (k, 1, n)))
    for expr in products + sums:
        assert sympy.expand(expr) != expr
        assert not expanded(expr)


def test_an_expression_counts_as_different_from_zero_only_at_numbers_that_its_symbols_may_be():
    half, negative = n * (n + 1) / 2, symbols("q", negative=True)
    # Each is 0 wherever its symbol may be, and nowhere near all numbers.
    for expr in (half - sympy.floor(half), sympy.Abs(negative, evaluate=False) + negative):
        assert not _nonzero_somewhere(expr)
        assert _nonzero_somewhere(expr.xreplace({n: x, negative: x}))


def test_identities_that_need_a_simplifier_still_reach_it():
    for expr in (sympy.sin(x) ** 2 + sympy.cos(x) ** 2 - 1, sympy.tanh(x) * sympy.cosh(x) - sympy.sinh(x)):
        assert not _nonzero_somewhere(expr)
        assert scalar_zero(expr)
    assert not scalar_zero(sympy.exp(x) - 1 - x - x**2 / 2)
