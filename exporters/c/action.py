# SPDX-License-Identifier: MIT
"""C for the action: argmax per head, or squash, scale and clip."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.loops import moved, nest, tidy
from puffer_edge.ir import Continuous, Discrete
from puffer_edge.sampling import LARGEST, distance_factor, never

FEW = 16
"""Elements of an action that have code of their own at most, where their bounds differ."""


def emit(context: Context) -> list[str]:
    """Statements that turn the first outputs into the parts of ``action``."""
    lines = []
    for index, (name, head) in enumerate(context.program.contract.heads.items()):
        value = context.program.outputs[index]
        lines += (_discrete(head, value, name, context) if isinstance(head, Discrete) else
                  _continuous(head, value, name, context))
    return lines


def emit_integers(context: Context) -> list[str]:
    """The same for ``<name>_action_q_t``, whose continuous part is the raw mean in integers."""
    lines = []
    for index, (name, head) in enumerate(context.program.contract.heads.items()):
        value = context.program.outputs[index]
        lines += _discrete(head, value, name, context) if isinstance(head, Discrete) else [
            f"memcpy(action->{name}, {context.ref(value)}, sizeof action->{name});"]
    return lines


def emit_sample(context: Context) -> list[str]:
    """Statements that draw choices from the integer logits ``x`` of the last step."""
    contract, index = context.program.contract, context.program.contract.choosing
    if index is None:
        return []
    raw = context.value(context.program.outputs[index])
    if raw.quantization is None or max(contract.sizes) > LARGEST:
        return []
    multiplier, shift = distance_factor(raw.quantization.scale)
    kernel = {"int8": "sample_s8", "int16": "sample_s16"}[raw.dtype]
    context.use(kernel)
    lines, offset = [], 0
    lowest, name = never(context.program), list(contract.heads)[index]
    for head, size in enumerate(contract.sizes):
        lines.append(f"action->{name}[{head}] = puffer_edge_{kernel}({moved('x', offset)}, {size}, "
                     f"{context.learned(multiplier, shift)}, {lowest}, random);")
        offset += size
    return lines


def _discrete(head: Discrete, value: str, name: str, context: Context) -> list[str]:
    raw = context.ref(value)
    suffix = {"float32": "f32", "int8": "s8", "int16": "s16"}[context.value(value).dtype]
    context.use(f"argmax_{suffix}")
    lines, offset = [], 0
    for index, size in enumerate(head.sizes):
        start = moved(raw, offset)
        lines.append(f"action->{name}[{index}] = puffer_edge_argmax_{suffix}({start}, {size});")
        offset += size
    return lines


def _continuous(action: Continuous, value: str, name: str, context: Context) -> list[str]:
    """A loop with literals where all elements are alike; else one block each while they are few."""
    context.place = "action"
    numbers = [np.asarray(side, np.float32) for side in (
        *((action.scale, action.offset) if action.rescale else ()), *filter(
            len, (action.low, action.high)))]
    alike = all((side == side[0]).all() for side in numbers)
    if not alike and action.size <= FEW:
        blocks = [_element(action, value, name, context, i, str(i)) for i in range(action.size)]
        return [line for block in blocks for line in ("{", *_indented(block), "}")]
    lines = _element(action, value, name, context, 0 if alike else None, "{i}")
    text = nest([action.size], "\n".join(lines), {"i": [1]})
    return (text.splitlines() if text.startswith("for") else
            ["{", *_indented(text.splitlines()), "}"])


def _element(action: Continuous, value: str, name: str, context: Context, place: int | None,
             index: str) -> list[str]:
    """Statements for one element: with the literals of that place, or with arrays for None."""
    raw, qparams = context.ref(value), context.value(value).quantization

    def literal(array: Array, role: str) -> str:
        if place is not None:
            return context.real(array[place])
        return context.element(array, index, role)

    lines = [f"float a = ({raw})[{index}];"]
    if qparams is not None:
        scale = context.real(qparams.scale)
        offset = (f" + {context.real(-qparams.scale * qparams.zero_point)}" if qparams.zero_point
                  else "")
        lines = [f"float a = (float)({raw})[{index}] * {scale}{offset};"]
    if action.squash:
        context.use("tanh_f32")
        lines.append("a = puffer_edge_tanh_f32(a);")
    if action.rescale:
        lines.append(f"a = a * {literal(action.scale, 'scale')} + "
                     f"{literal(action.offset, 'offset')};")
    if action.low:
        low = literal(np.array(action.low, np.float32), "lower bounds")
        high = literal(np.array(action.high, np.float32), "upper bounds")
        lines += [f"a = a > {low} ? a : {low};", f"a = a < {high} ? a : {high};"]
    return [*lines, f"action->{name}[{index}] = a;"]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + tidy(line) for line in lines]
