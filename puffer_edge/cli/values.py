# SPDX-License-Identifier: MIT
"""How the words of the command line become values."""

from __future__ import annotations

import re
from typing import Any

from puffer_edge.errors import UsageError


def layers(texts: list[str]) -> dict[str, str]:
    """Schemes of single layers, of NAME=SCHEME."""
    found = {}
    for text in texts:
        layer, equals, scheme = text.rpartition("=")
        if not equals:
            raise UsageError(f"--layer {text!r} is not NAME=SCHEME",
                             hint="for example --layer decoder=int16")
        found[layer] = scheme
    return found


def sensor_counts(texts: list[str]) -> dict[str, tuple[float, float]]:
    """What integers count, of SCALE:OFFSET and FIELD=SCALE:OFFSET."""
    counts = {}
    for text in texts:
        field, _, pair = text.rpartition("=")
        try:
            scale, offset = (float(part) for part in pair.split(":"))
        except ValueError:
            raise UsageError(f"--counts {text!r} is not SCALE:OFFSET or FIELD=SCALE:OFFSET",
                             hint="for example --counts 0.0008:-1.65") from None
        counts[field] = (scale, offset)
    return counts


def numbers(text: str, kind: type) -> tuple[Any, ...]:
    """A list of numbers, separated by commas."""
    try:
        return tuple(kind(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UsageError(f"{text!r} is not a list of numbers",
                         hint="separate them by commas, without spaces") from None


def steps_and_states(text: str) -> int | tuple[int, int]:
    """The size of a black box, of STEPS or STEPS:EVERY; 0 of nothing."""
    try:
        steps, colon, every = text.partition(":")
        return (int(steps), int(every)) if colon else int(steps or 0)
    except ValueError:
        raise UsageError(f"--black-box {text!r} is not STEPS or STEPS:EVERY",
                         hint="for example --black-box 256") from None


def sequence(text: str) -> int:
    """The number of a blob of weights, of blob or blob:7; 0 of code."""
    kind, colon, number = text.partition(":")
    if (kind, colon) == ("code", ""):
        return 0
    if kind == "blob" and (not colon or re.fullmatch("[1-9][0-9]{0,9}", number)):
        return int(number or 1)
    raise UsageError(f"--weights {text!r} is neither code nor blob:NUMBER",
                     hint="for example --weights blob:2, above the number that runs")


def hertz(text: str) -> float:
    """A rate, of 100, 100Hz or 1kHz; 0 of nothing."""
    number, unit = text.strip().lower().removesuffix("hz"), 1.0
    if number.endswith("k"):
        number, unit = number[:-1], 1e3
    try:
        found = float(number or 0) * unit
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1e6:
        raise UsageError(f"{text!r} is no rate", hint="give one as 100Hz")
    return found


def size(text: str) -> int:
    """Bytes, of 2000, 16k or 1M (powers of 1,024); 0 of nothing."""
    number, unit = text.strip().lower().removesuffix("b"), 1
    if number[-1:] in ("k", "m"):
        number, unit = number[:-1], 1024 if number[-1] == "k" else 1 << 20
    try:
        found = float(number or 0) * unit
    except ValueError:
        found = -1.0
    if not 0 <= found < 1 << 40:
        raise UsageError(f"{text!r} is no size", hint="give bytes, as 2000 or 16k")
    return int(found)


def names(text: str) -> tuple[str, ...]:
    """A list of names, separated by commas."""
    return tuple(filter(None, text.split(",")))
