# ruff: noqa: E501 -- one row a mutant reads better than a wrapped one
"""Wrong optimizers as NumPy step functions: every line that differs from the rule carries the mistake and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._mutant import Mutant

Update = Callable[..., Any]


def stepper(update: Update, *, t_per_tensor: bool = False, increment: int = 1) -> Callable[..., Any]:
    """Return `step(params, grads, state, **hyper)` around `update(p, g, memory, t, h)`, one memory a tensor."""

    def step(params: Any, grads: Any, state: Any, **hyper: Any) -> Any:
        t, memories = state or (0, [{} for _ in params])
        t, new = t + increment, []
        memories = [{k: np.array(v) for k, v in m.items()} for m in memories]
        for p, g, memory in zip(params, grads, memories, strict=True):
            new.append(update(np.array(p), np.array(g), memory, t, hyper))
            if t_per_tensor:
                t += 1
        return new, (t - t_per_tensor, memories)

    return step


def ema(memory: dict[str, Any], name: str, decay: float, value: Any) -> Any:
    memory[name] = decay * memory.get(name, 0 * value) + (1 - decay) * value
    return memory[name]


def total(memory: dict[str, Any], name: str, decay: float, value: Any) -> Any:
    memory[name] = decay * memory.get(name, 0 * value) + value
    return memory[name]


# ------------------------------------------------------------------------------------------------ adam family


def adam(
    debias: Callable[..., Any] = lambda beta, t: 1 - beta**t,
    denominator: Callable[..., Any] = lambda v, c, eps: np.sqrt(v / c) + eps,
    decay: Callable[..., Any] = lambda p, step, h: p - step,
    gradient: Callable[..., Any] = lambda p, g, h: g,
    first: Callable[..., Any] = lambda memory, g, b: ema(memory, "m", b, g),
    second: Callable[..., Any] = lambda memory, g, b: ema(memory, "v", b, g * g),
) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        (b1, b2), g = h["betas"], gradient(p, g, h)
        m, v = first(memory, g, b1), second(memory, g, b2)
        return decay(p, h["lr"] * m / debias(b1, t) / denominator(v, debias(b2, t), h["eps"]), h)

    return update


def adamw_scaled_decay(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    b1, b2 = h["betas"]
    m, v = ema(memory, "m", b1, g), ema(memory, "v", b2, g * g)
    scale = h["lr"] * np.sqrt(1 - b2**t) / (1 - b1**t)
    return p - scale * (m / (np.sqrt(v) + h["eps"] * np.sqrt(1 - b2**t)) + h["weight_decay"] * p)


def amsgrad(kind: str) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        b1, b2 = h["betas"]
        m, v = ema(memory, "m", b1, g), ema(memory, "v", b2, g * g)
        c = 1 - b2**t
        old = memory.get("top", 0 * v)
        if kind == "after-debias":
            memory["top"] = np.maximum(old, v / c)
            root = np.sqrt(memory["top"])
        elif kind == "stores-sqrt":
            memory["top"] = np.sqrt(np.maximum(old, v))
            root = memory["top"] / np.sqrt(c)
        elif kind == "not-saved":
            root = np.sqrt(np.maximum(old, v) / c)
        elif kind == "min":
            memory["top"] = np.minimum(memory.get("top", v), v)
            root = np.sqrt(memory["top"] / c)
        elif kind == "max-of-last-two":
            root, memory["top"] = np.sqrt(np.maximum(old, v) / c), v
        else:
            memory["top"] = np.maximum(old, v)
            root = np.sqrt(memory["top"] / c)
        return p - h["lr"] * m / (1 - b1**t) / (root + h["eps"])

    return update


def bf16(x: Any) -> Any:
    """Round to 8 significant bits."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


def truncated(beta: float) -> float:
    return float(np.floor(beta * 256) / 256)


def after(p: Any, step: Any, h: Any) -> Any:
    return (p - step) * (1 - h["lr"] * h["weight_decay"])


def decoupled(p: Any, step: Any, h: Any) -> Any:
    return p - step - h["lr"] * h["weight_decay"] * p


def coupled(p: Any, g: Any, h: Any) -> Any:
    return g + h.get("weight_decay", 0.0) * p


def no_eps(v: Any, c: Any, eps: float) -> Any:
    with np.errstate(all="ignore"):
        return np.sqrt(v / c)


def quiet_nan(update: Update) -> Update:
    def wrapped(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return update(*arguments)

    return wrapped


def late_debias(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    return adam(debias=lambda beta, t: 1 - beta ** min(t, 10))(p, g, memory, t, h)


def clipped_gradient(p: Any, g: Any, h: Any) -> Any:
    return np.clip(g, -100, 100)


ADAM = [
    Mutant("adam-debias-no-t", "eriklindernoren/ML-From-Scratch#35", "adam", stepper(adam(debias=lambda b, t: 1 - b))),
    Mutant("adam-no-debias", "google-research/bert#153", "adam", stepper(adam(debias=lambda b, t: 1.0))),
    Mutant(
        "adam-step-never-increments",
        "allenai/OLMo-core#317",
        "adam",
        stepper(adam(debias=lambda b, t: 1 - b ** min(t, 1))),
    ),
    Mutant(
        "adam-step-double-increment",
        "unslothai/unsloth#10842",
        "adam",
        stepper(adam(debias=lambda b, t: 1 - b ** (2 * t - 1))),
    ),
    Mutant("adam-step-double-increment-2", "geoopt/geoopt#164", "adam", stepper(adam(), increment=2)),
    Mutant("adam-step-per-tensor", "flashlight/flashlight#143", "adam", stepper(adam(), t_per_tensor=True)),
    Mutant(
        "adam-eps-inside-sqrt",
        "CyberZHG/keras-radam#29",
        "adam",
        stepper(adam(denominator=lambda v, c, e: np.sqrt(v / c + e))),
    ),
    Mutant(
        "adam-eps-hat",
        "keras-team/keras#17391",
        "adam",
        stepper(adam(denominator=lambda v, c, e: (np.sqrt(v) + e) / np.sqrt(c))),
    ),
    Mutant("adam-eps-outside", "own", "adam[eps=inside]", stepper(adam())),
    Mutant("adam-eps-not-hat", "own", "adam[eps=hat]", stepper(adam())),
    Mutant("adamw-debias-on-lr-scales-decay", "Oneflow-Inc/oneflow#5960", "adamw", stepper(adamw_scaled_decay)),
    Mutant("amsgrad-max-after-debias", "google-deepmind/optax#1389", "amsgrad", stepper(amsgrad("after-debias"))),
    Mutant("amsgrad-stores-sqrt", "pytorch/pytorch#4314", "amsgrad", stepper(amsgrad("stores-sqrt"))),
    Mutant("amsgrad-max-not-saved", "pytorch/pytorch#4034", "amsgrad", stepper(amsgrad("not-saved"))),
    Mutant("amsgrad-min", "own", "amsgrad", stepper(amsgrad("min"))),
    Mutant("amsgrad-max-of-last-two", "own", "amsgrad", stepper(amsgrad("max-of-last-two"))),
    Mutant("amsgrad-raw-max", "own", "amsgrad[max=corrected]", stepper(amsgrad("right"))),
    Mutant(
        "nadam-rescale-precedence",
        "apache/mxnet#8925",
        "adam",
        stepper(adam(gradient=lambda p, g, h: g * (1 + h["weight_decay"] * p))),
        {"weight_decay": 0.3},
    ),
    Mutant("radam-foreach-drops-eps", "pytorch/pytorch#92551", "adam", stepper(quiet_nan(adam(denominator=no_eps)))),
    Mutant("adamw-actually-l2", "nntrainer/nntrainer#3565", "adamw", stepper(adam(gradient=coupled))),
    Mutant(
        "adam-actually-adamw", "flagos-ai/FlagGems#4988", "adam", stepper(adam(decay=decoupled)), {"weight_decay": 0.1}
    ),
    Mutant("adamw-decay-after-update", "huggingface/transformers#14539", "adamw", stepper(adam(decay=after))),
    Mutant(
        "adamw-decay-without-lr", "own", "adamw", stepper(adam(decay=lambda p, s, h: p - s - h["weight_decay"] * p))
    ),
    Mutant(
        "adamw-decay-sign", "own", "adamw", stepper(adam(decay=lambda p, s, h: p - s + h["lr"] * h["weight_decay"] * p))
    ),
    Mutant("decay-dead-assignment", "tinygrad/tinygrad#17708", "adamw", stepper(adam())),
    Mutant("decay-dead-assignment-l2", "tinygrad/tinygrad#17708", "adam", stepper(adam()), {"weight_decay": 0.1}),
    Mutant(
        "decay-wrong-variable",
        "mlverse/torch#821",
        "adam",
        stepper(adam(gradient=lambda p, g, h: g + h["weight_decay"] * 1)),
        {"weight_decay": 0.1},
    ),
    Mutant(
        "decay-on-bias-and-norm",
        "huggingface/transformers#4360",
        "adam",
        stepper(adam(gradient=lambda p, g, h: g + (h["weight_decay"] * p if p.ndim > 1 else 0))),
        {"weight_decay": 0.1},
    ),
    Mutant("bf16-step-saturates", "pytorch/ao#4915", "adam", stepper(adam(debias=lambda b, t: 1 - b ** min(t, 256)))),
    Mutant(
        "bf16-beta2-truncated",
        "tenstorrent/tt-metal#55935",
        "adam",
        stepper(adam(second=lambda m, g, b: ema(m, "v", truncated(b), g * g))),
    ),
    Mutant(
        "bf16-decay-vanishes",
        "Nerogar/OneTrainer#996",
        "adamw",
        stepper(adam(decay=lambda p, s, h: p * bf16(1 - h["lr"] * h["weight_decay"]) - s)),
    ),
    Mutant(
        "fp16-eps-underflow",
        "google-deepmind/optax#1754",
        "adam",
        stepper(quiet_nan(adam(denominator=lambda v, c, e: np.sqrt(v / c) + float(np.float16(e))))),
    ),
    Mutant(
        "adam-state-in-float32",
        "own",
        "adam",
        stepper(adam(second=lambda m, g, b: ema(m, "v", b, (g * g).astype(np.float32)))),
    ),
    Mutant("adam-debias-capped", "own", "adam", stepper(late_debias)),
    Mutant("adam-t-from-zero", "own", "adam", stepper(quiet_nan(adam(debias=lambda b, t: 1 - b ** (t - 1))))),
    Mutant("adam-v-of-m", "own", "adam", stepper(adam(second=lambda m, g, b: ema(m, "v", b, m["m"] * m["m"])))),
    Mutant("adam-v-of-abs", "own", "adam", stepper(adam(second=lambda m, g, b: ema(m, "v", b, np.abs(g))))),
    Mutant(
        "adam-betas-swapped",
        "own",
        "adam",
        stepper(lambda p, g, m, t, h: adam()(p, g, m, t, {**h, "betas": h["betas"][::-1]})),
    ),
    Mutant("adam-eps-squared", "own", "adam", stepper(adam(denominator=lambda v, c, e: np.sqrt(v / c) + e * e))),
    Mutant(
        "adam-max-with-eps", "own", "adam", stepper(adam(denominator=lambda v, c, e: np.maximum(np.sqrt(v / c), e)))
    ),
    Mutant("adam-eps-fixed", "own", "adam", stepper(adam(denominator=lambda v, c, e: np.sqrt(v / c) + 1e-8))),
    Mutant("adam-clips-gradient", "own", "adam", stepper(adam(gradient=clipped_gradient))),
    Mutant(
        "adam-second-moment-centered",
        "own",
        "adam",
        stepper(adam(second=lambda m, g, b: ema(m, "v", b, (g - m["m"]) ** 2))),
    ),
    Mutant("adam-debias-first-only", "own", "adam", stepper(adam(denominator=lambda v, c, e: np.sqrt(v) + e))),
    Mutant(
        "adam-nesterov",
        "own",
        "adam",
        stepper(
            lambda p, g, m, t, h: (
                p
                - h["lr"]
                * (h["betas"][0] * ema(m, "m", h["betas"][0], g) + (1 - h["betas"][0]) * g)
                / (1 - h["betas"][0] ** t)
                / (np.sqrt(ema(m, "v", h["betas"][1], g * g) / (1 - h["betas"][1] ** t)) + h["eps"])
            )
        ),
    ),
    Mutant("adam-sign-of-zero", "own", "adam", stepper(adam(gradient=lambda p, g, h: np.where(g == 0, 1e-6, g)))),
    Mutant(
        "adam-mean-over-tensor",
        "own",
        "adam",
        stepper(adam(second=lambda m, g, b: ema(m, "v", b, np.mean(g * g) * np.ones_like(g)))),
    ),
]

# ------------------------------------------------------------------------------- momentum, rms and accumulators


def momentum(kind: str) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        lr, mu, old = h["lr"], h["momentum"], memory.get("v", 0 * g)
        if kind == "lr-in-velocity":
            memory["v"] = mu * old + lr * g
            return p - memory["v"]
        if kind == "stale-and-squared":
            memory["v"] = mu * old + (1 - mu) * g
            return p - (1 - mu) * lr * old
        if kind == "lr-twice":
            memory["v"] = lr * mu * old + lr * g
            return p - memory["v"]
        if kind == "ema":
            memory["v"] = mu * old + (1 - mu) * g
            return p - lr * memory["v"]
        if kind == "stale":
            memory["v"] = mu * old + g
            return p - lr * (old if t > 1 else g)
        if kind == "nesterov-sign":
            memory["v"] = mu * old + g
            return p - lr * g + lr * mu * memory["v"]
        if kind == "nesterov-lookahead-without-mu":
            memory["v"] = mu * old + g
            return p - lr * (g + memory["v"])
        if kind == "nesterov-mutates-gradient-first":
            g = g + mu * old
            memory["v"] = mu * old + g
            return p - lr * (g + mu * memory["v"])
        if kind == "nesterov-old-velocity":
            memory["v"] = mu * old + g
            return p - lr * (g + mu * old)
        if kind == "velocity-reset":
            memory["v"] = (mu * old if t % 100 else 0) + g
            return p - lr * memory["v"]
        if kind == "velocity-clipped":
            memory["v"] = np.clip(mu * old + g, -500, 500)
            return p - lr * memory["v"]
        if kind == "velocity-resets-on-sign-change":
            memory["v"] = np.where(g * old < 0, 0, mu * old) + g
            return p - lr * memory["v"]
        raise AssertionError(kind)

    return update


def sgd_decay_in_momentum_only(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    if h.get("momentum"):
        g = g + h["weight_decay"] * p
    return p - h["lr"] * g


def shared_velocity() -> Callable[..., Any]:
    """State by shape, so that tensors of equal shape share their velocity."""

    def step(params: Any, grads: Any, state: Any, lr: float, momentum: float) -> Any:
        held, new = dict(state or {}), []
        for p, g in zip(params, grads, strict=True):
            held[np.shape(p)] = momentum * held.get(np.shape(p), 0 * g) + g
            new.append(p - lr * held[np.shape(p)])
        return new, held

    return step


def first_rate() -> Callable[..., Any]:
    """The rate of the first step is kept."""

    def step(params: Any, grads: Any, state: Any, lr: float) -> Any:
        state = lr if state is None else state
        return [p - state * g for p, g in zip(params, grads, strict=True)], state

    return step


def global_state() -> Callable[..., Any]:
    """Velocity kept in the module, not in the state that is handed on."""
    held: dict[int, Any] = {}

    def step(params: Any, grads: Any, state: Any, lr: float, momentum: float) -> Any:
        new = []
        if state is None:
            held.clear()
        for i, (p, g) in enumerate(zip(params, grads, strict=True)):
            held[i] = momentum * held.get(i, 0 * g) + g
            new.append(p - lr * held[i])
        return new, "held elsewhere"

    return step


def mutating(params: Any, grads: Any, state: Any, lr: float, weight_decay: float = 0.0) -> Any:
    for g in grads:
        g *= lr
    return [p - g for p, g in zip(params, grads, strict=True)], None


def printing(params: Any, grads: Any, state: Any, lr: float) -> Any:
    print("step")
    return [p - lr * g for p, g in zip(params, grads, strict=True)], None


def seeding(params: Any, grads: Any, state: Any, lr: float) -> Any:
    np.random.seed(0)  # noqa: NPY002
    return [p - lr * g for p, g in zip(params, grads, strict=True)], None


def flattening(params: Any, grads: Any, state: Any, lr: float) -> Any:
    return [np.ravel(p - lr * g) for p, g in zip(params, grads, strict=True)], None


def memory_order(params: Any, grads: Any, state: Any, lr: float) -> Any:
    """Reads the memory of a transposed array as if it were contiguous."""
    raw = [np.lib.stride_tricks.as_strided(g, g.shape, np.zeros(g.shape, g.dtype).strides) for g in grads]
    return [p - lr * g for p, g in zip(params, raw, strict=True)], None


def rms(kind: str) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        lr, a, eps = h["lr"], h["alpha"], h["eps"]
        if kind == "eps-inside":
            return p - lr * g / np.sqrt(ema(memory, "s", a, g * g) + eps)
        if kind == "missing-one-minus-rho":
            return p - lr * g / (np.sqrt(total(memory, "s", a, g * g)) + eps)
        if kind == "debiased":
            return p - lr * g / (np.sqrt(ema(memory, "s", a, g * g) / (1 - a**t)) + eps)
        if kind == "stale":
            old = memory.get("s", 0 * g)
            ema(memory, "s", a, g * g)
            return p - lr * g / (np.sqrt(old) + eps)
        if kind == "alpha-swapped":
            return p - lr * g / (np.sqrt(ema(memory, "s", 1 - a, g * g)) + eps)
        if kind == "starts-at-one":
            memory.setdefault("s", np.ones_like(g))
            return p - lr * g / (np.sqrt(ema(memory, "s", a, g * g)) + eps)
        s, m = ema(memory, "s", a, g * g), ema(memory, "m", a, g)
        if kind == "centered-negative":
            return p - lr * g / np.sqrt(s - m * m + eps)
        if kind == "centered-unclamped":
            return p - lr * g / (np.sqrt(s - m * m) + eps)
        if kind == "centered-plus":
            return p - lr * g / (np.sqrt(s + m * m) + eps)
        if kind == "centered-by-gradient":
            return p - lr * g / (np.sqrt(np.maximum(s - g * g, 0)) + eps)
        raise AssertionError(kind)

    return quiet_nan(update)


def adagrad(kind: str) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        if kind == "initial":
            memory.setdefault("s", np.full_like(g, 0.1))
        s = total(memory, "s", 1.0, g * g)
        if kind == "no-eps":
            return p - h["lr"] * g / np.sqrt(s)
        if kind == "eps-inside":
            return p - h["lr"] * g / np.sqrt(s + h["eps"])
        if kind == "no-root":
            return p - h["lr"] * g / (s + h["eps"])
        if kind == "mean":
            return p - h["lr"] * g / (np.sqrt(s / t) + h["eps"])
        if kind == "zero-wrong-index":  # the previous gradient is cleared at entry 0 only
            memory["left"] = g + np.where(np.arange(g.size).reshape(g.shape) == 0, 0, memory.get("left", 0 * g))
            return p - h["lr"] * memory["left"] / (np.sqrt(s) + h["eps"])
        return p - h["lr"] * g / (np.sqrt(s) + h["eps"])

    return quiet_nan(update)


def adadelta(kind: str) -> Update:
    def update(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
        rho, eps, old = h["rho"], h["eps"], memory.get("a", 0 * g)
        s = ema(memory, "s", rho, g * g)
        if kind == "eps-outside":
            u = (np.sqrt(old) + eps) / (np.sqrt(s) + eps) * g
        elif kind == "new-accumulator":  # the denominator's update is used before it exists: the gradient in its place
            u = np.sqrt(rho * old + (1 - rho) * g * g + eps) / np.sqrt(s + eps) * g
        else:
            u = np.sqrt(old + eps) / np.sqrt(s + eps) * g
        if kind == "lr-in-accumulator":
            memory["a"] = rho * old + (1 - rho) * (h["lr"] * u) ** 2
        elif kind == "accumulates-gradient":
            memory["a"] = rho * old + (1 - rho) * g * g
        else:
            memory["a"] = rho * old + (1 - rho) * u * u
        return p - (1.0 if kind == "no-lr" else h["lr"]) * u

    return update


OTHERS = [
    Mutant("momentum-lr-in-velocity", "apache/mxnet#15533", "momentum", stepper(momentum("lr-in-velocity"))),
    Mutant("momentum-stale-and-squared", "mdenil/dropout#4", "momentum", stepper(momentum("stale-and-squared"))),
    Mutant("momentum-lr-applied-twice", "BRML/climin#29", "momentum", stepper(momentum("lr-twice"))),
    Mutant("momentum-ema", "own", "momentum", stepper(momentum("ema"))),
    Mutant("momentum-stale", "own", "momentum", stepper(momentum("stale"))),
    Mutant("momentum-reset-at-100", "own", "momentum", stepper(momentum("velocity-reset"))),
    Mutant("momentum-clipped", "own", "momentum", stepper(momentum("velocity-clipped"))),
    Mutant("momentum-sign-change", "own", "momentum", stepper(momentum("velocity-resets-on-sign-change"))),
    Mutant("momentum-shared-by-shape", "own", "momentum", shared_velocity()),
    Mutant("adam-shared-moments-local-step", "ikostrikov/pytorch-a3c#12", "momentum", global_state()),
    Mutant("nesterov-sign", "PaddlePaddle/Paddle#12231", "nesterov", stepper(momentum("nesterov-sign"))),
    Mutant(
        "nesterov-lookahead-without-mu",
        "udlbook/udlbook#149",
        "nesterov",
        stepper(momentum("nesterov-lookahead-without-mu")),
    ),
    Mutant(
        "nesterov-mutates-gradient-first",
        "ml-explore/mlx#87",
        "nesterov",
        stepper(momentum("nesterov-mutates-gradient-first")),
    ),
    Mutant("nesterov-old-velocity", "own", "nesterov", stepper(momentum("nesterov-old-velocity"))),
    Mutant(
        "sgd-decay-only-with-momentum",
        "ml-explore/mlx#473",
        "sgd",
        stepper(sgd_decay_in_momentum_only),
        {"weight_decay": 0.1},
    ),
    Mutant("sgd-first-rate", "own", "sgd", first_rate()),
    Mutant("sgd-mutates-gradients", "own", "sgd", mutating),
    Mutant("sgd-prints", "own", "sgd", printing),
    Mutant("sgd-seeds", "own", "sgd", seeding),
    Mutant("sgd-flattens", "own", "sgd", flattening),
    Mutant("sgd-memory-order", "own", "sgd", memory_order),
    Mutant("rmsprop-eps-inside", "keras-team/keras#435", "rmsprop", stepper(rms("eps-inside"))),
    Mutant("rmsprop-missing-one-minus-rho", "fastai/fastbook#342", "rmsprop", stepper(rms("missing-one-minus-rho"))),
    Mutant("rmsprop-debiased", "own", "rmsprop", stepper(rms("debiased"))),
    Mutant("rmsprop-stale", "own", "rmsprop", stepper(rms("stale"))),
    Mutant("rmsprop-alpha-swapped", "own", "rmsprop", stepper(rms("alpha-swapped"))),
    Mutant("rmsprop-starts-at-one", "own", "rmsprop", stepper(rms("starts-at-one"))),
    Mutant(
        "rmsprop-centered-negative",
        "apache/mxnet#6235",
        "rmsprop-centered[eps=inside]",
        stepper(rms("centered-negative")),
    ),
    Mutant("rmsprop-centered-unclamped", "apache/mxnet#6235", "rmsprop-centered", stepper(rms("centered-unclamped"))),
    Mutant("rmsprop-centered-plus", "own", "rmsprop-centered", stepper(rms("centered-plus"))),
    Mutant("rmsprop-centered-by-gradient", "own", "rmsprop-centered", stepper(rms("centered-by-gradient"))),
    Mutant("adagrad-zero-first-gradient", "davharris/mistnet#94", "adagrad", stepper(adagrad("no-eps"))),
    Mutant("adagrad-initial-accumulator", "pytorch/pytorch#6616", "adagrad", stepper(adagrad("initial"))),
    Mutant("adagrad-zero-wrong-index", "cbovar/ConvNetSharp#29", "adagrad", stepper(adagrad("zero-wrong-index"))),
    Mutant("adagrad-eps-inside", "own", "adagrad", stepper(adagrad("eps-inside"))),
    Mutant("adagrad-no-root", "own", "adagrad", stepper(adagrad("no-root"))),
    Mutant("adagrad-mean", "own", "adagrad", stepper(adagrad("mean"))),
    Mutant("adadelta-eps-outside", "own", "adadelta", stepper(adadelta("eps-outside"))),
    Mutant("adadelta-new-accumulator", "own", "adadelta", stepper(adadelta("new-accumulator"))),
    Mutant("adadelta-lr-in-accumulator", "own", "adadelta", stepper(adadelta("lr-in-accumulator"))),
    Mutant("adadelta-accumulates-gradient", "own", "adadelta", stepper(adadelta("accumulates-gradient"))),
    Mutant("adadelta-no-lr", "own", "adadelta", stepper(adadelta("no-lr"))),
]

# ------------------------------------------------------------------------------------------------------ controls


def summed_velocity(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    memory["v"] = h["momentum"] * memory.get("v", 0 * g) - h["lr"] * g
    return p + memory["v"]


def decay_by_factor(p: Any, step: Any, h: Any) -> Any:
    return p * (1 - h["lr"] * h["weight_decay"]) - step


def adadelta_previous(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    """The accumulator takes the previous update at the start of a step: the same recursion, shifted."""
    last = memory.get("u", None)
    a = ema(memory, "a", h["rho"], last * last) if last is not None else 0 * g
    memory["u"] = np.sqrt(a + h["eps"]) / np.sqrt(ema(memory, "s", h["rho"], g * g) + h["eps"]) * g
    return p - h["lr"] * memory["u"]


def clamped_centered(p: Any, g: Any, memory: Any, t: int, h: Any) -> Any:
    s, m = ema(memory, "s", h["alpha"], g * g), ema(memory, "m", h["alpha"], g)
    return p - h["lr"] * g / (np.sqrt(np.maximum(s - m * m, 0)) + h["eps"])


CONTROLS = [
    Mutant("c-momentum-sign-convention", "IDSIA/brainstorm#96", "momentum[lr=inside-velocity]", stepper(summed_velocity)),
    Mutant("c-decay-add-vs-mul", "JRC1995/DemonRangerOptimizer#2", "adamw", stepper(adam(decay=decay_by_factor))),
    Mutant("c-decay-add", "JRC1995/DemonRangerOptimizer#2", "adamw", stepper(adam(decay=decoupled))),
    Mutant("c-adadelta-order", "yacineMahdid/artificial-intelligence-and-machine-learning#43", "adadelta", stepper(adadelta_previous)),
    Mutant("c-adadelta", "own", "adadelta", stepper(adadelta("right"))),
    Mutant("c-adam", "own", "adam", stepper(adam())),
    Mutant("c-adam-hat", "own", "adam[eps=hat]", stepper(adam(denominator=lambda v, c, e: (np.sqrt(v) + e) / np.sqrt(c)))),
    Mutant("c-adam-inside", "own", "adam[eps=inside]", stepper(adam(denominator=lambda v, c, e: np.sqrt(v / c + e)))),
    Mutant("c-adam-l2", "own", "adam", stepper(adam(gradient=coupled)), {"weight_decay": 0.1}),
    Mutant("c-amsgrad", "own", "amsgrad", stepper(amsgrad("right"))),
    Mutant("c-amsgrad-corrected", "own", "amsgrad[max=corrected]", stepper(amsgrad("after-debias"))),
    Mutant("c-adagrad", "own", "adagrad", stepper(adagrad("right"))),
    Mutant("c-rmsprop-inside", "own", "rmsprop[eps=inside]", stepper(rms("eps-inside"))),
    Mutant("c-rmsprop-centered", "own", "rmsprop-centered", stepper(clamped_centered)),
    Mutant("c-momentum-inside", "own", "momentum[lr=inside-velocity]", stepper(momentum("lr-in-velocity"))),
]  # fmt: skip
