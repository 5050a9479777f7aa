"""Adaptive methods: AdaGrad, RMSProp, AdaDelta and Adam, coordinate by coordinate.

Notation: theta is one coordinate, g_1, g_2, ... the gradients that it meets, lr the learning rate (lambda, epsilon,
eta or alpha in the decks), eps the small constant of the denominator, s accumulated squared gradients, m and v the
two moments of Adam with their decays beta1 and beta2. Every rule is read from `update_rules`.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, And, Equivalent, Expr, Implies, Integer, Limit, Max, Min, Rational, expand, oo, sqrt

from .kernel import Eq, Expectation, Fact, Ge, Gt, Le, Lt, Proof, Source, finite, independent, misprint, theorem, total
from .update_rules import following

HALF = Rational(1, 2)


def move(rule: str, **values: Any) -> Expr:
    """What the rule subtracts from the parameter: lr times the preconditioned gradient."""
    return -following(rule, theta=0, **values)[0]


# ---- AdaGrad ---------------------------------------------------------------------------------------------------------


@theorem(
    "AdaGrad divides by the root of the sum of all squared gradients: no step is longer than lr, whatever the scale "
    "of the gradient, and a constant gradient makes steps of lr/sqrt(k)",
    covers=[
        "000:adagrad-update", "001:adagrad-update", "000:adagrad-motivation", "002:adagrad-accumulator-index",
        "004:adagrad-update", "004:which-optimizer",
    ],
    sources=[
        Source("000", "l.831-833", "r <- r + g . g; Delta theta = -lambda g / (epsilon + sqrt(r))"),
        Source("001", "l.369, 376-380", "r <- r + g . g; theta <- theta - eps / (delta + sqrt(r)) g"),
        Source("002", "l.158-160", "x_(k+1) = x_k - alpha_k g_k / sqrt(v_k + eps)"),
    ],
)  # fmt: skip
def adagrad_step(t: Proof) -> None:
    """The current gradient is in the sum that it is divided by, so its share is at most 1."""
    accumulated(t)
    one_step(t)
    constant_gradient(t)


def accumulated(t: Proof) -> None:
    n = t.size("n")
    k = t.integer("k", 0, n)
    g, c, lr, start = t.vector("g", n + 1, nonzero=True), t.positive("c"), t.positive("lr"), t.real("theta0")
    step = lambda x, s, g: following("adagrad", theta=x, s=s, g=g, lr=lr, eps=0)  # noqa: E731
    x, s, y, r = t.recursion(
        k,
        x=(start, lambda x, s, *_: step(x(k), s(k), g[k + 1])[0]),
        s=(0, lambda x, s, *_: step(x(k), s(k), g[k + 1])[1]),
        y=(start, lambda x, s, y, r: step(y(k), r(k), c * g[k + 1])[0]),
        r=(0, lambda x, s, y, r: step(y(k), r(k), c * g[k + 1])[1]),
    )
    t.induct(
        t.state("accumulator", Eq(s(k), total(k, lambda i: g[i] ** 2))),
        over=k,
        because="one square is added a step; the sum includes the gradient of the step itself",
    )
    t.induct(
        t.state("scaled gradients scale the accumulator", Eq(r(k), c**2 * s(k))),
        t.state("and leave the iterates", Eq(y(k), x(k))),
        over=k,
        because="c g / sqrt(c^2 s + c^2 g^2) = g / sqrt(s + g^2)",
    )


def one_step(t: Proof) -> None:
    g, s, lr, eps, more = (
        t.real("g_", nonzero=True),
        t.nonnegative("s_"),
        t.positive("lr_"),
        t.nonnegative("eps"),
        t.nonnegative("a"),
    )
    length = Abs(move("adagrad", s=s, g=g, lr=lr, eps=eps))
    root = sqrt(s + g**2)
    t.compare(
        t.state("no step is longer than lr", Le(length, lr)),
        [lr * eps / (root + eps), lr * s / ((root + Abs(g)) * (root + eps))],
        because="|g| <= sqrt(s + g^2)",
    )
    inside = move("adagrad[eps=inside]", s=s, g=g, lr=lr, eps=eps)
    t.compare(
        t.state("nor with eps under the root", Le(inside**2, lr**2)),
        [lr**2 * part / (s + g**2 + eps) for part in (s, eps)],
        because="g^2 <= s + g^2 + eps",
    )
    t.equal(
        t.state("what the first step lacks to lr", Eq(lr - length.subs(s, 0), lr * eps / (Abs(g) + eps))),
        because="from an empty accumulator the step is lr |g| / (|g| + eps): lr itself for eps = 0, however small "
        "theta is",
    )
    rate = lambda s: lr / (eps + sqrt(s))  # noqa: E731
    held = t.positive("b")
    t.compare(
        t.state("the effective rate never grows", Le(rate(held + more), rate(held))),
        lr * more / ((sqrt(held + more) + sqrt(held)) * (eps + sqrt(held)) * (eps + sqrt(held + more))),
        because="the accumulator only grows, and a coordinate with larger gradients has the smaller rate",
    )


def constant_gradient(t: Proof) -> None:
    k, g, lr = t.time("t"), t.real("G", nonzero=True), t.positive("rate")
    step = lambda x, s: following("adagrad", theta=x, s=s, g=g, lr=lr, eps=0)  # noqa: E731
    z, q = t.recursion(k, z=(0, lambda z, q: step(z(k), q(k))[0]), q=(0, lambda z, q: step(z(k), q(k))[1]))
    moved = total(k, lambda i: 1 / sqrt(i))
    t.induct(
        Eq(q(k), k * g**2),
        t.state("way under a constant gradient", Eq(z(k), -lr * g / Abs(g) * moved)),
        over=k,
        because="the k-th step divides g by sqrt(k g^2)",
    )
    harmonic_roots(t)


def harmonic_roots(t: Proof) -> None:
    """2 sqrt(T + 1) - 2 <= 1 + 1/sqrt(2) + ... + 1/sqrt(T) <= 2 sqrt(T), times lr."""
    steps, lr = t.size("T"), t.positive("lr_T")
    way = lr * total(steps, lambda i: 1 / sqrt(i))
    here, after, beyond = sqrt(steps), sqrt(steps + 1), sqrt(steps + 2)
    for name, claim, first, gain in (
        ("at most 2 lr sqrt(T)", Le(way, 2 * lr * here), lr, lr * (after - here) ** 2 / after),
        (
            "at least 2 lr (sqrt(T + 1) - 1)",
            Ge(way, 2 * lr * (after - 1)),
            (3 - 2 * sqrt(2)) * lr,
            lr * (beyond - after) ** 2 / after,
        ),
    ):
        t.state(f"the steps add up to {name}", claim)
        base = t.compare(claim.subs(steps, 1), first, because="one step of length 1")
        held = claim.rhs - way if name.startswith("at most") else way - claim.rhs
        step = t.suppose(claim).compare(
            claim.subs(steps, steps + 1), [held, gain], because="(sqrt(T+1) - sqrt(T))^2 >= 0, divided by sqrt(T+1)"
        )
        t.induct_from(claim, over=steps, base=base, step=step, start=1, because="step by step: the way has no bound")


@theorem(
    "AdaGrad's sum g_k^2 / sqrt(s_k) is at most 2 sqrt(s_T), and its regret on convex losses at most (D^2/(2 lr) + "
    "lr) sqrt(s_T) a coordinate",
    covers=["001:adagrad-learning-rate-decay", "003:no-theory-even-convex", "000:adagrad-update", "004:adagrad-update"],
    sources=[Source("001", "l.385", "converges rapidly in case of a convex function")],
)
def adagrad_regret(t: Proof) -> None:
    """Telescoping the squared distance to u with the weight sqrt(s_k), and the lemma for what each step adds.

    x_0, x_1, .. are the errors theta - u in one coordinate, R_k = g_1 x_0 + .. + g_k x_(k-1) is what convexity leaves
    to bound, S_k^2 = eps + g_1^2 + .. + g_k^2, and M_k the largest squared error so far, D^2 in the statement.
    """
    n = t.size("n")
    k = t.integer("k", 0, n)
    g, lr, first, start = t.vector("g", n + 1), t.positive("lr"), t.positive("s0"), t.real("x0")
    grown = lambda root: sqrt(root(k) ** 2 + g[k + 1] ** 2)  # noqa: E731
    stepped = lambda x, root: following("adagrad", theta=x(k), s=root(k) ** 2, g=g[k + 1], lr=lr, eps=0)[0]  # noqa: E731
    x, root, regret, largest, lemma = t.recursion(
        k,
        x=(start, lambda x, root, *_: stepped(x, root)),
        S=(first, lambda x, root, *_: grown(root)),
        R=(0, lambda x, root, regret, *_: regret(k) + g[k + 1] * x(k)),
        M=(start**2, lambda x, root, regret, largest, _: Max(largest(k), stepped(x, root) ** 2)),
        Q=(0, lambda x, root, regret, largest, lemma: lemma(k) + g[k + 1] ** 2 / grown(root)),
    )
    claim = Gt(root(k), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), first, because="eps > 0"),
        step=t.suppose(claim).compare(claim.subs(k, k + 1), grown(root), because="the root of a positive number"),
        because="step by step",
    )
    claim = Ge(largest(k), x(k) ** 2)
    within = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="both start alike"),
        step=t.compare(
            claim.subs(k, k + 1),
            Max(largest(k), stepped(x, root) ** 2) - stepped(x, root) ** 2,
            using=[positive],
            because="a maximum is at least its second argument",
        ),
        because="step by step",
    )
    now, after = root(k), grown(root)
    claim = t.state("sum of g^2 / sqrt(s)", Le(lemma(k), 2 * (now - first)))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="nothing is added yet"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [2 * (now - first) - lemma(k), (after - now) ** 2 / after],
            using=[positive],
            because="2 (S' - S) - g^2/S' = (S' - S)^2/S', as g^2 = S'^2 - S^2",
        ),
        because="step by step",
    )
    claim = Le(regret(k) + now * x(k) ** 2 / (2 * lr), largest(k) * now / (2 * lr) + lr * now)
    bounded = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), lr * first, because="M_0 = x_0^2"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                claim.rhs - claim.lhs,
                g[k + 1] ** 2 / (after + now) * (largest(k) - x(k) ** 2) / (2 * lr),
                (Max(largest(k), stepped(x, root) ** 2) - largest(k)) * after / (2 * lr),
                lr * (after - now) ** 2 / (2 * after),
            ],
            using=[positive, within],
            because="S' x'^2 = S' x^2 - 2 lr g x + lr^2 g^2/S': the products g x telescope, and the lemma bounds the "
            "squares",
        ),
        because="step by step",
    )
    t.compare(
        t.state("regret", Le(regret(k), (largest(k) / (2 * lr) + lr) * now)),
        [claim.rhs - claim.lhs, now * x(k) ** 2 / (2 * lr)],
        using=[positive, bounded],
        because="drop the last distance; f_k(theta_k) - f_k(u) <= g_(k+1) x_k by convexity, coordinate by coordinate",
    )


@misprint(
    "AdaGrad's sum runs over the past gradients, not k + 1 times over the present one",
    corrected="adagrad-step",
    covers=["002:adagrad-accumulator-index"],
    sources=[Source("002", "l.158", "v_(k,i) = sum_(j=0)^k g_(k,i)^2")],
)
def adagrad_without_history(t: Proof) -> None:
    """g_1 = 1, g_2 = 2: the squares add up to 5, the printed sum to 8."""
    n = t.size("n")
    g = t.vector("g", n)
    t.refute(
        Eq(total(n, lambda j: g[n] ** 2), total(n, lambda j: g[j] ** 2)),
        {n: 2, g: [1, 2]},
        because="the printed summand has no j, so the rule forgets all gradients but the last",
    )


@misprint(
    "A sum from j = 1 is empty at the first step t = 0, which is then 1/sqrt(eps) times the gradient",
    corrected="adagrad-step",
    covers=["004:adagrad-update"],
    sources=[Source("004", "l.682-696", "G_(t,i) = sum_(j=1)^t g_(j,i)^2, with the iterates from t = 0")],
)
def adagrad_empty_first_sum(t: Proof) -> None:
    """On the ravine from x_1 = 4 with eta = 0.01: the printed first step is 800, not 0.01."""
    n, g0, lr, eps = t.time("t"), t.real("g0"), t.positive("lr"), t.positive("eps")
    g = t.vector("g", n)
    t.refute(
        Le(Abs(lr * g0 / sqrt(total(n, lambda j: g[j] ** 2) + eps)), lr),
        {n: 0, g0: 8, lr: Rational(1, 100), eps: Rational(1, 10**8), g: []},
        because="the gradient 8 is divided by sqrt(0 + 1e-8)",
    )


@theorem(
    "AdaGrad's effective rate need not vanish: on x^2/2 from x_0 >= lr it stays above lr / (x_0 + x_0^2/(4 lr)) for "
    "ever",
    covers=["004:adagrad-learning-rate-decay", "001:adagrad-learning-rate-decay"],
    sources=[
        Source("004", "l.730-735", "the accumulated sum keeps growing, the learning rate becomes infinitesimally small")
    ],
)
def adagrad_rate_need_not_vanish(t: Proof) -> None:
    """sqrt(s_k) + x_k^2/(4 lr) never grows: what the accumulator gains, the iterate has lost."""
    k, start = t.time("k"), t.positive("x0")
    lr = t.real("lr", 0, start, nonzero=True)
    stepped = lambda x, s: following("adagrad", theta=x(k), s=s(k) - x(k) ** 2, g=x(k), lr=lr, eps=0)[0]  # noqa: E731
    x, s = t.recursion(
        k, x=(start, lambda x, s: stepped(x, s)), s=(start**2, lambda x, s: s(k) + stepped(x, s) ** 2)
    )  # s(k) holds the gradient x_k of the coming step already
    claim = Ge(s(k), start**2)
    large = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts with the first gradient"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1), [s(k) - start**2, x(k + 1) ** 2], because="a square is added"
        ),
        because="step by step",
    )
    positive = t.compare(Gt(s(k), 0), [s(k) - start**2, start**2], using=[large], because="x_0 > 0")
    root, claim = sqrt(s(k)), Ge(x(k), 0)
    shrunk = [x(k) * part / ((root + lr) * root) for part in (s(k) - start**2, (start - lr) * (start + lr))]
    kept = t.suppose(claim).compare(
        claim.subs(k, k + 1),
        shrunk,
        using=[large, positive],
        because="the factor 1 - lr/sqrt(s) is not negative: sqrt(s) >= x_0 >= lr",
    )
    same_side = t.induct_from(
        claim, over=k, base=t.compare(claim.subs(k, 0), start, because="x_0 > 0"), step=kept, because="step by step"
    )
    forward = t.compare(
        claim.subs(k, k + 1), shrunk, using=[large, positive, same_side], because="as shown in the step"
    )
    later = t.compare(Gt(s(k + 1), 0), [s(k), x(k + 1) ** 2], using=[positive], because="a square is added")
    bound = start + start**2 / (4 * lr)
    claim = t.state("what the accumulator gains the iterate has lost", Le(root + x(k) ** 2 / (4 * lr), bound))
    after = sqrt(s(k + 1))
    capped = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="equal at the start"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                bound - root - x(k) ** 2 / (4 * lr),
                (after - root) ** 2 / (2 * root),
                x(k + 1) * lr * x(k) / (2 * s(k)),
                (x(k) - x(k + 1)) ** 2 / (4 * lr),
            ],
            using=[positive, later, same_side, forward],
            because="sqrt(s') - sqrt(s) <= x'^2/(2 sqrt(s)) <= x' x/(2 sqrt(s)) = x'(x - x')/(2 lr) <= (x^2 - "
            "x'^2)/(4 lr)",
        ),
        because="step by step",
    )
    t.compare(
        t.state("the rate stays above", Ge(lr / root, lr / bound)),
        [lr * (bound - root - x(k) ** 2 / (4 * lr)) / (bound * root), x(k) ** 2 / (4 * bound * root)],
        using=[positive, capped],
        because="sqrt(s) <= x_0 + x_0^2/(4 lr): for x_0 = 1, lr = 1/2 the rate stays above 1/3 for ever",
    )


@misprint(
    "AdaGrad's updates do not stop, and its sum need not grow",
    corrected="adagrad-rate-need-not-vanish",
    covers=["004:adagrad-learning-rate-decay"],
    sources=[
        Source(
            "004", "l.730-735", "every added term is positive; the rate becomes infinitesimally small and updates stop"
        )
    ],
)
def adagrad_stops(t: Proof) -> None:
    """A zero gradient adds nothing; and under a constant gradient the steps lr/sqrt(k) add up beyond any bound."""
    g, s, lr, steps = t.real("g"), t.nonnegative("s"), t.positive("lr"), t.size("T")
    t.refute(
        Gt(following("adagrad", theta=0, s=s, g=g, lr=lr, eps=1)[1], s),
        {g: 0, s: 0, lr: 1},
        because="g^2 is not negative, but it may be 0",
    )
    t.refute(
        Le(lr * total(steps, lambda i: 1 / sqrt(i)), 2 * lr),
        {steps: 4, lr: 1},
        because="1 + 1/sqrt(2) + 1/sqrt(3) + 1/2 = 2.78: four steps already go further than two of full length",
    )


# ---- RMSProp and AdaDelta --------------------------------------------------------------------------------------------


def forgetting(t: Proof, name: str = "rho") -> Any:
    """0 <= rho < 1: the share of the average that survives a step."""
    rho = t.real(name, 0, 1)
    t.assume(Lt(rho, 1))
    return rho


@theorem(
    "RMSProp divides by a decaying average of squared gradients whose weights add up to 1 - rho^k: the first step is "
    "lr/sqrt(1 - rho), and none is longer",
    covers=[
        "000:rmsprop-accumulator", "001:rmsprop-update", "002:rmsprop-update-002", "003:rmsprop-deck3",
        "004:rmsprop-update",
    ],
    sources=[
        Source("000", "l.837-843", "r <- rho r + (1 - rho) g . g"),
        Source("001", "l.384-397", "theta <- theta - eps / sqrt(delta + r) g"),
        Source("002", "l.164-168", "v_(k,i) = beta v_(k-1,i) + (1 - beta) g_(k,i)^2"),
        Source("003", "l.603-617", "r <- rho r + (1 - rho) g . g; theta <- theta - eps / sqrt(delta + r) g"),
    ],
)  # fmt: skip
def rmsprop_step(t: Proof) -> None:
    """Without a correction of the start the average is short by rho^k, and early steps are too long by its root."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    rho, lr, c, start = forgetting(t), t.positive("lr"), t.positive("c"), t.real("theta0")
    g = t.vector("g", n + 1, nonzero=True)
    step = lambda x, s, g: following("rmsprop", theta=x, s=s, g=g, lr=lr, alpha=rho, eps=0)  # noqa: E731
    x, s, y, r, quiet, steady, largest = t.recursion(
        k,
        x=(start, lambda x, s, *_: step(x(k), s(k), g[k + 1])[0]),
        s=(0, lambda x, s, *_: step(x(k), s(k), g[k + 1])[1]),
        y=(start, lambda *f: step(f[2](k), f[3](k), c * g[k + 1])[0]),
        r=(0, lambda *f: step(f[2](k), f[3](k), c * g[k + 1])[1]),
        quiet=(c, lambda *f: rho * f[4](k) + (1 - rho) * 0),
        steady=(0, lambda *f: step(0, f[5](k), c)[1]),
        M=(0, lambda *f: Max(f[6](k), g[k + 1] ** 2)),
    )
    t.induct(
        t.state("accumulator", Eq(s(k), (1 - rho) * total(k, lambda i: rho ** (k - i) * g[i] ** 2))),
        over=k,
        because="a step multiplies every weight by rho and gives the new square the weight 1 - rho",
    )
    t.induct(
        t.state("the weights add up to 1 - rho^k", Eq(total(k, lambda i: rho ** (k - i)), (1 - rho**k) / (1 - rho))),
        over=k,
        because="a geometric sum, times 1 - rho: rho (1 - rho^k) + 1 - rho = 1 - rho^(k+1)",
    )
    t.induct(
        t.state("a constant gradient c", Eq(steady(k), c**2 * (1 - rho**k))),
        over=k,
        because="the weights add up to 1 - rho^k, so the k-th step is lr/sqrt(1 - rho^k)",
    )
    t.induct(
        t.state("silence", Eq(quiet(k), rho**k * c)), over=k, because="without gradients the average decays by rho"
    )
    t.induct(
        t.state("scaled gradients scale the accumulator", Eq(r(k), c**2 * s(k))),
        t.state("and leave the iterates", Eq(y(k), x(k))),
        over=k,
        because="c g / sqrt(c^2 s) = g / sqrt(s)",
    )
    claim = t.state("it never exceeds the largest square", Le(s(k), largest(k)))
    grown = Max(largest(k), g[k + 1] ** 2)
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="both are 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [rho * (largest(k) - s(k)), rho * (grown - largest(k)), (1 - rho) * (grown - g[k + 1] ** 2)],
            because="an average of the old one and of the new square",
        ),
        because="step by step",
    )
    rmsprop_bound(t, rho, lr)


def rmsprop_bound(t: Proof, rho: Any, lr: Any) -> None:
    """(1 - rho) g^2 is a part of what is under the root."""
    g, s, eps = t.real("g_", nonzero=True), t.nonnegative("s_"), t.nonnegative("eps")
    squared = move("rmsprop", s=s, g=g, lr=lr, alpha=rho, eps=eps) ** 2
    root = sqrt(rho * s + (1 - rho) * g**2)
    t.compare(
        t.state("no step is longer than lr/sqrt(1 - rho)", Le(squared, lr**2 / (1 - rho))),
        [lr**2 * part / ((1 - rho) * (root + eps) ** 2) for part in (rho * s, 2 * eps * root, eps**2)],
        because="(1 - rho) g^2 <= rho s + (1 - rho) g^2 <= (root + eps)^2",
    )
    inside = move("rmsprop[eps=inside]", s=s, g=g, lr=lr, alpha=rho, eps=eps)
    t.compare(
        t.state("nor with eps under the root", Le(inside**2, lr**2 / (1 - rho))),
        [lr**2 * part / ((1 - rho) * (root**2 + eps)) for part in (rho * s, eps)],
        because="(1 - rho) g^2 <= rho s + (1 - rho) g^2 + eps",
    )
    missing = lr**2 * rho * s / ((1 - rho) * root**2)
    t.equal(
        t.state("the first step has this length, for eps = 0", Eq(lr**2 / (1 - rho) - squared.subs(eps, 0), missing)),
        because="what is missing is the share of the past, rho s, and at first there is no past: 3.16 lr for rho = 0.9",
    )


@misprint(
    "RMSProp's step uses the gradient at the present iterate; with the printed index the equation is implicit",
    corrected="rmsprop-step",
    covers=["004:rmsprop-update"],
    sources=[Source("004", "l.764-775", "x^(t+1) = x^(t) - eta / sqrt(E_(t+1) + eps) g_(t+1), g_t = grad f(x^(t))")],
)
def rmsprop_implicit(t: Proof) -> None:
    """f = x^2/2, x_0 = 1, E = 1, eta = gamma = 1/2: the step leads to 1/2, which is no solution as printed."""
    x, held, lr, gamma = t.real("x"), t.positive("E"), t.positive("eta"), forgetting(t, "gamma")
    explicit = x - move("rmsprop[eps=inside]", s=held, g=x, lr=lr, alpha=gamma, eps=0)
    printed = x - move("rmsprop[eps=inside]", s=held, g=explicit, lr=lr, alpha=gamma, eps=0)
    t.refute(
        Eq(explicit, printed),
        {x: 1, held: 1, lr: HALF, gamma: HALF},
        because="with the gradient 1/2 of the point 1/2 itself the step from 1 leads to 0.68",
    )


@theorem(
    "With a constant rate RMSProp does not converge: on lambda x^2/2 it has the exact cycle +-lr/2, for every lambda",
    covers=["001:rmsprop-limit-cycle", "003:rmsprop-deck3", "004:rmsprop-update"],
    sources=[Source("001", "l.384-388", "(a consequence; no formula)")],
)
def rmsprop_limit_cycle(t: Proof) -> None:
    """At x = lr/2 with s = g^2 the average stays, so the step is lr sign(g): to -lr/2 and back."""
    k, rho, lr, curvature = t.time("k"), forgetting(t), t.positive("lr"), t.positive("lambda")
    step = lambda x, s: following("rmsprop", theta=x, s=s, g=curvature * x, lr=lr, alpha=rho, eps=0)  # noqa: E731
    x, s = t.recursion(
        k, x=(lr / 2, lambda x, s: step(x(k), s(k))[0]), s=((curvature * lr / 2) ** 2, lambda x, s: step(x(k), s(k))[1])
    )
    t.induct(
        t.state("the iterates alternate", Eq(x(k), (-1) ** k * lr / 2)),
        t.state("the average stays", Eq(s(k), (curvature * lr / 2) ** 2)),
        over=k,
        because="g^2 = (lambda lr/2)^2 at both ends, so g/sqrt(s) is the sign of x",
    )
    kink = lambda x, s: following("rmsprop", theta=x, s=s, g=x / Abs(x), lr=lr, alpha=rho, eps=0)  # noqa: E731
    y, r = t.recursion(k, y=(lr / 2, lambda y, r: kink(y(k), r(k))[0]), r=(1, lambda y, r: kink(y(k), r(k))[1]))
    t.induct(
        t.state("on |x| it alternates too", Eq(y(k), (-1) ** k * lr / 2)),
        Eq(r(k), 1),
        over=k,
        because="the gradient is a sign",
    )


@theorem(
    "Epsilon inside or outside the root: sqrt(v + d^2) <= sqrt(v) + d <= sqrt(2) sqrt(v + d^2), so eps inside acts "
    "like sqrt(eps) outside",
    covers=["001:epsilon-inside-vs-outside-root", "002:epsilon-placement"],
    sources=[
        Source("001", "l.380 and l.396", "delta + sqrt(r) for AdaGrad, sqrt(delta + r) for RMSProp"),
        Source("002", "l.158, 166, 173", "sqrt(v + eps)"),
    ],
)
def epsilon_placement(t: Proof) -> None:
    """Two perfect squares; and near v = 0, where the constant matters, the outside form allows far longer steps."""
    root, d = t.nonnegative("w"), t.positive("d")  # w = sqrt(v)
    inside, outside = sqrt(root**2 + d**2), root + d
    t.compare(
        t.state("outside is at least inside", Le(inside, outside)),
        2 * d * root / (inside + outside),
        because="(sqrt(v) + d)^2 - (v + d^2) = 2 d sqrt(v)",
    )
    t.compare(
        t.state("and at most sqrt(2) times it", Le(outside, sqrt(2) * inside)),
        (root - d) ** 2 / (sqrt(2) * inside + outside),
        because="2 (v + d^2) - (sqrt(v) + d)^2 = (sqrt(v) - d)^2",
    )
    eps, g, lr = t.positive("eps"), t.real("g", nonzero=True), t.positive("lr")
    step = lambda rule: Abs(move(rule, s=0, g=g, lr=lr, eps=eps))  # noqa: E731
    small = Le(2 * Abs(g) + eps, 1)
    square = sqrt(g**2 + eps)
    longer = t.suppose(small).compare(
        Ge(step("adagrad"), step("adagrad[eps=inside]")),
        lr * Abs(g) * eps * (1 - 2 * Abs(g) - eps) / ((Abs(g) + eps) * square * (Abs(g) + eps + square)),
        because="g^2 + eps - (|g| + eps)^2 = eps (1 - 2|g| - eps)",
    )
    t.implies(
        t.state("for small gradients the same eps shortens the step more when inside", Implies(small, longer.claim)),
        longer,
        because="as supposed; at g = 0 the factors are lr/sqrt(eps) and lr/eps",
    )


@misprint(
    "RMSProp with Nesterov momentum needs the constant delta that it lists",
    corrected="rmsprop-nesterov",
    covers=["001:rmsprop-nesterov-update"],
    sources=[Source("001", "l.398-404", "v <- alpha v - eps / sqrt(r) g, with delta among the inputs")],
)
def rmsprop_nesterov_without_delta(t: Proof) -> None:
    """A coordinate whose first gradient is 0, as behind a dead ReLU, divides 0 by 0."""
    g, r, lr, rho = t.real("g"), t.nonnegative("r"), t.positive("epsilon"), forgetting(t)
    held = following("rmsprop", theta=0, s=r, g=g, lr=lr, alpha=rho, eps=0)[1]
    t.undefined(lr / sqrt(held) * g, {g: 0, r: 0, lr: 1, rho: HALF}, because="r = 0 after a gradient 0")


@theorem(
    "RMSProp with Nesterov momentum, delta under the root: it is RMSProp for alpha = 0, leaves a coordinate without "
    "gradient alone, and its velocity stays below lr / ((1 - alpha) sqrt(1 - rho))",
    covers=["001:rmsprop-nesterov-update"],
    sources=[Source("001", "l.398-404", "v <- alpha v - eps / sqrt(delta + r) g(theta + alpha v); theta <- theta + v")],
)
def rmsprop_nesterov(t: Proof) -> None:
    """The gradients are arbitrary numbers, so it does not matter at which look-ahead point they were taken."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    alpha, rho = forgetting(t, "alpha"), forgetting(t)
    lr, delta, start, v0 = t.positive("lr"), t.positive("delta"), t.real("theta0"), t.real("v0")
    g = t.vector("g", n + 1)
    held = lambda r, g: following("rmsprop", theta=0, s=r, g=g, lr=lr, alpha=rho, eps=0)[1]  # noqa: E731
    push = lambda r, g: lr * g / sqrt(delta + held(r, g))  # noqa: E731
    step = lambda x, s: following("rmsprop[eps=inside]", theta=x, s=s, g=g[k + 1], lr=lr, alpha=rho, eps=delta)  # noqa: E731
    _x, v, r, y, w, _s, z, u, _q = t.recursion(
        k,
        x=(start, lambda *f: f[0](k) + alpha * f[1](k) - push(f[2](k), g[k + 1])),
        v=(0, lambda *f: alpha * f[1](k) - push(f[2](k), g[k + 1])),
        r=(0, lambda *f: held(f[2](k), g[k + 1])),
        y=(start, lambda *f: f[3](k) + 0 * f[4](k) - push(f[5](k), g[k + 1])),
        w=(start, lambda *f: step(f[4](k), f[5](k))[0]),
        s=(0, lambda *f: step(f[4](k), f[5](k))[1]),
        z=(start, lambda *f: f[6](k) + alpha * f[7](k) - push(f[8](k), 0)),
        u=(v0, lambda *f: alpha * f[7](k) - push(f[8](k), 0)),
        q=(0, lambda *f: held(f[8](k), 0)),
    )
    t.induct(
        t.state("without momentum it is RMSProp", Eq(y(k), w(k))), over=k, because="the velocity is the step of RMSProp"
    )
    t.induct(
        t.state("without gradients the velocity only decays", Eq(u(k), alpha**k * v0)),
        t.state("and a coordinate at rest stays", Eq(z(k), start + alpha * (1 - alpha**k) / (1 - alpha) * v0)),
        over=k,
        because="0 / sqrt(delta) = 0, which is what delta is for",
    )
    claim = Ge(r(k), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts at 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1), [rho * r(k), (1 - rho) * g[k + 1] ** 2], because="an average of squares"
        ),
        because="step by step",
    )
    reach = lr**2 / ((1 - alpha) ** 2 * (1 - rho))
    root, pushed = delta + held(r(k), g[k + 1]), push(r(k), g[k + 1])
    claim = t.state("no velocity is longer than lr / ((1 - alpha) sqrt(1 - rho))", Le(v(k) ** 2, reach))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), reach, because="it starts at rest"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                alpha * (reach - v(k) ** 2),
                lr**2 * (delta + rho * r(k)) / ((1 - alpha) * (1 - rho) * root),
                alpha * ((1 - alpha) * v(k) + pushed) ** 2 / (1 - alpha),
            ],
            using=[positive],
            because="the average of the old velocity and of a step of at most lr/sqrt(1 - rho), divided by 1 - alpha",
        ),
        because="step by step",
    )


@theorem(
    "AdaDelta: the update has the unit of the parameter, its first step is sqrt(eps/((1 - rho) g^2 + eps)) |g|, and "
    "it has no momentum: it is RMSProp with the rate sqrt(a + eps)",
    covers=["004:adadelta-update", "004:which-optimizer"],
    sources=[
        Source(
            "004", "l.737-762", "u_t = sqrt(U_(t-1) + eps) / sqrt(G_t + eps) g_t; U_t = rho U_(t-1) + (1 - rho) u_t^2"
        ),
        Source("004", "l.741", "an acceleration term, like momentum"),
    ],
)
def adadelta_step(t: Proof) -> None:
    """U averages squares: it carries no direction, only the size of past updates. Both averages start at 0."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    rho, c, start = forgetting(t), t.positive("c"), t.real("theta0")
    over, under, eps = t.positive("eps_a"), t.positive("eps_s"), t.positive("eps")
    g = t.vector("g", n + 1)

    def step(x: Any, s: Any, a: Any, g: Any, over: Any, under: Any) -> tuple[Any, Any, Any]:
        """AdaDelta with a constant of its own in numerator and denominator."""
        square = rho * s + (1 - rho) * g**2
        update = sqrt(a + over) / sqrt(square + under) * g
        return x - update, square, rho * a + (1 - rho) * update**2

    published = lambda x, s, a: following("adadelta", theta=x, s=s, a=a, g=g[k + 1], lr=1, rho=rho, eps=eps)  # noqa: E731
    scaled = lambda f: step(f[3](k), f[4](k), f[5](k), g[k + 1] / c, c**2 * over, under / c**2)  # noqa: E731
    plain = lambda f: step(f[0](k), f[1](k), f[2](k), g[k + 1], over, under)  # noqa: E731
    by_rmsprop = lambda f: following(  # noqa: E731
        "rmsprop[eps=inside]", theta=f[9](k), s=f[10](k), g=g[k + 1], lr=sqrt(f[8](k) + eps), alpha=rho, eps=eps
    )
    x, s, a, y, r, b, p, q, _d, z, w = t.recursion(
        k,
        x=(start, lambda *f: plain(f)[0]),
        s=(0, lambda *f: plain(f)[1]),
        a=(0, lambda *f: plain(f)[2]),
        y=(c * start, lambda *f: scaled(f)[0]),
        r=(0, lambda *f: scaled(f)[1]),
        b=(0, lambda *f: scaled(f)[2]),
        p=(start, lambda *f: published(f[6](k), f[7](k), f[8](k))[0]),
        q=(0, lambda *f: published(f[6](k), f[7](k), f[8](k))[1]),
        d=(0, lambda *f: published(f[6](k), f[7](k), f[8](k))[2]),
        z=(start, lambda *f: by_rmsprop(f)[0]),
        w=(0, lambda *f: by_rmsprop(f)[1]),
    )
    t.induct(
        Eq(r(k), s(k) / c**2),
        Eq(b(k), c**2 * a(k)),
        t.state("in units c times smaller the iterates are c times larger", Eq(y(k), c * x(k))),
        over=k,
        because="gradients get 1/c, squared updates c^2, so sqrt(a)/sqrt(s) g gets c: no learning rate has to carry a "
        "unit",
    )
    t.induct(
        Eq(w(k), q(k)),
        t.state("it is RMSProp with the root of the averaged squared updates for a rate", Eq(z(k), p(k))),
        over=k,
        because="the numerator stands where the learning rate stood",
    )
    adadelta_bounds(t, rho, eps)


def adadelta_bounds(t: Proof, rho: Any, eps: Any) -> None:
    g, s, a = t.real("g_"), t.nonnegative("s_"), t.nonnegative("a_")
    squared = move("adadelta", s=s, a=a, g=g, lr=1, rho=rho, eps=eps) ** 2
    under = rho * s + (1 - rho) * g**2 + eps
    t.compare(
        t.state("no gradient, no update", Le(squared, (a + eps) / eps * g**2)),
        [(a + eps) * g**2 * part / (eps * under) for part in (rho * s, (1 - rho) * g**2)],
        because="the denominator is at least sqrt(eps); momentum would go on moving",
    )
    t.compare(
        t.state("the first step is below sqrt(eps/(1 - rho))", Lt(squared.subs({s: 0, a: 0}), eps / (1 - rho))),
        eps**2 / ((1 - rho) * ((1 - rho) * g**2 + eps)),
        because="eps g^2 / ((1 - rho) g^2 + eps): 0.0045 for rho = 0.95, eps = 1e-6, whatever the scale of the "
        "gradient",
    )


# ---- Adam ------------------------------------------------------------------------------------------------------------


@theorem(
    "Adam's corrected moments are weighted averages: exact for constant gradients, unbiased for stationary ones",
    covers=[
        "000:adam-moments", "000:adam-bias-correction", "002:adam-bias-correction", "003:adam-bias-correction-deck3",
        "004:adam-zero-init-bias", "004:adam-update", "004:adam-moments-meaning", "002:adam-update",
    ],
    sources=[
        Source("000", "l.847-861", "g' <- rho_1 g' + (1 - rho_1) g; g'' = g'/(1 - rho_1^t)"),
        Source("003", "l.626, 639-642", "s^ = s/(1 - rho_1^t), r^ = r/(1 - rho_2^t), t <- t + 1 first"),
        Source("004", "l.777-798", "m and v are biased towards 0, especially in the first steps"),
    ],
)  # fmt: skip
def adam_moments(t: Proof) -> None:
    """An average that starts at 0 has weights that add up to 1 - beta^k: dividing by that makes it an average."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta, c = forgetting(t, "beta"), t.real("c")
    g = t.vector("g", n + 1)
    first = lambda m, g: following("adam", theta=0, m=m, v=0, g=g, lr=1, beta1=beta, beta2=0, eps=1, t=k + 1)[1]  # noqa: E731
    second = lambda v, g: following("adam", theta=0, m=0, v=v, g=g, lr=1, beta1=0, beta2=beta, eps=1, t=k + 1)[2]  # noqa: E731
    m, v, steady, squares, buffer = t.recursion(
        k,
        m=(0, lambda *f: first(f[0](k), g[k + 1])),
        v=(0, lambda *f: second(f[1](k), g[k + 1])),
        steady=(0, lambda *f: first(f[2](k), c)),
        squares=(0, lambda *f: second(f[3](k), c)),
        buffer=(0, lambda *f: following("momentum", theta=0, v=f[4](k), g=g[k + 1], lr=1, momentum=beta)[1]),
    )
    t.induct(
        t.state("first moment", Eq(m(k), (1 - beta) * total(k, lambda i: beta ** (k - i) * g[i]))),
        over=k,
        because="a step multiplies every weight by beta and gives the new gradient the weight 1 - beta",
    )
    t.induct(
        t.state("second moment", Eq(v(k), (1 - beta) * total(k, lambda i: beta ** (k - i) * g[i] ** 2))),
        over=k,
        because="the same, with squares",
    )
    t.induct(
        t.state("it is 1 - beta times the momentum buffer", Eq(m(k), (1 - beta) * buffer(k))),
        over=k,
        because="the buffer gives the new gradient the weight 1",
    )
    (weight,) = t.induct(
        t.state(
            "the weights add up to 1 - beta^k", Eq(total(k, lambda i: beta ** (k - i)), (1 - beta**k) / (1 - beta))
        ),
        over=k,
        because="a geometric sum, times 1 - beta",
    )
    t.induct(
        t.state("constant gradients: m is short by the factor 1 - beta^k", Eq(steady(k), (1 - beta**k) * c)),
        t.state("and so is v", Eq(squares(k), (1 - beta**k) * c**2)),
        over=k,
        because="so that m/(1 - beta^k) = c and v/(1 - beta^k) = c^2 at every step: the correction is exact",
    )
    mean, spread = t.real("mu"), t.nonnegative("sigma")
    z = t.random("z", independent([mean, mean**2 + spread**2], [n], name="stationary gradients"))
    average = lambda power: (1 - beta) * total(k, lambda i: beta ** (k - i) * z[i] ** power)  # noqa: E731
    t.expectation(
        t.state("stationary gradients: the mean of m", Eq(Expectation(average(1)), (1 - beta**k) * mean)),
        using=[weight],
        because="expectation is linear and the weights add up to 1 - beta^k",
    )
    t.expectation(
        t.state(
            "the mean of v is the second moment, not the variance",
            Eq(Expectation(average(2)), (1 - beta**k) * (mean**2 + spread**2)),
        ),
        using=[weight],
        because="E[g^2] = Var(g) + E[g]^2",
    )
    t.induct(
        t.state(
            "drifting gradients: what m misses of any c",
            Eq(m(k), (1 - beta**k) * c + (1 - beta) * total(k, lambda i: beta ** (k - i) * (g[i] - c))),
        ),
        over=k,
        because="the weights add up to 1 - beta^k, so the error of m/(1 - beta^k) is the weighted mean of the drift",
    )
    squares_of_means(t, k, beta)
    corrected_larger(t, k, beta)


def squares_of_means(t: Proof, k: Any, beta: Any) -> None:
    """With one decay for both moments v^ >= m^^2, as for every weighted average. (After k + 1 gradients, g_0 the
    first.)
    """
    n = t.size("N")
    j, first, g = t.integer("s", 0, n), t.real("h0"), t.vector("h", n + 1)
    decays = dict(beta1=beta, beta2=beta, eps=1, lr=1, t=j + 1)
    moments = lambda m, v, g: following("adam", theta=0, m=m, v=v, g=g, **decays)[1:]  # noqa: E731
    m, v, weight = t.recursion(
        j,
        p=(moments(0, 0, first)[0], lambda *f: moments(f[0](j), f[1](j), g[j + 1])[0]),
        q=(moments(0, 0, first)[1], lambda *f: moments(f[0](j), f[1](j), g[j + 1])[1]),
        W=(1 - beta, lambda *f: beta * f[2](j) + 1 - beta),
    )
    claim = Gt(weight(j), 0)
    positive = t.induct_from(
        claim,
        over=j,
        base=t.compare(claim.subs(j, 0), 1 - beta, because="beta < 1"),
        step=t.suppose(claim).compare(claim.subs(j, j + 1), [beta * weight(j), 1 - beta], because="both parts"),
        because="step by step",
    )
    t.induct(
        t.state("total weight after k + 1 gradients", Eq(weight(j), 1 - beta ** (j + 1))), over=j, because="as before"
    )
    claim = t.state(
        "with one decay the corrected v is at least the square of the corrected m", Le(m(j) ** 2, weight(j) * v(j))
    )
    slack, new = weight(j) * v(j) - m(j) ** 2, g[j + 1]
    t.induct_from(
        claim,
        over=j,
        base=t.compare(claim.subs(j, 0), [0], because="one gradient: both sides are (1 - beta)^2 g^2"),
        step=t.suppose(claim).compare(
            claim.subs(j, j + 1),
            [
                beta**2 * slack,
                beta * (1 - beta) * (weight(j) * new - m(j)) ** 2 / weight(j),
                beta * (1 - beta) * slack / weight(j),
            ],
            using=[positive],
            because="Jensen, one gradient at a time",
        ),
        because="step by step",
    )


def corrected_larger(t: Proof, k: Any, beta: Any) -> None:
    """0 < 1 - beta^(k+1) <= 1, so correcting makes a moment larger, less and less so."""
    m = t.real("M")
    claim = Gt(1 - beta ** (k + 1), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), 1 - beta, because="beta < 1"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [1 - beta, beta * (1 - beta ** (k + 1))],
            because="1 - beta^(k+2) = 1 - beta + beta (1 - beta^(k+1))",
        ),
        because="step by step",
    )
    t.compare(
        t.state("the corrected moment is the larger one", Ge(Abs(m) / (1 - beta ** (k + 1)), Abs(m))),
        beta ** (k + 1) * Abs(m) / (1 - beta ** (k + 1)),
        using=[positive],
        because="the difference is beta^t/(1 - beta^t) |m|",
    )
    t.limit(
        t.state("and the correction vanishes", Eq(Limit(1 / (1 - beta ** (k + 1)), k, oo), 1)),
        because="beta^t vanishes",
    )


@theorem(
    "Adam's step: lr |g|/(|g| + eps) the first time and under every constant gradient, and unchanged when all "
    "gradients are scaled",
    covers=[
        "000:adam-step-size", "002:adam-update", "003:adam-deck3", "004:adam-update", "004:adam-ravine-panels",
        "000:adam-defaults",
    ],
    sources=[
        Source("000", "l.863-873", "Delta theta = -lambda g'' / (epsilon + sqrt(r')); .001, .9, .999"),
        Source("003", "l.630-643", "theta <- theta - eps s^ / sqrt(r^ + delta)"),
        Source("004", "l.789-808", "x^(t+1) = x^(t) - eta m^ / (sqrt(v^) + eps)"),
    ],
)  # fmt: skip
def adam_step(t: Proof) -> None:
    """Both corrected moments of a constant gradient are exact, so their quotient is its sign."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta1, beta2 = forgetting(t, "beta1"), forgetting(t, "beta2")
    lr, eps, c, start = t.positive("lr"), t.positive("eps"), t.positive("c"), t.real("theta0")
    g, constant = t.vector("g", n + 1, nonzero=True), t.real("G", nonzero=True)
    step = lambda x, m, v, g, eps: following(  # noqa: E731
        "adam", theta=x, m=m, v=v, g=g, lr=lr, beta1=beta1, beta2=beta2, eps=eps, t=k + 1
    )
    x, m, v, y, p, q, z, a, b = t.recursion(
        k,
        x=(start, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[0]),
        m=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[1]),
        v=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), g[k + 1], 0)[2]),
        y=(start, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[0]),
        p=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[1]),
        q=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), c * g[k + 1], 0)[2]),
        z=(start, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[0]),
        a=(0, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[1]),
        b=(0, lambda *f: step(f[6](k), f[7](k), f[8](k), constant, eps)[2]),
    )
    t.equal(
        t.state("the first step", Eq(z(1), start - lr * constant / (Abs(constant) + eps))),
        because="m^ = g and v^ = g^2: the sign of the gradient times lr, for |g| far above eps",
    )
    inside = following(
        "adam[eps=inside]", theta=0, m=0, v=0, g=constant, lr=lr, beta1=beta1, beta2=beta2, eps=eps, t=1
    )[0]
    t.equal(
        t.state("the first step with eps under the root", Eq(lr**2 - inside**2, lr**2 * eps / (constant**2 + eps))),
        because="lr |g| / sqrt(g^2 + eps)",
    )
    t.induct(
        Eq(a(k), (1 - beta1**k) * constant),
        Eq(b(k), (1 - beta2**k) * constant**2),
        t.state(
            "under a constant gradient all steps are alike", Eq(z(k), start - k * lr * constant / (Abs(constant) + eps))
        ),
        over=k,
        because="the corrections undo the start exactly, at every step: 4/lr steps at least from 4 to 0",
    )
    t.induct(
        Eq(p(k), c * m(k)),
        Eq(q(k), c**2 * v(k)),
        t.state("scaled gradients leave the iterates", Eq(y(k), x(k))),
        over=k,
        because="c m^ / sqrt(c^2 v^) = m^ / sqrt(v^), for eps = 0",
    )


@theorem(
    "Adam's sharp step bound: m_k^2 <= C_k v_k with C_k = (1 - beta1)^2/(1 - beta2) (1 + r + .. + r^(k-1)), r = "
    "beta1^2/beta2, attained by gradients that grow like (beta2/beta1)^k; bounded exactly for beta1^2 < beta2",
    covers=[
        "002:adam-step-bound-and-beta-order", "000:adam-step-size", "004:adam-update", "003:adam-deck3",
        "000:adam-defaults",
    ],
    sources=[Source("002", "l.171-178", "(the order of the two decays; no bound)")],
)  # fmt: skip
def adam_step_bound(t: Proof) -> None:
    """Cauchy-Schwarz, one gradient at a time. x(k) stands for the moment after k + 1 gradients, g_0 is the first.

    lr sqrt(C_k) is the longest uncorrected step; the often quoted lr (1 - beta1)/sqrt(1 - beta2) is its value at k = 1.
    """
    n = t.size("n")
    k = t.integer("k", 0, n)
    beta1, beta2 = t.real("beta1", 0, 1, open=True), t.real("beta2", 0, 1, open=True)
    g, first = t.vector("g", n + 1), t.real("g0")
    ratio, top = beta1**2 / beta2, (1 - beta1) ** 2 / (1 - beta2)
    decays = dict(beta1=beta1, beta2=beta2, eps=1, lr=1, t=k + 1)
    moments = lambda m, v, g: following("adam", theta=0, m=m, v=v, g=g, **decays)[1:]  # noqa: E731
    growing = (beta2 / beta1) ** (k + 1)
    m, v, c, p, q, w = t.recursion(
        k,
        m=(moments(0, 0, first)[0], lambda *f: moments(f[0](k), f[1](k), g[k + 1])[0]),
        v=(moments(0, 0, first)[1], lambda *f: moments(f[0](k), f[1](k), g[k + 1])[1]),
        C=(top, lambda *f: ratio * f[2](k) + top),
        p=(moments(0, 0, 1)[0], lambda *f: moments(f[3](k), f[4](k), growing)[0]),
        q=(moments(0, 0, 1)[1], lambda *f: moments(f[3](k), f[4](k), growing)[1]),
        w=(1, lambda *f: f[5](k) + 1 / ratio ** (k + 1)),
    )
    positive = bound_constant(t, k, c, beta1, beta2, ratio, top)
    claim = t.state("m^2 <= C v", Le(m(k) ** 2, c(k) * v(k)))
    new = g[k + 1]
    square = (beta1 * (1 - beta2) * c(k) * new - (1 - beta1) * beta2 * m(k)) ** 2
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="(1 - beta1)^2 g^2 on both sides"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                beta1**2 * (c(k) * v(k) - m(k) ** 2),
                top * beta2 * (c(k) * v(k) - m(k) ** 2) / c(k),
                square / (beta2 * (1 - beta2) * c(k)),
            ],
            using=[positive],
            because="expand both sides; what the old bound leaves is a perfect square",
        ),
        because="step by step",
    )
    closed = t.induct(
        Eq(p(k), (1 - beta1) * beta1**k * w(k)),
        Eq(q(k), (1 - beta2) * beta2**k * w(k)),
        Eq(c(k), top * ratio**k * w(k)),
        over=k,
        because="both weighted sums of the gradients (beta2/beta1)^s are sums of r^(-s), and so is C_k",
    )
    t.equal(
        t.state("attained by growing gradients", Eq(p(k) ** 2, c(k) * q(k))),
        using=closed,
        because="Cauchy-Schwarz is an equality where the two sequences are proportional",
    )


def bound_constant(t: Proof, k: Any, c: Any, beta1: Any, beta2: Any, ratio: Any, top: Any) -> Fact:
    """C_k > 0; it grows without bound for r >= 1 and stays below (1 - beta1)^2 / ((1 - beta2)(1 - r)) for r < 1."""
    claim = Gt(c(k), 0)
    positive = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), top, because="beta1 < 1"),
        step=t.suppose(claim).compare(claim.subs(k, k + 1), [ratio * c(k), top], because="both parts are positive"),
        because="step by step",
    )
    t.compare(
        t.state("from the second step on it exceeds (1 - beta1)^2/(1 - beta2)", Gt(c(k + 1), top)),
        ratio * c(k),
        using=[positive],
        because="C' = r C + C_1",
    )
    finite, infinite = Lt(beta1**2, beta2), Ge(beta1**2, beta2)
    bound = top * beta2 / (beta2 - beta1**2)
    for name, premise, claim, base, slack, reason in (
        (
            "r < 1: it stays below (1 - beta1)^2 / ((1 - beta2)(1 - r))",
            finite,
            Le(c(k), bound),
            top * beta1**2 / (beta2 - beta1**2),
            [ratio * (bound - c(k))],
            "the bound is the fixed point of C' = r C + C_1",
        ),
        (
            "r >= 1: it grows without bound",
            infinite,
            Ge(c(k), (k + 1) * top),
            Integer(0),
            [(beta1**2 - beta2) / beta2 * c(k), c(k) - (k + 1) * top],
            "C' >= C + C_1: with beta1 and beta2 swapped a step can be as long as one likes",
        ),
    ):
        given = t.suppose(premise)
        shown = given.induct_from(
            claim,
            over=k,
            base=given.compare(claim.subs(k, 0), base, because="C_1"),
            step=given.suppose(claim).compare(claim.subs(k, k + 1), slack, using=[positive], because=reason),
            because="step by step",
        )
        t.implies(t.state(name, Implies(premise, claim)), shown, because="as supposed")
    defaults = {beta1: Rational(9, 10), beta2: Rational(999, 1000)}
    t.compare(
        t.state("the defaults allow steps of 7.27 lr", Lt(Rational(727, 100) ** 2, bound.subs(defaults))),
        bound.subs(defaults) - Rational(727, 100) ** 2,
        because="(1/10)^2 / (1/1000) / (1 - 0.81/0.999) = 370/7",
    )
    return positive


@misprint(
    "Adam without bias correction makes a first step of lr (1 - beta1)/sqrt(1 - beta2), not lr",
    corrected="adam-step",
    covers=["002:adam-update"],
    sources=[Source("002", "l.171-178", "x_(k+1) = x_k - alpha_k mu_k / sqrt(v_k + eps), no correction")],
)
def adam_uncorrected(t: Proof) -> None:
    """beta1 = 1/2, beta2 = 15/16: twice lr; with the usual decays 3.16 times."""
    beta1, beta2, g, lr = forgetting(t, "beta1"), forgetting(t, "beta2"), t.real("g", nonzero=True), t.positive("lr")
    names = dict(theta=0, m=0, v=0, g=g, lr=lr, beta1=beta1, beta2=beta2, eps=0, t=1)
    step, first, second = following("adam", **names)
    t.refute(
        Eq(first / sqrt(second), -step / lr),
        {beta1: HALF, beta2: Rational(15, 16), g: 1, lr: 1},
        because="(1 - beta1) g / sqrt((1 - beta2) g^2) = (1/2)/(1/4), while the corrected step is lr",
    )


@misprint(
    "beta2 belongs to the second moment: with the printed names the step has no bound",
    corrected="adam-step-bound",
    covers=["002:adam-update"],
    sources=[
        Source("002", "l.171-178", "mu_k = beta_2 mu_(k-1) + (1 - beta_2) g_k; v_k = beta v_(k-1) + (1 - beta) g_k^2")
    ],
)
def adam_swapped_decays(t: Proof) -> None:
    """The bound needs (decay of the mean)^2 < decay of the squares; 0.999^2 is not below 0.9."""
    mean, squares = t.real("beta_mean beta_squares", 0, 1)
    t.refute(
        Lt(mean**2, squares),
        {mean: Rational(999, 1000), squares: Rational(9, 10)},
        because="the customary values under the printed names",
    )


@misprint(
    "Adam divides by the root of the second moment: the root of the first has no value for a negative gradient",
    corrected="adam-step",
    covers=["003:adam-deck3"],
    sources=[Source("003", "l.643", "theta <- theta - eps s^ / sqrt(s^ + delta) (the hat is not over r)")],
)
def adam_root_of_mean(t: Proof) -> None:
    """The first step of a gradient -1: s^ = -1."""
    g, lr, delta, rho = t.real("g"), t.positive("epsilon"), t.positive("delta"), forgetting(t, "rho1")
    mean = following("adam", theta=0, m=0, v=0, g=g, lr=lr, beta1=rho, beta2=rho, eps=delta, t=1)[1] / (1 - rho)
    t.undefined(lr * mean / sqrt(mean + delta), {g: -1, lr: 1, delta: HALF, rho: HALF}, because="the root of -1 + 1/2")


@misprint(
    "Adam's v estimates the second moment, not the variance",
    corrected="adam-moments",
    covers=["004:adam-moments-meaning"],
    sources=[
        Source("004", "l.777-787", "v estimates the (uncentered) variance; steps grow where the variation is low")
    ],
)
def adam_variance(t: Proof) -> None:
    """Gradients 1 and 3, equally often: the second moment is 5, the variance 1."""
    beta, share = forgetting(t, "beta"), t.real("p", 0, 1)
    z = t.random("g", finite((1, 3), (share, 1 - share)))
    v = following("adam", theta=0, m=0, v=0, g=z, lr=1, beta1=beta, beta2=beta, eps=1, t=1)[2] / (1 - beta)
    t.refute(
        Eq(Expectation(v), Expectation(z**2) - Expectation(z) ** 2),
        {beta: HALF, share: HALF},
        because="v^ = g^2 after one step, whose mean is (1 + 9)/2 = 5",
    )


@misprint(
    "The moment after the update t needs the correction 1 - beta^(t+1)",
    corrected="adam-step",
    covers=["004:adam-update"],
    sources=[Source("004", "l.789-808", "m^^(t+1) = m^(t+1) / (1 - beta_1^t), t from 0")],
)
def adam_exponent(t: Proof) -> None:
    """At t = 0 the printed correction divides by 0; at t = 1 a constant gradient g gives 1.9 g for beta = 0.9."""
    k, beta, g = t.time("t"), forgetting(t, "beta"), t.real("g")
    first = lambda m: following("adam", theta=0, m=m, v=0, g=g, lr=1, beta1=beta, beta2=beta, eps=1, t=k + 1)[1]  # noqa: E731
    (m,) = t.recursion(k, m=(0, lambda m: first(m(k))))
    t.undefined(m(k + 1) / (1 - beta**k), {k: 0, beta: HALF, g: 1}, because="1 - beta^0 = 0")
    t.refute(Eq(m(k + 1) / (1 - beta**k), g), {k: 1, beta: HALF, g: 1}, because="(3/4)/(1/2) = 3/2, not 1")


@misprint(
    "Correcting makes a moment larger, not smaller",
    corrected="adam-moments",
    covers=["000:adam-bias-correction"],
    sources=[Source("000", "l.855-861", "g'' is smaller than g', r' is smaller than r, and converges towards it")],
)
def adam_correction_shrinks(t: Proof) -> None:
    """The first correction with rho = 9/10 multiplies by 10."""
    k, rho, m = t.size("t"), t.real("rho", 0, 1, open=True), t.positive("m")
    t.refute(Lt(m / (1 - rho**k), m), {k: 1, rho: Rational(9, 10), m: 1}, because="1 - rho^t lies between 0 and 1")


# ---- what adapts, and what does not ----------------------------------------------------------------------------------


@theorem(
    "On separable quadratics AdaGrad, RMSProp, Adam and AdaDelta (eps = 0 in the denominator) do not see the "
    "curvatures: lambda x^2/2 gives the iterates of x^2/2, while gradient descent sees lr lambda",
    covers=[
        "003:adaptive-less-sensitive-to-lr", "004:diagonal-scaling-invariance", "004:adagrad-ravine-panels",
        "004:adam-ravine-panels",
    ],
    sources=[
        Source("003", "l.564, 601, 652", "less sensitive to the learning rate"),
        Source("004", "l.674-675", "adapt the updates to each individual parameter"),
    ],
)  # fmt: skip
def curvature_invariance(t: Proof) -> None:
    """A coordinate's gradients are multiplied by lambda, its accumulated squares by lambda^2: the quotient stays.

    So the ravine is a round bowl to these methods, and a rotation of the ravine would be felt. The start is not 0,
    and no iterate is (at 0 the quotient 0/0 needs eps), which is why the start of the squares is any positive number.
    """
    k, curvature, lr, start = t.time("k"), t.positive("lambda"), t.positive("lr"), t.real("x0")
    held, rho, beta1, eps = t.positive("s0"), forgetting_some(t, "rho"), forgetting_some(t, "beta1"), t.positive("eps")
    for name, keep in (("adagrad", {}), ("rmsprop", {"alpha": rho})):
        step = lambda x, s, h, name=name, keep=keep: following(name, theta=x, s=s, g=h * x, lr=lr, eps=0, **keep)  # noqa: E731
        x, s, y, r = t.recursion(
            k,
            **{
                f"x_{name}": (start, lambda *f, step=step: step(f[0](k), f[1](k), curvature)[0]),
                f"s_{name}": (curvature**2 * held, lambda *f, step=step: step(f[0](k), f[1](k), curvature)[1]),
                f"y_{name}": (start, lambda *f, step=step: step(f[2](k), f[3](k), 1)[0]),
                f"r_{name}": (held, lambda *f, step=step: step(f[2](k), f[3](k), 1)[1]),
            },
        )
        t.induct(
            Eq(s(k), curvature**2 * r(k)),
            t.state(f"{name}: the iterates do not depend on lambda", Eq(x(k), y(k))),
            over=k,
            because="lambda x / sqrt(lambda^2 s) = x / sqrt(s)",
        )
    z, w = t.recursion(
        k,
        z=(start, lambda z, w: following("sgd", theta=z(k), g=curvature * z(k), lr=lr)[0]),
        w=(start, lambda z, w: following("sgd", theta=w(k), g=w(k), lr=lr * curvature)[0]),
    )
    t.induct(
        t.state("gradient descent: lambda is a factor of the rate", Eq(z(k), w(k))),
        over=k,
        because="only the product lr lambda enters, and it must lie below 2",
    )
    moments_forget_curvature(t, k, curvature, lr, start, held, beta1, rho)
    units_forget_curvature(t, k, curvature, start, held, rho, eps)


def moments_forget_curvature(
    t: Proof, k: Any, curvature: Any, lr: Any, start: Any, held: Any, beta1: Any, beta2: Any
) -> None:
    step = lambda x, m, v, h: following(  # noqa: E731
        "adam", theta=x, m=m, v=v, g=h * x, lr=lr, beta1=beta1, beta2=beta2, eps=0, t=k + 1
    )
    x, m, v, y, p, q = t.recursion(
        k,
        x_adam=(start, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[0]),
        m_adam=(0, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[1]),
        v_adam=(curvature**2 * held, lambda *f: step(f[0](k), f[1](k), f[2](k), curvature)[2]),
        y_adam=(start, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[0]),
        p_adam=(0, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[1]),
        q_adam=(held, lambda *f: step(f[3](k), f[4](k), f[5](k), 1)[2]),
    )
    t.induct(
        Eq(m(k), curvature * p(k)),
        Eq(v(k), curvature**2 * q(k)),
        t.state("adam: the iterates do not depend on lambda", Eq(x(k), y(k))),
        over=k,
        because="lambda m^ / sqrt(lambda^2 v^) = m^ / sqrt(v^)",
    )


def units_forget_curvature(t: Proof, k: Any, curvature: Any, start: Any, held: Any, rho: Any, eps: Any) -> None:
    """AdaDelta with its constant in the numerator only, where it does not hurt the invariance."""
    square = lambda x, s, h: rho * s + (1 - rho) * (h * x) ** 2  # noqa: E731
    update = lambda x, s, a, h: sqrt(a + eps) / sqrt(square(x, s, h)) * h * x  # noqa: E731
    x, s, a, y, r, b = t.recursion(
        k,
        x_delta=(start, lambda *f: f[0](k) - update(f[0](k), f[1](k), f[2](k), curvature)),
        s_delta=(curvature**2 * held, lambda *f: square(f[0](k), f[1](k), curvature)),
        a_delta=(0, lambda *f: rho * f[2](k) + (1 - rho) * update(f[0](k), f[1](k), f[2](k), curvature) ** 2),
        y_delta=(start, lambda *f: f[3](k) - update(f[3](k), f[4](k), f[5](k), 1)),
        r_delta=(held, lambda *f: square(f[3](k), f[4](k), 1)),
        b_delta=(0, lambda *f: rho * f[5](k) + (1 - rho) * update(f[3](k), f[4](k), f[5](k), 1) ** 2),
    )
    t.induct(
        Eq(s(k), curvature**2 * r(k)),
        Eq(a(k), b(k)),
        t.state("adadelta: the iterates do not depend on lambda", Eq(x(k), y(k))),
        over=k,
        because="the update is a quotient of gradients times past updates",
    )


def forgetting_some(t: Proof, name: str) -> Any:
    """0 < rho < 1, so that no accumulator that starts positive ever vanishes."""
    return t.real(name, 0, 1, open=True)


@theorem(
    "Gradient descent with lr = 1/L on a smooth convex function: f(x_k) - f* <= L |x_0 - x*|^2 / (2k)",
    covers=["003:no-theory-even-convex"],
    sources=[Source("003", "l.651", "no theoretical foundations, even in the convex case")],
)
def gradient_descent_convex_rate(t: Proof) -> None:
    """k (f(x_k) - f*) + L/2 |x_k - x*|^2 never grows.

    All that is used of f: it lies above its tangent planes, so f(x_k) - f* <= <g, x_k - x*>, and a step of 1/L lowers
    it by at least |g|^2 / 2L. The minimizer is put at 0, and f* too; what the step gains beyond that is any amount
    s_k >= 0.
    """
    n, d = t.size("n"), t.size("d")
    k, j = t.integer("k", 0, n), t.index("j", d)
    smooth, start, gap0 = t.positive("L"), t.vector("x0", d), t.real("gap0")
    gradient, gain = t.vector("g", d, n + 1), t.vector("s", n + 1, low=0)
    squared = total(d, lambda i: gradient[i, k + 1] ** 2)
    tangent = lambda x: total(d, lambda i: gradient[i, k + 1] * x(i, k))  # noqa: E731
    x, f = t.recursion(
        k,
        x=((j,), start[j], lambda x, f: following("sgd", theta=x(j, k), g=gradient[j, k + 1], lr=1 / smooth)[0]),
        f=(gap0, lambda x, f: Min(f(k), tangent(x)) - squared / (2 * smooth) - gain[k + 1]),
    )
    reach = smooth / 2 * total(d, lambda i: start[i] ** 2)
    energy = k * f(k) + smooth / 2 * total(d, lambda i: x(i, k) ** 2)
    claim = t.state("k (f(x_k) - f*) + L/2 |x_k - x*|^2 <= L/2 |x_0 - x*|^2", Le(energy, reach))
    along = tangent(x)
    bounded = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="equal at the start"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                reach - energy,
                k * (f(k) - Min(f(k), along)),
                along - Min(f(k), along),
                k * squared / (2 * smooth),
                (k + 1) * gain[k + 1],
            ],
            because="|x'|^2 = |x|^2 - 2 <g, x>/L + |g|^2/L^2, and the tangent plane pays for one more f(x_(k+1)) - f*",
        ),
        because="step by step",
    )
    t.compare(
        t.state("so f(x_k) - f* <= L |x_0 - x*|^2 / (2k)", Le(k * f(k), reach)),
        [reach - energy, smooth / 2 * total(d, lambda i: x(i, k) ** 2)],
        using=[bounded],
        because="drop the distance",
    )


@misprint(
    "There is a theory for convex functions: a gap above L |x_0 - x*|^2 / (2k) never happens",
    corrected="gradient-descent-convex-rate",
    covers=["003:no-theory-even-convex"],
    sources=[Source("003", "l.651", "these algorithms have no theoretical foundations, even in the convex case")],
)
def no_theory(t: Proof) -> None:
    """If nothing could be guaranteed, some convex quadratic would have a larger gap; here is one that has not."""
    k, curvature, start = t.size("k"), t.positive("lambda"), t.real("x0")
    (x,) = t.recursion(k, x=(start, lambda x: following("sgd", theta=x(k), g=curvature * x(k), lr=1 / curvature)[0]))
    t.refute(
        Gt(curvature * x(k) ** 2 / 2, curvature * start**2 / (2 * k)),
        {k: 1, curvature: 1, start: 1},
        because="one step of 1/L reaches the minimum, so the gap is 0 and not above 1/2",
    )


@theorem(
    "Adam with beta1 = 0 makes RMSProp's steps, shorter by the factor sqrt(1 - beta2^t) of the correction",
    covers=["004:which-optimizer", "000:adam-moments"],
    sources=[Source("004", "l.1034-1041", "RMSProp, AdaDelta and Adam are very similar algorithms")],
)
def adam_without_momentum(t: Proof) -> None:
    """Both stand at the same average v of squares; the other reduction, of AdaDelta, is in `adadelta_step`."""
    k, beta, lr = t.size("t"), t.real("beta2", 0, 1, open=True), t.positive("lr")
    m, v, g = t.real("m"), t.nonnegative("v"), t.real("g", nonzero=True)
    adam = move("adam", m=m, v=v, g=g, lr=lr, beta1=0, beta2=beta, eps=0, t=k)
    rmsprop = move("rmsprop", s=v, g=g, lr=lr, alpha=beta, eps=0)
    t.equal(
        t.state("the squared steps differ by the share beta2^t", Eq(rmsprop**2 - adam**2, beta**k * rmsprop**2)),
        because="m = g whatever m was, and 1 - beta2^t comes out of the root",
    )


@theorem(
    "At the saddle (x^2 - y^2)/2: gradient descent leaves by the factor 1 + lr a step, heavy ball at least as fast, "
    "and RMSProp's first step is lr/sqrt(1 - rho) however close to the saddle it starts",
    covers=["000:optimizer-race-figure"],
    sources=[Source("000", "l.678-690", "SGD, Momentum, NAG, Adagrad, Adadelta, Rmsprop (an animation)")],
)
def saddle_race(t: Proof) -> None:
    """Along y the gradient is -y: a start at distance 1e-3 costs gradient descent log(1000)/log(1 + lr) steps."""
    k, lr, alpha, start = t.time("k"), t.positive("lr"), forgetting(t, "alpha"), t.positive("y0")
    descent = lambda y, sign: following("sgd", theta=y, g=sign * y, lr=lr)[0]  # noqa: E731
    ball = lambda f: following(  # noqa: E731
        "momentum[lr=inside-velocity]", theta=f[2](k), v=f[3](k), g=-f[2](k), lr=lr, momentum=alpha
    )
    x, y, z, _v = t.recursion(
        k,
        x=(start, lambda *f: descent(f[0](k), 1)),
        y=(start, lambda *f: descent(f[1](k), -1)),
        z=(start, lambda *f: ball(f)[0]),
        v=(0, lambda *f: ball(f)[1]),
    )
    t.induct(t.state("towards the saddle", Eq(x(k), (1 - lr) ** k * start)), over=k, because="the gradient is x")
    t.induct(t.state("away from it", Eq(y(k), (1 + lr) ** k * start)), over=k, because="the gradient is -y")
    claim = t.state(
        "heavy ball leaves at least as fast", And(Ge(z(k), (1 + lr) ** k * start), Ge(z(k + 1), (1 + lr) * z(k)))
    )
    base = t.both(
        claim.subs(k, 0),
        [t.compare(part, [0], because="the first step is a gradient step") for part in claim.subs(k, 0).args],
        because="both",
    )
    before = t.suppose(claim)
    ahead = z(k + 1) - (1 + lr) * z(k)
    positive = before.compare(
        Gt(z(k), 0), [z(k) - (1 + lr) ** k * start, (1 + lr) ** k * start], because="it only grows"
    )
    parts = {
        True: [ahead, (1 + lr) * (z(k) - (1 + lr) ** k * start)],
        False: [alpha * ahead, alpha * lr * z(k)],
    }
    after = claim.subs(k, k + 1)
    facts = [
        before.compare(
            part,
            parts[part.lhs == z(k + 1)],
            using=[positive],
            because="the new step is a gradient step and alpha times the last one, which led away",
        )
        for part in after.args
    ]
    t.induct_from(claim, over=k, base=base, step=before.both(after, facts, because="both"), because="step by step")
    polynomial = lambda z, trace, determinant: z**2 - trace * z + determinant  # noqa: E731
    t.equal(
        t.state(
            "heavy ball has a root beyond 1 + lr",
            Eq(polynomial(1 + lr, 1 + alpha + lr, alpha) + alpha * lr, 0),
        ),
        because="its characteristic polynomial, with h = -lr, is -alpha lr at 1 + lr: not yet past its larger root",
    )
    t.equal(
        t.state(
            "and so has Nesterov, further out",
            Eq(polynomial(1 + lr, (1 + alpha) * (1 + lr), alpha * (1 + lr)) + alpha * lr * (1 + lr), 0),
        ),
        because="with h = -lr it is -alpha lr (1 + lr) there",
    )
    rho = forgetting(t)
    near, _s = t.recursion(
        k,
        near=(start, lambda *f: following("rmsprop", theta=f[0](k), s=f[1](k), g=-f[0](k), lr=lr, alpha=rho, eps=0)[0]),
        s=(0, lambda *f: following("rmsprop", theta=f[0](k), s=f[1](k), g=-f[0](k), lr=lr, alpha=rho, eps=0)[1]),
    )
    t.equal(
        t.state("RMSProp's first step does not know the distance", Eq((1 - rho) * (near(1) - start) ** 2, lr**2)),
        because="y / sqrt((1 - rho) y^2): the nearer the start, the greater the gain",
    )


@theorem(
    "Adam can fail on a convex problem: on the losses 3x, -x, -x in turn (mean x/3) with beta1 = 0, beta2 = 1/10 each "
    "round moves up by more than lr/2, while gradient descent moves down by lr",
    covers=["003:no-theory-even-convex", "004:which-optimizer", "003:optimizer-benchmark-remarks"],
    sources=[
        Source("003", "l.652", "no single best algorithm (Schaul et al. 2014)"),
        Source("004", "l.1034-1041", "Adam may be the best overall choice"),
    ],
)
def adam_fails_on_cyclic_losses(t: Proof) -> None:
    """The large gradient raises the average that it is divided by, and the small ones, later, are divided by a small
    one.

    v is the average of squares before the round, at most 9; the correction of the start is taken to have died out, so
    the steps are RMSProp's. On sparse features AdaGrad outruns gradient descent (`adagrad_step`): no method
    dominates.
    """
    k, lr, held, start = t.time("k"), t.positive("lr"), t.real("s0", 0, 9), t.real("x0")

    def round_of_steps(x: Any, s: Any) -> tuple[Any, list[Any]]:
        """The iterate after the gradients 3, -1, -1, and the average after each."""
        averages = [s]
        for g in (3, -1, -1):
            x, s = following("rmsprop", theta=x, s=averages[-1], g=g, lr=lr, alpha=Rational(1, 10), eps=0)
            averages.append(s)
        return x, averages[1:]

    def descent(x: Any) -> Any:
        for g in (3, -1, -1):
            (x,) = following("sgd", theta=x, g=g, lr=lr)
        return x

    x, v, y = t.recursion(
        k,
        x=(start, lambda *f: round_of_steps(f[0](k), f[1](k))[0]),
        v=(held, lambda *f: round_of_steps(f[0](k), f[1](k))[1][-1]),
        y=(start, lambda *f: descent(f[2](k))),
    )
    claim = And(Ge(v(k), 0), Le(v(k), 9))
    given = t.suppose(claim)
    slack = {True: [v(k) / 1000, Rational(1071, 1000)], False: [(9 - v(k)) / 1000, Rational(7920, 1000)]}
    within = t.induct_from(
        claim,
        over=k,
        base=t.both(
            claim.subs(k, 0),
            [
                t.compare(part, held if part.rhs == 0 else 9 - held, because="0 <= s_0 <= 9")
                for part in claim.subs(k, 0).args
            ],
            because="as supposed of the start",
        ),
        step=given.both(
            claim.subs(k, k + 1),
            [
                given.compare(part, slack[part.rhs == 0], because="v' = v/1000 + 1.071")
                for part in claim.subs(k, k + 1).args
            ],
            because="a round leaves a thousandth of the average and adds 1.071",
        ),
        because="step by step",
    )
    first, second, third = round_of_steps(x(k), v(k))[1]
    gain = lambda share, cap, average: lr * share / (sqrt(cap) * sqrt(average) * (sqrt(cap) + sqrt(average)))  # noqa: E731
    caps = (Rational(81, 10), Rational(9, 5), Rational(27, 25))
    claim = t.state("Adam moves up by at least lr/2 a round", Ge(x(k), start + k * lr / 2))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="it starts there"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                x(k) - start - k * lr / 2,
                gain(3 * v(k) / 10, caps[0], first),
                gain((9 - v(k)) / 100, caps[1], second),
                gain((9 - v(k)) / 1000, caps[2], third),
                lr * (1 / sqrt(caps[1]) + 1 / sqrt(caps[2]) - 3 / sqrt(caps[0]) - HALF),
            ],
            using=[within],
            because="the averages are at least 8.1, at most 1.8 and at most 1.08, and 1/sqrt(1.8) + 1/sqrt(1.08) - "
            "3/sqrt(8.1) > 1/2",
        ),
        because="step by step",
    )
    t.induct(
        t.state("gradient descent moves down by lr a round", Eq(y(k), start - k * lr)),
        over=k,
        because="3 - 1 - 1 = 1, three times the mean slope",
    )


@theorem(
    "AMSGrad divides by the largest average so far: its rate never grows, and on the losses 3x, -x, -x every round "
    "moves down",
    covers=["003:no-theory-even-convex", "004:which-optimizer"],
    sources=[Source("003", "l.651-652", "no theoretical foundations, even in the convex case")],
)
def amsgrad_descends(t: Proof) -> None:
    """The setting of `adam_fails_on_cyclic_losses`: beta1 = 0, beta2 = 1/10, the correction has died out."""
    g, s, top = t.real("g"), t.nonnegative("v"), t.positive("largest")
    kept = following("amsgrad", theta=0, m=0, v=s, largest=top, g=g, lr=1, beta1=0, beta2=Rational(1, 10), eps=1, t=1)[
        3
    ]
    t.compare(t.state("the divisor never shrinks", Ge(kept, top)), kept - top, because="a maximum is at least its arms")
    lr, first, x = t.positive("lr"), t.positive("M"), t.real("x")
    second = first + t.nonnegative("a")
    third = second + t.nonnegative("b")
    after = x - lr * (3 / sqrt(first) - 1 / sqrt(second) - 1 / sqrt(third))
    loss = lambda top: lr * (top - first) / (sqrt(first) * sqrt(top) * (sqrt(first) + sqrt(top)))  # noqa: E731
    t.compare(
        t.state("a round moves down by at least lr/sqrt(M)", Le(after, x - lr / sqrt(first))),
        [loss(second), loss(third)],
        because="the gradients 3, -1, -1 are divided by roots that only grow: 3/r_1 - 1/r_2 - 1/r_3 >= 1/r_1",
    )


@theorem(
    "Weight decay: coupled (in the gradient) and decoupled (a factor on the weight) are one for gradient descent; "
    "Adam's first step hides the coupled decay, but for eps",
    covers=["002:decoupled-vs-l2-weight-decay"],
    sources=[Source("002", "(weight decay)", "x <- x - alpha (grad f(x) + lambda x)")],
)
def weight_decay_forms(t: Proof) -> None:
    """Adam divides the decay by the root of its own square: for eps = 0 the first step is lr with any decay."""
    n = t.size("n")
    k = t.integer("k", 0, n)
    lr, decay, start, eps = t.positive("lr"), t.positive("wd"), t.real("theta0"), t.positive("eps")
    beta1, beta2 = forgetting(t, "beta1"), forgetting(t, "beta2")
    g = t.vector("g", n + 1)
    x, y, z = t.recursion(
        k,
        x=(start, lambda *f: following("sgd", theta=f[0](k), g=g[k + 1], lr=lr, weight_decay=decay)[0]),
        y=(start, lambda *f: following("sgd", theta=(1 - lr * decay) * f[1](k), g=g[k + 1], lr=lr)[0]),
        z=(start, lambda *f: following("sgd", theta=f[2](k), g=g[k + 1] + decay * f[2](k), lr=lr)[0]),
    )
    t.induct(
        t.state("gradient descent: shrinking the weight is a term of the gradient", Eq(x(k), y(k))),
        t.state("which is that of the penalty wd theta^2 / 2", Eq(z(k), y(k))),
        over=k,
        because="theta - lr (g + wd theta) = (1 - lr wd) theta - lr g",
    )
    theta, gradient = t.positive("w h")
    names = dict(theta=theta, m=0, v=0, g=gradient, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, t=1)
    coupled, decoupled = following("adam", eps=eps, **names)[0], following("adamw", eps=eps, **names)[0]
    share = gradient + decay * theta
    t.equal(
        t.state("Adam's first step hides the coupled decay", Eq(theta - coupled, lr - lr * eps / (share + eps))),
        because="(g + wd theta)/(|g + wd theta| + eps): lr for every decay, but for eps",
    )
    t.equal(
        t.state(
            "the decoupled decay adds to it",
            Eq(theta - decoupled, lr - lr * eps / (gradient + eps) + lr * decay * theta),
        ),
        because="the decay never enters the quotient",
    )
    t.equal(
        t.state(
            "they differ by",
            Eq(coupled - decoupled, lr * decay * theta * (1 - eps / ((gradient + eps) * (share + eps)))),
        ),
        because="the difference of the two: at theta = g = 1 and eps = 0 it is lr wd",
    )


@theorem(
    "A rate of its own for each coordinate: 1/lambda_i lands on the minimum in one step, one rate for all leaves the "
    "flat one at least at 1 - 2 mu/L of its distance",
    covers=["001:per-coordinate-sensitivity"],
    sources=[Source("001", "l.360-363", "the cost is sensitive to some directions, insensitive to others")],
)
def per_coordinate_rates(t: Proof) -> None:
    """Stability of the steep coordinate caps the common rate at 2/L, and with it the progress of the flat one."""
    d, k = t.size("d"), t.time("k")
    j = t.index("j", d)
    curvature, start = t.vector("lambda", d, low=0, open=True), t.vector("x0", d)
    (x,) = t.recursion(
        k,
        x=((j,), start[j], lambda x: following("sgd", theta=x(j, k), g=curvature[j] * x(j, k), lr=1 / curvature[j])[0]),
    )
    t.equal(t.state("one step", Eq(x(j, k + 1), 0)), because="x_j - lambda_j x_j / lambda_j = 0")
    mu, gap = t.positive("mu"), t.nonnegative("gap")
    lr = t.real("lr", 0, 2 / (mu + gap), open=True)
    t.compare(
        t.state("the flat coordinate keeps more than 1 - 2 mu/L", Gt(1 - lr * mu, 1 - 2 * mu / (mu + gap))),
        mu * (2 / (mu + gap) - lr),
        because="lr < 2/L",
    )


@theorem(
    "Jacobs' rule: two successive gradients have one sign exactly if the rate is below 1/lambda, so agreement asks "
    "for a larger rate; a rate that is halved on agreement stalls at 1 - 2 lr_0 of the distance",
    covers=["001:delta-bar-delta-sign-rule"],
    sources=[
        Source("001", "l.364-365", "same sign: the learning rate decreases (printed); changed sign: it decreases")
    ],
)
def delta_bar_delta_sign_rule(t: Proof) -> None:
    """On lambda w^2/2: g_t g_(t+1) = lambda^2 w^2 (1 - lr lambda), and 1/lambda is the best rate."""
    k, lr, curvature, w = t.time("k"), t.positive("lr"), t.positive("lambda"), t.real("w", nonzero=True)
    (after,) = following("sgd", theta=w, g=curvature * w, lr=lr)
    product = expand(curvature * w * curvature * after)
    agreement, small = Gt(product, 0), Lt(lr, 1 / curvature)
    from_small = t.suppose(small).compare(
        agreement, curvature**3 * w**2 * (1 / curvature - lr), because="the product is lambda^2 w^2 (1 - lr lambda)"
    )
    from_agreement = t.suppose(agreement).compare(
        small, product / (curvature**3 * w**2), because="divided by lambda^3 w^2 > 0"
    )
    t.equal(
        t.state("product of two successive gradients", Eq(product, curvature**2 * w**2 * (1 - lr * curvature))),
        because="w' = (1 - lr lambda) w",
    )
    t.equivalent(
        t.state("gradients agree exactly if the rate is below 1/lambda", Equivalent(agreement, small)),
        [from_small, from_agreement],
        because="both ways",
    )
    first = t.real("lr0", 0, HALF)
    x, rate = t.recursion(
        k,
        x=(1, lambda x, rate: following("sgd", theta=x(k), g=x(k), lr=rate(k))[0]),
        rate=(first, lambda x, rate: rate(k) / 2),
    )
    left = 1 - 2 * first + 2 * rate(k)
    parts = [Ge(rate(k), 0), Le(x(k), 1), Ge(x(k), left)]
    bounds = t.state("halved on agreement the rate dies before the minimum", And(*parts))
    before = t.suppose(bounds)
    slack = [
        [rate(k) / 2],
        [1 - x(k), rate(k) * (x(k) - left), rate(k) * (1 - 2 * first), 2 * rate(k) ** 2],
        [x(k) - left, rate(k) * (1 - x(k))],
    ]
    t.induct_from(
        bounds,
        over=k,
        base=t.both(
            bounds.subs(k, 0),
            [t.compare(p.subs(k, 0), s, because="w_0 = 1") for p, s in zip(parts, (first, [0], [0]), strict=True)],
            because="all three",
        ),
        step=before.both(
            bounds.subs(k, k + 1),
            [
                before.compare(
                    p.subs(k, k + 1), s, because="w' = w - lr w >= w - lr, and the next rate is half as large"
                )
                for p, s in zip(parts, slack, strict=True)
            ],
            because="all three",
        ),
        because="step by step: all rates together are at most 2 lr_0",
    )


@misprint(
    "Where successive gradients agree the rate should grow: halving it leads away from the best rate",
    corrected="delta-bar-delta-sign-rule",
    covers=["001:delta-bar-delta-sign-rule"],
    sources=[Source("001", "l.364-365", "if the derivative keeps its sign, the learning rate should decrease")],
)
def delta_bar_delta_decreases(t: Proof) -> None:
    """lambda = 1, rate 1/2: the gradients agree, the best rate is 1, and the printed rule goes on to 1/4."""
    curvature = t.positive("lambda")
    lr = t.real("lr", 0, 1 / curvature, open=True)  # where successive gradients agree
    t.refute(
        Lt(Abs(1 / curvature - lr / 2), Abs(1 / curvature - lr)),
        {curvature: 1, lr: HALF},
        because="3/4 away from the best rate instead of 1/2",
    )


@theorem(
    "Gradient clipping g v / max(|g|, v): never longer than v, never longer than g, a descent direction, and nothing "
    "but v/|g| g where it acts",
    covers=["001:gradient-clipping"],
    sources=[Source("001", "l.222", "cliffs: use gradient clipping (no formula)")],
)
def gradient_clipping(t: Proof) -> None:
    """The same factor for all coordinates keeps the direction; clipping each coordinate alone is the case d = 1."""
    d = t.size("d")
    g, bound = t.vector("g", d, nonzero=True), t.positive("v")
    squared = total(d, lambda i: g[i] ** 2)
    length = sqrt(squared)
    largest = Max(length, bound)
    factor = bound / largest
    clipped = factor**2 * squared
    t.compare(
        t.state("never longer than v", Le(clipped, bound**2)),
        bound**2 * (largest - length) * (largest + length) / largest**2,
        because="max(|g|, v) >= |g|",
    )
    t.compare(
        t.state("never longer than g", Le(clipped, squared)),
        squared * (largest - bound) * (largest + bound) / largest**2,
        because="max(|g|, v) >= v",
    )
    t.compare(
        t.state("a descent direction", Gt(total(d, lambda i: g[i] * factor * g[i]), 0)),
        factor * squared,
        because="<g, clip(g)> is a positive multiple of |g|^2",
    )
    norm = t.positive("N")  # |g|
    scale = bound / Max(norm, bound)
    for name, premise, claim, reason in (
        ("short gradients stay", Le(norm, bound), Eq(scale, 1), "max(|g|, v) = v: so clipping twice is clipping once"),
        ("long ones get the length v", Ge(norm, bound), Eq(norm * scale, bound), "max(|g|, v) = |g|"),
    ):
        shown = t.suppose(premise).equal(claim, because=reason)
        t.implies(t.state(name, Implies(premise, claim)), shown, because="as supposed")


if __name__ == "__main__":
    from .writing import print_topic

    print_topic("adaptive")
