"""Every docstring example of the reference runs, and every public function has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import backproof.reference

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(backproof.reference.__path__, "backproof.reference.")
    if not module.name.rpartition(".")[2].startswith("_") and not module.ispkg
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_have_an_example(name):
    module = importlib.import_module(name)
    missing = [
        key
        for key, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__ == name
        and not key.startswith("_")
        # A kernel is its step in place, and a layer's pass is its public function on buffers.
        and not key.endswith(("_kernel", "_look_ahead"))
        and not name.endswith(".layers")
        and not (thing.__doc__ and ">>>" in thing.__doc__)
    ]
    assert missing == []
