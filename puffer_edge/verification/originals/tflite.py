# SPDX-License-Identifier: MIT
"""TFLite models, quantised ones too, in LiteRT with its reference kernels."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original, Unjudged, cut, sizes_of
from puffer_edge.verification.originals.pairing import paired


def open_original(job: Job) -> Original:
    """The model of a file."""
    return TFLiteOriginal(job)


class TFLiteOriginal(Original):
    """An interpreter; integers at its ends stand for real numbers by their scales.

    LiteRT keeps variables itself; state that goes in and comes out is carried here.
    """

    def __init__(self, job: Job) -> None:
        super().__init__()
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self.judge = f"LiteRT {version('ai-edge-litert')}"
        self.job = job
        self.interpreter = Interpreter(
            model_path=job.path, num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        self.interpreter.allocate_tensors()
        inputs = {str(detail["name"]): detail for detail in self.interpreter.get_input_details()}
        self.outputs = self.interpreter.get_output_details()
        named = {*job.states, *(before for before, _ in job.pairs)}
        states = {name: _shape(detail) for name, detail in inputs.items() if name in named}
        self.pairs = paired(states, {name: _shape(detail) for name, detail in zip(
            self._names(), self.outputs, strict=True)}, dict(job.pairs))
        self.states = {name: inputs.pop(name) for name in states}
        self.memory: dict[str, Array] = {}
        self.inputs = list(inputs.values())
        self.shapes = [_shape(detail) for detail in self.inputs]
        wanted = job.size
        if sum(sizes_of(self.shapes)) != wanted:
            raise Unjudged(f"its inputs are not {wanted} numbers")
        self.scales = {name: float(detail["quantization"][0]) for name, detail
                       in zip(self._names(), self.outputs, strict=True)
                       if detail["quantization"][0]}

    def _names(self) -> list[str]:
        names = [str(detail["name"]) for detail in self.outputs]
        return names if len(set(names)) == len(names) else [
            f"{name}_{index}" for index, name in enumerate(names)]

    def reset(self) -> None:
        """See :class:`Original`."""
        self.interpreter.reset_all_variables()
        self.memory = {name: np.zeros(_shape(detail), np.float32)
                       for name, detail in self.states.items()}

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        for detail, part in zip(self.inputs, cut(observation, self.shapes), strict=True):
            self.interpreter.set_tensor(detail["index"], _stored(part, detail))
        for name, detail in self.states.items():
            self.interpreter.set_tensor(detail["index"], _stored(self.memory[name], detail))
        self.interpreter.invoke()
        found = {name: _real(self.interpreter.get_tensor(detail["index"]), detail)
                 for name, detail in zip(self._names(), self.outputs, strict=True)}
        self.memory = {name: found.pop(after) for name, after in self.pairs.items()}
        return found

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        return dict(self.memory)


def _shape(detail: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(n) for n in detail["shape"])


def _stored(part: Array, detail: dict[str, Any]) -> Array:
    scale, zero = detail["quantization"]
    dtype = np.dtype(detail["dtype"])
    if scale:
        limits = np.iinfo(dtype)
        part = np.clip(np.rint(part / scale) + zero, limits.min, limits.max)
    return part.astype(dtype)


def _real(array: Array, detail: dict[str, Any]) -> Array:
    scale, zero = detail["quantization"]
    return (array.astype(np.float64) - zero) * scale if scale else array
