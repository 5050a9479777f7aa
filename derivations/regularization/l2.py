"""The squared L2 penalty: what it shrinks, as a step and as a condition number."""

from __future__ import annotations

from typing import Any

from sympy import And, Derivative, Implies, KroneckerDelta, Rational

from ..kernel import Eq, Gt, Le, Lt, Proof, Source, theorem, total

HALF = Rational(1, 2)


@theorem(
    "The squared L2 penalty shrinks mode i by h_i/(h_i + 2 alpha), and descent by 1 - 2 eta alpha a step",
    covers=["000:l2-penalty", "002:ridge-fixed-point", "002:weight-decay-update"],
    sources=[
        Source("000", "l.448", "L2 norm: Omega(theta) = |w|^2"),
        Source("002", "l.190-192", "w <- (1 - eta lambda) w - eta/|B| sum_(i in B) x^(i) (w'x^(i) + b - y^(i))"),
    ],
)
def l2_shrinkage(t: Proof) -> None:
    """A sum of two parabolas is a parabola about their weighted mean, in every mode of the Hessian."""
    d = t.size("d")
    h, star, w = t.vector("h", d, low=0, open=True), t.vector("w_star", d), t.vector("w", d)
    alpha, eta, i = t.positive("alpha"), t.positive("eta"), t.index("i", d)
    objective = lambda w: (  # noqa: E731
        HALF * total(d, lambda i: h[i] * (w(i) - star[i]) ** 2) + alpha * total(d, lambda i: w(i) ** 2)
    )
    shrunk = lambda i: h[i] / (h[i] + 2 * alpha) * star[i]  # noqa: E731
    t.equal(
        t.state(
            "minimizer",
            Eq(
                objective(lambda i: w[i]),
                objective(shrunk) + total(d, lambda i: (h[i] / 2 + alpha) * (w[i] - shrunk(i)) ** 2),
            ),
        ),
        because="complete the square in each mode: any other point pays for its distance",
    )
    t.compare(t.state("shrinks", Lt(h[i] / (h[i] + 2 * alpha), 1)), 2 * alpha / (h[i] + 2 * alpha), because="alpha > 0")
    t.compare(t.state("never to zero", Gt(h[i] / (h[i] + 2 * alpha), 0)), h[i] / (h[i] + 2 * alpha), because="h > 0")
    more = t.positive("more")
    t.compare(
        t.state("shrinks more under more penalty", Lt(h[i] / (h[i] + 2 * alpha + 2 * more), h[i] / (h[i] + 2 * alpha))),
        2 * more * h[i] / ((h[i] + 2 * alpha) * (h[i] + 2 * alpha + 2 * more)),
        because="the denominator grows",
    )
    t.equal(
        t.state(
            "a step decays the weights",
            Eq(
                w[i] - eta * Derivative(objective(lambda i: w[i]), w[i]),
                (1 - 2 * eta * alpha) * w[i] - eta * h[i] * (w[i] - star[i]),
            ),
        ),
        because="the gradient of alpha w^2 is 2 alpha w",
    )
    weight_decay_step(t)
    conditioning(t, eta)


def weight_decay_step(t: Proof) -> None:
    """Half mean squared error with lambda/2 |w|^2 on a minibatch of size m; the bias is not decayed.

    Its fixed points are ridge.
    """
    m, d = t.size("m"), t.size("D")
    x, y, v = t.vector("x", m, d), t.vector("y", m), t.vector("v", d)
    b, lam, eta, c = t.real("b"), t.positive("lambda"), t.positive("eta_v"), t.index("c", d)
    residual = lambda i: total(d, lambda a: v[a] * x[i, a]) + b - y[i]  # noqa: E731
    loss = total(m, lambda i: HALF * residual(i) ** 2) / m + lam / 2 * total(d, lambda a: v[a] ** 2)
    t.equal(
        t.state(
            "weight decay step",
            Eq(
                v[c] - eta * Derivative(loss, v[c]),
                (1 - eta * lam) * v[c] - eta / m * total(m, lambda i: x[i, c] * residual(i)),
            ),
        ),
        because="collect the multiples of the weight",
    )
    t.equal(
        t.state(
            "the bias takes a plain step",
            Eq(b - eta * Derivative(loss, b), b - eta / m * total(m, lambda i: residual(i))),
        ),
        because="the penalty does not hold the bias",
    )
    second = lambda a: total(m, lambda i: x[i, c] * x[i, a]) / m  # noqa: E731
    moved = v[c] - ((1 - eta * lam) * v[c] - eta / m * total(m, lambda i: x[i, c] * residual(i)))
    equation = (
        total(d, lambda a: (second(a) + lam * KroneckerDelta(a, c)) * v[a])
        - total(m, lambda i: x[i, c] * (y[i] - b)) / m
    )
    t.equal(
        t.state("the step stands still exactly at ridge", Eq(moved, eta * equation)),
        because="(1/m X'X + lambda I) v = 1/m X'(y - b)",
    )


def conditioning(t: Proof, eta: Any) -> None:
    """Spectrum s_min..s_max of 1/n X'X: the penalty adds lambda to every eigenvalue."""
    lam = next(s.symbol for s in t.declared if str(s.symbol) == "lambda")
    smallest, gap, u = t.positive("s_min"), t.nonnegative("s_gap"), t.real("u", 0, 1)
    largest, mode = smallest + gap, smallest + gap * u
    stable = And(Gt(eta, 0), Lt(eta, 2 / (largest + lam)))
    inside = t.suppose(stable)
    v = eta * (mode + lam)
    square = inside.compare(
        Lt((1 - v) ** 2, 1),
        [v * (mode + lam) * (2 / (largest + lam) - eta), 2 * v * gap * (1 - u) / (largest + lam)],
        because="1 - (1 - v)^2 = v (2 - v), and no mode has a curvature above s_max + lambda",
    )
    t.implies(t.state("stable below 2/(s_max + lambda)", Implies(stable, square.claim)), square, because="as supposed")
    t.compare(
        t.state("better conditioned", Le((largest + lam) / (smallest + lam), largest / smallest)),
        lam * gap / (smallest * (smallest + lam)),
        because="lambda counts for more at the small end",
    )
