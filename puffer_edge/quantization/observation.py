# SPDX-License-Identifier: MIT
"""Quantises an observation of several parts where it comes in: each element as its part wants it.

See ``parts``, which finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Quantization
from puffer_edge.quantization.emit import Emitter, Integer
from puffer_edge.quantization.parts import Leaf, Parts
from puffer_edge.quantization.rule import rule_of


def quantize_observation(parts: Parts, emitter: Emitter) -> None:
    """Adds the observation in integers, what moves its elements, and declares the leaves."""
    dtype = emitter.ranges.observed
    tops = [emitter.ranges.limits(name, None, dtype) for name in parts.leaves]
    bottom, top = max(low for low, _ in tops), min(high for _, high in tops)
    observation = emitter.program.input
    made = f"{observation}.integer"
    factor, offset = emitter.add_quantize(
        observation, made, *_scales(parts, bottom, top, emitter), dtype, bottom, top)
    integers = {observation: made}
    for op in parts.ops:
        source = op.inputs[0]
        if rule_of(op).movement is None:  # the scale has it
            integers[op.outputs[0]] = integers[source]
            continue
        emitter.add(op.renamed({source: integers[source]}))
        integers |= {name: name for name in op.outputs}
    for kind, names in parts.groups:
        for name in names:
            emitter.integers[name] = _leaf(
                integers[name], parts.leaves[name], factor, offset,
                Quantization(1.0, 0, bottom, top), kind)


def _scales(parts: Parts, bottom: int, top: int, emitter: Emitter) -> tuple[Array, Array]:
    """Integers per unit and the integer of 0 of each element of the observation."""
    size = emitter.program.contract.observation_size
    factor, offset = np.zeros(size), np.zeros(size)
    for kind, names in parts.groups:
        for name in names:
            leaf = parts.leaves[name]
            if kind == "per-channel":
                low, high = emitter.calibration.features(name)
                ratio = (top - bottom) / (high - low)
                start = bottom - low * ratio
            else:
                ratio = np.ones(1) if kind == "exact" else _ratio(names, parts, top, emitter)
                start = np.zeros(1)
            factor[leaf.elements] = ratio * leaf.scale
            offset[leaf.elements] = ratio * leaf.shift + start
    return factor, offset


def _ratio(names: Sequence[str], parts: Parts, top: int, emitter: Emitter) -> Array:
    """Integers per unit of leaves that have one scale; of whole numbers, a power of two.

    Then what a camera or a game counts comes in exactly.
    """
    reach = 1e-6
    for name in names:
        low, high = emitter.calibration.features(name)
        reach = max(reach, -float(low.min()), float(high.max()))
    ratio = top / reach
    seen = emitter.calibration.samples.get(emitter.program.input)
    scales = np.concatenate([parts.leaves[name].scale for name in names])
    elements = np.concatenate([parts.leaves[name].elements for name in names])
    shifted = any(parts.leaves[name].shift.any() for name in names)
    first = float(scales[0])
    if (seen is not None and not shifted and first > 0 and (scales == first).all()
            and (seen[:, elements] == np.floor(seen[:, elements])).all()
            and ratio * first >= 1):
        ratio = 2.0 ** np.floor(np.log2(ratio * first)) / first
    return np.array([ratio])


def _leaf(name: str, leaf: Leaf, factor: Array, offset: Array, qparams: Quantization,
          kind: str) -> Integer:
    """A leaf as the integer of its elements; factor and offset are those of the observation."""
    known = leaf.scale != 0  # a normaliser may have dropped a feature
    ratio = np.divide(factor[leaf.elements], leaf.scale, out=np.ones(len(known)), where=known)
    if kind == "per-channel":
        zero = leaf.shift - offset[leaf.elements] / ratio
        return Integer(name, qparams, 1 / ratio, zero)
    largest = 1 / float(ratio[known].min()) if known.any() else 1.0
    return Integer(name, replace(qparams, scale=largest), np.array([largest]), np.zeros(1))
