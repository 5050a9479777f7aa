"""Where descent with noise ends up: a biased gradient's fixed point, the noise floor, averaged iterates."""

from __future__ import annotations

from typing import Any

from ..kernel import Eq, Expectation, Gt, Le, Proof, Source, choices, independent, theorem, total
from .minibatch import average, batch_mean, forgotten, spread


@theorem(
    "A gradient with a constant bias c moves the fixed point of a quadratic to w* - H^-1 c, by at most |c|/mu",
    covers=["001:biased-gradient-fixed-point"],
    sources=[Source("001", "l.175, l.226", "inexact gradients: bias in estimation")],
)
def biased_gradient_fixed_point(t: Proof) -> None:
    """In the eigenbasis each coordinate follows its own affine recursion, which has one fixed point."""
    d, k = t.size("d"), t.time("k")
    mu, eta = t.positive("mu"), t.real("eta")
    u, bias, start, j = t.vector("u", d, low=0), t.vector("c", d), t.vector("w0", d), t.index("j", d)
    eigenvalue = lambda i: mu + u[i]  # noqa: E731 - any spectrum from mu up; w is measured from w*
    (w,) = t.recursion(k, w=((j,), start[j], lambda w: w(j, k) - eta * (eigenvalue(j) * w(j, k) + bias[j])))
    t.induct(
        t.state(
            "iterate",
            Eq(
                w(j, k),
                -bias[j] / eigenvalue(j) + (1 - eta * eigenvalue(j)) ** k * (start[j] + bias[j] / eigenvalue(j)),
            ),
        ),
        over=k,
        because="the distance to -c_j/lambda_j is multiplied by 1 - eta lambda_j",
    )
    t.compare(
        t.state(
            "the error is at most |c|/mu",
            Le(total(d, lambda i: (bias[i] / eigenvalue(i)) ** 2), total(d, lambda i: bias[i] ** 2) / mu**2),
        ),
        total(d, lambda i: bias[i] ** 2 * u[i] * (2 * mu + u[i]) / (mu**2 * eigenvalue(i) ** 2)),
        because="every eigenvalue is at least mu",
    )
    forgotten(
        t,
        k,
        "a contracting coordinate ends at its fixed point",
        "here rho = 1 - eta lambda_j: the same steps as without bias",
    )


@theorem(
    "With a constant step on a quadratic the covariance tends to eta Sigma_ij / (lambda_i + lambda_j - eta "
    "lambda_i lambda_j)",
    covers=["001:sgd-noise-floor", "002:one-dim-stationary-variance"],
    sources=[
        Source("001", "l.290", "SGD gradients do not vanish at the minimum: the noise of random sampling persists")
    ],
)
def sgd_noise_floor(t: Proof) -> None:
    """Mean and covariance obey linear recursions.

    The covariance of modes i and j forgets its past by (1 - eta lambda_i)(1 - eta lambda_j).
    """
    d, k = t.size("d"), t.time("k")
    eta = t.positive("eta")
    # the stable steps: eta lambda_i strictly between 0 and 2, written as 1 - theta_i with -1 < theta_i < 1
    theta = t.vector("theta", d, low=-1, high=1, open=True)
    sigma, start = t.vector("Sigma", d, d), t.vector("S0", d, d)
    i, j = t.index("i", d), t.index("j", d)
    eigenvalue = lambda i: (1 - theta[i]) / eta  # noqa: E731
    one_step(t)
    (s,) = t.recursion(
        k,
        S=(
            (i, j),
            start[i, j],
            lambda s: (1 - eta * eigenvalue(i)) * (1 - eta * eigenvalue(j)) * s(i, j, k) + eta**2 * sigma[i, j],
        ),
    )
    floor = lambda i, j: eta * sigma[i, j] / (eigenvalue(i) + eigenvalue(j) - eta * eigenvalue(i) * eigenvalue(j))  # noqa: E731
    t.equal(
        t.state(
            "the floor solves the Lyapunov equation",
            Eq(
                eigenvalue(i) * floor(i, j)
                + floor(i, j) * eigenvalue(j)
                - eta * eigenvalue(i) * floor(i, j) * eigenvalue(j),
                eta * sigma[i, j],
            ),
        ),
        because="H S + S H - eta H S H = eta Sigma in the eigenbasis of H, entry by entry",
    )
    t.induct(
        t.state(
            "covariance after k steps",
            Eq(s(i, j, k), floor(i, j) + (theta[i] * theta[j]) ** k * (start[i, j] - floor(i, j))),
        ),
        over=k,
        because="the distance to the floor is multiplied by (1 - eta lambda_i)(1 - eta lambda_j)",
    )
    forgotten(
        t,
        k,
        "and the start is forgotten",
        "here rho = (1 - eta lambda_i)(1 - eta lambda_j), below 1 in size at every stable step",
    )
    scalar_floor(t, eta)


def one_step(t: Proof) -> None:
    """One noisy step from a given point, in one mode, and the noise of a minibatch at the minimum."""
    step, curvature, w, deviation = t.positive("alpha"), t.positive("h"), t.real("w"), t.positive("s")
    noise = t.random("xi", independent([0, deviation**2], name="gradient noise"))
    following = w - step * (curvature * w + noise)
    t.expectation(
        t.state("mean of a step", Eq(Expectation(following), (1 - step * curvature) * w)),
        because="the noise has mean 0",
    )
    t.expectation(
        t.state(
            "second moment of a step",
            Eq(Expectation(following**2), (1 - step * curvature) ** 2 * w**2 + step**2 * deviation**2),
        ),
        because="the noise is independent of the iterate: the squares add",
    )
    n, b = t.size("n", minimum=2), t.size("b")
    g = t.vector("g", n)
    gradient = lambda i: g[i]  # noqa: E731
    draws = t.random("D", choices(lambda i: 1 / n, b, n))
    t.expectation(
        t.state(
            "the batch gradient never settles",
            Eq(
                Expectation(batch_mean(draws, b, n, gradient) ** 2), average(n, gradient) ** 2 + spread(n, gradient) / b
            ),
        ),
        because=(
            "at the minimum the first part is 0, but the examples' gradients are not: 1/b times their mean "
            "square is left"
        ),
    )


def scalar_floor(t: Proof, eta: Any) -> None:
    """One mode at a stable step, eta lambda = 2u, 0 < u < 1: the floor grows faster than linearly with the step."""
    share, deviation = t.real("u", 0, 1, open=True), t.positive("sigma")
    curvature = 2 * share / eta
    floor = eta * deviation**2 / (curvature * (2 - eta * curvature))
    t.equal(
        t.state("the floor is a fixed point", Eq((1 - eta * curvature) ** 2 * floor + eta**2 * deviation**2, floor)),
        because="1 - (1 - eta lambda)^2 = eta lambda (2 - eta lambda)",
    )
    t.equal(
        t.state("excess loss at the floor", Eq(curvature * floor / 2, eta * deviation**2 / (2 * (2 - 2 * share)))),
        because="half the curvature times the variance; for unit curvature the variance is eta/(2 - eta) sigma^2",
    )
    t.compare(
        t.state("more than its linear part", Gt(floor, eta * deviation**2 / (2 * curvature))),
        eta**2 * deviation**2 / (2 * (2 - 2 * share)),
        because="the denominator is below 2 lambda",
    )


@theorem(
    "The average of T iterates on a quadratic is minus the mean noise over h, of variance sigma^2/(h^2 T) whatever the "
    "step, and the way travelled over eta h T",
    covers=["001:sgd-noise-floor", "004:checkpoint-averaging"],
    sources=[
        Source("001", "l.290", "the noise of random sampling persists at the minimum"),
        Source("004", "l.1163-1167", "averaging checkpoints of one run"),
    ],
)
def averaged_iterates(t: Proof) -> None:
    """Each step takes eta (h w + xi) off the iterate, so the steps add up to the sum of the iterates and that
    of the noise.
    """
    steps = t.size("T")
    k = t.integer("k", 0, steps)
    eta, curvature, start, noise = t.positive("eta"), t.positive("h"), t.real("w0"), t.vector("xi", steps)
    w, collected = t.recursion(
        k,
        w=(start, lambda w, s: w(k) - eta * (curvature * w(k) + noise[k + 1])),
        collected=(0, lambda w, s: s(k) + w(k)),
    )
    t.induct(
        t.state(
            "sum of the iterates",
            Eq(collected(k), (start - w(k)) / (eta * curvature) - total(k, lambda i: noise[i]) / curvature),
        ),
        over=k,
        because="w(k+1) = w(k) - eta h w(k) - eta xi: solve for w(k) and add",
    )
    deviation = t.positive("sigma")
    random = t.random("zeta", independent([0, deviation**2], [steps], name="gradient noise"))
    t.expectation(
        t.state(
            "variance of the average",
            Eq(
                Expectation((total(steps, lambda i: random[i]) / (curvature * steps)) ** 2),
                deviation**2 / (curvature**2 * steps),
            ),
        ),
        because="the noise enters divided by h, without the step; start and end are divided by T once more",
    )
