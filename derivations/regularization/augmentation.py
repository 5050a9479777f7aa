"""More data: noise on the inputs as a penalty, and transforms that keep the label."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, Rational

from ..kernel import Eq, Expectation, Le, Proof, Source, correlated, finite, orders, theorem, total

HALF = Rational(1, 2)


@theorem(
    "Input noise of covariance s^2 I on a linear model is ridge with weight s^2; on any model of one input, to order "
    "s^2, it penalizes f'^2 - (y - f) f''",
    covers=["000:noise-augmentation"],
    sources=[Source("000", "l.478", "adding noise")],
)
def noise_is_ridge(t: Proof) -> None:
    """The noise enters a linear residual as w'xi, which has mean 0 and variance s^2 |w|^2 and meets nothing else."""
    d, s = t.size("d"), t.positive("s")
    x, w, y = t.vector("x", d), t.vector("w", d), t.real("y")
    noise = t.random("xi", correlated(0, lambda i, j: s**2 * KroneckerDelta(i, j), [d]))
    residual = lambda shift: y - total(d, lambda i: w[i] * (x[i] + shift(i)))  # noqa: E731
    t.expectation(
        t.state(
            "noise on the inputs",
            Eq(
                Expectation(residual(lambda i: noise[i]) ** 2),
                residual(lambda i: 0) ** 2 + s**2 * total(d, lambda i: w[i] ** 2),
            ),
        ),
        because="expand the square: the cross term has mean 0, the noise of different inputs is uncorrelated",
    )
    f, point, size = t.function("f"), t.real("x_1"), t.real("s_1")
    flip = t.random("zeta", finite((1, -1), (HALF, HALF)))
    t.expectation(
        t.state(
            "two-sided noise of size s",
            Eq(
                Derivative(HALF * (y - f(point + size)) ** 2 + HALF * (y - f(point - size)) ** 2, size, size) / 2,
                HALF
                * (
                    Derivative(f(point + size), size) ** 2
                    - (y - f(point + size)) * Derivative(f(point + size), size, size)
                )
                + HALF
                * (
                    Derivative(f(point - size), size) ** 2
                    - (y - f(point - size)) * Derivative(f(point - size), size, size)
                ),
            ),
        ),
        because=(
            "half the second derivative, at s = 0 the coefficient of s^2, is f'^2 - (y - f) f'': the slope is "
            "penalized, and the curvature where the fit is off"
        ),
    )
    t.expectation(t.state("its mean", Eq(Expectation(size * flip), 0)), because="both signs are equally likely")
    t.expectation(
        t.state("its variance", Eq(Expectation((size * flip) ** 2), size**2)), because="the square has no sign"
    )


@theorem(
    "Affine transforms compose as (A_2, t_2)(A_1, t_1) = (A_2 A_1, A_2 t_1 + t_2), and averaging over a group "
    "loses nothing in squared loss",
    covers=["000:geometric-augmentation"],
    sources=[Source("000", "l.480", "geometric transformations, e.g. affMNIST")],
)
def geometric_augmentation(t: Proof) -> None:
    """Averaged over transforms that keep the label, the objective is the same for an image and its transforms."""
    d = t.size("d")
    a1, a2, t1, t2, u = (
        t.vector("A_1", d, d),
        t.vector("A_2", d, d),
        t.vector("t_1", d),
        t.vector("t_2", d),
        t.vector("u", d),
    )
    i = t.index("i", d)
    apply = lambda a, shift, x: lambda i: total(d, lambda j: a(i, j) * x(j)) + shift(i)  # noqa: E731
    twice = apply(lambda i, j: a2[i, j], lambda i: t2[i], apply(lambda i, j: a1[i, j], lambda i: t1[i], lambda i: u[i]))
    composed = lambda i, j: total(d, lambda k: a2[i, k] * a1[k, j])  # noqa: E731
    moved = lambda i: total(d, lambda k: a2[i, k] * t1[k]) + t2[i]  # noqa: E731
    t.equal(
        t.state("composition", Eq(twice(i), apply(composed, moved, lambda i: u[i])(i))),
        because="A_2 (A_1 u + t_1) + t_2",
    )
    size, y = t.size("G"), t.real("y")
    f = t.vector("f", size)  # the predictions for the transforms of one image
    mean = total(size, lambda g: f[g]) / size
    loss = total(size, lambda g: (f[g] - y) ** 2) / size
    t.compare(
        t.state("the averaged prediction is no worse", Le((mean - y) ** 2, loss)),
        total(size, lambda g: (f[g] - mean) ** 2) / size,
        because="the mean squared error is the squared error of the mean and the variance over the transforms",
    )
    several = t.size("H", minimum=2)
    value, relabeled = t.vector("loss", several), t.random("P", orders(several, several))
    origin = t.real("origin")
    permuted = total(several, lambda g: total(several, lambda h: relabeled[g, h] * value[h]))
    t.expectation(
        t.state(
            "a sum over a group does not notice a transform",
            Eq(Expectation((permuted - origin) ** 2), (total(several, lambda g: value[g]) - origin) ** 2),
        ),
        because="g -> g h permutes the group, and no permutation of the terms changes their sum",
    )
