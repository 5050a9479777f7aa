"""What a theorem declares: its symbols and their domains, its hypotheses, and how a random instance is drawn."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from .declaring import assumptions, domain_of, draw_of, signs_from
from .evaluation import Point
from .functions import drawn, smooth
from .laws import Law
from .numbers import Undefined
from .signs import nonnegative

ATTEMPTS = 400  # draws before the hypotheses count as unsatisfiable by sampling


class NotShown(Exception):
    """A step that the kernel could not check: the theorem is undecided."""


@dataclass(frozen=True)
class Recursion:
    """x(indices, 0) = start and x(indices, time + 1) = following, an expression in x(.., time)."""

    indices: tuple[Any, ...]
    time: Any
    start: Any
    following: Any


@dataclass(frozen=True)
class Declared:
    """One declared symbol or family: how it is drawn at a point, and its hypothesis in words of SymPy."""

    symbol: Any
    draw: Callable[[random.Random, Point], Any]
    sizes: tuple[Any, ...] = ()
    hypothesis: Any = sympy.true
    low: Any = None
    high: Any = None
    open: bool = False
    nonzero: bool = False


class Scope:
    """Symbols, ranges, laws and hypotheses; copied, never shared, when a supposition adds to it."""

    def __init__(self) -> None:
        self.declared: list[Declared] = []
        self.hypotheses: list[Any] = []
        self.ranges: dict[Any, tuple[Any, Any]] = {}
        self.slacks: list[tuple[Any, bool]] = []  # (expression known to be >= 0, whether > 0)
        self.recursions: dict[str, Recursion] = {}
        self.laws: dict[Any, Law] = {}
        self.entry_bounds: list[tuple[Any, Any, Any, bool]] = []  # (vector, low, high, open), for each entry
        self.strictly = False  # inside a derivative: an absolute value opens only where its argument stays away from 0
        self.names: set[str] = set()  # shared by all suppositions of one theorem: a name means one thing in it
        # (slack, strict, {index: its range}): shown for a free index, so it holds at each index of that range
        self.lemmas: list[tuple[Any, bool, dict[Any, tuple[Any, Any]]]] = []

    # ---- declarations ---------------------------------------------------------------------------------------------

    def size(self, name: str, minimum: int = 1) -> Any:
        """A symbolic size: an integer from `minimum` up."""
        return self.integer(name, minimum)

    def time(self, name: str = "t") -> Any:
        """A step count: an integer from 0 up."""
        return self.integer(name, 0)

    def integer(self, name: str, low: Any = None, high: Any = None) -> Any:
        """An integer, between the given bounds where there are any."""
        positive, nonnegative = signs_from(low, high, strict_low=False)
        n = sympy.Symbol(
            name, integer=True, **({"positive": True} if positive else {"nonnegative": True} if nonnegative else {})
        )
        self._integers(n, low, high)
        return n

    def index(self, name: str, size: Any, start: Any = 1) -> Any:
        """An index running from `start` to `size`: what is shown for it is shown for each."""
        return self.integer(name, start, size)

    def _integers(self, n: Any, low: Any, high: Any) -> None:
        low, high = (None if b is None else sympy.sympify(b) for b in (low, high))

        def draw(rng: random.Random, point: Point) -> Fraction:
            first = point.integer(low) if low is not None else (point.integer(high) - 6 if high is not None else -5)
            last = point.integer(high) if high is not None else first + (3 if low == 1 or low == 2 else 6)
            if last < first:
                raise Undefined("empty range")
            return Fraction(rng.randint(first, last))

        relations = [] if low is None else [sympy.Ge(n, low, evaluate=False)]
        relations += [] if high is None else [sympy.Le(n, high, evaluate=False)]
        hypothesis = sympy.And(*relations, evaluate=False) if relations else sympy.true
        self._declare(Declared(n, draw, (), hypothesis, low, high))
        if low is not None:
            self.slacks.append((n - low, False))
        if high is not None:
            self.slacks.append((high - n, False))
        if low is not None and high is not None:
            self.ranges[n] = (low, high)

    def real(self, names: str, low: Any = None, high: Any = None, *, open: bool = False, nonzero: bool = False) -> Any:
        """One or several reals (names separated by spaces), in [low, high] where given, in (low, high) when open."""
        found = [self._real(name, low, high, open, nonzero) for name in names.split()]
        return found[0] if len(found) == 1 else tuple(found)

    def positive(self, names: str) -> Any:
        """Reals > 0."""
        return self.real(names, 0, open=True)

    def nonnegative(self, names: str) -> Any:
        """Reals >= 0."""
        return self.real(names, 0)

    def _real(self, name: str, low: Any, high: Any, open: bool, nonzero: bool) -> Any:
        low, high = (None if b is None else sympy.sympify(b) for b in (low, high))
        symbol = sympy.Symbol(name, **assumptions(low, high, open, nonzero))
        hypothesis = domain_of(symbol, low, high, open, nonzero)
        self._declare(Declared(symbol, draw_of(low, high, open, nonzero), (), hypothesis, low, high, open, nonzero))
        self._bound_slacks(symbol, low, high, open)
        return symbol

    def _bound_slacks(self, x: Any, low: Any, high: Any, open: bool) -> None:
        if low is not None:
            self.slacks.append((x - low, open))
        if high is not None:
            self.slacks.append((high - x, open))

    def vector(
        self, name: str, *sizes: Any, low: Any = None, high: Any = None, open: bool = False, nonzero: bool = False
    ) -> Any:
        """A real array with symbolic sizes, entries [1..size]; the bounds hold for each entry."""
        low, high = (None if b is None else sympy.sympify(b) for b in (low, high))
        base = sympy.IndexedBase(name, **assumptions(low, high, open, nonzero))
        sizes = tuple(map(sympy.sympify, sizes))
        entry = base[tuple(sympy.Symbol(letter, integer=True) for letter, _ in zip("ijkl", sizes, strict=False))]
        hypothesis = domain_of(entry, low, high, open, nonzero)
        draw = draw_of(low, high, open, nonzero)
        self._declare(Declared(base, draw, sizes, hypothesis, low, high, open, nonzero))
        if low is not None or high is not None:
            self.entry_bounds.append((base, low, high, open))
        return base

    def random(self, name: str, law: Law) -> Any:
        """A random scalar (law without sizes) or a family of random entries, for use inside `Expectation`."""
        from .normal_form import is_zero

        base = sympy.IndexedBase(name, real=True) if law.sizes else sympy.Symbol(name, real=True)
        self._name(name)
        if law.weights and sympy.simplify(sympy.Add(*law.weights)) != 1:
            raise ValueError(f"the probabilities of {name} must sum to 1, got {law.weights}")
        if law.whole != 1 and not is_zero(law.whole - 1, self):
            raise ValueError(f"the probabilities of {name} must sum to 1, got {law.whole}")
        for part in law.variances():
            if not (nonnegative(part, self) or nonnegative(sympy.factor(part), self)):
                raise NotShown(f"the law of {name} does not exist unless {part} >= 0, which is not visible")
        self.laws[base] = law
        return base

    def function(self, name: str, arity: int = 1) -> Any:
        """An arbitrary smooth function of so many reals: phi(x), with phi'(x) as its derivative."""
        self._declare(Declared(sympy.Symbol(name), lambda rng, _: drawn(arity, rng)))
        return smooth(name, (0,) * arity)

    def recursion(self, time: Any, **rules: tuple[Any, ...]) -> tuple[Any, ...]:
        """Sequences defined together: name=(start, following) or name=(indices, start, following).

        `following` is a function of the sequences declared in this call (in order), giving x at time + 1 from time.
        """
        functions = tuple(sympy.Function(name, real=True) for name in rules)
        for name in rules:
            self._name(f"{name}()")  # x(k) reads differently from a vector's x[i]
        for name, rule in rules.items():
            indices = rule[0] if len(rule) == 3 else ()
            start, following = rule[-2:]
            following = following(*functions) if callable(following) else following
            self.recursions[name] = Recursion(tuple(indices), time, sympy.sympify(start), sympy.sympify(following))
        return functions

    def assume(self, relation: Any) -> Any:
        """A further hypothesis; also a slack that certificates may use."""
        if relation in (True, sympy.true):
            return relation
        self.hypotheses.append(relation)
        for part in relation.args if isinstance(relation, sympy.And) else [relation]:
            if isinstance(part, sympy.Ge | sympy.Gt):
                self.slacks.append((part.lhs - part.rhs, isinstance(part, sympy.Gt)))
            elif isinstance(part, sympy.Le | sympy.Lt):
                self.slacks.append((part.rhs - part.lhs, isinstance(part, sympy.Lt)))
        return relation

    def accept(self, relation: Any, given: Scope) -> None:
        """Use a shown inequality; for a free index of which only the range is known, at each index of that range."""
        ranges = {k: given.ranges[k] for k in relation.free_symbols & given.ranges.keys() if given._unconstrained(k)}
        before = len(self.slacks)
        self.assume(relation)
        if ranges:
            self.lemmas += [(slack, strict, ranges) for slack, strict in self.slacks[before:]]

    def _unconstrained(self, index: Any) -> bool:
        """Whether the range is all that is known of the index: no hypothesis, bound, size, recursion or law has it."""
        mentions = [h.free_symbols for h in self.hypotheses] + [
            s.free_symbols for s, _ in self.slacks if not self._own_range(s, index)
        ]
        mentions += [size.free_symbols for d in self.declared for size in d.sizes]
        mentions += [
            sympy.sympify(b).free_symbols for _, *bounds, _ in self.entry_bounds for b in bounds if b is not None
        ]
        for recursion in self.recursions.values():
            mentions.append(
                (recursion.start.free_symbols | recursion.following.free_symbols) - {*recursion.indices, recursion.time}
            )
        return not self.laws and not any(index in symbols for symbols in mentions)

    def _own_range(self, slack: Any, index: Any) -> bool:
        low, high = self.ranges[index]
        return slack in (index - low, high - index)

    def _declare(self, declared: Declared) -> None:
        self._name(str(declared.symbol))
        self.declared.append(declared)

    def _name(self, name: str) -> None:
        if name in self.names:
            raise ValueError(f"the name {name!r} is declared twice")
        self.names.add(name)

    # ---- what the engines ask -------------------------------------------------------------------------------------

    def extended(self) -> Scope:
        other = copy.copy(self)
        other.declared, other.hypotheses = list(self.declared), list(self.hypotheses)
        other.ranges, other.slacks = dict(self.ranges), list(self.slacks)
        other.entry_bounds, other.lemmas = list(self.entry_bounds), list(self.lemmas)
        return other

    def with_range(self, index: Any, low: Any, high: Any) -> Scope:
        other = self.extended()
        other.ranges[index] = (low, high)
        for slack, strict, ranges in self.lemmas:
            for free in (k for k, r in ranges.items() if r == (low, high)):
                at_index = slack.xreplace({free: index})
                other.slacks.append((at_index, strict))
                other.lemmas.append((at_index, strict, {k: r for k, r in ranges.items() if k != free}))
        return other

    def within(self, index: Any, low: Any, high: Any) -> bool:
        """Whether low <= index <= high is visible."""
        if self.ranges.get(index) == (low, high):
            return True
        return self._visible(index - low) and self._visible(high - index)

    def beyond(self, smaller: Any, larger: Any) -> bool:
        """Whether smaller < larger is visible, for integers."""
        return self._visible(larger - smaller - 1)

    def at_least_zero(self, difference: Any) -> bool:
        """Whether difference >= 0 is visible."""
        return self._visible(difference)

    def _visible(self, difference: Any) -> bool:
        difference = sympy.expand(difference)
        if difference.is_nonnegative or self.is_slack(difference, strict=False):
            return True
        worst = self._at_worst_end(difference)
        return worst is not None and self._visible(worst)

    def _at_worst_end(self, difference: Any) -> Any:
        """The difference at the end of an index's range where it is smallest: affine, with a slope of one sign."""
        indices = difference.free_symbols & self.ranges.keys()
        for index in sorted(indices, key=str):
            bounds = [b for other in indices - {index} for b in self.ranges[other]]
            slope = difference.coeff(index, 1)
            rest = sympy.expand(difference - slope * index)
            if slope.has(index) or rest.has(index) or any(sympy.sympify(b).has(index) for b in bounds):
                continue
            low, high = self.ranges[index]
            if slope.is_nonnegative:
                return sympy.expand(rest + slope * low)
            if slope.is_nonpositive:
                return sympy.expand(rest + slope * high)
        return None

    def is_slack(self, expr: Any, *, strict: bool) -> bool:
        """Whether the expression is a hypothesis' slack plus something visibly non-negative."""
        symbols = expr.free_symbols
        found = [(*_less(slack), positive) for slack, positive in self._all_slacks(expr)]
        found = [(less, positive) for names, less, positive in found if names <= symbols]
        expanded = sympy.expand(expr.primitive()[1] if expr.is_Add else expr) if found else expr
        for less, positive in found:
            rest = expanded + less
            terms = sympy.Add.make_args(rest)
            # Term by term, up to the first of unknown sign: SymPy takes long to find nothing about a long sum.
            known = rest.is_nonnegative if len(terms) <= 2 else all(term.is_nonnegative for term in terms)
            if known and (positive or not strict or rest.is_positive):
                return True
        return False

    def _all_slacks(self, expr: Any) -> Iterator[tuple[Any, bool]]:
        yield from self.slacks
        for index, (low, high) in self.ranges.items():
            yield index - low, False
            yield high - index, False
        for base, low, high, open in self.entry_bounds:
            for entry in expr.atoms(sympy.Indexed):
                if entry.base == base:
                    if low is not None:
                        yield entry - low, open
                    if high is not None:
                        yield high - entry, open

    def is_random(self, expr: Any) -> bool:
        if not self.laws:
            return False
        if any(expr.has(base.label if isinstance(base, sympy.IndexedBase) else base) for base in self.laws):
            return True
        labels = [base.label if isinstance(base, sympy.IndexedBase) else base for base in self.laws]
        return any(part.has(*labels) for part in self._rules_behind(expr))

    def laws_exist(self, expr: Any) -> bool:
        """Whether the random entries of the expression have laws that exist: not every number is a covariance."""
        parts = (expr, *self._rules_behind(expr))
        labels = {base: base.label if isinstance(base, sympy.IndexedBase) else base for base in self.laws}
        return all(law.certain for base, law in self.laws.items() if any(part.has(labels[base]) for part in parts))

    def _rules_behind(self, expr: Any) -> list[Any]:
        """The start and the step of every sequence that the expression reaches, through other sequences too."""
        names, found = [f.func.__name__ for f in expr.atoms(AppliedUndef)], {}
        while names:
            name = names.pop()
            if name in self.recursions and name not in found:
                rule = self.recursions[name]
                found[name] = rule
                names += [f.func.__name__ for part in (rule.start, rule.following) for f in part.atoms(AppliedUndef)]
        return [part for rule in found.values() for part in (rule.start, rule.following)]

    def hidden(self, expr: Any) -> set[Any]:
        """Symbols that the expression hides: in the rules of its sequences, in the laws of its entries."""
        bound = {s for r in self.recursions.values() for s in (*r.indices, r.time)}
        found = {s for part in self._rules_behind(expr) for s in part.free_symbols} - bound
        for base, law in self.laws.items():
            label = base.label if isinstance(base, sympy.IndexedBase) else base
            if any(part.has(label) for part in (expr, *self._rules_behind(expr))):
                found |= law.parameters()
        return found

    def bounds(self, symbol: Any) -> Declared | None:
        """The declaration of a symbol, with its bounds."""
        return next((d for d in self.declared if d.symbol == symbol), None)

    def only_bounded_by_itself(self, symbol: Any) -> bool:
        """Whether the declared bounds of the symbol are all that is known of it."""
        declared = self.bounds(symbol)
        if declared is None or any(symbol in h.free_symbols for h in self.hypotheses):
            return False
        return not any(
            symbol in sympy.sympify(b).free_symbols
            for d in self.declared
            if d is not declared
            for b in (d.low, d.high)
            if b is not None
        )

    def ranges_freely(self, symbol: Any) -> bool:
        """Whether a statement shown for the symbol holds at each of its values: nothing else is tied to this one."""
        rules = [part for r in self.recursions.values() for part in (r.start, r.following)]
        bound = {s for r in self.recursions.values() for s in (*r.indices, r.time)}
        return (
            self.only_bounded_by_itself(symbol)
            and (symbol in bound or not any(symbol in part.free_symbols for part in rules))
            and not any(symbol in law.parameters() for law in self.laws.values())
        )

    def in_range(self, symbol: Any, value: Any) -> bool:
        """Whether the value visibly lies between the declared bounds of an integer symbol."""
        declared = self.bounds(symbol)
        if declared is None or not symbol.is_integer or not value.is_integer:
            return False
        low, high = declared.low, declared.high
        if low is not None and high is not None:
            return self.within(value, low, high)
        return (low is None or self._visible(value - low)) and (high is None or self._visible(high - value))

    def family(self, entry: Any) -> tuple[Any, Law, tuple[Any, ...]] | None:
        """(family, law, indices) of a random entry; None for anything else."""
        if isinstance(entry, sympy.Indexed) and entry.base in self.laws and not any(map(self.is_random, entry.indices)):
            return entry.base, self.laws[entry.base], tuple(entry.indices)
        if entry in self.laws:
            return entry, self.laws[entry], ()
        return None

    # ---- instances ------------------------------------------------------------------------------------------------

    def point(self, rng: random.Random, fixed: Mapping[Any, Any] | None = None) -> Point:
        """A random instance of all declarations that satisfies the hypotheses, with some values chosen."""
        for _ in range(ATTEMPTS):
            point = Point(recursions=self.recursions, laws=self.laws)
            try:
                for declared in self.declared:
                    if fixed and declared.symbol in fixed:
                        point.values[declared.symbol] = fixed[declared.symbol]
                    else:
                        self._draw(declared, rng, point)
                if all(point.decide(h) for h in self.hypotheses):
                    return point
            except Undefined:
                continue
        raise NotShown(f"no instance of the hypotheses was found in {ATTEMPTS} draws")

    def _draw(self, declared: Declared, rng: random.Random, point: Point) -> None:
        if isinstance(declared.symbol, sympy.IndexedBase):
            ranges = [range(1, point.integer(n) + 1) for n in declared.sizes]
            point.values[declared.symbol] = {key: declared.draw(rng, point) for key in itertools.product(*ranges)}
        else:
            point.values[declared.symbol] = declared.draw(rng, point)

    def domain(self) -> list[Any]:
        """All hypotheses as SymPy relations, the declared bounds first."""
        return [d.hypothesis for d in self.declared if d.hypothesis is not sympy.true] + self.hypotheses


@lru_cache(maxsize=20_000)
def _less(slack: Any) -> tuple[frozenset[Any], Any]:
    """(the symbols of a slack, the slack expanded, with the other sign): the same few are met all the time."""
    return frozenset(slack.free_symbols), -sympy.expand(slack.primitive()[1] if slack.is_Add else slack)
