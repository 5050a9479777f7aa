"""What a black box may be: one rule in the words in which it is named, and the places where weight decay enters it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sympy import Expr, Function, Integer, Min, Symbol

from ..update_rules import t, theta, weight_decay

# what looks at the whole tensor that an entry belongs to
Norm, RootMeanSquare = Function("Norm"), Function("RootMeanSquare")
Factored = Function("Factored")
RowLargest, ColumnLargest = Function("RowLargest"), Function("ColumnLargest")
Rows, Columns = Function("Rows"), Function("Columns")
OfMatrix = Function("OfMatrix")
Orthogonalized, OrthogonalizedInHalf = Function("Orthogonalized"), Function("OrthogonalizedInHalf")

past = Symbol("past", real=True)  # the gradient or the update of the step before
rate = Symbol("rate", real=True)  # of this step
begun = Min(t - 1, 1)  # 0 at the first step, 1 afterwards


@dataclass(frozen=True)
class Candidate:
    """One rule that a black box may be, in the words in which it is named.

    States start at `initial`, in the hyperparameters and the parameter's start. `special_cases` names the rules that
    it contains. A step is `proportional` to the rate where that is a factor of it and of nothing else.
    """

    name: str
    description: str
    hyperparameters: tuple[Symbol, ...]
    state: tuple[Symbol, ...]
    next_state: tuple[Expr, ...]
    next_parameter: Expr
    initial: tuple[Expr, ...]
    special_cases: tuple[str, ...] = ()
    proportional: bool = True


def rule(
    name: str,
    description: str,
    hyperparameters: tuple[Symbol, ...],
    state: Mapping[Symbol, Expr],
    next_parameter: Expr,
    *,
    initial: Mapping[Symbol, Expr] | None = None,
    special: tuple[str, ...] = (),
    proportional: bool = True,
) -> Candidate:
    """Return a candidate whose states start at 0 where `initial` does not say otherwise."""
    starts = tuple((initial or {}).get(symbol, Integer(0)) for symbol in state)
    return Candidate(
        name, description, hyperparameters, tuple(state), tuple(state.values()), next_parameter, starts, special,
        proportional,
    )  # fmt: skip


#: how decay enters -> how that is said
DECAYS = {
    "coupled": "with L2 in the gradient",
    "decoupled": "with decoupled weight decay",
    "before": "with the decay before the update",
    "after": "with the decay after the update",
    "without-lr": "with a decay that ignores the rate",
    "moved": "with the decay scaled by the bias correction",
}


def places_of_decay(candidate: Candidate) -> tuple[str, ...]:
    """Return where weight decay may enter a rule that has none of its own.

    Only a step that looks at the parameter tells a decay before it from one at its side.
    """
    if weight_decay in candidate.hyperparameters or candidate.name == "asgd":
        return ()
    places = ("coupled", "decoupled", "after", "without-lr")
    more = ("before",) if looks(candidate) else ("moved",) if candidate.name.startswith("adam") else ()
    return (*places, *more)


@cache
def looks(candidate: Candidate) -> bool:
    """Return whether the step depends on where the parameter is."""
    seen = (candidate.next_parameter - theta, *candidate.next_state, *candidate.initial)
    return any(theta in each.free_symbols for each in seen)


def for_matrices(candidate: Candidate) -> bool:
    """Return whether the rule says nothing about what is no matrix."""
    return candidate.next_parameter.has(Rows) and not candidate.next_parameter.has(OfMatrix)


def with_decay(candidate: Candidate, how: str) -> tuple[str, str]:
    """Return the name and the description that a candidate has with weight decay in this place."""
    if not how:
        return candidate.name, candidate.description
    name, title, bare = candidate.name, candidate.description, candidate.name.partition("[")[0]
    if bare == "adam" and how != "coupled":
        name, title = name.replace("adam", "adamw", 1), title.replace("Adam", "AdamW", 1)
        if how == "decoupled":
            return name, title
    bare, _, inside = name.partition("[")
    conventions = [*filter(None, [inside.rstrip("]")]), f"decay={how}"]
    return f"{bare}[{','.join(conventions)}]", f"{title} {DECAYS[how]}"


def variant(bare: str, **conventions: str) -> str:
    """Return a name with the conventions that are not empty: `variant("adam", eps="inside")` is `adam[eps=inside]`."""
    inside = ",".join(f"{name}={value}" for name, value in conventions.items() if value)
    return f"{bare}[{inside}]" if inside else bare


__all__ = ["DECAYS", "Candidate", "for_matrices", "looks", "places_of_decay", "rule", "variant", "with_decay"]
