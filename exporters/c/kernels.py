# SPDX-License-Identifier: MIT
"""Reads the kernels under ``runtimes/c`` and joins those that a policy needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from puffer_edge.exporters.licence import without_licence

if TYPE_CHECKING:  # Python 3.10 has it elsewhere
    from importlib.abc import Traversable

_INCLUDE = re.compile(r'^#include "([a-z0-9_]+)\.h"\n', re.MULTILINE)
_SYSTEM_INCLUDE = re.compile(r"^#include <(?:stddef|stdint|string)\.h>\n", re.MULTILINE)
_TYPED = re.compile(r'((?:^#define \w+ \w+\n)+)#include "([a-z0-9_]+\.inc)"\n', re.MULTILINE)
"""How a kernel of certain types is made of one for any: names that stand for others."""

_FUNCTION = re.compile(r"^(PUFFER_EDGE_(?:KERNEL|NAKED) [^{;]*\))\n(\{\n.*?^\})$",
                       re.MULTILINE | re.DOTALL)
"""Head and body of a kernel."""

HELIUM = "helium"
"""Folder of kernels that take the place of those of their names where a core has Helium."""

VECTORS = frozenset({"mac32_f32", "mac_rest_f32", "dot_x86", "dot_neon", "sixteen", "gates16",
                     "lstm_sixteen"})
"""Files for processors with vectors: x86-64 and AArch64."""
_VECTORS = tuple(f"#if defined(PUFFER_EDGE_{name})" for name in ("MAC32", "DOT", "DOT16", "WORDS"))


@cache
def source(kernel: str, folder: str = "") -> str:
    """Text of one kernel file, by its name without the suffix, as plain functions."""

    def typed(found: re.Match[str]) -> str:
        return _typed(found[1], _read(found[2], folder))

    return _TYPED.sub(typed, _read(f"{kernel}.h", folder))


@cache
def _either(kernel: str) -> str:
    """The same for a core that may have Helium, where another file may take its place."""
    ours, theirs = (source(kernel, folder) if _place(f"{kernel}.h", folder).is_file() else ""
                    for folder in ("", HELIUM))
    if not theirs or kernel == HELIUM:  # which says whether there is Helium
        return ours or theirs
    needed = "PUFFER_EDGE_MVE_F32" if ".f32" in theirs else "PUFFER_EDGE_MVE"
    other = f"#else\n{ours}" if ours else ""
    return f"#if defined({needed})\n{theirs}{other}#endif\n"


def _read(name: str, folder: str) -> str:
    return without_licence(_place(name, folder).read_text(encoding="ascii"))


def _place(name: str, folder: str) -> Traversable:
    place = files("puffer_edge.runtimes") / "c"
    return place / folder / name if folder else place / name


def _typed(definitions: str, text: str) -> str:
    """What the preprocessor makes of the definitions and the file that they are for."""
    meanings = dict(re.findall(r"#define (\w+) (\w+)", definitions))
    _, text = text.split("\n\n", 1)  # the first line says what the file is for
    text = re.sub(r"#undef .*\n", "", text).rstrip() + "\n"
    return re.sub(r"\w+", lambda word: meanings.get(word[0], word[0]), text)


def joined(kernels: Iterable[str], without: Iterable[str] = (), simd: bool = True,
           with_helium: bool = False) -> str:
    """The files of the kernels and of all that they include, each once, dependencies first.

    Args:
        kernels: names of files.
        without: those that are already there, with all that they include.
        simd: for a processor that may have vectors, too; the bits are the same.
        with_helium: the same of a Cortex-M with Helium.

    Include guards stay, so that two policies in one program share what both need; the ``#include``
    lines themselves go.
    """
    order: list[str] = []

    text_of = _either if with_helium else source

    def visit(kernel: str) -> None:
        if kernel in order:
            return
        for needed in _INCLUDE.findall(text_of(kernel)):
            visit(needed)
        if simd or kernel not in VECTORS:
            order.append(kernel)

    for kernel in sorted(set(without)):
        visit(kernel)
    present = len(order)
    for kernel in sorted(set(kernels)):
        visit(kernel)
    texts = (_SYSTEM_INCLUDE.sub("", _INCLUDE.sub("", text_of(k))).strip() for k in order[present:])
    return "\n\n".join(text if simd else _scalar(text) for text in texts)


def shareable(text: str) -> str:
    """Kernels, each declared, and its body only where the kernels are compiled (see base.h)."""
    return _FUNCTION.sub(r"\1;\n#ifdef PUFFER_EDGE_KERNELS_HERE\n\1\n\2\n#endif", text)


def _scalar(text: str) -> str:
    """The text as it is for a processor without vectors: what is for others goes."""
    lines, depth, kept = [], 0, True  # how deep in the condition of the vectors
    for line in text.splitlines():
        if depth:
            depth += line.startswith("#if") - line.startswith("#endif")
            if depth == 0 or (depth == 1 and line == "#else"):
                kept = True
                continue
        elif line in _VECTORS:
            depth, kept = 1, False
        if kept:
            lines.append(line)
    return "\n".join(lines)
