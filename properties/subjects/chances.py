"""Exact and distribution-free tests for targets that draw random numbers.

Every test compares a p-value with `ALPHA`, so a right target fails one with at most that probability, whatever its
generator. The numbers
of draws are chosen so that the smallest effects named in `docs/conformance.md` are seen with probability 0.99 and more.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

Array = np.ndarray
#: the probability that a right target fails one test
ALPHA = 1e-9


def binomial(successes: int, trials: int, p: float) -> float:
    """Return the two-sided p-value of a count (twice the smaller exact tail).

    >>> round(binomial(60, 100, 0.5), 4)
    0.0569
    """
    low = special.bdtr(successes, trials, p)
    high = special.bdtrc(successes - 1, trials, p) if successes > 0 else 1.0
    return float(min(1.0, 2 * min(low, high)))


def most_unusual(counts: Array, trials: int | Array, p: float) -> tuple[tuple[int, ...], float]:
    """Return where the most unusual of many counts is, and its p-value times their number (Bonferroni).

    Only the counts farthest above and below their expectation, in standard deviations, are given a p-value: with
    equal trials one of them is the smallest, with unequal ones the answer can only be larger, which is safe.
    """
    trials = np.broadcast_to(trials, counts.shape)
    away = (counts - trials * p) / np.sqrt(trials * p * (1 - p))
    ends = (int(np.argmin(away)), int(np.argmax(away)))
    values = [binomial(int(counts.flat[i]), int(trials.flat[i]), p) for i in ends]
    place = np.unravel_index(ends[int(np.argmin(values))], counts.shape)
    return tuple(int(i) for i in place), min(1.0, min(values) * counts.size)


def agreements(marks: Array) -> tuple[Array, int]:
    """Return for every pair of rows of a boolean matrix in how many columns they agree, and the number of columns."""
    x = marks.astype(np.float32)
    both = x @ x.T
    ones = x.sum(axis=1)
    n = marks.shape[1]
    return np.rint(n - ones[:, None] - ones[None, :] + 2 * both).astype(int), n


def pairs_agree(marks: Array, p: float) -> tuple[tuple[int, int], int, float]:
    """Return the most unusual pair of rows, its agreements, and the p-value over all pairs.

    Two independent rows of marks of probability p agree in a column with probability p^2 + (1 - p)^2.
    """
    counts, n = agreements(marks)
    above = np.triu_indices(len(marks), 1)
    (worst,), value = most_unusual(counts[above], n, p * p + (1 - p) * (1 - p))
    one, other = int(above[0][worst]), int(above[1][worst])
    return (one, other), int(counts[one, other]), value


def shifts_agree(one: Array, other: Array) -> tuple[int, int, int, float]:
    """Return the most unusual shift between two rows of fair marks, its agreements, their number, and the p-value.

    Entry i + shift of `one` and entry i of `other` agree with probability 1/2, independently of the other pairs; that
    holds for a row and itself too, where a shift links the marks in chains, as long as the marks are fair.
    """
    n, same = len(one), one is other
    signs = [np.where(row, 1.0, -1.0) for row in (one, other)]
    first, second = (np.fft.rfft(row, 2 * n) for row in signs)
    products = np.fft.irfft(first * np.conj(second), 2 * n)
    shifts = np.arange(1 if same else -(n // 2), n // 2)
    trials = n - np.abs(shifts)
    counts = np.rint((products[shifts] + trials) / 2).astype(int)
    (worst,), value = most_unusual(counts, trials, 0.5)
    return int(shifts[worst]), int(counts[worst]), int(trials[worst]), value


def mirrored_agree(row: Array) -> tuple[int, int, int, float]:
    """Return the most unusual mirror of a row of fair marks: twice its place, agreements, pairs, and the p-value."""
    n = len(row)
    products = np.fft.irfft(np.fft.rfft(np.where(row, 1.0, -1.0), 2 * n) ** 2, 2 * n)
    places = np.arange(n // 2, 2 * n - n // 2 - 1)
    trials = np.where(places < n, (places + 1) // 2, (2 * n - 1 - places) // 2)
    # every pair is counted twice, and the mark on the mirror, where there is one, once with itself
    counts = np.rint(((products[places] - (places % 2 == 0)) / 2 + trials) / 2).astype(int)
    (worst,), value = most_unusual(counts, trials, 0.5)
    return int(places[worst]), int(counts[worst]), int(trials[worst]), value


def dispersion(counts: Array, trials: int, p: float) -> float:
    """Return the two-sided p-value of the spread of counts that are each binomial.

    The index of dispersion is compared with chi-squared; with `trials * p * (1 - p)` of 25 and more the
    approximation errs on
    the far tail by a factor that the margin below covers.
    """
    statistic = float(np.sum((counts - trials * p) ** 2) / (trials * p * (1 - p)))
    k = len(counts)
    return float(min(1.0, 2 * min(special.chdtrc(k, statistic / 1.02), special.chdtr(k, statistic * 1.02))))


def uniform_cells(counts: Array) -> float:
    """Return the p-value of Pearson's statistic for equally likely cells."""
    counts = np.asarray(counts).ravel()
    expected = counts.sum() / len(counts)
    return float(special.chdtrc(len(counts) - 1, float(np.sum((counts - expected) ** 2) / expected) / 1.02))


def distribution(values: Array, cdf: Array) -> tuple[float, float]:
    """Return the largest distance between the empirical and the exact distribution, and its p-value.

    `cdf` holds the exact distribution function at the sorted values. Dvoretzky-Kiefer-Wolfowitz with Massart's
    constant:
    P(distance > d) <= 2 exp(-2 n d^2), for every distribution and every n.
    """
    n = len(values)
    steps = np.arange(n + 1) / n
    distance = float(max(np.max(steps[1:] - cdf), np.max(cdf - steps[:-1])))
    return distance, float(min(1.0, 2 * math.exp(-2 * n * distance**2)))


def chi_squared(statistic: float, degrees: int) -> float:
    """Return the two-sided p-value of a chi-squared statistic."""
    return float(min(1.0, 2 * min(special.chdtr(degrees, statistic), special.chdtrc(degrees, statistic))))
