"""What the loss is blind to: shifts, scales, and the length of the weights."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, sqrt

from ..kernel import Eq, Gt, Proof, Source, theorem, total
from .forward import Batch


@theorem(
    "Without eps a normalized batch ignores the shift and the scale of its input",
    covers=["000:batchnorm-scale-invariance", "000:batchnorm-placement"],
    sources=[
        Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling"),
        Source("000", "l.965", "applied to the output of the previous layer"),
    ],
)
def batch_norm_invariance(t: Proof) -> None:
    """Mean and scale of a x + c are a mu + c and |a| s: neither a bias before it nor longer weights are seen."""
    m = t.size("m", minimum=2)
    x, a, c, i = t.vector("x", m), t.positive("a"), t.real("c"), t.index("i", m)
    batch = Batch(lambda i: x[i], m)
    t.assume(Gt(batch.variance, 0))  # a batch that is not constant
    for name, factor, image, because in (
        ("shift and scale", a, batch.normalized(i), "numerator and denominator carry a, and c goes with the mean"),
        ("a negative scale flips the sign", -a, -batch.normalized(i), "the scale is |a| s"),
    ):
        moved = Batch(lambda i, factor=factor: factor * x[i] + c, m)
        t.equal(t.state(name, Eq(moved.normalized(i), image)), because=because)


@theorem(
    "The gradient of a normalized layer is orthogonal to its weights and falls like 1/|w|, so a step lengthens them",
    covers=["000:batchnorm-scale-invariance"],
    sources=[Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling")],
)
def batch_norm_orthogonal_gradient(t: Proof) -> None:
    """The batch x_i = w'u_i and a loss with the gradient dy in it: constant along the ray through w."""
    m, d = t.size("m"), t.size("d")
    u, w, g, eps, a = (
        t.vector("u", m, d),
        t.vector("w", d, nonzero=True),
        t.vector("dy", m),
        t.positive("eps"),
        t.positive("a_w"),
    )

    def batch(scale: Any, eps: Any) -> Batch:
        return Batch(lambda i: total(d, lambda e: scale * w[e] * u[i, e]), m, eps)

    loss = lambda scale, eps: total(m, lambda i: g[i] * batch(scale, eps).normalized(i))  # noqa: E731
    t.equal(
        t.state(
            "slope along the weights",
            Eq(
                total(d, lambda e: w[e] * Derivative(loss(1, eps), w[e])),
                eps / (batch(1, eps).variance + eps) * loss(1, eps),
            ),
        ),
        because=(
            "Euler: of degree 0 in the weights but for eps; as eps goes to 0 the gradient becomes orthogonal to them"
        ),
    )
    t.equal(
        t.state("longer weights, same loss", Eq(loss(a, a**2 * eps), loss(1, eps))),
        because="with eps in proportion, or 0; differentiate both sides: grad J(a w) = grad J(w)/a",
    )
    eta, direction = t.positive("eta"), t.vector("h", d)
    squared = total(d, lambda e: w[e] ** 2)
    slope = lambda e: direction[e] - w[e] * total(d, lambda k: w[k] * direction[k]) / squared  # noqa: E731
    t.equal(
        t.state(
            "a step lengthens the weights",
            Eq(total(d, lambda e: (w[e] - eta * slope(e)) ** 2), squared + eta**2 * total(d, lambda e: slope(e) ** 2)),
        ),
        because="Pythagoras, for any gradient orthogonal to w: the effective rate eta/|w|^2 falls by itself",
    )


@theorem(
    "Weight decay holds the length of normalized weights at an equilibrium |w|^4 = eta G/(lambda (2 - eta lambda))",
    covers=["000:batchnorm-scale-invariance"],
    sources=[Source("000", "l.944-945", "faster learning rate, more resilient to parameter scaling")],
)
def batch_norm_equilibrium(t: Proof) -> None:
    """N = |w|^2: decay multiplies it by (1 - eta lambda)^2, an orthogonal gradient of square G/N adds eta^2 G/N."""
    eta, share, size, n = t.positive("eta"), t.real("u", 0, 1, open=True), t.positive("G"), t.positive("N")
    decay = share / eta  # eta lambda = u
    level = sqrt(eta * size / (decay * (2 - eta * decay)))
    following = lambda n: (1 - eta * decay) ** 2 * n + eta**2 * size / n  # noqa: E731
    t.equal(
        t.state("equilibrium", Eq(following(level), level)),
        because="what the decay takes off, 1 - (1 - u)^2 = u (2 - u) of N, is what the step puts on",
    )
    t.equal(
        t.state("change elsewhere", Eq(following(n) - n, share * (2 - share) * (level**2 - n**2) / n)),
        because="below the equilibrium the weights grow, above it they shrink: the effective rate eta/N settles",
    )
