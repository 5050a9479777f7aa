"""Laws of random entries: what engine 1 knows of them (joint cumulants), and engine 2 runs through (atoms, moments).

The joint cumulant of independent entries is 0 unless all indices agree; that one fact, with the moment-cumulant formula
E[X1 ... Xm] = sum over partitions of the product of the blocks' cumulants, carries every expectation of any size.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy import KroneckerDelta

from .expressions import total
from .numbers import Undefined


@dataclass(frozen=True)
class Law:
    """How a family of random entries is distributed, in the words of both engines.

    sizes: shape of the family; cumulant(indices): symbolic; atoms(point, keys): outcomes, or None;
    moment(point, powers): a number.
    """

    name: str
    sizes: tuple[Any, ...]
    cumulant: Callable[[tuple[tuple[Any, ...], ...]], Any]
    atoms: Callable[[Any, list[tuple[int, ...]]], list[tuple[Any, dict[tuple[int, ...], Any]]]] | None = None
    moment: Callable[[Any, dict[tuple[int, ...], int]], Any] | None = None
    weights: tuple[Any, ...] = ()  # the probabilities, where there are finitely many
    requires: tuple[Any, ...] = ()  # what must not be negative for draws to exist
    whole: Any = sympy.S.One  # what must be 1: the sum of the probabilities of all outcomes
    separate: bool = False  # whether different entries are independent of each other
    certain: bool = False  # whether `variances` is all that it takes for the law to exist

    def variances(self) -> list[Any]:
        """What must not be negative for the law to exist: its probabilities, and the variance of an entry."""
        if self.requires:
            return list(self.requires)
        entry = tuple(sympy.Dummy(integer=True) for _ in self.sizes)
        try:
            return [*self.weights, *([] if self.weights else [sympy.sympify(self.cumulant((entry, entry)))])]
        except ValueError:  # only the mean is declared
            return [*self.weights]

    def parameters(self) -> frozenset[Any]:
        """The symbols on which the cumulants of up to four entries depend."""
        return _parameters(self)


@functools.cache
def _parameters(law: Law) -> frozenset[Any]:
    found: set[Any] = set()
    for order in range(1, 5):
        indices = tuple(tuple(sympy.Dummy(integer=True) for _ in law.sizes) for _ in range(order))
        try:
            found |= sympy.sympify(law.cumulant(indices)).free_symbols - {s for entry in indices for s in entry}
        except ValueError:  # the law knows no more cumulants
            break
    return frozenset(s for s in found if s.is_Symbol)


def _agree(indices: Sequence[tuple[Any, ...]]) -> Any:
    """1 where all multi-indices are equal, else 0."""
    first, *others = indices
    return sympy.Mul(*(KroneckerDelta(a, b) for other in others for a, b in zip(first, other, strict=True)))


def _cumulants(moments: Sequence[Any]) -> list[Any]:
    """Cumulants k_1.. from raw moments m_1.. (k_n = m_n - sum C(n-1, j-1) k_j m_{n-j})."""
    found: list[Any] = []
    for n in range(1, len(moments) + 1):
        earlier = sum(sympy.binomial(n - 1, j - 1) * found[j - 1] * moments[n - j - 1] for j in range(1, n))
        found.append(sympy.expand(moments[n - 1] - earlier))
    return found


def independent(moments: Sequence[Any], sizes: Sequence[Any] = (), name: str = "independent") -> Law:
    """Independent entries of one law given by its raw moments E[X], E[X^2], ... (as many as the theorem uses).

    Given two of them, engine 2 has the others of the normal law, which is one of those that the theorem speaks of: what
    is false of it is refuted, and engine 1 shows nothing of moments that were not declared.
    """
    moments = [sympy.sympify(m) for m in moments]
    cumulants = _cumulants(moments)

    def cumulant(indices: tuple[tuple[Any, ...], ...]) -> Any:
        if len(indices) > len(cumulants):
            raise ValueError(
                f"the {name} law declares {len(cumulants)} moments, a product of {len(indices)} needs more"
            )
        return cumulants[len(indices) - 1] * _agree(indices)

    def moment(point: Any, powers: dict[tuple[int, ...], int]) -> Any:
        result: Any = Fraction(1)
        for power in powers.values():
            if power <= len(moments):
                value = point.value(moments[power - 1])
            elif len(moments) == 2:
                value = _isserlis(point, [()] * power, lambda entries: cumulants[len(entries) - 1])
            else:
                raise Undefined(f"engine 2 knows {len(moments)} moments of the {name} law")
            result = point.field.mul(result, value)
        return result

    return Law(name, tuple(sizes), cumulant, None, moment, separate=True, certain=len(moments) <= 2)


def finite(values: Sequence[Any], probabilities: Sequence[Any], sizes: Sequence[Any] = (), name: str = "finite") -> Law:
    """Independent entries, each values[a] with probability probabilities[a]; engine 2 runs through all outcomes."""
    values, probabilities = [sympy.sympify(v) for v in values], [sympy.sympify(p) for p in probabilities]
    moments = [sum(p * v**r for v, p in zip(values, probabilities, strict=True)) for r in range(1, 7)]
    base = independent(moments, sizes, name)

    def atoms(point: Any, keys: list[tuple[int, ...]]) -> list[tuple[Any, dict[tuple[int, ...], Any]]]:
        single = [(point.value(p), point.value(v)) for v, p in zip(values, probabilities, strict=True)]
        outcomes = []
        for choice in itertools.product(single, repeat=len(keys)):
            probability: Any = Fraction(1)
            for p, _ in choice:
                probability = point.field.mul(probability, p)
            outcomes.append((probability, {key: v for key, (_, v) in zip(keys, choice, strict=True)}))
        return outcomes

    return Law(name, base.sizes, base.cumulant, atoms, None, tuple(probabilities), separate=True, certain=True)


def bernoulli(probability: Any, sizes: Sequence[Any] = ()) -> Law:
    """Independent entries, 1 with the given probability, else 0."""
    return finite((1, 0), (probability, 1 - probability), sizes, name="Bernoulli")


def correlated(mean: Any, covariance: Callable[..., Any], sizes: Sequence[Any], name: str = "second-order") -> Law:
    """Entries of given mean and covariance(i, j) (functions of indices allowed); products of at most two entries.

    Engine 2 has longer products of the normal law, as `independent` has, where there is one of these covariances.
    """
    mean_of = mean if callable(mean) else lambda *_: sympy.sympify(mean)

    def cumulant(indices: tuple[tuple[Any, ...], ...]) -> Any:
        if len(indices) == 1:
            return mean_of(*indices[0])
        if len(indices) == 2:
            return covariance(*indices[0], *indices[1])
        raise ValueError(f"the {name} law knows means and covariances only, not a product of {len(indices)}")

    def moment(point: Any, powers: dict[tuple[int, ...], int]) -> Any:
        keys = [key for key, power in powers.items() for _ in range(power)]
        if len(keys) > 2 and not _covariances(point, list(powers), cumulant):
            raise Undefined(f"engine 2 finds no {name} law with these covariances")
        return _isserlis(point, keys, cumulant)

    return Law(name, tuple(sizes), cumulant, None, moment, certain=not sizes)


def gaussian(mean: Any, covariance: Callable[..., Any], sizes: Sequence[Any]) -> Law:
    """Jointly normal entries: cumulants beyond the second vanish (Isserlis)."""
    second = correlated(mean, covariance, sizes, name="Gaussian")

    def cumulant(indices: tuple[tuple[Any, ...], ...]) -> Any:
        return second.cumulant(indices) if len(indices) <= 2 else sympy.Integer(0)

    def moment(point: Any, powers: dict[tuple[int, ...], int]) -> Any:
        keys = [key for key, power in powers.items() for _ in range(power)]
        return _isserlis(point, keys, second.cumulant)

    return Law("Gaussian", tuple(sizes), cumulant, None, moment, certain=not sizes)


def _isserlis(point: Any, keys: list[tuple[int, ...]], cumulant: Callable[..., Any]) -> Any:
    """E[X_1 ... X_m] by conditioning on what the first factor is paired with."""
    if not keys:
        return Fraction(1)
    first, rest = keys[0], keys[1:]
    expected = point.field.mul(_joint(point, cumulant, first), _isserlis(point, rest, cumulant))
    for position, other in enumerate(rest):
        remaining = _isserlis(point, rest[:position] + rest[position + 1 :], cumulant)
        expected = point.field.add(expected, point.field.mul(_joint(point, cumulant, first, other), remaining))
    return expected


def _joint(point: Any, cumulant: Callable[..., Any], *keys: tuple[int, ...]) -> Any:
    return point.value(sympy.sympify(cumulant(tuple(tuple(map(sympy.Integer, key)) for key in keys))))


def _covariances(point: Any, keys: list[tuple[int, ...]], cumulant: Callable[..., Any]) -> bool:
    """Whether these rational numbers are covariances: symmetric, and no pivot of the elimination is negative."""
    rows = [[_joint(point, cumulant, a, b) for b in keys] for a in keys]
    if not all(isinstance(x, Fraction) for row in rows for x in row) or rows != [
        list(c) for c in zip(*rows, strict=True)
    ]:
        return False
    while rows:
        (pivot, *first), *others = rows
        if pivot < 0 or (pivot == 0 and any(first)):
            return False
        rows = [[x - row[0] * y / (pivot or 1) for x, y in zip(row[1:], first, strict=True)] for row in others]
    return True


def choices(probability: Callable[..., Any], draws: Any, outcomes: Any) -> Law:
    """Draws with replacement: D[s, i] = 1 if draw s is outcome i (with the given probability), else 0.

    Different draws are independent.
    """
    outcomes = sympy.sympify(outcomes)

    def cumulant(indices: tuple[tuple[Any, ...], ...]) -> Any:
        if len(indices) == 1:
            return probability(indices[0][1])
        if len(indices) == 2:
            (s, i), (r, j) = indices
            return KroneckerDelta(s, r) * (KroneckerDelta(i, j) * probability(i) - probability(i) * probability(j))
        raise ValueError(f"draws with replacement know products of two entries, not of {len(indices)}")

    def atoms(point: Any, keys: list[tuple[int, ...]]) -> list[tuple[Any, dict[tuple[int, ...], Any]]]:
        count, classes = max(s for s, _ in keys), max(i for _, i in keys)
        single = [point.value(sympy.sympify(probability(sympy.Integer(i)))) for i in range(1, classes + 1)]
        found = []
        for drawn in itertools.product(range(1, classes + 1), repeat=count):
            weight: Any = Fraction(1)
            for i in drawn:
                weight = point.field.mul(weight, single[i - 1])
            found.append((weight, {(s, i): Fraction(int(drawn[s - 1] == i)) for s, i in keys}))
        return found

    return Law(
        "draws with replacement",
        (sympy.sympify(draws), outcomes),
        cumulant,
        atoms,
        requires=(sympy.sympify(probability(sympy.Dummy("i", integer=True))),),
        whole=total(outcomes, probability),
        certain=True,
    )


def orders(draws: Any, outcomes: Any) -> Law:
    """Draws without replacement: D[s, i] = 1 if draw s is outcome i, all orders of different outcomes as likely."""
    outcomes = sympy.sympify(outcomes)

    def cumulant(indices: tuple[tuple[Any, ...], ...]) -> Any:
        if len(indices) == 1:
            return 1 / outcomes
        if len(indices) == 2:
            (s, i), (r, j) = indices
            same = KroneckerDelta(s, r) * KroneckerDelta(i, j) / outcomes
            other = (1 - KroneckerDelta(s, r)) * (1 - KroneckerDelta(i, j)) / (outcomes * (outcomes - 1))
            return same + other - 1 / outcomes**2
        raise ValueError(f"draws without replacement know products of two entries, not of {len(indices)}")

    def atoms(point: Any, keys: list[tuple[int, ...]]) -> list[tuple[Any, dict[tuple[int, ...], Any]]]:
        count, classes = max(s for s, _ in keys), max(i for _, i in keys)
        drawn = list(itertools.permutations(range(1, classes + 1), count))
        return [
            (Fraction(1, len(drawn)), {(s, i): Fraction(int(order[s - 1] == i)) for s, i in keys}) for order in drawn
        ]

    return Law(
        "draws without replacement",
        (sympy.sympify(draws), outcomes),
        cumulant,
        atoms,
        requires=(outcomes - sympy.sympify(draws), outcomes - 2),
        certain=True,
    )
