"""Backpropagation: the gradient of a network of any depth and any width, from the chain rule down to its cost.

Notation: a^(k) = W^(k) h^(k-1) + b^(k) are the pre-activations of layer k, h^(k) = phi(a^(k)) its outputs, h^(0) = x, and
delta^(k) is the gradient of the loss in a^(k). phi is an arbitrary smooth function; phi' is its derivative. Layers of
different widths are layers of one width n with rows and columns of zeros.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Implies, KroneckerDelta, Max, Rational, exp, log

from .kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

DECK = "003"
HALF = Rational(1, 2)


@theorem(
    "Through a dense layer a = W h + b the gradient d in a becomes d h' in W, d in b and W'd in h, summed over a batch",
    covers=[
        "000:dense-layers-head", "003:artificial-neuron", "003:bp-output-bias-eq1", "003:bp-output-weights-eq2",
        "003:bp-hidden-activation-gradient", "003:bp-hidden-bias-eq4", "003:preactivation-sum-index",
    ],
    sources=[
        Source("000", "l.20-24", "h_5 = g(W_5 h_4' + b_5), h_6 = g(W_6 h_5 + b_6), y = W_7 h_6 + b_7"),
        Source(DECK, "l.60-65", "y_i = phi(<w_i, x> + b_i)"),
        Source(DECK, "l.391-424", "grad_b loss = f(x) - e(y); grad_W loss = (f(x) - e(y)) h(x)'; grad_h loss = W' grad_a loss"),
    ],
)  # fmt: skip
def dense_layer_gradients(t: Proof) -> None:
    """The layer is linear in each of W, b and h; a loss enters only through its gradient d in the pre-activations."""
    batch, rows, columns = t.size("m"), t.size("p"), t.size("q")
    weight, bias = t.vector("W", rows, columns), t.vector("b", rows)
    h, d = t.vector("h", batch, columns), t.vector("d", batch, rows)
    s, i, r, c = t.index("s", batch), t.index("i", rows), t.index("r", rows), t.index("c", columns)
    a = lambda s, i: total(columns, lambda j: weight[i, j] * h[s, j]) + bias[i]  # noqa: E731
    t.equal(
        t.state("in the weights", Eq(Derivative(a(s, i), weight[r, c]), KroneckerDelta(i, r) * h[s, c])),
        because="a_i reads row i of W only, entry by entry times h",
    )
    t.equal(
        t.state("in the bias", Eq(Derivative(a(s, i), bias[r]), KroneckerDelta(i, r))), because="each unit has its own bias"
    )
    t.equal(t.state("in the input", Eq(Derivative(a(s, i), h[s, c]), weight[i, c])), because="the sum has one term with h_c")
    loss = total(batch, lambda s: total(rows, lambda i: d[s, i] * a(s, i)))  # to first order, d its gradient in a
    t.equal(
        t.state("gradient in the weights", Eq(Derivative(loss, weight[r, c]), total(batch, lambda s: d[s, r] * h[s, c]))),
        because="the outer product d h' of each example, summed: of rank at most the size of the batch",
    )
    t.equal(
        t.state("gradient in the bias", Eq(Derivative(loss, bias[r]), total(batch, lambda s: d[s, r]))),
        because="as the gradient in a weight whose input is always 1",
    )
    t.equal(
        t.state("gradient in the input", Eq(Derivative(loss, h[s, c]), total(rows, lambda i: weight[i, c] * d[s, i]))),
        because="the transposed matrix: every unit that reads h_c sends back its d times its weight",
    )
    u = t.vector("u", columns)
    forward = total(rows, lambda i: d[s, i] * total(columns, lambda j: weight[i, j] * u[j]))
    backward = total(columns, lambda j: total(rows, lambda i: weight[i, j] * d[s, i]) * u[j])
    t.equal(t.state("adjoint", Eq(forward, backward)), because="<d, W u> = <W'd, u>: exchange the two sums")


@theorem(
    "An elementwise activation multiplies the gradient by phi'(a), so a network with one hidden layer has the gradient of equations (1) to (4)",
    covers=[
        "003:bp-preactivation-gradient", "003:bp-hidden-weights-eq3", "002:mlp-gradient-recap", "000:chain-rule-three-layers",
        "000:layer-composition", "003:mlp-forward-recursion", "003:forward-pass-cache",
    ],
    sources=[
        Source(DECK, "l.156-172", "a^(k) = b^(k) + W^(k) h^(k-1), h^(k) = phi(a^(k)), f(x, theta) = psi(a^(L+1))"),
        Source(DECK, "l.426-447", "grad_a loss = grad_h loss * phi'(a); grad_W loss = grad_a loss h'; grad_b loss = grad_a loss"),
        Source("000", "l.711-741", "dJ/dtheta_1 = dL/df_3 df_3/df_2 df_2/df_1 df_1/dtheta_1"),
    ],
)  # fmt: skip
def hidden_layer_gradients(t: Proof) -> None:
    """The whole network is differentiated at once, loss and softmax included, and compared with the backward pass."""
    classes, hidden, inputs = t.size("K"), t.size("n"), t.size("d")
    phi = t.function("phi")
    x, first, first_bias = t.vector("x", inputs), t.vector("W", hidden, inputs), t.vector("b", hidden)
    second, second_bias = t.vector("V", classes, hidden), t.vector("c", classes)
    y, i, j, r = t.index("y", classes), t.index("i", classes), t.index("j", hidden), t.index("r", inputs)
    a = lambda j: total(inputs, lambda r: first[j, r] * x[r]) + first_bias[j]  # noqa: E731
    logit = lambda i: total(hidden, lambda j: second[i, j] * phi(a(j))) + second_bias[i]  # noqa: E731
    normalizer = total(classes, lambda k: exp(logit(k)))
    loss = log(normalizer) - logit(y)
    output = lambda i: exp(logit(i)) / normalizer - KroneckerDelta(i, y)  # noqa: E731 - f - e(y)
    slope = lambda j: phi(a(j)).fdiff()  # noqa: E731
    delta = lambda j: total(classes, lambda i: second[i, j] * output(i)) * slope(j)  # noqa: E731
    t.equal(
        t.state("output bias", Eq(Derivative(loss, second_bias[i]), output(i))), because="(1): softmax cross-entropy in its logits"
    )
    t.equal(
        t.state("output weights", Eq(Derivative(loss, second[i, j]), output(i) * phi(a(j)))),
        because="(2): the bias gradient times the input of the layer, which is the stored activation h_j",
    )
    t.equal(
        t.state("hidden bias", Eq(Derivative(loss, first_bias[j]), delta(j))),
        because="(4): back through V, then times the slope of the activation at the stored pre-activation",
    )
    t.equal(
        t.state("hidden weights", Eq(Derivative(loss, first[j, r]), delta(j) * x[r])),
        because="(3): the bias gradient times the input of the layer",
    )
    t.equal(
        t.state("input", Eq(Derivative(loss, x[r]), total(hidden, lambda j: first[j, r] * delta(j)))),
        because="one more transposed matrix and no slope: x is no activation",
    )
