"""The perceptron learns real digits: at least 97 % of the held-out fifth."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from backproof.reference import data
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import perceptron


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_numpy_perceptron_reaches_97_percent(seed):
    split = data.digits(np.random.default_rng(seed), dtype=np.float32)
    network, rng = perceptron((64, 128, 10)), np.random.default_rng(seed)
    theta = by_hand.initialization.initial_parameters(network, rng, dtype=np.float32)
    run = by_hand.training.train(
        network, theta, split.train_inputs, split.train_labels, epochs=30, batch_size=32, rng=rng, lr=2e-3
    )
    assert run.theta.dtype == np.float32
    outputs = by_hand.backprop.forward(network, run.theta, split.test_inputs)
    assert 1 - by_hand.losses.zero_one_loss(outputs, split.test_labels) >= 0.97


def test_torch_perceptron_reaches_97_percent():
    split = data.digits(np.random.default_rng(0), dtype=np.float32)
    tensors = [torch.from_numpy(x) for x in vars(split).values()]
    network, rng = perceptron((64, 128, 10)), np.random.default_rng(0)
    theta = by_autograd.initialization.initial_parameters(network, rng, dtype=torch.float32)
    run = by_autograd.training.train(network, theta, *tensors[:2], epochs=30, batch_size=32, rng=rng, lr=2e-3)
    outputs = by_autograd.backprop.forward(network, run.theta, tensors[2])
    assert 1 - float(by_autograd.losses.zero_one_loss(outputs, tensors[3])) >= 0.97


def test_the_split_is_the_same_for_the_same_seed_and_a_partition():
    first, again, other = (data.digits(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first.train_inputs, again.train_inputs)
    assert not np.array_equal(first.train_labels, other.train_labels)
    assert len(first.train_labels) + len(first.test_labels) == 1797
    assert len(first.test_labels) == 359
    # The shipped images' label counts, as scikit-learn's documentation prints them: 174 to 183 of each.
    counts = np.bincount(np.concatenate([first.train_labels, first.test_labels]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert first.train_inputs.min() == 0
    assert first.train_inputs.max() == 1


def test_the_digits_are_those_that_scikit_learn_loads():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))  # the draw of `digits`
    split = data.digits(np.random.default_rng(0))
    assert np.array_equal(np.concatenate([split.train_inputs, split.test_inputs]) * 16, images[order])
    assert np.array_equal(np.concatenate([split.train_labels, split.test_labels]), labels[order])


def test_the_numpy_side_imports_neither_torch_nor_scikit_learn():
    code = (
        "import sys, backproof.reference.numpy, backproof.reference.data;"
        "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
