"""Bad input: one clear ValueError that says what is required, then the argument and its value."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from backproof.reference import data
from backproof.reference import numpy as by_hand
from backproof.reference import torch as by_autograd
from backproof.reference.architecture import Dense, Dropout, Network, perceptron

SIDES = {"numpy": (by_hand, np.asarray), "torch": (by_autograd, lambda x: torch.from_numpy(np.asarray(x)))}


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param][0]


@pytest.fixture
def array(side):
    return SIDES["torch" if side is by_autograd else "numpy"][1]


@pytest.fixture
def train(side, array):
    """A training run in which one argument at a time is made wrong."""

    def run(**changes):
        network = changes.pop("network", perceptron((3, 4, 2)))
        given = {
            "theta": np.zeros(network.parameter_count),
            "inputs": np.ones((6, 3)),
            "targets": np.array([0, 1, 0, 1, 0, 1]),
            "epochs": 1,
            "batch_size": 2,
            "rng": np.random.default_rng(0),
            **changes,
        }
        for name, value in given.items():
            if isinstance(value, np.ndarray):
                given[name] = array(value)
        if "validation" in given:
            given["validation"] = tuple(map(array, given["validation"]))
        return side.training.train(network, **given)

    return run


FLEET = {"theta": np.zeros((2, 26)), "rng": np.random.default_rng(0).spawn(2)}
VALIDATION = (np.ones((2, 3)), np.array([0, 1]))


def spoiled(value, row, column):
    inputs = np.ones((6, 3))
    inputs[row, column] = value
    return inputs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": -0.1}, "lr must be positive, got lr=-0.1"),
        ({"lr": 0.0}, "lr must be positive, got lr=0.0"),
        ({"lr": float("nan")}, "lr must be positive, got lr=nan"),
        ({"lr": "0.1"}, "lr must be an int or a float, got lr='0.1'"),
        ({"lr": None}, "lr must be an int or a float, got lr=None"),
        ({"eps": "1e-8"}, "eps must be an int or a float, got eps='1e-8'"),
        ({"l2": "0.1"}, "l2 must be an int or a float, got l2='0.1'"),
        ({"max_norm": "1"}, "max_norm must be an int or a float, got max_norm='1'"),
        ({"optimizer": "heavy_ball", "momentum": "0.9"}, "momentum must be an int or a float, got momentum='0.9'"),
        ({"optimizer": "rmsprop", "alpha": None}, "alpha must be an int or a float, got alpha=None"),
        ({"lr": lambda step: "0.1"}, "lr at step 0 must be an int or a float, got lr at step 0='0.1'"),
        ({"betas": 0.9}, "betas must be two numbers, got betas=0.9"),
        ({"betas": (0.9,)}, "betas must be two numbers, got betas=(0.9,)"),
        ({"betas": (0.9, 0.99, 0.999)}, "betas must be two numbers, got betas=(0.9, 0.99, 0.999)"),
        ({"betas": "ab"}, "betas must be two numbers, got betas='ab'"),
        ({"betas": (0.9, "0.999")}, "betas must be an int or a float, got betas='0.999'"),
        ({"betas": (0.9, 1.0)}, "betas must be in [0, 1), got betas=1.0"),
        ({"eps": -1e-8}, "eps must be non-negative, got eps=-1e-08"),
        ({"inputs": spoiled(np.nan, 4, 2)}, "inputs must be finite, got inputs=nan at row 4, column 2"),
        ({"inputs": spoiled(-np.inf, 0, 1)}, "inputs must be finite, got inputs=-inf at row 0, column 1"),
        (
            {"inputs": np.ones((6, 5))},
            "inputs must have examples of shape (3,) for layer 0 (Dense(fan_in=3, fan_out=4)), got inputs.shape=(6, 5)",
        ),
        (
            {"inputs": np.ones((0, 3)), "targets": np.zeros(0, dtype=int)},
            "inputs must hold at least one example, got inputs.shape=(0, 3)",
        ),
        ({"targets": np.array([0, 1, 2, 0, 0, 0])}, "targets must be in [0, 2), got targets=2 at row 2"),
        ({"targets": np.array([0, 1, 1, 0, -1, 0])}, "targets must be in [0, 2), got targets=-1 at row 4"),
        ({"targets": np.zeros(6)}, "targets must be integers in [0, 2), got targets.dtype=float64"),
        ({"targets": np.array([0, 1])}, "targets must have shape (6,), got targets.shape=(2,)"),
        ({"batch_size": 7}, "batch_size must be at most the 6 examples, got batch_size=7"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, got batch_size=0"),
        ({"epochs": -1}, "epochs must be an integer of at least 0, got epochs=-1"),
        ({"optimizer": "adma"}, "got optimizer='adma'; nearest: adam"),
        ({"loss": "square_error"}, "got loss='square_error'; nearest: squared_error"),
        ({"beta": 0.9}, "hyperparameter of adam must be one of"),
        ({"theta": np.zeros(5)}, "theta must have 26 parameters, got theta.shape=(5,)"),
        ({"rng": [np.random.default_rng(0)]}, "rng must be one generator for each of the 1 members"),
        ({"inputs": np.ones((6, 3), np.float32)}, "inputs must have the dtype"),
        (
            {"samples": np.array([[0, 5]])},
            "samples must be indices (count,) for each of the members (), got shape=(1, 2)",
        ),
        ({"l2": -1.0}, "l2 must be non-negative, got l2=-1.0"),
        ({"max_norm": 0.0}, "max_norm must be positive, got max_norm=0.0"),
        ({"patience": 3}, "validation must be given for patience or a Plateau, got validation=None"),
        ({"snapshot_every": 0}, "snapshot_every must be an integer of at least 1, got snapshot_every=0"),
        ({"weight_decay": 0.1}, "hyperparameter of adam must be one of betas, eps, eps_inside, lr, got"),
        ({"optimizer": "adamw", "weight_decay": -0.1}, "weight_decay must be non-negative, got weight_decay=-0.1"),
        ({"optimizer": "nesterov", "momentum": 1.0}, "momentum must be in [0, 1), got momentum=1.0"),
        ({"samples": np.array([[0, 6]])}, "samples must be in [0, 6), got samples=6"),
        ({"rng": 7}, "rng must be a numpy.random.Generator, or one for each member, got rng=7"),
        ({"rng": [7]}, "rng must be a numpy.random.Generator, or one for each member, got rng=[7]"),
        ({"lr": lambda step: 0.1 - step}, "lr at step 1 must be non-negative, got lr at step 1=-0.9"),
        ({"lr": lambda step: np.nan}, "lr at step 0 must be non-negative, got lr at step 0=nan"),
        ({"lr": np.array([0.1, 0.2])}, "lr must be one number, or one for each of the members (), got lr.shape=(2,)"),
        ({**FLEET, "lr": np.array([0.1, 0.2, 0.3])}, "for each of the members (2,), got lr.shape=(3,)"),
        ({**FLEET, "l1": np.array([0.1])}, "for each of the members (2,), got l1.shape=(1,)"),
        ({**FLEET, "l2": np.array([0.1, 0.2, 0.3])}, "for each of the members (2,), got l2.shape=(3,)"),
        (
            {**FLEET, "optimizer": "heavy_ball", "momentum": np.array([0.1, 0.2, 0.3])},
            "for each of the members (2,), got momentum.shape=(3,)",
        ),
        ({"patience": 0, "validation": VALIDATION}, "patience must be an integer of at least 1, got patience=0"),
        (
            {"validation": (VALIDATION[0].astype(np.float32), VALIDATION[1])},
            "inputs must have the dtype",
        ),
        ({"inputs": np.ones((6, 3), int), "theta": np.zeros(26, int)}, "theta must be of real floating numbers, got"),
        (
            {"inputs": np.ones((6, 3), complex), "theta": np.zeros(26, complex)},
            "theta must be of real floating numbers",
        ),
    ],
)
def test_training_refuses(train, changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train(**changes)


def test_training_accepts_what_the_refusals_started_from(train):
    assert train().steps == 3


def test_networks_that_do_not_fit_name_the_layer_and_both_shapes():
    message = "layer 1 (Dense(fan_in=5, fan_out=2)) must be given shape (5,), got shape=(4,)"
    with pytest.raises(ValueError, match=re.escape(message)):
        Network((Dense(3, 4), Dense(5, 2)), (3,))
    with pytest.raises(ValueError, match=re.escape("got activation='rellu'; nearest: relu")):
        perceptron((3, 4, 2), "rellu")
    with pytest.raises(ValueError, match=re.escape("p must be in [0, 1), got p=1.0")):
        Dropout(1.0)
    with pytest.raises(ValueError, match=re.escape("p must be in [0, 1), got p=nan")):
        Dropout(float("nan"))
    with pytest.raises(ValueError, match="sizes must name at least an input and an output size"):
        perceptron((3,))


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_probabilities_outside_zero_to_one_are_refused(side, array, p):
    message = re.escape(f"p must be in [0, 1), got p={p}")
    with pytest.raises(ValueError, match=message):
        side.dropout.mask((3,), p, np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        side.dropout.dropout(array(np.ones(3)), None, p)


MASKED = perceptron((3, 4, 2), dropout=0.5)


@pytest.mark.parametrize(
    ("members", "mask", "message"),
    [
        ((), (6, 3), "shape (6, 4) for layer 2 (Dropout(p=0.5, inverted=True)), got masks[0].shape=(6, 3)"),
        ((), (4,), "shape (6, 4) for layer 2 (Dropout(p=0.5, inverted=True)), got masks[0].shape=(4,)"),
        ((), (1, 4), "shape (6, 4) for layer 2 (Dropout(p=0.5, inverted=True)), got masks[0].shape=(1, 4)"),
        ((), (2, 6, 4), "shape (6, 4) for layer 2 (Dropout(p=0.5, inverted=True)), got masks[0].shape=(2, 6, 4)"),
        ((2,), (3, 6, 4), "shape (6, 4) or (2, 6, 4) for layer 2 (Dropout(p=0.5, inverted=True)), got masks[0].shape="),
    ],
)
def test_a_mask_that_does_not_fit_names_the_layer_and_both_shapes(side, array, members, mask, message):
    theta = array(np.zeros((*members, MASKED.parameter_count)))
    inputs, labels, masks = array(np.ones((6, 3))), array(np.zeros(6, dtype=int)), [array(np.ones(mask, np.int8))]
    with pytest.raises(ValueError, match=re.escape(f"masks must have {message}")):
        side.backprop.forward(MASKED, theta, inputs, masks=masks)
    with pytest.raises(ValueError, match=re.escape(f"masks must have {message}")):
        side.backprop.loss_and_gradient(MASKED, theta, inputs, labels, masks=masks)


@pytest.mark.parametrize(("members", "mask"), [((), (6, 4)), ((2,), (6, 4)), ((2,), (2, 6, 4))])
def test_a_mask_is_shared_or_one_for_each_member(side, array, members, mask):
    theta = array(np.zeros((*members, MASKED.parameter_count)))
    outputs = side.backprop.forward(MASKED, theta, array(np.ones((6, 3))), masks=[array(np.ones(mask, np.int8))])
    assert tuple(outputs.shape) == (*members, 6, 2)


def test_critical_points_are_sought_from_points_and_with_couplings_of_their_size(side, array):
    points = side.critical_points
    with pytest.raises(ValueError, match=re.escape("starts must have shape (count, dimension), got starts.shape=(2,)")):
        points.find_critical_points(lambda x: x, lambda x: x[..., None], array(np.ones(2)))
    with pytest.raises(ValueError, match=re.escape("starts must be finite, got starts=nan at row 1, column 0")):
        points.find_critical_points(lambda x: x, lambda x: x[..., None], array(np.array([[0.0], [np.nan]])))
    with pytest.raises(
        ValueError, match=re.escape("couplings must have shape (2, 2, 2), got couplings.shape=(3, 3, 3)")
    ):
        points.spin_energy(array(np.ones((3, 3, 3))), array(np.ones((5, 2))))
    with pytest.raises(ValueError, match=re.escape("gradient must have the shape (2,) of x, got gradient.shape=(3,)")):
        points.tangent_hessian(array(np.ones(2)), array(np.ones(3)), array(np.eye(2)))
    with pytest.raises(ValueError, match=re.escape("n must be an integer of at least 2, got n=1")):
        points.spin_couplings(1, np.random.default_rng(0))


def test_experiments_refuse_what_cannot_be_compared(side):
    of = side.experiments
    runs = {"epochs": 0, "batch_size": 5}
    with pytest.raises(
        ValueError, match="parameters must be within 1 % of a count that 2 layers can have, nearest 25,"
    ):
        of.depths_at_equal_size(
            data.noisy_halfspace, parameters=23, depths=(2,), inputs=8, outputs=2, seeds=[0], **runs
        )
    with pytest.raises(ValueError, match=re.escape("seeds must hold at least one example, got seeds.shape=(0,)")):
        of.with_and_without_dropout(data.noisy_halfspace, (8, 2, 2), seeds=[], **runs)
    with pytest.raises(ValueError, match=re.escape("p must be positive, got p=0.0")):
        of.with_and_without_dropout(data.noisy_halfspace, (8, 2, 2), p=0.0, seeds=[0], **runs)
    with pytest.raises(ValueError, match=re.escape("flipped must be in [0, 1), got flipped=1.0")):
        data.noisy_halfspace(np.random.default_rng(0), flipped=1.0)
    failed = data.Reported("first", None, 1.0)
    with pytest.raises(ValueError, match="table must begin with a network that reached target=2"):
        of.speed_ups([failed], target=2.0)
    with pytest.raises(ValueError, match="steps must be given where the accuracy reached target=1"):
        of.speed_ups([failed], target=1.0)


def test_losses_refuse_what_has_no_meaning(side, array):
    logits, labels = array(np.zeros((2, 3))), array(np.array([0, 3]))
    with pytest.raises(ValueError, match=re.escape("labels must be in [0, 3), got labels=3 at row 1")):
        side.losses.softmax_cross_entropy(logits, labels)
    with pytest.raises(ValueError, match="logits must hold at least one example"):
        side.losses.softmax_cross_entropy(array(np.zeros((0, 3))), array(np.zeros(0, dtype=int)))
    with pytest.raises(ValueError, match="labels must have one class an example"):
        side.losses.softmax_cross_entropy(logits, array(np.array([0, 1, 1])))
    with pytest.raises(ValueError, match=re.escape("outputs must be finite, got outputs=nan at row 1")):
        side.losses.squared_error(array(np.array([0.0, np.nan])), array(np.zeros(2)))
    with pytest.raises(ValueError, match=re.escape("targets must be in [0, 1], got targets=2.0")):
        side.losses.binary_cross_entropy(array(np.zeros(2)), array(np.array([0.0, 2.0])))


def test_quadratics_refuse_what_is_none(side, array):
    identity, start = array(np.eye(2)), array(np.ones(2))
    with pytest.raises(ValueError, match=re.escape("lr must be positive, got lr=-1.0")):
        side.quadratics.gradient_descent(identity, start, lr=-1.0, steps=1)
    with pytest.raises(ValueError, match="hessian must be symmetric"):
        side.quadratics.gradient_descent(array(np.array([[1.0, 2.0], [0.0, 1.0]])), start, lr=1.0, steps=1)
    with pytest.raises(ValueError, match="x must have dimension 2 as hessian has"):
        side.quadratics.gradient_descent(identity, array(np.ones(3)), lr=1.0, steps=1)
    with pytest.raises(ValueError, match="hessian must be positive along the gradient"):
        side.line_search.exact_line_search(array(-np.eye(2)), start, steps=1)


@pytest.mark.parametrize(("low", "high", "name"), [(np.nan, 1.0, "low"), (1.0, np.inf, "high")])
def test_ranges_without_end_are_refused(side, low, high, name):
    with pytest.raises(ValueError, match=f"{name} must be finite"):
        side.hyperparameter_search.Range(low, high, log=True)


def test_descent_refuses_a_schedule_that_climbs(side, array):
    with pytest.raises(ValueError, match=re.escape("lr at step 2 must be non-negative, got lr at step 2=-1.0")):
        side.optimizers.minimize(lambda x: x, array(np.ones(2)), lr=lambda step: 1.0 - step, steps=5)


def test_steps_refuse_gradients_that_do_not_fit_or_are_not_finite(side, array):
    with pytest.raises(ValueError, match=re.escape("gradient must have the shape (2,) of parameters")):
        side.adaptive.adam_step(array(np.ones(2)), array(np.ones(3)))
    with pytest.raises(ValueError, match=re.escape("gradient must be finite, got gradient=inf at row 1")):
        side.stochastic.sgd_step(array(np.ones(2)), array(np.array([0.0, np.inf])), lr=0.1)


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-learn"):
        data.digits(np.random.default_rng(0))
    with pytest.raises(ValueError, match=re.escape("held_out must be in [0, 1), got held_out=1.0")):
        data.digits(np.random.default_rng(0), held_out=1.0)


def test_fleets_of_different_sizes_are_refused(side, array):
    network = perceptron((3, 2))
    theta, inputs, labels = np.zeros((4, 8)), np.ones((5, 6, 3)), np.zeros((5, 6), dtype=int)
    message = re.escape("one batch for each of theta's members (4,), got fleet=(5,)")
    with pytest.raises(ValueError, match=message):
        side.backprop.forward(network, array(theta), array(inputs))
    with pytest.raises(ValueError, match=message):
        side.backprop.loss_and_gradient(network, array(theta), array(inputs), array(labels))
