"""Claims as polynomial relations in SMT-LIB, for z3: a quotient is a numerator over factors, a root a new variable.

Nothing is simplified on the way: the tree is read as it stands, so what z3 decides is the claim and not what engine 1
made of it. Where the claim has no value (a factor of a denominator is 0, the radicand of a root is negative) is
collected in `conditions`, never assumed away.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import sympy
from sympy.core.relational import Relational

HIGHEST = 8  # exponent that is written out
ROOTS = 4  # the highest root that becomes a variable

_CONNECTIVES = {"And": "and", "Or": "or", "Not": "not", "Equivalent": "="}
_RELATIONS = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "!=": "distinct"}

Quotient = tuple[str, Counter[str]]  # the numerator, and the powers of the factors below it
MINUS: Quotient = ("(- 1.0)", Counter())


class Outside(Exception):
    """The claim says something that is no polynomial or rational relation between declared numbers."""


class Translation:
    """One question in the making: its variables, what defines the new ones, and what must hold for a value to exist."""

    def __init__(self, allowed: set[Any]) -> None:
        self.allowed = allowed
        self.variables: dict[Any, str] = {}  # declared symbol -> its name in the question
        self.lines: list[str] = []  # definitions, in the order in which they are needed
        self.conditions: list[str] = []
        self._names: dict[str, str] = {}

    def relation(self, claim: Any) -> str:
        """The claim as a Boolean term."""
        if claim in (True, False, sympy.true, sympy.false):
            return str(bool(claim)).lower()
        if isinstance(claim, Relational):
            above, below = self._sum([self.value(claim.lhs), self._product([MINUS, self.value(claim.rhs)])])
            return f"({_RELATIONS[claim.rel_op]} {self._signed(above, below)} 0)"
        if isinstance(claim, sympy.Implies):
            premise, before = self.relation(claim.args[0]), len(self.conditions)
            conclusion = self.relation(claim.args[1])
            # What the conclusion divides by must be non-zero only where the premise holds.
            self.conditions[before:] = [f"(=> {premise} {condition})" for condition in self.conditions[before:]]
            return f"(=> {premise} {conclusion})"
        if type(claim).__name__ in _CONNECTIVES:
            return f"({_CONNECTIVES[type(claim).__name__]} {' '.join(map(self.relation, claim.args))})"
        raise Outside(f"{type(claim).__name__} is no relation")

    def value(self, e: Any) -> Quotient:
        """The expression as a numerator over factors."""
        if e.is_Rational:
            size = f"{abs(e.p)}.0" if e.q == 1 else f"(/ {abs(e.p)}.0 {e.q}.0)"
            return size if e.p >= 0 else f"(- {size})", Counter()
        if e.is_Symbol:
            if e not in self.allowed:
                raise Outside(f"{e} is no declared number")
            return self.variables.setdefault(e, f"x{len(self.variables)}"), Counter()
        if e.is_Add:
            return self._sum([self.value(term) for term in e.args])
        if e.is_Mul:
            return self._product([self.value(factor) for factor in e.args])
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, sympy.Abs):
            return self._either(self.value(e.args[0]), self._product([MINUS, self.value(e.args[0])]), ">=")
        if isinstance(e, sympy.Max | sympy.Min):
            best, *others = map(self.value, e.args)
            for other in others:
                best = self._either(best, other, ">=" if isinstance(e, sympy.Max) else "<=")
            return best
        raise Outside(f"{type(e).__name__} is no polynomial")

    # ---- arithmetic -----------------------------------------------------------------------------------------------

    def _sum(self, terms: list[Quotient]) -> Quotient:
        common: Counter[str] = Counter()
        for _, below in terms:
            common |= below
        return self._named(_joined("+", [self._raised(above, common - below) for above, below in terms])), common

    def _product(self, factors: list[Quotient]) -> Quotient:
        below = sum((below for _, below in factors), Counter())
        return self._named(_joined("*", [above for above, _ in factors])), below

    def _power(self, e: Any) -> Quotient:
        if not e.exp.is_Rational or abs(e.exp.p) > HIGHEST or e.exp.q > ROOTS:
            raise Outside(f"{e} has no small constant exponent")
        above, below = self.value(e.base)
        if e.exp.q != 1:
            above, below = self._root(above, below, e.exp.q), Counter()
        if e.exp.p < 0:
            self.conditions.append(f"(distinct {above} 0)")
            above, below = self._raised("1.0", below), Counter([above])
        n = abs(e.exp.p)
        return self._named(_joined("*", [above] * n)), Counter({factor: n * power for factor, power in below.items()})

    def _root(self, above: str, below: Counter[str], n: int) -> str:
        """A new variable r >= 0 with r^n = above / below."""
        radicand, definition = self._signed(above, below), f"{n} {above} {sorted(below.elements())}"
        self.conditions.append(f"(>= {radicand} 0)")  # as engine 2 has it: no fractional power of a negative number
        if definition not in self._names:
            root = self._names[definition] = f"r{len(self.lines)}"
            self.lines.append(f"(declare-const {root} Real)")
            power = self._raised(_joined("*", [root] * n), below)
            # Only where the radicand has a value, so that the definition rules out no point at which it has none.
            exists = " ".join([f"(>= {radicand} 0)", *(f"(distinct {factor} 0)" for factor in below)])
            self.lines.append(f"(assert (=> (and {exists}) (and (>= {root} 0) (= {power} {above}))))")
        return self._names[definition]

    def _either(self, first: Quotient, second: Quotient, relation: str) -> Quotient:
        """The first where it stands in the relation to the second, otherwise the second."""
        minus = self._product([MINUS, second])
        common = first[1] | second[1]
        a, b = (self._raised(above, common - below) for above, below in (first, second))
        return self._named(f"(ite ({relation} {self._signed(*self._sum([first, minus]))} 0) {a} {b})"), common

    def _signed(self, above: str, below: Counter[str]) -> str:
        """A polynomial of the sign of the quotient."""
        return self._raised(above, Counter(factor for factor, power in below.items() if power % 2))

    def _raised(self, above: str, factors: Counter[str]) -> str:
        return self._named(_joined("*", [above, *factors.elements()]))

    def _named(self, term: str) -> str:
        """A name for a compound term, so that what stands in it twice is written once."""
        if not term.startswith("(") or term.startswith(("(/", "(- ")):
            return term
        if term not in self._names:
            self._names[term] = f"t{len(self.lines)}"
            self.lines.append(f"(define-fun {self._names[term]} () Real {term})")
        return self._names[term]


def _joined(operation: str, terms: list[str]) -> str:
    if operation == "*":
        terms = [term for term in terms if term != "1.0"] or ["1.0"]
    return terms[0] if len(terms) == 1 else f"({operation} {' '.join(terms)})"
