"""Newton's step: what it does to a quadratic, where it leads astray, and how fast it is near a minimum."""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Equivalent, Implies, KroneckerDelta, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


@theorem(
    "A Newton step x - alpha H^-1 g multiplies the error of a quadratic by 1 - alpha in every direction, whatever the "
    "curvatures; with alpha = 1 it lands on the critical point, which is a minimum only if all curvatures are "
    "positive",
    covers=["001:newton-step", "002:newton-preconditioned-step", "001:newton-one-step-needs-positive-definite"],
    sources=[
        Source("001", "l.408-416", "theta* = theta_0 - H^-1 grad J(theta_0)"),
        Source("002", "l.141-145", "x_(k+1) = x_k - alpha_k (grad^2 f(x_k))^-1 grad f(x_k)"),
    ],
)
def newton_step(t: Proof) -> None:
    """The gradient of coordinate i is lambda_i (x_i - c_i): dividing by lambda_i leaves the error itself."""
    d, k = t.size("d"), t.time("k")
    j = t.index("j", d)
    curvature, center = t.vector("lambda", d, nonzero=True), t.vector("c", d)
    start, scale = t.vector("x0", d), t.vector("s", d, nonzero=True)
    alpha, point = t.real("alpha"), t.vector("x_", d)
    f = lambda x: HALF * total(d, lambda i: curvature[i] * (x(i) - center[i]) ** 2)  # noqa: E731
    gradient = lambda x: curvature[j] * (x - center[j])  # noqa: E731
    t.equal(
        t.state("gradient", Eq(Derivative(f(lambda i: point[i]), point[j]), gradient(point[j]))),
        because="only the j-th square depends on x_j",
    )
    x, z = t.recursion(
        k,
        x=((j,), start[j], lambda x, *_: x(j, k) - alpha * gradient(x(j, k)) / curvature[j]),
        z=(
            (j,),
            start[j] / scale[j],
            lambda x, z: z(j, k) - alpha * scale[j] * gradient(scale[j] * z(j, k)) / (scale[j] ** 2 * curvature[j]),
        ),
    )
    t.induct(
        t.state("every error shrinks alike", Eq(x(j, k), center[j] + (1 - alpha) ** k * (start[j] - center[j]))),
        over=k,
        because="x - c - alpha lambda (x - c)/lambda = (1 - alpha)(x - c)",
    )
    t.induct(
        t.state("rescaled parameters x = s z take the same way", Eq(z(j, k), x(j, k) / scale[j])),
        over=k,
        because="the gradient in z has the factor s, the Hessian s^2: their quotient moves z by 1/s of what it moves x",
    )
    t.equal(
        t.state(
            "alpha = 1: the critical point in one step",
            Eq(point[j] - Derivative(f(lambda i: point[i]), point[j]) / curvature[j], center[j]),
        ),
        because="x - lambda (x - c)/lambda",
    )
    converges(t, alpha)
    classified(t, d, j, curvature, center, f)


def converges(t: Proof, alpha: Any) -> None:
    factor, interval = Lt(Abs(1 - alpha), 1), And(Gt(alpha, 0), Lt(alpha, 2))
    given, inside = t.suppose(factor), t.suppose(interval)
    u = 1 - alpha
    low = given.compare(Gt(alpha, 0), [1 - Abs(u), Abs(u) - u], because="1 - alpha <= |1 - alpha| < 1")
    high = given.compare(Lt(alpha, 2), [1 - Abs(u), Abs(u) + u], because="alpha - 1 <= |1 - alpha| < 1")
    small = inside.compare(factor, alpha * (2 - alpha) / (1 + Abs(u)), because="1 - (1 - alpha)^2 = alpha (2 - alpha)")
    t.equivalent(
        t.state("it contracts exactly for 0 < alpha < 2", Equivalent(factor, interval)),
        [given.both(interval, [low, high], because="both"), small],
        because="both ways, whatever the condition number",
    )


def classified(t: Proof, d: Any, j: Any, curvature: Any, center: Any, f: Any) -> None:
    move = t.real("r")
    t.equal(
        t.state(
            "along coordinate j the critical point is a minimum or a maximum by the sign of lambda_j",
            Eq(f(lambda i: center[i] + move * KroneckerDelta(i, j)), curvature[j] * move**2 / 2),
        ),
        because="all other squares are 0",
    )
    positive, x = t.vector("mu", d, low=0, open=True), t.vector("p", d)
    t.compare(
        t.state(
            "all curvatures positive: it is the minimum",
            Ge(HALF * total(d, lambda i: positive[i] * (x[i] - center[i]) ** 2), 0),
        ),
        HALF * total(d, lambda i: positive[i] * (x[i] - center[i]) ** 2),
        because="a sum of squares with positive weights, 0 at c",
    )
    slope = lambda i: Derivative(f(lambda k: x[k]), x[i])  # noqa: E731
    t.equal(
        t.state(
            "Newton decrement",
            Eq(total(d, lambda i: slope(i) ** 2 / curvature[i]), 2 * f(lambda i: x[i])),
        ),
        because="g'H^-1 g is twice the height above the critical point: a descent direction if H is positive definite",
    )


@misprint(
    "Newton's step reaches the minimum of a quadratic only if its Hessian is positive definite",
    corrected="newton-step",
    covers=["001:newton-one-step-needs-positive-definite"],
    sources=[Source("001", "l.414", "for a quadratic function Newton's method jumps to the minimum")],
)
def newton_jumps_to_a_maximum(t: Proof) -> None:
    """f = -x^2/2 from x = 1: the step lands on 0, the maximum."""
    curvature, x = t.real("lambda", nonzero=True), t.real("x")
    f = lambda x: curvature * x**2 / 2  # noqa: E731
    t.refute(
        Le(f(x - curvature * x / curvature), f(x)),
        {curvature: -1, x: 1},
        because="f(0) = 0 is above f(1) = -1/2: with a negative curvature the critical point is a maximum",
    )


@theorem(
    "Newton without damping can diverge on a strictly convex function: on sqrt(1 + x^2) its map is x -> -x^3, so it "
    "converges from |x| < 1, circles at 1 and diverges beyond; a damped step descends",
    covers=["001:newton-convexity-does-not-imply-convergence", "002:newton-preconditioned-step"],
    sources=[Source("001", "l.415", "also applicable to other functions, if the Hessian is positive definite")],
)
def newton_divergence(t: Proof) -> None:
    """Far out the function is almost straight: its curvature, by which the step divides, is small there."""
    x = t.real("x")
    f = sqrt(1 + x**2)
    slope, curvature = Derivative(f, x), Derivative(f, x, x)
    t.equal(
        t.state("curvature", Eq(curvature * (1 + x**2) ** Rational(3, 2), 1)),
        because="f'' = (1 + x^2)^(-3/2) > 0: strictly convex everywhere",
    )
    t.equal(t.state("Newton's map", Eq(x - slope / curvature, -(x**3))), because="f'/f'' = x (1 + x^2)")
    t.equal(
        t.state("its direction descends", Eq(slope * (-slope / curvature), -(x**2) * f)),
        because="-f'^2/f'' < 0 for x != 0",
    )
    iterates(t)
    damped(t)


def iterates(t: Proof) -> None:
    k, over, under = t.time("k"), t.positive("e"), t.real("r", 0, 1, open=True)
    far, near, cycle = t.recursion(
        k,
        far=(1 + over, lambda a, *_: -(a(k) ** 3)),
        near=(under, lambda a, b, _: -(b(k) ** 3)),
        cycle=(1, lambda a, b, c: -(c(k) ** 3)),
    )
    t.induct(t.state("from 1 it circles", Eq(cycle(k), (-1) ** k)), over=k, because="-(+-1)^3 = -+1")
    low, w = 3**k * over, far(k) ** 2
    claim = t.state("from 1 + e it diverges", Gt(w, 1 + low))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [over, over**2], because="(1 + e)^2 > 1 + e"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [(w - 1 - low) * ((w + 1 + low) ** 2 + w**2 + (1 + low) ** 2) / 2, 3 * low**2, low**3],
            because="the square is cubed, and (1 + a)^3 >= 1 + 3a",
        ),
        because="step by step",
    )
    v, gap = near(k) ** 2, under**2 - near(k) ** 2
    claim = Le(v, under**2)
    below = (1 - under) * (1 + under)
    inside = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts there"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [gap, v * (1 + v) * below, v * (1 + v) * gap],
            because="v^3 <= v for v < 1",
        ),
        because="step by step",
    )
    bound = under ** (2 * k + 2)
    claim = t.state("from r < 1 it converges", Le(v, bound))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts there"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [under**2 * (bound - v), v * gap, v**2 * below, v**2 * gap],
            using=[inside],
            because="v^3 <= r^2 v: much faster in truth, the exponent triples",
        ),
        because="step by step",
    )


def damped(t: Proof) -> None:
    """alpha Newton steps, alpha < 2/(1 + x^2)."""
    x = t.real("z")
    alpha = t.real("alpha", 0, 2 / (1 + x**2), open=True)
    t.compare(
        t.state("a damped step comes nearer", Le((x - alpha * x * (1 + x**2)) ** 2, x**2)),
        x**2 * alpha * (1 + x**2) ** 2 * (2 / (1 + x**2) - alpha),
        because="the error is multiplied by 1 - alpha (1 + x^2), which lies between -1 and 1",
    )


@theorem(
    "Newton in one dimension converges quadratically near a minimum: with f'' >= m that changes at most at the rate M "
    "the next error is at most M/(2m) times the square of this one",
    covers=["001:newton-step", "001:newton-convexity-does-not-imply-convergence", "002:newton-preconditioned-step"],
    sources=[Source("001", "l.408-416", "(no rate)")],
)
def newton_local_rate(t: Proof) -> None:
    """Taylor at x, evaluated at the minimum, where the gradient is 0: 0 = f'(x) - f''(x) e + rest, |rest| <= M e^2 / 2.

    e = x - x* is the error; the rest is M e^2/2 times some number u in [-1, 1], and the curvature at x is m plus some
    more.
    """
    e, m, change = t.real("e"), t.positive("m"), t.positive("M")
    more, u = t.nonnegative("more"), t.real("u", -1, 1)
    curvature, rest = m + more, change / 2 * e**2 * u
    gradient = curvature * e - rest
    after = e - gradient / curvature
    claim = t.compare(
        t.state("the next error", Le(after**2, (change / (2 * m)) ** 2 * e**4)),
        [
            change**2 * e**4 * (1 - u) * (1 + u) / (4 * m**2),
            change**2 * e**4 * u**2 * more * (2 * m + more) / (4 * m**2 * curvature**2),
        ],
        because="e - (f'' e - rest)/f'' = rest/f''",
    )
    near = Le(change * Abs(e), 2 * m)
    closer = t.suppose(near).compare(
        Le(after**2, e**2),
        [
            (change / (2 * m)) ** 2 * e**4 - after**2,
            e**2 * (2 * m - change * Abs(e)) * (2 * m + change * Abs(e)) / (4 * m**2),
        ],
        using=[claim],
        because="M |e| <= 2m: the factor M |e| / (2m) is at most 1",
    )
    t.implies(
        t.state("from |e| <= 2m/M it comes no further away", Implies(near, closer.claim)), closer, because="as supposed"
    )
