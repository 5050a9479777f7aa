"""How many linear pieces a network has: cells of an arrangement, and what depth multiplies."""

from __future__ import annotations

from typing import Any

from sympy import And, Implies, KroneckerDelta, Rational, binomial, sympify

from ..kernel import Eq, Fact, Ge, Gt, Le, Lt, Ne, Proof, Source, product, theorem, total
from .one_layer import relu

HALF = Rational(1, 2)


@theorem(
    (
        "Where each hyperplane cuts as many cells as the earlier ones cut it into, m of them leave sum over k <= d of "
        "binomial(m, k) cells in R^d, m + 1 on a line"
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
    "Depth: each layer of two units doubles the affine pieces, to 2^k; a unit of one hidden layer adds a kink only "
    "where it changes its sign, so that it takes 2^k - 1 of them",
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
