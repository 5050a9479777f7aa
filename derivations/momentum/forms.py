"""Buffer, velocity and two-term form of heavy ball, dampening, and momentum without friction."""

from __future__ import annotations

from typing import Any

from sympy import Abs

from ..kernel import Eq, Lt, Proof, Source, misprint, theorem
from ..update_rules import following
from .velocity import BUFFER, VELOCITY


@theorem(
    "Buffer, velocity and two-term form are one method while the learning rate is constant; when it changes, the "
    "buffer form moves alpha b (lr' - lr) further",
    covers=["001:momentum-update", "002:heavy-ball-two-term", "003:momentum-heavy-ball-deck3", "004:heavy-ball-update"],
    sources=[
        Source("001", "l.305-333", "v <- alpha v - eps g; theta <- theta + v"),
        Source("002", "l.152", "x_(k+1) = x_k - alpha_k g_k + beta_k (x_k - x_(k-1))"),
        Source("003", "l.569-588", "nu <- alpha nu - eps g; theta <- theta + nu"),
        Source("004", "l.462-470", "v <- gamma v + eta grad f(x); x <- x - v"),
    ],
)  # fmt: skip
def momentum_forms(t: Proof) -> None:
    """The gradients g_1, g_2, ... are arbitrary: two forms that stay together for all of them are one method."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha, lr = t.nonnegative("alpha"), t.positive("lr")
    rate, share = t.vector("lr_", n + 2, low=0, open=True), t.vector("alpha_", n + 2, low=0)
    g, start = t.vector("g", n + 2), t.real("theta0")
    constant_rate(t, k, alpha, lr, g, start)
    changing_rate(t, k, rate, share, g, start)
    change_of_rate(t, alpha)
    dampening_forms(t, k, alpha, g)


def constant_rate(t: Proof, k: Any, alpha: Any, lr: Any, g: Any, start: Any) -> None:
    """The velocity carries the learning rate, the buffer does not; decks 001 and 003 count it with the other sign."""
    step = lambda rule, theta, v: following(rule, theta=theta, v=v, g=g[k + 1], lr=lr, momentum=alpha)  # noqa: E731
    x, v, y, b, z, nu = t.recursion(
        k,
        x=(start, lambda x, v, *_: step(VELOCITY, x(k), v(k))[0]),
        v=(0, lambda x, v, *_: step(VELOCITY, x(k), v(k))[1]),
        y=(start, lambda x, v, y, b, *_: step(BUFFER, y(k), b(k))[0]),
        b=(0, lambda x, v, y, b, *_: step(BUFFER, y(k), b(k))[1]),
        z=(start, lambda *f: f[4](k) + (alpha * f[5](k) - lr * g[k + 1])),
        nu=(0, lambda *f: alpha * f[5](k) - lr * g[k + 1]),
    )
    t.induct(
        t.state("velocity is lr times the buffer", Eq(v(k), lr * b(k))),
        t.state("velocity and buffer form have the same iterates", Eq(x(k), y(k))),
        over=k,
        because="alpha (lr b) + lr g = lr (alpha b + g): a constant rate can be taken out of the buffer",
    )
    t.induct(
        t.state("the velocity of decks 001 and 003 has the other sign", Eq(nu(k), -v(k))),
        t.state("and its iterates are the same", Eq(z(k), x(k))),
        over=k,
        because="alpha nu - lr g = -(alpha v + lr g) for nu = -v, and it is added instead of subtracted",
    )


def changing_rate(t: Proof, k: Any, rate: Any, share: Any, g: Any, start: Any) -> None:
    """The velocity is the last move, v_k = x_(k-1) - x_k, whatever the rates: that is the two-term form."""
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=g[k + 1], lr=rate[k + 1], momentum=share[k + 1])  # noqa: E731
    x, _v = t.recursion(k, X=(start, lambda x, v: step(x(k), v(k))[0]), V=(0, lambda x, v: step(x(k), v(k))[1]))
    t.equal(
        t.state(
            "two-term form for any rates",
            Eq(x(k + 2), x(k + 1) - rate[k + 2] * g[k + 2] + share[k + 2] * (x(k + 1) - x(k))),
        ),
        because="the velocity is the last move, so alpha v is alpha (x_k - x_(k+1))",
    )
    t.equal(
        t.state("first step of the two-term form", Eq(x(1), start - rate[1] * g[1])),
        because="a velocity that starts at 0 is a two-term form with x_(-1) = x_0: its first step is a gradient step",
    )


def change_of_rate(t: Proof, alpha: Any) -> None:
    """Both forms stand at the same point with v = lr b; then the rate becomes lr'."""
    old, new, b, x, g = t.positive("lr_old"), t.positive("lr_new"), t.real("b_k"), t.real("x_k"), t.real("g_next")
    by_buffer = following(BUFFER, theta=x, v=b, g=g, lr=new, momentum=alpha)[0]
    by_velocity = following(VELOCITY, theta=x, v=old * b, g=g, lr=new, momentum=alpha)[0]
    t.equal(
        t.state("after a change of rate the forms differ by", Eq(by_velocity - by_buffer, alpha * b * (new - old))),
        because="the buffer rescales all past gradients to the new rate, the velocity keeps them at the old one; so "
        "the forms agree after it only if alpha = 0, the buffer is 0, or the rate did not change",
    )


def dampening_forms(t: Proof, k: Any, alpha: Any, g: Any) -> None:
    """Dampening d multiplies each gradient by 1 - d; a first gradient that is stored undamped is never caught up
    with.
    """
    d = t.real("d")
    damped = lambda rule, b: following(rule, theta=0, v=b, g=g[k + 1], lr=1, momentum=alpha, dampening=d, t=k + 1)[1]  # noqa: E731
    plain, everywhere, later = t.recursion(
        k,
        plain=(0, lambda p, *_: following(BUFFER, theta=0, v=p(k), g=g[k + 1], lr=1, momentum=alpha)[1]),
        damped=(0, lambda p, e, _: damped(BUFFER, e(k))),
        undamped_first=(0, lambda p, e, u: damped("momentum[first-step=undamped]", u(k))),
    )
    t.induct(
        t.state("dampening is a smaller rate", Eq(everywhere(k), (1 - d) * plain(k))),
        over=k,
        because="the factor 1 - d comes out of the sum; with d = alpha the buffer is an average of the past gradients",
    )
    gap = lambda k: later(k) - everywhere(k)  # noqa: E731
    t.equal(
        t.state("an undamped first step starts ahead", Eq(gap(1), d * g[1])),
        because="the first gradient weighs 1 in one form and 1 - d in the other",
    )
    t.equal(
        t.state("and is never caught up with", Eq(gap(k + 2), alpha * gap(k + 1))),
        because="from the second step on both forms are the same linear rule, so their difference only decays by alpha",
    )


@misprint(
    "Heavy ball needs gamma < 1: with gamma = 1 it does not converge on any quadratic",
    corrected="heavy-ball-stability",
    covers=["004:heavy-ball-update"],
    sources=[Source("004", "l.466 (and l.585, 648)", "gamma in [0, 1]")],
)
def heavy_ball_without_friction(t: Proof) -> None:
    """f = x^2/2, rate 1, x_0 = 1: the iterates are 1, 0, -1, -1, 0, 1 and so on forever."""
    k, gamma, h = t.time("k"), t.real("gamma", 0, 1), t.positive("h")
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=x, lr=h, momentum=gamma)  # noqa: E731
    x, v = t.recursion(k, x=(1, lambda x, v: step(x(k), v(k))[0]), v=(0, lambda x, v: step(x(k), v(k))[1]))
    t.refute(
        Lt(Abs(x(k + 6)) + Abs(v(k + 6)), Abs(x(k)) + Abs(v(k))),
        {gamma: 1, h: 1, k: 0},
        because="after six steps position and velocity are back at their start (1, 0)",
    )
