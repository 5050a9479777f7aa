"""The options of Keras' SGD: its decay of the learning rate, and momentum while the rate decays."""

from __future__ import annotations

from sympy import Equivalent

from ..kernel import Eq, Ge, Le, Proof, Source, theorem
from ..update_rules import following
from .velocity import VELOCITY, retention


@theorem(
    "Keras' SGD(lr, decay, momentum): decay means lr/(1 + decay k), hyperbolic, which lies above the line lr (1 - "
    "decay k) and reaches half the rate after 1/decay updates; the velocity form keeps it exact",
    covers=["000:keras-optimizer-snippet"],
    sources=[Source("000", "l.875-888", "SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)")],
)
def keras_sgd_options(t: Proof) -> None:
    """The reciprocal of the rate grows by decay/lr an update. (`nesterov=True` is the rewritten form of
    `nesterov_forms`.)
    """
    k, lr, decay, alpha = t.time("k"), t.positive("lr"), t.positive("decay"), retention(t)
    rate = lambda k: lr / (1 + decay * k)  # noqa: E731
    t.compare(
        t.state("above the line", Ge(rate(k), lr * (1 - decay * k))),
        lr * decay**2 * k**2 / (1 + decay * k),
        because="1/(1 + u) - (1 - u) = u^2/(1 + u): linear decay is its tangent at the start",
    )
    halved, late = Le(rate(k), lr / 2), Ge(decay * k, 1)
    t.equivalent(
        t.state("half the rate exactly from 1/decay updates on", Equivalent(halved, late)),
        [
            t.suppose(halved).compare(
                late, 2 * (1 + decay * k) / lr * (lr / 2 - rate(k)), because="multiply by 2 (1 + decay k)/lr"
            ),
            t.suppose(late).compare(
                halved, lr * (decay * k - 1) / (2 * (1 + decay * k)), because="1/2 - 1/(1 + u) = (u - 1)/(2 (1 + u))"
            ),
        ],
        because="both ways: with decay = 1e-6 after a million updates",
    )
    n = t.size("n")
    m = t.integer("m", 0, n)
    g, start = t.vector("g", n + 2), t.real("theta0")
    step = lambda x, v: following(VELOCITY, theta=x, v=v, g=g[m + 1], lr=rate(m), momentum=alpha)  # noqa: E731
    x, _v = t.recursion(m, x=(start, lambda x, v: step(x(m), v(m))[0]), v=(0, lambda x, v: step(x(m), v(m))[1]))
    t.equal(
        t.state(
            "two-term form with the decaying rate",
            Eq(x(m + 2), x(m + 1) - rate(m + 1) * g[m + 2] + alpha * (x(m + 1) - x(m))),
        ),
        because="the velocity is the last move, whatever the rate was",
    )
