"""Activations: the functions that make a network nonlinear, with their slopes, their bounds and how they saturate.

Notation: sigma(z) = 1/(1 + e^-z), relu(a) = max(0, a), leaky_alpha(z) = max(0, z) + alpha min(0, z). Bounds in |z| are
shown for y >= 0 and hold for -y by the symmetry stated beside them.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Derivative, Heaviside, Limit, Max, Min, Rational, exp, log, oo, sqrt, tanh

from .kernel import Eq, Fact, Ge, Gt, Le, Lt, Proof, Source, misprint, product, theorem, total
from .losses.tangent_line import tangent_line

HALF, QUARTER = Rational(1, 2), Rational(1, 4)


def sigmoid(z: Any) -> Any:
    """sigma(z) = 1 / (1 + e^-z)."""
    return 1 / (1 + exp(-z))


def leaky(z: Any, alpha: Any) -> Any:
    """max(0, z) + alpha min(0, z)."""
    return Max(0, z) + alpha * Min(0, z)


@theorem(
    "The sigmoid increases from 0 to 1 without attaining either, sigma(-z) = 1 - sigma(z), and it inverts the log odds",
    covers=["000:logistic-sigmoid", "003:sigmoid-definition-and-range"],
    sources=[
        Source("000", "l.35", "sigma(z) = 1 / (1 + e^(-z))"),
        Source("003", "l.75, l.96", "sigma(x) = 1 / (1 + e^(-x)), with values in [0, 1]"),
    ],
)
def sigmoid_function(t: Proof) -> None:
    """e^-z is positive and finite: that is all there is to the open interval (the deck prints a closed one)."""
    z, p = t.real("z"), t.real("p", 0, 1, open=True)
    s = sigmoid(z)
    t.equal(t.state("symmetry", Eq(sigmoid(-z), 1 - s)), because="multiply numerator and denominator by e^-z")
    t.compare(t.state("above 0", Gt(s, 0)), s, because="a quotient of positive numbers")
    t.compare(t.state("below 1", Lt(s, 1)), exp(-z) / (1 + exp(-z)), because="1 - sigma is such a quotient, too")
    t.equal(t.state("slope", Eq(Derivative(s, z), s * (1 - s))), because="e^-z / (1 + e^-z)^2, one factor at a time")
    t.compare(t.state("increasing", Gt(s * (1 - s), 0)), s * sigmoid(-z), because="both factors lie inside (0, 1)")
    t.limit(t.state("to the right", Eq(Limit(s, z, oo), 1)), because="e^-z vanishes")
    t.limit(t.state("to the left", Eq(Limit(s, z, -oo), 0)), because="e^-z grows without bound")
    t.equal(t.state("log odds", Eq(log(s) - log(sigmoid(-z)), z)), because="sigma(z) / sigma(-z) = e^z")
    t.equal(
        t.state("inverse", Eq(sigmoid(log(p) - log(1 - p)), p)),
        because="every value in (0, 1) is taken, at its log odds",
    )


@theorem(
    "The slope of the sigmoid is at most 1/4, between e^-|z|/4 and e^-|z|, and through L layers at most 4^-L; its"
    " curvature is at most sqrt(3)/18",
    covers=["003:sigmoid-derivative-saturates", "000:sigmoid-tanh-saturate"],
    sources=[
        Source("003", "l.97-101", "sigma'(x) = sigma(x) (1 - sigma(x)), close to 0 when |x| is not close to 0"),
        Source("000", "l.44-45", "sigmoid and tanh can saturate easily"),
    ],
)
def sigmoid_saturation(t: Proof) -> None:
    """With q = e^-|z| the slope is q / (1 + q)^2, and 1 <= (1 + q)^2 <= 4."""
    z, y = t.real("z"), t.nonnegative("y")
    slope = lambda z: sigmoid(z) * sigmoid(-z)  # noqa: E731
    t.equal(
        t.state("slope", Eq(Derivative(sigmoid(z), z), slope(z))),
        because="sigma (1 - sigma), and 1 - sigma(z) = sigma(-z): the slope is even",
    )
    t.equal(
        t.state("distance to 1/4", Eq(QUARTER - slope(z), tanh(z / 2) ** 2 / 4)),
        because="1/4 - sigma (1 - sigma) = (sigma - 1/2)^2, and sigma - 1/2 = tanh(z/2)/2 is 0 at z = 0 only",
    )
    quarter = t.compare(
        t.state("at most 1/4", Le(slope(z), QUARTER)),
        (1 - exp(-z)) ** 2 / (4 * (1 + exp(-z)) ** 2),
        because="the same square",
    )
    q = exp(-y)
    t.compare(
        t.state("at most exponential", Le(slope(y), q)), q * (2 * q + q**2) / (1 + q) ** 2, because="(1 + q)^2 >= 1"
    )
    u, tangent = tangent_line(t)
    t.compare(
        t.state("at least a quarter of it", Ge(slope(y), q / 4)),
        [q * (3 + q) / (4 * (1 + q) ** 2) * q * part for part in (exp(y) - 1 - y, y)],
        using=[t.instance(tangent, {u: y}, because="at y")],
        because="4 - (1 + q)^2 = (1 - q)(3 + q), and q <= 1",
    )
    chain_of_sigmoids(t, slope, z, quarter)
    sigmoid_curvature(t)


def chain_of_sigmoids(t: Proof, slope: Any, z: Any, quarter: Fact) -> None:
    """Multiplying the slopes of L layers, whatever the pre-activations."""
    depth = t.size("L")
    pre = t.vector("a", depth + 1)
    gain = product(depth, lambda k: slope(pre[k]))
    claim = t.state("through L layers", Le(gain, 4 ** (-depth)))
    at = lambda k: t.instance(quarter, {z: pre[k]}, because="at one layer")  # noqa: E731
    base = t.compare(claim.subs(depth, 1), QUARTER - slope(pre[1]), using=[at(1)], because="one factor")
    step = t.suppose(claim).compare(
        claim.subs(depth, depth + 1),
        [(4 ** (-depth) - gain) * slope(pre[depth + 1]), 4 ** (-depth) * (QUARTER - slope(pre[depth + 1]))],
        using=[at(depth + 1)],
        because="one more factor of at most 1/4",
    )
    t.induct_from(
        claim,
        over=depth,
        base=base,
        step=step,
        start=1,
        because="layer by layer: early layers learn from next to nothing",
    )


def sigmoid_curvature(t: Proof) -> None:
    """sigma'' = s (1 - s)(1 - 2 s) as a cubic of s = sigma, with a double root of its distance to the maximum."""
    x, s = t.real("x"), t.real("s", 0, 1, open=True)
    curvature = lambda s: s * (1 - s) * (1 - 2 * s)  # noqa: E731
    t.equal(
        t.state("curvature", Eq(Derivative(sigmoid(x), x, x), curvature(sigmoid(x)))),
        because="differentiate sigma (1 - sigma) once more",
    )
    best = (3 - sqrt(3)) / 6
    t.compare(
        t.state("at most sqrt(3)/18", Le(curvature(s), sqrt(3) / 18)),
        [2 * (s - best) ** 2 * (1 - s), (s - best) ** 2 * (2 / sqrt(3) - 1)],
        because="the cubic touches its maximum at s = (3 - sqrt(3))/6; 1 - s in place of s changes the sign",
    )
    t.equal(t.state("attained", Eq(curvature(best), sqrt(3) / 18)), because="at the double root")


@theorem(
    "tanh is the sigmoid stretched to (-1, 1): odd, with slope 1 - tanh^2 that is at most 4 e^(-2|z|), and within"
    " |z|^3/3 of the identity",
    covers=["000:tanh-unit", "003:tanh-definition", "000:tanh-near-identity", "000:sigmoid-tanh-saturate"],
    sources=[
        Source("000", "l.39-46", "g(z) = tanh(z); saturates; resembles the identity around 0"),
        Source("003", "l.76-78", "tanh(x) = (e^x - e^(-x)) / (e^x + e^(-x))"),
    ],
)
def tanh_function(t: Proof) -> None:
    """Everything follows from tanh z = 1 - 2/(1 + e^(2z)) and from tanh' = 1 - tanh^2 <= 1."""
    z, y = t.real("z"), t.nonnegative("y")
    r = t.real("r", 0, y)
    t.equal(
        t.state("definition", Eq((exp(z) - exp(-z)) / (exp(z) + exp(-z)), tanh(z))),
        because="the quotient of sinh and cosh",
    )
    t.equal(
        t.state("stretched sigmoid", Eq(2 * sigmoid(2 * z) - 1, tanh(z))), because="multiply by e^z above and below"
    )
    t.equal(
        t.state("odd", Eq((exp(-z) - exp(z)) / (exp(-z) + exp(z)), -tanh(z))), because="the numerator changes its sign"
    )
    t.equal(
        t.state("slope", Eq(Derivative(tanh(z), z), 1 - tanh(z) ** 2)),
        because="from the output alone, as sigma (1 - sigma)",
    )
    t.compare(
        t.state("inside (-1, 1)", Lt(tanh(z) ** 2, 1)),
        4 * exp(2 * z) / (1 + exp(2 * z)) ** 2,
        because="tanh z = 1 - 2/(1 + e^(2z)), whose square is 1 - 4 e^(2z)/(1 + e^(2z))^2",
    )
    t.compare(
        t.state("saturation", Le(1 - tanh(y) ** 2, 4 * exp(-2 * y))),
        4 * exp(-2 * y) * (2 * exp(-2 * y) + exp(-4 * y)) / (1 + exp(-2 * y)) ** 2,
        because="1 - tanh^2 = 4 q / (1 + q)^2 with q = e^(-2y), and (1 + q)^2 >= 1",
    )
    below = t.monotone(
        t.state("below the identity", Ge(y - tanh(y), 0)),
        r - tanh(r),
        r,
        because="the derivative of z - tanh z is tanh^2",
    )
    at_r = [t.instance(below, {y: r}, because="at r")]
    cubic = t.monotone(
        Ge(y**3 / 3 - y + tanh(y), 0),
        r**3 / 3 - r + tanh(r),
        r,
        using=at_r,
        because="its derivative is r^2 - tanh(r)^2 = (r - tanh r)(r + tanh r)",
    )
    t.compare(
        t.state("near the identity", Le(y - tanh(y), y**3 / 3)),
        y**3 / 3 - y + tanh(y),
        using=[cubic],
        because="rearranged",
    )


@theorem(
    "Every tanh network is a sigmoid network: doubled weights in, doubled weights out and a shifted bias",
    covers=["000:tanh-unit", "003:tanh-definition"],
    sources=[Source("000", "l.39", "tanh(z) = 2 sigma(2 z) - 1")],
)
def tanh_network_as_sigmoid_network(t: Proof) -> None:
    """One layer and the layer that reads it; applied to each layer in turn it covers any depth."""
    outputs, hidden, inputs = t.size("p"), t.size("n"), t.size("d")
    v, c = t.vector("V", outputs, hidden), t.vector("c", outputs)
    w, b, x = t.vector("W", hidden, inputs), t.vector("b", hidden), t.vector("x", inputs)
    i, j = t.index("i", outputs), t.index("j", hidden)
    pre = lambda j: total(inputs, lambda m: w[j, m] * x[m]) + b[j]  # noqa: E731
    doubled = lambda j: total(inputs, lambda m: 2 * w[j, m] * x[m]) + 2 * b[j]  # noqa: E731
    t.equal(t.state("one unit", Eq(tanh(pre(j)), 2 * sigmoid(doubled(j)) - 1)), because="tanh z = 2 sigma(2 z) - 1")
    z = t.vector("z", hidden)
    before = total(hidden, lambda j: v[i, j] * tanh(z[j])) + c[i]
    after = total(hidden, lambda j: 2 * v[i, j] * sigmoid(2 * z[j])) + c[i] - total(hidden, lambda j: v[i, j])
    t.equal(t.state("the next layer", Eq(before, after)), because="the factor 2 goes into V, the -1 into the bias")


@theorem(
    "Whatever gain above c multiplies its input a, a tanh unit stays between tanh(c|a|) and 1, which are at most "
    "2 e^(-2c|a|) apart; a ReLU scales with the gain",
    covers=["000:saturating-units-light-change"],
    sources=[Source("000", "l.47", "saturation can be useful: robust to changes of light, for example")],
)
def saturation_absorbs_gains(t: Proof) -> None:
    """p = c|a| > 0 is the smallest pre-activation, p + x any other, without bias; for a < 0 all is mirrored."""
    p, x = t.positive("p"), t.nonnegative("x")
    r = t.real("r", p, p + x)
    response = lambda z: 1 - 2 / (1 + exp(2 * z))  # noqa: E731 - tanh z
    t.equal(t.state("response", Eq(response(p), tanh(p))), because="tanh as a function of e^(2z)")
    t.monotone(
        t.state("at least tanh(p)", Ge(response(p + x), response(p))),
        response(r),
        r,
        because="tanh increases with the gain",
    )
    t.compare(
        t.state("below 1", Lt(response(p + x), 1)),
        2 / (1 + exp(2 * p + 2 * x)),
        because="so two gains differ by 1 - tanh(p) at most",
    )
    t.compare(
        t.state("exponentially small", Le(1 - response(p), 2 * exp(-2 * p))),
        2 * exp(-2 * p) / (1 + exp(2 * p)),
        because="2/(1 + e^(2p)) <= 2 e^(-2p)",
    )
    gain, a = t.positive("g"), t.real("a")
    t.equal(t.state("relu", Eq(Max(0, gain * a), gain * Max(0, a))), because="a positive factor leaves the maximum")
    n, offset = t.size("n"), t.real("b")
    v, image = t.vector("v", n), t.vector("q", n)
    mean = total(n, lambda k: v[k]) / n
    t.equal(
        t.state(
            "brightness",
            Eq(total(n, lambda k: (v[k] - mean) * (image[k] + offset)), total(n, lambda k: (v[k] - mean) * image[k])),
        ),
        because="weights that sum to 0 do not see a common offset, whatever the activation",
    )


@theorem(
    "ReLU is convex, 1-Lipschitz, positively homogeneous and the projection on the positive numbers; its slope is"
    " 0 on the left, 1 on the right",
    covers=["000:relu", "000:relu-derivatives", "000:relu-kink-zero", "003:relu-definition"],
    sources=[
        Source("000", "l.57-66", "g(a) = max(0, a); g' = 1 for a > 0, 0 for a < 0; not differentiable at 0"),
        Source("003", "l.81, l.106-107", "phi(x) = max(0, x)"),
    ],
)
def relu_function(t: Proof) -> None:
    """relu(a) = (a + |a|)/2, so everything about it is the triangle inequality."""
    a, b, z = t.real("a"), t.real("b"), t.real("z", nonzero=True)
    relu = lambda a: Max(0, a)  # noqa: E731
    t.equal(t.state("odd part", Eq(relu(a) - relu(-a), a)), because="one of the two is 0, the other |a|")
    t.equal(t.state("even part", Eq(relu(a) + relu(-a), Abs(a))), because="the same two cases")
    gain = t.positive("c")
    t.equal(t.state("homogeneous", Eq(relu(gain * a), gain * relu(a))), because="a positive factor leaves the maximum")
    t.compare(t.state("not negative", Ge(relu(a), 0)), relu(a), because="a maximum with 0")
    t.compare(t.state("never below its input", Ge(relu(a) - a, 0)), relu(a) - a, because="a maximum with a")
    t.equal(
        t.state("complementary", Eq(relu(a) * (relu(a) - a), 0)),
        because="with the two signs above: the optimality conditions of the nearest number >= 0",
    )
    x, y = t.real("x"), t.real("y")
    triangle = triangle_inequality(t, x, y)
    slack = lambda first, second: (  # noqa: E731
        Abs(first) + Abs(second) - Abs(first + second),
        t.instance(triangle, {x: first, y: second}, because="at these two numbers"),
    )
    part, fact = slack(a - b, b)
    t.compare(
        t.state("1-Lipschitz", Le(relu(a) - relu(b), Abs(a - b))),
        [(Abs(a - b) - (a - b)) / 2, part / 2],
        using=[fact],
        because="|a| - |b| <= |a - b|, and a - b <= |a - b|; exchange a and b for the other sign",
    )
    p, q = t.nonnegative("p"), t.nonnegative("q")
    part, fact = slack(p * a, q * b)
    t.compare(
        t.state("convex", Le(relu(p * a + q * b), p * relu(a) + q * relu(b))),
        part / 2,
        using=[fact],
        because="half the triangle inequality between p a and q b: for p + q = 1 convexity",
    )
    slopes_of_relu(t, z)


def triangle_inequality(t: Proof, x: Any, y: Any) -> Fact:
    """|x + y| <= |x| + |y|."""
    claim = Le(Abs(x + y), Abs(x) + Abs(y))
    above = t.suppose(Ge(x + y, 0)).compare(claim, [Abs(x) - x, Abs(y) - y], because="|x + y| = x + y here")
    below = t.suppose(Le(x + y, 0)).compare(claim, [Abs(x) + x, Abs(y) + y], because="|x + y| = -x - y here")
    return t.cases(claim, [above, below], because="the sum has one of the two signs")


def slopes_of_relu(t: Proof, z: Any) -> None:
    """Away from 0 the slope is a step and the curvature 0; at 0 the two one-sided slopes differ."""
    right, left = t.suppose(Gt(z, 0)), t.suppose(Lt(z, 0))
    step = Eq(Derivative(Max(0, z), z), Heaviside(z, 0))
    sides = [side.equal(step, because="a linear function on this side") for side in (right, left)]
    t.cases(t.state("slope", step), sides, because="z is not 0")
    t.equal(t.state("curvature", Eq(Derivative(Max(0, z), z, z), 0)), because="linear on either side")
    weight, gap, inside = t.positive("w"), t.positive("g"), t.real("v", 0, 1)
    quotient = Eq(Max(0, z) / z, Heaviside(z, 0))
    sides = [side.equal(quotient, because="a linear function on this side") for side in (right, left)]
    t.cases(
        t.state("difference quotient at 0", quotient),
        sides,
        because="1 from the right and 0 from the left: no limit, so no derivative",
    )
    t.equal(
        t.state("a dead unit", Eq(Max(0, weight * (1 - inside) - weight - gap), 0)),
        because="inputs 1 - v <= 1 and a bias -w - g: negative for every input, so neither w nor b has a gradient",
    )


@misprint(
    "The choice of relu'(0) is visible where a pre-activation is exactly 0",
    corrected="relu-function",
    covers=["000:relu-kink-zero"],
    sources=[Source("000", "l.66", "not differentiable at 0: not a problem in practice")],
)
def relu_slope_at_zero(t: Proof) -> None:
    """f(z) = relu(z) - relu(-z) = z has the slope 1 at 0; with relu'(0) = 0 backpropagation returns 0."""
    z = t.real("z")
    t.refute(
        Eq(Heaviside(z, 0) + Heaviside(-z, 0), 1),
        {z: 0},
        because="0 is no generalized slope of f either; the claim needs pre-activations with a density",
    )


@theorem(
    "Leaky ReLU has slopes 1 and alpha, is max(z, alpha z) exactly for alpha <= 1, and holds ReLU, identity and "
    "absolute value",
    covers=[
        "000:leaky-relu", "003:leaky-prelu", "000:prelu-learned-slope", "000:absolute-value-rectification",
    ],
    sources=[
        Source("000", "l.87-97", "g(z) = max{0, z} + alpha min{0, z}; alpha = -1: |z|; alpha learned: PReLU"),
        Source("003", "l.107-111", "phi(x) = max(x, 0) + alpha min(x, 0)"),
    ],
)  # fmt: skip
def leaky_relu_function(t: Proof) -> None:
    """z = max(0, z) + min(0, z), and alpha scales the second part."""
    z, alpha, less, more = t.real("z", nonzero=True), t.real("alpha"), t.nonnegative("b"), t.positive("c")
    right, left = t.suppose(Gt(z, 0)), t.suppose(Lt(z, 0))
    slope = Eq(Derivative(leaky(z, alpha), z), Heaviside(z, 0) + alpha * Heaviside(-z, 0))
    sides = [side.equal(slope, because="linear on this side") for side in (right, left)]
    t.cases(t.state("slope", slope), sides, because="z is not 0")
    t.equal(t.state("absolute value", Eq(leaky(z, -1), Abs(z))), because="the negative part changes its sign")
    t.equal(t.state("identity", Eq(leaky(z, 1), z)), because="both parts as they are")
    t.equal(
        t.state("maximum for alpha <= 1", Eq(Max(z, (1 - less) * z), leaky(z, 1 - less))),
        because="with alpha = 1 - b the arms differ by b z, so z < 0 takes the second",
    )
    t.equal(
        t.state("no maximum for alpha > 1", Eq(Max(z, (1 + more) * z) - leaky(z, 1 + more), more * Abs(z))),
        because="with alpha = 1 + c the maximum exceeds it by c |z| on either side",
    )
    undone = Eq(leaky(leaky(z, more), 1 / more), z)
    sides = [side.equal(undone, because="the sign is kept, the factor undone") for side in (right, left)]
    t.cases(t.state("inverse", undone), sides, because="z is not 0: leaky(1/alpha) inverts leaky(alpha) for alpha > 0")
    distances(t, less)
    shared_slope(t, alpha)


def distances(t: Proof, less: Any) -> None:
    """For 0 <= alpha <= 1 no distance grows, and none shrinks by more than the factor alpha."""
    r, gap = t.real("r"), t.nonnegative("g")
    p, q = t.real("p"), t.real("q")
    triangle = triangle_inequality(t, p, q)
    rise = leaky(r + gap, 1 - less) - leaky(r, 1 - less)
    up = t.instance(triangle, {p: r, q: gap}, because="|r + g| <= |r| + g")
    down = t.instance(triangle, {p: r + gap, q: -gap}, because="|r| <= |r + g| + g")
    t.compare(
        t.state("never below alpha", Ge(rise, (1 - less) * gap)),
        less * (gap - Abs(r) + Abs(r + gap)) / 2,
        using=[down],
        because="the rise is alpha g + (1 - alpha) (g + |r + g| - |r|)/2",
    )
    t.compare(
        t.state("never above 1", Le(rise, gap)),
        less * (gap + Abs(r) - Abs(r + gap)) / 2,
        using=[up],
        because="and the bracket is at most 2 g",
    )


def shared_slope(t: Proof, alpha: Any) -> None:
    """A learned slope is one parameter for many units; the absolute value cannot tell a pattern from its negative."""
    n = t.size("n")
    pre, back, w, x = t.vector("a", n), t.vector("d", n), t.vector("w", n), t.vector("x", n)
    loss = total(n, lambda k: back[k] * leaky(pre[k], alpha))
    t.equal(
        t.state("learned slope", Eq(Derivative(loss, alpha), total(n, lambda k: back[k] * Min(0, pre[k])))),
        because="every unit that shares alpha adds its negative part times the gradient it receives",
    )
    t.equal(
        t.state(
            "polarity", Eq(leaky(total(n, lambda k: w[k] * -x[k]), -1), leaky(total(n, lambda k: w[k] * x[k]), -1))
        ),
        because="without a bias |w'x| = |w'(-x)|",
    )


@theorem(
    "A steep sigmoid approaches the hard threshold with an error of at most e^(-s|x - beta|), and 1/2 at the "
    "threshold itself",
    covers=["003:hard-threshold"],
    sources=[Source("003", "l.80", "phi_beta(x) = 1_(x > beta)")],
)
def hard_threshold_function(t: Proof) -> None:
    """u = |x - beta| > 0 on either side; the threshold has no gradient anywhere, the sigmoid has one everywhere."""
    x, u, s = t.real("z", nonzero=True), t.positive("u"), t.nonnegative("s")
    t.equal(t.state("no gradient", Eq(Derivative(Heaviside(x, 0), x), 0)), because="constant on either side")
    t.compare(
        t.state("error on the right", Le(1 - sigmoid(s * u), exp(-s * u))),
        exp(-s * u) / (1 + exp(s * u)),
        because="1 - sigma(su) = 1/(1 + e^(su)), and e^(-su) exceeds it by the factor 1 + e^(-su)",
    )
    t.compare(
        t.state("error on the left", Le(sigmoid(-s * u), exp(-s * u))),
        exp(-s * u) / (1 + exp(s * u)),
        because="the same number by symmetry",
    )
    t.limit(t.state("it vanishes", Eq(Limit(exp(-s * u), s, oo), 0)), because="u is positive")
    t.equal(
        t.state("across the threshold", Eq(sigmoid(s * u) + sigmoid(-s * u), 2 * HALF)),
        because="the curve is symmetric about the point (beta, 1/2), through which it passes whatever s is",
    )


@theorem(
    "Maxout takes the largest of its pieces, moves with a common shift, sends the gradient to the winner, and "
    "holds ReLU and |z|",
    covers=["000:maxout-definition"],
    sources=[Source("000", "l.100-106", "g(z)_i = max_(j in G_i) z_j, G_i = {[(i - 1)k + 1; ik]}")],
)
def maxout_function(t: Proof) -> None:
    """The maximum of any number of pieces is a running maximum; z_j = M - d_j with d_j >= 0 are pieces of at most M."""
    k, shift, top = t.time("k"), t.real("c"), t.real("M")
    pieces, below = t.vector("z", k + 2), t.vector("d", k + 2, low=0)
    m, moved, bounded = t.recursion(
        k,
        m=(pieces[1], lambda m, moved, bounded: Max(m(k), pieces[k + 2])),
        moved=(pieces[1] + shift, lambda m, moved, bounded: Max(moved(k), pieces[k + 2] + shift)),
        bounded=(top - below[1], lambda m, moved, bounded: Max(bounded(k), top - below[k + 2])),
    )
    t.compare(
        t.state("at least the new piece", Ge(m(k + 1), pieces[k + 2])),
        Max(m(k), pieces[k + 2]) - pieces[k + 2],
        because="a maximum",
    )
    t.compare(
        t.state("at least the old maximum", Ge(m(k + 1), m(k))), Max(m(k), pieces[k + 2]) - m(k), because="a maximum"
    )
    claim = t.state("at most every bound", Le(bounded(k), top))
    base = t.compare(claim.subs(k, 0), below[1], because="one piece")
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        Min(top - bounded(k), below[k + 2]),
        because="neither the old maximum nor the new piece exceeds M",
    )
    t.induct_from(
        claim, over=k, base=base, step=step, because="piece by piece: with the two bounds below, it is the maximum"
    )
    t.induct(t.state("shift", Eq(moved(k), m(k) + shift)), over=k, because="a common shift changes no comparison")
    winner = t.real("a")
    loser = t.real("b", high=winner, open=True)
    for name, piece, slope in (("winner", winner, 1), ("loser", loser, 0)):
        t.equal(
            t.state(f"gradient of the {name}", Eq(Derivative(Max(winner, loser), piece), slope)),
            because="the maximum is the winner, as long as it is ahead",
        )
    t.equal(t.state("absolute value", Eq(Max(winner, -winner), Abs(winner))), because="two pieces z and -z")


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("activations")
