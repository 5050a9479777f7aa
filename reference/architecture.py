"""A network as data: layers with their shapes, and where each layer's parameters lie in one flat vector.

Both trainers read the same description; NumPy interprets it with gradients by hand, torch with autograd. Shapes here
are those of one example; a batch axis, and before it an optional fleet axis, come in front. Images are (channels,
height, width).
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from . import _checks as check

Shape: TypeAlias = tuple[int, ...]
ACTIVATION_NAMES = ("relu", "tanh", "sigmoid", "identity", "absolute", "leaky_relu", "elu", "softplus")


@dataclass(frozen=True)
class Dense:
    """a = h W + b with W of shape (fan_in, fan_out), one row h an example."""

    fan_in: int
    fan_out: int

    def __post_init__(self) -> None:
        check.at_least(self.fan_in, 1, "fan_in")
        check.at_least(self.fan_out, 1, "fan_out")

    def output_shape(self, shape: Shape) -> Shape:
        return (self.fan_out,) if shape == (self.fan_in,) else _misfit((self.fan_in,))

    @property
    def parameter_shapes(self) -> tuple[Shape, ...]:
        return ((self.fan_in, self.fan_out), (self.fan_out,))


@dataclass(frozen=True)
class Activation:
    """h = phi(a) entry by entry, phi one of `ACTIVATION_NAMES`."""

    name: str

    def __post_init__(self) -> None:
        check.choice(self.name, ACTIVATION_NAMES, "activation")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    parameter_shapes: tuple[Shape, ...] = field(default=(), init=False, repr=False)


@dataclass(frozen=True)
class Dropout:
    """h = mask a, each entry dropped with probability p; inverted: divided by 1 - p in training, else multiplied by 1
    - p at test.
    """

    p: float
    inverted: bool = True

    def __post_init__(self) -> None:
        check.fraction(self.p, "p")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    parameter_shapes: tuple[Shape, ...] = field(default=(), init=False, repr=False)


@dataclass(frozen=True)
class ParametricReLU:
    """h = a where a > 0, else slope a, with one slope that is learned, 0.25 at the start."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    parameter_shapes: tuple[Shape, ...] = field(default=((1,),), init=False, repr=False)
    starts: Mapping[int, float] = field(default_factory=lambda: {0: 0.25}, init=False, repr=False, compare=False)


@dataclass(frozen=True)
class Maxout:
    """h_i = max over j of (h W + b)_ij, W of shape (fan_in, fan_out * pieces)."""

    fan_in: int
    fan_out: int
    pieces: int = 2

    def __post_init__(self) -> None:
        for name in ("fan_in", "fan_out", "pieces"):
            check.at_least(getattr(self, name), 1, name)

    def output_shape(self, shape: Shape) -> Shape:
        return (self.fan_out,) if shape == (self.fan_in,) else _misfit((self.fan_in,))

    @property
    def parameter_shapes(self) -> tuple[Shape, ...]:
        return ((self.fan_in, self.fan_out * self.pieces), (self.fan_out * self.pieces,))


@dataclass(frozen=True)
class BatchNorm:
    """h = gamma (a - mean) / sqrt(variance + eps) + beta, one gamma (from 1) and beta (from 0) a feature or channel."""

    features: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        check.at_least(self.features, 1, "features")
        check.positive(self.eps, "eps")

    def output_shape(self, shape: Shape) -> Shape:
        return shape if len(shape) in (1, 3) and shape[0] == self.features else _misfit((self.features,))

    @property
    def parameter_shapes(self) -> tuple[Shape, ...]:
        return ((self.features,), (self.features,))

    starts: Mapping[int, float] = field(default_factory=lambda: {0: 1.0}, init=False, repr=False, compare=False)


@dataclass(frozen=True)
class Conv2d:
    """Cross-correlation with `out_channels` filters of size kernel x kernel over all channels, plus a bias a filter."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        for name in ("in_channels", "out_channels", "kernel", "stride"):
            check.at_least(getattr(self, name), 1, name)
        check.at_least(self.padding, 0, "padding")

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[0] != self.in_channels or min(shape[1:]) + 2 * self.padding < self.kernel:
            least = max(1, self.kernel - 2 * self.padding)
            return _misfit((self.in_channels, f">= {least}", f">= {least}"))
        height, width = ((size + 2 * self.padding - self.kernel) // self.stride + 1 for size in shape[1:])
        return (self.out_channels, height, width)

    @property
    def parameter_shapes(self) -> tuple[Shape, ...]:
        return ((self.out_channels, self.in_channels, self.kernel, self.kernel), (self.out_channels,))


@dataclass(frozen=True)
class MaxPool2d:
    """The largest entry of each window of each channel; stride None is the window."""

    window: int
    stride: int | None = None

    def __post_init__(self) -> None:
        check.at_least(self.window, 1, "window")
        if self.stride is not None:
            check.at_least(self.stride, 1, "stride")

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or min(shape[1:]) < self.window:
            return _misfit(("channels", f">= {self.window}", f">= {self.window}"))
        height, width = ((size - self.window) // (self.stride or self.window) + 1 for size in shape[1:])
        return (shape[0], height, width)

    parameter_shapes: tuple[Shape, ...] = field(default=(), init=False, repr=False)


@dataclass(frozen=True)
class MeanPool2d(MaxPool2d):
    """The mean of each window of each channel; stride None is the window."""


@dataclass(frozen=True)
class Flatten:
    """Each image as one vector, in the order channel, row, column."""

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    parameter_shapes: tuple[Shape, ...] = field(default=(), init=False, repr=False)


Layer: TypeAlias = Any


def _misfit(wanted: tuple[Any, ...]) -> Shape:
    raise _MisfitError(wanted)


class _MisfitError(Exception):
    """The layer wanted a shape it was not given; `Network` says which layer and both shapes."""


@dataclass(frozen=True)
class Network:
    """Layers in order, with the offsets of their parameters in the flat vector theta.

    >>> network = perceptron((2, 3, 1), "tanh")
    >>> network.parameter_count, network.output_shape
    (13, (1,))
    """

    layers: tuple[Layer, ...]
    input_shape: Shape
    shapes: tuple[Shape, ...] = field(init=False, repr=False, compare=False)
    offsets: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    parameter_count: int = field(init=False, repr=False, compare=False)
    unseen_shifts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shapes, offsets, end = [tuple(self.input_shape)], [], 0
        for index, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except _MisfitError as misfit:
                raise ValueError(
                    f"layer {index} ({layer}) must be given shape {misfit.args[0]}, got shape={shapes[-1]}"
                ) from None
            starts = []
            for shape in layer.parameter_shapes:
                starts.append(end)
                end += math.prod(shape)
            offsets.append(tuple(starts))
        object.__setattr__(self, "shapes", tuple(shapes))
        object.__setattr__(self, "offsets", tuple(offsets))
        object.__setattr__(self, "parameter_count", end)
        object.__setattr__(self, "unseen_shifts", _unseen_shifts(self.layers))

    @property
    def output_shape(self) -> Shape:
        """The shape of one example's output."""
        return self.shapes[-1]

    def views(self, theta: Any) -> tuple[tuple[Any, ...], ...]:
        """Return each layer's arrays as views of `theta`, `(parameters,)` or `(fleet, parameters)`, of either
        library.
        """
        if theta.shape[-1] != self.parameter_count:
            raise ValueError(f"theta must have {self.parameter_count} parameters, got theta.shape={tuple(theta.shape)}")
        lead = tuple(theta.shape[:-1])
        return tuple(
            tuple(
                theta[..., start : start + math.prod(shape)].reshape(lead + shape)
                for start, shape in zip(starts, layer.parameter_shapes, strict=True)
            )
            for layer, starts in zip(self.layers, self.offsets, strict=True)
        )

    def check_inputs(self, inputs: Any, theta: Any = None) -> None:
        """Raise unless `inputs` has an example or more of the first layer's shape, all finite, fitting theta."""
        width = len(self.input_shape)
        if inputs.ndim <= width or tuple(inputs.shape[-width:]) != self.input_shape:
            first = self.layers[0] if self.layers else "none"
            raise ValueError(
                f"inputs must have examples of shape {self.input_shape} for layer 0 ({first}), "
                f"got inputs.shape={tuple(inputs.shape)}"
            )
        check.not_empty(inputs, "inputs")
        check.finite(inputs, "inputs")
        if theta is None:
            return
        check.same_dtype(theta, inputs, "theta", "inputs")
        fleet, wanted = tuple(inputs.shape[: -width - 1]), tuple(theta.shape[:-1])
        if fleet not in ((), wanted):
            raise ValueError(
                f"inputs must be shared, or one batch for each of theta's members {wanted}, got fleet={fleet}"
            )

    def check_masks(self, masks: Sequence[Any] | None, inputs: Any, theta: Any) -> None:
        """Raise unless there is a mask for each dropout layer, of the shape of its examples, for all members or
        each.
        """
        layers = [(index, layer) for index, layer in enumerate(self.layers) if isinstance(layer, Dropout)]
        if masks is None:
            return
        if len(masks) != len(layers):
            raise ValueError(
                f"masks must hold one entry for each of the {len(layers)} Dropout layers, got masks with {len(masks)}"
            )
        batch = inputs.shape[-len(self.input_shape) - 1]
        for given, (mask, (index, layer)) in enumerate(zip(masks, layers, strict=True)):
            shared = (batch, *self.shapes[index])
            fitting = dict.fromkeys((shared, (*theta.shape[:-1], *shared)))
            if tuple(mask.shape) not in fitting:
                raise ValueError(
                    f"masks must have shape {' or '.join(map(str, fitting))} for layer {index} ({layer}), "
                    f"got masks[{given}].shape={tuple(mask.shape)}"
                )

    def check_statistics(self, statistics: Sequence[Any] | None) -> None:
        """Raise unless there is a mean and a variance for each batch normalization."""
        layers = sum(isinstance(layer, BatchNorm) for layer in self.layers)
        if statistics is not None and len(statistics) != layers:
            wanted = f"one entry for each of the {layers} BatchNorm layers"
            raise ValueError(f"statistics must hold {wanted}, got statistics with {len(statistics)}")

    def check_targets(self, inputs: Any, targets: Any, loss: str) -> None:
        """Raise unless there is one target an input: an integer class for the softmax, else reals of the output's
        shape.
        """
        examples = tuple(inputs.shape[: inputs.ndim - len(self.input_shape)])
        wanted = examples if loss == "softmax_cross_entropy" else examples + self.output_shape
        if tuple(targets.shape) not in (wanted, wanted[1:] if len(examples) > 1 else wanted):
            raise ValueError(f"targets must have shape {wanted}, got targets.shape={tuple(targets.shape)}")
        if loss == "softmax_cross_entropy":
            check.labels(targets, self.output_shape[-1], "targets")
        else:
            check.finite(targets, "targets")


def _unseen_shifts(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Return which layers' second array, a bias or beta, the next batch normalization takes away again.

    It subtracts the mean, and with it what was added to a feature of all examples alike: that bias has the gradient 0
    (`batch-norm-backward`: "the gradient sums to 0"). The sum as computed is a rounding error instead, of which Adam's
    quotient would make a step of full length. In between, layers must hand a shift on as a shift.
    """
    unseen, found = False, []
    for index, layer in reversed(list(enumerate(layers))):
        if unseen and isinstance(layer, Dense | Conv2d | BatchNorm):
            found.append(index)
        unseen = isinstance(layer, BatchNorm) or (unseen and _hands_shifts_on(layer))
    return tuple(found)


def _hands_shifts_on(layer: Layer) -> bool:
    """Return whether a constant a feature, added to the inputs, comes out as one a feature: the border of a padded
    image is not shifted along.
    """
    if isinstance(layer, Conv2d):
        return not layer.padding
    return isinstance(layer, Dense | MaxPool2d | Flatten) or layer == Activation("identity")


def perceptron(sizes: tuple[int, ...], activation: str = "relu", *, dropout: float = 0.0) -> Network:
    """Return the multilayer perceptron of the given layer sizes: dense layers, `activation` between them, none after
    the last.

    With `dropout` above zero each hidden layer's units are dropped with that probability in training (inverted
    scaling).

    >>> perceptron((64, 128, 10)).parameter_count
    9610
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must name at least an input and an output size, got sizes={sizes}")
    layers: list[Layer] = []
    for fan_in, fan_out in pairwise(sizes[:-1]):
        layers += [Dense(fan_in, fan_out), Activation(activation)] + ([Dropout(dropout)] if dropout else [])
    return Network((*layers, Dense(sizes[-2], sizes[-1])), (sizes[0],))


def perceptron_of_size(
    parameters: int, depth: int, inputs: int, outputs: int, activation: str = "relu", *, dropout: float = 0.0
) -> Network:
    """Return the perceptron with so many hidden layers, as equally wide as can be, nearest to the parameter count.

    Args:
        parameters: the count, of which the network's differs by at most 1 %.
        depth: hidden layers, at least 1.
        inputs, outputs: their sizes.
        activation, dropout: as in `perceptron`.

    Raises:
        ValueError: no such network has a count within 1 %.

    >>> [perceptron_of_size(1000, depth, 8, 2).parameter_count for depth in (1, 2)]  # 91 units; 26 and 26
    [1003, 990]
    """
    check.at_least(parameters, 1, "parameters")
    check.at_least(depth, 1, "depth")

    def of(units: int) -> Network:
        widths = (units // depth + (layer < units % depth) for layer in range(depth))
        return perceptron((inputs, *widths, outputs), activation, dropout=dropout)

    # A unit more is more parameters: the first count that is too large, and the one before.
    many = bisect(range(depth, depth + parameters), parameters, key=lambda units: of(units).parameter_count)
    nearest = min((of(depth + max(many - 1, 0)), of(depth + many)), key=lambda n: abs(n.parameter_count - parameters))
    if abs(nearest.parameter_count - parameters) > 0.01 * parameters:
        raise ValueError(
            f"parameters must be within 1 % of a count that {depth} layers can have, nearest "
            f"{nearest.parameter_count}, got parameters={parameters}"
        )
    return nearest


def digit_network(
    image: Shape = (1, 8, 8),
    *,
    channels: tuple[int, int] = (8, 16),
    kernel: int = 3,
    hidden: tuple[int, int] = (64, 32),
    classes: int = 10,
    activation: str = "relu",
) -> Network:
    """Return the decks' complete digit network: convolution, pooling, convolution, pooling, two dense layers, logits.

    Convolutions keep the images' size (padding kernel // 2), each max pooling halves it.

    >>> digit_network().output_shape
    (10,)
    """
    first, second = channels
    padding = kernel // 2
    layers = [
        Conv2d(image[0], first, kernel, padding=padding),
        Activation(activation),
        MaxPool2d(2),
        Conv2d(first, second, kernel, padding=padding),
        Activation(activation),
        MaxPool2d(2),
        Flatten(),
    ]
    (size,) = Network(tuple(layers), image).output_shape
    for width in hidden:
        layers += [Dense(size, width), Activation(activation)]
        size = width
    return Network((*layers, Dense(size, classes)), image)


def lenet5() -> Network:
    """Return LeNet-5 for 32x32 images with full connectivity and parameter-free mean pooling: 61,706 parameters.

    6 (25 + 1) + 16 (6 25 + 1) + 120 (400 + 1) + 84 (120 + 1) + 10 (84 + 1). LeCun et al. 1998 connect the third layer
    partly and train two numbers for each pooled map.

    >>> lenet5().parameter_count
    61706
    """
    return Network(
        (
            Conv2d(1, 6, 5),
            Activation("tanh"),
            MeanPool2d(2),
            Conv2d(6, 16, 5),
            Activation("tanh"),
            MeanPool2d(2),
            Flatten(),
            Dense(400, 120),
            Activation("tanh"),
            Dense(120, 84),
            Activation("tanh"),
            Dense(84, 10),
        ),
        (1, 32, 32),
    )
