"""Where the rules lead: convex rates, saddles, and the cyclic losses on which Adam fails and AMSGrad does not."""

from __future__ import annotations

from typing import Any

from sympy import And, Min, Rational, sqrt

from ..kernel import Eq, Ge, Gt, Le, Proof, Source, misprint, theorem, total
from ..update_rules import following
from .adagrad import move
from .rmsprop import forgetting

HALF = Rational(1, 2)


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
