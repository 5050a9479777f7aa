"""Dropout: what the average over all masks is, and when one pass with scaled weights gives it.

Notation: mu_1..mu_n is the mask, mu_i = 0 with probability p (dropped) and 1 with q = 1 - p (kept); x the inputs,
W and b the softmax layer after them. Decks 000, 002 and 003 call p the probability to drop, deck 004 that to keep.
"""

from __future__ import annotations

from typing import Any

from sympy import KroneckerDelta, Max, Rational, exp, log

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Le,
    Lt,
    Proof,
    Source,
    bernoulli,
    choices,
    correlated,
    independent,
    misprint,
    product,
    remark,
    theorem,
    total,
)  # fmt: skip
from .losses.tangent_line import tangent_line

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


# ---- the masked layer ------------------------------------------------------------------------------------------------


@theorem(
    "A masked activation has mean (1-p) h and variance p(1-p) h^2; a masked sum (1-p) w'x and p(1-p) sum w_i^2 x_i^2",
    covers=[
        "000:dropout-training-mask", "002:dropout-mask-mean-variance", "003:dropout-deck3",
        "004:dropout-table-and-expectation", "002:dropout-inference", "004:test-time-scaling",
    ],
    sources=[
        Source("002", "l.204-217", "a_i^DO = a_i y_i, E a_i^DO = (1 - p) a_i"),
        Source("003", "l.659-662", "set units to 0 with probability p = .5 (hidden) and .2 (input)"),
        Source("004", "l.1248-1292", "E[a_training] = p (w_0 x + w_1 y) = p a_test"),
    ],
)  # fmt: skip
def dropout_mean_and_variance(t: Proof) -> None:
    """The mean is linear and needs no independence; the variances add because the units are dropped independently."""
    n, p = t.size("n"), t.real("p", 0, 1)
    h, w, x = t.real("h"), t.vector("w", n), t.vector("x", n)
    unit, mask = t.random("m", bernoulli(1 - p)), t.random("mu", bernoulli(1 - p, [n]))
    t.expectation(t.state("mean", Eq(Expectation(h * unit), (1 - p) * h)), because="kept with probability 1 - p")
    t.expectation(
        t.state("variance", Eq(Expectation((h * unit) ** 2) - ((1 - p) * h) ** 2, p * (1 - p) * h**2)),
        because="the mask is its own square",
    )
    masked = total(n, lambda k: w[k] * mask[k] * x[k])
    t.expectation(
        t.state("mean of a sum", Eq(Expectation(masked), (1 - p) * total(n, lambda k: w[k] * x[k]))),
        because="linear: one pass with all units and weights times 1 - p has the mean of training",
    )
    t.expectation(
        t.state(
            "variance of a sum",
            Eq(
                Expectation((masked - (1 - p) * total(n, lambda k: w[k] * x[k])) ** 2),
                p * (1 - p) * total(n, lambda k: w[k] ** 2 * x[k] ** 2),
            ),
        ),
        because="independent units: the variances add",
    )
    covariance = t.vector("C", n, n)
    tied = t.random(
        "tied",
        correlated(1 - p, lambda i, j: p * (1 - p) * KroneckerDelta(i, j) + off(covariance, i, j), [n], "tied masks"),
    )
    t.expectation(
        t.state(
            "the mean needs no independence",
            Eq(Expectation(total(n, lambda k: w[k] * tied[k] * x[k])), (1 - p) * total(n, lambda k: w[k] * x[k])),
        ),
        because="only the mean of each mask entry enters, however the masks hang together",
    )
    two_inputs(t, p)


def off(covariance: Any, i: Any, j: Any) -> Any:
    """What different entries have in common."""
    return (1 - KroneckerDelta(i, j)) * covariance[i, j]


def two_inputs(t: Proof, p: Any) -> None:
    """The table of deck 004, with q = 1 - p its probability to keep.

    And why dropping a unit is not dropping weights.
    """
    q = 1 - p
    w0, w1, x, y = t.real("w_0 w_1 x_0 y_0")
    rows = {(0, 0): (1 - q) ** 2, (x, 0): q * (1 - q), (0, y): (1 - q) * q, (x, y): q**2}
    t.equal(t.state("the table is a law", Eq(sum(rows.values()), 1)), because="((1 - q) + q)^2")
    t.equal(
        t.state(
            "mean of the table",
            Eq(sum(chance * (w0 * a + w1 * b) for (a, b), chance in rows.items()), q * (w0 * x + w1 * y)),
        ),
        because="each input is on in two rows, which add up to q",
    )
    unit = next(base for base in t.laws if str(base) == "m")
    first, second = t.random("m_1", bernoulli(1 - p)), t.random("m_2", bernoulli(1 - p))
    t.expectation(
        t.state("a unit takes all its outgoing weights with it", Eq(Expectation((1 - unit) * (1 - unit)), p)),
        because="one mask entry silences both outgoing weights: probability p",
    )
    t.expectation(
        t.state("dropped weights go one by one", Eq(Expectation((1 - first) * (1 - second)), p**2)),
        because="two weights with masks of their own are both silent with probability p^2 only",
    )


@theorem(
    "Inverted dropout has mean h and variance p/(1-p) h^2, and is dropout with the next weights divided by 1-p",
    covers=["000:dropout-training-mask", "002:dropout-inference", "004:inverted-dropout"],
    sources=[Source("004", "l.1308-1333", "u = (rand(size(x)) < p)/p, no scaling at test time")],
)
def inverted_dropout(t: Proof) -> None:
    """Dividing by the probability to keep moves the compensation from the test to training.

    q keeps, as deck 004's p.
    """
    n, q = t.size("n"), t.real("q", 0, 1, open=True)
    h, w, x = t.real("h"), t.vector("w", n), t.vector("x", n)
    mask, u = t.random("mu", bernoulli(q, [n])), t.vector("u", n)
    unit = t.random("m", bernoulli(q))
    t.expectation(t.state("mean", Eq(Expectation(h * unit / q), h)), because="q/q")
    t.expectation(
        t.state("variance", Eq(Expectation((h * unit / q - h) ** 2), (1 - q) / q * h**2)),
        because="E[mu^2]/q^2 = 1/q",
    )
    t.equal(
        t.state(
            "the same training outputs",
            Eq(total(n, lambda k: w[k] * (u[k] / q) * x[k]), total(n, lambda k: w[k] * u[k] * x[k]) / q),
        ),
        because="for every mask u the factor 1/q may sit at the mask or at the next layer's weights",
    )
    t.expectation(
        t.state(
            "the test output is the training mean",
            Eq(Expectation(total(n, lambda k: w[k] * (mask[k] / q) * x[k])), total(n, lambda k: w[k] * x[k])),
        ),
        because="so nothing is scaled at test time",
    )
    inverted, plain, slope = t.positive("eta_inverted"), t.positive("eta_plain"), t.real("g")
    weight = t.real("v")
    # the weights v and v/q give the same output; a gradient g at v/q is g/q at v
    t.equal(
        t.state(
            "and the same training if eta_inverted = q^2 eta_plain",
            Eq((weight - inverted * slope / q) / q - (weight / q - plain * slope), (plain - inverted / q**2) * slope),
        ),
        because="one step in each parametrization, compared in the plain one",
    )


@misprint(
    "The second layer has a mask of its own",
    corrected="inverted-dropout",
    covers=["004:inverted-dropout"],
    sources=[Source("004", "l.1314-1322", "u_2 = mask of x^(1); u_2 = mask of x^(2); x^(2) = x^(2) .* u_3")],
)
def inverted_dropout_with_one_mask(t: Proof) -> None:
    """u_3 is never assigned.

    Whichever mask is meant, one of the two layers gets a mask of the other's size: widths 1 and 2.
    """
    first, second = t.size("n_1"), t.size("n_2")
    mask, x = t.vector("u_2", first), t.vector("x", second)
    t.undefined(
        total(second, lambda i: x[i] * mask[i]),
        {first: 1, second: 2, mask: [2], x: [1, 1]},
        because="the second unit of layer 2 has no entry in the mask of layer 1",
    )


@misprint(
    "The mean of a masked ReLU is not the ReLU of the scaled input",
    corrected="dropout-and-convex-units",
    covers=["004:test-time-scaling"],
    sources=[Source("004", "l.1290-1306", "output at test time = expected output at training time")],
)
def weight_scaling_through_a_relu(t: Proof) -> None:
    """A unit with the weights 1 and -1 on two inputs 1: it fires only if the second input alone is dropped."""
    n, q = t.size("n"), t.real("q", 0, 1, open=True)
    w, mask = t.vector("w", n), t.random("mu", bernoulli(q, [n]))
    t.refute(
        Eq(
            Expectation(Max(0, total(n, lambda k: w[k] * mask[k]))),
            q * Max(0, total(n, lambda k: w[k])),
        ),
        {n: 2, q: Rational(1, 2), w: [1, -1]},
        because="the mean over the four masks is 1/4, the scaled unit gives 0",
    )


@theorem(
    "Weight scaling underestimates a ReLU of a masked sum, and a mask commutes with the ReLU before it",
    covers=["000:dropout-deep-only-approximate", "004:test-time-scaling", "004:dropout-mask-and-forward"],
    sources=[
        Source("000", "l.582-583", "approximation not proven for deep models"),
        Source("004", "l.1186-1212", "x^(k) = u_k .* max(0, W_k x^(k-1) + b_k)"),
    ],
)
def dropout_and_convex_units(t: Proof) -> None:
    """max(0, a) is at least 0 and at least a, for every mask and so on average."""
    n, q = t.size("n"), t.real("q", 0, 1)
    w, mean = t.vector("w", n), t.real("a_mean")
    mask = t.random("mu", bernoulli(q, [n]))
    bias = mean - q * total(n, lambda k: w[k])  # any bias, named by the sum at the mean mask; w_k x_k is any number
    masked = total(n, lambda k: w[k] * mask[k]) + bias
    hidden = Expectation(Max(0, masked))
    t.expectation(
        t.state("the mean input", Eq(Expectation(masked), mean)),
        because="one pass with all inputs scaled by q",
    )
    claim = Ge(hidden, Max(0, mean))
    active, silent = t.suppose(Ge(mean, 0)), t.suppose(Lt(mean, 0))
    above = active.compare(
        claim,
        Expectation(Max(0, masked) - masked),
        because="the mean of max(0, a) - a >= 0; and the mean of a is a at the mean mask",
    )
    nonnegative = silent.compare(claim, hidden, because="the scaled unit is silent, the masked one at times not")
    t.cases(
        t.state("scaling underestimates", claim), [above, nonnegative], because="the scaled unit is active or silent"
    )
    h = t.vector("h", n, n)
    curve = lambda scale: total(n, lambda j: total(n, lambda k: h[j, k] * scale(j) * scale(k))) / 2  # noqa: E731
    t.expectation(
        t.state(
            "error of the single pass on a quadratic",
            Eq(
                Expectation(curve(lambda k: mask[k])) - curve(lambda k: q),
                q * (1 - q) * total(n, lambda k: h[k, k]) / 2,
            ),
        ),
        because="1/2 tr(H Cov): the masks are independent with variance q(1-q), so only the diagonal counts",
    )
    u, a = t.nonnegative("u"), t.real("a")
    t.equal(
        t.state("a mask before or after the ReLU", Eq(u * Max(0, a), Max(0, u * a))),
        because="u >= 0 does not change which of the two is larger",
    )


@theorem(
    "The expected squared error of a linear model under dropout is ridge, with weights of their own: p(1-p) sum "
    "w_j^2 x_j^2",
    covers=["002:dropout-is-adaptive-ridge", "003:dropout-slows-training", "000:dropout-training-mask"],
    sources=[Source("002", "l.213-217", "E a_i^DO = (1 - p) a_i")],
)
def dropout_is_ridge(t: Proof) -> None:
    """Squared error is the squared error of the mean and the variance; the variance of the masked sum is a penalty."""
    n, d, p = t.size("n"), t.size("d"), t.real("p", 0, 1, open=True)
    x, y, w = t.vector("x", n, d), t.vector("y", n), t.vector("w", d)
    i = t.index("i", n)
    mask = t.random("mu", bernoulli(1 - p, [d]))
    error = lambda i: y[i] - total(d, lambda k: w[k] * mask[k] * x[i, k])  # noqa: E731
    fit = lambda i, scale: (y[i] - scale * total(d, lambda k: w[k] * x[i, k])) ** 2  # noqa: E731
    t.expectation(
        t.state(
            "one example",
            Eq(Expectation(error(i) ** 2), fit(i, 1 - p) + p * (1 - p) * total(d, lambda k: w[k] ** 2 * x[i, k] ** 2)),
        ),
        because="mean (1-p) w'x and variance p(1-p) sum w_k^2 x_k^2",
    )
    t.expectation(
        t.state(
            "a training set",
            Eq(
                total(n, lambda i: Expectation(error(i) ** 2)),
                total(n, lambda i: fit(i, 1 - p))
                + p * (1 - p) * total(d, lambda k: w[k] ** 2 * total(n, lambda i: x[i, k] ** 2)),
            ),
        ),
        because="ridge in which weight k is penalized by the squared length of its column: scale-free in each input",
    )
    inverted = lambda i: y[i] - total(d, lambda k: w[k] * mask[k] / (1 - p) * x[i, k])  # noqa: E731
    t.expectation(
        t.state(
            "inverted",
            Eq(Expectation(inverted(i) ** 2), fit(i, 1) + p / (1 - p) * total(d, lambda k: w[k] ** 2 * x[i, k] ** 2)),
        ),
        because="the same for w/(1-p)",
    )
    before, after, steps = t.random("mu_a", bernoulli(1 - p)), t.random("mu_b", bernoulli(1 - p)), t.size("T")
    t.expectation(
        t.state(
            "updates of a weight between two dropped layers",
            Eq(steps * Expectation(before * after), steps * (1 - p) ** 2),
        ),
        because="its gradient is 0 unless both its ends are kept: it learns in a share (1-p)^2 of the steps",
    )


@theorem(
    "The 2^n masks have probabilities that sum to 1; a mask of k kept units is met T q^k (1-q)^(n-k) times in T draws, "
    "on average",
    covers=[
        "000:dropout-ideal-average", "000:dropout-one-pass-cost", "004:dropout-as-ensemble",
        "004:monte-carlo-dropout-and-single-pass",
    ],
    sources=[
        Source("000", "l.557-568", "sum_mu p(mu) p(y|x, mu): exponential number of terms"),
        Source("004", "l.1214-1232", "each mask is one model, trained on only about one data point"),
        Source("004", "l.1236-1243", "average the predictions of many forward passes"),
    ],
)  # fmt: skip
def dropout_masks(t: Proof) -> None:
    """Each further unit doubles the masks and splits the probability of each in two.

    A sample of masks averages as any sample does.
    """
    k, q = t.time("k"), t.real("q", 0, 1)
    count, mass = t.recursion(
        k,
        count=(1, lambda count, mass: 2 * count(k)),
        mass=(1, lambda count, mass: q * mass(k) + (1 - q) * mass(k)),
    )
    t.induct(
        t.state("forward passes of the exact average", Eq(count(k), 2**k)),
        over=k,
        because="with or without the next unit; weight scaling needs one pass",
    )
    t.induct(t.state("total probability", Eq(mass(k), 1)), over=k, because="q + (1 - q) = 1")
    visits_of_a_mask(t, q)
    masks, passes = t.size("M"), t.size("S")
    weight, prediction = t.vector("u", masks, low=0, open=True), t.vector("f", masks)
    chance = lambda i: weight[i] / total(masks, lambda j: weight[j])  # noqa: E731
    draws = t.random("D", choices(chance, passes, masks))
    ideal = total(masks, lambda i: chance(i) * prediction[i])
    sampled = total(passes, lambda s: total(masks, lambda i: draws[s, i] * prediction[i])) / passes
    t.expectation(
        t.state("Monte Carlo dropout is unbiased", Eq(Expectation(sampled), ideal)),
        because="every pass follows the law of the masks",
    )
    variance = total(masks, lambda i: chance(i) * (prediction[i] - ideal) ** 2)
    t.expectation(
        t.state("its variance", Eq(Expectation((sampled - ideal) ** 2), variance / passes)),
        because="independent passes: the standard error is sd/sqrt(S)",
    )


def visits_of_a_mask(t: Proof, q: Any) -> None:
    """A mask that keeps n_1 units and drops n_0, of which all are independent, in each of T draws."""
    kept, dropped, draws = t.size("n_1"), t.size("n_0"), t.size("T")
    on, off = t.random("mu", bernoulli(q, [kept])), t.random("nu", bernoulli(q, [dropped]))
    all_on = Expectation(product(kept, lambda i: on[i]))
    all_off = Expectation(product(dropped, lambda i: 1 - off[i]))
    t.expectation(
        t.state("visits of a mask", Eq(draws * all_on * all_off, draws * q**kept * (1 - q) ** dropped)),
        because="each draw is this mask with that probability: about one visit only if T is about 2^n, for q = 1/2",
    )


@misprint(
    "A mask is not trained on about one example",
    corrected="dropout-masks",
    covers=["004:dropout-as-ensemble"],
    sources=[Source("004", "l.1224", "each binary mask is one model, gets trained on only ~ one datapoint")],
)
def one_example_a_mask(t: Proof) -> None:
    """One droppable unit, four visits."""
    n, visits = t.size("n"), t.size("V")
    t.refute(
        Eq(visits * Rational(1, 2) ** n, 1),
        {n: 1, visits: 4},
        because="each of the two masks is expected twice; with 10 units and 100000 visits it is 98 times",
    )


# ---- which average ---------------------------------------------------------------------------------------------------


@theorem(
    "The geometric mean over masks is at most the arithmetic one, and its normalized form is the closest in mean "
    "KL to all masks",
    covers=["000:dropout-geometric-mean", "000:dropout-ideal-average"],
    sources=[Source(DECK, "l.570-572", "consider the normalized geometric mean instead of the arithmetic mean")],
)
def geometric_and_arithmetic_mean(t: Proof) -> None:
    """log x <= x - 1 at each probability over the geometric mean; and the mean KL differs from a KL by a constant."""
    masks, classes = t.size("M"), t.size("K")
    weight, chance = t.vector("v", masks, low=0, open=True), t.vector("P", masks, classes, low=0, open=True)
    c, a = t.index("c", classes), t.index("m", masks)
    normalizer = total(masks, lambda k: weight[k])
    share = lambda m: weight[m] / normalizer  # noqa: E731
    mean_log = lambda c: total(masks, lambda m: share(m) * log(chance[m, c]))  # noqa: E731
    arithmetic = total(masks, lambda m: share(m) * chance[m, c])
    u, tangent = tangent_line(t)
    center = mean_log(c)
    ratio = lambda m: log(chance[m, c]) - center  # noqa: E731
    line = t.instance(tangent, {u: ratio(a)}, because="at the log of the probability over the geometric mean")
    t.compare(
        t.state("geometric is at most arithmetic", Le(exp(center), arithmetic)),
        exp(center) * total(masks, lambda m: share(m) * (exp(ratio(m)) - 1 - ratio(m))),
        using=[line],
        because="x - 1 - log x >= 0, averaged: the mean of log x is 0",
    )
    q = t.vector("q_", classes, low=0, open=True)
    guess = lambda c: q[c] / total(classes, lambda k: q[k])  # noqa: E731 - any distribution without zeros
    partition = total(classes, lambda c: exp(mean_log(c)))
    divergence = lambda other: total(classes, lambda c: guess(c) * (log(guess(c)) - other(c)))  # noqa: E731
    mean_divergence = total(masks, lambda m: share(m) * divergence(lambda c: log(chance[m, c])))
    t.equal(
        t.state(
            "mean divergence to the masks",
            Eq(mean_divergence, divergence(lambda c: mean_log(c) - log(partition)) - log(partition)),
        ),
        because="KL to the normalized geometric mean, which is 0 where the guess is that mean, and a constant",
    )
    z = t.real("z")
    at_c = mean_log(c) - log(guess(c)) - z
    apart = lambda k: at_c.xreplace({c: k})  # noqa: E731 - the inner sums written once, so that they are one
    below = t.compare(
        Ge(divergence(mean_log), 1 - partition * exp(-z) - z),
        total(classes, lambda c: guess(c) * (exp(apart(c)) - 1 - apart(c))),
        using=[t.instance(tangent, {u: apart(c)}, because="at the log of the geometric mean over e^z times the guess")],
        because="e^x - 1 - x >= 0, averaged over the guess",
    )
    t.chain(
        t.state("no guess is closer to the masks", Ge(mean_divergence, -log(partition))),
        [
            t.instance(below, {z: log(partition)}, because="where the bound is largest"),
            t.equal(Eq(mean_divergence, divergence(mean_log)), because="the shares of the masks add up to 1"),
        ],
        because="so the constant is the least mean KL: Gibbs' inequality",
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


remark(
    "dropout-evaluation",
    "Dropout lowers the test error in the figure shown",
    why="a figure without numbers: an observation on one data set, not a statement about dropout",
    topic="dropout",
    covers=["000:dropout-evaluation-figure"],
    sources=[Source(DECK, "l.598", "Dropout: Evaluation")],
)


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("dropout")
