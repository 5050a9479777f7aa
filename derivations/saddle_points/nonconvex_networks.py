"""Networks that are not convex: two weights, their saddle, and a dead unit."""

from __future__ import annotations

from sympy import Derivative, Implies, Rational

from ..kernel import Eq, Gt, Le, Lt, Proof, Source, misprint, theorem
from .symmetries import relu

HALF = Rational(1, 2)


@theorem(
    (
        "(1 - w1 w2)^2 is not convex and has no bad local minimum: its other critical point is a saddle, which "
        "gradient descent can meet"
    ),
    covers=["003:nonconvex-objective-local-minimizers", "003:gradient-method-reaches-local-minimizer"],
    sources=[
        Source("003", "l.52", "the objective is not convex, leading to local minimizers"),
        Source("003", "l.54", "backpropagation allows to obtain a local minimizer"),
    ],
)
def product_of_two_weights(t: Proof) -> None:
    """A linear network with one weight a layer. The antidiagonal w2 = -w1 is invariant, and on it descent leads to
    0.
    """
    u, v = t.real("w1 w2")
    loss = lambda a, b: (1 - a * b) ** 2  # noqa: E731
    grad_u, grad_v = -2 * v * (1 - u * v), -2 * u * (1 - u * v)
    t.equal(t.state("slope in w1", Eq(Derivative(loss(u, v), u), grad_u)), because="the chain rule")
    t.equal(t.state("slope in w2", Eq(Derivative(loss(u, v), v), grad_v)), because="the chain rule")
    t.equal(
        t.state("critical points", Eq(grad_u**2 + grad_v**2, 4 * (1 - u * v) ** 2 * (u**2 + v**2))),
        because="zero only where w1 w2 = 1, the global minima with loss 0, and at (0, 0)",
    )
    s = t.real("s", 0, 1, open=True)
    t.compare(
        t.state("lower along the diagonal", Lt(loss(s, s), 1)),
        [s**2, s**2 * (1 - s) * (1 + s)],
        because="and so at (-s, -s): between two lower points lies (0, 0), so the loss is not convex",
    )
    t.compare(
        t.state("higher along the antidiagonal", Gt(loss(s, -s), 1)), [2 * s**2, s**4], because="(1 + s^2)^2: a saddle"
    )
    descent_to_the_saddle(t)
    w = t.real("w")
    dead = t.suppose(Lt(w, 0))
    flat = dead.equal(Eq((1 - relu(w)) ** 2, 1), because="the unit is off")
    t.implies(
        t.state("a ReLU makes a bad local minimum", Implies(Lt(w, 0), flat.claim)),
        flat,
        because="(1 - relu(w))^2 is level at 1 for all w < 0, while it is 0 at w = 1",
    )


def descent_to_the_saddle(t: Proof) -> None:
    """From (a, -a) with a step 1/(2 + a^2 + m): |w1| shrinks by at least 1 - 2 eta in each step."""
    k, a, m = t.time("k"), t.real("a"), t.nonnegative("m")
    eta = 1 / (2 + a**2 + m)
    x, y = t.recursion(
        k,
        w=(a, lambda x, y: x(k) + 2 * eta * y(k) * (1 - x(k) * y(k))),
        z=(-a, lambda x, y: y(k) + 2 * eta * x(k) * (1 - x(k) * y(k))),
    )
    (w,) = t.recursion(k, u=(a, lambda w: w(k) * (1 - 2 * eta * (1 + w(k) ** 2))))
    t.induct(
        t.state("first weight", Eq(x(k), w(k))),
        t.state("second weight", Eq(y(k), -w(k))),
        over=k,
        because="with w2 = -w1 the step is w1 (1 - 2 eta (1 + w1^2)) for the one and its opposite for the other",
    )
    inside = Le(w(k) ** 2, a**2)
    base = t.compare(inside.subs(k, 0), 0, because="it starts there")
    room = a**2 - w(k) ** 2
    step = t.suppose(inside).compare(
        inside.subs(k, k + 1),
        [
            room,
            4 * eta**2 * w(k) ** 2 * (1 + w(k) ** 2) * (1 + m),
            4 * eta**2 * w(k) ** 2 * (1 + w(k) ** 2) * room,
        ],
        because="1 - eta (1 + w^2) = eta (1 + m) + eta (a^2 - w^2) is positive",
    )
    bounded = t.induct_from(inside, over=k, base=base, step=step, because="no step grows")
    rate = (1 - 2 * eta) ** 2
    claim = Le(w(k) ** 2, rate**k * a**2)
    base = t.compare(claim.subs(k, 0), 0, because="it starts there")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [
            rate * (rate**k * a**2 - w(k) ** 2),
            4 * eta**2 * w(k) ** 4 * m,
            4 * eta**2 * w(k) ** 4 * room,
        ],
        using=[bounded],
        because="(1 - 2 eta)^2 - (1 - 2 eta (1 + w^2))^2 = 4 eta w^2 (1 - eta (2 + w^2))",
    )
    t.induct_from(
        t.state("descent ends at the saddle", claim),
        over=k,
        base=base,
        step=step,
        because="a geometric sequence: w1 and w2 go to 0, where the loss is 1, not a local minimum",
    )


@misprint(
    "Gradient descent need not end at a local minimizer",
    corrected="product-of-two-weights",
    covers=["003:gradient-method-reaches-local-minimizer"],
    sources=[Source("003", "l.54", "backpropagation allows to obtain a local minimizer")],
)
def gradient_descent_finds_a_local_minimizer(t: Proof) -> None:
    """(1 - w1 w2)^2 from (1, -1) with step 1/4: one step to the saddle (0, 0), where descent stays."""
    a, b, eta, p, q = t.real("w1 w2 eta p q")
    loss = lambda u, v: (1 - u * v) ** 2  # noqa: E731
    step = lambda u, v: (u + 2 * eta * v * (1 - u * v), v + 2 * eta * u * (1 - u * v))  # noqa: E731
    end = step(a, b)
    t.refute(
        Implies(Eq((end[0] - step(*end)[0]) ** 2 + (end[1] - step(*end)[1]) ** 2, 0), Le(loss(*end), loss(p, q))),
        {a: 1, b: -1, eta: Rational(1, 4), p: Rational(1, 10), q: Rational(1, 10)},
        because="descent rests at (0, 0) with loss 1; as near as one likes, here at (1/10, 1/10), the loss is lower",
    )


@theorem(
    (
        "A dead ReLU unit is a bad local minimum: on an open set the loss 1/2 (1 - v relu(w + b))^2 is 1/2, "
        "elsewhere it is 0"
    ),
    covers=["001:bad-local-minima-exist"],
    sources=[Source("001", "l.194-195, l.212", "local minima are not a major problem; can be problematic")],
)
def dead_unit_local_minimum(t: Proof) -> None:
    """One example (1, 1), one unit: where w + b < 0 nothing depends on the parameters."""
    w, b, v = t.real("w b v")
    loss = (1 - v * relu(w + b)) ** 2 / 2
    dead = t.suppose(Lt(w + b, 0))
    level = dead.equal(Eq(loss, HALF), because="the unit is off on this open set")
    t.implies(t.state("dead", Implies(Lt(w + b, 0), level.claim)), level, because="level, so the gradient is 0")
    alive = t.suppose(Gt(w + b, 0))
    solved = alive.equal(Eq(((1 - relu(w + b) / (w + b)) ** 2 / 2), 0), because="v = 1/(w + b) fits the example")
    t.implies(
        t.state("alive", Implies(Gt(w + b, 0), solved.claim)), solved, because="a minimum of 0 for every w + b > 0"
    )
