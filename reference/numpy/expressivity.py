"""Networks written down rather than trained, and what ReLU networks are: affine on each piece of their input space.

A constructed network comes with its theta, for `backprop.forward`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _checks as check
from ..architecture import Activation, Dense, Network, perceptron

Array = np.ndarray[Any, Any]


def _assembled(network: Network, *arrays: Any) -> tuple[Network, Array]:
    return network, np.concatenate([np.ravel(np.asarray(array, dtype=float)) for array in arrays])


def parity_network(bits: int) -> tuple[Network, Array]:
    """Return the network with `bits` ReLU units that is 1 where an odd number of its 0/1 inputs is 1, else 0, exactly.

    sum_j c_j relu(s - j) with s the inputs' sum, c_0 = 1, c_j = 2 (-1)^j. Two bits are the decks' exclusive or, whose
    output bias is printed as a vector and has to be one number.

    >>> from backproof.reference.numpy.backprop import forward
    >>> network, theta = parity_network(2)
    >>> forward(network, theta, np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).ravel()
    array([0., 1., 1., 0.])
    """
    check.at_least(bits, 1, "bits")
    coefficients = [1.0] + [2.0 * (-1) ** j for j in range(1, bits)]
    hidden = np.ones((bits, bits)), -np.arange(bits)
    return _assembled(perceptron((bits, bits, 1)), *hidden, coefficients, 0.0)


def tent_network(depth: int) -> tuple[Network, Array]:
    """Return the tent map T(x) = 2 relu(x) - 4 relu(x - 1/2) composed `depth` times: 2^depth pieces on [0, 1] from 2
    depth units.

    One hidden layer needs 2^depth - 1 units for as many pieces.

    >>> from backproof.reference.numpy.backprop import forward
    >>> network, theta = tent_network(2)
    >>> forward(network, theta, np.array([[0.0], [0.25], [0.5], [0.75], [1.0]])).ravel()
    array([0., 1., 0., 1., 0.])
    """
    check.at_least(depth, 1, "depth")
    combine = np.array([[2.0], [-4.0]])
    arrays: list[Any] = [np.ones((1, 2)), [0.0, -0.5]]
    for _ in range(depth - 1):
        arrays += [combine @ np.ones((1, 2)), [0.0, -0.5]]
    return _assembled(perceptron((1, *[2] * depth, 1)), *arrays, combine, 0.0)


def interpolating_network(knots: Array, values: Array) -> tuple[Network, Array]:
    """Return the one-hidden-layer ReLU network that interpolates the values linearly between the knots, exactly.

    y_0 + s_0 relu(x - x_0) + sum_i (s_i - s_(i-1)) relu(x - x_i), s_i the slopes. Left of the knots it is constant,
    right of them it goes on with the last slope. For f with |f''| <= M and knots h apart it is within M h^2 / 8 of f.

    Args:
        knots: x_0 < ... < x_n, `(n + 1,)`, two at least.
        values: y, `(n + 1,)`.

    Raises:
        ValueError: knots that do not increase, sizes that differ.

    >>> from backproof.reference.numpy.backprop import forward
    >>> network, theta = interpolating_network(np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.0, 4.0]))
    >>> forward(network, theta, np.array([[0.5], [2.0]])).ravel()
    array([0.5, 2. ])
    """
    check.same_shape(knots, values, "knots", "values")
    if knots.ndim != 1 or len(knots) < 2 or not (np.diff(knots) > 0).all():
        raise ValueError(f"knots must be two or more increasing numbers, got knots={knots.tolist()}")
    slopes = np.diff(values) / np.diff(knots)
    units = len(slopes)
    hidden = np.ones((1, units)), -knots[:-1]
    return _assembled(perceptron((1, units, 1)), *hidden, np.diff(slopes, prepend=0.0), values[0])


def staircase_network(function: Callable[[Array], Array], units: int, steepness: float) -> tuple[Network, Array]:
    """Return the sigmoid network f(0) + sum_i (f(x_i) - f(x_(i-1))) sigmoid(s (x - m_i)) with x_i = i/N, m_i their
    midpoints.

    Where f is L-Lipschitz on [0, 1] it is within L/N + L e^(-s / 2N) of f there.

    Args:
        function: f of an array of points.
        units: N, at least 1.
        steepness: s, above 0; 2 N log N makes the second term as small as the first.

    Source: the constructive form of the decks' universal approximation theorem in one dimension.

    >>> from backproof.reference.numpy.backprop import forward
    >>> network, theta = staircase_network(lambda x: 3 * x, 50, 400.0)
    >>> bool(abs(forward(network, theta, np.array([[0.5]]))[0, 0] - 1.5) <= 3 / 50 + 3 * np.exp(-4))
    True
    """
    check.at_least(units, 1, "units")
    check.positive(steepness, "steepness")
    points = np.linspace(0, 1, units + 1)
    values = function(points)
    middles = (points[:-1] + points[1:]) / 2
    hidden = np.full((1, units), steepness), -steepness * middles
    return _assembled(perceptron((1, units, 1), "sigmoid"), *hidden, np.diff(values), values[0])


def activation_pattern(network: Network, theta: Array, inputs: Array) -> Array:
    """Return which ReLU units are on (a > 0), `(batch, units of all ReLU layers)`: on one pattern the network is
    affine.

    >>> network, theta = tent_network(1)
    >>> activation_pattern(network, theta, np.array([[0.25], [0.75]])).tolist()
    [[True, False], [True, True]]
    """
    network.check_inputs(inputs)
    # A network without ReLU has the empty pattern.
    return np.concatenate([inputs[..., :0] > 0, *(a > 0 for a in _preactivations(network, theta, inputs))], axis=-1)


def _preactivations(network: Network, theta: Array, inputs: Array) -> list[Array]:
    found, h = [], inputs
    for layer, arrays in zip(network.layers, network.views(theta), strict=True):
        if isinstance(layer, Dense):
            h = h @ arrays[0] + arrays[1]
        elif isinstance(layer, Activation) and layer.name == "relu":
            found.append(h)
            h = np.maximum(h, 0)
        else:
            raise ValueError(f"network must consist of dense layers and ReLU, got layer={layer}")
    return found


def local_affine(network: Network, theta: Array, inputs: Array) -> tuple[Array, Array]:
    """Return A, `(batch, inputs, outputs)`, and c, `(batch, outputs)`, with f(x) = x A + c on the piece that each
    input lies in.

    >>> network, theta = tent_network(1)
    >>> slope, offset = local_affine(network, theta, np.array([[0.75]]))
    >>> float(slope[0, 0, 0]), float(offset[0, 0])
    (-2.0, 2.0)
    """
    network.check_inputs(inputs)
    gates = iter(_preactivations(network, theta, inputs))
    slope = np.broadcast_to(np.eye(inputs.shape[-1]), (len(inputs), inputs.shape[-1], inputs.shape[-1]))
    offset = np.zeros_like(inputs)
    for layer, arrays in zip(network.layers, network.views(theta), strict=True):
        if isinstance(layer, Dense):
            slope, offset = slope @ arrays[0], offset @ arrays[0] + arrays[1]
        else:
            on = next(gates) > 0
            slope, offset = slope * on[:, None, :], offset * on
    return slope, offset


def lipschitz_bound(network: Network, theta: Array) -> float:
    """Return the product of the weights' spectral norms: |f(x) - f(z)| <= this |x - z| for ReLU, tanh and other
    1-Lipschitz units.

    >>> network, theta = tent_network(1)  # |(1, 1)| |(2, -4)|; the steepest piece has slope 2
    >>> round(lipschitz_bound(network, theta) ** 2, 9)
    40.0
    """
    weights = [arrays[0] for layer, arrays in zip(network.layers, network.views(theta), strict=True) if arrays]
    return float(np.prod([np.linalg.norm(w, 2) for w in weights]))


def breakpoints(network: Network, theta: Array, low: float, high: float) -> Array:
    """Return where a ReLU network of one input changes its slope between low and high, increasing; pieces are one more.

    Args:
        network: dense layers and ReLU, one input.
        low, high: the interval, low < high.

    Raises:
        ValueError: more inputs than one, other layers, low not below high.

    >>> network, theta = tent_network(2)
    >>> breakpoints(network, theta, 0.0, 1.0)
    array([0.25, 0.5 , 0.75])
    """
    if network.input_shape != (1,):
        raise ValueError(f"network must have one input, got input_shape={network.input_shape}")
    if not high > low:
        raise ValueError(f"high must be above low={low}, got high={high}")
    ends = np.array([low, high])
    for depth in range(len(_preactivations(network, theta, ends[:, None]))):
        # Between neighbouring ends this layer's units are affine: each crosses 0 at most once.
        a = _preactivations(network, theta, ends[:, None])[depth]
        crossing = (a[:-1] > 0) != (a[1:] > 0)
        left, right = np.broadcast_to(ends[:-1, None], crossing.shape), np.broadcast_to(ends[1:, None], crossing.shape)
        share = a[:-1][crossing] / (a[:-1] - a[1:])[crossing]
        ends = np.unique(np.concatenate([ends, left[crossing] + share * (right - left)[crossing]]))
    middles = (ends[:-1] + ends[1:]) / 2
    slopes = local_affine(network, theta, middles[:, None])[0].reshape(len(middles), -1)
    scale = np.abs(slopes).max() or 1.0
    changes = (np.abs(np.diff(slopes, axis=0)) > 1e-9 * scale).any(axis=1)
    inner: Array = ends[1:-1][changes]
    return inner
