"""Variances through a linear layer, and the compromise between forward and backward."""

from __future__ import annotations

from typing import Any

from sympy import Integral, KroneckerDelta, Symbol, sqrt

from ..kernel import Eq, Expectation, Ge, Le, Proof, Source, correlated, independent, misprint, theorem, total

DECK = "000"


def variance(z: Any) -> Any:
    """E[z^2] - E[z]^2."""
    return Expectation(z**2) - Expectation(z) ** 2


@theorem(
    "Var(w'x) = n_in Var(w) Var(x), and 2/(n_in + n_out) is the compromise between forward and backward",
    covers=[
        "000:product-variance", "000:preactivation-variance-sum", "000:fan-in-rule", "000:fan-out-rule",
        "000:xavier-compromise", "000:xavier-gaussian",
    ],
    sources=[
        Source(DECK, "l.911-913", "Var(w x) = E[w]^2 Var(x) + E[x]^2 Var(w) + Var(w) Var(x) = Var(w) Var(x)"),
        Source(DECK, "l.915-921", "Var(y) = n_in Var(w) Var(x); Var(w) = 2 / (n_in + n_out)"),
    ],
)  # fmt: skip
def xavier_variance(t: Proof) -> None:
    """Independence turns the variance of a product into moments; zero means remove two of its three terms."""
    mean_w, mean_x = t.real("m_w m_x")
    sd_w, sd_x = t.positive("s_w s_x")
    w = t.random("w", independent([mean_w, mean_w**2 + sd_w**2], name="one weight"))
    x = t.random("x", independent([mean_x, mean_x**2 + sd_x**2], name="one input"))
    t.expectation(
        t.state("product", Eq(variance(w * x), mean_w**2 * sd_x**2 + mean_x**2 * sd_w**2 + sd_w**2 * sd_x**2)),
        because="E[(wx)^2] = E[w^2] E[x^2] and E[wx] = E[w] E[x] for independent w and x",
    )
    fan_in, fan_out = t.size("n_in"), t.size("n_out")
    sum_of_products(t, "forward", fan_in, sd_w, sd_x)
    sum_of_products(t, "backward", fan_out, sd_w, sd_x)
    compromise(t, fan_in, fan_out)


def sum_of_products(t: Proof, name: str, terms: Any, sd_w: Any, sd_z: Any) -> None:
    """Var(sum w_k z_k) for weights of mean 0 that are independent of z; the z_k may be correlated in any way."""
    correlation = t.vector(f"C_{name}", terms, terms)
    covariance = lambda i, j: sd_z**2 * (KroneckerDelta(i, j) + (1 - KroneckerDelta(i, j)) * correlation[i, j])  # noqa: E731
    w = t.random(f"w_{name}", independent([0, sd_w**2], [terms], name="weights of mean 0"))
    z = t.random(f"z_{name}", correlated(0, covariance, [terms], name="signals of mean 0"))
    t.expectation(
        t.state(name, Eq(variance(total(terms, lambda k: w[k] * z[k])), terms * sd_w**2 * sd_z**2)),
        because=(
            "different weights are uncorrelated with mean 0, so no cross term survives, however correlated the signals"
        ),
    )


def compromise(t: Proof, fan_in: Any, fan_out: Any) -> None:
    """Forward wants v = 1/n_in, backward v = 1/n_out; under any other v each pass deviates by its factor."""
    v = t.positive("v")
    xavier = 2 / (fan_in + fan_out)
    forward, backward = fan_in * v, fan_out * v  # by how much each pass multiplies the variance
    t.equal(
        t.state("fan-in rule", Eq(forward - 1, fan_in * (v - 1 / fan_in))),
        because="the forward pass keeps the variance exactly at v = 1/n_in",
    )
    t.equal(
        t.state("fan-out rule", Eq(backward - 1, fan_out * (v - 1 / fan_out))),
        because="the backward pass keeps it exactly at v = 1/n_out",
    )
    t.equal(
        t.state("xavier is the harmonic mean", Eq(xavier, 2 / (fan_in * fan_out) / (1 / fan_in + 1 / fan_out))),
        because="2ab / (a + b) of the a = 1/n_in and b = 1/n_out that the two passes ask for",
    )
    t.equal(
        t.state("forward deviation", Eq(forward.subs(v, xavier), 1 + (fan_in - fan_out) / (fan_in + fan_out))),
        because="2 n_in / (n_in + n_out), equal to 1 only for equal fans",
    )
    t.equal(
        t.state("backward deviation", Eq(backward.subs(v, xavier), 1 - (fan_in - fan_out) / (fan_in + fan_out))),
        because="what one pass gains the other loses",
    )
    cost = lambda v: (fan_in * v - 1) ** 2 / fan_in + (fan_out * v - 1) ** 2 / fan_out  # noqa: E731
    t.compare(
        t.state("xavier costs least", Ge(cost(v), cost(xavier))),
        (fan_in + fan_out) * (v - xavier) ** 2,
        because="the sum of both squared deviations, each divided by its fan, is a parabola with this vertex",
    )
    smaller, gap = t.positive("n_min"), t.nonnegative("n_gap")
    between = 2 / (2 * smaller + gap)  # for the fans n_min and n_min + n_gap
    t.compare(
        t.state("at most what the smaller fan asks for", Le(between, 1 / smaller)),
        gap / (smaller * (2 * smaller + gap)),
        because="the mean fan is at least the smaller",
    )
    t.compare(
        t.state("at least what the larger fan asks for", Ge(between, 1 / (smaller + gap))),
        gap / ((smaller + gap) * (2 * smaller + gap)),
        because="and at most the larger",
    )
    bound, z = sqrt(6 / (fan_in + fan_out)), Symbol("z", real=True)
    t.equal(
        t.state("uniform form", Eq(Integral(z**2 / (2 * bound), (z, -bound, bound)), xavier)),
        because="a uniform law on [-a, a] has the variance a^2 / 3",
    )


@misprint(
    "Xavier keeps both variances only if fan-in and fan-out are equal",
    corrected="xavier-variance",
    covers=["000:xavier-same-variance-claim"],
    sources=[Source(DECK, "l.904-907", "input and output have the same variance, and so have their gradients")],
)
def xavier_same_variance(t: Proof) -> None:
    """n_in = 1, n_out = 3: the forward pass halves the variance."""
    fan_in, fan_out = t.size("n_in"), t.size("n_out")
    t.refute(
        Eq(fan_in * 2 / (fan_in + fan_out), 1),
        {fan_in: 1, fan_out: 3},
        because="Var(y)/Var(x) = n_in * 2/(n_in + n_out) = 1/2",
    )


@theorem(
    "A stack of Xavier layers n_0..n_L multiplies the variance by at most sqrt(n_0/n_L)",
    covers=["000:xavier-compromise", "000:xavier-same-variance-claim"],
    sources=[Source(DECK, "l.904-921", "Var(w_i) = 2 / (n_in + n_out)")],
)
def xavier_stack(t: Proof) -> None:
    """Each layer's factor 2a/(a + b) is at most sqrt(a/b), by the means of a and b; the square roots telescope."""
    layers = t.size("L")
    width = t.vector("n", layers + 1, low=0, open=True)
    k = t.integer("k", 0, layers - 1)
    (factor,) = t.recursion(k, F=(1, lambda f: f(k) * 2 * width[k + 1] / (width[k + 1] + width[k + 2])))
    a, b = t.positive("a b")
    t.compare(
        t.state("one layer", Le((2 * a / (a + b)) ** 2, a / b)),
        a * (a - b) ** 2 / (b * (a + b) ** 2),
        because="4ab <= (a + b)^2",
    )
    claim = Le(factor(k) ** 2 * width[k + 1], width[1])
    base = t.compare(Le(factor(0) ** 2 * width[1], width[1]), 0, because="equal before the first layer")
    held = t.suppose(claim)
    fan_in, fan_out = width[k + 1], width[k + 2]
    step = held.compare(
        Le(factor(k + 1) ** 2 * width[k + 2], width[1]),
        [
            width[1] - factor(k) ** 2 * fan_in,
            factor(k) ** 2 * fan_in * (fan_in - fan_out) ** 2 / (fan_in + fan_out) ** 2,
        ],
        because="4 n_k n_(k+1) / (n_k + n_(k+1))^2 <= 1",
    )
    t.induct_from(t.state("stack", claim), over=k, base=base, step=step, because="layer by layer")
