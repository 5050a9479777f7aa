"""The kind `minibatches`: one epoch of index arrays, every order equally likely, epochs independent.

Sizes: 12,000 epochs of three examples see the naive shuffle (5/27 against 4/27 where 1/6 is right) with power 0.99.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .chances import most_unusual, uniform_cells
from .random_subject import RandomSubject
from .report import Law, NotCheckable, Violation

FORMULA = "a uniformly random permutation of the indices, cut into batches of batch_size, the last one short"
Array = np.ndarray


class Minibatches(RandomSubject):
    """`f(n, batch_size, rng)` returning an iterable of index arrays."""

    def recognize(self) -> None:
        batches = self.epoch(5, 2, np.random.default_rng(0))
        if not all(b.ndim == 1 and b.dtype.kind in "iu" for b in batches):
            raise NotCheckable("minibatches must be one-dimensional arrays of integers")

    def epoch(self, n: int, size: int, rng: np.random.Generator) -> list[Array]:
        """Return one epoch's batches."""
        return [np.asarray(b) for b in self.target.value(n, size, rng)]

    def order(self, n: int, size: int, rng: np.random.Generator) -> Array:
        """Return one epoch's indices in order."""
        batches = self.epoch(n, size, rng)
        return np.concatenate(batches) if batches else np.empty(0, int)

    def sizes(self) -> list[tuple[int, int]]:
        """Sizes of data and batches; a batch larger than the data only where the target does not refuse it."""
        small = [(1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (6, 6), (10, 4), (13, 5), (64, 16), (65, 16), (100, 7)]
        try:
            self.epoch(7, 10, np.random.default_rng(0))
        except Exception:
            return small
        return [*small, (7, 10)]

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that takes one epoch."""
        return ["import numpy as np", "list(target(6, 4, np.random.default_rng(0)))"]

    def lines(self, n: int, size: int) -> list[str]:
        return [
            "import numpy as np",
            "rng = np.random.default_rng(0)",
            f"for epoch in range(3): print([list(map(int, b)) for b in target({n}, {size}, rng)])",
        ]


def cover(s: Minibatches) -> Violation | None:
    rng = s.rng("cover")
    for n, size in s.sizes():
        for _ in range(3):
            order = s.order(n, size, rng)
            if not np.array_equal(np.sort(order), np.arange(n)):
                return s.wrong(
                    {"n": n, "batch_size": size},
                    list(range(n)),
                    sorted(order.tolist()),
                    s.lines(n, size),
                    "an epoch must have every index once",
                )
    return None


def sizes(s: Minibatches) -> Violation | None:
    rng = s.rng("sizes")
    for n, size in s.sizes():
        seen = [len(b) for b in s.epoch(n, size, rng)]
        right = [size] * (n // size) + ([n % size] if n % size else [])
        if seen != right:
            return s.wrong({"n": n, "batch_size": size}, right, seen, s.lines(n, size), "wrong sizes of batches")
    return None


def orders(s: Minibatches) -> Violation | None:
    rng = s.rng("orders")
    for n, size, epochs in ((3, 2, 12_000), (4, 3, 6000)):
        cells = {order: 0 for order in itertools.permutations(range(n))}
        for _ in range(epochs):
            drawn = tuple(int(i) for i in s.order(n, size, rng))
            if drawn not in cells:
                return s.wrong(
                    {"n": n, "batch_size": size}, f"an order of 0..{n - 1}", list(drawn), s.lines(n, size), "no order"
                )
            cells[drawn] += 1
        counts = np.array(list(cells.values()))
        worst = max(cells, key=lambda order: abs(cells[order] - epochs / len(cells)))
        found = s.unlikely(
            uniform_cells(counts),
            {"n": n, "batch_size": size, "epochs": epochs, "order": list(worst)},
            f"each order in 1/{len(cells)} of the epochs",
            f"{cells[worst] / epochs:.4f} (1/{len(cells)} is {1 / len(cells):.4f})",
            s.lines(n, size),
            "orders are not equally likely",
        )
        if found:
            return found
    return None


def places(s: Minibatches) -> Violation | None:
    """Every index is as likely at every place, also in epochs of many batches."""
    rng = s.rng("places")
    for n, size, epochs in ((10, 3, 4000), (24, 8, 3000)):
        counts = np.zeros((n, n), int)
        neighbors = np.zeros((n, n), int)
        for _ in range(epochs):
            order = s.order(n, size, rng)
            if len(order) != n or order.min() < 0 or order.max() >= n:
                return s.wrong({"n": n}, f"{n} indices", order.tolist(), s.lines(n, size), "no order")
            counts[np.arange(n), order] += 1
            neighbors[order[:-1], order[1:]] += 1
        (place, index), value = most_unusual(counts, epochs, 1 / n)
        found = s.unlikely(
            value,
            {"n": n, "batch_size": size, "epochs": epochs, "index": index, "place": place},
            f"1/{n} of the epochs",
            float(counts[place, index] / epochs),
            s.lines(n, size),
            f"index {index} is not as likely at place {place}",
        )
        apart = ~np.eye(n, dtype=bool)
        # in one epoch j follows i with probability (n - 1) / (n (n - 1)) = 1 / n
        (worst,), value = most_unusual(neighbors[apart], epochs, 1 / n)
        found = found or s.unlikely(
            value,
            {"n": n, "batch_size": size, "epochs": epochs},
            f"1/{n} of the epochs",
            float(neighbors[apart][worst] / epochs),
            s.lines(n, size),
            "one index follows another more or less often than by chance",
        )
        if found:
            return found
    return None


def epochs_apart(s: Minibatches) -> Violation | None:
    """What the next epoch puts first does not depend on what this one did."""
    rng = s.rng("epochs-apart")
    n, several = 6, 6000
    drawn = np.array([s.order(n, 4, rng) for _ in range(several)])
    if drawn.shape != (several, n):
        return s.wrong(
            {"n": n, "batch_size": 4}, f"{n} indices", drawn.shape[1], s.lines(n, 4), "wrong number of indices"
        )
    for place in range(n):
        pairs = np.zeros((n, n), int)
        np.add.at(pairs, (drawn[:-1:2, 0], drawn[1::2, place]), 1)
        found = s.unlikely(
            uniform_cells(pairs),
            {"n": n, "batch_size": 4, "epochs": several, "place": place},
            "pairs of indices equally likely",
            pairs.tolist(),
            s.lines(n, 4),
            "successive epochs go together",
        )
        if found:
            return found
    return None


def generator(s: Minibatches) -> Violation | None:
    """The given generator decides: the same state gives the same epoch, another state another one."""
    one, two, three = (s.order(40, 7, np.random.default_rng(seed)).tolist() for seed in (s.seed, s.seed, s.seed + 1))
    if one != two:
        return s.wrong(
            {"n": 40},
            "the same state, the same epoch",
            "another epoch",
            s.lines(40, 7),
            "the given generator is not used",
        )
    if one == three:
        return s.wrong(
            {"n": 40},
            "another state, another epoch",
            "the same epoch",
            s.lines(40, 7),
            "the given generator is not used",
        )
    rng = np.random.default_rng(s.seed)
    if s.order(40, 7, rng).tolist() == s.order(40, 7, rng).tolist():
        return s.wrong(
            {"n": 40}, "another epoch", "the same epoch again", s.lines(40, 7), "the generator is not advanced"
        )
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of minibatches."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, holds: Callable[[Minibatches], Violation | None]) -> Law:
        return Law(id, claim, theorem, holds)

    return (
        law("cover", "an epoch has every index exactly once", cover),
        law("sizes", "batches have the asked size, the last one the rest", sizes),
        law("orders", "every order is equally likely", orders),
        law("places", "every index is as likely at every place and after every other", places),
        law("epochs-independent", "successive epochs are independent", epochs_apart),
        law("generator", "the given generator alone decides", generator),
    )


def formula_of(rule: str) -> str:
    """Return the rule as a person writes it."""
    return FORMULA


def subject(target: Any, rule: str, hyper: Mapping[str, Any], device: str, seed: int) -> Minibatches:
    """Return the target as a subject of this kind."""
    if hyper:
        raise NotCheckable(f"minibatches take no hyperparameters here, got {', '.join(hyper)}")
    return Minibatches(target, rule, hyper, device, seed)
