"""Pooling: where its gradient goes, and which shifts it commutes with."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, Max, Min

from ..kernel import Eq, Le, Proof, Source, misprint, theorem, total


@theorem(
    "Pooling: the mean spreads its gradient evenly, the largest entry stays so under ReLU, the maximum is "
    "1-Lipschitz and sends its gradient to the winner",
    covers=["000:pool-layer"],
    sources=[Source("000", "l.14", "h_2 = [pool(h_(1,1)), ..., pool(h_(1,n))]")],
)
def pooling(t: Proof) -> None:
    """Windows that do not overlap: entry (u, a) is entry a of window u. The maximum is a running maximum over the
    window.
    """
    windows, size = t.size("M"), t.size("w")
    x, g = t.vector("x", windows, size), t.vector("g", windows)
    u, a = t.index("u", windows), t.index("a", size)
    mean = lambda u: total(size, lambda a: x[u, a]) / size  # noqa: E731
    loss = total(windows, lambda u: g[u] * mean(u))
    t.equal(
        t.state("mean pooling", Eq(Derivative(loss, x[u, a]), g[u] / size)),
        because="each entry has the same share of its window",
    )
    received = total(windows, lambda u: total(size, lambda a: g[u] / size))
    t.equal(
        t.state("gradient mass", Eq(received, total(windows, lambda u: g[u]))),
        because="the shares of a window sum to 1",
    )
    chosen = t.vector("c", windows, size)
    selected = total(windows, lambda u: g[u] * total(size, lambda a: chosen[u, a] * x[u, a]))
    t.equal(
        t.state("any pooling at fixed winners", Eq(Derivative(selected, x[u, a]), g[u] * chosen[u, a])),
        because="the adjoint of a selection scatters: one winner receives all, tied ones any shares that sum to 1",
    )
    maximum_over_a_window(t)


def maximum_over_a_window(t: Proof) -> None:
    """m is the running maximum of y, n that of inputs z_j = y_j + e - d_j, which exceed y_j by at most e."""
    k, e = t.time("k"), t.nonnegative("e")
    y, below = t.vector("y", k + 2), t.vector("d", k + 2, low=0)
    z = lambda j: y[j] + e - below[j]  # noqa: E731
    m, larger = t.recursion(
        k,
        m=(y[1], lambda m, n: Max(m(k), y[k + 2])),
        n=(z(1), lambda m, n: Max(n(k), z(k + 2))),
    )
    claim = t.state("1-Lipschitz", Le(larger(k), m(k) + e))
    base = t.compare(claim.subs(k, 0), below[1], because="one entry")
    other = Max(m(k) + e, y[k + 2] + e)
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        Min(other - larger(k), other - z(k + 2)),
        because="neither the old maximum nor the new entry exceeds the other window's by more than e",
    )
    t.induct_from(
        claim, over=k, base=base, step=step, because="entry by entry; exchange the windows for the other sign"
    )
    top, drop = t.real("a_max"), t.nonnegative("b")
    t.compare(
        t.state("relu keeps the largest", Le(Max(0, top - drop), Max(0, top))),
        Min(Max(0, top), Max(0, top) - top + drop),
        because="relu keeps the order: the largest entry stays the largest, and its value becomes relu of it",
    )
    winner = t.real("v")
    loser = t.real("l", high=winner, open=True)
    t.equal(
        t.state("winner", Eq(Derivative(Max(winner, loser), winner), 1)),
        because="the maximum is the winner while it is ahead",
    )
    t.equal(t.state("loser", Eq(Derivative(Max(winner, loser), loser), 0)), because="it is not read")


@theorem(
    "Pooling with stride s commutes with shifts by multiples of s",
    covers=["004:shift-invariance", "000:pool-layer"],
    sources=[Source("004", "l.1365", "unaffected by shift in position")],
)
def pooling_equivariance(t: Proof) -> None:
    """A signal moved by c strides inside a longer input; the mean stands for every function of a window."""
    windows, stride, moves = t.size("M"), t.size("s"), t.time("c")
    x = t.vector("x", stride * windows)
    u, a = t.index("u", windows), t.index("a", stride)
    moved = lambda p: total(stride * windows, lambda q: x[q] * KroneckerDelta(p, q + stride * moves))  # noqa: E731
    entry = lambda signal, u, a: signal(stride * (u - 1) + a)  # noqa: E731 - entry a of window u
    t.equal(
        t.state("entry by entry", Eq(entry(moved, u + moves, a), entry(lambda p: x[p], u, a))),
        because="window u + c of the moved signal holds the same entries in the same order, so any pooling agrees",
    )
    mean = lambda signal, u: total(stride, lambda a: entry(signal, u, a)) / stride  # noqa: E731
    t.equal(
        t.state("mean pooling", Eq(mean(moved, u + moves), mean(lambda p: x[p], u))),
        because="the mean of equal entries",
    )


@misprint(
    "Pooling is not unaffected by a shift of one position",
    corrected="pooling-equivariance",
    covers=["004:shift-invariance"],
    sources=[Source("004", "l.1365", "unaffected by shift in position")],
)
def pooling_invariance(t: Proof) -> None:
    """An impulse at position 2 of (0, 1, 0, 0), windows of 2: moved one place on, it lies in window 2 instead of 1."""
    n = t.size("n")
    u, x = t.integer("u"), t.vector("x", n)
    t.refute(
        Eq(Max(x[2 * u - 1], x[2 * u]), Max(x[2 * u - 2], x[2 * u - 1])),
        {n: 4, u: 2, x: [0, 1, 0, 0]},
        because="window 2 pools 0 before the shift and 1 after it",
    )
