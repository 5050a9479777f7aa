"""The condition number: what it measures, and what the gradient sees of the curvature."""

from __future__ import annotations

from sympy import Abs, KroneckerDelta, Limit, oo

from ..kernel import Eq, Ge, Le, Proof, Source, misprint, theorem, total

DECK = "004"


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
