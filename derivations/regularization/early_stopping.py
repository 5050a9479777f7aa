"""Early stopping: what the rule returns, what it misses, and the ridge penalty that it amounts to."""

from __future__ import annotations

from typing import Any

from sympy import Heaviside, Implies, Min

from ..kernel import Eq, Ge, Gt, Le, Proof, Source, misprint, theorem


@theorem(
    "Early stopping returns the least validation loss it has seen; more patience never returns a larger one",
    covers=["000:early-stopping-patience", "001:early-stopping-rule", "003:early-stopping"],
    sources=[
        Source(
            "000",
            "l.473",
            "stops when the validation error does not improve for some pre-specified number of iterations",
        ),
        Source("001", "l.58-60", "stop when the validation loss starts to increase"),
        Source("003", "l.540, l.658", "stop when the validation loss stops decreasing"),
    ],
)
def early_stopping_rule(t: Proof) -> None:
    """best <- min(best, v); wait <- 0 after an improvement, else wait + 1; stop at wait = patience and return best."""
    horizon = t.size("T")
    v, first = t.vector("v", horizon), t.real("v_0")
    k = t.integer("k", 0, horizon - 1)
    (best,) = t.recursion(k, best=(first, lambda best: Min(best(k), v[k + 1])))
    t.compare(
        t.state("best never rises", Le(best(k + 1), best(k))),
        best(k) - Min(best(k), v[k + 1]),
        because="a minimum is at most each of its two",
    )
    t.compare(
        t.state("best is at most the newest loss", Le(best(k + 1), v[k + 1])),
        v[k + 1] - Min(best(k), v[k + 1]),
        because="so, as it never rises, at most every loss seen: a longer run returns no larger loss",
    )
    bound, over, start = t.real("c"), t.vector("over", horizon, low=0), t.nonnegative("over_0")
    j = t.integer("j", 0, horizon - 1)
    (least,) = t.recursion(j, least=(bound + start, lambda least: Min(least(j), bound + over[j + 1])))
    base = t.compare(Ge(least(0), bound), start, because="the first loss is at least c")
    held = t.suppose(Ge(least(j), bound))
    step = held.compare(
        Ge(least(j + 1), bound), Min(least(j) - bound, over[j + 1]), because="both of the two are at least c"
    )
    t.induct_from(
        t.state("best is no less than any lower bound of the losses", Ge(least(j), bound)),
        over=j,
        base=base,
        step=step,
        because="so it is their minimum",
    )
    waiting(t)


def waiting(t: Proof) -> None:
    """From the best step on, all losses being above it, the counter is never set back: it counts the steps."""
    after = t.size("n")
    i, low, above = t.integer("i", 0, after), t.real("v_best"), t.vector("above", after + 1, low=0, open=True)
    loss = lambda i: low + above[i]  # noqa: E731
    kept, wait = t.recursion(
        i,
        kept=(low, lambda kept, wait: Min(kept(i), loss(i + 1))),
        wait=(0, lambda kept, wait: (wait(i) + 1) * (1 - Heaviside(kept(i) - loss(i + 1), 0))),
    )
    t.induct(
        t.state("the best stays", Eq(kept(i), low)),
        t.state("stops patience steps after the best", Eq(wait(i), i)),
        over=i,
        because="no later loss is lower, so the counter is not set to 0",
    )


@misprint(
    "Stopping when the validation loss first increases can miss its minimum",
    corrected="early-stopping-rule",
    covers=["001:early-stopping-rule", "003:early-stopping"],
    sources=[Source("001", "l.58-60", "stop when the validation loss starts to increase")],
)
def early_stopping_without_patience(t: Proof) -> None:
    """Three losses: an increase, then an improvement."""
    n = t.size("n")
    v = t.vector("v", n)
    t.refute(
        Implies(Gt(v[2], v[1]), Ge(v[3], v[1])),
        {n: 3, v: [1, 2, 0]},
        because="the loss rises from 1 to 2 and would have fallen to 0; patience 2 finds it",
    )


@theorem(
    "Descent stopped at step k is ridge with 2 alpha_i = h_i r_i/(1 - r_i), r_i = (1 - eta h_i)^k, and within a "
    "factor 2 of ridge with 1/(eta k)",
    covers=["000:early-stopping-patience", "001:early-stopping-rule", "003:early-stopping"],
    sources=[Source("000", "l.473", "early stopping as regularization")],
)
def early_stopping_is_ridge(t: Proof) -> None:
    """Both multiply mode i of the solution by a filter; compare the filters with x = eta h in [0, 1]."""
    d, k = t.size("d"), t.time("k")
    eta = t.positive("eta")
    star, i = t.vector("w_star", d), t.index("i", d)
    h = t.vector("h", d, low=0, open=True)
    (w,) = t.recursion(k, w=((i,), 0, lambda w: w(i, k) - eta * h[i] * (w(i, k) - star[i])))
    t.induct(
        t.state("stopped descent is a spectral filter", Eq(w(i, k), (1 - (1 - eta * h[i]) ** k) * star[i])),
        over=k,
        because="the distance to the minimum shrinks by 1 - eta h_i, from -w*_i",
    )
    curvature, r = t.positive("h_0"), t.real("r", 0, 1, open=True)
    t.equal(
        t.state("equal to ridge in every mode", Eq(curvature / (curvature + curvature * r / (1 - r)), 1 - r)),
        because="2 alpha = h r/(1 - r) turns the ridge filter h/(h + 2 alpha) into 1 - r",
    )
    filters(t, k)


def filters(t: Proof, k: Any) -> None:
    """ridge(y) = y/(1 + y) at y = k x, against stop = 1 - (1 - x)^k: ridge <= stop <= min(1, y) <= 2 ridge."""
    x = t.real("x", 0, 1)
    (left,) = t.recursion(k, left=(1, lambda left: (1 - x) * left(k)))
    closed = t.induct(
        t.state("share left to learn", Eq(left(k), (1 - x) ** k)), over=k, because="1 - x of it is left after each step"
    )
    product, linear = Le((1 + k * x) * left(k), 1), Ge(left(k), 1 - k * x)
    base = t.compare(Le((1 + 0 * x) * left(0), 1), 0, because="equal before the first step")
    held = t.suppose(product)
    step = held.compare(
        Le((1 + (k + 1) * x) * left(k + 1), 1),
        [1 - (1 + k * x) * left(k), (k + 1) * x**2 * (1 - x) ** k],
        using=closed,
        because="(1 + (k+1)x)(1 - x) = 1 + kx - (k+1)x^2",
    )
    decay = t.induct_from(product, over=k, base=base, step=step, because="the product only falls")
    t.compare(
        t.state("ridge shrinks at least as much", Ge(1 - left(k), k * x / (1 + k * x))),
        (1 - (1 + k * x) * left(k)) / (1 + k * x),
        using=[decay],
        because="(1 - x)^k <= 1/(1 + kx)",
    )
    linear_base = t.compare(Ge(left(0), 1 - 0 * x), 0, because="equal before the first step")
    linear_held = t.suppose(linear)
    linear_step = linear_held.compare(
        Ge(left(k + 1), 1 - (k + 1) * x),
        [(1 - x) * (left(k) - 1 + k * x), k * x**2],
        because="(1 - x)(1 - kx) = 1 - (k+1)x + kx^2",
    )
    bernoulli = t.induct_from(linear, over=k, base=linear_base, step=linear_step, because="Bernoulli's inequality")
    claim = Le(1 - left(k), 2 * k * x / (1 + k * x))
    few, many = t.suppose(Le(k * x, 1)), t.suppose(Ge(k * x, 1))
    early = few.compare(
        claim,
        [left(k) - 1 + k * x, k * x * (1 - k * x) / (1 + k * x)],
        using=[bernoulli],
        because="y <= 2y/(1 + y) for y <= 1",
    )
    late = many.compare(
        claim,
        [(1 - x) ** k, (k * x - 1) / (1 + k * x)],
        using=closed,
        because="1 <= 2y/(1 + y) for y >= 1",
    )
    t.cases(t.state("by at most a factor 2", claim), [early, late], because="y is at most or at least 1")
