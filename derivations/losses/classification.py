"""The zero-one loss, what bounds it from above, and separable data."""

from __future__ import annotations

from sympy import Derivative, Heaviside, Limit, exp, log, oo, sqrt

from ..kernel import Eq, Ge, Gt, Lt, Proof, Source, theorem, total
from .tangent_line import tangent_line


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
    t.compare(
        t.state("above the mean negative margin", Gt(risk(ahead), -total(n, ahead) / n)),
        total(n, lambda i: log(1 + exp(ahead(i)))) / n,
        because="log(1 + e^-z) + z = log(1 + e^z) > 0: an example on the wrong side costs more than its distance",
    )
    u, tangent = tangent_line(t)
    i = t.index("i", n)
    cost, root = lambda i: log(1 + exp(-ahead(i))), lambda i: sqrt(1 + exp(-ahead(i)))
    logarithm = t.instance(tangent, {u: cost(i) / 2}, because="at half of log(1 + e^-z)")
    growth = t.instance(tangent, {u: s * more[i]}, because="at the additional margin")
    bound = exp(-s * smallest) * total(n, lambda i: exp(-start[i])) / n
    t.compare(
        t.state("exponential decay", Lt(risk(ahead), bound)),
        [
            total(n, lambda i: (root(i) - 1 - cost(i) / 2) * (root(i) + 1 + cost(i) / 2)) / n,
            total(n, lambda i: cost(i) ** 2) / (4 * n),
            total(n, lambda i: exp(-ahead(i)) * (exp(s * more[i]) - 1 - s * more[i])) / n,
            total(n, lambda i: exp(-ahead(i)) * s * more[i]) / n,
        ],
        using=[logarithm, growth],
        because="with c = log(1 + x), x = e^c - 1 >= (1 + c/2)^2 - 1 = c + c^2/4 > c, and every margin "
        "grows at least as fast as the smallest",
    )
    constant = t.positive("C")
    t.limit(
        t.state("infimum 0", Eq(Limit(exp(-s * smallest) * constant, s, oo), 0)),
        because="the smallest margin is positive",
    )
