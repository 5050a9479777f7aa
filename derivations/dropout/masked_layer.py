"""A masked layer: its mean and variance, inverted dropout, and the ReLU behind it."""

from __future__ import annotations

from typing import Any

from sympy import KroneckerDelta, Max, Rational

from ..kernel import Eq, Expectation, Ge, Lt, Proof, Source, bernoulli, correlated, misprint, theorem, total


@theorem(
    "A masked activation has mean (1-p) h and variance p(1-p) h^2; a masked sum (1-p) w'x and p(1-p) sum w_i^2 x_i^2",
    covers=[
        "000:dropout-training-mask", "002:dropout-mask-mean-variance", "003:dropout-deck3",
        "004:dropout-table-and-expectation", "002:dropout-inference", "004:test-time-scaling",
    ],
    sources=[
        Source("002", "l.204-217", "a_i^DO = a_i y_i, E a_i^DO = (1 - p) a_i"),
        Source("003", "l.659-662", "set units to 0 with probability p = .5 (hidden) and .2 (input)"),
        Source("004", "l.1248-1292", "E[a_training] = p (w_0 x + w_1 y) = p a_test"),
    ],
)  # fmt: skip
def dropout_mean_and_variance(t: Proof) -> None:
    """The mean is linear and needs no independence; the variances add because the units are dropped independently."""
    n, p = t.size("n"), t.real("p", 0, 1)
    h, w, x = t.real("h"), t.vector("w", n), t.vector("x", n)
    unit, mask = t.random("m", bernoulli(1 - p)), t.random("mu", bernoulli(1 - p, [n]))
    t.expectation(t.state("mean", Eq(Expectation(h * unit), (1 - p) * h)), because="kept with probability 1 - p")
    t.expectation(
        t.state("variance", Eq(Expectation((h * unit) ** 2) - ((1 - p) * h) ** 2, p * (1 - p) * h**2)),
        because="the mask is its own square",
    )
    masked = total(n, lambda k: w[k] * mask[k] * x[k])
    t.expectation(
        t.state("mean of a sum", Eq(Expectation(masked), (1 - p) * total(n, lambda k: w[k] * x[k]))),
        because="linear: one pass with all units and weights times 1 - p has the mean of training",
    )
    t.expectation(
        t.state(
            "variance of a sum",
            Eq(
                Expectation((masked - (1 - p) * total(n, lambda k: w[k] * x[k])) ** 2),
                p * (1 - p) * total(n, lambda k: w[k] ** 2 * x[k] ** 2),
            ),
        ),
        because="independent units: the variances add",
    )
    covariance = t.vector("C", n, n)
    tied = t.random(
        "tied",
        correlated(1 - p, lambda i, j: p * (1 - p) * KroneckerDelta(i, j) + off(covariance, i, j), [n], "tied masks"),
    )
    t.expectation(
        t.state(
            "the mean needs no independence",
            Eq(Expectation(total(n, lambda k: w[k] * tied[k] * x[k])), (1 - p) * total(n, lambda k: w[k] * x[k])),
        ),
        because="only the mean of each mask entry enters, however the masks hang together",
    )
    two_inputs(t, p)


def off(covariance: Any, i: Any, j: Any) -> Any:
    """What different entries have in common."""
    return (1 - KroneckerDelta(i, j)) * covariance[i, j]


def two_inputs(t: Proof, p: Any) -> None:
    """The table of deck 004, with q = 1 - p its probability to keep.

    And why dropping a unit is not dropping weights.
    """
    q = 1 - p
    w0, w1, x, y = t.real("w_0 w_1 x_0 y_0")
    rows = {(0, 0): (1 - q) ** 2, (x, 0): q * (1 - q), (0, y): (1 - q) * q, (x, y): q**2}
    t.equal(t.state("the table is a law", Eq(sum(rows.values()), 1)), because="((1 - q) + q)^2")
    t.equal(
        t.state(
            "mean of the table",
            Eq(sum(chance * (w0 * a + w1 * b) for (a, b), chance in rows.items()), q * (w0 * x + w1 * y)),
        ),
        because="each input is on in two rows, which add up to q",
    )
    unit = next(base for base in t.laws if str(base) == "m")
    first, second = t.random("m_1", bernoulli(1 - p)), t.random("m_2", bernoulli(1 - p))
    t.expectation(
        t.state("a unit takes all its outgoing weights with it", Eq(Expectation((1 - unit) * (1 - unit)), p)),
        because="one mask entry silences both outgoing weights: probability p",
    )
    t.expectation(
        t.state("dropped weights go one by one", Eq(Expectation((1 - first) * (1 - second)), p**2)),
        because="two weights with masks of their own are both silent with probability p^2 only",
    )


@theorem(
    "Inverted dropout has mean h and variance p/(1-p) h^2, and is dropout with the next weights divided by 1-p",
    covers=["000:dropout-training-mask", "002:dropout-inference", "004:inverted-dropout"],
    sources=[Source("004", "l.1308-1333", "u = (rand(size(x)) < p)/p, no scaling at test time")],
)
def inverted_dropout(t: Proof) -> None:
    """Dividing by the probability to keep moves the compensation from the test to training.

    q keeps, as deck 004's p.
    """
    n, q = t.size("n"), t.real("q", 0, 1, open=True)
    h, w, x = t.real("h"), t.vector("w", n), t.vector("x", n)
    mask, u = t.random("mu", bernoulli(q, [n])), t.vector("u", n)
    unit = t.random("m", bernoulli(q))
    t.expectation(t.state("mean", Eq(Expectation(h * unit / q), h)), because="q/q")
    t.expectation(
        t.state("variance", Eq(Expectation((h * unit / q - h) ** 2), (1 - q) / q * h**2)),
        because="E[mu^2]/q^2 = 1/q",
    )
    t.equal(
        t.state(
            "the same training outputs",
            Eq(total(n, lambda k: w[k] * (u[k] / q) * x[k]), total(n, lambda k: w[k] * u[k] * x[k]) / q),
        ),
        because="for every mask u the factor 1/q may sit at the mask or at the next layer's weights",
    )
    t.expectation(
        t.state(
            "the test output is the training mean",
            Eq(Expectation(total(n, lambda k: w[k] * (mask[k] / q) * x[k])), total(n, lambda k: w[k] * x[k])),
        ),
        because="so nothing is scaled at test time",
    )
    inverted, plain, slope = t.positive("eta_inverted"), t.positive("eta_plain"), t.real("g")
    weight = t.real("v")
    # the weights v and v/q give the same output; a gradient g at v/q is g/q at v
    t.equal(
        t.state(
            "and the same training if eta_inverted = q^2 eta_plain",
            Eq((weight - inverted * slope / q) / q - (weight / q - plain * slope), (plain - inverted / q**2) * slope),
        ),
        because="one step in each parametrization, compared in the plain one",
    )


@misprint(
    "The second layer has a mask of its own",
    corrected="inverted-dropout",
    covers=["004:inverted-dropout"],
    sources=[Source("004", "l.1314-1322", "u_2 = mask of x^(1); u_2 = mask of x^(2); x^(2) = x^(2) .* u_3")],
)
def inverted_dropout_with_one_mask(t: Proof) -> None:
    """u_3 is never assigned.

    Whichever mask is meant, one of the two layers gets a mask of the other's size: widths 1 and 2.
    """
    first, second = t.size("n_1"), t.size("n_2")
    mask, x = t.vector("u_2", first), t.vector("x", second)
    t.undefined(
        total(second, lambda i: x[i] * mask[i]),
        {first: 1, second: 2, mask: [2], x: [1, 1]},
        because="the second unit of layer 2 has no entry in the mask of layer 1",
    )


@misprint(
    "The mean of a masked ReLU is not the ReLU of the scaled input",
    corrected="dropout-and-convex-units",
    covers=["004:test-time-scaling"],
    sources=[Source("004", "l.1290-1306", "output at test time = expected output at training time")],
)
def weight_scaling_through_a_relu(t: Proof) -> None:
    """A unit with the weights 1 and -1 on two inputs 1: it fires only if the second input alone is dropped."""
    n, q = t.size("n"), t.real("q", 0, 1, open=True)
    w, mask = t.vector("w", n), t.random("mu", bernoulli(q, [n]))
    t.refute(
        Eq(
            Expectation(Max(0, total(n, lambda k: w[k] * mask[k]))),
            q * Max(0, total(n, lambda k: w[k])),
        ),
        {n: 2, q: Rational(1, 2), w: [1, -1]},
        because="the mean over the four masks is 1/4, the scaled unit gives 0",
    )


@theorem(
    "Weight scaling underestimates a ReLU of a masked sum, and a mask commutes with the ReLU before it",
    covers=["000:dropout-deep-only-approximate", "004:test-time-scaling", "004:dropout-mask-and-forward"],
    sources=[
        Source("000", "l.582-583", "approximation not proven for deep models"),
        Source("004", "l.1186-1212", "x^(k) = u_k .* max(0, W_k x^(k-1) + b_k)"),
    ],
)
def dropout_and_convex_units(t: Proof) -> None:
    """max(0, a) is at least 0 and at least a, for every mask and so on average."""
    n, q = t.size("n"), t.real("q", 0, 1)
    w, mean = t.vector("w", n), t.real("a_mean")
    mask = t.random("mu", bernoulli(q, [n]))
    bias = mean - q * total(n, lambda k: w[k])  # any bias, named by the sum at the mean mask; w_k x_k is any number
    masked = total(n, lambda k: w[k] * mask[k]) + bias
    hidden = Expectation(Max(0, masked))
    t.expectation(
        t.state("the mean input", Eq(Expectation(masked), mean)),
        because="one pass with all inputs scaled by q",
    )
    claim = Ge(hidden, Max(0, mean))
    active, silent = t.suppose(Ge(mean, 0)), t.suppose(Lt(mean, 0))
    above = active.compare(
        claim,
        Expectation(Max(0, masked) - masked),
        because="the mean of max(0, a) - a >= 0; and the mean of a is a at the mean mask",
    )
    nonnegative = silent.compare(claim, hidden, because="the scaled unit is silent, the masked one at times not")
    t.cases(
        t.state("scaling underestimates", claim), [above, nonnegative], because="the scaled unit is active or silent"
    )
    h = t.vector("h", n, n)
    curve = lambda scale: total(n, lambda j: total(n, lambda k: h[j, k] * scale(j) * scale(k))) / 2  # noqa: E731
    t.expectation(
        t.state(
            "error of the single pass on a quadratic",
            Eq(
                Expectation(curve(lambda k: mask[k])) - curve(lambda k: q),
                q * (1 - q) * total(n, lambda k: h[k, k]) / 2,
            ),
        ),
        because="1/2 tr(H Cov): the masks are independent with variance q(1-q), so only the diagonal counts",
    )
    u, a = t.nonnegative("u"), t.real("a")
    t.equal(
        t.state("a mask before or after the ReLU", Eq(u * Max(0, a), Max(0, u * a))),
        because="u >= 0 does not change which of the two is larger",
    )
