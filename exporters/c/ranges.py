# SPDX-License-Identifier: MIT
"""Ranges and scales of observations and actions, as numbers in comments and macros."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.text import decimal, remark, wrapped
from puffer_edge.ir import Contract, Discrete, Field, Head
from puffer_edge.quantization.integer_input import IntegerInput

LISTED = 16
"""Elements of a field that have a line of their own; of a larger one the extremes are told."""
LARGEST = float(np.finfo(np.float32).max)


def observation(contract: Contract) -> list[str]:
    """A line per element or field: its range and what the normaliser inside does to it."""
    found, lines, start = contract.normaliser, [], 0
    for field in contract.observation:
        low, high = (np.broadcast_to(np.array(side or (end,), np.float64), (field.size,))
                     for side, end in ((field.low, -LARGEST), (field.high, LARGEST)))
        columns = [low, high]
        if found is not None and len(found.mean) == contract.observation_size:
            columns += [np.array(side[start : start + field.size])
                        for side in (found.mean, found.deviation)]
        found_lines = _lines(field.name, columns, _observed)
        lines += [f"{line}, {remark(field.unit)}" for line in found_lines] if field.unit else (
            found_lines)
        start += field.size
    return lines


def action(contract: Contract) -> list[str]:
    """A line per choice or number of the action: its range and how it is made."""
    return [line for name, head in contract.heads.items() for line in _head(name, head)]


def integers(fields: Iterable[Field], given: IntegerInput) -> list[str]:
    """A line per element or field: what an integer counts, and where it saturates."""
    ends, lines, start = _saturation(given), [], 0
    for field in fields:
        part = slice(start, start + field.size)
        columns = [given.scale[part], given.offset[part]]
        if ends is not None:
            columns += [ends[0][part], ends[1][part]]
        lines += _lines(field.name, columns, _counted)
        start += field.size
    return lines


def scales(fields: Sequence[Field], given: IntegerInput,
           add: Callable[[str, object, str], None]) -> None:
    """Macros of the scales and offsets of integer observations, one number or an initialiser."""
    start = 0
    for field in fields:
        stem = "OBS_Q" if len(fields) == 1 else f"OBS_{field.name.upper()}_Q"
        for what, side in (("SCALE", given.scale), ("OFFSET", given.offset)):
            values = side[start : start + field.size]
            if (values == values[0]).all():
                add(f"{stem}_{what}", f"({decimal(values[0])}f)", "")
            elif field.size <= LISTED:
                items = wrapped(f"{decimal(value)}f" for value in values).replace("\n", " \\\n")
                add(f"{stem}_{what}S", f"{{ \\\n{items}}}", "")
        start += field.size


def _lines(name: str, columns: Sequence[Array], words: Callable[..., str]) -> list[str]:
    """One line where all elements are alike, one each where they are few, else their extremes."""
    size = len(columns[0])
    if all((column == column[0]).all() for column in columns):
        which = f"{name}[0]" if size == 1 else f"{name}[0..{size - 1}]"
        return [f"{which}: {words(*(column[0] for column in columns))}"]
    if size <= LISTED:
        return [f"{name}[{i}]: {words(*(column[i] for column in columns))}" for i in range(size)]
    return [f"{name}[0..{size - 1}], element by element in policy.json; the smallest: "
            f"{words(*(column.min() for column in columns))};",
            f"    the largest: {words(*(column.max() for column in columns))}"]


def _observed(low: float, high: float, mean: float | None = None,
              deviation: float | None = None) -> str:
    words = between(low, high)
    if mean is not None and deviation is not None:
        words += f"; mean {decimal(mean)}, deviation {decimal(deviation)}"
    return words


def _counted(scale: float, offset: float, low: float | None = None, high: float | None = None
             ) -> str:
    words = f"{decimal(scale)} * integer {'-' if offset < 0 else '+'} {decimal(abs(offset))}"
    if low is None or high is None:
        return words
    return f"{words}; saturates beyond {decimal(low)} and {decimal(high)}"


def _head(name: str, head: Head) -> list[str]:
    if isinstance(head, Discrete):
        how = "the index of the largest logit, the lowest of equal ones"
        columns = [np.zeros(len(head.sizes)), np.array(head.sizes) - 1]
        return [f"{line}: {how}" for line in _lines(
            name, columns, lambda low, high: f"{int(low)} to {int(high)}")]
    how = ", ".join([*(["squashed by tanh"] if head.squash else []),
                     *(["scaled to its bounds"] if head.rescale else []),
                     "clipped to its bounds" if head.low else "not clipped"])
    default = 1.0 if head.squash else LARGEST
    columns = [np.broadcast_to(np.array(side or (end,), np.float64), (head.size,))
               for side, end in ((head.low, -default), (head.high, default))]
    lines = _lines(name, columns, between)
    return [f"{lines[0]}; the mean, {how}"] if len(lines) == 1 else [*lines, f"the mean, {how}"]


def between(low: float, high: float) -> str:
    """A range in words; float32's largest number is no bound."""
    if low <= -LARGEST and high >= LARGEST:
        return "any finite number"
    if low <= -LARGEST:
        return f"at most {decimal(high)}"
    return f"at least {decimal(low)}" if high >= LARGEST else f"{decimal(low)} to {decimal(high)}"


def _saturation(given: IntegerInput) -> tuple[Array, Array] | None:
    """Smallest and largest observation that the integers inside can tell apart, per element."""
    rows = given.program.constants[given.rescale.factors].astype(np.float64)
    size = len(given.scale)
    if len(rows) not in (1, size) or (rows[:, 0] == 0).any():
        return None
    multiplier, bias, shift, low, high = np.broadcast_to(rows, (size, 5)).T
    ends = [(np.exp2(shift) * end - bias) / multiplier * given.scale + given.offset
            for end in (low, high)]
    return np.minimum(*ends), np.maximum(*ends)
