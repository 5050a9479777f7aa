"""What the backward pass costs: less than two more forward passes."""

from __future__ import annotations

from sympy import sqrt

from ..kernel import Eq, Ge, Lt, Proof, Source, theorem, total

DECK = "003"


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
