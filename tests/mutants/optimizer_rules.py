"""A step that takes every hyperparameter and heeds only the rate: plain descent under any name."""

from __future__ import annotations

from typing import Any


def forgetful(params: Any, grads: Any, state: Any, lr: float, **others: Any) -> Any:
    return [p - lr * g for p, g in zip(params, grads, strict=True)], None
