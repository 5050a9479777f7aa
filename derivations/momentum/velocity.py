"""The velocity as a decaying sum of gradients, how long it can become, and what it answers to a rhythm."""

from __future__ import annotations

from typing import Any

from sympy import Limit, Max, Rational, cos, oo

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, misprint, theorem, total
from ..update_rules import following

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
        because="a geometric sum with the ratio beta: it approaches the bound",
    )
    t.induct(
        t.state(
            "velocity under alternating gradients",
            Eq(alternating(k), -rate * g * ((-1) ** k - beta**k) / (1 + beta)),
        ),
        over=k,
        because="a geometric sum with the ratio -beta: it settles at the amplitude eta |g| / (1 + beta)",
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
        because="1 + beta >= 1",
    )
    t.compare(
        t.state("constant gradients are amplified", Ge(1 / (1 - beta), 1)),
        beta / (1 - beta),
        because="1 - beta <= 1",
    )
