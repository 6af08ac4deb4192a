# SPDX-License-Identifier: MIT
"""Random modules as people write them, for TorchScript: their source is made up and then scripted
or traced.

A module is a chain of blocks over a vector of one row; each block declares parts and adds lines to
``forward``. Which constructs a module has is known, so that each can be counted.
"""

from __future__ import annotations

import linecache
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

CONSTRUCTS = ("linear", "conv", "norm", "activation", "functional", "slice", "cat", "residual",
              "child", "lstm", "gru", "history", "in_place", "branch", "arithmetic", "mask",
              "order", "place", "scripted", "traced")
_ACTIVATIONS = ("nn.ELU({a})", "nn.CELU({a})", "nn.LeakyReLU({s})", "nn.Softplus({b})", "nn.SiLU()",
                "nn.GELU('tanh')", "nn.GELU()", "nn.Hardtanh({low}, {high})", "nn.Tanh()",
                "nn.ReLU(inplace=True)", "nn.Sigmoid()", "nn.Mish()", "nn.SELU()", "nn.ReLU6()",
                "nn.Softsign()", "nn.PReLU(1, {s})", "nn.Hardswish()", "nn.LogSigmoid()",
                "nn.Hardsigmoid()", "nn.Softmax(dim=-1)", "nn.Tanhshrink()",
                "nn.Threshold({s}, 0.1)", "nn.Softshrink({s})", "nn.Hardshrink({s})",
                "nn.Softmin(dim=-1)")
_FUNCTIONALS = ("F.elu({x}, {a})", "F.celu({x}, {a})", "F.leaky_relu({x}, {s})",
                "F.softplus({x}, {b})", "F.gelu({x}, approximate='tanh')", "torch.tanh({x})",
                "F.hardtanh({x}, {low}, {high})", "torch.clamp({x}, {low}, {high})",
                "{x}.sigmoid()", "F.relu({x})", "torch.relu({x})", "F.silu({x})", "{x} * {s} + {a}",
                "torch.exp(-({x} * {x}))", "F.dropout({x}, 0.3, self.training)",
                "{x} / ({x}.abs() + {a})", "F.normalize({x}, dim=-1)", "{x}.detach().contiguous()",
                "torch.softmax({x}, -1)", "{x}.to(torch.float32).float()",
                "torch.where({x} > {s}, {x}, {x} * {s})", "torch.minimum({x}, {x} * {a})")


@dataclass
class Source:
    """A module in the making.

    Attributes:
        random: of all choices.
        trace: it will be traced, not scripted.
        width: elements of the vector now.
        x: name of it.
        parts: lines of ``__init__``.
        lines: of ``forward``.
        constructs: what it has.
    """

    random: random.Random
    trace: bool
    width: int
    x: str = "x"
    parts: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    constructs: set[str] = field(default_factory=set)
    count: int = 0

    def name(self, stem: str) -> str:
        """A name that is not taken."""
        self.count += 1
        return f"{stem}{self.count}"

    def part(self, made: str) -> str:
        """A part of the module: ``self.name``."""
        name = self.name("part")
        self.parts.append(f"self.{name} = {made}")
        return f"self.{name}"

    def buffer(self, made: str) -> str:
        """A buffer of the module."""
        name = self.name("buffer")
        self.parts.append(f"self.register_buffer('{name}', {made})")
        return f"self.{name}"

    def let(self, value: str, width: int | None = None) -> None:
        """A new vector."""
        new = self.name("y")
        self.lines.append(f"{new} = {value}")
        self.x, self.width = new, self.width if width is None else width

    def numbers(self) -> dict[str, Any]:
        """Parameters of activations."""
        draw = self.random.uniform
        return {"a": round(draw(0.2, 2), 3), "s": round(draw(0.01, 0.5), 3), "x": self.x,
                "b": round(draw(0.5, 4), 2), "low": round(draw(-2, -0.2), 2),
                "high": round(draw(0.2, 2), 2)}

    def pick(self, *choices: Any) -> Any:
        """One of them."""
        return self.random.choice(choices)


def _linear(s: Source) -> None:
    width = s.random.randint(4, 14)
    s.let(f"{s.part(f'nn.Linear({s.width}, {width}, bias={s.pick(True, True, False)})')}({s.x})",
          width)


def _conv(s: Source) -> None:
    mode, flat = s.pick("zeros", "circular", "reflect", "replicate"), s.pick(True, False)
    size, channels, kernel = s.width, s.random.randint(2, 4), 3
    stride, dilation = s.pick(1, 1, 2), 1
    if flat or size % 3 or size < 9:
        conv = s.part(f"nn.Conv1d(1, {channels}, {kernel}, stride={stride}, padding=1, "
                      f"padding_mode='{mode}')")
        after = (size + 2 - dilation * (kernel - 1) - 1) // stride + 1
        s.let(f"{conv}({s.x}.unsqueeze(1)).flatten(1)", channels * after)
    else:
        high = size // 3
        conv = s.part(f"nn.Conv2d(1, {channels}, (2, 3), padding=(1, 1), padding_mode='{mode}', "
                      f"bias={s.pick(True, False)})")
        s.let(f"{conv}({s.x}.view(1, 1, 3, {high})).reshape(1, -1)", channels * 4 * high)


def _norm(s: Source) -> None:
    n, eps = s.width, s.pick(1e-5, 1e-3, 0.05)
    kind = s.pick("layer", "batch", "group", "mean", "rms", "functional")
    if kind == "batch":
        s.let(f"{s.part(f'ready(nn.BatchNorm1d({n}, eps={eps}))')}({s.x})")
    elif kind == "group":
        groups = next(g for g in (4, 3, 2, 1) if n % g == 0 and n > g)
        s.let(f"{s.part(f'ready(nn.GroupNorm({groups}, {n}, eps={eps}))')}({s.x})")
    elif kind == "mean":
        mean, deviation = s.buffer(f"torch.randn({n})"), s.buffer(f"torch.rand(1, {n}) + 0.3")
        s.let(f"({s.x} - {mean}) / ({deviation} + {eps})")
    elif kind == "functional":
        s.let(f"F.layer_norm({s.x}, ({n},), eps={eps})")
    else:
        made = "LayerNorm" if kind == "layer" else "RMSNorm"
        s.let(f"{s.part(f'ready(nn.{made}({n}, eps={eps}))')}({s.x})")


def _activation(s: Source) -> None:
    s.let(f"{s.part(s.pick(*_ACTIVATIONS).format(**s.numbers()))}({s.x})")


def _functional(s: Source) -> None:
    s.let(s.pick(*_FUNCTIONALS).format(**s.numbers()))


def _slice(s: Source) -> None:
    first, last = sorted(s.random.sample(range(s.width + 1), 2))
    if last - first < 3:
        first, last = 0, max(s.width - 1, 1)
    if s.pick(True, False):
        s.let(f"{s.x}[:, {first}:{last}]", last - first)
    else:
        s.let(f"torch.split({s.x}, [{s.width - 1}, 1], dim=-1)[0]", s.width - 1)


def _cat(s: Source) -> None:
    cut = s.random.randint(1, s.width - 1)
    s.let(s.pick(f"torch.cat([{s.x}[:, {cut}:], {s.x}[..., :{cut}]], 1)",
                 f"torch.cat(({s.x}, torch.zeros_like({s.x}[:, :1])), dim=-1)[:, :{s.width}]",
                 f"torch.flip({s.x}, [1])", f"torch.roll({s.x}, {cut}, 1)",
                 f"torch.stack([{s.x}, {s.x} * 2.0], 1).mean(1)"))


def _residual(s: Source) -> None:
    s.let(f"{s.x} + {s.part(f'nn.Linear({s.width}, {s.width})')}({s.x})")


def _child(s: Source) -> None:
    width = s.random.randint(4, 10)
    s.let(f"{s.part(f'Child({s.width}, {width})')}({s.x})", width)


def _lstm(s: Source) -> None:
    hidden, layers = s.random.randint(3, 8), s.pick(1, 1, 2)
    lstm = s.part(f"nn.LSTM({s.width}, {hidden}, {layers}, bias={s.pick(True, True, False)}, "
                  f"batch_first={s.pick(True, False)})")
    h, c = (s.buffer(f"torch.zeros({layers}, 1, {hidden})") for _ in range(2))
    out, new_h, new_c = s.name("out"), s.name("h"), s.name("c")
    s.lines += [f"{out}, ({new_h}, {new_c}) = {lstm}({s.x}.unsqueeze(0), ({h}, {c}))",
                f"{h}[:] = {new_h}", f"{c}.copy_({new_c})"]
    s.let(f"{out}.squeeze(0)", hidden)


def _gru(s: Source) -> None:
    hidden = s.random.randint(3, 8)
    if s.pick(True, False):
        cell, h = s.part(f"nn.GRUCell({s.width}, {hidden})"), s.buffer(f"torch.zeros(1, {hidden})")
        new = s.name("h")
        s.lines += [f"{new} = {cell}({s.x}, {h})", f"{h}.copy_({new})"]
        s.let(new, hidden)
    else:
        gru = s.part(f"nn.GRU({s.width}, {hidden})")
        h, out, new = s.buffer(f"0.1 * torch.randn(1, 1, {hidden})"), s.name("out"), s.name("h")
        s.lines += [f"{out}, {new} = {gru}({s.x}.unsqueeze(0), {h})", f"{h}[:] = {new}"]
        s.let(f"{out}[0]", hidden)


def _history(s: Source) -> None:
    length = s.random.randint(2, 4)
    h = s.buffer(f"torch.zeros(1, {length}, {s.width})")
    kind = s.pick("copy", "roll", "rows") if s.trace else s.pick("copy", "roll", "rows", "set")
    joined = f"torch.cat([{h}[:, 1:], {s.x}.unsqueeze(1)], 1)"
    if kind == "set":
        s.lines.append(f"{h} = {joined}")
    elif kind == "copy":
        s.lines.append(f"{h}.copy_({joined})")
    elif kind == "roll":
        s.lines += [f"{h}[:] = torch.roll({h}, -1, 1)", f"{h}[:, -1] = {s.x}"]
    else:
        s.lines += [f"{h}[:, :-1] = {h}[:, 1:].clone()", f"{h}[0, {length - 1}, :] = {s.x}[0]"]
    s.let(f"{h}.reshape(1, -1)", length * s.width)


def _in_place(s: Source) -> None:
    y = s.name("y")
    change = s.pick(f"{y}.mul_(0.7).add_(0.1)", f"{y}[:, 0] = 0.5", f"{y}[:, 1:] *= 0.5",
                    f"F.elu({y}, 0.8, inplace=True)", f"{y}.clamp_(-1.5, 1.5)",
                    f"{y}[:, :1].fill_(0.25)", f"{y} += {s.x}")
    s.lines += [f"{y} = {s.x}.clone()", change]
    s.x = y


_ARITHMETIC = (
    "torch.atan2({x}, torch.flip({x}, [1]) + {a})", "torch.atan({x} * 3.0)",
    "torch.asin({x}.clamp(-0.9, 0.9)) + torch.acos({x}.clamp(-0.9, 0.9))",
    "torch.sinh({x}.clamp(-2.0, 2.0)) * {s}", "torch.asinh({x})", "torch.sin({x} * {b})",
    "torch.einsum('bi,bj->bj', {x}, {x}) * {s}", "torch.cumsum({x}, 1) * {s}",
    "{x} + torch.outer({x}[0], {x}[0]).mean(0) * {s}", "torch.cosh({x}.clamp(-1.5, 1.5))",
    "{x} - torch.linalg.norm({x}, dim=-1, keepdim=True) * {s}", "torch.pow({x}, 2) * {s}",
    "{x} / (1.0 + torch.std({x}, -1, keepdim=True))", "torch.exp2({x} * {s})",
    "{x} * {s} + torch.nan_to_num({x}.max(1, keepdim=True)[0].sigmoid() * 0.5)")
_MASKS = (
    "torch.where(({x} > {s}) & ({x} < {high}), {x}, {x} * {low})", "{x} * ({x}.abs() > {s})",
    "{x}.masked_fill({x} > {high}, {a})", "{x} + {x}.gt({s}).any(1, keepdim=True)",
    "{x} * ({x} > {low}).float().mean(1, keepdim=True)", "{x} * (~({x} > {s})).float()",
    "{x} * torch.all({x} > {low}, dim=1, keepdim=True) + {x}", "{x} * torch.sign({x} + {s})",
    "torch.softmax({x}.masked_fill({x} < {low}, -1e9), -1) + {x}")
_ORDERS = (
    "torch.sort({x}, 1)[0]", "torch.sort({x}, dim=1, descending=True)[0] * {s}",
    "{x} - torch.median({x}, 1, keepdim=True)[0]", "{x} + torch.topk({x}, 3, 1)[0].sum(1, True)",
    "{x} + torch.gather({x}, 1, torch.argsort({x}, 1))",
    "torch.zeros_like({x}).scatter(1, torch.topk({x}, 2, 1)[1], 0.5) + {x}",
    "{x} * F.one_hot({x}.argmax(1), {n}).float() + {x} * {s}",
    "{x} + torch.kthvalue({x}, 2, 1, True)[0]", "{x} - torch.amin({x}, 1, keepdim=True)")


def _arithmetic(s: Source) -> None:
    s.let(s.pick(*_ARITHMETIC).format(**s.numbers()))


def _mask(s: Source) -> None:
    s.let(s.pick(*_MASKS).format(**s.numbers()))


def _order(s: Source) -> None:
    s.let(s.pick(*_ORDERS).format(**s.numbers(), n=s.width))


def _place(s: Source) -> None:
    y, index = s.name("y"), s.buffer(f"torch.tensor({s.random.sample(range(s.width), 3)})")
    change = s.pick(f"{y}[:, {index}] = {s.x}[:, :3]", f"{y}[:, ::2] = {s.x}[:, ::2] * 0.5",
                    f"{y}[:, 1::2].add_(0.25)", f"{y}[:, [0, 2]] *= 2.0",
                    f"{y}.index_add_(1, {index}, {s.x}[:, :3])", f"{y}[{s.x} > 0.5] = 0.5",
                    f"{y} = {y}.index_copy(1, {index}, {s.x}[:, 1:4])",
                    f"{y} = {y}.scatter_add(1, {index}[None], {s.x}[:, :3])",
                    f"{y}[:, 1:3].copy_({s.x}[:, {index}][:, :2])")
    s.lines += [f"{y} = {s.x}.clone()", change]
    s.x = y


def _branch(s: Source) -> None:
    y, flag = s.name("y"), s.pick(True, False)
    name = s.name("flag")
    s.parts.append(f"self.{name} = {flag}")
    s.lines += [f"{y} = {s.x}", f"if self.{name} and {s.x}.dim() == 2:", f"    {y} = {y} * 1.5",
                "else:", f"    {y} = {y} - 0.25", "for i in range(2):",
                f"    {y} = {y} + 0.1 * float(i)", f"assert {s.x}.shape[-1] == {s.width}, 'width'"]
    s.x = y


_BLOCKS: dict[str, Callable[[Source], None]] = {
    "linear": _linear, "conv": _conv, "norm": _norm, "activation": _activation,
    "functional": _functional, "slice": _slice, "cat": _cat, "residual": _residual,
    "child": _child, "lstm": _lstm, "gru": _gru, "history": _history, "in_place": _in_place,
    "branch": _branch, "arithmetic": _arithmetic, "mask": _mask, "order": _order,
    "place": _place}
_HEADER = '''
import torch
import torch.nn.functional as F
from torch import nn


class Child(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.last = nn.Linear(7, b)
        self.unused = nn.LayerNorm(a)
        self.first = nn.Sequential(nn.Linear(a, 7), nn.ELU(0.6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(F.relu(self.first(x)))


'''


@dataclass(frozen=True)
class Model:
    """A module that was made.

    Attributes:
        text: its source.
        policy: itself.
        script: scripted or traced.
        size: elements of the observation.
        constructs: what it has.
    """

    text: str
    policy: nn.Module
    script: Any
    size: int
    constructs: frozenset[str]


def ready(module: nn.Module) -> nn.Module:
    """A norm whose parameters and statistics are not those of a fresh one."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.5 if "var" in name or "weight" in name
                             else 0.3 * torch.randn_like(tensor))
    return module


def make(seed: int, directory: Path) -> Model:
    """The module of a seed."""
    draw = random.Random(seed)
    trace = draw.random() < 0.45
    size = draw.randint(6, 15)
    source = Source(draw, trace, size)
    first = draw.choice(("linear", "norm", "slice", "history", "gru", "child", "linear"))
    names = [first, *draw.choices(list(_BLOCKS), k=draw.randint(5, 8)), "linear"]
    if first == "slice":  # what is left over is read, too: the size is in the file
        names.insert(0, "residual")
    for name in names:
        if source.width < 4:
            name = "linear"
        if source.width > 60:
            name = "linear"
        _BLOCKS[name](source)
        source.constructs.add(name)
    body = "".join(f"        {line}\n" for line in source.lines)
    parts = "".join(f"        {line}\n" for line in source.parts)
    text = (f"{_HEADER}class Policy(nn.Module):\n    def __init__(self) -> None:\n"
            f"        super().__init__()\n{parts}\n"
            f"    def forward(self, x: torch.Tensor) -> torch.Tensor:\n{body}"
            f"        return {source.x}\n")
    file = str(directory / f"policy_{seed}.py")
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space: dict[str, Any] = {"ready": ready, "__name__": f"random_policy_{seed}"}
    torch.manual_seed(seed)
    exec(compile(text, file, "exec"), space)
    policy = space["Policy"]().eval()
    script = torch.jit.trace(policy, torch.zeros(1, size), check_trace=False) if trace else (
        torch.jit.script(policy))
    kind = "traced" if trace else "scripted"
    return Model(text, policy, script, size, frozenset(source.constructs | {kind}))
