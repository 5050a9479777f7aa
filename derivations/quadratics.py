"""Gradient descent on quadratics: when it converges, how fast, and which fixed step is best.

f(x) = 1/2 x'Ax in the eigenbasis of A is 1/2 sum lambda_i x_i^2; a rotation changes neither gradient descent nor f, so
all that follows holds for every symmetric positive definite A and every dimension d.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    And,
    Derivative,
    Implies,
    Integral,
    KroneckerDelta,
    Limit,
    Max,
    Rational,
    Symbol,
    log,
    oo,
    sqrt,
)  # fmt: skip

from .kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, product, theorem, total

HALF = Rational(1, 2)
DECK = "004"


def objective(eigenvalue: Any, x: Any, d: Any) -> Any:
    """f(x) = 1/2 sum_i lambda_i x_i^2; the minimum is 0, at 0."""
    return HALF * total(d, lambda i: eigenvalue(i) * x(i) ** 2)


@theorem(
    (
        "Gradient descent on a quadratic: the stable steps, the best one 2/(lambda_max + lambda_min) and its "
        "factor (kappa-1)/(kappa+1)"
    ),
    covers=[
        "004:quadratic-gradient-and-closed-form", "004:gd-convergence-interval", "004:optimal-fixed-step",
        "004:rate-at-optimal-step", "004:kappa-one-converges-in-one-step", "004:f-gap-formula",
        "001:gd-geometric-convergence", "002:ill-conditioned-gd-figure", "004:ravines-and-step-size-tradeoff",
    ],
    sources=[
        Source(DECK, "l.257-269", "converges when 0 < eta < 2 / lambda_max"),
        Source(DECK, "l.277-287", "eta* = 2 / (lambda_1 + lambda_2)"),
        Source(DECK, "l.349-358", "|1 - eta* lambda| = (kappa - 1)/(kappa + 1)"),
        Source("001", "l.284", "alpha_i^(tau) = (1 - eta lambda_i)^tau alpha_i^(0)"),
        Source(DECK, "l.447-460", "ravines: zig-zag, and the trade-off of the step size"),
    ],
)  # fmt: skip
def gradient_descent_optimal_step(t: Proof) -> None:
    """Every mode of the error shrinks by its own factor |1 - eta lambda|, and the slowest is at one end of the
    spectrum.
    """
    smallest, gap, eta = t.positive("lambda_min"), t.nonnegative("gap"), t.real("eta")
    largest = smallest + gap
    iterates(t, smallest, gap, eta)
    stable_steps(t, smallest, largest, eta)
    zigzag(t, largest)
    best_step(t, smallest, gap, eta)
    speed(t)


def iterates(t: Proof, smallest: Any, gap: Any, eta: Any) -> None:
    """The modes decouple: each is a geometric sequence, so the f-gap is a sum of squares of geometric sequences."""
    d, k = t.size("d"), t.time("k")
    j = t.index("j", d)
    u, start = t.vector("u", d, low=0, high=1), t.vector("x0", d)
    eigenvalue = lambda i: smallest + gap * u[i]  # noqa: E731 - any spectrum in [lambda_min, lambda_max]
    t.equal(
        t.state(
            "gradient", Eq(Derivative(objective(eigenvalue, lambda i: start[i], d), start[j]), eigenvalue(j) * start[j])
        ),
        because="only the j-th square depends on x_j",
    )
    (x,) = t.recursion(k, x=((j,), start[j], lambda x: x(j, k) - eta * eigenvalue(j) * x(j, k)))
    closed = t.induct(
        t.state("iterate", Eq(x(j, k), (1 - eta * eigenvalue(j)) ** k * start[j])),
        over=k,
        because="each step multiplies mode j by 1 - eta lambda_j",
    )
    squares = total(d, lambda i: eigenvalue(i) * (1 - eta * eigenvalue(i)) ** (2 * k) * start[i] ** 2)
    t.equal(
        t.state("f-gap", Eq(objective(eigenvalue, lambda i: x(i, k), d), HALF * squares)),
        using=closed,
        because="put the iterate into f: the factor appears squared, and so does the start",
    )


def stable_steps(t: Proof, smallest: Any, largest: Any, eta: Any) -> None:
    """Every mode contracts exactly for 0 < eta < 2/lambda_max: the smallest needs eta > 0, the largest eta <
    2/lambda_max.
    """
    mode = t.real("lambda", smallest, largest)
    factor = Abs(1 - eta * largest)
    stable = t.suppose(Lt(factor, 1))
    contraction = Lt(factor, 1)
    positive = stable.compare(
        Gt(eta, 0),
        [(1 - factor) / largest, (factor - (1 - eta * largest)) / largest],
        because="1 - eta lambda_max <= |1 - eta lambda_max| < 1",
    )
    bounded = stable.compare(
        Lt(eta, 2 / largest),
        [(1 - factor) / largest, (factor + (1 - eta * largest)) / largest],
        because="eta lambda_max - 1 <= |1 - eta lambda_max| < 1",
    )
    interval = And(Gt(eta, 0), Lt(eta, 2 / largest))
    necessary = stable.both(interval, [positive, bounded], because="both")
    inside = t.suppose(interval)
    v = eta * mode
    squared = inside.compare(
        Lt((1 - v) ** 2, 1),
        [eta * mode * (2 / largest - eta) * mode, 2 * eta * mode * (largest - mode) / largest],
        because="1 - (1 - eta lambda)^2 = eta lambda (2 - eta lambda), and lambda <= lambda_max",
    )
    t.implies(
        t.state("inside the interval every mode contracts", Implies(interval, squared.claim)),
        squared,
        because="as supposed",
    )
    t.implies(
        t.state("outside it the largest does not", Implies(contraction, interval)), necessary, because="as supposed"
    )
    k = next(s.symbol for s in t.declared if str(s.symbol) == "k")
    q = t.real("q")
    vanishing = t.suppose(Lt(Abs(q), 1))
    gone = vanishing.limit(Eq(Limit(q**k, k, oo), 0), because="a geometric sequence with a factor below 1 in size")
    t.implies(t.state("a contracting mode vanishes", Implies(Lt(Abs(q), 1), gone.claim)), gone, because="as supposed")


def zigzag(t: Proof, largest: Any) -> None:
    """The steepest mode changes its sign at every step exactly above 1/lambda_max; below, no mode does."""
    step = t.positive("eta_")
    factor = 1 - step * largest
    late = t.suppose(Gt(step, 1 / largest))
    flips = late.compare(Lt(factor, 0), largest * (step - 1 / largest), because="linear in the step")
    t.implies(
        t.state("zig-zag above 1/lambda_max", Implies(Gt(step, 1 / largest), flips.claim)), flips, because="as supposed"
    )
    early = t.suppose(Le(step, 1 / largest))
    mode = next(s.symbol for s in t.declared if str(s.symbol) == "lambda")
    keeps = early.compare(
        Ge(1 - step * mode, 0),
        [largest * (1 / largest - step), step * (largest - mode)],
        because="lambda <= lambda_max, and the factor falls in lambda",
    )
    t.implies(t.state("monotone below", Implies(Le(step, 1 / largest), keeps.claim)), keeps, because="as supposed")


def speed(t: Proof) -> None:
    """-ln rho is 2 artanh(1/kappa), a little more than 2/kappa; with kappa = 1 + 1/x it is log(1 + 2x) >= 2x/(1 +
    x).
    """
    x = t.positive("x")
    s = t.real("s", 0, x)
    t.monotone(
        t.state("at most kappa/2 steps for a factor e", Ge(log(1 + 2 * x) - 2 * x / (1 + x), 0)),
        log(1 + 2 * s) - 2 * s / (1 + s),
        s,
        because="the derivative 2 s^2 / ((1 + 2s)(1 + s)^2) is positive, and both sides are 0 at s = 0",
    )
    kappa, more = t.real("kappa_", 1), t.nonnegative("m")
    t.compare(
        t.state("worse conditioning is slower", Ge((kappa + more - 1) / (kappa + more + 1), (kappa - 1) / (kappa + 1))),
        2 * more / ((kappa + 1) * (kappa + more + 1)),
        because="1 - 2/(kappa + 1) grows with kappa",
    )


def best_step(t: Proof, smallest: Any, gap: Any, eta: Any) -> None:
    """The minimax over steps by a dual certificate: one convex combination of the two end modes bounds every step."""
    largest = smallest + gap
    best, rate = 2 / (smallest + largest), (largest - smallest) / (largest + smallest)
    mode = next(s.symbol for s in t.declared if str(s.symbol) == "lambda")
    slowest = Max(Abs(1 - eta * smallest), Abs(1 - eta * largest))
    t.endpoints(
        t.state("the slowest mode is at an end of the spectrum", Le(Abs(1 - eta * mode), slowest)),
        mode,
        smallest,
        largest,
        because="|1 - eta lambda| is convex in lambda",
    )
    t.weights(
        t.state("no step does better", Ge(slowest, rate)),
        {1 - eta * smallest: largest / (smallest + largest), -(1 - eta * largest): smallest / (smallest + largest)},
        because="these multipliers cancel eta, so the bound holds for every step",
    )
    t.equal(
        t.state("the best step attains it", Eq(slowest.subs(eta, best), rate)), because="both ends contract alike there"
    )
    t.compare(
        t.state("a shorter step is worse", Ge(slowest, rate + smallest * (best - eta))),
        slowest - (1 - eta * smallest),
        because="1 - eta mu is one of the arms",
    )
    t.compare(
        t.state("and so is a longer one", Ge(slowest, rate + largest * (eta - best))),
        slowest - (eta * largest - 1),
        because="eta L - 1 is another: the best step is the only one",
    )
    kappa = t.real("kappa", 1)
    t.equal(
        t.state("in terms of kappa", Eq(rate.subs(gap, (kappa - 1) * smallest), (kappa - 1) / (kappa + 1))),
        because="lambda_max = kappa lambda_min, then divide by lambda_min",
    )
    t.equal(
        t.state("factor of the slowest mode", Eq((1 - eta * smallest).subs(eta, best), gap / (2 * smallest + gap))),
        because="for kappa = 1 the gap is 0: one step of 1/lambda removes every mode when all are alike",
    )


@misprint(
    "The f-gap has a factor 1/2 and the start squared",
    corrected="gradient-descent-optimal-step",
    covers=["004:f-gap-formula"],
    sources=[Source(DECK, "l.275 (and seven more)", "f(x_t) - f* = sum_i (1 - eta lambda_i)^(2t) lambda_i x_i^0")],
)
def quadratic_gap_without_half_and_square(t: Proof) -> None:
    """One dimension, lambda = 1, x = -1, before any step: the printed gap is negative."""
    d, k, eta = t.size("d"), t.time("k"), t.real("eta")
    eigenvalue, start = t.vector("lambda", d, low=0, open=True), t.vector("x0", d)
    modes = lambda power: total(d, lambda i: (1 - eta * eigenvalue[i]) ** (2 * k) * eigenvalue[i] * start[i] ** power)  # noqa: E731
    t.refute(
        Eq(HALF * modes(2), modes(1)),
        {d: 1, k: 0, eta: 1, eigenvalue: [1], start: [-1]},
        because="the true gap is 1/2, the printed one is -1",
    )


def quadratic(t: Proof, name: str = "R") -> tuple[Any, Any, Any]:
    """(n, H, matvec) of any symmetric matrix: H = R + R' with R free, so that no hypothesis has to be written."""
    n = t.size("n")
    root = t.vector(name, n, n)
    entry = lambda i, j: root[i, j] + root[j, i]  # noqa: E731
    return n, entry, lambda x: lambda i: total(n, lambda j: entry(i, j) * x(j))


def form(n: Any, matrix: Any, x: Any, y: Any) -> Any:
    """x'Hy."""
    return total(n, lambda i: total(n, lambda j: x(i) * matrix(i, j) * y(j)))


@theorem(
    "The second-order expansion is exact for quadratics, and for a cubic its error is exactly rho/6 |v|^3",
    covers=["001:taylor-second-order", "001:gradient-linear-model", "001:expansion-at-minimum"],
    sources=[
        Source("001", "l.90-92 (and six more)", "J(w) = J(w^) + (w - w^)' g + 1/2 (w - w^)' H (w - w^)"),
        Source("001", "l.108", "grad J(w) = g + H (w - w^)"),
        Source("001", "l.117-119", "J(w) = J(w*) + 1/2 (w - w*)' H (w - w*)"),
    ],
)
def second_order_expansion(t: Proof) -> None:
    """Expand the quadratic about any point; then integrate the largest remainder a rho-Lipschitz Hessian allows."""
    n, h, times = quadratic(t)
    w, centre, linear, j = t.vector("w", n), t.vector("what", n), t.vector("b", n), t.index("j", n)
    value = lambda x: HALF * form(n, h, x, x) + total(n, lambda i: linear[i] * x(i))  # noqa: E731
    here, there = (lambda i: centre[i]), (lambda i: w[i])
    shift = lambda i: w[i] - centre[i]  # noqa: E731
    slope = lambda i: times(here)(i) + linear[i]  # noqa: E731
    t.equal(
        t.state("gradient", Eq(Derivative(value(there), w[j]), times(there)(j) + linear[j])),
        because="x_j stands in row j and in column j of the double sum, and H is symmetric",
    )
    t.equal(
        t.state(
            "expansion",
            Eq(value(there), value(here) + total(n, lambda i: slope(i) * shift(i)) + HALF * form(n, h, shift, shift)),
        ),
        because="write w = w^ + v and collect the powers of v: there are none beyond the second",
    )
    t.equal(
        t.state("the gradient is linear", Eq(times(there)(j) + linear[j], slope(j) + times(shift)(j))),
        because="H w = H w^ + H (w - w^)",
    )
    t.equal(
        t.state(
            "at a critical point",
            Eq(value(there) - value(here) - total(n, lambda i: slope(i) * shift(i)), HALF * form(n, h, shift, shift)),
        ),
        because="where the gradient vanishes the linear term does, and the curvature alone is left",
    )
    s, v, rho = Symbol("s", real=True), t.real("v"), t.nonnegative("rho")
    t.equal(
        t.state("largest remainder", Eq(Integral((1 - s) * rho * s * v**3, (s, 0, 1)), rho * v**3 / 6)),
        because="the remainder is the integral of (1 - s) v'(H(w^ + s v) - H(w^))v, and |..| <= rho s |v|^3",
    )
    x, a = t.real("x a")
    cubic = lambda z: rho * z**3 / 6  # noqa: E731 - its second derivative rho z is rho-Lipschitz
    expansion = cubic(a) + Derivative(cubic(a), a) * (x - a) + HALF * Derivative(cubic(a), a, 2) * (x - a) ** 2
    t.equal(
        t.state("a cubic attains it", Eq(cubic(x) - expansion, rho * (x - a) ** 3 / 6)),
        because="so the expansion is an equality for quadratics only; at a = 0 and x = 1 the error is rho/6",
    )
    linear_model = Derivative(cubic(a), a) + Derivative(cubic(a), a, 2) * (x - a)
    t.equal(
        t.state("error of the gradient", Eq(Derivative(cubic(x), x) - linear_model, rho * (x - a) ** 2 / 2)),
        because="one derivative less: rho/2 |v|^2",
    )


@theorem(
    (
        "Eigenvectors of a symmetric matrix: real eigenvalues, orthogonality, and a quadratic as a sum of "
        "squares along them"
    ),
    covers=[
        "001:hessian-orthonormal-eigenbasis", "001:eigenbasis-sum-of-squares", "001:gd-eigencoefficient-recursion",
    ],
    sources=[
        Source("001", "l.121, l.134", "H u_i = lambda_i u_i, u_i u_j = delta_ij"),
        Source("001", "l.148", "J(w) = J(w*) + 1/2 sum_i lambda_i alpha_i^2"),
        Source("001", "l.238-269", "Delta alpha_i = - eta lambda_i alpha_i"),
    ],
)  # fmt: skip
def eigenvectors_of_a_symmetric_matrix(t: Proof) -> None:
    """Each statement is an identity in the residuals p = Hu - lambda u: where they vanish, the textbook's
    statement stands.
    """
    n, _, times = quadratic(t)
    u, v = t.vector("u", n), t.vector("v", n)
    a, b, mu = t.real("lambda_ b mu")
    dot = lambda x, y: total(n, lambda i: x(i) * y(i))  # noqa: E731
    first, second = (lambda i: u[i]), (lambda i: v[i])
    p = lambda i: times(first)(i) - a * u[i]  # noqa: E731
    q = lambda i: times(second)(i) - mu * v[i]  # noqa: E731
    t.equal(
        t.state("orthogonality", Eq((a - mu) * dot(first, second), dot(first, q) - dot(second, p))),
        because="u'Hv = v'Hu; for eigenvectors the residuals are 0, so u'v = 0 where the eigenvalues differ",
    )
    # H(u + iv) = (lambda + ib)(u + iv), real and imaginary part
    re = lambda i: times(first)(i) - a * u[i] + b * v[i]  # noqa: E731
    im = lambda i: times(second)(i) - b * u[i] - a * v[i]  # noqa: E731
    t.equal(
        t.state(
            "eigenvalues are real",
            Eq(b * (dot(first, first) + dot(second, second)), dot(second, re) - dot(first, im)),
        ),
        because="for an eigenvector both residuals are 0 and u + iv is not, so the imaginary part b is 0",
    )
    basis, spectrum, d = t.vector("U", n, n), t.vector("Lambda", n), t.vector("d", n)
    composed = lambda i, j: total(n, lambda k: basis[i, k] * spectrum[k] * basis[j, k])  # noqa: E731
    alpha = lambda k: total(n, lambda i: basis[i, k] * d[i])  # noqa: E731
    step = lambda i: d[i]  # noqa: E731
    t.equal(
        t.state(
            "sum of squares",
            Eq(HALF * form(n, composed, step, step), HALF * total(n, lambda k: spectrum[k] * alpha(k) ** 2)),
        ),
        because="H = U Lambda U' and alpha = U'd",
    )
    eta = t.real("eta")
    coefficient = dot(first, step)
    moved = dot(first, lambda i: d[i] - eta * times(step)(i))
    t.equal(
        t.state("change of a coefficient", Eq(moved - coefficient, -eta * a * coefficient - eta * dot(p, step))),
        because="u'Hd = (Hu)'d; for an eigenvector p = 0, and each coefficient goes its own way",
    )
    reflection(t, n)
    two_dimensions(t)


def two_dimensions(t: Proof) -> None:
    """[[a, b], [b, c]]: (b, z - a) is an eigenvector for each root z = (a + c)/2 +- sqrt((a - c)^2/4 + b^2),
    always real.
    """
    a, b, c = t.real("h11 h12 h22")
    for name, sign in (("larger", 1), ("smaller", -1)):
        z = (a + c) / 2 + sign * sqrt((a - c) ** 2 / 4 + b**2)
        t.equal(
            t.state(f"{name} eigenvalue of a 2 by 2 matrix", Eq(b * b + c * (z - a), z * (z - a))),
            because="the second row of (H - z)(b, z - a); the first is a b + b (z - a) = z b",
        )


def reflection(t: Proof, n: Any) -> None:
    """Orthonormal bases exist in every dimension: the columns of I - 2 r r'/r'r."""
    r, i, j = t.vector("r", n, nonzero=True), t.index("i", n), t.index("j", n)
    norm = total(n, lambda k: r[k] ** 2)
    q = lambda i, j: KroneckerDelta(i, j) - 2 * r[i] * r[j] / norm  # noqa: E731
    t.equal(
        t.state("a reflection is orthonormal", Eq(total(n, lambda k: q(i, k) * q(j, k)), KroneckerDelta(i, j))),
        because="reflecting twice changes nothing",
    )


@theorem(
    (
        "The condition number max|lambda| / min|lambda| is the worst magnification of a relative error, and "
        "1/kappa the distance to singularity"
    ),
    covers=["001:condition-number-definition", "004:condition-number-meaning"],
    sources=[
        Source("001", "l.179-181", "ratio of the smallest to the largest eigenvalue"),
        Source(DECK, "l.417-421", "kappa = lambda_max / lambda_min measures how close the matrix is to a singular one"),
    ],
)
def condition_number(t: Proof) -> None:
    """In the eigenbasis A is a list of eigenvalues; only their magnitudes, from m to m + gap, enter the norms."""
    n = t.size("n")
    m, gap = t.positive("m"), t.nonnegative("gap")
    largest = m + gap
    u, sign = t.vector("u", n, low=0, high=1), t.vector("s", n, nonzero=True)
    x, error = t.vector("x", n), t.vector("e", n)
    eigenvalue = lambda i: (m + gap * u[i]) * sign[i] / Abs(sign[i])  # noqa: E731 - any signs
    image = {z: total(n, lambda i: (eigenvalue(i) * z[i]) ** 2) for z in (x, error)}  # noqa: B023 - summed at once
    norm = {z: total(n, lambda i: z[i] ** 2) for z in (x, error)}  # noqa: B023
    below = t.compare(
        t.state("nothing shrinks by more than min|lambda|", Ge(image[error], m**2 * norm[error])),
        total(n, lambda i: gap * u[i] * (2 * m + gap * u[i]) * error[i] ** 2),
        because="every eigenvalue is at least m in size; so a singular A + E has |E| >= m: Eu = -Au for some u",
    )
    above = t.compare(
        t.state("nothing grows by more than max|lambda|", Le(image[x], largest**2 * norm[x])),
        total(n, lambda i: gap * (1 - u[i]) * (2 * m + gap + gap * u[i]) * x[i] ** 2),
        because="every eigenvalue is at most m + gap in size",
    )
    kappa = largest / m
    t.compare(
        t.state("relative errors", Le(norm[error] * image[x], kappa**2 * image[error] * norm[x])),
        [
            kappa**2 * norm[x] * (image[error] - m**2 * norm[error]),
            norm[error] * (largest**2 * norm[x] - image[x]),
        ],
        using=[below, above],
        because="|x error| / |x| against |b error| / |b|, squared and without fractions: one bound for each factor",
    )
    p, q = t.index("p", n), t.index("q", n)
    delta = KroneckerDelta
    single = lambda j: total(n, lambda i: (eigenvalue(i) * delta(i, j)) ** 2)  # noqa: E731
    t.equal(
        t.state("attained", Eq(single(p) * (m + gap * u[q]) ** 2, single(q) * (m + gap * u[p]) ** 2)),
        because="the error along eigenvector p, the data along q: their squares are those of the eigenvalues, largest "
        "over smallest in the worst case",
    )
    neighbor = lambda i, j: eigenvalue(i) * delta(i, j) - eigenvalue(p) * delta(i, p) * delta(j, p)  # noqa: E731
    t.equal(
        t.state(
            "a singular neighbor",
            Eq(total(n, lambda j: neighbor(q, j) * delta(j, q)), eigenvalue(q) * (1 - delta(p, q))),
        ),
        because=(
            "A - lambda_p e_p e_p' has the eigenvalue 0 for e_p and the others of A; with |lambda_p| = m its relative "
            "distance from A is m / |lambda|_max = 1/kappa"
        ),
    )
    t.compare(t.state("at least 1", Ge(kappa, 1)), gap / m, because="the largest is not the smallest")


@misprint(
    "The condition number is the largest eigenvalue over the smallest, not the smallest over the largest",
    corrected="condition-number",
    covers=["001:condition-number-definition"],
    sources=[Source("001", "l.179-181", "kappa(H) = ratio of the smallest to the largest eigenvalue")],
)
def condition_number_inverted(t: Proof) -> None:
    """diag(1, 2): the relative error (1) in the solution against 1/2 in the data exceeds the printed 1/2 times that."""
    m, largest = t.positive("m M")
    data, error = t.real("b e")
    t.refute(
        Le((error / m) ** 2 * data**2, (m / largest) ** 2 * error**2 * (data / largest) ** 2),
        {m: 1, largest: 2, data: 1, error: 1},
        because="data b along the largest eigenvalue, error e along the smallest: magnified by 2 = M/m, not by 1/2",
    )


@theorem(
    (
        "Gradient descent is power iteration: the curvature along the gradient goes to the eigenvalue with the "
        "largest |1 - eta lambda|"
    ),
    covers=["001:curvature-along-gradient-can-grow"],
    sources=[Source("001", "l.188-189", "the gradient norm does not shrink while g'Hg grows")],
)
def curvature_along_the_gradient(t: Proof) -> None:
    """The dominant mode has weight 1 and eigenvalue m; the others, within D of m, weigh c_i^2 r_i^t with r_i <= q < 1.

    r_i is the squared ratio of the factors (1 - eta lambda_i)/(1 - eta m), and c_i that of the components at the start.
    """
    n, k = t.size("n"), t.time("k")
    spread, m = t.nonnegative("D"), t.real("m")
    q, u = t.real("q", 0, 1, open=True), t.vector("u", n, low=0, high=1)
    side, c = t.vector("w", n, low=0, high=1), t.vector("c", n)
    weight = lambda i: c[i] ** 2 * (q * u[i]) ** k  # noqa: E731
    others = total(n, weight)
    mean = (m + total(n, lambda i: (m + spread * (2 * side[i] - 1)) * weight(i))) / (1 + others)
    t.compare(
        t.state("distance from the dominant one", Le((mean - m) ** 2, (spread * others) ** 2)),
        spread**2
        * (others**2 + total(n, lambda i: 2 * side[i] * weight(i)))
        * (others**2 + total(n, lambda i: 2 * (1 - side[i]) * weight(i)))
        / (1 + others) ** 2,
        because="m is the mean of the constant m with the same weights; each other mode pulls by at most D",
    )
    start = total(n, lambda i: c[i] ** 2)
    vanishing = Le(others, q**k * start)
    base = t.compare(vanishing.subs(k, 0), 0, because="equal before the first step")
    step = t.suppose(vanishing).compare(
        vanishing.subs(k, k + 1),
        [q * (q**k * start - others), q * total(n, lambda i: (1 - u[i]) * weight(i))],
        because="every weight shrinks by a factor of at most q",
    )
    t.induct_from(
        t.state("the other weights vanish", vanishing), over=k, base=base, step=step, because="a geometric sequence"
    )
    t.limit(t.state("as q^k does", Eq(Limit(q**k, k, oo), 0)), because="0 < q < 1")
    mu, gap, eta = t.positive("mu"), t.nonnegative("gap"), t.real("eta")
    largest = mu + gap
    t.equal(
        t.state(
            "which end dominates",
            Eq((1 - eta * largest) ** 2 - (1 - eta * mu) ** 2, eta * gap * (eta * (mu + largest) - 2)),
        ),
        because="the largest eigenvalue dominates for eta > 2/(mu + L), the smallest below",
    )


@theorem(
    (
        "A quadratic has a minimum exactly where its curvature allows: completing the square, and how it is "
        "unbounded otherwise"
    ),
    covers=["002:quadratic-objective-well-posed"],
    sources=[Source("002", "l.135", "min 1/2 x'Ax - b'x, A symmetric")],
)
def quadratic_minimum(t: Proof) -> None:
    """b = A x* says that b is in the range; then f - f* is the form of A, and its sign along every line decides."""
    n, a, times = quadratic(t)
    x, best, v, s = t.vector("x", n), t.vector("xstar", n), t.vector("v", n), t.real("s")
    data = t.vector("b", n)
    point, star, way = (lambda i: x[i]), (lambda i: best[i]), (lambda i: v[i])
    value = lambda z, b: HALF * form(n, a, z, z) - total(n, lambda i: b(i) * z(i))  # noqa: E731
    b = times(star)
    slope = lambda z: total(n, lambda i: (times(z)(i) - data[i]) * v[i])  # noqa: E731
    along = lambda i: x[i] + s * v[i]  # noqa: E731
    t.equal(
        t.state("gradient", Eq(Derivative(value(along, lambda i: data[i]), s), slope(along))),
        because=(
            "the slope along every direction v is (Ax - b)'v, as A is symmetric; otherwise (A + A')/2 would stand here"
        ),
    )
    difference = lambda i: x[i] - best[i]  # noqa: E731
    t.equal(
        t.state("gap", Eq(value(point, b) - value(star, b), HALF * form(n, a, difference, difference))),
        because="complete the square around a point with A x* = b; so A >= 0 makes x* a minimum, A > 0 the only one",
    )
    t.equal(
        t.state(
            "negative curvature is unbounded below",
            Eq(value(lambda i: best[i] + s * v[i], b) - value(star, b), HALF * s**2 * form(n, a, way, way)),
        ),
        because="where v'Av < 0 the right side falls below everything as s grows",
    )
    t.equal(
        t.state(
            "b outside the range is unbounded below",
            Eq(
                value(lambda i: s * v[i], lambda i: data[i]),
                HALF * s**2 * total(n, lambda i: v[i] * times(way)(i)) - s * total(n, lambda i: data[i] * v[i]),
            ),
        ),
        because="where Av = 0 and b'v is not 0 a linear function is left, which falls without end",
    )
    c, curve, depth = t.nonnegative("c"), t.positive("a"), t.nonnegative("m")
    reach = 2 * (c + depth) / curve
    t.equal(
        t.state("how far down", Eq(-curve * reach**2 / 2 + c * reach, -2 * depth * (c + depth) / curve)),
        because="at s = 2(c + m)/a a parabola of curvature -a is 2m(c + m)/a below its start, however steep it rose",
    )


@misprint(
    "A symmetric matrix alone gives no minimum",
    corrected="quadratic-minimum",
    covers=["002:quadratic-objective-well-posed"],
    sources=[Source("002", "l.135", "min 1/2 x'Ax - b'x, A symmetric")],
)
def quadratic_minimum_of_any_symmetric_matrix(t: Proof) -> None:
    """A = -1, b = 0: the critical point 0 is no minimum."""
    a, b, x, best = t.real("A b x xstar")
    f = lambda z: HALF * a * z**2 - b * z  # noqa: E731
    t.refute(
        Implies(Eq(a * best, b), Ge(f(x), f(best))),
        {a: -1, b: 0, best: 0, x: 1},
        because="f(1) = -1/2 is below f(0) = 0, and f(x) = -x^2/2 has no minimum at all",
    )


@theorem(
    (
        "Too small, too large, much too large: slow, a cycle, divergence; bounded oscillation needs a function "
        "that is no quadratic"
    ),
    covers=["003:learning-rate-too-small-or-large"],
    sources=[Source("003", "l.534-535", "too large: it oscillates around the optimum without stabilizing")],
)
def learning_rate_regimes(t: Proof) -> None:
    """On a parabola the error has the factor 1 - e lambda; sqrt(1 + x^2) grows linearly, and there large steps
    cycle.
    """
    k, lam, e, x0 = t.time("k"), t.positive("lambda_"), t.positive("epsilon"), t.real("x0")
    (x,) = t.recursion(k, x=(x0, lambda x: x(k) - e * lam * x(k)))
    t.induct(
        t.state("error", Eq(x(k), (1 - e * lam) ** k * x0)), over=k, because="each step multiplies by 1 - e lambda"
    )
    (y,) = t.recursion(k, y=(x0, lambda y: y(k) - (2 / lam) * (lam * y(k))))
    t.equal(t.state("a cycle at 2/lambda", Eq(y(k + 2), y(k))), because="two steps with the factor -1")
    far = t.suppose(Gt(e, 2 / lam))
    grows = far.compare(
        Gt((1 - e * lam) ** 2, 1), e * lam**2 * (e - 2 / lam), because="(1 - h)^2 - 1 = h (h - 2) with h = e lambda"
    )
    t.implies(t.state("divergence beyond", Implies(Gt(e, 2 / lam), grows.claim)), grows, because="as supposed")
    small = t.real("h", 0, 1)
    t.compare(
        t.state("slow below", Ge((1 - small) ** 2, 1 - 2 * small)), small**2, because="a small step leaves nearly all"
    )
    bounded_cycle(t)


def bounded_cycle(t: Proof) -> None:
    """f(x) = sqrt(1 + x^2): any step above 2 is 2 sqrt(1 + X^2) for some X, and +-X is a cycle that attracts."""
    top, z, fixed = t.positive("X"), t.real("z"), t.positive("s")
    slope = lambda x: x / sqrt(1 + x**2)  # noqa: E731
    step = 2 * sqrt(1 + top**2)
    t.equal(t.state("slope of the root", Eq(Derivative(sqrt(1 + z**2), z), slope(z))), because="the chain rule")
    t.equal(
        t.state("a bounded cycle", Eq(top - step * Derivative(sqrt(1 + top**2), top), -top)),
        because="the step moves by 2X: it lands on the other side, and comes back",
    )
    t.equal(
        t.state("slope of a step", Eq(Derivative(z - fixed * slope(z), z), 1 - fixed / (1 + z**2) ** Rational(3, 2))),
        because="f'' = (1 + x^2)^(-3/2); at X with the step 2 sqrt(1 + X^2) this is 1 - 2/(1 + X^2) = 1 - 8/step^2",
    )
    t.compare(
        t.state("the cycle attracts", Lt((1 - 2 / (1 + top**2)) ** 2, 1)),
        4 * top**2 / (1 + top**2) ** 2,
        because="over the two steps of the cycle errors shrink by the square of that slope",
    )


@theorem(
    (
        "The decks' examples x1^2 + c x2^2 (c = 1, 10, 50): stable steps, best step, zig-zag, and where the "
        "gradient points at the optimum"
    ),
    covers=["004:bowl-x1sq-plus-x2sq", "004:suitable-x1sq-plus-10x2sq", "004:ravine-x1sq-plus-50x2sq"],
    sources=[
        Source(DECK, "l.99-136", "f = x1^2 + x2^2"),
        Source(DECK, "l.138-173", "f = x1^2 + 10 x2^2"),
        Source(DECK, "l.175-214", "f = x1^2 + 50 x2^2"),
    ],
)
def axis_aligned_examples(t: Proof) -> None:
    """The Hessian is diag(2, 2c): the factors are 1 - 2 eta and 1 - 2c eta, and all is read off them."""
    k, eta, c = t.time("k"), t.positive("eta"), t.real("c", 1)
    a, b = t.real("a b")
    x, y = t.recursion(k, x=(a, lambda x, y: x(k) - eta * 2 * x(k)), y=(b, lambda x, y: y(k) - eta * 2 * c * y(k)))
    t.induct(
        t.state("x1", Eq(x(k), (1 - 2 * eta) ** k * a)),
        t.state("x2", Eq(y(k), (1 - 2 * c * eta) ** k * b)),
        over=k,
        because="the coordinates do not see each other",
    )
    f = a**2 + c * b**2
    t.equal(
        t.state("where the gradient points", Eq(Derivative(f, a) * b - Derivative(f, b) * a, 2 * (1 - c) * a * b)),
        because="the cross product with the way to 0: zero on the two axes only, and everywhere in the bowl c = 1",
    )
    n = t.size("n")
    lam, z = t.vector("lambda", n), t.vector("z", n)
    squared = lambda i: z[i] ** 2  # noqa: E731
    t.equal(
        t.state(
            "straight only along eigenvectors",
            Eq(
                total(n, lambda i: lam[i] ** 2 * squared(i)) * total(n, squared)
                - total(n, lambda i: lam[i] * squared(i)) ** 2,
                total(n, lambda i: total(n, lambda j: (lam[i] - lam[j]) ** 2 * squared(i) * squared(j))) / 2,
            ),
        ),
        because="Lagrange's identity for Az and z: parallel only where all excited eigenvalues are equal",
    )
    steep = 1 - 2 * c * eta
    stable = t.suppose(Lt(eta, 1 / c))
    inside = stable.compare(
        Lt(steep**2, 1), 4 * c**2 * eta * (1 / c - eta), because="1 - (1 - 2 c eta)^2 = 4 c eta (1 - c eta)"
    )
    t.implies(t.state("stable below 1/c", Implies(Lt(eta, 1 / c), inside.claim)), inside, because="as supposed")
    unstable = t.suppose(Ge(eta, 1 / c))
    outside = unstable.compare(Ge(steep**2, 1), 4 * c**2 * eta * (eta - 1 / c), because="the same with the other sign")
    t.implies(t.state("and not from 1/c on", Implies(Ge(eta, 1 / c), outside.claim)), outside, because="as supposed")
    late = t.suppose(Gt(eta, 1 / (2 * c)))
    flips = late.compare(Lt(steep, 0), 2 * c * (eta - 1 / (2 * c)), because="linear in eta")
    t.implies(t.state("zig-zag above 1/(2c)", Implies(Gt(eta, 1 / (2 * c)), flips.claim)), flips, because="as supposed")
    early = t.suppose(Le(eta, 1 / (2 * c)))
    keeps = early.compare(Ge(steep, 0), 2 * c * (1 / (2 * c) - eta), because="linear in eta")
    t.implies(t.state("none below", Implies(Le(eta, 1 / (2 * c)), keeps.claim)), keeps, because="as supposed")
    (z,) = t.recursion(k, z=(b, lambda z: z(k) - (1 / c) * (2 * c * z(k))))
    t.equal(
        t.state("x2 never settles at 1/c", Eq(z(k + 2), z(k))),
        because="the factor is -1: the ravine's panel at 0.02 goes to and fro",
    )
    t.equal(
        t.state("best step 1/(1 + c)", Eq((1 - 2 * eta).subs(eta, 1 / (1 + c)), -steep.subs(eta, 1 / (1 + c)))),
        because="both factors are (c - 1)/(c + 1) in size: 9/11 for c = 10, 49/51 for c = 50, 0 for the bowl",
    )
    p = t.positive("p")
    length = lambda u, v: sqrt(u**2 + v**2)  # noqa: E731
    t.equal(
        t.state(
            "angle between gradient and way",
            Eq(
                (p * 2 * p + b * 2 * c * b) / (length(p, b) * length(2 * p, 2 * c * b)),
                (p**2 + c * b**2) / sqrt((p**2 + b**2) * (p**2 + c**2 * b**2)),
            ),
        ),
        because=(
            "the cosine at (p, b): at (4, 1/2) with c = 50 it is 57/sqrt(41665) = 0.279, 73.8 degrees, not orthogonal"
        ),
    )


@misprint(
    "Even the round bowl diverges for a large learning rate",
    corrected="axis-aligned-examples",
    covers=["004:bowl-x1sq-plus-x2sq"],
    sources=[Source(DECK, "l.136", "can increase eta liberally (without worrying about divergence)")],
)
def bowl_without_divergence(t: Proof) -> None:
    """eta = 2: one step takes (1, 0) to (-3, 0)."""
    eta, a, b = t.positive("eta"), t.real("a"), t.real("b")
    t.refute(
        Le(((1 - 2 * eta) * a) ** 2 + ((1 - 2 * eta) * b) ** 2, a**2 + b**2),
        {eta: 2, a: 1, b: 0},
        because="the squared distance to the optimum grows from 1 to 9",
    )


@theorem(
    (
        "At the optimal step the gap shrinks by at least ((kappa-1)/(kappa+1))^2, with equality for every start "
        "only on a two-point spectrum"
    ),
    covers=["004:gap-at-optimum-equality-only-in-2d"],
    sources=[Source(DECK, "l.413, l.437-443", "f(x_t) - f* = ((kappa-1)/(kappa+1))^(2t) sum_i lambda_i x_i^0")],
)
def gap_at_the_optimal_step(t: Proof) -> None:
    """rho^2 - (1 - eta* lambda)^2 = 4 (lambda - mu)(L - lambda)/(mu + L)^2: what each interior eigenvalue gains."""
    n, k = t.size("n"), t.time("k")
    mu, gap = t.positive("mu"), t.nonnegative("gap")
    u, start = t.vector("u", n, low=0, high=1), t.vector("x0", n)
    best, rho = 2 / (2 * mu + gap), gap / (2 * mu + gap)
    eigenvalue = lambda i: mu + gap * u[i]  # noqa: E731
    mode = lambda i: eigenvalue(i) * (1 - best * eigenvalue(i)) ** (2 * k) * start[i] ** 2  # noqa: E731
    value = HALF * total(n, mode)
    gain = total(n, lambda i: 2 * gap**2 * u[i] * (1 - u[i]) * mode(i) / (2 * mu + gap) ** 2)
    t.equal(
        t.state("gain of a step", Eq(rho**2 * value - value.subs(k, k + 1), gain)),
        because="nothing for the two end eigenvalues, something for every other mode that is not yet 0",
    )
    first = HALF * total(n, lambda i: eigenvalue(i) * start[i] ** 2)
    bound = Le(value, rho ** (2 * k) * first)
    base = t.compare(bound.subs(k, 0), 0, because="equal at the start")
    step = t.suppose(bound).compare(
        bound.subs(k, k + 1),
        [rho**2 * (rho ** (2 * k) * first - value), gain],
        because="rho^2 times what is supposed, and the gain of the step",
    )
    t.induct_from(t.state("the gap", bound), over=k, base=base, step=step, because="every step contracts by rho^2")


@misprint(
    "In three dimensions the gap at the optimal step is an inequality",
    corrected="gap-at-the-optimal-step",
    covers=["004:gap-at-optimum-equality-only-in-2d"],
    sources=[Source(DECK, "l.437-443", "f(x_t) - f* = ((kappa-1)/(kappa+1))^(2t) sum_i lambda_i x_i^0")],
)
def gap_at_the_optimal_step_as_equality(t: Proof) -> None:
    """Spectrum (1, 2, 3), step 1/2, start e_2: solved in one step."""
    n, k = t.size("n"), t.time("k")
    low, high = t.positive("lambda_min lambda_max")
    eigenvalue, start = t.vector("lambda", n, low=0, open=True), t.vector("x0", n)
    gap = lambda factor: HALF * total(n, lambda i: eigenvalue[i] * factor(eigenvalue[i]) ** (2 * k) * start[i] ** 2)  # noqa: E731
    t.refute(
        Eq(gap(lambda h: 1 - 2 * h / (low + high)), gap(lambda h: (high - low) / (high + low))),
        {n: 3, k: 1, low: 1, high: 3, eigenvalue: [1, 2, 3], start: [0, 1, 0]},
        because="1 - 2/(1 + 3) * 2 = 0, so the true gap is 0; the printed one is 1/4, with its 1/2 and square repaired",
    )


@theorem(
    (
        "Newton's method is exact in one step on every quadratic, converges to saddles as well, and does not "
        "see a change of coordinates"
    ),
    covers=["000:first-and-second-order-methods"],
    sources=[Source("000", "l.606-618", "first-order methods; second-order methods: Newton")],
)
def newton_step_on_a_quadratic(t: Proof) -> None:
    """A step s with H s = g needs no inverse to be written: the step to the critical point is one."""
    n, h, times = quadratic(t)
    x, best, i, p = t.vector("x", n), t.vector("xstar", n), t.index("i", n), t.index("p", n)
    to_go = lambda j: x[j] - best[j]  # noqa: E731
    value = HALF * form(n, h, to_go, to_go)
    t.equal(
        t.state("one step", Eq(Derivative(value, x[i]), times(to_go)(i))),
        because="the gradient is H(x - x*), so s = x - x* solves H s = g and x - s = x*, for H of any signs",
    )
    m, s = t.vector("M", n, n), t.vector("s", n)
    old = lambda j: total(n, lambda q: m[j, q] * s[q])  # noqa: E731 - the step in the old coordinates x = M y
    t.equal(
        t.state(
            "affine invariance",
            Eq(
                total(n, lambda q: total(n, lambda j: m[j, p] * total(n, lambda r: h(j, r) * m[r, q])) * s[q]),
                total(n, lambda j: m[j, p] * times(old)(j)),
            ),
        ),
        because="M'HM s = M'(H M s): if M s solves Newton's equation for x, s solves it for y",
    )
    a, b = t.real("a b")
    saddle = a**2 - b**2
    landing = lambda z: z - Derivative(saddle, z) / Derivative(saddle, z, 2)  # noqa: E731
    t.equal(
        t.state("it goes to a saddle", Eq(landing(a) ** 2 + landing(b) ** 2, 0)),
        because="x^2 - y^2 has its only critical point, a saddle, at (0, 0)",
    )
    curvature, c = t.real("h", nonzero=True), t.real("c")
    step = curvature * c / Abs(curvature)
    t.equal(
        t.state("with |H| it leaves a saddle", Eq((c - step) * (c + step), 0)),
        because="the gradient h c over |h| is c or -c: it lands on 0 where h > 0 and on 2 c, twice as far, where h < 0",
    )


@theorem(
    "Steps 1/lambda over the m distinct eigenvalues end gradient descent on a quadratic in m steps",
    covers=["004:kappa-one-converges-in-one-step"],
    sources=[Source(DECK, "l.420", "kappa = 1: one step")],
)
def distinct_eigenvalues_terminate(t: Proof) -> None:
    """The step 1/lambda removes the modes of that eigenvalue, and no later step brings a mode back."""
    m, k = t.size("m"), t.time("k")
    lam = t.vector("lambda", m + 1, low=0, open=True)  # entry r + 1 belongs to step r = 0..m
    j, p = t.integer("j", 0, m), t.integer("p", 0, m)
    factor = lambda r: 1 - lam[j + 1] / lam[r + 1]  # noqa: E731
    (x,) = t.recursion(k, x=((j,), 1, lambda x: x(j, k) * (1 - lam[j + 1] / lam[k + 1])))
    steps = t.integer("r", 0, m)
    t.induct(
        t.state("a mode after r steps", Eq(product(steps - 1, factor, start=0), x(j, steps))),
        over=steps,
        because="every step multiplies mode j by 1 - lambda_j / lambda_r",
    )
    t.equal(
        t.state("its own step removes a mode", Eq(x(p, p + 1), 0)),
        because="the factor 1 - lambda/lambda = 0 stays in the product for ever; after m steps every mode met its own",
    )


@theorem(
    "One step alone is best at (sqrt(mu) + sqrt(L)) / (mu^(3/2) + L^(3/2)), not at 2/(mu + L)",
    covers=["004:optimal-fixed-step"],
    sources=[Source(DECK, "l.277-287", "eta* = 2 / (lambda_1 + lambda_2) maximises the rate")],
)
def optimal_step_for_one_iteration(t: Proof) -> None:
    """From the unit ball the gap after one step is at most max_i lambda_i (1 - eta lambda_i)^2 / 2: weigh the roots."""
    low, gap, eta = t.positive("a"), t.nonnegative("gap"), t.real("eta")
    high = low + gap  # the square roots of the end eigenvalues
    arms = low * (1 - eta * low**2), -high * (1 - eta * high**2)
    best = (low + high) / (low**3 + high**3)
    value = low * high * (high**2 - low**2) / (low**3 + high**3)
    t.weights(
        t.state("no step does better", Ge(Max(*arms), value)),
        {arms[0]: high**3 / (low**3 + high**3), arms[1]: low**3 / (low**3 + high**3)},
        because="these multipliers cancel eta; the gap is half the square of the larger root",
    )
    for name, arm in zip(("the low end attains it", "and so does the high end"), arms, strict=True):
        t.equal(t.state(name, Eq(arm.subs(eta, best), value)), because="put in the step")
    t.equal(
        t.state(
            "it is shorter than 2/(mu + L)",
            Eq(2 / (low**2 + high**2) - best, gap**2 * (low + high) / ((low**2 + high**2) * (low**3 + high**3))),
        ),
        because="a single step cares more for the steep end, whose gap weighs more",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("quadratics")
