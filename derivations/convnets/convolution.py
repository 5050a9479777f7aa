"""A convolution: its adjoints, its size, and the translations that it commutes with."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, floor

from ..kernel import Eq, Ge, Le, Proof, Source, theorem, total


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
