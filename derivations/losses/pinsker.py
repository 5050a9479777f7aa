"""Pinsker's inequality: divergence against total variation."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Rational, log

from ..kernel import Fact, Ge, Lt, Proof, Source, theorem, total

HALF = Rational(1, 2)


@theorem(
    "Pinsker: KL is at least half the squared total variation distance, and for any positive p and q "
    "sum (p log(p/q) - p + q) >= 3 |p - q|_1^2 / (2 sum (p + 2q))",
    covers=["000:nll-is-cross-entropy"],
    sources=[Source("000", "l.129", "J is the cross-entropy between p_data and p_model")],
)
def pinsker_inequality(t: Proof) -> None:
    """x log x - x + 1 >= 3 (x-1)^2 / (2 (x+2)) at x = p/q, weighted by q and summed; then Cauchy-Schwarz.

    With w = p + 2q and u = (p - q)/w every positive p and q is p = w (1 + 2u)/3 and q = w (1 - u)/3 for -1/2 < u < 1.
    For distributions the sums of p and of q are 1: the left side is KL, and sum w = 3.
    """
    classes = t.size("K")
    w, u = t.vector("w", classes, low=0, open=True), t.vector("u", classes, low=-HALF, high=1, open=True)
    p, q = (lambda k: w[k] * (1 + 2 * u[k]) / 3), (lambda k: w[k] * (1 - u[k]) / 3)
    ratio = lambda k: (1 + 2 * u[k]) / (1 - u[k])  # noqa: E731 - p/q
    x, pointwise = pointwise_pinsker(t)
    k = t.index("k", classes)
    divergence = total(classes, lambda k: p(k) * log(ratio(k)) - p(k) + q(k))
    squares = total(classes, lambda k: w[k] * u[k] ** 2)  # (p - q)^2 / (p + 2q)
    excess = lambda k: ratio(k) * log(ratio(k)) - ratio(k) + 1 - weight(ratio(k))  # noqa: E731
    first = t.compare(
        Ge(divergence, 3 * squares / 2),
        total(classes, lambda k: q(k) * excess(k)),
        using=[t.instance(pointwise, {x: ratio(k)}, because="at p_k / q_k")],
        because="the pointwise bound, weighted by q_k",
    )
    distance, mass = total(classes, lambda k: w[k] * Abs(u[k])), total(classes, lambda k: w[k])
    pairs = total(classes, lambda i: total(classes, lambda j: w[i] * w[j] * (Abs(u[i]) - Abs(u[j])) ** 2))
    second = t.compare(Ge(squares * mass, distance**2), pairs / 2, because="Cauchy-Schwarz with the weights w")
    t.compare(
        t.state("pinsker", Ge(divergence, 3 * distance**2 / (2 * mass))),
        [divergence - 3 * squares / 2, 3 * (squares * mass - distance**2) / (2 * mass)],
        using=[first, second],
        because="both together: with sum w = 3 half the squared distance sum |p - q|",
    )


def weight(x: Any) -> Any:
    """3 (x-1)^2 / (2 (x+2))."""
    return 3 * (x - 1) ** 2 / (2 * (x + 2))


def pointwise_pinsker(t: Proof) -> tuple[Any, Fact]:
    """x log x - x + 1 >= 3 (x-1)^2 / (2 (x+2)) for x > 0: value and slope agree at 1, then the sides grow apart."""
    x, end = t.positive("x"), t.real("b", 1)
    r = t.real("r", 1, end)
    difference = lambda x: x * log(x) - x + 1 - weight(x)  # noqa: E731
    slope = lambda x: log(x) - 3 * (x - 1) * (x + 5) / (2 * (x + 2) ** 2)  # noqa: E731
    rising = t.monotone(
        Ge(slope(end), 0),
        slope(r),
        r,
        because="the slope of the difference has the derivative (x-1)^2 (x+8) / (x (x+2)^3)",
    )
    right = t.monotone(
        Ge(difference(end), 0),
        difference(r),
        r,
        slope=slope(r),
        using=[t.instance(rising, {end: r}, because="at r")],
        because="so the slope is not negative to the right of 1",
    )
    mirrored = lambda b: b - 1 - log(b) - 3 * (b - 1) ** 2 / (2 * (1 + 2 * b))  # noqa: E731 - b times the difference at 1/b
    left = t.monotone(
        Ge(mirrored(end), 0),
        mirrored(r),
        r,
        because="b times the difference at 1/b has the slope (b-1)^3 / (b (1+2b)^2)",
    )
    claim = Ge(difference(x), 0)
    larger, smaller = t.suppose(Ge(x, 1)), t.suppose(Lt(x, 1))
    facts = [
        larger.compare(
            claim, difference(x), using=[larger.instance(right, {end: x}, because="x >= 1")], because="to the right"
        ),
        smaller.compare(
            claim,
            x * mirrored(1 / x),
            using=[smaller.instance(left, {end: 1 / x}, because="1/x > 1")],
            because="to the left, mirrored",
        ),
    ]
    return x, t.cases(claim, facts, because="x is on one side of 1")
