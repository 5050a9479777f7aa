"""Convolution and pooling: linear maps with shared weights, their adjoints, and what shifts do to them.

Notation: M outputs, K taps f_1..f_K, stride s, dilation d; output t reads the input at the places
place(t, k) = s (t - 1) + d (k - 1) + 1. As in every library, "convolution" is the cross-correlation
sum_k f_k x(place(t, k)); true convolution reverses the filter. Padding is part of the input: a padded input is a
linear function of the image.
"""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, Max, Min, Mod, floor

from .kernel import Eq, Ge, Le, Proof, Source, misprint, theorem, total


class Window:
    """Sizes of a one-dimensional convolution, the places that its windows read, and its result for an input x."""

    def __init__(self, t: Proof, *, strided: bool = True) -> None:
        self.outputs, self.taps = t.size("M"), t.size("K")
        self.stride, self.dilation = (t.size("s"), t.size("d")) if strided else (1, 1)
        self.reach = self.stride * (self.outputs - 1) + self.dilation * (self.taps - 1) + 1
        self.spare = t.time("r")  # inputs that no window reads
        self.inputs = self.reach + self.spare
        self.filter = t.vector("f", self.taps)

    def place(self, t: Any, k: Any) -> Any:
        return self.stride * (t - 1) + self.dilation * (k - 1) + 1

    def convolution(self, x: Any, t: Any) -> Any:
        return total(self.taps, lambda k: self.filter[k] * x(self.place(t, k)))


@theorem(
    "The gradients of a convolution are adjoints: the input receives the transposed convolution, the filter the "
    "correlation of input and gradient",
    covers=["003:cnn-on-tensors", "000:conv-layer-one"],
    sources=[
        Source("000", "l.12", "h_1 = [g(f_(1,1) * x), ..., g(f_(1,n) * x)]"),
        Source("003", "l.33, l.679-681", "convolutional networks act on tensors, trained by the same backpropagation"),
    ],
)
def convolution_adjoint(t: Proof) -> None:
    """Any stride and dilation. g is the gradient in the outputs; every tap scatters f_k g_t to the place that it
    read.
    """
    window = Window(t)
    x, g = t.vector("x", window.inputs), t.vector("g", window.outputs)
    p, k = t.index("p", window.inputs), t.index("k", window.taps)
    y = lambda t: window.convolution(lambda p: x[p], t)  # noqa: E731
    loss = total(window.outputs, lambda t: g[t] * y(t))
    transposed = lambda p: total(  # noqa: E731
        window.outputs,
        lambda t: total(window.taps, lambda k: window.filter[k] * g[t] * KroneckerDelta(p, window.place(t, k))),
    )
    t.equal(
        t.state("in the input", Eq(Derivative(loss, x[p]), transposed(p))),
        because="output t reads x_p through tap k exactly when p = place(t, k): the transposed convolution",
    )
    t.equal(
        t.state(
            "in the filter",
            Eq(Derivative(loss, window.filter[k]), total(window.outputs, lambda t: g[t] * x[window.place(t, k)])),
        ),
        because=(
            "tap k is shared by all outputs, so their contributions add up: a correlation with stride and"
            " dilation exchanged"
        ),
    )
    t.equal(
        t.state("adjoint", Eq(total(window.inputs, lambda p: x[p] * transposed(p)), loss)),
        because="<T x, g> = <x, T'g>: every place that a window reads lies inside the input",
    )
    linearity(t, window, x)
    padding(t)


def linearity(t: Proof, window: Window, x: Any) -> None:
    """Linear in the input; a bias makes the layer affine."""
    z, a, b, output = t.vector("z", window.inputs), t.real("a"), t.real("b"), t.index("t", window.outputs)
    mixed = window.convolution(lambda p: a * x[p] + b * z[p], output)
    apart = a * window.convolution(lambda p: x[p], output) + b * window.convolution(lambda p: z[p], output)
    t.equal(t.state("linear", Eq(mixed, apart)), because="every output is a sum of products with fixed factors")


def padding(t: Proof) -> None:
    """An image of n entries inside an input with l zeros before and r after: the gradient is read off at the same
    places.
    """
    n, left, right = t.size("n"), t.time("l"), t.time("m")
    image, gradient = t.vector("v", n), t.vector("h", left + n + right)
    q = t.index("q", n)
    padded = lambda p: total(n, lambda q: image[q] * KroneckerDelta(p, q + left))  # noqa: E731
    loss = total(left + n + right, lambda p: gradient[p] * padded(p))
    t.equal(
        t.state("padding", Eq(Derivative(loss, image[q]), gradient[q + left])),
        because="entry q stands at q + l; what arrives at the zeros is dropped",
    )


@theorem(
    "Away from the borders the gradient in the input is a convolution with the reversed filter, and true "
    "convolution is correlation with it",
    covers=["003:cnn-on-tensors", "000:conv-layer-one"],
    sources=[Source("000", "l.12", "f * x")],
)
def convolution_flips_the_filter(t: Proof) -> None:
    """Stride 1: place(t, k) = t + k - 1, so p = t + k - 1 is solved by t = p - k + 1, the filter running backwards."""
    taps, before, after = t.size("K"), t.time("b"), t.time("c")
    outputs = before + taps + after
    f, g, x = t.vector("f", taps), t.vector("g", outputs), t.vector("x", outputs + taps - 1)
    output = t.index("t", outputs)
    p = before + taps  # any place that all K taps reach
    scattered = total(outputs, lambda t: total(taps, lambda k: f[k] * g[t] * KroneckerDelta(p, t + k - 1)))
    t.equal(
        t.state("reversed filter", Eq(scattered, total(taps, lambda k: f[k] * g[p + 1 - k]))),
        because="for each tap one output reads p; as k grows the output moves back",
    )
    t.reindex(
        t.state(
            "true convolution",
            Eq(
                total(taps, lambda k: f[k] * x[output + taps - k]),
                total(taps, lambda k: f[taps + 1 - k] * x[output + k - 1]),
            ),
        ),
        lambda k: taps + 1 - k,
        because="read the filter backwards: the flip is a matter of convention, as filters are learned",
    )


@theorem(
    "A window of K taps with dilation d and stride s fits M = floor((N - d(K-1) - 1)/s) + 1 times, and no more, "
    "into N inputs",
    covers=["000:conv-layer-one", "004:simple-complex-sandwich"],
    sources=[Source("000", "l.12-16", "no size is printed"), Source("004", "l.1361-1381", "S C S C ...")],
)
def convolution_output_size(t: Proof) -> None:
    """N = d(K-1) + 1 + s(M-1) + r with a remainder 0 <= r < s is that floor, solved for N (padding counts in N)."""
    outputs, taps, stride, dilation = t.size("M"), t.size("K"), t.size("s"), t.size("d")
    rest = t.integer("r", 0, stride - 1)
    inputs = dilation * (taps - 1) + 1 + stride * (outputs - 1) + rest
    last = lambda t: stride * (t - 1) + dilation * (taps - 1) + 1  # noqa: E731 - place of the last tap of window t
    t.compare(
        t.state("the last window fits", Le(last(outputs), inputs)), rest, because="it ends r places before the end"
    )
    t.compare(
        t.state("one more does not", Ge(last(outputs + 1), inputs + 1)),
        stride - 1 - rest,
        because="the next ends s places later",
    )
    t.equal(
        t.state("formula", Eq(floor((inputs - dilation * (taps - 1) - 1) / stride) + 1, outputs)),
        because="the remainder is smaller than the stride",
    )


@theorem(
    "A convolution commutes with translations: its matrix has one number on each diagonal, and a linear map without "
    "that does not commute",
    covers=["004:shift-invariance", "000:conv-layer-one"],
    sources=[Source("004", "l.1365", "unaffected by shift in position")],
)
def convolution_translation_equivariance(t: Proof) -> None:
    """A signal moved a places to the right inside a longer input gives the outputs of before, a places to the right."""
    outputs, taps, shift = t.size("M"), t.size("K"), t.time("a")
    inputs = outputs + taps - 1
    f, x = t.vector("f", taps), t.vector("x", inputs)
    output, p = t.index("t", outputs), t.index("p", inputs)
    moved = lambda p: total(inputs, lambda q: x[q] * KroneckerDelta(p, q + shift))  # noqa: E731 - zeros elsewhere
    convolution = lambda signal, t: total(taps, lambda k: f[k] * signal(t + k - 1))  # noqa: E731
    t.equal(
        t.state("equivariance", Eq(convolution(moved, output + shift), convolution(lambda p: x[p], output))),
        because="the window moves along with the signal",
    )
    length = t.size("n")
    k, defect, start = t.integer("k", 0, length), t.vector("defect", length + 1), t.real("e")
    (diagonal,) = t.recursion(k, T=(start, lambda T: T(k) + defect[k + 1]))
    t.induct(
        t.state("converse", Eq(diagonal(k), start + total(k, lambda j: defect[j]))),
        over=k,
        because="an impulse at p, moved by 1, answers A[t+1, p+1] at t + 1 instead of A[t, p]: without such defects "
        "the entries of a linear map do not change along a diagonal, and it is a convolution",
    )
    matrix = lambda t, p: total(taps, lambda k: f[k] * KroneckerDelta(p, t + k - 1))  # noqa: E731
    t.equal(
        t.state("toeplitz", Eq(matrix(output + shift, p + shift), matrix(output, p))),
        because="the entry depends on p - t alone: K numbers for the whole matrix, weight sharing",
    )
    t.equal(
        t.state(
            "dense layer", Eq(total(inputs, lambda p: matrix(output, p) * x[p]), convolution(lambda p: x[p], output))
        ),
        because="a convolution is a dense layer with this matrix",
    )


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


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("convnets")
