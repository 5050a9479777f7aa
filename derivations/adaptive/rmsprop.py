"""RMSProp: a decaying average of squares, without and with Nesterov momentum, and where its epsilon stands."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Implies, Max, Rational, sqrt

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, misprint, theorem, total
from ..update_rules import following
from .adagrad import move

HALF = Rational(1, 2)


def forgetting(t: Proof, name: str = "rho") -> Any:
    """0 <= rho < 1: the share of the average that survives a step."""
    rho = t.real(name, 0, 1)
    t.assume(Lt(rho, 1))
    return rho


@theorem(
    "RMSProp divides by a decaying average of squared gradients whose weights add up to 1 - rho^k: the first step is "
    "lr/sqrt(1 - rho), and none is longer",
    covers=[
        "000:rmsprop-accumulator", "001:rmsprop-update", "002:rmsprop-update-002", "003:rmsprop-deck3",
        "004:rmsprop-update",
    ],
    sources=[
        Source("000", "l.837-843", "r <- rho r + (1 - rho) g . g"),
        Source("001", "l.384-397", "theta <- theta - eps / sqrt(delta + r) g"),
        Source("002", "l.164-168", "v_(k,i) = beta v_(k-1,i) + (1 - beta) g_(k,i)^2"),
        Source("003", "l.603-617", "r <- rho r + (1 - rho) g . g; theta <- theta - eps / sqrt(delta + r) g"),
    ],
)  # fmt: skip
def rmsprop_step(t: Proof) -> None:
    """Without a correction of the start the average is short by rho^k, and early steps are too long by its root."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    rho, lr, c, start = forgetting(t), t.positive("lr"), t.positive("c"), t.real("theta0")
    g = t.vector("g", n + 1, nonzero=True)
    step = lambda x, s, g: following("rmsprop", theta=x, s=s, g=g, lr=lr, alpha=rho, eps=0)  # noqa: E731
    x, s, y, r, quiet, steady, largest = t.recursion(
        k,
        x=(start, lambda x, s, *_: step(x(k), s(k), g[k + 1])[0]),
        s=(0, lambda x, s, *_: step(x(k), s(k), g[k + 1])[1]),
        y=(start, lambda *f: step(f[2](k), f[3](k), c * g[k + 1])[0]),
        r=(0, lambda *f: step(f[2](k), f[3](k), c * g[k + 1])[1]),
        quiet=(c, lambda *f: rho * f[4](k) + (1 - rho) * 0),
        steady=(0, lambda *f: step(0, f[5](k), c)[1]),
        M=(0, lambda *f: Max(f[6](k), g[k + 1] ** 2)),
    )
    t.induct(
        t.state("accumulator", Eq(s(k), (1 - rho) * total(k, lambda i: rho ** (k - i) * g[i] ** 2))),
        over=k,
        because="a step multiplies every weight by rho and gives the new square the weight 1 - rho",
    )
    t.induct(
        t.state("the weights add up to 1 - rho^k", Eq(total(k, lambda i: rho ** (k - i)), (1 - rho**k) / (1 - rho))),
        over=k,
        because="a geometric sum, times 1 - rho: rho (1 - rho^k) + 1 - rho = 1 - rho^(k+1)",
    )
    t.induct(
        t.state("a constant gradient c", Eq(steady(k), c**2 * (1 - rho**k))),
        over=k,
        because="the weights add up to 1 - rho^k, so the k-th step is lr/sqrt(1 - rho^k)",
    )
    t.induct(
        t.state("silence", Eq(quiet(k), rho**k * c)), over=k, because="without gradients the average decays by rho"
    )
    t.induct(
        t.state("scaled gradients scale the accumulator", Eq(r(k), c**2 * s(k))),
        t.state("and leave the iterates", Eq(y(k), x(k))),
        over=k,
        because="c g / sqrt(c^2 s) = g / sqrt(s)",
    )
    claim = t.state("it never exceeds the largest square", Le(s(k), largest(k)))
    grown = Max(largest(k), g[k + 1] ** 2)
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="both are 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [rho * (largest(k) - s(k)), rho * (grown - largest(k)), (1 - rho) * (grown - g[k + 1] ** 2)],
            because="an average of the old one and of the new square",
        ),
        because="step by step",
    )
    rmsprop_bound(t, rho, lr)


def rmsprop_bound(t: Proof, rho: Any, lr: Any) -> None:
    """(1 - rho) g^2 is a part of what is under the root."""
    g, s, eps = t.real("g_", nonzero=True), t.nonnegative("s_"), t.nonnegative("eps")
    squared = move("rmsprop", s=s, g=g, lr=lr, alpha=rho, eps=eps) ** 2
    root = sqrt(rho * s + (1 - rho) * g**2)
    t.compare(
        t.state("no step is longer than lr/sqrt(1 - rho)", Le(squared, lr**2 / (1 - rho))),
        [lr**2 * part / ((1 - rho) * (root + eps) ** 2) for part in (rho * s, 2 * eps * root, eps**2)],
        because="(1 - rho) g^2 <= rho s + (1 - rho) g^2 <= (root + eps)^2",
    )
    inside = move("rmsprop[eps=inside]", s=s, g=g, lr=lr, alpha=rho, eps=eps)
    t.compare(
        t.state("nor with eps under the root", Le(inside**2, lr**2 / (1 - rho))),
        [lr**2 * part / ((1 - rho) * (root**2 + eps)) for part in (rho * s, eps)],
        because="(1 - rho) g^2 <= rho s + (1 - rho) g^2 + eps",
    )
    missing = lr**2 * rho * s / ((1 - rho) * root**2)
    t.equal(
        t.state("the first step has this length, for eps = 0", Eq(lr**2 / (1 - rho) - squared.subs(eps, 0), missing)),
        because="what is missing is the share of the past, rho s, and at first there is no past: 3.16 lr for rho = 0.9",
    )


@misprint(
    "RMSProp's step uses the gradient at the present iterate; with the printed index the equation is implicit",
    corrected="rmsprop-step",
    covers=["004:rmsprop-update"],
    sources=[Source("004", "l.764-775", "x^(t+1) = x^(t) - eta / sqrt(E_(t+1) + eps) g_(t+1), g_t = grad f(x^(t))")],
)
def rmsprop_implicit(t: Proof) -> None:
    """f = x^2/2, x_0 = 1, E = 1, eta = gamma = 1/2: the step leads to 1/2, which is no solution as printed."""
    x, held, lr, gamma = t.real("x"), t.positive("E"), t.positive("eta"), forgetting(t, "gamma")
    explicit = x - move("rmsprop[eps=inside]", s=held, g=x, lr=lr, alpha=gamma, eps=0)
    printed = x - move("rmsprop[eps=inside]", s=held, g=explicit, lr=lr, alpha=gamma, eps=0)
    t.refute(
        Eq(explicit, printed),
        {x: 1, held: 1, lr: HALF, gamma: HALF},
        because="with the gradient 1/2 of the point 1/2 itself the step from 1 leads to 0.68",
    )


@theorem(
    "With a constant rate RMSProp does not converge: on lambda x^2/2 it has the exact cycle +-lr/2, for every lambda",
    covers=["001:rmsprop-limit-cycle", "003:rmsprop-deck3", "004:rmsprop-update"],
    sources=[Source("001", "l.384-388", "(a consequence; no formula)")],
)
def rmsprop_limit_cycle(t: Proof) -> None:
    """At x = lr/2 with s = g^2 the average stays, so the step is lr sign(g): to -lr/2 and back."""
    k, rho, lr, curvature = t.time("k"), forgetting(t), t.positive("lr"), t.positive("lambda")
    step = lambda x, s: following("rmsprop", theta=x, s=s, g=curvature * x, lr=lr, alpha=rho, eps=0)  # noqa: E731
    x, s = t.recursion(
        k, x=(lr / 2, lambda x, s: step(x(k), s(k))[0]), s=((curvature * lr / 2) ** 2, lambda x, s: step(x(k), s(k))[1])
    )
    t.induct(
        t.state("the iterates alternate", Eq(x(k), (-1) ** k * lr / 2)),
        t.state("the average stays", Eq(s(k), (curvature * lr / 2) ** 2)),
        over=k,
        because="g^2 = (lambda lr/2)^2 at both ends, so g/sqrt(s) is the sign of x",
    )
    kink = lambda x, s: following("rmsprop", theta=x, s=s, g=x / Abs(x), lr=lr, alpha=rho, eps=0)  # noqa: E731
    y, r = t.recursion(k, y=(lr / 2, lambda y, r: kink(y(k), r(k))[0]), r=(1, lambda y, r: kink(y(k), r(k))[1]))
    t.induct(
        t.state("on |x| it alternates too", Eq(y(k), (-1) ** k * lr / 2)),
        Eq(r(k), 1),
        over=k,
        because="the gradient is a sign",
    )


@theorem(
    "Epsilon inside or outside the root: sqrt(v + d^2) <= sqrt(v) + d <= sqrt(2) sqrt(v + d^2), so eps inside acts "
    "like sqrt(eps) outside",
    covers=["001:epsilon-inside-vs-outside-root", "002:epsilon-placement"],
    sources=[
        Source("001", "l.380 and l.396", "delta + sqrt(r) for AdaGrad, sqrt(delta + r) for RMSProp"),
        Source("002", "l.158, 166, 173", "sqrt(v + eps)"),
    ],
)
def epsilon_placement(t: Proof) -> None:
    """Two perfect squares; and near v = 0, where the constant matters, the outside form allows far longer steps."""
    root, d = t.nonnegative("w"), t.positive("d")  # w = sqrt(v)
    inside, outside = sqrt(root**2 + d**2), root + d
    t.compare(
        t.state("outside is at least inside", Le(inside, outside)),
        2 * d * root / (inside + outside),
        because="(sqrt(v) + d)^2 - (v + d^2) = 2 d sqrt(v)",
    )
    t.compare(
        t.state("and at most sqrt(2) times it", Le(outside, sqrt(2) * inside)),
        (root - d) ** 2 / (sqrt(2) * inside + outside),
        because="2 (v + d^2) - (sqrt(v) + d)^2 = (sqrt(v) - d)^2",
    )
    eps, g, lr = t.positive("eps"), t.real("g", nonzero=True), t.positive("lr")
    step = lambda rule: Abs(move(rule, s=0, g=g, lr=lr, eps=eps))  # noqa: E731
    small = Le(2 * Abs(g) + eps, 1)
    square = sqrt(g**2 + eps)
    longer = t.suppose(small).compare(
        Ge(step("adagrad"), step("adagrad[eps=inside]")),
        lr * Abs(g) * eps * (1 - 2 * Abs(g) - eps) / ((Abs(g) + eps) * square * (Abs(g) + eps + square)),
        because="g^2 + eps - (|g| + eps)^2 = eps (1 - 2|g| - eps)",
    )
    t.implies(
        t.state("for small gradients the same eps shortens the step more when inside", Implies(small, longer.claim)),
        longer,
        because="as supposed; at g = 0 the factors are lr/sqrt(eps) and lr/eps",
    )


@misprint(
    "RMSProp with Nesterov momentum needs the constant delta that it lists",
    corrected="rmsprop-nesterov",
    covers=["001:rmsprop-nesterov-update"],
    sources=[Source("001", "l.398-404", "v <- alpha v - eps / sqrt(r) g, with delta among the inputs")],
)
def rmsprop_nesterov_without_delta(t: Proof) -> None:
    """A coordinate whose first gradient is 0, as behind a dead ReLU, divides 0 by 0."""
    g, r, lr, rho = t.real("g"), t.nonnegative("r"), t.positive("epsilon"), forgetting(t)
    held = following("rmsprop", theta=0, s=r, g=g, lr=lr, alpha=rho, eps=0)[1]
    t.undefined(lr / sqrt(held) * g, {g: 0, r: 0, lr: 1, rho: HALF}, because="r = 0 after a gradient 0")


@theorem(
    "RMSProp with Nesterov momentum, delta under the root: it is RMSProp for alpha = 0, leaves a coordinate without "
    "gradient alone, and its velocity stays below lr / ((1 - alpha) sqrt(1 - rho))",
    covers=["001:rmsprop-nesterov-update"],
    sources=[Source("001", "l.398-404", "v <- alpha v - eps / sqrt(delta + r) g(theta + alpha v); theta <- theta + v")],
)
def rmsprop_nesterov(t: Proof) -> None:
    """The gradients are arbitrary numbers, so it does not matter at which look-ahead point they were taken."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha, rho = forgetting(t, "alpha"), forgetting(t)
    lr, delta, start, v0 = t.positive("lr"), t.positive("delta"), t.real("theta0"), t.real("v0")
    g = t.vector("g", n + 1)
    held = lambda r, g: following("rmsprop", theta=0, s=r, g=g, lr=lr, alpha=rho, eps=0)[1]  # noqa: E731
    push = lambda r, g: lr * g / sqrt(delta + held(r, g))  # noqa: E731
    step = lambda x, s: following("rmsprop[eps=inside]", theta=x, s=s, g=g[k + 1], lr=lr, alpha=rho, eps=delta)  # noqa: E731
    _x, v, r, y, w, _s, z, u, _q = t.recursion(
        k,
        x=(start, lambda *f: f[0](k) + alpha * f[1](k) - push(f[2](k), g[k + 1])),
        v=(0, lambda *f: alpha * f[1](k) - push(f[2](k), g[k + 1])),
        r=(0, lambda *f: held(f[2](k), g[k + 1])),
        y=(start, lambda *f: f[3](k) + 0 * f[4](k) - push(f[5](k), g[k + 1])),
        w=(start, lambda *f: step(f[4](k), f[5](k))[0]),
        s=(0, lambda *f: step(f[4](k), f[5](k))[1]),
        z=(start, lambda *f: f[6](k) + alpha * f[7](k) - push(f[8](k), 0)),
        u=(v0, lambda *f: alpha * f[7](k) - push(f[8](k), 0)),
        q=(0, lambda *f: held(f[8](k), 0)),
    )
    t.induct(
        t.state("without momentum it is RMSProp", Eq(y(k), w(k))), over=k, because="the velocity is the step of RMSProp"
    )
    t.induct(
        t.state("without gradients the velocity only decays", Eq(u(k), alpha**k * v0)),
        t.state("and a coordinate at rest stays", Eq(z(k), start + alpha * (1 - alpha**k) / (1 - alpha) * v0)),
        over=k,
        because="0 / sqrt(delta) = 0, which is what delta is for",
    )
    claim = Ge(r(k), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts at 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1), [rho * r(k), (1 - rho) * g[k + 1] ** 2], because="an average of squares"
        ),
        because="step by step",
    )
    reach = lr**2 / ((1 - alpha) ** 2 * (1 - rho))
    root, pushed = delta + held(r(k), g[k + 1]), push(r(k), g[k + 1])
    claim = t.state("no velocity is longer than lr / ((1 - alpha) sqrt(1 - rho))", Lt(v(k) ** 2, reach))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), reach, because="it starts at rest"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                alpha * (reach - v(k) ** 2),
                lr**2 * (delta + rho * r(k)) / ((1 - alpha) * (1 - rho) * root),
                alpha * ((1 - alpha) * v(k) + pushed) ** 2 / (1 - alpha),
            ],
            using=[positive],
            because="the average of the old velocity and of a step of at most lr/sqrt(1 - rho), divided by 1 - alpha",
        ),
        because="step by step",
    )
