"""Beyond ReLU: a slope on the left, and the largest of several pieces."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Heaviside, Max, Min

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, theorem, total
from .relu import triangle_inequality


def leaky(z: Any, alpha: Any) -> Any:
    """max(0, z) + alpha min(0, z)."""
    return Max(0, z) + alpha * Min(0, z)


@theorem(
    "Leaky ReLU has slopes 1 and alpha, is max(z, alpha z) exactly for alpha <= 1, and holds ReLU, identity and "
    "absolute value",
    covers=[
        "000:leaky-relu", "003:leaky-prelu", "000:prelu-learned-slope", "000:absolute-value-rectification",
    ],
    sources=[
        Source("000", "l.87-97", "g(z) = max{0, z} + alpha min{0, z}; alpha = -1: |z|; alpha learned: PReLU"),
        Source("003", "l.107-111", "phi(x) = max(x, 0) + alpha min(x, 0)"),
    ],
)  # fmt: skip
def leaky_relu_function(t: Proof) -> None:
    """z = max(0, z) + min(0, z), and alpha scales the second part."""
    z, alpha, less, more = t.real("z", nonzero=True), t.real("alpha"), t.nonnegative("b"), t.positive("c")
    right, left = t.suppose(Gt(z, 0)), t.suppose(Lt(z, 0))
    slope = Eq(Derivative(leaky(z, alpha), z), Heaviside(z, 0) + alpha * Heaviside(-z, 0))
    sides = [side.equal(slope, because="linear on this side") for side in (right, left)]
    t.cases(t.state("slope", slope), sides, because="z is not 0")
    t.equal(t.state("absolute value", Eq(leaky(z, -1), Abs(z))), because="the negative part changes its sign")
    t.equal(t.state("identity", Eq(leaky(z, 1), z)), because="both parts as they are")
    t.equal(
        t.state("maximum for alpha <= 1", Eq(Max(z, (1 - less) * z), leaky(z, 1 - less))),
        because="with alpha = 1 - b the arms differ by b z, so z < 0 takes the second",
    )
    t.equal(
        t.state("no maximum for alpha > 1", Eq(Max(z, (1 + more) * z) - leaky(z, 1 + more), more * Abs(z))),
        because="with alpha = 1 + c the maximum exceeds it by c |z| on either side",
    )
    undone = Eq(leaky(leaky(z, more), 1 / more), z)
    sides = [side.equal(undone, because="the sign is kept, the factor undone") for side in (right, left)]
    t.cases(t.state("inverse", undone), sides, because="z is not 0: leaky(1/alpha) inverts leaky(alpha) for alpha > 0")
    distances(t, less)
    shared_slope(t, alpha)


def distances(t: Proof, less: Any) -> None:
    """For 0 <= alpha <= 1 no distance grows, and none shrinks by more than the factor alpha."""
    r, gap = t.real("r"), t.nonnegative("g")
    p, q = t.real("p"), t.real("q")
    triangle = triangle_inequality(t, p, q)
    rise = leaky(r + gap, 1 - less) - leaky(r, 1 - less)
    up = t.instance(triangle, {p: r, q: gap}, because="|r + g| <= |r| + g")
    down = t.instance(triangle, {p: r + gap, q: -gap}, because="|r| <= |r + g| + g")
    t.compare(
        t.state("never below alpha", Ge(rise, (1 - less) * gap)),
        less * (gap - Abs(r) + Abs(r + gap)) / 2,
        using=[down],
        because="the rise is alpha g + (1 - alpha) (g + |r + g| - |r|)/2",
    )
    t.compare(
        t.state("never above 1", Le(rise, gap)),
        less * (gap + Abs(r) - Abs(r + gap)) / 2,
        using=[up],
        because="and the bracket is at most 2 g",
    )


def shared_slope(t: Proof, alpha: Any) -> None:
    """A learned slope is one parameter for many units; the absolute value cannot tell a pattern from its negative."""
    n = t.size("n")
    pre, back, w, x = t.vector("a", n), t.vector("d", n), t.vector("w", n), t.vector("x", n)
    loss = total(n, lambda k: back[k] * leaky(pre[k], alpha))
    t.equal(
        t.state("learned slope", Eq(Derivative(loss, alpha), total(n, lambda k: back[k] * Min(0, pre[k])))),
        because="every unit that shares alpha adds its negative part times the gradient it receives",
    )
    t.equal(
        t.state(
            "polarity", Eq(leaky(total(n, lambda k: w[k] * -x[k]), -1), leaky(total(n, lambda k: w[k] * x[k]), -1))
        ),
        because="without a bias |w'x| = |w'(-x)|",
    )


@theorem(
    "Maxout takes the largest of its pieces, moves with a common shift, sends the gradient to the winner, and "
    "holds ReLU and |z|",
    covers=["000:maxout-definition"],
    sources=[Source("000", "l.100-106", "g(z)_i = max_(j in G_i) z_j, G_i = {[(i - 1)k + 1; ik]}")],
)
def maxout_function(t: Proof) -> None:
    """The maximum of any number of pieces is a running maximum; z_j = M - d_j with d_j >= 0 are pieces of at most M."""
    k, shift, top = t.time("k"), t.real("c"), t.real("M")
    pieces, below = t.vector("z", k + 2), t.vector("d", k + 2, low=0)
    m, moved, bounded = t.recursion(
        k,
        m=(pieces[1], lambda m, moved, bounded: Max(m(k), pieces[k + 2])),
        moved=(pieces[1] + shift, lambda m, moved, bounded: Max(moved(k), pieces[k + 2] + shift)),
        bounded=(top - below[1], lambda m, moved, bounded: Max(bounded(k), top - below[k + 2])),
    )
    t.compare(
        t.state("at least the new piece", Ge(m(k + 1), pieces[k + 2])),
        Max(m(k), pieces[k + 2]) - pieces[k + 2],
        because="a maximum",
    )
    t.compare(
        t.state("at least the old maximum", Ge(m(k + 1), m(k))), Max(m(k), pieces[k + 2]) - m(k), because="a maximum"
    )
    claim = t.state("at most every bound", Le(bounded(k), top))
    base = t.compare(claim.subs(k, 0), below[1], because="one piece")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        Min(top - bounded(k), below[k + 2]),
        because="neither the old maximum nor the new piece exceeds M",
    )
    t.induct_from(
        claim, over=k, base=base, step=step, because="piece by piece: with the two bounds below, it is the maximum"
    )
    t.induct(t.state("shift", Eq(moved(k), m(k) + shift)), over=k, because="a common shift changes no comparison")
    winner = t.real("a")
    loser = t.real("b", high=winner, open=True)
    for name, piece, slope in (("winner", winner, 1), ("loser", loser, 0)):
        t.equal(
            t.state(f"gradient of the {name}", Eq(Derivative(Max(winner, loser), piece), slope)),
            because="the maximum is the winner, as long as it is ahead",
        )
    t.equal(t.state("absolute value", Eq(Max(winner, -winner), Abs(winner))), because="two pieces z and -z")
