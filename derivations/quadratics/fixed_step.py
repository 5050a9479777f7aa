"""Gradient descent with a fixed step: where it contracts, where it zigzags, how fast it is and which step is best."""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Implies, Limit, Max, Rational, log, oo

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

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
        because="a maximum is at least every mean: L/(mu + L) times 1 - eta mu and mu/(mu + L) times eta L - 1 cancel "
        "eta, so the bound holds for every step",
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
