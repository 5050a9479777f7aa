"""Writes a derivation for a reader: hypotheses, steps with their reasons, what is shown, what was printed."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from .kernel.expressions import Expectation

# Each misprint that a theorem corrects, with its refutation.
Misprints = Sequence[tuple[Any, Any]]


class _Dummies:
    """Gives each summation index a letter of its own: SymPy prints every one that a theorem made as _k."""

    def __init__(self, claim: Any) -> None:
        super().__init__()
        taken = {
            str(symbol)
            for symbol in claim.atoms(sympy.Symbol, sympy.IndexedBase)
            if not isinstance(symbol, sympy.Dummy)
        }
        free = (letter + "'" * marks for marks in itertools.count() for letter in "kjlmnqrs" if letter not in taken)
        ordered = sorted(claim.atoms(sympy.Dummy), key=lambda dummy: (dummy.name, dummy.dummy_index))
        self._letters = dict(zip(ordered, free, strict=False))

    def _print_Dummy(self, dummy: Any) -> str:
        return str(self._letters.get(dummy, dummy.name))


class _Infix(_Dummies, StrPrinter):  # type: ignore[misc]  # SymPy has no types
    """SymPy's one-line notation with = and <= between the sides, as people write them."""

    def _print_Relational(self, relation: Any) -> str:
        sign = {"==": "=", "!=": "!="}.get(relation.rel_op, relation.rel_op)
        return f"{self._print(relation.lhs)} {sign} {self._print(relation.rhs)}"

    def _print_Not(self, negation: Any) -> str:
        return f"not ({self._print(negation.args[0])})"

    def _print_And(self, conjunction: Any) -> str:
        return " and ".join(map(self._print, conjunction.args))

    def _print_Expectation(self, expectation: Any) -> str:
        return f"E[{self._print(expectation.args[0])}]"


class _Latex(_Dummies, LatexPrinter):  # type: ignore[misc]  # SymPy has no types
    def _print_Symbol(self, symbol: Any) -> str:
        return rf"\text{{{symbol.name}}}" if " " in symbol.name else str(super()._print_Symbol(symbol))

    def _print_Expectation(self, expectation: Any, exp: str | None = None) -> str:
        mean = rf"\mathbb{{E}}\left[{self._print(expectation.args[0])}\right]"
        return mean if exp is None else f"{mean}^{{{exp}}}"


def infix(claim: Any) -> str:
    """Return the claim on one line.

    >>> a, b = sympy.symbols("a b")
    >>> infix(sympy.Eq(a, b / 2)), infix(sympy.Not(sympy.Eq(a, b), evaluate=False))
    ('a = b/2', 'not (a = b)')
    """
    return str(_Infix(claim).doprint(claim))


def latex_of(claim: Any) -> str:
    r"""Return the claim in LaTeX.

    >>> latex_of(sympy.Symbol("a") / 2)
    '\\frac{a}{2}'
    """
    return str(_Latex(claim).doprint(claim))


def print_topic(topic: str) -> None:
    """Print the derivations of one topic: what `python -m backproof.derivations.<topic>` does."""
    from . import catalogue

    print(inspect.getdoc(import_module(f"{__package__}.{topic}")), end="\n\n")
    for entry in catalogue(topic):
        derivation = entry.derive()
        print(text(entry, derivation, misprints_of(entry, derivation)))


def misprints_of(entry: Any, derivation: Any) -> Misprints:
    """Return the misprints that a theorem corrects, each with its refutation; of a misprint, itself."""
    from . import catalogue

    if entry.kind == "misprint":
        return [(entry, derivation)]
    return [(other, other.derive()) for other in catalogue() if other.corrected == entry.id]


def definitions(derivation: Any) -> list[Any]:
    """Return the sequences that a theorem speaks of, by start and step, and its random entries, by mean and covariance.

    >>> from backproof.derivations import find
    >>> for equation in definitions(find("momentum-as-decaying-sum").derive())[:2]:
    ...     print(infix(equation))
    v(0) = v0
    v(k + 1) = alpha*v(k) + lr*g[k + 1]
    """
    found = []
    for name, rule in (derivation.proof.recursions if derivation.proof else {}).items():
        sequence = sympy.Function(name)
        found.append(sympy.Eq(sequence(*rule.indices, 0), rule.start, evaluate=False))
        found.append(sympy.Eq(sequence(*rule.indices, rule.time + 1), rule.following, evaluate=False))
    for base, law in (derivation.proof.laws if derivation.proof else {}).items():
        found += _moments(base, law)
    return found


def _moments(base: Any, law: Any) -> list[Any]:
    """The law of random entries by name, and their mean and covariance, as far as it declares them."""
    here, there = (tuple(sympy.Symbol(letter + mark) for letter, _ in zip("ij", law.sizes)) for mark in ("", "'"))  # noqa: B905
    entry, other = (base[here], base[there]) if law.sizes else (base, base)
    left = [Expectation(entry), sympy.Function("Cov")(entry, other)]
    found = [sympy.Eq(sympy.Function("law")(entry), sympy.Symbol(law.name), evaluate=False)]
    for side, indices in zip(left, ((here,), (here, there)), strict=True):
        try:
            found.append(sympy.Eq(side, law.cumulant(indices), evaluate=False))
        except ValueError:  # the law declares the mean only
            break
    return found


def explanation(entry: Any) -> str:
    """Return the idea of the proof and what its symbols mean: the docstring of the function that writes it."""
    return inspect.getdoc(entry.write) or "" if entry.write else ""


def text(entry: Any, derivation: Any, misprints: Misprints) -> str:
    """Return the derivation as plain text."""
    lines = [
        f"{entry.title}.",
        f"{entry.id} ({entry.topic}), covers {', '.join(entry.covers) or 'nothing of the register'}",
    ]
    lines += ["", explanation(entry)] if explanation(entry) else []
    lines += _section("Given", [infix(hypothesis) for hypothesis in derivation.hypotheses])
    lines += _section("Defined", [infix(definition) for definition in definitions(derivation)])
    lines += _section(
        "Steps", [f"{claim}\n      {reason}" for claim, reason in _steps(derivation, infix)], numbered=True
    )
    lines += _section("Shown", [f"{name}: {infix(claim)}" for name, claim in derivation.claims.items()])
    lines += _section("As printed", _printed(entry, misprints))
    return "\n".join([*lines, "", _verdict(derivation), ""])


def markdown(entry: Any, derivation: Any, misprints: Misprints) -> str:
    """Return the derivation as Markdown, its formulas between dollar signs."""
    lines = [f"# {entry.title}", "", f"`{entry.id}`, topic {entry.topic}"]
    lines += ["", explanation(entry)] if explanation(entry) else []
    parts = {
        "Given": [_dollars(hypothesis) for hypothesis in derivation.hypotheses],
        "Defined": [_dollars(definition) for definition in definitions(derivation)],
        "Steps": [f"{claim}: {reason}" for claim, reason in _steps(derivation, _dollars)],
        "Shown": [f"{name}: {_dollars(claim)}" for name, claim in derivation.claims.items()],
        "As printed": _printed(entry, misprints),
    }
    for title, items in parts.items():
        marks = [f"{number}." if title == "Steps" else "-" for number in range(1, len(items) + 1)]
        listed = [f"{mark} {item}" for mark, item in zip(marks, items, strict=True)]
        lines += ["", f"## {title}", "", *listed] if items else []
    return "\n".join([*lines, "", f"**{_verdict(derivation)}**", ""])


def latex(entry: Any, derivation: Any, misprints: Misprints) -> str:
    """Return the derivation as the LaTeX of one section."""
    lines = [rf"\section*{{{_escaped(entry.title)}}}", _escaped(explanation(entry))]
    parts = {
        "Given": ("itemize", [_dollars(hypothesis) for hypothesis in derivation.hypotheses]),
        "Defined": ("itemize", [_dollars(definition) for definition in definitions(derivation)]),
        "Steps": ("enumerate", [f"{claim}: {_escaped(reason)}" for claim, reason in _steps(derivation, _dollars)]),
        "Shown": ("itemize", [f"{_escaped(name)}: {_dollars(claim)}" for name, claim in derivation.claims.items()]),
        "As printed": ("itemize", [_escaped(line) for line in _printed(entry, misprints)]),
    }
    for title, (environment, items) in parts.items():
        if items:
            lines += [rf"\paragraph{{{title}}}", rf"\begin{{{environment}}}"]
            lines += [rf"  \item {item}" for item in items]
            lines += [rf"\end{{{environment}}}"]
    return "\n".join([*lines, _escaped(_verdict(derivation)), ""])


def plain(entry: Any, derivation: Any, misprints: Misprints) -> dict[str, Any]:
    """Return the derivation as data for JSON, each formula on one line and in LaTeX."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "topic": entry.topic,
        "title": entry.title,
        "explanation": explanation(entry),
        "verdict": derivation.verdict,
        "why": derivation.why,
        "engines": list(derivation.engines),
        "hypotheses": [_both(hypothesis) for hypothesis in derivation.hypotheses],
        "definitions": [_both(definition) for definition in definitions(derivation)],
        "steps": [
            {
                "rule": step.rule,
                "supposes": [_both(hypothesis) for hypothesis in _supposed(step, derivation)],
                "claim": _both(step.claim),
                "reason": step.reason,
                "engines": list(step.engines),
            }
            for step in derivation.steps
        ],
        "claims": {name: _both(claim) for name, claim in derivation.claims.items()},
        "printed": _printed(entry, misprints),
        "seconds": derivation.seconds,
    }


def _section(title: str, items: Sequence[str], *, numbered: bool = False) -> list[str]:
    marks = [f"{number:2d}. " if numbered else "  " for number in range(1, len(items) + 1)]
    return ["", title, *(f"{mark}{item}" for mark, item in zip(marks, items, strict=True))] if items else []


def _steps(derivation: Any, show: Callable[[Any], str]) -> list[tuple[str, str]]:
    """Return each step's claim with what it supposes, and its reason with the rule and the engines that checked it."""
    return [
        (_supposing(step, derivation, show), f"{step.reason} ({step.rule}; {' and '.join(step.engines)})")
        for step in derivation.steps
    ]


def _supposed(step: Any, derivation: Any) -> list[Any]:
    return [hypothesis for hypothesis in step.hypotheses if hypothesis not in derivation.hypotheses]


def _supposing(step: Any, derivation: Any, show: Callable[[Any], str]) -> str:
    supposed = [show(hypothesis) for hypothesis in _supposed(step, derivation)]
    return f"supposing {', '.join(supposed)}: {show(step.claim)}" if supposed else show(step.claim)


def _printed(entry: Any, misprints: Misprints) -> list[str]:
    """What the sources print, and for each misprint of this theorem the point at which it fails."""
    lines = [f"{s.deck}, {s.place}: {s.printed}" for s in entry.sources if s.printed]
    for misprint, derivation in misprints:
        places = "; ".join(f"{s.deck}, {s.place}: {s.printed}" for s in misprint.sources)
        points = " and ".join(point(fact) for fact in derivation.proof.refutations)
        lines.append(f"{misprint.title} ({places}): {derivation.verdict}" + (f" at {points}" if points else ""))
    return lines


def point(fact: Any) -> str:
    """Return the exact point of a counterexample on one line."""
    return ", ".join(f"{name} = {value}" for name, value in fact.point.items())


def _verdict(derivation: Any) -> str:
    how = f" ({' and '.join(derivation.engines)})" if derivation.engines else ""
    why = f": {derivation.why}" if derivation.why else ""
    return f"Verdict: {derivation.verdict}{how}{why}"


def _both(claim: Any) -> dict[str, str]:
    return {"text": infix(claim), "latex": latex_of(claim)}


def _dollars(claim: Any) -> str:
    return f"${latex_of(claim)}$"


def _escaped(words: str) -> str:
    table = {character: f"\\{character}" for character in "&%$#_{}"}
    signs = {
        "\\": r"\textbackslash{}",
        "^": r"\^{}",
        "~": r"\~{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
    }
    return "".join({**table, **signs}.get(character, character) for character in words)
