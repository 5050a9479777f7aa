"""The kind `minibatches`: one epoch of index arrays, every order equally likely, epochs independent.

Sizes: 12,000 epochs of three examples see the naive shuffle (5/27 against 4/27 where 1/6 is right) with power 0.99.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .chances import most_unusual, uniform_cells
from .random_subject import RandomSubject, caught
from .report import Law, NotCheckable, Violation

FORMULA = "a uniformly random permutation of the indices, cut into batches of batch_size, the last one short"
Array = np.ndarray


class Minibatches(RandomSubject):
    """`f(n, batch_size, rng)` returning an iterable of index arrays."""

    #: how many epochs were asked for since `start`
    epochs = 0

    def recognize(self) -> None:
        self.begin("recognize")
        self.start(5, 2)
        if not all(b.ndim == 1 and b.dtype.kind in "iu" for b in self.epoch()):
            raise NotCheckable("minibatches must be one-dimensional arrays of integers")

    def start(self, n: int, size: int) -> None:
        """Begin a run of epochs that share a generator."""
        self.epochs, seed = 0, self.take_seed()
        self.asked = n, size, np.random.default_rng(seed)
        self.again = lambda: [
            "import numpy as np",
            f"rng = np.random.default_rng({seed})",
            f"epochs = [[np.asarray(b).tolist() for b in target({n}, {size}, rng)] for _ in range({self.epochs})]",
            "orders = [sum(epoch, []) for epoch in epochs]",
        ]

    def epoch(self) -> list[Array]:
        """Return the next epoch's batches."""
        self.epochs += 1
        return [np.asarray(b) for b in self.target.value(*self.asked)]

    def order(self) -> Array:
        """Return the next epoch's indices in order."""
        batches = self.epoch()
        return np.concatenate(batches) if batches else np.empty(0, int)

    def sizes(self) -> list[tuple[int, int]]:
        """Sizes of data and batches; a batch larger than the data only where the target does not refuse it."""
        small = [(1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (6, 6), (10, 4), (13, 5), (64, 16), (65, 16), (100, 7)]
        self.start(7, 10)
        try:
            self.epoch()
        except Exception:
            return small
        return [*small, (7, 10)]

    def plain_run(self) -> list[str]:
        """Return the lines of a snippet that takes one epoch."""
        return ["import numpy as np", "list(target(6, 4, np.random.default_rng(0)))"]


def cover(s: Minibatches) -> Violation | None:
    s.begin("cover")
    for n, size in s.sizes():
        s.start(n, size)
        for _ in range(3):
            order = s.order()
            if not np.array_equal(np.sort(order), np.arange(n)):
                told, right = {"n": n, "batch_size": size}, list(range(n))
                detail = "an epoch must have every index once"
                return s.wrong(told, right, sorted(order.tolist()), "print(sorted(orders[-1]))", detail)
    return None


def sizes(s: Minibatches) -> Violation | None:
    s.begin("sizes")
    for n, size in s.sizes():
        s.start(n, size)
        seen = [len(b) for b in s.epoch()]
        right = [size] * (n // size) + ([n % size] if n % size else [])
        if seen != right:
            told, show = {"n": n, "batch_size": size}, "print([len(batch) for batch in epochs[-1]])"
            return s.wrong(told, right, seen, show, "wrong sizes of batches")
    return None


def no_order(s: Minibatches, n: int, size: int, order: Array) -> Violation:
    """Return that an epoch, the last one, is no permutation."""
    told, right = {"n": n, "batch_size": size}, f"an order of 0..{n - 1}"
    return s.wrong(told, right, order.tolist(), "print(orders[-1])", "no order")


def orders(s: Minibatches) -> Violation | None:
    s.begin("orders")
    for n, size, epochs in ((3, 2, 12_000), (4, 3, 6000)):
        s.start(n, size)
        cells = {order: 0 for order in itertools.permutations(range(n))}
        for _ in range(epochs):
            order = s.order()
            drawn = tuple(int(i) for i in order)
            if drawn not in cells:
                return no_order(s, n, size, order)
            cells[drawn] += 1
        counts = np.array(list(cells.values()))
        worst = max(cells, key=lambda order: abs(cells[order] - epochs / len(cells)))
        found = s.unlikely(
            uniform_cells(counts),
            {"n": n, "batch_size": size, "epochs": epochs, "order": list(worst)},
            1 / len(cells),
            cells[worst] / epochs,
            f"print(orders.count({list(worst)}) / {epochs})",
            "orders are not equally likely: the share of the most unusual one",
        )
        if found:
            return found
    return None


def places(s: Minibatches) -> Violation | None:
    """Every index is as likely at every place, also in epochs of many batches."""
    s.begin("places")
    for n, size, epochs in ((10, 3, 4000), (24, 8, 3000)):
        s.start(n, size)
        counts = np.zeros((n, n), int)
        neighbors = np.zeros((n, n), int)
        for _ in range(epochs):
            order = s.order()
            if len(order) != n or order.min() < 0 or order.max() >= n:
                return no_order(s, n, size, order)
            counts[np.arange(n), order] += 1
            neighbors[order[:-1], order[1:]] += 1
        (place, index), value = most_unusual(counts, epochs, 1 / n)
        found = s.unlikely(
            value,
            {"n": n, "batch_size": size, "epochs": epochs, "index": index, "place": place},
            1 / n,
            float(counts[place, index] / epochs),
            f"print(sum(order[{place}] == {index} for order in orders) / {epochs})",
            f"index {index} is not as likely at place {place}",
        )
        # in one epoch j follows i with probability (n - 1) / (n (n - 1)) = 1 / n
        pairs = np.argwhere(~np.eye(n, dtype=bool))
        (worst,), value = most_unusual(neighbors[tuple(pairs.T)], epochs, 1 / n)
        one, next_one = pairs[worst].tolist()
        found = found or s.unlikely(
            value,
            {"n": n, "batch_size": size, "epochs": epochs, "indices": [one, next_one]},
            1 / n,
            float(neighbors[one, next_one] / epochs),
            f"print(sum(({one}, {next_one}) in zip(order, order[1:]) for order in orders) / {epochs})",
            f"index {next_one} follows index {one} more or less often than by chance",
        )
        if found:
            return found
    return None


def epochs_apart(s: Minibatches) -> Violation | None:
    """What the next epoch puts first does not depend on what this one did."""
    s.begin("epochs-apart")
    n, size, several = 6, 4, 6000
    s.start(n, size)
    drawn = [s.order() for _ in range(several)]
    wrong = [k for k, order in enumerate(drawn) if len(order) != n]
    wrong = wrong or np.flatnonzero((np.array(drawn) % n != drawn).any(axis=1)).tolist()
    if wrong:
        s.epochs = wrong[0] + 1
        return no_order(s, n, size, drawn[wrong[0]])
    drawn = np.array(drawn)
    for place in range(n):
        pairs = np.zeros((n, n), int)
        np.add.at(pairs, (drawn[:-1:2, 0], drawn[1::2, place]), 1)
        one, other = (int(i) for i in np.unravel_index(np.argmax(abs(pairs - pairs.mean())), pairs.shape))
        both = f"one[0] == {one} and other[{place}] == {other}"
        found = s.unlikely(
            uniform_cells(pairs),
            {"n": n, "batch_size": size, "epochs": several, "first": one, "place": place, "there next": other},
            1 / n**2,
            float(pairs[one, other] / pairs.sum()),
            f"print(sum({both} for one, other in zip(orders[::2], orders[1::2])) / {several // 2})",
            f"successive epochs go together: index {one} first, and in the next epoch {other} at place {place}",
        )
        if found:
            return found
    return None


def generator(s: Minibatches) -> Violation | None:
    """The given generator decides: the same state gives the same epoch, another state another one."""
    s.begin("generator")
    n, size, seed = 40, 7, s.take_seed()
    told, seeds = {"n": n, "batch_size": size}, []

    def from_seed(seed: int) -> list[int]:
        seeds.append(seed)
        s.asked = n, size, np.random.default_rng(seed)
        return s.order().tolist()

    s.again = lambda: [
        "import numpy as np",
        "def order(seed):",
        f"    batches = target({n}, {size}, np.random.default_rng(seed))",
        "    return [i for b in batches for i in np.asarray(b).tolist()]",
        f"orders = [order(seed) for seed in {seeds}]",
    ]
    for other, same in ((seed, True), (seed + 1, False)):
        if (from_seed(seed) == from_seed(other)) != same:
            detail = f"the given generator is not used: from {'the same' if same else 'another'} state the same epoch?"
            return s.wrong(told, same, not same, "print(orders[-2] == orders[-1])", detail)
    s.start(n, size)
    if s.order().tolist() == s.order().tolist():
        detail = "the generator is not advanced: the same epoch again?"
        return s.wrong(told, False, True, "print(orders[0] == orders[1])", detail)
    return None


def laws_of(rule: str) -> tuple[Law, ...]:
    """Return the laws of minibatches."""
    theorem = f"{rule}: {FORMULA}"

    def law(id: str, claim: str, holds: Callable[[Minibatches], Violation | None]) -> Law:
        return Law(id, claim, theorem, caught(id, claim, holds))

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
