"""Trains the perceptron on the digits and holds that run to the theorems: they are true of every network."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backproof.derivations import oracle
from backproof.properties import FALSE_ALARM, Backend
from backproof.reference.architecture import Activation, Dense, Dropout, Network, perceptron
from backproof.reference.data import Split, digits

Array = np.ndarray[Any, Any]
ROUNDING = float(np.finfo(np.float64).eps)

# The theorems that a training run says something of.
THEOREMS = (
    "softmax-cross-entropy-gradient",
    "ensemble-mean-squared-error",
    "xavier-variance",
    "dropout-weight-scaling",
)

DROP = 0.2
NETWORK = perceptron((64, 128, 10), "relu", dropout=DROP)
EPOCHS, BATCH, RATE = 30, 32, 2e-3
ACCURACY = 0.97  # of the held-out digits, below which the run counts as failed

MEMBERS, MEMBER_EPOCHS = 8, 5
# Neither wide nor narrow throughout: fan_in and fan_out must not be exchangeable.
DEEP, STARTS = perceptron((64, 256, 32, 128, 10), "relu"), 200
MASKED, IMAGES, MASK_DROP = 8, 10, 0.3


@dataclass(frozen=True)
class Check:
    """One number measured on the run beside what the theorem says, with the largest difference that is allowed."""

    theorem: str
    what: str
    measured: float
    expected: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether the difference is allowed; a NaN never is."""
        return abs(self.measured - self.expected) <= self.allowed


def real_run(backend_name: str, seed: int) -> dict[str, Any]:
    """Return, as plain data, the checks, the held-out accuracy and the seconds of one training run on the digits."""
    start = time.perf_counter()
    backend = Backend(backend_name)
    starts, bags, weights = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    # One split for every seed: from split to split the accuracy moves by 1 %, from start to start by 0.3 %.
    split = digits(np.random.default_rng(0))
    theta, gradient_check = trained(backend, split, starts)
    logits = backend.to_numpy(backend.backprop.forward(NETWORK, theta, backend.asarray(split.test_inputs)))
    checks = [
        gradient_check,
        ensemble_check(backend, split, bags),
        *variance_checks(backend, split, weights),
        dropout_check(backend, split, backend.to_numpy(theta)),
    ]
    return {
        "backend": backend_name,
        "accuracy": float((logits.argmax(axis=-1) == split.test_labels).mean()),
        "checks": [{**asdict(check), "backend": backend_name, "holds": check.holds} for check in checks],
        "seconds": time.perf_counter() - start,
    }


def trained(backend: Backend, split: Split, rng: np.random.Generator) -> tuple[Any, Check]:
    """Return the trained theta, and how far its gradient was from f - e(y) assembled by hand, every 50th step."""
    inputs, labels = backend.asarray(split.train_inputs), backend.asarray(split.train_labels, "int64")
    theta, state = backend.asarray(backend.initialization.initial_parameters(NETWORK, rng)), None
    batches = (backend.stochastic.minibatches(len(inputs), BATCH, rng) for _ in range(EPOCHS))
    worst = 0.0
    for step, batch in enumerate(itertools.chain.from_iterable(batches)):
        masks = [backend.asarray(mask, "int8") for mask in backend.dropout.masks(NETWORK, len(batch), rng)]
        _, gradient = backend.backprop.loss_and_gradient(NETWORK, theta, inputs[batch], labels[batch], masks=masks)
        if step % 50 == 0:
            x, y = backend.to_numpy(inputs[batch]), backend.to_numpy(labels[batch])
            kept = backend.to_numpy(masks[0]) / (1 - DROP)
            by_hand, bound = gradient_by_hand(backend.to_numpy(theta), x, y, kept)
            worst = max(worst, float((np.abs(backend.to_numpy(gradient) - by_hand) / bound).max()))
        theta, state = backend.adaptive.adam_step(theta, gradient, state, lr=RATE)
    what = "loss gradient against f - e(y) by hand, every 50th step, in units of its rounding bound"
    return theta, Check("softmax-cross-entropy-gradient", what, worst, 0.0, 1.0)


def gradient_by_hand(theta: Array, x: Array, y: Array, kept: Array) -> tuple[Array, Array]:
    """Return the gradient that f - e(y) gives by the chain rule, and the rounding that two ways to it may differ by."""
    (w1, b1), _, _, (w2, b2) = NETWORK.views(theta)
    a1 = x @ w1 + b1
    passes = kept * (a1 > 0)
    h = a1 * passes
    gradient = oracle("softmax-cross-entropy-gradient", "gradient")
    # The theorem counts classes from 1.
    rows = [gradient.float64(a=row, y=label + 1) for row, label in zip(h @ w2 + b2, y, strict=True)]
    delta2 = np.array(rows) / len(x)
    delta1 = (delta2 @ w2.T) * passes
    # The same sums over absolute values: each rounds by at most eps a term, and a logit's error multiplies f.
    terms = 2 * ROUNDING * (sum(w1.shape) + sum(w2.shape) + len(x))
    size1 = (np.abs(x) @ np.abs(w1) + np.abs(b1)) * kept
    logits = (size1 @ np.abs(w2) + np.abs(b2)).max(axis=1, keepdims=True)
    error2 = terms * (np.abs(delta2) + (2 * logits + 1) / len(x))
    error1 = (error2 @ np.abs(w2).T) * passes
    by_hand = [x.T @ delta1, delta1.sum(axis=0), h.T @ delta2, delta2.sum(axis=0)]
    bounds = [np.abs(x).T @ error1, error1.sum(axis=0), size1.T @ error2, error2.sum(axis=0)]
    # An entry that is zero by hand (a unit that no example reaches) must be zero in the run as well.
    return flat(by_hand), np.maximum(flat(bounds), np.finfo(np.float64).tiny)


def flat(arrays: list[Array]) -> Array:
    """Return the arrays as one vector."""
    return np.concatenate([array.ravel() for array in arrays])


def ensemble_check(backend: Backend, split: Split, rng: np.random.Generator) -> Check:
    """Return the squared error of the mean of bagged networks beside v/k + (k-1)c/k with its measured v and c."""
    network, test = perceptron((64, 128, 10), "relu"), backend.asarray(split.test_inputs)
    run = backend.ensembles.bagging(
        network,
        backend.asarray(split.train_inputs),
        backend.asarray(split.train_labels, "int64"),
        members=MEMBERS,
        rng=rng,
        epochs=MEMBER_EPOCHS,
        batch_size=BATCH,
        lr=RATE,
        **({"device": backend.device} if backend.device != "cpu" else {}),
    )
    truth = np.eye(10)[split.test_labels]
    members = backend.activations.softmax(backend.backprop.forward(network, run.theta, test))
    errors = (backend.to_numpy(members) - truth).reshape(MEMBERS, -1)
    moments = errors @ errors.T / errors.shape[1]
    v = float(np.trace(moments)) / MEMBERS
    c = float(moments[~np.eye(MEMBERS, dtype=bool)].mean())
    mean = backend.to_numpy(backend.ensembles.ensemble_probabilities(network, run.theta, test))
    expected = float(oracle("ensemble-mean-squared-error", "mean squared error").float64(k=MEMBERS, v=v, c=c))
    what = f"squared error of {MEMBERS} bagged networks (one alone {v:.5f}, between two {c:.5f})"
    # Sums of at most 3,590 products, added pairwise, and of 64 moments.
    return Check("ensemble-mean-squared-error", what, float(((mean - truth) ** 2).mean()), expected, 200 * ROUNDING * v)


def variance_checks(backend: Backend, split: Split, rng: np.random.Generator) -> list[Check]:
    """Return, layer by layer, by how much Xavier's first weights multiply the mean square of what enters the layer.

    Whatever enters, a unit's value is normal with variance Var(w) |h|^2, so that the ratio times its degrees of
    freedom is chi-squared: the allowed difference is the one that a correct start exceeds with probability
    `FALSE_ALARM`.
    """
    from scipy.special import chdtri

    rngs = rng.spawn(STARTS)
    theta = backend.asarray(backend.initialization.initial_parameters(DEEP, rngs))
    images = backend.asarray(split.train_inputs[:STARTS, None, :])
    checks = []
    for index, layer in enumerate(DEEP.layers):
        if not isinstance(layer, Dense):
            continue
        entering, leaving = (_outputs(backend, theta, images, depth) for depth in (index, index + 1))
        ratio = float(((leaving**2).mean(axis=-1) / (entering**2).mean(axis=-1)).mean())
        expected = float(oracle("xavier-variance", "forward deviation").float64(n_in=layer.fan_in, n_out=layer.fan_out))
        freedom = STARTS * layer.fan_out
        low, high = chdtri(freedom, [1 - FALSE_ALARM / 2, FALSE_ALARM / 2]) / freedom
        what = f"variance of layer {layer.fan_in} to {layer.fan_out} at the start, of its input's mean square"
        checks.append(Check("xavier-variance", what, ratio, expected, expected * float(max(high - 1, 1 - low))))
    return checks


def _outputs(backend: Backend, theta: Any, images: Any, depth: int) -> Array:
    """Return what the first `depth` layers make of the images, `(fleet, units)`."""
    if depth == 0:
        return backend.to_numpy(images)[:, 0, :]
    part = Network(DEEP.layers[:depth], DEEP.input_shape)
    return backend.to_numpy(backend.backprop.forward(part, theta[:, : part.parameter_count], images))[:, 0, :]


def dropout_check(backend: Backend, split: Split, theta: Array) -> Check:
    """Return how far the geometric mean over all masks is from the scaled network, for the trained softmax layer.

    Masks drop the 8 hidden units that vary most; what the others add is part of the bias. Dropping the 8 pixels that
    vary most goes through the ReLU layer, where the theorem's counterexample says that scaling is no more than close.
    """
    (w1, b1), _, _, (w2, b2) = NETWORK.views(theta)
    x = split.test_inputs[:IMAGES]
    h = np.maximum(x @ w1 + b1, 0)
    units, pixels = (np.argsort(values.std(axis=0))[-MASKED:] for values in (h, x))
    softmax_layer = Network((Dropout(MASK_DROP, inverted=False), Dense(MASKED, 10)), (MASKED,))
    whole = Network(
        (Dropout(MASK_DROP, inverted=False), Dense(MASKED, 128), Activation("relu"), Dense(128, 10)), (MASKED,)
    )
    biases = b2 + h @ w2 - h[:, units] @ w2[units]
    mean, scaled = _masked(backend, softmax_layer, [flat([w2[units], bias]) for bias in biases], h[:, units])
    first = b1 + x @ w1 - x[:, pixels] @ w1[pixels]
    mean_through, scaled_through = _masked(
        backend, whole, [flat([w1[pixels], bias, w2, b2]) for bias in first], x[:, pixels]
    )
    theorem = oracle("dropout-weight-scaling", "weight scaling")
    expected = np.array(
        [
            theorem.float64(W=w2[units].T, x=row, b=bias, p=MASK_DROP)
            for row, bias in zip(h[:, units], biases, strict=True)
        ]
    )
    gap = float(np.abs(mean_through - scaled_through).max())
    worst = max(float(np.abs(found - expected).max()) for found in (mean, scaled))
    size = float((np.abs(h) @ np.abs(w2) + np.abs(b2)).max())
    what = f"geometric mean over {2**MASKED} masks against the scaled softmax layer (through the ReLU layer {gap:.1e})"
    return Check("dropout-weight-scaling", what, worst, 0.0, 4 * ROUNDING * (2**MASKED + 128) * (1 + size))


def _masked(backend: Backend, network: Network, thetas: list[Array], inputs: Array) -> tuple[Array, Array]:
    """Return the geometric mean over all masks of the inputs, and what the scaled weights predict."""
    masks = np.array(list(itertools.product([0, 1], repeat=MASKED)))
    kept = masks.sum(axis=1)
    weights = (1 - MASK_DROP) ** kept * MASK_DROP ** (MASKED - kept)
    theta = backend.asarray(np.stack(thetas))
    batch = np.repeat(inputs[:, None, :], len(masks), axis=1)
    every = np.broadcast_to(masks, batch.shape)
    masked = backend.backprop.forward(network, theta, backend.asarray(batch), masks=[backend.asarray(every, "int8")])
    scaled = backend.backprop.forward(network, theta, backend.asarray(inputs[:, None, :]))
    probabilities = backend.activations.softmax(masked).swapaxes(0, 1)
    mean = backend.ensembles.geometric_mean(probabilities, backend.asarray(weights))
    return backend.to_numpy(mean), backend.to_numpy(backend.activations.softmax(scaled))[:, 0, :]
