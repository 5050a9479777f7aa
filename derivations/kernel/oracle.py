"""Oracles: a theorem's proved expression as a function of numbers, so that a law cannot drift from its theorem.

An oracle exists only for a claim that a proof established: it derives the theorem first. It evaluates the right-hand
side (the published formula) at floats taken as the exact rationals that they are.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy
from sympy.core.relational import Relational

from .evaluation import Point
from .numbers import Field, Undefined
from .theorem import Derivation, Entry

_UNARY: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sinh": np.sinh, "cosh": np.cosh,
    "atan": np.arctan, "Abs": np.abs, "sign": np.sign, "floor": np.floor, "ceiling": np.ceil,
}  # fmt: skip


class NotVectorised(NotImplementedError):
    """A part has no whole-array form (a recursion, an expectation): evaluate the expression entry by entry."""


class Oracle:
    """The expression of a proved claim. Arguments are named by the theorem's symbols; vectors are sequences or arrays.

    Sizes are read off the vectors where possible. An index that is not given is free: the result has an axis for it.
    An arbitrary smooth function is given as a tuple with its derivatives, phi=(phi, phi'), for mpmath numbers.

    >>> from backproof.derivations import oracle
    >>> oracle("ensemble-mean-squared-error", "mean squared error").exact(k=4, v=3, c=1)
    Fraction(3, 2)
    """

    def __init__(self, claim: Any, expression: Any, declared: Mapping[str, Any], proof: Any) -> None:
        self._claim, self.expression, self._declared, self._proof = claim, expression, declared, proof

    def exact(self, **values: Any) -> Any:
        """The value as a Fraction (an array of them for free indices); raises ValueError where it is irrational."""
        result = self._each(self._point(values, Field()), values)
        for entry in np.ravel(np.asarray(result, dtype=object)):
            if not isinstance(entry, Fraction):
                raise ValueError(f"{self.expression} is irrational here; use mpf")
        return result

    def mpf(self, *, digits: int = 50, **values: Any) -> Any:
        """The value with the given decimal digits, as mpmath numbers."""
        with mpmath.workdps(digits):
            point = self._point(values, Field(mpmath.mp, digits))
            return self._each(point, values, point.field.lift)

    def float64(self, **values: Any) -> Any:
        """The value as float64, computed for whole arrays in extended precision where the expression allows."""
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return np.asarray(self._vectorised(values), dtype=np.float64)
        except (NotVectorised, FloatingPointError):
            return np.asarray(self.mpf(digits=40, **values), dtype=np.float64)

    def upper_limit(self, name: str, **values: Any) -> float:
        """The least bound from above that the claim, an implication or equivalence, sets to one symbol by itself."""
        symbol = self._symbol(name)
        bounds = [r.gts for r in self._claim.atoms(sympy.core.relational._Inequality) if r.lts == symbol]
        if not bounds:
            raise ValueError(f"the claim {self._claim} bounds {name} by nothing from above")
        return min(float(Oracle(self._claim, b, self._declared, self._proof).float64(**values)) for b in bounds)

    # ---- entry by entry -------------------------------------------------------------------------------------------

    def _point(self, values: Mapping[str, Any], field: Field) -> Point:
        point = Point(recursions=self._proof.recursions, laws=self._proof.laws, field=field)
        for name, value in values.items():
            symbol = self._symbol(name)
            if isinstance(symbol, sympy.IndexedBase):
                array = np.asarray(value, dtype=object)
                places = np.ndindex(array.shape)
                point.values[symbol] = {tuple(i + 1 for i in place): _exact(array[place]) for place in places}
            elif isinstance(value, tuple) and value and callable(value[0]):
                point.values[symbol] = value  # a function with its derivatives: (phi, phi', ...)
            else:
                point.values[symbol] = _exact(value)
        for symbol, size in self._sizes(values).items():
            point.values.setdefault(symbol, Fraction(size))
        return point

    def _each(self, point: Point, values: Mapping[str, Any], finish: Callable[[Any], Any] = lambda x: x) -> Any:
        free = self._free_indices(values)
        ranges = [range(point.integer(low), point.integer(high) + 1) for _, low, high in free]
        if not free:
            return finish(point.value(self.expression))
        result = np.empty([len(r) for r in ranges], dtype=object)
        for place in itertools.product(*(range(len(r)) for r in ranges)):
            for (symbol, _, _), r, at in zip(free, ranges, place, strict=True):
                point.values[symbol] = Fraction(r[at])
            self._forget(point, {s for s, _, _ in free})
            result[place] = finish(point.value(self.expression))
        return result

    def _forget(self, point: Point, changed: set[Any]) -> None:
        """Sums that do not depend on the free index keep their value from entry to entry."""
        kept = (key for key in point._memo if not isinstance(key[0], str) and not key[0].free_symbols & changed)
        point._memo = {key: point._memo[key] for key in kept}

    def _symbol(self, name: str) -> Any:
        if name not in self._declared:
            raise ValueError(f"the theorem has no symbol {name!r}; it has {', '.join(sorted(self._declared))}")
        return self._declared[name]

    def _sizes(self, values: Mapping[str, Any]) -> dict[Any, int]:
        """Symbolic sizes as the shapes of the given vectors tell them."""
        sizes: dict[Any, int] = {}
        for name, declared in self._vectors:
            if name in values:
                given = values[name]
                shape = given.shape if isinstance(given, np.ndarray) else np.shape(np.asarray(given, dtype=object))
                if len(shape) != len(declared.sizes):
                    raise ValueError(f"{name} must have {len(declared.sizes)} axes, got shape {shape}")
                for size, length in zip(declared.sizes, shape, strict=True):
                    if size.is_Symbol and sizes.setdefault(size, length) != length:
                        raise ValueError(f"{name} must have {size} = {sizes[size]} entries, got shape {shape}")
        return sizes

    @functools.cached_property
    def _vectors(self) -> list[tuple[str, Any]]:
        return [(str(d.symbol), d) for d in self._proof.declared if d.sizes]

    @functools.cached_property
    def _indices(self) -> list[tuple[str, tuple[Any, Any, Any]]]:
        """The indices that the expression leaves open, with their ranges, by name."""
        # SymPy does not count the index of the entry that a derivative is taken by.
        by = {s for d in self.expression.atoms(sympy.Derivative) for v in d.variables for s in v.free_symbols}
        free = self.expression.free_symbols | by
        declared = (d.symbol for d in self._proof.declared)
        return [(str(s), (s, *self._proof.ranges[s])) for s in declared if s in free and s in self._proof.ranges]

    def _free_indices(self, values: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
        return [index for name, index in self._indices if name not in values]

    # ---- whole arrays ---------------------------------------------------------------------------------------------

    def _vectorised(self, values: Mapping[str, Any]) -> Any:
        """One pass over the tree: an index on axis a is arange along dimension -(a + 1), so that numpy broadcasts."""
        if any(isinstance(value, tuple) and value and callable(value[0]) for value in values.values()):
            raise NotVectorised("a function is given for each number")
        numbers: dict[Any, Any] = {s: np.longdouble(n) for s, n in self._sizes(values).items()}
        for name, value in values.items():
            numbers[self._symbol(name)] = array = np.asarray(value, dtype=np.longdouble)
            if not np.isfinite(array).all():
                raise ValueError(f"an oracle takes finite numbers, got {name}={value}")
        free = self._free_indices(values)
        for axis, (symbol, low, high) in enumerate(reversed(free)):
            numbers[symbol] = _axis(_whole(low, numbers), _whole(high, numbers), axis)
        result = np.asarray(_array(self.expression, numbers, len(free)))
        shape = [int(_whole(high, numbers) - _whole(low, numbers)) + 1 for _, low, high in free]
        return np.broadcast_to(result, shape) if free else result


@functools.cache
def derived(entry: Entry) -> Derivation:
    """Return the entry's derivation, made once per process."""
    return entry.derive()


def _proved(entry: Entry) -> Derivation:
    derivation = derived(entry)
    if derivation.verdict not in ("proved", "enumerated", "enclosed"):
        raise ValueError(f"{entry.id} is {derivation.verdict}: there is no oracle ({derivation.why})")
    return derivation


def oracle_of(entry: Entry, claim: str, side: str = "right") -> Oracle:
    """Return the oracle of one proved claim; the theorem is `derived` for it."""
    derivation = _proved(entry)
    if claim not in derivation.claims:
        raise ValueError(f"{entry.id} has no claim {claim!r}; it has {', '.join(map(repr, derivation.claims))}")
    relation = derivation.claims[claim]
    declared = {str(d.symbol): d.symbol for d in derivation.proof.declared}
    # An implication or equivalence has no value, but it sets limits.
    sides = {"left": relation.lhs, "right": relation.rhs} if isinstance(relation, Relational) else {}
    return Oracle(relation, sides.get(side, relation), declared, derivation.proof)


def _exact(value: Any) -> Any:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | np.integer):
        return Fraction(int(value))
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise ValueError(f"an oracle takes finite numbers, got {value}")
        return Fraction(float(value))
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return _exact(value.item())
    return value


def _axis(low: int, high: int, axis: int) -> Any:
    return np.arange(low, high + 1, dtype=np.longdouble).reshape((-1,) + (1,) * axis)


def _whole(e: Any, numbers: dict[Any, Any]) -> int:
    value = np.asarray(_array(e, numbers, 0))
    if value.size != 1:
        raise NotVectorised("a range that depends on another index")
    return int(value.reshape(()))


def _array(e: Any, numbers: dict[Any, Any], axes: int) -> Any:
    """The expression over all its indices at once; `axes` counts the dimensions in use."""
    if e.is_Rational:
        return np.longdouble(int(e.p)) / np.longdouble(int(e.q))
    if e.is_Symbol:
        if e not in numbers:
            raise Undefined(f"{e} has no value")
        return numbers[e]
    if isinstance(e, sympy.Indexed):
        return numbers[e.base][tuple(np.asarray(_array(i, numbers, axes)).astype(int) - 1 for i in e.indices)]
    if isinstance(e, sympy.Sum | sympy.Product):
        return _fold(e, numbers, axes)
    if isinstance(e, sympy.Piecewise):
        raise NotVectorised("a case distinction")
    name = type(e).__name__
    if name == "Exp1":
        return np.exp(np.longdouble(1))
    if name == "Pi":
        return np.longdouble(4) * np.arctan(np.longdouble(1))
    parts = [_array(a, numbers, axes) for a in e.args]
    if e.is_Add or e.is_Mul:
        return functools.reduce(np.add if e.is_Add else np.multiply, parts)
    if e.is_Pow:
        return np.sqrt(parts[0]) if e.exp == sympy.Rational(1, 2) else parts[0] ** parts[1]
    if isinstance(e, sympy.Max | sympy.Min):
        return functools.reduce(np.maximum if isinstance(e, sympy.Max) else np.minimum, parts)
    if isinstance(e, sympy.KroneckerDelta):
        return np.asarray(parts[0] == parts[1], dtype=np.longdouble)
    if name in _UNARY:
        return _UNARY[name](parts[0])
    raise NotVectorised(name)


def _fold(e: Any, numbers: dict[Any, Any], axes: int) -> Any:
    return _folded(e.function, list(e.limits), isinstance(e, sympy.Sum), numbers, axes)


def _folded(function: Any, limits: list[Any], is_sum: bool, numbers: dict[Any, Any], axes: int) -> Any:
    if not limits:
        return _array(function, numbers, axes)
    *inner, (index, low, high) = limits  # SymPy lists the innermost limit first
    first, last = _whole(low, numbers), _whole(high, numbers)
    if last < first:
        return np.longdouble(0 if is_sum else 1)
    bound = {**numbers, index: _axis(first, last, axes)}
    term = np.asarray(_folded(function, inner, is_sum, bound, axes + 1))
    if term.ndim <= axes:  # it does not depend on the index
        return term * (last - first + 1) if is_sum else term ** (last - first + 1)
    return term.sum(axis=0) if is_sum else term.prod(axis=0)
