"""Second-order methods: what Newton's step knows that the gradient does not, and what it needs.

Notation: f(x) = 1/2 sum lambda_i (x_i - c_i)^2 in the eigenbasis of its Hessian, which stands for every quadratic with an
invertible Hessian: a rotation changes neither Newton's step nor f. g is the gradient, H the Hessian.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Equivalent, Implies, KroneckerDelta, Rational, sqrt

from .kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total
from .update_rules import following

HALF = Rational(1, 2)


@theorem(
    "A Newton step x - alpha H^-1 g multiplies the error of a quadratic by 1 - alpha in every direction, whatever the curvatures; "
    "with alpha = 1 it lands on the critical point, which is a minimum only if all curvatures are positive",
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
    x, z, full = t.recursion(
        k,
        x=((j,), start[j], lambda x, *_: x(j, k) - alpha * gradient(x(j, k)) / curvature[j]),
        z=(
            (j,),
            start[j] / scale[j],
            lambda x, z, _: z(j, k) - alpha * scale[j] * gradient(scale[j] * z(j, k)) / (scale[j] ** 2 * curvature[j]),
        ),
        y=((j,), start[j], lambda x, z, y: y(j, k) - gradient(y(j, k)) / curvature[j]),
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
    t.equal(t.state("alpha = 1: the critical point in one step", Eq(full(j, k + 1), center[j])), because="1 - alpha = 0")
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
    g = lambda i: curvature[i] * (x[i] - center[i])  # noqa: E731
    t.equal(
        t.state(
            "Newton decrement",
            Eq(total(d, lambda i: g(i) ** 2 / curvature[i]), 2 * f(lambda i: x[i])),
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
    "Newton without damping can diverge on a strictly convex function: on sqrt(1 + x^2) its map is x -> -x^3, so it converges "
    "from |x| < 1, circles at 1 and diverges beyond; a damped step descends",
    covers=["001:newton-convexity-does-not-imply-convergence", "002:newton-preconditioned-step"],
    sources=[Source("001", "l.415", "also applicable to other functions, if the Hessian is positive definite")],
)
def newton_divergence(t: Proof) -> None:
    """Far out the function is almost straight: its curvature, by which the step divides, is much smaller than nearby."""
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
    claim = t.state("from 1 + e it diverges", Ge(w, 1 + low))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [over, over**2], because="(1 + e)^2 >= 1 + e"),
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
    "Newton on minibatches is biased: the mean of the single-example steps misses the full step by the covariance of curvatures and "
    "minimizers, and the Hessian of one linear example is singular",
    covers=["001:newton-minibatch-is-biased"],
    sources=[Source("001", "l.418-425", "sample a minibatch, compute its gradient and its Hessian, and step by H^-1 g")],
)
def newton_minibatch_bias(t: Proof) -> None:
    """Losses a_i/2 (w - p_i)^2: one example leads to its own p_i, the full objective to their average weighted by a_i."""
    n, d = t.size("n"), t.size("d")
    a, p, w = t.vector("a", n, low=0, open=True), t.vector("p", n), t.real("w")
    gradient, hessian = total(n, lambda i: a[i] * (w - p[i])) / n, total(n, lambda i: a[i]) / n
    single = total(n, lambda i: w - a[i] * (w - p[i]) / a[i]) / n
    mean = lambda v: total(n, lambda i: v[i]) / n  # noqa: E731
    t.equal(
        t.state(
            "bias",
            Eq(w - gradient / hessian - single, total(n, lambda i: (a[i] - mean(a)) * (p[i] - mean(p))) / n / hessian),
        ),
        because="sum a_i p_i / sum a_i - sum p_i / n: no bias only where curvature and minimizer are uncorrelated",
    )
    x, u = t.vector("x", d), t.vector("u", d)
    squared, along = total(d, lambda i: x[i] ** 2), total(d, lambda i: x[i] * u[i])
    i = t.index("i", d)
    t.equal(
        t.state(
            "the Hessian x x' of one linear example kills every direction across x",
            Eq(total(d, lambda j: x[i] * x[j] * (squared * u[j] - along * x[j])), 0),
        ),
        because="|x|^2 u - <x, u> x is orthogonal to x, and not 0 unless u is a multiple of x: for d >= 2 there is no inverse",
    )


@misprint(
    "The mean of minibatch Newton steps is not the Newton step",
    corrected="newton-minibatch-bias",
    covers=["001:newton-minibatch-is-biased"],
    sources=[Source("001", "l.418-425", "sample a minibatch ..., compute the Hessian, invert it")],
)
def newton_on_minibatches(t: Proof) -> None:
    """w^2/2 and 3 (w - 1)^2/2 at w = 0: the single steps lead to 0 and 1, the full one to 3/4."""
    n = t.size("n")
    a, p, w = t.vector("a", n, low=0, open=True), t.vector("p", n), t.real("w")
    t.refute(
        Eq(
            total(n, lambda i: w - a[i] * (w - p[i]) / a[i]) / n,
            w - total(n, lambda i: a[i] * (w - p[i])) / total(n, lambda i: a[i]),
        ),
        {n: 2, a: [1, 3], p: [0, 1], w: 0},
        because="1/2 on the mean over minibatches of one example, 3/4 on all",
    )


@theorem(
    "H^-1 g is up to kappa times as noisy as g: |H^-1 delta|/|H^-1 g| <= kappa |delta|/|g|, attained by a gradient along the steepest "
    "and noise along the flattest direction",
    covers=["001:inverse-hessian-amplifies-gradient-noise"],
    sources=[Source("001", "l.86-87", "batches of 100 for g, of 10 000 for H^-1 g")],
)
def newton_noise_amplification(t: Proof) -> None:
    """Dividing by the curvature enlarges what is flat. Standard errors fall like 1/sqrt(b): kappa^2 as many examples."""
    d = t.size("d")
    mu, gap = t.positive("mu"), t.nonnegative("gap")
    top = mu + gap
    u, g, noise = t.vector("u", d, low=0, high=1), t.vector("g", d), t.vector("delta", d)
    curvature = lambda i: mu + gap * u[i]  # noqa: E731
    plain = lambda v: total(d, lambda i: v[i] ** 2)  # noqa: E731
    solved = lambda v: total(d, lambda i: v[i] ** 2 / curvature(i) ** 2)  # noqa: E731
    below = total(d, lambda i: noise[i] ** 2 * gap * u[i] * (2 * mu + gap * u[i]) / (mu**2 * curvature(i) ** 2))
    above = total(d, lambda i: g[i] ** 2 * gap * (1 - u[i]) * (top + curvature(i)) / curvature(i) ** 2)
    small, loud, signal, size = solved(noise), plain(noise), solved(g), plain(g)
    facts = [
        t.compare(Le(small, loud / mu**2), below, because="lambda_i >= mu, coordinate by coordinate"),
        t.compare(Le(size, top**2 * signal), above, because="lambda_i <= L, coordinate by coordinate"),
    ]
    t.compare(
        t.state("amplification at most kappa", Le(small * size, top**2 / mu**2 * loud * signal)),
        [top**2 * signal * (loud / mu**2 - small), small * (top**2 * signal - size)],
        using=facts,
        because="|H^-1 delta| <= |delta|/mu and |H^-1 g| >= |g|/L, multiplied",
    )
    i, j = t.index("i", d), t.index("j", d)
    a, b = t.real("a b")
    axis = lambda size, m: total(d, lambda k: (size * KroneckerDelta(k, m)) ** 2)  # noqa: E731
    newton = lambda size, m: total(d, lambda k: (size * KroneckerDelta(k, m) / curvature(k)) ** 2)  # noqa: E731
    t.equal(
        t.state(
            "a gradient along i and noise along j",
            Eq(newton(b, j) * axis(a, i) * curvature(j) ** 2, curvature(i) ** 2 * axis(b, j) * newton(a, i)),
        ),
        because="the ratio is lambda_i/lambda_j, which is kappa for the steepest i and the flattest j",
    )


@misprint(
    "H^-1 g is no objective: making it small makes its relative error large",
    corrected="newton-noise-amplification",
    covers=["001:inverse-hessian-amplifies-gradient-noise"],
    sources=[Source("001", "l.86-87", "(require to minimize H^-1 g)")],
)
def newton_direction_as_objective(t: Proof) -> None:
    """What has to be small is the fluctuation of H^-1 g against H^-1 g, and that grows as H^-1 g shrinks."""
    curvature, noise = t.positive("lambda delta")
    small, large = t.positive("g_1 g_2")
    error = lambda g: (noise / curvature) / (g / curvature)  # noqa: E731
    t.refute(
        Implies(Lt(small / curvature, large / curvature), Le(error(small), error(large))),
        {curvature: 1, noise: 1, small: 1, large: 2},
        because="H^-1 g is halved, and the error of 1 is doubled from 1/2 to 1 of it",
    )
