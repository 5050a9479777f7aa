"""Images as vectors: flattening, and what a dense layer on pixels cannot see."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, Mod, floor

from ..kernel import Eq, Le, Proof, Source, theorem, total


@theorem(
    "Flattening C maps of H x W entries is a bijection onto C H W positions, undone by quotient and remainder; "
    "its gradient is the reshape",
    covers=["000:h4-undefined-flatten", "003:flattening-images"],
    sources=[
        Source("000", "l.18", "h_4' = Vec(h_4)"),
        Source("003", "l.678", "images are vectors: the spatial information is lost"),
    ],
)
def flattening(t: Proof) -> None:
    """Counted from 0: entry (c, u, v) goes to position (c H + u) W + v. No information is lost, only the
    neighborhoods.
    """
    channels, height, width = t.size("C"), t.size("H"), t.size("W")
    c, u, v = t.integer("c", 0, channels - 1), t.integer("u", 0, height - 1), t.integer("v", 0, width - 1)
    position = (c * height + u) * width + v
    row = floor(position / width)
    t.equal(t.state("column", Eq(Mod(position, width), v)), because="the remainder of a division by W")
    t.equal(t.state("row", Eq(Mod(c * height + u, height), u)), because="the remainder of the quotient c H + u by H")
    t.equal(t.state("quotient", Eq(row, c * height + u)), because="v is smaller than W")
    t.equal(t.state("channel", Eq(floor((c * height + u) / height), c)), because="u is smaller than H")
    t.compare(
        t.state("last position", Le(position, channels * height * width - 1)),
        [(channels - 1 - c) * height * width, (height - 1 - u) * width, width - 1 - v],
        because="with the last entry of each index it is C H W - 1: as many positions as entries",
    )
    x = t.vector("x", channels, height, width)
    i, j, k = t.index("i", channels), t.index("j", height), t.index("k", width)
    g = t.vector("g", channels, height, width)
    loss = total(channels, lambda i: total(height, lambda j: total(width, lambda k: g[i, j, k] * x[i, j, k])))
    t.equal(
        t.state("gradient", Eq(Derivative(loss, x[i, j, k]), g[i, j, k])),
        because="what arrives at a position goes to its entry",
    )


@theorem(
    "A dense layer on flattened images is blind to the order of the pixels: permuted inputs, weights and "
    "gradients correspond",
    covers=["003:flattening-images"],
    sources=[Source("003", "l.678", "an MLP on the flattened image loses the spatial structure")],
)
def permutation_blindness(t: Proof) -> None:
    """Every permutation is a product of exchanges; P exchanges pixels a and b, and P'P = I is all that is used."""
    units, pixels = t.size("m"), t.size("n")
    w, x, d = t.vector("W", units, pixels), t.vector("x", pixels), t.vector("d", units)
    a, b = t.index("a", pixels), t.index("b", pixels)
    i, k, q = t.index("i", units), t.index("k", pixels), t.index("q", pixels)
    sign = lambda r: KroneckerDelta(r, a) - KroneckerDelta(r, b)  # noqa: E731
    p = lambda r, s: KroneckerDelta(r, s) - sign(r) * sign(s)  # noqa: E731
    t.equal(
        t.state("orthogonal", Eq(total(pixels, lambda r: p(r, k) * p(r, q)), KroneckerDelta(k, q))),
        because="exchanging twice restores the order",
    )
    moved_weights = lambda i, r: total(pixels, lambda s: w[i, s] * p(r, s))  # noqa: E731 - W P'
    moved_input = lambda r: total(pixels, lambda s: p(r, s) * x[s])  # noqa: E731 - P x
    t.equal(
        t.state(
            "same pre-activations",
            Eq(total(pixels, lambda r: moved_weights(i, r) * moved_input(r)), total(pixels, lambda s: w[i, s] * x[s])),
        ),
        because="W P'P x = W x",
    )
    t.equal(
        t.state("gradients correspond", Eq(d[i] * moved_input(k), total(pixels, lambda s: d[i] * x[s] * p(k, s)))),
        because="d (P x)' = (d x') P': both networks stay each other's image along all of gradient descent",
    )
