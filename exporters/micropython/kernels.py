# SPDX-License-Identifier: MIT
"""policy_kernels.py: the kernels that a policy needs, joined from files of one function each."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, field
from importlib.resources import files as resources

from puffer_edge.boards import Grade
from puffer_edge.exporters.licence import without_licence
from puffer_edge.exporters.micropython.boards import NATIVE, Profile

LARGEST = (1 << 13, 1 << 16)
"""Rows and columns that fit into the small integer which tells a kernel of them."""


@dataclass
class Kernels:
    """Chooses kernels, and remembers them.

    Args:
        board: decides whether there are kernels for bytecode, too: the smallest form needs them.
        grade: of the kernels.
    """

    board: Profile
    grade: Grade
    used: list[str] = field(default_factory=list)

    @property
    def native(self) -> bool:
        """Whether they are machine code."""
        return self.grade in NATIVE

    @property
    def any(self) -> bool:
        """Whether policy_kernels.py exists."""
        return self.native or self.board.small

    @property
    def raw(self) -> bool:
        """Whether weights are read as bytes, whatever they hold: a small board has room for one."""
        return self.board.small and self.native

    def mac(self, weights: str, x: str, rows: int, columns: int) -> str:
        """Expression of the kernel that multiplies a matrix; ``None`` where the runtime must."""
        fits = rows < LARGEST[0] and columns < LARGEST[1]
        if not self.any or not fits or weights + x not in ("bb", "bh", "hh"):
            return "None"
        dsp = self.grade == "thumb" and self.board.dsp and weights + x == "hh" and columns % 2 == 0
        return self._use("mac", weights + x + ("_dsp" if dsp else ""))

    def requantize(self, y: str) -> str:
        """Expression of the kernel that makes an output of sums."""
        return self._use("requantize", y)

    def module(self) -> str:
        """The text of policy_kernels.py."""
        # A small board compiles what it imports, and has no memory for assembly: words of code.
        folder = "small" if self.raw else self.grade
        text = "\n\n".join(read(f"{folder}/{name}.py") for name in self.used)
        if self.native and not self.raw:
            text = f"NATIVE = True  # weights may stay where they lie\n\n\n{text}"
        if self.native:
            # MicroPython's compiler takes the decorator by its name; this is for everybody else.
            text = "import micropython\n\n\n" + text
        return without_comments(text) if self.board.small else text

    def _use(self, kind: str, types: str) -> str:
        name = f"{kind}_{types}" if self.native else kind
        if name not in self.used:
            self.used.append(name)
        return f"kernels.{name}"


def portable(text: str) -> str:
    """A module of kernels in plain Python, which takes any type: the same results anywhere.

    Unlike machine code it takes weights as numbers, never as the bytes that they are stored in.
    """
    names = sorted(set(re.findall(r"^def (\w+)", text, re.MULTILINE)))
    kinds = sorted({name.partition("_")[0] for name in names})
    other_names = "".join(f"{name} = {name.partition('_')[0]}\n" for name in names)
    return "\n\n".join(["NATIVE = False\n", *(read(f"bytecode/{kind}.py") for kind in kinds),
                        other_names])


def portable_policy(text: str) -> str:
    """policy.py for portable kernels, which take weights as numbers and not as bytes."""
    def call(found: re.Match[str]) -> str:
        count, rest, kind = found.groups()
        return f"'{kind}', {int(count) // (2 if kind == 'h' else 1)}, {rest}kernels.mac_{kind}"

    return re.sub(r"'B', (\d+), ([\d, ]+)kernels\.mac_(.)", call, text)


def read(name: str) -> str:
    """A file of the runtime."""
    return without_licence(
        (resources("puffer_edge.runtimes") / "micropython" / name).read_text("utf-8"))


def without_comments(text: str) -> str:
    """The same module with fewer bytes: no comments, no empty lines, one space per level."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    levels = [len(line) - len(line.lstrip()) for line in lines]
    return "".join(" " * (level // 4) + line.strip() + "\n"
                   for line, level in zip(lines, levels, strict=True) if line.strip())
