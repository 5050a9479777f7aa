"""One pass with scaled weights: where it is the mean of all masks, and where it is not."""

from __future__ import annotations

from sympy import Max, Rational, exp, log

from ..kernel import Eq, Expectation, Proof, Source, bernoulli, independent, misprint, theorem, total

DECK = "000"


@theorem(
    "The normalized geometric mean over all dropout masks of a softmax classifier is softmax((1-p) W x + b)",
    covers=[
        "000:dropout-linear-exact",
        "000:dropout-geometric-mean",
        "000:dropout-training-mask",
        "000:dropout-w-column-index",
    ],
    sources=[
        Source(DECK, "l.570-572", "p_ensemble(y|x) = (prod_mu p(y|x, mu))^(1/2^d), normalized"),
        Source(DECK, "l.587-596", "softmax(W x / 2 + b)"),
    ],
)
def dropout_weight_scaling(t: Proof) -> None:
    """The logarithm of a masked probability is linear in the mask, up to a normalizer that all classes share."""
    classes, n = t.size("K"), t.size("n")
    y, i = t.index("y", classes), t.index("i", n)
    p = t.real("p", 0, 1, open=True)
    weight, bias, x = t.vector("W", classes, n), t.vector("b", classes), t.vector("x", n)
    mask = t.random("mu", bernoulli(1 - p, [n]))
    logit = lambda c, scale: total(n, lambda k: weight[c, k] * scale(k) * x[k]) + bias[c]  # noqa: E731

    def softmax(c, scale):
        return exp(logit(c, scale)) / total(classes, lambda m: exp(logit(m, scale)))

    masked = lambda c: softmax(c, lambda k: mask[k])  # noqa: E731
    geometric = lambda c: exp(Expectation(log(masked(c))))  # noqa: E731 - prod over masks of P^p(mask)
    scaled = softmax(y, lambda k: 1 - p)
    t.expectation(
        t.state("expected activation", Eq(Expectation(mask[i] * x[i]), (1 - p) * x[i])),
        because="a unit is kept with probability 1 - p",
    )
    t.expectation(
        t.state("weight scaling", Eq(geometric(y) / total(classes, geometric), scaled)),
        because="E log P_y = sum_k W_yk (1-p) x_k + b_y - E log Z, and E log Z is the same for every class",
    )
    fair = t.random("nu", bernoulli(Rational(1, 2), [n]))
    root = lambda c: exp(Expectation(log(softmax(c, lambda k: fair[k]))))  # noqa: E731 - the 2^n-th root of the product
    t.expectation(
        t.state("half", Eq(root(y) / total(classes, root), softmax(y, lambda k: Rational(1, 2)))),
        because="at p = 1/2 all 2^n masks are equally likely, so the weighted geometric mean is the plain one",
    )


@misprint(
    "Weight scaling is not exact for a network with a hidden ReLU",
    corrected="dropout-weight-scaling",
    covers=["000:dropout-deep-only-approximate"],
    sources=[Source(DECK, "l.582-583", "not proven for deep networks, but works well in practice")],
)
def dropout_weight_scaling_of_a_relu_network(t: Proof) -> None:
    """h = max(0, mu_1 + mu_2 - 1), logits (4h, 0): the mean of h is 1/4, but h at the mean mask is 0."""
    p = t.real("p", 0, 1, open=True)
    n = t.size("n", minimum=2)
    mask = t.random("mu", bernoulli(1 - p, [n]))
    hidden = lambda scale: Max(0, total(n, lambda k: scale(k)) - 1)  # noqa: E731
    logit = lambda scale: 4 * hidden(scale)  # noqa: E731
    t.refute(
        Eq(Expectation(logit(lambda k: mask[k])), logit(lambda k: 1 - p)),
        {n: 2, p: Rational(1, 2)},
        because="the geometric ensemble has the logit E[4h] = 1, weight scaling gives 0: probabilities 0.7311 and 0.5",
    )


@theorem(
    "A linear network of any depth with masks on every layer has the mean output of one pass with every layer scaled "
    "by q = 1-p",
    covers=["000:dropout-linear-exact"],
    sources=[Source(DECK, "l.576-580", "for linear classification dropout is exact")],
)
def dropout_of_a_deep_linear_network(t: Proof) -> None:
    """Masks of different layers are independent, so the expectation passes through the product layer by layer.

    The activations below a mask are random themselves, with any means and any covariance L L'.
    """
    n, hidden, outputs = t.size("n"), t.size("h"), t.size("K")
    q, y = t.real("q", 0, 1), t.index("y", outputs)
    first, second, x = t.vector("W_1", hidden, n), t.vector("W_2", outputs, hidden), t.vector("x", n)
    inner, outer = t.random("mu_1", bernoulli(q, [n])), t.random("mu_2", bernoulli(q, [hidden]))
    masked = total(hidden, lambda j: second[y, j] * outer[j] * total(n, lambda k: first[j, k] * inner[k] * x[k]))
    plain = total(hidden, lambda j: second[y, j] * total(n, lambda k: first[j, k] * x[k]))
    t.expectation(
        t.state("mean output", Eq(Expectation(masked), q**2 * plain)),
        because="two layers: E[mu_2 mu_1] = q q",
    )
    width, depth = t.size("m"), t.size("L")
    i, k = t.index("i", width), t.integer("k", 0, depth)
    mean, root, weight = t.vector("a", width), t.vector("L_", width, width), t.vector("W", depth + 1, width, width)
    mask, z = t.random("mu", bernoulli(q, [width])), t.random("z", independent([0, 1], [width]))
    below = lambda j: mean[j] + total(width, lambda c: root[j, c] * z[c])  # noqa: E731
    t.expectation(
        t.state(
            "one layer",
            Eq(
                Expectation(total(width, lambda j: weight[1, i, j] * mask[j] * below(j))),
                q * total(width, lambda j: weight[1, i, j] * mean[j]),
            ),
        ),
        because="the mask does not depend on what lies below it: the means obey a recursion of their own",
    )
    start = t.vector("x_0", width)
    means, single = t.recursion(
        k,
        means=((i,), start[i], lambda a, b: q * total(width, lambda j: weight[k + 1, i, j] * a(j, k))),
        single=((i,), start[i], lambda a, b: total(width, lambda j: weight[k + 1, i, j] * b(j, k))),
    )
    t.induct(t.state("k layers", Eq(means(i, k), q**k * single(i, k))), over=k, because="each layer adds one factor q")


@misprint(
    "The logit of class y takes row y of W, not column y",
    corrected="dropout-weight-scaling",
    covers=["000:dropout-w-column-index"],
    sources=[Source(DECK, "l.594", "exp(1/2 W_(:,y) x + b_y)")],
)
def dropout_logit_with_a_column(t: Proof) -> None:
    """A column has as many entries as there are classes, so the product with x asks for a square W.

    And there it is wrong.
    """
    n = t.size("n")
    weight, x, y = t.vector("W", n, n), t.vector("x", n), t.index("y", n)
    t.refute(
        Eq(total(n, lambda j: weight[j, y] * x[j]), total(n, lambda j: weight[y, j] * x[j])),
        {n: 2, weight: [[0, 1], [0, 0]], x: [0, 1], y: 1},
        because="(W x)_1 = 1, the first column gives 0",
    )
