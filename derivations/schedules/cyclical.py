"""The triangular cyclical rate: its sides, its mean, and where a cycle is stable."""

from __future__ import annotations

from sympy import Abs, Max

from ..kernel import Eq, Ge, Lt, Proof, Source, theorem, total


@theorem(
    (
        "The triangular cyclical rate: its two sides, its period 2s, its mean, and stability over a cycle with "
        "a rate above 2/lambda"
    ),
    covers=["004:cyclical-learning-rate"],
    sources=[Source("004", "l.1098-1106", "cyclical learning rates (no formula)")],
)
def cyclical_learning_rate(t: Proof) -> None:
    """eta = low + (high - low) max(0, 1 - |t/s - 2c + 1|) with c = floor(1 + t/(2s)), at t = 2 s k + r, 0 <= r < 2s."""
    s, k = t.size("s"), t.time("k")
    r, q = t.integer("r", 0, s), t.integer("q", 0, s - 1)
    wave = lambda z: Max(0, s - Abs(z - s)) / s  # noqa: E731 - at phase z of a cycle
    for name, phase in (("rising half", q), ("falling half", s + q)):
        t.compare(
            t.state(f"cycle number, {name}, from below", Ge(1 + (2 * s * k + phase) / (2 * s), 1 + k)),
            phase / (2 * s),
            because="the phase is not negative",
        )
        t.compare(
            t.state(f"cycle number, {name}, from above", Lt(1 + (2 * s * k + phase) / (2 * s), 2 + k)),
            [(s - 1 - q) / (2 * s), (1 if phase is not q else 1 + s) / (2 * s)],
            because="the phase is below 2s, so c = 1 + k",
        )
    t.equal(
        t.state("period 2s", Eq(Max(0, s - Abs(2 * s * k + r - 2 * s * (1 + k) + s)) / s, wave(r))),
        because="the number of the cycle drops out",
    )
    t.equal(t.state("rising", Eq(wave(r), r / s)), because="r - s is not positive")
    t.equal(t.state("falling", Eq(wave(s + r), 1 - r / s)), because="r is not negative, and at most s")
    low, gap = t.positive("eta_min"), t.nonnegative("gap")
    rate = lambda share: low + gap * share  # noqa: E731
    t.equal(
        t.state(
            "mean over a period",
            Eq(
                total(s - 1, lambda j: rate(j / s), start=0) + total(s - 1, lambda j: rate(1 - j / s), start=0),
                2 * s * (low + gap / 2),
            ),
        ),
        because="the rising and the falling half pair up to eta_min + eta_max",
    )
    d, v = t.positive("d"), t.real("v", -1, 1, open=True)
    small, large = 1 - v / (1 + d), 2 + d  # eta lambda at the two rates of a cycle
    t.equal(
        t.state("a rate above 2/lambda in a stable cycle", Eq((1 - large) * (1 - small), -v)),
        because="two steps contract by |v| < 1, although the larger rate alone diverges",
    )
