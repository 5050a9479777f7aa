"""What the best fixed step leaves over, and the steps that end after one iteration or after finitely many."""

from __future__ import annotations

from sympy import Abs, Derivative, Max, Rational

from ..kernel import Eq, Ge, Le, Proof, Source, misprint, product, theorem, total
from .eigenbasis import form, quadratic

HALF = Rational(1, 2)
DECK = "004"


@theorem(
    (
        "At the optimal step the gap shrinks by at least ((kappa-1)/(kappa+1))^2, with equality for every start "
        "only on a two-point spectrum"
    ),
    covers=["004:gap-at-optimum-equality-only-in-2d"],
    sources=[Source(DECK, "l.413, l.437-443", "f(x_t) - f* = ((kappa-1)/(kappa+1))^(2t) sum_i lambda_i x_i^0")],
)
def gap_at_the_optimal_step(t: Proof) -> None:
    """rho^2 - (1 - eta* lambda)^2 = 4 (lambda - mu)(L - lambda)/(mu + L)^2: what each interior eigenvalue gains."""
    n, k = t.size("n"), t.time("k")
    mu, gap = t.positive("mu"), t.nonnegative("gap")
    u, start = t.vector("u", n, low=0, high=1), t.vector("x0", n)
    best, rho = 2 / (2 * mu + gap), gap / (2 * mu + gap)
    eigenvalue = lambda i: mu + gap * u[i]  # noqa: E731
    mode = lambda i: eigenvalue(i) * (1 - best * eigenvalue(i)) ** (2 * k) * start[i] ** 2  # noqa: E731
    value = HALF * total(n, mode)
    gain = total(n, lambda i: 2 * gap**2 * u[i] * (1 - u[i]) * mode(i) / (2 * mu + gap) ** 2)
    t.equal(
        t.state("gain of a step", Eq(rho**2 * value - value.subs(k, k + 1), gain)),
        because="nothing for the two end eigenvalues, something for every other mode that is not yet 0",
    )
    first = HALF * total(n, lambda i: eigenvalue(i) * start[i] ** 2)
    bound = Le(value, rho ** (2 * k) * first)
    base = t.compare(bound.subs(k, 0), 0, because="equal at the start")
    step = t.suppose(bound).compare(
        bound.subs(k, k + 1),
        [rho**2 * (rho ** (2 * k) * first - value), gain],
        because="rho^2 times what is supposed, and the gain of the step",
    )
    t.induct_from(t.state("the gap", bound), over=k, base=base, step=step, because="every step contracts by rho^2")


@misprint(
    "In three dimensions the gap at the optimal step is an inequality",
    corrected="gap-at-the-optimal-step",
    covers=["004:gap-at-optimum-equality-only-in-2d"],
    sources=[Source(DECK, "l.437-443", "f(x_t) - f* = ((kappa-1)/(kappa+1))^(2t) sum_i lambda_i x_i^0")],
)
def gap_at_the_optimal_step_as_equality(t: Proof) -> None:
    """Spectrum (1, 2, 3), step 1/2, start e_2: solved in one step."""
    n, k = t.size("n"), t.time("k")
    low, high = t.positive("lambda_min lambda_max")
    eigenvalue, start = t.vector("lambda", n, low=0, open=True), t.vector("x0", n)
    gap = lambda factor: HALF * total(n, lambda i: eigenvalue[i] * factor(eigenvalue[i]) ** (2 * k) * start[i] ** 2)  # noqa: E731
    t.refute(
        Eq(gap(lambda h: 1 - 2 * h / (low + high)), gap(lambda h: (high - low) / (high + low))),
        {n: 3, k: 1, low: 1, high: 3, eigenvalue: [1, 2, 3], start: [0, 1, 0]},
        because="1 - 2/(1 + 3) * 2 = 0, so the true gap is 0; the printed one is 1/4, with its 1/2 and square repaired",
    )


@theorem(
    (
        "Newton's method is exact in one step on every quadratic, converges to saddles as well, and does not "
        "see a change of coordinates"
    ),
    covers=["000:first-and-second-order-methods"],
    sources=[Source("000", "l.606-618", "first-order methods; second-order methods: Newton")],
)
def newton_step_on_a_quadratic(t: Proof) -> None:
    """A step s with H s = g needs no inverse to be written: the step to the critical point is one."""
    n, h, times = quadratic(t)
    x, best, i, p = t.vector("x", n), t.vector("xstar", n), t.index("i", n), t.index("p", n)
    to_go = lambda j: x[j] - best[j]  # noqa: E731
    value = HALF * form(n, h, to_go, to_go)
    t.equal(
        t.state("one step", Eq(Derivative(value, x[i]), times(to_go)(i))),
        because="the gradient is H(x - x*), so s = x - x* solves H s = g and x - s = x*, for H of any signs",
    )
    m, s = t.vector("M", n, n), t.vector("s", n)
    old = lambda j: total(n, lambda q: m[j, q] * s[q])  # noqa: E731 - the step in the old coordinates x = M y
    t.equal(
        t.state(
            "affine invariance",
            Eq(
                total(n, lambda q: total(n, lambda j: m[j, p] * total(n, lambda r: h(j, r) * m[r, q])) * s[q]),
                total(n, lambda j: m[j, p] * times(old)(j)),
            ),
        ),
        because="M'HM s = M'(H M s): if M s solves Newton's equation for x, s solves it for y",
    )
    a, b = t.real("a b")
    saddle = a**2 - b**2
    landing = lambda z: z - Derivative(saddle, z) / Derivative(saddle, z, 2)  # noqa: E731
    t.equal(
        t.state("it goes to a saddle", Eq(landing(a) ** 2 + landing(b) ** 2, 0)),
        because="x^2 - y^2 has its only critical point, a saddle, at (0, 0)",
    )
    curvature, c = t.real("h", nonzero=True), t.real("c")
    step = curvature * c / Abs(curvature)
    t.equal(
        t.state("with |H| it leaves a saddle", Eq((c - step) * (c + step), 0)),
        because="the gradient h c over |h| is c or -c: it lands on 0 where h > 0 and on 2 c, twice as far, where h < 0",
    )


@theorem(
    "Steps 1/lambda over the m distinct eigenvalues end gradient descent on a quadratic in m steps",
    covers=["004:kappa-one-converges-in-one-step"],
    sources=[Source(DECK, "l.420", "kappa = 1: one step")],
)
def distinct_eigenvalues_terminate(t: Proof) -> None:
    """The step 1/lambda removes the modes of that eigenvalue, and no later step brings a mode back."""
    m, k = t.size("m"), t.time("k")
    lam = t.vector("lambda", m + 1, low=0, open=True)  # entry r + 1 belongs to step r = 0..m
    j, p = t.integer("j", 0, m), t.integer("p", 0, m)
    factor = lambda r: 1 - lam[j + 1] / lam[r + 1]  # noqa: E731
    (x,) = t.recursion(k, x=((j,), 1, lambda x: x(j, k) * (1 - lam[j + 1] / lam[k + 1])))
    steps = t.integer("r", 0, m)
    t.induct(
        t.state("a mode after r steps", Eq(product(steps - 1, factor, start=0), x(j, steps))),
        over=steps,
        because="every step multiplies mode j by 1 - lambda_j / lambda_r",
    )
    own = t.equal(t.state("its own step removes a mode", Eq(x(p, p + 1), 0)), because="the factor 1 - lambda/lambda")
    more = t.integer("l", 0, m - p)
    (later,) = t.recursion(more, later=(x(p, p + 1), lambda y: y(more) * (1 - lam[p + 1] / lam[p + more + 2])))
    t.induct(
        t.state("and no later step brings it back", Eq(later(more), 0)),
        over=more,
        using=[own],
        because="0 times any factor is 0; after all steps every mode has met its own",
    )


@theorem(
    "One step alone is best at (sqrt(mu) + sqrt(L)) / (mu^(3/2) + L^(3/2)), not at 2/(mu + L)",
    covers=["004:optimal-fixed-step"],
    sources=[Source(DECK, "l.277-287", "eta* = 2 / (lambda_1 + lambda_2) maximises the rate")],
)
def optimal_step_for_one_iteration(t: Proof) -> None:
    """From the unit ball the gap after one step is at most max_i lambda_i (1 - eta lambda_i)^2 / 2: weigh the roots."""
    low, gap, eta = t.positive("a"), t.nonnegative("gap"), t.real("eta")
    high = low + gap  # the square roots of the end eigenvalues
    arms = low * (1 - eta * low**2), -high * (1 - eta * high**2)
    best = (low + high) / (low**3 + high**3)
    value = low * high * (high**2 - low**2) / (low**3 + high**3)
    t.weights(
        t.state("no step does better", Ge(Max(*arms), value)),
        {arms[0]: high**3 / (low**3 + high**3), arms[1]: low**3 / (low**3 + high**3)},
        because="the mean of the two with the weights L^(3/2) and mu^(3/2) is free of eta; the gap is half the square "
        "of the larger root",
    )
    for name, arm in zip(("the low end attains it", "and so does the high end"), arms, strict=True):
        t.equal(t.state(name, Eq(arm.subs(eta, best), value)), because="put in the step")
    t.equal(
        t.state(
            "it is shorter than 2/(mu + L)",
            Eq(2 / (low**2 + high**2) - best, gap**2 * (low + high) / ((low**2 + high**2) * (low**3 + high**3))),
        ),
        because="a single step cares more for the steep end, whose gap weighs more",
    )
