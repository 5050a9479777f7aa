"""Nesterov's look-ahead form, its rewritten form, and the look-ahead points as printed."""

from __future__ import annotations

from typing import Any

from sympy import Matrix, Rational

from ..kernel import Eq, Lt, Proof, Source, misprint, theorem
from ..update_rules import following
from .velocity import BUFFER, VELOCITY

HALF = Rational(1, 2)
NAG, NAG_BUFFER = "nesterov[lr=inside-velocity]", "nesterov"


@theorem(
    "Nesterov's look-ahead form and its rewritten form ask for the same gradients: theta~ = theta + alpha v is the "
    "iterate of the other, and the buffer form joins them while the learning rate is constant",
    covers=["000:nesterov-lookahead", "003:nesterov-deck3", "004:nag-change-of-variables", "000:delta-theta-notation"],
    sources=[
        Source("003", "l.592-599", "nu <- alpha nu - eps grad(theta + alpha nu); theta <- theta + nu"),
        Source("004", "l.580-594", "e = x - gamma v; v <- gamma v + eta grad f(e); x <- x - v"),
        Source("004", "l.646-672", "m' = m + gamma v - (1 + gamma) v'; v' = gamma v + eta grad f(m)"),
        Source("000", "l.779-783", "Delta theta <- -lambda g; theta <- theta + Delta theta"),
    ],
)  # fmt: skip
def nesterov_forms(t: Proof) -> None:
    """g_(k+1) is whatever the gradient is at the k-th look-ahead point: equal points mean equal gradients, and on."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha, g, start = t.nonnegative("alpha"), t.vector("g", n + 1), t.real("theta0")
    lr, rate = t.positive("lr"), t.vector("lr_", n + 1, low=0, open=True)
    x, v, m, w, nu, z = t.recursion(
        k,
        x=(start, lambda x, v, *_: x(k) - (alpha * v(k) + rate[k + 1] * g[k + 1])),
        v=(0, lambda x, v, *_: alpha * v(k) + rate[k + 1] * g[k + 1]),
        m=(start, lambda *f: following(NAG, theta=f[2](k), v=f[3](k), g=g[k + 1], lr=rate[k + 1], momentum=alpha)[0]),
        w=(0, lambda *f: following(NAG, theta=f[2](k), v=f[3](k), g=g[k + 1], lr=rate[k + 1], momentum=alpha)[1]),
        nu=(0, lambda *f: alpha * f[4](k) - rate[k + 1] * g[k + 1]),
        z=(start, lambda *f: f[5](k) + (alpha * f[4](k) - rate[k + 1] * g[k + 1])),
    )
    forms = t.induct(
        t.state("one velocity", Eq(w(k), v(k))),
        t.state("the rewritten iterate is the look-ahead point", Eq(m(k), x(k) - alpha * v(k))),
        t.state("the velocity of deck 003 has the other sign", Eq(nu(k), -v(k))),
        t.state("with the same iterates", Eq(z(k), x(k))),
        over=k,
        because="x' - alpha v' = x - (1 + alpha) v' = m + alpha v - (1 + alpha) v' = m - lr g - alpha v', for any "
        "rates",
    )
    t.equal(
        t.state(
            "deck 004's update of the look-ahead point", Eq(m(k + 1), m(k) + alpha * w(k) - (1 + alpha) * w(k + 1))
        ),
        using=forms[:1],
        because="alpha v + lr g = v', so -lr g - alpha v' = alpha v - (1 + alpha) v'",
    )
    t.equal(
        t.state("the iterate from the look-ahead point", Eq(x(k), m(k) + alpha * w(k))),
        using=forms,
        because="a run that reports m reports a point that differs from its iterate by alpha v",
    )
    p, b, q, c = t.recursion(
        k,
        p=(start, lambda p, b, *_: following(NAG_BUFFER, theta=p(k), v=b(k), g=g[k + 1], lr=lr, momentum=alpha)[0]),
        b=(0, lambda p, b, *_: following(NAG_BUFFER, theta=p(k), v=b(k), g=g[k + 1], lr=lr, momentum=alpha)[1]),
        q=(start, lambda *f: following(NAG, theta=f[2](k), v=f[3](k), g=g[k + 1], lr=lr, momentum=alpha)[0]),
        c=(0, lambda *f: following(NAG, theta=f[2](k), v=f[3](k), g=g[k + 1], lr=lr, momentum=alpha)[1]),
    )
    t.induct(
        t.state("the buffer form has the velocity lr b", Eq(c(k), lr * b(k))),
        t.state("and the same iterates at a constant rate", Eq(q(k), p(k))),
        over=k,
        because="lr (g + alpha b') = lr g + alpha v' for v' = lr b'",
    )
    nesterov_change_of_rate(t, alpha)


def nesterov_change_of_rate(t: Proof, alpha: Any) -> None:
    """As for heavy ball, with one factor alpha more, because the buffer enters the step once more decayed."""
    old, new, b, x, g = t.positive("lr_old"), t.positive("lr_new"), t.real("b_k"), t.real("x_k"), t.real("g_next")
    by_buffer = following(NAG_BUFFER, theta=x, v=b, g=g, lr=new, momentum=alpha)[0]
    by_velocity = following(NAG, theta=x, v=old * b, g=g, lr=new, momentum=alpha)[0]
    t.equal(
        t.state("after a change of rate the forms differ by", Eq(by_velocity - by_buffer, alpha**2 * b * (new - old))),
        because="the buffer rescales the past to the new rate, the velocity does not",
    )
    velocity = alpha * old * b + new * g
    heavy = following(VELOCITY, theta=x, v=old * b, g=g, lr=new, momentum=alpha)[0]
    t.equal(
        t.state("beyond heavy ball from the same state", Eq(heavy - by_velocity, alpha * (velocity - old * b))),
        because="heavy ball adds alpha times the old velocity, Nesterov alpha times the new one",
    )


@misprint(
    "The look-ahead point is theta - lambda alpha g', not theta + lambda g'",
    corrected="nesterov-forms",
    covers=["000:nesterov-lookahead"],
    sources=[
        Source("000", "l.815-821", "g <- grad J(theta + lambda g'); g' <- alpha g' + g; Delta theta <- -lambda g'")
    ],
)
def nesterov_looking_back(t: Proof) -> None:
    """The coming step is -lambda alpha g' (before the gradient is added): the printed point lies on the other side."""
    theta, buffer, alpha, lr = t.real("theta"), t.real("b"), t.real("alpha", 0, 1), t.positive("lr")
    without_gradient = following(BUFFER, theta=theta, v=buffer, g=0, lr=lr, momentum=alpha)[0]
    t.refute(
        Eq(theta + lr * buffer, without_gradient),
        {theta: 1, buffer: 1, alpha: HALF, lr: 1},
        because="the momentum carries theta = 1 to 1/2, and the printed rule looks at 2",
    )


@misprint(
    "A look-ahead with the wrong sign diverges where Nesterov's and heavy ball converge",
    corrected="nesterov-on-quadratics",
    covers=["000:nesterov-lookahead"],
    sources=[Source("000", "l.815-821", "g <- grad J(theta + lambda g')")],
)
def nesterov_looking_back_diverges(t: Proof) -> None:
    """On h theta^2 / 2 the printed rule multiplies the phase plane's area by alpha + lr h, which must be below 1."""
    alpha, curvature, lr = t.real("alpha", 0, 1), t.positive("lambda"), t.positive("lr")
    theta, buffer = t.real("theta"), t.real("b")
    t.assume(Lt(lr * curvature, (2 + 2 * alpha) / (1 + 2 * alpha)))
    g = curvature * (theta + lr * buffer)
    printed = Matrix(following(BUFFER, theta=theta, v=buffer, g=g, lr=lr, momentum=alpha))
    t.refute(
        Lt(printed.jacobian([theta, buffer]).det(), 1),
        {alpha: HALF, curvature: 1, lr: 1},
        because="the step 1 is stable for Nesterov with alpha = 1/2, but the printed rule's determinant is 3/2",
    )
