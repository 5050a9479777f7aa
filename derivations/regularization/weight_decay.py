"""Weight decay coupled and decoupled: one rule for SGD, two for Adam."""

from __future__ import annotations

from sympy import Rational, sign

from ..kernel import Eq, Proof, Source, misprint, theorem
from ..update_rules import following

HALF = Rational(1, 2)


@theorem(
    "L2 in the gradient and decoupled weight decay are one rule for SGD",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "l.190-192", "w <- (1 - eta lambda) w - ...")],
)
def weight_decay_coupled_and_decoupled(t: Proof) -> None:
    """The maps that conformance uses: what passes through Adam's normalization is no longer decay."""
    theta, g, lam, lr = t.real("theta"), t.real("g", nonzero=True), t.positive("lambda"), t.positive("lr")
    (coupled,) = following("sgd", theta=theta, g=g + lam * theta, lr=lr)
    t.equal(
        t.state("SGD", Eq(coupled, (1 - lr * lam) * theta - lr * g)),
        because="the gradient enters linearly",
    )
    scale = t.real("P")
    t.equal(
        t.state(
            "a preconditioner P scales the coupled decay",
            Eq(
                theta - lr * scale * (g + lam * theta) - ((1 - lr * lam) * theta - lr * scale * g),
                lr * lam * (1 - scale) * theta,
            ),
        ),
        because="the two rules agree for every weight only where P = 1",
    )
    beta1, beta2 = t.real("beta1", 0, 1, open=True), t.real("beta2", 0, 1, open=True)
    start = {"theta": theta, "m": 0, "v": 0, "t": 1, "lr": lr, "beta1": beta1, "beta2": beta2, "eps": 0}
    decoupled = following("adamw", **start, g=g, weight_decay=lam)[0]
    t.equal(
        t.state("first step of AdamW", Eq(decoupled, (1 - lr * lam) * theta - lr * sign(g))),
        because="both corrected moments are those of one gradient: the step is its sign; the decay stands beside it",
    )
    total_gradient = t.real("g_total", nonzero=True)  # g + lambda theta
    mixed = following("adam", **start, g=total_gradient)[0]
    t.equal(
        t.state("first step of Adam with L2", Eq(mixed, theta - lr * sign(total_gradient))),
        because="the sign of g + lambda theta: the size of the decay is lost",
    )


@misprint(
    "L2 in the gradient is not weight decay under Adam",
    corrected="weight-decay-coupled-and-decoupled",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "l.190-192", "weight decay as the gradient of lambda/2 |w|^2, with l.158-178 Adam")],
)
def weight_decay_through_adam(t: Proof) -> None:
    """First step from 1 with the gradient -1/2 and lambda = lr = 1/10."""
    theta, g, lam, lr = t.real("theta"), t.real("g"), t.positive("lambda"), t.positive("lr")
    start = {"theta": theta, "m": 0, "v": 0, "t": 1, "lr": lr, "beta1": HALF, "beta2": HALF, "eps": 0}
    coupled = following("adam", **start, g=g + lam * theta)[0]
    decoupled = following("adamw", **start, g=g, weight_decay=lam)[0]
    t.refute(
        Eq(coupled, decoupled),
        {theta: 1, g: -HALF, lam: Rational(1, 10), lr: Rational(1, 10)},
        because="both move by +1/10, but only AdamW takes off the decay 1/100: 1.10 and 1.09",
    )
