"""Stochastic gradients: what a sample of the examples gives, how noisy it is, and where descent with it ends up.

Notation: g_1..g_n are the gradients of the n examples at one point (one coordinate; coordinates add up), mean their
average, sigma^2 = 1/n sum (g_i - mean)^2 their variance; D[s, i] = 1 if the s-th draw is example i; b is the batch
size, eta the step.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Derivative,
    Implies,
    KroneckerDelta,
    Limit,
    Rational,
    binomial,
    ceiling,
    exp,
    oo,
    sqrt,
)  # fmt: skip

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    choices,
    correlated,
    independent,
    misprint,
    orders,
    theorem,
    total,
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


def forgotten(t: Proof, k: Any, name: str, which: str) -> None:
    """a + rho^k (b - a) tends to a for |rho| < 1: a linear recursion forgets its start b."""
    a, b, q = t.real("a_end a_start rho")
    shrinking = t.suppose(Lt(Abs(q), 1))
    gone = shrinking.limit(Eq(Limit(a + q**k * (b - a), k, oo), a), because="the powers of rho vanish; " + which)
    t.implies(t.state(name, Implies(Lt(Abs(q), 1), gone.claim)), gone, because="as supposed")


# ---- the minibatch gradient ------------------------------------------------------------------------------------------


@theorem(
    "A minibatch gradient drawn with replacement is unbiased, with variance sigma^2/b",
    covers=[
        "000:minibatch-gradient-estimate", "001:standard-error-of-gradient-mean", "002:minibatch-estimator",
        "002:minibatch-variance", "003:minibatch-gradient-unbiased-and-variance",
        "002:batch-minibatch-sgd-trajectories",
    ],
    sources=[
        Source("000", "l.755-787", "1/m sum_(i=1)^m grad J(x^(i), y^(i); theta)"),
        Source("001", "l.73-84", "standard error sigma / sqrt(b)"),
        Source("003", "l.315-317", "1/m sum_(i in B) grad loss_i"),
    ],
)  # fmt: skip
def minibatch_variance(t: Proof) -> None:
    """Every draw is uniform, so the mean is right however the draws hang together.

    Only the variance asks for the covariance of two.
    """
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
    t.expectation(
        t.state("standard error", Eq(sqrt(Expectation((with_replacement - mean) ** 2)), sqrt(sigma2) / sqrt(b))),
        because="sigma / sqrt(b): a hundred times the batch for a tenth of the error",
    )


@theorem(
    "Without replacement a minibatch is unbiased too, with variance (n-m)/(n-1) sigma^2/m",
    covers=[
        "000:minibatch-gradient-estimate", "001:standard-error-of-gradient-mean", "002:minibatch-variance",
        "003:minibatch-gradient-unbiased-and-variance", "001:batch-online-minibatch-special-cases",
    ],
    sources=[Source("003", "l.315-317", "draw a batch without replacement"), Source("001", "l.76", "batch or "
    "deterministic")],
)  # fmt: skip
def minibatch_variance_without_replacement(t: Proof) -> None:
    """m different examples, m <= n: two draws repel each other, with covariance -sigma^2/(n-1)."""
    n = t.size("n", minimum=2)
    g = t.vector("g", n)
    gradient = lambda i: g[i]  # noqa: E731
    mean, sigma2 = average(n, gradient), spread(n, gradient)
    b = t.index("m", n)
    t.equal(
        t.state("an example is drawn with probability m/n", Eq(binomial(n - 1, b - 1) / binomial(n, b), b / n)),
        because="of the binomial(n, m) samples, those with the example choose the other m-1 among n-1",
    )
    draws = t.random("W", orders(b, n))
    drawn = batch_mean(draws, b, n, gradient)
    factor = (n - b) / (n - 1)
    t.expectation(
        t.state("unbiased without replacement", Eq(Expectation(drawn), mean)),
        because="each draw by itself is uniform",
    )
    t.expectation(
        t.state("variance without replacement", Eq(Expectation((drawn - mean) ** 2), factor * sigma2 / b)),
        because=(
            "the deviations of all n examples add up to 0, so two different ones have the covariance -sigma^2/(n-1); "
            "with any combination of coordinates for g this is the whole covariance matrix"
        ),
    )
    origin = t.real("origin")
    everything = batch_mean(t.random("A", orders(n, n)), n, n, gradient)
    t.expectation(
        t.state(
            "all examples give the exact gradient", Eq(Expectation((everything - origin) ** 2), (mean - origin) ** 2)
        ),
        because="n - m = 0 for m = n: seen from any point the square has no variance, for the order does not matter",
    )
    t.compare(
        t.state("without replacement is never worse", Le(factor * sigma2 / b, sigma2 / b)),
        (b - 1) / (n - 1) * sigma2 / b,
        because="the factor is at most 1",
    )
    several = t.suppose(Ge(b, 2))
    better = several.compare(Lt(factor, 1), (b - 2) / (n - 1) + 1 / (n - 1), because="(m-1)/(n-1) > 0 for m >= 2")
    t.implies(
        t.state("strictly better from two draws on", Implies(Ge(b, 2), better.claim)), better, because="as supposed"
    )


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


# ---- steps, epochs and batches ---------------------------------------------------------------------------------------


@theorem(
    "The penalized minibatch step, and its expected decrease on a smooth objective",
    covers=["001:sgd-step", "003:penalised-sgd-step", "003:sgd-update"],
    sources=[
        Source("001", "l.230-235", "theta <- theta - eps_k ghat"),
        Source("003", "l.305-311", "theta <- theta - eps 1/m sum_(i in B) [grad loss_i + lambda grad Omega]"),
        Source("003", "l.483-532", "theta <- theta - eps_r 1/m sum_(i in B) grad loss_i"),
    ],
)
def minibatch_step(t: Proof) -> None:
    """The gradient of a batch is the mean of its gradients.

    Smoothness bounds what a noisy step can do to the objective.
    """
    m, d = t.size("m"), t.size("d")
    x, y, theta, penalty = t.vector("x", m, d), t.vector("y", m), t.vector("theta", d), t.vector("dOmega", d)
    c = t.index("c", d)
    eps, lam = t.positive("epsilon"), t.nonnegative("lambda")
    residual = lambda i: total(d, lambda a: x[i, a] * theta[a]) - y[i]  # noqa: E731
    t.equal(
        t.state(
            "batch gradient of linear regression",
            Eq(
                Derivative(average(m, lambda i: HALF * residual(i) ** 2), theta[c]),
                average(m, lambda i: residual(i) * x[i, c]),
            ),
        ),
        because="the derivative of a mean is the mean of the derivatives: 1/m X'(X theta - y)",
    )
    g = t.vector("g", m, d)
    inside = theta[c] - eps * average(m, lambda i: g[i, c] + lam * penalty[c])
    t.equal(
        t.state(
            "the penalty counts once", Eq(inside, theta[c] - eps * (average(m, lambda i: g[i, c]) + lam * penalty[c]))
        ),
        because="the penalty does not depend on the example, so its mean over the batch is itself",
    )
    expected_decrease(t, d, eps)


def expected_decrease(t: Proof, d: Any, eps: Any) -> None:
    """An L-smooth J obeys J(theta + v) <= J + grad'v + L/2 |v|^2; the expectation of the right side at v = -eps g."""
    smoothness, value = t.positive("L"), t.real("J")
    slope, deviation = t.vector("grad", d), t.vector("tau", d, low=0)
    noise = t.random("xi", correlated(0, lambda i, j: KroneckerDelta(i, j) * deviation[i], [d]))
    step = lambda c: -eps * (slope[c] + noise[c])  # noqa: E731
    bound = value + total(d, lambda c: slope[c] * step(c)) + smoothness / 2 * total(d, lambda c: step(c) ** 2)
    squared, variance = total(d, lambda c: slope[c] ** 2), total(d, lambda c: deviation[c])
    t.expectation(
        t.state(
            "expected bound after a step",
            Eq(
                Expectation(bound),
                value - eps * (1 - smoothness * eps / 2) * squared + smoothness * eps**2 / 2 * variance,
            ),
        ),
        because="the noise has mean 0 given the iterate, so it enters only through its variance",
    )


@theorem(
    "An epoch of n = q m + r examples has q + 1 batches and covers every example once; independent batches miss a "
    "share 1/e",
    covers=["003:number-of-iterations", "000:sgd-loop-and-epoch", "003:epoch-needs-a-partition"],
    sources=[
        Source("003", "l.320", "number of iterations = epochs n / m"),
        Source("003", "l.550-560", "for each epoch, for each batch: choose a random batch without replacement"),
        Source("000", "l.747-761", "iterate: pick a minibatch, iterate: update"),
    ],
)
def epoch_partition(t: Proof) -> None:
    """Shuffle once and cut: the positions 1..n of a random order are the batches.

    Drawing each batch anew forgets some examples.
    """
    q, m = t.time("q"), t.size("m")
    r, epochs = t.index("r", m), t.size("E")
    n = q * m + r  # 1 <= r <= m: the last batch has r examples
    t.compare(t.state("q + 1 batches are enough", Ge((q + 1) * m, n)), m - r, because="the last batch holds up to m")
    t.compare(t.state("q are not", Lt(q * m, n)), r, because="r examples are left over")
    t.equal(
        t.state("epochs n/m is short by a fraction", Eq(epochs * (q + 1) - epochs * n / m, epochs * (m - r) / m)),
        because="equal only if the last batch is full, r = m",
    )
    t.equal(
        t.state(
            "a short batch counts its examples more",
            Eq(1 / ((q + 1) * r) - 1 / ((q + 1) * m), (m - r) / ((q + 1) * r * m)),
        ),
        because=(
            "in the mean of the batch means an example weighs 1 over the number of batches times the size of its batch"
        ),
    )
    shuffled(t)
    missed(t)
    one_batch_forever(t)


def shuffled(t: Proof) -> None:
    """A random order holds each example once, so the sum of an epoch's gradients at a fixed point has no variance."""
    n = t.size("n", minimum=2)
    order, g, i = t.random("P", orders(n, n)), t.vector("g", n), t.index("i", n)
    times, origin = total(n, lambda s: order[s, i]), t.real("origin")
    t.expectation(
        t.state("every example once", Eq(Expectation((times - origin) ** 2), (1 - origin) ** 2)),
        because="the number of times has mean 1 and variance 0",
    )
    collected = total(n, lambda s: total(n, lambda k: order[s, k] * g[k]))
    t.expectation(
        t.state(
            "the sum over an epoch is certain",
            Eq(Expectation((collected - origin) ** 2), (total(n, lambda k: g[k]) - origin) ** 2),
        ),
        because="each gradient is added once, in whatever order",
    )


def missed(t: Proof) -> None:
    """q batches with a share 1/q each, drawn independently: each misses an example with probability 1 - 1/q."""
    batches, k = t.size("B"), t.time("k")
    (escaped,) = t.recursion(k, escaped=(1, lambda u: (1 - 1 / batches) * u(k)))
    t.induct(
        t.state("an example escapes k independent batches", Eq(escaped(k), (1 - 1 / batches) ** k)),
        over=k,
        because="the batches are independent, so the probabilities multiply",
    )
    z = t.positive("z")
    t.limit(
        t.state("of a long epoch the share 1/e is missed", Eq(Limit((1 - 1 / z) ** z, z, oo), exp(-1))),
        because="the compound-interest limit, at z = number of batches",
    )


def one_batch_forever(t: Proof) -> None:
    """Iterating on one batch minimizes its own loss (theta - c)^2, whatever the other examples say."""
    c, start, eta = t.real("c theta_0 eta")
    k = next(s.symbol for s in t.declared if str(s.symbol) == "k")
    (theta,) = t.recursion(k, theta=(start, lambda theta: theta(k) - 2 * eta * (theta(k) - c)))
    t.induct(
        t.state("iterating on one batch", Eq(theta(k), c + (1 - 2 * eta) ** k * (start - c))),
        over=k,
        because="the distance to the minimum of this batch's loss shrinks by 1 - 2 eta",
    )
    forgotten(t, k, "ends at the minimum of that batch", "here a = c and rho = 1 - 2 eta")


@misprint(
    "Batches drawn independently do not cover the examples in an epoch",
    corrected="epoch-partition",
    covers=["003:epoch-needs-a-partition"],
    sources=[Source("003", "l.550-560", "for each epoch, for each batch: choose a random batch without replacement")],
)
def epoch_of_independent_batches(t: Proof) -> None:
    """Two examples, batches of one: with probability 1/2 the second batch repeats the first."""
    n = t.size("n")
    draw = t.random("D", choices(lambda i: 1 / n, 2, n))
    t.refute(
        Eq(Expectation(total(n, lambda i: (1 - draw[1, i]) * (1 - draw[2, i]))), 0),
        {n: 2},
        because="the expected number of examples that neither batch holds is 1/2, not 0",
    )


@misprint(
    "The number of iterations is epochs n/m only if m divides n",
    corrected="epoch-partition",
    covers=["003:number-of-iterations"],
    sources=[Source("003", "l.320", "number of iterations = epochs n / m")],
)
def iterations_when_batches_do_not_divide(t: Proof) -> None:
    """Three examples in batches of two: one full batch and one short one."""
    n, m, epochs = t.size("n"), t.size("m"), t.size("E")
    t.refute(
        Eq(epochs * ceiling(n / m), epochs * n / m),
        {n: 3, m: 2, epochs: 1},
        because="two iterations (or one, if the short batch is dropped), not 3/2",
    )


# ---- where descent with noise ends up --------------------------------------------------------------------------------


@theorem(
    "A gradient with a constant bias c moves the fixed point of a quadratic to w* - H^-1 c, by at most |c|/mu",
    covers=["001:biased-gradient-fixed-point"],
    sources=[Source("001", "l.175, l.226", "inexact gradients: bias in estimation")],
)
def biased_gradient_fixed_point(t: Proof) -> None:
    """In the eigenbasis each coordinate follows its own affine recursion, which has one fixed point."""
    d, k = t.size("d"), t.time("k")
    mu, eta = t.positive("mu"), t.real("eta")
    u, bias, start, j = t.vector("u", d, low=0), t.vector("c", d), t.vector("w0", d), t.index("j", d)
    eigenvalue = lambda i: mu + u[i]  # noqa: E731 - any spectrum from mu up; w is measured from w*
    (w,) = t.recursion(k, w=((j,), start[j], lambda w: w(j, k) - eta * (eigenvalue(j) * w(j, k) + bias[j])))
    t.induct(
        t.state(
            "iterate",
            Eq(
                w(j, k),
                -bias[j] / eigenvalue(j) + (1 - eta * eigenvalue(j)) ** k * (start[j] + bias[j] / eigenvalue(j)),
            ),
        ),
        over=k,
        because="the distance to -c_j/lambda_j is multiplied by 1 - eta lambda_j",
    )
    t.compare(
        t.state(
            "the error is at most |c|/mu",
            Le(total(d, lambda i: (bias[i] / eigenvalue(i)) ** 2), total(d, lambda i: bias[i] ** 2) / mu**2),
        ),
        total(d, lambda i: bias[i] ** 2 * u[i] * (2 * mu + u[i]) / (mu**2 * eigenvalue(i) ** 2)),
        because="every eigenvalue is at least mu",
    )
    forgotten(
        t,
        k,
        "a contracting coordinate ends at its fixed point",
        "here rho = 1 - eta lambda_j: the same steps as without bias",
    )


@theorem(
    "With a constant step on a quadratic the covariance tends to eta Sigma_ij / (lambda_i + lambda_j - eta "
    "lambda_i lambda_j)",
    covers=["001:sgd-noise-floor", "002:one-dim-stationary-variance"],
    sources=[
        Source("001", "l.290", "SGD gradients do not vanish at the minimum: the noise of random sampling persists")
    ],
)
def sgd_noise_floor(t: Proof) -> None:
    """Mean and covariance obey linear recursions.

    The covariance of modes i and j forgets its past by (1 - eta lambda_i)(1 - eta lambda_j).
    """
    d, k = t.size("d"), t.time("k")
    eta = t.positive("eta")
    # the stable steps: eta lambda_i strictly between 0 and 2, written as 1 - theta_i with -1 < theta_i < 1
    theta = t.vector("theta", d, low=-1, high=1, open=True)
    sigma, start = t.vector("Sigma", d, d), t.vector("S0", d, d)
    i, j = t.index("i", d), t.index("j", d)
    eigenvalue = lambda i: (1 - theta[i]) / eta  # noqa: E731
    one_step(t)
    (s,) = t.recursion(
        k,
        S=(
            (i, j),
            start[i, j],
            lambda s: (1 - eta * eigenvalue(i)) * (1 - eta * eigenvalue(j)) * s(i, j, k) + eta**2 * sigma[i, j],
        ),
    )
    floor = lambda i, j: eta * sigma[i, j] / (eigenvalue(i) + eigenvalue(j) - eta * eigenvalue(i) * eigenvalue(j))  # noqa: E731
    t.equal(
        t.state(
            "the floor solves the Lyapunov equation",
            Eq(
                eigenvalue(i) * floor(i, j)
                + floor(i, j) * eigenvalue(j)
                - eta * eigenvalue(i) * floor(i, j) * eigenvalue(j),
                eta * sigma[i, j],
            ),
        ),
        because="H S + S H - eta H S H = eta Sigma in the eigenbasis of H, entry by entry",
    )
    t.induct(
        t.state(
            "covariance after k steps",
            Eq(s(i, j, k), floor(i, j) + (theta[i] * theta[j]) ** k * (start[i, j] - floor(i, j))),
        ),
        over=k,
        because="the distance to the floor is multiplied by (1 - eta lambda_i)(1 - eta lambda_j)",
    )
    forgotten(
        t,
        k,
        "and the start is forgotten",
        "here rho = (1 - eta lambda_i)(1 - eta lambda_j), below 1 in size at every stable step",
    )
    scalar_floor(t, eta)


def one_step(t: Proof) -> None:
    """One noisy step from a given point, in one mode, and the noise of a minibatch at the minimum."""
    step, curvature, w, deviation = t.positive("alpha"), t.positive("h"), t.real("w"), t.positive("s")
    noise = t.random("xi", independent([0, deviation**2], name="gradient noise"))
    following = w - step * (curvature * w + noise)
    t.expectation(
        t.state("mean of a step", Eq(Expectation(following), (1 - step * curvature) * w)),
        because="the noise has mean 0",
    )
    t.expectation(
        t.state(
            "second moment of a step",
            Eq(Expectation(following**2), (1 - step * curvature) ** 2 * w**2 + step**2 * deviation**2),
        ),
        because="the noise is independent of the iterate: the squares add",
    )
    n, b = t.size("n", minimum=2), t.size("b")
    g = t.vector("g", n)
    gradient = lambda i: g[i]  # noqa: E731
    draws = t.random("D", choices(lambda i: 1 / n, b, n))
    t.expectation(
        t.state(
            "the batch gradient never settles",
            Eq(
                Expectation(batch_mean(draws, b, n, gradient) ** 2), average(n, gradient) ** 2 + spread(n, gradient) / b
            ),
        ),
        because=(
            "at the minimum the first part is 0, but the examples' gradients are not: 1/b times their mean "
            "square is left"
        ),
    )


def scalar_floor(t: Proof, eta: Any) -> None:
    """One mode at a stable step, eta lambda = 2u, 0 < u < 1: the floor grows faster than linearly with the step."""
    share, deviation = t.real("u", 0, 1, open=True), t.positive("sigma")
    curvature = 2 * share / eta
    floor = eta * deviation**2 / (curvature * (2 - eta * curvature))
    t.equal(
        t.state("the floor is a fixed point", Eq((1 - eta * curvature) ** 2 * floor + eta**2 * deviation**2, floor)),
        because="1 - (1 - eta lambda)^2 = eta lambda (2 - eta lambda)",
    )
    t.equal(
        t.state("excess loss at the floor", Eq(curvature * floor / 2, eta * deviation**2 / (2 * (2 - 2 * share)))),
        because="half the curvature times the variance; for unit curvature the variance is eta/(2 - eta) sigma^2",
    )
    t.compare(
        t.state("more than its linear part", Gt(floor, eta * deviation**2 / (2 * curvature))),
        eta**2 * deviation**2 / (2 * (2 - 2 * share)),
        because="the denominator is below 2 lambda",
    )


@theorem(
    "The average of the iterates on a quadratic has the variance sigma^2/(h^2 T), whatever the step",
    covers=["001:sgd-noise-floor", "004:checkpoint-averaging"],
    sources=[
        Source("001", "l.290", "the noise of random sampling persists at the minimum"),
        Source("004", "l.1163-1167", "averaging checkpoints of one run"),
    ],
)
def averaged_iterates(t: Proof) -> None:
    """Each step takes eta (h w + xi) off the iterate, so the steps add up to the sum of the iterates and that
    of the noise.
    """
    steps = t.size("T")
    k = t.integer("k", 0, steps)
    eta, curvature, start, noise = t.positive("eta"), t.positive("h"), t.real("w0"), t.vector("xi", steps)
    w, collected = t.recursion(
        k,
        w=(start, lambda w, s: w(k) - eta * (curvature * w(k) + noise[k + 1])),
        collected=(0, lambda w, s: s(k) + w(k)),
    )
    t.induct(
        t.state(
            "sum of the iterates",
            Eq(collected(k), (start - w(k)) / (eta * curvature) - total(k, lambda i: noise[i]) / curvature),
        ),
        over=k,
        because="w(k+1) = w(k) - eta h w(k) - eta xi: solve for w(k) and add",
    )
    deviation = t.positive("sigma")
    random = t.random("zeta", independent([0, deviation**2], [steps], name="gradient noise"))
    t.expectation(
        t.state(
            "variance of the average",
            Eq(
                Expectation((total(steps, lambda i: random[i]) / (curvature * steps)) ** 2),
                deviation**2 / (curvature**2 * steps),
            ),
        ),
        because="the noise enters divided by h, without the step; start and end are divided by T once more",
    )


@theorem(
    "Full-batch gradients vanish: the sum of their squares is at most (J_0 - J_inf) / (eta (1 - L eta/2))",
    covers=["001:full-batch-gradient-vanishes"],
    sources=[
        Source(
            "001",
            "l.291",
            "the true gradient becomes small and then 0 when we approach a minimum with batch gradient descent",
        )
    ],
)
def full_batch_gradient_vanishes(t: Proof) -> None:
    """The descent lemma pays for every squared gradient out of J, which has only J_0 - J_inf to give."""
    horizon, k = t.size("T"), t.time("k")
    smoothness, share = t.positive("L"), t.real("u", 0, 1, open=True)
    eta = 2 * share / smoothness  # any step in (0, 2/L)
    price = eta * (1 - smoothness * eta / 2)
    descent(t, horizon, eta, smoothness, price)
    curvature, start = t.positive("h"), t.real("w0", nonzero=True)
    (w,) = t.recursion(k, w=(start, lambda w: w(k) - eta * curvature * w(k)))
    t.induct(
        t.state("gradient on a parabola", Eq(w(k), (1 - eta * curvature) ** k * start)),
        over=k,
        because="J = h w^2/2: the gradient h w is never exactly 0 unless eta h = 1",
    )


def descent(t: Proof, horizon: Any, eta: Any, smoothness: Any, price: Any) -> None:
    """J_(t+1) <= J_t - price |grad J_t|^2 for t = 1..T: the decrease is the price times the square plus a slack."""
    squared, slack = t.vector("g2", horizon, low=0), t.vector("slack", horizon, low=0)
    lowest, above = t.real("J_inf"), t.nonnegative("rest")
    last = lowest + above  # J after T steps
    first = last + total(horizon, lambda i: price * squared[i] + slack[i])
    t.compare(
        t.state("sum of the squared gradients", Le(total(horizon, lambda i: squared[i]), (first - lowest) / price)),
        [above / price, total(horizon, lambda i: slack[i]) / price],
        because="add up the decreases: they telescope to J_0 - J_T <= J_0 - J_inf",
    )
    least = t.nonnegative("least")
    over = t.vector("over", horizon, low=0)  # the squared gradients, measured from the least of them
    squares = lambda i: least + over[i]  # noqa: E731
    t.compare(
        t.state("the least is at most the mean", Le(least, average(horizon, squares))),
        average(horizon, lambda i: over[i]),
        because="so it falls at least like 1/T",
    )


@theorem(
    "SGD with steps alpha_i: E F(xbar) - F* <= (|x_1 - x*|^2 + sum alpha_i^2 E|g_i|^2) / (2 sum alpha_i), sharp; "
    "RG/sqrt(K) at the best step",
    covers=["002:averaged-sgd-bound", "001:sgd-may-finish-before-one-epoch"],
    sources=[
        Source("002", "l.96-102", "E F(xbar_k) - F_opt <= (|x_0 - x_opt|^2 + sum_(i=1)^k alpha_i^2 E|g_i|^2) / (2 "
        "sum_(i=1)^k alpha_i)"),
        Source("001", "l.298", "SGD may converge before one epoch on a large data set"),
    ],
)  # fmt: skip
def averaged_sgd_bound(t: Proof) -> None:
    """One step in expectation, the sum of K steps, Jensen for the average.

    Steps are numbered 1..K here, so the first iterate is x_1.
    """
    k = t.size("K")
    one_subgradient_step(t)
    telescoped(t, k)
    best_constant_step(t, k)
    attained(t, k)


def one_subgradient_step(t: Proof) -> None:
    """Given the iterate, at distance e from x*, the step is -alpha (h + xi): h a subgradient, xi noise of mean 0."""
    d, alpha = t.size("d"), t.positive("alpha")
    e, h, deviation = t.vector("e", d), t.vector("h", d), t.vector("tau", d, low=0)
    noise = t.random("xi", correlated(0, lambda i, j: KroneckerDelta(i, j) * deviation[i], [d]))
    t.expectation(
        t.state(
            "distance after one step",
            Eq(
                Expectation(total(d, lambda c: (e[c] - alpha * (h[c] + noise[c])) ** 2)),
                total(d, lambda c: e[c] ** 2)
                - 2 * alpha * total(d, lambda c: h[c] * e[c])
                + alpha**2 * Expectation(total(d, lambda c: (h[c] + noise[c]) ** 2)),
            ),
        ),
        because="expand the square; the noise has mean 0 given the iterate, so only h meets the distance",
    )
    projected_step(t, d)


def projected_step(t: Proof, d: Any) -> None:
    """Projection P on a convex set that holds x*: (x - Px)'(x* - Px) <= 0. Coordinates u = x - Px, v = Px - x*."""
    u, v = t.vector("x_less_Px", d), t.vector("Px_less_opt", d)
    obtuse = Ge(total(d, lambda c: u[c] * v[c]), 0)
    claim = Le(total(d, lambda c: v[c] ** 2), total(d, lambda c: (u[c] + v[c]) ** 2))
    inside = t.suppose(obtuse)
    nearer = inside.compare(
        claim,
        [total(d, lambda c: u[c] ** 2), 2 * obtuse.lhs],
        because="|x - x*|^2 = |u|^2 + 2 u'v + |v|^2",
    )
    t.implies(
        t.state("projecting comes no farther from the minimum", Implies(obtuse, nearer.claim)),
        nearer,
        because="so the bound holds with a projection after every step",
    )


def telescoped(t: Proof, k: Any) -> None:
    """D_(i+1) = D_i - 2 alpha_i (gap_i + s_i) + alpha_i^2 G_i >= 0, s_i >= 0 the slack of the subgradient."""
    alpha, second = t.vector("alpha_i", k, low=0, open=True), t.vector("G2", k, low=0)
    gap, slack, bent = t.vector("gap", k, low=0), t.vector("s", k, low=0), t.vector("r", k, low=0)
    last = t.nonnegative("D_end")
    steps = total(k, lambda i: alpha[i])
    start = last + total(k, lambda i: 2 * alpha[i] * (gap[i] + slack[i]) - alpha[i] ** 2 * second[i])
    bound = (start + total(k, lambda i: alpha[i] ** 2 * second[i])) / (2 * steps)
    mean_gap = total(k, lambda i: alpha[i] * gap[i]) / steps
    summed = t.compare(
        t.state("the mean gap", Le(mean_gap, bound)),
        [last / (2 * steps), total(k, lambda i: alpha[i] * slack[i]) / steps],
        because="add the K steps: the distances telescope, and the last one is not negative",
    )
    least, over = t.nonnegative("least"), t.vector("over", k, low=0)  # the gaps, measured from the least of them
    t.compare(
        t.state("the best iterate", Le(least, total(k, lambda i: alpha[i] * (least + over[i])) / steps)),
        total(k, lambda i: alpha[i] * over[i]) / steps,
        because="the least gap is at most the mean gap, so it obeys the bound too",
    )
    d = next(s.symbol for s in t.declared if str(s.symbol) == "d")
    x, q, value = t.vector("x", k, d), t.vector("q", d), t.real("F_bar")
    center = lambda c: total(k, lambda i: alpha[i] * x[i, c]) / steps  # noqa: E731
    along = lambda i: value + total(d, lambda c: q[c] * (x[i, c] - center(c))) + bent[i]  # noqa: E731 - F(x_i), by convexity at xbar
    t.compare(
        t.state("Jensen", Le(value, total(k, lambda i: alpha[i] * along(i)) / steps)),
        total(k, lambda i: alpha[i] * bent[i]) / steps,
        because="the subgradient inequality at xbar, averaged: its linear part cancels",
    )
    average_gap = t.real("phi")
    jensen = t.suppose(Le(average_gap, mean_gap))
    convex = jensen.compare(Le(average_gap, mean_gap), mean_gap - average_gap, because="as supposed")
    chained = jensen.chain(
        Le(average_gap, bound), [convex, summed], because="the gap of the average is at most the mean gap"
    )
    t.implies(
        t.state("the gap of the average", Implies(Le(average_gap, mean_gap), chained.claim)),
        chained,
        because="as supposed",
    )


def best_constant_step(t: Proof, k: Any) -> None:
    """alpha_i = eta, |x_1 - x*| = R, E|g|^2 = G^2: R^2/(2 K eta) + G^2 eta/2 is least where its two parts agree."""
    h, radius, size, tolerance = t.positive("eta"), t.positive("R"), t.positive("G"), t.positive("tol")
    bound = (radius**2 + k * h**2 * size**2) / (2 * k * h)
    best = radius / (size * sqrt(k))
    t.equal(
        t.state("bound", Eq(bound, radius * size / sqrt(k) + size**2 * (h - best) ** 2 / (2 * h))),
        because="complete the square: at eta = R/(G sqrt(K)) the bound is RG/sqrt(K), any other step pays a square",
    )
    t.compare(
        t.state("no constant step has a lower bound", Ge(bound, radius * size / sqrt(k))),
        (radius - size * h * sqrt(k)) ** 2 / (2 * k * h),
        because="the slack is a square",
    )
    enough = Ge(k, (radius * size / tolerance) ** 2)
    patient = t.suppose(enough)
    square = patient.compare(
        Le((radius * size) ** 2 / k, tolerance**2),
        tolerance**2 / k * (k - (radius * size / tolerance) ** 2),
        because="the steps needed depend on R, G and the tolerance, not on the number of examples",
    )
    t.implies(t.state("iterations for a tolerance", Implies(enough, square.claim)), square, because="as supposed")


def attained(t: Proof, k: Any) -> None:
    """F(x) = G max_i x_i from 0, against x* = -step G (1, .., 1): step s uses the subgradient G e_s of coordinate s."""
    step, size = t.positive("step"), t.positive("G_1")
    i, j = t.index("i", k), t.index("j", k)
    # iterate s, before step s, has moved coordinates 1..s-1
    iterate = lambda c, s: -step * size * total(s - 1, lambda r: KroneckerDelta(r, c))  # noqa: E731
    t.equal(
        t.state("coordinate j is still 0 at iterate j", Eq(iterate(j, j), 0)),
        because=(
            "steps 1..j-1 used other coordinates: it is a largest one, so its subgradient G e_j is admissible and F = 0"
        ),
    )
    t.compare(
        t.state("no coordinate is positive", Le(iterate(i, j), 0)),
        step * size * total(j - 1, lambda r: KroneckerDelta(r, i)),
        because="coordinates only move down: so the largest is 0 at each iterate and at their average, whose K-th is 0",
    )
    t.equal(
        t.state("the K-th coordinate of the average", Eq(average(k, lambda s: iterate(k, s)), 0)),
        because="it moves in the last step only",
    )
    t.equal(
        t.state("after K steps the minimizer is reached", Eq(iterate(i, k + 1), -step * size)),
        because="every coordinate has moved once: D_(K+1) = 0",
    )
    radius2 = total(k, lambda c: (0 - (-step * size)) ** 2)
    t.equal(
        t.state(
            "the gap equals the bound",
            Eq(0 - size * (-step * size), (radius2 + k * step**2 * size**2) / (2 * k * step)),
        ),
        because=(
            "F(xbar) - F(x*) = step G^2, and R^2 = K step^2 G^2: at the best step for this R, RG/sqrt(K) is "
            "attained for every K"
        ),
    )


@misprint(
    "The averaged bound fails if the sums leave out the first step but keep its starting point",
    corrected="averaged-sgd-bound",
    covers=["002:averaged-sgd-bound"],
    sources=[Source("002", "l.96-102", "(|x_o - x_opt|^2 + sum_(i=1)^k alpha_i^2 E|g_i|^2) / (2 sum_(i=1)^k alpha_i)")],
)
def averaged_bound_without_first_step(t: Proof) -> None:
    """F = x^2/2 from 1 with the steps 4 and 1/3: step 0 overshoots to -3, and the printed sums do not see it."""
    k, time, start = t.size("k"), t.time("t"), t.real("x0")
    first, alpha = t.positive("alpha_0"), t.vector("alpha", k, low=0, open=True)
    (x,) = t.recursion(time, x=(start - first * start, lambda x: x(time) - alpha[time + 1] * x(time)))
    # x(i - 1) is x_i of the slide; the gradient there is x_i itself
    steps = total(k, lambda i: alpha[i])
    center = total(k, lambda i: alpha[i] * x(i - 1)) / steps
    t.refute(
        Le(HALF * center**2, (start**2 + total(k, lambda i: alpha[i] ** 2 * x(i - 1) ** 2)) / (2 * steps)),
        {k: 1, time: 0, start: 1, first: 4, alpha: [Rational(1, 3)]},
        because="the average is x_1 = -3 with F = 9/2, the printed bound is (1 + 1)/(2/3) = 3",
    )


# ---- one weight ------------------------------------------------------------------------------------------------------


@theorem(
    "One weight: F is a parabola about w* = sum x_i^2 c_i / sum x_i^2, and outside [min c, max c] every "
    "stochastic step approaches it",
    covers=["002:one-dim-finite-sum", "002:region-of-confusion"],
    sources=[Source("002", "l.77-90", "F(w) = 1/n sum 1/2 (y_i - w x_i)^2, y_1 = x, y_2 = 0.9 x, y_3 = 1.1 x")],
)
def one_weight_finite_sum(t: Proof) -> None:
    """Example i alone has its minimum at the slope c_i; the whole has it at their weighted mean, which lies between."""
    n = t.size("n")
    x, c, w = t.vector("x", n, nonzero=True), t.vector("c", n), t.real("w")
    weight = total(n, lambda i: x[i] ** 2)
    best = total(n, lambda i: x[i] ** 2 * c[i]) / weight
    objective = lambda w: average(n, lambda i: HALF * (c[i] * x[i] - w * x[i]) ** 2)  # noqa: E731
    k = t.index("k", n)
    t.equal(
        t.state(
            "gradient of one example", Eq(Derivative(HALF * (c[k] * x[k] - w * x[k]) ** 2, w), x[k] ** 2 * (w - c[k]))
        ),
        because="the residual is x (w - c)",
    )
    t.equal(
        t.state("complete square", Eq(objective(w), weight / (2 * n) * (w - best) ** 2 + objective(best))),
        because="the linear term vanishes at the weighted mean of the slopes",
    )
    third, tenth = Rational(1, 3), Rational(1, 10)
    slopes = [1, 1 - tenth, 1 + tenth]
    t.equal(
        t.state(
            "the slide's three lines at x = 1",
            Eq(third * HALF * sum((s - w) ** 2 for s in slopes), HALF * (w - 1) ** 2 + Rational(1, 300)),
        ),
        because="w* = 1 for equal x_i; the floor is half the variance of the slopes",
    )
    region_of_confusion(t)


def region_of_confusion(t: Proof) -> None:
    """One step with 0 < v = alpha x^2 <= 1 replaces w by (1 - v) w + v c, a point between w and the slope c."""
    low, width = t.real("low"), t.nonnegative("width")
    high = low + width
    w, v, c = t.real("w1"), t.real("v", 0, 1), t.real("slope", low, high)
    following = w - v * (w - c)
    inside = t.suppose(And(Ge(w, low), Le(w, high)))
    stays = And(Ge(following, low), Le(following, high))
    above = inside.compare(
        Ge(following, low), [(1 - v) * (w - low), v * (c - low)], because="a convex combination of w and c"
    )
    below = inside.compare(
        Le(following, high), [(1 - v) * (high - w), v * (high - c)], because="a convex combination of w and c"
    )
    t.implies(
        t.state("the interval of the slopes is absorbing", Implies(And(Ge(w, low), Le(w, high)), stays)),
        inside.both(stays, [above, below], because="both"),
        because="as supposed",
    )
    t.equal(
        t.state("distance to the upper end", Eq(following - high, (1 - v) * (w - high) - v * (high - c))),
        because="to the right of every slope the distance shrinks by 1 - v at least: the last term is not positive",
    )
    right = t.suppose(Ge(w, high))
    agree = right.compare(Ge(v * (w - c), 0), [v * (w - high), v * (high - c)], because="w >= max c >= c_i")
    t.implies(
        t.state("to the right all gradients agree", Implies(Ge(w, high), agree.claim)), agree, because="as supposed"
    )
    left = t.suppose(Le(w, low))
    opposite = left.compare(Le(v * (w - c), 0), [v * (low - w), v * (c - low)], because="w <= min c <= c_i")
    t.implies(t.state("to the left too", Implies(Le(w, low), opposite.claim)), opposite, because="as supposed")
    part, apart = t.real("part", 0, 1, open=True), t.positive("apart")
    within = low + part * apart
    t.compare(
        t.state("between they disagree", Lt((within - low) * (within - (low + apart)), 0)),
        part * (1 - part) * apart**2,
        because="strictly between two slopes their examples pull in opposite directions",
    )


# ---- the order of the batches ----------------------------------------------------------------------------------------


@theorem(
    "Averaged over the orders, an epoch of SGD adds the penalty eps/(4M) sum |grad C_i|^2 to gradient flow, to "
    "second order in eps",
    covers=["001:small-batch-implicit-regulariser"],
    sources=[Source("001", "l.85", "small batches can offer a regularizing effect, perhaps due to the noise they add")],
)
def shuffled_epoch_regularizes(t: Proof) -> None:
    """Steps on C_i(w) = g_i w + h_i w^2/2, any losses to second order: expand in eps, then average over orders."""
    m = t.size("M", minimum=2)
    k, eps = t.integer("k", 0, m), t.positive("eps")
    g, h = t.vector("g_i", m), t.vector("h_i", m)
    p, q, r = t.recursion(
        k,
        p=(0, lambda p, q, r: p(k) - g[k + 1]),
        q=(0, lambda p, q, r: q(k) - h[k + 1] * p(k)),
        r=(0, lambda p, q, r: r(k) - h[k + 1] * (q(k) + eps * r(k))),
    )
    (w,) = t.recursion(k, w=(0, lambda w: w(k) - eps * (g[k + 1] + h[k + 1] * w(k))))
    t.induct(
        t.state("expansion in eps, with its remainder", Eq(w(k), eps * p(k) + eps**2 * q(k) + eps**3 * r(k))),
        over=k,
        because="collect the powers of eps in one step",
    )
    first = t.induct(
        t.state("first order", Eq(total(k, lambda s: g[s]), -p(k))),
        over=k,
        because="the gradients add up, in any order",
    )
    t.induct(
        t.state("second order", Eq(total(k, lambda s: h[s] * total(s - 1, lambda r: g[r])), q(k))),
        over=k,
        using=first,
        because="step s meets the displacement that the steps before it have made",
    )
    mean_over_orders(t, m, g, h)


def mean_over_orders(t: Proof, m: Any, g: Any, h: Any) -> None:
    """q = sum over s < t of h_t g_s: averaged over the M! orders, every pair of different batches counts half."""
    order = t.random("P", orders(m, m))
    gradient = lambda s: total(m, lambda i: order[s, i] * g[i])  # noqa: E731
    curvature = lambda s: total(m, lambda i: order[s, i] * h[i])  # noqa: E731
    pairs = total(m, lambda i: g[i]) * total(m, lambda i: h[i]) - total(m, lambda i: g[i] * h[i])
    s, r = t.index("s", m), t.index("s_2", m)
    same = KroneckerDelta(s, r)
    t.expectation(
        t.state(
            "two places",
            Eq(
                Expectation(curvature(s) * gradient(r)),
                same * average(m, lambda i: g[i] * h[i]) + (1 - same) * pairs / (m * (m - 1)),
            ),
        ),
        because="two different places hold any two different batches, each pair with probability 1/(M(M-1))",
    )
    number = t.induct(
        Eq(total(m, lambda s: s), m * (m + 1) / 2), over=m, start=2, because="place s has s - 1 places before it"
    )
    t.equal(
        t.state(
            "second order, averaged over the orders",
            Eq(total(m, lambda s: total(s - 1, lambda r: pairs / (m * (m - 1)))), pairs / 2),
        ),
        using=number,
        because="there are M(M-1)/2 pairs of places in order",
    )
    w = t.real("w_0")
    slope = lambda i: g[i] + h[i] * w  # noqa: E731 - what g stands for, at any starting point
    mean_loss = average(m, lambda i: g[i] * w + h[i] * w**2 / 2)
    squares = total(m, lambda i: slope(i) ** 2)
    moved = total(m, slope) * total(m, lambda i: h[i]) - total(m, lambda i: slope(i) * h[i])
    t.equal(
        t.state(
            "as the gradient of a penalty",
            Eq(Derivative(m**2 * Derivative(mean_loss, w) ** 2 - squares, w) / 4, moved / 2),
        ),
        because="gradient flow for the time M eps has the first part, M^2/4 grad |grad C|^2; the rest is new",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("stochastic")
