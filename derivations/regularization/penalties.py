"""Penalized objectives: their path, their gradient, the priors behind them, and the bias that goes without."""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Implies, exp, log, pi, sqrt

from ..kernel import Eq, Expectation, Ge, Gt, Le, Lt, Proof, Source, choices, theorem, total


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
    """The negative logarithm of a density, up to its normalizer."""
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
    far_from_the_origin(t, w, alpha)


def far_from_the_origin(t: Proof, w: Any, alpha: Any) -> None:
    """A weight alpha > 0 leaves nothing to gain far away; -alpha outweighs every J = h w^2/2 with h < 2 alpha."""
    floor, level, here = t.real("J_inf"), t.real("J_0"), t.real("J_w")
    far = And(Ge(here, floor), Gt(alpha * w**2, level - floor))
    worse = t.suppose(far).compare(
        Gt(here + alpha * w**2, level),
        [here - floor, alpha * w**2 - level + floor],
        because="J is at least J_inf, and the penalty alone exceeds what J could still win",
    )
    t.implies(
        t.state("farther than sqrt((J_0 - J_inf)/alpha) nothing is better than 0", Implies(far, worse.claim)),
        worse,
        because="so an objective that is bounded below is attained near the origin, whatever J does",
    )
    h, depth = t.real("h", 0, 2 * alpha, open=True), t.positive("depth")
    deep = Gt((2 * alpha - h) * w**2, 2 * depth)
    lower = t.suppose(deep).compare(
        Lt(h * w**2 / 2 - alpha * w**2, -depth),
        (2 * alpha - h) * w**2 / 2 - depth,
        because="J - Omega = -(2 alpha - h) w^2/2",
    )
    t.implies(
        t.state("with the weight -alpha the objective falls below every level", Implies(deep, lower.claim)),
        lower,
        because="w may be as large as it likes",
    )


@theorem(
    "Without a penalty on the bias, ridge regression moves with the targets, and centering removes the bias",
    covers=["000:bias-not-penalised"],
    sources=[Source("000", "l.446", "Omega is usually applied only on the weights (not the biases)")],
)
def unpenalized_bias(t: Proof) -> None:
    """Compare the whole gradient at (w, b) with targets y and at (w, b + c) with targets y + s."""
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
    s = t.real("s")
    t.equal(
        t.state(
            "targets shifted by s, bias by c: the gradient in a weight",
            Eq(weights(b + c, s) - weights(b, 0), 2 * (c - s) * total(n, lambda i: x[i, j])),
        ),
        because="each residual moves by c - s: for c = s by nothing, so the same w is stationary",
    )
    t.equal(
        t.state("and that in the bias", Eq(offset(b + c, s, 0) - offset(b, 0, 0), 2 * n * (c - s))),
        because="likewise",
    )
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
