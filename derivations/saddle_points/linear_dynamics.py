"""Linear dynamics: powers of a matrix, how a saddle is left, and other landmarks of a loss."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Implies, Integral, Limit, Rational, Symbol, exp, log, oo, tanh

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, theorem, total

HALF = Rational(1, 2)


@theorem(
    (
        "W^t multiplies an eigenvector by lambda^t: it vanishes for |lambda| < 1 and explodes beyond; a Jordan "
        "block grows even at 1"
    ),
    covers=["001:matrix-power-diagonalisation", "001:vanishing-exploding-threshold"],
    sources=[
        Source("001", "l.223-224", "w^t = V diag(lambda)^t V^-1"),
        Source("001", "l.172-174, l.225", "gradients vanish or explode with lambda^t"),
    ],
)
def matrix_powers(t: Proof) -> None:
    """Every matrix with eigenvector v is R - (R v - lambda v) v'/v'v for some R; along a basis of such v, W = V
    Lambda V^-1.
    """
    n, k = t.size("n"), t.time("t")
    i = t.index("i", n)
    root, v, lam = t.vector("R", n, n), t.vector("v", n, nonzero=True), t.real("lambda_")
    norm = total(n, lambda j: v[j] ** 2)
    image = lambda i: total(n, lambda j: root[i, j] * v[j])  # noqa: E731
    w = lambda i, j: root[i, j] - (image(i) - lam * v[i]) * v[j] / norm  # noqa: E731
    t.equal(
        t.state("eigenvector", Eq(total(n, lambda j: w(i, j) * v[j]), lam * v[i])), because="R v - (R v - lambda v)"
    )
    (x,) = t.recursion(k, x=((i,), v[i], lambda x: total(n, lambda j: w(i, j) * x(j, k))))
    t.induct(t.state("powers", Eq(x(i, k), lam**k * v[i])), over=k, because="each application multiplies by lambda")
    small = t.suppose(Lt(abs(lam), 1))
    gone = small.limit(Eq(Limit(lam**k, k, oo), 0), because="a geometric sequence")
    t.implies(t.state("vanishing", Implies(Lt(abs(lam), 1), gone.claim)), gone, because="as supposed")
    h = t.nonnegative("h")
    bernoulli_inequality(t, k, h)
    (a0, b0), r = t.real("a0 b0"), t.positive("r")
    a, b = t.recursion(k, a=(a0, lambda a, b: r * a(k) + b(k)), b=(b0, lambda a, b: r * b(k)))
    t.induct(
        t.state("Jordan block", Eq(a(k), r**k * a0 + k * r ** (k - 1) * b0)),
        t.state("its second coordinate", Eq(b(k), r**k * b0)),
        over=k,
        because="[[r, 1], [0, r]] has one eigenvector only; at r = 1 it grows like t although |lambda| = 1",
    )
    backward(t, k)


def bernoulli_inequality(t: Proof, k: Any, h: Any) -> None:
    """(1 + h)^t >= 1 + t h, written with the power as a sequence."""
    (p,) = t.recursion(k, p=(1, lambda p: (1 + h) * p(k)))
    t.induct(t.state("the power as a sequence", Eq(p(k), (1 + h) ** k)), over=k, because="one factor more")
    linear = Ge(p(k), 1 + k * h)
    base = t.compare(linear.subs(k, 0), 0, because="1 >= 1")
    step = t.suppose(linear).compare(
        linear.subs(k, k + 1), [(1 + h) * (p(k) - 1 - k * h), k * h**2], because="times 1 + h"
    )
    t.induct_from(
        t.state("exploding", linear),
        over=k,
        base=base,
        step=step,
        because="at least linear for every lambda = 1 + h > 1",
    )


def backward(t: Proof, k: Any) -> None:
    """Through t layers with |w phi'| <= q a gradient shrinks like q^t; a logistic unit has phi' <= 1/4."""
    n = t.size("T")
    q, g0, u, m = t.positive("q"), t.real("g0"), t.vector("u", n + 1, low=0, high=1), t.integer("m", 0, n)
    (g,) = t.recursion(k, g=(g0, lambda g: q * (2 * u[k + 1] - 1) * g(k)))
    claim = Le(g(m) ** 2, q ** (2 * m) * g0**2)
    base = t.compare(claim.subs(m, 0), 0, because="no layer yet")
    step = t.suppose(claim).compare(
        claim.subs(m, m + 1),
        [q**2 * (q ** (2 * m) * g0**2 - g(m) ** 2), 4 * q**2 * u[m + 1] * (1 - u[m + 1]) * g(m) ** 2],
        because="one more factor of size at most q",
    )
    t.induct_from(t.state("gradient through t layers", claim), over=m, base=base, step=step, because="layer by layer")
    s = t.real("sigma")
    t.compare(
        t.state("slope of a logistic unit", Le(s * (1 - s), Rational(1, 4))),
        (s - HALF) ** 2,
        because="sigma' = sigma (1 - sigma): ten layers of unit weights shrink a gradient by 4^-10",
    )


@theorem(
    (
        "Escape from a saddle: the distance along curvature -nu grows by 1 + eta nu a step, and a random start "
        "escapes almost surely"
    ),
    covers=["000:saddle-points-dominate", "003:gradient-method-reaches-local-minimizer"],
    sources=[Source("000", "l.646", "saddle points"), Source("003", "l.54", "a local minimizer")],
)
def escape_from_a_saddle(t: Proof) -> None:
    """J = (lambda x^2 - nu y^2)/2: x shrinks, y grows geometrically; starts that are still inside after k steps
    are rare.
    """
    k = t.time("k")
    lam, nu, eta, radius = t.positive("lambda_ nu eta r")
    x0, y0 = t.real("x0 y0")
    x, y = t.recursion(k, x=(x0, lambda x, y: x(k) - eta * lam * x(k)), y=(y0, lambda x, y: y(k) + eta * nu * y(k)))
    closed = t.induct(
        t.state("along positive curvature", Eq(x(k), (1 - eta * lam) ** k * x0)),
        t.state("along negative curvature", Eq(y(k), (1 + eta * nu) ** k * y0)),
        over=k,
        because="the two coordinates do not see each other",
    )
    t.equal(
        t.state(
            "loss",
            Eq(
                (lam * x(k) ** 2 - nu * y(k) ** 2) / 2,
                (lam * (1 - eta * lam) ** (2 * k) * x0**2 - nu * (1 + eta * nu) ** (2 * k) * y0**2) / 2,
            ),
        ),
        using=closed,
        because="it falls without end unless y_0 = 0, the line from which the saddle is reached",
    )
    start = t.positive("y_")
    t.equal(
        t.state(
            "steps to leave radius r",
            Eq(log((1 + eta * nu) ** k * start / radius), k * log(1 + eta * nu) - log(radius / start)),
        ),
        because="outside once k >= log(r/|y_0|)/log(1 + eta nu): a tenth of the distance costs a constant more",
    )
    z, inside = Symbol("z", real=True), radius * (1 + eta * nu) ** (-k)
    t.equal(
        t.state("starts still inside after k steps", Eq(Integral(HALF, (z, -inside, inside)), inside)),
        because="for y_0 uniform on [-1, 1] and r <= 1 the probability of |y_0| <= r (1 + eta nu)^-k",
    )
    t.limit(t.state("almost all escape", Eq(Limit(inside, k, oo), 0)), because="1 + eta nu > 1")


@theorem(
    (
        "Landmarks of a loss: a plateau of a logistic unit, a cliff of tanh(k x), a point where all derivatives "
        "of exp(-1/x^2) vanish"
    ),
    covers=["001:landscape-issue-glossary"],
    sources=[Source("001", "l.163-175", "plateau, flat region, cliff, saddle (names)")],
)
def landmarks_of_a_loss(t: Proof) -> None:
    """One function a name, with its slope: small on a region, large on a short stretch, zero to every order."""
    x, k, d = t.nonnegative("x"), t.positive("k"), t.positive("d")
    z = t.real("z")
    logistic = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    t.equal(
        t.state("slope on a plateau", Eq(Derivative(logistic(z), z), exp(-z) / (1 + exp(-z)) ** 2)),
        because="quotient rule",
    )
    t.compare(
        t.state("a plateau", Le(exp(-x) / (1 + exp(-x)) ** 2, exp(-x))),
        exp(-x) * (2 * exp(-x) + exp(-2 * x)) / (1 + exp(-x)) ** 2,
        because="the slope dies out like e^-x: descent hardly moves there",
    )
    t.equal(
        t.state("slope of a cliff", Eq(Derivative(tanh(k * z), z), k * (1 - tanh(k * z) ** 2))),
        because="k at the edge, as steep as one likes; e^(-2k|x|) of it remains at a distance x",
    )
    flat, n, m = exp(-1 / d**2), t.integer("n", 0), t.size("m")
    t.equal(
        t.state("slope of a flat point", Eq(Derivative(flat / d**n, d), flat * (2 / d ** (n + 3) - n / d ** (n + 1)))),
        because="product and chain rule: every derivative of e^(-1/x^2) is a sum of such terms again",
    )
    t.limit(
        t.state("all its terms vanish", Eq(Limit(flat / d**m, d, 0, "+"), 0)),
        because="faster than every power of x: the function is level to every order at 0 and not constant",
    )
