"""Regularization: what penalties, early stopping, noise, augmentation and shared layers do to the solution.

Notation: J the unpenalized objective, Omega the penalty, alpha (or lambda) its weight; w the weights, b the bias,
w* the minimum of J; in the eigenbasis of the Hessian J = 1/2 sum h_i (w_i - w*_i)^2. The step of descent is eta.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Derivative,
    Implies,
    KroneckerDelta,
    Max,
    Min,
    Piecewise,
    Rational,
    exp,
    log,
    pi,
    sign,
    sqrt,
)  # fmt: skip

from .kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    choices,
    correlated,
    finite,
    misprint,
    orders,
    theorem,
    total,
)
from .update_rules import following

HALF = Rational(1, 2)


# ---- penalties -------------------------------------------------------------------------------------------------------


@theorem(
    "A heavier penalty never lowers the attained objective and never raises the attained penalty",
    covers=["000:regularization-definition", "003:empirical-and-penalised-risk", "004:train-validation-gap"],
    sources=[
        Source("000", "l.431-440", "intended to reduce the generalization error, but not the training error"),
        Source("003", "l.263-277", "L_n(theta) = 1/n sum loss(f(X_i, theta), Y_i) + lambda Omega(theta)"),
        Source("004", "l.46-57", "large gap between training and validation accuracy: increase the regularization"),
    ],
)
def penalty_path_is_monotone(t: Proof) -> None:
    """Two minimizers, each at least as good as the other for its own weight: add the two inequalities.

    No convexity is needed.
    """
    alpha, more = t.nonnegative("alpha"), t.positive("more")
    heavy = alpha + more
    j1, j2, o1, o2 = t.real("J_1 J_2 Omega_1 Omega_2")
    first = Le(j1 + alpha * o1, j2 + alpha * o2)
    second = Le(j2 + heavy * o2, j1 + heavy * o1)
    optimal = t.suppose(And(first, second))
    slack1, slack2 = j2 + alpha * o2 - j1 - alpha * o1, j1 + heavy * o1 - j2 - heavy * o2
    smaller = optimal.compare(
        Le(o2, o1),
        [slack1 / more, slack2 / more],
        because="the sum of both is (alpha_2 - alpha_1)(Omega_1 - Omega_2) >= 0",
    )
    larger = optimal.compare(
        Le(j1, j2),
        [slack1, alpha * (o1 - o2)],
        using=[smaller],
        because="the first inequality, now that Omega_2 <= Omega_1",
    )
    t.implies(t.state("the penalty falls", Implies(And(first, second), smaller.claim)), smaller, because="as supposed")
    t.implies(t.state("the objective rises", Implies(And(first, second), larger.claim)), larger, because="as supposed")
    within = And(first, Le(o2, o1))
    budget = t.suppose(within)
    constrained = budget.compare(
        Le(j1, j2), [slack1, alpha * (o1 - o2)], because="whatever spends no more penalty cannot have a lower objective"
    )
    t.implies(
        t.state("the penalty is a constraint in disguise", Implies(within, constrained.claim)),
        constrained,
        because="theta_alpha minimizes J subject to Omega <= Omega(theta_alpha)",
    )
    empirical_risk(t)


def empirical_risk(t: Proof) -> None:
    """At a fixed theta the mean loss of n fresh examples, of any finite law, is right on average.

    Its variance is that of one, over n.
    """
    n, m = t.size("n"), t.size("m")
    weight, loss = t.vector("u", m, low=0, open=True), t.vector("loss", m)
    probability = lambda i: weight[i] / total(m, lambda k: weight[k])  # noqa: E731
    draws = t.random("D", choices(probability, n, m))
    empirical = total(n, lambda s: total(m, lambda i: draws[s, i] * loss[i])) / n
    risk = total(m, lambda i: probability(i) * loss[i])
    t.expectation(
        t.state("empirical risk is unbiased at a fixed parameter", Eq(Expectation(empirical), risk)),
        because="each example follows the law of the data",
    )


@theorem(
    "The gradient of a penalized objective; L2 and L1 are Gaussian and Laplace priors",
    covers=["000:penalised-objective", "003:l2-penalty-gradient"],
    sources=[
        Source("000", "l.444", "J~(X, y; theta) = J(X, y; theta) + alpha Omega(theta)"),
        Source("003", "l.281-292", "Omega = sum_k sum_i sum_j (W_ij^(k))^2, grad_W Omega = 2 W"),
    ],
)
def penalized_gradient(t: Proof) -> None:
    """Differentiation is linear; every weight of every layer appears in one square, a bias in none."""
    layers, rows, columns = t.size("layers"), t.size("rows"), t.size("columns")
    weight, bias, data = (t.vector(name, layers, rows, columns) for name in ("W", "b", "G"))
    k, i, j = t.index("k", layers), t.index("i", rows), t.index("j", columns)
    lam, phi = t.nonnegative("lambda"), t.function("J")
    squares = total(layers, lambda k: total(rows, lambda i: total(columns, lambda j: weight[k, i, j] ** 2)))
    t.equal(
        t.state("gradient of the squared norm", Eq(Derivative(squares, weight[k, i, j]), 2 * weight[k, i, j])),
        because="one square holds this weight",
    )
    linear = lambda v: total(  # noqa: E731 - any parameters enter the data term through sums like this
        layers, lambda k: total(rows, lambda i: total(columns, lambda j: data[k, i, j] * (v[k, i, j])))
    )
    objective = phi(linear(weight) + linear(bias)) + lam * squares
    slope = Derivative(phi(linear(weight) + linear(bias)), weight[k, i, j])
    t.equal(
        t.state("gradient of the sum", Eq(Derivative(objective, weight[k, i, j]), slope + 2 * lam * weight[k, i, j])),
        because="the derivative of a sum",
    )
    t.equal(
        t.state(
            "biases are not penalized",
            Eq(Derivative(objective, bias[k, i, j]), Derivative(phi(linear(weight) + linear(bias)), bias[k, i, j])),
        ),
        because="the penalty does not hold them",
    )
    priors(t)


def priors(t: Proof) -> None:
    """The negative logarithm of a density, up to its normalizer.

    A negative weight turns the penalty into a reward without end.
    """
    w, alpha = t.real("w"), t.positive("alpha")
    variance, scale = 1 / (2 * alpha), 1 / alpha
    t.equal(
        t.state(
            "L2 is a Gaussian prior of variance 1/(2 alpha)",
            Eq(-log(exp(-(w**2) / (2 * variance)) / sqrt(2 * pi * variance)), alpha * w**2 + log(pi / alpha) / 2),
        ),
        because="-log of the density: the exponent, and the normalizer, which does not depend on w",
    )
    t.equal(
        t.state(
            "L1 is a Laplace prior of scale 1/alpha",
            Eq(-log(exp(-Abs(w) / scale) / (2 * scale)), alpha * Abs(w) + log(2 / alpha)),
        ),
        because="-log of the density",
    )
    floor, excess = t.real("J_inf"), t.nonnegative("excess")
    t.compare(
        t.state("a penalized objective grows at infinity", Ge(floor + excess + alpha * w**2, floor + alpha * w**2)),
        excess,
        because="J is bounded below, so its minimum is attained",
    )
    depth = t.positive("depth")
    t.compare(
        t.state("a negative weight has no minimum", Lt((w**2 / 4 - w**2).subs(w, 2 * sqrt(depth)), -depth)),
        2 * depth,
        because="J = w^2/4 with the weight -1 falls below any level: J - Omega = -3/4 w^2",
    )


@theorem(
    "Without a penalty on the bias, ridge regression moves with the targets, and centering removes the bias",
    covers=["000:bias-not-penalised"],
    sources=[Source("000", "l.446", "Omega is usually applied only on the weights (not the biases)")],
)
def unpenalized_bias(t: Proof) -> None:
    """Compare the whole gradient at (w, b) with targets y and at (w, b + c) with targets y + c."""
    n, d = t.size("n"), t.size("d")
    x, y, w = t.vector("x", n, d), t.vector("y", n), t.vector("w", d)
    b, c, alpha, j = t.real("b"), t.real("c"), t.nonnegative("alpha"), t.index("j", d)
    residual = lambda i, b, shift: total(d, lambda a: w[a] * x[i, a]) + b - y[i] - shift  # noqa: E731
    weights = lambda b, shift: total(n, lambda i: 2 * residual(i, b, shift) * x[i, j]) + 2 * alpha * w[j]  # noqa: E731
    offset = lambda b, shift, penalty: total(n, lambda i: 2 * residual(i, b, shift)) + 2 * penalty * b  # noqa: E731
    objective = lambda b, shift: total(n, lambda i: residual(i, b, shift) ** 2) + alpha * total(d, lambda a: w[a] ** 2)  # noqa: E731
    t.equal(
        t.state("gradient in a weight", Eq(Derivative(objective(b, 0), w[j]), weights(b, 0))),
        because="chain rule on the squared residuals, and 2 alpha w",
    )
    t.equal(t.state("gradient in the bias", Eq(Derivative(objective(b, 0), b), offset(b, 0, 0))), because="chain rule")
    t.equal(
        t.state("shifted targets, shifted bias: same weights", Eq(weights(b + c, c), weights(b, 0))),
        because="the residuals are unchanged, so the same w is stationary",
    )
    t.equal(t.state("and the same equation for the bias", Eq(offset(b + c, c, 0), offset(b, 0, 0))), because="likewise")
    t.equal(
        t.state("a penalized bias breaks it", Eq(offset(b + c, c, alpha) - offset(b, 0, alpha), 2 * alpha * c)),
        because="the penalty sees the shift",
    )
    mean_y = total(n, lambda i: y[i]) / n
    mean_x = lambda a: total(n, lambda i: x[i, a]) / n  # noqa: E731
    best = mean_y - total(d, lambda a: w[a] * mean_x(a))
    centered = total(
        n, lambda i: (total(d, lambda a: w[a] * (x[i, a] - mean_x(a))) - (y[i] - mean_y)) ** 2
    ) + alpha * total(d, lambda a: w[a] ** 2)
    t.equal(
        t.state("centering removes the bias", Eq(objective(b, 0), centered + n * (b - best) ** 2)),
        because="for every w the best bias makes the residuals sum to 0; what is left is ridge on centered data",
    )


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


@theorem(
    "L2 in the gradient and decoupled weight decay are one rule for SGD",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "l.190-192", "w <- (1 - eta lambda) w - ...")],
)
def weight_decay_coupled_and_decoupled(t: Proof) -> None:
    """The maps that conformance uses: what passes through Adam's normalization is no longer decay."""
    theta, g, lam, lr = t.real("theta"), t.real("g", nonzero=True), t.positive("lambda"), t.positive("lr")
    (coupled,) = following("sgd", theta=theta, g=g + lam * theta, lr=lr)
    t.equal(
        t.state("SGD", Eq(coupled, (1 - lr * lam) * theta - lr * g)),
        because="the gradient enters linearly",
    )
    scale = t.real("P")
    t.equal(
        t.state(
            "a preconditioner P scales the coupled decay",
            Eq(
                theta - lr * scale * (g + lam * theta) - ((1 - lr * lam) * theta - lr * scale * g),
                lr * lam * (1 - scale) * theta,
            ),
        ),
        because="the two rules agree for every weight only where P = 1",
    )
    beta1, beta2 = t.real("beta1", 0, 1, open=True), t.real("beta2", 0, 1, open=True)
    start = {"theta": theta, "m": 0, "v": 0, "t": 1, "lr": lr, "beta1": beta1, "beta2": beta2, "eps": 0}
    decoupled = following("adamw", **start, g=g, weight_decay=lam)[0]
    t.equal(
        t.state("first step of AdamW", Eq(decoupled, (1 - lr * lam) * theta - lr * sign(g))),
        because="both corrected moments are those of one gradient: the step is its sign; the decay stands beside it",
    )
    total_gradient = t.real("g_total", nonzero=True)  # g + lambda theta
    mixed = following("adam", **start, g=total_gradient)[0]
    t.equal(
        t.state("first step of Adam with L2", Eq(mixed, theta - lr * sign(total_gradient))),
        because="the sign of g + lambda theta: the size of the decay is lost",
    )


@misprint(
    "L2 in the gradient is not weight decay under Adam",
    corrected="weight-decay-coupled-and-decoupled",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "l.190-192", "weight decay as the gradient of lambda/2 |w|^2, with l.158-178 Adam")],
)
def weight_decay_through_adam(t: Proof) -> None:
    """First step from 1 with the gradient -1/2 and lambda = lr = 1/10."""
    theta, g, lam, lr = t.real("theta"), t.real("g"), t.positive("lambda"), t.positive("lr")
    start = {"theta": theta, "m": 0, "v": 0, "t": 1, "lr": lr, "beta1": HALF, "beta2": HALF, "eps": 0}
    coupled = following("adam", **start, g=g + lam * theta)[0]
    decoupled = following("adamw", **start, g=g, weight_decay=lam)[0]
    t.refute(
        Eq(coupled, decoupled),
        {theta: 1, g: -HALF, lam: Rational(1, 10), lr: Rational(1, 10)},
        because="both move by +1/10, but only AdamW takes off the decay 1/100: 1.10 and 1.09",
    )


# ---- stopping early --------------------------------------------------------------------------------------------------


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
    """From the best step on the counter counts, so a run with patience p ends p steps after its best."""
    i = t.time("i")
    excess, low = t.function("excess"), t.real("v_best")
    (wait,) = t.recursion(i, wait=(0, lambda wait: Piecewise((0, Lt(low + excess(i) ** 2, low)), (wait(i) + 1, True))))
    t.induct(
        t.state("stops patience steps after the best", Eq(wait(i), i)),
        over=i,
        because="no improvement, so one more each step",
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


# ---- more data, more tasks -------------------------------------------------------------------------------------------


@theorem(
    "Input noise of covariance s^2 I on a linear model is ridge with weight s^2; on any model it penalizes the slope",
    covers=["000:noise-augmentation"],
    sources=[Source("000", "l.478", "adding noise")],
)
def noise_is_ridge(t: Proof) -> None:
    """The noise enters a linear residual as w'xi, which has mean 0 and variance s^2 |w|^2 and meets nothing else."""
    d, s = t.size("d"), t.positive("s")
    x, w, y = t.vector("x", d), t.vector("w", d), t.real("y")
    noise = t.random("xi", correlated(0, lambda i, j: s**2 * KroneckerDelta(i, j), [d]))
    residual = lambda shift: y - total(d, lambda i: w[i] * (x[i] + shift(i)))  # noqa: E731
    t.expectation(
        t.state(
            "noise on the inputs",
            Eq(
                Expectation(residual(lambda i: noise[i]) ** 2),
                residual(lambda i: 0) ** 2 + s**2 * total(d, lambda i: w[i] ** 2),
            ),
        ),
        because="expand the square: the cross term has mean 0, the noise of different inputs is uncorrelated",
    )
    f, point, size = t.function("f"), t.real("x_1"), t.real("s_1")
    flip = t.random("zeta", finite((1, -1), (HALF, HALF)))
    t.expectation(
        t.state(
            "two-sided noise of size s",
            Eq(
                Derivative(HALF * (y - f(point + size)) ** 2 + HALF * (y - f(point - size)) ** 2, size, size) / 2,
                HALF
                * (
                    Derivative(f(point + size), size) ** 2
                    - (y - f(point + size)) * Derivative(f(point + size), size, size)
                )
                + HALF
                * (
                    Derivative(f(point - size), size) ** 2
                    - (y - f(point - size)) * Derivative(f(point - size), size, size)
                ),
            ),
        ),
        because=(
            "at s = 0 the coefficient of s^2 is f'^2 - (y - f) f'': the slope is penalized, and the curvature "
            "where the fit is off"
        ),
    )
    t.expectation(t.state("its mean", Eq(Expectation(size * flip), 0)), because="both signs are equally likely")
    t.expectation(
        t.state("its variance", Eq(Expectation((size * flip) ** 2), size**2)), because="the square has no sign"
    )


@theorem(
    "Affine transforms compose as (A_2, t_2)(A_1, t_1) = (A_2 A_1, A_2 t_1 + t_2), and averaging over a group "
    "loses nothing in squared loss",
    covers=["000:geometric-augmentation"],
    sources=[Source("000", "l.480", "geometric transformations, e.g. affMNIST")],
)
def geometric_augmentation(t: Proof) -> None:
    """Averaged over transforms that keep the label, the objective is the same for an image and its transforms."""
    d = t.size("d")
    a1, a2, t1, t2, u = (
        t.vector("A_1", d, d),
        t.vector("A_2", d, d),
        t.vector("t_1", d),
        t.vector("t_2", d),
        t.vector("u", d),
    )
    i = t.index("i", d)
    apply = lambda a, shift, x: lambda i: total(d, lambda j: a(i, j) * x(j)) + shift(i)  # noqa: E731
    twice = apply(lambda i, j: a2[i, j], lambda i: t2[i], apply(lambda i, j: a1[i, j], lambda i: t1[i], lambda i: u[i]))
    composed = lambda i, j: total(d, lambda k: a2[i, k] * a1[k, j])  # noqa: E731
    moved = lambda i: total(d, lambda k: a2[i, k] * t1[k]) + t2[i]  # noqa: E731
    t.equal(
        t.state("composition", Eq(twice(i), apply(composed, moved, lambda i: u[i])(i))),
        because="A_2 (A_1 u + t_1) + t_2",
    )
    size, y = t.size("G"), t.real("y")
    f = t.vector("f", size)  # the predictions for the transforms of one image
    mean = total(size, lambda g: f[g]) / size
    loss = total(size, lambda g: (f[g] - y) ** 2) / size
    t.compare(
        t.state("the averaged prediction is no worse", Le((mean - y) ** 2, loss)),
        total(size, lambda g: (f[g] - mean) ** 2) / size,
        because="the mean squared error is the squared error of the mean and the variance over the transforms",
    )
    several = t.size("H", minimum=2)
    value, relabeled = t.vector("loss", several), t.random("P", orders(several, several))
    origin = t.real("origin")
    permuted = total(several, lambda g: total(several, lambda h: relabeled[g, h] * value[h]))
    t.expectation(
        t.state(
            "a sum over a group does not notice a transform",
            Eq(Expectation((permuted - origin) ** 2), (total(several, lambda g: value[g]) - origin) ** 2),
        ),
        because="g -> g h permutes the group, and no permutation of the terms changes their sum",
    )


@theorem(
    "A shared layer receives the weighted sum of its tasks' gradients; each head only its own",
    covers=["000:multitask-shared-gradient"],
    sources=[
        Source(
            "000", "l.486", "different supervised tasks share the same input x and some intermediate representation h"
        )
    ],
)
def multitask_gradient(t: Proof) -> None:
    """J = sum_t omega_t J_t: a trunk h = phi(theta x), one linear head a task, squared loss."""
    tasks, width, d = t.size("T"), t.size("n"), t.size("d")
    omega, target = t.vector("omega", tasks, low=0), t.vector("y", tasks)
    head, theta, x = t.vector("V", tasks, width), t.vector("theta", width, d), t.vector("x", d)
    phi = t.function("phi")
    a, b, c, s, r = t.index("a", width), t.index("b", d), t.index("c", width), t.index("s", tasks), t.index("r", tasks)
    inner = lambda c: total(d, lambda e: theta[c, e] * x[e])  # noqa: E731
    error = lambda k: total(width, lambda c: head[k, c] * phi(inner(c))) - target[k]  # noqa: E731
    objective = total(tasks, lambda k: omega[k] * HALF * error(k) ** 2)
    slope = Derivative(phi(inner(a)), theta[a, b])
    t.equal(
        t.state(
            "the shared layer",
            Eq(Derivative(objective, theta[a, b]), total(tasks, lambda k: omega[k] * error(k) * head[k, a]) * slope),
        ),
        because="every task depends on theta through h: the chain rule, summed",
    )
    t.equal(
        t.state("a head", Eq(Derivative(objective, head[s, a]), omega[s] * error(s) * phi(inner(a)))),
        because="no other task holds this head",
    )
    t.equal(
        t.state(
            "heads are decoupled given the shared layer",
            Eq(
                Derivative(objective, head[s, a], head[r, c]),
                KroneckerDelta(s, r) * omega[s] * phi(inner(a)) * phi(inner(c)),
            ),
        ),
        because="the Hessian in the heads has one block a task",
    )


@theorem(
    "With fewer examples than weights, what the data do not see only weight decay changes",
    covers=["002:high-dimensional-regression-example"],
    sources=[Source("002", "l.195-197", "y = 0.05 + sum_(i=1)^d 0.01 x_i + eps, eps ~ N(0, 0.01^2)")],
)
def unseen_directions(t: Proof) -> None:
    """A direction v with X v = 0 (there are such for n < d): each row of X is any vector z_i less its part along v."""
    n, d, k = t.size("n"), t.size("d"), t.time("k")
    z, v, w, y = t.vector("z", n, d), t.vector("v", d, nonzero=True), t.vector("w", d), t.vector("y", n)
    eta, lam, a = t.positive("eta"), t.nonnegative("lambda"), t.vector("a", n)
    along = lambda i: total(d, lambda c: z[i, c] * v[c]) / total(d, lambda c: v[c] ** 2)  # noqa: E731
    x = lambda i, c: z[i, c] - along(i) * v[c]  # noqa: E731
    i = t.index("i", n)
    t.equal(
        t.state("the data do not see v", Eq(total(d, lambda c: x(i, c) * v[c]), 0)),
        because="the part along v is taken off",
    )
    residual = lambda i: total(d, lambda c: x(i, c) * w[c]) - y[i]  # noqa: E731
    step = lambda c: w[c] - eta * (total(n, lambda i: residual(i) * x(i, c)) / n + lam * w[c])  # noqa: E731
    t.equal(
        t.state(
            "a step along v", Eq(total(d, lambda c: v[c] * step(c)), (1 - eta * lam) * total(d, lambda c: v[c] * w[c]))
        ),
        because="every gradient is a combination of the examples, hence orthogonal to v: only the decay acts",
    )
    start = t.real("s_0")
    (s,) = t.recursion(k, s=(start, lambda s: (1 - eta * lam) * s(k)))
    t.induct(
        t.state("after k steps", Eq(s(k), (1 - eta * lam) ** k * start)),
        over=k,
        because="without decay (lambda = 0) it never changes at all",
    )
    fitted = lambda c: total(n, lambda i: a[i] * x(i, c))  # noqa: E731 - what descent from 0 reaches
    t.equal(
        t.state(
            "descent from 0 finds the interpolator of least norm",
            Eq(
                total(d, lambda c: (fitted(c) + v[c]) ** 2),
                total(d, lambda c: fitted(c) ** 2) + total(d, lambda c: v[c] ** 2),
            ),
        ),
        because="every other one differs by such a v, which is orthogonal to all combinations of the examples",
    )
    example(t, d)


def example(t: Proof, d: Any) -> None:
    """The slide's weights 1/100 and noise of deviation 1/100, with standardized inputs."""
    hundredth = Rational(1, 100)
    inputs = t.random("u", correlated(0, lambda i, j: KroneckerDelta(i, j), [d]))
    t.expectation(
        t.state("signal variance", Eq(Expectation(total(d, lambda i: hundredth * inputs[i]) ** 2), d * hundredth**2)),
        because="d uncorrelated inputs: d times as strong as the noise",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("regularization")
