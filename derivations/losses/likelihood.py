"""Losses as negative log-likelihoods: why the least loss is the likeliest model, and what Gaussian noise gives."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Implies, exp, log, pi, sqrt

from ..kernel import Eq, Expectation, Fact, Ge, Gt, Lt, Proof, Source, independent, misprint, product, theorem, total
from .softmax import distribution
from .tangent_line import tangent_line


@theorem(
    "The likelihood of a data set grows exactly as its mean negative log-likelihood falls, and relative "
    "frequencies maximize a categorical one",
    covers=[
        "000:nll-objective", "000:mle-equals-min-nll", "001:mle-sum-equals-empirical-mean", "002:finite-sum-objective",
    ],
    sources=[
        Source("000", "l.116", "theta = arg max p_model(Y | X; theta)"),
        Source("000", "l.116-133", "J(theta) = - E_((x,y)~p_data) log p_model(y | x)"),
        Source("001", "l.64-67", "arg max sum_i log p(x_i, y_i; theta); J(theta) = E log p(x, y; theta)"),
        Source("002", "l.19-21", "F(x) = 1/n sum_i f_i(x)"),
    ],
)  # fmt: skip
def maximum_likelihood_is_minimum_loss(t: Proof) -> None:
    """P_i and Q_i are the probabilities that two parameter vectors give to example i; no more of the model is used."""
    n, m = t.size("n"), t.size("m")
    one, other = (t.vector(name, n, low=0, open=True) for name in ("P", "Q"))
    loss, other_loss = (-total(n, lambda i, p=p: log(p[i])) / n for p in (one, other))
    likelihood, other_likelihood = (product(n, lambda i, p=p: p[i]) for p in (one, other))
    t.equal(
        t.state("log-likelihood", Eq(log(likelihood), -n * loss)),
        because="the logarithm of a product of independent examples is a sum; dividing by n moves no maximum",
    )
    u, tangent = tangent_line(t)
    gain, ratio = log(likelihood) - log(other_likelihood), likelihood / other_likelihood
    advantage = n * (other_loss - loss)
    order = t.compare(
        t.state("likelihood ratio", Ge(ratio, 1 + advantage)),
        exp(gain) - 1 - gain,
        using=[t.instance(tangent, {u: gain}, because="at the logarithm of the ratio")],
        because="e^u >= 1 + u: above 1 as soon as the loss is smaller; exchanging P and Q gives the converse",
    )
    smaller_loss = Lt(loss, other_loss)
    wins = t.suppose(smaller_loss).compare(
        Gt(ratio, 1),
        [ratio - 1 - advantage, advantage],
        using=[order],
        because="the ratio exceeds 1 by at least n times the gain",
    )
    t.implies(
        t.state("the smaller loss has the larger likelihood", Implies(smaller_loss, wins.claim)),
        wins,
        because="as supposed",
    )
    finite_sum(t, n, m)
    relative_frequencies(t, u, tangent)


def finite_sum(t: Proof, n: Any, m: Any) -> None:
    """The mean over examples: any loss l(x_i, theta), its first two derivatives, and two data sets joined."""
    theta, loss, x, extra = t.real("theta"), t.function("l", 2), t.vector("x", n), t.vector("z", m)
    mean = lambda data, size: total(size, lambda i: loss(data[i], theta)) / size  # noqa: E731
    slope = lambda v: loss(v, theta).fdiff(2)  # noqa: E731
    curvature = lambda v: slope(v).fdiff(2)  # noqa: E731
    t.equal(
        t.state("gradient of the mean", Eq(Derivative(mean(x, n), theta), total(n, lambda i: slope(x[i])) / n)),
        because="differentiation is linear, one coordinate of theta at a time",
    )
    t.equal(
        t.state(
            "hessian of the mean", Eq(Derivative(mean(x, n), theta, theta), total(n, lambda i: curvature(x[i])) / n)
        ),
        because="and again",
    )
    joined = (total(n, lambda i: loss(x[i], theta)) + total(m, lambda i: loss(extra[i], theta))) / (n + m)
    first, second = mean(x, n), mean(extra, m)
    t.equal(
        t.state("two data sets", Eq(joined, (first + second) / 2 + (n - m) * (first - second) / (2 * (n + m)))),
        because="parts count by their sizes: plainly averaged, unequal batches miss by their difference times "
        "(n - m)/(2(n + m))",
    )


def relative_frequencies(t: Proof, u: Any, tangent: Fact) -> None:
    """Counts c_k of K classes: no distribution has a smaller negative log-likelihood than c_k / sum c."""
    classes = t.size("K")
    k = t.index("k", classes)
    counts, weights = t.vector("c", classes, low=0, open=True), t.vector("w", classes, low=0, open=True)
    frequency, model = distribution(lambda k: counts[k], classes), distribution(lambda k: weights[k], classes)
    nll = lambda q: -total(classes, lambda k: counts[k] * log(q(k)))  # noqa: E731
    ratio = lambda k: log(model(k)) - log(frequency(k))  # noqa: E731
    t.compare(
        t.state("relative frequencies are the most likely", Ge(nll(model), nll(frequency))),
        total(classes, lambda k: counts[k] * (exp(ratio(k)) - 1 - ratio(k))),
        using=[t.instance(tangent, {u: ratio(k)}, because="at the logarithm of model over frequency")],
        because="log x <= x - 1 weighted by the counts; both distributions sum to 1",
    )


@theorem(
    "A Gaussian negative log-likelihood is the squared error over 2 sigma^2 plus a constant, and the mean "
    "minimizes the expected squared error",
    covers=["000:gaussian-nll-vs-mse", "003:gaussian-likelihood-gives-squared-loss", "000:empirical-mse"],
    sources=[
        Source("000", "l.135-143", "J(theta) = 1/|T| sum ||y - f(x; theta)||^2"),
        Source("003", "l.245-247", "Y | X = x ~ N(f(x, theta), I): L(theta) = E ||Y - f(X, theta)||^2"),
    ],
)
def gaussian_negative_log_likelihood(t: Proof) -> None:
    """The logarithm undoes the exponential of the density; only the quadratic part depends on the prediction f."""
    d, sigma = t.size("d"), t.positive("sigma")
    y, f, g = t.vector("y", d), t.vector("f", d), t.vector("g", d)
    i = t.index("i", d)
    density = lambda residual: exp(-(residual**2) / (2 * sigma**2)) / sqrt(2 * pi * sigma**2)  # noqa: E731
    nll = lambda f: -log(product(d, lambda k: density(y[k] - f[k])))  # noqa: E731
    squared = lambda f: total(d, lambda k: (y[k] - f[k]) ** 2)  # noqa: E731
    t.equal(
        t.state("negative log-likelihood", Eq(nll(f), squared(f) / (2 * sigma**2) + d * log(2 * pi * sigma**2) / 2)),
        because="the logarithm of a product of d densities",
    )
    t.equal(
        t.state("same order", Eq(nll(f) - nll(g), (squared(f) - squared(g)) / (2 * sigma**2))),
        because="the constant cancels: both losses rank any two predictions alike",
    )
    t.equal(
        t.state("gradient", Eq(Derivative(nll(f), f[i]), (f[i] - y[i]) / sigma**2)),
        because="only the i-th square has f_i",
    )
    t.equal(
        t.state("gradient of the squared error", Eq(Derivative(squared(f), f[i]), 2 * (f[i] - y[i]))),
        because="2 sigma^2 times as long: a learning rate does not carry over from one loss to the other",
    )
    mean, sd, guess = t.real("mu"), t.positive("s"), t.real("b")
    target = t.random("Y", independent([mean, mean**2 + sd**2], name="target given the input"))
    risk = Expectation((target - guess) ** 2)
    t.expectation(
        t.state("risk", Eq(risk, sd**2 + (mean - guess) ** 2)),
        because="variance plus squared bias: smallest where the guess is the mean, given the input",
    )
    noise_scale(t)


def noise_scale(t: Proof) -> None:
    """A predicted variance is best at the squared residual; Laplace noise gives the absolute error."""
    residual, variance = t.positive("r"), t.positive("v")
    u, tangent = tangent_line(t)
    loss = lambda v: (residual**2 / v + log(v)) / 2  # noqa: E731
    ratio = 2 * log(residual) - log(variance)
    t.compare(
        t.state("the best variance is the squared residual", Ge(loss(variance), loss(residual**2))),
        (exp(ratio) - 1 - ratio) / 2,
        using=[t.instance(tangent, {u: ratio}, because="at log(r^2/v)")],
        because="log x <= x - 1 at x = r^2/v",
    )
    error, scale = t.real("epsilon"), t.positive("lambda")
    t.equal(
        t.state("laplace", Eq(-log(exp(-Abs(error) / scale) / (2 * scale)), Abs(error) / scale + log(2 * scale))),
        because="the density of Laplace noise has the absolute error in its exponent",
    )


@misprint(
    "The Gaussian negative log-likelihood is not the squared error itself",
    corrected="gaussian-negative-log-likelihood",
    covers=["000:gaussian-nll-vs-mse"],
    sources=[Source("000", "l.135-137", "p_model(y|x) = N(y; f(x; theta), I) => J(theta) = E ||y - f(x; theta)||^2")],
)
def gaussian_likelihood_as_squared_error(t: Proof) -> None:
    """d = 1 and y = f: the printed loss is 0, the true one is log(2 pi)/2 = 0.9189."""
    d = t.size("d")
    y, f = t.vector("y", d), t.vector("f", d)
    nll = -log(product(d, lambda k: exp(-((y[k] - f[k]) ** 2) / 2) / sqrt(2 * pi)))
    t.refute(
        Eq(nll, total(d, lambda k: (y[k] - f[k]) ** 2)),
        {d: 1, y: [0], f: [0]},
        because="the factor 1/2 and the normalizing constant are missing; only the minimizer is the same",
    )
