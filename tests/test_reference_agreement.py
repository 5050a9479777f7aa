"""NumPy and torch take the same steps: 200 of them, float64, within 1e-10 relative."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from backproof.reference import architecture, data
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd

LOSSES = ["softmax_cross_entropy", "squared_error", "binary_cross_entropy"]
#: Away from neutral values, so that a hyperparameter that one side forgets shows.
HYPER = {
    "sgd": {"lr": 0.05},
    "heavy_ball": {"lr": 0.02, "momentum": 0.7},
    "heavy_ball_buffer": {"lr": 0.05, "momentum": 0.7, "dampening": 0.3},
    "heavy_ball_two_term": {"lr": 0.02, "momentum": 0.7},
    "nesterov": {"lr": 0.02, "momentum": 0.7},
    "nesterov_shifted": {"lr": 0.02, "momentum": 0.7},
    "delta_bar_delta": {"lr": 0.05, "kappa": 0.01, "phi": 0.2, "decay": 0.6},
    "adagrad": {"lr": 0.05, "eps": 1e-3, "initial_accumulator_value": 0.1},
    "adadelta": {"lr": 0.7, "rho": 0.8, "eps": 1e-3},
    "rmsprop": {"lr": 0.003, "alpha": 0.8, "eps": 1e-3, "eps_inside": True},
    "rmsprop_centered": {"lr": 0.003, "alpha": 0.8, "eps": 1e-2},
    "rmsprop_nesterov": {"lr": 0.001, "momentum": 0.7, "alpha": 0.8, "eps": 1e-3},
    "adam": {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3},
    "adamw": {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    "amsgrad": {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3},
    "nadam": {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "eps_inside": True},
}


def problem(loss, dropout=0.0, activation="tanh", seed=11):
    """A rectangular network and 23 examples: a batch size of 8 does not divide them."""
    network = architecture.perceptron((3, 7, 4), activation, dropout=dropout)
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(23, 3))
    targets = rng.integers(0, 4, 23) if loss == "softmax_cross_entropy" else rng.uniform(0, 1, (23, 4))
    return network, inputs, targets


def both(network, inputs, targets, seed=7, fleet=None, **options):
    """Train on both sides from equal seeds; 67 epochs of three steps are 201 steps."""

    def rngs():
        return np.random.default_rng(seed) if fleet is None else np.random.default_rng(seed).spawn(fleet)

    rng, rng_torch = rngs(), rngs()
    theta = by_hand.initialization.initial_parameters(network, rng)
    theta_torch = by_autograd.initialization.initial_parameters(network, rng_torch)
    assert np.array_equal(theta, theta_torch.numpy())
    options = {"epochs": 67, "batch_size": 8, **options}
    tensors = {key: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for key, x in options.items()}
    first = by_hand.training.train(network, theta, inputs, targets, rng=rng, **options)
    second = by_autograd.training.train(
        network, theta_torch, torch.from_numpy(inputs), torch.from_numpy(targets), rng=rng_torch, **tensors
    )
    return first, second


def assert_agree(first, second, relative=1e-10):
    assert first.steps == second.steps > 0
    scale = np.abs(first.theta).max()
    assert np.abs(first.theta - second.theta.numpy()).max() <= relative * scale
    losses, others = np.array(first.history.losses), np.array(second.history.losses)
    assert np.abs(losses - others).max() <= relative * np.abs(losses).max()
    assert losses[-1].mean() < losses[0].mean()  # it learned, so there was something to agree on


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", sorted(by_hand.optimizers.OPTIMIZERS))
def test_optimizers_agree_over_200_steps(optimizer, loss):
    network, inputs, targets = problem(loss)
    first, second = both(network, inputs, targets, loss=loss, optimizer=optimizer, **HYPER[optimizer])
    assert first.steps == 201
    assert_agree(first, second)


@pytest.mark.parametrize("activation", architecture.ACTIVATION_NAMES)
def test_activations_agree_over_200_steps_with_dropout(activation):
    network, inputs, targets = problem("softmax_cross_entropy", dropout=0.3, activation=activation)
    assert_agree(*both(network, inputs, targets, **{"optimizer": "adam", **HYPER["adam"]}))


def test_every_optimizer_exists_on_both_sides_and_has_an_agreement_test():
    assert set(by_hand.optimizers.OPTIMIZERS) == set(by_autograd.optimizers.OPTIMIZERS) == set(HYPER)


def test_modules_export_the_same_names_in_the_same_order_of_arguments():
    import inspect

    for name in by_hand.__all__:
        ours, theirs = getattr(by_hand, name), getattr(by_autograd, name)
        public = {
            key
            for key, thing in vars(ours).items()
            if inspect.isfunction(thing) and thing.__module__ == ours.__name__ and not key.startswith("_")
        }
        for key in public:
            assert hasattr(theirs, key), f"torch.{name} lacks {key}"
            first = list(inspect.signature(getattr(ours, key)).parameters)
            second = list(inspect.signature(getattr(theirs, key)).parameters)
            if key.endswith("_kernel"):  # NumPy's work in place needs scratch
                first = [argument for argument in first if argument != "work"]
            # Where it runs, and whether it is compiled, are torch's own questions.
            own = {"device", "compiled"} - set(first)
            assert first == [argument for argument in second if argument not in own], key


@pytest.mark.parametrize("optimizer", sorted(by_hand.optimizers.OPTIMIZERS))
def test_pure_steps_agree_within_rounding_units_and_change_no_argument(optimizer):
    rng = np.random.default_rng(2)
    theta, state = rng.normal(size=(2, 3)), None
    theta_torch, state_torch = torch.from_numpy(theta.copy()), None
    ours, theirs = by_hand.optimizers.OPTIMIZERS[optimizer].step, by_autograd.optimizers.OPTIMIZERS[optimizer].step
    for t in range(120):
        gradient = rng.normal(size=(2, 3)) * (t % 7 != 3)  # zero gradients too
        before = theta.copy(), gradient.copy()
        new, state = ours(theta, gradient, state, **HYPER[optimizer])
        new_torch, state_torch = theirs(theta_torch, torch.from_numpy(gradient), state_torch, **HYPER[optimizer])
        assert np.array_equal(theta, before[0])
        assert np.array_equal(gradient, before[1])
        theta, theta_torch = new, new_torch
        assert state.step == state_torch.step == t + 1
    # A step loses a few units of the largest term, and 120 of them add up.
    assert np.abs(theta - theta_torch.numpy()).max() <= 120 * 8 * 2.0**-53 * np.abs(theta).max()


def test_descent_on_quadratics_agrees_with_fixed_and_exact_steps():
    rng = np.random.default_rng(4)
    root = rng.normal(size=(3, 5, 5))  # a fleet of three problems
    hessian = np.einsum("fij,fkj->fik", root, root) + np.eye(5)
    start, linear = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    lr = 1 / np.linalg.eigvalsh(hessian)[:, -1]
    tensors = [torch.from_numpy(x) for x in (hessian, start, linear, lr)]
    first = by_hand.quadratics.gradient_descent(hessian, start, lr=lr, steps=200, linear=linear)
    second = by_autograd.quadratics.gradient_descent(*tensors[:2], lr=tensors[3], steps=200, linear=tensors[2])
    assert np.allclose(first.path, second.path.numpy(), rtol=1e-12, atol=1e-12)
    first = by_hand.line_search.exact_line_search(hessian, start, steps=20, linear=linear)
    second = by_autograd.line_search.exact_line_search(*tensors[:2], steps=20, linear=tensors[2])
    assert np.allclose(first.path, second.path.numpy(), rtol=1e-12, atol=1e-12)


def test_bagging_agrees_and_gives_each_member_its_own_sample():
    network, inputs, targets = problem("softmax_cross_entropy")
    options = {"members": 3, "epochs": 67, "batch_size": 8, "lr": 0.01}
    first = by_hand.ensembles.bagging(network, inputs, targets, rng=np.random.default_rng(1), **options)
    second = by_autograd.ensembles.bagging(
        network, torch.from_numpy(inputs), torch.from_numpy(targets), rng=np.random.default_rng(1), **options
    )
    assert_agree(first, second)
    assert np.abs(first.theta[0] - first.theta[1]).max() > 0.1
    together = by_hand.ensembles.ensemble_probabilities(network, first.theta, inputs)
    assert np.allclose(together.sum(axis=-1), 1)
    other = by_autograd.ensembles.ensemble_probabilities(network, second.theta, torch.from_numpy(inputs))
    assert np.allclose(together, other.numpy(), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("compare", {"networks": [architecture.perceptron((8, 6, 2), "tanh"), architecture.perceptron((8, 2))]}),
        ("depths_at_equal_size", {"parameters": 1000, "depths": (1, 3), "inputs": 8, "outputs": 2}),
        ("with_and_without_dropout", {"sizes": (8, 9, 7, 2), "p": 0.4, "activation": "tanh"}),
    ],
)
def test_experiments_agree_seed_by_seed(name, arguments):
    options = {"task": data.noisy_halfspace, "seeds": [3, 1, 4], "epochs": 9, "batch_size": 8, "lr": 0.01, **arguments}
    first = getattr(by_hand.experiments, name)(**options)
    second = getattr(by_autograd.experiments, name)(**options)
    assert first.networks == second.networks
    for ours, theirs in zip(first.theta, second.theta, strict=True):
        for theta, other in zip(ours, theirs, strict=True):
            assert np.abs(theta - other.numpy()).max() <= 1e-10 * np.abs(theta).max()
    for losses, others in (
        (first.train_losses, second.train_losses.numpy()),
        (first.test_losses, second.test_losses.numpy()),
    ):
        assert losses.shape == (2, 3)
        assert np.abs(losses - others).max() <= 1e-10 * losses.max()
        assert len(np.unique(losses)) == 6  # each network and each seed has its own


def test_random_energies_on_the_sphere_agree_with_slopes_and_curvatures():
    n = 6
    couplings = by_hand.critical_points.spin_couplings(n, np.random.default_rng(2))
    tensor = by_autograd.critical_points.spin_couplings(n, np.random.default_rng(2))
    assert np.array_equal(couplings, tensor.numpy())
    x = np.random.default_rng(3).normal(size=(7, n + 1))
    x[:, :n] /= np.linalg.norm(x[:, :n], axis=1, keepdims=True)
    energies = by_hand.critical_points.spin_energy(couplings, x[:, :n])
    others = by_autograd.critical_points.spin_energy(tensor, torch.from_numpy(x[:, :n]))
    pairs = list(zip(energies, others, strict=True))
    ours = by_hand.critical_points.on_the_sphere(partial(by_hand.critical_points.spin_energy, couplings))
    theirs = by_autograd.critical_points.on_the_sphere(partial(by_autograd.critical_points.spin_energy, tensor))
    pairs += [(one(x), other(torch.from_numpy(x))) for one, other in zip(ours, theirs, strict=True)]
    along = by_hand.critical_points.tangent_hessian(x[:, :n], *energies[1:])
    other = by_autograd.critical_points.tangent_hessian(torch.from_numpy(x[:, :n]), *others[1:])
    # The basis of the directions along the sphere is the library's choice; the eigenvalues are not.
    pairs.append((np.linalg.eigvalsh(along), torch.linalg.eigvalsh(other)))
    for found, expected in pairs:
        # Sums of n^2 products of numbers below 1 and a coupling, and what the eigenvalues of n of their rows lose.
        assert np.abs(found - expected.numpy()).max() <= 8 * n**2 * 2.0**-53 * np.abs(couplings).sum(axis=(1, 2)).max()


def test_the_same_critical_points_are_found_from_the_same_starts():
    n = 4
    couplings = by_hand.critical_points.spin_couplings(n, np.random.default_rng(5))
    starts = np.random.default_rng(6).normal(size=(40, n + 1))
    found = []
    for side, array in ((by_hand, np.asarray), (by_autograd, torch.from_numpy)):
        energy = partial(side.critical_points.spin_energy, array(couplings))
        slopes = side.critical_points.on_the_sphere(energy)
        found.append(np.asarray(side.critical_points.find_critical_points(*slopes, array(starts))))
    assert found[0].shape == found[1].shape
    assert len(found[0]) > 5
    assert np.abs(found[0] - found[1]).max() <= 1e-10 * np.abs(found[0]).max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_numpy():
    network, inputs, targets = problem("softmax_cross_entropy", dropout=0.3)
    rng = np.random.default_rng(7)
    theta = by_hand.initialization.initial_parameters(network, rng)
    first = by_hand.training.train(network, theta, inputs, targets, rng=rng, epochs=67, batch_size=8)
    rng = np.random.default_rng(7)
    theta = by_autograd.initialization.initial_parameters(network, rng, device="cuda")
    second = by_autograd.training.train(
        network,
        theta,
        torch.from_numpy(inputs),
        torch.from_numpy(targets),
        rng=rng,
        epochs=67,
        batch_size=8,
        device="cuda",
    )
    assert np.abs(first.theta - second.theta.cpu().numpy()).max() <= 1e-10 * np.abs(first.theta).max()
