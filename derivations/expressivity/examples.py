"""Examples: XOR and parity, models linear in their parameters, and the fit of two layers."""

from __future__ import annotations

from sympy import Abs, Derivative, Implies, KroneckerDelta, Max, Rational, tanh

from ..kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Proof,
    Source,
    bernoulli,
    correlated,
    misprint,
    product,
    theorem,
    total,
)
from .one_layer import relu

HALF = Rational(1, 2)


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
        because="no product of parity and bit survives",
    )
    d = t.size("d")
    weights, all_bits = t.vector("v", d), t.random("z", correlated(HALF, lambda i, j: KroneckerDelta(i, j) / 4, [d]))
    odd = t.random("odd", bernoulli(HALF))
    slopes = total(d, lambda i: weights[i])
    t.expectation(
        t.state(
            "loss of an affine function of all bits",
            Eq(
                Expectation((odd - b - total(d, lambda i: weights[i] * all_bits[i])) ** 2),
                Rational(1, 4) + (b + slopes / 2 - HALF) ** 2 + total(d, lambda i: weights[i] ** 2) / 4,
            ),
        ),
        because="a squared error sees means and covariances only, and those of parity and bits are of independent ones",
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
