"""Generalization: what the training error says about the error on new data, and what no learner can do.

Notation: loss_i the loss of example i, n examples; R the risk (expected loss on a new example); least squares with p
parameters on n points and noise of variance s^2; c classes in the no-free-lunch theorem.
"""

from __future__ import annotations

from sympy import And, Derivative, Implies, Integral, KroneckerDelta, Rational

from .kernel import (
    Eq,
    Expectation,
    Le,
    Proof,
    Source,
    choices,
    independent,
    misprint,
    remark,
    theorem,
    total,
)  # fmt: skip

HALF = Rational(1, 2)


# ---- training error and risk -----------------------------------------------------------------------------------------


@theorem(
    "The empirical risk is the expected loss under the empirical distribution; weights p/q correct another sampling",
    covers=["001:empirical-risk-is-mean-loss"],
    sources=[Source("001", "l.30, l.40-43", "E_((x,y)~phat) L(f(x, theta), y) = 1/m sum L(f(x_i, theta), y_i)")],
)
def empirical_risk_is_mean_loss(t: Proof) -> None:
    """The empirical distribution puts 1/n on each example, counted as often as it occurs."""
    n, theta = t.size("n"), t.real("theta")
    x, loss = t.vector("x", n), t.function("loss", 2)
    draw = t.random("D", choices(lambda i: 1 / n, 1, n))
    value = t.vector("l", n)
    t.expectation(
        t.state(
            "mean loss",
            Eq(Expectation(total(n, lambda i: draw[1, i] * value[i])), total(n, lambda i: value[i]) / n),
        ),
        because="each example is drawn with probability 1/n",
    )
    empirical = total(n, lambda i: loss(x[i], theta)) / n
    t.equal(
        t.state(
            "its gradient",
            Eq(Derivative(empirical, theta), total(n, lambda i: Derivative(loss(x[i], theta), theta)) / n),
        ),
        because="a finite sum is differentiated term by term",
    )
    p, q = t.vector("p", n, low=0, open=True), t.vector("q", n, low=0, open=True)
    wanted, sampled = (lambda i, v=v: v[i] / total(n, lambda k: v[k]) for v in (p, q))
    other = t.random("E", choices(sampled, 1, n))
    t.expectation(
        t.state(
            "importance weights",
            Eq(
                Expectation(total(n, lambda i: other[1, i] * wanted(i) / sampled(i) * value[i])),
                total(n, lambda i: wanted(i) * value[i]),
            ),
        ),
        because="drawn with probability q_i and weighted by p_i/q_i",
    )


@theorem(
    "The training error of a fitted model is too small: s^2 (1 - p/n), against s^2 (1 + p/n) on new noise",
    covers=["000:train-vs-test-objective", "000:overfitting-definition"],
    sources=[
        Source("000", "l.366-378", "we minimize the training sum, but what we want is to minimize the test sum"),
        Source(
            "000", "l.389-393", "overfitting: the gap between the mean training error and the mean test error is large"
        ),
    ],
)
def least_squares_optimism(t: Proof) -> None:
    """In an orthonormal basis that starts with the model's p directions the fit takes over p noise coordinates.

    It leaves the other r = n - p alone; independent noise of equal variance looks alike in all such bases.
    """
    p, r, deviation = t.size("p"), t.time("r"), t.positive("s")
    n = p + r
    noise = t.random("e", independent([0, deviation**2], [n], name="training noise"))
    fresh = t.random("f", independent([0, deviation**2], [n], name="new noise"))
    training = total(n, lambda i: noise[i] ** 2, start=p + 1) / n
    test = (total(p, lambda i: (fresh[i] - noise[i]) ** 2) + total(n, lambda i: fresh[i] ** 2, start=p + 1)) / n
    t.expectation(
        t.state("training error", Eq(Expectation(training), deviation**2 * (1 - p / n))),
        because="the residual keeps n - p of the n noise coordinates",
    )
    t.expectation(
        t.state("error on new noise", Eq(Expectation(test), deviation**2 * (1 + p / n))),
        because="the p fitted coordinates carry the old noise and the new",
    )
    t.expectation(
        t.state("gap", Eq(Expectation(test - training), 2 * p * deviation**2 / n)),
        because="what the fit has taken from one side it adds to the other",
    )
    fresh_test_set(t)


def fresh_test_set(t: Proof) -> None:
    """A parameter chosen without the test set: its test loss is a mean over independent examples of any finite law."""
    m, k, worlds = t.size("m"), t.size("k"), t.size("M")
    weight, loss = t.vector("u", worlds, low=0, open=True), t.vector("l", worlds)
    chance = lambda i: weight[i] / total(worlds, lambda j: weight[j])  # noqa: E731
    draws = t.random("D", choices(chance, m, worlds))
    test = total(m, lambda s: total(worlds, lambda i: draws[s, i] * loss[i]))
    risk = total(worlds, lambda i: chance(i) * loss[i])
    t.expectation(
        t.state("test mean", Eq(Expectation(test / m), risk)), because="every test example has the risk as its mean"
    )
    t.expectation(
        t.state("test sum", Eq(Expectation(test) - k * risk, (m - k) * risk)),
        because="sums over sets of different sizes m and k differ by their sizes: only means compare",
    )


@theorem(
    "Minimizing the empirical risk underestimates the risk, less and less: the least mean loss of n is at most "
    "that of n + 1",
    covers=["001:erm-optimism"],
    sources=[Source("001", "l.31-46", "we hope that minimizing J minimizes the expected loss J*")],
)
def erm_optimism(t: Proof) -> None:
    """The mean over n + 1 examples is that of its leave-one-out means, each at least its own minimum."""
    n = t.size("n")
    loss = t.vector("l", n + 1)  # of the minimizer for n + 1 examples
    over = t.vector("over", n + 1, low=0)  # by how much it exceeds the minimum of each leave-one-out mean
    left_out = lambda j: (total(n + 1, lambda i: loss[i]) - loss[j]) / n  # noqa: E731
    t.equal(
        t.state(
            "mean of the leave-one-out means",
            Eq(total(n + 1, left_out) / (n + 1), total(n + 1, lambda i: loss[i]) / (n + 1)),
        ),
        because="every loss appears in n of the n + 1 means",
    )
    least = lambda j: left_out(j) - over[j]  # noqa: E731
    t.compare(
        t.state("minima of n examples", Le(total(n + 1, least) / (n + 1), total(n + 1, lambda i: loss[i]) / (n + 1))),
        total(n + 1, lambda j: over[j]) / (n + 1),
        because=(
            "so the expected minimum rises with n; and no minimum exceeds the value at the best parameter, "
            "whose mean is R"
        ),
    )
    mean_estimation(t)


def mean_estimation(t: Proof) -> None:
    """Squared loss (theta - x)^2: the minimizer is the sample mean."""
    n, mu, deviation = t.size("N"), t.real("mu"), t.positive("sigma")
    x = t.random("x", independent([mu, mu**2 + deviation**2], [n], name="examples"))
    fresh = t.random("z", independent([mu, mu**2 + deviation**2], name="a new example"))
    mean = total(n, lambda i: x[i]) / n
    t.expectation(
        t.state(
            "least training error of a mean",
            Eq(Expectation(total(n, lambda i: (x[i] - mean) ** 2) / n), deviation**2 * (1 - 1 / n)),
        ),
        because="the mean sits in the middle of its own sample",
    )
    t.expectation(
        t.state("its risk", Eq(Expectation((mean - fresh) ** 2), deviation**2 * (1 + 1 / n))),
        because="the variance of a new example and that of the mean",
    )


# ---- capacity --------------------------------------------------------------------------------------------------------


@theorem(
    "A larger class never has the larger least training error, and a wider network contains the narrower",
    covers=["000:underfitting-definition", "004:capacity-underfitting", "000:polynomial-capacity-figure"],
    sources=[
        Source("000", "l.382-386", "underfitting: the training error remains small"),
        Source("004", "l.59-67", "under-fitting: model capacity not high enough, increase the size of the network"),
    ],
)
def more_capacity_fits_better(t: Proof) -> None:
    """The best of the smaller class is a candidate in the larger. Underfitting is a training error that stays large."""
    large, small, candidate = t.real("J_large J_small J_candidate")
    nested = And(Le(large, candidate), Le(candidate, small))
    inside = t.suppose(nested)
    best = inside.compare(
        Le(large, small), [candidate - large, small - candidate], because="the smaller class's best is a candidate"
    )
    t.implies(t.state("nested classes", Implies(nested, best.claim)), best, because="as supposed")
    n = t.size("n")
    x, y = t.vector("x", n), t.vector("y", n)
    mean_x, mean_y = total(n, lambda i: x[i]) / n, total(n, lambda i: y[i]) / n
    slope, offset = t.real("b"), t.real("a")
    spread_x = total(n, lambda i: (x[i] - mean_x) ** 2)
    product = total(n, lambda i: (x[i] - mean_x) * (y[i] - mean_y))
    t.equal(
        t.state(
            "a line against a constant",
            Eq(
                total(n, lambda i: (y[i] - offset - slope * x[i]) ** 2),
                total(n, lambda i: (y[i] - mean_y) ** 2)
                - 2 * slope * product
                + slope**2 * spread_x
                + n * (mean_y - offset - slope * mean_x) ** 2,
            ),
        ),
        because="at the best offset the slope S_xy/S_xx takes S_xy^2/S_xx off the error of the best constant",
    )
    z = t.real("z")
    t.equal(
        t.state(
            "a line on a parabola",
            Eq(
                Integral((z**2 - offset - slope * z) ** 2 / 2, (z, -1, 1)),
                Rational(4, 45) + (offset - Rational(1, 3)) ** 2 + slope**2 / 3,
            ),
        ),
        because="no line comes closer to z^2 on [-1, 1] than the mean square 4/45: it underfits, however much data",
    )
    widened(t)


def widened(t: Proof) -> None:
    """One more hidden unit with any incoming weights and the outgoing weight 0."""
    h, d, phi = t.size("H"), t.size("d"), t.function("phi")
    weight, outgoing, u = t.vector("W", h + 1, d), t.vector("v", h + 1), t.vector("u", d)
    unit = lambda k: phi(total(d, lambda e: weight[k, e] * u[e]))  # noqa: E731
    t.equal(
        t.state(
            "a wider network with the same outputs",
            Eq(
                total(h + 1, lambda k: (1 - KroneckerDelta(k, h + 1)) * outgoing[k] * unit(k)),
                total(h, lambda k: outgoing[k] * unit(k)),
            ),
        ),
        because="the new unit does not reach the output, so the narrower network is among the wider ones",
    )


@misprint(
    "Underfitting shows in a training error that stays large",
    corrected="more-capacity-fits-better",
    covers=["000:underfitting-definition"],
    sources=[Source("000", "l.382-386", "underfitting: the error on the training set remains small")],
)
def underfitting_with_small_training_error(t: Proof) -> None:
    """Two points on a line: the constant that underfits has the larger training error, the line that fits has none."""
    n = t.size("n")
    x, y = t.vector("x", n), t.vector("y", n)
    mean = total(n, lambda i: y[i]) / n
    t.refute(
        Le(total(n, lambda i: (y[i] - mean) ** 2), total(n, lambda i: (y[i] - x[i]) ** 2)),
        {n: 2, x: [0, 1], y: [0, 1]},
        because="the best constant 1/2 has the error 1/2, the line y = x has 0",
    )


@theorem(
    "Through n distinct points a polynomial of degree n - 1 has training error 0, and what it does elsewhere is free",
    covers=["000:polynomial-capacity-figure", "000:nfl-degree-two-example"],
    sources=[
        Source("000", "l.395-419", "polynomials of degree 1, 2 and 9 on a sample (figure)"),
        Source("000", "l.425", "an algorithm that fits a polynomial of degree 2 (figure)"),
    ],
)
def polynomial_interpolation(t: Proof) -> None:
    """Newton: node by node, add a multiple of w_k(x) = (x - x_1)..(x - x_k), which is 0 at all the nodes before."""
    n = t.size("n")
    gap, y = t.vector("gap", n, low=0, open=True), t.vector("y", n)
    i, j = t.index("i", n), t.time("j")
    k = t.integer("k", 0, n - 1)
    node = lambda i: total(i, lambda s: gap[s])  # noqa: E731 - distinct nodes, in increasing order
    w, p = t.recursion(
        k,
        w=((i,), 1, lambda w, p: w(i, k) * (node(i) - node(k + 1))),
        p=((i,), 0, lambda w, p: p(i, k) + (y[k + 1] - p(k + 1, k)) * w(i, k) / w(k + 1, k)),
    )
    t.equal(
        t.state("w vanishes at the new node", Eq(w(k + 1, k + 1), 0)),
        because="the factor x - x_(k+1) is 0 there",
    )
    t.equal(
        t.state("the polynomial meets the new point", Eq(p(k + 1, k + 1), y[k + 1])),
        because="the multiple of w_k is chosen so; w_k is not 0 there, because the nodes are distinct",
    )
    factor, multiple, value = t.function("c"), t.function("d"), t.real("y_node")
    (later_w, later_p) = t.recursion(
        j,
        later_w=(0, lambda u, r: u(j) * factor(j)),
        later_p=(value, lambda u, r: r(j) + multiple(j) * u(j)),
    )
    t.induct(
        Eq(later_w(j), 0),
        t.state("what is met stays met", Eq(later_p(j), value)),
        over=j,
        because="from its node on, w carries the factor 0 there, and every later step adds a multiple of it",
    )
    free_elsewhere(t)


def free_elsewhere(t: Proof) -> None:
    """The truth q + M w^2 agrees with q on the sample. One node a in [-1, 1], test points uniform there."""
    size, a, z = t.nonnegative("M"), t.real("a", -1, 1), t.real("z")
    t.equal(
        t.state(
            "squared error off the sample",
            Eq(Integral((size * (z - a) ** 2) ** 2 / 2, (z, -1, 1)), size**2 * ((1 - a) ** 5 + (1 + a) ** 5) / 10),
        ),
        because="the learner that returns q has training error 0 for every M, and a test error that grows like M^2",
    )


# ---- no free lunch ---------------------------------------------------------------------------------------------------


@theorem(
    "Averaged over all labelings, every learner errs on a new point with probability 1 - 1/c",
    covers=["000:no-free-lunch"],
    sources=[
        Source("000", "l.423", "an algorithm that performs well on some problems pays for it on the set of all others")
    ],
)
def no_free_lunch(t: Proof) -> None:
    """A learner is a table: for each of the M labelings of the training points, its probabilities at a new point.

    A problem labels all points; given the training labels, every label of the new point belongs to equally many.
    """
    c, u = t.size("c", minimum=2), t.time("u")
    count, seen = t.recursion(u, count=(1, lambda n, m: c * n(u)), pairs=(c, lambda n, m: c * m(u)))
    t.induct(
        t.state("labelings of u points", Eq(count(u), c**u)),
        t.state("labelings of u points and one more", Eq(seen(u), c ** (u + 1))),
        over=u,
        because="each further point may have any of c labels: so each label of a new point occurs in c^u of c^(u+1)",
    )
    data = t.size("M")
    table, other = t.vector("a", data, c), t.vector("b", data, c)
    learner, rival = (  # any table whose rows sum to 1
        lambda m, i, v=v: 1 / c + v[m, i] - total(c, lambda k: v[m, k]) / c for v in (table, other)
    )
    wrong = lambda learner, m, y: total(c, lambda i: learner(m, i) * (1 - KroneckerDelta(i, y)))  # noqa: E731
    errors = lambda learner: total(data, lambda m: total(c, lambda y: c**u * wrong(learner, m, y)))  # noqa: E731
    t.equal(
        t.state("errors over all problems", Eq(errors(learner), data * c**u * (c - 1))),
        because=(
            "whatever it predicts, it is wrong for c - 1 of the c labels, each in c^u problems for each training set"
        ),
    )
    problems = data * c ** (u + 1)
    t.equal(
        t.state("average error", Eq(errors(learner) / problems, 1 - 1 / c)),
        because="(c - 1)/c, for a deterministic or a randomized learner",
    )
    t.equal(
        t.state("gains are paid for", Eq(errors(learner) - errors(rival), 0)),
        because="two learners have the same sum: what one gains on some problems it loses on others",
    )
    drawn, new = t.random("S", choices(lambda m: 1 / data, 1, data)), t.random("Y", choices(lambda y: 1 / c, 1, c))
    t.expectation(
        t.state(
            "as a probability",
            Eq(
                Expectation(total(data, lambda m: total(c, lambda i: drawn[1, m] * learner(m, i) * (1 - new[1, i])))),
                1 - 1 / c,
            ),
        ),
        because="under a uniform problem the label of a new point is independent of the training labels",
    )
    chance = t.vector("pi", c, low=0, open=True)
    prior = lambda y: chance[y] / total(c, lambda k: chance[k])  # noqa: E731
    guess, label = t.index("guess", c), t.random("Z", choices(prior, 1, c))
    t.expectation(
        t.state("other problems, other averages", Eq(Expectation(1 - label[1, guess]), 1 - prior(guess))),
        because="if labels are not equally likely, guessing the likeliest one errs less than 1 - 1/c on average",
    )


@misprint(
    "On the training points there is a free lunch",
    corrected="no-free-lunch",
    covers=["000:no-free-lunch"],
    sources=[
        Source(
            "000",
            "l.423",
            "if an algorithm performs well on a class of problems it necessarily pays for that on the others",
        )
    ],
)
def free_lunch_on_the_training_set(t: Proof) -> None:
    """One point, two labels, and the point is in the training set: remembering its label is right in every problem."""
    c = t.size("c", minimum=2)
    label = t.random("Y", choices(lambda y: 1 / c, 1, c))
    t.refute(
        Eq(Expectation(total(c, lambda i: label[1, i] * (1 - label[1, i]))), 1 - 1 / c),
        {c: 2},
        because=(
            "the learner that repeats the label never errs, and pays nowhere; the printed sentence leaves out "
            "'off the sample'"
        ),
    )


# ---- batch size ------------------------------------------------------------------------------------------------------


@theorem(
    "A batch of m keeps m sum n_k activations; r times the batch and r times the step leave the noise of an epoch "
    "as it was",
    covers=["003:batch-size-claims", "001:batch-online-minibatch-special-cases"],
    sources=[Source("003", "l.541-546", "a small batch size needs less memory and generally generalizes better")],
)
def batch_size(t: Proof) -> None:
    """The cache holds every layer's output for every example.

    Step eta and batch m scatter an iterate by eta^2 sigma^2/m each step.
    """
    m, layers, batches = t.size("m"), t.size("L"), t.size("q")
    width = t.vector("n", layers, low=0)
    t.equal(
        t.state(
            "activations kept",
            Eq(total(m, lambda i: total(layers, lambda k: width[k])), m * total(layers, lambda k: width[k])),
        ),
        because="one output a unit and example: linear in the batch size",
    )
    eta, deviation, r = t.positive("eta"), t.positive("sigma"), t.size("r")
    scatter = lambda steps, eta, m: total(steps, lambda _: eta**2 * deviation**2 / m)  # noqa: E731
    t.equal(
        t.state("noise of an epoch", Eq(scatter(batches, r * eta, r * m), scatter(r * batches, eta, m))),
        because="r times fewer steps, each with r^2/r times the variance: only eta/m counts",
    )
    t.equal(
        t.state("drift of an epoch", Eq(total(batches, lambda _: r * eta), total(r * batches, lambda _: eta))),
        because="and the mean displacement is the same",
    )


remark(
    "shallow-networks-overfit-more",
    "Large, shallow networks overfit more",
    why="the title of a figure without data: an observation, with either sign for some task; its laws hold that "
    "what is compared is of equal size and sees equal data",
    topic="generalization",
    covers=["000:shallow-nets-overfit-more"],
    sources=[Source("000", "l.360", "Large, Shallow Networks Overfit More")],
)


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("generalization")
