"""The order of the batches: what shuffling does on average over all orders."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta

from ..kernel import Eq, Expectation, Proof, Source, orders, theorem, total
from .minibatch import average


@theorem(
    "One weight, quadratic losses: averaged over the orders, an epoch of SGD adds the penalty eps/(4M) sum C_i'^2 to "
    "gradient flow, to second order in eps",
    covers=["001:small-batch-implicit-regulariser"],
    sources=[Source("001", "l.85", "small batches can offer a regularizing effect, perhaps due to the noise they add")],
)
def shuffled_epoch_regularizes(t: Proof) -> None:
    """Steps on C_i(w) = g_i w + h_i w^2/2, any losses to second order: expand in eps, then average over orders."""
    m = t.size("M", minimum=2)
    k, eps = t.integer("k", 0, m), t.positive("eps")
    g, h = t.vector("g_i", m), t.vector("h_i", m)
    p, q, r = t.recursion(
        k,
        p=(0, lambda p, q, r: p(k) - g[k + 1]),
        q=(0, lambda p, q, r: q(k) - h[k + 1] * p(k)),
        r=(0, lambda p, q, r: r(k) - h[k + 1] * (q(k) + eps * r(k))),
    )
    (w,) = t.recursion(k, w=(0, lambda w: w(k) - eps * (g[k + 1] + h[k + 1] * w(k))))
    t.induct(
        t.state("expansion in eps, with its remainder", Eq(w(k), eps * p(k) + eps**2 * q(k) + eps**3 * r(k))),
        over=k,
        because="collect the powers of eps in one step",
    )
    first = t.induct(
        t.state("first order", Eq(total(k, lambda s: g[s]), -p(k))),
        over=k,
        because="the gradients add up, in any order",
    )
    t.induct(
        t.state("second order", Eq(total(k, lambda s: h[s] * total(s - 1, lambda r: g[r])), q(k))),
        over=k,
        using=first,
        because="step s meets the displacement that the steps before it have made",
    )
    mean_over_orders(t, m, g, h)


def mean_over_orders(t: Proof, m: Any, g: Any, h: Any) -> None:
    """q = sum over s < t of h_t g_s: averaged over the M! orders, every pair of different batches counts half."""
    order = t.random("P", orders(m, m))
    gradient = lambda s: total(m, lambda i: order[s, i] * g[i])  # noqa: E731
    curvature = lambda s: total(m, lambda i: order[s, i] * h[i])  # noqa: E731
    pairs = total(m, lambda i: g[i]) * total(m, lambda i: h[i]) - total(m, lambda i: g[i] * h[i])
    s, r = t.index("s", m), t.index("s_2", m)
    same = KroneckerDelta(s, r)
    t.expectation(
        t.state(
            "two places",
            Eq(
                Expectation(curvature(s) * gradient(r)),
                same * average(m, lambda i: g[i] * h[i]) + (1 - same) * pairs / (m * (m - 1)),
            ),
        ),
        because="two different places hold any two different batches, each pair with probability 1/(M(M-1))",
    )
    number = t.induct(
        Eq(total(m, lambda s: s), m * (m + 1) / 2), over=m, start=2, because="place s has s - 1 places before it"
    )
    t.equal(
        t.state(
            "second order, averaged over the orders",
            Eq(total(m, lambda s: total(s - 1, lambda r: pairs / (m * (m - 1)))), pairs / 2),
        ),
        using=number,
        because="there are M(M-1)/2 pairs of places in order",
    )
    w = t.real("w_0")
    slope = lambda i: g[i] + h[i] * w  # noqa: E731 - what g stands for, at any starting point
    mean_loss = average(m, lambda i: g[i] * w + h[i] * w**2 / 2)
    squares = total(m, lambda i: slope(i) ** 2)
    moved = total(m, slope) * total(m, lambda i: h[i]) - total(m, lambda i: slope(i) * h[i])
    t.equal(
        t.state(
            "as the gradient of a penalty",
            Eq(Derivative(m**2 * Derivative(mean_loss, w) ** 2 - squares, w) / 4, moved / 2),
        ),
        because="gradient flow for the time M eps has the first part, M^2/4 grad |grad C|^2; the rest is new",
    )
