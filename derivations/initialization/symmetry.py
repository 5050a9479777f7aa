"""Units that start alike stay alike."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Rational

from ..kernel import Eq, Proof, Source, theorem, total

DECK = "000"
HALF = Rational(1, 2)


@theorem(
    "Hidden units that start alike stay alike; zero weights with phi(0) = 0 train only the output bias",
    covers=["000:symmetry-breaking", "001:symmetry-breaking-required", "003:initialization-matters"],
    sources=[
        Source(DECK, "l.895", "the initial parameters need to break symmetry"),
        Source("001", "l.350-358", "need to break symmetry while initializing the parameters"),
        Source("003", "l.39, l.653", "initialization matters"),
    ],
)
def symmetry_is_kept(t: Proof) -> None:
    """The gradient of a unit depends on the unit only through its own weights, by the same function for all units."""
    m, d, width = t.size("m"), t.size("d"), t.size("H")
    x, y = t.vector("x", m, d), t.vector("y", m)
    weight, bias, outgoing, offset = t.vector("W", width, d), t.vector("b", width), t.vector("v", width), t.real("c")
    phi = t.function("phi")
    u, e = t.index("u", width), t.index("e", d)
    inner = lambda i, a: total(d, lambda c: weight[a, c] * x[i, c]) + bias[a]  # noqa: E731
    error = lambda i: total(width, lambda a: outgoing[a] * phi(inner(i, a))) + offset - y[i]  # noqa: E731
    loss = total(m, lambda i: HALF * error(i) ** 2) / m
    slope = lambda i, a: Derivative(phi(inner(i, a)), bias[a])  # noqa: E731 - phi' there
    t.equal(
        t.state(
            "gradient of an incoming weight",
            Eq(Derivative(loss, weight[u, e]), outgoing[u] * total(m, lambda i: error(i) * slope(i, u) * x[i, e]) / m),
        ),
        because="only unit u holds this weight",
    )
    t.equal(
        t.state(
            "gradient of an outgoing weight",
            Eq(Derivative(loss, outgoing[u]), total(m, lambda i: error(i) * phi(inner(i, u))) / m),
        ),
        because="the output is linear in it",
    )
    t.equal(
        t.state("gradient of the output bias", Eq(Derivative(loss, offset), total(m, lambda i: error(i)) / m)),
        because="the output is shifted by it",
    )
    equal_units(t, phi, m, d, x)
    zero_start(t, m)


def equal_units(t: Proof, phi: Any, m: Any, d: Any, x: Any) -> None:
    """A unit and its twin: both see the examples' errors at step k, whatever these are and the other units do."""
    k, eta, e = t.time("k"), t.real("eta"), t.index("e_", d)
    error, w, v, b = t.function("error", 2), t.vector("w_start", d), t.real("v_start"), t.real("b_start")

    def inner(unit: Any, bias: Any, i: Any) -> Any:
        return total(d, lambda c: unit(c, k) * x[i, c]) + bias(k)

    def rule(unit: Any, bias: Any, outgoing: Any) -> tuple[Any, Any, Any]:
        """One step of gradient descent on the unit's incoming weights, bias and outgoing weight."""
        back = lambda i: error(i, k) * outgoing(k) * phi(inner(unit, bias, i)).fdiff()  # noqa: E731 - phi' there
        return (
            unit(e, k) - eta * total(m, lambda i: back(i) * x[i, e]) / m,
            bias(k) - eta * total(m, back) / m,
            outgoing(k) - eta * total(m, lambda i: error(i, k) * phi(inner(unit, bias, i))) / m,
        )

    names = ("unit_w", "unit_b", "unit_v", "twin_w", "twin_b", "twin_v")
    starts = (w[e], b, v) * 2
    rules = [lambda *f, n=n: rule(*f[n - n % 3 : n - n % 3 + 3])[n % 3] for n in range(6)]
    a, p, q, ta, tp, tq = t.recursion(
        k,
        **{
            name: ((e,), start, following) if n % 3 == 0 else (start, following)
            for n, (name, start, following) in enumerate(zip(names, starts, rules, strict=True))
        },
    )
    t.induct(
        t.state("equal incoming weights stay equal", Eq(a(e, k), ta(e, k))),
        t.state("equal biases stay equal", Eq(p(k), tp(k))),
        t.state("equal outgoing weights stay equal", Eq(q(k), tq(k))),
        over=k,
        because="equal weights get equal gradients; so too with any optimizer that treats the coordinates alike",
    )


def zero_start(t: Proof, m: Any) -> None:
    """All incoming weights and biases 0: every unit outputs phi(0).

    (And an outgoing weight 0 stops what lies behind it.)
    """
    width, y, c = t.size("H_0"), t.vector("y_0", m), t.real("c_0")
    outgoing, chi = t.vector("v_0", width), t.function("chi")
    u = t.index("u_0", width)
    error = lambda i: total(width, lambda a: outgoing[a] * chi(0)) + c - y[i]  # noqa: E731
    loss = total(m, lambda i: HALF * error(i) ** 2) / m
    t.equal(
        t.state("zero incoming weights", Eq(Derivative(loss, outgoing[u]), chi(0) * total(m, lambda i: error(i)) / m)),
        because="nothing reaches the outgoing weights of a unit with phi(0) = 0: only the output bias learns",
    )
