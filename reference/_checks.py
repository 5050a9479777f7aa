"""What both trainers ask of their arguments: one `ValueError` each, `name must be ..., got name=value`.

Values may be floats, sequences, NumPy arrays or torch tensors (recognised by `detach`, so that nothing here imports
torch).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def _array(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _numbers(value: Any, name: str) -> Any:
    """Return the numbers as an array; raise where one is a text, None or anything else."""
    values = _array(value)
    if values.dtype.kind not in "buif":
        entries = value if isinstance(value, (list, tuple)) else [value]
        wrong = next(one for one in entries if _array(one).dtype.kind not in "buif")
        raise ValueError(f"{name} must be an int or a float, got {name}={wrong!r}")
    return values


def _offender(value: Any, good: Any) -> Any:
    """Return the first entry that fails, as a plain number, for the message."""
    return _array(value)[~good].flat[0].item()


def positive(value: Any, name: str) -> None:
    """Raise unless every entry is finite and above zero."""
    values = _numbers(value, name)
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        raise ValueError(f"{name} must be positive, got {name}={_offender(values, good)}")


def nonnegative(value: Any, name: str) -> None:
    """Raise unless every entry is finite and at least zero."""
    values = _numbers(value, name)
    good = np.isfinite(values) & (values >= 0)
    if not good.all():
        raise ValueError(f"{name} must be non-negative, got {name}={_offender(values, good)}")


def fraction(value: Any, name: str) -> None:
    """Raise unless every entry lies in [0, 1): a dropping probability, a momentum, a decay of an average."""
    values = _numbers(value, name)
    good = (values >= 0) & (values < 1)
    if not good.all():
        raise ValueError(f"{name} must be in [0, 1), got {name}={_offender(values, good)}")


def pair(value: Any, name: str) -> None:
    """Raise unless `value` is a sequence of two: Adam's decays."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise ValueError(f"{name} must be two numbers, got {name}={value!r}")


def at_least(value: int, least: int, name: str) -> None:
    """Raise unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {name}={value}")


def choice(value: str, known: Iterable[str], name: str) -> None:
    """Raise unless `value` is one of `known`; the message names the nearest ones."""
    names = list(known)
    if value not in names:
        names.sort()
        near = difflib.get_close_matches(str(value), names, n=3, cutoff=0.4) or names
        raise ValueError(f"{name} must be one of {', '.join(names)}, got {name}={value!r}; nearest: {', '.join(near)}")


def finite(values: Any, name: str) -> None:
    """Raise unless every entry is finite; the message gives the row and the column of the first that is not."""
    # A tensor is looked at where it is, and copied only for the message. What is not finite stays so in a sum.
    if hasattr(values, "detach") and (math.isfinite(values.sum().item()) or bool(values.isfinite().all())):
        return
    array = _array(values)
    # One product is a cheap sufficient test: only a sum that overflows or meets a NaN needs the entries looked at.
    flat = array.ravel()
    if flat.dtype.kind in "iub" or (flat.dtype.kind == "f" and np.isfinite(_square_sum(flat))):
        return
    bad = np.argwhere(~np.isfinite(array))
    if not len(bad):
        return
    place = tuple(int(i) for i in bad[0])
    where = ", ".join(f"{word} {i}" for word, i in zip(_axis_words(array.ndim), place, strict=True))
    raise ValueError(f"{name} must be finite, got {name}={array[place]}" + (f" at {where}" if where else ""))


def _square_sum(flat: np.ndarray[Any, Any]) -> Any:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.dot(flat, flat)


def _axis_words(ndim: int) -> tuple[str, ...]:
    if ndim <= 2:
        return ("row", "column")[:ndim]
    return ("row", "column", *(f"axis {axis}:" for axis in range(2, ndim)))


def labels(values: Any, classes: int, name: str = "labels") -> None:
    """Raise unless every entry is an integer class in [0, classes)."""
    array = _array(values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers in [0, {classes}), got {name}.dtype={array.dtype}")
    bad = np.argwhere((array < 0) | (array >= classes))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} must be in [0, {classes}), got {name}={array[place]} at row {place[-1]}")


def not_empty(values: Any, name: str) -> None:
    """Raise when there is no example (or no entry) at all."""
    shape = tuple(values.shape) if hasattr(values, "shape") else (len(values),)
    if 0 in shape:
        raise ValueError(f"{name} must hold at least one example, got {name}.shape={shape}")


def same_shape(first: Any, second: Any, first_name: str, second_name: str) -> None:
    """Raise unless both arrays have one shape."""
    if tuple(first.shape) != tuple(second.shape):
        raise ValueError(
            f"{second_name} must have the shape {tuple(first.shape)} of {first_name}, "
            f"got {second_name}.shape={tuple(second.shape)}"
        )


def same_dtype(first: Any, second: Any, first_name: str, second_name: str) -> None:
    """Raise unless both arrays have one dtype: a trainer mixes no precisions silently."""
    if first.dtype != second.dtype:
        raise ValueError(
            f"{second_name} must have the dtype {first.dtype} of {first_name}, got {second_name}.dtype={second.dtype}"
        )


def floating(values: Any, name: str) -> None:
    """Raise unless the entries are real floating numbers: integers cannot take a step, and no rule here is complex."""
    real = values.dtype.is_floating_point if hasattr(values, "detach") else values.dtype.kind == "f"
    if not real:
        raise ValueError(f"{name} must be of real floating numbers, got {name}.dtype={values.dtype}")


def generators(rng: Any, members: tuple[int, ...]) -> None:
    """Raise unless `rng` is a NumPy generator, or of a fleet a sequence of one for each member."""
    several = isinstance(rng, Sequence)
    if not all(isinstance(one, np.random.Generator) for one in (rng if several else [rng])):
        raise ValueError(f"rng must be a numpy.random.Generator, or one for each member, got rng={rng}")
    if ((len(rng),) if several else ()) != members:
        count = members[0] if members else 1
        raise ValueError(
            f"rng must be one generator for each of the {count} members, got rng={len(rng) if several else 1} of them"
        )


def per_member(value: Any, members: tuple[int, ...], name: str) -> None:
    """Raise unless `value` is for everybody, or an array of one for each member: nothing is broadcast silently."""
    shape = tuple(getattr(value, "shape", ()))
    if shape not in ((), members):
        raise ValueError(
            f"{name} must be one number, or one for each of the members {members}, got {name}.shape={shape}"
        )


def batch_fits(batch_size: int, examples: int) -> None:
    """Raise unless 1 <= batch_size <= examples."""
    at_least(batch_size, 1, "batch_size")
    if batch_size > examples:
        raise ValueError(f"batch_size must be at most the {examples} examples, got batch_size={batch_size}")
