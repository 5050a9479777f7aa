"""The limits of approximation: what no network of the kind reaches, and theorems as misprinted."""

from __future__ import annotations

from sympy import Abs, Limit, Max, Rational, exp, oo

from ..kernel import Eq, Ge, Le, Lt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


@theorem(
    (
        "What the hypotheses of universal approximation are for: polynomial activations, the whole line and "
        "fixed width all fail"
    ),
    covers=["000:universal-approximation", "003:uat-fails-on-whole-space", "003:universal-approximation-statement"],
    sources=[
        Source("000", "l.208-214", "any continuous function"),
        Source("003", "l.205-215", "phi bounded, continuous and non-decreasing; any bounded function on R^d"),
    ],
)
def limits_of_approximation(t: Proof) -> None:
    """Multipliers that cancel the approximating family leave a lower bound on the largest error at a few points."""
    a, b, c = t.real("a b c")
    affine = lambda x: a * x + b  # noqa: E731
    errors = {1 - affine(1): Rational(1, 4), -(0 - affine(0)): HALF, 1 - affine(-1): Rational(1, 4)}
    t.weights(
        t.state("an affine activation leaves 1/2 on |x|", Ge(Max(*errors), HALF)),
        errors,
        because="at -1, 0, 1 the second difference of an affine function is 0, that of |x| is 2",
    )
    parabola = lambda x: a * x**2 + b * x + c  # noqa: E731
    nodes = {-1: Rational(-1, 6), -HALF: Rational(1, 3), HALF: Rational(-1, 3), 1: Rational(1, 6)}
    cubic = {(1 if w > 0 else -1) * (x**3 - parabola(x)): abs(w) for x, w in nodes.items()}
    t.weights(
        t.state("a square activation leaves 1/4 on x^3", Ge(Max(*cubic), Rational(1, 4))),
        cubic,
        because="the mean of the four errors with the weights 1/6, 1/3, 1/3, 1/6 is free of a, b and c: it vanishes on "
        "every polynomial of degree two",
    )
    m, x = t.size("m"), t.real("x")
    width = 1 / (m + 1)
    square = {
        x**2 - affine(x): Rational(1, 4),
        -((x + width / 2) ** 2 - affine(x + width / 2)): HALF,
        (x + width) ** 2 - affine(x + width): Rational(1, 4),
    }
    t.weights(
        t.state("m units leave 1/(8 (m+1)^2) on x^2", Ge(Max(*square), width**2 / 8)),
        square,
        because="m kinks leave an interval of length 1/(m+1) on which the network is affine; the weights 1/4, 1/2, 1/4 "
        "at its ends and its middle take a second difference, 0 for affine functions",
    )
    limit = t.real("l")
    t.weights(
        t.state("a limit at infinity leaves 1 on sin", Ge(Max(1 - limit, 1 + limit), 1)),
        {1 - limit: HALF, 1 + limit: HALF},
        because="far out sin takes the values 1 and -1 again and again, where the network is near its limit l",
    )
    rate, z = t.positive("w"), t.real("z")
    t.limit(
        t.state("a rising sigmoid has a limit", Eq(Limit(1 / (1 + exp(-(rate * z + b))), z, oo), 1)),
        because="exp(-w z) vanishes; a sum of such units has the sum of the limits",
    )
    t.limit(
        t.state("and so has a falling one", Eq(Limit(1 / (1 + exp(rate * z + b)), z, oo), 0)),
        because="exp(w z) grows without end",
    )
    n, constant = t.size("n"), t.real("phi")
    out = t.vector("v", n)
    value = total(n, lambda i: out[i] * constant)
    t.weights(
        t.state("a constant activation leaves 1/2 on x", Ge(Max(1 - value, value), HALF)),
        {1 - value: HALF, value: HALF},
        because="the network is constant, and x takes the values 0 and 1",
    )


@misprint(
    "Not every continuous function is approximated: the activation must not be a polynomial",
    corrected="piecewise-linear-interpolation",
    covers=["000:universal-approximation"],
    sources=[
        Source("000", "l.208-214", "any continuous function can be approximated to any accuracy by y = w2 g(W x + b)")
    ],
)
def universal_approximation_by_any_activation(t: Proof) -> None:
    """g(a) = a and |x| on [-1, 1]: even the best network, the constant 1/2, is off by 1/2 (limits-of-approximation)."""
    a, b = t.real("a b")
    error = Max(Abs(1 - (a + b)), Abs(0 - b), Abs(1 - (-a + b)))
    t.refute(
        Lt(error, HALF),
        {a: 0, b: HALF},
        because="the largest error at -1, 0 and 1 is 1/2 here, and no affine function has a smaller one",
    )


@misprint(
    "A non-decreasing activation may be constant, and then approximates nothing",
    corrected="staircase-of-sigmoids",
    covers=["003:universal-approximation-statement"],
    sources=[
        Source(
            "003",
            "l.205-211",
            "phi bounded, continuous and non decreasing: for any f there are N, v, w, b with |f - F| <= eps",
        )
    ],
)
def universal_approximation_by_a_constant(t: Proof) -> None:
    """phi = 0 and f = 1: every network is 0."""
    n, error = t.size("N"), t.positive("epsilon")
    phi, out = t.real("phi"), t.vector("v", n)
    t.refute(
        Le(Abs(1 - total(n, lambda i: out[i] * phi)), error),
        {n: 1, error: HALF, phi: 0, out: [1]},
        because="phi = 0 is bounded, continuous and non-decreasing; the error is 1 whatever N and v are",
    )


@misprint(
    "Uniform approximation holds on compact sets, not on the whole space",
    corrected="limits-of-approximation",
    covers=["003:uat-fails-on-whole-space"],
    sources=[Source("003", "l.215", "any bounded regular function from R^d to R can be approximated to any precision")],
)
def universal_approximation_on_the_line(t: Proof) -> None:
    """cos on R: far out a network is near its limit l, and cos is 1 and -1 there; l = 0 is best, and off by 1."""
    limit, k = t.real("l"), t.time("k")
    t.refute(
        Lt(Max(Abs((-1) ** (2 * k) - limit), Abs((-1) ** (2 * k + 1) - limit)), 1),
        {limit: 0, k: 1},
        because="cos(2 k pi) = 1 and cos((2k + 1) pi) = -1: the error is at least 1 for every limit",
    )
