"""From one dense layer to networks of any depth: what the backward pass multiplies by, layer by layer."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, exp, log

from ..kernel import Eq, Proof, Source, theorem, total

DECK = "003"


@theorem(
    "Through a dense layer a = W h + b the gradient d in a becomes d h' in W, d in b and W'd in h, summed over a batch",
    covers=[
        "000:dense-layers-head", "000:logits-orientation", "003:artificial-neuron", "003:bp-output-bias-eq1",
        "003:bp-output-weights-eq2",
        "003:bp-hidden-activation-gradient", "003:bp-hidden-bias-eq4", "003:preactivation-sum-index",
    ],
    sources=[
        Source("000", "l.20-24", "h_5 = g(W_5 h_4' + b_5), h_6 = g(W_6 h_5 + b_6), y = W_7 h_6 + b_7"),
        Source("000", "l.149, l.170", "y = W h + b and z = W^T h + b"),
        Source(DECK, "l.60-65", "y_i = phi(<w_i, x> + b_i)"),
        Source(DECK, "l.391-410", "grad_b loss = f(x) - e(y); grad_W loss = (f(x) - e(y)) h(x)'"),
        Source(DECK, "l.412-424", "grad_h loss = W' grad_a loss"),
    ],
)  # fmt: skip
def dense_layer_gradients(t: Proof) -> None:
    """The layer is linear in each of W, b and h; a loss enters only through its gradient d in the pre-activations."""
    batch, rows, columns = t.size("m"), t.size("p"), t.size("q")
    weight, bias = t.vector("W", rows, columns), t.vector("b", rows)
    h, d = t.vector("h", batch, columns), t.vector("d", batch, rows)
    s, i, r, c = t.index("s", batch), t.index("i", rows), t.index("r", rows), t.index("c", columns)
    other = t.index("e", columns)
    a = lambda s, i: total(columns, lambda j: weight[i, j] * h[s, j]) + bias[i]  # noqa: E731
    t.equal(
        t.state("in the weights", Eq(Derivative(a(s, i), weight[r, c]), KroneckerDelta(i, r) * h[s, c])),
        because="a_i reads row i of W only, entry by entry times h",
    )
    t.equal(
        t.state("in the bias", Eq(Derivative(a(s, i), bias[r]), KroneckerDelta(i, r))),
        because="each unit has its own bias",
    )
    t.equal(
        t.state("in the input", Eq(Derivative(a(s, i), h[s, c]), weight[i, c])), because="the sum has one term with h_c"
    )
    loss = total(batch, lambda s: total(rows, lambda i: d[s, i] * a(s, i)))  # to first order, d its gradient in a
    t.equal(
        t.state(
            "gradient in the weights", Eq(Derivative(loss, weight[r, c]), total(batch, lambda s: d[s, r] * h[s, c]))
        ),
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
    z = t.vector("z", rows)
    column = lambda c: total(rows, lambda r: weight[r, c] * z[r])  # noqa: E731 - the convention W'h
    t.equal(
        t.state("column convention", Eq(Derivative(column(c), weight[r, other]), KroneckerDelta(c, other) * z[r])),
        because="with z = W'h a class owns a column: the gradient in W is h d', the transpose of the one above",
    )
    u = t.vector("u", columns)
    forward = total(rows, lambda i: d[s, i] * total(columns, lambda j: weight[i, j] * u[j]))
    backward = total(columns, lambda j: total(rows, lambda i: weight[i, j] * d[s, i]) * u[j])
    t.equal(t.state("adjoint", Eq(forward, backward)), because="<d, W u> = <W'd, u>: exchange the two sums")


@theorem(
    "An elementwise activation multiplies the gradient by phi'(a), so a network with one hidden layer has the "
    "gradient of equations (1) to (4)",
    covers=[
        "003:bp-preactivation-gradient", "003:bp-hidden-weights-eq3", "002:mlp-gradient-recap",
        "003:mlp-forward-recursion", "003:forward-pass-cache",
    ],
    sources=[
        Source(DECK, "l.156-172", "a^(k) = b^(k) + W^(k) h^(k-1), h^(k) = phi(a^(k)), f(x, theta) = psi(a^(L+1))"),
        Source(DECK, "l.426-432", "grad_a loss = grad_h loss * phi'(a)"),
        Source(DECK, "l.434-447", "grad_W loss = grad_a loss h'; grad_b loss = grad_a loss"),
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
        t.state("output bias", Eq(Derivative(loss, second_bias[i]), output(i))),
        because="(1): softmax cross-entropy in its logits",
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


@theorem(
    "Three layers: the gradient in a layer's parameter is the row dL/df_3 times the Jacobians of the layers above, "
    "times the layer's own derivative",
    covers=["000:layer-composition", "000:chain-rule-three-layers"],
    sources=[
        Source("000", "l.711-723", "f(x; theta) = f_3(f_2(f_1(x; theta_1); theta_2); theta_3)"),
        Source("000", "l.725-741", "dJ_i/dtheta_1 = dL/df_3 df_3/df_2 df_2/df_1 df_1/dtheta_1, and so on"),
    ],
)
def three_layer_chain_rule(t: Proof) -> None:
    """Three layers with smooth functions of their own and one parameter each, a gain of the layer's matrix.

    The loss is written to first order, by its row of partial derivatives dL/df_3 at the forward values.
    """
    last, middle, first, inputs = t.size("p"), t.size("q"), t.size("r"), t.size("d")
    gain = t.vector("theta", 3)
    c, b, a = t.vector("C", last, middle), t.vector("B", middle, first), t.vector("A", first, inputs)
    x, row3 = t.vector("x", inputs), t.vector("l", last)  # l = dL/df_3
    f, g, h = (t.function(name) for name in ("f", "g", "h"))
    z1 = lambda k: total(inputs, lambda m: a[k, m] * x[m])  # noqa: E731
    f1 = lambda k: f(gain[1] * z1(k))  # noqa: E731
    z2 = lambda k: total(first, lambda m: b[k, m] * f1(m))  # noqa: E731
    f2 = lambda k: g(gain[2] * z2(k))  # noqa: E731
    z3 = lambda k: total(middle, lambda m: c[k, m] * f2(m))  # noqa: E731
    f3 = lambda k: h(gain[3] * z3(k))  # noqa: E731
    objective = total(last, lambda k: row3[k] * f3(k))
    above3 = lambda k: row3[k] * h(gain[3] * z3(k)).fdiff()  # noqa: E731
    row2 = lambda k: total(last, lambda m: above3(m) * gain[3] * c[m, k])  # noqa: E731 - times df_3/df_2
    above2 = lambda k: row2(k) * g(gain[2] * z2(k)).fdiff()  # noqa: E731
    row1 = lambda k: total(middle, lambda m: above2(m) * gain[2] * b[m, k])  # noqa: E731 - times df_2/df_1
    above1 = lambda k: row1(k) * f(gain[1] * z1(k)).fdiff()  # noqa: E731
    t.equal(
        t.state("layer 3", Eq(Derivative(objective, gain[3]), total(last, lambda k: above3(k) * z3(k)))),
        because="the row of the loss times the layer's own Jacobian",
    )
    t.equal(
        t.state("layer 2", Eq(Derivative(objective, gain[2]), total(middle, lambda k: above2(k) * z2(k)))),
        because="the row is multiplied by the Jacobian of layer 3 once, from the right",
    )
    t.equal(
        t.state("layer 1", Eq(Derivative(objective, gain[1]), total(first, lambda k: above1(k) * z1(k)))),
        because="and once more by that of layer 2: no product of two matrices is ever formed",
    )


@theorem(
    "Backpropagation is exact for every depth: the recursion over layers pairs each parameter's change with the "
    "gradient at its layer",
    covers=[
        "000:backprop-recursion",
        "002:mlp-gradient-recap",
        "003:bp-hidden-weights-eq3",
        "003:backward-pass-loop-bounds",
    ],
    sources=[
        Source("000", "l.743", "M_3 = dL/df_3; M_k = M_(k+1) df_(k+1)/df_k; dJ/dtheta_k = M_k df_k/dtheta_k"),
        Source(DECK, "l.463-479", "for k = L + 1 .. 1: gradients of layer k, then of layer k - 1"),
    ],
)
def backpropagation_of_any_depth(t: Proof) -> None:
    """Layers are counted from the output: layer 1 is the last. A change of the parameters moves the pre-activations of
    layer r by v_r; of this, c_r = v_r - W_r phi'(a_(r+1)) v_(r+1) is what the layer's own parameters cause (dW h + db).
    """
    n, k = t.size("n"), t.time("k")
    weight, slope = t.vector("W", k + 2, n, n), t.vector("p", k + 2, n)  # p_r = phi'(a_r), stored by the forward pass
    v, start = t.vector("v", k + 2, n), t.vector("g", n)
    i, j = t.index("i", n), t.index("j", n)
    sent_back = lambda x: total(n, lambda m: weight[k + 1, m, j] * x(m, k))  # noqa: E731
    (delta,) = t.recursion(k, delta=((j,), start[j], lambda delta: sent_back(delta) * slope[k + 2, j]))
    carried = lambda r, i: total(n, lambda m: weight[r, i, m] * slope[r + 1, m] * v[r + 1, m])  # noqa: E731
    own = lambda r, i: v[r, i] - carried(r, i)  # noqa: E731
    explained = lambda k: total(k, lambda r: total(n, lambda i: delta(i, r - 1) * own(r, i)))  # noqa: E731
    output_change = total(n, lambda i: start[i] * v[1, i])
    remaining = lambda k: total(n, lambda i: delta(i, k) * v[k + 1, i])  # noqa: E731
    t.induct(
        t.state("any depth", Eq(explained(k), output_change - remaining(k))),
        over=k,
        because="what the last k layers do not explain has passed to the layer before, through W and phi'",
    )
    (jacobian,) = t.recursion(
        k,
        J=(
            (i, j),
            KroneckerDelta(i, j),
            lambda J: total(n, lambda m: J(i, m, k) * weight[k + 1, m, j] * slope[k + 2, j]),
        ),
    )
    t.induct(
        t.state("product of Jacobians", Eq(delta(j, k), total(n, lambda m: start[m] * jacobian(m, j, k)))),
        over=k,
        because="multiplying the row g from the left keeps a vector where J keeps a matrix",
    )
