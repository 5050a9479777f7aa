"""What decay buys under noise: constant and vanishing rates, running means, and c/k on a parabola."""

from __future__ import annotations

from sympy import Rational, cos, exp, pi, sin

from ..kernel import Eq, Expectation, Ge, Le, Proof, Source, independent, theorem, total

HALF = Rational(1, 2)


@theorem(
    "A constant rate meets (S1) only, a rate that reaches 0 and stays there (linear or cosine) meets (S2) only",
    covers=["001:schedule-catalogue"],
    sources=[Source("001", "l.293-296", "schedules")],
)
def constant_and_vanishing_schedules(t: Proof) -> None:
    """K equal terms add up to K times one; after tau steps of a vanishing schedule nothing is added any more."""
    k, c, tau, start = t.time("K"), t.positive("c"), t.size("tau"), t.positive("eta0")
    t.equal(t.state("constant", Eq(total(k, lambda j: c), c * k)), because="it grows without end")
    t.equal(t.state("its squares", Eq(total(k, lambda j: c**2), c**2 * k)), because="and so do these")
    j = t.integer("j", 0, tau)
    angle = lambda j: pi * j / (2 * tau)  # noqa: E731
    t.equal(
        t.state("cosine", Eq(start * (1 + cos(2 * angle(j))) / 2, start * cos(angle(j)) ** 2)),
        because="the half angle: from eta_0 at 0 to 0 at tau",
    )
    m, phi = t.time("m"), t.real("phi")
    t.induct(
        t.state(
            "sum of cosines",
            Eq(total(m, lambda j: 2 * sin(phi / 2) * cos(j * phi)), sin((m + HALF) * phi) - sin(phi / 2)),
        ),
        over=m,
        because=(
            "2 sin a cos b = sin(b + a) - sin(b - a): the sum telescopes; with phi = pi/tau and m = tau it is "
            "-2 sin(phi/2), so the cosines add up to -1 and the rates to eta_0 (tau - 1)/2"
        ),
    )
    t.induct(
        t.state(
            "sum of a linear decay to 0",
            Eq(total(m, lambda j: start * (1 - j / tau)), start * (m - m * (m + 1) / (2 * tau))),
        ),
        over=m,
        because="an arithmetic series; with m = tau it is eta_0 (tau - 1)/2, and the rates after tau are 0",
    )


@theorem(
    "Rates 1/(k+1) make the iterate the running mean of what it has seen: it forgets its start and has variance s^2/k",
    covers=["002:one-over-k-step-is-running-mean", "003:decreasing-learning-rate", "004:annealing-rationale"],
    sources=[
        Source("002", "l.77-90, l.128-131", "alpha_k = 1/k"),
        Source("003", "l.536", "begin with a large learning rate and reduce it"),
        Source("004", "l.1043-1053", "anneal the learning rate"),
    ],
)
def running_mean_and_noise_floor(t: Proof) -> None:
    """On (w - c)^2/2 with a fresh c each step; a constant rate keeps a variance in proportion to it, 1/(k+1)
    removes it.
    """
    n, k, w0 = t.size("n"), t.time("k"), t.real("w0")
    data, m = t.vector("c", n), t.integer("m", 0, n)
    (w,) = t.recursion(k, w=(w0, lambda w: w(k) - (w(k) - data[k + 1]) / (k + 1)))
    t.induct(
        t.state("running mean", Eq(total(m, lambda j: data[j]), m * w(m))),
        over=m,
        because="(k+1) w_(k+1) = k w_k + c_(k+1); after the first step nothing is left of w_0",
    )
    mean, spread = t.real("mu"), t.positive("s")
    draws = t.random("x", independent([mean, mean**2 + spread**2], [n], name="examples"))
    average = total(n, lambda i: draws[i]) / n
    t.expectation(
        t.state("its variance", Eq(Expectation(average**2) - Expectation(average) ** 2, spread**2 / n)),
        because="n independent examples",
    )
    (lam, noise), v0 = t.positive("lambda_ sigma"), t.nonnegative("V0")
    eta = t.real("eta", 0, 2 / lam, open=True)
    factor, floor_ = (1 - eta * lam) ** 2, eta * noise**2 / (lam * (2 - eta * lam))
    (v,) = t.recursion(k, V=(v0, lambda v: factor * v(k) + eta**2 * noise**2))
    t.induct(
        t.state("variance with a constant rate", Eq(v(k), floor_ + factor**k * (v0 - floor_))),
        over=k,
        because="it tends to eta sigma^2/(lambda (2 - eta lambda)), about eta sigma^2/(2 lambda): the noise floor; "
        "what is missing to it shrinks by (1 - eta lambda)^2",
    )
    (z,) = t.recursion(
        k, Z=(noise**2 / lam**2, lambda z: (1 - 1 / (k + 2)) ** 2 * z(k) + (noise / (lam * (k + 2))) ** 2)
    )
    t.induct(
        t.state("variance with rates 1/(lambda (k+1))", Eq(z(k), noise**2 / (lam**2 * (k + 1)))),
        over=k,
        because="Z(k) is that after k + 1 steps, the first of which forgets the start: no floor is left",
    )


@theorem(
    (
        "What the two conditions do on a noisy parabola: a divergent sum forgets the start, and rates c/k with "
        "1 <= c <= 3 bring the variance down like 1/k"
    ),
    covers=["001:robbins-monro-conditions"],
    sources=[Source("001", "l.292-293", "sufficient for convergence: sum eps_k = oo, sum eps_k^2 < oo")],
)
def robbins_monro_on_a_parabola(t: Proof) -> None:
    """w' = (1 - a_k) w + a_k noise: the start is multiplied by the product of 1 - a_k, at most exp(-sum a_k).

    With a_k = c/k the variance is B = c^2 s^2 + (c - 1)^2 V_0 after the first step, and at most B/k after k.
    """
    n, k = t.size("n"), t.time("k")
    rate, m = t.vector("a", n + 1, low=0, high=1), t.integer("m", 0, n)
    u, v = t.nonnegative("u"), t.nonnegative("v")
    w, z = t.real("w", 0, v), t.real("z", 0, u)
    below_one = t.monotone(Ge(1 - exp(-v), 0), 1 - exp(-w), w, because="exp(-w) falls from 1")
    slope = t.instance(below_one, {v: z}, because="v = z")
    tangent = t.monotone(
        Ge(exp(-u) - 1 + u, 0),
        exp(-z) - 1 + z,
        z,
        using=[slope],
        slope=slope.claim.lhs,
        because="its derivative 1 - exp(-z) is not negative, and it is 0 at 0",
    )
    here = t.instance(tangent, {u: rate[m + 1]}, because="u = a_(m+1)")
    left, spent = t.recursion(
        k,
        P=(1, lambda p, s: p(k) * (1 - rate[k + 1])),
        S=(0, lambda p, s: s(k) + rate[k + 1]),
    )
    t.induct(t.state("sum of the rates", Eq(total(m, lambda j: rate[j]), spent(m))), over=m, because="term by term")
    claim = Le(left(m), exp(-spent(m)))
    base = t.compare(claim.subs(m, 0), 0, because="1 <= 1")
    step = t.suppose(claim).compare(
        claim.subs(m, m + 1),
        [(1 - rate[m + 1]) * (exp(-spent(m)) - left(m)), exp(-spent(m)) * here.claim.lhs],
        using=[here],
        because="1 - a <= exp(-a)",
    )
    t.induct_from(
        t.state("the start is forgotten", claim), over=m, base=base, step=step, because="by (S1) the bound vanishes"
    )
    more, noise, first = t.real("e", 0, 2), t.positive("s"), t.nonnegative("V0")
    c = 1 + more
    start = c**2 * noise**2 + more**2 * first
    (variance,) = t.recursion(k, V=(start, lambda v: (1 - c / (k + 2)) ** 2 * v(k) + c**2 * noise**2 / (k + 2) ** 2))
    falling = Le(variance(k), start / (k + 1))
    base = t.compare(falling.subs(k, 0), 0, because="the variance after the first step")
    step = t.suppose(falling).compare(
        falling.subs(k, k + 1),
        [
            (1 - c / (k + 2)) ** 2 * (start / (k + 1) - variance(k)),
            start * more * (2 * k + 2 - more) / ((k + 1) * (k + 2) ** 2),
            more**2 * first / (k + 2) ** 2,
        ],
        because="(k + 1)^2 - (k + 2 - c)^2 = (c - 1)(2 k + 3 - c) is not negative for 1 <= c <= 3",
    )
    t.induct_from(
        t.state("the variance falls like 1/k", falling), over=k, base=base, step=step, because="k + 1 steps are done"
    )
