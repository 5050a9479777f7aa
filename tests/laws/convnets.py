"""Wrong convolution layers, and the laws that fail on each."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.reference.architecture import Conv2d, digit_network
from backproof.reference.numpy import backprop, convnets

from .catching import Mutant, instead_of

# The originals, bound before any is replaced.
conv2d, into_input, into_filter = convnets.conv2d, convnets.conv2d_input_gradient, convnets.conv2d_filter_gradient
max_pool, mean_pool, max_gradient = convnets.max_pool2d, convnets.mean_pool2d, convnets.max_pool2d_gradient
mean_gradient, flatten, loss_and_gradient = convnets.mean_pool2d_gradient, convnets.flatten, backprop.loss_and_gradient
forward = backprop.forward


def flipped(f: Any) -> Any:
    return f[..., ::-1, ::-1]


def wrap(x: Any) -> Any:
    """One entry of the other side added on the left, one cut off on the right."""
    return np.roll(x, 1, axis=-1)


true_convolution = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x, flipped(f), b, **o))
transposed_filter = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x, f.swapaxes(-1, -2), b, **o))
circular = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(wrap(x), f, b, **o))
by_position = Mutant(
    "convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x * np.arange(1, x.shape[-1] + 1), f, b, **o)
)
stride_ignored = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x, f, b, **{**o, "stride": 1}))
padding_ignored = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x, f, b, **{**o, "padding": 0}))
one_window_short = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x, f, b, **o)[..., :-1])
channels_apart = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(x[:, :1], f[:, :1], b, **o) * x.shape[1])
channels_shifted = Mutant("convnets", "conv2d", lambda x, f, b=None, **o: conv2d(np.roll(x, 1, axis=1) + 1, f, b, **o))
gradient_not_flipped = Mutant(
    "convnets", "conv2d_input_gradient", lambda g, f, shape, **o: into_input(g, flipped(f), shape, **o)
)
gradient_shifted = Mutant(
    "convnets", "conv2d_input_gradient", lambda g, f, shape, **o: wrap(into_input(g, f, shape, **o)) + 1
)
gradient_of_one_map = Mutant(
    "convnets", "conv2d_input_gradient", lambda g, f, shape, **o: into_input(g[:, :1], f[:1], shape, **o)
)
filter_gradient_flipped = Mutant(
    "convnets", "conv2d_filter_gradient", lambda g, x, shape, **o: flipped(into_filter(g, x, shape, **o))
)
filter_gradient_averaged = Mutant(
    "convnets", "conv2d_filter_gradient", lambda g, x, shape, **o: into_filter(g, x, shape, **o) / (g[0, 0].size + 1)
)

maximum_of_sizes = Mutant("convnets", "max_pool2d", lambda x, w, stride=None: max_pool(np.abs(x), w, stride))
pool_overlapping = Mutant("convnets", "max_pool2d", lambda x, w, stride=None: max_pool(x, w, 1))
minimum = Mutant("convnets", "max_pool2d", lambda x, w, stride=None: -max_pool(-x, w, stride))
sum_pool = Mutant("convnets", "mean_pool2d", lambda x, w, stride=None: mean_pool(x, w, stride) * w)
pool_shifted = Mutant("convnets", "mean_pool2d", lambda x, w, stride=None: mean_pool(wrap(x) + 1, w, stride))
twice_the_maximum = Mutant("convnets", "max_pool2d", lambda x, w, stride=None: 2 * max_pool(x, w, stride))


@instead_of("convnets", "max_pool2d_gradient")
def gradient_to_all_ties(g: Any, x: Any, w: int, stride: int | None = None) -> Any:
    largest = np.repeat(np.repeat(max_pool(x, w), w, axis=-2), w, axis=-1)
    return np.repeat(np.repeat(g, w, axis=-2), w, axis=-1) * (x == largest)


@instead_of("convnets", "max_pool2d_gradient")
def gradient_overwritten(g: Any, x: Any, w: int, stride: int | None = None) -> Any:
    gradient, step = np.zeros_like(x), stride or w
    for n, c, u, v in np.ndindex(g.shape):
        window = x[n, c, step * u : step * u + w, step * v : step * v + w]
        i, j = np.unravel_index(window.argmax(), window.shape)
        gradient[n, c, step * u + i, step * v + j] = g[n, c, u, v]
    return gradient


@instead_of("convnets", "max_pool2d_gradient")
def gradient_to_the_last_tie(g: Any, x: Any, w: int, stride: int | None = None) -> Any:
    return flipped(max_gradient(flipped(g), flipped(x), w, stride))


@instead_of("convnets", "mean_pool2d_gradient")
def gradient_not_shared(g: Any, shape: Any, w: int, stride: int | None = None) -> Any:
    return mean_gradient(g, shape, w, stride) * w * w


@instead_of("convnets", "flatten")
def channels_last(x: Any) -> Any:
    return flatten(np.moveaxis(x, -3, -1))


@instead_of("convnets", "flatten")
def columns_first(x: Any) -> Any:
    return flatten(x.swapaxes(-1, -2))


flatten_gradient_channels_last = Mutant(
    "convnets",
    "flatten_gradient",
    lambda g, shape: np.moveaxis(g.reshape(shape[0], shape[2], shape[3], shape[1]), -1, -3),
)


@instead_of("backprop", "loss_and_gradient")
def bias_gradient_averaged(network: Any, theta: Any, *arguments: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *arguments, **options)
    network.views(gradient)[0][1][:] /= 2
    return value, gradient


@instead_of("backprop", "loss_and_gradient")
def blind_to_the_first_pixel(network: Any, theta: Any, x: Any, *arguments: Any, **options: Any) -> Any:
    return loss_and_gradient(network, theta, x * (np.arange(x.shape[-1]) > 0), *arguments, **options)


@instead_of("backprop", "loss_and_gradient")
def gradient_of_the_next_pixel(network: Any, theta: Any, *arguments: Any, **options: Any) -> Any:
    value, gradient = loss_and_gradient(network, theta, *arguments, **options)
    weights = network.views(gradient)[0][0]
    weights[:] = np.roll(weights, 1, axis=0)
    return value, gradient


@instead_of("initialization", "initial_parameters")
def filters_for_one_channel(network: Any, rng: Any, *, initializer: str = "he_normal") -> Any:
    layer = network.layers[0]
    if not isinstance(layer, Conv2d):
        return np.zeros(network.parameter_count)
    return np.zeros(layer.out_channels * (layer.kernel**2 + 1) + (layer.in_channels == 1))


other_network = Mutant("convnets", "lenet5", lambda: digit_network((1, 32, 32), channels=(6, 16), hidden=(120, 84)))
outputs_transposed = Mutant("backprop", "forward", lambda *arguments, **options: forward(*arguments, **options).T)

CAUGHT = {
    "test_both_gradients_of_a_convolution_are_its_adjoints": [
        true_convolution,
        gradient_not_flipped,
        filter_gradient_flipped,
        gradient_shifted,
    ],
    "test_in_two_dimensions_with_channels_the_inner_products_agree": [
        true_convolution,
        gradient_not_flipped,
        filter_gradient_averaged,
        channels_apart,
    ],
    "test_true_convolution_is_correlation_with_the_reversed_filter": [true_convolution, gradient_not_flipped],
    "test_a_window_fits_as_often_as_the_formula_says_and_no_more": [
        stride_ignored,
        padding_ignored,
        one_window_short,
        pool_overlapping,
    ],
    "test_a_moved_signal_moves_its_outputs": [circular, by_position, true_convolution],
    "test_a_convolution_is_a_dense_layer_with_a_toeplitz_matrix": [circular, by_position, true_convolution],
    "test_every_output_map_sees_every_input_map_and_sends_back_to_all": [
        gradient_of_one_map,
        gradient_not_flipped,
        filter_gradient_averaged,
    ],
    "test_a_maps_bias_gathers_the_gradient_of_all_its_places": [bias_gradient_averaged],
    "test_the_number_of_parameters_ignores_the_image": [filters_for_one_channel],
    "test_filters_that_vanish_between_different_maps_leave_each_map_alone": [channels_apart, channels_shifted],
    "test_mean_pooling_shares_the_gradient_and_max_pooling_gives_it_to_one_winner": [
        gradient_to_all_ties,
        gradient_to_the_last_tie,
        gradient_not_shared,
    ],
    "test_windows_that_overlap_add_their_gradients": [gradient_overwritten, gradient_not_shared],
    "test_max_pooling_commutes_with_relu_and_moves_no_further_than_its_inputs": [
        maximum_of_sizes,
        minimum,
        twice_the_maximum,
    ],
    "test_pooling_commutes_with_shifts_by_whole_strides": [sum_pool, pool_shifted, pool_overlapping],
    "test_entry_c_u_v_goes_to_position_c_h_plus_u_times_w_plus_v_and_back": [
        channels_last,
        columns_first,
        flatten_gradient_channels_last,
    ],
    "test_exchanged_pixels_and_weights_give_the_same_loss_and_the_exchanged_gradient": [
        blind_to_the_first_pixel,
        gradient_of_the_next_pixel,
    ],
    "test_lenet_5_has_its_61706_parameters_layer_by_layer_and_reads_no_other_size": [
        other_network,
        outputs_transposed,
    ],
}
