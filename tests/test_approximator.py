"""The constructor's certificate is true, refuses a network that is wrong, and says what it needs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
import sympy

from backproof.derivations.expressivity.approximator import approximate, certificate

X = sympy.Symbol("x", real=True)
TARGETS = [X**2, sympy.sin(6 * X), sympy.exp(X), sympy.tanh(4 * X - 2), 1 / (1 + 25 * X**2)]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_no_point_of_a_fine_grid_exceeds_the_certified_bound(target: sympy.Expr) -> None:
    found = approximate(target, X, 0, 1, "1/20")
    assert found.bound <= Fraction(1, 20)
    f = sympy.lambdify(X, target, "mpmath")
    for i in range(301):
        x = Fraction(i, 300)
        value = found.network(x)
        assert abs(f(mpmath.mpf(i) / 300) - mpmath.mpf(value.numerator) / value.denominator) <= float(found.bound)


def test_the_cells_cover_the_interval_without_a_gap() -> None:
    cells = approximate(sympy.sin(6 * X), X, 0, 1, "1/20").cells
    assert cells[0][0] == 0
    assert cells[-1][1] == 1
    assert all(left[1] == right[0] for left, right in zip(cells, cells[1:], strict=False))  # noqa: RUF007


def test_a_network_with_one_wrong_unit_gets_no_certificate() -> None:
    network = approximate(X**2, X, 0, 1, "1/100").network
    pieces = len(network.knots) + 1
    wrong = replace(network, outputs=(network.outputs[0] + Fraction(1, 10), *network.outputs[1:]))
    assert certificate(X**2, X, network, Fraction(0), Fraction(1), pieces, Fraction(1, 100)) is not None
    assert certificate(X**2, X, wrong, Fraction(0), Fraction(1), pieces, Fraction(1, 100)) is None


def test_the_parabola_needs_as_many_units_as_its_curvature_says() -> None:
    # error = max|f''| h^2 / 8 = h^2 / 4, so 1/100 needs h <= 1/5, and doubling reaches 1/8
    assert len(approximate(X**2, X, 0, 1, "1/100").network.knots) == 7


def test_the_expression_is_the_network() -> None:
    network = approximate(sympy.exp(X), X, 0, 1, "1/50").network
    for i in range(9):
        assert network.expression(sympy.Rational(i, 8)) == sympy.Rational(*network(Fraction(i, 8)).as_integer_ratio())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, X, 1, 0, 1), "low must be less than high, got low=1, high=0"),
        ((X, X, 0, 1, 0), "error must be positive, got error=0"),
        ((X * sympy.Symbol("y"), X, 0, 1, 1), "function must depend on x only"),
        ((1 / X, X, 0, 1, 1), "function must have a value and a slope"),
    ],
)
def test_bad_input_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        approximate(*arguments)
