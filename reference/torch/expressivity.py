"""Networks written down rather than trained, and what ReLU networks are: affine on each piece of their input space.

A constructed network comes with its theta, float64, for `backprop.forward`; the constructions are NumPy's numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..architecture import Activation, Dense, Network
from ..numpy import expressivity as drawn
from .backprop import forward

__all__ = [
    "activation_pattern",
    "breakpoints",
    "interpolating_network",
    "lipschitz_bound",
    "local_affine",
    "parity_network",
    "staircase_network",
    "tent_network",
]


def _assembled(network: Network, theta: Any) -> tuple[Network, Tensor]:
    return network, torch.from_numpy(theta)


def parity_network(bits: int) -> tuple[Network, Tensor]:
    """Return the network with `bits` ReLU units that is 1 where an odd number of its 0/1 inputs is 1, else 0, exactly.

    >>> network, theta = parity_network(2)
    >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    >>> forward(network, theta, square).ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    return _assembled(*drawn.parity_network(bits))


def tent_network(depth: int) -> tuple[Network, Tensor]:
    """Return the tent map T(x) = 2 relu(x) - 4 relu(x - 1/2) composed `depth` times: 2^depth pieces on [0, 1].

    >>> tent_network(3)[0].parameter_count
    19
    """
    return _assembled(*drawn.tent_network(depth))


def interpolating_network(knots: Tensor, values: Tensor) -> tuple[Network, Tensor]:
    """Return the one-hidden-layer ReLU network that interpolates the values linearly between the knots, exactly.

    Args:
        knots: x_0 < ... < x_n, `(n + 1,)`, two at least.
        values: y, `(n + 1,)`.

    Raises:
        ValueError: knots that do not increase, sizes that differ.

    >>> interpolating_network(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0]))[1].tolist()  # 1 + 2 relu(x)
    [1.0, -0.0, 2.0, 1.0]
    """
    return _assembled(*drawn.interpolating_network(knots.cpu().numpy(), values.cpu().numpy()))


def staircase_network(function: Callable[[Tensor], Tensor], units: int, steepness: float) -> tuple[Network, Tensor]:
    """Return the sigmoid network f(0) + sum_i (f(x_i) - f(x_(i-1))) sigmoid(s (x - m_i)) with x_i = i/N, m_i their
    midpoints.

    Args:
        function: f of a tensor of points.
        units: N, at least 1.
        steepness: s, above 0.

    >>> staircase_network(lambda x: 3 * x, 1, 2.0)[1].tolist()  # 0 + 3 sigmoid(2 (x - 1/2))
    [2.0, -1.0, 3.0, 0.0]
    """
    return _assembled(*drawn.staircase_network(lambda x: function(torch.from_numpy(x)).numpy(), units, steepness))


def activation_pattern(network: Network, theta: Tensor, inputs: Tensor) -> Tensor:
    """Return which ReLU units are on (a > 0), `(batch, units of all ReLU layers)`: on one pattern the network is
    affine.

    >>> network, theta = tent_network(1)
    >>> activation_pattern(network, theta, torch.tensor([[0.25], [0.75]], dtype=torch.float64)).tolist()
    [[True, False], [True, True]]
    """
    network.check_inputs(inputs)
    found, h = [inputs[..., :0] > 0], inputs  # a network without ReLU has the empty pattern
    for layer, arrays in zip(network.layers, network.views(theta), strict=True):
        if isinstance(layer, Dense):
            h = h @ arrays[0] + arrays[1]
        elif isinstance(layer, Activation) and layer.name == "relu":
            found.append(h > 0)
            h = h.relu()
        else:
            raise ValueError(f"network must consist of dense layers and ReLU, got layer={layer}")
    return torch.cat(found, dim=-1)


def local_affine(network: Network, theta: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return A, `(batch, inputs, outputs)`, and c, `(batch, outputs)`, with f(x) = x A + c on each input's piece, by
    autograd.

    >>> network, theta = tent_network(1)
    >>> slope, offset = local_affine(network, theta, torch.tensor([[0.75]], dtype=torch.float64))
    >>> float(slope[0, 0, 0]), float(offset[0, 0])
    (-2.0, 2.0)
    """
    activation_pattern(network, theta, inputs)  # refuses what is not piecewise affine

    with torch.enable_grad():
        leaf = inputs.detach().requires_grad_()
        outputs = forward(network, theta.detach(), leaf)
        # The examples do not meet: the gradient of one output's sum over them holds each example's own.
        columns = [torch.autograd.grad(total, leaf, retain_graph=True)[0] for total in outputs.sum(dim=0)]
    slopes = torch.stack(columns, dim=-1)
    return slopes, outputs.detach() - torch.einsum("bi,bio->bo", inputs, slopes)


def lipschitz_bound(network: Network, theta: Tensor) -> float:
    """Return the product of the weights' spectral norms: |f(x) - f(z)| <= this |x - z| for 1-Lipschitz units.

    >>> network, theta = tent_network(1)  # |(1, 1)| |(2, -4)|
    >>> round(lipschitz_bound(network, theta) ** 2, 9)
    40.0
    """
    weights = [arrays[0] for arrays in network.views(theta) if arrays]
    return float(torch.stack([torch.linalg.matrix_norm(w, 2) for w in weights]).prod())


def breakpoints(network: Network, theta: Tensor, low: float, high: float) -> Tensor:
    """Return where a ReLU network of one input changes its slope between low and high, increasing; pieces are one more.

    Args, errors: as NumPy's, which does the counting.

    >>> network, theta = tent_network(2)
    >>> breakpoints(network, theta, 0.0, 1.0).tolist()
    [0.25, 0.5, 0.75]
    """
    return torch.from_numpy(drawn.breakpoints(network, theta.detach().cpu().numpy(), low, high))
