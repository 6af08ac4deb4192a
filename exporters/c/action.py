"""C for the action: argmax per head, or squash, scale and clip."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir import Continuous, Discrete
from puffer_edge.sampling import LARGEST, distance_factor, never


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
        lines.append(f"action->{name}[{head}] = puffer_edge_{kernel}(x + {offset}, {size}, "
                     f"{multiplier}, {shift}, {lowest}, random);")
        offset += size
    return lines


def _discrete(head: Discrete, value: str, name: str, context: Context) -> list[str]:
    raw = context.ref(value)
    suffix = {"float32": "f32", "int8": "s8", "int16": "s16"}[context.value(value).dtype]
    context.use(f"argmax_{suffix}")
    lines, offset = [], 0
    for index, size in enumerate(head.sizes):
        start = f"{raw} + {offset}" if offset else raw
        lines.append(f"action->{name}[{index}] = puffer_edge_argmax_{suffix}({start}, {size});")
        offset += size
    return lines


def _continuous(action: Continuous, value: str, name: str, context: Context) -> list[str]:
    raw, meaning = context.ref(value), context.value(value).quantization
    lines = [f"float a = ({raw})[{{i}}];"]
    if meaning is not None:
        lines = [f"float a = (float)({raw})[{{i}}] * {number(meaning.scale)} + "
                 f"{number(-meaning.scale * meaning.zero_point)};"]
    if action.squash:
        context.use("tanh_f32")
        lines.append("a = puffer_edge_tanh_f32(a);")
    if action.rescale:
        scale, offset = context.constant(action.scale), context.constant(action.offset)
        lines.append(f"a = a * {scale}[{{i}}] + {offset}[{{i}}];")
    if action.low:
        import numpy as np

        low = context.constant(np.array(action.low))
        high = context.constant(np.array(action.high))
        lines.append(f"a = a > {low}[{{i}}] ? a : {low}[{{i}}];")
        lines.append(f"a = a < {high}[{{i}}] ? a : {high}[{{i}}];")
    lines.append(f"action->{name}[{{i}}] = a;")
    text = nest([action.size], "\n".join(lines), {"i": [1]})
    return (text if text.startswith("for") else f"{{\n{text}\n}}").splitlines()
