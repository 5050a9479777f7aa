"""Other samples of the gradient: one example, reshuffled, variance-reduced, fresh, weighted by importance."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, KroneckerDelta, Rational, sqrt

from ..kernel import Eq, Expectation, Ge, Proof, Source, choices, independent, misprint, theorem, total
from .minibatch import average, spread

HALF = Rational(1, 2)


@theorem(
    "One uniformly drawn gradient is unbiased given the iterate, with E|g|^2 = |grad F|^2 + sigma^2",
    covers=["002:sgd-gradient-unbiased", "002:sgd-gradient-variance", "001:redundant-examples-same-gradient"],
    sources=[
        Source("002", "l.33-41", "E g_k = grad F(x_k)"),
        Source("001", "l.75", "redundant examples give the same gradient"),
    ],
)
def single_sample_gradient(t: Proof) -> None:
    """The point is fixed (this is the conditional expectation given x_k); the index is drawn afterwards.

    Norms add over coordinates.
    """
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
        t.state(
            "variance as mean square minus square",
            Eq(sigma2, average(n, lambda i: total(d, lambda c: g[i, c] ** 2)) - squared),
        ),
        because="expand the square: the cross term is twice the squared mean",
    )
    pairs = total(n, lambda i: total(n, lambda j: total(d, lambda c: (g[i, c] - g[j, c]) ** 2)))
    t.equal(
        t.state("the variance is 0 only if all gradients agree", Eq(sigma2, pairs / (2 * n**2))),
        because="half the mean squared distance of two examples: a sum of squares",
    )
    copies = t.size("r")
    t.equal(
        t.state(
            "copies change nothing", Eq(total(copies, lambda _: total(n, lambda i: g[i, c])) / (copies * n), mean(c))
        ),
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
    "A control variate keeps the gradient unbiased and has the variance of the change since the snapshot",
    covers=["000:minibatch-gradient-estimate"],
    sources=[Source("000", "l.755-787", "the minibatch gradient, of which this is a refinement")],
)
def variance_reduced_gradient(t: Proof) -> None:
    """SVRG: g_i(x) - g_i(snapshot) + the full gradient at the snapshot.

    The full gradient gives back what the sample takes.
    """
    n = t.size("n", minimum=2)
    g, old = t.vector("g", n), t.vector("g_old", n)
    draw = t.random("D", choices(lambda i: 1 / n, 1, n))
    corrected = total(n, lambda i: draw[1, i] * (g[i] - old[i])) + average(n, lambda i: old[i])
    t.expectation(
        t.state("unbiased", Eq(Expectation(corrected), average(n, lambda i: g[i]))),
        because="the mean of the old gradients is subtracted on average and added exactly",
    )
    t.expectation(
        t.state(
            "variance",
            Eq(Expectation((corrected - average(n, lambda i: g[i])) ** 2), spread(n, lambda i: g[i] - old[i])),
        ),
        because="only the differences are sampled: it vanishes as the iterate approaches the snapshot",
    )


@theorem(
    "The batch size that is worth its cost: m = sqrt(c_0 s / (c_1 v)) for c_0 + c_1 m a step and the noise v + s/m",
    covers=["000:minibatch-gradient-estimate"],
    sources=[Source("000", "l.755-787", "the minibatch size m, which the slide leaves open")],
)
def best_batch_size(t: Proof) -> None:
    """Steps needed grow with the noise, so what is paid is the product of cost and noise.

    Cauchy-Schwarz finds its minimum.
    """
    m, fixed, each, floor, variance = t.positive("m"), *t.positive("c_0 c_1"), *t.positive("v s")
    price = (fixed + each * m) * (floor + variance / m)
    least = (sqrt(fixed * floor) + sqrt(each * variance)) ** 2
    t.compare(
        t.state("no batch is cheaper", Ge(price, least)),
        (sqrt(each * floor * m) - sqrt(fixed * variance / m)) ** 2,
        because="the slack is a square, and 0 where c_1 v m = c_0 s/m",
    )
    t.equal(
        t.state(
            "price of a batch", Eq(price - least, each * floor / m * (m - sqrt(fixed * variance / (each * floor))) ** 2)
        ),
        because="the same square, measured from the best batch size",
    )


@theorem(
    "Fresh examples give the gradient of the risk; a re-used example does not",
    covers=["001:one-pass-sgd-unbiased-for-risk"],
    sources=[Source("001", "l.88", "SGD minimizes the generalization error if no example is repeated")],
)
def fresh_examples_follow_the_risk(t: Proof) -> None:
    """For squared loss of a linear model and any finite law of examples.

    Then the smallest model in which re-use shows.
    """
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
        t.state(
            "a re-used example is biased given the iterate",
            Eq(Expectation(((after - z) - (after - m)) * (after - Expectation(after))), -eta * s**2),
        ),
        because="its error m - z is correlated with the iterate that z has made: covariance -eta Var(z), not 0",
    )
    fresh = t.random("z_fresh", independent([m, m**2 + s**2], name="another example"))
    t.expectation(
        t.state(
            "a fresh one is not",
            Eq(Expectation(((after - fresh) - (after - m)) * (after - Expectation(after))), 0),
        ),
        because="it is independent of the iterate",
    )


@theorem(
    "Non-uniform sampling descends on sum q_i J_i unless each gradient is divided by n q_i; q_i ~ |g_i| then has "
    "the least variance",
    covers=["000:hard-example-mining"],
    sources=[Source("000", "l.765-766", "hard example mining: show the difficult examples more often")],
)
def importance_sampling(t: Proof) -> None:
    """Expectation under q cancels the weight 1/(n q_i).

    Cauchy-Schwarz says which q makes the second moment smallest.
    """
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
