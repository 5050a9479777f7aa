"""Newton's step on minibatches: its bias, and the noise that the inverse Hessian amplifies."""

from __future__ import annotations

from sympy import Implies, KroneckerDelta

from ..kernel import Eq, Le, Lt, Proof, Source, misprint, theorem, total


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
