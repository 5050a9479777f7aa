"""Heavy ball on quadratics: where it is stable, how it oscillates, and its best pair of rate and momentum."""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Equivalent

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, theorem
from ..update_rules import following
from .velocity import VELOCITY


def heavy_ball_mode(t: Proof, k: Any, alpha: Any, h: Any, rule: str = VELOCITY) -> tuple[Any, Any]:
    """Iterate and velocity of one coordinate, f(x) = h x^2 / 2 with the rate 1 (only lr lambda matters)."""
    step = lambda x, v: following(rule, theta=x, v=v, g=h * x, lr=1, momentum=alpha)  # noqa: E731
    return t.recursion(k, x=(t.real("x0"), lambda x, v: step(x(k), v(k))[0]), v=(0, lambda x, v: step(x(k), v(k))[1]))


def conserved(x: Any, k: Any, trace: Any, determinant: Any) -> Any:
    """x_(k+1)^2 - T x_k x_(k+1) + D x_k^2: a step of x_(k+2) = T x_(k+1) - D x_k multiplies it by D."""
    return x(k + 1) ** 2 - trace * x(k) * x(k + 1) + determinant * x(k) ** 2


def oscillation(t: Proof, x: Any, k: Any, h: Any, trace: Any, determinant: Any) -> None:
    """What `conserved` shows of x_(k+2) = T x_(k+1) - D x_k from rest: with complex roots x_k^2 is of the order D^k."""
    energy = conserved(x, k, trace, determinant)
    start = next(d.symbol for d in t.declared if str(d.symbol) == "x0")
    t.equal(
        t.state(
            "a step multiplies the conserved form by D",
            Eq(conserved(x, k + 1, trace, determinant), determinant * energy),
        ),
        because="put x_(k+2) = T x_(k+1) - D x_k in: it is the norm of a number whose conjugates are multiplied by "
        "the roots",
    )
    bound = Le(energy, determinant ** (k + 1) * h * start**2)
    base = t.compare(bound.subs(k, 0), [0], because="from rest x_1 = (1 - h) x_0, and the form starts at D h x_0^2")
    step = t.suppose(bound).compare(
        bound.subs(k, k + 1), determinant * (bound.rhs - energy), because="both sides are multiplied by D >= 0"
    )
    kept = t.induct_from(bound, over=k, base=base, step=step, because="step by step")
    t.compare(
        t.state(
            "every iterate is of the order D^(k/2)",
            Le((determinant - trace**2 / 4) * x(k) ** 2, determinant ** (k + 1) * h * start**2),
        ),
        [(x(k + 1) - trace * x(k) / 2) ** 2, bound.rhs - energy],
        using=[kept],
        because="the form is (x_(k+1) - T x_k / 2)^2 + (D - T^2/4) x_k^2, and D > T^2/4 where the roots are complex",
    )


@theorem(
    "Heavy ball on a quadratic: x_(k+2) = (1 + alpha - h) x_(k+1) - alpha x_k, stable exactly for alpha < 1 and 0 < h "
    "< 2 (1 + alpha), and of the order alpha^(k/2) wherever its roots are complex",
    covers=[
        "004:heavy-ball-stability-region", "004:heavy-ball-update", "002:why-momentum-works",
        "001:momentum-accelerates-ill-conditioned-quadratics",
    ],
    sources=[Source("004", "l.491-551", "(the panels; no formula)"), Source("002", "l.154", "(a link; no formula)")],
)  # fmt: skip
def heavy_ball_stability(t: Proof) -> None:
    """The two-term form has the characteristic polynomial P(z) = z^2 - (1 + alpha - h) z + alpha.

    Its roots lie inside the unit circle if and only if alpha < 1, P(1) > 0 and P(-1) > 0
    (`roots_inside_the_unit_circle`).
    """
    k, h, alpha = t.time("k"), t.real("h"), t.nonnegative("alpha")
    x, _v = heavy_ball_mode(t, k, alpha, h)
    trace = 1 + alpha - h
    t.equal(
        t.state("two-term form on a quadratic", Eq(x(k + 2), trace * x(k + 1) - alpha * x(k))),
        because="the velocity is the last move, and the gradient is h x",
    )
    oscillation(t, x, k, h, trace, alpha)
    root = t.nonnegative("r")
    t.equal(
        t.state(
            "the roots are complex for h between (1 - r)^2 and (1 + r)^2, where alpha = r^2",
            Eq(4 * root**2 - (1 + root**2 - h) ** 2, (h - (1 - root) ** 2) * ((1 + root) ** 2 - h)),
        ),
        because="4 alpha - T^2 = (2r - T)(2r + T) with T = 1 + r^2 - h",
    )
    region = And(Lt(alpha, 1), Gt(h, 0), Lt(h, 2 * (1 + alpha)))
    stable = And(Lt(alpha, 1), Lt(trace, 1 + alpha), Lt(-trace, 1 + alpha))
    inside, conditions = t.suppose(region), t.suppose(stable)
    forward = [
        inside.compare(Lt(alpha, 1), 1 - alpha, because="as supposed"),
        inside.compare(Lt(trace, 1 + alpha), h, because="P(1) = h"),
        inside.compare(Lt(-trace, 1 + alpha), 2 * (1 + alpha) - h, because="P(-1) = 2 (1 + alpha) - h"),
    ]
    backward = [
        conditions.compare(Lt(alpha, 1), 1 - alpha, because="as supposed"),
        conditions.compare(Gt(h, 0), 1 + alpha - trace, because="P(1) = h"),
        conditions.compare(Lt(h, 2 * (1 + alpha)), 1 + alpha + trace, because="P(-1) = 2 (1 + alpha) - h"),
    ]
    t.equivalent(
        t.state("stable exactly for alpha < 1 and 0 < h < 2 (1 + alpha)", Equivalent(region, stable)),
        [inside.both(stable, forward, because="all three"), conditions.both(region, backward, because="all three")],
        because="P(1), P(-1) and P(0) in alpha and h",
    )
    negative_momentum(t, h)
    y, _w = t.recursion(
        k,
        y=(1, lambda y, w: following(VELOCITY, theta=y(k), v=w(k), g=y(k), lr=1, momentum=1)[0]),
        w=(0, lambda y, w: following(VELOCITY, theta=y(k), v=w(k), g=y(k), lr=1, momentum=1)[1]),
    )
    t.equal(
        t.state("alpha = 1, h = 1 repeats after six steps", Eq(y(k + 6), y(k))),
        because="the roots are the primitive sixth roots of 1",
    )
    kicked = t.real("v_0")
    rest = lambda f: following(VELOCITY, theta=f[0](k), v=f[1](k), g=h * f[0](k), lr=1, momentum=alpha)  # noqa: E731
    q, p = t.recursion(k, q=(0, lambda *f: rest(f)[0]), p=(kicked, lambda *f: rest(f)[1]))
    t.equal(
        t.state(
            "one step may lengthen the state (position, velocity)", Eq(q(1) ** 2 + p(1) ** 2, 2 * alpha**2 * kicked**2)
        ),
        because="from the minimum with a velocity v: for alpha^2 > 1/2 longer than v, so the rate is not one of "
        "single steps",
    )


def negative_momentum(t: Proof, h: Any) -> None:
    """The same region for every real alpha: it lies between -1 and 1."""
    alpha = t.real("a")
    size = Abs(alpha)
    region = And(Lt(size, 1), Gt(h, 0), Lt(h, 2 * (1 + alpha)))
    stable = And(Lt(alpha, 1), Lt(1 + alpha - h, 1 + alpha), Lt(-(1 + alpha - h), 1 + alpha))
    inside, conditions = t.suppose(region), t.suppose(stable)
    plus, minus = 1 + alpha - (1 + alpha - h), 1 + alpha + (1 + alpha - h)
    forward = [
        inside.compare(Lt(alpha, 1), [1 - size, size - alpha], because="alpha <= |alpha| < 1"),
        inside.compare(Lt(1 + alpha - h, 1 + alpha), h, because="P(1) = h"),
        inside.compare(Lt(-(1 + alpha - h), 1 + alpha), 2 * (1 + alpha) - h, because="P(-1) = 2 (1 + alpha) - h"),
    ]
    above = conditions.compare(Gt(1 + alpha, 0), [plus / 2, minus / 2], because="P(1) + P(-1) = 2 (1 + alpha)")
    backward = [
        conditions.compare(
            Lt(size, 1), (1 - alpha) * (1 + alpha) / (1 + size), using=[above], because="1 - alpha^2 > 0"
        ),
        conditions.compare(Gt(h, 0), plus, because="P(1) = h"),
        conditions.compare(Lt(h, 2 * (1 + alpha)), minus, because="P(-1) = 2 (1 + alpha) - h"),
    ]
    t.equivalent(
        t.state("any real alpha: stable exactly for |alpha| < 1 and 0 < h < 2 (1 + alpha)", Equivalent(region, stable)),
        [inside.both(stable, forward, because="all three"), conditions.both(region, backward, because="all three")],
        because="the same three inequalities; with negative alpha the room for h shrinks",
    )


@theorem(
    "Best heavy ball: lr = 4/(sqrt(L) + sqrt(mu))^2 and alpha = rho^2 give every mode in [mu, L] the rate rho = "
    "(sqrt(kappa) - 1)/(sqrt(kappa) + 1), and no pair gives a better one",
    covers=[
        "000:momentum-helps-figure", "001:momentum-accelerates-ill-conditioned-quadratics", "002:why-momentum-works",
        "004:heavy-ball-stability-region",
    ],
    sources=[
        Source("001", "l.305-320", "(high curvature, small but consistent gradients; figures)"),
        Source("000", "l.807-811", "(figure)"),
    ],
)  # fmt: skip
def heavy_ball_optimum(t: Proof) -> None:
    """With m = sqrt(mu) and l = sqrt(L) the best pair puts a double root at either end of the spectrum."""
    m, gap = t.positive("m"), t.nonnegative("gap")
    top = m + gap
    mode = t.real("lambda", m**2, top**2)
    best_rate, rho = 4 / (top + m) ** 2, (top - m) / (top + m)
    trace = lambda lr, alpha, curvature: 1 + alpha - lr * curvature  # noqa: E731
    t.equal(
        t.state("at mu the roots meet at rho", Eq(trace(best_rate, rho**2, m**2), 2 * rho)),
        because="lr mu = (1 - rho)^2, since 1 - rho = 2m/(l + m)",
    )
    t.equal(
        t.state("at L the roots meet at -rho", Eq(trace(best_rate, rho**2, top**2), -2 * rho)),
        because="lr L = (1 + rho)^2, since 1 + rho = 2l/(l + m)",
    )
    t.compare(
        t.state("in between they are complex, of modulus rho", Le(trace(best_rate, rho**2, mode) ** 2, 4 * rho**2)),
        best_rate**2 * (mode - m**2) * (top**2 - mode),
        because="4 rho^2 - T^2 = (2 rho - T)(2 rho + T), and these factors are lr (lambda - mu) and lr (L - lambda)",
    )
    kappa_root = t.real("sigma", 1)
    t.equal(
        t.state(
            "in terms of sigma = sqrt(kappa)",
            Eq(rho.subs(gap, (kappa_root - 1) * m), (kappa_root - 1) / (kappa_root + 1)),
        ),
        because="l = sigma m",
    )
    t.compare(
        t.state("never slower than gradient descent", Le(rho, (top**2 - m**2) / (top**2 + m**2))),
        2 * gap * m * top / ((top + m) * (top**2 + m**2)),
        because="(sigma - 1)/(sigma + 1) against (sigma^2 - 1)/(sigma^2 + 1): the square root of kappa in place of "
        "kappa",
    )
    no_better_pair(t, m, gap)


def no_better_pair(t: Proof, m: Any, gap: Any) -> None:
    """If all roots at mu and at L lie within the radius q, then P_mu(q) >= 0, P_L(-q) >= 0 and |alpha| <= q^2; that
    is all it takes.
    """
    top = m + gap
    q = t.real("q", 0, 1, open=True)
    r, s = t.real("r s", -q, q)
    trace, product = r + s, r * s
    t.compare(
        t.state("real roots within q: P(q) >= 0", Ge(q**2 - trace * q + product, 0)),
        (q - r) * (q - s),
        because="factors",
    )
    t.compare(
        t.state("real roots within q: P(-q) >= 0", Ge(q**2 + trace * q + product, 0)),
        (q + r) * (q + s),
        because="factors",
    )
    t.compare(
        t.state("real roots within q: D <= q^2", Le(product, q**2)),
        [(q - r) * (q + s) / 2, (q + r) * (q - s) / 2],
        because="2 (q^2 - rs) = (q - r)(q + s) + (q + r)(q - s)",
    )
    p, i = t.real("p i")
    for sign in (1, -1):
        t.compare(
            t.state(
                f"complex roots p +- i: P({'' if sign == 1 else '-'}q) >= 0",
                Ge(q**2 - sign * 2 * p * q + p**2 + i**2, 0),
            ),
            [(q - sign * p) ** 2, i**2],
            because="the squared distance of the root from q; and D = p^2 + i^2 is the squared modulus",
        )
    alpha = t.real("alpha", -(q**2), q**2)
    least, most = (1 - q) * (q - alpha) / (q * m**2), (1 + q) * (q + alpha) / (q * top**2)
    lr = t.real("lr", least, most)
    polynomial = lambda z, curvature: z**2 - (1 + alpha - lr * curvature) * z + alpha  # noqa: E731
    t.equal(
        t.state("P_mu(q) >= 0 bounds the rate from below", Eq(polynomial(q, m**2), q * m**2 * (lr - least))),
        because="P_mu(q) = lr mu q - (1 - q)(q - alpha)",
    )
    t.equal(
        t.state("P_L(-q) >= 0 bounds the rate from above", Eq(polynomial(-q, top**2), q * top**2 * (most - lr))),
        because="P_L(-q) = (1 + q)(q + alpha) - lr L q",
    )
    scale = q * (top + m) * (m * (1 + q) + top * (1 - q))
    t.compare(
        t.state("no learning rate and no momentum give a better rate", Ge(q, gap / (top + m))),
        [
            top**2 * m**2 * q * (lr - least) / scale,
            top**2 * m**2 * q * (most - lr) / scale,
            (q**2 - alpha) * (m**2 * (1 + q) + top**2 * (1 - q)) / scale,
        ],
        because="L P_mu(q) + mu P_L(-q) is free of lr; what remains is L (1 - q)^2 <= mu (1 + q)^2, or (l - m)/(l + "
        "m) <= q",
    )
