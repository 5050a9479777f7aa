"""AdaDelta: a second average, of squared updates, in place of the learning rate."""

from __future__ import annotations

from typing import Any

from sympy import sqrt

from ..kernel import Eq, Le, Lt, Proof, Source, theorem
from ..update_rules import following
from .adagrad import move
from .rmsprop import forgetting


@theorem(
    "AdaDelta: the update has the unit of the parameter, its first step is sqrt(eps/((1 - rho) g^2 + eps)) |g|, and "
    "it has no momentum: it is RMSProp with the rate sqrt(a + eps)",
    covers=["004:adadelta-update", "004:which-optimizer"],
    sources=[
        Source(
            "004", "l.737-762", "u_t = sqrt(U_(t-1) + eps) / sqrt(G_t + eps) g_t; U_t = rho U_(t-1) + (1 - rho) u_t^2"
        ),
        Source("004", "l.741", "an acceleration term, like momentum"),
    ],
)
def adadelta_step(t: Proof) -> None:
    """U averages squares: it carries no direction, only the size of past updates. Both averages start at 0."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    rho, c, start = forgetting(t), t.positive("c"), t.real("theta0")
    over, under, eps = t.positive("eps_a"), t.positive("eps_s"), t.positive("eps")
    g = t.vector("g", n + 1)

    def step(x: Any, s: Any, a: Any, g: Any, over: Any, under: Any) -> tuple[Any, Any, Any]:
        """AdaDelta with a constant of its own in numerator and denominator."""
        square = rho * s + (1 - rho) * g**2
        update = sqrt(a + over) / sqrt(square + under) * g
        return x - update, square, rho * a + (1 - rho) * update**2

    published = lambda x, s, a: following("adadelta", theta=x, s=s, a=a, g=g[k + 1], lr=1, rho=rho, eps=eps)  # noqa: E731
    scaled = lambda f: step(f[3](k), f[4](k), f[5](k), g[k + 1] / c, c**2 * over, under / c**2)  # noqa: E731
    plain = lambda f: step(f[0](k), f[1](k), f[2](k), g[k + 1], over, under)  # noqa: E731
    by_rmsprop = lambda f: following(  # noqa: E731
        "rmsprop[eps=inside]", theta=f[9](k), s=f[10](k), g=g[k + 1], lr=sqrt(f[8](k) + eps), alpha=rho, eps=eps
    )
    x, s, a, y, r, b, p, q, _d, z, w = t.recursion(
        k,
        x=(start, lambda *f: plain(f)[0]),
        s=(0, lambda *f: plain(f)[1]),
        a=(0, lambda *f: plain(f)[2]),
        y=(c * start, lambda *f: scaled(f)[0]),
        r=(0, lambda *f: scaled(f)[1]),
        b=(0, lambda *f: scaled(f)[2]),
        p=(start, lambda *f: published(f[6](k), f[7](k), f[8](k))[0]),
        q=(0, lambda *f: published(f[6](k), f[7](k), f[8](k))[1]),
        d=(0, lambda *f: published(f[6](k), f[7](k), f[8](k))[2]),
        z=(start, lambda *f: by_rmsprop(f)[0]),
        w=(0, lambda *f: by_rmsprop(f)[1]),
    )
    t.induct(
        Eq(r(k), s(k) / c**2),
        Eq(b(k), c**2 * a(k)),
        t.state("in units c times smaller the iterates are c times larger", Eq(y(k), c * x(k))),
        over=k,
        because="gradients get 1/c, squared updates c^2, so sqrt(a)/sqrt(s) g gets c: no learning rate has to carry a "
        "unit",
    )
    t.induct(
        Eq(w(k), q(k)),
        t.state("it is RMSProp with the root of the averaged squared updates for a rate", Eq(z(k), p(k))),
        over=k,
        because="the numerator stands where the learning rate stood",
    )
    adadelta_bounds(t, rho, eps)


def adadelta_bounds(t: Proof, rho: Any, eps: Any) -> None:
    g, s, a = t.real("g_"), t.nonnegative("s_"), t.nonnegative("a_")
    squared = move("adadelta", s=s, a=a, g=g, lr=1, rho=rho, eps=eps) ** 2
    under = rho * s + (1 - rho) * g**2 + eps
    t.compare(
        t.state("no gradient, no update", Le(squared, (a + eps) / eps * g**2)),
        [(a + eps) * g**2 * part / (eps * under) for part in (rho * s, (1 - rho) * g**2)],
        because="the denominator is at least sqrt(eps); momentum would go on moving",
    )
    t.compare(
        t.state("the first step is below sqrt(eps/(1 - rho))", Lt(squared.subs({s: 0, a: 0}), eps / (1 - rho))),
        eps**2 / ((1 - rho) * ((1 - rho) * g**2 + eps)),
        because="eps g^2 / ((1 - rho) g^2 + eps): 0.0045 for rho = 0.95, eps = 1e-6, whatever the scale of the "
        "gradient",
    )
