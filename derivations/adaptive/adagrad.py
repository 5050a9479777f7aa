"""AdaGrad: the sum of all squared gradients, its step bound, its regret, and a rate that need not vanish."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Expr, Max, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem, total
from ..update_rules import following


def move(rule: str, **values: Any) -> Expr:
    """What the rule subtracts from the parameter: lr times the preconditioned gradient."""
    return -following(rule, theta=0, **values)[0]


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
    """2 sqrt(T + 1) - 2 < 1 + 1/sqrt(2) + ... + 1/sqrt(T) < 2 sqrt(T), times lr."""
    steps, lr = t.size("T"), t.positive("lr_T")
    way = lr * total(steps, lambda i: 1 / sqrt(i))
    here, after, beyond = sqrt(steps), sqrt(steps + 1), sqrt(steps + 2)
    for name, claim, first, gain in (
        ("at most 2 lr sqrt(T)", Lt(way, 2 * lr * here), lr, lr * (after - here) ** 2 / after),
        (
            "at least 2 lr (sqrt(T + 1) - 1)",
            Gt(way, 2 * lr * (after - 1)),
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
    "AdaGrad's sum g_k^2 / sqrt(s_k) is at most 2 sqrt(s_T), and its regret on convex losses less than (D^2/(2 "
    "lr) + lr) sqrt(s_T) a coordinate",
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
    claim = t.state("the root of s is positive", Gt(root(k), 0))
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
    claim = t.state("which is no more than twice that sum", Ge(lemma(k), now - first))
    t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), [0], because="nothing is added yet"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [lemma(k) - (now - first), g[k + 1] ** 2 / (after + now) * now / after],
            using=[positive],
            because="g^2/S' - (S' - S) = (S' - S) S/S'",
        ),
        because="step by step",
    )
    claim = Lt(regret(k) + now * x(k) ** 2 / (2 * lr), largest(k) * now / (2 * lr) + lr * now)
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
        t.state("regret", Lt(regret(k), (largest(k) / (2 * lr) + lr) * now)),
        [claim.rhs - claim.lhs, now * x(k) ** 2 / (2 * lr)],
        using=[positive, bounded],
        because="drop the last distance; f_k(theta_k) - f_k(u) <= g_(k+1) x_k by convexity, coordinate by coordinate",
    )
    claim = Ge(regret(k) + now * x(k) ** 2 / (2 * lr), 0)
    floor = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), first * start**2 / (2 * lr), because="R_0 = 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [claim.lhs, g[k + 1] ** 2 / (after + now) * x(k) ** 2 / (2 * lr), lr * g[k + 1] ** 2 / (2 * after)],
            using=[positive],
            because="the same telescope, whose terms besides g x are not negative: S' >= S",
        ),
        because="step by step",
    )
    claim = Ge(regret(k), -largest(k) * now / (2 * lr))
    t.compare(
        t.state("the sum of g x from below", claim),
        [regret(k) + now * x(k) ** 2 / (2 * lr), now * (largest(k) - x(k) ** 2) / (2 * lr)],
        using=[positive, within, floor],
        because="x^2 is at most the largest squared error",
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
    slow = t.compare(
        Ge(root, lr),
        [part / (root + lr) for part in (s(k) - start**2, (start - lr) * (start + lr))],
        using=[large, positive],
        because="s >= x_0^2 >= lr^2",
    )
    share, rest = lr / root, (root - lr) / root
    claim = Lt(root, bound)
    below = t.induct_from(
        claim,
        over=k,
        base=t.compare(claim.subs(k, 0), start**2 / (4 * lr), because="x_0 > 0"),
        step=t.suppose(claim).compare(
            claim.subs(k, k + 1),
            [
                (bound - root) * share**2 * (1 + rest) ** 2,
                (bound - root) * rest**3 * (1 + share),
                2 * share * rest**2 * (bound - root - x(k) ** 2 / (4 * lr)),
                (after - root) ** 2 / (2 * root),
            ],
            using=[positive, later, slow, capped],
            because="x' = x (1 - u) with u = lr/sqrt(s): of what is left to the bound, at least x^2/(4 lr), a step "
            "takes the share 2 u (1 - u)^2 < 1 at most",
        ),
        because="step by step",
    )
    t.compare(
        t.state("the rate stays above", Gt(lr / root, lr / bound)),
        lr * (bound - root) / (bound * root),
        using=[positive, below],
        because="sqrt(s) < x_0 + x_0^2/(4 lr): for x_0 = 1, lr = 1/2 the rate stays above 1/3 for ever",
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
