"""ReLU: its geometry, its slopes, and its kink."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Heaviside, Max

from ..kernel import Eq, Fact, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem


@theorem(
    "ReLU is convex, 1-Lipschitz, positively homogeneous and the projection on the positive numbers; its slope is"
    " 0 on the left, 1 on the right",
    covers=["000:relu", "000:relu-derivatives", "000:relu-kink-zero", "003:relu-definition"],
    sources=[
        Source("000", "l.57-66", "g(a) = max(0, a); g' = 1 for a > 0, 0 for a < 0; not differentiable at 0"),
        Source("003", "l.81, l.106-107", "phi(x) = max(0, x)"),
    ],
)
def relu_function(t: Proof) -> None:
    """relu(a) = (a + |a|)/2, so everything about it is the triangle inequality."""
    a, b, z = t.real("a"), t.real("b"), t.real("z", nonzero=True)
    relu = lambda a: Max(0, a)  # noqa: E731
    t.equal(t.state("odd part", Eq(relu(a) - relu(-a), a)), because="one of the two is 0, the other |a|")
    t.equal(t.state("even part", Eq(relu(a) + relu(-a), Abs(a))), because="the same two cases")
    gain = t.positive("c")
    t.equal(t.state("homogeneous", Eq(relu(gain * a), gain * relu(a))), because="a positive factor leaves the maximum")
    t.compare(t.state("not negative", Ge(relu(a), 0)), relu(a), because="a maximum with 0")
    t.compare(t.state("never below its input", Ge(relu(a) - a, 0)), relu(a) - a, because="a maximum with a")
    t.equal(
        t.state("complementary", Eq(relu(a) * (relu(a) - a), 0)),
        because="with the two signs above: the optimality conditions of the nearest number >= 0",
    )
    x, y = t.real("x"), t.real("y")
    triangle = triangle_inequality(t, x, y)
    slack = lambda first, second: (  # noqa: E731
        Abs(first) + Abs(second) - Abs(first + second),
        t.instance(triangle, {x: first, y: second}, because="at these two numbers"),
    )
    part, fact = slack(a - b, b)
    t.compare(
        t.state("1-Lipschitz", Le(relu(a) - relu(b), Abs(a - b))),
        [(Abs(a - b) - (a - b)) / 2, part / 2],
        using=[fact],
        because="|a| - |b| <= |a - b|, and a - b <= |a - b|; exchange a and b for the other sign",
    )
    p, q = t.nonnegative("p"), t.nonnegative("q")
    part, fact = slack(p * a, q * b)
    t.compare(
        t.state("convex", Le(relu(p * a + q * b), p * relu(a) + q * relu(b))),
        part / 2,
        using=[fact],
        because="half the triangle inequality between p a and q b: for p + q = 1 convexity",
    )
    slopes_of_relu(t, z)


def triangle_inequality(t: Proof, x: Any, y: Any) -> Fact:
    """|x + y| <= |x| + |y|."""
    claim = Le(Abs(x + y), Abs(x) + Abs(y))
    above = t.suppose(Ge(x + y, 0)).compare(claim, [Abs(x) - x, Abs(y) - y], because="|x + y| = x + y here")
    below = t.suppose(Le(x + y, 0)).compare(claim, [Abs(x) + x, Abs(y) + y], because="|x + y| = -x - y here")
    return t.cases(claim, [above, below], because="the sum has one of the two signs")


def slopes_of_relu(t: Proof, z: Any) -> None:
    """Away from 0 the slope is a step and the curvature 0; at 0 the two one-sided slopes differ."""
    right, left = t.suppose(Gt(z, 0)), t.suppose(Lt(z, 0))
    step = Eq(Derivative(Max(0, z), z), Heaviside(z, 0))
    sides = [side.equal(step, because="a linear function on this side") for side in (right, left)]
    t.cases(t.state("slope", step), sides, because="z is not 0")
    t.equal(t.state("curvature", Eq(Derivative(Max(0, z), z, z), 0)), because="linear on either side")
    weight, gap, inside = t.positive("w"), t.positive("g"), t.real("v", 0, 1)
    quotient = Eq(Max(0, z) / z, Heaviside(z, 0))
    sides = [side.equal(quotient, because="a linear function on this side") for side in (right, left)]
    t.cases(
        t.state("difference quotient at 0", quotient),
        sides,
        because="1 from the right and 0 from the left: no limit, so no derivative",
    )
    t.equal(
        t.state("a dead unit", Eq(Max(0, weight * (1 - inside) - weight - gap), 0)),
        because="inputs 1 - v <= 1 and a bias -w - g: negative for every input, so neither w nor b has a gradient",
    )


@misprint(
    "The choice of relu'(0) is visible where a pre-activation is exactly 0",
    corrected="relu-function",
    covers=["000:relu-kink-zero"],
    sources=[Source("000", "l.66", "not differentiable at 0: not a problem in practice")],
)
def relu_slope_at_zero(t: Proof) -> None:
    """f(z) = relu(z) - relu(-z) = z has the slope 1 at 0; with relu'(0) = 0 backpropagation returns 0."""
    z = t.real("z")
    t.refute(
        Eq(Heaviside(z, 0) + Heaviside(-z, 0), 1),
        {z: 0},
        because="0 is no generalized slope of f either; the claim needs pre-activations with a density",
    )
