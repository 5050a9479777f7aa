"""The kernel: the rules by which a step may be shown. Nothing else makes a `Fact`; a claim without one is undecided.

Every rule takes the claim first, then its evidence, then the reason a reader is given. Engine 1 (normal form and signs)
checks the evidence; engine 2 evaluates the claim at random instances of the hypotheses, and one instance at which it is
false stops the proof whatever engine 1 said. Where z3 is installed, it looks for such an instance of every polynomial
claim.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from .admission import admissible, admit, own_indices, without_value
from .continuity import convex, require_continuous, require_continuous_at_ends
from .evaluation import Point
from .expressions import Expectation
from .functions import SmoothFunction
from .limits import limit_of
from .normal_form import is_zero, normal, normal_is_zero
from .numbers import Undefined
from .rewriting import rewritten
from .rigor import decide
from .scope import NotShown, Scope
from .signs import nonnegative, real
from .substitution import same as _same
from .substitution import substituted

INSTANCES = 8  # random instances at which engine 2 tries to break each step
_SEAL = object()


class Refuted(Exception):
    """A claimed step is false at an exact instance of its hypotheses."""

    def __init__(self, claim: Any, point: dict[str, Any]) -> None:
        self.claim, self.point = claim, point
        super().__init__(f"{claim} is false at {point}")


class Fact:
    """A claim that a rule has established under hypotheses; only this module can make one, and nobody can change it."""

    __slots__ = ("claim", "declared", "engines", "hypotheses", "point", "reason", "root", "rule", "strength")

    def __init__(
        self,
        seal: object,
        claim: Any,
        hypotheses: Sequence[Any],
        rule: str,
        reason: str,
        engines: tuple[str, ...],
        strength: str,
        proof: Any,
        point: Mapping[Any, Any] | None = None,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("a Fact is made by a rule of the kernel, not by hand")
        values = {
            "claim": claim, "hypotheses": tuple(hypotheses), "rule": rule, "reason": reason, "engines": engines,
            "strength": strength, "root": proof.root, "declared": frozenset(d.symbol for d in proof.declared),
            "point": dict(point or {}),  # of a counterexample: the exact instance
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)
        proof.root.issued[id(self)] = self

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Fact cannot be changed, not even its {name}")


class Proof(Scope):
    """A theorem being written: its declarations (`Scope`), the claims it states, and the steps that show them."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.root: Any = self
        self.seed = seed
        self.stated: dict[str, Any] = {}
        self.steps: list[Fact] = []
        self.refutations: list[Fact] = []
        self.issued: dict[int, Fact] = {}
        self.asked: dict[Any, str] = {}  # what z3 said of the polynomial claims that were shown without a supposition

    def state(self, name: str, claim: Any) -> Any:
        """Name a claim that this theorem makes; the theorem is proved when a step establishes each."""
        if name in self.stated:
            raise ValueError(f"the claim {name!r} is stated twice")
        if claim in (True, False, sympy.true, sympy.false):
            raise ValueError(
                f"the claim {name!r} was decided by SymPy before the kernel saw it: use the kernel's relations"
            )
        if isinstance(claim, sympy.core.relational.Relational) and _same(claim.lhs, claim.rhs):
            raise NotShown(f"the claim {name!r} says nothing: both sides are {claim.lhs}")
        self.root.stated[name] = claim
        return claim

    # ---- equalities -----------------------------------------------------------------------------------------------

    def equal(self, claim: Any, *, because: str, using: Sequence[Fact] = (), via: Sequence[Any] = ()) -> Fact:
        """An identity: both sides have one normal form, after rewriting by the equations in `using`, through `via`."""
        left, right = _sides(claim, sympy.Eq)
        stations = [left, *via, right]
        for a, b in itertools.pairwise(stations):
            if not self._zero(a - b, using):
                raise NotShown(f"equal: {a} and {b} have different normal forms")
        return self._establish("equal", claim, because, using)

    def expectation(self, claim: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """An identity between expectations, by linearity and the joint cumulants of the declared laws."""
        left, right = _sides(claim, sympy.Eq)
        if not self._zero(left - right, using):
            raise NotShown(f"expectation: {normal(left, self)} is not {right}")
        return self._establish("expectation", claim, because, using)

    def reindex(self, claim: Any, index: Any, *, because: str) -> Fact:
        """Two sums are equal: `index` gives the left index by the right one, a shift or a reversal of the range."""
        left, right = _sides(claim, sympy.Eq)
        if not all(isinstance(side, sympy.Sum) and len(side.limits) == 1 for side in (left, right)):
            raise NotShown("reindex: both sides must be single sums")
        (old, low, high), (new, first, last) = left.limits[0], right.limits[0]
        k = sympy.Dummy("k", integer=True)
        image = sympy.expand(index(k))
        ends = [image.subs(k, first), image.subs(k, last)]
        slope = image.diff(k)
        if slope not in (1, -1) or not all(
            self._zero(a - b, ()) for a, b in zip(ends[:: int(slope)], (low, high), strict=True)
        ):
            raise NotShown(f"reindex: {image} does not carry {first}..{last} onto {low}..{high}")
        scope = self.with_range(k, first, last)
        if not is_zero(left.function.subs(old, image) - right.function.subs(new, k), scope):
            raise NotShown("reindex: the terms differ at corresponding indices")
        return self._establish("reindex", claim, because, [])

    def induct(self, *claims: Any, over: Any, because: str, start: int = 0, using: Sequence[Fact] = ()) -> list[Fact]:
        """Closed forms x(k) = F(k), shown together: true at the start, and the recursion carries F(k) to F(k + 1)."""
        rules = [_sides(claim, sympy.Eq) for claim in claims]
        self._inductive(over, start, claims)
        for left, right in rules:
            if not self._zero(substituted(left - right, {over: start}), using):
                raise NotShown(f"induct: {left} = {right} fails at {over} = {start}")
            increment = _last_term(left, over, self)
            if increment is not None:
                combine, last = increment
                following = right + last if combine == "sum" else right * last
            else:
                following = normal(substituted(left, {over: over + 1}), self)
                for claim in claims:
                    following = rewritten(following, claim, self, fixed={over})
                    if isinstance(claim.lhs, sympy.Sum | sympy.Product):  # the step meets it in its normal form
                        met = sympy.Eq(normal(claim.lhs, self), claim.rhs, evaluate=False)
                        following = rewritten(following, met, self, fixed={over})
            if not self._zero(following - substituted(right, {over: over + 1}), using):
                raise NotShown(f"induct: the step does not carry {left} = {right} from {over} to {over + 1}")
        return [self._establish("induct", claim, because, using) for claim in claims]

    def _inductive(self, over: Any, start: Any, claims: Sequence[Any]) -> None:
        """The claims may be shown by induction: `over` runs from `start`, and nothing else in them is tied to it."""
        declared = self.bounds(over)
        if declared is None or not over.is_integer or declared.low is None or sympy.sympify(declared.low) != start:
            raise NotShown(f"induct: {over} must be declared as an integer from {start} up")
        if any(over in hypothesis.free_symbols for hypothesis in self.hypotheses):
            raise NotShown(f"induct: a hypothesis restricts {over}")
        spoken_of = set().union(*(c.free_symbols | c.atoms(sympy.IndexedBase) | self.hidden(c) for c in claims))
        tied = {over}
        for d in self.declared:  # in the order of declaration, so that ties are passed on
            ends = [sympy.sympify(b).free_symbols for b in (d.low, d.high) if b is not None]
            if d.symbol != over and any(tied & end for end in ends):
                tied.add(d.symbol)
        if any(over in self.hidden(c) for c in claims) or (tied - {over}) & spoken_of:
            raise NotShown(f"induct: something in the claim depends on {over} through its bounds, a recursion or a law")

    def induct_from(self, claim: Any, *, over: Any, base: Fact, step: Fact, because: str, start: int = 0) -> Fact:
        """Any claim: the base is its instance at the start, the step shows it at k + 1, supposing it at k."""
        self._check([base])
        self._inductive(over, start, [claim])
        if not _same(base.claim, substituted(claim, {over: start})):
            raise NotShown(f"induct_from: the base shows {base.claim}, not the claim at {over} = {start}")
        extra = self.supposed(step)
        if not _same(step.claim, substituted(claim, {over: over + 1})) or extra not in ([], [claim]):
            raise NotShown(f"induct_from: the step shows {step.claim} under {extra}")
        return self._establish("induct_from", claim, because, [base], strength=step.strength)

    # ---- inequalities ---------------------------------------------------------------------------------------------

    def compare(self, claim: Any, slack: Sequence[Any] | Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """An inequality whose slack is a sum of parts that are visibly non-negative (one positive, if strict)."""
        smaller, larger, strict = _ordered(claim)
        parts = list(slack) if isinstance(slack, list | tuple) else [slack]
        scope = self._with(using)
        if not self._zero(larger - smaller - sympy.Add(*parts), using):
            raise NotShown(f"compare: the parts do not add up to {larger} - ({smaller})")
        for part in parts:
            if not nonnegative(part, scope):
                raise NotShown(f"compare: {part} is not visibly non-negative")
        if strict and not any(nonnegative(part, scope, strict=True) for part in parts):
            raise NotShown("compare: no part is visibly positive, so the inequality is not shown to be strict")
        return self._establish("compare", claim, because, using)

    def weights(self, claim: Any, weights: Mapping[Any, Any], *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """max(..) >= bound, by a convex combination of its arms (|u| has the arms u and -u) that equals the bound."""
        bound, maximum, strict = _ordered(claim)
        if strict or not isinstance(maximum, sympy.Max | sympy.Abs):
            raise NotShown("weights: the claim is not max(..) >= bound")
        arms = maximum.args if isinstance(maximum, sympy.Max) else (maximum,)
        allowed = [
            a for arm in arms for a in ((arm, arm.args[0], -arm.args[0]) if isinstance(arm, sympy.Abs) else (arm,))
        ]
        scope = self._with(using)
        for arm, weight in weights.items():
            if not any(sympy.expand(arm - a) == 0 for a in allowed):
                raise NotShown(f"weights: {arm} is no arm of {maximum}")
            if not nonnegative(weight, scope):
                raise NotShown(f"weights: {weight} is not visibly non-negative")
        if not self._zero(sympy.Add(*weights.values()) - 1, using):
            raise NotShown("weights: they do not sum to 1")
        if not self._zero(sympy.Add(*(w * a for a, w in weights.items())) - bound, using):
            raise NotShown("weights: the combination is not the bound")
        return self._establish("weights", claim, because, using)

    def endpoints(
        self, claim: Any, variable: Any, low: Any, high: Any, *, because: str, using: Sequence[Fact] = ()
    ) -> Fact:
        """f(x) <= bound on [low, high] for a convex f, because it holds at both ends."""
        function, bound, strict = _ordered(claim)
        scope = self._with(using)
        if strict or bound.has(variable):
            raise NotShown("endpoints: the bound must be weak and free of the variable")
        self._interval(variable, function, low, high)
        if not convex(function, variable, scope):
            raise NotShown(f"endpoints: {function} is not visibly convex in {variable}")
        for end in (low, high):
            rest = bound - substituted(function, {variable: end})
            if not (
                self._zero(rest, using)
                or nonnegative(rest, scope)
                or nonnegative(sympy.factor(sympy.together(rest)), scope)
            ):
                raise NotShown(f"endpoints: the bound at {end} is not visible")
        return self._establish("endpoints", claim, because, using)

    def monotone(
        self, claim: Any, function: Any, variable: Any, *, because: str, using: Sequence[Fact] = (), slope: Any = None
    ) -> Fact:
        """f(a) <= f(b) (or < when strict): f is continuous between a and b and its derivative has a visible sign there.

        `variable` must be declared as a real between the two points, so that the sign is read off exactly there.
        `slope` is the derivative in the form in which its sign is visible, where engine 1 would not find that form.
        """
        if slope is not None and not self._zero(sympy.diff(function, variable) - slope, ()):
            raise NotShown(f"monotone: {slope} is not the derivative of {function}")
        exhibited = [] if slope is None else [slope]
        smaller, larger, strict = _ordered(claim)
        scope = self._with(using)
        low, high = self._interval(variable, function)
        # The claim does not mention the variable: it must hold where the variable's interval is empty, too.
        if not nonnegative(high - low, scope, strict=strict):
            raise NotShown(f"monotone: {low} {'<' if strict else '<='} {high} is not visible")
        require_continuous(function, variable, scope)
        slope = sympy.factor(normal(sympy.diff(function, variable), self))
        for sign, (a, b) in ((1, (low, high)), (-1, (high, low))):
            if self._zero(smaller - substituted(function, {variable: a}), using) and self._zero(
                larger - substituted(function, {variable: b}), using
            ):
                candidates = [
                    *(sign * e for e in exhibited),
                    sign * slope,
                    sympy.factor(sign * slope),
                    sympy.together(sign * slope),
                    sign * sympy.diff(function, variable),
                ]
                if any(nonnegative(c, scope, strict=strict) for c in candidates):
                    return self._establish("monotone", claim, because, using)
                raise NotShown(f"monotone: the sign of {sign * slope} is not visible")
        raise NotShown("monotone: the claim does not compare the function at the ends of the variable's interval")

    def _interval(self, variable: Any, function: Any, low: Any = None, high: Any = None) -> tuple[Any, Any]:
        """The ends between which the variable was declared: all that is known of it, and the function reaches both."""
        declared = self.bounds(variable)
        if declared is None or declared.low is None or declared.high is None or not variable.is_real:
            raise NotShown(f"{variable} is not declared as a real between two points")
        if variable.is_integer or not self.only_bounded_by_itself(variable):
            raise NotShown(f"{variable} does not run through the whole interval")
        if any(
            given is not None and not self._zero(given - end, ())
            for given, end in ((low, declared.low), (high, declared.high))
        ):
            raise NotShown(f"{variable} is declared between {declared.low} and {declared.high}, not {low} and {high}")
        if declared.open:
            require_continuous_at_ends(function, variable, declared.low, declared.high, self)
        return declared.low, declared.high

    def chain(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """Transitivity: a <= b, b = c, c < d gives a < d."""
        self._check(facts)
        smaller, larger, strict = (
            _ordered(claim) if not isinstance(claim, sympy.Eq) else (*_sides(claim, sympy.Eq), False)
        )
        position, gained = smaller, False
        for fact in facts:
            a, b, s = (
                _ordered(fact.claim) if not isinstance(fact.claim, sympy.Eq) else (*_sides(fact.claim, sympy.Eq), False)
            )
            if not self._zero(position - a, ()):
                if isinstance(fact.claim, sympy.Eq) and self._zero(position - b, ()):
                    a, b = b, a
                else:
                    raise NotShown(f"chain: {position} does not meet {a}")
            if isinstance(claim, sympy.Eq) and not isinstance(fact.claim, sympy.Eq):
                raise NotShown("chain: an inequality cannot show an equality")
            position, gained = b, gained or s
        if not self._zero(position - larger, ()) or (strict and not gained):
            raise NotShown(f"chain: it ends at {position}, {'strictly' if gained else 'weakly'}")
        return self._establish("chain", claim, because, facts)

    # ---- logic ----------------------------------------------------------------------------------------------------

    def suppose(self, relation: Any) -> Proof:
        """The same theorem under one more hypothesis; what is shown there carries it."""
        child = self.extended()
        child.assume(relation)
        return child

    def implies(self, claim: Any, fact: Fact, *, because: str) -> Fact:
        """A => B, from B shown under the supposition A."""
        if not isinstance(claim, sympy.Implies):
            raise NotShown("implies: the claim is no implication")
        premise, conclusion = claim.args
        extra = self.supposed(fact)
        if not _same(fact.claim, conclusion) or not set(extra) <= {premise}:
            raise NotShown(f"implies: {fact.claim} was shown under {extra}")
        return self._establish("implies", claim, because, [], strength=fact.strength)

    def equivalent(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """A <=> B, from B under the supposition A and A under the supposition B."""
        if not isinstance(claim, sympy.Equivalent) or len(claim.args) != 2:
            raise NotShown("equivalent: the claim is no equivalence of two")
        shown = set()
        for fact in facts:
            extra = self.supposed(fact)
            if len(extra) == 1:
                shown.add((extra[0], fact.claim))
        a, b = claim.args
        if not ({(a, b), (b, a)} <= shown):
            raise NotShown("equivalent: the facts do not show both directions")
        return self._establish("equivalent", claim, because, [], strength=_weakest(facts))

    def both(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """A and B, from both."""
        self._check(facts)
        if not isinstance(claim, sympy.And) or not set(claim.args) <= {f.claim for f in facts}:
            raise NotShown("both: some part has no fact")
        return self._establish("both", claim, because, facts)

    def cases(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """The claim, shown under suppositions of which one always holds."""
        premises = []
        for fact in facts:
            extra = self.supposed(fact)
            if len(extra) != 1 or not _same(fact.claim, claim):
                raise NotShown("cases: each fact must show the claim under one supposition")
            premises.append(extra[0])
        for power in (p for premise in premises for p in premise.atoms(sympy.Pow, sympy.log)):
            if not real(power, self):
                raise NotShown(f"cases: where {power} has no value, no case holds")
        if sympy.simplify(sympy.Or(*premises)) is not sympy.true:
            raise NotShown(f"cases: {premises} do not exhaust all cases")
        return self._establish("cases", claim, because, [], strength=_weakest(facts))

    def instance(self, fact: Fact, at: Mapping[Any, Any], *, because: str) -> Fact:
        """What was shown for all values, at one: each value must visibly lie in its symbol's domain."""
        self._check([fact])
        at = {symbol: sympy.sympify(value) for symbol, value in at.items()}
        self._substitutable(fact.claim, at)
        for declared in self.declared:
            mentions = declared.hypothesis.free_symbols | {declared.symbol}
            if not mentions & at.keys():
                continue
            relations = sympy.And.make_args(declared.hypothesis)
            if declared.symbol not in at and not fact.claim.has(declared.symbol):  # then it must only exist
                ends = [b for b in (declared.low, declared.high) if b is not None]
                compare = sympy.Lt if declared.open else sympy.Le
                relations = [compare(*ends, evaluate=False)] if len(ends) == 2 else []
            for relation in relations:
                self._visible_relation(substituted(relation, at))
        for symbol, value in at.items():
            self._visible_assumptions(symbol, value)
        for hypothesis in fact.hypotheses:
            if substituted(hypothesis, at) not in self.hypotheses:
                self._visible_relation(substituted(hypothesis, at))
        return self._establish("instance", substituted(fact.claim, at), because, [fact])

    def _substitutable(self, claim: Any, at: Mapping[Any, Any]) -> None:
        """Putting the values in is taking the claim at them: nothing is hidden, random or differentiated."""
        given, free = set(at), set().union(*(v.free_symbols for v in at.values()))
        for symbol in given:
            if self.bounds(symbol) is None or not symbol.is_Symbol:
                raise NotShown(f"instance: {symbol} is no declared number")
        if given & self.hidden(claim):
            raise NotShown(f"instance: the claim depends on {given & self.hidden(claim)} through a recursion or a law")
        if any(map(self.is_random, at.values())) and claim.has(Expectation):
            raise NotShown("instance: a random value may depend on what the expectation averages")
        for node in claim.atoms(sympy.Derivative, sympy.Limit):
            variables = set(node.variables) if isinstance(node, sympy.Derivative) else {node.args[1]}
            names = {s for v in variables for s in v.free_symbols}
            if names & (given | free):
                raise NotShown(f"instance: {node} is taken with respect to {variables}")

    def _visible_assumptions(self, symbol: Any, value: Any) -> None:
        for assumption in ("integer", "real", "positive", "nonnegative", "nonzero"):
            if not getattr(symbol, f"is_{assumption}") or getattr(value, f"is_{assumption}"):
                continue
            strict = assumption == "positive"
            if assumption in ("positive", "nonnegative") and nonnegative(value, self, strict=strict):
                continue
            if assumption == "nonzero" and any(nonnegative(v, self, strict=True) for v in (value, -value)):
                continue
            if assumption == "real" and real(value, self):
                continue
            raise NotShown(f"instance: {value} is not visibly {assumption}, as {symbol} is")

    # ---- limits, finite and compact domains ------------------------------------------------------------------------

    def limit(self, claim: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """A limit: powers q^t with |q| < 1 visibly vanish as t grows; the rest is SymPy's Gruntz algorithm."""
        left, right = _sides(claim, sympy.Eq)
        if not isinstance(left, sympy.Limit):
            raise NotShown("limit: the left side is no limit")
        inner, variable, target, direction = left.args
        result = limit_of(normal(inner, self), variable, target, str(direction), self._with(using))
        if not self._zero(result - right, using):
            raise NotShown(f"limit: the limit is {result}")
        return self._establish("limit", claim, because, using)

    def enumerate(self, claim: Any, sizes: Mapping[Any, Sequence[int]], *, because: str) -> Fact:
        """All sizes in the given ranges, one by one: an identity symbolically, anything else at every integer point."""
        for size, values in sizes.items():
            declared = self.bounds(size)
            if (
                declared is None
                or not values
                or list(values) != list(range(int(declared.low), int(declared.low) + len(values)))
            ):
                raise NotShown(f"enumerate: {size} must run from its smallest value on, without gaps")
        for assignment in itertools.product(*sizes.values()):
            at = dict(zip(sizes, map(sympy.Integer, assignment), strict=True))
            instance = substituted(claim, at)
            if isinstance(claim, sympy.Eq):
                shown = is_zero(substituted(claim.lhs - claim.rhs, at), self)
            else:
                remaining = claim.free_symbols - set(at)
                point = Point({s: Fraction(int(v)) for s, v in at.items()}, recursions=self.recursions, laws=self.laws)
                shown = not remaining and point.decide(claim) is True
            if not shown:
                raise NotShown(f"enumerate: {instance} is not shown at {at}")
        return self._establish("enumerate", claim, because, [], strength="enumerated", restricted=sizes)

    def enclose(self, claim: Any, box: Mapping[Any, tuple[Any, Any]], *, because: str, depth: int = 24) -> Fact:
        """A strict inequality on a compact box, by interval arithmetic on a subdivision."""
        smaller, larger, _ = _ordered(claim)
        for symbol in claim.free_symbols:
            if symbol not in box:
                raise NotShown(f"enclose: the box says nothing of {symbol}")
            low, high = map(sympy.Rational, map(str, box[symbol]))
            if not (nonnegative(symbol - low, self) and nonnegative(high - symbol, self)):
                raise NotShown(f"enclose: {symbol} may lie outside [{low}, {high}]")
        boxes = [({s: (Fraction(str(a)), Fraction(str(b))) for s, (a, b) in box.items()}, 0)]
        while boxes:
            current, level = boxes.pop()
            intervals = {s: mpmath.iv.mpf([_outward(a), _outward(b)]) for s, (a, b) in current.items()}
            point = Point(intervals, recursions=self.recursions)
            if point.field.sign(point.field.lift(point.value(larger - smaller))) == 1:
                continue
            if level >= depth:
                raise NotShown(f"enclose: not decided on {current}")
            widest = max(current, key=lambda s: current[s][1] - current[s][0])
            a, b = current[widest]
            for part in ((a, (a + b) / 2), ((a + b) / 2, b)):
                boxes.append(({**current, widest: part}, level + 1))
        return self._establish("enclose", claim, because, [], strength="enclosed")

    # ---- refutations ----------------------------------------------------------------------------------------------

    def refute(self, claim: Any, at: Mapping[Any, Any], *, because: str) -> Fact:
        """The claim is false: both engines find it false at one exact instance of the hypotheses."""
        admit(claim, self)
        point = self.at(at)
        admissible(point, at, self)
        if point.decide(claim) is not False:
            raise NotShown(f"refute: the claim is not false at {at}")
        first = _substituted(claim, at)
        engines = ("exact", "symbolic") if first in (False, sympy.false) else ("exact",)
        if first in (True, sympy.true):
            raise NotShown("refute: the two engines disagree")
        return self._refuted(sympy.Not(claim, evaluate=False), at, because, engines)

    def undefined(self, expr: Any, at: Mapping[Any, Any], *, because: str) -> Fact:
        """The expression as printed has no value at this instance: an index out of range, a name without meaning."""
        missing = without_value(expr, at, self)
        if missing:
            raise NotShown(f"undefined: the instance gives no value to {', '.join(map(str, missing))}")
        point = self.at(at)
        admissible(point, at, self)
        try:
            value = point.value(expr)
        except Undefined as reason:
            if "engine 2" in str(reason):
                raise NotShown(f"undefined: {reason}") from None
            return self._refuted(sympy.Function("undefined")(sympy.Symbol(str(reason))), at, because, ("exact",))
        raise NotShown(f"undefined: the expression has the value {value}")

    def at(self, values: Mapping[Any, Any]) -> Point:
        """The point with these values; vectors as (nested) sequences."""
        point = Point(recursions=self.recursions, laws=self.laws)
        for symbol, value in values.items():
            point.values[symbol] = _table(value) if isinstance(symbol, sympy.IndexedBase) else _exact(value, point)
        return point

    def _refuted(self, claim: Any, at: Mapping[Any, Any], because: str, engines: tuple[str, ...]) -> Fact:
        fact = Fact(_SEAL, claim, self.hypotheses, "counterexample", because, engines, "refuted", self, at)
        self.root.refutations.append(fact)
        self.root.steps.append(fact)
        return fact

    # ---- the two engines ------------------------------------------------------------------------------------------

    def _establish(
        self,
        rule: str,
        claim: Any,
        because: str,
        used: Sequence[Fact],
        strength: str = "proved",
        restricted: Mapping[Any, Sequence[int]] | None = None,
    ) -> Fact:
        self._check(used)
        admit(claim, self)
        engines = self._tried(claim, restricted)
        strength = _weakest([*used], strength)
        fact = Fact(_SEAL, claim, self.hypotheses, rule, because, engines, strength, self)
        self.root.steps.append(fact)
        return fact

    def _tried(self, claim: Any, restricted: Mapping[Any, Sequence[int]] | None = None) -> tuple[str, ...]:
        """Engine 2 on random instances, z3 on all at once: raises Refuted at a false one, returns who spoke."""
        spoken = self._at_instances(claim, restricted)
        decision = decide(claim, self) if restricted is None else None  # a size up to a bound is no hypothesis
        if decision is None or not decision.word:
            return spoken
        if self.hypotheses == self.root.hypotheses:
            self.root.asked[claim] = decision.word
        if decision.word == "false":
            raise Refuted(claim, _shown(decision.point, claim))
        if decision.word == "undefined":
            raise NotShown(f"{claim} is undefined within the hypotheses at {_shown(decision.point, claim)}")
        return (*spoken, "z3") if decision.word == "true" else spoken

    def _at_instances(self, claim: Any, restricted: Mapping[Any, Sequence[int]] | None) -> tuple[str, ...]:
        decided, exact = 0, True
        arbitrary = claim.free_symbols or self.hidden(claim) or claim.atoms(SmoothFunction)
        constant = claim.has(sympy.Integral) and not arbitrary  # one number, one instance
        for point, verdict in self.verdicts(claim, 1 if constant else INSTANCES, restricted):
            if verdict is False:
                raise Refuted(claim, _shown(point, claim))
            decided += verdict is True
            exact = exact and verdict is not None
        if decided and exact:
            return ("symbolic", "exact")
        if claim.has(sympy.Integral):
            return ("symbolic", "quadrature")
        if claim.has(sympy.Limit):
            return ("symbolic", "extrapolation")
        return ("symbolic", "enclosure") if claim_is_evaluable(self, claim) else ("symbolic",)

    def verdicts(self, claim: Any, count: int, restricted: Mapping[Any, Sequence[int]] | None = None) -> Any:
        """(point, verdict) at random instances of the hypotheses; Undefined inside the hypotheses stops the proof."""
        rng = random.Random(f"{self.root.seed} {claim}")
        for _ in range(count):
            fixed = {symbol: Fraction(rng.choice(list(allowed))) for symbol, allowed in (restricted or {}).items()}
            point = self.point(rng, fixed)
            try:
                verdict = point.decide(claim)
            except Undefined as reason:
                if "engine 2" in str(reason):
                    return
                raise NotShown(
                    f"{claim} is undefined within the hypotheses ({reason}) at {_shown(point, claim)}"
                ) from None
            yield point, verdict

    def _zero(self, difference: Any, using: Sequence[Fact]) -> bool:
        self._check(using)
        own_indices(difference, self)
        equations = [fact for fact in using if isinstance(fact.claim, sympy.Eq)]
        for fact in equations:
            difference = rewritten(difference, fact.claim, self, fact.hypotheses)
        difference = normal(difference, self)
        for fact in equations:
            met = sympy.Eq(normal(fact.claim.lhs, self), fact.claim.rhs, evaluate=False)
            changed = rewritten(difference, met, self, fact.hypotheses)
            difference = changed if changed == difference else normal(changed, self)
        return normal_is_zero(difference, self)

    def _with(self, using: Sequence[Fact]) -> Proof:
        self._check(using)
        scope = self.extended()
        for fact in using:
            if not isinstance(fact.claim, sympy.Eq):
                scope.accept(fact.claim, self)
        return scope

    def _check(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if self.supposed(fact):
                raise NotShown(f"{fact.claim} was shown under a hypothesis that does not hold here")

    def holds(self, fact: Fact) -> bool:
        """Whether the fact was shown with this theorem's declarations and hypotheses alone."""
        try:
            return not self.supposed(fact)
        except NotShown:
            return False

    def supposed(self, fact: Fact) -> list[Any]:
        """The hypotheses of a fact that are not hypotheses here."""
        if self.root.issued.get(id(fact)) is not fact:
            raise NotShown("a premise is no fact of this theorem")
        own = {d.symbol for proof in (self, self.root) for d in proof.declared}
        if not fact.declared <= own:
            raise NotShown(f"{fact.claim} was shown with symbols that are not declared here: {fact.declared - own}")
        return [h for h in fact.hypotheses if h not in self.hypotheses]

    def _visible_relation(self, relation: Any) -> None:
        if isinstance(relation, sympy.And):
            for part in relation.args:
                self._visible_relation(part)
            return
        if relation in (True, sympy.true) or relation.func(*relation.args) == sympy.true:
            return
        smaller, larger, strict = _ordered(relation)
        rest = larger - smaller
        if not any(nonnegative(form(rest), self, strict=strict) for form in (lambda e: e, sympy.expand, sympy.factor)):
            raise NotShown(f"{relation} is not visible")


def claim_is_evaluable(proof: Proof, claim: Any) -> bool:
    """Whether engine 2 can put a number on the claim at all."""
    return any(True for _ in proof.verdicts(claim, 1))


# ---- reading claims --------------------------------------------------------------------------------------------------


def _sides(claim: Any, kind: Any) -> tuple[Any, Any]:
    if not isinstance(claim, kind):
        raise NotShown(f"the claim {claim} is no {kind.__name__}")
    return claim.lhs, claim.rhs


def _ordered(claim: Any) -> tuple[Any, Any, bool]:
    """(smaller, larger, strict) of an inequality."""
    if isinstance(claim, sympy.Le | sympy.Lt):
        return claim.lhs, claim.rhs, isinstance(claim, sympy.Lt)
    if isinstance(claim, sympy.Ge | sympy.Gt):
        return claim.rhs, claim.lhs, isinstance(claim, sympy.Gt)
    raise NotShown(f"the claim {claim} is no inequality")


def _weakest(facts: Sequence[Fact], strength: str = "proved") -> str:
    order = ("proved", "enclosed", "enumerated")
    return max([strength, *(f.strength for f in facts)], key=order.index)


def _last_term(left: Any, over: Any, scope: Scope) -> tuple[str, Any] | None:
    """What a sum or product with upper limit over + c gains from one more step."""
    if not isinstance(left, sympy.Sum | sympy.Product) or len(left.limits) != 1:
        return None
    index, low, high = left.limits[0]
    if left.function.has(over) or low.has(over) or sympy.expand(high - over).has(over):
        return None
    if not scope.at_least_zero(high + 1 - low):  # a sum that is still empty after one more step gains nothing
        return None
    return ("sum" if isinstance(left, sympy.Sum) else "product"), substituted(left.function, {index: high + 1})


# ---- exact points ----------------------------------------------------------------------------------------------------


def _exact(value: Any, point: Point) -> Any:
    value = (
        sympy.sympify(value) if not isinstance(value, Fraction) else sympy.Rational(value.numerator, value.denominator)
    )
    if value.atoms(sympy.Float):
        raise ValueError(f"an exact point has rational numbers, got {value}")
    return point.value(value)


def _table(value: Any) -> dict[tuple[int, ...], Any]:
    table: dict[tuple[int, ...], Any] = {}

    def fill(part: Any, key: tuple[int, ...]) -> None:
        if isinstance(part, list | tuple):
            for i, entry in enumerate(part, 1):
                fill(entry, (*key, i))
        else:
            table[key] = _exact(part, Point())

    fill(value, ())
    return table


def _substituted(claim: Any, at: Mapping[Any, Any]) -> Any:
    """The claim at the point by SymPy's own substitution: the second opinion on a counterexample."""
    scalars = {s: sympy.sympify(v) for s, v in at.items() if not isinstance(s, sympy.IndexedBase)}
    try:
        claim = claim.subs(scalars).doit()
        entries = {}
        for base, value in at.items():
            if isinstance(base, sympy.IndexedBase):
                for key in _table(value):
                    part = value
                    for i in key:
                        part = part[i - 1]
                    entries[base[key]] = sympy.sympify(part)
        claim = claim.subs(entries).doit()
        return sympy.simplify(claim)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return None


def _outward(x: Fraction) -> Any:
    return mpmath.iv.mpf(x.numerator) / x.denominator


def _shown(point: Point, claim: Any) -> dict[str, Any]:
    names = {str(s) for s in claim.free_symbols}
    return {str(s): v for s, v in point.values.items() if str(s) in names}
