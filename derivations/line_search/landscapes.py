"""Level sets, which the gradient crosses at a right angle, and Rosenbrock's function."""

from __future__ import annotations

from sympy import Abs, Derivative, Implies, Rational, cos, sin, sqrt, sympify

from ..kernel import Eq, Gt, Le, Lt, Proof, Source, theorem, total


@theorem(
    "Along a level set of a smooth function the gradient is orthogonal, up to a cosine that vanishes with the distance",
    covers=["004:gradient-orthogonal-to-level-set"],
    sources=[Source("004", "l.94-97", "the gradient is always orthogonal to the contour")],
)
def gradient_orthogonal_to_the_level_set(t: Proof) -> None:
    """Smoothness says |f(y) - f(x) - g'(y - x)| <= L/2 |y - x|^2; on a level set the difference of the values is 0."""
    n = t.size("n")
    half, difference = t.nonnegative("c"), t.real("D")
    g, chord = t.vector("g", n), t.vector("v", n)
    slope = total(n, lambda i: g[i] * chord[i])
    smooth = Le(Abs(difference - slope), half * total(n, lambda i: chord[i] ** 2))
    given = t.suppose(smooth)
    remainder = smooth.rhs - smooth.lhs
    for name, sign in (("from above", 1), ("from below", -1)):
        fact = given.compare(
            Le(sign * slope, Abs(difference) + smooth.rhs),
            [
                Abs(difference) - sign * difference,
                Abs(difference - slope) + sign * (difference - slope),
                remainder,
            ],
            because="the slope is the difference of the values less the remainder",
        )
        t.implies(
            t.state(name, Implies(smooth, fact.claim)),
            fact,
            because=(
                "with D = 0 the cosine between g and the chord is at most L/2 |chord| / |g|, which vanishes with it"
            ),
        )
    a, p, q, s = t.positive("a"), t.positive("lambda_1"), t.positive("lambda_2"), t.real("s")
    x, y = a * cos(s) / sqrt(p), a * sin(s) / sqrt(q)
    t.equal(t.state("an ellipse is a level set", Eq((p * x**2 + q * y**2) / 2, a**2 / 2)), because="cos^2 + sin^2 = 1")
    t.equal(
        t.state("its tangent", Eq(p * x * Derivative(x, s) + q * y * Derivative(y, s), 0)),
        because="gradient (p x, q y) times the derivative of the curve",
    )
    p_, q_, w = t.real("y1 y2 w")
    t.equal(
        t.state(
            "no direction at a saddle", Eq(Derivative(p_ * q_, p_) * w + Derivative(p_ * q_, q_) * w, w * (p_ + q_))
        ),
        because=(
            "y1 y2 has the gradient (y2, y1), which is 0 at the crossing of its two contours: there is nothing "
            "to be orthogonal"
        ),
    )


@theorem(
    (
        "The Rosenbrock function: one critical point, its minimum, with condition number 2508; stable steps "
        "below 0.0019968; not convex"
    ),
    covers=["004:rosenbrock-function"],
    sources=[Source("004", "l.838-850", "f(x) = (x1 - 1)^2 + 100 (x2 - x1^2)^2")],
)
def rosenbrock_function(t: Proof) -> None:
    """A sum of two squares; the gradient determines both, and the Hessian at (1, 1) has the eigenvalues 501 +-
    sqrt(250601).
    """
    x, y = t.real("x1 x2")
    f = (x - 1) ** 2 + 100 * (y - x**2) ** 2
    first, second = 2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)
    t.equal(t.state("first partial", Eq(Derivative(f, x), first)), because="the chain rule")
    t.equal(t.state("second partial", Eq(Derivative(f, y), second)), because="the chain rule")
    t.equal(
        t.state(
            "one critical point",
            Eq((first + 2 * x * second) ** 2 + second**2, 4 * (x - 1) ** 2 + 40000 * (y - x**2) ** 2),
        ),
        because="both partials vanish only where x1 = 1 and x2 = x1^2, at (1, 1), where f = 0 as well",
    )
    at = {x: 1, y: 1}
    hessian = [[sympify(f).diff(p, q) for q in (x, y)] for p in (x, y)]
    z = t.real("z")
    characteristic = (hessian[0][0] - z) * (hessian[1][1] - z) - hessian[0][1] ** 2
    low, high = 501 - sqrt(250601), 501 + sqrt(250601)
    t.equal(
        t.state("eigenvalues", Eq(characteristic.subs(at), (z - low) * (z - high))),
        because="trace 1002 and determinant 400 of the Hessian [[802, -400], [-400, 200]]",
    )
    for name, p, q in (("f11", x, x), ("f12", x, y), ("f22", y, y)):
        t.equal(
            t.state(
                name, Eq(Derivative(f, p, q), {"f11": 1200 * x**2 - 400 * y + 2, "f12": -400 * x, "f22": 200}[name])
            ),
            because="differentiate the partials",
        )
    above = Gt(y, Rational(1, 200))
    bent = t.suppose(above).compare(Lt(2 - 400 * y, 0), 400 * (y - Rational(1, 200)), because="f11 at x1 = 0")
    t.implies(
        t.state("curvature in x1 on the axis x1 = 0", Implies(above, bent.claim)),
        bent,
        because="-398 at (0, 1): f is not convex",
    )
    t.equal(
        t.state("condition number", Eq(high / low, (501 + sqrt(250601)) ** 2 / 400)),
        because="the product of the eigenvalues is 400; this is 2508.01",
    )
    t.equal(
        t.state("largest stable step", Eq(2 / high, low / 200)), because="2/lambda_max = 2 lambda_min / 400 = 0.0019968"
    )
