# SPDX-License-Identifier: MIT
"""Loop nests in C for ops that only move or combine elements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def row_major(shape: Sequence[int]) -> list[int]:
    """Steps between neighbours along each axis of a dense tensor, in elements."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return steps[::-1]


def broadcast_steps(shape: Sequence[int], target: Sequence[int]) -> list[int]:
    """Steps with which a tensor of ``shape`` is read as if it had the shape ``target``."""
    steps = row_major(shape)
    padded = [0] * (len(target) - len(shape)) + [
        0 if size == 1 else step for size, step in zip(shape, steps, strict=True)]
    return padded


def nest(sizes: Sequence[int], body: str, steps: Mapping[str, Sequence[int]],
         bases: Mapping[str, int] | None = None) -> str:
    """A loop nest around one statement.

    Axes of size 1 vanish and axes that all operands walk alike are merged, so that the common case
    is a single loop.

    Args:
        sizes: of the axes, outermost first.
        body: the statement; ``{a}`` stands for operand a's index expression.
        steps: per operand, the step along each axis.
        bases: per operand, the index at the start; 0 by default.
    """
    axes: list[tuple[int, dict[str, int]]] = []
    for axis, size in enumerate(sizes):
        if size == 1:
            continue
        walk = {name: steps[name][axis] for name in steps}
        if axes and all(axes[-1][1][name] == walk[name] * size for name in walk):
            axes[-1] = (axes[-1][0] * size, walk)
        else:
            axes.append((size, walk))
    indices = {
        name: _index([walk[name] for _, walk in axes], (bases or {}).get(name, 0))
        for name in steps}
    text = tidy(body.format(**indices))
    for depth in range(len(axes) - 1, -1, -1):
        variable = _variable(depth)
        inner = "\n".join("    " + line for line in text.splitlines())
        text = (f"for (int32_t {variable} = 0; {variable} < {axes[depth][0]}; ++{variable}) {{\n"
                f"{inner}\n}}")
    return text


def moved(pointer: str, by: int) -> str:
    """The address of the element that lies so far behind a pointer."""
    base, plus, offset = pointer.partition(" + ")
    if plus and offset.isdigit():
        pointer, by = base, int(offset) + by
    return f"{pointer} + {by}" if by else pointer


def tidy(statement: str) -> str:
    """Writes ``(m + 1)[i]`` as ``m[1 + i]``, ``(m + 2)[1]`` as ``m[3]``, ``(x)[i]`` as ``x[i]``."""
    statement = re.sub(r"\(([\w>-]+) \+ (\d+)\)\[(\d+)\]",
                       lambda found: f"{found[1]}[{int(found[2]) + int(found[3])}]", statement)
    statement = re.sub(r"\(([\w>-]+) \+ (\d+)\)\[", r"\1[\2 + ", statement)
    return re.sub(r"\(([\w>-]+)\)\[", r"\1[", statement)


def _variable(depth: int) -> str:
    """i, j, k, l, i4, i5...: never m or x, which the step calls its arena and observation."""
    return "ijkl"[depth] if depth < 4 else f"i{depth}"


def _index(steps: Sequence[int], base: int) -> str:
    terms = []
    for depth, step in enumerate(steps):
        variable = _variable(depth)
        if step == 1:
            terms.append(variable)
        elif step:
            terms.append(f"{step} * {variable}")
    if base or not terms:
        terms.append(str(base))
    return " + ".join(terms).replace("+ -", "- ")
