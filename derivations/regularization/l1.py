"""The L1 penalty: what it sets to zero, and a certificate for how far the minimum is."""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Implies, Max, Rational

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


@theorem(
    "The L1 penalty sets to zero what lies within alpha/h of it and moves the rest by that much",
    covers=["000:l1-penalty-sparsity", "003:l1-penalty-lasso"],
    sources=[
        Source("000", "l.450", "L1 norm (generates sparse solutions): Omega(theta) = |w|"),
        Source("003", "l.294-296", "Omega = sum_k sum_i sum_i |W_ij^(k)|"),
    ],
)
def soft_threshold(t: Proof) -> None:
    """Minimize h/2 (w - z)^2 + alpha |w|, one weight at a time: |w| is at least any line of slope in [-1, 1]."""
    h, w, z = t.positive("h"), t.real("w"), t.real("z")
    alpha = t.positive("alpha")
    threshold = alpha / h
    objective = lambda w: h / 2 * (w - z) ** 2 + alpha * Abs(w)  # noqa: E731
    best = Max(z - threshold, 0) - Max(-z - threshold, 0)
    claim = Ge(objective(w), objective(best) + h / 2 * (w - best) ** 2)
    right, left = t.suppose(Ge(z, threshold)), t.suppose(Le(z, -threshold))
    between = t.suppose(And(Gt(z, -threshold), Lt(z, threshold)))
    above = right.compare(claim, alpha * (Abs(w) - w), because="best = z - alpha/h >= 0, and |w| >= w")
    below = left.compare(claim, alpha * (Abs(w) + w), because="best = z + alpha/h <= 0, and |w| >= -w")
    middle = between.compare(
        claim,
        [h / 2 * (z + threshold) * (Abs(w) - w), h / 2 * (threshold - z) * (Abs(w) + w)],
        because="best = 0, and |w| is a mean of multiples of w and -w",
    )
    t.cases(t.state("minimizer", claim), [above, middle, below], because="z lies to the right, between or to the left")
    zero = between.equal(Eq(best, 0), because="both maxima are 0")
    t.implies(
        t.state("exact zeros", Implies(And(Gt(z, -threshold), Lt(z, threshold)), zero.claim)),
        zero,
        because="as supposed",
    )
    moved = right.equal(Eq(best, z - threshold), because="the first maximum is z - alpha/h, the second 0")
    t.implies(
        t.state("the rest moves by alpha/h", Implies(Ge(z, threshold), moved.claim)), moved, because="as supposed"
    )
    away = t.real("z_0", nonzero=True)
    t.compare(
        t.state("L2 never gives an exact zero", Gt((h * away / (h + 2 * alpha)) ** 2, 0)),
        (h * away / (h + 2 * alpha)) ** 2,
        because="it multiplies by h/(h + 2 alpha)",
    )
    all_zero(t)


def all_zero(t: Proof) -> None:
    """A convex L with gradient g at 0: L(w) >= L(0) + g'w.

    If no |g_i| exceeds alpha, no weight pays for its penalty.
    """
    d = t.size("d")
    alpha, value, bent = t.positive("alpha_1"), t.real("L_0"), t.nonnegative("bent")
    u, w = t.vector("u", d, low=-1, high=1), t.vector("v", d)  # g_i = alpha u_i
    loss = value + total(d, lambda i: alpha * u[i] * w[i]) + bent
    t.compare(
        t.state(
            "a penalty above the largest gradient entry leaves nothing",
            Ge(loss + alpha * total(d, lambda i: Abs(w[i])), value),
        ),
        [
            bent,
            total(d, lambda i: alpha * (1 + u[i]) / 2 * (Abs(w[i]) + w[i])),
            total(d, lambda i: alpha * (1 - u[i]) / 2 * (Abs(w[i]) - w[i])),
        ],
        because="|w| + u w >= 0 for |u| <= 1",
    )


@theorem(
    "Lasso duality: any nu with |X'nu|_j <= alpha_j certifies how far w is from the minimum",
    covers=["000:l1-penalty-sparsity"],
    sources=[Source("000", "l.450", "L1 norm (generates sparse solutions): Omega(theta) = |w|")],
)
def lasso_duality_gap(t: Proof) -> None:
    """Primal minus dual is half a square and terms alpha_j |w_j| - (X'nu)_j w_j, each of them at least 0.

    The weights of the penalty may differ; alpha_j = |X'nu|_j + room_j is any that admits nu.
    """
    n, d = t.size("n"), t.size("d")
    x, y, w, nu = t.vector("x", n, d), t.vector("y", n), t.vector("w", d), t.vector("nu", n)
    room = t.vector("room", d, low=0)
    correlation = lambda j: total(n, lambda i: x[i, j] * nu[i])  # noqa: E731 - (X'nu)_j
    fitted = lambda i: total(d, lambda j: x[i, j] * w[j])  # noqa: E731
    primal = HALF * total(n, lambda i: (y[i] - fitted(i)) ** 2) + total(
        d, lambda j: room[j] * Abs(w[j]) + Abs(correlation(j) * w[j])
    )
    dual = HALF * total(n, lambda i: y[i] ** 2) - HALF * total(n, lambda i: (y[i] - nu[i]) ** 2)
    parts = [
        HALF * total(n, lambda i: (y[i] - fitted(i) - nu[i]) ** 2),
        total(d, lambda j: room[j] * Abs(w[j])),
        total(d, lambda j: excess(correlation(j) * w[j])),
    ]
    t.equal(
        t.state("gap", Eq(primal - dual, sum(parts))),
        because="expand the squares; |X'nu|_j |w_j| - (X'nu)_j w_j is what is left of the penalty",
    )
    t.compare(
        Ge(primal, dual),
        parts,
        because=(
            "no part is negative; all vanish for nu = y - Xw if w_j is 0 or |X'nu|_j = alpha_j with the sign of w_j"
        ),
    )


def excess(product: Any) -> Any:
    """|u| - u >= 0."""
    return Abs(product) - product


@misprint(
    "The L1 penalty sums over both indices of a weight matrix",
    corrected="soft-threshold",
    covers=["003:l1-penalty-lasso"],
    sources=[Source("003", "l.294-296", "Omega = sum_k sum_i sum_i |W_ij^(k)|")],
)
def l1_penalty_summed_twice_over_rows(t: Proof) -> None:
    """One row of two ones: with i summed twice and j left free, the printed sum sees one column."""
    rows, columns = t.size("rows"), t.size("columns")
    weight, j = t.vector("W", rows, columns), t.index("j", columns)
    t.refute(
        Eq(
            total(rows, lambda _: total(rows, lambda i: Abs(weight[i, j]))),
            total(rows, lambda i: total(columns, lambda j: Abs(weight[i, j]))),
        ),
        {rows: 1, columns: 2, weight: [[1, 1]], j: 1},
        because="the norm is 2, the printed sum 1",
    )
