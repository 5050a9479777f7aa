"""Laws of stochastic gradients: estimates enumerated over every draw, epochs, noise floors, and single steps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from backproof.derivations import oracle
from backproof.reference.architecture import perceptron

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import EPS, magnitudes, seeds

EXAMPLES = 10  # of the laws that draw
RATES = magnitudes(1e-3, 1.0)
POINTS = st.integers(-300, 300).map(lambda i: i / 100)
SIZE = 200.0  # of the squared residuals and gradients that `regression` draws, generously


def regression(seed: int, n: int, features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs `(n, features)`, targets `(n,)` and theta, weights and a bias, `(features + 1,)`; entries within 2."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-2, 2, (n, features)), rng.uniform(-2, 2, n), rng.uniform(-2, 2, features + 1)


def with_ones(x: np.ndarray) -> np.ndarray:
    """The inputs with a column of ones, whose weight is the bias."""
    return np.column_stack([x, np.ones(len(x))])


def batch_gradients(backend: Backend, x: np.ndarray, y: np.ndarray, theta: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """The reference's gradients of half the mean squared error on each row of indices, `(rows, features + 1)`."""
    network = perceptron((x.shape[1], 1))
    fleet = np.broadcast_to(theta, (len(picks), len(theta))).copy()
    arrays = (backend.asarray(a) for a in (fleet, x[picks], y[picks][..., None]))
    return backend.to_numpy(backend.backprop.loss_and_gradient(network, *arrays, loss="squared_error")[1]) / 2


def single_gradients(x: np.ndarray, y: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """The gradients of half of each example's squared error, `(n, features + 1)`."""
    ones = with_ones(x)
    return (ones @ theta - y)[:, None] * ones


def walk(backend: Backend, start: Any, gradient: Any, steps: int, lr: float) -> np.ndarray:
    """The iterates of `sgd_step` on gradient(theta, step), `(steps + 1, ...)`."""
    theta, state = backend.asarray(start), None
    path = [backend.to_numpy(theta).copy()]
    for step in range(steps):
        theta, state = backend.stochastic.sgd_step(theta, backend.asarray(gradient(path[-1], step)), state, lr=lr)
        path.append(backend.to_numpy(theta).copy())
    return np.array(path)


def means_and_variances(gradients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = gradients.mean(axis=0)
    return mean, ((gradients - mean) ** 2).mean(axis=0)


@law("minibatch-variance")
@given(seeds(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))
def test_over_all_draws_with_replacement_a_batch_has_the_mean_and_a_bth_of_the_variance(
    backend: Backend, seed: int, n: int, b: int, features: int
) -> None:
    x, y, theta = regression(seed, n, features)
    draws = np.array(list(itertools.product(range(n), repeat=b)))
    mean, variance = means_and_variances(batch_gradients(backend, x, y, theta, draws))
    for j, g in enumerate(single_gradients(x, y, theta).T):
        unbiased = float(oracle("minibatch-variance", "unbiased with replacement").float64(g=g))
        spread = float(oracle("minibatch-variance", "variance with replacement").float64(g=g, b=b))
        assert abs(mean[j] - unbiased) <= 8 * (len(draws) + features) * EPS * SIZE
        assert abs(variance[j] - spread) <= 16 * (len(draws) + features) * EPS * SIZE**2


@law("minibatch-variance-without-replacement")
@given(seeds(), st.integers(2, 7), st.integers(1, 7), st.integers(1, 2))
def test_over_all_subsets_a_batch_has_the_mean_and_the_corrected_variance(
    backend: Backend, seed: int, n: int, m: int, features: int
) -> None:
    m = min(m, n)
    x, y, theta = regression(seed, n, features)
    draws = np.array(list(itertools.combinations(range(n), m)))
    mean, variance = means_and_variances(batch_gradients(backend, x, y, theta, draws))
    theorem = "minibatch-variance-without-replacement"
    for j, g in enumerate(single_gradients(x, y, theta).T):
        unbiased = float(oracle(theorem, "unbiased without replacement").float64(g=g))
        spread = float(oracle(theorem, "variance without replacement").float64(g=g, m=m))
        assert abs(mean[j] - unbiased) <= 8 * (len(draws) + features) * EPS * SIZE
        assert abs(variance[j] - spread) <= 16 * (len(draws) + features) * EPS * SIZE**2


@law("minibatch-variance-without-replacement")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(2, 5), st.integers(1, 5))
def test_an_example_is_in_the_first_batch_with_probability_m_over_n(
    backend: Backend, seed: int, n: int, m: int
) -> None:
    """Exact binomial tests, 1e-9 over all; with 1000 epochs a probability that is off by 0.15 is found (power 0.99)."""
    m, epochs, rng = min(m, n), 1000, np.random.default_rng(seed)
    counts = np.zeros(n)
    for _ in range(epochs):
        batch = backend.to_numpy(next(iter(backend.stochastic.minibatches(n, m, rng))))
        assert len(set(batch.tolist())) == m
        counts[batch] += 1
    claim = oracle("minibatch-variance-without-replacement", "an example is drawn with probability m/n")
    chance = float(claim.float64(m=m, n=n))
    for count in counts:
        assert scipy.stats.binomtest(int(count), epochs, chance).pvalue >= FALSE_ALARM / (EXAMPLES * n)


@law("single-sample-gradient")
@given(seeds(), st.integers(1, 6), st.integers(1, 3))
def test_one_examples_gradient_is_unbiased_with_the_proved_second_moment(
    backend: Backend, seed: int, n: int, features: int
) -> None:
    x, y, theta = regression(seed, n, features)
    singles = batch_gradients(backend, x, y, theta, np.arange(n)[:, None])
    full = batch_gradients(backend, x, y, theta, np.arange(n)[None])[0]
    g = single_gradients(x, y, theta)
    unbiased = oracle("single-sample-gradient", "unbiased given the iterate").float64(g=g)
    moment = float(oracle("single-sample-gradient", "second moment").float64(g=g))
    assert np.abs(singles.mean(axis=0) - unbiased).max() <= 8 * (n + features) * EPS * SIZE
    assert np.abs(full - unbiased).max() <= 8 * (n + features) * EPS * SIZE
    assert abs((singles**2).sum(axis=1).mean() - moment) <= 16 * (n + features) * EPS * SIZE**2


@law("single-sample-gradient")
@given(seeds(), st.integers(1, 6), st.integers(1, 5))
def test_copies_of_the_data_leave_the_gradient_as_it_is(backend: Backend, seed: int, n: int, r: int) -> None:
    x, y, theta = regression(seed, n, 2)
    copies = batch_gradients(backend, x, y, theta, np.tile(np.arange(n), r)[None])[0]
    expected = oracle("single-sample-gradient", "copies change nothing").float64(g=single_gradients(x, y, theta), r=r)
    assert np.abs(copies - expected).max() <= 8 * (n * r + 2) * EPS * SIZE


@law("variance-reduced-gradient")
@given(seeds(), st.integers(1, 6), st.integers(1, 3))
def test_a_control_variate_leaves_the_mean_and_the_variance_of_the_differences(
    backend: Backend, seed: int, n: int, features: int
) -> None:
    x, y, theta = regression(seed, n, features)
    old = theta + np.random.default_rng(seed + 1).uniform(-0.1, 0.1, len(theta))
    each, whole = np.arange(n)[:, None], np.arange(n)[None]
    reduced = batch_gradients(backend, x, y, theta, each) - batch_gradients(backend, x, y, old, each)
    mean, variance = means_and_variances(reduced + batch_gradients(backend, x, y, old, whole))
    now, before = single_gradients(x, y, theta), single_gradients(x, y, old)
    for j in range(features + 1):
        arguments = {"g": now[:, j], "g_old": before[:, j]}
        assert abs(mean[j] - float(oracle("variance-reduced-gradient", "unbiased").float64(**arguments))) <= (
            16 * (n + features) * EPS * SIZE
        )
        spread = float(oracle("variance-reduced-gradient", "variance").float64(**arguments))
        assert abs(variance[j] - spread) <= 32 * (n + features) * EPS * SIZE**2


@law("fresh-examples-follow-the-risk")
@given(seeds(), st.integers(1, 4), st.integers(1, 2))
def test_the_gradient_of_data_with_repetitions_is_that_of_the_risk(
    backend: Backend, seed: int, n: int, features: int
) -> None:
    x, y, theta = regression(seed, n, features)
    u = np.random.default_rng(seed).integers(1, 4, n)
    measured = batch_gradients(backend, x, y, theta, np.repeat(np.arange(n), u)[None])[0]
    claim = oracle("fresh-examples-follow-the-risk", "a fresh example is unbiased for the risk")
    expected = claim.float64(u=u, x=with_ones(x), y=y, theta=theta)
    assert np.abs(measured - expected).max() <= 8 * (3 * n + features) * EPS * SIZE


@law("fresh-examples-follow-the-risk")
@given(POINTS, POINTS, magnitudes(1e-3, 10.0), RATES)
def test_the_gradient_on_an_example_seen_before_is_biased(
    backend: Backend, m: float, theta: float, s: float, lr: float
) -> None:
    z = np.array([m - s, m + s])  # equally likely: mean m, variance s^2
    after = walk(backend, np.full(2, theta), lambda at, _: at - z, 1, lr)[-1]
    deviation = after - after.mean()
    claims = {"a re-used example is biased given the iterate": z, "a fresh one is not": z[:, None]}
    for name, example in claims.items():
        bias = ((m - example) * deviation).mean()
        arguments = {"eta": lr, "s": s, "theta_0": theta, "m": m}
        expected = float(oracle("fresh-examples-follow-the-risk", name).float64(**arguments))
        assert abs(bias - expected) <= 64 * EPS * (abs(theta) + abs(m) + s) * s


@law("importance-sampling")
@given(seeds(), st.integers(1, 6))
def test_weights_undo_what_sampling_hard_examples_more_often_changes(backend: Backend, seed: int, n: int) -> None:
    x, y, theta = regression(seed, n, 1)
    u = np.random.default_rng(seed).integers(1, 4, n)
    mined = batch_gradients(backend, x, y, theta, np.repeat(np.arange(n), u)[None])[0]
    singles = batch_gradients(backend, x, y, theta, np.arange(n)[:, None])
    q = u / u.sum()
    weighted = singles / (n * q)[:, None]
    for j, g in enumerate(single_gradients(x, y, theta).T):
        for claim, measured, scale in (
            ("unweighted", mined[j], SIZE),
            ("weighted", q @ weighted[:, j], SIZE),
            ("second moment", q @ weighted[:, j] ** 2, 3 * SIZE**2),
        ):
            expected = float(oracle("importance-sampling", claim).float64(u=u, g=g))
            assert abs(measured - expected) <= 16 * (3 * n + 1) * EPS * scale


@law("minibatch-step")
@given(seeds(), st.integers(1, 6), st.integers(1, 3), RATES, magnitudes(1e-3, 10.0))
def test_a_training_step_averages_the_examples_and_counts_the_penalty_once(
    backend: Backend, seed: int, m: int, features: int, lr: float, strength: float
) -> None:
    x, y, theta = regression(seed, m, features)
    run = backend.training.train(
        perceptron((features, 1)), backend.asarray(theta), backend.asarray(x), backend.asarray(y[:, None]),
        epochs=1, batch_size=m, rng=np.random.default_rng(0), optimizer="sgd", lr=lr, loss="squared_error", l2=strength,
    )  # fmt: skip
    slope = 2 * np.append(theta[:-1], 0.0)  # of the penalty |w|^2, which leaves the bias alone
    arguments = {"epsilon": lr, "lambda": strength, "g": 2 * single_gradients(x, y, theta), "theta": theta}
    expected = oracle("minibatch-step", "the penalty counts once").float64(**arguments, dOmega=slope)
    size = 2 + lr * (SIZE + 4 * strength)
    assert np.abs(backend.to_numpy(run.theta) - expected).max() <= 16 * (m + features) * EPS * size


@law("minibatch-step")
@given(seeds(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 2))
def test_each_step_of_training_uses_its_own_batch_and_its_own_rate(
    backend: Backend, seed: int, n: int, m: int, features: int
) -> None:
    x, y, theta = regression(seed, n, features)
    m, rate = min(m, n), lambda step: 0.1 / (1 + step)
    epochs = 2
    run = backend.training.train(
        perceptron((features, 1)), backend.asarray(theta), backend.asarray(x), backend.asarray(y[:, None]),
        epochs=epochs, batch_size=m, rng=np.random.default_rng(seed), optimizer="sgd", lr=rate, loss="squared_error",
    )  # fmt: skip
    rng, step, gradient = (
        np.random.default_rng(seed),
        0,
        oracle("minibatch-step", "batch gradient of linear regression"),
    )
    for _ in range(epochs):
        # One batch that holds all examples keeps their order and draws nothing.
        for batch in backend.stochastic.minibatches(n, m, rng) if m < n else [range(n)]:
            index = np.asarray(batch)
            g = gradient.float64(x=with_ones(x[index]), y=y[index], theta=theta)
            theta, step = theta - rate(step) * 2 * g, step + 1
    assert np.abs(backend.to_numpy(run.theta) - theta).max() <= 64 * (step + 1) * (m + features) * EPS * SIZE


@law("epoch-partition")
@given(seeds(), st.integers(0, 5), st.integers(1, 8), st.integers(1, 8))
def test_an_epoch_visits_every_example_once_in_the_least_number_of_batches(
    backend: Backend, seed: int, q: int, m: int, r: int
) -> None:
    r = min(r, m)
    n = int(oracle("epoch-partition", "q + 1 batches are enough").exact(q=q, m=m, r=r))
    if n < m:
        m = n
    rng, g = np.random.default_rng(seed), np.random.default_rng(seed).integers(-9, 10, n)
    batches = [backend.to_numpy(batch) for batch in backend.stochastic.minibatches(n, m, rng)]
    assert [len(batch) for batch in batches] == [m] * q + [r]
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))
    claim = oracle("epoch-partition", "the sum over an epoch is certain")
    assert sum(g[batch].sum() for batch in batches) ** 2 == claim.exact(g=g, origin=0)


@law("epoch-partition")
@settings(max_examples=EXAMPLES)
@given(seeds())
def test_the_next_epoch_is_in_another_order(backend: Backend, seed: int) -> None:
    """Two orders of 20 examples agree with probability 1/20!, below 1e-18."""
    rng = np.random.default_rng(seed)
    orders = [np.concatenate([backend.to_numpy(b) for b in backend.stochastic.minibatches(20, 7, rng)]) for _ in "ab"]
    assert (orders[0] != orders[1]).any()
    once = oracle("epoch-partition", "every example once").exact(n=20, i=1, origin=0)
    assert all((np.bincount(order, minlength=20) ** 2 == once).all() for order in orders)


@law("epoch-partition")
@given(POINTS, POINTS, magnitudes(1e-3, 1.0), st.integers(0, 30))
def test_iterating_on_one_batch_ends_at_its_own_minimum(
    backend: Backend, start: float, c: float, lr: float, k: int
) -> None:
    path = walk(backend, [start], lambda theta, _: 2 * (theta - c), k, lr)
    expected = float(oracle("epoch-partition", "iterating on one batch").float64(theta_0=start, c=c, eta=lr, k=k))
    assert abs(path[-1, 0] - expected) <= 16 * (k + 1) * EPS * (abs(start) + abs(c))


@law("biased-gradient-fixed-point")
@given(seeds(), st.integers(1, 5), magnitudes(1e-2, 10.0), magnitudes(1e-3, 1.9), st.integers(0, 40))
def test_a_biased_gradient_ends_at_a_shifted_point(
    backend: Backend, seed: int, d: int, mu: float, share: float, k: int
) -> None:
    rng = np.random.default_rng(seed)
    u, c, start = mu * rng.uniform(0, 3, d), rng.uniform(-1, 1, d), rng.uniform(-1, 1, d)
    lr = share / (mu + u.max())
    path = walk(backend, start, lambda w, _: (mu + u) * w + c, k, lr)
    claim = oracle("biased-gradient-fixed-point", "iterate")
    expected = claim.float64(u=u, c=c, w0=start, mu=mu, eta=lr, k=k)
    assert np.abs(path[-1] - expected).max() <= 32 * (k + 1) * EPS * (1 + np.abs(c).max() / mu)


@law("biased-gradient-fixed-point")
@given(seeds(), st.integers(1, 5), magnitudes(1e-1, 10.0))
def test_the_shift_is_at_most_the_bias_over_the_curvature(backend: Backend, seed: int, d: int, mu: float) -> None:
    rng = np.random.default_rng(seed)
    u, c = mu * rng.uniform(0, 3, d), rng.uniform(-1, 1, d)
    # Every factor 1 - lr (mu + u) lies in [0, 3/4], and 0.75^200 is below the rounding.
    path = walk(backend, np.zeros(d), lambda w, _: (mu + u) * w + c, 200, 1 / (4 * mu))
    bound = float(oracle("biased-gradient-fixed-point", "the error is at most |c|/mu").float64(c=c, mu=mu))
    assert (path[-1] ** 2).sum() <= bound * (1 + 64 * d * EPS)
    assert np.abs((mu + u) * path[-1] + c).max() <= 64 * EPS


@law("sgd-noise-floor")
@given(seeds(), st.integers(1, 6), magnitudes(1e-2, 1.9))
def test_over_all_signs_of_the_noise_the_iterates_have_the_proved_covariance(
    backend: Backend, seed: int, k: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    h, s, start = rng.uniform(0.2, 1, 2), rng.uniform(-1, 1, 2), rng.uniform(-1, 1, 2)
    lr = share / h.max()
    signs = np.array(list(itertools.product((-1, 1), repeat=k)))  # one sign a step, the same in both coordinates
    starts = np.broadcast_to(start, (len(signs), 2)).copy()
    end = walk(backend, starts, lambda w, t: h * w + signs[:, t : t + 1] * s, k, lr)[-1]
    away = end - end.mean(axis=0)
    measured = away.T @ away / len(signs)
    arguments = {"theta": 1 - lr * h, "Sigma": np.outer(s, s), "S0": np.zeros((2, 2)), "eta": lr, "k": k}
    expected = oracle("sgd-noise-floor", "covariance after k steps").float64(**arguments)
    # The proved form divides by h_i + h_j - lr h_i h_j, which cancels where lr h approaches 2.
    assert np.abs(measured - expected).max() <= 256 * (2**k + k) * EPS * (1 + lr * k) ** 2 / 0.1


@law("sgd-noise-floor")
@given(POINTS, magnitudes(1e-2, 10.0), magnitudes(1e-2, 10.0), RATES)
def test_one_noisy_step_has_the_proved_mean_and_second_moment(
    backend: Backend, w: float, h: float, s: float, alpha: float
) -> None:
    after = walk(backend, np.full(2, w), lambda at, _: h * at + np.array([-s, s]), 1, alpha)[-1]
    arguments = {"w": w, "h": h, "alpha": alpha}
    mean = float(oracle("sgd-noise-floor", "mean of a step").float64(**arguments))
    moment = float(oracle("sgd-noise-floor", "second moment of a step").float64(**arguments, s=s))
    size = abs(w) * (1 + alpha * h) + alpha * s
    assert abs(after.mean() - mean) <= 8 * EPS * size
    assert abs((after**2).mean() - moment) <= 16 * EPS * size**2


@law("averaged-iterates")
@given(seeds(), st.integers(1, 20), magnitudes(1e-1, 10.0), magnitudes(1e-2, 1.9))
def test_the_iterates_add_up_to_the_sum_of_the_noise(
    backend: Backend, seed: int, steps: int, h: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    start, noise, lr = rng.uniform(-1, 1), rng.uniform(-1, 1, steps), share / h
    path = walk(backend, [start], lambda w, t: h * w + noise[t], steps, lr)
    claim = oracle("averaged-iterates", "sum of the iterates")
    expected = float(claim.float64(eta=lr, h=h, w0=start, xi=noise, k=steps))
    assert abs(path[:-1].sum() - expected) <= 32 * (steps + 1) ** 2 * EPS * (1 + steps * lr)


@law("full-batch-gradient-vanishes")
@given(magnitudes(1e-3, 1e3), st.integers(1, 19).map(lambda i: i / 20), POINTS, st.integers(0, 40))
def test_without_noise_a_constant_rate_makes_the_gradient_vanish(
    backend: Backend, largest: float, u: float, start: float, k: int
) -> None:
    path = walk(backend, [start], lambda w, _: largest * w, k, 2 * u / largest)[:, 0]
    arguments = {"L": largest, "u": u}
    at = oracle("full-batch-gradient-vanishes", "gradient on a parabola")
    assert abs(path[-1] - float(at.float64(**arguments, h=largest, w0=start, k=k))) <= 16 * (k + 1) * EPS * abs(start)
    if k:
        squares, values = (largest * path[:-1]) ** 2, largest * path**2 / 2
        slack = values[:-1] - values[1:] - 2 * u * (1 - u) * squares / largest
        bound = oracle("full-batch-gradient-vanishes", "sum of the squared gradients")
        least = float(bound.float64(**arguments, g2=squares, slack=slack, rest=values[-1]))
        tolerance = 64 * (k + 1) * EPS * largest * values[0]
        assert slack.min() >= -tolerance / largest
        assert squares.sum() <= least + tolerance / (u * (1 - u))


@law("averaged-sgd-bound")
@given(seeds(), st.integers(1, 3), st.integers(1, 4), magnitudes(1e-2, 1e2))
def test_averaged_over_all_draws_the_mean_gap_stays_below_its_bound(
    backend: Backend, seed: int, n: int, steps: int, lr: float
) -> None:
    """The sum of |w - c_i|, whose subgradients are at most 1, over every sequence of examples."""
    c = np.random.default_rng(seed).uniform(-1, 1, n)
    draws = np.array(list(itertools.product(range(n), repeat=steps)))
    path = walk(backend, np.zeros(len(draws)), lambda w, t: np.sign(w - c[draws[:, t]]), steps, lr)[:-1]
    best = np.sort(c)[(n - 1) // 2]

    def risk(w: np.ndarray) -> np.ndarray:
        return np.abs(np.asarray(w)[..., None] - c).mean(axis=-1)

    bound = float(oracle("averaged-sgd-bound", "bound").float64(K=steps, eta=lr, R=abs(best) or EPS, G=1))
    gap = (risk(path.mean(axis=0)) - risk(best)).mean()
    assert gap <= bound * (1 + 64 * (steps + n) * EPS) + 64 * n * EPS


@law("averaged-sgd-bound")
@given(st.integers(1, 8), magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2))
def test_the_bound_is_attained_by_a_maximum_of_coordinates(
    backend: Backend, steps: int, slope: float, lr: float
) -> None:
    """f(x) = G max_i x_i from 0, the subgradient at x_j taken from the first coordinate not yet lowered."""
    path = walk(backend, np.zeros(steps), lambda _, t: slope * np.eye(steps)[t], steps, lr)
    arguments = {"G_1": slope, "step": lr, "K": steps}
    end = float(oracle("averaged-sgd-bound", "after K steps the minimizer is reached").float64(**arguments, i=1))
    last = float(oracle("averaged-sgd-bound", "the K-th coordinate of the average").float64(**arguments))
    bound = float(oracle("averaged-sgd-bound", "the gap equals the bound").float64(**arguments))
    average = path[:-1].mean(axis=0)
    assert np.abs(path[-1] - end).max() <= 4 * EPS * bound / slope
    assert average.max() == last
    assert abs(slope * (average.max() - path[-1].max()) - bound) <= 16 * steps * EPS * bound


@law("one-weight-finite-sum")
@given(seeds(), st.integers(1, 6), POINTS)
def test_one_weight_has_the_gradients_and_the_loss_of_a_parabola(backend: Backend, seed: int, n: int, w: float) -> None:
    rng = np.random.default_rng(seed)
    x, c = rng.uniform(0.5, 2, n), rng.uniform(-2, 2, n)
    network, theta = perceptron((1, 1)), backend.asarray([w, 0.0])
    inputs, targets = x[:, None], (c * x)[:, None]
    singles = batch_gradients(backend, inputs, c * x, np.array([w, 0.0]), np.arange(n)[:, None])[:, 0]
    for k in range(n):
        expected = float(oracle("one-weight-finite-sum", "gradient of one example").float64(x=x, c=c, w=w, k=k + 1))
        assert abs(singles[k] - expected) <= 32 * EPS * 20
    arrays = (backend.asarray(inputs), backend.asarray(targets))
    loss = float(backend.backprop.loss_and_gradient(network, theta, *arrays, loss="squared_error")[0]) / 2
    expected = float(oracle("one-weight-finite-sum", "complete square").float64(x=x, c=c, w=w))
    assert abs(loss - expected) <= 32 * (n + 4) * EPS * 100


@law("one-weight-finite-sum")
@given(seeds(), st.integers(1, 5), st.integers(1, 64).map(lambda i: i / 64))
def test_the_interval_of_the_slopes_is_absorbing_for_small_steps(backend: Backend, seed: int, n: int, v: float) -> None:
    """Sixty-fourths are exact: the steps stay in the interval without rounding, and outside they go towards it."""
    rng = np.random.default_rng(seed)
    c = rng.integers(-64, 65, n) / 64
    low, high = c.min(), c.max()
    starts = np.array([low - 1, low, (low + high) / 2, high, high + 1])
    for slope in c:
        after = walk(backend, starts, lambda w, _, slope=slope: w - slope, 1, v)[-1]
        assert ((after[1:4] >= low) & (after[1:4] <= high)).all()
        if high > low:
            arguments = {"low": low, "width": high - low, "w1": high + 1, "v": v, "slope": slope}
            expected = float(oracle("one-weight-finite-sum", "distance to the upper end").float64(**arguments))
            assert after[4] - high == expected
        assert after[0] >= starts[0]
        assert after[4] <= starts[4]


@law("shuffled-epoch-regularizes")
@given(seeds(), st.integers(1, 4), magnitudes(1e-4, 1.0))
def test_an_epoch_in_a_given_order_is_its_expansion_in_the_rate(
    backend: Backend, seed: int, examples: int, lr: float
) -> None:
    rng = np.random.default_rng(seed)
    g, h = rng.uniform(-1, 1, examples), rng.uniform(-1, 1, examples)
    path = walk(backend, [0.0], lambda w, t: g[t] + h[t] * w, examples, lr)
    claim = oracle("shuffled-epoch-regularizes", "expansion in eps, with its remainder")
    expected = float(claim.float64(eps=lr, g_i=g, h_i=h, k=examples))
    assert abs(path[-1, 0] - expected) <= 16 * (examples + 1) * EPS * lr * examples * (1 + lr) ** examples


@law("shuffled-epoch-regularizes")
@settings(max_examples=EXAMPLES)
@given(seeds(), st.integers(2, 5))
def test_averaged_over_shuffled_epochs_the_second_order_is_that_of_the_penalty(
    backend: Backend, seed: int, examples: int
) -> None:
    """Hoeffding at 1e-9 over all examples; with 2000 epochs a fixed order, off by 1/2, is found with certainty."""
    rng = np.random.default_rng(seed)
    (i, j), epochs = rng.permutation(examples)[:2], 2000
    g, h = np.eye(examples)[i], np.eye(examples)[j]
    batches = [backend.stochastic.minibatches(examples, 1, rng) for _ in range(epochs)]
    orders = np.array([[batch.item() for batch in epoch] for epoch in batches])
    end = walk(backend, np.zeros(epochs), lambda w, t: g[orders[:, t]] + h[orders[:, t]] * w, examples, 1.0)[-1]
    second = end + g.sum()  # with one g and one h there is no third order, and at rate 1 this is 0 or 1
    claim = oracle("shuffled-epoch-regularizes", "second order, averaged over the orders")
    radius = np.sqrt(np.log(2 * EXAMPLES / FALSE_ALARM) / (2 * epochs))
    assert abs(second.mean() - float(claim.float64(g_i=g, h_i=h))) <= radius
