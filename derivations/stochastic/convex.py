"""Rates on convex functions: the full gradient vanishes, and the averaged iterates of subgradients converge."""

from __future__ import annotations

from typing import Any

from sympy import Implies, KroneckerDelta, Rational, sqrt

from ..kernel import Eq, Expectation, Ge, Le, Proof, Source, correlated, misprint, theorem, total
from .minibatch import average

HALF = Rational(1, 2)


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
