"""Weight decay in the gradient and beside it, under gradient descent and under Adam."""

from __future__ import annotations

from ..kernel import Eq, Proof, Source, theorem
from ..update_rules import following
from .rmsprop import forgetting


@theorem(
    "Weight decay: coupled (in the gradient) and decoupled (a factor on the weight) are one for gradient descent; "
    "Adam's first step hides the coupled decay, but for eps",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "(weight decay)", "x <- x - alpha (grad f(x) + lambda x)")],
)
def weight_decay_forms(t: Proof) -> None:
    """Adam divides the decay by the root of its own square: for eps = 0 the first step is lr with any decay."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    lr, decay, start, eps = t.positive("lr"), t.positive("wd"), t.real("theta0"), t.positive("eps")
    beta1, beta2 = forgetting(t, "beta1"), forgetting(t, "beta2")
    g = t.vector("g", n + 1)
    x, y, z = t.recursion(
        k,
        x=(start, lambda *f: following("sgd", theta=f[0](k), g=g[k + 1], lr=lr, weight_decay=decay)[0]),
        y=(start, lambda *f: following("sgd", theta=(1 - lr * decay) * f[1](k), g=g[k + 1], lr=lr)[0]),
        z=(start, lambda *f: following("sgd", theta=f[2](k), g=g[k + 1] + decay * f[2](k), lr=lr)[0]),
    )
    t.induct(
        t.state("gradient descent: shrinking the weight is a term of the gradient", Eq(x(k), y(k))),
        t.state("which is that of the penalty wd theta^2 / 2", Eq(z(k), y(k))),
        over=k,
        because="theta - lr (g + wd theta) = (1 - lr wd) theta - lr g",
    )
    theta, gradient = t.positive("w h")
    names = dict(theta=theta, m=0, v=0, g=gradient, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, t=1)
    coupled, decoupled = following("adam", eps=eps, **names)[0], following("adamw", eps=eps, **names)[0]
    share = gradient + decay * theta
    t.equal(
        t.state("Adam's first step hides the coupled decay", Eq(theta - coupled, lr - lr * eps / (share + eps))),
        because="(g + wd theta)/(|g + wd theta| + eps): lr for every decay, but for eps",
    )
    t.equal(
        t.state(
            "the decoupled decay adds to it",
            Eq(theta - decoupled, lr - lr * eps / (gradient + eps) + lr * decay * theta),
        ),
        because="the decay never enters the quotient",
    )
    t.equal(
        t.state(
            "they differ by",
            Eq(coupled - decoupled, lr * decay * theta * (1 - eps / ((gradient + eps) * (share + eps)))),
        ),
        because="the difference of the two: at theta = g = 1 and eps = 0 it is lr wd",
    )
