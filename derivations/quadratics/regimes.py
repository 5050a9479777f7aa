"""Learning rates from too small to too large, and the examples of the decks on bowls along the axes."""

from __future__ import annotations

from sympy import Derivative, Implies, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

DECK = "004"


@theorem(
    (
        "Too small, too large, much too large: slow, a cycle, divergence; bounded oscillation needs a function "
        "that is no quadratic"
    ),
    covers=["003:learning-rate-too-small-or-large"],
    sources=[Source("003", "l.534-535", "too large: it oscillates around the optimum without stabilizing")],
)
def learning_rate_regimes(t: Proof) -> None:
    """On a parabola the error has the factor 1 - e lambda; sqrt(1 + x^2) grows linearly, and there large steps
    cycle.
    """
    k, lam, e, x0 = t.time("k"), t.positive("lambda_"), t.positive("epsilon"), t.real("x0")
    (x,) = t.recursion(k, x=(x0, lambda x: x(k) - e * lam * x(k)))
    t.induct(
        t.state("error", Eq(x(k), (1 - e * lam) ** k * x0)), over=k, because="each step multiplies by 1 - e lambda"
    )
    (y,) = t.recursion(k, y=(x0, lambda y: y(k) - (2 / lam) * (lam * y(k))))
    t.equal(t.state("a cycle at 2/lambda", Eq(y(k + 2), y(k))), because="two steps with the factor -1")
    far = t.suppose(Gt(e, 2 / lam))
    grows = far.compare(
        Gt((1 - e * lam) ** 2, 1), e * lam**2 * (e - 2 / lam), because="(1 - h)^2 - 1 = h (h - 2) with h = e lambda"
    )
    t.implies(t.state("divergence beyond", Implies(Gt(e, 2 / lam), grows.claim)), grows, because="as supposed")
    small = t.real("h", 0, 1)
    t.compare(
        t.state("slow below", Ge((1 - small) ** 2, 1 - 2 * small)), small**2, because="a small step leaves nearly all"
    )
    bounded_cycle(t)


def bounded_cycle(t: Proof) -> None:
    """f(x) = sqrt(1 + x^2): any step above 2 is 2 sqrt(1 + X^2) for some X, and +-X is a cycle that attracts."""
    top, z, fixed = t.positive("X"), t.real("z"), t.positive("s")
    slope = lambda x: x / sqrt(1 + x**2)  # noqa: E731
    step = 2 * sqrt(1 + top**2)
    t.equal(t.state("slope of the root", Eq(Derivative(sqrt(1 + z**2), z), slope(z))), because="the chain rule")
    t.equal(
        t.state("a bounded cycle", Eq(top - step * Derivative(sqrt(1 + top**2), top), -top)),
        because="the step moves by 2X: it lands on the other side, and comes back",
    )
    t.equal(
        t.state("slope of a step", Eq(Derivative(z - fixed * slope(z), z), 1 - fixed / (1 + z**2) ** Rational(3, 2))),
        because="f'' = (1 + x^2)^(-3/2); at X with the step 2 sqrt(1 + X^2) this is 1 - 2/(1 + X^2) = 1 - 8/step^2",
    )
    t.compare(
        t.state("the cycle attracts", Lt((1 - 2 / (1 + top**2)) ** 2, 1)),
        4 * top**2 / (1 + top**2) ** 2,
        because="over the two steps of the cycle errors shrink by the square of that slope",
    )


@theorem(
    (
        "The decks' examples x1^2 + c x2^2 (c = 1, 10, 50): stable steps, best step, zig-zag, and where the "
        "gradient points at the optimum"
    ),
    covers=["004:bowl-x1sq-plus-x2sq", "004:suitable-x1sq-plus-10x2sq", "004:ravine-x1sq-plus-50x2sq"],
    sources=[
        Source(DECK, "l.99-136", "f = x1^2 + x2^2"),
        Source(DECK, "l.138-173", "f = x1^2 + 10 x2^2"),
        Source(DECK, "l.175-214", "f = x1^2 + 50 x2^2"),
    ],
)
def axis_aligned_examples(t: Proof) -> None:
    """The Hessian is diag(2, 2c): the factors are 1 - 2 eta and 1 - 2c eta, and all is read off them."""
    k, eta, c = t.time("k"), t.positive("eta"), t.real("c", 1)
    a, b = t.real("a b")
    x, y = t.recursion(k, x=(a, lambda x, y: x(k) - eta * 2 * x(k)), y=(b, lambda x, y: y(k) - eta * 2 * c * y(k)))
    t.induct(
        t.state("x1", Eq(x(k), (1 - 2 * eta) ** k * a)),
        t.state("x2", Eq(y(k), (1 - 2 * c * eta) ** k * b)),
        over=k,
        because="the coordinates do not see each other",
    )
    f = a**2 + c * b**2
    t.equal(
        t.state("where the gradient points", Eq(Derivative(f, a) * b - Derivative(f, b) * a, 2 * (1 - c) * a * b)),
        because="the cross product with the way to 0: zero on the two axes only, and everywhere in the bowl c = 1",
    )
    n = t.size("n")
    lam, z = t.vector("lambda", n), t.vector("z", n)
    squared = lambda i: z[i] ** 2  # noqa: E731
    t.equal(
        t.state(
            "straight only along eigenvectors",
            Eq(
                total(n, lambda i: lam[i] ** 2 * squared(i)) * total(n, squared)
                - total(n, lambda i: lam[i] * squared(i)) ** 2,
                total(n, lambda i: total(n, lambda j: (lam[i] - lam[j]) ** 2 * squared(i) * squared(j))) / 2,
            ),
        ),
        because="Lagrange's identity for Az and z: parallel only where all excited eigenvalues are equal",
    )
    steep = 1 - 2 * c * eta
    stable = t.suppose(Lt(eta, 1 / c))
    inside = stable.compare(
        Lt(steep**2, 1), 4 * c**2 * eta * (1 / c - eta), because="1 - (1 - 2 c eta)^2 = 4 c eta (1 - c eta)"
    )
    t.implies(t.state("stable below 1/c", Implies(Lt(eta, 1 / c), inside.claim)), inside, because="as supposed")
    unstable = t.suppose(Ge(eta, 1 / c))
    outside = unstable.compare(Ge(steep**2, 1), 4 * c**2 * eta * (eta - 1 / c), because="the same with the other sign")
    t.implies(t.state("and not from 1/c on", Implies(Ge(eta, 1 / c), outside.claim)), outside, because="as supposed")
    late = t.suppose(Gt(eta, 1 / (2 * c)))
    flips = late.compare(Lt(steep, 0), 2 * c * (eta - 1 / (2 * c)), because="linear in eta")
    t.implies(t.state("zig-zag above 1/(2c)", Implies(Gt(eta, 1 / (2 * c)), flips.claim)), flips, because="as supposed")
    early = t.suppose(Le(eta, 1 / (2 * c)))
    keeps = early.compare(Ge(steep, 0), 2 * c * (1 / (2 * c) - eta), because="linear in eta")
    t.implies(t.state("none below", Implies(Le(eta, 1 / (2 * c)), keeps.claim)), keeps, because="as supposed")
    (z,) = t.recursion(k, z=(b, lambda z: z(k) - (1 / c) * (2 * c * z(k))))
    t.equal(
        t.state("x2 never settles at 1/c", Eq(z(k + 2), z(k))),
        because="the factor is -1: the ravine's panel at 0.02 goes to and fro",
    )
    t.equal(
        t.state("best step 1/(1 + c)", Eq((1 - 2 * eta).subs(eta, 1 / (1 + c)), -steep.subs(eta, 1 / (1 + c)))),
        because="both factors are (c - 1)/(c + 1) in size: 9/11 for c = 10, 49/51 for c = 50, 0 for the bowl",
    )
    p = t.positive("p")
    length = lambda u, v: sqrt(u**2 + v**2)  # noqa: E731
    t.equal(
        t.state(
            "angle between gradient and way",
            Eq(
                (p * 2 * p + b * 2 * c * b) / (length(p, b) * length(2 * p, 2 * c * b)),
                (p**2 + c * b**2) / sqrt((p**2 + b**2) * (p**2 + c**2 * b**2)),
            ),
        ),
        because=(
            "the cosine at (p, b): at (4, 1/2) with c = 50 it is 57/sqrt(41665) = 0.279, 73.8 degrees, not orthogonal"
        ),
    )


@misprint(
    "Even the round bowl diverges for a large learning rate",
    corrected="axis-aligned-examples",
    covers=["004:bowl-x1sq-plus-x2sq"],
    sources=[Source(DECK, "l.136", "can increase eta liberally (without worrying about divergence)")],
)
def bowl_without_divergence(t: Proof) -> None:
    """eta = 2: one step takes (1, 0) to (-3, 0)."""
    eta, a, b = t.positive("eta"), t.real("a"), t.real("b")
    t.refute(
        Le(((1 - 2 * eta) * a) ** 2 + ((1 - 2 * eta) * b) ** 2, a**2 + b**2),
        {eta: 2, a: 1, b: 0},
        because="the squared distance to the optimum grows from 1 to 9",
    )
