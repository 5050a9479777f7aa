"""Gradient clipping: a bound on the norm that keeps the direction."""

from __future__ import annotations

from sympy import Implies, Max, sqrt

from ..kernel import Eq, Ge, Gt, Le, Proof, Source, theorem, total


@theorem(
    "Gradient clipping g v / max(|g|, v): never longer than v, never longer than g, a descent direction, and nothing "
    "but v/|g| g where it acts",
    covers=["001:gradient-clipping"],
    sources=[Source("001", "l.222", "cliffs: use gradient clipping (no formula)")],
)
def gradient_clipping(t: Proof) -> None:
    """The same factor for all coordinates keeps the direction; clipping each coordinate alone is the case d = 1."""
    d = t.size("d")
    g, bound = t.vector("g", d, nonzero=True), t.positive("v")
    squared = total(d, lambda i: g[i] ** 2)
    length = sqrt(squared)
    largest = Max(length, bound)
    factor = bound / largest
    clipped = factor**2 * squared
    t.compare(
        t.state("never longer than v", Le(clipped, bound**2)),
        bound**2 * (largest - length) * (largest + length) / largest**2,
        because="max(|g|, v) >= |g|",
    )
    t.compare(
        t.state("never longer than g", Le(clipped, squared)),
        squared * (largest - bound) * (largest + bound) / largest**2,
        because="max(|g|, v) >= v",
    )
    t.compare(
        t.state("a descent direction", Gt(total(d, lambda i: g[i] * factor * g[i]), 0)),
        factor * squared,
        because="<g, clip(g)> is a positive multiple of |g|^2",
    )
    norm = t.positive("N")  # |g|
    scale = bound / Max(norm, bound)
    for name, premise, claim, reason in (
        ("short gradients stay", Le(norm, bound), Eq(scale, 1), "max(|g|, v) = v: so clipping twice is clipping once"),
        ("long ones get the length v", Ge(norm, bound), Eq(norm * scale, bound), "max(|g|, v) = |g|"),
    ):
        shown = t.suppose(premise).equal(claim, because=reason)
        t.implies(t.state(name, Implies(premise, claim)), shown, because="as supposed")
