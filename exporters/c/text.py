# SPDX-License-Identifier: MIT
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
_READS = {"float": "F32", "int8_t": "S8", "uint8_t": "U8", "int16_t": "S16", "uint16_t": "U16",
          "int32_t": "S32", "uint32_t": "U32"}


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
    """A float32 as the shortest decimal constant that is rounded to it, such as ``0.1f``.

    Hexadecimal ones came to C++ in 2017, and firmwares are built as of 2011.

    Raises:
        UnsupportedError: it is NaN or infinite, for which C has no constant without libm's header.
    """
    single = np.float32(value)
    if not np.isfinite(single):
        raise UnsupportedError(f"the policy holds the constant {value}",
                               hint="bound it by a finite number before the policy is exported")
    mantissa, _, exponent = str(single).partition("e")
    return f"{mantissa}e{int(exponent)}f" if exponent else f"{mantissa}f"


def decimal(value: Any) -> str:
    """A float32 as the shortest decimal that is read as the same number, such as ``0.1``."""
    return str(np.float32(value))


def array(ctype: str, name: str, values: npt.NDArray[Any], flash: bool = True) -> str:
    """A ``static const`` array definition, wrapped.

    Small integers are aligned to words, which is how the kernels in assembler read them. On an AVR
    what lies in flash is read by names of its own (runtimes/c/base.h), so what is an operand like
    any other lies in RAM there.
    """
    aligned = "PUFFER_EDGE_ALIGNED " if ctype in ("int8_t", "int16_t", "uint16_t") else ""
    flat = values.reshape(-1)
    items = (number(v) for v in flat) if ctype == "float" else (str(int(v)) for v in flat)
    place = " PUFFER_EDGE_FLASH" if flash else ""
    return (f"static const {aligned}{ctype} {name}[{flat.size}]{place} = {{\n"
            f"{wrapped(items)}\n}};")


def read(ctype: str, address: str) -> str:
    """The expression for a constant of that type at an address in flash."""
    return f"PUFFER_EDGE_READ_{_READS[ctype]}({address})"


def wrapped(items: Iterable[str], indent: str = "    ") -> str:
    """Items with commas, filled into lines."""
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += item + ", "
    return "\n".join([*lines, line.rstrip(" ,")])
