"""The decision of polynomial claims by z3, the third opinion: for all instances of the hypotheses at once.

A claim that is a Boolean combination of polynomial or rational relations between declared numbers is true where its
negation has no solution under the declared bounds and the hypotheses. A solution counts for nothing until engine 2 has
found the claim false there. Without z3 the theorems are proved as they are, and `Derivation.rigor` says "absent".
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from .admission import admissible
from .numbers import Undefined
from .polynomials import Outside, Translation
from .scope import NotShown
from .solver import Solver, installed

SOLVER = Solver()


@dataclass(frozen=True)
class Decision:
    """ "true", "false" or "undefined" (with the instance), "unknown", "absent" (no z3); "" for no polynomial claim."""

    word: str
    point: Any = None


def decide(claim: Any, scope: Any, solver: Solver = SOLVER) -> Decision:
    """Whether the claim holds at every instance of the scope's declarations and hypotheses."""
    try:
        question, domain, meaning, holds = _asked(claim, scope)
    except Outside:
        return Decision("")
    if not installed():
        return Decision("absent")
    if meaning:
        answer, point = _solution(question, [*domain, _any_fails(meaning)], scope, solver)
        if answer != "unsat":
            return Decision("undefined", point) if _value(point, claim) == "undefined" else Decision("unknown")
    answer, point = _solution(question, [*domain, *meaning, f"(not {holds})"], scope, solver)
    if answer == "unsat":
        return Decision("true")
    return Decision("false", point) if _value(point, claim) is False else Decision("unknown")


def entailed(claim: Any, scope: Any, solver: Solver = SOLVER) -> bool:
    """Whether no numbers within the bounds and the hypotheses contradict the claim, or leave it without a value."""
    try:
        question, domain, meaning, holds = _asked(claim, scope)
    except Outside:
        return False
    contradictions = [[*meaning, f"(not {holds})"], *([[_any_fails(meaning)]] if meaning else [])]
    return installed() and all(
        solver.ask(*_written(question, [*domain, *each], set()))[0] == "unsat" for each in contradictions
    )


def _asked(claim: Any, scope: Any) -> tuple[Translation, list[str], list[str], str]:
    """The question, what holds by declaration and hypothesis, what gives the claim a value, and that it holds."""
    question = Translation(
        {d.symbol for d in scope.declared if isinstance(d.symbol, sympy.Symbol) and d.symbol.is_real}
    )
    holds = question.relation(claim)
    meaning, question.conditions = question.conditions, []
    domain = [*_translated(question, scope.hypotheses), *_bounds(question, scope), *question.conditions]
    return question, domain, meaning, holds


def _translated(question: Translation, relations: Iterable[Any]) -> list[str]:
    """What of the relations z3 understands; to leave one out only makes more instances."""
    found = []
    for relation in relations:
        before = len(question.conditions)
        try:
            found.append(question.relation(relation))
        except Outside:
            del question.conditions[before:]
    return found


def _bounds(question: Translation, scope: Any) -> list[str]:
    """The declared bounds of the numbers that are spoken of, and of those that lie between two such numbers."""
    found = []
    for declared in reversed(scope.declared):  # what a bound mentions was declared before
        x, ends = declared.symbol, [b for b in (declared.low, declared.high) if b is not None]
        between = len(ends) == 2 and set().union(*(b.free_symbols for b in ends)) & question.variables.keys()
        if x not in question.variables and not (between and x in question.allowed):
            continue
        smaller = sympy.Lt if declared.open else sympy.Le
        relations = [] if declared.low is None else [smaller(declared.low, x, evaluate=False)]
        relations += [] if declared.high is None else [smaller(x, declared.high, evaluate=False)]
        relations += [sympy.Ne(x, 0, evaluate=False)] if declared.nonzero else []
        found += _translated(question, relations)
    return found


def _any_fails(conditions: list[str]) -> str:
    return f"(not (and true {' '.join(dict.fromkeys(conditions))}))"


def _solution(question: Translation, relations: list[str], scope: Any, solver: Solver) -> tuple[str, Any]:
    """z3's answer, and the solution as an instance of the scope where it is one."""
    whole = {name for x, name in question.variables.items() if x.is_integer}
    for integers in [set(), whole] if whole else [set()]:  # among the reals first: no real solution, no integer one
        answer, model = solver.ask(*_written(question, relations, integers))
        if answer == "unsat":
            return answer, None
        if answer == "sat":
            point = _instance({x: Fraction(model[name]) for x, name in question.variables.items()}, scope)
            if point is not None:
                return answer, point
    return answer, None


def _written(question: Translation, relations: list[str], integers: set[str]) -> tuple[str, list[str]]:
    names = list(question.variables.values())
    asserted = [f"(assert {relation})" for relation in relations]
    return "\n".join([*(_declared(x, x in integers) for x in names), *question.lines, *asserted]), names


def _declared(name: str, integer: bool) -> str:
    real = f"(declare-const {name} Real)"
    return f"{real} (declare-const {name}_ Int) (assert (= {name} (to_real {name}_)))" if integer else real


def _instance(values: dict[Any, Fraction], scope: Any) -> Any:
    """The values with random ones for everything else that is declared, if that is an instance of the hypotheses."""
    try:
        point = scope.point(random.Random(0), values)
        admissible(point, values, scope)
    except (NotShown, Undefined):
        return None
    return point


def _value(point: Any, claim: Any) -> Any:
    if point is None:
        return None
    try:
        return point.decide(claim)
    except Undefined:
        return "undefined"
