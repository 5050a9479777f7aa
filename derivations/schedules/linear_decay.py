"""Linear decay, and what follows when it has reached its end."""

from __future__ import annotations

from sympy import Implies, Max, Piecewise

from ..kernel import Eq, Ge, Le, Proof, Source, misprint, theorem, total


@theorem(
    "Linear decay with a constant tail is continuous and monotone, and violates (S2) as long as the tail is positive",
    covers=["000:linear-learning-rate-decay", "001:linear-decay-schedule", "001:schedule-catalogue"],
    sources=[
        Source("000", "l.767-773", "lambda_k = (1 - k/tau) lambda_0 + k/tau lambda_tau"),
        Source("001", "l.294-296", "eps_k = (1 - alpha) eps_0 + alpha eps_tau, alpha = k/tau; after tau constant"),
    ],
)
def linear_decay(t: Proof) -> None:
    """A straight line from lambda_0 = lambda_tau + drop, clamped at tau."""
    tau, tail, drop = t.size("tau"), t.positive("lambda_tau"), t.nonnegative("drop")
    k, late = t.integer("k", 0, tau), t.integer("l", tau)
    line = lambda k: (1 - k / tau) * (tail + drop) + k / tau * tail  # noqa: E731
    rate = lambda k: tail + drop * Max(0, tau - k) / tau  # noqa: E731
    t.equal(t.state("up to tau it is the line", Eq(rate(k), line(k))), because="tau - k is not negative there")
    t.equal(t.state("from tau on it is the tail", Eq(rate(late), tail)), because="tau - k is not positive there")
    t.equal(t.state("equal steps", Eq(line(k) - line(k + 1), drop / tau)), because="a straight line")
    t.compare(
        t.state("never below the tail", Ge(line(k), tail)), drop * (tau - k) / tau, because="a mean of the two ends"
    )
    t.compare(t.state("never above the start", Le(line(k), tail + drop)), drop * k / tau, because="the other end")
    m = t.time("m")
    t.induct(
        t.state(
            "sum of m rates",
            Eq(total(m, line), m * (tail + drop) - drop * m * (m + 1) / (2 * tau)),
        ),
        over=m,
        because="an arithmetic series; for m = tau it is ((tau - 1) eps_0 + (tau + 1) eps_tau)/2",
    )
    beyond = t.time("j")
    t.equal(
        t.state("without the clamp", Eq(line(tau + beyond), tail - drop * beyond / tau)),
        because="the line goes on below its end: negative, so ascent, at 2 tau when lambda_0 > 2 lambda_tau",
    )
    t.equal(
        t.state("the squares of the tail diverge", Eq(total(m, lambda j: rate(tau + j) ** 2), m * tail**2)),
        because="they add up without end, so (S2) holds for a tail of 0 only, which violates (S1)",
    )


@misprint(
    "After tau the rate stays where the decay ended; the start's rate would undo it",
    corrected="linear-decay",
    covers=["000:linear-learning-rate-decay"],
    sources=[Source("000", "l.767-773", "for k > tau: lambda = lambda_0 (or another constant)")],
)
def linear_decay_back_to_the_start(t: Proof) -> None:
    """tau = 1, from 2 down to 1: the next rate would be 2 again."""
    tau, k, first, last = t.size("tau"), t.time("k"), t.positive("lambda_0"), t.positive("lambda_tau")
    rate = lambda k: Piecewise(((1 - k / tau) * first + k / tau * last, k <= tau), (first, True))  # noqa: E731
    t.refute(
        Implies(Ge(first, last), Ge(rate(k), rate(k + 1))),
        {tau: 1, k: 1, first: 2, last: 1},
        because="a decay that rises from 1 back to 2",
    )


@misprint(
    "The common linear decay with a positive tail violates the condition on the squares, beside which it is printed",
    corrected="linear-decay",
    covers=["001:schedule-catalogue"],
    sources=[Source("001", "l.293-296", "sum eps_k^2 < oo; common way: linear decay to eps_tau, then constant")],
)
def linear_decay_with_square_summable_tail(t: Proof) -> None:
    """With eps_tau = 1 the squares of K steps after tau add up to K, beyond any bound B."""
    k, tail, most = t.time("K"), t.positive("epsilon_tau"), t.positive("B")
    t.refute(
        Le(total(k, lambda j: tail**2), most),
        {k: 4, tail: 1, most: 3},
        because="and so for every bound B, with K > B / eps_tau^2 steps",
    )
