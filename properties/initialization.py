"""Laws of initialization: Xavier's variance, both laws of it, and what it does to the two passes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backproof.derivations import oracle

from ._backend import Backend
from ._law import FALSE_ALARM, law
from .strategies import seeds

THEOREM = "xavier-variance"
EXAMPLES = 20
#: Rectangular on purpose: swapped or single fans are invisible on square layers.
FANS = st.sampled_from([(30, 300), (300, 30), (100, 101), (1, 400), (400, 1), (64, 128)])


def weights(backend: Backend, name: str, fans: tuple[int, int], seed: int) -> np.ndarray:
    """At least 10^5 independent weights of one layer shape, `(layers, fan_in, fan_out)`."""
    rng = np.random.default_rng(seed)
    make = getattr(backend.initialization, name)
    layers = 1 + 100_000 // (fans[0] * fans[1])
    return np.stack([backend.to_numpy(make(fans, rng)) for _ in range(layers)])


def variance(fans: tuple[int, int]) -> float:
    return float(oracle(THEOREM, "uniform form").float64(n_in=fans[0], n_out=fans[1]))


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(FANS, seeds())
def test_normal_weights_have_variance_two_over_the_sum_of_the_fans(
    backend: Backend, fans: tuple[int, int], seed: int
) -> None:
    """chi^2 on 10^5 weights: false alarm 1e-9.

    A standard deviation off by 2 % is 9 sigma, found with power above 0.99.
    """
    w = weights(backend, "xavier_normal", fans, seed).ravel()
    statistic = float((w**2).sum()) / variance(fans)
    assert 2 * min(stats.chi2.cdf(statistic, w.size), stats.chi2.sf(statistic, w.size)) >= FALSE_ALARM / EXAMPLES


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(FANS, seeds())
def test_uniform_weights_fill_their_interval_and_no_more(backend: Backend, fans: tuple[int, int], seed: int) -> None:
    """Kolmogorov-Smirnov on 10^5 weights: false alarm 1e-9; a bound off by 3 % moves the law by 4.7 / sqrt n."""
    w = weights(backend, "xavier_uniform", fans, seed).ravel()
    bound = np.sqrt(3 * variance(fans))
    assert np.abs(w).max() <= bound * (1 + 1e-12)
    assert stats.kstest(w, stats.uniform(-bound, 2 * bound).cdf).pvalue >= FALSE_ALARM / EXAMPLES


@law(THEOREM)
@settings(max_examples=EXAMPLES)
@given(st.sampled_from(["xavier_normal", "xavier_uniform"]), FANS, seeds())
def test_each_pass_deviates_by_its_factor(backend: Backend, name: str, fans: tuple[int, int], seed: int) -> None:
    """Both gains at once: given the weights, y'y / x'x averages n_in Var(w) over Gaussian x, g'g / h'h n_out Var(w).

    Bernstein-free bound: with 10^5 weights the empirical variance is within 4 % of the law's (6 sigma and more).
    """
    w = weights(backend, name, fans, seed)
    forward = float((w**2).mean()) * fans[0]
    backward = float((w**2).mean()) * fans[1]
    arguments = {"n_in": fans[0], "n_out": fans[1]}
    assert abs(forward / float(oracle(THEOREM, "forward deviation").float64(**arguments)) - 1) <= 0.04
    assert abs(backward / float(oracle(THEOREM, "backward deviation").float64(**arguments)) - 1) <= 0.04
