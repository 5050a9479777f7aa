"""An id is declared once; a module that is run as a program declares its own entries again, which is no conflict."""

from __future__ import annotations

import pytest

from backproof.derivations.kernel import remark
from backproof.derivations.kernel.theorem import REGISTRY


@pytest.fixture
def _own_id():
    yield
    REGISTRY.pop("a-remark-of-this-test", None)


@pytest.mark.usefixtures("_own_id")
def test_the_same_remark_may_be_declared_again_and_another_of_its_id_may_not():
    first = remark("a-remark-of-this-test", "A table", why="a measurement", topic="losses")
    assert remark("a-remark-of-this-test", "A table", why="a measurement", topic="losses") == first
    with pytest.raises(ValueError, match="the id 'a-remark-of-this-test' is declared twice"):
        remark("a-remark-of-this-test", "Another table", why="a measurement", topic="losses")
