"""The few expressions that the kernel adds to SymPy's: sums over a size, and expectations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import sympy

_fresh = itertools.count()


class Expectation(sympy.Function):
    """E[argument] under the laws that the theorem declares; unevaluated, the `expectation` rule computes it."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, argument: Any) -> Any:
        return argument if argument.is_number else None


def index(letter: str = "k") -> sympy.Symbol:
    """A bound index that no other expression uses."""
    return sympy.Dummy(letter, integer=True)


def total(size: Any, term: Callable[..., Any], start: Any = 1) -> sympy.Expr:
    """The sum of term(k) over k = start..size, with an index of its own, so that nothing is captured.

    >>> import sympy
    >>> n = sympy.Symbol("n", integer=True, positive=True)
    >>> total(n, lambda k: k).doit().factor()
    n*(n + 1)/2
    """
    k = index()
    return sympy.Sum(term(k), (k, start, size))


def product(size: Any, term: Callable[..., Any], start: Any = 1) -> sympy.Expr:
    """The product of term(k) over k = start..size."""
    k = index()
    return sympy.Product(term(k), (k, start, size))
