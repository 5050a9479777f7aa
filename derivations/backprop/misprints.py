"""Indices and layers as printed: sums over the wrong index, the wrong activation, one layer too many."""

from __future__ import annotations

from sympy import Derivative, Max, exp

from ..kernel import Eq, Proof, Source, misprint, total

DECK = "003"


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
