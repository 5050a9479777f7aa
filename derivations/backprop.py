"""Backpropagation: the gradient of a network of any depth and any width, from the chain rule down to its cost.

Notation: a^(k) = W^(k) h^(k-1) + b^(k) are the pre-activations of layer k, h^(k) = phi(a^(k)) its outputs, h^(0) = x,
and delta^(k) is the gradient of the loss in a^(k). phi is an arbitrary smooth function; phi' is its derivative. Layers
of different widths are layers of one width n with rows and columns of zeros.
"""

from __future__ import annotations

from sympy import Abs, Derivative, KroneckerDelta, Max, Rational, exp, log, pi, sqrt

from .kernel import Eq, Ge, Le, Lt, Proof, Source, misprint, theorem, total

DECK = "003"
HALF = Rational(1, 2)


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
    "The gradient in the parameters of layer k is the row dL/df_K times the Jacobians of the layers above, times "
    "the layer's own Jacobian",
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


@theorem(
    "The chain rule for a function of J functions: it moves by h sum_j g_j s_j, up to e h times a bounded sum",
    covers=["003:multivariate-chain-rule"],
    sources=[Source(DECK, "l.365-371", "d phi(a(x))/dx_i = sum_j dphi/da_j da_j/dx_i = <grad phi, da/dx_i>")],
)
def multivariate_chain_rule(t: Proof) -> None:
    """Differentiable means: a_j moves by h (s_j + e u_j) and phi by g'(da) + e v sum |da_j|, where |u_j|, |v| <= 1.

    e is the larger of the two relative errors and vanishes with h. Nothing else is known of phi and the a_j.
    """
    parts, h, e = t.size("J"), t.positive("h"), t.nonnegative("e")
    g, s, share = t.vector("g", parts), t.vector("s", parts), t.vector("w", parts, low=0, high=1)
    rest = t.real("v", -1, 1)
    unit = lambda j: 2 * share[j] - 1  # noqa: E731 - u_j, anywhere in [-1, 1]
    moved = lambda j: h * (s[j] + e * unit(j))  # noqa: E731
    speed = total(parts, lambda j: Abs(s[j] + e * unit(j)))
    change = total(parts, lambda j: g[j] * moved(j)) + e * rest * total(parts, lambda j: Abs(moved(j)))
    error = total(parts, lambda j: g[j] * unit(j)) + rest * speed
    t.equal(
        t.state("expansion", Eq(change, h * total(parts, lambda j: g[j] * s[j]) + e * h * error)),
        because="multiply out: every other term has the factor e",
    )
    slopes = total(parts, lambda j: Abs(g[j]))
    toward = lambda side: total(  # noqa: E731 - |g_j| - g_j u_j, or |g_j| + g_j u_j for the other side
        parts, lambda j: (Abs(g[j]) - side * g[j]) * share[j] + (Abs(g[j]) + side * g[j]) * (1 - share[j])
    )
    t.compare(Le(error, slopes + speed), [toward(1), (1 - rest) * speed], because="g_j u_j <= |g_j| and v <= 1")
    t.compare(Ge(error, -slopes - speed), [toward(-1), (1 + rest) * speed], because="-g_j u_j <= |g_j| and v >= -1")


@theorem(
    "A recurrent layer is a deep network with tied weights: its gradient is the sum of delta_t h_(t-1)' over all "
    "time steps",
    covers=["003:recurrent-net-as-unrolled-mlp"],
    sources=[Source(DECK, "l.139-144", "the output of a neuron can be one of its own inputs")],
)
def backpropagation_through_time(t: Proof) -> None:
    """Time is counted from the end: step 1 is the last. Every step has a loss, with gradient e in its output."""
    n, k = t.size("n"), t.time("k")
    weight, slope, error = t.vector("U", n, n), t.vector("p", k + 2, n), t.vector("e", k + 2, n)
    v, memory, change = t.vector("v", k + 2, n), t.vector("h", k + 2, n), t.vector("D", n, n)
    j, row, column = t.index("j", n), t.index("a", n), t.index("b", n)
    (delta,) = t.recursion(
        k,
        delta=(
            (j,),
            slope[1, j] * error[1, j],
            lambda delta: slope[k + 2, j] * (total(n, lambda m: weight[m, j] * delta(m, k)) + error[k + 2, j]),
        ),
    )
    carried = lambda r, i: total(n, lambda m: weight[i, m] * slope[r + 1, m] * v[r + 1, m])  # noqa: E731
    own = lambda r, i: v[r, i] - carried(r, i)  # noqa: E731 - what the parameters cause at step r itself
    direct = lambda r, i: error[r, i] * slope[r, i] * v[r, i]  # noqa: E731 - the change of the loss of step r
    balance = total(k, lambda r: total(n, lambda i: delta(i, r - 1) * own(r, i) - direct(r, i)))
    earlier = total(n, lambda i: (delta(i, k) - slope[k + 1, i] * error[k + 1, i]) * v[k + 1, i])
    t.induct(
        t.state("all steps", Eq(balance, -earlier)),
        over=k,
        because="delta collects the loss of its own step and what later steps send back through U",
    )
    effect = total(
        k, lambda r: total(n, lambda i: delta(i, r - 1) * total(n, lambda m: change[i, m] * memory[r + 1, m]))
    )
    t.equal(
        t.state(
            "tied gradient",
            Eq(Derivative(effect, change[row, column]), total(k, lambda r: delta(row, r - 1) * memory[r + 1, column])),
        ),
        because="one matrix changes at all steps: the contributions of its copies add up",
    )
    two_steps(t)


def two_steps(t: Proof) -> None:
    """The smallest case, one unit and two steps, differentiated as it stands."""
    u, w, bias, before, x1, x2 = t.real("u w c h_0 x_1 x_2")
    phi = t.function("phi")
    a1 = w * x1 + u * before + bias
    a2 = w * x2 + u * phi(a1) + bias
    last = phi(a2).fdiff()
    t.equal(
        t.state("two steps", Eq(Derivative(phi(a2), u), last * phi(a1) + last * u * phi(a1).fdiff() * before)),
        because="delta_2 h_1 + delta_1 h_0: keeping only the last step would lose the second term",
    )


@theorem(
    "The gradient in the probabilities is -delta_jy / f_y, and through the softmax Jacobian it becomes f - e(y)",
    covers=["003:ce-derivative-wrt-probability", "003:softmax-ce-chain-line"],
    sources=[Source(DECK, "l.349-387", "dl/df_j = -1_(y=j) / f_y; dl/da_i = (f_y - 1) 1_(y=i) + f_i 1_(y!=i)")],
)
def cross_entropy_through_probabilities(t: Proof) -> None:
    """The deck's own route: the loss in the probabilities as free variables, then these in the logits."""
    classes = t.size("K")
    f, a = t.vector("f", classes, low=0, open=True), t.vector("a", classes)
    i, j, y = t.index("i", classes), t.index("j", classes), t.index("y", classes)
    t.equal(
        t.state("in the probabilities", Eq(Derivative(-log(f[y]), f[j]), -KroneckerDelta(j, y) / f[y])),
        because="only the probability of the class is read",
    )
    normalizer = total(classes, lambda k: exp(a[k]))
    softmax = lambda k: exp(a[k]) / normalizer  # noqa: E731
    own, other = KroneckerDelta(i, y), 1 - KroneckerDelta(i, y)
    chained = -Derivative(softmax(y), a[i]) / softmax(y)
    t.equal(
        t.state("one term", Eq(chained, (softmax(y) - 1) * own + softmax(i) * other)),
        because="the sum over j has one term; f_y cancels in both cases of the softmax Jacobian",
    )
    t.equal(
        t.state("in the logits", Eq((softmax(y) - 1) * own + softmax(i) * other, softmax(i) - own)),
        because="both cases in one formula",
    )
    jacobian = lambda k: softmax(k) * (KroneckerDelta(k, i) - softmax(i))  # noqa: E731
    summed = total(classes, lambda k: -KroneckerDelta(k, y) / softmax(k) * jacobian(k))
    t.equal(
        t.state("whole sum", Eq(summed, softmax(i) - own)),
        because="the transposed Jacobian applied to the gradient in f",
    )


@misprint(
    "Only one of the two terms of the chain carries the indicator of i != y",
    corrected="cross-entropy-through-probabilities",
    covers=["003:softmax-ce-chain-line"],
    sources=[
        Source(DECK, "l.379", "-1/f_y f_y (1 - f_y) 1_(y!=i) + 1/f_y f_i f_y 1_(y!=i)"),
    ],
)
def softmax_chain_with_one_indicator(t: Proof) -> None:
    """K = 2, equal logits, i = y: the printed derivative is 0, the true one is f_y - 1 = -1/2."""
    classes = t.size("K")
    a, i, y = t.vector("a", classes), t.index("i", classes), t.index("y", classes)
    normalizer = total(classes, lambda k: exp(a[k]))
    f = lambda k: exp(a[k]) / normalizer  # noqa: E731
    different = 1 - KroneckerDelta(i, y)
    t.refute(
        Eq(-(1 - f(y)) * different + f(i) * different, f(i) - KroneckerDelta(i, y)),
        {classes: 2, a: [0, 0], i: 1, y: 1},
        because="the first term belongs to i = y; as printed, the class itself gets no gradient",
    )


@misprint(
    "A pre-activation sums over the columns of W, not over its rows",
    corrected="dense-layer-gradients",
    covers=["003:preactivation-sum-index"],
    sources=[Source(DECK, "l.416-418", "a_i = b_i + sum_i W_(i,j) h_j")],
)
def preactivation_summed_over_rows(t: Proof) -> None:
    """W = (1 2; 3 4), h = (1, 0): unit 1 has the pre-activation 1; summing column 1 gives 4."""
    rows, columns = t.size("p"), t.size("q")
    weight, h = t.vector("W", rows, columns), t.vector("h", columns)
    i, j = t.index("i", rows), t.index("j", columns)
    t.refute(
        Eq(total(columns, lambda k: weight[i, k] * h[k]), total(rows, lambda k: weight[k, j] * h[j])),
        {rows: 2, columns: 2, weight: [[1, 2], [3, 4]], h: [1, 0], i: 1, j: 1},
        because="the printed sum runs over the unit, so every unit gets the same number",
    )


@misprint(
    "The derivative of a pre-activation is in W_ij, not in W_ii",
    corrected="dense-layer-gradients",
    covers=["003:bp-output-weights-eq2"],
    sources=[Source(DECK, "l.405", "da_k / dW_(i,i) = 1_(i=k) h_j")],
)
def weight_with_its_row_index_twice(t: Proof) -> None:
    """Two inputs h = (1, 0), j = 2: the derivative in W_11 is h_1 = 1, the printed one h_2 = 0."""
    n = t.size("n")
    weight, h = t.vector("W", n, n), t.vector("h", n)
    i, j = t.index("i", n), t.index("j", n)
    t.refute(
        Eq(Derivative(total(n, lambda k: weight[i, k] * h[k]), weight[i, i]), h[j]),
        {n: 2, weight: [[0, 0], [0, 0]], h: [1, 0], i: 1, j: 2},
        because="W_ii multiplies h_i, whatever j is",
    )


@misprint(
    "The last layer has the output activation psi, not the hidden activation phi",
    corrected="hidden-layer-gradients",
    covers=["003:forward-pass-cache"],
    sources=[Source(DECK, "l.455-461", "h^(k) = phi(a^(k)) for 1 <= k <= L + 1")],
)
def hidden_activation_on_the_output(t: Proof) -> None:
    """phi = ReLU, psi = softmax, two logits -1: the printed output is (0, 0), which is no distribution."""
    classes = t.size("K")
    a, i = t.vector("a", classes), t.index("i", classes)
    t.refute(
        Eq(Max(0, a[i]), exp(a[i]) / total(classes, lambda k: exp(a[k]))),
        {classes: 2, a: [-1, -1], i: 1},
        because="softmax gives 1/2 for each class",
    )


@misprint(
    "The backward pass stops before the input: there is no a^(0)",
    corrected="backpropagation-of-any-depth",
    covers=["003:backward-pass-loop-bounds"],
    sources=[
        Source(
            DECK, "l.463-479", "for k from L + 1 to 1: ... grad_(a^(k-1)) loss = grad_(h^(k-1)) loss * phi'(a^(k-1))"
        )
    ],
)
def backward_pass_through_the_input(t: Proof) -> None:
    """L = 0, softmax regression: the loop body at k = 1 reads a^(0), but layers start at 1."""
    layers, n, k = t.size("L"), t.size("n"), t.integer("k")
    a, gradient = t.vector("a", layers, n), t.vector("g", n)
    phi, j = t.function("phi"), t.index("j", n)
    t.undefined(
        gradient[j] * phi(a[k - 1, j]).fdiff(),
        {layers: 1, n: 1, k: 1, j: 1, a: [[0]], gradient: [1]},
        because="the input is no activation of a pre-activation; grad_x loss = W' delta has no slope",
    )


@theorem(
    "Forward and backward pass together cost less than three forward passes, however many parameters there are",
    covers=["002:oracle-costs", "003:backprop-cost-and-locality"],
    sources=[
        Source("002", "l.23-29", "f_i costs O(q), grad f_i costs O(q), F and grad F cost O(nq)"),
        Source(DECK, "l.496-497", "backpropagation is local and efficient"),
    ],
)
def backpropagation_cost(t: Proof) -> None:
    """Multiplications are counted: one for each weight forward, one for its gradient, one to send the gradient back."""
    layers, examples = t.size("L"), t.size("N")
    width = t.vector("d", layers + 1, low=1)
    rows, columns = t.size("p"), t.size("q")
    ones = lambda p, q: total(p, lambda i: total(q, lambda j: 1))  # noqa: E731
    t.equal(
        t.state("matrix times vector", Eq(ones(rows, columns), rows * columns)),
        because="one multiplication for each entry: for W h, for W'd and for the outer product d h' alike",
    )
    forward = total(layers, lambda k: width[k] * width[k + 1])
    backward = forward + (forward - width[1] * width[2])  # weight gradients; gradients in the inputs of layers 2..L
    gradient = forward + backward
    t.compare(
        t.state("less than three forward passes", Lt(gradient, 3 * forward)),
        width[1] * width[2],
        because="nothing is sent back through the first layer: no one asks for the gradient in x",
    )
    parameters = total(layers, lambda k: width[k + 1] * (width[k] + 1))
    t.equal(
        t.state("parameters", Eq(ones(rows, columns) + total(rows, lambda i: 1), rows * (columns + 1))),
        because="a layer of p units with q inputs: q weights and a bias for each unit",
    )
    number = ones(3, 4) + total(3, lambda i: 1) + ones(2, 3) + total(2, lambda i: 1)
    t.equal(t.state("a 4-3-2 network", Eq(number, 23)), because="3 rows of 4 + 1, then 2 rows of 3 + 1")
    spare = [
        total(layers, lambda k: (width[k + 1] - 1) * (width[k] + 1)),
        total(layers, lambda k: width[k] - 1),
        2 * (layers - 1),
    ]
    t.compare(
        t.state("finite differences cost more", Ge((parameters + 1) * forward, 3 * forward)),
        [forward * part for part in spare],
        because="one forward pass for each parameter and one more; every layer has at least two parameters",
    )
    segment = t.positive("c")
    t.compare(
        t.state("checkpoints", Ge(layers / segment + segment, 2 * sqrt(layers))),
        (sqrt(segment) - sqrt(layers) / sqrt(segment)) ** 2,
        because="storing every c-th layer and recomputing one segment holds L/c + c layers, least at c = sqrt(L)",
    )
    t.equal(
        t.state("a batch", Eq(total(examples, lambda s: gradient), examples * gradient)),
        because="each example costs the same",
    )


@theorem(
    "The gradient of the mean log-likelihood is the mean score, the score has mean 0 under the model, and the "
    "loss descends along it",
    covers=["001:log-likelihood-gradient-is-expectation", "000:empirical-risk-gradient-linearity"],
    sources=[
        Source("001", "l.71-73", "grad_theta J(theta) = E grad_theta log p(x, y; theta)"),
        Source("000", "l.707-709", "grad_theta J = 1/n sum_i grad_theta J_i"),
    ],
)
def score_and_log_likelihood_gradient(t: Proof) -> None:
    """l(x, theta) is the log-likelihood of one example, any smooth function; softmax and Gaussian are examples."""
    n, classes = t.size("n"), t.size("K")
    x, theta, loglik = t.vector("x", n), t.real("theta"), t.function("l", 2)
    score = lambda v: loglik(v, theta).fdiff(2)  # noqa: E731
    mean = total(n, lambda i: loglik(x[i], theta)) / n
    t.equal(
        t.state("mean score", Eq(Derivative(mean, theta), total(n, lambda i: score(x[i])) / n)),
        because="differentiation is linear: the gradient of a mean is the mean of the gradients",
    )
    t.equal(
        t.state(
            "the loss has the opposite gradient", Eq(Derivative(-mean, theta), -total(n, lambda i: score(x[i])) / n)
        ),
        because=(
            "the loss is the negative log-likelihood: its descent direction is the ascent direction of the likelihood"
        ),
    )
    a = t.vector("a", classes)
    i, y = t.index("i", classes), t.index("y", classes)
    normalizer = total(classes, lambda k: exp(a[k]))
    f = lambda k: exp(a[k]) / normalizer  # noqa: E731
    t.equal(
        t.state("softmax score", Eq(Derivative(log(f(y)), a[i]), KroneckerDelta(i, y) - f(i))),
        because="target minus prediction",
    )
    t.equal(
        t.state("mean 0 under the model", Eq(total(classes, lambda c: f(c) * (KroneckerDelta(i, c) - f(i))), 0)),
        because="the mean of the one-hot vector is f: at the true parameters no direction is better on average",
    )
    point, step = t.real("z"), t.real("eta", 0, 1, open=True)
    normal = lambda m: HALF * (point - m) ** 2 + log(2 * pi) / 2  # noqa: E731
    ascent = theta + step * (point - theta)
    t.compare(
        t.state("the loss descends", Le(normal(ascent), normal(theta))),
        HALF * step * (2 - step) * (point - theta) ** 2,
        because="N(theta, 1) at one point z: the score z - theta leads towards z",
    )


@misprint(
    "Gradient descent on a loss must not step along the negative gradient of the log-likelihood",
    corrected="score-and-log-likelihood-gradient",
    covers=["001:log-likelihood-gradient-is-expectation"],
    sources=[
        Source("001", "l.71-73, l.235", "grad_theta = E grad_theta log p(x, y; theta); theta <- theta - epsilon g")
    ],
)
def descent_on_the_log_likelihood(t: Proof) -> None:
    """N(theta, 1) with one point x = 1 and theta = 0: the printed gradient is +1, and the step goes to -1/2."""
    x, theta, step = t.real("x"), t.real("theta"), t.positive("epsilon")
    loss = lambda m: HALF * (x - m) ** 2  # noqa: E731 - -log p up to a constant
    printed = x - theta  # grad log p
    t.refute(
        Le(loss(theta - step * printed), loss(theta)),
        {x: 1, theta: 0, step: HALF},
        because=(
            "the loss grows from 1/2 to 9/8: the operator grad_theta was printed without the J it acts "
            "on, and with J's sign"
        ),
    )


@theorem(
    "For the squared error the backward pass starts with 2 (f - y), through an elementwise output psi with 2 "
    "psi'(a) (f - y)",
    covers=["003:regression-backprop-exercise"],
    sources=[Source(DECK, "l.499-509", "exercise: the backpropagation equations for the regression")],
)
def squared_error_backpropagation(t: Proof) -> None:
    """Only the first line of the backward pass knows the loss; everything below it is the same."""
    outputs, hidden = t.size("K"), t.size("n")
    psi, phi = t.function("psi"), t.function("phi")
    a, y = t.vector("a", outputs), t.vector("y", outputs)
    i, j, r = t.index("i", outputs), t.index("j", hidden), t.index("r", outputs)
    linear = total(outputs, lambda k: (y[k] - a[k]) ** 2)
    t.equal(t.state("identity output", Eq(Derivative(linear, a[i]), 2 * (a[i] - y[i]))), because="one square has a_i")
    curved = total(outputs, lambda k: (y[k] - psi(a[k])) ** 2)
    t.equal(
        t.state("elementwise output", Eq(Derivative(curved, a[i]), 2 * psi(a[i]).fdiff() * (psi(a[i]) - y[i]))),
        because="the chain rule through psi",
    )
    v, c, z = t.vector("V", outputs, hidden), t.vector("c", outputs), t.vector("z", hidden)
    f = lambda k: total(hidden, lambda m: v[k, m] * phi(z[m])) + c[k]  # noqa: E731
    loss = total(outputs, lambda k: (y[k] - f(k)) ** 2)
    start = lambda k: 2 * (f(k) - y[k])  # noqa: E731
    t.equal(t.state("bias", Eq(Derivative(loss, c[r]), start(r))), because="equation (1) with 2 (f - y)")
    t.equal(
        t.state("weights", Eq(Derivative(loss, v[r, j]), start(r) * phi(z[j]))), because="equation (2) with 2 (f - y)"
    )
    back = total(outputs, lambda k: v[k, j] * start(k)) * phi(z[j]).fdiff()
    t.equal(t.state("hidden layer", Eq(Derivative(loss, z[j]), back)), because="through V and phi', as for any loss")


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("backprop")
