"""More tasks than networks, and fewer examples than weights: whose gradient reaches which weight."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, KroneckerDelta, Rational

from ..kernel import Eq, Expectation, Proof, Source, correlated, theorem, total

HALF = Rational(1, 2)


@theorem(
    "A shared layer receives the weighted sum of its tasks' gradients; each head only its own",
    covers=["000:multitask-shared-gradient"],
    sources=[
        Source(
            "000", "l.486", "different supervised tasks share the same input x and some intermediate representation h"
        )
    ],
)
def multitask_gradient(t: Proof) -> None:
    """J = sum_t omega_t J_t: a trunk h = phi(theta x), one linear head a task, squared loss."""
    tasks, width, d = t.size("T"), t.size("n"), t.size("d")
    omega, target = t.vector("omega", tasks, low=0), t.vector("y", tasks)
    head, theta, x = t.vector("V", tasks, width), t.vector("theta", width, d), t.vector("x", d)
    phi = t.function("phi")
    a, b, c, s, r = t.index("a", width), t.index("b", d), t.index("c", width), t.index("s", tasks), t.index("r", tasks)
    inner = lambda c: total(d, lambda e: theta[c, e] * x[e])  # noqa: E731
    error = lambda k: total(width, lambda c: head[k, c] * phi(inner(c))) - target[k]  # noqa: E731
    objective = total(tasks, lambda k: omega[k] * HALF * error(k) ** 2)
    slope = Derivative(phi(inner(a)), theta[a, b])
    t.equal(
        t.state(
            "the shared layer",
            Eq(Derivative(objective, theta[a, b]), total(tasks, lambda k: omega[k] * error(k) * head[k, a]) * slope),
        ),
        because="every task depends on theta through h: the chain rule, summed",
    )
    t.equal(
        t.state("a head", Eq(Derivative(objective, head[s, a]), omega[s] * error(s) * phi(inner(a)))),
        because="no other task holds this head",
    )
    t.equal(
        t.state(
            "heads are decoupled given the shared layer",
            Eq(
                Derivative(objective, head[s, a], head[r, c]),
                KroneckerDelta(s, r) * omega[s] * phi(inner(a)) * phi(inner(c)),
            ),
        ),
        because="the Hessian in the heads has one block a task",
    )


@theorem(
    "With fewer examples than weights, what the data do not see only weight decay changes",
    covers=["002:high-dimensional-regression-example"],
    sources=[Source("002", "l.195-197", "y = 0.05 + sum_(i=1)^d 0.01 x_i + eps, eps ~ N(0, 0.01^2)")],
)
def unseen_directions(t: Proof) -> None:
    """A direction v with X v = 0 (there are such for n < d): each row of X is any vector z_i less its part along v."""
    n, d, k = t.size("n"), t.size("d"), t.time("k")
    z, v, w, y = t.vector("z", n, d), t.vector("v", d, nonzero=True), t.vector("w", d), t.vector("y", n)
    eta, lam, a = t.positive("eta"), t.nonnegative("lambda"), t.vector("a", n)
    along = lambda i: total(d, lambda c: z[i, c] * v[c]) / total(d, lambda c: v[c] ** 2)  # noqa: E731
    x = lambda i, c: z[i, c] - along(i) * v[c]  # noqa: E731
    i = t.index("i", n)
    t.equal(
        t.state("the data do not see v", Eq(total(d, lambda c: x(i, c) * v[c]), 0)),
        because="the part along v is taken off",
    )
    residual = lambda i: total(d, lambda c: x(i, c) * w[c]) - y[i]  # noqa: E731
    step = lambda c: w[c] - eta * (total(n, lambda i: residual(i) * x(i, c)) / n + lam * w[c])  # noqa: E731
    t.equal(
        t.state(
            "a step along v", Eq(total(d, lambda c: v[c] * step(c)), (1 - eta * lam) * total(d, lambda c: v[c] * w[c]))
        ),
        because="every gradient is a combination of the examples, hence orthogonal to v: only the decay acts",
    )
    start = t.real("s_0")
    (s,) = t.recursion(k, s=(start, lambda s: (1 - eta * lam) * s(k)))
    t.induct(
        t.state("after k steps", Eq(s(k), (1 - eta * lam) ** k * start)),
        over=k,
        because="without decay (lambda = 0) it never changes at all",
    )
    fitted = lambda c: total(n, lambda i: a[i] * x(i, c))  # noqa: E731 - what descent from 0 reaches
    t.equal(
        t.state(
            "descent from 0 finds the interpolator of least norm",
            Eq(
                total(d, lambda c: (fitted(c) + v[c]) ** 2),
                total(d, lambda c: fitted(c) ** 2) + total(d, lambda c: v[c] ** 2),
            ),
        ),
        because="every other one differs by such a v, which is orthogonal to all combinations of the examples",
    )
    example(t, d)


def example(t: Proof, d: Any) -> None:
    """The slide's weights 1/100 and noise of deviation 1/100, with standardized inputs."""
    hundredth = Rational(1, 100)
    inputs = t.random("u", correlated(0, lambda i, j: KroneckerDelta(i, j), [d]))
    t.expectation(
        t.state("signal variance", Eq(Expectation(total(d, lambda i: hundredth * inputs[i]) ** 2), d * hundredth**2)),
        because="d uncorrelated inputs: d times as strong as the noise",
    )
