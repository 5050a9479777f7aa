"""The second engine's numbers against mpmath, exact rationals and central differences."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import pytest
import sympy

from backproof.derivations.kernel.evaluation import Point
from backproof.derivations.kernel.numbers import Field, Jet, Polynomial, Undefined

RATIONALS = [Fraction(n, d) for n in (-7, -3, -1, 1, 2, 5) for d in (1, 2, 3, 7)]
FUNCTIONS = ["exp", "log", "sin", "cos", "tanh", "sinh", "cosh", "atan", "erf", "gamma"]


def contains(enclosure, value):
    return enclosure.a <= value <= enclosure.b


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_encloses_mpmath_at_exact_points(name):
    field = Field()
    for x in RATIONALS:
        try:
            y = field.function(name, x)
        except Undefined:
            assert x <= 0
            assert name in ("log", "gamma")
            continue
        with mpmath.workdps(80):
            expected = getattr(mpmath, name)(mpmath.mpf(x.numerator) / x.denominator)
        y = field.lift(y)
        # the expected value is itself rounded at 80 digits
        assert y.a - mpmath.mpf(10) ** -70 <= expected <= y.b + mpmath.mpf(10) ** -70
        assert y.delta < mpmath.mpf(10) ** -45


@pytest.mark.parametrize("name", [f for f in FUNCTIONS if f != "gamma"])
@pytest.mark.parametrize(("low", "high"), [(0.25, 3), (0.5, 0.75), (1, 60)])
def test_every_function_encloses_its_values_on_an_interval(name, low, high):
    y = Field().function(name, mpmath.iv.mpf([low, high]))
    with mpmath.workdps(80):
        rounding = mpmath.mpf(10) ** -50  # of the expected value, and of the ends of the enclosure, which has 60 digits
        for share in range(11):
            expected = getattr(mpmath, name)(low + (high - low) * mpmath.mpf(share) / 10)
            slack = rounding * (1 + abs(expected))
            assert y.a - slack <= expected <= y.b + slack


def test_gamma_on_an_interval_is_enclosed_or_refused():
    field = Field()
    assert contains(field.function("gamma", mpmath.iv.mpf([2, 5])), 6)  # gamma(4) = 3!
    assert contains(field.function("gamma", mpmath.iv.mpf([0.25, 1])), mpmath.sqrt(mpmath.pi))  # gamma(1/2)
    with pytest.raises(Undefined, match="minimum"):
        field.function("gamma", mpmath.iv.mpf([1, 2]))
    with pytest.raises(Undefined):
        field.function("gamma", mpmath.iv.mpf([-0.5, 2]))


@pytest.mark.parametrize("x", RATIONALS)
@pytest.mark.parametrize("n", [-3, -1, 0, 1, 4])
def test_integer_powers_are_exact(x, n):
    assert Field().power(x, Fraction(n)) == x**n


def test_roots_are_exact_where_they_are_rational_and_enclosed_elsewhere():
    field = Field()
    assert field.power(Fraction(9, 4), Fraction(1, 2)) == Fraction(3, 2)
    assert field.power(Fraction(8, 27), Fraction(-2, 3)) == Fraction(9, 4)
    root = field.power(Fraction(2), Fraction(1, 2))
    assert contains(root * root, 2)
    assert root.delta < mpmath.mpf(10) ** -50


@pytest.mark.parametrize(
    ("base", "exponent"),
    [
        (Fraction(-1), Fraction(1, 2)),
        (Fraction(0), Fraction(-1)),
        (Fraction(0), Fraction(-1, 2)),
        (Fraction(-8), Fraction(1, 3)),
    ],
)
def test_powers_without_a_real_value_are_undefined(base, exponent):
    with pytest.raises(Undefined):
        Field().power(base, exponent)


def test_zero_to_an_irrational_negative_power_is_undefined():
    field = Field()
    with pytest.raises(Undefined):
        field.power(Fraction(0), field.function("log", Fraction(1, 2)))


def test_division_by_zero_and_by_an_interval_around_zero_are_undefined():
    field = Field()
    for zero in (Fraction(0), mpmath.iv.mpf([-1, 1])):
        with pytest.raises(Undefined, match="division by zero"):
            field.inverse(zero)


def test_the_sign_of_an_enclosure_is_known_only_away_from_zero():
    field = Field()
    assert field.sign(mpmath.iv.mpf([1, 2])) == 1
    assert field.sign(mpmath.iv.mpf([-2, -1])) == -1
    assert field.sign(mpmath.iv.mpf([-1, 1])) is None
    assert [field.sign(x) for x in (Fraction(-1), Fraction(0), Fraction(1))] == [-1, 0, 1]


x, y = sympy.symbols("x y", real=True)
EXPRESSIONS = [
    x**3 * y - 2 * x / y, sympy.exp(x * y), sympy.log(x**2 + y**2), sympy.tanh(x - y), sympy.sin(x) * sympy.cos(y),
    sympy.atan(x / y), sympy.erf(x * y), sympy.sqrt(x**2 + y**2), sympy.sinh(x) / sympy.cosh(y), sympy.Abs(x - y) ** 3,
    sympy.Max(x, y**2) * x, (x**2 + 1) ** y,
]  # fmt: skip


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("order", [(x,), (y,), (x, x), (x, y)], ids=str)
def test_derivatives_by_jets_are_those_of_mpmath(expr, order):
    at = {x: Fraction(3, 2), y: Fraction(2, 3)}
    found = Field().lift(Point(dict(at)).value(sympy.Derivative(expr, *order)))
    times = tuple(order.count(s) for s in (x, y))
    with mpmath.workdps(60):
        f = sympy.lambdify((x, y), expr, "mpmath")
        expected = mpmath.diff(f, (mpmath.mpf(3) / 2, mpmath.mpf(2) / 3), times)
    # mpmath differences at 60 digits keep about 20
    assert abs(found.mid - expected) < mpmath.mpf(10) ** -15 * (1 + abs(expected))


def test_the_derivative_of_an_absolute_value_or_a_maximum_at_a_tie_is_undefined():
    for expr in (sympy.Abs(x - 1), sympy.Max(x, 1)):
        with pytest.raises(Undefined):
            Point({x: Fraction(1)}).value(sympy.Derivative(expr, x, evaluate=False))


def test_polynomials_multiply_like_sympy_polynomials():
    field = Field()
    a, b = (Polynomial({((name, 1),): Fraction(1)}) for name in ("a", "b"))
    product = field.mul(field.add(a, b), field.add(a, field.mul(Fraction(-1), b)))
    assert {m: c for m, c in product.terms.items() if c} == {(("a", 2),): 1, (("b", 2),): -1}


def test_a_nested_jet_keeps_its_levels_apart():
    field = Field()
    inner = Jet(Fraction(3), Fraction(1), 1)
    outer = Jet(inner, Fraction(1), 2)
    cube = field.mul(outer, field.mul(outer, outer))
    # x^3: second derivative 6x = 18 at 3
    assert cube.slope.slope == 18


def test_sums_are_added_term_by_term_and_empty_ones_are_zero():
    k, n = sympy.symbols("k n", integer=True)
    point = Point({n: Fraction(4)})
    assert point.value(sympy.Sum(k**2, (k, 1, n))) == 30
    assert point.value(sympy.Sum(k, (k, 6, n))) == 0
    assert point.value(sympy.Product(k, (k, 6, n))) == 1
    assert point.value(sympy.Sum(k * x, (x, 1, k), (k, 1, n))) == sum(
        i * j for i in range(1, 5) for j in range(1, i + 1)
    )


def test_an_index_out_of_range_has_no_value():
    a, k = sympy.IndexedBase("a"), sympy.Symbol("k", integer=True)
    point = Point({a: {(1,): Fraction(5), (2,): Fraction(7)}})
    assert point.value(sympy.Sum(a[k], (k, 1, 2))) == 12
    with pytest.raises(Undefined, match="out of range"):
        point.value(sympy.Sum(a[k], (k, 1, 3)))


def test_claims_are_decided_three_ways():
    point = Point({x: Fraction(2)})
    root = sympy.sqrt(2)
    assert point.decide(sympy.Lt(root, sympy.Rational(3, 2), evaluate=False)) is True
    assert point.decide(sympy.Gt(root, sympy.Rational(3, 2), evaluate=False)) is False
    assert point.decide(sympy.Eq(root * sympy.sqrt(x + 1), sympy.sqrt(6), evaluate=False)) is None


@pytest.mark.parametrize(("a", "b"), list(itertools.product([True, False, None], repeat=2)))
def test_connectives_follow_three_valued_logic(a, b, monkeypatch):
    point = Point({})
    values = {"a": a, "b": b}
    p, q = sympy.Lt(x, 1), sympy.Lt(y, 1)
    monkeypatch.setattr(point, "_relation", lambda r: values["a" if r.has(x) else "b"])
    known = {True: [True], False: [False], None: [True, False]}
    for connective, meaning in ((sympy.And, all), (sympy.Or, any)):
        outcomes = {meaning(pair) for pair in itertools.product(known[a], known[b])}
        assert point.decide(connective(p, q)) is (outcomes.pop() if len(outcomes) == 1 else None)
    outcomes = {(not first) or second for first, second in itertools.product(known[a], known[b])}
    assert point.decide(sympy.Implies(p, q)) is (outcomes.pop() if len(outcomes) == 1 else None)
