"""Adam's two moments: decaying averages that start at 0, and the correction of their start."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Limit, oo

from ..kernel import Eq, Expectation, Ge, Gt, Le, Proof, Source, independent, theorem, total
from ..update_rules import following
from .rmsprop import forgetting


@theorem(
    "Adam's corrected moments are weighted averages: exact for constant gradients, unbiased for stationary ones",
    covers=[
        "000:adam-moments", "000:adam-bias-correction", "002:adam-bias-correction", "003:adam-bias-correction-deck3",
        "004:adam-zero-init-bias", "004:adam-update", "004:adam-moments-meaning", "002:adam-update",
    ],
    sources=[
        Source("000", "l.847-861", "g' <- rho_1 g' + (1 - rho_1) g; g'' = g'/(1 - rho_1^t)"),
        Source("003", "l.626, 639-642", "s^ = s/(1 - rho_1^t), r^ = r/(1 - rho_2^t), t <- t + 1 first"),
        Source("004", "l.777-798", "m and v are biased towards 0, especially in the first steps"),
    ],
)  # fmt: skip
def adam_moments(t: Proof) -> None:
    """An average that starts at 0 has weights that add up to 1 - beta^k: dividing by that makes it an average."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta, c = forgetting(t, "beta"), t.real("c")
    g = t.vector("g", n + 1)
    first = lambda m, g: following("adam", theta=0, m=m, v=0, g=g, lr=1, beta1=beta, beta2=0, eps=1, t=k + 1)[1]  # noqa: E731
    second = lambda v, g: following("adam", theta=0, m=0, v=v, g=g, lr=1, beta1=0, beta2=beta, eps=1, t=k + 1)[2]  # noqa: E731
    m, v, steady, squares, buffer = t.recursion(
        k,
        m=(0, lambda *f: first(f[0](k), g[k + 1])),
        v=(0, lambda *f: second(f[1](k), g[k + 1])),
        steady=(0, lambda *f: first(f[2](k), c)),
        squares=(0, lambda *f: second(f[3](k), c)),
        buffer=(0, lambda *f: following("momentum", theta=0, v=f[4](k), g=g[k + 1], lr=1, momentum=beta)[1]),
    )
    t.induct(
        t.state("first moment", Eq(m(k), (1 - beta) * total(k, lambda i: beta ** (k - i) * g[i]))),
        over=k,
        because="a step multiplies every weight by beta and gives the new gradient the weight 1 - beta",
    )
    t.induct(
        t.state("second moment", Eq(v(k), (1 - beta) * total(k, lambda i: beta ** (k - i) * g[i] ** 2))),
        over=k,
        because="the same, with squares",
    )
    t.induct(
        t.state("it is 1 - beta times the momentum buffer", Eq(m(k), (1 - beta) * buffer(k))),
        over=k,
        because="the buffer gives the new gradient the weight 1",
    )
    (weight,) = t.induct(
        t.state(
            "the weights add up to 1 - beta^k", Eq(total(k, lambda i: beta ** (k - i)), (1 - beta**k) / (1 - beta))
        ),
        over=k,
        because="a geometric sum, times 1 - beta",
    )
    t.induct(
        t.state("constant gradients: m is short by the factor 1 - beta^k", Eq(steady(k), (1 - beta**k) * c)),
        t.state("and so is v", Eq(squares(k), (1 - beta**k) * c**2)),
        over=k,
        because="so that m/(1 - beta^k) = c and v/(1 - beta^k) = c^2 at every step: the correction is exact",
    )
    mean, spread = t.real("mu"), t.nonnegative("sigma")
    z = t.random("z", independent([mean, mean**2 + spread**2], [n], name="stationary gradients"))
    average = lambda power: (1 - beta) * total(k, lambda i: beta ** (k - i) * z[i] ** power)  # noqa: E731
    t.expectation(
        t.state("stationary gradients: the mean of m", Eq(Expectation(average(1)), (1 - beta**k) * mean)),
        using=[weight],
        because="expectation is linear and the weights add up to 1 - beta^k",
    )
    t.expectation(
        t.state(
            "the mean of v is the second moment, not the variance",
            Eq(Expectation(average(2)), (1 - beta**k) * (mean**2 + spread**2)),
        ),
        using=[weight],
        because="E[g^2] = Var(g) + E[g]^2",
    )
    t.induct(
        t.state(
            "drifting gradients: what m misses of any c",
            Eq(m(k), (1 - beta**k) * c + (1 - beta) * total(k, lambda i: beta ** (k - i) * (g[i] - c))),
        ),
        over=k,
        because="the weights add up to 1 - beta^k, so the error of m/(1 - beta^k) is the weighted mean of the drift",
    )
    squares_of_means(t, k, beta)
    corrected_larger(t, k, beta)


def squares_of_means(t: Proof, k: Any, beta: Any) -> None:
    """With one decay for both moments v^ >= m^^2, as for every weighted average. (After k + 1 gradients, g_0 the
    first.)
    """
    n = t.size("N")
    j, first, g = t.integer("s", 0, n), t.real("h0"), t.vector("h", n + 1)
    decays = dict(beta1=beta, beta2=beta, eps=1, lr=1, t=j + 1)
    moments = lambda m, v, g: following("adam", theta=0, m=m, v=v, g=g, **decays)[1:]  # noqa: E731
    m, v, weight = t.recursion(
        j,
        p=(moments(0, 0, first)[0], lambda *f: moments(f[0](j), f[1](j), g[j + 1])[0]),
        q=(moments(0, 0, first)[1], lambda *f: moments(f[0](j), f[1](j), g[j + 1])[1]),
        W=(1 - beta, lambda *f: beta * f[2](j) + 1 - beta),
    )
    claim = Gt(weight(j), 0)
    positive = t.induct_from(
        claim,
        over=j,
        base=t.compare(claim.subs(j, 0), 1 - beta, because="beta < 1"),
        step=t.suppose(claim).compare(claim.subs(j, j + 1), [beta * weight(j), 1 - beta], because="both parts"),
        because="step by step",
    )
    t.induct(
        t.state("total weight after k + 1 gradients", Eq(weight(j), 1 - beta ** (j + 1))), over=j, because="as before"
    )
    claim = t.state(
        "with one decay the corrected v is at least the square of the corrected m", Le(m(j) ** 2, weight(j) * v(j))
    )
    slack, new = weight(j) * v(j) - m(j) ** 2, g[j + 1]
    t.induct_from(
        claim,
        over=j,
        base=t.compare(claim.subs(j, 0), [0], because="one gradient: both sides are (1 - beta)^2 g^2"),
        step=t.suppose(claim).compare(
            claim.subs(j, j + 1),
            [
                beta**2 * slack,
                beta * (1 - beta) * (weight(j) * new - m(j)) ** 2 / weight(j),
                beta * (1 - beta) * slack / weight(j),
            ],
            using=[positive],
            because="Jensen, one gradient at a time",
        ),
        because="step by step",
    )


def corrected_larger(t: Proof, k: Any, beta: Any) -> None:
    """0 < 1 - beta^(k+1) <= 1, so correcting makes a moment larger, less and less so."""
    m = t.real("M")
    claim = Gt(1 - beta ** (k + 1), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), 1 - beta, because="beta < 1"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [1 - beta, beta * (1 - beta ** (k + 1))],
            because="1 - beta^(k+2) = 1 - beta + beta (1 - beta^(k+1))",
        ),
        because="step by step",
    )
    t.compare(
        t.state("the corrected moment is the larger one", Ge(Abs(m) / (1 - beta ** (k + 1)), Abs(m))),
        beta ** (k + 1) * Abs(m) / (1 - beta ** (k + 1)),
        using=[positive],
        because="the difference is beta^t/(1 - beta^t) |m|",
    )
    t.limit(
        t.state("and the correction vanishes", Eq(Limit(1 / (1 - beta ** (k + 1)), k, oo), 1)),
        because="beta^t vanishes",
    )
