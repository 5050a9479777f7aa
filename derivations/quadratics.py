"""Gradient descent on quadratics: when it converges, how fast, and which fixed step is best.

f(x) = 1/2 x'Ax in the eigenbasis of A is 1/2 sum lambda_i x_i^2; a rotation changes neither gradient descent nor f, so all
that follows holds for every symmetric positive definite A and every dimension d.
"""

from __future__ import annotations

from sympy import Abs, Equivalent, And, Max, Rational

from .kernel import Eq, Ge, Le, Lt, Source, misprint, theorem, total

HALF = Rational(1, 2)


@theorem(
    "No fixed step contracts every mode of a quadratic faster than 2 / (lambda_min + lambda_max)",
    covers=["004:optimal-fixed-step", "004:rate-at-optimal-step", "004:gd-convergence-interval"],
    sources=[Source("004", "l.277-287", "eta* = 2 / (lambda_1 + lambda_2)")],
)
def gradient_descent_optimal_step(t):
    """The error of mode lambda shrinks by |1 - eta lambda| a step; the slowest mode is at one end of the spectrum."""
    d, i, k = t.size("d"), t.index("i", t.size("d0")), t.time("k")
    smallest, gap = t.positive("lambda_min"), t.nonnegative("gap")
    largest = smallest + gap
    step, mode = t.positive("eta"), t.real("lambda", smallest, largest)
    best, rate = 2 / (smallest + largest), (largest - smallest) / (largest + smallest)
    slowest = Max(Abs(1 - step * smallest), Abs(1 - step * largest))
    t.endpoints(
        t.state("the slowest mode is at an end of the spectrum", Le(Abs(1 - step * mode), slowest)),
        mode, smallest, largest, because="|1 - eta lambda| is convex in lambda",
    )
    t.weights(
        t.state("no step does better", Ge(slowest, rate)),
        {1 - step * smallest: largest / (smallest + largest), -(1 - step * largest): smallest / (smallest + largest)},
        because="these multipliers cancel the step, so the bound holds for every step",
    )
    t.equal(t.state("factor at the optimal step", Eq(slowest.subs(step, best), rate)), because="both ends contract alike")
    kappa = t.real("kappa", 1)
    t.equal(Eq(rate.subs(gap, (kappa - 1) * smallest), (kappa - 1) / (kappa + 1)), because="divide by lambda_min")
    lam = t.vector("l", d, low=0, open=True)
    x0 = t.vector("x0", d)
    f = lambda x: HALF * total(d, lambda j: lam[j] * x(j) ** 2)
    j = t.index("j", d)
    (x,) = t.recursion(k, x=((j,), x0[j], lambda x: x(j, k) - step * lam[j] * x(j, k)))
    closed = t.induct(t.state("iterate", Eq(x(j, k), (1 - step * lam[j]) ** k * x0[j])), over=k, because="each step multiplies by 1 - eta lambda_j")
    t.equal(t.state("gap", Eq(f(lambda j: x(j, k)), HALF * total(d, lambda j: lam[j] * (1 - step * lam[j]) ** (2 * k) * x0[j] ** 2))), using=closed, because="substitute")
    from sympy import Derivative
    t.equal(Eq(Derivative(f(lambda j: x0[j]), x0[j]), lam[j] * x0[j]), because="gradient")


@misprint("The f-gap without the half and the square", corrected="gradient-descent-optimal-step", covers=["004:f-gap-formula"])
def f_gap_misprint(t):
    d, k, step = t.size("d"), t.time("k"), t.positive("eta")
    lam, x0 = t.vector("l", d, low=0, open=True), t.vector("x0", d)
    true = HALF * total(d, lambda j: lam[j] * (1 - step * lam[j]) ** (2 * k) * x0[j] ** 2)
    printed = total(d, lambda j: lam[j] * (1 - step * lam[j]) ** (2 * k) * x0[j])
    t.refute(Eq(true, printed), {d: 1, k: 0, step: 1, lam: [1], x0: [-1]}, because="negative")
