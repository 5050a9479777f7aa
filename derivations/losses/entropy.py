"""Cross-entropy as entropy plus divergence, and log-sum-exp as the conjugate of negative entropy."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, exp, log, sqrt

from ..kernel import Eq, Ge, Proof, Source, theorem, total
from .softmax import distribution
from .tangent_line import tangent_line


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
    t.compare(
        t.state("no class costs less than nothing", Ge(-log(q(k)), 0)),
        [q(k) - 1 - log(q(k)), total(classes, lambda j: (1 - KroneckerDelta(j, k)) ** 2 * q(j))],
        using=[t.instance(tangent, {u: log(q(k))}, because="at the logarithm of q_k")],
        because="-log q >= 1 - q, which is the probability of the other classes",
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
