"""A learning rate of its own for each coordinate, and Jacobs' rule for finding it."""

from __future__ import annotations

from sympy import Abs, And, Equivalent, Rational, expand

from ..kernel import Eq, Ge, Gt, Le, Lt, Proof, Source, misprint, theorem
from ..update_rules import following

HALF = Rational(1, 2)


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
    rate = t.vector("r", d)
    (x,) = t.recursion(
        k,
        x=((j,), start[j], lambda x: following("sgd", theta=x(j, k), g=curvature[j] * x(j, k), lr=rate[j])[0]),
    )
    t.induct(
        t.state("k steps", Eq(x(j, k), (1 - rate[j] * curvature[j]) ** k * start[j])),
        over=k,
        because="each coordinate shrinks by its own 1 - r_j lambda_j: by 0 for r_j = 1/lambda_j",
    )
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
