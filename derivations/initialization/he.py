"""Variances through a ReLU."""

from __future__ import annotations

from sympy import Abs, Integral, Max, Rational, exp, oo, pi, sqrt

from ..kernel import Eq, Expectation, Proof, Source, finite, independent, theorem, total
from .xavier import variance

DECK = "000"
HALF = Rational(1, 2)


@theorem(
    "For ReLU units the weights need twice the variance, 2/n_in: half of a Gaussian has half the second moment",
    covers=[
        "000:xavier-gaussian",
        "000:fan-in-rule",
        "000:fan-out-rule",
        "000:product-variance",
        "000:biases-start-at-zero",
        "001:batch-norm-motivation",
    ],
    sources=[
        Source(DECK, "l.900-902", "W_ij ~ Gaussian(0, sigma = sqrt(2 / (m + n)))"),
        Source(DECK, "l.893-896", "biases usually initialized to 0"),
    ],
)
def he_variance(t: Proof) -> None:
    """A pre-activation with zero bias and symmetric weights is as often negative as positive.

    ReLU keeps the positive half.
    """
    z = t.real("z")
    density = exp(-(z**2) / 2) / sqrt(2 * pi)
    half = lambda power: Integral(z**power * density, (z, 0, oo))  # noqa: E731 - ReLU is z there and 0 elsewhere
    t.equal(t.state("active half of the time", Eq(half(0), HALF)), because="the density is symmetric, the bias is 0")
    t.equal(
        t.state("mean of a ReLU", Eq(half(1), 1 / sqrt(2 * pi))),
        because="z exp(-z^2/2) integrates to 1; at the deviation s all of it scales: s/sqrt(2 pi)",
    )
    t.equal(
        t.state("second moment of a ReLU", Eq(half(2), HALF)), because="half of the variance: s^2/2 at the deviation s"
    )
    fan_in, k = t.size("n_in"), t.time("k")
    mean, deviation, sd_w, inputs = t.real("m_x"), t.positive("s_x"), t.positive("s_w"), t.vector("x", fan_in)
    second = mean**2 + deviation**2
    w = t.random("w", independent([0, sd_w**2], [fan_in], name="weights of mean 0"))
    x = t.random("relu_z", independent([mean, second], [fan_in], name="inputs of any mean"))
    t.expectation(
        t.state("next pre-activation", Eq(variance(total(fan_in, lambda i: w[i] * x[i])), fan_in * sd_w**2 * second)),
        because="weights of mean 0: the second moment of the inputs counts, not their variance",
    )
    t.expectation(
        t.state(
            "given the inputs",
            Eq(variance(total(fan_in, lambda i: w[i] * inputs[i])), sd_w**2 * total(fan_in, lambda i: inputs[i] ** 2)),
        ),
        because="the weights are uncorrelated",
    )
    spread, start = t.positive("v"), t.positive("s2_0")
    (layer,) = t.recursion(k, layer=(start, lambda layer: fan_in * spread * (layer(k) / 2)))
    t.induct(
        t.state("variance after k layers", Eq(layer(k), (fan_in * spread / 2) ** k * start)),
        over=k,
        because=(
            "each layer halves the second moment and multiplies by n_in Var(w): it stays exactly for Var(w) = 2/n_in"
        ),
    )
    slope = t.random("slope", finite((1, 0), (HALF, HALF)))
    fan_out, incoming = t.size("n_out"), t.positive("s_g")
    back = t.random("g", independent([0, incoming**2], [fan_out], name="gradients of the next layer"))
    weights = t.random("w_back", independent([0, sd_w**2], [fan_out], name="outgoing weights"))
    t.expectation(
        t.state(
            "backward",
            Eq(
                Expectation((slope * total(fan_out, lambda i: weights[i] * back[i])) ** 2),
                fan_out * sd_w**2 * incoming**2 / 2,
            ),
        ),
        because=(
            "the derivative of ReLU is 1 for half of the units, else 0: the gradient keeps its variance for 2/n_out"
        ),
    )
    symmetric_units(t)


def symmetric_units(t: Proof) -> None:
    """With a symmetric law of weights and bias 0, z and -z are equally likely."""
    f, z = t.function("f"), t.real("z_0")
    odd = lambda z: (f(z) - f(-z)) / 2  # noqa: E731 - any odd activation
    sign = t.random("sign", finite((1, -1), (HALF, HALF)))
    t.expectation(t.state("mean pre-activation", Eq(Expectation(sign * z), 0)), because="z and -z cancel")
    chance = t.real("p", 0, 1)
    t.equal(
        t.state(
            "mean output of an odd activation",
            Eq(chance * odd(z) + (1 - chance) * odd(-z), (2 * chance - 1) * odd(z)),
        ),
        because="g(-z) = -g(z): the mean is 0 when both signs have the probability 1/2",
    )
    t.equal(
        t.state("mean output of a ReLU", Eq(HALF * Max(0, z) + HALF * Max(0, -z), Abs(z) / 2)),
        because="one of the two is |z|, the other 0",
    )
