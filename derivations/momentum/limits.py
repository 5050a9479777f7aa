"""What no first-order method can beat, and where heavy ball cycles although the function is strongly convex."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Max, Rational

from ..kernel import Eq, Ge, Le, Proof, Source, theorem, total
from ..update_rules import following
from .velocity import VELOCITY


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
