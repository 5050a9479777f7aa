"""What adapts: which rules see the curvature of a coordinate, and which do not."""

from __future__ import annotations

from typing import Any

from sympy import sqrt

from ..kernel import Eq, Proof, Source, theorem
from ..update_rules import following


@theorem(
    "On separable quadratics AdaGrad, RMSProp, Adam and AdaDelta (eps = 0 in the denominator) do not see the "
    "curvatures: lambda x^2/2 gives the iterates of x^2/2, while gradient descent sees lr lambda",
    covers=[
        "003:adaptive-less-sensitive-to-lr", "004:diagonal-scaling-invariance", "004:adagrad-ravine-panels",
        "004:adam-ravine-panels",
    ],
    sources=[
        Source("003", "l.564, 601, 652", "less sensitive to the learning rate"),
        Source("004", "l.674-675", "adapt the updates to each individual parameter"),
    ],
)  # fmt: skip
def curvature_invariance(t: Proof) -> None:
    """A coordinate's gradients are multiplied by lambda, its accumulated squares by lambda^2: the quotient stays.

    So the ravine is a round bowl to these methods, and a rotation of the ravine would be felt. The start is not 0,
    and no iterate is (at 0 the quotient 0/0 needs eps), which is why the start of the squares is any positive number.
    """
    k, curvature, lr, start = t.time("k"), t.positive("lambda"), t.positive("lr"), t.real("x0")
    held, rho, beta1, eps = t.positive("s0"), forgetting_some(t, "rho"), forgetting_some(t, "beta1"), t.positive("eps")
    for name, keep in (("adagrad", {}), ("rmsprop", {"alpha": rho})):
        step = lambda x, s, h, name=name, keep=keep: following(name, theta=x, s=s, g=h * x, lr=lr, eps=0, **keep)  # noqa: E731
        x, s, y, r = t.recursion(
            k,
            **{
                f"x_{name}": (start, lambda *f, step=step: step(f[0](k), f[1](k), curvature)[0]),
                f"s_{name}": (curvature**2 * held, lambda *f, step=step: step(f[0](k), f[1](k), curvature)[1]),
                f"y_{name}": (start, lambda *f, step=step: step(f[2](k), f[3](k), 1)[0]),
                f"r_{name}": (held, lambda *f, step=step: step(f[2](k), f[3](k), 1)[1]),
            },
        )
        t.induct(
            Eq(s(k), curvature**2 * r(k)),
            t.state(f"{name}: the iterates do not depend on lambda", Eq(x(k), y(k))),
            over=k,
            because="lambda x / sqrt(lambda^2 s) = x / sqrt(s)",
        )
    z, w = t.recursion(
        k,
        z=(start, lambda z, w: following("sgd", theta=z(k), g=curvature * z(k), lr=lr)[0]),
        w=(start, lambda z, w: following("sgd", theta=w(k), g=w(k), lr=lr * curvature)[0]),
    )
    t.induct(
        t.state("gradient descent: lambda is a factor of the rate", Eq(z(k), w(k))),
        over=k,
        because="only the product lr lambda enters, and it must lie below 2",
    )
    moments_forget_curvature(t, k, curvature, lr, start, held, beta1, rho)
    units_forget_curvature(t, k, curvature, start, held, rho, eps)


def moments_forget_curvature(
    t: Proof, k: Any, curvature: Any, lr: Any, start: Any, held: Any, beta1: Any, beta2: Any
) -> None:
    step = lambda x, m, v, h: following(  # noqa: E731
        "adam", theta=x, m=m, v=v, g=h * x, lr=lr, beta1=beta1, beta2=beta2, eps=0, t=k + 1
    )
    x, m, v, y, p, q = t.recursion(
        k,
        x_adam=(start, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[0]),
        m_adam=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[1]),
        v_adam=(curvature**2 * held, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[2]),
        y_adam=(start, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[0]),
        p_adam=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[1]),
        q_adam=(held, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[2]),
    )
    t.induct(
        Eq(m(k), curvature * p(k)),
        Eq(v(k), curvature**2 * q(k)),
        t.state("adam: the iterates do not depend on lambda", Eq(x(k), y(k))),
        over=k,
        because="lambda m^ / sqrt(lambda^2 v^) = m^ / sqrt(v^)",
    )


def units_forget_curvature(t: Proof, k: Any, curvature: Any, start: Any, held: Any, rho: Any, eps: Any) -> None:
    """AdaDelta with its constant in the numerator only, where it does not hurt the invariance."""
    square = lambda x, s, h: rho * s + (1 - rho) * (h * x) ** 2  # noqa: E731
    update = lambda x, s, a, h: sqrt(a + eps) / sqrt(square(x, s, h)) * h * x  # noqa: E731
    x, s, a, y, r, b = t.recursion(
        k,
        x_delta=(start, lambda *f: f[0](k) - update(f[0](k), f[1](k), f[2](k), curvature)),
        s_delta=(curvature**2 * held, lambda *f: square(f[0](k), f[1](k), curvature)),
        a_delta=(0, lambda *f: rho * f[2](k) + (1 - rho) * update(f[0](k), f[1](k), f[2](k), curvature) ** 2),
        y_delta=(start, lambda *f: f[3](k) - update(f[3](k), f[4](k), f[5](k), 1)),
        r_delta=(held, lambda *f: square(f[3](k), f[4](k), 1)),
        b_delta=(0, lambda *f: rho * f[5](k) + (1 - rho) * update(f[3](k), f[4](k), f[5](k), 1) ** 2),
    )
    t.induct(
        Eq(s(k), curvature**2 * r(k)),
        Eq(a(k), b(k)),
        t.state("adadelta: the iterates do not depend on lambda", Eq(x(k), y(k))),
        over=k,
        because="the update is a quotient of gradients times past updates",
    )


def forgetting_some(t: Proof, name: str) -> Any:
    """0 < rho < 1, so that no accumulator that starts positive ever vanishes."""
    return t.real(name, 0, 1, open=True)
