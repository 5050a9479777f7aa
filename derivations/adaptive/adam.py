"""Adam's step: its size, its sharp bound, and the ways in which it is misprinted."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Implies, Integer, Rational, sqrt

from ..kernel import Eq, Expectation, Fact, Ge, Gt, Le, Lt, Proof, Source, finite, misprint, theorem
from ..update_rules import following
from .rmsprop import forgetting

HALF = Rational(1, 2)


@theorem(
    "Adam's step: lr |g|/(|g| + eps) the first time and under every constant gradient, and unchanged when all "
    "gradients are scaled",
    covers=[
        "000:adam-step-size", "002:adam-update", "003:adam-deck3", "004:adam-update", "004:adam-ravine-panels",
        "000:adam-defaults",
    ],
    sources=[
        Source("000", "l.863-873", "Delta theta = -lambda g'' / (epsilon + sqrt(r')); .001, .9, .999"),
        Source("003", "l.630-643", "theta <- theta - eps s^ / sqrt(r^ + delta)"),
        Source("004", "l.789-808", "x^(t+1) = x^(t) - eta m^ / (sqrt(v^) + eps)"),
    ],
)  # fmt: skip
def adam_step(t: Proof) -> None:
    """Both corrected moments of a constant gradient are exact, so their quotient is its sign."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta1, beta2 = forgetting(t, "beta1"), forgetting(t, "beta2")
    lr, eps, c, start = t.positive("lr"), t.positive("eps"), t.positive("c"), t.real("theta0")
    g, constant = t.vector("g", n + 1, nonzero=True), t.real("G", nonzero=True)
    step = lambda x, m, v, g, eps: following(  # noqa: E731
        "adam", theta=x, m=m, v=v, g=g, lr=lr, beta1=beta1, beta2=beta2, eps=eps, t=k + 1
    )
    x, m, v, y, p, q, z, a, b = t.recursion(
        k,
        x=(start, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[0]),
        m=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[1]),
        v=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[2]),
        y=(start, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[0]),
        p=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[1]),
        q=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[2]),
        z=(start, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[0]),
        a=(0, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[1]),
        b=(0, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[2]),
    )
    t.equal(
        t.state("the first step", Eq(z(1), start - lr * constant / (Abs(constant) + eps))),
        because="m^ = g and v^ = g^2: the sign of the gradient times lr, for |g| far above eps",
    )
    inside = following(
        "adam[eps=inside]", theta=0, m=0, v=0, g=constant, lr=lr, beta1=beta1, beta2=beta2, eps=eps, t=1
    )[0]
    t.equal(
        t.state("the first step with eps under the root", Eq(lr**2 - inside**2, lr**2 * eps / (constant**2 + eps))),
        because="lr |g| / sqrt(g^2 + eps)",
    )
    t.induct(
        Eq(a(k), (1 - beta1**k) * constant),
        Eq(b(k), (1 - beta2**k) * constant**2),
        t.state(
            "under a constant gradient all steps are alike", Eq(z(k), start - k * lr * constant / (Abs(constant) + eps))
        ),
        over=k,
        because="the corrections undo the start exactly, at every step: 4/lr steps at least from 4 to 0",
    )
    t.induct(
        Eq(p(k), c * m(k)),
        Eq(q(k), c**2 * v(k)),
        t.state("scaled gradients leave the iterates", Eq(y(k), x(k))),
        over=k,
        because="c m^ / sqrt(c^2 v^) = m^ / sqrt(v^), for eps = 0",
    )


@theorem(
    "Adam's sharp step bound: m_k^2 <= C_k v_k with C_k = (1 - beta1)^2/(1 - beta2) (1 + r + .. + r^(k-1)), r = "
    "beta1^2/beta2, attained by gradients that grow like (beta2/beta1)^k; bounded exactly for beta1^2 < beta2",
    covers=[
        "002:adam-step-bound-and-beta-order", "000:adam-step-size", "004:adam-update", "003:adam-deck3",
        "000:adam-defaults",
    ],
    sources=[Source("002", "l.171-178", "(the order of the two decays; no bound)")],
)  # fmt: skip
def adam_step_bound(t: Proof) -> None:
    """Cauchy-Schwarz, one gradient at a time. x(k) stands for the moment after k + 1 gradients, g_0 is the first.

    lr sqrt(C_k) is the longest uncorrected step; the often quoted lr (1 - beta1)/sqrt(1 - beta2) is its value at k = 1.
    """
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta1, beta2 = t.real("beta1", 0, 1, open=True), t.real("beta2", 0, 1, open=True)
    g, first = t.vector("g", n + 1), t.real("g0")
    ratio, top = beta1**2 / beta2, (1 - beta1) ** 2 / (1 - beta2)
    decays = dict(beta1=beta1, beta2=beta2, eps=1, lr=1, t=k + 1)
    moments = lambda m, v, g: following("adam", theta=0, m=m, v=v, g=g, **decays)[1:]  # noqa: E731
    growing = (beta2 / beta1) ** (k + 1)
    m, v, c, p, q, w = t.recursion(
        k,
        m=(moments(0, 0, first)[0], lambda *f: moments(f[0](k), f[1](k), g[k + 1])[0]),
        v=(moments(0, 0, first)[1], lambda *f: moments(f[0](k), f[1](k), g[k + 1])[1]),
        C=(top, lambda *f: ratio * f[2](k) + top),
        p=(moments(0, 0, 1)[0], lambda *f: moments(f[3](k), f[4](k), growing)[0]),
        q=(moments(0, 0, 1)[1], lambda *f: moments(f[3](k), f[4](k), growing)[1]),
        w=(1, lambda *f: f[5](k) + 1 / ratio ** (k + 1)),
    )
    positive = bound_constant(t, k, c, beta1, beta2, ratio, top)
    claim = t.state("m^2 <= C v", Le(m(k) ** 2, c(k) * v(k)))
    new = g[k + 1]
    square = (beta1 * (1 - beta2) * c(k) * new - (1 - beta1) * beta2 * m(k)) ** 2
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="(1 - beta1)^2 g^2 on both sides"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                beta1**2 * (c(k) * v(k) - m(k) ** 2),
                top * beta2 * (c(k) * v(k) - m(k) ** 2) / c(k),
                square / (beta2 * (1 - beta2) * c(k)),
            ],
            using=[positive],
            because="expand both sides; what the old bound leaves is a perfect square",
        ),
        because="step by step",
    )
    closed = t.induct(
        Eq(p(k), (1 - beta1) * beta1**k * w(k)),
        Eq(q(k), (1 - beta2) * beta2**k * w(k)),
        Eq(c(k), top * ratio**k * w(k)),
        over=k,
        because="both weighted sums of the gradients (beta2/beta1)^s are sums of r^(-s), and so is C_k",
    )
    t.equal(
        t.state("attained by growing gradients", Eq(p(k) ** 2, c(k) * q(k))),
        using=closed,
        because="Cauchy-Schwarz is an equality where the two sequences are proportional",
    )


def bound_constant(t: Proof, k: Any, c: Any, beta1: Any, beta2: Any, ratio: Any, top: Any) -> Fact:
    """C_k > 0; it grows without bound for r >= 1 and stays below (1 - beta1)^2 / ((1 - beta2)(1 - r)) for r < 1."""
    claim = Gt(c(k), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), top, because="beta1 < 1"),
        step=t.suppose(claim).compare(claim.subs(k, k + 1), [ratio * c(k), top], because="both parts are positive"),
        because="step by step",
    )
    t.compare(
        t.state("from the second step on it exceeds (1 - beta1)^2/(1 - beta2)", Gt(c(k + 1), top)),
        ratio * c(k),
        using=[positive],
        because="C' = r C + C_1",
    )
    finite, infinite = Lt(beta1**2, beta2), Ge(beta1**2, beta2)
    bound = top * beta2 / (beta2 - beta1**2)
    for name, premise, claim, base, slack, reason in (
        (
            "r < 1: it stays below (1 - beta1)^2 / ((1 - beta2)(1 - r))",
            finite,
            Le(c(k), bound),
            top * beta1**2 / (beta2 - beta1**2),
            [ratio * (bound - c(k))],
            "the bound is the fixed point of C' = r C + C_1",
        ),
        (
            "r >= 1: it grows without bound",
            infinite,
            Ge(c(k), (k + 1) * top),
            Integer(0),
            [(beta1**2 - beta2) / beta2 * c(k), c(k) - (k + 1) * top],
            "C' >= C + C_1: with beta1 and beta2 swapped a step can be as long as one likes",
        ),
    ):
        given = t.suppose(premise)
        shown = given.induct_from(
            claim,
            over=k,
            base=given.compare(claim.subs(k, 0), base, because="C_1"),
            step=given.suppose(claim).compare(claim.subs(k, k + 1), slack, using=[positive], because=reason),
            because="step by step",
        )
        t.implies(t.state(name, Implies(premise, claim)), shown, because="as supposed")
    defaults = {beta1: Rational(9, 10), beta2: Rational(999, 1000)}
    t.compare(
        t.state("the defaults allow steps of 7.27 lr", Lt(Rational(727, 100) ** 2, bound.subs(defaults))),
        bound.subs(defaults) - Rational(727, 100) ** 2,
        because="(1/10)^2 / (1/1000) / (1 - 0.81/0.999) = 370/7",
    )
    return positive


@misprint(
    "Adam without bias correction makes a first step of lr (1 - beta1)/sqrt(1 - beta2), not lr",
    corrected="adam-step",
    covers=["002:adam-update"],
    sources=[Source("002", "l.171-178", "x_(k+1) = x_k - alpha_k mu_k / sqrt(v_k + eps), no correction")],
)
def adam_uncorrected(t: Proof) -> None:
    """beta1 = 1/2, beta2 = 15/16: twice lr; with the usual decays 3.16 times."""
    beta1, beta2, g, lr = forgetting(t, "beta1"), forgetting(t, "beta2"), t.real("g", nonzero=True), t.positive("lr")
    names = dict(theta=0, m=0, v=0, g=g, lr=lr, beta1=beta1, beta2=beta2, eps=0, t=1)
    step, first, second = following("adam", **names)
    t.refute(
        Eq(first / sqrt(second), -step / lr),
        {beta1: HALF, beta2: Rational(15, 16), g: 1, lr: 1},
        because="(1 - beta1) g / sqrt((1 - beta2) g^2) = (1/2)/(1/4), while the corrected step is lr",
    )


@misprint(
    "beta2 belongs to the second moment: with the printed names the step has no bound",
    corrected="adam-step-bound",
    covers=["002:adam-update"],
    sources=[
        Source("002", "l.171-178", "mu_k = beta_2 mu_(k-1) + (1 - beta_2) g_k; v_k = beta v_(k-1) + (1 - beta) g_k^2")
    ],
)
def adam_swapped_decays(t: Proof) -> None:
    """The bound needs (decay of the mean)^2 < decay of the squares; 0.999^2 is not below 0.9."""
    mean, squares = t.real("beta_mean beta_squares", 0, 1)
    t.refute(
        Lt(mean**2, squares),
        {mean: Rational(999, 1000), squares: Rational(9, 10)},
        because="the customary values under the printed names",
    )


@misprint(
    "Adam divides by the root of the second moment: the root of the first has no value for a negative gradient",
    corrected="adam-step",
    covers=["003:adam-deck3"],
    sources=[Source("003", "l.643", "theta <- theta - eps s^ / sqrt(s^ + delta) (the hat is not over r)")],
)
def adam_root_of_mean(t: Proof) -> None:
    """The first step of a gradient -1: s^ = -1."""
    g, lr, delta, rho = t.real("g"), t.positive("epsilon"), t.positive("delta"), forgetting(t, "rho1")
    mean = following("adam", theta=0, m=0, v=0, g=g, lr=lr, beta1=rho, beta2=rho, eps=delta, t=1)[1] / (1 - rho)
    t.undefined(lr * mean / sqrt(mean + delta), {g: -1, lr: 1, delta: HALF, rho: HALF}, because="the root of -1 + 1/2")


@misprint(
    "Adam's v estimates the second moment, not the variance",
    corrected="adam-moments",
    covers=["004:adam-moments-meaning"],
    sources=[
        Source("004", "l.777-787", "v estimates the (uncentered) variance; steps grow where the variation is low")
    ],
)
def adam_variance(t: Proof) -> None:
    """Gradients 1 and 3, equally often: the second moment is 5, the variance 1."""
    beta, share = forgetting(t, "beta"), t.real("p", 0, 1)
    z = t.random("g", finite((1, 3), (share, 1 - share)))
    v = following("adam", theta=0, m=0, v=0, g=z, lr=1, beta1=beta, beta2=beta, eps=1, t=1)[2] / (1 - beta)
    t.refute(
        Eq(Expectation(v), Expectation(z**2) - Expectation(z) ** 2),
        {beta: HALF, share: HALF},
        because="v^ = g^2 after one step, whose mean is (1 + 9)/2 = 5",
    )


@misprint(
    "The moment after the update t needs the correction 1 - beta^(t+1)",
    corrected="adam-step",
    covers=["004:adam-update"],
    sources=[Source("004", "l.789-808", "m^^(t+1) = m^(t+1) / (1 - beta_1^t), t from 0")],
)
def adam_exponent(t: Proof) -> None:
    """At t = 0 the printed correction divides by 0; at t = 1 a constant gradient g gives 1.9 g for beta = 0.9."""
    k, beta, g = t.time("t"), forgetting(t, "beta"), t.real("g")
    first = lambda m: following("adam", theta=0, m=m, v=0, g=g, lr=1, beta1=beta, beta2=beta, eps=1, t=k + 1)[1]  # noqa: E731
    (m,) = t.recursion(k, m=(0, lambda m: first(m(k))))
    t.undefined(m(k + 1) / (1 - beta**k), {k: 0, beta: HALF, g: 1}, because="1 - beta^0 = 0")
    t.refute(Eq(m(k + 1) / (1 - beta**k), g), {k: 1, beta: HALF, g: 1}, because="(3/4)/(1/2) = 3/2, not 1")


@misprint(
    "Correcting makes a moment larger, not smaller",
    corrected="adam-moments",
    covers=["000:adam-bias-correction"],
    sources=[Source("000", "l.855-861", "g'' is smaller than g', r' is smaller than r, and converges towards it")],
)
def adam_correction_shrinks(t: Proof) -> None:
    """The first correction with rho = 9/10 multiplies by 10."""
    k, rho, m = t.size("t"), t.real("rho", 0, 1, open=True), t.positive("m")
    t.refute(Lt(m / (1 - rho**k), m), {k: 1, rho: Rational(9, 10), m: 1}, because="1 - rho^t lies between 0 and 1")
