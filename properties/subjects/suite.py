"""One collected pytest item per law, from one line in a test-suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backproof.derivations.update_rules import nearest

from .engine import check, laws_of
from .report import Report


def conformance(
    target: Any,
    rule: str,
    *,
    kind: str | None = None,
    device: str = "cpu",
    seed: int | None = None,
    timeout: float = 60,
    expected_failures: Mapping[str, str] | None = None,
    **hyperparameters: Any,
) -> Callable[[str], None]:
    """Return a test function, parametrized over the laws of `rule`, for a name that starts with `test`.

        test_my_adam = conformance(MyAdam, "adam", expected_failures={"float32": "accumulates in half precision"})

    An expected failure that passes fails the suite, and so does a law id that the rule does not have.

    Raises:
        ValueError: an unknown rule, convention or law id.
    """
    import pytest

    ids = [law.id for law in laws_of(rule, kind)]
    expected = dict(expected_failures or {})
    for name in expected:
        if name not in ids:
            raise ValueError(f"expected_failures must name laws of {rule}, got {name!r}; {nearest(name, ids)}")
    reports: list[Report] = []

    def report() -> Report:
        # the laws are run together, once, by whichever item comes first
        if not reports:
            reports.append(check(target, rule, kind=kind, device=device, seed=seed, timeout=timeout, **hyperparameters))
        return reports[0]

    def parameter(name: str) -> Any:
        marks = (
            [pytest.mark.xfail(reason=expected[name], strict=True, raises=AssertionError)] if name in expected else []
        )
        return pytest.param(name, id=name, marks=marks)

    @pytest.mark.parametrize("law", [parameter(name) for name in ids])
    def test(law: str) -> None:
        found = report()
        if found.laws_run != len(ids):  # not an AssertionError: no expected failure may hide it
            raise RuntimeError(f"{len(ids)} laws must run, {found.laws_run} did")
        outcome = next(each for each in found.laws if each.id == law)
        assert outcome.verdict == "holds", f"{found.target} as {rule}\n{outcome}"

    test.__doc__ = f"The laws of {rule}."
    return test
