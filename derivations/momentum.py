"""Momentum: what the velocity is, which printed forms are the same method, and what it does to a quadratic.

Notation: alpha is the momentum (gamma in deck 004, beta in deck 002), lr the learning rate, v the velocity, g_1, g_2,
... the gradients that a run meets, h = lr * lambda the step in units of the curvature. Every rule is read from
`update_rules`, so that these theorems speak of the very expressions that implementations are held to.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Equivalent, Implies, Integer, Limit, Matrix, Max, Rational, cos, oo, sqrt

from .kernel import Eq, Fact, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total
from .update_rules import following

HALF = Rational(1, 2)
BUFFER, VELOCITY = "momentum", "momentum[lr=inside-velocity]"


def retention(t: Proof, name: str = "alpha") -> Any:
    """0 <= alpha < 1: how much of the velocity survives a step."""
    alpha = t.real(name, 0, 1)
    t.assume(Lt(alpha, 1))
    return alpha


@theorem(
    "The velocity is a decaying sum of the past gradients: its weights add up to (1 - alpha^k)/(1 - alpha), not to 1",
    covers=[
        "000:polyak-momentum", "001:momentum-is-decaying-sum", "001:terminal-velocity",
        "003:momentum-is-a-sum-not-an-average",
    ],
    sources=[
        Source("000", "l.787-794", "g' <- alpha g' + g; Delta theta = -lambda g'"),
        Source("001", "l.307-314, 339-340", "v <- alpha v - eps g; terminal speed eps |g| / (1 - alpha)"),
    ],
)  # fmt: skip
def momentum_as_decaying_sum(t: Proof) -> None:
    """Each step multiplies all that is there by alpha and adds one gradient, so a gradient j steps old weighs
    alpha^j.
    """
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha, lr = retention(t), t.positive("lr")
    start, theta0, gradient = t.real("v0"), t.real("theta0"), t.vector("g", n)
    step = lambda v, g, theta=0: following(VELOCITY, theta=theta, v=v, g=g, lr=lr, momentum=alpha)  # noqa: E731
    v, steady, position = t.recursion(
        k,
        v=(start, lambda v, *_: step(v(k), gradient[k + 1])[1]),
        steady=(0, lambda _, steady, __: step(steady(k), gradient[1])[1]),
        theta=(theta0, lambda _, steady, theta: step(steady(k), gradient[1], theta(k))[0]),
    )
    t.induct(
        t.state("velocity", Eq(v(k), alpha**k * start + lr * total(k, lambda s: alpha ** (k - s) * gradient[s]))),
        over=k,
        because="a step multiplies every weight by alpha and gives the new gradient the weight 1",
    )
    t.induct(
        t.state("total weight", Eq(total(k, lambda s: alpha ** (k - s)), (1 - alpha**k) / (1 - alpha))),
        over=k,
        because="a geometric sum: alpha (1 - alpha^k)/(1 - alpha) + 1 = (1 - alpha^(k+1))/(1 - alpha)",
    )
    terminal = lr * gradient[1] / (1 - alpha)
    closed = t.induct(
        t.state("velocity under a constant gradient", Eq(steady(k), terminal * (1 - alpha**k))),
        t.state(
            "path under a constant gradient",
            Eq(position(k), theta0 - terminal * (k - alpha * (1 - alpha**k) / (1 - alpha))),
        ),
        over=k,
        because="the gradient comes out of the sum; the path adds the velocities up",
    )
    t.equal(
        t.state("what is missing to the terminal velocity", Eq(terminal - steady(k), alpha**k * terminal)),
        using=closed,
        because="the error shrinks by alpha a step: 95 % of the terminal velocity is reached after "
        "log(0.05)/log(alpha) steps",
    )
    t.limit(
        t.state("terminal velocity", Eq(Limit(terminal * (1 - alpha**k), k, oo), terminal)),
        because="alpha^k vanishes, since alpha < 1",
    )


@misprint(
    "The velocity of momentum is no moving average of the gradients",
    corrected="momentum-as-decaying-sum",
    covers=["003:momentum-is-a-sum-not-an-average"],
    sources=[
        Source("003", "l.572-574", "nu is an exponentially decaying moving average of past gradients"),
        Source("001", "l.307-314", "an exponentially decaying moving average"),
    ],
)
def momentum_as_average(t: Proof) -> None:
    """The weights of an average add up to 1; after two steps with alpha = 1/2 these add up to 3/2."""
    k, alpha = t.time("k"), t.real("alpha", 0, 1)
    t.refute(
        Eq(total(k, lambda s: alpha ** (k - s)), 1),
        {k: 2, alpha: HALF},
        because="two equal gradients g give the velocity 3/2 g, which no average of them is",
    )


@theorem(
    "The velocity never exceeds lr max|g| / (1 - alpha); aligned gradients approach it, alternating ones lr |g| / (1 "
    "+ alpha)",
    covers=["001:velocity-bound-alignment", "004:momentum-accelerates-and-damps"],
    sources=[
        Source("001", "l.337-338", "the step is largest when many gradients point in the same direction"),
        Source("004", "l.474-489", "momentum accelerates along a constant gradient and dampens an alternating one"),
    ],
)
def momentum_velocity_bound(t: Proof) -> None:
    """The new velocity is the average, with weights alpha and 1 - alpha, of the old one and of lr g / (1 - alpha)."""
    longest_velocity(t)
    response(t)


def longest_velocity(t: Proof) -> None:
    """In any dimension: M_k is the largest squared norm among the first k gradients."""
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    alpha, lr = retention(t), t.positive("lr")
    gradient = t.vector("G", d, n + 1)
    squared = lambda s: total(d, lambda i: gradient[i, s] ** 2)  # noqa: E731
    v, largest = t.recursion(
        k,
        v=(
            (j,),
            0,
            lambda v, _: following(VELOCITY, theta=0, v=v(j, k), g=gradient[j, k + 1], lr=lr, momentum=alpha)[1],
        ),
        M=(0, lambda _, largest: Max(largest(k), squared(k + 1))),
    )
    speed = total(d, lambda i: v(i, k) ** 2)
    reach = lr**2 / (1 - alpha) ** 2
    claim = t.state("no velocity is longer than lr max|g| / (1 - alpha)", Le(speed, reach * largest(k)))
    base = t.compare(claim.subs(k, 0), [0], because="before the first step both sides are 0")
    disagreement = total(d, lambda i: ((1 - alpha) * v(i, k) - lr * gradient[i, k + 1]) ** 2) / (1 - alpha) ** 2
    now = squared(k + 1)
    grown = Max(largest(k), now)
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [
            alpha * (reach * largest(k) - speed),
            alpha * reach * (grown - largest(k)),
            (1 - alpha) * reach * (grown - now),
            alpha * (1 - alpha) * disagreement,
        ],
        because="the square of an average is the average of the squares less alpha (1 - alpha) times the squared "
        "difference",
    )
    t.induct_from(claim, over=k, base=base, step=step, because="step by step, from rest")


def response(t: Proof) -> None:
    """Gradients that repeat, alternate or oscillate with the frequency omega: the velocity follows, amplified or
    damped.
    """
    k = t.time("k_")
    beta, rate, g, omega = retention(t, "beta"), t.positive("eta"), t.real("g"), t.real("omega")
    step = lambda v, g: following(VELOCITY, theta=0, v=v, g=g, lr=rate, momentum=beta)[1]  # noqa: E731
    alternating, wave, aligned = t.recursion(
        k,
        alternating=(0, lambda a, *_: step(a(k), (-1) ** k * g)),
        wave=(
            rate * (1 - beta * cos(omega)) / (1 - 2 * beta * cos(omega) + beta**2),
            lambda _, w, __: step(w(k), cos(omega * (k + 1))),
        ),
        aligned=(0, lambda *f: step(f[2](k), g)),
    )
    t.induct(
        t.state("velocity under aligned gradients", Eq(aligned(k), rate * g * (1 - beta**k) / (1 - beta))),
        over=k,
        because="a geometric sum with the ratio alpha: it approaches the bound",
    )
    t.induct(
        t.state(
            "velocity under alternating gradients",
            Eq(alternating(k), -rate * g * ((-1) ** k - beta**k) / (1 + beta)),
        ),
        over=k,
        because="a geometric sum with the ratio -alpha: it settles at the amplitude lr |g| / (1 + alpha)",
    )
    size = 1 - 2 * beta * cos(omega) + beta**2
    t.induct(
        t.state(
            "velocity under gradients of frequency omega",
            Eq(wave(k), rate * (cos(omega * k) - beta * cos(omega * (k + 1))) / size),
        ),
        over=k,
        because="cos(omega (k + 2)) + cos(omega k) = 2 cos(omega) cos(omega (k + 1)), which is what the recursion "
        "needs",
    )
    t.compare(
        t.state("alternating gradients are damped", Le(1 / (1 + beta), 1)),
        beta / (1 + beta),
        because="1 + alpha >= 1",
    )
    t.compare(
        t.state("constant gradients are amplified", Ge(1 / (1 - beta), 1)),
        beta / (1 - beta),
        because="1 - alpha <= 1",
    )


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


# ---- on quadratics: in the eigenbasis every coordinate is f(x) = lambda x^2 / 2 on its own, and h = lr lambda ------


@theorem(
    "The roots of z^2 - T z + D lie inside the unit circle exactly if D < 1 and |T| < 1 + D",
    covers=["004:heavy-ball-stability-region"],
    sources=[Source("004", "l.491-551", "(the panels; no formula)")],
)
def roots_inside_the_unit_circle(t: Proof) -> None:
    """T and D are the sum and the product of the roots; the two inequalities say that P(1) and P(-1) are positive."""
    real_roots(t)
    complex_roots(t)
    two_modes(t)


def real_roots(t: Proof) -> None:
    r, s = t.real("r s")
    inside = And(Lt(Abs(r), 1), Lt(Abs(s), 1))
    jury = And(Lt(r * s, 1), Lt(r + s, 1 + r * s), Lt(-(r + s), 1 + r * s))
    small = t.suppose(inside)
    signs = [
        small.compare(Gt(1 + sign * root, 0), [1 - Abs(root), Abs(root) + sign * root], because="|r| < 1")
        for root in (r, s)
        for sign in (1, -1)
    ]
    facts = [
        small.compare(
            Lt(r * s, 1),
            [(1 - r) * (1 + s) / 2, (1 + r) * (1 - s) / 2],
            using=signs,
            because="2 (1 - rs) = (1 - r)(1 + s) + (1 + r)(1 - s)",
        ),
        small.compare(Lt(r + s, 1 + r * s), (1 - r) * (1 - s), using=signs, because="P(1) = (1 - r)(1 - s)"),
        small.compare(Lt(-(r + s), 1 + r * s), (1 + r) * (1 + s), using=signs, because="P(-1) = (1 + r)(1 + s)"),
    ]
    necessary = small.both(jury, facts, because="all three")
    given = t.suppose(jury)
    plus, minus = 1 + r * s - (r + s), 1 + r * s + (r + s)
    not_both = given.compare(
        Gt(2 - r**2 - s**2, 0),
        [plus * minus, (1 - r * s) * plus / 2, (1 - r * s) * minus / 2],
        because="a + b = ab + 1 - (rs)^2 for a = 1 - r^2, b = 1 - s^2, and 2 (1 + rs) = P(1) + P(-1) > 0: not both "
        "outside",
    )
    within = []
    for root in (r, s):
        squared = given.compare(
            Gt(1 - root**2, 0),
            [(1 - root**2) ** 2 / (2 - r**2 - s**2), plus * minus / (2 - r**2 - s**2)],
            using=[not_both],
            because="a = (a^2 + ab) / (a + b), and ab = P(1) P(-1)",
        )
        within.append(
            given.compare(
                Lt(Abs(root), 1),
                (1 - root**2) / (1 + Abs(root)),
                using=[squared],
                because="1 - r^2 = (1 - |r|)(1 + |r|)",
            )
        )
    sufficient = given.both(inside, within, because="both")
    t.equivalent(
        t.state("two real roots", Equivalent(inside, jury)), [necessary, sufficient], because="as supposed, both ways"
    )


def complex_roots(t: Proof) -> None:
    """Roots p +- iq with q != 0: T = 2p, D = p^2 + q^2, and the two inequalities hold by themselves."""
    p, q = t.real("p"), t.real("q", nonzero=True)
    t.compare(
        t.state("a pair of complex roots: T < 1 + D", Lt(2 * p, 1 + p**2 + q**2)),
        [(1 - p) ** 2, q**2],
        because="P(1) = (1 - p)^2 + q^2; so only D = p^2 + q^2, the squared modulus, has to be below 1",
    )
    t.compare(
        t.state("a pair of complex roots: -T < 1 + D", Lt(-2 * p, 1 + p**2 + q**2)),
        [(1 + p) ** 2, q**2],
        because="P(-1) = (1 + p)^2 + q^2",
    )


def two_modes(t: Proof) -> None:
    """x_(k+2) = T x_(k+1) - D x_k with T = r + s and D = r s: every solution is made of r^k and s^k."""
    k, r, gap, start, first = t.time("k"), t.real("rho"), t.positive("gap"), t.real("x0"), t.real("x1")
    s = r - gap
    x, following_x = t.recursion(
        k,
        x=(start, lambda x, y: y(k)),
        y=(first, lambda x, y: (r + s) * y(k) - r * s * x(k)),
    )
    closed = ((first - s * start) * r**k - (first - r * start) * s**k) / gap
    t.induct(
        t.state("two different real roots", Eq(x(k), closed)),
        Eq(following_x(k), closed.subs(k, k + 1)),
        over=k,
        because="both r^k and s^k solve the recursion, and this combination starts at x_0, x_1",
    )
    inside = And(Lt(Abs(r), 1), Lt(Abs(s), 1))
    gone = t.suppose(inside).limit(Eq(Limit(closed, k, oo), 0), because="both powers vanish")
    t.implies(
        t.state("inside the unit circle every solution vanishes", Implies(inside, gone.claim)),
        gone,
        because="as supposed",
    )
    slope = t.real("c")
    z, following_z = t.recursion(
        k,
        z=(start, lambda z, w: w(k)),
        w=(r * (start + slope), lambda z, w: 2 * r * w(k) - r**2 * z(k)),
    )
    t.induct(
        t.state("a double root, x_1 = rho (x_0 + c)", Eq(z(k), r**k * (start + k * slope))),
        Eq(following_z(k), r ** (k + 1) * (start + (k + 1) * slope)),
        over=k,
        because="where two roots meet, k r^k takes the place of the second power",
    )


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


@theorem(
    "Nesterov on a quadratic is heavy ball with alpha (1 - h) in place of alpha; it is stable exactly for 0 < h < (2 "
    "+ 2 alpha)/(1 + 2 alpha), and reaches the rate 1 - 1/sqrt(kappa) on the whole spectrum",
    covers=["001:nesterov-momentum", "004:nesterov-update", "000:nesterov-lookahead", "004:ravine-nag-panels"],
    sources=[
        Source("001", "l.342-348", "theta~ = theta + alpha v; v <- alpha v - eps grad J(theta~); theta <- theta + v"),
        Source("004", "l.580-594", "e = x - gamma v; v <- gamma v + eta grad f(e); x <- x - v"),
        Source("004", "l.605-608", "the anticipatory update prevents too large updates and overshooting"),
    ],
)  # fmt: skip
def nesterov_on_quadratics(t: Proof) -> None:
    """The gradient at the look-ahead point is h (x - alpha v), so the look-ahead damps the velocity itself by 1 - h.

    The roots lie inside the unit circle if and only if D < 1, P(1) > 0 and P(-1) > 0 (`roots_inside_the_unit_circle`).
    """
    k, h, alpha = t.time("k"), t.real("h"), t.real("alpha", 0, 1)
    start = t.real("x0")
    new = lambda x, v: alpha * v + h * (x - alpha * v)  # noqa: E731 - the velocity after the step
    x, _v = t.recursion(k, x=(start, lambda x, v: x(k) - new(x(k), v(k))), v=(0, lambda x, v: new(x(k), v(k))))
    trace, determinant = (1 + alpha) * (1 - h), alpha * (1 - h)
    t.equal(
        t.state("two-term form of Nesterov on a quadratic", Eq(x(k + 2), trace * x(k + 1) - determinant * x(k))),
        because="x_(k+1) = (1 - h)(x_k - alpha v_k), and the velocity is the last move",
    )
    m, _w = t.recursion(
        k,
        m=(start, lambda m, w: following(NAG, theta=m(k), v=w(k), g=h * m(k), lr=1, momentum=alpha)[0]),
        w=(0, lambda m, w: following(NAG, theta=m(k), v=w(k), g=h * m(k), lr=1, momentum=alpha)[1]),
    )
    t.equal(
        t.state("and of the rewritten form", Eq(m(k + 2), trace * m(k + 1) - determinant * m(k))),
        because="the look-ahead points are a fixed combination of two iterates, so they obey the same recursion",
    )
    stable_nesterov(t, h, alpha, trace, determinant)
    whole_spectrum(t)
    printed_lookahead(t)


def stable_nesterov(t: Proof, h: Any, alpha: Any, trace: Any, determinant: Any) -> None:
    """P(1) = h, P(-1) = 2 + 2 alpha - h (1 + 2 alpha), and D = alpha (1 - h) < 1 follows, even for alpha = 1."""
    limit = (2 + 2 * alpha) / (1 + 2 * alpha)
    region = And(Gt(h, 0), Lt(h, limit))
    stable = And(Lt(determinant, 1), Lt(trace, 1 + determinant), Lt(-trace, 1 + determinant))
    inside, conditions = t.suppose(region), t.suppose(stable)
    forward = [
        inside.compare(
            Lt(determinant, 1),
            [(1 - alpha) * (limit - h) / 2, (1 - alpha) * alpha / (1 + 2 * alpha), h * (1 + alpha) / 2],
            because="1 - D = (1 - alpha)(1 - h/2) + h (1 + alpha)/2, and h < limit <= 2",
        ),
        inside.compare(Lt(trace, 1 + determinant), h, because="P(1) = h"),
        inside.compare(
            Lt(-trace, 1 + determinant), (1 + 2 * alpha) * (limit - h), because="P(-1) = 2 + 2 alpha - h (1 + 2 alpha)"
        ),
    ]
    backward = [
        conditions.compare(Gt(h, 0), 1 + determinant - trace, because="P(1) = h"),
        conditions.compare(
            Lt(h, limit), (1 + determinant + trace) / (1 + 2 * alpha), because="P(-1) = 2 + 2 alpha - h (1 + 2 alpha)"
        ),
    ]
    t.equivalent(
        t.state("stable exactly for 0 < h < (2 + 2 alpha)/(1 + 2 alpha)", Equivalent(region, stable)),
        [inside.both(stable, forward, because="all three"), conditions.both(region, backward, because="both")],
        because="P(1) and P(-1) in alpha and h",
    )
    t.compare(
        t.state("that is less room than gradient descent has", Le(limit, 2)),
        2 * alpha / (1 + 2 * alpha),
        because="2 - (2 + 2 alpha)/(1 + 2 alpha) = 2 alpha / (1 + 2 alpha): the look-ahead prevents no divergence",
    )


def whole_spectrum(t: Proof) -> None:
    """lr = 1/L and alpha = (1 - s)/(1 + s), s = sqrt(mu/L): the modes are h in [s^2, 1]."""
    s = t.real("s", 0, 1, open=True)
    h = t.real("h_", s**2, 1)
    alpha = (1 - s) / (1 + s)
    trace, determinant = (1 + alpha) * (1 - h), alpha * (1 - h)
    t.equal(
        t.state("the roots meet at 1 - s for the flattest mode", Eq(trace.subs(h, s**2), 2 * (1 - s))),
        because="(1 + alpha)(1 - s^2) = 2 (1 - s)",
    )
    t.equal(
        t.state("their product there", Eq(determinant.subs(h, s**2), (1 - s) ** 2)),
        because="alpha (1 - s^2) = (1 - s)^2",
    )
    t.compare(
        t.state("everywhere the roots are complex or double", Le(trace**2, 4 * determinant)),
        4 * (1 - h) * (h - s**2) / (1 + s) ** 2,
        because="4 D - T^2 = (1 - h)(4 alpha - (1 + alpha)^2 (1 - h)), and (1 + alpha)^2 (1 - s^2) = 4 alpha",
    )
    t.compare(
        t.state("and their modulus is at most 1 - s", Le(determinant, (1 - s) ** 2)),
        alpha * (h - s**2),
        because="D = alpha (1 - h) is largest for the flattest mode",
    )
    t.compare(
        t.state("the best heavy ball is faster on a quadratic", Le(alpha, 1 - s)),
        s * (1 - s) / (1 + s),
        because="(1 - s)/(1 + s) = (sqrt(kappa) - 1)/(sqrt(kappa) + 1)",
    )


def printed_lookahead(t: Proof) -> None:
    """With the gradient at theta + lr b, as printed in deck 000, the determinant grows with h instead of shrinking."""
    alpha, curvature, lr = t.nonnegative("alpha_"), t.positive("lambda"), t.positive("lr")
    theta, buffer = t.real("theta b")
    at = lambda point: following(  # noqa: E731
        BUFFER, theta=theta, v=buffer, g=curvature * point, lr=lr, momentum=alpha
    )
    determinant = lambda f, g: (  # noqa: E731 - of the Jacobian: what a step does to an area of the phase plane
        Derivative(f, theta) * Derivative(g, buffer) - Derivative(f, buffer) * Derivative(g, theta)
    )
    t.equal(
        t.state(
            "determinant of the printed look-ahead",
            Eq(determinant(*at(theta + lr * buffer)), alpha + lr * curvature),
        ),
        because="the product of the roots: the printed rule diverges as soon as lr lambda > 1 - alpha",
    )
    t.equal(
        t.state(
            "determinant of the look-ahead",
            Eq(determinant(*at(theta - lr * alpha * buffer)), alpha * (1 - lr * curvature)),
        ),
        because="the look-ahead damps the velocity",
    )
    trace = lambda f, g: Derivative(f, theta) + Derivative(g, buffer)  # noqa: E731
    without = at(theta - lr * buffer)
    t.equal(
        t.state(
            "the right sign without alpha: P(-1)",
            Eq(1 + trace(*without) + determinant(*without), 2 + 2 * alpha - 3 * lr * curvature),
        ),
        because="trace 1 + alpha - 2h and determinant alpha - h: stable below h = 2 (1 + alpha)/3 only, and not "
        "Nesterov's method",
    )


# ---- beyond quadratics, and runs ------------------------------------------------------------------------------------


@theorem(
    "Nesterov's method with lr = 1/L and alpha_k = (t_k - 1)/t_(k+1) on a smooth convex function: f(x_k) - f* <= 2 L "
    "|x_0 - x*|^2 / (k + 1)^2",
    covers=["000:nesterov-convex-rate"],
    sources=[Source("000", "l.823", "better than gradient descent for convex functions (batch)")],
)
def nesterov_convex_rate(t: Proof) -> None:
    """E_k = t_k^2 (f(x_k) - f*) + L/2 |u_k|^2 never grows, where u_k = t_k x_k - (t_k - 1) x_(k-1) - x*, and t_k >=
    (k+1)/2.

    All that is used of f: it lies above its tangent planes, and a gradient step of 1/L lowers it by at least |g|^2 /
    2L. So f(x_(k+1)) is below both upper bounds that the tangent plane at the look-ahead point y gives, at x_k and at
    x*, and hence below every average of the two, by |g|^2 / 2L and any amount more. The minimizer is put at 0, and f*
    too; x(0) here is x_1, after the first gradient step.
    """
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    smooth, start, first = t.positive("L"), t.vector("x0", d), t.vector("g0", d)
    gradient, drop, drop0 = t.vector("g", d, n + 1), t.vector("s", n + 1, low=0), t.nonnegative("s0")
    inner = lambda a, b: total(d, lambda i: a(i) * b(i))  # noqa: E731
    g = lambda i: gradient[i, k + 1]  # noqa: E731
    grown = lambda c: (1 + sqrt(1 + 4 * c**2)) / 2  # noqa: E731 - the positive root of T^2 - T = c^2
    ahead = lambda x, u, c: lambda i: x(i, k) + (u(i, k) - x(i, k)) / grown(c(k))  # noqa: E731
    at_iterate = lambda x, u, c, f: f(k) + inner(g, lambda i: ahead(x, u, c)(i) - x(i, k))  # noqa: E731

    def average(x: Any, u: Any, c: Any, f: Any) -> Any:
        """Of the bounds at x_k and at x*, with the weights t_k^2 and t_(k+1), which add up to t_(k+1)^2."""
        after = grown(c(k))
        return (c(k) ** 2 * at_iterate(x, u, c, f) + after * inner(g, ahead(x, u, c))) / after**2

    descent0 = inner(lambda i: first[i], lambda i: start[i]) - inner(lambda i: first[i], lambda i: first[i]) / (
        2 * smooth
    )
    x, u, c, f = t.recursion(
        k,
        x=((j,), start[j] - first[j] / smooth, lambda x, u, c, f: ahead(x, u, c)(j) - g(j) / smooth),
        u=((j,), start[j] - first[j] / smooth, lambda x, u, c, f: u(j, k) - grown(c(k)) * g(j) / smooth),
        T=(1, lambda x, u, c, f: grown(c(k))),
        f=(descent0 - drop0, lambda x, u, c, f: average(x, u, c, f) - inner(g, g) / (2 * smooth) - drop[k + 1]),
    )
    t.equal(
        t.state(
            "u_k in the iterates: the look-ahead point is x_k + (t_k - 1)/t_(k+1) (x_k - x_(k-1))",
            Eq(u(j, k + 1), c(k + 1) * x(j, k + 1) - (c(k + 1) - 1) * x(j, k)),
        ),
        because="t x_(k+1) = (t - 1) x_k + u_k - t g / L",
    )
    energy = c(k) ** 2 * f(k) + smooth / 2 * total(d, lambda i: u(i, k) ** 2)
    reach = smooth / 2 * total(d, lambda i: start[i] ** 2)
    claim = t.state("E_k <= L/2 |x_0 - x*|^2", Le(energy, reach))
    base = t.compare(
        claim.subs(k, 0), drop0, because="t_1 = 1 and u_1 = x_0 - g_0/L - x*, whose square the tangent plane bounds"
    )
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [reach - energy, grown(c(k)) ** 2 * drop[k + 1]],
        because="t_(k+1)^2 times the average is t_k^2 times the bound at x_k and t_(k+1) times that at x*; the rest "
        "is the square of u_(k+1) = u_k - t_(k+1) g / L",
    )
    bounded = t.induct_from(claim, over=k, base=base, step=step, because="step by step")
    long_enough = step_counts(t, k, c, grown)
    found = t.suppose(Ge(f(k), 0)).compare(
        Le(f(k), 4 * reach / (k + 2) ** 2),
        [
            4 * (reach - energy) / (k + 2) ** 2,
            4 * (energy - c(k) ** 2 * f(k)) / (k + 2) ** 2,
            4 * f(k) * (c(k) - (k + 2) / 2) * (c(k) + (k + 2) / 2) / (k + 2) ** 2,
        ],
        using=[bounded, long_enough],
        because="t^2 (f - f*) <= E <= L/2 |x_0 - x*|^2, and t >= (k + 2)/2 at the iterate k + 1",
    )
    t.implies(
        t.state("f(x_(k+1)) - f* <= 2 L |x_0 - x*|^2 / (k + 2)^2", Implies(Ge(f(k), 0), found.claim)),
        found,
        because="f* is the minimum, so f(x_k) - f* >= 0",
    )


def step_counts(t: Proof, k: Any, c: Any, grown: Any) -> Fact:
    """t_1 = 1, t_(k+1) = (1 + sqrt(1 + 4 t_k^2))/2: each count is at least half a step longer than the last."""
    t.equal(
        t.state("t_(k+1)^2 - t_(k+1) = t_k^2", Eq(c(k + 1) ** 2 - c(k + 1), c(k) ** 2)),
        because="it is the positive root of t^2 - t = t_k^2",
    )
    claim = t.state("t_(k+1) >= (k + 2)/2", Ge(c(k), (k + 2) / 2))
    base = t.compare(claim.subs(k, 0), [0], because="t_1 = 1")
    root = sqrt(1 + 4 * c(k) ** 2)
    before = t.suppose(claim)
    positive = before.compare(Gt(c(k), 0), [c(k) - (k + 2) / 2, (k + 2) / 2], because="at least 1")
    step = before.compare(
        claim.subs(k, k + 1),
        [1 / (2 * (root + 2 * c(k))), c(k) - (k + 2) / 2],
        using=[positive],
        because="sqrt(1 + 4 t^2) >= 2t, so each step adds at least 1/2",
    )
    return t.induct_from(claim, over=k, base=base, step=step, because="step by step")


@theorem(
    "Nesterov's method with lr = 1/L and alpha = (1 - s)/(1 + s), s = sqrt(mu/L), on every smooth strongly convex "
    "function: f(x_k) - f* + mu/2 |z_k - x*|^2 shrinks by 1 - s a step",
    covers=["001:nesterov-momentum", "000:nesterov-convex-rate", "004:nesterov-update"],
    sources=[Source("001", "l.342-348", "(no rate)"), Source("004", "l.580-594", "(no rate)")],
)
def nesterov_strongly_convex_rate(t: Proof) -> None:
    """The rate that `nesterov_on_quadratics` finds mode by mode holds for all functions with curvature in [mu, L].

    All that is used of f: it lies above its tangent planes, by mu/2 |.|^2 at x*, and a gradient step of 1/L lowers it
    by at least |g|^2 / 2L. So f(x_(k+1)) is below both upper bounds that the tangent plane at y gives, and hence below
    their average with the weights 1 - s and s, by |g|^2 / 2L and any amount more. The minimizer is put at 0, and f*
    too. z_(k+1) = x_k + (x_(k+1) - x_k)/s is where the momentum points.
    """
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    s, smooth, gap0 = t.real("s", 0, 1, open=True), t.positive("L"), t.real("gap0")
    mu, start = s**2 * smooth, t.vector("x0", d)
    gradient, drop = t.vector("g", d, n + 1), t.vector("e", n + 1, low=0)
    g = lambda i: gradient[i, k + 1]  # noqa: E731
    inner = lambda a, b: total(d, lambda i: a(i) * b(i))  # noqa: E731
    ahead = lambda x, z: lambda i: (x(i, k) + s * z(i, k)) / (1 + s)  # noqa: E731
    at_minimum = lambda x, z: inner(g, ahead(x, z)) - mu / 2 * inner(ahead(x, z), ahead(x, z))  # noqa: E731
    at_iterate = lambda x, z, f: f(k) + inner(g, lambda i: ahead(x, z)(i) - x(i, k))  # noqa: E731
    average = lambda x, z, f: (1 - s) * at_iterate(x, z, f) + s * at_minimum(x, z)  # noqa: E731
    x, z, f = t.recursion(
        k,
        x=((j,), start[j], lambda x, z, f: ahead(x, z)(j) - g(j) / smooth),
        z=((j,), start[j], lambda x, z, f: (1 - s) * z(j, k) + s * ahead(x, z)(j) - s / mu * g(j)),
        f=(gap0, lambda x, z, f: average(x, z, f) - inner(g, g) / (2 * smooth) - drop[k + 1]),
    )
    t.equal(
        t.state("z_k in the iterates", Eq(s * z(j, k + 1), x(j, k + 1) - (1 - s) * x(j, k))),
        because="s z = (1 + s) y - x, so s z' = y - (1 - s) x - g/L; and y_(k+1) = x' + (1 - s)/(1 + s) (x' - x) "
        "follows",
    )
    energy = f(k) + mu / 2 * total(d, lambda i: z(i, k) ** 2)
    reach = gap0 + mu / 2 * total(d, lambda i: start[i] ** 2)
    claim = t.state("geometric rate", Le(energy, (1 - s) ** k * reach))
    spread = total(d, lambda i: (z(i, k) - ahead(x, z)(i)) ** 2)
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="equal at the start"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                (1 - s) * (claim.rhs - energy),
                drop[k + 1],
                mu / 2 * s * (1 - s) * spread,
            ],
            because="in the average the products with g cancel, for y = (x + s z)/(1 + s), and |g|^2 is that of z'",
        ),
        because="step by step",
    )


@theorem(
    "No method that moves along past gradients beats rho = (sqrt(kappa) - 1)/(sqrt(kappa) + 1) a step: on a chain of "
    "springs the error after k steps is at least rho^k of the first, in a dimension large enough",
    covers=["000:momentum-helps-figure", "000:nesterov-convex-rate"],
    sources=[Source("000", "l.807-823", "better than gradient descent (no limits stated)")],
)
def first_order_lower_bound(t: Proof) -> None:
    """Nesterov's chain: f = c/2 [(x_1 - 1)^2 + sum (x_i - x_(i+1))^2 + (1 - rho) x_n^2] + mu/2 |x|^2, c = (L - mu)/4.

    A gradient reaches one coordinate further than the point where it is taken. From 0, k steps reach k coordinates,
    while the minimum is (rho, rho^2, rho^3, ..): what has not been reached is missed altogether.
    """
    size = t.size("N", minimum=3)
    n = t.integer("n", 3, size)
    j = t.integer("j", 2, n - 1)
    over, mu = t.positive("e"), t.positive("mu")  # sqrt(kappa) = 1 + e
    root, rho, spring = 1 + over, over / (2 + over), mu * over * (2 + over) / 4
    x = t.vector("x", size + 1)
    stretched = lambda sign: total(n - 1, lambda i: (x[i] + sign * x[i + 1]) ** 2)  # noqa: E731
    norm = total(n, lambda i: x[i] ** 2)
    f = spring / 2 * ((x[1] - 1) ** 2 + stretched(-1) + (1 - rho) * x[n] ** 2) + mu / 2 * norm
    t.equal(
        t.state(
            "a gradient sees its neighbours only",
            Eq(Derivative(f, x[j]), spring * (2 * x[j] - x[j - 1] - x[j + 1]) + mu * x[j]),
        ),
        because="x_j occurs in two springs; so if all coordinates from j - 1 on are 0, coordinate j of the gradient "
        "is 0",
    )
    t.equal(
        t.state(
            "the minimum solves it: coordinate j",
            Eq(spring * (2 * rho**j - rho ** (j - 1) - rho ** (j + 1)) + mu * rho**j, 0),
        ),
        because="(1 - rho)^2 / rho = 4/(kappa - 1) = mu/c",
    )
    t.equal(
        t.state("coordinate 1", Eq(spring * (2 * rho - 1 - rho**2) + mu * rho, 0)),
        because="with x_0 = 1 the same equation",
    )
    t.equal(
        t.state("coordinate n", Eq(spring * ((2 - rho) * rho**n - rho ** (n - 1)) + mu * rho**n, 0)),
        because="the last spring 1 - rho stands for x_(n+1) = rho x_n",
    )
    curvatures(t, n, x, root, rho, spring, mu, stretched, norm)
    missed(t, rho)


def curvatures(t: Proof, n: Any, x: Any, root: Any, rho: Any, spring: Any, mu: Any, stretched: Any, norm: Any) -> None:
    """v'Hv = c [v_1^2 + sum (v_i - v_(i+1))^2 + (1 - rho) v_n^2] + mu |v|^2 lies between mu |v|^2 and L |v|^2."""
    (shifted,) = t.induct(
        Eq(total(n - 1, lambda i: x[i + 1] ** 2), norm - x[1] ** 2),
        over=n,
        start=3,
        because="the squares from the second on",
    )
    (shortened,) = t.induct(
        Eq(total(n - 1, lambda i: x[i] ** 2), norm - x[n] ** 2), over=n, start=3, because="the squares but the last"
    )
    form = spring * (x[1] ** 2 + stretched(-1) + (1 - rho) * x[n] ** 2) + mu * norm
    t.compare(
        t.state("curvature at least mu", Ge(form, mu * norm)),
        [spring * x[1] ** 2, spring * stretched(-1), spring * 2 / (root + 1) * x[n] ** 2],
        because="springs only add; 1 - rho = 2/(sqrt(kappa) + 1)",
    )
    t.compare(
        t.state("curvature at most L = kappa mu", Le(form, root**2 * mu * norm)),
        [spring * x[1] ** 2, spring * stretched(1), spring * (1 + rho) * x[n] ** 2],
        using=[shifted, shortened],
        because="(a - b)^2 + (a + b)^2 = 2 a^2 + 2 b^2: four times |v|^2, less what the ends do not have, and 4c + mu "
        "= L",
    )


def missed(t: Proof, rho: Any) -> None:
    """The coordinates k + 1 .. k + m are 0 as long as they were not reached."""
    k, more = t.size("k"), t.time("m")
    y = t.vector("y", k)
    unreached = total(more, lambda i: rho ** (2 * (k + i)))
    (tail,) = t.induct(
        t.state(
            "what is not reached",
            Eq(
                total(more, lambda i: rho ** (2 * (k + i))), rho ** (2 * k + 2) * (1 - rho ** (2 * more)) / (1 - rho**2)
            ),
        ),
        over=more,
        because="a geometric sum; all of it, from k = 0, is rho^2 (1 - rho^(2n))/(1 - rho^2)",
    )
    error = total(k, lambda i: (y[i] - rho**i) ** 2) + unreached
    t.compare(
        t.state(
            "the squared error is at least rho^(2k) of the first, but for rho^(2m)",
            Ge(error, rho ** (2 * k) * (rho**2 * (1 - rho ** (2 * more)) / (1 - rho**2))),
        ),
        total(k, lambda i: (y[i] - rho**i) ** 2),
        using=[tail],
        because="from 0 the first error is |x*|; the coordinates that were reached may be right",
    )


@theorem(
    "Off quadratics the best heavy ball can fail: on a function with curvatures 25, 1 and 25 the pair that is best "
    "for kappa = 25 has a cycle of period 3",
    covers=["000:momentum-helps-figure", "001:momentum-accelerates-ill-conditioned-quadratics"],
    sources=[
        Source("001", "l.305-306", "momentum accelerates learning in the face of high curvature (no limits stated)")
    ],
)
def heavy_ball_cycles(t: Proof) -> None:
    """The example of Lessard, Recht and Packard: f' = 25 x, flattened to the slope 1 between 1 and 2; lr = 1/9, alpha
    = 4/9.

    The quadratic rate (5 - 1)/(5 + 1) = 2/3 holds while the curvature stays the same; here it changes on the way.
    """
    gradient = lambda x: 25 * x - 24 * (Max(0, x - 1) - Max(0, x - 2))  # noqa: E731
    regions = (
        ("below 1", t.real("a", high=1, open=True), 25),
        ("between 1 and 2", t.real("b", 1, 2, open=True), 1),
        ("above 2", t.real("c", low=2, open=True), 25),
    )
    for name, x, curvature in regions:
        t.equal(
            t.state(f"curvature {name}", Eq(Derivative(gradient(x), x), curvature)),
            because="the two kinks switch the slope 24 off and on again",
        )

    step = lambda x, v: following(  # noqa: E731
        VELOCITY, theta=x, v=v, g=gradient(x), lr=Rational(1, 9), momentum=Rational(4, 9)
    )
    k = t.time("k")
    points = [Rational(n, 1225) for n in (792, -2208, 2592)]
    for name, before, here, there in zip("ABC", points[-1:] + points, points, points[1:] + points[:1], strict=False):
        x, v = t.recursion(
            k,
            **{
                f"x_{name}": (here, lambda *f: step(f[0](k), f[1](k))[0]),
                f"v_{name}": (before - here, lambda *f: step(f[0](k), f[1](k))[1]),
            },
        )
        t.equal(
            t.state(f"point {name} leads to {there}", Eq(x(1), there)),
            because=f"f' is {gradient(here)} at {here}",
        )
        t.equal(
            t.state(f"with the velocity {here - there}", Eq(v(1), here - there)),
            because="the last move, so all goes round",
        )


@theorem(
    "Momentum from rest is gradient descent with the growing weights (1 - gamma^(k-i))/(1 - gamma) on the past "
    "gradients",
    covers=["004:momentum-as-gd-with-growing-weights"],
    sources=[Source("004", "l.555-563", "x^(t) = x^(0) - eta sum_i (1 - gamma^(t-i))/(1 - gamma) grad f(x^(i))")],
)
def momentum_growing_weights(t: Proof) -> None:
    """A gradient goes on moving the iterate as long as it stays in the velocity: 1 + gamma + gamma^2 + ... times."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    gamma, lr = retention(t, "gamma"), t.positive("lr")
    g, start, v0 = t.vector("g", n + 1), t.real("theta0"), t.real("v0")
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=g[k + 1], lr=lr, momentum=gamma)  # noqa: E731
    x, v, y, w = t.recursion(
        k,
        x=(start, lambda x, v, *_: step(x(k), v(k))[0]),
        v=(v0, lambda x, v, *_: step(x(k), v(k))[1]),
        y=(start, lambda x, v, y, w: following(VELOCITY, theta=y(k), v=w(k), g=g[k + 1], lr=lr, momentum=1)[0]),
        w=(0, lambda x, v, y, w: following(VELOCITY, theta=y(k), v=w(k), g=g[k + 1], lr=lr, momentum=1)[1]),
    )
    weights = total(k, lambda s: (1 - gamma ** (k + 1 - s)) / (1 - gamma) * g[s])
    decaying = total(k, lambda s: gamma ** (k - s) * g[s])
    t.induct(
        Eq(v(k), gamma**k * v0 + lr * decaying),
        t.state("growing weights", Eq(x(k), start - lr * weights - gamma * (1 - gamma**k) / (1 - gamma) * v0)),
        over=k,
        because="each step adds the velocity once more: the weight of g_s grows by gamma^(k-s), and 1 for the newest",
    )
    t.induct(
        Eq(w(k), lr * total(k, lambda s: g[s])),
        t.state(
            "without friction the weights count the steps",
            Eq(y(k), start - lr * total(k, lambda s: (k + 1 - s) * g[s])),
        ),
        over=k,
        because="nothing decays: the newest gradient has moved the iterate once, the one before twice",
    )


@theorem(
    "On a quadratic momentum from rest keeps the sign of the iterate for h <= (1 - sqrt(gamma))^2; beyond, the ratio "
    "of successive iterates, while it is positive, falls by at least c/q_0 a step: it overshoots",
    covers=["004:momentum-overshoot", "004:momentum-accelerates-and-damps"],
    sources=[Source("004", "l.570-576", "(blindly rolling down; no formula)")],
)
def momentum_overshoot(t: Proof) -> None:
    """With r = sqrt(gamma): below the threshold x_(k+1) >= r x_k; above it x_(k+2)/x_(k+1) is at most x_(k+1)/x_k -
    c/..
    """
    k, root, start = t.time("k"), t.real("r", 0, 1), t.positive("x0")
    no_overshoot(t, k, root, start)
    ratio(t)
    ravine_overshoot(t, k)


def no_overshoot(t: Proof, k: Any, root: Any, start: Any) -> None:
    h = t.real("h", 0, (1 - root) ** 2)
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=h * x, lr=1, momentum=root**2)  # noqa: E731
    x, _v = t.recursion(k, x=(start, lambda x, v: step(x(k), v(k))[0]), v=(0, lambda x, v: step(x(k), v(k))[1]))
    # v_k <= (1 - r) / r x_k, written without dividing: the next iterate is at least r times this one
    kept = t.state("below the threshold x_(k+1) >= r x_k >= 0", And(Ge(x(k), 0), Ge(x(k + 1), root * x(k))))
    base = t.both(
        kept.subs(k, 0),
        [
            t.compare(Ge(x(0), 0), start, because="it starts there"),
            t.compare(
                Ge(x(1), root * x(0)),
                [((1 - root) ** 2 - h) * start, root * (1 - root) * start],
                because="x_1 = (1 - h) x_0, and 1 - h - r >= 1 - r - (1 - r)^2 = r (1 - r)",
            ),
        ],
        because="both",
    )
    before = t.suppose(kept)
    grows = before.compare(
        kept.args[0].subs(k, k + 1), [x(k + 1) - root * x(k), root * x(k)], because="x_(k+1) >= r x_k >= 0"
    )
    still = before.compare(
        kept.args[1].subs(k, k + 1),
        [((1 - root) ** 2 - h) * x(k + 1), root * (x(k + 1) - root * x(k))],
        using=[grows],
        because="x_(k+2) - r x_(k+1) = (T - 2r) x_(k+1) + r (x_(k+1) - r x_k), and T - 2r = (1 - r)^2 - h",
    )
    step = before.both(kept.subs(k, k + 1), [grows, still], because="both")
    t.induct_from(kept, over=k, base=base, step=step, because="step by step, from rest")


def ratio(t: Proof) -> None:
    """q = x_(k+1)/x_k > 0 becomes T - gamma/q; the roots are complex where c = gamma - T^2/4 is positive."""
    trace, c, first = t.real("T"), t.positive("c"), t.positive("q0")
    q = t.real("q", 0, first, open=True)
    gamma = c + trace**2 / 4
    t.compare(
        t.state(
            "above the threshold the ratio of iterates falls by at least c/q_0", Le(trace - gamma / q, q - c / first)
        ),
        [(q - trace / 2) ** 2 / q, c * (first - q) / (q * first)],
        because="q - (T - gamma/q) = ((q - T/2)^2 + c)/q, so after q_0^2/c steps at most the ratio is negative: a "
        "sign change",
    )
    root, width = t.real("rho", 0, 1), t.real("w", 0, 1)
    t.equal(
        t.state(
            "the threshold is where c = 0",
            Eq(root**2 - (1 + root**2 - (1 - root) ** 2) ** 2 / 4, 0),
        ),
        because="T = 2 sqrt(gamma) at h = (1 - sqrt(gamma))^2: a double root",
    )
    t.equal(
        t.state(
            "critical damping: gamma = (1 - sqrt(h))^2",
            Eq((1 + (1 - width) ** 2 - width**2) ** 2, 4 * (1 - width) ** 2),
        ),
        because="the same threshold, solved for gamma",
    )


def ravine_overshoot(t: Proof, k: Any) -> None:
    """The steep coordinate of the ravine at eta = 0.001: h = 1/10, where gradient descent shrinks by 0.9 a step."""
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=100 * x, lr=Rational(1, 1000), momentum=Rational(9, 10))  # noqa: E731
    slow, ball, _v = t.recursion(
        k,
        descent=(HALF, lambda *f: following("sgd", theta=f[0](k), g=100 * f[0](k), lr=Rational(1, 1000))[0]),
        ball=(HALF, lambda *f: step(f[1](k), f[2](k))[0]),
        push=(0, lambda *f: step(f[1](k), f[2](k))[1]),
    )
    t.induct(
        t.state("where gradient descent never oscillates", Eq(slow(k), Rational(9, 10) ** k / 2)),
        over=k,
        because="its factor 1 - h is positive",
    )
    t.compare(
        t.state("momentum overshoots in five steps", Lt(ball(5), 0)),
        Rational(729, 50000),
        because="0.5, 0.45, 0.36, 0.243, 0.1134, -0.01458: momentum brings in oscillations as well as damping them",
    )


@theorem(
    "The ravine x_1^2 + 50 x_2^2: momentum has room for every step of the panels; Nesterov kills the steep coordinate "
    "in one step of 0.01 and diverges at 0.015",
    covers=["004:ravine-momentum-panels", "004:ravine-nag-panels", "004:nesterov-update"],
    sources=[
        Source("004", "l.491-551", "eta = .001, .005, .01, .015, .019, .02; gamma = .9 and .5"),
        Source("004", "l.617-644", "eta = .0001, .0005, .001, .005, .01; gamma = .9"),
    ],
)  # fmt: skip
def ravine_panels(t: Proof) -> None:
    """The curvatures are 2 and 100, so the steep coordinate has h = 100 eta; the start is (4, 1/2)."""
    k = t.time("k")
    lr, gamma = t.real("eta", 0, Rational(1, 50), nonzero=True), t.real("gamma", 0, 1, open=True)
    t.compare(
        t.state("every step up to 0.02 is inside momentum's region", Lt(100 * lr, 2 * (1 + gamma))),
        [100 * (Rational(1, 50) - lr), 2 * gamma],
        because="gradient descent stops at h = 2, momentum at 2 (1 + gamma): eta = 0.038 for gamma = 0.9, 0.03 for 0.5",
    )
    step = lambda m, v: following(NAG, theta=m, v=v, g=100 * m, lr=Rational(1, 100), momentum=gamma)  # noqa: E731
    m, v = t.recursion(k, m=(HALF, lambda m, v: step(m(k), v(k))[0]), v=(0, lambda m, v: step(m(k), v(k))[1]))
    t.equal(
        t.state(
            "at 0.01 Nesterov is at the bottom of the steep coordinate after one step",
            Eq(m(k + 1) + gamma * v(k + 1), 0),
        ),
        because="h = 1: the gradient step from the look-ahead point m lands on the minimum, whatever the velocity",
    )
    diverging_nesterov(t, k)


def diverging_nesterov(t: Proof, k: Any) -> None:
    """h = 3/2, gamma = 9/10: z_k = (-1)^k times the look-ahead point obeys z_(k+2) = 0.95 z_(k+1) + 0.45 z_k."""
    step = lambda x, v: following(NAG, theta=x, v=v, g=100 * x, lr=Rational(15, 1000), momentum=Rational(9, 10))  # noqa: E731
    x, _v = t.recursion(k, x=(HALF, lambda x, w: step(x(k), w(k))[0]), w=(0, lambda x, w: step(x(k), w(k))[1]))
    bound = Rational(2, 5) * Rational(5, 4) ** k
    now, then = (-1) ** k * x(k), -((-1) ** k) * x(k + 1)
    claim = t.state(
        "at 0.015 Nesterov alternates and grows at least like 1.25^k",
        And(Ge(now, bound), Ge(then, bound * Rational(5, 4))),
    )
    first, second = claim.subs(k, 0).args
    if first.has(x(1)):
        first, second = second, first
    base = t.both(
        claim.subs(k, 0),
        [
            t.compare(first, Rational(1, 10), because="it starts at 1/2"),
            t.compare(second, Rational(17, 40), because="the first look-ahead point is -37/40"),
        ],
        because="the first two points",
    )
    before = t.suppose(claim)
    third = claim.subs(k, k + 1)
    facts = [
        before.compare(third.args[0], [then - bound * Rational(5, 4)], because="it was supposed of this point"),
        before.compare(
            third.args[1],
            [
                Rational(95, 100) * (then - bound * Rational(5, 4)),
                Rational(45, 100) * (now - bound),
                (Rational(95, 100) * Rational(5, 4) + Rational(45, 100) - Rational(25, 16)) * bound,
            ],
            because="0.95 * 1.25 + 0.45 > 1.25^2",
        ),
    ]
    step = before.both(third, facts, because="both")
    t.induct_from(claim, over=k, base=base, step=step, because="step by step")


@theorem(
    "The Rosenbrock runs: at the minimum (1, 1) the largest curvature is 501 + sqrt(250601), about 1001.6, and the "
    "largest listed steps of gradient descent, momentum and Nesterov are stable there",
    covers=["004:rosenbrock-runs"],
    sources=[Source("004", "l.852-1032", "eta_0 = 1e-5 and factors 1, 10, 100; gamma = .9 and .5")],
)
def rosenbrock_local_limits(t: Proof) -> None:
    """Near a minimum a smooth function is its quadratic model, and the stability regions apply to its largest
    curvature.

    The start of the runs is not printed and the runs themselves have no closed form: this is what can be proved of
    them.
    """
    x, y = t.real("x y")
    f = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    curvature = Derivative(f, x, x) * Derivative(f, y, y) - Derivative(f, x, y) ** 2
    t.equal(
        t.state("determinant of the Hessian", Eq(curvature, 400 + 80000 * (x**2 - y))),
        because="f_xx = 2 - 400 y + 1200 x^2, f_xy = -400 x, f_yy = 200",
    )
    t.equal(
        t.state(
            "trace of the Hessian",
            Eq(Derivative(f, x, x) + Derivative(f, y, y), 1002 + 400 * (3 * (x**2 - 1) - (y - 1))),
        ),
        because="so at (1, 1) the curvatures are the roots of z^2 - 1002 z + 400",
    )
    largest = 501 + sqrt(250601)
    t.equal(t.state("the largest curvature", Eq(largest**2 - 1002 * largest + 400, 0)), because="501^2 - 400 = 250601")
    gamma, lr = Rational(9, 10), Rational(1, 1000)
    for name, limit in (
        ("Nesterov with 0.9 at 100 eta_0", (2 + 2 * gamma) / (1 + 2 * gamma)),
        ("gradient descent at 100 eta_0", Integer(2)),
        ("momentum 0.5 at 100 eta_0", Integer(3)),
        ("momentum 0.9 at 100 eta_0", 2 * (1 + gamma)),
    ):
        t.compare(
            t.state(f"locally stable: {name}", Lt(lr * largest, limit)),
            limit - lr * largest,
            because=f"h = 1.0016, and the region ends at {limit}",
        )
    t.compare(
        t.state(
            "but Nesterov diverges at 136 eta_0",
            Gt(Rational(136, 100000) * largest, (2 + 2 * gamma) / (1 + 2 * gamma)),
        ),
        Rational(136, 100000) * largest - (2 + 2 * gamma) / (1 + 2 * gamma),
        because="19/14 / 1001.6 = 0.001355: the largest listed step is near its limit",
    )


@theorem(
    "Keras' SGD(lr, decay, momentum): decay means lr/(1 + decay k), hyperbolic, which lies above the line lr (1 - "
    "decay k) and reaches half the rate after 1/decay updates; the velocity form keeps it exact",
    covers=["000:keras-optimizer-snippet"],
    sources=[Source("000", "l.875-888", "SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)")],
)
def keras_sgd_options(t: Proof) -> None:
    """The reciprocal of the rate grows by decay/lr an update. (`nesterov=True` is the rewritten form of
    `nesterov_forms`.)
    """
    k, lr, decay, alpha = t.time("k"), t.positive("lr"), t.positive("decay"), retention(t)
    rate = lambda k: lr / (1 + decay * k)  # noqa: E731
    t.compare(
        t.state("above the line", Ge(rate(k), lr * (1 - decay * k))),
        lr * decay**2 * k**2 / (1 + decay * k),
        because="1/(1 + u) - (1 - u) = u^2/(1 + u): linear decay is its tangent at the start",
    )
    halved, late = Le(rate(k), lr / 2), Ge(decay * k, 1)
    t.equivalent(
        t.state("half the rate exactly from 1/decay updates on", Equivalent(halved, late)),
        [
            t.suppose(halved).compare(
                late, 2 * (1 + decay * k) / lr * (lr / 2 - rate(k)), because="multiply by 2 (1 + decay k)/lr"
            ),
            t.suppose(late).compare(
                halved, lr * (decay * k - 1) / (2 * (1 + decay * k)), because="1/2 - 1/(1 + u) = (u - 1)/(2 (1 + u))"
            ),
        ],
        because="both ways: with decay = 1e-6 after a million updates",
    )
    n = t.size("n")
    m = t.integer("m", 0, n)
    g, start = t.vector("g", n + 2), t.real("theta0")
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=g[m + 1], lr=rate(m), momentum=alpha)  # noqa: E731
    x, _v = t.recursion(m, x=(start, lambda x, v: step(x(m), v(m))[0]), v=(0, lambda x, v: step(x(m), v(m))[1]))
    t.equal(
        t.state(
            "two-term form with the decaying rate",
            Eq(x(m + 2), x(m + 1) - rate(m + 1) * g[m + 2] + alpha * (x(m + 1) - x(m))),
        ),
        because="the velocity is the last move, whatever the rate was",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("momentum")
