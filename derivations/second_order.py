"""Second-order methods: what Newton's step knows that the gradient does not, and what it needs.

Notation: f(x) = 1/2 sum lambda_i (x_i - c_i)^2 in the eigenbasis of its Hessian, which stands for every quadratic
with an invertible Hessian: a rotation changes neither Newton's step nor f. g is the gradient, H the Hessian.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Derivative,
    Equivalent,
    Implies,
    Integer,
    Integral,
    KroneckerDelta,
    Max,
    Rational,
    Symbol,
    exp,
    sqrt,
    tanh,
)

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    bernoulli,
    gaussian,
    misprint,
    remark,
    theorem,
    total,
)  # fmt: skip
from .update_rules import following

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
    t.equal(
        t.state("alpha = 1: the critical point in one step", Eq(full(j, k + 1), center[j])), because="1 - alpha = 0"
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
    "Newton converges quadratically near a minimum: with f'' >= m and a Hessian that changes at most at the rate M, "
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


@theorem(
    "Newton on minibatches is biased: the mean of the single-example steps misses the full step by the covariance of "
    "curvatures and minimizers, and the Hessian of one linear example is singular",
    covers=["001:newton-minibatch-is-biased"],
    sources=[
        Source("001", "l.418-425", "sample a minibatch, compute its gradient and its Hessian, and step by H^-1 g")
    ],
)
def newton_minibatch_bias(t: Proof) -> None:
    """Losses a_i/2 (w - p_i)^2: one example leads to its own p_i, the full objective to their average weighted by
    a_i.
    """
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
        because="|x|^2 u - <x, u> x is orthogonal to x, and not 0 unless u is a multiple of x: for d >= 2 there is no "
        "inverse",
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
    "H^-1 g is up to kappa times as noisy as g: |H^-1 delta|/|H^-1 g| <= kappa |delta|/|g|, attained by a gradient "
    "along the steepest and noise along the flattest direction",
    covers=["001:inverse-hessian-amplifies-gradient-noise"],
    sources=[Source("001", "l.86-87", "batches of 100 for g, of 10 000 for H^-1 g")],
)
def newton_noise_amplification(t: Proof) -> None:
    """Dividing by the curvature enlarges what is flat; as errors fall like 1/sqrt(b), kappa^2 as many examples."""
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


@theorem(
    "The update-to-weight ratio of gradient descent on a quadratic lies between lr lambda_min and lr lambda_max; for "
    "scale-invariant weights a step multiplies |W|^2 by 1 + ratio^2",
    covers=["004:update-to-weight-ratio"],
    sources=[Source("004", "l.69-78", "ratio = |eta grad_W J| / |W|, about 1e-3")],
)
def update_to_weight_ratio(t: Proof) -> None:
    """J = 1/2 sum lambda_i w_i^2: the ratio reads the curvature along the weights, in units of 1/lr."""
    d = t.size("d")
    mu, gap, lr = t.positive("mu"), t.nonnegative("gap"), t.positive("lr")
    u, w, g = t.vector("u", d, low=0, high=1), t.vector("w", d), t.vector("g", d)
    curvature = lambda i: mu + gap * u[i]  # noqa: E731
    update = lambda i: following("sgd", theta=w[i], g=curvature(i) * w[i], lr=lr)[0] - w[i]  # noqa: E731
    size, moved = total(d, lambda i: w[i] ** 2), total(d, lambda i: update(i) ** 2)
    t.compare(
        t.state("at least lr lambda_min", Ge(moved, (lr * mu) ** 2 * size)),
        lr**2 * total(d, lambda i: gap * u[i] * (2 * mu + gap * u[i]) * w[i] ** 2),
        because="lambda_i >= lambda_min, coordinate by coordinate",
    )
    t.compare(
        t.state("at most lr lambda_max", Le(moved, (lr * (mu + gap)) ** 2 * size)),
        lr**2 * total(d, lambda i: gap * (1 - u[i]) * (mu + gap + curvature(i)) * w[i] ** 2),
        because="lambda_i <= lambda_max, coordinate by coordinate",
    )
    along = total(d, lambda i: w[i] * g[i])
    across = lambda i: size * g[i] - along * w[i]  # noqa: E731 - any vector orthogonal to w
    t.equal(
        t.state(
            "a step across the weights makes them longer",
            Eq(
                total(d, lambda i: following("sgd", theta=w[i], g=across(i), lr=lr)[0] ** 2),
                size + total(d, lambda i: (lr * across(i)) ** 2),
            ),
        ),
        because="Pythagoras: the gradient of a loss that does not depend on the scale of w is orthogonal to w",
    )


# ---- practice: what can be proved of the program listings and habits of the slides -----------------------------------


@theorem(
    "Batch, minibatch, online: the minibatch gradients of an epoch average to the full gradient for every batch size, "
    "and their spread is what the spread inside the batches leaves of that of the examples",
    covers=["003:batch-terminology"],
    sources=[Source("003", "l.321, 541, 546", "batch learning (1 < m < n); on-line gradient descent (m = 1)")],
)
def batch_terminology(t: Proof) -> None:
    """q batches of m examples: q = 1 is the full gradient (spread 0), m = 1 the online one (nothing is left inside)."""
    batches, m = t.size("q"), t.size("m")
    g = t.vector("g", batches, m)
    full = total(batches, lambda b: total(m, lambda i: g[b, i])) / (batches * m)
    batch = lambda b: total(m, lambda i: g[b, i]) / m  # noqa: E731
    t.equal(
        t.state("the mean of the minibatch gradients", Eq(total(batches, batch) / batches, full)),
        because="all batches have the same size, so no example counts twice",
    )
    inside = total(batches, lambda b: total(m, lambda i: (g[b, i] - batch(b)) ** 2)) / (batches * m)
    between = total(batches, lambda b: (batch(b) - full) ** 2) / batches
    t.equal(
        t.state(
            "the spread of the examples is that of the batches and that inside them",
            Eq(total(batches, lambda b: total(m, lambda i: (g[b, i] - full) ** 2)) / (batches * m), between + inside),
        ),
        because="the deviations inside a batch add up to 0, so the cross term vanishes",
    )


@theorem(
    "A linear output layer reaches every target and is a convex problem; tanh misses a target 2, and ReLU a target "
    "-1, by more than 1",
    covers=["000:linear-output-for-regression"],
    sources=[Source("000", "l.147-155", "model.add(Dense(d)) without an activation, loss mse")],
)
def linear_output_layer(t: Proof) -> None:
    """Features h, weights w, bias b, targets y of n examples: J = sum_i (w'h_i + b - y_i)^2."""
    n, d = t.size("n"), t.size("d")
    h, y, w, v, b = t.vector("h", n, d), t.vector("y", n), t.vector("w", d), t.vector("v", d), t.real("b")
    output = lambda i, w, b: total(d, lambda k: w[k] * h[i, k]) + b  # noqa: E731
    loss = lambda w: total(n, lambda i: (output(i, w, b) - y[i]) ** 2)  # noqa: E731
    slope = lambda k: 2 * total(n, lambda i: (output(i, w, b) - y[i]) * h[i, k])  # noqa: E731
    shifted = total(n, lambda i: (output(i, w, b) + total(d, lambda k: v[k] * h[i, k]) - y[i]) ** 2)
    linear, square = total(d, lambda k: v[k] * slope(k)), total(n, lambda i: total(d, lambda k: v[k] * h[i, k]) ** 2)
    t.equal(
        t.state("a change v of the weights: the gradient, and a square", Eq(shifted, loss(w) + linear + square)),
        because="the output changes by v'h; so the gradient is 2 sum_i (output_i - y_i) h_i, 0 in the normal equations",
    )
    t.compare(
        t.state("convex: the loss lies above its tangent planes", Ge(shifted, loss(w) + linear)),
        square,
        because="the remainder is the square of the change of the output",
    )
    z = t.real("z")
    tanh = 1 - 2 / (exp(2 * z) + 1)
    t.compare(
        t.state("tanh misses the target 2", Gt((2 - tanh) ** 2, 1)),
        [4 / (exp(2 * z) + 1), 4 / (exp(2 * z) + 1) ** 2],
        because="tanh z < 1",
    )
    t.compare(
        t.state("ReLU misses the target -1", Ge((Max(0, z) + 1) ** 2, 1)),
        [Max(0, z) ** 2, 2 * Max(0, z)],
        because="ReLU is not negative, and where it is 0 its gradient is 0 too",
    )


@misprint(
    "The encoded labels are stored under another name than the one that the model is fitted to",
    corrected="categorical-cross-entropy",
    covers=["000:keras-cce-snippet"],
    sources=[Source("000", "l.194-203", "y_train = to_categorical(y_train, nb_classes); model.fit(X_train, Y_train)")],
)
def undefined_label_array(t: Proof) -> None:
    """A program that defines y_train and reads Y_train."""
    n = t.size("n")
    y_train = t.vector("y_train", n)
    t.undefined(
        total(n, lambda i: y_train[i] - Symbol("Y_train")), {n: 1, y_train: [1]}, because="the name is bound nowhere"
    )


@theorem(
    "Keras' penalties: the activity penalty is a mean over the batch, so that repeating the batch changes nothing; a "
    "weight penalty l2(a) has the gradient 2 a w",
    covers=["000:keras-layer-regularizers"],
    sources=[
        Source(
            "000", "l.455-465", "kernel_regularizer=l2(0.01), bias_regularizer=l2(0.01), activity_regularizer=l1(0.1)"
        )
    ],
)
def layer_regularizers(t: Proof) -> None:
    """Without the division the strength of the penalty would grow with the batch; l2 has no factor 1/2."""
    n, d = t.size("n"), t.size("d")
    h, w, rate, j = t.vector("h", n), t.vector("w", d), t.positive("a"), t.index("j", d)
    activity = lambda size, copies: sum((total(n, lambda i: Abs(h[i])) for _ in range(copies)), Integer(0)) / size  # noqa: E731
    t.equal(
        t.state("a batch seen twice", Eq(activity(2 * n, 2), activity(n, 1))),
        because="twice the sum over twice the examples",
    )
    t.equal(
        t.state(
            "gradient of the weight penalty",
            Eq(Derivative(rate * total(d, lambda i: w[i] ** 2), w[j]), 2 * rate * w[j]),
        ),
        because="only the j-th square depends on w_j",
    )


@theorem(
    "Glorot's uniform and normal initializers have the same variance 2/(n_in + n_out) and differ from the fourth "
    "moment on: 9/5 against 3 variances squared",
    covers=["000:keras-default-initializer"],
    sources=[Source("000", "l.909", "the default initializer of Keras (glorot_uniform); the slide shows the Gaussian")],
)
def glorot_default(t: Proof) -> None:
    """Uniform on [-a, a] with a^2 = 6/(n_in + n_out), the default; normal with the same variance, the one displayed."""
    fan_in, fan_out = t.size("n_in"), t.size("n_out")
    variance = 2 / (fan_in + fan_out)
    a, z = sqrt(6 / (fan_in + fan_out)), Symbol("z", real=True)
    uniform = lambda power: Integral(z**power / (2 * a), (z, -a, a))  # noqa: E731
    normal = t.random("w", gaussian(0, lambda i, j: variance * KroneckerDelta(i, j), [fan_in]))
    i = t.index("i", fan_in)
    t.equal(t.state("variance of the uniform law", Eq(uniform(2), variance)), because="a^2/3")
    t.equal(
        t.state("fourth moment of the uniform law", Eq(uniform(4), Rational(9, 5) * variance**2)),
        because="a^4/5 = 9/5 (a^2/3)^2",
    )
    t.expectation(
        t.state("fourth moment of the normal law", Eq(Expectation(normal[i] ** 4), 3 * variance**2)),
        because="three pairings of four factors",
    )


@theorem(
    "A fresh batch-normalization layer (gamma = 1, beta = 0) returns the normalized batch: mean 0, variance v/(v + "
    "eps); its moving averages forget their start like momentum^k",
    covers=["000:keras-batchnorm-snippet"],
    sources=[Source("000", "l.957-962", "model.add(BatchNormalization())")],
)
def fresh_batch_norm(t: Proof) -> None:
    """Keras' defaults are eps = 1e-3 and momentum 0.99: after 100 batches a third of the start is still there."""
    n, k = t.size("n"), t.time("k")
    x, eps, keep, start, fed = t.vector("x", n), t.positive("eps"), t.real("momentum", 0, 1), t.real("m0"), t.real("mu")
    mean = total(n, lambda i: x[i]) / n
    variance = total(n, lambda i: (x[i] - mean) ** 2) / n
    out = lambda i: (x[i] - mean) / sqrt(variance + eps)  # noqa: E731
    t.equal(t.state("mean of the output", Eq(total(n, out), 0)), because="the deviations from the mean add up to 0")
    t.equal(
        t.state("variance of the output", Eq(total(n, lambda i: out(i) ** 2) / n, variance / (variance + eps))),
        because="the constant under the root keeps it below 1",
    )
    (average,) = t.recursion(k, average=(start, lambda m: keep * m(k) + (1 - keep) * fed))
    t.induct(
        t.state("moving average", Eq(average(k), fed + keep**k * (start - fed))),
        over=k,
        because="each batch replaces the share 1 - momentum of the average",
    )


@theorem(
    "Dense then Activation is Dense with that activation: same output, same gradient",
    covers=["000:keras-activation-forms-equal"],
    sources=[
        Source("000", "l.49-51, 70-79", "Dense(n), Activation('relu') or Dense(n, activation='relu'); likewise tanh")
    ],
)
def activation_forms(t: Proof) -> None:
    """Two layers: the gradient of the activation at z, then that of the affine map. One layer: the chain rule at
    once.
    """
    d = t.size("d")
    j = t.index("j", d)
    w, x, b, z = t.vector("w", d), t.vector("x", d), t.real("b"), t.real("z")
    affine = total(d, lambda i: w[i] * x[i]) + b
    fused = tanh(affine)
    t.equal(
        t.state(
            "tanh: the gradient in two layers is that in one",
            Eq((1 - tanh(affine) ** 2) * Derivative(affine, w[j]), Derivative(fused, w[j])),
        ),
        because="tanh' = 1 - tanh^2, at the preactivation",
    )
    t.equal(t.state("slope of tanh", Eq(Derivative(tanh(z), z), 1 - tanh(z) ** 2)), because="the quotient rule")
    weight, signal = t.real("w_j x_j")  # the preactivation as a function of one weight: w_j x_j + r
    above, below = t.real("r", low=-weight * signal, open=True), t.real("r_", high=-weight * signal, open=True)
    for name, rest, slope in (("active", above, signal), ("inactive", below, Integer(0))):
        t.equal(
            t.state(f"ReLU, {name}", Eq(Derivative(Max(0, weight * signal + rest), weight), slope)),
            because="ReLU is the identity where it is active, 0 where it is not",
        )


@theorem(
    "Dropout(p) drops the fraction p: on average it keeps 1 - p of the units, so the factor that restores the mean is "
    "1/(1 - p), and 2 only for p = 1/2",
    covers=["000:dropout-rate-in-practice"],
    sources=[Source("000", "l.543-551", "Dropout(0.25)"), Source("000", "l.594-596", "the factor 1/2")],
)
def dropout_rate(t: Proof) -> None:
    """The mask is 1 with probability 1 - p for each of n units."""
    n, p = t.size("n"), t.real("p", 0, 1)
    t.assume(Lt(p, 1))
    mask, x = t.random("mu", bernoulli(1 - p, [n])), t.vector("x", n)
    kept = total(n, lambda i: mask[i]) / n
    t.expectation(t.state("share of units kept", Eq(Expectation(kept), 1 - p)), because="each is kept with 1 - p")
    t.expectation(
        t.state("variance of the share", Eq(Expectation(kept**2) - Expectation(kept) ** 2, p * (1 - p) / n)),
        because="independent units: the share of a large layer hardly varies",
    )
    summed = total(n, lambda i: mask[i] * x[i])
    t.expectation(
        t.state("the mean is restored by 1/(1 - p)", Eq(Expectation(summed) / (1 - p), total(n, lambda i: x[i]))),
        because="expectation is linear",
    )
    t.expectation(
        t.state(
            "by 2 it is off by",
            Eq(2 * Expectation(summed) - total(n, lambda i: x[i]), (1 - 2 * p) * total(n, lambda i: x[i])),
        ),
        because="half the units are dropped only for p = 1/2",
    )


@theorem(
    "Where another unit is better than ReLU: |x| is one absolute-value unit or two ReLUs, and any single monotone "
    "unit misses it at -1, 0, 1 by at least 1/2 in squares",
    covers=["000:relu-variants-sometimes-better"],
    sources=[Source("000", "l.85", "these variants sometimes perform better than ReLU")],
)
def absolute_value_unit(t: Proof) -> None:
    """A ReLU of an affine function of x, times any factor, plus any constant, is monotone: values a <= b <= c, or
    falling.
    """
    x, middle, rise, more = t.real("x"), t.real("m"), t.nonnegative("r"), t.nonnegative("q")
    t.equal(t.state("two ReLUs", Eq(Max(0, x) + Max(0, -x), Abs(x))), because="one of the two is 0")
    missed = lambda left, right: (left - 1) ** 2 + middle**2 + (right - 1) ** 2  # noqa: E731
    for name, left, right in (("rising", middle - rise, middle + more), ("falling", middle + more, middle - rise)):
        t.compare(
            t.state(f"a {name} unit", Ge(missed(left, right), HALF)),
            [(2 * middle - rise - 1) ** 2 / 2, rise * (rise + 2) / 2, (middle + more - 1) ** 2],
            because="the value at 0 is at least that at one end, where 1 is wanted: (1 - u)^2 + m^2 >= 1/2 for u <= m",
        )


remark(
    "course-recap",
    "Recap of a deck: stochasticity, momentum, adaptive methods, weight decay, dropout",
    why="a table of contents; every item is a theorem elsewhere",
    topic="second_order",
    covers=["002:recap-slide"],
)
remark(
    "cat-experiments",
    "Hubel and Wiesel's experiments, 1959 and 1962, Nobel prize 1981 (the heading says 1968)",
    why="history of physiology",
    topic="convnets",
    covers=["004:history-remarks"],
)


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("second_order")
