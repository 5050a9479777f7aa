"""Every optimizer that torch, Optax and Keras have is named with its hyperparameters, or is none of the known rules."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
import torch

import backproof

#: what is given -> what must be found: the rule, and the hyperparameters that are not given under their own name
Row = tuple[Any, dict[str, Any], str, dict[str, Any]]
ADAM = {"lr": 0.03, "betas": (0.85, 0.97), "eps": 1e-5}
MADE = torch.optim
TORCH: list[Row] = [
    (MADE.SGD, {"lr": 0.03}, "sgd", {}),
    (MADE.SGD, {"lr": 0.03, "momentum": 0.8}, "momentum", {}),
    (MADE.SGD, {"lr": 0.03, "momentum": 0.8, "dampening": 0.3}, "momentum[first-step=undamped]", {}),
    (MADE.SGD, {"lr": 0.03, "momentum": 0.8, "nesterov": True}, "nesterov", {}),
    (MADE.SGD, {"lr": 0.03, "momentum": 0.8, "weight_decay": 0.1}, "momentum[decay=coupled]", {}),
    (MADE.Adagrad, {"lr": 0.03, "eps": 1e-5}, "adagrad", {}),
    (MADE.Adagrad, {"lr": 0.03, "eps": 1e-5, "lr_decay": 0.1}, "adagrad-decayed", {}),
    (MADE.Adagrad, {"lr": 0.03, "eps": 1e-5, "initial_accumulator_value": 0.1}, "adagrad[start]", {}),
    (MADE.Adadelta, {"lr": 0.9, "rho": 0.8, "eps": 1e-5}, "adadelta", {}),
    (MADE.Adadelta, {"lr": 0.9, "rho": 0.8, "eps": 1e-5, "weight_decay": 0.1}, "adadelta[decay=coupled]", {}),
    (MADE.RMSprop, {"lr": 0.03, "alpha": 0.8, "eps": 1e-5}, "rmsprop", {}),
    (MADE.RMSprop, {"lr": 0.03, "alpha": 0.8, "eps": 1e-5, "centered": True}, "rmsprop-centered", {}),
    (MADE.RMSprop, {"lr": 0.03, "alpha": 0.8, "eps": 1e-5, "momentum": 0.7}, "rmsprop-momentum", {}),
    (
        MADE.RMSprop,
        {"lr": 0.03, "alpha": 0.8, "eps": 1e-5, "momentum": 0.7, "centered": True},
        "rmsprop-centered-momentum",
        {},
    ),
    (MADE.Adam, ADAM, "adam", {}),
    (MADE.Adam, {**ADAM, "amsgrad": True}, "amsgrad", {}),
    (MADE.Adam, {**ADAM, "weight_decay": 0.1}, "adam[decay=coupled]", {}),
    (MADE.Adam, {**ADAM, "weight_decay": 0.1, "decoupled_weight_decay": True}, "adamw", {}),
    (MADE.AdamW, {**ADAM, "weight_decay": 0.1}, "adamw", {}),
    (MADE.AdamW, {**ADAM, "weight_decay": 0.1, "amsgrad": True}, "amsgrad[decay=decoupled]", {}),
    (MADE.NAdam, {**ADAM, "momentum_decay": 0.01}, "nadam-scheduled", {}),
    (
        MADE.NAdam,
        {**ADAM, "momentum_decay": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
        "nadam-scheduled[decay=decoupled]",
        {},
    ),
    (MADE.RAdam, ADAM, "radam[eps=hat]", {}),
    (MADE.RAdam, {**ADAM, "weight_decay": 0.1}, "radam[eps=hat,decay=coupled]", {}),
    (MADE.Adamax, ADAM, "adamax", {}),
    (MADE.Adamax, {**ADAM, "weight_decay": 0.1}, "adamax[decay=coupled]", {}),
    (MADE.ASGD, {"lr": 0.03, "lambd": 0.01, "alpha": 0.7}, "asgd", {}),
    (MADE.Rprop, {"lr": 0.03, "etas": (0.5, 1.2)}, "rprop", {"etaminus": 0.5, "etaplus": 1.2}),
    (
        MADE.Adafactor,
        {"lr": 0.03, "beta2_decay": -0.7, "eps": (None, 0.01), "d": 1.05},
        "adafactor",
        {"decay_rate": 0.7, "least_scale": 0.01, "clipping_threshold": 1.05},
    ),
    (
        MADE.Adafactor,
        {"lr": 0.03, "weight_decay": 0.1},
        "adafactor[decay=decoupled]",
        {"decay_rate": 0.8, "least_scale": 1e-3, "clipping_threshold": 1.0},
    ),
    (MADE.SparseAdam, ADAM, "adam-lazy[eps=hat]", {}),
    (MADE.Muon, {"lr": 0.03, "weight_decay": 0.0}, "muon[precision=bfloat16]", {"momentum": 0.95}),
    (
        MADE.Muon,
        {"lr": 0.03, "weight_decay": 0.1, "momentum": 0.9, "nesterov": False, "adjust_lr_fn": "match_rms_adamw"},
        "muon[scale=rms,nesterov=no,precision=bfloat16,decay=decoupled]",
        {},
    ),
    (MADE.LBFGS, {"lr": 0.03}, "", {}),
]
B = {"b1": 0.85, "b2": 0.97, "eps": 1e-5}
OPTAX_ADAM = {"learning_rate": 0.03, **B}
RATE = {"learning_rate": 0.03}
OPTAX: list[Row] = [
    ("sgd", RATE, "sgd", {}),
    ("sgd", {**RATE, "momentum": 0.8}, "momentum", {}),
    ("sgd", {**RATE, "momentum": 0.8, "nesterov": True}, "nesterov", {}),
    ("noisy_sgd", RATE, "", {}),
    ("sign_sgd", RATE, "sign-sgd", {}),
    ("signum", {**RATE, "beta": 0.9}, "signum", {"momentum": None}),
    ("lion", {**RATE, "b1": 0.9, "b2": 0.99, "weight_decay": 0.1}, "lion[decay=decoupled]", {"betas": None}),
    ("optimistic_gradient_descent", {**RATE, "beta": 0.7}, "optimistic-sgd", {"optimism": 0.7}),
    ("optimistic_adam", {**OPTAX_ADAM, "optimism": 0.006, "nesterov": False}, "optimistic-adam", {"optimism": 0.2}),
    ("optimistic_adam_v2", {**OPTAX_ADAM, "beta": 0.7}, "optimistic-nadam", {"optimism": 0.7}),
    ("adagrad", {**RATE, "initial_accumulator_value": 0.0, "eps": 1e-5}, "adagrad[eps=inside]", {}),
    ("adadelta", {"learning_rate": 0.9, "rho": 0.8, "eps": 1e-5}, "adadelta", {}),
    ("rmsprop", {**RATE, "decay": 0.8, "eps": 1e-5}, "rmsprop[eps=inside]", {"alpha": 0.8}),
    ("rmsprop", {**RATE, "decay": 0.8, "eps": 1e-5, "eps_in_sqrt": False}, "rmsprop", {"alpha": 0.8}),
    (
        "rmsprop",
        {**RATE, "decay": 0.8, "eps": 1e-5, "centered": True, "momentum": 0.7},
        "rmsprop-centered-momentum[eps=inside]",
        {"alpha": 0.8},
    ),
    (
        "rmsprop",
        {**RATE, "decay": 0.8, "eps": 1e-5, "bias_correction": True},
        "rmsprop-corrected[eps=inside]",
        {"alpha": 0.8},
    ),
    ("adam", OPTAX_ADAM, "adam", {}),
    ("adam", {**RATE, "b1": 0.85, "b2": 0.97, "eps": 0.0, "eps_root": 1e-5}, "adam[eps=inside]", {"eps": 1e-5}),
    ("adam", {**OPTAX_ADAM, "nesterov": True}, "nadam", {}),
    ("adamw", {**OPTAX_ADAM, "weight_decay": 0.1}, "adamw", {}),
    ("amsgrad", OPTAX_ADAM, "amsgrad[max=corrected]", {}),
    ("adamax", OPTAX_ADAM, "adamax", {}),
    ("adamaxw", {**OPTAX_ADAM, "weight_decay": 0.1}, "adamax[decay=decoupled]", {}),
    ("radam", OPTAX_ADAM, "radam", {}),
    ("adabelief", {**OPTAX_ADAM, "eps_root": 1e-6}, "adabelief", {"eps_root": 1e-6}),
    ("yogi", OPTAX_ADAM, "yogi", {"initial_accumulator_value": 1e-6}),
    (
        "adan",
        {**RATE, "b1": 0.9, "b2": 0.8, "b3": 0.95, "eps": 1e-5, "eps_root": 1e-7},
        "adan",
        {"beta3": 0.95, "eps_root": 1e-7},
    ),
    (
        "adafactor",
        {**RATE, "decay_rate": 0.7},
        "adafactor[unfactored]",
        {"decay_rate": 0.7, "clipping_threshold": 1.0, "least_scale": 1e-3},
    ),
    ("novograd", {**RATE, "b1": 0.85, "b2": 0.4, "eps": 1e-5}, "novograd", {}),
    ("novograd", {**RATE, "b1": 0.85, "b2": 0.4, "eps": 1e-5, "weight_decay": 0.1}, "novograd-decayed", {}),
    ("lars", {**RATE, "trust_coefficient": 0.01, "momentum": 0.8}, "lars", {}),
    ("lars", {**RATE, "trust_coefficient": 0.01, "momentum": 0.8, "nesterov": True}, "lars-nesterov", {}),
    ("lamb", {**OPTAX_ADAM, "weight_decay": 0.1}, "lamb", {}),
    ("lamb", OPTAX_ADAM, "lamb-undecayed", {}),
    ("fromage", RATE, "fromage", {}),
    ("sm3", {**RATE, "momentum": 0.8}, "sm3", {"eps": 1e-8}),
    # a finding: an update is the one of the step before, the first is 0
    ("rprop", RATE, "", {}),
    (
        "contrib.muon",
        {**RATE, "beta": 0.9, "adam_b1": 0.85, "adam_b2": 0.97, "eps": 1e-5},
        "muon-nadam",
        {"momentum": 0.9},
    ),
    ("contrib.adopt", OPTAX_ADAM, "adopt", {}),
    ("contrib.adopt", {**OPTAX_ADAM, "use_clipping": False}, "adopt-unclipped", {}),
    ("contrib.schedule_free_sgd", {**RATE, "b1": 0.9}, "schedule-free-sgd", {"momentum": 0.9}),
    ("contrib.dog", RATE, "", {}),
    ("contrib.cocob", RATE, "", {}),
    ("contrib.madgrad", RATE, "", {}),
]
#: Keras keeps its rates in single precision, so theirs are dyadic
K = {"learning_rate": 2**-5}
KERAS_ADAM = {**K, "beta_1": 0.875, "beta_2": 0.96875, "epsilon": 2**-16}
KERAS: list[Row] = [
    ("SGD", K, "sgd", {}),
    ("SGD", {**K, "momentum": 0.75}, "momentum[lr=inside-velocity]", {}),
    ("SGD", {**K, "momentum": 0.75, "nesterov": True}, "nesterov[lr=inside-velocity]", {}),
    ("Adagrad", {**K, "initial_accumulator_value": 0.0, "epsilon": 2**-16}, "adagrad[eps=inside]", {}),
    ("Adadelta", {"learning_rate": 0.75, "rho": 0.75, "epsilon": 2**-16}, "adadelta", {}),
    ("RMSprop", {**K, "rho": 0.75, "epsilon": 2**-16}, "rmsprop[eps=inside]", {"alpha": 0.75}),
    (
        "RMSprop",
        {**K, "rho": 0.75, "epsilon": 2**-16, "momentum": 0.625, "centered": True},
        "rmsprop-centered-momentum[eps=inside,lr=inside-velocity]",
        {"alpha": 0.75},
    ),
    ("Adam", KERAS_ADAM, "adam[eps=hat]", {}),
    ("Adam", {**KERAS_ADAM, "amsgrad": True}, "amsgrad[eps=hat]", {}),
    ("AdamW", {**KERAS_ADAM, "weight_decay": 0.125}, "adamw[eps=hat]", {}),
    ("Adamax", KERAS_ADAM, "adamax[eps=outside]", {}),
    ("Nadam", KERAS_ADAM, "nadam-scheduled", {"momentum_decay": 1.0}),
    ("Lion", {**K, "beta_1": 0.875, "beta_2": 0.99}, "lion", {"betas": None}),
    ("Lamb", KERAS_ADAM, "lamb-undecayed", {}),
    ("Lamb", {**KERAS_ADAM, "weight_decay": 0.125}, "lamb-undecayed[decay=before]", {}),
    ("Ftrl", {**K, "initial_accumulator_value": 0.25}, "ftrl", {}),
    (
        "Ftrl",
        {
            **K,
            "initial_accumulator_value": 0.25,
            "l1_regularization_strength": 0.125,
            "l2_regularization_strength": 0.25,
        },
        "ftrl-proximal",
        {"l1": 0.125, "l2": 0.5},
    ),
    ("Adafactor", K, "adafactor", {"decay_rate": 0.8, "least_scale": 1e-3, "clipping_threshold": 1.0}),
    (
        "Muon",
        {**K, "momentum": 0.875, "epsilon": 2**-16, "weight_decay": None, "adam_weight_decay": None},
        "muon-adam[eps=hat,scale=rms]",
        {"betas": (0.9, 0.999)},
    ),
    # a finding: on torch the momentum that it sets aside is overwritten, and beta_1 changes nothing; on JAX it is right
    ("ScheduleFreeAdamW", KERAS_ADAM, "", {}),
]
#: what is no rule: base classes and what wraps or holds other optimizers
NO_RULES = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
#: what a step of these demands beside gradients: a loss, or a function to evaluate
MORE_DEMANDED = {"polyak_sgd", "lbfgs", "contrib.sophia"}


def expected(given: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What must be found: the names are torch's; None where signs leave a factor some room."""
    names = {"learning_rate": "lr", "epsilon": "eps"}
    wanted = {names.get(name, name): value for name, value in given.items()}
    for first, second in (("b1", "b2"), ("beta_1", "beta_2"), ("adam_b1", "adam_b2")):
        if first in wanted and second in wanted:
            wanted["betas"] = (wanted.pop(first), wanted.pop(second))
    return {**wanted, **told}


def check(target: Any, given: dict[str, Any], rule: str, told: dict[str, Any]) -> None:
    found = backproof.identify(partial(target, **given), timeout=600)
    if not rule:
        assert found == []
        return
    own = {each.rule: each for each in found}
    assert rule in own, (list(own), found.nearest)
    wanted = expected(given, told)
    for name, value in own[rule].hyperparameters.items():
        if wanted[name] is not None:
            # what keeps scalars in single precision (NAdam's product, Keras' scale of Muon) hides the last digits
            rel = 1e-8 if own[rule].deviation < 1e-9 else 1e-4
            assert value == pytest.approx(list(wanted[name]) if name == "betas" else wanted[name], rel=rel), name


def shown(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("target", "given", "rule", "told"), TORCH, ids=shown)
def test_torch(target: Any, given: dict[str, Any], rule: str, told: dict[str, Any]) -> None:
    check(target, given, rule, told)


def test_all_of_torch_is_there() -> None:
    known = {row[0].__name__ for row in TORCH} | NO_RULES
    assert {name for name, each in vars(torch.optim).items() if inspect.isclass(each)} <= known


def of_optax(name: str) -> Any:
    optax = pytest.importorskip("optax", reason="optax is not installed")
    return getattr(optax.contrib, name.removeprefix("contrib.")) if "." in name else getattr(optax, name)


@pytest.mark.parametrize(("name", "given", "rule", "told"), OPTAX, ids=shown)
def test_optax(name: str, given: dict[str, Any], rule: str, told: dict[str, Any]) -> None:
    check(of_optax(name), given, rule, told)


@pytest.mark.parametrize("name", sorted(MORE_DEMANDED))
def test_what_demands_more_than_gradients_is_refused(name: str) -> None:
    with pytest.raises(backproof.NotCheckable, match=r"raised (TypeError|ValueError) on a plain step"):
        backproof.identify(partial(of_optax(name), 1.0))


def test_all_of_optax_is_there() -> None:
    optax = pytest.importorskip("optax", reason="optax is not installed")
    made = {name for name, each in vars(optax).items() if getattr(each, "__module__", "") == "optax._src.alias"}
    assert {name for name in made if inspect.isfunction(getattr(optax, name))} <= {
        row[0] for row in OPTAX
    } | MORE_DEMANDED


@pytest.mark.parametrize(("name", "given", "rule", "told"), KERAS, ids=shown)
def test_keras(name: str, given: dict[str, Any], rule: str, told: dict[str, Any]) -> None:
    keras = pytest.importorskip("keras", reason="keras is not installed")
    check(getattr(keras.optimizers, name), given, rule, told)


def test_all_of_keras_is_there() -> None:
    keras = pytest.importorskip("keras", reason="keras is not installed")
    made = {name for name, each in vars(keras.optimizers).items() if inspect.isclass(each)}
    assert made <= {row[0] for row in KERAS} | NO_RULES
