"""The quadratic itself: its expansion, and the eigenvectors in whose basis its coordinates part."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Integral, KroneckerDelta, Rational, Symbol, sqrt

from ..kernel import Eq, Proof, Source, theorem, total

HALF = Rational(1, 2)


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
        because="w_j stands in row j and in column j of the double sum, and H is symmetric",
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
