"""tanh: the sigmoid stretched, and what saturation absorbs."""

from __future__ import annotations

from sympy import Derivative, Max, exp, tanh

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, theorem, total
from .sigmoid import sigmoid


@theorem(
    "tanh is the sigmoid stretched to (-1, 1): odd, with slope 1 - tanh^2 that is less than 4 e^(-2|z|), and within"
    " |z|^3/3 of the identity",
    covers=["000:tanh-unit", "003:tanh-definition", "000:tanh-near-identity", "000:sigmoid-tanh-saturate"],
    sources=[
        Source("000", "l.39-46", "g(z) = tanh(z); saturates; resembles the identity around 0"),
        Source("003", "l.76-78", "tanh(x) = (e^x - e^(-x)) / (e^x + e^(-x))"),
    ],
)
def tanh_function(t: Proof) -> None:
    """Everything follows from tanh z = 1 - 2/(1 + e^(2z)) and from tanh' = 1 - tanh^2 <= 1."""
    z, y = t.real("z"), t.nonnegative("y")
    r = t.real("r", 0, y)
    t.equal(
        t.state("definition", Eq((exp(z) - exp(-z)) / (exp(z) + exp(-z)), tanh(z))),
        because="the quotient of sinh and cosh",
    )
    t.equal(
        t.state("stretched sigmoid", Eq(2 * sigmoid(2 * z) - 1, tanh(z))), because="multiply by e^z above and below"
    )
    t.equal(
        t.state("odd", Eq((exp(-z) - exp(z)) / (exp(-z) + exp(z)), -tanh(z))), because="the numerator changes its sign"
    )
    t.equal(
        t.state("slope", Eq(Derivative(tanh(z), z), 1 - tanh(z) ** 2)),
        because="from the output alone, as sigma (1 - sigma)",
    )
    t.compare(
        t.state("inside (-1, 1)", Lt(tanh(z) ** 2, 1)),
        4 * exp(2 * z) / (1 + exp(2 * z)) ** 2,
        because="tanh z = 1 - 2/(1 + e^(2z)), whose square is 1 - 4 e^(2z)/(1 + e^(2z))^2",
    )
    t.compare(
        t.state("saturation", Lt(1 - tanh(y) ** 2, 4 * exp(-2 * y))),
        4 * exp(-2 * y) * (2 * exp(-2 * y) + exp(-4 * y)) / (1 + exp(-2 * y)) ** 2,
        because="1 - tanh^2 = 4 q / (1 + q)^2 with q = e^(-2y), and (1 + q)^2 > 1",
    )
    below = t.monotone(
        t.state("below the identity", Ge(y - tanh(y), 0)),
        r - tanh(r),
        r,
        because="the derivative of z - tanh z is tanh^2",
    )
    at_r = [t.instance(below, {y: r}, because="at r")]
    cubic = t.monotone(
        Ge(y**3 / 3 - y + tanh(y), 0),
        r**3 / 3 - r + tanh(r),
        r,
        using=at_r,
        because="its derivative is r^2 - tanh(r)^2 = (r - tanh r)(r + tanh r)",
    )
    t.compare(
        t.state("near the identity", Le(y - tanh(y), y**3 / 3)),
        y**3 / 3 - y + tanh(y),
        using=[cubic],
        because="rearranged",
    )


@theorem(
    "Every tanh network is a sigmoid network: doubled weights in, doubled weights out and a shifted bias",
    covers=["000:tanh-unit", "003:tanh-definition"],
    sources=[Source("000", "l.39", "tanh(z) = 2 sigma(2 z) - 1")],
)
def tanh_network_as_sigmoid_network(t: Proof) -> None:
    """One layer and the layer that reads it; applied to each layer in turn it covers any depth."""
    outputs, hidden, inputs = t.size("p"), t.size("n"), t.size("d")
    v, c = t.vector("V", outputs, hidden), t.vector("c", outputs)
    w, b, x = t.vector("W", hidden, inputs), t.vector("b", hidden), t.vector("x", inputs)
    i, j = t.index("i", outputs), t.index("j", hidden)
    pre = lambda j: total(inputs, lambda m: w[j, m] * x[m]) + b[j]  # noqa: E731
    doubled = lambda j: total(inputs, lambda m: 2 * w[j, m] * x[m]) + 2 * b[j]  # noqa: E731
    t.equal(t.state("one unit", Eq(tanh(pre(j)), 2 * sigmoid(doubled(j)) - 1)), because="tanh z = 2 sigma(2 z) - 1")
    z = t.vector("z", hidden)
    before = total(hidden, lambda j: v[i, j] * tanh(z[j])) + c[i]
    after = total(hidden, lambda j: 2 * v[i, j] * sigmoid(2 * z[j])) + c[i] - total(hidden, lambda j: v[i, j])
    t.equal(t.state("the next layer", Eq(before, after)), because="the factor 2 goes into V, the -1 into the bias")


@theorem(
    "Whatever gain above c multiplies its input a, a tanh unit stays between tanh(c|a|) and 1, which are at most "
    "2 e^(-2c|a|) apart; a ReLU scales with the gain",
    covers=["000:saturating-units-light-change"],
    sources=[Source("000", "l.47", "saturation can be useful: robust to changes of light, for example")],
)
def saturation_absorbs_gains(t: Proof) -> None:
    """p = c|a| > 0 is the smallest pre-activation, p + x any other, without bias; for a < 0 all is mirrored."""
    p, x = t.positive("p"), t.nonnegative("x")
    r = t.real("r", p, p + x)
    response = lambda z: 1 - 2 / (1 + exp(2 * z))  # noqa: E731 - tanh z
    t.equal(t.state("response", Eq(response(p), tanh(p))), because="tanh as a function of e^(2z)")
    t.monotone(
        t.state("at least tanh(p)", Ge(response(p + x), response(p))),
        response(r),
        r,
        because="tanh increases with the gain",
    )
    t.compare(
        t.state("below 1", Lt(response(p + x), 1)),
        2 / (1 + exp(2 * p + 2 * x)),
        because="so two gains differ by 1 - tanh(p) at most",
    )
    t.compare(
        t.state("exponentially small", Le(1 - response(p), 2 * exp(-2 * p))),
        2 * exp(-2 * p) / (1 + exp(2 * p)),
        because="2/(1 + e^(2p)) <= 2 e^(-2p)",
    )
    gain, a = t.positive("g"), t.real("a")
    t.equal(t.state("relu", Eq(Max(0, gain * a), gain * Max(0, a))), because="a positive factor leaves the maximum")
    n, offset = t.size("n"), t.real("b")
    v, image = t.vector("v", n), t.vector("q", n)
    mean = total(n, lambda k: v[k]) / n
    t.equal(
        t.state(
            "brightness",
            Eq(total(n, lambda k: (v[k] - mean) * (image[k] + offset)), total(n, lambda k: (v[k] - mean) * image[k])),
        ),
        because="weights that sum to 0 do not see a common offset, whatever the activation",
    )
