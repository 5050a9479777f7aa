"""Steps, epochs and batches: what one step gains, and which examples an epoch sees."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, Limit, Rational, ceiling, exp, oo

from ..kernel import Eq, Expectation, Ge, Lt, Proof, Source, choices, correlated, misprint, orders, theorem, total
from .minibatch import average, forgotten

HALF = Rational(1, 2)


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
