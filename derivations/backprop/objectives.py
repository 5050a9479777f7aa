"""What is descended on: the log-likelihood with its score, and the squared error."""

from __future__ import annotations

from sympy import Derivative, KroneckerDelta, Rational, exp, log, pi

from ..kernel import Eq, Le, Proof, Source, misprint, theorem, total

DECK = "003"
HALF = Rational(1, 2)


@theorem(
    "The gradient of the mean log-likelihood is the mean score, the score has mean 0 under the model, and a "
    "Gaussian loss descends along it",
    covers=["001:log-likelihood-gradient-is-expectation", "000:empirical-risk-gradient-linearity"],
    sources=[
        Source("001", "l.71-73", "grad_theta J(theta) = E grad_theta log p(x, y; theta)"),
        Source("000", "l.707-709", "grad_theta J = 1/n sum_i grad_theta J_i"),
    ],
)
def score_and_log_likelihood_gradient(t: Proof) -> None:
    """l(x, theta) is the log-likelihood of one example, any smooth function; softmax and Gaussian are examples."""
    n, classes = t.size("n"), t.size("K")
    x, theta, loglik = t.vector("x", n), t.real("theta"), t.function("l", 2)
    score = lambda v: loglik(v, theta).fdiff(2)  # noqa: E731
    mean = total(n, lambda i: loglik(x[i], theta)) / n
    t.equal(
        t.state("mean score", Eq(Derivative(mean, theta), total(n, lambda i: score(x[i])) / n)),
        because="differentiation is linear: the gradient of a mean is the mean of the gradients",
    )
    t.equal(
        t.state(
            "the loss has the opposite gradient", Eq(Derivative(-mean, theta), -total(n, lambda i: score(x[i])) / n)
        ),
        because=(
            "the loss is the negative log-likelihood: its descent direction is the ascent direction of the likelihood"
        ),
    )
    a = t.vector("a", classes)
    i, y = t.index("i", classes), t.index("y", classes)
    normalizer = total(classes, lambda k: exp(a[k]))
    f = lambda k: exp(a[k]) / normalizer  # noqa: E731
    t.equal(
        t.state("softmax score", Eq(Derivative(log(f(y)), a[i]), KroneckerDelta(i, y) - f(i))),
        because="target minus prediction",
    )
    t.equal(
        t.state("mean 0 under the model", Eq(total(classes, lambda c: f(c) * (KroneckerDelta(i, c) - f(i))), 0)),
        because="the mean of the one-hot vector is f: at the true parameters no direction is better on average",
    )
    point, step = t.real("z"), t.real("eta", 0, 1, open=True)
    normal = lambda m: HALF * (point - m) ** 2 + log(2 * pi) / 2  # noqa: E731
    ascent = theta + step * (point - theta)
    t.compare(
        t.state("the loss descends", Le(normal(ascent), normal(theta))),
        HALF * step * (2 - step) * (point - theta) ** 2,
        because="N(theta, 1) at one point z: the score z - theta leads towards z",
    )


@misprint(
    "Gradient descent on a loss must not step along the negative gradient of the log-likelihood",
    corrected="score-and-log-likelihood-gradient",
    covers=["001:log-likelihood-gradient-is-expectation"],
    sources=[
        Source("001", "l.71-73, l.235", "grad_theta = E grad_theta log p(x, y; theta); theta <- theta - epsilon g")
    ],
)
def descent_on_the_log_likelihood(t: Proof) -> None:
    """N(theta, 1) with one point x = 1 and theta = 0: the printed gradient is +1, and the step goes to -1/2."""
    x, theta, step = t.real("x"), t.real("theta"), t.positive("epsilon")
    loss = lambda m: HALF * (x - m) ** 2  # noqa: E731 - -log p up to a constant
    printed = x - theta  # grad log p
    t.refute(
        Le(loss(theta - step * printed), loss(theta)),
        {x: 1, theta: 0, step: HALF},
        because=(
            "the loss grows from 1/2 to 9/8: the operator grad_theta was printed without the J it acts "
            "on, and with J's sign"
        ),
    )


@theorem(
    "For the squared error the backward pass starts with 2 (f - y), through an elementwise output psi with 2 "
    "psi'(a) (f - y)",
    covers=["003:regression-backprop-exercise"],
    sources=[Source(DECK, "l.499-509", "exercise: the backpropagation equations for the regression")],
)
def squared_error_backpropagation(t: Proof) -> None:
    """Only the first line of the backward pass knows the loss; everything below it is the same."""
    outputs, hidden = t.size("K"), t.size("n")
    psi, phi = t.function("psi"), t.function("phi")
    a, y = t.vector("a", outputs), t.vector("y", outputs)
    i, j, r = t.index("i", outputs), t.index("j", hidden), t.index("r", outputs)
    linear = total(outputs, lambda k: (y[k] - a[k]) ** 2)
    t.equal(t.state("identity output", Eq(Derivative(linear, a[i]), 2 * (a[i] - y[i]))), because="one square has a_i")
    curved = total(outputs, lambda k: (y[k] - psi(a[k])) ** 2)
    t.equal(
        t.state("elementwise output", Eq(Derivative(curved, a[i]), 2 * psi(a[i]).fdiff() * (psi(a[i]) - y[i]))),
        because="the chain rule through psi",
    )
    v, c, z = t.vector("V", outputs, hidden), t.vector("c", outputs), t.vector("z", hidden)
    f = lambda k: total(hidden, lambda m: v[k, m] * phi(z[m])) + c[k]  # noqa: E731
    loss = total(outputs, lambda k: (y[k] - f(k)) ** 2)
    start = lambda k: 2 * (f(k) - y[k])  # noqa: E731
    t.equal(t.state("bias", Eq(Derivative(loss, c[r]), start(r))), because="equation (1) with 2 (f - y)")
    t.equal(
        t.state("weights", Eq(Derivative(loss, v[r, j]), start(r) * phi(z[j]))), because="equation (2) with 2 (f - y)"
    )
    back = total(outputs, lambda k: v[k, j] * start(k)) * phi(z[j]).fdiff()
    t.equal(t.state("hidden layer", Eq(Derivative(loss, z[j]), back)), because="through V and phi', as for any loss")
