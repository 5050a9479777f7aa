"""Losses: what a network's output is compared with, and the gradient that starts backpropagation.

Notation: a_1..a_K are the logits of one example, y its class, f = softmax(a), e(y) the one-hot vector of y; H is the
entropy and KL the Kullback-Leibler divergence. Probabilities are positive weights divided by their sum, so that no
hypothesis about sums is needed. One inequality, e^u >= 1 + u, carries every bound between logarithms.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    Derivative,
    Heaviside,
    Implies,
    IndexedBase,
    KroneckerDelta,
    Limit,
    Rational,
    exp,
    log,
    oo,
    pi,
    sqrt,
)  # fmt: skip

from .kernel import Eq, Expectation, Fact, Ge, Gt, Le, Lt, Proof, Source, independent, misprint, product, theorem, total

HALF = Rational(1, 2)


def softmax(logits: IndexedBase, classes: Any, i: Any) -> Any:
    """f_i = exp(a_i) / sum_k exp(a_k)."""
    return exp(logits[i]) / total(classes, lambda k: exp(logits[k]))


def distribution(weights: Any, classes: Any) -> Any:
    """k -> p_k = w(k) / sum_m w(m): any probability vector without zeros, as a function of the class."""
    normalizer = total(classes, weights)
    return lambda k: weights(k) / normalizer


def tangent_line(t: Proof) -> tuple[Any, Fact]:
    """The symbol u and the fact e^u >= 1 + u: the exponential is convex, and this is its tangent at 0."""
    u, end = t.real("u"), t.nonnegative("tau")
    r = t.real("rho", 0, end)
    above = t.monotone(Ge(exp(end), 1), exp(r), r, because="the exponential increases from e^0 = 1")
    right = t.monotone(
        Ge(exp(end) - end, 1),
        exp(r) - r,
        r,
        using=[t.instance(above, {end: r}, because="at rho")],
        because="e^rho - rho has the derivative e^rho - 1 >= 0 to the right of 0",
    )
    below = t.monotone(Le(exp(-end), 1), exp(-r), r, because="to the left of 0 the exponential is below 1")
    left = t.monotone(
        Ge(exp(-end) + end, 1),
        exp(-r) + r,
        r,
        using=[t.instance(below, {end: r}, because="at -rho")],
        because="e^-rho + rho has the derivative 1 - e^-rho >= 0 as -rho moves away from 0",
    )
    claim = Ge(exp(u), 1 + u)
    positive, negative = t.suppose(Ge(u, 0)), t.suppose(Le(u, 0))
    facts = [
        side.compare(
            claim,
            exp(u) - u - 1,
            using=[side.instance(fact, {end: size}, because="at the distance of u from 0")],
            because="on this side of 0, as shown",
        )
        for side, fact, size in ((positive, right, u), (negative, left, -u))
    ]
    return u, t.cases(claim, facts, because="u is on one side of 0 or the other")


@theorem(
    "The gradient of softmax cross-entropy is f - e(y), and its Hessian diag(f) - f f' is positive semidefinite",
    covers=[
        "003:softmax-jacobian", "003:softmax-ce-logit-gradient", "000:softmax-cross-entropy", "000:softmax-definition",
    ],
    sources=[
        Source("003", "l.344-345", "dS_i/dx_j = S_i (delta_ij - S_j)"),
        Source("003", "l.383-389", "grad_a(x) loss = f(x) - e(y)"),
        Source("000", "l.184-188", "L = -log softmax(z)_i"),
    ],
)  # fmt: skip
def softmax_cross_entropy_gradient(t: Proof) -> None:
    """The loss is a linear function subtracted from log-sum-exp, so everything follows from differentiating that."""
    classes = t.size("K")
    a, v = t.vector("a", classes), t.vector("v", classes)
    i, j, y = t.index("i", classes), t.index("j", classes), t.index("y", classes)
    f = lambda k: softmax(a, classes, k)  # noqa: E731 - the notation of the theorem
    normalizer = log(total(classes, lambda k: exp(a[k])))
    loss = -log(f(y))

    t.equal(
        t.state("loss", Eq(loss, normalizer - a[y])),
        because="the logarithm of the quotient: log-sum-exp of the logits minus the logit of the class",
    )
    t.equal(
        t.state("jacobian", Eq(Derivative(f(i), a[j]), f(i) * (KroneckerDelta(i, j) - f(j)))),
        because="the quotient rule: the numerator depends on a_j only when i = j, the sum always does",
    )
    t.equal(
        t.state("gradient", Eq(Derivative(loss, a[i]), f(i) - KroneckerDelta(i, y))),
        because="the derivative of log-sum-exp is softmax; that of a_y is 1 at the class and 0 elsewhere",
    )
    t.equal(
        t.state("the gradient sums to 0", Eq(total(classes, lambda k: f(k) - KroneckerDelta(k, y)), 0)),
        because="the probabilities sum to 1, and so does the one-hot vector",
    )
    t.equal(
        t.state("rows of the Jacobian sum to 0", Eq(total(classes, lambda k: f(i) * (KroneckerDelta(i, k) - f(k))), 0)),
        because="shifting all logits alike changes no probability",
    )
    t.equal(
        t.state("hessian", Eq(Derivative(loss, a[i], a[j]), f(i) * KroneckerDelta(i, j) - f(i) * f(j))),
        because="differentiate f_i - delta_iy once more: the Jacobian, and the one-hot vector is constant",
    )
    variance = total(classes, lambda k: f(k) * v[k] ** 2) - total(classes, lambda k: f(k) * v[k]) ** 2
    spread = total(classes, lambda k: total(classes, lambda m: f(k) * f(m) * (v[k] - v[m]) ** 2))
    t.compare(
        t.state("the Hessian is positive semidefinite", Ge(variance, 0)),
        HALF * spread,
        because="v'Hv is the variance of v under f, which is half the mean squared difference of two draws",
    )


@theorem(
    "Softmax gives positive probabilities that sum to 1, keeps the order of the logits and ignores a common "
    "shift; for two classes it is the sigmoid",
    covers=[
        "000:digit-probability-head", "000:probability-simplex", "003:softmax-invariances-and-binary-reduction",
        "003:output-activation-per-task", "003:softmax-normaliser-index",
    ],
    sources=[
        Source("000", "l.26", "p(x contains digit #i) = exp(y_i) / sum_j exp(y_j)"),
        Source("000", "l.166-168", "p_i in [0; 1], sum_i p_i = 1"),
        Source("003", "l.147-152", "softmax(z)_i = e^(z_i) / sum_k e^(z_k)"),
    ],
)  # fmt: skip
def softmax_is_a_distribution(t: Proof) -> None:
    """Exponentials are positive, and dividing by their sum is all that happens to them."""
    classes = t.size("K")
    a, shift = t.vector("a", classes), t.real("c")
    i, j = t.index("i", classes), t.index("j", classes)
    f = lambda k: softmax(a, classes, k)  # noqa: E731
    t.equal(
        t.state("sum", Eq(total(classes, f), 1)),
        because="every term has the same denominator, the sum of the numerators",
    )
    t.compare(t.state("positive", Gt(f(i), 0)), f(i), because="a quotient of exponentials")
    others = total(classes, lambda k: (1 - KroneckerDelta(k, i)) ** 2 * (1 - KroneckerDelta(k, j)) ** 2 * f(k))
    t.compare(
        t.state("two classes share at most 1", Le(f(i) + (1 - KroneckerDelta(i, j)) * f(j), 1)),
        others,
        because="what is left for the other classes; as f_j > 0, each f_i stays below 1 where there is a second class",
    )
    shifted = exp(a[i] + shift) / total(classes, lambda k: exp(a[k] + shift))
    t.equal(t.state("shift", Eq(shifted, f(i))), because="e^c is a factor of the numerator and of every term below")
    t.equal(
        t.state("log odds", Eq(log(f(i)) - log(f(j)), a[i] - a[j])),
        because="the normalizer cancels: the larger logit has the larger probability",
    )
    pair = t.vector("z", 2)
    t.equal(
        t.state("two classes", Eq(softmax(pair, 2, 1), 1 / (1 + exp(-(pair[1] - pair[2]))))),
        because="divide by e^(z_1): the sigmoid of z_1 - z_2",
    )


@misprint(
    "The normalizer of softmax must sum over its own index",
    corrected="softmax-is-a-distribution",
    covers=["003:softmax-normaliser-index"],
    sources=[Source("003", "l.340", "softmax(x)_i = e^(x_i) / sum_(k=1..K) e^(x_i)")],
)
def softmax_normalizer_without_its_index(t: Proof) -> None:
    """K = 2, x = (0, log 3): every printed component is 1/2."""
    classes = t.size("K")
    i, x = t.index("i", classes), t.vector("x", classes)
    printed = exp(x[i]) / total(classes, lambda k: exp(x[i]))
    t.refute(
        Eq(printed, softmax(x, classes, i)),
        {classes: 2, i: 1, x: [0, log(3)]},
        because="the printed sum is K e^(x_i), so the quotient is 1/K whatever x is; softmax gives 1/4",
    )


@theorem(
    "softmax(beta z) tends to the indicator of the largest logit, ties share it equally, and log-sum-exp is the "
    "maximum up to log n",
    covers=["000:softmax-is-soft-argmax"],
    sources=[Source("000", "l.174", "softmax: a soft version of argmax")],
)
def softmax_is_a_soft_argmax(t: Proof) -> None:
    """One logit M on top, n others g + g_k below it, g > 0: dividing by e^(beta M) leaves terms that vanish."""
    n, beta, gap, top = t.size("n", minimum=0), t.nonnegative("beta"), t.positive("g"), t.real("M")
    below = t.vector("d", n, low=0)
    ties = t.size("r")
    winner = 1 / (1 + total(n, lambda k: exp(-beta * (gap + below[k]))))
    u, tangent = tangent_line(t)
    k = t.index("k", n)
    smaller = t.compare(
        Le(exp(-beta * (gap + below[k])), exp(-beta * gap)),
        exp(-beta * (gap + below[k])) * (exp(beta * below[k]) - 1 - beta * below[k])
        + exp(-beta * (gap + below[k])) * beta * below[k],
        using=[t.instance(tangent, {u: beta * below[k]}, because="at beta d_k >= 0")],
        because="a logit that lies lower has the smaller exponential",
    )
    rest = total(n, lambda k: exp(-beta * (gap + below[k])))
    t.compare(
        t.state("the loser's share", Le(1 - winner, n * exp(-beta * gap))),
        [rest**2 / (1 + rest), total(n, lambda k: exp(-beta * gap) - exp(-beta * (gap + below[k])))],
        using=[smaller],
        because="1 - 1/(1+s) = s/(1+s) <= s, and each of the n terms of s is at most e^(-beta g)",
    )
    t.limit(
        t.state("it vanishes", Eq(Limit(n * exp(-beta * gap), beta, oo), 0)),
        because="the gap is positive",
    )
    tied = exp(beta * top) / total(ties, lambda k: exp(beta * top))
    t.equal(t.state("ties share equally", Eq(tied, 1 / ties)), because="r equal logits, whatever beta is")
    above_maximum(t, n, top, below, u, tangent)


def above_maximum(t: Proof, n: Any, top: Any, below: Any, u: Any, tangent: Fact) -> None:
    """max <= log-sum-exp <= max + log(number of logits): the smooth maximum that softmax is the gradient of."""
    drops = total(n, lambda k: exp(-below[k]))
    lse = log(exp(top) + total(n, lambda k: exp(top - below[k])))
    t.compare(
        t.state("log-sum-exp is at least the maximum", Ge(lse, top)),
        log(1 + drops),
        because="take e^M out of the sum: what remains is 1 for the winner and something positive for each other",
    )
    k = next(s.symbol for s in t.declared if str(s.symbol) == "k")
    term = t.compare(
        Le(exp(-below[k]), 1),
        [exp(-below[k]) * (exp(below[k]) - 1 - below[k]), exp(-below[k]) * below[k]],
        using=[t.instance(tangent, {u: below[k]}, because="at d_k >= 0")],
        because="no logit exceeds M",
    )
    ratio = log(1 + drops) - log(n + 1)
    t.compare(
        t.state("and at most log(n + 1) above it", Le(lse, top + log(n + 1))),
        [exp(ratio) - 1 - ratio, total(n, lambda k: 1 - exp(-below[k])) / (n + 1)],
        using=[t.instance(tangent, {u: ratio}, because="at the logarithm of the ratio"), term],
        because="log x <= x - 1 for the ratio of the sum to n + 1, and no term of the sum exceeds 1",
    )


@theorem(
    "Cross-entropy is entropy plus KL, and KL is at least the squared Hellinger distance, so only p itself "
    "minimizes it",
    covers=["000:nll-is-cross-entropy", "003:expected-negative-log-likelihood"],
    sources=[
        Source("000", "l.129", "J is the cross-entropy between p_data and p_model"),
        Source("003", "l.238-241", "L(theta) = - E_((X,Y)~P) log p_theta(Y|X)"),
    ],
)
def cross_entropy_is_entropy_plus_kl(t: Proof) -> None:
    """For one input; averaging over inputs keeps equality and sign. Gibbs' inequality comes with a remainder."""
    classes = t.size("K")
    data, model = (t.vector(name, classes, low=0, open=True) for name in ("P", "Q"))
    p, q = (distribution(lambda k, w=w: w[k], classes) for w in (data, model))
    cross_entropy = -total(classes, lambda k: p(k) * log(q(k)))
    entropy = -total(classes, lambda k: p(k) * log(p(k)))
    divergence = total(classes, lambda k: p(k) * (log(p(k)) - log(q(k))))
    t.equal(
        t.state("cross-entropy", Eq(cross_entropy, entropy + divergence)),
        because="add and subtract p log p: the entropy does not depend on the model",
    )
    u, tangent = tangent_line(t)
    k = t.index("k", classes)
    half_log_ratio = lambda k: (log(q(k)) - log(p(k))) / 2  # noqa: E731
    hellinger = total(classes, lambda k: (sqrt(p(k)) - sqrt(q(k))) ** 2)
    t.compare(
        t.state("KL is at least the squared Hellinger distance", Ge(divergence, hellinger)),
        total(classes, lambda k: 2 * p(k) * (exp(half_log_ratio(k)) - 1 - half_log_ratio(k))),
        using=[t.instance(tangent, {u: half_log_ratio(k)}, because="at half the logarithm of q_k / p_k")],
        because="log x <= x - 1 at x = sqrt(q_k/p_k), weighted by 2 p_k: the difference is p - 2 sqrt(pq) + q, summed",
    )
    t.compare(
        t.state("KL is not negative", Ge(divergence, 0)),
        [divergence - hellinger, hellinger],
        using=[t.steps[-1]],
        because="a sum of squares, which is 0 only where p = q",
    )


@theorem(
    "Log-sum-exp and negative entropy are convex conjugates: softmax is the exponential family whose mean "
    "parameter maximizes p'a + H(p)",
    covers=["000:softmax-is-soft-argmax", "003:softmax-invariances-and-binary-reduction"],
    sources=[Source("000", "l.174", "softmax: a soft version of argmax")],
)
def log_sum_exp_conjugate(t: Proof) -> None:
    """p'a + H(p) lacks KL(p, softmax(a)) to log-sum-exp, and p'a - LSE(a) lacks the same KL to -H(p)."""
    classes = t.size("K")
    a, weights = t.vector("a", classes), t.vector("P", classes, low=0, open=True)
    i, j = t.index("i", classes), t.index("j", classes)
    p, f = distribution(lambda k: weights[k], classes), distribution(lambda k: exp(a[k]), classes)
    lse = log(total(classes, lambda k: exp(a[k])))
    score = total(classes, lambda k: p(k) * a[k])
    entropy = -total(classes, lambda k: p(k) * log(p(k)))
    divergence = total(classes, lambda k: p(k) * (log(p(k)) - log(f(k))))
    gap = t.equal(
        t.state("the gap is KL", Eq(lse - (score + entropy), divergence)),
        because="log f_k = a_k - LSE(a), and the p_k sum to 1",
    )
    u, tangent = tangent_line(t)
    k = t.index("k", classes)
    ratio = lambda k: log(f(k)) - log(p(k))  # noqa: E731
    gibbs = t.compare(
        Ge(divergence, 0),
        total(classes, lambda k: p(k) * (exp(ratio(k)) - 1 - ratio(k))),
        using=[t.instance(tangent, {u: ratio(k)}, because="at the logarithm of f_k / p_k")],
        because="Gibbs: log x <= x - 1, weighted by p_k, and both distributions sum to 1",
    )
    t.chain(
        t.state("no distribution exceeds log-sum-exp", Ge(lse - (score + entropy), 0)),
        [gibbs, gap],
        because="the gap is KL",
    )
    own_entropy = -total(classes, lambda k: f(k) * log(f(k)))
    t.equal(
        t.state("softmax attains it", Eq(total(classes, lambda k: f(k) * a[k]) + own_entropy, lse)),
        because="at p = f the divergence is 0",
    )
    at_log_p = total(classes, lambda k: p(k) * log(p(k))) - log(total(classes, lambda k: exp(log(p(k)))))
    t.equal(
        t.state("the conjugate is negative entropy", Eq(at_log_p, -entropy)),
        because="p'a - LSE(a) = -H(p) - KL is largest where softmax(a) = p, as at a = log p",
    )
    t.equal(
        t.state("mean parameter", Eq(Derivative(lse, a[i]), f(i))),
        because="the gradient of the log-partition function is the mean of the one-hot vector",
    )
    covariance = total(classes, lambda k: f(k) * (KroneckerDelta(k, i) - f(i)) * (KroneckerDelta(k, j) - f(j)))
    t.equal(
        t.state("covariance", Eq(Derivative(lse, a[i], a[j]), covariance)),
        because="its Hessian is the covariance of the one-hot vector, so log-sum-exp is convex",
    )


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
    t.equal(
        t.state("two data sets", Eq(joined, (n * mean(x, n) + m * mean(extra, m)) / (n + m))),
        because="means of parts are weighted by their sizes: unequal batches do not average plainly",
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


@theorem(
    "The Bernoulli negative log-likelihood of a logit is log(1 + e^a) - Y a, with slope sigma - Y and a curvature"
    " in (0, 1/4]",
    covers=["003:bernoulli-likelihood-gives-bce"],
    sources=[Source("003", "l.249-251", "L(theta) = - E [Y log f(X, theta) + (1 - Y) log(1 - f(X, theta))]")],
)
def binary_cross_entropy(t: Proof) -> None:
    """The label Y may be anything in [0, 1]; sigma(a) = e^a / (1 + e^a) is the probability of class 1."""
    a, label = t.real("a"), t.real("Y", 0, 1)
    sigma, complement = exp(a) / (1 + exp(a)), 1 / (1 + exp(a))
    loss = log(1 + exp(a)) - label * a
    t.equal(t.state("complement", Eq(1 - sigma, complement)), because="both classes share the denominator")
    t.equal(
        t.state("loss", Eq(-(label * log(sigma) + (1 - label) * log(complement)), loss)),
        because="log sigma = a - log(1 + e^a) and log(1 - sigma) = -log(1 + e^a)",
    )
    t.equal(t.state("slope", Eq(Derivative(loss, a), sigma - label)), because="prediction minus target")
    t.equal(
        t.state("curvature", Eq(Derivative(loss, a, a), sigma * complement)), because="the derivative of the sigmoid"
    )
    t.compare(t.state("convex", Gt(sigma * complement, 0)), sigma * complement, because="a product of probabilities")
    t.compare(
        t.state("1/4-smooth", Le(sigma * complement, Rational(1, 4))),
        (1 - exp(a)) ** 2 / (4 * (1 + exp(a)) ** 2),
        because="1/4 - sigma (1 - sigma) = (1/2 - sigma)^2",
    )
    t.equal(
        t.state("margin form of class 1", Eq(loss.subs(label, 1), log(1 + exp(-a)))),
        because="log(1 + e^a) - a = log(e^-a + 1): with labels m = +-1 the loss is log(1 + e^(-m a))",
        via=[log(exp(a) * (exp(-a) + 1)) - a],
    )


@theorem(
    "Categorical cross-entropy selects the log-probability of the class, is log K at equal logits, is binary for "
    "K = 2, and bounds the mixed loss of soft labels",
    covers=["000:categorical-nll", "000:one-hot-selection", "003:categorical-cross-entropy"],
    sources=[
        Source("000", "l.160-182", "J(theta) = - 1/|T| sum_((x,i) in T) log p_model(y = i | x)"),
        Source("000", "l.190-192", "softmax(z)_i = v(i)^T softmax(z)"),
        Source("003", "l.255-257", "L(theta) = - E [sum_j 1_(Y=j) log p_theta(Y = j | X)]"),
    ],
)
def categorical_cross_entropy(t: Proof) -> None:
    """A one-hot vector is a Kronecker delta; a soft label is any vector of positive weights."""
    classes = t.size("K")
    a, y, i = t.vector("a", classes), t.index("y", classes), t.index("i", classes)
    f = distribution(lambda k: exp(a[k]), classes)
    one_hot = lambda k: KroneckerDelta(k, y)  # noqa: E731
    t.equal(
        t.state("selection", Eq(total(classes, lambda k: one_hot(k) * f(k)), f(y))),
        because="the one-hot vector keeps one term",
    )
    t.equal(
        t.state(
            "loss",
            Eq(-total(classes, lambda k: one_hot(k) * log(f(k))), log(total(classes, lambda k: exp(a[k]))) - a[y]),
        ),
        because="the same selection of -log f_k = LSE(a) - a_k",
    )
    level = t.real("l")
    equal_logits = -log(exp(level) / total(classes, lambda k: exp(level)))
    t.equal(t.state("before training", Eq(equal_logits, log(classes))), because="K equal probabilities")
    pair = t.vector("z", 2)
    two = -log(exp(pair[1]) / total(2, lambda k: exp(pair[k])))
    t.equal(
        t.state("two classes", Eq(two, log(1 + exp(pair[2] - pair[1])))),
        because="divide by e^(z_1): binary cross-entropy of the logit z_1 - z_2",
        via=[log(exp(pair[1]) * (1 + exp(pair[2] - pair[1]))) - pair[1]],
    )
    soft_labels(t, classes, f, a, i)


def soft_labels(t: Proof, classes: Any, f: Any, a: Any, i: Any) -> None:
    """For soft labels v the logarithm must stay inside the sum: Jensen's inequality is strict in general."""
    weights = t.vector("w", classes, low=0, open=True)
    k = t.index("k", classes)
    v = distribution(lambda k: weights[k], classes)
    mixed = total(classes, lambda k: v(k) * f(k))
    loss = -total(classes, lambda k: v(k) * log(f(k)))
    u, tangent = tangent_line(t)
    ratio = lambda k: log(f(k)) - log(mixed)  # noqa: E731
    t.compare(
        t.state("jensen", Ge(loss, -log(mixed))),
        total(classes, lambda k: v(k) * (exp(ratio(k)) - 1 - ratio(k))),
        using=[t.instance(tangent, {u: ratio(k)}, because="at the logarithm of f_k over its mean")],
        because="log x <= x - 1 at f_k over the mean of f, weighted by v: the right side sums to 0",
    )
    t.equal(
        t.state("gradient for soft labels", Eq(Derivative(loss, a[i]), f(i) - v(i))),
        because="sum_k v_k (f_i - delta_ik) = f_i - v_i: prediction minus target again",
    )
    y, rate = t.index("c", classes), t.real("epsilon", 0, 1)
    smoothed = lambda k: (1 - rate) * KroneckerDelta(k, y) + rate / classes  # noqa: E731
    smoothed_loss = -total(classes, lambda k: smoothed(k) * log(f(k)))
    mean_loss = -total(classes, lambda k: log(f(k))) / classes
    t.equal(
        t.state("label smoothing", Eq(smoothed_loss, (1 - rate) * -log(f(y)) + rate * mean_loss)),
        because="the loss is linear in the label: a mixture with the mean loss over all classes",
    )


@misprint(
    "Labels counted from 0 select no logit counted from 1",
    corrected="categorical-cross-entropy",
    covers=["000:categorical-nll"],
    sources=[Source("000", "l.160-172", "i in [0; n[; softmax(z)_i = exp(z_i) / sum_(j=1..n) exp(z_j)")],
)
def label_zero_without_a_logit(t: Proof) -> None:
    """One class, one logit z_1, and the label 0."""
    classes, label = t.size("n"), t.integer("i")
    z = t.vector("z", classes)
    t.undefined(
        exp(z[label]) / total(classes, lambda j: exp(z[j])), {classes: 1, label: 0, z: [0]}, because="there is no z_0"
    )


@theorem(
    "The zero-one loss is constant on either side of its jump, and cross-entropy in base 2 bounds it from above "
    "for every number of classes",
    covers=["001:zero-one-loss-has-no-gradient", "001:nll-dominates-zero-one", "003:cross-entropy-surrogate-for-error"],
    sources=[
        Source("001", "l.47-55", "0-1 loss is intractable; the negative log-likelihood is a surrogate"),
        Source("003", "l.259", "the error rate is replaced by the cross-entropy"),
    ],
)
def cross_entropy_dominates_zero_one(t: Proof) -> None:
    """Margin z: the loss is 1 for z <= 0. An error is a class c whose logit is s >= 0 above that of the class y."""
    margin, factor = t.real("z", nonzero=True), t.positive("c")
    loss = lambda z: Heaviside(-z, 1)  # noqa: E731
    t.equal(
        t.state("no gradient", Eq(Derivative(loss(margin), margin), 0)), because="a step is flat away from its jump"
    )
    same = Eq(loss(factor * margin), loss(margin))
    sides = [
        t.suppose(side).equal(same, because="c z and z lie on the same side of 0")
        for side in (Gt(margin, 0), Lt(margin, 0))
    ]
    t.cases(t.state("blind to the size of the margin", same), sides, because="the margin is not 0")
    u, tangent = tangent_line(t)
    others, excess, own = t.size("n", minimum=0), t.nonnegative("s"), t.real("a_y")
    logit = t.vector("o", others)
    rest = total(others, lambda k: exp(logit[k] - own))
    inverse = 1 + exp(excess) + rest  # 1/f_y
    cross_entropy = -log(exp(own) / (exp(own) + exp(own + excess) + total(others, lambda k: exp(logit[k]))))
    t.equal(
        t.state("cross-entropy of an error", Eq(cross_entropy, log(inverse))),
        because="divide by e^(a_y): the class itself, the class that beats it, and the others",
    )
    at_least_two = t.compare(
        Ge(inverse, 2),
        [exp(excess) - 1 - excess, excess, rest],
        using=[t.instance(tangent, {u: excess}, because="at s")],
        because="the winner alone contributes e^s >= 1",
    )
    ratio = log(2) - log(inverse)
    t.compare(
        t.state("an error costs at least log 2", Ge(log(inverse), log(2))),
        [exp(ratio) - 1 - ratio, (inverse - 2) / inverse],
        using=[t.instance(tangent, {u: ratio}, because="at the logarithm of 2 f_y"), at_least_two],
        because="f_y <= 1/2, and the logarithm increases: -log f_y >= log 2, one unit in base 2",
    )
    t.compare(
        t.state("no loss is negative", Ge(log(1 + rest), 0)),
        log(1 + rest),
        because="f_y <= 1, so cross-entropy is above a zero-one loss of 0 as well",
    )
    t.equal(
        t.state("equality at a two-way tie", Eq(log(inverse.subs({excess: 0, others: 0})), log(2))),
        because="two equal logits and no third class",
    )


@theorem(
    "On a line a threshold between two neighbours labels every sorted point like any other threshold between them",
    covers=["001:zero-one-erm-exact-by-enumeration"],
    sources=[Source("001", "l.52", "exact minimization of the 0-1 loss is intractable in general")],
)
def threshold_between_neighbours(t: Proof) -> None:
    """Neighbours x and x + g; other points lie a_i to the left of x or b_j to the right of x + g.

    So N sorted points leave N + 1 cuts with two orientations, and the best of these labelings has the least error.
    """
    below, above = t.size("l"), t.size("r")
    x, gap, share = t.real("x"), t.positive("g"), t.real("w", 0, 1, open=True)
    left, right = t.vector("a", below, low=0), t.vector("b", above, low=0)
    i, j = t.index("i", below), t.index("j", above)
    threshold = x + share * gap
    t.compare(
        t.state("points on the left are below it", Lt(x - left[i], threshold)),
        [share * gap, left[i]],
        because="x is below the threshold, and the others on the left are not above x",
    )
    t.compare(
        t.state("points on the right are above it", Gt(x + gap + right[j], threshold)),
        [(1 - share) * gap, right[j]],
        because="so the labels, and with them the training error, depend on the gap alone and not on where in it",
    )


@theorem(
    "On separable data logistic loss falls along every separator from every point, is never 0, and has the infimum 0",
    covers=["001:surrogate-keeps-moving-after-train-error-zero"],
    sources=[Source("001", "l.56-60", "the surrogate may keep decreasing after the 0-1 training loss is zero")],
)
def logistic_loss_has_no_minimum_on_separable_data(t: Proof) -> None:
    """Rows x_i carry the sign of their label; v separates when every margin x_i'v is positive."""
    n, d, s = t.size("N"), t.size("d"), t.nonnegative("s")
    rows, w, v = t.vector("x", n, d), t.vector("w", d), t.vector("v", d)
    along = lambda i: total(d, lambda j: rows[i, j] * (w[j] + s * v[j]))  # noqa: E731
    margin = lambda i: total(d, lambda j: rows[i, j] * v[j])  # noqa: E731
    risk = lambda z: total(n, lambda i: log(1 + exp(-z(i)))) / n  # noqa: E731
    pull = lambda z, m: -total(n, lambda i: m(i) / (1 + exp(z(i)))) / n  # noqa: E731
    t.equal(
        t.state("slope along v", Eq(Derivative(risk(along), s), pull(along, margin))),
        because="each term log(1 + e^-z) has the slope -1/(1 + e^z) in its margin z, which grows by x_i'v",
    )
    smallest = t.positive("mu")
    start, more = t.vector("z", n), t.vector("g", n, low=0)
    ahead = lambda i: start[i] + s * (smallest + more[i])  # noqa: E731
    t.compare(
        t.state("it is negative for a separator", Lt(pull(ahead, lambda i: smallest + more[i]), 0)),
        -pull(ahead, lambda i: smallest + more[i]),
        because="all terms have the same sign, so the gradient has a negative product with v and is not 0 anywhere",
    )
    t.compare(t.state("never 0", Gt(risk(ahead), 0)), risk(ahead), because="1 + e^-z exceeds 1, whatever the margin")
    u, tangent = tangent_line(t)
    i = t.index("i", n)
    logarithm = t.instance(tangent, {u: log(1 + exp(-ahead(i)))}, because="at log(1 + e^-z)")
    growth = t.instance(tangent, {u: s * more[i]}, because="at the additional margin")
    bound = exp(-s * smallest) * total(n, lambda i: exp(-start[i])) / n
    t.compare(
        t.state("exponential decay", Le(risk(ahead), bound)),
        [
            total(n, lambda i: exp(-ahead(i)) - log(1 + exp(-ahead(i)))) / n,
            total(n, lambda i: exp(-ahead(i)) * (exp(s * more[i]) - 1 - s * more[i])) / n,
            total(n, lambda i: exp(-ahead(i)) * s * more[i]) / n,
        ],
        using=[logarithm, growth],
        because="log(1 + x) <= x, and every margin grows at least as fast as the smallest",
    )
    constant = t.positive("C")
    t.limit(
        t.state("infimum 0", Eq(Limit(exp(-s * smallest) * constant, s, oo), 0)),
        because="the smallest margin is positive",
    )


@theorem(
    "Softmax is 1/2-Lipschitz: v'(diag f - f f')v is at most |v|^2 / 2, which two equal logits attain",
    covers=["000:softmax-definition", "003:softmax-invariances-and-binary-reduction"],
    sources=[Source("000", "l.172", "softmax(z)_i = exp(z_i) / sum_j exp(z_j)")],
)
def softmax_lipschitz_constant(t: Proof) -> None:
    """The quadratic form of the Jacobian is the variance of v under f, which a sum of squares bounds."""
    classes = t.size("K")
    a, v = t.vector("a", classes), t.vector("v", classes, nonzero=True)
    f = distribution(lambda k: exp(a[k]), classes)
    mean = total(classes, lambda k: f(k) * v[k])
    variance = total(classes, lambda k: f(k) * (v[k] - mean) ** 2)
    distinct = lambda k, m: (1 - KroneckerDelta(k, m)) ** 2  # noqa: E731
    pairs = total(classes, lambda k: total(classes, lambda m: distinct(k, m) * f(k) * f(m) * (v[k] + v[m]) ** 2))
    squares = total(classes, lambda k: 2 * (HALF - f(k)) ** 2 * v[k] ** 2)
    length = total(classes, lambda k: v[k] ** 2)
    t.compare(
        t.state("bound", Le(variance / length, HALF)),
        [pairs / (2 * length), squares / length],
        because="(v_k - v_m)^2 <= 2 v_k^2 + 2 v_m^2 for each pair, and 2 f (1 - f) <= 1/2 for each class",
    )
    level, size = t.real("l"), t.real("c")
    g = distribution(lambda k: exp(level), 2)
    opposite = lambda k: size * (2 * KroneckerDelta(k, 1) - 1)  # noqa: E731
    attained = total(2, lambda k: g(k) * opposite(k) ** 2) - total(2, lambda k: g(k) * opposite(k)) ** 2
    t.equal(
        t.state("attained", Eq(attained, total(2, lambda k: opposite(k) ** 2) / 2)),
        because="two equal logits, f = (1/2, 1/2), and v = (c, -c): the variance c^2 is half of |v|^2",
    )


@theorem(
    "Identity with half the squared error, sigmoid with binary and softmax with categorical cross-entropy share "
    "one gradient: prediction minus target",
    covers=["003:output-activation-per-task"],
    sources=[Source("003", "l.147-150", "psi: identity, sigmoid or softmax")],
)
def canonical_output_layers(t: Proof) -> None:
    """Each loss is a log-partition function of the logits minus their product with the target."""
    classes = t.size("K")
    a, target, i = t.vector("a", classes), t.vector("y", classes), t.index("i", classes)
    weights = t.vector("w", classes, low=0, open=True)
    squared = total(classes, lambda k: (a[k] - target[k]) ** 2) / 2
    t.equal(t.state("regression", Eq(Derivative(squared, a[i]), a[i] - target[i])), because="only one square has a_i")
    sigma = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    binary = total(classes, lambda k: log(1 + exp(a[k])) - target[k] * a[k])
    t.equal(
        t.state("labels", Eq(Derivative(binary, a[i]), sigma(a[i]) - target[i])),
        because="K independent yes-or-no labels: the derivative of log(1 + e^a) is the sigmoid",
    )
    share = distribution(lambda k: weights[k], classes)
    categorical = -total(classes, lambda k: share(k) * log(softmax(a, classes, k)))
    t.equal(
        t.state("classes", Eq(Derivative(categorical, a[i]), softmax(a, classes, i) - share(i))),
        because="one of K classes, with any target distribution: the derivative of log-sum-exp is softmax",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("losses")


@theorem(
    "Pinsker: KL is at least half the squared total variation distance, and for any positive p and q "
    "sum (p log(p/q) - p + q) >= 3 |p - q|_1^2 / (2 sum (p + 2q))",
    covers=["000:nll-is-cross-entropy"],
    sources=[Source("000", "l.129", "J is the cross-entropy between p_data and p_model")],
)
def pinsker_inequality(t: Proof) -> None:
    """x log x - x + 1 >= 3 (x-1)^2 / (2 (x+2)) at x = p/q, weighted by q and summed; then Cauchy-Schwarz.

    With w = p + 2q and u = (p - q)/w every positive p and q is p = w (1 + 2u)/3 and q = w (1 - u)/3 for -1/2 < u < 1.
    For distributions the sums of p and of q are 1: the left side is KL, and sum w = 3.
    """
    classes = t.size("K")
    w, u = t.vector("w", classes, low=0, open=True), t.vector("u", classes, low=-HALF, high=1, open=True)
    p, q = (lambda k: w[k] * (1 + 2 * u[k]) / 3), (lambda k: w[k] * (1 - u[k]) / 3)
    ratio = lambda k: (1 + 2 * u[k]) / (1 - u[k])  # noqa: E731 - p/q
    x, pointwise = pointwise_pinsker(t)
    k = t.index("k", classes)
    divergence = total(classes, lambda k: p(k) * log(ratio(k)) - p(k) + q(k))
    squares = total(classes, lambda k: w[k] * u[k] ** 2)  # (p - q)^2 / (p + 2q)
    excess = lambda k: ratio(k) * log(ratio(k)) - ratio(k) + 1 - weight(ratio(k))  # noqa: E731
    first = t.compare(
        Ge(divergence, 3 * squares / 2),
        total(classes, lambda k: q(k) * excess(k)),
        using=[t.instance(pointwise, {x: ratio(k)}, because="at p_k / q_k")],
        because="the pointwise bound, weighted by q_k",
    )
    distance, mass = total(classes, lambda k: w[k] * Abs(u[k])), total(classes, lambda k: w[k])
    pairs = total(classes, lambda i: total(classes, lambda j: w[i] * w[j] * (Abs(u[i]) - Abs(u[j])) ** 2))
    second = t.compare(Ge(squares * mass, distance**2), pairs / 2, because="Cauchy-Schwarz with the weights w")
    t.compare(
        t.state("pinsker", Ge(divergence, 3 * distance**2 / (2 * mass))),
        [divergence - 3 * squares / 2, 3 * (squares * mass - distance**2) / (2 * mass)],
        using=[first, second],
        because="both together: with sum w = 3 half the squared distance sum |p - q|",
    )


def weight(x: Any) -> Any:
    """3 (x-1)^2 / (2 (x+2))."""
    return 3 * (x - 1) ** 2 / (2 * (x + 2))


def pointwise_pinsker(t: Proof) -> tuple[Any, Fact]:
    """x log x - x + 1 >= 3 (x-1)^2 / (2 (x+2)) for x > 0: value and slope agree at 1, then the sides grow apart."""
    x, end = t.positive("x"), t.real("b", 1)
    r = t.real("r", 1, end)
    difference = lambda x: x * log(x) - x + 1 - weight(x)  # noqa: E731
    slope = lambda x: log(x) - 3 * (x - 1) * (x + 5) / (2 * (x + 2) ** 2)  # noqa: E731
    rising = t.monotone(
        Ge(slope(end), 0),
        slope(r),
        r,
        because="the slope of the difference has the derivative (x-1)^2 (x+8) / (x (x+2)^3)",
    )
    right = t.monotone(
        Ge(difference(end), 0),
        difference(r),
        r,
        slope=slope(r),
        using=[t.instance(rising, {end: r}, because="at r")],
        because="so the slope is not negative to the right of 1",
    )
    mirrored = lambda b: b - 1 - log(b) - 3 * (b - 1) ** 2 / (2 * (1 + 2 * b))  # noqa: E731 - b times the difference at 1/b
    left = t.monotone(
        Ge(mirrored(end), 0),
        mirrored(r),
        r,
        because="b times the difference at 1/b has the slope (b-1)^3 / (b (1+2b)^2)",
    )
    claim = Ge(difference(x), 0)
    larger, smaller = t.suppose(Ge(x, 1)), t.suppose(Lt(x, 1))
    facts = [
        larger.compare(
            claim, difference(x), using=[larger.instance(right, {end: x}, because="x >= 1")], because="to the right"
        ),
        smaller.compare(
            claim,
            x * mirrored(1 / x),
            using=[smaller.instance(left, {end: 1 / x}, because="1/x > 1")],
            because="to the left, mirrored",
        ),
    ]
    return x, t.cases(claim, facts, because="x is on one side of 1")
