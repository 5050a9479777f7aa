"""The Robbins-Monro conditions on powers of the step number, and what they need of the function."""

from __future__ import annotations

from typing import Any

from sympy import Limit, Rational, log, oo, sqrt

from ..kernel import Eq, Fact, Ge, Gt, Le, Proof, Source, theorem, total


def partial_sum(t: Proof, k: Any, name: str, term: Any, what: str, first: int = 1) -> Any:
    """S(K), the sum of the first K terms, numbered from `first`."""
    (s,) = t.recursion(k, **{name: (0, lambda s: s(k) + term(k + first))})
    t.induct(
        t.state(what, Eq(total(k + first - 1, term, start=first), s(k))), over=k, because="add one term after the other"
    )
    return s


def bound(
    t: Proof,
    name: str,
    claim: Any,
    k: Any,
    slack: list[Any],
    because: str,
    using: list[Fact] | None = None,
    start: Any = 0,
) -> Fact:
    """An inequality for every K: it holds with no term, with slack `start`, and one more term keeps it."""
    excess = claim.lhs - claim.rhs if claim.rel_op in (">", ">=") else claim.rhs - claim.lhs
    base = t.compare(claim.subs(k, 0), start, because="no term yet")
    step = t.suppose(claim).compare(claim.subs(k, k + 1), [excess, *slack], using=using or [], because="one more term")
    return t.induct_from(t.state(name, claim), over=k, base=base, step=step, because=because)


def logarithm(t: Proof, top: Any, name: str) -> tuple[Fact, Fact]:
    """x/(1 + x) <= log(1 + x) <= x for the given x >= 0."""
    x = t.nonnegative(name)
    z = t.real(f"{name}_", 0, x)
    above = t.monotone(
        Ge(x - log(1 + x), 0), z - log(1 + z), z, because="its derivative z/(1 + z) is not negative, and it is 0 at 0"
    )
    below = t.monotone(
        Ge(log(1 + x) - x / (1 + x), 0),
        log(1 + z) - z / (1 + z),
        z,
        because="its derivative z/(1 + z)^2 is not negative, and it is 0 at 0",
    )
    return t.instance(above, {x: top}, because="at this x"), t.instance(below, {x: top}, because="at this x")


@theorem(
    (
        "The sum of k^-p exceeds log(K+1) for p <= 1 and the sum of k^-(1+r) stays below 1 + 1/r: so k^-p meets "
        "both conditions exactly for 1/2 < p <= 1"
    ),
    covers=["001:robbins-monro-conditions", "002:step-size-conditions"],
    sources=[
        Source("001", "l.292-293", "sum eps_k = oo, sum eps_k^2 < oo"),
        Source("002", "l.119-131", "sum alpha_i = oo, sum alpha_i^2 < oo"),
    ],
)
def robbins_monro_power_schedules(t: Proof) -> None:
    """Compare each term with an integral: of 1/s over an interval to its right, of s^(-1-r) over one to its left.

    (S1) holds for p <= 1 by the first bound and fails for p = 1 + r by the second; (S2) holds for 2p = 1 + r by the
    second and fails for 2p <= 1 by the first.
    """
    k = t.time("K")
    p, r = t.real("p", 0, 1), t.positive("r")
    w = t.real("w", p, 1)
    flatter = t.monotone(
        Ge((k + 1) ** -p, (k + 1) ** Rational(-1)),
        (k + 1) ** -w,
        w,
        because="a power of K + 1 >= 1 falls as its exponent does",
    )
    chord, _ = logarithm(t, 1 / (k + 1), "x")
    s = partial_sum(t, k, "S", lambda k: k**-p, "K terms k^-p")
    bound(
        t,
        "for p <= 1 the sum grows without end",
        Ge(s(k), log(k + 1)),
        k,
        [(k + 1) ** -p - 1 / (k + 1), 1 / (k + 1) - log(1 + 1 / (k + 1))],
        "the next term is at least 1/(K+1), and that at least log((K+2)/(K+1))",
        using=[flatter, chord],
    )
    (q,) = t.recursion(k, Q=(1, lambda q: q(k) + (k + 2) ** (-1 - r)))
    t.induct(
        t.state("K + 1 terms k^-(1+r)", Eq(total(k + 1, lambda j: j ** (-1 - r)), q(k))),
        over=k,
        because="add one term after the other",
    )
    area = integral_bound(t, k, r)
    bound(
        t,
        "for an exponent 1 + r the sum stays below 1 + 1/r",
        Le(q(k), 1 + (1 - (k + 1) ** -r) / r),
        k,
        [area.claim.lhs],
        "the next term is at most the integral of s^-(1+r) over the interval before it",
        using=[area],
    )
    radius, second = t.positive("R G")
    t.limit(
        t.state(
            "so the bound on averaged SGD vanishes",
            Eq(Limit((radius**2 + second**2 * (1 + 1 / r)) / (2 * log(k + 1)), k, oo), 0),
        ),
        because="(R^2 + G^2 sum a^2)/(2 sum a) has a bounded numerator and a denominator that grows without end",
    )


def integral_bound(t: Proof, k: Any, r: Any) -> Fact:
    """(K+2)^-(1+r) is at most the integral ((K+1)^-r - (K+2)^-r)/r."""
    c, e, m = t.positive("c"), t.nonnegative("e"), t.size("M")
    w, s = t.real("w_", c, c + e), t.real("s", m, m + 1)
    falls = t.monotone(Ge(c ** (-1 - r), (c + e) ** (-1 - r)), w ** (-1 - r), w, because="a negative power falls")
    integrand = t.instance(falls, {c: s, e: m + 1 - s}, because="s up to M + 1")
    area = t.monotone(
        Ge((m**-r - (m + 1) ** -r) / r - (m + 1) ** (-1 - r), 0),
        (m**-r - s**-r) / r - (s - m) * (m + 1) ** (-1 - r),
        s,
        using=[integrand],
        because="its derivative s^-(1+r) - (M+1)^-(1+r) is not negative, and it is 0 at s = M",
    )
    return t.instance(area, {m: k + 1}, because="M = K + 1")


@theorem(
    (
        "The conditions are not necessary: with rates 1/sqrt(k) the bound on averaged SGD vanishes, though the "
        "squares diverge"
    ),
    covers=["002:step-size-conditions"],
    sources=[Source("002", "l.119-131", "learning rate constraints: sum alpha_i = oo, sum alpha_i^2 < oo")],
)
def square_root_schedule(t: Proof) -> None:
    """The sum of 1/sqrt(k) is at least sqrt(K), that of 1/k at most 1 + log K: their ratio goes to 0."""
    k = t.time("K")
    s = partial_sum(t, k, "S", lambda k: 1 / sqrt(k), "K terms 1/sqrt(k)")
    bound(
        t,
        "the sum is at least sqrt(K)",
        Ge(s(k), sqrt(k)),
        k,
        [sqrt(k) / (sqrt(k + 1) * (sqrt(k + 1) + sqrt(k)))],
        "sqrt(K+1) - sqrt(K) = 1/(sqrt(K+1) + sqrt(K)) is less than the next term 1/sqrt(K+1)",
    )
    _, below = logarithm(t, 1 / (k + 1), "x")
    (h,) = t.recursion(k, H=(1, lambda h: h(k) + 1 / (k + 2)))
    t.induct(
        t.state("K + 1 terms 1/k", Eq(total(k + 1, lambda j: 1 / j), h(k))), over=k, because="one term after the other"
    )
    bound(
        t,
        "the squares grow only like a logarithm",
        Le(h(k), 1 + log(k + 1)),
        k,
        [below.claim.lhs],
        "1/(K+2) is x/(1 + x) with x = 1/(K+1)",
        using=[below],
    )
    above, _ = logarithm(t, 1 / (k + 2), "y")
    bound(
        t,
        "but without end",
        Gt(h(k), log(k + 2)),
        k,
        [above.claim.lhs],
        "1/(K+2) is at least log((K+3)/(K+2))",
        using=[above],
        start=1 - log(2),
    )
    radius, second = t.positive("R G")
    t.limit(
        t.state(
            "the bound vanishes",
            Eq(Limit((radius**2 + second**2 * (1 + log(k + 1))) / (2 * sqrt(k + 1)), k, oo), 0),
        ),
        because="a root outgrows every logarithm",
    )


@theorem(
    "The conditions alone do not suffice: on x^4, without any noise, the rates 1/k diverge from x = 1",
    covers=["001:robbins-monro-conditions"],
    sources=[Source("001", "l.292-293", "sufficient for convergence: sum eps_k = oo, sum eps_k^2 < oo")],
)
def robbins_monro_needs_smoothness(t: Proof) -> None:
    """x_(k+1) = x_k (1 - 4 x_k^2 / k): once x_k^2 >= k^2 the factor exceeds 3 in size, and it is so from the start."""
    k = t.time("k")
    (x,) = t.recursion(k, x=(1, lambda x: x(k) - 4 * x(k) ** 3 / (k + 1)))
    claim = Ge(x(k) ** 2, (k + 1) ** 2)
    over = x(k) ** 2 - (k + 1) ** 2
    factor = 4 * k + 3 + 4 * over / (k + 1)  # 4 x^2/(k+1) - 1
    step = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        [
            over * factor**2,
            (k + 1) ** 2 * (factor - (4 * k + 3)) * (factor + 4 * k + 3),
            (4 * k**2 + 6 * k + 1) * (4 * k**2 + 8 * k + 5),
        ],
        because="|x| (4 x^2/(k+1) - 1) >= (k+1)(4k+3) >= k + 2",
    )
    base = t.compare(claim.subs(k, 0), 0, because="1 >= 1")
    large = t.induct_from(claim, over=k, base=base, step=step, because="1, -3, 51, -176817, ...")
    leave = t.state("the iterates leave every bound", Ge(x(k) ** 2, 9**k))
    t.induct_from(
        leave,
        over=k,
        base=t.compare(leave.subs(k, 0), 0, because="1 >= 1"),
        step=t.suppose(leave).compare(
            leave.subs(k, k + 1),
            [(x(k) ** 2 - 9**k) * factor**2, 9**k * (factor - 3) * (factor + 3)],
            using=[large],
            because="the factor is at least 3 in size",
        ),
        because="each step at least trebles it",
    )
    t.equal(t.state("second iterate", Eq(x(1) + x(2), 48)), because="1 - 4 = -3 and -3 + 4 * 27 / 2 = 51")
