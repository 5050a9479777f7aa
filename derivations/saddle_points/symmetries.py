"""Symmetries of networks: permuted and rescaled units."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Implies, KroneckerDelta, Max, Rational, factorial, tanh

from ..kernel import Eq, Ge, Gt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)


def relu(a: Any) -> Any:
    """max(a, 0)."""
    return Max(a, 0)


@theorem(
    (
        "Permuting the n units of each of m hidden layers leaves the function: (n!)^m arrangements, fewer "
        "points where units agree"
    ),
    covers=["001:permutation-symmetry-count"],
    sources=[Source("001", "l.199-204", "m layers of n units: (n!)^m ways of arranging the units")],
)
def permutation_symmetry_count(t: Proof) -> None:
    """The next layer sees a sum over units; an exchange of two changes no sum, and exchanges make up all
    permutations.
    """
    n, d, k = t.size("n"), t.size("d"), t.time("m")
    p, q = t.index("p", n), t.index("q", n)
    weight, bias, out, x = t.vector("W", n, d), t.vector("b", n), t.vector("v", n), t.vector("x", d)
    unit = lambda i: out[i] * tanh(total(d, lambda j: weight[i, j] * x[j]) + bias[i])  # noqa: E731
    delta = KroneckerDelta
    swap = lambda i: (delta(i, p) - delta(i, q)) * (unit(q) - unit(p))  # noqa: E731
    t.equal(
        t.state("an exchange of units", Eq(total(n, lambda i: unit(i) + swap(i)), total(n, unit))),
        because="row p of W, b_p and v_p change places with those of q",
    )
    orders, group, flips = t.recursion(
        k,
        F=(1, lambda f, g, s: (k + 1) * f(k)),
        G=(1, lambda f, g, s: factorial(n) * g(k)),
        S=(1, lambda f, g, s: factorial(n) * 2**n * s(k)),
    )
    t.induct(t.state("orders of n units", Eq(orders(k), factorial(k))), over=k, because="the new unit has n + 1 places")
    t.induct(
        t.state("arrangements of m layers", Eq(group(k), factorial(n) ** k)),
        over=k,
        because="every layer is permuted by itself",
    )
    flipped = lambda i: (-out[i]) * tanh(total(d, lambda j: -weight[i, j] * x[j]) - bias[i])  # noqa: E731
    t.equal(
        t.state("turning the sign of a tanh unit", Eq(total(n, flipped), total(n, unit))),
        because="tanh is odd: weights, bias and outgoing weight of a unit may all change their sign",
    )
    t.induct(
        t.state("arrangements of tanh layers", Eq(flips(k), factorial(n) ** k * 2 ** (n * k))),
        over=k,
        because="n further choices of sign in every layer",
    )
    first, second = t.real("theta_1 theta_2")
    t.equal(
        t.state(
            "when an exchange moves nothing",
            Eq((first - second) ** 2 + (second - first) ** 2, 2 * (first - second) ** 2),
        ),
        because=(
            "the point moves by that distance: not at all for equal units, so (n!)^m counts points only if all differ"
        ),
    )


@theorem(
    (
        "A positively homogeneous unit may be scaled: weights and bias by alpha > 0, outgoing weights by "
        "1/alpha; minima come in curves"
    ),
    covers=["001:positive-rescaling-symmetry", "001:uncountable-equivalent-minima"],
    sources=[
        Source("001", "l.205-206", "scale all incoming weights and biases by alpha and all outputs by 1/alpha"),
        Source("001", "l.210-211", "an uncountable number of equivalent minima"),
    ],
)
def positive_rescaling_symmetry(t: Proof) -> None:
    """max(alpha z, 0) = alpha max(z, 0) for alpha > 0; differentiate along the curve of equivalent parameters."""
    alpha, z, y, leak = t.positive("alpha"), t.real("z"), t.real("y"), t.real("s", 0, 1)
    t.equal(t.state("ReLU", Eq(relu(alpha * z) / alpha, relu(z))), because="the larger of two numbers scales with them")
    t.equal(
        t.state("leaky ReLU", Eq(Max(alpha * z, leak * alpha * z) / alpha, Max(z, leak * z))), because="so it does here"
    )
    t.equal(t.state("maxout", Eq(Max(alpha * z, alpha * y) / alpha, Max(z, y))), because="and here, for any pieces")
    n = t.size("n")
    w, x, b, v = t.vector("w", n), t.vector("x", n), t.real("b"), t.real("v")
    i = t.index("i", n)
    active = v * (total(n, lambda k: w[k] * x[k]) + b)  # the unit's contribution where it is on
    partial = {"w": v * x[i], "b": v, "v": total(n, lambda k: w[k] * x[k]) + b}
    for name, variable in (("w", w[i]), ("b", b), ("v", v)):
        t.equal(
            t.state(f"slope in {name}", Eq(Derivative(active, variable), partial[name])),
            because="bilinear in (w, b) and v",
        )
    inner = total(n, lambda k: w[k] * v * x[k]) + b * partial["b"]
    t.equal(
        t.state("Euler", Eq(inner, v * partial["v"])),
        because="homogeneous of degree one in (w, b) and in v; times dJ/df it holds for every loss",
    )
    slope = t.real("g")  # dJ/df
    flow = total(n, lambda k: 2 * w[k] * (-slope * v * x[k])) + 2 * b * (-slope * v) - 2 * v * (-slope * partial["v"])
    t.equal(
        t.state("gradient flow conserves |w|^2 + b^2 - v^2", Eq(flow, 0)),
        because="twice Euler's identity, times -dJ/df",
    )
    target = t.real("y_")
    along = lambda a: (v / a * (total(n, lambda k: a * w[k] * x[k]) + a * b) - target) ** 2 / 2  # noqa: E731
    t.equal(
        t.state("the loss is level along the curve", Eq(Derivative(along(alpha), alpha), 0)),
        because="all alpha > 0 give minima if one does: uncountably many",
    )
    tangent_slope = inner - v * partial["v"]  # of f along (w, b, -v)
    t.equal(
        t.state("at zero residual the Hessian annuls the tangent", Eq(partial["w"] * tangent_slope, 0)),
        because="there the row of w_i in H is df/dw_i grad f', and grad f is orthogonal to the tangent (w, b, -v)",
    )
    decay(t, alpha)


def decay(t: Proof, alpha: Any) -> None:
    """Weight decay leaves one point of each curve: a = |(w, b)|, c = |v|."""
    a, c = t.positive("a c")
    t.compare(
        t.state("weight decay ends the symmetry", Ge((alpha * a) ** 2 + (c / alpha) ** 2, 2 * a * c)),
        (alpha * a - c / alpha) ** 2,
        because="a square, 0 at alpha^2 = c/a only",
    )


@misprint(
    "Scaling a unit needs alpha > 0 and the bias",
    corrected="positive-rescaling-symmetry",
    covers=["001:positive-rescaling-symmetry"],
    sources=[Source("001", "l.205-206", "scale all incoming weights by alpha and all outputs by 1/alpha")],
)
def rescaling_by_any_number(t: Proof) -> None:
    """alpha = -1 at w x = 1: relu(-1)/(-1) = 0 against 1; alpha = 3 without the bias: 0 against 1/2."""
    alpha, w, b, x = t.real("alpha", nonzero=True), t.real("w"), t.real("b"), t.real("x")
    t.refute(
        Eq(relu(alpha * (w * x + b)) / alpha, relu(w * x + b)),
        {alpha: -1, w: 1, b: 0, x: 1},
        because="a negative factor turns the kink over",
    )
    t.refute(
        Implies(Gt(alpha, 0), Eq(relu(alpha * w * x + b) / alpha, relu(w * x + b))),
        {alpha: 3, w: 1, b: 1, x: -HALF},
        because="the bias must be scaled as well: relu(-3/2 + 1)/3 = 0 against relu(1/2)",
    )
