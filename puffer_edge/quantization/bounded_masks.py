# SPDX-License-Identifier: MIT
"""Masks before a softmax, as integers can have them.

In floats -3.4e38 is put in the place of what is left out. A range that holds it leaves no integers
for the scores. So far below all scores that the softmax gives next to nothing is enough: 16, of
which the exponential is 1e-7, and twice the largest score. The float Program, which judges the
integers, keeps its masks.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.ir import Op, Program
from puffer_edge.quantization.calibration import Calibration

FAR = 1e30
"""What is further down is a mask; no score is."""
BELOW = 16.0


def bounded_masks(program: Program, calibration: Calibration) -> Program:
    """The Program with masks of softmaxes that integers can have; itself where it has none."""
    makers = {name: op for op in program.ops for name in op.outputs}
    readers = program.consumers()
    constants = dict(program.constants)
    for op in program.ops:
        if not op.SHARES or not _far(calibration, op.operands[0]):
            continue
        masks, scores, above = _masks(program, calibration, makers, op)
        if any(reader not in above for name in masks for reader in readers[name]):
            continue  # it is more than a mask: left as it is, and refused by its scale
        bound = 2 * max(scores, default=0.0) + BELOW
        for name in masks:
            array = constants[name]
            constants[name] = np.where(array <= -FAR, np.float32(-bound), array)
    if all(constants[name] is array for name, array in program.constants.items()):
        return program
    return program.with_ops(program.ops, constants)


def _masks(program: Program, calibration: Calibration, makers: dict[str, Op], softmax: Op
           ) -> tuple[set[str], list[float], list[Op]]:
    """Constants of masks above a softmax, the largest scores there, and the ops between."""
    masks, scores, above = set[str](), list[float](), list[Op]()
    left = [softmax.operands[0]]
    while left:
        op = makers.get(left.pop())
        if op is None or op in above:
            continue
        above.append(op)
        for name in op.operands:
            if name in program.constants:
                if (program.constants[name] <= -FAR).any():
                    masks.add(name)
            elif _far(calibration, name):
                left.append(name)
            else:
                scores.append(float(max(-calibration.low[name].min(),
                                        calibration.high[name].max())))
    return masks, scores, above


def _far(calibration: Calibration, name: str) -> bool:
    return bool((calibration.low[name] <= -FAR).any())
