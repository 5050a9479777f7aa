"""Inverse-time and geometric decay: their sums, and what of the start they leave over."""

from __future__ import annotations

from typing import Any

from sympy import Limit, log, oo

from ..kernel import Eq, Fact, Ge, Le, Lt, Proof, Source, product, theorem, total
from .robbins_monro import bound, logarithm, partial_sum


@theorem(
    "eta_0/(1 + k t) halves at t = 1/k, has a divergent sum and a convergent sum of squares",
    covers=["004:one-over-t-decay", "001:schedule-catalogue"],
    sources=[Source("004", "l.1071-1073", "eta_t = eta_0 / (1 + k t)"), Source("001", "l.293-296", "schedules")],
)
def inverse_time_decay(t: Proof) -> None:
    """Compare the terms with the logarithm, and their squares with differences that telescope."""
    k, rate, start = t.time("K"), t.positive("k"), t.positive("eta0")
    decay = lambda j: start / (1 + rate * j)  # noqa: E731
    later = t.nonnegative("t")
    t.equal(
        t.state("half-life", Eq(1 / decay(later + 1 / rate) - 1 / decay(later), 1 / decay(0))),
        because="every 1/k steps add one more 1/eta_0 to 1/eta: the first of them halves the rate",
    )
    s = partial_sum(t, k, "S", decay, "K rates", first=0)
    chord, _ = logarithm(t, rate / (1 + rate * k), "x")
    bound(
        t,
        "their sum grows without end",
        Ge(s(k), start / rate * log(1 + rate * k)),
        k,
        [start / rate * (rate / (1 + rate * k) - log(1 + rate / (1 + rate * k)))],
        "the next rate is at least eta_0/k times log((1 + k (K+1))/(1 + k K))",
        using=[chord],
    )
    residual_power(t, k, rate)
    (q,) = t.recursion(k, Q=(start**2, lambda q: q(k) + decay(k + 1) ** 2))
    t.induct(
        t.state("K + 1 squares", Eq(total(k, lambda j: decay(j) ** 2, start=0), q(k))),
        over=k,
        because="one term after the other",
    )
    bound(
        t,
        "their squares add up to at most eta_0^2 (1 + 1/k)",
        Le(q(k), start**2 * (1 + (1 - 1 / (1 + rate * k)) / rate)),
        k,
        [start**2 * rate / ((1 + rate * k) * (1 + rate * (k + 1)) ** 2)],
        "1/(1 + k j)^2 <= (1/(1 + k (j-1)) - 1/(1 + k j))/k",
    )


def residual_power(t: Proof, k: Any, rate: Any) -> None:
    """On a parabola the residual is the product of 1 - a/(1 + k j), a = lambda eta_0: it dies out like K^(-a/k)."""
    a, x, y = t.real("a", 0, 1), t.nonnegative("y"), t.nonnegative("y_")
    power = a / rate
    w, z = t.real("w", 0, y), t.real("z", 0, x)
    flat = t.monotone(
        Ge(1 - (1 + y) ** (-power - 1), 0), 1 - (1 + w) ** (-power - 1), w, because="a negative power of 1 + w falls"
    )
    slope = t.instance(flat, {y: z}, because="y = z")
    chord = t.monotone(
        Ge((1 + x) ** -power - 1 + power * x, 0),
        (1 + z) ** -power - 1 + power * z,
        z,
        using=[slope],
        slope=power * slope.claim.lhs,
        because="Bernoulli: the derivative a/k (1 - (1 + z)^(-a/k - 1)) is not negative, and it is 0 at 0",
    )
    tangent = t.instance(chord, {x: rate / (1 + rate * k)}, because="at this x")
    (p,) = t.recursion(k, P=(1, lambda p: p(k) * (1 - a / (1 + rate * k))))
    claim = Le(p(k), (1 + rate * k) ** -power)
    base = t.compare(claim.subs(k, 0), 0, because="1 <= 1")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [((1 - a) + rate * k) / (1 + rate * k) * (claim.rhs - claim.lhs), (1 + rate * k) ** -power * tangent.claim.lhs],
        using=[tangent],
        because="1 - a/(1 + k K) <= (1 + k/(1 + k K))^(-a/k)",
    )
    t.induct_from(
        t.state("residual on a parabola", claim),
        over=k,
        base=base,
        step=step,
        because="it reaches 0, but only as a power",
    )


@theorem(
    (
        "Exponential and step decay have finite sums, so they violate (S1): farther than the total travel no "
        "optimum is reached"
    ),
    covers=["004:exponential-decay", "004:step-decay", "001:schedule-catalogue", "004:annealing-rationale"],
    sources=[
        Source("004", "l.1065-1069", "eta_t = eta_0 exp(-k t)"),
        Source("004", "l.1057-1063", "reduce the learning rate by a factor alpha after every n-th epoch"),
        Source("004", "l.1043-1053", "if the rate decays too aggressively, the optimum is not reached"),
    ],
)
def geometric_decay(t: Proof) -> None:
    """With q = exp(-k), or alpha once in n epochs, the rates are a geometric series; a step decay is its staircase."""
    k, q, start = t.time("K"), t.real("q", 0, 1, open=True), t.positive("eta0")
    rates, limit = total(k - 1, lambda j: start * q**j, start=0), start / (1 - q)
    (closed,) = t.induct(t.state("sum of K rates", Eq(rates, limit * (1 - q**k))), over=k, because="geometric series")
    t.limit(t.state("its limit", Eq(Limit(limit * (1 - q**k), k, oo), limit)), because="q^K vanishes")
    t.induct(
        t.state(
            "sum of K squares",
            Eq(total(k - 1, lambda j: (start * q**j) ** 2, start=0), start**2 * (1 - q ** (2 * k)) / (1 - q**2)),
        ),
        over=k,
        because="the same series with q^2: (S2) holds",
    )
    staircase(t, k, q, start)
    residual(t, k, q, rates, closed, start)
    slope, x0 = t.positive("G"), t.real("x0")
    (x,) = t.recursion(k, x=(x0, lambda x: x(k) - slope * start * q**k))
    t.induct(
        t.state("total travel", Eq(x(k), x0 - slope * limit * (1 - q**k))),
        over=k,
        because="on G |x| the iterate moves by G times the sum of the rates: less than G eta_0/(1 - q), for ever",
    )


def staircase(t: Proof, k: Any, q: Any, start: Any) -> None:
    """Epoch e = n m + r, 0 <= r < n, has the rate eta_0 q^m: n equal rates in every stage."""
    n = t.size("n")
    t.induct(
        t.state(
            "sum of K stages of a step decay",
            Eq(total(k - 1, lambda m: n * start * q**m, start=0), n * start * (1 - q**k) / (1 - q)),
        ),
        over=k,
        because="n times the geometric series: in the limit n eta_0/(1 - alpha)",
    )
    stage, r = t.time("m"), t.integer("r", 0, n - 1)
    t.compare(
        t.state("stage of an epoch, from below", Ge((n * stage + r) / n, stage)), r / n, because="r is not negative"
    )
    t.compare(
        t.state("stage of an epoch, from above", Lt((n * stage + r) / n, stage + 1)),
        [(n - 1 - r) / n, 1 / n],
        because="r <= n - 1; so m is the floor of e/n, and the first decay comes on entering epoch n",
    )


def residual(t: Proof, k: Any, q: Any, rates: Any, closed: Fact, start: Any) -> None:
    """On a parabola the residual is the product of 1 - a q^j: it never falls below 1 - a/(1 - q)."""
    a = t.real("a", 0, 1)
    (p,) = t.recursion(k, P=(1, lambda p: p(k) * (1 - a * q**k)))
    t.induct(
        t.state("residual of gradient descent", Eq(product(k - 1, lambda j: 1 - a * q**j, start=0), p(k))),
        over=k,
        because="a = lambda eta_0: each step multiplies by 1 - lambda eta_j",
    )
    below = t.compare(
        Ge(1 - q**k, 0), (1 - q) / start * rates, using=[closed], because="a sum of powers of q, times 1 - q"
    )
    claim = Ge(p(k), 0)
    base = t.compare(claim.subs(k, 0), 1, because="it starts at 1")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1), [p(k) * (1 - a), p(k) * a * (1 - q**k)], using=[below], because="a q^j <= 1"
    )
    positive = t.induct_from(claim, over=k, base=base, step=step, because="factors in [0, 1]")
    at_most = bound(t, "it falls", Le(p(k), 1), k, [p(k) * a * q**k], "factors in [0, 1]", using=[positive])
    bound(
        t,
        "but not to 0",
        Ge(p(k), 1 - a * (1 - q**k) / (1 - q)),
        k,
        [(1 - p(k)) * a * q**k],
        "the product of 1 - a_j is at least 1 - sum a_j; so for a < 1 - q a part of the error stays for ever",
        using=[at_most],
    )
