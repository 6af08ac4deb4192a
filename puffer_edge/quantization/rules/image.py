# SPDX-License-Identifier: MIT
"""How an image is read in integers: with one scale, as all its pixels meet all weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.ir import Op, Quantization
from puffer_edge.ir.ops import Concat, Reshape, Transpose
from puffer_edge.quantization.emit import Emitter, Integer


def read_image(name: str, reader: Op, emitter: Emitter) -> str:
    """Integer name of a value; a float one is quantised with one scale and an exact zero.

    In 8 bits, affine, where its readers have those: it is large, and its pixels have few values.
    """
    if name not in emitter.integers:
        emitter.integers[name] = _quantized(name, reader, emitter)
    return emitter.integers[name].name


def _quantized(name: str, reader: Op, emitter: Emitter) -> Integer:
    dtype = emitter.ranges.dtype(name)
    bottom, top = emitter.ranges.limits(name, reader, dtype)
    lows, highs = emitter.calibration.features(name)
    low, high = min(float(lows.min()), 0.0), max(float(highs.max()), 0.0)
    if dtype == "int8":
        scale = (high - low) / (top - bottom)
        zero_point = int(np.floor(bottom - low / scale + 0.5))
    else:
        scale, zero_point = max(high, -low) / top, 0
    factor = float(np.float32(1 / scale))
    qparams = Quantization(1 / factor, zero_point, bottom, top)
    moves = _take_moves(name, emitter)
    first = _moved(moves[0], emitter) if moves else name
    made = emitter.quantize(first, f"{name}.integer", qparams, dtype)
    for op in moves:
        if isinstance(op, Concat):
            parts = (emitter.quantize(part, f"{op.y}.{i}", qparams, dtype).name
                     if part in emitter.program.constants else made.name
                     for i, part in enumerate(op.xs))
            emitter.add(replace(op, xs=tuple(parts)))
        else:
            emitter.add(replace(op, x=made.name))
        made = replace(made, name=op.y)
    return made


def _take_moves(name: str, emitter: Emitter) -> list[Reshape | Transpose | Concat]:
    """Removes what only reorders a float value, to be done in integers instead.

    Then the observation itself is quantised, which is also what takes integers. Constants that
    are joined to it, such as the coordinates of its pixels, become integers, too.
    """
    moves: list[Reshape | Transpose | Concat] = []
    makers = {made: op for op in emitter.ops for made in op.outputs}
    while isinstance(maker := makers.get(name), Reshape | Transpose | Concat):
        readers = emitter.ranges.consumers[name] if moves else [
            op for op in emitter.ops if name in op.operands]
        if (readers != moves[:1] or name in emitter.program.results
                or not _moved(maker, emitter)):
            break
        moves.insert(0, maker)
        name = _moved(maker, emitter)
    if all(isinstance(op, Reshape) for op in moves):  # a reshape costs nothing
        return []
    emitter.ops = [op for op in emitter.ops if op not in moves]
    return moves


def _moved(op: Reshape | Transpose | Concat, emitter: Emitter) -> str:
    """The one input that is not constant; empty where there are several."""
    if not isinstance(op, Concat):
        return op.x
    computed = [name for name in op.xs if name not in emitter.program.constants]
    return computed[0] if len(computed) == 1 else ""
