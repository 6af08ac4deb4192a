"""Reads the kernels under ``runtimes/c`` and joins those that a policy needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r'^#include "([a-z0-9_]+)\.h"\n', re.MULTILINE)
_SYSTEM_INCLUDE = re.compile(r"^#include <[a-z]+\.h>\n", re.MULTILINE)


@cache
def source(kernel: str) -> str:
    """Text of one kernel file, by its name without the suffix."""
    return (files("puffer_edge.runtimes") / "c" / f"{kernel}.h").read_text(encoding="ascii")


def joined(kernels: Iterable[str], without: Iterable[str] = ()) -> str:
    """The files of the kernels and of all that they include, each once, dependencies first.

    Args:
        kernels: names of files.
        without: those that are already there, with all that they include.

    Include guards stay, so that two policies in one program share what both need; the ``#include``
    lines themselves go.
    """
    order: list[str] = []

    def visit(kernel: str) -> None:
        if kernel in order:
            return
        for needed in _INCLUDE.findall(source(kernel)):
            visit(needed)
        order.append(kernel)

    for kernel in sorted(set(without)):
        visit(kernel)
    present = len(order)
    for kernel in sorted(set(kernels)):
        visit(kernel)
    texts = (_SYSTEM_INCLUDE.sub("", _INCLUDE.sub("", source(k))).strip() for k in order[present:])
    return "\n\n".join(texts)
