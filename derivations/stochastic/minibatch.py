"""The minibatch gradient: unbiased, and its variance with and without replacement."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Implies, KroneckerDelta, Limit, binomial, oo, sqrt

from ..kernel import Eq, Expectation, Ge, Le, Lt, Proof, Source, choices, misprint, orders, theorem, total


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
