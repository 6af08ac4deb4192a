"""Numbers and remarks as C source; names come from :mod:`puffer_edge.naming`.

Nothing that a file says gets into source but through these two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UnsupportedError, UsageError

_WIDTH = 100


def remark(words: str) -> str:
    """``words`` themselves, once it is shown that they cannot end the comment that they go into.

    Raises:
        UsageError: they can, or hold anything but printable ASCII.
    """
    if not (words.isascii() and words.isprintable()) or re.search(r"\*/|/\*|\\", words):
        raise UsageError(f"{words[:40]!a} cannot stand in a comment of C",
                         hint="use printable ASCII, without */ and backslashes")
    return words


def number(value: Any) -> str:
    """A float32 as an exact C hexadecimal constant, such as ``0x1.8p+1f``.

    Raises:
        UnsupportedError: it is NaN or infinite, for which C has no constant without libm's header.
    """
    if not np.isfinite(np.float32(value)):
        raise UnsupportedError(f"the policy holds the constant {value}",
                               hint="bound it by a finite number before the policy is exported")
    mantissa, exponent = float(np.float32(value)).hex().split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}f"


def decimal(value: Any) -> str:
    """A float32 as the shortest decimal that is read as the same number, such as ``0.1``."""
    return str(np.float32(value))


def array(ctype: str, name: str, values: npt.NDArray[Any]) -> str:
    """A ``static const`` array definition, wrapped.

    Small integers are aligned to words, which is how the kernels in assembler read them.
    """
    aligned = "PUFFER_EDGE_ALIGNED " if ctype in ("int8_t", "int16_t", "uint16_t") else ""
    flat = values.reshape(-1)
    items = (number(v) for v in flat) if ctype == "float" else (str(int(v)) for v in flat)
    return f"static const {aligned}{ctype} {name}[{flat.size}] = {{\n{wrapped(items)}\n}};"


def wrapped(items: Iterable[str], indent: str = "    ") -> str:
    """Items with commas, filled into lines."""
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += item + ", "
    return "\n".join([*lines, line.rstrip(" ,")])
