"""Laws of losses: softmax and its cross-entropy, likelihoods, surrogates, and the gradients that start backprop."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import find, oracle
from backproof.derivations.kernel.oracle import oracle_of
from backproof.reference.architecture import perceptron

from ._backend import Backend
from ._law import law
from .strategies import EPS, Scores, magnitudes, scores, seeds

THEOREM = "softmax-cross-entropy-gradient"


def gradient(backend: Backend, drawn: Scores) -> np.ndarray:
    logits, labels = backend.asarray(drawn.logits), backend.asarray(drawn.labels, "int64")
    return backend.to_numpy(backend.losses.softmax_cross_entropy_gradient(logits, labels))


def loss(backend: Backend, drawn: Scores) -> float:
    logits, labels = backend.asarray(drawn.logits), backend.asarray(drawn.labels, "int64")
    return float(backend.to_numpy(backend.losses.softmax_cross_entropy(logits, labels)))


@law(THEOREM)
@given(scores())
def test_the_loss_is_log_sum_exp_minus_the_logit_of_the_class(backend: Backend, drawn: Scores) -> None:
    expected = oracle(THEOREM, "loss")
    rows = [expected.float64(a=row, y=y + 1) for row, y in zip(drawn.logits, drawn.labels, strict=True)]
    # The sum has K terms, and the shifted logits carry a rounding of their own size each.
    tolerance = (drawn.logits.shape[1] + 8) * EPS * (1 + 2 * np.abs(drawn.logits).max())
    assert abs(loss(backend, drawn) - np.mean(rows)) <= tolerance


@law(THEOREM)
@given(scores())
def test_the_gradient_is_softmax_minus_one_hot_over_the_batch(backend: Backend, drawn: Scores) -> None:
    expected = oracle(THEOREM, "gradient")
    batch, classes = drawn.logits.shape
    rows = [expected.float64(a=row, y=y + 1) for row, y in zip(drawn.logits, drawn.labels, strict=True)]
    # A logit d below the largest is rounded by eps d in the exponent, and d e^-d < 1: absolutely, K + 16 roundings.
    assert np.abs(gradient(backend, drawn) - np.array(rows) / batch).max() <= (classes + 16) * EPS / batch


@law(THEOREM)
@given(scores())
def test_each_row_of_the_gradient_sums_to_0(backend: Backend, drawn: Scores) -> None:
    classes = drawn.logits.shape[1]
    assert np.abs(gradient(backend, drawn).sum(axis=1)).max() <= 2 * (classes + 16) * EPS


@law(THEOREM)
@given(scores(scale=30.0), st.floats(-1e6, 1e6))
def test_shifting_all_logits_changes_no_gradient(backend: Backend, drawn: Scores, shift: float) -> None:
    shifted = Scores(drawn.logits + shift, drawn.labels)
    # Adding the shift rounds each logit to eps (|shift| + |a|); the softmax Jacobian's rows sum to at most 1/2.
    tolerance = (drawn.logits.shape[1] + 16 + abs(shift) + 30) * EPS
    assert np.abs(gradient(backend, shifted) - gradient(backend, drawn)).max() <= tolerance


@law(THEOREM)
@given(scores(scale=30.0), scores(scale=30.0))
def test_the_gradient_is_monotone_because_the_hessian_is_positive_semidefinite(
    backend: Backend, drawn: Scores, other: Scores
) -> None:
    rows, columns = (min(a, b) for a, b in zip(drawn.logits.shape, other.logits.shape, strict=True))
    labels = drawn.labels[:rows] % columns
    a, b = (Scores(s.logits[:rows, :columns], labels) for s in (drawn, other))
    change = (gradient(backend, a) - gradient(backend, b)) * (a.logits - b.logits)
    assert change.sum() >= -4 * (columns + 16) * EPS * np.abs(a.logits - b.logits).sum()


def of(backend: Backend, name: str, a: Any, targets: Any, dtype: str = "int64") -> np.ndarray:
    """A loss or its gradient on NumPy arrays."""
    result: np.ndarray = backend.to_numpy(
        getattr(backend.losses, name)(backend.asarray(a), backend.asarray(targets, dtype))
    )
    return result


def counted_loss(backend: Backend, logits: np.ndarray, counts: np.ndarray) -> float:
    """The mean cross-entropy of a data set with equal inputs: class k occurs counts[k] times."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return float(of(backend, "softmax_cross_entropy", np.tile(logits, (len(labels), 1)), labels))


#: How often each class occurs, at least once: the theorems take logarithms of all frequencies.
COUNTS = st.lists(st.integers(1, 12), min_size=2, max_size=6).map(np.array)


@law("softmax-is-a-distribution")
@given(scores(scale=1e3))
def test_softmax_is_a_distribution_that_keeps_its_digits(backend: Backend, drawn: Scores) -> None:
    p = backend.to_numpy(backend.activations.softmax(backend.asarray(drawn.logits)))
    classes = drawn.logits.shape[1]
    expected = oracle("softmax-is-a-distribution", "shift")
    rows = np.array([expected.float64(a=row - row.max()) for row in drawn.logits])
    # The shift to the largest logit is rounded by eps d, and d e^-d < 1; the sum has K terms.
    assert np.abs(p - rows).max() <= (classes + 16) * EPS
    one = float(oracle("softmax-is-a-distribution", "sum").float64())
    assert np.abs(p.sum(axis=1) - one).max() <= (classes + 16) * EPS
    assert (p >= 0).all()
    # The largest logit has the largest probability, though rounding may give a second one the same.
    assert (p[np.arange(len(p)), drawn.logits.argmax(axis=1)] == p.max(axis=1)).all()


@law("softmax-is-a-distribution")
@given(st.lists(st.floats(-700, 700), min_size=2, max_size=2), st.integers(-(10**6), 10**6))
def test_for_two_classes_softmax_is_the_sigmoid_whatever_the_shift(
    backend: Backend, z: list[float], shift: int
) -> None:
    expected = float(oracle("softmax-is-a-distribution", "two classes").float64(z=z))
    p = backend.to_numpy(backend.activations.softmax(backend.asarray([[z[0] + shift, z[1] + shift]])))[0, 0]
    one = backend.to_numpy(backend.activations.sigmoid(backend.asarray([z[0] - z[1]])))[0]
    # Both sums are rounded by eps (|c| + |z|), the difference by eps |z|; the slope is at most p (1 - p).
    tolerance = 4 * EPS * (abs(shift) + 1400)
    assert abs(p - expected) <= tolerance
    assert abs(one - expected) <= 4 * EPS * 1400


@law("softmax-is-a-soft-argmax")
@given(st.integers(1, 20), st.floats(0.1, 5), magnitudes(1e-2, 1e2), st.floats(-50, 50), seeds())
def test_what_the_winner_lacks_to_1_vanishes_exponentially_in_the_gap(
    backend: Backend, n: int, gap: float, beta: float, top: float, seed: int
) -> None:
    below = np.random.default_rng(seed).uniform(0, 3, n)
    below[0] = 0.0
    logits = np.array([top, *(top - gap - below)])
    p = backend.to_numpy(backend.activations.softmax(backend.asarray(beta * logits[None])))[0]
    share = float(oracle("softmax-is-a-soft-argmax", "the loser's share").float64(n=n, beta=beta, g=gap))
    # The products beta z are rounded by eps beta |z|, which the exponential turns into a relative error.
    slack = 1 + 8 * (n + 8) * EPS * (1 + beta * (abs(top) + gap + 3))
    assert p[1:].sum() <= share * slack
    assert p[1:].sum() * slack >= np.exp(-beta * gap) / (n + 1)  # attained up to the factor n (n + 1)
    # The loss at the winner is log-sum-exp minus the maximum: between 0 and log(n + 1).
    at_winner = float(of(backend, "softmax_cross_entropy", logits[None], [0]))
    most = oracle("softmax-is-a-soft-argmax", "and at most log(n + 1) above it")
    assert 0 <= at_winner <= float(most.float64(M=top, n=n)) - top + 8 * (n + 8) * EPS * (1 + abs(top) + gap + 3)


@law("softmax-is-a-soft-argmax")
@given(st.integers(1, 10), st.floats(-1e4, 1e4))
def test_equal_logits_share_equally(backend: Backend, ties: int, top: float) -> None:
    p = backend.to_numpy(backend.activations.softmax(backend.asarray(np.full((1, ties), top))))
    assert np.abs(p - float(oracle("softmax-is-a-soft-argmax", "ties share equally").float64(r=ties))).max() <= EPS


@law("cross-entropy-is-entropy-plus-kl")
@given(COUNTS, seeds())
def test_cross_entropy_is_entropy_plus_kl_and_kl_at_least_the_squared_hellinger_distance(
    backend: Backend, counts: np.ndarray, seed: int
) -> None:
    logits = np.random.default_rng(seed).uniform(-5, 5, len(counts))
    measured = counted_loss(backend, logits, counts)
    values = {"P": counts, "Q": np.exp(logits)}
    expected = float(oracle("cross-entropy-is-entropy-plus-kl", "cross-entropy").float64(**values))
    # A mean of up to 72 losses of up to 12; the weights Q carry the rounding of their exponential.
    tolerance = 16 * (counts.sum() + 8) * EPS * 12
    assert abs(measured - expected) <= tolerance
    divergence = measured - counted_loss(backend, np.log(counts), counts)
    bound = oracle("cross-entropy-is-entropy-plus-kl", "KL is at least the squared Hellinger distance")
    assert divergence >= float(bound.float64(**values)) - tolerance


@law("pinsker-inequality")
@given(COUNTS, seeds())
def test_kl_is_at_least_half_the_squared_distance(backend: Backend, counts: np.ndarray, seed: int) -> None:
    # A model from very near to the frequencies to far away, so that the bound is nearly attained in some examples.
    rng = np.random.default_rng(seed)
    logits = np.log(counts) + 10.0 ** rng.uniform(-3, 0.7) * rng.uniform(-1, 1, len(counts))
    divergence = counted_loss(backend, logits, counts) - counted_loss(backend, np.log(counts), counts)
    p, q = counts / counts.sum(), np.exp(logits) / np.exp(logits).sum()
    bound = float(oracle("pinsker-inequality", "pinsker").float64(w=p + 2 * q, u=(p - q) / (p + 2 * q)))
    tolerance = 16 * (counts.sum() + 8) * EPS * 12
    assert divergence >= bound - tolerance


@law("log-sum-exp-conjugate")
@given(COUNTS, st.floats(-1e6, 1e6), seeds())
def test_log_sum_exp_exceeds_score_and_entropy_by_kl_whatever_the_shift(
    backend: Backend, counts: np.ndarray, shift: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).uniform(-5, 5, len(counts))
    # log-sum-exp minus the mean score is the cross-entropy; the entropy is that of the frequencies' own logits.
    gap = counted_loss(backend, logits + shift, counts) - counted_loss(backend, np.log(counts), counts)
    expected = float(oracle("log-sum-exp-conjugate", "the gap is KL").float64(a=logits, P=counts))
    assert abs(gap - expected) <= 16 * (counts.sum() + 8) * EPS * 12 + 4 * EPS * (abs(shift) + 5)


@law("maximum-likelihood-is-minimum-loss")
@given(scores(scale=30.0))
def test_the_loss_is_minus_the_mean_log_likelihood_and_ignores_order_and_repetition(
    backend: Backend, drawn: Scores
) -> None:
    n = len(drawn.labels)
    p = backend.to_numpy(backend.activations.softmax(backend.asarray(drawn.logits)))[np.arange(n), drawn.labels]
    likelihood = float(oracle("maximum-likelihood-is-minimum-loss", "log-likelihood").float64(P=p))
    # Logarithms of probabilities that are relatively accurate; logits of up to 30, K terms in the sums.
    tolerance = 8 * (drawn.logits.shape[1] + n + 16) * EPS * 61
    assert abs(loss(backend, drawn) + likelihood / n) <= tolerance
    twice = Scores(
        np.concatenate([drawn.logits, drawn.logits[::-1]]), np.concatenate([drawn.labels, drawn.labels[::-1]])
    )
    assert abs(loss(backend, twice) - loss(backend, drawn)) <= tolerance


@law("maximum-likelihood-is-minimum-loss")
@given(scores(scale=30.0), st.integers(1, 3))
def test_the_loss_of_two_data_sets_is_the_mean_weighted_by_their_sizes(
    backend: Backend, drawn: Scores, cut: int
) -> None:
    n = len(drawn.labels)
    cut = min(cut, n)
    parts = [Scores(drawn.logits[s], drawn.labels[s]) for s in (slice(cut), slice(cut, n)) if len(drawn.labels[s])]
    single = [loss(backend, Scores(drawn.logits[k : k + 1], drawn.labels[k : k + 1])) for k in range(n)]
    together = oracle("maximum-likelihood-is-minimum-loss", "two data sets")
    if len(parts) == 2:
        # Examples stand for themselves: their losses are the values, and l(x, theta) = x.
        values = {"x": single[:cut], "z": single[cut:], "theta": 0.0, "l": {(1, 0): Fraction(1)}}
        expected = float(together.mpf(digits=25, **values))
        assert abs(loss(backend, drawn) - expected) <= 16 * n * EPS * 61
    weighted = sum(len(part.labels) * loss(backend, part) for part in parts) / n
    assert abs(loss(backend, drawn) - weighted) <= 16 * n * EPS * 61


@law("maximum-likelihood-is-minimum-loss")
@given(COUNTS, seeds())
def test_no_model_is_likelier_than_the_relative_frequencies(backend: Backend, counts: np.ndarray, seed: int) -> None:
    best = oracle("maximum-likelihood-is-minimum-loss", "relative frequencies are the most likely")
    expected = float(best.float64(c=counts)) / counts.sum()
    tolerance = 16 * (counts.sum() + 8) * EPS * 12
    assert abs(counted_loss(backend, np.log(counts), counts) - expected) <= tolerance
    rng = np.random.default_rng(seed)
    near = np.log(counts) + 10.0 ** rng.uniform(-6, 0.7) * rng.uniform(-1, 1, len(counts))
    assert counted_loss(backend, near, counts) >= expected - tolerance


@law("gaussian-negative-log-likelihood")
@given(st.integers(1, 6), magnitudes(1e-2, 1e2), magnitudes(1e-3, 1e3), seeds())
def test_the_squared_error_is_the_gaussian_likelihood_up_to_its_scale_and_constant(
    backend: Backend, d: int, sigma: float, size: float, seed: int
) -> None:
    y, f = size * np.random.default_rng(seed).uniform(-1, 1, (2, d))
    squared = d * float(of(backend, "squared_error", f, y, "float64"))
    theorem = "gaussian-negative-log-likelihood"
    # At f = y the negative log-likelihood is the constant alone.
    likelihood = oracle(theorem, "negative log-likelihood")
    full, constant = (float(likelihood.float64(y=y, f=g, sigma=sigma)) for g in (f, y))
    assert abs(squared / (2 * sigma**2) + constant - full) <= 16 * (d + 4) * EPS * (abs(full) + abs(constant))
    measured = d * of(backend, "squared_error_gradient", f, y, "float64")
    doubled = oracle(theorem, "gradient of the squared error").float64(y=y, f=f)
    assert np.abs(measured - doubled).max() <= 8 * EPS * size * 4
    single = oracle(theorem, "gradient").float64(y=y, f=f, sigma=sigma)
    assert np.abs(measured / (2 * sigma**2) - single).max() <= 16 * EPS * size * 4 / sigma**2


@law("categorical-cross-entropy")
@given(scores())
def test_the_class_selects_its_own_log_probability(backend: Backend, drawn: Scores) -> None:
    classes = drawn.logits.shape[1]
    expected = oracle("categorical-cross-entropy", "loss")
    for label in (0, classes - 1):  # both ends of the labels, which a shift by one would wrap or refuse
        labels = np.full(len(drawn.labels), label)
        rows = [float(expected.float64(a=row, y=label + 1)) for row in drawn.logits]
        tolerance = (classes + 8) * EPS * (1 + 2 * np.abs(drawn.logits).max())
        assert abs(loss(backend, Scores(drawn.logits, labels)) - np.mean(rows)) <= tolerance


@law("categorical-cross-entropy")
@given(st.integers(2, 1000), st.floats(-1e4, 1e4), st.integers(0, 10**6))
def test_equal_logits_cost_the_logarithm_of_the_number_of_classes(
    backend: Backend, classes: int, logit: float, label: int
) -> None:
    expected = float(oracle("categorical-cross-entropy", "before training").float64(K=classes))
    measured = loss(backend, Scores(np.full((1, classes), logit), np.array([label % classes])))
    assert abs(measured - expected) <= (classes + 8) * EPS * 8


@law("categorical-cross-entropy")
@given(st.integers(2, 6), st.integers(1, 4), seeds())
def test_training_on_separable_classes_only_lowers_the_loss_of_an_untrained_classifier(
    backend: Backend, classes: int, each: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), each)
    inputs = np.eye(classes)[labels] + rng.uniform(-0.2, 0.2, (len(labels), classes))
    network = perceptron((classes, classes))
    run = backend.training.train(
        network,
        backend.asarray(np.zeros(network.parameter_count)),
        backend.asarray(inputs),
        backend.asarray(labels, "int64"),
        epochs=20,
        batch_size=len(labels),
        rng=rng,
        optimizer="sgd",
        # Softmax is 1/2-Lipschitz, an input with the 1 of its bias at most sqrt(2.64) long: rates below 1.5 will do.
        lr=0.5,
    )
    expected = float(oracle("categorical-cross-entropy", "before training").float64(K=classes))
    assert abs(run.history.losses[0] - expected) <= (classes + len(labels) + 8) * EPS * 8
    assert (np.diff(run.history.losses) < 0).all()


@law("categorical-cross-entropy")
@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2))
def test_two_classes_are_binary_cross_entropy_of_the_difference(backend: Backend, z: list[float]) -> None:
    expected = float(oracle("categorical-cross-entropy", "two classes").float64(z=z))
    # Relative in the loss where the logits' difference is exact to eps |z|.
    tolerance = 8 * EPS * (1 + abs(z[0]) + abs(z[1]))
    assert abs(loss(backend, Scores(np.array([z]), np.array([0]))) - expected) <= tolerance
    binary = float(of(backend, "binary_cross_entropy", [z[0] - z[1]], [1.0], "float64"))
    assert abs(binary - expected) <= tolerance


@law("categorical-cross-entropy")
@given(COUNTS, seeds())
def test_soft_labels_cost_at_least_their_mixed_probability(backend: Backend, counts: np.ndarray, seed: int) -> None:
    logits = np.random.default_rng(seed).uniform(-5, 5, len(counts))
    bound = float(oracle("categorical-cross-entropy", "jensen").float64(a=logits, w=counts))
    assert counted_loss(backend, logits, counts) >= bound - 16 * (counts.sum() + 8) * EPS * 12


@law("binary-cross-entropy")
@given(st.floats(-1e4, 1e4), st.integers(0, 8).map(lambda i: i / 8))
def test_a_logits_loss_and_slope_are_those_of_bernoulli(backend: Backend, a: float, target: float) -> None:
    value, slope = (oracle("binary-cross-entropy", claim) for claim in ("loss", "slope"))
    # log(1 + e^a) - Y a cancels where a is large and Y is 1: absolutely the rounding is eps |a|.
    measured = float(of(backend, "binary_cross_entropy", [a], [target], "float64"))
    assert abs(measured - float(value.float64(a=a, Y=target))) <= 8 * EPS * (1 + abs(a))
    gradient = of(backend, "binary_cross_entropy_gradient", [a], [target], "float64")
    assert abs(gradient[0] - float(slope.float64(a=a, Y=target))) <= 8 * EPS


@law("binary-cross-entropy")
@given(st.floats(0, 700))
def test_a_right_answer_keeps_the_digits_of_its_tiny_loss_for_either_class(backend: Backend, a: float) -> None:
    # log(1 + e^-a) is e^-700 at the end: the oracle needs as many digits as the sum with 1 drops.
    expected = float(oracle("binary-cross-entropy", "margin form of class 1").mpf(digits=340, a=a))
    for logit, target in ((a, 1.0), (-a, 0.0)):
        measured = float(of(backend, "binary_cross_entropy", [logit], [target], "float64"))
        assert abs(measured - expected) <= 8 * EPS * expected


@law("cross-entropy-dominates-zero-one")
@given(scores(scale=1e3), st.integers(-3, 3))
def test_every_error_costs_at_least_log_2_ties_included(backend: Backend, drawn: Scores, power: int) -> None:
    least = float(oracle("cross-entropy-dominates-zero-one", "an error costs at least log 2").float64())
    scaled = Scores(2.0**power * drawn.logits, drawn.labels)
    for row, label in zip(drawn.logits, drawn.labels, strict=True):
        one = Scores(row[None], np.array([label]))
        wrong = float(of(backend, "zero_one_loss", one.logits, one.labels))
        # Right exactly when no earlier class is as large and no later one larger.
        assert wrong == float(any(row[k] > row[label] or (row[k] == row[label] and k < label) for k in range(len(row))))
        assert loss(backend, one) >= least * wrong - (len(row) + 8) * EPS * (1 + 2 * np.abs(row).max())
    assert of(backend, "zero_one_loss", scaled.logits, scaled.labels) == of(
        backend, "zero_one_loss", drawn.logits, drawn.labels
    )


@law("cross-entropy-dominates-zero-one")
@given(st.floats(-100, 100), st.integers(0, 5), seeds())
def test_an_error_costs_the_logarithm_of_its_odds_and_a_two_way_tie_log_2(
    backend: Backend, own: float, others: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    excess, rest = rng.uniform(0, 5), own - rng.uniform(0, 5, others)
    logits = np.array([own + excess, *rest, own])
    expected = oracle("cross-entropy-dominates-zero-one", "cross-entropy of an error")
    measured = loss(backend, Scores(logits[None], np.array([len(logits) - 1])))
    assert abs(measured - float(expected.float64(s=excess, a_y=own, o=rest))) <= 16 * (others + 8) * EPS * (
        6 + abs(own)
    )
    tie = float(oracle("cross-entropy-dominates-zero-one", "equality at a two-way tie").float64())
    tied = Scores(np.array([[own, own]]), np.array([1]))
    assert abs(loss(backend, tied) - tie) <= 4 * EPS
    assert of(backend, "zero_one_loss", tied.logits, tied.labels) == 1


def errors_at(backend: Backend, x: np.ndarray, labels: np.ndarray, threshold: float, orientation: int) -> float:
    """The 0-1 loss of the classifier that says 1 where orientation (x - threshold) > 0."""
    margin = orientation * (x - threshold)
    return float(of(backend, "zero_one_loss", np.stack([np.zeros_like(x), margin], axis=1), labels))


@law("threshold-between-neighbours")
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=7, unique=True), st.integers(1, 15), seeds())
def test_enumerating_the_cuts_between_neighbours_finds_the_least_zero_one_loss(
    backend: Backend, points: list[int], share: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, labels, cut = np.sort(points).astype(float), rng.integers(0, 2, len(points)), share / 16
    between = oracle("threshold-between-neighbours", "points on the left are below it")
    # The outer two cuts included, x - 1 and x + 1 stand for neighbours there.
    padded = np.concatenate([x[:1] - 1, x, x[-1:] + 1])
    gaps = list(zip(padded[:-1], np.diff(padded), strict=True))
    at = {w: [float(between.float64(x=left, g=gap, w=w)) for left, gap in gaps] for w in (0.5, cut)}
    losses = {
        w: [errors_at(backend, x, labels, t, side) for t in thresholds for side in (-1, 1)]
        for w, thresholds in at.items()
    }
    # Wherever in a gap the threshold lies the labels are the same, so their number is 2 (N + 1) and the best is exact.
    assert losses[0.5] == losses[cut]
    assert all(
        errors_at(backend, x, labels, t, side) >= min(losses[0.5]) for t in rng.uniform(-12, 12, 5) for side in (-1, 1)
    )
    said = [np.where(side * (x - t) > 0, 1, 0) != labels for t in at[0.5] for side in (-1, 1)]
    assert losses[0.5] == [float(wrong.mean()) for wrong in said]


@law("logistic-loss-has-no-minimum-on-separable-data")
@given(st.integers(1, 6), st.integers(1, 3), st.floats(0, 30), seeds())
def test_on_separable_data_the_loss_falls_along_the_separator_and_is_never_0(
    backend: Backend, n: int, d: int, s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    v, w = rng.uniform(0.2, 1, d) * rng.choice([-1, 1], d), rng.uniform(-3, 3, d)
    rows = rng.uniform(-1, 1, (n, d))
    rows += np.outer(0.2 + rng.uniform(0, 1, n) - rows @ v, v) / (v @ v)  # margins of 0.2 to 1.2
    labels = rng.integers(0, 2, n)
    x = np.where(labels == 1, 1.0, -1.0)[:, None] * rows  # the theorem's rows carry their label's sign
    theorem, logits = "logistic-loss-has-no-minimum-on-separable-data", x @ (w + s * v)
    gradient = of(backend, "binary_cross_entropy_gradient", logits, labels, "float64")
    expected = float(oracle(theorem, "slope along v").float64(x=rows, w=w, v=v, s=s))
    # Rows have entries of up to 8, logits are up to 24 d + 36 and rounded, in a sigmoid of slope at most 1/4.
    size = 24 * d + 40
    tolerance = 16 * (n + d + 8) * EPS * size
    assert abs(gradient @ (x @ v) - expected) <= tolerance
    # sigma - 1 rounds to 0 beyond logits of 37: there the reference's gradient may vanish, the theorem's does not.
    assert gradient @ (x @ v) < 0 or abs(expected) <= EPS
    value, margins = float(of(backend, "binary_cross_entropy", logits, labels, "float64")), rows @ v
    decay = oracle(theorem, "exponential decay")
    assert 0 < value <= float(decay.float64(z=rows @ w, mu=margins.min(), s=s)) * (1 + 16 * (n + d + 8) * EPS * size)


@law("softmax-lipschitz-constant")
@given(st.integers(2, 6), magnitudes(1e-3, 30), magnitudes(1e-3, 30), seeds())
def test_softmax_moves_at_most_half_as_far_as_its_logits(
    backend: Backend, classes: int, size: float, length: float, seed: int
) -> None:
    a, v = np.random.default_rng(seed).uniform(-1, 1, (2, classes)) * np.array([[size], [length]])
    softmax = lambda z: backend.to_numpy(backend.activations.softmax(backend.asarray(z)))  # noqa: E731
    half = float(oracle("softmax-lipschitz-constant", "bound").float64())
    moved = np.linalg.norm(softmax(a + v) - softmax(a))
    assert moved <= half * np.linalg.norm(v) + 8 * (classes + 8) * EPS * (1 + size + length)
    form = oracle_of(find("softmax-lipschitz-constant"), "bound", side="left")
    jacobian = backend.to_numpy(backend.activations.softmax_jacobian(backend.asarray(a)))
    measured = v @ jacobian @ v / (v @ v)
    assert abs(measured - float(form.float64(a=a, v=v))) <= 16 * (classes + 8) * EPS * (1 + size)


@law("softmax-lipschitz-constant")
@given(st.floats(-1e3, 1e3), magnitudes(1e-3, 1e3))
def test_two_equal_logits_attain_the_constant(backend: Backend, logit: float, length: float) -> None:
    v = np.array([length, -length])
    jacobian = backend.to_numpy(backend.activations.softmax_jacobian(backend.asarray([logit, logit])))
    attained = float(oracle("softmax-lipschitz-constant", "attained").float64(c=length))
    assert abs(v @ jacobian @ v - attained) <= 16 * EPS * attained


@law("canonical-output-layers")
@given(st.integers(1, 6), magnitudes(1e-2, 30), seeds())
def test_identity_and_sigmoid_outputs_start_from_prediction_minus_target(
    backend: Backend, outputs: int, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, y = size * rng.uniform(-1, 1, outputs), rng.uniform(0, 1, outputs)
    regression, labels = (oracle("canonical-output-layers", name) for name in ("regression", "labels"))
    # The references are means: over the outputs, and without the factor 1/2.
    squared = of(backend, "squared_error_gradient", a, y, "float64") * outputs / 2
    assert np.abs(squared - regression.float64(a=a, y=y)).max() <= 8 * EPS * (size + 1)
    binary = of(backend, "binary_cross_entropy_gradient", a, y, "float64") * outputs
    assert np.abs(binary - labels.float64(a=a, y=y)).max() <= 8 * EPS


@law("canonical-output-layers")
@given(COUNTS, seeds())
def test_softmax_outputs_start_from_prediction_minus_the_share_of_each_class(
    backend: Backend, counts: np.ndarray, seed: int
) -> None:
    logits = np.random.default_rng(seed).uniform(-5, 5, len(counts))
    labels = np.repeat(np.arange(len(counts)), counts)
    rows = of(backend, "softmax_cross_entropy_gradient", np.tile(logits, (len(labels), 1)), labels)
    expected = oracle("canonical-output-layers", "classes").float64(a=logits, w=counts)
    assert np.abs(rows.sum(axis=0) - expected).max() <= 8 * (counts.sum() + 8) * EPS
