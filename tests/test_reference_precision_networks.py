"""float32 trains a network to within a bound of the float64 run that is known before either has run.

The bound is first order (Higham 2002, sections 2 and 3): the error of each operation is a variable, at most so many
unit roundoffs of the sizes of its terms, n of them for a sum of n terms in whatever order, and reaches a parameter by
the parameter's derivative with respect to it. That holds while no number crosses a kink: whatever decides a ReLU or a
pooling must do so by more than its own bound.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backproof.reference import numpy as by_hand
from backproof.reference.architecture import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    MeanPool2d,
    Network,
    digit_network,
    lenet5,
    perceptron,
)
from tests.test_reference_precision import COEFFICIENTS, DOUBLE, SIDES, SINGLE, half

LR = 0.1
#: Unit roundoffs that tanh or exp may be off by: 4 units in the last place, as vectorized libraries state.
ELEMENTARY = 8


class Roundings:
    """The rounding errors of a computation: variables that are 0, and how many units each may be."""

    def __init__(self):
        self.variables, self.sizes, self.margins = [], [], []

    def __call__(self, value, *terms, units=1):
        """Return the value with an error of at most so many units of its terms' sizes, or of its own."""
        self.variables.append(torch.zeros_like(value, requires_grad=True))
        self.sizes.append((units * sum(term.detach().abs() for term in terms or (value,))).expand_as(value))
        return value + self.variables[-1]

    def bound(self, results):
        """Return how far apart float32 and float64 may be in each of the results."""
        bounds = []
        for some in results.split(128):
            each = torch.eye(len(some), dtype=some.dtype)
            slopes = torch.autograd.grad(some, self.variables, each, True, is_grads_batched=True, allow_unused=True)
            pairs = zip(slopes, self.sizes, strict=True)
            bounds.append(sum((slope.abs() * size).flatten(1).sum(1) for slope, size in pairs if slope is not None))
        return COEFFICIENTS * (SINGLE + DOUBLE) * torch.cat(bounds)


# ---- layers: their outputs, and what makes of the outputs' gradient those of inputs and parameters -------------------


def product(rounded, a, b):
    return rounded(a @ b, a.abs() @ b.abs(), units=a.shape[-1])


def total(rounded, a):
    return rounded(a.sum(0), a.abs().sum(0), units=len(a))


def affine(rounded, h, w, b):
    return rounded(h @ w + b, h.abs() @ w.abs(), b, units=len(w) + 1)


def dense(rounded, layer, h, w, b):
    return affine(rounded, h, w, b), lambda d: (product(rounded, d, w.T), product(rounded, h.T, d), total(rounded, d))


def activation(rounded, layer, z):
    if layer.name == "relu":
        rounded.margins.append(z)
        return z.relu(), lambda d: (d * (z > 0),)
    h = rounded(z.tanh(), units=ELEMENTARY)
    # Units of 1, not of the slope: where h is near 1 the form 1 - h^2 cancels.
    slope = rounded(1 - h * h, torch.ones_like(h), units=ELEMENTARY)
    return h, lambda d: (rounded(d * slope),)


def windows(shape, window, stride, padding=0):
    """The numbers, from 1, of the entries in each window, `(channels, height, width, area)`; 0 is the border."""
    numbers = np.pad(np.arange(1, 1 + np.prod(shape)).reshape(shape), [(0, 0)] + [(padding, padding)] * 2)
    views = np.lib.stride_tricks.sliding_window_view(numbers, (window, window), axis=(1, 2))
    return torch.from_numpy(views[:, ::stride, ::stride].copy()).flatten(3)


def gathered(images, numbers):
    return torch.nn.functional.pad(images.flatten(1), (1, 0))[:, numbers]


def scattered(values, numbers, images):
    """The adjoint of `gathered`: each entry of the images is the sum of its places in the windows."""
    flat = values.new_zeros(len(images), 1 + images[0].numel())
    return flat.index_add(1, numbers.flatten(), values.reshape(len(images), -1))[:, 1:].view(images.shape)


def overlap(numbers):
    """How many windows meet in one entry at most."""
    return int(numbers.flatten().bincount()[1:].max())


def conv2d(rounded, layer, h, w, b):
    numbers = windows(h.shape[1:], layer.kernel, layer.stride, layer.padding).movedim(0, 2)
    height, width, numbers = *numbers.shape[:2], numbers.flatten(2).flatten(0, 1)
    patches, filters = gathered(h, numbers).flatten(0, 1), w.flatten(1)
    z = affine(rounded, patches, filters.T, b)

    def back(d):
        d = d.movedim(1, -1).flatten(0, 2)
        # One sum for each entry: over the filters, and over the windows that it is in.
        dh, sizes = (scattered(x @ f, numbers, h) for x, f in ((d, filters), (d.abs(), filters.abs())))
        dh = rounded(dh, sizes, units=len(filters) * overlap(numbers))
        return dh, product(rounded, d.T, patches).view(w.shape), total(rounded, d)

    return z.view(len(h), height, width, -1).movedim(-1, 1), back


def max_pool2d(rounded, layer, h):
    numbers = windows(h.shape[1:], layer.window, layer.stride or layer.window)
    patches = gathered(h, numbers)
    first, second = patches.topk(2).values.unbind(-1)
    rounded.margins.append(first - second)
    chosen = torch.arange(numbers.shape[-1]) == patches.argmax(-1, keepdim=True)

    def back(d):
        dh, sizes = (scattered(chosen * x[..., None], numbers, h) for x in (d, d.abs()))
        return (rounded(dh, sizes, units=overlap(numbers) - 1),)

    return first, back


def mean_pool2d(rounded, layer, h):
    numbers = windows(h.shape[1:], layer.window, layer.stride or layer.window)
    patches = gathered(h, numbers)
    area = numbers.shape[-1]

    def back(d):
        dh, sizes = (scattered((x / area)[..., None].expand(patches.shape), numbers, h) for x in (d, d.abs()))
        return (rounded(dh, sizes, units=overlap(numbers)),)

    return rounded(patches.mean(-1), patches.abs().mean(-1), units=area), back


def flatten(rounded, layer, h):
    return h.flatten(1), lambda d: (d.view(h.shape),)


def batch_norm(rounded, layer, x, gamma, beta):
    """Backward through variance and mean, one after the other: the longest of its forms."""

    def columns(images):
        return images.movedim(1, -1).flatten(0, -2)

    def images(columns):
        return columns.view(x.movedim(1, -1).shape).movedim(-1, 1)

    def mean(columns):
        return rounded(total(rounded, columns) / len(columns))

    deviation = rounded(columns(x) - mean(columns(x)))
    inverse = rounded(rounded(mean(rounded(deviation**2)) + layer.eps).rsqrt(), units=2)
    normalized = rounded(deviation * inverse)

    def back(d):
        d = columns(d)
        dnormalized = rounded(d * gamma)
        dvariance = rounded(total(rounded, rounded(dnormalized * deviation)) * inverse**3 / -2, units=4)
        through_variance = rounded(2 * dvariance / len(d) * deviation, units=2)
        ddeviation = rounded(rounded(dnormalized * inverse) + through_variance)
        dx = rounded(ddeviation - mean(ddeviation))
        return images(dx), total(rounded, rounded(d * normalized)), total(rounded, d)

    return images(rounded(rounded(normalized * gamma) + beta)), back


PASSES = {
    Dense: dense,
    Activation: activation,
    Conv2d: conv2d,
    MaxPool2d: max_pool2d,
    MeanPool2d: mean_pool2d,
    Flatten: flatten,
    BatchNorm: batch_norm,
}


def softmax(rounded, z):
    """exp(z_i) / sum of exp(z_j)."""
    shifted = (z - z.amax(-1, keepdim=True)).detach()
    # Roundings: the shift (of its size), the power, as many as there are terms in the sum, the quotient; those of the
    # power meet again in the sum.
    units = shifted.abs().amax(-1, keepdim=True) + ELEMENTARY + z.shape[-1] + 1
    return rounded(z.softmax(-1), 2 * units * z.softmax(-1))


def update(rounded, network, theta, inputs, labels):
    """One step of gradient descent on the mean cross-entropy."""
    h, backs = inputs, []
    for layer, parameters in zip(network.layers, network.views(theta), strict=True):
        h, back = PASSES[type(layer)](rounded, layer, h, *parameters)
        backs.append(back)
    chances, truth = softmax(rounded, h), torch.eye(h.shape[-1], dtype=h.dtype)[labels]
    d, gradient = rounded((chances - truth) / len(inputs), (chances + truth) / len(inputs), units=2), []
    for back in reversed(backs):
        d, *own = back(d)
        gradient = [*(part.flatten() for part in own), *gradient]
    return rounded(theta - rounded(LR * torch.cat(gradient)))


# ---- networks --------------------------------------------------------------------------------------------------------

NORMALIZED = Network(
    (
        *(Conv2d(1, 3, 3, padding=1), BatchNorm(3), Activation("relu"), MaxPool2d(2)),
        *(Conv2d(3, 4, 2), BatchNorm(4), Activation("tanh"), MeanPool2d(2), Flatten()),
        *(Dense(4, 6), BatchNorm(6), Activation("relu"), Dense(6, 4)),
    ),
    (1, 6, 6),
)
#: Each with its examples, its steps, and how many times the largest error the largest bound is at most, three times
#: what was measured: errors are taken at their largest and all of one sign, LeNet-5's in sums of 1,568 terms.
CASES = {
    "perceptron": (perceptron((3, 7, 5, 4), "tanh"), 11, 12, 200),
    "digit network": (digit_network(channels=(2, 3), hidden=(6, 5), classes=4), 4, 4, 500),
    "normalized": (NORMALIZED, 6, 3, 1500),
    "LeNet-5": (lenet5(), 2, 3, 30_000),
}


def trained(side, network, theta, inputs, labels, dtype, steps):
    backend, array = side
    theta, inputs = array(theta.astype(dtype)), array(inputs.astype(dtype))
    options = {"optimizer": "sgd", "lr": LR, "epochs": steps, "batch_size": len(inputs)}
    run = backend.training.train(network, theta, inputs, array(labels), rng=np.random.default_rng(0), **options)
    return np.asarray(run.theta, dtype=float)


@pytest.mark.parametrize(("network", "examples", "steps", "loose"), CASES.values(), ids=CASES)
def test_a_network_in_float32_stays_within_its_bound(network, examples, steps, loose):
    rng = np.random.default_rng(4)
    start = by_hand.initialization.initial_parameters(network, rng).astype(np.float32)
    inputs, labels = rng.normal(size=(examples, *network.input_shape)).astype(np.float32), np.arange(examples) % 4
    rounded, theta = Roundings(), torch.from_numpy(start).double()
    for _ in range(steps):
        theta = update(rounded, network, theta, torch.from_numpy(inputs).double(), torch.from_numpy(labels))
    # Of a large network six entries of each array stand for all.
    arrays = [part.ravel() for parts in network.views(np.arange(len(start))) for part in parts]
    count = 6 if len(start) > 1000 else len(start)
    checked = np.concatenate([rng.permutation(array)[:count] for array in arrays])
    bound = rounded.bound(theta[checked]).numpy()
    if rounded.margins:
        margins = torch.cat([margin.flatten() for margin in rounded.margins])
        errors = rounded.bound(margins)
        # Two zeros that a ReLU left are equal in either precision.
        assert ((margins.abs() > errors) | ((margins == 0) & (errors == 0))).all()

    for side in SIDES.values():
        double = trained(side, network, start, inputs, labels, np.float64, steps)
        # The bound is one of what the trainer computes, and training went somewhere.
        assert np.abs(double - theta.detach().numpy()).max() <= 1e-13
        assert np.abs(double - start).max() > 0.05
        error = np.abs(trained(side, network, start, inputs, labels, np.float32, steps) - double)[checked]
        assert (error <= bound).all()
        assert bound.max() <= loose * error.max()
        # Parameters kept in half precision leave the bound.
        coarse = start
        for _ in range(steps):
            coarse = half(trained(side, network, coarse, inputs, labels, np.float32, 1))
        assert (np.abs(coarse - double)[checked] > bound).any()
