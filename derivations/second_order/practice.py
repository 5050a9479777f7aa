"""Practice: what can be proved of the program listings and habits of the slides."""

from __future__ import annotations

from sympy import Abs, Derivative, Integer, Integral, KroneckerDelta, Max, Rational, Symbol, exp, sqrt, tanh

from ..kernel import (
    Eq,
    Expectation,
    Ge,
    Gt,
    Le,
    Lt,
    Proof,
    Source,
    bernoulli,
    gaussian,
    misprint,
    remark,
    theorem,
    total,
)
from ..update_rules import following

HALF = Rational(1, 2)


@theorem(
    "The update-to-weight ratio of gradient descent on a quadratic lies between lr lambda_min and lr lambda_max; for "
    "scale-invariant weights a step multiplies |W|^2 by 1 + ratio^2",
    covers=["004:update-to-weight-ratio"],
    sources=[Source("004", "l.69-78", "ratio = |eta grad_W J| / |W|, about 1e-3")],
)
def update_to_weight_ratio(t: Proof) -> None:
    """J = 1/2 sum lambda_i w_i^2: the ratio reads the curvature along the weights, in units of 1/lr."""
    d = t.size("d")
    mu, gap, lr = t.positive("mu"), t.nonnegative("gap"), t.positive("lr")
    u, w, g = t.vector("u", d, low=0, high=1), t.vector("w", d), t.vector("g", d)
    curvature = lambda i: mu + gap * u[i]  # noqa: E731
    update = lambda i: following("sgd", theta=w[i], g=curvature(i) * w[i], lr=lr)[0] - w[i]  # noqa: E731
    size, moved = total(d, lambda i: w[i] ** 2), total(d, lambda i: update(i) ** 2)
    t.compare(
        t.state("at least lr lambda_min", Ge(moved, (lr * mu) ** 2 * size)),
        lr**2 * total(d, lambda i: gap * u[i] * (2 * mu + gap * u[i]) * w[i] ** 2),
        because="lambda_i >= lambda_min, coordinate by coordinate",
    )
    t.compare(
        t.state("at most lr lambda_max", Le(moved, (lr * (mu + gap)) ** 2 * size)),
        lr**2 * total(d, lambda i: gap * (1 - u[i]) * (mu + gap + curvature(i)) * w[i] ** 2),
        because="lambda_i <= lambda_max, coordinate by coordinate",
    )
    along = total(d, lambda i: w[i] * g[i])
    across = lambda i: size * g[i] - along * w[i]  # noqa: E731 - any vector orthogonal to w
    t.equal(
        t.state(
            "a step across the weights makes them longer",
            Eq(
                total(d, lambda i: following("sgd", theta=w[i], g=across(i), lr=lr)[0] ** 2),
                size + total(d, lambda i: (lr * across(i)) ** 2),
            ),
        ),
        because="Pythagoras: the gradient of a loss that does not depend on the scale of w is orthogonal to w",
    )


@theorem(
    "Batch, minibatch, online: the minibatch gradients of an epoch average to the full gradient for every batch size, "
    "and their spread is what the spread inside the batches leaves of that of the examples",
    covers=["003:batch-terminology"],
    sources=[Source("003", "l.321, 541, 546", "batch learning (1 < m < n); on-line gradient descent (m = 1)")],
)
def batch_terminology(t: Proof) -> None:
    """q batches of m examples: q = 1 is the full gradient (spread 0), m = 1 the online one (nothing is left inside)."""
    batches, m = t.size("q"), t.size("m")
    g = t.vector("g", batches, m)
    full = total(batches, lambda b: total(m, lambda i: g[b, i])) / (batches * m)
    batch = lambda b: total(m, lambda i: g[b, i]) / m  # noqa: E731
    t.equal(
        t.state("the mean of the minibatch gradients", Eq(total(batches, batch) / batches, full)),
        because="all batches have the same size, so no example counts twice",
    )
    inside = total(batches, lambda b: total(m, lambda i: (g[b, i] - batch(b)) ** 2)) / (batches * m)
    between = total(batches, lambda b: (batch(b) - full) ** 2) / batches
    t.equal(
        t.state(
            "the spread of the examples is that of the batches and that inside them",
            Eq(total(batches, lambda b: total(m, lambda i: (g[b, i] - full) ** 2)) / (batches * m), between + inside),
        ),
        because="the deviations inside a batch add up to 0, so the cross term vanishes",
    )


@theorem(
    "A linear output layer with squared error is a convex problem; tanh misses a target 2 by more than 1, and ReLU a "
    "target -1 by at least 1",
    covers=["000:linear-output-for-regression"],
    sources=[Source("000", "l.147-155", "model.add(Dense(d)) without an activation, loss mse")],
)
def linear_output_layer(t: Proof) -> None:
    """Features h, weights w, bias b, targets y of n examples: J = sum_i (w'h_i + b - y_i)^2."""
    n, d = t.size("n"), t.size("d")
    h, y, w, v, b = t.vector("h", n, d), t.vector("y", n), t.vector("w", d), t.vector("v", d), t.real("b")
    output = lambda i, w, b: total(d, lambda k: w[k] * h[i, k]) + b  # noqa: E731
    loss = lambda w: total(n, lambda i: (output(i, w, b) - y[i]) ** 2)  # noqa: E731
    slope = lambda k: 2 * total(n, lambda i: (output(i, w, b) - y[i]) * h[i, k])  # noqa: E731
    shifted = total(n, lambda i: (output(i, w, b) + total(d, lambda k: v[k] * h[i, k]) - y[i]) ** 2)
    linear, square = total(d, lambda k: v[k] * slope(k)), total(n, lambda i: total(d, lambda k: v[k] * h[i, k]) ** 2)
    t.equal(
        t.state("a change v of the weights: the gradient, and a square", Eq(shifted, loss(w) + linear + square)),
        because="the output changes by v'h; so the gradient is 2 sum_i (output_i - y_i) h_i, 0 in the normal equations",
    )
    t.compare(
        t.state("convex: the loss lies above its tangent planes", Ge(shifted, loss(w) + linear)),
        square,
        because="the remainder is the square of the change of the output",
    )
    z = t.real("z")
    tanh = 1 - 2 / (exp(2 * z) + 1)
    t.compare(
        t.state("tanh misses the target 2", Gt((2 - tanh) ** 2, 1)),
        [4 / (exp(2 * z) + 1), 4 / (exp(2 * z) + 1) ** 2],
        because="tanh z < 1",
    )
    t.compare(
        t.state("ReLU misses the target -1", Ge((Max(0, z) + 1) ** 2, 1)),
        [Max(0, z) ** 2, 2 * Max(0, z)],
        because="ReLU is not negative, and where it is 0 its gradient is 0 too",
    )


@misprint(
    "The encoded labels are stored under another name than the one that the model is fitted to",
    corrected="categorical-cross-entropy",
    covers=["000:keras-cce-snippet"],
    sources=[Source("000", "l.194-203", "y_train = to_categorical(y_train, nb_classes); model.fit(X_train, Y_train)")],
)
def undefined_label_array(t: Proof) -> None:
    """A program that defines y_train and reads Y_train."""
    n = t.size("n")
    y_train = t.vector("y_train", n)
    t.undefined(
        total(n, lambda i: y_train[i] - Symbol("Y_train")), {n: 1, y_train: [1]}, because="the name is bound nowhere"
    )


@theorem(
    "Keras' penalties: the activity penalty is a mean over the batch, so that repeating the batch changes nothing; a "
    "weight penalty l2(a) has the gradient 2 a w",
    covers=["000:keras-layer-regularizers"],
    sources=[
        Source(
            "000", "l.455-465", "kernel_regularizer=l2(0.01), bias_regularizer=l2(0.01), activity_regularizer=l1(0.1)"
        )
    ],
)
def layer_regularizers(t: Proof) -> None:
    """Without the division the strength of the penalty would grow with the batch; l2 has no factor 1/2."""
    n, d = t.size("n"), t.size("d")
    h, w, rate, j = t.vector("h", n), t.vector("w", d), t.positive("a"), t.index("j", d)
    once = total(n, lambda i: Abs(h[i]))
    t.equal(
        t.state("a batch seen twice", Eq(total(2, lambda _: once) / (2 * n), once / n)),
        because="twice the sum over twice the examples",
    )
    t.equal(
        t.state(
            "gradient of the weight penalty",
            Eq(Derivative(rate * total(d, lambda i: w[i] ** 2), w[j]), 2 * rate * w[j]),
        ),
        because="only the j-th square depends on w_j",
    )


@theorem(
    "Glorot's uniform and normal initializers have the same variance 2/(n_in + n_out) and differ from the fourth "
    "moment on: 9/5 against 3 variances squared",
    covers=["000:keras-default-initializer"],
    sources=[Source("000", "l.909", "the default initializer of Keras (glorot_uniform); the slide shows the Gaussian")],
)
def glorot_default(t: Proof) -> None:
    """Uniform on [-a, a] with a^2 = 6/(n_in + n_out), the default; normal with the same variance, the one displayed."""
    fan_in, fan_out = t.size("n_in"), t.size("n_out")
    variance = 2 / (fan_in + fan_out)
    a, z = sqrt(6 / (fan_in + fan_out)), Symbol("z", real=True)
    uniform = lambda power: Integral(z**power / (2 * a), (z, -a, a))  # noqa: E731
    normal = t.random("w", gaussian(0, lambda i, j: variance * KroneckerDelta(i, j), [fan_in]))
    i = t.index("i", fan_in)
    t.equal(t.state("variance of the uniform law", Eq(uniform(2), variance)), because="a^2/3")
    t.equal(
        t.state("fourth moment of the uniform law", Eq(uniform(4), Rational(9, 5) * variance**2)),
        because="a^4/5 = 9/5 (a^2/3)^2",
    )
    t.expectation(
        t.state("fourth moment of the normal law", Eq(Expectation(normal[i] ** 4), 3 * variance**2)),
        because="three pairings of four factors",
    )


@theorem(
    "A fresh batch-normalization layer (gamma = 1, beta = 0) returns the normalized batch: mean 0, variance v/(v + "
    "eps); its moving averages forget their start like momentum^k",
    covers=["000:keras-batchnorm-snippet"],
    sources=[Source("000", "l.957-962", "model.add(BatchNormalization())")],
)
def fresh_batch_norm(t: Proof) -> None:
    """Keras' defaults are eps = 1e-3 and momentum 0.99: after 100 batches a third of the start is still there."""
    n, k = t.size("n"), t.time("k")
    x, eps, keep, start, fed = t.vector("x", n), t.positive("eps"), t.real("momentum", 0, 1), t.real("m0"), t.real("mu")
    mean = total(n, lambda i: x[i]) / n
    variance = total(n, lambda i: (x[i] - mean) ** 2) / n
    out = lambda i: (x[i] - mean) / sqrt(variance + eps)  # noqa: E731
    t.equal(t.state("mean of the output", Eq(total(n, out), 0)), because="the deviations from the mean add up to 0")
    t.equal(
        t.state("variance of the output", Eq(total(n, lambda i: out(i) ** 2) / n, variance / (variance + eps))),
        because="the constant under the root keeps it below 1",
    )
    (average,) = t.recursion(k, average=(start, lambda m: keep * m(k) + (1 - keep) * fed))
    t.induct(
        t.state("moving average", Eq(average(k), fed + keep**k * (start - fed))),
        over=k,
        because="each batch replaces the share 1 - momentum of the average",
    )


@theorem(
    "Dense then Activation is Dense with that activation: the gradient is the same for tanh and for ReLU",
    covers=["000:keras-activation-forms-equal"],
    sources=[
        Source("000", "l.49-51, 70-79", "Dense(n), Activation('relu') or Dense(n, activation='relu'); likewise tanh")
    ],
)
def activation_forms(t: Proof) -> None:
    """Two layers: the gradient of the activation at z, then that of the affine map. One layer: the chain rule at
    once.
    """
    d = t.size("d")
    j = t.index("j", d)
    w, x, b, z = t.vector("w", d), t.vector("x", d), t.real("b"), t.real("z")
    affine = total(d, lambda i: w[i] * x[i]) + b
    fused = tanh(affine)
    t.equal(
        t.state(
            "tanh: the gradient in two layers is that in one",
            Eq((1 - tanh(affine) ** 2) * Derivative(affine, w[j]), Derivative(fused, w[j])),
        ),
        because="tanh' = 1 - tanh^2, at the preactivation",
    )
    t.equal(t.state("slope of tanh", Eq(Derivative(tanh(z), z), 1 - tanh(z) ** 2)), because="the quotient rule")
    weight, signal = t.real("w_j x_j")  # the preactivation as a function of one weight: w_j x_j + r
    above, below = t.real("r", low=-weight * signal, open=True), t.real("r_", high=-weight * signal, open=True)
    for name, rest, slope in (("active", above, signal), ("inactive", below, Integer(0))):
        t.equal(
            t.state(f"ReLU, {name}", Eq(Derivative(Max(0, weight * signal + rest), weight), slope)),
            because="ReLU is the identity where it is active, 0 where it is not",
        )


@theorem(
    "Dropout(p) drops the fraction p: on average it keeps 1 - p of the units, so the factor that restores the mean is "
    "1/(1 - p), and 2 only for p = 1/2",
    covers=["000:dropout-rate-in-practice"],
    sources=[Source("000", "l.543-551", "Dropout(0.25)"), Source("000", "l.594-596", "the factor 1/2")],
)
def dropout_rate(t: Proof) -> None:
    """The mask is 1 with probability 1 - p for each of n units."""
    n, p = t.size("n"), t.real("p", 0, 1)
    t.assume(Lt(p, 1))
    mask, x = t.random("mu", bernoulli(1 - p, [n])), t.vector("x", n)
    kept = total(n, lambda i: mask[i]) / n
    t.expectation(t.state("share of units kept", Eq(Expectation(kept), 1 - p)), because="each is kept with 1 - p")
    t.expectation(
        t.state("variance of the share", Eq(Expectation(kept**2) - Expectation(kept) ** 2, p * (1 - p) / n)),
        because="independent units: the share of a large layer hardly varies",
    )
    summed = total(n, lambda i: mask[i] * x[i])
    t.expectation(
        t.state("the mean is restored by 1/(1 - p)", Eq(Expectation(summed) / (1 - p), total(n, lambda i: x[i]))),
        because="expectation is linear",
    )
    t.expectation(
        t.state(
            "by 2 it is off by",
            Eq(2 * Expectation(summed) - total(n, lambda i: x[i]), (1 - 2 * p) * total(n, lambda i: x[i])),
        ),
        because="half the units are dropped only for p = 1/2",
    )


@theorem(
    "Where another unit is better than ReLU: |x| is one absolute-value unit or two ReLUs, and any single monotone "
    "unit misses it at -1, 0, 1 by at least 1/2 in squares",
    covers=["000:relu-variants-sometimes-better"],
    sources=[Source("000", "l.85", "these variants sometimes perform better than ReLU")],
)
def absolute_value_unit(t: Proof) -> None:
    """A ReLU of an affine function of x, times any factor, plus any constant, is monotone: values a <= b <= c, or
    falling.
    """
    x, middle, rise, more = t.real("x"), t.real("m"), t.nonnegative("r"), t.nonnegative("q")
    t.equal(t.state("two ReLUs", Eq(Max(0, x) + Max(0, -x), Abs(x))), because="one of the two is 0")
    missed = lambda left, right: (left - 1) ** 2 + middle**2 + (right - 1) ** 2  # noqa: E731
    for name, left, right in (("rising", middle - rise, middle + more), ("falling", middle + more, middle - rise)):
        t.compare(
            t.state(f"a {name} unit", Ge(missed(left, right), HALF)),
            [(2 * middle - rise - 1) ** 2 / 2, rise * (rise + 2) / 2, (middle + more - 1) ** 2],
            because="the value at 0 is at least that at one end, where 1 is wanted: (1 - u)^2 + m^2 >= 1/2 for u <= m",
        )


remark(
    "course-recap",
    "Recap of a deck: stochasticity, momentum, adaptive methods, weight decay, dropout",
    why="a table of contents; every item is a theorem elsewhere",
    topic="second_order",
    covers=["002:recap-slide"],
)


remark(
    "cat-experiments",
    "Hubel and Wiesel's experiments, 1959 and 1962, Nobel prize 1981 (the heading says 1968)",
    why="history of physiology",
    topic="convnets",
    covers=["004:history-remarks"],
)
