"""One weight and a finite sum: the region of confusion."""

from __future__ import annotations

from sympy import And, Derivative, Implies, Rational

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, theorem, total
from .minibatch import average

HALF = Rational(1, 2)


@theorem(
    "One weight: F is a parabola about w* = sum x_i^2 c_i / sum x_i^2, and outside [min c, max c] every "
    "stochastic step approaches it",
    covers=["002:one-dim-finite-sum", "002:region-of-confusion"],
    sources=[Source("002", "l.77-90", "F(w) = 1/n sum 1/2 (y_i - w x_i)^2, y_1 = x, y_2 = 0.9 x, y_3 = 1.1 x")],
)
def one_weight_finite_sum(t: Proof) -> None:
    """Example i alone has its minimum at the slope c_i; the whole has it at their weighted mean, which lies between."""
    n = t.size("n")
    x, c, w = t.vector("x", n, nonzero=True), t.vector("c", n), t.real("w")
    weight = total(n, lambda i: x[i] ** 2)
    best = total(n, lambda i: x[i] ** 2 * c[i]) / weight
    objective = lambda w: average(n, lambda i: HALF * (c[i] * x[i] - w * x[i]) ** 2)  # noqa: E731
    k = t.index("k", n)
    t.equal(
        t.state(
            "gradient of one example", Eq(Derivative(HALF * (c[k] * x[k] - w * x[k]) ** 2, w), x[k] ** 2 * (w - c[k]))
        ),
        because="the residual is x (w - c)",
    )
    t.equal(
        t.state("complete square", Eq(objective(w), weight / (2 * n) * (w - best) ** 2 + objective(best))),
        because="the linear term vanishes at the weighted mean of the slopes",
    )
    third, tenth = Rational(1, 3), Rational(1, 10)
    slopes = [1, 1 - tenth, 1 + tenth]
    t.equal(
        t.state(
            "the slide's three lines at x = 1",
            Eq(third * HALF * sum((s - w) ** 2 for s in slopes), HALF * (w - 1) ** 2 + Rational(1, 300)),
        ),
        because="w* = 1 for equal x_i; the floor is half the variance of the slopes",
    )
    region_of_confusion(t)


def region_of_confusion(t: Proof) -> None:
    """One step with 0 < v = alpha x^2 <= 1 replaces w by (1 - v) w + v c, a point between w and the slope c."""
    low, width = t.real("low"), t.nonnegative("width")
    high = low + width
    w, v, c = t.real("w1"), t.real("v", 0, 1), t.real("slope", low, high)
    following = w - v * (w - c)
    inside = t.suppose(And(Ge(w, low), Le(w, high)))
    stays = And(Ge(following, low), Le(following, high))
    above = inside.compare(
        Ge(following, low), [(1 - v) * (w - low), v * (c - low)], because="a convex combination of w and c"
    )
    below = inside.compare(
        Le(following, high), [(1 - v) * (high - w), v * (high - c)], because="a convex combination of w and c"
    )
    t.implies(
        t.state("the interval of the slopes is absorbing", Implies(And(Ge(w, low), Le(w, high)), stays)),
        inside.both(stays, [above, below], because="both"),
        because="as supposed",
    )
    t.equal(
        t.state("distance to the upper end", Eq(following - high, (1 - v) * (w - high) - v * (high - c))),
        because="to the right of every slope the distance shrinks by 1 - v at least: the last term is not positive",
    )
    right = t.suppose(Ge(w, high))
    agree = right.compare(Ge(v * (w - c), 0), [v * (w - high), v * (high - c)], because="w >= max c >= c_i")
    t.implies(
        t.state("to the right all gradients agree", Implies(Ge(w, high), agree.claim)), agree, because="as supposed"
    )
    left = t.suppose(Le(w, low))
    opposite = left.compare(Le(v * (w - c), 0), [v * (low - w), v * (c - low)], because="w <= min c <= c_i")
    t.implies(t.state("to the left too", Implies(Le(w, low), opposite.claim)), opposite, because="as supposed")
    part, apart = t.real("part", 0, 1, open=True), t.positive("apart")
    within = low + part * apart
    t.compare(
        t.state("between they disagree", Lt((within - low) * (within - (low + apart)), 0)),
        part * (1 - part) * apart**2,
        because="strictly between two slopes their examples pull in opposite directions",
    )
