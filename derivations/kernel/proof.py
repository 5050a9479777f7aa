"""The kernel: the rules by which a step may be shown. Nothing else makes a `Fact`, and a claim without its fact is undecided.

Every rule takes the claim first, then its evidence, then the reason a reader is given. Engine 1 (normal form and signs)
checks the evidence; engine 2 evaluates the claim at random instances of the hypotheses, and one instance at which it is false
stops the proof whatever engine 1 said.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from sympy.core.function import AppliedUndef

from .evaluation import Point
from .normal_form import is_zero, normal
from .numbers import Undefined
from .scope import NotShown, Scope
from .signs import nonnegative, real
from .substitution import same as _same

INSTANCES = 12  # random instances at which engine 2 tries to break each step
_SEAL = object()


class Refuted(Exception):
    """A claimed step is false at an exact instance of its hypotheses."""

    def __init__(self, claim: Any, point: dict[str, Any]) -> None:
        self.claim, self.point = claim, point
        super().__init__(f"{claim} is false at {point}")


class Fact:
    """A claim that a rule has established under hypotheses; only this module can make one."""

    __slots__ = ("claim", "engines", "hypotheses", "point", "reason", "root", "rule", "strength")

    def __init__(
        self,
        seal: object,
        claim: Any,
        hypotheses: Sequence[Any],
        rule: str,
        reason: str,
        engines: tuple[str, ...],
        strength: str,
        root: Any,
        point: Mapping[Any, Any] | None = None,
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("a Fact is made by a rule of the kernel, not by hand")
        self.claim, self.hypotheses, self.rule, self.reason = claim, tuple(hypotheses), rule, reason
        self.engines, self.strength, self.root = engines, strength, root
        self.point = dict(point or {})  # of a counterexample: the exact instance


class Proof(Scope):
    """A theorem being written: its declarations (`Scope`), the claims it states, and the steps that show them."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.root: Any = self
        self.seed = seed
        self.stated: dict[str, Any] = {}
        self.steps: list[Fact] = []
        self.refutations: list[Fact] = []

    def state(self, name: str, claim: Any) -> Any:
        """Name a claim that this theorem makes; the theorem is proved when a step establishes each."""
        if name in self.stated:
            raise ValueError(f"the claim {name!r} is stated twice")
        if isinstance(claim, sympy.core.relational.Relational) and _same(claim.lhs, claim.rhs):
            raise NotShown(f"the claim {name!r} says nothing: both sides are {claim.lhs}")
        self.root.stated[name] = claim
        return claim

    # ---- equalities -----------------------------------------------------------------------------------------------

    def equal(self, claim: Any, *, because: str, using: Sequence[Fact] = (), via: Sequence[Any] = ()) -> Fact:
        """An identity: both sides have the same normal form, after rewriting by the equations in `using`, through `via`."""
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
        """Two sums are equal: `index` gives the left index as a function of the right one, a shift or a reversal of the range."""
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
        for left, right in rules:
            if not self._zero((left - right).subs(over, start), using):
                raise NotShown(f"induct: {left} = {right} fails at {over} = {start}")
            increment = _last_term(left, over)
            if increment is not None:
                combine, last = increment
                following = right + last if combine == "sum" else right * last
            else:
                following = normal(left.subs(over, over + 1), self)
                for function, closed in rules:
                    following = _replaced(following, function, closed)
                    if isinstance(function, sympy.Sum | sympy.Product):  # the step meets it in its normal form
                        following = _replaced(following, normal(function, self), closed)
            if not self._zero(following - right.subs(over, over + 1), using):
                raise NotShown(f"induct: the step does not carry {left} = {right} from {over} to {over + 1}")
        return [self._establish("induct", claim, because, using) for claim in claims]

    def induct_from(self, claim: Any, *, over: Any, base: Fact, step: Fact, because: str, start: int = 0) -> Fact:
        """Any claim: the base is its instance at the start, the step shows it at k + 1 under the supposition of it at k."""
        self._check([base])
        if not _same(base.claim, claim.subs(over, start)):
            raise NotShown(f"induct_from: the base shows {base.claim}, not the claim at {over} = {start}")
        extra = [h for h in step.hypotheses if h not in self.hypotheses]
        if step.root is not self.root or not _same(step.claim, claim.subs(over, over + 1)) or extra != [claim]:
            raise NotShown(f"induct_from: the step shows {step.claim} under {extra}")
        return self._establish("induct_from", claim, because, [base])

    # ---- inequalities ---------------------------------------------------------------------------------------------

    def compare(self, claim: Any, slack: Sequence[Any] | Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """An inequality whose slack is exhibited as a sum of parts that are visibly non-negative (one positive, if strict)."""
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
        if not (nonnegative(variable - low, scope) and nonnegative(high - variable, scope)):
            raise NotShown(f"endpoints: {low} <= {variable} <= {high} is not a hypothesis")
        if not _convex(function, variable, scope):
            raise NotShown(f"endpoints: {function} is not visibly convex in {variable}")
        for end in (low, high):
            rest = bound - function.subs(variable, end)
            if not (
                self._zero(rest, using)
                or nonnegative(rest, scope)
                or nonnegative(sympy.factor(sympy.together(rest)), scope)
            ):
                raise NotShown(f"endpoints: the bound at {end} is not visible")
        return self._establish("endpoints", claim, because, using)

    def monotone(self, claim: Any, function: Any, variable: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """f(a) <= f(b) (or < when strict): f is continuous between a and b and its derivative has a visible sign there.

        `variable` must be declared as a real between the two points, so that the sign is read off exactly there.
        """
        smaller, larger, strict = _ordered(claim)
        scope = self._with(using)
        bounds = [d for d in self.declared if d.symbol == variable]
        slacks = [s for s, _ in self.slacks if s.has(variable)]
        if not bounds or len(slacks) != 2:
            raise NotShown(f"monotone: {variable} is not declared as a real between two points")
        low, high = sympy.expand(variable - slacks[0]), sympy.expand(variable + slacks[1])
        _require_continuous(function, variable, scope)
        slope = sympy.factor(normal(sympy.diff(function, variable), self))
        for sign, (a, b) in ((1, (low, high)), (-1, (high, low))):
            if self._zero(smaller - function.subs(variable, a), using) and self._zero(
                larger - function.subs(variable, b), using
            ):
                candidates = [
                    sign * slope,
                    sympy.factor(sign * slope),
                    sympy.together(sign * slope),
                    sign * sympy.diff(function, variable),
                ]
                if any(nonnegative(c, scope, strict=strict) for c in candidates):
                    if strict and not nonnegative(high - low, scope, strict=True):
                        raise NotShown("monotone: the two points are not visibly different")
                    return self._establish("monotone", claim, because, using)
                raise NotShown(f"monotone: the sign of {sign * slope} is not visible")
        raise NotShown("monotone: the claim does not compare the function at the ends of the variable's interval")

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
        extra = [h for h in fact.hypotheses if h not in self.hypotheses]
        if fact.root is not self.root or not _same(fact.claim, conclusion) or not set(extra) <= {premise}:
            raise NotShown(f"implies: {fact.claim} was shown under {extra}")
        return self._establish("implies", claim, because, [], strength=fact.strength)

    def equivalent(self, claim: Any, facts: Sequence[Fact], *, because: str) -> Fact:
        """A <=> B, from B under the supposition A and A under the supposition B."""
        if not isinstance(claim, sympy.Equivalent) or len(claim.args) != 2:
            raise NotShown("equivalent: the claim is no equivalence of two")
        shown = set()
        for fact in facts:
            extra = [h for h in fact.hypotheses if h not in self.hypotheses]
            if fact.root is self.root and len(extra) == 1:
                shown.add((extra[0], fact.claim))
        a, b = claim.args
        if not ({(a, b), (b, a)} <= shown):
            raise NotShown("equivalent: the facts do not show both directions")
        return self._establish("equivalent", claim, because, [])

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
            extra = [h for h in fact.hypotheses if h not in self.hypotheses]
            if fact.root is not self.root or len(extra) != 1 or not _same(fact.claim, claim):
                raise NotShown("cases: each fact must show the claim under one supposition")
            premises.append(extra[0])
        if sympy.simplify(sympy.Or(*premises)) is not sympy.true:
            raise NotShown(f"cases: {premises} do not exhaust all cases")
        return self._establish("cases", claim, because, [], strength=_weakest(facts))

    def instance(self, fact: Fact, at: Mapping[Any, Any], *, because: str) -> Fact:
        """What was shown for all values, at one: each value must visibly lie in its symbol's domain."""
        self._check([fact])
        at = {symbol: sympy.sympify(value) for symbol, value in at.items()}
        for symbol, value in at.items():
            for declared in (d for d in self.declared if d.symbol == symbol):
                for relation in sympy.And.make_args(declared.hypothesis):
                    self._visible_relation(relation.subs(at, simultaneous=True))
            for assumption in ("integer", "real", "positive", "nonnegative", "nonzero"):
                if getattr(symbol, f"is_{assumption}") and not getattr(value, f"is_{assumption}"):
                    if assumption in ("positive", "nonnegative") and nonnegative(
                        value, self, strict=assumption == "positive"
                    ):
                        continue
                    if assumption == "real" and real(value, self):
                        continue
                    raise NotShown(f"instance: {value} is not visibly {assumption}, as {symbol} is")
        for hypothesis in fact.hypotheses:
            if hypothesis.subs(at, simultaneous=True) not in self.hypotheses:
                self._visible_relation(hypothesis.subs(at, simultaneous=True))
        return self._establish("instance", fact.claim.subs(at, simultaneous=True), because, [fact])

    # ---- limits, finite and compact domains ------------------------------------------------------------------------

    def limit(self, claim: Any, *, because: str, using: Sequence[Fact] = ()) -> Fact:
        """A limit: powers q^t with |q| < 1 visibly vanish as t grows; the rest is SymPy's Gruntz algorithm."""
        left, right = _sides(claim, sympy.Eq)
        if not isinstance(left, sympy.Limit):
            raise NotShown("limit: the left side is no limit")
        inner, variable, target, direction = left.args
        scope = self._with(using)
        inner = normal(inner, self)
        if target == sympy.oo:
            for power in sorted(inner.atoms(sympy.Pow), key=sympy.count_ops, reverse=True):
                exponent = power.exp.coeff(variable) if power.exp.has(variable) else sympy.Integer(0)
                if exponent.is_positive and not power.base.has(variable) and not exponent.has(variable):
                    if nonnegative(1 - sympy.Abs(power.base), scope, strict=True) or nonnegative(
                        normal(1 - sympy.Abs(power.base), scope), scope, strict=True
                    ):
                        inner = inner.subs(power, 0)
        result = sympy.limit(inner, variable, target, str(direction))
        if not self._zero(result - right, using):
            raise NotShown(f"limit: the limit is {result}")
        return self._establish("limit", claim, because, using)

    def enumerate(self, claim: Any, sizes: Mapping[Any, Sequence[int]], *, because: str) -> Fact:
        """All sizes in the given ranges, one by one: an identity symbolically, anything else at every integer point."""
        for assignment in itertools.product(*sizes.values()):
            at = dict(zip(sizes, map(sympy.Integer, assignment), strict=True))
            instance = claim.subs(at)
            if isinstance(claim, sympy.Eq):
                shown = is_zero(_expanded(claim.lhs - claim.rhs, at), self)
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
        point = self.at(at)
        for hypothesis in self.domain():
            if point.decide(_instantiated(hypothesis)) is False:
                raise NotShown(f"refute: the instance violates the hypothesis {hypothesis}")
        if point.decide(claim) is not False:
            raise NotShown(f"refute: the claim is not false at {at}")
        first = _substituted(claim, at)
        engines = ("exact", "symbolic") if first in (False, sympy.false) else ("exact",)
        if first in (True, sympy.true):
            raise NotShown("refute: the two engines disagree")
        return self._refuted(sympy.Not(claim, evaluate=False), at, because, engines)

    def undefined(self, expr: Any, at: Mapping[Any, Any], *, because: str) -> Fact:
        """The expression as printed has no value at this instance: an index out of range, a name without meaning."""
        try:
            value = self.at(at).value(expr)
        except Undefined as reason:
            return self._refuted(sympy.Function("undefined")(sympy.Symbol(str(reason))), at, because, ("exact",))
        raise NotShown(f"undefined: the expression has the value {value}")

    def at(self, values: Mapping[Any, Any]) -> Point:
        """The point with these values; vectors as (nested) sequences."""
        point = Point(recursions=self.recursions, laws=self.laws)
        for symbol, value in values.items():
            point.values[symbol] = _table(value) if isinstance(symbol, sympy.IndexedBase) else _exact(value, point)
        return point

    def _refuted(self, claim: Any, at: Mapping[Any, Any], because: str, engines: tuple[str, ...]) -> Fact:
        fact = Fact(_SEAL, claim, self.hypotheses, "counterexample", because, engines, "refuted", self.root, at)
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
        engines = self._tried(claim, restricted)
        strength = _weakest([*used], strength)
        fact = Fact(_SEAL, claim, self.hypotheses, rule, because, engines, strength, self.root)
        self.root.steps.append(fact)
        return fact

    def _tried(self, claim: Any, restricted: Mapping[Any, Sequence[int]] | None = None) -> tuple[str, ...]:
        """Engine 2 on random instances: raises Refuted at the first that is false, returns the engines that spoke."""
        decided, exact = 0, True
        for point, verdict in self.verdicts(claim, INSTANCES, restricted):
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
            point = self.point(rng)
            for symbol, allowed in (restricted or {}).items():
                point.values[symbol] = Fraction(rng.choice(list(allowed)))
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
        for fact in using:
            if isinstance(fact.claim, sympy.Eq):
                difference = _replaced(difference, *fact.claim.args)
        difference = normal(difference, self)
        for fact in using:
            if isinstance(fact.claim, sympy.Eq):
                difference = _replaced(difference, normal(fact.claim.lhs, self), fact.claim.rhs)
        return is_zero(difference, self)

    def _with(self, using: Sequence[Fact]) -> Proof:
        self._check(using)
        scope = self.extended()
        for fact in using:
            if not isinstance(fact.claim, sympy.Eq):
                scope.accept(fact.claim, self)
        return scope

    def _check(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if not isinstance(fact, Fact) or fact.root is not self.root:
                raise NotShown("a premise is no fact of this theorem")
            if any(h not in self.hypotheses for h in fact.hypotheses):
                raise NotShown(f"{fact.claim} was shown under a hypothesis that does not hold here")

    def _visible_relation(self, relation: Any) -> None:
        if relation in (True, sympy.true):
            return
        smaller, larger, strict = _ordered(relation)
        rest = sympy.expand(larger - smaller)
        if not (nonnegative(rest, self, strict=strict) or nonnegative(sympy.factor(rest), self, strict=strict)):
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


def _replaced(expr: Any, left: Any, right: Any) -> Any:
    """left -> right; for x(i, k) with plain symbols, at all indices (the equation was shown for all of them)."""
    if isinstance(left, AppliedUndef) and all(a.is_Symbol for a in left.args):
        return expr.replace(
            lambda e: (
                isinstance(e, AppliedUndef)
                and e.func == left.func
                and all(a.is_nonnegative or a.is_Symbol for a in e.args)
            ),
            lambda e: right.subs(dict(zip(left.args, e.args, strict=True)), simultaneous=True),
        )
    return expr.subs(left, right)


def _last_term(left: Any, over: Any) -> tuple[str, Any] | None:
    """What a sum or product with upper limit over + c gains from one more step."""
    if not isinstance(left, sympy.Sum | sympy.Product) or len(left.limits) != 1:
        return None
    index, low, high = left.limits[0]
    if left.function.has(over) or low.has(over) or sympy.expand(high - over).has(over):
        return None
    return ("sum" if isinstance(left, sympy.Sum) else "product"), left.function.subs(index, high + 1)


def _convex(expr: Any, x: Any, scope: Scope) -> bool:
    if not expr.has(x):
        return True
    if isinstance(expr, sympy.Abs):
        return bool(sympy.diff(expr.args[0], x, 2).expand() == 0) and not expr.args[0].atoms(
            sympy.Abs, sympy.Max, sympy.Min
        )
    if isinstance(expr, sympy.Max):
        return all(_convex(a, x, scope) for a in expr.args)
    if expr.is_Add:
        return all(_convex(a, x, scope) for a in expr.args)
    if expr.is_Mul:
        constant, dependent = expr.as_independent(x, as_Add=False)
        if constant != 1 and nonnegative(constant, scope):
            return _convex(dependent, x, scope)
    if (
        expr.is_Pow
        and expr.exp.is_integer
        and expr.exp.is_even
        and expr.exp.is_positive
        and isinstance(expr.base, sympy.Abs)
    ):
        return _convex(expr.base, x, scope)
    if expr.atoms(sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside, sympy.Piecewise, sympy.floor):
        return False
    try:
        _require_continuous(expr, x, scope)
    except NotShown:
        return False
    second = sympy.diff(expr, x, 2)
    return nonnegative(second, scope) or nonnegative(sympy.factor(second), scope)


def _require_continuous(expr: Any, x: Any, scope: Scope) -> None:
    """Every denominator, logarithm and root that contains x must be visibly fine on the whole domain."""
    for power in expr.atoms(sympy.Pow):
        if power.base.has(x) and not (power.exp.is_integer and power.exp.is_nonnegative):
            if not (nonnegative(power.base, scope, strict=True) or nonnegative(-power.base, scope, strict=True)):
                raise NotShown(f"continuity: the sign of {power.base} is not visible")
    for logarithm in expr.atoms(sympy.log):
        if logarithm.has(x) and not nonnegative(logarithm.args[0], scope, strict=True):
            raise NotShown(f"continuity: {logarithm.args[0]} is not visibly positive")
    for name in (sympy.sign, sympy.Heaviside, sympy.floor, sympy.ceiling, sympy.Piecewise, sympy.tan):
        if any(e.has(x) for e in expr.atoms(name)):
            raise NotShown(f"continuity: {name.__name__} jumps")


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


def _expanded(expr: Any, at: Mapping[Any, Any]) -> Any:
    return expr.subs(at).doit()


def _instantiated(hypothesis: Any) -> Any:
    """Bounds declared for every entry of a vector have a placeholder index: those are checked by the draw, not here."""
    return sympy.true if hypothesis.atoms(sympy.Indexed) else hypothesis


def _outward(x: Fraction) -> Any:
    return mpmath.iv.mpf(x.numerator) / x.denominator


def _shown(point: Point, claim: Any) -> dict[str, Any]:
    names = {str(s) for s in claim.free_symbols}
    return {str(s): v for s, v in point.values.items() if str(s) in names}
