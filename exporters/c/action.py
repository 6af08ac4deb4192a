"""C for the action: argmax per head, or squash, scale and clip."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir import Continuous, Discrete
from puffer_edge.sampling import LARGEST, distance_factor, never


def emit(context: Context) -> list[str]:
    """Statements that turn the first output into ``action->action``."""
    action = context.program.contract.action
    raw = context.ref(context.program.outputs[0])
    if isinstance(action, Discrete):
        return _discrete(action, raw, context)
    return _continuous(action, raw, context)


def emit_sample(context: Context) -> list[str]:
    """Statements that draw ``action->action`` from the integer logits of the last step."""
    action, raw = context.program.contract.action, context.value(context.program.outputs[0])
    if not isinstance(action, Discrete) or raw.quantization is None or (
            max(action.sizes) > LARGEST):
        return []
    multiplier, shift = distance_factor(raw.quantization.scale)
    kernel = {"int8": "sample_s8", "int16": "sample_s16"}[raw.dtype]
    context.use(kernel)
    lines, offset = [], 0
    lowest = never(context.program)
    for head, size in enumerate(action.sizes):
        lines.append(f"action->action[{head}] = {kernel}(x + {offset}, {size}, {multiplier}, "
                     f"{shift}, {lowest}, random);")
        offset += size
    return lines


def _discrete(action: Discrete, raw: str, context: Context) -> list[str]:
    suffix = {"float32": "f32", "int8": "s8", "int16": "s16"}[
        context.value(context.program.outputs[0]).dtype]
    context.use(f"argmax_{suffix}")
    lines, offset = [], 0
    for head, size in enumerate(action.sizes):
        start = f"{raw} + {offset}" if offset else raw
        lines.append(f"action->action[{head}] = argmax_{suffix}({start}, {size});")
        offset += size
    return lines


def _continuous(action: Continuous, raw: str, context: Context) -> list[str]:
    meaning = context.value(context.program.outputs[0]).quantization
    lines = [f"float a = ({raw})[{{i}}];"]
    if meaning is not None:
        lines = [f"float a = (float)({raw})[{{i}}] * {number(meaning.scale)} + "
                 f"{number(-meaning.scale * meaning.zero_point)};"]
    if action.squash:
        context.use("tanh_f32")
        lines.append("a = tanh_f32(a);")
    if action.rescale:
        scale, offset = context.constant(action.scale), context.constant(action.offset)
        lines.append(f"a = a * {scale}[{{i}}] + {offset}[{{i}}];")
    if action.low:
        import numpy as np

        low = context.constant(np.array(action.low))
        high = context.constant(np.array(action.high))
        lines.append(f"a = a > {low}[{{i}}] ? a : {low}[{{i}}];")
        lines.append(f"a = a < {high}[{{i}}] ? a : {high}[{{i}}];")
    lines.append("action->action[{i}] = a;")
    text = nest([action.size], "\n".join(lines), {"i": [1]})
    return (text if text.startswith("for") else f"{{\n{text}\n}}").splitlines()
