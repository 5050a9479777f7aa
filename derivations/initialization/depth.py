"""What depth does to lengths: reflections keep them, sigmoids shrink gradients."""

from __future__ import annotations

from sympy import Derivative, Rational, exp

from ..kernel import Eq, Ge, Le, Proof, Source, independent, theorem, total
from .xavier import variance

DECK = "000"
HALF = Rational(1, 2)


@theorem(
    "A reflection keeps every length, so a product of reflections, as any orthogonal matrix is, keeps it at any depth",
    covers=["000:orthogonal-and-sparse-init"],
    sources=[Source(DECK, "l.923-927", "Saxe et al.: random orthogonal matrices; Martens: sparse initialization")],
)
def orthogonal_initialization(t: Proof) -> None:
    """x - 2 v (v'x)/(v'v) turns the part along v around. A sparse unit sums over its few inputs only."""
    d, depth = t.size("d"), t.size("K")
    k, i = t.integer("k", 0, depth - 1), t.index("i", d)
    v, start = t.vector("v", depth, d, nonzero=True), t.vector("x0", d)
    along = lambda x, k: total(d, lambda j: v[k + 1, j] * x(j, k)) / total(d, lambda j: v[k + 1, j] ** 2)  # noqa: E731
    (x,) = t.recursion(k, x=((i,), start[i], lambda x: x(i, k) - 2 * v[k + 1, i] * along(x, k)))
    t.equal(
        t.state("one reflection", Eq(total(d, lambda i: x(i, k + 1) ** 2), total(d, lambda i: x(i, k) ** 2))),
        because="-4 (v'x)^2/(v'v) + 4 (v'x)^2/(v'v) = 0",
    )
    t.induct(
        t.state(
            "any product of reflections",
            Eq(total(d, lambda i: x(i, k) ** 2), total(d, lambda i: start[i] ** 2)),
        ),
        over=k,
        because="reflection by reflection",
    )
    few, sd_w, sd_x = t.index("few", d), t.positive("s_w"), t.positive("s_x")
    w = t.random("w", independent([0, sd_w**2], [d], name="weights of mean 0"))
    z = t.random("z", independent([0, sd_x**2], [d], name="inputs of mean 0"))
    t.expectation(
        t.state("sparse incoming weights", Eq(variance(total(few, lambda k: w[k] * z[k])), few * sd_w**2 * sd_x**2)),
        because="only the non-zero weights add variance: the fan-in of a sparse unit is their number",
    )


@theorem(
    "Through k sigmoid layers the squared gradient shrinks by prod |W|^2/16: below norm 4 it vanishes geometrically",
    covers=["003:vanishing-gradient-in-depth"],
    sources=[Source("003", "l.105-106", "with many layers the saturation causes trouble for backpropagation")],
)
def vanishing_gradient(t: Proof) -> None:
    """The derivative of the sigmoid is at most 1/4, and a matrix stretches a vector by no more than its norm."""
    a, n, m = t.real("a"), t.size("n"), t.size("m")
    sigmoid = 1 / (1 + exp(-a))
    t.compare(
        t.state("slope of the sigmoid", Le(Derivative(sigmoid, a), Rational(1, 4))),
        (HALF - sigmoid) ** 2,
        because="s (1 - s) = 1/4 - (1/2 - s)^2",
    )
    weight, v = t.vector("W", n, m), t.vector("v", m)
    u = t.vector("u", n, low=0, high=1)
    norm = total(n, lambda i: total(m, lambda j: weight[i, j] ** 2))
    length = total(m, lambda j: v[j] ** 2)
    image = lambda i: total(m, lambda j: weight[i, j] * v[j])  # noqa: E731
    t.compare(
        t.state("one layer", Le(total(n, lambda i: (u[i] / 4 * image(i)) ** 2), norm * length / 16)),
        [
            total(n, lambda i: (1 - u[i]) * (1 + u[i]) * image(i) ** 2) / 16,
            total(n, lambda i: total(m, lambda j: total(m, lambda k: (weight[i, j] * v[k] - weight[i, k] * v[j]) ** 2)))
            / 32,
        ],
        because="slopes u/4 of at most 1/4, and Cauchy-Schwarz in each row (the spectral norm bounds it likewise)",
    )
    depth = t.size("L")
    k = t.integer("k", 0, depth - 1)
    share, norms, start = t.vector("share", depth, low=0, high=1), t.vector("F", depth, low=0), t.nonnegative("g0")
    g, bound = t.recursion(
        k,
        g=(start, lambda g, b: share[k + 1] * norms[k + 1] / 16 * g(k)),
        bound=(start, lambda g, b: norms[k + 1] / 16 * b(k)),
    )
    positive = Ge(g(k), 0)
    base = t.compare(Ge(g(0), 0), start, because="a squared length")
    step = t.suppose(positive).compare(Ge(g(k + 1), 0), share[k + 1] * norms[k + 1] / 16 * g(k), because="still one")
    kept = t.induct_from(positive, over=k, base=base, step=step, because="step by step")
    claim = Le(g(k), bound(k))
    first = t.compare(Le(g(0), bound(0)), 0, because="equal at the output")
    held = t.suppose(claim)
    following = held.compare(
        Le(g(k + 1), bound(k + 1)),
        [(1 - share[k + 1]) * norms[k + 1] / 16 * g(k), norms[k + 1] / 16 * (bound(k) - g(k))],
        using=[kept],
        because="a layer that uses only a share of its bound",
    )
    t.induct_from(t.state("k layers", claim), over=k, base=first, step=following, because="layer by layer")
    rho, j = t.real("rho", 0), t.time("j")
    (limit,) = t.recursion(j, limit=(start, lambda b: (4 * rho) ** 2 / 16 * b(j)))
    t.induct(
        t.state("norms of 4 rho", Eq(limit(j), rho ** (2 * j) * start)),
        over=j,
        because="16 rho^2/16: geometric decay for rho < 1",
    )
