"""One unit, one layer: what is convex, what a hidden layer adds, and how steep it can be."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Implies, KroneckerDelta, Max, sign

from ..kernel import Eq, Ge, Gt, Le, Proof, Source, misprint, theorem, total


def relu(a: Any) -> Any:
    """max(a, 0)."""
    return Max(a, 0)


@theorem(
    (
        "A hinge unit is 0 on one side of a hyperplane at distance |b|/|w| from the origin, affine on the "
        "other, and never jumps"
    ),
    covers=["000:single-hinge-unit"],
    sources=[Source("000", "l.252", "y = max(w'x + b, 0)")],
)
def single_hinge_unit(t: Proof) -> None:
    """The foot of the perpendicular is -b w/|w|^2; by Cauchy and Schwarz no point of the hyperplane is nearer."""
    n = t.size("n")
    w, x, b = t.vector("w", n, nonzero=True), t.vector("x", n), t.real("b")
    squared = total(n, lambda i: w[i] ** 2)
    foot = lambda i: -b * w[i] / squared  # noqa: E731
    t.equal(t.state("the foot lies on the kink", Eq(total(n, lambda i: w[i] * foot(i)) + b, 0)), because="w'w = |w|^2")
    t.equal(t.state("its distance", Eq(total(n, lambda i: foot(i) ** 2), b**2 / squared)), because="the same sum")
    lagrange = total(n, lambda i: total(n, lambda j: (w[i] * x[j] - w[j] * x[i]) ** 2)) / 2
    t.compare(
        t.state(
            "no point is nearer",
            Le(total(n, lambda i: w[i] * x[i]) ** 2, squared * total(n, lambda i: x[i] ** 2)),
        ),
        lagrange,
        because="for w'x = -b this reads b^2 <= |w|^2 |x|^2",
    )
    sides(t)


def sides(t: Proof) -> None:
    a, c = t.real("a c")
    on = t.suppose(Gt(a, 0))
    same = on.equal(Eq(relu(a), a), because="the larger of a and 0 is a")
    t.implies(t.state("on one side the unit is affine", Implies(Gt(a, 0), same.claim)), same, because="as supposed")
    off = t.suppose(Le(a, 0))
    nothing = off.equal(Eq(relu(a), 0), because="the larger of a and 0 is 0")
    t.implies(t.state("on the other it is 0", Implies(Le(a, 0), nothing.claim)), nothing, because="as supposed")
    t.compare(
        t.state("it never stretches a distance", Le((relu(a) - relu(c)) ** 2, (a - c) ** 2)),
        [(relu(-a) - relu(-c)) ** 2, 2 * relu(a) * relu(-c), 2 * relu(-a) * relu(c)],
        because="a = relu(a) - relu(-a), and one of the two is always 0",
    )


@theorem(
    (
        "A maxout unit is convex and piecewise affine in its input; with a negative output weight the network "
        "is not convex"
    ),
    covers=["000:maxout-convex-piecewise-affine"],
    sources=[Source("000", "l.108", "maxout: a piecewise linear, convex function with up to k pieces")],
)
def maxout_is_convex(t: Proof) -> None:
    """Whichever piece attains the maximum between two points is below the maxima at both: that is all convexity
    says.
    """
    pieces, n = t.size("k"), t.size("n")
    j, share = t.index("j", pieces), t.real("t", 0, 1)
    weight, bias = t.vector("W", pieces, n), t.vector("b", pieces)
    h, other = t.vector("h", n), t.vector("g", n)
    excess, other_excess = t.nonnegative("s r")  # by how much the maxima exceed piece j
    piece = lambda z: total(n, lambda i: weight[j, i] * z(i)) + bias[j]  # noqa: E731
    between = lambda i: share * h[i] + (1 - share) * other[i]  # noqa: E731
    here, there = piece(lambda i: h[i]) + excess, piece(lambda i: other[i]) + other_excess
    t.compare(
        t.state(
            "every piece lies below the chord of the maxima", Le(piece(between), share * here + (1 - share) * there)
        ),
        [share * excess, (1 - share) * other_excess],
        because="a piece is affine; so the maximum, which is one of the pieces, lies below the chord as well",
    )
    a, b, x, shift = t.real("a1 a2 x c")
    left = t.suppose(Ge((a - b) * (x - shift), 0))
    larger = left.compare(
        Ge(a * (x - shift), b * (x - shift)), (a - b) * (x - shift), because="the difference of the two lines"
    )
    t.implies(
        t.state("the steeper line is the larger on the right", Implies(Ge((a - b) * (x - shift), 0), larger.claim)),
        larger,
        because="so a convex function of two pieces is the maximum of its lines",
    )
    y = t.real("y")
    t.equal(
        t.state("minus a maxout unit", Eq(-(Max(y, -y) + Max(-y, y)) / 2, -Abs(y))),
        because="the mean of its values at y and -y is below its value 0 between: not convex",
    )


@theorem(
    (
        "One hidden layer: with the 0/1 pattern B of a cell it is w2 B (W x + b) + b2, so its gradients in all "
        "cells hang together"
    ),
    covers=[
        "000:activation-pattern-matrix", "000:two-layer-piecewise-affine", "000:region-equations-coupled",
        "000:two-layer-network-compact-form",
    ],
    sources=[
        Source("000", "l.236-244", "B(x) = diag(sign(W x + b)); y = w2 B (W x + b)"),
        Source("000", "l.248", "thus y(x) is piecewise affine"),
        Source("000", "l.356", "the equations of the regions are correlated in a complex way"),
        Source("000", "l.221-230", "y = w2 g(W x + b) + b2"),
    ],
)  # fmt: skip
def one_hidden_layer(t: Proof) -> None:
    """relu(a) = B a with B = 1 where a > 0 and 0 elsewhere; the rest is linear algebra in B."""
    m, d = t.size("m"), t.size("d")
    j, p, q = t.index("j", d), t.index("p", m), t.index("q", m)
    weight, bias, out, shift = t.vector("W", m, d), t.vector("b", m), t.vector("v", m), t.real("b2")
    x, mask, scale = t.vector("x", d), t.vector("B", m, low=0, high=1), t.vector("c", m, low=0, open=True)
    a = lambda i: total(d, lambda j: weight[i, j] * x[j]) + bias[i]  # noqa: E731
    sides_of_a_unit(t)
    masked = total(m, lambda i: out[i] * mask[i] * a(i)) + shift
    gradient = lambda s: total(m, lambda i: out[i] * s(i) * weight[i, j])  # noqa: E731
    t.equal(
        t.state("gradient in a cell", Eq(Derivative(masked, x[j]), gradient(lambda i: mask[i]))),
        because="B does not change inside the cell",
    )
    t.equal(
        t.state(
            "affine in a cell",
            Eq(
                masked,
                total(d, lambda j: total(m, lambda i: out[i] * mask[i] * weight[i, j]) * x[j])
                + total(m, lambda i: out[i] * mask[i] * bias[i])
                + shift,
            ),
        ),
        because="exchange the two sums",
    )
    flipped = lambda *units: lambda i: mask[i] + sum(KroneckerDelta(i, u) for u in units)  # noqa: E731
    t.equal(
        t.state("crossing one kink", Eq(gradient(flipped(p)) - gradient(flipped()), out[p] * weight[p, j])),
        because="only unit p changes its mask: its jump is the same wherever the kink is crossed",
    )
    t.equal(
        t.state(
            "parallelogram",
            Eq(gradient(flipped()) + gradient(flipped(p, q)), gradient(flipped(p)) + gradient(flipped(q))),
        ),
        because="the jumps of p and q add up in either order",
    )
    unit = lambda i: out[i] * relu(a(i))  # noqa: E731
    t.equal(
        t.state(
            "rescaling a unit",
            Eq(total(m, lambda i: out[i] / scale[i] * relu(scale[i] * a(i))), total(m, unit)),
        ),
        because="max(c a, 0) = c max(a, 0) for c > 0",
    )
    swap = lambda i: KroneckerDelta(i, p) * (unit(q) - unit(p)) + KroneckerDelta(i, q) * (unit(p) - unit(q))  # noqa: E731
    t.equal(
        t.state("permuting units", Eq(total(m, lambda i: unit(i) + swap(i)), total(m, unit))),
        because="exchanging two terms changes no sum, and exchanges make up all permutations",
    )


def sides_of_a_unit(t: Proof) -> None:
    """B a with B in {0, 1} is relu(a); the printed sign(a) a is |a|."""
    z = t.real("a")
    for name, relation, value in (("active", Gt(z, 0), z), ("inactive", Le(z, 0), 0)):
        fact = t.suppose(relation).equal(Eq(relu(z), value), because="the larger of a and 0")
        t.implies(t.state(f"{name} unit", Implies(relation, fact.claim)), fact, because="as supposed")
    t.equal(t.state("the mask is half of 1 + sign", Eq(2 * relu(z), z + Abs(z))), because="|a| = sign(a) a")


@misprint(
    "The pattern of a ReLU layer has entries 0 and 1, not signs, and the output bias stays",
    corrected="one-hidden-layer",
    covers=["000:activation-pattern-matrix"],
    sources=[Source("000", "l.236-244", "B(x) = diag(sign(W x + b)); y = w2 B (W x + b)")],
)
def activation_pattern_of_signs(t: Proof) -> None:
    """One unit, w = w2 = 1, b = 0, at x = -1: relu is 0, sign(a) a is 1; with b2 = 1 the bias is missing as well."""
    w, b, out, shift, x = t.real("w b w2 b2 x")
    a = w * x + b
    t.refute(
        Eq(out * relu(a) + shift, out * sign(a) * a + shift),
        {w: 1, b: 0, out: 1, shift: 0, x: -1},
        because="the signs turn ReLU into the absolute value: 0 against 1",
    )
    t.refute(
        Implies(Gt(a, 0), Eq(out * relu(a) + shift, out * sign(a) * a)),
        {w: 1, b: 0, out: 1, shift: 1, x: 1},
        because="even where all units are active the printed form misses b2: 2 against 1",
    )


@theorem(
    "A two-layer ReLU network is Lipschitz with |w2| times the Frobenius norm of W, so it is continuous",
    covers=["000:relu-network-continuous"],
    sources=[Source("000", "l.232", "y(x) is continuous")],
)
def relu_network_is_lipschitz(t: Proof) -> None:
    """A unit never stretches: its output moves by (2u - 1) times its input's move; then Cauchy and Schwarz, twice."""
    m, d = t.size("m"), t.size("d")
    weight, out, move = t.vector("W", m, d), t.vector("v", m), t.vector("delta", d)
    u = t.vector("u", m, low=0, high=1)
    sides(t)
    inner = lambda i: total(d, lambda j: weight[i, j] * move[j])  # noqa: E731
    change = lambda i: (2 * u[i] - 1) * inner(i)  # noqa: E731 - any number of size at most |inner|
    outs, changes = total(m, lambda i: out[i] ** 2), total(m, lambda i: change(i) ** 2)
    inners, distance = total(m, lambda i: inner(i) ** 2), total(d, lambda j: move[j] ** 2)
    frobenius = total(m, lambda i: total(d, lambda j: weight[i, j] ** 2))
    response = total(m, lambda i: out[i] * change(i)) ** 2
    first = t.compare(
        Le(response, outs * changes),
        total(m, lambda i: total(m, lambda k: (out[i] * change(k) - out[k] * change(i)) ** 2)) / 2,
        because="Cauchy and Schwarz over the units",
    )
    second = t.compare(
        Le(changes, inners), total(m, lambda i: 4 * u[i] * (1 - u[i]) * inner(i) ** 2), because="|2u - 1| <= 1"
    )
    third = t.compare(
        Le(inners, frobenius * distance),
        total(
            m, lambda i: total(d, lambda j: total(d, lambda k: (weight[i, j] * move[k] - weight[i, k] * move[j]) ** 2))
        )
        / 2,
        because="Cauchy and Schwarz over the inputs",
    )
    t.compare(
        t.state("Lipschitz", Le(response, outs * frobenius * distance)),
        [outs * changes - response, outs * (inners - changes), outs * (frobenius * distance - inners)],
        using=[first, second, third],
        because="one bound after the other",
    )
