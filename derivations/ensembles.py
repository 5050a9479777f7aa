"""Ensembles: what averaging the predictions of several networks does to the error.

Notation: eps_1..eps_k are the errors of the k members, v = E[eps_i^2], c = E[eps_i eps_j] for i != j.
"""

from __future__ import annotations

from typing import Any

from sympy import And, Implies, IndexedBase, KroneckerDelta, Limit, Max, Min, Rational, Symbol, exp, log, oo

from .kernel import Eq, Expectation, Ge, Gt, Le, Lt, Proof, Source, choices, correlated, misprint, theorem, total
from .losses.tangent_line import tangent_line

DECK = "000"
HALF = Rational(1, 2)


def member_errors(t: Proof, members: Any, v: Any, c: Any) -> IndexedBase:
    """Errors with mean 0, variance v and covariance c between different members."""
    covariance = lambda i, j: c + (v - c) * KroneckerDelta(i, j)  # noqa: E731
    return t.random("epsilon", correlated(0, covariance, [members]))


@theorem(
    "The expected squared error of an ensemble is v/k + (k-1)c/k",
    covers=[
        "000:ensemble-error-model",
        "000:ensemble-mean-zero",
        "000:ensemble-variance",
        "000:ensemble-extreme-cases",
    ],
    sources=[
        Source(DECK, "l.500-507", "E[(1/k sum eps_i)^2] = v/k + (k-1)/k c"),
        Source(DECK, "l.509-511", "perfectly correlated: v; uncorrelated: v/k"),
    ],
)
def ensemble_mean_squared_error(t: Proof) -> None:
    """The square of the average has k squares and k(k-1) cross terms; nothing but their moments matters."""
    members = t.size("k")
    v = t.positive("v")
    c = t.real("c", high=v)
    errors = member_errors(t, members, v, c)
    mean = total(members, lambda i: errors[i]) / members
    mse = v / members + (members - 1) * c / members

    t.expectation(t.state("the mean error is 0", Eq(Expectation(mean), 0)), because="expectation is linear")
    t.expectation(
        t.state("mean squared error", Eq(Expectation(mean**2), mse)),
        because="the double sum has v on its diagonal and c off it",
    )
    z = Symbol("z", real=True)
    t.limit(
        t.state("equal errors gain nothing", Eq(Limit(mse.subs(c, z), z, v), v)),
        because="as c tends to v the k members become one",
    )
    t.limit(
        t.state("uncorrelated errors gain a factor k", Eq(Limit(mse.subs(c, z), z, 0), v / members)),
        because="as c tends to 0 only the k squares are left",
    )
    t.compare(
        t.state("averaging never hurts", Le(mse, v)),
        (members - 1) * (v - c) / members,
        because="the gain is (k-1)(v-c)/k, and c <= v",
    )
    admissible_covariance(t, members, v, c)


def admissible_covariance(t: Proof, members: Any, v: Any, c: Any) -> None:
    """The covariance matrix (v-c) I + c 11' is positive semidefinite exactly for -v/(k-1) <= c <= v."""
    u = t.vector("u", members)
    covariance = lambda a, b: c + (v - c) * KroneckerDelta(a, b)  # noqa: E731
    form = lambda u: total(members, lambda a: total(members, lambda b: covariance(a, b) * u(a) * u(b)))  # noqa: E731
    along = (v + (members - 1) * c) * total(members, lambda a: u[a]) ** 2 / members
    spread = total(members, lambda a: total(members, lambda b: (u[a] - u[b]) ** 2)) / (2 * members)
    split = t.equal(
        Eq(form(lambda a: u[a]), along + (v - c) * spread),
        because="along the mean the form has the eigenvalue v + (k-1)c, across it v - c",
    )
    low_enough = Ge(v + (members - 1) * c, 0)
    sufficient = t.suppose(low_enough).compare(
        Ge(form(lambda a: u[a]), 0),
        [along, (v - c) * spread],
        using=[split],
        because="both eigenvalues are non-negative",
    )
    claim = Implies(low_enough, sufficient.claim)
    t.implies(t.state("c from -v/(k-1) to v is admissible", claim), sufficient, because="that is what was supposed")
    t.equal(
        t.state("smaller c is not", Eq(form(lambda a: 1), members * (v + (members - 1) * c))),
        because="the variance of the sum of all errors, negative for c < -v/(k-1)",
    )
    i, j = t.index("i", members), t.index("j", members)
    difference = lambda a: KroneckerDelta(a, i) - KroneckerDelta(a, j)  # noqa: E731
    t.equal(
        t.state("larger c is not", Eq(form(difference), 2 * (v - c) * (1 - KroneckerDelta(i, j)))),
        because="the variance of the difference of two errors, negative for c > v",
    )


@theorem(
    "Squared error of the mean prediction = mean squared error - spread of the members; any convex loss gains too",
    covers=["004:model-ensemble-averaging", "000:ensemble-mean-zero", "000:ensemble-extreme-cases"],
    sources=[Source("004", "l.1157-1161", "train independent models, at test time average their results")],
)
def ensemble_ambiguity(t: Proof) -> None:
    """The mean minimizes the mean squared distance to the members.

    For a convex loss its tangent at the mean prediction says the same.
    """
    members = t.size("M")
    f, y = t.vector("f", members), t.real("y")
    mean = total(members, lambda i: f[i]) / members
    error = total(members, lambda i: (f[i] - y) ** 2) / members
    spread = total(members, lambda i: (f[i] - mean) ** 2) / members
    t.equal(
        t.state("ambiguity", Eq((mean - y) ** 2, error - spread)),
        because="the mean squared distance of the members to y is that to their mean, plus the mean's to y",
    )
    value, slope, bent = t.real("loss"), t.real("slope"), t.vector("bent", members, low=0)
    loss = lambda i: value + slope * (f[i] - mean) + bent[i]  # noqa: E731 - at f_i, by convexity at the mean
    t.compare(
        t.state("convex loss", Le(value, total(members, lambda i: loss(i)) / members)),
        total(members, lambda i: bent[i]) / members,
        because="the tangent's linear part averages to 0: Jensen",
    )
    variance, rho = t.positive("s2"), t.real("rho", 0, 1)
    errors = t.random(
        "e",
        correlated(0, lambda i, j: variance * (rho + (1 - rho) * KroneckerDelta(i, j)), [members], "equal correlation"),
    )
    floor = rho * variance + (1 - rho) * variance / members
    t.expectation(
        t.state(
            "variance for a correlation rho",
            Eq(Expectation((total(members, lambda i: errors[i]) / members) ** 2), floor),
        ),
        because="M variances and M(M-1) covariances rho s2, over M^2",
    )
    size = t.positive("z")
    t.limit(
        t.state(
            "many members reach the common part",
            Eq(Limit(rho * variance + (1 - rho) * variance / size, size, oo), rho * variance),
        ),
        because="only the uncorrelated part is divided by M: five members remove 80 % of it",
    )
    bias = t.real("bias")
    t.expectation(
        t.state("bias stays", Eq(Expectation(total(members, lambda i: errors[i] + bias) / members), bias)),
        because="the mean of equal biases is that bias",
    )
    best_weights(t, members)


def best_weights(t: Proof, members: Any) -> None:
    """Uncorrelated members of different variances v_i: weights that sum to 1."""
    v, u = t.vector("v_i", members, low=0, open=True), t.vector("u", members)
    best = lambda i: 1 / v[i] / total(members, lambda k: 1 / v[k])  # noqa: E731
    mean = total(members, lambda k: u[k]) / members
    weight = lambda i: best(i) + u[i] - mean  # noqa: E731 - any weights of sum 1
    t.equal(
        t.state(
            "weights by precision are best",
            Eq(
                total(members, lambda i: weight(i) ** 2 * v[i]),
                1 / total(members, lambda k: 1 / v[k]) + total(members, lambda i: (u[i] - mean) ** 2 * v[i]),
            ),
        ),
        because="weights 1/v_i, normalized, meet every other choice at a right angle: it pays a sum of squares",
    )


@theorem(
    "Averaged probabilities are probabilities, with at most the mean log-loss; averaged logits give the "
    "normalized geometric mean",
    covers=["000:bagging-inference", "004:model-ensemble-averaging"],
    sources=[
        Source(DECK, "l.555", "p(y|x) = 1/k sum_(k=1)^k p^(i)(y|x)"),
        Source("004", "l.1157-1161", "at test time apply each model and average their results"),
    ],
)
def averaged_probabilities(t: Proof) -> None:
    """Sums may be swapped; -log is convex, by log x <= x - 1 at each member's probability over the mean."""
    members, classes = t.size("k"), t.size("K")
    p, y, i = t.vector("p", members, classes, low=0), t.index("y", classes), t.index("i", members)
    mean = lambda c: total(members, lambda i: p[i, c]) / members  # noqa: E731
    excess = lambda i: total(classes, lambda c: p[i, c]) - 1  # noqa: E731 - 0 for a distribution
    t.equal(
        t.state("a distribution", Eq(total(classes, mean) - 1, total(members, excess) / members)),
        because="the sums may be swapped: the mean of distributions sums to 1",
    )
    chance = t.vector("p_y", members, low=0, open=True)  # what the members give to the true class
    center = total(members, lambda k: chance[k]) / members
    z, tangent = tangent_line(t)
    ratio = lambda i: log(chance[i]) - log(center)  # noqa: E731
    line = t.instance(tangent, {z: ratio(i)}, because="at the log of a member's probability over the mean")
    t.compare(
        t.state("log-loss of the mean", Le(-log(center), total(members, lambda i: -log(chance[i])) / members)),
        total(members, lambda i: exp(ratio(i)) - 1 - ratio(i)) / members,
        using=[line],
        because="the members' ratios to the mean average to 1, so what is left is log x <= x - 1",
    )
    a = t.vector("a", members, classes)
    logits = lambda c: total(members, lambda i: a[i, c]) / members  # noqa: E731
    normalizer = lambda i: total(classes, lambda m: exp(a[i, m]))  # noqa: E731
    geometric = lambda c: exp(total(members, lambda i: a[i, c] - log(normalizer(i))) / members)  # noqa: E731
    t.equal(
        t.state(
            "averaged logits",
            Eq(
                exp(logits(y)) / total(classes, lambda c: exp(logits(c))),
                geometric(y) / total(classes, geometric),
            ),
        ),
        because="the members' normalizers do not depend on the class and cancel",
    )


@misprint(
    "The mean over k models sums over the models",
    corrected="averaged-probabilities",
    covers=["000:bagging-inference"],
    sources=[Source(DECK, "l.555", "1/k sum_(k=1)^k p^(i)(y|x)")],
)
def bagging_with_a_free_index(t: Proof) -> None:
    """The index i is bound by no sum: read for one i, every term is the same model's."""
    members = t.size("k")
    p, i = t.vector("p", members, low=0, high=1), t.index("i", members)
    t.refute(
        Eq(total(members, lambda _: p[i]) / members, total(members, lambda m: p[m]) / members),
        {members: 2, p: [0, 1], i: 1},
        because="the first model's 0 instead of the mean 1/2",
    )


@misprint(
    "Averaging probabilities can lose a majority",
    corrected="ensemble-ambiguity",
    covers=["004:model-ensemble-averaging"],
    sources=[Source("004", "l.1157-1161", "average their results (about 2 % better)")],
)
def majority_lost_by_averaging(t: Proof) -> None:
    """Two of three members favor the true class a little, the third rules it out."""
    members = t.size("M")
    p = t.vector("p", members, low=0, high=1)
    mean = total(members, lambda i: p[i]) / members
    t.refute(
        Implies(And(Gt(p[1], HALF), Gt(p[2], HALF)), Gt(mean, HALF)),
        {members: 3, p: [Rational(3, 5), Rational(3, 5), 0]},
        because="the mean probability of the true class is 2/5",
    )


@theorem(
    "A bootstrap sample misses an example with probability (1 - 1/n)^n, which tends to 1/e, and keeps the mean on "
    "average",
    covers=["000:bagging-resampling"],
    sources=[Source(DECK, "l.514-525", "randomly subsampling the training set for each model")],
)
def bootstrap_sample(t: Proof) -> None:
    """n independent draws, each missing a given example with probability 1 - 1/n."""
    n, k = t.size("n"), t.time("k")
    (missed,) = t.recursion(k, missed=(1, lambda u: (1 - 1 / n) * u(k)))
    t.induct(
        t.state("missed by k draws", Eq(missed(k), (1 - 1 / n) ** k)),
        over=k,
        because="the draws are independent: k = n for a bootstrap sample",
    )
    u, tangent = tangent_line(t)
    line = t.instance(tangent, {u: -1 / n}, because="at -1/n")
    claim = Le(missed(k), exp(-k / n))
    base = t.compare(Le(missed(0), exp(-0 / n)), 0, because="equal before the first draw")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [(n - 1) / n * (exp(-k / n) - missed(k)), exp(-k / n) * (exp(-1 / n) - 1 + 1 / n)],
        using=[line],
        because="1 - 1/n <= e^(-1/n)",
    )
    t.induct_from(
        t.state("at most e^(-k/n)", claim),
        over=k,
        base=base,
        step=step,
        because="so n draws miss less than 1/e of the examples",
    )
    z = t.positive("z")
    t.limit(
        t.state("share of different examples", Eq(Limit(1 - (1 - 1 / z) ** z, z, oo), 1 - exp(-1))),
        because="the compound-interest limit: 63.2 % of the examples are in the bag",
    )
    b, x = t.size("b"), t.vector("x", n)  # b = n for a bootstrap sample
    draws = t.random("D", choices(lambda i: 1 / n, b, n))
    sample = total(b, lambda s: total(n, lambda i: draws[s, i] * x[i])) / b
    mean = total(n, lambda i: x[i]) / n
    t.expectation(
        t.state("a linear statistic keeps its mean", Eq(Expectation(sample), mean)),
        because="each draw is uniform: bagging changes only what is not linear in the data",
    )
    t.expectation(
        t.state("and varies", Eq(Expectation((sample - mean) ** 2), total(n, lambda i: (x[i] - mean) ** 2) / (n * b))),
        because="b independent draws of variance sigma^2, averaged",
    )


@theorem(
    "Averaging predictions is averaging weights for a model affine in them; a curved model differs by its "
    "curvature times the spread",
    covers=["004:checkpoint-averaging"],
    sources=[Source("004", "l.1163-1167", "averaging multiple model checkpoints of a single model")],
)
def checkpoint_averaging(t: Proof) -> None:
    """An affine map commutes with means.

    For a quadratic one the difference is exactly h/2 times the variance of the weights.
    """
    checkpoints, d = t.size("M"), t.size("d")
    theta, slope, base = t.vector("theta", checkpoints, d), t.vector("b", d), t.real("a")
    affine = lambda w: base + total(d, lambda c: slope[c] * w(c))  # noqa: E731
    mean = lambda c: total(checkpoints, lambda i: theta[i, c]) / checkpoints  # noqa: E731
    t.equal(
        t.state(
            "affine models", Eq(total(checkpoints, lambda i: affine(lambda c: theta[i, c])) / checkpoints, affine(mean))
        ),
        because="linear in the weights",
    )
    w, h = t.vector("w", checkpoints), t.real("h")
    center = total(checkpoints, lambda i: w[i]) / checkpoints
    curved = lambda w: base + h / 2 * w**2  # noqa: E731
    t.equal(
        t.state(
            "curved models",
            Eq(
                total(checkpoints, lambda i: curved(w[i])) / checkpoints,
                curved(center) + h / 2 * total(checkpoints, lambda i: (w[i] - center) ** 2) / checkpoints,
            ),
        ),
        because="the mean of the squares is the square of the mean plus the variance",
    )
    p, q = t.real("p q")
    signs = And(Gt(p, 0), Lt(q, 0))
    apart = t.suppose(signs).compare(
        Gt(HALF * Max(0, p) + HALF * Max(0, q), Max(0, (p + q) / 2)),
        Min(p, -q) / 2,
        because="p/2 against 0 or (p + q)/2, whichever is larger",
    )
    t.implies(
        t.state("a ReLU of two weights of different signs", Implies(signs, apart.claim)),
        apart,
        because="the mean weight predicts less than the mean prediction",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("ensembles")
