"""Laws of adaptive rates: what the accumulators hold, how long a step can be, what the rules are blind to."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backproof.derivations import oracle

from ._backend import Backend
from ._law import law
from .strategies import EPS, magnitudes, seeds

DECAYS = st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.95, 0.999])
INNER_DECAYS = st.sampled_from([0.1, 0.5, 0.75, 0.9, 0.99])
RATES = magnitudes(1e-4, 10.0)
SCALES = st.integers(-30, 30).map(lambda i: 2.0**i)
LONG_AFTER = 100_000  # steps by which Adam's corrections have become 1 in doubles


def gradients(seed: int, steps: int) -> np.ndarray:
    """A sequence of scalar gradients that changes sign and size, with a 0 now and then."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, steps) * 10 ** rng.uniform(-2, 1, steps) * (rng.uniform(size=steps) > 0.1)


def follow(
    backend: Backend, rule: str, start: float, slopes: Any, state: Any = None, *, module: str = "adaptive", **hyper: Any
) -> tuple[np.ndarray, Any]:
    """The scalar parameter after each step, `(steps + 1,)`, and the last state; slopes are numbers or functions."""
    step, theta, path = getattr(getattr(backend, module), rule), backend.asarray([start]), [start]
    for slope in slopes:
        g = slope(path[-1]) if callable(slope) else slope
        theta, state = step(theta, backend.asarray([g]), state, **hyper)
        path.append(number(backend, theta))
    return np.array(path), state


def number(backend: Backend, x: Any) -> float:
    return float(backend.to_numpy(x)[0])


def rounding(path: np.ndarray, size: float = 0.0) -> float:
    """Sums of k terms of one sign are exact to k EPS, quotients and roots add a few EPS; so the travel's share."""
    return 4 * (len(path) + 8) * EPS * (np.abs(path).max() + np.abs(np.diff(path)).sum() + size)


# ---- AdaGrad ---------------------------------------------------------------------------------------------------------


@law("adagrad-step")
@given(seeds(), st.integers(1, 30))
def test_adagrad_holds_the_sum_of_all_squares(backend: Backend, seed: int, steps: int) -> None:
    g = gradients(seed, steps)
    _, state = follow(backend, "adagrad_step", 0.0, g)
    expected = float(oracle("adagrad-step", "accumulator").float64(g=g, k=steps))
    assert abs(number(backend, state.square_sum) - expected) <= (steps + 2) * EPS * expected


@law("adagrad-step")
@given(SCALES, st.integers(1, 60), RATES, st.sampled_from([-1, 1]))
def test_under_a_constant_gradient_adagrads_steps_shrink_like_the_root_of_time(
    backend: Backend, size: float, steps: int, lr: float, sign: int
) -> None:
    path, _ = follow(backend, "adagrad_step", 0.0, [sign * size] * steps, lr=lr, eps=0.0)
    way = oracle("adagrad-step", "way under a constant gradient")
    assert abs(path[-1] - float(way.float64(G=sign * size, rate=lr, t=steps))) <= rounding(path)


@law("adagrad-step")
@given(magnitudes(1e-8, 1e3), magnitudes(1e-10, 1e-2), RATES)
def test_adagrads_first_step_lacks_its_share_of_eps(backend: Backend, g: float, eps: float, lr: float) -> None:
    path, _ = follow(backend, "adagrad_step", 0.0, [-g], lr=lr, eps=eps)
    lacks = float(oracle("adagrad-step", "what the first step lacks to lr").float64(eps=eps, g_=g, lr_=lr))
    assert abs(lr - path[-1] - lacks) <= 8 * EPS * lr


@law("adagrad-step")
@given(seeds(), st.integers(1, 12), RATES, SCALES)
def test_adagrad_is_blind_to_the_scale_of_the_gradients(
    backend: Backend, seed: int, steps: int, lr: float, scale: float
) -> None:
    g = np.abs(gradients(seed, steps)) + 1e-3
    path, _ = follow(backend, "adagrad_step", 1.0, scale * g, lr=lr, eps=0.0)
    expected = oracle("adagrad-step", "and leave the iterates").float64(g=g, lr=lr, theta0=1, k=steps)
    assert abs(path[-1] - float(expected)) <= rounding(path)


@law("adagrad-regret")
@given(seeds(), st.integers(1, 40), RATES, magnitudes(1e-2, 1.0))
def test_adagrads_steps_keep_to_the_lemma_behind_its_regret(
    backend: Backend, seed: int, steps: int, lr: float, s0: float
) -> None:
    g = np.random.default_rng(seed).uniform(0.2, 1, steps) * s0
    path, _ = follow(backend, "adagrad_step", 0.0, g, lr=lr, eps=0.0, initial_accumulator_value=s0**2)
    claim = oracle("adagrad-regret", "sum of g^2 / sqrt(s)")
    bound = float(claim.float64(g=g, s0=s0, k=steps, lr=lr, x0=0))
    # A step times its gradient is lr g^2/sqrt(s); differences along the path are exact to the path's size.
    assert -(g * np.diff(path)).sum() / lr <= bound + rounding(path) * g.max() / lr


@law("adagrad-regret")
@given(seeds(), st.integers(1, 30), RATES, magnitudes(1e-2, 1.0))
def test_adagrads_regret_stays_below_its_bound(backend: Backend, seed: int, steps: int, lr: float, s0: float) -> None:
    """The gradients are any: with convex losses the sum of gradient times error is at least the regret."""
    g = gradients(seed, steps)
    path, _ = follow(backend, "adagrad_step", lr, g, lr=lr, eps=0.0, initial_accumulator_value=s0**2)
    bound = float(oracle("adagrad-regret", "regret").float64(g=g, lr=lr, s0=s0, x0=lr, k=steps))
    assert (g * path[:-1]).sum() <= bound * (1 + 1e-12) + rounding(path) * np.abs(g).sum()


@law("adagrad-rate-need-not-vanish")
@given(RATES, st.integers(4, 24).map(lambda i: i / 4))
def test_on_a_parabola_adagrads_rate_stays_above_its_limit(backend: Backend, lr: float, ratio: float) -> None:
    start = lr * ratio
    path, state = follow(backend, "adagrad_step", start, [lambda x: x] * 80, lr=lr, eps=0.0)
    least = float(oracle("adagrad-rate-need-not-vanish", "the rate stays above").float64(lr=lr, x0=start))
    assert lr / np.sqrt(number(backend, state.square_sum)) >= least * (1 - 200 * EPS)
    assert abs(path[-1]) <= start


# ---- RMSProp ---------------------------------------------------------------------------------------------------------


@law("rmsprop-step")
@given(seeds(), st.integers(1, 30), DECAYS)
def test_rmsprop_holds_the_average_of_the_squares(backend: Backend, seed: int, steps: int, rho: float) -> None:
    g = gradients(seed, steps)
    _, state = follow(backend, "rmsprop_step", 0.0, g, alpha=rho)
    expected = float(oracle("rmsprop-step", "accumulator").float64(g=g, k=steps, rho=rho))
    assert abs(number(backend, state.square) - expected) <= 4 * (steps + 2) * EPS * expected


@law("rmsprop-step")
@given(magnitudes(1e-6, 1e6), st.integers(0, 40), INNER_DECAYS)
def test_without_gradients_rmsprop_forgets(backend: Backend, c: float, steps: int, rho: float) -> None:
    before = backend.adaptive.RMSPropState(7, backend.asarray([c]))
    _, state = follow(backend, "rmsprop_step", 0.0, [0.0] * (steps + 1), before, alpha=rho)
    expected = float(oracle("rmsprop-step", "silence").float64(c=c, k=steps + 1, rho=rho))
    assert abs(number(backend, state.square) - expected) <= 2 * (steps + 2) * EPS * expected


@law("rmsprop-step")
@given(seeds(), st.integers(0, 20), DECAYS, RATES, SCALES)
def test_rmsprops_longest_step_is_its_first(
    backend: Backend, seed: int, steps: int, rho: float, lr: float, size: float
) -> None:
    g = np.array([size, *gradients(seed, steps), 1e6 * size])
    path, _ = follow(backend, "rmsprop_step", 0.0, g, lr=lr, alpha=rho, eps=0.0)
    claim = oracle("rmsprop-step", "no step is longer than lr/sqrt(1 - rho)")
    longest = float(claim.float64(lr=lr, rho=rho)) ** 0.5
    assert np.abs(np.diff(path)).max() <= longest + rounding(path)
    assert abs(abs(path[1]) - longest) <= 16 * EPS * longest / (1 - rho)  # 1 - rho is rounded in rho's unit


@law("rmsprop-step")
@given(seeds(), st.integers(1, 12), RATES, DECAYS, SCALES)
def test_rmsprop_is_blind_to_the_scale_of_the_gradients(
    backend: Backend, seed: int, steps: int, lr: float, rho: float, scale: float
) -> None:
    g = np.abs(gradients(seed, steps)) + 1e-3
    path, _ = follow(backend, "rmsprop_step", 1.0, scale * g, lr=lr, alpha=rho, eps=0.0)
    expected = oracle("rmsprop-step", "and leave the iterates").float64(g=g, lr=lr, theta0=1, rho=rho, k=steps)
    assert abs(path[-1] - float(expected)) <= rounding(path) / (1 - rho)


@law("rmsprop-limit-cycle")
@given(magnitudes(1e-3, 1e3), RATES, INNER_DECAYS, st.integers(1, 20), st.booleans())
def test_rmsprop_circles_half_a_rate_from_the_minimum(
    backend: Backend, curvature: float, lr: float, rho: float, steps: int, kink: bool
) -> None:
    """The cycle attracts: relative errors of x and s obey a map of determinant rho and stable trace 3 rho - 1."""
    slope = np.sign if kink else lambda x: curvature * x
    before = backend.adaptive.RMSPropState(1, backend.asarray([float(slope(lr / 2)) ** 2]))
    path, _ = follow(backend, "rmsprop_step", lr / 2, [slope] * steps, before, lr=lr, alpha=rho, eps=0.0)
    claim = oracle("rmsprop-limit-cycle", "on |x| it alternates too" if kink else "the iterates alternate")
    assert abs(path[-1] - float(claim.float64(lr=lr, k=steps))) <= 64 * (steps + 2) * EPS * lr / (1 - rho)


@law("epsilon-placement")
@given(magnitudes(1e-8, 1e3), magnitudes(1e-8, 1.0), RATES, st.sampled_from(["adagrad", "rmsprop", "adam"]))
def test_eps_inside_the_root_shortens_the_step_at_most_by_root_two(
    backend: Backend, g: float, d: float, lr: float, rule: str
) -> None:
    hyper = {"adagrad": {}, "rmsprop": {"alpha": 0.0}, "adam": {"betas": (0.9, 0.999)}}[rule]
    outside, _ = follow(backend, f"{rule}_step", 0.0, [-g], lr=lr, eps=d, **hyper)
    inside, _ = follow(backend, f"{rule}_step", 0.0, [-g], lr=lr, eps=d * d, eps_inside=True, **hyper)
    beside = float(oracle("epsilon-placement", "outside is at least inside").float64(w=g, d=d))
    under = float(oracle("epsilon-placement", "and at most sqrt(2) times it").float64(w=g, d=d)) / 2**0.5
    # 1 - 0.999 is exact to EPS/0.001, halved by the root.
    assert abs(outside[1] * beside - lr * g) <= 1024 * EPS * lr * g
    assert abs(inside[1] * under - lr * g) <= 1024 * EPS * lr * g


@law("rmsprop-nesterov")
@given(seeds(), st.integers(1, 12), RATES, DECAYS, magnitudes(1e-8, 1.0))
def test_without_momentum_rmsprop_nesterov_is_rmsprop(
    backend: Backend, seed: int, steps: int, lr: float, rho: float, delta: float
) -> None:
    g = gradients(seed, steps)
    hyper: dict[str, Any] = {"lr": lr, "alpha": rho, "eps": delta, "eps_inside": True, "momentum": 0.0}
    path, _ = follow(backend, "rmsprop_nesterov_step", 1.0, g, **hyper)
    expected = oracle("rmsprop-nesterov", "without momentum it is RMSProp")
    last = float(expected.float64(g=g, lr=lr, rho=rho, delta=delta, theta0=1, k=steps))
    assert abs(path[-1] - last) <= rounding(path) / (1 - rho)


@law("rmsprop-nesterov")
@given(st.sampled_from([-1.0, 0.0, 3.0]), INNER_DECAYS, st.integers(1, 30), st.sampled_from([0.0, 1e-8]))
def test_rmsprop_nesterov_leaves_a_coordinate_without_gradient_alone(
    backend: Backend, v0: float, alpha: float, steps: int, eps: float
) -> None:
    before = backend.adaptive.RMSPropNesterovState(1, backend.asarray([0.0]), backend.asarray([v0]))
    path, _ = follow(backend, "rmsprop_nesterov_step", 7.0, [0.0] * steps, before, momentum=alpha, eps=eps)
    rest = oracle("rmsprop-nesterov", "and a coordinate at rest stays")
    last = float(rest.float64(v0=v0, theta0=7, alpha=alpha, k=steps))
    assert abs(path[-1] - last) <= rounding(path) / (1 - alpha)


@law("rmsprop-nesterov")
@given(seeds(), st.integers(1, 30), RATES, INNER_DECAYS, INNER_DECAYS)
def test_rmsprop_nesterovs_velocity_is_bounded(
    backend: Backend, seed: int, steps: int, lr: float, rho: float, alpha: float
) -> None:
    """Gradients that grow tenfold a step come near the bound."""
    g = np.abs(gradients(seed, steps)) * 10.0 ** np.arange(steps)
    _, state = follow(backend, "rmsprop_nesterov_step", 0.0, g, lr=lr, alpha=rho, momentum=alpha, eps=0.0)
    claim = oracle("rmsprop-nesterov", "no velocity is longer than lr / ((1 - alpha) sqrt(1 - rho))")
    bound = float(claim.float64(alpha=alpha, rho=rho, lr=lr)) ** 0.5
    assert abs(number(backend, state.velocity)) <= bound * (1 + 1e-12)
    if g[0] and steps == 1:  # the first step alone is (1 - alpha) of it
        assert abs(abs(number(backend, state.velocity)) - (1 - alpha) * bound) <= 1e-12 * bound


# ---- AdaDelta --------------------------------------------------------------------------------------------------------


@law("adadelta-step")
@given(seeds(), st.integers(1, 10), INNER_DECAYS, magnitudes(1e-6, 1.0))
def test_adadelta_is_rmsprop_with_the_root_of_its_past_updates_for_a_rate(
    backend: Backend, seed: int, steps: int, rho: float, eps: float
) -> None:
    g = gradients(seed, steps)
    path, _ = follow(backend, "adadelta_step", 1.0, g, lr=1.0, rho=rho, eps=eps)
    claim = "it is RMSProp with the root of the averaged squared updates for a rate"
    expected = float(oracle("adadelta-step", claim).float64(g=g, theta0=1, rho=rho, eps=eps, k=steps))
    assert abs(path[-1] - expected) <= 4 * steps * rounding(path) / (1 - rho)


@law("adadelta-step")
@given(magnitudes(1e2, 1e6), INNER_DECAYS, magnitudes(1e-8, 1e-2))
def test_adadeltas_first_step_does_not_know_the_gradient(backend: Backend, g: float, rho: float, eps: float) -> None:
    path, _ = follow(backend, "adadelta_step", 0.0, [-g], lr=1.0, rho=rho, eps=eps)
    limit = float(oracle("adadelta-step", "the first step is below sqrt(eps/(1 - rho))").float64(eps=eps, rho=rho))
    # It lacks the share eps/((1 - rho) g^2), at most 1e-4 here.
    assert limit * (1 - 2e-4) <= path[-1] ** 2 <= limit * (1 + 1e-12)


# ---- Adam ------------------------------------------------------------------------------------------------------------


@law("adam-moments")
@given(seeds(), st.integers(1, 30), DECAYS, DECAYS)
def test_adam_holds_averages_of_the_gradients_and_of_their_squares(
    backend: Backend, seed: int, steps: int, beta1: float, beta2: float
) -> None:
    g = gradients(seed, steps)
    _, state = follow(backend, "adam_step", 0.0, g, betas=(beta1, beta2))
    first = float(oracle("adam-moments", "first moment").float64(g=g, k=steps, beta=beta1))
    second = float(oracle("adam-moments", "second moment").float64(g=g, k=steps, beta=beta2))
    assert abs(number(backend, state.first_moment) - first) <= 4 * (steps + 2) * EPS * np.abs(g).max()
    assert abs(number(backend, state.second_moment) - second) <= 4 * (steps + 2) * EPS * second


@law("adam-moments")
@given(magnitudes(1e-6, 1e6), st.integers(1, 40), INNER_DECAYS, INNER_DECAYS)
def test_under_a_constant_gradient_adams_moments_lack_the_weights_of_the_past(
    backend: Backend, c: float, steps: int, beta1: float, beta2: float
) -> None:
    _, state = follow(backend, "adam_step", 0.0, [-c] * steps, betas=(beta1, beta2))
    first = oracle("adam-moments", "constant gradients: m is short by the factor 1 - beta^k")
    second = oracle("adam-moments", "and so is v")
    m, v = float(first.float64(c=-c, k=steps, beta=beta1)), float(second.float64(c=c, k=steps, beta=beta2))
    # 1 - beta is exact to EPS / (1 - beta), at least 0.01 here.
    assert abs(number(backend, state.first_moment) - m) <= (4 * steps + 200) * EPS * abs(m)
    assert abs(number(backend, state.second_moment) - v) <= (4 * steps + 200) * EPS * v


@law("adam-moments")
@given(seeds(), st.integers(1, 30), INNER_DECAYS)
def test_adams_first_moment_is_a_share_of_the_momentum_buffer(
    backend: Backend, seed: int, steps: int, beta: float
) -> None:
    g = gradients(seed, steps)
    _, adam = follow(backend, "adam_step", 0.0, g, betas=(beta, 0.999))
    _, ball = follow(backend, "heavy_ball_buffer_step", 0.0, g, module="momentum", lr=1.0, momentum=beta)
    share = oracle("adam-moments", "it is 1 - beta times the momentum buffer")
    expected = float(share.float64(g=g, k=steps, beta=beta))
    tolerance = 4 * (steps + 2) * EPS * np.abs(g).max() / (1 - beta)
    assert abs(number(backend, adam.first_moment) - expected) <= tolerance
    assert abs((1 - beta) * number(backend, ball.velocity) - expected) <= tolerance


@law("adam-step")
@given(magnitudes(1e-9, 1e3), st.sampled_from([-1, 1]), st.integers(1, 30))
def test_with_its_defaults_adam_takes_equal_steps_under_a_constant_gradient(
    backend: Backend, size: float, sign: int, steps: int
) -> None:
    path, _ = follow(backend, "adam_step", 1.0, [sign * size] * steps)
    claim = oracle("adam-step", "under a constant gradient all steps are alike")
    expected = float(claim.float64(G=sign * size, k=steps, lr=0.001, eps=1e-8, theta0=1))
    # 1 - 0.999^t is exact to EPS/0.001, halved by the root.
    assert abs(path[-1] - expected) <= rounding(path) + 1024 * EPS * 0.001 * steps


@law("adam-step")
@given(seeds(), st.integers(1, 12), RATES, DECAYS, DECAYS, SCALES)
def test_adam_is_blind_to_the_scale_of_the_gradients(
    backend: Backend, seed: int, steps: int, lr: float, beta1: float, beta2: float, scale: float
) -> None:
    g = np.abs(gradients(seed, steps)) + 1e-3
    path, _ = follow(backend, "adam_step", 1.0, scale * g, lr=lr, betas=(beta1, beta2), eps=0.0)
    claim = oracle("adam-step", "scaled gradients leave the iterates")
    expected = float(claim.float64(g=g, lr=lr, theta0=1, beta1=beta1, beta2=beta2, k=steps))
    # 1 - beta^t is exact to EPS / (1 - beta) for both decays.
    assert abs(path[-1] - expected) <= rounding(path) * (1 / (1 - beta1) + 1 / (1 - beta2))


@law("adam-step-bound")
@given(INNER_DECAYS, INNER_DECAYS, st.integers(1, 12))
def test_growing_gradients_attain_adams_longest_step(backend: Backend, beta1: float, beta2: float, k: int) -> None:
    growing = (beta2 / beta1) ** np.arange(k + 1)
    _, state = follow(backend, "adam_step", 0.0, growing, betas=(beta1, beta2))
    expected = float(oracle("adam-step-bound", "attained by growing gradients").float64(beta1=beta1, beta2=beta2, k=k))
    assert abs(number(backend, state.first_moment) ** 2 - expected) <= (16 * k + 400) * EPS * expected


@law("adam-step-bound")
@given(seeds(), st.sampled_from([(0.9, 0.999), (0.5, 0.5), (0.9, 0.1)]), st.integers(1, 12))
def test_adams_first_moment_stays_below_its_share_of_the_second(
    backend: Backend, seed: int, betas: tuple[float, float], k: int
) -> None:
    g = gradients(seed, k + 1) * (betas[1] / betas[0]) ** np.arange(k + 1)
    _, state = follow(backend, "adam_step", 0.0, g, betas=betas)
    claim = oracle("adam-step-bound", "m^2 <= C v")
    bound = float(claim.float64(g0=g[0], g=g[1:], beta1=betas[0], beta2=betas[1], k=k))
    assert number(backend, state.first_moment) ** 2 <= bound * (1 + 1e-12)
    assert number(backend, state.second_moment) > 0 or not g.any()


@law("adam-without-momentum")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-6, 1e3), INNER_DECAYS, st.integers(1, 60), RATES)
def test_adam_without_momentum_is_rmsprop_but_for_the_correction(
    backend: Backend, g: float, v: float, beta: float, t: int, lr: float
) -> None:
    zero, square = backend.asarray([0.0]), backend.asarray([v])
    adam, rmsprop = backend.adaptive.AdamState(t - 1, zero, square), backend.adaptive.RMSPropState(t - 1, square)
    short, _ = follow(backend, "adam_step", 0.0, [g], adam, lr=lr, betas=(0.0, beta), eps=0.0)
    long, _ = follow(backend, "rmsprop_step", 0.0, [g], rmsprop, lr=lr, alpha=beta, eps=0.0)
    claim = oracle("adam-without-momentum", "the squared steps differ by the share beta2^t")
    difference = float(claim.float64(g=g, v=v, beta2=beta, t=t, lr=lr))
    assert abs(long[1] ** 2 - short[1] ** 2 - difference) <= (t + 16) * 4 * EPS * long[1] ** 2 / (1 - beta)


# ---- what the rules do to landscapes ---------------------------------------------------------------------------------


@law("curvature-invariance")
@given(st.sampled_from(["adagrad", "rmsprop", "adam"]), SCALES, RATES, INNER_DECAYS, INNER_DECAYS, st.integers(1, 8))
def test_on_a_parabola_adaptive_rules_are_blind_to_its_curvature(
    backend: Backend, rule: str, curvature: float, lr: float, rho: float, beta1: float, steps: int
) -> None:
    rules, start = backend.adaptive, 10 * lr
    square, zero = backend.asarray([curvature**2 / 2]), backend.asarray([0.0])
    state, hyper = {
        "adagrad": (None, {"initial_accumulator_value": curvature**2 / 2}),
        "rmsprop": (rules.RMSPropState(0, square), {"alpha": rho}),
        "adam": (rules.AdamState(0, zero, square), {"betas": (beta1, rho)}),
    }[rule]
    path, _ = follow(backend, f"{rule}_step", start, [lambda x: curvature * x] * steps, state, lr=lr, eps=0.0, **hyper)
    claim = oracle("curvature-invariance", f"{rule}: the iterates do not depend on lambda")
    expected = float(claim.float64(x0=start, s0=0.5, lr=lr, rho=rho, beta1=beta1, k=steps))
    # A step changes by at most 1/(1 - rho) of the relative change of its parts; 8 steps from an error of the first.
    assert abs(path[-1] - expected) <= 64 * rounding(path) / (1 - rho) / (1 - beta1)


@law("curvature-invariance")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-3, 2.0), st.integers(1, 20))
def test_for_gradient_descent_curvature_is_a_factor_of_the_rate(
    backend: Backend, curvature: float, product: float, steps: int
) -> None:
    lr = product / curvature
    path, _ = follow(backend, "sgd_step", 1.0, [lambda x: curvature * x] * steps, module="stochastic", lr=lr)
    claim = oracle("curvature-invariance", "gradient descent: lambda is a factor of the rate")
    expected = float(claim.float64(**{"lambda": curvature}, lr=lr, x0=1, k=steps))
    assert abs(path[-1] - expected) <= 8 * rounding(path)


@law("gradient-descent-convex-rate")
@given(magnitudes(1e-2, 1e2), magnitudes(1e-2, 1e2), st.integers(1, 120))
def test_on_a_smooth_convex_function_the_gap_falls_like_one_over_time(
    backend: Backend, smoothness: float, start: float, steps: int
) -> None:
    """L log cosh x: a slope between -L and L, a curvature of at most L."""
    path, _ = follow(
        backend, "sgd_step", start, [lambda x: smoothness * np.tanh(x)] * steps, module="stochastic", lr=1 / smoothness
    )
    gap = smoothness * (np.logaddexp(path[-1], -path[-1]) - np.log(2))
    bound = oracle("gradient-descent-convex-rate", "so f(x_k) - f* <= L |x_0 - x*|^2 / (2k)")
    # Near the minimum log cosh is rounded in units of log 2.
    assert steps * gap <= float(bound.float64(L=smoothness, x0=[start])) * (1 + 1e-12) + 4 * steps * smoothness * EPS


@law("saddle-race")
@given(magnitudes(1e-6, 1e3), magnitudes(1e-3, 1.0), st.integers(1, 60))
def test_gradient_descent_leaves_a_saddle_by_a_factor_a_step(
    backend: Backend, y0: float, lr: float, steps: int
) -> None:
    away, _ = follow(backend, "sgd_step", y0, [lambda y: -y] * steps, module="stochastic", lr=lr)
    towards, _ = follow(backend, "sgd_step", y0, [lambda x: x] * steps, module="stochastic", lr=lr)
    expected = float(oracle("saddle-race", "away from it").float64(y0=y0, lr=lr, k=steps))
    nearer = float(oracle("saddle-race", "towards the saddle").float64(y0=y0, lr=lr, k=steps))
    assert abs(away[-1] - expected) <= 4 * steps * EPS * expected
    assert abs(towards[-1] - nearer) <= 4 * steps * EPS * y0


@law("saddle-race")
@given(magnitudes(1e-6, 1e3), magnitudes(1e-3, 1.0), st.integers(1, 18).map(lambda i: i / 20), st.integers(1, 60))
def test_the_heavy_ball_leaves_a_saddle_at_least_as_fast(
    backend: Backend, y0: float, lr: float, momentum: float, steps: int
) -> None:
    path, _ = follow(
        backend, "heavy_ball_step", y0, [lambda y: -y] * steps, module="momentum", lr=lr, momentum=momentum
    )
    descent = float(oracle("saddle-race", "away from it").float64(y0=y0, lr=lr, k=steps))
    assert path[-1] >= descent * (1 - 8 * steps * EPS)


@law("saddle-race")
@given(magnitudes(1e-9, 1e3), RATES, DECAYS)
def test_rmsprops_first_step_away_from_a_saddle_does_not_know_the_distance(
    backend: Backend, y0: float, lr: float, rho: float
) -> None:
    path, _ = follow(backend, "rmsprop_step", y0, [lambda y: -y], lr=lr, alpha=rho, eps=0.0)
    expected = float(oracle("saddle-race", "RMSProp's first step does not know the distance").float64(lr=lr))
    assert abs((1 - rho) ** 0.5 * (path[1] - y0) - expected**0.5) <= 16 * EPS * (y0 + lr / (1 - rho))


@law("adam-fails-on-cyclic-losses")
@given(st.integers(0, 36).map(lambda i: i / 4), RATES, st.integers(1, 20))
def test_on_three_losses_in_turn_adam_climbs_where_descent_descends(
    backend: Backend, v: float, lr: float, rounds: int
) -> None:
    before = backend.adaptive.AdamState(LONG_AFTER, backend.asarray([0.0]), backend.asarray([v]))
    losses = [3.0, -1.0, -1.0] * rounds
    adam, _ = follow(backend, "adam_step", 0.0, losses, before, lr=lr, betas=(0.0, 0.1), eps=0.0)
    descent, _ = follow(backend, "sgd_step", 0.0, losses, module="stochastic", lr=lr)
    up = oracle("adam-fails-on-cyclic-losses", "Adam moves up by at least lr/2 a round").float64(lr=lr, x0=0, k=rounds)
    down = oracle("adam-fails-on-cyclic-losses", "gradient descent moves down by lr a round")
    assert adam[-1] >= float(up) - rounding(adam)
    assert abs(descent[-1] - float(down.float64(lr=lr, x0=0, k=rounds))) <= rounding(descent)


@law("amsgrad-descends")
@given(magnitudes(1e-2, 1e2), RATES, st.integers(1, 10))
def test_on_three_losses_in_turn_amsgrad_descends(backend: Backend, v: float, lr: float, rounds: int) -> None:
    held = backend.asarray([v])
    x, state = 0.0, backend.adaptive.AMSGradState(LONG_AFTER, backend.asarray([0.0]), held, held)
    claim = oracle("amsgrad-descends", "a round moves down by at least lr/sqrt(M)")
    kept = oracle("amsgrad-descends", "the divisor never shrinks")
    for _ in range(rounds):
        before = number(backend, state.largest)
        path, state = follow(backend, "amsgrad_step", x, [3.0], state, lr=lr, betas=(0.0, 0.1), eps=0.0)
        divisor = number(backend, state.largest)
        below = float(claim.float64(x=x, lr=lr, M=divisor))
        path, state = follow(backend, "amsgrad_step", path[-1], [-1.0] * 2, state, lr=lr, betas=(0.0, 0.1), eps=0.0)
        assert path[-1] <= below + rounding(path, abs(x) + 3 * lr)
        assert divisor >= float(kept.float64(largest=before))
        x = float(path[-1])


@law("delta-bar-delta-sign-rule")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-3, 1e3), st.sampled_from([-1, 1]), st.sampled_from([0.01, 0.9, 1.1, 3.0]))
def test_successive_gradients_agree_exactly_below_the_best_rate(
    backend: Backend, curvature: float, w: float, sign: int, share: float
) -> None:
    rule = oracle("delta-bar-delta-sign-rule", "gradients agree exactly if the rate is below 1/lambda")
    lr = share * rule.upper_limit("lr", **{"lambda": curvature})
    path, _ = follow(backend, "sgd_step", sign * w, [lambda x: curvature * x], module="stochastic", lr=lr)
    claim = oracle("delta-bar-delta-sign-rule", "product of two successive gradients")
    product = curvature * path[0] * curvature * path[1]
    expected = float(claim.float64(**{"lambda": curvature}, lr=lr, w=sign * w))
    assert abs(product - expected) <= 16 * EPS * (curvature * w) ** 2 * max(1, share)
    assert (product > 0) == (share < 1)


@law("delta-bar-delta-sign-rule")
@given(magnitudes(1e-3, 1e3), magnitudes(1e-3, 1e3), st.sampled_from([-1, 1]), st.sampled_from([0.01, 0.9, 1.1, 3.0]))
def test_jacobs_rate_grows_exactly_while_it_is_below_the_best_one(
    backend: Backend, curvature: float, w: float, sign: int, share: float
) -> None:
    rule = oracle("delta-bar-delta-sign-rule", "gradients agree exactly if the rate is below 1/lambda")
    lr = share * rule.upper_limit("lr", **{"lambda": curvature})
    hyper = {"lr": lr, "kappa": lr / 4, "phi": 0.5, "decay": 0.0}
    _, state = follow(backend, "delta_bar_delta_step", sign * w, [lambda x: curvature * x] * 2, **hyper)
    claim = oracle("delta-bar-delta-sign-rule", "product of two successive gradients")
    agree = float(claim.float64(**{"lambda": curvature}, lr=lr, w=sign * w)) > 0
    assert abs(number(backend, state.rates) - (1.25 if agree else 0.5) * lr) <= 4 * EPS * lr
