"""Learning-rate schedules: their sums, what the Robbins-Monro conditions ask of them, and what decay buys.

The conditions on the rates are (S1) their sum diverges and (S2) the sum of their squares converges. Each verdict is an
explicit bound for every number K of terms, by induction: a divergent sum exceeds a function of K that grows without
end, a convergent one stays below a constant.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Implies, Limit, Max, Piecewise, Rational, cos, exp, log, oo, pi, sin, sqrt

from .kernel import Eq, Expectation, Fact, Ge, Le, Lt, Proof, Source, independent, misprint, product, theorem, total

HALF = Rational(1, 2)


def partial_sum(t: Proof, k: Any, name: str, term: Any, what: str, first: int = 1) -> Any:
    """S(K), the sum of the first K terms, numbered from `first`."""
    (s,) = t.recursion(k, **{name: (0, lambda s: s(k) + term(k + first))})
    t.induct(
        t.state(what, Eq(total(k + first - 1, term, start=first), s(k))), over=k, because="add one term after the other"
    )
    return s


def bound(
    t: Proof,
    name: str,
    claim: Any,
    k: Any,
    slack: list[Any],
    because: str,
    using: list[Fact] | None = None,
    start: Any = 0,
) -> Fact:
    """An inequality for every K: it holds with no term, with slack `start`, and one more term keeps it."""
    excess = claim.lhs - claim.rhs if isinstance(claim, type(Ge(1, 0))) else claim.rhs - claim.lhs
    base = t.compare(claim.subs(k, 0), start, because="no term yet")
    step = t.suppose(claim).compare(claim.subs(k, k + 1), [excess, *slack], using=using or [], because="one more term")
    return t.induct_from(t.state(name, claim), over=k, base=base, step=step, because=because)


def logarithm(t: Proof, top: Any, name: str) -> tuple[Fact, Fact]:
    """x/(1 + x) <= log(1 + x) <= x for the given x >= 0."""
    x = t.nonnegative(name)
    z = t.real(f"{name}_", 0, x)
    above = t.monotone(
        Ge(x - log(1 + x), 0), z - log(1 + z), z, because="its derivative z/(1 + z) is not negative, and it is 0 at 0"
    )
    below = t.monotone(
        Ge(log(1 + x) - x / (1 + x), 0),
        log(1 + z) - z / (1 + z),
        z,
        because="its derivative z/(1 + z)^2 is not negative, and it is 0 at 0",
    )
    return t.instance(above, {x: top}, because="at this x"), t.instance(below, {x: top}, because="at this x")


@theorem(
    (
        "The sum of k^-p exceeds log(K+1) for p <= 1 and the sum of k^-(1+r) stays below 1 + 1/r: so k^-p meets "
        "both conditions exactly for 1/2 < p <= 1"
    ),
    covers=["001:robbins-monro-conditions", "002:step-size-conditions"],
    sources=[
        Source("001", "l.292-293", "sum eps_k = oo, sum eps_k^2 < oo"),
        Source("002", "l.119-131", "sum alpha_i = oo, sum alpha_i^2 < oo"),
    ],
)
def robbins_monro_power_schedules(t: Proof) -> None:
    """Compare each term with an integral: of 1/s over an interval to its right, of s^(-1-r) over one to its left.

    (S1) holds for p <= 1 by the first bound and fails for p = 1 + r by the second; (S2) holds for 2p = 1 + r by the
    second and fails for 2p <= 1 by the first.
    """
    k = t.time("K")
    p, r = t.real("p", 0, 1), t.positive("r")
    w = t.real("w", p, 1)
    flatter = t.monotone(
        Ge((k + 1) ** -p, (k + 1) ** Rational(-1)),
        (k + 1) ** -w,
        w,
        because="a power of K + 1 >= 1 falls as its exponent does",
    )
    chord, _ = logarithm(t, 1 / (k + 1), "x")
    s = partial_sum(t, k, "S", lambda k: k**-p, "K terms k^-p")
    bound(
        t,
        "for p <= 1 the sum grows without end",
        Ge(s(k), log(k + 1)),
        k,
        [(k + 1) ** -p - 1 / (k + 1), 1 / (k + 1) - log(1 + 1 / (k + 1))],
        "the next term is at least 1/(K+1), and that at least log((K+2)/(K+1))",
        using=[flatter, chord],
    )
    (q,) = t.recursion(k, Q=(1, lambda q: q(k) + (k + 2) ** (-1 - r)))
    t.induct(
        t.state("K + 1 terms k^-(1+r)", Eq(total(k + 1, lambda j: j ** (-1 - r)), q(k))),
        over=k,
        because="add one term after the other",
    )
    area = integral_bound(t, k, r)
    bound(
        t,
        "for an exponent 1 + r the sum stays below 1 + 1/r",
        Le(q(k), 1 + (1 - (k + 1) ** -r) / r),
        k,
        [area.claim.lhs],
        "the next term is at most the integral of s^-(1+r) over the interval before it",
        using=[area],
    )
    radius, second = t.positive("R G")
    t.limit(
        t.state(
            "so the bound on averaged SGD vanishes",
            Eq(Limit((radius**2 + second**2 * (1 + 1 / r)) / (2 * log(k + 1)), k, oo), 0),
        ),
        because="(R^2 + G^2 sum a^2)/(2 sum a) has a bounded numerator and a denominator that grows without end",
    )


def integral_bound(t: Proof, k: Any, r: Any) -> Fact:
    """(K+2)^-(1+r) is at most the integral ((K+1)^-r - (K+2)^-r)/r."""
    c, e, m = t.positive("c"), t.nonnegative("e"), t.size("M")
    w, s = t.real("w_", c, c + e), t.real("s", m, m + 1)
    falls = t.monotone(Ge(c ** (-1 - r), (c + e) ** (-1 - r)), w ** (-1 - r), w, because="a negative power falls")
    integrand = t.instance(falls, {c: s, e: m + 1 - s}, because="s up to M + 1")
    area = t.monotone(
        Ge((m**-r - (m + 1) ** -r) / r - (m + 1) ** (-1 - r), 0),
        (m**-r - s**-r) / r - (s - m) * (m + 1) ** (-1 - r),
        s,
        using=[integrand],
        because="its derivative s^-(1+r) - (M+1)^-(1+r) is not negative, and it is 0 at s = M",
    )
    return t.instance(area, {m: k + 1}, because="M = K + 1")


@theorem(
    (
        "The conditions are not necessary: with rates 1/sqrt(k) the bound on averaged SGD vanishes, though the "
        "squares diverge"
    ),
    covers=["002:step-size-conditions"],
    sources=[Source("002", "l.119-131", "learning rate constraints: sum alpha_i = oo, sum alpha_i^2 < oo")],
)
def square_root_schedule(t: Proof) -> None:
    """The sum of 1/sqrt(k) is at least sqrt(K), that of 1/k at most 1 + log K: their ratio goes to 0."""
    k = t.time("K")
    s = partial_sum(t, k, "S", lambda k: 1 / sqrt(k), "K terms 1/sqrt(k)")
    bound(
        t,
        "the sum is at least sqrt(K)",
        Ge(s(k), sqrt(k)),
        k,
        [sqrt(k) / (sqrt(k + 1) * (sqrt(k + 1) + sqrt(k)))],
        "sqrt(K+1) - sqrt(K) = 1/(sqrt(K+1) + sqrt(K)) is less than the next term 1/sqrt(K+1)",
    )
    _, below = logarithm(t, 1 / (k + 1), "x")
    (h,) = t.recursion(k, H=(1, lambda h: h(k) + 1 / (k + 2)))
    t.induct(
        t.state("K + 1 terms 1/k", Eq(total(k + 1, lambda j: 1 / j), h(k))), over=k, because="one term after the other"
    )
    bound(
        t,
        "the squares grow only like a logarithm",
        Le(h(k), 1 + log(k + 1)),
        k,
        [below.claim.lhs],
        "1/(K+2) is x/(1 + x) with x = 1/(K+1)",
        using=[below],
    )
    above, _ = logarithm(t, 1 / (k + 2), "y")
    bound(
        t,
        "but without end",
        Ge(h(k), log(k + 2)),
        k,
        [above.claim.lhs],
        "1/(K+2) is at least log((K+3)/(K+2))",
        using=[above],
        start=1 - log(2),
    )
    radius, second = t.positive("R G")
    t.limit(
        t.state(
            "the bound vanishes",
            Eq(Limit((radius**2 + second**2 * (1 + log(k + 1))) / (2 * sqrt(k + 1)), k, oo), 0),
        ),
        because="a root outgrows every logarithm",
    )


@theorem(
    "The conditions alone do not suffice: on x^4, without any noise, the rates 1/k diverge from x = 1",
    covers=["001:robbins-monro-conditions"],
    sources=[Source("001", "l.292-293", "sufficient for convergence: sum eps_k = oo, sum eps_k^2 < oo")],
)
def robbins_monro_needs_smoothness(t: Proof) -> None:
    """x_(k+1) = x_k (1 - 4 x_k^2 / k): once x_k^2 >= k^2 the factor exceeds 3 in size, and it is so from the start."""
    k = t.time("k")
    (x,) = t.recursion(k, x=(1, lambda x: x(k) - 4 * x(k) ** 3 / (k + 1)))
    claim = Ge(x(k) ** 2, (k + 1) ** 2)
    base = t.compare(claim.subs(k, 0), 0, because="1 >= 1")
    over = x(k) ** 2 - (k + 1) ** 2
    factor = 4 * k + 3 + 4 * over / (k + 1)  # 4 x^2/(k+1) - 1
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [
            over * factor**2,
            (k + 1) ** 2 * (factor - (4 * k + 3)) * (factor + 4 * k + 3),
            (4 * k**2 + 6 * k + 1) * (4 * k**2 + 8 * k + 5),
        ],
        because="|x| (4 x^2/(k+1) - 1) >= (k+1)(4k+3) >= k + 2",
    )
    t.induct_from(
        t.state("the iterates leave every bound", claim),
        over=k,
        base=base,
        step=step,
        because="1, -3, 51, -176817, ...",
    )
    t.equal(t.state("second iterate", Eq(x(1) + x(2), 48)), because="1 - 4 = -3 and -3 + 4 * 27 / 2 = 51")


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
    (lam, eta, noise), v0 = t.positive("lambda_ eta sigma"), t.nonnegative("V0")
    factor, floor_ = (1 - eta * lam) ** 2, eta * noise**2 / (lam * (2 - eta * lam))
    inside = t.suppose(Lt(eta, 2 / lam))
    (v,) = t.recursion(k, V=(v0, lambda v: factor * v(k) + eta**2 * noise**2))
    closed = inside.induct(
        Eq(v(k), floor_ + factor**k * (v0 - floor_)),
        over=k,
        because="what is missing to the fixed point shrinks by (1 - eta lambda)^2",
    )[0]
    t.implies(
        t.state("variance with a constant rate", Implies(Lt(eta, 2 / lam), closed.claim)),
        closed,
        because="it tends to eta sigma^2/(lambda (2 - eta lambda)), about eta sigma^2/(2 lambda): the noise floor",
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


@theorem(
    "No schedule moves the iterate further than the gradient bound times the sum of its rates",
    covers=["004:annealing-rationale"],
    sources=[Source("004", "l.1043-1053", "too aggressive a decay: the system is unable to reach the best position")],
)
def travel_bound(t: Proof) -> None:
    """Any slopes in [-G, G], any rates: the triangle inequality, step by step."""
    n, k, top, start = t.size("n"), t.time("k"), t.positive("G"), t.real("x0")
    rate, u, m = t.vector("eta", n + 1, low=0), t.vector("u", n + 1, low=0, high=1), t.integer("m", 0, n)
    slope = lambda k: top * (2 * u[k] - 1)  # noqa: E731
    x, spent = t.recursion(
        k,
        x=(start, lambda x, s: x(k) - rate[k + 1] * slope(k + 1)),
        spent=(0, lambda x, s: s(k) + rate[k + 1]),
    )
    t.induct(t.state("sum of the rates", Eq(total(m, lambda j: rate[j]), spent(m))), over=m, because="term by term")
    for name, sign in (("upward", 1), ("downward", -1)):
        part = u[m + 1] if sign == 1 else 1 - u[m + 1]
        claim = Le(sign * (x(m) - start), top * spent(m))
        base = t.compare(claim.subs(m, 0), 0, because="no step yet")
        grown = t.suppose(claim).compare(
            claim.subs(m, m + 1),
            [claim.rhs - claim.lhs, 2 * top * rate[m + 1] * part],
            because="one step moves by at most G times its rate",
        )
        t.induct_from(t.state(name, claim), over=m, base=base, step=grown, because="step by step")


@theorem(
    (
        "The bound of averaged SGD at a constant rate, its best rate R/(G sqrt(k+1)), its floor G^2 h/2, and "
        "where two rates cross"
    ),
    covers=["002:constant-step-bound", "002:optimal-constant-step", "002:learning-rate-tradeoff-figure"],
    sources=[
        Source("002", "l.109-115", "(R^2 + G^2 (k+1) h^2) / (2 (k+1) h)"),
        Source("002", "l.104-117", "tradeoff of the learning rate"),
    ],
)
def constant_step_bound(t: Proof) -> None:
    """R^2 is the squared distance at the start, G^2 bounds the mean squared gradient; both enter squared once, not
    twice.
    """
    k, radius, second = t.time("k"), *t.positive("R G")
    h = t.positive("h")
    value = lambda h: radius**2 / (2 * (k + 1) * h) + second**2 * h / 2  # noqa: E731
    general = (radius**2 + second**2 * total(k, lambda i: h**2, start=0)) / (2 * total(k, lambda i: h, start=0))
    t.equal(t.state("constant rate", Eq(general, value(h))), because="k + 1 equal terms, numbered from 0")
    best = radius / (second * sqrt(k + 1))
    t.equal(
        t.state(
            "best rate",
            Eq(value(h) - radius * second / sqrt(k + 1), (radius - second * h * sqrt(k + 1)) ** 2 / (2 * (k + 1) * h)),
        ),
        because="a square, 0 at h = R/(G sqrt(k+1)) only; so error e takes k + 1 = (RG/e)^2 steps",
    )
    t.compare(
        t.state("no rate does better", Ge(value(h), radius * second / sqrt(k + 1))),
        second**2 * (h - best) ** 2 / (2 * h),
        because="the same square",
    )
    t.limit(t.state("floor", Eq(Limit(value(h), k, oo), second**2 * h / 2)), because="the other part is R^2/(2(k+1)h)")
    other = t.positive("h2")
    t.equal(
        t.state(
            "two rates cross once",
            Eq(value(h) - value(other), (h - other) / 2 * (second**2 - radius**2 / ((k + 1) * h * other))),
        ),
        because="at k + 1 = R^2/(G^2 h h2): before it the larger rate has the smaller bound, after it the larger floor",
    )


@misprint(
    "The bound of averaged SGD with R and G that are squares already",
    corrected="constant-step-bound",
    covers=["002:constant-step-bound"],
    sources=[Source("002", "l.109-115", "R = |x_0 - x_opt|^2, G = E|g_i|^2; (R^2 + (k+1) G^2 h^2)/(2 (k+1) h)")],
)
def constant_step_bound_squared_twice(t: Proof) -> None:
    """|x| from x_0 = 1/2 with h = 1/4, before any step: R = 1/4 is squared again, and the bound 1/4 is below the
    error 1/2.
    """
    k, x0, h = t.time("k"), t.positive("x0"), t.positive("h")
    radius, second = x0**2, 1  # as the slide defines them, for F(x) = |x|
    t.refute(
        Le(Abs(x0), (radius**2 + (k + 1) * second**2 * h**2) / (2 * (k + 1) * h)),
        {k: 0, x0: HALF, h: Rational(1, 4)},
        because="the average of one iterate is x_0, with error 1/2; with R^2 = x_0^2 the bound is 5/8",
    )


@theorem(
    (
        "The triangular cyclical rate: its two sides, its period 2s, its mean, and stability over a cycle with "
        "a rate above 2/lambda"
    ),
    covers=["004:cyclical-learning-rate"],
    sources=[Source("004", "l.1098-1106", "cyclical learning rates (no formula)")],
)
def cyclical_learning_rate(t: Proof) -> None:
    """eta = low + (high - low) max(0, 1 - |t/s - 2c + 1|) with c = floor(1 + t/(2s)), at t = 2 s k + r, 0 <= r < 2s."""
    s, k = t.size("s"), t.time("k")
    r, q = t.integer("r", 0, s), t.integer("q", 0, s - 1)
    wave = lambda z: Max(0, s - Abs(z - s)) / s  # noqa: E731 - at phase z of a cycle
    for name, phase in (("rising half", q), ("falling half", s + q)):
        t.compare(
            t.state(f"cycle number, {name}, from below", Ge(1 + (2 * s * k + phase) / (2 * s), 1 + k)),
            phase / (2 * s),
            because="the phase is not negative",
        )
        t.compare(
            t.state(f"cycle number, {name}, from above", Lt(1 + (2 * s * k + phase) / (2 * s), 2 + k)),
            [(s - 1 - q) / (2 * s), (1 if phase is not q else 1 + s) / (2 * s)],
            because="the phase is below 2s, so c = 1 + k",
        )
    t.equal(
        t.state("period 2s", Eq(Max(0, s - Abs(2 * s * k + r - 2 * s * (1 + k) + s)) / s, wave(r))),
        because="the number of the cycle drops out",
    )
    t.equal(t.state("rising", Eq(wave(r), r / s)), because="r - s is not positive")
    t.equal(t.state("falling", Eq(wave(s + r), 1 - r / s)), because="r is not negative, and at most s")
    low, gap = t.positive("eta_min"), t.nonnegative("gap")
    rate = lambda share: low + gap * share  # noqa: E731
    t.equal(
        t.state(
            "mean over a period",
            Eq(
                total(s - 1, lambda j: rate(j / s), start=0) + total(s - 1, lambda j: rate(1 - j / s), start=0),
                2 * s * (low + gap / 2),
            ),
        ),
        because="the rising and the falling half pair up to eta_min + eta_max",
    )
    d, v = t.positive("d"), t.real("v", -1, 1, open=True)
    small, large = 1 - v / (1 + d), 2 + d  # eta lambda at the two rates of a cycle
    t.equal(
        t.state("a rate above 2/lambda in a stable cycle", Eq((1 - large) * (1 - small), -v)),
        because="two steps contract by |v| < 1, although the larger rate alone diverges",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("schedules")
