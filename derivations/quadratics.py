"""Gradient descent on quadratics: when it converges, how fast, and which fixed step is best.

f(x) = 1/2 x'Ax in the eigenbasis of A is 1/2 sum lambda_i x_i^2; a rotation changes neither gradient descent nor f, so all
that follows holds for every symmetric positive definite A and every dimension d.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Derivative, Implies, Limit, Max, Rational, oo

from .kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total

HALF = Rational(1, 2)
DECK = "004"


def objective(eigenvalue: Any, x: Any, d: Any) -> Any:
    """f(x) = 1/2 sum_i lambda_i x_i^2; the minimum is 0, at 0."""
    return HALF * total(d, lambda i: eigenvalue(i) * x(i) ** 2)


@theorem(
    "Gradient descent on a quadratic: the stable steps, the best one 2/(lambda_max + lambda_min) and its factor (kappa-1)/(kappa+1)",
    covers=[
        "004:quadratic-gradient-and-closed-form", "004:gd-convergence-interval", "004:optimal-fixed-step",
        "004:rate-at-optimal-step", "004:kappa-one-converges-in-one-step", "004:f-gap-formula",
    ],
    sources=[
        Source(DECK, "l.257-269", "converges when 0 < eta < 2 / lambda_max"),
        Source(DECK, "l.277-287", "eta* = 2 / (lambda_1 + lambda_2)"),
        Source(DECK, "l.349-358", "|1 - eta* lambda| = (kappa - 1)/(kappa + 1)"),
    ],
)  # fmt: skip
def gradient_descent_optimal_step(t: Proof) -> None:
    """Every mode of the error shrinks by its own factor |1 - eta lambda|, and the slowest is at one end of the spectrum."""
    smallest, gap, eta = t.positive("lambda_min"), t.nonnegative("gap"), t.real("eta")
    largest = smallest + gap
    iterates(t, smallest, gap, eta)
    stable_steps(t, smallest, largest, eta)
    best_step(t, smallest, gap, eta)


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
    """Every mode contracts exactly for 0 < eta < 2/lambda_max: the smallest needs eta > 0, the largest eta < 2/lambda_max."""
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
    kappa = t.real("kappa", 1)
    t.equal(
        t.state("in terms of kappa", Eq(rate.subs(gap, (kappa - 1) * smallest), (kappa - 1) / (kappa + 1))),
        because="lambda_max = kappa lambda_min, then divide by lambda_min",
    )
    t.equal(
        t.state("kappa = 1 converges in one step", Eq((1 - eta * smallest).subs(eta, best.subs(gap, 0)), 0)),
        because="one step of 1/lambda removes every mode when all are alike",
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
