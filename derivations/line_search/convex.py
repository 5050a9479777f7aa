"""Rates on smooth convex functions."""

from __future__ import annotations

from typing import Any

from sympy import Implies

from ..kernel import Eq, Ge, Le, Proof, Source, theorem, total


@theorem(
    "The descent lemma, its best step 1/L, and the 1/k rate of gradient descent on convex functions",
    covers=["000:gradient-descent-update"],
    sources=[Source("000", "l.695-701", "theta <- theta - lambda grad J(theta)")],
)
def gradient_descent_on_convex_functions(t: Proof) -> None:
    """k (f_k - f*) + L/2 |x_k - x*|^2 never grows; x is the distance to the minimizer, whose value is 0."""
    n = t.size("n")
    curvature = t.positive("L")
    lr, value, following = t.nonnegative("lambda_"), t.real("f"), t.real("fnext")
    x, g = t.vector("x", n), t.vector("g", n)
    squared = total(n, lambda i: g[i] ** 2)
    smooth = Le(following, value - lr * squared + curvature / 2 * total(n, lambda i: (lr * g[i]) ** 2))
    descent = t.suppose(smooth).compare(
        Le(following, value - lr * (1 - curvature * lr / 2) * squared),
        smooth.rhs - smooth.lhs,
        because="put the step into the quadratic upper bound of an L-smooth function",
    )
    t.implies(
        t.state("descent lemma", Implies(smooth, descent.claim)), descent, because="so f falls for every step below 2/L"
    )
    t.compare(
        t.state("the best step is 1/L", Le(lr * (1 - curvature * lr / 2), 1 / (2 * curvature))),
        curvature / 2 * (lr - 1 / curvature) ** 2,
        because="a parabola in the step",
    )
    cocoercive = Ge(total(n, lambda i: g[i] * x[i]), squared / curvature)
    nearer = t.suppose(cocoercive).compare(
        Le(
            total(n, lambda i: (x[i] - lr * g[i]) ** 2),
            total(n, lambda i: x[i] ** 2) - lr * (2 / curvature - lr) * squared,
        ),
        2 * lr * (cocoercive.lhs - cocoercive.rhs),
        because="expand the square; g'x >= |g|^2/L is the interpolation inequality with mu = 0",
    )
    t.implies(
        t.state("every step below 2/L comes nearer", Implies(cocoercive, nearer.claim)),
        nearer,
        because="on every L-smooth convex function, not on quadratics only",
    )
    k = t.time("k")
    falls = Le(following, value - squared / (2 * curvature))
    convex = Le(value, total(n, lambda i: g[i] * x[i]))
    distance = total(n, lambda i: x[i] ** 2)
    next_distance = total(n, lambda i: (x[i] - g[i] / curvature) ** 2)
    lyapunov = (
        t.suppose(falls)
        .suppose(convex)
        .compare(
            Le((k + 1) * following + curvature / 2 * next_distance, k * value + curvature / 2 * distance),
            [(k + 1) * (falls.rhs - falls.lhs), convex.rhs - convex.lhs, k * squared / (2 * curvature)],
            because=(
                "k + 1 times the descent, once convexity between x_k and x*: the squared gradient cancels but "
                "for k parts"
            ),
        )
    )
    inner = t.suppose(falls).implies(Implies(convex, lyapunov.claim), lyapunov, because="as supposed")
    t.implies(t.state("it never grows", Implies(falls, inner.claim)), inner, because="one step at 1/L")
    steps = t.size("N")
    loss, start = t.vector("d", steps, low=0), t.nonnegative("V0")
    m = t.integer("m", 0, steps)
    (energy,) = t.recursion(k, V=(start, lambda v: v(k) - loss[k + 1]))
    spent = t.induct(
        t.state("what it loses adds up", Eq(total(m, lambda j: loss[j]), start - energy(m))),
        over=m,
        because="step by step",
    )[0]
    above, far = t.real("fk"), t.nonnegative("rk")
    form = Le(m * above + curvature / 2 * far, energy(m))
    rate = t.suppose(form).compare(
        Le(m * above, start),
        [form.rhs - form.lhs, curvature / 2 * far, total(m, lambda j: loss[j])],
        using=[spent],
        because="neither the losses nor the distance are negative",
    )
    t.implies(
        t.state("f_k - f* is at most V_0/k", Implies(form, rate.claim)),
        rate,
        because="with V_0 = L/2 |x_0 - x*|^2, k = m and f_k - f* = fk, r_k = |x_k - x*|^2",
    )
    small_gradients(t, loss, steps, m)


def small_gradients(t: Proof, spare: Any, steps: Any, m: Any) -> None:
    """Without convexity: each of m steps at eta <= 1/L gains at least eta/2 |g_k|^2, and all of them no more than
    f_0 - f*.
    """
    eta, least = t.positive("eta"), t.nonnegative("s")  # s: the smallest of the squared gradients
    more, left = t.vector("e", steps, low=0), t.nonnegative("rest")
    gains = total(m, lambda k: eta / 2 * (least + more[k]) + spare[k])
    t.compare(
        t.state("some gradient is small", Le(least * m, 2 / eta * (gains + left))),
        [2 / eta * total(m, lambda k: eta / 2 * more[k] + spare[k]), 2 / eta * left],
        because=(
            "f_0 - f* is the sum of the gains and what is left: the smallest |g_k|^2 is at most 2 (f_0 - f*)/(eta m)"
        ),
    )
