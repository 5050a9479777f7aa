"""How far a schedule can travel, and the bound of averaged descent at a constant rate."""

from __future__ import annotations

from sympy import Abs, Limit, Rational, oo, sqrt

from ..kernel import Eq, Ge, Le, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


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
