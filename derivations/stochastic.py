"""Stochastic gradients: what a sample of the examples gives, how noisy it is, and where descent with it ends up.

Notation: g_1..g_n are the gradients of the n examples at one point (one coordinate; coordinates add up), mean their average,
sigma^2 = 1/n sum (g_i - mean)^2 their variance; D[s, i] = 1 if the s-th draw is example i; b is the batch size, eta the step.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs, And, Derivative, Equivalent, Implies, KroneckerDelta, Limit, Max, Min, Rational, binomial, ceiling, exp, oo, sqrt,
)  # fmt: skip

from .kernel import (
    Eq, Expectation, Ge, Gt, Le, Lt, Proof, Source, choices, correlated, independent, misprint, orders, theorem, total,
)  # fmt: skip

HALF = Rational(1, 2)


def average(n: Any, term: Any) -> Any:
    """1/n sum_i term(i)."""
    return total(n, term) / n


def batch_mean(draws: Any, size: Any, n: Any, gradient: Any) -> Any:
    """1/b sum_s g_(i_s), where draw s selects example i_s."""
    return total(size, lambda s: total(n, lambda i: draws[s, i] * gradient(i))) / size


def spread(n: Any, term: Any) -> Any:
    """The population variance 1/n sum_i (term(i) - mean)^2."""
    mean = average(n, term)
    return average(n, lambda i: (term(i) - mean) ** 2)


# ---- the minibatch gradient ------------------------------------------------------------------------------------------


@theorem(
    "A minibatch gradient is unbiased; its variance is sigma^2/b with replacement and (n-b)/(n-1) sigma^2/b without",
    covers=[
        "000:minibatch-gradient-estimate", "001:standard-error-of-gradient-mean", "002:minibatch-estimator",
        "002:minibatch-variance", "003:minibatch-gradient-unbiased-and-variance", "002:batch-minibatch-sgd-trajectories",
        "001:batch-online-minibatch-special-cases",
    ],
    sources=[
        Source("000", "l.755-787", "1/m sum_(i=1)^m grad J(x^(i), y^(i); theta)"),
        Source("001", "l.73-84", "standard error sigma / sqrt(b)"),
        Source("003", "l.315-317", "1/m sum_(i in B) grad loss_i"),
    ],
)  # fmt: skip
def minibatch_variance(t: Proof) -> None:
    """Every draw is uniform, so the mean is right however the draws hang together; only the variance asks for the covariance of two."""
    n, b, eta = t.size("n", minimum=2), t.size("b"), t.positive("eta")
    g = t.vector("g", n)
    gradient = lambda i: g[i]  # noqa: E731
    mean, sigma2 = average(n, gradient), spread(n, gradient)
    with_replacement = batch_mean(t.random("D", choices(lambda i: 1 / n, b, n)), b, n, gradient)
    t.expectation(
        t.state("unbiased with replacement", Eq(Expectation(with_replacement), mean)),
        because="each draw is example i with probability 1/n",
    )
    t.expectation(
        t.state("variance with replacement", Eq(Expectation((with_replacement - mean) ** 2), sigma2 / b)),
        because="b independent draws, each with variance sigma^2",
    )
    t.expectation(
        t.state(
            "the step moves the same way on average, with dispersion eta^2 sigma^2/b",
            Eq(Expectation((eta * with_replacement) ** 2) - (eta * mean) ** 2, eta**2 * sigma2 / b),
        ),
        because="the step is the batch gradient times -eta, and E[z^2] - E[z]^2 is the variance",
    )
    t.equal(
        t.state("a hundred times the batch, a tenth of the standard error", Eq(sqrt(sigma2 / (100 * b)), sqrt(sigma2 / b) / 10)),
        because="the standard error is sigma / sqrt(b)",
    )
    without_replacement(t, n, gradient, mean, sigma2)


def without_replacement(t: Proof, n: Any, gradient: Any, mean: Any, sigma2: Any) -> None:
    """b different examples, b <= n: two draws repel each other, with covariance -sigma^2/(n-1)."""
    b = t.index("m", n)
    t.equal(
        t.state("an example is drawn with probability m/n", Eq(binomial(n - 1, b - 1) / binomial(n, b), b / n)),
        because="of the binomial(n, m) samples, those with the example choose the other m-1 among n-1",
    )
    drawn = batch_mean(t.random("W", orders(b, n)), b, n, gradient)
    factor = (n - b) / (n - 1)
    t.expectation(
        t.state("unbiased without replacement", Eq(Expectation(drawn), mean)),
        because="each draw by itself is uniform",
    )
    t.expectation(
        t.state("variance without replacement", Eq(Expectation((drawn - mean) ** 2), factor * sigma2 / b)),
        because="the deviations of all n examples add up to 0, so two different ones have the covariance -sigma^2/(n-1)",
    )
    t.equal(t.state("all examples give the exact gradient", Eq(factor.subs(b, n), 0)), because="n - n = 0")
    t.equal(t.state("one example has the full variance", Eq(factor.subs(b, 1), 1)), because="(n-1)/(n-1)")
    t.compare(
        t.state("without replacement is never worse", Le(factor * sigma2 / b, sigma2 / b)),
        (b - 1) / (n - 1) * sigma2 / b,
        because="the factor is at most 1",
    )
    several = t.suppose(Ge(b, 2))
    better = several.compare(Lt(factor, 1), (b - 2) / (n - 1) + 1 / (n - 1), because="(m-1)/(n-1) > 0 for m >= 2")
    t.implies(t.state("strictly better from two draws on", Implies(Ge(b, 2), better.claim)), better, because="as supposed")


@misprint(
    "A minibatch averages the gradients of its examples, not one of them b times",
    corrected="minibatch-variance",
    covers=["002:minibatch-estimator"],
    sources=[Source("002", "l.57-60", "g_k = 1/|I_k| sum_(i in I_k) grad f_(i_k)(x_k)")],
)
def minibatch_with_frozen_index(t: Proof) -> None:
    """The printed summand carries the index i_k of the single sample, which the sum over i does not change."""
    n, b = t.size("n"), t.size("b")
    g, drawn, k = t.vector("g", n), t.vector("I", b), t.index("i_k", n)
    t.refute(
        Eq(average(b, lambda s: g[k]), average(b, lambda s: total(n, lambda i: KroneckerDelta(i, drawn[s]) * g[i]))),
        {n: 2, b: 2, g: [0, 2], drawn: [1, 2], k: 1},
        because="the batch {1, 2} of the gradients 0 and 2 has the mean 1; the first one averaged twice is 0",
    )


@misprint(
    "The first m examples are not a random minibatch",
    corrected="minibatch-variance",
    covers=["000:minibatch-gradient-estimate"],
    sources=[Source("000", "l.755", "1/m sum_(i=1)^m grad J(x^(i), y^(i); theta)")],
)
def minibatch_of_the_first_examples(t: Proof) -> None:
    """Read with the indices as printed, every step uses the same m examples, and the mean is theirs."""
    n, m = t.size("n"), t.size("m")
    g = t.vector("g", n)
    t.refute(
        Eq(average(m, lambda i: g[i]), average(n, lambda i: g[i])),
        {n: 2, m: 1, g: [0, 1]},
        because="the first of the gradients 0 and 1 is 0, their mean 1/2",
    )


@theorem(
    "One uniformly drawn gradient is unbiased given the iterate, with E|g|^2 = |grad F|^2 + sigma^2",
    covers=["002:sgd-gradient-unbiased", "002:sgd-gradient-variance", "001:redundant-examples-same-gradient"],
    sources=[
        Source("002", "l.33-41", "E g_k = grad F(x_k)"),
        Source("001", "l.75", "redundant examples give the same gradient"),
    ],
)
def single_sample_gradient(t: Proof) -> None:
    """The point is fixed (this is the conditional expectation given x_k); the index is drawn afterwards. Norms add over coordinates."""
    n, d = t.size("n", minimum=2), t.size("d")
    g, c = t.vector("g", n, d), t.index("c", d)
    draw = t.random("D", choices(lambda i: 1 / n, 1, n))
    sample = lambda c: total(n, lambda i: draw[1, i] * g[i, c])  # noqa: E731
    mean = lambda c: average(n, lambda i: g[i, c])  # noqa: E731
    sigma2 = average(n, lambda i: total(d, lambda c: (g[i, c] - mean(c)) ** 2))
    squared = total(d, lambda c: mean(c) ** 2)
    t.expectation(
        t.state("unbiased given the iterate", Eq(Expectation(sample(c)), mean(c))),
        because="each example has probability 1/n, and the gradient of a mean is the mean of the gradients",
    )
    t.expectation(
        t.state("second moment", Eq(Expectation(total(d, lambda c: sample(c) ** 2)), squared + sigma2)),
        because="E|g|^2 is the mean of the squared norms; split each gradient into the mean and the rest",
    )
    t.equal(
        t.state("variance as mean square minus square", Eq(sigma2, average(n, lambda i: total(d, lambda c: g[i, c] ** 2)) - squared)),
        because="expand the square: the cross term is twice the squared mean",
    )
    pairs = total(n, lambda i: total(n, lambda j: total(d, lambda c: (g[i, c] - g[j, c]) ** 2)))
    t.equal(
        t.state("the variance is 0 only if all gradients agree", Eq(sigma2, pairs / (2 * n**2))),
        because="half the mean squared distance of two examples: a sum of squares",
    )
    copies = t.size("r")
    t.equal(
        t.state("copies change nothing", Eq(total(copies, lambda _: total(n, lambda i: g[i, c])) / (copies * n), mean(c))),
        because="r copies multiply the sum and the count by r",
    )
    reshuffled(t, n, g, c, mean)


def reshuffled(t: Proof, n: Any, g: Any, c: Any, mean: Any) -> None:
    """Without replacement the second draw is uniform on what is left, so it is biased given the first."""
    first = t.index("first", n)
    rest = total(n, lambda i: (1 - KroneckerDelta(i, first)) * g[i, c]) / (n - 1)
    t.equal(
        t.state("after a first draw without replacement", Eq(rest - mean(c), (mean(c) - g[first, c]) / (n - 1))),
        because="the mean of the others: what the first example had above the mean, the others lack",
    )


@theorem(
    "Fresh examples give the gradient of the risk; a re-used example does not",
    covers=["001:one-pass-sgd-unbiased-for-risk"],
    sources=[Source("001", "l.88", "SGD minimizes the generalization error if no example is repeated")],
)
def fresh_examples_follow_the_risk(t: Proof) -> None:
    """For squared loss of a linear model and any finite law of examples; then the smallest model in which re-use shows."""
    n, d = t.size("N"), t.size("d")
    weight = t.vector("u", n, low=0, open=True)
    x, y, theta = t.vector("x", n, d), t.vector("y", n), t.vector("theta", d)
    c = t.index("c", d)
    probability = lambda i: weight[i] / total(n, lambda k: weight[k])  # noqa: E731
    residual = lambda i: total(d, lambda a: x[i, a] * theta[a]) - y[i]  # noqa: E731
    draw = t.random("D", choices(probability, 1, n))
    risk = total(n, lambda i: probability(i) * HALF * residual(i) ** 2)
    t.expectation(
        t.state(
            "a fresh example is unbiased for the risk",
            Eq(Expectation(total(n, lambda i: draw[1, i] * residual(i) * x[i, c])), Derivative(risk, theta[c])),
        ),
        because="the risk is the expected loss, and a finite sum is differentiated term by term",
    )
    start, eta, m, s = t.real("theta_0"), t.positive("eta"), t.real("m"), t.positive("s")
    z = t.random("z", independent([m, m**2 + s**2], name="one example"))
    after = start - eta * (start - z)  # one step on (theta - z)^2 / 2
    t.expectation(
        t.state("a re-used example is biased given the iterate", Eq(Expectation(((after - z) - (after - m)) * (after - Expectation(after))), -eta * s**2)),
        because="its error m - z is correlated with the iterate that z has made: covariance -eta Var(z), not 0",
    )
    t.expectation(
        t.state("a fresh one is not", Eq(Expectation(((after - m) - (after - m)) * after), 0)),
        because="given the iterate a fresh example has the mean gradient theta - m",
    )


@theorem(
    "Non-uniform sampling descends on sum q_i J_i unless each gradient is divided by n q_i; q_i ~ |g_i| then has the least variance",
    covers=["000:hard-example-mining"],
    sources=[Source("000", "l.765-766", "hard example mining: show the difficult examples more often")],
)
def importance_sampling(t: Proof) -> None:
    """Expectation under q cancels the weight 1/(n q_i); Cauchy-Schwarz says which q makes the second moment smallest."""
    n = t.size("n")
    u, g = t.vector("u", n, low=0, open=True), t.vector("g", n)
    q = lambda i: u[i] / total(n, lambda k: u[k])  # noqa: E731 - any probabilities q_i > 0
    draw = t.random("D", choices(q, 1, n))
    t.expectation(
        t.state("unweighted", Eq(Expectation(total(n, lambda i: draw[1, i] * g[i])), total(n, lambda i: q(i) * g[i]))),
        because="example i is drawn with probability q_i: the gradient of sum q_i J_i",
    )
    weighted = total(n, lambda i: draw[1, i] * g[i] / (n * q(i)))
    t.expectation(
        t.state("weighted", Eq(Expectation(weighted), average(n, lambda i: g[i]))),
        because="q_i cancels",
    )
    second = total(n, lambda i: g[i] ** 2 / (n**2 * q(i)))
    t.expectation(t.state("second moment", Eq(Expectation(weighted**2), second)), because="q_i (g_i / (n q_i))^2")
    magnitude = total(n, lambda i: Abs(g[i]))
    t.compare(
        t.state("no sampling does better", Ge(second, magnitude**2 / n**2)),
        total(n, lambda i: (Abs(g[i]) - q(i) * magnitude) ** 2 / (n**2 * q(i))),
        because="Cauchy-Schwarz: the slack is a sum of squares that vanishes exactly for q_i proportional to |g_i|",
    )


@misprint(
    "Showing the hard examples more often biases the gradient",
    corrected="importance-sampling",
    covers=["000:hard-example-mining"],
    sources=[Source("000", "l.765-766", "hard example mining, without weights")],
)
def hard_example_mining_without_weights(t: Proof) -> None:
    """Two examples with the gradients 0 and 1, the second drawn nine times out of ten."""
    n = t.size("n")
    q, g = t.vector("q", n, low=0, open=True), t.vector("g", n)
    t.refute(
        Eq(total(n, lambda i: q[i] * g[i]), average(n, lambda i: g[i])),
        {n: 2, q: [Rational(1, 10), Rational(9, 10)], g: [0, 1]},
        because="the expected gradient is 9/10, the gradient of the objective 1/2",
    )
