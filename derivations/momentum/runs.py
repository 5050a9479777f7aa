"""Runs that the decks show: growing weights, overshoot, the ravine and Rosenbrock's function."""

from __future__ import annotations

from typing import Any

from sympy import And, Derivative, Integer, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, theorem, total
from ..update_rules import following
from .nesterov import NAG
from .velocity import VELOCITY, retention

HALF = Rational(1, 2)


@theorem(
    "Momentum from rest is gradient descent with the growing weights (1 - gamma^(k-i))/(1 - gamma) on the past "
    "gradients",
    covers=["004:momentum-as-gd-with-growing-weights"],
    sources=[Source("004", "l.555-563", "x^(t) = x^(0) - eta sum_i (1 - gamma^(t-i))/(1 - gamma) grad f(x^(i))")],
)
def momentum_growing_weights(t: Proof) -> None:
    """A gradient goes on moving the iterate as long as it stays in the velocity: 1 + gamma + gamma^2 + ... times."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    gamma, lr = retention(t, "gamma"), t.positive("lr")
    g, start, v0 = t.vector("g", n + 1), t.real("theta0"), t.real("v0")
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=g[k + 1], lr=lr, momentum=gamma)  # noqa: E731
    x, v, y, w = t.recursion(
        k,
        x=(start, lambda x, v, *_: step(x(k), v(k))[0]),
        v=(v0, lambda x, v, *_: step(x(k), v(k))[1]),
        y=(start, lambda x, v, y, w: following(VELOCITY, theta=y(k), v=w(k), g=g[k + 1], lr=lr, momentum=1)[0]),
        w=(0, lambda x, v, y, w: following(VELOCITY, theta=y(k), v=w(k), g=g[k + 1], lr=lr, momentum=1)[1]),
    )
    weights = total(k, lambda s: (1 - gamma ** (k + 1 - s)) / (1 - gamma) * g[s])
    decaying = total(k, lambda s: gamma ** (k - s) * g[s])
    t.induct(
        Eq(v(k), gamma**k * v0 + lr * decaying),
        t.state("growing weights", Eq(x(k), start - lr * weights - gamma * (1 - gamma**k) / (1 - gamma) * v0)),
        over=k,
        because="each step adds the velocity once more: the weight of g_s grows by gamma^(k-s), and 1 for the newest",
    )
    t.induct(
        Eq(w(k), lr * total(k, lambda s: g[s])),
        t.state(
            "without friction the weights count the steps",
            Eq(y(k), start - lr * total(k, lambda s: (k + 1 - s) * g[s])),
        ),
        over=k,
        because="nothing decays: the newest gradient has moved the iterate once, the one before twice",
    )


@theorem(
    "On a quadratic momentum from rest keeps the sign of the iterate for h <= (1 - sqrt(gamma))^2; beyond, the ratio "
    "of successive iterates, while it is positive, falls by at least c/q_0 a step: it overshoots",
    covers=["004:momentum-overshoot", "004:momentum-accelerates-and-damps"],
    sources=[Source("004", "l.570-576", "(blindly rolling down; no formula)")],
)
def momentum_overshoot(t: Proof) -> None:
    """With r = sqrt(gamma): below the threshold x_(k+1) >= r x_k; above it x_(k+2)/x_(k+1) is at most x_(k+1)/x_k -
    c/..
    """
    k, root, start = t.time("k"), t.real("r", 0, 1), t.positive("x0")
    no_overshoot(t, k, root, start)
    ratio(t)
    ravine_overshoot(t, k)


def no_overshoot(t: Proof, k: Any, root: Any, start: Any) -> None:
    h = t.real("h", 0, (1 - root) ** 2)
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=h * x, lr=1, momentum=root**2)  # noqa: E731
    x, _v = t.recursion(k, x=(start, lambda x, v: step(x(k), v(k))[0]), v=(0, lambda x, v: step(x(k), v(k))[1]))
    # v_k <= (1 - r) / r x_k, written without dividing: the next iterate is at least r times this one
    kept = t.state("below the threshold x_(k+1) >= r x_k >= 0", And(Ge(x(k), 0), Ge(x(k + 1), root * x(k))))
    base = t.both(
        kept.subs(k, 0),
        [
            t.compare(Ge(x(0), 0), start, because="it starts there"),
            t.compare(
                Ge(x(1), root * x(0)),
                [((1 - root) ** 2 - h) * start, root * (1 - root) * start],
                because="x_1 = (1 - h) x_0, and 1 - h - r >= 1 - r - (1 - r)^2 = r (1 - r)",
            ),
        ],
        because="both",
    )
    before = t.suppose(kept)
    grows = before.compare(
        kept.args[0].subs(k, k + 1), [x(k + 1) - root * x(k), root * x(k)], because="x_(k+1) >= r x_k >= 0"
    )
    still = before.compare(
        kept.args[1].subs(k, k + 1),
        [((1 - root) ** 2 - h) * x(k + 1), root * (x(k + 1) - root * x(k))],
        using=[grows],
        because="x_(k+2) - r x_(k+1) = (T - 2r) x_(k+1) + r (x_(k+1) - r x_k), and T - 2r = (1 - r)^2 - h",
    )
    step = before.both(kept.subs(k, k + 1), [grows, still], because="both")
    t.induct_from(kept, over=k, base=base, step=step, because="step by step, from rest")


def ratio(t: Proof) -> None:
    """q = x_(k+1)/x_k > 0 becomes T - gamma/q; the roots are complex where c = gamma - T^2/4 is positive."""
    trace, c, first = t.real("T"), t.positive("c"), t.positive("q0")
    q = t.real("q", 0, first, open=True)
    gamma = c + trace**2 / 4
    t.compare(
        t.state(
            "above the threshold the ratio of iterates falls by at least c/q_0", Le(trace - gamma / q, q - c / first)
        ),
        [(q - trace / 2) ** 2 / q, c * (first - q) / (q * first)],
        because="q - (T - gamma/q) = ((q - T/2)^2 + c)/q, so after q_0^2/c steps at most the ratio is negative: a "
        "sign change",
    )
    root, width = t.real("rho", 0, 1), t.real("w", 0, 1)
    t.equal(
        t.state(
            "the threshold is where c = 0",
            Eq(root**2 - (1 + root**2 - (1 - root) ** 2) ** 2 / 4, 0),
        ),
        because="T = 2 sqrt(gamma) at h = (1 - sqrt(gamma))^2: a double root",
    )
    t.equal(
        t.state(
            "critical damping: gamma = (1 - sqrt(h))^2",
            Eq((1 + (1 - width) ** 2 - width**2) ** 2, 4 * (1 - width) ** 2),
        ),
        because="the same threshold, solved for gamma",
    )


def ravine_overshoot(t: Proof, k: Any) -> None:
    """The steep coordinate of the ravine at eta = 0.001: h = 1/10, where gradient descent shrinks by 0.9 a step."""
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=100 * x, lr=Rational(1, 1000), momentum=Rational(9, 10))  # noqa: E731
    slow, ball, _v = t.recursion(
        k,
        descent=(HALF, lambda *f: following("sgd", theta=f[0](k), g=100 * f[0](k), lr=Rational(1, 1000))[0]),
        ball=(HALF, lambda *f: step(f[1](k), f[2](k))[0]),
        push=(0, lambda *f: step(f[1](k), f[2](k))[1]),
    )
    t.induct(
        t.state("where gradient descent never oscillates", Eq(slow(k), Rational(9, 10) ** k / 2)),
        over=k,
        because="its factor 1 - h is positive",
    )
    t.compare(
        t.state("momentum overshoots in five steps", Lt(ball(5), 0)),
        Rational(729, 50000),
        because="0.5, 0.45, 0.36, 0.243, 0.1134, -0.01458: momentum brings in oscillations as well as damping them",
    )


@theorem(
    "The ravine x_1^2 + 50 x_2^2: momentum has room for every step of the panels; Nesterov kills the steep coordinate "
    "in one step of 0.01 and diverges at 0.015",
    covers=["004:ravine-momentum-panels", "004:ravine-nag-panels", "004:nesterov-update"],
    sources=[
        Source("004", "l.491-551", "eta = .001, .005, .01, .015, .019, .02; gamma = .9 and .5"),
        Source("004", "l.617-644", "eta = .0001, .0005, .001, .005, .01; gamma = .9"),
    ],
)  # fmt: skip
def ravine_panels(t: Proof) -> None:
    """The curvatures are 2 and 100, so the steep coordinate has h = 100 eta; the start is (4, 1/2)."""
    k = t.time("k")
    lr, gamma = t.real("eta", 0, Rational(1, 50), nonzero=True), t.real("gamma", 0, 1, open=True)
    t.compare(
        t.state("every step up to 0.02 is inside momentum's region", Lt(100 * lr, 2 * (1 + gamma))),
        [100 * (Rational(1, 50) - lr), 2 * gamma],
        because="gradient descent stops at h = 2, momentum at 2 (1 + gamma): eta = 0.038 for gamma = 0.9, 0.03 for 0.5",
    )
    step = lambda m, v: following(NAG, theta=m, v=v, g=100 * m, lr=Rational(1, 100), momentum=gamma)  # noqa: E731
    m, v = t.recursion(k, m=(HALF, lambda m, v: step(m(k), v(k))[0]), v=(0, lambda m, v: step(m(k), v(k))[1]))
    t.equal(
        t.state(
            "at 0.01 Nesterov is at the bottom of the steep coordinate after one step",
            Eq(m(k + 1) + gamma * v(k + 1), 0),
        ),
        because="h = 1: the gradient step from the look-ahead point m lands on the minimum, whatever the velocity",
    )
    diverging_nesterov(t, k)


def diverging_nesterov(t: Proof, k: Any) -> None:
    """h = 3/2, gamma = 9/10: z_k = (-1)^k times the look-ahead point obeys z_(k+2) = 0.95 z_(k+1) + 0.45 z_k."""
    step = lambda x, v: following(NAG, theta=x, v=v, g=100 * x, lr=Rational(15, 1000), momentum=Rational(9, 10))  # noqa: E731
    x, _v = t.recursion(k, x=(HALF, lambda x, w: step(x(k), w(k))[0]), w=(0, lambda x, w: step(x(k), w(k))[1]))
    bound = Rational(5, 4) ** k / 2
    now, then = (-1) ** k * x(k), -((-1) ** k) * x(k + 1)
    claim = t.state(
        "at 0.015 Nesterov alternates and grows at least like 1.25^k",
        And(Ge(now, bound), Gt(then, bound * Rational(5, 4))),
    )
    first, second = claim.subs(k, 0).args
    if first.has(x(1)):
        first, second = second, first
    base = t.both(
        claim.subs(k, 0),
        [
            t.compare(first, [0], because="it starts at 1/2"),
            t.compare(second, Rational(3, 10), because="the first look-ahead point is -37/40"),
        ],
        because="the first two points",
    )
    before = t.suppose(claim)
    third = claim.subs(k, k + 1)
    facts = [
        before.compare(third.args[0], [then - bound * Rational(5, 4)], because="it was supposed of this point"),
        before.compare(
            third.args[1],
            [
                Rational(95, 100) * (then - bound * Rational(5, 4)),
                Rational(45, 100) * (now - bound),
                (Rational(95, 100) * Rational(5, 4) + Rational(45, 100) - Rational(25, 16)) * bound,
            ],
            because="0.95 * 1.25 + 0.45 > 1.25^2",
        ),
    ]
    step = before.both(third, facts, because="both")
    t.induct_from(claim, over=k, base=base, step=step, because="step by step")


@theorem(
    "The Rosenbrock runs: at the minimum (1, 1) the largest curvature is 501 + sqrt(250601), about 1001.6, and the "
    "largest listed steps of gradient descent, momentum and Nesterov are stable there",
    covers=["004:rosenbrock-runs"],
    sources=[Source("004", "l.852-1032", "eta_0 = 1e-5 and factors 1, 10, 100; gamma = .9 and .5")],
)
def rosenbrock_local_limits(t: Proof) -> None:
    """Near a minimum a smooth function is its quadratic model, and the stability regions apply to its largest
    curvature.

    The start of the runs is not printed and the runs themselves have no closed form: this is what can be proved of
    them.
    """
    x, y = t.real("x y")
    f = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    curvature = Derivative(f, x, x) * Derivative(f, y, y) - Derivative(f, x, y) ** 2
    t.equal(
        t.state("determinant of the Hessian", Eq(curvature, 400 + 80000 * (x**2 - y))),
        because="f_xx = 2 - 400 y + 1200 x^2, f_xy = -400 x, f_yy = 200",
    )
    t.equal(
        t.state(
            "trace of the Hessian",
            Eq(Derivative(f, x, x) + Derivative(f, y, y), 1002 + 400 * (3 * (x**2 - 1) - (y - 1))),
        ),
        because="so at (1, 1) the curvatures are the roots of z^2 - 1002 z + 400",
    )
    largest = 501 + sqrt(250601)
    t.equal(t.state("the largest curvature", Eq(largest**2 - 1002 * largest + 400, 0)), because="501^2 - 400 = 250601")
    gamma, lr = Rational(9, 10), Rational(1, 1000)
    for name, limit in (
        ("Nesterov with 0.9 at 100 eta_0", (2 + 2 * gamma) / (1 + 2 * gamma)),
        ("gradient descent at 100 eta_0", Integer(2)),
        ("momentum 0.5 at 100 eta_0", Integer(3)),
        ("momentum 0.9 at 100 eta_0", 2 * (1 + gamma)),
    ):
        t.compare(
            t.state(f"locally stable: {name}", Lt(lr * largest, limit)),
            limit - lr * largest,
            because=f"h = 1.0016, and the region ends at {limit}",
        )
    t.compare(
        t.state(
            "but Nesterov diverges at 136 eta_0",
            Gt(Rational(136, 100000) * largest, (2 + 2 * gamma) / (1 + 2 * gamma)),
        ),
        Rational(136, 100000) * largest - (2 + 2 * gamma) / (1 + 2 * gamma),
        because="19/14 / 1001.6 = 0.001355: the largest listed step is near its limit",
    )
