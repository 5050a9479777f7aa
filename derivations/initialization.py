"""Initialization: the variance of the weights that keeps the variance of activations and gradients.

Notation: a layer of n_in inputs and n_out outputs; y_j = sum_i w_ij x_i forward, g_i = sum_j w_ij h_j backward.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Integral, KroneckerDelta, Max, Rational, Symbol, exp, log, oo, pi, sqrt

from .kernel import Eq, Expectation, Ge, Le, Proof, Source, correlated, finite, independent, misprint, theorem, total

DECK = "000"
HALF = Rational(1, 2)


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


@theorem(
    "Hidden units that start alike stay alike; zero weights with phi(0) = 0 train only the output bias",
    covers=["000:symmetry-breaking", "001:symmetry-breaking-required", "003:initialization-matters"],
    sources=[
        Source(DECK, "l.895", "the initial parameters need to break symmetry"),
        Source("001", "l.350-358", "need to break symmetry while initializing the parameters"),
        Source("003", "l.39, l.653", "initialization matters"),
    ],
)
def symmetry_is_kept(t: Proof) -> None:
    """The gradient of a unit depends on the unit only through its own weights, by the same function for all units."""
    m, d, width = t.size("m"), t.size("d"), t.size("H")
    x, y = t.vector("x", m, d), t.vector("y", m)
    weight, bias, outgoing, offset = t.vector("W", width, d), t.vector("b", width), t.vector("v", width), t.real("c")
    phi = t.function("phi")
    u, e = t.index("u", width), t.index("e", d)
    inner = lambda i, a: total(d, lambda c: weight[a, c] * x[i, c]) + bias[a]  # noqa: E731
    error = lambda i: total(width, lambda a: outgoing[a] * phi(inner(i, a))) + offset - y[i]  # noqa: E731
    loss = total(m, lambda i: HALF * error(i) ** 2) / m
    slope = lambda i, a: Derivative(phi(inner(i, a)), bias[a])  # noqa: E731 - phi' there
    t.equal(
        t.state(
            "gradient of an incoming weight",
            Eq(Derivative(loss, weight[u, e]), outgoing[u] * total(m, lambda i: error(i) * slope(i, u) * x[i, e]) / m),
        ),
        because="only unit u holds this weight",
    )
    t.equal(
        t.state(
            "gradient of an outgoing weight",
            Eq(Derivative(loss, outgoing[u]), total(m, lambda i: error(i) * phi(inner(i, u))) / m),
        ),
        because="the output is linear in it",
    )
    t.equal(
        t.state("gradient of the output bias", Eq(Derivative(loss, offset), total(m, lambda i: error(i)) / m)),
        because="the output is shifted by it",
    )
    equal_units(t, phi, m, d, x)
    zero_start(t, m)


def equal_units(t: Proof, phi: Any, m: Any, d: Any, x: Any) -> None:
    """A unit and its twin: both see the examples' errors at step k, whatever these are and the other units do."""
    k, eta, e = t.time("k"), t.real("eta"), t.index("e_", d)
    error, w, v, b = t.function("error", 2), t.vector("w_start", d), t.real("v_start"), t.real("b_start")

    def inner(unit: Any, bias: Any, i: Any) -> Any:
        return total(d, lambda c: unit(c, k) * x[i, c]) + bias(k)

    def rule(unit: Any, bias: Any, outgoing: Any) -> tuple[Any, Any, Any]:
        """One step of gradient descent on the unit's incoming weights, bias and outgoing weight."""
        back = lambda i: error(i, k) * outgoing(k) * phi(inner(unit, bias, i)).fdiff()  # noqa: E731 - phi' there
        return (
            unit(e, k) - eta * total(m, lambda i: back(i) * x[i, e]) / m,
            bias(k) - eta * total(m, back) / m,
            outgoing(k) - eta * total(m, lambda i: error(i, k) * phi(inner(unit, bias, i))) / m,
        )

    names = ("unit_w", "unit_b", "unit_v", "twin_w", "twin_b", "twin_v")
    starts = (w[e], b, v) * 2
    rules = [lambda *f, n=n: rule(*f[n - n % 3 : n - n % 3 + 3])[n % 3] for n in range(6)]
    a, p, q, ta, tp, tq = t.recursion(
        k,
        **{
            name: ((e,), start, following) if n % 3 == 0 else (start, following)
            for n, (name, start, following) in enumerate(zip(names, starts, rules, strict=True))
        },
    )
    t.induct(
        t.state("equal incoming weights stay equal", Eq(a(e, k), ta(e, k))),
        t.state("equal biases stay equal", Eq(p(k), tp(k))),
        t.state("equal outgoing weights stay equal", Eq(q(k), tq(k))),
        over=k,
        because="equal weights get equal gradients; so too with any optimizer that treats the coordinates alike",
    )


def zero_start(t: Proof, m: Any) -> None:
    """All incoming weights and biases 0: every unit outputs phi(0).

    (And an outgoing weight 0 stops what lies behind it.)
    """
    width, y, c = t.size("H_0"), t.vector("y_0", m), t.real("c_0")
    outgoing, chi = t.vector("v_0", width), t.function("chi")
    u = t.index("u_0", width)
    error = lambda i: total(width, lambda a: outgoing[a] * chi(0)) + c - y[i]  # noqa: E731
    loss = total(m, lambda i: HALF * error(i) ** 2) / m
    t.equal(
        t.state("zero incoming weights", Eq(Derivative(loss, outgoing[u]), chi(0) * total(m, lambda i: error(i)) / m)),
        because="nothing reaches the outgoing weights of a unit with phi(0) = 0: only the output bias learns",
    )


@theorem(
    "A reflection keeps every length, so a product of reflections, as any orthogonal matrix is, keeps it at any depth",
    covers=["000:orthogonal-and-sparse-init"],
    sources=[Source(DECK, "l.923-927", "Saxe et al.: random orthogonal matrices; Martens: sparse initialization")],
)
def orthogonal_initialization(t: Proof) -> None:
    """x - 2 v (v'x)/(v'v) turns the part along v around. A sparse unit sums over its few inputs only."""
    d, depth = t.size("d"), t.size("K")
    k, i = t.integer("k", 0, depth - 1), t.index("i", d)
    v, start = t.vector("v", depth, d, nonzero=True), t.vector("x0", d)
    along = lambda x, k: total(d, lambda j: v[k + 1, j] * x(j, k)) / total(d, lambda j: v[k + 1, j] ** 2)  # noqa: E731
    (x,) = t.recursion(k, x=((i,), start[i], lambda x: x(i, k) - 2 * v[k + 1, i] * along(x, k)))
    t.equal(
        t.state("one reflection", Eq(total(d, lambda i: x(i, k + 1) ** 2), total(d, lambda i: x(i, k) ** 2))),
        because="-4 (v'x)^2/(v'v) + 4 (v'x)^2/(v'v) = 0",
    )
    t.induct(
        t.state(
            "any product of reflections",
            Eq(total(d, lambda i: x(i, k) ** 2), total(d, lambda i: start[i] ** 2)),
        ),
        over=k,
        because="reflection by reflection",
    )
    few, sd_w, sd_x = t.index("few", d), t.positive("s_w"), t.positive("s_x")
    w = t.random("w", independent([0, sd_w**2], [d], name="weights of mean 0"))
    z = t.random("z", independent([0, sd_x**2], [d], name="inputs of mean 0"))
    t.expectation(
        t.state("sparse incoming weights", Eq(variance(total(few, lambda k: w[k] * z[k])), few * sd_w**2 * sd_x**2)),
        because="only the non-zero weights add variance: the fan-in of a sparse unit is their number",
    )


@theorem(
    "Through k sigmoid layers the squared gradient shrinks by prod |W|^2/16: below norm 4 it vanishes geometrically",
    covers=["003:vanishing-gradient-in-depth"],
    sources=[Source("003", "l.105-106", "with many layers the saturation causes trouble for backpropagation")],
)
def vanishing_gradient(t: Proof) -> None:
    """The derivative of the sigmoid is at most 1/4, and a matrix stretches a vector by no more than its norm."""
    a, n, m = t.real("a"), t.size("n"), t.size("m")
    sigmoid = 1 / (1 + exp(-a))
    t.compare(
        t.state("slope of the sigmoid", Le(Derivative(sigmoid, a), Rational(1, 4))),
        (HALF - sigmoid) ** 2,
        because="s (1 - s) = 1/4 - (1/2 - s)^2",
    )
    weight, v = t.vector("W", n, m), t.vector("v", m)
    u = t.vector("u", n, low=0, high=1)
    norm = total(n, lambda i: total(m, lambda j: weight[i, j] ** 2))
    length = total(m, lambda j: v[j] ** 2)
    image = lambda i: total(m, lambda j: weight[i, j] * v[j])  # noqa: E731
    t.compare(
        t.state("one layer", Le(total(n, lambda i: (u[i] / 4 * image(i)) ** 2), norm * length / 16)),
        [
            total(n, lambda i: (1 - u[i]) * (1 + u[i]) * image(i) ** 2) / 16,
            total(n, lambda i: total(m, lambda j: total(m, lambda k: (weight[i, j] * v[k] - weight[i, k] * v[j]) ** 2)))
            / 32,
        ],
        because="slopes u/4 of at most 1/4, and Cauchy-Schwarz in each row (the spectral norm bounds it likewise)",
    )
    depth = t.size("L")
    k = t.integer("k", 0, depth - 1)
    share, norms, start = t.vector("share", depth, low=0, high=1), t.vector("F", depth, low=0), t.nonnegative("g0")
    g, bound = t.recursion(
        k,
        g=(start, lambda g, b: share[k + 1] * norms[k + 1] / 16 * g(k)),
        bound=(start, lambda g, b: norms[k + 1] / 16 * b(k)),
    )
    positive = Ge(g(k), 0)
    base = t.compare(Ge(g(0), 0), start, because="a squared length")
    step = t.suppose(positive).compare(Ge(g(k + 1), 0), share[k + 1] * norms[k + 1] / 16 * g(k), because="still one")
    kept = t.induct_from(positive, over=k, base=base, step=step, because="step by step")
    claim = Le(g(k), bound(k))
    first = t.compare(Le(g(0), bound(0)), 0, because="equal at the output")
    held = t.suppose(claim)
    following = held.compare(
        Le(g(k + 1), bound(k + 1)),
        [(1 - share[k + 1]) * norms[k + 1] / 16 * g(k), norms[k + 1] / 16 * (bound(k) - g(k))],
        using=[kept],
        because="a layer that uses only a share of its bound",
    )
    t.induct_from(t.state("k layers", claim), over=k, base=first, step=following, because="layer by layer")
    rho, j = t.real("rho", 0), t.time("j")
    (limit,) = t.recursion(j, limit=(start, lambda b: (4 * rho) ** 2 / 16 * b(j)))
    t.induct(
        t.state("norms of 4 rho", Eq(limit(j), rho ** (2 * j) * start)),
        over=j,
        because="16 rho^2/16: geometric decay for rho < 1",
    )


@theorem(
    "An untrained classifier has the loss log K; the product of two weights that start at s is half-way after "
    "log((1-s^2)/s^2)/2, a plateau for small s",
    covers=["004:loss-curve-and-bad-initialisation", "000:biases-start-at-zero"],
    sources=[Source("004", "l.29-42", "telltale sign of a bad initialization: a plateau, then a drop (figure)")],
)
def initial_loss_and_plateau(t: Proof) -> None:
    """Equal logits give equal probabilities.

    J = (1 - w_1 w_2)^2/2 under gradient flow is a logistic equation for u = w_1 w_2.
    """
    classes = t.size("K")
    y, a = t.index("y", classes), t.real("a")
    cross_entropy = lambda logit: -logit(y) + log(total(classes, lambda k: exp(logit(k))))  # noqa: E731
    t.equal(t.state("initial cross-entropy", Eq(cross_entropy(lambda k: a), log(classes))), because="-log(1/K)")
    weight = t.vector("c", classes, low=0, open=True)
    prior = lambda k: weight[k] / total(classes, lambda m: weight[m])  # noqa: E731
    t.equal(
        t.state(
            "with output biases log of the class frequencies",
            Eq(
                total(
                    classes, lambda k: prior(k) * (-log(weight[k]) + log(total(classes, lambda m: exp(log(weight[m])))))
                ),
                -total(classes, lambda k: prior(k) * log(prior(k))),
            ),
        ),
        because="the initial loss is the entropy of the class frequencies",
    )
    plateau(t)


def plateau(t: Proof) -> None:
    """Flow: w_i' = -dJ/dw_i. The difference of the squares is conserved, so a balanced start stays balanced."""
    w1, w2, s = t.real("w_1"), t.real("w_2"), t.real("s", 0, 1, open=True)
    time = t.real("tau", 0)
    loss = HALF * (1 - w1 * w2) ** 2
    flow1, flow2 = -Derivative(loss, w1), -Derivative(loss, w2)
    t.equal(
        t.state("conserved", Eq(2 * w1 * flow1 - 2 * w2 * flow2, 0)),
        because="w_1 w_1' = w_1 w_2 (1 - w_1 w_2) = w_2 w_2'",
    )
    t.equal(
        t.state("flow of the product", Eq(w2 * flow1 + w1 * flow2, (w1**2 + w2**2) * (1 - w1 * w2))),
        because="u' = w_2 w_1' + w_1 w_2'; balanced, w_1 = w_2, this is 2u(1 - u)",
    )
    u = 1 / (1 + (1 - s**2) / s**2 * exp(-2 * time))
    t.equal(t.state("solution", Eq(Derivative(u, time), 2 * u * (1 - u))), because="differentiate")
    t.equal(
        t.state("odds of the product", Eq(u / (1 - u), exp(2 * time) * s**2 / (1 - s**2))),
        because="from u = s^2 at the start; even, so half-way, after log((1 - s^2)/s^2)/2: the smaller the start, the "
        "longer the plateau, like log(1/s)",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("initialization")
