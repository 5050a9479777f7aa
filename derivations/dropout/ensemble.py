"""The masks as an ensemble: how many there are, how often each is met, and which average is taken."""

from __future__ import annotations

from typing import Any

from sympy import Rational, exp, log

from ..kernel import (
    Eq,
    Expectation,
    Ge,
    Le,
    Proof,
    Source,
    bernoulli,
    choices,
    misprint,
    product,
    remark,
    theorem,
    total,
)
from ..losses.tangent_line import tangent_line

DECK = "000"


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


remark(
    "dropout-evaluation",
    "Dropout lowers the test error in the figure shown",
    why="a figure without numbers: an observation on one data set, not a statement about dropout; its laws hold "
    "how such runs are measured",
    topic="dropout",
    covers=["000:dropout-evaluation-figure"],
    sources=[Source(DECK, "l.598", "Dropout: Evaluation")],
)
