"""Hyperparameter search: cross-validation, coarse to fine, the scale to draw on, and grids against random trials.

Notation: N trials; q the probability (or the length, of an interval in [0, 1]) of the values that work; m values an
axis and d axes on a grid, N = m^d; V folds of n examples.
"""

from __future__ import annotations

from typing import Any

from sympy import And, Implies, Integral, Limit, Min, Rational, Symbol, exp, log, oo

from .kernel import Eq, Expectation, Ge, Gt, Le, Lt, Proof, Source, choices, misprint, theorem, total

HALF = Rational(1, 2)
TWENTIETH = Rational(1, 20)


@theorem(
    "V-fold cross-validation is unbiased for the risk after training on n - n/V examples; the best of several "
    "scores is optimistic",
    covers=["003:model-selection-by-cross-validation", "004:hyperparameters-and-coarse-to-fine"],
    sources=[
        Source("003", "l.676-677", "several models can be compared by using a cross validation method"),
        Source("004", "l.1108-1127", "use performance on the validation set to identify good hyper-parameter settings"),
    ],
)
def cross_validation(t: Proof) -> None:
    """Each held-out example is new to the model that is scored on it.

    A minimum of scores is at most each of them, on average too.
    """
    folds, q, r = t.size("V"), t.time("q"), t.integer("r", 0)
    n = (q + 1) * r + q * (folds - r)
    t.equal(
        t.state("folds of two sizes cover the examples", Eq(n - r, folds * q)),
        because="n = V q + r: r folds of q + 1 and V - r of q, so no two sizes differ by more than 1",
    )
    held, worlds = t.size("m"), t.size("M")
    weight, loss = t.vector("u", worlds, low=0, open=True), t.vector("l", folds, worlds)
    chance = lambda i: weight[i] / total(worlds, lambda k: weight[k])  # noqa: E731
    draws = t.random("D", choices(chance, held, worlds))
    score = lambda v: total(held, lambda s: total(worlds, lambda i: draws[s, i] * loss[v, i])) / held  # noqa: E731
    risk = lambda v: total(worlds, lambda i: chance(i) * loss[v, i])  # noqa: E731 - of the model trained without fold v
    t.expectation(
        t.state(
            "the score is unbiased",
            Eq(total(folds, lambda v: Expectation(score(v))) / folds, total(folds, risk) / folds),
        ),
        because="given its training folds a model is fixed, and the held-out examples are fresh",
    )
    optimistic_minimum(t, worlds, chance)


def optimistic_minimum(t: Proof, worlds: Any, chance: Any) -> None:
    """Scores of J settings on M possible validation sets: the least on each set, and what each setting has above it."""
    settings = t.size("J")
    j = t.index("j", settings)
    least, over = t.vector("least", worlds), t.vector("over", worlds, settings, low=0)
    t.compare(
        t.state(
            "the selected score is too good",
            Le(
                total(worlds, lambda i: chance(i) * least[i]),
                total(worlds, lambda i: chance(i) * (least[i] + over[i, j])),
            ),
        ),
        total(worlds, lambda i: chance(i) * over[i, j]),
        because="E min <= E of each setting, hence <= min E: a selected setting needs fresh data for its score",
    )


@theorem(
    "On a convex objective the neighbors of the best trial enclose the minimum, and halving reaches any width",
    covers=["004:hyperparameters-and-coarse-to-fine"],
    sources=[Source("004", "l.1112-1124", "coarse to fine search in stages: narrow the search range")],
)
def coarse_to_fine(t: Proof) -> None:
    """If f rises from the best trial to its neighbor, convexity keeps it from falling below beyond the neighbor."""
    step, beyond = t.positive("a"), t.positive("b")
    middle, neighbor, far = t.real("f_best f_neighbor f_far")
    convex = Le((step + beyond) * neighbor, beyond * middle + step * far)  # at x, x + a, x + a + b
    worse = Le(middle, neighbor)
    both = And(convex, worse)
    supposed = t.suppose(both)
    claim = Ge(far, neighbor)
    shown = supposed.compare(
        claim,
        [
            (beyond * middle + step * far - (step + beyond) * neighbor) / step,
            beyond / step * (neighbor - middle),
        ],
        because="the chord from x to x + a + b is above f(x + a)",
    )
    t.implies(t.state("nothing better beyond the neighbor", Implies(both, shown.claim)), shown, because="as supposed")
    k, width = t.time("k"), t.positive("width")
    (range_,) = t.recursion(k, range=(width, lambda w: w(k) / 2))
    t.induct(
        t.state("width after k halvings", Eq(range_(k), width / 2**k)),
        over=k,
        because="each stage keeps half of the range",
    )


@misprint(
    "Narrowing around the best trial can exclude the optimum",
    corrected="coarse-to-fine",
    covers=["004:hyperparameters-and-coarse-to-fine"],
    sources=[Source("004", "l.1112-1124", "stage 1: broad search, the goal is to narrow the search range")],
)
def coarse_search_loses_the_optimum(t: Proof) -> None:
    """Four settings in a row, trials at the first and the third: the next range is around the better of the two."""
    n = t.size("n")
    f = t.vector("f", n)
    t.refute(
        Implies(Le(f[1], f[3]), Le(Min(f[1], f[2]), f[4])),
        {n: 4, f: [1, 1, 2, 0]},
        because="trial 1 beats trial 3, so the range 1..2 is kept; the optimum is at 4",
    )


@theorem(
    "log-uniform: every decade has the same probability, and only the ratio of the ends of a range counts",
    covers=["004:log-uniform-sampling"],
    sources=[Source("004", "l.1129-1141", "alpha = uniform(-6, 1), eta = 10^alpha")],
)
def log_uniform_sampling(t: Proof) -> None:
    """eta = 10^alpha with alpha uniform on [lo, lo + w] has the density 1/(w log(10) eta)."""
    low, width = t.real("lo"), t.positive("w")
    eta, alpha = Symbol("eta", positive=True), Symbol("alpha", real=True)
    start, length = t.positive("A"), t.nonnegative("length")
    density = 1 / (width * log(10) * eta)
    t.equal(
        t.state(
            "probability of a range",
            Eq(Integral(density, (eta, start, start + length)), log((start + length) / start) / (width * log(10))),
        ),
        because="the integral of 1/eta is its logarithm: only the ratio of the ends is left",
    )
    t.equal(
        t.state("probability of a decade", Eq(Integral(density, (eta, start, 10 * start)), 1 / width)),
        because="the ratio 10 in a range of w decades: one in seven for 10^-6..10",
    )
    t.equal(
        t.state(
            "mean",
            Eq(Integral(10**alpha / width, (alpha, low, low + width)), 10**low * (10**width - 1) / (width * log(10))),
        ),
        because=(
            "the antiderivative of 10^alpha is 10^alpha / log 10; for 10^-6..10 it is 0.62, far above the "
            "median 10^-2.5"
        ),
    )
    t.equal(
        t.state(
            "probability below 1 of the slide's range",
            Eq(Integral(1 / (7 * log(10) * eta), (eta, Rational(1, 10**6), 1)), Rational(6, 7)),
        ),
        because="six of the seven decades; a uniform draw from [10^-6, 10] would be below 1 once in ten times",
    )


@theorem(
    "N random trials hit a set of probability q with probability 1 - (1-q)^N in any dimension; a grid has N^(1/d) "
    "values an axis",
    covers=["004:random-versus-grid-search"],
    sources=[Source("004", "l.1143-1155", "randomly chosen trials are more efficient than trials on a grid")],
)
def random_search(t: Proof) -> None:
    """Misses multiply. On an axis that matters alone, a grid repeats each of its m values m^(d-1) times."""
    q, k = t.real("q", 0, 1), t.time("k")
    (miss,) = t.recursion(k, miss=(1, lambda miss: (1 - q) * miss(k)))
    closed = t.induct(
        t.state("all k trials miss", Eq(miss(k), (1 - q) ** k)), over=k, because="the trials are independent"
    )
    upper, lower = Ge(miss(k), 1 - k * q), Le((1 + k * q) * miss(k), 1)
    base = t.compare(Ge(miss(0), 1 - 0 * q), 0, because="equal before the first trial")
    step = t.suppose(upper).compare(
        Ge(miss(k + 1), 1 - (k + 1) * q),
        [(1 - q) * (miss(k) - 1 + k * q), k * q**2],
        because="(1 - q)(1 - kq) = 1 - (k+1)q + kq^2",
    )
    t.induct_from(
        t.state("never more likely than k q", upper),
        over=k,
        base=base,
        step=step,
        because="so in one dimension a grid, which hits an interval of length q = 1/k for certain, is never worse",
    )
    base = t.compare(Le((1 + 0 * q) * miss(0), 1), 0, because="equal before the first trial")
    step = t.suppose(lower).compare(
        Le((1 + (k + 1) * q) * miss(k + 1), 1),
        [1 - (1 + k * q) * miss(k), (k + 1) * q**2 * (1 - q) ** k],
        using=closed,
        because="(1 + (k+1)q)(1 - q) = 1 + kq - (k+1)q^2",
    )
    t.induct_from(
        t.state("at least k q/(1 + k q)", lower),
        over=k,
        base=base,
        step=step,
        because="the chance to miss is at most 1/(1 + kq)",
    )
    grid(t)
    enough(t)


def grid(t: Proof) -> None:
    """One axis matters: m values hit with probability m q, N random trials with N q/(1 + N q) at least."""
    m, copies, share = t.size("m_axis"), t.size("c", minimum=2), t.real("u", 0, HALF)
    success = share / m  # q = u/m with u <= 1/2
    trials = m * copies
    t.compare(
        t.state(
            "random beats a grid that repeats its values",
            Ge(trials * success / (1 + trials * success), m * success),
        ),
        [
            share * (copies - 2) * HALF / (1 + copies * share),
            share * copies * (HALF - share) / (1 + copies * share),
        ],
        because="for m q <= 1/2 and at least two copies of each value: c (1 - mq) >= 1",
    )
    d = t.time("d")
    (points,) = t.recursion(d, points=(1, lambda points: m * points(d)))
    t.induct(t.state("trials of a grid", Eq(points(d), m**d)), over=d, because="m values for each further axis")


def enough(t: Proof) -> None:
    """The rule of 59 trials for the best twentieth, and the intervals that N random trials miss."""
    k = next(s.symbol for s in t.declared if str(s.symbol) == "k")
    (unlucky,) = t.recursion(k, unlucky=(1, lambda u: (1 - TWENTIETH) * u(k)))
    t.compare(
        t.state("59 trials are enough", Lt(unlucky(59), TWENTIETH)),
        TWENTIETH - (1 - TWENTIETH) ** 59,
        because="(19/20)^59 = 0.0485: one of them is in the best 5 % with probability 95 %",
    )
    t.compare(
        t.state("58 are not", Gt(unlucky(58), TWENTIETH)),
        (1 - TWENTIETH) ** 58 - TWENTIETH,
        because="(19/20)^58 = 0.0510",
    )
    z = t.positive("z")
    t.limit(
        t.state("N random trials miss an interval of length 1/N", Eq(Limit((1 - 1 / z) ** z, z, oo), exp(-1))),
        because="the compound-interest limit: a grid of N points never does",
    )


@misprint(
    "Random trials are not more efficient than a grid in one dimension",
    corrected="random-search",
    covers=["004:random-versus-grid-search"],
    sources=[
        Source(
            "004",
            "l.1147",
            "randomly chosen trials are more efficient for hyper-parameter optimization than trials on a grid",
        )
    ],
)
def random_search_in_one_dimension(t: Proof) -> None:
    """Two trials, an interval of length 1/2: the midpoints 1/4 and 3/4 of a grid hit it wherever it lies."""
    n, q = t.size("N"), t.real("q", 0, 1)
    t.refute(
        Ge(1 - (1 - q) ** n, Min(1, n * q)),
        {n: 2, q: HALF},
        because="two random trials hit it with probability 3/4, the grid for certain",
    )


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("hyperparameter_search")
