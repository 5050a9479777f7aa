"""Ensembles: what averaging the predictions of several networks does to the error.

Notation: eps_1..eps_k are the errors of the k members, v = E[eps_i^2], c = E[eps_i eps_j] for i != j.
"""

from __future__ import annotations

from typing import Any

from sympy import Implies, IndexedBase, KroneckerDelta, Limit, Symbol

from .kernel import Eq, Expectation, Ge, Le, Proof, Source, correlated, theorem, total

DECK = "000"


def member_errors(t: Proof, members: Any, v: Any, c: Any) -> IndexedBase:
    """Errors with mean 0, variance v and covariance c between different members."""
    covariance = lambda i, j: c + (v - c) * KroneckerDelta(i, j)  # noqa: E731
    return t.random("epsilon", correlated(0, covariance, [members]))


@theorem(
    "The expected squared error of an ensemble is v/k + (k-1)c/k",
    covers=[
        "000:ensemble-error-model",
        "000:ensemble-mean-zero",
        "000:ensemble-variance",
        "000:ensemble-extreme-cases",
    ],
    sources=[
        Source(DECK, "l.500-507", "E[(1/k sum eps_i)^2] = v/k + (k-1)/k c"),
        Source(DECK, "l.509-511", "perfectly correlated: v; uncorrelated: v/k"),
    ],
)
def ensemble_mean_squared_error(t: Proof) -> None:
    """The square of the average has k squares and k(k-1) cross terms; nothing but their moments matters."""
    members = t.size("k")
    v = t.positive("v")
    c = t.real("c", high=v)
    errors = member_errors(t, members, v, c)
    mean = total(members, lambda i: errors[i]) / members
    mse = v / members + (members - 1) * c / members

    t.expectation(t.state("the mean error is 0", Eq(Expectation(mean), 0)), because="expectation is linear")
    t.expectation(
        t.state("mean squared error", Eq(Expectation(mean**2), mse)),
        because="the double sum has v on its diagonal and c off it",
    )
    z = Symbol("z", real=True)
    t.limit(
        t.state("equal errors gain nothing", Eq(Limit(mse.subs(c, z), z, v), v)),
        because="as c tends to v the k members become one",
    )
    t.limit(
        t.state("uncorrelated errors gain a factor k", Eq(Limit(mse.subs(c, z), z, 0), v / members)),
        because="as c tends to 0 only the k squares are left",
    )
    t.compare(
        t.state("averaging never hurts", Le(mse, v)),
        (members - 1) * (v - c) / members,
        because="the gain is (k-1)(v-c)/k, and c <= v",
    )
    admissible_covariance(t, members, v, c)


def admissible_covariance(t: Proof, members: Any, v: Any, c: Any) -> None:
    """The covariance matrix (v-c) I + c 11' is positive semidefinite exactly for -v/(k-1) <= c <= v."""
    u = t.vector("u", members)
    covariance = lambda a, b: c + (v - c) * KroneckerDelta(a, b)  # noqa: E731
    form = lambda u: total(members, lambda a: total(members, lambda b: covariance(a, b) * u(a) * u(b)))  # noqa: E731
    along = (v + (members - 1) * c) * total(members, lambda a: u[a]) ** 2 / members
    spread = total(members, lambda a: total(members, lambda b: (u[a] - u[b]) ** 2)) / (2 * members)
    split = t.equal(
        Eq(form(lambda a: u[a]), along + (v - c) * spread),
        because="along the mean the form has the eigenvalue v + (k-1)c, across it v - c",
    )
    low_enough = Ge(v + (members - 1) * c, 0)
    sufficient = t.suppose(low_enough).compare(
        Ge(form(lambda a: u[a]), 0),
        [along, (v - c) * spread],
        using=[split],
        because="both eigenvalues are non-negative",
    )
    claim = Implies(low_enough, sufficient.claim)
    t.implies(t.state("c from -v/(k-1) to v is admissible", claim), sufficient, because="that is what was supposed")
    t.equal(
        t.state("smaller c is not", Eq(form(lambda a: 1), members * (v + (members - 1) * c))),
        because="the variance of the sum of all errors, negative for c < -v/(k-1)",
    )
    i, j = t.index("i", members), t.index("j", members)
    difference = lambda a: KroneckerDelta(a, i) - KroneckerDelta(a, j)  # noqa: E731
    t.equal(
        t.state("larger c is not", Eq(form(difference), 2 * (v - c) * (1 - KroneckerDelta(i, j)))),
        because="the variance of the difference of two errors, negative for c > v",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("ensembles")
