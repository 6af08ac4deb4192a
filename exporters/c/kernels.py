"""Reads the kernels under ``runtimes/c`` and joins those that a policy needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from puffer_edge.exporters.licence import without_licence

_INCLUDE = re.compile(r'^#include "([a-z0-9_]+)\.h"\n', re.MULTILINE)
_SYSTEM_INCLUDE = re.compile(r"^#include <[a-z]+\.h>\n", re.MULTILINE)
_TYPED = re.compile(r'((?:^#define \w+ \w+\n)+)#include "([a-z0-9_]+\.inc)"\n', re.MULTILINE)
"""How a kernel of certain types is made of one for any: names that stand for others."""

VECTORS = frozenset({"mac32_f32", "mac_rest_f32"})
"""Files for processors with vectors of floats: x86-64 and AArch64."""
_VECTORS = "#if defined(PUFFER_EDGE_MAC32)"


@cache
def source(kernel: str) -> str:
    """Text of one kernel file, by its name without the suffix, as plain functions."""
    return _TYPED.sub(_typed, _read(f"{kernel}.h"))


def _read(name: str) -> str:
    return without_licence(
        (files("puffer_edge.runtimes") / "c" / name).read_text(encoding="ascii"))


def _typed(found: re.Match[str]) -> str:
    """What the preprocessor makes of the definitions and the file that they are for."""
    meanings = dict(re.findall(r"#define (\w+) (\w+)", found[1]))
    _, text = _read(found[2]).split("\n\n", 1)  # the first line says what the file is for
    text = re.sub(r"#undef .*\n", "", text).rstrip() + "\n"
    return re.sub(r"\w+", lambda word: meanings.get(word[0], word[0]), text)


def joined(kernels: Iterable[str], without: Iterable[str] = (), simd: bool = True) -> str:
    """The files of the kernels and of all that they include, each once, dependencies first.

    Args:
        kernels: names of files.
        without: those that are already there, with all that they include.
        simd: for a processor that may have vectors, too; the bits are the same.

    Include guards stay, so that two policies in one program share what both need; the ``#include``
    lines themselves go.
    """
    order: list[str] = []

    def visit(kernel: str) -> None:
        if kernel in order:
            return
        for needed in _INCLUDE.findall(source(kernel)):
            visit(needed)
        if simd or kernel not in VECTORS:
            order.append(kernel)

    for kernel in sorted(set(without)):
        visit(kernel)
    present = len(order)
    for kernel in sorted(set(kernels)):
        visit(kernel)
    texts = (_SYSTEM_INCLUDE.sub("", _INCLUDE.sub("", source(k))).strip() for k in order[present:])
    return "\n\n".join(text if simd else _scalar(text) for text in texts)


def _scalar(text: str) -> str:
    """The text as it is for a processor without vectors: what is for others goes."""
    lines, depth, kept = [], 0, True  # how deep in the condition of the vectors
    for line in text.splitlines():
        if depth:
            depth += line.startswith("#if") - line.startswith("#endif")
            if depth == 0 or (depth == 1 and line == "#else"):
                kept = True
                continue
        elif line == _VECTORS:
            depth, kept = 1, False
        if kept:
            lines.append(line)
    return "\n".join(lines)
