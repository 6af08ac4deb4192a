# SPDX-License-Identifier: MIT
"""Random modules that write in place through views of views, for TorchScript."""

from __future__ import annotations

import linecache
import random
from math import prod
from pathlib import Path
from typing import Any

from torch import nn

_KINDS = ("slice", "select", "reshape", "unsqueeze", "squeeze", "transpose", "permute", "same",
          "clone", "scale", "add", "fill", "set", "copy", "new", "chunk", "narrow")


def lines_of(seed: int) -> list[str]:
    """Statements over ``x`` and ``self.state``, both [1, 6]; ``y`` is all that they made."""
    draw = random.Random(seed)
    lines, shapes = ["a = x * 1.5", "b = self.state"], {"a": (1, 6), "b": (1, 6)}
    for count in range(draw.randint(4, 10)):
        source, new = draw.choice(list(shapes)), f"v{count}"
        line, shape = _statement(draw, draw.choice(_KINDS), source, shapes)
        if line.startswith("= "):
            shapes[new] = shape
            line = f"{new} {line}"
        lines += [line] if line else []
    everything = ", ".join(f"{name}.reshape(1, -1)" for name in shapes)
    return [*lines, f"y = torch.cat([{everything}], 1)"]


def _statement(draw: random.Random, kind: str, s: str, shapes: dict[str, tuple[int, ...]]
               ) -> tuple[str, tuple[int, ...]]:
    """A statement, and the shape of what it makes if it begins with ``= ``."""
    shape = shapes[s]
    rank, last, number = len(shape), shape[-1], draw.randint(1, 5) / 4
    equal = [name for name, other in shapes.items() if other == shape and name != s]
    if kind in ("slice", "narrow", "chunk") and last < 2:
        return "", ()
    if kind == "slice":
        first = draw.randrange(last - 1)
        end = draw.randint(first + 1, last)
        return f"= {s}[..., {first}:{end}]", (*shape[:-1], end - first)
    if kind == "narrow":
        return f"= {s}.narrow({rank - 1}, 1, {last - 1})", (*shape[:-1], last - 1)
    if kind == "chunk" and last % 2 == 0:
        return f"= torch.chunk({s}, 2, -1)[{draw.randrange(2)}]", (*shape[:-1], last // 2)
    if kind == "select" and rank > 1:
        axis = draw.randrange(rank)
        rest = tuple(n for a, n in enumerate(shape) if a != axis)
        return f"= {s}.select({axis}, {draw.randrange(shape[axis])})", rest
    if kind == "reshape":
        wanted = draw.choice([(prod(shape),), (1, prod(shape))])
        return f"= {s}.reshape({list(wanted)})", wanted
    if kind == "unsqueeze":
        return f"= {s}.unsqueeze(0)", (1, *shape)
    if kind == "squeeze" and rank > 1 and shape[0] == 1:
        return f"= {s}.squeeze(0)", shape[1:]
    if kind == "transpose" and rank > 1:
        return f"= {s}.transpose(-1, -2)", (*shape[:-2], shape[-1], shape[-2])
    if kind == "permute":
        order = draw.sample(range(rank), rank)
        return f"= {s}.permute({order})", tuple(shape[a] for a in order)
    if kind == "same":
        return f"= {s}.{draw.choice(['detach()', 'to(torch.float32)', 'contiguous()'])}", shape
    if kind == "clone":
        return f"= {s}.clone()", shape
    if kind == "new":
        return f"= {s} * 0.5 + 1.0", shape
    if kind == "copy" and equal:
        return draw.choice([f"{s}.copy_({equal[0]})", f"{s} += {equal[-1]}"]), ()
    return {"scale": f"{s} *= 0.75", "add": f"{s}.add_({number})", "fill": f"{s}.fill_({number})",
            "set": f"{s}[..., -1:] = {s}[..., :1] + {number}"}.get(kind, ""), ()


def in_place_module(seed: int, directory: Path) -> nn.Module:
    """The module of a seed."""
    body = "".join(f"        {line}\n" for line in lines_of(seed))
    text = ("import torch\nfrom torch import nn\n\n\nclass Policy(nn.Module):\n"
            "    def __init__(self) -> None:\n        super().__init__()\n"
            "        self.register_buffer('state', torch.arange(6.0)[None] / 4)\n\n"
            f"    def forward(self, x: torch.Tensor) -> torch.Tensor:\n{body}        return y\n")
    file = str(directory / f"in_place_{seed}.py")
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space: dict[str, Any] = {"__name__": f"in_place_{seed}"}
    exec(compile(text, file, "exec"), space)
    policy: nn.Module = space["Policy"]()
    return policy
