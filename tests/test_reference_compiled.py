"""Adam's step in one compiled pass is Adam's step, is compiled once, and is only there for who asks."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from backproof.reference import torch as by_autograd
from backproof.reference.architecture import perceptron
from backproof.reference.torch import adam, compiled

NETWORK = perceptron((3, 5, 2), "tanh")
# The compiler's own modules use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
needs_a_compiler = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="torch finds no C++ compiler"
)


def train(**options):
    rng = np.random.default_rng(3)
    inputs, labels = torch.from_numpy(rng.normal(size=(12, 3))), torch.from_numpy(rng.integers(0, 2, 12))
    theta = by_autograd.initialization.initial_parameters(NETWORK, rng)
    options = {"epochs": 40, "batch_size": 5, "betas": (0.8, 0.95), **options}
    return by_autograd.training.train(NETWORK, theta, inputs, labels, rng=rng, **options)


@needs_a_compiler
@pytest.mark.parametrize("hyper", [{}, {"eps": 1e-3, "eps_inside": True}, {"eps": 0.0}])
def test_the_compiled_step_is_adams(hyper):
    rng = np.random.default_rng(5)
    # A fleet of two with a rate each; a parameter of the second never has a gradient, which eps = 0 must survive.
    lr, theta = torch.tensor([[0.1], [0.02]], dtype=torch.float64), torch.from_numpy(rng.normal(size=(2, 7)))
    pairs = [[theta.clone(), torch.zeros_like(theta), torch.zeros_like(theta)] for _ in range(2)]
    for step in range(1, 101):
        gradient = torch.from_numpy(rng.normal(size=(2, 7)))
        gradient[1, 0] = 0
        for kernel, (point, *state) in zip((adam.adam_kernel, compiled.adam_kernel), pairs, strict=True):
            kernel(point, gradient, state, step, lr=lr, betas=(0.8, 0.95), **hyper)
    # Eight roundings a step, of which the compiler may leave some out; none grows, since each step only adds.
    for one, other in zip(*pairs, strict=True):
        assert torch.isfinite(other).all()
        assert (one - other).abs().max() <= 100 * 8 * 2.0**-53 * one.abs().max()


@needs_a_compiler
def test_the_rate_and_the_step_are_not_compiled_in():
    torch._dynamo.reset()
    with torch._dynamo.config.patch(error_on_recompile=True):
        run = train(compiled=True, lr=lambda step: 0.05 / (1 + step))
    assert run.history.losses[-1] < run.history.losses[0]
    plain = train(lr=lambda step: 0.05 / (1 + step))
    assert run.steps == plain.steps == 120
    assert (run.theta - plain.theta).abs().max() <= 1e-10 * plain.theta.abs().max()


def test_other_rules_are_not_compiled():
    with pytest.raises(ValueError, match=r"optimizer of a compiled run must be one of adam, got .*'adagrad'"):
        train(compiled=True, optimizer="adagrad")


def test_nobody_gets_it_without_asking(monkeypatch):
    def refuse() -> None:
        raise AssertionError("compiled without having been asked")

    monkeypatch.setattr(compiled, "_one_pass", refuse)
    train()
    with pytest.raises(AssertionError, match="without having been asked"):
        train(compiled=True)
