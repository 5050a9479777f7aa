"""Expressivity: what a network with ReLU units is as a function, how many pieces it has, and what it can approximate.

A unit is relu(a) = max(a, 0) of its pre-activation a = w'x + b. Where no unit changes its sign the network is affine;
that set is a cell, and the signs of all units on it are its pattern.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Derivative,
    Implies,
    KroneckerDelta,
    Limit,
    Max,
    Rational,
    binomial,
    exp,
    oo,
    sign,
    sympify,
    tanh,
)

from .approximator import approximate
from .kernel import (
    Eq,
    Expectation,
    Fact,
    Ge,
    Gt,
    Le,
    Lt,
    Ne,
    Proof,
    Source,
    bernoulli,
    misprint,
    product,
    theorem,
    total,
)  # fmt: skip

HALF = Rational(1, 2)


def relu(a: Any) -> Any:
    """max(a, 0)."""
    return Max(a, 0)


# ---- one unit, one layer -------------------------------------------------------------------------------------------


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


# ---- how many pieces -----------------------------------------------------------------------------------------------


@theorem(
    (
        "Deletion and restriction: m hyperplanes in general position leave sum over k <= d of binomial(m, k) cells in "
        "R^d, m + 1 on a line"
    ),
    covers=["000:pattern-piecewise-constant"],
    sources=[Source("000", "l.246", "x -> B(x) is piecewise constant")],
)
def hyperplane_cells(t: Proof) -> None:
    """A new hyperplane cuts as many cells as the earlier ones cut it into: r(m+1, d) = r(m, d) + r(m, d-1).

    Every cell is convex, so the hyperplane splits it once at most, and the cells that it splits are those that its
    traces with the earlier hyperplanes, again in general position, leave in it. Otherwise there are fewer.
    R(d) and N(d) are the sums over k < d of binomial(m, k) and binomial(m+1, k): the claimed counts in dimension d - 1.
    """
    m, d = t.size("m"), t.time("d")
    r, s = t.recursion(
        d,
        R=(0, lambda r, s: r(d) + binomial(m, d)),
        N=(0, lambda r, s: s(d) + binomial(m + 1, d)),
    )
    t.induct(
        t.state("the count for m", Eq(total(d - 1, lambda k: binomial(m, k), start=0), r(d))),
        t.state("the count for m + 1", Eq(total(d - 1, lambda k: binomial(m + 1, k), start=0), s(d))),
        over=d,
        because="add the next binomial",
    )
    t.induct(
        t.state("cutting once more", Eq(s(d), 2 * r(d) - binomial(m, d - 1))),
        over=d,
        because="Pascal's rule; R(d) - binomial(m, d-1) = R(d-1), so this is r(m+1, d) = r(m, d) + r(m, d-1)",
    )
    t.equal(
        t.state("on a line", Eq(total(1, lambda k: binomial(m, k), start=0), m + 1)),
        because="m points leave m + 1 intervals: a layer of m units is affine in m + 1 pieces at most",
    )
    t.equal(
        t.state("in the plane", Eq(total(2, lambda k: binomial(m, k), start=0), (m**2 + m + 2) / 2)),
        because="for m = 2 four cells, for m = 3 seven",
    )
    none = t.time("e")
    (full,) = t.recursion(none, F=(1, lambda f: 2 * f(none)))
    t.induct(
        t.state("all patterns", Eq(full(none), 2**none)),
        over=none,
        because="while m <= d no binomial is cut off, r(m, d-1) = r(m, d), and each hyperplane doubles the count",
    )
    moment_curve(t)


def moment_curve(t: Proof) -> None:
    """Monic polynomials of degree d with p(t_i) = 0: m hyperplanes in the d coefficients, with exactly that many cells.

    The pattern of p is that of its signs at t_1 < ... < t_m, read from + at infinity: d roots change it in at most d of
    m gaps, and in any chosen gaps, with one root in each and the others far to the left. The binomials count the
    subsets of at most d gaps. A root outside a gap of width g is s beyond one end, so s + g from the other.
    """
    others = t.size("r")
    width, left, right = t.positive("g a b")
    s = t.vector("s", others, low=0, open=True)
    apart = product(others, lambda j: s[j] * (s[j] + width))
    t.compare(
        t.state("no root in a gap, no change of sign", Gt(apart, 0)), apart, because="p(t_i) p(t_(i+1)), root by root"
    )
    t.compare(
        t.state("one root in it, a change", Lt((-left) * right * apart, 0)),
        left * right * apart,
        because="that root is a above t_i and b below t_(i+1)",
    )


@theorem(
    (
        "Two crossing lines leave all four cells, two parallel ones three, and three in general position seven "
        "of eight patterns"
    ),
    covers=["000:two-hidden-unit-four-regions", "000:three-hidden-unit-seven-regions"],
    sources=[
        Source("000", "l.256-272", "dim(h) = 2: four regions"),
        Source("000", "l.274-276", "dim(h) = 3 (picture)"),
    ],
)
def cells_of_two_and_three_units(t: Proof) -> None:
    """Crossing lines are coordinates: every pair of pre-activations occurs. A third is then an affine function of
    the two.
    """
    (a, b, c, d), (e, f), (u, v) = t.real("w11 w12 w21 w22"), t.real("b1 b2"), t.real("a1 a2")
    determinant = a * d - b * c
    x = ((u - e) * d - (v - f) * b) / determinant
    y = (a * (v - f) - c * (u - e)) / determinant
    crossing = t.suppose(Ne(determinant, 0))
    for name, row, shift, value in (("first", (a, b), e, u), ("second", (c, d), f, v)):
        fact = crossing.equal(Eq(row[0] * x + row[1] * y + shift, value), because="Cramer's rule")
        t.implies(
            t.state(f"any value of the {name} pre-activation", Implies(Ne(determinant, 0), fact.claim)),
            fact,
            because="so all four pairs of signs occur; there y is 0, w1' a1, w2' a2 or their sum",
        )
    same, apart = t.positive("c_"), t.positive("e_")
    parallel = t.suppose(Gt(u, 0))
    missing = parallel.compare(
        Gt(same * u + apart, 0), [same * u, apart], because="the second pre-activation is c a1 + e with c, e > 0"
    )
    t.implies(
        t.state("parallel lines miss a pattern", Implies(Gt(u, 0), missing.claim)),
        missing,
        because="(+, -) cannot occur",
    )
    third = lambda p, q: p + q + 1  # noqa: E731 - p = alpha a1/e, q = beta a2/e, and e the constant of the third line
    k = t.positive("k")
    cells = {
        "+++": (k, k, 1), "+-+": (k, -k / 2, 1), "+--": (k, -2 * k - 1, -1), "-++": (-k / 2, k, 1),
        "-+-": (-2 * k - 1, k, -1), "--+": (-1 / (3 + k), -1 / (3 + k), 1), "---": (-k - 1, -k, -1),
    }  # fmt: skip
    for name, (p, q, side) in cells.items():
        t.compare(
            t.state(f"pattern {name} occurs", Gt(side * third(p, q), 0)),
            sympify(side * third(p, q)).factor(),
            because=f"at ({p}, {q})",
        )
    p, q = t.nonnegative("p q")
    t.compare(
        t.state("pattern ++- does not", Gt(third(p, q), 0)),
        [p, q, 1],
        because="where the first two have the constant's sign, so has the third: seven of eight, as 1 + 3 + 3 counts",
    )


@theorem(
    (
        "Two hidden layers of two units on the plane have at most 1 + 3 + 3 + 4 = 11 patterns, and a network "
        "that has them all"
    ),
    covers=["000:two-hidden-layer-2-2-regions"],
    sources=[Source("000", "l.310-347", "h' = max(W' max(W x + b, 0) + b', 0)")],
)
def two_hidden_layers_of_two_units(t: Proof) -> None:
    """In a cell of the first layer its output moves in as many dimensions as units are on: 0, 1, 1 or 2; count lines.

    The witness: h = (relu(x), relu(y)), a1 = 1 - h1 - h2/2, a2 = 1 - h1/2 - h2.
    """
    k = t.positive("k")
    small = k / (1 + k)
    a = lambda x, y: (1 - relu(x) - relu(y) / 2, 1 - relu(x) / 2 - relu(y))  # noqa: E731
    count = lambda dimensions: total(dimensions, lambda j: binomial(2, j), start=0)  # noqa: E731
    t.equal(
        t.state("at most 11", Eq(count(0) + 2 * count(1) + count(2), 11)),
        because="two lines in 0, 1, 1 and 2 dimensions leave 1 + 3 + 3 + 4 cells",
    )
    x, y = t.real("x y")
    both = t.suppose(Le(x, 0)).suppose(Le(y, 0))
    for name, value in zip(("a1", "a2"), a(x, y), strict=True):
        fact = both.equal(Eq(value, 1), because="both units are off")
        inner = t.suppose(Le(x, 0)).implies(Implies(Le(y, 0), fact.claim), fact, because="as supposed")
        t.implies(
            t.state(f"off, off: {name} is 1", Implies(Le(x, 0), inner.claim)), inner, because="one pattern in that cell"
        )
    witnesses = {
        "on, off": [((small, -k), (1, 1)), ((1 + small, -k), (-1, 1)), ((2 + k, -k), (-1, -1))],
        "off, on": [((-k, small), (1, 1)), ((-k, 1 + small), (1, -1)), ((-k, 2 + k), (-1, -1))],
        "on, on": [
            ((small / 2, small / 4), (1, 1)), ((1, small / 4), (-1, 1)),
            ((small / 4, 1), (1, -1)), ((1 + k, 2 + k), (-1, -1)),
        ],
    }  # fmt: skip
    for cell, points in witnesses.items():
        for point, signs in points:
            facts = [positive(t, sign * value) for sign, value in zip(signs, a(*point), strict=True)]
            t.both(
                t.state(f"{cell}: pattern {signs}", And(*(f.claim for f in facts))),
                facts,
                because=f"at {point}, any k > 0",
            )


def positive(t: Proof, value: Any) -> Fact:
    return t.compare(Gt(value, 0), sympify(value).factor(), because="put the point in")


@theorem(
    (
        "A ReLU network of any depth is affine where its masks are fixed; without activations it is one affine "
        "map, however deep"
    ),
    covers=["000:deep-relu-net-is-cpwa", "003:identity-layers-collapse", "000:region-equations-coupled"],
    sources=[
        Source(
            "000", "l.352-355", "the function learned by a DNN with the ReLU operator is piecewise affine, continuous"
        ),
        Source("003", "l.74, l.147", "identity activation"),
    ],
)
def relu_network_of_any_depth(t: Proof) -> None:
    """Layer l: h = s * (W h + b) with masks s in {0, 1}, fixed in a cell; s = 1 everywhere is the identity
    activation.
    """
    n, layers, k = t.size("n"), t.size("L"), t.time("l")
    i, j = t.index("i", n), t.index("j", n)
    weight, bias = t.vector("W", layers, n, n), t.vector("b", layers, n)
    mask, x = t.vector("s", layers, n), t.vector("x", n)
    depth = t.integer("m", 0, layers)
    h, slope, shift = t.recursion(
        k,
        h=(
            (i,),
            x[i],
            lambda h, a, c: mask[k + 1, i] * (total(n, lambda p: weight[k + 1, i, p] * h(p, k)) + bias[k + 1, i]),
        ),
        A=(
            (i, j),
            KroneckerDelta(i, j),
            lambda h, a, c: mask[k + 1, i] * total(n, lambda p: weight[k + 1, i, p] * a(p, j, k)),
        ),
        c=(
            (i,),
            0,
            lambda h, a, c: mask[k + 1, i] * (total(n, lambda p: weight[k + 1, i, p] * c(p, k)) + bias[k + 1, i]),
        ),
    )
    t.induct(
        t.state("affine in a cell", Eq(h(i, depth), total(n, lambda j: slope(i, j, depth) * x[j]) + shift(i, depth))),
        over=depth,
        because="an affine map of an affine map, with some rows put to 0, is affine: A' = s W A, c' = s (W c + b)",
    )
    p, after, before = t.index("p", n), t.vector("u", n), t.vector("v", n)
    jacobian = lambda s: total(n, lambda q: after[q] * s(q) * before[q])  # noqa: E731
    on = t.vector("B", n)
    t.equal(
        t.state(
            "crossing a kink",
            Eq(jacobian(lambda q: on[q] + KroneckerDelta(q, p)) - jacobian(lambda q: on[q]), after[p] * before[p]),
        ),
        because=(
            "an entry of the Jacobian is linear in one layer's mask: the jump is rank one, what follows times "
            "what precedes"
        ),
    )


@theorem(
    "Depth: k layers of two units make 2^k affine pieces; one hidden layer needs 2^k - 1 units for as many",
    covers=["003:width-versus-depth", "000:deep-relu-net-is-cpwa"],
    sources=[Source("003", "l.216-219", "the strength of depth")],
)
def tent_map_pieces(t: Proof) -> None:
    """T(x) = 2 relu(x) - 4 relu(x - 1/2) maps both halves of [0, 1] onto [0, 1]: T^(k+1) is two copies of T^k."""
    x, k = t.real("x", 0, 1), t.time("k")
    tent = lambda z: 2 * relu(z) - 4 * relu(z - HALF)  # noqa: E731
    t.equal(t.state("the left half", Eq(tent(x / 2), x)), because="the second unit is off")
    t.equal(t.state("the right half", Eq(tent(1 - x / 2), x)), because="2 - x - 4 (1/2 - x/2) = x: backwards")
    (pieces,) = t.recursion(k, P=(1, lambda p: 2 * p(k)))
    t.induct(
        t.state("pieces of k layers", Eq(pieces(k), 2**k)),
        over=k,
        because="T^(k+1)(x/2) = T^(k+1)(1 - x/2) = T^k(x), and the slope changes its sign at 1/2",
    )
    (slope,) = t.recursion(k, D=(1, lambda d: 2 * d(k)))
    t.induct(
        t.state("slopes of k layers", Eq(slope(k), 2**k)),
        over=k,
        because="the chain rule: every piece is so steep that it crosses [0, 1] in its width 2^-k",
    )
    (a, b), p, q = t.real("a b"), t.nonnegative("p"), t.positive("q")
    mean = lambda y, z: (p * y + q * z) / (p + q)  # noqa: E731 - any point between
    for name, side in (("on", 1), ("off", -1)):
        both = t.suppose(Ge(side * a, 0)).suppose(Ge(side * b, 0))
        fact = both.equal(
            Eq(mean(a, b) + relu(mean(a, b)), mean(a + relu(a), b + relu(b))),
            because="between two points with the same sign it keeps the sign: x + relu(x) is 2x or x there",
        )
        inner = t.suppose(Ge(side * a, 0)).implies(Implies(Ge(side * b, 0), fact.claim), fact, because="as supposed")
        t.implies(
            t.state(f"no kink where a unit stays {name}", Implies(Ge(side * a, 0), inner.claim)),
            inner,
            because="on a line each of N units changes its sign once at most: N + 1 pieces, so N >= 2^k - 1",
        )


# ---- examples ------------------------------------------------------------------------------------------------------


@theorem(
    (
        "XOR: no affine function separates it, the best affine fit is the constant 1/2 with loss 1/4, and two "
        "ReLU units solve it"
    ),
    covers=["003:xor-linear-optimum", "003:xor-not-linearly-separable", "003:xor-exact-relu-network"],
    sources=[
        Source("003", "l.176-193", "J = 1/4 sum (f*(x) - <w, x> - b)^2, w = 0, b = 1/2"),
        Source("003", "l.193-199", "f(x) = <w, relu(W'x + c)> + b"),
    ],
)
def xor(t: Proof) -> None:
    """The affine values at opposite corners of the square have the same sum: that alone excludes every affine
    solution.
    """
    w1, w2, b = t.real("w1 w2 b")
    g = lambda x, y: w1 * x + w2 * y + b  # noqa: E731
    loss = (g(0, 0) ** 2 + (1 - g(0, 1)) ** 2 + (1 - g(1, 0)) ** 2 + g(1, 1) ** 2) / 4
    t.equal(
        t.state("linear optimum", Eq(loss, Rational(1, 4) + (b - HALF + (w1 + w2) / 2) ** 2 + (w1**2 + w2**2) / 4)),
        because="three squares that vanish together at w = 0, b = 1/2 only: the loss there is 1/4",
    )
    t.compare(
        t.state("no affine function fits better", Ge(loss, Rational(1, 4))),
        [(b - HALF + (w1 + w2) / 2) ** 2, (w1**2 + w2**2) / 4],
        because="the same squares",
    )
    right = t.suppose(Gt(g(0, 1), 0)).suppose(Gt(g(1, 0), 0)).suppose(Le(g(0, 0), 0))
    wrong = right.compare(Gt(g(1, 1), 0), [g(0, 1), g(1, 0), -g(0, 0)], because="g(1, 1) = g(0, 1) + g(1, 0) - g(0, 0)")
    two = (
        t.suppose(Gt(g(0, 1), 0))
        .suppose(Gt(g(1, 0), 0))
        .implies(Implies(Le(g(0, 0), 0), wrong.claim), wrong, because="as supposed")
    )
    one = t.suppose(Gt(g(0, 1), 0)).implies(Implies(Gt(g(1, 0), 0), two.claim), two, because="as supposed")
    t.implies(
        t.state("no affine function separates it", Implies(Gt(g(0, 1), 0), one.claim)),
        one,
        because="right at three corners, it is wrong at the fourth; x1 + x2 - 1/2 shows that three are possible",
    )
    errors = g(0, 0), 1 - g(0, 1), 1 - g(1, 0), g(1, 1)
    t.weights(
        t.state("largest error", Ge(Max(*errors), HALF)),
        dict.fromkeys(errors, Rational(1, 4)),
        because="the affine values cancel in the mean of the four errors, which is 1/2",
    )
    q, rest = t.positive("q"), t.real("r")
    t.weights(
        t.state("one ReLU unit is not enough", Ge(Max(relu(rest), relu(2 * q - rest)), q)),
        {rest: HALF, 2 * q - rest: HALF},
        because=(
            "a unit with the same positive value q at two opposite corners has pre-activation q at both; those of the "
            "other two add up to 2q, so one of them is on with at least q: it cannot be lower at both"
        ),
    )
    s = t.real("s", 0, 2)
    t.equal(
        t.state("two ReLU units", Eq(relu(s) - 2 * relu(s - 1), 1 - Abs(s - 1))),
        because="a tent over s = x1 + x2: 0 at 0 and 2, 1 at 1",
    )
    parity(t)


def parity(t: Proof) -> None:
    """The parity of s bits needs one unit a bit: s - 2 relu(s-1) + 2 relu(s-2) - ... alternates between 0 and 1."""
    s = t.time("n")
    slope, value = t.recursion(s, D=(1, lambda d, p: d(s) + 2 * (-1) ** (s + 1)), P=(0, lambda d, p: p(s) + d(s)))
    t.induct(
        t.state("slope between s and s + 1", Eq(slope(s), (-1) ** s)),
        over=s,
        because="the unit relu(z - s) with coefficient 2 (-1)^s reverses it",
    )
    t.induct(
        t.state("parity of s bits", Eq(value(s), (1 - (-1) ** s) / 2)),
        Eq(slope(s), (-1) ** s),
        over=s,
        because="up by one, down by one",
    )


@theorem(
    "Parity of d >= 2 bits is uncorrelated with every bit: the best affine fit is the constant 1/2, with loss 1/4",
    covers=["003:xor-linear-optimum"],
    sources=[Source("003", "l.176-193", "w = 0, b = 1/2 for XOR, the parity of two bits")],
)
def parity_of_many_bits(t: Proof) -> None:
    """With y_i = 1 - 2 x_i = +-1 the parity is (1 - y_1 ... y_d)/2, and y_1 ... y_d averages to 0 with each y_j.

    One bit y = y_j is written beside the e = d - 1 >= 1 others, so that the product splits.
    """
    others = t.size("e")
    bit, bits = t.random("X", bernoulli(HALF)), t.random("x", bernoulli(HALF, [others]))
    y, rest = 1 - 2 * bit, product(others, lambda i: 1 - 2 * bits[i])
    parity_ = (1 - y * rest) / 2
    t.expectation(
        t.state("half of the inputs are odd", Eq(Expectation(parity_), HALF)), because="every factor averages 0"
    )
    t.expectation(
        t.state("uncorrelated with a bit", Eq(Expectation(bit * parity_) - Expectation(bit) * Expectation(parity_), 0)),
        because="the factors of the other bits remain, and average to 0",
    )
    w, b = t.real("w b")
    t.expectation(
        t.state(
            "loss of an affine function of a bit",
            Eq(Expectation((parity_ - b - w * bit) ** 2), Rational(1, 4) + (b + w / 2 - HALF) ** 2 + w**2 / 4),
        ),
        because="no product of parity and bit survives; further bits add further squares w_j^2/4",
    )


@misprint(
    "The output bias of the XOR network is one number",
    corrected="xor",
    covers=["003:xor-exact-relu-network"],
    sources=[Source("003", "l.193-199", "w = (1, -2)', b = (0, 0)'")],
)
def xor_with_two_output_biases(t: Proof) -> None:
    """With b = (0, 0)' there is an output 2, but w has one row: the vector w'h + b does not exist."""
    n = t.size("n")
    w, h, b = t.vector("w", 1, n), t.vector("h", n), t.vector("b", n)
    t.undefined(
        total(n, lambda k: w[2, k] * h[k]) + b[2],
        {n: 2, w: [[1, -2]], h: [1, 0], b: [0, 0]},
        because="at the input (1, 0), h = (1, 0): the first entry is 1, a second is not defined",
    )


@theorem(
    "One weight layer is linear in its parameters; two are not, even with the identity between them",
    covers=["003:network-nonlinear-in-parameters"],
    sources=[Source("003", "l.49", "a neural network is not linear in its parameters")],
)
def linear_in_the_parameters(t: Proof) -> None:
    """The second derivatives in the parameters say it."""
    n = t.size("n")
    x, w, (v, b) = t.vector("x", n), t.vector("w", n), t.real("v b")
    i, j = t.index("i", n), t.index("j", n)
    single = total(n, lambda k: w[k] * x[k]) + b
    t.equal(t.state("one layer", Eq(Derivative(single, w[i], w[j]), 0)), because="linear in w, and in b")
    double = v * total(n, lambda k: w[k] * x[k])
    t.equal(t.state("two layers", Eq(Derivative(double, v, w[j]), x[j])), because="the weights of two layers multiply")
    c = t.real("c")
    t.equal(
        t.state("degree two", Eq((c * v) * total(n, lambda k: c * w[k] * x[k]), c**2 * double)),
        because="scaling all weights by c scales the output by c^2, not by c; as a function of x it is linear",
    )
    deep, k, factor = t.vector("D", n, n), t.time("L"), t.positive("f")
    h, g = t.recursion(
        k,
        h=((i,), x[i], lambda h, g: relu(total(n, lambda q: deep[i, q] * h(q, k)))),
        g=((i,), x[i], lambda h, g: relu(total(n, lambda q: factor * deep[i, q] * g(q, k)))),
    )
    t.induct(
        t.state("degree L of L layers", Eq(g(i, k), factor**k * h(i, k))),
        over=k,
        because=(
            "max(c z, 0) = c max(z, 0) for c > 0, so ReLU layers without biases pass a factor each; here with "
            "equal layers"
        ),
    )


@theorem(
    "Gradients of the squared error of a two-layer network on N points: 2 sum r h, sum delta, sum delta x",
    covers=["000:fit-2d-target"],
    sources=[Source("000", "l.280-307", "min sum_i (w2 sigma(W1 x_i + b1) - y_i)^2")],
)
def fit_of_a_two_layer_network(t: Proof) -> None:
    """With sigma = tanh, delta_ki = 2 r_i v_k (1 - tanh^2 a_ki); any smooth unit reads the same with its own slope."""
    points, m, d = t.size("N"), t.size("m"), t.size("d")
    p, q = t.index("p", m), t.index("q", d)
    weight, bias, out = t.vector("W", m, d), t.vector("b", m), t.vector("v", m)
    x, y = t.vector("x", points, d), t.vector("y", points)
    a = lambda k, i: total(d, lambda j: weight[k, j] * x[i, j]) + bias[k]  # noqa: E731
    residual = lambda i: total(m, lambda k: out[k] * tanh(a(k, i))) - y[i]  # noqa: E731
    loss = total(points, lambda i: residual(i) ** 2)
    delta = lambda k, i: 2 * residual(i) * out[k] * (1 - tanh(a(k, i)) ** 2)  # noqa: E731
    t.equal(
        t.state(
            "output weights", Eq(Derivative(loss, out[p]), 2 * total(points, lambda i: residual(i) * tanh(a(p, i))))
        ),
        because="the output is linear in them",
    )
    t.equal(
        t.state("hidden biases", Eq(Derivative(loss, bias[p]), total(points, lambda i: delta(p, i)))),
        because="the chain rule through unit p",
    )
    t.equal(
        t.state("hidden weights", Eq(Derivative(loss, weight[p, q]), total(points, lambda i: delta(p, i) * x[i, q]))),
        because="the pre-activation has the slope x_q in W_pq",
    )


# ---- approximation -------------------------------------------------------------------------------------------------


@theorem(
    (
        "On an interval one hidden ReLU layer interpolates any values at N + 1 knots, with error M h^2/8 for "
        "curvature at most M"
    ),
    covers=["000:universal-approximation", "003:uat-1d-certificate", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated by a two-layer network"),
        Source("003", "l.205-215", "universal approximation theorem"),
    ],
)
def piecewise_linear_interpolation(t: Proof) -> None:
    """Unit i switches on at knot i and adds the change of slope; a chord is off by at most M/2 theta (1-theta) h^2.

    `derivations/approximator.py` builds this network for a given function and certifies its error.
    """
    n, m = t.size("N"), t.time("m")
    slopes, h, x, start = t.vector("s", n), t.positive("h"), t.real("x"), t.real("y0")
    cell = t.integer("j", 0, n - 1)
    (value,) = t.recursion(m, y=(start, lambda y: y(m) + h * slopes[m + 1]))
    t.induct(
        t.state(
            "the network on cell j",
            Eq(
                total(cell, lambda i: (slopes[i + 1] - slopes[i]) * (x - i * h)),
                value(cell) + slopes[cell + 1] * (x - cell * h) - start - slopes[1] * x,
            ),
        ),
        over=cell,
        because="with y_0 + s_1 x added it is the chord from knot j: the units up to j are on, the others off",
    )
    theta, low, high, curvature = t.real("theta", 0, 1), *t.real("f0 f1"), t.nonnegative("M")
    inside = t.real("f")
    chord = (1 - theta) * low + theta * high
    room = curvature * theta * (1 - theta) * h**2 / 2
    for name, side in (("above", 1), ("below", -1)):
        premise = Le(side * (inside - chord), room)
        fact = t.suppose(premise).compare(
            Le(side * (inside - chord), curvature * h**2 / 8),
            [room - side * (inside - chord), curvature * h**2 / 2 * (theta - HALF) ** 2],
            because="theta (1 - theta) is at most 1/4",
        )
        t.implies(
            t.state(f"error of the chord, {name}", Implies(premise, fact.claim)),
            fact,
            because="|f''| <= M says that M x^2/2 - f and M x^2/2 + f lie below their chords, which is the premise",
        )
    z = t.real("z")
    square = lambda u: curvature * u**2 / 2  # noqa: E731
    t.equal(
        t.state(
            "a parabola attains it",
            Eq((1 - theta) * square(z) + theta * square(z + h) - square(z + theta * h), room),
        ),
        because="its second derivative is M everywhere; at theta = 1/2 the chord is off by M h^2/8",
    )
    for name, sign_, spare in (("above", 1, (theta - HALF) ** 2), ("below", -1, theta * (1 - theta))):
        t.compare(
            t.state(f"shifted, from {name}", Le(sign_ * (room - curvature * h**2 / 16), curvature * h**2 / 16)),
            curvature * h**2 / 2 * spare,
            because="the error of a parabola's chord has one sign: lowering the chord halves the largest error",
        )
    p, q = t.real("p q")
    t.equal(
        t.state("products are squares", Eq(p * q, ((p + q) ** 2 - (p - q) ** 2) / 4)),
        because="so squares of one input at a time build every polynomial, and these are dense on a compact set",
    )


@theorem(
    "The constructed network for exp on [0, 1] with four units is within 1/50 of it on the whole interval",
    covers=["003:uat-1d-certificate"],
    sources=[Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i), |f - F| <= epsilon")],
)
def certified_network_for_the_exponential(t: Proof) -> None:
    """Enclosed, not proved by hand: the constructor's network is given to the kernel, which bisects by itself.

    The constructor certifies such a bound for any differentiable expression and any error; this is one of them, checked
    twice by different code.
    """
    x = t.real("x", 0, 1)
    network = approximate(exp(x), x, 0, 1, "1/50").network.expression(x)
    t.enclose(
        t.state("within 1/50", Lt(Abs(exp(x) - network), Rational(1, 50))),
        {x: (0, 1)},
        because="interval arithmetic on a subdivision of [0, 1]",
    )


@theorem(
    (
        "N sigmoid steps follow an L-Lipschitz function on [0, 1] up to L/N + L delta, delta = exp(-s/2N) being "
        "the tail of a step"
    ),
    covers=["003:uat-1d-certificate", "003:universal-approximation-statement"],
    sources=[Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i)")],
)
def staircase_of_sigmoids(t: Proof) -> None:
    """In cell j the steps before it are nearly 1, those after it nearly 0, and its own moves between two values.

    All numbers in [-1, 1] are written 2u - 1: the rises D_i = L/N (2u_i - 1), and where f(x) lies against both ends.
    """
    before, after = t.size("m", minimum=0), t.size("n", minimum=0)
    lipschitz, delta, own = t.positive("L"), t.real("delta", 0, 1), t.real("a", 0, 1)
    count = before + after + 1
    step = lipschitz / count
    u, v = t.vector("u", before, low=0, high=1), t.vector("v", after, low=0, high=1)
    missing, excess = t.vector("p", before, low=0, high=1), t.vector("q", after, low=0, high=1)
    # distances of f(x) from the values at the two ends of its cell, each at most L/N
    left, right = (step * (2 * c - 1) for c in t.real("c d", 0, 1))
    error = (
        own * (left + right)
        - total(before, lambda i: step * (2 * u[i] - 1) * delta * missing[i])
        + total(after, lambda i: step * (2 * v[i] - 1) * delta * excess[i])
        - left
    )
    most = step * (1 + delta * (before + after))
    for name, side, lower, upper in (("above", 1, 0, 1), ("below", -1, 1, 0)):
        c, d = (s.symbol for s in t.declared if str(s.symbol) in ("c", "d"))
        own_part = (
            [2 * step * own * (1 - d), 2 * step * (1 - own) * c]
            if side == 1
            else [2 * step * own * d, 2 * step * (1 - own) * (1 - c)]
        )
        t.compare(
            t.state(f"error {name}", Le(side * error, most)),
            [
                *own_part,
                total(before, lambda i: step * delta * (1 - missing[i])),
                total(before, lambda i, g=upper: 2 * step * delta * missing[i] * (u[i] if g else 1 - u[i])),
                total(after, lambda i: step * delta * (1 - excess[i])),
                total(after, lambda i, g=lower: 2 * step * delta * excess[i] * (v[i] if g else 1 - v[i])),
            ],
            because="the own step mixes two values within L/N of f(x); each other step is off by L/N delta at most",
        )
    t.compare(
        t.state("together", Le(most, lipschitz / count + lipschitz * delta)),
        lipschitz * delta / count,
        because="there are N - 1 other steps",
    )
    z = t.nonnegative("z")
    sigmoid = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    t.compare(
        t.state("tail before the step", Le(sigmoid(-z), exp(-z))),
        exp(-z) / (1 + exp(z)),
        because="1/(1 + e^z) < e^-z",
    )
    t.equal(
        t.state("tail after the step", Eq(1 - sigmoid(z), sigmoid(-z))),
        because="symmetry; at a distance of half a cell, 1/(2N), from the middle of a step z = s/(2N)",
    )
    k = t.time("k")
    values, y0 = t.vector("Delta", before), t.real("y0")
    (y,) = t.recursion(k, y=(y0, lambda y: y(k) + values[k + 1]))
    j = t.integer("j", 0, before)
    t.induct(
        t.state("the full steps add up to the value", Eq(total(j, lambda i: values[i]), y(j) - y0)),
        over=j,
        because="the rises telescope",
    )


@theorem(
    (
        "From one dimension to any: exponential ridges are an algebra, monomials are their limits, and errors of the "
        "ridges add up to the error of the network"
    ),
    covers=["000:universal-approximation", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated by a two-layer network"),
        Source("003", "l.205-211", "F(x) = sum_i v_i phi(<w_i, x> + b_i)"),
    ],
)
def ridge_reduction(t: Proof) -> None:
    """Sums of exp(<w, x>) contain the constants, separate points and are closed under products.

    So they are dense on every compact set, by the theorem of Stone and Weierstrass. Each ridge exp(<w, x>) depends on
    the one number <w, x> only, which runs through an interval: there `piecewise-linear-interpolation` applies.
    """
    m, n, d, k = t.size("m"), t.size("n"), t.size("d"), t.time("k")
    v, u, x = t.vector("v", m), t.vector("u", n), t.vector("x", d)
    w, y = t.vector("W", m, d), t.vector("Y", n, d)
    ridge = lambda weights, i: exp(total(d, lambda r: weights[i, r] * x[r]))  # noqa: E731
    both = lambda i, j: exp(total(d, lambda r: (w[i, r] + y[j, r]) * x[r]))  # noqa: E731
    t.equal(
        t.state(
            "products of networks are networks",
            Eq(
                total(m, lambda i: v[i] * ridge(w, i)) * total(n, lambda j: u[j] * ridge(y, j)),
                total(m, lambda i: total(n, lambda j: v[i] * u[j] * both(i, j))),
            ),
        ),
        because="exponentials multiply by adding their exponents: m n units with the sums of the weights",
    )
    h, z, place = t.positive("h"), t.real("z"), t.time("j")
    (difference,) = t.recursion(k, D=((place,), exp(place * h * z), lambda f: f(place + 1, k) - f(place, k)))
    t.induct(
        t.state("k-th difference of exp", Eq(difference(place, k), exp(place * h * z) * (exp(h * z) - 1) ** k)),
        over=k,
        because="one more difference is one more factor exp(h z) - 1: k + 1 units with binomial weights",
    )
    t.limit(
        t.state("and its limit", Eq(Limit((exp(h * z) - 1) / h, h, 0, "+"), z)),
        because="the slope of exp(h z) at h = 0; so the k-th difference over h^k goes to z^k",
    )
    error, share = t.positive("epsilon"), t.vector("s", m, low=0, high=1)
    off = lambda i: error * (2 * share[i] - 1)  # noqa: E731 - what unit i's approximation is off by
    for name, sign_, part in (("above", 1, 0), ("below", -1, 1)):
        t.compare(
            t.state(
                f"errors add up, {name}",
                Le(sign_ * total(m, lambda i: v[i] * off(i)), error * total(m, lambda i: Abs(v[i]))),
            ),
            total(
                m,
                lambda i, g=part: (
                    error
                    * ((1 - share[i]) * (Abs(v[i]) + (1 - 2 * g) * v[i]) + share[i] * (Abs(v[i]) - (1 - 2 * g) * v[i]))
                ),
            ),
            because="each ridge within epsilon on its interval: the network within epsilon times the sum of |v_i|",
        )


@theorem(
    (
        "What the hypotheses of universal approximation are for: polynomial activations, the whole line and "
        "fixed width all fail"
    ),
    covers=["000:universal-approximation", "003:uat-fails-on-whole-space", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function"),
        Source("003", "l.205-215", "phi bounded, continuous and non-decreasing; any bounded function on R^d"),
    ],
)
def limits_of_approximation(t: Proof) -> None:
    """Multipliers that cancel the approximating family leave a lower bound on the largest error at a few points."""
    a, b, c = t.real("a b c")
    affine = lambda x: a * x + b  # noqa: E731
    errors = {1 - affine(1): Rational(1, 4), -(0 - affine(0)): HALF, 1 - affine(-1): Rational(1, 4)}
    t.weights(
        t.state("an affine activation leaves 1/2 on |x|", Ge(Max(*errors), HALF)),
        errors,
        because="at -1, 0, 1 the second difference of an affine function is 0, that of |x| is 2",
    )
    parabola = lambda x: a * x**2 + b * x + c  # noqa: E731
    nodes = {-1: Rational(-1, 6), -HALF: Rational(1, 3), HALF: Rational(-1, 3), 1: Rational(1, 6)}
    cubic = {(1 if w > 0 else -1) * (x**3 - parabola(x)): abs(w) for x, w in nodes.items()}
    t.weights(
        t.state("a square activation leaves 1/4 on x^3", Ge(Max(*cubic), Rational(1, 4))),
        cubic,
        because="a combination of the four values that vanishes on every polynomial of degree two",
    )
    m, x = t.size("m"), t.real("x")
    width = 1 / (m + 1)
    square = {
        x**2 - affine(x): Rational(1, 4),
        -((x + width / 2) ** 2 - affine(x + width / 2)): HALF,
        (x + width) ** 2 - affine(x + width): Rational(1, 4),
    }
    t.weights(
        t.state("m units leave 1/(8 (m+1)^2) on x^2", Ge(Max(*square), width**2 / 8)),
        square,
        because="m kinks leave an interval of length 1/(m+1) on which the network is affine",
    )
    limit = t.real("l")
    t.weights(
        t.state("a limit at infinity leaves 1 on sin", Ge(Max(1 - limit, 1 + limit), 1)),
        {1 - limit: HALF, 1 + limit: HALF},
        because="far out sin takes the values 1 and -1 again and again, where the network is near its limit l",
    )
    rate, z = t.positive("w"), t.real("z")
    t.limit(
        t.state("a rising sigmoid has a limit", Eq(Limit(1 / (1 + exp(-(rate * z + b))), z, oo), 1)),
        because="exp(-w z) vanishes; a sum of such units has the sum of the limits",
    )
    t.limit(
        t.state("and so has a falling one", Eq(Limit(1 / (1 + exp(rate * z + b)), z, oo), 0)),
        because="exp(w z) grows without end",
    )
    n, constant = t.size("n"), t.real("phi")
    out = t.vector("v", n)
    value = total(n, lambda i: out[i] * constant)
    t.weights(
        t.state("a constant activation leaves 1/2 on x", Ge(Max(1 - value, value), HALF)),
        {1 - value: HALF, value: HALF},
        because="the network is constant, and x takes the values 0 and 1",
    )


@misprint(
    "Not every continuous function is approximated: the activation must not be a polynomial",
    corrected="piecewise-linear-interpolation",
    covers=["000:universal-approximation"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated to any accuracy by y = w2 g(W x + b)")
    ],
)
def universal_approximation_by_any_activation(t: Proof) -> None:
    """g(a) = a and |x| on [-1, 1]: even the best network, the constant 1/2, is off by 1/2 (limits-of-approximation)."""
    a, b = t.real("a b")
    error = Max(Abs(1 - (a + b)), Abs(0 - b), Abs(1 - (-a + b)))
    t.refute(
        Lt(error, HALF),
        {a: 0, b: HALF},
        because="the largest error at -1, 0 and 1 is 1/2 here, and no affine function has a smaller one",
    )


@misprint(
    "A non-decreasing activation may be constant, and then approximates nothing",
    corrected="staircase-of-sigmoids",
    covers=["003:universal-approximation-statement"],
    sources=[
        Source(
            "003",
            "l.205-211",
            "phi bounded, continuous and non decreasing: for any f there are N, v, w, b with |f - F| <= eps",
        )
    ],
)
def universal_approximation_by_a_constant(t: Proof) -> None:
    """phi = 0 and f = 1: every network is 0."""
    n, error = t.size("N"), t.positive("epsilon")
    phi, out = t.real("phi"), t.vector("v", n)
    t.refute(
        Le(Abs(1 - total(n, lambda i: out[i] * phi)), error),
        {n: 1, error: HALF, phi: 0, out: [1]},
        because="phi = 0 is bounded, continuous and non-decreasing; the error is 1 whatever N and v are",
    )


@misprint(
    "Uniform approximation holds on compact sets, not on the whole space",
    corrected="limits-of-approximation",
    covers=["003:uat-fails-on-whole-space"],
    sources=[Source("003", "l.215", "any bounded regular function from R^d to R can be approximated to any precision")],
)
def universal_approximation_on_the_line(t: Proof) -> None:
    """cos on R: far out a network is near its limit l, and cos is 1 and -1 there; l = 0 is best, and off by 1."""
    limit, k = t.real("l"), t.time("k")
    t.refute(
        Lt(Max(Abs((-1) ** (2 * k) - limit), Abs((-1) ** (2 * k + 1) - limit)), 1),
        {limit: 0, k: 1},
        because="cos(2 k pi) = 1 and cos((2k + 1) pi) = -1: the error is at least 1 for every limit",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("expressivity")
