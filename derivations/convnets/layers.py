"""Layers of convolutions: sums over the input maps, and how many parameters they have."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, Max

from ..kernel import Eq, Proof, Source, misprint, theorem, total


@theorem(
    "A convolution layer sums over its input channels, and its gradients do the same: every output map sees every"
    " input map",
    covers=["000:conv-layer-three-sums-channels", "004:simple-complex-sandwich"],
    sources=[
        Source("000", "l.16", "h_3 = [g(f_(3,1) * h_(2,1)), ..., g(f_(3,n) * h_(2,n))]"),
        Source("004", "l.1361-1381", "convolution with shared kernels, non-linearity, pooling"),
    ],
)
def convolution_layer_gradients(t: Proof) -> None:
    """Images: C maps in, O maps out, K x K taps, stride s in both directions; g is the gradient in the pre-
    activations.
    """
    maps, channels, taps, stride = t.size("O"), t.size("C"), t.size("K"), t.size("s")
    height, width = t.size("M"), t.size("N")
    rows, columns = stride * (height - 1) + taps, stride * (width - 1) + taps
    f, bias = t.vector("f", maps, channels, taps, taps), t.vector("b", maps)
    x, g = t.vector("x", channels, rows, columns), t.vector("g", maps, height, width)
    o, c, a, b = t.index("o", maps), t.index("c", channels), t.index("i", taps), t.index("j", taps)
    p, q = t.index("p", rows), t.index("q", columns)
    place = lambda u, k: stride * (u - 1) + k  # noqa: E731
    seen = lambda c, a, b, u, v: x[c, place(u, a), place(v, b)]  # noqa: E731
    channel = lambda o, c, u, v: total(taps, lambda a: total(taps, lambda b: f[o, c, a, b] * seen(c, a, b, u, v)))  # noqa: E731
    y = lambda o, u, v: total(channels, lambda c: channel(o, c, u, v)) + bias[o]  # noqa: E731
    outputs = lambda term: total(height, lambda u: total(width, lambda v: term(u, v)))  # noqa: E731
    loss = outputs(lambda u, v: g[o, u, v] * y(o, u, v))  # of one output map; the maps add up
    t.equal(
        t.state("in the bias", Eq(Derivative(loss, bias[o]), outputs(lambda u, v: g[o, u, v]))),
        because="one bias for a whole map",
    )
    t.equal(
        t.state(
            "in the filters",
            Eq(Derivative(loss, f[o, c, a, b]), outputs(lambda u, v: g[o, u, v] * seen(c, a, b, u, v))),
        ),
        because="a tap is shared by all places of its output map",
    )
    hits = lambda u, v, a, b: KroneckerDelta(p, place(u, a)) * KroneckerDelta(q, place(v, b))  # noqa: E731
    scattered = outputs(
        lambda u, v: total(taps, lambda a: total(taps, lambda b: g[o, u, v] * f[o, c, a, b] * hits(u, v, a, b)))
    )
    t.equal(
        t.state("in the input", Eq(Derivative(loss, x[c, p, q]), scattered)),
        because="the transposed convolution: input map c receives something from every output map o",
    )


@theorem(
    "A depthwise convolution is the layer whose filters vanish between different maps, and the number of "
    "parameters ignores the image",
    covers=["000:conv-layer-three-sums-channels", "004:simple-complex-sandwich"],
    sources=[Source("004", "l.1361-1381", "shared kernels")],
)
def convolution_parameters(t: Proof) -> None:
    """What the printed formula of the deck computes, as a special case; and a count of weights."""
    channels, taps, places = t.size("C"), t.size("K"), t.size("N")
    w, x = t.vector("w", channels, taps), t.vector("x", channels, places + taps)
    o, u = t.index("o", channels), t.index("u", places)
    standard = total(channels, lambda c: total(taps, lambda a: KroneckerDelta(o, c) * w[o, a] * x[c, u + a]))
    t.equal(
        t.state("depthwise", Eq(standard, total(taps, lambda a: w[o, a] * x[o, u + a]))),
        because="filters that are 0 between different maps leave each map alone",
    )
    maps, sources, groups = t.size("O"), t.size("I"), t.size("G")
    parameter_counts(t, maps, sources, taps)
    grouped = total(groups, lambda g: total(maps, lambda o: total(sources, lambda c: total(taps, lambda a: 1))))
    t.equal(
        t.state("groups", Eq(grouped, (groups * maps) * (groups * sources) * taps / groups)),
        because="G groups of O by I maps: a G-th of the weights between G O and G I maps",
    )


def parameter_counts(t: Proof, maps: Any, channels: Any, taps: Any) -> None:
    """The number of parameters does not depend on the size of the image."""
    ones = total(maps, lambda o: total(channels, lambda c: total(taps, lambda a: total(taps, lambda b: 1))))
    t.equal(
        t.state("parameters", Eq(ones + total(maps, lambda o: 1), maps * (channels * taps**2 + 1))),
        because="one weight for each pair of maps and each tap, and a bias for each output map",
    )


@misprint(
    "A convolution layer does not apply one filter to each input map",
    corrected="convolution-layer-gradients",
    covers=["000:conv-layer-three-sums-channels"],
    sources=[Source("000", "l.16", "h_3 = [g(f_(3,1) * h_(2,1)), ..., g(f_(3,n) * h_(2,n))]")],
)
def convolution_without_channel_sum(t: Proof) -> None:
    """Two 1 x 1 maps of value 1 and taps of value 1: the layer gives 2, the printed one 1."""
    channels = t.size("C")
    o = t.index("o", channels)
    f, x = t.vector("f", channels, channels), t.vector("x", channels)
    t.refute(
        Eq(Max(0, total(channels, lambda c: f[o, c] * x[c])), Max(0, f[o, o] * x[o])),
        {channels: 2, o: 1, f: [[1, 1], [1, 1]], x: [1, 1]},
        because="as printed, map 2 is never seen by filter 1, and the number of maps cannot change",
    )


@theorem(
    "LeNet-5 with full connections has 61 706 parameters on 32 x 32 images, and on no other size",
    covers=["004:lenet5-architecture"],
    sources=[Source("004", "l.1338-1343, l.1384-1392", "LeNet-5: conv 6@5x5, pool, conv 16@5x5, pool, 120, 84, 10")],
)
def lenet_parameters(t: Proof) -> None:
    """On images of side S; only the first dense layer sees S, through maps of side (S - 12)/4."""
    side = t.positive("S")
    after = lambda side: (side - 4) / 2  # noqa: E731 - a 5 x 5 convolution and a 2 x 2 pooling
    rows, columns = t.size("p"), t.size("q")
    counted = total(rows, lambda i: total(columns, lambda j: 1) + 1)
    t.equal(
        t.state("one layer", Eq(counted, rows * (columns + 1))),
        because=(
            "q weights and a bias for each of p units; a convolution has one row for each map and a column for each tap"
        ),
    )
    layer = lambda p, q: p * (q + 1)  # noqa: E731
    parameters = (
        layer(6, 25) + layer(16, 6 * 25) + layer(120, 16 * after(after(side)) ** 2) + layer(84, 120) + layer(10, 84)
    )
    t.equal(
        t.state("parameters", Eq(parameters - 61706, 120 * (side - 32) * (side + 8))),
        because="156 + 2 416 + 120 ((S - 12)^2 + 1) + 10 164 + 850: exactly 61 706 for S = 32",
    )
